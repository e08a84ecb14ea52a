// SPDX-License-Identifier: ISC

#ifndef DM_CHECKS_RUN_H
#define DM_CHECKS_RUN_H

/**
 * @file
 * The run of bad results: what each node counts for itself to know whether a
 * check fails, and so when it runs next.
 *
 * `bad` is the number of results in the present run of warning or critical.
 * unknown neither counts nor breaks it, ok ends it; started and logged do
 * nothing. A check fails when bad > retries.
 *
 * Threads: pure.
 */

#include "base/attr.h"
#include "checks/result.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_bad_run {
    uint32_t bad;
};

/// Count a result. @return Whether the next run is a retry: the result was bad
/// and the check does not fail yet.
bool dm_bad_run_count(struct dm_bad_run *run, enum dm_verdict verdict,
                      uint32_t retries);

bool dm_bad_run_is_failing(const struct dm_bad_run *run, uint32_t retries);

DM_END_DECLS

#endif // DM_CHECKS_RUN_H
