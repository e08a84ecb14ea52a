// SPDX-License-Identifier: ISC

#include "sync/cid.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define CID_VERSION 0x01
#define SHA2_256 0x12
#define CODEC_AT 1
#define DIGEST_AT 4

#define MULTIBASE_BASE32 'b'
#define BASE32_BITS 5U
#define BASE32_MASK 31U
#define BYTE_BITS 8U
#define BYTE_MASK 0xFFU

#define VARINT_BITS 7U
#define VARINT_MASK 0x7FU
#define VARINT_MORE 0x80U

_Static_assert(DIGEST_AT + DM_DIGEST_BYTES == DM_CID_BYTES, "layout");
_Static_assert(crypto_hash_sha256_BYTES == DM_DIGEST_BYTES, "sha2-256");
_Static_assert((DM_CID_BYTES * 8 + 4) / 5 + 2 == DM_CID_TEXT_SIZE, "base32");

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

void
dm_sha256(struct dm_str bytes, uint8_t digest[DM_DIGEST_BYTES])
{
    const uint8_t none = 0;
    const void *const data = bytes.data ? (const void *)bytes.data : &none;
    const int rc = crypto_hash_sha256(digest, data, bytes.n);
    assert(rc == 0);
}

struct dm_cid
dm_cid_make(enum dm_codec codec, const uint8_t digest[DM_DIGEST_BYTES])
{
    struct dm_cid cid = {
        {CID_VERSION, (uint8_t)codec, SHA2_256, DM_DIGEST_BYTES}};
    memcpy(cid.bytes + DIGEST_AT, digest, DM_DIGEST_BYTES);
    return cid;
}

struct dm_cid
dm_cid_of(enum dm_codec codec, struct dm_str block)
{
    uint8_t digest[DM_DIGEST_BYTES];
    dm_sha256(block, digest);
    return dm_cid_make(codec, digest);
}

bool
dm_cid_read(struct dm_str bytes, struct dm_cid *ret)
{
    struct dm_cid cid;
    if (bytes.n != DM_CID_BYTES) {
        return false;
    }
    memcpy(cid.bytes, bytes.data, DM_CID_BYTES);
    const uint8_t codec = cid.bytes[CODEC_AT];
    if (cid.bytes[0] != CID_VERSION ||
        (codec != DM_CODEC_RAW && codec != DM_CODEC_CBOR) ||
        cid.bytes[2] != SHA2_256 || cid.bytes[3] != DM_DIGEST_BYTES) {
        return false;
    }
    *ret = cid;
    return true;
}

enum dm_codec
dm_cid_codec(const struct dm_cid *cid)
{
    return cid->bytes[CODEC_AT] == DM_CODEC_RAW ? DM_CODEC_RAW : DM_CODEC_CBOR;
}

const uint8_t *
dm_cid_digest(const struct dm_cid *cid)
{
    return cid->bytes + DIGEST_AT;
}

bool
dm_cid_equal(const struct dm_cid *a, const struct dm_cid *b)
{
    return memcmp(a->bytes, b->bytes, DM_CID_BYTES) == 0;
}

bool
dm_cid_names(const struct dm_cid *cid, struct dm_str block)
{
    uint8_t digest[DM_DIGEST_BYTES];
    dm_sha256(block, digest);
    return memcmp(dm_cid_digest(cid), digest, DM_DIGEST_BYTES) == 0;
}

void
dm_cid_text(const struct dm_cid *cid, char text[DM_CID_TEXT_SIZE])
{
    char *at = text;
    *at++ = MULTIBASE_BASE32;
    uint32_t bits = 0;
    unsigned n_bits = 0;
    for (size_t i = 0; i < DM_CID_BYTES; ++i) {
        bits = (bits << BYTE_BITS | cid->bytes[i]) & UINT16_MAX;
        n_bits += BYTE_BITS;
        while (n_bits >= BASE32_BITS) {
            n_bits -= BASE32_BITS;
            *at++ = base32[bits >> n_bits & BASE32_MASK];
        }
    }
    *at++ = base32[bits << (BASE32_BITS - n_bits) & BASE32_MASK];
    *at = '\0';
    assert(at - text == DM_CID_TEXT_SIZE - 1);
}

bool
dm_cid_from_text(struct dm_str text, struct dm_cid *ret)
{
    if (text.n != DM_CID_TEXT_SIZE - 1 || text.data[0] != MULTIBASE_BASE32) {
        return false;
    }
    uint8_t bytes[DM_CID_BYTES];
    size_t n = 0;
    uint32_t bits = 0;
    unsigned n_bits = 0;
    for (size_t i = 1; i < text.n; ++i) {
        const char *const digit =
            memchr(base32, text.data[i], sizeof(base32) - 1);
        if (!digit) {
            return false;
        }
        bits = (bits << BASE32_BITS | (uint32_t)(digit - base32)) & UINT16_MAX;
        n_bits += BASE32_BITS;
        if (n_bits >= BYTE_BITS) {
            n_bits -= BYTE_BITS;
            bytes[n++] = (uint8_t)(bits >> n_bits & BYTE_MASK);
        }
    }
    assert(n == DM_CID_BYTES);
    // What is left over of the last digit is zero in the one spelling
    if (bits & ((1U << n_bits) - 1)) {
        return false;
    }
    return dm_cid_read(dm_str_n((const char *)bytes, sizeof(bytes)), ret);
}

size_t
dm_varint_write(uint64_t value, uint8_t bytes[DM_VARINT_MAX])
{
    assert(value <= INT64_MAX);
    size_t n = 0;
    while (value > VARINT_MASK) {
        bytes[n++] = (uint8_t)((value & VARINT_MASK) | VARINT_MORE);
        value >>= VARINT_BITS;
    }
    bytes[n++] = (uint8_t)value;
    return n;
}

size_t
dm_varint_read(struct dm_str bytes, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.n && i < DM_VARINT_MAX; ++i) {
        const uint8_t byte = (uint8_t)bytes.data[i];
        value |= (uint64_t)(byte & VARINT_MASK) << (VARINT_BITS * i);
        if (byte & VARINT_MORE) {
            continue;
        }
        if (byte == 0 && i > 0) {
            return 0; // A byte more than the number needs
        }
        *ret = value;
        return i + 1;
    }
    return 0;
}
