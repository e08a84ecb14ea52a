// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_HISTORY_H
#define DM_QUADSTORE_HISTORY_H

/**
 * @file
 * History and the present as rows: what stars of events and States come from.
 *
 * A filter is a conjunction; an empty list or a full range matches everything.
 * dm_history yields one dm_event for each match. The order is by key (log, ms,
 * n) or by the wall clock (at, then key), forwards or backwards; backwards
 * reads from the end, so "the newest 1000" costs 1000 rows. Time ranges are of
 * dm:at: where a clock was set back, keys run ahead of it, and the search
 * widens its range of keys by the most that they differ in that stretch of the
 * log.
 *
 * dm_aggregate groups the same rows. `is_exact` is false where rollups answer.
 *
 * Texts of rows live until the next row.
 *
 * Cost: rows matched + 1 index look-up for each (log, check) asked for; with
 * neither, the range of time in each log. The present: one row each.
 *
 * Threads: those of the snapshot.
 */

#include "base/attr.h"
#include "base/status.h"
#include "quadstore/event.h"
#include "quadstore/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_snapshot;
struct dm_history;
struct dm_aggregate;
struct dm_latest_scan;

/// What a caller reads; columns not asked for may be left empty
enum dm_history_columns {
    DM_COLUMN_TEXTS = 1,   ///< message, output, run_id
    DM_COLUMN_SAMPLES = 2, ///< metrics with their values
};

struct dm_history_filter {
    dm_log_no log;             ///< 0: every log
    dm_id check;               ///< DM_ID_NONE: every check
    dm_id event;               ///< DM_ID_NONE, or this event alone
    struct dm_event_key after; ///< Keys whose ms and n are above its; ms 0: all
    unsigned statuses;         ///< Bit 1 << enum dm_result_status; 0: every one
    dm_id failure;             ///< DM_ID_NONE: any and none
    int64_t at_from_ms;        ///< Inclusive; INT64_MIN: from the beginning
    int64_t at_until_ms;       ///< Exclusive; INT64_MAX: to the end
    int64_t micros_from;       ///< Inclusive; INT64_MIN: no bound
    int64_t micros_until;      ///< Exclusive; INT64_MAX: no bound
};

/// A filter that matches every event
struct dm_history_filter dm_history_all(void);

enum dm_history_order {
    DM_ORDER_KEY,
    DM_ORDER_AT,
};

struct dm_history_spec {
    struct dm_history_filter filter;
    enum dm_history_order order;
    bool backwards;
    uint64_t limit;   ///< 0: no limit
    unsigned columns; ///< Of enum dm_history_columns
};

enum dm_status dm_history_open(struct dm_snapshot *snapshot,
                               const struct dm_history_spec *spec,
                               struct dm_history **ret) DM_NODISCARD;
enum dm_status dm_history_next(struct dm_history *history, struct dm_event *ret)
    DM_NODISCARD;
void dm_history_close(struct dm_history *DM_NULLABLE history);

/// What rows are grouped by; combined with |
enum dm_group_key {
    DM_GROUP_CHECK = 1,
    DM_GROUP_LOG = 2,
    DM_GROUP_STATUS = 4,
    DM_GROUP_FAILURE = 8,
    DM_GROUP_METRIC = 16, ///< Values are the metric's, not dm:seconds
    DM_GROUP_BUCKET = 32, ///< By at, in buckets of bucket_ms from 1970 on
};

struct dm_aggregate_spec {
    struct dm_history_filter filter;
    unsigned group_by;
    int64_t bucket_ms;
    bool has_quantile;
    double quantile; ///< 0..1: the smallest value that at least this share of
                     ///< the values does not exceed
};

struct dm_aggregate_row {
    dm_id check; ///< Keys not grouped by are 0
    dm_log_no log;
    enum dm_result_status status;
    dm_id failure;
    struct dm_str metric; ///< Its label; until the next row
    int64_t bucket_ms;
    uint64_t count;     ///< Rows
    uint64_t n_values;  ///< Rows that have a value
    int64_t sum_micros; ///< Of dm:seconds; exact
    int64_t min_micros;
    int64_t max_micros;
    double sum; ///< Of a metric
    double min;
    double max;
    double quantile; ///< Of the metric, or of dm:seconds in us
};

/// Rows are read when it is opened. By metric, `count` is the samples with its
/// label, of whichever check.
/// @return DM_ERR_ARGUMENT: a bucket or quantile that is none; DM_ERR_LIMIT: a
///         sum that does not fit.
enum dm_status dm_aggregate_open(struct dm_snapshot *snapshot,
                                 const struct dm_aggregate_spec *spec,
                                 struct dm_aggregate **ret, bool *ret_is_exact)
    DM_NODISCARD;
/// Rows ascend by their keys, in the order of enum dm_group_key.
enum dm_status dm_aggregate_next(struct dm_aggregate *aggregate,
                                 struct dm_aggregate_row *ret) DM_NODISCARD;
void dm_aggregate_close(struct dm_aggregate *DM_NULLABLE aggregate);

/// The present, ascending by (log, check id); log 0 and check 0 are all
enum dm_status dm_latest_open(struct dm_snapshot *snapshot, dm_log_no log,
                              dm_id check, struct dm_latest_scan **ret)
    DM_NODISCARD;
enum dm_status dm_latest_next(struct dm_latest_scan *scan,
                              struct dm_latest *ret) DM_NODISCARD;
void dm_latest_close(struct dm_latest_scan *DM_NULLABLE scan);

DM_END_DECLS

#endif // DM_QUADSTORE_HISTORY_H
