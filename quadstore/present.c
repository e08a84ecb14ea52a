// SPDX-License-Identifier: ISC

#include "quadstore/present_private.h"

// Columns of `latest`, from k on
enum {
    COLUMN_KEY = 2,
    COLUMN_SINCE,
    COLUMN_STREAK,
    COLUMN_BAD,
    COLUMN_BAD_SINCE,
    COLUMN_CERTIFICATE,
    COLUMN_CERTIFICATE_KEY,
    COLUMN_STARTED,
    COLUMN_COUNT,
};

struct dm_present
dm_present_none(void)
{
    return (struct dm_present){
        .key = -1,
        .status = DM_RESULT_UNKNOWN,
        .since = DM_NO_TIME,
        .bad_since = DM_NO_TIME,
        .certificate = DM_NO_TIME,
        .certificate_key = -1,
        .started = -1,
    };
}

bool
dm_present_is_none(const struct dm_present *present)
{
    return present->key < 0 && present->started < 0 &&
           present->certificate_key < 0;
}

bool
dm_present_equal(const struct dm_present *a, const struct dm_present *b)
{
    return a->key == b->key && a->status == b->status && a->since == b->since &&
           a->streak == b->streak && a->bad == b->bad &&
           a->bad_since == b->bad_since && a->certificate == b->certificate &&
           a->certificate_key == b->certificate_key && a->started == b->started;
}

static void
count_result(struct dm_present *present, int64_t key,
             const struct dm_event *event)
{
    if (present->key >= 0 && present->status == event->status) {
        ++present->streak;
    } else {
        present->streak = 1;
        present->since = event->at_ms;
    }
    if (dm_result_is_bad(event->status)) {
        if (present->bad == 0) {
            present->bad_since = event->at_ms;
        }
        ++present->bad;
    } else if (event->status == DM_RESULT_OK) {
        present->bad = 0;
        present->bad_since = DM_NO_TIME;
    }
    present->key = key;
    present->status = event->status;
}

void
dm_present_count(struct dm_present *present, int64_t key,
                 const struct dm_event *event)
{
    if (event->certificate_expires_ms != DM_NO_TIME &&
        key > present->certificate_key) {
        present->certificate = event->certificate_expires_ms;
        present->certificate_key = key;
    }
    if (event->status <= DM_RESULT_UNKNOWN && key > present->key) {
        count_result(present, key, event);
    }
}

static int64_t
time_column(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL
               ? DM_NO_TIME
               : sqlite3_column_int64(row, column);
}

struct dm_present
dm_present_load(sqlite3_stmt *row)
{
    return (struct dm_present){
        .key = sqlite3_column_int64(row, COLUMN_KEY),
        .status = DM_RESULT_UNKNOWN,
        .since = time_column(row, COLUMN_SINCE),
        .streak = sqlite3_column_int64(row, COLUMN_STREAK),
        .bad = sqlite3_column_int64(row, COLUMN_BAD),
        .bad_since = time_column(row, COLUMN_BAD_SINCE),
        .certificate = time_column(row, COLUMN_CERTIFICATE),
        .certificate_key = sqlite3_column_int64(row, COLUMN_CERTIFICATE_KEY),
        .started = sqlite3_column_int64(row, COLUMN_STARTED),
    };
}

static void
bind_time(sqlite3_stmt *row, int at, int64_t ms)
{
    if (ms != DM_NO_TIME) {
        (void)sqlite3_bind_int64(row, at, ms);
    }
}

enum dm_status
dm_present_store(struct dm_conn *conn, dm_log_no log, int64_t check,
                 const struct dm_present *present)
{
    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(conn, DM_Q_LATEST_PUT, &row);
    if (status) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 1, log);
    (void)sqlite3_bind_int64(row, 2, check);
    (void)sqlite3_bind_int64(row, COLUMN_KEY + 1, present->key);
    bind_time(row, COLUMN_SINCE + 1, present->since);
    (void)sqlite3_bind_int64(row, COLUMN_STREAK + 1, present->streak);
    (void)sqlite3_bind_int64(row, COLUMN_BAD + 1, present->bad);
    bind_time(row, COLUMN_BAD_SINCE + 1, present->bad_since);
    bind_time(row, COLUMN_CERTIFICATE + 1, present->certificate);
    (void)sqlite3_bind_int64(row, COLUMN_CERTIFICATE_KEY + 1,
                             present->certificate_key);
    (void)sqlite3_bind_int64(row, COLUMN_STARTED + 1, present->started);
    status = dm_conn_step(conn, row);
    dm_conn_give(conn, DM_Q_LATEST_PUT, row);
    return status == DM_END ? DM_OK : status;
}
