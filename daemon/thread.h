// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_THREAD_H
#define DM_DAEMON_THREAD_H

/**
 * @file
 * A thread for an actor: step, or sleep until woken or due.
 *
 * All threads block every signal; they are the loop's.
 */

#include "base/actor.h"
#include "base/attr.h"
#include "base/env.h"
#include "base/status.h"

DM_BEGIN_DECLS

struct dm_thread;

/// Prepare; the thread does not run yet. NULL when out of memory.
struct dm_thread *DM_NULLABLE dm_thread_new(const struct dm_env *env,
                                            struct dm_actor actor) DM_NODISCARD;
/// The thread was stopped, or never started.
void dm_thread_free(struct dm_thread *DM_NULLABLE thread);

/// A dm_wake_fn whose context is the thread; from any thread.
void dm_thread_wake(void *DM_NULLABLE context);

enum dm_status dm_thread_start(struct dm_thread *thread) DM_NODISCARD;
/// Let the present step end, then join.
void dm_thread_stop(struct dm_thread *thread);

DM_END_DECLS

#endif // DM_DAEMON_THREAD_H
