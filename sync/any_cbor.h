// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_ANY_CBOR_H
#define DM_SYNC_ANY_CBOR_H

/**
 * @file
 * CBOR of anybody, item by item, only as far as links and members are looked
 * for in it. The strict form is sync/cbor.h.
 *
 * Items stand one after the other however they are nested: those in a list or
 * map follow its head.
 *
 * Threads: pure functions. Source: RFC 8949; IPLD, "DAG-CBOR".
 */

#include "base/attr.h"
#include "base/str.h"
#include "sync/any_cid.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

enum dm_any_major {
    DM_ANY_UINT = 0,
    DM_ANY_NEGATIVE = 1,
    DM_ANY_BYTES = 2,
    DM_ANY_TEXT = 3,
    DM_ANY_ARRAY = 4,
    DM_ANY_MAP = 5,
    DM_ANY_TAG = 6,
    DM_ANY_OTHER = 7, ///< Floats, false, true, null
};

#define DM_ANY_TAG_LINK 42U

struct dm_any_item {
    enum dm_any_major major;
    uint64_t number;     ///< Value, length, or tag
    struct dm_str bytes; ///< Of a text or bytes
};

/// Take an item off the front: its head, and its bytes where it has some.
/// @return Whether there is one.
bool dm_any_item_take(struct dm_str *rest, struct dm_any_item *ret)
    DM_NODISCARD;

/// Take an item off the front with all that is in it.
bool dm_any_item_skip(struct dm_str *rest) DM_NODISCARD;

/// The name in the bytes behind a tag DM_ANY_TAG_LINK.
bool dm_any_link_read(const struct dm_any_item *bytes, struct dm_any_cid *ret)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_ANY_CBOR_H
