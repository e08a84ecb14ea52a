// SPDX-License-Identifier: ISC

#include "tests/sparql/random_algebra.h"

#include "tests/check.h"
#include "tests/sparql/naive.h"

#define VARS 6U // Those of patterns; the rest is for BIND

struct builder {
    struct random_source *source;
    struct dm_arena *arena;
    bool in_exists; // No sub-select: its hidden variables have other numbers
};

unsigned
random_below(struct random_source *source, unsigned n)
{
    if (source->n) {
        --source->n;
        return *source->bytes++ % n;
    }
    if (!source->state) {
        return 0;
    }
    source->state ^= source->state << 13U;
    source->state ^= source->state >> 7U;
    source->state ^= source->state << 17U;
    return (unsigned)(source->state >> 11U) % n;
}

struct dm_term
random_term(unsigned i)
{
    static const char *const iris[] = {"http://e/0", "http://e/1", "http://e/2",
                                       "http://e/3", "http://e/4"};
    static const char *const numbers[] = {"0", "1", "2"};
    CHECK(i < RANDOM_TERMS);
    return i < DM_COUNT_OF(iris)
               ? dm_term_iri(dm_str(iris[i]))
               : dm_term_literal(dm_str(numbers[i - DM_COUNT_OF(iris)]),
                                 dm_str(DM_XSD_NS "integer"));
}

static void *
room(struct builder *builder, size_t n, size_t size)
{
    void *made = dm_arena_alloc(builder->arena, n, size);
    CHECK(made);
    return made;
}

static unsigned
pick(struct builder *builder, unsigned n)
{
    return random_below(builder->source, n);
}

static struct dm_slot
make_slot(struct builder *builder, bool may_nest)
{
    struct dm_slot slot = {.kind = DM_SLOT_VAR, .var = DM_VAR_NONE};
    const unsigned what = pick(builder, 10);
    if (what < 6) {
        slot.var = pick(builder, VARS);
        return slot;
    }
    if (what < 9 || !may_nest) {
        slot.kind = DM_SLOT_TERM;
        slot.term = random_term(pick(builder, RANDOM_TERMS));
        return slot;
    }
    struct dm_triple_pattern *triple = room(builder, 1, sizeof(*triple));
    slot.kind = DM_SLOT_TRIPLE;
    slot.triple = triple;
    triple->s.kind = DM_SLOT_VAR;
    triple->s.var = pick(builder, VARS);
    triple->p = make_slot(builder, false);
    triple->o = make_slot(builder, true);
    return slot;
}

static const struct dm_expr *make_expr(struct builder *builder, unsigned depth);
static struct dm_alg *make(struct builder *builder, unsigned depth);

static const struct dm_expr *
make_call(struct builder *builder, unsigned depth)
{
    static const enum dm_function functions[] = {
        DM_FN_EQUAL, DM_FN_NOT_EQUAL, DM_FN_LESS,  DM_FN_ADD,     DM_FN_AND,
        DM_FN_OR,    DM_FN_NOT,       DM_FN_BOUND, DM_FN_COALESCE};
    struct dm_expr *expr = room(builder, 1, sizeof(*expr));
    const struct dm_expr **args = room(builder, 2, sizeof(*args));
    expr->kind = DM_EXPR_CALL;
    expr->function = functions[pick(builder, DM_COUNT_OF(functions))];
    expr->args = args;
    if (expr->function == DM_FN_BOUND) {
        struct dm_expr *var = room(builder, 1, sizeof(*var));
        var->kind = DM_EXPR_VAR;
        var->var = pick(builder, NAIVE_VARS);
        args[0] = var;
        expr->n_args = 1;
        return expr;
    }
    expr->n_args = expr->function == DM_FN_NOT ? 1 : 2;
    for (size_t i = 0; i < expr->n_args; ++i) {
        args[i] = make_expr(builder, depth - 1);
    }
    return expr;
}

static const struct dm_expr *
make_exists(struct builder *builder)
{
    struct dm_expr *expr = room(builder, 1, sizeof(*expr));
    const bool around = builder->in_exists;
    expr->kind = DM_EXPR_EXISTS;
    builder->in_exists = true;
    expr->pattern = make(builder, 2);
    builder->in_exists = around;
    return expr;
}

static const struct dm_expr *
make_expr(struct builder *builder, unsigned depth)
{
    const unsigned what = pick(builder, 8);
    if (depth && what < 4) {
        return make_call(builder, depth);
    }
    if (depth && what == 4) {
        return make_exists(builder);
    }
    struct dm_expr *expr = room(builder, 1, sizeof(*expr));
    expr->kind = what == 5 ? DM_EXPR_TERM : DM_EXPR_VAR;
    expr->var = pick(builder, NAIVE_VARS);
    expr->term = random_term(pick(builder, RANDOM_TERMS));
    return expr;
}

static void
make_bgp(struct builder *builder, struct dm_alg *alg)
{
    const size_t n = 1 + pick(builder, 2);
    struct dm_triple_pattern *patterns = room(builder, n, sizeof(*patterns));
    for (size_t i = 0; i < n; ++i) {
        patterns[i].s = make_slot(builder, false);
        patterns[i].p = make_slot(builder, false);
        patterns[i].o = make_slot(builder, true);
    }
    alg->kind = DM_ALG_BGP;
    alg->patterns = patterns;
    alg->n_patterns = n;
}

static void
make_values(struct builder *builder, struct dm_alg *alg)
{
    const size_t n_vars = 1 + pick(builder, 2);
    const size_t n_rows = pick(builder, 4);
    dm_var *vars = room(builder, n_vars, sizeof(*vars));
    struct dm_term *rows = room(builder, n_vars * n_rows + 1, sizeof(*rows));
    vars[0] = pick(builder, VARS);
    if (n_vars > 1) {
        vars[1] = (vars[0] + 1) % VARS;
    }
    for (size_t i = 0; i < n_vars * n_rows; ++i) {
        if (pick(builder, 4)) {
            rows[i] = random_term(pick(builder, RANDOM_TERMS));
        }
    }
    alg->kind = DM_ALG_VALUES;
    alg->vars = vars;
    alg->n_vars = n_vars;
    alg->rows = rows;
    alg->n_rows = n_rows;
}

// Whether `var` is written anywhere in a tree: then BIND may not assign it
static bool
occurs_in_slot(const struct dm_slot *slot, dm_var var)
{
    if (slot->kind == DM_SLOT_TRIPLE) {
        return occurs_in_slot(&slot->triple->s, var) ||
               occurs_in_slot(&slot->triple->p, var) ||
               occurs_in_slot(&slot->triple->o, var);
    }
    return slot->kind == DM_SLOT_VAR && slot->var == var;
}

static bool
occurs(const struct dm_alg *alg, dm_var var)
{
    for (size_t i = 0; i < alg->n_patterns; ++i) {
        if (occurs_in_slot(&alg->patterns[i].s, var) ||
            occurs_in_slot(&alg->patterns[i].p, var) ||
            occurs_in_slot(&alg->patterns[i].o, var)) {
            return true;
        }
    }
    for (size_t i = 0; i < alg->n_vars; ++i) {
        if (alg->vars[i] == var) {
            return true;
        }
    }
    for (size_t i = 0; i < alg->n_keys; ++i) {
        if (alg->keys[i].var == var) {
            return true;
        }
    }
    return (alg->kind == DM_ALG_EXTEND && alg->var == var) ||
           (alg->kind == DM_ALG_GRAPH && occurs_in_slot(&alg->graph, var)) ||
           (alg->left && occurs(alg->left, var)) ||
           (alg->right && occurs(alg->right, var));
}

static bool
choose_new_var(struct builder *builder, const struct dm_alg *below, dm_var *ret)
{
    *ret = pick(builder, NAIVE_VARS);
    for (unsigned i = 0; i < NAIVE_VARS; ++i) {
        if (!occurs(below, *ret)) {
            return true;
        }
        *ret = (*ret + 1) % NAIVE_VARS;
    }
    return false;
}

static void
make_extend(struct builder *builder, struct dm_alg *alg, unsigned depth)
{
    alg->left = make(builder, depth - 1);
    if (choose_new_var(builder, alg->left, &alg->var)) {
        alg->kind = DM_ALG_EXTEND;
        alg->expr = make_expr(builder, 2);
    } else {
        alg->kind = DM_ALG_DISTINCT;
    }
}

static void
make_project(struct builder *builder, struct dm_alg *alg, unsigned depth)
{
    dm_var *vars = room(builder, NAIVE_VARS, sizeof(*vars));
    alg->kind = DM_ALG_PROJECT;
    alg->left = make(builder, depth - 1);
    alg->vars = vars;
    for (dm_var var = 0; var < NAIVE_VARS; ++var) {
        if (pick(builder, 2)) {
            vars[alg->n_vars++] = var;
        }
    }
}

// An Extend with the aggregate, around a Group
static void
make_group(struct builder *builder, struct dm_alg *alg, unsigned depth)
{
    struct dm_alg *group = room(builder, 1, sizeof(*group));
    struct dm_group_key_def *keys = room(builder, 1, sizeof(*keys));
    struct dm_aggregate_def *def = room(builder, 1, sizeof(*def));
    struct dm_expr *value = room(builder, 1, sizeof(*value));
    struct dm_expr *key = room(builder, 1, sizeof(*key));
    group->kind = DM_ALG_GROUP;
    group->left = make(builder, depth - 1);
    group->n_keys = pick(builder, 3) ? 1 : 0;
    key->kind = DM_EXPR_VAR;
    key->var = pick(builder, VARS);
    keys[0] = (struct dm_group_key_def){.var = key->var, .expr = key};
    group->keys = keys;
    def->kind = pick(builder, 2) ? DM_AGG_COUNT : DM_AGG_SUM;
    def->arg = def->kind == DM_AGG_SUM || pick(builder, 2)
                   ? make_expr(builder, 1)
                   : NULL;
    group->aggregates = def;
    group->n_aggregates = 1;
    value->kind = DM_EXPR_AGGREGATE;
    alg->left = group;
    alg->expr = value;
    alg->kind = DM_ALG_EXTEND;
    alg->var = keys[0].var == NAIVE_VARS - 1 ? 0 : NAIVE_VARS - 1;
}

static struct dm_alg *
make(struct builder *builder, unsigned depth)
{
    static const enum dm_alg_kind two[] = {
        DM_ALG_JOIN, DM_ALG_JOIN, DM_ALG_LEFT_JOIN, DM_ALG_UNION, DM_ALG_MINUS};
    struct dm_alg *alg = room(builder, 1, sizeof(*alg));
    const unsigned what = pick(builder, 16);
    if (!depth || what < 2) {
        make_bgp(builder, alg);
    } else if (what < 9) {
        alg->kind = two[pick(builder, DM_COUNT_OF(two))];
        alg->left = make(builder, depth - 1);
        alg->right = make(builder, depth - 1);
        if (alg->kind == DM_ALG_LEFT_JOIN && pick(builder, 2)) {
            alg->expr = make_expr(builder, 2);
        }
    } else if (what < 11) {
        alg->kind = DM_ALG_FILTER;
        alg->left = make(builder, depth - 1);
        alg->expr = make_expr(builder, 2);
    } else if (what == 11) {
        alg->kind = DM_ALG_GRAPH;
        alg->left = make(builder, depth - 1);
        alg->graph.kind = pick(builder, 2) ? DM_SLOT_VAR : DM_SLOT_TERM;
        alg->graph.var = pick(builder, VARS);
        alg->graph.term = random_term(pick(builder, RANDOM_GRAPHS + 1));
    } else if (what == 12) {
        make_extend(builder, alg, depth);
    } else if (what == 13) {
        make_values(builder, alg);
    } else if (what == 14 && !builder->in_exists) {
        make_project(builder, alg, depth);
    } else if (what == 15 && !builder->in_exists) {
        make_group(builder, alg, depth);
    } else {
        alg->kind = pick(builder, 4) ? DM_ALG_DISTINCT : DM_ALG_UNIT;
        alg->left = alg->kind == DM_ALG_UNIT ? NULL : make(builder, depth - 1);
    }
    return alg;
}

const struct dm_alg *
random_algebra(struct random_source *source, struct dm_arena *arena,
               unsigned depth)
{
    struct builder builder = {.source = source, .arena = arena};
    return make(&builder, depth);
}
