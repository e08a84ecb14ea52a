// SPDX-License-Identifier: ISC

#ifndef DM_BASE_STR_H
#define DM_BASE_STR_H

/**
 * @file
 * A view of bytes that somebody else owns.
 *
 * A value, passed by value. `data` is NULL only when `n` is 0. The bytes need
 * not end with NUL and may contain it; that they are UTF-8 is promised where it
 * is said. A view lives as long as what it looks into.
 */

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_str {
    const char *DM_NULLABLE data;
    size_t n; ///< Bytes
};

/// The view of a string literal, also as an initialiser
#define DM_STR(literal)                                                        \
    {                                                                          \
        ("" literal), sizeof(literal) - 1                                      \
    }

/// The view of a NUL-terminated string
struct dm_str dm_str(const char *text);

/// The view of `n` bytes
struct dm_str dm_str_n(const char *DM_NULLABLE data, size_t n);

bool dm_str_equal(struct dm_str a, struct dm_str b);

/// Whether `a` equals the NUL-terminated `text`
bool dm_str_is(struct dm_str a, const char *text);

/// Equal when the case of ASCII letters is ignored
bool dm_str_equal_nocase(struct dm_str a, struct dm_str b);

/// Less, equal or greater than 0, by unsigned bytes; a prefix comes first
int dm_str_compare(struct dm_str a, struct dm_str b);

bool dm_str_starts(struct dm_str a, struct dm_str prefix);
bool dm_str_ends(struct dm_str a, struct dm_str suffix);

/// Offset of the first `part` in `a`, or a.n where there is none (an empty
/// `part` is found at 0)
size_t dm_str_find(struct dm_str a, struct dm_str part);

/// `a` from byte `from` on, at most `n` bytes; never reaches out of `a`
struct dm_str dm_str_slice(struct dm_str a, size_t from, size_t n);

/// `a` without white space (space, tab, CR, LF) at both ends
struct dm_str dm_str_trim(struct dm_str a);

/// A decimal number without sign or leading zeros (but "0"), at most `max`
/// @return Whether `a` is one; `*ret` is set only then.
bool dm_str_to_uint(struct dm_str a, uint64_t max, uint64_t *ret) DM_NODISCARD;

/// Whether all of `a` is UTF-8 without surrogates or overlong forms
bool dm_str_is_utf8(struct dm_str a);

/// The code point at the start of `a`, which is not empty
/// @return Its length in bytes, 0 where there is no valid one.
size_t dm_utf8_decode(struct dm_str a, uint32_t *ret_point);

/// Write `point` (a scalar value) to `bytes`
/// @return How many bytes: 1 to 4.
size_t dm_utf8_encode(uint32_t point, char bytes[4]);

/// The longest prefix of at most `n` bytes that cuts no code point of `a`
struct dm_str dm_utf8_cut(struct dm_str a, size_t n);

/// `a` without the code point that is cut off at its end, if one is
struct dm_str dm_utf8_whole(struct dm_str a);

/// Make bytes from outside fit for one line that a person reads: control
/// characters (also U+0080 to U+009F) and what is not UTF-8 become '?', byte by
/// byte. A code point that is cut off at the end becomes '?' too.
void dm_utf8_tame(char *DM_NULLABLE bytes, size_t n);

DM_END_DECLS

#endif // DM_BASE_STR_H
