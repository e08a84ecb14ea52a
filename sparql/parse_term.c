// SPDX-License-Identifier: ISC

#include "sparql/parser_private.h"

#include "rdf/iri.h"
#include "rdf/token.h"
#include "vocab/distance.h"

#include <string.h>

struct dm_slot
dm_slot_of_term(struct dm_term term)
{
    return (struct dm_slot){
        .kind = DM_SLOT_TERM, .var = DM_VAR_NONE, .term = term};
}

struct dm_slot
dm_slot_of_var(dm_var var)
{
    return (struct dm_slot){.kind = DM_SLOT_VAR, .var = var};
}

// The bytes of a token without its marks and escapes, in the arena
static bool
take_value(struct dm_parser *p, size_t marks, struct dm_str *ret)
{
    const struct dm_str raw =
        dm_str_slice(p->token.text, marks, p->token.text.n - 2 * marks);
    if (!p->token.is_escaped) {
        *ret = dm_arena_copy(p->arena, raw);
        return ret->data ? true : dm_parser_no_memory(p);
    }
    char *bytes = dm_parser_alloc(p, raw.n, 1);
    if (!bytes) {
        return false;
    }
    *ret = dm_str_n(bytes, dm_unescape(raw, bytes));
    return true;
}

// An IRI as it is written, made absolute
static bool
resolve(struct dm_parser *p, struct dm_str *iri)
{
    if (dm_iri_is_absolute(*iri)) {
        return true;
    }
    if (!p->base.n) {
        (void)dm_parser_fail(p, p->token.at, DM_ERR_SYNTAX,
                             "the IRI <%.*s> is relative, and there is no base",
                             (int)iri->n, iri->data);
        dm_error_hint(p->error, "Begin the query with BASE <…>");
        return false;
    }
    dm_buf_clear(&p->scratch);
    const enum dm_status status = dm_iri_resolve(p->base, *iri, &p->scratch);
    if (status == DM_ERR_NO_MEMORY) {
        return dm_parser_no_memory(p);
    }
    if (status) {
        return dm_parser_fail(p, p->token.at, DM_ERR_SYNTAX, "<%.*s> is no IRI",
                              (int)iri->n, iri->data);
    }
    return dm_parser_keep_scratch(p, iri);
}

static bool
undeclared(struct dm_parser *p, struct dm_str prefix)
{
    (void)dm_parser_fail(p, p->token.at, DM_ERR_SYNTAX,
                         "the prefix '%.*s:' is not declared", (int)prefix.n,
                         prefix.data);
    struct dm_nearest nearest;
    dm_nearest_init(&nearest, prefix);
    for (const struct dm_parser_prefix *known = p->prefixes; known;
         known = known->next) {
        if (known->prefix.prefix.n) {
            dm_nearest_try(&nearest, known->prefix.prefix);
        }
    }
    if (dm_nearest_found(&nearest)) {
        dm_error_hint(p->error, "Did you mean %.*s:?", (int)nearest.best.n,
                      nearest.best.data);
    } else {
        dm_error_hint(p->error, "Begin the query with PREFIX %.*s: <…>",
                      (int)prefix.n, prefix.data);
    }
    return false;
}

// PrefixedName ::= PNAME_LN | PNAME_NS
static bool
expand_pname(struct dm_parser *p, struct dm_str *ret)
{
    const struct dm_str prefix = dm_str_slice(p->token.text, 0, p->token.mark);
    const struct dm_str local =
        dm_str_slice(p->token.text, p->token.mark + 1, p->token.text.n);
    const struct dm_parser_prefix *known = p->prefixes;
    while (known && !dm_str_equal(known->prefix.prefix, prefix)) {
        known = known->next;
    }
    if (!known) {
        return undeclared(p, prefix);
    }
    const struct dm_str iri = known->prefix.iri;
    char *bytes = dm_parser_alloc(p, iri.n + local.n + 1, 1);
    if (!bytes) {
        return false;
    }
    if (iri.n) {
        memcpy(bytes, iri.data, iri.n);
    }
    *ret = dm_str_n(bytes, iri.n + dm_unescape_local(local, bytes + iri.n));
    return true;
}

bool
dm_parse_is_iri(const struct dm_parser *p)
{
    return dm_parser_is(p, DM_TOKEN_IRI) || dm_parser_is(p, DM_TOKEN_PNAME);
}

// iri ::= IRIREF | PrefixedName
bool
dm_parse_iri(struct dm_parser *p, struct dm_term *ret)
{
    struct dm_str iri = {0};
    if (dm_parser_is(p, DM_TOKEN_IRI)) {
        if (!take_value(p, 1, &iri) || !resolve(p, &iri)) {
            return false;
        }
    } else if (dm_parser_is(p, DM_TOKEN_PNAME)) {
        if (!expand_pname(p, &iri)) {
            return false;
        }
    } else {
        return dm_parser_expected(p, "an IRI");
    }
    dm_parser_advance(p);
    *ret = dm_term_iri(iri);
    return !p->status;
}

// String ::= STRING_LITERAL1 | STRING_LITERAL2
//          | STRING_LITERAL_LONG1 | STRING_LITERAL_LONG2
bool
dm_parse_string(struct dm_parser *p, struct dm_str *ret)
{
    if (!dm_parser_is(p, DM_TOKEN_STRING) &&
        !dm_parser_is(p, DM_TOKEN_LONG_STRING)) {
        return dm_parser_expected(p, "a string");
    }
    if (!take_value(p, p->token.quotes, ret)) {
        return false;
    }
    dm_parser_advance(p);
    return !p->status;
}

// LANG_DIR: the language and direction of "@en--ltr"
static bool
parse_lang(struct dm_parser *p, struct dm_str text, struct dm_term *ret)
{
    const struct dm_str written = p->token.text;
    const size_t mark = p->token.mark;
    enum dm_direction direction = DM_DIRECTION_NONE;
    if (mark != SIZE_MAX) {
        direction = dm_str_is(dm_str_slice(written, mark + 2, written.n), "ltr")
                        ? DM_DIRECTION_LTR
                        : DM_DIRECTION_RTL;
    }
    const size_t end = mark == SIZE_MAX ? written.n : mark;
    const struct dm_str language =
        dm_arena_copy(p->arena, dm_str_slice(written, 1, end - 1));
    if (!language.data) {
        return dm_parser_no_memory(p);
    }
    *ret = dm_term_tagged(text, language, direction);
    dm_parser_advance(p);
    return !p->status;
}

// RDFLiteral ::= String ( LANG_DIR | '^^' iri )?
static bool
parse_rdf_literal(struct dm_parser *p, struct dm_term *ret)
{
    struct dm_str text = {0};
    if (!dm_parse_string(p, &text)) {
        return false;
    }
    if (dm_parser_is(p, DM_TOKEN_LANG)) {
        return parse_lang(p, text, ret);
    }
    if (dm_parser_accept(p, DM_TOKEN_DATATYPE)) {
        struct dm_term datatype = {0};
        if (!dm_parse_iri(p, &datatype)) {
            return false;
        }
        *ret = dm_term_literal(text, datatype.value);
        return true;
    }
    *ret = dm_term_string(text);
    return !p->status;
}

// NumericLiteral ::= NumericLiteralUnsigned | NumericLiteralPositive
//                  | NumericLiteralNegative
// BooleanLiteral ::= 'true' | 'false'
static bool
parse_plain_literal(struct dm_parser *p, const char *datatype,
                    struct dm_term *ret)
{
    const struct dm_str text = dm_arena_copy(p->arena, p->token.text);
    if (!text.data) {
        return dm_parser_no_memory(p);
    }
    *ret = dm_term_literal(text, dm_str(datatype));
    dm_parser_advance(p);
    return !p->status;
}

static bool
is_boolean(const struct dm_parser *p)
{
    return dm_parser_is_word(p, "true") || dm_parser_is_word(p, "false");
}

bool
dm_parse_is_literal(const struct dm_parser *p)
{
    return dm_parser_is(p, DM_TOKEN_STRING) ||
           dm_parser_is(p, DM_TOKEN_LONG_STRING) ||
           dm_parser_is(p, DM_TOKEN_INTEGER) ||
           dm_parser_is(p, DM_TOKEN_DECIMAL) ||
           dm_parser_is(p, DM_TOKEN_DOUBLE) || is_boolean(p);
}

bool
dm_parse_literal(struct dm_parser *p, struct dm_term *ret)
{
    if (dm_parser_is(p, DM_TOKEN_INTEGER)) {
        return parse_plain_literal(p, DM_XSD_NS "integer", ret);
    }
    if (dm_parser_is(p, DM_TOKEN_DECIMAL)) {
        return parse_plain_literal(p, DM_XSD_NS "decimal", ret);
    }
    if (dm_parser_is(p, DM_TOKEN_DOUBLE)) {
        return parse_plain_literal(p, DM_XSD_NS "double", ret);
    }
    if (is_boolean(p)) {
        const bool is_true = dm_parser_is_word(p, "true");
        *ret = dm_term_literal(dm_str(is_true ? "true" : "false"),
                               dm_str(DM_XSD_NS "boolean"));
        dm_parser_advance(p);
        return !p->status;
    }
    return parse_rdf_literal(p, ret);
}

// Var ::= VAR1 | VAR2
bool
dm_parse_var(struct dm_parser *p, dm_var *ret)
{
    if (!dm_parser_is(p, DM_TOKEN_VAR)) {
        return dm_parser_expected(p, "a variable");
    }
    *ret = dm_parser_var(p, dm_str_slice(p->token.text, 1, p->token.text.n));
    dm_parser_advance(p);
    return !p->status;
}

// VarOrIri ::= Var | iri
bool
dm_parse_var_or_iri(struct dm_parser *p, struct dm_slot *ret)
{
    if (dm_parser_is(p, DM_TOKEN_VAR)) {
        *ret = dm_slot_of_var(DM_VAR_NONE);
        return dm_parse_var(p, &ret->var);
    }
    if (!dm_parse_is_iri(p)) {
        return dm_parser_expected(p, "a variable or an IRI");
    }
    *ret = dm_slot_of_term((struct dm_term){0});
    return dm_parse_iri(p, &ret->term);
}

// Verb ::= VarOrIri | 'a'
bool
dm_parse_verb(struct dm_parser *p, struct dm_slot *ret)
{
    if (dm_parser_is(p, DM_TOKEN_WORD) && dm_str_is(p->token.text, "a")) {
        *ret = dm_slot_of_term(dm_term_iri(dm_str(DM_RDF_NS "type")));
        dm_parser_advance(p);
        return !p->status;
    }
    if (!dm_parser_is(p, DM_TOKEN_VAR) && !dm_parse_is_iri(p)) {
        return dm_parser_expected(p, "a property: a variable, an IRI or 'a'");
    }
    return dm_parse_var_or_iri(p, ret);
}

bool
dm_parse_is_var_or_term(const struct dm_parser *p)
{
    return dm_parser_is(p, DM_TOKEN_VAR) || dm_parse_is_iri(p) ||
           dm_parse_is_literal(p) || dm_parser_is(p, DM_TOKEN_BLANK) ||
           dm_parser_is(p, DM_TOKEN_ANON) || dm_parser_is(p, DM_TOKEN_NIL) ||
           dm_parser_is(p, DM_TOKEN_TRIPLE_OPEN);
}

// BlankNode ::= BLANK_NODE_LABEL | ANON
static bool
parse_blank(struct dm_parser *p, struct dm_slot *ret)
{
    const struct dm_str label = dm_parser_is(p, DM_TOKEN_BLANK)
                                    ? dm_str_slice(p->token.text, 2, SIZE_MAX)
                                    : (struct dm_str){0};
    if (!dm_parser_blank(p, label, ret)) {
        return false;
    }
    dm_parser_advance(p);
    return !p->status;
}

// VarOrTerm ::= Var | iri | RDFLiteral | NumericLiteral | BooleanLiteral
//             | BlankNode | NIL | TripleTerm
bool
dm_parse_var_or_term(struct dm_parser *p, struct dm_slot *ret)
{
    if (dm_parser_is(p, DM_TOKEN_VAR) || dm_parse_is_iri(p)) {
        return dm_parse_var_or_iri(p, ret);
    }
    if (dm_parse_is_literal(p)) {
        *ret = dm_slot_of_term((struct dm_term){0});
        return dm_parse_literal(p, &ret->term);
    }
    if (dm_parser_is(p, DM_TOKEN_BLANK) || dm_parser_is(p, DM_TOKEN_ANON)) {
        return parse_blank(p, ret);
    }
    if (dm_parser_accept(p, DM_TOKEN_NIL)) {
        *ret = dm_slot_of_term(dm_term_iri(dm_str(DM_RDF_NS "nil")));
        return true;
    }
    if (dm_parser_is(p, DM_TOKEN_TRIPLE_OPEN)) {
        return dm_parse_triple_term(p, ret);
    }
    return dm_parser_expected(p, "a variable or a term");
}

static unsigned
slot_depth(const struct dm_slot *slot)
{
    if (slot->kind == DM_SLOT_TERM) {
        return dm_term_depth(&slot->term);
    }
    if (slot->kind == DM_SLOT_VAR || !slot->triple) {
        return 0;
    }
    const unsigned s = slot_depth(&slot->triple->s);
    const unsigned o = slot_depth(&slot->triple->o);
    return 1 + (s > o ? s : o);
}

// Whether nothing in it is to be replaced by something else
static bool
is_constant(const struct dm_slot *slot)
{
    return slot->kind == DM_SLOT_TERM && slot->term.kind != DM_TERM_BLANK;
}

bool
dm_parser_triple_slot(struct dm_parser *p,
                      const struct dm_triple_pattern *pattern,
                      struct dm_slot *ret)
{
    const unsigned s = slot_depth(&pattern->s);
    const unsigned o = slot_depth(&pattern->o);
    if (s >= DM_TRIPLE_DEPTH_MAX || o >= DM_TRIPLE_DEPTH_MAX) {
        return dm_parser_fail(p, pattern->at, DM_ERR_LIMIT,
                              "triple terms nest more than %d deep",
                              DM_TRIPLE_DEPTH_MAX);
    }
    if (is_constant(&pattern->s) && is_constant(&pattern->p) &&
        is_constant(&pattern->o)) {
        struct dm_triple *triple = dm_parser_alloc(p, 1, sizeof(*triple));
        if (!triple) {
            return false;
        }
        *triple = (struct dm_triple){pattern->s.term, pattern->p.term,
                                     pattern->o.term};
        *ret = dm_slot_of_term(dm_term_triple(triple));
        return true;
    }
    struct dm_triple_pattern *copy = dm_parser_alloc(p, 1, sizeof(*copy));
    if (!copy) {
        return false;
    }
    *copy = *pattern;
    *ret = (struct dm_slot){
        .kind = DM_SLOT_TRIPLE, .var = DM_VAR_NONE, .triple = copy};
    return true;
}

// TripleTermSubject ::= Var | iri | RDFLiteral | NumericLiteral
//                     | BooleanLiteral | BlankNode | TripleTerm
// TripleTermObject is the same.
static bool
parse_triple_term_end(struct dm_parser *p, struct dm_slot *ret)
{
    if (dm_parser_is(p, DM_TOKEN_NIL)) {
        return dm_parser_expected(p, "a variable or a term, not a list");
    }
    return dm_parse_var_or_term(p, ret);
}

// TripleTerm ::= '<<(' TripleTermSubject Verb TripleTermObject ')>>'
bool
dm_parse_triple_term(struct dm_parser *p, struct dm_slot *ret)
{
    struct dm_triple_pattern pattern = {.at = p->token.at};
    if (!dm_parser_expect(p, DM_TOKEN_TRIPLE_OPEN, "'<<('") ||
        !dm_parser_enter(p)) {
        return false;
    }
    if (!parse_triple_term_end(p, &pattern.s) ||
        !dm_parse_verb(p, &pattern.p) ||
        !parse_triple_term_end(p, &pattern.o) ||
        !dm_parser_expect(p, DM_TOKEN_TRIPLE_CLOSE, "')>>'")) {
        return false;
    }
    dm_parser_leave(p);
    return dm_parser_triple_slot(p, &pattern, ret);
}

// TripleTermData ::= '<<(' TripleTermDataSubject ( iri | 'a' )
//                    TripleTermDataObject ')>>'
// TripleTermDataSubject ::= iri
// TripleTermDataObject ::= iri | RDFLiteral | NumericLiteral | BooleanLiteral
//                        | TripleTermData
bool
dm_parse_triple_term_data(struct dm_parser *p, struct dm_term *ret)
{
    struct dm_triple_pattern pattern = {.at = p->token.at};
    if (!dm_parser_expect(p, DM_TOKEN_TRIPLE_OPEN, "'<<('") ||
        !dm_parser_enter(p)) {
        return false;
    }
    pattern.s = dm_slot_of_term((struct dm_term){0});
    pattern.o = pattern.s;
    if (!dm_parse_iri(p, &pattern.s.term)) {
        return false;
    }
    if (dm_parser_is(p, DM_TOKEN_VAR)) {
        return dm_parser_expected(p, "an IRI");
    }
    if (!dm_parse_verb(p, &pattern.p)) {
        return false;
    }
    bool is_good = false;
    if (dm_parser_is(p, DM_TOKEN_TRIPLE_OPEN)) {
        is_good = dm_parse_triple_term_data(p, &pattern.o.term);
    } else if (dm_parse_is_literal(p)) {
        is_good = dm_parse_literal(p, &pattern.o.term);
    } else {
        is_good = dm_parse_iri(p, &pattern.o.term);
    }
    if (!is_good || !dm_parser_expect(p, DM_TOKEN_TRIPLE_CLOSE, "')>>'")) {
        return false;
    }
    dm_parser_leave(p);
    struct dm_slot slot = {0};
    if (!dm_parser_triple_slot(p, &pattern, &slot)) {
        return false;
    }
    *ret = slot.term;
    return true;
}
