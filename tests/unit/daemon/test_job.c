// SPDX-License-Identifier: ISC

#include "daemon/job.h"

#include "tests/check.h"

#define WAITING 2U

struct counted {
    struct dm_job job;
    int n_steps;
    int n_done;
    int n_freed;
};

static enum dm_status
step(struct dm_job *head)
{
    struct counted *job = (struct counted *)head;
    return ++job->n_steps < 3 ? DM_AGAIN : DM_OK;
}

static void
done(struct dm_job *head)
{
    ++((struct counted *)head)->n_done;
}

static void
release(struct dm_job *head)
{
    ++((struct counted *)head)->n_freed;
}

static const struct dm_job_ops ops = {
    .name = "counted", .step = step, .done = done, .free = release};

static void
on_wake(void *context)
{
    ++*(int *)context;
}

static enum dm_progress
step_worker(struct dm_job_pool *pool, size_t i)
{
    const struct dm_actor worker = dm_job_pool_worker(pool, i);
    int64_t due_ns = 0;
    return dm_actor_step(&worker, 0, &due_ns);
}

static void
a_job_is_stepped_to_its_end(void)
{
    int wakes = 0;
    struct dm_job_pool *pool = dm_job_pool_new(1, WAITING, on_wake, &wakes);
    struct counted job = {.job = {.ops = &ops}};
    CHECK(pool);
    CHECK_INT(step_worker(pool, 0), DM_PROGRESS_IDLE);
    CHECK_INT(dm_job_start(pool, &job.job), DM_OK);
    for (int i = 1; i <= 3; ++i) {
        CHECK_INT(wakes, 0);
        CHECK_INT(step_worker(pool, 0), DM_PROGRESS_WORKED);
        CHECK_INT(job.n_steps, i);
    }
    CHECK_INT(wakes, 1);
    CHECK_INT(job.n_done, 0); // The loop says when
    CHECK_INT((int64_t)dm_job_pool_busy(pool), 1);
    dm_job_pool_finish(pool);
    CHECK_INT(job.n_done, 1);
    CHECK_INT((int64_t)dm_job_pool_busy(pool), 0);
    dm_job_pool_free(pool);
    CHECK_INT(job.n_freed, 0);
}

static void
who_is_too_many_is_refused(void)
{
    int wakes = 0;
    struct dm_job_pool *pool = dm_job_pool_new(2, WAITING, on_wake, &wakes);
    struct counted jobs[2 + WAITING + 1];
    CHECK(pool);
    for (size_t i = 0; i < DM_COUNT_OF(jobs); ++i) {
        jobs[i] = (struct counted){.job = {.ops = &ops}};
        CHECK_INT(dm_job_start(pool, &jobs[i].job),
                  i < 2 + WAITING ? DM_OK : DM_ERR_LIMIT);
    }
    (void)step_worker(pool, 0);
    (void)step_worker(pool, 1);
    CHECK_INT(jobs[0].n_steps, 1);
    CHECK_INT(jobs[1].n_steps, 1);
    (void)step_worker(pool, 0);
    (void)step_worker(pool, 0);
    dm_job_pool_finish(pool);
    CHECK_INT(jobs[0].n_done, 1);
    // There is room again; and what never ends is freed with the pool
    CHECK_INT(dm_job_start(pool, &jobs[2 + WAITING].job), DM_OK);
    dm_job_pool_free(pool);
    for (size_t i = 0; i < DM_COUNT_OF(jobs); ++i) {
        CHECK_INT(jobs[i].n_done + jobs[i].n_freed, 1);
    }
}

int
main(void)
{
    a_job_is_stepped_to_its_end();
    who_is_too_many_is_refused();
    return 0;
}
