// SPDX-License-Identifier: ISC

// N-Triples and N-Quads: a line is looked at whole, and its terms are views of
// it where they have no escapes, so that a line costs no copy.

#include "rdf/iri.h"
#include "rdf/reader_private.h"

#include <assert.h>
#include <string.h>

/// A line, and how far it was read
struct line {
    struct dm_reader *reader;
    struct dm_str text;
    size_t at;
    uint32_t columns; ///< Code points before `at`
};

static enum dm_status
line_too_long(struct dm_reader *reader)
{
    return reader_fail(reader, DM_ERR_LIMIT, reader->lexer.here,
                       "a line has over %zu bytes",
                       reader->options.max_statement);
}

// Where the first CR or LF of `text` is from `from` on, or text.n
static size_t
find_line_end(struct dm_str text, size_t from)
{
    if (from >= text.n) {
        return text.n;
    }
    const char *const lf = memchr(text.data + from, '\n', text.n - from);
    const size_t end = lf ? (size_t)(lf - text.data) : text.n;
    const char *const cr = memchr(text.data + from, '\r', end - from);
    return cr ? (size_t)(cr - text.data) : end;
}

// The line at the start of what waits, without its end
static enum dm_status
have_line(struct dm_reader *reader, struct dm_str *ret)
{
    struct lexer *lexer = &reader->lexer;
    size_t looked = 0;
    for (;;) {
        const struct dm_str rest = lexer_rest(lexer);
        const size_t end = find_line_end(rest, looked);
        if (end > reader->options.max_statement) {
            return line_too_long(reader);
        }
        if (end < rest.n || (lexer->is_at_end && rest.n)) {
            *ret = dm_str_slice(rest, 0, end);
            return DM_OK;
        }
        if (lexer->is_at_end) {
            return DM_END;
        }
        looked = rest.n;
        const enum dm_status status = lexer_fill(lexer);
        if (status == DM_ERR_LIMIT) {
            return line_too_long(reader);
        }
        if (status) {
            return reader_unreadable(reader, status);
        }
    }
}

static void
advance(struct line *line, size_t n)
{
    assert(n <= line->text.n - line->at);
    const char *const bytes = line->text.data + line->at;
    uint32_t continuations = 0;
    for (size_t i = 0; i < n; ++i) {
        continuations += ((unsigned char)bytes[i] & 0xC0U) == 0x80U ? 1 : 0;
    }
    line->at += n;
    line->columns += (uint32_t)n - continuations;
}

static struct dm_position
here(const struct line *line)
{
    return (struct dm_position){line->reader->lexer.here.line,
                                line->columns + 1};
}

static void
skip_blanks(struct line *line)
{
    while (line->at < line->text.n && (line->text.data[line->at] == ' ' ||
                                       line->text.data[line->at] == '\t')) {
        ++line->at;
        ++line->columns;
    }
}

static struct dm_str
rest_of(const struct line *line)
{
    return dm_str_slice(line->text, line->at, line->text.n);
}

static char
next_char(const struct line *line)
{
    if (line->at >= line->text.n) {
        return '\0';
    }
    return line->text.data[line->at];
}

static bool
take_mark(struct line *line, const char *mark)
{
    const struct dm_str text = dm_str(mark);
    if (!dm_str_starts(rest_of(line), text)) {
        return false;
    }
    advance(line, text.n);
    return true;
}

static enum dm_status
fail_here(struct line *line, const char *what, const char *hint)
{
    (void)reader_fail(line->reader, DM_ERR_SYNTAX, here(line), "%s", what);
    reader_hint(line->reader, hint);
    return DM_ERR_SYNTAX;
}

static enum dm_status
fail_wanted(struct line *line, const char *wanted)
{
    const struct dm_str quote = dm_utf8_cut(rest_of(line), LEXER_QUOTE_MAX);
    if (!quote.n) {
        return reader_fail(line->reader, DM_ERR_SYNTAX, here(line),
                           "the line ends where %s is expected", wanted);
    }
    return reader_fail(line->reader, DM_ERR_SYNTAX, here(line),
                       "%s is expected, not %.*s", wanted, (int)quote.n,
                       quote.data);
}

// Check a scan of what is next, and move behind the token
static enum dm_status
take_scanned(struct line *line, const struct dm_scan *scan, struct dm_str *ret)
{
    if (scan->wrong) {
        advance(line, scan->n);
        return fail_here(line, scan->wrong, scan->hint);
    }
    if (scan->n > line->reader->options.max_token) {
        return reader_fail(line->reader, DM_ERR_LIMIT, here(line),
                           "a token has over %zu bytes",
                           line->reader->options.max_token);
    }
    *ret = dm_str_slice(line->text, line->at, scan->n);
    advance(line, scan->n);
    return DM_OK;
}

// The value of `raw`, which is the line's own bytes where nothing is escaped
static enum dm_status
value_of(struct line *line, struct dm_str raw, bool is_escaped,
         struct dm_str *ret)
{
    if (!is_escaped) {
        *ret = raw;
        return DM_OK;
    }
    char *bytes = dm_arena_alloc(&line->reader->arena, raw.n + 1, 1);
    if (!bytes) {
        return reader_no_room(line->reader);
    }
    *ret = dm_str_n(bytes, dm_unescape(raw, bytes));
    return DM_OK;
}

// IRIREF ::= '<' ([^#x00-#x20<>"{}|^`\] | UCHAR)* '>'
static enum dm_status
take_iri(struct line *line, struct dm_str *ret)
{
    struct line before = *line;
    struct dm_str token = {0};
    const struct dm_scan scan = dm_scan_iriref(rest_of(line), true);
    enum dm_status status = take_scanned(line, &scan, &token);
    if (!status) {
        status = value_of(line, dm_str_slice(token, 1, token.n - 2),
                          scan.is_escaped, ret);
    }
    if (!status && !dm_iri_has_scheme(*ret)) {
        return fail_here(&before, "an IRI is relative here",
                         "N-Triples and N-Quads have whole IRIs only");
    }
    return status;
}

// BLANK_NODE_LABEL ::= '_:' (PN_CHARS_U | [0-9]) ((PN_CHARS | '.')* PN_CHARS)?
static enum dm_status
take_blank(struct line *line, struct dm_term *ret)
{
    struct dm_reader *reader = line->reader;
    const struct dm_str prefix = reader->options.blank_prefix;
    struct dm_str token = {0};
    const struct dm_scan scan = dm_scan_blank(rest_of(line), true);
    const enum dm_status status = take_scanned(line, &scan, &token);
    if (status) {
        return status;
    }
    struct dm_str label = dm_str_slice(token, 2, token.n);
    if (prefix.n) {
        char *bytes = dm_arena_alloc(&reader->arena, prefix.n + label.n, 1);
        if (!bytes) {
            return reader_no_room(reader);
        }
        memcpy(bytes, prefix.data, prefix.n);
        memcpy(bytes + prefix.n, label.data, label.n);
        label = dm_str_n(bytes, prefix.n + label.n);
    }
    *ret = dm_term_blank(label);
    return DM_OK;
}

// LANG_DIR ::= '@' [a-zA-Z]+ ('-' [a-zA-Z0-9]+)* ('--' [a-zA-Z]+)?
static enum dm_status
take_language(struct line *line, struct dm_term *term)
{
    const struct dm_scan scan = dm_scan_language(rest_of(line), true);
    enum dm_direction direction = DM_DIRECTION_NONE;
    struct line before = *line;
    struct dm_str token = {0};
    const enum dm_status status = take_scanned(line, &scan, &token);
    if (status) {
        return status;
    }
    size_t n = token.n;
    if (scan.mark != SIZE_MAX) {
        if (line->reader->options.strict_1_1) {
            return fail_here(&before, "RDF 1.1 has no base direction",
                             "Leave --ltr or --rtl out");
        }
        n = scan.mark;
        direction = dm_str_ends(token, dm_str("ltr")) ? DM_DIRECTION_LTR
                                                      : DM_DIRECTION_RTL;
    }
    *term =
        dm_term_tagged(term->value, dm_str_slice(token, 1, n - 1), direction);
    return DM_OK;
}

static enum dm_status
take_datatype(struct line *line, struct dm_term *term)
{
    struct dm_str iri = {0};
    skip_blanks(line);
    if (next_char(line) != '<') {
        return fail_wanted(line, "an IRI of a datatype");
    }
    struct line before = *line;
    const enum dm_status status = take_iri(line, &iri);
    if (status) {
        return status;
    }
    if (dm_str_is(iri, DM_RDF_NS "langString") ||
        dm_str_is(iri, DM_RDF_NS "dirLangString")) {
        return fail_here(&before, "a literal of this datatype needs a language",
                         "Write \"text\"@en instead");
    }
    *term = dm_term_literal(term->value, iri);
    return DM_OK;
}

// literal ::= STRING_LITERAL_QUOTE ('^^' IRIREF | LANG_DIR)?
static enum dm_status
take_literal(struct line *line, struct dm_term *ret)
{
    struct dm_str token = {0};
    struct line before = *line;
    const struct dm_scan scan = dm_scan_string(rest_of(line), true);
    enum dm_status status = take_scanned(line, &scan, &token);
    if (status) {
        return status;
    }
    if (scan.quotes != 1) {
        return fail_here(&before, "a string has one quote at each end here",
                         "Write line ends as \\n");
    }
    struct dm_str value = {0};
    status = value_of(line, dm_str_slice(token, 1, token.n - 2),
                      scan.is_escaped, &value);
    if (status) {
        return status;
    }
    struct dm_term term = dm_term_string(value);
    skip_blanks(line);
    if (next_char(line) == '@') {
        status = take_language(line, &term);
    } else if (take_mark(line, "^^")) {
        status = take_datatype(line, &term);
    }
    if (!status) {
        *ret = term;
    }
    return status;
}

// subject ::= IRIREF | BLANK_NODE_LABEL
// predicate ::= IRIREF
// graphLabel ::= IRIREF | BLANK_NODE_LABEL
static enum dm_status
take_node(struct line *line, bool may_be_blank, const char *wanted,
          struct dm_term *ret)
{
    skip_blanks(line);
    if (next_char(line) == '<' && !dm_str_starts(rest_of(line), dm_str("<<"))) {
        struct dm_str iri = {0};
        const enum dm_status status = take_iri(line, &iri);
        if (!status) {
            *ret = dm_term_iri(iri);
        }
        return status;
    }
    if (may_be_blank && next_char(line) == '_') {
        return take_blank(line, ret);
    }
    return fail_wanted(line, wanted);
}

static enum dm_status take_object(struct line *line, unsigned depth,
                                  struct dm_term *ret);

// tripleTerm ::= '<<(' subject predicate object ')>>'
// Its mark was taken.
static enum dm_status
take_triple(struct line *line, unsigned depth, struct dm_term *ret)
{
    struct dm_reader *reader = line->reader;
    if (depth > DM_TRIPLE_DEPTH_MAX) {
        return reader_fail(reader, DM_ERR_LIMIT, here(line),
                           "triple terms are nested over %d deep",
                           DM_TRIPLE_DEPTH_MAX);
    }
    struct dm_triple *triple =
        dm_arena_alloc(&reader->arena, 1, sizeof(*triple));
    if (!triple) {
        return reader_no_room(reader);
    }
    enum dm_status status = take_node(line, true, "a subject", &triple->s);
    if (!status) {
        status = take_node(line, false, "a predicate", &triple->p);
    }
    if (!status) {
        status = take_object(line, depth, &triple->o);
    }
    if (status) {
        return status;
    }
    skip_blanks(line);
    if (!take_mark(line, ")>>")) {
        return fail_wanted(line, "')>>'");
    }
    *ret = dm_term_triple(triple);
    return DM_OK;
}

// object ::= IRIREF | BLANK_NODE_LABEL | literal | tripleTerm
static enum dm_status
take_object(struct line *line, unsigned depth, struct dm_term *ret)
{
    skip_blanks(line);
    if (next_char(line) == '"') {
        return take_literal(line, ret);
    }
    struct line before = *line;
    if (take_mark(line, "<<(")) {
        if (line->reader->options.strict_1_1) {
            return fail_here(&before, "RDF 1.1 has no triple terms",
                             "Read it as RDF 1.2");
        }
        return take_triple(line, depth + 1, ret);
    }
    return take_node(line, true, "an object", ret);
}

// A '.' and perhaps a comment
static enum dm_status
take_line_end(struct line *line)
{
    skip_blanks(line);
    if (!take_mark(line, ".")) {
        return fail_wanted(line, "'.'");
    }
    skip_blanks(line);
    if (next_char(line) != '#' && line->at < line->text.n) {
        return fail_wanted(line, "the end of the line");
    }
    return DM_OK;
}

// triple ::= subject predicate object '.'
// statement ::= subject predicate object graphLabel? '.'
static enum dm_status
take_statement(struct line *line)
{
    struct dm_reader *reader = line->reader;
    struct dm_quad quad = {.g = {.kind = DM_TERM_NONE}};
    struct dm_quad_positions positions = {.g = {0, 0}};

    positions.s = here(line);
    enum dm_status status = take_node(line, true, "a subject", &quad.s);
    if (!status) {
        skip_blanks(line);
        positions.p = here(line);
        status = take_node(line, false, "a predicate", &quad.p);
    }
    if (!status) {
        skip_blanks(line);
        positions.o = here(line);
        status = take_object(line, 0, &quad.o);
    }
    if (status) {
        return status;
    }
    skip_blanks(line);
    if (reader->options.syntax == DM_SYNTAX_NQUADS && next_char(line) != '.') {
        positions.g = here(line);
        status = take_node(line, true, "a graph or '.'", &quad.g);
    }
    if (!status) {
        status = take_line_end(line);
    }
    return status ? status
                  : reader->sink(reader->sink_context, &quad, &positions,
                                 reader->error);
}

// versionDirective ::= 'VERSION' versionSpecifier
// versionSpecifier ::= STRING_LITERAL_QUOTE
static enum dm_status
take_version(struct line *line)
{
    struct line before = *line;
    struct dm_str token = {0};
    (void)take_mark(line, "VERSION");
    if (line->reader->options.strict_1_1) {
        return fail_here(&before, "RDF 1.1 has no version directive",
                         "Read it as RDF 1.2");
    }
    skip_blanks(line);
    if (next_char(line) != '"') {
        return fail_wanted(line, "a version between quotes");
    }
    const struct dm_scan scan = dm_scan_string(rest_of(line), true);
    const enum dm_status status = take_scanned(line, &scan, &token);
    if (status) {
        return status;
    }
    skip_blanks(line);
    if (next_char(line) != '#' && line->at < line->text.n) {
        return fail_wanted(line, "the end of the line");
    }
    return scan.quotes == 1 ? DM_OK
                            : fail_here(&before, "a version has single quotes",
                                        "Write VERSION \"1.2\"");
}

static enum dm_status
read_line(struct line *line)
{
    skip_blanks(line);
    if (line->at == line->text.n || next_char(line) == '#') {
        return DM_OK;
    }
    if (dm_str_starts(rest_of(line), dm_str("VERSION"))) {
        return take_version(line);
    }
    return take_statement(line);
}

// Go behind a line of `n` bytes and its end. The LF of a CR LF looks like an
// empty line of its own, but is none.
static void
pass_line(struct dm_reader *reader, size_t n)
{
    struct lexer *lexer = &reader->lexer;
    const struct dm_str rest = lexer_rest(lexer);
    if (n < rest.n) {
        const bool is_second =
            lexer->after_cr && n == 0 && rest.data[0] == '\n';
        lexer->here.line += is_second ? 0 : 1;
        lexer->after_cr = rest.data[n] == '\r';
        ++n;
    }
    lexer->here.column = 1;
    lexer->start += n;
    lexer->passed += n;
}

enum dm_status
lines_step(struct dm_reader *reader)
{
    struct line line = {.reader = reader};
    enum dm_status status = have_line(reader, &line.text);
    if (status) {
        return status;
    }
    status = read_line(&line);
    if (!status) {
        pass_line(reader, line.text.n);
    }
    return status;
}

enum dm_status
lines_recover(struct dm_reader *reader)
{
    struct lexer *lexer = &reader->lexer;
    for (;;) {
        const size_t n = lexer_rest(lexer).n;
        const size_t end = find_line_end(lexer_rest(lexer), 0);
        if (end < n) {
            pass_line(reader, end);
            return DM_OK;
        }
        lexer->start += n;
        lexer->passed += n;
        if (lexer->is_at_end) {
            return DM_END;
        }
        const enum dm_status status = lexer_fill(lexer);
        if (status) {
            return status;
        }
    }
}
