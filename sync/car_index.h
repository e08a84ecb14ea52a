// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_CAR_INDEX_H
#define DM_SYNC_CAR_INDEX_H

/**
 * @file
 * Finds blocks of this wire in the bytes of CAR files.
 *
 * Every block is checked against its name when its file is added. A block that
 * is in a file twice counts once.
 *
 * Threads: one at a time. Memory: about 60 bytes a block; the files' bytes are
 * the caller's and outlive the index. Cost: O(bytes) to add, O(1) to find.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/block.h"
#include "sync/cid.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_car_index;

/// @param max_blocks Most of them.
struct dm_car_index *DM_NULLABLE dm_car_index_new(size_t max_blocks,
                                                  uint64_t hash_seed)
    DM_NODISCARD;
void dm_car_index_free(struct dm_car_index *DM_NULLABLE index);

/// Add the blocks of a file.
/// @param ret_roots Its roots, which look into the bytes; may be NULL.
/// @return As sync/car.h; DM_ERR_LIMIT: more than `max_blocks`. On failure some
///         of its blocks may have been added.
enum dm_status dm_car_index_add(struct dm_car_index *index, struct dm_str car,
                                struct dm_cid_list *DM_NULLABLE ret_roots,
                                struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// The block of that name; remembers that it was asked for. DM_ERR_NOT_FOUND.
enum dm_status dm_car_index_find(struct dm_car_index *index,
                                 const struct dm_cid *cid, struct dm_str *ret)
    DM_NODISCARD;

size_t dm_car_index_blocks(const struct dm_car_index *index);
/// Blocks that nobody asked for yet
size_t dm_car_index_unused(const struct dm_car_index *index);

DM_END_DECLS

#endif // DM_SYNC_CAR_INDEX_H
