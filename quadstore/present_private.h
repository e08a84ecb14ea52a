// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_PRESENT_PRIVATE_H
#define DM_QUADSTORE_PRESENT_PRIVATE_H

/**
 * @file
 * A row of `latest`: the present of one check at one node, counted.
 *
 *     log, c         primary key; c is the number of the check's IRI
 *     k              key of the newest of ok, warning, critical, unknown; -1
 *     since          its status is the same since then: `at` of the first
 *     streak         results in that run
 *     bad, bad_since the run of warning and critical; bad_since NULL at 0
 *     certificate    the newest date that any event said, or NULL
 *     certificate_k  the event that said it, -1 for none
 *     started        key of the newest `started` that no result ended, or -1
 *
 * A result ends a run when it is newer, and both name the same run, or one of
 * them names none.
 *
 * The writer keeps the rows it touched, so that it need not read them again.
 *
 * Threads: dm_present_count() is pure; the cache is the writer's.
 */

#include "base/attr.h"
#include "base/status.h"
#include "quadstore/event.h"
#include "quadstore/sql_private.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_present {
    int64_t key;
    enum dm_result_status status; ///< Of the event with that key
    int64_t since;
    int64_t streak;
    int64_t bad;
    int64_t bad_since; ///< Or DM_NO_TIME
    int64_t certificate;
    int64_t certificate_key;
    int64_t started;
};

/// The present of a check of which nothing came yet
struct dm_present dm_present_none(void);
bool dm_present_is_none(const struct dm_present *present);
bool dm_present_equal(const struct dm_present *a, const struct dm_present *b);

/// Count an event: what it does to the present, whatever order they come in.
/// What concerns `started` is not done here, for that needs their run ids.
void dm_present_count(struct dm_present *present, int64_t key,
                      const struct dm_event *event);

/// A row of a query whose columns are those of `latest`; the status is still
/// to be read from the event.
struct dm_present dm_present_load(sqlite3_stmt *row);
enum dm_status dm_present_store(struct dm_conn *conn, dm_log_no log,
                                int64_t check, const struct dm_present *present)
    DM_NODISCARD;

/// A check at a log, as the writer knows it
struct dm_present_entry {
    uint64_t key[2]; ///< log, check
    struct dm_present now;
    struct dm_present before; ///< The last record or merge of `txn`
    uint64_t txn;             ///< Serial number of that transaction, or 0
    unsigned statuses; ///< Those whose triple terms are in the dictionary
    struct dm_str iri; ///< The check's
};

DM_END_DECLS

#endif // DM_QUADSTORE_PRESENT_PRIVATE_H
