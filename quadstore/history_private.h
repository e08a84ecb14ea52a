// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_HISTORY_PRIVATE_H
#define DM_QUADSTORE_HISTORY_PRIVATE_H

/**
 * @file
 * Rows of history before they are events: what history and aggregates share.
 */

#include "base/attr.h"
#include "base/status.h"
#include "quadstore/cursor_private.h"
#include "quadstore/history.h"

#include <stdbool.h>

DM_BEGIN_DECLS

struct dm_rows;

/// Rows that match, in the order that is asked for
enum dm_status dm_rows_open(struct dm_snapshot *snapshot,
                            const struct dm_history_filter *filter,
                            enum dm_history_order order, bool backwards,
                            struct dm_rows **ret) DM_NODISCARD;
/// DM_OK with a row that lives until the next call, DM_END, or why it failed
enum dm_status dm_rows_next(struct dm_rows *rows, const struct dm_row **ret)
    DM_NODISCARD;
void dm_rows_close(struct dm_rows *DM_NULLABLE rows);

/// A row as an event: its texts where `columns` asks for them. Samples and
/// their values are in `arena`.
enum dm_status dm_row_to_event(struct dm_snapshot *snapshot,
                               const struct dm_row *row, unsigned columns,
                               struct dm_arena *arena, struct dm_event *ret)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_HISTORY_PRIVATE_H
