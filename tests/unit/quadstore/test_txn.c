// SPDX-License-Identifier: ISC

// What transactions do beside adding and recording: follow, rekey, retain,
// import, replace graphs.

#include "tests/unit/quadstore/fixture.h"

#include "quadstore/blocks.h"

#include "rdf/reader.h"

#define NOW INT64_C(1795536000000)
#define HOUR INT64_C(3600000)
#define SHOP "https://demonitor.internal/shop"

static const struct dm_dataset everything = {.default_graph = DM_DEFAULT_UNION,
                                             .all_named = true};

static size_t
count_in(struct dm_snapshot *snapshot, struct dm_scan_spec spec)
{
    struct dm_scan *scan = NULL;
    struct dm_quad_ids row;
    size_t n = 0;
    spec.dataset = &everything;
    CHECK(!dm_scan_open(snapshot, &spec, &scan));
    while (!dm_scan_next(scan, &row)) {
        ++n;
    }
    dm_scan_close(scan);
    return n;
}

static struct dm_latest
latest_of(struct dm_snapshot *snapshot, dm_log_no log, dm_id check)
{
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    CHECK(!dm_latest_open(snapshot, log, check, &scan));
    CHECK(!dm_latest_next(scan, &latest));
    dm_latest_close(scan);
    return latest;
}

static uint64_t
count_events(struct fixture *fixture)
{
    struct dm_snapshot *snapshot = snapshot_of(fixture);
    struct dm_store_figures figures;
    CHECK(!dm_snapshot_figures(snapshot, &figures));
    dm_snapshot_close(snapshot);
    return figures.events;
}

static void
following_a_log_makes_its_event_iris_inline(void)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct dm_txn *txn = begin(&fixture);
    const dm_id old = put(txn, "ipns://k2#1795536000000.0");
    CHECK(!dm_id_is_inline(old));
    const dm_id p = put(txn, "http://e/p");
    const struct dm_triple triple = {.s = term_of("ipns://k2#1795536000000.0"),
                                     .p = term_of("http://e/p"),
                                     .o =
                                         term_of("ipns://k2#1795536000001.63")};
    const struct dm_term nested = dm_term_triple(&triple);
    const struct dm_term typed =
        dm_term_literal(dm_str("x"), dm_str("ipns://k2#1795536000000.0"));
    dm_id term = DM_ID_NONE;
    dm_id literal = DM_ID_NONE;
    CHECK(!dm_txn_intern(txn, &nested, &term));
    CHECK(!dm_txn_intern(txn, &typed, &literal));
    add(txn, old, p, term, old);
    add(txn, p, old, old, DM_ID_NONE);
    add(txn, p, p, literal, DM_ID_NONE);
    const uint64_t generation = dm_txn_generation(txn);
    commit(txn);
    check_store(&fixture);

    txn = begin(&fixture);
    dm_log_no log = 0;
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k2"), &log));
    CHECK(dm_txn_generation(txn) == generation + 1);
    commit(txn);
    check_store(&fixture);

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK(dm_snapshot_generation(snapshot) == generation + 1);
    const dm_id now = intern(snapshot, "ipns://k2#1795536000000.0");
    CHECK(dm_id_is_inline(now));
    dm_id found = DM_ID_NONE;
    CHECK(!dm_snapshot_find(snapshot, &nested, &found) && found == term);
    CHECK(!dm_snapshot_find(snapshot, &typed, &found) && found == literal);
    CHECK_INT((int64_t)count_in(snapshot, (struct dm_scan_spec){.s = now}), 1);
    CHECK_INT((int64_t)count_in(snapshot, (struct dm_scan_spec){.p = now}), 1);
    CHECK_INT(
        (int64_t)count_in(
            snapshot, (struct dm_scan_spec){.scope = DM_SCOPE_NAMED, .g = now}),
        1);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
a_graph_is_replaced_by_its_difference(void)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct dm_txn *txn = begin(&fixture);
    const dm_id g = put(txn, "http://g/");
    const dm_id p = put(txn, "http://e/p");
    static struct dm_triple_ids triples[600];
    for (size_t i = 0; i < DM_COUNT_OF(triples); ++i) {
        dm_id o = DM_ID_NONE;
        CHECK(dm_id_from_integer((int64_t)(i * 7 % 600), &o));
        triples[i] = (struct dm_triple_ids){p, p, o};
    }
    CHECK(!dm_txn_replace_graph(txn, g, triples, 600));
    CHECK(!dm_txn_replace_graph(txn, g, triples, 300));
    triples[0] = triples[1]; // Twice is once
    CHECK(!dm_txn_replace_graph(txn, g, triples, 400));
    commit(txn);
    check_store(&fixture);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK_INT(
        (int64_t)count_in(
            snapshot, (struct dm_scan_spec){.scope = DM_SCOPE_NAMED, .g = g}),
        399);
    dm_snapshot_close(snapshot);

    txn = begin(&fixture);
    CHECK(!dm_txn_clear_graph(txn, g));
    commit(txn);
    check_store(&fixture);
    fixture_done(&fixture);
}

// Ten events an hour apart of two checks, and what a graph says of one
static dm_log_no
fill(struct fixture *fixture, dm_id checks[2])
{
    dm_log_no log = 0;
    struct dm_txn *txn = begin(fixture);
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k1"), &log));
    checks[0] = put(txn, SHOP);
    checks[1] = put(txn, "https://demonitor.internal/old");
    const dm_id p = put(txn, "http://e/note");
    const dm_id g = put(txn, "ipns://k1");
    for (int i = 0; i < 10; ++i) {
        const struct dm_event event =
            event_at(log, checks[i == 2], DM_RESULT_OK, NOW + i * HOUR);
        struct dm_event_key key;
        CHECK(!dm_txn_record(txn, &event, &key));
        add(txn, dm_id_from_event(&key), p, p, g);
    }
    commit(txn);
    return log;
}

static void
retention_keeps_what_the_present_stands_on(void)
{
    struct fixture fixture;
    dm_id checks[2];
    fixture_init(&fixture, false);
    const dm_log_no log = fill(&fixture, checks);
    const struct dm_retention retention = {.events_before_ms = NOW + 8 * HOUR,
                                           .slice_rows = 3};
    bool more = true;
    int slices = 0;
    while (more) {
        struct dm_txn *txn = begin(&fixture);
        CHECK(!dm_txn_retain(txn, &retention, &more));
        commit(txn);
        check_store(&fixture);
        CHECK(++slices < 20);
    }
    CHECK_INT((int64_t)count_events(&fixture), 3);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK_INT(latest_of(snapshot, log, checks[1]).event.at_ms, NOW + 2 * HOUR);
    CHECK_INT(latest_of(snapshot, log, checks[0]).streak, 9);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
retention_makes_the_file_as_small_as_asked(void)
{
    struct fixture fixture;
    dm_id checks[2];
    fixture_init(&fixture, true);
    const dm_log_no log = fill(&fixture, checks);
    static char text[4000];
    memset(text, 'x', sizeof(text));
    for (int i = 0; i < 10; ++i) {
        struct dm_txn *txn = begin(&fixture);
        for (int k = 0; k < 50; ++k) {
            struct dm_event event =
                event_at(log, checks[0], DM_RESULT_OK,
                         NOW + 20 * HOUR + (i * 50 + k) * HOUR / 10);
            event.output = dm_str_n(text, sizeof(text));
            CHECK(!dm_txn_record(txn, &event, NULL));
        }
        commit(txn);
    }
    const struct dm_retention retention = {.max_bytes = 1 << 20U,
                                           .slice_rows = 40};
    bool more = true;
    int slices = 0;
    while (more) {
        struct dm_txn *txn = begin(&fixture);
        CHECK(!dm_txn_retain(txn, &retention, &more));
        commit(txn);
        CHECK(++slices < 200);
    }
    check_store(&fixture);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    struct dm_store_figures figures;
    CHECK(!dm_snapshot_figures(snapshot, &figures));
    CHECK(figures.file_bytes - figures.free_bytes <= 1 << 20U);
    CHECK(figures.free_bytes <= UINT64_C(128) * 4096);
    CHECK(figures.events > 100);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

// Retain until nothing more is due; how many events there are then.
static uint64_t
retain_all(struct fixture *fixture, const struct dm_retention *retention)
{
    struct dm_store_figures figures;
    bool more = true;
    int slices = 0;
    while (more) {
        struct dm_txn *txn = begin(fixture);
        CHECK(!dm_txn_retain(txn, retention, &more));
        commit(txn);
        CHECK(++slices < 200);
    }
    check_store(fixture);
    struct dm_snapshot *snapshot = snapshot_of(fixture);
    CHECK(!dm_snapshot_figures(snapshot, &figures));
    dm_snapshot_close(snapshot);
    return figures.events;
}

static void
retention_leaves_blocks_and_ends_though_they_are_large(void)
{
    struct fixture fixture;
    dm_id checks[2];
    fixture_init(&fixture, true);
    const dm_log_no log = fill(&fixture, checks);
    static char bytes[100000];
    memset(bytes, 'x', sizeof(bytes));
    struct dm_retention retention = {.max_bytes = 1 << 20U, .slice_rows = 40};
    const uint64_t before = retain_all(&fixture, &retention);
    struct dm_txn *txn = begin(&fixture);
    for (uint8_t i = 0; i < 20; ++i) {
        const struct dm_block block = {.place = {log, DM_BLOCK_PAYLOAD, i},
                                       .name = {i},
                                       .data = dm_str_n(bytes, sizeof(bytes))};
        CHECK(!dm_txn_block_put(txn, &block));
    }
    commit(txn);
    // Dropping events would not make the file small enough
    CHECK(retain_all(&fixture, &retention) == before);
    // Here it would, if there were more of them: what stays is the present
    retention.max_bytes = sizeof(bytes) * 20 + 4096;
    const uint64_t left = retain_all(&fixture, &retention);
    CHECK(left > 0 && left < before);
    CHECK(retain_all(&fixture, &retention) == left);

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    struct dm_block_figures figures;
    CHECK(!dm_snapshot_block_figures(snapshot, log, &figures));
    CHECK(figures.blocks == 20 && figures.bytes == sizeof(bytes) * 20);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
rekeyed_events_keep_order_quads_and_present(void)
{
    struct fixture fixture;
    dm_id checks[2];
    fixture_init(&fixture, false);
    const dm_log_no log = fill(&fixture, checks);
    struct dm_txn *txn = begin(&fixture);
    const struct dm_event_key after = {.log = log, .ms = NOW + 4 * HOUR};
    const struct dm_event_key floor = {.log = log, .ms = NOW + 7 * HOUR};
    CHECK(!dm_txn_rekey(txn, log, &after, &floor));
    commit(txn);
    check_store(&fixture);

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    const struct dm_history_spec spec = {.filter = dm_history_all()};
    struct dm_history *history = NULL;
    struct dm_event event;
    CHECK(!dm_history_open(snapshot, &spec, &history));
    for (int i = 0; i < 10; ++i) {
        CHECK(!dm_history_next(history, &event));
        CHECK_INT(event.at_ms, NOW + i * HOUR);
        CHECK(event.has_quads);
        // 5, 6 and 7 come behind the floor, within its ms
        CHECK_INT(event.key.ms, NOW + (i >= 5 && i < 8 ? 7 : i) * HOUR);
        CHECK_INT(event.key.n, i >= 5 && i < 8 ? i - 4 : 0);
        CHECK_INT((int64_t)count_in(
                      snapshot,
                      (struct dm_scan_spec){.s = dm_id_from_event(&event.key)}),
                  3);
    }
    CHECK(dm_history_next(history, &event) == DM_END);
    dm_history_close(history);
    CHECK_INT(latest_of(snapshot, log, checks[0]).event.key.ms, NOW + 9 * HOUR);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
a_retired_check_has_history_but_no_present(void)
{
    struct fixture fixture;
    dm_id checks[2];
    fixture_init(&fixture, false);
    const dm_log_no log = fill(&fixture, checks);
    struct dm_txn *txn = begin(&fixture);
    CHECK(!dm_txn_retire(txn, log, checks[0]));
    struct dm_event late = event_at(log, checks[0], DM_RESULT_OK, NOW);
    late.key.ms = NOW + 1;
    CHECK(!dm_txn_merge(txn, &late)); // Old news
    commit(txn);
    check_store(&fixture);
    CHECK_INT((int64_t)count_events(&fixture), 11);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    CHECK(!dm_latest_open(snapshot, log, checks[0], &scan));
    CHECK(dm_latest_next(scan, &latest) == DM_END);
    dm_latest_close(scan);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
the_caller_sees_a_change_of_status(void)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct dm_txn *txn = begin(&fixture);
    dm_log_no log = 0;
    struct dm_latest before;
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k1"), &log));
    const dm_id check = put(txn, SHOP);
    struct dm_event event = event_at(log, check, DM_RESULT_OK, NOW);
    CHECK(!dm_txn_record(txn, &event, NULL));
    CHECK(dm_txn_latest(txn, log, check, &before) == DM_ERR_NOT_FOUND);
    event.status = DM_RESULT_CRITICAL;
    CHECK(!dm_txn_record(txn, &event, NULL));
    CHECK(!dm_txn_latest(txn, log, check, &before));
    CHECK(before.event.status == DM_RESULT_OK);
    commit(txn);
    txn = begin(&fixture);
    CHECK(!dm_txn_latest(txn, log, check, &before));
    CHECK(before.event.status == DM_RESULT_CRITICAL);
    CHECK_INT(before.bad, 1);
    dm_txn_rollback(txn);
    fixture_done(&fixture);
}

static void
keys_go_on_when_a_clock_is_set_back_or_many_come_at_once(void)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct dm_txn *txn = begin(&fixture);
    dm_log_no log = 0;
    struct dm_event_key key;
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k1"), &log));
    const dm_id check = put(txn, SHOP);
    for (int i = 0; i < 130; ++i) {
        const struct dm_event event =
            event_at(log, check, DM_RESULT_OK, NOW - (i ? HOUR : 0));
        CHECK(!dm_txn_record(txn, &event, &key));
        CHECK_INT(key.ms, NOW + i / 64);
        CHECK_INT(key.n, i % 64);
    }
    commit(txn);
    fixture_reopen(&fixture);
    fixture_done(&fixture);
}

// ---------------------------------------------------------------------- import

static const char stars[] =
    "<ipns://k1#1795536000123.0> <" DM_RDF_NS "reifies> <<( <" SHOP "> <" DM_NS
    "status> <" DM_NS "critical> )>> <ipns://k1> .\n"
    "<ipns://k1#1795536000123.0> <" DM_NS
    "at> \"2026-11-24T16:00:00.120Z\"^^<" DM_XSD_NS "dateTime> <ipns://k1> .\n"
    "<ipns://k1#1795536000123.0> <" DM_NS "seconds> \"0.812\"^^<" DM_XSD_NS
    "decimal> <ipns://k1> .\n"
    "<ipns://k1#1795536000123.0> <" DM_NS "failure> <" DM_NS
    "connection> <ipns://k1> .\n"
    "<ipns://k1#1795536000123.0> <" DM_NS "message> \"refused\" <ipns://k1> .\n"
    "<ipns://k1#1795536000123.0> <" SHOP "#%2Fvar> \"91.5\"^^<" DM_XSD_NS
    "decimal> <ipns://k1> .\n"
    "<ipns://k1#1795536000123.0> <http://e/note> \"more\" <ipns://k1> .\n"
    "<" SHOP "#%2Fvar> <" DM_NS "unit> \"%\" <ipns://k1> .\n"
    // No event: it has no time
    "<ipns://k1#1795536000124.0> <" DM_RDF_NS "reifies> <<( <" SHOP "> <" DM_NS
    "status> <" DM_NS "ok> )>> <ipns://k1> .\n"
    // No event: another graph
    "<ipns://k1#1795536000125.0> <" DM_NS "message> \"x\" <http://g/> .\n";

static enum dm_status
import_quad(void *context, const struct dm_quad *quad,
            const struct dm_quad_positions *positions, struct dm_error *error)
{
    (void)positions;
    return dm_txn_import(context, quad, error);
}

static void
import_all(struct fixture *fixture)
{
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_NQUADS};
    struct dm_txn *txn = begin(fixture);
    dm_log_no log = 0;
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k1"), &log));
    CHECK(!dm_read_text(&options, dm_str(stars), import_quad, txn, NULL));
    commit(txn);
    check_store(fixture);
}

static void
imported_stars_are_events_again(void)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    import_all(&fixture);
    import_all(&fixture); // Once more changes nothing
    CHECK_INT((int64_t)count_events(&fixture), 1);

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    const struct dm_latest latest =
        latest_of(snapshot, 1, intern(snapshot, SHOP));
    CHECK(latest.event.status == DM_RESULT_CRITICAL && latest.event.has_quads);
    CHECK_INT(latest.event.at_ms, INT64_C(1795536000120));
    CHECK_INT(latest.event.micros, 812000);
    const dm_id event = intern(snapshot, "ipns://k1#1795536000123.0");
    CHECK_INT((int64_t)count_in(snapshot, (struct dm_scan_spec){.s = event}),
              7);
    struct dm_store_figures figures;
    CHECK(!dm_snapshot_figures(snapshot, &figures));
    CHECK_INT((int64_t)figures.quads, 4);
    // The message is no term of the dictionary
    CHECK(dm_id_is_local(intern(snapshot, "\"refused\"")));
    dm_snapshot_close(snapshot);

    const struct dm_history_spec spec = {.filter = dm_history_all(),
                                         .columns = DM_COLUMN_SAMPLES};
    struct dm_history *history = NULL;
    struct dm_event read;
    snapshot = snapshot_of(&fixture);
    CHECK(!dm_history_open(snapshot, &spec, &history));
    CHECK(!dm_history_next(history, &read));
    CHECK_INT((int64_t)read.n_samples, 1);
    CHECK(dm_str_is(read.samples[0].label, "/var"));
    CHECK(dm_str_is(read.samples[0].value, "91.5"));
    CHECK(dm_str_is(read.samples[0].unit, "%"));
    dm_history_close(history);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

// ---------------------------------------------------------------------- bounds

static void
work_ends_by_cancel_and_by_memory(void)
{
    struct fixture fixture;
    dm_id checks[2];
    fixture_init(&fixture, true);
    (void)fill(&fixture, checks);
    struct dm_snapshot *snapshot = NULL;
    struct dm_scan *scan = NULL;
    const struct dm_scan_spec spec = {.dataset = &everything};
    fixture.work.account.limit = 100;
    CHECK(dm_snapshot_open(fixture.store, &fixture.work, &snapshot) ==
          DM_ERR_NO_MEMORY);
    fixture.work.account.limit = 20000;
    CHECK(!dm_snapshot_open(fixture.store, &fixture.work, &snapshot));
    enum dm_status status = DM_OK;
    for (int i = 0; !status && i < 2000; ++i) {
        char text[40];
        dm_id id = DM_ID_NONE;
        (void)snprintf(text, sizeof(text), "http://local/%d", i);
        const struct dm_term term = term_of(text);
        status = dm_snapshot_intern(snapshot, &term, &id);
    }
    CHECK(status == DM_ERR_NO_MEMORY);
    dm_work_cancel(&fixture.work);
    CHECK(dm_scan_open(snapshot, &spec, &scan) == DM_ERR_CANCELLED);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
figures_that_are_none_are_refused(void)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    for (int i = 0; i < 6; ++i) {
        struct dm_txn *txn = begin(&fixture);
        dm_log_no log = 0;
        CHECK(!dm_txn_log_number(txn, dm_str("ipns://k1"), &log));
        const dm_id check = put(txn, SHOP);
        const dm_id metric = put(txn, SHOP "#x");
        const struct dm_sample twice[2] = {
            {.label = dm_str("a"), .value = dm_str("1.0")},
            {.label = dm_str("a"), .value = dm_str("2.0")}};
        struct dm_event event = event_at(log, check, DM_RESULT_OK, NOW);
        event.check = i == 0 ? metric : i == 1 ? DM_ID_NONE : check;
        event.status = i == 2 ? DM_RESULT_STALE : DM_RESULT_OK;
        event.micros = i == 3 ? -2 : DM_NO_MICROS;
        event.failure = i == 4 ? dm_id_from_boolean(true) : DM_ID_NONE;
        event.samples = twice;
        event.n_samples = i == 5 ? 2 : 0;
        CHECK(dm_txn_record(txn, &event, NULL) == DM_ERR_ARGUMENT);
        dm_txn_rollback(txn);
    }
    fixture_done(&fixture);
}

int
main(void)
{
    following_a_log_makes_its_event_iris_inline();
    a_graph_is_replaced_by_its_difference();
    retention_keeps_what_the_present_stands_on();
    retention_makes_the_file_as_small_as_asked();
    retention_leaves_blocks_and_ends_though_they_are_large();
    rekeyed_events_keep_order_quads_and_present();
    a_retired_check_has_history_but_no_present();
    the_caller_sees_a_change_of_status();
    keys_go_on_when_a_clock_is_set_back_or_many_come_at_once();
    imported_stars_are_events_again();
    work_ends_by_cancel_and_by_memory();
    figures_that_are_none_are_refused();
    return 0;
}
