// SPDX-License-Identifier: ISC

// Clients that speak to a server byte by byte, well or badly. For networks on
// which streams and servers meet.

#include "net/http_client.h"
#include "tests/check.h"
#include "tests/unit/net/contract.h"
#include "tests/unit/net/raw.h"
#include "tests/unit/net/site.h"

#include <string.h>

static void
a_request_in_single_bytes_is_one_request(const struct contract_world *world)
{
    static const char request[] = "POST /echo HTTP/1.1\r\nHost: x\r\n"
                                  "Content-Length: 3\r\n"
                                  "Connection: close\r\n\r\nabc";
    struct site site;
    struct raw raw;
    site_open(&site, world, &world->tcp);
    raw_open(world, &site.endpoint, &raw);
    for (size_t i = 0; request[i]; ++i) {
        CHECK_INT(dm_stream_write(world->net->streams, raw.stream,
                                  dm_str_n(&request[i], 1)),
                  DM_OK);
        world->step(world->self);
    }
    contract_wait(world, &raw.has_ended);
    CHECK_INT(site.n_requests, 1);
    CHECK(strstr(raw.bytes, "POST /echo? / abc"));
    site_close(&site);
}

static void
requests_in_a_row_are_answered_in_their_order(
    const struct contract_world *world)
{
    static const char requests[] = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
                                   "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"
                                   "GET /echo?end HTTP/1.1\r\nHost: x\r\n"
                                   "Connection: close\r\n\r\n";
    struct site site;
    struct raw raw;
    site_open(&site, world, &world->tcp);
    raw_open(world, &site.endpoint, &raw);
    CHECK_INT(
        dm_stream_write(world->net->streams, raw.stream, dm_str(requests)),
        DM_OK);
    contract_wait(world, &site.has_kept);
    contract_settle(world);
    CHECK_INT(site.n_requests, 1);
    site_answer(&site, 0, "first");
    contract_wait(world, &raw.has_ended);
    const char *first = strstr(raw.bytes, "first");
    const char *second = strstr(raw.bytes, "hello");
    const char *third = strstr(raw.bytes, "/echo?end");
    CHECK(first && second && third && first < second && second < third);
    CHECK_INT(site.n_complete, 3);
    site_close(&site);
}

static void
an_old_client_gets_its_stream_without_chunks(const struct contract_world *world)
{
    struct site site;
    struct raw raw;
    site_open(&site, world, &world->tcp);
    raw_open(world, &site.endpoint, &raw);
    CHECK_INT(dm_stream_write(world->net->streams, raw.stream,
                              dm_str("GET /half HTTP/1.0\r\n\r\n")),
              DM_OK);
    contract_wait(world, &site.has_kept);
    dm_http_end(site.kept[0]);
    contract_wait(world, &raw.has_ended);
    CHECK(strstr(raw.bytes, "\r\n\r\nhalf"));
    CHECK_INT(site.n_complete, 1);
    site_close(&site);
}

static void
send_text(const struct contract_world *world, struct raw *raw, const char *text)
{
    CHECK_INT(dm_stream_write(world->net->streams, raw->stream, dm_str(text)),
              DM_OK);
}

// The length is not known before: what is over is thrown away, up to a point
static void
a_body_in_chunks_has_the_same_limit(const struct contract_world *world)
{
    static char chunk[0x400 + 8]; // Size, 1024 bytes, line end
    struct site site;
    struct raw raw;
    (void)snprintf(chunk, sizeof(chunk), "400\r\n%01024d\r\n", 0);
    site_open(&site, world, &world->tcp);
    raw_open(world, &site.endpoint, &raw);
    send_text(world, &raw,
              "POST /echo HTTP/1.1\r\nHost: x\r\n"
              "Transfer-Encoding: chunked\r\n\r\n");
    send_text(world, &raw, "3\r\nabc\r\n");
    send_text(world, &raw, chunk);
    send_text(world, &raw, "0\r\n\r\n");
    contract_wait(world, &raw.has_data);
    CHECK(!strncmp(raw.bytes, "HTTP/1.1 413 ", 13));
    CHECK_INT(site.n_requests, 1);
    dm_stream_close(world->net->streams, raw.stream);

    raw_open(world, &site.endpoint, &raw); // Without an end
    send_text(world, &raw,
              "POST /echo HTTP/1.1\r\nHost: x\r\n"
              "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 5000 && !raw.has_ended; ++i) {
        if (dm_stream_write(world->net->streams, raw.stream, dm_str(chunk)) ==
            DM_AGAIN) {
            raw.is_writable = false;
        }
        world->step(world->self);
    }
    CHECK(raw.has_ended);
    CHECK_INT(site.n_requests, 1);
    site_close(&site);
}

static void
who_asks_first_is_told_to_send_its_body(const struct contract_world *world)
{
    struct site site;
    struct raw raw;
    site_open(&site, world, &world->tcp);
    raw_open(world, &site.endpoint, &raw);
    send_text(world, &raw,
              "PUT /echo HTTP/1.1\r\nHost: x\r\n"
              "Expect: 100-continue\r\nContent-Length: 3\r\n"
              "Connection: close\r\n\r\n");
    contract_wait(world, &raw.has_data);
    CHECK(!strncmp(raw.bytes, "HTTP/1.1 100 ", 13));
    CHECK_INT(site.n_requests, 0);
    send_text(world, &raw, "abc");
    contract_wait(world, &raw.has_ended);
    CHECK(strstr(raw.bytes, "PUT /echo? / abc"));
    raw_open(world, &site.endpoint, &raw);
    send_text(world, &raw,
              "PUT /echo HTTP/1.1\r\nHost: x\r\n"
              "Expect: 100-continue\r\nContent-Length: 2000\r\n"
              "\r\n");
    contract_wait(world, &raw.has_ended);
    CHECK(!strncmp(raw.bytes, "HTTP/1.1 413 ", 13)); // And spared it
    site_close(&site);
}

static void
bytes_that_are_no_http_reach_no_handler(const struct contract_world *world)
{
    static const char *const lines[] = {
        "nonsense\r\n\r\n",
        "GET /ok HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    };
    for (size_t i = 0; i < DM_COUNT_OF(lines); ++i) {
        struct site site;
        struct raw raw;
        site_open(&site, world, &world->tcp);
        raw_open(world, &site.endpoint, &raw);
        CHECK_INT(
            dm_stream_write(world->net->streams, raw.stream, dm_str(lines[i])),
            DM_OK);
        contract_wait(world, &raw.has_ended);
        CHECK_INT(site.n_requests, 0);
        site_close(&site);
    }
}

static void
leaving_in_the_middle_of_a_request_reaches_no_handler(
    const struct contract_world *world)
{
    static const char request[] = "POST /echo HTTP/1.1\r\nHost: x\r\n"
                                  "Content-Length: 3\r\n\r\nab";
    struct site site;
    struct answer answer;
    char url[256];
    for (size_t n = 1; n < sizeof(request); n += 7) {
        struct raw raw;
        site_open(&site, world, &world->tcp);
        raw_open(world, &site.endpoint, &raw);
        CHECK_INT(dm_stream_write(world->net->streams, raw.stream,
                                  dm_str_n(request, n)),
                  DM_OK);
        world->step(world->self);
        dm_stream_close(world->net->streams, raw.stream);
        site_url(&site, "/ok", url); // The server goes on
        const struct dm_http_request_spec spec = answer_spec(url);
        answer_get(world, &spec, &answer);
        CHECK_INT(answer.status, 200);
        CHECK_INT(site.n_requests, 1);
        CHECK(!raw.has_ended);
        site_close(&site);
    }
}

void
contract_http_bytes(const struct contract_world *world)
{
    a_request_in_single_bytes_is_one_request(world);
    requests_in_a_row_are_answered_in_their_order(world);
    an_old_client_gets_its_stream_without_chunks(world);
    a_body_in_chunks_has_the_same_limit(world);
    who_asks_first_is_told_to_send_its_body(world);
    bytes_that_are_no_http_reach_no_handler(world);
    leaving_in_the_middle_of_a_request_reaches_no_handler(world);
}
