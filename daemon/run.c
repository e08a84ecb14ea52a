// SPDX-License-Identifier: ISC

#include "daemon/run.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/notify.h"
#include "daemon/thread.h"
#include "net/loop.h"
#include "net/real.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#define WAIT_NS INT64_C(3600000000000)

// Set by the handlers, looked at by the loop; the waker is woken with them. The
// only things outside a context, since a handler gets none.
static atomic_bool stop_asked;
static atomic_bool reload_asked;
static struct dm_waker signal_waker;

static void
on_signal(int number)
{
    if (number == SIGHUP) {
        atomic_store(&reload_asked, true);
    } else {
        atomic_store(&stop_asked, true);
    }
    dm_waker_wake(&signal_waker);
}

static void
on_signal_wake(void *context)
{
    struct dm_node *node = context;
    if (atomic_exchange(&reload_asked, false)) {
        dm_node_reload(node);
    }
    if (atomic_load(&stop_asked)) {
        dm_node_stop(node);
    }
}

static void
set_handlers(void (*handler)(int))
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < DM_COUNT_OF(numbers); ++i) {
        (void)sigaction(numbers[i], &action, NULL);
    }
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
}

struct running {
    const struct dm_env *env;
    struct dm_node *node;
    struct dm_loop *loop;
    struct dm_thread *threads[DM_NODE_ACTORS]; // The loop has none of its own
    struct dm_timer watchdog;
    int64_t watchdog_ns;
};

static void
on_watchdog(void *context)
{
    struct running *running = context;
    if (dm_node_is_healthy(running->node)) {
        dm_notify(running->env, "WATCHDOG=1");
    }
    dm_loop_timer_start(running->loop, &running->watchdog,
                        dm_loop_now_ns(running->loop) + running->watchdog_ns,
                        on_watchdog, running);
}

static enum dm_status
start_threads(struct running *running)
{
    for (size_t i = 1; i < DM_NODE_ACTORS; ++i) {
        running->threads[i] =
            dm_thread_new(running->env, dm_node_actor(running->node, i));
        if (!running->threads[i]) {
            return DM_ERR_NO_MEMORY;
        }
        dm_node_set_wake(running->node, i, dm_thread_wake, running->threads[i]);
    }
    enum dm_status status = DM_OK;
    for (size_t i = 1; !status && i < DM_NODE_ACTORS; ++i) {
        status = dm_thread_start(running->threads[i]);
    }
    return status;
}

static void
stop_threads(struct running *running)
{
    for (size_t i = 1; i < DM_NODE_ACTORS; ++i) {
        if (running->threads[i]) {
            dm_thread_stop(running->threads[i]);
        }
    }
}

static void
free_threads(struct running *running)
{
    for (size_t i = 1; i < DM_NODE_ACTORS; ++i) {
        dm_thread_free(running->threads[i]);
    }
}

static void
turn(struct running *running)
{
    int64_t due_ns = 0;
    while (dm_loop_step(running->loop, WAIT_NS, &due_ns) != DM_PROGRESS_ENDED) {
    }
}

static enum dm_status
serve(struct running *running, dm_started_fn on_started, void *context,
      struct dm_error *error)
{
    dm_waker_init(&signal_waker, running->loop, on_signal_wake, running->node);
    set_handlers(on_signal);
    enum dm_status status = start_threads(running);
    if (!status) {
        status = dm_node_start(running->node, error);
    }
    if (!status) {
        dm_notify(running->env, "READY=1");
        if (on_started) {
            on_started(context, running->node);
        }
        if (running->watchdog_ns) {
            on_watchdog(running);
        }
        turn(running);
        dm_loop_timer_stop(running->loop, &running->watchdog);
        dm_notify(running->env, "STOPPING=1");
    }
    stop_threads(running);
    set_handlers(SIG_IGN);
    return status;
}

enum dm_status
dm_run(const struct dm_node_options *options, dm_started_fn on_started,
       void *context, struct dm_error *error)
{
    struct dm_real *real = NULL;
    dm_alloc_stay_small();
    enum dm_status status =
        dm_real_new(options->env, &dm_real_limits_default, &real, error);
    if (status) {
        return status;
    }
    struct dm_node_options own = *options;
    own.net = dm_real_net(real);
    struct running running = {
        .env = options->env,
        .loop = own.net->loop,
        .watchdog_ns = dm_notify_watchdog_ns(options->env),
    };
    status = dm_node_new(&own, &running.node, error);
    if (!status) {
        status = serve(&running, on_started, context, error);
        dm_waker_done(&signal_waker);
        dm_node_free(running.node);
        free_threads(&running);
    }
    dm_real_free(real);
    return status;
}
