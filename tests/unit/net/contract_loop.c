// SPDX-License-Identifier: ISC

#include "net/loop.h"
#include "tests/check.h"
#include "tests/unit/net/contract.h"

#include <string.h>

#define MS INT64_C(1000000)

struct firing {
    const struct contract_world *world;
    struct dm_timer timer;
    int64_t at_ns;
    char *order; // Where each appends its letter
    char letter;
    bool has_fired;
};

static void
on_fire(void *context)
{
    struct firing *firing = context;
    CHECK(!firing->has_fired);
    firing->has_fired = true;
    firing->at_ns = dm_loop_now_ns(firing->world->net->loop);
    if (firing->order) {
        const size_t n = strlen(firing->order);
        firing->order[n] = firing->letter;
    }
}

static void
timers_fire_once_in_order_and_not_early(const struct contract_world *world)
{
    struct dm_loop *loop = world->net->loop;
    char order[8] = "";
    struct firing firings[4];
    const int64_t delays[] = {20 * MS, 5 * MS, 5 * MS, -1000 * MS};
    const int64_t start_ns = dm_loop_now_ns(loop);
    for (size_t i = 0; i < DM_COUNT_OF(firings); ++i) {
        const struct firing firing = {
            .world = world,
            .order = order,
            .letter = (char)('a' + (int)i),
        };
        firings[i] = firing;
        dm_loop_timer_start(loop, &firings[i].timer, start_ns + delays[i],
                            on_fire, &firings[i]);
        CHECK(!firings[i].has_fired);
    }
    contract_wait(world, &firings[0].has_fired);
    CHECK(!strcmp(order, "dbca"));
    for (size_t i = 0; i < DM_COUNT_OF(firings); ++i) {
        CHECK(firings[i].at_ns >= start_ns + delays[i]);
    }
}

static void
a_timer_started_anew_fires_once_at_the_later_time(
    const struct contract_world *world)
{
    struct dm_loop *loop = world->net->loop;
    struct firing firing = {.world = world};
    const int64_t start_ns = dm_loop_now_ns(loop);
    dm_loop_timer_start(loop, &firing.timer, start_ns, on_fire, &firing);
    dm_loop_timer_start(loop, &firing.timer, start_ns + 5 * MS, on_fire,
                        &firing);
    contract_wait(world, &firing.has_fired);
    CHECK(firing.at_ns >= start_ns + 5 * MS);
}

static void
a_stopped_timer_does_not_fire(const struct contract_world *world)
{
    struct dm_loop *loop = world->net->loop;
    struct firing stopped = {.world = world};
    struct firing after = {.world = world};
    const int64_t now_ns = dm_loop_now_ns(loop);
    dm_loop_timer_start(loop, &stopped.timer, now_ns, on_fire, &stopped);
    dm_loop_timer_start(loop, &after.timer, now_ns + MS, on_fire, &after);
    dm_loop_timer_stop(loop, &stopped.timer);
    dm_loop_timer_stop(loop, &stopped.timer); // Nothing the second time
    contract_wait(world, &after.has_fired);
    CHECK(!stopped.has_fired);
}

static void
on_woken(void *context)
{
    bool *is_woken = context;
    CHECK(!*is_woken); // Once for all calls before
    *is_woken = true;
}

static void
a_waker_runs_in_a_step_once_for_many_calls(const struct contract_world *world)
{
    bool is_woken = false;
    struct dm_waker waker;
    dm_waker_init(&waker, world->net->loop, on_woken, &is_woken);
    dm_waker_wake(&waker);
    dm_waker_wake(&waker);
    CHECK(!is_woken);
    contract_wait(world, &is_woken);
    CHECK(dm_loop_due_ns(world->net->loop) == DM_NEVER_DUE);
    is_woken = false;
    dm_waker_wake(&waker);
    contract_wait(world, &is_woken);
    dm_waker_done(&waker);
}

void
contract_loop(const struct contract_world *world)
{
    timers_fire_once_in_order_and_not_early(world);
    a_timer_started_anew_fires_once_at_the_later_time(world);
    a_stopped_timer_does_not_fire(world);
    a_waker_runs_in_a_step_once_for_many_calls(world);
}
