// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_KEY_H
#define DM_SYNC_KEY_H

/**
 * @file
 * The key of a node, and the names that follow from it.
 *
 * A key pair is Ed25519, made from a seed of 32 random bytes. The seed is the
 * only thing of a log that cannot be made again. Its file holds one line: the
 * seed as 64 lower-case hexadecimal digits, then a line feed; mode 0600.
 *
 *     seed --> public key --> name     k51…      base36 of the libp2p-key CID
 *                         --> IRI      ipns://k51…   graph of the node's events
 *                         --> peer id  12D3KooW…     base58, as libp2p says it
 *
 * A name is the public key in other letters, so it can be read back.
 *
 * Every signature has a prefix of its own, so that none passes for another:
 * what is signed is prefix || message.
 *
 * Secrets stay inside `struct dm_key` and are wiped when it is freed. Random
 * bytes come from the environment, never from libsodium's own source.
 *
 * Threads: a key is constant once it is made; any thread may use it. Reading
 * and making files: not on the loop. Memory: one allocation for a key; sign and
 * verify need room for prefix and message while they run. Cost: about 50 us to
 * sign, 100 us to verify.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_env;
struct dm_key;

#define DM_KEY_SEED_BYTES 32
#define DM_KEY_PUBLIC_BYTES 32
#define DM_KEY_SIGNATURE_BYTES 64
#define DM_KEY_DERIVED_BYTES 32

/// "k51…": 62 characters and NUL
#define DM_KEY_NAME_SIZE 63

/// "ipns://k51…" and NUL
#define DM_KEY_IRI_SIZE 70

/// "12D3KooW…": 52 characters and NUL
#define DM_KEY_PEER_ID_SIZE 53

/// The key of `seed`, or NULL when out of memory.
struct dm_key *DM_NULLABLE
dm_key_from_seed(const uint8_t seed[DM_KEY_SEED_BYTES]) DM_NODISCARD;

/// Wipe the secret and release the key.
void dm_key_free(struct dm_key *DM_NULLABLE key);

/// Make a key of random bytes and write its file, durably; never replaces one.
/// @return DM_ERR_EXISTS, or as dm_env_write().
enum dm_status dm_key_make(const struct dm_env *env, const char *path,
                           struct dm_key **ret,
                           struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Read a key's file.
/// @return DM_ERR_PERMISSION also where others than the owner could read or
///         change it; DM_ERR_CORRUPT where it is not as described above; else
///         as dm_env_read().
enum dm_status dm_key_load(const struct dm_env *env, const char *path,
                           struct dm_key **ret,
                           struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// DM_KEY_PUBLIC_BYTES that live as long as the key
const uint8_t *dm_key_public(const struct dm_key *key);

void dm_key_name(const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
                 char name[DM_KEY_NAME_SIZE]);
void dm_key_iri(const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
                char iri[DM_KEY_IRI_SIZE]);
void dm_key_peer_id(const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
                    char peer_id[DM_KEY_PEER_ID_SIZE]);

/// The public key that a name says; only the canonical spelling is one.
/// @return Whether it is a name; `public_key` is set only then.
bool dm_key_from_name(struct dm_str name,
                      uint8_t public_key[DM_KEY_PUBLIC_BYTES]) DM_NODISCARD;

/// Sign prefix || message. The same input gives the same signature.
/// @return DM_ERR_NO_MEMORY, with `signature` untouched.
enum dm_status dm_key_sign(const struct dm_key *key, struct dm_str prefix,
                           struct dm_str message,
                           uint8_t signature[DM_KEY_SIGNATURE_BYTES])
    DM_NODISCARD;

/// Secret bytes for another purpose, which `label` names: BLAKE2b-256 of the
/// label, keyed with the seed. What one label gives says nothing of the seed,
/// nor of what another gives. The caller wipes them.
void dm_key_derive(const struct dm_key *key, struct dm_str label,
                   uint8_t bytes[DM_KEY_DERIVED_BYTES]);

/// Check a signature over prefix || message as libsodium does: S < L, neither
/// key nor R of small order, cofactorless.
/// @return DM_OK only for a good one; DM_ERR_CORRUPT, DM_ERR_NO_MEMORY.
enum dm_status dm_key_verify(const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
                             struct dm_str prefix, struct dm_str message,
                             const uint8_t signature[DM_KEY_SIGNATURE_BYTES])
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_KEY_H
