// SPDX-License-Identifier: ISC

// Fetching a log from a peer.
//
//   not held, long:  Head, conf, snap ──> START ─┐
//   ┌────────────────────────────────────────────┘
//   └─> log/K ──> ENTRIES ──> log/K … ──> tip reached ──> done
//          |         └─ Head cannot be rebuilt ──> Head ──> again
//          └─ 410: what follows is kept nowhere ──> START
//   prev differs ──> log/K from further back, until some are held ──> FORK

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "daemon/peers_private.h"
#include "sync/car.h"
#include "sync/chain.h"
#include "sync/exchange.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 512U
#define BACK_LEAST 64U // Entries
#define BACK_MOST 900U // Less than an answer has
/// From here on the present is fetched before the entries
#define LONG_LOG DM_FAN

static void fetch_entries(struct dm_peer *peer);
static void fetch_head(struct dm_peer *peer);
static void start_task(struct dm_peer *peer);

static const struct dm_errand *
current(const struct dm_peer *peer)
{
    assert(peer->is_working && peer->n_errands);
    return &peer->errands[0];
}

// Give it up: what the peer sent is no good. It waits for another record.
static void
refuse(struct dm_peer *peer, const char *reason)
{
    char name[DM_KEY_NAME_SIZE];
    struct dm_peer_known *known = dm_peer_know(peer, current(peer)->log);
    if (known) {
        known->refused = current(peer)->tip.sequence;
    }
    ++peer->n_refused;
    dm_key_name(current(peer)->log, name);
    dm_peer_say(peer, "log %s refused: %s", name, reason);
    dm_peer_worked(peer);
}

static void
give_up(struct dm_peer *peer)
{
    dm_peer_worked(peer);
}

// Nothing is wrong with the record, but it could not be fetched.
static void
fail(struct dm_peer *peer)
{
    dm_peer_retry_later(peer);
    dm_peer_worked(peer);
}

// --------------------------------------------------------------------- blocks

struct wanted {
    const char *what;
    enum dm_follow_bytes bytes;
};

static bool
is_good(struct dm_peer *peer, const char *what,
        const struct dm_http_response *response)
{
    peer->request = NULL;
    if (response->outcome.failure == DM_NET_OK && response->status == 200 &&
        !response->is_body_cut) {
        return true;
    }
    dm_peer_say_answer(peer, what, response);
    if (response->outcome.failure != DM_NET_OK) {
        dm_peer_lost(peer);
    }
    return false;
}

static bool
give_body(struct dm_peer *peer, enum dm_follow_bytes which,
          const struct dm_http_response *response)
{
    char *bytes = dm_strndup(response->body.data, response->body.n);
    if (bytes) {
        dm_follow_task_give(peer->task, which, bytes, response->body.n);
    }
    return bytes != NULL;
}

static void
get_block(struct dm_peer *peer, const struct dm_cid *cid, bool as_car,
          size_t max, dm_http_done_fn done)
{
    char text[DM_CID_TEXT_SIZE];
    char path[PATH_MAX_BYTES];
    dm_cid_text(cid, text);
    (void)snprintf(path, sizeof(path), "/ipfs/%s?format=%s", text,
                   as_car ? "car" : "raw");
    const struct dm_peer_ask ask = {
        .method = "GET",
        .path = path,
        .timeout_ns = DM_PEER_TIMEOUT_NS,
        .max_body = max,
    };
    if (dm_peer_request(peer, &ask, done, &peer->request)) {
        peer->request = NULL;
        give_up(peer);
    }
}

// ---------------------------------------------------------------------- start

static void
on_snap(void *context, const struct dm_http_response *response)
{
    struct dm_peer *peer = context;
    if (!is_good(peer, "snapshot", response) ||
        !give_body(peer, DM_FOLLOW_SNAP, response)) {
        fail(peer);
        return;
    }
    start_task(peer);
}

static void
on_conf(void *context, const struct dm_http_response *response)
{
    struct dm_peer *peer = context;
    struct dm_wire_head head;
    if (!is_good(peer, "configuration", response) ||
        !give_body(peer, DM_FOLLOW_CONF, response)) {
        fail(peer);
        return;
    }
    const struct dm_follow_input *input = dm_follow_task_input(peer->task);
    if (dm_wire_head_read(input->head, &head, NULL) || !head.has_snap) {
        start_task(peer);
        return;
    }
    get_block(peer, &head.snap, true, DM_CAR_MAX, on_snap);
}

static void
on_start_head(void *context, const struct dm_http_response *response)
{
    struct dm_peer *peer = context;
    struct dm_wire_head head;
    struct dm_error error = {0};
    if (!is_good(peer, "Head", response)) {
        fail(peer);
        return;
    }
    if (!dm_cid_names(&current(peer)->tip.head, response->body)) {
        refuse(peer, "not the Head that was asked for");
        return;
    }
    if (dm_wire_head_read(response->body, &head, &error)) {
        refuse(peer, error.what);
        return;
    }
    const struct dm_cid conf = head.conf;
    if (!give_body(peer, DM_FOLLOW_HEAD, response)) {
        give_up(peer);
        return;
    }
    get_block(peer, &conf, true, DM_CAR_MAX, on_conf);
}

// -------------------------------------------------------------------- entries

static void
on_entries(void *context, const struct dm_http_response *response)
{
    struct dm_peer *peer = context;
    const bool is_gone =
        response->outcome.failure == DM_NET_OK && response->status == 410;
    if (is_gone) {
        // Nobody keeps what follows: begin anew where the peer does
        peer->request = NULL;
        dm_follow_task_input(peer->task)->restarts = true;
        get_block(peer, &current(peer)->tip.head, false, DM_HEAD_MAX,
                  on_start_head);
        return;
    }
    if (response->outcome.failure == DM_NET_OK && response->status == 204) {
        peer->request = NULL;
        dm_peer_say(peer, "entries: it told of more than it serves");
        fail(peer);
        return;
    }
    if (!is_good(peer, "entries", response) ||
        !give_body(peer, DM_FOLLOW_CAR, response)) {
        fail(peer);
        return;
    }
    start_task(peer);
}

static void
ask_entries(struct dm_peer *peer, uint64_t after, uint64_t limit,
            dm_http_done_fn done)
{
    char name[DM_KEY_NAME_SIZE];
    char path[PATH_MAX_BYTES];
    dm_key_name(current(peer)->log, name);
    (void)snprintf(path, sizeof(path),
                   "/demonitor/v1/log/%s?after=%" PRIu64 "&limit=%" PRIu64
                   "&data=1",
                   name, after, limit);
    const struct dm_peer_ask ask = {
        .method = "GET",
        .path = path,
        .timeout_ns = DM_PEER_TIMEOUT_NS,
        .max_body = DM_CAR_MAX,
    };
    peer->fetch_after = after;
    if (dm_peer_request(peer, &ask, done, &peer->request)) {
        peer->request = NULL;
        give_up(peer);
    }
}

static void
fetch_entries(struct dm_peer *peer)
{
    struct dm_follow_input *input = dm_follow_task_input(peer->task);
    dm_follow_task_give(peer->task, DM_FOLLOW_HEAD, NULL, 0);
    dm_follow_task_give(peer->task, DM_FOLLOW_CONF, NULL, 0);
    dm_follow_task_give(peer->task, DM_FOLLOW_SNAP, NULL, 0);
    input->restarts = false;
    // Not beyond the tip that was told, though it has grown since
    const uint64_t left = current(peer)->tip.seq - peer->fetch_after;
    input->after = peer->fetch_after;
    input->limit = left < DM_ROUTE_ENTRIES_MAX ? left : DM_ROUTE_ENTRIES_MAX;
    ask_entries(peer, peer->fetch_after, input->limit, on_entries);
}

// ----------------------------------------------------------------------- tip

static void
on_head(void *context, const struct dm_http_response *response)
{
    struct dm_peer *peer = context;
    if (!is_good(peer, "Head", response) ||
        !give_body(peer, DM_FOLLOW_HEAD, response)) {
        fail(peer);
        return;
    }
    start_task(peer);
}

static void
fetch_head(struct dm_peer *peer)
{
    get_block(peer, &current(peer)->tip.head, false, DM_HEAD_MAX, on_head);
}

// ----------------------------------------------------------------------- fork

// What comes does not follow what is held: with entries that are held too the
// first that differs is found. Each step reaches to where the one before began.
static void
go_back(struct dm_peer *peer)
{
    const struct dm_errand *errand = current(peer);
    const uint64_t oldest =
        errand->oldest > errand->first ? errand->oldest : errand->first;
    if (peer->fetch_after < oldest) {
        refuse(peer, "no entry is the same");
        return;
    }
    const uint64_t left = peer->fetch_after - (oldest - 1);
    peer->fetch_after -= left < peer->back_step ? left : peer->back_step;
    peer->back_step =
        2 * peer->back_step < BACK_MOST ? 2 * peer->back_step : BACK_MOST;
    fetch_entries(peer);
}

// A proof that the peer holds
static void
on_proof_b(void *context, const struct dm_http_response *response)
{
    struct dm_peer *peer = context;
    if (!is_good(peer, "proof of a fork", response) ||
        !give_body(peer, DM_FOLLOW_FORK_B, response)) {
        fail(peer);
        return;
    }
    start_task(peer);
}

static void
on_proof_a(void *context, const struct dm_http_response *response)
{
    struct dm_peer *peer = context;
    if (!is_good(peer, "proof of a fork", response) ||
        !give_body(peer, DM_FOLLOW_FORK_A, response)) {
        fail(peer);
        return;
    }
    get_block(peer, &current(peer)->fork[1], false, DM_ENTRY_MAX, on_proof_b);
}

// ----------------------------------------------------------------------- task

static void
after_success(struct dm_peer *peer)
{
    const struct dm_follow_result result = dm_follow_task_result(peer->task);
    ++peer->n_fetched;
    peer->retry_ns = 0;
    if (result.is_whole) {
        dm_peer_worked(peer);
        return;
    }
    peer->errands[0].held = result.seq;
    peer->fetch_after = result.seq;
    if (result.seq < current(peer)->tip.seq) {
        fetch_entries(peer);
    } else {
        dm_follow_task_give(peer->task, DM_FOLLOW_CAR, NULL, 0);
        fetch_head(peer);
    }
}

static void
on_task(void *context, struct dm_follow_task *task)
{
    struct dm_peer *peer = context;
    if (!dm_peer_came_back(peer)) {
        return;
    }
    const struct dm_follow_input *input = dm_follow_task_input(task);
    const enum dm_status status = dm_follow_task_status(task);
    switch (status) {
    case DM_OK:
        after_success(peer);
        return;
    case DM_ERR_NOT_FOUND:
        if (input->head.n) {
            break; // It was given
        }
        fetch_head(peer);
        return;
    case DM_ERR_STATE:
        go_back(peer);
        return;
    case DM_ERR_BUSY: // Another peer was faster
    case DM_ERR_EXISTS:
    case DM_ERR_PERMISSION:
        give_up(peer);
        return;
    case DM_ERR_FULL:
    case DM_ERR_CANCELLED:
        fail(peer);
        return;
    case DM_END:
    case DM_AGAIN:
    case DM_ERR_ARGUMENT:
    case DM_ERR_SYNTAX:
    case DM_ERR_NO_MEMORY:
    case DM_ERR_LIMIT:
    case DM_ERR_DEADLINE:
    case DM_ERR_IO:
    case DM_ERR_CORRUPT:
    case DM_ERR_UNSUPPORTED:
        break;
    }
    refuse(peer, dm_follow_task_error(task)->what);
}

static void
start_task(struct dm_peer *peer)
{
    ++peer->n_out;
    if (dm_follow_task_start(peer->task, on_task, peer)) {
        --peer->n_out;
        give_up(peer);
    }
}

void
dm_peer_fetch(struct dm_peer *peer, const struct dm_errand *errand)
{
    DM_ON_LOOP();
    peer->task = dm_follow_task_new(peer->all->node, errand->log);
    char *record = dm_strndup(errand->record, errand->n_record);
    if (!peer->task || !record) {
        dm_free(record);
        give_up(peer);
        return;
    }
    dm_follow_task_give(peer->task, DM_FOLLOW_RECORD, record, errand->n_record);
    dm_peers_bounds(peer->all, peer->def, dm_follow_task_input(peer->task));
    peer->fetch_after = errand->held;
    peer->back_step = BACK_LEAST;
    switch (errand->kind) {
    case DM_ERRAND_PROOF:
        get_block(peer, &errand->fork[0], false, DM_ENTRY_MAX, on_proof_a);
        return;
    case DM_ERRAND_FORK:
        go_back(peer);
        return;
    case DM_ERRAND_FETCH:
    case DM_ERRAND_PUSH:
        break;
    }
    const bool is_held = errand->oldest != 0;
    if (!is_held && (errand->tip.seq > LONG_LOG || errand->first > 1)) {
        get_block(peer, &errand->tip.head, false, DM_HEAD_MAX, on_start_head);
    } else if (errand->held >= errand->tip.seq) {
        // Nothing but the tip is new: perhaps Head can be rebuilt
        start_task(peer);
    } else {
        fetch_entries(peer);
    }
}
