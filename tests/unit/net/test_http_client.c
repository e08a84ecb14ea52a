// SPDX-License-Identifier: ISC

// What the client decides, on a transport and a resolver that the test plays

#include "net/http_client.h"

#include "base/alloc.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "tests/check.h"

#include <string.h>

#define SECOND INT64_C(1000000000)

struct played {
    struct dm_loop loop;
    struct dm_resolver resolver;
    struct dm_http_transport transport;
    int64_t now_ns;
    enum dm_status next; // What the next start returns

    bool is_asked; // The resolver's one question
    char name[64];
    enum dm_family family;
    int64_t resolve_timeout_ns;
    dm_resolve_fn on_resolved;
    void *resolve_context;

    bool is_sent; // The transport's one exchange
    struct dm_http_exchange exchange;
    char url[128];
    char headers[512]; // "Name: value\n" of each
    dm_http_done_fn on_exchanged;
    void *exchange_context;

    bool is_done; // The client's completion
    struct dm_http_response response;
    char done_url[128];
};

static int64_t
now_ns(void *self)
{
    const struct played *played = self;
    return played->now_ns;
}

static void
wake(void *self)
{
    (void)self;
}

static enum dm_progress
step(void *self, int64_t max_wait_ns, int64_t *ret_due_ns)
{
    (void)max_wait_ns;
    struct played *played = self;
    *ret_due_ns = dm_loop_due_ns(&played->loop);
    return dm_loop_dispatch(&played->loop, true) ? DM_PROGRESS_WORKED
                                                 : DM_PROGRESS_IDLE;
}

static enum dm_status
resolve(void *self, const struct dm_resolve_question *question,
        dm_resolve_fn done, void *context, struct dm_resolve **ret)
{
    struct played *played = self;
    CHECK(!played->is_asked && !played->is_sent);
    if (played->next) {
        return played->next;
    }
    played->is_asked = true;
    (void)snprintf(played->name, sizeof(played->name), "%.*s",
                   (int)question->name.n, question->name.data);
    played->family = question->family;
    played->resolve_timeout_ns = question->timeout_ns;
    played->on_resolved = done;
    played->resolve_context = context;
    *ret = self;
    return DM_OK;
}

static void
cancel_resolve(void *self, struct dm_resolve *resolve_)
{
    (void)resolve_;
    struct played *played = self;
    CHECK(played->is_asked);
    played->is_asked = false;
}

static enum dm_status
exchange(void *self, const struct dm_http_exchange *wanted,
         dm_http_done_fn done, void *context, struct dm_http_transfer **ret)
{
    struct played *played = self;
    CHECK(!played->is_asked && !played->is_sent);
    if (played->next) {
        return played->next;
    }
    played->is_sent = true;
    played->exchange = *wanted;
    (void)snprintf(played->url, sizeof(played->url), "%.*s", (int)wanted->url.n,
                   wanted->url.data);
    size_t n = 0;
    for (size_t i = 0; i < wanted->n_headers; ++i) {
        const struct dm_http_header *header = &wanted->headers[i];
        const int more = snprintf(
            played->headers + n, sizeof(played->headers) - n, "%.*s: %.*s\n",
            (int)header->name.n, header->name.data, (int)header->value.n,
            header->value.n ? header->value.data : "");
        CHECK(more > 0);
        n += (size_t)more;
    }
    played->on_exchanged = done;
    played->exchange_context = context;
    *ret = self;
    return DM_OK;
}

static void
cancel_exchange(void *self, struct dm_http_transfer *transfer)
{
    (void)transfer;
    struct played *played = self;
    CHECK(played->is_sent);
    played->is_sent = false;
}

static void
played_init(struct played *played)
{
    static const struct dm_loop_ops loop_ops = {now_ns, wake, step};
    static const struct dm_resolver_ops resolver_ops = {resolve,
                                                        cancel_resolve};
    static const struct dm_http_transport_ops transport_ops = {exchange,
                                                               cancel_exchange};
    memset(played, 0, sizeof(*played));
    dm_loop_init(&played->loop, &loop_ops, played);
    played->resolver.ops = &resolver_ops;
    played->resolver.self = played;
    played->transport.ops = &transport_ops;
    played->transport.self = played;
    played->now_ns = 1000 * SECOND;
}

static struct dm_http_client *
new_client(struct played *played, size_t max)
{
    struct dm_http_client *client = dm_http_client_new(
        &played->loop, &played->resolver, &played->transport, max);
    CHECK(client);
    return client;
}

static void
on_done(void *context, const struct dm_http_response *response)
{
    struct played *played = context;
    CHECK(!played->is_done);
    played->is_done = true;
    played->response = *response;
    (void)snprintf(played->done_url, sizeof(played->done_url), "%.*s",
                   (int)response->url.n,
                   response->url.n ? response->url.data : "");
}

static void
answer_name(struct played *played, const char *address, int64_t elapsed_ns)
{
    struct dm_address found;
    CHECK(played->is_asked);
    CHECK(dm_address_parse(dm_str(address), &found));
    const struct dm_resolve_answer answer = {
        .n = 1,
        .addresses = &found,
        .elapsed_ns = elapsed_ns,
    };
    played->is_asked = false;
    played->now_ns += elapsed_ns;
    played->on_resolved(played->resolve_context, &answer);
}

static void
answer_exchange(struct played *played, unsigned status, const char *location)
{
    CHECK(played->is_sent);
    const struct dm_http_header header = {DM_STR("location"), dm_str(location)};
    const struct dm_http_response response = {
        .status = status,
        .headers = &header,
        .n_headers = *location ? 1 : 0,
        .times = {.connect_ns = 1, .tls_ns = 2, .wait_ns = 3, .transfer_ns = 4},
    };
    played->is_sent = false;
    played->now_ns += SECOND;
    played->on_exchanged(played->exchange_context, &response);
}

static struct dm_http_request *
start(struct played *played, struct dm_http_client *client,
      const struct dm_http_request_spec *spec)
{
    struct dm_http_request *request = NULL;
    CHECK_INT(dm_http_client_start(client, spec, on_done, played, &request),
              DM_OK);
    CHECK(!played->is_done);
    return request;
}

static struct dm_http_request_spec
spec_of(const char *url)
{
    const struct dm_http_request_spec spec = {
        .url = dm_str(url),
        .timeout_ns = 10 * SECOND,
        .max_redirects = 3,
    };
    return spec;
}

static void
each_hop_gets_what_is_left_of_the_time(void)
{
    struct played played;
    played_init(&played);
    struct dm_http_client *client = new_client(&played, 1);
    const struct dm_http_request_spec spec = spec_of("http://one.test/a");
    (void)start(&played, client, &spec);
    CHECK(!strcmp(played.name, "one.test"));
    CHECK_INT(played.resolve_timeout_ns, 10 * SECOND);
    answer_name(&played, "192.0.2.1", 2 * SECOND);
    CHECK_INT(played.exchange.timeout_ns, 8 * SECOND);
    answer_exchange(&played, 302, "https://two.test/b");
    CHECK(!strcmp(played.name, "two.test"));
    CHECK_INT(played.resolve_timeout_ns, 7 * SECOND);
    answer_name(&played, "192.0.2.2", 3 * SECOND);
    CHECK_INT(played.exchange.timeout_ns, 4 * SECOND);
    CHECK_INT(played.exchange.endpoint.port, 443);
    CHECK_INT(played.exchange.endpoint.address.bytes[3], 2);
    answer_exchange(&played, 200, "");
    CHECK(played.is_done);
    CHECK_INT(played.response.n_redirects, 1);
    CHECK(!strcmp(played.done_url, "https://two.test/b"));
    const struct dm_http_times *times = &played.response.times;
    CHECK_INT(times->resolve_ns, 5 * SECOND);
    CHECK_INT(times->connect_ns, 2);
    CHECK_INT(times->tls_ns, 4);
    CHECK_INT(times->wait_ns, 6);
    CHECK_INT(times->transfer_ns, 8);
    CHECK_INT(times->total_ns, 7 * SECOND);
    dm_http_client_free(client);
}

static void
an_address_of_the_wanted_kind_is_not_asked_for(void)
{
    struct played played;
    played_init(&played);
    struct dm_http_client *client = new_client(&played, 1);
    struct dm_http_request_spec spec = spec_of("http://[2001:db8::7]/");
    (void)start(&played, client, &spec);
    CHECK(played.is_sent && !played.is_asked);
    answer_exchange(&played, 200, "");
    played.is_done = false;
    spec.family = DM_FAMILY_4; // The resolver says what is wrong with that
    (void)start(&played, client, &spec);
    CHECK(played.is_asked);
    CHECK_INT(played.family, DM_FAMILY_4);
    dm_http_client_free(client);
}

static void
what_belongs_to_the_origin_stays_there(void)
{
    static const struct dm_http_header headers[] = {
        {DM_STR("cookie"), DM_STR("c")},
        {DM_STR("Host"), DM_STR("h")},
        {DM_STR("X-A"), DM_STR("a")},
    };
    struct played played;
    played_init(&played);
    struct dm_http_client *client = new_client(&played, 1);
    struct dm_http_request_spec spec = spec_of("https://u:p@192.0.2.1/");
    spec.headers = headers;
    spec.n_headers = DM_COUNT_OF(headers);
    spec.connect = dm_str("192.0.2.9:9");
    spec.tls.has_pin = true;
    spec.tls.server_name = dm_str("name");
    spec.tls.certificate = dm_str("/cert");
    (void)start(&played, client, &spec);
    CHECK(!strcmp(played.url, "https://192.0.2.1/"));
    CHECK(!strcmp(played.headers,
                  "cookie: c\nHost: h\nX-A: a\nUser-Agent: demonitor\n"
                  "Accept: */*\nAuthorization: Basic dTpw\n"));
    CHECK_INT(played.exchange.endpoint.port, 9);
    CHECK(played.exchange.accept_key);
    CHECK(played.exchange.tls.server_name.n &&
          played.exchange.tls.certificate.n);
    answer_exchange(&played, 307, "/same");
    CHECK_INT(played.exchange.endpoint.port, 9);
    CHECK(strstr(played.headers, "cookie") && played.exchange.accept_key);
    answer_exchange(&played, 307, "https://192.0.2.2/other");
    CHECK(!strcmp(played.headers,
                  "X-A: a\nUser-Agent: demonitor\nAccept: */*\n"));
    CHECK_INT(played.exchange.endpoint.port, 443);
    CHECK(!played.exchange.accept_key && !played.exchange.tls.has_pin);
    CHECK(!played.exchange.tls.server_name.n);
    CHECK(!played.exchange.tls.certificate.n);
    answer_exchange(&played, 200, "");
    dm_http_client_free(client);
}

static void
the_method_changes_as_it_must(void)
{
    static const struct {
        const char *method;
        unsigned status;
        const char *then;
    } cases[] = {
        {"POST", 301, "GET"},  {"POST", 302, "GET"},  {"POST", 303, "GET"},
        {"POST", 307, "POST"}, {"POST", 308, "POST"}, {"PUT", 301, "PUT"},
        {"PUT", 303, "GET"},   {"HEAD", 303, "HEAD"}, {"GET", 302, "GET"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct played played;
        played_init(&played);
        struct dm_http_client *client = new_client(&played, 1);
        struct dm_http_request_spec spec = spec_of("http://192.0.2.1/");
        spec.method = dm_str(cases[i].method);
        spec.body = dm_str("body");
        (void)start(&played, client, &spec);
        answer_exchange(&played, cases[i].status, "/next");
        CHECK(dm_str_is(played.exchange.method, cases[i].then));
        const bool is_kept = !strcmp(cases[i].method, cases[i].then);
        CHECK((played.exchange.body.n > 0) == is_kept);
        dm_http_client_free(client); // Cancels what is sent
        CHECK(!played.is_sent && !played.is_done);
    }
}

static void
a_redirect_that_cannot_be_followed_is_a_failure(void)
{
    static const char *const places[] = {"ftp://192.0.2.1/", "http://", "a b"};
    for (size_t i = 0; i < DM_COUNT_OF(places); ++i) {
        struct played played;
        played_init(&played);
        struct dm_http_client *client = new_client(&played, 1);
        const struct dm_http_request_spec spec = spec_of("http://192.0.2.1/");
        (void)start(&played, client, &spec);
        answer_exchange(&played, 302, places[i]);
        CHECK(played.is_done);
        CHECK_INT(played.response.outcome.failure, DM_NET_PROTOCOL);
        dm_http_client_free(client);
    }
}

static void
limits_below_are_told_where_they_arise(void)
{
    struct played played;
    played_init(&played);
    struct dm_http_client *client = new_client(&played, 1);
    const struct dm_http_request_spec spec = spec_of("http://192.0.2.1/");
    struct dm_http_request *request = NULL;
    played.next = DM_ERR_LIMIT;
    CHECK_INT(dm_http_client_start(client, &spec, on_done, &played, &request),
              DM_ERR_LIMIT);
    CHECK_INT((int64_t)dm_http_client_count(client), 0);
    played.next = DM_OK;
    request = start(&played, client, &spec);
    struct dm_http_request *second = NULL;
    CHECK_INT(dm_http_client_start(client, &spec, on_done, &played, &second),
              DM_ERR_LIMIT); // Of the client itself
    played.next = DM_ERR_NO_MEMORY;
    answer_exchange(&played, 302, "/next");
    CHECK(played.is_done);
    CHECK_INT(played.response.outcome.failure, DM_NET_LOCAL);
    dm_http_client_free(client);
}

static void
each_allocation_may_fail(void)
{
    static const struct dm_http_header header = {DM_STR("A"), DM_STR("b")};
    bool has_succeeded = false;
    for (size_t n = 0; !has_succeeded; ++n) {
        struct played played;
        played_init(&played);
        struct dm_http_client *client = new_client(&played, 1);
        struct dm_http_request_spec spec = spec_of("http://u@192.0.2.1/");
        struct dm_http_request *request = NULL;
        spec.headers = &header;
        spec.n_headers = 1;
        spec.body = dm_str("body");
        dm_alloc_fail_after(n);
        const enum dm_status status =
            dm_http_client_start(client, &spec, on_done, &played, &request);
        if (!status) {
            answer_exchange(&played, 302, "../../next?x#y");
            if (!played.is_done) {
                answer_exchange(&played, 200, "");
            }
            CHECK(played.is_done);
            has_succeeded = !played.response.outcome.failure;
            CHECK(has_succeeded ||
                  played.response.outcome.failure == DM_NET_LOCAL);
        }
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!status || status == DM_ERR_NO_MEMORY);
        CHECK(n > 0 || status);
        CHECK(n < 100);
        dm_http_client_free(client);
    }
}

int
main(void)
{
    each_hop_gets_what_is_left_of_the_time();
    an_address_of_the_wanted_kind_is_not_asked_for();
    what_belongs_to_the_origin_stays_there();
    the_method_changes_as_it_must();
    a_redirect_that_cannot_be_followed_is_a_failure();
    limits_below_are_told_where_they_arise();
    each_allocation_may_fail();
    return 0;
}
