// SPDX-License-Identifier: ISC

#include "quadstore/scan.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "quadstore/id_private.h"
#include "quadstore/source_private.h"
#include "quadstore/words_private.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Sources of one scan: three for each graph of the dataset at most
#define SOURCES_MAX ((size_t)1 << 20U)

// The sources stand in a heap, the one with the least row first. A source that
// is at its end is closed at once.
struct dm_scan {
    struct dm_snapshot *snapshot;
    struct dm_scan_spec spec;
    bool by_graph; ///< Rows differ by g too
    bool has_last;
    struct dm_quad_ids last; ///< The last row yielded
    bool has_target;
    struct dm_triple_ids target;
    unsigned looked; ///< Rows since the work was asked
    struct dm_source **sources;
    size_t n;
    size_t capacity;
};

static int
compare_ids(dm_id a, dm_id b)
{
    return a < b ? -1 : a > b;
}

int
dm_quad_compare_spo(const struct dm_quad_ids *a, const struct dm_quad_ids *b)
{
    const int by_s = compare_ids(a->s, b->s);
    const int by_p = compare_ids(a->p, b->p);
    return by_s ? by_s : by_p ? by_p : compare_ids(a->o, b->o);
}

static int
compare_rows(const struct dm_quad_ids *a, const struct dm_quad_ids *b)
{
    const int order = dm_quad_compare_spo(a, b);
    return order ? order : compare_ids(a->g, b->g);
}

// ------------------------------------------------------------------------ heap

static bool
is_less(const struct dm_scan *scan, size_t a, size_t b)
{
    return compare_rows(&scan->sources[a]->row, &scan->sources[b]->row) < 0;
}

static void
swap(struct dm_scan *scan, size_t a, size_t b)
{
    struct dm_source *source = scan->sources[a];
    scan->sources[a] = scan->sources[b];
    scan->sources[b] = source;
}

static void
sift_down(struct dm_scan *scan, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; ++child) {
            if (child < scan->n && is_less(scan, child, least)) {
                least = child;
            }
        }
        if (least == at) {
            return;
        }
        swap(scan, at, least);
        at = least;
    }
}

static void
make_heap(struct dm_scan *scan)
{
    for (size_t at = scan->n / 2; at-- > 0;) {
        sift_down(scan, at);
    }
}

static void
close_source(struct dm_source *source)
{
    source->ops->close(source);
}

// Bring the source in place `at` to its next row; at its end, the last one
// takes its place.
static enum dm_status
advance(struct dm_scan *scan, size_t at)
{
    struct dm_source *source = scan->sources[at];
    const enum dm_status status = source->ops->next(source, &source->row);
    if (status != DM_END) {
        return status;
    }
    close_source(source);
    scan->sources[at] = scan->sources[--scan->n];
    return DM_OK;
}

// ------------------------------------------------------------------------ open

static enum dm_status
add_source(struct dm_scan *scan, enum dm_status status,
           struct dm_source *source)
{
    if (status) {
        return status == DM_END ? DM_OK : status; // Nothing there matches
    }
    struct dm_source **sources =
        dm_grow(scan->sources, &scan->capacity, scan->n + 1, sizeof(*sources),
                SOURCES_MAX);
    if (!sources) {
        close_source(source);
        return DM_ERR_NO_MEMORY;
    }
    scan->sources = sources;
    sources[scan->n++] = source;
    return DM_OK;
}

static enum dm_status
add_quads(struct dm_scan *scan, enum dm_quads_of what, dm_id graph)
{
    struct dm_source *source = NULL;
    const enum dm_status status =
        dm_source_quads(scan->snapshot, &scan->spec, what, graph, &source);
    return add_source(scan, status, source);
}

static enum dm_status
add_events(struct dm_scan *scan, dm_log_no log)
{
    struct dm_source *source = NULL;
    const enum dm_status status =
        dm_source_events(scan->snapshot, &scan->spec, log, &source);
    return add_source(scan, status, source);
}

static enum dm_status
add_virtual(struct dm_scan *scan, const struct dm_virtual_graph *graph)
{
    struct dm_source *source = NULL;
    const enum dm_status status =
        dm_source_virtual(scan->snapshot, &scan->spec, graph, &source);
    return add_source(scan, status, source);
}

static const struct dm_virtual_graph *
find_virtual(const struct dm_snapshot *snapshot, dm_id graph)
{
    for (size_t i = 0; i < snapshot->n_graphs; ++i) {
        if (snapshot->graphs[i].graph == graph) {
            return &snapshot->graphs[i];
        }
    }
    return NULL;
}

// All that is in one graph
static enum dm_status
add_graph(struct dm_scan *scan, dm_id graph)
{
    const struct dm_virtual_graph *virtual = find_virtual(scan->snapshot,
                                                          graph);
    if (virtual) {
        return add_virtual(scan, virtual);
    }
    enum dm_status status = add_quads(scan, DM_QUADS_OF_GRAPH, graph);
    if (!status && graph != DM_ID_NONE) {
        status = dm_dict_logs(&scan->snapshot->dict);
    }
    const dm_log_no log =
        !status && graph != DM_ID_NONE
            ? dm_dict_log_of_graph(&scan->snapshot->dict, graph)
            : 0;
    return status || !log ? status : add_events(scan, log);
}

// Every graph: stored ones from `first` on, events, virtual ones. Where rows
// have no graph and no stored graph is hidden, the union answers at once.
static enum dm_status
add_all(struct dm_scan *scan, dm_id first)
{
    const struct dm_snapshot *snapshot = scan->snapshot;
    bool hides = false;
    for (size_t i = 0; i < snapshot->n_graphs; ++i) {
        hides = hides || snapshot->graphs[i].hides;
    }
    const bool needs_graph = scan->by_graph || hides ||
                             DM_FAULT("forget the union's de-duplication");
    enum dm_status status =
        add_quads(scan, needs_graph ? DM_QUADS_NAMED : DM_QUADS_UNION, first);
    if (!status) {
        status = add_events(scan, 0);
    }
    for (size_t i = 0; !status && i < snapshot->n_graphs; ++i) {
        status = add_virtual(scan, &snapshot->graphs[i]);
    }
    return status;
}

static enum dm_status
add_list(struct dm_scan *scan, const dm_id *graphs, size_t n)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < n; ++i) {
        status = add_graph(scan, graphs[i]);
    }
    return status;
}

static bool
contains(const dm_id *graphs, size_t n, dm_id graph)
{
    for (size_t i = 0; i < n; ++i) {
        if (graphs[i] == graph) {
            return true;
        }
    }
    return false;
}

static enum dm_status
add_named(struct dm_scan *scan)
{
    const struct dm_dataset *dataset = scan->spec.dataset;
    const dm_id graph = scan->spec.g;
    if (graph != DM_ID_NONE) {
        return dataset->all_named ||
                       contains(dataset->named, dataset->n_named, graph)
                   ? add_graph(scan, graph)
                   : DM_OK;
    }
    return dataset->all_named
               ? add_all(scan, 1)
               : add_list(scan, dataset->named, dataset->n_named);
}

static enum dm_status
add_sources(struct dm_scan *scan)
{
    const struct dm_dataset *dataset = scan->spec.dataset;
    if (scan->spec.scope == DM_SCOPE_NAMED) {
        return add_named(scan);
    }
    switch (dataset->default_graph) {
    case DM_DEFAULT_UNION:
        return add_all(scan, DM_ID_NONE);
    case DM_DEFAULT_PLAIN:
        return add_graph(scan, DM_ID_NONE);
    case DM_DEFAULT_MERGE:
        return add_list(scan, dataset->merged, dataset->n_merged);
    }
    return DM_OK;
}

enum dm_status
dm_scan_open(struct dm_snapshot *snapshot, const struct dm_scan_spec *spec,
             struct dm_scan **ret)
{
    enum dm_status status = dm_work_check(snapshot->work);
    if (status) {
        return status;
    }
    struct dm_scan *scan = dm_snapshot_alloc(snapshot, sizeof(*scan));
    if (!scan) {
        return DM_ERR_NO_MEMORY;
    }
    scan->snapshot = snapshot;
    scan->spec = *spec;
    scan->by_graph = spec->scope == DM_SCOPE_NAMED;
    status = add_sources(scan);
    for (size_t i = scan->n; !status && i-- > 0;) {
        status = advance(scan, i);
    }
    if (status) {
        dm_scan_close(scan);
        return status;
    }
    make_heap(scan);
    *ret = scan;
    return DM_OK;
}

void
dm_scan_close(struct dm_scan *scan)
{
    if (!scan) {
        return;
    }
    for (size_t i = 0; i < scan->n; ++i) {
        close_source(scan->sources[i]);
    }
    dm_free(scan->sources);
    dm_snapshot_free(scan->snapshot, scan, sizeof(*scan));
}

// ------------------------------------------------------------------------ next

static bool
repeats(const struct dm_scan *scan, const struct dm_quad_ids *row)
{
    const unsigned wanted = scan->spec.repeats;
    return (!(wanted & DM_REPEAT_SP) || row->s == row->p) &&
           (!(wanted & DM_REPEAT_SO) || row->s == row->o) &&
           (!(wanted & DM_REPEAT_PO) || row->p == row->o) &&
           (!(wanted & DM_REPEAT_GS) || row->g == row->s) &&
           (!(wanted & DM_REPEAT_GP) || row->g == row->p) &&
           (!(wanted & DM_REPEAT_GO) || row->g == row->o);
}

static enum dm_status
matches_inner(struct dm_scan *scan, dm_id o, bool *ret)
{
    struct dm_triple_ids triple = {0};
    const struct dm_triple_ids *inner = &scan->spec.inner;
    *ret = false;
    if (dm_id_tag(o) != DM_TAG_TRIPLE) {
        return DM_OK;
    }
    const enum dm_status status =
        dm_snapshot_triple(scan->snapshot, o, &triple.s, &triple.p, &triple.o);
    *ret = !status && (!inner->s || inner->s == triple.s) &&
           (!inner->p || inner->p == triple.p) &&
           (!inner->o || inner->o == triple.o);
    return status;
}

static bool
is_before_target(const struct dm_scan *scan, const struct dm_quad_ids *row)
{
    const struct dm_quad_ids target = {scan->target.s, scan->target.p,
                                       scan->target.o, DM_ID_NONE};
    return scan->has_target && dm_quad_compare_spo(row, &target) < 0;
}

// A stored graph that a virtual one hides, in a scan over every graph
static bool
is_hidden(const struct dm_scan *scan, const struct dm_source *source,
          const struct dm_quad_ids *row)
{
    const struct dm_virtual_graph *virtual = find_virtual(scan->snapshot,
                                                          row->g);
    return virtual && virtual->hides && !dm_source_is_virtual(source);
}

static bool
is_duplicate(const struct dm_scan *scan, const struct dm_quad_ids *row)
{
    if (!scan->has_last || DM_FAULT("forget the union's de-duplication")) {
        return false;
    }
    return (scan->by_graph ? compare_rows(row, &scan->last)
                           : dm_quad_compare_spo(row, &scan->last)) == 0;
}

// Whether the least row is to be yielded
static enum dm_status
accept(struct dm_scan *scan, const struct dm_source *source, bool *ret)
{
    struct dm_quad_ids row = source->row;
    *ret = false;
    if (is_before_target(scan, &row) || is_hidden(scan, source, &row)) {
        return DM_OK;
    }
    if (!scan->by_graph) {
        row.g = DM_ID_NONE;
    }
    if (is_duplicate(scan, &row) || !repeats(scan, &row)) {
        return DM_OK;
    }
    if (scan->spec.has_inner) {
        return matches_inner(scan, row.o, ret);
    }
    *ret = true;
    return DM_OK;
}

enum dm_status
dm_scan_next(struct dm_scan *scan, struct dm_quad_ids *ret)
{
    while (scan->n) {
        const struct dm_source *source = scan->sources[0];
        struct dm_quad_ids row = source->row;
        bool is_accepted = false;
        enum dm_status status = accept(scan, source, &is_accepted);
        if (!status && ++scan->looked >= DM_WORK_ROWS) {
            scan->looked = 0;
            status = dm_work_check(scan->snapshot->work);
        }
        if (!status) {
            status = advance(scan, 0);
        }
        if (status) {
            return status;
        }
        sift_down(scan, 0);
        if (is_accepted) {
            if (!scan->by_graph) {
                row.g = DM_ID_NONE;
            }
            scan->last = row;
            scan->has_last = true;
            *ret = row;
            return DM_OK;
        }
    }
    return DM_END;
}

enum dm_status
dm_scan_seek(struct dm_scan *scan, const struct dm_triple_ids *target)
{
    const struct dm_quad_ids least = {target->s, target->p, target->o,
                                      DM_ID_NONE};
    if (scan->has_target &&
        dm_quad_compare_spo(
            &least, &(struct dm_quad_ids){scan->target.s, scan->target.p,
                                          scan->target.o, DM_ID_NONE}) < 0) {
        return DM_OK;
    }
    scan->target = *target;
    scan->has_target = true;
    for (size_t i = scan->n; i-- > 0;) {
        struct dm_source *source = scan->sources[i];
        if (dm_quad_compare_spo(&source->row, &least) >= 0) {
            continue;
        }
        enum dm_status status = source->ops->seek(source, target);
        if (!status) {
            status = advance(scan, i);
        }
        if (status) {
            return status;
        }
    }
    make_heap(scan);
    return DM_OK;
}

// ---------------------------------------------------------------------- graphs

enum dm_status
dm_snapshot_attach(struct dm_snapshot *snapshot, dm_id graph,
                   const struct dm_virtual_graph_ops *ops, void *context)
{
    assert(graph != DM_ID_NONE && !snapshot->txn);
    if (find_virtual(snapshot, graph)) {
        return DM_ERR_EXISTS;
    }
    if (snapshot->n_graphs == DM_VIRTUAL_GRAPHS) {
        return DM_ERR_LIMIT;
    }
    enum dm_status status = dm_dict_logs(&snapshot->dict);
    if (status) {
        return status;
    }
    if (dm_dict_log_of_graph(&snapshot->dict, graph)) {
        return DM_ERR_EXISTS; // A log's graph is not to be hidden
    }
    const int64_t value = (int64_t)graph;
    int64_t n = 0;
    if (!dm_id_is_local(graph)) {
        status = dm_conn_get(snapshot->conn, DM_Q_GRAPH, &value, 1, &n, 1);
        if (status && status != DM_ERR_NOT_FOUND) {
            return status;
        }
    }
    snapshot->graphs[snapshot->n_graphs++] = (struct dm_virtual_graph){
        .graph = graph, .ops = ops, .context = context, .hides = n > 0};
    return DM_OK;
}

struct graph_list {
    dm_id *graphs;
    size_t n;
    size_t capacity;
};

static enum dm_status
list_graph(struct graph_list *list, dm_id graph)
{
    dm_id *graphs = dm_grow(list->graphs, &list->capacity, list->n + 1,
                            sizeof(*graphs), SOURCES_MAX);
    if (!graphs) {
        return DM_ERR_NO_MEMORY;
    }
    list->graphs = graphs;
    graphs[list->n++] = graph;
    return DM_OK;
}

static int
compare_graphs(const void *a, const void *b)
{
    return compare_ids(*(const dm_id *)a, *(const dm_id *)b);
}

// All graphs that are there, some perhaps twice
static enum dm_status
list_all(struct dm_snapshot *snapshot, struct graph_list *list)
{
    enum dm_status status = dm_dict_logs(&snapshot->dict);
    for (size_t i = 0; !status && i < snapshot->dict.n_logs; ++i) {
        status = list_graph(list, snapshot->dict.logs[i].graph);
    }
    for (size_t i = 0; !status && i < snapshot->n_graphs; ++i) {
        status = list_graph(list, snapshot->graphs[i].graph);
    }
    sqlite3_stmt *rows = NULL;
    if (!status) {
        status = dm_conn_take(snapshot->conn, DM_Q_GRAPH_EACH, &rows);
    }
    if (status) {
        return status;
    }
    while (!(status = dm_conn_step(snapshot->conn, rows))) {
        const dm_id graph = (dm_id)sqlite3_column_int64(rows, 0);
        status = graph == DM_ID_NONE ? DM_OK : list_graph(list, graph);
        if (status) {
            break;
        }
    }
    dm_conn_give(snapshot->conn, DM_Q_GRAPH_EACH, rows);
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_graphs_each(struct dm_snapshot *snapshot, const struct dm_dataset *dataset,
               dm_graph_fn on_graph, void *context)
{
    struct graph_list list = {0};
    enum dm_status status = DM_OK;
    if (dataset->all_named) {
        status = list_all(snapshot, &list);
    }
    for (size_t i = 0; !dataset->all_named && !status && i < dataset->n_named;
         ++i) {
        status = list_graph(&list, dataset->named[i]);
    }
    if (!status && list.n) {
        qsort(list.graphs, list.n, sizeof(*list.graphs), compare_graphs);
    }
    for (size_t i = 0; !status && i < list.n; ++i) {
        if (i == 0 || list.graphs[i] != list.graphs[i - 1]) {
            status = on_graph(context, list.graphs[i]);
        }
    }
    dm_free(list.graphs);
    return status;
}

// -------------------------------------------------------------------- estimate

enum { SHAPE_S = 1, SHAPE_P = 2, SHAPE_O = 4 };

// About how many stored quads match, from kept counts. What one subject has,
// and how many share one object, is a guess.
static enum dm_status
estimate_quads(struct dm_snapshot *snapshot, const struct dm_scan_spec *spec,
               unsigned shape, double *ret)
{
    static const double per_subject = 8;
    int64_t triples = 0;
    int64_t with_p = 0;
    enum dm_status status =
        dm_meta_get(snapshot->conn, DM_META_TRIPLES, &triples);
    if (!status && spec->p && !dm_id_is_local(spec->p)) {
        const int64_t p = (int64_t)spec->p;
        status = dm_conn_get(snapshot->conn, DM_Q_PREDICATE, &p, 1, &with_p, 1);
        status = status == DM_ERR_NOT_FOUND ? DM_OK : status;
    } else {
        with_p = triples / 8;
    }
    if (status) {
        return status;
    }
    const double all = (double)triples;
    const double of_p = (double)with_p;
    const double rows[8] = {
        [0] = all,
        [SHAPE_S] = per_subject,
        [SHAPE_P] = of_p,
        [SHAPE_S | SHAPE_P] = 1.5,
        [SHAPE_O] = sqrt(all),
        [SHAPE_S | SHAPE_O] = 1,
        [SHAPE_P | SHAPE_O] = sqrt(of_p),
        [SHAPE_S | SHAPE_P | SHAPE_O] = 1,
    };
    const double most = shape & SHAPE_P ? of_p : all;
    *ret = rows[shape] < most ? rows[shape] : most;
    return DM_OK;
}

// About how many quads of events match
static enum dm_status
estimate_events(struct dm_snapshot *snapshot, const struct dm_scan_spec *spec,
                unsigned shape, double *ret)
{
    static const double per_event = 4;
    double events = 0;
    int64_t checks = 1;
    enum dm_status status = dm_dict_logs(&snapshot->dict);
    if (!status) {
        status = dm_meta_get(snapshot->conn, DM_META_LATEST, &checks);
    }
    if (status) {
        return status;
    }
    for (size_t i = 0; i < snapshot->dict.n_logs; ++i) {
        events += (double)snapshot->dict.logs[i].events;
    }
    const double per_check = checks > 0 ? events / (double)checks : events;
    const uint64_t word = dm_id_is_local(spec->p) ? 0 : dm_id_payload(spec->p);
    const bool is_star = word < DM_WORD_STATUS || word >= DM_WORD_RESERVED;
    double rows = spec->p ? events : events * per_event;
    if (!is_star) {
        rows = 0;
    } else if (shape & SHAPE_S) {
        rows = spec->p ? 1 : per_event;
    } else if ((spec->has_inner && spec->inner.s) ||
               dm_id_tag(spec->o) == DM_TAG_TRIPLE ||
               word >= DM_WORD_RESERVED) {
        rows = per_check;
    } else if (shape & SHAPE_O) {
        rows = sqrt(events);
    }
    *ret = rows < events * per_event ? rows : events * per_event;
    return DM_OK;
}

// Whether a scan of `spec` looks at events, and at every graph
static bool
sees_all(const struct dm_scan_spec *spec)
{
    return spec->scope == DM_SCOPE_NAMED
               ? spec->dataset->all_named && spec->g == DM_ID_NONE
               : spec->dataset->default_graph == DM_DEFAULT_UNION;
}

static double
estimate_virtual(const struct dm_snapshot *snapshot,
                 const struct dm_scan_spec *spec)
{
    const struct dm_triple_ids pattern = {spec->s, spec->p, spec->o};
    double rows = 0;
    for (size_t i = 0; i < snapshot->n_graphs; ++i) {
        const struct dm_virtual_graph *graph = &snapshot->graphs[i];
        if (sees_all(spec) || spec->g == graph->graph) {
            rows += graph->ops->estimate(graph->context, pattern);
        }
    }
    return rows;
}

enum dm_status
dm_scan_estimate(struct dm_snapshot *snapshot, const struct dm_scan_spec *spec,
                 double *ret_rows)
{
    const unsigned shape = (spec->s ? SHAPE_S : 0U) | (spec->p ? SHAPE_P : 0U) |
                           (spec->o ? SHAPE_O : 0U);
    double quads = 0;
    double events = 0;
    int64_t in_graph = INT64_MAX;
    enum dm_status status = estimate_quads(snapshot, spec, shape, &quads);
    const bool is_plain = spec->scope == DM_SCOPE_DEFAULT &&
                          spec->dataset->default_graph == DM_DEFAULT_PLAIN;
    if (!status && !is_plain) {
        status = estimate_events(snapshot, spec, shape, &events);
    }
    if (!status) {
        status = dm_dict_logs(&snapshot->dict);
    }
    if (!status && (spec->g || is_plain) && !dm_id_is_local(spec->g)) {
        const int64_t graph = (int64_t)spec->g;
        status =
            dm_conn_get(snapshot->conn, DM_Q_GRAPH, &graph, 1, &in_graph, 1);
        if (status == DM_ERR_NOT_FOUND) {
            in_graph = 0;
            status = DM_OK;
        }
        quads = quads < (double)in_graph ? quads : (double)in_graph;
        if (!status && !dm_dict_log_of_graph(&snapshot->dict, spec->g)) {
            events = 0;
        }
    }
    if (!status) {
        *ret_rows = quads + events + estimate_virtual(snapshot, spec);
    }
    return status;
}
