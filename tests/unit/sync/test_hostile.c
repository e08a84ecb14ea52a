// SPDX-License-Identifier: ISC

// What hostile peers send changes nothing here, and the log goes on afterwards.

#include "base/map.h"
#include "quadstore/blocks.h"
#include "sync/follow.h"
#include "sync/follow_private.h"
#include "tests/check.h"
#include "tests/support/attacks.h"
#include "tests/unit/quadstore/fixture.h"

#include <stdio.h>
#include <string.h>

#define SEED 9 // Not that of the other log
#define T0_MS INT64_C(1795536000000)

static struct dm_log *quiet;

static void
drop(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static int64_t
no_clock(void *context)
{
    (void)context;
    return 0;
}

static void
begin_store(struct fixture *fixture)
{
    if (!quiet) {
        const struct dm_log_options options = {
            .level = DM_LOG_ERROR, .write = drop, .clock = no_clock};
        quiet = dm_log_new(&options);
        CHECK(quiet);
    }
    fixture_init(fixture, false);
    dm_env_init_system(&fixture->env, quiet);
}

// ----------------------------------------------------------------- follower

static struct dm_follow_input
input_of(struct maker *maker, struct dm_str car)
{
    return (struct dm_follow_input){
        .log = dm_key_public(maker->key),
        .record = dm_buf_str(&maker->record),
        .car = car,
        .after = maker->car_after,
        .limit = 1000,
        .rows = DM_FOLLOW_ROWS_ALL,
        .now_ms = T0_MS,
    };
}

// Verify and merge once.
static enum dm_status
merge(struct fixture *at, const struct dm_follow_input *input,
      struct dm_follow_result *ret, struct dm_error *error)
{
    struct dm_follow_batch *batch = NULL;
    struct dm_snapshot *snapshot = NULL;
    struct dm_txn *txn = NULL;
    struct dm_store *store = at->store;
    CHECK(store && !dm_snapshot_open(store, &at->work, &snapshot) && snapshot);
    enum dm_status status =
        dm_follow_verify(snapshot, &at->env, input, &batch, error);
    dm_snapshot_close(snapshot);
    if (status) {
        return status;
    }
    CHECK(batch && !dm_txn_begin(store, &txn) && txn);
    status = dm_follow_apply(batch, &at->env, txn);
    if (status) {
        dm_txn_rollback(txn);
    } else {
        CHECK_INT(dm_txn_commit(txn, DM_COMMIT_DURABLE), DM_OK);
        *ret = dm_follow_batch_result(batch);
    }
    dm_follow_batch_free(batch);
    return status;
}

// Take an answer as the daemon does: in pieces, with Head where it is asked for
static enum dm_status
take(struct fixture *at, struct maker *maker, struct dm_str car, bool is_push,
     struct dm_error *error)
{
    struct dm_follow_result result = {0};
    struct dm_follow_input input = input_of(maker, car);
    enum dm_status status = DM_OK;
    input.is_push = is_push;
    do {
        status = merge(at, &input, &result, error);
        if (status == DM_ERR_NOT_FOUND && !input.head.n) {
            input.head = dm_buf_str(&maker->head);
            status = merge(at, &input, &result, error);
        }
    } while (!status && result.has_more);
    return status;
}

// All that the store says, in bytes
static uint64_t
print_of(struct fixture *at, uint64_t *ret_seq)
{
    struct dm_snapshot *snapshot = snapshot_of(at);
    const struct dm_dataset dataset = {.all_named = true};
    const struct dm_scan_spec spec = {.dataset = &dataset,
                                      .scope = DM_SCOPE_NAMED};
    struct dm_store_figures figures;
    struct dm_scan *scan = NULL;
    struct dm_quad_ids quad;
    uint64_t print = 0;
    CHECK_INT(dm_snapshot_figures(snapshot, &figures), DM_OK);
    CHECK_INT(dm_scan_open(snapshot, &spec, &scan), DM_OK);
    enum dm_status status = DM_OK;
    while (!(status = dm_scan_next(scan, &quad))) {
        print = dm_hash(dm_str_n((const char *)&quad, sizeof(quad)), print);
    }
    CHECK_INT(status, DM_END);
    dm_scan_close(scan);
    *ret_seq = figures.events;
    dm_snapshot_close(snapshot);
    return print;
}

// --------------------------------------------------------------------- tests

static void
report(const struct attack *attack, enum dm_status status,
       const struct dm_error *error)
{
    (void)fprintf(stderr, "%s: %s, \"%s\"\n", attack->name,
                  dm_status_text(status), error->what);
}

static void
check_end(const struct attack *attack, enum dm_status status,
          const struct dm_error *error)
{
    bool is_right = false;
    switch (attack->end) {
    case ATTACK_REFUSED:
        is_right = status && status != DM_ERR_NO_MEMORY && attack->reason &&
                   strstr(error->what, attack->reason);
        break;
    case ATTACK_IGNORED:
        is_right = status == DM_ERR_EXISTS;
        break;
    case ATTACK_ACCEPTED:
        is_right = !status;
        break;
    case ATTACK_FROZEN:
        is_right = status == DM_ERR_STATE;
        break;
    }
    if (!is_right) {
        report(attack, status, error);
    }
    CHECK(is_right);
}

// A good log, one attack on it, the good log again
static void
an_attack_changes_nothing(const struct attack *attack, bool is_push)
{
    struct fixture at;
    struct maker good;
    struct maker bad;
    struct dm_error error = {0};
    uint64_t events[2] = {0};
    begin_store(&at);
    maker_init(&good, SEED, T0_MS);
    maker_init(&bad, SEED, T0_MS);
    maker_good(&good, ATTACK_BEFORE);
    maker_tip(&good, 0);
    CHECK_INT(take(&at, &good, maker_car(&good, is_push), is_push, &error),
              DM_OK);
    const uint64_t before = print_of(&at, &events[0]);
    CHECK_INT((int64_t)events[0], (int64_t)ATTACK_BEFORE);

    maker_good(&bad, ATTACK_BEFORE);
    maker_cut(&bad);
    attack->make(&bad);
    (void)maker_car(&bad, is_push);
    if (attack->change) {
        attack->change(&bad.answer);
    }
    const enum dm_status status =
        take(&at, &bad, dm_buf_str(&bad.answer), is_push, &error);
    const bool is_accepted =
        attack->end == ATTACK_ACCEPTED || (is_push && attack->is_fine_pushed);
    if (!is_push) {
        check_end(attack, status, &error);
    } else if (!status != is_accepted) {
        report(attack, status, &error);
        CHECK(!status == is_accepted);
    }
    if (status) {
        CHECK(print_of(&at, &events[1]) == before);
        CHECK(events[1] == events[0]);
        // The next good record is taken
        maker_cut(&good);
        maker_good(&good, 3);
        maker_tip(&good, 1);
        CHECK_INT(take(&at, &good, maker_car(&good, is_push), is_push, &error),
                  DM_OK);
        (void)print_of(&at, &events[1]);
        CHECK_INT((int64_t)events[1], (int64_t)ATTACK_BEFORE + 3);
    }
    check_store(&at);
    maker_done(&good);
    maker_done(&bad);
    fixture_done(&at);
}

// A snapshot that is nowhere, named in a batch before the one that ends: the
// entries stay, their tip is refused.
static void
a_snapshot_is_missed_later_too(void)
{
    struct fixture at;
    struct maker maker;
    struct dm_error error = {0};
    struct dm_follow_result result = {0};
    struct dm_buf first;
    const struct dm_cid snap = dm_cid_of(DM_CODEC_CBOR, dm_str("kept back"));
    const struct maker_entry entry = {.snap = &snap};
    begin_store(&at);
    maker_init(&maker, SEED, T0_MS);
    maker_good(&maker, 1);
    maker_entry(&maker, &entry);
    const struct dm_str car = maker_car(&maker, false);
    dm_buf_init(&first, car.n);
    CHECK_INT(dm_buf_put_str(&first, car), DM_OK);
    maker_cut(&maker);
    maker_good(&maker, 1);
    maker_tip(&maker, 0);
    struct dm_follow_input input = input_of(&maker, dm_buf_str(&first));
    input.after = 0;
    CHECK_INT(merge(&at, &input, &result, &error), DM_OK);
    CHECK(result.seq == 2 && !result.is_whole);
    input = input_of(&maker, maker_car(&maker, false));
    CHECK_INT(merge(&at, &input, &result, &error), DM_ERR_CORRUPT);
    CHECK(strstr(error.what, "block-missing"));
    dm_buf_done(&first);
    maker_done(&maker);
    fixture_done(&at);
}

// A small answer may inflate to much: no batch holds more than a part of it.
static void
much_is_taken_in_pieces(void)
{
    struct fixture at;
    struct maker maker;
    struct dm_follow_result result = {0};
    struct dm_error error = {0};
    unsigned pieces = 0;
    begin_store(&at);
    maker_init(&maker, SEED, T0_MS);
    maker_good(&maker, 1);
    for (unsigned i = 0; i < 12; ++i) {
        struct maker_text text;
        struct maker_entry entry = {.n = 0};
        char iri[128];
        char start[160];
        maker_text_init(&text);
        maker_text_event(&text, &maker, "https://demonitor.internal/c", 0, iri);
        for (unsigned j = 0; j < 50; ++j) {
            (void)snprintf(start, sizeof(start), "<%s> <urn:p%02u>", iri, j);
            maker_text_add_long(&text, start, 60000, maker.iri);
        }
        entry.text = maker_text_join(&text);
        entry.n = text.n;
        maker_entry(&maker, &entry);
        maker_text_done(&text);
    }
    maker_tip(&maker, 0);
    const struct dm_str car = maker_car(&maker, false);
    CHECK(car.n < (size_t)4 << 20U);
    const struct dm_follow_input input = input_of(&maker, car);
    do {
        struct dm_follow_batch *batch = NULL;
        struct dm_snapshot *snapshot = snapshot_of(&at);
        CHECK_INT(dm_follow_verify(snapshot, &at.env, &input, &batch, &error),
                  DM_OK);
        dm_snapshot_close(snapshot);
        CHECK(batch && batch->account.peak < (size_t)12 << 20U);
        dm_follow_batch_free(batch);
        CHECK_INT(merge(&at, &input, &result, &error), DM_OK);
        ++pieces;
        CHECK(result.is_whole != result.has_more);
    } while (result.has_more);
    CHECK_INT(pieces, 12);
    CHECK_INT((int64_t)result.seq, 13);
    check_store(&at);
    maker_done(&maker);
    fixture_done(&at);
}

int
main(void)
{
    for (size_t i = 0; i < n_attacks; ++i) {
        an_attack_changes_nothing(&attacks[i], false);
        an_attack_changes_nothing(&attacks[i], true);
    }
    a_snapshot_is_missed_later_too();
    much_is_taken_in_pieces();
    dm_log_free(quiet);
    return 0;
}
