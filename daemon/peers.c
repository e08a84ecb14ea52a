// SPDX-License-Identifier: ISC

#include "daemon/peers.h"

#include "base/alloc.h"
#include "daemon/peers_private.h"
#include "net/identity.h"
#include "net/loop.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "sync/serve.h"
#include "vocab/config.h"

#include <assert.h>
#include <string.h>

#define READ_MEMORY ((size_t)16 << 20U)
#define IRI_PREFIX "ipns://"

// ----------------------------------------------------------------------- life

static void
peer_free(struct dm_peer *peer)
{
    assert(!peer->n_out && !peer->poll && !peer->request);
    for (size_t i = 0; i < peer->n_errands; ++i) {
        dm_free(peer->errands[i].record);
    }
    dm_free(peer->errands);
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
                sizeof(*logs), DM_PEERS_KNOWN_MAX);
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
            dm_peer_poll(kept[i]);
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
        struct dm_errand errand = {.kind = DM_ERRAND_PUSH};
        memcpy(errand.log, log, sizeof(errand.log));
        if (peer->is_connected && dm_peer_add_errand(peer, &errand)) {
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
            dm_peer_become_even(peers->peers[i]);
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
            dm_peer_lose(peer); // Its connections are from before
        }
    }
}

// One that does not answer has nothing to tell; one that only comes may come
static bool
is_waited_for(const struct dm_peer *peer)
{
    const bool is_asked = peer->is_dialled && !peer->has_failed;
    return !peer->is_even && peer->def->follow != DM_FOLLOW_NONE &&
           (!peer->can_dial || is_asked || dm_peer_comes(peer));
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
        .comes = dm_peer_comes(peer),
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
