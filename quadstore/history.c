// SPDX-License-Identifier: ISC

#include "quadstore/history.h"

#include "quadstore/history_private.h"
#include "quadstore/id_private.h"
#include "quadstore/txn_private.h"

#include <assert.h>

// ---------------------------------------------------------------------- events

static enum dm_status
make_sample(struct dm_snapshot *snapshot, dm_log_no log,
            const struct dm_row_sample *stored, struct dm_arena *arena,
            struct dm_sample *ret)
{
    const struct dm_metric_row *metric = NULL;
    struct dm_buf text;
    enum dm_status status =
        dm_snapshot_metric(snapshot, stored->metric, log, &metric);
    if (status) {
        return status;
    }
    dm_buf_init(&text, SIZE_MAX / 2);
    dm_row_sample_format(stored, &text);
    status = text.status;
    const struct dm_str value =
        status ? (struct dm_str){0} : dm_arena_copy(arena, dm_buf_str(&text));
    dm_buf_done(&text);
    if (!status && !value.data) {
        status = DM_ERR_NO_MEMORY;
    }
    if (!status) {
        *ret = (struct dm_sample){
            .label = metric->label,
            .value = value,
            .is_double = dm_row_sample_is_double(stored),
            .unit = metric->unit,
            .warn = metric->warn,
            .crit = metric->crit,
        };
    }
    return status;
}

static enum dm_status
make_samples(struct dm_snapshot *snapshot, const struct dm_row *row,
             struct dm_arena *arena, struct dm_event *event)
{
    struct dm_sample *samples =
        dm_arena_alloc(arena, row->n_samples, sizeof(*samples));
    struct dm_str rest = row->samples;
    enum dm_status status = samples ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < row->n_samples; ++i) {
        struct dm_row_sample stored;
        status = dm_row_next_sample(&rest, &stored);
        if (!status) {
            status = make_sample(snapshot, event->key.log, &stored, arena,
                                 &samples[i]);
        }
    }
    event->samples = samples;
    event->n_samples = row->n_samples;
    return status == DM_END ? DM_ERR_CORRUPT : status;
}

enum dm_status
dm_row_to_event(struct dm_snapshot *snapshot, const struct dm_row *row,
                unsigned columns, struct dm_arena *arena, struct dm_event *ret)
{
    static const struct dm_str none = DM_STR("");
    const bool has_texts = (columns & DM_COLUMN_TEXTS) != 0;
    struct dm_event event = {
        .key = dm_event_key_load(row->key),
        .check = dm_id_make(DM_TAG_IRI, (uint64_t)row->check),
        .status = dm_row_status(row),
        .at_ms = dm_row_at(row),
        .micros = row->micros,
        .failure =
            row->failure ? dm_id_make(DM_TAG_IRI, row->failure) : DM_ID_NONE,
        .certificate_expires_ms = row->certificate,
        .message = has_texts && row->message.n ? row->message : none,
        .output = has_texts && row->output.n ? row->output : none,
        .run_id = has_texts && row->run_id.n ? row->run_id : none,
        .has_quads = (row->bits & DM_ROW_QUADS) != 0,
    };
    enum dm_status status = DM_OK;
    if (columns & DM_COLUMN_SAMPLES && row->n_samples) {
        status = make_samples(snapshot, row, arena, &event);
    }
    if (!status) {
        *ret = event;
    }
    return status;
}

// --------------------------------------------------------------------- history

struct dm_history {
    struct dm_snapshot *snapshot;
    struct dm_rows *rows;
    struct dm_arena arena;
    unsigned columns;
    uint64_t left; ///< UINT64_MAX: no limit
};

enum dm_status
dm_history_open(struct dm_snapshot *snapshot,
                const struct dm_history_spec *spec, struct dm_history **ret)
{
    struct dm_history *history = dm_snapshot_alloc(snapshot, sizeof(*history));
    if (!history) {
        return DM_ERR_NO_MEMORY;
    }
    history->snapshot = snapshot;
    history->columns = spec->columns;
    history->left = spec->limit ? spec->limit : UINT64_MAX;
    dm_arena_init(&history->arena, SIZE_MAX, &snapshot->work->account);
    const enum dm_status status = dm_rows_open(
        snapshot, &spec->filter, spec->order, spec->backwards, &history->rows);
    if (status) {
        dm_history_close(history);
        return status;
    }
    *ret = history;
    return DM_OK;
}

enum dm_status
dm_history_next(struct dm_history *history, struct dm_event *ret)
{
    const struct dm_row *row = NULL;
    if (history->left == 0) {
        return DM_END;
    }
    enum dm_status status = dm_rows_next(history->rows, &row);
    if (status) {
        return status;
    }
    if (history->left != UINT64_MAX) {
        --history->left;
    }
    dm_arena_rewind(&history->arena, (struct dm_arena_mark){0});
    return dm_row_to_event(history->snapshot, row, history->columns,
                           &history->arena, ret);
}

void
dm_history_close(struct dm_history *history)
{
    if (history) {
        dm_rows_close(history->rows);
        dm_arena_done(&history->arena);
        dm_snapshot_free(history->snapshot, history, sizeof(*history));
    }
}

// ---------------------------------------------------------------------- latest

struct dm_latest_scan {
    struct dm_snapshot *snapshot;
    enum dm_query query;
    sqlite3_stmt *rows;
    dm_log_no log;  ///< The one that is read, where a check of all is asked
    dm_log_no last; ///< The last of them; 0 where one statement answers
    int64_t check;
    struct dm_arena arena;
};

static void
bind_latest(struct dm_latest_scan *scan)
{
    const int64_t values[] = {scan->log, scan->check};
    (void)sqlite3_reset(scan->rows);
    dm_bind_ints(scan->rows, values,
                 scan->query == DM_Q_LATEST          ? 2
                 : scan->query == DM_Q_LATEST_OF_LOG ? 1
                                                     : 0);
}

enum dm_status
dm_latest_open(struct dm_snapshot *snapshot, dm_log_no log, dm_id check,
               struct dm_latest_scan **ret)
{
    enum dm_status status = dm_work_check(snapshot->work);
    if (!status) {
        status = dm_dict_logs(&snapshot->dict);
    }
    if (status) {
        return status;
    }
    struct dm_latest_scan *scan = dm_snapshot_alloc(snapshot, sizeof(*scan));
    if (!scan) {
        return DM_ERR_NO_MEMORY;
    }
    const bool is_iri =
        !dm_id_is_local(check) && dm_id_tag(check) == DM_TAG_IRI;
    scan->snapshot = snapshot;
    scan->query = check ? DM_Q_LATEST
                  : log ? DM_Q_LATEST_OF_LOG
                        : DM_Q_LATEST_EACH;
    scan->check = is_iri ? (int64_t)dm_id_payload(check) : 0;
    scan->log = log ? log : check ? 1 : 0;
    scan->last = check && !log ? (dm_log_no)snapshot->dict.n_logs : scan->log;
    dm_arena_init(&scan->arena, SIZE_MAX, &snapshot->work->account);
    status = dm_conn_take(snapshot->conn, scan->query, &scan->rows);
    if (status) {
        dm_latest_close(scan);
        return status;
    }
    bind_latest(scan);
    *ret = scan;
    return DM_OK;
}

static enum dm_status
read_event(struct dm_latest_scan *scan, int64_t key, struct dm_event *ret)
{
    struct dm_row row;
    enum dm_status status =
        dm_event_read(scan->snapshot->conn, key, &scan->arena, &row);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_ERR_CORRUPT : status;
    }
    return dm_row_to_event(scan->snapshot, &row,
                           DM_COLUMN_TEXTS | DM_COLUMN_SAMPLES, &scan->arena,
                           ret);
}

static enum dm_status
read_latest(struct dm_latest_scan *scan, struct dm_latest *ret)
{
    static const struct dm_str none = DM_STR("");
    const struct dm_present present = dm_present_load(scan->rows);
    struct dm_latest latest = {
        .event = {.key = {.log = (dm_log_no)sqlite3_column_int(scan->rows, 0)},
                  .check =
                      dm_id_make(DM_TAG_IRI,
                                 (uint64_t)sqlite3_column_int64(scan->rows, 1)),
                  .status = DM_RESULT_UNKNOWN,
                  .at_ms = DM_NO_TIME,
                  .micros = DM_NO_MICROS,
                  .certificate_expires_ms = DM_NO_TIME,
                  .message = none,
                  .output = none,
                  .run_id = none},
        .since_ms = present.since,
        .streak = present.streak,
        .bad = present.bad,
        .bad_since_ms = present.bad_since,
        .certificate_expires_ms = present.certificate,
        .started_at_ms = DM_NO_TIME,
        .started_run_id = none,
    };
    struct dm_event started;
    enum dm_status status = DM_OK;
    dm_arena_rewind(&scan->arena, (struct dm_arena_mark){0});
    if (present.key >= 0) {
        status = read_event(scan, present.key, &latest.event);
    }
    if (!status && present.started >= 0) {
        status = read_event(scan, present.started, &started);
        if (!status) {
            latest.started = started.key;
            latest.started_at_ms = started.at_ms;
            latest.started_run_id = started.run_id;
        }
    }
    if (!status) {
        *ret = latest;
    }
    return status;
}

enum dm_status
dm_latest_next(struct dm_latest_scan *scan, struct dm_latest *ret)
{
    enum dm_status status = dm_conn_step(scan->snapshot->conn, scan->rows);
    while (status == DM_END && scan->log < scan->last) {
        ++scan->log;
        bind_latest(scan);
        status = dm_conn_step(scan->snapshot->conn, scan->rows);
    }
    return status ? status : read_latest(scan, ret);
}

void
dm_latest_close(struct dm_latest_scan *scan)
{
    if (scan) {
        dm_conn_give(scan->snapshot->conn, scan->query, scan->rows);
        dm_arena_done(&scan->arena);
        dm_snapshot_free(scan->snapshot, scan, sizeof(*scan));
    }
}
