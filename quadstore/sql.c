// SPDX-License-Identifier: ISC

#include "quadstore/sql_private.h"

#include "base/alloc.h"
#include "quadstore/store.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>

// Instructions of SQLite's machine between two questions to the work: some tens
// of us
#define PROGRESS_STEPS 4096

#define CACHE_PAGES 500
// Pages of the WAL at which a commit writes it back
#define CHECKPOINT_PAGES 2000

static int
on_progress(void *context)
{
    struct dm_conn *conn = context;
    if (!conn->work) {
        return 0;
    }
    const enum dm_status status = dm_work_check(conn->work);
    if (status) {
        conn->stopped = status;
    }
    return status != DM_OK;
}

enum dm_status
dm_conn_status(const struct dm_conn *conn, int code)
{
    switch (code & 0xFF) {
    case SQLITE_OK:
        return DM_OK;
    case SQLITE_NOMEM:
        return DM_ERR_NO_MEMORY;
    case SQLITE_FULL:
        return DM_ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return DM_ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return DM_ERR_CORRUPT;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return DM_ERR_PERMISSION;
    case SQLITE_TOOBIG:
        return DM_ERR_LIMIT;
    case SQLITE_INTERRUPT:
        return conn->stopped ? conn->stopped : DM_ERR_CANCELLED;
    default:
        break;
    }
    if (code == SQLITE_IOERR_NOMEM) {
        return DM_ERR_NO_MEMORY;
    }
    return DM_ERR_IO;
}

enum dm_status
dm_conn_exec(struct dm_conn *conn, const char *sql)
{
    return dm_conn_status(conn, sqlite3_exec(conn->db, sql, NULL, NULL, NULL));
}

// Why a file could not be opened, as a person should read it
static enum dm_status
open_error(const struct dm_conn *conn, int code, const char *path,
           struct dm_error *error)
{
    enum dm_status status = dm_conn_status(conn, code);
    const int number = conn->db ? sqlite3_system_errno(conn->db) : 0;
    if ((code & 0xFF) == SQLITE_CANTOPEN) {
        status = number == EACCES || number == EPERM ? DM_ERR_PERMISSION
                 : number == ENOENT                  ? DM_ERR_NOT_FOUND
                 : number == ENOSPC                  ? DM_ERR_FULL
                                                     : DM_ERR_IO;
    }
    (void)dm_error_set(error, status, "cannot open the store");
    dm_error_where(error, dm_str(path), 0, 0);
    dm_error_detail(error, "%s",
                    conn->db ? sqlite3_errmsg(conn->db)
                             : dm_status_text(status));
    return status;
}

static enum dm_status
set_pragmas(struct dm_conn *conn, const struct dm_store_options *options,
            bool writes)
{
    // Page size and auto_vacuum count in a file without tables only, WAL and
    // synchronous not in memory.
    static const char fresh[] = "PRAGMA page_size = 4096;"
                                "PRAGMA auto_vacuum = INCREMENTAL;"
                                "PRAGMA journal_mode = WAL;";
    static const char each[] = "PRAGMA synchronous = NORMAL;"
                               "PRAGMA secure_delete = OFF;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA journal_size_limit = 67108864;";
    static const char *const cache = "PRAGMA cache_size = %u;";
    enum dm_status status = DM_OK;
    if (writes) {
        status = dm_conn_exec(conn, fresh);
    }
    if (!status) {
        status = dm_conn_exec(conn, each);
    }
    char text[sizeof("PRAGMA cache_size = 4294967295;")];
    (void)sqlite3_snprintf((int)sizeof(text), text, cache,
                           options->cache_pages ? options->cache_pages
                                                : CACHE_PAGES);
    if (!status) {
        status = dm_conn_exec(conn, text);
    }
    if (!status && writes) {
        (void)sqlite3_wal_autocheckpoint(conn->db, CHECKPOINT_PAGES);
    }
    return status;
}

enum dm_status
dm_conn_open(const struct dm_store_options *options, bool writes,
             struct dm_conn **ret, struct dm_error *error)
{
    const char *path = options->path ? options->path : ":memory:";
    struct dm_conn *conn = dm_calloc(1, sizeof(*conn));
    if (!conn) {
        return dm_error_set(error, DM_ERR_NO_MEMORY, "cannot open the store");
    }

    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                              : SQLITE_OPEN_READONLY);
    int code = sqlite3_open_v2(path, &conn->db, flags, options->vfs);
    if (code == SQLITE_OK) {
        sqlite3_progress_handler(conn->db, PROGRESS_STEPS, on_progress, conn);
        const enum dm_status status = set_pragmas(conn, options, writes);
        code = status ? sqlite3_extended_errcode(conn->db) : SQLITE_OK;
        if (status && code == SQLITE_OK) {
            code = SQLITE_IOERR;
        }
    }
    if (code != SQLITE_OK) {
        const enum dm_status status = open_error(conn, code, path, error);
        dm_conn_close(conn);
        return status;
    }
    *ret = conn;
    return DM_OK;
}

void
dm_conn_close(struct dm_conn *conn)
{
    if (!conn) {
        return;
    }
    for (size_t i = 0; i < DM_Q_COUNT; ++i) {
        for (unsigned k = 0; k < conn->queries[i].n; ++k) {
            (void)sqlite3_finalize(conn->queries[i].idle[k]);
        }
    }
    // A statement that is still out is a mistake of ours, and would leak
    const int code = sqlite3_close(conn->db);
    assert(code == SQLITE_OK);
    (void)code;
    dm_free(conn);
}

void
dm_conn_set_work(struct dm_conn *conn, struct dm_work *work)
{
    conn->work = work;
    conn->stopped = DM_OK;
}

enum dm_status
dm_conn_take(struct dm_conn *conn, enum dm_query query, sqlite3_stmt **ret)
{
    assert(query < DM_Q_COUNT);
    sqlite3_stmt *statement = NULL;
    if (conn->queries[query].n) {
        statement = conn->queries[query].idle[--conn->queries[query].n];
    } else {
        const int code =
            sqlite3_prepare_v3(conn->db, dm_query_text(query), -1,
                               SQLITE_PREPARE_PERSISTENT, &statement, NULL);
        const enum dm_status status = dm_conn_status(conn, code);
        if (status) {
            return status;
        }
    }
    assert(statement);
    *ret = statement;
    return DM_OK;
}

void
dm_conn_give(struct dm_conn *conn, enum dm_query query, sqlite3_stmt *statement)
{
    if (!statement) {
        return;
    }
    if (conn->queries[query].n == DM_CONN_IDLE) {
        (void)sqlite3_finalize(statement);
        return;
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    conn->queries[query].idle[conn->queries[query].n++] = statement;
}

enum dm_status
dm_conn_step(struct dm_conn *conn, sqlite3_stmt *statement)
{
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        return DM_OK;
    }
    return code == SQLITE_DONE ? DM_END : dm_conn_status(conn, code);
}

void
dm_bind_ints(sqlite3_stmt *statement, const int64_t *values, int n)
{
    for (int i = 0; i < n; ++i) {
        const int code = sqlite3_bind_int64(statement, i + 1, values[i]);
        assert(code == SQLITE_OK);
        (void)code;
    }
}

void
dm_bind_text(sqlite3_stmt *statement, int at, struct dm_str text)
{
    (void)sqlite3_bind_text64(statement, at, text.data ? text.data : "", text.n,
                              SQLITE_STATIC, SQLITE_UTF8);
}

void
dm_bind_blob(sqlite3_stmt *statement, int at, struct dm_str bytes)
{
    (void)sqlite3_bind_blob64(statement, at, bytes.data ? bytes.data : "",
                              bytes.n, SQLITE_STATIC);
}

struct dm_str
dm_column_bytes(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);
    const int n = sqlite3_column_bytes(statement, column);
    return (struct dm_str){data, data ? (size_t)n : 0};
}

enum dm_status
dm_conn_run(struct dm_conn *conn, enum dm_query query, const int64_t *values,
            int n)
{
    sqlite3_stmt *statement = NULL;
    enum dm_status status = dm_conn_take(conn, query, &statement);
    if (status) {
        return status;
    }
    dm_bind_ints(statement, values, n);
    do {
        status = dm_conn_step(conn, statement);
    } while (status == DM_OK);
    dm_conn_give(conn, query, statement);
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_conn_get(struct dm_conn *conn, enum dm_query query, const int64_t *values,
            int n, int64_t *ret, int n_ret)
{
    sqlite3_stmt *statement = NULL;
    enum dm_status status = dm_conn_take(conn, query, &statement);
    if (status) {
        return status;
    }
    dm_bind_ints(statement, values, n);
    status = dm_conn_step(conn, statement);
    if (status == DM_END ||
        (!status && sqlite3_column_type(statement, 0) == SQLITE_NULL)) {
        status = DM_ERR_NOT_FOUND;
    }
    for (int i = 0; !status && i < n_ret; ++i) {
        ret[i] = sqlite3_column_int64(statement, i);
    }
    dm_conn_give(conn, query, statement);
    return status;
}

enum dm_status
dm_meta_get(struct dm_conn *conn, enum dm_meta meta, int64_t *ret)
{
    const int64_t key = meta;
    const enum dm_status status =
        dm_conn_get(conn, DM_Q_META_GET, &key, 1, ret, 1);
    if (status == DM_ERR_NOT_FOUND) {
        *ret = 0;
        return DM_OK;
    }
    return status;
}

enum dm_status
dm_meta_put(struct dm_conn *conn, enum dm_meta meta, int64_t value)
{
    const int64_t values[] = {meta, value};
    return dm_conn_run(conn, DM_Q_META_PUT, values, 2);
}
