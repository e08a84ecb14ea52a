// SPDX-License-Identifier: ISC

#include "quadstore/blocks.h"

#include "base/actor.h"
#include "quadstore/txn_private.h"

#include <assert.h>
#include <string.h>

// A place as it is stored, log << 51 | kind << 48 | seq: so the blocks of one
// kind of a log are a range.
#define SEQ_BITS 48U
#define KIND_BITS 3U
#define SEQ_MAX ((UINT64_C(1) << SEQ_BITS) - 1)
#define KIND_MASK ((1U << KIND_BITS) - 1)

static_assert(DM_BLOCK_KINDS == 1U << KIND_BITS, "a kind fits");
static_assert(DM_LOG_NO_MAX < 1 << (63 - SEQ_BITS - KIND_BITS),
              "a place fits, and is not negative");

// A name is what the store cannot know (version, codec, hash), then the digest.
// Its first 8 bytes are a column of their own with an index.
enum {
    HASH_AT = 4,
    HASH_BYTES = 8,
    REST_BYTES = DM_BLOCK_NAME_BYTES - HASH_BYTES,
};

// Columns of a query for blocks
enum {
    COLUMN_N,
    COLUMN_PLACE,
    COLUMN_HASH,
    COLUMN_NAME,
    COLUMN_DATA,
};

struct name {
    int64_t hash;
    char rest[REST_BYTES];
};

static struct name
split_name(const uint8_t name[DM_BLOCK_NAME_BYTES])
{
    struct name split;
    uint64_t hash = 0;
    for (size_t i = 0; i < HASH_BYTES; ++i) {
        hash = hash << 8U | name[HASH_AT + i];
    }
    memcpy(&split.hash, &hash, sizeof(hash));
    memcpy(split.rest, name, HASH_AT);
    memcpy(split.rest + HASH_AT, name + HASH_AT + HASH_BYTES,
           REST_BYTES - HASH_AT);
    return split;
}

static void
join_name(const struct name *split, uint8_t ret[DM_BLOCK_NAME_BYTES])
{
    uint64_t hash = 0;
    memcpy(&hash, &split->hash, sizeof(hash));
    memcpy(ret, split->rest, HASH_AT);
    for (size_t i = HASH_BYTES; i-- > 0; hash >>= 8U) {
        ret[HASH_AT + i] = (uint8_t)(hash & 0xFFU);
    }
    memcpy(ret + HASH_AT + HASH_BYTES, split->rest + HASH_AT,
           REST_BYTES - HASH_AT);
}

static int64_t
store_place(dm_log_no log, enum dm_block_kind kind, uint64_t seq)
{
    assert((unsigned)kind < DM_BLOCK_KINDS && seq <= SEQ_MAX);
    return (int64_t)((uint64_t)log << (SEQ_BITS + KIND_BITS) |
                     (uint64_t)kind << SEQ_BITS | seq);
}

static struct dm_block_place
load_place(int64_t stored)
{
    const uint64_t place = (uint64_t)stored;
    return (struct dm_block_place){
        .log = (dm_log_no)(place >> (SEQ_BITS + KIND_BITS)),
        .kind = (enum dm_block_kind)(place >> SEQ_BITS & KIND_MASK),
        .seq = place & SEQ_MAX,
    };
}

// Whether several blocks of a kind may have one place
static bool
may_share(enum dm_block_kind kind)
{
    return kind >= DM_BLOCK_MANIFEST;
}

// A block of a row; its bytes live until the next step.
static enum dm_status
read_block(sqlite3_stmt *row, struct dm_block *ret)
{
    struct name name;
    const struct dm_str rest = dm_column_bytes(row, COLUMN_NAME);
    if (rest.n != REST_BYTES) {
        return DM_ERR_CORRUPT;
    }
    name.hash = sqlite3_column_int64(row, COLUMN_HASH);
    memcpy(name.rest, rest.data, REST_BYTES);
    ret->place = load_place(sqlite3_column_int64(row, COLUMN_PLACE));
    ret->data = dm_column_bytes(row, COLUMN_DATA);
    if (!ret->data.data) {
        ret->data = dm_str("");
    }
    join_name(&name, ret->name);
    return DM_OK;
}

// --------------------------------------------------------------------- writing

// A row that stands where a block is to be put
struct found {
    int64_t n; // 0: none
    int64_t place;
    size_t bytes;
    bool is_same; // It has the block's name
};

static enum dm_status
find_at_place(struct dm_txn *txn, const struct dm_block *block, int64_t place,
              struct found *ret)
{
    const int64_t values[] = {place, place};
    sqlite3_stmt *row = NULL;
    struct dm_block other = {0};
    enum dm_status status = dm_conn_take(txn->conn, DM_Q_BLOCKS, &row);
    if (status) {
        return status;
    }
    dm_bind_ints(row, values, 2);
    status = dm_conn_step(txn->conn, row);
    if (!status) {
        status = read_block(row, &other);
    }
    if (!status) {
        *ret = (struct found){
            .n = sqlite3_column_int64(row, COLUMN_N),
            .place = place,
            .bytes = other.data.n,
            .is_same = memcmp(other.name, block->name, sizeof(other.name)) == 0,
        };
    }
    dm_conn_give(txn->conn, DM_Q_BLOCKS, row);
    return status == DM_END ? DM_OK : status;
}

// The block's row of the same log and kind
static enum dm_status
find_named(struct dm_txn *txn, const struct dm_block *block, int64_t place,
           struct found *ret)
{
    const struct name name = split_name(block->name);
    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(txn->conn, DM_Q_BLOCKS_NAMED, &row);
    if (status) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 1, name.hash);
    dm_bind_blob(row, 2, dm_str_n(name.rest, REST_BYTES));
    while (!ret->n && !(status = dm_conn_step(txn->conn, row))) {
        const int64_t other = sqlite3_column_int64(row, COLUMN_PLACE);
        if (other >> SEQ_BITS == place >> SEQ_BITS) {
            *ret = (struct found){.n = sqlite3_column_int64(row, COLUMN_N),
                                  .place = other,
                                  .is_same = true};
        }
    }
    dm_conn_give(txn->conn, DM_Q_BLOCKS_NAMED, row);
    return status == DM_END ? DM_OK : status;
}

// Write the block in place of row `first` (DM_Q_BLOCK_SET), or at place `first`
// (DM_Q_BLOCK_PUT).
static enum dm_status
write_block(struct dm_txn *txn, enum dm_query query, int64_t first,
            const struct dm_block *block)
{
    const struct name name = split_name(block->name);
    const int64_t values[] = {first, name.hash};
    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(txn->conn, query, &row);
    if (status) {
        return status;
    }
    dm_bind_ints(row, values, 2);
    dm_bind_blob(row, 3, dm_str_n(name.rest, REST_BYTES));
    dm_bind_blob(row, 4, block->data);
    status = dm_conn_step(txn->conn, row);
    dm_conn_give(txn->conn, query, row);
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
put_block(struct dm_txn *txn, struct dm_log_row *log,
          const struct dm_block *block)
{
    const int64_t place =
        store_place(block->place.log, block->place.kind, block->place.seq);
    struct found found = {0};
    enum dm_status status = may_share(block->place.kind)
                                ? find_named(txn, block, place, &found)
                                : find_at_place(txn, block, place, &found);
    if (status) {
        return status;
    }
    if (found.is_same) {
        const int64_t values[] = {found.n, place};
        return found.place < place
                   ? dm_conn_run(txn->conn, DM_Q_BLOCK_MOVE, values, 2)
                   : DM_OK;
    }
    if (found.n && block->place.kind != DM_BLOCK_HEAD) {
        return DM_ERR_EXISTS;
    }
    status = found.n ? write_block(txn, DM_Q_BLOCK_SET, found.n, block)
                     : write_block(txn, DM_Q_BLOCK_PUT, place, block);
    log->blocks += found.n ? 0 : 1;
    log->block_bytes += (int64_t)block->data.n - (int64_t)found.bytes;
    log->is_changed = true;
    return status;
}

enum dm_status
dm_txn_block_put(struct dm_txn *txn, const struct dm_block *block)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn) && block->data.n <= DM_BLOCK_BYTES_MAX);
    struct dm_log_row *log = dm_dict_log(txn->dict, block->place.log);
    if (!log) {
        return dm_txn_fail(txn, DM_ERR_ARGUMENT);
    }
    const enum dm_status status = put_block(txn, log, block);
    return status == DM_ERR_EXISTS ? status : dm_txn_fail(txn, status);
}

enum dm_status
dm_txn_block_lift(struct dm_txn *txn, const struct dm_block_place *place,
                  const uint8_t name[DM_BLOCK_NAME_BYTES])
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn) && may_share(place->kind));
    struct dm_block block = {.place = *place};
    struct found found = {0};
    const int64_t to = store_place(place->log, place->kind, place->seq);
    memcpy(block.name, name, sizeof(block.name));
    enum dm_status status = find_named(txn, &block, to, &found);
    if (!status && !found.n) {
        return DM_ERR_NOT_FOUND;
    }
    if (!status && found.place < to) {
        const int64_t values[] = {found.n, to};
        status = dm_conn_run(txn->conn, DM_Q_BLOCK_MOVE, values, 2);
    }
    return dm_txn_fail(txn, status);
}

// Remove the first blocks of a range of places, `*left` at most, which counts
// down.
static enum dm_status
remove_places(struct dm_txn *txn, struct dm_log_row *log,
              const int64_t places[2], uint32_t *left, bool *ret_more)
{
    for (;;) {
        int64_t found[2] = {0}; // Its row, and its bytes
        enum dm_status status =
            dm_conn_get(txn->conn, DM_Q_BLOCK_FIRST, places, 2, found, 2);
        if (status) {
            return status == DM_ERR_NOT_FOUND ? DM_OK : status;
        }
        if (*left == 0) {
            *ret_more = true;
            return DM_OK;
        }
        status = dm_conn_run(txn->conn, DM_Q_BLOCK_DELETE, found, 1);
        if (status) {
            return status;
        }
        --*left;
        --log->blocks;
        log->block_bytes -= found[1];
        log->is_changed = true;
    }
}

enum dm_status
// NOLINTNEXTLINE(readability-function-size): a place's parts, and two ends
dm_txn_blocks_remove(struct dm_txn *txn, dm_log_no log, unsigned kinds,
                     uint64_t from, uint64_t until, uint32_t max_rows,
                     bool *ret_more)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn) && max_rows > 0);
    assert(kinds < 1U << DM_BLOCK_KINDS);
    struct dm_log_row *row = dm_dict_log(txn->dict, log);
    const uint64_t end = until > SEQ_MAX ? SEQ_MAX + 1 : until;
    const bool is_empty = !row || from >= end;
    enum dm_status status = DM_OK;
    uint32_t left = max_rows;
    bool more = false;
    for (unsigned i = 0; !is_empty && !status && !more && i < DM_BLOCK_KINDS;
         ++i) {
        const enum dm_block_kind kind = (enum dm_block_kind)i;
        if (kinds >> i & 1U) {
            const int64_t places[2] = {store_place(log, kind, from),
                                       store_place(log, kind, end - 1)};
            status = remove_places(txn, row, places, &left, &more);
        }
    }
    if (!status) {
        *ret_more = more;
    }
    return dm_txn_fail(txn, status);
}

// --------------------------------------------------------------------- reading

// Step to a row and copy the block.
static enum dm_status
copy_block(struct dm_snapshot *snapshot, sqlite3_stmt *row,
           struct dm_block *ret)
{
    struct dm_block block = {0};
    enum dm_status status = dm_conn_step(snapshot->conn, row);
    if (!status) {
        status = read_block(row, &block);
    }
    if (!status) {
        block.data = dm_arena_copy(&snapshot->texts, block.data);
        status = block.data.data ? DM_OK : DM_ERR_NO_MEMORY;
    }
    if (!status) {
        *ret = block;
    }
    return status == DM_END ? DM_ERR_NOT_FOUND : status;
}

enum dm_status
dm_snapshot_block(struct dm_snapshot *snapshot,
                  const uint8_t name[DM_BLOCK_NAME_BYTES], struct dm_block *ret)
{
    const struct name split = split_name(name);
    sqlite3_stmt *row = NULL;
    enum dm_status status =
        dm_conn_take(snapshot->conn, DM_Q_BLOCKS_NAMED, &row);
    if (status) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 1, split.hash);
    dm_bind_blob(row, 2, dm_str_n(split.rest, REST_BYTES));
    status = copy_block(snapshot, row, ret);
    dm_conn_give(snapshot->conn, DM_Q_BLOCKS_NAMED, row);
    return status;
}

enum dm_status
dm_snapshot_block_at(struct dm_snapshot *snapshot,
                     const struct dm_block_place *place, struct dm_block *ret)
{
    const int64_t stored = store_place(place->log, place->kind, place->seq);
    const int64_t values[] = {stored, stored};
    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(snapshot->conn, DM_Q_BLOCKS, &row);
    if (status) {
        return status;
    }
    dm_bind_ints(row, values, 2);
    status = copy_block(snapshot, row, ret);
    dm_conn_give(snapshot->conn, DM_Q_BLOCKS, row);
    return status;
}

struct dm_blocks {
    struct dm_snapshot *snapshot;
    sqlite3_stmt *rows;
    unsigned looked; // Rows since the work was asked
};

enum dm_status
dm_blocks_open(struct dm_snapshot *snapshot, dm_log_no log,
               enum dm_block_kind kind, uint64_t from, struct dm_blocks **ret)
{
    enum dm_status status = dm_work_check(snapshot->work);
    if (status) {
        return status;
    }
    struct dm_blocks *blocks = dm_snapshot_alloc(snapshot, sizeof(*blocks));
    if (!blocks) {
        return DM_ERR_NO_MEMORY;
    }
    blocks->snapshot = snapshot;
    status = dm_conn_take(snapshot->conn, DM_Q_BLOCKS, &blocks->rows);
    if (status) {
        dm_blocks_close(blocks);
        return status;
    }
    // An empty range where `from` is above what a place can hold
    const int64_t values[] = {from > SEQ_MAX ? 1 : store_place(log, kind, from),
                              from > SEQ_MAX ? 0
                                             : store_place(log, kind, SEQ_MAX)};
    dm_bind_ints(blocks->rows, values, 2);
    *ret = blocks;
    return DM_OK;
}

enum dm_status
dm_blocks_next(struct dm_blocks *blocks, struct dm_block *ret)
{
    struct dm_block block = {0};
    enum dm_status status = dm_conn_step(blocks->snapshot->conn, blocks->rows);
    if (!status && ++blocks->looked >= DM_WORK_ROWS) {
        blocks->looked = 0;
        status = dm_work_check(blocks->snapshot->work);
    }
    if (!status) {
        status = read_block(blocks->rows, &block);
    }
    if (!status) {
        *ret = block;
    }
    return status;
}

void
dm_blocks_close(struct dm_blocks *blocks)
{
    if (blocks) {
        dm_conn_give(blocks->snapshot->conn, DM_Q_BLOCKS, blocks->rows);
        dm_snapshot_free(blocks->snapshot, blocks, sizeof(*blocks));
    }
}

enum dm_status
dm_snapshot_block_figures(struct dm_snapshot *snapshot, dm_log_no log,
                          struct dm_block_figures *ret)
{
    const enum dm_status status = dm_dict_logs(&snapshot->dict);
    if (status) {
        return status;
    }
    const struct dm_log_row *row = dm_dict_log(&snapshot->dict, log);
    *ret = (struct dm_block_figures){0};
    if (row) {
        ret->blocks = (uint64_t)row->blocks;
        ret->bytes = (uint64_t)row->block_bytes;
    }
    return DM_OK;
}
