// SPDX-License-Identifier: ISC

// Bringing a log to a peer that lacks entries of it.

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "daemon/peers_private.h"
#include "quadstore/store.h"
#include "sync/base64.h"
#include "sync/car.h"
#include "sync/chain.h"
#include "sync/serve.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PUSH_MEMORY ((size_t)64 << 20U)
#define PATH_MAX_BYTES 256U
#define ANSWER_MAX 4096U
#define UNWANTED_NS (INT64_C(60) * DM_NS_PER_SECOND)
#define PUSH_BACK 64U // Entries, doubled each time

struct push {
    struct dm_job job;
    struct dm_peer *peer;
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    uint64_t known_seq;
    uint64_t known_sequence;
    uint64_t own_until; ///< Of the own log: what was published
    bool is_own;
    bool is_piece; ///< Not all of it: more is to be pushed
    struct dm_buf car;
    struct dm_buf record; ///< Base64url
    uint64_t seq;
    uint64_t sequence;
    struct dm_error error;
};

// DM_END: the peer has all of it.
static enum dm_status
build(struct push *push, struct dm_snapshot *snapshot)
{
    struct dm_chain *chain = NULL;
    struct dm_buf record;
    enum dm_status status = dm_chain_peek(snapshot, push->log, &chain);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_END : status;
    }
    dm_buf_init(&record, DM_RECORD_MAX);
    const bool is_unpublished = push->is_own && chain->seq > push->own_until;
    if (!chain->n_record || is_unpublished || chain->forked_at ||
        chain->record_sequence <= push->known_sequence) {
        status = DM_END;
    }
    push->seq = chain->seq;
    push->sequence = chain->record_sequence;
    if (!status) {
        // Of a log that it does not hold, it can only begin with what is kept
        const uint64_t after = push->known_seq + 1 < chain->first
                                   ? chain->first - 1
                                   : push->known_seq;
        status =
            dm_serve_push(snapshot, chain, after, &push->car, &push->error);
        if (!status) {
            status = dm_buf_put(&record, chain->record, chain->n_record);
        } else if (status == DM_ERR_LIMIT && push->is_own) {
            // More than one CAR holds: in steps, which only its writer can make
            const struct dm_piece_spec spec = {
                .key = push->peer->all->node->key,
                .chain = chain,
                .after = after,
            };
            struct dm_piece piece = {.car = &push->car, .record = &record};
            status = dm_serve_piece(snapshot, &spec, &piece, &push->error);
            push->sequence = piece.sequence;
            push->is_piece = !status;
        }
    }
    if (!status) {
        status =
            dm_base64_write(DM_BASE64_URL, dm_buf_str(&record), &push->record);
    }
    dm_buf_done(&record);
    dm_chain_free(chain);
    return status;
}

static enum dm_status
step(struct dm_job *job)
{
    struct push *push = (struct push *)job;
    struct dm_snapshot *snapshot = NULL;
    enum dm_status status =
        dm_snapshot_open(push->peer->all->node->store, &job->work, &snapshot);
    if (!status) {
        status = build(push, snapshot);
        dm_snapshot_close(snapshot);
    }
    return status;
}

static void
push_free(struct push *push)
{
    dm_buf_done(&push->car);
    dm_buf_done(&push->record);
    dm_free(push);
}

// {"have":SEQ}
static bool
read_have(struct dm_str body, uint64_t *ret)
{
    const size_t at = dm_str_find(body, dm_str("\"have\":"));
    struct dm_str digits = dm_str_slice(body, at + 7, body.n);
    size_t n = 0;
    while (n < digits.n && digits.data[n] >= '0' && digits.data[n] <= '9') {
        ++n;
    }
    digits = dm_str_slice(digits, 0, n);
    return n && dm_str_to_uint(digits, DM_WIRE_BELOW, ret);
}

static void
on_answer(void *context, const struct dm_http_response *response)
{
    struct dm_peer *peer = context;
    peer->request = NULL;
    struct dm_peer_known *known = dm_peer_know(peer, peer->errands[0].log);
    uint64_t have = 0;
    if (!known || response->outcome.failure != DM_NET_OK) {
        dm_peer_say_answer(peer, "push", response);
        dm_peer_lost(peer);
        dm_peer_worked(peer);
        return;
    }
    if (response->status == 200) {
        peer->push_back = PUSH_BACK;
        ++peer->n_pushed;
        if (read_have(response->body, &have)) {
            known->seq = have;
        }
        known->sequence = peer->pushed_sequence;
        if (peer->is_piece) {
            peer->is_working = false;
            dm_peer_work(peer);
            return;
        }
    } else if (response->status == 409 && read_have(response->body, &have) &&
               have != known->seq) {
        // It holds another piece than was thought: once more, from there
        known->seq = have;
        peer->is_working = false;
        dm_peer_work(peer);
        return;
    } else if (response->status == 422 && known->seq &&
               dm_str_find(response->body, dm_str("prev: ")) <
                   response->body.n) {
        // It holds another branch: with entries that it holds too it will see
        // where that begins
        known->seq =
            known->seq > peer->push_back ? known->seq - peer->push_back : 0;
        peer->push_back *= 2;
        peer->is_working = false;
        dm_peer_work(peer);
        return;
    } else if (response->status == 404) {
        known->unwanted_ns =
            dm_loop_now_ns(peer->all->node->net->loop) + UNWANTED_NS;
    } else {
        dm_peer_say_answer(peer, "push", response);
        known->sequence = peer->pushed_sequence; // Until something is new
    }
    dm_peer_worked(peer);
}

static void
send(struct dm_peer *peer, const struct push *push)
{
    char name[DM_KEY_NAME_SIZE];
    char path[PATH_MAX_BYTES];
    dm_key_name(push->log, name);
    (void)snprintf(path, sizeof(path), "/demonitor/v1/blocks?log=%s", name);
    const struct dm_peer_ask ask = {
        .method = "POST",
        .path = path,
        .body = dm_buf_str(&push->car),
        .content_type = DM_STR("application/vnd.ipld.car"),
        .record = dm_buf_cstr(&push->record),
        .timeout_ns = DM_PEER_TIMEOUT_NS,
        .max_body = ANSWER_MAX,
    };
    if (!peer->push_back) {
        peer->push_back = PUSH_BACK;
    }
    peer->pushed_sequence = push->sequence;
    peer->is_piece = push->is_piece;
    if (dm_peer_request(peer, &ask, on_answer, &peer->request)) {
        peer->request = NULL;
        dm_peer_worked(peer);
    }
}

static void
built(struct dm_job *job)
{
    struct push *push = (struct push *)job;
    struct dm_peer *peer = push->peer;
    if (!dm_peer_came_back(peer)) {
        push_free(push);
        return;
    }
    if (job->status == DM_OK) {
        send(peer, push);
    } else {
        if (job->status != DM_END) {
            dm_peer_say(peer, "push: %s",
                        push->error.what[0] ? push->error.what
                                            : dm_status_text(job->status));
        }
        dm_peer_worked(peer);
    }
    push_free(push);
}

static void
dropped(struct dm_job *job)
{
    struct push *push = (struct push *)job;
    --push->peer->n_out;
    push_free(push);
}

static const struct dm_job_ops push_ops = {
    .name = "push",
    .step = step,
    .done = built,
    .free = dropped,
};

void
dm_peer_push(struct dm_peer *peer, const struct dm_errand *errand)
{
    DM_ON_LOOP();
    const struct dm_node *node = peer->all->node;
    const struct dm_peer_known *known = dm_peer_know(peer, errand->log);
    // Its own log, too: where it has less of it than we hold it was restored
    // from a backup
    if (!known || dm_loop_now_ns(node->net->loop) < known->unwanted_ns) {
        dm_peer_worked(peer);
        return;
    }
    struct push *push = dm_calloc(1, sizeof(*push));
    if (!push) {
        dm_peer_worked(peer);
        return;
    }
    push->job.ops = &push_ops;
    push->peer = peer;
    memcpy(push->log, errand->log, sizeof(push->log));
    push->known_seq = known->seq;
    push->known_sequence = known->sequence;
    push->is_own =
        memcmp(errand->log, dm_key_public(node->key), sizeof(errand->log)) == 0;
    const struct dm_logs_own *own = dm_logs_own(node->logs);
    push->own_until = own ? own->seq : 0;
    dm_buf_init(&push->car, DM_CAR_MAX);
    dm_buf_init(&push->record, (size_t)2 * DM_RECORD_MAX);
    dm_work_init(&push->job.work, node->env, INT64_MAX, PUSH_MEMORY);
    if (dm_job_start(node->sync, &push->job)) {
        push_free(push);
        dm_peer_worked(peer);
        return;
    }
    ++peer->n_out;
}
