// SPDX-License-Identifier: ISC

#include "daemon/http.h"

#include "alert/present.h"
#include "base/alloc.h"
#include "base/time.h"
#include "daemon/node_private.h"
#include "daemon/tokens.h"
#include "net/url.h"

#include <assert.h>
#include <string.h>

#define PROBLEM_MAX 8192U
#define REPLY_DEADLINE_NS (INT64_C(30) * DM_NS_PER_SECOND)
#define REPLY_MEMORY (64U << 20U)
#define ALL_SCOPES                                                             \
    ((unsigned)DM_SCOPE_READ | (unsigned)DM_SCOPE_WRITE |                      \
     (unsigned)DM_SCOPE_PING | DM_SCOPE_SOCKET | DM_SCOPE_PEER)

// -------------------------------------------------------------------- answers

static void
answer(const struct dm_request *request, unsigned status,
       const struct dm_http_header *headers, size_t n_headers, char *body,
       size_t n)
{
    if (dm_http_answer(request->call, status, headers, n_headers, body, n)) {
        return; // Out of memory: the connection is cut, on_closed comes
    }
}

void
dm_reply(const struct dm_request *request, unsigned status,
         const char *content_type, struct dm_str body)
{
    DM_ON_LOOP();
    const struct dm_http_header headers[] = {
        {DM_STR("Content-Type"), dm_str(content_type)},
        {DM_STR("Cache-Control"), DM_STR("no-store")},
    };
    char *copy = body.n ? dm_strndup(body.data, body.n) : NULL;
    if (body.n && !copy) {
        dm_http_abort(request->call);
        return;
    }
    answer(request, status, headers, DM_COUNT_OF(headers), copy, body.n);
}

void
dm_reply_empty(const struct dm_request *request, unsigned status)
{
    static const struct dm_http_header headers[] = {
        {DM_STR("Cache-Control"), DM_STR("no-store")},
    };
    DM_ON_LOOP();
    answer(request, status, headers, DM_COUNT_OF(headers), NULL, 0);
}

static void
put_json_text(struct dm_buf *buf, const char *text)
{
    (void)dm_buf_putc(buf, '"');
    for (const char *c = text; *c; ++c) {
        if (*c == '"' || *c == '\\') {
            (void)dm_buf_putc(buf, '\\');
            (void)dm_buf_putc(buf, *c);
        } else if ((unsigned char)*c < 0x20) {
            (void)dm_buf_printf(buf, "\\u%04x", (unsigned char)*c);
        } else {
            (void)dm_buf_putc(buf, *c);
        }
    }
    (void)dm_buf_putc(buf, '"');
}

static void
put_problem_json(struct dm_buf *buf, unsigned status, const char *title,
                 const struct dm_error *error)
{
    (void)dm_buf_printf(buf, "{\"type\":\"about:blank\",\"title\":");
    put_json_text(buf, title);
    (void)dm_buf_printf(buf, ",\"status\":%u", status);
    if (error && error->what[0]) {
        struct dm_buf text;
        struct dm_error plain = *error;
        plain.where[0] = '\0';
        plain.line = 0;
        dm_buf_init(&text, PROBLEM_MAX);
        dm_error_print(&plain, &text);
        static const struct dm_str prefix = DM_STR("error: ");
        const char *detail = dm_buf_cstr(&text);
        if (dm_str_starts(dm_buf_str(&text), prefix)) {
            detail += prefix.n;
        }
        (void)dm_buf_puts(buf, ",\"detail\":");
        put_json_text(buf, detail);
        dm_buf_done(&text);
    }
    if (error && error->line) {
        (void)dm_buf_printf(buf, ",\"line\":%u,\"column\":%u", error->line,
                            error->column);
    }
    (void)dm_buf_puts(buf, "}\n");
}

static void
put_problem_text(struct dm_buf *buf, const char *title,
                 const struct dm_error *error)
{
    if (error && error->what[0]) {
        dm_error_print(error, buf);
    } else {
        (void)dm_buf_puts(buf, title);
    }
    (void)dm_buf_putc(buf, '\n');
}

void
dm_reply_problem(const struct dm_request *request, unsigned status,
                 const char *title, const struct dm_error *error)
{
    DM_ON_LOOP();
    static const char *const types[] = {"application/problem+json",
                                        "application/json", "text/plain"};
    const bool as_text = dm_request_accepts(request, types, 3) == 2;
    struct dm_buf buf;
    dm_buf_init(&buf, PROBLEM_MAX);
    if (as_text) {
        put_problem_text(&buf, title, error);
    } else {
        put_problem_json(&buf, status, title, error);
    }

    struct dm_http_header headers[3] = {
        {DM_STR("Content-Type"), dm_str(as_text ? "text/plain; charset=utf-8"
                                                : "application/problem+json")},
        {DM_STR("Cache-Control"), DM_STR("no-store")},
    };
    size_t n_headers = 2;
    if (status == 429 || status == 503) {
        static const struct dm_http_header retry = {DM_STR("Retry-After"),
                                                    DM_STR("2")};
        headers[n_headers++] = retry;
    } else if (status == 401) {
        static const struct dm_http_header bearer = {DM_STR("WWW-Authenticate"),
                                                     DM_STR("Bearer")};
        headers[n_headers++] = bearer;
    }
    size_t n = 0;
    char *body = dm_buf_take(&buf, &n);
    answer(request, status, headers, n_headers, body, n);
    dm_buf_done(&buf);
}

// ------------------------------------------------------------------- requests

static struct dm_str
header_of(const struct dm_http_call *call, const char *name)
{
    return dm_http_header_get(call->incoming.headers, call->incoming.n_headers,
                              name);
}

enum dm_status
dm_request_param(const struct dm_request *request, const char *name,
                 struct dm_buf *buf)
{
    const struct dm_http_incoming *incoming = &request->call->incoming;
    enum dm_status status = dm_form_get(incoming->query, name, buf);
    if (status == DM_ERR_NOT_FOUND &&
        dm_http_type_is(header_of(request->call, "Content-Type"),
                        "application/x-www-form-urlencoded")) {
        status = dm_form_get(incoming->body, name, buf);
    }
    return status;
}

// How much `accept`, one range of the header with its parameters, likes `type`:
// 0 to 1000
static unsigned
quality_of(struct dm_str range, struct dm_str type)
{
    const size_t end = dm_str_find(range, dm_str(";"));
    const struct dm_str name = dm_str_trim(dm_str_slice(range, 0, end));
    const struct dm_str parameters = dm_str_slice(range, end, range.n);
    const size_t slash = dm_str_find(type, dm_str("/"));
    const bool all = dm_str_is(name, "*/*");
    const bool family = dm_str_ends(name, dm_str("/*")) &&
                        dm_str_equal_nocase(dm_str_slice(name, 0, name.n - 2),
                                            dm_str_slice(type, 0, slash));
    if (!all && !family && !dm_str_equal_nocase(name, type)) {
        return 0;
    }
    const size_t q = dm_str_find(parameters, dm_str("q="));
    if (q + 2 >= parameters.n) {
        return 1000;
    }
    const struct dm_str value = dm_str_slice(parameters, q + 2, 5);
    if (value.data[0] == '1') {
        return 1000;
    }
    unsigned quality = 0;
    unsigned unit = 100;
    for (size_t i = 2;
         i < value.n && value.data[i] >= '0' && value.data[i] <= '9' && unit;
         ++i) {
        quality += (unsigned)(value.data[i] - '0') * unit;
        unit /= 10;
    }
    return quality;
}

size_t
dm_request_accepts(const struct dm_request *request, const char *const *types,
                   size_t n)
{
    const struct dm_str accept = header_of(request->call, "Accept");
    if (!accept.n) {
        return 0;
    }
    size_t best = n;
    unsigned best_quality = 0;
    for (size_t i = 0; i < n; ++i) {
        unsigned quality = 0;
        bool is_named = false;
        struct dm_str rest = accept;
        while (rest.n) {
            const size_t end = dm_str_find(rest, dm_str(","));
            const struct dm_str range = dm_str_slice(rest, 0, end);
            rest = dm_str_slice(rest, end + 1, rest.n);
            // A range that names the type outdoes one with a star
            const bool names = dm_str_find(range, dm_str("*")) == range.n;
            const unsigned q = quality_of(range, dm_str(types[i]));
            if (q > quality || (names && q && !is_named)) {
                quality = q;
                is_named = names;
            }
        }
        if (quality > best_quality) {
            best_quality = quality;
            best = i;
        }
    }
    return best;
}

// ------------------------------------------------------------- who may do what

static struct dm_str
host_name_of(struct dm_str authority)
{
    if (authority.n && authority.data[0] == '[') {
        return dm_str_slice(authority, 1,
                            dm_str_find(authority, dm_str("]")) - 1);
    }
    return dm_str_slice(authority, 0, dm_str_find(authority, dm_str(":")));
}

static bool
is_own_host(const struct dm_node *node, struct dm_str authority)
{
    const struct dm_str name = host_name_of(authority);
    struct dm_address address;
    return dm_str_equal_nocase(name, dm_str("localhost")) ||
           dm_str_equal_nocase(name, node->config->node.name) ||
           (dm_address_parse(name, &address) &&
            dm_address_is_loopback(&address));
}

static bool
is_own_origin(const struct dm_node *node, struct dm_str origin)
{
    struct dm_url url;
    return dm_url_parse(origin, &url, NULL) == DM_OK &&
           is_own_host(node, url.host);
}

// Fill in who asks and what it may do
static void
identify(struct dm_request *request)
{
    static const struct dm_str bearer = DM_STR("Bearer ");
    const struct dm_http_call *call = request->call;
    if (call->incoming.peer == DM_HTTP_PEER_SOCKET) {
        request->scopes = ALL_SCOPES;
        return;
    }
    if (call->incoming.peer == DM_HTTP_PEER_LOOPBACK) {
        request->scopes = (unsigned)DM_SCOPE_READ | (unsigned)DM_SCOPE_PING;
    }
    const struct dm_str shown = header_of(call, "Authorization");
    if (dm_str_equal_nocase(dm_str_slice(shown, 0, bearer.n), bearer)) {
        const unsigned scopes = dm_tokens_check(
            request->node->tokens, dm_str_slice(shown, bearer.n, shown.n),
            &request->peer);
        request->is_known = scopes != 0;
        request->scopes |= scopes;
    }
}

// -------------------------------------------------------------------- routing

static const struct dm_route *const route_tables[] = {
    dm_routes_health, dm_routes_ping,    dm_routes_api,    dm_routes_sparql,
    dm_routes_page,   dm_routes_metrics, dm_routes_export, dm_routes_events,
    dm_routes_id,     dm_routes_sync,    dm_routes_log,    dm_routes_blocks,
    dm_routes_ipfs,   dm_routes_peers,
};

static bool
fits(const struct dm_route *route, struct dm_str path)
{
    const struct dm_str own = dm_str(route->path);
    return dm_str_equal(path, own) ||
           (route->is_prefix && dm_str_starts(path, own) &&
            (own.data[own.n - 1] == '/' || path.data[own.n] == '/'));
}

static const struct dm_route *
find_route(struct dm_str path)
{
    for (size_t t = 0; t < DM_COUNT_OF(route_tables); ++t) {
        for (const struct dm_route *route = route_tables[t]; route->path;
             ++route) {
            if (fits(route, path)) {
                return route;
            }
        }
    }
    return NULL;
}

static unsigned
method_of(struct dm_str method)
{
    if (dm_str_is(method, "GET") || dm_str_is(method, "HEAD")) {
        return DM_METHOD_GET;
    }
    return dm_str_is(method, "POST") ? (unsigned)DM_METHOD_POST : 0;
}

static void
refuse_method(const struct dm_request *request, const struct dm_route *route)
{
    const bool get = route->methods & DM_METHOD_GET;
    const bool post = route->methods & DM_METHOD_POST;
    const struct dm_http_header headers[] = {
        {DM_STR("Allow"), dm_str(get && post ? "GET, HEAD, POST"
                                 : get       ? "GET, HEAD"
                                             : "POST")},
    };
    answer(request, 405, headers, 1, NULL, 0);
}

// Whether the request comes from a page or a name that is not ours
static bool
is_foreign(const struct dm_node *node, const struct dm_http_call *call)
{
    if (call->incoming.peer != DM_HTTP_PEER_LOOPBACK) {
        return false;
    }
    const struct dm_str origin = header_of(call, "Origin");
    return !is_own_host(node, header_of(call, "Host")) ||
           (origin.n && !is_own_origin(node, origin));
}

static bool
is_allowed(const struct dm_request *request, const struct dm_route *route)
{
    return !route->scope || (request->scopes & route->scope);
}

static void
refuse_token(const struct dm_request *request)
{
    const bool is_shown = header_of(request->call, "Authorization").n > 0;
    if (request->is_known) {
        dm_reply_problem(request, 403, "the token does not allow this", NULL);
    } else {
        dm_reply_problem(request, 401,
                         is_shown ? "the token is not known here"
                                  : "a token is needed",
                         NULL);
    }
}

static void
dispatch(const struct dm_request *request, const struct dm_route *route)
{
    const struct dm_http_incoming *incoming = &request->call->incoming;
    if (is_foreign(request->node, request->call)) {
        dm_reply_problem(request, 403, "a foreign host or origin", NULL);
    } else if (!route) {
        dm_reply_problem(request, 404, "not found", NULL);
    } else if (!(method_of(incoming->method) & route->methods)) {
        refuse_method(request, route);
    } else if (!is_allowed(request, route)) {
        refuse_token(request);
    } else if (incoming->is_too_large) {
        dm_reply_problem(request, 413, "the body is too large", NULL);
    } else {
        route->handle(request);
    }
}

static size_t
max_body(void *context, const struct dm_http_incoming *incoming)
{
    const struct dm_route *route = find_route(incoming->path);
    struct dm_http_call call = {.incoming = *incoming};
    struct dm_request request = {.node = context, .call = &call};
    identify(&request); // Nobody makes us read what will not be looked at
    return route && is_allowed(&request, route) ? route->max_body : 0;
}

static void
on_request(void *context, struct dm_http_call *call)
{
    struct dm_node *node = context;
    DM_ON_LOOP();
    const struct dm_route *route = find_route(call->incoming.path);
    struct dm_request request = {.node = node, .call = call};
    identify(&request);
    if (request.is_known) { // Else it goes on being counted as a stranger's
        (void)dm_http_trust(call, (unsigned)node->config->n_peers +
                                      DM_TRUSTED_BESIDE_PEERS);
    }
    struct dm_buf rest;
    dm_buf_init(&rest, DM_URL_MAX);
    if (route) {
        const size_t n = strlen(route->path);
        if (dm_percent_decode(
                dm_str_slice(call->incoming.path, n, call->incoming.path.n),
                false, &rest)) {
            dm_reply_problem(&request, 400, "the path is not UTF-8 as %XX",
                             NULL);
            dm_buf_done(&rest);
            return;
        }
    }
    request.rest = dm_str_n(dm_buf_cstr(&rest), rest.n);
    dispatch(&request, route);
    dm_buf_done(&rest);
}

static void
on_writable(void *context, struct dm_http_call *call)
{
    // Other streams are small: who does not keep up with them is cut off
    dm_serving_writable(context, call);
}

static void
on_closed(void *context, struct dm_http_call *call, bool is_complete)
{
    struct dm_node *node = context;
    DM_ON_LOOP();
    (void)is_complete;
    dm_events_closed(node->events, call);
    dm_id_closed(node, call);
    dm_logs_closed(node->logs, call);
    dm_push_closed(node, call);
    dm_serving_closed(node, call);
    struct dm_reply_job *job = call->user;
    if (job) {
        job->has_left = true;
        dm_work_cancel(&job->job.work);
    }
}

struct dm_http_handler
dm_http_handler(struct dm_node *node)
{
    return (struct dm_http_handler){
        .max_body = max_body,
        .on_request = on_request,
        .on_writable = on_writable,
        .on_closed = on_closed,
        .context = node,
    };
}

// ----------------------------------------------------------------- reply jobs

static void
close_store(struct dm_reply_job *job)
{
    dm_snapshot_close(job->snapshot); // It looks at the present's graph
    dm_present_close(job->present);
    job->present = NULL;
    job->snapshot = NULL;
}

static void
reply_free(struct dm_job *head)
{
    struct dm_reply_job *job = (struct dm_reply_job *)head;
    if (job->ops->done) {
        job->ops->done(job);
    }
    close_store(job);
    dm_buf_done(&job->out);
    dm_config_unref(job->config);
    dm_free(job);
}

static enum dm_status
reply_step(struct dm_job *head)
{
    struct dm_reply_job *job = (struct dm_reply_job *)head;
    enum dm_status status = dm_work_check(&head->work);
    if (!status) {
        status = job->ops->step(job);
    }
    if (!status && job->out.status) {
        status = job->out.status;
    }
    if (status != DM_AGAIN) {
        if (job->ops->done) {
            job->ops->done(job);
        }
        close_store(job); // No snapshot is held while bytes go out
    }
    return status;
}

static unsigned
http_status_of(enum dm_status status)
{
    switch (status) {
    case DM_ERR_ARGUMENT:
    case DM_ERR_SYNTAX:
    case DM_ERR_UNSUPPORTED:
        return 400;
    case DM_ERR_NOT_FOUND:
        return 404;
    case DM_ERR_PERMISSION:
        return 403;
    case DM_ERR_DEADLINE:
        return 408;
    case DM_ERR_LIMIT:
    case DM_ERR_NO_MEMORY:
        return 413;
    case DM_ERR_BUSY:
        return 503;
    case DM_OK:
    case DM_END:
    case DM_AGAIN:
    case DM_ERR_EXISTS:
    case DM_ERR_CANCELLED:
    case DM_ERR_IO:
    case DM_ERR_FULL:
    case DM_ERR_CORRUPT:
    case DM_ERR_STATE:
        return 500;
    }
    return 500;
}

static void
send_reply(struct dm_reply_job *job)
{
    static const struct dm_http_header no_store = {DM_STR("Cache-Control"),
                                                   DM_STR("no-store")};
    struct dm_http_header headers[1 + DM_REPLY_HEADERS_MAX] = {no_store};
    size_t n_headers = 1;
    if (job->headers) {
        assert(job->n_headers <= DM_REPLY_HEADERS_MAX);
        memcpy(headers, job->headers, job->n_headers * sizeof(headers[0]));
        n_headers = job->n_headers;
    }
    if (job->http_status != 204 && job->http_status != 304) {
        headers[n_headers++] = (struct dm_http_header){
            DM_STR("Content-Type"), dm_str(job->content_type)};
    }
    size_t n = 0;
    char *body = dm_buf_take(&job->out, &n);
    answer(&job->request, job->http_status, headers, n_headers, body, n);
}

static void
reply_done(struct dm_job *head)
{
    struct dm_reply_job *job = (struct dm_reply_job *)head;
    DM_ON_LOOP();
    if (!job->has_left) {
        job->request.call->user = NULL;
        if (head->status == DM_OK) {
            send_reply(job);
        } else {
            const bool is_set = job->http_status >= 400;
            dm_reply_problem(&job->request,
                             is_set ? job->http_status
                                    : http_status_of(head->status),
                             dm_status_text(head->status), &job->error);
        }
    }
    reply_free(head);
}

static const struct dm_job_ops reply_job_ops = {
    .name = "reply",
    .step = reply_step,
    .done = reply_done,
    .free = reply_free,
};

void
dm_reply_start(const struct dm_request *request, const struct dm_reply_ops *ops,
               size_t size, dm_reply_init_fn init)
{
    DM_ON_LOOP();
    assert(size >= sizeof(struct dm_reply_job));
    struct dm_node *node = request->node;
    struct dm_reply_job *job = dm_calloc(1, size);
    if (!job) {
        dm_reply_problem(request, 503, "out of memory", NULL);
        return;
    }
    job->job.ops = &reply_job_ops;
    job->ops = ops;
    job->request = *request;
    job->config = dm_config_ref(node->config);
    job->store = node->store;
    job->presents = node->presents;
    job->now_ms = dm_env_wall_ms(node->env);
    job->http_status = 200;
    job->content_type = "text/plain; charset=utf-8";
    dm_buf_init(&job->out, DM_REPLY_MAX);
    dm_work_init(&job->job.work, node->env,
                 dm_env_monotonic_ns(node->env) + REPLY_DEADLINE_NS,
                 REPLY_MEMORY);
    if (init && init(job)) {
        reply_free(&job->job);
        return;
    }
    job->request.rest = (struct dm_str){"", 0}; // It ends with the handler
    if (dm_job_start(node->users, &job->job)) {
        dm_reply_problem(request, 429, "too many queries at once", NULL);
        reply_free(&job->job);
        return;
    }
    request->call->user = job;
}

enum dm_status
dm_reply_open(struct dm_reply_job *job)
{
    DM_ON_WORKER();
    enum dm_status status =
        dm_snapshot_open(job->store, &job->job.work, &job->snapshot);
    if (!status) {
        status = dm_present_open(job->snapshot, job->config, job->presents,
                                 job->now_ms, &job->present);
    }
    return status;
}
