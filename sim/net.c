// SPDX-License-Identifier: ISC

// The loop, operations, and how the parts are put together.

#include "sim/net.h"

#include "sim/net_private.h"

#include <assert.h>

// Operations

static void
on_event(void *context)
{
    struct dm_sim_op *op = context;
    op->kind->arrive(op);
}

static void
on_timer(void *context)
{
    struct dm_sim_op *op = context;
    op->kind->expire(op);
}

void
dm_sim_op_init(struct dm_sim_op *op, struct dm_sim_net *net,
               const struct dm_sim_op_kind *kind)
{
    op->kind = kind;
    op->net = net;
    op->start_ns = dm_loop_now_ns(&net->loop);
    dm_sim_event_init(&op->event, on_event, op);
    op->next = net->ops;
    if (op->next) {
        op->next->before = op;
    }
    net->ops = op;
    ++net->n_ops;
}

struct dm_sim_op *
dm_sim_op_begin(struct dm_sim_net *net, size_t size,
                const struct dm_sim_op_kind *kind, enum dm_status *status)
{
    assert(size >= sizeof(struct dm_sim_op));
    *status = DM_ERR_LIMIT;
    if (net->n_ops >= DM_SIM_NET_LIMIT) {
        return NULL;
    }
    *status = DM_ERR_NO_MEMORY;
    struct dm_sim_op *op = dm_calloc(1, size);
    if (op) {
        dm_sim_op_init(op, net, kind);
        *status = DM_OK;
    }
    return op;
}

static void
take_from_ready(struct dm_sim_op *op)
{
    struct dm_sim_net *net = op->net;
    if (!op->is_ready) {
        return;
    }
    op->is_ready = false;
    if (op->before_ready) {
        op->before_ready->next_ready = op->next_ready;
    } else {
        net->first_ready = op->next_ready;
    }
    if (op->next_ready) {
        op->next_ready->before_ready = op->before_ready;
    } else {
        net->last_ready = op->before_ready;
    }
    op->next_ready = NULL;
    op->before_ready = NULL;
}

void
dm_sim_op_leave(struct dm_sim_op *op)
{
    struct dm_sim_net *net = op->net;
    take_from_ready(op);
    dm_sim_event_cancel(net->world, &op->event);
    dm_loop_timer_stop(&net->loop, &op->timer);
    if (op->before) {
        op->before->next = op->next;
    } else {
        net->ops = op->next;
    }
    if (op->next) {
        op->next->before = op->before;
    }
    assert(net->n_ops > 0);
    --net->n_ops;
}

void
dm_sim_op_end(struct dm_sim_op *op)
{
    dm_sim_op_leave(op);
    op->kind->free(op);
}

void
dm_sim_op_ready(struct dm_sim_op *op)
{
    struct dm_sim_net *net = op->net;
    if (op->is_ready || net->is_cut) {
        return;
    }
    op->is_ready = true;
    op->before_ready = net->last_ready;
    if (net->last_ready) {
        net->last_ready->next_ready = op;
    } else {
        net->first_ready = op;
    }
    net->last_ready = op;
    dm_sim_actor_wake(net->handle);
}

void
dm_sim_op_arrive(struct dm_sim_op *op)
{
    dm_sim_op_ready(op);
}

void
dm_sim_op_after(struct dm_sim_op *op, int64_t delay_ns)
{
    struct dm_sim_net *net = op->net;
    assert(delay_ns >= 0);
    if (net->is_cut) {
        return;
    }
    const int64_t at_ns = dm_sim_world_now_ns(net->world) + delay_ns;
    if (dm_sim_event_set(net->world, &op->event, at_ns) != DM_OK) {
        op->kind->arrive(op); // At once rather than never
    }
}

void
dm_sim_op_limit(struct dm_sim_op *op, int64_t timeout_ns)
{
    struct dm_loop *loop = &op->net->loop;
    const int64_t now_ns = dm_loop_now_ns(loop);
    const int64_t due_ns =
        timeout_ns < INT64_MAX - now_ns ? now_ns + timeout_ns : INT64_MAX;
    dm_loop_timer_start(loop, &op->timer, due_ns, on_timer, op);
}

int64_t
dm_sim_op_elapsed_ns(const struct dm_sim_op *op)
{
    return dm_loop_now_ns(&op->net->loop) - op->start_ns;
}

// The loop

static int64_t
loop_now_ns(void *self)
{
    const struct dm_sim_net *net = self;
    return dm_sim_machine_monotonic_ns(net->options.machine);
}

static void
loop_wake(void *self)
{
    const struct dm_sim_net *net = self;
    dm_sim_actor_wake(net->handle);
}

// One thing: an arrival or a timer, whichever the seed wants first
static enum dm_progress
loop_step(void *self, int64_t max_wait_ns, int64_t *ret_due_ns)
{
    struct dm_sim_net *net = self;
    (void)max_wait_ns;
    struct dm_sim_op *op = net->first_ready;
    const bool is_arrival_first =
        op && dm_sim_random_chance(&net->random, DM_SIM_MILLION / 2);
    if (!is_arrival_first && dm_loop_dispatch(&net->loop, true) > 0) {
        return DM_PROGRESS_WORKED;
    }
    op = net->first_ready;
    if (op) {
        take_from_ready(op);
        op->kind->run(op);
        return DM_PROGRESS_WORKED;
    }
    *ret_due_ns = dm_loop_due_ns(&net->loop);
    return DM_PROGRESS_IDLE;
}

static const struct dm_loop_ops loop_ops = {
    .now_ns = loop_now_ns,
    .wake = loop_wake,
    .step = loop_step,
};

// All of it

enum dm_status
dm_sim_net_new(const struct dm_sim_net_options *options,
               struct dm_sim_net **ret)
{
    struct dm_sim_net *net = dm_calloc(1, sizeof(*net));
    if (!net) {
        return DM_ERR_NO_MEMORY;
    }
    net->options = *options;
    net->world = dm_sim_machine_world(options->machine);
    dm_loop_init(&net->loop, &loop_ops, net);
    net->resolver = (struct dm_resolver){&dm_sim_resolver_ops, net};
    net->transport = (struct dm_http_transport){&dm_sim_transport_ops, net};
    net->servers = (struct dm_http_servers){&dm_sim_servers_ops, net};
    net->streams = (struct dm_streams){&dm_sim_streams_ops, net};
    net->processes = (struct dm_processes){&dm_sim_processes_ops, net};
    net->pinger = (struct dm_pinger){&dm_sim_pinger_ops, net};
    net->watcher = (struct dm_watcher){&dm_sim_watcher_ops, net, &net->loop};
    net->system = (struct dm_system){&dm_sim_system_ops, net};
    net->client = dm_http_client_new(&net->loop, &net->resolver,
                                     &net->transport, DM_SIM_NET_LIMIT);
    const enum dm_status status =
        net->client ? dm_sim_machine_add(options->machine, &net->handle)
                    : DM_ERR_NO_MEMORY;
    if (status != DM_OK) {
        dm_http_client_free(net->client);
        dm_free(net);
        return status;
    }
    dm_sim_random_fork(dm_sim_world_random(net->world), "net", &net->random);
    net->net = (struct dm_net){
        .loop = &net->loop,
        .resolver = &net->resolver,
        .http = net->client,
        .servers = &net->servers,
        .streams = &net->streams,
        .processes = &net->processes,
        .pinger = &net->pinger,
        .watcher = &net->watcher,
        .system = &net->system,
    };
    dm_sim_network_join(options->network, net);
    *ret = net;
    return DM_OK;
}

void
dm_sim_net_free(struct dm_sim_net *net)
{
    if (!net) {
        return;
    }
    dm_http_client_free(net->client);
    assert(!net->listening && !net->watched);
    while (net->ops) {
        dm_sim_op_end(net->ops);
    }
    dm_sim_network_leave(net->options.network, net);
    dm_free(net);
}

void
dm_sim_net_cut(struct dm_sim_net *net, bool is_reset)
{
    assert(!net->is_cut);
    for (struct dm_sim_op *op = net->ops; op; op = op->next) {
        if (op->kind->cut) {
            op->kind->cut(op, is_reset);
        }
    }
    net->is_cut = true;
    for (struct dm_sim_op *op = net->ops; op; op = op->next) {
        take_from_ready(op);
        dm_sim_event_cancel(net->world, &op->event);
    }
}

struct dm_net *
dm_sim_net_get(struct dm_sim_net *net)
{
    return &net->net;
}

struct dm_sim_actor *
dm_sim_net_handle(struct dm_sim_net *net)
{
    return net->handle;
}

size_t
dm_sim_net_n_ops(const struct dm_sim_net *net)
{
    return net->n_ops;
}
