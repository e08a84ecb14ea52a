// SPDX-License-Identifier: ISC

// FILTER. Its conjuncts are planned one by one and sink to where all their
// variables are certain: there the row that is tested has the same values as
// above, so the same solutions pass, only sooner.

#include "sparql/exec_private.h"

#define SHARE_THAT_PASSES 0.5

struct filter {
    struct dm_operator base;
    const struct dm_expr_code *code;
};

static enum dm_status
filter_open(struct dm_operator *op, const dm_id *seed)
{
    return dm_operator_open(op->children[0], seed);
}

static enum dm_status
filter_next(struct dm_operator *op, dm_id *row)
{
    const struct filter *filter = (const struct filter *)op;
    struct dm_exec_context *context = op->context;
    struct dm_eval eval = {
        .context = context, .row = row, .arena = context->scratch};
    for (;;) {
        bool passes = false;
        enum dm_status status = dm_operator_next(op->children[0], row);
        if (!status) {
            const struct dm_arena_mark mark = dm_arena_mark(context->scratch);
            status = dm_eval_filter(&eval, filter->code, &passes);
            dm_arena_rewind(context->scratch, mark);
        }
        if (status || passes) {
            return status;
        }
    }
}

static void
filter_close(struct dm_operator *op)
{
    (void)op;
}

const struct dm_operator_ops dm_filter_ops = {.name = "Filter",
                                              .open = filter_open,
                                              .next = filter_next,
                                              .close = filter_close};

static enum dm_status
put_over(struct dm_planner *planner, const struct dm_expr_code *code,
         struct dm_operator **op)
{
    struct dm_operator *child = *op;
    struct dm_operator_sets sets = {0};
    struct filter *filter =
        dm_operator_new(planner, sizeof(*filter), &dm_filter_ops, &sets);
    if (!filter) {
        return DM_ERR_NO_MEMORY;
    }
    filter->code = code;
    filter->base.children[0] = child;
    const size_t n_words = planner->n_words;
    dm_bits_unite(sets.certain, child->certain, n_words);
    dm_bits_unite(sets.possible, child->possible, n_words);
    dm_bits_unite(sets.seedable, child->seedable, n_words);
    dm_bits_intersect(sets.seedable, child->certain, n_words);
    filter->base.estimate = child->estimate * SHARE_THAT_PASSES;
    filter->base.cost = child->cost;
    *op = &filter->base;
    return DM_OK;
}

// The child below which the filter may go: one whose solutions bind all its
// variables, and to none but whom it matters.
static struct dm_operator **
below(const struct dm_planner *planner, struct dm_operator *op,
      const uint64_t *vars)
{
    const bool is_join = dm_operator_is(op, &dm_join_ops);
    const bool leads = is_join || dm_operator_is(op, &dm_left_join_ops) ||
                       dm_operator_is(op, &dm_minus_ops) ||
                       dm_operator_is(op, &dm_filter_ops) ||
                       dm_operator_is(op, &dm_graph_ops) ||
                       dm_operator_is(op, &dm_extend_ops) ||
                       dm_operator_is(op, &dm_project_ops) ||
                       dm_operator_is(op, &dm_distinct_ops);
    if (leads && dm_bits_within(vars, op->certain, planner->n_words) &&
        dm_bits_within(vars, op->children[0]->certain, planner->n_words)) {
        return &op->children[0];
    }
    if (is_join &&
        dm_bits_within(vars, op->children[1]->certain, planner->n_words)) {
        return &op->children[1];
    }
    return NULL;
}

static enum dm_status
sink(struct dm_planner *planner, const struct dm_expr_code *code,
     const uint64_t *vars, struct dm_operator **op)
{
    struct dm_operator **next = below(planner, *op, vars);
    while (next) {
        op = next;
        next = below(planner, *op, vars);
    }
    if (dm_operator_is(*op, &dm_union_ops) &&
        dm_bits_within(vars, (*op)->certain, planner->n_words)) {
        const enum dm_status status =
            sink(planner, code, vars, &(*op)->children[0]);
        return status ? status : sink(planner, code, vars, &(*op)->children[1]);
    }
    if (dm_operator_is(*op, &dm_bgp_ops) &&
        dm_bits_within(vars, (*op)->certain, planner->n_words)) {
        const enum dm_status status =
            dm_bgp_add_filter(planner, *op, code, vars);
        if (status != DM_ERR_LIMIT) {
            return status;
        }
    }
    return put_over(planner, code, op);
}

static enum dm_status
add_conjunct(struct dm_planner *planner, const struct dm_expr *expr,
             struct dm_operator **op)
{
    struct dm_expr_code *code = NULL;
    uint64_t *vars = dm_plan_set(planner);
    if (!vars) {
        return DM_ERR_NO_MEMORY;
    }
    const enum dm_status status =
        dm_code_compile(planner->compiler, expr, &code);
    if (status) {
        return status;
    }
    dm_expr_vars(expr, vars);
    return dm_expr_is_fixed(expr) ? put_over(planner, code, op)
                                  : sink(planner, code, vars, op);
}

// a && b passes where both do, also when one of them is an error. Those that
// stay on top are added first, so that others can sink below them.
static enum dm_status
add_filter(struct dm_planner *planner, const struct dm_expr *expr, bool fixed,
           struct dm_operator **op)
{
    enum dm_status status = DM_OK;
    if (expr->kind != DM_EXPR_CALL || expr->function != DM_FN_AND) {
        return dm_expr_is_fixed(expr) == fixed ? add_conjunct(planner, expr, op)
                                               : DM_OK;
    }
    for (size_t i = 0; !status && i < expr->n_args; ++i) {
        status = add_filter(planner, expr->args[i], fixed, op);
    }
    return status;
}

enum dm_status
dm_plan_filter(struct dm_planner *planner, const struct dm_alg *alg,
               struct dm_operator **ret)
{
    enum dm_status status = dm_plan(planner, alg->left, ret);
    if (!status) {
        status = add_filter(planner, alg->expr, true, ret);
    }
    return status ? status : add_filter(planner, alg->expr, false, ret);
}
