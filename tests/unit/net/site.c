// SPDX-License-Identifier: ISC

#include "tests/unit/net/site.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "net/url.h"
#include "tests/check.h"

#include <string.h>

#define ECHO_MAX 8192

static size_t
max_body(void *context, const struct dm_http_incoming *incoming)
{
    (void)context;
    CHECK(incoming->method.n);
    CHECK(!incoming->body.n);
    return SITE_MAX_BODY;
}

static void
answer_buf(struct dm_http_call *call, unsigned status, struct dm_buf *buf)
{
    static const struct dm_http_header header = {DM_STR("X-Site"),
                                                 DM_STR("yes")};
    size_t n = 0;
    CHECK(!buf->status);
    char *body = dm_buf_take(buf, &n);
    CHECK_INT(dm_http_answer(call, status, &header, 1, body, n), DM_OK);
}

static void
answer_text(struct dm_http_call *call, unsigned status, const char *text)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ECHO_MAX);
    (void)dm_buf_puts(&buf, text);
    answer_buf(call, status, &buf);
}

static void
answer_echo(struct dm_http_call *call)
{
    const struct dm_http_incoming *incoming = &call->incoming;
    struct dm_buf buf;
    dm_buf_init(&buf, ECHO_MAX);
    (void)dm_buf_put_str(&buf, incoming->method);
    (void)dm_buf_putc(&buf, ' ');
    (void)dm_buf_put_str(&buf, incoming->path);
    (void)dm_buf_putc(&buf, '?');
    (void)dm_buf_put_str(&buf, incoming->query);
    (void)dm_buf_putc(&buf, ' ');
    (void)dm_buf_put_str(
        &buf,
        dm_http_header_get(incoming->headers, incoming->n_headers, "X-Word"));
    (void)dm_buf_putc(&buf, '/');
    (void)dm_buf_put_str(&buf, dm_http_header_get(incoming->headers,
                                                  incoming->n_headers,
                                                  "Authorization"));
    (void)dm_buf_putc(&buf, ' ');
    (void)dm_buf_put_str(&buf, incoming->body);
    answer_buf(call, 200, &buf);
}

static void
answer_bytes(struct dm_http_call *call, size_t n)
{
    char *body = dm_malloc(n + 1);
    CHECK(body);
    memset(body, 'x', n);
    CHECK_INT(dm_http_answer(call, 200, NULL, 0, body, n), DM_OK);
}

static void
answer_redirect(struct dm_http_call *call, unsigned status, struct dm_str place)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ECHO_MAX);
    CHECK_INT(dm_percent_decode(place, false, &buf), DM_OK);
    const struct dm_http_header location = {DM_STR("Location"),
                                            dm_buf_str(&buf)};
    CHECK_INT(dm_http_answer(call, status, &location, 1, NULL, 0), DM_OK);
    dm_buf_done(&buf);
}

static void
answer_headers(struct dm_http_call *call, size_t n)
{
    static const struct dm_http_header header = {DM_STR("X-Many"), DM_STR("1")};
    struct dm_http_header headers[DM_HTTP_HEADERS_MAX];
    CHECK(n <= DM_COUNT_OF(headers));
    for (size_t i = 0; i < n; ++i) {
        headers[i] = header;
    }
    CHECK_INT(dm_http_answer(call, 200, headers, n, NULL, 0), DM_OK);
}

static void
keep(struct site *site, struct dm_http_call *call)
{
    CHECK(site->n_kept < SITE_KEPT_MAX);
    site->kept[site->n_kept] = call;
    ++site->n_kept;
    site->has_kept = true;
}

// Whether `path` is `start` and a number after it
static bool
is_with_number(struct dm_str path, const char *start, uint64_t *ret)
{
    const struct dm_str prefix = dm_str(start);
    return dm_str_starts(path, prefix) &&
           dm_str_to_uint(dm_str_slice(path, prefix.n, path.n), 10000000, ret);
}

static bool
answer_numbered(struct dm_http_call *call, struct dm_str path)
{
    uint64_t n = 0;
    if (is_with_number(path, "/status/", &n)) {
        CHECK_INT(dm_http_answer(call, (unsigned)n, NULL, 0, NULL, 0), DM_OK);
    } else if (is_with_number(path, "/bytes/", &n)) {
        answer_bytes(call, (size_t)n);
    } else if (is_with_number(path, "/headers/", &n)) {
        answer_headers(call, (size_t)n);
    } else {
        return false;
    }
    return true;
}

static bool
answer_streamed(struct site *site, struct dm_http_call *call,
                struct dm_str path)
{
    const bool is_half = dm_str_is(path, "/half");
    if (!is_half && !dm_str_is(path, "/stream")) {
        return false;
    }
    CHECK_INT(dm_http_stream(call, 200, NULL, 0), DM_OK);
    if (is_half) {
        CHECK_INT(dm_http_write(call, dm_str("half")), DM_OK);
    }
    keep(site, call);
    return true;
}

static void
on_request(void *context, struct dm_http_call *call)
{
    struct site *site = context;
    const struct dm_str path = call->incoming.path;
    const struct dm_str to = DM_STR("/to/");
    ++site->n_requests;
    site->has_closed = false;
    site->peer = call->incoming.peer;
    site->client_port = call->incoming.from.port;
    CHECK(call->incoming.id > 0);
    if (call->incoming.is_too_large) {
        answer_text(call, 413, "too large");
    } else if (dm_str_is(path, "/ok")) {
        answer_text(call, 200, "hello");
    } else if (dm_str_is(path, "/echo")) {
        answer_echo(call);
    } else if (dm_str_starts(path, to)) {
        answer_redirect(call, 302, dm_str_slice(path, to.n, path.n));
    } else if (dm_str_is(path, "/see-other")) {
        answer_redirect(call, 303, dm_str("/echo"));
    } else if (dm_str_is(path, "/loop")) {
        answer_redirect(call, 302, dm_str("/loop"));
    } else if (dm_str_is(path, "/later")) {
        keep(site, call);
    } else if (dm_str_is(path, "/abort")) {
        dm_http_abort(call);
    } else if (!answer_numbered(call, path) &&
               !answer_streamed(site, call, path)) {
        answer_text(call, 404, "not found");
    }
}

static void
on_writable(void *context, struct dm_http_call *call)
{
    (void)call;
    struct site *site = context;
    ++site->n_writable;
    site->is_writable = true;
}

static void
on_closed(void *context, struct dm_http_call *call, bool is_complete)
{
    struct site *site = context;
    for (int i = 0; i < site->n_kept; ++i) {
        if (site->kept[i] == call) {
            site->kept[i] = NULL;
        }
    }
    ++site->n_closed;
    site->n_complete += is_complete;
    CHECK(site->n_closed <= site->n_requests);
    site->has_closed = site->n_closed == site->n_requests;
}

struct dm_http_listen
site_listen(const struct dm_endpoint *endpoint)
{
    const struct dm_http_listen listen = {
        .endpoint = *endpoint,
        .socket_mode = 0600,
        .max_connections = 200,
        .max_per_address = 200,
        .max_stream_bytes = 65536,
        .idle_timeout_ns = INT64_C(30000000000),
    };
    return listen;
}

void
site_open_as(struct site *site, const struct contract_world *world,
             const struct dm_http_listen *listen)
{
    const struct dm_http_handler handler = {
        .max_body = max_body,
        .on_request = on_request,
        .on_writable = on_writable,
        .on_closed = on_closed,
        .context = site,
    };
    struct dm_error error;
    memset(site, 0, sizeof(*site));
    site->world = world;
    CHECK_INT(dm_http_servers_listen(world->net->servers, listen, &handler,
                                     &site->server, &error),
              DM_OK);
    dm_http_servers_endpoint(world->net->servers, site->server,
                             &site->endpoint);
}

void
site_open(struct site *site, const struct contract_world *world,
          const struct dm_endpoint *endpoint)
{
    const struct dm_http_listen listen = site_listen(endpoint);
    site_open_as(site, world, &listen);
}

void
site_close(struct site *site)
{
    dm_http_servers_close(site->world->net->servers, site->server);
    CHECK(site->n_closed == site->n_requests);
}

void
site_url(const struct site *site, const char *path, char url[256])
{
    char place[DM_ENDPOINT_SIZE] = "site";
    if (site->endpoint.kind == DM_ENDPOINT_IP) {
        dm_endpoint_format(&site->endpoint, place);
    }
    const int n = snprintf(url, 256, "http://%s%s", place, path);
    CHECK(n > 0 && n < 256);
}

void
site_answer(struct site *site, int i, const char *body)
{
    CHECK(i < site->n_kept && site->kept[i]);
    answer_text(site->kept[i], 200, body);
}

void
answer_take(void *context, const struct dm_http_response *response)
{
    struct answer *answer = context;
    CHECK(!answer->is_done);
    answer->is_done = true;
    answer->outcome = response->outcome;
    answer->status = response->status;
    answer->version = response->version;
    answer->n_body = (int64_t)response->body.n;
    answer->is_body_cut = response->is_body_cut;
    answer->body_bytes = (int64_t)response->body_bytes;
    answer->times = response->times;
    answer->certificate = response->certificate;
    answer->n_redirects = response->n_redirects;
    const struct dm_str body =
        dm_str_slice(response->body, 0, sizeof(answer->body) - 1);
    if (body.n) {
        memcpy(answer->body, body.data, body.n);
    }
    answer->body[body.n] = '\0';
    const struct dm_str site =
        dm_http_header_get(response->headers, response->n_headers, "x-site");
    (void)snprintf(answer->site_header, sizeof(answer->site_header), "%.*s",
                   (int)site.n, site.n ? site.data : "");
    (void)snprintf(answer->url, sizeof(answer->url), "%.*s",
                   (int)response->url.n,
                   response->url.n ? response->url.data : "");
}

struct dm_http_request_spec
answer_spec(const char *url)
{
    const struct dm_http_request_spec spec = {
        .url = dm_str(url),
        .timeout_ns = INT64_C(20000000000),
        .max_body = 65536,
    };
    return spec;
}

void
answer_get(const struct contract_world *world,
           const struct dm_http_request_spec *spec, struct answer *answer)
{
    struct dm_http_request *request = NULL;
    memset(answer, 0, sizeof(*answer));
    CHECK_INT(dm_http_client_start(world->net->http, spec, answer_take, answer,
                                   &request),
              DM_OK);
    CHECK(!answer->is_done);
    contract_wait(world, &answer->is_done);
}
