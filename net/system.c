// SPDX-License-Identifier: ISC

#include "net/system.h"

#include "base/actor.h"

enum dm_status
dm_system_start(const struct dm_system *system,
                const struct dm_system_question *question, dm_system_fn done,
                void *context, struct dm_system_read **ret)
{
    DM_ON_LOOP();
    assert(question->timeout_ns > 0);
    return system->ops->start(system->self, question, done, context, ret);
}

void
dm_system_cancel(const struct dm_system *system, struct dm_system_read *read)
{
    DM_ON_LOOP();
    system->ops->cancel(system->self, read);
}
