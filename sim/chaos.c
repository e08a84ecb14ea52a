// SPDX-License-Identifier: ISC

#include "sim/chaos.h"

#include "base/alloc.h"
#include "base/time.h"
#include "sim/disk.h"
#include "sim/fleet.h"
#include "sim/machine.h"
#include "sim/world.h"

#include <assert.h>

#define MINUTE_NS (60 * DM_NS_PER_SECOND)
#define OPERATIONS_AHEAD 200
#define N_SOURCES (DM_SIM_N_TROUBLES - 1 + DM_SIM_OTHERS_MAX)

// One kind of trouble: when it comes, and, while it lasts, when it ends
struct source {
    struct dm_sim_chaos *chaos;
    enum dm_sim_trouble trouble;
    size_t which; // Of OTHER
    bool lasts;
    struct dm_sim_event event;
};

struct dm_sim_chaos {
    struct dm_sim_world *world;
    struct dm_sim_station *station;
    struct dm_sim_chaos_options options;
    struct dm_sim_random random;
    int64_t clock_off_ms; // What the wall clock is wrong by
    uint64_t n[DM_SIM_N_TROUBLES];
    size_t n_sources;
    struct source sources[N_SOURCES];
};

struct dm_sim_chaos_options
dm_sim_chaos_options_default(void)
{
    return (struct dm_sim_chaos_options){
        .mean_ns =
            {
                [DM_SIM_TROUBLE_KILL] = 10 * MINUTE_NS,
                [DM_SIM_TROUBLE_POWER] = 15 * MINUTE_NS,
                [DM_SIM_TROUBLE_FULL] = 20 * MINUTE_NS,
                [DM_SIM_TROUBLE_ERROR] = 15 * MINUTE_NS,
                [DM_SIM_TROUBLE_CLOCK] = 25 * MINUTE_NS,
                [DM_SIM_TROUBLE_SUSPEND] = 30 * MINUTE_NS,
            },
        .full_max_ns = 30 * DM_NS_PER_SECOND,
        .suspend_max_ns = 2 * MINUTE_NS,
        .clock_max_ms = 10 * DM_MS_PER_MINUTE,
        .other_min_ns = DM_NS_PER_SECOND,
        .other_max_ns = 5 * MINUTE_NS,
    };
}

static void
after(struct source *source, int64_t ns)
{
    struct dm_sim_world *world = source->chaos->world;
    const enum dm_status status = dm_sim_event_set(
        world, &source->event, dm_sim_world_now_ns(world) + ns);
    assert(status == DM_OK);
}

static void
wait_for_next(struct source *source)
{
    struct dm_sim_chaos *chaos = source->chaos;
    const int64_t mean_ns = chaos->options.mean_ns[source->trouble];
    after(source, dm_sim_random_between(&chaos->random, mean_ns / 2,
                                        mean_ns + mean_ns / 2));
}

static void
last_for(struct source *source, int64_t min_ns, int64_t max_ns)
{
    source->lasts = true;
    after(source,
          dm_sim_random_between(&source->chaos->random, min_ns, max_ns));
}

// The process ends now, or at an operation that is soon to come
static void
strike(struct dm_sim_chaos *chaos, enum dm_sim_harm harm)
{
    const struct dm_sim_plan plan = {
        .harm = harm,
        .ops = DM_SIM_CHANGES,
        .n_pass =
            (uint64_t)dm_sim_random_skewed(&chaos->random, 0, OPERATIONS_AHEAD),
    };
    const bool is_now =
        harm != DM_SIM_HARM_ERROR &&
        dm_sim_random_chance(&chaos->random, DM_SIM_MILLION / 3);
    if (is_now) {
        dm_sim_station_end(chaos->station, harm);
    } else {
        dm_sim_disk_plan(dm_sim_station_disk(chaos->station), &plan);
    }
}

// Wrong, and the next time right again
static void
set_clock(struct dm_sim_chaos *chaos)
{
    int64_t by_ms = -chaos->clock_off_ms;
    if (by_ms == 0) {
        by_ms = dm_sim_random_skewed(&chaos->random, 1,
                                     chaos->options.clock_max_ms);
        if (dm_sim_random_chance(&chaos->random, DM_SIM_MILLION / 2)) {
            by_ms = -by_ms;
        }
    }
    chaos->clock_off_ms += by_ms;
    dm_sim_machine_step_wall(dm_sim_station_machine(chaos->station), by_ms);
}

static void
begin(struct source *source)
{
    struct dm_sim_chaos *chaos = source->chaos;
    const struct dm_sim_chaos_options *options = &chaos->options;
    struct dm_sim_machine *machine = dm_sim_station_machine(chaos->station);
    ++chaos->n[source->trouble];
    switch (source->trouble) {
    case DM_SIM_TROUBLE_KILL:
        strike(chaos, DM_SIM_HARM_KILL);
        break;
    case DM_SIM_TROUBLE_POWER:
        strike(chaos, DM_SIM_HARM_POWER);
        break;
    case DM_SIM_TROUBLE_ERROR:
        strike(chaos, DM_SIM_HARM_ERROR);
        break;
    case DM_SIM_TROUBLE_FULL:
        dm_sim_disk_plan(dm_sim_station_disk(chaos->station),
                         &(struct dm_sim_plan){.harm = DM_SIM_HARM_FULL,
                                               .ops = DM_SIM_WRITE,
                                               .is_lasting = true});
        last_for(source, DM_NS_PER_SECOND, options->full_max_ns);
        return;
    case DM_SIM_TROUBLE_CLOCK:
        set_clock(chaos);
        break;
    case DM_SIM_TROUBLE_SUSPEND:
        if (dm_sim_machine_power(machine) == DM_SIM_RUNNING) {
            dm_sim_machine_suspend(machine);
            last_for(source, DM_NS_PER_SECOND, options->suspend_max_ns);
            return;
        }
        break;
    case DM_SIM_TROUBLE_OTHER:
        if (options->on_other) {
            options->on_other(options->context, source->which, true);
        }
        last_for(source, options->other_min_ns, options->other_max_ns);
        return;
    case DM_SIM_N_TROUBLES:
        assert(false);
    }
    wait_for_next(source);
}

static void
end(struct source *source)
{
    struct dm_sim_chaos *chaos = source->chaos;
    struct dm_sim_machine *machine = dm_sim_station_machine(chaos->station);
    source->lasts = false;
    if (source->trouble == DM_SIM_TROUBLE_FULL) {
        dm_sim_disk_plan(dm_sim_station_disk(chaos->station),
                         &(struct dm_sim_plan){.harm = DM_SIM_HARM_NONE});
    } else if (source->trouble == DM_SIM_TROUBLE_SUSPEND) {
        if (dm_sim_machine_power(machine) == DM_SIM_SUSPENDED) {
            dm_sim_machine_resume(machine);
        }
    } else if (chaos->options.on_other) {
        chaos->options.on_other(chaos->options.context, source->which, false);
    }
}

static void
on_event(void *context)
{
    struct source *source = context;
    if (source->lasts) {
        end(source);
        wait_for_next(source);
    } else {
        begin(source);
    }
}

static void
add_source(struct dm_sim_chaos *chaos, enum dm_sim_trouble trouble,
           size_t which)
{
    if (chaos->options.mean_ns[trouble] == 0) {
        return;
    }
    struct source *source = &chaos->sources[chaos->n_sources++];
    source->chaos = chaos;
    source->trouble = trouble;
    source->which = which;
    dm_sim_event_init(&source->event, on_event, source);
    wait_for_next(source);
}

struct dm_sim_chaos *
dm_sim_chaos_new(struct dm_sim_fleet *fleet, struct dm_sim_station *station,
                 const struct dm_sim_chaos_options *options)
{
    assert(options->n_others <= DM_SIM_OTHERS_MAX);
    struct dm_sim_chaos *chaos = dm_calloc(1, sizeof(*chaos));
    if (!chaos) {
        return NULL;
    }
    chaos->world = dm_sim_fleet_world(fleet);
    chaos->station = station;
    chaos->options = *options;
    dm_sim_random_fork(dm_sim_world_random(chaos->world), "chaos",
                       &chaos->random);
    for (size_t i = 0; i < DM_SIM_TROUBLE_OTHER; ++i) {
        add_source(chaos, (enum dm_sim_trouble)i, 0);
    }
    for (size_t i = 0; i < options->n_others; ++i) {
        add_source(chaos, DM_SIM_TROUBLE_OTHER, i);
    }
    return chaos;
}

void
dm_sim_chaos_stop(struct dm_sim_chaos *chaos)
{
    for (size_t i = 0; i < chaos->n_sources; ++i) {
        struct source *source = &chaos->sources[i];
        dm_sim_event_cancel(chaos->world, &source->event);
        if (source->lasts) {
            end(source);
        }
    }
    dm_sim_disk_plan(dm_sim_station_disk(chaos->station),
                     &(struct dm_sim_plan){.harm = DM_SIM_HARM_NONE});
}

void
dm_sim_chaos_free(struct dm_sim_chaos *chaos)
{
    if (chaos) {
        dm_sim_chaos_stop(chaos);
        dm_free(chaos);
    }
}

uint64_t
dm_sim_chaos_n(const struct dm_sim_chaos *chaos, enum dm_sim_trouble trouble)
{
    return chaos->n[trouble];
}
