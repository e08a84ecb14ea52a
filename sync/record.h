// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_RECORD_H
#define DM_SYNC_RECORD_H

/**
 * @file
 * The tip of a log: an IPNS record (V2 only) that names its Head.
 *
 *     Value     /ipfs/HEAD
 *     Sequence  seq << 16 | k     k counts the records issued at this seq
 *     Validity  365 days, TTL 60 s
 *
 * Refusals as in sync/block.h. A record past its validity is good between nodes
 * and is shown as not renewed; who resolves a name through IPFS refuses it.
 *
 * Threads: pure functions. Source: IPNS specification, "Record"; RFC 3339;
 * docs/PROTOCOL.md, "Tip".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/cid.h"
#include "sync/key.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

#define DM_RECORD_MAX (10U << 10U)
#define DM_RECORD_VALID_MS INT64_C(31536000000)
#define DM_RECORD_TTL_NS UINT64_C(60000000000)
/// k counts to here at one seq
#define DM_RECORD_K_MAX 65535U

struct dm_record {
    struct dm_cid head;
    uint64_t sequence; ///< seq << 16 | k
    uint64_t seq;
    uint32_t k;
    uint64_t ttl_ns;
    int64_t valid_until_ms;
};

/// Read a record of the log `public_key` and check its signature.
enum dm_status dm_record_read(struct dm_str bytes,
                              const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
                              struct dm_record *ret,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Append the record that says: Head `head` at `seq`, the k-th there.
enum dm_status dm_record_write(const struct dm_key *key,
                               const struct dm_cid *head, uint64_t seq,
                               uint32_t k, int64_t valid_until_ms,
                               struct dm_buf *buf) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_RECORD_H
