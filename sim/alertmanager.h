// SPDX-License-Identifier: ISC

#ifndef DM_SIM_ALERTMANAGER_H
#define DM_SIM_ALERTMANAGER_H

/**
 * @file
 * A model of Alertmanager 0.25, as it was measured, behind a scripted host.
 *
 *     POST /api/v2/alerts --> checked --> merged --> alert, by its label set
 *                                                      |
 *               notifications <-- flush of its group <-+- every group_interval
 *
 * What it takes and refuses. A body that is no JSON array, or holds something
 * of a wrong type: 400, nothing stored. An alert without labels, with a name
 * that is none, or that ends before it starts: 400, and the others are stored.
 * A generatorURL that is none: 422, nothing stored. No JSON by its
 * Content-Type: 415. Else 200.
 *
 * Merging. The identity of an alert is its whole label set; empty values do not
 * count. Without endsAt it ends `resolve_timeout` from now. Where the new one
 * overlaps what is there, the earlier start counts, and of two ends in the
 * future the later one, unless that was a time-out. An alert whose end is past
 * is resolved.
 *
 * Notifications. Every label set is a group of its own. It is flushed
 * `group_wait` after it came (at once when it began before that), and then
 * every `group_interval`: it tells when it fires and firing was not told last,
 * again after `repeat_interval`, and when it is resolved and firing was told
 * last. What was told outlasts a restart, the alerts do not.
 *
 * Threads: one. Memory: each label set for ever, at most DM_SIM_ALERTS_MAX, and
 * each notification.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;
struct dm_sim_alertmanager;
struct dm_sim_host;
struct dm_sim_world;

#define DM_SIM_ALERTS_MAX 65536
#define DM_SIM_NOTIFICATIONS_MAX ((size_t)1 << 20)

struct dm_sim_alertmanager_options {
    int64_t resolve_timeout_ns; ///< 5 min
    int64_t group_wait_ns;      ///< 1 s
    int64_t group_interval_ns;  ///< 5 s
    int64_t repeat_interval_ns; ///< 4 h
};
struct dm_sim_alertmanager_options dm_sim_alertmanager_options_default(void);

/// One message that a person would have got. `labels` is NAME="VALUE" by name,
/// with ',' between and '\' before '"' and '\'.
struct dm_sim_notification {
    int64_t at_ns; ///< World
    struct dm_str labels;
    bool is_firing; ///< Else resolved
    bool is_repeat; ///< Firing had been told already
    int64_t starts_ms;
    int64_t ends_ms;
};

/// Called for each; may look, not call into the model.
typedef void (*dm_sim_notified_fn)(
    void *DM_NULLABLE context, const struct dm_sim_notification *notification);

/// What is wrong with it; may be changed at any time. Zeroed: nothing
struct dm_sim_alertmanager_mood {
    int64_t delay_ns;
    unsigned status; ///< Not 0: answers that and does nothing else
    bool hangs;      ///< Never answers
    bool loses;      ///< Does what it should and never says so
};

/// Serve at `host`, `port` 9093.
/// @return NULL when out of memory.
struct dm_sim_alertmanager *DM_NULLABLE
dm_sim_alertmanager_new(struct dm_sim_world *world, struct dm_sim_host *host,
                        const struct dm_sim_alertmanager_options *options,
                        dm_sim_notified_fn DM_NULLABLE notified,
                        void *DM_NULLABLE context) DM_NODISCARD;
/// Before the host and the world go.
void dm_sim_alertmanager_free(struct dm_sim_alertmanager *DM_NULLABLE am);

struct dm_sim_alertmanager_mood *
dm_sim_alertmanager_mood(struct dm_sim_alertmanager *am);

/// Forget the alerts, as it does when it is started anew.
void dm_sim_alertmanager_restart(struct dm_sim_alertmanager *am);

size_t dm_sim_alertmanager_n_notified(const struct dm_sim_alertmanager *am);
/// The i-th, from 0; until the model is freed.
const struct dm_sim_notification *
dm_sim_alertmanager_notified(const struct dm_sim_alertmanager *am, size_t i);

/// The decoded value of a label, into `buf`. DM_ERR_NOT_FOUND.
enum dm_status dm_sim_label_get(struct dm_str labels, const char *name,
                                struct dm_buf *buf) DM_NODISCARD;

/// Alerts that fire now
size_t dm_sim_alertmanager_n_firing(const struct dm_sim_alertmanager *am);
/// Whether an alert with these labels (as in a notification) fires now
bool dm_sim_alertmanager_fires(const struct dm_sim_alertmanager *am,
                               struct dm_str labels);
/// POSTs that were answered, by class: [2] those with 2xx
uint64_t dm_sim_alertmanager_n_posts(const struct dm_sim_alertmanager *am,
                                     unsigned status_class);

DM_END_DECLS

#endif // DM_SIM_ALERTMANAGER_H
