// SPDX-License-Identifier: ISC

#include "sim/fleet.h"

#include "base/alloc.h"
#include "base/time.h"
#include "sim/env.h"
#include "sim/machine.h"
#include "sim/net.h"
#include "sim/network.h"
#include "sim/vfs.h"

#include <assert.h>
#include <string.h>

#define PATH_BYTES_MAX 512

struct dm_sim_station {
    struct dm_sim_station *next;
    struct dm_sim_fleet *fleet;
    struct dm_sim_station_options options;
    struct dm_sim_random random;
    struct dm_sim_machine *machine;
    struct dm_sim_disk *disk;
    struct dm_sim_vfs *vfs;
    struct dm_sim_host *host;
    struct dm_sim_event reboot;
    // Of the process; NULL while it is DOWN
    struct dm_sim_env *env;
    struct dm_sim_net *net;
    void *node;
    int64_t booted_ns;
    uint64_t n_boots;
};

struct dm_sim_fleet {
    struct dm_sim_fleet_options options;
    struct dm_sim_world *world;
    struct dm_sim_network *network;
    struct dm_sim_station *stations;
    struct dm_sim_property properties[DM_SIM_PROPERTIES_MAX];
    size_t n_properties;
    unsigned moments; // Of all properties
    enum dm_status status;
    struct dm_error error;
};

struct dm_sim_station_options
dm_sim_station_options_default(const char *name, const char *address,
                               const struct dm_sim_node_ops *ops)
{
    return (struct dm_sim_station_options){
        .name = name,
        .address = address,
        .disk = dm_sim_disk_options_default(),
        .ops = ops,
        .down_min_ns = DM_NS_PER_SECOND,
        .down_max_ns = 20 * DM_NS_PER_SECOND,
    };
}

// Properties

// Keep the first failure
static void
blame(struct dm_sim_fleet *fleet, const char *who, const struct dm_error *error)
{
    if (fleet->status == DM_OK) {
        fleet->status = DM_ERR_CORRUPT;
        fleet->error = *error;
        dm_error_where(&fleet->error, dm_str(who), 0, 0);
    }
}

static void
ask(struct dm_sim_fleet *fleet, struct dm_sim_station *station,
    enum dm_sim_moment moment)
{
    if ((fleet->moments & (unsigned)moment) == 0) {
        return;
    }
    for (size_t i = 0; i < fleet->n_properties; ++i) {
        const struct dm_sim_property *property = &fleet->properties[i];
        if ((property->moments & (unsigned)moment) == 0) {
            continue;
        }
        struct dm_error error = {.status = DM_OK};
        if (property->ask(property->context, fleet, station, moment, &error) !=
            DM_OK) {
            blame(fleet, property->name, &error);
        }
    }
}

enum dm_status
dm_sim_fleet_require(struct dm_sim_fleet *fleet,
                     const struct dm_sim_property *property)
{
    if (fleet->n_properties == DM_SIM_PROPERTIES_MAX) {
        return DM_ERR_LIMIT;
    }
    fleet->properties[fleet->n_properties++] = *property;
    fleet->moments |= property->moments;
    return DM_OK;
}

const struct dm_error *
dm_sim_fleet_error(const struct dm_sim_fleet *fleet)
{
    return &fleet->error;
}

// A process

static void
begin_actors(struct dm_sim_station *station)
{
    const struct dm_sim_node_ops *ops = station->options.ops;
    const size_t n = ops->n_actors(station->node);
    for (size_t i = 0; i < n; ++i) {
        struct dm_sim_actor *handle = dm_sim_net_handle(station->net);
        if (i > 0) {
            const enum dm_status status =
                dm_sim_machine_add(station->machine, &handle);
            assert(status == DM_OK); // There are fewer than a machine may have
            ops->set_wake(station->node, i, dm_sim_actor_wake, handle);
        }
        const struct dm_actor actor = ops->actor(station->node, i);
        dm_sim_actor_begin(handle, &actor);
    }
}

static enum dm_status
make_process(struct dm_sim_station *station, struct dm_error *error)
{
    const struct dm_sim_fleet *fleet = station->fleet;
    const struct dm_sim_env_options env = {
        .level = fleet->options.log_level,
        .on_line = fleet->options.on_line,
        .context = fleet->options.log_context,
    };
    const struct dm_sim_net_options net = {
        .network = fleet->network,
        .machine = station->machine,
        .host = station->host,
        .disk = station->disk,
        .program = station->options.program,
        .system = station->options.system,
        .context = station->options.net_context,
    };
    station->env = dm_sim_env_new(station->machine, station->disk, &env);
    if (!station->env) {
        return dm_error_set(error, DM_ERR_NO_MEMORY, "out of memory");
    }
    enum dm_status status = dm_sim_net_new(&net, &station->net);
    if (status != DM_OK) {
        return dm_error_set(error, status, "no network");
    }
    const struct dm_sim_process process = {
        .station = station,
        .env = dm_sim_env_get(station->env),
        .net = dm_sim_net_get(station->net),
        .vfs = dm_sim_vfs_name(station->vfs),
    };
    const struct dm_sim_node_ops *ops = station->options.ops;
    void *node = NULL;
    status = ops->create(station->options.context, &process, &node, error);
    if (status != DM_OK) {
        return status;
    }
    station->node = node;
    begin_actors(station);
    return ops->start(node, error);
}

// The process ends by its destructors, which have no effect any more
static void
unmake_process(struct dm_sim_station *station, enum dm_sim_harm harm)
{
    if (dm_sim_disk_tripped(station->disk) == DM_SIM_HARM_NONE) {
        dm_sim_disk_trip(station->disk, harm);
    }
    if (harm == DM_SIM_HARM_POWER) {
        dm_sim_machine_lose_power(station->machine);
    } else {
        dm_sim_machine_kill(station->machine);
    }
    if (station->net) {
        dm_sim_net_cut(station->net, harm == DM_SIM_HARM_KILL);
    }
    if (station->node) {
        station->options.ops->destroy(station->node);
    }
    dm_sim_net_free(station->net);
    dm_sim_env_free(station->env);
    station->node = NULL;
    station->net = NULL;
    station->env = NULL;
    assert(dm_sim_vfs_n_open(station->vfs) == 0);
    const enum dm_status status = dm_sim_disk_restart(station->disk);
    assert(status == DM_OK);
}

static enum dm_sim_moment
moment_after(enum dm_sim_harm harm)
{
    return harm == DM_SIM_HARM_POWER ? DM_SIM_AFTER_LOSS : DM_SIM_AFTER_KILL;
}

static void
plan_reboot(struct dm_sim_station *station)
{
    const int64_t down_ns =
        dm_sim_random_between(&station->random, station->options.down_min_ns,
                              station->options.down_max_ns);
    const enum dm_status status =
        dm_sim_event_set(station->fleet->world, &station->reboot,
                         dm_sim_world_now_ns(station->fleet->world) + down_ns);
    assert(status == DM_OK);
}

enum dm_status
dm_sim_station_boot(struct dm_sim_station *station, struct dm_error *error)
{
    assert(!station->env);
    dm_sim_event_cancel(station->fleet->world, &station->reboot);
    dm_sim_machine_start(station->machine);
    station->booted_ns = dm_sim_world_now_ns(station->fleet->world);
    ++station->n_boots;
    const enum dm_status status = make_process(station, error);
    if (status == DM_OK) {
        ask(station->fleet, station, DM_SIM_AFTER_BOOT);
        return DM_OK;
    }
    const enum dm_sim_harm tripped = dm_sim_disk_tripped(station->disk);
    const enum dm_sim_harm harm =
        tripped == DM_SIM_HARM_NONE ? DM_SIM_HARM_KILL : tripped;
    unmake_process(station, harm);
    plan_reboot(station);
    ask(station->fleet, station, moment_after(harm));
    return status;
}

void
dm_sim_station_end(struct dm_sim_station *station, enum dm_sim_harm harm)
{
    if (!station->env) {
        return;
    }
    unmake_process(station, harm);
    plan_reboot(station);
    ask(station->fleet, station, moment_after(harm));
}

static void
reboot(void *context)
{
    struct dm_sim_station *station = context;
    struct dm_error error = {.status = DM_OK};
    const uint64_t n_before = dm_sim_disk_n_struck(station->disk);
    if (dm_sim_station_boot(station, &error) != DM_OK &&
        dm_sim_disk_n_struck(station->disk) == n_before) {
        // Nothing was wrong with the disk
        blame(station->fleet, "a node starts again", &error);
    }
}

// Stations

static void
free_station(struct dm_sim_station *station)
{
    if (station->env) {
        unmake_process(station, DM_SIM_HARM_KILL);
    }
    dm_sim_event_cancel(station->fleet->world, &station->reboot);
    dm_sim_vfs_free(station->vfs);
    dm_sim_disk_free(station->disk);
    dm_free(station);
}

enum dm_status
dm_sim_fleet_add(struct dm_sim_fleet *fleet,
                 const struct dm_sim_station_options *options,
                 struct dm_sim_station **ret)
{
    struct dm_sim_station *station = dm_calloc(1, sizeof(*station));
    if (!station) {
        return DM_ERR_NO_MEMORY;
    }
    station->fleet = fleet;
    station->options = *options;
    dm_sim_event_init(&station->reboot, reboot, station);
    enum dm_status status = dm_sim_network_add(
        fleet->network, options->name, options->address, &station->host);
    station->machine = dm_sim_machine_new(fleet->world, options->name);
    station->disk = dm_sim_disk_new(fleet->world, &options->disk);
    if (station->machine && station->disk) {
        station->vfs = dm_sim_vfs_new(station->machine, station->disk);
    }
    if (status == DM_OK && !station->vfs) {
        status = DM_ERR_NO_MEMORY;
    }
    if (status != DM_OK) {
        free_station(station);
        return status;
    }
    dm_sim_random_fork(dm_sim_world_random(fleet->world), options->name,
                       &station->random);
    station->next = fleet->stations;
    fleet->stations = station;
    *ret = station;
    return DM_OK;
}

const char *
dm_sim_station_name(const struct dm_sim_station *station)
{
    return station->options.name;
}

struct dm_sim_machine *
dm_sim_station_machine(const struct dm_sim_station *station)
{
    return station->machine;
}

struct dm_sim_disk *
dm_sim_station_disk(const struct dm_sim_station *station)
{
    return station->disk;
}

struct dm_sim_host *
dm_sim_station_host(const struct dm_sim_station *station)
{
    return station->host;
}

void *
dm_sim_station_node(const struct dm_sim_station *station)
{
    return station->node;
}

int64_t
dm_sim_station_booted_ns(const struct dm_sim_station *station)
{
    return station->booted_ns;
}

uint64_t
dm_sim_station_n_boots(const struct dm_sim_station *station)
{
    return station->n_boots;
}

enum dm_status
dm_sim_station_write(struct dm_sim_station *station, const char *path,
                     struct dm_str bytes)
{
    const struct dm_sim_env_options options = {.level = DM_LOG_ERROR};
    struct dm_sim_env *sim =
        dm_sim_env_new(station->machine, station->disk, &options);
    if (!sim) {
        return DM_ERR_NO_MEMORY;
    }
    const struct dm_env *env = dm_sim_env_get(sim);
    const char *slash = strrchr(path, '/');
    enum dm_status status = DM_OK;
    if (slash && slash != path) {
        char directory[PATH_BYTES_MAX];
        const size_t n = (size_t)(slash - path);
        status = n < sizeof(directory) ? DM_OK : DM_ERR_ARGUMENT;
        if (status == DM_OK) {
            memcpy(directory, path, n);
            directory[n] = '\0';
            status = dm_env_make_directory(env, directory, 0755);
        }
    }
    if (status == DM_OK) {
        status = dm_env_write(env, path, bytes, 0644, DM_WRITE_DURABLE, NULL);
    }
    dm_sim_env_free(sim);
    return status;
}

// The fleet

struct dm_sim_fleet *
dm_sim_fleet_new(const struct dm_sim_fleet_options *options)
{
    struct dm_sim_fleet *fleet = dm_calloc(1, sizeof(*fleet));
    if (!fleet) {
        return NULL;
    }
    fleet->options = *options;
    fleet->world = dm_sim_world_new(&options->world);
    if (!fleet->world || dm_sim_sqlite_begin(fleet->world) != DM_OK) {
        dm_sim_world_free(fleet->world);
        dm_free(fleet);
        return NULL;
    }
    fleet->network = dm_sim_network_new(fleet->world);
    if (!fleet->network) {
        dm_sim_fleet_free(fleet);
        return NULL;
    }
    return fleet;
}

void
dm_sim_fleet_free(struct dm_sim_fleet *fleet)
{
    if (!fleet) {
        return;
    }
    while (fleet->stations) {
        struct dm_sim_station *station = fleet->stations;
        fleet->stations = station->next;
        free_station(station);
    }
    dm_sim_network_free(fleet->network);
    dm_sim_sqlite_end();
    dm_sim_world_free(fleet->world);
    dm_free(fleet);
}

struct dm_sim_world *
dm_sim_fleet_world(const struct dm_sim_fleet *fleet)
{
    return fleet->world;
}

struct dm_sim_network *
dm_sim_fleet_network(const struct dm_sim_fleet *fleet)
{
    return fleet->network;
}

static enum dm_status
after_step(void *context)
{
    struct dm_sim_fleet *fleet = context;
    for (struct dm_sim_station *station = fleet->stations; station;
         station = station->next) {
        const enum dm_sim_harm tripped = dm_sim_disk_tripped(station->disk);
        if (station->env && tripped != DM_SIM_HARM_NONE) {
            dm_sim_station_end(station, tripped);
        }
    }
    ask(fleet, NULL, DM_SIM_AFTER_STEP);
    return fleet->status;
}

enum dm_status
dm_sim_fleet_run(struct dm_sim_fleet *fleet, int64_t until_ns)
{
    if (fleet->status != DM_OK) {
        return fleet->status;
    }
    return dm_sim_world_run(fleet->world, until_ns, after_step, fleet);
}

enum dm_status
dm_sim_fleet_finish(struct dm_sim_fleet *fleet)
{
    ask(fleet, NULL, DM_SIM_AT_END);
    return fleet->status;
}
