// SPDX-License-Identifier: ISC

#include "rdf/lexer_private.h"

#include "base/alloc.h"

#include <assert.h>
#include <string.h>

#define FIRST_CAPACITY 16384U
#define LONGEST_PUNCTUATION 3
#define BEHIND_TOKEN 64U // More than a scanner wants to see behind a token

void
lexer_init(struct lexer *lexer, dm_source_fn source, void *source_context,
           size_t max)
{
    *lexer = (struct lexer){
        .source = source,
        .source_context = source_context,
        .max = max,
        .here = {1, 1},
        .behind = {1, 1},
    };
}

void
lexer_done(struct lexer *lexer)
{
    dm_free(lexer->data);
    lexer->data = NULL;
}

struct dm_str
lexer_rest(const struct lexer *lexer)
{
    if (!lexer->data) {
        return (struct dm_str){0};
    }
    return dm_str_n(lexer->data + lexer->start, lexer->end - lexer->start);
}

// Room behind `end`: by moving what waits to the front, else by growing
static enum dm_status
make_room(struct lexer *lexer)
{
    const size_t waiting = lexer->end - lexer->start;
    if (lexer->start > 0 && waiting <= lexer->capacity / 2) {
        memmove(lexer->data, lexer->data + lexer->start, waiting);
        lexer->start = 0;
        lexer->end = waiting;
    }
    if (lexer->end < lexer->capacity) {
        return DM_OK;
    }
    if (waiting >= lexer->max + BEHIND_TOKEN) {
        return DM_ERR_LIMIT;
    }
    size_t need = lexer->capacity + 1;
    if (need < FIRST_CAPACITY) {
        need = FIRST_CAPACITY;
    }
    char *data = dm_grow(lexer->data, &lexer->capacity, need, 1,
                         lexer->max * 2 + FIRST_CAPACITY);
    if (!data) {
        return DM_ERR_NO_MEMORY;
    }
    lexer->data = data;
    return DM_OK;
}

enum dm_status
lexer_fill(struct lexer *lexer)
{
    assert(!lexer->is_at_end);
    enum dm_status status = make_room(lexer);
    if (status) {
        return status;
    }
    size_t n = 0;
    const size_t room = lexer->capacity - lexer->end;
    status = lexer->source(lexer->source_context, lexer->data + lexer->end,
                           room, &n);
    if (status) {
        return status;
    }
    assert(n <= room);
    lexer->end += n;
    lexer->is_at_end = n == 0;
    return DM_OK;
}

// Twice as many bytes as wait now, or all there are, or as many as can decide
// about a token that is not too long
static enum dm_status
fill_twice(struct lexer *lexer)
{
    const size_t most = lexer->max + BEHIND_TOKEN;
    const size_t waiting = lexer->end - lexer->start;
    const size_t want = waiting < most / 2 ? waiting * 2 : most;
    if (waiting >= most) {
        return DM_ERR_LIMIT;
    }
    do {
        const enum dm_status status = lexer_fill(lexer);
        if (status) {
            return status;
        }
    } while (!lexer->is_at_end && lexer->end - lexer->start < want);
    return DM_OK;
}

// At least `n` bytes that wait, where there are so many
static enum dm_status
have(struct lexer *lexer, size_t n)
{
    while (lexer->end - lexer->start < n && !lexer->is_at_end) {
        const enum dm_status status = lexer_fill(lexer);
        if (status) {
            return status;
        }
    }
    return DM_OK;
}

static bool
is_continuation(char c)
{
    return ((unsigned char)c & 0xC0U) == 0x80U;
}

static void
count(struct dm_position *position, bool *after_cr, char c)
{
    const bool is_second_of_crlf = *after_cr && c == '\n';
    *after_cr = c == '\r';
    if (is_second_of_crlf) {
        return;
    }
    if (c == '\n' || c == '\r') {
        ++position->line;
        position->column = 1;
    } else if (!is_continuation(c)) {
        ++position->column;
    }
}

struct dm_position
lexer_position(const struct lexer *lexer, size_t n)
{
    struct dm_position position = lexer->here;
    bool after_cr = lexer->after_cr;
    assert(n <= lexer->end - lexer->start);
    for (size_t i = 0; i < n; ++i) {
        count(&position, &after_cr, lexer->data[lexer->start + i]);
    }
    return position;
}

void
lexer_pass(struct lexer *lexer, size_t n)
{
    assert(n <= lexer->end - lexer->start);
    for (size_t i = 0; i < n; ++i) {
        count(&lexer->here, &lexer->after_cr, lexer->data[lexer->start + i]);
    }
    lexer->start += n;
    lexer->passed += n;
}

static bool
is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

// How many bytes of `text` are white space and comments. `*in_comment`: the
// text ends (and, at first, begins) within one.
static size_t
measure_white(struct dm_str text, bool *in_comment)
{
    size_t i = 0;
    for (; i < text.n; ++i) {
        const char c = text.data[i];
        if (*in_comment) {
            *in_comment = !is_line_end(c);
        } else if (c == '#') {
            *in_comment = true;
        } else if (!is_white(c)) {
            break;
        }
    }
    return i;
}

enum dm_status
lexer_skip(struct lexer *lexer, uint64_t max_skip, bool *ret_more)
{
    const uint64_t from = lexer->passed;
    bool in_comment = false;
    *ret_more = false;
    for (;;) {
        lexer_pass(lexer, measure_white(lexer_rest(lexer), &in_comment));
        if (lexer->start < lexer->end || lexer->is_at_end) {
            return DM_OK;
        }
        // Between two comments or blanks, work may be put off
        if (!in_comment && lexer->passed - from > max_skip) {
            *ret_more = true;
            return DM_OK;
        }
        const enum dm_status status = lexer_fill(lexer);
        if (status) {
            return status;
        }
    }
}

/// What may stand at the start of a token that is punctuation, longest first
struct punctuation {
    char text[LONGEST_PUNCTUATION + 1];
    enum token_kind kind;
};

static const struct punctuation punctuations[] = {
    {"<<(", TOKEN_TRIPLE_OPEN},
    {")>>", TOKEN_TRIPLE_CLOSE},
    {"<<", TOKEN_REIFIED_OPEN},
    {">>", TOKEN_REIFIED_CLOSE},
    {"{|", TOKEN_ANNOTATION_OPEN},
    {"|}", TOKEN_ANNOTATION_CLOSE},
    {"^^", TOKEN_DATATYPE},
    {".", TOKEN_DOT},
    {";", TOKEN_SEMICOLON},
    {",", TOKEN_COMMA},
    {"[", TOKEN_BRACKET_OPEN},
    {"]", TOKEN_BRACKET_CLOSE},
    {"(", TOKEN_PAREN_OPEN},
    {")", TOKEN_PAREN_CLOSE},
    {"{", TOKEN_BRACE_OPEN},
    {"}", TOKEN_BRACE_CLOSE},
    {"~", TOKEN_TILDE},
};

static bool
find_punctuation(struct dm_str text, enum token_kind *kind,
                 struct dm_scan *scan)
{
    for (size_t i = 0; i < DM_COUNT_OF(punctuations); ++i) {
        const struct dm_str mark = dm_str(punctuations[i].text);
        if (dm_str_starts(text, mark)) {
            *kind = punctuations[i].kind;
            *scan = (struct dm_scan){.n = mark.n, .mark = SIZE_MAX};
            return true;
        }
    }
    return false;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (unsigned char)c >= 0x80;
}

static const struct dm_scan unknown_character = {
    .mark = SIZE_MAX,
    .wrong = "this character has no meaning here",
    .hint = "Texts stand between quotes, IRIs between < and >",
};

// A number that a letter follows is no number: 30s
static struct dm_scan
scan_number(struct dm_str text, bool at_end)
{
    struct dm_scan scan = dm_scan_number(text, at_end);
    if (!scan.is_open && !scan.wrong && scan.n < text.n &&
        (is_letter(text.data[scan.n]) || text.data[scan.n] == '_')) {
        scan.wrong = "this is no number";
        scan.hint = "Put it between quotes, as \"30s\"";
    }
    return scan;
}

// The scanner that the first bytes of `text` ask for, where they are no
// punctuation
static struct dm_scan
scan_term(struct dm_str text, bool at_end, enum token_kind *kind)
{
    const char c = text.data[0];
    struct dm_scan scan = unknown_character;
    if (c == '<') {
        *kind = TOKEN_IRI;
        return dm_scan_iriref(text, at_end);
    }
    if (c == '"' || c == '\'') {
        *kind = TOKEN_STRING;
        return dm_scan_string(text, at_end);
    }
    if (c == '@') {
        *kind = TOKEN_LANGUAGE;
        return dm_scan_language(text, at_end);
    }
    if (c == '_') {
        *kind = TOKEN_BLANK;
        return dm_scan_blank(text, at_end);
    }
    if (is_digit(c) || c == '+' || c == '-' || c == '.') {
        *kind = TOKEN_NUMBER;
        return scan_number(text, at_end);
    }
    if (is_letter(c) || c == ':') {
        scan = dm_scan_name(text, at_end);
        *kind = scan.mark == SIZE_MAX ? TOKEN_WORD : TOKEN_NAME;
    }
    return scan;
}

// The token at the start of `text`; where it is open, only scan.is_open counts
static struct dm_scan
scan_token(struct dm_str text, bool at_end, enum token_kind *kind)
{
    const bool may_grow = !at_end && text.n < LONGEST_PUNCTUATION;
    struct dm_scan scan = {.is_open = true, .mark = SIZE_MAX};
    const bool is_fraction =
        text.data[0] == '.' && text.n > 1 && is_digit(text.data[1]);
    // A ';' is one whatever follows, so that a statement is never held back;
    // so is a '.' before a byte that is no digit
    if (strchr(";,[]}(~", text.data[0]) ||
        (text.data[0] == '.' && text.n > 1 && !is_fraction) || !may_grow) {
        if (!is_fraction && find_punctuation(text, kind, &scan)) {
            return scan;
        }
        scan = scan_term(text, at_end, kind);
        if (scan.wrong) {
            *kind = TOKEN_BAD;
        }
    }
    return scan;
}

enum dm_status
lexer_peek(struct lexer *lexer)
{
    if (lexer->has_token) {
        return DM_OK;
    }
    bool more = false;
    enum dm_status status = lexer_skip(lexer, UINT64_MAX, &more);
    if (status) {
        return status;
    }
    lexer->at = lexer->here;
    lexer->is_on_new_line = lexer->at.line != lexer->behind.line;
    lexer->scan = (struct dm_scan){.mark = SIZE_MAX};
    lexer->kind = TOKEN_END;
    if (lexer->start < lexer->end) {
        for (;;) {
            lexer->scan =
                scan_token(lexer_rest(lexer), lexer->is_at_end, &lexer->kind);
            if (!lexer->scan.is_open) {
                break;
            }
            status = fill_twice(lexer);
            if (status) {
                return status;
            }
        }
        if (lexer->scan.n > lexer->max) {
            return DM_ERR_LIMIT;
        }
    }
    lexer->has_token = true;
    return DM_OK;
}

// What ends a token that begins with `text`: its quotes or '>'; nothing for
// tokens that white space ends
static struct dm_str
end_mark(struct dm_str text)
{
    static const struct dm_str ends[][2] = {
        {DM_STR("\"\"\""), DM_STR("\"\"\"")}, {DM_STR("'''"), DM_STR("'''")},
        {DM_STR("\""), DM_STR("\"")},         {DM_STR("'"), DM_STR("'")},
        {DM_STR("<"), DM_STR(">")},
    };
    for (size_t i = 0; i < DM_COUNT_OF(ends); ++i) {
        if (dm_str_starts(text, ends[i][0])) {
            return ends[i][1];
        }
    }
    return (struct dm_str){0};
}

// Whether a token that `mark` ends is over where `rest` begins
static bool
is_over(struct dm_str rest, struct dm_str mark)
{
    if (mark.n == 3) {
        return dm_str_starts(rest, mark);
    }
    return is_line_end(rest.data[0]) ||
           (mark.n ? dm_str_starts(rest, mark) : is_white(rest.data[0]));
}

enum dm_status
lexer_pass_long(struct lexer *lexer)
{
    enum dm_status status = have(lexer, LONGEST_PUNCTUATION);
    const struct dm_str mark = end_mark(lexer_rest(lexer));
    size_t n = mark.n ? mark.n : 1;
    while (!status) {
        // The opening mark, then what follows, and the closing one at last
        lexer_pass(lexer, n);
        status = have(lexer, LONGEST_PUNCTUATION);
        const struct dm_str rest = lexer_rest(lexer);
        if (status || !rest.n) {
            return status;
        }
        if (is_over(rest, mark)) {
            lexer_pass(lexer, mark.n);
            return DM_OK;
        }
        n = rest.data[0] == '\\' && rest.n > 1 ? 2 : 1;
    }
    return status;
}

struct dm_str
lexer_text(const struct lexer *lexer)
{
    assert(lexer->has_token);
    return dm_str_slice(lexer_rest(lexer), 0, lexer->scan.n);
}

void
lexer_drop(struct lexer *lexer)
{
    const struct dm_str text = lexer_text(lexer);
    const struct dm_str quote = dm_utf8_cut(text, LEXER_QUOTE_MAX);
    if (quote.n) {
        memcpy(lexer->last, quote.data, quote.n);
    }
    lexer->last[quote.n] = '\0';
    lexer->last_n = text.n;
    lexer_pass(lexer, text.n);
    lexer->behind = lexer->here;
    lexer->has_token = false;
}

// Skip white space from `*offset` on without passing it
static enum dm_status
skip_ahead(struct lexer *lexer, size_t *offset, bool *ret_new_line)
{
    bool in_comment = false;
    *ret_new_line = false;
    for (;;) {
        const struct dm_str rest =
            dm_str_slice(lexer_rest(lexer), *offset, SIZE_MAX);
        const size_t n = measure_white(rest, &in_comment);
        for (size_t i = 0; i < n; ++i) {
            *ret_new_line = *ret_new_line || is_line_end(rest.data[i]);
        }
        *offset += n;
        if (*offset < lexer->end - lexer->start || lexer->is_at_end) {
            return DM_OK;
        }
        const enum dm_status status = have(lexer, *offset + 1);
        if (status) {
            return status;
        }
    }
}

void
lexer_look_ahead(struct lexer *lexer, struct lookahead *ahead)
{
    assert(lexer->has_token);
    size_t offset = ahead->offset ? ahead->offset : lexer->scan.n;
    ahead->kind = TOKEN_BAD;
    if (skip_ahead(lexer, &offset, &ahead->is_on_new_line)) {
        return;
    }
    ahead->n = 0;
    ahead->offset = offset;
    if (offset >= lexer->end - lexer->start) {
        ahead->kind = TOKEN_END;
        return;
    }
    for (;;) {
        const struct dm_scan scan =
            scan_token(dm_str_slice(lexer_rest(lexer), offset, SIZE_MAX),
                       lexer->is_at_end, &ahead->kind);
        if (!scan.is_open) {
            ahead->n = scan.n;
            ahead->offset = offset + scan.n;
            return;
        }
        if (fill_twice(lexer)) {
            ahead->kind = TOKEN_BAD;
            return;
        }
    }
}
