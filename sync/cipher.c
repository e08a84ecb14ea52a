// SPDX-License-Identifier: ISC

#include "sync/cipher.h"

#include "base/buf.h"
#include "base/env.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static const char key_message[] = "demonitor payload key v1";
static const char data_prefix[] = "demonitor-payload-v1:";

#define PREFIX_BYTES (sizeof(data_prefix) - 1)
#define DATA_BYTES (PREFIX_BYTES + DM_KEY_PUBLIC_BYTES)

_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES ==
                   DM_CIPHER_NONCE_BYTES,
               "XChaCha20");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == DM_CIPHER_TAG_BYTES,
               "Poly1305");

static struct dm_str
next_line(struct dm_str *rest)
{
    const size_t at = dm_str_find(*rest, dm_str("\n"));
    const struct dm_str line = dm_str_trim(dm_str_slice(*rest, 0, at));
    *rest = dm_str_slice(*rest, at + 1, rest->n);
    return line;
}

enum dm_status
dm_group_key_read(struct dm_str text, uint8_t group_key[DM_GROUP_KEY_BYTES],
                  struct dm_error *error)
{
    uint8_t bytes[DM_GROUP_KEY_BYTES];
    size_t n = 0;
    if (!dm_str_is(next_line(&text), "/key/swarm/psk/1.0.0/")) {
        return dm_error_set(error, DM_ERR_SYNTAX,
                            "a swarm key begins with /key/swarm/psk/1.0.0/");
    }
    if (!dm_str_is(next_line(&text), "/base16/")) {
        return dm_error_set(error, DM_ERR_UNSUPPORTED,
                            "a swarm key is read in /base16/ only");
    }
    const struct dm_str digits = next_line(&text);
    const bool is_key = digits.n == 2 * sizeof(bytes) && !dm_str_trim(text).n &&
                        !sodium_hex2bin(bytes, sizeof(bytes), digits.data,
                                        digits.n, NULL, &n, NULL) &&
                        n == sizeof(bytes);
    if (is_key) {
        memcpy(group_key, bytes, sizeof(bytes));
    }
    sodium_memzero(bytes, sizeof(bytes));
    return is_key ? DM_OK
                  : dm_error_set(error, DM_ERR_SYNTAX,
                                 "a swarm key has 64 hexadecimal digits");
}

void
dm_payload_key_derive(const uint8_t group_key[32], struct dm_payload_key *ret)
{
    _Static_assert(sizeof(ret->bytes) ==
                       crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
                   "a key of the cipher");
    uint8_t id[32];
    int rc = crypto_generichash(ret->bytes, sizeof(ret->bytes),
                                (const unsigned char *)key_message,
                                sizeof(key_message) - 1, group_key, 32);
    assert(rc == 0);
    rc = crypto_generichash(id, sizeof(id), ret->bytes, sizeof(ret->bytes),
                            NULL, 0);
    assert(rc == 0);
    (void)rc;
    memcpy(ret->id, id, sizeof(ret->id));
}

// Associated data: which log it is of
static void
make_data(const uint8_t *log, uint8_t data[DATA_BYTES])
{
    memcpy(data, data_prefix, PREFIX_BYTES);
    memcpy(data + PREFIX_BYTES, log, DM_KEY_PUBLIC_BYTES);
}

enum dm_status
dm_cipher_seal(const struct dm_env *env, const struct dm_payload_key *key,
               const uint8_t log[DM_KEY_PUBLIC_BYTES], struct dm_str frame,
               struct dm_buf *buf)
{
    uint8_t data[DATA_BYTES];
    char *room = dm_buf_reserve(buf, frame.n + DM_CIPHER_OVERHEAD);
    if (!room) {
        return buf->status;
    }
    uint8_t *nonce = (uint8_t *)room;
    make_data(log, data);
    dm_env_random(env, nonce, DM_CIPHER_NONCE_BYTES);
    unsigned long long n = 0;
    const int rc = crypto_aead_xchacha20poly1305_ietf_encrypt(
        nonce + DM_CIPHER_NONCE_BYTES, &n, (const unsigned char *)frame.data,
        frame.n, data, sizeof(data), NULL, nonce, key->bytes);
    assert(rc == 0 && n == frame.n + DM_CIPHER_TAG_BYTES);
    (void)rc;
    buf->n += DM_CIPHER_NONCE_BYTES + (size_t)n;
    buf->data[buf->n] = '\0';
    return DM_OK;
}

enum dm_status
dm_cipher_open(const struct dm_payload_key *key,
               const uint8_t log[DM_KEY_PUBLIC_BYTES], struct dm_str block,
               struct dm_buf *buf, struct dm_error *error)
{
    uint8_t data[DATA_BYTES];
    if (block.n < DM_CIPHER_OVERHEAD) {
        return dm_error_set(error, DM_ERR_CORRUPT, "decrypt: too short");
    }
    char *room = dm_buf_reserve(buf, block.n - DM_CIPHER_OVERHEAD);
    if (!room) {
        return buf->status;
    }
    const uint8_t *nonce = (const uint8_t *)block.data;
    make_data(log, data);
    unsigned long long n = 0;
    const int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(
        (unsigned char *)room, &n, NULL, nonce + DM_CIPHER_NONCE_BYTES,
        block.n - DM_CIPHER_NONCE_BYTES, data, sizeof(data), nonce, key->bytes);
    if (rc != 0) {
        *room = '\0';
        return dm_error_set(error, DM_ERR_CORRUPT, "decrypt: not authentic");
    }
    buf->n += (size_t)n;
    buf->data[buf->n] = '\0';
    return DM_OK;
}
