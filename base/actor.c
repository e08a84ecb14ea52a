// SPDX-License-Identifier: ISC

#include "base/actor.h"

static _Thread_local enum dm_role current = DM_ROLE_NONE;

enum dm_progress
dm_actor_step(const struct dm_actor *actor, int64_t now_ns, int64_t *ret_due_ns)
{
    const enum dm_role before = current;
    current = actor->role;
    const enum dm_progress progress =
        actor->step(actor->self, now_ns, ret_due_ns);
    current = before;
    return progress;
}

enum dm_role
dm_role_now(void)
{
    return current;
}
