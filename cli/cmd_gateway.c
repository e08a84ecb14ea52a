// SPDX-License-Identifier: ISC

// gateway: hands out the blocks of CAR files and IPNS records by the routes of
// a trustless gateway, until SIGTERM or SIGINT. It has no daemon and no store,
// and takes nothing in.

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/commands.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/real.h"
#include "net/url.h"
#include "sync/record.h"
#include "sync/shelf.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_LISTEN "127.0.0.1:3224"
#define BLOCKS_MAX (64U << 20U)
#define FILE_MAX_BYTES ((size_t)16 << 30U)
#define WAIT_NS INT64_C(3600000000000)
#define NS_PER_S INT64_C(1000000000)
#define PIECE_MAX (DM_GATEWAY_PIECE + DM_GATEWAY_BLOCK_MAX + 4096U)
#define CONNECTIONS_MAX 256U
#define PER_ADDRESS_MAX 64U
#define IDLE_NS (60 * NS_PER_S)

struct serving {
    struct dm_cli *cli;
    struct dm_shelf *shelf;
    const char *listen;
    struct dm_buf *files; // What the shelf looks into
    size_t n_files;
    size_t capacity;
};

// ------------------------------------------------------------------- answers

// A body on its way: `piece` is what the connection did not take yet
struct sending {
    struct dm_gateway *gateway;
    struct dm_buf piece;
    bool is_last;
};

static void
free_sending(struct sending *sending)
{
    if (sending) {
        dm_gateway_free(sending->gateway);
        dm_buf_done(&sending->piece);
        dm_free(sending);
    }
}

static void
answer_text(struct dm_http_call *call, unsigned status, const char *text)
{
    const struct dm_http_header headers[] = {
        {.name = DM_STR("Content-Type"),
         .value = DM_STR("text/plain; charset=utf-8")},
        {.name = DM_STR("Allow"), .value = DM_STR("GET, HEAD")},
    };
    struct dm_buf body;
    dm_buf_init(&body, 1024);
    (void)dm_buf_printf(&body, "%s\n", text);
    const size_t n = body.n;
    char *const bytes = dm_buf_take(&body, NULL);
    (void)dm_http_answer(call, status, headers, status == 405 ? 2 : 1, bytes,
                         bytes ? n : 0);
}

// Write until the connection takes no more
static void
pump(struct dm_http_call *call, struct sending *sending)
{
    for (;;) {
        if (sending->piece.n) {
            const enum dm_status status =
                dm_http_write(call, dm_buf_str(&sending->piece));
            if (status == DM_AGAIN) {
                return;
            }
            if (status) {
                dm_http_abort(call);
                return;
            }
            dm_buf_clear(&sending->piece);
        }
        if (sending->is_last) {
            dm_http_end(call);
            return;
        }
        const enum dm_status status =
            dm_gateway_next(sending->gateway, &sending->piece);
        if (status && status != DM_END) {
            dm_http_abort(call); // A block is missing: the client is to see it
            return;
        }
        sending->is_last = status == DM_END;
    }
}

// The whole body at once, where its length is known
static void
answer_whole(struct dm_http_call *call, struct dm_gateway *gateway,
             const struct dm_http_header *headers, size_t n)
{
    struct dm_buf body;
    dm_buf_init(&body, PIECE_MAX);
    enum dm_status status = DM_OK;
    while (!status) {
        status = dm_gateway_next(gateway, &body);
    }
    if (status != DM_END) {
        dm_buf_done(&body);
        dm_http_abort(call);
        return;
    }
    const size_t n_body = body.n;
    char *bytes = dm_buf_take(&body, NULL);
    if (!n_body) {
        dm_free(bytes);
        bytes = NULL;
    }
    (void)dm_http_answer(call, dm_gateway_head(gateway)->status, headers, n,
                         bytes, n_body);
}

static void
answer(struct dm_http_call *call, struct sending *sending)
{
    const struct dm_gateway_head *const head =
        dm_gateway_head(sending->gateway);
    struct dm_http_header headers[DM_GATEWAY_HEADERS_MAX];
    if (head->problem[0]) {
        answer_text(call, head->status, head->problem);
        return;
    }
    for (size_t i = 0; i < head->n_headers; ++i) {
        headers[i].name = dm_str(head->headers[i].name);
        headers[i].value = dm_str(head->headers[i].value);
    }
    if (head->has_length || head->status != 200) {
        answer_whole(call, sending->gateway, headers, head->n_headers);
    } else if (!dm_http_stream(call, head->status, headers, head->n_headers)) {
        pump(call, sending);
    }
}

// ------------------------------------------------------------------ requests

static size_t
max_body(void *context, const struct dm_http_incoming *incoming)
{
    (void)context;
    (void)incoming;
    return 0;
}

static struct dm_str
get_header(const struct dm_http_incoming *incoming, const char *name)
{
    return dm_http_header_get(incoming->headers, incoming->n_headers, name);
}

static void
on_request(void *context, struct dm_http_call *call)
{
    const struct serving *const serving = context;
    const struct dm_http_incoming *const incoming = &call->incoming;
    if (!dm_str_is(incoming->method, "GET") &&
        !dm_str_is(incoming->method, "HEAD")) {
        answer_text(call, 405, "only GET and HEAD");
        return;
    }
    const struct dm_gateway_request request = {
        .path = incoming->path,
        .query = incoming->query,
        .accept = get_header(incoming, "Accept"),
        .if_none_match = get_header(incoming, "If-None-Match"),
        .range = get_header(incoming, "Range"),
        .cache_control = get_header(incoming, "Cache-Control"),
    };
    const struct dm_gateway_source source = dm_shelf_source(serving->shelf);
    struct sending *const sending = dm_calloc(1, sizeof(*sending));
    if (!sending || dm_gateway_new(&request, &source, &sending->gateway)) {
        dm_free(sending);
        answer_text(call, 503, "out of memory");
        return;
    }
    dm_buf_init(&sending->piece, PIECE_MAX);
    call->user = sending;
    answer(call, sending);
}

static void
on_writable(void *context, struct dm_http_call *call)
{
    (void)context;
    pump(call, call->user);
}

static void
on_closed(void *context, struct dm_http_call *call, bool is_complete)
{
    (void)context;
    (void)is_complete;
    free_sending(call->user);
    call->user = NULL;
}

// ------------------------------------------------------------------- signals

// Outside a context, since a handler gets none
static struct dm_waker stop_waker;

static void
on_signal(int number)
{
    (void)number;
    dm_waker_wake(&stop_waker);
}

static void
on_stop(void *context)
{
    dm_loop_end(context);
}

static void
set_handlers(void (*handler)(int))
{
    static const int numbers[] = {SIGTERM, SIGINT};
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < DM_COUNT_OF(numbers); ++i) {
        (void)sigaction(numbers[i], &action, NULL);
    }
}

// -------------------------------------------------------------------- server

static int
complain(const struct dm_error *error)
{
    dm_complain("%s", error->what);
    return DM_EXIT_FAULT;
}

// The endpoint that HOST:PORT says; HOST is an address
static bool
read_endpoint(const char *text, struct dm_endpoint *ret)
{
    struct dm_target target;
    struct dm_address address;
    if (dm_target_parse(dm_str(text), 0, &target, NULL) || target.is_unix) {
        return false;
    }
    const bool is_local = dm_str_is(target.host, "localhost");
    if (!dm_address_parse(is_local ? dm_str("127.0.0.1") : target.host,
                          &address)) {
        return false;
    }
    *ret = dm_endpoint_ip(&address, target.port);
    return true;
}

static int
serve_on(struct serving *serving, const struct dm_net *net,
         const struct dm_endpoint *endpoint)
{
    const struct dm_http_listen listen = {
        .endpoint = *endpoint,
        .max_connections = CONNECTIONS_MAX,
        .max_per_address = PER_ADDRESS_MAX,
        .max_stream_bytes = (size_t)2 * PIECE_MAX,
        .idle_timeout_ns = IDLE_NS,
    };
    const struct dm_http_handler handler = {.max_body = max_body,
                                            .on_request = on_request,
                                            .on_writable = on_writable,
                                            .on_closed = on_closed,
                                            .context = serving};
    struct dm_http_server *server = NULL;
    struct dm_error error = {0};
    if (dm_http_servers_listen(net->servers, &listen, &handler, &server,
                               &error)) {
        return complain(&error);
    }
    struct dm_endpoint at;
    char text[DM_ENDPOINT_SIZE];
    dm_http_servers_endpoint(net->servers, server, &at);
    dm_endpoint_format(&at, text);
    dm_waker_init(&stop_waker, net->loop, on_stop, net->loop);
    set_handlers(on_signal);
    (void)printf("serving %zu blocks, %zu records at http://%s\n",
                 dm_shelf_blocks(serving->shelf),
                 dm_shelf_records(serving->shelf), text);
    (void)fflush(stdout);
    int64_t due_ns = 0;
    while (dm_loop_step(net->loop, WAIT_NS, &due_ns) != DM_PROGRESS_ENDED) {
    }
    set_handlers(SIG_IGN);
    dm_waker_done(&stop_waker);
    dm_http_servers_close(net->servers, server);
    return DM_EXIT_DONE;
}

static int
serve(struct serving *serving)
{
    struct dm_endpoint endpoint;
    if (!read_endpoint(serving->listen, &endpoint)) {
        return dm_misuse(serving->cli, "%s is not an address and a port",
                         serving->listen);
    }
    struct dm_real *real = NULL;
    struct dm_error error = {0};
    if (dm_real_new(serving->cli->env, &dm_real_limits_default, &real,
                    &error)) {
        return complain(&error);
    }
    const int code = serve_on(serving, dm_real_net(real), &endpoint);
    dm_real_free(real);
    return code;
}

// --------------------------------------------------------------------- files

// Read a file that lives as long as the shelf
static enum dm_status
read_file(struct serving *serving, const char *path, size_t max,
          struct dm_str *ret)
{
    struct dm_error error = {0};
    struct dm_buf *const files =
        dm_grow(serving->files, &serving->capacity, serving->n_files + 1,
                sizeof(*files), SIZE_MAX / sizeof(*files));
    if (!files) {
        dm_complain("out of memory");
        return DM_ERR_NO_MEMORY;
    }
    serving->files = files;
    struct dm_buf *const file = &files[serving->n_files];
    dm_buf_init(file, max);
    const enum dm_status status =
        dm_env_read(serving->cli->env, path, file, &error);
    if (status) {
        dm_complain("%s: %s", path, dm_status_text(status));
        dm_buf_done(file);
        return status;
    }
    ++serving->n_files;
    *ret = dm_buf_str(file);
    return DM_OK;
}

static int
add_car(struct serving *serving, const char *path)
{
    struct dm_str car;
    struct dm_error error = {0};
    if (read_file(serving, path, FILE_MAX_BYTES, &car)) {
        return DM_EXIT_FAULT;
    }
    if (dm_shelf_add_car(serving->shelf, car, &error)) {
        dm_complain("%s: %s", path, error.what);
        return DM_EXIT_NO;
    }
    return DM_EXIT_DONE;
}

// NAME=FILE. A record that is not good is said and left out: the rest serves.
static int
add_record(struct serving *serving, const char *text)
{
    const char *const equals = strchr(text, '=');
    if (!equals) {
        return dm_misuse(serving->cli, "--record takes NAME=FILE");
    }
    struct dm_str record;
    struct dm_error error = {0};
    if (read_file(serving, equals + 1, DM_RECORD_MAX, &record)) {
        return DM_EXIT_FAULT;
    }
    const struct dm_str name = {text, (size_t)(equals - text)};
    const enum dm_status status =
        dm_shelf_add_record(serving->shelf, name, record, &error);
    if (status == DM_ERR_NO_MEMORY) {
        return complain(&error);
    }
    if (status) {
        dm_complain("%s: left out: %s", equals + 1, error.what);
    }
    return DM_EXIT_DONE;
}

static int
read_words(struct serving *serving, bool *has_files)
{
    struct dm_words words = dm_words_of(serving->cli);
    const char *text = NULL;
    enum dm_word word;
    int code = DM_EXIT_DONE;
    while (!code && (word = dm_words_next(&words, &text)) != DM_WORD_END) {
        if (word == DM_WORD_PLAIN) {
            *has_files = true;
            code = add_car(serving, text);
            continue;
        }
        const bool is_listen = strcmp(text, "--listen") == 0;
        if (!is_listen && strcmp(text, "--record") != 0) {
            return dm_misuse(serving->cli, "gateway has no option %s", text);
        }
        const char *const value = dm_words_value(&words);
        if (!value) {
            return dm_misuse(serving->cli, "%s needs a value",
                             is_listen ? "--listen" : "--record");
        }
        if (is_listen) {
            serving->listen = value;
        } else {
            *has_files = true;
            code = add_record(serving, value);
        }
    }
    return code;
}

int
dm_cmd_gateway(struct dm_cli *cli)
{
    uint64_t hash_seed = 0;
    dm_env_random(cli->env, &hash_seed, sizeof(hash_seed));
    struct serving serving = {.cli = cli, .listen = DEFAULT_LISTEN};
    serving.shelf = dm_shelf_new(BLOCKS_MAX, hash_seed);
    if (!serving.shelf) {
        dm_complain("out of memory");
        return DM_EXIT_FAULT;
    }
    bool has_files = false;
    int code = read_words(&serving, &has_files);
    if (!code && !has_files) {
        code = dm_misuse(cli, "gateway serves files: name some");
    }
    if (!code && dm_shelf_skipped(serving.shelf)) {
        dm_complain("%zu blocks are left out: too long, or of an unknown hash",
                    dm_shelf_skipped(serving.shelf));
    }
    if (!code) {
        code = serve(&serving);
    }
    dm_shelf_free(serving.shelf);
    for (size_t i = 0; i < serving.n_files; ++i) {
        dm_buf_done(&serving.files[i]);
    }
    dm_free(serving.files);
    return code;
}
