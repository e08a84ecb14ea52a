// SPDX-License-Identifier: ISC

#include "rdf/token.h"

#include <assert.h>

// No scanner looks further than this behind what it takes
#define LOOKAHEAD 12

#define SUBTAG_MAX 8

// Classes of ASCII bytes
#define IN_IRI 1U     // May stand in an IRI as it is
#define IN_STRING 2U  // May stand in a short string as it is, quotes apart
#define LETTER 4U     // PN_CHARS_BASE
#define DIGIT 8U      // 0-9
#define NAME_REST 16U // PN_CHARS besides letters: _ - 0-9
#define LOCAL_ESC 32U // May follow "\" in a local name
#define HEX 64U       // 0-9 A-F a-f
#define START_U 128U  // PN_CHARS_U besides letters: _

#define C_STR IN_STRING
#define C_BOTH (IN_IRI | IN_STRING)
#define C_ESC (IN_IRI | IN_STRING | LOCAL_ESC)
#define C_DIGIT (IN_IRI | IN_STRING | DIGIT | NAME_REST | HEX)
#define C_HEX (IN_IRI | IN_STRING | LETTER | HEX)
#define C_LETTER (IN_IRI | IN_STRING | LETTER)

static const unsigned char classes[128] = {
    // Control characters
    C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, 0,
    C_STR, C_STR, 0, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR,
    C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR, C_STR,
    // space ! " # $ % & '
    C_STR, C_ESC, C_STR, C_ESC, C_ESC, C_ESC, C_ESC, C_ESC,
    // ( ) * + , - . /
    C_ESC, C_ESC, C_ESC, C_ESC, C_ESC, C_ESC | NAME_REST, C_ESC, C_ESC,
    // 0-9
    C_DIGIT, C_DIGIT, C_DIGIT, C_DIGIT, C_DIGIT, C_DIGIT, C_DIGIT, C_DIGIT,
    C_DIGIT, C_DIGIT,
    // : ; < = > ?
    C_BOTH, C_ESC, C_STR, C_ESC, C_STR, C_ESC,
    // @ A-F G-Z
    C_ESC, C_HEX, C_HEX, C_HEX, C_HEX, C_HEX, C_HEX, C_LETTER, C_LETTER,
    C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER,
    C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER,
    C_LETTER, C_LETTER, C_LETTER, C_LETTER,
    // [ \ ] ^ _ `
    C_BOTH, 0, C_BOTH, C_STR, C_ESC | NAME_REST | START_U, C_STR,
    // a-f g-z
    C_HEX, C_HEX, C_HEX, C_HEX, C_HEX, C_HEX, C_LETTER, C_LETTER, C_LETTER,
    C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER,
    C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER, C_LETTER,
    C_LETTER, C_LETTER, C_LETTER,
    // { | } ~ DEL
    C_STR, C_STR, C_STR, C_ESC, C_BOTH};

static unsigned
class_of(char c)
{
    const unsigned char byte = (unsigned char)c;
    return byte < 128 ? classes[byte] : 0;
}

static bool
is_ascii(char c)
{
    return (unsigned char)c < 128;
}

static char
at(struct dm_str text, size_t i)
{
    if (i >= text.n) {
        return '\0';
    }
    return text.data[i];
}

/// A range of code points
struct range {
    uint32_t first;
    uint32_t last;
};

// PN_CHARS_BASE beyond ASCII
static const struct range base_ranges[] = {
    {0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x2FF},    {0x370, 0x37D},
    {0x37F, 0x1FFF},  {0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF},
    {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF},
};

bool
dm_is_pn_chars_base(uint32_t point)
{
    if (point < 128) {
        return (classes[point] & LETTER) != 0;
    }
    for (size_t i = 0; i < DM_COUNT_OF(base_ranges); ++i) {
        if (point <= base_ranges[i].last) {
            return point >= base_ranges[i].first;
        }
    }
    return false;
}

bool
dm_is_pn_chars_u(uint32_t point)
{
    return point == '_' || dm_is_pn_chars_base(point);
}

bool
dm_is_pn_chars(uint32_t point)
{
    if (point < 128) {
        return (classes[point] & (LETTER | NAME_REST)) != 0;
    }
    return point == 0xB7 || (point >= 0x300 && point <= 0x36F) ||
           (point >= 0x203F && point <= 0x2040) || dm_is_pn_chars_base(point);
}

size_t
dm_iri_char(struct dm_str text)
{
    uint32_t point = 0;
    if (is_ascii(text.data[0])) {
        return class_of(text.data[0]) & IN_IRI ? 1 : 0;
    }
    return dm_utf8_decode(text, &point);
}

static struct dm_scan
wrong_at(size_t n, const char *wrong, const char *hint)
{
    return (struct dm_scan){
        .n = n, .mark = SIZE_MAX, .wrong = wrong, .hint = hint};
}

static struct dm_scan
open_token(void)
{
    return (struct dm_scan){.is_open = true, .mark = SIZE_MAX};
}

// More bytes behind `reach` could change `scan`
static struct dm_scan
settle_at(struct dm_scan scan, size_t reach, struct dm_str text, bool at_end)
{
    const size_t end = scan.n > reach ? scan.n : reach;
    return !at_end && end + LOOKAHEAD > text.n ? open_token() : scan;
}

static struct dm_scan
settle(struct dm_scan scan, struct dm_str text, bool at_end)
{
    return settle_at(scan, scan.n, text, at_end);
}

static unsigned
hex_value(char c)
{
    const unsigned char byte = (unsigned char)c;
    if (c >= '0' && c <= '9') {
        return byte - (unsigned)'0';
    }
    return (byte | 0x20U) - (unsigned)'a' + 10;
}

// UCHAR ::= '\u' HEX HEX HEX HEX | '\U' HEX HEX HEX HEX HEX HEX HEX HEX
// Its length, 0 where it is none; `text` begins with "\u" or "\U".
static size_t
take_uchar(struct dm_str text, uint32_t *ret_point)
{
    const size_t n = at(text, 1) == 'u' ? 6 : 10;
    uint32_t point = 0;
    for (size_t i = 2; i < n; ++i) {
        if (!(class_of(at(text, i)) & HEX) || point > 0x10FFFF) {
            return 0;
        }
        point = point << 4U | hex_value(text.data[i]);
    }
    if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
        return 0;
    }
    *ret_point = point;
    return n;
}

static const char not_utf8[] = "the text is not UTF-8";
static const char save_as_utf8[] = "Save the file as UTF-8";
static const char bad_uchar[] = "this escape is no character";
static const char good_uchar[] =
    "Write \\u and 4 or \\U and 8 hexadecimal digits of a code point up to "
    "10FFFF that is no surrogate";

// How many bytes the escape in an IRI that begins at `i` has; 0: see `scan`
static size_t
take_iri_escape(struct dm_str text, size_t i, struct dm_scan *scan)
{
    uint32_t point = 0;
    const size_t n = take_uchar(dm_str_slice(text, i, text.n), &point);
    scan->is_escaped = true;
    if (!n) {
        *scan = wrong_at(i, bad_uchar, good_uchar);
        return 0;
    }
    if (point < 128 && !(classes[point] & IN_IRI)) {
        *scan = wrong_at(i, "this escape is no character that an IRI may have",
                         "Percent-encode it");
        return 0;
    }
    return n;
}

// How many bytes the next character of an IRI has; 0: see `scan`
static size_t
take_iri_char(struct dm_str text, size_t i, struct dm_scan *scan)
{
    const char c = text.data[i];
    const bool is_escape =
        c == '\\' && (at(text, i + 1) == 'u' || at(text, i + 1) == 'U');
    if (is_escape) {
        return take_iri_escape(text, i, scan);
    }
    const size_t n = dm_iri_char(dm_str_slice(text, i, text.n));
    if (n) {
        return n;
    }
    if (!is_ascii(c)) {
        *scan = wrong_at(i, not_utf8, save_as_utf8);
    } else if ((unsigned char)c <= ' ') {
        *scan = wrong_at(i, "the IRI is not closed",
                         "Put a '>' at its end; a space within it is written "
                         "%20");
    } else {
        *scan = wrong_at(i, "an IRI may not have this character",
                         "Percent-encode it");
    }
    return 0;
}

// IRIREF ::= '<' ([^#x00-#x20<>"{}|^`\] | UCHAR)* '>'
struct dm_scan
dm_scan_iriref(struct dm_str text, bool at_end)
{
    assert(text.n && text.data[0] == '<');
    struct dm_scan scan = {.mark = SIZE_MAX};
    size_t i = 1;
    while (i < text.n && text.data[i] != '>') {
        if (class_of(text.data[i]) & IN_IRI) {
            ++i;
            continue;
        }
        const size_t n = take_iri_char(text, i, &scan);
        if (!n) {
            return settle(scan, text, at_end);
        }
        i += n;
    }
    if (i < text.n) {
        scan.n = i + 1;
        return scan;
    }
    return at_end ? wrong_at(i, "the IRI is not closed", "Put a '>' at its end")
                  : open_token();
}

// ECHAR ::= '\' [tbnrf"'\]
// How many bytes the escape that `text` begins with has; 0: it is none.
static size_t
take_escape(struct dm_str text, const char **ret_wrong, const char **ret_hint)
{
    uint32_t point = 0;
    size_t n = 0;
    switch (at(text, 1)) {
    case 't':
    case 'b':
    case 'n':
    case 'r':
    case 'f':
    case '"':
    case '\'':
    case '\\':
        return 2;
    case 'u':
    case 'U':
        n = take_uchar(text, &point);
        *ret_wrong = bad_uchar;
        *ret_hint = good_uchar;
        return n;
    default:
        *ret_wrong = "there is no such escape";
        *ret_hint = "A backslash is written twice: \\\\";
        return 0;
    }
}

// Whether three quotes stand at `i`
static bool
has_three(struct dm_str text, size_t i, char quote)
{
    return at(text, i) == quote && at(text, i + 1) == quote &&
           at(text, i + 2) == quote;
}

// What ends a string: its quotes, or for a short one the end of its line
static bool
is_string_end(struct dm_str text, size_t i, char quote, bool is_long)
{
    if (is_long) {
        return has_three(text, i, quote);
    }
    return text.data[i] == quote || text.data[i] == '\n' ||
           text.data[i] == '\r';
}

// How many bytes the next character or escape of a string has; 0: see `scan`
static size_t
take_string_char(struct dm_str text, size_t i, struct dm_scan *scan)
{
    const struct dm_str rest = dm_str_slice(text, i, text.n);
    if (rest.data[0] == '\\') {
        const char *wrong = "";
        const char *hint = "";
        const size_t n = take_escape(rest, &wrong, &hint);
        if (!n) {
            *scan = wrong_at(i, wrong, hint);
        }
        scan->is_escaped = true;
        return n;
    }
    if (is_ascii(rest.data[0])) {
        return 1;
    }
    uint32_t point = 0;
    const size_t n = dm_utf8_decode(rest, &point);
    if (!n) {
        *scan = wrong_at(i, not_utf8, save_as_utf8);
    }
    return n;
}

// STRING_LITERAL_QUOTE ::= '"' ([^#x22#x5C#x0A#x0D] | ECHAR | UCHAR)* '"'
// STRING_LITERAL_LONG_QUOTE ::= '"""' (('"' | '""')? ([^"\] | ECHAR | UCHAR))*
//                               '"""', and both with '
struct dm_scan
dm_scan_string(struct dm_str text, bool at_end)
{
    assert(text.n && (text.data[0] == '"' || text.data[0] == '\''));
    const char quote = text.data[0];
    if (text.n < 3 && !at_end) {
        return open_token();
    }
    const bool is_long = has_three(text, 0, quote);
    const uint8_t quotes = is_long ? 3 : 1;

    struct dm_scan scan = {.quotes = quotes, .mark = SIZE_MAX};
    size_t i = quotes;
    while (i < text.n && !is_string_end(text, i, quote, is_long)) {
        if (class_of(text.data[i]) & IN_STRING) {
            ++i;
            continue;
        }
        const size_t n = take_string_char(text, i, &scan);
        if (!n) {
            return settle(scan, text, at_end);
        }
        i += n;
    }
    if (i < text.n && text.data[i] == quote) {
        scan.n = i + quotes;
        return scan;
    }
    if (i >= text.n && !at_end) {
        return open_token();
    }
    return wrong_at(i, "the string is not closed",
                    is_long ? "End it with three quotes, as it begins"
                            : "End it with a quote; a text over several lines "
                              "is put between three quotes");
}

static size_t
skip_digits(struct dm_str text, size_t i)
{
    while (class_of(at(text, i)) & DIGIT) {
        ++i;
    }
    return i;
}

// EXPONENT ::= [eE] [+-]? [0-9]+
// The end of one that begins at `i`, or `i`
static size_t
skip_exponent(struct dm_str text, size_t i)
{
    if ((at(text, i) | ' ') != 'e') {
        return i;
    }
    const size_t sign =
        at(text, i + 1) == '+' || at(text, i + 1) == '-' ? 1 : 0;
    const size_t digits = i + 1 + sign;
    const size_t end = skip_digits(text, digits);
    return end > digits ? end : i;
}

// INTEGER ::= [+-]? [0-9]+
// DECIMAL ::= [+-]? [0-9]* '.' [0-9]+
// DOUBLE ::= [+-]? ([0-9]+ '.' [0-9]* EXPONENT | '.' [0-9]+ EXPONENT
//                   | [0-9]+ EXPONENT)
struct dm_scan
dm_scan_number(struct dm_str text, bool at_end)
{
    assert(text.n > 0);
    const size_t sign = text.data[0] == '+' || text.data[0] == '-' ? 1 : 0;
    const size_t whole = skip_digits(text, sign);
    struct dm_scan scan = {
        .n = whole, .number = DM_NUMBER_INTEGER, .mark = SIZE_MAX};
    if (at(text, whole) == '.') {
        const size_t fraction = skip_digits(text, whole + 1);
        const size_t exponent = skip_exponent(text, fraction);
        if (exponent > fraction && fraction - sign > 1) {
            scan.n = exponent;
            scan.number = DM_NUMBER_DOUBLE;
        } else if (fraction > whole + 1) {
            scan.n = fraction;
            scan.number = DM_NUMBER_DECIMAL;
        }
    } else if (whole > sign) {
        const size_t exponent = skip_exponent(text, whole);
        if (exponent > whole) {
            scan.n = exponent;
            scan.number = DM_NUMBER_DOUBLE;
        }
    }
    if (scan.n == sign) {
        scan = wrong_at(sign, "digits are missing after the sign",
                        "Write a number, as -1.5");
    }
    return settle(scan, text, at_end);
}

/// What may stand in a run of name characters
struct name_rule {
    bool dots;   ///< '.', but not at the end
    bool colons; ///< ':'
    bool plx;    ///< '%' HEX HEX and '\' with a character
};

// PLX ::= '%' HEX HEX | '\' [_~.!$&'()*+,;=/?#@%-]
// Its length, 0 where it is none
static size_t
take_plx(struct dm_str text)
{
    if (text.data[0] == '%') {
        return (class_of(at(text, 1)) & HEX) && (class_of(at(text, 2)) & HEX)
                   ? 3
                   : 0;
    }
    return class_of(at(text, 1)) & LOCAL_ESC ? 2 : 0;
}

// The length of the name character at the start of `text`, 0 where there is
// none
static size_t
take_name_char(struct dm_str text, const struct name_rule *rule)
{
    const char c = text.data[0];
    if (is_ascii(c)) {
        if (class_of(c) & (LETTER | NAME_REST)) {
            return 1;
        }
        if ((c == '.' && rule->dots) || (c == ':' && rule->colons)) {
            return 1;
        }
        return rule->plx && (c == '%' || c == '\\') ? take_plx(text) : 0;
    }
    uint32_t point = 0;
    const size_t n = dm_utf8_decode(text, &point);
    return n && dm_is_pn_chars(point) ? n : 0;
}

// The end of a run of name characters from `i` on, without dots at its end;
// `*reach`: how far was looked
static size_t
skip_name(struct dm_str text, size_t i, const struct name_rule *rule,
          size_t *reach)
{
    size_t end = i; // Behind the last character that is no dot
    while (i < text.n) {
        const size_t n = take_name_char(dm_str_slice(text, i, text.n), rule);
        if (!n) {
            break;
        }
        i += n;
        // A dot that is escaped is no dot
        if (n > 1 || text.data[i - 1] != '.') {
            end = i;
        }
    }
    *reach = i;
    return end;
}

// The code point at `i`, 0 where there is none
static uint32_t
point_at(struct dm_str text, size_t i)
{
    uint32_t point = 0;
    if (i < text.n && !dm_utf8_decode(dm_str_slice(text, i, text.n), &point)) {
        return 0;
    }
    return point;
}

static bool
is_digit_point(uint32_t point)
{
    return point >= '0' && point <= '9';
}

static bool
contains(struct dm_str text, char c)
{
    for (size_t i = 0; i < text.n; ++i) {
        if (text.data[i] == c) {
            return true;
        }
    }
    return false;
}

static const char not_in_name[] = "a name may not have this character";

// PNAME_NS ::= PN_PREFIX? ':'
// PNAME_LN ::= PNAME_NS PN_LOCAL
// PN_PREFIX ::= PN_CHARS_BASE ((PN_CHARS | '.')* PN_CHARS)?
// PN_LOCAL ::= (PN_CHARS_U | ':' | [0-9] | PLX)
//              ((PN_CHARS | '.' | ':' | PLX)* (PN_CHARS | ':' | PLX))?
struct dm_scan
dm_scan_name(struct dm_str text, bool at_end)
{
    static const struct name_rule in_prefix = {.dots = true};
    static const struct name_rule in_local = {
        .dots = true, .colons = true, .plx = true};
    assert(text.n > 0);

    struct dm_scan scan = {.mark = SIZE_MAX};
    size_t reach = 0;
    if (dm_is_pn_chars_base(point_at(text, 0))) {
        scan.n = skip_name(text, 0, &in_prefix, &reach);
    }
    if (at(text, scan.n) == ':') {
        scan.mark = scan.n++;
        const uint32_t first = point_at(text, scan.n);
        if (dm_is_pn_chars_u(first) || is_digit_point(first) || first == ':' ||
            first == '%' || first == '\\') {
            scan.n = skip_name(text, scan.n, &in_local, &reach);
        }
        scan.is_escaped =
            contains(dm_str_slice(text, scan.mark, scan.n - scan.mark), '\\');
        if (at(text, scan.n) == '%' || at(text, scan.n) == '\\') {
            scan = wrong_at(scan.n, "this is no escape of a name",
                            "Write %XX with two hexadecimal digits, or \\ and "
                            "one of _~.-!$&'()*+,;=/?#@%");
        }
    } else if (scan.n == 0) {
        scan = wrong_at(0, not_in_name, "Put the value between quotes");
    }
    return settle_at(scan, reach, text, at_end);
}

// BLANK_NODE_LABEL ::= '_:' (PN_CHARS_U | [0-9]) ((PN_CHARS | '.')* PN_CHARS)?
struct dm_scan
dm_scan_blank(struct dm_str text, bool at_end)
{
    static const struct name_rule rule = {.dots = true};
    static const char hint[] = "Write _: and a letter or digit, as _:b1";
    assert(text.n && text.data[0] == '_');

    struct dm_scan scan = {.n = 2, .mark = SIZE_MAX};
    size_t reach = 0;
    const uint32_t first = point_at(text, 2);
    if (at(text, 1) != ':') {
        scan = wrong_at(1, "a ':' is missing after '_'", hint);
    } else if (dm_is_pn_chars_u(first) || is_digit_point(first)) {
        scan.n = skip_name(text, 2, &rule, &reach);
    } else {
        scan = wrong_at(2, "the label of a blank node is missing", hint);
    }
    return settle_at(scan, reach, text, at_end);
}

// The end of a run of letters, and digits where `digits`
static size_t
skip_subtag(struct dm_str text, size_t i, bool digits)
{
    const unsigned mask = digits ? LETTER | DIGIT : LETTER;
    while (class_of(at(text, i)) & mask) {
        ++i;
    }
    return i;
}

static struct dm_scan
scan_direction(struct dm_str text, struct dm_scan scan)
{
    static const struct dm_str ltr = DM_STR("ltr");
    static const struct dm_str rtl = DM_STR("rtl");
    scan.mark = scan.n;
    const size_t from = scan.n + 2;
    const size_t end = skip_subtag(text, from, true);
    const struct dm_str direction = dm_str_slice(text, from, end - from);
    if (!dm_str_equal(direction, ltr) && !dm_str_equal(direction, rtl)) {
        return wrong_at(from, "this is no base direction",
                        "Write --ltr or --rtl");
    }
    scan.n = end;
    return scan;
}

// LANG_DIR ::= '@' [a-zA-Z]+ ('-' [a-zA-Z0-9]+)* ('--' [a-zA-Z]+)?
struct dm_scan
dm_scan_language(struct dm_str text, bool at_end)
{
    static const char hint[] = "Write a tag like @en or @en-GB";
    assert(text.n && text.data[0] == '@');

    struct dm_scan scan = {.n = skip_subtag(text, 1, false), .mark = SIZE_MAX};
    if (scan.n == 1) {
        return settle(wrong_at(1, "the language tag is missing", hint), text,
                      at_end);
    }
    size_t from = 1;
    for (;;) {
        if (scan.n - from > SUBTAG_MAX) {
            scan =
                wrong_at(from, "a language subtag has over 8 characters", hint);
            break;
        }
        if (at(text, scan.n) != '-') {
            break;
        }
        if (at(text, scan.n + 1) == '-') {
            scan = scan_direction(text, scan);
            break;
        }
        from = scan.n + 1;
        const size_t end = skip_subtag(text, from, true);
        if (end == from) {
            scan = wrong_at(from, "a language subtag is missing", hint);
            break;
        }
        scan.n = end;
    }
    return settle(scan, text, at_end);
}

static char
escape_value(char c)
{
    switch (c) {
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 'f':
        return '\f';
    default:
        return c;
    }
}

size_t
dm_unescape(struct dm_str raw, char *bytes)
{
    size_t n = 0;
    size_t i = 0;
    while (i < raw.n) {
        if (raw.data[i] != '\\') {
            bytes[n++] = raw.data[i++];
            continue;
        }
        assert(i + 1 < raw.n);
        if (raw.data[i + 1] != 'u' && raw.data[i + 1] != 'U') {
            bytes[n++] = escape_value(raw.data[i + 1]);
            i += 2;
            continue;
        }
        uint32_t point = 0;
        const size_t escape = take_uchar(dm_str_slice(raw, i, raw.n), &point);
        assert(escape > 0);
        char character[4];
        const size_t length = dm_utf8_encode(point, character);
        for (size_t k = 0; k < length; ++k) {
            bytes[n++] = character[k];
        }
        i += escape;
    }
    return n;
}

size_t
dm_unescape_local(struct dm_str raw, char *bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < raw.n; ++i) {
        if (raw.data[i] == '\\' && i + 1 < raw.n) {
            ++i;
        }
        bytes[n++] = raw.data[i];
    }
    return n;
}
