// SPDX-License-Identifier: ISC

#ifndef DM_CHECKS_RUNNER_H
#define DM_CHECKS_RUNNER_H

/**
 * @file
 * All checks of a node: schedule, probes, runs of bad results, heartbeats.
 *
 *     configuration --take_over--> schedule --due--> probe --result--> sink
 *     /ping ------------------------------------------ping--result--> sink
 *
 * take_over() compares the new definitions with the old ones: an unchanged
 * check keeps its slot, its place on the grid and its run of bad results; a
 * changed one runs within a second; one that is gone is cancelled.
 *
 * At most `max_running` probes run at once; what is due beyond that waits its
 * turn and is late, which `lateness` of the figures shows.
 *
 * A heartbeat is not probed: results come from pings. A /start opens a run, the
 * next ping of the same run id (or without one) ends it, and its duration is
 * the time between; :runLimit and :minRun are judged there.
 *
 * R1 A check that is running has one probe; a slot has one check.
 * R2 A result is handed to the sink once, in the order in which probes end.
 *
 * Threads: DM_ON_LOOP. Memory: O(checks).
 */

#include "base/attr.h"
#include "base/env.h"
#include "base/status.h"
#include "checks/result.h"
#include "vocab/config.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_net;
struct dm_runner;

struct dm_runner_options {
    const struct dm_env *env;
    const struct dm_net *net;
    dm_result_fn sink;
    void *DM_NULLABLE sink_context;
    uint32_t max_running; ///< 0: 500
};

struct dm_runner *DM_NULLABLE
dm_runner_new(const struct dm_runner_options *options) DM_NODISCARD;
/// Cancels what runs; no result comes any more.
void dm_runner_free(struct dm_runner *DM_NULLABLE runner);

/// Run the checks of `config` from now on; takes a reference of its own.
/// @return DM_ERR_NO_MEMORY: the old ones go on.
enum dm_status dm_runner_take_over(struct dm_runner *runner,
                                   struct dm_config *config) DM_NODISCARD;

/// What was known of a check before a restart
struct dm_runner_memory {
    struct dm_str check; ///< IRI
    uint32_t bad;
    int64_t started_at_ms; ///< Of a heartbeat's open run, else INT64_MIN
    struct dm_str run_id;
};

/// Once for each check after the first take_over(); others are passed over.
void dm_runner_restore(struct dm_runner *runner,
                       const struct dm_runner_memory *memory);

enum dm_ping_kind {
    DM_PING_SUCCESS,
    DM_PING_START,
    DM_PING_FAIL,
    DM_PING_LOG,
    DM_PING_EXIT, ///< with an exit code
};

struct dm_ping {
    struct dm_str name; ///< Of the heartbeat
    enum dm_ping_kind kind;
    uint32_t exit_code;   ///< 0..255
    struct dm_str run_id; ///< A UUID, or empty
    struct dm_str body;
};

/// @return DM_ERR_NOT_FOUND: no heartbeat of that name takes pings here.
enum dm_status dm_runner_ping(struct dm_runner *runner,
                              const struct dm_ping *ping) DM_NODISCARD;

/// Run a check now, on its schedule's account (`watch` after a change by hand).
enum dm_status dm_runner_hurry(struct dm_runner *runner, struct dm_str name);

struct dm_runner_figures {
    uint32_t checks;
    uint32_t probed; ///< Of them, all but heartbeats
    uint32_t running;
    uint64_t runs;
    uint64_t late_ns_total; ///< Start - due, summed over runs
    int64_t late_ns_max;
};
void dm_runner_figures(const struct dm_runner *runner,
                       struct dm_runner_figures *ret);

DM_END_DECLS

#endif // DM_CHECKS_RUNNER_H
