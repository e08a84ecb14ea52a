// SPDX-License-Identifier: ISC

#include "base/lock.h"

#include "base/alloc.h"
#include "tests/check.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 20000

struct counter {
    struct dm_lock *lock;
    int n;
};

static void *
count(void *context)
{
    struct counter *counter = context;
    for (int i = 0; i < ROUNDS; ++i) {
        dm_lock_take(counter->lock);
        ++counter->n;
        dm_lock_give(counter->lock);
    }
    return NULL;
}

static void
one_at_a_time_holds_it(void)
{
    struct counter counter = {.lock = dm_lock_new()};
    pthread_t threads[THREADS];
    CHECK(counter.lock);
    for (size_t i = 0; i < THREADS; ++i) {
        CHECK(!pthread_create(&threads[i], NULL, count, &counter));
    }
    for (size_t i = 0; i < THREADS; ++i) {
        CHECK(!pthread_join(threads[i], NULL));
    }
    CHECK_INT(counter.n, (int64_t)THREADS * ROUNDS);
    dm_lock_free(counter.lock);
}

static void
an_allocation_may_fail(void)
{
    dm_alloc_fail_after(0);
    const struct dm_lock *lock = dm_lock_new();
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK(!lock);
    dm_lock_free(NULL);
}

int
main(void)
{
    one_at_a_time_holds_it();
    an_allocation_may_fail();
    return 0;
}
