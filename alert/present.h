// SPDX-License-Identifier: ISC

#ifndef DM_ALERT_PRESENT_H
#define DM_ALERT_PRESENT_H

/**
 * @file
 * The present of a snapshot: reads what the view needs, computes it, and
 * attaches it to the snapshot as the graph dm:now.
 *
 *     present = dm_present_open(snapshot, config, now)
 *     ... present->view, queries over the snapshot see dm:now ...
 *     dm_snapshot_close(snapshot)
 *     dm_present_close(present)   // after the snapshot: it looks at the graph
 *
 * Threads: those of the snapshot. Memory: charged to the snapshot's work. Cost:
 * O(states); for 1,000 states a millisecond.
 */

#include "alert/view.h"
#include "base/attr.h"
#include "base/status.h"

#include <stdint.h>

DM_BEGIN_DECLS

struct dm_config;
struct dm_snapshot;
struct dm_tripleset;

struct dm_present {
    struct dm_view view;
    struct dm_view_log *DM_NULLABLE logs; ///< What the view's states point to
    size_t n_logs;
    const struct dm_check_def **DM_NULLABLE checks; ///< Of the own log
    struct dm_tripleset *DM_NULLABLE graph;
    struct dm_config *config; ///< Reference
};

/// The IRI of the graph
#define DM_NOW_GRAPH "https://w3id.org/demonitor#now"

/**
 * @param config Own configuration; config->node.iri names the own log.
 * @param now_ms Wall clock.
 * @return DM_ERR_NO_MEMORY, or what the snapshot says.
 */
enum dm_status dm_present_open(struct dm_snapshot *snapshot,
                               struct dm_config *config, int64_t now_ms,
                               struct dm_present **ret) DM_NODISCARD;
void dm_present_close(struct dm_present *DM_NULLABLE present);

DM_END_DECLS

#endif // DM_ALERT_PRESENT_H
