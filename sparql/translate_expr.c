// SPDX-License-Identifier: ISC

#include "sparql/translate_private.h"

#include <assert.h>

static struct dm_expr *
copy_of(struct dm_translator *t, const struct dm_syn_expr *syntax)
{
    struct dm_expr *expr = dm_translate_alloc(t, 1, sizeof(*expr));
    if (expr) {
        *expr = syntax->base;
    }
    return expr;
}

// An index in the aggregates of the group
static bool
add_aggregate(struct dm_translator *t, const struct dm_aggregate_def *def,
              uint32_t *ret)
{
    struct dm_aggregate_node *node = dm_translate_alloc(t, 1, sizeof(*node));
    if (!node) {
        return false;
    }
    assert(t->grouping);
    node->def = *def;
    *t->grouping->tail = node;
    t->grouping->tail = &node->next;
    *ret = (uint32_t)t->grouping->n_aggregates++;
    return true;
}

// Section 18.2.4.1: above a group a variable is one of its keys, or in HAVING
// and ORDER BY it is sampled
static const struct dm_expr *
translate_var(struct dm_translator *t, const struct dm_syn_expr *syntax)
{
    struct dm_expr *expr = copy_of(t, syntax);
    if (!expr) {
        return NULL;
    }
    expr->var = dm_translate_var(t, syntax->base.var);
    struct dm_grouping *grouping = t->grouping;
    if (!grouping || dm_var_set_has(&grouping->keys, expr->var)) {
        return t->status ? NULL : expr;
    }
    if (grouping->is_strict) {
        const struct dm_str name = dm_translate_name(t, syntax->base.var);
        (void)dm_translate_fail(t, syntax->base.at, DM_ERR_SYNTAX,
                                "?%.*s is neither grouped by nor aggregated",
                                (int)name.n, name.data);
        return NULL;
    }
    if (!dm_var_set_has(&grouping->visible, expr->var)) {
        return t->status ? NULL : expr;
    }
    struct dm_expr *sample = copy_of(t, syntax);
    const struct dm_aggregate_def def = {.kind = DM_AGG_SAMPLE, .arg = expr};
    if (!sample || !add_aggregate(t, &def, &sample->aggregate)) {
        return NULL;
    }
    sample->kind = DM_EXPR_AGGREGATE;
    sample->var = DM_VAR_NONE;
    return sample;
}

// The argument sees what is below the group.
static const struct dm_expr *
translate_aggregate(struct dm_translator *t, const struct dm_syn_expr *syntax)
{
    struct dm_grouping *grouping = t->grouping;
    assert(grouping);
    struct dm_aggregate_def def = syntax->aggregate;
    if (syntax->args) {
        t->grouping = NULL;
        def.arg = dm_translate_expr(t, syntax->args);
        t->grouping = grouping;
    }
    struct dm_expr *expr = copy_of(t, syntax);
    if (t->status || !expr || !add_aggregate(t, &def, &expr->aggregate)) {
        return NULL;
    }
    return expr;
}

static const struct dm_expr *
translate_call(struct dm_translator *t, const struct dm_syn_expr *syntax)
{
    struct dm_expr *expr = copy_of(t, syntax);
    const struct dm_expr **args =
        dm_translate_alloc(t, syntax->base.n_args, sizeof(const void *));
    if (!expr || !args) {
        return NULL;
    }
    uint32_t depth = 0;
    size_t n = 0;
    for (const struct dm_syn_expr *arg = syntax->args; arg; arg = arg->next) {
        assert(n < syntax->base.n_args);
        args[n] = dm_translate_expr(t, arg);
        if (!args[n]) {
            return NULL;
        }
        depth = args[n]->depth > depth ? args[n]->depth : depth;
        ++n;
    }
    expr->args = args;
    expr->depth = depth + 1;
    return expr;
}

static const struct dm_expr *
translate_exists(struct dm_translator *t, const struct dm_syn_expr *syntax)
{
    struct dm_grouping *grouping = t->grouping;
    t->grouping = NULL;
    assert(syntax->group);
    const struct dm_alg *pattern = dm_translate_group(t, syntax->group, NULL);
    t->grouping = grouping;
    struct dm_expr *expr = copy_of(t, syntax);
    if (!expr || !pattern) {
        return NULL;
    }
    expr->pattern = pattern;
    expr->depth = pattern->depth + 1;
    return expr;
}

static const struct dm_expr *
translate(struct dm_translator *t, const struct dm_syn_expr *syntax)
{
    switch (syntax->base.kind) {
    case DM_EXPR_TERM:
        return copy_of(t, syntax);
    case DM_EXPR_VAR:
        return translate_var(t, syntax);
    case DM_EXPR_CALL:
        return translate_call(t, syntax);
    case DM_EXPR_EXISTS:
        return translate_exists(t, syntax);
    case DM_EXPR_AGGREGATE:
        return translate_aggregate(t, syntax);
    }
    assert(false && "every kind of expression is translated");
    return NULL;
}

const struct dm_expr *
dm_translate_expr(struct dm_translator *t, const struct dm_syn_expr *syntax)
{
    if (!dm_translate_enter(t, syntax->base.at)) {
        return NULL;
    }
    const struct dm_expr *expr = translate(t, syntax);
    dm_translate_leave(t);
    if (expr && expr->depth > DM_ALG_DEPTH_MAX) {
        (void)dm_translate_fail(t, expr->at, DM_ERR_LIMIT,
                                "the query is more than %d deep",
                                DM_ALG_DEPTH_MAX);
        return NULL;
    }
    return expr;
}
