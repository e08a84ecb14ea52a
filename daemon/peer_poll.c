// SPDX-License-Identifier: ISC

// Hearing one peer: when it is asked for its heads, and when asked again.

#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/peers_private.h"
#include "net/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BACKOFF_LEAST_NS DM_NS_PER_SECOND
#define BACKOFF_SOON_NS (INT64_C(5) * DM_NS_PER_SECOND)
#define BACKOFF_MOST_NS (INT64_C(60) * DM_NS_PER_SECOND)
#define SOON_NS (INT64_C(600) * DM_NS_PER_SECOND)
#define CAME_NS (INT64_C(120) * DM_NS_PER_SECOND)
// A peer that answers at once though it has nothing new, or always has
#define EARLY_NS DM_NS_PER_SECOND
#define RETRY_LEAST_NS (INT64_C(5) * DM_NS_PER_SECOND)
#define LOOK_AGAIN_NS (INT64_C(30) * DM_NS_PER_SECOND)

// -------------------------------------------------------------------- polling

static bool
is_retry_due(const struct dm_peer *peer)
{
    return dm_loop_now_ns(peer->all->node->net->loop) >= peer->retry_at_ns;
}

static void
on_timer(void *context)
{
    struct dm_peer *peer = context;
    if (peer->poll && is_retry_due(peer)) {
        dm_http_client_cancel(peer->all->node->net->http, peer->poll);
        peer->poll = NULL;
    }
    dm_peer_poll(peer);
}

static void
wait(struct dm_peer *peer, int64_t ns)
{
    struct dm_loop *loop = peer->all->node->net->loop;
    if (!peer->all->is_stopped) {
        dm_loop_timer_start(loop, &peer->timer, dm_loop_now_ns(loop) + ns,
                            on_timer, peer);
    }
}

static int64_t
next_backoff(struct dm_peer *peer)
{
    const int64_t now_ns = dm_loop_now_ns(peer->all->node->net->loop);
    if (!peer->backoff_ns) {
        peer->lost_ns = now_ns;
        return BACKOFF_LEAST_NS;
    }
    const int64_t most =
        now_ns - peer->lost_ns < SOON_NS ? BACKOFF_SOON_NS : BACKOFF_MOST_NS;
    return peer->backoff_ns * 2 < most ? peer->backoff_ns * 2 : most;
}

// Poll, but not sooner than so long after the last one began.
void
dm_peer_poll_after(struct dm_peer *peer, int64_t least_ns)
{
    const int64_t since =
        dm_loop_now_ns(peer->all->node->net->loop) - peer->polled_ns;
    if (since >= least_ns) {
        dm_peer_poll(peer);
    } else {
        wait(peer, least_ns - since);
    }
}

void
dm_peer_retry_later(struct dm_peer *peer)
{
    struct dm_loop *loop = peer->all->node->net->loop;
    peer->retry_ns = !peer->retry_ns                        ? RETRY_LEAST_NS
                     : peer->retry_ns * 2 < BACKOFF_MOST_NS ? peer->retry_ns * 2
                                                            : BACKOFF_MOST_NS;
    peer->retry_at_ns = dm_loop_now_ns(loop) + peer->retry_ns;
    if (peer->poll) {
        dm_loop_timer_start(loop, &peer->timer, peer->retry_at_ns, on_timer,
                            peer);
    }
}

static void
back_off(struct dm_peer *peer)
{
    uint32_t random = 0;
    dm_env_random(peer->all->node->env, &random, sizeof(random));
    peer->is_connected = false;
    peer->is_dialled = false; // Another may have its place meanwhile
    peer->cursor[0] = '\0';
    peer->backoff_ns = next_backoff(peer);
    wait(peer,
         peer->backoff_ns / 2 + peer->backoff_ns / 2 * (random % 1024) / 1024);
    if (!peer->has_failed) {
        peer->has_failed = true;
        dm_rounds_hurry(peer->all->node->rounds); // It is not waited for
    }
}

// What was under way is over, but for what a worker has. What there is to do
// the next list of heads will say.
void
dm_peer_lose(struct dm_peer *peer)
{
    const struct dm_net *net = peer->all->node->net;
    const size_t n = peer->is_working ? 1 : 0;
    for (size_t i = n; i < peer->n_errands; ++i) {
        dm_free(peer->errands[i].record);
    }
    peer->n_errands = peer->n_errands < n ? peer->n_errands : n;
    peer->n_due = 0;
    peer->is_lost = peer->is_planning; // Then it backs off after that
    if (peer->poll) {
        dm_http_client_cancel(net->http, peer->poll);
        peer->poll = NULL;
    }
    if (peer->request) {
        dm_http_client_cancel(net->http, peer->request);
        peer->request = NULL;
        dm_peer_worked(peer);
    }
    if (!peer->is_planning) {
        dm_loop_timer_stop(net->loop, &peer->timer);
        back_off(peer);
    }
}

void
dm_peer_become_even(struct dm_peer *peer)
{
    if (!peer->is_even) {
        peer->is_even = true;
        dm_rounds_hurry(peer->all->node->rounds);
    }
}

static void
on_heads(void *context, const struct dm_http_response *response)
{
    struct dm_peer *peer = context;
    DM_ON_LOOP();
    peer->poll = NULL;
    const bool is_full = !peer->cursor[0];
    if (response->outcome.failure != DM_NET_OK ||
        (response->status != 200 && response->status != 204) ||
        response->is_body_cut) {
        dm_peer_say_answer(peer, "heads", response);
        peer->is_away = true;
        dm_peer_lose(peer);
        return;
    }
    if (!peer->is_connected) {
        dm_log(peer->all->node->env->log, DM_LOG_INFO, "peer.connected",
               "peer=\"%.*s\"", (int)peer->def->name.n, peer->def->name.data);
        dm_peer_forget_absence(peer);
    }
    peer->is_connected = true;
    peer->has_failed = false;
    peer->backoff_ns = 0;
    peer->heard_ms = dm_env_wall_ms(peer->all->node->env);
    if (response->status == 204) {
        dm_peer_poll_after(peer, EARLY_NS);
        return;
    }
    char *json = dm_strndup(response->body.data, response->body.n);
    if (!json) {
        back_off(peer);
        return;
    }
    dm_peer_plan(peer, json, response->body.n, is_full);
}

bool
dm_peer_comes(const struct dm_peer *peer)
{
    return peer->came_ns != INT64_MIN &&
           dm_loop_now_ns(peer->all->node->net->loop) - peer->came_ns < CAME_NS;
}

// Whether the peer comes to us and is the one that dials
static bool
leaves_dialling_to(const struct dm_peer *peer)
{
    const struct dm_node *node = peer->all->node;
    return dm_peer_comes(peer) &&
           memcmp(peer->log, dm_key_public(node->key), sizeof(peer->log)) < 0;
}

static bool
has_place(const struct dm_peer *peer)
{
    size_t n = 0;
    for (size_t i = 0; i < peer->all->n; ++i) {
        n += peer->all->peers[i]->is_dialled ? 1 : 0;
    }
    return peer->is_dialled || n < DM_PEERS_DIALLED;
}

void
dm_peer_poll(struct dm_peer *peer)
{
    DM_ON_LOOP();
    char path[3 * DM_CURSOR_MAX + 128];
    char have[32] = "";
    if (peer->poll || peer->is_planning || peer->all->is_stopped) {
        return;
    }
    if (leaves_dialling_to(peer) || !has_place(peer)) {
        peer->is_dialled = false;
        peer->is_connected = false;
        peer->cursor[0] = '\0';
        wait(peer, LOOK_AGAIN_NS);
        return;
    }
    peer->is_dialled = true;
    peer->polled_ns = dm_loop_now_ns(peer->all->node->net->loop);
    if (is_retry_due(peer)) {
        peer->retry_at_ns = INT64_MAX;
        peer->cursor[0] = '\0';
    }
    if (peer->knows_held) {
        (void)snprintf(have, sizeof(have), "&have=%" PRIu64, peer->held);
    }
    if (peer->cursor[0]) {
        (void)snprintf(path, sizeof(path),
                       "/demonitor/v1/heads?wait=%d&since=%s%s", DM_PEER_WAIT_S,
                       peer->cursor, have);
    } else {
        (void)snprintf(path, sizeof(path), "/demonitor/v1/heads");
    }
    const struct dm_peer_ask ask = {
        .method = "GET",
        .path = path,
        .timeout_ns = DM_PEER_TIMEOUT_NS,
        .max_body = DM_HEADS_MAX,
    };
    if (dm_peer_request(peer, &ask, on_heads, &peer->poll)) {
        peer->poll = NULL;
        back_off(peer);
    } else if (peer->retry_at_ns != INT64_MAX) {
        dm_loop_timer_start(peer->all->node->net->loop, &peer->timer,
                            peer->retry_at_ns, on_timer, peer);
    }
}

void
dm_peer_planned(struct dm_peer *peer, bool is_good)
{
    peer->is_planning = false;
    if (!is_good || peer->is_lost) {
        dm_peer_lose(peer);
        return;
    }
    if (!peer->n_due) {
        dm_peer_become_even(peer);
        dm_peer_poll_after(peer, DM_PEER_POLL_LEAST_NS);
    }
    dm_peer_work(peer);
}
