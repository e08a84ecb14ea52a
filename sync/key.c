// SPDX-License-Identifier: ISC

#include "sync/key.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HEX_DIGITS ((size_t)DM_KEY_SEED_BYTES * 2)
#define FILE_BYTES (HEX_DIGITS + 1) // The digits and a line feed
#define FILE_MODE 0600U
#define MODE_OF_OTHERS 077U

// What stands before a public key in a peer id: identity multihash of 36 bytes,
// which are a protobuf message: field 1 = 1 (Ed25519), field 2 = 32 bytes
#define MULTIHASH 0x00, 0x24, 0x08, 0x01, 0x12, 0x20

static const uint8_t peer_id_prefix[] = {MULTIHASH};
static const uint8_t name_prefix[] = {0x01, 0x72, MULTIHASH}; // CIDv1, libp2p

#define PEER_ID_BYTES (sizeof(peer_id_prefix) + DM_KEY_PUBLIC_BYTES)
#define NAME_BYTES (sizeof(name_prefix) + DM_KEY_PUBLIC_BYTES)

static const char base36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char base58[] =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

_Static_assert(crypto_sign_SEEDBYTES == DM_KEY_SEED_BYTES, "Ed25519");
_Static_assert(crypto_sign_PUBLICKEYBYTES == DM_KEY_PUBLIC_BYTES, "Ed25519");
_Static_assert(crypto_sign_BYTES == DM_KEY_SIGNATURE_BYTES, "Ed25519");

struct dm_key {
    uint8_t public_key[DM_KEY_PUBLIC_BYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES]; // Seed and public key
};

struct dm_key *
dm_key_from_seed(const uint8_t seed[DM_KEY_SEED_BYTES])
{
    struct dm_key *key = dm_calloc(1, sizeof(*key));
    if (!key) {
        return NULL;
    }
    const int rc = crypto_sign_seed_keypair(key->public_key, key->secret, seed);
    assert(rc == 0);
    return key;
}

void
dm_key_free(struct dm_key *key)
{
    if (key) {
        sodium_memzero(key, sizeof(*key));
        dm_free(key);
    }
}

enum dm_status
dm_key_make(const struct dm_env *env, const char *path, struct dm_key **ret,
            struct dm_error *error)
{
    uint8_t seed[DM_KEY_SEED_BYTES];
    dm_env_random(env, seed, sizeof(seed));
    char line[FILE_BYTES + 1] = "";
    (void)sodium_bin2hex(line, sizeof(line), seed, sizeof(seed));
    line[HEX_DIGITS] = '\n';

    enum dm_status status = DM_OK;
    struct dm_key *key = dm_key_from_seed(seed);
    if (!key) {
        status = dm_error_set(error, DM_ERR_NO_MEMORY, "cannot make the key");
        goto out;
    }
    status = dm_env_write(env, path, dm_str_n(line, FILE_BYTES), FILE_MODE,
                          DM_WRITE_EXCLUSIVE | DM_WRITE_DURABLE, error);
    if (status) {
        dm_key_free(key);
        goto out;
    }
    *ret = key;

out:
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(line, sizeof(line));
    return status;
}

// Whether nobody but the owner can read or change the file
static enum dm_status
check_mode(const struct dm_env *env, const char *path, struct dm_error *error)
{
    struct dm_file_info info;
    const enum dm_status status = dm_env_info(env, path, &info);
    if (status) {
        (void)dm_error_set(error, status, "cannot read the key");
        dm_error_detail(error, "%s", dm_status_text(status));
        dm_error_where(error, dm_str(path), 0, 0);
        return status;
    }
    if (info.mode & MODE_OF_OTHERS) {
        (void)dm_error_set(error, DM_ERR_PERMISSION,
                           "the key is open to others than its owner");
        dm_error_detail(error, "its permissions are %04o", info.mode);
        dm_error_hint(error, "If nobody can have read it: chmod 600");
        dm_error_where(error, dm_str(path), 0, 0);
        return DM_ERR_PERMISSION;
    }
    return DM_OK;
}

// The seed that a file's bytes say
static bool
parse_file(struct dm_str bytes, uint8_t seed[DM_KEY_SEED_BYTES])
{
    if (bytes.n != FILE_BYTES || bytes.data[HEX_DIGITS] != '\n') {
        return false;
    }
    for (size_t i = 0; i < HEX_DIGITS; ++i) {
        if (bytes.data[i] >= 'A' && bytes.data[i] <= 'F') {
            return false;
        }
    }
    size_t n = 0;
    return sodium_hex2bin(seed, DM_KEY_SEED_BYTES, bytes.data, HEX_DIGITS, NULL,
                          &n, NULL) == 0 &&
           n == DM_KEY_SEED_BYTES;
}

enum dm_status
dm_key_load(const struct dm_env *env, const char *path, struct dm_key **ret,
            struct dm_error *error)
{
    enum dm_status status = check_mode(env, path, error);
    if (status) {
        return status;
    }

    // Room for one byte too many, taken at once: no copy of the seed is left
    // behind by a buffer that grew
    struct dm_buf buf;
    dm_buf_init(&buf, FILE_BYTES + 1);
    struct dm_key *key = NULL;
    uint8_t seed[DM_KEY_SEED_BYTES] = {0};
    if (!dm_buf_reserve(&buf, FILE_BYTES + 1)) {
        status = dm_error_set(error, buf.status, "cannot read the key");
        goto out;
    }
    status = dm_env_read(env, path, &buf, error);
    if (status && status != DM_ERR_LIMIT) {
        goto out;
    }
    if (status || !parse_file(dm_buf_str(&buf), seed)) {
        status = dm_error_set(error, DM_ERR_CORRUPT, "the key is damaged");
        dm_error_detail(error, "it is not one line of %zu hexadecimal digits",
                        HEX_DIGITS);
        dm_error_hint(error, "Restore it from a backup; a new key would be a "
                             "new node");
        dm_error_where(error, dm_str(path), 0, 0);
        goto out;
    }
    key = dm_key_from_seed(seed);
    if (!key) {
        status = dm_error_set(error, DM_ERR_NO_MEMORY, "cannot read the key");
        goto out;
    }
    *ret = key;

out:
    sodium_memzero(seed, sizeof(seed));
    if (buf.data) {
        sodium_memzero(buf.data, buf.capacity);
    }
    dm_buf_done(&buf);
    return status;
}

const uint8_t *
dm_key_public(const struct dm_key *key)
{
    return key->public_key;
}

// `bytes` as a number in the given base, written to exactly `n_digits` digits:
// long division, one digit a round, the last one first. `bytes` is destroyed.
static void
to_digits(uint8_t *bytes, size_t n, const char *alphabet, unsigned base,
          char *digits, size_t n_digits)
{
    for (size_t place = n_digits; place > 0; --place) {
        unsigned rest = 0;
        for (size_t i = 0; i < n; ++i) {
            const unsigned value = rest << 8U | bytes[i];
            bytes[i] = (uint8_t)(value / base);
            rest = value % base;
        }
        digits[place - 1] = alphabet[rest];
    }
    for (size_t i = 0; i < n; ++i) {
        assert(bytes[i] == 0);
    }
}

void
dm_key_name(const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
            char name[DM_KEY_NAME_SIZE])
{
    uint8_t bytes[NAME_BYTES];
    memcpy(bytes, name_prefix, sizeof(name_prefix));
    memcpy(bytes + sizeof(name_prefix), public_key, DM_KEY_PUBLIC_BYTES);
    name[0] = 'k'; // Multibase: base36
    to_digits(bytes, sizeof(bytes), base36, sizeof(base36) - 1, name + 1,
              DM_KEY_NAME_SIZE - 2);
    name[DM_KEY_NAME_SIZE - 1] = '\0';
}

void
dm_key_iri(const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
           char iri[DM_KEY_IRI_SIZE])
{
    static const char scheme[] = "ipns://";
    _Static_assert(sizeof(scheme) - 1 + DM_KEY_NAME_SIZE == DM_KEY_IRI_SIZE,
                   "scheme and name");
    memcpy(iri, scheme, sizeof(scheme) - 1);
    dm_key_name(public_key, iri + sizeof(scheme) - 1);
}

void
dm_key_peer_id(const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
               char peer_id[DM_KEY_PEER_ID_SIZE])
{
    uint8_t bytes[PEER_ID_BYTES];
    memcpy(bytes, peer_id_prefix, sizeof(peer_id_prefix));
    memcpy(bytes + sizeof(peer_id_prefix), public_key, DM_KEY_PUBLIC_BYTES);
    // The zero byte at the start is the first digit, '1', as base58 wants it
    to_digits(bytes, sizeof(bytes), base58, sizeof(base58) - 1, peer_id,
              DM_KEY_PEER_ID_SIZE - 1);
    peer_id[DM_KEY_PEER_ID_SIZE - 1] = '\0';
}

// The number that base36 digits say, as `n` bytes
static bool
from_base36(struct dm_str digits, uint8_t *bytes, size_t n)
{
    memset(bytes, 0, n);
    for (size_t place = 0; place < digits.n; ++place) {
        const char *digit =
            memchr(base36, digits.data[place], sizeof(base36) - 1);
        if (!digit) {
            return false;
        }
        unsigned carry = (unsigned)(digit - base36);
        for (size_t i = n; i > 0; --i) {
            const unsigned value = bytes[i - 1] * 36U + carry;
            bytes[i - 1] = (uint8_t)(value & 0xFFU);
            carry = value >> 8U;
        }
        if (carry) {
            return false;
        }
    }
    return true;
}

bool
dm_key_from_name(struct dm_str name, uint8_t public_key[DM_KEY_PUBLIC_BYTES])
{
    uint8_t bytes[NAME_BYTES];
    if (name.n != DM_KEY_NAME_SIZE - 1 || name.data[0] != 'k' ||
        !from_base36(dm_str_slice(name, 1, name.n), bytes, sizeof(bytes)) ||
        memcmp(bytes, name_prefix, sizeof(name_prefix)) != 0) {
        return false;
    }
    memcpy(public_key, bytes + sizeof(name_prefix), DM_KEY_PUBLIC_BYTES);
    return true;
}

// prefix || message, or NULL
static uint8_t *
join(struct dm_str prefix, struct dm_str message)
{
    if (message.n > SIZE_MAX - prefix.n) {
        return NULL;
    }
    uint8_t *bytes = dm_malloc(prefix.n + message.n);
    if (!bytes) {
        return NULL;
    }
    if (prefix.n) {
        memcpy(bytes, prefix.data, prefix.n);
    }
    if (message.n) {
        memcpy(bytes + prefix.n, message.data, message.n);
    }
    return bytes;
}

enum dm_status
dm_key_sign(const struct dm_key *key, struct dm_str prefix,
            struct dm_str message, uint8_t signature[DM_KEY_SIGNATURE_BYTES])
{
    uint8_t *bytes = join(prefix, message);
    if (!bytes) {
        return DM_ERR_NO_MEMORY;
    }
    const int rc = crypto_sign_detached(signature, NULL, bytes,
                                        prefix.n + message.n, key->secret);
    assert(rc == 0);
    dm_free(bytes);
    return DM_OK;
}

void
dm_key_derive(const struct dm_key *key, struct dm_str label,
              uint8_t bytes[DM_KEY_DERIVED_BYTES])
{
    // The first half of an Ed25519 secret is the seed
    const int rc = crypto_generichash(bytes, DM_KEY_DERIVED_BYTES,
                                      (const unsigned char *)label.data,
                                      label.n, key->secret, DM_KEY_SEED_BYTES);
    assert(rc == 0);
}

enum dm_status
dm_key_verify(const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
              struct dm_str prefix, struct dm_str message,
              const uint8_t signature[DM_KEY_SIGNATURE_BYTES])
{
    uint8_t *bytes = join(prefix, message);
    if (!bytes) {
        return DM_ERR_NO_MEMORY;
    }
    const int rc = crypto_sign_verify_detached(
        signature, bytes, prefix.n + message.n, public_key);
    dm_free(bytes);
    return rc == 0 ? DM_OK : DM_ERR_CORRUPT;
}
