// SPDX-License-Identifier: ISC

#include "tests/unit/net/contract.h"

#include "tests/check.h"

#define STEPS_MAX 100000
#define STEPS_TO_SETTLE 20

void
contract_wait(const struct contract_world *world, const bool *is_done)
{
    for (int i = 0; i < STEPS_MAX && !*is_done; ++i) {
        world->step(world->self);
    }
    CHECK(*is_done);
}

void
contract_settle(const struct contract_world *world)
{
    for (int i = 0; i < STEPS_TO_SETTLE; ++i) {
        world->step(world->self);
    }
}
