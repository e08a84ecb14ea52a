// SPDX-License-Identifier: ISC

// The store beside the sqlite3 library that stores the same rows bare, in one
// run: what a result costs, and how long the commonest questions take.
//
//     cmake --preset release && cmake --build build/release
//     build/release/bench/bench_store [RESULTS] [CHECKS]
//
// Default: 1,000,000 results of 50 checks every 30 s (a week), batches of 100.
// Bare is the same table and index and a row of the present with its counts,
// by prepared statements, WAL and synchronous=NORMAL as in the store. One in a
// hundred results is bad, with a failure and a message.
//
//     build/release/bench/bench_store fill FILE LOG [RESULTS] [CHECKS]
//
// only makes a store with that many results of the log, the last of them now.

#include "base/env.h"
#include "base/work.h"
#include "quadstore/history.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "tests/check.h"

#include <sqlite3.h>

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOW INT64_C(1795536000000)
#define EVERY_MS INT64_C(30000)
#define DAY_MS INT64_C(86400000)
#define BATCH 100
#define CHECKS_MAX 10000
#define REPEATS 15

struct result {
    size_t check;
    int64_t at_ms;
    int64_t micros;
    bool is_bad;
};

struct cost {
    double cpu_us;
    double stored_bytes;
    double written_bytes;
};

struct bench {
    size_t n;
    size_t n_checks;
    const char *path;
    const char *log_iri;
    int64_t begin_ms;
    struct dm_env env;
    struct dm_work work;
    struct dm_store *store;
    dm_log_no log;
    dm_id checks[CHECKS_MAX];
    dm_id failure;
    sqlite3 *bare;
};

static const char store_path[] = "bench-store.db";
static const char bare_path[] = "bench-bare.db";
static const char message[] = "connect to 192.0.2.7:443: refused";

static double
seconds_of(clockid_t clock)
{
    struct timespec time = {0};
    (void)clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// Bytes that this process gave to write()
static double
bytes_written(void)
{
    FILE *file = fopen("/proc/self/io", "r");
    char line[100];
    double bytes = 0;
    CHECK(file);
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, "wchar: ", 7) == 0) {
            bytes = strtod(line + 7, NULL);
        }
    }
    (void)fclose(file);
    return bytes;
}

static struct result
result_of(const struct bench *bench, size_t i)
{
    const uint64_t mixed = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    const size_t round = i / bench->n_checks;
    return (struct result){
        .check = i % bench->n_checks,
        .at_ms = bench->begin_ms + (int64_t)round * EVERY_MS +
                 (int64_t)(i % bench->n_checks) * 7,
        .micros = 1000 + (int64_t)(mixed >> 44U),
        .is_bad = mixed >> 32U & 127U ? false : true,
    };
}

static int64_t
last_ms(const struct bench *bench)
{
    return result_of(bench, bench->n - 1).at_ms;
}

static void
remove_files(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < DM_COUNT_OF(endings); ++i) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        (void)unlink(name);
    }
}

// ----------------------------------------------------------------------- store

static dm_id
intern(struct dm_txn *txn, const char *iri)
{
    const struct dm_term term = dm_term_iri(dm_str(iri));
    dm_id id = DM_ID_NONE;
    CHECK(!dm_txn_intern(txn, &term, &id));
    return id;
}

static void
open_store(struct bench *bench)
{
    const struct dm_store_options options = {.path = bench->path};
    struct dm_txn *txn = NULL;
    CHECK(!dm_store_open(&bench->env, &options, &bench->store, NULL));
    CHECK(bench->store);
    CHECK(!dm_txn_begin(bench->store, &txn));
    CHECK(!dm_txn_log_number(txn, dm_str(bench->log_iri), &bench->log));
    for (size_t i = 0; i < bench->n_checks; ++i) {
        char iri[64];
        (void)snprintf(iri, sizeof(iri), "https://demonitor.internal/c%zu", i);
        bench->checks[i] = intern(txn, iri);
    }
    bench->failure = intern(txn, "https://w3id.org/demonitor#connection");
    CHECK(!dm_txn_commit(txn, DM_COMMIT_NORMAL));
}

static void
fill_store(struct bench *bench)
{
    for (size_t i = 0; i < bench->n;) {
        struct dm_txn *txn = NULL;
        CHECK(!dm_txn_begin(bench->store, &txn));
        for (size_t k = 0; k < BATCH && i < bench->n; ++k, ++i) {
            const struct result result = result_of(bench, i);
            const struct dm_event event = {
                .key = {.log = bench->log},
                .check = bench->checks[result.check],
                .status = result.is_bad ? DM_RESULT_CRITICAL : DM_RESULT_OK,
                .at_ms = result.at_ms,
                .micros = result.micros,
                .failure = result.is_bad ? bench->failure : DM_ID_NONE,
                .certificate_expires_ms = DM_NO_TIME,
                .message = dm_str(result.is_bad ? message : ""),
            };
            CHECK(!dm_txn_record(txn, &event, NULL));
        }
        CHECK(!dm_txn_commit(txn, DM_COMMIT_NORMAL));
    }
    uint64_t left = 0;
    CHECK(!dm_store_checkpoint(bench->store, &left));
}

static double
stored_by_store(struct bench *bench)
{
    struct dm_snapshot *snapshot = NULL;
    struct dm_store_figures figures;
    CHECK(!dm_snapshot_open(bench->store, &bench->work, &snapshot));
    CHECK(!dm_snapshot_figures(snapshot, &figures));
    dm_snapshot_close(snapshot);
    return (double)(figures.file_bytes - figures.free_bytes);
}

// ------------------------------------------------------------------------ bare

static void
run(struct bench *bench, const char *sql)
{
    char *text = NULL;
    if (sqlite3_exec(bench->bare, sql, NULL, NULL, &text) != SQLITE_OK) {
        (void)fprintf(stderr, "%s: %s\n", sql, text ? text : "");
        abort();
    }
}

static sqlite3_stmt *
prepare(struct bench *bench, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    CHECK(sqlite3_prepare_v3(bench->bare, sql, -1, SQLITE_PREPARE_PERSISTENT,
                             &statement, NULL) == SQLITE_OK);
    return statement;
}

static void
open_bare(struct bench *bench)
{
    remove_files(bare_path);
    CHECK(sqlite3_open(bare_path, &bench->bare) == SQLITE_OK);
    run(bench, "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;"
               "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
               "PRAGMA secure_delete = OFF; PRAGMA cache_size = 500;"
               "PRAGMA wal_autocheckpoint = 2000;"
               "CREATE TABLE event (k INTEGER PRIMARY KEY, c INTEGER,"
               " status INTEGER, micros INTEGER, failure INTEGER,"
               " message TEXT);"
               "CREATE INDEX event_check ON event (c);"
               "CREATE TABLE latest (c INTEGER PRIMARY KEY, k INTEGER,"
               " status INTEGER, since INTEGER, streak INTEGER, bad INTEGER,"
               " bad_since INTEGER);");
}

static void
step(sqlite3_stmt *statement)
{
    CHECK(sqlite3_step(statement) == SQLITE_DONE);
    (void)sqlite3_reset(statement);
}

static int64_t
bare_key(int64_t at_ms)
{
    return (at_ms - INT64_C(1577836800000)) * 64;
}

static void
fill_bare(struct bench *bench)
{
    sqlite3_stmt *put =
        prepare(bench, "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    sqlite3_stmt *latest = prepare(
        bench,
        "INSERT INTO latest VALUES (?1, ?2, ?3, ?4, 1, ?3 > 0,"
        " CASE WHEN ?3 > 0 THEN ?4 END) ON CONFLICT (c) DO UPDATE SET"
        " since = CASE WHEN status = excluded.status THEN since"
        " ELSE excluded.since END, streak = CASE WHEN status ="
        " excluded.status THEN streak + 1 ELSE 1 END, bad = CASE WHEN"
        " excluded.status > 0 THEN bad + 1 ELSE 0 END, bad_since = CASE WHEN"
        " excluded.status > 0 THEN ifnull(bad_since, excluded.since) END,"
        " k = excluded.k, status = excluded.status");
    for (size_t i = 0; i < bench->n;) {
        run(bench, "BEGIN IMMEDIATE");
        for (size_t k = 0; k < BATCH && i < bench->n; ++k, ++i) {
            const struct result result = result_of(bench, i);
            const int status = result.is_bad ? 2 : 0;
            const int64_t key = bare_key(result.at_ms);
            (void)sqlite3_clear_bindings(put);
            (void)sqlite3_bind_int64(put, 1, key);
            (void)sqlite3_bind_int64(put, 2, (int64_t)result.check + 256);
            (void)sqlite3_bind_int(put, 3, status);
            (void)sqlite3_bind_int64(put, 4, result.micros);
            if (result.is_bad) {
                (void)sqlite3_bind_int(put, 5, 300);
                (void)sqlite3_bind_text(put, 6, message, -1, SQLITE_STATIC);
            }
            step(put);
            (void)sqlite3_bind_int64(latest, 1, (int64_t)result.check + 256);
            (void)sqlite3_bind_int64(latest, 2, key);
            (void)sqlite3_bind_int(latest, 3, status);
            (void)sqlite3_bind_int64(latest, 4, result.at_ms);
            step(latest);
        }
        run(bench, "COMMIT");
    }
    (void)sqlite3_finalize(put);
    (void)sqlite3_finalize(latest);
    run(bench, "PRAGMA wal_checkpoint");
}

static double
stored_by_bare(struct bench *bench)
{
    sqlite3_stmt *pages = prepare(bench, "PRAGMA page_count");
    CHECK(sqlite3_step(pages) == SQLITE_ROW);
    const double bytes = 4096.0 * sqlite3_column_int(pages, 0);
    (void)sqlite3_finalize(pages);
    return bytes;
}

// --------------------------------------------------------------------- storing

static struct cost
cost_of(struct bench *bench, void (*fill)(struct bench *),
        double (*stored)(struct bench *))
{
    const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    const double written = bytes_written();
    const double n = (double)bench->n;
    fill(bench);
    return (struct cost){
        .cpu_us = (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / n,
        .written_bytes = (bytes_written() - written) / n,
        .stored_bytes = stored(bench) / n,
    };
}

static void
print(const char *what, const char *unit, double store, double bare)
{
    (void)printf("%-36s %10.3f %10.3f %-6s x %.2f\n", what, store, bare, unit,
                 store / bare);
    (void)fflush(stdout);
}

// ------------------------------------------------------------------- questions

static size_t
ask_latest(struct bench *bench, struct dm_snapshot *snapshot)
{
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    size_t n = 0;
    (void)bench;
    CHECK(!dm_latest_open(snapshot, 0, DM_ID_NONE, &scan));
    while (!dm_latest_next(scan, &latest)) {
        ++n;
    }
    dm_latest_close(scan);
    return n;
}

static size_t
ask_newest(struct bench *bench, struct dm_snapshot *snapshot)
{
    struct dm_history_spec spec = {
        .filter = dm_history_all(), .backwards = true, .limit = 1000};
    struct dm_history *history = NULL;
    struct dm_event event;
    size_t n = 0;
    spec.filter.check = bench->checks[bench->n_checks / 2];
    CHECK(!dm_history_open(snapshot, &spec, &history));
    while (!dm_history_next(history, &event)) {
        ++n;
    }
    dm_history_close(history);
    return n;
}

static size_t
ask_aggregate(struct bench *bench, struct dm_snapshot *snapshot, unsigned by)
{
    struct dm_aggregate_spec spec = {.filter = dm_history_all(),
                                     .group_by = by};
    struct dm_aggregate *aggregate = NULL;
    struct dm_aggregate_row row;
    bool is_exact = false;
    size_t n = 0;
    spec.filter.at_from_ms = last_ms(bench) - DAY_MS;
    CHECK(!dm_aggregate_open(snapshot, &spec, &aggregate, &is_exact));
    while (!dm_aggregate_next(aggregate, &row)) {
        ++n;
    }
    dm_aggregate_close(aggregate);
    return n;
}

static size_t
ask_uptime(struct bench *bench, struct dm_snapshot *snapshot)
{
    return ask_aggregate(bench, snapshot, DM_GROUP_CHECK | DM_GROUP_STATUS);
}

static size_t
ask_seconds(struct bench *bench, struct dm_snapshot *snapshot)
{
    return ask_aggregate(bench, snapshot, DM_GROUP_CHECK);
}

static size_t
ask_failures(struct bench *bench, struct dm_snapshot *snapshot)
{
    struct dm_history_spec spec = {.filter = dm_history_all(),
                                   .columns = DM_COLUMN_TEXTS};
    struct dm_history *history = NULL;
    struct dm_event event;
    size_t n = 0;
    spec.filter.statuses = 1U << DM_RESULT_WARNING | 1U << DM_RESULT_CRITICAL;
    spec.filter.at_from_ms = last_ms(bench) - DAY_MS / 24;
    CHECK(!dm_history_open(snapshot, &spec, &history));
    while (!dm_history_next(history, &event)) {
        ++n;
    }
    dm_history_close(history);
    return n;
}

typedef size_t (*ask_fn)(struct bench *bench, struct dm_snapshot *snapshot);

struct question {
    const char *name;
    ask_fn ask;
    const char *sql; ///< ?1 the first key of the time asked for, ?2 a check
    int64_t span_ms;
};

static const struct question questions[] = {
    {"latest of each check", ask_latest,
     "SELECT l.*, e.micros, e.message FROM latest l JOIN event e ON e.k = l.k",
     0},
    {"newest 1000 of one check", ask_newest,
     "SELECT * FROM event WHERE c = ?2 ORDER BY k DESC LIMIT 1000", 0},
    {"24 h: results by check and status", ask_uptime,
     "SELECT c, status, count(*) FROM event WHERE k >= ?1 GROUP BY c, status",
     DAY_MS},
    {"24 h: avg and max seconds by check", ask_seconds,
     "SELECT c, avg(micros), max(micros) FROM event WHERE k >= ?1 GROUP BY c",
     DAY_MS},
    {"failures of the last hour", ask_failures,
     "SELECT * FROM event WHERE k >= ?1 AND status > 0", DAY_MS / 24},
};

static double
time_store(struct bench *bench, const struct question *question, size_t *ret_n)
{
    double best = 1e9;
    for (int i = 0; i < REPEATS; ++i) {
        struct dm_snapshot *snapshot = NULL;
        const double begin = seconds_of(CLOCK_MONOTONIC);
        CHECK(!dm_snapshot_open(bench->store, &bench->work, &snapshot));
        *ret_n = question->ask(bench, snapshot);
        dm_snapshot_close(snapshot);
        const double took = seconds_of(CLOCK_MONOTONIC) - begin;
        best = took < best ? took : best;
    }
    return best * 1e3;
}

static double
time_bare(struct bench *bench, const struct question *question, size_t *ret_n)
{
    sqlite3_stmt *rows = prepare(bench, question->sql);
    const int64_t first = bare_key(last_ms(bench) - question->span_ms);
    double best = 1e9;
    for (int i = 0; i < REPEATS; ++i) {
        const double begin = seconds_of(CLOCK_MONOTONIC);
        (void)sqlite3_bind_int64(rows, 1, first);
        (void)sqlite3_bind_int64(rows, 2, (int64_t)bench->n_checks / 2 + 256);
        *ret_n = 0;
        while (sqlite3_step(rows) == SQLITE_ROW) {
            for (int k = 0; k < sqlite3_column_count(rows); ++k) {
                (void)sqlite3_column_blob(rows, k);
            }
            ++*ret_n;
        }
        (void)sqlite3_reset(rows);
        const double took = seconds_of(CLOCK_MONOTONIC) - begin;
        best = took < best ? took : best;
    }
    (void)sqlite3_finalize(rows);
    return best * 1e3;
}

// Numbers from `argv` on, where they are given
static void
read_numbers(struct bench *bench, int argc, char **argv)
{
    bench->n = argc > 0 ? (size_t)strtoul(argv[0], NULL, 10) : 1000000;
    bench->n_checks = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 50;
    CHECK(bench->n > 0 && bench->n_checks > 0 && bench->n_checks <= CHECKS_MAX);
}

static int
fill(struct bench *bench, int argc, char **argv)
{
    struct timespec now = {0};
    read_numbers(bench, argc - 2, argv + 2);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    bench->path = argv[0];
    bench->log_iri = argv[1];
    bench->begin_ms = (int64_t)now.tv_sec * 1000 -
                      (int64_t)(bench->n / bench->n_checks + 1) * EVERY_MS;
    open_store(bench);
    fill_store(bench);
    dm_store_close(bench->store);
    return 0;
}

int
main(int argc, char **argv)
{
    static struct bench bench = {
        .path = store_path, .log_iri = "ipns://k51bench", .begin_ms = NOW};
    if (argc > 3 && strcmp(argv[1], "fill") == 0) {
        return fill(&bench, argc - 2, argv + 2);
    }
    read_numbers(&bench, argc - 1, argv + 1);
    dm_work_init(&bench.work, &bench.env, INT64_MAX, (size_t)1 << 30U);
    remove_files(store_path);
    open_store(&bench);
    open_bare(&bench);

    (void)printf("%zu results of %zu checks %15s %10s\n", bench.n,
                 bench.n_checks, "store", "bare");
    const struct cost bare = cost_of(&bench, fill_bare, stored_by_bare);
    const struct cost store = cost_of(&bench, fill_store, stored_by_store);
    print("store a result: CPU", "us", store.cpu_us, bare.cpu_us);
    print("store a result: on the disk", "B", store.stored_bytes,
          bare.stored_bytes);
    print("store a result: written", "B", store.written_bytes,
          bare.written_bytes);
    for (size_t i = 0; i < DM_COUNT_OF(questions); ++i) {
        size_t n_store = 0;
        size_t n_bare = 0;
        const double ours = time_store(&bench, &questions[i], &n_store);
        const double theirs = time_bare(&bench, &questions[i], &n_bare);
        CHECK_INT((int64_t)n_store, (int64_t)n_bare);
        print(questions[i].name, "ms", ours, theirs);
    }
    dm_store_close(bench.store);
    CHECK(sqlite3_close(bench.bare) == SQLITE_OK);
    remove_files(store_path);
    remove_files(bare_path);
    return 0;
}
