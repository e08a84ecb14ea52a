// SPDX-License-Identifier: ISC

// Exchanges: from connecting to the last byte of the answer.
//
//     CONNECT --(TLS)--> SECURE --> REQUEST --> ANSWER --> done
//
// What a phase waits for is the operation's event. The answer comes in parts,
// each with the instant at which it arrives; a step of the loop takes one.

#include "base/arena.h"
#include "base/time.h"
#include "net/url.h"
#include "sim/net_private.h"

#include <stdio.h>
#include <string.h>

#define ARENA_MAX ((size_t)64 << 20)
#define STATUS_LINE_BYTES 17 // "HTTP/1.1 200 OK" and its end
#define FIELD_BYTES 4        // ": " and the end of a line
#define PIECES 3             // That a fast answer is cut into, at most
#define SLOW_PIECE_BYTES 4096
#define OWN_HEADERS 2 // Host, Content-Length
#define NUMBER_SIZE 24
// When TCP sends a part again
#define RESEND_LEAST_NS (200 * DM_NS_PER_MS)
#define RESEND_MOST_NS (1000 * DM_NS_PER_MS)

enum phase {
    PHASE_CONNECT,
    PHASE_SECURE,
    PHASE_REQUEST,
    PHASE_ANSWER,
};

enum part_kind {
    PART_HEAD,
    PART_BODY,
    PART_END,
    PART_CUT,
};

struct part {
    struct part *next;
    int64_t at_ns; // World
    enum part_kind kind;
    size_t n;
    char bytes[];
};

struct dm_http_transfer {
    struct dm_sim_op op;
    dm_http_done_fn done;
    void *context;
    struct dm_arena arena;
    struct dm_http_exchange exchange; // Its views are in the arena
    struct dm_http_header *request_headers;
    struct dm_str target;
    bool is_https;
    enum phase phase;
    int64_t phase_start_ns; // Monotonic
    bool is_cut;            // The connection, before anything came
    const struct dm_sim_link *link;
    const struct dm_sim_way *way;
    struct dm_sim_tls tls;
    struct dm_http_call *call; // Who answers, where that is a machine
    struct part *first;
    struct part *last;
    size_t unsent;
    struct dm_http_header *headers; // Of the answer, once it is sent
    size_t n_headers;
    size_t header_bytes;
    unsigned status;
    struct dm_buf body;
    struct dm_http_response response;
};

static void
transfer_free(struct dm_sim_op *op)
{
    struct dm_http_transfer *transfer = (struct dm_http_transfer *)op;
    while (transfer->first) {
        struct part *part = transfer->first;
        transfer->first = part->next;
        dm_free(part);
    }
    dm_buf_done(&transfer->body);
    dm_arena_done(&transfer->arena);
    dm_free(transfer);
}

static void
format_place(const struct dm_http_transfer *transfer,
             char text[DM_ENDPOINT_SIZE])
{
    dm_endpoint_format(&transfer->exchange.endpoint, text);
}

// The phase takes until now
static void
end_phase(struct dm_http_transfer *transfer, int64_t *time_ns)
{
    const int64_t now_ns = dm_loop_now_ns(&transfer->op.net->loop);
    *time_ns += now_ns - transfer->phase_start_ns;
    transfer->phase_start_ns = now_ns;
}

static int64_t *
time_of_phase(struct dm_http_transfer *transfer)
{
    struct dm_http_times *times = &transfer->response.times;
    switch (transfer->phase) {
    case PHASE_CONNECT:
        return &times->connect_ns;
    case PHASE_SECURE:
        return &times->tls_ns;
    case PHASE_REQUEST:
        return &times->wait_ns;
    case PHASE_ANSWER:
        return transfer->response.status != 0 ? &times->transfer_ns
                                              : &times->wait_ns;
    }
    return &times->wait_ns;
}

// The one completion; `outcome` is set in the response
static void
complete(struct dm_http_transfer *transfer)
{
    struct dm_http_response *response = &transfer->response;
    end_phase(transfer, time_of_phase(transfer));
    response->times.total_ns = dm_sim_op_elapsed_ns(&transfer->op);
    response->body = dm_buf_str(&transfer->body);
    response->peer = transfer->exchange.endpoint;
    response->has_peer = true;
    response->is_tls = transfer->is_https;
    if (response->status != 0) {
        response->version = 11;
        response->headers = transfer->headers;
        response->n_headers = transfer->n_headers;
    }
    if (transfer->call) {
        dm_sim_server_left(transfer->call, false);
        transfer->call = NULL;
    }
    dm_sim_op_leave(&transfer->op);
    transfer->done(transfer->context, response);
    transfer_free(&transfer->op);
}

static void
fail(struct dm_http_transfer *transfer, enum dm_net_failure failure,
     const char *what)
{
    char place[DM_ENDPOINT_SIZE];
    format_place(transfer, place);
    dm_net_outcome_set(&transfer->response.outcome, failure, "%s: %s", place,
                       what);
    complete(transfer);
}

static void
fail_to_connect(struct dm_http_transfer *transfer, const char *why)
{
    char place[DM_ENDPOINT_SIZE];
    format_place(transfer, place);
    dm_net_outcome_set(&transfer->response.outcome, DM_NET_CONNECTION,
                       "connect to %s: %s", place, why);
    complete(transfer);
}

static void
transfer_expire(struct dm_sim_op *op)
{
    struct dm_http_transfer *transfer = (struct dm_http_transfer *)op;
    const char *what = "the answer is not complete";
    if (transfer->phase == PHASE_CONNECT) {
        what = "no connection";
    } else if (transfer->phase == PHASE_SECURE) {
        what = "no end of the TLS handshake";
    } else if (transfer->response.status == 0) {
        what = "no answer";
    }
    char place[DM_ENDPOINT_SIZE];
    format_place(transfer, place);
    dm_net_outcome_set(&transfer->response.outcome, DM_NET_TIMED_OUT,
                       "%s: %s after %.3g s", place, what,
                       (double)transfer->exchange.timeout_ns / 1e9);
    complete(transfer);
}

// Parts of the answer: the side that sends

static void
break_off(struct dm_http_transfer *to)
{
    to->is_cut = true;
    dm_sim_op_ready(&to->op);
}

// Send a part that leaves `after_ns` from now and does not overtake another
static void
send_part(struct dm_http_transfer *to, enum part_kind kind, struct dm_str bytes,
          int64_t after_ns)
{
    struct part *part = dm_malloc(sizeof(*part) + bytes.n);
    if (!part) {
        break_off(to);
        return;
    }
    const int64_t now_ns = dm_sim_world_now_ns(to->op.net->world);
    int64_t at_ns = now_ns + after_ns + dm_sim_latency_ns(to->op.net, to->link);
    if (to->last && to->last->at_ns > at_ns) {
        at_ns = to->last->at_ns;
    }
    *part = (struct part){.at_ns = at_ns, .kind = kind, .n = bytes.n};
    if (bytes.n > 0) {
        memcpy(part->bytes, bytes.data, bytes.n);
    }
    to->unsent += bytes.n;
    if (to->last) {
        to->last->next = part;
    } else {
        to->first = part;
        dm_sim_op_after(&to->op, at_ns - now_ns);
    }
    to->last = part;
}

static bool
keep_headers(struct dm_http_transfer *to, const struct dm_http_header *headers,
             size_t n)
{
    to->header_bytes = STATUS_LINE_BYTES;
    to->headers = dm_arena_alloc(&to->arena, n > 0 ? n : 1, sizeof(*headers));
    if (!to->headers) {
        return false;
    }
    for (size_t i = 0; i < n; ++i) {
        to->headers[i].name = dm_arena_copy(&to->arena, headers[i].name);
        to->headers[i].value = dm_arena_copy(&to->arena, headers[i].value);
        if (!to->headers[i].name.data || !to->headers[i].value.data) {
            return false;
        }
        to->header_bytes +=
            headers[i].name.n + headers[i].value.n + FIELD_BYTES;
    }
    to->n_headers = n;
    return true;
}

void
dm_sim_transfer_head(struct dm_http_transfer *to, unsigned status,
                     const struct dm_http_header *headers, size_t n)
{
    to->status = status;
    if (!keep_headers(to, headers, n)) {
        break_off(to);
        return;
    }
    send_part(to, PART_HEAD, dm_str(""), 0);
}

void
dm_sim_transfer_body(struct dm_http_transfer *to, struct dm_str bytes)
{
    if (bytes.n > 0 && !dm_str_is(to->exchange.method, "HEAD")) {
        send_part(to, PART_BODY, bytes, 0);
    }
}

void
dm_sim_transfer_close(struct dm_http_transfer *to, bool is_complete)
{
    send_part(to, is_complete ? PART_END : PART_CUT, dm_str(""), 0);
}

void
dm_sim_transfer_orphan(struct dm_http_transfer *to, bool is_reset)
{
    to->call = NULL;
    if (is_reset) {
        send_part(to, PART_CUT, dm_str(""), 0);
    }
}

size_t
dm_sim_transfer_unsent(const struct dm_http_transfer *to)
{
    return to->unsent;
}

// Parts of the answer: the side that receives

static bool
is_header_too_large(const struct dm_http_transfer *transfer)
{
    return transfer->header_bytes > DM_HTTP_HEADER_BYTES_MAX ||
           transfer->n_headers > DM_HTTP_HEADERS_MAX;
}

static void
take_head(struct dm_http_transfer *transfer)
{
    end_phase(transfer, &transfer->response.times.wait_ns);
    if (is_header_too_large(transfer)) {
        dm_net_outcome_set(&transfer->response.outcome, DM_NET_TOO_LARGE,
                           "the header of the answer is too large");
        complete(transfer);
        return;
    }
    transfer->response.status = transfer->status;
}

// @return Whether the exchange goes on.
static bool
take_body(struct dm_http_transfer *transfer, struct dm_str bytes)
{
    const struct dm_http_exchange *exchange = &transfer->exchange;
    struct dm_http_response *response = &transfer->response;
    response->body_bytes += bytes.n;
    if (exchange->on_data) {
        if (exchange->on_data(exchange->context, response->status, bytes)) {
            return true;
        }
        dm_net_outcome_set(&response->outcome, DM_NET_CANCELLED,
                           "given up by the reader");
        complete(transfer);
        return false;
    }
    const size_t room = exchange->max_body - transfer->body.n;
    const struct dm_str kept = dm_str_slice(bytes, 0, room);
    if (dm_buf_put_str(&transfer->body, kept) != DM_OK) {
        dm_net_outcome_set(&response->outcome, DM_NET_LOCAL, "out of memory");
        complete(transfer);
        return false;
    }
    if (bytes.n > room) {
        response->is_body_cut = true;
        complete(transfer);
        return false;
    }
    return true;
}

static void
take_cut(struct dm_http_transfer *transfer)
{
    fail(transfer, DM_NET_CONNECTION,
         transfer->response.status == 0 ? "closed without an answer"
                                        : "closed in the middle of the answer");
}

// Let the next part come when it is due
static void
await_part(struct dm_http_transfer *transfer)
{
    struct part *next = transfer->first;
    if (next) {
        const int64_t now_ns = dm_sim_world_now_ns(transfer->op.net->world);
        dm_sim_op_after(&transfer->op,
                        next->at_ns > now_ns ? next->at_ns - now_ns : 0);
    }
}

static void
take_part(struct dm_http_transfer *transfer)
{
    struct part *part = transfer->first;
    if (!part) {
        return;
    }
    transfer->first = part->next;
    if (!transfer->first) {
        transfer->last = NULL;
    }
    transfer->unsent -= part->n;
    bool goes_on = true;
    switch (part->kind) {
    case PART_HEAD:
        goes_on = !is_header_too_large(transfer);
        take_head(transfer);
        break;
    case PART_BODY:
        goes_on = take_body(transfer, dm_str_n(part->bytes, part->n));
        break;
    case PART_END:
        goes_on = false;
        if (transfer->call) {
            dm_sim_server_finished(transfer->call);
            transfer->call = NULL;
        }
        complete(transfer);
        break;
    case PART_CUT:
        goes_on = false;
        take_cut(transfer);
        break;
    }
    dm_free(part);
    if (goes_on) {
        if (transfer->call) {
            dm_sim_server_drained(transfer->call);
        }
        await_part(transfer);
    }
}

// TLS, in a step of the loop

static void
secure(struct dm_http_transfer *transfer)
{
    const struct dm_http_exchange *exchange = &transfer->exchange;
    const struct dm_sim_tls *tls = &transfer->tls;
    char place[DM_ENDPOINT_SIZE];
    format_place(transfer, place);
    struct dm_net_outcome *outcome = &transfer->response.outcome;
    if (tls->verdict == DM_NET_TLS) {
        dm_net_outcome_set(outcome, DM_NET_TLS, "TLS with %s: %s", place,
                           tls->reason);
        complete(transfer);
        return;
    }
    transfer->response.certificate = tls->certificate;
    if (exchange->accept_key) {
        if (!exchange->accept_key(exchange->context,
                                  tls->certificate.key_hash)) {
            dm_net_outcome_set(outcome, DM_NET_CERTIFICATE,
                               "certificate of %s refused: its key is not "
                               "the pinned one",
                               place);
            complete(transfer);
            return;
        }
    } else if (tls->verdict != DM_NET_OK && !exchange->tls.is_insecure) {
        dm_net_outcome_set(outcome, DM_NET_CERTIFICATE,
                           "certificate of %s refused: %s", place, tls->reason);
        complete(transfer);
        return;
    }
    end_phase(transfer, &transfer->response.times.tls_ns);
    transfer->phase = PHASE_REQUEST;
    dm_sim_op_after(&transfer->op,
                    dm_sim_latency_ns(transfer->op.net, transfer->link));
}

static void
transfer_run(struct dm_sim_op *op)
{
    struct dm_http_transfer *transfer = (struct dm_http_transfer *)op;
    if (transfer->is_cut) {
        take_cut(transfer);
        return;
    }
    switch (transfer->phase) {
    case PHASE_CONNECT: {
        // What arrives in this phase and needs a step is a no
        const struct dm_sim_place place =
            dm_sim_network_find(op->net, &transfer->exchange.endpoint);
        fail_to_connect(transfer, place.reach == DM_SIM_REACH_UNREACHABLE
                                      ? "unreachable"
                                      : "refused");
        break;
    }
    case PHASE_SECURE:
        secure(transfer);
        break;
    case PHASE_REQUEST: // The service closed the connection
        take_cut(transfer);
        break;
    case PHASE_ANSWER:
        take_part(transfer);
        break;
    }
}

// Arrivals, in the world

// NULL: what is there does not speak TLS
static const struct dm_sim_tls *
tls_of(const struct dm_sim_place *place)
{
    if (place->server) {
        return dm_sim_server_tls(place->server);
    }
    return place->service && place->service->is_tls ? &place->service->tls
                                                    : NULL;
}

static void
arrive_at_host(struct dm_http_transfer *transfer)
{
    struct dm_sim_net *net = transfer->op.net;
    const struct dm_sim_place place =
        dm_sim_network_find(net, &transfer->exchange.endpoint);
    if (place.reach == DM_SIM_REACH_SILENT) {
        return; // Until the time is over
    }
    if (place.reach != DM_SIM_REACH_UP) {
        dm_sim_op_ready(&transfer->op);
        return;
    }
    transfer->link = place.link;
    transfer->way = place.way;
    end_phase(transfer, &transfer->response.times.connect_ns);
    int64_t wait_ns = dm_sim_latency_ns(net, place.link);
    transfer->phase = PHASE_REQUEST;
    if (transfer->is_https) {
        transfer->phase = PHASE_SECURE;
        wait_ns += dm_sim_latency_ns(net, place.link); // There and back
        transfer->tls = (struct dm_sim_tls){
            .verdict = DM_NET_TLS,
            .reason = "the other side does not speak it",
        };
        const struct dm_sim_tls *shown = tls_of(&place);
        if (shown) {
            transfer->tls = *shown;
        }
    }
    dm_sim_op_after(&transfer->op, wait_ns);
}

static void
send_body(struct dm_http_transfer *to, struct dm_str body, int64_t delay_ns,
          uint64_t bytes_per_second)
{
    struct dm_sim_random *random = &to->op.net->random;
    size_t done = 0;
    size_t n_pieces = 0;
    while (done < body.n) {
        const size_t rest = body.n - done;
        size_t n = rest;
        if (bytes_per_second > 0) {
            n = rest < SLOW_PIECE_BYTES ? rest : SLOW_PIECE_BYTES;
        } else if (++n_pieces < PIECES) {
            n = 1 + (size_t)dm_sim_random_below(random, rest);
        }
        done += n;
        const int64_t sending_ns =
            bytes_per_second > 0
                ? (int64_t)((double)done * 1e9 / (double)bytes_per_second)
                : 0;
        send_part(to, PART_BODY, dm_str_slice(body, done - n, n),
                  delay_ns + sending_ns);
    }
}

static void
send_answer(struct dm_http_transfer *to, struct dm_sim_response *response)
{
    if (response->status == 0) {
        return; // Never
    }
    to->status = response->status;
    if (!keep_headers(to, response->headers, response->n_headers)) {
        break_off(to);
        return;
    }
    const int64_t delay_ns = response->delay_ns;
    struct dm_str body = dm_buf_str(&response->body);
    if (dm_str_is(to->exchange.method, "HEAD")) {
        body.n = 0;
    }
    const bool is_cut = response->cut_after < to->header_bytes + body.n;
    if (response->cut_after >= to->header_bytes) {
        send_part(to, PART_HEAD, dm_str(""), delay_ns);
        send_body(to,
                  dm_str_slice(body, 0, response->cut_after - to->header_bytes),
                  delay_ns, response->bytes_per_second);
    }
    send_part(to, is_cut ? PART_CUT : PART_END, dm_str(""), delay_ns);
}

static void
ask_service(struct dm_http_transfer *transfer,
            const struct dm_sim_service *service,
            const struct dm_sim_request *request)
{
    if (service->is_tls != transfer->is_https || !service->serve) {
        break_off(transfer);
        return;
    }
    struct dm_sim_response response = {.status = 200, .cut_after = SIZE_MAX};
    dm_buf_init(&response.body, DM_SIM_ANSWER_MAX);
    service->serve(service->context, request, &response);
    if (response.body.status == DM_OK) {
        send_answer(transfer, &response);
    } else {
        break_off(transfer);
    }
    dm_buf_done(&response.body);
}

static void
arrive_at_service(struct dm_http_transfer *transfer)
{
    struct dm_sim_net *net = transfer->op.net;
    const struct dm_http_exchange *exchange = &transfer->exchange;
    const struct dm_sim_place place =
        dm_sim_network_find(net, &exchange->endpoint);
    const struct dm_sim_request request = {
        .method = exchange->method,
        .target = transfer->target,
        .headers = exchange->headers,
        .n_headers = exchange->n_headers,
        .body = exchange->body,
        .from = net->options.machine,
    };
    transfer->phase = PHASE_ANSWER;
    if (place.reach == DM_SIM_REACH_SILENT ||
        place.reach == DM_SIM_REACH_UNREACHABLE) {
        return; // Lost on its way
    }
    dm_sim_world_note(net->world, DM_SIM_NOTE_NETWORK, transfer->target.n,
                      exchange->body.n);
    if (place.service) {
        ask_service(transfer, place.service, &request);
    } else if (place.server && transfer->is_https == (tls_of(&place) != NULL)) {
        transfer->call =
            dm_sim_server_accept(place.server, transfer, net, &request);
    }
    if (!transfer->call && !place.service) {
        break_off(transfer); // Gone since, or it has too many
    }
}

// The connection is reset at any byte of the part that arrives: the rest never
// comes, and the side that answers sees it, too
static void
reset(struct dm_http_transfer *transfer)
{
    struct part *part = transfer->first;
    while (part->next) {
        struct part *next = part->next;
        part->next = next->next;
        transfer->unsent -= next->n;
        dm_free(next);
    }
    transfer->last = part;
    if (part->kind == PART_BODY) {
        const size_t n =
            (size_t)dm_sim_random_below(&transfer->op.net->random, part->n);
        transfer->unsent -= part->n - n;
        part->n = n;
        send_part(transfer, PART_CUT, dm_str(""), 0);
    } else {
        part->kind = PART_CUT;
    }
    if (transfer->call) {
        dm_sim_server_left(transfer->call, false);
        transfer->call = NULL;
    }
}

// Whether a part of the answer has arrived, over whatever is between
static bool
comes_through(struct dm_http_transfer *transfer)
{
    const struct dm_sim_way *way = transfer->way;
    struct dm_sim_random *random = &transfer->op.net->random;
    if (!way || !transfer->first) {
        return true;
    }
    if (way->is_cut || (way->lost_millionth > 0 &&
                        dm_sim_random_chance(random, way->lost_millionth))) {
        dm_sim_op_after(
            &transfer->op,
            dm_sim_random_between(random, RESEND_LEAST_NS, RESEND_MOST_NS));
        return false;
    }
    if (way->reset_millionth > 0 &&
        dm_sim_random_chance(random, way->reset_millionth)) {
        reset(transfer);
    }
    return true;
}

static void
transfer_arrive(struct dm_sim_op *op)
{
    struct dm_http_transfer *transfer = (struct dm_http_transfer *)op;
    switch (transfer->phase) {
    case PHASE_CONNECT:
        arrive_at_host(transfer);
        break;
    case PHASE_REQUEST:
        arrive_at_service(transfer);
        break;
    case PHASE_SECURE:
        dm_sim_op_ready(op);
        break;
    case PHASE_ANSWER:
        if (comes_through(transfer)) {
            dm_sim_op_ready(op);
        }
        break;
    }
}

static void
transfer_cut(struct dm_sim_op *op, bool is_reset)
{
    struct dm_http_transfer *transfer = (struct dm_http_transfer *)op;
    if (transfer->call) {
        dm_sim_server_left(transfer->call, !is_reset);
        transfer->call = NULL;
    }
}

static const struct dm_sim_op_kind transfer_kind = {
    .arrive = transfer_arrive,
    .run = transfer_run,
    .expire = transfer_expire,
    .free = transfer_free,
    .cut = transfer_cut,
};

// Starting

static bool
copy_text(struct dm_arena *arena, struct dm_str *text)
{
    *text = dm_arena_copy(arena, *text);
    return text->data != NULL;
}

// Let the exchange look at copies, with the headers that a client adds by
// itself
static bool
copy_exchange(struct dm_http_transfer *transfer)
{
    struct dm_arena *arena = &transfer->arena;
    struct dm_http_exchange *exchange = &transfer->exchange;
    const size_t n = exchange->n_headers;
    struct dm_http_header *headers =
        dm_arena_alloc(arena, n + OWN_HEADERS, sizeof(*headers));
    bool is_good = headers && copy_text(arena, &exchange->method) &&
                   copy_text(arena, &exchange->url) &&
                   copy_text(arena, &exchange->body);
    for (size_t i = 0; is_good && i < n; ++i) {
        headers[i] = exchange->headers[i];
        is_good = copy_text(arena, &headers[i].name) &&
                  copy_text(arena, &headers[i].value);
    }
    exchange->headers = headers;
    transfer->request_headers = headers;
    return is_good;
}

// @return Whether there was room.
static bool
add_header(struct dm_http_transfer *transfer, const char *name,
           struct dm_str value)
{
    struct dm_http_exchange *exchange = &transfer->exchange;
    if (dm_http_header_get(exchange->headers, exchange->n_headers, name).data) {
        return true;
    }
    struct dm_http_header *header =
        &transfer->request_headers[exchange->n_headers++];
    header->name = dm_str(name);
    header->value = value;
    return copy_text(&transfer->arena, &header->value);
}

// Scheme, target and Host, out of the URL
static bool
read_url(struct dm_http_transfer *transfer)
{
    struct dm_url url;
    if (dm_url_parse(transfer->exchange.url, &url, NULL) != DM_OK) {
        return false;
    }
    transfer->is_https = url.is_https;
    transfer->target = url.path.n > 0 ? url.path : dm_str("/");
    if (url.query.n > 0 && url.path.n > 0) {
        // They stand behind each other in the URL, with '?' between
        transfer->target.n += 1 + url.query.n;
    }
    struct dm_buf host;
    dm_buf_init(&host, DM_URL_MAX);
    (void)dm_url_format_host(&url, &host);
    char length[NUMBER_SIZE];
    (void)snprintf(length, sizeof(length), "%zu", transfer->exchange.body.n);
    bool is_good =
        host.status == DM_OK && add_header(transfer, "Host", dm_buf_str(&host));
    if (transfer->exchange.body.n > 0) {
        is_good =
            is_good && add_header(transfer, "Content-Length", dm_str(length));
    }
    dm_buf_done(&host);
    return is_good;
}

static enum dm_status
transfer_start(void *self, const struct dm_http_exchange *exchange,
               dm_http_done_fn done, void *context,
               struct dm_http_transfer **ret)
{
    struct dm_sim_net *net = self;
    enum dm_status status = DM_OK;
    struct dm_http_transfer *transfer =
        (struct dm_http_transfer *)dm_sim_op_begin(net, sizeof(*transfer),
                                                   &transfer_kind, &status);
    if (!transfer) {
        return status;
    }
    dm_arena_init(&transfer->arena, ARENA_MAX, NULL);
    dm_buf_init(&transfer->body, exchange->max_body);
    transfer->exchange = *exchange;
    transfer->done = done;
    transfer->context = context;
    transfer->phase_start_ns = transfer->op.start_ns;
    if (!copy_exchange(transfer)) {
        dm_sim_op_end(&transfer->op);
        return DM_ERR_NO_MEMORY;
    }
    const struct dm_sim_place place =
        dm_sim_network_find(net, &exchange->endpoint);
    if (read_url(transfer)) {
        dm_sim_op_after(&transfer->op, dm_sim_latency_ns(net, place.link) +
                                           dm_sim_latency_ns(net, place.link));
    } else {
        break_off(transfer);
    }
    dm_sim_op_limit(&transfer->op, exchange->timeout_ns);
    *ret = transfer;
    return DM_OK;
}

static void
transfer_cancel(void *self, struct dm_http_transfer *transfer)
{
    (void)self;
    if (transfer->call) {
        dm_sim_server_left(transfer->call, false);
        transfer->call = NULL;
    }
    dm_sim_op_end(&transfer->op);
}

const struct dm_http_transport_ops dm_sim_transport_ops = {
    .start = transfer_start,
    .cancel = transfer_cancel,
};
