// SPDX-License-Identifier: ISC

#include "net/timers.h"

#include "tests/check.h"

#include <stddef.h>

#define N 200
#define ROUNDS 20000

static void
nothing(void *context)
{
    (void)context;
}

static uint32_t
next_random(uint32_t *state) // [Marsaglia, 2003] xorshift
{
    *state ^= *state << 13U;
    *state ^= *state >> 17U;
    *state ^= *state << 5U;
    return *state;
}

static struct dm_timer *
earliest(struct dm_timer *timers)
{
    struct dm_timer *first = NULL;
    for (size_t i = 0; i < N; ++i) {
        struct dm_timer *timer = &timers[i];
        if (timer->is_running &&
            (!first || timer->due_ns < first->due_ns ||
             (timer->due_ns == first->due_ns && timer->order < first->order))) {
            first = timer;
        }
    }
    return first;
}

static void
the_first_is_the_earliest_after_any_changes(void)
{
    static struct dm_timer all[N];
    struct dm_timers timers = {0};
    uint32_t random = 2463534242U;
    for (int round = 0; round < ROUNDS; ++round) {
        struct dm_timer *timer = &all[next_random(&random) % N];
        if (timer->is_running) {
            dm_timers_remove(&timers, timer);
        } else {
            timer->due_ns = (int64_t)(next_random(&random) % 50);
            timer->fire = nothing;
            dm_timers_insert(&timers, timer);
        }
        if (next_random(&random) % 4 == 0 && timers.first) {
            dm_timers_remove(&timers, timers.first);
        }
        CHECK(timers.first == earliest(all));
        if (round % 97 == 0) {
            CHECK(dm_timers_is_valid(&timers));
        }
    }
    while (timers.first) {
        CHECK(timers.first == earliest(all));
        dm_timers_remove(&timers, timers.first);
        CHECK(dm_timers_is_valid(&timers));
    }
}

int
main(void)
{
    the_first_is_the_earliest_after_any_changes();
    return 0;
}
