// SPDX-License-Identifier: ISC

#ifndef DM_RDF_TOKEN_H
#define DM_RDF_TOKEN_H

/**
 * @file
 * Scanners for the terminals that N-Triples, Turtle, TriG and SPARQL share.
 *
 * Each looks at the start of a text, whose first bytes say that it may be such
 * a token, and tells how long it is:
 *
 *     const struct dm_scan scan = dm_scan_iriref(text, true);
 *     if (scan.wrong) { error at byte scan.n of text: scan.wrong, scan.hint }
 *     token = dm_str_slice(text, 0, scan.n);
 *
 * A text that comes in pieces is scanned with `at_end` false until its last
 * piece is there: where more bytes could change the answer, `is_open` is set
 * and nothing else counts; read more (twice as much, so that scanning again
 * from the start costs O(bytes) in all) and scan again. With `at_end` true
 * `is_open` is never set.
 *
 * All of a token is checked: UTF-8, the characters an IRI may have (escaped
 * ones, too), escapes that are no character. So dm_unescape() cannot fail.
 *
 * Threads: pure functions. Memory: none. Cost: O(bytes of the token).
 * Source: RDF 1.2 Turtle, section 6.5 (W3C), which SPARQL 1.2 shares.
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

enum dm_number {
    DM_NUMBER_INTEGER,
    DM_NUMBER_DECIMAL,
    DM_NUMBER_DOUBLE,
};

struct dm_scan {
    size_t n;        ///< Bytes of the token, or up to what is wrong
    bool is_open;    ///< More text is needed to tell
    bool is_escaped; ///< The value differs from the bytes: unescape it
    /// Of a string: 1 or 3 at each end
    uint8_t quotes;
    /// Of a number
    enum dm_number number;
    /// Of a name: offset of its first ':', or SIZE_MAX where it has none (a
    /// bare word, as "a" or "PREFIX"). Of a language tag: offset of the "--"
    /// before the direction, or SIZE_MAX.
    size_t mark;
    const char *DM_NULLABLE wrong; ///< One clause; NULL: a whole token
    const char *DM_NULLABLE hint;  ///< What would be right, with `wrong`
};

/// IRIREF; `text` begins with '<'. Its value is between the first and the last
/// byte.
struct dm_scan dm_scan_iriref(struct dm_str text, bool at_end);

/// STRING_LITERAL_QUOTE, _SINGLE_QUOTE, _LONG_QUOTE, _LONG_SINGLE_QUOTE; `text`
/// begins with '"' or '\''. Its value lies within `quotes` bytes at both ends.
struct dm_scan dm_scan_string(struct dm_str text, bool at_end);

/// INTEGER, DECIMAL, DOUBLE, with a sign if there is one; `text` begins with a
/// digit, a sign, or a '.' and a digit.
struct dm_scan dm_scan_number(struct dm_str text, bool at_end);

/// PNAME_NS, PNAME_LN, or a bare word (see dm_scan.mark); `text` begins with a
/// letter (PN_CHARS_BASE) or ':'. Where local names hold escapes, `is_escaped`.
struct dm_scan dm_scan_name(struct dm_str text, bool at_end);

/// BLANK_NODE_LABEL; `text` begins with '_'
struct dm_scan dm_scan_blank(struct dm_str text, bool at_end);

/// LANG_DIR; `text` begins with '@'. Whether a direction is "ltr" or "rtl" is
/// checked, as is that no subtag is longer than 8 characters.
struct dm_scan dm_scan_language(struct dm_str text, bool at_end);

/// Write the value of an IRI's or string's bytes (without < > or quotes) that
/// were scanned without fault.
/// @param bytes Room for raw.n bytes; may be raw.data itself.
/// @return How many were written.
size_t dm_unescape(struct dm_str raw, char *bytes);

/// The same for the local part of a name: only "\" before a character goes
size_t dm_unescape_local(struct dm_str raw, char *bytes);

/// How many bytes the character at the start of `text` (not empty) has, 0 where
/// an IRI may not have it unescaped.
size_t dm_iri_char(struct dm_str text);

/// PN_CHARS_BASE: letters; PN_CHARS_U: and '_'; PN_CHARS: and what may follow
bool dm_is_pn_chars_base(uint32_t point);
bool dm_is_pn_chars_u(uint32_t point);
bool dm_is_pn_chars(uint32_t point);

DM_END_DECLS

#endif // DM_RDF_TOKEN_H
