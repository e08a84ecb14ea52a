// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_DISTANCE_H
#define DM_VOCAB_DISTANCE_H

/**
 * @file
 * "Did you mean": which known word is a wrong one nearest to?
 *
 * Threads: pure functions. Cost: O(bytes of both) for a pair.
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

/// How many letters have to be put in, left out, changed or swapped with their
/// neighbour to make `b` of `a`; case does not count. More than `limit`:
/// limit + 1.
size_t dm_distance(struct dm_str a, struct dm_str b, size_t limit);

/// A search for the nearest of some words
struct dm_nearest {
    struct dm_str word; ///< The wrong one
    struct dm_str best; ///< data NULL while none is near enough
    size_t distance;
};

void dm_nearest_init(struct dm_nearest *nearest, struct dm_str word);
void dm_nearest_try(struct dm_nearest *nearest, struct dm_str known);
bool dm_nearest_found(const struct dm_nearest *nearest);

DM_END_DECLS

#endif // DM_VOCAB_DISTANCE_H
