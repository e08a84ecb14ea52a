// SPDX-License-Identifier: ISC

#ifndef DM_ALERT_PRESENT_H
#define DM_ALERT_PRESENT_H

/**
 * @file
 * The present of a snapshot: reads what the view needs, computes it, and
 * attaches it to the snapshot as the graph dm:now.
 *
 *     present = dm_present_open(snapshot, config, cache, now)
 *     ... present->view, queries over the snapshot see dm:now ...
 *     dm_snapshot_close(snapshot)
 *     dm_present_close(present)   // after the snapshot: it looks at the graph
 *
 * It knows the own log, by the configuration in force, and every followed log
 * (quadstore/seen.h), by the graph ipns://K#config that it published. The own
 * one is read as the others are: nothing that is not published counts, so all
 * heads judge alike (vocab/published.h).
 *
 * A node is called what its own configuration calls it; where it says nothing,
 * or no word of at most 100 bytes, by its key. Where two logs claim one name,
 * each gets a suffix: "-" and the last 4 to 8 characters of its key.
 *
 * Threads: those of the snapshot. Memory: charged to the snapshot's work, but
 * for configurations. Cost: O(states); for 1,000 states 15 ms, nearly all of it
 * the graph. A configuration that the cache does not have is read: half a
 * million quads a second.
 */

#include "alert/view.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_config;
struct dm_present_cache;
struct dm_published;
struct dm_snapshot;
struct dm_tripleset;

struct dm_present {
    struct dm_view view;
    struct dm_view_log *DM_NULLABLE logs; ///< What the view's states point to;
                                          ///< the own one first
    size_t n_logs;
    struct dm_arena arena; ///< Of their IRIs and names
    /// References: their checks and texts
    struct dm_published *DM_NULLABLE *DM_NULLABLE held;
    size_t n_held;
    struct dm_tripleset *DM_NULLABLE graph;
    struct dm_config *config; ///< Reference
};

/// The IRI of the graph
#define DM_NOW_GRAPH "https://w3id.org/demonitor#now"

/**
 * @param config Own configuration; config->node.iri names the own log.
 * @param cache Of configurations; without it each is read anew.
 * @param now_ms Wall clock.
 * @return DM_ERR_NO_MEMORY, or what the snapshot says.
 */
enum dm_status dm_present_open(struct dm_snapshot *snapshot,
                               struct dm_config *config,
                               struct dm_present_cache *DM_NULLABLE cache,
                               int64_t now_ms, struct dm_present **ret)
    DM_NODISCARD;
void dm_present_close(struct dm_present *DM_NULLABLE present);

DM_END_DECLS

#endif // DM_ALERT_PRESENT_H
