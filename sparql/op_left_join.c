// SPDX-License-Identifier: ISC

// OPTIONAL. Its filter sees the variables of both sides (SPARQL 1.1, 18.5).

#include "sparql/exec_private.h"
#include "sparql/pairs_private.h"

struct left_join {
    struct dm_operator base;
    struct dm_pairs pairs;
    const struct dm_expr_code *filter;
    bool has_match; // Of the present left solution
};

static enum dm_status
left_join_open(struct dm_operator *op, const dm_id *seed)
{
    (void)seed;
    struct left_join *join = (struct left_join *)op;
    join->has_match = false;
    return dm_pairs_open(&join->pairs);
}

static enum dm_status
passes(const struct left_join *join, const dm_id *row, bool *ret)
{
    struct dm_exec_context *context = join->base.context;
    struct dm_eval eval = {
        .context = context, .row = row, .arena = context->scratch};
    *ret = true;
    if (!join->filter) {
        return DM_OK;
    }
    const struct dm_arena_mark mark = dm_arena_mark(context->scratch);
    const enum dm_status status = dm_eval_filter(&eval, join->filter, ret);
    dm_arena_rewind(context->scratch, mark);
    return status;
}

static enum dm_status
left_join_next(struct dm_operator *op, dm_id *row)
{
    struct left_join *join = (struct left_join *)op;
    for (;;) {
        enum dm_status status = dm_pairs_left(&join->pairs);
        if (status) {
            return status;
        }
        status = dm_pairs_right(&join->pairs, row);
        if (status == DM_END) {
            const bool had_match = join->has_match;
            join->has_match = false;
            if (had_match) {
                continue;
            }
            dm_row_copy(op->context, row, join->pairs.left_row);
            return DM_OK;
        }
        bool is_match = false;
        if (!status) {
            status = passes(join, row, &is_match);
        }
        if (status) {
            return status;
        }
        if (is_match) {
            join->has_match = true;
            return DM_OK;
        }
    }
}

static void
left_join_close(struct dm_operator *op)
{
    dm_pairs_close(&((struct left_join *)op)->pairs);
}

static void
left_join_describe(const struct dm_operator *op, struct dm_buf *buf)
{
    dm_pairs_describe(&((const struct left_join *)op)->pairs, buf);
}

const struct dm_operator_ops dm_left_join_ops = {.name = "LeftJoin",
                                                 .open = left_join_open,
                                                 .next = left_join_next,
                                                 .close = left_join_close,
                                                 .describe =
                                                     left_join_describe};

enum dm_status
dm_plan_left_join(struct dm_planner *planner, const struct dm_alg *alg,
                  struct dm_operator **ret)
{
    struct dm_operator *left = NULL;
    struct dm_operator *right = NULL;
    struct dm_expr_code *filter = NULL;
    enum dm_status status = dm_plan_both(planner, alg, &left, &right);
    if (!status && alg->expr) {
        status = dm_code_compile(planner->compiler, alg->expr, &filter);
    }
    if (status) {
        return status;
    }
    struct dm_operator_sets sets = {0};
    struct left_join *join =
        dm_operator_new(planner, sizeof(*join), &dm_left_join_ops, &sets);
    if (!join) {
        return DM_ERR_NO_MEMORY;
    }
    join->filter = filter;
    join->base.children[0] = left;
    join->base.children[1] = right;
    const size_t n_words = planner->n_words;
    dm_bits_unite(sets.certain, left->certain, n_words);
    dm_bits_unite(sets.possible, left->possible, n_words);
    dm_bits_unite(sets.possible, right->possible, n_words);
    dm_bits_unite(sets.seedable, left->seedable, n_words);
    dm_bits_intersect(sets.seedable, left->certain, n_words);
    join->base.estimate = left->estimate;
    join->base.cost = left->cost + right->cost;
    *ret = &join->base;
    return dm_pairs_plan(planner, &join->pairs, &join->base);
}
