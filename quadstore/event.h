// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_EVENT_H
#define DM_QUADSTORE_EVENT_H

/**
 * @file
 * One result of a check, as it is stored and read back.
 *
 * In RDF it is the star around a reifier (docs/PROTOCOL.md, "Payload"):
 *
 *     EVENT rdf:reifies <<( CHECK dm:status STATUS )>> ; dm:at … ; dm:seconds …
 * ; dm:failure … ; dm:message … ; dm:output … ; dm:runId … ;
 *           dm:certificateExpires … ; METRIC VALUE , …
 *
 * The columns are these and no others; any further property of an event is an
 * ordinary quad, and `has_quads` says that there are some.
 */

#include "base/attr.h"
#include "base/str.h"
#include "quadstore/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// As dm:Status; 0 to 3 are the exit codes of Nagios plugins
enum dm_result_status {
    DM_RESULT_OK = 0,
    DM_RESULT_WARNING = 1,
    DM_RESULT_CRITICAL = 2,
    DM_RESULT_UNKNOWN = 3,
    DM_RESULT_STALE = 4,   ///< Of states only, never of an event
    DM_RESULT_STARTED = 5, ///< A heartbeat's run began: neither good nor bad
    DM_RESULT_LOGGED = 6,  ///< A heartbeat sent something to keep
};

/// dm:seconds and certificate dates that are not there
#define DM_NO_MICROS INT64_C(-1)
#define DM_NO_TIME INT64_MIN

#define DM_METRICS_MAX 256

/// A figure of a result. Its IRI is CHECK#LABEL, the label percent-encoded.
struct dm_sample {
    struct dm_str label; ///< As the plugin says it, not empty
    struct dm_str value; ///< Canonical xsd:decimal or xsd:double
    bool is_double;      ///< The value's datatype is xsd:double
    struct dm_str unit;  ///< Empty where it has none, like the next two
    struct dm_str warn;  ///< Range as Nagios plugins write it
    struct dm_str crit;
};

struct dm_event {
    struct dm_event_key key;
    dm_id check; ///< An IRI
    enum dm_result_status status;
    int64_t at_ms;                  ///< Wall clock; never after key.ms
    int64_t micros;                 ///< dm:seconds in us, or DM_NO_MICROS
    dm_id failure;                  ///< An IRI, or DM_ID_NONE
    int64_t certificate_expires_ms; ///< Or DM_NO_TIME
    struct dm_str message;          ///< Each empty where there is none
    struct dm_str output;
    struct dm_str run_id;
    const struct dm_sample *DM_NULLABLE samples;
    size_t n_samples;
    bool has_quads; ///< It has further properties, stored as quads
};

/// The newest result of one check at one node, and what is counted along the
/// log. `event` is the one with the greatest key among ok, warning, critical
/// and unknown; a newer `started` stands beside it, until a result of its run
/// comes: one with the same run id, or where either has none. Where no result
/// came yet, event.key.ms is 0, its status unknown, and streak 0.
struct dm_latest {
    struct dm_event event;
    int64_t since_ms; ///< dm_event.at_ms of the first of the present run of
                      ///< one status
    int64_t streak;   ///< Results in that run
    int64_t bad;      ///< Results in the present run of warning or critical;
                      ///< unknown neither counts nor breaks it, ok ends it
    int64_t
        bad_since_ms; ///< at_ms of the first of them; DM_NO_TIME while bad = 0
    int64_t certificate_expires_ms; ///< The newest that any event said
    struct dm_event_key started;    ///< ms 0 where no run is open
    int64_t started_at_ms;
    struct dm_str started_run_id;
};

/// "ok", "warning", … ; never NULL
const char *dm_result_status_name(enum dm_result_status status);
/// By its name, or by the local part of its IRI
bool dm_result_status_from_name(struct dm_str name, enum dm_result_status *ret);
/// warning or critical
bool dm_result_is_bad(enum dm_result_status status);

DM_END_DECLS

#endif // DM_QUADSTORE_EVENT_H
