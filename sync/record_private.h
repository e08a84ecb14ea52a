// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_RECORD_PRIVATE_H
#define DM_SYNC_RECORD_PRIVATE_H

/**
 * @file
 * What is signed in an IPNS record, whoever wrote it: a map of dag-cbor.
 */

#include "sync/shape_private.h"

#include <stdint.h>

DM_BEGIN_DECLS

struct dm_record_data {
    uint64_t ttl_ns;
    struct dm_str value;
    uint64_t sequence;
    struct dm_str validity;
    uint64_t validity_type;
};

/// Of a struct dm_record_data; other keys are ignored
extern const struct dm_shape dm_record_shape;

DM_END_DECLS

#endif // DM_SYNC_RECORD_PRIVATE_H
