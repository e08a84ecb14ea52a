// SPDX-License-Identifier: ISC

#include "quadstore/source_private.h"

#include <assert.h>

// Stored quads by one statement. Its parameters are the bound positions, and of
// the free ones the least value to begin with: so a seek binds again.
struct quads {
    struct dm_source source;
    enum dm_query query;
    sqlite3_stmt *rows;
    int64_t values[4]; // s, p, o, g as they are bound
    int n_values;
    unsigned shape; // Which of s, p, o are bound: 1, 2, 4
};

static struct quads *
quads_of(struct dm_source *source)
{
    return (struct quads *)source; // It is the first member
}

static enum dm_status
quads_next(struct dm_source *source, struct dm_quad_ids *ret)
{
    struct quads *quads = quads_of(source);
    const enum dm_status status =
        dm_conn_step(source->snapshot->conn, quads->rows);
    if (!status) {
        *ret = (struct dm_quad_ids){
            .s = (dm_id)sqlite3_column_int64(quads->rows, 0),
            .p = (dm_id)sqlite3_column_int64(quads->rows, 1),
            .o = (dm_id)sqlite3_column_int64(quads->rows, 2),
            .g = (dm_id)sqlite3_column_int64(quads->rows, 3),
        };
    }
    return status;
}

// The free positions, in their order, begin at the target's, up to a bound one
// that differs from it: the scan drops what still comes before the target.
static enum dm_status
quads_seek(struct dm_source *source, const struct dm_triple_ids *target)
{
    struct quads *quads = quads_of(source);
    const dm_id targets[3] = {target->s, target->p, target->o};
    int64_t values[4] = {quads->values[0], quads->values[1], quads->values[2],
                         quads->values[3]};
    bool is_decided = false;
    for (unsigned i = 0; i < 3 && !is_decided; ++i) {
        if (quads->shape & 1U << i) {
            is_decided = (dm_id)values[i] != targets[i];
        } else {
            // A local id is above every stored one
            values[i] =
                dm_id_is_local(targets[i]) ? INT64_MAX : (int64_t)targets[i];
        }
    }
    (void)sqlite3_reset(quads->rows);
    dm_bind_ints(quads->rows, values, quads->n_values);
    return DM_OK;
}

static void
quads_close(struct dm_source *source)
{
    struct quads *quads = quads_of(source);
    dm_conn_give(source->snapshot->conn, quads->query, quads->rows);
    dm_snapshot_free(source->snapshot, quads, source->bytes);
}

enum dm_status
dm_source_quads(struct dm_snapshot *snapshot, const struct dm_scan_spec *spec,
                enum dm_quads_of what, dm_id graph, struct dm_source **ret)
{
    static const struct dm_source_ops ops = {quads_next, quads_seek,
                                             quads_close};
    static const enum dm_query queries[] = {
        [DM_QUADS_UNION] = DM_Q_UNION,
        [DM_QUADS_OF_GRAPH] = DM_Q_GRAPH_SCAN,
        [DM_QUADS_NAMED] = DM_Q_NAMED,
    };
    if (dm_id_is_local(spec->s | spec->p | spec->o | graph)) {
        return DM_END;
    }
    struct quads *quads = dm_snapshot_alloc(snapshot, sizeof(*quads));
    if (!quads) {
        return DM_ERR_NO_MEMORY;
    }
    quads->source = (struct dm_source){
        .ops = &ops, .snapshot = snapshot, .bytes = sizeof(*quads)};
    quads->shape =
        (spec->s ? 1U : 0U) | (spec->p ? 2U : 0U) | (spec->o ? 4U : 0U);
    quads->query = (enum dm_query)((unsigned)queries[what] + quads->shape);
    quads->values[0] = (int64_t)spec->s;
    quads->values[1] = (int64_t)spec->p;
    quads->values[2] = (int64_t)spec->o;
    quads->values[3] = (int64_t)graph;
    const enum dm_status status =
        dm_conn_take(snapshot->conn, quads->query, &quads->rows);
    if (status) {
        dm_snapshot_free(snapshot, quads, sizeof(*quads));
        return status;
    }
    quads->n_values = what == DM_QUADS_UNION ? 3 : 4;
    dm_bind_ints(quads->rows, quads->values, quads->n_values);
    *ret = &quads->source;
    return DM_OK;
}
