// SPDX-License-Identifier: ISC

// SQLite, in WAL mode, on the simulated disk: a writer and two readers, with
// checkpoints; the process is killed or the power lost at some operation; the
// file is opened again and compared with the history of what was written.
//
//   P1  What is found is the state after one transaction, whole.
//   P2  After a kill: that of the last commit, or of one that was under way.
//   P3  After a power loss: nothing before the last commit with
//       synchronous=FULL is missing.
//   P4  A reader sees one state for as long as its transaction lasts.
//   P5  PRAGMA integrity_check says ok.
//   P6  A seed gives the same run again, to the last write.
//
// Usage: sim_vfs [--seeds N] [--first SEED] [--every]; without arguments what
// the test run wants.

#include "sim/disk.h"
#include "sim/machine.h"
#include "sim/vfs.h"
#include "sim/world.h"
#include "tests/check.h"
#include "tests/sim/history.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>

#define DB "test.db"
#define N_READERS 2
#define N_LIVES 3

struct script {
    uint64_t seed;
    enum dm_sim_harm harm; // Of each life but the last
    uint64_t n_pass;       // Changes of the first life before it
    bool is_random;        // Then it comes anywhere instead
    bool drops_syncs;
    bool is_powersafe;
    unsigned n_transactions; // Of a life
};

struct outcome {
    uint64_t hash;
    uint64_t n_changes; // Of the disk, in the first life
    uint64_t n_commits; // That succeeded
    char failure[300];  // "" where all properties hold
};

struct run;

struct reader {
    struct run *run;
    sqlite3 *db;
    bool is_reading;
    uint32_t number; // The state it sees
};

struct run {
    const struct script *script;
    struct outcome *outcome;
    struct dm_sim_world *world;
    struct dm_sim_machine *machine;
    struct dm_sim_disk *disk;
    struct dm_sim_vfs *vfs;
    struct dm_sim_random random;
    sqlite3 *db; // The writer's
    unsigned n_left;
    bool is_full;     // synchronous of the transaction under way
    uint32_t number;  // Of it, 0: none
    uint32_t newest;  // Committed last, or seen by a reader
    uint32_t durable; // Committed last with FULL
    struct reader readers[N_READERS];
    struct dm_sim_actor *actors[N_READERS + 1];
};

static struct history history;

// Note what does not hold; the first such text counts
static void
fail(struct run *run, const char *what, const char *detail)
{
    struct outcome *outcome = run->outcome;
    if (outcome->failure[0] == '\0') {
        (void)snprintf(outcome->failure, sizeof(outcome->failure), "%s: %s",
                       what, detail);
    }
}

static void
fail_numbers(struct run *run, const char *what, uint32_t a, uint32_t b)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%" PRIu32 ", %" PRIu32, a, b);
    fail(run, what, text);
}

static bool
has_tripped(const struct run *run)
{
    return dm_sim_disk_tripped(run->disk) != DM_SIM_HARM_NONE;
}

static bool
may_fail(const struct run *run)
{
    return has_tripped(run) || run->script->harm == DM_SIM_HARM_ERROR ||
           run->script->harm == DM_SIM_HARM_FULL;
}

static int
execute(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

// `rc` of `what`: whether all is well; an error nobody made is a failure
static bool
is_well(struct run *run, sqlite3 *db, int rc, const char *what)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW) {
        return true;
    }
    if (!may_fail(run)) {
        fail(run, what, sqlite3_errmsg(db));
    }
    return false;
}

// Compare the table with the state after `number`
static bool
compare(struct run *run, sqlite3_stmt *rows, uint32_t number)
{
    const struct history_row *const want = history.rows[number];
    uint32_t key = 0;
    int rc = sqlite3_step(rows);
    for (; key < HISTORY_KEYS; ++key) {
        if (want[key].n == HISTORY_ABSENT) {
            continue;
        }
        if (rc != SQLITE_ROW) {
            break;
        }
        unsigned char bytes[HISTORY_VALUE_MAX];
        const size_t n = (size_t)want[key].n;
        history_value(want[key].number, key, bytes, n);
        if (sqlite3_column_int64(rows, 0) != (sqlite3_int64)key ||
            sqlite3_column_bytes(rows, 1) != want[key].n ||
            (n > 0 && memcmp(sqlite3_column_blob(rows, 1), bytes, n) != 0)) {
            fail_numbers(run, "P1: this key is not as that left it", key,
                         number);
            return false;
        }
        rc = sqlite3_step(rows);
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return is_well(run, sqlite3_db_handle(rows), rc, "read");
    }
    if (key < HISTORY_KEYS || rc != SQLITE_DONE) {
        fail_numbers(run, "P1: rows, where that left others", key, number);
        return false;
    }
    return true;
}

// The number of the transaction that `db` sees last, after comparing all
static bool
look(struct run *run, sqlite3 *db, uint32_t *ret_number)
{
    sqlite3_stmt *last = NULL;
    sqlite3_stmt *rows = NULL;
    bool is_good = false;
    int rc = sqlite3_prepare_v2(db, "SELECT number FROM last", -1, &last, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(last) : rc;
    if (rc == SQLITE_ROW) {
        *ret_number = (uint32_t)sqlite3_column_int64(last, 0);
        rc = sqlite3_prepare_v2(db, "SELECT key, value FROM kv ORDER BY key",
                                -1, &rows, NULL);
    }
    if (is_well(run, db, rc, "look")) {
        is_good = compare(run, rows, *ret_number);
    }
    (void)sqlite3_finalize(last);
    (void)sqlite3_finalize(rows);
    return is_good;
}

// The writer

static void
begin(struct run *run)
{
    run->is_full = dm_sim_random_chance(&run->random, DM_SIM_MILLION / 3);
    int rc = execute(run->db, run->is_full ? "PRAGMA synchronous=FULL"
                                           : "PRAGMA synchronous=NORMAL");
    rc = rc == SQLITE_OK ? execute(run->db, "BEGIN IMMEDIATE") : rc;
    if (is_well(run, run->db, rc, "begin")) {
        run->number = history_try(&history, run->newest);
    }
}

static int
set_row(struct run *run, uint32_t key, int32_t n)
{
    sqlite3_stmt *statement = NULL;
    const bool is_gone = n == HISTORY_ABSENT;
    int rc = sqlite3_prepare_v2(
        run->db,
        is_gone ? "DELETE FROM kv WHERE key = ?1"
                : "INSERT OR REPLACE INTO kv(key, value) VALUES (?1, ?2)",
        -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        unsigned char bytes[HISTORY_VALUE_MAX];
        (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)key);
        if (!is_gone) {
            history_value(run->number, key, bytes, (size_t)n);
            (void)sqlite3_bind_blob(statement, 2, bytes, n, SQLITE_TRANSIENT);
        }
        rc = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

static void
roll_back(struct run *run)
{
    if (!sqlite3_get_autocommit(run->db)) {
        (void)execute(run->db, "ROLLBACK");
    }
    run->number = 0;
}

static void
change(struct run *run)
{
    const uint32_t key =
        (uint32_t)dm_sim_random_below(&run->random, HISTORY_KEYS);
    int32_t n = HISTORY_ABSENT;
    if (!dm_sim_random_chance(&run->random, DM_SIM_MILLION / 5)) {
        n = (int32_t)dm_sim_random_skewed(&run->random, 0, HISTORY_VALUE_MAX);
    }
    history_set(&history, run->number, key, n);
    if (!is_well(run, run->db, set_row(run, key, n), "change")) {
        roll_back(run);
    }
}

static void
commit(struct run *run)
{
    char sql[64];
    (void)snprintf(sql, sizeof(sql), "UPDATE last SET number = %u",
                   run->number);
    int rc = execute(run->db, sql);
    rc = rc == SQLITE_OK ? execute(run->db, "COMMIT") : rc;
    if (!is_well(run, run->db, rc, "commit")) {
        roll_back(run);
        return;
    }
    run->newest = run->number;
    run->durable = run->is_full ? run->number : run->durable;
    run->number = 0;
    ++run->outcome->n_commits;
}

static void
checkpoint(struct run *run)
{
    static const int modes[] = {
        SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_PASSIVE,
        SQLITE_CHECKPOINT_FULL, SQLITE_CHECKPOINT_RESTART,
        SQLITE_CHECKPOINT_TRUNCATE};
    const int mode =
        modes[dm_sim_random_below(&run->random, DM_COUNT_OF(modes))];
    const int rc = sqlite3_wal_checkpoint_v2(run->db, NULL, mode, NULL, NULL);
    if (rc != SQLITE_BUSY) { // A reader is in its way
        (void)is_well(run, run->db, rc, "checkpoint");
    }
}

static enum dm_progress
write_step(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    struct run *const run = self;
    const uint64_t draw = dm_sim_random_below(&run->random, 100);
    if (run->number != 0 && draw < 60) {
        change(run);
    } else if (run->number != 0 && draw < 66) {
        roll_back(run);
    } else if (run->number != 0) {
        commit(run);
    } else if (draw < 8) {
        checkpoint(run);
    } else if (run->n_left == 0) {
        return DM_PROGRESS_ENDED;
    } else {
        --run->n_left;
        begin(run);
    }
    *ret_due_ns = now_ns + dm_sim_random_skewed(&run->random, 0, 1000000);
    return DM_PROGRESS_IDLE;
}

// The readers

static enum dm_progress
read_step(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    struct reader *const reader = self;
    struct run *const run = reader->run;
    if (dm_sim_actor_has_ended(run->actors[0])) {
        return DM_PROGRESS_ENDED;
    }
    *ret_due_ns = now_ns + dm_sim_random_skewed(&run->random, 0, 3000000);
    if (reader->is_reading &&
        dm_sim_random_chance(&run->random, DM_SIM_MILLION / 3)) {
        reader->is_reading = false;
        (void)is_well(run, reader->db, execute(reader->db, "COMMIT"), "end");
        return DM_PROGRESS_IDLE;
    }
    if (!reader->is_reading &&
        !is_well(run, reader->db, execute(reader->db, "BEGIN"), "begin")) {
        return DM_PROGRESS_IDLE;
    }
    uint32_t number = 0;
    if (look(run, reader->db, &number)) {
        if (reader->is_reading && number != reader->number) {
            fail_numbers(run, "P4: a reader saw one, then another",
                         reader->number, number);
        }
        if (!reader->is_reading && number != run->newest) {
            fail_numbers(run, "P4: a new reader saw this and not that", number,
                         run->newest);
        }
        reader->number = number;
        reader->is_reading = true;
    } else if (!sqlite3_get_autocommit(reader->db)) {
        (void)execute(reader->db, "ROLLBACK");
        reader->is_reading = false;
    }
    return DM_PROGRESS_IDLE;
}

// A life of the process

static sqlite3 *
open_connection(struct run *run)
{
    sqlite3 *db = NULL;
    int rc =
        sqlite3_open_v2(DB, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        dm_sim_vfs_name(run->vfs));
    rc = rc == SQLITE_OK ? execute(db, "PRAGMA journal_mode=WAL") : rc;
    rc = rc == SQLITE_OK ? execute(db, "PRAGMA wal_autocheckpoint=30") : rc;
    rc = rc == SQLITE_OK ? execute(db, "PRAGMA cache_size=10") : rc;
    if (!is_well(run, db, rc, "open")) {
        (void)sqlite3_close(db);
        return NULL;
    }
    return db;
}

static bool
make_tables(struct run *run)
{
    const int rc = execute(
        run->db,
        "BEGIN IMMEDIATE;"
        "CREATE TABLE IF NOT EXISTS kv(key INTEGER PRIMARY KEY, value BLOB);"
        "CREATE TABLE IF NOT EXISTS last(number INTEGER);"
        "INSERT INTO last SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM last);"
        "COMMIT");
    return is_well(run, run->db, rc, "make tables");
}

// What a process finds is what its predecessor left (P1, P2, P3, P5)
static bool
verify(struct run *run, enum dm_sim_harm harm)
{
    uint32_t number = 0;
    if (!look(run, run->db, &number)) {
        return false;
    }
    const uint32_t least =
        harm == DM_SIM_HARM_POWER ? run->durable : run->newest;
    if (number > history.n_tries || !history_follows(&history, number, least)) {
        fail_numbers(run,
                     harm == DM_SIM_HARM_POWER
                         ? "P3: found this, not after that"
                         : "P2: found this, not after that",
                     number, least);
        return false;
    }
    run->newest = number;
    run->durable = number < run->durable ? number : run->durable;
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(run->db, "PRAGMA integrity_check", -1,
                                &statement, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(statement) : rc;
    bool is_good = is_well(run, run->db, rc, "check");
    if (is_good) {
        const char *const text =
            (const char *)sqlite3_column_text(statement, 0);
        if (!text || strcmp(text, "ok") != 0) {
            fail(run, "P5", text ? text : "no answer");
            is_good = false;
        }
    }
    (void)sqlite3_finalize(statement);
    return is_good;
}

static void
start_actors(struct run *run)
{
    for (size_t i = 0; i <= N_READERS; ++i) {
        CHECK(dm_sim_machine_add(run->machine, &run->actors[i]) == DM_OK);
    }
    for (size_t i = 0; i < N_READERS; ++i) {
        struct reader *const reader = &run->readers[i];
        *reader = (struct reader){.run = run, .db = open_connection(run)};
        if (reader->db) {
            dm_sim_actor_begin(run->actors[i + 1],
                               &(struct dm_actor){.name = "reader",
                                                  .role = DM_ROLE_WORKER,
                                                  .step = read_step,
                                                  .self = reader});
        }
    }
    dm_sim_actor_begin(run->actors[0],
                       &(struct dm_actor){.name = "writer",
                                          .role = DM_ROLE_WRITER,
                                          .step = write_step,
                                          .self = run});
}

static void
set_plan(struct run *run, unsigned life)
{
    const struct script *const script = run->script;
    struct dm_sim_plan plan = {
        .harm = script->harm,
        .ops = DM_SIM_CHANGES,
        .n_pass = script->n_pass,
    };
    if (script->is_random || life > 0) {
        const uint64_t most = script->n_transactions * UINT64_C(8);
        plan.n_pass = dm_sim_random_below(&run->random, most);
    }
    if (life + 1 == N_LIVES) {
        plan.harm = DM_SIM_HARM_NONE;
    }
    dm_sim_disk_plan(run->disk, &plan);
}

static void
live(struct run *run, unsigned life, enum dm_sim_harm before)
{
    set_plan(run, life);
    run->db = open_connection(run);
    if (run->db && make_tables(run) && verify(run, before)) {
        run->n_left = run->script->n_transactions;
        start_actors(run);
        enum dm_status status = DM_OK;
        while (status == DM_OK && !has_tripped(run) &&
               run->outcome->failure[0] == '\0') {
            status = dm_sim_world_step(run->world);
        }
    }
}

// End the process by what tripped the disk, or else by a power loss when it is
// at rest
static enum dm_sim_harm
end_life(struct run *run, unsigned life)
{
    if (!has_tripped(run)) {
        dm_sim_disk_trip(run->disk, run->script->harm == DM_SIM_HARM_KILL
                                        ? DM_SIM_HARM_KILL
                                        : DM_SIM_HARM_POWER);
    }
    const enum dm_sim_harm harm = dm_sim_disk_tripped(run->disk);
    if (harm == DM_SIM_HARM_POWER) {
        dm_sim_machine_lose_power(run->machine);
    } else {
        dm_sim_machine_kill(run->machine);
    }
    for (size_t i = 0; i < N_READERS; ++i) {
        CHECK(sqlite3_close(run->readers[i].db) == SQLITE_OK);
        run->readers[i].db = NULL;
    }
    CHECK(sqlite3_close(run->db) == SQLITE_OK);
    run->db = NULL;
    run->number = 0;
    if (life == 0) {
        run->outcome->n_changes = dm_sim_disk_n_ops(run->disk, DM_SIM_CHANGES);
    }
    CHECK(dm_sim_vfs_n_open(run->vfs) == 0);
    CHECK(dm_sim_disk_restart(run->disk) == DM_OK);
    return harm;
}

static void
play(const struct script *script, struct outcome *outcome)
{
    struct run run = {.script = script, .outcome = outcome};
    *outcome = (struct outcome){.hash = 0};
    history_init(&history);
    const struct dm_sim_options options = dm_sim_options_default(script->seed);
    run.world = dm_sim_world_new(&options);
    CHECK(run.world);
    CHECK(dm_sim_sqlite_begin(run.world) == DM_OK);
    run.machine = dm_sim_machine_new(run.world, "one");
    CHECK(run.machine);
    struct dm_sim_disk_options disk = dm_sim_disk_options_default();
    disk.drops_syncs = script->drops_syncs;
    disk.is_powersafe = script->is_powersafe;
    run.disk = dm_sim_disk_new(run.world, &disk);
    CHECK(run.disk);
    run.vfs = dm_sim_vfs_new(run.machine, run.disk);
    CHECK(run.vfs);
    dm_sim_random_fork(dm_sim_world_random(run.world), "script", &run.random);

    enum dm_sim_harm before = DM_SIM_HARM_NONE;
    for (unsigned life = 0; life < N_LIVES && outcome->failure[0] == '\0';
         ++life) {
        dm_sim_machine_start(run.machine);
        live(&run, life, before);
        before = end_life(&run, life);
    }
    outcome->hash = dm_sim_world_hash(run.world);

    dm_sim_vfs_free(run.vfs);
    dm_sim_disk_free(run.disk);
    dm_sim_sqlite_end();
    dm_sim_world_free(run.world);
}

static uint64_t n_runs;
static uint64_t n_commits;

static void
expect_good(const struct script *script, struct outcome *ret)
{
    play(script, ret);
    ++n_runs;
    n_commits += ret->n_commits;
    if (ret->failure[0] != '\0') {
        (void)fprintf(stderr,
                      "seed %" PRIu64 ", harm %d after %" PRIu64
                      " changes, power-safe %d: %s\n",
                      script->seed, (int)script->harm, script->n_pass,
                      (int)script->is_powersafe, ret->failure);
        abort();
    }
}

// Harm at each n-th change of one seed
static void
at_every(uint64_t seed, enum dm_sim_harm harm, uint64_t step)
{
    struct script script = {
        .seed = seed,
        .harm = harm,
        .n_pass = UINT64_MAX,
        .is_powersafe = seed % 2 == 0,
        .n_transactions = 40,
    };
    struct outcome whole;
    expect_good(&script, &whole);
    CHECK(whole.n_changes > 0);
    for (uint64_t n = 0; n < whole.n_changes; n += step) {
        struct outcome outcome;
        script.n_pass = n;
        expect_good(&script, &outcome);
    }
}

static void
anywhere(uint64_t seed)
{
    static const enum dm_sim_harm harms[] = {
        DM_SIM_HARM_KILL, DM_SIM_HARM_POWER, DM_SIM_HARM_ERROR,
        DM_SIM_HARM_FULL};
    const struct script script = {
        .seed = seed,
        .harm = harms[seed % DM_COUNT_OF(harms)],
        .is_random = true,
        .is_powersafe = seed % 3 != 0,
        .n_transactions = 60,
    };
    struct outcome outcome;
    expect_good(&script, &outcome);
}

static void
a_seed_replays_exactly(void)
{
    struct script script = {
        .seed = 7,
        .harm = DM_SIM_HARM_POWER,
        .is_random = true,
        .is_powersafe = true,
        .n_transactions = 60,
    };
    struct outcome first;
    struct outcome second;
    struct outcome other;
    expect_good(&script, &first);
    expect_good(&script, &second);
    CHECK(first.hash == second.hash);
    CHECK(first.n_commits == second.n_commits);
    script.seed = 8;
    expect_good(&script, &other);
    CHECK(first.hash != other.hash);
}

// A disk that says it has synced and has not must be found out
static void
a_disk_that_lies_is_found(void)
{
    unsigned n_found = 0;
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        const struct script script = {
            .seed = seed,
            .harm = DM_SIM_HARM_POWER,
            .is_random = true,
            .drops_syncs = true,
            .is_powersafe = true,
            .n_transactions = 60,
        };
        struct outcome outcome;
        play(&script, &outcome);
        n_found += outcome.failure[0] != '\0' ? 1 : 0;
    }
    CHECK(n_found >= 4);
}

struct arguments {
    uint64_t first;
    uint64_t n_seeds;
    uint64_t step; // 1: at every change
};

static bool
read_arguments(int argc, char **argv, struct arguments *ret)
{
    for (int i = 1; i < argc; ++i) {
        const bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--every") == 0) {
            ret->step = 1;
        } else if (strcmp(argv[i], "--seeds") == 0 && has_value) {
            ret->n_seeds = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--first") == 0 && has_value) {
            ret->first = strtoull(argv[++i], NULL, 10);
        } else {
            return false;
        }
    }
    return true;
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {.first = 1, .n_seeds = 60, .step = 3};
    if (!read_arguments(argc, argv, &arguments)) {
        (void)fputs("usage: sim_vfs [--seeds N] [--first SEED] [--every]\n",
                    stderr);
        return EXIT_FAILURE;
    }
    a_seed_replays_exactly();
    a_disk_that_lies_is_found();
    at_every(arguments.first, DM_SIM_HARM_KILL, arguments.step);
    at_every(arguments.first + 1, DM_SIM_HARM_POWER, arguments.step);
    at_every(arguments.first + 2, DM_SIM_HARM_POWER, arguments.step);
    for (uint64_t i = 0; i < arguments.n_seeds; ++i) {
        anywhere(arguments.first + i);
    }
    (void)printf("%" PRIu64 " runs, %" PRIu64 " commits: all hold\n", n_runs,
                 n_commits);
    return EXIT_SUCCESS;
}
