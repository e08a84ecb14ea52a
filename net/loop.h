// SPDX-License-Identifier: ISC

#ifndef DM_NET_LOOP_H
#define DM_NET_LOOP_H

/**
 * @file
 * The event loop: the actor that owns network, schedule and state machines.
 *
 *                  any thread                     the loop's thread
 *     queue push --> dm_waker_wake() --+
 *     sockets, children, files  -------+--> step --> timers due, wakers, events
 *     dm_loop_timer_start() -----------+
 *
 * Timers and wakers are part of this module and the same everywhere; what is
 * behind `ops` brings the clock, the waiting and the events. A step handles a
 * batch: at most DM_LOOP_BATCH timers that are due, every waker that was woken,
 * and the events that are there. Only a real loop ever waits.
 *
 * Rules for everything in net/:
 *  R1 Nothing calls back before the function that started it has returned.
 *  R2 What was started ends with exactly one completion, unless it is
 *     cancelled: then no callback comes any more, and its memory is gone or
 *     belongs to the adapter. A callback may start anything and may cancel
 *     anything but what it is the completion of.
 *  R3 A callback runs in a step of the loop (DM_ON_LOOP).
 *  R4 Bytes and texts given to a starting function are copied by it unless it
 *     says otherwise; those given to a callback live until it returns.
 *
 * Threads: dm_waker_wake() any; all else the loop's. Memory: timers and wakers
 * lie in their owners and cost no allocation, so starting one cannot fail.
 * Cost: a timer O(log n) to start, stop and fire. Time base: monotonic ns.
 */

#include "base/actor.h"
#include "base/attr.h"
#include "net/timers.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// Most timers that fire in one step
#define DM_LOOP_BATCH 256

struct dm_waker;

struct dm_loop_ops {
    /// Monotonic time, ns; never goes back. It may stand still in a step.
    int64_t (*now_ns)(void *self);
    /// Make the step that waits return soon, or the next one not wait. From
    /// any thread.
    void (*wake)(void *self);
    /// Handle what is there: dm_loop_dispatch() and the implementation's own
    /// events. Where nothing was there, wait for at most `max_wait_ns`, not
    /// beyond dm_loop_due_ns() (a simulated loop never waits).
    enum dm_progress (*step)(void *self, int64_t max_wait_ns,
                             int64_t *ret_due_ns);
};

struct dm_loop {
    const struct dm_loop_ops *ops;
    void *self;
    struct dm_timers timers;
    struct dm_waker *DM_NULLABLE wakers;
    bool has_ended;
};

/// For implementations: set up the common part.
void dm_loop_init(struct dm_loop *loop, const struct dm_loop_ops *ops,
                  void *self);

/// For implementations: run the timers that are due (one where `one_only`) and
/// the wakers that were woken.
/// @return How many callbacks there were.
size_t dm_loop_dispatch(struct dm_loop *loop, bool one_only);

/// When the next timer fires; 0 where a waker waits to be run, DM_NEVER_DUE
/// where there is nothing.
int64_t dm_loop_due_ns(const struct dm_loop *loop);

int64_t dm_loop_now_ns(struct dm_loop *loop);

/// One step, in the loop's role.
/// @param max_wait_ns 0 does not wait, DM_NEVER_DUE waits for as long as it
///        takes.
/// @return DM_PROGRESS_ENDED from dm_loop_end() on.
enum dm_progress dm_loop_step(struct dm_loop *loop, int64_t max_wait_ns,
                              int64_t *ret_due_ns);

/// The loop as an actor whose steps do not wait.
struct dm_actor dm_loop_actor(struct dm_loop *loop);

/// Let every further step return DM_PROGRESS_ENDED.
void dm_loop_end(struct dm_loop *loop);

/// Call `fire` once at `due_ns` or as soon after it as possible; in the past:
/// in the next step. A timer that runs is started anew. Timers due at one time
/// fire in the order in which they were started.
/// @param timer Zeroed before its first use; the caller's, stays where it is
///        until it has fired or was stopped.
void dm_loop_timer_start(struct dm_loop *loop, struct dm_timer *timer,
                         int64_t due_ns, dm_timer_fn fire,
                         void *DM_NULLABLE context);

/// Stop `timer`; nothing where it does not run.
void dm_loop_timer_stop(struct dm_loop *loop, struct dm_timer *timer);

/// Called in a step after one or more wake-ups.
typedef void (*dm_waker_fn)(void *DM_NULLABLE context);

/// How another thread gets the loop's attention. Lies in its owner.
struct dm_waker {
    struct dm_loop *loop;
    struct dm_waker *DM_NULLABLE next;
    dm_waker_fn run;
    void *DM_NULLABLE context;
    atomic_bool is_woken;
};

/// Start to listen; dm_waker_done() before the memory goes, after the last
/// thread that could wake it has ended, and not from another waker's `run`.
void dm_waker_init(struct dm_waker *waker, struct dm_loop *loop,
                   dm_waker_fn run, void *DM_NULLABLE context);
void dm_waker_done(struct dm_waker *waker);

/// A dm_wake_fn whose context is the waker: let the loop call `run` soon, once
/// for any number of calls that came before it. Any thread.
void dm_waker_wake(void *DM_NULLABLE waker);

DM_END_DECLS

#endif // DM_NET_LOOP_H
