// SPDX-License-Identifier: ISC

#ifndef DM_BASE_ACCOUNT_H
#define DM_BASE_ACCOUNT_H

/**
 * @file
 * How much memory a piece of work may take.
 *
 * A query, a request, a step has an account; whoever allocates for it charges
 * the account first. The budget belongs to the work, not to the thread that
 * happens to do it.
 *
 * Threads: one at a time.
 */

#include "base/attr.h"
#include "base/status.h"

#include <stddef.h>

DM_BEGIN_DECLS

struct dm_account {
    size_t limit; ///< Most bytes at once
    size_t used;  ///< Bytes now
    size_t peak;  ///< Most bytes so far
};

void dm_account_init(struct dm_account *account, size_t limit);

/// Charge `n` bytes: DM_OK, or DM_ERR_NO_MEMORY with nothing charged.
enum dm_status dm_account_charge(struct dm_account *account, size_t n)
    DM_NODISCARD;

/// Give back `n` bytes that were charged.
void dm_account_release(struct dm_account *account, size_t n);

DM_END_DECLS

#endif // DM_BASE_ACCOUNT_H
