// SPDX-License-Identifier: ISC

#include "sim/machine.h"

#include "base/alloc.h"
#include "base/time.h"
#include "sim/world_private.h"

#include <assert.h>
#include <string.h>

enum power_note {
    NOTE_SUSPEND,
    NOTE_RESUME,
    NOTE_KILL,
    NOTE_LOSS,
    NOTE_START,
};

static const bool allowed_moves[3][3] = {
    [DM_SIM_OFF] = {[DM_SIM_RUNNING] = true},
    [DM_SIM_RUNNING] = {[DM_SIM_OFF] = true, [DM_SIM_SUSPENDED] = true},
    [DM_SIM_SUSPENDED] = {[DM_SIM_OFF] = true, [DM_SIM_RUNNING] = true},
};

static void
set_power(struct dm_sim_machine *machine, enum dm_sim_power power,
          enum power_note note)
{
    assert(allowed_moves[machine->power][power]);
    machine->power = power;
    dm_sim_world_note(machine->world, DM_SIM_NOTE_POWER, machine->id, note);
}

struct dm_sim_machine *
dm_sim_machine_new(struct dm_sim_world *world, const char *name)
{
    struct dm_sim_machine *const machine = dm_calloc(1, sizeof(*machine));
    if (!machine) {
        return NULL;
    }
    machine->name = dm_strndup(name, strlen(name));
    if (!machine->name || dm_sim_world_join(world, machine) != DM_OK) {
        dm_free(machine->name);
        dm_free(machine);
        return NULL;
    }
    dm_sim_random_fork(dm_sim_world_random(world), name, &machine->random);
    dm_sim_random_fork(dm_sim_world_random(world), name, &machine->wakes);
    machine->must_boot = true;
    return machine;
}

static void
end_actors(struct dm_sim_machine *machine)
{
    for (size_t i = 0; i < machine->n_actors; ++i) {
        struct dm_sim_actor *const actor = &machine->actors[i];
        actor->has_ended = true;
        dm_sim_event_cancel(machine->world, &actor->due);
        dm_sim_world_sort_in(machine->world, actor);
    }
}

void
dm_sim_machine_free(struct dm_sim_machine *machine)
{
    if (machine) {
        end_actors(machine);
        dm_sim_world_leave(machine->world, machine);
        dm_free(machine->name);
        dm_free(machine);
    }
}

struct dm_sim_world *
dm_sim_machine_world(const struct dm_sim_machine *machine)
{
    return machine->world;
}

const char *
dm_sim_machine_name(const struct dm_sim_machine *machine)
{
    return machine->name;
}

enum dm_sim_power
dm_sim_machine_power(const struct dm_sim_machine *machine)
{
    return machine->power;
}

struct dm_sim_random *
dm_sim_machine_random(struct dm_sim_machine *machine)
{
    return &machine->random;
}

uint64_t
dm_sim_machine_n_boots(const struct dm_sim_machine *machine)
{
    return machine->n_boots;
}

// Clocks

int64_t
dm_sim_machine_wall_ms(const struct dm_sim_machine *machine)
{
    const struct dm_sim_world *const world = machine->world;
    return dm_sim_world_options(world)->wall_ms + machine->wall_set_ms +
           dm_sim_world_now_ns(world) / DM_NS_PER_MS;
}

int64_t
dm_sim_machine_boot_ns(const struct dm_sim_machine *machine)
{
    return dm_sim_world_now_ns(machine->world) - machine->boot_started_ns;
}

int64_t
dm_sim_machine_monotonic_ns(const struct dm_sim_machine *machine)
{
    const int64_t awake_until_ns = machine->power == DM_SIM_SUSPENDED
                                       ? machine->suspended_at_ns
                                       : dm_sim_world_now_ns(machine->world);
    return awake_until_ns - machine->boot_started_ns - machine->asleep_ns;
}

void
dm_sim_machine_step_wall(struct dm_sim_machine *machine, int64_t by_ms)
{
    machine->wall_set_ms += by_ms;
    dm_sim_world_note(machine->world, DM_SIM_NOTE_CLOCK, machine->id,
                      (uint64_t)by_ms);
}

// Power

void
dm_sim_machine_start(struct dm_sim_machine *machine)
{
    if (machine->must_boot) {
        machine->must_boot = false;
        ++machine->n_boots;
        machine->boot_started_ns = dm_sim_world_now_ns(machine->world);
        machine->asleep_ns = 0;
    }
    machine->n_actors = 0;
    set_power(machine, DM_SIM_RUNNING, NOTE_START);
}

// Let the due event of `actor` stand where its due time is now
static void
aim(struct dm_sim_actor *actor)
{
    const struct dm_sim_machine *const machine = actor->machine;
    struct dm_sim_world *const world = machine->world;
    if (actor->due_ns == DM_NEVER_DUE || actor->is_woken || actor->has_ended ||
        machine->power != DM_SIM_RUNNING) {
        dm_sim_event_cancel(world, &actor->due);
        return;
    }
    const int64_t wait_ns =
        actor->due_ns - dm_sim_machine_monotonic_ns(machine);
    const int64_t now_ns = dm_sim_world_now_ns(world);
    if (wait_ns > INT64_MAX - now_ns) {
        dm_sim_event_cancel(world, &actor->due);
    } else if (dm_sim_event_set(world, &actor->due, now_ns + wait_ns) !=
               DM_OK) {
        actor->is_woken = true; // Early is allowed, never is not
        dm_sim_world_sort_in(world, actor);
    }
}

void
dm_sim_machine_suspend(struct dm_sim_machine *machine)
{
    machine->suspended_at_ns = dm_sim_world_now_ns(machine->world);
    set_power(machine, DM_SIM_SUSPENDED, NOTE_SUSPEND);
    for (size_t i = 0; i < machine->n_actors; ++i) {
        aim(&machine->actors[i]);
        dm_sim_world_sort_in(machine->world, &machine->actors[i]);
    }
}

void
dm_sim_machine_resume(struct dm_sim_machine *machine)
{
    set_power(machine, DM_SIM_RUNNING, NOTE_RESUME);
    machine->asleep_ns +=
        dm_sim_world_now_ns(machine->world) - machine->suspended_at_ns;
    for (size_t i = 0; i < machine->n_actors; ++i) {
        aim(&machine->actors[i]);
        dm_sim_world_sort_in(machine->world, &machine->actors[i]);
    }
}

static void
stop(struct dm_sim_machine *machine, enum power_note note)
{
    if (machine->power == DM_SIM_SUSPENDED) {
        machine->asleep_ns +=
            dm_sim_world_now_ns(machine->world) - machine->suspended_at_ns;
    }
    set_power(machine, DM_SIM_OFF, note);
    end_actors(machine);
}

void
dm_sim_machine_kill(struct dm_sim_machine *machine)
{
    stop(machine, NOTE_KILL);
}

void
dm_sim_machine_lose_power(struct dm_sim_machine *machine)
{
    stop(machine, NOTE_LOSS);
    machine->must_boot = true;
}

// Actors

// How late a wake-up is; mostly 0
static int64_t
draw_lateness(struct dm_sim_machine *machine)
{
    const struct dm_sim_options *options = dm_sim_world_options(machine->world);
    return dm_sim_random_chance(&machine->wakes, options->late_millionth)
               ? dm_sim_random_skewed(&machine->wakes, 0, options->late_max_ns)
               : 0;
}

// Timers, too, are late now and then, but not twice
static void
fall_due(void *context)
{
    struct dm_sim_actor *actor = context;
    struct dm_sim_world *world = actor->machine->world;
    const int64_t late_ns = actor->is_late ? 0 : draw_lateness(actor->machine);
    actor->is_late = late_ns > 0;
    if (actor->is_late &&
        dm_sim_event_set(world, &actor->due,
                         dm_sim_world_now_ns(world) + late_ns) == DM_OK) {
        return;
    }
    actor->is_woken = true;
    dm_sim_world_sort_in(world, actor);
}

enum dm_status
dm_sim_machine_add(struct dm_sim_machine *machine, struct dm_sim_actor **ret)
{
    assert(machine->power == DM_SIM_RUNNING);
    if (machine->n_actors == DM_SIM_ACTORS_MAX) {
        return DM_ERR_LIMIT;
    }
    struct dm_sim_actor *const actor = &machine->actors[machine->n_actors++];
    *actor = (struct dm_sim_actor){
        .machine = machine,
        .id = dm_sim_world_new_actor_id(machine->world),
        .due_ns = DM_NEVER_DUE,
    };
    dm_sim_event_init(&actor->due, fall_due, actor);
    *ret = actor;
    return DM_OK;
}

void
dm_sim_actor_begin(struct dm_sim_actor *handle, const struct dm_actor *actor)
{
    assert(!handle->has_begun);
    handle->actor = *actor;
    handle->has_begun = true;
    handle->is_woken = true;
    dm_sim_world_sort_in(handle->machine->world, handle);
}

void
dm_sim_actor_wake(void *handle)
{
    struct dm_sim_actor *const actor = handle;
    assert(actor);
    if (actor->is_woken || actor->has_ended) {
        return;
    }
    struct dm_sim_machine *const machine = actor->machine;
    struct dm_sim_world *const world = machine->world;
    const int64_t late_ns = draw_lateness(machine);
    dm_sim_world_note(world, DM_SIM_NOTE_WAKE, actor->id, (uint64_t)late_ns);
    if (late_ns == 0) {
        actor->is_woken = true;
    } else {
        const int64_t due_ns = dm_sim_machine_monotonic_ns(machine) + late_ns;
        actor->due_ns = due_ns < actor->due_ns ? due_ns : actor->due_ns;
    }
    aim(actor);
    dm_sim_world_sort_in(world, actor);
}

bool
dm_sim_actor_has_ended(const struct dm_sim_actor *handle)
{
    return handle->has_ended;
}

void
dm_sim_actor_step(struct dm_sim_actor *actor)
{
    struct dm_sim_machine *const machine = actor->machine;
    struct dm_sim_world *const world = machine->world;
    const int64_t now_ns = dm_sim_machine_monotonic_ns(machine);
    int64_t due_ns = DM_NEVER_DUE;
    actor->is_woken = false;
    actor->is_late = false;
    actor->due_ns = DM_NEVER_DUE;
    const enum dm_progress progress =
        dm_actor_step(&actor->actor, now_ns, &due_ns);
    dm_sim_world_note(world, DM_SIM_NOTE_STEP, actor->id, progress);
    switch (progress) {
    case DM_PROGRESS_ENDED:
        actor->has_ended = true;
        break;
    case DM_PROGRESS_WORKED:
        actor->is_woken = true;
        break;
    case DM_PROGRESS_IDLE:
        // A late wake-up from within the step may have set an earlier one
        actor->due_ns = due_ns < actor->due_ns ? due_ns : actor->due_ns;
        break;
    }
    aim(actor);
    dm_sim_world_sort_in(world, actor);
}
