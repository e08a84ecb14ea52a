// SPDX-License-Identifier: ISC

#include "sync/protobuf.h"

#include "sync/cid.h"

#define TYPE_BITS 3U
#define TYPE_NUMBER 0U
#define TYPE_BYTES 2U

// A varint off the front; the minimal form is asked for, as all write it
static bool
take(struct dm_str *rest, uint64_t *ret)
{
    const size_t n = dm_varint_read(*rest, ret);
    *rest = dm_str_slice(*rest, n, SIZE_MAX);
    return n != 0;
}

enum dm_status
dm_pb_next(struct dm_str *rest, struct dm_pb_field *ret)
{
    if (!rest->n) {
        return DM_END;
    }
    uint64_t tag = 0;
    uint64_t value = 0;
    if (!take(rest, &tag) || !take(rest, &value)) {
        return DM_ERR_CORRUPT;
    }
    const uint64_t type = tag & ((1U << TYPE_BITS) - 1);
    const uint64_t number = tag >> TYPE_BITS;
    if (!number || (type != TYPE_NUMBER && type != TYPE_BYTES) ||
        (type == TYPE_BYTES && value > rest->n)) {
        return DM_ERR_CORRUPT;
    }
    *ret =
        (struct dm_pb_field){.number = number, .is_bytes = type == TYPE_BYTES};
    if (type == TYPE_NUMBER) {
        ret->value = value;
    } else {
        ret->bytes = dm_str_slice(*rest, 0, (size_t)value);
        *rest = dm_str_slice(*rest, (size_t)value, SIZE_MAX);
    }
    return DM_OK;
}
