// SPDX-License-Identifier: ISC

// Answers of unknown length, and clients that leave in the middle

#include "net/http_client.h"
#include "tests/check.h"
#include "tests/unit/net/contract.h"
#include "tests/unit/net/site.h"

#include <string.h>

#define CHUNK 10000
#define N_CHUNKS 100

// A request under way to a kept stream of the site
struct watched {
    struct answer answer;
    struct dm_http_request *request;
    int64_t n_data;
    int64_t n_data_wanted;
    bool has_data; // n_data_wanted bytes came
    bool stops;
};

static bool
on_data(void *context, unsigned status, struct dm_str bytes)
{
    struct watched *watched = context;
    CHECK_INT(status, 200);
    watched->n_data += (int64_t)bytes.n;
    watched->has_data = watched->n_data >= watched->n_data_wanted;
    return !watched->stops;
}

static void
begin(struct site *site, const char *path, bool as_data,
      struct watched *watched)
{
    char url[256];
    memset(watched, 0, sizeof(*watched));
    watched->n_data_wanted = 1;
    site_url(site, path, url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.max_body = (size_t)N_CHUNKS * CHUNK;
    if (as_data) {
        spec.on_data = on_data;
        spec.data_context = watched;
    }
    CHECK_INT(dm_http_client_start(site->world->net->http, &spec, answer_take,
                                   &watched->answer, &watched->request),
              DM_OK);
    contract_wait(site->world, &site->has_kept);
}

static void
parts_arrive_as_they_are_written(const struct contract_world *world)
{
    struct site site;
    struct watched watched;
    site_open(&site, world, &world->tcp);
    begin(&site, "/stream", true, &watched);
    CHECK_INT(dm_http_write(site.kept[0], dm_str("one")), DM_OK);
    watched.n_data_wanted = 3;
    contract_wait(world, &watched.has_data);
    CHECK(!watched.answer.is_done);
    watched.has_data = false;
    watched.n_data_wanted = 6;
    CHECK_INT(dm_http_write(site.kept[0], dm_str("two")), DM_OK);
    contract_wait(world, &watched.has_data);
    CHECK(!watched.answer.is_done);
    dm_http_end(site.kept[0]);
    contract_wait(world, &watched.answer.is_done);
    CHECK_INT(watched.answer.outcome.failure, DM_NET_OK);
    CHECK_INT(watched.answer.n_body, 0);
    CHECK_INT(watched.answer.body_bytes, 6);
    contract_wait(world, &site.has_closed);
    CHECK_INT(site.n_complete, 1);
    site_close(&site);
}

static void
a_slow_connection_holds_the_writer_back(const struct contract_world *world)
{
    static char chunk[CHUNK];
    struct site site;
    struct watched watched;
    int n_again = 0;
    memset(chunk, 'c', sizeof(chunk));
    site_open(&site, world, &world->tcp);
    begin(&site, "/stream", false, &watched);
    for (int i = 0; i < N_CHUNKS;) {
        const enum dm_status status =
            dm_http_write(site.kept[0], dm_str_n(chunk, sizeof(chunk)));
        if (status == DM_OK) {
            ++i;
            continue;
        }
        CHECK_INT(status, DM_AGAIN);
        ++n_again;
        site.is_writable = false;
        contract_wait(world, &site.is_writable);
    }
    CHECK(n_again > 0); // 1 MB does not fit into 64 KiB
    CHECK_INT(site.n_writable, n_again);
    dm_http_end(site.kept[0]);
    contract_wait(world, &watched.answer.is_done);
    CHECK_INT(watched.answer.n_body, (int64_t)N_CHUNKS * CHUNK);
    CHECK_INT(watched.answer.body[0], 'c');
    site_close(&site);
}

static void
a_stream_that_is_cut_is_no_answer(const struct contract_world *world)
{
    struct site site;
    struct watched watched;
    site_open(&site, world, &world->tcp);
    begin(&site, "/half", true, &watched);
    contract_wait(world, &watched.has_data);
    dm_http_abort(site.kept[0]);
    contract_wait(world, &watched.answer.is_done);
    CHECK_INT(watched.answer.outcome.failure, DM_NET_CONNECTION);
    CHECK_INT(watched.answer.status, 200);
    contract_wait(world, &site.has_closed);
    CHECK_INT(site.n_complete, 0);
    site_close(&site);
}

static void
a_reader_may_give_up(const struct contract_world *world)
{
    struct site site;
    struct watched watched;
    site_open(&site, world, &world->tcp);
    begin(&site, "/half", true, &watched);
    watched.stops = true;
    contract_wait(world, &watched.answer.is_done);
    CHECK_INT(watched.answer.outcome.failure, DM_NET_CANCELLED);
    contract_wait(world, &site.has_closed);
    site_close(&site);
}

static void
the_server_sees_a_client_leave(const struct contract_world *world)
{
    static const char *const paths[] = {"/later", "/stream", "/half"};
    for (size_t i = 0; i < DM_COUNT_OF(paths); ++i) {
        struct site site;
        struct watched watched;
        site_open(&site, world, &world->tcp);
        begin(&site, paths[i], true, &watched);
        CHECK(!site.has_closed);
        dm_http_client_cancel(world->net->http, watched.request);
        contract_wait(world, &site.has_closed);
        CHECK_INT(site.n_complete, 0);
        CHECK(!watched.answer.is_done);
        site_close(&site);
    }
}

static void
head_of_a_stream_ends_without_its_body(const struct contract_world *world)
{
    struct site site;
    struct answer answer = {0};
    struct dm_http_request *request = NULL;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/half", url);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.method = dm_str("HEAD");
    CHECK_INT(dm_http_client_start(world->net->http, &spec, answer_take,
                                   &answer, &request),
              DM_OK);
    contract_wait(world, &site.has_kept);
    if (site.kept[0]) { // A server may wait for its end, or not
        dm_http_end(site.kept[0]);
    }
    contract_wait(world, &answer.is_done);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK_INT(answer.n_body, 0);
    contract_wait(world, &site.has_closed);
    CHECK_INT(site.n_complete, 1);
    site_close(&site);
}

void
contract_http_stream(const struct contract_world *world)
{
    parts_arrive_as_they_are_written(world);
    a_slow_connection_holds_the_writer_back(world);
    a_stream_that_is_cut_is_no_answer(world);
    a_reader_may_give_up(world);
    the_server_sees_a_client_leave(world);
    head_of_a_stream_ends_without_its_body(world);
}
