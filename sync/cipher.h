// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_CIPHER_H
#define DM_SYNC_CIPHER_H

/**
 * @file
 * Payloads that only a group can read:
 *
 *     nonce (24 bytes) || XChaCha20-Poly1305-IETF of the frame
 *
 * with the public key of the log as associated data, so that a payload of one
 * log is none of another. Nonces are random.
 *
 * Threads: pure functions. Source: docs/PROTOCOL.md, "Encryption"; libsodium.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/key.h"
#include "sync/payload.h"

#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;
struct dm_env;

#define DM_CIPHER_NONCE_BYTES 24U
#define DM_CIPHER_TAG_BYTES 16U

/// Bytes by which a block is longer than its frame
#define DM_CIPHER_OVERHEAD (DM_CIPHER_NONCE_BYTES + DM_CIPHER_TAG_BYTES)

/// Append the block of `frame`.
/// @return buf->status; where it is not DM_OK, nothing was appended.
enum dm_status dm_cipher_seal(const struct dm_env *env,
                              const struct dm_payload_key *key,
                              const uint8_t log[DM_KEY_PUBLIC_BYTES],
                              struct dm_str frame, struct dm_buf *buf)
    DM_NODISCARD;

/// Append the frame in `block`.
/// @return DM_ERR_CORRUPT ("decrypt") where it is not authentic; buf->status.
enum dm_status dm_cipher_open(const struct dm_payload_key *key,
                              const uint8_t log[DM_KEY_PUBLIC_BYTES],
                              struct dm_str block, struct dm_buf *buf,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_CIPHER_H
