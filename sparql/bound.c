// SPDX-License-Identifier: ISC

// Which variables occur where. Bound in some or in all solutions is what each
// operator's constructor says of itself.

#include "sparql/exec_private.h"

static void
slot_vars(const struct dm_slot *slot, uint64_t *vars)
{
    switch (slot->kind) {
    case DM_SLOT_VAR:
        if (slot->var != DM_VAR_NONE) {
            dm_bits_add(vars, slot->var);
        }
        return;
    case DM_SLOT_TERM:
        return;
    case DM_SLOT_TRIPLE:
        slot_vars(&slot->triple->s, vars);
        slot_vars(&slot->triple->p, vars);
        slot_vars(&slot->triple->o, vars);
        return;
    }
}

static void
pattern_vars(const struct dm_alg *alg, uint64_t *vars)
{
    for (size_t i = 0; i < alg->n_patterns; ++i) {
        slot_vars(&alg->patterns[i].s, vars);
        slot_vars(&alg->patterns[i].p, vars);
        slot_vars(&alg->patterns[i].o, vars);
    }
}

void
dm_alg_vars(const struct dm_alg *alg, uint64_t *vars)
{
    pattern_vars(alg, vars);
    if (alg->kind == DM_ALG_GRAPH) {
        slot_vars(&alg->graph, vars);
    }
    if (alg->kind == DM_ALG_EXTEND) {
        dm_bits_add(vars, alg->var);
    }
    for (size_t i = 0; i < alg->n_vars; ++i) {
        dm_bits_add(vars, alg->vars[i]);
    }
    for (size_t i = 0; i < alg->n_keys; ++i) {
        dm_bits_add(vars, alg->keys[i].var);
        dm_expr_vars(alg->keys[i].expr, vars);
    }
    for (size_t i = 0; i < alg->n_aggregates; ++i) {
        if (alg->aggregates[i].arg) {
            dm_expr_vars(alg->aggregates[i].arg, vars);
        }
    }
    for (size_t i = 0; i < alg->n_order; ++i) {
        dm_expr_vars(alg->order[i].expr, vars);
    }
    if (alg->expr) {
        dm_expr_vars(alg->expr, vars);
    }
    if (alg->left) {
        dm_alg_vars(alg->left, vars);
    }
    if (alg->right) {
        dm_alg_vars(alg->right, vars);
    }
}

void
dm_expr_vars(const struct dm_expr *expr, uint64_t *vars)
{
    if (expr->kind == DM_EXPR_VAR) {
        dm_bits_add(vars, expr->var);
    }
    if (expr->kind == DM_EXPR_EXISTS) {
        dm_alg_vars(expr->pattern, vars);
    }
    for (size_t i = 0; expr->kind == DM_EXPR_CALL && i < expr->n_args; ++i) {
        dm_expr_vars(expr->args[i], vars);
    }
}

bool
dm_expr_is_fixed(const struct dm_expr *expr)
{
    if (expr->kind == DM_EXPR_EXISTS || expr->kind == DM_EXPR_AGGREGATE) {
        return true;
    }
    if (expr->kind != DM_EXPR_CALL) {
        return false;
    }
    if (expr->function != DM_FN_IRI &&
        (dm_function_get(expr->function)->flags & DM_FUNCTION_VOLATILE)) {
        return true;
    }
    for (size_t i = 0; i < expr->n_args; ++i) {
        if (dm_expr_is_fixed(expr->args[i])) {
            return true;
        }
    }
    return false;
}
