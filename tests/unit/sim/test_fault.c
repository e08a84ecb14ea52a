// SPDX-License-Identifier: ISC

// Compiled as the simulator's objects are
#define DM_SIM

#include "sim/fault.h"

#include "base/fault.h"
#include "tests/check.h"

#include <string.h>

static void
nothing_is_planted_at_first(void)
{
    CHECK(!DM_FAULT("resolve on stale"));
    CHECK_INT((int64_t)dm_sim_fault_n_hits(), 0);
}

static void
only_the_planted_one_is_true_and_counts(void)
{
    dm_sim_fault_plant("resolve on stale");
    CHECK(!DM_FAULT("count unknown as bad"));
    CHECK(DM_FAULT("resolve on stale"));
    CHECK(DM_FAULT("resolve on stale"));
    CHECK_INT((int64_t)dm_sim_fault_n_hits(), 2);
    dm_sim_fault_clear();
    CHECK(!DM_FAULT("resolve on stale"));
    CHECK_INT((int64_t)dm_sim_fault_n_hits(), 0);
}

static void
names_are_all_different(void)
{
    for (size_t i = 0; i < dm_sim_fault_n_names(); ++i) {
        for (size_t k = 0; k < i; ++k) {
            CHECK(strcmp(dm_sim_fault_name(i), dm_sim_fault_name(k)) != 0);
        }
    }
}

int
main(void)
{
    nothing_is_planted_at_first();
    only_the_planted_one_is_true_and_counts();
    names_are_all_different();
    return 0;
}
