// SPDX-License-Identifier: ISC

// The locks of the VFS, asked directly; what SQLite makes of it is sim_vfs.

#include "sim/vfs.h"

#include "base/alloc.h"
#include "sim/disk.h"
#include "sim/machine.h"
#include "sim/world.h"
#include "tests/check.h"

#include <sqlite3.h>
#include <string.h>

static struct dm_sim_world *world;
static struct dm_sim_machine *machine;
static struct dm_sim_disk *disk;
static struct dm_sim_vfs *vfs;

static void
set_up(void)
{
    const struct dm_sim_options options = dm_sim_options_default(1);
    world = dm_sim_world_new(&options);
    CHECK(world);
    CHECK(dm_sim_sqlite_begin(world) == DM_OK);
    machine = dm_sim_machine_new(world, "one");
    CHECK(machine);
    dm_sim_machine_start(machine);
    const struct dm_sim_disk_options disk_options =
        dm_sim_disk_options_default();
    disk = dm_sim_disk_new(world, &disk_options);
    CHECK(disk);
    vfs = dm_sim_vfs_new(machine, disk);
    CHECK(vfs);
}

static void
tear_down(void)
{
    dm_sim_vfs_free(vfs);
    dm_sim_disk_free(disk);
    dm_sim_sqlite_end();
    dm_sim_world_free(world);
}

static sqlite3_file *
open_database(void)
{
    sqlite3_vfs *base = sqlite3_vfs_find(dm_sim_vfs_name(vfs));
    CHECK(base);
    sqlite3_file *file = dm_calloc(1, (size_t)base->szOsFile);
    CHECK(file);
    CHECK(base->xOpen(base, "a.db", file,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                          SQLITE_OPEN_MAIN_DB,
                      NULL) == SQLITE_OK);
    return file;
}

static void
close_database(sqlite3_file *file)
{
    CHECK(file->pMethods->xClose(file) == SQLITE_OK);
    dm_free(file);
}

static int
lock(sqlite3_file *file, int level)
{
    return file->pMethods->xLock(file, level);
}

static int
unlock(sqlite3_file *file, int level)
{
    return file->pMethods->xUnlock(file, level);
}

static void
files_are_locked_as_sqlite_counts(void)
{
    set_up();
    sqlite3_file *a = open_database();
    sqlite3_file *b = open_database();
    sqlite3_file *c = open_database();
    int is_reserved = 7;
    CHECK(lock(a, SQLITE_LOCK_SHARED) == SQLITE_OK);
    CHECK(lock(b, SQLITE_LOCK_SHARED) == SQLITE_OK);
    CHECK(lock(a, SQLITE_LOCK_RESERVED) == SQLITE_OK);
    CHECK(lock(b, SQLITE_LOCK_RESERVED) == SQLITE_BUSY);
    CHECK(b->pMethods->xCheckReservedLock(b, &is_reserved) == SQLITE_OK);
    CHECK_INT(is_reserved, 1);
    CHECK(lock(c, SQLITE_LOCK_SHARED) == SQLITE_OK); // Beside RESERVED
    CHECK(unlock(c, SQLITE_LOCK_NONE) == SQLITE_OK);
    CHECK(lock(a, SQLITE_LOCK_EXCLUSIVE) == SQLITE_BUSY); // Now PENDING
    CHECK(lock(c, SQLITE_LOCK_SHARED) == SQLITE_BUSY);
    CHECK(unlock(b, SQLITE_LOCK_NONE) == SQLITE_OK);
    CHECK(lock(a, SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK);
    CHECK(lock(b, SQLITE_LOCK_SHARED) == SQLITE_BUSY);
    CHECK(unlock(a, SQLITE_LOCK_SHARED) == SQLITE_OK);
    CHECK(lock(b, SQLITE_LOCK_SHARED) == SQLITE_OK);
    CHECK(b->pMethods->xCheckReservedLock(b, &is_reserved) == SQLITE_OK);
    CHECK_INT(is_reserved, 0);
    CHECK_INT(dm_sim_vfs_n_open(vfs), 3);
    close_database(a);
    close_database(b); // Lets its lock go
    CHECK(lock(c, SQLITE_LOCK_SHARED) == SQLITE_OK);
    CHECK(lock(c, SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK);
    close_database(c);
    tear_down();
}

static int
shm(sqlite3_file *file, int first, int n, int flags)
{
    return file->pMethods->xShmLock(file, first, n, flags);
}

static volatile unsigned char *
map(sqlite3_file *file, int region, int may_extend)
{
    void volatile *bytes = NULL;
    CHECK(file->pMethods->xShmMap(file, region, 32768, may_extend, &bytes) ==
          SQLITE_OK);
    return bytes;
}

static void
shared_memory_is_locked_by_slots(void)
{
    const int take = SQLITE_SHM_LOCK;
    const int give = SQLITE_SHM_UNLOCK;
    const int shared = SQLITE_SHM_SHARED;
    const int alone = SQLITE_SHM_EXCLUSIVE;
    set_up();
    sqlite3_file *a = open_database();
    sqlite3_file *b = open_database();
    (void)map(a, 0, 1);
    (void)map(b, 0, 1);
    CHECK(shm(a, 3, 1, take | shared) == SQLITE_OK);
    CHECK(shm(b, 3, 1, take | shared) == SQLITE_OK);
    CHECK(shm(b, 2, 3, take | alone) == SQLITE_BUSY); // All or none
    CHECK(shm(a, 2, 1, take | alone) == SQLITE_OK);
    CHECK(shm(b, 2, 1, take | shared) == SQLITE_BUSY);
    CHECK(shm(a, 2, 1, give | alone) == SQLITE_OK);
    CHECK(shm(a, 3, 1, give | shared) == SQLITE_OK);
    CHECK(shm(b, 2, 1, take | alone) == SQLITE_OK);
    CHECK(shm(a, 2, 1, take | alone) == SQLITE_BUSY);
    CHECK(b->pMethods->xShmUnmap(b, 0) == SQLITE_OK); // Lets its locks go
    CHECK(shm(a, 2, 2, take | alone) == SQLITE_OK);
    close_database(a);
    close_database(b);
    tear_down();
}

static void
shared_memory_is_shared_and_ends_with_its_last_user(void)
{
    set_up();
    sqlite3_file *a = open_database();
    sqlite3_file *b = open_database();
    CHECK(!map(a, 0, 0));
    volatile unsigned char *bytes = map(a, 1, 1);
    CHECK(bytes);
    bytes[100] = 42;
    volatile unsigned char *same = map(b, 1, 0);
    CHECK(same && same[100] == 42);
    CHECK(map(b, 0, 0));
    CHECK(!map(b, 2, 0));
    close_database(a);
    CHECK_INT(same[100], 42);
    close_database(b);
    a = open_database();
    CHECK(!map(a, 1, 0));
    close_database(a);
    tear_down();
}

static void
the_default_file_system_opens_nothing(void)
{
    set_up();
    sqlite3 *db = NULL;
    CHECK(sqlite3_open("a.db", &db) == SQLITE_CANTOPEN);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    tear_down();
}

static void
sqlite_has_the_time_of_the_machine(void)
{
    set_up();
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    CHECK(sqlite3_open_v2("a.db", &db,
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                          dm_sim_vfs_name(vfs)) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, "SELECT datetime('now')", -1, &statement,
                             NULL) == SQLITE_OK);
    CHECK(sqlite3_step(statement) == SQLITE_ROW);
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    CHECK(text && strcmp(text, "2026-11-24 16:00:00") == 0);
    CHECK(sqlite3_finalize(statement) == SQLITE_OK);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    tear_down();
}

int
main(void)
{
    files_are_locked_as_sqlite_counts();
    shared_memory_is_locked_by_slots();
    shared_memory_is_shared_and_ends_with_its_last_user();
    the_default_file_system_opens_nothing();
    sqlite_has_the_time_of_the_machine();
    return 0;
}
