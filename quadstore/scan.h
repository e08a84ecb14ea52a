// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_SCAN_H
#define DM_QUADSTORE_SCAN_H

/**
 * @file
 * Patterns over a dataset: the leaves of every query.
 *
 * A scan yields the quads that match a pattern: stored ones, the virtual quads
 * of events (event.h), and those of virtual graphs. Always in ascending order
 * of (s, p, o), ids compared as unsigned numbers, and in a named scope then g.
 * So two scans with the same bound positions can be merged.
 *
 * The dataset says what the default graph is:
 *
 *   UNION   all graphs of the store and all virtual graphs, each triple once
 *           (twenty nodes publish the same config). What the daemon asks.
 *   PLAIN   graph 0 alone. What files and the W3C tests ask.
 *   MERGE   the listed graphs, each triple once. FROM.
 *
 * The named graphs are all but graph 0, or those listed (FROM NAMED). A row of
 * the default graph has g = DM_ID_NONE, whichever graphs it came from.
 *
 * I1 No row twice.
 * I2 Every row matches the pattern, the repeats and the inner pattern.
 * I3 Rows ascend strictly.
 *
 * Cost: a bound position uses an index wherever one exists: SPO, PSO, POS, OSP
 * for the union and the quads, event key, check and log for events. Opening
 * costs up to a few look-ups in each source, a row O(log n) at worst, O(1)
 * amortised. Rows of one scan: as long as it is open.
 *
 * Threads: those of the snapshot.
 */

#include "base/attr.h"
#include "base/status.h"
#include "quadstore/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_snapshot;
struct dm_scan;

enum dm_default_graph {
    DM_DEFAULT_UNION,
    DM_DEFAULT_PLAIN,
    DM_DEFAULT_MERGE,
};

struct dm_dataset {
    enum dm_default_graph default_graph;
    const dm_id *DM_NULLABLE merged; ///< For MERGE; may be none
    size_t n_merged;
    bool all_named;                 ///< Every graph but 0 is a named graph
    const dm_id *DM_NULLABLE named; ///< Else these
    size_t n_named;
};

enum dm_scope {
    DM_SCOPE_DEFAULT, ///< The dataset's default graph
    DM_SCOPE_NAMED,   ///< A named graph: g, or each where g is DM_ID_NONE
};

/// Positions that must hold the same term: a variable that repeats
enum dm_repeat {
    DM_REPEAT_SP = 1,
    DM_REPEAT_SO = 2,
    DM_REPEAT_PO = 4,
    DM_REPEAT_GS = 8,
    DM_REPEAT_GP = 16,
    DM_REPEAT_GO = 32,
};

/// DM_ID_NONE in a position matches everything
struct dm_triple_ids {
    dm_id s;
    dm_id p;
    dm_id o;
};

struct dm_scan_spec {
    const struct dm_dataset *dataset; ///< Outlives the scan
    enum dm_scope scope;
    dm_id s;
    dm_id p;
    dm_id o;
    dm_id g;
    unsigned repeats; ///< Of enum dm_repeat
    bool has_inner; ///< o must be a triple term that matches `inner`; o is free
    struct dm_triple_ids inner;
};

struct dm_quad_ids {
    dm_id s;
    dm_id p;
    dm_id o;
    dm_id g;
};

enum dm_status dm_scan_open(struct dm_snapshot *snapshot,
                            const struct dm_scan_spec *spec,
                            struct dm_scan **ret) DM_NODISCARD;
void dm_scan_close(struct dm_scan *DM_NULLABLE scan);

/// @return DM_OK, DM_END, or why it failed.
enum dm_status dm_scan_next(struct dm_scan *scan, struct dm_quad_ids *ret)
    DM_NODISCARD;

/// Skip rows before (s, p, o). Only forwards: a target behind the last row read
/// changes nothing.
enum dm_status dm_scan_seek(struct dm_scan *scan,
                            const struct dm_triple_ids *target) DM_NODISCARD;

/// About how many rows a scan of `spec` would yield. From kept counts and index
/// statistics, never by reading rows; for order of joins only. A position that
/// will be bound to something yet unknown is given as DM_ID_ANY_BOUND.
#define DM_ID_ANY_BOUND (DM_ID_LOCAL_BIT | UINT64_C(0x7FFFFFFFFFFFFFFF))
enum dm_status dm_scan_estimate(struct dm_snapshot *snapshot,
                                const struct dm_scan_spec *spec,
                                double *ret_rows) DM_NODISCARD;

/// Each named graph of the dataset, empty ones that were made too, in ascending
/// order of ids. A status other than DM_OK from `on_graph` ends it.
typedef enum dm_status (*dm_graph_fn)(void *DM_NULLABLE context, dm_id graph);
enum dm_status dm_graphs_each(struct dm_snapshot *snapshot,
                              const struct dm_dataset *dataset,
                              dm_graph_fn on_graph, void *DM_NULLABLE context)
    DM_NODISCARD;

/**
 * A graph that is computed, not stored, as dm:now.
 *
 * `open` makes a cursor over its triples that match (DM_ID_NONE = free) in
 * ascending order of (s, p, o); ids are of the snapshot it is attached to.
 */
struct dm_virtual_graph_ops {
    enum dm_status (*open)(void *context, struct dm_triple_ids pattern,
                           void **ret_cursor);
    enum dm_status (*next)(void *cursor, struct dm_triple_ids *ret);
    void (*close)(void *cursor);
    double (*estimate)(void *context, struct dm_triple_ids pattern);
};

/// Add a graph to the snapshot until it is closed; at most 16. `context`
/// outlives it. A stored graph of the same name is hidden.
/// @return DM_ERR_EXISTS where the name is a log's or taken, DM_ERR_LIMIT.
enum dm_status dm_snapshot_attach(struct dm_snapshot *snapshot, dm_id graph,
                                  const struct dm_virtual_graph_ops *ops,
                                  void *DM_NULLABLE context) DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_SCAN_H
