// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_TRIPLESET_H
#define DM_QUADSTORE_TRIPLESET_H

/**
 * @file
 * A set of triples in memory, as a virtual graph.
 *
 * Add triples in any order, seal, attach. Sealing sorts (SPO, PSO, POS, OSP)
 * and removes duplicates: O(n log n), 4 x 24 bytes each; a pattern is then a
 * binary search.
 *
 * Threads: one at a time; sealed it is read-only and may be read from any.
 */

#include "base/account.h"
#include "base/attr.h"
#include "base/status.h"
#include "quadstore/scan.h"

DM_BEGIN_DECLS

struct dm_tripleset;

/// @param account Charged for the memory; may be NULL; outlives the set.
struct dm_tripleset *DM_NULLABLE
dm_tripleset_new(struct dm_account *DM_NULLABLE account) DM_NODISCARD;
void dm_tripleset_free(struct dm_tripleset *DM_NULLABLE set);

enum dm_status dm_tripleset_add(struct dm_tripleset *set, dm_id s, dm_id p,
                                dm_id o) DM_NODISCARD;
enum dm_status dm_tripleset_seal(struct dm_tripleset *set) DM_NODISCARD;
size_t dm_tripleset_count(const struct dm_tripleset *set);

/// For dm_snapshot_attach(), with the set as context
extern const struct dm_virtual_graph_ops dm_tripleset_graph;

DM_END_DECLS

#endif // DM_QUADSTORE_TRIPLESET_H
