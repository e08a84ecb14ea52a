// SPDX-License-Identifier: ISC

#include "sim/world.h"

#include "base/alloc.h"
#include "sim/world_private.h"

#include <assert.h>

#define EVENTS_MAX ((size_t)1 << 24)
#define DEFAULT_WALL_MS INT64_C(1795536000000) // 2026-11-24T16:00:00Z

struct dm_sim_world {
    struct dm_sim_options options;
    struct dm_sim_random random; ///< Others are forked from it
    struct dm_sim_random turns;  ///< Whose step is next
    int64_t now_ns;
    uint64_t sequence; ///< Of the next event
    uint64_t n_steps;
    uint64_t hash;
    struct dm_sim_event **events; ///< Heap, least first
    size_t n_events;
    size_t events_capacity;
    struct dm_sim_actor **awake; ///< W1, in no order
    size_t n_awake;
    size_t awake_capacity;
    struct dm_sim_machine *machines;
    uint32_t n_machines; ///< In the list
    uint32_t n_ids;      ///< Machines and actors so far
};

struct dm_sim_options
dm_sim_options_default(uint64_t seed)
{
    return (struct dm_sim_options){
        .seed = seed,
        .wall_ms = DEFAULT_WALL_MS,
        .max_steps = UINT64_C(1000000000000),
        .step_ns = 1000,
        .late_millionth = DM_SIM_MILLION / 20,
        .late_max_ns = 20000000,
    };
}

struct dm_sim_world *
dm_sim_world_new(const struct dm_sim_options *options)
{
    assert(options->step_ns > 0);
    assert(options->late_max_ns >= 0);
    struct dm_sim_world *const world = dm_calloc(1, sizeof(*world));
    if (!world) {
        return NULL;
    }
    world->options = *options;
    dm_sim_random_init(&world->random, options->seed);
    dm_sim_random_fork(&world->random, "turns", &world->turns);
    return world;
}

void
dm_sim_world_free(struct dm_sim_world *world)
{
    if (!world) {
        return;
    }
    while (world->machines) {
        dm_sim_machine_free(world->machines);
    }
    for (size_t i = 0; i < world->n_events; ++i) {
        world->events[i]->place = 0;
    }
    dm_free(world->events);
    dm_free(world->awake);
    dm_free(world);
}

int64_t
dm_sim_world_now_ns(const struct dm_sim_world *world)
{
    return world->now_ns;
}

struct dm_sim_random *
dm_sim_world_random(struct dm_sim_world *world)
{
    return &world->random;
}

const struct dm_sim_options *
dm_sim_world_options(const struct dm_sim_world *world)
{
    return &world->options;
}

void
dm_sim_world_note(struct dm_sim_world *world, enum dm_sim_note note, uint64_t a,
                  uint64_t b)
{
    uint64_t hash = world->hash ^ (uint64_t)world->now_ns;
    hash = dm_sim_mix(hash ^ a);
    world->hash = dm_sim_mix(hash ^ b) + (uint64_t)note;
    if (world->options.trace) {
        world->options.trace(world->options.trace_context, world->now_ns, note,
                             a, b);
    }
}

uint64_t
dm_sim_world_hash(const struct dm_sim_world *world)
{
    return world->hash;
}

uint64_t
dm_sim_world_n_steps(const struct dm_sim_world *world)
{
    return world->n_steps;
}

// The heap of events

static bool
is_before(const struct dm_sim_event *a, const struct dm_sim_event *b)
{
    return a->at_ns < b->at_ns ||
           (a->at_ns == b->at_ns && a->sequence < b->sequence);
}

static void
put(struct dm_sim_world *world, struct dm_sim_event *event, size_t i)
{
    world->events[i] = event;
    event->place = i + 1;
}

static void
rise(struct dm_sim_world *world, struct dm_sim_event *event)
{
    size_t i = event->place - 1;
    while (i > 0) {
        const size_t parent = (i - 1) / 2;
        if (!is_before(event, world->events[parent])) {
            break;
        }
        put(world, world->events[parent], i);
        i = parent;
    }
    put(world, event, i);
}

static void
sink(struct dm_sim_world *world, struct dm_sim_event *event)
{
    size_t i = event->place - 1;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= world->n_events) {
            break;
        }
        if (child + 1 < world->n_events &&
            is_before(world->events[child + 1], world->events[child])) {
            ++child;
        }
        if (!is_before(world->events[child], event)) {
            break;
        }
        put(world, world->events[child], i);
        i = child;
    }
    put(world, event, i);
}

void
dm_sim_event_init(struct dm_sim_event *event, dm_sim_event_fn run,
                  void *context)
{
    *event = (struct dm_sim_event){.run = run, .context = context};
}

bool
dm_sim_event_is_set(const struct dm_sim_event *event)
{
    return event->place != 0;
}

enum dm_status
dm_sim_event_set(struct dm_sim_world *world, struct dm_sim_event *event,
                 int64_t at_ns)
{
    assert(event->run);
    if (event->place == 0) {
        struct dm_sim_event **const events =
            dm_grow(world->events, &world->events_capacity, world->n_events + 1,
                    sizeof(struct dm_sim_event *), EVENTS_MAX);
        if (!events) {
            return DM_ERR_NO_MEMORY;
        }
        world->events = events;
        ++world->n_events;
        put(world, event, world->n_events - 1);
    }
    event->at_ns = at_ns > world->now_ns ? at_ns : world->now_ns;
    event->sequence = world->sequence++;
    rise(world, event);
    sink(world, event);
    return DM_OK;
}

void
dm_sim_event_cancel(struct dm_sim_world *world, struct dm_sim_event *event)
{
    if (event->place == 0) {
        return;
    }
    assert(world->events[event->place - 1] == event);
    struct dm_sim_event *const last = world->events[world->n_events - 1];
    const size_t i = event->place - 1;
    --world->n_events;
    event->place = 0;
    if (last != event) {
        put(world, last, i);
        rise(world, last);
        sink(world, last);
    }
}

// Machines and their actors

enum dm_status
dm_sim_world_join(struct dm_sim_world *world, struct dm_sim_machine *machine)
{
    const size_t need = (world->n_machines + (size_t)1) * DM_SIM_ACTORS_MAX;
    struct dm_sim_actor **const awake =
        dm_grow(world->awake, &world->awake_capacity, need,
                sizeof(struct dm_sim_actor *), EVENTS_MAX);
    if (!awake) {
        return DM_ERR_NO_MEMORY;
    }
    world->awake = awake;
    machine->world = world;
    machine->id = world->n_ids++;
    machine->next = world->machines;
    world->machines = machine;
    ++world->n_machines;
    return DM_OK;
}

void
dm_sim_world_leave(struct dm_sim_world *world, struct dm_sim_machine *machine)
{
    struct dm_sim_machine **link = &world->machines;
    while (*link != machine) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = machine->next;
    --world->n_machines;
}

uint32_t
dm_sim_world_new_actor_id(struct dm_sim_world *world)
{
    return world->n_ids++;
}

void
dm_sim_world_sort_in(struct dm_sim_world *world, struct dm_sim_actor *actor)
{
    const bool may_run = actor->has_begun && !actor->has_ended &&
                         actor->is_woken &&
                         actor->machine->power == DM_SIM_RUNNING;
    if (may_run && actor->place == 0) {
        assert(world->n_awake < world->awake_capacity);
        world->awake[world->n_awake++] = actor;
        actor->place = world->n_awake;
    } else if (!may_run && actor->place != 0) {
        assert(world->awake[actor->place - 1] == actor);
        struct dm_sim_actor *const last = world->awake[--world->n_awake];
        world->awake[actor->place - 1] = last;
        last->place = actor->place;
        actor->place = 0;
    }
}

// Steps

static void
run_event(struct dm_sim_world *world, struct dm_sim_event *event)
{
    assert(event->at_ns <= world->now_ns);
    dm_sim_event_cancel(world, event);
    dm_sim_world_note(world, DM_SIM_NOTE_EVENT, event->sequence, 0);
    event->run(event->context);
}

// One step, unless the next thing lies after `until_ns`: DM_END
static enum dm_status
step_until(struct dm_sim_world *world, int64_t until_ns)
{
    struct dm_sim_event *const event =
        world->n_events > 0 ? world->events[0] : NULL;
    if (world->n_awake == 0) {
        if (!event || event->at_ns > until_ns) {
            return DM_END;
        }
        if (event->at_ns > world->now_ns) {
            world->now_ns = event->at_ns;
        }
    } else if (world->now_ns > until_ns) {
        return DM_END;
    }
    if (world->n_steps >= world->options.max_steps) {
        return DM_ERR_LIMIT;
    }
    ++world->n_steps;
    const bool is_due = event && event->at_ns <= world->now_ns;
    const size_t n = world->n_awake + (is_due ? 1 : 0);
    const size_t pick =
        n > 1 ? (size_t)dm_sim_random_below(&world->turns, n) : 0;
    if (pick < world->n_awake) {
        dm_sim_actor_step(world->awake[pick]);
        world->now_ns += world->options.step_ns;
    } else if (event) {
        run_event(world, event);
    }
    return DM_OK;
}

enum dm_status
dm_sim_world_step(struct dm_sim_world *world)
{
    return step_until(world, INT64_MAX);
}

enum dm_status
dm_sim_world_run(struct dm_sim_world *world, int64_t until_ns,
                 dm_sim_after_fn after, void *context)
{
    for (;;) {
        enum dm_status status = step_until(world, until_ns);
        if (status == DM_END) {
            if (world->now_ns < until_ns) {
                world->now_ns = until_ns;
            }
            return DM_OK;
        }
        if (status == DM_OK && after) {
            status = after(context);
        }
        if (status != DM_OK) {
            return status;
        }
    }
}
