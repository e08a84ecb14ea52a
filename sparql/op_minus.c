// SPDX-License-Identifier: ISC

// MINUS takes a solution away where a right one is compatible with it and both
// bind some variable (SPARQL 1.1, 18.5). Variables that an EXISTS has put in
// place count as constants.

#include "sparql/exec_private.h"
#include "sparql/pairs_private.h"

struct minus {
    struct dm_operator base;
    struct dm_pairs pairs;
    dm_id *merged;
};

static enum dm_status
minus_open(struct dm_operator *op, const dm_id *seed)
{
    (void)seed;
    return dm_pairs_open(&((struct minus *)op)->pairs);
}

// Whether a right solution takes the left one away: DM_OK if so, DM_END if not
static enum dm_status
find_partner(struct minus *minus)
{
    for (;;) {
        const enum dm_status status =
            dm_pairs_right(&minus->pairs, minus->merged);
        if (status || minus->pairs.shares) {
            return status;
        }
    }
}

static enum dm_status
minus_next(struct dm_operator *op, dm_id *row)
{
    struct minus *minus = (struct minus *)op;
    for (;;) {
        enum dm_status status = dm_pairs_left(&minus->pairs);
        if (status) {
            return status;
        }
        status = find_partner(minus);
        if (status == DM_END) {
            dm_row_copy(op->context, row, minus->pairs.left_row);
            return DM_OK;
        }
        if (status) {
            return status;
        }
        dm_pairs_skip_left(&minus->pairs);
    }
}

static void
minus_close(struct dm_operator *op)
{
    dm_pairs_close(&((struct minus *)op)->pairs);
}

static void
minus_describe(const struct dm_operator *op, struct dm_buf *buf)
{
    dm_pairs_describe(&((const struct minus *)op)->pairs, buf);
}

const struct dm_operator_ops dm_minus_ops = {.name = "Minus",
                                             .open = minus_open,
                                             .next = minus_next,
                                             .close = minus_close,
                                             .describe = minus_describe};

enum dm_status
dm_plan_minus(struct dm_planner *planner, const struct dm_alg *alg,
              struct dm_operator **ret)
{
    struct dm_operator *left = NULL;
    struct dm_operator *right = NULL;
    const enum dm_status status = dm_plan_both(planner, alg, &left, &right);
    if (status) {
        return status;
    }
    const size_t n_words = planner->n_words;
    if (!dm_bits_meet(left->possible, right->possible, n_words)) {
        *ret = left; // Nothing in common, so nothing is taken away
        return DM_OK;
    }
    struct dm_operator_sets sets = {0};
    struct minus *minus =
        dm_operator_new(planner, sizeof(*minus), &dm_minus_ops, &sets);
    if (!minus) {
        return DM_ERR_NO_MEMORY;
    }
    minus->merged = dm_arena_alloc(planner->arena, planner->context->n_vars,
                                   sizeof(*minus->merged));
    if (!minus->merged) {
        return DM_ERR_NO_MEMORY;
    }
    minus->base.children[0] = left;
    minus->base.children[1] = right;
    dm_bits_unite(sets.certain, left->certain, n_words);
    dm_bits_unite(sets.possible, left->possible, n_words);
    dm_bits_unite(sets.seedable, left->seedable, n_words);
    dm_bits_intersect(sets.seedable, left->certain, n_words);
    minus->base.estimate = left->estimate;
    minus->base.cost = left->cost + right->cost;
    *ret = &minus->base;
    return dm_pairs_plan(planner, &minus->pairs, &minus->base);
}
