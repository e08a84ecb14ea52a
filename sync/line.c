// SPDX-License-Identifier: ISC

#include "sync/line_private.h"

#include "base/arena.h"
#include "vocab/terms.h"

#include <assert.h>
#include <string.h>

// Where a byte may stand as it is; what stands nowhere is looked at alone.
enum {
    N = 0,     // Nowhere
    I = 1,     // In an IRI
    L = 2,     // In a literal
    B = I | L, // In both
};

static const uint8_t classes[256] = {
    // clang-format off
    [0x20] = L, B, N, B, B, B, B, B, B, B, B, B, B, B, B, B, //  !"#$%&'()*+,-./
    [0x30] = B, B, B, B, B, B, B, B, B, B, B, B, L, B, L, B, // 0123456789:;<=>?
    [0x40] = B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, // @ABCDEFGHIJKLMNO
    [0x50] = B, B, B, B, B, B, B, B, B, B, B, B, N, B, L, B, // PQRSTUVWXYZ[\]^_
    [0x60] = L, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, // `abcdefghijklmno
    [0x70] = B, B, B, B, B, B, B, B, B, B, B, L, L, L, B, I, // pqrstuvwxyz{|}~
    // clang-format on
};

#define TEXT_OF_CODE 6U // "\uXXXX"

static enum dm_status
refuse(struct dm_scanner *scanner, const char *wrong)
{
    scanner->wrong = wrong;
    return DM_ERR_CORRUPT;
}

static enum dm_status
over_limit(struct dm_scanner *scanner, const char *wrong)
{
    scanner->wrong = wrong;
    return DM_ERR_LIMIT;
}

static struct dm_str
rest_of(const struct dm_scanner *scanner)
{
    return dm_str_n(scanner->at, (size_t)(scanner->end - scanner->at));
}

// Skip the run of bytes that may stand in what `mask` says.
static void
skip_plain(struct dm_scanner *scanner, unsigned mask)
{
    const char *at = scanner->at;
    while (classes[(unsigned char)*at] & mask) {
        ++at; // I1: LF stands nowhere
    }
    scanner->at = at;
}

// I1: a text without LF is not compared beyond the end.
static bool
take_text(struct dm_scanner *scanner, const char *text)
{
    const char *at = scanner->at;
    for (; *text; ++text, ++at) {
        if (*at != *text) {
            return false;
        }
    }
    scanner->at = at;
    return true;
}

// A code point beyond ASCII
static enum dm_status
skip_wide(struct dm_scanner *scanner, uint32_t *ret_point)
{
    const size_t n = dm_utf8_decode(rest_of(scanner), ret_point);
    if (!n) {
        return refuse(scanner, "utf8: bytes that are no UTF-8");
    }
    scanner->at += n;
    return DM_OK;
}

enum dm_status
dm_scan_space(struct dm_scanner *scanner)
{
    if (*scanner->at != ' ') {
        return refuse(scanner, "syntax: a space is missing");
    }
    ++scanner->at;
    return DM_OK;
}

// ------------------------------------------------------------------------ IRIs

// RFC 3986: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) ":"
static bool
has_scheme(struct dm_str iri)
{
    size_t n = 0;
    for (; n < iri.n && iri.data[n] != ':'; ++n) {
        const char c = iri.data[n];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool is_other =
            (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!is_letter && !(is_other && n > 0)) {
            return false;
        }
    }
    return n > 0 && n < iri.n;
}

// What is wrong with a byte that ends an IRI before its '>'
static enum dm_status
refuse_in_iri(struct dm_scanner *scanner)
{
    return refuse(scanner, *scanner->at == '\\'
                               ? "not-canonical: an escape in an IRI"
                               : "syntax: a character that no IRI has");
}

static enum dm_status
scan_iri_text(struct dm_scanner *scanner, struct dm_str *ret)
{
    if (*scanner->at != '<') {
        return refuse(scanner, take_text(scanner, "_:")
                                   ? "blank-node: a blank node"
                                   : "syntax: an IRI is missing");
    }
    const char *from = ++scanner->at;
    for (skip_plain(scanner, I); *scanner->at != '>'; skip_plain(scanner, I)) {
        uint32_t point = 0;
        if ((unsigned char)*scanner->at < 0x80) {
            return refuse_in_iri(scanner);
        }
        const enum dm_status status = skip_wide(scanner, &point);
        if (status) {
            return status;
        }
    }
    const struct dm_str iri = dm_str_n(from, (size_t)(scanner->at - from));
    ++scanner->at;
    if (iri.n > DM_WIRE_IRI_MAX) {
        return over_limit(scanner, "limit-iri: a longer IRI");
    }
    if (!has_scheme(iri)) {
        return refuse(scanner, "syntax: a relative IRI");
    }
    *ret = iri;
    return DM_OK;
}

enum dm_status
dm_scan_iri(struct dm_scanner *scanner, struct dm_term *ret)
{
    struct dm_str iri = {NULL, 0};
    const enum dm_status status = scan_iri_text(scanner, &iri);
    if (!status) {
        *ret = dm_term_iri(iri);
    }
    return status;
}

// -------------------------------------------------------------------- literals

// The character that a letter after a backslash stands for; 0 for none
static char
of_letter(char letter)
{
    static const char letters[] = "btnfr\"\\";
    static const char stands_for[] = "\b\t\n\f\r\"\\";

    const char *found = letter ? strchr(letters, letter) : NULL;
    return found ? stands_for[found - letters] : '\0';
}

// Characters that canonical form writes by their number
static bool
is_by_number(uint32_t point)
{
    return point <= 0x07 || point == 0x0B || (point >= 0x0E && point <= 0x1F) ||
           point == 0x7F || point == 0xFFFE || point == 0xFFFF;
}

// The number in "\uXXXX" at the front of `text`, digits in capitals
static bool
read_code(struct dm_str text, uint32_t *ret)
{
    uint32_t code = 0;
    if (text.n < TEXT_OF_CODE || text.data[1] != 'u') {
        return false;
    }
    for (size_t i = 2; i < TEXT_OF_CODE; ++i) {
        const char c = text.data[i];
        if (c >= '0' && c <= '9') {
            code = code * 16 + (uint32_t)(c - '0');
        } else if (c >= 'A' && c <= 'F') {
            code = code * 16 + (uint32_t)(c - 'A' + 10);
        } else {
            return false;
        }
    }
    *ret = code;
    return true;
}

// Skip an escape; `*ret_n` = bytes of what it stands for
static enum dm_status
skip_escape(struct dm_scanner *scanner, size_t *ret_n)
{
    uint32_t code = 0;
    if (of_letter(scanner->at[1])) { // I1: a backslash is not the LF
        scanner->at += 2;
        *ret_n = 1;
        return DM_OK;
    }
    if (!read_code(rest_of(scanner), &code)) {
        return refuse(scanner, "not-canonical: no such escape");
    }
    if (code == 0) {
        return refuse(scanner, "nul: U+0000 in a literal");
    }
    if (!is_by_number(code)) {
        return refuse(scanner, "not-canonical: an escape that is not needed");
    }
    scanner->at += TEXT_OF_CODE;
    *ret_n = code < 0x80 ? 1 : 3;
    return DM_OK;
}

// Skip what stands between the quotes; `*ret_n` = bytes of the value
static enum dm_status
skip_string(struct dm_scanner *scanner, size_t *ret_n)
{
    size_t saved = 0; // By which the value is shorter
    const char *from = scanner->at;
    for (skip_plain(scanner, L); *scanner->at != '"'; skip_plain(scanner, L)) {
        const char *at = scanner->at;
        uint32_t point = 0;
        size_t n = 0;
        enum dm_status status = DM_OK;
        if (*at == '\\') {
            status = skip_escape(scanner, &n);
            saved += (size_t)(scanner->at - at) - (status ? 0 : n);
        } else if ((unsigned char)*at >= 0x80) {
            status = skip_wide(scanner, &point);
        } else {
            status = refuse(scanner, at == scanner->end
                                         ? "syntax: a literal has no end"
                                         : "not-canonical: a raw control "
                                           "character");
        }
        if (!status && (point == 0xFFFE || point == 0xFFFF)) {
            status =
                refuse(scanner, "not-canonical: U+FFFE or U+FFFF as it is");
        }
        if (status) {
            return status;
        }
    }
    *ret_n = (size_t)(scanner->at - from) - saved;
    return DM_OK;
}

// The value of a scanned string of which `n` bytes remain
static enum dm_status
unescape(struct dm_str text, size_t n, struct dm_arena *arena,
         struct dm_str *ret)
{
    char *value = dm_arena_alloc(arena, n + 1, 1);
    if (!value) {
        return DM_ERR_NO_MEMORY;
    }
    size_t to = 0;
    for (size_t i = 0; i < text.n;) {
        const char *escape = memchr(text.data + i, '\\', text.n - i);
        const size_t plain =
            escape ? (size_t)(escape - text.data) - i : text.n - i;
        memcpy(value + to, text.data + i, plain);
        to += plain;
        i += plain;
        if (!escape) {
            break;
        }
        uint32_t code = 0;
        if (of_letter(escape[1])) {
            value[to++] = of_letter(escape[1]);
            i += 2;
        } else if (read_code(dm_str_slice(text, i, text.n), &code)) {
            to += dm_utf8_encode(code, value + to);
            i += TEXT_OF_CODE;
        }
    }
    assert(to == n);
    *ret = dm_str_n(value, n);
    return DM_OK;
}

// "-en-gb--ltr" behind the '@': small letters, subtags of at most 8
static enum dm_status
scan_language(struct dm_scanner *scanner, struct dm_term *term)
{
    const char *from = scanner->at;
    bool is_first = true;
    for (;;) {
        const char *subtag = scanner->at;
        while ((*scanner->at >= 'a' && *scanner->at <= 'z') ||
               (!is_first && *scanner->at >= '0' && *scanner->at <= '9')) {
            ++scanner->at;
        }
        const size_t n = (size_t)(scanner->at - subtag);
        if (n == 0 || n > 8) {
            return refuse(scanner, "syntax: a language tag");
        }
        if (scanner->at[0] != '-' || scanner->at[1] == '-') {
            break; // I1
        }
        ++scanner->at;
        is_first = false;
    }
    const size_t n = (size_t)(scanner->at - from);
    enum dm_direction direction = DM_DIRECTION_NONE;
    if (take_text(scanner, "--ltr")) {
        direction = DM_DIRECTION_LTR;
    } else if (take_text(scanner, "--rtl")) {
        direction = DM_DIRECTION_RTL;
    }
    *term = dm_term_tagged(term->value, dm_str_n(from, n), direction);
    return DM_OK;
}

static enum dm_status
scan_datatype(struct dm_scanner *scanner, struct dm_term *term)
{
    struct dm_str datatype = {NULL, 0};
    enum dm_status status = scan_iri_text(scanner, &datatype);
    if (status) {
        return status;
    }
    const enum dm_form form = dm_form_of(datatype);
    if (form == DM_FORM_STRING) {
        return refuse(scanner, "not-canonical: xsd:string is left out");
    }
    if (form == DM_FORM_ANY &&
        (dm_str_is(datatype, DM_RDF_NS "langString") ||
         dm_str_is(datatype, DM_RDF_NS "dirLangString"))) {
        return refuse(scanner, "syntax: a language string without language");
    }
    status = dm_form_check(form, term->value, scanner->scratch, &scanner->ms);
    if (status == DM_ERR_CORRUPT) {
        return refuse(scanner, "lexical: not the one form of the value");
    }
    if (!status) {
        term->datatype = datatype;
        scanner->form = form;
    }
    return status;
}

static enum dm_status
scan_literal(struct dm_scanner *scanner, struct dm_term *ret)
{
    const char *from = ++scanner->at;
    size_t n = 0;
    enum dm_status status = skip_string(scanner, &n);
    if (status) {
        return status;
    }
    if (n > DM_LITERAL_MAX) {
        return over_limit(scanner, "limit-literal: a longer literal");
    }
    struct dm_str value = dm_str_n(from, (size_t)(scanner->at - from));
    ++scanner->at;
    if (n != value.n) {
        status = unescape(value, n, scanner->arena, &value);
        if (status) {
            return status;
        }
    }
    *ret = dm_term_string(value);
    scanner->form = DM_FORM_STRING;
    if (take_text(scanner, "^^")) {
        status = scan_datatype(scanner, ret);
    } else if (take_text(scanner, "@")) {
        scanner->form = DM_FORM_ANY;
        status = scan_language(scanner, ret);
    }
    return status;
}

// --------------------------------------------------------------------- objects

static enum dm_status scan_object(struct dm_scanner *scanner, unsigned depth,
                                  struct dm_term *ret);

static enum dm_status
scan_triple(struct dm_scanner *scanner, unsigned depth, struct dm_term *ret)
{
    if (depth == DM_WIRE_DEPTH_MAX) {
        return over_limit(scanner, "limit-depth: triple terms nest deeper");
    }
    struct dm_triple *triple =
        dm_arena_alloc(scanner->arena, 1, sizeof(*triple));
    if (!triple) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status = dm_scan_iri(scanner, &triple->s);
    if (!status) {
        status = dm_scan_space(scanner);
    }
    if (!status) {
        status = dm_scan_iri(scanner, &triple->p);
    }
    if (!status) {
        status = dm_scan_space(scanner);
    }
    if (!status) {
        status = scan_object(scanner, depth + 1, &triple->o);
    }
    if (!status && !take_text(scanner, " )>>")) {
        status = refuse(scanner, "syntax: \" )>>\" is missing");
    }
    if (!status) {
        *ret = dm_term_triple(triple);
    }
    return status;
}

static enum dm_status
scan_object(struct dm_scanner *scanner, unsigned depth, struct dm_term *ret)
{
    if (*scanner->at == '"') {
        return scan_literal(scanner, ret);
    }
    if (take_text(scanner, "<<( ")) {
        return scan_triple(scanner, depth, ret);
    }
    return dm_scan_iri(scanner, ret);
}

enum dm_status
dm_scan_object(struct dm_scanner *scanner, struct dm_term *ret)
{
    const enum dm_status status = scan_object(scanner, 0, ret);
    if (!status && ret->kind != DM_TERM_LITERAL) {
        scanner->form = DM_FORM_ANY; // Of a literal in a triple term
    }
    return status;
}

// ----------------------------------------------------------------------- lines

enum dm_status
dm_scan_limits(struct dm_scanner *scanner, const struct dm_term *p,
               const struct dm_term *o)
{
    static const struct dm_str seconds = DM_STR(DM_VOCAB_SECONDS);
    if (o->kind != DM_TERM_LITERAL) {
        return DM_OK;
    }
    if (o->value.n > DM_MESSAGE_MAX && dm_term_is_iri(p, DM_VOCAB_MESSAGE)) {
        return over_limit(scanner, "limit-literal: a longer dm:message");
    }
    if (o->value.n > DM_OUTPUT_MAX && dm_term_is_iri(p, DM_VOCAB_OUTPUT)) {
        return over_limit(scanner, "limit-literal: a longer dm:output");
    }
    if (scanner->form == DM_FORM_DECIMAL && p->value.n == seconds.n &&
        dm_str_equal(p->value, seconds) &&
        dm_form_decimals(o->value) > DM_SECONDS_DECIMALS) {
        return refuse(scanner, "lexical: dm:seconds has more than six "
                               "decimals");
    }
    return DM_OK;
}

enum dm_status
dm_scan_quad(struct dm_scanner *scanner, struct dm_quad *ret)
{
    struct dm_quad quad;
    if (scanner->end - scanner->at > (ptrdiff_t)DM_LINE_MAX) {
        return over_limit(scanner, "limit-line: a longer line");
    }
    enum dm_status status = dm_scan_iri(scanner, &quad.s);
    if (!status) {
        status = dm_scan_space(scanner);
    }
    if (!status) {
        status = dm_scan_iri(scanner, &quad.p);
    }
    if (!status) {
        status = dm_scan_space(scanner);
    }
    if (!status) {
        status = dm_scan_object(scanner, &quad.o);
    }
    if (!status) {
        status = dm_scan_space(scanner);
    }
    if (!status) {
        status = dm_scan_iri(scanner, &quad.g);
    }
    if (!status && !(take_text(scanner, " .") && scanner->at == scanner->end)) {
        status = refuse(scanner, "syntax: the end of the line");
    }
    if (!status) {
        status = dm_scan_limits(scanner, &quad.p, &quad.o);
    }
    if (!status) {
        *ret = quad;
    }
    return status;
}
