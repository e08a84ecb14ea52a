// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_UNIT_NET_REAL_WORLD_H
#define DM_TESTS_UNIT_NET_REAL_WORLD_H

/// The real network of this machine as a world for the contracts, on loopback
/// and with a directory of its own

#include "base/env.h"
#include "net/real.h"
#include "tests/unit/net/contract.h"

struct dm_log;

struct real_world {
    struct dm_env env;
    struct dm_log *log;
    struct dm_real *real;
    struct contract_world world;
    char directory[64];
};

void real_world_init(struct real_world *world);
void real_world_done(struct real_world *world);

#endif // DM_TESTS_UNIT_NET_REAL_WORLD_H
