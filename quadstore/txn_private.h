// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_TXN_PRIVATE_H
#define DM_QUADSTORE_TXN_PRIVATE_H

/**
 * @file
 * A transaction from the inside.
 *
 * What changes with each row is counted in memory and written at commit: the
 * newest key and number of rows of a log, quads of a graph, triples of a
 * predicate, the counts of meta.
 */

#include "base/attr.h"
#include "quadstore/present_private.h"
#include "quadstore/row_private.h"
#include "quadstore/store_private.h"
#include "quadstore/write.h"

DM_BEGIN_DECLS

struct dm_import;

struct dm_tally_entry {
    dm_id id;
    int64_t n;
};

/// Ids and by how much each is to go up
struct dm_tally {
    struct dm_map map; ///< Keys look into the arena
    struct dm_arena arena;
};

struct dm_txn {
    struct dm_store *store;
    struct dm_conn *conn;
    struct dm_dict *dict; ///< The store's
    enum dm_status failed;
    uint64_t serial;
    int64_t generation;
    bool raises_generation;
    bool is_read;  ///< By a snapshot of its own: it is not used until then
    int64_t quads; ///< By how much the counts go up
    int64_t triples;
    int64_t latest;
    struct dm_tally graphs;
    struct dm_tally predicates;
    struct dm_buf more;    ///< Scratch: the column of a row
    struct dm_buf sample;  ///< Scratch: samples of a row
    struct dm_arena texts; ///< Handed out by dm_txn_latest()
    struct dm_import *DM_NULLABLE import;
};

/// Write what was counted in memory, so that the connection sees it.
enum dm_status dm_txn_write_counts(struct dm_txn *txn) DM_NODISCARD;

/// Neither failed nor read by a snapshot of its own
bool dm_txn_is_usable(const struct dm_txn *txn);

/// Keep the first failure, so that nothing but a rollback follows.
enum dm_status dm_txn_fail(struct dm_txn *txn, enum dm_status status);

enum dm_status dm_tally_add(struct dm_tally *tally, dm_id id, int64_t n)
    DM_NODISCARD;

/// Forget what was counted of an id.
void dm_tally_clear(struct dm_tally *tally, dm_id id);

/// The writer's cache of `latest` and of metrics
struct dm_presents *DM_NULLABLE dm_presents_new(void) DM_NODISCARD;
void dm_presents_free(struct dm_presents *DM_NULLABLE presents);
void dm_presents_clear(struct dm_presents *presents);
/// Empty the cache where it has grown large; between two transactions.
void dm_presents_trim(struct dm_presents *presents);

/// The present of a check, read where it is not kept yet; valid until the next
/// call. DM_ERR_ARGUMENT where `check` is not the IRI of a check.
enum dm_status dm_presents_get(struct dm_txn *txn, dm_log_no log, dm_id check,
                               struct dm_present_entry **ret) DM_NODISCARD;
/// What the unit, warn and crit of a sample say of its metric
enum dm_texts {
    DM_TEXTS_WHOLE, ///< What they are; an empty one is none
    DM_TEXTS_KNOWN, ///< The same, but an empty one is not known
    DM_TEXTS_LATE,  ///< And nothing of the metrics of the present's event
};

/// The number of a sample's metric; its unit, warn and crit are put into the
/// log's graph where they are new.
enum dm_status dm_presents_metric(struct dm_txn *txn,
                                  const struct dm_present_entry *present,
                                  const struct dm_sample *sample,
                                  enum dm_texts texts, uint64_t *ret)
    DM_NODISCARD;

/// Append a label as a metric's IRI has it: percent-encoded but for unreserved
/// characters.
void dm_metric_put_label(struct dm_buf *buf, struct dm_str label);

/// The row of an event, whose texts are copied into `arena`, or left out where
/// that is NULL
enum dm_status dm_event_read(struct dm_conn *conn, int64_t key,
                             struct dm_arena *DM_NULLABLE arena,
                             struct dm_row *ret) DM_NODISCARD;
/// A row from a query whose columns are those of `event`
enum dm_status dm_event_row(sqlite3_stmt *statement, struct dm_row *ret)
    DM_NODISCARD;

/// Put an event with its key; false in `*ret_is_new` where it is there already.
enum dm_status dm_events_put(struct dm_txn *txn, const struct dm_event *event,
                             bool is_whole, bool *ret_is_new) DM_NODISCARD;
bool dm_event_is_valid(const struct dm_event *event);
/// Find the row of an event by its key. DM_ERR_NOT_FOUND, at no cost where the
/// key is its log's newest. As dm_event_read().
enum dm_status dm_event_find(struct dm_txn *txn, const struct dm_event *event,
                             struct dm_arena *DM_NULLABLE arena,
                             struct dm_row *ret) DM_NODISCARD;
/// What is to be written of an event that is valid. Its samples are in the
/// transaction's scratch.
enum dm_status dm_event_make_row(struct dm_txn *txn,
                                 struct dm_present_entry *present,
                                 const struct dm_event *event,
                                 enum dm_texts texts, struct dm_row *ret)
    DM_NODISCARD;
/// Write a row by DM_Q_EVENT_PUT or DM_Q_EVENT_REPLACE.
enum dm_status dm_event_write(struct dm_txn *txn, enum dm_query query,
                              const struct dm_row *row, bool *ret_is_changed)
    DM_NODISCARD;
/// Count a new row in its log.
enum dm_status dm_event_count_row(struct dm_txn *txn, const struct dm_row *row)
    DM_NODISCARD;
/// Remember what ms and at differ by.
enum dm_status dm_events_lag(struct dm_txn *txn, dm_log_no log, int64_t ms,
                             int64_t lag) DM_NODISCARD;

/// Whether newer results of a row's check stand behind it in its log
enum dm_status dm_runs_find_newer(struct dm_txn *txn, const struct dm_row *late,
                                  bool *ret) DM_NODISCARD;
/// Count what a row does to the run that is open.
enum dm_status dm_runs_count(struct dm_txn *txn, struct dm_present *present,
                             const struct dm_row *row) DM_NODISCARD;
/// Find the key of the open run of a row's check in its log, -1 for none.
enum dm_status dm_runs_find_open(struct dm_txn *txn, const struct dm_row *row,
                                 int64_t *ret) DM_NODISCARD;

/// Drop a row that a State made, with the present that stands on it: the event
/// turned out to be of another check.
enum dm_status dm_states_drop(struct dm_txn *txn, const struct dm_row *row)
    DM_NODISCARD;
/// Replace a row that a State made by that of the event itself.
enum dm_status dm_states_replace(struct dm_txn *txn,
                                 struct dm_present_entry *entry,
                                 const struct dm_event *event,
                                 const struct dm_row *row) DM_NODISCARD;

/// The key after `last` for a result at `at_ms` by the hybrid clock; false when
/// it does not fit.
bool dm_event_key_next(struct dm_event_key last, int64_t at_ms,
                       struct dm_event_key *ret);

/// Put the events that dm_txn_import() gathered.
enum dm_status dm_import_flush(struct dm_txn *txn) DM_NODISCARD;
void dm_import_free(struct dm_import *DM_NULLABLE import);

DM_END_DECLS

#endif // DM_QUADSTORE_TXN_PRIVATE_H
