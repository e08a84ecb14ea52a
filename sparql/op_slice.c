// SPDX-License-Identifier: ISC

// OFFSET and LIMIT

#include "sparql/exec_private.h"

struct slice {
    struct dm_operator base;
    uint64_t offset;
    uint64_t limit;
    uint64_t n_seen; ///< Rows of the child so far
};

static enum dm_status
slice_open(struct dm_operator *op, const dm_id *seed)
{
    ((struct slice *)op)->n_seen = 0;
    return dm_operator_open(op->children[0], seed);
}

static enum dm_status
slice_next(struct dm_operator *op, dm_id *row)
{
    struct slice *slice = (struct slice *)op;
    for (;;) {
        if (slice->n_seen >= slice->offset &&
            slice->n_seen - slice->offset >= slice->limit) {
            return DM_END;
        }
        const enum dm_status status = dm_operator_next(op->children[0], row);
        if (status) {
            return status;
        }
        if (slice->n_seen++ >= slice->offset) {
            return DM_OK;
        }
    }
}

static void
slice_close(struct dm_operator *op)
{
    (void)op;
}

static const struct dm_operator_ops slice_ops = {.name = "Slice",
                                                 .open = slice_open,
                                                 .next = slice_next,
                                                 .close = slice_close};

enum dm_status
dm_plan_slice(struct dm_planner *planner, const struct dm_alg *alg,
              struct dm_operator **ret)
{
    struct dm_operator *child = NULL;
    const enum dm_status status = dm_plan(planner, alg->left, &child);
    if (status) {
        return status;
    }
    struct dm_operator_sets sets = {0};
    struct slice *slice =
        dm_operator_new(planner, sizeof(*slice), &slice_ops, &sets);
    if (!slice) {
        return DM_ERR_NO_MEMORY;
    }
    slice->offset = alg->offset;
    slice->limit = alg->limit;
    slice->base.children[0] = child;
    dm_bits_unite(sets.certain, child->certain, planner->n_words);
    dm_bits_unite(sets.possible, child->possible, planner->n_words);
    const double limit = (double)alg->limit;
    slice->base.estimate = child->estimate < limit ? child->estimate : limit;
    slice->base.cost = child->cost;
    // Only so many of the sorted rows are wanted
    struct dm_operator *order = child;
    while (dm_operator_is(order, &dm_project_ops)) {
        order = order->children[0];
    }
    if (dm_operator_is(order, &dm_order_ops) && alg->limit != DM_NO_LIMIT &&
        alg->offset <= DM_NO_LIMIT - alg->limit) {
        dm_order_set_limit(order, alg->offset + alg->limit);
    }
    *ret = &slice->base;
    return DM_OK;
}
