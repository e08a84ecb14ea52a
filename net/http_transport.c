// SPDX-License-Identifier: ISC

#include "net/http_transport.h"

#include "base/actor.h"

enum dm_status
dm_http_transport_start(const struct dm_http_transport *transport,
                        const struct dm_http_exchange *exchange,
                        dm_http_done_fn done, void *context,
                        struct dm_http_transfer **ret)
{
    DM_ON_LOOP();
    assert(exchange->timeout_ns > 0);
    assert(exchange->n_headers <= DM_HTTP_HEADERS_MAX);
    return transport->ops->start(transport->self, exchange, done, context, ret);
}

void
dm_http_transport_cancel(const struct dm_http_transport *transport,
                         struct dm_http_transfer *transfer)
{
    DM_ON_LOOP();
    transport->ops->cancel(transport->self, transfer);
}
