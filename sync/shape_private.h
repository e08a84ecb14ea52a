// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_SHAPE_PRIVATE_H
#define DM_SYNC_SHAPE_PRIVATE_H

/**
 * @file
 * Maps of the wire as tables: each key with what its value must be and where
 * that goes in a struct. One table reads and writes a kind of map, so that both
 * agree, and it is to be read beside the page that prints the map.
 *
 * Threads: pure functions. Memory: none. Cost: O(bytes); it goes over them
 * twice, because the form of all and `v` come before everything else.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

struct dm_buf;

/// What a value is, and the type of the member that it goes to
enum dm_field_type {
    DM_FIELD_VERSION,   ///< `v`, which is 1; no member
    DM_FIELD_COUNT,     ///< Below 2^48: uint64_t or int64_t
    DM_FIELD_UINT,      ///< uint64_t
    DM_FIELD_LEVEL,     ///< 1 or 2: unsigned
    DM_FIELD_KIND,      ///< A text: enum dm_manifest_kind
    DM_FIELD_BYTES,     ///< `most` bytes: an array of uint8_t
    DM_FIELD_RUN,       ///< Bytes, any number of them: struct dm_str
    DM_FIELD_CID,       ///< A name of a dag-cbor block, as bytes: struct dm_cid
    DM_FIELD_LINK,      ///< To a dag-cbor block: struct dm_cid
    DM_FIELD_RAW,       ///< To a raw block: struct dm_cid
    DM_FIELD_LINKS,     ///< To dag-cbor blocks: struct dm_cid_list
    DM_FIELD_RAWS,      ///< To raw blocks: struct dm_cid_list
    DM_FIELD_ANY_LINKS, ///< To either: struct dm_cid_list
    DM_FIELD_DIGESTS,   ///< Byte strings: struct dm_digest_list
};

enum dm_presence {
    DM_ALWAYS,
    DM_OPTIONAL, ///< A bool at `flag` says whether the key is there
    DM_OR_NULL,  ///< A bool at `flag` says whether its value is not null
};

struct dm_field {
    const char *key;
    enum dm_field_type type;
    enum dm_presence presence;
    size_t at;    ///< Offset of the member
    size_t flag;  ///< Offset of a bool
    size_t least; ///< Of a list: how many there are at least, at most
    size_t most;
};

/// What is done with keys that are not in the table
enum dm_unknown {
    DM_UNKNOWN_NONE,   ///< Refused
    DM_UNKNOWN_FEW,    ///< As docs/PROTOCOL.md bounds them
    DM_UNKNOWN_IGNORE, ///< Anything
};

struct dm_shape {
    const char *name;
    size_t max; ///< Bytes of a block
    enum dm_unknown unknown;
    const struct dm_field *fields; ///< In the order of the wire
    size_t n_fields;
};

/// A run of digests, as struct dm_wire_head has it
struct dm_digest_list {
    const uint8_t *DM_NULLABLE first;
    size_t n;
    size_t stride;
};

/// Read `block` into `ret`, which is zeroed and is of no use after a failure.
/// `*ret_n_unknown` is how many keys are not in the table.
/// @return DM_ERR_CORRUPT, DM_ERR_UNSUPPORTED as in sync/block.h.
enum dm_status dm_shape_read(const struct dm_shape *shape, struct dm_str block,
                             void *ret, size_t *DM_NULLABLE ret_n_unknown,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Append the map of `value`, or nothing.
/// @return As appending to `buf` does.
enum dm_status dm_shape_write(const struct dm_shape *shape, const void *value,
                              struct dm_buf *buf) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_SHAPE_PRIVATE_H
