// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_CID_H
#define DM_SYNC_CID_H

/**
 * @file
 * The name of a block: CIDv1 of sha2-256, 36 bytes.
 *
 *     01 | codec | 12 20 | digest (32)        bafy…, bafk… (59 characters)
 *
 * The codec is dag-cbor or raw; there are no others here. The text is base32 in
 * lower case, and only the spelling that dm_cid_text() gives is one.
 *
 * Threads: pure functions. Source: multiformats/cid; docs/PROTOCOL.md, "Names".
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_CID_BYTES 36
#define DM_DIGEST_BYTES 32

/// "b…": 59 characters and NUL
#define DM_CID_TEXT_SIZE 60

enum dm_codec {
    DM_CODEC_RAW = 0x55,
    DM_CODEC_CBOR = 0x71,
};

struct dm_cid {
    uint8_t bytes[DM_CID_BYTES];
};

/// The name of `block`
struct dm_cid dm_cid_of(enum dm_codec codec, struct dm_str block);
/// The name of a block whose digest is known
struct dm_cid dm_cid_make(enum dm_codec codec,
                          const uint8_t digest[DM_DIGEST_BYTES]);

/// Take 36 bytes as they stand in a block or a CAR.
/// @return Whether they are a name of this wire.
bool dm_cid_read(struct dm_str bytes, struct dm_cid *ret) DM_NODISCARD;

enum dm_codec dm_cid_codec(const struct dm_cid *cid);
/// DM_DIGEST_BYTES within `cid`
const uint8_t *dm_cid_digest(const struct dm_cid *cid);

bool dm_cid_equal(const struct dm_cid *a, const struct dm_cid *b);

/// Whether `block` is the one that `cid` names
bool dm_cid_names(const struct dm_cid *cid, struct dm_str block);

void dm_cid_text(const struct dm_cid *cid, char text[DM_CID_TEXT_SIZE]);
/// @return Whether `text` is the canonical text of a name of this wire.
bool dm_cid_from_text(struct dm_str text, struct dm_cid *ret) DM_NODISCARD;

void dm_sha256(struct dm_str bytes, uint8_t digest[DM_DIGEST_BYTES]);

// ------------------------------------------------------------------- varints

/// Most bytes of a varint
#define DM_VARINT_MAX 9

/// Write `value` (below 2^63); the number of bytes.
size_t dm_varint_write(uint64_t value, uint8_t bytes[DM_VARINT_MAX]);

/// Read a minimal varint at the front of `bytes`.
/// @return Its length; 0 where there is none.
size_t dm_varint_read(struct dm_str bytes, uint64_t *ret) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_CID_H
