// SPDX-License-Identifier: ISC

#ifndef DM_BASE_ACTOR_H
#define DM_BASE_ACTOR_H

/**
 * @file
 * Work in bounded steps, so that a thread or a simulator can run it.
 *
 * A node is a handful of actors. Each does one bounded piece of work in a step:
 * the loop one event, the writer one transaction, a worker up to 1024 rows. It
 * never waits inside a step. A thread in daemon/ steps one actor and sleeps
 * until it is woken or its due time comes; the simulator steps all of them from
 * one thread and picks whose turn it is. Actors meet in queues (base/queue.h).
 *
 *   loop     network, schedule, state machines. No file, no database.
 *   writer   transactions; the only one that changes the store.
 *   worker   queries, rules and the view, verification: reads the store.
 *
 * The first line of a function that belongs to one of them says so:
 *
 *     DM_ON_LOOP();
 *
 * and fails an assertion when another actor steps into it.
 */

#include "base/attr.h"

#include <assert.h>
#include <stdint.h>

DM_BEGIN_DECLS

enum dm_role {
    DM_ROLE_NONE, ///< No actor is being stepped: start-up, command line, tests
    DM_ROLE_LOOP,
    DM_ROLE_WRITER,
    DM_ROLE_WORKER,
};

enum dm_progress {
    DM_PROGRESS_IDLE,   ///< Nothing to do before `*ret_due_ns` or a wake-up
    DM_PROGRESS_WORKED, ///< Got on; step again soon
    DM_PROGRESS_ENDED,  ///< Never step again
};

/// No due time: only a wake-up brings work
#define DM_NEVER_DUE INT64_MAX

/// One bounded piece of work at monotonic time `now_ns`. Sets `*ret_due_ns`
/// when it returns DM_PROGRESS_IDLE: when it wants its next step.
typedef enum dm_progress (*dm_step_fn)(void *self, int64_t now_ns,
                                       int64_t *ret_due_ns);

/// Makes the thread of an actor step it; from any thread, may be called twice.
typedef void (*dm_wake_fn)(void *DM_NULLABLE context);

struct dm_actor {
    const char *name;
    enum dm_role role;
    dm_step_fn step;
    void *self;
};

/// Step `actor` in its role.
enum dm_progress dm_actor_step(const struct dm_actor *actor, int64_t now_ns,
                               int64_t *ret_due_ns);

/// Whose step this thread is in
enum dm_role dm_role_now(void);

/// Whether a function of `role` may run: in a step of that role, or outside any
/// step (start-up, tests)
#define DM_ROLE_FITS(role)                                                     \
    (dm_role_now() == DM_ROLE_NONE || dm_role_now() == (role))
#define DM_ON_LOOP() assert(DM_ROLE_FITS(DM_ROLE_LOOP))
#define DM_ON_WRITER() assert(DM_ROLE_FITS(DM_ROLE_WRITER))
#define DM_ON_WORKER() assert(DM_ROLE_FITS(DM_ROLE_WORKER))

DM_END_DECLS

#endif // DM_BASE_ACTOR_H
