// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_PROTOBUF_H
#define DM_SYNC_PROTOBUF_H

/**
 * @file
 * The fields of a protobuf message, one after the other, as others write them:
 * numbers and bytes; there are no other types where we read.
 *
 * Threads: pure functions. Source: Protocol Buffers, "Encoding".
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_pb_field {
    uint64_t number; ///< Of the field
    bool is_bytes;   ///< Else a number
    struct dm_str bytes;
    uint64_t value;
};

/// Take the next field off the front of `rest`.
/// @return DM_END: there is none; DM_ERR_CORRUPT.
enum dm_status dm_pb_next(struct dm_str *rest, struct dm_pb_field *ret)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_PROTOBUF_H
