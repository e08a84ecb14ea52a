// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "tests/check.h"

#include <string.h>

static void
drop_line(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static int64_t
no_time(void *context)
{
    (void)context;
    return 0;
}

int
main(void)
{
    struct dm_log *log = dm_log_new(
        &(struct dm_log_options){.write = drop_line, .clock = no_time});
    CHECK(log);
    struct dm_env env;
    dm_env_init_system(&env, log);
    CHECK(dm_env_wall_ms(&env) > 0);
    dm_log_free(log);
    return 0;
}
