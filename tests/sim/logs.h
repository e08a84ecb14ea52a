// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SIM_LOGS_H
#define DM_TESTS_SIM_LOGS_H

/**
 * @file
 * What nodes hold of each other's logs, against what they have held: the oracle
 * of sim_three. It looks into the stores between two steps, at every node that
 * is up, and remembers names of entries and a digest of each sealed event.
 *
 *   L1 An entry has one name for ever, wherever it is held: no log forks.
 *   L2 A copy of a log holds the events of its writer and no others, each as
 *      its writer has it: nobody else changes its graph.
 *   L3 After a kill everything is there that was looked at, after a power loss
 *      what was sealed, after a restored backup (at the end) what a peer held.
 *   L4 A block whose bytes were changed behind the store's back is not served.
 *   L5 Where heads are the same, graphs and states are the same.
 *   L6 The audit of a whole log finds it good, or names the entry that was
 *      changed.
 *   L7 The present of a check is the newest of its results by key, whatever
 *      the clock did.
 *
 * What does not hold is kept as the first failure.
 */

#include "base/attr.h"
#include "base/error.h"
#include "sim/fleet.h"
#include "sync/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGS_NODES 3

struct dm_sim_random;
struct logs;

/// @param publics The key of each station's log.
struct logs *logs_new(struct dm_sim_fleet *fleet,
                      struct dm_sim_station *const stations[LOGS_NODES],
                      const uint8_t publics[LOGS_NODES][DM_KEY_PUBLIC_BYTES]);
void logs_free(struct logs *logs);

/// Of a further log no copy may hold more than `most` entries: those behind are
/// no good (L2).
void logs_refuse(struct logs *logs, const uint8_t log[DM_KEY_PUBLIC_BYTES],
                 uint64_t most);

/// Look at every node that is up; outside of a step.
void logs_look(struct logs *logs);

/// Whether all others are up and hold the same of this node's log, so that a
/// backup of it may be restored now. It is DOWN.
bool logs_may_restore(struct logs *logs, size_t node);
/// It was: what nobody else holds is gone.
void logs_restored(struct logs *logs, size_t node);

/// Choose a block of the log `log` that `node` holds, and flip a bit of it on
/// the disk. Ends the process of the node.
/// @return Whether there was one.
bool logs_flip(struct logs *logs, size_t node, size_t log,
               struct dm_sim_random *random);

/// Whether at this instant all hold the same of all logs (L5 is asked of each
/// log whose heads are the same; once is enough).
bool logs_agree(struct logs *logs);

/// Audit all copies (L6), and ask what is asked at the end.
void logs_finish(struct logs *logs);

/// Whether all that was asked holds, else what does not in `error`.
enum dm_status logs_check(const struct logs *logs, struct dm_error *error);

/// For people and tests
struct logs_figures {
    uint64_t n_entries;
    uint64_t n_events;
    uint64_t n_flips;
    uint64_t n_flips_found; ///< Still in a store at the end
    uint64_t n_pruned;      ///< Entries
};
struct logs_figures logs_figures(const struct logs *logs);

/// How far a node's copy of a log is; 0: it holds none
uint64_t logs_seq(const struct logs *logs, size_t node, size_t log);

#endif // DM_TESTS_SIM_LOGS_H
