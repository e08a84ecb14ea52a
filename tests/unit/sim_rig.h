// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SIM_RIG_H
#define DM_TESTS_SIM_RIG_H

/**
 * @file
 * One simulated machine on a simulated network, for tests of what runs on a
 * loop: hours pass in a moment, and wake-ups come on time.
 */

#include "base/buf.h"
#include "base/time.h"
#include "net/loop.h"
#include "sim/disk.h"
#include "sim/env.h"
#include "sim/machine.h"
#include "sim/net.h"
#include "sim/network.h"
#include "sim/world.h"
#include "tests/check.h"
#include "vocab/config.h"

#include <string.h>

struct rig {
    struct dm_sim_world *world;
    struct dm_sim_network *network;
    struct dm_sim_disk *disk;
    struct dm_sim_machine *machine;
    struct dm_sim_env *sim_env;
    struct dm_sim_net *sim_net;
    const struct dm_env *env;
    struct dm_net *net;
};

static inline void
rig_init(struct rig *rig, dm_sim_program_fn program, dm_sim_system_fn system,
         void *context)
{
    struct dm_sim_options options = dm_sim_options_default(1);
    options.late_millionth = 0;
    rig->world = dm_sim_world_new(&options);
    CHECK(rig->world);
    rig->network = dm_sim_network_new(rig->world);
    CHECK(rig->network);
    const struct dm_sim_disk_options disk = dm_sim_disk_options_default();
    rig->disk = dm_sim_disk_new(rig->world, &disk);
    CHECK(rig->disk);
    rig->machine = dm_sim_machine_new(rig->world, "one");
    CHECK(rig->machine);
    dm_sim_machine_start(rig->machine);
    const struct dm_sim_env_options env = {.level = DM_LOG_ERROR};
    rig->sim_env = dm_sim_env_new(rig->machine, rig->disk, &env);
    CHECK(rig->sim_env);
    rig->env = dm_sim_env_get(rig->sim_env);
    const struct dm_sim_net_options net = {
        .network = rig->network,
        .machine = rig->machine,
        .disk = rig->disk,
        .program = program,
        .system = system,
        .context = context,
    };
    CHECK_INT(dm_sim_net_new(&net, &rig->sim_net), DM_OK);
    rig->net = dm_sim_net_get(rig->sim_net);
    const struct dm_actor loop = dm_loop_actor(rig->net->loop);
    dm_sim_actor_begin(dm_sim_net_handle(rig->sim_net), &loop);
}

/// Nothing may be under way any more.
static inline void
rig_done(struct rig *rig)
{
    CHECK_INT((int64_t)dm_sim_net_n_ops(rig->sim_net), 0);
    dm_sim_net_free(rig->sim_net);
    dm_sim_env_free(rig->sim_env);
    dm_sim_network_free(rig->network);
    dm_sim_disk_free(rig->disk);
    dm_sim_world_free(rig->world);
}

/// Let time pass. What was done outside a step may have started a timer, which
/// the loop learns in a step.
static inline void
rig_pass(struct rig *rig, int64_t ms)
{
    rig->net->loop->ops->wake(rig->net->loop->self);
    const int64_t until = dm_sim_world_now_ns(rig->world) + ms * DM_NS_PER_MS;
    CHECK(dm_sim_world_run(rig->world, until, NULL, NULL) == DM_OK);
}

static inline int64_t
rig_wall_ms(const struct rig *rig)
{
    return dm_env_wall_ms(rig->env);
}

/// A configuration of this text, which needs no prefix
static inline struct dm_config *
rig_config(const struct rig *rig, const char *text)
{
    struct dm_buf whole;
    dm_buf_init(&whole, (size_t)1 << 20U);
    (void)dm_buf_puts(&whole, "PREFIX : <https://w3id.org/demonitor#>\n");
    (void)dm_buf_puts(&whole, text);
    const struct dm_config_options options = {
        .env = rig->env,
        .directory = "/etc/demonitor",
        .node_iri = DM_STR("ipns://k51node"),
        .node_name = DM_STR("carbon"),
    };
    const struct dm_config_source source = {DM_STR("checks.ttl"),
                                            dm_buf_str(&whole)};
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    if (dm_config_load_texts(&options, &source, 1, report, &config)) {
        dm_buf_clear(&whole);
        dm_config_report_print(report, &whole);
        (void)fprintf(stderr, "%s\n", dm_buf_cstr(&whole));
        abort();
    }
    dm_config_report_free(report);
    dm_buf_done(&whole);
    return config;
}

#endif // DM_TESTS_SIM_RIG_H
