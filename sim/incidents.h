// SPDX-License-Identifier: ISC

#ifndef DM_SIM_INCIDENTS_H
#define DM_SIM_INCIDENTS_H

/**
 * @file
 * What really was the matter, against what a person was told.
 *
 * A script says when a target breaks and when it is well again; the model of
 * Alertmanager says what it told. Over the whole run, for each target:
 *
 *     I1 an outage that lasted long enough was told once as firing, between its
 *        begin and its end plus some slack, and once as resolved, after it;
 *     I2 a shorter one was told at most once, and then resolved once;
 *     I3 nothing else was told.
 *
 * Outages that are nearer to each other than the slack are looked at together:
 * they may be told as one or each by itself. What is open at the end need not
 * be resolved.
 *
 * Threads: one. Memory: an entry for each outage and notification.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sim/alertmanager.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_incidents;

struct dm_sim_incidents_options {
    const char *alertname;   ///< Alerts of other names are not looked at
    const char *label;       ///< Whose value names the target: "check"
    int64_t must_be_told_ns; ///< Outages at least as long are told for sure
    int64_t slack_ns;        ///< How late a change may be told
};

#define DM_SIM_TARGETS_MAX 1024
#define DM_SIM_OUTAGES_MAX 65536

/// @return NULL when out of memory.
struct dm_sim_incidents *DM_NULLABLE
dm_sim_incidents_new(const struct dm_sim_incidents_options *options)
    DM_NODISCARD;
void dm_sim_incidents_free(struct dm_sim_incidents *DM_NULLABLE incidents);

/// `target` breaks at world time `at_ns`, or is well again; as it was: nothing.
/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT.
enum dm_status dm_sim_incidents_set(struct dm_sim_incidents *incidents,
                                    const char *target, bool is_broken,
                                    int64_t at_ns) DM_NODISCARD;

/// For a while nobody could be told or nothing checked (Alertmanager dead, the
/// node down): that much more slack for what lies in it.
void dm_sim_incidents_excuse(struct dm_sim_incidents *incidents,
                             int64_t from_ns, int64_t to_ns);

/// Hold I1 to I3 against what was told until `now_ns`.
/// @return DM_ERR_CORRUPT with the target and its times in `error`.
enum dm_status dm_sim_incidents_check(const struct dm_sim_incidents *incidents,
                                      const struct dm_sim_alertmanager *am,
                                      int64_t now_ns, struct dm_error *error)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SIM_INCIDENTS_H
