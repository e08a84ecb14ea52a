// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_TREE_H
#define DM_SYNC_TREE_H

/**
 * @file
 * The tree hash of a growing list (RFC 6962, section 2.1), kept as its
 * frontier: one hash for each complete subtree, the largest first. There are as
 * many as `size` has bits that are set.
 *
 * Threads: pure functions. Cost: adding O(1) amortised, the root O(log size).
 */

#include "base/attr.h"
#include "base/str.h"
#include "sync/cid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// Subtrees of a list of fewer than 2^48 leaves
#define DM_TREE_MAX 48

struct dm_tree {
    uint64_t size; ///< Leaves
    uint8_t hashes[DM_TREE_MAX][DM_DIGEST_BYTES];
};

/// How many of `hashes` are in use
size_t dm_tree_count(const struct dm_tree *tree);

void dm_tree_leaf(struct dm_str data, uint8_t hash[DM_DIGEST_BYTES]);
/// Add a leaf by its data; size stays below 2^48 (asserted).
void dm_tree_add(struct dm_tree *tree, struct dm_str data);
void dm_tree_root(const struct dm_tree *tree, uint8_t root[DM_DIGEST_BYTES]);

DM_END_DECLS

#endif // DM_SYNC_TREE_H
