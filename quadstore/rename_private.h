// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_RENAME_PRIVATE_H
#define DM_QUADSTORE_RENAME_PRIVATE_H

/**
 * @file
 * Ids that become other ids, everywhere in the store: when a log is followed,
 * and when events get new keys.
 *
 * Names are changed in the order in which they were put. A new name is not in
 * use then; that of an earlier one may be its old name.
 */

#include "base/attr.h"
#include "quadstore/txn_private.h"

DM_BEGIN_DECLS

struct dm_rename {
    dm_id from;
    dm_id to;
};

struct dm_renames {
    struct dm_map map; ///< From -> index
    struct dm_arena arena;
};

void dm_renames_init(struct dm_renames *renames);
void dm_renames_done(struct dm_renames *renames);
enum dm_status dm_renames_put(struct dm_renames *renames, dm_id from, dm_id to)
    DM_NODISCARD;
/// Quads, graphs, triple terms, datatypes.
enum dm_status dm_renames_apply(struct dm_txn *txn,
                                const struct dm_renames *renames) DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_RENAME_PRIVATE_H
