// SPDX-License-Identifier: ISC

#include "tests/unit/net/real_world.h"

#include "base/log.h"
#include "net/loop.h"
#include "tests/check.h"

#include <string.h>
#include <unistd.h>

#define WAIT_NS INT64_C(5000000) // Also lets a wait for nothing end

static void
step(void *self)
{
    const struct real_world *world = self;
    int64_t due_ns = 0;
    (void)dm_loop_step(dm_real_net(world->real)->loop, WAIT_NS, &due_ns);
}

static void
write_line(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)fprintf(stderr, "%.*s\n", (int)line.n, line.data);
}

static int64_t
no_clock(void *context)
{
    (void)context;
    return 0;
}

void
real_world_init(struct real_world *world)
{
    const struct dm_log_options options = {
        .level = DM_LOG_ERROR,
        .write = write_line,
        .clock = no_clock,
    };
    struct dm_error error;
    struct dm_address loopback;
    char path[sizeof(world->directory) + 16];

    world->log = dm_log_new(&options);
    CHECK(world->log);
    dm_env_init_system(&world->env, world->log);
    (void)snprintf(world->directory, sizeof(world->directory),
                   "/tmp/dm_net_XXXXXX");
    CHECK(mkdtemp(world->directory));
    CHECK_INT(
        dm_real_new(&world->env, &dm_real_limits_default, &world->real, &error),
        DM_OK);
    world->world.net = dm_real_net(world->real);
    world->world.step = step;
    world->world.self = world;
    world->world.keeps_connections = true;
    CHECK(dm_address_parse(dm_str("127.0.0.1"), &loopback));
    world->world.tcp = dm_endpoint_ip(&loopback, 0);
    (void)snprintf(path, sizeof(path), "%s/s", world->directory);
    CHECK(dm_endpoint_unix(dm_str(path), &world->world.path));
}

void
real_world_done(struct real_world *world)
{
    dm_real_free(world->real);
    dm_log_free(world->log);
    (void)unlink(world->world.path.path);
    CHECK(!rmdir(world->directory));
}
