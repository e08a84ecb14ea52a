// SPDX-License-Identifier: ISC

#include "alert/present.h"

#include "alert/present_private.h"
#include "base/alloc.h"
#include "quadstore/history.h"
#include "quadstore/store.h"
#include "quadstore/tripleset.h"
#include "vocab/config.h"
#include "vocab/published.h"

#define READ_MEMORY (128U << 20U)
#define LATEST_MAX 4000000U

// Rows of latest with the texts they need, for as long as the view is made
struct rows {
    struct dm_arena arena;
    struct dm_view_latest *items;
    size_t n;
    size_t capacity;
};

static enum dm_status
copy_iri(struct rows *rows, struct dm_snapshot *snapshot, dm_id id,
         struct dm_str *ret)
{
    struct dm_term term;
    *ret = (struct dm_str){"", 0};
    if (id == DM_ID_NONE) {
        return DM_OK;
    }
    const enum dm_status status = dm_snapshot_term(snapshot, id, &term);
    if (!status) {
        *ret = dm_arena_copy(&rows->arena, term.value);
    }
    return status ? status : ret->data ? DM_OK : DM_ERR_NO_MEMORY;
}

static enum dm_status
add_row(struct rows *rows, struct dm_snapshot *snapshot,
        const struct dm_latest *latest)
{
    struct dm_view_latest *items =
        dm_grow(rows->items, &rows->capacity, rows->n + 1, sizeof(*rows->items),
                LATEST_MAX);
    struct dm_latest *copy = dm_arena_alloc(&rows->arena, 1, sizeof(*copy));
    if (items) {
        rows->items = items;
    }
    if (!items || !copy) {
        return DM_ERR_NO_MEMORY;
    }
    *copy = *latest;
    copy->event.message = dm_arena_copy(&rows->arena, latest->event.message);
    copy->event.samples = NULL; // The view does not show them
    copy->event.n_samples = 0;
    struct dm_view_latest *row = &items[rows->n];
    *row = (struct dm_view_latest){.latest = copy};
    enum dm_status status =
        copy_iri(rows, snapshot, latest->event.check, &row->check);
    if (!status) {
        status = copy_iri(rows, snapshot, latest->event.failure, &row->failure);
    }
    if (!status && !copy->event.message.data) {
        status = DM_ERR_NO_MEMORY;
    }
    rows->n += status ? 0 : 1;
    return status;
}

static enum dm_status
read_rows(struct rows *rows, struct dm_snapshot *snapshot)
{
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    enum dm_status status = dm_latest_open(snapshot, 0, DM_ID_NONE, &scan);
    while (!status) {
        status = dm_latest_next(scan, &latest);
        if (!status) {
            status = add_row(rows, snapshot, &latest);
        }
    }
    dm_latest_close(scan);
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
attach(struct dm_present *present, struct dm_snapshot *snapshot)
{
    const struct dm_term term = dm_term_iri(dm_str(DM_NOW_GRAPH));
    dm_id graph = DM_ID_NONE;
    present->graph = dm_tripleset_new(&dm_snapshot_work(snapshot)->account);
    if (!present->graph) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status =
        dm_view_triples(&present->view, snapshot, present->graph);
    if (!status) {
        status = dm_tripleset_seal(present->graph);
    }
    if (!status) {
        status = dm_snapshot_intern(snapshot, &term, &graph);
    }
    return status ? status
                  : dm_snapshot_attach(snapshot, graph, &dm_tripleset_graph,
                                       present->graph);
}

enum dm_status
dm_present_open(struct dm_snapshot *snapshot, struct dm_config *config,
                struct dm_present_cache *cache, int64_t now_ms,
                struct dm_present **ret)
{
    struct dm_present *present = dm_calloc(1, sizeof(*present));
    if (!present) {
        return DM_ERR_NO_MEMORY;
    }
    struct rows rows = {0};
    dm_arena_init(&rows.arena, READ_MEMORY,
                  &dm_snapshot_work(snapshot)->account);
    dm_arena_init(&present->arena, READ_MEMORY,
                  &dm_snapshot_work(snapshot)->account);
    present->config = dm_config_ref(config);
    enum dm_status status = dm_present_logs(present, snapshot, cache, now_ms);
    if (!status) {
        status = read_rows(&rows, snapshot);
    }
    if (!status) {
        const struct dm_view_input input = {
            .logs = present->logs,
            .n_logs = present->n_logs,
            .latest = rows.items,
            .n_latest = rows.n,
            .now_ms = now_ms,
        };
        status = dm_view_compute(&input, &present->view);
    }
    if (!status) {
        status = attach(present, snapshot);
    }
    dm_free(rows.items);
    dm_arena_done(&rows.arena);
    if (status) {
        dm_present_close(present);
        return status;
    }
    *ret = present;
    return DM_OK;
}

void
dm_present_close(struct dm_present *present)
{
    if (!present) {
        return;
    }
    dm_tripleset_free(present->graph);
    dm_view_done(&present->view);
    for (size_t i = 0; i < present->n_held; ++i) {
        dm_published_unref(present->held[i]);
    }
    dm_free(present->held);
    dm_free(present->logs);
    dm_arena_done(&present->arena);
    dm_config_unref(present->config);
    dm_free(present);
}
