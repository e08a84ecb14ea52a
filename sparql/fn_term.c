// SPDX-License-Identifier: ISC

// Functions on terms: SPARQL 1.1, 17.4.2, and SPARQL 1.2's on triple terms and
// base directions.

#include "base/buf.h"
#include "base/env.h"
#include "rdf/iri.h"
#include "sparql/exec.h"
#include "sparql/function_private.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define UUID_BYTES 16U
#define UUID_SIZE sizeof("00000000-0000-0000-0000-000000000000")
// Longest IRI that IRI() makes
#define IRI_MAX 65536U

DM_FUNCTION(is_iri)
{
    *ret = dm_value_boolean(call->args[0].kind == DM_VALUE_IRI);
    return DM_OK;
}

DM_FUNCTION(is_blank)
{
    *ret = dm_value_boolean(call->args[0].kind == DM_VALUE_BLANK);
    return DM_OK;
}

DM_FUNCTION(is_literal)
{
    *ret = dm_value_boolean(dm_value_is_literal(&call->args[0]));
    return DM_OK;
}

DM_FUNCTION(str)
{
    const struct dm_value *arg = &call->args[0];
    struct dm_term term = {0};
    if (arg->kind != DM_VALUE_IRI && !dm_value_is_literal(arg)) {
        return DM_ERR_ARGUMENT;
    }
    const enum dm_status status = dm_value_term(arg, call->eval->arena, &term);
    if (!status) {
        dm_value_set_string(ret, term.value);
    }
    return status;
}

// ----------------------------------------------------------- language

DM_FUNCTION(lang)
{
    const struct dm_value *arg = &call->args[0];
    if (!dm_value_is_literal(arg)) {
        return DM_ERR_ARGUMENT;
    }
    dm_value_set_string(ret, arg->kind == DM_VALUE_TAGGED ? arg->term.language
                                                          : dm_str(""));
    return DM_OK;
}

DM_FUNCTION(langdir)
{
    const struct dm_value *arg = &call->args[0];
    if (!dm_value_is_literal(arg)) {
        return DM_ERR_ARGUMENT;
    }
    const char *direction = "";
    if (arg->kind == DM_VALUE_TAGGED &&
        arg->term.direction != DM_DIRECTION_NONE) {
        direction = arg->term.direction == DM_DIRECTION_LTR ? "ltr" : "rtl";
    }
    dm_value_set_string(ret, dm_str(direction));
    return DM_OK;
}

DM_FUNCTION(has_lang)
{
    *ret = dm_value_boolean(call->args[0].kind == DM_VALUE_TAGGED);
    return DM_OK;
}

DM_FUNCTION(has_langdir)
{
    const struct dm_value *arg = &call->args[0];
    *ret = dm_value_boolean(arg->kind == DM_VALUE_TAGGED &&
                            arg->term.direction != DM_DIRECTION_NONE);
    return DM_OK;
}

// Basic filtering of RFC 4647, 3.3.1: the range is the tag, or a prefix of it
// that ends before '-'.
DM_FUNCTION(langmatches)
{
    const struct dm_value *tag = &call->args[0];
    const struct dm_value *range = &call->args[1];
    if (tag->kind != DM_VALUE_STRING || range->kind != DM_VALUE_STRING) {
        return DM_ERR_ARGUMENT;
    }
    const struct dm_str text = tag->term.value;
    const struct dm_str prefix = range->term.value;
    bool matches = false;
    if (dm_str_is(prefix, "*")) {
        matches = text.n > 0;
    } else if (prefix.n <= text.n) {
        const bool ends =
            prefix.n == text.n || (prefix.n && text.data[prefix.n] == '-');
        matches = ends &&
                  dm_str_equal_nocase(dm_str_slice(text, 0, prefix.n), prefix);
    }
    *ret = dm_value_boolean(matches);
    return DM_OK;
}

DM_FUNCTION(datatype)
{
    const struct dm_value *arg = &call->args[0];
    struct dm_term term = {0};
    if (!dm_value_is_literal(arg)) {
        return DM_ERR_ARGUMENT;
    }
    const enum dm_status status = dm_value_term(arg, call->eval->arena, &term);
    if (!status) {
        dm_value_set_iri(ret, term.datatype);
    }
    return status;
}

// ----------------------------------------------------------- new terms

DM_FUNCTION(iri_of)
{
    const struct dm_value *arg = &call->args[0];
    if (arg->kind == DM_VALUE_IRI) {
        *ret = *arg;
        return DM_OK;
    }
    if (arg->kind != DM_VALUE_STRING) {
        return DM_ERR_ARGUMENT;
    }
    struct dm_buf buf = {0};
    dm_buf_init(&buf, IRI_MAX);
    enum dm_status status =
        dm_iri_resolve(call->eval->context->query->base, arg->term.value, &buf);
    if (!status) {
        const struct dm_str iri =
            dm_arena_copy(call->eval->arena, dm_buf_str(&buf));
        if (iri.data) {
            dm_value_set_iri(ret, iri);
        } else {
            status = DM_ERR_NO_MEMORY;
        }
    }
    dm_buf_done(&buf);
    return status == DM_ERR_LIMIT ? DM_ERR_ARGUMENT : status;
}

// Blank nodes are told apart by execution, by solution and by the text given to
// BNODE(); without one by a number of their own.
DM_FUNCTION(bnode)
{
    struct dm_exec_context *context = call->eval->context;
    uint8_t digest[SHA256_DIGEST_LENGTH] = {0};
    uint64_t own = 0;
    char label[2 * sizeof(uint64_t) * 3 + sizeof("b0x0x0")];
    if (call->n_args && call->args[0].kind != DM_VALUE_STRING) {
        return DM_ERR_ARGUMENT;
    }
    while (!context->nonce) {
        dm_env_random(dm_call_env(call), &context->nonce,
                      sizeof(context->nonce));
    }
    if (call->n_args) {
        const struct dm_str text = call->args[0].term.value;
        SHA256((const uint8_t *)(text.n ? text.data : ""), text.n, digest);
        memcpy(&own, digest, sizeof(own));
    } else {
        dm_env_random(dm_call_env(call), &own, sizeof(own));
    }
    (void)snprintf(label, sizeof(label), "b%llxx%llx%c%llx",
                   (unsigned long long)context->nonce,
                   (unsigned long long)context->solution,
                   call->n_args ? 'l' : 'x', (unsigned long long)own);
    const struct dm_str copy = dm_arena_copy(call->eval->arena, dm_str(label));
    if (!copy.data) {
        return DM_ERR_NO_MEMORY;
    }
    const struct dm_term term = dm_term_blank(copy);
    dm_value_from_term(&term, ret);
    return DM_OK;
}

DM_FUNCTION(strdt)
{
    const struct dm_value *text = &call->args[0];
    const struct dm_value *type = &call->args[1];
    // A literal of these types has a language, which is not given here
    if (text->kind != DM_VALUE_STRING || type->kind != DM_VALUE_IRI ||
        dm_str_is(type->term.value, DM_RDF_NS "langString") ||
        dm_str_is(type->term.value, DM_RDF_NS "dirLangString")) {
        return DM_ERR_ARGUMENT;
    }
    const struct dm_term term =
        dm_term_literal(text->term.value, type->term.value);
    dm_value_from_term(&term, ret);
    return DM_OK;
}

// LANGTAG of the grammar: letters, then '-' and letters or digits, each part at
// least one
static bool
is_language(struct dm_str tag)
{
    size_t in_part = 0;
    bool is_first = true;
    for (size_t i = 0; i < tag.n; ++i) {
        const char c = tag.data[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (is_letter || (!is_first && c >= '0' && c <= '9')) {
            ++in_part;
        } else if (c == '-' && in_part) {
            in_part = 0;
            is_first = false;
        } else {
            return false;
        }
    }
    return in_part > 0;
}

static enum dm_status
set_tagged(const struct dm_call *call, enum dm_direction direction,
           struct dm_value *ret)
{
    const struct dm_value *text = &call->args[0];
    const struct dm_value *language = &call->args[1];
    if (text->kind != DM_VALUE_STRING || language->kind != DM_VALUE_STRING ||
        !is_language(language->term.value)) {
        return DM_ERR_ARGUMENT;
    }
    const struct dm_term term =
        dm_term_tagged(text->term.value, language->term.value, direction);
    dm_value_from_term(&term, ret);
    return DM_OK;
}

DM_FUNCTION(strlang)
{
    return set_tagged(call, DM_DIRECTION_NONE, ret);
}

DM_FUNCTION(strlangdir)
{
    const struct dm_value *direction = &call->args[2];
    if (direction->kind == DM_VALUE_STRING) {
        if (dm_str_is(direction->term.value, "ltr")) {
            return set_tagged(call, DM_DIRECTION_LTR, ret);
        }
        if (dm_str_is(direction->term.value, "rtl")) {
            return set_tagged(call, DM_DIRECTION_RTL, ret);
        }
    }
    return DM_ERR_ARGUMENT;
}

// Version 4 of RFC 9562: random but for version and variant
static void
make_uuid(const struct dm_call *call, char text[UUID_SIZE])
{
    uint8_t b[UUID_BYTES] = {0};
    dm_env_random(dm_call_env(call), b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0FU) | 0x40U);
    b[8] = (uint8_t)((b[8] & 0x3FU) | 0x80U);
    (void)snprintf(text, UUID_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
                   "%02x%02x%02x%02x%02x%02x",
                   b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
                   b[10], b[11], b[12], b[13], b[14], b[15]);
}

DM_FUNCTION(struuid)
{
    char uuid[UUID_SIZE] = {0};
    make_uuid(call, uuid);
    return dm_call_string(call, dm_str(uuid), ret);
}

DM_FUNCTION(uuid)
{
    char uuid[UUID_SIZE] = {0};
    char iri[sizeof("urn:uuid:") + UUID_SIZE];
    make_uuid(call, uuid);
    (void)snprintf(iri, sizeof(iri), "urn:uuid:%s", uuid);
    const struct dm_str copy = dm_arena_copy(call->eval->arena, dm_str(iri));
    if (!copy.data) {
        return DM_ERR_NO_MEMORY;
    }
    dm_value_set_iri(ret, copy);
    return DM_OK;
}

// ----------------------------------------------------------- triple terms

DM_FUNCTION(triple)
{
    struct dm_triple *triple =
        dm_arena_alloc(call->eval->arena, 1, sizeof(*triple));
    if (!triple) {
        return DM_ERR_NO_MEMORY;
    }
    struct dm_term *const terms[] = {&triple->s, &triple->p, &triple->o};
    for (size_t i = 0; i < DM_COUNT_OF(terms); ++i) {
        const enum dm_status status =
            dm_value_term(&call->args[i], call->eval->arena, terms[i]);
        if (status) {
            return status;
        }
    }
    const struct dm_term term = dm_term_triple(triple);
    if ((triple->s.kind != DM_TERM_IRI && triple->s.kind != DM_TERM_BLANK) ||
        triple->p.kind != DM_TERM_IRI ||
        dm_term_depth(&triple->o) >= DM_TRIPLE_DEPTH_MAX) {
        return DM_ERR_ARGUMENT;
    }
    dm_value_from_term(&term, ret);
    return DM_OK;
}

DM_FUNCTION(subject)
{
    if (call->args[0].kind != DM_VALUE_TRIPLE) {
        return DM_ERR_ARGUMENT;
    }
    dm_value_from_term(&call->args[0].term.triple->s, ret);
    return DM_OK;
}

DM_FUNCTION(predicate)
{
    if (call->args[0].kind != DM_VALUE_TRIPLE) {
        return DM_ERR_ARGUMENT;
    }
    dm_value_from_term(&call->args[0].term.triple->p, ret);
    return DM_OK;
}

DM_FUNCTION(object)
{
    if (call->args[0].kind != DM_VALUE_TRIPLE) {
        return DM_ERR_ARGUMENT;
    }
    dm_value_from_term(&call->args[0].term.triple->o, ret);
    return DM_OK;
}

DM_FUNCTION(is_triple)
{
    *ret = dm_value_boolean(call->args[0].kind == DM_VALUE_TRIPLE);
    return DM_OK;
}
