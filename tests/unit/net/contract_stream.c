// SPDX-License-Identifier: ISC

#include "net/stream.h"

#include "tests/check.h"
#include "tests/unit/net/contract.h"
#include "tests/unit/net/raw.h"
#include "tests/unit/net/site.h"

#include <string.h>

#define STEPS 8 // More than connecting takes
#define UNSENT_MAX 65536

static void
send_text(const struct contract_world *world, struct raw *raw, const char *text)
{
    CHECK_INT(dm_stream_write(world->net->streams, raw->stream, dm_str(text)),
              DM_OK);
}

static void
bytes_go_out_and_come_in(const struct contract_world *world,
                         const struct dm_endpoint *endpoint)
{
    struct site site;
    struct raw raw;
    site_open(&site, world, endpoint);
    raw_open(world, &site.endpoint, &raw);
    send_text(world, &raw, "GET /ok HTTP/1.1\r\n");
    send_text(world, &raw, "");
    send_text(world, &raw, "Host: x\r\nConnection: close\r\n\r\n");
    contract_wait(world, &raw.has_ended);
    CHECK_INT(raw.outcome.failure, DM_NET_OK);
    CHECK(!strncmp(raw.bytes, "HTTP/1.1 200 ", 13));
    CHECK(strstr(raw.bytes, "hello"));
    site_close(&site);
}

static void
nobody_listening_ends_it_before_it_opens(const struct contract_world *world)
{
    struct site site;
    struct raw raw;
    site_open(&site, world, &world->tcp);
    site_close(&site);
    raw_start(world, &site.endpoint, &raw);
    contract_wait(world, &raw.has_ended);
    CHECK(!raw.is_open);
    CHECK_INT(raw.outcome.failure, DM_NET_CONNECTION);
    CHECK(strstr(raw.outcome.text, "refused"));

    raw_start(world, &world->path, &raw); // No such path
    contract_wait(world, &raw.has_ended);
    CHECK(!raw.is_open);
    CHECK_INT(raw.outcome.failure, DM_NET_CONNECTION);
}

static void
a_closed_stream_is_silent(const struct contract_world *world)
{
    struct site site;
    static struct raw raws[STEPS];
    site_open(&site, world, &world->tcp);
    for (int n_steps = 0; n_steps < STEPS; ++n_steps) {
        struct raw *raw = &raws[n_steps];
        raw_start(world, &site.endpoint, raw);
        for (int i = 0; i < n_steps; ++i) {
            world->step(world->self);
        }
        if (raw->is_open) {
            send_text(world, raw, "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n");
        }
        dm_stream_close(world->net->streams, raw->stream);
    }
    contract_settle(world);
    for (int i = 0; i < STEPS; ++i) {
        CHECK(!raws[i].has_ended);
        CHECK(!raws[i].n);
    }
    site_close(&site);
}

static void
unsent_bytes_have_a_limit(const struct contract_world *world)
{
    static char bytes[UNSENT_MAX + 1];
    const struct dm_streams *streams = world->net->streams;
    struct site site;
    struct raw raw;
    memset(bytes, '\n', sizeof(bytes)); // Empty lines before a request
    site_open(&site, world, &world->tcp);
    raw_open(world, &site.endpoint, &raw);
    CHECK_INT(
        dm_stream_write(streams, raw.stream, dm_str_n(bytes, sizeof(bytes))),
        DM_ERR_LIMIT);
    CHECK_INT(dm_stream_write(streams, raw.stream, dm_str_n(bytes, UNSENT_MAX)),
              DM_OK);
    CHECK(!raw.is_writable);
    while (dm_stream_write(streams, raw.stream, dm_str_n(bytes, UNSENT_MAX)) ==
           DM_OK) { // Where all went out at once
    }
    contract_wait(world, &raw.is_writable);
    dm_stream_close(streams, raw.stream);
    site_close(&site);
}

static void
a_paused_stream_tells_nothing(const struct contract_world *world)
{
    struct site site;
    struct raw raw;
    site_open(&site, world, &world->tcp);
    raw_open(world, &site.endpoint, &raw);
    dm_stream_pause(world->net->streams, raw.stream, true);
    send_text(world, &raw,
              "GET /ok HTTP/1.1\r\nHost: x\r\n"
              "Connection: close\r\n\r\n");
    contract_wait(world, &site.has_closed);
    contract_settle(world);
    CHECK(!raw.has_data && !raw.has_ended);
    dm_stream_pause(world->net->streams, raw.stream, false);
    contract_wait(world, &raw.has_ended);
    CHECK(raw.has_data);
    site_close(&site);
}

static void
nothing_is_written_after_the_finish(const struct contract_world *world)
{
    struct site site;
    struct raw raw;
    site_open(&site, world, &world->tcp);
    raw_open(world, &site.endpoint, &raw);
    dm_stream_finish(world->net->streams, raw.stream);
    CHECK_INT(dm_stream_write(world->net->streams, raw.stream, dm_str("x")),
              DM_ERR_STATE);
    contract_wait(world, &raw.has_ended); // The server has no request to answer
    CHECK_INT(raw.outcome.failure, DM_NET_OK);
    site_close(&site);
}

void
contract_stream(const struct contract_world *world)
{
    bytes_go_out_and_come_in(world, &world->tcp);
    bytes_go_out_and_come_in(world, &world->path);
    nobody_listening_ends_it_before_it_opens(world);
    a_closed_stream_is_silent(world);
    unsent_bytes_have_a_limit(world);
    a_paused_stream_tells_nothing(world);
    nothing_is_written_after_the_finish(world);
}
