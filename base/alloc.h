// SPDX-License-Identifier: ISC

#ifndef DM_BASE_ALLOC_H
#define DM_BASE_ALLOC_H

#include "base/attr.h"

#include <stddef.h>

DM_BEGIN_DECLS

/**
 * @file
 * The only door to the heap.
 *
 * A test can let the n-th allocation of the calling thread fail, and so walk
 * through every path that runs out of memory:
 *
 *     const size_t all = count allocations of the good path;
 *     for (size_t n = 0; n < all; ++n) { dm_alloc_fail_after(n); ... }
 *
 * Threads: any. The failure counter belongs to the thread that set it.
 */

/// No failure is planned
#define DM_ALLOC_NEVER_FAIL ((size_t)-1)

/// Release `ptr`; nothing for NULL.
void dm_free(void *DM_NULLABLE ptr);

/// Zeroed room for `n` things of `size` bytes, or NULL when memory is out or
/// `n * size` overflows. Give it back with dm_free().
void *DM_NULLABLE dm_calloc(size_t n, size_t size)
    DM_NODISCARD DM_ALLOCATES(dm_free);

/// Room for `size` bytes that is not zeroed, or NULL.
void *DM_NULLABLE dm_malloc(size_t size) DM_NODISCARD DM_ALLOCATES(dm_free);

/// Move `ptr` to room for `n * size` bytes; on failure NULL, and `ptr` is as it
/// was. What is added is not zeroed.
void *DM_NULLABLE dm_realloc(void *DM_NULLABLE ptr, size_t n, size_t size)
    DM_NODISCARD;

/**
 * Make room for at least `need` elements in a growing array.
 *
 *     struct thing *things = dm_grow(list->things, &list->capacity,
 *                                    list->n + 1, sizeof(*things), MAX);
 *     if (!things) { return DM_ERR_NO_MEMORY; }
 *     list->things = things;
 *
 * @param array NULL while `*capacity` is 0.
 * @param capacity Elements there is room for; raised on success.
 * @param max Most elements ever; `need` above it fails.
 * @return The array, moved or not; NULL on failure, with nothing changed.
 */
void *DM_NULLABLE dm_grow(void *DM_NULLABLE array, size_t *capacity,
                          size_t need, size_t size, size_t max) DM_NODISCARD;

/// A NUL-terminated copy of `n` bytes, or NULL.
char *DM_NULLABLE dm_strndup(const char *bytes, size_t n)
    DM_NODISCARD DM_ALLOCATES(dm_free);

/// Keep the heap of this process small: one arena for all threads, since no
/// path of ours is held up by its lock, and room that is free goes back to the
/// system instead of being kept for more of the same. Before the first thread.
void dm_alloc_stay_small(void);

/// For tests: let `n` more allocations of this thread succeed, then fail every
/// one until called again; DM_ALLOC_NEVER_FAIL ends it.
void dm_alloc_fail_after(size_t n);

/// For tests: how many allocations this thread has asked for so far.
size_t dm_alloc_count(void);

DM_END_DECLS

#endif // DM_BASE_ALLOC_H
