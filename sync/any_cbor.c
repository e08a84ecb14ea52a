// SPDX-License-Identifier: ISC

#include "sync/any_cbor.h"

bool
dm_any_item_take(struct dm_str *rest, struct dm_any_item *ret)
{
    if (!rest->n) {
        return false;
    }
    const unsigned first = (unsigned char)rest->data[0];
    const unsigned low = first & 31U;
    // Bytes of the number behind the first; what is of no length is not taken
    const size_t n = low < 24   ? 0
                     : low < 28 ? (size_t)1 << (low - 24)
                                : SIZE_MAX;
    if (n > rest->n - 1) {
        return false;
    }
    struct dm_any_item item = {.major = (enum dm_any_major)(first >> 5U),
                               .number = n ? 0 : low};
    for (size_t i = 0; i < n; ++i) {
        item.number = item.number << 8U | (unsigned char)rest->data[1 + i];
    }
    struct dm_str behind = dm_str_slice(*rest, 1 + n, SIZE_MAX);
    if (item.major == DM_ANY_BYTES || item.major == DM_ANY_TEXT) {
        if (item.number > behind.n) {
            return false;
        }
        item.bytes = dm_str_slice(behind, 0, (size_t)item.number);
        behind = dm_str_slice(behind, (size_t)item.number, SIZE_MAX);
    }
    *rest = behind;
    *ret = item;
    return true;
}

bool
dm_any_item_skip(struct dm_str *rest)
{
    uint64_t left = 1;
    while (left) {
        struct dm_any_item item;
        // An item is a byte at least: more than there are bytes are not there
        if (!dm_any_item_take(rest, &item) || left - 1 > rest->n) {
            return false;
        }
        --left;
        const uint64_t most = rest->n;
        if (item.major == DM_ANY_TAG) {
            ++left;
        } else if (item.major == DM_ANY_ARRAY || item.major == DM_ANY_MAP) {
            if (item.number > most) {
                return false;
            }
            left += item.major == DM_ANY_MAP ? item.number * 2 : item.number;
        }
    }
    return true;
}

bool
dm_any_link_read(const struct dm_any_item *bytes, struct dm_any_cid *ret)
{
    const struct dm_str name = dm_str_slice(bytes->bytes, 1, SIZE_MAX);
    return bytes->major == DM_ANY_BYTES && name.n && !bytes->bytes.data[0] &&
           dm_any_cid_read(name, ret) == name.n;
}
