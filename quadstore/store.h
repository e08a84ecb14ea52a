// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_STORE_H
#define DM_QUADSTORE_STORE_H

/**
 * @file
 * The store of one node: terms, quads, events, the present. The way in.
 *
 *     dm_store ── dm_txn (write.h)      one at a time, the writer
 *              └─ dm_snapshot           any number, one worker each
 *                   ├ terms             ids to terms and back
 *                   ├ dm_scan (scan.h)  patterns over a dataset
 *                   ├ dm_history, aggregate, latest (history.h)
 *                   └ virtual graphs    (scan.h), as dm:now
 *
 * No SQL and no row layout outside quadstore/.
 *
 * What is stored. History is rows (one for each event), the present is one row
 * for each (log, check), everything else is quads with their graph, and the
 * triples of their union with a count. One SQLite file, WAL. A memory store is
 * the same without a file; it is how files are queried (`--load`) and tested.
 * It has one connection: there a transaction and snapshots exclude each other
 * (DM_ERR_BUSY), all are of one thread, and the snapshot opened last has its
 * work bound all of them.
 *
 * Durability. dm_txn_commit(DM_COMMIT_NORMAL): survives the end of the process
 * at any instant, and power loss up to the last durable commit.
 * DM_COMMIT_DURABLE: survives power loss once it has returned. Where that sync
 * fails, nobody can know what is on the disk: DM_ERR_IO, what was committed is
 * seen, and every later transaction fails until the store is opened anew.
 *
 * Snapshot. An explicit read transaction: everything asked of it is answered
 * from one state of the store. It is held no longer than one query. It has the
 * bounds of a dm_work: each call may end with DM_ERR_DEADLINE, DM_ERR_CANCELLED
 * or DM_ERR_NO_MEMORY (over the work's account), within DM_WORK_ROWS rows. What
 * SQLite allocates for reading is bounded by the cache, not by the account.
 *
 * Generation. Following a log turns its event IRIs from dictionary terms into
 * inline ids: the generation goes up by one, and ids of an older one are
 * invalid. A snapshot has one generation for its life.
 *
 * Bytes that a snapshot hands out (terms, texts) live until it is closed or
 * until dm_snapshot_release_texts(), which an executor calls between rows when
 * it has copied what it keeps. Ids live as long as the snapshot.
 *
 * Threads: dm_store_open() and close on any, alone. One dm_txn at a time, on
 * the writer. A snapshot belongs to the thread that uses it; different
 * snapshots are independent. Readers never wait for the writer, nor it for
 * them.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "base/work.h"
#include "quadstore/id.h"
#include "rdf/term.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_env;
struct dm_store;
struct dm_snapshot;

/// Version of the file's layout; a newer file is refused, an older one migrated
#define DM_STORE_VERSION 2

struct dm_store_options {
    const char *DM_NULLABLE path; ///< NULL: in memory
    const char *DM_NULLABLE vfs;  ///< SQLite VFS; NULL: the default one
    bool read_only;       ///< Never writes, fails where there is no file
    uint32_t cache_pages; ///< Of 4 KiB, for each connection; 0: 500
};

/**
 * Open, and make or migrate the file where needed.
 *
 * Start replays nothing: what SQLite recovers from its WAL is all there is.
 *
 * @return DM_ERR_CORRUPT, DM_ERR_UNSUPPORTED (newer file), DM_ERR_PERMISSION,
 *         DM_ERR_BUSY, DM_ERR_FULL, DM_ERR_IO, DM_ERR_NO_MEMORY.
 */
enum dm_status dm_store_open(const struct dm_env *env,
                             const struct dm_store_options *options,
                             struct dm_store **ret,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// All transactions and snapshots are closed.
void dm_store_close(struct dm_store *DM_NULLABLE store);

/// Begin a read transaction bounded by `work`, which outlives it. Cost: tens of
/// us; connections are kept for reuse.
/// @return DM_ERR_BUSY in memory while there is a transaction.
enum dm_status dm_snapshot_open(struct dm_store *store, struct dm_work *work,
                                struct dm_snapshot **ret) DM_NODISCARD;
void dm_snapshot_close(struct dm_snapshot *DM_NULLABLE snapshot);

uint64_t dm_snapshot_generation(const struct dm_snapshot *snapshot);
/// What the snapshot is bounded by
struct dm_work *dm_snapshot_work(const struct dm_snapshot *snapshot);

/// The term of `id`. O(1) inline or cached, else one look-up.
/// @return DM_ERR_NOT_FOUND for an id of another generation or store.
enum dm_status dm_snapshot_term(struct dm_snapshot *snapshot, dm_id id,
                                struct dm_term *ret) DM_NODISCARD;

/// The id of `term`: inline, else the dictionary's, else a local one. Whatever
/// a query computes goes through here, so that one term never has two ids.
enum dm_status dm_snapshot_intern(struct dm_snapshot *snapshot,
                                  const struct dm_term *term, dm_id *ret)
    DM_NODISCARD;

/// As intern, but DM_ERR_NOT_FOUND instead of a new local id
enum dm_status dm_snapshot_find(struct dm_snapshot *snapshot,
                                const struct dm_term *term, dm_id *ret)
    DM_NODISCARD;

/// The triple term of three ids, and back. DM_ERR_NOT_FOUND where `id` is none.
enum dm_status dm_snapshot_intern_triple(struct dm_snapshot *snapshot, dm_id s,
                                         dm_id p, dm_id o, dm_id *ret)
    DM_NODISCARD;
enum dm_status dm_snapshot_triple(struct dm_snapshot *snapshot, dm_id id,
                                  dm_id *ret_s, dm_id *ret_p, dm_id *ret_o)
    DM_NODISCARD;

/// Forget bytes handed out so far (not the local terms).
void dm_snapshot_release_texts(struct dm_snapshot *snapshot);

/// The number of a followed log by its IRI (ipns://K), and back
enum dm_status dm_snapshot_log_number(struct dm_snapshot *snapshot,
                                      struct dm_str iri, dm_log_no *ret)
    DM_NODISCARD;
enum dm_status dm_snapshot_log_iri(struct dm_snapshot *snapshot, dm_log_no log,
                                   struct dm_str *ret) DM_NODISCARD;

/// A small value kept beside the data: state of alerts, cursors of sync, the
/// taken-over configuration. Spaces are named by who owns them ("alert").
/// @return DM_ERR_NOT_FOUND.
enum dm_status dm_snapshot_state_get(struct dm_snapshot *snapshot,
                                     const char *space, struct dm_str key,
                                     struct dm_str *ret) DM_NODISCARD;

typedef enum dm_status (*dm_state_fn)(void *DM_NULLABLE context,
                                      struct dm_str key, struct dm_str value);
/// Each value of a space in ascending order of keys
enum dm_status dm_snapshot_state_each(struct dm_snapshot *snapshot,
                                      const char *space, dm_state_fn on_value,
                                      void *DM_NULLABLE context) DM_NODISCARD;

struct dm_store_figures {
    uint64_t events;
    uint64_t latest;
    uint64_t quads;
    uint64_t terms;
    uint64_t file_bytes; ///< Pages of the database, free ones too
    uint64_t free_bytes; ///< Of them in free pages
};

/// Cost: counts are kept, not counted.
enum dm_status dm_snapshot_figures(struct dm_snapshot *snapshot,
                                   struct dm_store_figures *ret) DM_NODISCARD;

/**
 * Check every invariant of the store, numbered S1… in store.c, row by row. For
 * tests, the simulator and `log verify`; minutes on a large store.
 *
 * @return DM_ERR_CORRUPT with the invariant and the row in `*error`.
 */
enum dm_status dm_snapshot_check(struct dm_snapshot *snapshot,
                                 struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_STORE_H
