// SPDX-License-Identifier: ISC

#include "sync/payload_private.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "quadstore/event.h"
#include "sync/form_private.h"
#include "sync/label.h"
#include "vocab/terms.h"
#include "vocab/vocabulary.h"

#include <assert.h>
#include <string.h>

#define MS_DIGITS 13U // Of every ms that a key can have
#define DEFINITION_DIGITS 16U

// ----------------------------------------------------------------------- names

enum dm_arc_name
dm_arc_name_of(struct dm_str iri)
{
    static const struct dm_str space = DM_STR(DM_VOCAB_NS);
    static const struct {
        struct dm_str name;
        enum dm_arc_name arc;
    } names[] = {
        {DM_STR("at"), DM_ARC_AT},
        {DM_STR("seconds"), DM_ARC_SECONDS},
        {DM_STR("message"), DM_ARC_MESSAGE},
        {DM_STR("failure"), DM_ARC_FAILURE},
        {DM_STR("output"), DM_ARC_OUTPUT},
        {DM_STR("runId"), DM_ARC_RUN_ID},
        {DM_STR("certificateExpires"), DM_ARC_EXPIRES},
        {DM_STR("unit"), DM_ARC_UNIT},
        {DM_STR("warn"), DM_ARC_WARN},
        {DM_STR("crit"), DM_ARC_CRIT},
        {DM_STR("check"), DM_ARC_CHECK},
        {DM_STR("event"), DM_ARC_EVENT},
        {DM_STR("status"), DM_ARC_STATUS},
        {DM_STR("since"), DM_ARC_SINCE},
        {DM_STR("streak"), DM_ARC_STREAK},
        {DM_STR("bad"), DM_ARC_BAD},
        {DM_STR("badSince"), DM_ARC_BAD_SINCE},
        {DM_STR("definition"), DM_ARC_DEFINITION},
    };
    static const struct dm_str reifies = DM_STR(DM_RDF_NS "reifies");
    if (iri.n <= space.n || memcmp(iri.data, space.data, space.n) != 0) {
        return dm_str_equal(iri, reifies) ? DM_ARC_REIFIES : DM_ARC_OTHER;
    }
    const char *name = iri.data + space.n;
    const size_t n = iri.n - space.n;
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        if (n == names[i].name.n && memcmp(name, names[i].name.data, n) == 0) {
            return names[i].arc;
        }
    }
    return DM_ARC_OTHER;
}

bool
dm_event_iri_read(struct dm_str iri, struct dm_str log_iri,
                  struct dm_event_key *ret)
{
    uint64_t ms = 0;
    uint64_t n = 0;
    if (iri.n < log_iri.n + 1 + MS_DIGITS + 1 + 1 ||
        !dm_str_starts(iri, log_iri) || iri.data[log_iri.n] != '#') {
        return false;
    }
    const struct dm_str key = dm_str_slice(iri, log_iri.n + 1, iri.n);
    if (key.data[MS_DIGITS] != '.' ||
        !dm_str_to_uint(dm_str_slice(key, 0, MS_DIGITS),
                        (uint64_t)DM_EVENT_EPOCH_MS +
                            (UINT64_C(1) << (unsigned)DM_EVENT_MS_BITS) - 1,
                        &ms) ||
        ms < (uint64_t)DM_EVENT_EPOCH_MS ||
        !dm_str_to_uint(dm_str_slice(key, MS_DIGITS + 1, key.n), DM_EVENT_N_MAX,
                        &n)) {
        return false;
    }
    *ret = (struct dm_event_key){.n = (uint8_t)n, .ms = (int64_t)ms};
    return true;
}

// ---------------------------------------------------------------------- values

static bool
take_time(const struct dm_arc *arc, int64_t *ret)
{
    if (arc->form != DM_FORM_DATETIME) {
        return false;
    }
    *ret = arc->ms;
    return true;
}

static bool
take_iri(const struct dm_term *o, struct dm_str *ret)
{
    if (o->kind != DM_TERM_IRI) {
        return false;
    }
    *ret = o->value;
    return true;
}

static bool
take_string(const struct dm_arc *arc, struct dm_str *ret)
{
    if (arc->form != DM_FORM_STRING) {
        return false;
    }
    *ret = arc->o.value;
    return true;
}

static bool
take_count(const struct dm_arc *arc, int64_t *ret)
{
    uint64_t value = 0;
    if (arc->form != DM_FORM_INTEGER ||
        !dm_str_to_uint(arc->o.value, INT64_MAX, &value)) {
        return false;
    }
    *ret = (int64_t)value;
    return true;
}

// One of the statuses that nodes write
static bool
take_status(const struct dm_term *o, enum dm_result_status *ret)
{
    static const struct dm_str space = DM_STR(DM_VOCAB_NS);
    return o->kind == DM_TERM_IRI && dm_str_starts(o->value, space) &&
           dm_result_status_from_name(
               dm_str_slice(o->value, space.n, o->value.n), ret) &&
           *ret != DM_RESULT_STALE;
}

static bool
is_check(const struct dm_term *o)
{
    return o->kind == DM_TERM_IRI && !memchr(o->value.data, '#', o->value.n);
}

static bool
take_reified(const struct dm_term *o, struct dm_payload_event *event)
{
    static const struct dm_str property = DM_STR(DM_VOCAB_STATUS);
    if (o->kind != DM_TERM_TRIPLE || !is_check(&o->triple->s) ||
        !dm_str_equal(o->triple->p.value, property) ||
        !take_status(&o->triple->o, &event->status)) {
        return false;
    }
    event->check = o->triple->s.value;
    event->has_status = true;
    return true;
}

static bool
is_definition(struct dm_str text)
{
    if (text.n != DEFINITION_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < text.n; ++i) {
        const char c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return true;
}

// --------------------------------------------------------------------- columns

/// What a property of an event or State came to
enum taken {
    TAKEN,         ///< It is in its column
    TAKEN_FURTHER, ///< Allowed, but no column holds it
    TAKEN_WRONG,   ///< Its value is not what it must be
};

// Properties that events and States have in common
static enum taken
take_common(const struct dm_arc *arc, struct dm_payload_event *event)
{
    struct dm_str text = {NULL, 0};
    struct dm_str *column = NULL;
    bool is_right = true;
    if (arc->name == DM_ARC_AT) {
        is_right = take_time(arc, &event->at_ms);
    } else if (arc->name == DM_ARC_SECONDS) {
        is_right = arc->form == DM_FORM_DECIMAL &&
                   dm_form_micros(arc->o.value, &event->micros);
    } else if (arc->name == DM_ARC_FAILURE) {
        is_right = take_iri(&arc->o, &event->failure);
    } else if (arc->name == DM_ARC_EXPIRES) {
        is_right = take_time(arc, &event->certificate_expires_ms);
    } else if (arc->name == DM_ARC_MESSAGE) {
        column = &event->message;
    } else if (arc->name == DM_ARC_OUTPUT) {
        column = &event->output;
    } else if (arc->name == DM_ARC_RUN_ID) {
        column = &event->run_id;
    } else {
        return TAKEN_FURTHER;
    }
    if (!column) {
        return is_right ? TAKEN : TAKEN_WRONG;
    }
    if (!take_string(arc, &text)) {
        return TAKEN_WRONG;
    }
    if (text.n == 0) {
        return TAKEN_FURTHER; // An empty column is none
    }
    *column = text;
    return TAKEN;
}

static enum taken
take_of_event(const struct dm_arc *arc, struct dm_payload_event *event)
{
    if (arc->name == DM_ARC_REIFIES) {
        return take_reified(&arc->o, event) ? TAKEN : TAKEN_WRONG;
    }
    return take_common(arc, event);
}

static bool
take_state_time(const struct dm_arc *arc, struct dm_payload_event *state)
{
    return take_time(arc, arc->name == DM_ARC_SINCE ? &state->since_ms
                                                    : &state->bad_since_ms);
}

static enum taken
take_of_state(const struct dm_reading *reading, const struct dm_arc *arc,
              struct dm_payload_event *state)
{
    bool is_right = false;
    bool is_taken = false;
    switch (arc->name) {
    case DM_ARC_CHECK:
        is_right = is_check(&arc->o) && take_iri(&arc->o, &state->check);
        return is_right ? TAKEN : TAKEN_WRONG;
    case DM_ARC_STATUS:
        state->has_status = take_status(&arc->o, &state->status);
        return state->has_status ? TAKEN : TAKEN_WRONG;
    case DM_ARC_DEFINITION:
        is_right = take_string(arc, &state->definition) &&
                   is_definition(state->definition);
        return is_right ? TAKEN : TAKEN_WRONG;
    case DM_ARC_EVENT:
        is_taken =
            arc->o.kind == DM_TERM_IRI &&
            dm_event_iri_read(arc->o.value, reading->log_iri, &state->key);
        break;
    case DM_ARC_SINCE:
    case DM_ARC_BAD_SINCE:
        is_taken = take_state_time(arc, state);
        break;
    case DM_ARC_STREAK:
        is_taken = take_count(arc, &state->streak);
        break;
    case DM_ARC_BAD:
        is_taken = take_count(arc, &state->bad);
        break;
    case DM_ARC_OUTPUT:
    case DM_ARC_RUN_ID:
        return arc->form == DM_FORM_STRING ? TAKEN_FURTHER : TAKEN_WRONG;
    case DM_ARC_OTHER:
    case DM_ARC_REIFIES:
    case DM_ARC_AT:
    case DM_ARC_SECONDS:
    case DM_ARC_FAILURE:
    case DM_ARC_MESSAGE:
    case DM_ARC_EXPIRES:
    case DM_ARC_UNIT:
    case DM_ARC_WARN:
    case DM_ARC_CRIT:
        return take_common(arc, state);
    }
    return is_taken ? TAKEN : TAKEN_FURTHER;
}

// Which names stand at most once
#define BIT(name) (UINT32_C(1) << (unsigned)(name))
#define ONCE_COMMON                                                            \
    (BIT(DM_ARC_AT) | BIT(DM_ARC_SECONDS) | BIT(DM_ARC_FAILURE) |              \
     BIT(DM_ARC_MESSAGE) | BIT(DM_ARC_EXPIRES))
#define ONCE_IN_EVENT                                                          \
    (ONCE_COMMON | BIT(DM_ARC_REIFIES) | BIT(DM_ARC_OUTPUT) |                  \
     BIT(DM_ARC_RUN_ID))
#define ONCE_IN_STATE                                                          \
    (ONCE_COMMON | BIT(DM_ARC_CHECK) | BIT(DM_ARC_EVENT) |                     \
     BIT(DM_ARC_STATUS) | BIT(DM_ARC_SINCE) | BIT(DM_ARC_STREAK) |             \
     BIT(DM_ARC_BAD) | BIT(DM_ARC_BAD_SINCE) | BIT(DM_ARC_DEFINITION))

struct shape {
    uint32_t once;
    uint32_t needed;
    const char *twice;
    const char *value;
    const char *missing;
    const char *metric;
};

static const struct shape shape_of_event = {
    .once = ONCE_IN_EVENT,
    .needed = BIT(DM_ARC_REIFIES) | BIT(DM_ARC_AT),
    .twice = "event-shape: a property twice",
    .value = "event-shape: a value that the property cannot have",
    .missing = "event-shape: rdf:reifies or dm:at is missing",
    .metric = "event-shape: a metric has two values, or no number",
};

static const struct shape shape_of_state = {
    .once = ONCE_IN_STATE,
    .needed = BIT(DM_ARC_CHECK),
    .twice = "state-shape: a property twice",
    .value = "state-shape: a value that the property cannot have",
    .missing = "state-shape: dm:check is missing",
    .metric = "state-shape: a metric has two values, or no number",
};

// Fill the columns; mark the arcs that are further ones.
static enum dm_status
take_columns(struct dm_reading *reading, const struct shape *shape,
             struct dm_payload_event *event, size_t *ret_further)
{
    uint32_t seen = 0;
    size_t further = 0;
    for (size_t i = 0; i < reading->n_arcs; ++i) {
        struct dm_arc *arc = &reading->arcs[i];
        if (seen & shape->once & BIT(arc->name)) {
            return dm_reading_refuse(reading, shape->twice, reading->s.value);
        }
        seen |= BIT(arc->name);
        const enum taken taken = reading->subject == DM_SUBJECT_EVENT
                                     ? take_of_event(arc, event)
                                     : take_of_state(reading, arc, event);
        if (taken == TAKEN_WRONG) {
            return dm_reading_refuse(reading, shape->value, reading->s.value);
        }
        arc->is_further = taken == TAKEN_FURTHER;
        further += arc->is_further ? 1 : 0;
    }
    if ((seen & shape->needed) != shape->needed) {
        return dm_reading_refuse(reading, shape->missing, reading->s.value);
    }
    *ret_further = further;
    return DM_OK;
}

// --------------------------------------------------------------------- metrics

// Whether `iri` is a metric of `check`
static bool
is_metric_of(struct dm_str iri, struct dm_str check)
{
    return iri.n > check.n && iri.data[check.n] == '#' &&
           dm_str_starts(iri, check) &&
           dm_label_is_encoded(dm_str_slice(iri, check.n + 1, iri.n));
}

static enum dm_status
take_value(struct dm_reading *reading, const struct shape *shape,
           const struct dm_arc *arc, size_t check_n,
           struct dm_payload_value *value)
{
    const struct dm_term *o = &arc->o;
    const bool is_double = arc->form == DM_FORM_DOUBLE;
    if (!is_double && arc->form != DM_FORM_DECIMAL) {
        return dm_reading_refuse(reading, shape->metric, arc->p.value);
    }
    if (dm_form_fits_decimal(o->value) == is_double) {
        return dm_reading_refuse(reading,
                                 is_double
                                     ? "metric-value: a decimal could say it"
                                     : "metric-value: too many digits",
                                 arc->p.value);
    }
    *value = (struct dm_payload_value){
        .metric = arc->p.value,
        .label = dm_label_decode(
            dm_str_slice(arc->p.value, check_n + 1, arc->p.value.n),
            reading->arena),
        .value = o->value,
        .is_double = is_double,
    };
    return value->label.data ? DM_OK : DM_ERR_NO_MEMORY;
}

// Whether a property that each event or State has would be a metric of the
// check, and so had to be a number
static bool
is_vocabulary(struct dm_str check, bool is_event)
{
    static const struct dm_str rdf = DM_STR(DM_RDF_NS);
    static const struct dm_str dm = DM_STR(DM_VOCAB_NS);
    return dm_str_equal(check, dm_str_slice(dm, 0, dm.n - 1)) ||
           (is_event && dm_str_equal(check, dm_str_slice(rdf, 0, rdf.n - 1)));
}

// Divide what is no column into values of metrics and further quads.
static enum dm_status
take_further(struct dm_reading *reading, const struct shape *shape,
             size_t further, struct dm_payload_event *event)
{
    size_t n_values = 0;
    for (size_t i = 0; i < reading->n_arcs; ++i) {
        struct dm_arc *arc = &reading->arcs[i];
        const bool is_value =
            arc->is_further && is_metric_of(arc->p.value, event->check);
        if (is_value && i > 0 &&
            dm_str_equal(arc->p.value, reading->arcs[i - 1].p.value)) {
            return dm_reading_refuse(reading, shape->metric, arc->p.value);
        }
        n_values += is_value ? 1 : 0;
    }
    struct dm_payload_value *values =
        dm_arena_alloc(reading->arena, n_values, sizeof(*values));
    struct dm_quad *quads =
        dm_arena_alloc(reading->arena, further - n_values, sizeof(*quads));
    if (!values || !quads) {
        return DM_ERR_NO_MEMORY;
    }
    event->values = values;
    event->quads = quads;
    for (size_t i = 0; i < reading->n_arcs; ++i) {
        const struct dm_arc *arc = &reading->arcs[i];
        if (!arc->is_further) {
            continue;
        }
        if (!is_metric_of(arc->p.value, event->check)) {
            quads[event->n_quads++] = (struct dm_quad){
                .s = reading->s, .p = arc->p, .o = arc->o, .g = reading->graph};
            continue;
        }
        const enum dm_status status = take_value(
            reading, shape, arc, event->check.n, &values[event->n_values]);
        if (status) {
            return status;
        }
        ++event->n_values;
    }
    assert(event->n_values == n_values);
    return DM_OK;
}

static enum dm_status
shape_star(struct dm_reading *reading)
{
    const bool is_event = reading->subject == DM_SUBJECT_EVENT;
    const struct shape *shape = is_event ? &shape_of_event : &shape_of_state;
    struct dm_payload_event event = {
        .at_ms = DM_NO_TIME,
        .micros = DM_NO_MICROS,
        .certificate_expires_ms = DM_NO_TIME,
        .since_ms = DM_NO_TIME,
        .bad_since_ms = DM_NO_TIME,
    };
    size_t further = 0;
    if (is_event) {
        event.key = reading->key;
    } else {
        event.state = reading->s.value;
    }
    enum dm_status status = take_columns(reading, shape, &event, &further);
    if (!status && is_vocabulary(event.check, is_event)) {
        status = dm_reading_refuse(reading, shape->metric, reading->s.value);
    }
    if (!status && is_event && event.at_ms > event.key.ms) {
        status = dm_reading_refuse(reading, "event-at: dm:at is after its key",
                                   reading->s.value);
    }
    if (!status && further) {
        status = take_further(reading, shape, further, &event);
    }
    if (status) {
        return status;
    }
    struct dm_payload_event *events =
        dm_grow(reading->events, &reading->events_capacity,
                reading->n_events + 1, sizeof(*events), DM_QUADS_MAX);
    if (!events) {
        return DM_ERR_NO_MEMORY;
    }
    reading->events = events;
    events[reading->n_events++] = event;
    return DM_OK;
}

static enum dm_status
shape_metric(struct dm_reading *reading)
{
    const struct dm_str iri = reading->s.value;
    const size_t check_n = dm_metric_check(iri);
    struct dm_payload_metric metric = {
        .iri = iri,
        .check = dm_str_slice(iri, 0, check_n),
        .label = dm_label_decode(dm_str_slice(iri, check_n + 1, iri.n),
                                 reading->arena),
    };
    if (!metric.label.data) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < reading->n_arcs; ++i) {
        const struct dm_arc *arc = &reading->arcs[i];
        struct dm_term *column = NULL;
        if (arc->name == DM_ARC_UNIT) {
            column = &metric.unit;
        } else if (arc->name == DM_ARC_WARN) {
            column = &metric.warn;
        } else if (arc->name == DM_ARC_CRIT) {
            column = &metric.crit;
        } else {
            return dm_reading_refuse(
                reading, "subject: a property that no metric has", iri);
        }
        if (column->kind != DM_TERM_NONE) {
            return dm_reading_refuse(reading, "metric-shape: a property twice",
                                     iri);
        }
        *column = arc->o;
    }
    struct dm_payload_metric *metrics =
        dm_grow(reading->metrics, &reading->metrics_capacity,
                reading->n_metrics + 1, sizeof(*metrics), DM_QUADS_MAX);
    if (!metrics) {
        return DM_ERR_NO_MEMORY;
    }
    reading->metrics = metrics;
    metrics[reading->n_metrics++] = metric;
    return DM_OK;
}

enum dm_status
dm_reading_shape(struct dm_reading *reading)
{
    return reading->subject == DM_SUBJECT_METRIC ? shape_metric(reading)
                                                 : shape_star(reading);
}
