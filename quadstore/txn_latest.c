// SPDX-License-Identifier: ISC

#include "quadstore/write.h"

#include "base/actor.h"
#include "base/time.h"
#include "quadstore/id_private.h"
#include "quadstore/txn_private.h"

#include <assert.h>

static enum dm_status
load_event(struct dm_txn *txn, int64_t key, dm_id check, struct dm_event *ret)
{
    struct dm_row row;
    const enum dm_status status =
        dm_event_read(txn->conn, key, &txn->texts, &row);
    if (!status) {
        *ret = (struct dm_event){
            .key = dm_event_key_load(key),
            .check = check,
            .status = dm_row_status(&row),
            .at_ms = dm_row_at(&row),
            .micros = row.micros,
            .failure =
                row.failure ? dm_id_make(DM_TAG_IRI, row.failure) : DM_ID_NONE,
            .certificate_expires_ms = row.certificate,
            .message = row.message,
            .output = row.output,
            .run_id = row.run_id,
            .has_quads = (row.bits & DM_ROW_QUADS) != 0,
        };
    }
    return status == DM_ERR_NOT_FOUND ? DM_ERR_CORRUPT : status;
}

enum dm_status
dm_txn_latest(struct dm_txn *txn, dm_log_no log, dm_id check,
              struct dm_latest *ret)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    struct dm_present_entry *entry = NULL;
    if (!dm_dict_log(txn->dict, log)) {
        return DM_ERR_NOT_FOUND;
    }
    enum dm_status status = dm_presents_get(txn, log, check, &entry);
    if (status) {
        return dm_txn_fail(txn, status);
    }
    const struct dm_present *present =
        entry->txn == txn->serial ? &entry->before : &entry->now;
    if (dm_present_is_none(present)) {
        return DM_ERR_NOT_FOUND;
    }
    dm_arena_done(&txn->texts);
    struct dm_latest latest = {
        .event = {.key = {.log = log},
                  .check = check,
                  .status = DM_RESULT_UNKNOWN,
                  .at_ms = DM_NO_TIME,
                  .micros = DM_NO_MICROS,
                  .certificate_expires_ms = DM_NO_TIME},
        .since_ms = present->since,
        .streak = present->streak,
        .bad = present->bad,
        .bad_since_ms = present->bad_since,
        .certificate_expires_ms = present->certificate,
        .started_at_ms = DM_NO_TIME,
    };
    struct dm_event started;
    if (present->key >= 0) {
        status = load_event(txn, present->key, check, &latest.event);
    }
    if (!status && present->started >= 0) {
        status = load_event(txn, present->started, check, &started);
        if (!status) {
            latest.started = started.key;
            latest.started_at_ms = started.at_ms;
            latest.started_run_id = started.run_id;
        }
    }
    if (status) {
        return dm_txn_fail(txn, status);
    }
    *ret = latest;
    return DM_OK;
}

enum dm_status
dm_txn_retire(struct dm_txn *txn, dm_log_no log, dm_id check)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    struct dm_present_entry *entry = NULL;
    if (!dm_dict_log(txn->dict, log)) {
        return DM_OK;
    }
    enum dm_status status = dm_presents_get(txn, log, check, &entry);
    if (!status && !dm_present_is_none(&entry->now)) {
        const int64_t values[] = {log, (int64_t)entry->key[1]};
        status = dm_conn_run(txn->conn, DM_Q_LATEST_DELETE, values, 2);
        entry->before = entry->now;
        entry->txn = txn->serial;
        entry->now = dm_present_none();
        --txn->latest;
    }
    return dm_txn_fail(txn, status);
}

// -------------------------------------------------------------------- States

static enum dm_status
store_present(struct dm_txn *txn, const struct dm_present_entry *entry)
{
    if (dm_present_equal(&entry->before, &entry->now)) {
        return DM_OK;
    }
    txn->latest += dm_present_is_none(&entry->before) ? 1 : 0;
    return dm_present_store(txn->conn, (dm_log_no)entry->key[0],
                            (int64_t)entry->key[1], &entry->now);
}

enum dm_status
dm_states_drop(struct dm_txn *txn, const struct dm_row *row)
{
    const dm_log_no number = dm_event_key_load(row->key).log;
    const dm_id check = dm_id_make(DM_TAG_IRI, (uint64_t)row->check);
    struct dm_log_row *log = dm_dict_log(txn->dict, number);
    struct dm_present_entry *entry = NULL;
    enum dm_status status = dm_presents_get(txn, number, check, &entry);
    if (!status && entry->now.key == row->key) {
        status = dm_txn_retire(txn, number, check);
    }
    if (!status) {
        status = dm_conn_run(txn->conn, DM_Q_EVENT_DELETE, &row->key, 1);
        --log->events;
        log->is_changed = true;
    }
    return status;
}

enum dm_status
dm_states_replace(struct dm_txn *txn, struct dm_present_entry *entry,
                  const struct dm_event *event, const struct dm_row *row)
{
    struct dm_present *now = &entry->now;
    bool is_changed = false;
    enum dm_status status =
        dm_event_write(txn, DM_Q_EVENT_REPLACE, row, &is_changed);
    if (!status) {
        status = dm_events_lag(txn, event->key.log, event->key.ms, row->lag);
    }
    if (status || dm_present_is_none(now)) {
        return status;
    }
    entry->before = *now;
    entry->txn = txn->serial;
    if (now->key == row->key && now->status != event->status) {
        // A State that told another status is not believed
        now->key = -1;
        now->bad = 0;
        now->bad_since = DM_NO_TIME;
        dm_present_count(now, row->key, event);
    }
    if (event->certificate_expires_ms != DM_NO_TIME &&
        row->key >= now->certificate_key) {
        now->certificate = event->certificate_expires_ms;
        now->certificate_key = row->key;
    }
    if (event->run_id.n) {
        // Without its id it was taken for the end of whichever run
        status = dm_runs_find_open(txn, row, &now->started);
    }
    return status ? status : store_present(txn, entry);
}

// Whether what a State counts can be
static bool
is_countable(const struct dm_latest *latest)
{
    const struct dm_event *event = &latest->event;
    const int64_t certificate = latest->certificate_expires_ms;
    return dm_event_is_valid(event) && event->status <= DM_RESULT_UNKNOWN &&
           latest->since_ms != DM_NO_TIME && latest->streak >= 1 &&
           latest->bad >= 0 &&
           (latest->bad > 0) == (latest->bad_since_ms != DM_NO_TIME) &&
           (event->status != DM_RESULT_OK || latest->bad == 0) &&
           (!dm_result_is_bad(event->status) || latest->bad > 0) &&
           (certificate == DM_NO_TIME ||
            (certificate >= DM_TIME_MIN_MS && certificate <= DM_TIME_MAX_MS)) &&
           (event->certificate_expires_ms == DM_NO_TIME ||
            event->certificate_expires_ms == certificate);
}

// The event's row, made of what the State knows where there is none yet
static enum dm_status
put_row(struct dm_txn *txn, struct dm_present_entry *entry,
        const struct dm_event *event, struct dm_arena *arena,
        struct dm_row *ret)
{
    struct dm_row row = {0};
    bool is_changed = false;
    enum dm_status status = dm_event_find(txn, event, arena, ret);
    const bool is_there = !status;
    if (is_there && (ret->check != (int64_t)entry->key[1] ||
                     dm_row_status(ret) != event->status)) {
        return DM_ERR_ARGUMENT;
    }
    if (is_there || status != DM_ERR_NOT_FOUND) {
        return status;
    }
    status = dm_event_make_row(txn, entry, event, DM_TEXTS_WHOLE, &row);
    if (!status) {
        row.bits |= DM_ROW_STATE;
        status = dm_event_write(txn, DM_Q_EVENT_PUT, &row, &is_changed);
    }
    if (!status) {
        status = dm_event_count_row(txn, &row);
    }
    if (!status) {
        *ret = row;
    }
    return status;
}

// Whether what is known of the check is newer than its State: a result, or that
// it was retired after one
static enum dm_status
is_newer(struct dm_txn *txn, const struct dm_present_entry *entry,
         const struct dm_event *event, bool *ret)
{
    const struct dm_row row = {.key = dm_event_key_store(&event->key),
                               .check = (int64_t)entry->key[1]};
    *ret = entry->now.key > row.key;
    return entry->now.key < 0 ? dm_runs_find_newer(txn, &row, ret) : DM_OK;
}

static enum dm_status
put_latest(struct dm_txn *txn, struct dm_present_entry *entry,
           const struct dm_latest *latest, struct dm_arena *arena)
{
    struct dm_row row = {0};
    bool newer = false;
    enum dm_status status = is_newer(txn, entry, &latest->event, &newer);
    if (status || newer) {
        return status;
    }
    status = put_row(txn, entry, &latest->event, arena, &row);
    if (status) {
        return status;
    }
    struct dm_present *now = &entry->now;
    entry->before = *now;
    entry->txn = txn->serial;
    now->key = row.key;
    now->status = latest->event.status;
    now->since = latest->since_ms;
    now->streak = latest->streak;
    now->bad = latest->bad;
    now->bad_since = latest->bad_since_ms;
    // Which event said the date is not known: this one or an older one
    if (latest->certificate_expires_ms != DM_NO_TIME &&
        now->certificate_key <= row.key) {
        now->certificate = row.certificate != DM_NO_TIME
                               ? row.certificate
                               : latest->certificate_expires_ms;
        now->certificate_key = row.key;
    }
    status = dm_runs_count(txn, now, &row);
    return status ? status : store_present(txn, entry);
}

enum dm_status
dm_txn_put_latest(struct dm_txn *txn, const struct dm_latest *latest)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    const struct dm_event *event = &latest->event;
    struct dm_present_entry *entry = NULL;
    struct dm_arena arena;
    if (!is_countable(latest) || !dm_dict_log(txn->dict, event->key.log)) {
        return dm_txn_fail(txn, DM_ERR_ARGUMENT);
    }
    dm_arena_init(&arena, SIZE_MAX, NULL);
    enum dm_status status =
        dm_presents_get(txn, event->key.log, event->check, &entry);
    if (!status) {
        status = put_latest(txn, entry, latest, &arena);
    }
    dm_arena_done(&arena);
    return dm_txn_fail(txn, status);
}
