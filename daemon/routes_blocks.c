// SPDX-License-Identifier: ISC

// POST /demonitor/v1/blocks: entries that are brought by a peer which we cannot
// dial, verified as if they had been fetched (docs/PROTOCOL.md, "Bringing a
// log").
//
//   body, record ─> daemon/follow.h ─> COMMIT ─> 200 {"have":SEQ}
//                          └─> refused: 422, or 409 with what is held

#include "base/alloc.h"
#include "daemon/follow.h"
#include "daemon/json.h"
#include "daemon/node_private.h"
#include "quadstore/store.h"
#include "sync/base64.h"
#include "sync/car.h"
#include "sync/chain.h"

#include <string.h>

#define PUSHES_MAX 8U // At once; each holds a CAR
#define ANSWER_MAX 4096U
#define NAME_MAX 128U

// A body on its way into the store
struct dm_push {
    struct dm_push *next;
    struct dm_node *node;
    struct dm_http_call *call; // NULL: the peer left
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    bool has_by;
    uint8_t by[DM_KEY_PUBLIC_BYTES]; // Log of the peer that brings it
    struct dm_follow_task *task;
};

// -------------------------------------------------------------- the request

static bool
read_log(const struct dm_request *request, uint8_t *log)
{
    struct dm_buf name;
    dm_buf_init(&name, NAME_MAX);
    const bool is_log = dm_request_param(request, "log", &name) == DM_OK &&
                        dm_key_from_name(dm_buf_str(&name), log);
    dm_buf_done(&name);
    return is_log;
}

static enum dm_status
read_record(const struct dm_request *request, struct dm_buf *buf)
{
    const struct dm_http_incoming *incoming = &request->call->incoming;
    const struct dm_str text = dm_http_header_get(
        incoming->headers, incoming->n_headers, "Demonitor-Record");
    return text.n ? dm_base64_read(DM_BASE64_URL, text, buf) : DM_ERR_SYNTAX;
}

// ------------------------------------------------------------------- answers

static enum dm_status
put_have(uint64_t seq, struct dm_buf *buf)
{
    return dm_buf_printf(buf, "{\"have\":%llu}\n", (unsigned long long)seq);
}

// Where the log stands, as the store says: the push changed nothing
struct have_reply {
    struct dm_reply_job reply;
    uint8_t log[DM_KEY_PUBLIC_BYTES];
};

static enum dm_status
have_step(struct dm_reply_job *job)
{
    struct have_reply *own = (struct have_reply *)job;
    struct dm_chain *chain = NULL;
    uint64_t seq = 0;
    enum dm_status status =
        dm_snapshot_open(job->store, &job->job.work, &job->snapshot);
    if (!status) {
        status = dm_chain_peek(job->snapshot, own->log, &chain);
        seq = status ? 0 : chain->seq;
        dm_chain_free(chain);
    }
    job->content_type = "application/json";
    return status && status != DM_ERR_NOT_FOUND ? status
                                                : put_have(seq, &job->out);
}

static enum dm_status
init_held(struct dm_reply_job *job)
{
    const bool is_log =
        read_log(&job->request, ((struct have_reply *)job)->log);
    if (!is_log) { // It was one a moment ago
        dm_reply_problem(&job->request, 503, "out of memory", NULL);
    }
    return is_log ? DM_OK : DM_ERR_NO_MEMORY;
}

static enum dm_status
init_gap(struct dm_reply_job *job)
{
    job->http_status = 409;
    return init_held(job);
}

static void
reply_have(const struct dm_request *request, dm_reply_init_fn init)
{
    static const struct dm_reply_ops ops = {.name = "have", .step = have_step};
    dm_reply_start(request, &ops, sizeof(struct have_reply), init);
}

static void
reply_seq(const struct dm_request *request, uint64_t seq)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ANSWER_MAX);
    if (put_have(seq, &buf)) {
        dm_reply_problem(request, 503, "out of memory", NULL);
    } else {
        dm_reply(request, 200, "application/json", dm_buf_str(&buf));
    }
    dm_buf_done(&buf);
}

static void
reply_refused(const struct dm_request *request, const struct dm_error *error)
{
    struct dm_buf buf;
    json_t *document = json_object();
    dm_json_text(document, "reason", dm_str(error->what));
    dm_buf_init(&buf, ANSWER_MAX);
    if (dm_json_print(document, &buf)) {
        dm_reply_problem(request, 503, "out of memory", NULL);
    } else {
        dm_reply(request, 422, "application/json", dm_buf_str(&buf));
    }
    dm_buf_done(&buf);
}

static void
reply_outcome(const struct dm_push *push)
{
    const struct dm_request request = {.node = push->node, .call = push->call};
    const struct dm_error *error = dm_follow_task_error(push->task);
    switch (dm_follow_task_status(push->task)) {
    case DM_OK:
        reply_seq(&request, dm_follow_task_result(push->task).seq);
        return;
    case DM_ERR_EXISTS: // Held already
        reply_have(&request, init_held);
        return;
    case DM_ERR_ARGUMENT: // Some are missing between
        reply_have(&request, init_gap);
        return;
    case DM_ERR_CORRUPT:
    case DM_ERR_UNSUPPORTED:
    case DM_ERR_NOT_FOUND:
    case DM_ERR_STATE:
    case DM_ERR_PERMISSION:
        reply_refused(&request, error);
        return;
    case DM_ERR_LIMIT:
        dm_reply_problem(&request, 429, "too much of this log", error);
        return;
    case DM_END:
    case DM_AGAIN:
    case DM_ERR_BUSY:
    case DM_ERR_CANCELLED:
    case DM_ERR_DEADLINE:
    case DM_ERR_FULL:
    case DM_ERR_IO:
    case DM_ERR_NO_MEMORY:
    case DM_ERR_SYNTAX:
        break;
    }
    dm_reply_problem(&request, 503, "not now", error);
}

// --------------------------------------------------------------------- pushes

static void
forget(struct dm_push *push)
{
    struct dm_push **link = &push->node->pushes;
    while (*link != push) {
        link = &(*link)->next;
    }
    *link = push->next;
    dm_follow_task_free(push->task);
    dm_free(push);
}

// Whether it was looked at and is no good, or too much
static bool
is_refusal(enum dm_status status)
{
    return status == DM_ERR_CORRUPT || status == DM_ERR_UNSUPPORTED ||
           status == DM_ERR_STATE || status == DM_ERR_PERMISSION ||
           status == DM_ERR_LIMIT;
}

static void
on_done(void *context, struct dm_follow_task *task)
{
    struct dm_push *push = context;
    const enum dm_status status = dm_follow_task_status(task);
    if (push->has_by && (!status || is_refusal(status))) {
        dm_peers_brought(push->node->peers, push->by, push->log, status,
                         dm_follow_task_error(task)->what);
    }
    if (push->call) {
        reply_outcome(push);
    }
    forget(push);
}

void
dm_push_closed(struct dm_node *node, const struct dm_http_call *call)
{
    DM_ON_LOOP();
    for (struct dm_push *push = node->pushes; push; push = push->next) {
        if (push->call == call) {
            push->call = NULL; // What was brought is taken all the same
        }
    }
}

// Whether there is room for one more; of one log only one at a time.
static bool
has_room(const struct dm_node *node, const uint8_t *log)
{
    size_t n = 0;
    for (const struct dm_push *push = node->pushes; push; push = push->next) {
        if (memcmp(push->log, log, sizeof(push->log)) == 0) {
            return false;
        }
        ++n;
    }
    return n < PUSHES_MAX;
}

// Takes the bytes of `record`.
static struct dm_push *
make_push(const struct dm_request *request, const uint8_t *log,
          struct dm_buf *record)
{
    static const struct dm_str scheme = DM_STR("ipns://");
    const struct dm_str body = request->call->incoming.body;
    struct dm_push *push = dm_calloc(1, sizeof(*push));
    char *car = dm_strndup(body.data, body.n);
    struct dm_follow_task *task = dm_follow_task_new(request->node, log);
    if (!push || !car || !task) {
        dm_free(push);
        dm_free(car);
        dm_follow_task_free(task);
        return NULL;
    }
    size_t n = 0;
    char *bytes = dm_buf_take(record, &n);
    dm_follow_task_give(task, DM_FOLLOW_RECORD, bytes, n);
    dm_follow_task_give(task, DM_FOLLOW_CAR, car, body.n);
    struct dm_follow_input *input = dm_follow_task_input(task);
    input->is_push = true;
    dm_peers_bounds(request->node->peers, request->peer, input);
    push->node = request->node;
    push->call = request->call;
    push->task = task;
    memcpy(push->log, log, sizeof(push->log));
    push->has_by = request->peer &&
                   dm_key_from_name(dm_str_slice(request->peer->log, scheme.n,
                                                 request->peer->log.n),
                                    push->by);
    push->next = request->node->pushes;
    request->node->pushes = push;
    return push;
}

static void
take(const struct dm_request *request, const uint8_t *log,
     struct dm_buf *record)
{
    struct dm_push *push = make_push(request, log, record);
    if (!push) {
        dm_reply_problem(request, 503, "out of memory", NULL);
        return;
    }
    if (dm_follow_task_start(push->task, on_done, push)) {
        forget(push);
        dm_reply_problem(request, 429, "too many at once", NULL);
    }
}

static void
blocks(const struct dm_request *request)
{
    struct dm_node *node = request->node;
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    struct dm_buf record;
    dm_buf_init(&record, DM_RECORD_MAX);
    if (request->peer) {
        dm_peers_came(node->peers, request->peer);
    }
    if (!read_log(request, log)) {
        dm_reply_problem(request, 400, "log is no name of a log", NULL);
    } else if (read_record(request, &record)) {
        dm_reply_problem(request, 400, "Demonitor-Record is no record", NULL);
    } else if (!request->call->incoming.body.n) {
        dm_reply_problem(request, 400, "there is no CAR", NULL);
    } else if (!dm_peers_wants(node->peers, log, request->peer)) {
        dm_reply_problem(request, 404, "that log is not wanted here", NULL);
    } else if (!has_room(node, log)) {
        dm_reply_problem(request, 429, "too many at once", NULL);
    } else {
        take(request, log, &record);
    }
    dm_buf_done(&record);
}

const struct dm_route dm_routes_blocks[] = {
    {.path = "/demonitor/v1/blocks",
     .methods = DM_METHOD_POST,
     .scope = DM_SCOPE_PEER,
     .max_body = DM_CAR_MAX,
     .handle = blocks},
    {.path = NULL},
};
