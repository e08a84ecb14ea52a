// SPDX-License-Identifier: ISC

#include "base/never.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define PLACE_SIZE 256

static atomic_uint_fast64_t count;
static char first[PLACE_SIZE];
static atomic_bool is_first_written; // Orders `first` before its readers

bool
dm_never(const char *file, int line, const char *what)
{
#ifdef DM_NEVER_ABORTS
    (void)fprintf(stderr, "%s:%d: never: %s\n", file, line, what);
    abort();
#else
    if (atomic_fetch_add(&count, 1) == 0) {
        (void)snprintf(first, sizeof(first), "%s:%d: %s", file, line, what);
        atomic_store(&is_first_written, true);
    }
    return true;
#endif
}

uint64_t
dm_never_count(void)
{
    return atomic_load(&count);
}

const char *
dm_never_first(void)
{
    return atomic_load(&is_first_written) ? first : "";
}
