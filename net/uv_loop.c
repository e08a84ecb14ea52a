// SPDX-License-Identifier: ISC

// The loop on libuv. Timers are ours (net/timers.h); one uv timer bounds the
// wait, so that an idle loop sleeps until the first of them.

#include "base/env.h"
#include "base/time.h"
#include "net/real_private.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static int64_t
now_ns(void *self)
{
    const struct dm_uv *uv = self;
    return dm_env_monotonic_ns(uv->env);
}

static void
wake(void *self)
{
    struct dm_uv *uv = self;
    (void)uv_async_send(&uv->async); // Fails only for a closed handle
}

static void
on_async(uv_async_t *async)
{
    struct dm_uv *uv = async->data;
    ++uv->n_events;
}

static void
on_timer(uv_timer_t *timer)
{
    (void)timer; // It only ends the wait
}

// libuv counts in whole milliseconds of its own clock: round up there, so that
// our timer is due when the wait ends
static void
bound_wait(struct dm_uv *uv, int64_t wait_ns)
{
    uv_update_time(&uv->uv);
    const int64_t end_ns = (int64_t)uv_hrtime() + wait_ns;
    const int64_t end_ms = end_ns / DM_NS_PER_MS + 1;
    const int64_t delay_ms = end_ms - (int64_t)uv_now(&uv->uv);
    (void)uv_timer_start(&uv->timer, on_timer,
                         delay_ms > 0 ? (uint64_t)delay_ms : 0, 0);
}

static int64_t
allowed_wait_ns(struct dm_uv *uv, int64_t max_wait_ns)
{
    const int64_t due_ns = dm_loop_due_ns(&uv->loop);
    if (due_ns == DM_NEVER_DUE) {
        return max_wait_ns;
    }
    const int64_t left_ns = due_ns - now_ns(uv);
    if (left_ns <= 0) {
        return 0;
    }
    return left_ns < max_wait_ns ? left_ns : max_wait_ns;
}

static enum dm_progress
step(void *self, int64_t max_wait_ns, int64_t *ret_due_ns)
{
    struct dm_uv *uv = self;
    static const int64_t for_ever_ns = INT64_MAX / 4;
    uv->n_events = 0;
    const int64_t wait_ns = allowed_wait_ns(uv, max_wait_ns);
    if (wait_ns && wait_ns < for_ever_ns) {
        bound_wait(uv, wait_ns);
    }
    (void)uv_run(&uv->uv, wait_ns ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    if (wait_ns && wait_ns < for_ever_ns) {
        (void)uv_timer_stop(&uv->timer);
    }
    const size_t n = uv->n_events + dm_loop_dispatch(&uv->loop, false);
    if (n) {
        return DM_PROGRESS_WORKED;
    }
    *ret_due_ns = dm_loop_due_ns(&uv->loop);
    return DM_PROGRESS_IDLE;
}

enum dm_status
dm_uv_init(struct dm_uv *uv, const struct dm_env *env, struct dm_error *error)
{
    static const struct dm_loop_ops ops = {
        .now_ns = now_ns,
        .wake = wake,
        .step = step,
    };
    uv->env = env;
    uv->n_events = 0;
    dm_loop_init(&uv->loop, &ops, uv);
    int code = uv_loop_init(&uv->uv);
    if (!code) {
        code = uv_async_init(&uv->uv, &uv->async, on_async);
        if (code) {
            (void)uv_loop_close(&uv->uv);
        }
    }
    if (code) {
        (void)dm_error_set(error, dm_uv_status(code),
                           "the event loop cannot be set up");
        dm_error_detail(error, "%s", uv_strerror(code));
        return dm_uv_status(code);
    }
    uv->async.data = uv;
    (void)uv_timer_init(&uv->uv, &uv->timer);
    return DM_OK;
}

void
dm_uv_done(struct dm_uv *uv)
{
    uv_close((uv_handle_t *)&uv->async, NULL);
    uv_close((uv_handle_t *)&uv->timer, NULL);
    (void)uv_run(&uv->uv, UV_RUN_DEFAULT); // Until all have closed
    const int code = uv_loop_close(&uv->uv);
    assert(!code);
    (void)code;
}

enum dm_status
dm_uv_status(int code)
{
    switch (-code) {
    case 0:
        return DM_OK;
    case ENOMEM:
        return DM_ERR_NO_MEMORY;
    case EACCES:
    case EPERM:
    case EROFS:
        return DM_ERR_PERMISSION;
    case ENOENT:
    case ENOTDIR:
    case EADDRNOTAVAIL:
        return DM_ERR_NOT_FOUND;
    case EADDRINUSE:
    case EBUSY:
        return DM_ERR_BUSY;
    case EMFILE:
    case ENFILE:
    case ENOSPC: // Also what inotify says when it has no watch left
    case EAGAIN:
        return DM_ERR_LIMIT;
    default:
        return DM_ERR_IO;
    }
}
