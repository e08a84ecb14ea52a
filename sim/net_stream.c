// SPDX-License-Identifier: ISC

// Streams to ports that talk. What is on its way, out or in, is a list in the
// order of arrival; what goes one way never overtakes itself.

#include "sim/net_private.h"

#include <assert.h>
#include <string.h>

#define REPLY_MAX ((size_t)1 << 20)

enum packet_kind {
    PACKET_OUT,     ///< Bytes to the other side
    PACKET_OUT_END, ///< We write no more
    PACKET_IN,
    PACKET_IN_END,   ///< Closed in order
    PACKET_IN_RESET, ///< Or not
};

struct packet {
    struct packet *next;
    int64_t at_ns; // World
    enum packet_kind kind;
    size_t n;
    char bytes[];
};

struct dm_stream {
    struct dm_sim_op op;
    struct dm_stream_handler handler;
    struct dm_stream_spec spec;
    bool is_open;
    bool is_paused;
    bool is_finished;
    bool wants_writable;
    bool is_ending; // on_end is all that is to come
    struct dm_net_outcome outcome;
    size_t unsent;
    struct packet *packets;
};

static void
stream_free(struct dm_sim_op *op)
{
    struct dm_stream *stream = (struct dm_stream *)op;
    while (stream->packets) {
        struct packet *packet = stream->packets;
        stream->packets = packet->next;
        dm_free(packet);
    }
    dm_free(stream);
}

static void
tell_end(struct dm_stream *stream)
{
    const struct dm_http_certificate none = {.is_known = false};
    dm_sim_op_leave(&stream->op);
    stream->handler.on_end(stream->handler.context, &stream->outcome, &none);
    stream_free(&stream->op);
}

static void
set_failure(struct dm_stream *stream, enum dm_net_failure failure,
            const char *what)
{
    char place[DM_ENDPOINT_SIZE];
    dm_endpoint_format(&stream->spec.endpoint, place);
    dm_net_outcome_set(&stream->outcome, failure, "%s: %s", place, what);
    stream->is_ending = true;
}

static bool
is_outgoing(enum packet_kind kind)
{
    return kind == PACKET_OUT || kind == PACKET_OUT_END;
}

// Wait for what arrives first
static void
await_packet(struct dm_stream *stream)
{
    const struct packet *first = stream->packets;
    if (first) {
        const int64_t now_ns = dm_sim_world_now_ns(stream->op.net->world);
        dm_sim_op_after(&stream->op,
                        first->at_ns > now_ns ? first->at_ns - now_ns : 0);
    }
}

// Send a packet, or break off where there is no memory for it
static bool
send_packet(struct dm_stream *stream, enum packet_kind kind,
            struct dm_str bytes)
{
    struct dm_sim_net *net = stream->op.net;
    struct packet *packet = dm_malloc(sizeof(*packet) + bytes.n);
    if (!packet) {
        return false;
    }
    const struct dm_sim_place place =
        dm_sim_network_find(net, &stream->spec.endpoint);
    *packet = (struct packet){
        .at_ns = dm_sim_world_now_ns(net->world) +
                 dm_sim_latency_ns(net, place.link),
        .kind = kind,
        .n = bytes.n,
    };
    if (bytes.n > 0) {
        memcpy(packet->bytes, bytes.data, bytes.n);
    }
    struct packet **link = &stream->packets;
    for (struct packet *other = *link; other; other = other->next) {
        const bool is_same_way = is_outgoing(other->kind) == is_outgoing(kind);
        if (is_same_way && other->at_ns > packet->at_ns) {
            packet->at_ns = other->at_ns;
        }
    }
    while (*link && (*link)->at_ns <= packet->at_ns) {
        link = &(*link)->next;
    }
    packet->next = *link;
    *link = packet;
    await_packet(stream);
    return true;
}

// What the service says to `received`
static void
talk(struct dm_stream *stream, struct dm_str received)
{
    const struct dm_sim_place place =
        dm_sim_network_find(stream->op.net, &stream->spec.endpoint);
    if (place.reach == DM_SIM_REACH_SILENT) {
        return;
    }
    bool is_good = place.service && place.service->talk;
    struct dm_buf reply;
    dm_buf_init(&reply, REPLY_MAX);
    bool ends = false;
    if (is_good) {
        place.service->talk(place.service->context, received, &reply, &ends);
        is_good = reply.status == DM_OK;
    }
    if (is_good && reply.n > 0) {
        is_good = send_packet(stream, PACKET_IN, dm_buf_str(&reply));
    }
    if (!is_good) {
        (void)send_packet(stream, PACKET_IN_RESET, dm_str(""));
    } else if (ends) {
        (void)send_packet(stream, PACKET_IN_END, dm_str(""));
    }
    dm_buf_done(&reply);
}

static struct packet *
take_packet(struct dm_stream *stream)
{
    struct packet *packet = stream->packets;
    stream->packets = packet->next;
    return packet;
}

static void
stream_arrive(struct dm_sim_op *op)
{
    struct dm_stream *stream = (struct dm_stream *)op;
    struct packet *first = stream->packets;
    if (!stream->is_open || !first || !is_outgoing(first->kind)) {
        dm_sim_op_ready(op);
        return;
    }
    struct packet *packet = take_packet(stream);
    if (packet->kind == PACKET_OUT) {
        stream->unsent -= packet->n;
        talk(stream, dm_str_n(packet->bytes, packet->n));
    } else {
        (void)send_packet(stream, PACKET_IN_END, dm_str(""));
    }
    dm_free(packet);
    if (stream->wants_writable && stream->unsent == 0) {
        dm_sim_op_ready(op);
    }
    await_packet(stream);
}

static void
open_or_fail(struct dm_stream *stream)
{
    struct dm_sim_net *net = stream->op.net;
    const struct dm_sim_place place =
        dm_sim_network_find(net, &stream->spec.endpoint);
    if (place.reach == DM_SIM_REACH_SILENT) {
        return; // Until the time is over
    }
    if (place.reach != DM_SIM_REACH_UP) {
        char text[DM_ENDPOINT_SIZE];
        dm_endpoint_format(&stream->spec.endpoint, text);
        dm_net_outcome_set(
            &stream->outcome, DM_NET_CONNECTION, "connect to %s: %s", text,
            place.reach == DM_SIM_REACH_UNREACHABLE ? "unreachable"
                                                    : "refused");
        tell_end(stream);
        return;
    }
    dm_loop_timer_stop(&net->loop, &stream->op.timer);
    stream->is_open = true;
    if (place.service && place.service->talk) {
        talk(stream, dm_str(""));
    }
    stream->handler.on_open(stream->handler.context,
                            dm_sim_op_elapsed_ns(&stream->op));
}

static void
take_incoming(struct dm_stream *stream)
{
    struct packet *first = stream->packets;
    const int64_t now_ns = dm_sim_world_now_ns(stream->op.net->world);
    if (!first || first->at_ns > now_ns || is_outgoing(first->kind) ||
        stream->is_paused) {
        return;
    }
    struct packet *packet = take_packet(stream);
    await_packet(stream);
    const enum packet_kind kind = packet->kind;
    if (kind == PACKET_IN) {
        // Must be the last use of the stream: it may be closed in there
        const struct dm_stream_handler handler = stream->handler;
        handler.on_data(handler.context, dm_str_n(packet->bytes, packet->n));
    } else {
        if (kind == PACKET_IN_RESET) {
            set_failure(stream, DM_NET_CONNECTION, "reset");
        }
        tell_end(stream);
    }
    dm_free(packet);
}

static void
stream_run(struct dm_sim_op *op)
{
    struct dm_stream *stream = (struct dm_stream *)op;
    if (stream->is_ending) {
        tell_end(stream);
    } else if (!stream->is_open) {
        open_or_fail(stream);
    } else if (stream->wants_writable && stream->unsent == 0) {
        stream->wants_writable = false;
        await_packet(stream);
        stream->handler.on_writable(stream->handler.context);
    } else {
        take_incoming(stream);
    }
}

static void
stream_expire(struct dm_sim_op *op)
{
    struct dm_stream *stream = (struct dm_stream *)op;
    set_failure(stream, DM_NET_TIMED_OUT, "no connection in time");
    tell_end(stream);
}

static const struct dm_sim_op_kind stream_kind = {
    .arrive = stream_arrive,
    .run = stream_run,
    .expire = stream_expire,
    .free = stream_free,
};

static enum dm_status
stream_start(void *self, const struct dm_stream_spec *spec,
             const struct dm_stream_handler *handler, struct dm_stream **ret)
{
    struct dm_sim_net *net = self;
    enum dm_status status = DM_OK;
    struct dm_stream *stream = (struct dm_stream *)dm_sim_op_begin(
        net, sizeof(*stream), &stream_kind, &status);
    if (!stream) {
        return status;
    }
    stream->handler = *handler;
    stream->spec = *spec;
    const struct dm_sim_place place = dm_sim_network_find(net, &spec->endpoint);
    dm_sim_op_after(&stream->op, dm_sim_latency_ns(net, place.link) +
                                     dm_sim_latency_ns(net, place.link));
    dm_sim_op_limit(&stream->op, spec->connect_timeout_ns);
    *ret = stream;
    return DM_OK;
}

static enum dm_status
stream_start_tls(void *self, struct dm_stream *stream,
                 const struct dm_http_tls *tls, int64_t timeout_ns)
{
    (void)self;
    (void)stream;
    (void)tls;
    (void)timeout_ns;
    return DM_ERR_UNSUPPORTED;
}

static enum dm_status
stream_write(void *self, struct dm_stream *stream, struct dm_str bytes)
{
    (void)self;
    assert(stream->is_open);
    if (stream->is_finished) {
        return DM_ERR_STATE;
    }
    if (bytes.n > stream->spec.max_unsent) {
        return DM_ERR_LIMIT;
    }
    if (stream->unsent > stream->spec.max_unsent - bytes.n) {
        stream->wants_writable = true;
        return DM_AGAIN;
    }
    if (!send_packet(stream, PACKET_OUT, bytes)) {
        return DM_ERR_NO_MEMORY;
    }
    stream->unsent += bytes.n;
    return DM_OK;
}

static void
stream_pause(void *self, struct dm_stream *stream, bool is_paused)
{
    (void)self;
    stream->is_paused = is_paused;
    if (!is_paused) {
        await_packet(stream);
    }
}

static void
stream_finish(void *self, struct dm_stream *stream)
{
    (void)self;
    if (!stream->is_finished) {
        stream->is_finished = true;
        if (!send_packet(stream, PACKET_OUT_END, dm_str(""))) {
            set_failure(stream, DM_NET_LOCAL, "out of memory");
            dm_sim_op_ready(&stream->op);
        }
    }
}

static void
stream_close(void *self, struct dm_stream *stream)
{
    (void)self;
    dm_sim_op_end(&stream->op);
}

const struct dm_streams_ops dm_sim_streams_ops = {
    .start = stream_start,
    .start_tls = stream_start_tls,
    .write = stream_write,
    .pause = stream_pause,
    .finish = stream_finish,
    .close = stream_close,
};
