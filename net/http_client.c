// SPDX-License-Identifier: ISC

#include "net/http_client.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/url.h"

#include <assert.h>
#include <string.h>

// What a request may take besides its body: headers, names, URLs
#define REQUEST_MAX ((size_t)4 * DM_HTTP_HEADER_BYTES_MAX)
#define N_OWN_HEADERS 3 // User-Agent, Accept, Authorization

enum phase {
    PHASE_FAILED, // The timer brings the completion that start() may not call
    PHASE_RESOLVE,
    PHASE_EXCHANGE,
};

struct dm_http_request {
    struct dm_http_client *client;
    struct dm_http_request *next;
    struct dm_http_request *before;
    dm_http_done_fn done;
    void *context;
    enum phase phase;
    struct dm_timer timer;
    struct dm_resolve *resolve;
    struct dm_http_transfer *transfer;

    struct dm_arena arena;            // All that `spec` looks at
    struct dm_http_request_spec spec; // Copied; method and body may change
    struct dm_url origin;             // Of spec.url
    struct dm_http_header *headers;   // Room for spec's and N_OWN_HEADERS
    struct dm_str authorization;      // Made of the userinfo; "" for none

    struct dm_buf url_text; // Of this hop, without userinfo
    struct dm_url url;      // Views into url_text
    int64_t start_ns;
    int64_t deadline_ns;
    struct dm_http_times times; // Of the hops before
    unsigned n_redirects;
    struct dm_net_outcome outcome; // Of PHASE_FAILED
};

struct dm_http_client {
    struct dm_loop *loop;
    const struct dm_resolver *resolver;
    const struct dm_http_transport *transport;
    struct dm_http_request *requests; // Under way
    size_t n;
    size_t max;
};

static enum dm_status start_hop(struct dm_http_request *request);

static void
link_request(struct dm_http_request *request)
{
    struct dm_http_client *client = request->client;
    request->next = client->requests;
    if (request->next) {
        request->next->before = request;
    }
    client->requests = request;
    ++client->n;
}

static void
unlink_request(struct dm_http_request *request)
{
    struct dm_http_client *client = request->client;
    assert(client->n > 0);
    --client->n;
    if (request->before) {
        request->before->next = request->next;
    } else {
        client->requests = request->next;
    }
    if (request->next) {
        request->next->before = request->before;
    }
}

static void
free_request(struct dm_http_request *request)
{
    dm_buf_done(&request->url_text);
    dm_arena_done(&request->arena);
    dm_free(request);
}

// The one completion: `response` gets what is known here, and is told
static void
complete(struct dm_http_request *request, struct dm_http_response *response)
{
    struct dm_http_times *times = &response->times;
    times->resolve_ns = request->times.resolve_ns;
    times->connect_ns += request->times.connect_ns;
    times->tls_ns += request->times.tls_ns;
    times->wait_ns += request->times.wait_ns;
    times->transfer_ns += request->times.transfer_ns;
    times->total_ns = dm_loop_now_ns(request->client->loop) - request->start_ns;
    response->n_redirects = request->n_redirects;
    response->url = dm_buf_str(&request->url_text);

    unlink_request(request);
    request->done(request->context, response);
    free_request(request);
}

static void
complete_failed(struct dm_http_request *request,
                const struct dm_net_outcome *outcome)
{
    struct dm_http_response response = {.outcome = *outcome};
    complete(request, &response);
}

static int64_t
remaining_ns(const struct dm_http_request *request)
{
    const int64_t left =
        request->deadline_ns - dm_loop_now_ns(request->client->loop);
    return left > 0 ? left : 1;
}

static bool
is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 ||
           status == 308;
}

static bool
at_origin(const struct dm_http_request *request)
{
    return dm_url_same_origin(&request->origin, &request->url);
}

// What belongs to the origin alone, or to a body that is no longer sent
static bool
is_header_kept(const struct dm_http_request *request,
               const struct dm_http_header *header)
{
    static const char *const of_origin[] = {"Authorization", "Cookie", "Host"};
    static const char *const of_body[] = {"Content-Type", "Content-Length",
                                          "Content-Encoding",
                                          "Transfer-Encoding"};
    for (size_t i = 0; i < DM_COUNT_OF(of_origin); ++i) {
        if (!at_origin(request) &&
            dm_str_equal_nocase(header->name, dm_str(of_origin[i]))) {
            return false;
        }
    }
    for (size_t i = 0; i < DM_COUNT_OF(of_body); ++i) {
        if (request->n_redirects && !request->spec.body.n &&
            dm_str_equal_nocase(header->name, dm_str(of_body[i]))) {
            return false;
        }
    }
    return true;
}

static void
add_default(struct dm_http_request *request, size_t *n, const char *name,
            struct dm_str value)
{
    const struct dm_str present =
        dm_http_header_get(request->headers, *n, name);
    if (!present.data && value.n) {
        request->headers[*n].name = dm_str(name);
        request->headers[*n].value = value;
        ++*n;
    }
}

// Fill request->headers for this hop
static size_t
make_headers(struct dm_http_request *request)
{
    size_t n = 0;
    for (size_t i = 0; i < request->spec.n_headers; ++i) {
        if (is_header_kept(request, &request->spec.headers[i])) {
            request->headers[n] = request->spec.headers[i];
            ++n;
        }
    }
    const struct dm_str none = {0};
    add_default(request, &n, "User-Agent", dm_str("demonitor"));
    add_default(request, &n, "Accept", dm_str("*/*"));
    add_default(request, &n, "Authorization",
                at_origin(request) ? request->authorization : none);
    return n;
}

static bool
accept_pin(void *context, const uint8_t hash[DM_KEY_HASH_SIZE])
{
    const struct dm_http_request *request = context;
    return !memcmp(hash, request->spec.tls.pin, DM_KEY_HASH_SIZE);
}

static bool
may_follow(const struct dm_http_request *request)
{
    return request->n_redirects < request->spec.max_redirects;
}

static bool
on_data(void *context, unsigned status, struct dm_str bytes)
{
    const struct dm_http_request *request = context;
    if (is_redirect(status) && may_follow(request)) {
        return true;
    }
    return request->spec.on_data(request->spec.data_context, status, bytes);
}

static void
add_times(struct dm_http_request *request, const struct dm_http_times *times)
{
    request->times.connect_ns += times->connect_ns;
    request->times.tls_ns += times->tls_ns;
    request->times.wait_ns += times->wait_ns;
    request->times.transfer_ns += times->transfer_ns;
}

// [RFC 9110, 15.4] a redirect after POST asks with GET, and after 303 always
static void
change_method(struct dm_http_request *request, unsigned status)
{
    const bool is_post = dm_str_is(request->spec.method, "POST");
    const bool is_head = dm_str_is(request->spec.method, "HEAD");
    if ((status == 303 && !is_head) ||
        ((status == 301 || status == 302) && is_post)) {
        request->spec.method = dm_str("GET");
        request->spec.body = dm_str_n(NULL, 0);
    }
}

static bool
go_to(struct dm_http_request *request, struct dm_str location,
      struct dm_net_outcome *outcome)
{
    struct dm_buf next;
    dm_buf_init(&next, (size_t)4 * DM_URL_MAX);
    struct dm_url url;
    enum dm_status status = dm_url_resolve(&request->url, location, &next);
    if (!status) {
        status = dm_url_parse(dm_buf_str(&next), &url, NULL);
    }
    if (!status) {
        dm_buf_clear(&request->url_text);
        status = dm_url_format(&url, &request->url_text);
    }
    dm_buf_done(&next);
    if (!status) {
        status =
            dm_url_parse(dm_buf_str(&request->url_text), &request->url, NULL);
    }
    if (status) {
        dm_net_outcome_set(outcome,
                           status == DM_ERR_NO_MEMORY ? DM_NET_LOCAL
                                                      : DM_NET_PROTOCOL,
                           "redirected to an address that cannot be followed");
    }
    return !status;
}

static void
follow(struct dm_http_request *request, const struct dm_http_response *response,
       struct dm_str location)
{
    struct dm_net_outcome outcome;
    add_times(request, &response->times);
    ++request->n_redirects;
    change_method(request, response->status);
    if (!go_to(request, location, &outcome)) {
        complete_failed(request, &outcome);
        return;
    }
    if (start_hop(request)) {
        dm_net_outcome_set(&outcome, DM_NET_LOCAL,
                           "out of memory or over a limit of requests");
        complete_failed(request, &outcome);
    }
}

static void
on_exchanged(void *context, const struct dm_http_response *response)
{
    struct dm_http_request *request = context;
    request->transfer = NULL;
    struct dm_http_response copy = *response;
    struct dm_str location = {0};
    if (response->headers) {
        location = dm_http_header_get(response->headers, response->n_headers,
                                      "Location");
    }
    if (!response->outcome.failure && is_redirect(response->status) &&
        location.n && request->spec.max_redirects) {
        if (may_follow(request)) {
            follow(request, response, location);
            return;
        }
        dm_net_outcome_set(&copy.outcome, DM_NET_TOO_LARGE,
                           "more than %u redirects",
                           request->spec.max_redirects);
    }
    complete(request, &copy);
}

static enum dm_status
start_exchange(struct dm_http_request *request,
               const struct dm_endpoint *endpoint)
{
    const bool has_pin = request->spec.tls.has_pin && at_origin(request);
    struct dm_http_exchange exchange = {
        .endpoint = *endpoint,
        .method = request->spec.method,
        .url = dm_buf_str(&request->url_text),
        .headers = request->headers,
        .n_headers = make_headers(request),
        .body = request->spec.body,
        .timeout_ns = remaining_ns(request),
        .connect_ns = request->spec.connect_ns,
        .lost_ns = request->spec.lost_ns,
        .max_body = request->spec.max_body,
        .keep_alive = request->spec.keep_alive,
        .tls = request->spec.tls,
        .accept_key = has_pin ? accept_pin : NULL,
        .on_data = request->spec.on_data ? on_data : NULL,
        .context = request,
    };
    exchange.tls.has_pin = has_pin;
    if (!at_origin(request)) {
        const struct dm_str none = {0};
        exchange.tls.server_name = none;
        exchange.tls.certificate = none;
        exchange.tls.key = none;
    }
    request->phase = PHASE_EXCHANGE;
    return dm_http_transport_start(request->client->transport, &exchange,
                                   on_exchanged, request, &request->transfer);
}

// Where this hop connects to: the place the caller named, or that of the URL
static struct dm_target
place_of(const struct dm_http_request *request)
{
    struct dm_target place = {
        .is_ip6 = request->url.is_ip6,
        .port = request->url.port,
        .host = request->url.host,
    };
    if (request->spec.connect.n && at_origin(request)) {
        const enum dm_status status =
            dm_target_parse(request->spec.connect, request->url.port, &place,
                            NULL); // Was parsed at the start
        assert(!status);
        (void)status;
    }
    return place;
}

static void
on_resolved(void *context, const struct dm_resolve_answer *answer)
{
    struct dm_http_request *request = context;
    request->resolve = NULL;
    request->times.resolve_ns += answer->elapsed_ns;
    if (answer->outcome.failure) {
        complete_failed(request, &answer->outcome);
        return;
    }
    assert(answer->n > 0);
    const struct dm_target place = place_of(request);
    const struct dm_endpoint endpoint =
        dm_endpoint_ip(&answer->addresses[0], place.port);
    if (start_exchange(request, &endpoint)) {
        struct dm_net_outcome outcome;
        dm_net_outcome_set(&outcome, DM_NET_LOCAL,
                           "out of memory or over a limit of requests");
        complete_failed(request, &outcome);
    }
}

static enum dm_status
start_resolve(struct dm_http_request *request, struct dm_str host)
{
    const struct dm_resolve_question question = {
        .name = host,
        .family = request->spec.family,
        .timeout_ns = remaining_ns(request),
    };
    request->phase = PHASE_RESOLVE;
    return dm_resolver_start(request->client->resolver, &question, on_resolved,
                             request, &request->resolve);
}

static enum dm_status
start_hop(struct dm_http_request *request)
{
    const struct dm_target place = place_of(request);
    struct dm_endpoint endpoint;
    if (place.is_unix) {
        const bool fits = dm_endpoint_unix(place.path, &endpoint);
        assert(fits);
        (void)fits;
        return start_exchange(request, &endpoint);
    }
    struct dm_address address;
    if (!dm_address_parse(place.host, &address) ||
        (request->spec.family && request->spec.family != address.family)) {
        return start_resolve(request, place.host);
    }
    endpoint = dm_endpoint_ip(&address, place.port);
    return start_exchange(request, &endpoint);
}

static void
on_failed(void *context)
{
    struct dm_http_request *request = context;
    complete_failed(request, &request->outcome);
}

// The completion of a request that cannot even be sent, in the next step
static void
fail_later(struct dm_http_request *request)
{
    request->phase = PHASE_FAILED;
    dm_loop_timer_start(request->client->loop, &request->timer,
                        request->start_ns, on_failed, request);
}

// [RFC 4648, 4]
static void
put_base64(struct dm_str bytes, struct dm_buf *buf)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.n; i += 3) {
        uint32_t group = 0;
        for (size_t j = 0; j < 3; ++j) {
            const size_t at = i + j;
            group = (group << 8U) |
                    (at < bytes.n ? (unsigned char)bytes.data[at] : 0U);
        }
        for (size_t j = 0; j < 4; ++j) {
            const uint32_t digit = (group >> (18U - 6U * j)) & 0x3FU;
            (void)dm_buf_putc(buf, i + j <= bytes.n ? digits[digit] : '=');
        }
    }
}

static enum dm_status
make_authorization(struct dm_http_request *request)
{
    if (!request->origin.userinfo.n) {
        return DM_OK;
    }
    struct dm_buf plain;
    struct dm_buf header;
    dm_buf_init(&plain, DM_URL_MAX);
    dm_buf_init(&header, (size_t)2 * DM_URL_MAX);
    enum dm_status status =
        dm_percent_decode(request->origin.userinfo, false, &plain);
    if (!status) {
        (void)dm_buf_puts(&header, "Basic ");
        put_base64(dm_buf_str(&plain), &header);
        status = header.status;
    }
    if (!status) {
        request->authorization =
            dm_arena_copy(&request->arena, dm_buf_str(&header));
        status = request->authorization.data ? DM_OK : DM_ERR_NO_MEMORY;
    }
    if (plain.data) {
        memset(plain.data, 0, plain.capacity);
    }
    dm_buf_done(&header);
    dm_buf_done(&plain);
    return status;
}

static bool
copy(struct dm_http_request *request, struct dm_str *text)
{
    if (!text->n) {
        return true;
    }
    *text = dm_arena_copy(&request->arena, *text);
    return text->data;
}

static bool
copy_headers(struct dm_http_request *request)
{
    const size_t n = request->spec.n_headers;
    request->headers = dm_arena_alloc(&request->arena, n + N_OWN_HEADERS,
                                      sizeof(*request->headers));
    struct dm_http_header *own =
        dm_arena_alloc(&request->arena, n + 1, sizeof(*own));
    if (!request->headers || !own) {
        return false;
    }
    for (size_t i = 0; i < n; ++i) {
        own[i] = request->spec.headers[i];
        if (!copy(request, &own[i].name) || !copy(request, &own[i].value)) {
            return false;
        }
    }
    request->spec.headers = own;
    return true;
}

static bool
copy_spec(struct dm_http_request *request)
{
    struct dm_http_request_spec *spec = &request->spec;
    if (!spec->method.n) {
        spec->method = dm_str("GET");
    }
    return copy_headers(request) && copy(request, &spec->method) &&
           copy(request, &spec->url) && copy(request, &spec->body) &&
           copy(request, &spec->connect) &&
           copy(request, &spec->tls.server_name) &&
           copy(request, &spec->tls.ca_file) &&
           copy(request, &spec->tls.certificate) &&
           copy(request, &spec->tls.key);
}

// Whether method and headers can be sent as they are
static bool
check_words(struct dm_http_request *request)
{
    const struct dm_http_header method = {.name = request->spec.method};
    if (!dm_http_header_is_valid(&method)) {
        dm_net_outcome_set(&request->outcome, DM_NET_PROTOCOL,
                           "the method of the request is not a word");
        return false;
    }
    if (request->spec.n_headers > DM_HTTP_HEADERS_MAX - N_OWN_HEADERS) {
        dm_net_outcome_set(&request->outcome, DM_NET_TOO_LARGE,
                           "the request has too many headers");
        return false;
    }
    for (size_t i = 0; i < request->spec.n_headers; ++i) {
        if (!dm_http_header_is_valid(&request->spec.headers[i])) {
            dm_net_outcome_set(&request->outcome, DM_NET_PROTOCOL,
                               "header %zu of the request cannot be sent",
                               i + 1);
            return false;
        }
    }
    return true;
}

// Whether the request makes sense; otherwise request->outcome says why not
static bool
check_spec(struct dm_http_request *request)
{
    struct dm_error error;
    struct dm_target place;
    if (dm_url_parse(request->spec.url, &request->origin, &error) ||
        (request->spec.connect.n &&
         dm_target_parse(request->spec.connect, request->origin.port, &place,
                         &error))) {
        dm_net_outcome_set(&request->outcome, DM_NET_PROTOCOL, "%s",
                           error.what);
        return false;
    }
    return check_words(request);
}

static enum dm_status
prepare(struct dm_http_request *request)
{
    if (!copy_spec(request)) {
        return DM_ERR_NO_MEMORY;
    }
    if (!check_spec(request)) {
        fail_later(request);
        return DM_OK;
    }
    enum dm_status status = dm_url_format(&request->origin, &request->url_text);
    if (!status) {
        status =
            dm_url_parse(dm_buf_str(&request->url_text), &request->url, NULL);
    }
    if (!status) {
        status = make_authorization(request);
    }
    if (status == DM_ERR_NO_MEMORY) {
        return status;
    }
    if (status) { // The URL is at its limit, or its userinfo not decodable
        dm_net_outcome_set(&request->outcome, DM_NET_PROTOCOL,
                           "the URL is too long or badly encoded");
        fail_later(request);
        return DM_OK;
    }
    return start_hop(request);
}

enum dm_status
dm_http_client_start(struct dm_http_client *client,
                     const struct dm_http_request_spec *spec,
                     dm_http_done_fn done, void *context,
                     struct dm_http_request **ret)
{
    DM_ON_LOOP();
    assert(spec->timeout_ns > 0);
    if (client->n == client->max || spec->body.n > SIZE_MAX - REQUEST_MAX) {
        return DM_ERR_LIMIT;
    }
    struct dm_http_request *request = dm_calloc(1, sizeof(*request));
    if (!request) {
        return DM_ERR_NO_MEMORY;
    }
    request->client = client;
    request->done = done;
    request->context = context;
    request->spec = *spec;
    request->start_ns = dm_loop_now_ns(client->loop);
    request->deadline_ns = spec->timeout_ns < INT64_MAX - request->start_ns
                               ? request->start_ns + spec->timeout_ns
                               : INT64_MAX;
    dm_arena_init(&request->arena, spec->body.n + REQUEST_MAX, NULL);
    dm_buf_init(&request->url_text, DM_URL_MAX);

    const enum dm_status status = prepare(request);
    if (status) {
        free_request(request);
        return status;
    }
    link_request(request);
    *ret = request;
    return DM_OK;
}

void
dm_http_client_cancel(struct dm_http_client *client,
                      struct dm_http_request *request)
{
    DM_ON_LOOP();
    assert(request->client == client);
    switch (request->phase) {
    case PHASE_FAILED:
        dm_loop_timer_stop(client->loop, &request->timer);
        break;
    case PHASE_RESOLVE:
        dm_resolver_cancel(client->resolver, request->resolve);
        break;
    case PHASE_EXCHANGE:
        dm_http_transport_cancel(client->transport, request->transfer);
        break;
    }
    unlink_request(request);
    free_request(request);
}

struct dm_http_client *
dm_http_client_new(struct dm_loop *loop, const struct dm_resolver *resolver,
                   const struct dm_http_transport *transport, size_t max_calls)
{
    assert(max_calls > 0);
    struct dm_http_client *client = dm_calloc(1, sizeof(*client));
    if (!client) {
        return NULL;
    }
    client->loop = loop;
    client->resolver = resolver;
    client->transport = transport;
    client->max = max_calls;
    return client;
}

void
dm_http_client_free(struct dm_http_client *client)
{
    if (!client) {
        return;
    }
    while (client->requests) {
        struct dm_http_request *request = client->requests;
        dm_http_client_cancel(client, request);
    }
    dm_free(client);
}

size_t
dm_http_client_count(const struct dm_http_client *client)
{
    return client->n;
}
