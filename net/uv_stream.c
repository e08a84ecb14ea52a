// SPDX-License-Identifier: ISC

// Streams on libuv: TCP and unix sockets

#include "base/alloc.h"
#include "net/real_private.h"

#include <assert.h>
#include <string.h>

#define READ_SIZE 65536U

enum state {
    CONNECTING,
    OPEN,
    ENDED,  // on_end was called, or is what the timer brings
    CLOSED, // By its owner; only libuv's callbacks are to come
};

struct dm_stream {
    struct dm_uv_streams *streams;
    struct dm_stream *next;
    struct dm_stream *before;
    struct dm_stream_handler handler;
    enum state state;
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } handle;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    struct dm_timer timer; // Connecting takes too long; or its end
    struct dm_endpoint endpoint;
    int64_t start_ns;
    int64_t timeout_ns;
    size_t max_unsent;
    size_t n_unsent;
    bool wants_writable;
    bool is_finished;
    struct dm_net_outcome outcome;
};

// One write on its way
struct stream_write {
    uv_write_t request;
    struct dm_stream *stream;
    size_t n;
    char bytes[];
};

struct dm_uv_streams {
    struct dm_streams table;
    struct dm_uv *uv;
    struct dm_stream *all; // Not CLOSED
    size_t n;              // CLOSED ones too, until libuv lets go
    size_t max;
    char read[READ_SIZE]; // For all: a read is handled before the next
};

static void
on_closed(uv_handle_t *handle)
{
    struct dm_stream *stream = handle->data;
    --stream->streams->n;
    dm_free(stream);
}

static void
let_go(struct dm_stream *stream)
{
    struct dm_uv_streams *streams = stream->streams;
    dm_loop_timer_stop(&streams->uv->loop, &stream->timer);
    if (stream->before) {
        stream->before->next = stream->next;
    } else {
        streams->all = stream->next;
    }
    if (stream->next) {
        stream->next->before = stream->before;
    }
    stream->state = CLOSED;
    uv_close((uv_handle_t *)&stream->handle.stream, on_closed);
}

static void
tell_end(void *context)
{
    struct dm_stream *stream = context;
    const struct dm_http_certificate none = {0};
    stream->handler.on_end(stream->handler.context, &stream->outcome, &none);
    let_go(stream);
}

static void
end(struct dm_stream *stream, enum dm_net_failure failure, const char *what)
{
    char place[DM_ENDPOINT_SIZE];
    stream->state = ENDED;
    dm_net_outcome_clear(&stream->outcome);
    if (failure) {
        dm_endpoint_format(&stream->endpoint, place);
        dm_net_outcome_set(&stream->outcome, failure, "%s: %s", place, what);
    }
    tell_end(stream);
}

static void
on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *ret)
{
    (void)wanted;
    const struct dm_stream *stream = handle->data;
    ret->base = stream->streams->read;
    ret->len = READ_SIZE;
}

static void
on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *buf)
{
    struct dm_stream *stream = handle->data;
    ++stream->streams->uv->n_events;
    if (stream->state != OPEN) {
        return;
    }
    if (n > 0) {
        stream->handler.on_data(stream->handler.context,
                                dm_str_n(buf->base, (size_t)n));
    } else if (n == UV_EOF) {
        end(stream, DM_NET_OK, "");
    } else if (n < 0) {
        end(stream, DM_NET_CONNECTION, uv_strerror((int)n));
    }
}

static void
on_connect(uv_connect_t *request, int status)
{
    struct dm_stream *stream = request->data;
    struct dm_uv *uv = stream->streams->uv;
    ++uv->n_events;
    if (stream->state != CONNECTING) {
        return;
    }
    dm_loop_timer_stop(&uv->loop, &stream->timer);
    if (status) {
        end(stream, DM_NET_CONNECTION,
            status == UV_ECONNREFUSED ? "refused" : uv_strerror(status));
        return;
    }
    stream->state = OPEN;
    const int code = uv_read_start(&stream->handle.stream, on_alloc, on_read);
    if (code) {
        end(stream, DM_NET_LOCAL, uv_strerror(code));
        return;
    }
    stream->handler.on_open(stream->handler.context,
                            dm_loop_now_ns(&uv->loop) - stream->start_ns);
}

static void
on_timeout(void *context)
{
    struct dm_stream *stream = context;
    end(stream, DM_NET_TIMED_OUT, "no connection in time");
}

// @return Negative on failure, which the completion tells.
static int
connect_stream(struct dm_stream *stream)
{
    struct sockaddr_storage storage;
    stream->connect.data = stream;
    if (stream->endpoint.kind == DM_ENDPOINT_UNIX) {
        uv_pipe_connect(&stream->connect, &stream->handle.pipe,
                        stream->endpoint.path, on_connect);
        return 0;
    }
    (void)dm_endpoint_to_system(&stream->endpoint, &storage);
    return uv_tcp_connect(&stream->connect, &stream->handle.tcp,
                          (const struct sockaddr *)&storage, on_connect);
}

static int
init_handle(struct dm_stream *stream)
{
    uv_loop_t *loop = &stream->streams->uv->uv;
    const int code = stream->endpoint.kind == DM_ENDPOINT_UNIX
                         ? uv_pipe_init(loop, &stream->handle.pipe, 0)
                         : uv_tcp_init(loop, &stream->handle.tcp);
    stream->handle.stream.data = stream;
    return code;
}

static enum dm_status
start(void *self, const struct dm_stream_spec *spec,
      const struct dm_stream_handler *handler, struct dm_stream **ret)
{
    struct dm_uv_streams *streams = self;
    struct dm_loop *loop = &streams->uv->loop;
    if (streams->n == streams->max) {
        return DM_ERR_LIMIT;
    }
    struct dm_stream *stream = dm_calloc(1, sizeof(*stream));
    if (!stream) {
        return DM_ERR_NO_MEMORY;
    }
    stream->streams = streams;
    stream->handler = *handler;
    stream->endpoint = spec->endpoint;
    stream->max_unsent = spec->max_unsent;
    stream->start_ns = dm_loop_now_ns(loop);
    const int failed = init_handle(stream);
    if (failed) {
        dm_free(stream);
        return dm_uv_status(failed);
    }
    ++streams->n;
    stream->next = streams->all;
    if (stream->next) {
        stream->next->before = stream;
    }
    streams->all = stream;
    dm_loop_timer_start(loop, &stream->timer,
                        stream->start_ns + spec->connect_timeout_ns, on_timeout,
                        stream);
    const int code = connect_stream(stream);
    if (code) {
        char place[DM_ENDPOINT_SIZE];
        dm_endpoint_format(&stream->endpoint, place);
        stream->state = ENDED;
        dm_net_outcome_set(&stream->outcome, DM_NET_CONNECTION, "%s: %s", place,
                           uv_strerror(code));
        dm_loop_timer_start(loop, &stream->timer, 0, tell_end, stream);
    }
    *ret = stream;
    return DM_OK;
}

static enum dm_status
start_tls(void *self, struct dm_stream *stream, const struct dm_http_tls *tls,
          int64_t timeout_ns)
{
    (void)self;
    (void)stream;
    (void)tls;
    (void)timeout_ns;
    return DM_ERR_UNSUPPORTED;
}

static void
on_written(uv_write_t *request, int status)
{
    struct stream_write *write = request->data;
    struct dm_stream *stream = write->stream;
    stream->n_unsent -= write->n;
    dm_free(write);
    ++stream->streams->uv->n_events;
    if (stream->state != OPEN) {
        return;
    }
    if (status) {
        end(stream, DM_NET_CONNECTION, uv_strerror(status));
    } else if (!stream->n_unsent && stream->wants_writable) {
        stream->wants_writable = false;
        stream->handler.on_writable(stream->handler.context);
    }
}

static enum dm_status
write_bytes(void *self, struct dm_stream *stream, struct dm_str bytes)
{
    (void)self;
    if (stream->state == CONNECTING || stream->is_finished) {
        return DM_ERR_STATE;
    }
    if (stream->state != OPEN) {
        return DM_OK; // Its end is on the way
    }
    if (bytes.n > stream->max_unsent) {
        return DM_ERR_LIMIT;
    }
    if (bytes.n > stream->max_unsent - stream->n_unsent) {
        stream->wants_writable = true;
        return DM_AGAIN;
    }
    struct stream_write *write = dm_malloc(sizeof(*write) + bytes.n);
    if (!write) {
        return DM_ERR_NO_MEMORY;
    }
    memcpy(write->bytes, bytes.data, bytes.n);
    write->stream = stream;
    write->n = bytes.n;
    write->request.data = write;
    const uv_buf_t buf = uv_buf_init(write->bytes, (unsigned)bytes.n);
    const int code =
        uv_write(&write->request, &stream->handle.stream, &buf, 1, on_written);
    if (code) {
        dm_free(write);
        return dm_uv_status(code);
    }
    stream->n_unsent += bytes.n;
    return DM_OK;
}

static void
pause_stream(void *self, struct dm_stream *stream, bool is_paused)
{
    (void)self;
    if (stream->state != OPEN) {
        return;
    }
    if (is_paused) {
        (void)uv_read_stop(&stream->handle.stream);
    } else {
        (void)uv_read_start(&stream->handle.stream, on_alloc, on_read);
    }
}

static void
on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    const struct dm_stream *stream = request->data;
    ++stream->streams->uv->n_events;
}

static void
finish(void *self, struct dm_stream *stream)
{
    (void)self;
    if (stream->state == OPEN && !stream->is_finished) {
        stream->is_finished = true;
        stream->shutdown.data = stream;
        (void)uv_shutdown(&stream->shutdown, &stream->handle.stream,
                          on_shutdown);
    }
}

static void
close_stream(void *self, struct dm_stream *stream)
{
    (void)self;
    let_go(stream);
}

struct dm_uv_streams *
dm_uv_streams_new(struct dm_uv *uv, size_t max)
{
    static const struct dm_streams_ops ops = {
        .start = start,
        .start_tls = start_tls,
        .write = write_bytes,
        .pause = pause_stream,
        .finish = finish,
        .close = close_stream,
    };
    struct dm_uv_streams *streams = dm_calloc(1, sizeof(*streams));
    if (!streams) {
        return NULL;
    }
    streams->table.ops = &ops;
    streams->table.self = streams;
    streams->uv = uv;
    streams->max = max;
    return streams;
}

void
dm_uv_streams_free(struct dm_uv_streams *streams)
{
    if (!streams) {
        return;
    }
    while (streams->all) {
        let_go(streams->all);
    }
    while (streams->n) { // Let libuv call back for each that closes
        (void)uv_run(&streams->uv->uv, UV_RUN_NOWAIT);
    }
    dm_free(streams);
}

const struct dm_streams *
dm_uv_streams_table(const struct dm_uv_streams *streams)
{
    return &streams->table;
}
