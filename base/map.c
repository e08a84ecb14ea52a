// SPDX-License-Identifier: ISC

#include "base/map.h"

#include "base/alloc.h"

#include <assert.h>
#include <string.h>

#define MIX_1 UINT64_C(0x9E3779B97F4A7C15)
#define MIX_2 UINT64_C(0xBF58476D1CE4E5B9)
#define MIX_3 UINT64_C(0x94D049BB133111EB)

// The finaliser of SplitMix64: every input bit reaches every output bit.
// Overflow is meant, so the products are of unsigned numbers.
static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 30U) * MIX_2;
    x = (x ^ x >> 27U) * MIX_3;
    return x ^ x >> 31U;
}

uint64_t
dm_hash(struct dm_str bytes, uint64_t seed)
{
    uint64_t hash = mix(seed ^ bytes.n * MIX_1);
    size_t i = 0;
    for (; i + 8 <= bytes.n; i += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes.data + i, 8);
        hash = mix(hash ^ word) + seed;
    }
    if (i < bytes.n) {
        uint64_t word = 0;
        memcpy(&word, bytes.data + i, bytes.n - i);
        hash = mix(hash ^ word) + seed;
    }
    return mix(hash);
}

void
dm_map_init(struct dm_map *map, size_t max, uint64_t seed)
{
    assert(max < UINT32_MAX / 2);
    *map = (struct dm_map){.max = max, .seed = seed};
}

void
dm_map_done(struct dm_map *map)
{
    dm_free(map->entries);
    dm_free(map->slots);
    dm_map_init(map, map->max, map->seed);
}

// The slot that holds `key`, or the free one where it would go
static size_t
find_slot(const struct dm_map *map, struct dm_str key, uint64_t hash)
{
    const size_t mask = map->n_slots - 1;
    size_t slot = (size_t)hash & mask;
    while (map->slots[slot]) {
        const struct dm_map_entry *entry = &map->entries[map->slots[slot] - 1];
        if (entry->hash == hash && dm_str_equal(entry->key, key)) {
            break;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

struct dm_map_entry *
dm_map_get(const struct dm_map *map, struct dm_str key)
{
    if (!map->n) {
        return NULL;
    }
    const size_t slot = find_slot(map, key, dm_hash(key, map->seed));
    return map->slots[slot] ? &map->entries[map->slots[slot] - 1] : NULL;
}

// Twice as many slots, so that at most half of them are in use
static bool
grow_slots(struct dm_map *map)
{
    const size_t n_slots = map->n_slots ? map->n_slots * 2 : 16;
    uint32_t *slots = dm_calloc(n_slots, sizeof(*slots));
    if (!slots) {
        return false;
    }
    for (size_t i = 0; i < map->n; ++i) {
        size_t slot = (size_t)map->entries[i].hash & (n_slots - 1);
        while (slots[slot]) {
            slot = (slot + 1) & (n_slots - 1);
        }
        slots[slot] = (uint32_t)i + 1;
    }
    dm_free(map->slots);
    map->slots = slots;
    map->n_slots = n_slots;
    return true;
}

struct dm_map_entry *
dm_map_put(struct dm_map *map, struct dm_str key, bool *ret_is_new)
{
    struct dm_map_entry *found = dm_map_get(map, key);
    if (found) {
        if (ret_is_new) {
            *ret_is_new = false;
        }
        return found;
    }

    struct dm_map_entry *entries =
        dm_grow(map->entries, &map->capacity, map->n + 1, sizeof(*map->entries),
                map->max);
    if (!entries) {
        return NULL;
    }
    map->entries = entries;
    if ((map->n + 1) * 2 > map->n_slots && !grow_slots(map)) {
        return NULL;
    }

    const uint64_t hash = dm_hash(key, map->seed);
    map->slots[find_slot(map, key, hash)] = (uint32_t)map->n + 1;
    struct dm_map_entry *entry = &map->entries[map->n++];
    *entry = (struct dm_map_entry){.key = key, .hash = hash};
    if (ret_is_new) {
        *ret_is_new = true;
    }
    return entry;
}

// Close the gap at `slot`: move back every entry behind it that would no longer
// be found.
static void
close_gap(struct dm_map *map, size_t slot)
{
    const size_t mask = map->n_slots - 1;
    size_t next = (slot + 1) & mask;
    while (map->slots[next]) {
        const size_t home =
            (size_t)map->entries[map->slots[next] - 1].hash & mask;
        if (((next - home) & mask) >= ((next - slot) & mask)) {
            map->slots[slot] = map->slots[next];
            slot = next;
        }
        next = (next + 1) & mask;
    }
    map->slots[slot] = 0;
}

bool
dm_map_remove(struct dm_map *map, struct dm_str key)
{
    if (!map->n) {
        return false;
    }
    const size_t slot = find_slot(map, key, dm_hash(key, map->seed));
    if (!map->slots[slot]) {
        return false;
    }

    const size_t index = map->slots[slot] - 1;
    const size_t last = map->n - 1;
    close_gap(map, slot);
    if (index != last) {
        const struct dm_map_entry moved = map->entries[last];
        map->slots[find_slot(map, moved.key, moved.hash)] = (uint32_t)index + 1;
        map->entries[index] = moved;
    }
    --map->n;
    return true;
}
