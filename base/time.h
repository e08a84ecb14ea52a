// SPDX-License-Identifier: ISC

#ifndef DM_BASE_TIME_H
#define DM_BASE_TIME_H

/**
 * @file
 * Calendar arithmetic on unix milliseconds, UTC, proleptic Gregorian.
 *
 * No clock here: base/env.h has the clocks. Pure functions.
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_MS_PER_SECOND INT64_C(1000)
#define DM_MS_PER_MINUTE INT64_C(60000)
#define DM_MS_PER_HOUR INT64_C(3600000)
#define DM_MS_PER_DAY INT64_C(86400000)
#define DM_NS_PER_MS INT64_C(1000000)
#define DM_NS_PER_SECOND INT64_C(1000000000)

/// "YYYY-MM-DDThh:mm:ss.sssZ" and NUL
#define DM_TIME_SIZE 25

/// Least and greatest time that can be written so: years 0001 to 9999
#define DM_TIME_MIN_MS INT64_C(-62135596800000)
#define DM_TIME_MAX_MS INT64_C(253402300799999)

/// Days from 1970-01-01 to a date; any year, month 1..12, day 1..31
int64_t dm_days_from_civil(int64_t year, int month, int day);

/// The date that lies `days` after 1970-01-01
void dm_civil_from_days(int64_t days, int64_t *ret_year, int *ret_month,
                        int *ret_day);

/// 28 to 31
int dm_days_in_month(int64_t year, int month);

/// Write `ms`, which is within DM_TIME_MIN_MS..DM_TIME_MAX_MS.
void dm_time_format(int64_t ms, char text[DM_TIME_SIZE]);

/// Read an RFC 3339 time: "2026-11-24T16:00:00[.fraction](Z|+hh:mm|-hh:mm)";
/// digits after the third of the fraction are cut.
/// @return Whether it is one, and within DM_TIME_MIN_MS..DM_TIME_MAX_MS;
///        `*ret_ms` is set only then.
bool dm_time_parse(struct dm_str text, int64_t *ret_ms) DM_NODISCARD;

DM_END_DECLS

#endif // DM_BASE_TIME_H
