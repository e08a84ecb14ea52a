// SPDX-License-Identifier: ISC

// Names, pings, directories and the machine itself

#include "base/alloc.h"
#include "net/icmp.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/system.h"
#include "net/watch.h"
#include "tests/check.h"
#include "tests/unit/net/real_world.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

struct resolved {
    bool is_done;
    struct dm_net_outcome outcome;
    size_t n;
    struct dm_address first;
};

static void
on_resolved(void *context, const struct dm_resolve_answer *answer)
{
    struct resolved *resolved = context;
    CHECK(!resolved->is_done);
    CHECK((answer->n == 0) == (answer->outcome.failure != DM_NET_OK));
    CHECK(answer->elapsed_ns >= 0);
    resolved->is_done = true;
    resolved->outcome = answer->outcome;
    resolved->n = answer->n;
    if (answer->n) {
        resolved->first = answer->addresses[0];
    }
}

static struct dm_resolve *
ask(const struct contract_world *world, const char *name, enum dm_family family,
    struct resolved *resolved)
{
    const struct dm_resolve_question question = {
        .name = dm_str(name),
        .family = family,
        .timeout_ns = 2 * SECOND,
    };
    struct dm_resolve *resolve = NULL;
    memset(resolved, 0, sizeof(*resolved));
    CHECK_INT(dm_resolver_start(world->net->resolver, &question, on_resolved,
                                resolved, &resolve),
              DM_OK);
    CHECK(!resolved->is_done);
    return resolve;
}

static void
addresses_and_the_hosts_file_need_no_server(const struct contract_world *world)
{
    struct resolved resolved;
    (void)ask(world, "192.0.2.7", DM_FAMILY_ANY, &resolved);
    contract_wait(world, &resolved.is_done);
    CHECK_INT((int64_t)resolved.n, 1);
    CHECK_INT(resolved.first.bytes[3], 7);
    (void)ask(world, "2001:db8::7", DM_FAMILY_6, &resolved);
    contract_wait(world, &resolved.is_done);
    CHECK_INT(resolved.first.family, DM_FAMILY_6);
    (void)ask(world, "2001:db8::7", DM_FAMILY_4, &resolved);
    contract_wait(world, &resolved.is_done);
    CHECK_INT(resolved.outcome.failure, DM_NET_RESOLVE);
    (void)ask(world, "localhost", DM_FAMILY_4, &resolved);
    contract_wait(world, &resolved.is_done);
    CHECK_INT(resolved.outcome.failure, DM_NET_OK);
    CHECK(dm_address_is_loopback(&resolved.first));
}

// Whether a name server can be asked or not, a name that cannot exist fails
static void
a_name_that_does_not_exist_fails(const struct contract_world *world)
{
    struct resolved resolved;
    (void)ask(world, "name.invalid", DM_FAMILY_ANY, &resolved);
    contract_wait(world, &resolved.is_done);
    CHECK(resolved.outcome.failure == DM_NET_RESOLVE ||
          resolved.outcome.failure == DM_NET_TIMED_OUT);
    CHECK(strstr(resolved.outcome.text, "name.invalid"));
}

static void
a_cancelled_question_is_not_answered(const struct contract_world *world)
{
    static const char *const names[] = {"127.0.0.1", "localhost",
                                        "name.invalid"};
    struct resolved resolved[DM_COUNT_OF(names)];
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        struct dm_resolve *resolve =
            ask(world, names[i], DM_FAMILY_ANY, &resolved[i]);
        dm_resolver_cancel(world->net->resolver, resolve);
    }
    contract_settle(world);
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        CHECK(!resolved[i].is_done);
    }
}

struct pinged {
    bool is_done;
    struct dm_net_outcome outcome;
    int64_t elapsed_ns;
};

static void
on_pinged(void *context, const struct dm_ping_result *result)
{
    struct pinged *pinged = context;
    CHECK(!pinged->is_done);
    pinged->is_done = true;
    pinged->outcome = result->outcome;
    pinged->elapsed_ns = result->elapsed_ns;
}

static struct dm_ping *
send_ping(const struct contract_world *world, const char *address,
          struct pinged *pinged)
{
    struct dm_ping_spec spec = {.payload = 56, .timeout_ns = 200 * MS};
    struct dm_ping *ping = NULL;
    memset(pinged, 0, sizeof(*pinged));
    CHECK(dm_address_parse(dm_str(address), &spec.address));
    CHECK_INT(
        dm_ping_start(world->net->pinger, &spec, on_pinged, pinged, &ping),
        DM_OK);
    CHECK(!pinged->is_done);
    return ping;
}

// Where neither kind of socket is allowed, that is what has to be said
static void
loopback_answers_or_we_are_not_permitted(const struct contract_world *world)
{
    static const char *const addresses[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < DM_COUNT_OF(addresses); ++i) {
        struct pinged pinged[3];
        for (size_t j = 0; j < DM_COUNT_OF(pinged); ++j) {
            (void)send_ping(world, addresses[i], &pinged[j]);
        }
        for (size_t j = 0; j < DM_COUNT_OF(pinged); ++j) {
            contract_wait(world, &pinged[j].is_done);
            const enum dm_net_failure failure = pinged[j].outcome.failure;
            CHECK(failure == DM_NET_OK || failure == DM_NET_PERMISSION ||
                  (i == 1 && failure)); // There may be no IPv6
        }
    }
    struct pinged pinged;
    dm_ping_cancel(world->net->pinger, send_ping(world, "127.0.0.1", &pinged));
    contract_settle(world);
    CHECK(!pinged.is_done);
}

struct watched {
    int n_changes;
    bool has_changed;
    struct dm_watch *stop; // To be stopped from within
};

static void
on_change(void *context)
{
    struct watched *watched = context;
    ++watched->n_changes;
    watched->has_changed = true;
    dm_watch_stop(watched->stop);
}

static void
touch(const char *directory, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    CHECK(file);
    CHECK(!fclose(file));
    CHECK(!unlink(path));
}

static void
changes_are_told_once_when_it_is_quiet(const struct contract_world *world,
                                       const char *directory)
{
    char below[128];
    (void)snprintf(below, sizeof(below), "%s/below", directory);
    CHECK(!mkdir(below, 0700));
    const char *const directories[] = {directory, below};
    const struct dm_watch_spec spec = {
        .directories = directories,
        .n = 2,
        .settle_ns = 20 * MS,
    };
    struct watched watched = {0};
    struct dm_watch *watch = NULL;
    struct dm_error error;
    CHECK_INT(dm_watch_start(world->net->watcher, &spec, on_change, &watched,
                             &watch, &error),
              DM_OK);
    contract_settle(world);
    CHECK_INT(watched.n_changes, 0);
    for (int i = 0; i < 10; ++i) {
        touch(directory, "a");
        touch(below, "b");
    }
    contract_wait(world, &watched.has_changed);
    contract_settle(world);
    CHECK_INT(watched.n_changes, 1);

    watched.has_changed = false;
    watched.stop = watch;
    touch(below, "b");
    contract_wait(world, &watched.has_changed);
    touch(below, "b");
    contract_settle(world);
    CHECK_INT(watched.n_changes, 2);
    CHECK(!rmdir(below));
}

static void
what_is_not_there_cannot_be_watched(const struct contract_world *world,
                                    const char *directory)
{
    const char *const directories[] = {directory, "/nowhere"};
    const struct dm_watch_spec spec = {
        .directories = directories,
        .n = 2,
        .settle_ns = MS,
    };
    struct watched watched = {0};
    struct dm_watch *watch = NULL;
    struct dm_error error;
    CHECK_INT(dm_watch_start(world->net->watcher, &spec, on_change, &watched,
                             &watch, &error),
              DM_ERR_NOT_FOUND);
    CHECK(strstr(error.what, "/nowhere"));
}

struct looked {
    bool is_done;
    enum dm_status status;
    char bytes[2048];
    struct dm_system_space space;
};

static void
on_looked(void *context, const struct dm_system_answer *answer)
{
    struct looked *looked = context;
    CHECK(!looked->is_done);
    looked->is_done = true;
    looked->status = answer->status;
    looked->space = answer->space;
    (void)snprintf(looked->bytes, sizeof(looked->bytes), "%.*s",
                   (int)answer->bytes.n,
                   answer->bytes.n ? answer->bytes.data : "");
}

static struct dm_system_read *
look(const struct contract_world *world, enum dm_system_kind kind,
     const char *path, size_t max, struct looked *looked)
{
    const struct dm_system_question question = {
        .kind = kind,
        .path = path,
        .max = max,
        .timeout_ns = 10 * SECOND,
    };
    struct dm_system_read *read_ = NULL;
    memset(looked, 0, sizeof(*looked));
    CHECK_INT(dm_system_start(world->net->system, &question, on_looked, looked,
                              &read_),
              DM_OK);
    CHECK(!looked->is_done);
    return read_;
}

static void
files_and_space_of_the_machine_are_told(const struct contract_world *world,
                                        const char *directory)
{
    struct looked looked;
    (void)look(world, DM_SYSTEM_FILE, "/proc/self/comm", 64, &looked);
    contract_wait(world, &looked.is_done);
    CHECK_INT(looked.status, DM_OK);
    CHECK(!strncmp(looked.bytes, "test_net_real", 13));
    (void)look(world, DM_SYSTEM_FILE, "/proc/self/comm", 16, &looked);
    contract_wait(world, &looked.is_done);
    CHECK_INT(looked.status, DM_OK); // 15 letters and a line end: just fits
    (void)look(world, DM_SYSTEM_FILE, "/proc/self/comm", 15, &looked);
    contract_wait(world, &looked.is_done);
    CHECK_INT(looked.status, DM_ERR_LIMIT);
    (void)look(world, DM_SYSTEM_FILE, "/nowhere", 64, &looked);
    contract_wait(world, &looked.is_done);
    CHECK_INT(looked.status, DM_ERR_NOT_FOUND);
    (void)look(world, DM_SYSTEM_SPACE, directory, 0, &looked);
    contract_wait(world, &looked.is_done);
    CHECK_INT(looked.status, DM_OK);
    CHECK(looked.space.total_bytes >= looked.space.free_bytes);
    CHECK(looked.space.free_bytes >= looked.space.available_bytes);
    CHECK(looked.space.total_bytes > 0);
}

// Whatever they are here: none is of the machine or the link alone
static void
addresses_of_the_machine_are_told(const struct contract_world *world)
{
    struct looked looked;
    (void)look(world, DM_SYSTEM_ADDRESSES, "", sizeof(looked.bytes) - 1,
               &looked);
    contract_wait(world, &looked.is_done);
    CHECK_INT(looked.status, DM_OK);
    struct dm_str rest = dm_str(looked.bytes);
    while (rest.n) {
        const size_t end = dm_str_find(rest, dm_str("\n"));
        struct dm_address address;
        CHECK(dm_address_parse(dm_str_slice(rest, 0, end), &address));
        CHECK(!dm_address_is_loopback(&address));
        CHECK(!dm_address_is_link_local(&address));
        rest = dm_str_slice(rest, end + 1, rest.n);
    }
}

// A pipe without a writer is a file that hangs whoever opens it
static void
a_file_that_hangs_ends_at_its_time(const struct contract_world *world,
                                   const char *directory)
{
    char path[128];
    struct looked looked = {0};
    struct dm_system_read *read_ = NULL;
    (void)snprintf(path, sizeof(path), "%s/pipe", directory);
    CHECK(!mkfifo(path, 0600));
    const struct dm_system_question question = {
        .kind = DM_SYSTEM_FILE,
        .path = path,
        .max = 10,
        .timeout_ns = 50 * MS,
    };
    CHECK_INT(dm_system_start(world->net->system, &question, on_looked, &looked,
                              &read_),
              DM_OK);
    contract_wait(world, &looked.is_done);
    CHECK_INT(looked.status, DM_ERR_DEADLINE);
    struct looked cancelled;
    dm_system_cancel(world->net->system,
                     look(world, DM_SYSTEM_FILE, path, 10, &cancelled));
    FILE *file = fopen(path, "r+"); // Lets both threads go on, to an end
    CHECK(file);
    contract_settle(world);
    CHECK(!fclose(file));
    contract_settle(world);
    CHECK(!cancelled.is_done);
    CHECK(!unlink(path));
}

int
main(void)
{
    struct real_world real;
    real_world_init(&real);
    const struct contract_world *world = &real.world;
    addresses_and_the_hosts_file_need_no_server(world);
    a_name_that_does_not_exist_fails(world);
    a_cancelled_question_is_not_answered(world);
    loopback_answers_or_we_are_not_permitted(world);
    changes_are_told_once_when_it_is_quiet(world, real.directory);
    what_is_not_there_cannot_be_watched(world, real.directory);
    files_and_space_of_the_machine_are_told(world, real.directory);
    addresses_of_the_machine_are_told(world);
    a_file_that_hangs_ends_at_its_time(world, real.directory);
    real_world_done(&real);
    return 0;
}
