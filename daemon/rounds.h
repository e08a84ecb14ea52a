// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_ROUNDS_H
#define DM_DAEMON_ROUNDS_H

/**
 * @file
 * Rounds of rules: when they run, what they leave behind.
 *
 *   IDLE --due or changed--> RUNNING (rules worker) --> STORING (writer) -->
 * IDLE └> Alertmanager, /events
 *
 * A round is due every 15 s, within a second of a change of status, and at the
 * instant at which the view or an alert changes by itself. At most one a second
 * begins. The state of alerts is stored before anybody is told, so that a
 * restart goes on where it was; on a full disk they are told all the same.
 *
 * Threads: DM_ON_LOOP.
 */

#include "alert/evaluate.h"
#include "base/attr.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_node;
struct dm_rounds;

#define DM_ROUND_EVERY_NS INT64_C(15000000000)
#define DM_ROUND_LEAST_NS INT64_C(1000000000)

/// Reads the state of alerts from the store.
enum dm_status dm_rounds_new(struct dm_node *node, struct dm_rounds **ret)
    DM_NODISCARD;
/// No round runs any more: the rules worker has ended.
void dm_rounds_free(struct dm_rounds *DM_NULLABLE rounds);

/// Run a round soon: something changed.
void dm_rounds_hurry(struct dm_rounds *rounds);

/// No further round begins.
void dm_rounds_stop(struct dm_rounds *rounds);

/// Alerts after the last round
const struct dm_alerts *dm_rounds_alerts(const struct dm_rounds *rounds);

struct dm_rounds_figures {
    uint64_t rounds;
    uint64_t failed;      ///< Rounds that did not come to their end
    int64_t last_ns;      ///< How long the last one took on its worker
    int64_t last_wall_ms; ///< When it ran
    size_t rules_failed;  ///< Rules without a result in the last one
};
void dm_rounds_figures(const struct dm_rounds *rounds,
                       struct dm_rounds_figures *ret);

DM_END_DECLS

#endif // DM_DAEMON_ROUNDS_H
