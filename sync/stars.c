// SPDX-License-Identifier: ISC

// Events, States and metrics as quads. What was written is read back by the
// code that reads payloads, so that no star leaves that others would refuse.

#include "base/buf.h"
#include "base/time.h"
#include "rdf/xsd.h"
#include "sync/label.h"
#include "sync/number.h"
#include "sync/payload_private.h"
#include "sync/quad_lines_private.h"
#include "vocab/terms.h"

#include <inttypes.h>
#include <stdio.h>

#define MICRO_SCALE 6U
#define MICROS_BELOW INT64_C(1000000000000000) // 10^9 s
#define TEXT_MAX 64U // Of a number or an event's IRI, but for the log's
#define GRAPH_SUFFIX "#state"
#define IRI_MAX ((size_t)DM_WIRE_IRI_MAX * 4) // Longer ones are refused later

/// A star while it is made. After the first failure the puts do nothing.
struct star {
    struct dm_quad_lines *lines;
    struct dm_term s;
    struct dm_term g;
    struct dm_buf text; ///< Of the term at hand
    enum dm_status status;
};

static void
begin(struct star *star, struct dm_quad_lines *lines)
{
    *star = (struct star){.lines = lines};
    dm_line_set_clear(&lines->star);
    dm_buf_init(&star->text, IRI_MAX);
}

static void
put(struct star *star, const char *property, struct dm_term o)
{
    if (!star->status) {
        const struct dm_quad quad = {.s = star->s,
                                     .p = dm_term_iri(dm_str(property)),
                                     .o = o,
                                     .g = star->g};
        star->status =
            dm_line_set_add_quad(star->lines, &star->lines->star, &quad);
    }
}

static void
put_iri(struct star *star, const char *property, struct dm_str iri)
{
    if (iri.n) {
        put(star, property, dm_term_iri(iri));
    }
}

static void
put_string(struct star *star, const char *property, struct dm_str text)
{
    if (text.n) {
        put(star, property, dm_term_string(text));
    }
}

static void
put_time(struct star *star, const char *property, int64_t ms)
{
    char text[DM_TIME_SIZE];
    if (ms == DM_NO_TIME || star->status) {
        return;
    }
    if (ms < DM_TIME_MIN_MS || ms > DM_TIME_MAX_MS) {
        star->status = DM_ERR_ARGUMENT;
        return;
    }
    dm_time_format(ms, text);
    put(star, property,
        dm_term_literal(dm_str(text), dm_str(DM_XSD_NS "dateTime")));
}

static void
put_count(struct star *star, const char *property, int64_t count)
{
    char text[TEXT_MAX];
    (void)snprintf(text, sizeof(text), "%" PRId64, count);
    put(star, property,
        dm_term_literal(dm_str(text), dm_str(DM_XSD_NS "integer")));
}

static void
put_seconds(struct star *star, int64_t micros)
{
    if (micros == DM_NO_MICROS || star->status) {
        return;
    }
    if (micros < 0 || micros >= MICROS_BELOW) {
        star->status = DM_ERR_ARGUMENT;
        return;
    }
    dm_buf_clear(&star->text);
    dm_decimal_format(dm_decimal_from_int64(micros, MICRO_SCALE), &star->text);
    if (star->text.status) {
        star->status = star->text.status;
        return;
    }
    put(star, DM_VOCAB_SECONDS,
        dm_term_literal(dm_buf_str(&star->text), dm_str(DM_XSD_NS "decimal")));
}

// Append the IRI of a metric.
static enum dm_status
put_metric_iri(struct dm_buf *buf, struct dm_str check, struct dm_str label)
{
    (void)dm_buf_put_str(buf, check);
    (void)dm_buf_putc(buf, '#');
    return dm_label_put(label, buf);
}

static void
put_value(struct star *star, struct dm_str check,
          const struct dm_payload_value *value)
{
    struct dm_payload_number number;
    const enum dm_status status =
        dm_payload_number(value->value, value->is_double, &number);
    if (status == DM_ERR_ARGUMENT || star->status) {
        return; // What is no finite number is not sent
    }
    star->status = status;
    if (!star->status) {
        dm_buf_clear(&star->text);
        star->status = put_metric_iri(&star->text, check, value->label);
    }
    if (!star->status) {
        put(star, dm_buf_cstr(&star->text),
            dm_term_literal(dm_str(number.text),
                            dm_str(number.is_double ? DM_XSD_NS "double"
                                                    : DM_XSD_NS "decimal")));
    }
}

// What events and States have in common
static void
put_common(struct star *star, const struct dm_payload_event *event)
{
    put_time(star, DM_VOCAB_AT, event->at_ms);
    put_seconds(star, event->micros);
    put_iri(star, DM_VOCAB_FAILURE, event->failure);
    put_string(star, DM_VOCAB_MESSAGE, event->message);
    put_time(star, DM_VOCAB_CERTIFICATE_EXPIRES, event->certificate_expires_ms);
    for (size_t i = 0; i < event->n_values; ++i) {
        put_value(star, event->check, &event->values[i]);
    }
    for (size_t i = 0; i < event->n_quads && !star->status; ++i) {
        star->status = dm_line_set_add_quad(star->lines, &star->lines->star,
                                            &event->quads[i]);
    }
}

// Read the star back, then let it join the others.
static enum dm_status
end(struct star *star, struct dm_str log_iri, enum dm_role_of_payload role)
{
    enum dm_status status = star->status;
    if (!status && star->lines->star.lines.n) {
        struct dm_payload payload = {.n = 0};
        const struct dm_text_spec spec = {
            .role = role, .log_iri = log_iri, .graph = star->g.value};
        dm_arena_init(&payload.arena, DM_PAYLOAD_MEMORY, NULL);
        status = dm_payload_parse(dm_line_set_text(&star->lines->star), &spec,
                                  &payload, NULL);
        dm_arena_done(&payload.arena);
    }
    if (!status) {
        status = dm_line_set_add_all(&star->lines->all, &star->lines->star);
    }
    dm_buf_done(&star->text);
    return status == DM_ERR_CORRUPT ? DM_ERR_ARGUMENT : status;
}

// Append LOG#MS.N.
static enum dm_status
put_event_iri(struct dm_buf *buf, struct dm_str log_iri,
              const struct dm_event_key *key)
{
    (void)dm_buf_put_str(buf, log_iri);
    return dm_buf_printf(buf, "#%" PRId64 ".%u", key->ms, (unsigned)key->n);
}

static const char *
status_iri(enum dm_result_status status)
{
    switch (status) {
    case DM_RESULT_OK:
        return DM_VOCAB_OK;
    case DM_RESULT_WARNING:
        return DM_VOCAB_WARNING;
    case DM_RESULT_CRITICAL:
        return DM_VOCAB_CRITICAL;
    case DM_RESULT_UNKNOWN:
        return DM_VOCAB_UNKNOWN;
    case DM_RESULT_STALE:
        return DM_VOCAB_STALE; // Refused when read back
    case DM_RESULT_STARTED:
        return DM_VOCAB_STARTED;
    case DM_RESULT_LOGGED:
        return DM_VOCAB_LOGGED;
    }
    return "";
}

enum dm_status
dm_quad_lines_add_event(struct dm_quad_lines *lines, struct dm_str log_iri,
                        const struct dm_payload_event *event)
{
    struct star star;
    struct dm_buf iri;
    begin(&star, lines);
    dm_buf_init(&iri, IRI_MAX);
    star.status = put_event_iri(&iri, log_iri, &event->key);
    star.s = dm_term_iri(dm_buf_str(&iri));
    star.g = dm_term_iri(log_iri);

    const struct dm_triple reified = {
        .s = dm_term_iri(event->check),
        .p = dm_term_iri(dm_str(DM_VOCAB_STATUS)),
        .o = dm_term_iri(dm_str(status_iri(event->status))),
    };
    put(&star, DM_RDF_NS "reifies", dm_term_triple(&reified));
    put_common(&star, event);
    put_string(&star, DM_VOCAB_OUTPUT, event->output);
    put_string(&star, DM_VOCAB_RUN_ID, event->run_id);

    const enum dm_status status = end(&star, log_iri, DM_PAYLOAD_DATA);
    dm_buf_done(&iri);
    return status;
}

enum dm_status
dm_quad_lines_add_metric(struct dm_quad_lines *lines, struct dm_str graph,
                         const struct dm_payload_metric *metric)
{
    struct star star;
    struct dm_buf iri;
    begin(&star, lines);
    dm_buf_init(&iri, IRI_MAX);
    star.status = put_metric_iri(&iri, metric->check, metric->label);
    star.s = dm_term_iri(dm_buf_str(&iri));
    star.g = dm_term_iri(graph);
    if (metric->unit.kind != DM_TERM_NONE) {
        put(&star, DM_VOCAB_UNIT, metric->unit);
    }
    if (metric->warn.kind != DM_TERM_NONE) {
        put(&star, DM_VOCAB_WARN, metric->warn);
    }
    if (metric->crit.kind != DM_TERM_NONE) {
        put(&star, DM_VOCAB_CRIT, metric->crit);
    }
    // As in a snapshot, where a metric needs no event beside it. What is no
    // metric could only be a State, which needs more than this.
    const enum dm_status status = end(&star, graph, DM_PAYLOAD_SNAP);
    dm_buf_done(&iri);
    return status;
}

enum dm_status
dm_quad_lines_add_state(struct dm_quad_lines *lines, struct dm_str log_iri,
                        const struct dm_payload_event *state)
{
    struct star star;
    struct dm_buf iri;
    struct dm_buf graph;
    struct dm_buf event;
    begin(&star, lines);
    dm_buf_init(&iri, IRI_MAX);
    dm_buf_init(&graph, IRI_MAX);
    dm_buf_init(&event, IRI_MAX);
    (void)dm_buf_put_str(&graph, log_iri);
    star.status = dm_buf_puts(&graph, GRAPH_SUFFIX);
    if (state->name.n && !star.status) {
        star.status = dm_state_iri_put(log_iri, state->name, &iri);
    }
    star.s = dm_term_iri(state->name.n ? dm_buf_str(&iri) : state->state);
    star.g = dm_term_iri(dm_buf_str(&graph));

    put_iri(&star, DM_VOCAB_CHECK, state->check);
    if (state->key.ms && !star.status) {
        star.status = put_event_iri(&event, log_iri, &state->key);
        put_iri(&star, DM_VOCAB_EVENT, dm_buf_str(&event));
    }
    if (state->has_status) {
        put_iri(&star, DM_VOCAB_STATUS, dm_str(status_iri(state->status)));
        put_count(&star, DM_VOCAB_STREAK, state->streak);
        put_count(&star, DM_VOCAB_BAD, state->bad);
    }
    put_common(&star, state);
    put_time(&star, DM_VOCAB_SINCE, state->since_ms);
    put_time(&star, DM_VOCAB_BAD_SINCE, state->bad_since_ms);
    put_string(&star, DM_VOCAB_DEFINITION, state->definition);

    const enum dm_status status = end(&star, log_iri, DM_PAYLOAD_SNAP);
    dm_buf_done(&iri);
    dm_buf_done(&graph);
    dm_buf_done(&event);
    return status;
}
