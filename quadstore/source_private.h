// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_SOURCE_PRIVATE_H
#define DM_QUADSTORE_SOURCE_PRIVATE_H

/**
 * @file
 * What a scan merges: stored quads, events, virtual graphs.
 *
 * Each source yields its quads in ascending order of (s, p, o, g), those that
 * match s, p and o of the spec at least; the scan looks at the repeats and the
 * inner pattern. A source may yield what is before the target of a seek.
 */

#include "base/attr.h"
#include "base/status.h"
#include "quadstore/event.h"
#include "quadstore/scan.h"
#include "quadstore/store_private.h"

#include <stdbool.h>

DM_BEGIN_DECLS

struct dm_source;

struct dm_source_ops {
    enum dm_status (*next)(struct dm_source *source, struct dm_quad_ids *ret);
    enum dm_status (*seek)(struct dm_source *source,
                           const struct dm_triple_ids *target);
    void (*close)(struct dm_source *source);
};

/// The head of each kind of source
struct dm_source {
    const struct dm_source_ops *ops;
    struct dm_snapshot *snapshot;
    struct dm_quad_ids row; ///< The one it stands at
    size_t bytes;           ///< Of the whole source, as charged
};

/// Stored quads: the union of all graphs (g 0), one graph, or each graph from
/// `graph` on
enum dm_quads_of {
    DM_QUADS_UNION,
    DM_QUADS_OF_GRAPH,
    DM_QUADS_NAMED,
};
enum dm_status dm_source_quads(struct dm_snapshot *snapshot,
                               const struct dm_scan_spec *spec,
                               enum dm_quads_of what, dm_id graph,
                               struct dm_source **ret) DM_NODISCARD;

/// Events of a log, 0: of every log. DM_END where none can match.
enum dm_status dm_source_events(struct dm_snapshot *snapshot,
                                const struct dm_scan_spec *spec, dm_log_no log,
                                struct dm_source **ret) DM_NODISCARD;

enum dm_status dm_source_virtual(struct dm_snapshot *snapshot,
                                 const struct dm_scan_spec *spec,
                                 const struct dm_virtual_graph *graph,
                                 struct dm_source **ret) DM_NODISCARD;

bool dm_source_is_virtual(const struct dm_source *source);

/// (s, p, o) of rows
int dm_quad_compare_spo(const struct dm_quad_ids *a,
                        const struct dm_quad_ids *b);

/// The object of an event's rdf:reifies
enum dm_status dm_snapshot_statement(struct dm_snapshot *snapshot,
                                     int64_t check,
                                     enum dm_result_status status, dm_id *ret)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_SOURCE_PRIVATE_H
