// SPDX-License-Identifier: ISC

#include "base/lock.h"

#include "base/alloc.h"

#include <assert.h>
#include <pthread.h>

struct dm_lock {
    pthread_mutex_t mutex;
};

struct dm_lock *
dm_lock_new(void)
{
    struct dm_lock *lock = dm_calloc(1, sizeof(*lock));
    if (lock && pthread_mutex_init(&lock->mutex, NULL)) {
        dm_free(lock);
        return NULL;
    }
    return lock;
}

void
dm_lock_free(struct dm_lock *lock)
{
    if (lock) {
        (void)pthread_mutex_destroy(&lock->mutex);
        dm_free(lock);
    }
}

void
dm_lock_take(struct dm_lock *lock)
{
    const int error = pthread_mutex_lock(&lock->mutex);
    assert(!error);
    (void)error;
}

void
dm_lock_give(struct dm_lock *lock)
{
    const int error = pthread_mutex_unlock(&lock->mutex);
    assert(!error);
    (void)error;
}
