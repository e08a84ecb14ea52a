// SPDX-License-Identifier: ISC

#include "net/resolver.h"

#include "base/actor.h"

enum dm_status
dm_resolver_start(const struct dm_resolver *resolver,
                  const struct dm_resolve_question *question,
                  dm_resolve_fn done, void *context, struct dm_resolve **ret)
{
    DM_ON_LOOP();
    assert(question->timeout_ns > 0);
    return resolver->ops->start(resolver->self, question, done, context, ret);
}

void
dm_resolver_cancel(const struct dm_resolver *resolver,
                   struct dm_resolve *resolve)
{
    DM_ON_LOOP();
    resolver->ops->cancel(resolver->self, resolve);
}
