// SPDX-License-Identifier: ISC

#include "sync/unixfs.h"

#include "sync/protobuf.h"

// Fields of the data of a block
#define FIELD_TYPE 1U
#define FIELD_DATA 2U
#define FIELD_SIZE 4U
#define FIELD_FANOUT 6U

// The data of a block of dag-pb: its field 1
static struct dm_str
data_of(struct dm_str block)
{
    struct dm_pb_field field;
    struct dm_str data = {NULL, 0};
    while (!dm_pb_next(&block, &field)) {
        if (field.is_bytes && field.number == 1) {
            data = field.bytes;
        }
    }
    return data;
}

bool
dm_unixfs_read(struct dm_str block, struct dm_unixfs *ret)
{
    struct dm_str rest = data_of(block);
    struct dm_unixfs unixfs = {.sizes = rest};
    struct dm_pb_field field;
    bool has_type = false;
    while (!dm_pb_next(&rest, &field)) {
        if (field.is_bytes) {
            unixfs.own =
                field.number == FIELD_DATA ? field.bytes.n : unixfs.own;
        } else if (field.number == FIELD_TYPE) {
            unixfs.type = field.value;
            has_type = true;
        } else if (field.number == FIELD_FANOUT) {
            unixfs.fanout = field.value;
        }
    }
    if (has_type) {
        *ret = unixfs;
    }
    return has_type;
}

bool
dm_unixfs_size(struct dm_str *sizes, uint64_t *ret)
{
    struct dm_pb_field field;
    while (!dm_pb_next(sizes, &field)) {
        if (!field.is_bytes && field.number == FIELD_SIZE) {
            *ret = field.value;
            return true;
        }
    }
    return false;
}
