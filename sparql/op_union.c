// SPDX-License-Identifier: ISC

#include "sparql/exec_private.h"

struct union_op {
    struct dm_operator base;
    size_t side; ///< Which child is read; 2 behind the last
};

static enum dm_status
union_open(struct dm_operator *op, const dm_id *seed)
{
    struct union_op *both = (struct union_op *)op;
    both->side = 0;
    return dm_operator_open(op->children[0], seed);
}

static enum dm_status
union_next(struct dm_operator *op, dm_id *row)
{
    struct union_op *both = (struct union_op *)op;
    while (both->side < DM_OPERATOR_CHILDREN_MAX) {
        enum dm_status status = dm_operator_next(op->children[both->side], row);
        if (status != DM_END) {
            return status;
        }
        ++both->side;
        if (both->side < DM_OPERATOR_CHILDREN_MAX) {
            status = dm_operator_open(op->children[both->side], op->seed);
            if (status) {
                both->side = DM_OPERATOR_CHILDREN_MAX;
                return status;
            }
        }
    }
    return DM_END;
}

static void
union_close(struct dm_operator *op)
{
    ((struct union_op *)op)->side = DM_OPERATOR_CHILDREN_MAX;
}

const struct dm_operator_ops dm_union_ops = {.name = "Union",
                                             .open = union_open,
                                             .next = union_next,
                                             .close = union_close};

enum dm_status
dm_plan_union(struct dm_planner *planner, const struct dm_alg *alg,
              struct dm_operator **ret)
{
    struct dm_operator *left = NULL;
    struct dm_operator *right = NULL;
    const enum dm_status status = dm_plan_both(planner, alg, &left, &right);
    if (status) {
        return status;
    }
    struct dm_operator_sets sets = {0};
    struct union_op *both =
        dm_operator_new(planner, sizeof(*both), &dm_union_ops, &sets);
    if (!both) {
        return DM_ERR_NO_MEMORY;
    }
    both->base.children[0] = left;
    both->base.children[1] = right;
    const size_t n_words = planner->n_words;
    dm_bits_unite(sets.certain, left->certain, n_words);
    dm_bits_intersect(sets.certain, right->certain, n_words);
    dm_bits_unite(sets.possible, left->possible, n_words);
    dm_bits_unite(sets.possible, right->possible, n_words);
    dm_bits_unite(sets.seedable, left->seedable, n_words);
    dm_bits_unite(sets.seedable, right->seedable, n_words);
    both->base.estimate = left->estimate + right->estimate;
    both->base.cost = left->cost + right->cost;
    *ret = &both->base;
    return DM_OK;
}
