// SPDX-License-Identifier: ISC

// What the signed log costs: CPU and bytes to seal a result, CPU to verify and
// to merge an entry.
//
//     cmake --preset release && cmake --build build/release
//     build/release/bench/bench_log DIRECTORY [ENTRIES [RESULTS [VALUES]]]
//
// Default: 20,000 entries of 5 results without figures. The log and its key
// stay in DIRECTORY, as the data of a node that can serve it.

#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "base/time.h"
#include "quadstore/blocks.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "sync/car.h"
#include "sync/chain.h"
#include "sync/conf.h"
#include "sync/exchange.h"
#include "sync/follow.h"
#include "sync/seal.h"
#include "sync/serve.h"
#include "tests/check.h"
#include "vocab/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ENTRIES 20000U
#define RESULTS 5U
#define CHECKS 50U
#define EVERY_MS INT64_C(30000)
#define KEEP_MS (INT64_C(30) * 86400000)
#define PATH_MAX_BYTES 4096
#define MEMORY ((size_t)256 << 20U)

struct bench {
    struct dm_env env;
    struct dm_work work;
    struct dm_key *key;
    char iri[DM_KEY_IRI_SIZE];
    struct dm_store *store;
    struct dm_sealer *sealer;
    struct dm_log_conf *conf;
    dm_log_no log;
    dm_id checks[CHECKS];
    unsigned next; // Check
    int64_t now_ms;
    unsigned n_values;
};

static int64_t
cpu_ns(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * DM_NS_PER_SECOND + time.tv_nsec;
}

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

static unsigned
number(int argc, char **argv, int i, unsigned otherwise)
{
    uint64_t value = otherwise;
    CHECK(i >= argc || dm_str_to_uint(dm_str(argv[i]), 1000000, &value));
    return (unsigned)value;
}

static void
open_store(const struct bench *bench, const char *path, struct dm_store **ret)
{
    const struct dm_store_options options = {.path = path};
    CHECK_INT(dm_store_open(&bench->env, &options, ret, NULL), DM_OK);
}

static void
configure(struct bench *bench)
{
    struct dm_buf text;
    struct dm_config *config = NULL;
    struct dm_config_report *report = dm_config_report_new();
    dm_buf_init(&text, (size_t)1 << 20U);
    (void)dm_buf_puts(&text, "PREFIX : <https://w3id.org/demonitor#>\n");
    for (unsigned i = 0; i < CHECKS; ++i) {
        (void)dm_buf_printf(&text,
                            "<c%u> a :HttpCheck ; :url <http://192.0.2.1/%u> ; "
                            ":every \"30s\" .\n",
                            i, i);
    }
    const struct dm_config_source source = {.name = DM_STR("bench.ttl"),
                                            .text = dm_buf_str(&text)};
    const struct dm_config_options options = {
        .env = &bench->env,
        .directory = "/nonexistent",
        .node_iri = dm_str(bench->iri),
        .node_name = DM_STR("bench"),
    };
    CHECK(report);
    CHECK_INT(dm_config_load_texts(&options, &source, 1, report, &config),
              DM_OK);
    CHECK_INT(dm_log_conf_new(config, &bench->conf), DM_OK);
    dm_sealer_configure(bench->sealer, bench->conf, KEEP_MS);
    dm_sealer_release(bench->sealer);
    dm_config_unref(config);
    dm_config_report_free(report);
    dm_buf_done(&text);
}

static void
begin(struct bench *bench, const char *directory)
{
    char path[PATH_MAX_BYTES];
    const struct dm_log_options log_options = {
        .level = DM_LOG_ERROR, .write = drop, .clock = no_clock};
    struct dm_log *log = dm_log_new(&log_options);
    CHECK(log);
    dm_env_init_system(&bench->env, log);
    dm_work_init(&bench->work, &bench->env, INT64_MAX, MEMORY);
    (void)snprintf(path, sizeof(path), "%s/key", directory);
    CHECK_INT(dm_key_make(&bench->env, path, &bench->key, NULL), DM_OK);
    dm_key_iri(dm_key_public(bench->key), bench->iri);
    (void)snprintf(path, sizeof(path), "%s/demonitor.db", directory);
    open_store(bench, path, &bench->store);
    const struct dm_sealer_options options = {
        .env = &bench->env, .key = bench->key, .keep_blocks_ms = KEEP_MS};
    bench->sealer = dm_sealer_new(&options);
    CHECK(bench->sealer);
    configure(bench);
}

static void
record(struct bench *bench, struct dm_txn *txn)
{
    static const char *const labels[] = {"rta", "size", "pl", "time"};
    struct dm_sample samples[DM_COUNT_OF(labels)] = {0};
    char values[DM_COUNT_OF(labels)][32];
    const unsigned i = bench->next++;
    for (unsigned k = 0; k < bench->n_values; ++k) {
        (void)snprintf(values[k], sizeof(values[k]), "%u.%u",
                       (i * 37 + k) % 900, 1 + (i * 7919 + k) % 9);
        samples[k] = (struct dm_sample){.label = dm_str(labels[k]),
                                        .value = dm_str(values[k])};
    }
    const struct dm_event event = {
        .key = {.log = bench->log},
        .check = bench->checks[i % CHECKS],
        .status = DM_RESULT_OK,
        .at_ms = bench->now_ms + i % 977,
        .micros = 12000 + i * 7919 % 30000,
        .certificate_expires_ms = DM_NO_TIME,
        .samples = samples,
        .n_samples = bench->n_values,
    };
    CHECK_INT(dm_txn_record(txn, &event, NULL), DM_OK);
}

// Results as they come, then an entry; what the entry alone took.
static int64_t
seal(struct bench *bench, unsigned n_results)
{
    struct dm_txn *txn = NULL;
    struct dm_sealed sealed;
    CHECK_INT(dm_txn_begin(bench->store, &txn), DM_OK);
    if (!bench->log) {
        CHECK_INT(dm_txn_log_number(txn, dm_str(bench->iri), &bench->log),
                  DM_OK);
        for (unsigned i = 0; i < CHECKS; ++i) {
            char check[64];
            (void)snprintf(check, sizeof(check),
                           "https://demonitor.internal/c%u", i);
            const struct dm_term term = dm_term_iri(dm_str(check));
            CHECK_INT(dm_txn_intern(txn, &term, &bench->checks[i]), DM_OK);
        }
    }
    for (unsigned i = 0; i < n_results; ++i) {
        record(bench, txn);
    }
    bench->now_ms += EVERY_MS;
    const int64_t begin = cpu_ns();
    CHECK_INT(dm_sealer_seal(bench->sealer, txn, bench->now_ms, &sealed, NULL),
              DM_OK);
    const int64_t took = cpu_ns() - begin;
    CHECK_INT(dm_txn_commit(txn, DM_COMMIT_NORMAL), DM_OK);
    CHECK_INT(dm_sealer_committed(bench->sealer), DM_OK);
    return took;
}

// ------------------------------------------------------------------- follower

struct follower {
    struct dm_store *store;
    int64_t verify_ns;
    int64_t merge_ns;
    size_t bytes;
};

static void
take(struct bench *bench, struct follower *follower,
     const struct dm_follow_input *input, struct dm_follow_result *ret)
{
    do {
        struct dm_snapshot *snapshot = NULL;
        struct dm_follow_batch *batch = NULL;
        struct dm_txn *txn = NULL;
        const int64_t begin = cpu_ns();
        CHECK_INT(dm_snapshot_open(follower->store, &bench->work, &snapshot),
                  DM_OK);
        CHECK_INT(dm_follow_verify(snapshot, &bench->env, input, &batch, NULL),
                  DM_OK);
        dm_snapshot_close(snapshot);
        const int64_t verified = cpu_ns();
        CHECK_INT(dm_txn_begin(follower->store, &txn), DM_OK);
        CHECK_INT(dm_follow_apply(batch, &bench->env, txn), DM_OK);
        CHECK_INT(dm_txn_commit(txn, DM_COMMIT_DURABLE), DM_OK);
        *ret = dm_follow_batch_result(batch);
        dm_follow_batch_free(batch);
        follower->verify_ns += verified - begin;
        follower->merge_ns += cpu_ns() - verified;
    } while (ret->has_more);
}

static void
follow(struct bench *bench, struct follower *follower)
{
    const struct dm_chain *chain = dm_sealer_chain(bench->sealer);
    struct dm_follow_result result = {0};
    struct dm_buf car;
    CHECK(chain);
    dm_buf_init(&car, DM_CAR_MAX);
    while (!result.is_whole) {
        struct dm_snapshot *snapshot = NULL;
        const struct dm_serve_spec spec = {
            .log = dm_key_public(bench->key),
            .after = result.seq,
            .until = UINT64_MAX,
            .limit = DM_ROUTE_ENTRIES_MAX,
            .with_data = true,
        };
        uint64_t first = 0;
        dm_buf_clear(&car);
        CHECK_INT(dm_snapshot_open(bench->store, &bench->work, &snapshot),
                  DM_OK);
        CHECK_INT(dm_serve_entries(snapshot, &spec, &car, &first, NULL), DM_OK);
        dm_snapshot_close(snapshot);
        follower->bytes += car.n;
        const struct dm_follow_input input = {
            .log = spec.log,
            .record = dm_str_n((const char *)chain->record, chain->n_record),
            .car = dm_buf_str(&car),
            .after = result.seq,
            .limit = spec.limit,
            .rows = DM_FOLLOW_ROWS_ALL,
            .now_ms = bench->now_ms,
        };
        take(bench, follower, &input, &result);
    }
    dm_buf_done(&car);
}

int
main(int argc, char **argv)
{
    static struct bench bench;
    struct follower follower = {0};
    char path[PATH_MAX_BYTES];
    CHECK(argc > 1);
    const unsigned n_entries = number(argc, argv, 2, ENTRIES);
    const unsigned n_results = number(argc, argv, 3, RESULTS);
    bench.n_values = number(argc, argv, 4, 0);
    CHECK(bench.n_values <= 4);
    begin(&bench, argv[1]);
    bench.now_ms = dm_env_wall_ms(&bench.env) - EVERY_MS * (int64_t)n_entries;
    int64_t sealed_ns = 0;
    for (unsigned i = 0; i < n_entries; ++i) {
        sealed_ns += seal(&bench, n_results);
    }
    (void)snprintf(path, sizeof(path), "%s/follower.db", argv[1]);
    open_store(&bench, path, &follower.store);
    follow(&bench, &follower);
    const double n = (double)n_entries;
    const double results = n * n_results;
    (void)printf("{\"entries\": %u, \"results\": %u, \"values\": %u, "
                 "\"seal_us\": %.2f, \"seal_us_result\": %.3f, "
                 "\"bytes_entry\": %.1f, \"bytes_result\": %.2f, "
                 "\"verify_us\": %.2f, \"merge_us\": %.2f, "
                 "\"entries_s\": %.0f}\n",
                 n_entries, n_results, bench.n_values,
                 (double)sealed_ns / 1e3 / n, (double)sealed_ns / 1e3 / results,
                 (double)follower.bytes / n, (double)follower.bytes / results,
                 (double)follower.verify_ns / 1e3 / n,
                 (double)follower.merge_ns / 1e3 / n,
                 1e9 * n / (double)(follower.verify_ns + follower.merge_ns));
    dm_store_close(follower.store);
    dm_sealer_free(bench.sealer);
    dm_log_conf_unref(bench.conf);
    dm_store_close(bench.store);
    dm_key_free(bench.key);
    return 0;
}
