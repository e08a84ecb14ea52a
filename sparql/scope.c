// SPDX-License-Identifier: ISC

#include "sparql/translate_private.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
dm_translate_fail(struct dm_translator *t, struct dm_position at,
                  enum dm_status status, const char *what, ...)
{
    if (!t->status) {
        char text[sizeof(((struct dm_error *)0)->what)];
        va_list arguments;
        va_start(arguments, what);
        (void)vsnprintf(text, sizeof(text), what, arguments);
        va_end(arguments);
        t->status = dm_error_set(t->error, status, "%s", text);
        dm_error_where(t->error, t->name, at.line, at.column);
    }
    return false;
}

bool
dm_translate_no_memory(struct dm_translator *t)
{
    return dm_translate_fail(t, (struct dm_position){0}, DM_ERR_NO_MEMORY,
                             "the query needs too much memory");
}

void *
dm_translate_alloc(struct dm_translator *t, size_t n, size_t size)
{
    void *room = t->status ? NULL : dm_arena_alloc(t->arena, n, size);
    if (!room) {
        (void)dm_translate_no_memory(t);
    }
    return room;
}

bool
dm_translate_enter(struct dm_translator *t, struct dm_position at)
{
    if (++t->depth > DM_ALG_DEPTH_MAX) {
        return dm_translate_fail(t, at, DM_ERR_LIMIT,
                                 "the query is more than %d deep",
                                 DM_ALG_DEPTH_MAX);
    }
    return !t->status;
}

void
dm_translate_leave(struct dm_translator *t)
{
    assert(t->depth);
    --t->depth;
}

static dm_var
add_var(struct dm_translator *t, struct dm_str name)
{
    if (t->n_vars == DM_VARS_MAX) {
        (void)dm_translate_fail(t, (struct dm_position){0}, DM_ERR_LIMIT,
                                "the query has more than %d variables",
                                DM_VARS_MAX);
        return DM_VAR_NONE;
    }
    if (t->n_vars == t->names_capacity) {
        const size_t capacity = t->names_capacity * 2;
        struct dm_str *names = dm_translate_alloc(t, capacity, sizeof(*names));
        if (!names) {
            return DM_VAR_NONE;
        }
        assert(t->names && t->n_vars);
        memcpy(names, t->names, t->n_vars * sizeof(*names));
        t->names = names;
        t->names_capacity = capacity;
    }
    t->names[t->n_vars] = name;
    return (dm_var)t->n_vars++;
}

struct dm_str
dm_translate_name(const struct dm_translator *t, dm_var name)
{
    assert(name < t->syntax->n_names && t->syntax->names);
    return t->syntax->names[name];
}

dm_var
dm_translate_var(struct dm_translator *t, dm_var name)
{
    assert(t->map);
    const struct dm_str text = dm_translate_name(t, name);
    if (t->map[name] == DM_VAR_NONE) {
        t->map[name] = add_var(t, text);
    }
    return t->map[name];
}

dm_var
dm_translate_fresh(struct dm_translator *t)
{
    return add_var(t, (struct dm_str){0});
}

dm_var *
dm_translate_scope(struct dm_translator *t)
{
    const size_t n = t->syntax->n_names;
    dm_var *map = dm_translate_alloc(t, n, sizeof(*map));
    for (size_t i = 0; map && i < n; ++i) {
        map[i] = DM_VAR_NONE;
    }
    return map;
}

void
dm_var_set_add(struct dm_var_set *set, dm_var var)
{
    if (var < DM_VARS_MAX) {
        set->bits[var / 64] |= UINT64_C(1) << (var % 64);
    }
}

bool
dm_var_set_has(const struct dm_var_set *set, dm_var var)
{
    return var < DM_VARS_MAX && (set->bits[var / 64] >> (var % 64) & 1U);
}

size_t
dm_var_set_count(const struct dm_var_set *set)
{
    size_t n = 0;
    for (dm_var var = 0; var < DM_VARS_MAX; ++var) {
        n += dm_var_set_has(set, var) ? 1 : 0;
    }
    return n;
}

static void
add_slot(struct dm_var_set *set, const struct dm_slot *slot)
{
    if (slot->kind == DM_SLOT_VAR) {
        dm_var_set_add(set, slot->var);
    } else if (slot->kind == DM_SLOT_TRIPLE) {
        assert(slot->triple);
        add_slot(set, &slot->triple->s);
        add_slot(set, &slot->triple->p);
        add_slot(set, &slot->triple->o);
    }
}

static void
add_patterns(struct dm_var_set *set, const struct dm_alg *alg)
{
    for (size_t i = 0; i < alg->n_patterns; ++i) {
        add_slot(set, &alg->patterns[i].s);
        add_slot(set, &alg->patterns[i].o);
        if (alg->kind == DM_ALG_BGP) {
            add_slot(set, &alg->patterns[i].p);
        }
    }
}

static void
add_vars(struct dm_var_set *set, const struct dm_alg *alg)
{
    for (size_t i = 0; i < alg->n_vars; ++i) {
        dm_var_set_add(set, alg->vars[i]);
    }
}

static void
add_keys(struct dm_var_set *set, const struct dm_alg *alg)
{
    for (size_t i = 0; i < alg->n_keys; ++i) {
        dm_var_set_add(set, alg->keys[i].var);
    }
}

void
dm_var_set_visible(struct dm_var_set *set, const struct dm_alg *alg)
{
    switch (alg->kind) {
    case DM_ALG_UNIT:
        return;
    case DM_ALG_BGP:
    case DM_ALG_PATH:
        add_patterns(set, alg);
        return;
    case DM_ALG_VALUES:
    case DM_ALG_PROJECT:
        add_vars(set, alg);
        return;
    case DM_ALG_GROUP:
        add_keys(set, alg);
        return;
    case DM_ALG_JOIN:
    case DM_ALG_LEFT_JOIN:
    case DM_ALG_UNION:
        assert(alg->right);
        dm_var_set_visible(set, alg->right);
        break;
    case DM_ALG_GRAPH:
    case DM_ALG_SERVICE:
        add_slot(set, &alg->graph);
        break;
    case DM_ALG_EXTEND:
        dm_var_set_add(set, alg->var);
        break;
    case DM_ALG_MINUS:
    case DM_ALG_FILTER:
    case DM_ALG_ORDER:
    case DM_ALG_DISTINCT:
    case DM_ALG_REDUCED:
    case DM_ALG_SLICE:
        break;
    }
    assert(alg->left);
    dm_var_set_visible(set, alg->left);
}
