// SPDX-License-Identifier: ISC

#include "sync/rows.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "quadstore/history.h"
#include "quadstore/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_TEXT_MAX ((size_t)4 << 20U) // Lines of one event
#define CHECKS_MAX (1U << 20U)
#define N_MAX 63U // Of an event's key

struct dm_rows_audit {
    struct dm_snapshot *snapshot;
    char iri[DM_KEY_IRI_SIZE];
    dm_log_no log;
    struct dm_event_key *newest; // Of each check, ascending
    size_t n_newest;
    size_t capacity;
    struct dm_event_key from; // No event from here on was dropped
    bool has_begun;
    bool has_older;
    struct dm_event_key last; // Of the last event
    struct dm_history *history;
    struct dm_event row; // The next one, where `has_row`
    bool has_row;        // Its texts live until the snapshot's are released
    struct dm_star star;
    struct dm_quad_lines *lines;
    struct dm_buf text;
    uint64_t equal;
    uint64_t dropped;
};

// ----------------------------------------------------------------------- rows

static struct dm_str
text_of(struct dm_str text)
{
    return text.data ? text : (struct dm_str){"", 0};
}

static enum dm_status
iri_of(struct dm_snapshot *snapshot, dm_id id, struct dm_str *ret)
{
    struct dm_term term;
    *ret = (struct dm_str){"", 0};
    if (id == DM_ID_NONE) {
        return DM_OK;
    }
    const enum dm_status status = dm_snapshot_term(snapshot, id, &term);
    if (!status) {
        *ret = term.value;
    }
    return status;
}

enum dm_status
dm_star_of_row(struct dm_snapshot *snapshot, const struct dm_event *row,
               struct dm_star *ret)
{
    assert(row->n_samples <= DM_METRICS_MAX);
    for (size_t i = 0; i < row->n_samples; ++i) {
        ret->values[i] = (struct dm_payload_value){
            .metric = {"", 0},
            .label = row->samples[i].label,
            .value = row->samples[i].value,
            .is_double = row->samples[i].is_double,
        };
    }
    ret->event = (struct dm_payload_event){
        .key = {.ms = row->key.ms, .n = row->key.n},
        .has_status = true,
        .status = row->status,
        .at_ms = row->at_ms,
        .micros = row->micros,
        .message = text_of(row->message),
        .output = text_of(row->output),
        .run_id = text_of(row->run_id),
        .certificate_expires_ms = row->certificate_expires_ms,
        .values = ret->values,
        .n_values = row->n_samples,
        .state = {"", 0},
        .name = {"", 0},
        .since_ms = DM_NO_TIME,
        .bad_since_ms = DM_NO_TIME,
        .definition = {"", 0},
    };
    const enum dm_status status =
        iri_of(snapshot, row->check, &ret->event.check);
    return status ? status
                  : iri_of(snapshot, row->failure, &ret->event.failure);
}

static int
compare_keys(const struct dm_event_key *a, const struct dm_event_key *b)
{
    if (a->ms != b->ms) {
        return a->ms < b->ms ? -1 : 1;
    }
    return (int)a->n - (int)b->n;
}

static int
compare_newest(const void *a, const void *b)
{
    return compare_keys(a, b);
}

// The rows above `after`
static enum dm_status
open_rows(struct dm_rows_audit *audit, const struct dm_event_key *after,
          unsigned columns)
{
    struct dm_history_spec spec = {
        .filter = dm_history_all(), .order = DM_ORDER_KEY, .columns = columns};
    spec.filter.log = audit->log;
    spec.filter.after = *after;
    spec.filter.after.log = audit->log;
    dm_history_close(audit->history);
    audit->history = NULL;
    audit->has_row = false;
    return dm_history_open(audit->snapshot, &spec, &audit->history);
}

// Read the next row, unless one waits. DM_END behind the last.
static enum dm_status
peek(struct dm_rows_audit *audit)
{
    if (audit->has_row) {
        return DM_OK;
    }
    const enum dm_status status = dm_history_next(audit->history, &audit->row);
    audit->has_row = !status;
    return status;
}

// The greatest key below `key`
static struct dm_event_key
before(const struct dm_event_key *key)
{
    struct dm_event_key result = *key;
    if (result.n > 0) {
        --result.n;
    } else {
        --result.ms;
        result.n = N_MAX;
    }
    return result;
}

// ------------------------------------------------------------- what may be
// gone

static enum dm_status
read_newest(struct dm_rows_audit *audit)
{
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    enum dm_status status =
        dm_latest_open(audit->snapshot, audit->log, DM_ID_NONE, &scan);
    while (!status && !(status = dm_latest_next(scan, &latest))) {
        struct dm_event_key *newest =
            dm_grow(audit->newest, &audit->capacity, audit->n_newest + 1,
                    sizeof(*newest), CHECKS_MAX);
        if (!newest) {
            status = DM_ERR_NO_MEMORY;
            break;
        }
        audit->newest = newest;
        newest[audit->n_newest++] = latest.event.key;
    }
    dm_latest_close(scan);
    if (audit->n_newest) {
        qsort(audit->newest, audit->n_newest, sizeof(*audit->newest),
              compare_newest);
    }
    return status == DM_END ? DM_OK : status;
}

static bool
is_newest(const struct dm_rows_audit *audit, const struct dm_event_key *key)
{
    return audit->n_newest && bsearch(key, audit->newest, audit->n_newest,
                                      sizeof(*key), compare_newest);
}

// Find the oldest row that is not kept as the newest of its check: retention
// did not come so far. Without any, everything may be gone.
static enum dm_status
find_from(struct dm_rows_audit *audit)
{
    const struct dm_event_key all = {.ms = 0};
    audit->from.ms = INT64_MAX;
    enum dm_status status = read_newest(audit);
    if (!status) {
        status = open_rows(audit, &all, 0);
    }
    while (!status && !(status = peek(audit))) {
        audit->has_row = false;
        if (!is_newest(audit, &audit->row.key)) {
            audit->from = audit->row.key;
            break;
        }
    }
    return status == DM_END ? DM_OK : status;
}

// Whether there are rows below the first event
static enum dm_status
look_below(struct dm_rows_audit *audit, const struct dm_event_key *first)
{
    const struct dm_event_key all = {.ms = 0};
    enum dm_status status = open_rows(audit, &all, 0);
    if (!status) {
        status = peek(audit);
    }
    audit->has_older = !status && compare_keys(&audit->row.key, first) < 0;
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_rows_audit_new(struct dm_snapshot *snapshot,
                  const uint8_t log[DM_KEY_PUBLIC_BYTES],
                  struct dm_rows_audit **ret)
{
    struct dm_rows_audit *audit = dm_calloc(1, sizeof(*audit));
    if (!audit) {
        return DM_ERR_NO_MEMORY;
    }
    audit->snapshot = snapshot;
    audit->lines = dm_quad_lines_new(EVENT_TEXT_MAX);
    dm_buf_init(&audit->text, EVENT_TEXT_MAX);
    dm_key_iri(log, audit->iri);
    enum dm_status status = audit->lines ? DM_OK : DM_ERR_NO_MEMORY;
    if (!status) {
        status =
            dm_snapshot_log_number(snapshot, dm_str(audit->iri), &audit->log);
    }
    if (!status) {
        status = find_from(audit);
    }
    if (status) {
        dm_rows_audit_free(audit);
        return status;
    }
    *ret = audit;
    return DM_OK;
}

void
dm_rows_audit_free(struct dm_rows_audit *audit)
{
    if (audit) {
        dm_history_close(audit->history);
        dm_quad_lines_free(audit->lines);
        dm_buf_done(&audit->text);
        dm_free(audit->newest);
        dm_free(audit);
    }
}

// --------------------------------------------------------------------- entries

static enum dm_status
refuse(const char *rule, const struct dm_event_key *key, const char *what,
       struct dm_error *error)
{
    return dm_error_set(error, DM_ERR_CORRUPT, "%s: %s %lld.%u", rule, what,
                        (long long)key->ms, (unsigned)key->n);
}

// The lines of an event without its further quads, as they stand on the wire
static enum dm_status
write_event(struct dm_rows_audit *audit, const struct dm_payload_event *event,
            struct dm_str *ret)
{
    struct dm_payload_event plain = *event;
    plain.n_quads = 0;
    dm_quad_lines_clear(audit->lines);
    const enum dm_status status =
        dm_quad_lines_add_event(audit->lines, dm_str(audit->iri), &plain);
    if (!status) {
        *ret = dm_quad_lines_text(audit->lines);
    }
    return !status && !ret->data ? DM_ERR_NO_MEMORY : status;
}

// Compare an event with the row that waits, which has its key.
static enum dm_status
compare(struct dm_rows_audit *audit, const struct dm_payload_event *event,
        struct dm_error *error)
{
    struct dm_str text = {"", 0};
    bool differs = audit->row.has_quads != (event->n_quads > 0);
    dm_buf_clear(&audit->text);
    enum dm_status status = write_event(audit, event, &text);
    if (!status) {
        status = dm_buf_put_str(&audit->text, text);
    }
    if (!status) {
        status = dm_star_of_row(audit->snapshot, &audit->row, &audit->star);
    }
    if (!status) {
        status = write_event(audit, &audit->star.event, &text);
        // A row that cannot be said is none that was sealed
        differs =
            differs || status == DM_ERR_ARGUMENT || status == DM_ERR_LIMIT;
        status = differs ? DM_OK : status;
    }
    if (!status && (differs || !dm_str_equal(text, dm_buf_str(&audit->text)))) {
        return refuse("row-differs", &event->key, "event", error);
    }
    audit->equal += status ? 0 : 1;
    return status;
}

static enum dm_status
check_event(struct dm_rows_audit *audit, const struct dm_payload_event *event,
            struct dm_error *error)
{
    const enum dm_status status = peek(audit);
    if (status && status != DM_END) {
        return status;
    }
    const int order = status ? 1 : compare_keys(&audit->row.key, &event->key);
    if (order < 0) {
        return refuse("row-unknown", &audit->row.key, "no entry has the row",
                      error);
    }
    if (order == 0) {
        audit->has_row = false;
        return compare(audit, event, error);
    }
    if (compare_keys(&event->key, &audit->from) >= 0) {
        return refuse("row-missing", &event->key, "event", error);
    }
    ++audit->dropped;
    return DM_OK;
}

enum dm_status
dm_rows_audit_entry(struct dm_rows_audit *audit,
                    const struct dm_payload *payload, struct dm_error *error)
{
    const unsigned columns =
        (unsigned)DM_COLUMN_TEXTS | (unsigned)DM_COLUMN_SAMPLES;
    enum dm_status status = DM_OK;
    if (!payload->n_events) {
        return DM_OK;
    }
    if (!audit->has_begun) {
        audit->last = before(&payload->events[0].key);
        status = look_below(audit, &payload->events[0].key);
        audit->has_begun = true;
    }
    if (!status) {
        status = open_rows(audit, &audit->last, columns);
    }
    for (size_t i = 0; !status && i < payload->n_events; ++i) {
        status = check_event(audit, &payload->events[i], error);
        audit->last = payload->events[i].key;
    }
    return status;
}

enum dm_status
dm_rows_audit_end(struct dm_rows_audit *audit, struct dm_rows_report *ret)
{
    uint64_t unsealed = 0;
    enum dm_status status = open_rows(audit, &audit->last, 0);
    while (!status && !(status = peek(audit))) {
        audit->has_row = false;
        ++unsealed;
    }
    if (status != DM_END) {
        return status;
    }
    *ret = (struct dm_rows_report){
        .equal = audit->equal,
        .dropped = audit->dropped,
        .unsealed = unsealed,
        .has_older = audit->has_older,
    };
    return DM_OK;
}
