// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_CURSOR_PRIVATE_H
#define DM_QUADSTORE_CURSOR_PRIVATE_H

/**
 * @file
 * Rows of `event` in the order of their keys: all of a range, or those of one
 * check.
 */

#include "base/attr.h"
#include "base/status.h"
#include "quadstore/row_private.h"
#include "quadstore/store_private.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_cursor {
    struct dm_conn *conn;
    enum dm_query query;
    sqlite3_stmt *DM_NULLABLE rows;
    int64_t check;
    unsigned statuses;
};

/// What is read, and in which direction
struct dm_cursor_spec {
    int64_t check;     ///< The number of an IRI; 0: every check
    unsigned statuses; ///< Bits; 0: every one
    bool backwards;
};

/// Open; dm_cursor_range() follows.
enum dm_status dm_cursor_open(struct dm_cursor *cursor, struct dm_conn *conn,
                              struct dm_cursor_spec spec) DM_NODISCARD;
void dm_cursor_close(struct dm_cursor *cursor);
/// Begin anew over the stored keys first..last, inclusive.
void dm_cursor_range(struct dm_cursor *cursor, int64_t first, int64_t last);
/// The next row, whose texts live until the next call. DM_OK, DM_END, or why.
enum dm_status dm_cursor_next(struct dm_cursor *cursor, struct dm_row *ret)
    DM_NODISCARD;

/// Where keys may end whose `at` is before `until_ms`: unix ms, exclusive.
/// Clocks that were set back make it later than `until_ms`.
enum dm_status dm_lag_reach(struct dm_conn *conn, dm_log_no log,
                            int64_t until_ms, int64_t *ret) DM_NODISCARD;
/// The most that ms and at differ by in events with from_ms <= ms < until_ms
enum dm_status dm_lag_most(struct dm_conn *conn, dm_log_no log, int64_t from_ms,
                           int64_t until_ms, int64_t *ret) DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_CURSOR_PRIVATE_H
