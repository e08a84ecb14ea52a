// SPDX-License-Identifier: ISC

#include "sparql/parser_private.h"

#include "sparql/keyword_private.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FOUND_MAX 40 // Bytes of a token that an error shows

static void
stop(struct dm_parser *p, enum dm_status status)
{
    if (!p->status) {
        p->status = status;
    }
    p->token.kind = DM_TOKEN_END;
}

bool
dm_parser_fail(struct dm_parser *p, struct dm_position at,
               enum dm_status status, const char *what, ...)
{
    if (!p->status) {
        char text[sizeof(p->unsupported.what)];
        va_list arguments;
        va_start(arguments, what);
        (void)vsnprintf(text, sizeof(text), what, arguments);
        va_end(arguments);
        (void)dm_error_set(p->error, status, "%s", text);
        dm_error_where(p->error, p->name, at.line, at.column);
    }
    stop(p, status);
    return false;
}

void
dm_parser_unsupported(struct dm_parser *p, struct dm_position at,
                      const char *what, ...)
{
    if (p->unsupported.status) {
        return;
    }
    char text[sizeof(p->unsupported.what)];
    va_list arguments;
    va_start(arguments, what);
    (void)vsnprintf(text, sizeof(text), what, arguments);
    va_end(arguments);
    (void)dm_error_set(&p->unsupported, DM_ERR_UNSUPPORTED,
                       "not supported yet: %s", text);
    dm_error_where(&p->unsupported, p->name, at.line, at.column);
}

bool
dm_parser_expected(struct dm_parser *p, const char *what)
{
    if (p->status) {
        return false;
    }
    const struct dm_token token = p->token;
    (void)dm_parser_fail(p, token.at, DM_ERR_SYNTAX, "expected %s", what);
    if (token.kind == DM_TOKEN_END) {
        dm_error_detail(p->error, "found the end of the query");
        return false;
    }
    const struct dm_str shown = dm_utf8_cut(token.text, FOUND_MAX);
    dm_error_detail(p->error, "found '%.*s%s'", (int)shown.n, shown.data,
                    shown.n < token.text.n ? "…" : "");
    if (token.kind == DM_TOKEN_WORD) {
        const struct dm_str near = dm_keyword_nearest(token.text);
        if (near.data) {
            dm_error_hint(p->error, "Did you mean %.*s?", (int)near.n,
                          near.data);
        }
    } else if (token.kind == DM_TOKEN_LESS) {
        dm_error_hint(p->error, "An IRI has no spaces between < and >");
    }
    return false;
}

void
dm_parser_advance(struct dm_parser *p)
{
    if (p->status) {
        return;
    }
    const enum dm_status status = dm_lexer_next(&p->lexer, &p->token, p->error);
    if (status) {
        dm_error_where(p->error, p->name, p->lexer.position.line,
                       p->lexer.position.column);
        stop(p, status);
    }
}

bool
dm_parser_is(const struct dm_parser *p, enum dm_token_kind kind)
{
    return p->token.kind == kind;
}

bool
dm_parser_is_word(const struct dm_parser *p, const char *word)
{
    return p->token.kind == DM_TOKEN_WORD &&
           dm_str_equal_nocase(p->token.text, dm_str(word));
}

bool
dm_parser_accept(struct dm_parser *p, enum dm_token_kind kind)
{
    if (p->status || p->token.kind != kind) {
        return false;
    }
    dm_parser_advance(p);
    return !p->status;
}

bool
dm_parser_accept_word(struct dm_parser *p, const char *word)
{
    if (!dm_parser_is_word(p, word)) {
        return false;
    }
    dm_parser_advance(p);
    return !p->status;
}

bool
dm_parser_expect(struct dm_parser *p, enum dm_token_kind kind, const char *what)
{
    return dm_parser_accept(p, kind) || dm_parser_expected(p, what);
}

bool
dm_parser_expect_word(struct dm_parser *p, const char *word)
{
    return dm_parser_accept_word(p, word) || dm_parser_expected(p, word);
}

bool
dm_parser_enter(struct dm_parser *p)
{
    if (++p->depth > DM_QUERY_NESTING_MAX) {
        return dm_parser_fail(p, p->token.at, DM_ERR_LIMIT,
                              "the query nests more than %d deep",
                              DM_QUERY_NESTING_MAX);
    }
    return !p->status;
}

void
dm_parser_leave(struct dm_parser *p)
{
    assert(p->depth);
    --p->depth;
}

void *
dm_parser_alloc(struct dm_parser *p, size_t n, size_t size)
{
    void *room = p->status ? NULL : dm_arena_alloc(p->arena, n, size);
    if (!room) {
        (void)dm_parser_no_memory(p);
    }
    return room;
}

bool
dm_parser_no_memory(struct dm_parser *p)
{
    return dm_parser_fail(p, p->token.at, DM_ERR_NO_MEMORY,
                          "the query needs too much memory");
}

// A number for `name`, which may be empty
static dm_var
add_name(struct dm_parser *p, struct dm_str name)
{
    if (p->n_names == DM_VARS_MAX) {
        (void)dm_parser_fail(p, p->token.at, DM_ERR_LIMIT,
                             "the query has more than %d variables",
                             DM_VARS_MAX);
        return DM_VAR_NONE;
    }
    if (p->n_names == p->names_capacity) {
        const size_t capacity = p->names_capacity ? p->names_capacity * 2 : 32;
        struct dm_str *names = dm_parser_alloc(p, capacity, sizeof(*names));
        if (!names) {
            return DM_VAR_NONE;
        }
        if (p->n_names) {
            memcpy(names, p->names, p->n_names * sizeof(*names));
        }
        p->names = names;
        p->names_capacity = capacity;
    }
    struct dm_str copy = {0};
    if (name.n) {
        copy = dm_arena_copy(p->arena, name);
        if (!copy.data) {
            (void)dm_parser_no_memory(p);
            return DM_VAR_NONE;
        }
    }
    p->names[p->n_names] = copy;
    return (dm_var)p->n_names++;
}

dm_var
dm_parser_var(struct dm_parser *p, struct dm_str name)
{
    bool is_new = false;
    struct dm_map_entry *entry = dm_map_put(&p->vars, name, &is_new);
    if (!entry) {
        (void)dm_parser_no_memory(p);
        return DM_VAR_NONE;
    }
    if (is_new) {
        entry->value.number = add_name(p, name);
    }
    return (dm_var)entry->value.number;
}

dm_var
dm_parser_fresh_var(struct dm_parser *p)
{
    return add_name(p, (struct dm_str){0});
}

// A blank node of a template: a term whose label is its number
static bool
template_blank(struct dm_parser *p, uint64_t number, struct dm_slot *ret)
{
    char label[24];
    const int n =
        snprintf(label, sizeof(label), "b%llu", (unsigned long long)number);
    const struct dm_str copy =
        dm_arena_copy(p->arena, dm_str_n(label, (size_t)n));
    if (!copy.data) {
        return dm_parser_no_memory(p);
    }
    *ret = dm_slot_of_term(dm_term_blank(copy));
    return true;
}

bool
dm_parser_blank(struct dm_parser *p, struct dm_str label, struct dm_slot *ret)
{
    if (!label.n) {
        const dm_var var = dm_parser_fresh_var(p);
        if (var == DM_VAR_NONE) {
            return false;
        }
        *ret = dm_slot_of_var(var);
        return p->in_template ? template_blank(p, var, ret) : true;
    }
    bool is_new = false;
    struct dm_map_entry *entry = dm_map_put(&p->labels, label, &is_new);
    if (!entry) {
        return dm_parser_no_memory(p);
    }
    if (is_new) {
        const dm_var var = dm_parser_fresh_var(p);
        entry->value.number = (uint64_t)p->bgp << 32U | var;
    } else if (entry->value.number >> 32U != p->bgp) {
        return dm_parser_fail(
            p, p->token.at, DM_ERR_SYNTAX,
            "the blank node _:%.*s is in two basic graph patterns",
            (int)label.n, label.data);
    }
    const dm_var var = (dm_var)(entry->value.number & UINT32_MAX);
    *ret = dm_slot_of_var(var);
    return p->in_template ? template_blank(p, var, ret) : !p->status;
}

bool
dm_parser_keep_scratch(struct dm_parser *p, struct dm_str *ret)
{
    if (p->scratch.status) {
        return dm_parser_no_memory(p);
    }
    const struct dm_str copy = dm_arena_copy(p->arena, dm_buf_str(&p->scratch));
    if (!copy.data) {
        return dm_parser_no_memory(p);
    }
    *ret = copy;
    return true;
}
