// SPDX-License-Identifier: ISC

#ifndef DM_SIM_FLEET_H
#define DM_SIM_FLEET_H

/**
 * @file
 * Nodes in a world: started, stepped, killed, started again, and asked after
 * every step whether what must hold does.
 *
 *     fleet ── world, network
 *            ├─ stations   a machine with its disk, and the node that runs
 * there └─ properties asked at their moments
 *
 *     DOWN --boot--> UP --kill, power loss--> DOWN, to be booted after a while
 *
 * A station's disk may trip at any operation (sim/disk.h). The step in which it
 * does ends the process: its network is cut first, then the node goes by its
 * ordinary destructors, then the disk is what a new process finds.
 *
 * What a node is comes as a table of functions, so that the same fleet steps
 * the daemon, or a part of it in a test.
 *
 * Threads: one. One fleet at a time in a process (SQLite's default VFS).
 */

#include "base/actor.h"
#include "base/attr.h"
#include "base/env.h"
#include "base/error.h"
#include "base/log.h"
#include "base/status.h"
#include "sim/disk.h"
#include "sim/net.h"
#include "sim/world.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_fleet;
struct dm_sim_host;
struct dm_sim_station;

/// What a process is given
struct dm_sim_process {
    struct dm_sim_station *station;
    const struct dm_env *env;
    struct dm_net *net;
    const char *vfs; ///< For its database
};

/// A node. Actor 0 is the loop; it is woken through `net` and not by set_wake.
struct dm_sim_node_ops {
    enum dm_status (*create)(void *DM_NULLABLE context,
                             const struct dm_sim_process *process, void **ret,
                             struct dm_error *error);
    size_t (*n_actors)(const void *node);
    struct dm_actor (*actor)(void *node, size_t i);
    void (*set_wake)(void *node, size_t i, dm_wake_fn wake, void *context);
    enum dm_status (*start)(void *node, struct dm_error *error);
    void (*destroy)(void *node);
};

struct dm_sim_station_options {
    const char *name;
    const char *address; ///< Of its host on the network
    struct dm_sim_disk_options disk;
    const struct dm_sim_node_ops *ops;
    void *DM_NULLABLE context;             ///< Of create()
    dm_sim_program_fn DM_NULLABLE program; ///< NULL: none is found
    dm_sim_system_fn DM_NULLABLE system;   ///< NULL: a plain machine's figures
    void *DM_NULLABLE net_context;         ///< Of both
    int64_t down_min_ns; ///< How long after its end it is booted
    int64_t down_max_ns;
};

/// 1 to 20 s down, a power-safe disk without limit
struct dm_sim_station_options
dm_sim_station_options_default(const char *name, const char *address,
                               const struct dm_sim_node_ops *ops);

struct dm_sim_fleet_options {
    struct dm_sim_options world;
    enum dm_log_level log_level;
    dm_log_fn DM_NULLABLE on_line; ///< Lines of all nodes
    void *DM_NULLABLE log_context;
};

/// @return NULL when out of memory.
struct dm_sim_fleet *DM_NULLABLE
dm_sim_fleet_new(const struct dm_sim_fleet_options *options) DM_NODISCARD;
/// Nodes that are up are killed.
void dm_sim_fleet_free(struct dm_sim_fleet *DM_NULLABLE fleet);

struct dm_sim_world *dm_sim_fleet_world(const struct dm_sim_fleet *fleet);
struct dm_sim_network *dm_sim_fleet_network(const struct dm_sim_fleet *fleet);

/// Add a station, DOWN. Files for its node may be put on the disk now.
enum dm_status dm_sim_fleet_add(struct dm_sim_fleet *fleet,
                                const struct dm_sim_station_options *options,
                                struct dm_sim_station **ret) DM_NODISCARD;

const char *dm_sim_station_name(const struct dm_sim_station *station);
struct dm_sim_machine *
dm_sim_station_machine(const struct dm_sim_station *station);
struct dm_sim_disk *dm_sim_station_disk(const struct dm_sim_station *station);
struct dm_sim_host *dm_sim_station_host(const struct dm_sim_station *station);
/// The node, or NULL while it is DOWN
void *DM_NULLABLE dm_sim_station_node(const struct dm_sim_station *station);
/// Since world time, of the present or last process
int64_t dm_sim_station_booted_ns(const struct dm_sim_station *station);
uint64_t dm_sim_station_n_boots(const struct dm_sim_station *station);

/// Write a file as a person would, whether or not the node runs; its directory
/// is made.
enum dm_status dm_sim_station_write(struct dm_sim_station *station,
                                    const char *path, struct dm_str bytes)
    DM_NODISCARD;

/// Start its process now.
/// @return What the node said; then it is DOWN, and booted again after a while
///         where the world goes on.
enum dm_status dm_sim_station_boot(struct dm_sim_station *station,
                                   struct dm_error *error) DM_NODISCARD;

/// KILL or POWER: end the process now; it is booted again after a while.
/// Outside of a step of its actors. Nothing where it is DOWN.
void dm_sim_station_end(struct dm_sim_station *station, enum dm_sim_harm harm);

/// When a property is asked
enum dm_sim_moment {
    DM_SIM_AFTER_STEP = 1, ///< Of anything; `station` is NULL. Must be cheap
    DM_SIM_AFTER_BOOT = 2,
    DM_SIM_AFTER_KILL = 4, ///< The disk is what the next process finds
    DM_SIM_AFTER_LOSS = 8, ///< Of power
    DM_SIM_AT_END = 16,    ///< dm_sim_fleet_finish(); `station` is NULL
};

/// @return DM_OK, or another status with `error` saying what does not hold.
typedef enum dm_status (*dm_sim_property_fn)(
    void *DM_NULLABLE context, struct dm_sim_fleet *fleet,
    struct dm_sim_station *DM_NULLABLE station, enum dm_sim_moment moment,
    struct dm_error *error);

struct dm_sim_property {
    const char *name;
    unsigned moments; ///< Of enum dm_sim_moment
    dm_sim_property_fn ask;
    void *DM_NULLABLE context;
};

/// Most properties of a fleet
#define DM_SIM_PROPERTIES_MAX 32

/// Copied. @return DM_ERR_LIMIT.
enum dm_status dm_sim_fleet_require(struct dm_sim_fleet *fleet,
                                    const struct dm_sim_property *property)
    DM_NODISCARD;

/// Step until `until_ns` of world time.
/// @return DM_OK; DM_ERR_CORRUPT where a property does not hold or a node does
///         not start though nothing is wrong with its machine: see
///         dm_sim_fleet_error(); DM_ERR_LIMIT (steps).
enum dm_status dm_sim_fleet_run(struct dm_sim_fleet *fleet, int64_t until_ns)
    DM_NODISCARD;

/// Ask what is asked at the end. As dm_sim_fleet_run().
enum dm_status dm_sim_fleet_finish(struct dm_sim_fleet *fleet) DM_NODISCARD;

/// What did not hold, the property's name in `where`
const struct dm_error *dm_sim_fleet_error(const struct dm_sim_fleet *fleet);

DM_END_DECLS

#endif // DM_SIM_FLEET_H
