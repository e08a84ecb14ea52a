// SPDX-License-Identifier: ISC

#ifndef DM_RDF_XSD_PRIVATE_H
#define DM_RDF_XSD_PRIVATE_H

/**
 * @file
 * What the files behind rdf/xsd.h share: doubles as digits and back, without
 * the locale's decimal point.
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>

DM_BEGIN_DECLS

/// Digits that tell any two doubles apart
#define DM_DOUBLE_DIGITS 17

/// d.ddd * 10^exponent: `n` digits, the first not 0 unless the value is
struct dm_digits {
    char digits[DM_DOUBLE_DIGITS];
    int n;
    int exponent;
};

/// Of the shortest digits that read back as `value` (finite; its sign is left
/// out) the nearest; no zeros at the end
struct dm_digits dm_double_digits(double value);

/// The double nearest to `digits` * 10^exponent. `digits` are at least one.
double dm_double_from_digits(struct dm_str digits, int64_t exponent);

static inline bool
dm_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

DM_END_DECLS

#endif // DM_RDF_XSD_PRIVATE_H
