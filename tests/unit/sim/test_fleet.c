// SPDX-License-Identifier: ISC

// A fleet whose nodes are small: a counter that a writer puts into a file and a
// loop serves, with every trouble there is.

#include "sim/fleet.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "net/loop.h"
#include "net/net.h"
#include "sim/chaos.h"
#include "sim/machine.h"
#include "tests/check.h"

#include <inttypes.h>
#include <string.h>

#define HOUR_NS (3600 * DM_NS_PER_SECOND)
#define DURABLE_EVERY 5

// What the world knows of one node, over all of its lives
struct truth {
    bool is_careless; ///< A planted mistake: never writes durably
    uint64_t written; ///< Last number that a write said was done
    uint64_t durable; ///< Likewise, durably
    uint64_t n_ended; ///< Properties asked after an end
    uint64_t n_create;
};

struct node {
    struct truth *truth;
    const struct dm_env *env;
    uint64_t number;
    dm_wake_fn wake;
    void *wake_context;
    struct dm_loop *loop;
    struct dm_timer timer;
};

// Raise `*number` to what the file holds; a part of it, or nothing, is no more
// than it was, for it was not durable then
static enum dm_status
read_number(const struct dm_env *env, const char *path, uint64_t *number)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 100);
    uint64_t found = 0;
    const enum dm_status status = dm_env_read(env, path, &buf, NULL);
    if (status == DM_OK &&
        dm_str_to_uint(dm_buf_str(&buf), UINT64_MAX / 2, &found) &&
        found > *number) {
        *number = found;
    }
    dm_buf_done(&buf);
    return status == DM_ERR_NOT_FOUND ? DM_OK : status;
}

static enum dm_progress
write_step(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    struct node *node = self;
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRIu64, node->number + 1);
    const bool is_durable = (node->number + 1) % DURABLE_EVERY == 0;
    const bool does_sync = is_durable && !node->truth->is_careless;
    const enum dm_status status = dm_env_write(
        node->env, is_durable ? "data/durable" : "data/number", dm_str(text),
        0600, does_sync ? DM_WRITE_DURABLE : DM_WRITE_DEFAULT, NULL);
    if (status == DM_OK) {
        ++node->number;
        node->truth->written = node->number;
        if (is_durable) {
            node->truth->durable = node->number;
        }
    }
    *ret_due_ns = now_ns + DM_NS_PER_SECOND;
    return DM_PROGRESS_IDLE;
}

static void
on_timer(void *context)
{
    struct node *node = context;
    node->wake(node->wake_context);
    dm_loop_timer_start(node->loop, &node->timer,
                        dm_loop_now_ns(node->loop) + 7 * DM_NS_PER_SECOND,
                        on_timer, node);
}

static enum dm_status
create(void *context, const struct dm_sim_process *process, void **ret,
       struct dm_error *error)
{
    struct truth *truth = context;
    ++truth->n_create;
    enum dm_status status = dm_env_make_directory(process->env, "data", 0700);
    struct node *node = status == DM_OK ? dm_calloc(1, sizeof(*node)) : NULL;
    if (node) {
        node->truth = truth;
        node->env = process->env;
        node->loop = process->net->loop;
        status = read_number(process->env, "data/number", &node->number);
    }
    if (node && status == DM_OK) {
        status = read_number(process->env, "data/durable", &node->number);
    }
    if (!node || status != DM_OK) {
        dm_free(node);
        return dm_error_set(error, DM_ERR_IO, "cannot begin: %s",
                            dm_status_text(status));
    }
    *ret = node;
    return DM_OK;
}

static size_t
n_actors(const void *node)
{
    (void)node;
    return 2;
}

static struct dm_actor
actor(void *self, size_t i)
{
    struct node *node = self;
    const struct dm_actor writer = {.name = "writer",
                                    .role = DM_ROLE_WRITER,
                                    .step = write_step,
                                    .self = node};
    return i == 0 ? dm_loop_actor(node->loop) : writer;
}

static void
set_wake(void *self, size_t i, dm_wake_fn wake, void *context)
{
    struct node *node = self;
    CHECK(i == 1);
    node->wake = wake;
    node->wake_context = context;
}

static enum dm_status
start(void *self, struct dm_error *error)
{
    struct node *node = self;
    (void)error;
    dm_loop_timer_start(node->loop, &node->timer, 0, on_timer, node);
    return DM_OK;
}

static void
destroy(void *self)
{
    struct node *node = self;
    dm_loop_timer_stop(node->loop, &node->timer);
    dm_free(node);
}

static const struct dm_sim_node_ops ops = {
    .create = create,
    .n_actors = n_actors,
    .actor = actor,
    .set_wake = set_wake,
    .start = start,
    .destroy = destroy,
};

// The properties

static enum dm_status
nothing_is_lost(void *context, struct dm_sim_fleet *fleet,
                struct dm_sim_station *station, enum dm_sim_moment moment,
                struct dm_error *error)
{
    struct truth *truth = context;
    (void)fleet;
    CHECK(station);
    if (moment != DM_SIM_AFTER_BOOT) {
        ++truth->n_ended;
        if (moment == DM_SIM_AFTER_LOSS) {
            truth->written = truth->durable;
        }
        return DM_OK;
    }
    const struct node *node = dm_sim_station_node(station);
    CHECK(node);
    if (node->number < truth->durable) {
        return dm_error_set(error, DM_ERR_CORRUPT, "it forgot");
    }
    return DM_OK;
}

struct ending {
    uint64_t hash;
    uint64_t n_boots;
    uint64_t n_ended;
    uint64_t written;
    enum dm_status status;
    struct dm_error error;
};

static struct ending
run(uint64_t seed, bool is_careless)
{
    const struct dm_sim_fleet_options options = {
        .world = dm_sim_options_default(seed),
        .log_level = DM_LOG_ERROR,
    };
    struct truth truth = {.is_careless = is_careless};
    struct dm_sim_fleet *fleet = dm_sim_fleet_new(&options);
    CHECK(fleet);
    struct dm_sim_station_options station_options =
        dm_sim_station_options_default("one", "192.0.2.1", &ops);
    station_options.context = &truth;
    struct dm_sim_station *station = NULL;
    CHECK_INT(dm_sim_fleet_add(fleet, &station_options, &station), DM_OK);
    const struct dm_sim_property property = {
        .name = "nothing is lost",
        .moments = DM_SIM_AFTER_BOOT | DM_SIM_AFTER_KILL | DM_SIM_AFTER_LOSS,
        .ask = nothing_is_lost,
        .context = &truth,
    };
    CHECK_INT(dm_sim_fleet_require(fleet, &property), DM_OK);
    struct ending ending = {.status = DM_OK};
    CHECK_INT(dm_sim_station_boot(station, &ending.error), DM_OK);
    const struct dm_sim_chaos_options chaos_options =
        dm_sim_chaos_options_default();
    struct dm_sim_chaos *chaos =
        dm_sim_chaos_new(fleet, station, &chaos_options);
    CHECK(chaos);
    ending.status = dm_sim_fleet_run(fleet, HOUR_NS);
    if (ending.status == DM_OK) {
        ending.status = dm_sim_fleet_finish(fleet);
    }
    ending.error = *dm_sim_fleet_error(fleet);
    ending.hash = dm_sim_world_hash(dm_sim_fleet_world(fleet));
    ending.n_boots = dm_sim_station_n_boots(station);
    CHECK(truth.n_create == ending.n_boots);
    dm_sim_chaos_free(chaos);
    dm_sim_fleet_free(fleet);
    ending.n_ended = truth.n_ended;
    ending.written = truth.written;
    return ending;
}

static void
an_hour_of_trouble_loses_nothing_durable(void)
{
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        const struct ending ending = run(seed, false);
        if (ending.status != DM_OK) {
            (void)fprintf(stderr, "seed %" PRIu64 ": %s: %s\n", seed,
                          ending.error.where, ending.error.what);
        }
        CHECK_INT(ending.status, DM_OK);
        CHECK(ending.n_ended >= 3 && ending.n_boots >= 3);
        CHECK(ending.written > 1000);
    }
}

static void
a_seed_replays_exactly(void)
{
    CHECK(run(3, false).hash == run(3, false).hash);
    CHECK(run(3, false).hash != run(4, false).hash);
}

static void
a_node_that_does_not_sync_is_found(void)
{
    unsigned n_found = 0;
    for (uint64_t seed = 1; seed <= 10; ++seed) {
        const struct ending ending = run(seed, true);
        n_found += ending.status == DM_ERR_CORRUPT ? 1 : 0;
        CHECK(ending.status == DM_OK || strlen(ending.error.what) > 0);
    }
    CHECK(n_found >= 5);
}

int
main(void)
{
    an_hour_of_trouble_loses_nothing_durable();
    a_seed_replays_exactly();
    a_node_that_does_not_sync_is_found();
    return 0;
}
