// SPDX-License-Identifier: ISC

// BIND and (expr AS ?var). An error leaves the variable unbound.

#include "sparql/exec_private.h"

struct extend {
    struct dm_operator base;
    dm_var var;
    const struct dm_expr_code *code;
};

static enum dm_status
extend_open(struct dm_operator *op, const dm_id *seed)
{
    return dm_operator_open(op->children[0], seed);
}

static enum dm_status
evaluate(const struct extend *extend, const dm_id *row, dm_id *ret)
{
    struct dm_exec_context *context = extend->base.context;
    struct dm_eval eval = {
        .context = context, .row = row, .arena = context->scratch};
    struct dm_value value = {0};
    // A copy of a variable needs no look at its value
    if (extend->code->kind == DM_EXPR_VAR) {
        *ret = row[extend->code->var];
        return DM_OK;
    }
    const struct dm_arena_mark mark = dm_arena_mark(context->scratch);
    enum dm_status status = dm_eval_code(&eval, extend->code, &value);
    if (!status) {
        status = dm_value_id(context->snapshot, context->scratch, &value, ret);
    } else if (status == DM_ERR_ARGUMENT) {
        *ret = DM_ID_NONE;
        status = DM_OK;
    }
    dm_arena_rewind(context->scratch, mark);
    return status;
}

static enum dm_status
extend_next(struct dm_operator *op, dm_id *row)
{
    const struct extend *extend = (const struct extend *)op;
    for (;;) {
        dm_id id = DM_ID_NONE;
        enum dm_status status = dm_operator_next(op->children[0], row);
        if (!status) {
            status = evaluate(extend, row, &id);
        }
        if (status) {
            return status;
        }
        // It is bound already where an EXISTS put a value in its place
        if (row[extend->var] == DM_ID_NONE) {
            row[extend->var] = id;
        }
        if (id == DM_ID_NONE || row[extend->var] == id) {
            return DM_OK;
        }
    }
}

static void
extend_close(struct dm_operator *op)
{
    (void)op;
}

const struct dm_operator_ops dm_extend_ops = {.name = "Extend",
                                              .open = extend_open,
                                              .next = extend_next,
                                              .close = extend_close};

// Whether the expression always has a value: a constant, or a variable that is
// certain
static bool
is_certain(const struct dm_expr *expr, const struct dm_operator *child)
{
    return expr->kind == DM_EXPR_TERM ||
           (expr->kind == DM_EXPR_VAR &&
            dm_bits_has(child->certain, expr->var));
}

enum dm_status
dm_plan_extend(struct dm_planner *planner, const struct dm_alg *alg,
               struct dm_operator **ret)
{
    struct dm_operator *child = NULL;
    struct dm_expr_code *code = NULL;
    enum dm_status status = dm_plan(planner, alg->left, &child);
    if (!status) {
        status = dm_code_compile(planner->compiler, alg->expr, &code);
    }
    if (status) {
        return status;
    }
    struct dm_operator_sets sets = {0};
    struct extend *extend =
        dm_operator_new(planner, sizeof(*extend), &dm_extend_ops, &sets);
    if (!extend) {
        return DM_ERR_NO_MEMORY;
    }
    extend->var = alg->var;
    extend->code = code;
    extend->base.children[0] = child;
    const size_t n_words = planner->n_words;
    dm_bits_unite(sets.certain, child->certain, n_words);
    dm_bits_unite(sets.possible, child->possible, n_words);
    dm_bits_unite(sets.seedable, child->seedable, n_words);
    dm_bits_intersect(sets.seedable, child->certain, n_words);
    dm_bits_add(sets.possible, alg->var);
    if (is_certain(alg->expr, child)) {
        dm_bits_add(sets.certain, alg->var);
    }
    extend->base.estimate = child->estimate;
    extend->base.cost = child->cost;
    *ret = &extend->base;
    return DM_OK;
}
