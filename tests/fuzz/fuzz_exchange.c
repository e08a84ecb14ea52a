// SPDX-License-Identifier: ISC

// CARs of entries, as an answer of log/K, as a push, and the proof of a fork.

#include "base/arena.h"
#include "base/buf.h"
#include "sync/car.h"
#include "sync/exchange.h"
#include "tests/check.h"
#include "tests/fuzz/blocks.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX (64U << 20U)

// What was accepted follows one from the other.
static void
check_entries(const struct dm_exchange *exchange, const uint8_t *log)
{
    for (size_t i = 0; i < exchange->n_entries; ++i) {
        const struct dm_exchange_entry *const entry = &exchange->entries[i];
        CHECK(memcmp(entry->entry.log, log, DM_KEY_PUBLIC_BYTES) == 0);
        CHECK(dm_cid_names(&entry->cid, entry->block));
        CHECK(!i || (entry->entry.seq == entry[-1].entry.seq + 1 &&
                     dm_cid_equal(&entry->entry.prev, &entry[-1].cid)));
        CHECK(!entry->payload.n || entry->entry.has_data);
        for (size_t k = 0; k < entry->n_before; ++k) {
            CHECK(entry->before[k].kind != DM_EXCHANGE_OTHER);
            CHECK(entry->before[k].manifest != DM_MANIFEST_NOTE);
        }
    }
}

static void
try_exchange(struct dm_str car, const struct fuzz_blocks *blocks, bool is_whole)
{
    const uint8_t *const log = dm_key_public(blocks->key);
    const struct dm_exchange_spec spec = {
        .log = log, .with_data = is_whole, .signatures = DM_SIGNATURES_LAST};
    struct dm_arena arena;
    struct dm_exchange exchange;
    struct dm_error error;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    if (!dm_exchange_read(car, &spec, &arena, &exchange, &error)) {
        check_entries(&exchange, log);
        const uint64_t after =
            exchange.n_entries ? exchange.entries[0].entry.seq - 1 : 0;
        struct dm_wire_head head;
        struct dm_record record = {.seq = 0};
        if (blocks->n) {
            record.head = blocks->all[blocks->n - 1].cid;
        }
        if (exchange.n_entries) {
            record.seq = after + exchange.n_entries;
        }
        const enum dm_status route =
            dm_route_check(&exchange, after, 0, &error);
        const enum dm_status push =
            dm_push_check(&exchange, log, &record, &head, &error);
        CHECK(route || push); // An answer has no Head
    } else {
        CHECK(error.what[0]);
    }
    dm_arena_done(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_blocks blocks;
    fuzz_blocks_read(dm_str_n(size ? (const char *)data : NULL, size), &blocks);
    struct dm_cid root = dm_cid_of(DM_CODEC_RAW, dm_str(""));
    for (size_t i = 0; i < blocks.n; ++i) {
        if (blocks.all[i].kind == FUZZ_ENTRY) {
            root = blocks.all[i].cid;
        }
    }
    struct dm_buf car;
    dm_buf_init(&car, DM_CAR_MAX);
    CHECK_INT(dm_car_write_header(&root, 1, &car), DM_OK);
    for (size_t i = 0; i < blocks.n; ++i) {
        CHECK_INT(
            dm_car_write_block(&blocks.all[i].cid, blocks.all[i].data, &car),
            DM_OK);
    }
    try_exchange(dm_buf_str(&car), &blocks, true);
    try_exchange(dm_buf_str(&car), &blocks, false);
    uint64_t seq = 0;
    if (blocks.n > 1) {
        (void)!dm_fork_check(blocks.all[0].data, blocks.all[1].data,
                             dm_key_public(blocks.key), &seq, NULL);
    }
    dm_buf_done(&car);
    fuzz_blocks_done(&blocks);
    return 0;
}
