// SPDX-License-Identifier: ISC

#include "tests/unit/quadstore/fixture.h"

#include "quadstore/blocks.h"

#include <sqlite3.h>

#define SHOP "https://demonitor.internal/shop"
#define NOW INT64_C(1795536000000)
#define SEQ_MAX ((UINT64_C(1) << 48U) - 1)

static const struct dm_block_place entry_1 = {1, DM_BLOCK_ENTRY, 1};

// A block that is told from others by `id`, whose name begins as all do
static struct dm_block
block_of(uint32_t id, dm_log_no log, enum dm_block_kind kind, uint64_t seq)
{
    static char texts[64][32];
    static size_t n;
    char *text = texts[n++ % DM_COUNT_OF(texts)];
    (void)snprintf(text, sizeof(texts[0]), "block %u", (unsigned)id);
    struct dm_block block = {.place = {log, kind, seq},
                             .name = {1, 0x71, 0x12, 0x20},
                             .data = dm_str(text)};
    for (size_t i = 4; i < DM_BLOCK_NAME_BYTES; ++i) {
        block.name[i] = (uint8_t)(0x80U + i);
    }
    memcpy(block.name + 4, &id, sizeof(id));
    return block;
}

static bool
is_block(const struct dm_block *a, const struct dm_block *b)
{
    return a->place.log == b->place.log && a->place.kind == b->place.kind &&
           a->place.seq == b->place.seq && dm_str_equal(a->data, b->data) &&
           memcmp(a->name, b->name, sizeof(a->name)) == 0;
}

static dm_log_no
number(struct dm_txn *txn, const char *iri)
{
    dm_log_no log = 0;
    CHECK(!dm_txn_log_number(txn, dm_str(iri), &log));
    return log;
}

static void
put_block(struct dm_txn *txn, uint32_t id, dm_log_no log,
          enum dm_block_kind kind, uint64_t seq)
{
    const struct dm_block block = block_of(id, log, kind, seq);
    CHECK(!dm_txn_block_put(txn, &block));
}

static void
expect_figures(struct dm_snapshot *snapshot, dm_log_no log, uint64_t blocks,
               uint64_t bytes)
{
    struct dm_block_figures figures = {0};
    CHECK(!dm_snapshot_block_figures(snapshot, log, &figures));
    CHECK_INT((int64_t)figures.blocks, (int64_t)blocks);
    CHECK_INT((int64_t)figures.bytes, (int64_t)bytes);
}

static size_t
count_from(struct dm_snapshot *snapshot, dm_log_no log, enum dm_block_kind kind,
           uint64_t from)
{
    struct dm_blocks *blocks = NULL;
    struct dm_block block;
    size_t n = 0;
    uint64_t last = 0;
    CHECK(!dm_blocks_open(snapshot, log, kind, from, &blocks));
    enum dm_status status = DM_OK;
    while (!(status = dm_blocks_next(blocks, &block))) {
        CHECK(block.place.log == log && block.place.kind == kind);
        CHECK(block.place.seq >= from && block.place.seq >= last);
        last = block.place.seq;
        ++n;
    }
    CHECK(status == DM_END);
    dm_blocks_close(blocks);
    return n;
}

static void
a_block_is_found_by_name_and_by_place(bool in_file)
{
    struct fixture fixture;
    fixture_init(&fixture, in_file);
    struct dm_txn *txn = begin(&fixture);
    CHECK(number(txn, "ipns://k1") == 1 && number(txn, "ipns://k2") == 2);
    for (uint32_t i = 1; i <= 200; ++i) {
        for (unsigned kind = 0; kind < DM_BLOCK_KINDS; ++kind) {
            put_block(txn, 8 * i + kind, (dm_log_no)(1 + i % 2),
                      (enum dm_block_kind)kind, i);
        }
    }
    put_block(txn, 7, 2, DM_BLOCK_ENTRY, SEQ_MAX);
    commit(txn);
    check_store(&fixture);

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    for (uint32_t i = 1; i <= 200; ++i) {
        for (unsigned kind = 0; kind < DM_BLOCK_KINDS; ++kind) {
            const struct dm_block block =
                block_of(8 * i + kind, (dm_log_no)(1 + i % 2),
                         (enum dm_block_kind)kind, i);
            struct dm_block by_name;
            struct dm_block by_place;
            CHECK(!dm_snapshot_block(snapshot, block.name, &by_name));
            CHECK(!dm_snapshot_block_at(snapshot, &block.place, &by_place));
            CHECK(is_block(&by_name, &block) && is_block(&by_place, &block));
        }
        dm_snapshot_release_texts(snapshot);
    }
    struct dm_block block = block_of(7, 1, DM_BLOCK_ENTRY, 7);
    CHECK(dm_snapshot_block_at(snapshot, &block.place, &block) ==
          DM_ERR_NOT_FOUND);
    for (size_t i = 0; i < DM_BLOCK_NAME_BYTES; ++i) {
        block = block_of(8, 1, DM_BLOCK_PAYLOAD, 1);
        block.name[i] ^= 0x80;
        // That of its first byte is another block's
        CHECK((dm_snapshot_block(snapshot, block.name, &block) ==
               DM_ERR_NOT_FOUND) == (i != 4));
    }
    CHECK_INT((int64_t)count_from(snapshot, 1, DM_BLOCK_NODE1, 0), 100);
    CHECK_INT((int64_t)count_from(snapshot, 1, DM_BLOCK_NODE1, 101), 50);
    CHECK_INT((int64_t)count_from(snapshot, 2, DM_BLOCK_ENTRY, 200), 1);
    CHECK_INT((int64_t)count_from(snapshot, 2, DM_BLOCK_ENTRY, SEQ_MAX), 1);
    CHECK_INT((int64_t)count_from(snapshot, 2, DM_BLOCK_ENTRY, SEQ_MAX + 1), 0);
    CHECK_INT((int64_t)count_from(snapshot, 2, DM_BLOCK_ENTRY, UINT64_MAX), 0);
    CHECK_INT((int64_t)count_from(snapshot, 3, DM_BLOCK_ENTRY, 0), 0);
    CHECK_INT((int64_t)count_from(snapshot, DM_LOG_NO_MAX, DM_BLOCK_PROOF,
                                  UINT64_MAX),
              0);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
a_place_has_one_block_and_a_head_is_replaced(void)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct dm_txn *txn = begin(&fixture);
    const dm_log_no log = number(txn, "ipns://k1");
    for (unsigned kind = DM_BLOCK_PAYLOAD; kind <= DM_BLOCK_NODE2; ++kind) {
        put_block(txn, 1, log, (enum dm_block_kind)kind, 65);
        put_block(txn, 1, log, (enum dm_block_kind)kind, 65);
        const struct dm_block other =
            block_of(2, log, (enum dm_block_kind)kind, 65);
        CHECK(dm_txn_block_put(txn, &other) == DM_ERR_EXISTS);
    }
    put_block(txn, 3, log, DM_BLOCK_HEAD, 65);
    struct dm_block head = block_of(4, log, DM_BLOCK_HEAD, 65);
    head.data = dm_str("a longer block");
    CHECK(!dm_txn_block_put(txn, &head));
    struct dm_block nowhere = block_of(5, 9, DM_BLOCK_ENTRY, 1);
    commit(txn);
    check_store(&fixture);

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    struct dm_block read;
    CHECK(!dm_snapshot_block_at(snapshot, &head.place, &read));
    CHECK(is_block(&read, &head));
    const struct dm_block before = block_of(3, log, DM_BLOCK_HEAD, 65);
    CHECK(dm_snapshot_block(snapshot, before.name, &read) == DM_ERR_NOT_FOUND);
    expect_figures(snapshot, log, 5, 4 * 7 + 14);
    expect_figures(snapshot, 2, 0, 0);
    dm_snapshot_close(snapshot);

    txn = begin(&fixture);
    CHECK(dm_txn_block_put(txn, &nowhere) == DM_ERR_ARGUMENT);
    dm_txn_rollback(txn);
    fixture_done(&fixture);
}

static void
what_is_named_again_moves_and_outlives_what_is_old(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct dm_txn *txn = begin(&fixture);
    const dm_log_no log = number(txn, "ipns://k1");
    const dm_log_no other = number(txn, "ipns://k2");
    // Manifests 10 and 20 share part 1; part 2 is of the first alone
    put_block(txn, 10, log, DM_BLOCK_MANIFEST, 10);
    put_block(txn, 1, log, DM_BLOCK_PART, 10);
    put_block(txn, 2, log, DM_BLOCK_PART, 10);
    put_block(txn, 20, log, DM_BLOCK_MANIFEST, 20);
    put_block(txn, 3, log, DM_BLOCK_PART, 20);
    put_block(txn, 1, log, DM_BLOCK_PART, 20);
    put_block(txn, 1, log, DM_BLOCK_PART, 5); // Late: it stays
    // Another log that names the same, and another kind, take nothing away
    put_block(txn, 1, other, DM_BLOCK_PART, 90);
    put_block(txn, 1, log, DM_BLOCK_PROOF, 90);
    commit(txn);
    check_store(&fixture);

    txn = begin(&fixture);
    bool more = true;
    CHECK(!dm_txn_blocks_remove(txn, log,
                                1U << DM_BLOCK_MANIFEST | 1U << DM_BLOCK_PART,
                                0, 20, 10, &more));
    CHECK(!more);
    commit(txn);
    check_store(&fixture);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK_INT((int64_t)count_from(snapshot, log, DM_BLOCK_PART, 0), 2);
    CHECK_INT((int64_t)count_from(snapshot, log, DM_BLOCK_MANIFEST, 0), 1);
    CHECK_INT((int64_t)count_from(snapshot, log, DM_BLOCK_PROOF, 0), 1);
    CHECK_INT((int64_t)count_from(snapshot, other, DM_BLOCK_PART, 0), 1);
    struct dm_block read;
    CHECK(dm_snapshot_block(snapshot, block_of(2, 1, DM_BLOCK_PART, 0).name,
                            &read) == DM_ERR_NOT_FOUND);
    CHECK(!dm_snapshot_block(snapshot, block_of(1, 1, DM_BLOCK_PART, 0).name,
                             &read));
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
removal_is_bounded_and_counts(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct dm_txn *txn = begin(&fixture);
    const dm_log_no log = number(txn, "ipns://k1");
    for (uint32_t i = 100; i < 200; ++i) {
        put_block(txn, i, log, DM_BLOCK_ENTRY, i);
        put_block(txn, 1000 + i, log, DM_BLOCK_PAYLOAD, i);
    }
    commit(txn);
    bool more = true;
    size_t n_calls = 0;
    const unsigned both = 1U << DM_BLOCK_ENTRY | 1U << DM_BLOCK_PAYLOAD;
    while (more) {
        txn = begin(&fixture);
        CHECK(!dm_txn_blocks_remove(txn, log, both, 0, 164, 16, &more));
        commit(txn);
        check_store(&fixture);
        ++n_calls;
    }
    CHECK_INT((int64_t)n_calls, 8);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK_INT((int64_t)count_from(snapshot, log, DM_BLOCK_ENTRY, 0), 36);
    expect_figures(snapshot, log, 72, 684);
    dm_snapshot_close(snapshot);

    // Of nothing, nothing; without an end, everything
    txn = begin(&fixture);
    CHECK(!dm_txn_blocks_remove(txn, log, both, 170, 170, 16, &more) && !more);
    CHECK(!dm_txn_blocks_remove(txn, 7, both, 0, 170, 16, &more) && !more);
    CHECK(!dm_txn_blocks_remove(txn, log, 0, 0, 170, 16, &more) && !more);
    CHECK(!dm_txn_blocks_remove(txn, log, both, 0, UINT64_MAX, 100, &more));
    CHECK(!more);
    commit(txn);
    snapshot = snapshot_of(&fixture);
    expect_figures(snapshot, log, 0, 0);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
figures_follow_what_is_rolled_back_and_reopened(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct dm_txn *txn = begin(&fixture);
    (void)number(txn, "ipns://k1");
    put_block(txn, 1, 1, DM_BLOCK_ENTRY, 1);
    commit(txn);
    txn = begin(&fixture);
    put_block(txn, 2, 1, DM_BLOCK_ENTRY, 2);
    dm_txn_rollback(txn);
    txn = begin(&fixture);
    put_block(txn, 3, 1, DM_BLOCK_ENTRY, 2);
    commit(txn);
    fixture_reopen(&fixture);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    expect_figures(snapshot, 1, 2, 14);
    dm_snapshot_close(snapshot);
    check_store(&fixture);
    fixture_done(&fixture);
}

static void
large_and_empty_blocks_are_held(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    static char large[DM_BLOCK_BYTES_MAX];
    memset(large, 'x', sizeof(large));
    struct dm_txn *txn = begin(&fixture);
    (void)number(txn, "ipns://k1");
    struct dm_block block = block_of(1, 1, DM_BLOCK_PAYLOAD, 1);
    block.data = dm_str_n(large, sizeof(large));
    CHECK(!dm_txn_block_put(txn, &block));
    struct dm_block empty = block_of(2, 1, DM_BLOCK_PAYLOAD, 2);
    empty.data = (struct dm_str){0};
    CHECK(!dm_txn_block_put(txn, &empty));
    commit(txn);
    check_store(&fixture);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    struct dm_block read;
    CHECK(!dm_snapshot_block(snapshot, block.name, &read));
    CHECK(is_block(&read, &block));
    CHECK(!dm_snapshot_block(snapshot, empty.name, &read));
    CHECK(read.data.n == 0);
    expect_figures(snapshot, 1, 2, sizeof(large));
    // It is charged to the work
    fixture.work.account.limit = fixture.work.account.used + 65536;
    CHECK(dm_snapshot_block(snapshot, block.name, &read) == DM_ERR_NO_MEMORY);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
a_damaged_name_is_said(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct dm_txn *txn = begin(&fixture);
    (void)number(txn, "ipns://k1");
    put_block(txn, 1, 1, DM_BLOCK_ENTRY, 1);
    commit(txn);
    sqlite3 *db = NULL;
    CHECK(sqlite3_open(fixture.path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, "UPDATE block SET name = x'01'", NULL, NULL, NULL) ==
          SQLITE_OK);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    struct dm_block read;
    CHECK(dm_snapshot_block_at(snapshot, &entry_1, &read) == DM_ERR_CORRUPT);
    dm_snapshot_close(snapshot);
    txn = begin(&fixture);
    const struct dm_block block = block_of(1, 1, DM_BLOCK_ENTRY, 1);
    CHECK(dm_txn_block_put(txn, &block) == DM_ERR_CORRUPT);
    dm_txn_rollback(txn);
    fixture_done(&fixture);
}

// ------------------------------------------------- snapshots of a transaction

static size_t
count_events(struct dm_snapshot *snapshot, const struct dm_event_key *after)
{
    struct dm_history_spec spec = {
        .filter = dm_history_all(),
        .columns = DM_COLUMN_TEXTS | DM_COLUMN_SAMPLES,
    };
    spec.filter.log = 1;
    spec.filter.after = *after;
    struct dm_history *history = NULL;
    struct dm_event event;
    size_t n = 0;
    CHECK(!dm_history_open(snapshot, &spec, &history));
    enum dm_status status = DM_OK;
    while (!(status = dm_history_next(history, &event))) {
        CHECK(event.n_samples == 1 && dm_str_is(event.samples[0].unit, "s"));
        ++n;
    }
    CHECK(status == DM_END);
    dm_history_close(history);
    return n;
}

static size_t
count_units(struct dm_snapshot *snapshot)
{
    const dm_id graph = intern(snapshot, "ipns://k1");
    const struct dm_dataset dataset = {.default_graph = DM_DEFAULT_UNION,
                                       .all_named = true};
    const struct dm_scan_spec spec = {
        .dataset = &dataset,
        .scope = DM_SCOPE_NAMED,
        .p = intern(snapshot, DM_NS "unit"),
        .g = graph,
    };
    struct dm_scan *scan = NULL;
    struct dm_quad_ids row;
    size_t n = 0;
    CHECK(!dm_scan_open(snapshot, &spec, &scan));
    enum dm_status status = DM_OK;
    while (!(status = dm_scan_next(scan, &row))) {
        ++n;
    }
    CHECK(status == DM_END);
    dm_scan_close(scan);
    return n;
}

static void
record(struct dm_txn *txn, int64_t at_ms, struct dm_event_key *ret)
{
    static const struct dm_sample sample = {
        .label = {"load", 4}, .value = {"0.5", 3}, .unit = {"s", 1}};
    struct dm_event event =
        event_at(1, put(txn, SHOP), DM_RESULT_WARNING, at_ms);
    event.samples = &sample;
    event.n_samples = 1;
    event.message = dm_str("load is high");
    CHECK(!dm_txn_record(txn, &event, ret));
}

static void
check_sight(struct fixture *fixture, struct dm_txn *txn,
            const struct dm_event_key *sealed)
{
    static const struct dm_event_key none = {0};
    struct dm_snapshot *snapshot = NULL;
    CHECK(!dm_txn_snapshot(txn, &fixture->work, &snapshot));
    CHECK_INT((int64_t)count_events(snapshot, &none), 3);
    CHECK_INT((int64_t)count_events(snapshot, sealed), 2);
    CHECK_INT((int64_t)count_units(snapshot), 1);
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    CHECK(!dm_latest_open(snapshot, 1, DM_ID_NONE, &scan));
    CHECK(!dm_latest_next(scan, &latest));
    CHECK_INT(latest.streak, 3);
    CHECK(latest.event.n_samples == 1 &&
          dm_str_is(latest.event.samples[0].value, "0.5"));
    CHECK(dm_latest_next(scan, &latest) == DM_END);
    dm_latest_close(scan);
    struct dm_block block;
    CHECK(!dm_snapshot_block_at(snapshot, &entry_1, &block));
    struct dm_str value;
    CHECK(!dm_snapshot_state_get(snapshot, "sync", dm_str("k"), &value));
    CHECK(dm_str_is(value, "v"));
    // What is counted in memory is seen
    struct dm_store_figures figures;
    CHECK(!dm_snapshot_figures(snapshot, &figures));
    CHECK_INT((int64_t)figures.events, 3);
    CHECK_INT((int64_t)figures.latest, 1);
    expect_figures(snapshot, 1, 1, 7);
    CHECK(dm_snapshot_generation(snapshot) == dm_txn_generation(txn));
    CHECK(!dm_snapshot_check(snapshot, NULL));
    dm_snapshot_close(snapshot);
}

static void
a_transaction_is_read_before_it_is_committed(bool in_file)
{
    struct fixture fixture;
    fixture_init(&fixture, in_file);
    struct dm_event_key sealed;
    struct dm_txn *txn = begin(&fixture);
    CHECK(number(txn, "ipns://k1") == 1);
    record(txn, NOW, &sealed);
    commit(txn);

    const struct dm_str value = dm_str("v");
    txn = begin(&fixture);
    record(txn, NOW + 1000, NULL);
    record(txn, NOW + 1000, NULL);
    put_block(txn, 1, 1, DM_BLOCK_ENTRY, 1);
    CHECK(!dm_txn_state_put(txn, "sync", dm_str("k"), &value));
    check_sight(&fixture, txn, &sealed);
    // Again, and it goes on as though nothing had been
    check_sight(&fixture, txn, &sealed);
    if (in_file) {
        struct dm_snapshot *reader = snapshot_of(&fixture);
        const struct dm_event_key none = {0};
        CHECK_INT((int64_t)count_events(reader, &none), 1);
        dm_snapshot_close(reader);
    }
    record(txn, NOW + 2000, NULL);
    put_block(txn, 2, 1, DM_BLOCK_ENTRY, 2);
    CHECK(number(txn, "ipns://k2") == 2);
    struct dm_snapshot *snapshot = NULL;
    CHECK(!dm_txn_snapshot(txn, &fixture.work, &snapshot));
    CHECK(dm_snapshot_generation(snapshot) == dm_txn_generation(txn));
    expect_figures(snapshot, 1, 2, 14);
    dm_snapshot_close(snapshot);
    commit(txn);
    check_store(&fixture);
    snapshot = snapshot_of(&fixture);
    expect_figures(snapshot, 1, 2, 14);
    CHECK_INT((int64_t)count_events(snapshot, &sealed), 3);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
what_was_read_of_a_transaction_may_be_rolled_back(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct dm_txn *txn = begin(&fixture);
    CHECK(number(txn, "ipns://k1") == 1);
    put_block(txn, 1, 1, DM_BLOCK_ENTRY, 1);
    struct dm_snapshot *snapshot = NULL;
    CHECK(!dm_txn_snapshot(txn, &fixture.work, &snapshot));
    expect_figures(snapshot, 1, 1, 7);
    dm_snapshot_close(snapshot);
    dm_txn_rollback(txn);
    snapshot = snapshot_of(&fixture);
    expect_figures(snapshot, 1, 0, 0);
    dm_snapshot_close(snapshot);
    check_store(&fixture);
    fixture_done(&fixture);
}

static void
work_that_ends_leaves_the_transaction_whole(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct dm_txn *txn = begin(&fixture);
    CHECK(number(txn, "ipns://k1") == 1);
    for (uint32_t i = 0; i < 3000; ++i) {
        put_block(txn, i, 1, DM_BLOCK_ENTRY, i);
    }
    struct dm_snapshot *snapshot = NULL;
    struct dm_blocks *blocks = NULL;
    struct dm_block block;
    CHECK(!dm_txn_snapshot(txn, &fixture.work, &snapshot));
    CHECK(!dm_blocks_open(snapshot, 1, DM_BLOCK_ENTRY, 0, &blocks));
    CHECK(!dm_blocks_next(blocks, &block));
    dm_work_cancel(&fixture.work);
    enum dm_status status = DM_OK;
    size_t n = 0;
    while (!(status = dm_blocks_next(blocks, &block))) {
        ++n;
    }
    CHECK(status == DM_ERR_CANCELLED && n <= DM_WORK_ROWS);
    dm_blocks_close(blocks);
    CHECK(dm_blocks_open(snapshot, 1, DM_BLOCK_ENTRY, 0, &blocks) ==
          DM_ERR_CANCELLED);
    dm_snapshot_close(snapshot);
    CHECK(dm_txn_snapshot(txn, &fixture.work, &snapshot) == DM_ERR_CANCELLED);
    put_block(txn, 3000, 1, DM_BLOCK_ENTRY, 3000);
    commit(txn);
    dm_work_init(&fixture.work, &fixture.env, INT64_MAX, (size_t)1 << 28U);
    snapshot = snapshot_of(&fixture);
    CHECK_INT((int64_t)count_from(snapshot, 1, DM_BLOCK_ENTRY, 0), 3001);
    dm_snapshot_close(snapshot);
    check_store(&fixture);
    fixture_done(&fixture);
}

int
main(void)
{
    a_block_is_found_by_name_and_by_place(true);
    a_block_is_found_by_name_and_by_place(false);
    a_place_has_one_block_and_a_head_is_replaced();
    what_is_named_again_moves_and_outlives_what_is_old();
    removal_is_bounded_and_counts();
    figures_follow_what_is_rolled_back_and_reopened();
    large_and_empty_blocks_are_held();
    a_damaged_name_is_said();
    a_transaction_is_read_before_it_is_committed(true);
    a_transaction_is_read_before_it_is_committed(false);
    what_was_read_of_a_transaction_may_be_rolled_back();
    work_that_ends_leaves_the_transaction_whole();
    return 0;
}
