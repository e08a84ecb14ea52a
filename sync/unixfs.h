// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_UNIXFS_H
#define DM_SYNC_UNIXFS_H

/**
 * @file
 * What UnixFS says of a block of dag-pb: of which type it is, how a directory
 * is divided, which bytes of a file are where.
 *
 * Threads: pure functions. Source: IPFS, "UnixFS".
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_UNIXFS_RAW 0U
#define DM_UNIXFS_DIRECTORY 1U
#define DM_UNIXFS_FILE 2U
#define DM_UNIXFS_SHARD 5U ///< A part of a directory that is divided by hash

struct dm_unixfs {
    uint64_t type;
    uint64_t fanout;     ///< Of a shard; 0: not said
    uint64_t own;        ///< Bytes of a file in the block itself
    struct dm_str sizes; ///< For dm_unixfs_size()
};

/// @return Whether the block is of UnixFS.
bool dm_unixfs_read(struct dm_str block, struct dm_unixfs *ret) DM_NODISCARD;

/// Take the size of what the next link of a file leads to off `sizes`.
/// @return Whether one more is said.
bool dm_unixfs_size(struct dm_str *sizes, uint64_t *ret) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_UNIXFS_H
