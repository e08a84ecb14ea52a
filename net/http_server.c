// SPDX-License-Identifier: ISC

#include "net/http_server.h"

#include "base/actor.h"

enum dm_status
dm_http_servers_listen(const struct dm_http_servers *servers,
                       const struct dm_http_listen *listen,
                       const struct dm_http_handler *handler,
                       struct dm_http_server **ret, struct dm_error *error)
{
    DM_ON_LOOP();
    assert(listen->max_connections > 0);
    assert(listen->max_per_address > 0);
    assert(listen->max_stream_bytes > 0);
    assert(listen->idle_timeout_ns > 0);
    assert(listen->window_ns > 0 || !listen->window_bytes);
    return servers->ops->listen(servers->self, listen, handler, ret, error);
}

void
dm_http_servers_endpoint(const struct dm_http_servers *servers,
                         struct dm_http_server *server, struct dm_endpoint *ret)
{
    servers->ops->endpoint(servers->self, server, ret);
}

void
dm_http_servers_close(const struct dm_http_servers *servers,
                      struct dm_http_server *server)
{
    DM_ON_LOOP();
    servers->ops->close(servers->self, server);
}

bool
dm_http_trust(struct dm_http_call *call, unsigned max)
{
    DM_ON_LOOP();
    return call->ops->trust(call, max);
}

static bool
are_valid(const struct dm_http_header *headers, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        if (!dm_http_header_is_valid(&headers[i])) {
            return false;
        }
    }
    return n <= DM_HTTP_HEADERS_MAX;
}

enum dm_status
dm_http_answer(struct dm_http_call *call, unsigned status,
               const struct dm_http_header *headers, size_t n_headers,
               char *body, size_t n_body)
{
    DM_ON_LOOP();
    assert(call->state == DM_HTTP_CALL_OPEN);
    assert(are_valid(headers, n_headers));
    call->state = DM_HTTP_CALL_ANSWERED;
    return call->ops->answer(call, status, headers, n_headers, body, n_body);
}

enum dm_status
dm_http_stream(struct dm_http_call *call, unsigned status,
               const struct dm_http_header *headers, size_t n_headers)
{
    DM_ON_LOOP();
    assert(call->state == DM_HTTP_CALL_OPEN);
    assert(are_valid(headers, n_headers));
    call->state = DM_HTTP_CALL_STREAM;
    return call->ops->stream(call, status, headers, n_headers);
}

enum dm_status
dm_http_write(struct dm_http_call *call, struct dm_str bytes)
{
    DM_ON_LOOP();
    assert(call->state == DM_HTTP_CALL_STREAM);
    return bytes.n ? call->ops->write(call, bytes) : DM_OK;
}

void
dm_http_end(struct dm_http_call *call)
{
    DM_ON_LOOP();
    assert(call->state == DM_HTTP_CALL_STREAM);
    call->state = DM_HTTP_CALL_ANSWERED;
    call->ops->end(call);
}

void
dm_http_abort(struct dm_http_call *call)
{
    DM_ON_LOOP();
    assert(call->state != DM_HTTP_CALL_ANSWERED);
    call->state = DM_HTTP_CALL_ANSWERED;
    call->ops->abort(call);
}
