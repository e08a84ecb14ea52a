// SPDX-License-Identifier: ISC

#ifndef DM_BASE_LOG_H
#define DM_BASE_LOG_H

/**
 * @file
 * What the daemon tells the person who runs it.
 *
 * Libraries return errors and do not log (debug excepted); the daemon logs
 * once, where it decides what an error means. A line is an event and facts:
 *
 *     dm_log(log, DM_LOG_WARNING, "peer.slow", "peer=%s lag_ms=%lld", ...);
 *
 * error: a person must act. warning: may have to. info: life cycle. debug: the
 * rest. Control characters in a line and what is not UTF-8 become '?'; a line
 * over 2 kB is cut at a code point, an event over 63 bytes too. A
 * warning or error of one event is written at most DM_LOG_BURST times in a
 * minute; how many were left out is said with the next one.
 *
 * Threads: any; lines are whole.
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdint.h>

DM_BEGIN_DECLS

struct dm_log;

enum dm_log_level {
    DM_LOG_ERROR,
    DM_LOG_WARNING,
    DM_LOG_INFO,
    DM_LOG_DEBUG,
};

/// Lines of one event in a minute
#define DM_LOG_BURST 10

/// Takes one finished line: event, then facts, without a line end. Called under
/// the log's lock, so it must not log.
typedef void (*dm_log_fn)(void *DM_NULLABLE context, enum dm_log_level level,
                          struct dm_str line);

/// What time a log goes by for its limits, monotonic ns
typedef int64_t (*dm_log_clock_fn)(void *DM_NULLABLE context);

struct dm_log_options {
    enum dm_log_level level; ///< Lines above it are dropped
    dm_log_fn write;
    dm_log_clock_fn clock;
    void *DM_NULLABLE context; ///< Of both
};

struct dm_log *DM_NULLABLE dm_log_new(const struct dm_log_options *options)
    DM_NODISCARD;
void dm_log_free(struct dm_log *DM_NULLABLE log);

/// Write a line; `format` makes the facts, "" for none.
void dm_log(struct dm_log *log, enum dm_log_level level, const char *event,
            const char *format, ...) DM_PRINTF(4, 5);

/// "error", "warning", "info", "debug"
const char *dm_log_level_name(enum dm_log_level level);

DM_END_DECLS

#endif // DM_BASE_LOG_H
