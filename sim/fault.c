// SPDX-License-Identifier: ISC

#include "sim/fault.h"

#include "base/fault.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static const char *const names[] = {
    "serve before COMMIT",
    "lose the latest row",
    "forget the union's de-duplication",
    "resolve on stale",
    "start `for` anew after a restart",
    "count unknown as bad",
    "run a due check twice",
    "skip a signature check",
    "serve a log before it is durable",
    "accept a foreign graph",
    "compare latest by at",
    "forget the guard",
    "lose a block between cursor and commit",
};

// Of a thread and not of a world: the code that asks knows no world
static _Thread_local const char *planted;
static _Thread_local uint64_t n_hits;

static bool
is_known(const char *name)
{
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

size_t
dm_sim_fault_n_names(void)
{
    return DM_COUNT_OF(names);
}

const char *
dm_sim_fault_name(size_t i)
{
    assert(i < DM_COUNT_OF(names));
    return names[i];
}

void
dm_sim_fault_plant(const char *name)
{
    assert(is_known(name));
    planted = name;
    n_hits = 0;
}

void
dm_sim_fault_clear(void)
{
    planted = NULL;
    n_hits = 0;
}

uint64_t
dm_sim_fault_n_hits(void)
{
    return n_hits;
}

// For every file that is compiled with DM_SIM; declared there alone
bool dm_fault_is_planted(const char *name);

bool
dm_fault_is_planted(const char *name)
{
    assert(is_known(name));
    if (!planted || strcmp(planted, name) != 0) {
        return false;
    }
    ++n_hits;
    return true;
}
