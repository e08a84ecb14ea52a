// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_DURATION_H
#define DM_VOCAB_DURATION_H

/**
 * @file
 * Durations and sizes as people write them: "30s", "1h30m", "2GiB".
 *
 * Threads: pure functions.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

DM_BEGIN_DECLS

/// Longest duration: a thousand years
#define DM_DURATION_MAX_MS (INT64_C(365000) * 86400000)

/**
 * Read one or more of NUMBER UNIT without spaces, UNIT one of ms s m h d w y
 * (a year is 365 days): "30s", "1h30m", "0s".
 *
 * @return DM_ERR_SYNTAX or DM_ERR_LIMIT with `error` set.
 */
enum dm_status dm_duration_read(struct dm_str text, int64_t *ret_ms,
                                struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// Read NUMBER [UNIT], UNIT one of B KiB MiB GiB TiB kB MB GB TB; without one
/// it is bytes.
enum dm_status dm_size_read(struct dm_str text, uint64_t *ret_bytes,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;

DM_END_DECLS

#endif // DM_VOCAB_DURATION_H
