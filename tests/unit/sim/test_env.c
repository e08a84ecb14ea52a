// SPDX-License-Identifier: ISC

#include "sim/env.h"

#include "base/buf.h"
#include "base/time.h"
#include "sim/disk.h"
#include "sim/machine.h"
#include "sim/world.h"
#include "tests/check.h"

#include <string.h>

struct fixture {
    struct dm_sim_world *world;
    struct dm_sim_machine *machine;
    struct dm_sim_disk *disk;
    struct dm_sim_env *sim;
    const struct dm_env *env;
};

static void
begin_process(struct fixture *f)
{
    const struct dm_sim_env_options options = {.level = DM_LOG_INFO};
    dm_sim_machine_start(f->machine);
    f->sim = dm_sim_env_new(f->machine, f->disk, &options);
    CHECK(f->sim);
    f->env = dm_sim_env_get(f->sim);
}

static void
set_up(struct fixture *f, uint64_t seed)
{
    const struct dm_sim_options options = dm_sim_options_default(seed);
    f->world = dm_sim_world_new(&options);
    CHECK(f->world);
    f->machine = dm_sim_machine_new(f->world, "one");
    CHECK(f->machine);
    const struct dm_sim_disk_options disk = dm_sim_disk_options_default();
    f->disk = dm_sim_disk_new(f->world, &disk);
    CHECK(f->disk);
    begin_process(f);
}

static void
tear_down(struct fixture *f)
{
    dm_sim_env_free(f->sim);
    dm_sim_disk_free(f->disk);
    dm_sim_world_free(f->world);
}

static void
lose_power(struct fixture *f)
{
    dm_sim_disk_trip(f->disk, DM_SIM_HARM_POWER);
    dm_sim_machine_lose_power(f->machine);
    dm_sim_env_free(f->sim);
    CHECK(dm_sim_disk_restart(f->disk) == DM_OK);
    begin_process(f);
}

static bool
holds(const struct fixture *f, const char *path, const char *text)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 100);
    const bool is_there = dm_env_read(f->env, path, &buf, NULL) == DM_OK;
    const bool is_same = strcmp(dm_buf_cstr(&buf), text) == 0;
    dm_buf_done(&buf);
    return is_there && is_same;
}

static void
clocks_are_the_machines(void)
{
    struct fixture f;
    set_up(&f, 1);
    const int64_t wall_ms = dm_env_wall_ms(f.env);
    CHECK_INT(wall_ms, INT64_C(1795536000000));
    CHECK(dm_sim_world_run(f.world, DM_NS_PER_SECOND, NULL, NULL) == DM_OK);
    CHECK_INT(dm_env_wall_ms(f.env), wall_ms + 1000);
    CHECK_INT(dm_env_monotonic_ns(f.env), DM_NS_PER_SECOND);
    dm_sim_machine_step_wall(f.machine, -3600000);
    CHECK_INT(dm_env_wall_ms(f.env), wall_ms + 1000 - 3600000);
    CHECK_INT(dm_env_monotonic_ns(f.env), DM_NS_PER_SECOND);
    dm_sim_machine_suspend(f.machine);
    CHECK(dm_sim_world_run(f.world, 5 * DM_NS_PER_SECOND, NULL, NULL) == DM_OK);
    dm_sim_machine_resume(f.machine);
    CHECK_INT(dm_env_monotonic_ns(f.env), DM_NS_PER_SECOND);
    CHECK_INT(dm_env_boot_ns(f.env), 5 * DM_NS_PER_SECOND);
    tear_down(&f);
}

static void
random_numbers_follow_the_seed(void)
{
    unsigned char bytes[3][16];
    for (size_t i = 0; i < 3; ++i) {
        struct fixture f;
        set_up(&f, i == 2 ? 3 : 2);
        dm_env_random(f.env, bytes[i], sizeof(bytes[i]));
        tear_down(&f);
    }
    CHECK(memcmp(bytes[0], bytes[1], sizeof(bytes[0])) == 0);
    CHECK(memcmp(bytes[0], bytes[2], sizeof(bytes[0])) != 0);
}

static void
files_are_written_whole(void)
{
    struct fixture f;
    set_up(&f, 4);
    struct dm_error error;
    CHECK(dm_env_write(f.env, "d/key", dm_str("one"), 0600, DM_WRITE_DURABLE,
                       &error) == DM_ERR_NOT_FOUND);
    CHECK(strcmp(error.what, "cannot write the file") == 0);
    CHECK(dm_env_make_directory(f.env, "d/e", 0700) == DM_OK);
    CHECK(dm_env_make_directory(f.env, "d/e", 0700) == DM_OK);
    CHECK(dm_env_write(f.env, "d/key", dm_str("one"), 0600, DM_WRITE_DURABLE,
                       NULL) == DM_OK);
    CHECK(dm_env_write(f.env, "d/key", dm_str("x"), 0600, DM_WRITE_EXCLUSIVE,
                       NULL) == DM_ERR_EXISTS);
    CHECK(holds(&f, "d/key", "one"));
    struct dm_file_info info;
    CHECK(dm_env_info(f.env, "d/key", &info) == DM_OK);
    CHECK(info.kind == DM_FILE_REGULAR && info.mode == 0600 && info.size == 3);
    CHECK_INT(info.modified_ms, dm_env_wall_ms(f.env));
    struct dm_buf small;
    dm_buf_init(&small, 2);
    CHECK(dm_env_read(f.env, "d/key", &small, NULL) == DM_ERR_LIMIT);
    dm_buf_done(&small);
    CHECK(dm_env_remove(f.env, "d/key") == DM_OK);
    CHECK(dm_env_remove(f.env, "d/key") == DM_ERR_NOT_FOUND);
    tear_down(&f);
}

static void
durable_files_survive_a_power_loss(void)
{
    unsigned n_kept = 0;
    for (uint64_t seed = 1; seed <= 60; ++seed) {
        struct fixture f;
        set_up(&f, seed);
        CHECK(dm_env_write(f.env, "key", dm_str("durable"), 0600,
                           DM_WRITE_DURABLE, NULL) == DM_OK);
        CHECK(dm_env_write(f.env, "other", dm_str("not so"), 0600,
                           DM_WRITE_DEFAULT, NULL) == DM_OK);
        lose_power(&f);
        CHECK(holds(&f, "key", "durable"));
        n_kept += holds(&f, "other", "not so") ? 1 : 0;
        tear_down(&f);
    }
    CHECK(n_kept > 5 && n_kept < 55);
}

// A replacement that fails at any operation leaves the old bytes or the new
static void
a_replacement_is_all_or_nothing_wherever_it_is_killed(void)
{
    bool was_old = false;
    bool was_new = false;
    for (uint64_t n = 0; n < 12; ++n) {
        struct fixture f;
        set_up(&f, 5 + n);
        CHECK(dm_env_write(f.env, "key", dm_str("old"), 0600, DM_WRITE_DURABLE,
                           NULL) == DM_OK);
        const struct dm_sim_plan plan = {
            .harm = n % 2 == 0 ? DM_SIM_HARM_POWER : DM_SIM_HARM_KILL,
            .ops = DM_SIM_CHANGES,
            .n_pass = n / 2,
        };
        dm_sim_disk_plan(f.disk, &plan);
        (void)!dm_env_write(f.env, "key", dm_str("new!"), 0600,
                            DM_WRITE_DURABLE, NULL);
        if (dm_sim_disk_tripped(f.disk) == DM_SIM_HARM_NONE) {
            dm_sim_disk_trip(f.disk, DM_SIM_HARM_POWER);
        }
        dm_sim_machine_lose_power(f.machine);
        dm_sim_env_free(f.sim);
        CHECK(dm_sim_disk_restart(f.disk) == DM_OK);
        begin_process(&f);
        const bool is_new = holds(&f, "key", "new!");
        CHECK(is_new || holds(&f, "key", "old"));
        was_new = was_new || is_new;
        was_old = was_old || !is_new;
        tear_down(&f);
    }
    CHECK(was_old && was_new);
}

static void
a_lock_is_held_by_one_and_ends_with_the_process(void)
{
    struct fixture f;
    set_up(&f, 6);
    struct dm_file_lock *lock = NULL;
    struct dm_file_lock *other = NULL;
    CHECK(dm_env_lock(f.env, "lock", &lock) == DM_OK);
    CHECK(dm_env_lock(f.env, "lock", &other) == DM_ERR_BUSY);
    dm_env_unlock(f.env, lock);
    CHECK(dm_env_lock(f.env, "lock", &lock) == DM_OK);
    lose_power(&f); // Without an unlock
    CHECK(dm_env_lock(f.env, "lock", &lock) == DM_OK);
    dm_env_unlock(f.env, NULL);
    tear_down(&f);
}

static void
variables_are_those_that_were_set(void)
{
    struct fixture f;
    set_up(&f, 7);
    CHECK(!dm_env_variable(f.env, "HOME"));
    CHECK(dm_sim_env_set_variable(f.sim, "HOME", "/a") == DM_OK);
    CHECK(dm_sim_env_set_variable(f.sim, "HOME", "/b") == DM_OK);
    const char *home = dm_env_variable(f.env, "HOME");
    CHECK(home && strcmp(home, "/b") == 0);
    CHECK(dm_sim_env_set_variable(f.sim, "HOME", NULL) == DM_OK);
    CHECK(!dm_env_variable(f.env, "HOME"));
    tear_down(&f);
}

static void
log_lines_are_kept_and_counted(void)
{
    struct fixture f;
    set_up(&f, 8);
    dm_log(f.env->log, DM_LOG_INFO, "first", "%s", "");
    dm_log(f.env->log, DM_LOG_ERROR, "second", "n=%d", 2);
    dm_log(f.env->log, DM_LOG_DEBUG, "third", "%s", "");
    CHECK_INT((int64_t)dm_sim_env_n_lines(f.sim, DM_LOG_INFO), 1);
    CHECK_INT((int64_t)dm_sim_env_n_lines(f.sim, DM_LOG_ERROR), 1);
    CHECK_INT((int64_t)dm_sim_env_n_lines(f.sim, DM_LOG_DEBUG), 0);
    CHECK(strcmp(dm_sim_env_line(f.sim, 0), "second n=2") == 0);
    CHECK(strncmp(dm_sim_env_line(f.sim, 1), "first", 5) == 0);
    CHECK(strcmp(dm_sim_env_line(f.sim, 2), "") == 0);
    tear_down(&f);
}

static void
the_boot_has_an_id_until_the_power_goes(void)
{
    struct fixture f;
    struct dm_buf ids[3];
    set_up(&f, 9);
    for (int i = 0; i < 3; ++i) {
        dm_buf_init(&ids[i], 100);
        CHECK_INT(dm_env_read(f.env, DM_SIM_BOOT_ID_PATH, &ids[i], NULL),
                  DM_OK);
        CHECK_INT((int64_t)ids[i].n, 37);
        if (i == 0) {
            dm_sim_machine_kill(f.machine);
        } else {
            dm_sim_machine_lose_power(f.machine);
        }
        dm_sim_machine_start(f.machine);
    }
    CHECK(dm_str_equal(dm_buf_str(&ids[0]), dm_buf_str(&ids[1])));
    CHECK(!dm_str_equal(dm_buf_str(&ids[1]), dm_buf_str(&ids[2])));
    for (int i = 0; i < 3; ++i) {
        dm_buf_done(&ids[i]);
    }
    tear_down(&f);
}

int
main(void)
{
    clocks_are_the_machines();
    random_numbers_follow_the_seed();
    files_are_written_whole();
    durable_files_survive_a_power_loss();
    a_replacement_is_all_or_nothing_wherever_it_is_killed();
    a_lock_is_held_by_one_and_ends_with_the_process();
    variables_are_those_that_were_set();
    log_lines_are_kept_and_counted();
    the_boot_has_an_id_until_the_power_goes();
    return 0;
}
