// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_ANY_RECORD_H
#define DM_SYNC_ANY_RECORD_H

/**
 * @file
 * IPNS records of anybody, where a gateway hands them on: what is signed in
 * them (V2). Where the fields of V1 are there too, they say the same; their own
 * signature is not looked at. Records of this wire are those of sync/record.h,
 * the strict part of this.
 *
 * Threads: pure functions. Cost: one check of a signature.
 * Source: IPNS specification, "Record Verification".
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/key.h"

#include <stdint.h>

DM_BEGIN_DECLS

struct dm_any_record {
    uint64_t sequence;
    uint64_t ttl_ns;
};

/// @return DM_ERR_CORRUPT: not a record that this key signed; DM_ERR_NO_MEMORY.
enum dm_status dm_any_record_read(struct dm_str bytes,
                                  const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
                                  struct dm_any_record *ret) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_ANY_RECORD_H
