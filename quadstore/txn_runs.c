// SPDX-License-Identifier: ISC

#include "quadstore/txn_private.h"

#include "quadstore/id_private.h"

// Whether a result with one run id says how a run with another one ended
static bool
is_of_run(struct dm_str result, struct dm_str started)
{
    return result.n == 0 || started.n == 0 || dm_str_equal(result, started);
}

// Begin to read the events of the row's check that are newer in its log.
static enum dm_status
take_newer(struct dm_txn *txn, const struct dm_row *row, sqlite3_stmt **ret)
{
    const int64_t last = (row->key / DM_KEY_LOG + 1) * DM_KEY_LOG - 1;
    const int64_t values[] = {row->key + 1, last, row->check};
    const enum dm_status status =
        dm_conn_take(txn->conn, DM_Q_EVENTS_OF_CHECK_UP, ret);
    if (!status) {
        dm_bind_ints(*ret, values, 3);
    }
    return status;
}

enum dm_status
dm_runs_find_newer(struct dm_txn *txn, const struct dm_row *late, bool *ret)
{
    sqlite3_stmt *rows = NULL;
    enum dm_status status = take_newer(txn, late, &rows);
    if (status) {
        return status;
    }
    *ret = false;
    while (!*ret && !(status = dm_conn_step(txn->conn, rows))) {
        const unsigned bits = (unsigned)sqlite3_column_int(rows, 2);
        *ret = (bits & DM_ROW_STATUS) <= DM_RESULT_UNKNOWN;
    }
    dm_conn_give(txn->conn, DM_Q_EVENTS_OF_CHECK_UP, rows);
    return status == DM_END ? DM_OK : status;
}

// Whether a `started` that came late is still open: neither a newer one nor a
// result of its run stands behind it.
static enum dm_status
is_open_run(struct dm_txn *txn, const struct dm_row *started, bool *ret)
{
    sqlite3_stmt *rows = NULL;
    enum dm_status status = take_newer(txn, started, &rows);
    if (status) {
        return status;
    }
    *ret = true;
    while (*ret && !(status = dm_conn_step(txn->conn, rows))) {
        struct dm_row row;
        status = dm_event_row(rows, &row);
        if (status) {
            break;
        }
        const enum dm_result_status result = dm_row_status(&row);
        if (result == DM_RESULT_STARTED ||
            (result <= DM_RESULT_UNKNOWN &&
             is_of_run(row.run_id, started->run_id))) {
            *ret = false;
        }
    }
    dm_conn_give(txn->conn, DM_Q_EVENTS_OF_CHECK_UP, rows);
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_runs_count(struct dm_txn *txn, struct dm_present *present,
              const struct dm_row *row)
{
    const enum dm_result_status result = dm_row_status(row);
    enum dm_status status = DM_OK;
    if (result == DM_RESULT_STARTED && row->key > present->started) {
        bool is_open = true;
        if (row->key < present->key || present->started < 0) {
            status = is_open_run(txn, row, &is_open);
        }
        // The newest run counts alone, though an older one is still open
        present->started = is_open ? row->key : -1;
    } else if (result <= DM_RESULT_UNKNOWN && present->started >= 0 &&
               row->key > present->started) {
        struct dm_row started;
        dm_arena_done(&txn->texts);
        status =
            dm_event_read(txn->conn, present->started, &txn->texts, &started);
        if (!status && is_of_run(row->run_id, started.run_id)) {
            present->started = -1;
        }
    }
    return status;
}

enum dm_status
dm_runs_find_open(struct dm_txn *txn, const struct dm_row *row, int64_t *ret)
{
    const int64_t first = row->key / DM_KEY_LOG * DM_KEY_LOG;
    const int64_t values[] = {first, first + DM_KEY_LOG - 1, row->check,
                              1 << DM_RESULT_STARTED};
    const enum dm_query query = DM_Q_EVENTS_OF_CHECK_BY_STATUS_DOWN;
    sqlite3_stmt *rows = NULL;
    struct dm_row started;
    bool is_open = false;
    enum dm_status status = dm_conn_take(txn->conn, query, &rows);
    if (status) {
        return status;
    }
    dm_bind_ints(rows, values, 4);
    status = dm_conn_step(txn->conn, rows);
    if (!status) {
        status = dm_event_row(rows, &started);
    }
    if (!status) {
        status = is_open_run(txn, &started, &is_open);
    }
    if (!status || status == DM_END) {
        *ret = is_open ? started.key : -1;
    }
    dm_conn_give(txn->conn, query, rows);
    return status == DM_END ? DM_OK : status;
}
