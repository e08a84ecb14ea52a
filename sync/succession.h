// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_SUCCESSION_H
#define DM_SYNC_SUCCESSION_H

/**
 * @file
 * Which log goes on in which: the Successor blocks that are known here. They
 * are kept and told to peers for ever, those of a newer protocol too.
 *
 * In the store: space "successor", key = name of the old log. The first one
 * that is known stays.
 *
 * Threads: as the snapshot; keeping DM_ON_WRITER. Source: docs/PROTOCOL.md,
 * "Successor".
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/key.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_env;
struct dm_snapshot;
struct dm_txn;

/// The block that ends a log; it lives like texts of the snapshot.
/// @return DM_ERR_NOT_FOUND.
enum dm_status dm_succession_find(struct dm_snapshot *snapshot,
                                  const uint8_t log[DM_KEY_PUBLIC_BYTES],
                                  struct dm_str *ret) DM_NODISCARD;

/// Keep a block that was checked to end `log`, unless one is kept already.
/// @param ret_is_new Whether it is kept now and was not before.
enum dm_status dm_succession_keep(struct dm_txn *txn, const struct dm_env *env,
                                  const uint8_t log[DM_KEY_PUBLIC_BYTES],
                                  struct dm_str block, bool *ret_is_new)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_SUCCESSION_H
