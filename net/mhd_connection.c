// SPDX-License-Identifier: ISC

// Connections: how many there may be, and how long each may take for what

#include "net/mhd_private.h"

#include "base/alloc.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#define PREFIX_BYTES 8 // Of an IPv6 address: whoever has one has 2^64

// ---------------------------------------------------------------- accounts

// What counts as one address
static struct dm_address
network_of(struct dm_address address)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    if (address.family == DM_FAMILY_6 &&
        memcmp(address.bytes, mapped, sizeof(mapped)) != 0) {
        memset(address.bytes + PREFIX_BYTES, 0,
               sizeof(address.bytes) - PREFIX_BYTES);
    }
    address.scope = 0;
    return address;
}

static void
leave_account(struct mhd_connection *connection)
{
    struct dm_http_server *server = connection->server;
    switch (connection->account) {
    case MHD_ACCOUNT_NONE:
        break;
    case MHD_ACCOUNT_STRANGER:
        --server->n_strangers;
        break;
    case MHD_ACCOUNT_TRUSTED:
        --server->n_trusted;
        break;
    }
    connection->account = MHD_ACCOUNT_NONE;
}

// libmicrohttpd then finds it closed
static void
end_connection(struct mhd_connection *connection)
{
    leave_account(connection);
    (void)shutdown(connection->fd, SHUT_RDWR);
}

static bool
has_room(const struct dm_http_server *server, const struct dm_address *network)
{
    unsigned n = 0;
    for (const struct mhd_connection *one = server->first; one;
         one = one->next) {
        n += one->account == MHD_ACCOUNT_STRANGER &&
             dm_address_equal(&one->network, network);
    }
    return n < server->listen.max_per_address;
}

// The stranger that has waited longest without a request, or NULL
static struct mhd_connection *
find_idle(const struct dm_http_server *server)
{
    struct mhd_connection *found = NULL;
    for (struct mhd_connection *one = server->first; one; one = one->next) {
        const bool is_idle =
            one->phase == MHD_PHASE_HEADER || one->phase == MHD_PHASE_IDLE;
        if (one->account == MHD_ACCOUNT_STRANGER && is_idle &&
            (!found || one->since_ns < found->since_ns)) {
            found = one;
        }
    }
    return found;
}

enum MHD_Result
dm_mhd_on_accept(void *cls, const struct sockaddr *address, socklen_t n)
{
    struct dm_http_server *server = cls;
    struct dm_endpoint from;
    (void)n;
    if (server->endpoint.kind == DM_ENDPOINT_UNIX) {
        return MHD_YES;
    }
    if (!dm_endpoint_from_system(address, &from)) {
        return MHD_NO;
    }
    const struct dm_address network = network_of(from.address);
    if (!has_room(server, &network)) {
        return MHD_NO;
    }
    if (server->n_strangers >= server->listen.max_connections) {
        struct mhd_connection *idle = find_idle(server);
        if (!idle) {
            return MHD_NO;
        }
        end_connection(idle);
    }
    return MHD_YES;
}

bool
dm_mhd_trust(struct mhd_connection *connection, unsigned max)
{
    struct dm_http_server *server = connection->server;
    if (connection->account == MHD_ACCOUNT_TRUSTED) {
        return true;
    }
    if (server->n_trusted >= max ||
        server->n_trusted >= server->listen.max_trusted) {
        return false;
    }
    leave_account(connection);
    connection->account = MHD_ACCOUNT_TRUSTED;
    ++server->n_trusted;
    return true;
}

// ---------------------------------------------------------------- patience

static void wait_for(struct mhd_connection *connection, enum mhd_phase phase,
                     int64_t until_ns);

static int64_t
now_of(const struct mhd_connection *connection)
{
    return dm_loop_now_ns(&connection->server->mhd->uv->loop);
}

// The end of the present window, or of the whole request
static int64_t
next_look_ns(const struct mhd_connection *connection, int64_t now_ns)
{
    const struct dm_http_listen *listen = &connection->server->listen;
    const int64_t window_end_ns = now_ns + listen->window_ns;
    return listen->window_bytes && window_end_ns < connection->deadline_ns
               ? window_end_ns
               : connection->deadline_ns;
}

static void
on_impatient(void *context)
{
    struct mhd_connection *connection = context;
    const int64_t now_ns = now_of(connection);
    const bool goes_on =
        connection->phase == MHD_PHASE_BODY &&
        now_ns < connection->deadline_ns &&
        connection->n_window >= connection->server->listen.window_bytes;
    if (!goes_on) {
        end_connection(connection);
        return;
    }
    connection->n_window = 0;
    wait_for(connection, MHD_PHASE_BODY, next_look_ns(connection, now_ns));
}

static void
wait_for(struct mhd_connection *connection, enum mhd_phase phase,
         int64_t until_ns)
{
    struct dm_loop *loop = &connection->server->mhd->uv->loop;
    connection->phase = phase;
    connection->since_ns = dm_loop_now_ns(loop);
    dm_loop_timer_start(loop, &connection->patience, until_ns, on_impatient,
                        connection);
}

void
dm_mhd_await_header(struct mhd_connection *connection)
{
    const struct dm_http_listen *listen = &connection->server->listen;
    if (connection->phase !=
        MHD_PHASE_HEADER) { // Its line was awaited till now
        wait_for(connection, MHD_PHASE_HEADER,
                 now_of(connection) + listen->header_timeout_ns);
    }
}

void
dm_mhd_await_body(struct mhd_connection *connection)
{
    const int64_t now_ns = now_of(connection);
    connection->deadline_ns =
        now_ns + connection->server->listen.request_timeout_ns;
    connection->n_window = 0;
    wait_for(connection, MHD_PHASE_BODY, next_look_ns(connection, now_ns));
}

void
dm_mhd_serve(struct mhd_connection *connection)
{
    connection->phase = MHD_PHASE_SERVE;
    dm_loop_timer_stop(&connection->server->mhd->uv->loop,
                       &connection->patience);
}

void
dm_mhd_await_reader(struct mhd_connection *connection, size_t n)
{
    const struct dm_http_listen *listen = &connection->server->listen;
    if (listen->window_bytes) {
        const int64_t n_windows = 1 + (int64_t)(n / listen->window_bytes);
        wait_for(connection, MHD_PHASE_SERVE,
                 now_of(connection) + n_windows * listen->window_ns);
    }
}

void
dm_mhd_await_next(struct mhd_connection *connection)
{
    wait_for(connection, MHD_PHASE_IDLE,
             now_of(connection) + connection->server->listen.idle_timeout_ns);
}

// ------------------------------------------------------------- begin and end

static void
close_connection(struct mhd_connection *connection)
{
    struct dm_http_server *server = connection->server;
    struct mhd_connection **link = &server->first;
    while (*link != connection) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = connection->next;
    leave_account(connection);
    dm_loop_timer_stop(&server->mhd->uv->loop, &connection->patience);
    dm_free(connection);
}

static void
open_connection(struct dm_http_server *server,
                struct mhd_connection *connection,
                struct MHD_Connection *mhd_connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        mhd_connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct dm_endpoint from;
    if (server->endpoint.kind != DM_ENDPOINT_UNIX && info &&
        dm_endpoint_from_system(info->client_addr, &from)) {
        connection->network = network_of(from.address);
    }
    connection->server = server;
    connection->account = MHD_ACCOUNT_STRANGER;
    ++server->n_strangers;
    connection->next = server->first;
    server->first = connection;
    wait_for(connection, MHD_PHASE_HEADER,
             now_of(connection) + server->listen.header_timeout_ns);
}

void
dm_mhd_on_connection(void *cls, struct MHD_Connection *mhd_connection,
                     void **socket_context,
                     enum MHD_ConnectionNotificationCode what)
{
    struct mhd_connection *connection = *socket_context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (connection) {
            close_connection(connection);
            *socket_context = NULL;
        }
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        mhd_connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    connection = info ? dm_calloc(1, sizeof(*connection)) : NULL;
    if (!connection) {
        if (info) { // What cannot be counted is not let in
            (void)shutdown(info->connect_fd, SHUT_RDWR);
        }
        return;
    }
    connection->fd = info->connect_fd;
    *socket_context = connection;
    open_connection(cls, connection, mhd_connection);
}

struct mhd_connection *
dm_mhd_connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}
