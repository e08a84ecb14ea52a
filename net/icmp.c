// SPDX-License-Identifier: ISC

#include "net/icmp.h"

#include "base/actor.h"

enum dm_status
dm_ping_start(const struct dm_pinger *pinger, const struct dm_ping_spec *spec,
              dm_ping_fn done, void *context, struct dm_ping **ret)
{
    DM_ON_LOOP();
    assert(spec->timeout_ns > 0);
    assert(spec->payload >= DM_PING_PAYLOAD_MIN);
    assert(spec->payload <= DM_PING_PAYLOAD_MAX);
    return pinger->ops->start(pinger->self, spec, done, context, ret);
}

void
dm_ping_cancel(const struct dm_pinger *pinger, struct dm_ping *ping)
{
    DM_ON_LOOP();
    pinger->ops->cancel(pinger->self, ping);
}
