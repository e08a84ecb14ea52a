// SPDX-License-Identifier: ISC

#ifndef DM_CHECKS_RESULT_H
#define DM_CHECKS_RESULT_H

/**
 * @file
 * What a probe found, on its way from the loop to the writer.
 *
 * A result owns all its bytes (one arena), so it can wait in a queue and cross
 * to another thread. Its texts are cut to their limits, and free of secrets
 * when it leaves checks/.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_secrets;

/// Longest texts, bytes (docs: times and limits)
#define DM_MESSAGE_MAX 500
#define DM_OUTPUT_MAX 8192
#define DM_RESULT_METRICS_MAX 256

/// As dm:Status; the first four are the exit codes of Nagios plugins
enum dm_verdict {
    DM_VERDICT_OK = 0,
    DM_VERDICT_WARNING = 1,
    DM_VERDICT_CRITICAL = 2,
    DM_VERDICT_UNKNOWN = 3,
    DM_VERDICT_STARTED = 5,
    DM_VERDICT_LOGGED = 6,
};

/// As dm:FailureKind
enum dm_failure {
    DM_FAILURE_NONE,
    DM_FAILURE_RESOLVE,
    DM_FAILURE_CONNECTION,
    DM_FAILURE_TIMED_OUT,
    DM_FAILURE_TLS,
    DM_FAILURE_CERTIFICATE_INVALID,
    DM_FAILURE_STATUS_CODE,
    DM_FAILURE_CONTENT,
    DM_FAILURE_LATENCY,
    DM_FAILURE_THRESHOLD,
    DM_FAILURE_EXIT_CODE,
    DM_FAILURE_MISSED,
    DM_FAILURE_TOO_LONG,
    DM_FAILURE_TOO_SHORT,
    DM_FAILURE_ISOLATED,
    DM_FAILURE_NOT_PERMITTED,
    DM_FAILURE_TIME_LIMIT,
};

/// A figure: decimal or double in canonical form; unit, warn and crit are empty
/// where there is none
struct dm_metric {
    struct dm_str label;
    struct dm_str value;
    bool is_double;
    struct dm_str unit;
    struct dm_str warn;
    struct dm_str crit;
};

struct dm_result {
    struct dm_arena arena;
    struct dm_str check; ///< IRI
    enum dm_verdict verdict;
    enum dm_failure failure;
    int64_t at_ms;                  ///< Wall clock of the result
    int64_t micros;                 ///< How long it took; -1: unknown
    int64_t certificate_expires_ms; ///< INT64_MIN: none
    struct dm_str message;          ///< One line; may be empty
    struct dm_str output;           ///< All that was said; may be empty
    struct dm_str run_id;
    struct dm_metric *DM_NULLABLE metrics;
    size_t n_metrics;
    size_t metrics_capacity;
    bool failed_memory; ///< A text or metric was left out for want of memory
};

/// A result that says unknown, or NULL when out of memory.
struct dm_result *DM_NULLABLE dm_result_new(struct dm_str check) DM_NODISCARD;
void dm_result_free(struct dm_result *DM_NULLABLE result);

/// Set a text, cut at a code point to its limit. Bytes that are not UTF-8
/// become U+FFFD; control characters of a message become spaces, those of an
/// output but LF and tab likewise.
void dm_result_message(struct dm_result *result, struct dm_str text);
void dm_result_output(struct dm_result *result, struct dm_str text);

/**
 * Add a figure; the bytes are copied.
 *
 * @param value As the plugin wrote it, a decimal or double. It is kept as the
 *        wire wants it: a decimal of up to 18 digits, 9 of them behind the
 *        point, else a double.
 * @return The figure, until the next one is added; NULL where `value` is no
 *         finite number, `label` empty or not UTF-8, or there is no room.
 */
struct dm_metric *DM_NULLABLE dm_result_metric(struct dm_result *result,
                                               struct dm_str label,
                                               struct dm_str value);

/// Set unit and ranges of a figure; copied, each may be empty, and is where it
/// is no UTF-8.
void dm_result_metric_ranges(struct dm_result *result, struct dm_metric *metric,
                             struct dm_str unit, struct dm_str warn,
                             struct dm_str crit);

/// Replace secrets in message and output by ***. One that a limit has cut in
/// two is not seen: hide before a text is cut, where it may be long.
void dm_result_hide(struct dm_result *result, const struct dm_secrets *secrets);

/// "connection", "timedOut", … : the local name in the vocabulary; "" for NONE
const char *dm_failure_name(enum dm_failure failure);

/// "ok", "warning", …
const char *dm_verdict_name(enum dm_verdict verdict);

/// Takes a finished result, which is its own from then on. On the loop.
typedef void (*dm_result_fn)(void *DM_NULLABLE context,
                             struct dm_result *result);

DM_END_DECLS

#endif // DM_CHECKS_RESULT_H
