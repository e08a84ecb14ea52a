// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SIM_SCENE_H
#define DM_TESTS_SIM_SCENE_H

/**
 * @file
 * One node with nine checks and an Alertmanager, through a time of trouble.
 *
 *     web0 … web4   break and are well again: refused, silent, hanging, 503,
 *                   cut answers
 *     steady        always well; says how often it was asked
 *     mixed         unknown, unknown, critical, then ok: never failing
 *     unknowing     always unknown, each minute
 *     memory        of the machine
 *
 * Asked, beside what the reader asks (tests/sim/reader.h):
 *
 *   N1 each outage is told once as firing and once as resolved, by the shipped
 *      rule and by one that waits for a minute (:for);
 *   N2 `steady` and `unknowing` are run on time, and never twice for one turn;
 *   N3 a node starts again whatever was done to it.
 */

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct scene_options {
    uint64_t seed;
    int64_t
        trouble_ns; ///< How long there is trouble; some quiet minutes follow
    bool sets_clocks;
    bool has_kubo; ///< One is configured, where nobody listens
    bool is_loud;  ///< Print what the node logs and what a person is told
};

struct scene_outcome {
    enum dm_status status;
    struct dm_error error; ///< What does not hold, the property in `where`
    uint64_t hash;
    uint64_t n_steps;
    uint64_t n_boots;
    uint64_t n_seen;     ///< Results that the reader saw
    uint64_t n_compared; ///< Answers that it compared
    uint64_t n_notified;
};

void scene_play(const struct scene_options *options,
                struct scene_outcome *outcome);

#endif // DM_TESTS_SIM_SCENE_H
