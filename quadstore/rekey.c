// SPDX-License-Identifier: ISC

#include "quadstore/write.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "quadstore/cursor_private.h"
#include "quadstore/id_private.h"
#include "quadstore/rename_private.h"

#include <assert.h>

#define MOVES_MAX ((size_t)1 << 24U)

// An event that gets a new key, or keeps its own
struct move {
    int64_t from;
    int64_t to;
    int64_t at_ms;
};

// I1 Both `from` and `to` ascend, and to >= from. So moved from the last to the
//    first, no event meets the key of another.
struct moves {
    struct move *moves;
    size_t n;
    size_t capacity;
};

static enum dm_status
collect(struct dm_txn *txn, int64_t first, int64_t last, struct moves *moves)
{
    struct dm_cursor cursor;
    struct dm_row row;
    enum dm_status status =
        dm_cursor_open(&cursor, txn->conn, (struct dm_cursor_spec){0});
    if (status) {
        return status;
    }
    dm_cursor_range(&cursor, first, last);
    while (!(status = dm_cursor_next(&cursor, &row))) {
        struct move *grown = dm_grow(moves->moves, &moves->capacity,
                                     moves->n + 1, sizeof(*grown), MOVES_MAX);
        if (!grown) {
            status = DM_ERR_NO_MEMORY;
            break;
        }
        moves->moves = grown;
        grown[moves->n++] =
            (struct move){.from = row.key, .at_ms = dm_row_at(&row)};
    }
    dm_cursor_close(&cursor);
    return status == DM_END ? DM_OK : status;
}

// Give each event the key it has, where that is above the one before it, else
// the next one by the hybrid clock.
static bool
assign(struct moves *moves, dm_log_no log, int64_t floor)
{
    struct dm_event_key last = {
        .log = log, .ms = DM_EVENT_EPOCH_MS - 1, .n = DM_EVENT_N_MAX};
    if (floor >= 0) {
        last = dm_event_key_load(floor);
    }
    for (size_t i = 0; i < moves->n; ++i) {
        struct move *move = &moves->moves[i];
        move->to = move->from;
        if (move->from <= floor) {
            struct dm_event_key key;
            if (!dm_event_key_next(last, move->at_ms, &key)) {
                return false;
            }
            move->to = dm_event_key_store(&key);
        }
        assert(move->to >= move->from); // I1
        floor = move->to;
        last = dm_event_key_load(floor);
    }
    return true;
}

static enum dm_status
write_event(struct dm_txn *txn, const struct move *move)
{
    const int64_t keys[] = {move->from, move->to};
    sqlite3_stmt *statement = NULL;
    struct dm_row row;
    dm_arena_done(&txn->texts);
    enum dm_status status =
        dm_event_read(txn->conn, move->from, &txn->texts, &row);
    if (!status) {
        row.lag = dm_event_key_load(move->to).ms - move->at_ms;
        dm_buf_clear(&txn->more);
        dm_row_encode(&row, &txn->more);
        status = txn->more.status;
    }
    if (!status) {
        status = dm_conn_take(txn->conn, DM_Q_EVENT_SET, &statement);
    }
    if (status) {
        return status;
    }
    dm_bind_ints(statement, keys, 2);
    if (txn->more.n) {
        dm_bind_blob(statement, 3, dm_buf_str(&txn->more));
    }
    status = dm_conn_step(txn->conn, statement);
    dm_conn_give(txn->conn, DM_Q_EVENT_SET, statement);
    if (status != DM_END) {
        return status;
    }
    const struct dm_event_key key = dm_event_key_load(move->to);
    return dm_events_lag(txn, key.log, key.ms, row.lag);
}

static int64_t
moved_key(const struct moves *moves, int64_t key)
{
    size_t low = 0;
    size_t high = moves->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (moves->moves[middle].from < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < moves->n && moves->moves[low].from == key
               ? moves->moves[low].to
               : key;
}

// The presents name keys too.
static enum dm_status
write_presents(struct dm_txn *txn, dm_log_no log, const struct moves *moves)
{
    const int64_t value = log;
    sqlite3_stmt *rows = NULL;
    enum dm_status status = dm_conn_take(txn->conn, DM_Q_LATEST_OF_LOG, &rows);
    if (status) {
        return status;
    }
    dm_bind_ints(rows, &value, 1);
    // Replacing a row that was read does not change what is read next: its key
    // stays
    while (!(status = dm_conn_step(txn->conn, rows))) {
        const struct dm_present before = dm_present_load(rows);
        struct dm_present after = before;
        after.key = moved_key(moves, before.key);
        after.certificate_key = moved_key(moves, before.certificate_key);
        after.started = moved_key(moves, before.started);
        if (!dm_present_equal(&before, &after)) {
            status = dm_present_store(txn->conn, log,
                                      sqlite3_column_int64(rows, 1), &after);
        }
        if (status) {
            break;
        }
    }
    dm_conn_give(txn->conn, DM_Q_LATEST_OF_LOG, rows);
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
move_events(struct dm_txn *txn, dm_log_no log, const struct moves *moves)
{
    struct dm_renames renames;
    enum dm_status status = DM_OK;
    dm_renames_init(&renames);
    for (size_t i = moves->n; !status && i-- > 0;) {
        const struct move *move = &moves->moves[i];
        if (move->to == move->from) {
            continue;
        }
        status = write_event(txn, move);
        if (!status) {
            status = dm_renames_put(&renames, dm_event_key_id(move->from),
                                    dm_event_key_id(move->to));
        }
    }
    if (!status) {
        status = dm_renames_apply(txn, &renames);
    }
    dm_renames_done(&renames);
    return status ? status : write_presents(txn, log, moves);
}

static enum dm_status
rekey(struct dm_txn *txn, dm_log_no log, int64_t after, int64_t floor)
{
    struct dm_log_row *row = dm_dict_log(txn->dict, log);
    const int64_t first = (int64_t)(log - 1) * DM_KEY_LOG;
    struct moves moves = {0};
    enum dm_status status = collect(txn, after < first ? first : after + 1,
                                    first + DM_KEY_LOG - 1, &moves);
    if (!status && !assign(&moves, log, floor)) {
        status = DM_ERR_LIMIT;
    }
    if (!status) {
        status = move_events(txn, log, &moves);
    }
    if (!status) {
        const int64_t newest = moves.n ? moves.moves[moves.n - 1].to : floor;
        row->last = newest > row->last ? newest : row->last;
        row->is_changed = true;
        // Presents and triple terms are kept by what was renamed
        dm_presents_clear(txn->store->presents);
        dm_dict_forget_ids(txn->dict);
    }
    dm_free(moves.moves);
    return status;
}

// A key as it is stored, -1 for one before all
static int64_t
stored_key(dm_log_no log, const struct dm_event_key *key)
{
    struct dm_event_key own = *key;
    own.log = log;
    return dm_event_key_is_valid(&own) ? dm_event_key_store(&own) : -1;
}

enum dm_status
dm_txn_rekey(struct dm_txn *txn, dm_log_no log,
             const struct dm_event_key *after, const struct dm_event_key *floor)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    if (!dm_dict_log(txn->dict, log)) {
        return dm_txn_fail(txn, DM_ERR_ARGUMENT);
    }
    return dm_txn_fail(
        txn, rekey(txn, log, stored_key(log, after), stored_key(log, floor)));
}
