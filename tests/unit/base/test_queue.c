// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/queue.h"
#include "tests/check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

static void
count_discard(void *item)
{
    ++*(int *)item;
}

static void
count_wake(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static void
what_went_in_first_comes_out_first(void)
{
    int items[5] = {0};
    struct dm_queue *queue = dm_queue_new(3, count_discard, NULL, NULL);
    CHECK(queue);
    CHECK_INT((int64_t)dm_queue_capacity(queue), 3);
    CHECK(!dm_queue_pop(queue));
    size_t in = 0;
    size_t out = 0;
    for (int round = 0; round < 20; ++round) { // Around the ring some times
        while (dm_queue_count(queue) < 3) {
            CHECK(dm_queue_push(queue, &items[in++ % 5]) == DM_OK);
        }
        for (int i = 0; i < 1 + round % 3; ++i) {
            CHECK(dm_queue_pop(queue) == &items[out++ % 5]);
        }
    }
    dm_queue_free(queue);
}

static void
a_full_queue_refuses_and_wakes_nobody(void)
{
    int items[2] = {0};
    atomic_int wakes = 0;
    struct dm_queue *queue = dm_queue_new(1, count_discard, count_wake, &wakes);
    CHECK(queue);
    CHECK(dm_queue_push(queue, &items[0]) == DM_OK);
    CHECK(dm_queue_push(queue, &items[1]) == DM_ERR_LIMIT);
    CHECK_INT(atomic_load(&wakes), 1);
    CHECK(dm_queue_pop(queue) == &items[0]);
    CHECK(dm_queue_push(queue, &items[1]) == DM_OK);
    CHECK_INT(atomic_load(&wakes), 2);
    dm_queue_free(queue);
}

static void
what_is_left_is_discarded_once(void)
{
    int items[3] = {0};
    struct dm_queue *queue = dm_queue_new(3, count_discard, NULL, NULL);
    CHECK(queue);
    for (int i = 0; i < 3; ++i) {
        CHECK(dm_queue_push(queue, &items[i]) == DM_OK);
    }
    CHECK(dm_queue_pop(queue) == &items[0]);
    dm_queue_free(queue);
    CHECK_INT(items[0], 0);
    CHECK_INT(items[1], 1);
    CHECK_INT(items[2], 1);
    dm_queue_free(NULL);
}

static void
without_memory_there_is_no_queue(void)
{
    dm_alloc_fail_after(0);
    CHECK(!dm_queue_new(3, count_discard, NULL, NULL));
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK(!dm_queue_new(SIZE_MAX / 2, count_discard, NULL, NULL));
}

#define PRODUCERS 3
#define ITEMS 20000

struct item {
    int producer;
    int number;
};

struct producer {
    struct dm_queue *queue;
    struct item *items;
};

static void *
produce(void *context)
{
    const struct producer *self = context;
    for (int i = 0; i < ITEMS; ++i) {
        while (dm_queue_push(self->queue, &self->items[i])) {
            (void)sched_yield();
        }
    }
    return NULL;
}

// No item is lost, none comes twice, and those of one producer stay in order
static void
many_threads_push_while_one_pops(void)
{
    atomic_int wakes = 0;
    struct dm_queue *queue =
        dm_queue_new(64, count_discard, count_wake, &wakes);
    CHECK(queue);
    struct producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS];
    for (int p = 0; p < PRODUCERS; ++p) {
        struct item *items = dm_calloc(ITEMS, sizeof(*items));
        CHECK(items);
        for (int i = 0; i < ITEMS; ++i) {
            items[i] = (struct item){.producer = p, .number = i};
        }
        producers[p] = (struct producer){.queue = queue, .items = items};
        CHECK(pthread_create(&threads[p], NULL, produce, &producers[p]) == 0);
    }

    int next[PRODUCERS] = {0};
    for (int got = 0; got < PRODUCERS * ITEMS;) {
        const struct item *item = dm_queue_pop(queue);
        if (!item) {
            (void)sched_yield();
            continue;
        }
        CHECK_INT(item->number, next[item->producer]);
        ++next[item->producer];
        ++got;
    }
    for (int p = 0; p < PRODUCERS; ++p) {
        CHECK(pthread_join(threads[p], NULL) == 0);
        dm_free(producers[p].items);
    }
    CHECK(!dm_queue_pop(queue));
    CHECK_INT(atomic_load(&wakes), INT64_C(1) * PRODUCERS * ITEMS);
    dm_queue_free(queue);
}

int
main(void)
{
    what_went_in_first_comes_out_first();
    a_full_queue_refuses_and_wakes_nobody();
    what_is_left_is_discarded_once();
    without_memory_there_is_no_queue();
    many_threads_push_while_one_pops();
    return 0;
}
