// SPDX-License-Identifier: ISC

// Echo requests on one ping or raw socket for each family
//
// An answer is ours when its payload begins with the mark of this pinger and
// the number of a ping under way. (The identifier in the header will not do: a
// ping socket puts its own there.)

#include "base/alloc.h"
#include "base/env.h"
#include "net/real_private.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// [RFC 792], [RFC 4443, 4]: type, code, checksum, identifier, sequence
#define HEADER_SIZE 8
#define ECHO_REQUEST_4 8
#define ECHO_REPLY_4 0
#define ECHO_REQUEST_6 128
#define ECHO_REPLY_6 129
#define IP4_HEADER_MAX 60

struct ping_socket {
    struct dm_uv_pinger *pinger;
    enum dm_family family;
    int fd;
    bool is_raw;
    uv_poll_t poll;
};

struct dm_ping {
    struct dm_uv_pinger *pinger;
    struct dm_ping *next;
    struct dm_ping *before;
    dm_ping_fn done;
    void *context;
    struct dm_timer timer;
    uint64_t number;
    int64_t start_ns;
    struct dm_address address;
    struct dm_ping_result result;
};

struct dm_uv_pinger {
    struct dm_pinger table;
    struct dm_uv *uv;
    struct ping_socket *sockets[2]; // IPv4, IPv6; NULL until first used
    struct dm_ping *all;
    size_t n;
    size_t max;
    uint64_t mark; // Of our payloads; not to be guessed
    uint64_t n_sent;
};

static void
release(struct dm_ping *ping)
{
    struct dm_uv_pinger *pinger = ping->pinger;
    dm_loop_timer_stop(&pinger->uv->loop, &ping->timer);
    if (ping->before) {
        ping->before->next = ping->next;
    } else {
        pinger->all = ping->next;
    }
    if (ping->next) {
        ping->next->before = ping->before;
    }
    --pinger->n;
    dm_free(ping);
}

static void
complete(void *context)
{
    struct dm_ping *ping = context;
    struct dm_loop *loop = &ping->pinger->uv->loop;
    ping->result.elapsed_ns = dm_loop_now_ns(loop) - ping->start_ns;
    ping->done(ping->context, &ping->result);
    release(ping);
}

static void
on_timeout(void *context)
{
    struct dm_ping *ping = context;
    char place[DM_ADDRESS_SIZE];
    dm_address_format(&ping->address, place);
    dm_net_outcome_set(&ping->result.outcome, DM_NET_TIMED_OUT,
                       "ping %s: no answer in time", place);
    complete(ping);
}

// The internet checksum [RFC 1071]
static uint16_t
checksum(const uint8_t *bytes, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; ++i) {
        sum += (uint32_t)bytes[i] << (i % 2 ? 0U : 8U);
    }
    while (sum >> 16U) {
        sum = (sum & 0xFFFFU) + (sum >> 16U);
    }
    return (uint16_t)~sum;
}

static void
handle_reply(const struct ping_socket *socket_, const uint8_t *bytes, size_t n)
{
    struct dm_uv_pinger *pinger = socket_->pinger;
    const uint8_t wanted =
        socket_->family == DM_FAMILY_4 ? ECHO_REPLY_4 : ECHO_REPLY_6;
    uint64_t mark = 0;
    uint64_t number = 0;
    if (n < HEADER_SIZE + DM_PING_PAYLOAD_MIN || bytes[0] != wanted) {
        return;
    }
    memcpy(&mark, bytes + HEADER_SIZE, sizeof(mark));
    memcpy(&number, bytes + HEADER_SIZE + sizeof(mark), sizeof(number));
    if (mark != pinger->mark) {
        return;
    }
    for (struct dm_ping *ping = pinger->all; ping; ping = ping->next) {
        if (ping->number == number && ping->address.family == socket_->family) {
            complete(ping);
            return;
        }
    }
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    static const int packets_in_a_row = 64;
    const struct ping_socket *socket_ = poll->data;
    uint8_t bytes[IP4_HEADER_MAX + HEADER_SIZE + DM_PING_PAYLOAD_MAX];
    ++socket_->pinger->uv->n_events;
    for (int i = 0; i < packets_in_a_row; ++i) {
        const ssize_t n = recv(socket_->fd, bytes, sizeof(bytes), 0);
        size_t start = 0;
        if (n <= 0) {
            return;
        }
        if (socket_->is_raw && socket_->family == DM_FAMILY_4) {
            start = (size_t)(bytes[0] & 0x0FU) * 4; // The IP header
        }
        if (start < (size_t)n) {
            handle_reply(socket_, bytes + start, (size_t)n - start);
        }
    }
}

static int
open_socket(enum dm_family family, bool *ret_is_raw)
{
    const int domain = family == DM_FAMILY_4 ? AF_INET : AF_INET6;
    const int protocol =
        family == DM_FAMILY_4 ? IPPROTO_ICMP : (int)IPPROTO_ICMPV6;
    const int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    *ret_is_raw = false;
    int fd = socket(domain, SOCK_DGRAM | flags, protocol);
    if (fd < 0 && (errno == EACCES || errno == EPERM)) {
        *ret_is_raw = true;
        fd = socket(domain, SOCK_RAW | flags, protocol);
    }
    return fd < 0 ? -errno : fd;
}

// @return 0 or negative errno.
static int
get_socket(struct dm_uv_pinger *pinger, enum dm_family family,
           struct ping_socket **ret)
{
    struct ping_socket **place = &pinger->sockets[family == DM_FAMILY_6];
    if (*place) {
        *ret = *place;
        return 0;
    }
    struct ping_socket *socket_ = dm_calloc(1, sizeof(*socket_));
    if (!socket_) {
        return -ENOMEM;
    }
    socket_->pinger = pinger;
    socket_->family = family;
    socket_->fd = open_socket(family, &socket_->is_raw);
    int code = socket_->fd < 0 ? socket_->fd : 0;
    if (!code) {
        code = uv_poll_init(&pinger->uv->uv, &socket_->poll, socket_->fd);
        if (code) {
            (void)close(socket_->fd);
        }
    }
    if (code) {
        dm_free(socket_);
        return code;
    }
    socket_->poll.data = socket_;
    (void)uv_poll_start(&socket_->poll, UV_READABLE, on_readable);
    *place = socket_;
    *ret = socket_;
    return 0;
}

static int
send_request(const struct ping_socket *socket_, const struct dm_ping *ping,
             size_t payload)
{
    uint8_t bytes[HEADER_SIZE + DM_PING_PAYLOAD_MAX] = {0};
    const bool is_4 = socket_->family == DM_FAMILY_4;
    const size_t n = HEADER_SIZE + payload;
    bytes[0] = is_4 ? ECHO_REQUEST_4 : ECHO_REQUEST_6;
    bytes[4] = (uint8_t)(socket_->pinger->mark >> 8U);
    bytes[5] = (uint8_t)socket_->pinger->mark;
    bytes[6] = (uint8_t)(ping->number >> 8U);
    bytes[7] = (uint8_t)ping->number;
    memcpy(bytes + HEADER_SIZE, &socket_->pinger->mark, sizeof(uint64_t));
    memcpy(bytes + HEADER_SIZE + sizeof(uint64_t), &ping->number,
           sizeof(uint64_t));
    if (is_4) { // The kernel makes that of IPv6
        const uint16_t sum = checksum(bytes, n);
        bytes[2] = (uint8_t)(sum >> 8U);
        bytes[3] = (uint8_t)sum;
    }
    struct sockaddr_storage to;
    const struct dm_endpoint endpoint = dm_endpoint_ip(&ping->address, 0);
    const socklen_t n_to = dm_endpoint_to_system(&endpoint, &to);
    const ssize_t sent =
        sendto(socket_->fd, bytes, n, 0, (const struct sockaddr *)&to, n_to);
    return sent < 0 ? -errno : 0;
}

static void
explain(struct dm_ping *ping, int code)
{
    char place[DM_ADDRESS_SIZE];
    dm_address_format(&ping->address, place);
    enum dm_net_failure failure = DM_NET_CONNECTION;
    const char *what = uv_strerror(code);
    switch (-code) {
    case EACCES:
    case EPERM:
        failure = DM_NET_PERMISSION;
        what = "neither ping sockets nor raw sockets are allowed";
        break;
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case EAFNOSUPPORT:
        failure = DM_NET_LOCAL;
        break;
    default:
        break;
    }
    dm_net_outcome_set(&ping->result.outcome, failure, "ping %s: %s", place,
                       what);
}

static enum dm_status
start(void *self, const struct dm_ping_spec *spec, dm_ping_fn done,
      void *context, struct dm_ping **ret)
{
    struct dm_uv_pinger *pinger = self;
    struct dm_loop *loop = &pinger->uv->loop;
    if (pinger->n == pinger->max) {
        return DM_ERR_LIMIT;
    }
    struct dm_ping *ping = dm_calloc(1, sizeof(*ping));
    if (!ping) {
        return DM_ERR_NO_MEMORY;
    }
    ping->pinger = pinger;
    ping->done = done;
    ping->context = context;
    ping->address = spec->address;
    ping->number = ++pinger->n_sent;
    ping->start_ns = dm_loop_now_ns(loop);
    ++pinger->n;
    ping->next = pinger->all;
    if (ping->next) {
        ping->next->before = ping;
    }
    pinger->all = ping;

    struct ping_socket *socket_ = NULL;
    int code = get_socket(pinger, spec->address.family, &socket_);
    if (!code) {
        code = send_request(socket_, ping, spec->payload);
    }
    if (code) {
        explain(ping, code);
        dm_loop_timer_start(loop, &ping->timer, 0, complete, ping);
    } else {
        dm_loop_timer_start(loop, &ping->timer,
                            ping->start_ns + spec->timeout_ns, on_timeout,
                            ping);
    }
    *ret = ping;
    return DM_OK;
}

static void
cancel(void *self, struct dm_ping *ping)
{
    (void)self;
    release(ping);
}

struct dm_uv_pinger *
dm_uv_pinger_new(struct dm_uv *uv, size_t max)
{
    static const struct dm_pinger_ops ops = {.start = start, .cancel = cancel};
    struct dm_uv_pinger *pinger = dm_calloc(1, sizeof(*pinger));
    if (!pinger) {
        return NULL;
    }
    pinger->table.ops = &ops;
    pinger->table.self = pinger;
    pinger->uv = uv;
    pinger->max = max;
    dm_env_random(uv->env, &pinger->mark, sizeof(pinger->mark));
    return pinger;
}

static void
on_socket_closed(uv_handle_t *handle)
{
    struct ping_socket *socket_ = handle->data;
    (void)close(socket_->fd);
    dm_free(socket_);
}

void
dm_uv_pinger_free(struct dm_uv_pinger *pinger)
{
    if (!pinger) {
        return;
    }
    while (pinger->all) {
        release(pinger->all);
    }
    for (size_t i = 0; i < DM_COUNT_OF(pinger->sockets); ++i) {
        if (pinger->sockets[i]) {
            uv_close((uv_handle_t *)&pinger->sockets[i]->poll,
                     on_socket_closed);
        }
    }
    dm_free(pinger);
}

const struct dm_pinger *
dm_uv_pinger_table(const struct dm_uv_pinger *pinger)
{
    return &pinger->table;
}
