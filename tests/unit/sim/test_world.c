// SPDX-License-Identifier: ISC

#include "sim/world.h"

#include "base/alloc.h"
#include "base/queue.h"
#include "base/time.h"
#include "sim/machine.h"
#include "tests/check.h"

#include <string.h>

static struct dm_sim_world *
new_world(uint64_t seed, bool is_punctual)
{
    struct dm_sim_options options = dm_sim_options_default(seed);
    options.max_steps = 100000;
    options.late_millionth = is_punctual ? 0 : options.late_millionth;
    struct dm_sim_world *world = dm_sim_world_new(&options);
    CHECK(world);
    return world;
}

// Events that write down their names

struct record {
    char names[64];
    size_t n;
};

struct named {
    struct dm_sim_event event;
    struct record *record;
    char name;
};

static void
write_name(void *context)
{
    struct named *named = context;
    CHECK(named->record->n < sizeof(named->record->names) - 1);
    named->record->names[named->record->n++] = named->name;
}

static void
set(struct dm_sim_world *world, struct named *named, struct record *record,
    char name, int64_t at_ns)
{
    named->record = record;
    named->name = name;
    dm_sim_event_init(&named->event, write_name, named);
    CHECK(dm_sim_event_set(world, &named->event, at_ns) == DM_OK);
}

static void
events_run_by_time_then_by_order(void)
{
    struct dm_sim_world *world = new_world(1, true);
    struct record record = {.n = 0};
    struct named events[6];
    set(world, &events[0], &record, 'd', 300);
    set(world, &events[1], &record, 'b', 200);
    set(world, &events[2], &record, 'c', 200);
    set(world, &events[3], &record, 'a', 100);
    set(world, &events[4], &record, 'x', 150);
    set(world, &events[5], &record, 'e', 100);
    dm_sim_event_cancel(world, &events[4].event);
    CHECK(!dm_sim_event_is_set(&events[4].event));
    CHECK(dm_sim_event_set(world, &events[5].event, 400) == DM_OK); // Moves
    while (dm_sim_world_step(world) == DM_OK) {
    }
    CHECK(strcmp(record.names, "abcde") == 0);
    CHECK_INT(dm_sim_world_now_ns(world), 400);
    dm_sim_world_free(world);
}

static void
many_events_come_in_order(void)
{
    enum { N = 500 };
    static struct named nameds[N];
    struct dm_sim_world *world = new_world(2, true);
    struct dm_sim_random random;
    dm_sim_random_init(&random, 2);
    struct record record = {.n = 0};
    for (size_t i = 0; i < N; ++i) {
        set(world, &nameds[i], &record, 'a',
            dm_sim_random_between(&random, 0, 1000));
    }
    for (size_t i = 0; i < N; i += 2) {
        dm_sim_event_cancel(world, &nameds[i].event);
    }
    int64_t before_ns = 0;
    size_t n = 0;
    record.n = 0;
    while (dm_sim_world_step(world) == DM_OK) {
        CHECK(dm_sim_world_now_ns(world) >= before_ns);
        before_ns = dm_sim_world_now_ns(world);
        record.n = 0;
        ++n;
    }
    CHECK_INT((int64_t)n, N / 2);
    dm_sim_world_free(world);
}

// A producer pushes numbers into a queue, a consumer adds them up

struct pair {
    struct dm_queue *queue;
    struct dm_sim_actor *consumer;
    unsigned n_pushed;
    unsigned n_popped;
    unsigned n_idle;
    int64_t last_ns;
};

static int items[100];

static void
discard(void *item)
{
    (void)item;
}

static enum dm_progress
produce(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    struct pair *pair = self;
    CHECK(dm_role_now() == DM_ROLE_LOOP);
    CHECK(now_ns >= pair->last_ns);
    pair->last_ns = now_ns;
    if (pair->n_pushed == 100) {
        return DM_PROGRESS_ENDED;
    }
    if (dm_queue_push(pair->queue, &items[pair->n_pushed]) == DM_OK) {
        ++pair->n_pushed;
    }
    *ret_due_ns = now_ns + 10 * DM_NS_PER_MS;
    return pair->n_pushed % 3 == 0 ? DM_PROGRESS_IDLE : DM_PROGRESS_WORKED;
}

static enum dm_progress
consume(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    struct pair *pair = self;
    CHECK(dm_role_now() == DM_ROLE_WRITER);
    (void)now_ns;
    const int *item = dm_queue_pop(pair->queue);
    if (!item) {
        ++pair->n_idle;
        *ret_due_ns = DM_NEVER_DUE;
        return DM_PROGRESS_IDLE;
    }
    CHECK(item == &items[pair->n_popped]);
    ++pair->n_popped;
    return DM_PROGRESS_WORKED;
}

static void
begin(struct dm_sim_actor *handle, enum dm_role role, dm_step_fn step,
      void *self)
{
    const struct dm_actor actor = {
        .name = "actor", .role = role, .step = step, .self = self};
    dm_sim_actor_begin(handle, &actor);
}

static uint64_t
run_pair(uint64_t seed)
{
    struct dm_sim_world *world = new_world(seed, false);
    struct dm_sim_machine *machine = dm_sim_machine_new(world, "one");
    CHECK(machine);
    dm_sim_machine_start(machine);
    struct pair pair = {.n_pushed = 0};
    struct dm_sim_actor *producer = NULL;
    CHECK(dm_sim_machine_add(machine, &producer) == DM_OK);
    CHECK(dm_sim_machine_add(machine, &pair.consumer) == DM_OK);
    pair.queue = dm_queue_new(4, discard, dm_sim_actor_wake, pair.consumer);
    CHECK(pair.queue);
    begin(producer, DM_ROLE_LOOP, produce, &pair);
    begin(pair.consumer, DM_ROLE_WRITER, consume, &pair);
    while (dm_sim_world_step(world) == DM_OK) {
    }
    CHECK(dm_sim_actor_has_ended(producer));
    CHECK_INT(pair.n_popped, 100);
    CHECK(pair.n_idle > 1);
    dm_sim_machine_kill(machine);
    dm_queue_free(pair.queue);
    const uint64_t hash = dm_sim_world_hash(world);
    dm_sim_world_free(world);
    return hash;
}

static void
actors_meet_in_queues_and_a_seed_replays(void)
{
    const uint64_t hash = run_pair(3);
    CHECK(run_pair(3) == hash);
    CHECK(run_pair(4) != hash);
}

// A sleeper notes when it was stepped

struct sleeper {
    int64_t wait_ns;
    int64_t due_ns;
    unsigned n;
    int64_t worst_ns; ///< How late at most
};

static enum dm_progress
sleep_again(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    struct sleeper *sleeper = self;
    if (sleeper->n > 0 && now_ns - sleeper->due_ns > sleeper->worst_ns) {
        sleeper->worst_ns = now_ns - sleeper->due_ns;
    }
    CHECK(now_ns >= sleeper->due_ns);
    ++sleeper->n;
    sleeper->due_ns = now_ns + sleeper->wait_ns;
    *ret_due_ns = sleeper->due_ns;
    return DM_PROGRESS_IDLE;
}

static void
an_hour_passes_in_as_many_steps_as_it_has_work(void)
{
    struct dm_sim_world *world = new_world(5, true);
    struct dm_sim_machine *machine = dm_sim_machine_new(world, "one");
    CHECK(machine);
    dm_sim_machine_start(machine);
    struct sleeper sleeper = {.wait_ns = DM_NS_PER_SECOND};
    struct dm_sim_actor *handle = NULL;
    CHECK(dm_sim_machine_add(machine, &handle) == DM_OK);
    begin(handle, DM_ROLE_LOOP, sleep_again, &sleeper);
    const int64_t end_ns = 3600 * DM_NS_PER_SECOND - 1;
    CHECK(dm_sim_world_run(world, end_ns, NULL, NULL) == DM_OK);
    CHECK_INT(dm_sim_world_now_ns(world), end_ns);
    CHECK_INT(sleeper.n, 3600);
    CHECK_INT(sleeper.worst_ns, 0);
    CHECK(dm_sim_world_n_steps(world) <= 2 * 3600 + 2);
    dm_sim_world_free(world);
}

static void
monotonic_time_stands_still_while_suspended(void)
{
    struct dm_sim_world *world = new_world(6, true);
    struct dm_sim_machine *machine = dm_sim_machine_new(world, "one");
    CHECK(machine);
    dm_sim_machine_start(machine);
    const int64_t wall_ms = dm_sim_machine_wall_ms(machine);
    struct sleeper sleeper = {.wait_ns = 10 * DM_NS_PER_SECOND};
    struct dm_sim_actor *handle = NULL;
    CHECK(dm_sim_machine_add(machine, &handle) == DM_OK);
    begin(handle, DM_ROLE_LOOP, sleep_again, &sleeper);
    const int64_t second = DM_NS_PER_SECOND;
    CHECK(dm_sim_world_run(world, 4 * second, NULL, NULL) == DM_OK);
    dm_sim_machine_suspend(machine);
    dm_sim_actor_wake(handle); // Is for later
    CHECK(dm_sim_world_run(world, 1000 * second, NULL, NULL) == DM_OK);
    CHECK_INT(sleeper.n, 1);
    CHECK_INT(dm_sim_machine_monotonic_ns(machine), 4 * second);
    CHECK_INT(dm_sim_machine_boot_ns(machine), 1000 * second);
    CHECK_INT(dm_sim_machine_wall_ms(machine), wall_ms + 1000000);
    sleeper.due_ns = 0; // The wake-up may come before it
    dm_sim_machine_resume(machine);
    CHECK(dm_sim_world_run(world, 1001 * second, NULL, NULL) == DM_OK);
    CHECK_INT(sleeper.n, 2);
    CHECK_INT(dm_sim_machine_monotonic_ns(machine), 5 * second);
    dm_sim_world_free(world);
}

static void
due_times_outlast_a_suspend(void)
{
    struct dm_sim_world *world = new_world(7, true);
    struct dm_sim_machine *machine = dm_sim_machine_new(world, "one");
    CHECK(machine);
    dm_sim_machine_start(machine);
    struct sleeper sleeper = {.wait_ns = 10 * DM_NS_PER_SECOND};
    struct dm_sim_actor *handle = NULL;
    CHECK(dm_sim_machine_add(machine, &handle) == DM_OK);
    begin(handle, DM_ROLE_LOOP, sleep_again, &sleeper);
    const int64_t second = DM_NS_PER_SECOND;
    CHECK(dm_sim_world_run(world, 4 * second, NULL, NULL) == DM_OK);
    dm_sim_machine_suspend(machine);
    CHECK(dm_sim_world_run(world, 100 * second, NULL, NULL) == DM_OK);
    dm_sim_machine_resume(machine);
    CHECK(dm_sim_world_run(world, 105 * second, NULL, NULL) == DM_OK);
    CHECK_INT(sleeper.n, 1);
    CHECK(dm_sim_world_run(world, 107 * second, NULL, NULL) == DM_OK);
    CHECK_INT(sleeper.n, 2);
    CHECK_INT(sleeper.worst_ns, 0);
    dm_sim_world_free(world);
}

static void
a_boot_starts_the_clocks_anew_and_a_kill_does_not(void)
{
    struct dm_sim_world *world = new_world(8, true);
    struct dm_sim_machine *machine = dm_sim_machine_new(world, "one");
    CHECK(machine);
    dm_sim_machine_start(machine);
    CHECK_INT((int64_t)dm_sim_machine_n_boots(machine), 1);
    CHECK(dm_sim_world_run(world, 50, NULL, NULL) == DM_OK);
    dm_sim_machine_kill(machine);
    dm_sim_machine_start(machine);
    CHECK_INT(dm_sim_machine_monotonic_ns(machine), 50);
    CHECK_INT((int64_t)dm_sim_machine_n_boots(machine), 1);
    dm_sim_machine_lose_power(machine);
    CHECK(dm_sim_world_run(world, 80, NULL, NULL) == DM_OK);
    dm_sim_machine_start(machine);
    CHECK_INT(dm_sim_machine_monotonic_ns(machine), 0);
    CHECK_INT(dm_sim_machine_boot_ns(machine), 0);
    CHECK_INT((int64_t)dm_sim_machine_n_boots(machine), 2);
    dm_sim_machine_step_wall(machine, -5000);
    CHECK_INT(dm_sim_machine_wall_ms(machine),
              dm_sim_world_options(world)->wall_ms - 5000);
    dm_sim_world_free(world);
}

static void
killed_actors_are_not_stepped_and_may_be_woken(void)
{
    struct dm_sim_world *world = new_world(9, true);
    struct dm_sim_machine *machine = dm_sim_machine_new(world, "one");
    CHECK(machine);
    dm_sim_machine_start(machine);
    struct sleeper sleeper = {.wait_ns = DM_NS_PER_SECOND};
    struct dm_sim_actor *handle = NULL;
    CHECK(dm_sim_machine_add(machine, &handle) == DM_OK);
    begin(handle, DM_ROLE_LOOP, sleep_again, &sleeper);
    dm_sim_machine_kill(machine);
    dm_sim_actor_wake(handle);
    CHECK(dm_sim_world_step(world) == DM_END);
    CHECK_INT(sleeper.n, 0);
    dm_sim_world_free(world);
}

static enum dm_progress
never_rest(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    (void)self;
    *ret_due_ns = now_ns;
    return DM_PROGRESS_WORKED;
}

static enum dm_status
stop_after_some(void *context)
{
    unsigned *n = context;
    return ++*n == 10 ? DM_ERR_CANCELLED : DM_OK;
}

static void
runs_end_at_the_limit_or_when_asked(void)
{
    struct dm_sim_options options = dm_sim_options_default(10);
    options.max_steps = 100;
    struct dm_sim_world *world = dm_sim_world_new(&options);
    CHECK(world);
    struct dm_sim_machine *machine = dm_sim_machine_new(world, "one");
    CHECK(machine);
    dm_sim_machine_start(machine);
    struct dm_sim_actor *handle = NULL;
    CHECK(dm_sim_machine_add(machine, &handle) == DM_OK);
    unsigned n = 0;
    begin(handle, DM_ROLE_WORKER, never_rest, &n);
    CHECK(dm_sim_world_run(world, DM_NS_PER_SECOND, stop_after_some, &n) ==
          DM_ERR_CANCELLED);
    CHECK_INT(n, 10);
    CHECK(dm_sim_world_run(world, DM_NS_PER_SECOND, NULL, NULL) ==
          DM_ERR_LIMIT);
    CHECK_INT((int64_t)dm_sim_world_n_steps(world), 100);
    dm_sim_world_free(world);
}

static bool
try_to_build(void)
{
    const struct dm_sim_options options = dm_sim_options_default(11);
    struct dm_sim_world *world = dm_sim_world_new(&options);
    if (!world) {
        return false;
    }
    struct record record = {.n = 0};
    struct named named = {.record = &record, .name = 'a'};
    dm_sim_event_init(&named.event, write_name, &named);
    const bool is_built = dm_sim_machine_new(world, "one") &&
                          dm_sim_event_set(world, &named.event, 5) == DM_OK;
    dm_sim_world_free(world);
    return is_built;
}

static void
running_out_of_memory_is_a_failure_and_no_leak(void)
{
    const size_t before = dm_alloc_count();
    CHECK(try_to_build());
    const size_t n = dm_alloc_count() - before;
    CHECK(n > 0);
    for (size_t i = 0; i < n; ++i) {
        dm_alloc_fail_after(i);
        CHECK(!try_to_build());
    }
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
}

int
main(void)
{
    events_run_by_time_then_by_order();
    many_events_come_in_order();
    actors_meet_in_queues_and_a_seed_replays();
    an_hour_passes_in_as_many_steps_as_it_has_work();
    monotonic_time_stands_still_while_suspended();
    due_times_outlast_a_suspend();
    a_boot_starts_the_clocks_anew_and_a_kill_does_not();
    killed_actors_are_not_stepped_and_may_be_woken();
    runs_end_at_the_limit_or_when_asked();
    running_out_of_memory_is_a_failure_and_no_leak();
    return 0;
}
