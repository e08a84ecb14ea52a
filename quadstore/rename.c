// SPDX-License-Identifier: ISC

#include "quadstore/rename_private.h"

#include "quadstore/id_private.h"

#include <assert.h>

#define RENAMES_MAX ((size_t)1 << 26U)

void
dm_renames_init(struct dm_renames *renames)
{
    dm_map_init(&renames->map, RENAMES_MAX, 0);
    dm_arena_init(&renames->arena, SIZE_MAX, NULL);
}

void
dm_renames_done(struct dm_renames *renames)
{
    dm_map_done(&renames->map);
    dm_arena_done(&renames->arena);
}

enum dm_status
dm_renames_put(struct dm_renames *renames, dm_id from, dm_id to)
{
    assert(from != to);
    struct dm_rename *rename =
        dm_arena_alloc(&renames->arena, 1, sizeof(*rename));
    if (!rename) {
        return DM_ERR_NO_MEMORY;
    }
    *rename = (struct dm_rename){from, to};
    struct dm_map_entry *entry =
        dm_map_put(&renames->map,
                   dm_str_n((const char *)&rename->from, sizeof(from)), NULL);
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    entry->value.ptr = rename;
    return DM_OK;
}

static dm_id
renamed(const struct dm_renames *renames, dm_id id)
{
    const struct dm_map_entry *entry =
        dm_map_get(&renames->map, dm_str_n((const char *)&id, sizeof(id)));
    return entry ? ((const struct dm_rename *)entry->value.ptr)->to : id;
}

// ----------------------------------------------------------------------- quads

static dm_id
one_renamed(const struct dm_rename *rename, dm_id id)
{
    return id == rename->from ? rename->to : id;
}

// Move the quads that a query of scans finds with `values`, one by one: each
// takes itself out of what it finds.
static enum dm_status
move_quads(struct dm_txn *txn, enum dm_query query, const int64_t values[4],
           const struct dm_rename *rename)
{
    for (;;) {
        int64_t row[4] = {0};
        enum dm_status status =
            dm_conn_get(txn->conn, query, values, 4, row, 4);
        if (status) {
            return status == DM_ERR_NOT_FOUND ? DM_OK : status;
        }
        const struct dm_quad_ids from = {(dm_id)row[0], (dm_id)row[1],
                                         (dm_id)row[2], (dm_id)row[3]};
        const struct dm_quad_ids to = {
            one_renamed(rename, from.s), one_renamed(rename, from.p),
            one_renamed(rename, from.o), one_renamed(rename, from.g)};
        status = dm_txn_remove(txn, &from);
        if (!status) {
            status = dm_txn_add(txn, &to);
        }
        if (status) {
            return status;
        }
    }
}

// A graph that was made stays made under its new name.
static enum dm_status
move_graph(struct dm_txn *txn, const struct dm_rename *rename)
{
    const int64_t from = (int64_t)rename->from;
    const int64_t all[4] = {0, 0, 0, from};
    int64_t n = 0;
    enum dm_status status = move_quads(txn, DM_Q_GRAPH_SCAN, all, rename);
    if (!status) {
        status = dm_conn_get(txn->conn, DM_Q_GRAPH, &from, 1, &n, 1);
    }
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    const int64_t to[] = {(int64_t)rename->to, 0};
    dm_tally_clear(&txn->graphs, rename->from);
    status = dm_conn_run(txn->conn, DM_Q_GRAPH_DELETE, &from, 1);
    return status ? status : dm_conn_run(txn->conn, DM_Q_GRAPH_PUT, to, 2);
}

static enum dm_status
move_id(struct dm_txn *txn, const struct dm_rename *rename)
{
    enum dm_status status = DM_OK;
    for (int i = 0; !status && i < 3; ++i) {
        int64_t values[4] = {0};
        values[i] = (int64_t)rename->from;
        const enum dm_query query =
            (enum dm_query)((unsigned)DM_Q_NAMED + (1U << (unsigned)i));
        status = move_quads(txn, query, values, rename);
    }
    return status ? status : move_graph(txn, rename);
}

// ---------------------------------------------------------------- triple terms

// Write the triple terms that hold renamed ids. Two of them may swap names, so
// the new ones are marked as local first, and get their final form at last.
static enum dm_status
write_triple_terms(struct dm_txn *txn, const struct dm_renames *renames,
                   bool is_last)
{
    int64_t row[4] = {0};
    for (;;) {
        enum dm_status status =
            dm_conn_get(txn->conn, DM_Q_TRIPLE_TERM_EACH, row, 1, row, 4);
        if (status) {
            return status == DM_ERR_NOT_FOUND ? DM_OK : status;
        }
        bool is_changed = false;
        int64_t changed[4] = {row[0]};
        for (int i = 1; i < 4; ++i) {
            const dm_id id = (dm_id)row[i];
            dm_id to = id;
            if (is_last) {
                to = id & ~DM_ID_LOCAL_BIT;
            } else if (renamed(renames, id) != id) {
                to = renamed(renames, id) | DM_ID_LOCAL_BIT;
            }
            is_changed = is_changed || to != id;
            changed[i] = (int64_t)to;
        }
        if (is_changed) {
            status = dm_conn_run(txn->conn, DM_Q_TRIPLE_TERM_SET, changed, 4);
            if (status) {
                return status;
            }
        }
    }
}

// ------------------------------------------------------------------- datatypes

static enum dm_status
retype(struct dm_txn *txn, const struct dm_renames *renames)
{
    sqlite3_stmt *rows = NULL;
    int64_t after = 0;
    enum dm_status status = dm_conn_take(txn->conn, DM_Q_TERM_EACH, &rows);
    if (status) {
        return status;
    }
    dm_bind_ints(rows, &after, 1);
    while (!(status = dm_conn_step(txn->conn, rows))) {
        const dm_id datatype = (dm_id)sqlite3_column_int64(rows, 3);
        const dm_id to = renamed(renames, datatype);
        after = sqlite3_column_int64(rows, 0);
        if (to == datatype) {
            continue;
        }
        const int64_t values[] = {after, (int64_t)to};
        (void)sqlite3_reset(rows);
        status = dm_conn_run(txn->conn, DM_Q_TERM_RETYPE, values, 2);
        if (status) {
            break;
        }
        dm_bind_ints(rows, &after, 1);
    }
    dm_conn_give(txn->conn, DM_Q_TERM_EACH, rows);
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_renames_apply(struct dm_txn *txn, const struct dm_renames *renames)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < renames->map.n; ++i) {
        status = move_id(txn, renames->map.entries[i].value.ptr);
    }
    if (status || renames->map.n == 0) {
        return status;
    }
    status = write_triple_terms(txn, renames, false);
    if (!status) {
        status = write_triple_terms(txn, renames, true);
    }
    return status ? status : retype(txn, renames);
}
