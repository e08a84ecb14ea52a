// SPDX-License-Identifier: ISC

#include "rdf/reader_private.h"

#include <assert.h>
#include <stdio.h>

/// What a token that follows an object without ';' or '.' seems to begin
enum next_part {
    NEXT_UNKNOWN,
    NEXT_PROPERTY,
    NEXT_STATEMENT,
};

static bool
is_closer(enum token_kind kind)
{
    return kind == TOKEN_DOT || kind == TOKEN_BRACKET_CLOSE ||
           kind == TOKEN_ANNOTATION_CLOSE || kind == TOKEN_BRACE_CLOSE;
}

static bool
is_name(enum token_kind kind)
{
    return kind == TOKEN_IRI || kind == TOKEN_NAME;
}

static bool
is_sparql_directive(struct dm_str word)
{
    return dm_str_equal_nocase(word, dm_str("PREFIX")) ||
           dm_str_equal_nocase(word, dm_str("BASE")) ||
           dm_str_equal_nocase(word, dm_str("VERSION"));
}

static bool
is_graph_word(const struct dm_reader *reader, struct dm_str word)
{
    return reader->options.syntax == DM_SYNTAX_TRIG &&
           dm_str_equal_nocase(word, dm_str("GRAPH"));
}

// What the token is, where it can be told from it alone
static enum next_part
judge_word(const struct dm_reader *reader)
{
    const struct dm_str word = lexer_text(&reader->lexer);
    if (dm_str_is(word, "a")) {
        return NEXT_PROPERTY;
    }
    return is_sparql_directive(word) || is_graph_word(reader, word)
               ? NEXT_STATEMENT
               : NEXT_UNKNOWN;
}

// A name that begins a line: of a property or of a subject? Two terms up to the
// next mark make a property with its value, three a statement.
static enum next_part
judge_name(struct dm_reader *reader)
{
    struct lookahead ahead = {0};
    lexer_look_ahead(&reader->lexer, &ahead);
    if (ahead.kind == TOKEN_BAD || ahead.kind == TOKEN_END ||
        is_closer(ahead.kind) || ahead.kind == TOKEN_SEMICOLON) {
        return NEXT_UNKNOWN;
    }
    if (ahead.kind == TOKEN_WORD) {
        // "a" follows a subject; "true" is a value
        return ahead.n == 1 ? NEXT_STATEMENT : NEXT_PROPERTY;
    }
    if (ahead.kind == TOKEN_BRACE_OPEN) {
        return NEXT_STATEMENT;
    }
    if (!is_name(ahead.kind)) {
        return NEXT_PROPERTY;
    }
    lexer_look_ahead(&reader->lexer, &ahead);
    switch (ahead.kind) {
    case TOKEN_IRI:
    case TOKEN_NAME:
    case TOKEN_WORD:
        // A further name on a line of its own is the next property
        return ahead.is_on_new_line ? NEXT_PROPERTY : NEXT_STATEMENT;
    case TOKEN_BLANK:
    case TOKEN_STRING:
    case TOKEN_NUMBER:
    case TOKEN_BRACKET_OPEN:
    case TOKEN_PAREN_OPEN:
    case TOKEN_TRIPLE_OPEN:
    case TOKEN_REIFIED_OPEN:
        return NEXT_STATEMENT;
    case TOKEN_END:
    case TOKEN_DOT:
    case TOKEN_SEMICOLON:
    case TOKEN_COMMA:
    case TOKEN_BRACKET_CLOSE:
    case TOKEN_PAREN_CLOSE:
    case TOKEN_BRACE_OPEN:
    case TOKEN_BRACE_CLOSE:
    case TOKEN_ANNOTATION_OPEN:
    case TOKEN_ANNOTATION_CLOSE:
    case TOKEN_REIFIED_CLOSE:
    case TOKEN_TRIPLE_CLOSE:
    case TOKEN_TILDE:
        return NEXT_PROPERTY;
    case TOKEN_BAD:
    case TOKEN_DATATYPE:
    case TOKEN_LANGUAGE:
        break;
    }
    return NEXT_UNKNOWN;
}

static enum next_part
judge_next(struct dm_reader *reader)
{
    const enum token_kind kind = reader->lexer.kind;
    if (kind == TOKEN_END || kind == TOKEN_LANGUAGE) {
        return NEXT_STATEMENT; // The end, or @prefix and its like
    }
    if (kind == TOKEN_WORD) {
        return judge_word(reader);
    }
    if (kind == TOKEN_BLANK || kind == TOKEN_BRACKET_OPEN ||
        kind == TOKEN_PAREN_OPEN || kind == TOKEN_REIFIED_OPEN) {
        return NEXT_STATEMENT;
    }
    return is_name(kind) ? judge_name(reader) : NEXT_UNKNOWN;
}

// Whether the token can begin nothing but a statement: behind a ';' a name may
// well be a property, unless "a" follows
static bool
must_begin_statement(struct dm_reader *reader)
{
    if (!is_name(reader->lexer.kind)) {
        return judge_next(reader) == NEXT_STATEMENT;
    }
    struct lookahead ahead = {0};
    lexer_look_ahead(&reader->lexer, &ahead);
    return ahead.kind == TOKEN_WORD && ahead.n == 1;
}

// Set the step's error: something is missing before the token
static void
fail_missing(struct dm_reader *reader, const char *missing)
{
    const struct lexer *lexer = &reader->lexer;
    (void)reader_fail(reader, DM_ERR_SYNTAX, lexer->at,
                      "%s is missing after %s%s", missing, lexer->last,
                      lexer->last_n > LEXER_QUOTE_MAX ? "…" : "");
}

// Say so to who listens, and go on as if it were there
static void
report_missing(struct dm_reader *reader, const char *missing)
{
    struct dm_error error = {0};
    struct dm_error *const of_step = reader->error;
    reader->error = &error;
    fail_missing(reader, missing);
    reader->error = of_step;
    if (reader->options.on_error) {
        reader->options.on_error(reader->options.error_context, &error);
    }
}

static bool
is_value(enum token_kind kind)
{
    return kind == TOKEN_STRING || kind == TOKEN_NUMBER ||
           kind == TOKEN_TRIPLE_OPEN;
}

// Neither ';' nor what ends the list follows an object
static enum dm_status
missing_separator(struct dm_reader *reader, bool *ret_more)
{
    const struct lexer *lexer = &reader->lexer;
    const bool is_top = reader->nesting == 0;
    char missing[32];
    (void)snprintf(missing, sizeof(missing),
                   lexer->kind == TOKEN_END ? "a '%s'" : "a ';' or '%s'",
                   reader->closer);
    if (lexer->kind == TOKEN_BAD) {
        return reader_unexpected(reader, missing);
    }

    const bool may_mend = reader->options.mend &&
                          (lexer->is_on_new_line || lexer->kind == TOKEN_END);
    const enum next_part next = may_mend ? judge_next(reader) : NEXT_UNKNOWN;
    if (next == NEXT_PROPERTY || (next == NEXT_STATEMENT && is_top)) {
        report_missing(reader, missing);
        *ret_more = next == NEXT_PROPERTY;
        reader->is_assumed_end = next == NEXT_STATEMENT;
        return DM_OK;
    }
    fail_missing(reader, missing);
    if (is_value(lexer->kind)) {
        reader_hint(reader, "Several values of one property are separated by "
                            "','");
    }
    return DM_ERR_SYNTAX;
}

// What follows an object list: ';' and perhaps a further property
static enum dm_status
take_separator(struct dm_reader *reader, bool *ret_more)
{
    struct lexer *lexer = &reader->lexer;
    bool has_separator = false;
    enum dm_status status = reader_peek(reader);
    while (!status && lexer->kind == TOKEN_SEMICOLON) {
        has_separator = true;
        lexer_drop(lexer);
        status = reader_peek(reader);
    }
    if (status) {
        return status;
    }
    *ret_more = false;
    if (is_closer(lexer->kind)) {
        return DM_OK;
    }
    if (!has_separator || lexer->kind == TOKEN_END) {
        return missing_separator(reader, ret_more);
    }
    if (reader->options.mend && lexer->is_on_new_line && reader->nesting == 0 &&
        must_begin_statement(reader)) {
        report_missing(reader, "a '.'");
        reader->is_assumed_end = true;
        return DM_OK;
    }
    *ret_more = true;
    return DM_OK;
}

// annotationBlock ::= '{|' predicateObjectList '|}'
static enum dm_status
take_block(struct dm_reader *reader, const struct spot *reifier)
{
    enum dm_status status = turtle_enter(reader);
    if (status) {
        return status;
    }
    lexer_drop(&reader->lexer);
    status = turtle_properties(reader, reifier, "|}");
    if (!status) {
        status = reader_want(reader, TOKEN_ANNOTATION_CLOSE, "'|}'");
    }
    if (!status) {
        lexer_drop(&reader->lexer);
        turtle_leave(reader);
    }
    return status;
}

// reifier ::= '~' (iri | BlankNode)?
static enum dm_status
take_tilde(struct dm_reader *reader, struct spot *ret)
{
    struct lexer *lexer = &reader->lexer;
    const struct dm_position at = lexer->at;
    lexer_drop(lexer);
    const enum dm_status status = reader_peek(reader);
    if (status) {
        return status;
    }
    if (is_name(lexer->kind) || lexer->kind == TOKEN_BLANK ||
        lexer->kind == TOKEN_BRACKET_OPEN) {
        return turtle_node(reader, "a reifier", ret);
    }
    return turtle_fresh(reader, at, ret);
}

// annotation ::= (reifier | annotationBlock)*
// A block belongs to the reifier just before it, else to one of its own.
static enum dm_status
take_annotation(struct dm_reader *reader, const struct dm_triple *triple)
{
    struct lexer *lexer = &reader->lexer;
    bool has_reifier = false;
    struct spot reifier = {0};
    for (;;) {
        enum dm_status status = reader_peek(reader);
        const bool is_tilde = lexer->kind == TOKEN_TILDE;
        if (status || (!is_tilde && lexer->kind != TOKEN_ANNOTATION_OPEN)) {
            return status;
        }
        status = reader_need_1_2(reader, "annotations");
        const bool is_new = !status && (is_tilde || !has_reifier);
        if (is_new) {
            status = is_tilde ? take_tilde(reader, &reifier)
                              : turtle_fresh(reader, lexer->at, &reifier);
            if (!status) {
                status = turtle_reify(reader, &reifier, triple);
            }
        }
        has_reifier = is_tilde;
        if (!status && !is_tilde) {
            status = take_block(reader, &reifier);
        }
        if (status) {
            return status;
        }
    }
}

// objectList ::= object annotation (',' object annotation)*
static enum dm_status
take_objects(struct dm_reader *reader, const struct spot *subject,
             const struct spot *verb)
{
    for (;;) {
        struct spot object = {0};
        const struct dm_arena_mark mark = dm_arena_mark(&reader->arena);
        enum dm_status status = turtle_object(reader, &object);
        if (!status) {
            status = reader_emit(reader, subject, verb, &object);
        }
        if (!status) {
            const struct dm_triple triple = {subject->term, verb->term,
                                             object.term};
            status = take_annotation(reader, &triple);
        }
        dm_arena_rewind(&reader->arena, mark);
        if (!status) {
            status = reader_peek(reader);
        }
        if (status || reader->lexer.kind != TOKEN_COMMA) {
            return status;
        }
        lexer_drop(&reader->lexer);
    }
}

// predicateObjectList ::= verb objectList (';' (verb objectList)?)*
enum dm_status
turtle_properties(struct dm_reader *reader, const struct spot *subject,
                  const char *closer)
{
    const char *const outer = reader->closer;
    bool more = true;
    enum dm_status status = DM_OK;
    reader->closer = closer;
    while (!status && more) {
        struct spot verb = {0};
        const struct dm_arena_mark mark = dm_arena_mark(&reader->arena);
        status = turtle_verb(reader, &verb);
        if (!status) {
            status = take_objects(reader, subject, &verb);
        }
        if (!status) {
            status = take_separator(reader, &more);
        }
        dm_arena_rewind(&reader->arena, mark);
    }
    reader->closer = outer;
    return status;
}

// The '.' of a statement or directive
static enum dm_status
take_dot(struct dm_reader *reader)
{
    struct lexer *lexer = &reader->lexer;
    if (reader->is_assumed_end) {
        return DM_OK;
    }
    const enum dm_status status = reader_peek(reader);
    if (status) {
        return status;
    }
    if (lexer->kind == TOKEN_DOT) {
        lexer_drop(lexer);
        return DM_OK;
    }
    // The last triple of a graph needs none
    if (reader->in_graph && lexer->kind == TOKEN_BRACE_CLOSE) {
        return DM_OK;
    }
    if (is_closer(lexer->kind) || lexer->kind == TOKEN_BAD) {
        return reader_unexpected(reader, "'.'");
    }
    if (reader->options.mend &&
        (lexer->is_on_new_line || lexer->kind == TOKEN_END)) {
        report_missing(reader, "a '.'");
        return DM_OK;
    }
    fail_missing(reader, "a '.'");
    return DM_ERR_SYNTAX;
}

// triples ::= subject predicateObjectList
//             | blankNodePropertyList predicateObjectList?
//             | reifiedTriple predicateObjectList?
static enum dm_status
take_triples(struct dm_reader *reader)
{
    struct spot subject = {0};
    bool may_stand_alone = false;
    enum dm_status status = turtle_subject(reader, &subject, &may_stand_alone);
    if (!status) {
        status = reader_peek(reader);
    }
    if (!status && !(may_stand_alone && is_closer(reader->lexer.kind))) {
        status = turtle_properties(reader, &subject, ".");
    }
    return status ? status : take_dot(reader);
}

// prefixID ::= '@prefix' PNAME_NS IRIREF '.'
// sparqlPrefix ::= "PREFIX" PNAME_NS IRIREF
static enum dm_status
take_prefix(struct dm_reader *reader)
{
    static const char a_prefix[] = "a prefix with ':'";
    struct lexer *lexer = &reader->lexer;
    enum dm_status status = reader_want(reader, TOKEN_NAME, a_prefix);
    if (status) {
        return status;
    }
    if (lexer->scan.mark + 1 != lexer->scan.n) {
        return reader_unexpected(reader, a_prefix);
    }
    const struct dm_str name = dm_arena_copy(
        &reader->arena, dm_str_slice(lexer_text(lexer), 0, lexer->scan.mark));
    if (!name.data) {
        return reader_no_room(reader);
    }
    lexer_drop(lexer);

    struct spot iri = {0};
    status = reader_want(reader, TOKEN_IRI, "an IRI between < and >");
    if (!status) {
        status = turtle_iriref(reader, &iri);
    }
    return status ? status : reader_declare(reader, name, iri.term.value);
}

// base ::= '@base' IRIREF '.'
// sparqlBase ::= "BASE" IRIREF
static enum dm_status
take_base(struct dm_reader *reader)
{
    struct spot iri = {0};
    enum dm_status status =
        reader_want(reader, TOKEN_IRI, "an IRI between < and >");
    if (!status) {
        status = turtle_iriref(reader, &iri);
    }
    return status ? status : reader_set_base(reader, iri.term.value);
}

// version ::= '@version' VersionSpecifier '.'
// sparqlVersion ::= "VERSION" VersionSpecifier
// VersionSpecifier ::= STRING_LITERAL_QUOTE | STRING_LITERAL_SINGLE_QUOTE
static enum dm_status
take_version(struct dm_reader *reader)
{
    static const char a_version[] = "a version between single quotes";
    enum dm_status status = reader_need_1_2(reader, "version directive");
    if (!status) {
        status = reader_want(reader, TOKEN_STRING, a_version);
    }
    if (status) {
        return status;
    }
    if (reader->lexer.scan.quotes != 1) {
        return reader_unexpected(reader, a_version);
    }
    lexer_drop(&reader->lexer);
    return DM_OK;
}

// directive ::= prefixID | base | version | sparqlPrefix | sparqlBase
//               | sparqlVersion
// The token is the word, without its '@' in `word`.
static enum dm_status
take_directive(struct dm_reader *reader, struct dm_str word)
{
    // The word is looked at before the token goes
    const bool is_prefix = dm_str_equal_nocase(word, dm_str("prefix"));
    const bool is_base = dm_str_equal_nocase(word, dm_str("base"));
    lexer_drop(&reader->lexer);
    if (is_prefix) {
        return take_prefix(reader);
    }
    return is_base ? take_base(reader) : take_version(reader);
}

static enum dm_status
take_at_directive(struct dm_reader *reader)
{
    const struct dm_str text = lexer_text(&reader->lexer);
    if (!dm_str_is(text, "@prefix") && !dm_str_is(text, "@base") &&
        !dm_str_is(text, "@version")) {
        (void)reader_unexpected(reader, "a directive");
        reader_hint(reader, "There are @prefix, @base and @version");
        return DM_ERR_SYNTAX;
    }
    const enum dm_status status =
        take_directive(reader, dm_str_slice(text, 1, text.n));
    return status ? status : take_dot(reader);
}

static void
leave_graph(struct dm_reader *reader)
{
    reader->in_graph = false;
    reader->graph = (struct spot){0};
}

// wrappedGraph ::= '{' triplesBlock? '}'
// Its '{'; the label, if any, is copied to where it outlives the statement.
static enum dm_status
enter_graph(struct dm_reader *reader, const struct spot *label)
{
    assert(!reader->in_graph);
    reader->graph = *label;
    if (label->term.kind != DM_TERM_NONE) {
        dm_buf_clear(&reader->graph_text);
        if (dm_buf_put_str(&reader->graph_text, label->term.value)) {
            reader->graph = (struct spot){0};
            return reader_no_room(reader);
        }
        reader->graph.term.value = dm_buf_str(&reader->graph_text);
    }
    reader->in_graph = true;
    lexer_drop(&reader->lexer);
    return DM_OK;
}

// block ::= ... | "GRAPH" labelOrSubject wrappedGraph
static enum dm_status
take_graph_word(struct dm_reader *reader)
{
    struct spot label = {0};
    lexer_drop(&reader->lexer);
    enum dm_status status = reader_peek(reader);
    if (!status) {
        status = turtle_node(reader, "the name of a graph", &label);
    }
    if (!status) {
        status = reader_want(reader, TOKEN_BRACE_OPEN, "'{'");
    }
    return status ? status : enter_graph(reader, &label);
}

// triplesOrGraph ::= labelOrSubject (wrappedGraph | predicateObjectList '.')
//                    | reifiedTriple predicateObjectList? '.'
// triples2 ::= blankNodePropertyList predicateObjectList? '.'
//              | collection predicateObjectList '.'
static enum dm_status
take_triples_or_graph(struct dm_reader *reader)
{
    struct spot subject = {0};
    bool may_stand_alone = false;
    const enum token_kind kind = reader->lexer.kind;
    enum dm_status status = turtle_subject(reader, &subject, &may_stand_alone);
    if (!status) {
        status = reader_peek(reader);
    }
    if (status) {
        return status;
    }
    const bool may_be_label = is_name(kind) || kind == TOKEN_BLANK ||
                              (kind == TOKEN_BRACKET_OPEN && !may_stand_alone);
    if (reader->lexer.kind == TOKEN_BRACE_OPEN && may_be_label) {
        return enter_graph(reader, &subject);
    }
    if (!(may_stand_alone && reader->lexer.kind == TOKEN_DOT)) {
        status = turtle_properties(reader, &subject, ".");
    }
    return status ? status : take_dot(reader);
}

// triplesBlock ::= triples ('.' triplesBlock?)?
// One of its triples, or the '}' behind it.
static enum dm_status
step_in_graph(struct dm_reader *reader)
{
    struct lexer *lexer = &reader->lexer;
    if (lexer->kind == TOKEN_BRACE_CLOSE) {
        lexer_drop(lexer);
        leave_graph(reader);
        return DM_OK;
    }
    if (lexer->kind == TOKEN_END) {
        leave_graph(reader);
        return reader_unexpected(reader, "'}'");
    }
    return take_triples(reader);
}

static enum dm_status
take_word_statement(struct dm_reader *reader)
{
    const struct dm_str word = lexer_text(&reader->lexer);
    if (is_sparql_directive(word)) {
        return take_directive(reader, word);
    }
    if (is_graph_word(reader, word)) {
        return take_graph_word(reader);
    }
    (void)reader_unexpected(reader, "a subject");
    reader_hint(reader, "Put a name between < and >, or a prefix before it");
    return DM_ERR_SYNTAX;
}

// statement ::= directive | triples '.'
// trigDoc ::= (directive | block)*
enum dm_status
turtle_step(struct dm_reader *reader)
{
    static const struct spot no_label = {{0}, {0, 0}};
    const struct lexer *lexer = &reader->lexer;
    const bool is_trig = reader->options.syntax == DM_SYNTAX_TRIG;
    const enum dm_status status = reader_peek(reader);
    if (status) {
        return status;
    }
    if (reader->in_graph) {
        return step_in_graph(reader);
    }
    if (lexer->kind == TOKEN_END) {
        return DM_END;
    }
    if (lexer->kind == TOKEN_LANGUAGE) {
        return take_at_directive(reader);
    }
    if (lexer->kind == TOKEN_WORD) {
        return take_word_statement(reader);
    }
    if (is_trig && lexer->kind == TOKEN_BRACE_OPEN) {
        return enter_graph(reader, &no_label);
    }
    return is_trig ? take_triples_or_graph(reader) : take_triples(reader);
}

// Skip a token that is wrong, at least one byte of it
static void
pass_bad(struct lexer *lexer)
{
    const size_t n = lexer_rest(lexer).n;
    const size_t bad = lexer->scan.n ? lexer->scan.n : 1;
    lexer->has_token = false;
    lexer_pass(lexer, bad < n ? bad : n);
}

enum dm_status
turtle_recover(struct dm_reader *reader)
{
    struct lexer *lexer = &reader->lexer;
    for (;;) {
        enum dm_status status = lexer_peek(lexer);
        if (status == DM_ERR_LIMIT) {
            status = lexer_pass_long(lexer);
            if (!status) {
                continue;
            }
        }
        if (status || lexer->kind == TOKEN_END) {
            leave_graph(reader);
            return status ? status : DM_END;
        }
        const enum token_kind kind = lexer->kind;
        if (kind == TOKEN_BAD) {
            pass_bad(lexer);
            continue;
        }
        lexer_drop(lexer);
        if (kind == TOKEN_BRACE_CLOSE && reader->in_graph) {
            leave_graph(reader);
            return DM_OK;
        }
        if (kind == TOKEN_DOT) {
            return DM_OK;
        }
    }
}
