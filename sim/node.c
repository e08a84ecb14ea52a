// SPDX-License-Identifier: ISC

#include "sim/node.h"

#include "base/env.h"
#include "base/str.h"
#include "daemon/node.h"

static enum dm_status
create(void *context, const struct dm_sim_process *process, void **ret,
       struct dm_error *error)
{
    (void)context;
    // As systemd makes it; a power loss takes it away
    enum dm_status status =
        dm_env_make_directory(process->env, DM_SIM_NODE_RUN, 0755);
    if (status) {
        return dm_error_set(error, status, "no run-time directory");
    }
    const struct dm_node_options options = {
        .env = process->env,
        .net = process->net,
        .config_directory = DM_SIM_NODE_CONFIG,
        .data_directory = DM_SIM_NODE_DATA,
        .socket_path = DM_SIM_NODE_SOCKET,
        .guard_path = DM_SIM_NODE_GUARD,
        .vfs = process->vfs,
        .host_name = dm_str(dm_sim_station_name(process->station)),
    };
    struct dm_node *node = NULL;
    status = dm_node_new(&options, &node, error);
    if (status == DM_OK) {
        *ret = node;
    }
    return status;
}

static size_t
n_actors(const void *node)
{
    (void)node;
    return DM_NODE_ACTORS;
}

static struct dm_actor
actor(void *node, size_t i)
{
    return dm_node_actor(node, i);
}

static void
set_wake(void *node, size_t i, dm_wake_fn wake, void *context)
{
    dm_node_set_wake(node, i, wake, context);
}

static enum dm_status
start(void *node, struct dm_error *error)
{
    return dm_node_start(node, error);
}

static void
destroy(void *node)
{
    dm_node_free(node);
}

const struct dm_sim_node_ops dm_sim_daemon_ops = {
    .create = create,
    .n_actors = n_actors,
    .actor = actor,
    .set_wake = set_wake,
    .start = start,
    .destroy = destroy,
};
