// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SIM_HOSTILE_H
#define DM_TESTS_SIM_HOSTILE_H

/**
 * @file
 * A peer that means ill: a scripted server in the simulated network that
 * speaks /demonitor/v1.
 *
 *     its own log     good up to HOSTILE_GOOD entries; the next one, signed as
 *                     it must be, says something in another log's graph
 *     another's log   its genuine tip, but entries that are forged (another
 *                     payload, and a signature that is not its writer's),
 *                     changed in one byte, cut, or not those that were asked
 *                     for
 *
 * Threads: one.
 */

#include "base/attr.h"
#include "sync/key.h"

#include <stdint.h>

struct dm_sim_fleet;
struct dm_sim_host;
struct dm_sim_station;
struct dm_str;
struct hostile;

#define HOSTILE_GOOD 5U

struct hostile_options {
    struct dm_sim_fleet *fleet;
    struct dm_sim_host *host; ///< Serves at port 3223, with the pin of its key
    struct dm_sim_station *victim; ///< Whose log it forges
    const uint8_t *victim_log;     ///< DM_KEY_PUBLIC_BYTES; outlives it
};

struct hostile *hostile_new(const struct hostile_options *options);
void hostile_free(struct hostile *hostile);

const struct dm_key *hostile_key(const struct hostile *hostile);

/// Answers that held forged entries of the other's log
uint64_t hostile_n_forged(const struct hostile *hostile);
/// Answers that held the entry with the foreign graph
uint64_t hostile_n_foreign(const struct hostile *hostile);

#endif // DM_TESTS_SIM_HOSTILE_H
