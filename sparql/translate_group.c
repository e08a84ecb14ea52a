// SPDX-License-Identifier: ISC

#include "sparql/translate_private.h"

#include <assert.h>

struct pattern_node {
    struct dm_triple_pattern pattern;
    struct pattern_node *next;
};

struct filter_node {
    const struct dm_expr *expr;
    struct filter_node *next;
};

// A group while its elements are gone through: G of section 18.2.2.6, and the
// basic graph pattern that is not yet a part of it
struct gathering {
    const struct dm_alg *alg;
    struct pattern_node *patterns;
    struct pattern_node **patterns_tail;
    size_t n_patterns;
    struct filter_node *filters;
    struct filter_node **filters_tail;
    size_t n_filters;
};

struct dm_alg *
dm_translate_leaf(struct dm_translator *t, enum dm_alg_kind kind,
                  struct dm_position at)
{
    struct dm_alg *alg = dm_translate_alloc(t, 1, sizeof(*alg));
    if (alg) {
        *alg = (struct dm_alg){.kind = kind,
                               .var = DM_VAR_NONE,
                               .limit = DM_NO_LIMIT,
                               .depth = 1,
                               .at = at};
    }
    return alg;
}

static bool
add_depth(struct dm_translator *t, struct dm_alg *alg, uint32_t below)
{
    if (below >= DM_ALG_DEPTH_MAX) {
        return dm_translate_fail(t, alg->at, DM_ERR_LIMIT,
                                 "the query is more than %d deep",
                                 DM_ALG_DEPTH_MAX);
    }
    if (alg->depth <= below) {
        alg->depth = below + 1;
    }
    return true;
}

struct dm_alg *
dm_translate_node(struct dm_translator *t, enum dm_alg_kind kind,
                  const struct dm_alg *left, const struct dm_alg *right,
                  struct dm_position at)
{
    struct dm_alg *alg = left ? dm_translate_leaf(t, kind, at) : NULL;
    if (!alg || !add_depth(t, alg, left->depth) ||
        (right && !add_depth(t, alg, right->depth))) {
        return NULL;
    }
    alg->left = left;
    alg->right = right;
    return alg;
}

struct dm_alg *
dm_translate_filter(struct dm_translator *t, const struct dm_alg *left,
                    const struct dm_expr *expr)
{
    struct dm_alg *alg =
        expr ? dm_translate_node(t, DM_ALG_FILTER, left, NULL, expr->at) : NULL;
    if (!alg || !add_depth(t, alg, expr->depth)) {
        return NULL;
    }
    alg->expr = expr;
    return alg;
}

struct dm_alg *
dm_translate_extend(struct dm_translator *t, const struct dm_alg *left,
                    dm_var var, const struct dm_expr *expr)
{
    struct dm_alg *alg =
        expr ? dm_translate_node(t, DM_ALG_EXTEND, left, NULL, expr->at) : NULL;
    if (!alg || !add_depth(t, alg, expr->depth)) {
        return NULL;
    }
    alg->var = var;
    alg->expr = expr;
    return alg;
}

// Section 18.2.2.8: the empty pattern is the identity of a join
const struct dm_alg *
dm_translate_join(struct dm_translator *t, const struct dm_alg *left,
                  const struct dm_alg *right)
{
    if (!left || !right) {
        return NULL;
    }
    if (left->kind == DM_ALG_UNIT) {
        return right;
    }
    if (right->kind == DM_ALG_UNIT) {
        return left;
    }
    return dm_translate_node(t, DM_ALG_JOIN, left, right, right->at);
}

bool
dm_translate_slot(struct dm_translator *t, const struct dm_slot *syntax,
                  struct dm_slot *ret)
{
    *ret = *syntax;
    if (syntax->kind == DM_SLOT_VAR) {
        ret->var = dm_translate_var(t, syntax->var);
        return !t->status;
    }
    if (syntax->kind == DM_SLOT_TERM) {
        return true;
    }
    struct dm_triple_pattern *triple =
        dm_translate_alloc(t, 1, sizeof(*triple));
    assert(syntax->triple);
    if (!triple || !dm_translate_pattern(t, syntax->triple, triple)) {
        return false;
    }
    ret->triple = triple;
    return true;
}

bool
dm_translate_pattern(struct dm_translator *t,
                     const struct dm_triple_pattern *syntax,
                     struct dm_triple_pattern *ret)
{
    ret->at = syntax->at;
    return dm_translate_slot(t, &syntax->s, &ret->s) &&
           dm_translate_slot(t, &syntax->p, &ret->p) &&
           dm_translate_slot(t, &syntax->o, &ret->o);
}

struct dm_alg *
dm_translate_values(struct dm_translator *t, const struct dm_syn_values *syntax)
{
    struct dm_alg *alg = dm_translate_leaf(t, DM_ALG_VALUES, syntax->at);
    dm_var *vars = dm_translate_alloc(t, syntax->n_vars, sizeof(*vars));
    if (!alg || !vars) {
        return NULL;
    }
    for (size_t i = 0; i < syntax->n_vars; ++i) {
        vars[i] = dm_translate_var(t, syntax->vars[i]);
    }
    alg->vars = vars;
    alg->n_vars = syntax->n_vars;
    alg->rows = syntax->rows;
    alg->n_rows = syntax->n_rows;
    return t->status ? NULL : alg;
}

static bool
gather_pattern(struct dm_translator *t, struct gathering *g,
               const struct dm_triple_pattern *pattern)
{
    struct pattern_node *node = dm_translate_alloc(t, 1, sizeof(*node));
    if (!node) {
        return false;
    }
    node->pattern = *pattern;
    *g->patterns_tail = node;
    g->patterns_tail = &node->next;
    ++g->n_patterns;
    return true;
}

// End the basic graph pattern: it becomes a part of G.
static bool
flush(struct dm_translator *t, struct gathering *g)
{
    if (!g->n_patterns) {
        return !t->status;
    }
    struct dm_alg *alg =
        dm_translate_leaf(t, DM_ALG_BGP, g->patterns->pattern.at);
    struct dm_triple_pattern *patterns =
        dm_translate_alloc(t, g->n_patterns, sizeof(*patterns));
    if (!alg || !patterns) {
        return false;
    }
    size_t n = 0;
    for (const struct pattern_node *node = g->patterns; node;
         node = node->next) {
        patterns[n++] = node->pattern;
    }
    assert(n == g->n_patterns);
    alg->patterns = patterns;
    alg->n_patterns = n;
    g->patterns = NULL;
    g->patterns_tail = &g->patterns;
    g->n_patterns = 0;
    g->alg = dm_translate_join(t, g->alg, alg);
    return g->alg != NULL;
}

// G := Join(G, A); a basic graph pattern grows instead, which is the same
static bool
join(struct dm_translator *t, struct gathering *g, const struct dm_alg *alg)
{
    if (!alg) {
        return false;
    }
    if (alg->kind == DM_ALG_BGP) {
        for (size_t i = 0; i < alg->n_patterns; ++i) {
            if (!gather_pattern(t, g, &alg->patterns[i])) {
                return false;
            }
        }
        return true;
    }
    if (!flush(t, g)) {
        return false;
    }
    g->alg = dm_translate_join(t, g->alg, alg);
    return g->alg != NULL;
}

static const struct dm_alg *
translate_path(struct dm_translator *t, const struct dm_syn_triple *syntax)
{
    struct dm_alg *alg = dm_translate_leaf(t, DM_ALG_PATH, syntax->pattern.at);
    struct dm_triple_pattern *ends = dm_translate_alloc(t, 1, sizeof(*ends));
    assert(syntax->path);
    if (!alg || !ends || !dm_translate_pattern(t, &syntax->pattern, ends) ||
        !add_depth(t, alg, syntax->path->depth)) {
        return NULL;
    }
    alg->patterns = ends;
    alg->n_patterns = 1;
    alg->path = syntax->path;
    return alg;
}

// Plain triples first: they are one basic graph pattern, whatever paths stand
// between them
static bool
translate_triples(struct dm_translator *t, struct gathering *g,
                  const struct dm_syn_triple *triples)
{
    for (const struct dm_syn_triple *triple = triples; triple;
         triple = triple->next) {
        struct dm_triple_pattern pattern;
        if (!triple->path &&
            (!dm_translate_pattern(t, &triple->pattern, &pattern) ||
             !gather_pattern(t, g, &pattern))) {
            return false;
        }
    }
    for (const struct dm_syn_triple *triple = triples; triple;
         triple = triple->next) {
        if (triple->path && !join(t, g, translate_path(t, triple))) {
            return false;
        }
    }
    return true;
}

static const struct dm_alg *
translate_union(struct dm_translator *t, const struct dm_syn_group *groups)
{
    const struct dm_alg *alg = dm_translate_group(t, groups, NULL);
    for (const struct dm_syn_group *next = groups->next; alg && next;
         next = next->next) {
        const struct dm_alg *right = dm_translate_group(t, next, NULL);
        alg = right ? dm_translate_node(t, DM_ALG_UNION, alg, right, right->at)
                    : NULL;
    }
    return alg;
}

static bool
translate_optional(struct dm_translator *t, struct gathering *g,
                   const struct dm_syn_element *element)
{
    const struct dm_expr *filter = NULL;
    const struct dm_alg *right =
        flush(t, g) ? dm_translate_group(t, element->groups, &filter) : NULL;
    struct dm_alg *alg = right ? dm_translate_node(t, DM_ALG_LEFT_JOIN, g->alg,
                                                   right, element->at)
                               : NULL;
    if (!alg || (filter && !add_depth(t, alg, filter->depth))) {
        return false;
    }
    alg->expr = filter;
    g->alg = alg;
    return true;
}

static bool
translate_minus(struct dm_translator *t, struct gathering *g,
                const struct dm_syn_element *element)
{
    const struct dm_alg *right =
        flush(t, g) ? dm_translate_group(t, element->groups, NULL) : NULL;
    g->alg =
        right ? dm_translate_node(t, DM_ALG_MINUS, g->alg, right, element->at)
              : NULL;
    return g->alg != NULL;
}

static const struct dm_alg *
translate_graph(struct dm_translator *t, const struct dm_syn_element *element)
{
    const bool is_service = element->kind == DM_SYN_SERVICE;
    struct dm_slot graph;
    if (!dm_translate_slot(t, &element->graph, &graph)) {
        return NULL;
    }
    struct dm_alg *alg = dm_translate_node(
        t, is_service ? DM_ALG_SERVICE : DM_ALG_GRAPH,
        dm_translate_group(t, element->groups, NULL), NULL, element->at);
    if (!alg) {
        return NULL;
    }
    alg->graph = graph;
    alg->silent = element->silent;
    return alg;
}

static bool
translate_filter(struct dm_translator *t, struct gathering *g,
                 const struct dm_syn_element *element)
{
    struct filter_node *node = dm_translate_alloc(t, 1, sizeof(*node));
    assert(element->expr);
    const struct dm_expr *expr =
        node ? dm_translate_expr(t, element->expr) : NULL;
    if (!node || !expr) {
        return false;
    }
    node->expr = expr;
    *g->filters_tail = node;
    g->filters_tail = &node->next;
    ++g->n_filters;
    return true;
}

static bool
translate_bind(struct dm_translator *t, struct gathering *g,
               const struct dm_syn_element *element)
{
    const dm_var var =
        flush(t, g) ? dm_translate_var(t, element->var) : DM_VAR_NONE;
    if (t->status) {
        return false;
    }
    struct dm_var_set visible = {{0}};
    dm_var_set_visible(&visible, g->alg);
    if (dm_var_set_has(&visible, var)) {
        const struct dm_str name = dm_translate_name(t, element->var);
        return dm_translate_fail(t, element->at, DM_ERR_SYNTAX,
                                 "BIND cannot set ?%.*s: the group has it "
                                 "already",
                                 (int)name.n, name.data);
    }
    assert(element->expr);
    g->alg = dm_translate_extend(t, g->alg, var,
                                 dm_translate_expr(t, element->expr));
    return g->alg != NULL;
}

static bool
translate_element(struct dm_translator *t, struct gathering *g,
                  const struct dm_syn_element *element)
{
    switch (element->kind) {
    case DM_SYN_TRIPLES:
        return translate_triples(t, g, element->triples);
    case DM_SYN_UNION:
        return join(t, g, translate_union(t, element->groups));
    case DM_SYN_OPTIONAL:
        return translate_optional(t, g, element);
    case DM_SYN_MINUS:
        return translate_minus(t, g, element);
    case DM_SYN_GRAPH:
    case DM_SYN_SERVICE:
        return join(t, g, translate_graph(t, element));
    case DM_SYN_FILTER:
        return translate_filter(t, g, element);
    case DM_SYN_BIND:
        return translate_bind(t, g, element);
    case DM_SYN_VALUES:
        return join(t, g, dm_translate_values(t, element->values));
    case DM_SYN_SELECT:
        return join(t, g, dm_translate_sub_select(t, element->select));
    }
    assert(false && "every kind of element is translated");
    return false;
}

// The conjunction of the filters of a group
static const struct dm_expr *
conjunction(struct dm_translator *t, const struct gathering *g)
{
    if (g->n_filters == 1) {
        return g->filters->expr;
    }
    struct dm_expr *all = dm_translate_alloc(t, 1, sizeof(*all));
    const struct dm_expr **args =
        dm_translate_alloc(t, g->n_filters, sizeof(const void *));
    if (!all || !args) {
        return NULL;
    }
    *all = (struct dm_expr){.kind = DM_EXPR_CALL,
                            .function = DM_FN_AND,
                            .var = DM_VAR_NONE,
                            .args = args,
                            .depth = 1,
                            .at = g->filters->expr->at};
    for (const struct filter_node *node = g->filters; node; node = node->next) {
        args[all->n_args++] = node->expr;
        if (node->expr->depth >= all->depth) {
            all->depth = node->expr->depth + 1;
        }
    }
    return all;
}

static const struct dm_alg *
translate_elements(struct dm_translator *t, const struct dm_syn_group *syntax,
                   const struct dm_expr **ret_filter)
{
    struct gathering g = {
        .alg = dm_translate_leaf(t, DM_ALG_UNIT, (struct dm_position){0})};
    g.patterns_tail = &g.patterns;
    g.filters_tail = &g.filters;
    if (!g.alg) {
        return NULL;
    }
    for (const struct dm_syn_element *element = syntax->elements; element;
         element = element->next) {
        if (!translate_element(t, &g, element)) {
            return NULL;
        }
    }
    if (!flush(t, &g)) {
        return NULL;
    }
    const struct dm_expr *filter = NULL;
    if (g.n_filters) {
        filter = conjunction(t, &g);
        if (!filter) {
            return NULL;
        }
    }
    if (ret_filter) {
        *ret_filter = filter;
        return g.alg;
    }
    return filter ? dm_translate_filter(t, g.alg, filter) : g.alg;
}

const struct dm_alg *
dm_translate_group(struct dm_translator *t, const struct dm_syn_group *syntax,
                   const struct dm_expr **ret_filter)
{
    struct dm_grouping *grouping = t->grouping;
    t->grouping = NULL;
    const struct dm_alg *alg = dm_translate_enter(t, (struct dm_position){0})
                                   ? translate_elements(t, syntax, ret_filter)
                                   : NULL;
    dm_translate_leave(t);
    t->grouping = grouping;
    return alg;
}
