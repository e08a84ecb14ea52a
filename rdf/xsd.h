// SPDX-License-Identifier: ISC

#ifndef DM_RDF_XSD_H
#define DM_RDF_XSD_H

/**
 * @file
 * Values of XSD datatypes: lexical forms to values and back.
 *
 * Reading accepts every lexical form that XSD 1.1 allows, with white space at
 * both ends collapsed. Writing gives the canonical form of the wire
 * (docs/PROTOCOL.md, "Lexical forms"): "1.0" for the decimal one, "1.0E0",
 * "PT1M", "2026-11-24T16:00:00.123Z".
 *
 * Decimals are exact: DM_DECIMAL_DIGITS significant digits, of which at most
 * DM_DECIMAL_SCALE_MAX behind the point; what would need more says so instead
 * of rounding. Only products and quotients are rounded, half away from zero, at
 * the last of those places, as XPath allows: 1 / 3 * 3 must not be an error.
 *
 * Threads: pure functions.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

/// Significant digits of a decimal, and most digits behind its point
#define DM_DECIMAL_DIGITS 36
#define DM_DECIMAL_SCALE_MAX 18

/// (high * 2^64 + low) * 10^-scale, two's complement over 128 bits; without
/// superfluous zeros at the end, so equal values have equal fields
struct dm_decimal {
    int64_t high;
    uint64_t low;
    uint32_t scale; ///< 0..DM_DECIMAL_SCALE_MAX
};

struct dm_decimal dm_decimal_from_int(int64_t value);
bool dm_decimal_parse(struct dm_str text, struct dm_decimal *ret) DM_NODISCARD;
int dm_decimal_compare(struct dm_decimal a, struct dm_decimal b);
double dm_decimal_to_double(struct dm_decimal a);
/// The decimal of the shortest spelling that reads back as `value`: 0.1 for
/// 0.1.
/// @return false where the value is not finite or needs too many digits
bool dm_decimal_from_double(double value, struct dm_decimal *ret) DM_NODISCARD;
/// Whether `a` is mantissa * 10^-scale with a mantissa that fits
bool dm_decimal_to_int64(struct dm_decimal a, int64_t *ret_mantissa,
                         uint32_t *ret_scale) DM_NODISCARD;
/// mantissa * 10^-scale, scale <= DM_DECIMAL_SCALE_MAX
struct dm_decimal dm_decimal_from_int64(int64_t mantissa, uint32_t scale);
/// false where the result needs more than DM_DECIMAL_DIGITS digits, or divides
/// by zero
bool dm_decimal_add(struct dm_decimal a, struct dm_decimal b,
                    struct dm_decimal *ret) DM_NODISCARD;
bool dm_decimal_subtract(struct dm_decimal a, struct dm_decimal b,
                         struct dm_decimal *ret) DM_NODISCARD;
bool dm_decimal_multiply(struct dm_decimal a, struct dm_decimal b,
                         struct dm_decimal *ret) DM_NODISCARD;
bool dm_decimal_divide(struct dm_decimal a, struct dm_decimal b,
                       struct dm_decimal *ret) DM_NODISCARD;
struct dm_decimal dm_decimal_negate(struct dm_decimal a);

enum dm_rounding {
    DM_ROUND_FLOOR,
    DM_ROUND_CEILING,
    DM_ROUND_HALF_UP, ///< Towards positive infinity, as XPath's fn:round
};
struct dm_decimal dm_decimal_round(struct dm_decimal a, enum dm_rounding how);

/// "1.0", "-0.25": always with a point
void dm_decimal_format(struct dm_decimal a, struct dm_buf *buf);
/// "7" where the value is an integer, else as dm_decimal_format(): for SPARQL,
/// where xsd:decimal 7 prints as "7" (XPath canonical cast to string)
void dm_decimal_format_short(struct dm_decimal a, struct dm_buf *buf);

/// Lexical forms of xsd:integer that fit 64 bits
bool dm_integer_parse(struct dm_str text, int64_t *ret) DM_NODISCARD;

/// xsd:double and xsd:float, with INF, -INF and NaN
bool dm_double_parse(struct dm_str text, double *ret) DM_NODISCARD;
/// Of the shortest spellings that read back the same the nearest: "1.5E2",
/// "-0.0E0", "INF", "NaN"
void dm_double_format(double value, struct dm_buf *buf);
/// The same for a float
void dm_float_format(float value, struct dm_buf *buf);

bool dm_boolean_parse(struct dm_str text, bool *ret) DM_NODISCARD;

#define DM_DATETIME_YEAR_MAX 200000000

/// xsd:dateTime: `ms` since 1970 of its UTC instant; without a zone the
/// instant is as if it were UTC and `has_zone` is false
struct dm_datetime {
    int64_t ms;
    int32_t zone_minutes; ///< -840..840
    bool has_zone;
    uint32_t rest_ns; ///< Of a fraction beyond ms: 0..999999
};
/// Years within +-DM_DATETIME_YEAR_MAX; digits beyond ns are cut; 24:00:00 is
/// the next day
bool dm_datetime_parse(struct dm_str text, struct dm_datetime *ret)
    DM_NODISCARD;
/// Zone kept, fraction without superfluous zeros:
/// "2026-11-24T16:00:00.5+01:00". The form of the wire, always with three
/// digits, is dm_time_format().
void dm_datetime_format(struct dm_datetime value, struct dm_buf *buf);

/// xsd:date, as the dateTime of its first instant
bool dm_date_parse(struct dm_str text, struct dm_datetime *ret) DM_NODISCARD;

/// xsd:dayTimeDuration, also as xsd:duration without years and months.
/// @return false where it is none, does not fit or is no whole number of ms
bool dm_duration_parse(struct dm_str text, int64_t *ret_ms) DM_NODISCARD;
/// "PT1M30S", "P1DT2H", "PT0S", "-PT1S"
void dm_duration_format(int64_t ms, struct dm_buf *buf);

DM_END_DECLS

#endif // DM_RDF_XSD_H
