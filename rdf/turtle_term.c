// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "rdf/iri.h"
#include "rdf/reader_private.h"

#include <assert.h>

static const struct dm_str rdf_type = DM_STR(DM_RDF_NS "type");
static const struct dm_str rdf_first = DM_STR(DM_RDF_NS "first");
static const struct dm_str rdf_rest = DM_STR(DM_RDF_NS "rest");
static const struct dm_str rdf_nil = DM_STR(DM_RDF_NS "nil");
static const struct dm_str rdf_reifies = DM_STR(DM_RDF_NS "reifies");
static const struct dm_str xsd_boolean = DM_STR(DM_XSD_NS "boolean");

static const char an_object[] = "an object";

enum dm_status
turtle_enter(struct dm_reader *reader)
{
    if (reader->nesting == DM_READER_NESTING_MAX) {
        return reader_fail(reader, DM_ERR_LIMIT, reader->lexer.at,
                           "brackets are nested over %d deep",
                           DM_READER_NESTING_MAX);
    }
    ++reader->nesting;
    return DM_OK;
}

void
turtle_leave(struct dm_reader *reader)
{
    assert(reader->nesting > 0);
    --reader->nesting;
}

// A copy in the arena, with escapes replaced by `unescape`
static enum dm_status
copy(struct dm_reader *reader, struct dm_str raw,
     size_t (*unescape)(struct dm_str, char *), struct dm_str *ret)
{
    if (!unescape) {
        *ret = dm_arena_copy(&reader->arena, raw);
        return ret->data ? DM_OK : reader_no_room(reader);
    }
    char *bytes = dm_arena_alloc(&reader->arena, raw.n + 1, 1);
    if (!bytes) {
        return reader_no_room(reader);
    }
    *ret = dm_str_n(bytes, unescape(raw, bytes));
    return DM_OK;
}

static enum dm_status
resolve(struct dm_reader *reader, struct dm_str *iri)
{
    if (dm_iri_has_scheme(*iri)) {
        return DM_OK;
    }
    if (!reader->base.n) {
        return reader_token_error(
            reader, "a relative IRI needs a base",
            "Write a whole IRI, or declare the base with BASE <IRI>");
    }
    dm_buf_clear(&reader->scratch);
    if (dm_iri_resolve(dm_buf_str(&reader->base), *iri, &reader->scratch)) {
        return reader_no_room(reader);
    }
    return copy(reader, dm_buf_str(&reader->scratch), NULL, iri);
}

// IRIREF ::= '<' ([^#x00-#x20<>"{}|^`\] | UCHAR)* '>'
enum dm_status
turtle_iriref(struct dm_reader *reader, struct spot *ret)
{
    struct lexer *lexer = &reader->lexer;
    const struct dm_str text = lexer_text(lexer);
    struct dm_str iri = {0};
    enum dm_status status =
        copy(reader, dm_str_slice(text, 1, text.n - 2),
             lexer->scan.is_escaped ? dm_unescape : NULL, &iri);
    if (!status) {
        status = resolve(reader, &iri);
    }
    if (!status) {
        *ret = (struct spot){dm_term_iri(iri), lexer->at};
        lexer_drop(lexer);
    }
    return status;
}

static enum dm_status
undeclared(struct dm_reader *reader, struct dm_str prefix)
{
    const struct dm_str quote = dm_utf8_cut(prefix, LEXER_QUOTE_MAX);
    (void)reader_fail(reader, DM_ERR_SYNTAX, reader->lexer.at,
                      "the prefix %.*s: is not declared", (int)quote.n,
                      quote.n ? quote.data : "");
    reader_hint(reader, "Declare it above with PREFIX and its IRI");
    return DM_ERR_SYNTAX;
}

// PrefixedName ::= PNAME_LN | PNAME_NS
static enum dm_status
take_name(struct dm_reader *reader, struct spot *ret)
{
    struct lexer *lexer = &reader->lexer;
    const struct dm_str text = lexer_text(lexer);
    const struct dm_str prefix = dm_str_slice(text, 0, lexer->scan.mark);
    const struct dm_str local =
        dm_str_slice(text, lexer->scan.mark + 1, text.n);
    const struct dm_str space = dm_reader_prefix(reader, prefix);
    if (!space.data) {
        return undeclared(reader, prefix);
    }

    dm_buf_clear(&reader->scratch);
    (void)dm_buf_put_str(&reader->scratch, space);
    char *room = dm_buf_reserve(&reader->scratch, local.n);
    if (!room) {
        return reader_no_room(reader);
    }
    reader->scratch.n += dm_unescape_local(local, room);
    struct dm_str iri = {0};
    const enum dm_status status =
        copy(reader, dm_buf_str(&reader->scratch), NULL, &iri);
    if (!status) {
        *ret = (struct spot){dm_term_iri(iri), lexer->at};
        lexer_drop(lexer);
    }
    return status;
}

// A label of the document that could be one of ours: x* b digits
static bool
looks_generated(struct dm_str label)
{
    size_t i = 0;
    while (i < label.n && label.data[i] == 'x') {
        ++i;
    }
    const struct dm_str digits = dm_str_slice(label, i + 1, label.n);
    if (!digits.n || label.data[i] != 'b') {
        return false;
    }
    for (size_t k = 0; k < digits.n; ++k) {
        if (digits.data[k] < '0' || digits.data[k] > '9') {
            return false;
        }
    }
    return true;
}

// BLANK_NODE_LABEL ::= '_:' (PN_CHARS_U | [0-9]) ((PN_CHARS | '.')* PN_CHARS)?
static enum dm_status
take_blank(struct dm_reader *reader, struct spot *ret)
{
    struct lexer *lexer = &reader->lexer;
    const struct dm_str text = lexer_text(lexer);
    const struct dm_str label = dm_str_slice(text, 2, text.n);
    dm_buf_clear(&reader->scratch);
    (void)dm_buf_put_str(&reader->scratch, reader->options.blank_prefix);
    if (looks_generated(label)) {
        (void)dm_buf_putc(&reader->scratch, 'x');
    }
    if (dm_buf_put_str(&reader->scratch, label)) {
        return reader_no_room(reader);
    }
    struct dm_str mine = {0};
    const enum dm_status status =
        copy(reader, dm_buf_str(&reader->scratch), NULL, &mine);
    if (!status) {
        *ret = (struct spot){dm_term_blank(mine), lexer->at};
        lexer_drop(lexer);
    }
    return status;
}

enum dm_status
turtle_fresh(struct dm_reader *reader, struct dm_position at, struct spot *ret)
{
    char *room = dm_arena_alloc(&reader->arena, reader_label_size(reader), 1);
    if (!room) {
        return reader_no_room(reader);
    }
    *ret = (struct spot){reader_fresh_blank(reader, room), at};
    return DM_OK;
}

// ANON ::= '[' WS* ']'
// The '[' was taken; it stood at `at`.
static enum dm_status
take_anon(struct dm_reader *reader, struct dm_position at, struct spot *ret)
{
    const enum dm_status status = reader_want(
        reader, TOKEN_BRACKET_CLOSE, "']' (properties may not stand here)");
    if (status) {
        return status;
    }
    lexer_drop(&reader->lexer);
    return turtle_fresh(reader, at, ret);
}

// iri ::= IRIREF | PrefixedName
// BlankNode ::= BLANK_NODE_LABEL | ANON
enum dm_status
turtle_node(struct dm_reader *reader, const char *wanted, struct spot *ret)
{
    const struct dm_position at = reader->lexer.at;
    if (reader->lexer.kind == TOKEN_IRI) {
        return turtle_iriref(reader, ret);
    }
    if (reader->lexer.kind == TOKEN_NAME) {
        return take_name(reader, ret);
    }
    if (reader->lexer.kind == TOKEN_BLANK) {
        return take_blank(reader, ret);
    }
    if (reader->lexer.kind == TOKEN_BRACKET_OPEN) {
        lexer_drop(&reader->lexer);
        return take_anon(reader, at, ret);
    }
    return reader_unexpected(reader, wanted);
}

// verb ::= predicate | 'a'
// predicate ::= iri
enum dm_status
turtle_verb(struct dm_reader *reader, struct spot *ret)
{
    static const char a_property[] = "a property";
    struct lexer *lexer = &reader->lexer;
    const enum dm_status status = reader_peek(reader);
    if (status) {
        return status;
    }
    if (lexer->kind == TOKEN_WORD && dm_str_is(lexer_text(lexer), "a")) {
        *ret = (struct spot){dm_term_iri(rdf_type), lexer->at};
        lexer_drop(lexer);
        return DM_OK;
    }
    if (lexer->kind == TOKEN_IRI || lexer->kind == TOKEN_NAME) {
        return turtle_node(reader, a_property, ret);
    }
    return reader_unexpected(reader, a_property);
}

static bool
is_directive(struct dm_str text)
{
    return dm_str_is(text, "@prefix") || dm_str_is(text, "@base") ||
           dm_str_is(text, "@version");
}

static enum dm_status
take_language(struct dm_reader *reader, struct dm_term *term)
{
    struct lexer *lexer = &reader->lexer;
    const struct dm_str text = lexer_text(lexer);
    const size_t mark = lexer->scan.mark;
    enum dm_direction direction = DM_DIRECTION_NONE;
    enum dm_status status = DM_OK;
    size_t n = text.n;
    if (mark != SIZE_MAX) {
        status = reader_need_1_2(reader, "base direction");
        direction =
            text.data[mark + 2] == 'l' ? DM_DIRECTION_LTR : DM_DIRECTION_RTL;
        n = mark;
    }
    struct dm_str language = {0};
    if (!status) {
        status = copy(reader, dm_str_slice(text, 1, n - 1), NULL, &language);
    }
    if (!status) {
        *term = dm_term_tagged(term->value, language, direction);
        lexer_drop(lexer);
    }
    return status;
}

static enum dm_status
take_datatype(struct dm_reader *reader, struct dm_term *term)
{
    static const char a_datatype[] = "an IRI of a datatype";
    struct lexer *lexer = &reader->lexer;
    lexer_drop(lexer);
    enum dm_status status = reader_peek(reader);
    if (status) {
        return status;
    }
    if (lexer->kind != TOKEN_IRI && lexer->kind != TOKEN_NAME) {
        return reader_unexpected(reader, a_datatype);
    }
    struct spot datatype = {0};
    status = turtle_node(reader, a_datatype, &datatype);
    if (status) {
        return status;
    }
    if (dm_term_is_iri(&datatype.term, DM_RDF_NS "langString") ||
        dm_term_is_iri(&datatype.term, DM_RDF_NS "dirLangString")) {
        (void)reader_fail(reader, DM_ERR_SYNTAX, datatype.at,
                          "a literal of this datatype needs a language");
        reader_hint(reader, "Write \"text\"@en instead");
        return DM_ERR_SYNTAX;
    }
    *term = dm_term_literal(term->value, datatype.term.value);
    return DM_OK;
}

// RDFLiteral ::= String (LANG_DIR | ('^^' iri))?
static enum dm_status
take_string(struct dm_reader *reader, struct spot *ret)
{
    struct lexer *lexer = &reader->lexer;
    const struct dm_str text = lexer_text(lexer);
    const size_t quotes = lexer->scan.quotes;
    struct spot literal = {.at = lexer->at};
    struct dm_str value = {0};
    enum dm_status status =
        copy(reader, dm_str_slice(text, quotes, text.n - 2 * quotes),
             lexer->scan.is_escaped ? dm_unescape : NULL, &value);
    if (status) {
        return status;
    }
    literal.term = dm_term_string(value);
    lexer_drop(lexer);

    status = reader_peek(reader);
    if (!status && lexer->kind == TOKEN_LANGUAGE &&
        !(reader->options.mend && is_directive(lexer_text(lexer)))) {
        status = take_language(reader, &literal.term);
    } else if (!status && lexer->kind == TOKEN_DATATYPE) {
        status = take_datatype(reader, &literal.term);
    }
    if (!status) {
        *ret = literal;
    }
    return status;
}

// NumericLiteral ::= INTEGER | DECIMAL | DOUBLE
static enum dm_status
take_number(struct dm_reader *reader, struct spot *ret)
{
    static const struct dm_str datatypes[] = {
        [DM_NUMBER_INTEGER] = DM_STR(DM_XSD_NS "integer"),
        [DM_NUMBER_DECIMAL] = DM_STR(DM_XSD_NS "decimal"),
        [DM_NUMBER_DOUBLE] = DM_STR(DM_XSD_NS "double"),
    };
    struct lexer *lexer = &reader->lexer;
    struct dm_str value = {0};
    const enum dm_status status = copy(reader, lexer_text(lexer), NULL, &value);
    if (!status) {
        *ret = (struct spot){
            dm_term_literal(value, datatypes[lexer->scan.number]), lexer->at};
        lexer_drop(lexer);
    }
    return status;
}

// BooleanLiteral ::= 'true' | 'false'
static enum dm_status
take_word(struct dm_reader *reader, struct spot *ret)
{
    static const struct dm_str yes = DM_STR("true");
    static const struct dm_str no = DM_STR("false");
    struct lexer *lexer = &reader->lexer;
    const struct dm_str text = lexer_text(lexer);
    const bool is_true = dm_str_equal(text, yes);
    if (!is_true && !dm_str_equal(text, no)) {
        (void)reader_unexpected(reader, an_object);
        reader_hint(reader, "Put a text between quotes, a name between < and "
                            ">, or a prefix before it");
        return DM_ERR_SYNTAX;
    }
    *ret = (struct spot){dm_term_literal(is_true ? yes : no, xsd_boolean),
                         lexer->at};
    lexer_drop(lexer);
    return DM_OK;
}

// literal ::= RDFLiteral | NumericLiteral | BooleanLiteral
static bool
begins_literal(enum token_kind kind)
{
    return kind == TOKEN_STRING || kind == TOKEN_NUMBER || kind == TOKEN_WORD;
}

static enum dm_status
take_literal(struct dm_reader *reader, struct spot *ret)
{
    if (reader->lexer.kind == TOKEN_STRING) {
        return take_string(reader, ret);
    }
    return reader->lexer.kind == TOKEN_NUMBER ? take_number(reader, ret)
                                              : take_word(reader, ret);
}

// blankNodePropertyList ::= '[' predicateObjectList ']'
// BlankNode ::= BLANK_NODE_LABEL | ANON
// `*ret_has_properties`: it was the former
static enum dm_status
take_bracket(struct dm_reader *reader, struct spot *ret,
             bool *ret_has_properties)
{
    struct lexer *lexer = &reader->lexer;
    enum dm_status status = turtle_fresh(reader, lexer->at, ret);
    if (!status) {
        status = turtle_enter(reader);
    }
    if (status) {
        return status;
    }
    lexer_drop(lexer);
    status = reader_peek(reader);
    *ret_has_properties = !status && lexer->kind != TOKEN_BRACKET_CLOSE;
    if (*ret_has_properties) {
        status = turtle_properties(reader, ret, "]");
    }
    if (!status) {
        status = reader_want(reader, TOKEN_BRACKET_CLOSE, "']'");
    }
    if (!status) {
        lexer_drop(lexer);
        turtle_leave(reader);
    }
    return status;
}

/// Two labels that take turns, so that a long list needs no more memory
struct list_nodes {
    char *rooms[2];
    size_t turn;
};

static enum dm_status
next_node(struct dm_reader *reader, struct list_nodes *nodes, struct spot *ret)
{
    char **room = &nodes->rooms[nodes->turn++ % 2];
    if (!*room) {
        *room = dm_arena_alloc(&reader->arena, reader_label_size(reader), 1);
    }
    if (!*room) {
        return reader_no_room(reader);
    }
    *ret = (struct spot){reader_fresh_blank(reader, *room), reader->lexer.at};
    return DM_OK;
}

// One object of a collection, in the list node `node`
static enum dm_status
take_item(struct dm_reader *reader, const struct spot *node)
{
    struct spot item = {0};
    const struct spot first = {dm_term_iri(rdf_first), node->at};
    const struct dm_arena_mark mark = dm_arena_mark(&reader->arena);
    enum dm_status status = turtle_object(reader, &item);
    if (!status) {
        status = reader_emit(reader, node, &first, &item);
    }
    dm_arena_rewind(&reader->arena, mark);
    return status;
}

// The objects of a collection from the second on, and its end
static enum dm_status
take_rest(struct dm_reader *reader, struct spot node)
{
    struct list_nodes nodes = {.turn = 0};
    for (;;) {
        const struct spot rest = {dm_term_iri(rdf_rest), reader->lexer.at};
        struct spot next = {dm_term_iri(rdf_nil), reader->lexer.at};
        const bool is_end = reader->lexer.kind == TOKEN_PAREN_CLOSE;
        enum dm_status status =
            is_end ? DM_OK : next_node(reader, &nodes, &next);
        if (!status) {
            status = reader_emit(reader, &node, &rest, &next);
        }
        if (status || is_end) {
            return status;
        }
        status = take_item(reader, &next);
        if (!status) {
            status = reader_peek(reader);
        }
        if (status) {
            return status;
        }
        node = next;
    }
}

// collection ::= '(' object* ')'
static enum dm_status
take_collection(struct dm_reader *reader, struct spot *ret)
{
    struct lexer *lexer = &reader->lexer;
    struct spot head = {dm_term_iri(rdf_nil), lexer->at};
    enum dm_status status = turtle_enter(reader);
    if (status) {
        return status;
    }
    lexer_drop(lexer);
    status = reader_peek(reader);
    if (!status && lexer->kind != TOKEN_PAREN_CLOSE) {
        status = turtle_fresh(reader, head.at, &head);
        if (!status) {
            status = take_item(reader, &head);
        }
        if (!status) {
            status = reader_peek(reader);
        }
        if (!status) {
            status = take_rest(reader, head);
        }
    }
    if (!status) {
        lexer_drop(lexer);
        turtle_leave(reader);
        *ret = head;
    }
    return status;
}

enum dm_status
turtle_reify(struct dm_reader *reader, const struct spot *reifier,
             const struct dm_triple *triple)
{
    const struct spot reifies = {dm_term_iri(rdf_reifies), reifier->at};
    const struct spot object = {dm_term_triple(triple), reifier->at};
    if (dm_term_depth(&object.term) > DM_TRIPLE_DEPTH_MAX) {
        return reader_fail(reader, DM_ERR_LIMIT, reifier->at,
                           "triple terms are nested over %d deep",
                           DM_TRIPLE_DEPTH_MAX);
    }
    return reader_emit(reader, reifier, &reifies, &object);
}

// reifier ::= '~' (iri | BlankNode)?
// Within << >>; without one, or with a bare '~', the reifier is a blank node.
static enum dm_status
take_reifier(struct dm_reader *reader, struct dm_position at, struct spot *ret)
{
    enum dm_status status = reader_peek(reader);
    if (!status && reader->lexer.kind == TOKEN_TILDE) {
        at = reader->lexer.at;
        lexer_drop(&reader->lexer);
        status = reader_peek(reader);
        if (!status && reader->lexer.kind != TOKEN_REIFIED_CLOSE) {
            return turtle_node(reader, "a reifier or '>>'", ret);
        }
    }
    return status ? status : turtle_fresh(reader, at, ret);
}

static enum dm_status take_triple_term(struct dm_reader *reader,
                                       struct spot *ret);
static enum dm_status take_reified(struct dm_reader *reader, struct spot *ret);

// rtObject ::= iri | BlankNode | literal | tripleTerm | reifiedTriple
// ttObject ::= iri | BlankNode | literal | tripleTerm
static enum dm_status
take_part_object(struct dm_reader *reader, bool is_term, struct spot *ret)
{
    const enum dm_status status = reader_peek(reader);
    if (status) {
        return status;
    }
    if (begins_literal(reader->lexer.kind)) {
        return take_literal(reader, ret);
    }
    if (reader->lexer.kind == TOKEN_TRIPLE_OPEN) {
        return take_triple_term(reader, ret);
    }
    if (reader->lexer.kind == TOKEN_REIFIED_OPEN && !is_term) {
        return take_reified(reader, ret);
    }
    return turtle_node(reader, an_object, ret);
}

// rtSubject ::= iri | BlankNode | reifiedTriple
// ttSubject ::= iri | BlankNode
// Then verb and object; all three lie in the arena, as the triple does.
static enum dm_status
take_parts(struct dm_reader *reader, bool is_term, const struct dm_triple **ret)
{
    struct spot s = {0};
    struct spot p = {0};
    struct spot o = {0};
    enum dm_status status = reader_peek(reader);
    if (!status) {
        status = reader->lexer.kind == TOKEN_REIFIED_OPEN && !is_term
                     ? take_reified(reader, &s)
                     : turtle_node(reader, "a subject", &s);
    }
    if (!status) {
        status = turtle_verb(reader, &p);
    }
    if (!status) {
        status = take_part_object(reader, is_term, &o);
    }
    if (status) {
        return status;
    }
    struct dm_triple *triple =
        dm_arena_alloc(&reader->arena, 1, sizeof(*triple));
    if (!triple) {
        return reader_no_room(reader);
    }
    *triple = (struct dm_triple){s.term, p.term, o.term};
    *ret = triple;
    return DM_OK;
}

// tripleTerm ::= '<<(' ttSubject verb ttObject ')>>'
static enum dm_status
take_triple_term(struct dm_reader *reader, struct spot *ret)
{
    const struct dm_position at = reader->lexer.at;
    const struct dm_triple *triple = NULL;
    enum dm_status status = reader_need_1_2(reader, "triple terms");
    if (!status) {
        status = turtle_enter(reader);
    }
    if (!status) {
        lexer_drop(&reader->lexer);
        status = take_parts(reader, true, &triple);
    }
    if (!status) {
        status = reader_want(reader, TOKEN_TRIPLE_CLOSE, "')>>'");
    }
    if (status) {
        return status;
    }
    lexer_drop(&reader->lexer);
    turtle_leave(reader);
    *ret = (struct spot){dm_term_triple(triple), at};
    if (dm_term_depth(&ret->term) > DM_TRIPLE_DEPTH_MAX) {
        return reader_fail(reader, DM_ERR_LIMIT, at,
                           "triple terms are nested over %d deep",
                           DM_TRIPLE_DEPTH_MAX);
    }
    return DM_OK;
}

// reifiedTriple ::= '<<' rtSubject verb rtObject reifier? '>>'
static enum dm_status
take_reified(struct dm_reader *reader, struct spot *ret)
{
    const struct dm_position at = reader->lexer.at;
    const struct dm_triple *triple = NULL;
    enum dm_status status = reader_need_1_2(reader, "reified triples");
    if (!status) {
        status = turtle_enter(reader);
    }
    if (!status) {
        lexer_drop(&reader->lexer);
        status = take_parts(reader, false, &triple);
    }
    if (!status) {
        status = take_reifier(reader, at, ret);
    }
    if (!status) {
        status = reader_want(reader, TOKEN_REIFIED_CLOSE, "'>>'");
    }
    if (status) {
        return status;
    }
    assert(triple);
    lexer_drop(&reader->lexer);
    turtle_leave(reader);
    return turtle_reify(reader, ret, triple);
}

// object ::= iri | BlankNode | collection | blankNodePropertyList | literal
//            | tripleTerm | reifiedTriple
enum dm_status
turtle_object(struct dm_reader *reader, struct spot *ret)
{
    bool ignored = false;
    const enum dm_status status = reader_peek(reader);
    if (status) {
        return status;
    }
    const enum token_kind kind = reader->lexer.kind;
    if (begins_literal(kind)) {
        return take_literal(reader, ret);
    }
    if (kind == TOKEN_BRACKET_OPEN) {
        return take_bracket(reader, ret, &ignored);
    }
    if (kind == TOKEN_PAREN_OPEN) {
        return take_collection(reader, ret);
    }
    if (kind == TOKEN_TRIPLE_OPEN) {
        return take_triple_term(reader, ret);
    }
    if (kind == TOKEN_REIFIED_OPEN) {
        return take_reified(reader, ret);
    }
    return turtle_node(reader, an_object, ret);
}

// subject ::= iri | BlankNode | collection
// triples ::= subject predicateObjectList
//             | blankNodePropertyList predicateObjectList?
//             | reifiedTriple predicateObjectList?
enum dm_status
turtle_subject(struct dm_reader *reader, struct spot *ret, bool *ret_alone)
{
    const enum token_kind kind = reader->lexer.kind;
    *ret_alone = kind == TOKEN_REIFIED_OPEN;
    if (kind == TOKEN_BRACKET_OPEN) {
        return take_bracket(reader, ret, ret_alone);
    }
    if (kind == TOKEN_PAREN_OPEN) {
        return take_collection(reader, ret);
    }
    if (kind == TOKEN_REIFIED_OPEN) {
        return take_reified(reader, ret);
    }
    return turtle_node(reader, "a subject", ret);
}
