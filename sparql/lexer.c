// SPDX-License-Identifier: ISC

#include "sparql/lexer_private.h"

#include "rdf/token.h"

#include <string.h>

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
byte_at(struct dm_str text, size_t i)
{
    return i < text.n ? text.data[i] : '\0';
}

// White space (WS ::= #x20 | #x9 | #xD | #xA) and comments: behind them
static size_t
skip_space(struct dm_str text, size_t i)
{
    for (;;) {
        const char c = byte_at(text, i);
        if (c == '#') {
            while (i < text.n && text.data[i] != '\n' && text.data[i] != '\r') {
                ++i;
            }
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            ++i;
        } else {
            return i;
        }
    }
}

// VARNAME ::= ( PN_CHARS_U | [0-9] ) ( PN_CHARS_U | [0-9] | #x00B7
//             | [#x0300-#x036F] | [#x203F-#x2040] )*
// The second are PN_CHARS without '-'.
static size_t
match_varname(struct dm_str text)
{
    size_t n = 0;
    while (n < text.n) {
        uint32_t point = (unsigned char)text.data[n];
        size_t bytes = 1;
        if (point >= 0x80) {
            bytes = dm_utf8_decode(dm_str_slice(text, n, text.n), &point);
        }
        const bool fits = n ? dm_is_pn_chars(point) && point != '-'
                            : dm_is_pn_chars_u(point) ||
                                  (point < 0x80 && is_digit((char)point));
        if (!bytes || !fits) {
            break;
        }
        n += bytes;
    }
    return n;
}

// A keyword is made of letters, digits and '_'; the scanner of names takes
// more, as in "true-1"
static size_t
match_word(struct dm_str text)
{
    size_t n = 0;
    while (is_alpha(byte_at(text, n)) || is_digit(byte_at(text, n)) ||
           byte_at(text, n) == '_') {
        ++n;
    }
    return n;
}

static size_t
match_sign(struct dm_str text, struct dm_token *token)
{
    static const struct {
        char text[4];
        enum dm_token_kind kind;
    } signs[] = {
        {"<<(", DM_TOKEN_TRIPLE_OPEN},
        {")>>", DM_TOKEN_TRIPLE_CLOSE},
        {"<<", DM_TOKEN_REIFIED_OPEN},
        {">>", DM_TOKEN_REIFIED_CLOSE},
        {"{|", DM_TOKEN_ANNOTATION_OPEN},
        {"|}", DM_TOKEN_ANNOTATION_CLOSE},
        {"||", DM_TOKEN_OR},
        {"&&", DM_TOKEN_AND},
        {"^^", DM_TOKEN_DATATYPE},
        {"!=", DM_TOKEN_NOT_EQUAL},
        {"<=", DM_TOKEN_LESS_EQUAL},
        {">=", DM_TOKEN_GREATER_EQUAL},
        {"(", DM_TOKEN_OPEN},
        {")", DM_TOKEN_CLOSE},
        {"{", DM_TOKEN_BRACE_OPEN},
        {"}", DM_TOKEN_BRACE_CLOSE},
        {"[", DM_TOKEN_BRACKET_OPEN},
        {"]", DM_TOKEN_BRACKET_CLOSE},
        {".", DM_TOKEN_DOT},
        {",", DM_TOKEN_COMMA},
        {";", DM_TOKEN_SEMICOLON},
        {"|", DM_TOKEN_PIPE},
        {"/", DM_TOKEN_SLASH},
        {"^", DM_TOKEN_CARET},
        {"?", DM_TOKEN_QUESTION},
        {"*", DM_TOKEN_STAR},
        {"+", DM_TOKEN_PLUS},
        {"-", DM_TOKEN_MINUS},
        {"!", DM_TOKEN_BANG},
        {"=", DM_TOKEN_EQUAL},
        {"<", DM_TOKEN_LESS},
        {">", DM_TOKEN_GREATER},
        {"~", DM_TOKEN_TILDE},
    };
    for (size_t k = 0; k < DM_COUNT_OF(signs); ++k) {
        if (dm_str_starts(text, dm_str(signs[k].text))) {
            token->kind = signs[k].kind;
            return strlen(signs[k].text);
        }
    }
    return 0;
}

// NIL ::= '(' WS* ')'      ANON ::= '[' WS* ']'
static size_t
match_pair(struct dm_str text, char close)
{
    const size_t end = skip_space(text, 1);
    return byte_at(text, end) == close ? end + 1 : 0;
}

// An IRIREF where it is a whole one; else '<' begins an operator
static struct dm_scan
scan_angle(struct dm_str text, struct dm_token *token)
{
    struct dm_scan scan = dm_scan_iriref(text, true);
    token->kind = DM_TOKEN_IRI;
    if (scan.wrong) {
        scan = (struct dm_scan){.n = match_sign(text, token)};
    }
    return scan;
}

static struct dm_scan
scan_string(struct dm_str text, struct dm_token *token)
{
    const struct dm_scan scan = dm_scan_string(text, true);
    token->kind = scan.quotes == 1 ? DM_TOKEN_STRING : DM_TOKEN_LONG_STRING;
    return scan;
}

static struct dm_scan
scan_number(struct dm_str text, struct dm_token *token)
{
    static const enum dm_token_kind kinds[] = {
        [DM_NUMBER_INTEGER] = DM_TOKEN_INTEGER,
        [DM_NUMBER_DECIMAL] = DM_TOKEN_DECIMAL,
        [DM_NUMBER_DOUBLE] = DM_TOKEN_DOUBLE,
    };
    const struct dm_scan scan = dm_scan_number(text, true);
    token->kind = kinds[scan.number];
    return scan;
}

// PNAME_LN, PNAME_NS or a keyword
static struct dm_scan
scan_name(struct dm_str text, struct dm_token *token)
{
    struct dm_scan scan = dm_scan_name(text, true);
    token->kind = DM_TOKEN_PNAME;
    if (scan.mark == SIZE_MAX && is_alpha(text.data[0])) {
        token->kind = DM_TOKEN_WORD;
        scan = (struct dm_scan){.n = match_word(text)};
    } else if (!scan.wrong && scan.mark == SIZE_MAX) {
        scan.wrong = "no keyword begins with this letter";
    }
    return scan;
}

// Whether a number begins `text`: [+-]? '.'? [0-9]
static bool
begins_number(struct dm_str text)
{
    size_t i = text.data[0] == '+' || text.data[0] == '-' ? 1 : 0;
    i += byte_at(text, i) == '.' ? 1 : 0;
    return is_digit(byte_at(text, i));
}

// What begins with a sign, or nothing
static struct dm_scan
scan_sign(struct dm_str text, struct dm_token *token)
{
    struct dm_scan scan = {0};
    const char c = text.data[0];
    if (c == '?' || c == '$') {
        const size_t n = match_varname(dm_str_slice(text, 1, text.n));
        token->kind = DM_TOKEN_VAR;
        scan.n = n ? n + 1 : 0;
    } else if (c == '(') {
        token->kind = DM_TOKEN_NIL;
        scan.n = match_pair(text, ')');
    } else if (c == '[') {
        token->kind = DM_TOKEN_ANON;
        scan.n = match_pair(text, ']');
    }
    if (!scan.n) {
        scan.n = match_sign(text, token);
    }
    if (!scan.n) {
        scan.wrong = "this character begins nothing in SPARQL";
    }
    return scan;
}

static struct dm_scan
scan_token(struct dm_str text, struct dm_token *token)
{
    const char c = text.data[0];
    if (c == '<') {
        return scan_angle(text, token);
    }
    if (c == '"' || c == '\'') {
        return scan_string(text, token);
    }
    if (c == '@') {
        token->kind = DM_TOKEN_LANG;
        return dm_scan_language(text, true);
    }
    if (c == '_') {
        token->kind = DM_TOKEN_BLANK;
        return dm_scan_blank(text, true);
    }
    if (is_alpha(c) || c == ':' || (c & 0x80)) {
        return scan_name(text, token);
    }
    return begins_number(text) ? scan_number(text, token)
                               : scan_sign(text, token);
}

void
dm_lexer_init(struct dm_lexer *lexer, struct dm_str text)
{
    *lexer = (struct dm_lexer){.text = text, .position = {1, 1}};
}

// Move on to `end`, counting lines (a CR LF is one line end) and columns
static void
move(struct dm_lexer *lexer, size_t end)
{
    for (; lexer->at < end; ++lexer->at) {
        const unsigned char c = (unsigned char)lexer->text.data[lexer->at];
        if (c == '\n' ||
            (c == '\r' && byte_at(lexer->text, lexer->at + 1) != '\n')) {
            ++lexer->position.line;
            lexer->position.column = 1;
        } else if ((c & 0xC0U) != 0x80U) {
            ++lexer->position.column;
        }
    }
}

enum dm_status
dm_lexer_next(struct dm_lexer *lexer, struct dm_token *ret,
              struct dm_error *error)
{
    move(lexer, skip_space(lexer->text, lexer->at));
    struct dm_token token = {.at = lexer->position};
    if (lexer->at == lexer->text.n) {
        *ret = token;
        return DM_OK;
    }
    const struct dm_str rest =
        dm_str_slice(lexer->text, lexer->at, lexer->text.n);
    const struct dm_scan scan = scan_token(rest, &token);
    if (scan.wrong) {
        move(lexer, lexer->at + scan.n);
        (void)dm_error_set(error, DM_ERR_SYNTAX, "%s", scan.wrong);
        if (scan.hint) {
            dm_error_hint(error, "%s", scan.hint);
        }
        return DM_ERR_SYNTAX;
    }
    token.text = dm_str_slice(rest, 0, scan.n);
    token.mark = scan.mark;
    token.quotes = scan.quotes;
    token.is_escaped = scan.is_escaped;
    move(lexer, lexer->at + scan.n);
    *ret = token;
    return DM_OK;
}
