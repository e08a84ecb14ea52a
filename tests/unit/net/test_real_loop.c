// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "net/loop.h"
#include "tests/check.h"
#include "tests/unit/net/real_world.h"
#include "tests/unit/net/site.h"

#define MS INT64_C(1000000)

static void
an_idle_loop_sleeps(const struct contract_world *world)
{
    struct dm_loop *loop = world->net->loop;
    struct site site;
    struct answer answer;
    char url[256];
    site_open(&site, world, &world->tcp);
    site_url(&site, "/ok", url);
    const struct dm_http_request_spec spec = answer_spec(url);
    answer_get(world, &spec, &answer);
    contract_wait(world, &site.has_closed);
    contract_settle(world);

    int64_t due_ns = 0;
    const int64_t start_ns = dm_loop_now_ns(loop);
    CHECK_INT(dm_loop_step(loop, 50 * MS, &due_ns), DM_PROGRESS_IDLE);
    CHECK_INT(due_ns, DM_NEVER_DUE);
    CHECK(dm_loop_now_ns(loop) - start_ns >= 50 * MS);
    CHECK_INT(dm_loop_step(loop, 0, &due_ns), DM_PROGRESS_IDLE);
    site_close(&site);
}

static void
an_ended_loop_stays_so(const struct contract_world *world)
{
    struct dm_loop *loop = world->net->loop;
    const struct dm_actor actor = dm_loop_actor(loop);
    int64_t due_ns = 0;
    CHECK(dm_actor_step(&actor, 0, &due_ns) != DM_PROGRESS_ENDED);
    dm_loop_end(loop);
    CHECK_INT(dm_actor_step(&actor, 0, &due_ns), DM_PROGRESS_ENDED);
    CHECK_INT(dm_loop_step(loop, DM_NEVER_DUE, &due_ns), DM_PROGRESS_ENDED);
}

static void
each_allocation_of_the_network_may_fail(const struct dm_env *env)
{
    for (size_t n = 0;; ++n) {
        struct dm_real *real = NULL;
        struct dm_error error;
        dm_alloc_fail_after(n);
        const enum dm_status status =
            dm_real_new(env, &dm_real_limits_default, &real, &error);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!status) {
            dm_real_free(real);
            CHECK(n > 0);
            return;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
        CHECK(error.what[0]);
    }
}

int
main(void)
{
    struct real_world world;
    real_world_init(&world);
    contract_loop(&world.world);
    an_idle_loop_sleeps(&world.world);
    each_allocation_of_the_network_may_fail(&world.env);
    an_ended_loop_stays_so(&world.world);
    real_world_done(&world);
    return 0;
}
