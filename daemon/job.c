// SPDX-License-Identifier: ISC

#include "daemon/job.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdatomic.h>

struct worker {
    struct dm_job_pool *pool;
    struct dm_job *current; // Being stepped
    dm_wake_fn wake;
    void *wake_context;
};

struct dm_job_pool {
    struct dm_queue *waiting;
    struct dm_queue *ended;
    atomic_size_t busy; // Waiting, running or ended and not yet told
    size_t max_busy;
    size_t n_workers;
    struct worker workers[];
};

static void
discard(void *item)
{
    struct dm_job *job = item;
    job->ops->free(job);
}

static void
wake_workers(void *context)
{
    const struct dm_job_pool *pool = context;
    for (size_t i = 0; i < pool->n_workers; ++i) {
        if (pool->workers[i].wake) {
            pool->workers[i].wake(pool->workers[i].wake_context);
        }
    }
}

struct dm_job_pool *
dm_job_pool_new(size_t n_workers, size_t max_waiting, dm_wake_fn wake_loop,
                void *loop_context)
{
    assert(n_workers > 0 && max_waiting > 0);
    struct dm_job_pool *pool =
        dm_calloc(1, sizeof(*pool) + n_workers * sizeof(pool->workers[0]));
    if (!pool) {
        return NULL;
    }
    pool->n_workers = n_workers;
    pool->max_busy = n_workers + max_waiting;
    atomic_init(&pool->busy, 0);
    for (size_t i = 0; i < n_workers; ++i) {
        pool->workers[i].pool = pool;
    }
    // Both queues hold every job there can be, so only start() is ever refused
    pool->waiting = dm_queue_new(pool->max_busy, discard, wake_workers, pool);
    pool->ended =
        dm_queue_new(pool->max_busy, discard, wake_loop, loop_context);
    if (!pool->waiting || !pool->ended) {
        dm_job_pool_free(pool);
        return NULL;
    }
    return pool;
}

void
dm_job_pool_free(struct dm_job_pool *pool)
{
    if (!pool) {
        return;
    }
    for (size_t i = 0; i < pool->n_workers; ++i) {
        if (pool->workers[i].current) {
            discard(pool->workers[i].current);
        }
    }
    dm_queue_free(pool->waiting);
    dm_queue_free(pool->ended);
    dm_free(pool);
}

static enum dm_progress
step(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    struct worker *worker = self;
    DM_ON_WORKER();
    (void)now_ns;
    if (!worker->current) {
        worker->current = dm_queue_pop(worker->pool->waiting);
    }
    struct dm_job *job = worker->current;
    if (!job) {
        *ret_due_ns = DM_NEVER_DUE;
        return DM_PROGRESS_IDLE;
    }

    job->status = job->ops->step(job);
    if (job->status != DM_AGAIN) {
        worker->current = NULL;
        const enum dm_status pushed = dm_queue_push(worker->pool->ended, job);
        assert(pushed == DM_OK);
    }
    return DM_PROGRESS_WORKED;
}

struct dm_actor
dm_job_pool_worker(struct dm_job_pool *pool, size_t i)
{
    assert(i < pool->n_workers);
    return (struct dm_actor){
        .name = "worker",
        .role = DM_ROLE_WORKER,
        .step = step,
        .self = &pool->workers[i],
    };
}

void
dm_job_pool_set_wake(struct dm_job_pool *pool, size_t i, dm_wake_fn wake,
                     void *context)
{
    assert(i < pool->n_workers);
    pool->workers[i].wake = wake;
    pool->workers[i].wake_context = context;
}

enum dm_status
dm_job_start(struct dm_job_pool *pool, struct dm_job *job)
{
    DM_ON_LOOP();
    if (atomic_load(&pool->busy) >= pool->max_busy) {
        return DM_ERR_LIMIT;
    }
    (void)atomic_fetch_add(&pool->busy, 1);
    const enum dm_status status = dm_queue_push(pool->waiting, job);
    assert(status == DM_OK);
    return DM_OK;
}

void
dm_job_pool_finish(struct dm_job_pool *pool)
{
    DM_ON_LOOP();
    for (struct dm_job *job = dm_queue_pop(pool->ended); job;
         job = dm_queue_pop(pool->ended)) {
        (void)atomic_fetch_sub(&pool->busy, 1);
        job->ops->done(job);
    }
}

size_t
dm_job_pool_busy(const struct dm_job_pool *pool)
{
    return atomic_load(&pool->busy);
}
