// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_WRITE_H
#define DM_QUADSTORE_WRITE_H

/**
 * @file
 * Transactions of the writer.
 *
 *     dm_txn_begin -> add, replace, put … -> dm_txn_commit | dm_txn_rollback
 *
 * One at a time in a process. After a failed call the transaction is good for
 * dm_txn_rollback() alone (asserted), and the store is as before it; a failed
 * commit has rolled back. Ids from a transaction are valid in later ones of the
 * same generation; so a caller may keep the id of a check.
 *
 * Threads: DM_ON_WRITER. Errors of each: DM_ERR_FULL (disk), DM_ERR_IO,
 * DM_ERR_NO_MEMORY, DM_ERR_CORRUPT.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "quadstore/event.h"
#include "quadstore/id.h"
#include "quadstore/scan.h"
#include "rdf/term.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_store;
struct dm_txn;

enum dm_commit {
    DM_COMMIT_NORMAL,  ///< synchronous=NORMAL
    DM_COMMIT_DURABLE, ///< synchronous=FULL: one fdatasync
};

enum dm_status dm_txn_begin(struct dm_store *store, struct dm_txn **ret)
    DM_NODISCARD;
/// @return DM_ERR_STATE of a durable commit: it is committed and readers see
/// it,
///         but the sync failed. The store mends that before its next
///         transaction, or refuses to begin one. Any other error: rolled back.
enum dm_status dm_txn_commit(struct dm_txn *txn, enum dm_commit how)
    DM_NODISCARD;
void dm_txn_rollback(struct dm_txn *DM_NULLABLE txn);

uint64_t dm_txn_generation(const struct dm_txn *txn);

/// The id of `term`, put into the dictionary where it is new
enum dm_status dm_txn_intern(struct dm_txn *txn, const struct dm_term *term,
                             dm_id *ret) DM_NODISCARD;

/// The number of the log `iri` (ipns://K), given to it where it has none: then
/// its event IRIs in the dictionary are rewritten and the generation goes up.
/// @return DM_ERR_LIMIT above DM_LOG_NO_MAX logs.
enum dm_status dm_txn_log_number(struct dm_txn *txn, struct dm_str iri,
                                 dm_log_no *ret) DM_NODISCARD;

/**
 * Record a result of the own log: give it the next key of the hybrid clock,
 * ms = max(event->at_ms, last ms), n + 1 within one ms, on overflow ms + 1.
 * Counts since, streak and bad, and moves `latest`. Unit, warn and crit of its
 * samples are put into the log's graph where they changed. Texts are kept with
 * the row; check, failure and metrics are terms of the dictionary.
 *
 * @param event Its key.log is set, key.ms and key.n are ignored.
 * @param ret_key The key given; may be NULL.
 * @return DM_ERR_ARGUMENT: a log without a number, a check that is no IRI or
 *         has a '#', a failure that is no IRI or names an event, figures out of
 *         range, two samples with one label.
 */
enum dm_status dm_txn_record(struct dm_txn *txn, const struct dm_event *event,
                             struct dm_event_key *DM_NULLABLE ret_key)
    DM_NODISCARD;

/**
 * Merge an event with its key, from another log or an import, in any order and
 * any number of times: an event that is there already changes nothing (DM_OK).
 * Counts are right whenever the events of a log come in order of their keys.
 * Of a sample, an empty unit, warn or crit is unknown here, not none; where the
 * event is older than the present, what it says of a metric that the present's
 * event has too is passed over. What is late of a check that was retired does
 * not bring its present back.
 */
enum dm_status dm_txn_merge(struct dm_txn *txn, const struct dm_event *event)
    DM_NODISCARD;

/**
 * Set the present of a check as a snapshot of its log says it: the event, which
 * need not be there, and what was counted up to it. Events merged later that
 * are newer count on from here; older ones change neither present nor counts.
 * Where the event has no row yet, one is made of what is known of it; merging
 * the event itself replaces that row; a State that told another status or check
 * is then not believed. A present whose event is newer than latest->event is
 * left as it is, and so is that of a check that was retired after it.
 *
 * A run that is open ends with the event, unless its run id turns out to be
 * another one. Its samples say all of their units, warn and crit; those of
 * older events merged later say nothing of the same metrics.
 *
 * @param latest latest->event.key.log is the log; `started…` is not looked at.
 * @return DM_ERR_ARGUMENT as dm_txn_record(); an event that is no result,
 * counts that cannot be, or a check or status other than those of the event
 *         that is there.
 */
enum dm_status dm_txn_put_latest(struct dm_txn *txn,
                                 const struct dm_latest *latest) DM_NODISCARD;

/// What a row of `latest` was before the last record or merge in this
/// transaction for that check, so the caller sees a change of status.
/// @return DM_ERR_NOT_FOUND where there is no row.
enum dm_status dm_txn_latest(struct dm_txn *txn, dm_log_no log, dm_id check,
                             struct dm_latest *ret) DM_NODISCARD;

/// The present of a check that the configuration no longer has is removed; its
/// history stays.
enum dm_status dm_txn_retire(struct dm_txn *txn, dm_log_no log, dm_id check)
    DM_NODISCARD;

/// Graph 0 is DM_ID_NONE. Adding what is there, removing what is not: DM_OK.
enum dm_status dm_txn_add(struct dm_txn *txn, const struct dm_quad_ids *quad)
    DM_NODISCARD;
enum dm_status dm_txn_remove(struct dm_txn *txn, const struct dm_quad_ids *quad)
    DM_NODISCARD;
/// Remove a graph with every stored quad; events are no quads. A graph is made
/// by its first quad or by dm_txn_replace_graph(), and stays, though empty,
/// until then.
enum dm_status dm_txn_clear_graph(struct dm_txn *txn, dm_id graph) DM_NODISCARD;

/// Replace a graph as a whole by `n` sorted or unsorted triples; writes only
/// the difference.
enum dm_status dm_txn_replace_graph(struct dm_txn *txn, dm_id graph,
                                    const struct dm_triple_ids *triples,
                                    size_t n) DM_NODISCARD;

/// Add a quad as read from a file: an event star of a log that is numbered here
/// becomes an event again (gathered until dm_txn_commit(); the quads of one
/// event may come in any order within the transaction), all else a quad: also a
/// star without a statement or time, or whose time is after its key. At most
/// 2^20 quads of events in a transaction (DM_ERR_LIMIT).
enum dm_status dm_txn_import(struct dm_txn *txn, const struct dm_quad *quad,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Put a value of dm_snapshot_state_get(), or remove it: `value` NULL.
enum dm_status dm_txn_state_put(struct dm_txn *txn, const char *space,
                                struct dm_str key,
                                const struct dm_str *DM_NULLABLE value)
    DM_NODISCARD;

struct dm_retention {
    int64_t events_before_ms; ///< Events whose key's ms is below go
    uint64_t max_bytes;  ///< And the oldest ones while the file is larger, but
                         ///< not while the blocks alone are; 0: no bound
    uint32_t slice_rows; ///< Most rows in this call
};

/// Drop one slice; what is the newest result of a check stays. Free pages go
/// back to the file system in slices too. Blocks stay: dm_txn_blocks_remove().
/// A round ends when nothing is left to drop, however large the file is then.
/// @param ret_more Whether another slice is due.
enum dm_status dm_txn_retain(struct dm_txn *txn,
                             const struct dm_retention *retention,
                             bool *ret_more) DM_NODISCARD;

/// After a restored backup: give the own events with keys above `after` new
/// keys above `floor`, in their order; what refers to them follows. A key with
/// ms 0 is before all. New keys of the log are above `floor` from then on.
enum dm_status dm_txn_rekey(struct dm_txn *txn, dm_log_no log,
                            const struct dm_event_key *after,
                            const struct dm_event_key *floor) DM_NODISCARD;

/// Write the WAL back into the database as far as readers allow; outside any
/// transaction. `ret_left` pages wait for a reader.
enum dm_status dm_store_checkpoint(struct dm_store *store, uint64_t *ret_left)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_WRITE_H
