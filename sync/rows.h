// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_ROWS_H
#define DM_SYNC_ROWS_H

/**
 * @file
 * Between the events of a payload and the rows of the store: what a row says on
 * the wire, and whether the rows of a log are what its entries say.
 *
 *     entry by entry, oldest first:   event = row? and nothing between them
 *     at the end:                     rows that no entry has yet
 *
 * Rows may be fewer than events: retention drops the oldest, and of a log that
 * is followed from a snapshot on there are none from before. But the newest
 * result of a check stays. So an event is missing only where it is not older
 * than the oldest row that is not the newest of its check.
 *
 * Threads: on a worker, with a snapshot; the star of a row on the writer too.
 * Memory: 16 bytes for each check, and one event. Cost: a row is read, written
 * as lines and compared: some 20 us.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "quadstore/event.h"
#include "sync/key.h"
#include "sync/payload.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_rows_audit;
struct dm_snapshot;

/// An event or State with room for its figures
struct dm_star {
    struct dm_payload_event event;
    struct dm_payload_value values[DM_METRICS_MAX];
};

/// What a row says on the wire, without its further quads. Texts are the row's
/// and the snapshot's.
enum dm_status dm_star_of_row(struct dm_snapshot *snapshot,
                              const struct dm_event *row, struct dm_star *ret)
    DM_NODISCARD;

/// @param log That of the entries; it has a number in the store.
/// @return DM_ERR_NOT_FOUND, DM_ERR_NO_MEMORY, or what the snapshot says.
enum dm_status dm_rows_audit_new(struct dm_snapshot *snapshot,
                                 const uint8_t log[DM_KEY_PUBLIC_BYTES],
                                 struct dm_rows_audit **ret) DM_NODISCARD;
void dm_rows_audit_free(struct dm_rows_audit *DM_NULLABLE audit);

/// Compare the events of the next entry.
/// @return DM_ERR_CORRUPT: they differ; `*error` begins with row-missing,
///         row-differs or row-unknown. Else what the snapshot says.
enum dm_status dm_rows_audit_entry(struct dm_rows_audit *audit,
                                   const struct dm_payload *payload,
                                   struct dm_error *error) DM_NODISCARD;

struct dm_rows_report {
    uint64_t equal;    ///< Events that are rows
    uint64_t dropped;  ///< Events that are no rows any more
    uint64_t unsealed; ///< Rows above the last event
    bool has_older;    ///< There are rows below the first event
};

/// After the last entry.
enum dm_status dm_rows_audit_end(struct dm_rows_audit *audit,
                                 struct dm_rows_report *ret) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_ROWS_H
