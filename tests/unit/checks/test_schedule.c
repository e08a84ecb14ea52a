// SPDX-License-Identifier: ISC

// The schedule: the grid, retries, suspend, and random calls against a naive
// oracle that looks at every slot.

#include "checks/schedule.h"

#include "base/alloc.h"
#include "base/time.h"
#include "tests/check.h"

#define MS DM_NS_PER_MS
#define SECOND DM_NS_PER_SECOND
#define CAPACITY 16U

static dm_slot_id
add(struct dm_schedule *schedule, int64_t first_ns, int64_t interval_ns,
    int64_t grid_ns)
{
    const struct dm_schedule_spec spec = {first_ns, interval_ns, grid_ns,
                                          2 * SECOND};
    dm_slot_id id = 0;
    CHECK_INT(dm_schedule_add(schedule, &spec, &id), DM_OK);
    return id;
}

// Take what is due and say when it was
static int64_t
take(struct dm_schedule *schedule, int64_t now_ns, dm_slot_id want)
{
    dm_slot_id id = CAPACITY;
    int64_t due = -1;
    CHECK(dm_schedule_take(schedule, now_ns, &id, &due));
    CHECK_INT(id, want);
    return due;
}

static void
late_runs_stay_on_the_grid_and_missed_points_are_skipped(void)
{
    struct dm_schedule *schedule = dm_schedule_new(CAPACITY);
    CHECK(schedule);
    const dm_slot_id id = add(schedule, SECOND / 2, 10 * SECOND, 3 * SECOND);
    CHECK_INT(dm_schedule_next_due(schedule), SECOND / 2);
    CHECK_INT(take(schedule, SECOND, id), SECOND / 2);
    CHECK(dm_schedule_next_due(schedule) == INT64_MAX);
    CHECK_INT(dm_schedule_finish(schedule, id, SECOND + MS, false), DM_OK);
    CHECK_INT(dm_schedule_next_due(schedule), 3 * SECOND);
    CHECK_INT(take(schedule, 4 * SECOND, id), 3 * SECOND);
    // It took 20 s: two points are skipped
    CHECK_INT(dm_schedule_finish(schedule, id, 24 * SECOND, false), DM_OK);
    CHECK_INT(dm_schedule_next_due(schedule), 33 * SECOND);
    // An end on the grid waits for the next point
    CHECK_INT(take(schedule, 33 * SECOND, id), 33 * SECOND);
    CHECK_INT(dm_schedule_finish(schedule, id, 43 * SECOND, false), DM_OK);
    CHECK_INT(dm_schedule_next_due(schedule), 53 * SECOND);
    CHECK(dm_schedule_is_valid(schedule));
    dm_schedule_free(schedule);
}

static void
a_retry_is_at_the_earlier_of_its_time_and_the_grid(void)
{
    struct dm_schedule *schedule = dm_schedule_new(CAPACITY);
    CHECK(schedule);
    const dm_slot_id id = add(schedule, 0, 10 * SECOND, 0);
    (void)take(schedule, 0, id);
    CHECK_INT(dm_schedule_finish(schedule, id, SECOND, true), DM_OK);
    CHECK_INT(take(schedule, 3 * SECOND, id), 3 * SECOND);
    CHECK_INT(dm_schedule_finish(schedule, id, 9 * SECOND, true), DM_OK);
    CHECK_INT(take(schedule, 10 * SECOND, id), 10 * SECOND);
    dm_schedule_free(schedule);
}

static void
a_running_slot_that_is_removed_is_free_when_it_ends(void)
{
    struct dm_schedule *schedule = dm_schedule_new(1);
    CHECK(schedule);
    const struct dm_schedule_spec spec = {0, SECOND, 0, SECOND};
    const dm_slot_id id = add(schedule, 0, SECOND, 0);
    dm_slot_id other = 0;
    (void)take(schedule, 0, id);
    CHECK_INT(dm_schedule_hurry(schedule, id, 0), DM_ERR_STATE);
    CHECK_INT(dm_schedule_remove(schedule, id), DM_OK);
    CHECK_INT(dm_schedule_remove(schedule, id), DM_ERR_STATE);
    CHECK_INT(dm_schedule_add(schedule, &spec, &other), DM_ERR_LIMIT);
    CHECK_INT(dm_schedule_finish(schedule, id, 1, false), DM_OK);
    CHECK_INT(dm_schedule_count(schedule), 0);
    CHECK_INT(dm_schedule_finish(schedule, id, 1, false), DM_ERR_NOT_FOUND);
    CHECK_INT(dm_schedule_remove(schedule, id), DM_ERR_NOT_FOUND);
    CHECK_INT(dm_schedule_hurry(schedule, id, 0), DM_ERR_NOT_FOUND);
    CHECK_INT(dm_schedule_add(schedule, &spec, &other), DM_OK);
    CHECK_INT(dm_schedule_finish(schedule, other, 1, false), DM_ERR_STATE);
    dm_schedule_free(schedule);
}

static void
what_is_out_of_range_is_refused(void)
{
    static const struct dm_schedule_spec bad[] = {
        {-1, SECOND, 0, SECOND},
        {DM_SCHEDULE_TIME_MAX_NS + 1, SECOND, 0, SECOND},
        {0, MS - 1, 0, SECOND},
        {0, DM_SCHEDULE_INTERVAL_MAX_NS + 1, 0, SECOND},
        {0, SECOND, -1, SECOND},
        {0, SECOND, SECOND, SECOND},
        {0, SECOND, 0, MS - 1},
        {0, SECOND, 0, DM_SCHEDULE_INTERVAL_MAX_NS + 1},
    };
    struct dm_schedule *schedule = dm_schedule_new(CAPACITY);
    CHECK(schedule);
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        dm_slot_id id = 0;
        CHECK_INT(dm_schedule_add(schedule, &bad[i], &id), DM_ERR_ARGUMENT);
    }
    dm_schedule_free(schedule);
}

static void
after_a_suspend_what_is_overdue_is_spread_over_a_second(void)
{
    struct dm_schedule *schedule = dm_schedule_new(CAPACITY);
    CHECK(schedule);
    dm_slot_id ids[4];
    for (size_t i = 0; i < 4; ++i) {
        ids[i] = add(schedule, (int64_t)(4 - i) * SECOND, 3600 * SECOND, 0);
    }
    const dm_slot_id later = add(schedule, 200 * SECOND, 3600 * SECOND, 0);
    dm_schedule_resume(schedule, 100 * SECOND);
    CHECK(dm_schedule_is_valid(schedule));
    for (size_t i = 0; i < 4; ++i) { // In the order in which it was due
        CHECK_INT(take(schedule, 101 * SECOND, ids[3 - i]),
                  100 * SECOND + (int64_t)i * SECOND / 4);
    }
    CHECK_INT(take(schedule, 200 * SECOND, later), 200 * SECOND);
    dm_schedule_free(schedule);
}

static void
first_runs_are_within_a_second_up_to_a_thousand(void)
{
    CHECK_INT(dm_schedule_first_due(5, 0, 1), 5);
    CHECK_INT(dm_schedule_first_due(0, 3, 4), 3 * SECOND / 4);
    CHECK_INT(dm_schedule_first_due(0, 999, 1000), 999 * MS);
    CHECK_INT(dm_schedule_first_due(0, 4999, 5000), 4999 * MS);
    for (uint64_t hash = 0; hash < 100; ++hash) {
        const int64_t grid =
            dm_schedule_grid(hash * UINT64_C(0x9E3779B97F4A7C15), 7 * SECOND);
        CHECK(grid >= 0 && grid < 7 * SECOND);
    }
}

// ------------------------------------------------------------- random calls

enum oracle_state { FREE, WAITING, RUNNING, DOOMED };

struct oracle {
    enum oracle_state state;
    struct dm_schedule_spec spec;
    int64_t due_ns;
};

static uint64_t random_state;

static uint64_t
below(uint64_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1;
    return (random_state >> 33U) % n;
}

static int64_t
oracle_next(const struct oracle *slot, int64_t now_ns, bool retry)
{
    int64_t due = slot->spec.grid_ns;
    while (due <= now_ns) {
        due += slot->spec.interval_ns;
    }
    const int64_t again = now_ns + slot->spec.retry_ns;
    return retry && again < due ? again : due;
}

static void
check_take(struct dm_schedule *schedule, struct oracle *slots, int64_t now_ns)
{
    uint32_t want = CAPACITY;
    for (uint32_t i = 0; i < CAPACITY; ++i) {
        if (slots[i].state == WAITING && slots[i].due_ns <= now_ns &&
            (want == CAPACITY || slots[i].due_ns < slots[want].due_ns)) {
            want = i;
        }
    }
    dm_slot_id id = 0;
    int64_t due = 0;
    CHECK(dm_schedule_take(schedule, now_ns, &id, &due) == (want < CAPACITY));
    if (want < CAPACITY) {
        CHECK_INT(id, want);
        CHECK_INT(due, slots[want].due_ns);
        slots[want].state = RUNNING;
    }
}

static void
check_add(struct dm_schedule *schedule, struct oracle *slots, int64_t now_ns)
{
    const int64_t interval = (int64_t)(1 + below(20)) * SECOND;
    const struct dm_schedule_spec spec = {
        .first_due_ns = now_ns + (int64_t)below(3) * SECOND,
        .interval_ns = interval,
        .grid_ns = (int64_t)below((uint64_t)interval),
        .retry_ns = (int64_t)(1 + below(10)) * SECOND,
    };
    dm_slot_id id = CAPACITY;
    const enum dm_status status = dm_schedule_add(schedule, &spec, &id);
    if (status) {
        CHECK_INT(status, DM_ERR_LIMIT);
        CHECK_INT(dm_schedule_count(schedule), CAPACITY);
        return;
    }
    CHECK(slots[id].state == FREE);
    slots[id] = (struct oracle){WAITING, spec, spec.first_due_ns};
}

static enum oracle_state
after_removal(enum oracle_state state)
{
    return state == WAITING ? FREE : state == RUNNING ? DOOMED : state;
}

static void
check_change(struct dm_schedule *schedule, struct oracle *slots, int64_t now_ns)
{
    const dm_slot_id id = (dm_slot_id)below(CAPACITY);
    struct oracle *slot = &slots[id];
    const bool retry = below(2) == 0;
    switch (below(3)) {
    case 0:
        CHECK_INT(dm_schedule_finish(schedule, id, now_ns, retry),
                  slot->state == FREE      ? DM_ERR_NOT_FOUND
                  : slot->state == WAITING ? DM_ERR_STATE
                                           : DM_OK);
        if (slot->state == RUNNING) {
            slot->due_ns = oracle_next(slot, now_ns, retry);
            slot->state = WAITING;
        } else if (slot->state == DOOMED) {
            slot->state = FREE;
        }
        break;
    case 1:
        CHECK_INT(dm_schedule_remove(schedule, id),
                  slot->state == FREE     ? DM_ERR_NOT_FOUND
                  : slot->state == DOOMED ? DM_ERR_STATE
                                          : DM_OK);
        slot->state = after_removal(slot->state);
        break;
    default:
        CHECK_INT(dm_schedule_hurry(schedule, id, now_ns),
                  slot->state == FREE      ? DM_ERR_NOT_FOUND
                  : slot->state == WAITING ? DM_OK
                                           : DM_ERR_STATE);
        slot->due_ns = slot->state == WAITING ? now_ns : slot->due_ns;
        break;
    }
}

static void
check_whole(const struct dm_schedule *schedule, const struct oracle *slots)
{
    CHECK(dm_schedule_is_valid(schedule));
    int64_t first = INT64_MAX;
    uint32_t in_use = 0;
    for (size_t k = 0; k < CAPACITY; ++k) {
        in_use += slots[k].state != FREE ? 1 : 0;
        if (slots[k].state == WAITING && slots[k].due_ns < first) {
            first = slots[k].due_ns;
        }
    }
    CHECK(dm_schedule_next_due(schedule) == first);
    CHECK_INT(dm_schedule_count(schedule), in_use);
}

static void
any_calls_do_what_a_naive_schedule_does(void)
{
    for (uint64_t seed = 1; seed <= 50; ++seed) {
        random_state = seed;
        struct dm_schedule *schedule = dm_schedule_new(CAPACITY);
        struct oracle slots[CAPACITY] = {{.state = FREE}};
        CHECK(schedule);
        int64_t now = 0;
        for (int i = 0; i < 1000; ++i) {
            now += (int64_t)below(2 * (uint64_t)SECOND);
            const uint64_t what = below(10);
            if (what < 2) {
                check_add(schedule, slots, now);
            } else if (what < 6) {
                check_take(schedule, slots, now);
            } else {
                check_change(schedule, slots, now);
            }
            check_whole(schedule, slots);
        }
        dm_schedule_free(schedule);
    }
}

static void
every_failed_allocation_is_null(void)
{
    struct dm_schedule *schedule = NULL;
    size_t n = 0;
    for (; !schedule; ++n) {
        dm_alloc_fail_after(n);
        schedule = dm_schedule_new(CAPACITY);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    }
    CHECK_INT((int64_t)n, 5);
    dm_schedule_free(schedule);
    dm_schedule_free(NULL);
}

int
main(void)
{
    late_runs_stay_on_the_grid_and_missed_points_are_skipped();
    a_retry_is_at_the_earlier_of_its_time_and_the_grid();
    a_running_slot_that_is_removed_is_free_when_it_ends();
    what_is_out_of_range_is_refused();
    after_a_suspend_what_is_overdue_is_spread_over_a_second();
    first_runs_are_within_a_second_up_to_a_thousand();
    any_calls_do_what_a_naive_schedule_does();
    every_failed_allocation_is_null();
    return 0;
}
