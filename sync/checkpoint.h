// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_CHECKPOINT_H
#define DM_SYNC_CHECKPOINT_H

/**
 * @file
 * A log as tools for transparency logs see it: checkpoints, which say its tree
 * hash at a size, and proofs that an entry is in it.
 *
 *     origin    demonitor/K
 *     index     seq - 1          leaf = the bytes of the entry's block
 *
 * A checkpoint is a signed note of three lines: origin, size, root in base64.
 * Other signatures on it are witnesses' and are not looked at. A proof is
 * "c2sp.org/tlog-proof@v1", its index, the hashes of the path from the leaf up,
 * and a checkpoint.
 *
 * Refusals as in sync/block.h.
 *
 * Threads: pure functions. Cost: a path O(leaves) hashes, else O(bytes) and one
 * signature. Source: C2SP tlog-checkpoint, signed-note, tlog-proof; RFC 6962.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/tree.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

#define DM_CHECKPOINT_MAX (16U << 10U) ///< Bytes of a note that is read
#define DM_PROOF_MAX (64U << 10U)      ///< Bytes of a proof that is read

/// "demonitor/k51…" and NUL
#define DM_ORIGIN_SIZE (10 + DM_KEY_NAME_SIZE)

void dm_origin(const uint8_t log[DM_KEY_PUBLIC_BYTES],
               char origin[DM_ORIGIN_SIZE]);

/// Append the verifier key, as other tools take it: "ORIGIN+HEX+BASE64".
enum dm_status dm_verifier_key(const uint8_t log[DM_KEY_PUBLIC_BYTES],
                               struct dm_buf *buf) DM_NODISCARD;

struct dm_checkpoint {
    uint64_t size; ///< Entries
    uint8_t root[DM_DIGEST_BYTES];
};

/// Append the note, signed by the log's own key.
enum dm_status dm_checkpoint_write(const struct dm_key *key,
                                   const struct dm_checkpoint *what,
                                   struct dm_buf *buf) DM_NODISCARD;

/// Read a note that the log's own key signed.
enum dm_status dm_checkpoint_read(struct dm_str note,
                                  const uint8_t log[DM_KEY_PUBLIC_BYTES],
                                  struct dm_checkpoint *ret,
                                  struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// From a leaf's sibling up to below the root
struct dm_tree_path {
    size_t n;
    uint8_t hashes[DM_TREE_MAX][DM_DIGEST_BYTES];
};

/// The leaves of a log that was pruned: the frontier of what is gone, then the
/// leaf hashes of what is kept
struct dm_tree_leaves {
    const struct dm_tree *before;
    const uint8_t *DM_NULLABLE kept; ///< DM_DIGEST_BYTES each
    uint64_t n_kept;
};

/// The path of leaf `index` (from 0), which is one that is kept (asserted).
void dm_tree_path(const struct dm_tree_leaves *leaves, uint64_t index,
                  struct dm_tree_path *ret);

/// The root that `path` leads to from `leaf`.
/// @return DM_ERR_CORRUPT: the path is not as long as such a one.
enum dm_status dm_tree_path_root(const uint8_t leaf[DM_DIGEST_BYTES],
                                 uint64_t index, uint64_t size,
                                 const struct dm_tree_path *path,
                                 uint8_t root[DM_DIGEST_BYTES]) DM_NODISCARD;

/// Append the proof that leaf `index` is in the log that `note` tells of.
enum dm_status dm_proof_write(struct dm_str note, uint64_t index,
                              const struct dm_tree_path *path,
                              struct dm_buf *buf) DM_NODISCARD;

struct dm_proof {
    uint64_t seq;  ///< Of the entry that is proved
    uint64_t size; ///< Of the tree
};

/// Whether `text` proves that `entry`, a block, is in the log `log`.
enum dm_status dm_proof_check(struct dm_str text, struct dm_str entry,
                              const uint8_t log[DM_KEY_PUBLIC_BYTES],
                              struct dm_proof *ret,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_CHECKPOINT_H
