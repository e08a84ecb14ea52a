// SPDX-License-Identifier: ISC

// What an answer of heads asks for: which logs to fetch, which to bring.

#include "base/alloc.h"
#include "base/buf.h"
#include "daemon/peers_private.h"
#include "net/url.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "sync/chain.h"
#include "sync/serve.h"
#include "sync/succession.h"

#include <string.h>

#define PLAN_MEMORY ((size_t)64 << 20U)
#define ITEMS_MAX 8192U

// What is to do, and how far the peer is, of one log
struct item {
    struct dm_errand errand;
    bool has_errand;
    bool has_line; ///< The peer told of it
    uint64_t seq;
    uint64_t sequence;
    bool is_own;
    struct dm_str successor; ///< One that is not known here; of the answer
};

struct plan {
    struct dm_job job;
    struct dm_peer *peer;
    char *json;
    size_t n_json;
    bool is_full;
    struct dm_arena arena;
    struct dm_heads heads;
    struct item *items;
    size_t n_items;
    size_t capacity;
    uint8_t own[DM_KEY_PUBLIC_BYTES];
    uint8_t theirs[DM_KEY_PUBLIC_BYTES];
    uint64_t held;      ///< Entries of the peer's log that are held here
    uint64_t ours;      ///< Entries of our own log that the peer tells
    bool is_own_behind; ///< The peer holds more of our own log than we do
    struct dm_error error;
};

static struct item *
add_item(struct plan *plan, const uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    struct item *items = dm_grow(plan->items, &plan->capacity,
                                 plan->n_items + 1, sizeof(*items), ITEMS_MAX);
    if (!items) {
        return NULL;
    }
    plan->items = items;
    struct item *item = &items[plan->n_items++];
    *item = (struct item){0};
    memcpy(item->errand.log, log, sizeof(item->errand.log));
    item->is_own = memcmp(log, plan->own, sizeof(plan->own)) == 0;
    return item;
}

static enum dm_status
want(struct item *item, enum dm_errand_kind kind,
     const struct dm_heads_line *line, const struct dm_chain *chain)
{
    struct dm_errand *errand = &item->errand;
    errand->kind = kind;
    errand->held = chain ? chain->seq : 0;
    errand->oldest = chain ? chain->first : 0;
    errand->first = line->first;
    errand->tip = line->tip;
    errand->fork[0] = line->fork[0];
    errand->fork[1] = line->fork[1];
    errand->record = dm_strndup(line->record.data, line->record.n);
    errand->n_record = line->record.n;
    item->has_errand = errand->record != NULL;
    return errand->record ? DM_OK : DM_ERR_NO_MEMORY;
}

// What a line asks for, next to what is held
static enum dm_status
plan_line(struct plan *plan, const struct dm_heads_line *line,
          const struct dm_chain *chain)
{
    struct item *item = add_item(plan, line->log);
    if (!item) {
        return DM_ERR_NO_MEMORY;
    }
    item->has_line = true;
    item->seq = line->tip.seq;
    item->sequence = line->tip.sequence;
    plan->ours = item->is_own ? item->seq : plan->ours;
    if (chain && chain->forked_at) {
        return DM_OK; // Frozen
    }
    if (line->has_fork) {
        return want(item, DM_ERRAND_PROOF, line, chain);
    }
    if (!chain || line->tip.sequence > chain->record_sequence) {
        plan->is_own_behind =
            plan->is_own_behind ||
            (item->is_own && (!chain || line->tip.seq > chain->seq));
        return want(item, DM_ERRAND_FETCH, line, chain);
    }
    if (line->tip.sequence == chain->record_sequence && chain->n_record &&
        !dm_str_equal(line->record,
                      dm_str_n((const char *)chain->record, chain->n_record))) {
        return want(item, DM_ERRAND_FORK, line, chain);
    }
    if (line->tip.sequence < chain->record_sequence) {
        item->errand.kind = DM_ERRAND_PUSH;
        item->has_errand = true;
    }
    return DM_OK;
}

// A Successor of that log that is new here
static enum dm_status
plan_successor(struct plan *plan, const struct dm_heads_line *line,
               struct dm_snapshot *snapshot)
{
    struct dm_str known;
    if (!line->successor.n) {
        return DM_OK;
    }
    const enum dm_status status =
        dm_succession_find(snapshot, line->log, &known);
    if (status == DM_ERR_NOT_FOUND) {
        plan->items[plan->n_items - 1].successor = line->successor;
        return DM_OK;
    }
    return status;
}

static enum dm_status
plan_lines(struct plan *plan, struct dm_snapshot *snapshot)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < plan->heads.n_lines; ++i) {
        const struct dm_heads_line *line = &plan->heads.lines[i];
        struct dm_chain *chain = NULL;
        status = dm_chain_peek(snapshot, line->log, &chain);
        if (!status || status == DM_ERR_NOT_FOUND) {
            status = plan_line(plan, line, chain);
        }
        if (!status) {
            status = plan_successor(plan, line, snapshot);
        }
        dm_chain_free(chain);
        dm_snapshot_release_texts(snapshot);
    }
    return status;
}

// A log that is held here and that the peer did not name
static enum dm_status
on_held(void *context, const struct dm_chain *chain)
{
    struct plan *plan = context;
    for (size_t i = 0; i < plan->n_items; ++i) {
        if (memcmp(plan->items[i].errand.log, chain->log, sizeof(chain->log)) ==
            0) {
            return DM_OK;
        }
    }
    struct item *item = add_item(plan, chain->log);
    if (!item) {
        return DM_ERR_NO_MEMORY;
    }
    item->errand.kind = DM_ERRAND_PUSH;
    item->has_errand = true;
    return DM_OK;
}

// How far the log of the peer is here
static enum dm_status
look_at_theirs(struct plan *plan, struct dm_snapshot *snapshot)
{
    struct dm_chain *chain = NULL;
    const enum dm_status status = dm_chain_peek(snapshot, plan->theirs, &chain);
    plan->held = status ? 0 : chain->seq;
    dm_chain_free(chain);
    return status == DM_ERR_NOT_FOUND ? DM_OK : status;
}

static enum dm_status
step(struct dm_job *job)
{
    struct plan *plan = (struct plan *)job;
    struct dm_snapshot *snapshot = NULL;
    enum dm_status status =
        dm_heads_read(dm_str_n(plan->json, plan->n_json), &plan->arena,
                      &plan->heads, &plan->error);
    if (!status) {
        status = dm_snapshot_open(plan->peer->all->node->store, &job->work,
                                  &snapshot);
    }
    if (!status) {
        status = plan_lines(plan, snapshot);
    }
    if (!status) {
        status = look_at_theirs(plan, snapshot);
    }
    if (!status && plan->is_full) {
        status = dm_serve_logs(snapshot, on_held, plan);
    }
    if (snapshot) {
        dm_snapshot_close(snapshot);
    }
    return status;
}

static void
plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->n_items; ++i) {
        dm_free(plan->items[i].errand.record);
    }
    dm_free(plan->items);
    dm_free(plan->json);
    dm_arena_done(&plan->arena);
    dm_free(plan);
}

// ------------------------------------------------------------------- own log

struct release {
    struct dm_write_task task;
    struct dm_return back;
    struct dm_node *node;
};

static enum dm_status
release_apply(struct dm_write_task *task, struct dm_txn *txn)
{
    struct release *release = DM_CONTAINER_OF(task, struct release, task);
    (void)txn;
    dm_sealer_release(release->node->sealer);
    return DM_OK;
}

static void
release_back(struct dm_return *back, struct dm_node *node)
{
    (void)node;
    dm_free(DM_CONTAINER_OF(back, struct release, back));
}

static void
release_finished(struct dm_write_task *task, enum dm_status status)
{
    struct release *release = DM_CONTAINER_OF(task, struct release, task);
    release->back.status = status;
    dm_node_return(release->node, &release->back);
}

// A peer told its head of our log, and it is not above ours: no backup was
// restored, and sealing goes on.
void
dm_peers_release_own(struct dm_peers *peers)
{
    struct release *release = dm_calloc(1, sizeof(*release));
    if (!release) {
        return;
    }
    release->node = peers->node;
    release->back.run = release_back;
    release->task = (struct dm_write_task){
        .apply = release_apply, .finished = release_finished, .seals = true};
    if (dm_writer_task(peers->node->writer, &release->task)) {
        dm_free(release);
    } else {
        peers->has_released = true;
    }
}

// ----------------------------------------------------------------------- done

static void
take_item(struct dm_peer *peer, struct item *item)
{
    struct dm_peer_known *known = dm_peer_know(peer, item->errand.log);
    if (known && item->has_line) {
        known->seq = item->seq;
        known->sequence = item->sequence;
    }
    const bool is_refused = known && item->errand.kind != DM_ERRAND_PUSH &&
                            known->refused >= item->sequence && known->refused;
    const bool is_wanted =
        item->errand.kind == DM_ERRAND_PUSH ||
        dm_peers_wants(peer->all, item->errand.log, peer->def);
    if (item->successor.n && is_wanted) {
        dm_node_keep_successor(peer->all->node, item->errand.log,
                               item->successor);
    }
    if (item->has_errand && is_wanted && !is_refused &&
        dm_peer_add_errand(peer, &item->errand)) {
        item->errand.record = NULL; // Theirs now
    }
}

// What the peer chose may be any text
static void
keep_cursor(struct dm_peer *peer, struct dm_str cursor)
{
    struct dm_buf encoded;
    dm_buf_init(&encoded, sizeof(peer->cursor) - 1);
    if (dm_percent_encode(cursor, &encoded)) {
        dm_buf_clear(&encoded); // Out of memory: the next answer is in full
    }
    memcpy(peer->cursor, dm_buf_cstr(&encoded), encoded.n + 1);
    dm_buf_done(&encoded);
}

static void
done(struct dm_job *job)
{
    struct plan *plan = (struct plan *)job;
    struct dm_peer *peer = plan->peer;
    const bool goes_on = dm_peer_came_back(peer);
    const bool is_good = job->status == DM_OK;
    if (!goes_on) {
        plan_free(plan);
        return;
    }
    if (is_good) {
        keep_cursor(peer, plan->heads.cursor);
        peer->knows_held = true;
        peer->held = plan->held;
        for (size_t i = 0; i < plan->n_items; ++i) {
            take_item(peer, &plan->items[i]);
        }
        if (plan->is_full) {
            peer->n_due = peer->n_errands;
        }
        if (plan->is_full && !plan->is_own_behind) {
            dm_peer_told_ours(peer, plan->ours);
        }
    } else {
        dm_peer_say(peer, "heads: %s",
                    plan->error.what[0] ? plan->error.what
                                        : dm_status_text(job->status));
        ++peer->n_refused;
    }
    plan_free(plan);
    dm_peer_planned(peer, is_good);
}

static void
dropped(struct dm_job *job)
{
    struct plan *plan = (struct plan *)job;
    --plan->peer->n_out;
    plan_free(plan);
}

static const struct dm_job_ops plan_ops = {
    .name = "plan",
    .step = step,
    .done = done,
    .free = dropped,
};

void
dm_peer_plan(struct dm_peer *peer, char *json, size_t n, bool is_full)
{
    const struct dm_node *node = peer->all->node;
    struct plan *plan = dm_calloc(1, sizeof(*plan));
    peer->is_planning = true;
    if (!plan) {
        dm_free(json);
        dm_peer_planned(peer, false);
        return;
    }
    plan->job.ops = &plan_ops;
    plan->peer = peer;
    plan->json = json;
    plan->n_json = n;
    plan->is_full = is_full;
    memcpy(plan->theirs, peer->log, sizeof(plan->theirs));
    memcpy(plan->own, dm_key_public(node->key), sizeof(plan->own));
    dm_arena_init(&plan->arena, PLAN_MEMORY, NULL);
    dm_work_init(&plan->job.work, node->env, INT64_MAX, PLAN_MEMORY);
    if (dm_job_start(node->sync, &plan->job)) {
        plan_free(plan);
        dm_peer_planned(peer, false);
        return;
    }
    ++peer->n_out;
}
