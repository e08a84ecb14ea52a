// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_JOB_H
#define DM_DAEMON_JOB_H

/**
 * @file
 * Work for workers: queries, pages, reloads, rounds of rules.
 *
 *            loop                     worker                    loop
 *   start --> queue --> step, step, … (DM_AGAIN) … --> queue --> done
 *                 └ full: DM_ERR_LIMIT, the job is the caller's
 *
 * A job is a struct with a dm_job at its head. A worker takes one job after the
 * other and steps each to its end; several workers share a pool's queue. A job
 * has the bounds of its dm_work; who starts it may cancel it at any time, and
 * `done` still comes, once, on the loop.
 *
 * Threads: start and done DM_ON_LOOP; step DM_ON_WORKER; cancel any.
 */

#include "base/actor.h"
#include "base/attr.h"
#include "base/queue.h"
#include "base/status.h"
#include "base/work.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

struct dm_job;

struct dm_job_ops {
    const char *name;
    /// One bounded piece. DM_AGAIN: step again; anything else is the end.
    enum dm_status (*step)(struct dm_job *job);
    /// The end, on the loop; `job->status` says how. It owns the job from then
    /// on.
    void (*done)(struct dm_job *job);
    /// Release a job that never came to its end: the pool was freed before.
    void (*free)(struct dm_job *job);
};

struct dm_job {
    const struct dm_job_ops *ops;
    struct dm_work work;
    enum dm_status status; ///< Of the last step
};

struct dm_job_pool;

/// @param wake Wakes the loop, where dm_job_pool_finish() is to be called.
/// @param max_waiting Jobs beyond those that run.
struct dm_job_pool *DM_NULLABLE
dm_job_pool_new(size_t n_workers, size_t max_waiting, dm_wake_fn wake_loop,
                void *DM_NULLABLE loop_context) DM_NODISCARD;
/// Jobs that wait or run are freed without `done`; the workers have ended.
void dm_job_pool_free(struct dm_job_pool *DM_NULLABLE pool);

/// The i-th worker, to be stepped; and how to wake it, set by who runs it.
struct dm_actor dm_job_pool_worker(struct dm_job_pool *pool, size_t i);
void dm_job_pool_set_wake(struct dm_job_pool *pool, size_t i, dm_wake_fn wake,
                          void *DM_NULLABLE context);

/// Give the job to the workers. DM_ON_LOOP.
/// @return DM_ERR_LIMIT when `max_waiting` wait already.
enum dm_status dm_job_start(struct dm_job_pool *pool, struct dm_job *job)
    DM_NODISCARD;

/// Call `done` of what has ended. DM_ON_LOOP.
void dm_job_pool_finish(struct dm_job_pool *pool);

/// Jobs that wait or run
size_t dm_job_pool_busy(const struct dm_job_pool *pool);

DM_END_DECLS

#endif // DM_DAEMON_JOB_H
