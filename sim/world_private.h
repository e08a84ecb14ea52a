// SPDX-License-Identifier: ISC

#ifndef DM_SIM_WORLD_PRIVATE_H
#define DM_SIM_WORLD_PRIVATE_H

/**
 * @file
 * What world.c and machine.c share: which actors may run, and the list of
 * machines.
 *
 * W1 An actor is in `awake` exactly when it has begun, has not ended, is woken,
 *    and its machine is RUNNING; `place` is its index there plus 1.
 * W2 `awake` has room for every actor that the machines can have.
 */

#include "base/attr.h"
#include "sim/machine.h"
#include "sim/world.h"

struct dm_sim_actor {
    struct dm_sim_machine *machine;
    struct dm_actor actor;
    uint32_t id;    ///< Of the world, in the order of their making
    bool has_begun; ///< `actor` is set
    bool has_ended;
    bool is_woken;  ///< Wants a step, whether or not its machine runs
    bool is_late;   ///< Its due time is past, and it is made to wait
    size_t place;   ///< In world->awake, from 1; 0: not there
    int64_t due_ns; ///< Monotonic, DM_NEVER_DUE for none
    struct dm_sim_event due;
};

struct dm_sim_machine {
    struct dm_sim_world *world;
    struct dm_sim_machine *next;
    char *name;
    uint32_t id;
    enum dm_sim_power power;
    struct dm_sim_random random; ///< Of its processes
    struct dm_sim_random wakes;  ///< Which wake-ups come late
    int64_t wall_set_ms;         ///< Wall clock minus what the world's would be
    int64_t boot_started_ns;     ///< World time at which the boot clock was 0
    int64_t asleep_ns;           ///< How long it was suspended since
    int64_t suspended_at_ns;     ///< World time; only while SUSPENDED
    uint64_t n_boots;
    bool must_boot; ///< The next start is after a power loss
    size_t n_actors;
    struct dm_sim_actor actors[DM_SIM_ACTORS_MAX];
};

/// Make room for the actors of `machine` and put it into the list.
enum dm_status dm_sim_world_join(struct dm_sim_world *world,
                                 struct dm_sim_machine *machine) DM_NODISCARD;
void dm_sim_world_leave(struct dm_sim_world *world,
                        struct dm_sim_machine *machine);

uint32_t dm_sim_world_new_actor_id(struct dm_sim_world *world);

/// Put `actor` into the set of those that may run, or take it out, as W1 wants.
void dm_sim_world_sort_in(struct dm_sim_world *world,
                          struct dm_sim_actor *actor);

/// Step `actor`, which may run, and note how it went. In machine.c.
void dm_sim_actor_step(struct dm_sim_actor *actor);

#endif // DM_SIM_WORLD_PRIVATE_H
