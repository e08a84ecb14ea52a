// SPDX-License-Identifier: ISC

#include "checks/schedule.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/time.h"

#include <assert.h>
#include <stddef.h>

enum slot_state {
    SLOT_FREE, // Zero, so that a zeroed slot is a free one
    SLOT_WAITING,
    SLOT_RUNNING,
    SLOT_DOOMED, // Running, and freed when it ends
};

struct slot {
    struct dm_schedule_spec spec;
    int64_t due_ns; // Of the present run while running
    enum slot_state state;
    uint32_t place; // In the heap, while waiting
};

// A binary heap of slots by (due, slot), and the slots that were freed
struct dm_schedule {
    struct slot *slots;
    uint32_t *heap;
    uint32_t *free_slots;
    uint32_t capacity;
    uint32_t n_heap;
    uint32_t n_free;
};

// Every change of state goes through here, so that the picture in the header
// stays true.
static void
set_state(struct slot *slot, enum slot_state to)
{
    static const bool allowed[4][4] = {
        [SLOT_FREE] = {[SLOT_WAITING] = true},
        [SLOT_WAITING] = {[SLOT_RUNNING] = true, [SLOT_FREE] = true},
        [SLOT_RUNNING] = {[SLOT_WAITING] = true, [SLOT_DOOMED] = true},
        [SLOT_DOOMED] = {[SLOT_FREE] = true},
    };
    assert(allowed[slot->state][to]);
    slot->state = to;
}

struct dm_schedule *
dm_schedule_new(uint32_t capacity)
{
    assert(capacity > 0 && capacity <= DM_SCHEDULE_MAX);
    struct dm_schedule *schedule = dm_calloc(1, sizeof(*schedule));
    if (!schedule) {
        return NULL;
    }
    schedule->slots = dm_calloc(capacity, sizeof(*schedule->slots));
    schedule->heap = dm_calloc(capacity, sizeof(*schedule->heap));
    schedule->free_slots = dm_calloc(capacity, sizeof(*schedule->free_slots));
    if (!schedule->slots || !schedule->heap || !schedule->free_slots) {
        dm_schedule_free(schedule);
        return NULL;
    }
    schedule->capacity = capacity;
    schedule->n_free = capacity;
    for (uint32_t i = 0; i < capacity; ++i) {
        schedule->free_slots[i] = capacity - 1 - i; // The lowest is taken first
    }
    return schedule;
}

void
dm_schedule_free(struct dm_schedule *schedule)
{
    if (schedule) {
        dm_free(schedule->slots);
        dm_free(schedule->heap);
        dm_free(schedule->free_slots);
        dm_free(schedule);
    }
}

static bool
is_before(const struct dm_schedule *schedule, uint32_t a, uint32_t b)
{
    const int64_t due_a = schedule->slots[a].due_ns;
    const int64_t due_b = schedule->slots[b].due_ns;
    return due_a != due_b ? due_a < due_b : a < b;
}

static void
put(struct dm_schedule *schedule, uint32_t place, uint32_t slot)
{
    schedule->heap[place] = slot;
    schedule->slots[slot].place = place;
}

static void
sift_up(struct dm_schedule *schedule, uint32_t place)
{
    const uint32_t slot = schedule->heap[place];
    while (place > 0) {
        const uint32_t parent = (place - 1) / 2;
        if (!is_before(schedule, slot, schedule->heap[parent])) {
            break;
        }
        put(schedule, place, schedule->heap[parent]);
        place = parent;
    }
    put(schedule, place, slot);
}

static void
sift_down(struct dm_schedule *schedule, uint32_t place)
{
    const uint32_t slot = schedule->heap[place];
    for (;;) {
        uint32_t child = 2 * place + 1;
        if (child >= schedule->n_heap) {
            break;
        }
        if (child + 1 < schedule->n_heap &&
            is_before(schedule, schedule->heap[child + 1],
                      schedule->heap[child])) {
            ++child;
        }
        if (!is_before(schedule, schedule->heap[child], slot)) {
            break;
        }
        put(schedule, place, schedule->heap[child]);
        place = child;
    }
    put(schedule, place, slot);
}

static void
heap_add(struct dm_schedule *schedule, uint32_t slot)
{
    put(schedule, schedule->n_heap, slot);
    sift_up(schedule, schedule->n_heap++);
}

static void
heap_remove(struct dm_schedule *schedule, uint32_t slot)
{
    const uint32_t place = schedule->slots[slot].place;
    const uint32_t last = schedule->heap[--schedule->n_heap];
    if (last != slot) {
        put(schedule, place, last);
        sift_up(schedule, place);
        sift_down(schedule, schedule->slots[last].place);
    }
}

static bool
is_in_use(const struct dm_schedule *schedule, dm_slot_id slot)
{
    return slot < schedule->capacity &&
           schedule->slots[slot].state != SLOT_FREE;
}

static bool
is_time(int64_t ns)
{
    return ns >= 0 && ns <= DM_SCHEDULE_TIME_MAX_NS;
}

enum dm_status
dm_schedule_add(struct dm_schedule *schedule,
                const struct dm_schedule_spec *spec, dm_slot_id *ret)
{
    if (!is_time(spec->first_due_ns) || spec->interval_ns < DM_NS_PER_MS ||
        spec->interval_ns > DM_SCHEDULE_INTERVAL_MAX_NS || spec->grid_ns < 0 ||
        spec->grid_ns >= spec->interval_ns || spec->retry_ns < DM_NS_PER_MS ||
        spec->retry_ns > DM_SCHEDULE_INTERVAL_MAX_NS) {
        return DM_ERR_ARGUMENT;
    }
    if (!schedule->n_free) {
        return DM_ERR_LIMIT;
    }

    const uint32_t id = schedule->free_slots[--schedule->n_free];
    struct slot *slot = &schedule->slots[id];
    slot->spec = *spec;
    slot->due_ns = spec->first_due_ns;
    set_state(slot, SLOT_WAITING);
    heap_add(schedule, id);
    *ret = id;
    return DM_OK;
}

static void
release(struct dm_schedule *schedule, dm_slot_id id)
{
    set_state(&schedule->slots[id], SLOT_FREE);
    schedule->free_slots[schedule->n_free++] = id;
}

enum dm_status
dm_schedule_remove(struct dm_schedule *schedule, dm_slot_id id)
{
    if (!is_in_use(schedule, id)) {
        return DM_ERR_NOT_FOUND;
    }
    struct slot *slot = &schedule->slots[id];
    if (slot->state == SLOT_DOOMED) {
        return DM_ERR_STATE;
    }
    if (slot->state == SLOT_RUNNING) {
        set_state(slot, SLOT_DOOMED);
        return DM_OK;
    }
    heap_remove(schedule, id);
    release(schedule, id);
    return DM_OK;
}

int64_t
dm_schedule_next_due(const struct dm_schedule *schedule)
{
    return schedule->n_heap ? schedule->slots[schedule->heap[0]].due_ns
                            : INT64_MAX;
}

bool
dm_schedule_take(struct dm_schedule *schedule, int64_t now_ns, dm_slot_id *ret,
                 int64_t *ret_due_ns)
{
    if (!schedule->n_heap || dm_schedule_next_due(schedule) > now_ns) {
        return false;
    }
    const uint32_t id = schedule->heap[0];
    struct slot *slot = &schedule->slots[id];
    *ret = id;
    *ret_due_ns = slot->due_ns;
    if (DM_FAULT("run a due check twice") && slot->due_ns < now_ns) {
        slot->due_ns = now_ns;
        return true;
    }
    heap_remove(schedule, id);
    set_state(slot, SLOT_RUNNING);
    return true;
}

// The first point of the slot's grid after `now_ns`
static int64_t
next_on_grid(const struct slot *slot, int64_t now_ns)
{
    const int64_t interval = slot->spec.interval_ns;
    const int64_t behind = now_ns - slot->spec.grid_ns;
    int64_t k = behind / interval;
    if (behind % interval < 0) {
        --k;
    }
    return slot->spec.grid_ns + (k + 1) * interval;
}

enum dm_status
dm_schedule_finish(struct dm_schedule *schedule, dm_slot_id id, int64_t now_ns,
                   bool retry)
{
    assert(is_time(now_ns));
    if (!is_in_use(schedule, id)) {
        return DM_ERR_NOT_FOUND;
    }
    struct slot *slot = &schedule->slots[id];
    if (slot->state == SLOT_DOOMED) {
        release(schedule, id);
        return DM_OK;
    }
    if (slot->state != SLOT_RUNNING) {
        return DM_ERR_STATE;
    }

    const int64_t grid = next_on_grid(slot, now_ns);
    const int64_t again = now_ns + slot->spec.retry_ns;
    slot->due_ns = retry && again < grid ? again : grid;
    set_state(slot, SLOT_WAITING);
    heap_add(schedule, id);
    return DM_OK;
}

static void
move(struct dm_schedule *schedule, dm_slot_id id, int64_t due_ns)
{
    heap_remove(schedule, id);
    schedule->slots[id].due_ns = due_ns;
    heap_add(schedule, id);
}

enum dm_status
dm_schedule_hurry(struct dm_schedule *schedule, dm_slot_id id, int64_t due_ns)
{
    assert(is_time(due_ns));
    if (!is_in_use(schedule, id)) {
        return DM_ERR_NOT_FOUND;
    }
    if (schedule->slots[id].state != SLOT_WAITING) {
        return DM_ERR_STATE;
    }
    move(schedule, id, due_ns);
    return DM_OK;
}

void
dm_schedule_resume(struct dm_schedule *schedule, int64_t now_ns)
{
    uint32_t overdue = 0;
    for (uint32_t i = 0; i < schedule->capacity; ++i) {
        const struct slot *slot = &schedule->slots[i];
        if (slot->state == SLOT_WAITING && slot->due_ns < now_ns) {
            ++overdue;
        }
    }
    // Each that is moved is due at now or after, so it is not met again
    for (uint32_t i = 0; i < overdue; ++i) {
        move(schedule, schedule->heap[0],
             dm_schedule_first_due(now_ns, i, overdue));
    }
}

uint32_t
dm_schedule_count(const struct dm_schedule *schedule)
{
    return schedule->capacity - schedule->n_free;
}

int64_t
dm_schedule_first_due(int64_t now_ns, uint32_t index, uint32_t total)
{
    assert(index < total);
    const uint32_t rate =
        total < DM_FIRST_RUNS_PER_SECOND ? total : DM_FIRST_RUNS_PER_SECOND;
    return now_ns + (int64_t)index * (DM_NS_PER_SECOND / rate);
}

int64_t
dm_schedule_grid(uint64_t name_hash, int64_t interval_ns)
{
    assert(interval_ns > 0);
    return (int64_t)(name_hash % (uint64_t)interval_ns);
}

bool
dm_schedule_is_valid(const struct dm_schedule *schedule)
{
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < schedule->capacity; ++i) {
        const struct slot *slot = &schedule->slots[i];
        if (slot->state != SLOT_WAITING) {
            continue;
        }
        ++waiting;
        if (slot->place >= schedule->n_heap ||
            schedule->heap[slot->place] != i) {
            return false;
        }
    }
    for (uint32_t place = 1; place < schedule->n_heap; ++place) {
        if (is_before(schedule, schedule->heap[place],
                      schedule->heap[(place - 1) / 2])) {
            return false;
        }
    }
    return waiting == schedule->n_heap;
}
