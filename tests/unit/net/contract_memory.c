// SPDX-License-Identifier: ISC

// Each allocation of this thread fails in turn, from then on all of them. What
// was started must come to its end all the same, and nothing may be lost.

#include "base/alloc.h"
#include "net/http_client.h"
#include "tests/check.h"
#include "tests/unit/net/contract.h"
#include "tests/unit/net/site.h"

#define ALLOCATIONS_MAX 200
#define TIMEOUT_NS INT64_C(50000000) // What cannot be watched runs into it

// @return Whether all went well.
static bool
try_request(const struct contract_world *world, const char *url, size_t n)
{
    struct dm_http_request_spec spec = answer_spec(url);
    struct dm_http_request *request = NULL;
    struct answer answer = {0};
    spec.timeout_ns = TIMEOUT_NS;
    spec.max_redirects = 1;
    dm_alloc_fail_after(n);
    const enum dm_status status = dm_http_client_start(
        world->net->http, &spec, answer_take, &answer, &request);
    CHECK(!status || status == DM_ERR_NO_MEMORY || status == DM_ERR_LIMIT);
    if (!status) {
        contract_wait(world, &answer.is_done);
    }
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    return !status && !answer.outcome.failure;
}

static void
a_request_ends_whatever_fails(const struct contract_world *world)
{
    static const char *const paths[] = {"/status/204", "/headers/3"};
    struct site site;
    char url[256];
    site_open(&site, world, &world->tcp);
    for (size_t i = 0; i < DM_COUNT_OF(paths); ++i) {
        size_t n = 0;
        site_url(&site, paths[i], url);
        while (!try_request(world, url, n)) {
            ++n;
            CHECK(n < ALLOCATIONS_MAX);
        }
        CHECK(n > 0);
    }
    site_close(&site);
}

static void
a_server_opens_or_says_why_not(const struct contract_world *world)
{
    const struct dm_http_handler handler = {0};
    const struct dm_http_listen listen = site_listen(&world->path);
    for (size_t n = 0;; ++n) {
        struct dm_http_server *server = NULL;
        struct dm_error error;
        dm_alloc_fail_after(n);
        const enum dm_status status = dm_http_servers_listen(
            world->net->servers, &listen, &handler, &server, &error);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!status) {
            dm_http_servers_close(world->net->servers, server);
            CHECK(n > 0);
            return;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
        CHECK(n < ALLOCATIONS_MAX);
    }
}

void
contract_memory(const struct contract_world *world)
{
    a_request_ends_whatever_fails(world);
    a_server_opens_or_says_why_not(world);
}
