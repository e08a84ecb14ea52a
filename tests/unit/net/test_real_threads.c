// SPDX-License-Identifier: ISC

// Other threads wake the loop while it sleeps

#include "base/queue.h"
#include "net/loop.h"
#include "tests/check.h"
#include "tests/unit/net/real_world.h"

#include <pthread.h>

#define N_THREADS 3
#define N_ITEMS 5000

struct inbox {
    struct dm_queue *queue;
    struct dm_loop *loop;
    int64_t sum;
    int n;
};

static void
keep(void *item)
{
    (void)item;
}

static void
on_woken(void *context)
{
    struct inbox *inbox = context;
    const int *item = NULL;
    while ((item = dm_queue_pop(inbox->queue))) {
        inbox->sum += *item;
        ++inbox->n;
    }
    if (inbox->n == N_THREADS * N_ITEMS) {
        dm_loop_end(inbox->loop);
    }
}

static void *
push(void *context)
{
    static int items[N_ITEMS];
    struct inbox *inbox = context;
    for (int i = 0; i < N_ITEMS; ++i) {
        while (
            dm_queue_push(inbox->queue, &items[i])) { // Full: the loop is at it
        }
    }
    return NULL;
}

// The loop waits without end: only a wake-up lets it go on
static void
no_wake_up_is_lost(struct real_world *world)
{
    struct inbox inbox = {.loop = dm_real_net(world->real)->loop};
    struct dm_waker waker;
    pthread_t threads[N_THREADS];
    dm_waker_init(&waker, inbox.loop, on_woken, &inbox);
    inbox.queue = dm_queue_new(16, keep, dm_waker_wake, &waker);
    CHECK(inbox.queue);
    for (size_t i = 0; i < N_THREADS; ++i) {
        CHECK(!pthread_create(&threads[i], NULL, push, &inbox));
    }
    int64_t due_ns = 0;
    while (dm_loop_step(inbox.loop, DM_NEVER_DUE, &due_ns) !=
           DM_PROGRESS_ENDED) {
    }
    for (size_t i = 0; i < N_THREADS; ++i) {
        CHECK(!pthread_join(threads[i], NULL));
    }
    CHECK_INT(inbox.n, (int64_t)N_THREADS * N_ITEMS);
    dm_waker_done(&waker);
    dm_queue_free(inbox.queue);
}

int
main(void)
{
    struct real_world world;
    real_world_init(&world);
    no_wake_up_is_lost(&world);
    real_world_done(&world);
    return 0;
}
