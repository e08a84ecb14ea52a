// SPDX-License-Identifier: ISC

#ifndef DM_ALERT_ALERTMANAGER_H
#define DM_ALERT_ALERTMANAGER_H

/**
 * @file
 * The client of Alertmanager's API v2: every one that is configured.
 *
 *     desired alerts --> for each Alertmanager:
 *
 *         IDLE --something is due--> POSTING --2xx--> IDLE, told
 *                                       └-- else --> IDLE, again later
 *
 * A firing alert is told at once when it changes and every 60 s after, with
 * endsAt = now + 4 min; a resolved one at once and with each resend for 15 min.
 * All of an Alertmanager that is down is told when it answers again. POSTs hold
 * at most 256 alerts. On 4xx the batch is halved until the one that is refused
 * stands alone; it is left out until it changes, and counted. After 5xx,
 * time-outs, and 4xx that are about us (401, 403, 404, 429) all is tried again
 * after a back-off that grows from 1 s to 60 s.
 *
 * Beside the alerts handed in it tells DeadMansSwitch{instance=NAME} while
 * evaluation goes on (dm_alertmanager_round() within 60 s).
 *
 * Threads: DM_ON_LOOP. Memory: the alerts, once, and one body for each
 * Alertmanager. Source: Alertmanager api/v2.
 */

#include "alert/evaluate.h"
#include "base/attr.h"
#include "base/env.h"
#include "base/status.h"
#include "vocab/config.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_net;
struct dm_alertmanagers;

#define DM_RESEND_MS INT64_C(60000)
#define DM_ENDS_AFTER_MS INT64_C(240000)
#define DM_ALERT_BATCH 256

struct dm_alertmanagers *DM_NULLABLE
dm_alertmanagers_new(const struct dm_env *env, const struct dm_net *net)
    DM_NODISCARD;
/// Cancels what is under way.
void dm_alertmanagers_free(struct dm_alertmanagers *DM_NULLABLE clients);

/// Tell these from now on, each URL once; keeps what it knows of those that
/// stay. Takes a reference to `config`.
/// @return DM_ERR_NO_MEMORY: the old ones go on.
enum dm_status dm_alertmanagers_configure(struct dm_alertmanagers *clients,
                                          struct dm_config *config)
    DM_NODISCARD;

/// The alerts after a round (firing and resolved ones are told); owned by the
/// clients from then on, also on failure.
void dm_alertmanagers_round(struct dm_alertmanagers *clients,
                            struct dm_alerts *alerts);

/// What is being told: the set of the last round, or NULL before the first.
const struct dm_alerts *DM_NULLABLE
dm_alertmanagers_alerts(const struct dm_alertmanagers *clients);

struct dm_alertmanager_figures {
    struct dm_str url;
    bool reachable;      ///< The last POST was accepted
    int64_t accepted_ms; ///< Wall clock of the last 2xx; 0 never
    uint64_t posts;
    uint64_t failed;
    uint64_t refused_alerts; ///< Left out because of 4xx
    struct dm_str error;     ///< Of the last failure; may be empty
};
size_t dm_alertmanagers_count(const struct dm_alertmanagers *clients);
void dm_alertmanagers_figures(const struct dm_alertmanagers *clients, size_t i,
                              struct dm_alertmanager_figures *ret);

DM_END_DECLS

#endif // DM_ALERT_ALERTMANAGER_H
