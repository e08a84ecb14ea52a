// SPDX-License-Identifier: ISC

#include "quadstore/cursor_private.h"

#include "base/time.h"
#include "quadstore/txn_private.h"

#include <assert.h>

static_assert(DM_Q_EVENTS_DOWN == DM_Q_EVENTS_UP + 1 &&
                  DM_Q_EVENTS_OF_CHECK_UP == DM_Q_EVENTS_UP + 2 &&
                  DM_Q_EVENTS_BY_STATUS_UP == DM_Q_EVENTS_UP + 4,
              "three choices add up to a query");

enum dm_status
dm_cursor_open(struct dm_cursor *cursor, struct dm_conn *conn,
               struct dm_cursor_spec spec)
{
    const unsigned query = (unsigned)DM_Q_EVENTS_UP +
                           (spec.backwards ? 1U : 0U) + (spec.check ? 2U : 0U) +
                           (spec.statuses ? 4U : 0U);
    *cursor = (struct dm_cursor){
        .conn = conn,
        .query = (enum dm_query)query,
        .check = spec.check,
        .statuses = spec.statuses,
    };
    return dm_conn_take(conn, cursor->query, &cursor->rows);
}

void
dm_cursor_close(struct dm_cursor *cursor)
{
    if (cursor->rows) {
        dm_conn_give(cursor->conn, cursor->query, cursor->rows);
        cursor->rows = NULL;
    }
}

void
dm_cursor_range(struct dm_cursor *cursor, int64_t first, int64_t last)
{
    const int64_t values[] = {first, last, cursor->check, cursor->statuses};
    assert(cursor->rows);
    (void)sqlite3_reset(cursor->rows);
    dm_bind_ints(cursor->rows, values,
                 cursor->statuses ? 4
                 : cursor->check  ? 3
                                  : 2);
}

enum dm_status
dm_cursor_next(struct dm_cursor *cursor, struct dm_row *ret)
{
    const enum dm_status status = dm_conn_step(cursor->conn, cursor->rows);
    return status ? status : dm_event_row(cursor->rows, ret);
}

// Hours are counted down to where there can be no event, so that the arithmetic
// of SQLite does not overflow.
static int64_t
hour_of(int64_t ms)
{
    const int64_t end = DM_EVENT_EPOCH_MS + (INT64_C(1) << DM_EVENT_MS_BITS);
    const int64_t cut = ms < 0 ? 0 : ms > end ? end : ms;
    return cut / DM_MS_PER_HOUR;
}

enum dm_status
dm_lag_reach(struct dm_conn *conn, dm_log_no log, int64_t until_ms,
             int64_t *ret)
{
    const int64_t values[] = {log, hour_of(until_ms), until_ms};
    int64_t hour = 0;
    const enum dm_status status =
        dm_conn_get(conn, DM_Q_LAG_REACH, values, 3, &hour, 1);
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    const int64_t reach = status ? until_ms : (hour + 1) * DM_MS_PER_HOUR;
    *ret = reach > until_ms ? reach : until_ms;
    return DM_OK;
}

enum dm_status
dm_lag_most(struct dm_conn *conn, dm_log_no log, int64_t from_ms,
            int64_t until_ms, int64_t *ret)
{
    const int64_t values[] = {log, hour_of(from_ms), hour_of(until_ms)};
    int64_t most = 0;
    const enum dm_status status =
        dm_conn_get(conn, DM_Q_LAG_MOST, values, 3, &most, 1);
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    *ret = status ? 0 : most;
    return DM_OK;
}
