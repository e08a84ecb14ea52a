// SPDX-License-Identifier: ISC

#include "quadstore/store.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "quadstore/blocks.h"
#include "quadstore/store_private.h"
#include "quadstore/txn_private.h"

#include <assert.h>
#include <string.h>

// Terms that the writer keeps the ids of
#define WRITER_IDS 16384

static enum dm_status
copy_options(struct dm_store *store, const struct dm_store_options *options)
{
    store->options = *options;
    if (options->path) {
        store->path = dm_strndup(options->path, strlen(options->path));
        store->options.path = store->path;
    }
    if (options->vfs) {
        store->vfs = dm_strndup(options->vfs, strlen(options->vfs));
        store->options.vfs = store->vfs;
    }
    return (options->path && !store->path) || (options->vfs && !store->vfs)
               ? DM_ERR_NO_MEMORY
               : DM_OK;
}

// Take a connection from the pool of readers, or open one.
static enum dm_status
take_reader(struct dm_store *store, struct dm_conn **ret,
            struct dm_error *error)
{
    for (size_t i = 0; i < DM_IDLE_READERS; ++i) {
        struct dm_conn *conn = atomic_exchange(&store->idle[i], NULL);
        if (conn) {
            *ret = conn;
            return DM_OK;
        }
    }
    return dm_conn_open(&store->options, false, ret, error);
}

static void
give_reader(struct dm_store *store, struct dm_conn *conn)
{
    for (size_t i = 0; i < DM_IDLE_READERS; ++i) {
        struct dm_conn *expected = NULL;
        if (atomic_compare_exchange_strong(&store->idle[i], &expected, conn)) {
            return;
        }
    }
    dm_conn_close(conn);
}

static enum dm_status
open_connections(struct dm_store *store, struct dm_error *error)
{
    if (!store->options.read_only) {
        const enum dm_status status =
            dm_conn_open(&store->options, true, &store->writer, error);
        return status ? status : dm_migrate(store->writer, error);
    }
    struct dm_conn *conn = NULL;
    enum dm_status status = take_reader(store, &conn, error);
    if (!status) {
        status = dm_check_version(conn, error);
        give_reader(store, conn);
    }
    return status;
}

enum dm_status
dm_store_open(const struct dm_env *env, const struct dm_store_options *options,
              struct dm_store **ret, struct dm_error *error)
{
    assert(options->path || !options->read_only);
    struct dm_store *store = dm_calloc(1, sizeof(*store));
    if (!store) {
        return dm_error_set(error, DM_ERR_NO_MEMORY, "cannot open the store");
    }
    store->env = env;
    enum dm_status status = copy_options(store, options);
    if (status) {
        (void)dm_error_set(error, status, "cannot open the store");
    } else {
        status = open_connections(store, error);
    }
    if (!status && store->writer) {
        dm_dict_init(&store->dict, store->writer, NULL, WRITER_IDS);
        store->presents = dm_presents_new();
        if (!store->presents) {
            status =
                dm_error_set(error, DM_ERR_NO_MEMORY, "cannot open the store");
        }
    }
    if (status) {
        dm_store_close(store);
        return status;
    }
    *ret = store;
    return DM_OK;
}

void
dm_store_close(struct dm_store *store)
{
    if (!store) {
        return;
    }
    assert(!store->txn && atomic_load(&store->n_snapshots) == 0);
    for (size_t i = 0; i < DM_IDLE_READERS; ++i) {
        dm_conn_close(atomic_exchange(&store->idle[i], NULL));
    }
    dm_presents_free(store->presents);
    dm_dict_done(&store->dict);
    dm_conn_close(store->writer);
    dm_free(store->path);
    dm_free(store->vfs);
    dm_free(store);
}

// ------------------------------------------------------------------- snapshots

// Begin the read transaction: the first read settles what is seen.
static enum dm_status
begin(struct dm_snapshot *snapshot)
{
    int64_t generation = 0;
    dm_conn_set_work(snapshot->conn, snapshot->work);
    enum dm_status status = DM_OK;
    if (snapshot->store->options.path && !snapshot->txn) {
        status = dm_conn_run(snapshot->conn, DM_Q_BEGIN, NULL, 0);
    }
    if (!status) {
        status = dm_meta_get(snapshot->conn, DM_META_GENERATION, &generation);
    }
    snapshot->generation = (uint64_t)generation;
    return status;
}

static enum dm_status
attach_connection(struct dm_snapshot *snapshot)
{
    struct dm_store *store = snapshot->store;
    if (snapshot->txn) {
        snapshot->conn = snapshot->txn->conn;
        snapshot->txn->is_read = true;
        return DM_OK;
    }
    if (store->options.path) {
        return take_reader(store, &snapshot->conn, NULL);
    }
    if (store->txn) {
        return DM_ERR_BUSY;
    }
    snapshot->conn = store->writer;
    return DM_OK;
}

// After some errors SQLite has rolled back by itself, and what followed would
// be written without a transaction.
static void
leave_txn(struct dm_txn *txn)
{
    assert(txn->is_read);
    txn->is_read = false;
    if (sqlite3_get_autocommit(txn->conn->db)) {
        (void)dm_txn_fail(txn, DM_ERR_IO);
    }
}

static void
detach_connection(struct dm_snapshot *snapshot)
{
    struct dm_store *store = snapshot->store;
    dm_conn_set_work(snapshot->conn, NULL);
    if (snapshot->txn) {
        leave_txn(snapshot->txn);
        return;
    }
    if (!store->options.path) {
        return;
    }
    enum dm_status status = DM_OK;
    if (!sqlite3_get_autocommit(snapshot->conn->db)) {
        status = dm_conn_run(snapshot->conn, DM_Q_ROLLBACK, NULL, 0);
    }
    if (status) {
        dm_conn_close(snapshot->conn);
    } else {
        give_reader(store, snapshot->conn);
    }
}

static enum dm_status
open_snapshot(struct dm_store *store, struct dm_txn *txn, struct dm_work *work,
              struct dm_snapshot **ret)
{
    enum dm_status status = dm_work_check(work);
    if (status) {
        return status;
    }
    if (dm_account_charge(&work->account, sizeof(struct dm_snapshot))) {
        return DM_ERR_NO_MEMORY;
    }
    struct dm_snapshot *snapshot = dm_calloc(1, sizeof(*snapshot));
    if (!snapshot) {
        dm_account_release(&work->account, sizeof(struct dm_snapshot));
        return DM_ERR_NO_MEMORY;
    }
    snapshot->store = store;
    snapshot->txn = txn;
    snapshot->work = work;
    status = attach_connection(snapshot);
    if (status) {
        dm_free(snapshot);
        dm_account_release(&work->account, sizeof(struct dm_snapshot));
        return status;
    }
    if (!txn) {
        (void)atomic_fetch_add(&store->n_snapshots, 1);
    }
    dm_dict_init(&snapshot->dict, snapshot->conn, &work->account, 0);
    dm_arena_init(&snapshot->local_arena, SIZE_MAX, &work->account);
    dm_arena_init(&snapshot->texts, SIZE_MAX, &work->account);
    dm_arena_init(&snapshot->metric_arena, SIZE_MAX, &work->account);
    dm_map_init(&snapshot->metrics, INT32_MAX / 2, 0);
    status = begin(snapshot);
    if (status) {
        dm_snapshot_close(snapshot);
        return status;
    }
    *ret = snapshot;
    return DM_OK;
}

enum dm_status
dm_snapshot_open(struct dm_store *store, struct dm_work *work,
                 struct dm_snapshot **ret)
{
    return open_snapshot(store, NULL, work, ret);
}

enum dm_status
dm_txn_snapshot(struct dm_txn *txn, struct dm_work *work,
                struct dm_snapshot **ret)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    const enum dm_status status = dm_txn_fail(txn, dm_txn_write_counts(txn));
    return status ? status : open_snapshot(txn->store, txn, work, ret);
}

void
dm_snapshot_close(struct dm_snapshot *snapshot)
{
    if (!snapshot) {
        return;
    }
    struct dm_store *store = snapshot->store;
    struct dm_account *account = &snapshot->work->account;
    const bool is_reader = !snapshot->txn;
    dm_dict_done(&snapshot->dict);
    dm_arena_done(&snapshot->local_arena);
    dm_arena_done(&snapshot->texts);
    dm_arena_done(&snapshot->metric_arena);
    dm_account_release(account,
                       snapshot->metrics.n * sizeof(struct dm_map_entry));
    dm_map_done(&snapshot->metrics);
    dm_account_release(account,
                       snapshot->locals_capacity * sizeof(struct dm_local));
    dm_free(snapshot->locals);
    dm_snapshot_free(snapshot, snapshot->terms,
                     snapshot->terms
                         ? DM_SNAPSHOT_TERMS * sizeof(struct dm_snapshot_term)
                         : 0);
    detach_connection(snapshot);
    dm_free(snapshot);
    dm_account_release(account, sizeof(struct dm_snapshot));
    if (is_reader) {
        (void)atomic_fetch_sub(&store->n_snapshots, 1);
    }
}

uint64_t
dm_snapshot_generation(const struct dm_snapshot *snapshot)
{
    return snapshot->generation;
}

struct dm_work *
dm_snapshot_work(const struct dm_snapshot *snapshot)
{
    return snapshot->work;
}

void *
dm_snapshot_alloc(struct dm_snapshot *snapshot, size_t n)
{
    if (dm_account_charge(&snapshot->work->account, n)) {
        return NULL;
    }
    void *room = dm_calloc(1, n);
    if (!room) {
        dm_account_release(&snapshot->work->account, n);
    }
    return room;
}

void
dm_snapshot_free(struct dm_snapshot *snapshot, void *room, size_t n)
{
    if (room) {
        dm_free(room);
        dm_account_release(&snapshot->work->account, n);
    }
}

// ----------------------------------------------------------------------- state

enum dm_status
dm_snapshot_state_get(struct dm_snapshot *snapshot, const char *space,
                      struct dm_str key, struct dm_str *ret)
{
    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(snapshot->conn, DM_Q_STATE_GET, &row);
    if (status) {
        return status;
    }
    dm_bind_text(row, 1, dm_str(space));
    dm_bind_blob(row, 2, key);
    status = dm_conn_step(snapshot->conn, row);
    if (!status) {
        const struct dm_str copy =
            dm_arena_copy(&snapshot->texts, dm_column_bytes(row, 0));
        status = copy.data ? DM_OK : DM_ERR_NO_MEMORY;
        if (!status) {
            *ret = copy;
        }
    }
    dm_conn_give(snapshot->conn, DM_Q_STATE_GET, row);
    return status == DM_END ? DM_ERR_NOT_FOUND : status;
}

enum dm_status
dm_snapshot_state_each(struct dm_snapshot *snapshot, const char *space,
                       dm_state_fn on_value, void *context)
{
    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(snapshot->conn, DM_Q_STATE_EACH, &row);
    if (status) {
        return status;
    }
    dm_bind_text(row, 1, dm_str(space));
    enum dm_status told = DM_OK;
    while (!told && !(status = dm_conn_step(snapshot->conn, row))) {
        told =
            on_value(context, dm_column_bytes(row, 0), dm_column_bytes(row, 1));
    }
    dm_conn_give(snapshot->conn, DM_Q_STATE_EACH, row);
    return status == DM_END ? DM_OK : told ? told : status;
}

enum dm_status
dm_snapshot_figures(struct dm_snapshot *snapshot, struct dm_store_figures *ret)
{
    static const enum dm_meta metas[] = {DM_META_LATEST, DM_META_QUADS,
                                         DM_META_TERMS};
    int64_t counts[DM_COUNT_OF(metas)] = {0};
    int64_t pages = 0;
    int64_t free_pages = 0;
    enum dm_status status = dm_dict_logs(&snapshot->dict);
    for (size_t i = 0; !status && i < DM_COUNT_OF(metas); ++i) {
        status = dm_meta_get(snapshot->conn, metas[i], &counts[i]);
    }
    if (!status) {
        status =
            dm_conn_get(snapshot->conn, DM_Q_PAGE_COUNT, NULL, 0, &pages, 1);
    }
    if (!status) {
        status = dm_conn_get(snapshot->conn, DM_Q_FREE_COUNT, NULL, 0,
                             &free_pages, 1);
    }
    if (status) {
        return status;
    }
    static const uint64_t page_bytes = 4096;
    struct dm_store_figures figures = {
        .latest = (uint64_t)counts[0],
        .quads = (uint64_t)counts[1],
        .terms = (uint64_t)counts[2],
        .file_bytes = (uint64_t)pages * page_bytes,
        .free_bytes = (uint64_t)free_pages * page_bytes,
    };
    for (size_t i = 0; i < snapshot->dict.n_logs; ++i) {
        figures.events += (uint64_t)snapshot->dict.logs[i].events;
    }
    *ret = figures;
    return DM_OK;
}
