// SPDX-License-Identifier: ISC

// What the vectors do not show of exchanges and heads: which signatures are
// checked, blocks of a newer protocol, limits, memory that is out.

#include "sync/exchange.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "sync/base64.h"
#include "sync/car.h"
#include "sync/heads.h"
#include "tests/check.h"
#include "tests/unit/sync/steady.h"

#include <string.h>

#define T0 INT64_C(1764000000000)
#define ARENA_MAX (64U << 20U)

static const uint8_t seed[DM_KEY_SEED_BYTES] = {7, 7, 7};

static struct dm_str
block_of(struct steady *steady, const struct dm_cid *cid)
{
    struct dm_str block;
    CHECK_INT(steady_find(steady, cid, &block), DM_OK);
    return block;
}

static void
put_block(struct dm_buf *car, struct steady *steady, const struct dm_cid *cid)
{
    CHECK_INT(dm_car_write_block(cid, block_of(steady, cid), car), DM_OK);
}

static void
put_manifest(struct dm_buf *car, struct steady *steady,
             const struct dm_cid *cid)
{
    struct dm_wire_manifest manifest;
    put_block(car, steady, cid);
    CHECK_INT(dm_wire_manifest_read(block_of(steady, cid), &manifest, NULL),
              DM_OK);
    for (size_t i = 0; i < manifest.parts.n; ++i) {
        const struct dm_cid part = dm_cid_list_at(&manifest.parts, i);
        put_block(car, steady, &part);
    }
}

// The CAR that answers log/K?after=from-1&limit=to-from+1
static void
put_route(struct dm_buf *car, struct steady *steady, uint64_t from, uint64_t to)
{
    const struct dm_cid root = steady_entry(steady, to);
    CHECK_INT(dm_car_write_header(&root, 1, car), DM_OK);
    for (uint64_t seq = from; seq <= to; ++seq) {
        const struct dm_cid cid = steady_entry(steady, seq);
        struct dm_wire_entry entry;
        CHECK_INT(dm_wire_entry_read(block_of(steady, &cid), &entry, NULL),
                  DM_OK);
        if (entry.has_conf) {
            put_manifest(car, steady, &entry.conf);
        }
        if (entry.has_snap) {
            put_manifest(car, steady, &entry.snap);
        }
        put_block(car, steady, &cid);
        if (entry.has_data) {
            put_block(car, steady, &entry.data);
        }
    }
}

static enum dm_status
read_car(struct dm_str car, const uint8_t *log, enum dm_signatures signatures,
         struct dm_error *error)
{
    const struct dm_exchange_spec spec = {
        .log = log, .with_data = true, .signatures = signatures};
    struct dm_arena arena;
    struct dm_exchange exchange;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    const enum dm_status status =
        dm_exchange_read(car, &spec, &arena, &exchange, error);
    dm_arena_done(&arena);
    return status;
}

// ------------------------------------------------------------------- entries

static void
an_answer_is_taken_apart(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 130);
    struct dm_buf car;
    dm_buf_init(&car, DM_CAR_MAX);
    put_route(&car, steady, 1, 130);
    const struct dm_exchange_spec spec = {.log = steady_log(steady),
                                          .with_data = true,
                                          .signatures = DM_SIGNATURES_ALL};
    struct dm_arena arena;
    struct dm_exchange exchange;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    CHECK_INT(
        dm_exchange_read(dm_buf_str(&car), &spec, &arena, &exchange, NULL),
        DM_OK);
    CHECK_INT((int64_t)exchange.n_entries, 130);
    for (size_t i = 0; i < exchange.n_entries; ++i) {
        const struct dm_exchange_entry *const entry = &exchange.entries[i];
        const struct dm_cid cid = steady_entry(steady, i + 1);
        CHECK(dm_cid_equal(&entry->cid, &cid));
        CHECK_INT((int64_t)entry->entry.seq, (int64_t)i + 1);
        CHECK(dm_str_equal(entry->block, block_of(steady, &cid)));
        CHECK(!entry->payload.n == !entry->entry.has_data);
        // A configuration or a snapshot of three parts
        const bool has = entry->entry.has_conf || entry->entry.has_snap;
        CHECK_INT((int64_t)entry->n_before, has ? 4 : 0);
        for (size_t k = 0; k < entry->n_before; ++k) {
            CHECK_INT(entry->before[k].kind,
                      k ? DM_EXCHANGE_PART : DM_EXCHANGE_MANIFEST);
            CHECK_INT(entry->before[k].manifest, entry->entry.has_conf
                                                     ? DM_MANIFEST_CONF
                                                     : DM_MANIFEST_SNAP);
        }
    }
    CHECK_INT(dm_route_check(&exchange, 0, 0, NULL), DM_OK);
    CHECK_INT(dm_route_check(&exchange, 0, 130, NULL), DM_OK);
    CHECK_INT(dm_route_check(&exchange, 0, 129, NULL), DM_ERR_CORRUPT);
    CHECK_INT(dm_route_check(&exchange, 1, 0, NULL), DM_ERR_CORRUPT);
    dm_arena_done(&arena);
    dm_buf_done(&car);
    steady_free(steady);
}

// An entry that follows `prev`, with or without a good signature
static struct dm_cid
put_entry(struct steady *steady, uint64_t seq, const struct dm_cid *prev,
          bool is_good)
{
    struct dm_wire_entry entry = {
        .seq = seq, .time_ms = T0, .has_prev = true, .prev = *prev};
    memcpy(entry.log, steady_log(steady), sizeof(entry.log));
    struct dm_buf block;
    dm_buf_init(&block, DM_ENTRY_MAX);
    CHECK_INT(dm_wire_entry_write(&entry, steady_key(steady), &block), DM_OK);
    if (!is_good) {
        block.data[block.n - 1] ^= 1;
    }
    const struct dm_cid cid =
        steady_put(steady, DM_CODEC_CBOR, dm_buf_str(&block));
    dm_buf_done(&block);
    return cid;
}

static void
signatures_are_checked_as_asked(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 1);
    const uint8_t *const log = steady_log(steady);
    const struct dm_cid first = steady_entry(steady, 1);
    const struct dm_cid bad = put_entry(steady, 2, &first, false);
    const struct dm_cid good = put_entry(steady, 3, &bad, true);
    struct dm_error error;
    struct dm_buf car;
    dm_buf_init(&car, DM_CAR_MAX);
    CHECK_INT(dm_car_write_header(&bad, 1, &car), DM_OK);
    put_block(&car, steady, &bad);
    CHECK_INT(read_car(dm_buf_str(&car), log, DM_SIGNATURES_NONE, &error),
              DM_OK);
    CHECK_INT(read_car(dm_buf_str(&car), log, DM_SIGNATURES_LAST, &error),
              DM_ERR_CORRUPT);
    CHECK(dm_str_starts(dm_str(error.what), dm_str("signature")));
    put_block(&car, steady, &good);
    CHECK_INT(read_car(dm_buf_str(&car), log, DM_SIGNATURES_LAST, &error),
              DM_OK);
    CHECK_INT(read_car(dm_buf_str(&car), log, DM_SIGNATURES_ALL, &error),
              DM_ERR_CORRUPT);

    // Another one's key
    uint8_t other[DM_KEY_PUBLIC_BYTES];
    memcpy(other, log, sizeof(other));
    other[3] ^= 1;
    CHECK_INT(read_car(dm_buf_str(&car), other, DM_SIGNATURES_NONE, &error),
              DM_ERR_CORRUPT);
    CHECK(dm_str_starts(dm_str(error.what), dm_str("log-other")));
    dm_buf_done(&car);
    steady_free(steady);
}

// A map of v = 2 among the blocks is told apart, whatever else it is.
static void
a_newer_block_is_told_apart(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 2);
    const struct dm_str newer = {"\xA1"
                                 "av\x02",
                                 4};
    const struct dm_cid cid = dm_cid_of(DM_CODEC_CBOR, newer);
    struct dm_buf car;
    dm_buf_init(&car, DM_CAR_MAX);
    put_route(&car, steady, 1, 2);
    CHECK_INT(dm_car_write_block(&cid, newer, &car), DM_OK);
    struct dm_error error;
    CHECK_INT(read_car(dm_buf_str(&car), steady_log(steady), DM_SIGNATURES_LAST,
                       &error),
              DM_ERR_UNSUPPORTED);
    dm_buf_done(&car);
    steady_free(steady);
}

// ---------------------------------------------------------------------- heads

static void
fill_line(struct steady *steady, struct dm_buf *record,
          struct dm_heads_line *ret)
{
    const struct dm_cid head = steady_head(steady, 1);
    dm_buf_init(record, DM_RECORD_MAX);
    steady_record(steady, &head, 3, record);
    *ret = (struct dm_heads_line){.first = 1, .record = dm_buf_str(record)};
    memcpy(ret->log, steady_log(steady), sizeof(ret->log));
    ret->tip.seq = steady_seq(steady);
    ret->tip.head = head;
}

static enum dm_status
read_heads(struct dm_str json)
{
    struct dm_arena arena;
    struct dm_heads heads;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    const enum dm_status status = dm_heads_read(json, &arena, &heads, NULL);
    dm_arena_done(&arena);
    return status;
}

static void
heads_come_back_as_they_went(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 3);
    struct dm_buf record;
    struct dm_heads_line line;
    fill_line(steady, &record, &line);
    line.has_fork = true;
    line.fork[0] = steady_entry(steady, 1);
    line.fork[1] = steady_entry(steady, 2);
    // A successor of a newer protocol is relayed, not understood
    const struct dm_str newer = {"\xA1"
                                 "av\x02",
                                 4};
    line.successor = newer;
    struct dm_heads heads = {.lines = &line, .n_lines = 1};
    heads.cursor = dm_str("a-1_~.Z");
    struct dm_buf json;
    dm_buf_init(&json, DM_HEADS_MAX);
    CHECK_INT(dm_heads_write(&heads, &json), DM_OK);

    struct dm_arena arena;
    struct dm_heads again;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    CHECK_INT(dm_heads_read(dm_buf_str(&json), &arena, &again, NULL), DM_OK);
    CHECK_INT((int64_t)again.n_lines, 1);
    CHECK(dm_str_is(again.cursor, "a-1_~.Z"));
    const struct dm_heads_line *const got = again.lines;
    CHECK(memcmp(got->log, line.log, sizeof(line.log)) == 0);
    CHECK_INT((int64_t)got->tip.seq, 3);
    CHECK_INT((int64_t)got->tip.k, 3);
    CHECK(dm_cid_equal(&got->tip.head, &line.tip.head));
    CHECK(got->has_fork && dm_cid_equal(&got->fork[1], &line.fork[1]));
    CHECK(got->is_successor_newer && dm_str_equal(got->successor, newer));
    dm_arena_done(&arena);

    // No room for it: said, and the buffer keeps saying it
    struct dm_buf small;
    dm_buf_init(&small, 100);
    CHECK_INT(dm_heads_write(&heads, &small), DM_ERR_LIMIT);
    dm_buf_done(&small);
    dm_buf_done(&json);
    dm_buf_done(&record);
    steady_free(steady);
}

static void
a_small_text_does_not_become_much(void)
{
    struct dm_buf json;
    dm_buf_init(&json, DM_HEADS_MAX);
    CHECK_INT(dm_buf_puts(&json, "{\"cursor\":\"c\",\"logs\":["), DM_OK);
    for (size_t i = 0; i < 70000; ++i) {
        CHECK_INT(dm_buf_puts(&json, "0,"), DM_OK);
    }
    CHECK_INT(dm_buf_puts(&json, "0]}"), DM_OK);
    CHECK_INT(read_heads(dm_buf_str(&json)), DM_ERR_CORRUPT);
    dm_buf_done(&json);
    CHECK_INT(read_heads(dm_str("")), DM_ERR_CORRUPT);
    CHECK_INT(read_heads(dm_str("[]")), DM_ERR_CORRUPT);
    CHECK_INT(read_heads(dm_str("{\"cursor\":\"c\",\"logs\":[0]}")),
              DM_ERR_CORRUPT);
    CHECK_INT(read_heads(dm_str("{\"cursor\":\"c\",\"logs\":[]} x")),
              DM_ERR_CORRUPT);
}

static void
base64_has_one_text_for_its_bytes(void)
{
    static const struct {
        enum dm_base64 form;
        const char *text;
        bool is_good;
    } texts[] = {
        {DM_BASE64_URL, "", true},         {DM_BASE64_URL, "AA", true},
        {DM_BASE64_URL, "A", false},       {DM_BASE64_URL, "AB", false},
        {DM_BASE64_URL, "AA==", false},    {DM_BASE64_URL, "-_", false},
        {DM_BASE64_URL, "-_8", true},      {DM_BASE64_URL, "+/8", false},
        {DM_BASE64_URL, "AAA A", false},   {DM_BASE64_URL, "\xFF\xFF", false},
        {DM_BASE64_PADDED, "", true},      {DM_BASE64_PADDED, "AA==", true},
        {DM_BASE64_PADDED, "AA", false},   {DM_BASE64_PADDED, "AA=", false},
        {DM_BASE64_PADDED, "+/8=", true},  {DM_BASE64_PADDED, "-_8=", false},
        {DM_BASE64_PADDED, "AB==", false},
    };
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        struct dm_buf bytes;
        dm_buf_init(&bytes, 16);
        CHECK_INT(dm_base64_read(texts[i].form, dm_str(texts[i].text), &bytes),
                  texts[i].is_good ? DM_OK : DM_ERR_SYNTAX);
        struct dm_buf text;
        dm_buf_init(&text, 16);
        CHECK_INT(dm_base64_write(texts[i].form, dm_buf_str(&bytes), &text),
                  DM_OK);
        CHECK(dm_str_is(dm_buf_str(&text),
                        texts[i].is_good ? texts[i].text : ""));
        dm_buf_done(&text);
        dm_buf_done(&bytes);
    }
    uint8_t two[2];
    CHECK_INT(dm_base64_read_exactly(DM_BASE64_URL, dm_str("-_8"), two, 2),
              DM_OK);
    CHECK(two[0] == 0xFB && two[1] == 0xFF);
    CHECK_INT(dm_base64_read_exactly(DM_BASE64_URL, dm_str("-w"), two, 2),
              DM_ERR_SYNTAX);
    CHECK_INT(dm_base64_read_exactly(DM_BASE64_URL, dm_str("-_-_"), two, 2),
              DM_ERR_SYNTAX);
}

// --------------------------------------------------------------------- memory

typedef enum dm_status (*read_fn)(const void *context);

struct car_input {
    struct dm_str car;
    const uint8_t *log;
};

static enum dm_status
read_input(const void *context)
{
    const struct car_input *const input = context;
    return read_car(input->car, input->log, DM_SIGNATURES_ALL, NULL);
}

static enum dm_status
read_json(const void *context)
{
    const struct dm_str *const json = context;
    return read_heads(*json);
}

// Each allocation of `read` failed in turn is said
static void
fail_each(read_fn read, const void *context)
{
    const size_t before = dm_alloc_count();
    CHECK_INT(read(context), DM_OK);
    const size_t all = dm_alloc_count() - before;
    CHECK(all > 3);
    for (size_t n = 0; n < all; ++n) {
        dm_alloc_fail_after(n);
        const enum dm_status status = read(context);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
}

static void
memory_that_is_out_is_said(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 5);
    struct dm_buf car;
    dm_buf_init(&car, DM_CAR_MAX);
    put_route(&car, steady, 1, 5);
    const struct car_input input = {.car = dm_buf_str(&car),
                                    .log = steady_log(steady)};
    fail_each(read_input, &input);

    struct dm_buf record;
    struct dm_heads_line line;
    fill_line(steady, &record, &line);
    struct dm_heads heads = {.lines = &line, .n_lines = 1};
    heads.cursor = dm_str("c");
    struct dm_buf json;
    dm_buf_init(&json, DM_HEADS_MAX);
    CHECK_INT(dm_heads_write(&heads, &json), DM_OK);
    const struct dm_str text = dm_buf_str(&json);
    fail_each(read_json, &text);
    dm_buf_done(&json);
    dm_buf_done(&record);
    dm_buf_done(&car);
    steady_free(steady);
}

int
main(void)
{
    an_answer_is_taken_apart();
    signatures_are_checked_as_asked();
    a_newer_block_is_told_apart();
    heads_come_back_as_they_went();
    a_small_text_does_not_become_much();
    base64_has_one_text_for_its_bytes();
    memory_that_is_out_is_said();
    return 0;
}
