// SPDX-License-Identifier: ISC

// /demonitor/v1: what peers ask of each other (docs/PROTOCOL.md, "Exchange").
//
//   heads ─> there is news ─────────────────────> a reply job
//         └> none: held (daemon/logs.h) ─> news ─> one round for all of them
//   log/K ─> a reply job

#include "base/actor.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/time.h"
#include "daemon/node_private.h"
#include "sync/car.h"
#include "sync/chain.h"
#include "sync/exchange.h"
#include "sync/heads.h"
#include "sync/serve.h"
#include "sync/succession.h"

#include <assert.h>
#include <string.h>

#define PARAM_MAX 512U
#define CAR_TYPE "application/vnd.ipld.car"
#define ROUND_DEADLINE_NS (INT64_C(30) * DM_NS_PER_SECOND)
#define ROUND_MEMORY (64U << 20U)
#define RETRY_S 2U // Who could not be answered comes again after so long

// ----------------------------------------------------------------- parameters

// A number of the query string, `*ret` where it is not given
static bool
read_number(const struct dm_request *request, const char *name, uint64_t *ret)
{
    struct dm_buf text;
    dm_buf_init(&text, PARAM_MAX);
    const enum dm_status status = dm_request_param(request, name, &text);
    const bool is_good =
        status == DM_ERR_NOT_FOUND ||
        (!status && dm_str_to_uint(dm_buf_str(&text), UINT64_MAX, ret));
    dm_buf_done(&text);
    return is_good;
}

static void
refuse_parameter(const struct dm_request *request, const char *what)
{
    dm_reply_problem(request, 400, what, NULL);
}

// ---------------------------------------------------------------------- heads

// What an answer is made from, as the loop knows it
struct heads {
    char cursor[DM_LOGS_CURSOR_SIZE];
    bool is_all; // Else `logs` alone
    uint8_t (*logs)[DM_KEY_PUBLIC_BYTES];
    size_t n_logs;
    uint8_t own_log[DM_KEY_PUBLIC_BYTES];
    bool has_own;
    struct dm_logs_own own;
};

// Lines on their way
struct lines {
    const struct heads *heads;
    struct dm_snapshot *snapshot;
    struct dm_arena arena;
    struct dm_heads_line *items;
    size_t n;
    size_t capacity;
};

static void
heads_done(struct heads *heads)
{
    dm_free(heads->logs);
    heads->logs = NULL;
}

// The cursor is taken before the snapshot: what comes in between is told twice
static enum dm_status
heads_init(const struct dm_node *node, const uint64_t *since,
           struct heads *heads)
{
    const struct dm_logs_own *own = dm_logs_own(node->logs);
    DM_ON_LOOP();
    dm_logs_cursor(node->logs, heads->cursor);
    memcpy(heads->own_log, dm_key_public(node->key), sizeof(heads->own_log));
    heads->has_own = own != NULL;
    if (own) {
        heads->own = *own;
    }
    enum dm_status status = DM_ERR_NOT_FOUND;
    if (since) {
        status = dm_logs_news(node->logs, *since, &heads->logs, &heads->n_logs);
    }
    heads->is_all = status == DM_ERR_NOT_FOUND;
    return heads->is_all ? DM_OK : status;
}

// What is told of a log: of the own one what was published
static enum dm_status
say_tip(const struct heads *heads, const struct dm_chain *chain,
        struct dm_heads_line *line)
{
    if (memcmp(chain->log, heads->own_log, sizeof(chain->log)) != 0) {
        line->record = dm_str_n((const char *)chain->record, chain->n_record);
        line->tip.seq = chain->record_sequence >> 16U;
        line->tip.head = chain->head;
        return chain->n_record ? DM_OK : DM_ERR_NOT_FOUND;
    }
    if (!heads->has_own) {
        return DM_ERR_NOT_FOUND;
    }
    line->record =
        dm_str_n((const char *)heads->own.record, heads->own.n_record);
    return dm_record_read(line->record, heads->own_log, &line->tip, NULL);
}

// The block that ends the log, where one is known
static enum dm_status
say_successor(struct lines *lines, struct dm_heads_line *line)
{
    struct dm_str block;
    line->successor = (struct dm_str){"", 0};
    const enum dm_status status =
        dm_succession_find(lines->snapshot, line->log, &block);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    line->successor = dm_arena_copy(&lines->arena, block);
    return line->successor.data ? DM_OK : DM_ERR_NO_MEMORY;
}

static enum dm_status
add_line(void *context, const struct dm_chain *chain)
{
    struct lines *lines = context;
    struct dm_heads_line line = {
        .first = chain->first,
        .has_fork = chain->forked_at != 0,
        .fork = {chain->fork[0], chain->fork[1]},
    };
    memcpy(line.log, chain->log, sizeof(line.log));
    enum dm_status status = say_tip(lines->heads, chain, &line);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    if (line.first > line.tip.seq) {
        return DM_OK; // Pruned beyond what was published: soon it is told
    }
    struct dm_heads_line *items =
        dm_grow(lines->items, &lines->capacity, lines->n + 1, sizeof(*items),
                DM_HEADS_LINES_MAX);
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    lines->items = items;
    status = say_successor(lines, &line);
    if (status) {
        return status;
    }
    line.record = dm_arena_copy(&lines->arena, line.record); // chain's own
    items[lines->n++] = line;
    return line.record.data ? DM_OK : DM_ERR_NO_MEMORY;
}

static enum dm_status
add_changed(struct lines *lines, struct dm_snapshot *snapshot,
            const uint8_t *log)
{
    struct dm_chain *chain = NULL;
    enum dm_status status = dm_chain_peek(snapshot, log, &chain);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status; // Forgotten since
    }
    status = add_line(lines, chain);
    dm_chain_free(chain);
    dm_snapshot_release_texts(snapshot);
    return status;
}

static enum dm_status
heads_make(const struct heads *heads, struct dm_snapshot *snapshot,
           struct dm_buf *buf)
{
    DM_ON_WORKER();
    struct lines lines = {.heads = heads, .snapshot = snapshot};
    dm_arena_init(&lines.arena, DM_HEADS_MAX, NULL);
    enum dm_status status =
        heads->is_all ? dm_serve_logs(snapshot, add_line, &lines) : DM_OK;
    for (size_t i = 0; !status && i < heads->n_logs; ++i) {
        status = add_changed(&lines, snapshot, heads->logs[i]);
    }
    if (!status) {
        const struct dm_heads made = {.cursor = dm_str(heads->cursor),
                                      .lines = lines.items,
                                      .n_lines = lines.n};
        status = dm_heads_write(&made, buf);
    }
    dm_free(lines.items);
    dm_arena_done(&lines.arena);
    return status;
}

struct heads_reply {
    struct dm_reply_job reply;
    struct heads heads;
};

static enum dm_status
heads_step(struct dm_reply_job *job)
{
    struct heads_reply *own = (struct heads_reply *)job;
    const enum dm_status status =
        dm_snapshot_open(job->store, &job->job.work, &job->snapshot);
    job->content_type = "application/json";
    return status ? status : heads_make(&own->heads, job->snapshot, &job->out);
}

static void
heads_reply_done(struct dm_reply_job *job)
{
    heads_done(&((struct heads_reply *)job)->heads);
}

// The cursor of the request; false: none that is known, so all logs are news
static bool
read_since(const struct dm_request *request, uint64_t *ret)
{
    struct dm_buf text;
    dm_buf_init(&text, DM_CURSOR_MAX);
    const bool is_known =
        dm_request_param(request, "since", &text) == DM_OK &&
        dm_logs_since(request->node->logs, dm_buf_str(&text), ret);
    dm_buf_done(&text);
    return is_known;
}

// Whether `since`, where it is given, has the form of any node's cursor
static bool
is_cursor_formed(const struct dm_request *request)
{
    static const struct dm_str marks = DM_STR("-._~");
    struct dm_buf text;
    dm_buf_init(&text, DM_CURSOR_MAX);
    const enum dm_status status = dm_request_param(request, "since", &text);
    bool is_formed = status == DM_ERR_NOT_FOUND || (!status && text.n);
    for (size_t i = 0; is_formed && i < text.n; ++i) {
        const char c = text.data[i];
        is_formed = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                    (c >= 'a' && c <= 'z') ||
                    (c && memchr(marks.data, c, marks.n));
    }
    dm_buf_done(&text);
    return is_formed;
}

static enum dm_status
heads_reply_init(struct dm_reply_job *job)
{
    struct heads_reply *own = (struct heads_reply *)job;
    uint64_t since = 0;
    const bool is_known = read_since(&job->request, &since);
    const enum dm_status status =
        heads_init(job->request.node, is_known ? &since : NULL, &own->heads);
    if (status) {
        dm_reply_problem(&job->request, 503, "out of memory", NULL);
    }
    return status;
}

static void
hold(const struct dm_request *request, uint64_t since, uint64_t wait_s)
{
    static const struct dm_str scheme = DM_STR("ipns://");
    const struct dm_http_incoming *incoming = &request->call->incoming;
    char address[DM_ADDRESS_SIZE] = "";
    struct dm_str asker = {address, 0};
    if (request->peer) {
        asker =
            dm_str_slice(request->peer->log, scheme.n, request->peer->log.n);
    } else if (incoming->peer != DM_HTTP_PEER_SOCKET) {
        dm_address_format(&incoming->from.address, address);
        asker = dm_str(address);
    }
    wait_s = wait_s < DM_LOGS_WAIT_MAX_S ? wait_s : DM_LOGS_WAIT_MAX_S;
    if (dm_logs_hold(request->node->logs, request->call, asker, since,
                     (int64_t)wait_s * DM_NS_PER_SECOND)) {
        dm_reply_problem(request, 503, "out of memory", NULL);
    }
}

// What the peer holds of our log, said by one that has read heads of this very
// start: what it said of them before may be old.
static bool
hear_have(const struct dm_request *request, uint64_t wait_s)
{
    uint64_t since = 0;
    uint64_t have = UINT64_MAX;
    const bool is_good = read_number(request, "have", &have);
    if (request->peer && is_good && read_since(request, &since)) {
        dm_peers_has_ours(request->node->peers, request->peer, have);
        if (wait_s) {
            dm_peers_waits(request->node->peers, request->peer);
        }
    }
    return is_good;
}

static void
heads(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {
        .name = "heads", .step = heads_step, .done = heads_reply_done};
    uint64_t wait_s = 0;
    uint64_t since = 0;
    if (request->peer) {
        dm_peers_came(request->node->peers, request->peer);
    }
    if (!read_number(request, "wait", &wait_s)) {
        refuse_parameter(request, "wait is a number of seconds");
    } else if (!is_cursor_formed(request)) {
        refuse_parameter(request, "since is no cursor");
    } else if (!hear_have(request, wait_s)) {
        refuse_parameter(request, "have is a number of entries");
    } else if (!read_since(request, &since) ||
               dm_logs_has_news(request->node->logs, since)) {
        dm_reply_start(request, &ops, sizeof(struct heads_reply),
                       heads_reply_init);
    } else if (wait_s) {
        hold(request, since, wait_s);
    } else {
        dm_reply_empty(request, 204);
    }
}

// ------------------------------------------------ one answer for all that wait

struct round {
    struct dm_job job;
    struct dm_node *node;
    struct heads heads;
    struct dm_buf out;
};

static void
round_free(struct dm_job *job)
{
    struct round *round = (struct round *)job;
    heads_done(&round->heads);
    dm_buf_done(&round->out);
    dm_free(round);
}

static enum dm_status
round_step(struct dm_job *job)
{
    struct round *round = (struct round *)job;
    struct dm_snapshot *snapshot = NULL;
    enum dm_status status =
        dm_snapshot_open(round->node->store, &job->work, &snapshot);
    if (!status) {
        status = heads_make(&round->heads, snapshot, &round->out);
    }
    dm_snapshot_close(snapshot);
    return status;
}

// They come again, and then there is an answer of their own
static void
send_away(struct dm_node *node)
{
    static const struct dm_str sorry = DM_STR("too much at once\n");
    dm_logs_answer(node->logs, 503, "text/plain; charset=utf-8", sorry,
                   RETRY_S);
}

static void
round_done(struct dm_job *job)
{
    struct round *round = (struct round *)job;
    DM_ON_LOOP();
    if (job->status) {
        send_away(round->node);
    } else {
        dm_logs_answer(round->node->logs, 200, "application/json",
                       dm_buf_str(&round->out), 0);
    }
    round_free(job);
}

static const struct dm_job_ops round_ops = {.name = "heads",
                                            .step = round_step,
                                            .done = round_done,
                                            .free = round_free};

void
dm_node_tell_logs(void *context, uint64_t since)
{
    struct dm_node *node = context;
    DM_ON_LOOP();
    struct round *round = dm_calloc(1, sizeof(*round));
    if (!round) {
        send_away(node);
        return;
    }
    round->job.ops = &round_ops;
    round->node = node;
    dm_buf_init(&round->out, DM_HEADS_MAX);
    dm_work_init(&round->job.work, node->env,
                 dm_env_monotonic_ns(node->env) + ROUND_DEADLINE_NS,
                 ROUND_MEMORY);
    if (heads_init(node, &since, &round->heads) ||
        dm_job_start(node->users, &round->job)) {
        round_free(&round->job);
        send_away(node);
    }
}

// ---------------------------------------------------------------------- log/K

struct log_reply {
    struct dm_reply_job reply;
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    struct dm_serve_spec spec;
};

static enum dm_status
refuse_log(const struct dm_request *request, unsigned status, const char *what)
{
    dm_reply_problem(request, status, what, NULL);
    return DM_ERR_ARGUMENT;
}

static enum dm_status
log_init(struct dm_reply_job *job)
{
    struct log_reply *own = (struct log_reply *)job;
    const struct dm_request *request = &job->request;
    const struct dm_logs_own *published = dm_logs_own(request->node->logs);
    uint64_t limit = DM_ROUTE_ENTRIES_MAX;
    uint64_t with_data = 1;
    own->spec.log = own->log;
    own->spec.until = UINT64_MAX;
    if (!read_number(request, "after", &own->spec.after) ||
        own->spec.after >= DM_WIRE_BELOW) {
        return refuse_log(request, 400, "after is a sequence");
    }
    if (!read_number(request, "limit", &limit) || !limit) {
        return refuse_log(request, 400, "limit is a number of entries");
    }
    if (!read_number(request, "data", &with_data) || with_data > 1) {
        return refuse_log(request, 400, "data is 0 or 1");
    }
    if (!dm_key_from_name(request->rest, own->log)) {
        return refuse_log(request, 404, "this is no log's name");
    }
    if (!memcmp(own->log, dm_key_public(request->node->key),
                sizeof(own->log))) {
        if (!published) {
            return refuse_log(request, 404, "the log has no entry yet");
        }
        own->spec.until = published->seq;
    }
    own->spec.limit =
        limit < DM_ROUTE_ENTRIES_MAX ? limit : DM_ROUTE_ENTRIES_MAX;
    own->spec.with_data = with_data == 1;
    dm_buf_done(&job->out);
    dm_buf_init(&job->out, DM_CAR_MAX);
    return DM_OK;
}

static enum dm_status
log_step(struct dm_reply_job *job)
{
    struct log_reply *own = (struct log_reply *)job;
    uint64_t first = 0;
    enum dm_status status =
        dm_snapshot_open(job->store, &job->job.work, &job->snapshot);
    if (!status) {
        status = dm_serve_entries(job->snapshot, &own->spec, &job->out, &first,
                                  &job->error);
    }
    job->content_type = CAR_TYPE;
    if (status == DM_END) {
        job->http_status = 204;
        return DM_OK;
    }
    if (status == DM_ERR_STATE) {
        job->http_status = 410;
        job->content_type = "application/json";
        return dm_buf_printf(&job->out, "{\"first\":%llu}",
                             (unsigned long long)first);
    }
    return status;
}

static void
log_entries(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {.name = "log", .step = log_step};
    dm_reply_start(request, &ops, sizeof(struct log_reply), log_init);
}

const struct dm_route dm_routes_sync[] = {
    {.path = "/demonitor/v1/heads",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_PEER,
     .handle = heads},
    {.path = "/demonitor/v1/log/",
     .is_prefix = true,
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_PEER,
     .handle = log_entries},
    {.path = NULL},
};
