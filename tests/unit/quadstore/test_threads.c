// SPDX-License-Identifier: ISC

// A writer and two readers of one file: each snapshot is one state of the store
// from its first answer to its last, and neither waits for the other.

#include "tests/unit/quadstore/fixture.h"

#include <pthread.h>

#define NOW INT64_C(1795536000000)
#define ROUNDS 60
#define PER_ROUND 5

struct shared {
    struct fixture *fixture;
    dm_log_no log;
    dm_id check;
    atomic_bool is_done;
};

static uint64_t
count_history(struct dm_snapshot *snapshot)
{
    const struct dm_history_spec spec = {.filter = dm_history_all()};
    struct dm_history *history = NULL;
    struct dm_event event;
    uint64_t n = 0;
    CHECK(!dm_history_open(snapshot, &spec, &history));
    while (!dm_history_next(history, &event)) {
        ++n;
    }
    dm_history_close(history);
    return n;
}

static void *
read_all(void *context)
{
    struct shared *shared = context;
    uint64_t before = 0;
    while (!atomic_load(&shared->is_done)) {
        struct dm_work work;
        struct dm_snapshot *snapshot = NULL;
        struct dm_store_figures figures;
        dm_work_init(&work, &shared->fixture->env, INT64_MAX, 1 << 20U);
        CHECK(!dm_snapshot_open(shared->fixture->store, &work, &snapshot));
        CHECK(!dm_snapshot_figures(snapshot, &figures));
        const uint64_t n = count_history(snapshot);
        CHECK(n % PER_ROUND == 0 && n >= before);
        CHECK(count_history(snapshot) == n && figures.events == n);
        before = n;
        dm_snapshot_close(snapshot);
    }
    return NULL;
}

static void
snapshots_stand_while_the_writer_goes_on(void)
{
    struct fixture fixture;
    struct shared shared = {.fixture = &fixture};
    pthread_t readers[2];
    fixture_init(&fixture, true);
    struct dm_txn *txn = begin(&fixture);
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k1"), &shared.log));
    shared.check = put(txn, "https://demonitor.internal/shop");
    commit(txn);
    for (size_t i = 0; i < DM_COUNT_OF(readers); ++i) {
        CHECK(pthread_create(&readers[i], NULL, read_all, &shared) == 0);
    }
    for (int i = 0; i < ROUNDS; ++i) {
        txn = begin(&fixture);
        for (int k = 0; k < PER_ROUND; ++k) {
            const struct dm_event event =
                event_at(shared.log, shared.check, DM_RESULT_OK, NOW + i);
            CHECK(!dm_txn_record(txn, &event, NULL));
        }
        commit(txn);
        if (i % 10 == 0) {
            uint64_t left = 0;
            CHECK(!dm_store_checkpoint(fixture.store, &left));
        }
    }
    atomic_store(&shared.is_done, true);
    for (size_t i = 0; i < DM_COUNT_OF(readers); ++i) {
        CHECK(pthread_join(readers[i], NULL) == 0);
    }
    check_store(&fixture);
    fixture_done(&fixture);
}

int
main(void)
{
    snapshots_stand_while_the_writer_goes_on();
    return 0;
}
