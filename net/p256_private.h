// SPDX-License-Identifier: ISC

#ifndef DM_NET_P256_PRIVATE_H
#define DM_NET_P256_PRIVATE_H

/**
 * @file
 * Keys and signatures on the curve P-256 without any random number: ECDSA with
 * SHA-256 and the nonce of RFC 6979. OpenSSL 3.0 draws its nonces itself, so
 * only its arithmetic is used.
 *
 * Threads: any. Numbers are big-endian. All but `secret` may be shown.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

DM_BEGIN_DECLS

#define DM_P256_BYTES 32
/// 0x04 and both coordinates
#define DM_P256_POINT_BYTES 65

/// The public key of `secret`.
/// @return DM_ERR_ARGUMENT (0, or not below the order); DM_ERR_NO_MEMORY.
enum dm_status dm_p256_public(const uint8_t secret[DM_P256_BYTES],
                              uint8_t point[DM_P256_POINT_BYTES]) DM_NODISCARD;

/// Sign SHA-256 of `message`: r, then s. As dm_p256_public().
enum dm_status dm_p256_sign(const uint8_t secret[DM_P256_BYTES],
                            struct dm_str message,
                            uint8_t signature[2 * DM_P256_BYTES]) DM_NODISCARD;

DM_END_DECLS

#endif // DM_NET_P256_PRIVATE_H
