// SPDX-License-Identifier: ISC

#include "net/mhd_private.h"

#include "base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// Header of a request and of its answer together
#define CONNECTION_MEMORY ((size_t)DM_HTTP_HEADER_BYTES_MAX)
// Of GnuTLS: nothing before TLS 1.2
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

static void run(void *context);

void
dm_mhd_run_soon(struct dm_http_server *server)
{
    dm_loop_timer_start(&server->mhd->uv->loop, &server->run, 0, run, server);
}

// When libmicrohttpd wants to look at its time-outs again
static void
schedule(struct dm_http_server *server)
{
    struct dm_loop *loop = &server->mhd->uv->loop;
    MHD_UNSIGNED_LONG_LONG left_ms = 0;
    if (server->is_closing) {
        return;
    }
    if (MHD_get_timeout(server->daemon, &left_ms) == MHD_YES) {
        dm_loop_timer_start(loop, &server->run,
                            dm_loop_now_ns(loop) + (int64_t)left_ms * NS_PER_MS,
                            run, server);
    } else {
        dm_loop_timer_stop(loop, &server->run);
    }
}

static void
run(void *context)
{
    struct dm_http_server *server = context;
    (void)MHD_run(server->daemon);
    schedule(server);
}

static void
on_daemon_event(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct dm_http_server *server = poll->data;
    ++server->mhd->uv->n_events;
    run(server);
}

static void
on_completed(void *cls, struct MHD_Connection *mhd_connection, void **req_cls,
             enum MHD_RequestTerminationCode reason)
{
    struct mhd_connection *connection = dm_mhd_connection_of(mhd_connection);
    dm_mhd_on_completed(cls, mhd_connection, req_cls, reason);
    if (connection) {
        dm_mhd_await_next(connection);
    }
}

// Paths and targets are decoded above: leave them alone
static size_t
keep_encoded(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static unsigned
idle_seconds(const struct dm_http_listen *listen)
{
    const int64_t seconds =
        (listen->idle_timeout_ns + NS_PER_SECOND - 1) / NS_PER_SECOND;
    return seconds < INT32_MAX ? (unsigned)seconds : (unsigned)INT32_MAX;
}

static struct MHD_Daemon *
start_daemon(struct dm_http_server *server, int fd)
{
    const struct dm_http_listen *listen = &server->listen;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, server->priorities},
        {MHD_OPTION_END, 0, NULL},
    };
    if (server->certificate) {
        flags |= MHD_USE_TLS;
    } else {
        tls[0].option = MHD_OPTION_END;
    }
    // Strangers are counted in mhd_connection.c; those that are being closed
    // are still connections to libmicrohttpd
    unsigned max = listen->max_connections;
    if (listen->endpoint.kind != DM_ENDPOINT_UNIX) {
        max += listen->max_connections + listen->max_trusted;
    }
    return MHD_start_daemon(
        flags, 0, dm_mhd_on_accept, server, dm_mhd_on_request, server,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK,
        dm_mhd_on_target, server, MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded,
        NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_NOTIFY_CONNECTION, dm_mhd_on_connection, server,
        MHD_OPTION_CONNECTION_LIMIT, max, MHD_OPTION_CONNECTION_TIMEOUT,
        idle_seconds(listen), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static void
on_poll_closed(uv_handle_t *handle)
{
    dm_free(handle);
}

static enum dm_status
watch_daemon(struct dm_http_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    uv_poll_t *poll = info ? dm_calloc(1, sizeof(*poll)) : NULL;
    if (!poll) {
        return DM_ERR_NO_MEMORY;
    }
    const int code = uv_poll_init(&server->mhd->uv->uv, poll, info->epoll_fd);
    if (code) {
        dm_free(poll);
        return dm_uv_status(code);
    }
    poll->data = server;
    server->poll = poll;
    (void)uv_poll_start(poll, UV_READABLE, on_daemon_event);
    return DM_OK;
}

static bool
take_identity(struct dm_http_server *server)
{
    const struct dm_http_identity *identity = server->listen.identity;
    server->listen.identity = NULL;
    if (!identity) {
        return true;
    }
    server->certificate = dm_strndup(
        identity->certificate_pem.n ? identity->certificate_pem.data : "",
        identity->certificate_pem.n);
    server->priorities = dm_strndup(PRIORITIES, sizeof(PRIORITIES) - 1);
    server->key = dm_strndup(identity->key_pem.n ? identity->key_pem.data : "",
                             identity->key_pem.n);
    return server->certificate && server->key && server->priorities;
}

static void
set_times(struct dm_http_listen *listen)
{
    if (!listen->header_timeout_ns) {
        listen->header_timeout_ns = listen->idle_timeout_ns;
    }
    if (!listen->request_timeout_ns) {
        listen->request_timeout_ns = listen->idle_timeout_ns;
    }
}

static void
free_server(struct dm_http_server *server)
{
    if (server->poll) {
        uv_close((uv_handle_t *)server->poll, on_poll_closed);
    }
    if (server->daemon) {
        MHD_stop_daemon(server->daemon); // Closes the socket too
        if (server->endpoint.kind == DM_ENDPOINT_UNIX) {
            (void)unlink(server->endpoint.path);
        }
    }
    dm_loop_timer_stop(&server->mhd->uv->loop, &server->run);
    dm_free(server->priorities);
    dm_free(server->certificate);
    dm_free(server->key);
    dm_free(server);
}

static enum dm_status
open_server(struct dm_http_server *server, struct dm_error *error)
{
    char place[DM_ENDPOINT_SIZE];
    dm_endpoint_format(&server->listen.endpoint, place);
    const int fd = dm_mhd_socket(&server->listen, &server->endpoint);
    if (fd < 0) {
        (void)dm_error_set(error, dm_uv_status(fd), "cannot listen on %s",
                           place);
        dm_error_detail(error, "%s", uv_strerror(fd));
        return dm_uv_status(fd);
    }
    server->daemon = start_daemon(server, fd);
    if (!server->daemon) {
        const enum dm_status status =
            server->certificate ? DM_ERR_ARGUMENT : DM_ERR_NO_MEMORY;
        (void)close(fd);
        if (server->endpoint.kind == DM_ENDPOINT_UNIX) {
            (void)unlink(server->endpoint.path);
        }
        return dm_error_set(error, status,
                            server->certificate
                                ? "certificate or key for %s cannot be used"
                                : "no memory to listen on %s",
                            place);
    }
    const enum dm_status status = watch_daemon(server);
    return status ? dm_error_set(error, status, "cannot listen on %s", place)
                  : DM_OK;
}

static enum dm_status
listen_on(void *self, const struct dm_http_listen *listen,
          const struct dm_http_handler *handler, struct dm_http_server **ret,
          struct dm_error *error)
{
    struct dm_mhd *mhd = self;
    struct dm_http_server *server = dm_calloc(1, sizeof(*server));
    if (!server) {
        return dm_error_set(error, DM_ERR_NO_MEMORY, "out of memory");
    }
    server->mhd = mhd;
    server->handler = *handler;
    server->listen = *listen;
    set_times(&server->listen);
    enum dm_status status =
        take_identity(server)
            ? open_server(server, error)
            : dm_error_set(error, DM_ERR_NO_MEMORY, "out of memory");
    if (status) {
        free_server(server);
        return status;
    }
    server->next = mhd->open;
    mhd->open = server;
    *ret = server;
    return DM_OK;
}

static void
get_endpoint(void *self, struct dm_http_server *server, struct dm_endpoint *ret)
{
    (void)self;
    *ret = server->endpoint;
}

static void
close_server(void *self, struct dm_http_server *server)
{
    struct dm_mhd *mhd = self;
    struct dm_http_server **link = &mhd->open;
    while (*link != server) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = server->next;
    server->is_closing = true;
    for (struct mhd_call *call = server->calls; call; call = call->next) {
        call->is_cut = true;
        dm_mhd_resume(call); // libmicrohttpd stops with none suspended
        dm_mhd_tell_closed(call, false);
    }
    free_server(server);
}

struct dm_mhd *
dm_mhd_new(struct dm_uv *uv)
{
    static const struct dm_http_servers_ops ops = {
        .listen = listen_on,
        .endpoint = get_endpoint,
        .close = close_server,
    };
    struct dm_mhd *mhd = dm_calloc(1, sizeof(*mhd));
    if (!mhd) {
        return NULL;
    }
    mhd->servers.ops = &ops;
    mhd->servers.self = mhd;
    mhd->uv = uv;
    return mhd;
}

void
dm_mhd_free(struct dm_mhd *mhd)
{
    if (!mhd) {
        return;
    }
    assert(!mhd->open); // The owner closes its servers first
    dm_free(mhd);
}

const struct dm_http_servers *
dm_mhd_servers(const struct dm_mhd *mhd)
{
    return &mhd->servers;
}
