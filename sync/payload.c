// SPDX-License-Identifier: ISC

#include "sync/payload.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "sync/cipher.h"
#include "sync/form_private.h"
#include "sync/frame.h"
#include "sync/label.h"
#include "sync/payload_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

// Of each, "ipns://K" before it
static const char *const graph_suffixes[] = {
    [DM_PAYLOAD_DATA] = "",
    [DM_PAYLOAD_CONF] = "#config",
    [DM_PAYLOAD_SNAP] = "#state",
    [DM_PAYLOAD_NOTE] = "#notes",
};

#define GRAPH_SIZE (DM_KEY_IRI_SIZE + 8)

enum dm_status
dm_reading_refuse(struct dm_reading *reading, const char *wrong,
                  struct dm_str subject)
{
    const struct dm_str shown = dm_utf8_cut(subject, 200);
    (void)dm_error_set(reading->error, DM_ERR_CORRUPT, "%s", wrong);
    dm_error_detail(reading->error, "%.*s", (int)shown.n,
                    shown.data ? shown.data : "");
    dm_error_where(reading->error, dm_str(""), reading->line, 0);
    return DM_ERR_CORRUPT;
}

static enum dm_status
refuse_line(struct dm_reading *reading, const char *wrong)
{
    return dm_reading_refuse(reading, wrong, reading->s.value);
}

// -------------------------------------------------------------------- subjects

static enum dm_subject
subject_of(struct dm_reading *reading, struct dm_str iri)
{
    switch (reading->role) {
    case DM_PAYLOAD_DATA:
        if (dm_event_iri_read(iri, reading->log_iri, &reading->key)) {
            return DM_SUBJECT_EVENT;
        }
        return dm_metric_check(iri) ? DM_SUBJECT_METRIC : DM_SUBJECT_NONE;
    case DM_PAYLOAD_SNAP:
        if (dm_state_iri_is(iri, reading->log_iri)) {
            return DM_SUBJECT_STATE;
        }
        return dm_metric_check(iri) ? DM_SUBJECT_METRIC : DM_SUBJECT_NONE;
    case DM_PAYLOAD_CONF:
    case DM_PAYLOAD_NOTE:
        break;
    }
    return DM_SUBJECT_PLAIN;
}

static bool
is_after(const struct dm_event_key *a, const struct dm_event_key *b)
{
    return a->ms != b->ms ? a->ms > b->ms : a->n > b->n;
}

static enum dm_status
end_subject(struct dm_reading *reading)
{
    if (reading->n_arcs == 0) {
        return DM_OK;
    }
    const enum dm_status status = dm_reading_shape(reading);
    reading->n_arcs = 0;
    return status;
}

static enum dm_status
begin_subject(struct dm_reading *reading, struct dm_scanner *scanner)
{
    const char *from = scanner->at;
    enum dm_status status = end_subject(reading);
    if (!status) {
        status = dm_scan_iri(scanner, &reading->s);
    }
    if (!status) {
        status = dm_scan_space(scanner);
    }
    if (status) {
        return status;
    }
    reading->head = dm_str_n(from, (size_t)(scanner->at - from));
    reading->subject = subject_of(reading, reading->s.value);
    if (reading->subject == DM_SUBJECT_NONE) {
        return refuse_line(reading, reading->role == DM_PAYLOAD_DATA
                                        ? "subject: neither an event nor a "
                                          "metric of one here"
                                        : "subject: neither a State nor a "
                                          "metric");
    }
    if (reading->subject == DM_SUBJECT_EVENT && reading->after.ms != 0 &&
        !is_after(&reading->key, &reading->after)) {
        return refuse_line(reading,
                           "event-key: not after those of earlier entries");
    }
    return DM_OK;
}

// ----------------------------------------------------------------------- lines

// The next arc, not yet counted: what is scanned is written to it.
static struct dm_arc *
next_arc(struct dm_reading *reading)
{
    struct dm_arc *arcs =
        dm_grow(reading->arcs, &reading->arcs_capacity, reading->n_arcs + 1,
                sizeof(*arcs), DM_QUADS_MAX);
    if (!arcs) {
        return NULL;
    }
    reading->arcs = arcs;
    return &arcs[reading->n_arcs];
}

static enum dm_status
put_quad(struct dm_reading *reading, const struct dm_arc *arc)
{
    struct dm_quad *quads =
        dm_grow(reading->quads, &reading->quads_capacity, reading->n_quads + 1,
                sizeof(*quads), DM_QUADS_MAX);
    if (!quads) {
        return DM_ERR_NO_MEMORY;
    }
    reading->quads = quads;
    quads[reading->n_quads++] = (struct dm_quad){
        .s = reading->s, .p = arc->p, .o = arc->o, .g = reading->graph};
    return DM_OK;
}

// What stands where the graph and the end should
static enum dm_status
refuse_tail(struct dm_reading *reading, const struct dm_scanner *scanner)
{
    const struct dm_str rest =
        dm_str_n(scanner->at, (size_t)(scanner->end - scanner->at));
    if (dm_str_starts(rest, dm_str(" _:"))) {
        return refuse_line(reading, "blank-node: a blank node as graph");
    }
    if (dm_str_starts(rest, dm_str(" <")) &&
        DM_FAULT("accept a foreign graph")) {
        return DM_OK;
    }
    if (dm_str_starts(rest, dm_str(" <")) &&
        !dm_str_starts(rest,
                       dm_str_slice(reading->tail, 0, reading->tail.n - 2))) {
        return refuse_line(reading, "graph: not the graph of this payload");
    }
    return refuse_line(reading, dm_str_is(rest, " .")
                                    ? "graph: the default graph"
                                    : "not-canonical: the end of the line");
}

// Take what follows the subject.
static enum dm_status
take_arc(struct dm_reading *reading, struct dm_scanner *scanner)
{
    struct dm_arc *arc = next_arc(reading);
    if (!arc) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status = dm_scan_iri(scanner, &arc->p);
    if (!status) {
        status = dm_scan_space(scanner);
    }
    if (!status) {
        status = dm_scan_object(scanner, &arc->o);
    }
    if (status) {
        return status;
    }
    const size_t rest = (size_t)(scanner->end - scanner->at);
    if (rest != reading->tail.n ||
        memcmp(scanner->at, reading->tail.data, rest) != 0) {
        return refuse_tail(reading, scanner);
    }
    status = dm_scan_limits(scanner, &arc->p, &arc->o);
    if (status) {
        return status;
    }
    if (reading->subject == DM_SUBJECT_PLAIN) {
        return put_quad(reading, arc);
    }
    arc->name = dm_arc_name_of(arc->p.value);
    arc->form = scanner->form;
    arc->ms = scanner->ms;
    ++reading->n_arcs;
    return DM_OK;
}

static enum dm_status
take_line(struct dm_reading *reading, struct dm_str line)
{
    struct dm_scanner scanner = {.at = line.data,
                                 .end = line.data + line.n,
                                 .arena = reading->arena,
                                 .scratch = &reading->scratch};
    enum dm_status status = DM_OK;
    if (line.n > reading->head.n && reading->head.n &&
        memcmp(line.data, reading->head.data, reading->head.n) == 0) {
        scanner.at += reading->head.n;
    } else {
        status = begin_subject(reading, &scanner);
    }
    if (!status) {
        status = take_arc(reading, &scanner);
    }
    if ((status == DM_ERR_CORRUPT || status == DM_ERR_LIMIT) && scanner.wrong) {
        (void)refuse_line(reading, scanner.wrong);
    }
    return status;
}

static enum dm_status
take_lines(struct dm_reading *reading, struct dm_str text)
{
    struct dm_str before = {NULL, 0};
    if (text.n == 0) {
        return refuse_line(reading, "no-quads: nothing in it");
    }
    while (text.n) {
        const char *lf = memchr(text.data, '\n', text.n);
        ++reading->line;
        if (!lf) {
            return refuse_line(reading, "no-final-lf: the last line has no LF");
        }
        const struct dm_str line =
            dm_str_n(text.data, (size_t)(lf - text.data));
        if (line.n > DM_LINE_MAX) {
            (void)refuse_line(reading, "limit-line: a longer line");
            return DM_ERR_LIMIT;
        }
        const int order = before.data ? dm_str_compare(before, line) : -1;
        if (order >= 0) {
            return refuse_line(reading, order ? "line-order: not ascending"
                                              : "line-twice: a line twice");
        }
        if (reading->n == DM_QUADS_MAX) {
            (void)refuse_line(reading, "limit-quads: more quads");
            return DM_ERR_LIMIT;
        }
        ++reading->n;
        const enum dm_status status = take_line(reading, line);
        if (status) {
            return status;
        }
        before = line;
        text = dm_str_slice(text, line.n + 1, text.n);
    }
    return end_subject(reading);
}

// ------------------------------------------------------------------- the whole

// A run of metrics of one check; `head` = "CHECK#"
struct group {
    struct dm_str head;
    bool has_event;
};

// Compare CHECK# with the head of a group.
static int
compare_check(struct dm_str check, struct dm_str head)
{
    const size_t n = check.n < head.n - 1 ? check.n : head.n - 1;
    const int order = n ? memcmp(check.data, head.data, n) : 0;
    if (order) {
        return order;
    }
    if (check.n == head.n - 1) {
        return 0;
    }
    // One of them goes on where the other has its '#'
    return check.n > n ? (unsigned char)check.data[n] - '#'
                       : '#' - (unsigned char)head.data[n];
}

static void
mark_group(struct group *groups, size_t n, struct dm_str check)
{
    size_t from = 0;
    while (from < n) {
        const size_t middle = from + (n - from) / 2;
        const int order = compare_check(check, groups[middle].head);
        if (order == 0) {
            groups[middle].has_event = true;
            return;
        }
        if (order < 0) {
            n = middle;
        } else {
            from = middle + 1;
        }
    }
}

// Each metric is one of a check that has an event here. Metrics are sorted by
// their IRI, so those of a check stand together, and the groups are sorted by
// CHECK#.
static enum dm_status
check_metrics(struct dm_reading *reading)
{
    enum dm_status status = DM_OK;
    struct group *groups = dm_calloc(reading->n_metrics, sizeof(*groups));
    size_t n = 0;
    if (!groups) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < reading->n_metrics; ++i) {
        const struct dm_payload_metric *metric = &reading->metrics[i];
        const struct dm_str head =
            dm_str_slice(metric->iri, 0, metric->check.n + 1);
        if (n == 0 || !dm_str_equal(groups[n - 1].head, head)) {
            groups[n++] = (struct group){.head = head};
        }
    }
    for (size_t i = 0; i < reading->n_events; ++i) {
        mark_group(groups, n, reading->events[i].check);
    }
    for (size_t i = 0; i < n && !status; ++i) {
        if (!groups[i].has_event) {
            status = dm_reading_refuse(
                reading, "subject: a metric of a check without event here",
                groups[i].head);
        }
    }
    dm_free(groups);
    return status;
}

// Lines are sorted by bytes, so events of one ms are not by their number. There
// are few of them.
static void
copy_sorted(const struct dm_payload_event *events, size_t n,
            struct dm_payload_event *to)
{
    size_t at = 0;
    while (at < n) {
        const struct dm_payload_event *by_n[DM_EVENT_N_MAX + 1] = {NULL};
        const int64_t ms = events[at].key.ms;
        for (; at < n && events[at].key.ms == ms; ++at) {
            by_n[events[at].key.n] = &events[at];
        }
        for (size_t i = 0; i < DM_COUNT_OF(by_n); ++i) {
            if (by_n[i]) {
                *to++ = *by_n[i];
            }
        }
    }
}

// A copy of a gathered array in the arena
static void *
keep(struct dm_reading *reading, const void *items, size_t n, size_t size,
     bool *failed)
{
    if (n == 0) {
        return NULL;
    }
    void *kept = dm_arena_alloc(reading->arena, n, size);
    if (!kept) {
        *failed = true;
        return NULL;
    }
    return memcpy(kept, items, n * size);
}

static enum dm_status
finish(struct dm_reading *reading, struct dm_payload *payload)
{
    bool failed = false;
    const bool is_data = reading->role == DM_PAYLOAD_DATA;
    if (is_data && reading->n_metrics) {
        const enum dm_status status = check_metrics(reading);
        if (status) {
            return status;
        }
    }
    struct dm_payload_event *events = keep(
        reading, reading->events, reading->n_events, sizeof(*events), &failed);
    if (events && is_data) {
        copy_sorted(reading->events, reading->n_events, events);
    }
    payload->n = reading->n;
    payload->n_events = reading->n_events;
    payload->events = events;
    payload->n_metrics = reading->n_metrics;
    payload->metrics = keep(reading, reading->metrics, reading->n_metrics,
                            sizeof(*payload->metrics), &failed);
    payload->n_quads = reading->n_quads;
    payload->quads = keep(reading, reading->quads, reading->n_quads,
                          sizeof(*payload->quads), &failed);
    return failed ? DM_ERR_NO_MEMORY : DM_OK;
}

enum dm_status
dm_payload_parse(struct dm_str text, const struct dm_text_spec *spec,
                 struct dm_payload *payload, struct dm_error *error)
{
    struct dm_reading reading = {
        .role = spec->role,
        .log_iri = spec->log_iri,
        .graph = dm_term_iri(spec->graph),
        .after = spec->after,
        .arena = &payload->arena,
        .error = error,
    };
    enum dm_status status = DM_ERR_NO_MEMORY;
    dm_buf_init(&reading.scratch, DM_FORM_SCRATCH);
    char *tail = dm_arena_alloc(&payload->arena, spec->graph.n + 5, 1);
    if (tail) {
        memcpy(tail, " <", 2);
        memcpy(tail + 2, spec->graph.data, spec->graph.n);
        memcpy(tail + 2 + spec->graph.n, "> .", 3);
        reading.tail = dm_str_n(tail, spec->graph.n + 5);
        payload->text = text;
        payload->size = text.n;
        status = take_lines(&reading, text);
    }
    if (!status) {
        status = finish(&reading, payload);
    }
    dm_buf_done(&reading.scratch);
    dm_free(reading.arcs);
    dm_free(reading.events);
    dm_free(reading.metrics);
    dm_free(reading.quads);
    return status;
}

// -------------------------------------------------------------------- payloads

static enum dm_status
check_expected(const struct dm_payload_spec *spec,
               const struct dm_payload *payload, struct dm_error *error)
{
    if (spec->has_expected && spec->size != payload->size) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "size: %zu bytes, not as many as were said",
                            payload->size);
    }
    if (spec->has_expected && spec->n != payload->n) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "quads: %zu, not as many as were said", payload->n);
    }
    return DM_OK;
}

// Read into a payload whose arena was made; it is released on failure.
static enum dm_status
read_text(struct dm_str text, const struct dm_payload_spec *spec,
          struct dm_payload *payload, struct dm_error *error)
{
    enum dm_status status = DM_ERR_NO_MEMORY;
    char iri[DM_KEY_IRI_SIZE];
    char graph[GRAPH_SIZE];
    if (spec->log_iri.n) {
        assert(spec->log_iri.n < sizeof(iri));
        memcpy(iri, spec->log_iri.data, spec->log_iri.n);
        iri[spec->log_iri.n] = '\0';
    } else {
        dm_key_iri(spec->log, iri);
    }
    (void)snprintf(graph, sizeof(graph), "%s%s", iri,
                   graph_suffixes[spec->role]);
    const struct dm_text_spec parse = {
        .role = spec->role,
        .log_iri = dm_str(iri),
        .graph = dm_arena_copy(&payload->arena, dm_str(graph)),
        .after = spec->after,
    };
    if (text.n > DM_INFLATED_MAX) {
        status =
            dm_error_set(error, DM_ERR_CORRUPT,
                         "limit-inflated: more than %u bytes", DM_INFLATED_MAX);
    } else if (parse.graph.data) {
        status = dm_payload_parse(text, &parse, payload, error);
    }
    if (status == DM_ERR_LIMIT) {
        status = DM_ERR_CORRUPT; // To a reader it is a refusal like others
    }
    if (!status) {
        status = check_expected(spec, payload, error);
    }
    if (status == DM_ERR_NO_MEMORY) {
        (void)dm_error_set(error, status, "no memory to read a payload");
    }
    return status;
}

enum dm_status
dm_payload_read_text(struct dm_str text, const struct dm_payload_spec *spec,
                     struct dm_account *account, struct dm_payload *ret,
                     struct dm_error *error)
{
    struct dm_payload payload = {.n = 0};
    dm_arena_init(&payload.arena, DM_PAYLOAD_MEMORY, account);
    const enum dm_status status = read_text(text, spec, &payload, error);
    if (status) {
        dm_arena_done(&payload.arena);
        return status;
    }
    *ret = payload;
    return DM_OK;
}

// Inflate `bytes` into the arena.
static enum dm_status
inflate(struct dm_str bytes, const struct dm_payload_spec *spec,
        struct dm_arena *arena, struct dm_str *ret, struct dm_error *error)
{
    struct dm_frame frame = {.size = 0};
    enum dm_status status = dm_frame_read(bytes, &frame, error);
    if (status) {
        return status;
    }
    if (spec->has_expected && spec->size != frame.size) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "size: %zu bytes, not as many as were said",
                            frame.size);
    }
    struct dm_inflater *own = NULL;
    struct dm_inflater *inflater = spec->inflater;
    if (!inflater) {
        own = dm_inflater_new();
        inflater = own;
    }
    char *content = dm_arena_alloc(arena, frame.size + 1, 1);
    if (inflater && content) {
        status = dm_frame_inflate(inflater, bytes, &frame, content, error);
        *ret = dm_str_n(content, frame.size);
    } else {
        status = dm_error_set(error, DM_ERR_NO_MEMORY,
                              "no memory to inflate a payload");
    }
    dm_inflater_free(own);
    return status;
}

enum dm_status
dm_payload_read(struct dm_str block, const struct dm_payload_spec *spec,
                struct dm_account *account, struct dm_payload *ret,
                struct dm_error *error)
{
    if (block.n > DM_PAYLOAD_MAX) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "limit-block: more than %u bytes", DM_PAYLOAD_MAX);
    }
    if (spec->has_enc && (!spec->key || memcmp(spec->key->id, spec->enc,
                                               sizeof(spec->enc)) != 0)) {
        return dm_error_set(error, DM_ERR_NOT_FOUND,
                            "its key is not here: it stays unread");
    }

    struct dm_payload payload = {.n = 0};
    struct dm_str text = {NULL, 0};
    struct dm_str bytes = block;
    enum dm_status status = DM_OK;
    struct dm_buf frame;
    dm_buf_init(&frame, DM_PAYLOAD_MAX);
    dm_arena_init(&payload.arena, DM_PAYLOAD_MEMORY, account);
    if (spec->has_enc) {
        status = dm_cipher_open(spec->key, spec->log, block, &frame, error);
        bytes = dm_buf_str(&frame);
    }
    if (!status) {
        status = inflate(bytes, spec, &payload.arena, &text, error);
    }
    dm_buf_done(&frame);
    if (!status) {
        status = read_text(text, spec, &payload, error);
    }
    if (status) {
        dm_arena_done(&payload.arena);
        return status;
    }
    *ret = payload;
    return DM_OK;
}

void
dm_payload_done(struct dm_payload *payload)
{
    dm_arena_done(&payload->arena);
    *payload = (struct dm_payload){.n = 0};
}

enum dm_status
dm_payload_write(const struct dm_env *env, struct dm_str text,
                 const uint8_t log[DM_KEY_PUBLIC_BYTES],
                 const struct dm_payload_key *key, struct dm_buf *buf)
{
    struct dm_buf frame;
    if (text.n > DM_INFLATED_MAX) {
        return DM_ERR_LIMIT;
    }
    if (!key) {
        return dm_frame_write(text, 0, buf);
    }
    dm_buf_init(&frame, DM_PAYLOAD_MAX);
    enum dm_status status = dm_frame_write(text, DM_CIPHER_OVERHEAD, &frame);
    if (!status) {
        status = dm_cipher_seal(env, key, log, dm_buf_str(&frame), buf);
    }
    dm_buf_done(&frame);
    return status;
}
