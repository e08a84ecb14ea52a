// SPDX-License-Identifier: ISC

#include "sparql/exec_private.h"
#include "sparql/pairs_private.h"

struct join {
    struct dm_operator base;
    struct dm_pairs pairs;
};

static enum dm_status
join_open(struct dm_operator *op, const dm_id *seed)
{
    (void)seed;
    return dm_pairs_open(&((struct join *)op)->pairs);
}

static enum dm_status
join_next(struct dm_operator *op, dm_id *row)
{
    struct join *join = (struct join *)op;
    for (;;) {
        enum dm_status status = dm_pairs_left(&join->pairs);
        if (status) {
            return status;
        }
        status = dm_pairs_right(&join->pairs, row);
        if (status != DM_END) {
            return status;
        }
    }
}

static void
join_close(struct dm_operator *op)
{
    dm_pairs_close(&((struct join *)op)->pairs);
}

static void
join_describe(const struct dm_operator *op, struct dm_buf *buf)
{
    dm_pairs_describe(&((const struct join *)op)->pairs, buf);
}

const struct dm_operator_ops dm_join_ops = {.name = "Join",
                                            .open = join_open,
                                            .next = join_next,
                                            .close = join_close,
                                            .describe = join_describe};

// Rows of a join: as many as the smaller side has, where they share a variable
static double
estimate_of(const struct dm_operator *left, const struct dm_operator *right,
            size_t n_words)
{
    if (!dm_bits_meet(left->certain, right->certain, n_words)) {
        return left->estimate * right->estimate;
    }
    return left->estimate > right->estimate ? left->estimate : right->estimate;
}

enum dm_status
dm_plan_join(struct dm_planner *planner, const struct dm_alg *alg,
             struct dm_operator **ret)
{
    struct dm_operator *left = NULL;
    struct dm_operator *right = NULL;
    const enum dm_status status = dm_plan_both(planner, alg, &left, &right);
    if (status) {
        return status;
    }
    struct dm_operator_sets sets = {0};
    struct join *join =
        dm_operator_new(planner, sizeof(*join), &dm_join_ops, &sets);
    if (!join) {
        return DM_ERR_NO_MEMORY;
    }
    // A join is the same both ways; the smaller side leads
    const bool swap = right->estimate < left->estimate;
    join->base.children[0] = swap ? right : left;
    join->base.children[1] = swap ? left : right;
    const size_t n_words = planner->n_words;
    dm_bits_unite(sets.certain, left->certain, n_words);
    dm_bits_unite(sets.certain, right->certain, n_words);
    dm_bits_unite(sets.possible, left->possible, n_words);
    dm_bits_unite(sets.possible, right->possible, n_words);
    dm_bits_unite(sets.seedable, left->seedable, n_words);
    dm_bits_unite(sets.seedable, right->seedable, n_words);
    join->base.estimate = estimate_of(left, right, n_words);
    join->base.cost = left->cost + right->cost + join->base.estimate;
    *ret = &join->base;
    return dm_pairs_plan(planner, &join->pairs, &join->base);
}
