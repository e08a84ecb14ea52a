// SPDX-License-Identifier: ISC

#include "base/queue.h"

#include "base/alloc.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct dm_queue {
    pthread_mutex_t lock; // Over head and count
    size_t capacity;
    size_t head; // Index of the oldest
    size_t count;
    dm_discard_fn discard;
    dm_wake_fn wake;
    void *wake_context;
    void *items[];
};

struct dm_queue *
dm_queue_new(size_t capacity, dm_discard_fn discard, dm_wake_fn wake,
             void *wake_context)
{
    assert(capacity > 0);
    if (capacity > (SIZE_MAX - sizeof(struct dm_queue)) / sizeof(void *)) {
        return NULL;
    }
    struct dm_queue *queue =
        dm_calloc(1, sizeof(*queue) + capacity * sizeof(void *));
    if (!queue) {
        return NULL;
    }
    if (pthread_mutex_init(&queue->lock, NULL)) {
        dm_free(queue);
        return NULL;
    }
    queue->capacity = capacity;
    queue->discard = discard;
    queue->wake = wake;
    queue->wake_context = wake_context;
    return queue;
}

void
dm_queue_free(struct dm_queue *queue)
{
    if (!queue) {
        return;
    }
    for (void *item = dm_queue_pop(queue); item; item = dm_queue_pop(queue)) {
        queue->discard(item);
    }
    (void)pthread_mutex_destroy(&queue->lock);
    dm_free(queue);
}

enum dm_status
dm_queue_push(struct dm_queue *queue, void *item)
{
    (void)pthread_mutex_lock(&queue->lock);
    const bool full = queue->count == queue->capacity;
    if (!full) {
        queue->items[(queue->head + queue->count) % queue->capacity] = item;
        ++queue->count;
    }
    (void)pthread_mutex_unlock(&queue->lock);

    if (full) {
        return DM_ERR_LIMIT;
    }
    if (queue->wake) {
        queue->wake(queue->wake_context);
    }
    return DM_OK;
}

void *
dm_queue_pop(struct dm_queue *queue)
{
    void *item = NULL;
    (void)pthread_mutex_lock(&queue->lock);
    if (queue->count) {
        item = queue->items[queue->head];
        queue->head = (queue->head + 1) % queue->capacity;
        --queue->count;
    }
    (void)pthread_mutex_unlock(&queue->lock);
    return item;
}

size_t
dm_queue_count(struct dm_queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    const size_t count = queue->count;
    (void)pthread_mutex_unlock(&queue->lock);
    return count;
}

size_t
dm_queue_capacity(const struct dm_queue *queue)
{
    return queue->capacity;
}
