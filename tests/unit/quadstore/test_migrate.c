// SPDX-License-Identifier: ISC

// Files of every version that was released can be opened. They are kept as SQL
// text in tests/data/, made by `sqlite3 FILE .dump` of a store of that version.

#include "tests/unit/quadstore/fixture.h"

#include "base/buf.h"
#include "quadstore/blocks.h"
#include "sim/disk.h"
#include "sim/machine.h"
#include "sim/vfs.h"
#include "sim/world.h"

#include <sqlite3.h>

static void
exec(sqlite3 *db, const char *sql)
{
    char *text = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK) {
        (void)fprintf(stderr, "%s\n", text);
        abort();
    }
}

static void
load(const char *path, const char *name, const char *vfs)
{
    FILE *file = fopen(name, "rb");
    struct dm_buf text;
    dm_buf_init(&text, 1 << 20U);
    CHECK(file);
    for (;;) {
        char *room = dm_buf_reserve(&text, 4096);
        CHECK(room);
        const size_t n = fread(room, 1, 4096, file);
        text.n += n;
        if (n == 0) {
            break;
        }
    }
    CHECK(fclose(file) == 0);
    dm_buf_putc(&text, '\0');
    sqlite3 *db = NULL;
    CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                          vfs) == SQLITE_OK);
    exec(db, text.data);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    dm_buf_done(&text);
}

static void
set_version(const char *path, int version)
{
    char text[64];
    sqlite3 *db = NULL;
    (void)snprintf(text, sizeof(text), "PRAGMA user_version = %d", version);
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    exec(db, text);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

// What the log of version 1's first file held, which later ones hold too
static void
expect_example(struct dm_snapshot *snapshot)
{
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    CHECK(!dm_latest_open(snapshot, 1, DM_ID_NONE, &scan));
    CHECK(!dm_latest_next(scan, &latest));
    CHECK_INT(latest.event.key.ms, INT64_C(1795536060000));
    CHECK(latest.event.status == DM_RESULT_CRITICAL);
    CHECK_INT(latest.bad, 2);
    CHECK_INT(latest.bad_since_ms, INT64_C(1795536030000));
    CHECK(dm_str_is(latest.event.message, "connect: refused"));
    CHECK_INT(latest.event.micros, 812000);
    CHECK_INT((int64_t)latest.event.n_samples, 2);
    CHECK(dm_str_is(latest.event.samples[0].value, "91.5"));
    CHECK(dm_str_is(latest.event.samples[0].unit, "%"));
    CHECK(dm_str_is(latest.event.samples[1].value, "1.0E300"));
    dm_latest_close(scan);
    CHECK(!dm_id_is_local(intern(snapshot, "\"a note\"")));
}

static void
open_kept(struct fixture *fixture, const char *name)
{
    fixture_init(fixture, true);
    dm_store_close(fixture->store);
    CHECK(unlink(fixture->path) == 0);
    load(fixture->path, name, NULL);
    fixture_open(fixture);
    check_store(fixture);
}

static void
a_file_of_version_1_reads_as_it_was_written(void)
{
    struct fixture fixture;
    struct dm_block_figures figures;
    open_kept(&fixture, "tests/data/store-v1.sql");
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    expect_example(snapshot);
    CHECK(!dm_snapshot_block_figures(snapshot, 1, &figures));
    CHECK(figures.blocks == 0 && figures.bytes == 0);
    dm_snapshot_close(snapshot);

    // Now it holds what version 2 holds
    const struct dm_block block = {.place = {1, DM_BLOCK_ENTRY, 1},
                                   .data = dm_str("entry")};
    struct dm_txn *txn = begin(&fixture);
    CHECK(!dm_txn_block_put(txn, &block));
    commit(txn);
    fixture_reopen(&fixture);
    check_store(&fixture);
    snapshot = snapshot_of(&fixture);
    CHECK(!dm_snapshot_block_figures(snapshot, 1, &figures));
    CHECK(figures.blocks == 1 && figures.bytes == 5);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
a_file_of_version_2_reads_as_it_was_written(void)
{
    static const char *const texts[] = {"payload 1",     "entry 1", "node",
                                        "node of nodes", "head",    "manifest",
                                        "part",          "proof"};
    struct fixture fixture;
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    open_kept(&fixture, "tests/data/store-v2.sql");
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    expect_example(snapshot);
    for (unsigned kind = 0; kind < DM_BLOCK_KINDS; ++kind) {
        const struct dm_block_place place = {2, (enum dm_block_kind)kind, 1};
        struct dm_block by_place;
        struct dm_block by_name;
        CHECK(!dm_snapshot_block_at(snapshot, &place, &by_place));
        CHECK(dm_str_is(by_place.data, texts[kind]));
        CHECK_INT(by_place.name[35], (0xF0 - 16 * (int)kind + 35) & 0xFF);
        CHECK(!dm_snapshot_block(snapshot, by_place.name, &by_name));
        CHECK(by_name.place.kind == place.kind && by_name.place.seq == 1);
    }
    CHECK(!dm_latest_open(snapshot, 2, DM_ID_NONE, &scan));
    CHECK(!dm_latest_next(scan, &latest));
    CHECK_INT(latest.streak, 3);
    CHECK_INT(latest.bad, 5);
    CHECK_INT(latest.certificate_expires_ms, INT64_C(1799999999000));
    CHECK(dm_str_is(latest.event.message, "slow"));
    CHECK(dm_str_is(latest.event.samples[0].unit, "1"));
    struct dm_event event = latest.event;
    event.samples = NULL;
    event.n_samples = 0;
    event.message = dm_str("slow");
    event.output = dm_str("what a State does not say");
    dm_latest_close(scan);
    dm_snapshot_close(snapshot);

    // A State said it, and the event itself is still to come
    struct dm_txn *txn = begin(&fixture);
    CHECK(!dm_txn_merge(txn, &event));
    CHECK(!dm_txn_merge(txn, &event));
    commit(txn);
    check_store(&fixture);
    snapshot = snapshot_of(&fixture);
    CHECK(!dm_latest_open(snapshot, 2, DM_ID_NONE, &scan));
    CHECK(!dm_latest_next(scan, &latest));
    CHECK(dm_str_is(latest.event.output, "what a State does not say"));
    CHECK_INT(latest.streak, 3);
    dm_latest_close(scan);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

// Open a file of version 1 while the disk does harm after `n_pass` changes;
// then again, without. Whether there were so many.
static bool
migrate_under_harm(enum dm_sim_harm harm, uint64_t n_pass)
{
    static const struct dm_sim_plan none = {.harm = DM_SIM_HARM_NONE};
    const struct dm_sim_options seed = dm_sim_options_default(1);
    const struct dm_sim_disk_options disk_options =
        dm_sim_disk_options_default();
    const struct dm_sim_plan plan = {
        .harm = harm, .ops = DM_SIM_CHANGES, .n_pass = n_pass};
    struct fixture fixture = {0};
    struct dm_sim_world *world = dm_sim_world_new(&seed);
    CHECK(world && !dm_sim_sqlite_begin(world));
    struct dm_sim_machine *machine = dm_sim_machine_new(world, "one");
    struct dm_sim_disk *disk = dm_sim_disk_new(world, &disk_options);
    CHECK(machine && disk);
    dm_sim_machine_start(machine);
    struct dm_sim_vfs *vfs = dm_sim_vfs_new(machine, disk);
    CHECK(vfs);
    dm_work_init(&fixture.work, &fixture.env, INT64_MAX, (size_t)16 << 20U);
    load("/test.db", "tests/data/store-v1.sql", dm_sim_vfs_name(vfs));

    const struct dm_store_options options = {.path = "/test.db",
                                             .vfs = dm_sim_vfs_name(vfs)};
    dm_sim_disk_plan(disk, &plan);
    const enum dm_status status =
        dm_store_open(&fixture.env, &options, &fixture.store, NULL);
    const bool has_tripped = dm_sim_disk_tripped(disk) != DM_SIM_HARM_NONE;
    const bool was_struck = has_tripped || dm_sim_disk_n_struck(disk) > 0;
    CHECK(!status || was_struck);
    if (!status) {
        dm_store_close(fixture.store);
    }
    if (dm_sim_disk_tripped(disk) != DM_SIM_HARM_NONE) { // Closing, too
        CHECK(!dm_sim_disk_restart(disk));
    }
    dm_sim_disk_plan(disk, &none);
    CHECK(!dm_store_open(&fixture.env, &options, &fixture.store, NULL));
    check_store(&fixture);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    expect_example(snapshot);
    dm_snapshot_close(snapshot);
    dm_store_close(fixture.store);
    dm_sim_vfs_free(vfs);
    dm_sim_disk_free(disk);
    dm_sim_sqlite_end();
    dm_sim_world_free(world);
    return was_struck;
}

static void
a_migration_is_done_as_a_whole_or_not_at_all(void)
{
    static const enum dm_sim_harm harms[] = {DM_SIM_HARM_ERROR,
                                             DM_SIM_HARM_FULL, DM_SIM_HARM_KILL,
                                             DM_SIM_HARM_POWER};
    for (size_t i = 0; i < DM_COUNT_OF(harms); ++i) {
        uint64_t n = 0;
        while (migrate_under_harm(harms[i], n)) {
            ++n;
        }
        CHECK(n > 3);
    }
}

static void
a_newer_file_is_refused_and_left_alone(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    dm_store_close(fixture.store);
    set_version(fixture.path, DM_STORE_VERSION + 1);
    const struct dm_store_options options = {.path = fixture.path};
    struct dm_error error = {0};
    CHECK(dm_store_open(&fixture.env, &options, &fixture.store, &error) ==
          DM_ERR_UNSUPPORTED);
    CHECK(error.hint[0]);
    set_version(fixture.path, DM_STORE_VERSION);
    fixture_open(&fixture);
    fixture_done(&fixture);
}

static void
what_is_no_store_is_refused(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    dm_store_close(fixture.store);
    FILE *file = fopen(fixture.path, "wb");
    CHECK(file && fputs("this is no database at all, but a text", file) >= 0);
    CHECK(fclose(file) == 0);
    struct dm_store_options options = {.path = fixture.path};
    struct dm_error error = {0};
    CHECK(dm_store_open(&fixture.env, &options, &fixture.store, &error) ==
          DM_ERR_CORRUPT);
    options.path = "/nowhere/at/all";
    options.read_only = true;
    CHECK(dm_store_open(&fixture.env, &options, &fixture.store, &error) ==
          DM_ERR_NOT_FOUND);
    CHECK(unlink(fixture.path) == 0);
}

static void
read_only_it_reads_and_never_writes(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct dm_txn *txn = begin(&fixture);
    (void)put(txn, "http://e/x");
    commit(txn);
    dm_store_close(fixture.store);
    const struct dm_store_options options = {.path = fixture.path,
                                             .read_only = true};
    CHECK(!dm_store_open(&fixture.env, &options, &fixture.store, NULL));
    CHECK(dm_txn_begin(fixture.store, &txn) == DM_ERR_PERMISSION);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK(!dm_id_is_local(intern(snapshot, "http://e/x")));
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

int
main(void)
{
    a_file_of_version_1_reads_as_it_was_written();
    a_file_of_version_2_reads_as_it_was_written();
    a_migration_is_done_as_a_whole_or_not_at_all();
    a_newer_file_is_refused_and_left_alone();
    what_is_no_store_is_refused();
    read_only_it_reads_and_never_writes();
    return 0;
}
