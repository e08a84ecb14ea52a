// SPDX-License-Identifier: ISC

#include "quadstore/history_private.h"

#include "base/alloc.h"
#include "quadstore/id_private.h"

#include <assert.h>
#include <string.h>

#define HELD_MAX ((size_t)1 << 28U)

// A row that waits for those that come before it by the wall clock
struct held {
    int64_t at;
    struct dm_row row;
    size_t bytes; ///< With its texts behind it
};

// The rows of one log, in the order asked for. By the wall clock that is the
// order of keys too, but where a clock was set back: then rows are held until
// no later one can come before them. A later one differs from its key's ms by
// `most` at most.
struct stream {
    dm_log_no log;
    struct dm_cursor cursor;
    int64_t first;
    int64_t last;
    int64_t most;
    bool is_open;
    bool is_ended; ///< The cursor is
    bool has_head;
    struct dm_row head; ///< Where nothing is held back
    int64_t read_ms;    ///< ms of the key that was read last
    struct held **held; ///< A heap, the next one first
    size_t n_held;
    size_t capacity;
    struct held *given; ///< Handed out, to be freed at the next call
};

struct dm_rows {
    struct dm_snapshot *snapshot;
    struct dm_history_filter filter;
    enum dm_history_order order;
    bool backwards;
    int64_t check;
    unsigned looked;
    struct stream *current; ///< Whose row was handed out
    size_t n_streams;
    struct stream streams[];
};

struct dm_history_filter
dm_history_all(void)
{
    return (struct dm_history_filter){
        .at_from_ms = INT64_MIN,
        .at_until_ms = INT64_MAX,
        .micros_from = INT64_MIN,
        .micros_until = INT64_MAX,
    };
}

// What the cursor has not looked at already
static bool
matches(const struct dm_history_filter *filter, const struct dm_row *row)
{
    const int64_t at = dm_row_at(row);
    const bool by_micros =
        filter->micros_from != INT64_MIN || filter->micros_until != INT64_MAX;
    return at >= filter->at_from_ms && at < filter->at_until_ms &&
           (!filter->failure ||
            (row->failure &&
             filter->failure == dm_id_make(DM_TAG_IRI, row->failure))) &&
           (!by_micros || (row->micros != DM_NO_MICROS &&
                           row->micros >= filter->micros_from &&
                           row->micros < filter->micros_until));
}

// ------------------------------------------------------------------------ heap

static bool
comes_before(const struct dm_rows *rows, int64_t at_a, int64_t key_a,
             int64_t at_b, int64_t key_b)
{
    const bool is_less = at_a < at_b || (at_a == at_b && key_a < key_b);
    return rows->backwards ? !is_less : is_less;
}

static bool
held_before(const struct dm_rows *rows, const struct held *a,
            const struct held *b)
{
    return comes_before(rows, a->at, a->row.key, b->at, b->row.key);
}

static enum dm_status
push(struct dm_rows *rows, struct stream *stream, struct held *held)
{
    struct held **heap =
        dm_grow(stream->held, &stream->capacity, stream->n_held + 1,
                sizeof(struct held *), HELD_MAX);
    if (!heap) {
        return DM_ERR_NO_MEMORY;
    }
    stream->held = heap;
    size_t at = stream->n_held++;
    while (at > 0 && held_before(rows, held, heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = held;
    return DM_OK;
}

static struct held *
pop(struct dm_rows *rows, struct stream *stream)
{
    struct held **heap = stream->held;
    struct held *first = heap[0];
    struct held *moved = heap[--stream->n_held];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= stream->n_held) {
            break;
        }
        if (child + 1 < stream->n_held &&
            held_before(rows, heap[child + 1], heap[child])) {
            ++child;
        }
        if (!held_before(rows, heap[child], moved)) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
    return first;
}

static struct held *
hold(struct dm_snapshot *snapshot, const struct dm_row *row)
{
    const size_t bytes = sizeof(struct held) + row->message.n + row->output.n +
                         row->run_id.n + row->samples.n;
    struct held *held = dm_snapshot_alloc(snapshot, bytes);
    if (!held) {
        return NULL;
    }
    *held = (struct held){.at = dm_row_at(row), .row = *row, .bytes = bytes};
    char *end = (char *)(held + 1);
    struct dm_str *const texts[] = {&held->row.message, &held->row.output,
                                    &held->row.run_id, &held->row.samples};
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        if (texts[i]->n) {
            memcpy(end, texts[i]->data, texts[i]->n);
            texts[i]->data = end;
            end += texts[i]->n;
        }
    }
    return held;
}

static void
drop(struct dm_snapshot *snapshot, struct held *held)
{
    if (held) {
        dm_snapshot_free(snapshot, held, held->bytes);
    }
}

// --------------------------------------------------------------------- streams

// Cut the range to keys above `after`; false where none is left.
static bool
begin_after(const struct dm_event_key *after, struct stream *stream)
{
    struct dm_event_key key = *after;
    key.log = stream->log;
    if (key.ms < DM_EVENT_EPOCH_MS) {
        return true; // Before all keys
    }
    if (!dm_event_key_is_valid(&key)) {
        return false; // Behind them
    }
    const int64_t first = dm_event_key_store(&key) + 1;
    stream->first = first > stream->first ? first : stream->first;
    return stream->first <= stream->last;
}

// The range of keys of a log in which matching rows are; false where none can
// be.
static enum dm_status
set_range(struct dm_rows *rows, struct stream *stream, bool *ret_any)
{
    const struct dm_history_filter *filter = &rows->filter;
    struct dm_conn *conn = rows->snapshot->conn;
    struct dm_event_key key;
    int64_t reach = INT64_MAX;
    enum dm_status status = DM_OK;
    if (filter->at_until_ms != INT64_MAX) {
        status = dm_lag_reach(conn, stream->log, filter->at_until_ms, &reach);
    }
    if (!status && rows->order == DM_ORDER_AT) {
        status = dm_lag_most(conn, stream->log, filter->at_from_ms, reach,
                             &stream->most);
    }
    if (status) {
        return status;
    }
    *ret_any = dm_event_key_range(stream->log, filter->at_from_ms, reach,
                                  &stream->first, &stream->last) &&
               begin_after(&filter->after, stream);
    if (*ret_any && filter->event) {
        const bool is_event = dm_id_to_event(filter->event, &key);
        const int64_t stored = is_event ? dm_event_key_store(&key) : -1;
        *ret_any = stored >= stream->first && stored <= stream->last;
        stream->first = stored;
        stream->last = stored;
    }
    return DM_OK;
}

static enum dm_status
open_stream(struct dm_rows *rows, struct stream *stream)
{
    bool any = false;
    enum dm_status status = set_range(rows, stream, &any);
    stream->is_open = true;
    stream->is_ended = !any;
    if (!status && any) {
        const struct dm_cursor_spec spec = {.check = rows->check,
                                            .statuses = rows->filter.statuses,
                                            .backwards = rows->backwards};
        status = dm_cursor_open(&stream->cursor, rows->snapshot->conn, spec);
    }
    if (!status && any) {
        dm_cursor_range(&stream->cursor, stream->first, stream->last);
    }
    return status;
}

static void
close_stream(struct dm_rows *rows, struct stream *stream)
{
    dm_cursor_close(&stream->cursor);
    for (size_t i = 0; i < stream->n_held; ++i) {
        drop(rows->snapshot, stream->held[i]);
    }
    drop(rows->snapshot, stream->given);
    dm_free(stream->held);
}

// Read rows up to one that matches.
static enum dm_status
read_row(struct dm_rows *rows, struct stream *stream, struct dm_row *ret)
{
    for (;;) {
        enum dm_status status = dm_cursor_next(&stream->cursor, ret);
        if (!status && ++rows->looked >= DM_WORK_ROWS) {
            rows->looked = 0;
            status = dm_work_check(rows->snapshot->work);
        }
        if (status == DM_END) {
            stream->is_ended = true;
        }
        if (status || matches(&rows->filter, ret)) {
            return status;
        }
    }
}

// Whether the first of the rows held comes before all that is still to be read
static bool
is_settled(const struct dm_rows *rows, const struct stream *stream)
{
    if (stream->n_held == 0) {
        return false;
    }
    const int64_t at = stream->held[0]->at;
    return stream->is_ended ||
           (rows->backwards ? at >= stream->read_ms
                            : at <= stream->read_ms - stream->most);
}

static enum dm_status
fill_held(struct dm_rows *rows, struct stream *stream)
{
    while (!stream->is_ended && !is_settled(rows, stream)) {
        struct dm_row row;
        enum dm_status status = read_row(rows, stream, &row);
        if (status == DM_END) {
            break;
        }
        if (status) {
            return status;
        }
        struct held *held = hold(rows->snapshot, &row);
        if (!held) {
            return DM_ERR_NO_MEMORY;
        }
        stream->read_ms = dm_event_key_load(row.key).ms;
        status = push(rows, stream, held);
        if (status) {
            drop(rows->snapshot, held);
            return status;
        }
    }
    if (stream->n_held) {
        stream->head = stream->held[0]->row;
        stream->has_head = true;
    }
    return DM_OK;
}

// Make the next row of a stream its head.
static enum dm_status
fill(struct dm_rows *rows, struct stream *stream)
{
    enum dm_status status = DM_OK;
    if (stream->has_head) {
        return DM_OK;
    }
    if (!stream->is_open) {
        status = open_stream(rows, stream);
    }
    if (!status && stream->most) {
        return fill_held(rows, stream);
    }
    if (!status && !stream->is_ended) {
        status = read_row(rows, stream, &stream->head);
        stream->has_head = status == DM_OK;
        status = status == DM_END ? DM_OK : status;
    }
    return status;
}

// Take the head off.
static void
take(struct dm_rows *rows, struct stream *stream)
{
    assert(stream->has_head);
    stream->has_head = false;
    if (stream->most) {
        assert(!stream->given);
        stream->given = pop(rows, stream);
    }
    rows->current = stream;
}

// ------------------------------------------------------------------------ rows

static enum dm_status
next_by_key(struct dm_rows *rows, struct stream **ret)
{
    for (size_t i = 0; i < rows->n_streams; ++i) {
        struct stream *stream =
            &rows->streams[rows->backwards ? rows->n_streams - 1 - i : i];
        const enum dm_status status = fill(rows, stream);
        if (status) {
            return status;
        }
        if (stream->has_head) {
            *ret = stream;
            return DM_OK;
        }
    }
    return DM_END;
}

static enum dm_status
next_by_at(struct dm_rows *rows, struct stream **ret)
{
    struct stream *best = NULL;
    for (size_t i = 0; i < rows->n_streams; ++i) {
        struct stream *stream = &rows->streams[i];
        const enum dm_status status = fill(rows, stream);
        if (status) {
            return status;
        }
        if (stream->has_head &&
            (!best ||
             comes_before(rows, dm_row_at(&stream->head), stream->head.key,
                          dm_row_at(&best->head), best->head.key))) {
            best = stream;
        }
    }
    *ret = best;
    return best ? DM_OK : DM_END;
}

enum dm_status
dm_rows_next(struct dm_rows *rows, const struct dm_row **ret)
{
    struct stream *stream = NULL;
    if (rows->current) {
        drop(rows->snapshot, rows->current->given);
        rows->current->given = NULL;
    }
    const enum dm_status status = rows->order == DM_ORDER_KEY
                                      ? next_by_key(rows, &stream)
                                      : next_by_at(rows, &stream);
    if (status) {
        return status;
    }
    take(rows, stream);
    *ret = &stream->head;
    return DM_OK;
}

enum dm_status
dm_rows_open(struct dm_snapshot *snapshot,
             const struct dm_history_filter *filter,
             enum dm_history_order order, bool backwards, struct dm_rows **ret)
{
    enum dm_status status = dm_work_check(snapshot->work);
    if (!status) {
        status = dm_dict_logs(&snapshot->dict);
    }
    if (status) {
        return status;
    }
    const size_t all = snapshot->dict.n_logs;
    size_t n = filter->log ? filter->log <= all : all;
    if (filter->check && (dm_id_is_local(filter->check) ||
                          dm_id_tag(filter->check) != DM_TAG_IRI)) {
        n = 0; // No check
    }
    const size_t bytes = sizeof(struct dm_rows) + n * sizeof(struct stream);
    struct dm_rows *rows = dm_snapshot_alloc(snapshot, bytes);
    if (!rows) {
        return DM_ERR_NO_MEMORY;
    }
    rows->snapshot = snapshot;
    rows->filter = *filter;
    rows->order = order;
    rows->backwards = backwards;
    rows->check = (int64_t)dm_id_payload(filter->check);
    rows->n_streams = n;
    for (size_t i = 0; i < n; ++i) {
        rows->streams[i].log = filter->log ? filter->log : (dm_log_no)(i + 1);
    }
    *ret = rows;
    return DM_OK;
}

void
dm_rows_close(struct dm_rows *rows)
{
    if (!rows) {
        return;
    }
    for (size_t i = 0; i < rows->n_streams; ++i) {
        close_stream(rows, &rows->streams[i]);
    }
    dm_snapshot_free(rows->snapshot, rows,
                     sizeof(*rows) + rows->n_streams * sizeof(struct stream));
}
