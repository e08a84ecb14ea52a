// SPDX-License-Identifier: ISC

// Requests with a whole answer. Streams are in contract_http_stream.c.

#include "base/alloc.h"
#include "net/http_client.h"
#include "tests/check.h"
#include "tests/unit/net/contract.h"
#include "tests/unit/net/site.h"

#include <string.h>

#define MANY 100
#define STEPS 14 // More than a request takes

static void
get(const struct site *site, const char *path, struct answer *answer)
{
    char url[256];
    site_url(site, path, url);
    const struct dm_http_request_spec spec = answer_spec(url);
    answer_get(site->world, &spec, answer);
}

static void
a_request_gets_its_answer(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    site_open(&site, world, &world->tcp);
    get(&site, "/ok?a=1", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK(!answer.outcome.text[0]);
    CHECK_INT(answer.status, 200);
    CHECK_INT(answer.version, 11);
    CHECK(!strcmp(answer.body, "hello"));
    CHECK_INT(answer.body_bytes, 5);
    CHECK(!answer.is_body_cut);
    CHECK(!strcmp(answer.site_header, "yes"));
    CHECK(answer.times.total_ns >= 0);
    CHECK_INT(answer.times.tls_ns, 0);
    CHECK(!answer.certificate.is_known);
    CHECK_INT(site.peer, DM_HTTP_PEER_LOOPBACK);
    contract_wait(world, &site.has_closed);
    CHECK_INT(site.n_complete, 1);
    site_close(&site);
}

static void
method_header_and_body_arrive(const struct contract_world *world)
{
    const struct dm_http_header header = {DM_STR("X-Word"), DM_STR("w")};
    struct site site;
    struct answer answer;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/echo?q=a%20b", url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.method = dm_str("PUT");
    spec.headers = &header;
    spec.n_headers = 1;
    spec.body = dm_str("content");
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.status, 200);
    CHECK(!strcmp(answer.body, "PUT /echo?q=a%20b w/ content"));
    site_close(&site);
}

static void
userinfo_becomes_basic_authorization(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char place[DM_ENDPOINT_SIZE];
    char url[256];
    site_open(&site, world, &world->tcp);
    dm_endpoint_format(&site.endpoint, place);
    (void)snprintf(url, sizeof(url), "http://us%%65r:p@%s/echo", place);
    const struct dm_http_request_spec spec = answer_spec(url);
    answer_get(world, &spec, &answer);
    CHECK(!strcmp(answer.body, "GET /echo? /Basic dXNlcjpw "));
    CHECK(!strstr(answer.url, "us"));
    site_close(&site);
}

static void
head_gets_the_header_alone(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/ok", url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.method = dm_str("HEAD");
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK_INT(answer.status, 200);
    CHECK_INT(answer.n_body, 0);
    CHECK(!strcmp(answer.site_header, "yes"));
    contract_wait(world, &site.has_closed);
    CHECK_INT(site.n_complete, 1);
    site_close(&site);
}

static void
a_body_is_kept_up_to_its_limit(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/bytes/1000", url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.max_body = 1000;
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.n_body, 1000);
    CHECK(!answer.is_body_cut);
    spec.max_body = 999;
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK_INT(answer.status, 200);
    CHECK_INT(answer.n_body, 999);
    CHECK(answer.is_body_cut);
    spec.max_body = 0;
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK_INT(answer.n_body, 0);
    CHECK(answer.is_body_cut);
    site_url(&site, "/bytes/3000000", url);
    spec = answer_spec(url);
    spec.max_body = 3000000;
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.n_body, 3000000);
    CHECK(!answer.is_body_cut);
    site_close(&site);
}

static void
a_body_over_the_servers_limit_is_refused(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char url[256];
    char body[SITE_MAX_BODY + 1];
    memset(body, 'b', sizeof(body));
    site_open(&site, world, &world->tcp);
    site_url(&site, "/ok", url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.method = dm_str("POST");
    spec.body = dm_str_n(body, SITE_MAX_BODY);
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.status, 200);
    spec.body = dm_str_n(body, SITE_MAX_BODY + 1);
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.status, 413);
    site_close(&site);
}

static void
redirects_are_followed_up_to_a_number(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/to/to%2Fto%2F%252Fecho%3Fx", url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.max_redirects = 5;
    site_url(&site, "/to/%2Fok", url);
    spec.url = dm_str(url);
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.status, 200);
    CHECK_INT(answer.n_redirects, 1);
    site_url(&site, "/ok", url);
    CHECK(!strcmp(answer.url, url));

    site_url(&site, "/loop", url);
    spec.url = dm_str(url);
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_TOO_LARGE);
    CHECK_INT(answer.n_redirects, 5);
    CHECK_INT(answer.status, 302);

    spec.max_redirects = 0; // Then a redirect is an answer like any other
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK_INT(answer.status, 302);
    site_close(&site);
}

static void
a_redirect_after_post_asks_with_get(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/see-other", url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.method = dm_str("POST");
    spec.body = dm_str("content");
    spec.max_redirects = 1;
    answer_get(world, &spec, &answer);
    CHECK(!strcmp(answer.body, "GET /echo? / "));
    site_close(&site);
}

static void
credentials_do_not_follow_to_another_origin(const struct contract_world *world)
{
    const struct dm_http_header headers[] = {
        {DM_STR("Authorization"), DM_STR("Bearer secret")},
        {DM_STR("X-Word"), DM_STR("w")},
    };
    struct site here;
    struct site there;
    struct answer answer;
    char url[256];
    char place[DM_ENDPOINT_SIZE];
    char path[DM_ENDPOINT_SIZE + 32];
    site_open(&here, world, &world->tcp);
    site_open(&there, world, &world->tcp);
    dm_endpoint_format(&there.endpoint, place);
    (void)snprintf(path, sizeof(path), "/to/http:%%2F%%2F%s%%2Fecho", place);
    site_url(&here, path, url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.headers = headers;
    spec.n_headers = DM_COUNT_OF(headers);
    spec.max_redirects = 1;
    answer_get(world, &spec, &answer);
    CHECK(!strcmp(answer.body, "GET /echo? w/ "));
    site_url(&here, "/to/%2Fecho", url);
    spec.url = dm_str(url);
    answer_get(world, &spec, &answer);
    CHECK(!strcmp(answer.body, "GET /echo? w/Bearer secret "));
    site_close(&here);
    site_close(&there);
}

static void
nobody_listening_is_a_connection_failure(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/ok", url);
    site_close(&site);
    const struct dm_http_request_spec spec = answer_spec(url);
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    CHECK(strstr(answer.outcome.text, "refused"));
    CHECK_INT(answer.status, 0);
}

static void
an_answer_that_does_not_come_times_out(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/later", url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.timeout_ns = INT64_C(50000000);
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_TIMED_OUT);
    CHECK(answer.times.total_ns >= spec.timeout_ns);
    contract_wait(world, &site.has_closed); // The server sees it leave
    CHECK_INT(site.n_complete, 0);
    CHECK(!site.kept[0]);
    site_close(&site);
}

static void
a_cut_connection_is_a_connection_failure(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    site_open(&site, world, &world->tcp);
    get(&site, "/abort", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    CHECK_INT(answer.status, 0);
    contract_wait(world, &site.has_closed);
    CHECK_INT(site.n_complete, 0);
    site_close(&site);
}

static void
nonsense_is_a_completion_too(const struct contract_world *world)
{
    static const char *const urls[] = {
        "",
        "ftp://127.0.0.1/",
        "http://",
        "http://h:0/",
        "http://[::1/",
        "http://a b/",
    };
    struct answer answer;
    for (size_t i = 0; i < DM_COUNT_OF(urls); ++i) {
        const struct dm_http_request_spec spec = answer_spec(urls[i]);
        answer_get(world, &spec, &answer);
        CHECK_INT(answer.outcome.failure, DM_NET_PROTOCOL);
        CHECK(answer.outcome.text[0]);
    }
    const struct dm_http_header forged = {DM_STR("X-Word"),
                                          DM_STR("a\r\nHost: b")};
    struct dm_http_request_spec spec = answer_spec("http://127.0.0.1/");
    spec.headers = &forged;
    spec.n_headers = 1;
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_PROTOCOL);
    spec.n_headers = 0;
    spec.method = dm_str("GET / HTTP/1.1\r\nX:");
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_PROTOCOL);
}

static void
a_unix_socket_serves_like_a_port(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char connect[DM_ENDPOINT_SIZE];
    site_open(&site, world, &world->path);
    dm_endpoint_format(&site.endpoint, connect);
    struct dm_http_request_spec spec = answer_spec("http://localhost/ok");
    spec.connect = dm_str(connect);
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK(!strcmp(answer.body, "hello"));
    CHECK_INT(site.peer, DM_HTTP_PEER_SOCKET);
    site_close(&site);
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
}

static void
connect_takes_the_place_of_the_host(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char connect[DM_ENDPOINT_SIZE];
    site_open(&site, world, &world->tcp);
    dm_endpoint_format(&site.endpoint, connect);
    struct dm_http_request_spec spec = answer_spec("http://nowhere.invalid/ok");
    spec.connect = dm_str(connect);
    answer_get(world, &spec, &answer);
    CHECK(!strcmp(answer.body, "hello"));
    site_close(&site);
}

static void
many_run_at_once(const struct contract_world *world)
{
    struct site site;
    struct answer *answers = dm_calloc(MANY, sizeof(*answers));
    char url[256];
    CHECK(answers);
    site_open(&site, world, &world->tcp);
    site_url(&site, "/later", url);
    const struct dm_http_request_spec spec = answer_spec(url);
    for (int i = 0; i < MANY; ++i) {
        struct dm_http_request *request = NULL;
        CHECK_INT(dm_http_client_start(world->net->http, &spec, answer_take,
                                       &answers[i], &request),
                  DM_OK);
    }
    CHECK_INT((int64_t)dm_http_client_count(world->net->http), MANY);
    while (site.n_kept < MANY) {
        site.has_kept = false;
        contract_wait(world, &site.has_kept);
    }
    for (int i = 0; i < MANY; ++i) {
        CHECK(!answers[i].is_done);
        site_answer(&site, i, "late");
    }
    for (int i = 0; i < MANY; ++i) {
        contract_wait(world, &answers[i].is_done);
        CHECK_INT(answers[i].outcome.failure, DM_NET_OK);
        CHECK(!strcmp(answers[i].body, "late"));
    }
    CHECK_INT((int64_t)dm_http_client_count(world->net->http), 0);
    contract_wait(world, &site.has_closed);
    CHECK_INT(site.n_complete, MANY);
    site_close(&site);
    dm_free(answers);
}

// Cancel after each number of steps that a request takes
static void
cancel_after_each_step(const struct contract_world *world, const char *url)
{
    struct answer *answers = dm_calloc(STEPS, sizeof(*answers));
    struct dm_http_request_spec spec = answer_spec(url);
    bool is_over = false;
    CHECK(answers);
    spec.max_redirects = 1;
    for (int n_steps = 0; n_steps < STEPS && !is_over; ++n_steps) {
        struct answer *answer = &answers[n_steps];
        struct dm_http_request *request = NULL;
        CHECK_INT(dm_http_client_start(world->net->http, &spec, answer_take,
                                       answer, &request),
                  DM_OK);
        for (int n = 0; n < n_steps && !answer->is_done; ++n) {
            world->step(world->self);
        }
        is_over = answer->is_done;
        if (!is_over) {
            dm_http_client_cancel(world->net->http, request);
        }
    }
    contract_settle(world);
    int n_done = 0;
    for (int i = 0; i < STEPS; ++i) {
        n_done += answers[i].is_done;
    }
    CHECK_INT(n_done, is_over);
    dm_free(answers);
}

static void
a_cancelled_request_never_completes(const struct contract_world *world)
{
    static const char *const paths[] = {"/ok", "/later", "/to/%2Fok",
                                        "/bytes/200000"};
    struct site site;
    char url[256];
    site_open(&site, world, &world->tcp);
    for (size_t i = 0; i < DM_COUNT_OF(paths); ++i) {
        site_url(&site, paths[i], url);
        cancel_after_each_step(world, url);
    }
    CHECK_INT((int64_t)dm_http_client_count(world->net->http), 0);
    site_close(&site);
}

static void
a_kept_connection_is_used_again_or_replaced(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/ok", url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.keep_alive = true;
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.status, 200);
    contract_wait(world, &site.has_closed);
    const uint16_t first = site.client_port;
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.status, 200);
    CHECK(!world->keeps_connections || site.client_port == first);
    spec.keep_alive = false; // Who wants to measure gets one of its own
    answer_get(world, &spec, &answer);
    CHECK(site.client_port != first);

    const struct dm_endpoint endpoint = site.endpoint;
    site_close(&site); // And the kept connection with it
    site_open(&site, world, &endpoint);
    spec.keep_alive = true;
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK_INT(answer.status, 200);
    site_close(&site);
}

static void
closing_a_server_ends_its_calls(const struct contract_world *world)
{
    struct site site;
    struct answer answer = {0};
    struct dm_http_request *request = NULL;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/later", url);
    const struct dm_http_request_spec spec = answer_spec(url);
    CHECK_INT(dm_http_client_start(world->net->http, &spec, answer_take,
                                   &answer, &request),
              DM_OK);
    contract_wait(world, &site.has_kept);
    site_close(&site); // Says that n_closed is n_requests
    CHECK_INT(site.n_complete, 0);
    contract_wait(world, &answer.is_done);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
}

static void
a_taken_port_is_busy(const struct contract_world *world)
{
    const struct dm_http_handler handler = {0};
    struct site site;
    struct dm_error error;
    struct dm_http_server *server = NULL;
    site_open(&site, world, &world->tcp);
    const struct dm_http_listen listen = site_listen(&site.endpoint);
    CHECK_INT(dm_http_servers_listen(world->net->servers, &listen, &handler,
                                     &server, &error),
              DM_ERR_BUSY);
    CHECK(error.what[0]);
    CHECK(!server);
    site_close(&site);
}

static void
too_many_header_fields_are_refused(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    site_open(&site, world, &world->tcp);
    get(&site, "/headers/100", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    get(&site, "/headers/128", &answer); // And those the server adds
    CHECK_INT(answer.outcome.failure, DM_NET_TOO_LARGE);
    site_close(&site);
}

static void
ask(const struct site *site, const char *path, struct answer *answer)
{
    char url[256];
    struct dm_http_request *request = NULL;
    site_url(site, path, url);
    const struct dm_http_request_spec spec = answer_spec(url);
    memset(answer, 0, sizeof(*answer));
    CHECK_INT(dm_http_client_start(site->world->net->http, &spec, answer_take,
                                   answer, &request),
              DM_OK);
}

static void
strangers_and_others_are_counted_apart(const struct contract_world *world)
{
    struct site site;
    static struct answer trusted;
    static struct answer kept;
    static struct answer answer;
    struct dm_http_listen listen = site_listen(&world->tcp);
    listen.max_connections = 1;
    listen.max_trusted = 1;
    site_open_as(&site, world, &listen);
    ask(&site, "/later", &trusted);
    contract_wait(world, &site.has_kept);
    get(&site, "/ok", &answer); // The one stranger is being served
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    CHECK(!dm_http_trust(site.kept[0], 0));
    CHECK(dm_http_trust(site.kept[0], 1));
    CHECK(dm_http_trust(site.kept[0], 1));
    get(&site, "/ok", &answer);
    CHECK_INT(answer.status, 200);

    site.has_kept = false; // Takes the place of the last, which asks no more
    ask(&site, "/later", &kept);
    contract_wait(world, &site.has_kept);
    CHECK_INT(site.n_kept, 2);
    CHECK(!dm_http_trust(site.kept[1], 1)); // There is one already
    CHECK(!dm_http_trust(site.kept[1], 9)); // And max_trusted
    get(&site, "/ok", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    site_answer(&site, 0, "first");
    site_answer(&site, 1, "second");
    contract_wait(world, &trusted.is_done);
    contract_wait(world, &kept.is_done);
    CHECK(!strcmp(trusted.body, "first") && !strcmp(kept.body, "second"));
    site_close(&site);
}

void
contract_http(const struct contract_world *world)
{
    a_request_gets_its_answer(world);
    method_header_and_body_arrive(world);
    userinfo_becomes_basic_authorization(world);
    head_gets_the_header_alone(world);
    a_body_is_kept_up_to_its_limit(world);
    a_body_over_the_servers_limit_is_refused(world);
    redirects_are_followed_up_to_a_number(world);
    a_redirect_after_post_asks_with_get(world);
    credentials_do_not_follow_to_another_origin(world);
    nobody_listening_is_a_connection_failure(world);
    an_answer_that_does_not_come_times_out(world);
    a_cut_connection_is_a_connection_failure(world);
    nonsense_is_a_completion_too(world);
    a_unix_socket_serves_like_a_port(world);
    connect_takes_the_place_of_the_host(world);
    many_run_at_once(world);
    a_cancelled_request_never_completes(world);
    a_kept_connection_is_used_again_or_replaced(world);
    closing_a_server_ends_its_calls(world);
    a_taken_port_is_busy(world);
    too_many_header_fields_are_refused(world);
    strangers_and_others_are_counted_apart(world);
}
