// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SIM_READER_H
#define DM_TESTS_SIM_READER_H

/**
 * @file
 * A person at a node's machine: watches /events, asks /sparql now and then, and
 * remembers what was seen.
 *
 *   R1 After a kill every result that was seen is there.
 *   R2 After a power loss every one is that was sealed: a change of status
 *      READER_CHANGE_NS before, others READER_SEAL_NS before.
 *   R3 The present is that of the newest result of each check (while no clock
 *      is set).
 *   R4 No triple is in the default graph twice.
 *
 * What does not hold is kept as the first failure.
 */

#include "sim/fleet.h"

#include <stdbool.h>

/// How long before a power loss something must have been seen to be sealed
#define READER_CHANGE_NS INT64_C(2000000000)
#define READER_SEAL_NS INT64_C(35000000000)

struct reader;

/// @param is_clock_set Whether clocks are set, so that R3 is not asked.
struct reader *reader_new(struct dm_sim_fleet *fleet,
                          struct dm_sim_station *station, bool is_clock_set);
void reader_free(struct reader *reader);

/// Whether all that was asked holds, else what does not in `error`.
enum dm_status reader_check(const struct reader *reader,
                            struct dm_error *error);

/// Results seen, and answers that were compared
uint64_t reader_n_seen(const struct reader *reader);
uint64_t reader_n_compared(const struct reader *reader);

#endif // DM_TESTS_SIM_READER_H
