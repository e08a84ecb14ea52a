// SPDX-License-Identifier: ISC

#include "net/mhd_private.h"

#include "base/alloc.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

// What is read of a body that is too large, so that a client that is only a
// little over gets to see the answer
#define DROPPED_MAX ((size_t)1024 * 1024)
#define ARENA_MAX ((size_t)4 * DM_HTTP_HEADER_BYTES_MAX)
#define STREAM_BLOCK 16384U

// Watches the socket of a suspended connection; frees itself when closed
struct mhd_gone {
    uv_poll_t poll;
    struct mhd_call *call;
};

static struct mhd_call *
call_of(struct dm_http_call *call)
{
    return (struct mhd_call *)call; // Its first member
}

// ------------------------------------------------------- suspend and resume

static void
on_watch_closed(uv_handle_t *handle)
{
    dm_free(handle->data);
}

static void
stop_watching(struct mhd_call *call)
{
    if (call->gone) {
        uv_close((uv_handle_t *)&call->gone->poll, on_watch_closed);
        call->gone = NULL;
    }
}

static void
on_socket_event(uv_poll_t *poll, int status, int events)
{
    const struct mhd_gone *gone = poll->data;
    struct mhd_call *call = gone->call;
    ++call->server->mhd->uv->n_events;
    if (status >= 0 && !(events & UV_DISCONNECT)) {
        return;
    }
    call->is_cut = true;
    dm_mhd_resume(call);
    dm_mhd_tell_closed(call, false);
}

// Where memory is out the client is not watched; the call ends later then
static void
start_watching(struct mhd_call *call)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct mhd_gone *gone = dm_calloc(1, sizeof(*gone));
    if (!info || !gone ||
        uv_poll_init(&call->server->mhd->uv->uv, &gone->poll,
                     info->connect_fd)) {
        dm_free(gone);
        return;
    }
    gone->call = call;
    gone->poll.data = gone;
    call->gone = gone;
    (void)uv_poll_start(&gone->poll, UV_DISCONNECT, on_socket_event);
}

static void
suspend(struct mhd_call *call)
{
    assert(!call->is_suspended);
    call->is_suspended = true;
    MHD_suspend_connection(call->connection);
    start_watching(call);
}

void
dm_mhd_resume(struct mhd_call *call)
{
    if (!call->is_suspended) {
        return;
    }
    call->is_suspended = false;
    stop_watching(call);
    MHD_resume_connection(call->connection);
    dm_mhd_run_soon(call->server);
}

void
dm_mhd_tell_closed(struct mhd_call *call, bool is_complete)
{
    if (call->is_told && !call->is_closed) {
        const struct dm_http_handler *handler = &call->server->handler;
        call->is_closed = true;
        call->call.state = DM_HTTP_CALL_ANSWERED;
        handler->on_closed(handler->context, &call->call, is_complete);
    }
}

// ------------------------------------------------------------- what comes in

static void
link_call(struct mhd_call *call)
{
    struct dm_http_server *server = call->server;
    call->next = server->calls;
    if (call->next) {
        call->next->before = call;
    }
    server->calls = call;
}

static void
free_call(struct mhd_call *call)
{
    struct dm_http_server *server = call->server;
    if (call->before) {
        call->before->next = call->next;
    } else {
        server->calls = call->next;
    }
    if (call->next) {
        call->next->before = call->before;
    }
    stop_watching(call);
    dm_loop_timer_stop(&server->mhd->uv->loop, &call->writable);
    if (call->response) {
        MHD_destroy_response(call->response);
    }
    dm_buf_done(&call->body);
    dm_buf_done(&call->unsent);
    dm_arena_done(&call->arena);
    dm_free(call);
}

static const struct dm_http_call_ops call_ops;

void *
dm_mhd_on_target(void *cls, const char *target,
                 struct MHD_Connection *connection)
{
    struct dm_http_server *server = cls;
    struct mhd_call *call = dm_calloc(1, sizeof(*call));
    if (!call) {
        return NULL; // dm_mhd_on_request() ends the connection
    }
    call->call.ops = &call_ops;
    call->server = server;
    call->connection = connection;
    dm_arena_init(&call->arena, ARENA_MAX, NULL);
    dm_buf_init(&call->body, 0);
    dm_buf_init(&call->unsent, server->listen.max_stream_bytes);
    link_call(call);
    struct mhd_connection *own = dm_mhd_connection_of(connection);
    if (own) {
        dm_mhd_await_header(own);
    }

    const struct dm_str question = DM_STR("?");
    const struct dm_str whole = dm_arena_copy(&call->arena, dm_str(target));
    const size_t at = dm_str_find(whole, question);
    call->call.incoming.path = dm_str_slice(whole, 0, at);
    call->call.incoming.query = dm_str_slice(whole, at + 1, whole.n);
    call->is_cut = !whole.data;
    return call;
}

struct header_sink {
    struct dm_arena *arena;
    struct dm_http_header *headers;
    size_t n;
    bool has_failed;
};

static enum MHD_Result
on_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t n_name,
          const char *value, size_t n_value)
{
    (void)kind;
    struct header_sink *sink = cls;
    if (sink->n == DM_HTTP_HEADERS_MAX) {
        sink->has_failed = true;
        return MHD_NO;
    }
    struct dm_http_header *header = &sink->headers[sink->n];
    header->name = dm_arena_copy(sink->arena, dm_str_n(name, n_name));
    header->value = dm_arena_copy(
        sink->arena, dm_str_n(value ? value : "", value ? n_value : 0));
    ++sink->n;
    sink->has_failed = !header->name.data || !header->value.data;
    return sink->has_failed ? MHD_NO : MHD_YES;
}

static bool
read_headers(struct mhd_call *call)
{
    struct header_sink sink = {.arena = &call->arena};
    sink.headers = dm_arena_alloc(&call->arena, DM_HTTP_HEADERS_MAX,
                                  sizeof(*sink.headers));
    if (!sink.headers) {
        return false;
    }
    (void)MHD_get_connection_values_n(call->connection, MHD_HEADER_KIND,
                                      on_header, &sink);
    call->call.incoming.headers = sink.headers;
    call->call.incoming.n_headers = sink.n;
    return !sink.has_failed;
}

static void
read_peer(struct mhd_call *call)
{
    struct dm_http_incoming *incoming = &call->call.incoming;
    incoming->from = call->server->endpoint;
    incoming->peer = DM_HTTP_PEER_OTHER;
    if (incoming->from.kind == DM_ENDPOINT_UNIX) {
        incoming->peer = DM_HTTP_PEER_SOCKET;
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info && dm_endpoint_from_system(info->client_addr, &incoming->from) &&
        dm_address_is_loopback(&incoming->from.address)) {
        incoming->peer = DM_HTTP_PEER_LOOPBACK;
    }
}

// Whether the body is said to be longer than `max`
static bool
is_announced_too_large(const struct dm_http_incoming *incoming, size_t max)
{
    uint64_t n = 0;
    const struct dm_str length = dm_http_header_get(
        incoming->headers, incoming->n_headers, "Content-Length");
    return length.n && (!dm_str_to_uint(length, UINT64_MAX, &n) || n > max);
}

static bool
take_header(struct mhd_call *call, const char *method)
{
    struct dm_http_incoming *incoming = &call->call.incoming;
    const struct dm_http_handler *handler = &call->server->handler;
    call->has_header = true;
    incoming->method = dm_arena_copy(&call->arena, dm_str(method));
    if (!incoming->method.data || !read_headers(call)) {
        return false;
    }
    read_peer(call);
    incoming->id = ++call->server->n_requests;
    const size_t max = handler->max_body(handler->context, incoming);
    dm_buf_init(&call->body, max);
    incoming->is_too_large = is_announced_too_large(incoming, max);
    return true;
}

// @return Whether the connection may go on.
static bool
take_body(struct mhd_call *call, const char *upload, size_t n)
{
    if (!call->call.incoming.is_too_large) {
        const enum dm_status status = dm_buf_put(&call->body, upload, n);
        if (!status) {
            return true;
        }
        if (status == DM_ERR_NO_MEMORY) {
            return false;
        }
        call->call.incoming.is_too_large = true;
        dm_buf_done(&call->body);
    }
    call->n_dropped += n;
    return call->n_dropped <= DROPPED_MAX;
}

// ------------------------------------------------------------ what goes out

static enum MHD_Result
queue_or_wait(struct mhd_call *call)
{
    if (call->is_cut) {
        return MHD_NO;
    }
    if (!call->response) {
        suspend(call);
        return MHD_YES;
    }
    const enum MHD_Result result =
        MHD_queue_response(call->connection, call->status, call->response);
    MHD_destroy_response(call->response);
    call->response = NULL;
    call->is_queued = true;
    struct mhd_connection *own = dm_mhd_connection_of(call->connection);
    if (own && call->call.state == DM_HTTP_CALL_ANSWERED) {
        dm_mhd_await_reader(own, call->n_answer);
    }
    return result;
}

enum MHD_Result
// NOLINTNEXTLINE(readability-function-size): microhttpd gives the signature
dm_mhd_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                  const char *method, const char *version, const char *upload,
                  size_t *n_upload, void **req_cls)
{
    (void)cls;
    (void)url;
    (void)version;
    struct mhd_call *call = *req_cls;
    if (!call || call->is_cut) {
        return MHD_NO;
    }
    if (!call->is_told) {
        struct mhd_connection *own = dm_mhd_connection_of(connection);
        const bool is_first = !call->has_header;
        if (!own || (is_first && !take_header(call, method))) {
            return MHD_NO;
        }
        if (is_first) {
            dm_mhd_await_body(own);
        }
        if (is_first && !call->call.incoming.is_too_large) {
            return MHD_YES; // Called again, with the body or without
        }
        if (*n_upload) {
            const size_t n = *n_upload;
            *n_upload = 0;
            own->n_window += n;
            return take_body(call, upload, n) ? MHD_YES : MHD_NO;
        }
        call->call.incoming.body = dm_buf_str(&call->body);
        call->is_told = true;
        dm_mhd_serve(own);
        const struct dm_http_handler *handler = &call->server->handler;
        handler->on_request(handler->context, &call->call);
    }
    return queue_or_wait(call);
}

void
dm_mhd_on_completed(void *cls, struct MHD_Connection *connection,
                    void **req_cls, enum MHD_RequestTerminationCode reason)
{
    (void)cls;
    (void)connection;
    struct mhd_call *call = *req_cls;
    if (call) {
        *req_cls = NULL;
        dm_mhd_tell_closed(call, reason == MHD_REQUEST_TERMINATED_COMPLETED_OK);
        free_call(call);
    }
}

static bool
add_headers(struct mhd_call *call, const struct dm_http_header *headers,
            size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        const struct dm_str name = dm_arena_copy(&call->arena, headers[i].name);
        const struct dm_str value =
            dm_arena_copy(&call->arena, headers[i].value);
        if (!name.data || !value.data ||
            !MHD_add_response_header(call->response, name.data, value.data)) {
            return false;
        }
    }
    return true;
}

static enum dm_status
send_response(struct mhd_call *call, struct MHD_Response *response,
              unsigned status, const struct dm_http_header *headers, size_t n)
{
    call->response = response;
    call->status = status;
    call->is_cut = !response || !add_headers(call, headers, n);
    dm_mhd_resume(call);
    return call->is_cut ? DM_ERR_NO_MEMORY : DM_OK;
}

static enum dm_status
answer(struct dm_http_call *base, unsigned status,
       const struct dm_http_header *headers, size_t n, char *body,
       size_t n_body)
{
    call_of(base)->n_answer = n_body;
    struct MHD_Response *response =
        body ? MHD_create_response_from_buffer_with_free_callback(n_body, body,
                                                                  dm_free)
             : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!response) {
        dm_free(body);
    }
    return send_response(call_of(base), response, status, headers, n);
}

static size_t
n_unsent(const struct mhd_call *call)
{
    return call->unsent.n - call->n_sent;
}

static void
on_writable(void *context)
{
    struct mhd_call *call = context;
    const struct dm_http_handler *handler = &call->server->handler;
    if (call->call.state == DM_HTTP_CALL_STREAM && !call->is_closed) {
        handler->on_writable(handler->context, &call->call);
    }
}

// libmicrohttpd can send more of a stream
static ssize_t
on_read(void *cls, uint64_t position, char *bytes, size_t max)
{
    (void)position;
    struct mhd_call *call = cls;
    size_t n = n_unsent(call);
    if (call->is_cut) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (!n && call->is_ended) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (!n) {
        suspend(call);
        return 0;
    }
    if (n > max) {
        n = max;
    }
    memcpy(bytes, call->unsent.data + call->n_sent, n);
    call->n_sent += n;
    if (call->n_sent == call->unsent.n) {
        dm_buf_clear(&call->unsent);
        call->n_sent = 0;
    }
    if (call->wants_writable && n_unsent(call) <= call->unsent.max / 2) {
        struct dm_loop *loop = &call->server->mhd->uv->loop;
        call->wants_writable = false;
        dm_loop_timer_start(loop, &call->writable, 0, on_writable, call);
    }
    return (ssize_t)n;
}

static enum dm_status
stream(struct dm_http_call *base, unsigned status,
       const struct dm_http_header *headers, size_t n)
{
    struct mhd_call *call = call_of(base);
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_read, call, NULL);
    return send_response(call, response, status, headers, n);
}

static enum dm_status
write_stream(struct dm_http_call *base, struct dm_str bytes)
{
    struct mhd_call *call = call_of(base);
    assert(bytes.n <= call->unsent.max);
    if (call->is_cut) {
        return DM_OK; // Its end is on the way
    }
    if (bytes.n > call->unsent.max - n_unsent(call)) {
        call->wants_writable = true;
        return DM_AGAIN;
    }
    dm_buf_shift(&call->unsent, call->n_sent);
    call->n_sent = 0;
    if (dm_buf_put_str(&call->unsent, bytes)) {
        return DM_ERR_NO_MEMORY;
    }
    if (call->is_queued) {
        dm_mhd_resume(call);
    }
    return DM_OK;
}

static void
end_stream(struct dm_http_call *base)
{
    struct mhd_call *call = call_of(base);
    call->is_ended = true;
    if (call->is_queued) {
        dm_mhd_resume(call);
    }
}

static void
abort_call(struct dm_http_call *base)
{
    struct mhd_call *call = call_of(base);
    call->is_cut = true;
    dm_mhd_resume(call);
}

static bool
trust(struct dm_http_call *base, unsigned max)
{
    struct mhd_connection *own =
        dm_mhd_connection_of(call_of(base)->connection);
    return own && dm_mhd_trust(own, max);
}

static const struct dm_http_call_ops call_ops = {
    .trust = trust,
    .answer = answer,
    .stream = stream,
    .write = write_stream,
    .end = end_stream,
    .abort = abort_call,
};
