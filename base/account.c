// SPDX-License-Identifier: ISC

#include "base/account.h"

#include <assert.h>

void
dm_account_init(struct dm_account *account, size_t limit)
{
    *account = (struct dm_account){.limit = limit};
}

enum dm_status
dm_account_charge(struct dm_account *account, size_t n)
{
    if (n > account->limit - account->used) {
        return DM_ERR_NO_MEMORY;
    }
    account->used += n;
    if (account->used > account->peak) {
        account->peak = account->used;
    }
    return DM_OK;
}

void
dm_account_release(struct dm_account *account, size_t n)
{
    assert(n <= account->used);
    account->used -= n;
}
