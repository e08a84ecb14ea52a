// SPDX-License-Identifier: ISC

// Servers, and the calls that they answer. A call is an operation of the
// server's net; its client is a transfer of another one or of the same.

#include "base/arena.h"
#include "net/identity.h"
#include "sim/net_private.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define ARENA_MAX ((size_t)64 << 20)
#define FIRST_PORT 49152
#define CLIENT_PORT 32768
#define NUMBER_SIZE 24

struct sim_call {
    struct dm_http_call base; // First: it is handed out
    struct dm_sim_op op;
    struct dm_http_server *server;
    struct dm_http_transfer *client; // NULL: has left, or has all of it
    const struct dm_sim_net *client_net;
    struct sim_call *next;
    struct dm_arena arena;
    struct dm_str body; // Until the limit is known
    bool is_told;       // on_request was called
    bool is_head;
    bool is_trusted;
    bool is_answered; // Nothing more will be sent
    bool is_aborted;
    bool has_left;
    bool wants_writable;
};

struct dm_http_server {
    struct dm_http_server *next;
    struct dm_sim_net *net;
    struct dm_http_listen listen; // `identity` is not kept
    struct dm_sim_tls tls;
    bool is_tls;
    struct dm_http_handler handler;
    struct sim_call *calls;
    unsigned n_calls;
    unsigned n_trusted; // Of them
    uint64_t n_requests;
};

static struct sim_call *
call_of(struct dm_sim_op *op)
{
    return (struct sim_call *)(void *)((char *)op -
                                       offsetof(struct sim_call, op));
}

static struct sim_call *
call_of_base(struct dm_http_call *base)
{
    return (struct sim_call *)(void *)base;
}

static void
call_free(struct dm_sim_op *op)
{
    struct sim_call *call = call_of(op);
    dm_arena_done(&call->arena);
    dm_free(call);
}

// The end of a call: told once, then gone
static void
finish(struct sim_call *call)
{
    struct dm_http_server *server = call->server;
    struct sim_call **link = &server->calls;
    while (*link != call) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = call->next;
    --server->n_calls;
    server->n_trusted -= call->is_trusted ? 1 : 0;
    dm_sim_op_leave(&call->op);
    if (call->is_told) {
        server->handler.on_closed(server->handler.context, &call->base,
                                  call->is_answered && !call->is_aborted &&
                                      !call->has_left);
    }
    call_free(&call->op);
}

static void
tell_request(struct sim_call *call)
{
    const struct dm_http_handler *handler = &call->server->handler;
    struct dm_http_incoming *incoming = &call->base.incoming;
    const size_t max_body = handler->max_body(handler->context, incoming);
    if (call->body.n > max_body) {
        incoming->is_too_large = true;
    } else {
        incoming->body = call->body;
    }
    call->is_told = true;
    handler->on_request(handler->context, &call->base);
}

static void
call_run(struct dm_sim_op *op)
{
    struct sim_call *call = call_of(op);
    if (call->has_left || call->is_answered) {
        finish(call);
    } else if (!call->is_told) {
        tell_request(call);
    } else if (call->wants_writable) {
        call->wants_writable = false;
        call->server->handler.on_writable(call->server->handler.context,
                                          &call->base);
    }
}

static void
call_cut(struct dm_sim_op *op, bool is_reset)
{
    struct sim_call *call = call_of(op);
    if (call->client) {
        dm_sim_transfer_orphan(call->client, is_reset);
        call->client = NULL;
    }
}

static const struct dm_sim_op_kind call_kind = {
    .arrive = dm_sim_op_arrive,
    .run = call_run,
    .expire = dm_sim_op_arrive, // Has no time-out of its own
    .free = call_free,
    .cut = call_cut,
};

// The handler's side

static enum dm_status
send_head(struct sim_call *call, unsigned status,
          const struct dm_http_header *headers, size_t n, const char *length)
{
    assert(n <= DM_HTTP_HEADERS_MAX);
    struct dm_http_header *all =
        dm_arena_alloc(&call->arena, n + 1, sizeof(*all));
    if (!all) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n; ++i) {
        all[i] = headers[i];
    }
    if (length) {
        all[n].name = dm_str("Content-Length");
        all[n].value = dm_str(length);
        ++n;
    }
    if (call->client) {
        dm_sim_transfer_head(call->client, status, all, n);
    }
    return DM_OK;
}

// Nothing more is sent; on_closed comes when the other side has it
static void
conclude(struct sim_call *call, bool is_complete)
{
    call->is_answered = true;
    call->is_aborted = !is_complete;
    if (call->client) {
        dm_sim_transfer_close(call->client, is_complete);
    }
    if (!call->client || !is_complete) {
        if (call->client) {
            dm_sim_transfer_orphan(call->client, false);
            call->client = NULL;
        }
        dm_sim_op_ready(&call->op);
    }
}

static enum dm_status
call_answer(struct dm_http_call *base, unsigned status,
            const struct dm_http_header *headers, size_t n, char *body,
            size_t n_body)
{
    struct sim_call *call = call_of_base(base);
    char length[NUMBER_SIZE];
    (void)snprintf(length, sizeof(length), "%zu", n_body);
    const enum dm_status sent = send_head(call, status, headers, n, length);
    if (sent == DM_OK && call->client && n_body > 0) {
        dm_sim_transfer_body(call->client, dm_str_n(body, n_body));
    }
    dm_free(body);
    conclude(call, sent == DM_OK);
    return sent;
}

static enum dm_status
call_stream(struct dm_http_call *base, unsigned status,
            const struct dm_http_header *headers, size_t n)
{
    struct sim_call *call = call_of_base(base);
    const enum dm_status sent = send_head(call, status, headers, n, NULL);
    if (sent != DM_OK) {
        call->base.state = DM_HTTP_CALL_ANSWERED;
        conclude(call, false);
    }
    return sent;
}

static enum dm_status
call_write(struct dm_http_call *base, struct dm_str bytes)
{
    struct sim_call *call = call_of_base(base);
    if (!call->client) {
        return DM_OK; // Nobody listens; on_closed is on its way
    }
    const size_t max = call->server->listen.max_stream_bytes;
    assert(bytes.n <= max);
    if (dm_sim_transfer_unsent(call->client) > max - bytes.n) {
        call->wants_writable = true;
        return DM_AGAIN;
    }
    dm_sim_transfer_body(call->client, bytes);
    return DM_OK;
}

static void
call_end(struct dm_http_call *base)
{
    conclude(call_of_base(base), true);
}

static void
call_abort(struct dm_http_call *base)
{
    conclude(call_of_base(base), false);
}

// Here a connection is as long as its call
static bool
call_trust(struct dm_http_call *base, unsigned max)
{
    struct sim_call *call = call_of_base(base);
    struct dm_http_server *server = call->server;
    if (!call->is_trusted && server->n_trusted < max &&
        server->n_trusted < server->listen.max_trusted) {
        call->is_trusted = true;
        ++server->n_trusted;
    }
    return call->is_trusted;
}

static const struct dm_http_call_ops call_ops = {
    .trust = call_trust,
    .answer = call_answer,
    .stream = call_stream,
    .write = call_write,
    .end = call_end,
    .abort = call_abort,
};

// The client's side

static bool
copy_text(struct dm_arena *arena, struct dm_str text, struct dm_str *ret)
{
    *ret = dm_arena_copy(arena, text);
    return ret->data != NULL;
}

static bool
copy_headers(struct sim_call *call, const struct dm_sim_request *request)
{
    struct dm_http_header *headers =
        dm_arena_alloc(&call->arena, request->n_headers + 1, sizeof(*headers));
    if (!headers) {
        return false;
    }
    for (size_t i = 0; i < request->n_headers; ++i) {
        const struct dm_http_header *from = &request->headers[i];
        if (!copy_text(&call->arena, from->name, &headers[i].name) ||
            !copy_text(&call->arena, from->value, &headers[i].value)) {
            return false;
        }
    }
    call->base.incoming.headers = headers;
    call->base.incoming.n_headers = request->n_headers;
    return true;
}

static bool
copy_request(struct sim_call *call, const struct dm_sim_request *request)
{
    struct dm_http_incoming *incoming = &call->base.incoming;
    const size_t path_n = dm_str_find(request->target, dm_str("?"));
    return copy_text(&call->arena, request->method, &incoming->method) &&
           copy_text(&call->arena, dm_str_slice(request->target, 0, path_n),
                     &incoming->path) &&
           copy_text(
               &call->arena,
               dm_str_slice(request->target, path_n + 1, request->target.n),
               &incoming->query) &&
           copy_text(&call->arena, request->body, &call->body) &&
           copy_headers(call, request);
}

// Where the request came from
static void
fill_peer(struct sim_call *call, const struct dm_sim_net *client)
{
    const struct dm_http_server *server = call->server;
    struct dm_http_incoming *incoming = &call->base.incoming;
    if (server->listen.endpoint.kind == DM_ENDPOINT_UNIX) {
        incoming->peer = DM_HTTP_PEER_SOCKET;
        incoming->from = server->listen.endpoint;
        return;
    }
    struct dm_address address = {.family = DM_FAMILY_4,
                                 .bytes = {127, 0, 0, 1}};
    incoming->peer = DM_HTTP_PEER_LOOPBACK;
    const bool is_local =
        client->options.machine == server->net->options.machine ||
        client->options.seat == server->net->options.machine;
    if (!is_local) {
        incoming->peer = DM_HTTP_PEER_OTHER;
        if (client->options.host) {
            address = *dm_sim_host_address(client->options.host);
        }
    }
    const uint64_t port = CLIENT_PORT + incoming->id % 16384;
    incoming->from = dm_endpoint_ip(&address, (uint16_t)port);
}

static bool
has_room(const struct dm_http_server *server, const struct dm_sim_net *client)
{
    if (server->n_calls - server->n_trusted >= server->listen.max_connections) {
        return false;
    }
    unsigned n = 0;
    for (const struct sim_call *call = server->calls; call; call = call->next) {
        n += call->client_net == client && !call->is_trusted ? 1 : 0;
    }
    return server->listen.endpoint.kind == DM_ENDPOINT_UNIX ||
           n < server->listen.max_per_address;
}

struct dm_http_call *
dm_sim_server_accept(struct dm_http_server *server,
                     struct dm_http_transfer *from, struct dm_sim_net *client,
                     const struct dm_sim_request *request)
{
    if (!has_room(server, client)) {
        return NULL;
    }
    struct sim_call *call = dm_calloc(1, sizeof(*call));
    if (!call) {
        return NULL;
    }
    dm_arena_init(&call->arena, ARENA_MAX, NULL);
    call->base.ops = &call_ops;
    call->base.state = DM_HTTP_CALL_OPEN;
    call->base.incoming.id = ++server->n_requests;
    call->server = server;
    call->client = from;
    call->client_net = client;
    if (!copy_request(call, request)) {
        call_free(&call->op);
        return NULL;
    }
    fill_peer(call, client);
    dm_sim_op_init(&call->op, server->net, &call_kind);
    call->next = server->calls;
    server->calls = call;
    ++server->n_calls;
    dm_sim_op_ready(&call->op);
    return &call->base;
}

void
dm_sim_server_left(struct dm_http_call *base, bool is_silent)
{
    struct sim_call *call = call_of_base(base);
    call->client = NULL;
    call->has_left = true;
    dm_sim_op_after(&call->op, is_silent
                                   ? call->server->listen.idle_timeout_ns
                                   : dm_sim_latency_ns(call->op.net, NULL));
}

void
dm_sim_server_finished(struct dm_http_call *base)
{
    struct sim_call *call = call_of_base(base);
    call->client = NULL;
    dm_sim_op_ready(&call->op);
}

void
dm_sim_server_drained(struct dm_http_call *base)
{
    struct sim_call *call = call_of_base(base);
    if (call->wants_writable && call->client &&
        dm_sim_transfer_unsent(call->client) == 0) {
        dm_sim_op_ready(&call->op);
    }
}

// Servers

static bool
is_any(const struct dm_address *address)
{
    static const uint8_t zeros[sizeof(address->bytes)];
    return memcmp(address->bytes, zeros, sizeof(zeros)) == 0;
}

struct dm_http_server *
dm_sim_server_find(struct dm_sim_net *net, const struct dm_endpoint *endpoint)
{
    for (struct dm_http_server *server = net->listening; server;
         server = server->next) {
        const struct dm_endpoint *own = &server->listen.endpoint;
        if (own->kind != endpoint->kind) {
            continue;
        }
        if (own->kind == DM_ENDPOINT_UNIX) {
            if (strcmp(own->path, endpoint->path) == 0) {
                return server;
            }
        } else if (own->port == endpoint->port &&
                   (is_any(&own->address) ||
                    dm_address_equal(&own->address, &endpoint->address))) {
            return server;
        }
    }
    return NULL;
}

const struct dm_sim_tls *
dm_sim_server_tls(const struct dm_http_server *server)
{
    return server->is_tls ? &server->tls : NULL;
}

// A port of the own address that nobody listens on
static uint16_t
pick_port(struct dm_sim_net *net, struct dm_endpoint endpoint)
{
    endpoint.port = FIRST_PORT;
    while (dm_sim_server_find(net, &endpoint)) {
        ++endpoint.port;
    }
    return endpoint.port;
}

static enum dm_status
server_listen(void *self, const struct dm_http_listen *listen,
              const struct dm_http_handler *handler,
              struct dm_http_server **ret, struct dm_error *error)
{
    struct dm_sim_net *net = self;
    struct dm_http_listen own = *listen;
    struct dm_sim_tls tls = {.verdict = DM_NET_CERTIFICATE,
                             .reason = "nobody trusted has signed it"};
    if (listen->identity &&
        dm_identity_read(listen->identity->certificate_pem, &tls.certificate)) {
        return dm_error_set(error, DM_ERR_ARGUMENT,
                            "the certificate cannot be used");
    }
    own.identity = NULL;
    if (own.endpoint.kind == DM_ENDPOINT_IP && own.endpoint.port == 0) {
        own.endpoint.port = pick_port(net, own.endpoint);
    }
    if (dm_sim_server_find(net, &own.endpoint)) {
        char text[DM_ENDPOINT_SIZE];
        dm_endpoint_format(&own.endpoint, text);
        return dm_error_set(error, DM_ERR_BUSY, "cannot listen on %s", text);
    }
    struct dm_http_server *server = dm_calloc(1, sizeof(*server));
    if (!server) {
        return dm_error_set(error, DM_ERR_NO_MEMORY, "out of memory");
    }
    server->net = net;
    server->listen = own;
    server->tls = tls;
    server->is_tls = listen->identity != NULL;
    server->handler = *handler;
    server->next = net->listening;
    net->listening = server;
    *ret = server;
    return DM_OK;
}

static void
server_endpoint(void *self, struct dm_http_server *server,
                struct dm_endpoint *ret)
{
    (void)self;
    *ret = server->listen.endpoint;
}

static void
server_close(void *self, struct dm_http_server *server)
{
    struct dm_sim_net *net = self;
    struct dm_http_server **link = &net->listening;
    while (*link != server) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = server->next;
    while (server->calls) {
        struct sim_call *call = server->calls;
        if (call->client) {
            dm_sim_transfer_orphan(call->client, !net->is_cut);
            call->client = NULL;
        }
        call->is_aborted = true;
        finish(call);
    }
    dm_free(server);
}

const struct dm_http_servers_ops dm_sim_servers_ops = {
    .listen = server_listen,
    .endpoint = server_endpoint,
    .close = server_close,
};
