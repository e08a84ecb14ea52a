// SPDX-License-Identifier: ISC

#include "base/account.h"
#include "tests/check.h"

static void
a_charge_over_the_limit_changes_nothing(void)
{
    struct dm_account account;
    dm_account_init(&account, 100);
    CHECK(dm_account_charge(&account, 60) == DM_OK);
    CHECK(dm_account_charge(&account, 41) == DM_ERR_NO_MEMORY);
    CHECK(dm_account_charge(&account, SIZE_MAX) == DM_ERR_NO_MEMORY);
    CHECK_INT((int64_t)account.used, 60);
    CHECK(dm_account_charge(&account, 40) == DM_OK);
}

static void
the_peak_stays_when_memory_is_given_back(void)
{
    struct dm_account account;
    dm_account_init(&account, 100);
    CHECK(dm_account_charge(&account, 80) == DM_OK);
    dm_account_release(&account, 80);
    CHECK(dm_account_charge(&account, 10) == DM_OK);
    CHECK_INT((int64_t)account.used, 10);
    CHECK_INT((int64_t)account.peak, 80);
}

int
main(void)
{
    a_charge_over_the_limit_changes_nothing();
    the_peak_stays_when_memory_is_given_back();
    return 0;
}
