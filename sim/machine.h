// SPDX-License-Identifier: ISC

#ifndef DM_SIM_MACHINE_H
#define DM_SIM_MACHINE_H

/**
 * @file
 * A machine of the simulated world: three clocks, and a process with actors.
 *
 *             start              kill, power loss
 *     OFF ------------> RUNNING ------------------> OFF
 *                        |   ^
 *                suspend |   | resume
 *                        v   |
 *                      SUSPENDED ---- kill, power loss ---> OFF
 *
 * The process is what owns the actors. A kill ends it and leaves the machine's
 * clocks alone; a power loss starts the machine anew, so the monotonic and the
 * boot clock begin again. Whoever kills also tells the disk (sim/disk.h), and
 * after that lets the node end by its ordinary destructors: from the kill on
 * the disk refuses every call and no actor is stepped, so what they do has no
 * effect.
 *
 * Clocks. World time is nobody's: a machine's monotonic clock stands still
 * while it is suspended, its boot clock goes on, its wall clock is world time
 * plus what it was set by.
 *
 * Threads: one. Memory: fixed.
 */

#include "base/actor.h"
#include "base/attr.h"
#include "base/status.h"
#include "sim/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_world;
struct dm_sim_machine;
struct dm_sim_actor;

enum dm_sim_power {
    DM_SIM_OFF,
    DM_SIM_RUNNING,
    DM_SIM_SUSPENDED,
};

/// Most actors of one machine
#define DM_SIM_ACTORS_MAX 32

/// A machine that is OFF. `name` is copied, for messages.
/// @return NULL when out of memory.
struct dm_sim_machine *DM_NULLABLE
dm_sim_machine_new(struct dm_sim_world *world, const char *name) DM_NODISCARD;

/// Its actors are gone as after a kill.
void dm_sim_machine_free(struct dm_sim_machine *DM_NULLABLE machine);

struct dm_sim_world *dm_sim_machine_world(const struct dm_sim_machine *machine);
const char *dm_sim_machine_name(const struct dm_sim_machine *machine);
enum dm_sim_power dm_sim_machine_power(const struct dm_sim_machine *machine);

/// What dm_env_random() of this machine draws from
struct dm_sim_random *dm_sim_machine_random(struct dm_sim_machine *machine);

int64_t dm_sim_machine_wall_ms(const struct dm_sim_machine *machine);
int64_t dm_sim_machine_monotonic_ns(const struct dm_sim_machine *machine);
int64_t dm_sim_machine_boot_ns(const struct dm_sim_machine *machine);

/// How often it was started after a power loss, from 1: its boot id
uint64_t dm_sim_machine_n_boots(const struct dm_sim_machine *machine);

/// Set the wall clock `by_ms` forward (or back, where negative).
void dm_sim_machine_step_wall(struct dm_sim_machine *machine, int64_t by_ms);

/// OFF to RUNNING: a process begins. Add its actors next.
void dm_sim_machine_start(struct dm_sim_machine *machine);

/// RUNNING to SUSPENDED and back. What fell due meanwhile is late.
void dm_sim_machine_suspend(struct dm_sim_machine *machine);
void dm_sim_machine_resume(struct dm_sim_machine *machine);

/// The process ends, at once: none of its actors is stepped again.
void dm_sim_machine_kill(struct dm_sim_machine *machine);
/// As kill, and the next start is after a boot.
void dm_sim_machine_lose_power(struct dm_sim_machine *machine);

/// A handle for an actor of the process, which is to come: so queues can be
/// made before the actors that they wake. While the machine is RUNNING. Lives
/// until the next start; after a kill it does nothing.
/// @return DM_ERR_LIMIT above DM_SIM_ACTORS_MAX.
enum dm_status dm_sim_machine_add(struct dm_sim_machine *machine,
                                  struct dm_sim_actor **ret) DM_NODISCARD;

/// Give the handle its actor (copied), which is awake at once. What its `self`
/// points to lives until the kill.
void dm_sim_actor_begin(struct dm_sim_actor *handle,
                        const struct dm_actor *actor);

/// A dm_wake_fn whose context is the handle: the actor is due now, or a little
/// later where the seed wants it late.
void dm_sim_actor_wake(void *DM_NULLABLE handle);

/// Whether the actor has said DM_PROGRESS_ENDED
bool dm_sim_actor_has_ended(const struct dm_sim_actor *handle);

DM_END_DECLS

#endif // DM_SIM_MACHINE_H
