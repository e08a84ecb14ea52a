// SPDX-License-Identifier: ISC

// What the blocks of logs cost in the store: a sealed entry with its payload,
// a range of a log as an exchange reads it, a block by its name.
//
//     cmake --preset release && cmake --build build/release
//     build/release/bench/bench_blocks [PAIRS] [LOGS]
//
// Default: 100,000 entries of 330 bytes, each with a payload of 600, of 4 logs
// by turns, in transactions of 10 (a follower's; a seal's is one pair, and
// durable).

#include "base/env.h"
#include "base/work.h"
#include "quadstore/blocks.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "tests/check.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH 10
#define ENTRY_BYTES 330
#define PAYLOAD_BYTES 600
#define RANGE 1000
#define LOOKUPS 20000
#define LOGS_MAX 64

struct bench {
    size_t n;
    size_t n_logs;
    struct dm_env env;
    struct dm_work work;
    struct dm_store *store;
};

static const char store_path[] = "bench-blocks.db";

static double
seconds_of(clockid_t clock)
{
    struct timespec time = {0};
    (void)clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void
remove_files(void)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < DM_COUNT_OF(endings); ++i) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%s%s", store_path, endings[i]);
        (void)unlink(name);
    }
}

// The block of pair `i`: bytes and name are as good as random
static struct dm_block
block_of(const struct bench *bench, size_t i, enum dm_block_kind kind)
{
    static char bytes[PAYLOAD_BYTES];
    uint64_t mixed = 2 * i + (uint64_t)kind + 1;
    struct dm_block block = {
        .place = {(dm_log_no)(1 + i % bench->n_logs), kind,
                  1 + i / bench->n_logs},
        .name = {1, kind == DM_BLOCK_ENTRY ? 0x71 : 0x55, 0x12, 0x20},
        .data = dm_str_n(bytes,
                         kind == DM_BLOCK_ENTRY ? ENTRY_BYTES : PAYLOAD_BYTES),
    };
    for (size_t at = 4; at < DM_BLOCK_NAME_BYTES; at += sizeof(mixed)) {
        mixed *= UINT64_C(0x9E3779B97F4A7C15);
        mixed ^= mixed >> 29U;
        memcpy(block.name + at, &mixed, sizeof(mixed));
    }
    memcpy(bytes, block.name, sizeof(block.name));
    return block;
}

static void
open_store(struct bench *bench)
{
    const struct dm_store_options options = {.path = store_path};
    struct dm_txn *txn = NULL;
    CHECK(!dm_store_open(&bench->env, &options, &bench->store, NULL));
    CHECK(!dm_txn_begin(bench->store, &txn));
    for (size_t i = 0; i < bench->n_logs; ++i) {
        char iri[48];
        dm_log_no log = 0;
        (void)snprintf(iri, sizeof(iri), "ipns://k51bench%zu", i);
        CHECK(!dm_txn_log_number(txn, dm_str(iri), &log));
    }
    CHECK(!dm_txn_commit(txn, DM_COMMIT_NORMAL));
}

static struct dm_snapshot *
open_snapshot(struct bench *bench)
{
    struct dm_snapshot *snapshot = NULL;
    CHECK(!dm_snapshot_open(bench->store, &bench->work, &snapshot));
    return snapshot;
}

static double
stored_bytes(struct bench *bench)
{
    struct dm_store_figures figures;
    struct dm_snapshot *snapshot = open_snapshot(bench);
    CHECK(!dm_snapshot_figures(snapshot, &figures));
    dm_snapshot_close(snapshot);
    return (double)(figures.file_bytes - figures.free_bytes);
}

static void
put_pairs(struct bench *bench)
{
    uint64_t left = 0;
    for (size_t i = 0; i < bench->n;) {
        struct dm_txn *txn = NULL;
        CHECK(!dm_txn_begin(bench->store, &txn));
        for (size_t k = 0; k < BATCH && i < bench->n; ++k, ++i) {
            const struct dm_block payload =
                block_of(bench, i, DM_BLOCK_PAYLOAD);
            CHECK(!dm_txn_block_put(txn, &payload));
            const struct dm_block entry = block_of(bench, i, DM_BLOCK_ENTRY);
            CHECK(!dm_txn_block_put(txn, &entry));
        }
        CHECK(!dm_txn_commit(txn, DM_COMMIT_NORMAL));
    }
    CHECK(!dm_store_checkpoint(bench->store, &left));
}

// Entries of a log from `from` on, each with its payload; how many blocks
static size_t
read_range(struct dm_snapshot *snapshot, dm_log_no log, uint64_t from)
{
    struct dm_blocks *entries = NULL;
    struct dm_blocks *payloads = NULL;
    struct dm_block block;
    size_t n = 0;
    CHECK(!dm_blocks_open(snapshot, log, DM_BLOCK_ENTRY, from, &entries));
    CHECK(!dm_blocks_open(snapshot, log, DM_BLOCK_PAYLOAD, from, &payloads));
    while (n < 2 * (size_t)RANGE && !dm_blocks_next(entries, &block) &&
           !dm_blocks_next(payloads, &block)) {
        n += 2;
    }
    dm_blocks_close(entries);
    dm_blocks_close(payloads);
    return n;
}

static double
time_ranges(struct bench *bench)
{
    const uint64_t newest = bench->n / bench->n_logs;
    struct dm_snapshot *snapshot = open_snapshot(bench);
    const double begun = seconds_of(CLOCK_MONOTONIC);
    size_t n = 0;
    for (uint64_t from = 1; from < newest; from += RANGE) {
        n += read_range(snapshot, 1, from);
    }
    const double seconds = seconds_of(CLOCK_MONOTONIC) - begun;
    dm_snapshot_close(snapshot);
    return seconds * 1e6 / (double)n;
}

static double
time_names(struct bench *bench, bool by_name)
{
    struct dm_snapshot *snapshot = open_snapshot(bench);
    double seconds = 0;
    for (size_t i = 0; i < LOOKUPS; ++i) {
        const size_t which = (i * 7919) % bench->n;
        const struct dm_block block = block_of(bench, which, DM_BLOCK_ENTRY);
        struct dm_block found;
        const double begun = seconds_of(CLOCK_MONOTONIC);
        CHECK(!(by_name
                    ? dm_snapshot_block(snapshot, block.name, &found)
                    : dm_snapshot_block_at(snapshot, &block.place, &found)));
        seconds += seconds_of(CLOCK_MONOTONIC) - begun;
        CHECK(memcmp(found.name, block.name, sizeof(found.name)) == 0);
        dm_snapshot_release_texts(snapshot);
    }
    dm_snapshot_close(snapshot);
    return seconds * 1e6 / LOOKUPS;
}

// Pruning: half of each log goes, in slices
static double
time_removal(struct bench *bench)
{
    const uint64_t until = bench->n / bench->n_logs / 2;
    const double begun = seconds_of(CLOCK_MONOTONIC);
    for (size_t i = 0; i < bench->n_logs; ++i) {
        bool more = true;
        while (more) {
            struct dm_txn *txn = NULL;
            CHECK(!dm_txn_begin(bench->store, &txn));
            CHECK(!dm_txn_blocks_remove(txn, (dm_log_no)(i + 1),
                                        1U << DM_BLOCK_ENTRY |
                                            1U << DM_BLOCK_PAYLOAD,
                                        0, until, RANGE, &more));
            CHECK(!dm_txn_commit(txn, DM_COMMIT_NORMAL));
        }
    }
    return (seconds_of(CLOCK_MONOTONIC) - begun) * 1e6 /
           ((double)(until * bench->n_logs) + 1);
}

int
main(int argc, char **argv)
{
    static struct bench bench;
    bench.n = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 100000;
    bench.n_logs = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 4;
    CHECK(bench.n > 0 && bench.n_logs > 0 && bench.n_logs <= LOGS_MAX);
    dm_work_init(&bench.work, &bench.env, INT64_MAX, (size_t)1 << 30U);
    remove_files();
    open_store(&bench);

    const double n = (double)bench.n;
    const double before = stored_bytes(&bench);
    const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    put_pairs(&bench);
    (void)printf("%zu entries with payloads of %zu logs\n", bench.n,
                 bench.n_logs);
    (void)printf("put a pair: CPU %26.2f us\n",
                 (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / n);
    (void)printf(
        "beside its own %d bytes %18.1f B\n", ENTRY_BYTES + PAYLOAD_BYTES,
        (stored_bytes(&bench) - before) / n - ENTRY_BYTES - PAYLOAD_BYTES);
    (void)printf("read a block of a range %18.2f us\n", time_ranges(&bench));
    (void)printf("find a block by its name %17.2f us\n",
                 time_names(&bench, true));
    (void)printf("find a block by its place %16.2f us\n",
                 time_names(&bench, false));
    (void)printf("remove a pair %28.2f us\n", time_removal(&bench));
    dm_store_close(bench.store);
    remove_files();
    return 0;
}
