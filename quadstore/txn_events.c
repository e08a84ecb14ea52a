// SPDX-License-Identifier: ISC

#include "quadstore/txn_private.h"

#include "base/actor.h"
#include "base/fault.h"
#include "base/time.h"
#include "quadstore/id_private.h"
#include "quadstore/words_private.h"

#include <assert.h>
#include <string.h>

#define MICROS_MAX INT64_C(1000000000000000)

// ----------------------------------------------------------------------- rows

enum dm_status
dm_event_row(sqlite3_stmt *statement, struct dm_row *ret)
{
    struct dm_row row = {
        .key = sqlite3_column_int64(statement, 0),
        .check = sqlite3_column_int64(statement, 1),
        .bits = (unsigned)sqlite3_column_int(statement, 2),
        .micros = sqlite3_column_type(statement, 3) == SQLITE_NULL
                      ? DM_NO_MICROS
                      : sqlite3_column_int64(statement, 3),
    };
    const enum dm_status status =
        dm_row_decode(dm_column_bytes(statement, 4), &row);
    if (!status) {
        *ret = row;
    }
    return status;
}

static enum dm_status
copy_texts(struct dm_arena *arena, struct dm_row *row)
{
    struct dm_str *const texts[] = {&row->message, &row->output, &row->run_id,
                                    &row->samples};
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        const struct dm_str copy =
            arena ? dm_arena_copy(arena, *texts[i]) : (struct dm_str){"", 0};
        if (!copy.data) {
            return DM_ERR_NO_MEMORY;
        }
        *texts[i] = copy;
    }
    return DM_OK;
}

enum dm_status
dm_event_read(struct dm_conn *conn, int64_t key, struct dm_arena *arena,
              struct dm_row *ret)
{
    sqlite3_stmt *statement = NULL;
    struct dm_row row = {0};
    enum dm_status status = dm_conn_take(conn, DM_Q_EVENT, &statement);
    if (status) {
        return status;
    }
    dm_bind_ints(statement, &key, 1);
    status = dm_conn_step(conn, statement);
    if (!status) {
        status = dm_event_row(statement, &row);
    }
    if (!status) {
        status = copy_texts(arena, &row);
    }
    dm_conn_give(conn, DM_Q_EVENT, statement);
    if (!status) {
        *ret = row;
    }
    return status == DM_END ? DM_ERR_NOT_FOUND : status;
}

enum dm_status
dm_event_write(struct dm_txn *txn, enum dm_query query,
               const struct dm_row *row, bool *ret_is_changed)
{
    sqlite3_stmt *statement = NULL;
    const int64_t values[] = {row->key, row->check, row->bits};
    dm_buf_clear(&txn->more);
    dm_row_encode(row, &txn->more);
    enum dm_status status = txn->more.status;
    if (!status) {
        status = dm_conn_take(txn->conn, query, &statement);
    }
    if (status) {
        return status;
    }
    dm_bind_ints(statement, values, 3);
    if (row->micros != DM_NO_MICROS) {
        (void)sqlite3_bind_int64(statement, 4, row->micros);
    }
    if (txn->more.n) {
        dm_bind_blob(statement, 5, dm_buf_str(&txn->more));
    }
    status = dm_conn_step(txn->conn, statement);
    *ret_is_changed = sqlite3_changes(txn->conn->db) > 0;
    dm_conn_give(txn->conn, query, statement);
    return status == DM_END ? DM_OK : status;
}

// ------------------------------------------------------------------------ keys

bool
dm_event_key_next(struct dm_event_key last, int64_t at_ms,
                  struct dm_event_key *ret)
{
    struct dm_event_key key = {.log = last.log, .ms = last.ms};
    if (at_ms > last.ms) {
        key.ms = at_ms < DM_EVENT_EPOCH_MS ? DM_EVENT_EPOCH_MS : at_ms;
    } else if (last.n == DM_EVENT_N_MAX) {
        ++key.ms;
    } else {
        key.n = (uint8_t)(last.n + 1);
    }
    if (!dm_event_key_is_valid(&key)) {
        return false;
    }
    *ret = key;
    return true;
}

// The newest key of a log, or the one before its first
static struct dm_event_key
last_key(const struct dm_log_row *log, dm_log_no number)
{
    if (log->last < 0) {
        return (struct dm_event_key){
            .log = number, .ms = DM_EVENT_EPOCH_MS - 1, .n = DM_EVENT_N_MAX};
    }
    return dm_event_key_load(log->last);
}

enum dm_status
dm_events_lag(struct dm_txn *txn, dm_log_no log, int64_t ms, int64_t lag)
{
    const int64_t hour = ms / DM_MS_PER_HOUR;
    struct dm_log_row *row = dm_dict_log(txn->dict, log);
    if (lag == 0 || (row->lag_hour == hour && row->lag_most >= lag)) {
        return DM_OK;
    }
    const int64_t values[] = {log, hour, lag};
    const enum dm_status status =
        dm_conn_run(txn->conn, DM_Q_LAG_PUT, values, 3);
    if (!status) {
        row->lag_hour = hour;
        row->lag_most = lag;
    }
    return status;
}

// -------------------------------------------------------------------- samples

static enum dm_status
encode_samples(struct dm_txn *txn, const struct dm_present_entry *present,
               const struct dm_event *event, enum dm_texts texts,
               struct dm_row *row)
{
    if (event->n_samples > DM_METRICS_MAX) {
        return DM_ERR_ARGUMENT;
    }
    uint64_t metrics[DM_METRICS_MAX];
    dm_buf_clear(&txn->sample);
    for (size_t i = 0; i < event->n_samples; ++i) {
        struct dm_row_sample sample = {0};
        const enum dm_status status = dm_presents_metric(
            txn, present, &event->samples[i], texts, &sample.metric);
        if (status) {
            return status;
        }
        for (size_t k = 0; k < i; ++k) {
            if (metrics[k] == sample.metric) {
                return DM_ERR_ARGUMENT; // One value for each metric
            }
        }
        metrics[i] = sample.metric;
        if (event->samples[i].value.n == 0) {
            return DM_ERR_ARGUMENT;
        }
        dm_row_sample_value(event->samples[i].value,
                            event->samples[i].is_double, &sample);
        dm_row_put_sample(&txn->sample, &sample);
    }
    row->samples = dm_buf_str(&txn->sample);
    row->n_samples = event->n_samples;
    return txn->sample.status;
}
// ---------------------------------------------------------------------- events

bool
dm_event_is_valid(const struct dm_event *event)
{
    return dm_event_key_is_valid(&event->key) &&
           event->at_ms <= event->key.ms && event->at_ms >= DM_TIME_MIN_MS &&
           event->status >= DM_RESULT_OK && event->status <= DM_RESULT_LOGGED &&
           event->status != DM_RESULT_STALE &&
           (event->micros == DM_NO_MICROS ||
            (event->micros >= 0 && event->micros < MICROS_MAX)) &&
           (event->certificate_expires_ms == DM_NO_TIME ||
            (event->certificate_expires_ms >= DM_TIME_MIN_MS &&
             event->certificate_expires_ms <= DM_TIME_MAX_MS));
}

// A failure is an IRI of the dictionary, and no name of an event: those become
// inline when their log is followed.
static enum dm_status
check_failure(struct dm_txn *txn, dm_id failure)
{
    struct dm_term term = {0};
    struct dm_str graph;
    struct dm_event_key key;
    if (failure == DM_ID_NONE) {
        return DM_OK;
    }
    if (dm_id_is_local(failure) || dm_id_tag(failure) != DM_TAG_IRI) {
        return DM_ERR_ARGUMENT;
    }
    dm_arena_done(&txn->texts);
    const enum dm_status status =
        dm_dict_term(txn->dict, failure, &txn->texts, &term);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_ERR_ARGUMENT : status;
    }
    return dm_event_iri_split(term.value, &graph, &key) ? DM_ERR_ARGUMENT
                                                        : DM_OK;
}

// The triple term that the event reifies is in the dictionary, so that it has
// one id for ever.
static enum dm_status
put_statement(struct dm_txn *txn, struct dm_present_entry *present,
              enum dm_result_status result)
{
    const unsigned bit = 1U << (unsigned)result;
    if (present->statuses & bit) {
        return DM_OK;
    }
    const dm_id spo[3] = {
        dm_id_make(DM_TAG_IRI, present->key[1]), dm_word_id(DM_WORD_STATUS),
        dm_word_id((enum dm_word)((int)DM_WORD_OK + (int)result))};
    dm_id id = DM_ID_NONE;
    const enum dm_status status = dm_dict_put_triple(txn->dict, spo, &id);
    if (!status) {
        present->statuses |= bit;
    }
    return status;
}

enum dm_status
dm_event_count_row(struct dm_txn *txn, const struct dm_row *row)
{
    const struct dm_event_key key = dm_event_key_load(row->key);
    struct dm_log_row *log = dm_dict_log(txn->dict, key.log);
    if (row->key > log->last) {
        log->last = row->key;
    }
    ++log->events;
    log->is_changed = true;
    return dm_events_lag(txn, key.log, key.ms, row->lag);
}

// A planted mistake: clocks that were set back make a newer event look older
static bool
is_older_by_clock(struct dm_txn *txn, int64_t newest,
                  const struct dm_event *event)
{
    struct dm_row row;
    return newest >= 0 &&
           dm_event_read(txn->conn, newest, NULL, &row) == DM_OK &&
           event->at_ms < dm_row_at(&row);
}

// Count the event in the present and in its log.
static enum dm_status
count_event(struct dm_txn *txn, struct dm_present_entry *present,
            const struct dm_event *event, const struct dm_row *row)
{
    const struct dm_log_row *log = dm_dict_log(txn->dict, event->key.log);
    const struct dm_present before = present->now;
    bool is_past = false;
    enum dm_status status = DM_OK;
    present->before = before;
    present->txn = txn->serial;
    // With a newer result, but no present, the check was retired
    if (dm_present_is_none(&before) && row->key < log->last) {
        status = dm_runs_find_newer(txn, row, &is_past);
    }
    if (DM_FAULT("compare latest by at") &&
        is_older_by_clock(txn, before.key, event)) {
        is_past = true;
    }
    if (!status && !is_past) {
        dm_present_count(&present->now, row->key, event);
        status = dm_runs_count(txn, &present->now, row);
    }
    if (!status && !DM_FAULT("lose the latest row") &&
        !dm_present_equal(&before, &present->now)) {
        status = dm_present_store(txn->conn, event->key.log,
                                  (int64_t)present->key[1], &present->now);
        txn->latest += dm_present_is_none(&before) ? 1 : 0;
    }
    return status ? status : dm_event_count_row(txn, row);
}

// Read once what the newest key is that a log's graph says more of.
static enum dm_status
find_newest_quads(struct dm_txn *txn, dm_log_no number, struct dm_log_row *log)
{
    const int64_t first = (int64_t)(number - 1) * DM_KEY_LOG;
    const int64_t values[] = {(int64_t)log->graph,
                              (int64_t)dm_event_key_id(first),
                              (int64_t)dm_event_key_id(first + DM_KEY_LOG - 1)};
    int64_t newest = 0;
    if (log->knows_quads) {
        return DM_OK;
    }
    const enum dm_status status =
        dm_conn_get(txn->conn, DM_Q_QUADS_NEWEST, values, 3, &newest, 1);
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    log->quads =
        status ? -1 : (int64_t)dm_id_payload((dm_id)newest) - DM_KEY_LOG;
    log->knows_quads = true;
    return DM_OK;
}

// Whether the graph of the event's log says more of it
static enum dm_status
find_quads(struct dm_txn *txn, const struct dm_event *event, bool *ret)
{
    struct dm_log_row *log = dm_dict_log(txn->dict, event->key.log);
    const int64_t values[] = {(int64_t)log->graph,
                              (int64_t)dm_id_from_event(&event->key)};
    int64_t one = 0;
    enum dm_status status = find_newest_quads(txn, event->key.log, log);
    *ret = false;
    if (status || dm_event_key_store(&event->key) > log->quads) {
        return status;
    }
    status = dm_conn_get(txn->conn, DM_Q_QUAD_IN_GRAPH, values, 2, &one, 1);
    *ret = status == DM_OK;
    return status == DM_ERR_NOT_FOUND ? DM_OK : status;
}

enum dm_status
dm_event_make_row(struct dm_txn *txn, struct dm_present_entry *present,
                  const struct dm_event *event, enum dm_texts texts,
                  struct dm_row *ret)
{
    bool has_quads = false;
    enum dm_status status = check_failure(txn, event->failure);
    if (!status) {
        status = put_statement(txn, present, event->status);
    }
    if (!status) {
        status = find_quads(txn, event, &has_quads);
    }
    if (status) {
        return status;
    }
    struct dm_row row = {
        .key = dm_event_key_store(&event->key),
        .check = (int64_t)present->key[1],
        .bits = (unsigned)event->status | (has_quads ? DM_ROW_QUADS : 0U),
        .micros = event->micros,
        .lag = event->key.ms - event->at_ms,
        .failure = dm_id_payload(event->failure),
        .certificate = event->certificate_expires_ms,
        .message = event->message,
        .output = event->output,
        .run_id = event->run_id,
    };
    if (event->n_samples) {
        status = encode_samples(txn, present, event, texts, &row);
    }
    if (!status) {
        *ret = row;
    }
    return status;
}

enum dm_status
dm_event_find(struct dm_txn *txn, const struct dm_event *event,
              struct dm_arena *arena, struct dm_row *ret)
{
    const int64_t key = dm_event_key_store(&event->key);
    if (key > dm_dict_log(txn->dict, event->key.log)->last) {
        return DM_ERR_NOT_FOUND;
    }
    return dm_event_read(txn->conn, key, arena, ret);
}

enum dm_status
dm_events_put(struct dm_txn *txn, const struct dm_event *event, bool is_whole,
              bool *ret_is_new)
{
    struct dm_present_entry *present = NULL;
    struct dm_row old = {0};
    struct dm_row row = {0};
    *ret_is_new = false;
    if (!dm_event_is_valid(event) || !dm_dict_log(txn->dict, event->key.log)) {
        return DM_ERR_ARGUMENT;
    }
    enum dm_status status = dm_event_find(txn, event, NULL, &old);
    bool is_there = !status;
    if (is_there && !(old.bits & DM_ROW_STATE)) {
        return DM_OK;
    }
    if (is_there && old.check != (int64_t)dm_id_payload(event->check)) {
        status = dm_states_drop(txn, &old);
        is_there = false;
    }
    if (!status || status == DM_ERR_NOT_FOUND) {
        status = dm_presents_get(txn, event->key.log, event->check, &present);
    }
    if (status) {
        return status;
    }
    // What is late does not say what a metric is now
    const bool is_late = dm_event_key_store(&event->key) <= present->now.key;
    status = dm_event_make_row(txn, present, event,
                               is_late    ? DM_TEXTS_LATE
                               : is_whole ? DM_TEXTS_WHOLE
                                          : DM_TEXTS_KNOWN,
                               &row);
    if (!status && is_there) {
        return dm_states_replace(txn, present, event, &row);
    }
    if (!status) {
        status = dm_event_write(txn, DM_Q_EVENT_PUT, &row, ret_is_new);
    }
    if (!status && *ret_is_new) {
        status = count_event(txn, present, event, &row);
    }
    return status;
}

enum dm_status
dm_txn_record(struct dm_txn *txn, const struct dm_event *event,
              struct dm_event_key *ret_key)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    struct dm_event stamped = *event;
    const struct dm_log_row *log = dm_dict_log(txn->dict, event->key.log);
    if (!log || !dm_event_key_next(last_key(log, event->key.log), event->at_ms,
                                   &stamped.key)) {
        return dm_txn_fail(txn, DM_ERR_ARGUMENT);
    }
    bool is_new = false;
    enum dm_status status = dm_events_put(txn, &stamped, true, &is_new);
    if (!status && !is_new) {
        status = DM_ERR_CORRUPT; // A row beyond the newest key
    }
    if (status) {
        return dm_txn_fail(txn, status);
    }
    if (ret_key) {
        *ret_key = stamped.key;
    }
    return DM_OK;
}

enum dm_status
dm_txn_merge(struct dm_txn *txn, const struct dm_event *event)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    bool is_new = false;
    return dm_txn_fail(txn, dm_events_put(txn, event, false, &is_new));
}
