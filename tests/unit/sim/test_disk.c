// SPDX-License-Identifier: ISC

#include "sim/disk.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sim/world.h"
#include "tests/check.h"

#include <string.h>

#define BIG (3 * (size_t)DM_SIM_PAGE_BYTES + 100)

static struct dm_sim_world *world;

static struct dm_sim_disk *
new_disk(uint64_t seed)
{
    const struct dm_sim_options options = dm_sim_options_default(seed);
    world = dm_sim_world_new(&options);
    CHECK(world);
    const struct dm_sim_disk_options disk_options =
        dm_sim_disk_options_default();
    struct dm_sim_disk *disk = dm_sim_disk_new(world, &disk_options);
    CHECK(disk);
    return disk;
}

static void
free_disk(struct dm_sim_disk *disk)
{
    dm_sim_disk_free(disk);
    dm_sim_world_free(world);
}

static struct dm_sim_file *
open_file(struct dm_sim_disk *disk, const char *path)
{
    struct dm_sim_file *file = NULL;
    CHECK(dm_sim_file_open(disk, path, DM_SIM_OPEN_CREATE, &file) == DM_OK);
    return file;
}

static void
put(struct dm_sim_disk *disk, const char *path, const char *text,
    bool is_synced)
{
    struct dm_sim_file *file = open_file(disk, path);
    CHECK(dm_sim_file_truncate(file, 0) == DM_OK);
    CHECK(dm_sim_file_write(file, 0, text, strlen(text)) == DM_OK);
    if (is_synced) {
        CHECK(dm_sim_file_sync(file) == DM_OK);
        CHECK(dm_sim_disk_sync_names(disk, path) == DM_OK);
    }
    dm_sim_file_close(file);
}

// Whether the file is there and holds `text`
static bool
holds(struct dm_sim_disk *disk, const char *path, const char *text)
{
    struct dm_sim_file *file = NULL;
    if (dm_sim_file_open(disk, path, DM_SIM_OPEN_EXISTING, &file) != DM_OK) {
        return false;
    }
    char bytes[64];
    size_t n = 0;
    CHECK(dm_sim_file_read(file, 0, bytes, sizeof(bytes), &n) == DM_OK);
    dm_sim_file_close(file);
    return n == strlen(text) && memcmp(bytes, text, n) == 0;
}

static void
restart(struct dm_sim_disk *disk, enum dm_sim_harm harm)
{
    dm_sim_disk_trip(disk, harm);
    CHECK(dm_sim_disk_restart(disk) == DM_OK);
}

static void
bytes_come_back_at_any_offset(void)
{
    struct dm_sim_disk *disk = new_disk(1);
    struct dm_sim_file *file = open_file(disk, "a");
    static unsigned char model[4 * DM_SIM_PAGE_BYTES];
    static unsigned char got[sizeof(model)];
    memset(model, 0, sizeof(model));
    struct dm_sim_random random;
    dm_sim_random_init(&random, 1);
    size_t size = 0;
    for (int i = 0; i < 2000; ++i) {
        const size_t offset =
            (size_t)dm_sim_random_below(&random, sizeof(model));
        if (i % 10 == 0) {
            CHECK(dm_sim_file_truncate(file, offset) == DM_OK);
            memset(model + offset, 0, sizeof(model) - offset);
            size = offset;
        } else {
            unsigned char bytes[300];
            size_t n = (size_t)dm_sim_random_below(&random, sizeof(bytes));
            n = n < sizeof(model) - offset ? n : sizeof(model) - offset;
            dm_sim_random_bytes(&random, bytes, n);
            CHECK(dm_sim_file_write(file, offset, bytes, n) == DM_OK);
            memcpy(model + offset, bytes, n);
            size = n > 0 && offset + n > size ? offset + n : size;
        }
        if (i % 7 == 0) {
            CHECK(dm_sim_file_sync(file) == DM_OK);
        }
        size_t n = 0;
        CHECK(dm_sim_file_read(file, 0, got, sizeof(got), &n) == DM_OK);
        CHECK(n == size && dm_sim_file_size(file) == size);
        CHECK(memcmp(got, model, n) == 0);
    }
    dm_sim_file_close(file);
    free_disk(disk);
}

static void
a_kill_leaves_what_was_written(void)
{
    struct dm_sim_disk *disk = new_disk(2);
    put(disk, "a", "old", true);
    put(disk, "a", "new", false);
    put(disk, "b", "fresh", false);
    restart(disk, DM_SIM_HARM_KILL);
    CHECK(holds(disk, "a", "new"));
    CHECK(holds(disk, "b", "fresh"));
    free_disk(disk);
}

static void
a_power_loss_leaves_what_was_synced_and_any_part_of_the_rest(void)
{
    unsigned n_old = 0;
    unsigned n_new = 0;
    unsigned n_mixed = 0;
    unsigned n_gone = 0;
    for (uint64_t seed = 1; seed <= 300; ++seed) {
        struct dm_sim_disk *disk = new_disk(seed);
        put(disk, "safe", "synced", true);
        put(disk, "a", "old", true);
        put(disk, "a", "new!", false);
        put(disk, "b", "fresh", false);
        restart(disk, DM_SIM_HARM_POWER);
        CHECK(holds(disk, "safe", "synced"));
        if (holds(disk, "a", "old")) {
            ++n_old;
        } else if (holds(disk, "a", "new!")) {
            ++n_new;
        } else {
            ++n_mixed;
        }
        n_gone += holds(disk, "b", "fresh") ? 0 : 1;
        free_disk(disk);
    }
    CHECK(n_old > 50 && n_new > 50 && n_mixed > 20);
    CHECK(n_gone > 50 && n_gone < 290);
}

// Fill BIG bytes with `c` from `offset` on
static void
fill(struct dm_sim_file *file, uint64_t offset, int c, size_t n)
{
    static unsigned char bytes[BIG];
    memset(bytes, c, n);
    CHECK(dm_sim_file_write(file, offset, bytes, n) == DM_OK);
}

static void
a_power_safe_disk_harms_only_what_was_written(void)
{
    static unsigned char bytes[BIG];
    unsigned n_torn = 0;
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        struct dm_sim_disk *disk = new_disk(seed);
        struct dm_sim_file *file = open_file(disk, "a");
        fill(file, 0, 'a', BIG);
        CHECK(dm_sim_file_sync(file) == DM_OK);
        CHECK(dm_sim_disk_sync_names(disk, "a") == DM_OK);
        fill(file, 5000, 'b', 1000);
        dm_sim_file_close(file);
        restart(disk, DM_SIM_HARM_POWER);
        file = open_file(disk, "a");
        size_t n = 0;
        CHECK(dm_sim_file_read(file, 0, bytes, BIG, &n) == DM_OK);
        CHECK(n == BIG);
        size_t n_written = 0;
        for (size_t i = 0; i < BIG; ++i) {
            const bool is_inside = i >= 5000 && i < 6000;
            CHECK(bytes[i] == 'a' || (is_inside && bytes[i] == 'b'));
            n_written += bytes[i] == 'b' ? 1 : 0;
        }
        n_torn += n_written > 0 && n_written < 1000 ? 1 : 0;
        dm_sim_file_close(file);
        free_disk(disk);
    }
    CHECK(n_torn > 10);
}

static void
one_that_is_not_may_harm_its_neighbours(void)
{
    unsigned n_harmed = 0;
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        struct dm_sim_disk *disk = new_disk(seed);
        dm_sim_disk_options(disk)->is_powersafe = false;
        struct dm_sim_file *file = open_file(disk, "a");
        fill(file, 0, 'a', BIG);
        CHECK(dm_sim_file_sync(file) == DM_OK);
        CHECK(dm_sim_disk_sync_names(disk, "a") == DM_OK);
        fill(file, 5000, 'b', 1000);
        dm_sim_file_close(file);
        restart(disk, DM_SIM_HARM_POWER);
        file = open_file(disk, "a");
        unsigned char bytes[DM_SIM_PAGE_BYTES];
        size_t n = 0;
        CHECK(dm_sim_file_read(file, 0, bytes, sizeof(bytes), &n) == DM_OK);
        for (size_t i = 0; i < n; ++i) {
            CHECK(bytes[i] == 'a'); // Another page
        }
        CHECK(dm_sim_file_read(file, 7000, bytes, 10, &n) == DM_OK);
        n_harmed += bytes[0] != 'a' ? 1 : 0;
        dm_sim_file_close(file);
        free_disk(disk);
    }
    CHECK(n_harmed > 0);
}

static void
a_name_that_moved_is_at_one_of_two_places(void)
{
    unsigned n_moved = 0;
    for (uint64_t seed = 1; seed <= 100; ++seed) {
        struct dm_sim_disk *disk = new_disk(seed);
        put(disk, "from", "bytes", true);
        put(disk, "to", "before", true);
        CHECK(dm_sim_disk_rename(disk, "from", "to") == DM_OK);
        restart(disk, DM_SIM_HARM_POWER);
        const bool is_moved = holds(disk, "to", "bytes");
        CHECK(is_moved || holds(disk, "to", "before"));
        CHECK(holds(disk, "from", "bytes") == !is_moved);
        n_moved += is_moved ? 1 : 0;
        free_disk(disk);
    }
    CHECK(n_moved > 20 && n_moved < 80);
}

static void
what_is_volatile_is_gone_after_a_power_loss(void)
{
    struct dm_sim_disk *disk = new_disk(3);
    CHECK(dm_sim_disk_make_directory(disk, "/run", 0755) == DM_OK);
    put(disk, "/run/guard", "here", true);
    restart(disk, DM_SIM_HARM_KILL);
    CHECK(holds(disk, "/run/guard", "here"));
    restart(disk, DM_SIM_HARM_POWER);
    CHECK(!holds(disk, "/run/guard", "here"));
    struct dm_file_info info;
    CHECK(dm_sim_disk_info(disk, "/run", &info) == DM_OK);
    CHECK(info.kind == DM_FILE_DIRECTORY);
    free_disk(disk);
}

static void
a_plan_strikes_the_nth_operation(void)
{
    struct dm_sim_disk *disk = new_disk(4);
    struct dm_sim_file *file = open_file(disk, "a");
    dm_sim_disk_plan(disk, &(struct dm_sim_plan){.harm = DM_SIM_HARM_ERROR,
                                                 .ops = DM_SIM_SYNC,
                                                 .n_pass = 1});
    CHECK(dm_sim_file_write(file, 0, "x", 1) == DM_OK);
    CHECK(dm_sim_file_sync(file) == DM_OK);
    CHECK(dm_sim_file_write(file, 1, "y", 1) == DM_OK);
    CHECK(dm_sim_disk_planned(disk) == DM_SIM_HARM_ERROR);
    CHECK(dm_sim_file_sync(file) == DM_ERR_IO);
    CHECK(dm_sim_disk_planned(disk) == DM_SIM_HARM_NONE);
    CHECK(dm_sim_file_sync(file) == DM_OK); // Once
    dm_sim_disk_plan(disk, &(struct dm_sim_plan){.harm = DM_SIM_HARM_FULL,
                                                 .ops = DM_SIM_WRITE,
                                                 .is_lasting = true});
    CHECK(dm_sim_file_write(file, 0, "z", 1) == DM_ERR_FULL);
    CHECK(dm_sim_file_write(file, 0, "z", 1) == DM_ERR_FULL);
    CHECK(dm_sim_disk_planned(disk) == DM_SIM_HARM_FULL);
    dm_sim_disk_plan(disk, &(struct dm_sim_plan){.harm = DM_SIM_HARM_NONE});
    CHECK(dm_sim_file_write(file, 0, "z", 1) == DM_OK);
    dm_sim_file_close(file);
    CHECK(holds(disk, "a", "zy"));
    free_disk(disk);
}

static void
a_tripped_disk_refuses_everything(void)
{
    struct dm_sim_disk *disk = new_disk(5);
    put(disk, "a", "old", true);
    struct dm_sim_file *file = open_file(disk, "a");
    dm_sim_disk_plan(disk, &(struct dm_sim_plan){.harm = DM_SIM_HARM_KILL,
                                                 .ops = DM_SIM_WRITE});
    CHECK(dm_sim_file_write(file, 0, "new", 3) == DM_ERR_IO);
    CHECK(dm_sim_disk_tripped(disk) == DM_SIM_HARM_KILL);
    char c = 0;
    size_t n = 0;
    struct dm_sim_file *other = NULL;
    struct dm_file_info info;
    CHECK(dm_sim_file_read(file, 0, &c, 1, &n) == DM_ERR_IO);
    CHECK(dm_sim_file_write(file, 0, "x", 1) == DM_ERR_IO);
    CHECK(dm_sim_file_sync(file) == DM_ERR_IO);
    CHECK(dm_sim_file_truncate(file, 0) == DM_ERR_IO);
    CHECK(dm_sim_file_open(disk, "b", DM_SIM_OPEN_CREATE, &other) == DM_ERR_IO);
    CHECK(dm_sim_disk_info(disk, "a", &info) == DM_ERR_IO);
    CHECK(dm_sim_disk_remove(disk, "a") == DM_ERR_IO);
    CHECK(dm_sim_disk_rename(disk, "a", "b") == DM_ERR_IO);
    CHECK(dm_sim_disk_make_directory(disk, "d", 0755) == DM_ERR_IO);
    CHECK(dm_sim_disk_sync_names(disk, "a") == DM_ERR_IO);
    dm_sim_file_close(file);
    CHECK(dm_sim_disk_restart(disk) == DM_OK);
    CHECK(dm_sim_disk_info(disk, "a", &info) == DM_OK);
    CHECK_INT((int64_t)info.size, 3);
    free_disk(disk);
}

static void
a_flip_changes_one_bit(void)
{
    struct dm_sim_disk *disk = new_disk(6);
    struct dm_sim_file *file = open_file(disk, "a");
    dm_sim_disk_plan(disk, &(struct dm_sim_plan){.harm = DM_SIM_HARM_FLIP,
                                                 .ops = DM_SIM_WRITE});
    const unsigned char zeros[100] = {0};
    unsigned char bytes[100];
    size_t n = 0;
    CHECK(dm_sim_file_write(file, 0, zeros, sizeof(zeros)) == DM_OK);
    CHECK(dm_sim_file_read(file, 0, bytes, sizeof(bytes), &n) == DM_OK);
    unsigned n_bits = 0;
    for (size_t i = 0; i < n; ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            n_bits += (bytes[i] >> bit) & 1U;
        }
    }
    CHECK_INT(n_bits, 1);
    dm_sim_file_close(file);
    CHECK(dm_sim_disk_flip(disk, "a", 100, 0) == DM_ERR_NOT_FOUND);
    put(disk, "b", "a", true);
    CHECK(dm_sim_disk_flip(disk, "b", 0, 1) == DM_OK);
    CHECK(holds(disk, "b", "c"));
    free_disk(disk);
}

static void
a_full_disk_has_room_again_when_a_file_goes(void)
{
    struct dm_sim_disk *disk = new_disk(7);
    dm_sim_disk_options(disk)->capacity_bytes = 4 * (uint64_t)DM_SIM_PAGE_BYTES;
    struct dm_sim_file *ballast = open_file(disk, "ballast");
    fill(ballast, 0, 'b', 3 * (size_t)DM_SIM_PAGE_BYTES);
    dm_sim_file_close(ballast);
    struct dm_sim_file *file = open_file(disk, "a");
    fill(file, 0, 'a', DM_SIM_PAGE_BYTES);
    CHECK(dm_sim_file_write(file, DM_SIM_PAGE_BYTES, "x", 1) == DM_ERR_FULL);
    CHECK_INT((int64_t)dm_sim_file_size(file), DM_SIM_PAGE_BYTES);
    CHECK(dm_sim_file_write(file, 0, "x", 1) == DM_OK); // Takes no more room
    CHECK(dm_sim_disk_remove(disk, "ballast") == DM_OK);
    CHECK(dm_sim_file_write(file, DM_SIM_PAGE_BYTES, "x", 1) == DM_OK);
    CHECK_INT((int64_t)dm_sim_disk_used_bytes(disk),
              2 * (int64_t)DM_SIM_PAGE_BYTES);
    dm_sim_file_close(file);
    free_disk(disk);
}

static void
a_removed_file_lives_while_it_is_open(void)
{
    struct dm_sim_disk *disk = new_disk(8);
    struct dm_sim_file *file = open_file(disk, "a");
    CHECK(dm_sim_file_write(file, 0, "x", 1) == DM_OK);
    CHECK(dm_sim_disk_remove(disk, "a") == DM_OK);
    CHECK(dm_sim_disk_remove(disk, "a") == DM_ERR_NOT_FOUND);
    char c = 0;
    size_t n = 0;
    CHECK(dm_sim_file_read(file, 0, &c, 1, &n) == DM_OK);
    CHECK(n == 1 && c == 'x');
    dm_sim_file_close(file);
    CHECK_INT((int64_t)dm_sim_disk_used_bytes(disk), 0);
    free_disk(disk);
}

static enum dm_status
add_name(void *context, struct dm_str name)
{
    struct dm_buf *buf = context;
    (void)dm_buf_put_str(buf, name);
    return dm_buf_putc(buf, ' ');
}

static void
directories_hold_names_in_order(void)
{
    struct dm_sim_disk *disk = new_disk(9);
    struct dm_sim_file *file = NULL;
    CHECK(dm_sim_file_open(disk, "d/x", DM_SIM_OPEN_CREATE, &file) ==
          DM_ERR_NOT_FOUND);
    CHECK(dm_sim_disk_make_directory(disk, "d", 0700) == DM_OK);
    CHECK(dm_sim_disk_make_directory(disk, "d", 0700) == DM_ERR_EXISTS);
    CHECK(dm_sim_disk_make_directory(disk, "d/e", 0700) == DM_OK);
    put(disk, "d/x", "1", false);
    put(disk, "d/b", "2", false);
    put(disk, "d/e/deep", "3", false);
    put(disk, "da", "4", false);
    CHECK(dm_sim_file_open(disk, "d", DM_SIM_OPEN_CREATE, &file) ==
          DM_ERR_PERMISSION);
    CHECK(dm_sim_file_open(disk, "da",
                           DM_SIM_OPEN_CREATE | DM_SIM_OPEN_EXCLUSIVE,
                           &file) == DM_ERR_EXISTS);
    struct dm_buf buf;
    dm_buf_init(&buf, 100);
    CHECK(dm_sim_disk_list(disk, "d", add_name, &buf) == DM_OK);
    CHECK(strcmp(dm_buf_cstr(&buf), "b e x ") == 0);
    dm_buf_clear(&buf);
    CHECK(dm_sim_disk_list(disk, ".", add_name, &buf) == DM_OK);
    CHECK(strcmp(dm_buf_cstr(&buf), "d da ") == 0);
    CHECK(dm_sim_disk_list(disk, "none", add_name, &buf) == DM_ERR_NOT_FOUND);
    dm_buf_done(&buf);
    free_disk(disk);
}

static enum dm_status
work(struct dm_sim_disk *disk)
{
    struct dm_sim_file *file = NULL;
    enum dm_status status = dm_sim_disk_make_directory(disk, "d", 0755);
    if (status == DM_OK) {
        status = dm_sim_file_open(disk, "d/a", DM_SIM_OPEN_CREATE, &file);
    }
    if (status != DM_OK) {
        return status;
    }
    status = dm_sim_file_write(file, 5000, "abc", 3);
    status = status == DM_OK ? dm_sim_file_sync(file) : status;
    status = status == DM_OK ? dm_sim_file_write(file, 5000, "d", 1) : status;
    dm_sim_file_close(file);
    return status == DM_OK ? dm_sim_disk_rename(disk, "d/a", "d/b") : status;
}

static void
running_out_of_memory_is_a_failure_and_no_leak(void)
{
    struct dm_sim_disk *disk = new_disk(10);
    const size_t before = dm_alloc_count();
    CHECK(work(disk) == DM_OK);
    const size_t n = dm_alloc_count() - before;
    CHECK(n > 4);
    free_disk(disk);
    for (size_t i = 0; i < n; ++i) {
        disk = new_disk(10);
        dm_alloc_fail_after(i);
        CHECK(work(disk) == DM_ERR_NO_MEMORY);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        free_disk(disk);
    }
}

int
main(void)
{
    bytes_come_back_at_any_offset();
    a_kill_leaves_what_was_written();
    a_power_loss_leaves_what_was_synced_and_any_part_of_the_rest();
    a_power_safe_disk_harms_only_what_was_written();
    one_that_is_not_may_harm_its_neighbours();
    a_name_that_moved_is_at_one_of_two_places();
    what_is_volatile_is_gone_after_a_power_loss();
    a_plan_strikes_the_nth_operation();
    a_tripped_disk_refuses_everything();
    a_flip_changes_one_bit();
    a_full_disk_has_room_again_when_a_file_goes();
    a_removed_file_lives_while_it_is_open();
    directories_hold_names_in_order();
    running_out_of_memory_is_a_failure_and_no_leak();
    return 0;
}
