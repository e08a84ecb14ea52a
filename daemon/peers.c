// SPDX-License-Identifier: ISC

#include "daemon/peers.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/peers_private.h"
#include "net/loop.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "sync/serve.h"
#include "vocab/config.h"
#include "vocab/secret.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AUTH_MAX 4096U
#define URL_MAX 4096U
#define BACKOFF_LEAST_NS DM_NS_PER_SECOND
#define BACKOFF_SOON_NS (INT64_C(5) * DM_NS_PER_SECOND)
#define BACKOFF_MOST_NS (INT64_C(60) * DM_NS_PER_SECOND)
#define SOON_NS (INT64_C(600) * DM_NS_PER_SECOND)
#define CAME_NS (INT64_C(120) * DM_NS_PER_SECOND)
// A peer that answers at once though it has nothing new, or always has
#define EARLY_NS DM_NS_PER_SECOND
#define POLL_LEAST_NS (INT64_C(100) * DM_NS_PER_MS)
#define RETRY_LEAST_NS (INT64_C(5) * DM_NS_PER_SECOND)
#define LOOK_AGAIN_NS (INT64_C(30) * DM_NS_PER_SECOND)
#define READ_MEMORY ((size_t)16 << 20U)
#define LOGS_MAX 4096U
#define IRI_PREFIX "ipns://"

// ------------------------------------------------------------------- requests

void
dm_peer_say(struct dm_peer *peer, const char *format, ...)
{
    char before[DM_PEER_REASON];
    va_list arguments;
    memcpy(before, peer->reason, sizeof(before));
    va_start(arguments, format);
    (void)vsnprintf(peer->reason, sizeof(peer->reason), format, arguments);
    va_end(arguments);
    dm_utf8_tame(peer->reason, strlen(peer->reason));
    peer->said_ms = dm_env_wall_ms(peer->all->node->env);
    peer->failure = DM_NET_OK;
    peer->status = 0;
    if (!peer->is_connected && strcmp(before, peer->reason) == 0) {
        return; // It is still away
    }
    dm_log(peer->all->node->env->log, DM_LOG_WARNING, "peer.trouble",
           "peer=\"%.*s\" reason=\"%s\"", (int)peer->def->name.n,
           peer->def->name.data, peer->reason);
}

// What an answer of problem+json says, "" where it is none
static void
read_title(struct dm_str body, char *ret, size_t size)
{
    json_t *problem = json_loadb(body.data ? body.data : "", body.n, 0, NULL);
    const char *title = json_string_value(json_object_get(problem, "title"));
    const struct dm_str cut = dm_utf8_cut(dm_str(title ? title : ""), size - 1);
    memcpy(ret, cut.data, cut.n);
    ret[cut.n] = '\0';
    json_decref(problem);
}

void
dm_peer_say_answer(struct dm_peer *peer, const char *what,
                   const struct dm_http_response *response)
{
    if (response->outcome.failure != DM_NET_OK) {
        dm_peer_say(peer, "%s: %s", what, response->outcome.text);
    } else if (response->is_body_cut) {
        dm_peer_say(peer, "%s: the answer is longer than it may be", what);
    } else {
        char title[DM_PEER_REASON / 2];
        read_title(response->body, title, sizeof(title));
        dm_peer_say(peer, "%s: status %u%s%s", what, response->status,
                    title[0] ? ", " : "", title);
    }
    peer->failure = response->outcome.failure;
    peer->status = response->status;
}

// It answers again: why it did not is no longer of interest
static void
forget_absence(struct dm_peer *peer)
{
    if (peer->is_away || peer->failure != DM_NET_OK) {
        peer->reason[0] = '\0';
        peer->is_away = false;
        peer->failure = DM_NET_OK;
        peer->status = 0;
    }
}

enum dm_status
dm_peer_request(struct dm_peer *peer, const struct dm_peer_ask *ask,
                dm_http_done_fn done, struct dm_http_request **ret)
{
    DM_ON_LOOP();
    struct dm_buf url;
    struct dm_buf auth;
    struct dm_http_header headers[3];
    size_t n = 0;
    struct dm_str base = peer->def->url;
    while (dm_str_ends(base, dm_str("/"))) {
        base = dm_str_slice(base, 0, base.n - 1);
    }
    dm_buf_init(&url, URL_MAX);
    dm_buf_init(&auth, AUTH_MAX);
    (void)dm_buf_put_str(&url, base);
    enum dm_status status = dm_buf_puts(&url, ask->path);
    if (!status && peer->def->auth.n) {
        status = dm_secrets_authorization(peer->all->config->secrets,
                                          peer->def->auth, &auth, NULL);
        headers[n++] =
            (struct dm_http_header){DM_STR("Authorization"), dm_buf_str(&auth)};
    }
    if (ask->content_type.n) {
        headers[n++] =
            (struct dm_http_header){DM_STR("Content-Type"), ask->content_type};
    }
    if (ask->record) {
        headers[n++] = (struct dm_http_header){DM_STR("Demonitor-Record"),
                                               dm_str(ask->record)};
    }
    struct dm_http_request_spec spec = {
        .method = dm_str(ask->method),
        .url = dm_buf_str(&url),
        .headers = headers,
        .n_headers = n,
        .body = ask->body,
        .timeout_ns = ask->timeout_ns,
        .connect_ns = DM_PEER_CONNECT_NS,
        .lost_ns = DM_PEER_LOST_NS,
        .max_body = ask->max_body,
        .keep_alive = true,
        .tls = {.has_pin = peer->has_pin},
    };
    memcpy(spec.tls.pin, peer->pin, sizeof(spec.tls.pin));
    if (!status) {
        status = dm_http_client_start(peer->all->node->net->http, &spec, done,
                                      peer, ret);
    }
    dm_secret_wipe(&auth);
    dm_buf_done(&auth);
    dm_buf_done(&url);
    return status;
}

// ---------------------------------------------------------------------- to do

static void poll_after(struct dm_peer *peer, int64_t least_ns);
static void poll_heads(struct dm_peer *peer);
static void become_even(struct dm_peer *peer);
static void lose(struct dm_peer *peer);

struct dm_peer_known *
dm_peer_know(struct dm_peer *peer, const uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    for (size_t i = 0; i < peer->n_known; ++i) {
        if (memcmp(peer->known[i].log, log, DM_KEY_PUBLIC_BYTES) == 0) {
            return &peer->known[i];
        }
    }
    struct dm_peer_known *known =
        dm_grow(peer->known, &peer->known_capacity, peer->n_known + 1,
                sizeof(*known), LOGS_MAX);
    if (!known) {
        return NULL;
    }
    peer->known = known;
    known += peer->n_known++;
    *known = (struct dm_peer_known){0};
    memcpy(known->log, log, DM_KEY_PUBLIC_BYTES);
    return known;
}

bool
dm_peer_todo(struct dm_peer *peer, const struct dm_todo *todo)
{
    // What waits already is planned anew when its turn comes
    for (size_t i = peer->is_working ? 1 : 0; i < peer->n_todos; ++i) {
        struct dm_todo *other = &peer->todos[i];
        if (other->kind == todo->kind &&
            memcmp(other->log, todo->log, sizeof(todo->log)) == 0) {
            dm_free(other->record);
            *other = *todo;
            return true;
        }
    }
    struct dm_todo *todos =
        dm_grow(peer->todos, &peer->todos_capacity, peer->n_todos + 1,
                sizeof(*todos), DM_PEER_TODOS_MAX);
    if (!todos) {
        return false;
    }
    peer->todos = todos;
    todos[peer->n_todos++] = *todo;
    return true;
}

// Forget the first `n` things to do.
static void
drop_todos(struct dm_peer *peer, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        dm_free(peer->todos[i].record);
    }
    peer->n_todos -= n;
    memmove(&peer->todos[0], &peer->todos[n],
            peer->n_todos * sizeof(peer->todos[0]));
}

// So many of the first things that were due are over.
static void
settle(struct dm_peer *peer, size_t n)
{
    if (peer->n_due) {
        peer->n_due -= n < peer->n_due ? n : peer->n_due;
        if (!peer->n_due) {
            become_even(peer);
            poll_after(peer, POLL_LEAST_NS);
        }
    }
}

// What was planned together may be more than is wanted: each log that came
// meanwhile counts.
static void
drop_unwanted(struct dm_peer *peer)
{
    size_t n = 0;
    while (n < peer->n_todos && peer->todos[n].kind != DM_TODO_PUSH &&
           !dm_peers_wants(peer->all, peer->todos[n].log, peer->def)) {
        ++n;
    }
    if (n) {
        drop_todos(peer, n);
        settle(peer, n);
    }
}

void
dm_peer_work(struct dm_peer *peer)
{
    DM_ON_LOOP();
    if (peer->is_working || !peer->n_todos || peer->all->is_stopped) {
        return;
    }
    drop_unwanted(peer);
    if (!peer->n_todos) {
        return;
    }
    peer->is_working = true;
    const struct dm_todo *todo = &peer->todos[0];
    if (todo->kind == DM_TODO_PUSH) {
        dm_peer_push(peer, todo);
    } else {
        dm_peer_fetch(peer, todo);
    }
}

void
dm_peer_worked(struct dm_peer *peer)
{
    assert(peer->is_working && peer->n_todos);
    peer->is_working = false;
    drop_todos(peer, 1);
    dm_follow_task_free(peer->task);
    peer->task = NULL;
    if (peer->is_lost) {
        lose(peer);
        return;
    }
    settle(peer, 1);
    dm_peer_work(peer);
}

void
dm_peer_lost(struct dm_peer *peer)
{
    peer->is_lost = true;
}

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
    poll_heads(peer);
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
static void
poll_after(struct dm_peer *peer, int64_t least_ns)
{
    const int64_t since =
        dm_loop_now_ns(peer->all->node->net->loop) - peer->polled_ns;
    if (since >= least_ns) {
        poll_heads(peer);
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
static void
lose(struct dm_peer *peer)
{
    const struct dm_net *net = peer->all->node->net;
    const size_t n = peer->is_working ? 1 : 0;
    for (size_t i = n; i < peer->n_todos; ++i) {
        dm_free(peer->todos[i].record);
    }
    peer->n_todos = peer->n_todos < n ? peer->n_todos : n;
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

static void
become_even(struct dm_peer *peer)
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
        lose(peer);
        return;
    }
    if (!peer->is_connected) {
        dm_log(peer->all->node->env->log, DM_LOG_INFO, "peer.connected",
               "peer=\"%.*s\"", (int)peer->def->name.n, peer->def->name.data);
        forget_absence(peer);
    }
    peer->is_connected = true;
    peer->has_failed = false;
    peer->backoff_ns = 0;
    peer->heard_ms = dm_env_wall_ms(peer->all->node->env);
    if (response->status == 204) {
        poll_after(peer, EARLY_NS);
        return;
    }
    char *json = dm_strndup(response->body.data, response->body.n);
    if (!json) {
        back_off(peer);
        return;
    }
    dm_peer_plan(peer, json, response->body.n, is_full);
}

static bool
comes(const struct dm_peer *peer)
{
    return peer->came_ns != INT64_MIN &&
           dm_loop_now_ns(peer->all->node->net->loop) - peer->came_ns < CAME_NS;
}

// Whether the peer comes to us and is the one that dials
static bool
leaves_dialling_to(const struct dm_peer *peer)
{
    const struct dm_node *node = peer->all->node;
    return comes(peer) &&
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

static void
poll_heads(struct dm_peer *peer)
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
        lose(peer);
        return;
    }
    if (!peer->n_due) {
        become_even(peer);
        poll_after(peer, POLL_LEAST_NS);
    }
    dm_peer_work(peer);
}

// ----------------------------------------------------------------------- life

static void
peer_free(struct dm_peer *peer)
{
    assert(!peer->n_out && !peer->poll && !peer->request);
    for (size_t i = 0; i < peer->n_todos; ++i) {
        dm_free(peer->todos[i].record);
    }
    dm_free(peer->todos);
    dm_free(peer->known);
    dm_follow_task_free(peer->task);
    dm_free(peer);
}

// No more requests; what is out still comes back
static void
peer_stop(struct dm_peer *peer)
{
    const struct dm_net *net = peer->all->node->net;
    dm_loop_timer_stop(net->loop, &peer->timer);
    if (peer->poll) {
        dm_http_client_cancel(net->http, peer->poll);
        peer->poll = NULL;
    }
    if (peer->request) {
        dm_http_client_cancel(net->http, peer->request);
        peer->request = NULL;
    }
}

bool
dm_peer_came_back(struct dm_peer *peer)
{
    assert(peer->n_out);
    --peer->n_out;
    return !peer->all->is_stopped && !peer->is_gone;
}

// Free the peers that were left, as far as nothing of theirs is out any more.
static void
sweep(struct dm_peers *peers)
{
    size_t n = 0;
    for (size_t i = 0; i < peers->n_gone; ++i) {
        if (peers->gone[i]->n_out) {
            peers->gone[n++] = peers->gone[i];
        } else {
            peer_free(peers->gone[i]);
        }
    }
    peers->n_gone = n;
}

static enum dm_status
add_log(struct dm_peers *peers, const uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    for (size_t i = 0; i < peers->n_logs; ++i) {
        if (memcmp(peers->logs[i], log, DM_KEY_PUBLIC_BYTES) == 0) {
            return DM_OK;
        }
    }
    uint8_t(*logs)[DM_KEY_PUBLIC_BYTES] =
        dm_grow(peers->logs, &peers->logs_capacity, peers->n_logs + 1,
                sizeof(*logs), LOGS_MAX);
    if (!logs) {
        return DM_ERR_NO_MEMORY;
    }
    peers->logs = logs;
    memcpy(logs[peers->n_logs++], log, DM_KEY_PUBLIC_BYTES);
    return DM_OK;
}

static enum dm_status
on_held_log(void *context, const struct dm_chain *chain)
{
    return add_log(context, chain->log);
}

static enum dm_status
read_held_logs(struct dm_peers *peers)
{
    struct dm_work work;
    struct dm_snapshot *snapshot = NULL;
    dm_work_init(&work, peers->node->env, INT64_MAX, READ_MEMORY);
    enum dm_status status =
        dm_snapshot_open(peers->node->store, &work, &snapshot);
    if (!status) {
        status = dm_serve_logs(snapshot, on_held_log, peers);
        dm_snapshot_close(snapshot);
    }
    return status;
}

enum dm_status
dm_peers_new(struct dm_node *node, struct dm_peers **ret)
{
    struct dm_peers *peers = dm_calloc(1, sizeof(*peers));
    if (!peers) {
        return DM_ERR_NO_MEMORY;
    }
    peers->node = node;
    peers->began_ns = dm_loop_now_ns(node->net->loop);
    const enum dm_status status = read_held_logs(peers);
    if (status) {
        dm_peers_free(peers);
        return status;
    }
    *ret = peers;
    return DM_OK;
}

void
dm_peers_stop(struct dm_peers *peers)
{
    peers->is_stopped = true;
    for (size_t i = 0; i < peers->n; ++i) {
        peer_stop(peers->peers[i]);
    }
}

void
dm_peers_free(struct dm_peers *peers)
{
    if (!peers) {
        return;
    }
    for (size_t i = 0; i < peers->n; ++i) {
        peer_free(peers->peers[i]);
    }
    for (size_t i = 0; i < peers->n_gone; ++i) {
        peer_free(peers->gone[i]);
    }
    dm_free(peers->peers);
    dm_free(peers->gone);
    dm_free(peers->logs);
    dm_config_unref(peers->config);
    dm_free(peers);
}

// -------------------------------------------------------------- configuration

static bool
log_of(const struct dm_peer_def *def, uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    const struct dm_str prefix = dm_str(IRI_PREFIX);
    return dm_str_starts(def->log, prefix) &&
           dm_key_from_name(dm_str_slice(def->log, prefix.n, def->log.n), log);
}

static bool
is_same(const struct dm_peer_def *a, const struct dm_peer_def *b)
{
    return dm_str_equal(a->log, b->log) && dm_str_equal(a->url, b->url) &&
           dm_str_equal(a->pin, b->pin) && dm_str_equal(a->auth, b->auth);
}

static struct dm_peer *
take_same(struct dm_peers *peers, const struct dm_peer_def *def)
{
    for (size_t i = 0; i < peers->n; ++i) {
        struct dm_peer *peer = peers->peers[i];
        if (!peer->is_gone && is_same(peer->def, def)) {
            return peer;
        }
    }
    return NULL;
}

static struct dm_peer *
peer_new(struct dm_peers *peers, const struct dm_peer_def *def)
{
    struct dm_peer *peer = dm_calloc(1, sizeof(*peer));
    if (peer) {
        peer->all = peers;
        peer->def = def;
        peer->heard_ms = DM_NO_TIME;
        peer->came_ns = INT64_MIN;
        peer->retry_at_ns = INT64_MAX;
        (void)log_of(def, peer->log);
        peer->can_dial = def->url.n && def->follow != DM_FOLLOW_NONE;
        peer->has_pin = def->pin.n && dm_pin_parse(def->pin, peer->pin);
    }
    return peer;
}

// Those of `peers` that are not in `kept` are left.
static enum dm_status
leave_others(struct dm_peers *peers, struct dm_peer **kept, size_t n)
{
    for (size_t i = 0; i < peers->n; ++i) {
        struct dm_peer *peer = peers->peers[i];
        bool is_kept = false;
        for (size_t j = 0; j < n; ++j) {
            is_kept = is_kept || kept[j] == peer;
        }
        if (is_kept) {
            continue;
        }
        struct dm_peer **gone =
            dm_grow(peers->gone, &peers->gone_capacity, peers->n_gone + 1,
                    sizeof(struct dm_peer *), SIZE_MAX / sizeof(void *));
        if (!gone) {
            return DM_ERR_NO_MEMORY;
        }
        peers->gone = gone;
        peer_stop(peer);
        peer->is_gone = true;
        gone[peers->n_gone++] = peer;
    }
    return DM_OK;
}

enum dm_status
dm_peers_configure(struct dm_peers *peers, struct dm_config *config)
{
    struct dm_peer **kept = NULL;
    size_t n = 0;
    if (config->n_peers) {
        kept = dm_calloc(config->n_peers, sizeof(struct dm_peer *));
        if (!kept) {
            return DM_ERR_NO_MEMORY;
        }
    }
    for (size_t i = 0; i < config->n_peers; ++i) {
        uint8_t log[DM_KEY_PUBLIC_BYTES];
        if (!log_of(&config->peers[i], log)) {
            continue; // Validation has refused it
        }
        struct dm_peer *peer = take_same(peers, &config->peers[i]);
        const bool is_new = !peer;
        if (is_new) {
            peer = peer_new(peers, &config->peers[i]);
        }
        if (!peer) {
            break;
        }
        peer->is_fresh = is_new;
        kept[n++] = peer;
    }
    const enum dm_status status = leave_others(peers, kept, n);
    for (size_t i = 0; i < n; ++i) {
        const size_t at = i;
        for (size_t j = 0; j < config->n_peers; ++j) {
            if (dm_str_equal(config->peers[j].log, kept[at]->def->log)) {
                kept[at]->def = &config->peers[j];
                break;
            }
        }
    }
    dm_free(peers->peers);
    peers->peers = kept;
    peers->n = n;
    struct dm_config *old = peers->config;
    peers->config = dm_config_ref(config);
    dm_config_unref(old);
    sweep(peers);
    for (size_t i = 0; i < n; ++i) {
        if (kept[i]->is_fresh && kept[i]->can_dial) {
            poll_heads(kept[i]);
        }
        kept[i]->is_fresh = false;
    }
    return status;
}

// ----------------------------------------------------------------------- logs

void
dm_peers_log_changed(struct dm_peers *peers,
                     const uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    DM_ON_LOOP();
    if (add_log(peers, log)) {
        return; // Out of memory: it is known again after the next start
    }
    for (size_t i = 0; i < peers->n; ++i) {
        struct dm_peer *peer = peers->peers[i];
        struct dm_todo todo = {.kind = DM_TODO_PUSH};
        memcpy(todo.log, log, sizeof(todo.log));
        if (peer->is_connected && dm_peer_todo(peer, &todo)) {
            dm_peer_work(peer);
        }
    }
}

static const struct dm_peer_def *
def_of(const struct dm_peers *peers, const uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    for (size_t i = 0; i < peers->n; ++i) {
        if (memcmp(peers->peers[i]->log, log, DM_KEY_PUBLIC_BYTES) == 0) {
            return peers->peers[i]->def;
        }
    }
    return NULL;
}

bool
dm_peers_wants(const struct dm_peers *peers,
               const uint8_t log[DM_KEY_PUBLIC_BYTES],
               const struct dm_peer_def *from)
{
    const struct dm_peer_def *def = def_of(peers, log);
    if (def) {
        return def->follow != DM_FOLLOW_NONE;
    }
    for (size_t i = 0; i < peers->n_logs; ++i) {
        if (memcmp(peers->logs[i], log, DM_KEY_PUBLIC_BYTES) == 0) {
            return true;
        }
    }
    const bool is_own =
        memcmp(log, dm_key_public(peers->node->key), DM_KEY_PUBLIC_BYTES) == 0;
    return is_own || (from && from->follow != DM_FOLLOW_NONE &&
                      peers->n_logs < DM_PEERS_LOGS_MAX);
}

void
dm_peers_bounds(const struct dm_peers *peers, const struct dm_peer_def *from,
                struct dm_follow_input *input)
{
    const struct dm_peer_def *def = def_of(peers, input->log);
    def = def ? def : from;
    input->rows = DM_FOLLOW_ROWS_RECENT;
    if (def && def->follow == DM_FOLLOW_ALL) {
        input->rows = DM_FOLLOW_ROWS_ALL;
    } else if (def && def->follow == DM_FOLLOW_STATE) {
        input->rows = DM_FOLLOW_ROWS_STATE;
    }
    input->quota = input->is_own || !def ? 0 : def->quota;
}

void
dm_peers_came(struct dm_peers *peers, const struct dm_peer_def *def)
{
    DM_ON_LOOP();
    for (size_t i = 0; i < peers->n; ++i) {
        if (peers->peers[i]->def == def) {
            peers->peers[i]->came_ns = dm_loop_now_ns(peers->node->net->loop);
            peers->peers[i]->heard_ms = dm_env_wall_ms(peers->node->env);
        }
    }
}

static void
note_brought(struct dm_peer *peer, const uint8_t log[DM_KEY_PUBLIC_BYTES],
             enum dm_status status, const char *reason)
{
    char name[DM_KEY_NAME_SIZE];
    if (status) {
        ++peer->n_refused;
        dm_key_name(log, name);
        dm_peer_say(peer, "log %s refused: %s", name, reason);
    } else {
        ++peer->n_fetched;
        (void)dm_peer_know(peer, log); // So that it is shown who brings it
    }
}

void
dm_peers_brought(struct dm_peers *peers, const uint8_t by[DM_KEY_PUBLIC_BYTES],
                 const uint8_t log[DM_KEY_PUBLIC_BYTES], enum dm_status status,
                 const char *reason)
{
    DM_ON_LOOP();
    for (size_t i = 0; i < peers->n; ++i) {
        if (memcmp(peers->peers[i]->log, by, DM_KEY_PUBLIC_BYTES) == 0) {
            note_brought(peers->peers[i], log, status, reason);
        }
    }
}

void
dm_peer_told_ours(struct dm_peer *peer, uint64_t have)
{
    struct dm_peers *peers = peer->all;
    const struct dm_logs_own *own = dm_logs_own(peers->node->logs);
    const uint64_t seq = own ? own->seq : 0;
    DM_ON_LOOP();
    if (peers->has_released || have > seq) {
        return;
    }
    peer->holds_none = !have && seq;
    bool is_enough = true;
    for (size_t i = 0; peer->holds_none && i < peers->n; ++i) {
        is_enough = is_enough && peers->peers[i]->holds_none;
    }
    if (is_enough) {
        dm_peers_release_own(peers);
    }
}

void
dm_peers_has_ours(struct dm_peers *peers, const struct dm_peer_def *peer,
                  uint64_t have)
{
    for (size_t i = 0; i < peers->n; ++i) {
        if (peers->peers[i]->def == peer) {
            dm_peer_told_ours(peers->peers[i], have);
        }
    }
}

void
dm_peers_waits(struct dm_peers *peers, const struct dm_peer_def *def)
{
    DM_ON_LOOP();
    for (size_t i = 0; i < peers->n; ++i) {
        if (peers->peers[i]->def == def) {
            become_even(peers->peers[i]);
        }
    }
}

void
dm_peers_woke(struct dm_peers *peers)
{
    DM_ON_LOOP();
    peers->began_ns = dm_loop_now_ns(peers->node->net->loop);
    for (size_t i = 0; i < peers->n; ++i) {
        struct dm_peer *peer = peers->peers[i];
        peer->is_even = false;
        if (peer->can_dial) {
            lose(peer); // Its connections are from before
        }
    }
}

// One that does not answer has nothing to tell; one that only comes may come
static bool
is_waited_for(const struct dm_peer *peer)
{
    const bool is_asked = peer->is_dialled && !peer->has_failed;
    return !peer->is_even && peer->def->follow != DM_FOLLOW_NONE &&
           (!peer->can_dial || is_asked || comes(peer));
}

bool
dm_peers_are_whole(const struct dm_peers *peers, int64_t *ret_due_ns)
{
    DM_ON_LOOP();
    const int64_t due_ns = peers->began_ns + DM_PEERS_WHOLE_NS;
    if (dm_loop_now_ns(peers->node->net->loop) >= due_ns) {
        return true;
    }
    for (size_t i = 0; i < peers->n; ++i) {
        if (is_waited_for(peers->peers[i])) {
            *ret_due_ns = due_ns;
            return false;
        }
    }
    return true;
}

size_t
dm_peers_count(const struct dm_peers *peers)
{
    return peers->n;
}

struct dm_peer_figures
dm_peers_figures(const struct dm_peers *peers, size_t i)
{
    const struct dm_peer *peer = peers->peers[i];
    return (struct dm_peer_figures){
        .def = peer->def,
        .is_dialled = peer->is_dialled,
        .is_connected = peer->is_connected,
        .is_away = peer->is_away,
        .comes = comes(peer),
        .heard_ms = peer->heard_ms,
        .reason = peer->reason,
        .reason_ms = peer->reason[0] ? peer->said_ms : DM_NO_TIME,
        .failure = peer->failure,
        .status = peer->status,
        .n_fetched = peer->n_fetched,
        .n_pushed = peer->n_pushed,
        .n_refused = peer->n_refused,
    };
}

bool
dm_peers_told(const struct dm_peers *peers, size_t i, size_t k,
              uint8_t ret[DM_KEY_PUBLIC_BYTES])
{
    const struct dm_peer *peer = peers->peers[i];
    if (k >= peer->n_known) {
        return false;
    }
    memcpy(ret, peer->known[k].log, DM_KEY_PUBLIC_BYTES);
    return true;
}
