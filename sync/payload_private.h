// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_PAYLOAD_PRIVATE_H
#define DM_SYNC_PAYLOAD_PRIVATE_H

/**
 * @file
 * How a payload's text becomes events, States and metrics.
 *
 *     payload.c         lines, ascending, in one graph; those of one subject
 * stand together and are gathered as arcs payload_shapes.c  the arcs of a
 * subject become an event, a State, a metric
 *
 * What is being gathered lies in arrays that grow; what a subject became lies
 * in the payload's arena.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/term.h"
#include "sync/line_private.h"
#include "sync/payload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_arena;

/// Properties that have a meaning here
enum dm_arc_name {
    DM_ARC_OTHER,
    DM_ARC_REIFIES,
    DM_ARC_AT,
    DM_ARC_SECONDS,
    DM_ARC_FAILURE,
    DM_ARC_MESSAGE,
    DM_ARC_OUTPUT,
    DM_ARC_RUN_ID,
    DM_ARC_EXPIRES,
    DM_ARC_UNIT,
    DM_ARC_WARN,
    DM_ARC_CRIT,
    DM_ARC_CHECK,
    DM_ARC_EVENT,
    DM_ARC_STATUS,
    DM_ARC_SINCE,
    DM_ARC_STREAK,
    DM_ARC_BAD,
    DM_ARC_BAD_SINCE,
    DM_ARC_DEFINITION,
};

enum dm_subject {
    DM_SUBJECT_NONE,
    DM_SUBJECT_EVENT,
    DM_SUBJECT_STATE,
    DM_SUBJECT_METRIC,
    DM_SUBJECT_PLAIN, ///< In a role that has no shapes
};

/// One triple of the subject at hand
struct dm_arc {
    enum dm_arc_name name;
    enum dm_form form; ///< Of its object
    bool is_further;   ///< It became no column
    int64_t ms;        ///< What its object says, with DM_FORM_DATETIME
    struct dm_term p;
    struct dm_term o;
};

struct dm_reading {
    enum dm_role_of_payload role;
    struct dm_str log_iri;
    struct dm_term graph;
    struct dm_str tail;        ///< What each line ends with: " <graph> ."
    struct dm_event_key after; ///< ms 0: none
    struct dm_arena *arena;
    struct dm_buf scratch;
    struct dm_error *DM_NULLABLE error;
    uint32_t line; ///< From 1
    size_t n;      ///< Lines so far

    enum dm_subject subject;
    struct dm_term s;
    struct dm_str head; ///< What each line of the subject begins with
    struct dm_event_key key;
    struct dm_arc *DM_NULLABLE arcs;
    size_t n_arcs;
    size_t arcs_capacity;

    struct dm_payload_event *DM_NULLABLE events; ///< States too
    size_t n_events;
    size_t events_capacity;
    struct dm_payload_metric *DM_NULLABLE metrics;
    size_t n_metrics;
    size_t metrics_capacity;
    struct dm_quad *DM_NULLABLE quads;
    size_t n_quads;
    size_t quads_capacity;
};

/// Refuse, with the line at hand.
enum dm_status dm_reading_refuse(struct dm_reading *reading, const char *wrong,
                                 struct dm_str subject);

enum dm_arc_name dm_arc_name_of(struct dm_str iri);

/// Whether `iri` is an event of the log; log 0 in the key.
bool dm_event_iri_read(struct dm_str iri, struct dm_str log_iri,
                       struct dm_event_key *ret);

/// Turn the arcs at hand into what the subject is, at the end of the array that
/// it belongs to.
enum dm_status dm_reading_shape(struct dm_reading *reading) DM_NODISCARD;

/// Read a text whose graph and log are named by IRIs.
struct dm_text_spec {
    enum dm_role_of_payload role;
    struct dm_str log_iri;
    struct dm_str graph;
    struct dm_event_key after;
};
enum dm_status
dm_payload_parse(struct dm_str text, const struct dm_text_spec *spec,
                 struct dm_payload *payload, struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_PAYLOAD_PRIVATE_H
