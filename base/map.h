// SPDX-License-Identifier: ISC

#ifndef DM_BASE_MAP_H
#define DM_BASE_MAP_H

/**
 * @file
 * A hash table from bytes to a pointer or a number.
 *
 * Keys are views: the bytes stay the caller's and must live as long as their
 * entry. The hash is keyed by `seed`, so that an outsider who chooses keys
 * cannot make them collide (take the seed from dm_env_random(), or 0 where keys
 * are ours).
 *
 * Threads: one at a time. Cost: O(1) expected. Entries are walked in the order
 * in which they were put in, as long as none is removed.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_map_entry {
    struct dm_str key;
    uint64_t hash;
    union {
        void *DM_NULLABLE ptr;
        uint64_t number;
    } value;
};

struct dm_map {
    struct dm_map_entry *DM_NULLABLE entries; ///< Dense, `n` of them
    size_t n;
    size_t capacity;
    uint32_t *DM_NULLABLE slots; ///< Index + 1 of an entry, 0 = free
    size_t n_slots;              ///< A power of 2
    size_t max;                  ///< Most entries, below 2^31
    uint64_t seed;
};

void dm_map_init(struct dm_map *map, size_t max, uint64_t seed);
void dm_map_done(struct dm_map *map);

/// The entry of `key`, or NULL. Valid until the next put or remove.
struct dm_map_entry *DM_NULLABLE dm_map_get(const struct dm_map *map,
                                            struct dm_str key);

/// The entry of `key`, made where absent (value 0).
/// @param ret_is_new May be NULL.
/// @return NULL on failure: out of memory, or `max` reached.
struct dm_map_entry *DM_NULLABLE
dm_map_put(struct dm_map *map, struct dm_str key, bool *DM_NULLABLE ret_is_new)
    DM_NODISCARD;

/// Remove the entry of `key`; the last one takes its place in the walk.
/// @return Whether there was one.
bool dm_map_remove(struct dm_map *map, struct dm_str key);

/// Keyed hash of bytes, well mixed in all 64 bits; not cryptographic.
uint64_t dm_hash(struct dm_str bytes, uint64_t seed);

DM_END_DECLS

#endif // DM_BASE_MAP_H
