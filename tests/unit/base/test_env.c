// SPDX-License-Identifier: ISC

// The real machine's environment, in a directory of its own

#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "base/time.h"
#include "tests/check.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 256

struct fixture {
    struct dm_log *log;
    struct dm_env env;
    char directory[PATH_SIZE];
    char path[PATH_SIZE]; // Of the last call of in_directory()
};

static void
drop_line(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static int64_t
no_time(void *context)
{
    (void)context;
    return 0;
}

static void
set_up(struct fixture *fixture)
{
    fixture->log = dm_log_new(
        &(struct dm_log_options){.write = drop_line, .clock = no_time});
    CHECK(fixture->log);
    dm_env_init_system(&fixture->env, fixture->log);
    const char *parent = dm_env_variable(&fixture->env, "TMPDIR");
    const int n =
        snprintf(fixture->directory, sizeof(fixture->directory),
                 "%s/demonitor-test-XXXXXX", parent ? parent : "/tmp");
    CHECK(n > 0 && n < PATH_SIZE / 2);
    CHECK(mkdtemp(fixture->directory));
}

static const char *
in_directory(struct fixture *fixture, const char *name)
{
    const int n = snprintf(fixture->path, sizeof(fixture->path), "%s/%s",
                           fixture->directory, name);
    CHECK(n > 0 && n < PATH_SIZE);
    return fixture->path;
}

// The names of a listing, each ended by '/'
static enum dm_status
add_name(void *context, struct dm_str name)
{
    struct dm_buf *names = context;
    (void)dm_buf_put_str(names, name);
    return dm_buf_putc(names, '/');
}

static void
check_names(struct fixture *fixture, const char *want)
{
    struct dm_buf names;
    dm_buf_init(&names, (size_t)1024 * 1024);
    CHECK(dm_env_list(&fixture->env, fixture->directory, add_name, &names) ==
          DM_OK);
    CHECK(dm_str_is(dm_buf_str(&names), want));
    dm_buf_done(&names);
}

static void
check_bytes(struct fixture *fixture, const char *path, const char *want)
{
    struct dm_buf buf;
    dm_buf_init(&buf, (size_t)1024 * 1024);
    CHECK(dm_env_read(&fixture->env, path, &buf, NULL) == DM_OK);
    CHECK(dm_str_is(dm_buf_str(&buf), want));
    dm_buf_done(&buf);
}

static void
tear_down(struct fixture *fixture)
{
    check_names(fixture, ""); // Every test cleans up, so no temporary is left
    CHECK(dm_env_remove(&fixture->env, fixture->directory) == DM_OK);
    dm_log_free(fixture->log);
}

static void
clocks_go_forward_and_agree_on_the_era(struct fixture *fixture)
{
    const struct dm_env *env = &fixture->env;
    int64_t year_2020_ms = 0;
    CHECK(dm_time_parse(dm_str("2020-01-01T00:00:00Z"), &year_2020_ms));
    CHECK(dm_env_wall_ms(env) > year_2020_ms);
    const int64_t monotonic = dm_env_monotonic_ns(env);
    const int64_t boot = dm_env_boot_ns(env);
    CHECK(monotonic > 0 && boot >= monotonic - DM_NS_PER_SECOND);
    CHECK(dm_env_monotonic_ns(env) >= monotonic);
    CHECK(dm_env_boot_ns(env) >= boot);
}

static void
random_bytes_differ_and_stay_in_their_room(struct fixture *fixture)
{
    unsigned char a[34] = {0};
    unsigned char b[34] = {0};
    dm_env_random(&fixture->env, a + 1, 32);
    dm_env_random(&fixture->env, b + 1, 32);
    CHECK(memcmp(a, b, sizeof(a)) != 0);
    CHECK(a[0] == 0 && a[33] == 0);
    dm_env_random(&fixture->env, a, 0);
}

static void
a_written_file_is_read_back_with_its_mode(struct fixture *fixture)
{
    const struct dm_env *env = &fixture->env;
    const char *path = in_directory(fixture, "key");
    const mode_t before = umask(077);
    CHECK(dm_env_write(env, path, dm_str("one"), 0644, DM_WRITE_DEFAULT,
                       NULL) == DM_OK);
    CHECK(dm_env_write(env, path, dm_str("second"), 0640, DM_WRITE_DURABLE,
                       NULL) == DM_OK);
    (void)umask(before);
    check_bytes(fixture, path, "second");

    struct dm_file_info info;
    CHECK(dm_env_info(env, path, &info) == DM_OK);
    CHECK(info.kind == DM_FILE_REGULAR);
    CHECK_INT(info.mode, 0640);
    CHECK_INT((int64_t)info.size, 6);
    CHECK(info.modified_ms > dm_env_wall_ms(env) - DM_MS_PER_HOUR);
    check_names(fixture, "key/");
    CHECK(dm_env_remove(env, path) == DM_OK);
    CHECK(dm_env_remove(env, path) == DM_ERR_NOT_FOUND);
}

static void
an_exclusive_write_never_replaces(struct fixture *fixture)
{
    const struct dm_env *env = &fixture->env;
    const char *path = in_directory(fixture, "key");
    const unsigned flags = DM_WRITE_EXCLUSIVE | DM_WRITE_DURABLE;
    CHECK(dm_env_write(env, path, dm_str("mine"), 0600, flags, NULL) == DM_OK);
    struct dm_error error;
    CHECK(dm_env_write(env, path, dm_str("yours"), 0600, flags, &error) ==
          DM_ERR_EXISTS);
    CHECK(error.status == DM_ERR_EXISTS && strcmp(error.where, path) == 0);
    check_bytes(fixture, path, "mine");
    check_names(fixture, "key/");
    CHECK(dm_env_remove(env, path) == DM_OK);
}

static void
a_file_over_the_limit_is_refused_and_one_at_it_is_read(struct fixture *fixture)
{
    const struct dm_env *env = &fixture->env;
    const char *path = in_directory(fixture, "big");
    struct dm_buf data;
    dm_buf_init(&data, 100000);
    for (int i = 0; i < 50000; ++i) {
        (void)dm_buf_printf(&data, "%c", 'a' + i % 26);
    }
    CHECK(dm_env_write(env, path, dm_buf_str(&data), 0600, DM_WRITE_DEFAULT,
                       NULL) == DM_OK);

    struct dm_buf exact;
    dm_buf_init(&exact, 50003);
    CHECK(dm_buf_puts(&exact, "pre") == DM_OK);
    CHECK(dm_env_read(env, path, &exact, NULL) == DM_OK);
    CHECK(dm_str_equal(dm_str_slice(dm_buf_str(&exact), 3, exact.n),
                       dm_buf_str(&data)));
    dm_buf_done(&exact);

    struct dm_buf small;
    dm_buf_init(&small, 49999);
    CHECK(dm_buf_puts(&small, "") == DM_OK);
    struct dm_error error;
    CHECK(dm_env_read(env, path, &small, &error) == DM_ERR_LIMIT);
    CHECK(error.hint[0]);
    CHECK_INT((int64_t)small.n, 0);
    CHECK(dm_env_read(env, path, &small, NULL) == DM_ERR_LIMIT); // Remembered
    dm_buf_done(&small);
    dm_buf_done(&data);
    CHECK(dm_env_remove(env, path) == DM_OK);
}

static void
an_empty_file_is_a_file(struct fixture *fixture)
{
    const char *path = in_directory(fixture, "empty");
    CHECK(dm_env_write(&fixture->env, path, dm_str_n(NULL, 0), 0600,
                       DM_WRITE_DEFAULT, NULL) == DM_OK);
    check_bytes(fixture, path, "");
    CHECK(dm_env_remove(&fixture->env, path) == DM_OK);
}

static void
what_cannot_be_read_says_why(struct fixture *fixture)
{
    const struct dm_env *env = &fixture->env;
    struct dm_buf buf;
    dm_buf_init(&buf, 100);
    struct dm_error error;
    const char *path = in_directory(fixture, "absent");
    CHECK(dm_env_read(env, path, &buf, &error) == DM_ERR_NOT_FOUND);
    CHECK(error.status == DM_ERR_NOT_FOUND && error.detail[0]);
    CHECK(strcmp(error.where, path) == 0);
    CHECK(dm_env_read(env, fixture->directory, &buf, &error) ==
          DM_ERR_ARGUMENT);

    path = in_directory(fixture, "pipe");
    CHECK(mkfifo(path, 0600) == 0);
    CHECK(dm_env_read(env, path, &buf, &error) == DM_ERR_ARGUMENT);
    CHECK(dm_env_remove(env, path) == DM_OK);

    path = in_directory(fixture, "absent/file");
    CHECK(dm_env_write(env, path, dm_str("x"), 0600, DM_WRITE_DEFAULT,
                       &error) == DM_ERR_NOT_FOUND);
    struct dm_file_info info;
    CHECK(dm_env_info(env, path, &info) == DM_ERR_NOT_FOUND);
    dm_buf_done(&buf);
}

static void
a_path_that_is_too_long_is_refused(struct fixture *fixture)
{
    char path[5000];
    memset(path, 'a', sizeof(path));
    memcpy(path + sizeof(path) - 3, "/b", 3);
    CHECK(dm_env_write(&fixture->env, path, dm_str("x"), 0600, DM_WRITE_DEFAULT,
                       NULL) == DM_ERR_ARGUMENT);
    CHECK(dm_env_make_directory(&fixture->env, path, 0700) == DM_ERR_ARGUMENT);
    CHECK(dm_env_make_directory(&fixture->env, "", 0700) == DM_ERR_ARGUMENT);
}

static enum dm_status
stop_at_first(void *context, struct dm_str name)
{
    (void)name;
    ++*(int *)context;
    return DM_END;
}

static void
a_directory_is_listed_in_order_of_bytes(struct fixture *fixture)
{
    static const char *const names[] = {"b.ttl", "a.ttl",  ".hidden",
                                        "B",     "\u00e9", "a"};
    const struct dm_env *env = &fixture->env;
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        CHECK(dm_env_write(env, in_directory(fixture, names[i]), dm_str(""),
                           0600, DM_WRITE_DEFAULT, NULL) == DM_OK);
    }
    check_names(fixture, ".hidden/B/a/a.ttl/b.ttl/\u00e9/");
    int n = 0;
    CHECK(dm_env_list(env, fixture->directory, stop_at_first, &n) == DM_END);
    CHECK_INT(n, 1);
    CHECK(dm_env_list(env, in_directory(fixture, "absent"), add_name, NULL) ==
          DM_ERR_NOT_FOUND);
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        CHECK(dm_env_remove(env, in_directory(fixture, names[i])) == DM_OK);
    }
}

static void
a_listing_survives_each_failed_allocation(struct fixture *fixture)
{
    const struct dm_env *env = &fixture->env;
    for (int i = 0; i < 20; ++i) {
        char name[8];
        (void)snprintf(name, sizeof(name), "%d", i);
        CHECK(dm_env_write(env, in_directory(fixture, name), dm_str(""), 0600,
                           DM_WRITE_DEFAULT, NULL) == DM_OK);
    }
    int n = 0;
    const size_t before = dm_alloc_count();
    CHECK(dm_env_list(env, fixture->directory, stop_at_first, &n) == DM_END);
    const size_t all = dm_alloc_count() - before;
    CHECK(all > 1);
    for (size_t allowed = 0; allowed < all; ++allowed) {
        dm_alloc_fail_after(allowed);
        CHECK(dm_env_list(env, fixture->directory, stop_at_first, &n) ==
              DM_ERR_NO_MEMORY);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    }
    for (int i = 0; i < 20; ++i) {
        char name[8];
        (void)snprintf(name, sizeof(name), "%d", i);
        CHECK(dm_env_remove(env, in_directory(fixture, name)) == DM_OK);
    }
}

static void
directories_are_made_with_those_above_them(struct fixture *fixture)
{
    const struct dm_env *env = &fixture->env;
    const char *path = in_directory(fixture, "a/b//c/");
    CHECK(dm_env_make_directory(env, path, 0700) == DM_OK);
    CHECK(dm_env_make_directory(env, path, 0700) == DM_OK);
    struct dm_file_info info;
    CHECK(dm_env_info(env, in_directory(fixture, "a/b/c"), &info) == DM_OK);
    CHECK(info.kind == DM_FILE_DIRECTORY);
    CHECK_INT(info.mode & 0777U, 0700);

    path = in_directory(fixture, "file");
    CHECK(dm_env_write(env, path, dm_str(""), 0600, DM_WRITE_DEFAULT, NULL) ==
          DM_OK);
    CHECK(dm_env_make_directory(env, path, 0700) == DM_ERR_EXISTS);
    CHECK(dm_env_remove(env, path) == DM_OK);
    CHECK(dm_env_remove(env, in_directory(fixture, "a")) == DM_ERR_EXISTS);
    CHECK(dm_env_remove(env, in_directory(fixture, "a/b/c")) == DM_OK);
    CHECK(dm_env_remove(env, in_directory(fixture, "a/b")) == DM_OK);
    CHECK(dm_env_remove(env, in_directory(fixture, "a")) == DM_OK);
}

static void
a_lock_has_one_holder_at_a_time(struct fixture *fixture)
{
    const struct dm_env *env = &fixture->env;
    const char *path = in_directory(fixture, "lock");
    struct dm_file_lock *first = NULL;
    struct dm_file_lock *second = NULL;
    CHECK(dm_env_lock(env, path, &first) == DM_OK);
    CHECK(dm_env_lock(env, path, &second) == DM_ERR_BUSY);
    CHECK(!second);
    dm_env_unlock(env, first);
    CHECK(dm_env_lock(env, path, &second) == DM_OK);
    dm_env_unlock(env, second);
    dm_env_unlock(env, NULL);
    CHECK(dm_env_remove(env, path) == DM_OK);
    CHECK(dm_env_lock(env, in_directory(fixture, "absent/lock"), &first) ==
          DM_ERR_NOT_FOUND);
    dm_alloc_fail_after(0);
    CHECK(dm_env_lock(env, path, &first) == DM_ERR_NO_MEMORY);
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
}

int
main(void)
{
    struct fixture fixture;
    set_up(&fixture);
    clocks_go_forward_and_agree_on_the_era(&fixture);
    random_bytes_differ_and_stay_in_their_room(&fixture);
    a_written_file_is_read_back_with_its_mode(&fixture);
    an_exclusive_write_never_replaces(&fixture);
    a_file_over_the_limit_is_refused_and_one_at_it_is_read(&fixture);
    an_empty_file_is_a_file(&fixture);
    what_cannot_be_read_says_why(&fixture);
    a_path_that_is_too_long_is_refused(&fixture);
    a_directory_is_listed_in_order_of_bytes(&fixture);
    a_listing_survives_each_failed_allocation(&fixture);
    directories_are_made_with_those_above_them(&fixture);
    a_lock_has_one_holder_at_a_time(&fixture);
    tear_down(&fixture);
    return 0;
}
