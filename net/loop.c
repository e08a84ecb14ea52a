// SPDX-License-Identifier: ISC

#include "net/loop.h"

#include <assert.h>

void
dm_loop_init(struct dm_loop *loop, const struct dm_loop_ops *ops, void *self)
{
    const struct dm_loop fresh = {.ops = ops, .self = self};
    *loop = fresh;
}

static size_t
run_timers(struct dm_loop *loop, size_t max)
{
    // What is started from here on waits for the next step, even if it is due,
    // so that timers that start timers do not keep events from being handled
    const uint64_t n_started = loop->timers.n_started;
    const int64_t now_ns = dm_loop_now_ns(loop);
    size_t n = 0;
    while (n < max && !loop->has_ended) {
        struct dm_timer *timer = loop->timers.first;
        if (!timer || timer->due_ns > now_ns || timer->order >= n_started) {
            break;
        }
        const dm_timer_fn fire = timer->fire;
        void *context = timer->context;
        dm_timers_remove(&loop->timers, timer);
        fire(context); // May free the timer
        ++n;
    }
    return n;
}

static size_t
run_wakers(struct dm_loop *loop)
{
    size_t n = 0;
    struct dm_waker *next = NULL;
    for (struct dm_waker *waker = loop->wakers; waker; waker = next) {
        next = waker->next;
        if (atomic_exchange(&waker->is_woken, false)) {
            waker->run(waker->context);
            ++n;
        }
    }
    return n;
}

size_t
dm_loop_dispatch(struct dm_loop *loop, bool one_only)
{
    DM_ON_LOOP();
    const size_t n_woken = run_wakers(loop);
    if (one_only && n_woken) {
        return n_woken;
    }
    return n_woken + run_timers(loop, one_only ? 1 : DM_LOOP_BATCH);
}

int64_t
dm_loop_due_ns(const struct dm_loop *loop)
{
    for (const struct dm_waker *waker = loop->wakers; waker;
         waker = waker->next) {
        if (atomic_load(&waker->is_woken)) {
            return 0;
        }
    }
    return loop->timers.first ? loop->timers.first->due_ns : DM_NEVER_DUE;
}

int64_t
dm_loop_now_ns(struct dm_loop *loop)
{
    return loop->ops->now_ns(loop->self);
}

static enum dm_progress
step(struct dm_loop *loop, int64_t max_wait_ns, int64_t *ret_due_ns)
{
    if (loop->has_ended) {
        return DM_PROGRESS_ENDED;
    }
    const enum dm_progress progress =
        loop->ops->step(loop->self, max_wait_ns, ret_due_ns);
    return loop->has_ended ? DM_PROGRESS_ENDED : progress;
}

static enum dm_progress
step_without_waiting(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    (void)now_ns; // The loop has the same clock
    return step(self, 0, ret_due_ns);
}

struct waiting_step {
    struct dm_loop *loop;
    int64_t max_wait_ns;
};

static enum dm_progress
step_waiting(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    (void)now_ns;
    const struct waiting_step *arguments = self;
    return step(arguments->loop, arguments->max_wait_ns, ret_due_ns);
}

enum dm_progress
dm_loop_step(struct dm_loop *loop, int64_t max_wait_ns, int64_t *ret_due_ns)
{
    assert(max_wait_ns >= 0);
    struct waiting_step arguments = {loop, max_wait_ns};
    const struct dm_actor actor = {
        .name = "loop",
        .role = DM_ROLE_LOOP,
        .step = step_waiting,
        .self = &arguments,
    };
    return dm_actor_step(&actor, 0, ret_due_ns);
}

struct dm_actor
dm_loop_actor(struct dm_loop *loop)
{
    const struct dm_actor actor = {
        .name = "loop",
        .role = DM_ROLE_LOOP,
        .step = step_without_waiting,
        .self = loop,
    };
    return actor;
}

void
dm_loop_end(struct dm_loop *loop)
{
    DM_ON_LOOP();
    loop->has_ended = true;
}

void
dm_loop_timer_start(struct dm_loop *loop, struct dm_timer *timer,
                    int64_t due_ns, dm_timer_fn fire, void *context)
{
    DM_ON_LOOP();
    if (timer->is_running) {
        dm_timers_remove(&loop->timers, timer);
    }
    timer->due_ns = due_ns;
    timer->fire = fire;
    timer->context = context;
    dm_timers_insert(&loop->timers, timer);
}

void
dm_loop_timer_stop(struct dm_loop *loop, struct dm_timer *timer)
{
    DM_ON_LOOP();
    if (timer->is_running) {
        dm_timers_remove(&loop->timers, timer);
    }
}

void
dm_waker_init(struct dm_waker *waker, struct dm_loop *loop, dm_waker_fn run,
              void *context)
{
    DM_ON_LOOP();
    waker->loop = loop;
    waker->run = run;
    waker->context = context;
    atomic_init(&waker->is_woken, false);
    waker->next = loop->wakers;
    loop->wakers = waker;
}

void
dm_waker_done(struct dm_waker *waker)
{
    DM_ON_LOOP();
    struct dm_waker **link = &waker->loop->wakers;
    while (*link != waker) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = waker->next;
    waker->next = NULL;
}

void
dm_waker_wake(void *waker)
{
    struct dm_waker *self = waker;
    if (!atomic_exchange(&self->is_woken, true)) {
        self->loop->ops->wake(self->loop->self);
    }
}
