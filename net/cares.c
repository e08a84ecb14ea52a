// SPDX-License-Identifier: ISC

// The resolver on c-ares.
//
// c-ares cannot take one question back, so a question whose asker has gone
// (cancelled, or out of time) stays as an orphan until c-ares answers it, which
// the time-outs below bound. When /etc/resolv.conf has changed, new questions
// go to a new channel and the old one ends with its last question.

#include "base/alloc.h"
#include "net/real_private.h"
#include "net/url.h"

#include <sys/select.h> // ares.h lacks it

#include <ares.h>
#include <assert.h>
#include <netdb.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define SERVER_TIMEOUT_MS 2000 // For the first try; c-ares doubles it
#define SERVER_TRIES 2
#define RECHECK_NS INT64_C(5000000000) // How often resolv.conf is looked at

struct channel;

// One socket of c-ares
struct cares_socket {
    struct channel *channel;
    struct cares_socket *next;
    ares_socket_t fd;
    uv_poll_t poll;
};

struct channel {
    struct dm_cares *cares;
    ares_channel ares;
    struct cares_socket *sockets;
    size_t n_questions;
    struct dm_timer timer; // c-ares' own time-outs
    struct dm_timer end;   // Frees an old channel outside its callbacks
    struct channel *next;  // Of the old ones
};

struct dm_resolve {
    struct dm_cares *cares;
    struct channel *channel; // NULL where c-ares was not asked
    dm_resolve_fn done;      // NULL for an orphan
    void *context;
    struct dm_resolve *next; // Of those with an asker
    struct dm_resolve *before;
    struct dm_timer timer; // Its time-out, then its completion
    bool is_at_cares;      // Its callback is to come
    int64_t start_ns;
    int64_t elapsed_ns;
    struct dm_net_outcome outcome;
    size_t n;
    struct dm_address addresses[DM_RESOLVE_MAX];
    char name[DM_HOST_MAX + 1];
};

struct dm_cares {
    struct dm_resolver resolver;
    struct dm_uv *uv;
    struct channel *current; // NULL before the first question
    struct channel *old;
    struct dm_resolve *resolves;
    size_t n; // Orphans too
    size_t max;
    int64_t checked_ns; // When resolv.conf was last looked at
    struct timespec changed;
};

static void schedule(struct channel *channel);

static void
on_socket_closed(uv_handle_t *handle)
{
    dm_free(handle->data);
}

static void
on_socket_event(uv_poll_t *poll, int status, int events)
{
    const struct cares_socket *socket = poll->data;
    struct channel *channel = socket->channel;
    ++channel->cares->uv->n_events;
    const ares_socket_t fd = socket->fd;
    const bool failed = status < 0; // Then let c-ares find out
    ares_process_fd(channel->ares,
                    failed || (events & UV_READABLE) ? fd : ARES_SOCKET_BAD,
                    failed || (events & UV_WRITABLE) ? fd : ARES_SOCKET_BAD);
    schedule(channel);
}

static void
drop_socket(struct channel *channel, ares_socket_t fd)
{
    struct cares_socket **link = &channel->sockets;
    while (*link && (*link)->fd != fd) {
        link = &(*link)->next;
    }
    struct cares_socket *socket = *link;
    if (socket) {
        *link = socket->next;
        uv_close((uv_handle_t *)&socket->poll, on_socket_closed);
    }
}

static struct cares_socket *
find_socket(struct channel *channel, ares_socket_t fd)
{
    struct cares_socket *socket = channel->sockets;
    while (socket && socket->fd != fd) {
        socket = socket->next;
    }
    if (socket) {
        return socket;
    }
    socket = dm_calloc(1, sizeof(*socket));
    if (!socket) {
        return NULL; // The question will run into its time-out
    }
    if (uv_poll_init(&channel->cares->uv->uv, &socket->poll, fd)) {
        dm_free(socket);
        return NULL;
    }
    socket->channel = channel;
    socket->fd = fd;
    socket->poll.data = socket;
    socket->next = channel->sockets;
    channel->sockets = socket;
    return socket;
}

static void
on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct channel *channel = data;
    if (!readable && !writable) {
        drop_socket(channel, fd);
        return;
    }
    struct cares_socket *socket = find_socket(channel, fd);
    if (socket) {
        (void)uv_poll_start(&socket->poll,
                            (readable ? UV_READABLE : 0) |
                                (writable ? UV_WRITABLE : 0),
                            on_socket_event);
    }
}

static void
on_channel_timer(void *context)
{
    struct channel *channel = context;
    ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    schedule(channel);
}

// Ask c-ares when it wants to look at its time-outs again
static void
schedule(struct channel *channel)
{
    struct dm_loop *loop = &channel->cares->uv->loop;
    struct timeval left;
    if (!channel->n_questions || !ares_timeout(channel->ares, NULL, &left)) {
        dm_loop_timer_stop(loop, &channel->timer);
        return;
    }
    const int64_t wait_ns = (int64_t)left.tv_sec * INT64_C(1000000000) +
                            (int64_t)left.tv_usec * 1000;
    dm_loop_timer_start(loop, &channel->timer, dm_loop_now_ns(loop) + wait_ns,
                        on_channel_timer, channel);
}

static void
free_channel(struct channel *channel)
{
    struct dm_loop *loop = &channel->cares->uv->loop;
    ares_destroy(channel->ares); // Closes its sockets by on_socket_state
    dm_loop_timer_stop(loop, &channel->timer);
    dm_loop_timer_stop(loop, &channel->end);
    dm_free(channel);
}

static void
on_channel_end(void *context)
{
    struct channel *channel = context;
    struct channel **link = &channel->cares->old;
    while (*link != channel) {
        link = &(*link)->next;
    }
    *link = channel->next;
    free_channel(channel);
}

static void
end_when_unused(struct channel *channel)
{
    struct dm_cares *cares = channel->cares;
    if (channel != cares->current && !channel->n_questions) {
        dm_loop_timer_start(&cares->uv->loop, &channel->end, 0, on_channel_end,
                            channel);
    }
}

static struct channel *
new_channel(struct dm_cares *cares)
{
    struct channel *channel = dm_calloc(1, sizeof(*channel));
    if (!channel) {
        return NULL;
    }
    channel->cares = cares;
    struct ares_options options = {
        .timeout = SERVER_TIMEOUT_MS,
        .tries = SERVER_TRIES,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = channel,
    };
    if (ares_init_options(&channel->ares, &options,
                          ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                              ARES_OPT_SOCK_STATE_CB)) {
        dm_free(channel);
        return NULL;
    }
    return channel;
}

static bool
has_changed(struct dm_cares *cares)
{
    const int64_t now_ns = dm_loop_now_ns(&cares->uv->loop);
    struct stat info;
    if (now_ns - cares->checked_ns < RECHECK_NS) {
        return false;
    }
    cares->checked_ns = now_ns;
    if (stat(RESOLV_CONF, &info) ||
        (info.st_mtim.tv_sec == cares->changed.tv_sec &&
         info.st_mtim.tv_nsec == cares->changed.tv_nsec)) {
        return false;
    }
    cares->changed = info.st_mtim;
    return true;
}

static struct channel *
channel_for_question(struct dm_cares *cares)
{
    if (!has_changed(cares) && cares->current) {
        return cares->current;
    }
    struct channel *fresh = new_channel(cares);
    if (!fresh) {
        return cares->current; // NULL where there is none: no memory
    }
    struct channel *before = cares->current;
    cares->current = fresh;
    if (before) {
        before->next = cares->old;
        cares->old = before;
        end_when_unused(before);
    }
    return fresh;
}

static void
unlink_resolve(struct dm_resolve *resolve)
{
    if (resolve->before) {
        resolve->before->next = resolve->next;
    } else {
        resolve->cares->resolves = resolve->next;
    }
    if (resolve->next) {
        resolve->next->before = resolve->before;
    }
    resolve->next = NULL;
    resolve->before = NULL;
}

// The asker has gone: free, or keep as an orphan for c-ares
static void
release(struct dm_resolve *resolve)
{
    dm_loop_timer_stop(&resolve->cares->uv->loop, &resolve->timer);
    unlink_resolve(resolve);
    resolve->done = NULL;
    if (!resolve->is_at_cares) {
        --resolve->cares->n;
        dm_free(resolve);
    }
}

static void
on_complete(void *context)
{
    struct dm_resolve *resolve = context;
    const struct dm_resolve_answer answer = {
        .outcome = resolve->outcome,
        .n = resolve->n,
        .addresses = resolve->n ? resolve->addresses : NULL,
        .elapsed_ns = resolve->elapsed_ns,
    };
    resolve->done(resolve->context, &answer);
    release(resolve);
}

static void
on_timeout(void *context)
{
    struct dm_resolve *resolve = context;
    resolve->n = 0;
    resolve->elapsed_ns =
        dm_loop_now_ns(&resolve->cares->uv->loop) - resolve->start_ns;
    dm_net_outcome_set(&resolve->outcome, DM_NET_TIMED_OUT,
                       "resolve %s: no answer in time", resolve->name);
    on_complete(resolve);
}

static void
complete_later(struct dm_resolve *resolve)
{
    struct dm_loop *loop = &resolve->cares->uv->loop;
    resolve->elapsed_ns = dm_loop_now_ns(loop) - resolve->start_ns;
    dm_loop_timer_start(loop, &resolve->timer, resolve->start_ns, on_complete,
                        resolve);
}

static const char *
reason_of(int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
        return "no such name";
    case ARES_ENODATA:
        return "the name has no address of that kind";
    case ARES_ESERVFAIL:
        return "the name server failed";
    case ARES_EREFUSED:
        return "the name server refused";
    case ARES_ECONNREFUSED:
        return "no name server can be reached";
    case ARES_ETIMEOUT:
        return "the name servers do not answer";
    default:
        return ares_strerror(status);
    }
}

static void
take_addresses(struct dm_resolve *resolve, const struct ares_addrinfo *found)
{
    for (const struct ares_addrinfo_node *node = found->nodes;
         node && resolve->n < DM_RESOLVE_MAX; node = node->ai_next) {
        struct dm_endpoint endpoint;
        if (dm_endpoint_from_system(node->ai_addr, &endpoint)) {
            resolve->addresses[resolve->n] = endpoint.address;
            ++resolve->n;
        }
    }
}

static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    (void)timeouts;
    struct dm_resolve *resolve = arg;
    struct channel *channel = resolve->channel;
    resolve->is_at_cares = false;
    --channel->n_questions;
    end_when_unused(channel);
    if (resolve->done) {
        if (status == ARES_SUCCESS) {
            take_addresses(resolve, found);
        }
        if (!resolve->n) {
            dm_net_outcome_set(
                &resolve->outcome,
                status == ARES_ENOMEM ? DM_NET_LOCAL : DM_NET_RESOLVE,
                "resolve %s: %s", resolve->name,
                reason_of(status == ARES_SUCCESS ? ARES_ENODATA : status));
        }
        complete_later(resolve);
    } else {
        --resolve->cares->n;
        dm_free(resolve);
    }
    if (found) {
        ares_freeaddrinfo(found);
    }
}

// An address as a name
static bool
answer_literal(struct dm_resolve *resolve, enum dm_family family)
{
    struct dm_address *address = &resolve->addresses[0];
    if (!dm_address_parse(dm_str(resolve->name), address)) {
        return false;
    }
    resolve->n = 1;
    if (family && family != address->family) {
        resolve->n = 0;
        dm_net_outcome_set(&resolve->outcome, DM_NET_RESOLVE,
                           "resolve %s: not an IPv%d address", resolve->name,
                           (int)family);
    }
    complete_later(resolve);
    return true;
}

static int
system_family(enum dm_family family)
{
    switch (family) {
    case DM_FAMILY_ANY:
        return AF_UNSPEC;
    case DM_FAMILY_4:
        return AF_INET;
    case DM_FAMILY_6:
        return AF_INET6;
    }
    return AF_UNSPEC;
}

static void
ask(struct dm_resolve *resolve, const struct dm_resolve_question *question)
{
    struct dm_loop *loop = &resolve->cares->uv->loop;
    const struct ares_addrinfo_hints hints = {
        .ai_family = system_family(question->family),
        .ai_socktype = SOCK_STREAM,
    };
    struct channel *channel = resolve->channel;
    ++channel->n_questions;
    resolve->is_at_cares = true;
    dm_loop_timer_start(loop, &resolve->timer,
                        resolve->start_ns + question->timeout_ns, on_timeout,
                        resolve);
    // May call on_answer before it returns
    ares_getaddrinfo(channel->ares, resolve->name, NULL, &hints, on_answer,
                     resolve);
    schedule(channel);
}

static enum dm_status
start(void *self, const struct dm_resolve_question *question,
      dm_resolve_fn done, void *context, struct dm_resolve **ret)
{
    struct dm_cares *cares = self;
    assert(question->name.n <= DM_HOST_MAX);
    if (cares->n == cares->max) {
        return DM_ERR_LIMIT;
    }
    struct dm_resolve *resolve = dm_calloc(1, sizeof(*resolve));
    if (!resolve) {
        return DM_ERR_NO_MEMORY;
    }
    resolve->cares = cares;
    resolve->done = done;
    resolve->context = context;
    resolve->start_ns = dm_loop_now_ns(&cares->uv->loop);
    if (question->name.n) {
        memcpy(resolve->name, question->name.data, question->name.n);
    }
    if (!answer_literal(resolve, question->family)) {
        resolve->channel = channel_for_question(cares);
        if (!resolve->channel) {
            dm_free(resolve);
            return DM_ERR_NO_MEMORY;
        }
        ask(resolve, question);
    }
    ++cares->n;
    resolve->next = cares->resolves;
    if (resolve->next) {
        resolve->next->before = resolve;
    }
    cares->resolves = resolve;
    *ret = resolve;
    return DM_OK;
}

static void
cancel(void *self, struct dm_resolve *resolve)
{
    (void)self;
    release(resolve);
}

struct dm_cares *
dm_cares_new(struct dm_uv *uv, size_t max)
{
    static const struct dm_resolver_ops ops = {.start = start,
                                               .cancel = cancel};
    struct dm_cares *cares = dm_calloc(1, sizeof(*cares));
    if (!cares) {
        return NULL;
    }
    if (ares_library_init(ARES_LIB_INIT_ALL)) {
        dm_free(cares);
        return NULL;
    }
    cares->resolver.ops = &ops;
    cares->resolver.self = cares;
    cares->uv = uv;
    cares->max = max;
    cares->checked_ns = -RECHECK_NS;
    return cares;
}

void
dm_cares_free(struct dm_cares *cares)
{
    if (!cares) {
        return;
    }
    while (cares->resolves) {
        release(cares->resolves);
    }
    while (cares->old) {
        struct channel *channel = cares->old;
        cares->old = channel->next;
        free_channel(channel);
    }
    struct channel *current = cares->current;
    if (current) {
        free_channel(current);
    }
    ares_library_cleanup();
    dm_free(cares);
}

const struct dm_resolver *
dm_cares_resolver(const struct dm_cares *cares)
{
    return &cares->resolver;
}
