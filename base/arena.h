// SPDX-License-Identifier: ISC

#ifndef DM_BASE_ARENA_H
#define DM_BASE_ARENA_H

/**
 * @file
 * Memory for things that die together: one parse, one query, one row.
 *
 * An arena gives room from blocks and takes none back before dm_arena_done() or
 * dm_arena_rewind(). It has a maximum; over it, allocations fail.
 *
 * Threads: one at a time. Cost: O(1) for an allocation, O(blocks) to end.
 */

#include "base/attr.h"
#include "base/str.h"

#include <stddef.h>

DM_BEGIN_DECLS

struct dm_account;
struct dm_arena_block;

struct dm_arena {
    struct dm_arena_block *DM_NULLABLE blocks; ///< Newest first
    size_t total;                              ///< Bytes of all blocks
    size_t max;                                ///< Most of them
    struct dm_account *DM_NULLABLE account;    ///< Charged for the blocks
};

/// A place to return to
struct dm_arena_mark {
    struct dm_arena_block *DM_NULLABLE block;
    size_t used;
};

/// An empty arena; allocates nothing. `account`, if any, outlives it.
void dm_arena_init(struct dm_arena *arena, size_t max,
                   struct dm_account *DM_NULLABLE account);

/// Release everything; the arena is empty and may be used again.
void dm_arena_done(struct dm_arena *arena);

/// Zeroed room for `n` things of `size` bytes, aligned for any type, or NULL.
void *DM_NULLABLE dm_arena_alloc(struct dm_arena *arena, size_t n, size_t size)
    DM_NODISCARD;

/// A NUL-terminated copy of `text`; a view of NULL and 0 on failure. An empty
/// text gives a view whose data is not NULL.
struct dm_str dm_arena_copy(struct dm_arena *arena, struct dm_str text);

struct dm_arena_mark dm_arena_mark(const struct dm_arena *arena);

/// Release what was allocated since `mark` was taken.
void dm_arena_rewind(struct dm_arena *arena, struct dm_arena_mark mark);

DM_END_DECLS

#endif // DM_BASE_ARENA_H
