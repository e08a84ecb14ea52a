// SPDX-License-Identifier: ISC

#include "quadstore/write.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "quadstore/id_private.h"
#include "quadstore/txn_private.h"

#include <assert.h>
#include <stdlib.h>

// Rows of a graph that are looked at in one piece
#define CHUNK 256

static bool
may_be_stored(dm_id id)
{
    return !dm_id_is_local(id) && dm_id_tag(id) != DM_TAG_NONE;
}

static bool
is_storable(const struct dm_quad_ids *quad)
{
    return may_be_stored(quad->s) && may_be_stored(quad->p) &&
           may_be_stored(quad->o) &&
           (quad->g == DM_ID_NONE || may_be_stored(quad->g));
}

// Tell the row of an event that its graph says more of it, or no longer does.
static enum dm_status
mark_event(struct dm_txn *txn, const struct dm_quad_ids *quad)
{
    struct dm_event_key key;
    if (!dm_id_to_event(quad->s, &key)) {
        return DM_OK;
    }
    struct dm_log_row *log = dm_dict_log(txn->dict, key.log);
    if (!log || log->graph != quad->g) {
        return DM_OK;
    }
    struct dm_row row;
    const int64_t stored = dm_event_key_store(&key);
    log->quads = stored > log->quads ? stored : log->quads;
    enum dm_status status = dm_event_read(txn->conn, stored, NULL, &row);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    const int64_t of_graph[] = {(int64_t)quad->g, (int64_t)quad->s};
    int64_t one = 0;
    status = dm_conn_get(txn->conn, DM_Q_QUAD_IN_GRAPH, of_graph, 2, &one, 1);
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    const unsigned bits =
        status ? row.bits & ~DM_ROW_QUADS : row.bits | DM_ROW_QUADS;
    if (bits == row.bits) {
        return DM_OK;
    }
    const int64_t values[] = {stored, bits};
    return dm_conn_run(txn->conn, DM_Q_EVENT_BITS, values, 2);
}

static enum dm_status
count_triple(struct dm_txn *txn, const struct dm_quad_ids *quad, int by)
{
    txn->triples += by;
    return dm_tally_add(&txn->predicates, quad->p, by);
}

static enum dm_status
add(struct dm_txn *txn, const struct dm_quad_ids *quad)
{
    const int64_t values[] = {(int64_t)quad->s, (int64_t)quad->p,
                              (int64_t)quad->o, (int64_t)quad->g};
    int64_t n = 0;
    if (!is_storable(quad)) {
        return DM_ERR_ARGUMENT;
    }
    enum dm_status status = dm_conn_run(txn->conn, DM_Q_QUAD_PUT, values, 4);
    if (status || sqlite3_changes(txn->conn->db) == 0) {
        return status;
    }
    ++txn->quads;
    status = dm_conn_get(txn->conn, DM_Q_TRIPLE_PUT, values, 3, &n, 1);
    if (!status && n == 1) {
        status = count_triple(txn, quad, 1);
    }
    if (!status) {
        status = dm_tally_add(&txn->graphs, quad->g, 1);
    }
    return status ? status : mark_event(txn, quad);
}

static enum dm_status
take_away(struct dm_txn *txn, const struct dm_quad_ids *quad)
{
    const int64_t values[] = {(int64_t)quad->s, (int64_t)quad->p,
                              (int64_t)quad->o, (int64_t)quad->g};
    int64_t n = 0;
    enum dm_status status = dm_conn_run(txn->conn, DM_Q_QUAD_DELETE, values, 4);
    if (status || sqlite3_changes(txn->conn->db) == 0) {
        return status;
    }
    --txn->quads;
    status = dm_conn_get(txn->conn, DM_Q_TRIPLE_DROP, values, 3, &n, 1);
    if (status == DM_ERR_NOT_FOUND) {
        return DM_ERR_CORRUPT;
    }
    if (!status && n <= 0) {
        status = dm_conn_run(txn->conn, DM_Q_TRIPLE_DELETE, values, 3);
        if (!status) {
            status = count_triple(txn, quad, -1);
        }
    }
    if (!status) {
        status = dm_tally_add(&txn->graphs, quad->g, -1);
    }
    return status ? status : mark_event(txn, quad);
}

enum dm_status
dm_txn_add(struct dm_txn *txn, const struct dm_quad_ids *quad)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    return dm_txn_fail(txn, add(txn, quad));
}

enum dm_status
dm_txn_remove(struct dm_txn *txn, const struct dm_quad_ids *quad)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    return dm_txn_fail(txn, take_away(txn, quad));
}

// ---------------------------------------------------------------------- graphs

// The next rows of a graph behind `after`, in order
static enum dm_status
read_chunk(struct dm_txn *txn, dm_id graph, struct dm_triple_ids after,
           struct dm_triple_ids rows[CHUNK], size_t *ret_n)
{
    const int64_t values[] = {(int64_t)after.s, (int64_t)after.p,
                              (int64_t)after.o, (int64_t)graph, CHUNK};
    sqlite3_stmt *found = NULL;
    size_t n = 0;
    enum dm_status status =
        dm_conn_take(txn->conn, DM_Q_QUADS_OF_GRAPH, &found);
    if (status) {
        return status;
    }
    dm_bind_ints(found, values, 5);
    while (!(status = dm_conn_step(txn->conn, found))) {
        assert(n < CHUNK);
        rows[n++] = (struct dm_triple_ids){
            .s = (dm_id)sqlite3_column_int64(found, 0),
            .p = (dm_id)sqlite3_column_int64(found, 1),
            .o = (dm_id)sqlite3_column_int64(found, 2),
        };
    }
    dm_conn_give(txn->conn, DM_Q_QUADS_OF_GRAPH, found);
    *ret_n = n;
    return status == DM_END ? DM_OK : status;
}

static int
compare_ids(dm_id a, dm_id b)
{
    return a < b ? -1 : a > b;
}

static int
compare_triples(const void *a, const void *b)
{
    const struct dm_triple_ids *x = a;
    const struct dm_triple_ids *y = b;
    const int by_s = compare_ids(x->s, y->s);
    const int by_p = compare_ids(x->p, y->p);
    return by_s ? by_s : by_p ? by_p : compare_ids(x->o, y->o);
}

static enum dm_status
change(struct dm_txn *txn, dm_id graph, const struct dm_triple_ids *triple,
       bool is_add)
{
    const struct dm_quad_ids quad = {triple->s, triple->p, triple->o, graph};
    return is_add ? add(txn, &quad) : take_away(txn, &quad);
}

// Add what comes before the stored row `row` (all that is left where NULL), and
// say whether that row is wanted.
static enum dm_status
merge_until(struct dm_txn *txn, dm_id graph, const struct dm_triple_ids **next,
            const struct dm_triple_ids *end, const struct dm_triple_ids *row)
{
    enum dm_status status = DM_OK;
    bool is_wanted = false;
    while (!status && *next < end) {
        const int order = row ? compare_triples(*next, row) : -1;
        if (order > 0) {
            break;
        }
        if (order == 0) {
            is_wanted = true; // Once for each time it was given
        } else {
            status = change(txn, graph, *next, true);
        }
        ++*next;
    }
    if (!status && row && !is_wanted) {
        status = change(txn, graph, row, false);
    }
    return status;
}

static enum dm_status
replace(struct dm_txn *txn, dm_id graph, const struct dm_triple_ids *sorted,
        size_t n)
{
    const struct dm_triple_ids *next = sorted;
    const struct dm_triple_ids *end = sorted + n;
    struct dm_triple_ids rows[CHUNK];
    struct dm_triple_ids after = {0};
    size_t n_rows = 0;
    enum dm_status status = DM_OK;
    do {
        if (!status) {
            status = read_chunk(txn, graph, after, rows, &n_rows);
        }
        for (size_t i = 0; !status && i < n_rows; ++i) {
            status = merge_until(txn, graph, &next, end, &rows[i]);
        }
        if (!status && n_rows) {
            after = rows[n_rows - 1];
        }
    } while (!status && n_rows == CHUNK);
    return status ? status : merge_until(txn, graph, &next, end, NULL);
}

enum dm_status
dm_txn_replace_graph(struct dm_txn *txn, dm_id graph,
                     const struct dm_triple_ids *triples, size_t n)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    struct dm_triple_ids *sorted = dm_calloc(n, sizeof(*sorted));
    if (!sorted) {
        return dm_txn_fail(txn, DM_ERR_NO_MEMORY);
    }
    for (size_t i = 0; i < n; ++i) {
        sorted[i] = triples[i];
    }
    qsort(sorted, n, sizeof(*sorted), compare_triples);
    enum dm_status status = replace(txn, graph, sorted, n);
    if (!status && graph != DM_ID_NONE) {
        const int64_t values[] = {(int64_t)graph, 0};
        status = dm_conn_run(txn->conn, DM_Q_GRAPH_PUT, values, 2);
    }
    dm_free(sorted);
    return dm_txn_fail(txn, status);
}

enum dm_status
dm_txn_clear_graph(struct dm_txn *txn, dm_id graph)
{
    static const struct dm_triple_ids none = {0};
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    const int64_t value = (int64_t)graph;
    enum dm_status status = replace(txn, graph, &none, 0);
    if (!status) {
        status = dm_conn_run(txn->conn, DM_Q_GRAPH_DELETE, &value, 1);
        dm_tally_clear(&txn->graphs, graph);
    }
    return dm_txn_fail(txn, status);
}
