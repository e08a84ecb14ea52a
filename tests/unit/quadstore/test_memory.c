// SPDX-License-Identifier: ISC

// Every allocation fails once, those of SQLite too: nothing leaks, nothing is
// half done, and what failed says that memory is out.

#include "tests/unit/quadstore/fixture.h"

#include "base/alloc.h"
#include "quadstore/blocks.h"
#include "quadstore/tripleset.h"

#include <sqlite3.h>

#define NOW INT64_C(1795536000000)
#define SHOP "https://demonitor.internal/shop"

// --------------------------------------- SQLite's heap on top of base/alloc.h

#define HEAD 16

static void *
lite_malloc(int n)
{
    char *room = dm_malloc((size_t)n + HEAD);
    if (!room) {
        return NULL;
    }
    memcpy(room, &n, sizeof(n));
    return room + HEAD;
}

static void
lite_free(void *room)
{
    if (room) {
        dm_free((char *)room - HEAD);
    }
}

static int
lite_size(void *room)
{
    int n = 0;
    memcpy(&n, (char *)room - HEAD, sizeof(n));
    return n;
}

static void *
lite_realloc(void *room, int n)
{
    char *moved = dm_realloc((char *)room - HEAD, (size_t)n + HEAD, 1);
    if (!moved) {
        return NULL;
    }
    memcpy(moved, &n, sizeof(n));
    return moved + HEAD;
}

static int
lite_roundup(int n)
{
    return (n + 7) & ~7;
}

static int
lite_init(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void
lite_shutdown(void *context)
{
    (void)context;
}

// ----------------------------------------------------------------------- story

#define TRY(expr)                                                              \
    do {                                                                       \
        const enum dm_status status_ = (expr);                                 \
        if (status_) {                                                         \
            return status_;                                                    \
        }                                                                      \
    } while (0)

static enum dm_status
record(struct dm_txn *txn, int64_t at_ms)
{
    dm_log_no log = 0;
    dm_id check = DM_ID_NONE;
    dm_id graph = DM_ID_NONE;
    const struct dm_term shop = dm_term_iri(dm_str(SHOP));
    const struct dm_term text = dm_term_string(dm_str("text"));
    const struct dm_sample sample = {
        .label = dm_str("load"), .value = dm_str("0.5"), .unit = dm_str("s")};
    TRY(dm_txn_log_number(txn, dm_str("ipns://k1"), &log));
    TRY(dm_txn_intern(txn, &shop, &check));
    TRY(dm_txn_intern(txn, &text, &graph));
    struct dm_event event = event_at(log, check, DM_RESULT_CRITICAL, at_ms);
    struct dm_latest before;
    event.message = dm_str("refused");
    event.samples = &sample;
    event.n_samples = 1;
    TRY(dm_txn_record(txn, &event, NULL));
    const enum dm_status status = dm_txn_latest(txn, log, check, &before);
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    const struct dm_triple_ids triples[] = {{check, check, graph},
                                            {check, check, check}};
    TRY(dm_txn_replace_graph(txn, check, triples, 2));
    const struct dm_quad quad = {
        .s = term_of("ipns://k1#1795536000123.0"),
        .p = term_of("http://e/p"),
        .o = term_of("\"x\""),
        .g = term_of("ipns://k1"),
    };
    return dm_txn_import(txn, &quad, NULL);
}

// A block that is put, moved, and put again
static enum dm_status
put_blocks(struct dm_txn *txn)
{
    struct dm_block block = {.place = {1, DM_BLOCK_PART, 1},
                             .name = {1, 2, 3},
                             .data = dm_str("a block")};
    bool more = false;
    TRY(dm_txn_block_put(txn, &block));
    block.place.seq = 2;
    TRY(dm_txn_block_put(txn, &block));
    block.place.kind = DM_BLOCK_HEAD;
    TRY(dm_txn_block_put(txn, &block));
    block.name[0] = 9;
    TRY(dm_txn_block_put(txn, &block));
    return dm_txn_blocks_remove(txn, 1, 1U << DM_BLOCK_PROOF, 0, 9, 9, &more);
}

// What a State says, and then the event
static enum dm_status
put_state(struct dm_txn *txn, dm_id check)
{
    const struct dm_sample sample = {
        .label = dm_str("load"), .value = dm_str("1.5"), .unit = dm_str("s")};
    struct dm_latest latest = {
        .event = event_at(1, check, DM_RESULT_OK, NOW + 1000000),
        .since_ms = NOW,
        .streak = 2,
        .bad_since_ms = DM_NO_TIME,
        .certificate_expires_ms = NOW,
    };
    latest.event.key.ms = NOW + 1000000;
    latest.event.samples = &sample;
    latest.event.n_samples = 1;
    TRY(dm_txn_put_latest(txn, &latest));
    latest.event.run_id = dm_str("r1");
    TRY(dm_txn_merge(txn, &latest.event));
    latest.event.key.ms -= 10;
    latest.event.at_ms -= 10;
    return dm_txn_merge(txn, &latest.event);
}

static enum dm_status
read_blocks(struct dm_snapshot *snapshot)
{
    static const uint8_t name[DM_BLOCK_NAME_BYTES] = {1, 2, 3};
    static const struct dm_block_place place = {1, DM_BLOCK_HEAD, 2};
    struct dm_blocks *blocks = NULL;
    struct dm_block block;
    struct dm_block_figures figures;
    TRY(dm_snapshot_block(snapshot, name, &block));
    TRY(dm_snapshot_block_at(snapshot, &place, &block));
    TRY(dm_snapshot_block_figures(snapshot, 1, &figures));
    TRY(dm_blocks_open(snapshot, 1, DM_BLOCK_PART, 0, &blocks));
    enum dm_status status = DM_OK;
    while (!(status = dm_blocks_next(blocks, &block))) {
    }
    dm_blocks_close(blocks);
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
read_scan(struct dm_snapshot *snapshot)
{
    static const struct dm_dataset everything = {
        .default_graph = DM_DEFAULT_UNION, .all_named = true};
    const struct dm_scan_spec spec = {.dataset = &everything};
    struct dm_scan *scan = NULL;
    struct dm_quad_ids row;
    TRY(dm_scan_open(snapshot, &spec, &scan));
    enum dm_status status = DM_OK;
    while (!(status = dm_scan_next(scan, &row))) {
        struct dm_term term;
        status = dm_snapshot_term(snapshot, row.o, &term);
        if (status) {
            break;
        }
    }
    dm_scan_close(scan);
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
read_history(struct dm_snapshot *snapshot)
{
    const struct dm_history_spec spec = {.filter = dm_history_all(),
                                         .order = DM_ORDER_AT,
                                         .columns = DM_COLUMN_TEXTS |
                                                    DM_COLUMN_SAMPLES};
    struct dm_history *history = NULL;
    struct dm_event event;
    TRY(dm_history_open(snapshot, &spec, &history));
    enum dm_status status = DM_OK;
    while (!(status = dm_history_next(history, &event))) {
    }
    dm_history_close(history);
    if (status != DM_END) {
        return status;
    }
    const struct dm_aggregate_spec groups = {.filter = dm_history_all(),
                                             .group_by = DM_GROUP_METRIC,
                                             .has_quantile = true};
    struct dm_aggregate *aggregate = NULL;
    bool is_exact = false;
    TRY(dm_aggregate_open(snapshot, &groups, &aggregate, &is_exact));
    dm_aggregate_close(aggregate);
    struct dm_latest_scan *latest = NULL;
    struct dm_latest row;
    TRY(dm_latest_open(snapshot, 0, DM_ID_NONE, &latest));
    while (!(status = dm_latest_next(latest, &row))) {
    }
    dm_latest_close(latest);
    return status == DM_END ? DM_OK : status;
}

// All of it within the transaction
static enum dm_status
read_own(struct dm_work *work, struct dm_txn *txn)
{
    struct dm_snapshot *snapshot = NULL;
    TRY(dm_txn_snapshot(txn, work, &snapshot));
    enum dm_status status = read_blocks(snapshot);
    if (!status) {
        status = read_scan(snapshot);
    }
    if (!status) {
        status = read_history(snapshot);
    }
    dm_snapshot_close(snapshot);
    return status;
}

static enum dm_status
write_story(struct dm_store *store, struct dm_work *work)
{
    struct dm_txn *txn = NULL;
    const enum dm_status begun = dm_txn_begin(store, &txn);
    if (begun || !txn) {
        return begun;
    }
    enum dm_status status = record(txn, NOW);
    if (!status) {
        status = put_blocks(txn);
    }
    if (!status) {
        status = read_own(work, txn);
    }
    if (!status) {
        status = record(txn, NOW - 1000);
    }
    if (!status) {
        const struct dm_term shop = dm_term_iri(dm_str(SHOP));
        dm_id check = DM_ID_NONE;
        status = dm_txn_intern(txn, &shop, &check);
        status = status ? status : put_state(txn, check);
    }
    if (status) {
        dm_txn_rollback(txn);
        return status;
    }
    return dm_txn_commit(txn, DM_COMMIT_DURABLE);
}

static enum dm_status
read_story(struct dm_snapshot *snapshot)
{
    struct dm_tripleset *set =
        dm_tripleset_new(&dm_snapshot_work(snapshot)->account);
    if (!set) {
        return DM_ERR_NO_MEMORY;
    }
    dm_id id = DM_ID_NONE;
    const struct dm_term now = dm_term_iri(dm_str(DM_NS "now"));
    enum dm_status status = dm_snapshot_intern(snapshot, &now, &id);
    if (!status) {
        status = dm_tripleset_add(set, id, id, id);
    }
    if (!status) {
        status = dm_tripleset_seal(set);
    }
    if (!status) {
        status = dm_snapshot_attach(snapshot, id, &dm_tripleset_graph, set);
    }
    if (!status) {
        status = read_scan(snapshot);
    }
    if (!status) {
        status = read_history(snapshot);
    }
    if (!status) {
        status = read_blocks(snapshot);
    }
    dm_tripleset_free(set);
    return status;
}

static enum dm_status
tell_story(struct fixture *fixture)
{
    const struct dm_store_options options = {.path = fixture->path};
    struct dm_snapshot *snapshot = NULL;
    TRY(dm_store_open(&fixture->env, &options, &fixture->store, NULL));
    CHECK(fixture->store);
    enum dm_status status = write_story(fixture->store, &fixture->work);
    if (!status) {
        status = dm_snapshot_open(fixture->store, &fixture->work, &snapshot);
    }
    if (!status) {
        status = read_story(snapshot);
        dm_snapshot_close(snapshot);
    }
    return status;
}

static void
every_allocation_may_fail(void)
{
    size_t after = 0;
    enum dm_status status = DM_OK;
    do {
        struct fixture fixture;
        fixture_init(&fixture, true);
        dm_store_close(fixture.store);
        fixture.store = NULL;
        dm_alloc_fail_after(after);
        status = tell_story(&fixture);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (status && status != DM_ERR_NO_MEMORY) {
            (void)fprintf(stderr, "allocation %zu: %s\n", after,
                          dm_status_text(status));
            abort();
        }
        CHECK_INT((int64_t)fixture.work.account.used, 0);
        dm_store_close(fixture.store);
        fixture_open(&fixture);
        check_store(&fixture);
        fixture_done(&fixture);
        after += after < 300 ? 1 : 1 + after / 50; // All of ours, and samples
    } while (status);
    CHECK(after > 300);
}

int
main(void)
{
    static const sqlite3_mem_methods heap = {
        lite_malloc,  lite_free, lite_realloc,  lite_size,
        lite_roundup, lite_init, lite_shutdown, NULL};
    CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &heap) == SQLITE_OK);
    // Without it SQLite would not ask for each piece
    CHECK(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK);
    every_allocation_may_fail();
    return 0;
}
