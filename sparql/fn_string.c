// SPDX-License-Identifier: ISC

// Functions on texts: SPARQL 1.1, 17.4.3. Positions and lengths are in code
// points.

#include "base/buf.h"
#include "sparql/exec.h"
#include "sparql/function_private.h"

#include "base/work.h"
#include "quadstore/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>

const struct dm_env *
dm_call_env(const struct dm_call *call)
{
    return dm_snapshot_work(call->eval->context->snapshot)->env;
}

void
dm_value_set_string(struct dm_value *ret, struct dm_str text)
{
    *ret = (struct dm_value){.kind = DM_VALUE_STRING,
                             .term = dm_term_string(text)};
}

void
dm_value_set_text(struct dm_value *ret, struct dm_str text,
                  const struct dm_value *like)
{
    // The language of the arguments' texts lives as long as they do
    const struct dm_value tagged = {.kind = like->kind, .term = like->term};
    *ret = tagged;
    ret->term.value = text;
}

void
dm_value_set_iri(struct dm_value *ret, struct dm_str iri)
{
    *ret = (struct dm_value){.kind = DM_VALUE_IRI, .term = dm_term_iri(iri)};
}

enum dm_status
dm_call_string(const struct dm_call *call, struct dm_str text,
               struct dm_value *ret)
{
    const struct dm_str copy = dm_arena_copy(call->eval->arena, text);
    if (!copy.data) {
        return DM_ERR_NO_MEMORY;
    }
    dm_value_set_string(ret, copy);
    return DM_OK;
}

static bool
is_continuation(char c)
{
    return ((unsigned char)c & 0xC0U) == 0x80U;
}

size_t
dm_count_points(struct dm_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; ++i) {
        n += is_continuation(text.data[i]) ? 0 : 1;
    }
    return n;
}

DM_FUNCTION(strlen)
{
    const struct dm_value *arg = &call->args[0];
    if (!dm_value_is_text(arg)) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_integer((int64_t)dm_count_points(arg->term.value));
    return DM_OK;
}

// fn:round of a number that says a position
static double
position_of(const struct dm_value *value)
{
    return floor(dm_value_number(value) + 0.5);
}

// fn:substring: the code points at positions p (from 1) with
// start <= p < start + length
DM_FUNCTION(substr)
{
    const struct dm_value *text = &call->args[0];
    if (!dm_value_is_text(text) || !dm_value_is_numeric(&call->args[1]) ||
        (call->n_args > 2 && !dm_value_is_numeric(&call->args[2]))) {
        return DM_ERR_ARGUMENT;
    }
    const double start = position_of(&call->args[1]);
    const double end = call->n_args > 2 ? start + position_of(&call->args[2])
                                        : (double)INFINITY;
    const struct dm_str whole = text->term.value;
    size_t from = whole.n;
    size_t until = whole.n;
    double position = 0;
    for (size_t i = 0; i < whole.n; ++i) {
        if (is_continuation(whole.data[i])) {
            continue;
        }
        position += 1;
        if (from == whole.n && position >= start && position < end) {
            from = i;
        } else if (from < whole.n && !(position < end)) {
            until = i;
            break;
        }
    }
    dm_value_set_text(ret, dm_str_slice(whole, from, until - from), text);
    return DM_OK;
}

// ------------------------------------------------------------ upper, lower

typedef uint8_t *(*map_case_fn)(const uint8_t *text, size_t n,
                                const char *language, uninorm_t normalisation,
                                uint8_t *buffer, size_t *n_buffer);

static enum dm_status
map_case(const struct dm_call *call, map_case_fn function, struct dm_value *ret)
{
    const struct dm_value *arg = &call->args[0];
    if (!dm_value_is_text(arg)) {
        return DM_ERR_ARGUMENT;
    }
    const struct dm_str text = arg->term.value;
    if (!text.n) {
        dm_value_set_text(ret, text, arg);
        return DM_OK;
    }
    // No text grows more than threefold; if one did, the library would allocate
    size_t n = text.n * 3;
    uint8_t *buffer = dm_arena_alloc(call->eval->arena, n, 1);
    if (!buffer) {
        return DM_ERR_NO_MEMORY;
    }
    uint8_t *mapped =
        function((const uint8_t *)text.data, text.n, "", NULL, buffer, &n);
    if (!mapped) {
        return DM_ERR_NO_MEMORY;
    }
    struct dm_str result = dm_str_n((const char *)mapped, n);
    if (mapped != buffer) {
        result = dm_arena_copy(call->eval->arena, result);
        free(mapped);
        if (!result.data) {
            return DM_ERR_NO_MEMORY;
        }
    }
    dm_value_set_text(ret, result, arg);
    return DM_OK;
}

DM_FUNCTION(ucase)
{
    return map_case(call, u8_toupper, ret);
}

DM_FUNCTION(lcase)
{
    return map_case(call, u8_tolower, ret);
}

// ------------------------------------------------------------ parts

// Argument compatibility (17.4.3.1.2): the second has no language, or the
// language and direction of the first
static bool
are_compatible(const struct dm_value *a, const struct dm_value *b)
{
    if (!dm_value_is_text(a) || !dm_value_is_text(b)) {
        return false;
    }
    return b->kind == DM_VALUE_STRING ||
           (a->kind == DM_VALUE_TAGGED &&
            a->term.direction == b->term.direction &&
            dm_str_equal_nocase(a->term.language, b->term.language));
}

DM_FUNCTION(strstarts)
{
    if (!are_compatible(&call->args[0], &call->args[1])) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_boolean(
        dm_str_starts(call->args[0].term.value, call->args[1].term.value));
    return DM_OK;
}

DM_FUNCTION(strends)
{
    if (!are_compatible(&call->args[0], &call->args[1])) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_boolean(
        dm_str_ends(call->args[0].term.value, call->args[1].term.value));
    return DM_OK;
}

// Where `part` begins, also when it is at the very end
static bool
find(struct dm_str text, struct dm_str part, size_t *ret)
{
    *ret = dm_str_find(text, part);
    return !part.n || *ret < text.n;
}

DM_FUNCTION(contains)
{
    size_t at = 0;
    if (!are_compatible(&call->args[0], &call->args[1])) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_boolean(
        find(call->args[0].term.value, call->args[1].term.value, &at));
    return DM_OK;
}

DM_FUNCTION(strbefore)
{
    const struct dm_value *text = &call->args[0];
    size_t at = 0;
    if (!are_compatible(text, &call->args[1])) {
        return DM_ERR_ARGUMENT;
    }
    if (find(text->term.value, call->args[1].term.value, &at)) {
        dm_value_set_text(ret, dm_str_slice(text->term.value, 0, at), text);
    } else {
        dm_value_set_string(ret, dm_str(""));
    }
    return DM_OK;
}

DM_FUNCTION(strafter)
{
    const struct dm_value *text = &call->args[0];
    const struct dm_str part = call->args[1].term.value;
    size_t at = 0;
    if (!are_compatible(text, &call->args[1])) {
        return DM_ERR_ARGUMENT;
    }
    if (find(text->term.value, part, &at)) {
        const size_t from = at + part.n;
        dm_value_set_text(
            ret,
            dm_str_slice(text->term.value, from, text->term.value.n - from),
            text);
    } else {
        dm_value_set_string(ret, dm_str(""));
    }
    return DM_OK;
}

// ------------------------------------------------------------ new texts

static bool
is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
           c == '~';
}

DM_FUNCTION(encode_for_uri)
{
    static const char hex[] = "0123456789ABCDEF";
    if (!dm_value_is_text(&call->args[0])) {
        return DM_ERR_ARGUMENT;
    }
    const struct dm_str text = call->args[0].term.value;
    char *encoded = dm_arena_alloc(call->eval->arena, text.n + 1, 3);
    if (!encoded) {
        return DM_ERR_NO_MEMORY;
    }
    size_t n = 0;
    for (size_t i = 0; i < text.n; ++i) {
        const unsigned char c = (unsigned char)text.data[i];
        if (is_unreserved(text.data[i])) {
            encoded[n++] = text.data[i];
            continue;
        }
        encoded[n++] = '%';
        encoded[n++] = hex[c >> 4U];
        encoded[n++] = hex[c & 0xFU];
    }
    dm_value_set_string(ret, dm_str_n(encoded, n));
    return DM_OK;
}

// Whether all texts have the language and direction of the first
static bool
share_language(const struct dm_call *call)
{
    for (size_t i = 1; i < call->n_args; ++i) {
        const struct dm_term *a = &call->args[0].term;
        const struct dm_term *b = &call->args[i].term;
        if (call->args[i].kind != call->args[0].kind ||
            a->direction != b->direction ||
            !dm_str_equal_nocase(a->language, b->language)) {
            return false;
        }
    }
    return call->n_args > 0;
}

DM_FUNCTION(concat)
{
    size_t n = 0;
    for (size_t i = 0; i < call->n_args; ++i) {
        if (!dm_value_is_text(&call->args[i])) {
            return DM_ERR_ARGUMENT;
        }
        n += call->args[i].term.value.n;
        if (n > DM_TEXT_MAX) {
            return DM_ERR_LIMIT;
        }
    }
    char *bytes = dm_arena_alloc(call->eval->arena, n + 1, 1);
    if (!bytes) {
        return DM_ERR_NO_MEMORY;
    }
    size_t at = 0;
    for (size_t i = 0; i < call->n_args; ++i) {
        const struct dm_str part = call->args[i].term.value;
        if (part.n) {
            memcpy(bytes + at, part.data, part.n);
            at += part.n;
        }
    }
    if (share_language(call)) {
        dm_value_set_text(ret, dm_str_n(bytes, n), &call->args[0]);
    } else {
        dm_value_set_string(ret, dm_str_n(bytes, n));
    }
    return DM_OK;
}
