// SPDX-License-Identifier: ISC

#include "sync/succession.h"

#include "base/actor.h"
#include "base/work.h"
#include "quadstore/blocks.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "sync/block.h"

#include <assert.h>

#define SPACE "successor"
#define READ_MEMORY (1U << 20U)

enum dm_status
dm_succession_find(struct dm_snapshot *snapshot,
                   const uint8_t log[DM_KEY_PUBLIC_BYTES], struct dm_str *ret)
{
    char name[DM_KEY_NAME_SIZE];
    dm_key_name(log, name);
    return dm_snapshot_state_get(snapshot, SPACE, dm_str(name), ret);
}

enum dm_status
dm_succession_keep(struct dm_txn *txn, const struct dm_env *env,
                   const uint8_t log[DM_KEY_PUBLIC_BYTES], struct dm_str block,
                   bool *ret_is_new)
{
    char name[DM_KEY_NAME_SIZE];
    struct dm_snapshot *snapshot = NULL;
    struct dm_str known;
    struct dm_work work;
    DM_ON_WRITER();
    assert(block.n && block.n <= DM_SUCCESSOR_MAX);
    dm_work_init(&work, env, INT64_MAX, READ_MEMORY);
    enum dm_status status = dm_txn_snapshot(txn, &work, &snapshot);
    if (status) {
        return status;
    }
    status = dm_succession_find(snapshot, log, &known);
    dm_snapshot_close(snapshot);
    if (status != DM_ERR_NOT_FOUND) {
        *ret_is_new = false;
        return status;
    }
    dm_key_name(log, name);
    status = dm_txn_state_put(txn, SPACE, dm_str(name), &block);
    *ret_is_new = status == DM_OK;
    return status;
}
