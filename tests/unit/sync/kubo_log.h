// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_KUBO_LOG_H
#define DM_TESTS_KUBO_LOG_H

/**
 * @file
 * A log to hand to a Kubo: real entries, Nodes, Manifests, Heads and tips;
 * payloads are bytes, since Kubo does not look into them.
 */

#include "base/buf.h"
#include "sync/block.h"
#include "sync/car.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/kubo.h"
#include "sync/record.h"
#include "sync/tree.h"
#include "tests/check.h"

#include <string.h>

#define KUBO_LOG_ENTRIES ((size_t)1000)
#define KUBO_LOG_BLOCKS (3 * KUBO_LOG_ENTRIES)

struct kubo_log_block {
    struct dm_cid cid;
    struct dm_buf data;
    uint64_t seq; // The entry that it came with
};

struct kubo_log {
    struct dm_key *key;
    char name[DM_KEY_NAME_SIZE];
    struct kubo_log_block blocks[KUBO_LOG_BLOCKS];
    size_t n_blocks;
    struct dm_cid entries[KUBO_LOG_ENTRIES];
    struct dm_cid nodes[KUBO_LOG_ENTRIES / DM_FAN];
    uint64_t seq;
    struct dm_tree tree;
    struct dm_cid conf;
    struct dm_cid head; // Of `seq`, with its record
    struct dm_buf head_data;
    struct dm_buf record;
};

static inline struct dm_cid
kubo_log_add(struct kubo_log *log, enum dm_codec codec, struct dm_buf *data)
{
    CHECK(!data->status);
    CHECK(log->n_blocks < KUBO_LOG_BLOCKS);
    struct kubo_log_block *block = &log->blocks[log->n_blocks++];
    *block = (struct kubo_log_block){.cid = dm_cid_of(codec, dm_buf_str(data)),
                                     .data = *data,
                                     .seq = log->seq};
    return block->cid;
}

static inline void
kubo_log_init(struct kubo_log *log)
{
    memset(log, 0, sizeof(*log));
    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, 7, sizeof(seed));
    log->key = dm_key_from_seed(seed);
    CHECK(log->key);
    dm_key_name(dm_key_public(log->key), log->name);
    dm_buf_init(&log->record, DM_RECORD_MAX);
    dm_buf_init(&log->head_data, DM_HEAD_MAX);
    struct dm_wire_manifest conf = {.kind = DM_MANIFEST_CONF};
    memcpy(conf.log, dm_key_public(log->key), sizeof(conf.log));
    struct dm_buf buf;
    dm_buf_init(&buf, DM_MANIFEST_MAX);
    CHECK_INT(dm_wire_manifest_write(&conf, &buf), DM_OK);
    log->seq = 1;
    log->conf = kubo_log_add(log, DM_CODEC_CBOR, &buf);
    log->seq = 0;
}

static inline void
kubo_log_done(struct kubo_log *log)
{
    for (size_t i = 0; i < log->n_blocks; ++i) {
        dm_buf_done(&log->blocks[i].data);
    }
    dm_buf_done(&log->record);
    dm_buf_done(&log->head_data);
    dm_key_free(log->key);
}

static inline void
kubo_log_node(struct kubo_log *log)
{
    const uint64_t from = log->seq - DM_FAN + 1;
    const struct dm_wire_node node = {
        .level = 1,
        .from = from,
        .to = log->seq,
        .time_min_ms = 1,
        .time_max_ms = 2,
        .bytes = 1000,
        .items = dm_cid_list(&log->entries[from - 1], DM_FAN),
    };
    struct dm_buf buf;
    dm_buf_init(&buf, DM_NODE_MAX);
    CHECK_INT(dm_wire_node_write(&node, &buf), DM_OK);
    log->nodes[log->seq / DM_FAN - 1] = kubo_log_add(log, DM_CODEC_CBOR, &buf);
}

// One entry more, with a payload of `size` bytes
static inline void
kubo_log_entry(struct kubo_log *log, size_t size)
{
    struct dm_buf payload;
    struct dm_buf buf;
    dm_buf_init(&payload, size);
    dm_buf_init(&buf, DM_ENTRY_MAX);
    ++log->seq;
    CHECK(log->seq <= KUBO_LOG_ENTRIES);
    for (size_t i = 0; i < size; ++i) {
        (void)dm_buf_putc(&payload, (char)(log->seq >> (8 * (i % 8))));
    }
    struct dm_wire_entry entry = {
        .n = 1,
        .seq = log->seq,
        .size = size,
        .time_ms = 1,
        .has_conf = log->seq == 1,
        .conf = log->conf,
        .has_data = true,
        .data = kubo_log_add(log, DM_CODEC_RAW, &payload),
        .has_prev = log->seq > 1,
    };
    if (entry.has_prev) {
        entry.prev = log->entries[log->seq - 2];
    }
    memcpy(entry.log, dm_key_public(log->key), sizeof(entry.log));
    CHECK_INT(dm_wire_entry_write(&entry, log->key, &buf), DM_OK);
    dm_tree_add(&log->tree, dm_buf_str(&buf));
    log->entries[log->seq - 1] = kubo_log_add(log, DM_CODEC_CBOR, &buf);
    if (log->seq % DM_FAN == 0) {
        kubo_log_node(log);
    }
}

// Head and tip of what there is, the k-th time
static inline void
kubo_log_head(struct kubo_log *log, uint32_t k, int64_t valid_until_ms)
{
    const size_t n_l1 = (size_t)(log->seq / DM_FAN);
    const size_t n_tail = (size_t)(log->seq % DM_FAN);
    struct dm_wire_head head = {
        .seq = log->seq,
        .first = 1,
        .tip = log->entries[log->seq - 1],
        .conf = log->conf,
        .l1 = dm_cid_list(log->nodes, n_l1),
        .tail = dm_cid_list(&log->entries[n_l1 * DM_FAN], n_tail),
        .frontier_stride = DM_DIGEST_BYTES,
    };
    memcpy(head.log, dm_key_public(log->key), sizeof(head.log));
    dm_tree_root(&log->tree, head.root);
    dm_buf_clear(&log->head_data);
    CHECK_INT(dm_wire_head_write(&head, &log->head_data), DM_OK);
    log->head = dm_cid_of(DM_CODEC_CBOR, dm_buf_str(&log->head_data));
    dm_buf_clear(&log->record);
    CHECK_INT(dm_record_write(log->key, &log->head, log->seq, k, valid_until_ms,
                              &log->record),
              DM_OK);
}

// The next item behind `cursor`: whole entries up to `max_bytes`, with Head
// when that is all
static inline struct dm_kubo_item
kubo_log_item(const struct kubo_log *log, const struct dm_kubo_cursor *cursor,
              size_t max_bytes, struct dm_buf *car)
{
    size_t i = 0;
    dm_buf_clear(car);
    CHECK_INT(dm_car_write_header(&log->head, 1, car), DM_OK);
    for (; i < log->n_blocks; ++i) {
        const struct kubo_log_block *block = &log->blocks[i];
        if (block->seq <= cursor->seq) {
            continue;
        }
        if (car->n + block->data.n + 64 > max_bytes) {
            break;
        }
        CHECK_INT(
            dm_car_write_block(&block->cid, dm_buf_str(&block->data), car),
            DM_OK);
    }
    struct dm_kubo_item item = {.head = log->head};
    item.has_head = i == log->n_blocks;
    item.seq = item.has_head ? log->seq : log->blocks[i].seq - 1;
    CHECK(item.has_head || item.seq > cursor->seq);
    if (item.has_head) {
        CHECK_INT(
            dm_car_write_block(&log->head, dm_buf_str(&log->head_data), car),
            DM_OK);
        item.record = dm_buf_str(&log->record);
    }
    item.car = dm_buf_str(car);
    return item;
}

#endif // DM_TESTS_KUBO_LOG_H
