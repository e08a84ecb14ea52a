// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_CBOR_H
#define DM_SYNC_CBOR_H

/**
 * @file
 * dag-cbor in its one strict form, read item by item, and written.
 *
 *     {"n": 4, "parts": [&X]}    MAP 1, key "n" 2, UINT 2,
 *                                key "parts" 2, ARRAY 2, LINK 3     (levels)
 *
 * What is read to its end is canonical: one item and no bytes after it, the
 * shortest heads, definite lengths, keys that are texts in order of length,
 * then bytes, each once; no tag but 42, whose link is a name of this wire; no
 * floats, no simple values but false, true and null; at most DM_CBOR_DEPTH_MAX
 * levels. So the same items written again give the same bytes.
 *
 * Threads: one at a time. Memory: none; the reader keeps one small record for
 * each level, and nothing is sized by a length that the bytes say.
 * Cost: O(bytes). Source: IPLD, "DAG-CBOR"; docs/PROTOCOL.md, "Common".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/cid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

/// The outermost item is of level 1
#define DM_CBOR_DEPTH_MAX 32

enum dm_cbor_kind {
    DM_CBOR_UINT,
    DM_CBOR_NEGATIVE, ///< The number -1 - `number`
    DM_CBOR_BYTES,
    DM_CBOR_TEXT,
    DM_CBOR_ARRAY, ///< The items follow, `number` of them
    DM_CBOR_MAP,   ///< Pairs of a key and an item follow, `number` of them
    DM_CBOR_LINK,  ///< `bytes` are the DM_CID_BYTES of its name
    DM_CBOR_BOOL,  ///< `number` is 0 or 1
    DM_CBOR_NULL,
};

struct dm_cbor_item {
    enum dm_cbor_kind kind;
    bool is_key;    ///< A text that is the key of what follows
    unsigned level; ///< From 1; a key has that of its value
    size_t at;      ///< Offset of its first byte
    uint64_t number;
    struct dm_str bytes; ///< Into what is read
};

/// A container that is being read
struct dm_cbor_level {
    uint64_t left; ///< Items or pairs of which nothing was read yet
    bool is_map;
    bool has_key;      ///< One was read: its value comes next
    struct dm_str key; ///< The last one; NULL before the first
};

struct dm_cbor {
    struct dm_str all;
    size_t at;      ///< Bytes read
    unsigned depth; ///< Containers that are not read to their end
    struct dm_cbor_level levels[DM_CBOR_DEPTH_MAX];
};

/// Begin to read `bytes`, which outlive the reader.
void dm_cbor_init(struct dm_cbor *cbor, struct dm_str bytes);

/// The next item, in the order of the bytes.
/// @return DM_END: the bytes are one item and it was read; DM_ERR_CORRUPT, then
///         the reader is not to be used any more.
enum dm_status dm_cbor_next(struct dm_cbor *cbor, struct dm_cbor_item *ret,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Whether `item`, read last, has items in it that were not read yet
bool dm_cbor_is_open(const struct dm_cbor *cbor,
                     const struct dm_cbor_item *item);

/// The order of keys: length, then bytes. Less, equal or greater than 0
int dm_cbor_compare_keys(struct dm_str a, struct dm_str b);

// ------------------------------------------------------------------- writing

// Append; what happened is kept in buf->status. The caller gives keys in their
// order, and as many items as it said.

void dm_cbor_put_uint(struct dm_buf *buf, uint64_t number);
/// The number -1 - `number`
void dm_cbor_put_negative(struct dm_buf *buf, uint64_t number);
void dm_cbor_put_bytes(struct dm_buf *buf, struct dm_str bytes);
void dm_cbor_put_text(struct dm_buf *buf, struct dm_str text);
void dm_cbor_put_array(struct dm_buf *buf, uint64_t n);
void dm_cbor_put_map(struct dm_buf *buf, uint64_t n);
void dm_cbor_put_link(struct dm_buf *buf, const struct dm_cid *cid);
void dm_cbor_put_bool(struct dm_buf *buf, bool value);
void dm_cbor_put_null(struct dm_buf *buf);

DM_END_DECLS

#endif // DM_SYNC_CBOR_H
