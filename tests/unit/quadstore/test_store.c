// SPDX-License-Identifier: ISC

#include "tests/unit/quadstore/fixture.h"

#include "base/alloc.h"

#define NOW INT64_C(1795536000123)

static const struct dm_dataset union_of_all = {
    .default_graph = DM_DEFAULT_UNION, .all_named = true};

static size_t
count_rows(struct dm_snapshot *snapshot, struct dm_triple_ids pattern)
{
    const struct dm_scan_spec spec = {.dataset = &union_of_all,
                                      .scope = DM_SCOPE_DEFAULT,
                                      .s = pattern.s,
                                      .p = pattern.p,
                                      .o = pattern.o};
    struct dm_scan *scan = NULL;
    struct dm_quad_ids row;
    size_t n = 0;
    enum dm_status status = DM_OK;
    CHECK(!dm_scan_open(snapshot, &spec, &scan));
    while (!(status = dm_scan_next(scan, &row))) {
        ++n;
    }
    CHECK(status == DM_END);
    dm_scan_close(scan);
    return n;
}

static void
what_is_committed_is_there_after_reopening(bool in_file)
{
    struct fixture fixture;
    fixture_init(&fixture, in_file);
    struct dm_txn *txn = begin(&fixture);
    const dm_id s = put(txn, "http://example.org/s");
    const dm_id p = put(txn, "http://example.org/p");
    const dm_id o = put(txn, "\"text\"");
    const dm_id g = put(txn, "http://example.org/g");
    add(txn, s, p, o, g);
    add(txn, s, p, o, DM_ID_NONE);
    commit(txn);
    if (in_file) {
        fixture_reopen(&fixture);
    }

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK(intern(snapshot, "\"text\"") == o);
    CHECK_INT((int64_t)count_rows(snapshot, (struct dm_triple_ids){s, p, o}),
              1);
    struct dm_term term;
    CHECK(!dm_snapshot_term(snapshot, o, &term));
    CHECK(dm_str_is(term.value, "text"));
    struct dm_store_figures figures;
    CHECK(!dm_snapshot_figures(snapshot, &figures));
    CHECK_INT((int64_t)figures.quads, 2);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
a_result_is_the_star_of_its_reifier(void)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct dm_txn *txn = begin(&fixture);
    dm_log_no log = 0;
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k51a"), &log));
    CHECK_INT(log, 1);
    const dm_id check = put(txn, "https://demonitor.internal/shop");
    struct dm_event event = event_at(log, check, DM_RESULT_CRITICAL, NOW);
    event.micros = 812000;
    event.failure = put(txn, DM_NS "connection");
    event.message = dm_str("connect to 192.0.2.7:443: refused");
    const struct dm_sample sample = {
        .label = dm_str("time"), .value = dm_str("0.8"), .unit = dm_str("s")};
    event.samples = &sample;
    event.n_samples = 1;
    struct dm_event_key key;
    CHECK(!dm_txn_record(txn, &event, &key));
    CHECK_INT(key.ms, NOW);
    commit(txn);

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    const dm_id id = intern(snapshot, "ipns://k51a#1795536000123.0");
    CHECK(id == dm_id_from_event(&key));
    CHECK_INT((int64_t)count_rows(snapshot, (struct dm_triple_ids){.s = id}),
              6);
    const dm_id metric =
        intern(snapshot, "https://demonitor.internal/shop#time");
    CHECK_INT(
        (int64_t)count_rows(snapshot, (struct dm_triple_ids){.p = metric}), 1);

    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    CHECK(!dm_latest_open(snapshot, 0, DM_ID_NONE, &scan));
    CHECK(!dm_latest_next(scan, &latest));
    CHECK_INT(latest.streak, 1);
    CHECK_INT(latest.bad, 1);
    CHECK_INT(latest.since_ms, NOW);
    CHECK(dm_str_equal(latest.event.message, event.message));
    CHECK_INT((int64_t)latest.event.n_samples, 1);
    CHECK(dm_str_is(latest.event.samples[0].unit, "s"));
    CHECK(dm_latest_next(scan, &latest) == DM_END);
    dm_latest_close(scan);

    struct dm_history *history = NULL;
    const struct dm_history_spec spec = {.filter = dm_history_all(),
                                         .columns = DM_COLUMN_TEXTS |
                                                    DM_COLUMN_SAMPLES};
    struct dm_event read;
    CHECK(!dm_history_open(snapshot, &spec, &history));
    CHECK(!dm_history_next(history, &read));
    CHECK_INT(read.micros, 812000);
    CHECK(read.check == check);
    CHECK(dm_str_is(read.samples[0].value, "0.8"));
    CHECK(dm_history_next(history, &read) == DM_END);
    dm_history_close(history);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
in_memory_a_transaction_and_snapshots_exclude_each_other(void)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct dm_txn *txn = begin(&fixture);
    struct dm_snapshot *snapshot = NULL;
    CHECK(dm_snapshot_open(fixture.store, &fixture.work, &snapshot) ==
          DM_ERR_BUSY);
    dm_txn_rollback(txn);
    snapshot = snapshot_of(&fixture);
    CHECK(dm_txn_begin(fixture.store, &txn) == DM_ERR_BUSY);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
what_is_rolled_back_never_was(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct dm_txn *txn = begin(&fixture);
    dm_log_no log = 0;
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k51a"), &log));
    const dm_id check = put(txn, "https://demonitor.internal/shop");
    commit(txn);

    txn = begin(&fixture);
    const struct dm_event event = event_at(log, check, DM_RESULT_OK, NOW);
    CHECK(!dm_txn_record(txn, &event, NULL));
    (void)put(txn, "http://example.org/never");
    dm_txn_rollback(txn);

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    struct dm_store_figures figures;
    CHECK(!dm_snapshot_figures(snapshot, &figures));
    CHECK_INT((int64_t)figures.events, 0);
    CHECK_INT((int64_t)figures.latest, 0);
    CHECK(dm_id_is_local(intern(snapshot, "http://example.org/never")));
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static enum dm_status
count_value(void *context, struct dm_str key, struct dm_str value)
{
    size_t *n = context;
    CHECK(key.n == 1 && value.n == 1);
    ++*n;
    return DM_OK;
}

static void
state_is_kept_by_space_and_key(void)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    const struct dm_str one = dm_str("1");
    struct dm_txn *txn = begin(&fixture);
    CHECK(!dm_txn_state_put(txn, "alert", dm_str("a"), &one));
    CHECK(!dm_txn_state_put(txn, "alert", dm_str("b"), &one));
    CHECK(!dm_txn_state_put(txn, "sync", dm_str("a"), &one));
    CHECK(!dm_txn_state_put(txn, "alert", dm_str("b"), NULL));
    commit(txn);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    struct dm_str value;
    size_t n = 0;
    CHECK(!dm_snapshot_state_get(snapshot, "alert", dm_str("a"), &value));
    CHECK(dm_str_equal(value, one));
    CHECK(dm_snapshot_state_get(snapshot, "alert", dm_str("b"), &value) ==
          DM_ERR_NOT_FOUND);
    CHECK(!dm_snapshot_state_each(snapshot, "alert", count_value, &n));
    CHECK_INT((int64_t)n, 1);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
a_value_of_state_may_be_large(void)
{
    struct fixture fixture;
    static char bytes[3 * 65536];
    for (size_t i = 0; i < sizeof(bytes); ++i) {
        bytes[i] = (char)(i * 7 + i / 256);
    }
    fixture_init(&fixture, true);
    struct dm_txn *txn = begin(&fixture);
    const struct dm_str large = dm_str_n(bytes, sizeof(bytes));
    const struct dm_str half = dm_str_n(bytes, 65536);
    CHECK(!dm_txn_state_put(txn, "sync", dm_str("a"), &large));
    CHECK(!dm_txn_state_put(txn, "sync", dm_str("b"), &half));
    commit(txn);
    txn = begin(&fixture);
    CHECK(!dm_txn_state_put(txn, "sync", dm_str("a"), &half));
    CHECK(!dm_txn_state_put(txn, "sync", dm_str("b"), &large));
    commit(txn);
    check_store(&fixture);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    struct dm_str value;
    CHECK(!dm_snapshot_state_get(snapshot, "sync", dm_str("a"), &value));
    CHECK(dm_str_equal(value, half));
    CHECK(!dm_snapshot_state_get(snapshot, "sync", dm_str("b"), &value));
    CHECK(dm_str_equal(value, large));
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

int
main(void)
{
    a_value_of_state_may_be_large();
    what_is_committed_is_there_after_reopening(false);
    what_is_committed_is_there_after_reopening(true);
    a_result_is_the_star_of_its_reifier();
    in_memory_a_transaction_and_snapshots_exclude_each_other();
    what_is_rolled_back_never_was();
    state_is_kept_by_space_and_key();
    return 0;
}
