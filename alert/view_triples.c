// SPDX-License-Identifier: ISC

// The graph dm:now: what rules and pages need of each state and node.

#include "alert/view.h"

#include "base/buf.h"
#include "base/time.h"
#include "quadstore/store.h"
#include "quadstore/tripleset.h"
#include "rdf/xsd.h"
#include "vocab/vocabulary.h"

#include <stdio.h>

#define TEXT_MAX 16384U

// Predicates and constants by their ids, interned once for a graph
enum name {
    NAME_TYPE,
    NAME_STATE,
    NAME_NODE_CLASS,
    NAME_CHECK,
    NAME_NODE,
    NAME_KIND,
    NAME_NAME,
    NAME_TITLE,
    NAME_EVERY,
    NAME_SEVERITY,
    NAME_QUORUM,
    NAME_PER_NODE,
    NAME_CERT_WARN,
    NAME_LABEL,
    NAME_TAG,
    NAME_GROUP,
    NAME_RUNBOOK,
    NAME_SUMMARY,
    NAME_EVENT,
    NAME_STATUS,
    NAME_AT,
    NAME_SECONDS,
    NAME_MESSAGE,
    NAME_FAILURE,
    NAME_CERTIFICATE_EXPIRES,
    NAME_DEFINITION,
    NAME_SINCE,
    NAME_STREAK,
    NAME_BAD,
    NAME_BAD_SINCE,
    NAME_FAILING,
    NAME_MUTED,
    NAME_MUTED_BY,
    NAME_LAST_SEEN,
    NAME_SILENT,
    NAME_FORKED_AT,
    NAMES,
};

static const char *const names[NAMES] = {
    [NAME_TYPE] = DM_RDF_NS "type",
    [NAME_STATE] = DM_VOCAB_NS "State",
    [NAME_NODE_CLASS] = DM_VOCAB_NS "Node",
    [NAME_CHECK] = DM_VOCAB_NS "check",
    [NAME_NODE] = DM_VOCAB_NS "node",
    [NAME_KIND] = DM_VOCAB_NS "kind",
    [NAME_NAME] = DM_VOCAB_NS "name",
    [NAME_TITLE] = DM_VOCAB_NS "title",
    [NAME_EVERY] = DM_VOCAB_NS "every",
    [NAME_SEVERITY] = DM_VOCAB_NS "severity",
    [NAME_QUORUM] = DM_VOCAB_NS "quorum",
    [NAME_PER_NODE] = DM_VOCAB_NS "perNode",
    [NAME_CERT_WARN] = DM_VOCAB_NS "certWarn",
    [NAME_LABEL] = DM_VOCAB_NS "label",
    [NAME_TAG] = DM_VOCAB_NS "tag",
    [NAME_GROUP] = DM_VOCAB_NS "group",
    [NAME_RUNBOOK] = DM_VOCAB_NS "runbook",
    [NAME_SUMMARY] = DM_VOCAB_NS "summary",
    [NAME_EVENT] = DM_VOCAB_NS "event",
    [NAME_STATUS] = DM_VOCAB_NS "status",
    [NAME_AT] = DM_VOCAB_NS "at",
    [NAME_SECONDS] = DM_VOCAB_NS "seconds",
    [NAME_MESSAGE] = DM_VOCAB_NS "message",
    [NAME_FAILURE] = DM_VOCAB_NS "failure",
    [NAME_CERTIFICATE_EXPIRES] = DM_VOCAB_NS "certificateExpires",
    [NAME_DEFINITION] = DM_VOCAB_NS "definition",
    [NAME_SINCE] = DM_VOCAB_NS "since",
    [NAME_STREAK] = DM_VOCAB_NS "streak",
    [NAME_BAD] = DM_VOCAB_NS "bad",
    [NAME_BAD_SINCE] = DM_VOCAB_NS "badSince",
    [NAME_FAILING] = DM_VOCAB_NS "failing",
    [NAME_MUTED] = DM_VOCAB_NS "muted",
    [NAME_MUTED_BY] = DM_VOCAB_NS "mutedBy",
    [NAME_LAST_SEEN] = DM_VOCAB_NS "lastSeen",
    [NAME_SILENT] = DM_VOCAB_NS "silent",
    [NAME_FORKED_AT] = DM_VOCAB_NS "forkedAt",
};

#define STATUSES 7U

// A graph in the making. The first failure is kept; what follows does nothing.
struct graph {
    struct dm_snapshot *snapshot;
    struct dm_tripleset *set;
    dm_id ids[NAMES];
    dm_id statuses[STATUSES];
    struct dm_buf text;
    enum dm_status status;
};

static dm_id
intern(struct graph *graph, const struct dm_term *term)
{
    dm_id id = DM_ID_NONE;
    if (!graph->status) {
        graph->status = dm_snapshot_intern(graph->snapshot, term, &id);
    }
    return id;
}

static dm_id
iri_id(struct graph *graph, struct dm_str iri)
{
    const struct dm_term term = dm_term_iri(iri);
    return intern(graph, &term);
}

static void
add(struct graph *graph, dm_id s, enum name p, dm_id o)
{
    if (!graph->status) {
        graph->status = dm_tripleset_add(graph->set, s, graph->ids[p], o);
    }
}

static void
add_iri(struct graph *graph, dm_id s, enum name p, struct dm_str iri)
{
    if (iri.n) {
        add(graph, s, p, iri_id(graph, iri));
    }
}

static void
add_typed(struct graph *graph, dm_id s, enum name p, struct dm_str text,
          const char *datatype)
{
    const struct dm_term term = dm_term_literal(text, dm_str(datatype));
    add(graph, s, p, intern(graph, &term));
}

static void
add_text(struct graph *graph, dm_id s, enum name p, struct dm_str text)
{
    if (text.n) {
        add_typed(graph, s, p, text, DM_XSD_NS "string");
    }
}

static void
add_integer(struct graph *graph, dm_id s, enum name p, int64_t value)
{
    dm_id id = DM_ID_NONE;
    if (dm_id_from_integer(value, &id)) {
        add(graph, s, p, id);
    }
}

static void
add_boolean(struct graph *graph, dm_id s, enum name p, bool value)
{
    add(graph, s, p, dm_id_from_boolean(value));
}

static void
add_time(struct graph *graph, dm_id s, enum name p, int64_t ms)
{
    dm_id id = DM_ID_NONE;
    if (ms == DM_NO_TIME || ms < DM_TIME_MIN_MS || ms > DM_TIME_MAX_MS) {
        return;
    }
    if (dm_id_from_datetime(ms, &id)) {
        add(graph, s, p, id);
        return;
    }
    char text[DM_TIME_SIZE];
    dm_time_format(ms, text);
    add_typed(graph, s, p, dm_str(text), DM_XSD_NS "dateTime");
}

static void
add_duration(struct graph *graph, dm_id s, enum name p, int64_t ms)
{
    dm_buf_clear(&graph->text);
    dm_duration_format(ms, &graph->text);
    add_typed(graph, s, p, dm_buf_str(&graph->text),
              DM_XSD_NS "dayTimeDuration");
}

static void
add_seconds(struct graph *graph, dm_id s, int64_t micros)
{
    static const uint32_t scale_of_micros = 6;
    if (micros == DM_NO_MICROS) {
        return;
    }
    dm_buf_clear(&graph->text);
    dm_decimal_format(dm_decimal_from_int64(micros, scale_of_micros),
                      &graph->text);
    add_typed(graph, s, NAME_SECONDS, dm_buf_str(&graph->text),
              DM_XSD_NS "decimal");
}

static void
add_labels(struct graph *graph, dm_id s, const struct dm_pairs *labels)
{
    for (size_t i = 0; i < labels->n; ++i) {
        dm_buf_clear(&graph->text);
        (void)dm_buf_put_str(&graph->text, labels->items[i].name);
        (void)dm_buf_putc(&graph->text, '=');
        (void)dm_buf_put_str(&graph->text, labels->items[i].value);
        add_text(graph, s, NAME_LABEL, dm_buf_str(&graph->text));
    }
}

static bool
has_certificate(enum dm_check_kind kind)
{
    return kind == DM_CHECK_HTTP || kind == DM_CHECK_TCP ||
           kind == DM_CHECK_TLS;
}

// What the state repeats of the definition that its node ran
static void
add_definition(struct graph *graph, dm_id s, const struct dm_view_state *state)
{
    const struct dm_check_def *check = state->check;
    char kind[128];
    (void)snprintf(kind, sizeof(kind), "%s%s", DM_VOCAB_NS,
                   dm_check_kind_name(check->kind));
    add_iri(graph, s, NAME_CHECK, check->iri);
    add_iri(graph, s, NAME_KIND, dm_str(kind));
    add_text(graph, s, NAME_NAME, state->name);
    add_text(graph, s, NAME_TITLE, check->title);
    add_text(graph, s, NAME_GROUP, check->group);
    add_text(graph, s, NAME_SEVERITY,
             dm_str(dm_severity_name(check->severity)));
    add_text(graph, s, NAME_SUMMARY, check->summary);
    add_boolean(graph, s, NAME_PER_NODE, check->per_node);
    add_integer(graph, s, NAME_QUORUM, state->quorum);
    if (check->runbook.n) {
        add_typed(graph, s, NAME_RUNBOOK, check->runbook, DM_XSD_NS "anyURI");
    }
    if (check->every_ms) {
        add_duration(graph, s, NAME_EVERY, check->every_ms);
    }
    if (has_certificate(check->kind)) {
        add_duration(graph, s, NAME_CERT_WARN, check->cert_warn_ms);
    }
    for (size_t i = 0; i < check->tags.n; ++i) {
        add_text(graph, s, NAME_TAG, check->tags.items[i]);
    }
    add_labels(graph, s, &check->labels);
}

static void
add_state(struct graph *graph, const struct dm_view_state *state)
{
    const dm_id s = iri_id(graph, state->iri);
    add(graph, s, NAME_TYPE, graph->ids[NAME_STATE]);
    if (state->node) {
        add_iri(graph, s, NAME_NODE, state->node->iri);
    }
    add_definition(graph, s, state);
    add(graph, s, NAME_STATUS, graph->statuses[state->status]);
    add_boolean(graph, s, NAME_FAILING, state->failing);
    add_boolean(graph, s, NAME_MUTED, state->muted);
    add_iri(graph, s, NAME_MUTED_BY, state->muted_by);
    add_integer(graph, s, NAME_BAD, state->bad);
    add_text(graph, s, NAME_MESSAGE, state->message);
    add_time(graph, s, NAME_AT, state->at_ms);
    if (!state->event.ms) {
        return; // Never pinged: nothing else is known
    }
    add(graph, s, NAME_EVENT, dm_id_from_event(&state->event));
    add_text(graph, s, NAME_DEFINITION, dm_str(state->check->definition));
    add_integer(graph, s, NAME_STREAK, state->streak);
    add_iri(graph, s, NAME_FAILURE, state->failure);
    add_seconds(graph, s, state->micros);
    add_time(graph, s, NAME_SINCE, state->since_ms);
    add_time(graph, s, NAME_BAD_SINCE, state->bad_since_ms);
    add_time(graph, s, NAME_CERTIFICATE_EXPIRES, state->certificate_expires_ms);
}

static void
add_node(struct graph *graph, const struct dm_view_node *node)
{
    const dm_id s = iri_id(graph, node->log->iri);
    add(graph, s, NAME_TYPE, graph->ids[NAME_NODE_CLASS]);
    add_text(graph, s, NAME_NAME, node->log->name);
    add_boolean(graph, s, NAME_SILENT, node->silent);
    add_time(graph, s, NAME_LAST_SEEN, node->log->last_seen_ms);
    if (node->log->forked_at) {
        add_integer(graph, s, NAME_FORKED_AT, (int64_t)node->log->forked_at);
    }
}

static void
intern_names(struct graph *graph)
{
    for (size_t i = 0; i < NAMES; ++i) {
        graph->ids[i] = iri_id(graph, dm_str(names[i]));
    }
    for (unsigned i = 0; i < STATUSES; ++i) {
        char iri[128];
        (void)snprintf(iri, sizeof(iri), "%s%s", DM_VOCAB_NS,
                       dm_result_status_name((enum dm_result_status)i));
        graph->statuses[i] = iri_id(graph, dm_str(iri));
    }
}

enum dm_status
dm_view_triples(const struct dm_view *view, struct dm_snapshot *snapshot,
                struct dm_tripleset *set)
{
    struct graph graph = {.snapshot = snapshot, .set = set};
    dm_buf_init(&graph.text, TEXT_MAX);
    intern_names(&graph);
    for (size_t i = 0; i < view->n_states; ++i) {
        add_state(&graph, &view->states[i]);
    }
    for (size_t i = 0; i < view->n_nodes; ++i) {
        add_node(&graph, &view->nodes[i]);
    }
    dm_buf_done(&graph.text);
    return graph.status;
}
