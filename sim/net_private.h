// SPDX-License-Identifier: ISC

#ifndef DM_SIM_NET_PRIVATE_H
#define DM_SIM_NET_PRIVATE_H

/**
 * @file
 * What the parts of the simulated network share.
 *
 * An *operation* is anything under way: a question, an exchange, a call being
 * served. Its event is when the next thing arrives; `arrive` runs in the world
 * then, and where it wants a step of the loop it calls dm_sim_op_ready(). `run`
 * is that step. `expire` runs in a step, too, when the time-out is over.
 *
 * O1 An operation is in net->ops from begin to end, and in the list of ready
 *    ones at most once.
 * O2 After a cut no operation's event is set, and none becomes ready.
 */

#include "base/alloc.h"
#include "base/attr.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/http_transport.h"
#include "net/icmp.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "net/watch.h"
#include "sim/machine.h"
#include "sim/net.h"
#include "sim/network.h"
#include "sim/random.h"
#include "sim/world.h"

struct dm_sim_op;

typedef void (*dm_sim_op_fn)(struct dm_sim_op *op);

struct dm_sim_op_kind {
    dm_sim_op_fn arrive; // In the world
    dm_sim_op_fn run;    // In a step
    dm_sim_op_fn expire; // In a step
    dm_sim_op_fn free;   // Release what it holds and itself
    // The process ends (see dm_sim_net_cut()); NULL where nobody is to be told
    void (*cut)(struct dm_sim_op *op, bool is_reset);
};

struct dm_sim_op {
    const struct dm_sim_op_kind *kind;
    struct dm_sim_net *net;
    struct dm_sim_op *next;
    struct dm_sim_op *before;
    struct dm_sim_op *next_ready;
    struct dm_sim_op *before_ready;
    bool is_ready;
    int64_t start_ns; // Monotonic
    struct dm_sim_event event;
    struct dm_timer timer;
};

struct dm_sim_net {
    struct dm_sim_net_options options;
    struct dm_sim_world *world;
    struct dm_sim_random random;
    struct dm_sim_actor *handle;
    bool is_cut;
    struct dm_sim_net *next; // Of the network
    struct dm_loop loop;
    struct dm_resolver resolver;
    struct dm_http_transport transport;
    struct dm_http_client *client;
    struct dm_http_servers servers;
    struct dm_streams streams;
    struct dm_processes processes;
    struct dm_pinger pinger;
    struct dm_watcher watcher;
    struct dm_system system;
    struct dm_net net;
    struct dm_sim_op *ops;
    size_t n_ops;
    struct dm_sim_op *first_ready;
    struct dm_sim_op *last_ready;
    struct dm_http_server *listening; // In net_server.c
    struct dm_watch_entry *watched;   // In net_local.c
};

// Operations. begin: zeroed `size` bytes whose head is a dm_sim_op, or NULL
// where memory is out or `*status` says why not
struct dm_sim_op *dm_sim_op_begin(struct dm_sim_net *net, size_t size,
                                  const struct dm_sim_op_kind *kind,
                                  enum dm_status *status);
// Begin one that lies in its owner, which is zeroed
void dm_sim_op_init(struct dm_sim_op *op, struct dm_sim_net *net,
                    const struct dm_sim_op_kind *kind);
// Take it out of everything, before its completion; then comes kind->free()
void dm_sim_op_leave(struct dm_sim_op *op);
// Leave and free
void dm_sim_op_end(struct dm_sim_op *op);
void dm_sim_op_ready(struct dm_sim_op *op);
// Let `arrive` run after `delay_ns` of world time
void dm_sim_op_after(struct dm_sim_op *op, int64_t delay_ns);
// Let `expire` run after `timeout_ns` of monotonic time
void dm_sim_op_limit(struct dm_sim_op *op, int64_t timeout_ns);
// Since its start, monotonic
int64_t dm_sim_op_elapsed_ns(const struct dm_sim_op *op);
// An `arrive` that is no more than a step of the loop
void dm_sim_op_arrive(struct dm_sim_op *op);

// The network

struct dm_sim_service {
    struct dm_sim_service *next;
    uint16_t port;
    bool is_tls;
    struct dm_sim_tls tls;
    dm_sim_serve_fn serve; // NULL: it talks
    dm_sim_talk_fn talk;   // NULL: it serves
    void *context;
};

// What is at an endpoint, as seen from `net`
struct dm_sim_place {
    enum dm_sim_reach reach;              // With a port nobody serves: REFUSES
    const struct dm_sim_link *link;       // NULL on the own machine
    const struct dm_sim_way *way;         // NULL: nothing is between
    const struct dm_sim_service *service; // Or
    struct dm_http_server *server;        // that of a machine
};

void dm_sim_network_join(struct dm_sim_network *network,
                         struct dm_sim_net *net);
void dm_sim_network_leave(struct dm_sim_network *network,
                          struct dm_sim_net *net);
struct dm_sim_place dm_sim_network_find(struct dm_sim_net *from,
                                        const struct dm_endpoint *endpoint);
// The host called `name`, or NULL
struct dm_sim_host *dm_sim_network_named(struct dm_sim_network *network,
                                         struct dm_str name);
const struct dm_address *dm_sim_host_address(const struct dm_sim_host *host);
const struct dm_sim_host *
dm_sim_network_at(const struct dm_sim_network *network,
                  const struct dm_address *address);
// How long one packet takes over `link` (NULL: the own machine)
int64_t dm_sim_latency_ns(struct dm_sim_net *net,
                          const struct dm_sim_link *link);

// Exchanges, in net_http.c: what is on its way to the client. `to` is NULL once
// the client has left.

struct dm_http_transfer;

// The parts of an answer, in their order. A failure to keep one is a reset.
void dm_sim_transfer_head(struct dm_http_transfer *to, unsigned status,
                          const struct dm_http_header *headers, size_t n);
void dm_sim_transfer_body(struct dm_http_transfer *to, struct dm_str bytes);
// @param is_complete Else the connection was cut.
void dm_sim_transfer_close(struct dm_http_transfer *to, bool is_complete);
// The call that answers has gone, and its connection with it
void dm_sim_transfer_orphan(struct dm_http_transfer *to, bool is_reset);
// Bytes of body that were sent and have not arrived
size_t dm_sim_transfer_unsent(const struct dm_http_transfer *to);

extern const struct dm_http_transport_ops dm_sim_transport_ops;

// Serving, in net_server.c

// A request arrives at `server`. @return Its call, or NULL where it is refused.
struct dm_http_call *dm_sim_server_accept(struct dm_http_server *server,
                                          struct dm_http_transfer *from,
                                          struct dm_sim_net *client,
                                          const struct dm_sim_request *request);
// The client of a call has left; silently: it is noticed by its idleness only
void dm_sim_server_left(struct dm_http_call *base, bool is_silent);
// The client has all of the answer
void dm_sim_server_finished(struct dm_http_call *base);
// The bytes of a stream have gone out
void dm_sim_server_drained(struct dm_http_call *base);
struct dm_http_server *dm_sim_server_find(struct dm_sim_net *net,
                                          const struct dm_endpoint *endpoint);
// What it shows in TLS; NULL: it is plain
const struct dm_sim_tls *dm_sim_server_tls(const struct dm_http_server *server);

extern const struct dm_http_servers_ops dm_sim_servers_ops;

// In net_local.c and net_stream.c

extern const struct dm_resolver_ops dm_sim_resolver_ops;
extern const struct dm_pinger_ops dm_sim_pinger_ops;
extern const struct dm_processes_ops dm_sim_processes_ops;
extern const struct dm_system_ops dm_sim_system_ops;
extern const struct dm_watcher_ops dm_sim_watcher_ops;
extern const struct dm_streams_ops dm_sim_streams_ops;

#endif // DM_SIM_NET_PRIVATE_H
