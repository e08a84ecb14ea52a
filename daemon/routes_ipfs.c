// SPDX-License-Identifier: ISC

// /ipfs and /ipns: the trustless gateway over the blocks of the store
// (sync/gateway.h). What is not here is 404: nothing is fetched.
//
//   request ─> worker: head, a piece ─> loop: answer, or a stream
//                  ^                              │
//                  └───── sent, and there is more ┘
//
// No snapshot is held while bytes go out: each piece has its own. A block that
// is missing then cuts the answer off.

#include "base/actor.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/time.h"
#include "daemon/node_private.h"
#include "quadstore/blocks.h"
#include "quadstore/store.h"
#include "sync/chain.h"
#include "sync/gateway.h"
#include "sync/record.h"

#include <assert.h>
#include <string.h>

#define SERVINGS_MAX 32U       // At once; each holds a piece
#define TEXTS_MAX (64U << 10U) // Of the request: more than a header may be
#define OUT_MAX (DM_GATEWAY_PIECE + 2 * DM_GATEWAY_BLOCK_MAX)
#define SLICE (64U << 10U) // Of a piece, written at once
#define STEP_NS (INT64_C(30) * DM_NS_PER_SECOND)
#define STEP_MEMORY (32U << 20U)
#define AGAIN_NS (INT64_C(100) * DM_NS_PER_MS) // All workers are busy

struct dm_serving {
    struct dm_job job; // Its head
    struct dm_serving *next;
    struct dm_node *node;
    struct dm_http_call *call; // NULL: the client left
    bool is_head;              // HEAD
    bool is_out;               // With a worker
    bool is_begun;             // The stream is
    bool is_last;              // `out` holds the end
    bool is_cut;               // Or what was there before a block was missing
    size_t sent;               // Of `out`
    struct dm_timer timer;
    struct dm_arena texts;
    struct dm_gateway_request request;
    struct dm_gateway *gateway; // NULL until a worker looked at the request
    struct dm_buf out;
    // What the worker needs to know of the own log
    uint8_t own_log[DM_KEY_PUBLIC_BYTES];
    struct dm_logs_own own; // seq 0: nothing was published
    struct dm_snapshot *snapshot;
    dm_log_no own_number;
};

// ---------------------------------------------------------------- the source

// An entry that was not published yet, or what it says
static bool
is_unpublished(const struct dm_serving *serving, const struct dm_block *block)
{
    return block->place.log == serving->own_number &&
           (block->place.kind == DM_BLOCK_ENTRY ||
            block->place.kind == DM_BLOCK_PAYLOAD) &&
           block->place.seq > serving->own.seq;
}

// One whose bytes the disk changed is not here
static enum dm_status
find_block(void *context, const struct dm_any_cid *cid, struct dm_str *ret)
{
    const struct dm_serving *serving = context;
    struct dm_cid own;
    struct dm_block block;
    if (!dm_any_cid_to(cid, &own)) {
        return DM_ERR_NOT_FOUND;
    }
    dm_snapshot_release_texts(serving->snapshot);
    const enum dm_status status =
        dm_snapshot_block(serving->snapshot, own.bytes, &block);
    if (status) {
        return status;
    }
    if (is_unpublished(serving, &block) || !dm_cid_names(&own, block.data)) {
        return DM_ERR_NOT_FOUND;
    }
    *ret = block.data;
    return DM_OK;
}

static enum dm_status
find_record(void *context, const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
            struct dm_str *ret)
{
    struct dm_serving *serving = context;
    struct dm_chain *chain = NULL;
    struct dm_record record;
    if (memcmp(public_key, serving->own_log, DM_KEY_PUBLIC_BYTES) == 0) {
        *ret =
            dm_str_n((const char *)serving->own.record, serving->own.n_record);
        return serving->own.seq ? DM_OK : DM_ERR_NOT_FOUND;
    }
    enum dm_status status =
        dm_chain_peek(serving->snapshot, public_key, &chain);
    if (status) {
        return status;
    }
    const struct dm_str bytes =
        dm_str_n((const char *)chain->record, chain->n_record);
    status = dm_record_read(bytes, public_key, &record, NULL);
    if (!status) {
        *ret = dm_arena_copy(&serving->texts, bytes);
        status = ret->data ? DM_OK : DM_ERR_NO_MEMORY;
    }
    dm_chain_free(chain);
    return status == DM_ERR_CORRUPT ? DM_ERR_NOT_FOUND : status;
}

// ------------------------------------------------------------- on the worker

static bool
has_body(const struct dm_serving *serving)
{
    const struct dm_gateway_head *head = dm_gateway_head(serving->gateway);
    return (head->status == 200 || head->status == 206) &&
           (head->has_length || !serving->is_head);
}

// A body of known length as a whole, another one by pieces
static enum dm_status
make_piece(struct dm_serving *serving)
{
    const bool is_whole = dm_gateway_head(serving->gateway)->has_length;
    enum dm_status status = DM_OK;
    do {
        status = dm_gateway_next(serving->gateway, &serving->out);
    } while (!status && is_whole);
    serving->is_last = status == DM_END;
    serving->is_cut = status && !serving->is_last && !is_whole;
    return serving->is_last || serving->is_cut ? DM_OK : status;
}

static enum dm_status
look(struct dm_serving *serving)
{
    char iri[DM_KEY_IRI_SIZE];
    const struct dm_gateway_source source = {
        .block = find_block, .record = find_record, .context = serving};
    dm_key_iri(serving->own_log, iri);
    enum dm_status status = dm_snapshot_log_number(
        serving->snapshot, dm_str(iri), &serving->own_number);
    if (status == DM_ERR_NOT_FOUND) {
        serving->own_number = 0;
        status = DM_OK;
    }
    if (!status && !serving->gateway) {
        status = dm_gateway_new(&serving->request, &source, &serving->gateway);
    }
    return !status && has_body(serving) ? make_piece(serving) : status;
}

static enum dm_status
serving_step(struct dm_job *job)
{
    struct dm_serving *serving = (struct dm_serving *)job;
    DM_ON_WORKER();
    enum dm_status status = dm_work_check(&job->work);
    if (!status) {
        status = dm_snapshot_open(serving->node->store, &job->work,
                                  &serving->snapshot);
    }
    if (!status) {
        status = look(serving);
    }
    dm_snapshot_close(serving->snapshot);
    serving->snapshot = NULL;
    return status;
}

// --------------------------------------------------------------- on the loop

static void
serving_free(struct dm_job *job)
{
    struct dm_serving *serving = (struct dm_serving *)job;
    struct dm_serving **link = &serving->node->servings;
    while (*link != serving) {
        link = &(*link)->next;
    }
    *link = serving->next;
    dm_loop_timer_stop(serving->node->net->loop, &serving->timer);
    dm_gateway_free(serving->gateway);
    dm_buf_done(&serving->out);
    dm_arena_done(&serving->texts);
    dm_free(serving);
}

static void start(void *context);

// Write what there is, ask for more, or end. The call is there.
static void
pump(struct dm_serving *serving)
{
    const struct dm_str out = dm_buf_str(&serving->out);
    while (serving->sent < out.n) {
        const struct dm_str slice = dm_str_slice(out, serving->sent, SLICE);
        const enum dm_status status = dm_http_write(serving->call, slice);
        if (status == DM_AGAIN) {
            return; // on_writable comes
        }
        if (status) {
            dm_http_abort(serving->call);
            serving_free(&serving->job);
            return;
        }
        serving->sent += slice.n;
    }
    if (serving->is_last || serving->is_cut) {
        if (serving->is_last) {
            dm_http_end(serving->call);
        } else {
            dm_http_abort(serving->call); // So that its client sees it
        }
        serving_free(&serving->job);
        return;
    }
    dm_buf_clear(&serving->out);
    serving->sent = 0;
    start(serving);
}

static size_t
headers_of(const struct dm_gateway_head *head, struct dm_http_header *headers)
{
    for (size_t i = 0; i < head->n_headers; ++i) {
        headers[i] = (struct dm_http_header){dm_str(head->headers[i].name),
                                             dm_str(head->headers[i].value)};
    }
    return head->n_headers;
}

// The head is known.
static void
begin(struct dm_serving *serving)
{
    const struct dm_request request = {.node = serving->node,
                                       .call = serving->call};
    const struct dm_gateway_head *head = dm_gateway_head(serving->gateway);
    struct dm_http_header headers[DM_GATEWAY_HEADERS_MAX];
    const size_t n_headers = headers_of(head, headers);
    if (head->problem[0]) {
        dm_reply_problem(&request, head->status, head->problem, NULL);
    } else if (head->has_length || head->status == 304) {
        size_t n = 0;
        char *body = dm_buf_take(&serving->out, &n);
        (void)dm_http_answer(serving->call, head->status, headers, n_headers,
                             body, n);
    } else if (!dm_http_stream(serving->call, head->status, headers,
                               n_headers)) {
        serving->is_begun = true;
        serving->is_last = serving->is_last || serving->is_head;
        pump(serving);
        return;
    }
    serving_free(&serving->job);
}

static void
fail(struct dm_serving *serving, enum dm_status status)
{
    const struct dm_request request = {.node = serving->node,
                                       .call = serving->call};
    if (serving->is_begun) {
        dm_http_abort(serving->call);
    } else {
        dm_reply_problem(&request, 503, dm_status_text(status), NULL);
    }
    serving_free(&serving->job);
}

static void
serving_done(struct dm_job *job)
{
    struct dm_serving *serving = (struct dm_serving *)job;
    DM_ON_LOOP();
    serving->is_out = false;
    if (!serving->call) {
        serving_free(job);
    } else if (job->status) {
        fail(serving, job->status);
    } else if (!serving->is_begun) {
        begin(serving);
    } else {
        pump(serving);
    }
}

static const struct dm_job_ops serving_ops = {
    .name = "gateway",
    .step = serving_step,
    .done = serving_done,
    .free = serving_free,
};

// Let a worker make the next piece, as soon as there is one.
static void
start(void *context)
{
    struct dm_serving *serving = context;
    struct dm_node *node = serving->node;
    const struct dm_logs_own *own = dm_logs_own(node->logs);
    DM_ON_LOOP();
    if (own) {
        serving->own = *own;
    }
    serving->job.ops = &serving_ops;
    dm_work_init(&serving->job.work, node->env,
                 dm_env_monotonic_ns(node->env) + STEP_NS, STEP_MEMORY);
    serving->is_out = dm_job_start(node->users, &serving->job) == DM_OK;
    if (!serving->is_out) {
        dm_loop_timer_start(node->net->loop, &serving->timer,
                            dm_loop_now_ns(node->net->loop) + AGAIN_NS, start,
                            serving);
    }
}

static struct dm_serving *
serving_of(struct dm_node *node, const struct dm_http_call *call)
{
    struct dm_serving *serving = node->servings;
    while (serving && serving->call != call) {
        serving = serving->next;
    }
    return serving;
}

void
dm_serving_writable(struct dm_node *node, const struct dm_http_call *call)
{
    struct dm_serving *serving = serving_of(node, call);
    DM_ON_LOOP();
    if (serving && serving->is_begun && !serving->is_out &&
        !serving->timer.is_running) {
        pump(serving);
    }
}

void
dm_serving_closed(struct dm_node *node, const struct dm_http_call *call)
{
    struct dm_serving *serving = serving_of(node, call);
    DM_ON_LOOP();
    if (!serving) {
        return;
    }
    serving->call = NULL;
    if (serving->is_out) {
        dm_work_cancel(&serving->job.work);
    } else {
        serving_free(&serving->job);
    }
}

// ------------------------------------------------------------------- requests

// The request as the worker may read it, also when its client has left
static enum dm_status
copy_request(struct dm_serving *serving,
             const struct dm_http_incoming *incoming)
{
    struct dm_gateway_request *own = &serving->request;
    const struct {
        struct dm_str from;
        struct dm_str *to;
    } texts[] = {
        {incoming->path, &own->path},
        {incoming->query, &own->query},
        {dm_http_header_get(incoming->headers, incoming->n_headers, "Accept"),
         &own->accept},
        {dm_http_header_get(incoming->headers, incoming->n_headers,
                            "If-None-Match"),
         &own->if_none_match},
        {dm_http_header_get(incoming->headers, incoming->n_headers, "Range"),
         &own->range},
        {dm_http_header_get(incoming->headers, incoming->n_headers,
                            "Cache-Control"),
         &own->cache_control},
    };
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        *texts[i].to = dm_arena_copy(&serving->texts, texts[i].from);
        if (!texts[i].to->data) {
            return DM_ERR_NO_MEMORY;
        }
    }
    return DM_OK;
}

static bool
has_room(const struct dm_node *node)
{
    size_t n = 0;
    for (const struct dm_serving *i = node->servings; i; i = i->next) {
        ++n;
    }
    return n < SERVINGS_MAX;
}

static void
serve(const struct dm_request *request)
{
    struct dm_node *node = request->node;
    if (!has_room(node)) {
        dm_reply_problem(request, 429, "too many at once", NULL);
        return;
    }
    struct dm_serving *serving = dm_calloc(1, sizeof(*serving));
    if (!serving) {
        dm_reply_problem(request, 503, "out of memory", NULL);
        return;
    }
    dm_arena_init(&serving->texts, TEXTS_MAX, NULL);
    dm_buf_init(&serving->out, OUT_MAX);
    serving->node = node;
    serving->next = node->servings;
    node->servings = serving;
    memcpy(serving->own_log, dm_key_public(node->key),
           sizeof(serving->own_log));
    serving->is_head = dm_str_is(request->call->incoming.method, "HEAD");
    if (copy_request(serving, &request->call->incoming)) {
        serving_free(&serving->job);
        dm_reply_problem(request, 503, "out of memory", NULL);
        return;
    }
    serving->call = request->call;
    start(serving);
}

#define SCOPES ((unsigned)DM_SCOPE_READ | DM_SCOPE_PEER)

const struct dm_route dm_routes_ipfs[] = {
    {.path = "/ipfs/",
     .is_prefix = true,
     .methods = DM_METHOD_GET,
     .scope = SCOPES,
     .handle = serve},
    {.path = "/ipns/",
     .is_prefix = true,
     .methods = DM_METHOD_GET,
     .scope = SCOPES,
     .handle = serve},
    {.path = NULL},
};
