// SPDX-License-Identifier: ISC

// The simulated network is held to what every implementation of net/ is.

#include "net/loop.h"
#include "sim/machine.h"
#include "sim/net.h"
#include "sim/network.h"
#include "sim/world.h"
#include "tests/check.h"
#include "tests/unit/net/contract.h"

struct sim_world {
    struct dm_sim_world *sim;
    struct dm_sim_machine *machine;
    struct dm_sim_network *network;
    struct dm_sim_net *net;
    struct contract_world world;
};

static void
step(void *self)
{
    const struct sim_world *world = self;
    const enum dm_status status = dm_sim_world_step(world->sim);
    CHECK(status == DM_OK || status == DM_END);
}

static void
set_up(struct sim_world *world, uint64_t seed)
{
    const struct dm_sim_options options = dm_sim_options_default(seed);
    world->sim = dm_sim_world_new(&options);
    CHECK(world->sim);
    world->machine = dm_sim_machine_new(world->sim, "one");
    CHECK(world->machine);
    dm_sim_machine_start(world->machine);
    world->network = dm_sim_network_new(world->sim);
    CHECK(world->network);
    const struct dm_sim_net_options net_options = {
        .network = world->network,
        .machine = world->machine,
    };
    CHECK_INT(dm_sim_net_new(&net_options, &world->net), DM_OK);
    struct dm_net *net = dm_sim_net_get(world->net);
    const struct dm_actor loop = dm_loop_actor(net->loop);
    dm_sim_actor_begin(dm_sim_net_handle(world->net), &loop);
    struct dm_address loopback;
    CHECK(dm_address_parse(dm_str("127.0.0.1"), &loopback));
    world->world = (struct contract_world){
        .net = net,
        .step = step,
        .self = world,
        .tcp = dm_endpoint_ip(&loopback, 0),
    };
    CHECK(dm_endpoint_unix(dm_str("/run/s"), &world->world.path));
}

static void
tear_down(struct sim_world *world)
{
    CHECK_INT((int64_t)dm_sim_net_n_ops(world->net), 0);
    dm_sim_machine_kill(world->machine);
    dm_sim_net_free(world->net);
    dm_sim_network_free(world->network);
    dm_sim_world_free(world->sim);
}

int
main(void)
{
    for (uint64_t seed = 1; seed <= 10; ++seed) {
        struct sim_world world;
        set_up(&world, seed);
        contract_loop(&world.world);
        contract_http(&world.world);
        contract_http_stream(&world.world);
        contract_memory(&world.world);
        contract_tls(&world.world);
        tear_down(&world);
    }
    return 0;
}
