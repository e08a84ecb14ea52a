// SPDX-License-Identifier: ISC

#include "sim/backup.h"

#include "base/alloc.h"
#include "sim/disk.h"
#include "sim/world.h"
#include "tests/check.h"

#include <string.h>

static void
write_file(struct dm_sim_disk *disk, const char *path, const char *text)
{
    struct dm_sim_file *file = NULL;
    CHECK_INT(dm_sim_file_open(disk, path, DM_SIM_OPEN_CREATE, &file), DM_OK);
    CHECK_INT(dm_sim_file_truncate(file, 0), DM_OK);
    CHECK_INT(dm_sim_file_write(file, 0, text, strlen(text)), DM_OK);
    dm_sim_file_close(file);
}

static bool
is_there(struct dm_sim_disk *disk, const char *path, const char *text)
{
    struct dm_sim_file *file = NULL;
    char bytes[64];
    size_t n = 0;
    if (dm_sim_file_open(disk, path, DM_SIM_OPEN_EXISTING, &file)) {
        return false;
    }
    CHECK_INT(dm_sim_file_read(file, 0, bytes, sizeof(bytes), &n), DM_OK);
    dm_sim_file_close(file);
    return n == strlen(text) && memcmp(bytes, text, n) == 0;
}

static struct dm_sim_disk *
new_disk(struct dm_sim_world *world)
{
    const struct dm_sim_disk_options options = dm_sim_disk_options_default();
    struct dm_sim_disk *disk = dm_sim_disk_new(world, &options);
    CHECK(disk);
    CHECK_INT(dm_sim_disk_make_directory(disk, "d", 0755), DM_OK);
    CHECK_INT(dm_sim_disk_make_directory(disk, "d/sub", 0755), DM_OK);
    write_file(disk, "d/one", "1");
    write_file(disk, "d/two", "2");
    write_file(disk, "d/sub/in", "kept");
    return disk;
}

static void
what_was_copied_is_there_again_for_good(void)
{
    const struct dm_sim_options options = dm_sim_options_default(1);
    struct dm_sim_world *world = dm_sim_world_new(&options);
    CHECK(world);
    struct dm_sim_disk *disk = new_disk(world);
    struct dm_sim_backup *backup = NULL;
    CHECK_INT(dm_sim_backup_take(disk, "d", &backup), DM_OK);
    write_file(disk, "d/one", "changed");
    write_file(disk, "d/three", "3");
    write_file(disk, "d/sub/in", "new");
    CHECK_INT((int64_t)dm_sim_disk_remove(disk, "d/two"), DM_OK);
    CHECK_INT(dm_sim_backup_restore(backup, disk), DM_OK);
    dm_sim_backup_free(backup);
    dm_sim_disk_trip(disk, DM_SIM_HARM_POWER);
    CHECK_INT(dm_sim_disk_restart(disk), DM_OK);
    CHECK(is_there(disk, "d/one", "1"));
    CHECK(is_there(disk, "d/two", "2"));
    CHECK(!is_there(disk, "d/three", "3"));
    CHECK_INT((int64_t)dm_sim_disk_n_open(disk), 0);
    CHECK_INT(dm_sim_backup_take(disk, "none", &backup), DM_ERR_NOT_FOUND);
    dm_sim_disk_free(disk);
    dm_sim_world_free(world);
}

static void
memory_may_end_at_any_allocation(void)
{
    const struct dm_sim_options options = dm_sim_options_default(2);
    struct dm_sim_world *world = dm_sim_world_new(&options);
    CHECK(world);
    struct dm_sim_disk *disk = new_disk(world);
    struct dm_sim_backup *backup = NULL;
    enum dm_status status = DM_ERR_NO_MEMORY;
    for (size_t n = 0; status == DM_ERR_NO_MEMORY; ++n) {
        dm_alloc_fail_after(n);
        status = dm_sim_backup_take(disk, "d", &backup);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(n < 100);
    }
    CHECK_INT(status, DM_OK);
    status = DM_ERR_NO_MEMORY;
    for (size_t n = 0; status == DM_ERR_NO_MEMORY; ++n) {
        dm_alloc_fail_after(n);
        status = dm_sim_backup_restore(backup, disk);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(n < 100);
    }
    CHECK_INT(status, DM_OK);
    CHECK(is_there(disk, "d/two", "2"));
    dm_sim_backup_free(backup);
    dm_sim_disk_free(disk);
    dm_sim_world_free(world);
}

int
main(void)
{
    what_was_copied_is_there_again_for_good();
    memory_may_end_at_any_allocation();
    return 0;
}
