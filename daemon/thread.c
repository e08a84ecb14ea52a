// SPDX-License-Identifier: ISC

#include "daemon/thread.h"

#include "base/alloc.h"
#include "base/time.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#define STACK_BYTES ((size_t)512 * 1024)

struct dm_thread {
    const struct dm_env *env;
    struct dm_actor actor;
    pthread_t thread;
    pthread_mutex_t lock; // Over the two below
    pthread_cond_t woken;
    bool is_woken;
    bool must_stop;
    bool is_running;
};

struct dm_thread *
dm_thread_new(const struct dm_env *env, struct dm_actor actor)
{
    struct dm_thread *thread = dm_calloc(1, sizeof(*thread));
    pthread_condattr_t attributes;
    if (!thread) {
        return NULL;
    }
    thread->env = env;
    thread->actor = actor;
    // Cannot fail for the attributes that are set
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&thread->lock, NULL);
    (void)pthread_cond_init(&thread->woken, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return thread;
}

void
dm_thread_free(struct dm_thread *thread)
{
    if (thread) {
        (void)pthread_cond_destroy(&thread->woken);
        (void)pthread_mutex_destroy(&thread->lock);
        dm_free(thread);
    }
}

void
dm_thread_wake(void *context)
{
    struct dm_thread *thread = context;
    (void)pthread_mutex_lock(&thread->lock);
    thread->is_woken = true;
    (void)pthread_cond_signal(&thread->woken);
    (void)pthread_mutex_unlock(&thread->lock);
}

// Sleep until woken, stopped or due; whether to go on
static bool
wait(struct dm_thread *thread, bool is_idle, int64_t due_ns)
{
    const struct timespec until = {
        .tv_sec = (time_t)(due_ns / DM_NS_PER_SECOND),
        .tv_nsec = (long)(due_ns % DM_NS_PER_SECOND),
    };
    (void)pthread_mutex_lock(&thread->lock);
    int timed_out = 0;
    while (is_idle && !timed_out && !thread->is_woken && !thread->must_stop) {
        timed_out =
            due_ns == DM_NEVER_DUE
                ? pthread_cond_wait(&thread->woken, &thread->lock)
                : pthread_cond_timedwait(&thread->woken, &thread->lock, &until);
    }
    thread->is_woken = false;
    const bool go_on = !thread->must_stop;
    (void)pthread_mutex_unlock(&thread->lock);
    return go_on;
}

static void *
run(void *context)
{
    struct dm_thread *thread = context;
    bool is_idle = false;
    int64_t due_ns = DM_NEVER_DUE;
    while (wait(thread, is_idle, due_ns)) {
        due_ns = DM_NEVER_DUE;
        const enum dm_progress progress = dm_actor_step(
            &thread->actor, dm_env_monotonic_ns(thread->env), &due_ns);
        if (progress == DM_PROGRESS_ENDED) {
            break;
        }
        is_idle = progress == DM_PROGRESS_IDLE;
    }
    return NULL;
}

enum dm_status
dm_thread_start(struct dm_thread *thread)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed =
        pthread_create(&thread->thread, &attributes, run, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    thread->is_running = !failed;
    return failed ? DM_ERR_NO_MEMORY : DM_OK;
}

void
dm_thread_stop(struct dm_thread *thread)
{
    if (!thread->is_running) {
        return;
    }
    (void)pthread_mutex_lock(&thread->lock);
    thread->must_stop = true;
    (void)pthread_cond_signal(&thread->woken);
    (void)pthread_mutex_unlock(&thread->lock);
    (void)pthread_join(thread->thread, NULL);
    thread->is_running = false;
}
