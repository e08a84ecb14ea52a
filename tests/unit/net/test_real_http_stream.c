// SPDX-License-Identifier: ISC

#include "tests/check.h"
#include "tests/unit/net/real_world.h"

int
main(void)
{
    struct real_world world;
    real_world_init(&world);
    contract_http_stream(&world.world);
    contract_http_bytes(&world.world);
    real_world_done(&world);
    return 0;
}
