// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SIM_THREE_H
#define DM_TESTS_SIM_THREE_H

/**
 * @file
 * Three nodes that follow each other's logs, through a time of trouble.
 *
 *     b ──dials──> a <──dials── c          a and c have an Alertmanager each;
 *     ^                         |          nobody else can dial, all relay
 *     └─────────dials───────────┘
 *
 * Each has checks of pages that break and are well again, and many of one that
 * is always well. Trouble: nodes are killed, lose their power, have full disks
 * and clocks that are wrong; ways between them are cut, lose packets and reset
 * connections; bits of stored blocks flip; backups are restored; Alertmanagers
 * are ill.
 *
 * Asked, beside what tests/sim/logs.h asks:
 *
 *   T1 Each outage is told once as firing and once as resolved at each
 *      Alertmanager, wherever the check runs.
 *   T2 A node starts again whatever was done to it.
 *   T3 When all is well again, all copies of all logs are the same soon.
 */

#include "base/error.h"
#include "tests/sim/logs.h"

#include <stdbool.h>
#include <stdint.h>

struct three_options {
    uint64_t seed;
    int64_t trouble_ns; ///< How long there is trouble; quiet minutes follow
    unsigned n_checks;  ///< At each node; at least 3
    bool sets_clocks;
    bool restores_heads; ///< Whoever tells an Alertmanager, too
    bool prunes;         ///< Entries often, blocks kept for an hour
    bool has_hostile;    ///< A fourth peer of a, which forges logs
    bool is_loud;
};

struct three_outcome {
    enum dm_status status;
    struct dm_error error; ///< What does not hold, the property in `where`
    uint64_t hash;
    uint64_t n_steps;
    uint64_t n_boots;
    uint64_t n_restored;
    uint64_t n_notified;
    uint64_t n_forged;  ///< Answers of the hostile peer with forged entries
    uint64_t n_foreign; ///< And with a foreign graph
    struct logs_figures logs;
};

void three_play(const struct three_options *options,
                struct three_outcome *outcome);

#endif // DM_TESTS_SIM_THREE_H
