// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_ANY_CID_H
#define DM_SYNC_ANY_CID_H

/**
 * @file
 * Names of blocks as anybody else writes them, where a gateway meets them.
 *
 *     v0    12 20 | digest                         Qm… (base58)
 *     v1    01 | codec | hash | length | digest    b… f… k… z…
 *
 * A block is found by its hash and digest; the codec says how its links are
 * read. `identity` is no hash: the digest is the block. What this wire writes
 * itself is sync/cid.h, the strict part of this.
 *
 * Threads: pure functions. Source: multiformats/cid, multibase, multihash.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/cid.h"
#include "sync/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_ANY_CID_MAX 160U      ///< Bytes of one
#define DM_ANY_CID_TEXT_MAX 340U ///< Characters of one that is read

#define DM_CODEC_DAG_PB 0x70U
#define DM_CODEC_LIBP2P_KEY 0x72U

#define DM_HASH_IDENTITY 0x00U
#define DM_HASH_SHA2_256 0x12U

struct dm_any_cid {
    uint64_t codec; ///< dag-pb for v0
    uint64_t hash;
    uint8_t bytes[DM_ANY_CID_MAX];
    size_t n;
    size_t multihash_at; ///< Within `bytes`: hash, length, digest
    size_t digest_at;
};

/// Take a name off the front of `bytes`.
/// @return How long it is; 0 where there is none.
size_t dm_any_cid_read(struct dm_str bytes, struct dm_any_cid *ret)
    DM_NODISCARD;

/// Read a text. Base32 and base16 are lower case.
bool dm_any_cid_from_text(struct dm_str text, struct dm_any_cid *ret)
    DM_NODISCARD;

/// One of this wire
void dm_any_cid_of(const struct dm_cid *cid, struct dm_any_cid *ret);
/// @return Whether it is one of this wire, `*ret` then.
bool dm_any_cid_to(const struct dm_any_cid *cid, struct dm_cid *ret)
    DM_NODISCARD;

/// Hash and digest: what a block is found by. Looks into `cid`.
struct dm_str dm_any_cid_multihash(const struct dm_any_cid *cid);
struct dm_str dm_any_cid_digest(const struct dm_any_cid *cid);

/// Whether `block` is the one of this name.
/// @return DM_OK; DM_ERR_CORRUPT: it is not; DM_ERR_UNSUPPORTED: of a hash that
///         is not known here.
enum dm_status dm_any_cid_check(const struct dm_any_cid *cid,
                                struct dm_str block) DM_NODISCARD;

/// The Ed25519 key that a name under /ipns says: k51…, bafz…, 12D3KooW…
/// @return Whether it says one.
bool dm_any_key_from_name(struct dm_str name,
                          uint8_t public_key[DM_KEY_PUBLIC_BYTES]) DM_NODISCARD;

// --------------------------------------------------------------------- links

/// Told of each link of a block, in order; another status than DM_OK ends it.
typedef enum dm_status (*dm_link_fn)(void *context,
                                     const struct dm_any_cid *cid,
                                     struct dm_str name);

/// The links of a block of this codec: dag-cbor, dag-pb (with names); other
/// codecs have none.
/// @return DM_ERR_CORRUPT where the block is not of its codec; what `link`
/// says.
enum dm_status dm_links(uint64_t codec, struct dm_str block, dm_link_fn link,
                        void *context) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_ANY_CID_H
