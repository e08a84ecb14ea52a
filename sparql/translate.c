// SPDX-License-Identifier: ISC

#include "sparql/translate_private.h"

#include <assert.h>

#define NAMES_FIRST 32 // Room for so many variables at first

// A query level while it is translated
struct level {
    const struct dm_syn_select *syntax;
    const struct dm_alg *alg;
    bool is_grouped;
    struct dm_grouping grouping;
    struct dm_var_set in_scope;    // What an AS of SELECT may not name
    const struct dm_expr **items;  // By place in SELECT; NULL: a variable
    const struct dm_expr **having; // By place in HAVING
    size_t n_having;
    struct dm_order_key *order;
    size_t n_order;
};

static size_t
count_items(const struct dm_syn_item *list)
{
    size_t n = 0;
    for (; list; list = list->next) {
        ++n;
    }
    return n;
}

static bool
check_as(struct dm_translator *t, const struct dm_var_set *in_scope,
         const struct dm_syn_item *item, dm_var var)
{
    if (!dm_var_set_has(in_scope, var)) {
        return !t->status;
    }
    const struct dm_str name = dm_translate_name(t, item->var);
    return dm_translate_fail(t, item->at, DM_ERR_SYNTAX,
                             "AS cannot set ?%.*s: it is in use already",
                             (int)name.n, name.data);
}

// Section 18.2.4.1, "Step: GROUP BY"
static bool
translate_keys(struct dm_translator *t, struct level *level,
               struct dm_alg *group)
{
    const struct dm_syn_item *items = level->syntax->keys;
    const size_t n = count_items(items);
    struct dm_group_key_def *keys = dm_translate_alloc(t, n, sizeof(*keys));
    if (!keys) {
        return false;
    }
    struct dm_var_set in_scope = level->grouping.visible;
    size_t i = 0;
    for (const struct dm_syn_item *item = items; item; item = item->next) {
        assert(item->expr);
        const struct dm_expr *expr = dm_translate_expr(t, item->expr);
        if (!expr) {
            return false;
        }
        keys[i].expr = expr;
        if (item->var != DM_VAR_NONE) {
            keys[i].var = dm_translate_var(t, item->var);
            if (!check_as(t, &in_scope, item, keys[i].var)) {
                return false;
            }
            dm_var_set_add(&in_scope, keys[i].var);
        } else if (expr->kind == DM_EXPR_VAR) {
            keys[i].var = expr->var;
        } else {
            keys[i].var = dm_translate_fresh(t);
        }
        dm_var_set_add(&level->grouping.keys, keys[i].var);
        ++i;
    }
    group->keys = keys;
    group->n_keys = n;
    return !t->status;
}

// Expressions of SELECT; above a group what one names the next may use
static bool
translate_items(struct dm_translator *t, struct level *level)
{
    const size_t n = count_items(level->syntax->items);
    level->items = dm_translate_alloc(t, n, sizeof(const void *));
    if (!level->items) {
        return false;
    }
    struct dm_var_set named = level->in_scope;
    size_t i = 0;
    for (const struct dm_syn_item *item = level->syntax->items; item;
         item = item->next, ++i) {
        const dm_var var = dm_translate_var(t, item->var);
        if (!item->expr) {
            if (level->is_grouped &&
                !dm_var_set_has(&level->grouping.keys, var)) {
                const struct dm_str name = dm_translate_name(t, item->var);
                return dm_translate_fail(
                    t, item->at, DM_ERR_SYNTAX,
                    "?%.*s is neither grouped by nor aggregated", (int)name.n,
                    name.data);
            }
            dm_var_set_add(&named, var);
            continue;
        }
        if (!check_as(t, &named, item, var)) {
            return false;
        }
        level->items[i] = dm_translate_expr(t, item->expr);
        if (!level->items[i]) {
            return false;
        }
        dm_var_set_add(&named, var);
        dm_var_set_add(&level->grouping.keys, var);
    }
    return !t->status;
}

static bool
translate_having(struct dm_translator *t, struct level *level)
{
    size_t n = 0;
    for (const struct dm_syn_expr *expr = level->syntax->having; expr;
         expr = expr->next) {
        ++n;
    }
    level->having = dm_translate_alloc(t, n, sizeof(const void *));
    if (!level->having) {
        return false;
    }
    for (const struct dm_syn_expr *expr = level->syntax->having; expr;
         expr = expr->next) {
        const struct dm_expr *having = dm_translate_expr(t, expr);
        if (!having) {
            return false;
        }
        level->having[level->n_having++] = having;
    }
    return true;
}

static bool
translate_order(struct dm_translator *t, struct level *level)
{
    size_t n = 0;
    for (const struct dm_syn_order *order = level->syntax->order; order;
         order = order->next) {
        ++n;
    }
    level->order = dm_translate_alloc(t, n, sizeof(*level->order));
    if (!level->order) {
        return false;
    }
    for (const struct dm_syn_order *order = level->syntax->order; order;
         order = order->next) {
        const struct dm_expr *expr = dm_translate_expr(t, order->expr);
        if (!expr) {
            return false;
        }
        level->order[level->n_order++] = (struct dm_order_key){
            .expr = expr, .descending = order->descending};
    }
    return true;
}

// The expressions of a level, in the order in which they see each other's names
static bool
translate_expressions(struct dm_translator *t, struct level *level)
{
    struct dm_grouping *grouping = level->is_grouped ? &level->grouping : NULL;
    t->grouping = grouping;
    bool is_good = translate_having(t, level);
    level->grouping.is_strict = true;
    is_good = is_good && translate_items(t, level);
    level->grouping.is_strict = false;
    is_good = is_good && translate_order(t, level);
    t->grouping = NULL;
    return is_good;
}

static bool
set_aggregates(struct dm_translator *t, const struct dm_grouping *grouping,
               struct dm_alg *group)
{
    struct dm_aggregate_def *defs =
        dm_translate_alloc(t, grouping->n_aggregates, sizeof(*defs));
    if (!defs) {
        return false;
    }
    size_t n = 0;
    for (const struct dm_aggregate_node *node = grouping->aggregates; node;
         node = node->next) {
        defs[n++] = node->def;
    }
    group->aggregates = defs;
    group->n_aggregates = n;
    return true;
}

// Sections 18.2.4.1 to 18.2.4.4: grouping, aggregates, HAVING, VALUES, SELECT
static bool
translate_grouping(struct dm_translator *t, struct level *level)
{
    const struct dm_syn_select *syntax = level->syntax;
    struct dm_grouping *grouping = &level->grouping;
    level->is_grouped = syntax->keys || syntax->has_aggregates;
    dm_var_set_visible(&grouping->visible, level->alg);
    struct dm_alg *group = NULL;
    if (level->is_grouped) {
        if (syntax->all) {
            return dm_translate_fail(t, syntax->at, DM_ERR_SYNTAX,
                                     "SELECT * cannot be with GROUP BY or "
                                     "aggregates");
        }
        group =
            dm_translate_node(t, DM_ALG_GROUP, level->alg, NULL, syntax->at);
        if (!group || !translate_keys(t, level, group)) {
            return false;
        }
        level->alg = group;
    }
    level->in_scope = level->is_grouped ? grouping->keys : grouping->visible;
    const struct dm_alg *values = NULL;
    if (syntax->values) {
        values = dm_translate_values(t, syntax->values);
        if (!values) {
            return false;
        }
        dm_var_set_visible(&level->in_scope, values);
        dm_var_set_visible(&grouping->keys, values);
    }
    if (!translate_expressions(t, level) ||
        (group && !set_aggregates(t, grouping, group))) {
        return false;
    }
    for (size_t i = 0; i < level->n_having; ++i) {
        level->alg = dm_translate_filter(t, level->alg, level->having[i]);
    }
    if (values) {
        level->alg = dm_translate_join(t, level->alg, values);
    }
    return level->alg != NULL;
}

static bool
extend_items(struct dm_translator *t, struct level *level)
{
    size_t i = 0;
    for (const struct dm_syn_item *item = level->syntax->items; item;
         item = item->next, ++i) {
        if (level->items[i]) {
            level->alg = dm_translate_extend(
                t, level->alg, dm_translate_var(t, item->var), level->items[i]);
        }
    }
    return level->alg != NULL;
}

static bool
order(struct dm_translator *t, struct level *level)
{
    if (!level->n_order) {
        return true;
    }
    struct dm_alg *alg =
        dm_translate_node(t, DM_ALG_ORDER, level->alg, NULL, level->syntax->at);
    if (!alg) {
        return false;
    }
    for (size_t i = 0; i < level->n_order; ++i) {
        const uint32_t depth = level->order[i].expr->depth;
        alg->depth = alg->depth > depth ? alg->depth : depth + 1;
    }
    alg->order = level->order;
    alg->n_order = level->n_order;
    level->alg = alg;
    return true;
}

// The variables in `set`, in the order in which the query mentions them
static bool
list_vars(struct dm_translator *t, const struct dm_var_set *set,
          const dm_var **ret_vars, size_t *ret_n)
{
    dm_var *vars = dm_translate_alloc(t, dm_var_set_count(set), sizeof(*vars));
    if (!vars) {
        return false;
    }
    size_t n = 0;
    for (dm_var var = 0; var < t->n_vars; ++var) {
        if (dm_var_set_has(set, var) && t->names[var].n) {
            vars[n++] = var;
        }
    }
    *ret_vars = vars;
    *ret_n = n;
    return true;
}

// What SELECT projects, each once
static bool
list_items(struct dm_translator *t, const struct level *level,
           const dm_var **ret_vars, size_t *ret_n)
{
    if (level->syntax->all) {
        return list_vars(t, &level->in_scope, ret_vars, ret_n);
    }
    dm_var *vars =
        dm_translate_alloc(t, count_items(level->syntax->items), sizeof(*vars));
    if (!vars) {
        return false;
    }
    struct dm_var_set seen = {{0}};
    size_t n = 0;
    for (const struct dm_syn_item *item = level->syntax->items; item;
         item = item->next) {
        const dm_var var = dm_translate_var(t, item->var);
        if (!dm_var_set_has(&seen, var)) {
            dm_var_set_add(&seen, var);
            vars[n++] = var;
        }
    }
    *ret_vars = vars;
    *ret_n = n;
    return true;
}

// Section 18.2.5: ORDER BY, projection, DISTINCT, REDUCED, OFFSET and LIMIT
static bool
translate_modifiers(struct dm_translator *t, struct level *level,
                    bool is_select)
{
    const struct dm_syn_select *syntax = level->syntax;
    if (!extend_items(t, level) || !order(t, level)) {
        return false;
    }
    if (is_select) {
        struct dm_alg *alg =
            dm_translate_node(t, DM_ALG_PROJECT, level->alg, NULL, syntax->at);
        if (!alg || !list_items(t, level, &alg->vars, &alg->n_vars)) {
            return false;
        }
        level->alg = alg;
    }
    if (syntax->distinct || syntax->reduced) {
        level->alg = dm_translate_node(
            t, syntax->distinct ? DM_ALG_DISTINCT : DM_ALG_REDUCED, level->alg,
            NULL, syntax->at);
    }
    if (syntax->offset || syntax->limit != DM_NO_LIMIT) {
        struct dm_alg *alg =
            dm_translate_node(t, DM_ALG_SLICE, level->alg, NULL, syntax->at);
        if (!alg) {
            return false;
        }
        alg->offset = syntax->offset;
        alg->limit = syntax->limit;
        level->alg = alg;
    }
    return level->alg != NULL;
}

static bool
translate_level(struct dm_translator *t, const struct dm_syn_select *syntax,
                bool is_select, struct level *ret)
{
    *ret = (struct level){.syntax = syntax};
    ret->grouping.tail = &ret->grouping.aggregates;
    ret->alg = dm_translate_group(t, syntax->group, NULL);
    return ret->alg && translate_grouping(t, ret) &&
           translate_modifiers(t, ret, is_select);
}

// With SELECT * all that is in scope inside is so outside
const struct dm_alg *
dm_translate_sub_select(struct dm_translator *t,
                        const struct dm_syn_select *syntax)
{
    dm_var *outer = t->map;
    if (!syntax->all) {
        dm_var *map = dm_translate_scope(t);
        if (!map) {
            return NULL;
        }
        for (const struct dm_syn_item *item = syntax->items; item;
             item = item->next) {
            map[item->var] = dm_translate_var(t, item->var);
        }
        t->map = map;
    }
    struct level level;
    const bool is_good = translate_level(t, syntax, true, &level);
    t->map = outer;
    return is_good ? level.alg : NULL;
}

static bool
list_terms(struct dm_translator *t, const struct dm_syn_term *list,
           const struct dm_term **ret_terms, size_t *ret_n)
{
    size_t n = 0;
    for (const struct dm_syn_term *node = list; node; node = node->next) {
        ++n;
    }
    struct dm_term *terms = dm_translate_alloc(t, n, sizeof(*terms));
    if (!terms) {
        return false;
    }
    *ret_terms = terms;
    *ret_n = n;
    for (; list; list = list->next) {
        *terms++ = list->term;
    }
    return true;
}

// The template, and what it needs of a solution
static bool
translate_construct(struct dm_translator *t, struct dm_query *query,
                    struct dm_var_set *used)
{
    size_t n = 0;
    for (const struct dm_syn_triple *node = t->syntax->construct; node;
         node = node->next) {
        ++n;
    }
    struct dm_triple_pattern *patterns =
        dm_translate_alloc(t, n, sizeof(*patterns));
    if (!patterns) {
        return false;
    }
    query->construct = patterns;
    query->n_construct = n;
    for (const struct dm_syn_triple *node = t->syntax->construct; node;
         node = node->next) {
        if (!dm_translate_pattern(t, &node->pattern, patterns++)) {
            return false;
        }
    }
    const struct dm_alg bgp = {
        .kind = DM_ALG_BGP, .patterns = query->construct, .n_patterns = n};
    dm_var_set_visible(used, &bgp);
    return true;
}

static bool
translate_describe(struct dm_translator *t, struct dm_query *query,
                   const struct level *level, struct dm_var_set *used)
{
    size_t n = 0;
    for (const struct dm_syn_slot *node = t->syntax->describe; node;
         node = node->next) {
        ++n;
    }
    if (level->syntax->all) {
        *used = level->in_scope;
        n = dm_var_set_count(used);
    }
    struct dm_slot *slots = dm_translate_alloc(t, n, sizeof(*slots));
    if (!slots) {
        return false;
    }
    query->describe = slots;
    for (const struct dm_syn_slot *node = t->syntax->describe; node;
         node = node->next) {
        struct dm_slot *slot = &slots[query->n_describe++];
        if (!dm_translate_slot(t, &node->slot, slot)) {
            return false;
        }
        if (slot->kind == DM_SLOT_VAR) {
            dm_var_set_add(used, slot->var);
        }
    }
    for (dm_var var = 0; level->syntax->all && var < t->n_vars; ++var) {
        if (dm_var_set_has(used, var) && t->names[var].n) {
            slots[query->n_describe++] =
                (struct dm_slot){.kind = DM_SLOT_VAR, .var = var};
        }
    }
    return true;
}

// What the form takes of each solution
static bool
translate_form(struct dm_translator *t, struct dm_query *query,
               const struct level *level)
{
    struct dm_var_set used = {{0}};
    switch (query->form) {
    case DM_QUERY_SELECT:
        return list_items(t, level, &query->columns, &query->n_columns);
    case DM_QUERY_ASK:
        return true;
    case DM_QUERY_CONSTRUCT:
        return translate_construct(t, query, &used) &&
               list_vars(t, &used, &query->columns, &query->n_columns);
    case DM_QUERY_DESCRIBE:
        return translate_describe(t, query, level, &used) &&
               list_vars(t, &used, &query->columns, &query->n_columns);
    }
    assert(false && "every form is translated");
    return false;
}

enum dm_status
dm_translate(const struct dm_syn_query *syntax, struct dm_str name,
             struct dm_arena *arena, struct dm_query *ret,
             struct dm_error *error)
{
    struct dm_translator t = {
        .syntax = syntax, .arena = arena, .error = error, .name = name};
    struct dm_query query = {.form = syntax->form,
                             .has_dataset = syntax->has_dataset,
                             .base = syntax->base};
    struct level level;
    t.map = dm_translate_scope(&t);
    t.names = dm_translate_alloc(&t, NAMES_FIRST, sizeof(*t.names));
    t.names_capacity = NAMES_FIRST;
    if (!t.map || !t.names ||
        !translate_level(&t, syntax->level, syntax->form == DM_QUERY_SELECT,
                         &level) ||
        !translate_form(&t, &query, &level) ||
        !list_terms(&t, syntax->from, &query.from, &query.n_from) ||
        !list_terms(&t, syntax->from_named, &query.from_named,
                    &query.n_from_named)) {
        assert(t.status);
        return t.status;
    }
    query.pattern = level.alg;
    query.names = t.names;
    query.n_vars = t.n_vars;
    *ret = query;
    return DM_OK;
}
