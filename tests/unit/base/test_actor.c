// SPDX-License-Identifier: ISC

#include "base/actor.h"
#include "tests/check.h"

static enum dm_progress
step_writer(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    DM_ON_WRITER();
    CHECK(!DM_ROLE_FITS(DM_ROLE_LOOP));
    *(int64_t *)self = now_ns;
    *ret_due_ns = now_ns + 5;
    return DM_PROGRESS_IDLE;
}

static void
a_step_runs_in_the_role_of_its_actor(void)
{
    int64_t seen = 0;
    const struct dm_actor actor = {
        .name = "writer",
        .role = DM_ROLE_WRITER,
        .step = step_writer,
        .self = &seen,
    };
    int64_t due = 0;
    CHECK(dm_actor_step(&actor, 7, &due) == DM_PROGRESS_IDLE);
    CHECK_INT(seen, 7);
    CHECK_INT(due, 12);
}

static void
outside_a_step_every_role_fits(void)
{
    CHECK(dm_role_now() == DM_ROLE_NONE);
    DM_ON_LOOP();
    DM_ON_WRITER();
    DM_ON_WORKER();
}

static enum dm_progress
step_inner(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    (void)now_ns;
    *ret_due_ns = DM_NEVER_DUE;
    const struct dm_actor *inner = self;
    if (inner) {
        int64_t due = 0;
        CHECK(dm_actor_step(inner, 0, &due) == DM_PROGRESS_ENDED);
        CHECK(dm_role_now() == DM_ROLE_LOOP);
        return DM_PROGRESS_WORKED;
    }
    CHECK(dm_role_now() == DM_ROLE_WORKER);
    return DM_PROGRESS_ENDED;
}

static void
the_role_before_a_step_comes_back_after_it(void)
{
    struct dm_actor inner = {
        .name = "worker", .role = DM_ROLE_WORKER, .step = step_inner};
    const struct dm_actor outer = {.name = "loop",
                                   .role = DM_ROLE_LOOP,
                                   .step = step_inner,
                                   .self = &inner};
    int64_t due = 0;
    CHECK(dm_actor_step(&outer, 0, &due) == DM_PROGRESS_WORKED);
    CHECK(dm_role_now() == DM_ROLE_NONE);
}

int
main(void)
{
    a_step_runs_in_the_role_of_its_actor();
    outside_a_step_every_role_fits();
    the_role_before_a_step_comes_back_after_it();
    return 0;
}
