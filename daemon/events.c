// SPDX-License-Identifier: ISC

#include "daemon/events.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "net/http_server.h"
#include "net/loop.h"

#include <assert.h>
#include <stdio.h>

#define BEAT_NS (INT64_C(15) * DM_NS_PER_SECOND) // Between comments
#define FRAME_MAX (DM_EVENT_MAX + 128U)

struct dm_events {
    struct dm_loop *loop;
    struct dm_timer beat;
    char *texts[DM_EVENTS_KEPT]; // Whole frames; number % DM_EVENTS_KEPT
    size_t lengths[DM_EVENTS_KEPT];
    uint64_t n; // Number of the next event
    struct dm_http_call *clients[DM_EVENTS_CLIENTS_MAX];
    size_t n_clients;
};

struct dm_events *
dm_events_new(struct dm_loop *loop)
{
    struct dm_events *events = dm_calloc(1, sizeof(*events));
    if (events) {
        events->loop = loop;
        events->n = 1;
    }
    return events;
}

void
dm_events_free(struct dm_events *events)
{
    if (!events) {
        return;
    }
    dm_loop_timer_stop(events->loop, &events->beat);
    for (size_t i = 0; i < events->n_clients; ++i) {
        dm_http_abort(events->clients[i]);
    }
    for (size_t i = 0; i < DM_EVENTS_KEPT; ++i) {
        dm_free(events->texts[i]);
    }
    dm_free(events);
}

static void
forget_client(struct dm_events *events, size_t i)
{
    events->clients[i] = events->clients[--events->n_clients];
}

// A client that does not keep up is cut off; it comes back with Last-Event-ID
static void
send_all(struct dm_events *events, struct dm_str frame)
{
    for (size_t i = 0; i < events->n_clients;) {
        struct dm_http_call *call = events->clients[i];
        if (dm_http_write(call, frame)) {
            forget_client(events, i);
            dm_http_abort(call);
        } else {
            ++i;
        }
    }
}

static void
on_beat(void *context)
{
    static const struct dm_str comment = DM_STR(":\n\n");
    struct dm_events *events = context;
    DM_ON_LOOP();
    send_all(events, comment);
    if (events->n_clients) {
        dm_loop_timer_start(events->loop, &events->beat,
                            dm_loop_now_ns(events->loop) + BEAT_NS, on_beat,
                            events);
    }
}

void
dm_events_publish(struct dm_events *events, const char *kind,
                  struct dm_str json)
{
    DM_ON_LOOP();
    struct dm_buf frame;
    dm_buf_init(&frame, FRAME_MAX);
    if (json.n <= DM_EVENT_MAX) {
        (void)dm_buf_printf(&frame, "id: %llu\nevent: %s\ndata: ",
                            (unsigned long long)events->n, kind);
        (void)dm_buf_put_str(&frame, json);
        (void)dm_buf_puts(&frame, "\n\n");
    }
    if (frame.n && !frame.status) {
        send_all(events, dm_buf_str(&frame));
        const size_t place = events->n % DM_EVENTS_KEPT;
        dm_free(events->texts[place]);
        events->texts[place] = dm_buf_take(&frame, &events->lengths[place]);
        ++events->n;
    }
    dm_buf_done(&frame);
}

// What came after `last_id` and is still kept
static enum dm_status
catch_up(struct dm_events *events, struct dm_http_call *call,
         struct dm_str last_id)
{
    uint64_t last = 0;
    if (!dm_str_to_uint(last_id, UINT64_MAX, &last) || last >= events->n) {
        return DM_OK;
    }
    const uint64_t oldest =
        events->n > DM_EVENTS_KEPT ? events->n - DM_EVENTS_KEPT : 1;
    enum dm_status status = DM_OK;
    for (uint64_t i = last + 1 > oldest ? last + 1 : oldest;
         !status && i < events->n; ++i) {
        const size_t place = i % DM_EVENTS_KEPT;
        if (events->texts[place]) {
            status = dm_http_write(
                call, dm_str_n(events->texts[place], events->lengths[place]));
        }
    }
    return status;
}

enum dm_status
dm_events_serve(struct dm_events *events, struct dm_http_call *call,
                struct dm_str last_id)
{
    DM_ON_LOOP();
    static const struct dm_http_header headers[] = {
        {DM_STR("Content-Type"), DM_STR("text/event-stream")},
        {DM_STR("Cache-Control"), DM_STR("no-store")},
    };
    static const struct dm_str hello = DM_STR("retry: 2000\n\n");
    if (events->n_clients == DM_EVENTS_CLIENTS_MAX) {
        return DM_ERR_LIMIT;
    }
    if (dm_http_stream(call, 200, headers, DM_COUNT_OF(headers))) {
        return DM_OK; // It is closed by now, or will be
    }
    if (dm_http_write(call, hello) || catch_up(events, call, last_id)) {
        dm_http_abort(call);
        return DM_OK;
    }
    events->clients[events->n_clients++] = call;
    dm_loop_timer_stop(events->loop, &events->beat);
    dm_loop_timer_start(events->loop, &events->beat,
                        dm_loop_now_ns(events->loop) + BEAT_NS, on_beat,
                        events);
    return DM_OK;
}

void
dm_events_closed(struct dm_events *events, struct dm_http_call *call)
{
    DM_ON_LOOP();
    for (size_t i = 0; i < events->n_clients; ++i) {
        if (events->clients[i] == call) {
            forget_client(events, i);
            return;
        }
    }
}
