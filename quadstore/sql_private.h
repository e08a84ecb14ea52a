// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_SQL_PRIVATE_H
#define DM_QUADSTORE_SQL_PRIVATE_H

/**
 * @file
 * A connection to the database, with its prepared statements.
 *
 * A statement is taken, bound, stepped and given back, which resets and clears
 * it. Several of one query may be out at once (a query joins a pattern with
 * itself); up to DM_CONN_IDLE of each are kept prepared.
 *
 * The work of a snapshot bounds every step: SQLite asks it every few thousand
 * instructions.
 *
 * Threads: one at a time.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "base/work.h"
#include "quadstore/queries_private.h"

#include <sqlite3.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_CONN_IDLE 4

struct dm_store_options;

struct dm_conn {
    sqlite3 *DM_NULLABLE db;
    struct dm_work *DM_NULLABLE work; ///< Of the snapshot that uses it
    enum dm_status stopped;           ///< What the work said last
    struct {
        sqlite3_stmt *DM_NULLABLE idle[DM_CONN_IDLE];
        unsigned n;
    } queries[DM_Q_COUNT];
};

/// Open the file, or a database in memory, and set what holds for each
/// connection. `writes`: it may make the file.
enum dm_status dm_conn_open(const struct dm_store_options *options, bool writes,
                            struct dm_conn **ret,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;
void dm_conn_close(struct dm_conn *DM_NULLABLE conn);

/// Bound the connection by `work` until NULL is set.
void dm_conn_set_work(struct dm_conn *conn, struct dm_work *DM_NULLABLE work);

/// Run SQL text of ours: schema and pragmas.
enum dm_status dm_conn_exec(struct dm_conn *conn, const char *sql) DM_NODISCARD;
/// What a result code of SQLite is here
enum dm_status dm_conn_status(const struct dm_conn *conn, int code);

enum dm_status dm_conn_take(struct dm_conn *conn, enum dm_query query,
                            sqlite3_stmt **ret) DM_NODISCARD;
void dm_conn_give(struct dm_conn *conn, enum dm_query query,
                  sqlite3_stmt *DM_NULLABLE statement);

/// DM_OK with a row, DM_END, or why it failed
enum dm_status dm_conn_step(struct dm_conn *conn, sqlite3_stmt *statement)
    DM_NODISCARD;

/// Bind ?1 … ?n. Binding fails only where memory is out, and the next step says
/// so; it is an assertion that the numbers fit.
void dm_bind_ints(sqlite3_stmt *statement, const int64_t *DM_NULLABLE values,
                  int n);
/// The bytes live until the statement is given back.
void dm_bind_text(sqlite3_stmt *statement, int at, struct dm_str text);
void dm_bind_blob(sqlite3_stmt *statement, int at, struct dm_str bytes);
/// Text or blob, empty for NULL; until the next step. Not
/// sqlite3_column_text(), which may allocate to end it with NUL.
struct dm_str dm_column_bytes(sqlite3_stmt *statement, int column);

/// Take, bind, step to the end, give back.
enum dm_status dm_conn_run(struct dm_conn *conn, enum dm_query query,
                           const int64_t *DM_NULLABLE values, int n)
    DM_NODISCARD;

/// The first row's first `n_ret` columns, NULL as 0.
/// @return DM_ERR_NOT_FOUND where there is no row, or its first column is NULL.
enum dm_status dm_conn_get(struct dm_conn *conn, enum dm_query query,
                           const int64_t *DM_NULLABLE values, int n,
                           int64_t *ret, int n_ret) DM_NODISCARD;

/// A number of meta, 0 where it is not there
enum dm_meta {
    DM_META_GENERATION = 1,
    DM_META_TERMS,
    DM_META_QUADS,
    DM_META_TRIPLES,
    DM_META_LATEST,
};
enum dm_status dm_meta_get(struct dm_conn *conn, enum dm_meta meta,
                           int64_t *ret) DM_NODISCARD;
enum dm_status dm_meta_put(struct dm_conn *conn, enum dm_meta meta,
                           int64_t value) DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_SQL_PRIVATE_H
