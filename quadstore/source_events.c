// SPDX-License-Identifier: ISC

#include "quadstore/source_private.h"

#include "quadstore/cursor_private.h"
#include "quadstore/id_private.h"
#include "quadstore/words_private.h"

#include <assert.h>
#include <stdlib.h>

#define WORD_BIT(word) (1U << (unsigned)(word))
#define STAR_WORDS                                                             \
    (WORD_BIT(DM_WORD_REIFIES) | WORD_BIT(DM_WORD_AT) |                        \
     WORD_BIT(DM_WORD_SECONDS) | WORD_BIT(DM_WORD_FAILURE) |                   \
     WORD_BIT(DM_WORD_MESSAGE) | WORD_BIT(DM_WORD_OUTPUT) |                    \
     WORD_BIT(DM_WORD_RUN_ID) | WORD_BIT(DM_WORD_CERTIFICATE_EXPIRES))
#define STAR_MAX (DM_WORD_CERTIFICATE_EXPIRES + DM_METRICS_MAX)

#define MICROS_DIGITS 6U

struct arc {
    dm_id p;
    dm_id o;
};

// Events as the quads of their stars. What is bound becomes a range of keys, a
// check, a status, a choice of predicates; the object is compared at last.
struct events {
    struct dm_source source;
    struct dm_cursor cursor;
    dm_log_no log;      // The one that is read, 0: all in one range
    dm_log_no last_log; // Where to end
    int64_t first;      // Stored keys, inclusive
    int64_t last;
    int64_t check;     // 0: every one
    unsigned statuses; // Bits, 0: every one
    unsigned words;    // Predicates wanted
    bool all_metrics;
    uint64_t metric; // Or this one, 0: none
    dm_id object;    // Or DM_ID_NONE
    bool by_at;      // Only those at this time:
    int64_t at;
    dm_id s;
    dm_id g;
    size_t n_arcs;
    size_t i_arc;
    struct arc arcs[STAR_MAX];
};

static struct events *
events_of(struct dm_source *source)
{
    return (struct events *)source; // It is the first member
}

// ------------------------------------------------------------------------ star

static void
put_arc(struct events *events, dm_id p, dm_id o)
{
    if (events->object == DM_ID_NONE || events->object == o) {
        assert(events->n_arcs < STAR_MAX);
        events->arcs[events->n_arcs++] = (struct arc){p, o};
    }
}

static enum dm_status
put_text(struct events *events, enum dm_word word, struct dm_str text)
{
    dm_id o = DM_ID_NONE;
    if (!(events->words & WORD_BIT(word)) || text.n == 0) {
        return DM_OK;
    }
    const enum dm_status status =
        dm_snapshot_intern_text(events->source.snapshot, text, &o);
    if (!status) {
        put_arc(events, dm_word_id(word), o);
    }
    return status;
}

static void
put_time(struct events *events, enum dm_word word, int64_t ms)
{
    dm_id o = DM_ID_NONE;
    if ((events->words & WORD_BIT(word)) && ms != DM_NO_TIME) {
        const bool fits = dm_id_from_datetime(ms, &o);
        assert(fits);
        (void)fits;
        put_arc(events, dm_word_id(word), o);
    }
}

static enum dm_status
sample_object(struct dm_snapshot *snapshot, const struct dm_row_sample *sample,
              dm_id *ret)
{
    if ((sample->type == DM_SAMPLE_DECIMAL &&
         dm_id_from_decimal(sample->mantissa, sample->scale, ret)) ||
        (sample->type == DM_SAMPLE_DOUBLE &&
         dm_id_from_double(sample->number, ret))) {
        return DM_OK;
    }
    struct dm_buf text;
    dm_buf_init(&text, SIZE_MAX / 2);
    dm_row_sample_format(sample, &text);
    enum dm_status status = text.status;
    if (!status) {
        const struct dm_term term = dm_term_literal(
            dm_buf_str(&text),
            dm_word_iri(dm_row_sample_is_double(sample) ? DM_WORD_DOUBLE
                                                        : DM_WORD_DECIMAL));
        status = dm_snapshot_intern(snapshot, &term, ret);
    }
    dm_buf_done(&text);
    return status;
}

static int
compare_arcs(const void *a, const void *b)
{
    const struct arc *x = a;
    const struct arc *y = b;
    return x->p < y->p ? -1 : x->p > y->p;
}

static enum dm_status
put_samples(struct events *events, const struct dm_row *row)
{
    const size_t before = events->n_arcs;
    struct dm_str samples = row->samples;
    struct dm_row_sample sample;
    enum dm_status status = DM_OK;
    if (!events->all_metrics && !events->metric) {
        return DM_OK;
    }
    while (!(status = dm_row_next_sample(&samples, &sample))) {
        dm_id o = DM_ID_NONE;
        if (!events->all_metrics && sample.metric != events->metric) {
            continue;
        }
        status = sample_object(events->source.snapshot, &sample, &o);
        if (status) {
            return status;
        }
        put_arc(events, dm_id_make(DM_TAG_IRI, sample.metric), o);
    }
    qsort(events->arcs + before, events->n_arcs - before, sizeof(struct arc),
          compare_arcs);
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
put_reifies(struct events *events, const struct dm_row *row)
{
    dm_id o = DM_ID_NONE;
    if (!(events->words & WORD_BIT(DM_WORD_REIFIES))) {
        return DM_OK;
    }
    const enum dm_status status = dm_snapshot_statement(
        events->source.snapshot, row->check, dm_row_status(row), &o);
    if (!status) {
        put_arc(events, dm_word_id(DM_WORD_REIFIES), o);
    }
    return status;
}

// The star in ascending order of its predicates
static enum dm_status
make_star(struct events *events, const struct dm_row *row)
{
    dm_id seconds = DM_ID_NONE;
    events->n_arcs = 0;
    events->i_arc = 0;
    events->s = dm_event_key_id(row->key);
    const struct dm_log_row *log = dm_dict_log(&events->source.snapshot->dict,
                                               dm_event_key_load(row->key).log);
    if (!log) {
        return DM_ERR_CORRUPT;
    }
    events->g = log->graph;

    enum dm_status status = put_reifies(events, row);
    put_time(events, DM_WORD_AT, dm_row_at(row));
    if (events->words & WORD_BIT(DM_WORD_SECONDS) &&
        row->micros != DM_NO_MICROS &&
        dm_id_from_decimal(row->micros, MICROS_DIGITS, &seconds)) {
        put_arc(events, dm_word_id(DM_WORD_SECONDS), seconds);
    }
    if (events->words & WORD_BIT(DM_WORD_FAILURE) && row->failure) {
        put_arc(events, dm_word_id(DM_WORD_FAILURE),
                dm_id_make(DM_TAG_IRI, row->failure));
    }
    if (!status) {
        status = put_text(events, DM_WORD_MESSAGE, row->message);
    }
    if (!status) {
        status = put_text(events, DM_WORD_OUTPUT, row->output);
    }
    if (!status) {
        status = put_text(events, DM_WORD_RUN_ID, row->run_id);
    }
    put_time(events, DM_WORD_CERTIFICATE_EXPIRES, row->certificate);
    return status ? status : put_samples(events, row);
}

enum dm_status
dm_snapshot_statement(struct dm_snapshot *snapshot, int64_t check,
                      enum dm_result_status status, dm_id *ret)
{
    const dm_id spo[3] = {
        dm_id_make(DM_TAG_IRI, (uint64_t)check), dm_word_id(DM_WORD_STATUS),
        dm_word_id((enum dm_word)((int)DM_WORD_OK + (int)status))};
    const enum dm_status found = dm_dict_find_triple(&snapshot->dict, spo, ret);
    return found == DM_ERR_NOT_FOUND ? DM_ERR_CORRUPT : found;
}

// ------------------------------------------------------------------------ rows

// Set the range of keys of the log that is to be read.
static enum dm_status
open_log(struct events *events)
{
    if (!events->by_at) {
        dm_cursor_range(&events->cursor, events->first, events->last);
        return DM_OK;
    }
    int64_t reach = 0;
    int64_t first = 0;
    int64_t last = 0;
    const enum dm_status status = dm_lag_reach(
        events->source.snapshot->conn, events->log, events->at + 1, &reach);
    if (status) {
        return status;
    }
    if (!dm_event_key_range(events->log, events->at, reach, &first, &last)) {
        first = 1;
        last = 0;
    }
    first = first < events->first ? events->first : first;
    last = last > events->last ? events->last : last;
    dm_cursor_range(&events->cursor, first, last);
    return DM_OK;
}

static enum dm_status
events_next(struct dm_source *source, struct dm_quad_ids *ret)
{
    struct events *events = events_of(source);
    unsigned looked = 0;
    while (events->i_arc == events->n_arcs) {
        struct dm_row row;
        enum dm_status status = dm_cursor_next(&events->cursor, &row);
        if (status == DM_END && events->log < events->last_log) {
            ++events->log;
            status = open_log(events);
            if (!status) {
                continue;
            }
        }
        if (!status && ++looked % DM_WORK_ROWS == 0) {
            status = dm_work_check(source->snapshot->work);
        }
        if (status) {
            return status;
        }
        status = make_star(events, &row);
        if (status) {
            return status;
        }
    }
    const struct arc *arc = &events->arcs[events->i_arc++];
    *ret = (struct dm_quad_ids){events->s, arc->p, arc->o, events->g};
    return DM_OK;
}

static enum dm_status
events_seek(struct dm_source *source, const struct dm_triple_ids *target)
{
    struct events *events = events_of(source);
    struct dm_event_key key;
    if (target->s <= events->s) {
        return DM_OK; // In this star, or before it
    }
    events->n_arcs = 0;
    events->i_arc = 0;
    if (!dm_id_to_event(target->s, &key)) {
        const bool is_below =
            !dm_id_is_local(target->s) && dm_id_tag(target->s) < DM_TAG_EVENT;
        if (!is_below) { // Above every event
            events->log = events->last_log;
            dm_cursor_range(&events->cursor, 1, 0);
        }
        return DM_OK;
    }
    const int64_t first = dm_event_key_store(&key);
    events->first = first > events->first ? first : events->first;
    if (events->by_at && key.log > events->log) {
        events->log = key.log < events->last_log ? key.log : events->last_log;
    }
    return open_log(events);
}

static void
events_close(struct dm_source *source)
{
    struct events *events = events_of(source);
    dm_cursor_close(&events->cursor);
    dm_snapshot_free(source->snapshot, events, source->bytes);
}

// ------------------------------------------------------------------------ open

// Each of these takes one bound position into account: DM_END where no event
// can match.

static enum dm_status
bind_check(struct events *events, dm_id check)
{
    if (dm_id_is_local(check) || dm_id_tag(check) != DM_TAG_IRI) {
        return DM_END;
    }
    const int64_t number = (int64_t)dm_id_payload(check);
    if (events->check && events->check != number) {
        return DM_END;
    }
    events->check = number;
    return DM_OK;
}

static enum dm_status
bind_subject(struct events *events, dm_id s)
{
    struct dm_event_key key;
    if (s == DM_ID_NONE) {
        return DM_OK;
    }
    if (!dm_id_to_event(s, &key)) {
        return DM_END;
    }
    const int64_t stored = dm_event_key_store(&key);
    if (stored < events->first || stored > events->last) {
        return DM_END;
    }
    events->first = stored;
    events->last = stored;
    return DM_OK;
}

static enum dm_status
bind_predicate(struct events *events, dm_id p)
{
    if (p == DM_ID_NONE) {
        return DM_OK;
    }
    if (dm_id_is_local(p) || dm_id_tag(p) != DM_TAG_IRI) {
        return DM_END;
    }
    const uint64_t number = dm_id_payload(p);
    events->all_metrics = false;
    if (number < DM_WORD_RESERVED) {
        events->words &= number < DM_WORD_STATUS ? 1U << (unsigned)number : 0;
        return events->words ? DM_OK : DM_END;
    }
    const int64_t term = (int64_t)number;
    int64_t check = 0;
    const enum dm_status status = dm_conn_get(events->source.snapshot->conn,
                                              DM_Q_METRIC, &term, 1, &check, 1);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_END : status;
    }
    events->words = 0;
    events->metric = number;
    return bind_check(events, dm_id_make(DM_TAG_IRI, (uint64_t)check));
}

static enum dm_status
bind_statement(struct events *events, const struct dm_triple_ids *inner)
{
    events->words &= WORD_BIT(DM_WORD_REIFIES);
    events->all_metrics = false;
    events->metric = 0;
    if (!events->words ||
        (inner->p && inner->p != dm_word_id(DM_WORD_STATUS))) {
        return DM_END;
    }
    if (inner->o) {
        const dm_id ok = dm_word_id(DM_WORD_OK);
        if (inner->o < ok || inner->o > dm_word_id(DM_WORD_LOGGED)) {
            return DM_END;
        }
        const unsigned wanted = 1U << (unsigned)(inner->o - ok);
        if (events->statuses && events->statuses != wanted) {
            return DM_END;
        }
        events->statuses = wanted;
    }
    return inner->s ? bind_check(events, inner->s) : DM_OK;
}

static enum dm_status
bind_object(struct events *events, dm_id o)
{
    struct dm_triple_ids inner = {0};
    if (o == DM_ID_NONE) {
        return DM_OK;
    }
    events->object = o;
    if (dm_id_tag(o) == DM_TAG_TRIPLE) {
        const enum dm_status status = dm_snapshot_triple(
            events->source.snapshot, o, &inner.s, &inner.p, &inner.o);
        if (status) {
            return status == DM_ERR_NOT_FOUND ? DM_END : status;
        }
        return bind_statement(events, &inner);
    }
    events->words &= ~WORD_BIT(DM_WORD_REIFIES);
    if (events->words == WORD_BIT(DM_WORD_AT)) {
        events->by_at = dm_id_to_datetime(o, &events->at);
        return events->by_at ? DM_OK : DM_END;
    }
    return DM_OK;
}

static enum dm_status
bind(struct events *events, const struct dm_scan_spec *spec)
{
    enum dm_status status = bind_subject(events, spec->s);
    if (!status) {
        status = bind_predicate(events, spec->p);
    }
    if (!status && spec->has_inner) {
        status = bind_statement(events, &spec->inner);
    }
    if (!status) {
        status = bind_object(events, spec->o);
    }
    return status;
}

enum dm_status
dm_source_events(struct dm_snapshot *snapshot, const struct dm_scan_spec *spec,
                 dm_log_no log, struct dm_source **ret)
{
    static const struct dm_source_ops ops = {events_next, events_seek,
                                             events_close};
    enum dm_status status = dm_dict_logs(&snapshot->dict);
    if (status) {
        return status;
    }
    if (snapshot->dict.n_logs == 0) {
        return DM_END;
    }
    struct events *events = dm_snapshot_alloc(snapshot, sizeof(*events));
    if (!events) {
        return DM_ERR_NO_MEMORY;
    }
    events->source = (struct dm_source){
        .ops = &ops, .snapshot = snapshot, .bytes = sizeof(*events)};
    events->last = INT64_MAX;
    events->words = STAR_WORDS;
    events->all_metrics = true;
    if (log) {
        events->first = (int64_t)(log - 1) * DM_KEY_LOG;
        events->last = events->first + DM_KEY_LOG - 1;
    }
    status = bind(events, spec);
    if (!status && events->by_at) {
        events->log = log ? log : 1;
        events->last_log = log ? log : (dm_log_no)snapshot->dict.n_logs;
    }
    if (!status) {
        const struct dm_cursor_spec cursor = {.check = events->check,
                                              .statuses = events->statuses};
        status = dm_cursor_open(&events->cursor, snapshot->conn, cursor);
    }
    if (!status) {
        status = open_log(events);
    }
    if (status) {
        events_close(&events->source);
        return status;
    }
    *ret = &events->source;
    return DM_OK;
}
