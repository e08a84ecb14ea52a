// SPDX-License-Identifier: ISC

#include "quadstore/write.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/fault.h"
#include "quadstore/id_private.h"
#include "quadstore/txn_private.h"

#include <assert.h>

// A row's column `more` at most, far beyond what the wire allows
#define REWRITE_BYTES 65536
#define MORE_BYTES_MAX ((size_t)64 << 20U)

enum dm_status
dm_txn_fail(struct dm_txn *txn, enum dm_status status)
{
    if (status && !txn->failed) {
        txn->failed = status;
    }
    return status;
}

bool
dm_txn_is_usable(const struct dm_txn *txn)
{
    return !txn->failed && !txn->is_read;
}

// --------------------------------------------------------------------- tallies

static void
tally_init(struct dm_tally *tally)
{
    dm_map_init(&tally->map, INT32_MAX / 2, 0);
    dm_arena_init(&tally->arena, SIZE_MAX, NULL);
}

static void
tally_done(struct dm_tally *tally)
{
    dm_map_done(&tally->map);
    dm_arena_done(&tally->arena);
}

enum dm_status
dm_tally_add(struct dm_tally *tally, dm_id id, int64_t n)
{
    const struct dm_str key = dm_str_n((const char *)&id, sizeof(id));
    struct dm_map_entry *entry = dm_map_get(&tally->map, key);
    if (!entry) {
        struct dm_tally_entry *count =
            dm_arena_alloc(&tally->arena, 1, sizeof(*count));
        if (!count) {
            return DM_ERR_NO_MEMORY;
        }
        count->id = id;
        entry = dm_map_put(
            &tally->map, dm_str_n((const char *)&count->id, sizeof(id)), NULL);
        if (!entry) {
            return DM_ERR_NO_MEMORY;
        }
        entry->value.ptr = count;
    }
    struct dm_tally_entry *count = entry->value.ptr;
    count->n += n;
    return DM_OK;
}

void
dm_tally_clear(struct dm_tally *tally, dm_id id)
{
    const struct dm_map_entry *entry =
        dm_map_get(&tally->map, dm_str_n((const char *)&id, sizeof(id)));
    if (entry) {
        struct dm_tally_entry *count = entry->value.ptr;
        count->n = 0;
    }
}

static enum dm_status
tally_write(struct dm_tally *tally, struct dm_conn *conn, enum dm_query query)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < tally->map.n; ++i) {
        struct dm_tally_entry *count = tally->map.entries[i].value.ptr;
        const int64_t values[] = {(int64_t)count->id, count->n};
        if (count->n) {
            status = dm_conn_run(conn, query, values, 2);
            count->n = 0;
        }
    }
    return status;
}

// ---------------------------------------------------------------- transactions

// What another connection wrote is not in the writer's caches.
static enum dm_status
refresh_caches(struct dm_store *store)
{
    int64_t version = 0;
    const enum dm_status status =
        dm_conn_get(store->writer, DM_Q_DATA_VERSION, NULL, 0, &version, 1);
    if (!status && version != store->data_version) {
        dm_dict_forget(&store->dict);
        dm_presents_clear(store->presents);
        store->data_version = version;
    }
    dm_presents_trim(store->presents);
    return status;
}

static void
release(struct dm_txn *txn)
{
    struct dm_store *store = txn->store;
    assert(store->txn == txn && !txn->is_read);
    store->txn = NULL;
    tally_done(&txn->graphs);
    tally_done(&txn->predicates);
    dm_buf_done(&txn->more);
    dm_buf_done(&txn->sample);
    dm_arena_done(&txn->texts);
    dm_import_free(txn->import);
    dm_free(txn);
}

// The WAL of the writer's connection; NULL where there is none yet
static int
find_wal(struct dm_store *store, sqlite3_file **ret)
{
    *ret = NULL;
    return sqlite3_file_control(store->writer->db, "main",
                                SQLITE_FCNTL_JOURNAL_POINTER, (void *)ret);
}

// Bring what was committed to the disk: the WAL holds all of it.
static enum dm_status
sync_wal(struct dm_store *store)
{
    sqlite3_file *wal = NULL;
    if (!store->options.path) {
        return DM_OK;
    }
    int code = find_wal(store, &wal);
    if (code == SQLITE_OK && wal && wal->pMethods) {
        code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
    }
    return dm_conn_status(store->writer, code);
}

// Write a file over itself: the same bytes, so a tear does no harm
static int
rewrite(sqlite3_file *file, char *chunk)
{
    sqlite3_int64 size = 0;
    int code = file->pMethods->xFileSize(file, &size);
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size;
         at += REWRITE_BYTES) {
        const sqlite3_int64 left = size - at;
        const int n = left < REWRITE_BYTES ? (int)left : (int)REWRITE_BYTES;
        code = file->pMethods->xRead(file, chunk, n, at);
        if (code == SQLITE_OK) {
            code = file->pMethods->xWrite(file, chunk, n, at);
        }
    }
    return code;
}

// A sync or a rollback has failed. The system may hold pages of the WAL for
// clean that never reached the disk, so syncing them again would prove nothing.
// Written anew they are dirty again, and the next sync is honest.
static enum dm_status
mend(struct dm_store *store)
{
    sqlite3_file *wal = NULL;
    if (!sqlite3_get_autocommit(store->writer->db) &&
        dm_conn_run(store->writer, DM_Q_ROLLBACK, NULL, 0)) {
        return DM_ERR_IO;
    }
    char *chunk = dm_malloc(REWRITE_BYTES);
    if (!chunk) {
        return DM_ERR_NO_MEMORY;
    }
    int code = find_wal(store, &wal);
    if (code == SQLITE_OK && wal && wal->pMethods) {
        code = rewrite(wal, chunk);
    }
    dm_free(chunk);
    enum dm_status status = dm_conn_status(store->writer, code);
    if (!status) {
        status = sync_wal(store);
    }
    store->is_broken = status != DM_OK;
    return status;
}

enum dm_status
dm_txn_begin(struct dm_store *store, struct dm_txn **ret)
{
    DM_ON_WRITER();
    assert(!store->txn);
    if (!store->writer) {
        return DM_ERR_PERMISSION;
    }
    if (store->is_broken) {
        const enum dm_status status = mend(store);
        if (status) {
            return status;
        }
    }
    if (!store->options.path && atomic_load(&store->n_snapshots) > 0) {
        return DM_ERR_BUSY;
    }
    if (store->owes_commit) { // Only ever by a planted fault
        store->owes_commit = false;
        (void)!dm_conn_run(store->writer, DM_Q_COMMIT, NULL, 0);
    }
    struct dm_txn *txn = dm_calloc(1, sizeof(*txn));
    if (!txn) {
        return DM_ERR_NO_MEMORY;
    }
    txn->store = store;
    txn->conn = store->writer;
    txn->dict = &store->dict;
    txn->serial = ++store->serial;
    tally_init(&txn->graphs);
    tally_init(&txn->predicates);
    dm_buf_init(&txn->more, MORE_BYTES_MAX);
    dm_buf_init(&txn->sample, MORE_BYTES_MAX);
    dm_arena_init(&txn->texts, SIZE_MAX, NULL);
    store->txn = txn;

    enum dm_status status = dm_conn_run(txn->conn, DM_Q_BEGIN_WRITE, NULL, 0);
    if (!status) {
        status = refresh_caches(store);
    }
    if (!status) {
        status = dm_dict_logs(txn->dict);
    }
    if (!status) {
        status = dm_meta_get(txn->conn, DM_META_GENERATION, &txn->generation);
    }
    if (status) {
        dm_txn_rollback(txn);
        return status;
    }
    txn->dict->n_new = 0;
    *ret = txn;
    return DM_OK;
}

// Add what was counted, `*n`, which is 0 from then on.
static enum dm_status
add_meta(struct dm_txn *txn, enum dm_meta meta, int64_t *n)
{
    int64_t value = 0;
    if (*n == 0) {
        return DM_OK;
    }
    const enum dm_status status = dm_meta_get(txn->conn, meta, &value);
    const int64_t sum = value + *n;
    *n = 0;
    return status ? status : dm_meta_put(txn->conn, meta, sum);
}

static enum dm_status
write_logs(struct dm_txn *txn)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < txn->dict->n_logs; ++i) {
        struct dm_log_row *log = &txn->dict->logs[i];
        const int64_t values[] = {(int64_t)i + 1, log->last, log->events,
                                  log->blocks, log->block_bytes};
        if (log->is_changed) {
            status = dm_conn_run(txn->conn, DM_Q_LOG_SET, values, 5);
            log->is_changed = false;
        }
    }
    return status;
}

enum dm_status
dm_txn_write_counts(struct dm_txn *txn)
{
    enum dm_status status = write_logs(txn);
    if (!status) {
        status = tally_write(&txn->graphs, txn->conn, DM_Q_GRAPH_PUT);
    }
    if (!status) {
        status = tally_write(&txn->predicates, txn->conn, DM_Q_PREDICATE_PUT);
    }
    if (!status) {
        status = add_meta(txn, DM_META_TERMS, &txn->dict->n_new);
    }
    if (!status) {
        status = add_meta(txn, DM_META_QUADS, &txn->quads);
    }
    if (!status) {
        status = add_meta(txn, DM_META_TRIPLES, &txn->triples);
    }
    if (!status) {
        status = add_meta(txn, DM_META_LATEST, &txn->latest);
    }
    if (!status && txn->raises_generation) {
        status = dm_meta_put(txn->conn, DM_META_GENERATION, txn->generation);
        txn->raises_generation = false;
    }
    return status;
}

enum dm_status
dm_txn_commit(struct dm_txn *txn, enum dm_commit how)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    struct dm_store *store = txn->store;
    enum dm_status status = dm_import_flush(txn);
    if (!status) {
        status = dm_txn_write_counts(txn);
    }
    if (!status && DM_FAULT("serve before COMMIT")) {
        store->owes_commit = true;
        release(txn);
        return DM_OK;
    }
    if (!status) {
        status = dm_conn_run(txn->conn, DM_Q_COMMIT, NULL, 0);
    }
    if (status) {
        dm_txn_rollback(txn);
        return status;
    }
    release(txn);
    if (how == DM_COMMIT_DURABLE) {
        store->is_broken = sync_wal(store) != DM_OK;
        status = store->is_broken ? DM_ERR_STATE : DM_OK;
    }
    return status;
}

void
dm_txn_rollback(struct dm_txn *txn)
{
    DM_ON_WRITER();
    if (!txn) {
        return;
    }
    struct dm_store *store = txn->store;
    release(txn);
    // After some errors SQLite has rolled back by itself
    if (!sqlite3_get_autocommit(store->writer->db)) {
        const enum dm_status status =
            dm_conn_run(store->writer, DM_Q_ROLLBACK, NULL, 0);
        store->is_broken = store->is_broken || status != DM_OK;
    }
    dm_dict_forget(&store->dict);
    dm_presents_clear(store->presents);
}

uint64_t
dm_txn_generation(const struct dm_txn *txn)
{
    return (uint64_t)txn->generation;
}

enum dm_status
dm_store_checkpoint(struct dm_store *store, uint64_t *ret_left)
{
    DM_ON_WRITER();
    assert(!store->txn);
    int pages = 0;
    int done = 0;
    if (!store->writer || store->is_broken) {
        return store->writer ? DM_ERR_IO : DM_ERR_PERMISSION;
    }
    const int code = sqlite3_wal_checkpoint_v2(
        store->writer->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &done);
    if (code != SQLITE_OK && code != SQLITE_BUSY) {
        return dm_conn_status(store->writer, code);
    }
    *ret_left = pages > done ? (uint64_t)(pages - done) : 0;
    return DM_OK;
}

// ----------------------------------------------------------------------- terms

static enum dm_status
intern(struct dm_txn *txn, const struct dm_term *term, dm_id *ret)
{
    assert(term->kind != DM_TERM_NONE);
    if (term->kind != DM_TERM_TRIPLE) {
        return dm_dict_put(txn->dict, term, ret);
    }
    if (dm_term_depth(term) > DM_TRIPLE_DEPTH_MAX) {
        return DM_ERR_LIMIT;
    }
    dm_id spo[3] = {0};
    enum dm_status status = intern(txn, &term->triple->s, &spo[0]);
    if (!status) {
        status = intern(txn, &term->triple->p, &spo[1]);
    }
    if (!status) {
        status = intern(txn, &term->triple->o, &spo[2]);
    }
    return status ? status : dm_dict_put_triple(txn->dict, spo, ret);
}

enum dm_status
dm_txn_intern(struct dm_txn *txn, const struct dm_term *term, dm_id *ret)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    dm_id id = DM_ID_NONE;
    const enum dm_status status = intern(txn, term, &id);
    if (!status) {
        *ret = id;
    }
    return dm_txn_fail(txn, status);
}

enum dm_status
dm_txn_state_put(struct dm_txn *txn, const char *space, struct dm_str key,
                 const struct dm_str *value)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    const enum dm_query query = value ? DM_Q_STATE_PUT : DM_Q_STATE_DELETE;
    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(txn->conn, query, &row);
    if (status) {
        return dm_txn_fail(txn, status);
    }
    dm_bind_text(row, 1, dm_str(space));
    dm_bind_blob(row, 2, key);
    if (value) {
        dm_bind_blob(row, 3, *value);
    }
    status = dm_conn_step(txn->conn, row);
    dm_conn_give(txn->conn, query, row);
    return dm_txn_fail(txn, status == DM_END ? DM_OK : status);
}
