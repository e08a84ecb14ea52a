// SPDX-License-Identifier: ISC

#include "quadstore/write.h"

#include "base/actor.h"
#include "base/time.h"
#include "quadstore/cursor_private.h"
#include "quadstore/id_private.h"
#include "quadstore/txn_private.h"

#include <assert.h>

#define PAGE_BYTES 4096U
// Free pages that are kept for what comes next, and how many of the others go
// back to the file system in one call
#define FREE_PAGES_KEPT 64
#define FREE_PAGES_BACK 64 // As DM_Q_VACUUM says

static enum dm_status
read_pages(struct dm_txn *txn, int64_t *ret_used, int64_t *ret_free)
{
    int64_t pages = 0;
    enum dm_status status =
        dm_conn_get(txn->conn, DM_Q_PAGE_COUNT, NULL, 0, &pages, 1);
    if (!status) {
        status = dm_conn_get(txn->conn, DM_Q_FREE_COUNT, NULL, 0, ret_free, 1);
    }
    *ret_used = pages - *ret_free;
    return status;
}

// Whether the present of its check stands on a row
static enum dm_status
is_needed(struct dm_txn *txn, const struct dm_row *row, bool *ret)
{
    struct dm_present_entry *entry = NULL;
    const enum dm_status status =
        dm_presents_get(txn, dm_event_key_load(row->key).log,
                        dm_id_make(DM_TAG_IRI, (uint64_t)row->check), &entry);
    *ret = !status &&
           (entry->now.key == row->key || entry->now.started == row->key);
    return status;
}

// Remove what the log's graph says of an event.
static enum dm_status
remove_quads(struct dm_txn *txn, int64_t key, dm_id graph)
{
    const dm_id s = dm_event_key_id(key);
    const int64_t values[] = {(int64_t)s, 0, 0, (int64_t)graph};
    for (;;) {
        int64_t spo[3] = {0};
        enum dm_status status =
            dm_conn_get(txn->conn, DM_Q_GRAPH_SCAN_S, values, 4, spo, 3);
        if (!status) {
            const struct dm_quad_ids quad = {s, (dm_id)spo[1], (dm_id)spo[2],
                                             graph};
            status = dm_txn_remove(txn, &quad);
        }
        if (status) {
            return status == DM_ERR_NOT_FOUND ? DM_OK : status;
        }
    }
}

static enum dm_status
remove_event(struct dm_txn *txn, const struct dm_row *row)
{
    struct dm_log_row *log =
        dm_dict_log(txn->dict, dm_event_key_load(row->key).log);
    enum dm_status status = DM_OK;
    if (row->bits & DM_ROW_QUADS) {
        status = remove_quads(txn, row->key, log->graph);
    }
    if (!status) {
        status = dm_conn_run(txn->conn, DM_Q_EVENT_DELETE, &row->key, 1);
        --log->events;
        log->is_changed = true;
    }
    return status;
}

static enum dm_status
retain_row(struct dm_txn *txn, const struct dm_row *row)
{
    bool needed = false;
    const enum dm_status status = is_needed(txn, row, &needed);
    return status || needed ? status : remove_event(txn, row);
}

// Whether events are to go for want of room. Where blocks alone fill it, no
// event's going would make any: they are their owner's to remove.
static bool
is_full(const struct dm_txn *txn, uint64_t max_bytes, int64_t used)
{
    uint64_t block_bytes = 0;
    for (size_t i = 0; i < txn->dict->n_logs; ++i) {
        block_bytes += (uint64_t)txn->dict->logs[i].block_bytes;
    }
    return max_bytes && (uint64_t)used * PAGE_BYTES > max_bytes &&
           block_bytes < max_bytes;
}

// Remove rows of one log before `until_ms`, from where the slice before ended.
// `*left` counts down the rows that may still be looked at.
static enum dm_status
retain_log(struct dm_txn *txn, dm_log_no log, int64_t until_ms, uint32_t *left)
{
    struct dm_cursor cursor;
    struct dm_row row;
    int64_t first = 0;
    int64_t last = 0;
    if (!dm_event_key_range(log, INT64_MIN, until_ms, &first, &last)) {
        return DM_OK;
    }
    int64_t *from = &txn->store->retain_from;
    if (*from > last) {
        return DM_OK; // Done in this round
    }
    first = *from > first ? *from : first;
    enum dm_status status =
        dm_cursor_open(&cursor, txn->conn, (struct dm_cursor_spec){0});
    if (status) {
        return status;
    }
    dm_cursor_range(&cursor, first, last);
    while (*left && !(status = dm_cursor_next(&cursor, &row))) {
        --*left;
        *from = row.key + 1;
        status = retain_row(txn, &row);
        if (status) {
            break;
        }
    }
    dm_cursor_close(&cursor);
    if (status == DM_END) {
        *from = last + 1;
        status = DM_OK;
    }
    return status;
}

// The ms of the oldest event of any log from `from_ms` on, INT64_MAX where
// there is none
static enum dm_status
oldest_from(struct dm_txn *txn, int64_t from_ms, int64_t *ret)
{
    int64_t oldest = INT64_MAX;
    for (size_t i = 0; i < txn->dict->n_logs; ++i) {
        int64_t values[2];
        int64_t key = 0;
        if (!dm_event_key_range((dm_log_no)(i + 1), from_ms, INT64_MAX,
                                &values[0], &values[1])) {
            continue;
        }
        const enum dm_status status =
            dm_conn_get(txn->conn, DM_Q_EVENT_OLDEST, values, 2, &key, 1);
        if (status && status != DM_ERR_NOT_FOUND) {
            return status;
        }
        if (!status && dm_event_key_load(key).ms < oldest) {
            oldest = dm_event_key_load(key).ms;
        }
    }
    *ret = oldest;
    return DM_OK;
}

// Raise the time before which events go for want of room, by an hour that has
// any. `*ret_any`: there is one.
static enum dm_status
raise_full_before(struct dm_txn *txn, bool *ret_any)
{
    int64_t oldest = 0;
    const enum dm_status status =
        oldest_from(txn, txn->store->full_before_ms, &oldest);
    if (!status) {
        *ret_any = oldest != INT64_MAX;
        if (*ret_any) {
            txn->store->full_before_ms = oldest + DM_MS_PER_HOUR;
        }
    }
    return status;
}

static enum dm_status
retain_logs(struct dm_txn *txn, int64_t until_ms, uint32_t *left)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && *left && i < txn->dict->n_logs; ++i) {
        status = retain_log(txn, (dm_log_no)(i + 1), until_ms, left);
    }
    if (!status && *left) {
        txn->store->retain_from = 0; // The round is done
    }
    return status;
}

// What is known of the clock's going back in hours that hold no event
static enum dm_status
forget_lags(struct dm_txn *txn)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < txn->dict->n_logs; ++i) {
        int64_t range[2] = {0};
        int64_t key = 0;
        (void)dm_event_key_range((dm_log_no)(i + 1), INT64_MIN, INT64_MAX,
                                 &range[0], &range[1]);
        status = dm_conn_get(txn->conn, DM_Q_EVENT_OLDEST, range, 2, &key, 1);
        if (!status) {
            const int64_t values[] = {
                (int64_t)i + 1, dm_event_key_load(key).ms / DM_MS_PER_HOUR};
            status = dm_conn_run(txn->conn, DM_Q_LAG_FORGET, values, 2);
        }
        status = status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    return status;
}

static enum dm_status
retain(struct dm_txn *txn, const struct dm_retention *retention, bool *ret_more)
{
    struct dm_store *store = txn->store;
    uint32_t left = retention->slice_rows;
    int64_t used = 0;
    int64_t free_pages = 0;
    bool any = false;
    enum dm_status status = read_pages(txn, &used, &free_pages);
    const bool full = !status && is_full(txn, retention->max_bytes, used);
    if (full && store->retain_from == 0) {
        status = raise_full_before(txn, &any);
    }
    if (!full) {
        store->full_before_ms = 0;
    }
    const int64_t until = store->full_before_ms > retention->events_before_ms
                              ? store->full_before_ms
                              : retention->events_before_ms;
    if (!status) {
        status = retain_logs(txn, until, &left);
    }
    if (!status && left) {
        status = forget_lags(txn);
    }
    if (!status) {
        status = read_pages(txn, &used, &free_pages);
    }
    if (!status && free_pages > FREE_PAGES_KEPT) {
        status = dm_conn_run(txn->conn, DM_Q_VACUUM, NULL, 0);
    }
    if (!status) {
        *ret_more =
            left == 0 || any || free_pages > FREE_PAGES_KEPT + FREE_PAGES_BACK;
    }
    return status;
}

enum dm_status
dm_txn_retain(struct dm_txn *txn, const struct dm_retention *retention,
              bool *ret_more)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn) && retention->slice_rows > 0);
    return dm_txn_fail(txn, retain(txn, retention, ret_more));
}
