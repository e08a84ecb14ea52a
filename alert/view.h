// SPDX-License-Identifier: ISC

#ifndef DM_ALERT_VIEW_H
#define DM_ALERT_VIEW_H

/**
 * @file
 * The present: a pure function of what is known and of now.
 *
 *     view(latest, definitions, logs, now) -> states, and when that changes
 *
 * One state for each (node, check) that the node's configuration has; a
 * heartbeat has one over all nodes that may take its ping. It is never stored.
 * As triples it is the graph dm:now, part of the default graph of every query,
 * with the properties that the vocabulary lists for dm:State and dm:Node.
 *
 * V1 The same inputs give the same states in the same order: by check name,
 * then log IRI. V2 A state is judged by the definition that its own node ran.
 * V3 A result is overdue, so the status stale and `since` the instant it fell
 *    due, when `now` is after
 *        at + 2 x every + 30 s                 a check
 *        at + every + grace                    a heartbeat
 *    with `now` corrected by the log's clock offset where that is beyond 5 s.
 * V4 failing = bad > retries. Stays while the status is unknown or stale.
 * V5 muted: something it needs fails; or :alert is false; or a heartbeat is
 *    stale while its :presence allows that.
 * V6 A check without result has no state. A heartbeat never pinged is unknown,
 *    "no ping yet", and not failing.
 * V7 `next_change_ms` is the first instant after now at which the same inputs
 *    give other states: computed from the due times, never by polling.
 *
 * Threads: pure; DM_ON_WORKER. Memory: the view's arena, bounded by the number
 * of states. Cost: O(states log states).
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "quadstore/event.h"
#include "vocab/definitions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_snapshot;
struct dm_tripleset;

/// Slack of V3, and the greatest clock offset that is not corrected
#define DM_STALE_SLACK_MS INT64_C(30000)
#define DM_OFFSET_IGNORED_MS INT64_C(5000)

/// One node, as a reader knows it
struct dm_view_log {
    dm_log_no log;
    struct dm_str iri;
    struct dm_str name; ///< Label node=
    struct dm_str title;
    bool is_self;            ///< Never silent to itself
    int64_t last_seen_ms;    ///< Time of its newest entry; DM_NO_TIME: none yet
    int64_t received_ms;     ///< When that came, by our clock
    int64_t clock_offset_ms; ///< Ours minus its, estimated; 0 unknown
    int64_t seal_ms;
    int64_t max_silence_ms; ///< 0: none
    bool presence_sometimes;
    bool is_renamed;    ///< Others claim its name too: it has a suffix
    uint64_t behind;    ///< Entries that are known of, but not here yet
    uint64_t forked_at; ///< Sequence; 0: not forked
    /// What it runs, by its own conf
    const struct dm_check_def *const *DM_NULLABLE checks;
    size_t n_checks;
};

/// A row of latest beside the IRI of its check
struct dm_view_latest {
    const struct dm_latest *latest;
    struct dm_str check;   ///< IRI
    struct dm_str failure; ///< IRI, or empty
};

struct dm_view_input {
    const struct dm_view_log *logs;
    size_t n_logs;
    const struct dm_view_latest *DM_NULLABLE latest; ///< In any order
    size_t n_latest;
    int64_t now_ms; ///< Wall clock
};

struct dm_view_state {
    struct dm_str iri;  ///< GRAPH#state:NAME, of a heartbeat CHECK#:state
    struct dm_str name; ///< Label check=
    const struct dm_check_def *check;           ///< As its node ran it
    const struct dm_view_log *DM_NULLABLE node; ///< NULL: a heartbeat
    /// Whose the newest event is; NULL: a heartbeat never pinged
    const struct dm_view_log *DM_NULLABLE origin;
    enum dm_result_status status;
    int64_t at_ms; ///< DM_NO_TIME where there was no event
    int64_t since_ms;
    int64_t streak;
    int64_t bad;
    int64_t bad_since_ms; ///< DM_NO_TIME while bad = 0
    int64_t micros;       ///< DM_NO_MICROS
    int64_t certificate_expires_ms;
    struct dm_str failure; ///< IRI, or empty
    struct dm_str message;
    struct dm_event_key event; ///< ms 0: none
    bool failing;
    bool muted;
    struct dm_str muted_by; ///< IRI, or empty
    uint32_t quorum;        ///< V9
};

struct dm_view_node {
    const struct dm_view_log *log;
    bool silent;
};

struct dm_view {
    struct dm_arena arena;
    const struct dm_view_state *states;
    size_t n_states;
    const struct dm_view_node *nodes;
    size_t n_nodes;
    size_t n_shared_names;     ///< Names that two or more checks have
    struct dm_str shared_name; ///< The smallest of them, or empty
    int64_t now_ms;
    int64_t next_change_ms; ///< INT64_MAX: never by itself
};

/// Compute the view. Definitions and logs of `input` outlive it, texts of
/// latest are copied.
/// @return DM_ERR_NO_MEMORY, with nothing to release.
enum dm_status dm_view_compute(const struct dm_view_input *input,
                               struct dm_view *ret) DM_NODISCARD;
void dm_view_done(struct dm_view *view);

/// Put the graph dm:now of `view` into `set` (not yet sealed), with ids of
/// `snapshot`.
enum dm_status dm_view_triples(const struct dm_view *view,
                               struct dm_snapshot *snapshot,
                               struct dm_tripleset *set) DM_NODISCARD;

/// Status over all nodes that see a check: the worst that its quorum agrees on
/// in the order ok, unknown, warning, critical; stale only if all are.
/// @param states All of one check, next to each other.
enum dm_result_status dm_view_check_status(const struct dm_view_state *states,
                                           size_t n);
/// Whether as many of them fail as its quorum asks for, or all there are
bool dm_view_check_fails(const struct dm_view_state *states, size_t n);

DM_END_DECLS

#endif // DM_ALERT_VIEW_H
