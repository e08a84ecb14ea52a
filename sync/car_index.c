// SPDX-License-Identifier: ISC

#include "sync/car_index.h"

#include "base/alloc.h"
#include "base/map.h"
#include "sync/car.h"

#include <stdbool.h>

// An entry's key is the 36 bytes in the file, right before the block; its value
// the block's length, twice, and 1 when it was asked for.
struct dm_car_index {
    struct dm_map blocks;
    size_t n_used;
};

struct dm_car_index *
dm_car_index_new(size_t max_blocks, uint64_t hash_seed)
{
    struct dm_car_index *const index = dm_calloc(1, sizeof(*index));
    if (index) {
        dm_map_init(&index->blocks, max_blocks, hash_seed);
    }
    return index;
}

void
dm_car_index_free(struct dm_car_index *index)
{
    if (index) {
        dm_map_done(&index->blocks);
        dm_free(index);
    }
}

// `name`: 36 bytes in the file, which the block's `n` bytes follow
static enum dm_status
add_block(struct dm_car_index *index, struct dm_str name, size_t n,
          struct dm_error *error)
{
    bool is_new = false;
    struct dm_map_entry *const entry =
        dm_map_put(&index->blocks, name, &is_new);
    if (!entry) {
        const bool is_full = index->blocks.n == index->blocks.max;
        return dm_error_set(error, is_full ? DM_ERR_LIMIT : DM_ERR_NO_MEMORY,
                            "cannot take in the blocks of the CAR");
    }
    if (is_new) {
        entry->value.number = (uint64_t)n * 2;
    }
    return DM_OK;
}

enum dm_status
dm_car_index_add(struct dm_car_index *index, struct dm_str car,
                 struct dm_cid_list *ret_roots, struct dm_error *error)
{
    struct dm_car walk;
    enum dm_status status = dm_car_open(&walk, car, false, error);
    if (status) {
        return status;
    }
    const struct dm_cid_list roots = walk.roots;
    struct dm_car_block block;
    while (!(status = dm_car_next(&walk, &block, error))) {
        const size_t end = car.n - walk.rest.n;
        const struct dm_str name =
            dm_str_slice(car, end - block.data.n - DM_CID_BYTES, DM_CID_BYTES);
        status = add_block(index, name, block.data.n, error);
        if (status) {
            return status;
        }
    }
    if (status != DM_END) {
        return status;
    }
    if (ret_roots) {
        *ret_roots = roots;
    }
    return DM_OK;
}

enum dm_status
dm_car_index_find(struct dm_car_index *index, const struct dm_cid *cid,
                  struct dm_str *ret)
{
    const struct dm_str name = {(const char *)cid->bytes, DM_CID_BYTES};
    struct dm_map_entry *const entry = dm_map_get(&index->blocks, name);
    if (!entry) {
        return DM_ERR_NOT_FOUND;
    }
    if (!(entry->value.number & 1)) {
        entry->value.number |= 1;
        ++index->n_used;
    }
    *ret = dm_str_n(entry->key.data + DM_CID_BYTES,
                    (size_t)(entry->value.number / 2));
    return DM_OK;
}

size_t
dm_car_index_blocks(const struct dm_car_index *index)
{
    return index->blocks.n;
}

size_t
dm_car_index_unused(const struct dm_car_index *index)
{
    return index->blocks.n - index->n_used;
}
