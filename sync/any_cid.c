// SPDX-License-Identifier: ISC

#include "sync/any_cid.h"

#include "sync/any_cbor.h"
#include "sync/protobuf.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define V0_BYTES 34U
#define V0_TEXT 46U
#define HASH_SHA2_512 0x13U
#define HASH_BLAKE2B_256 0xB220U
#define BLAKE2B_256_BYTES 32U

static const uint8_t v0_front[] = {DM_HASH_SHA2_256, DM_DIGEST_BYTES};
// What stands before an Ed25519 key in a peer id: a protobuf of type and length
static const uint8_t key_front[] = {0x08, 0x01, 0x12, 0x20};

// --------------------------------------------------------------------- bytes

// A varint off the front of `bytes`, behind what was read
static bool
take(struct dm_str bytes, size_t *at, uint64_t *ret)
{
    const size_t n = dm_varint_read(dm_str_slice(bytes, *at, SIZE_MAX), ret);
    *at += n;
    return n != 0;
}

// hash, length, digest from `at` on; where it ends, or 0
static size_t
read_multihash(struct dm_str bytes, size_t at, struct dm_any_cid *ret)
{
    uint64_t n = 0;
    ret->multihash_at = at;
    if (!take(bytes, &at, &ret->hash) || !take(bytes, &at, &n) ||
        n > bytes.n - at || n + at > DM_ANY_CID_MAX) {
        return 0;
    }
    ret->digest_at = at;
    ret->n = at + (size_t)n;
    memcpy(ret->bytes, bytes.data, ret->n);
    return ret->n;
}

size_t
dm_any_cid_read(struct dm_str bytes, struct dm_any_cid *ret)
{
    struct dm_any_cid cid = {.codec = DM_CODEC_DAG_PB};
    const struct dm_str front = {(const char *)v0_front, sizeof(v0_front)};
    size_t at = 0;
    if (bytes.n >= V0_BYTES && dm_str_starts(bytes, front)) {
        at = read_multihash(bytes, 0, &cid);
    } else {
        uint64_t version = 0;
        if (take(bytes, &at, &version) && version == 1 &&
            take(bytes, &at, &cid.codec)) {
            at = read_multihash(bytes, at, &cid);
        } else {
            at = 0;
        }
    }
    if (at) {
        *ret = cid;
    }
    return at;
}

void
dm_any_cid_of(const struct dm_cid *cid, struct dm_any_cid *ret)
{
    const struct dm_str bytes = {(const char *)cid->bytes, DM_CID_BYTES};
    const size_t n = dm_any_cid_read(bytes, ret);
    assert(n == DM_CID_BYTES);
}

bool
dm_any_cid_to(const struct dm_any_cid *cid, struct dm_cid *ret)
{
    return dm_cid_read(dm_str_n((const char *)cid->bytes, cid->n), ret);
}

struct dm_str
dm_any_cid_multihash(const struct dm_any_cid *cid)
{
    return dm_str_n((const char *)cid->bytes + cid->multihash_at,
                    cid->n - cid->multihash_at);
}

struct dm_str
dm_any_cid_digest(const struct dm_any_cid *cid)
{
    return dm_str_n((const char *)cid->bytes + cid->digest_at,
                    cid->n - cid->digest_at);
}

enum dm_status
dm_any_cid_check(const struct dm_any_cid *cid, struct dm_str block)
{
    const struct dm_str want = dm_any_cid_digest(cid);
    const uint8_t *const bytes =
        (const uint8_t *)(block.data ? block.data : "");
    uint8_t digest[crypto_hash_sha512_BYTES];
    size_t n = DM_DIGEST_BYTES;
    switch (cid->hash) {
    case DM_HASH_IDENTITY:
        return dm_str_equal(want, block) ? DM_OK : DM_ERR_CORRUPT;
    case DM_HASH_SHA2_256:
        dm_sha256(block, digest);
        break;
    case HASH_SHA2_512:
        n = crypto_hash_sha512_BYTES;
        (void)crypto_hash_sha512(digest, bytes, block.n);
        break;
    case HASH_BLAKE2B_256:
        n = BLAKE2B_256_BYTES;
        (void)crypto_generichash(digest, n, bytes, block.n, NULL, 0);
        break;
    default:
        return DM_ERR_UNSUPPORTED;
    }
    return dm_str_equal(want, dm_str_n((const char *)digest, n))
               ? DM_OK
               : DM_ERR_CORRUPT;
}

// --------------------------------------------------------------------- texts

// Most bytes of a text's; one too many is still seen
#define ROOM (DM_ANY_CID_MAX + 1U)

// The place of a character among `digits`, or -1
static int
digit(const char *digits, char c)
{
    const char *const found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

// A number written in `digits`, its bytes from the greatest on; digits of zero
// at the front are bytes of zero. Gives how many, or 0.
static size_t
decode_number(struct dm_str text, const char *digits, uint8_t bytes[ROOM])
{
    const unsigned base = (unsigned)strlen(digits);
    size_t zeros = 0;
    while (zeros < text.n && text.data[zeros] == digits[0]) {
        ++zeros;
    }
    uint8_t little[ROOM] = {0};
    size_t n = 0;
    for (size_t i = zeros; i < text.n; ++i) {
        const int value = digit(digits, text.data[i]);
        if (value < 0) {
            return 0;
        }
        unsigned carry = (unsigned)value;
        for (size_t k = 0; k < n || carry; ++k) {
            if (k == ROOM) {
                return 0;
            }
            carry += little[k] * base;
            little[k] = (uint8_t)(carry & 0xFFU);
            carry >>= 8U;
            n = k >= n ? k + 1 : n;
        }
    }
    if (zeros + n > ROOM) {
        return 0;
    }
    memset(bytes, 0, zeros);
    for (size_t k = 0; k < n; ++k) {
        bytes[zeros + k] = little[n - 1 - k];
    }
    return zeros + n;
}

// Digits of `bits` bits each, from the front on; what is left over is zero
static size_t
decode_bits(struct dm_str text, const char *digits, unsigned bits,
            uint8_t bytes[ROOM])
{
    unsigned buffer = 0;
    unsigned held = 0;
    size_t n = 0;
    for (size_t i = 0; i < text.n; ++i) {
        const int value = digit(digits, text.data[i]);
        if (value < 0) {
            return 0;
        }
        buffer = (buffer << bits | (unsigned)value) & 0xFFFFU;
        held += bits;
        if (held >= 8) {
            held -= 8;
            if (n == ROOM) {
                return 0;
            }
            bytes[n++] = (uint8_t)(buffer >> held & 0xFFU);
        }
    }
    const bool is_whole = held < bits && !(buffer & ((1U << held) - 1));
    return is_whole ? n : 0;
}

static const char base16[] = "0123456789abcdef";
static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char base36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char base58[] =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

static size_t
decode(struct dm_str text, uint8_t bytes[ROOM])
{
    const struct dm_str rest = dm_str_slice(text, 1, SIZE_MAX);
    switch (text.data[0]) {
    case 'b':
        return decode_bits(rest, base32, 5, bytes);
    case 'f':
        return decode_bits(rest, base16, 4, bytes);
    case 'k':
        return decode_number(rest, base36, bytes);
    case 'z':
        return decode_number(rest, base58, bytes);
    default:
        return 0;
    }
}

bool
dm_any_cid_from_text(struct dm_str text, struct dm_any_cid *ret)
{
    const struct dm_str v0 = DM_STR("Qm");
    uint8_t bytes[ROOM];
    if (text.n < 2 || text.n > DM_ANY_CID_TEXT_MAX) {
        return false;
    }
    const bool is_v0 = text.n == V0_TEXT && dm_str_starts(text, v0);
    const size_t n =
        is_v0 ? decode_number(text, base58, bytes) : decode(text, bytes);
    struct dm_any_cid cid;
    if (!n || dm_any_cid_read(dm_str_n((const char *)bytes, n), &cid) != n ||
        (cid.multihash_at == 0) != is_v0) {
        return false;
    }
    *ret = cid;
    return true;
}

bool
dm_any_key_from_name(struct dm_str name,
                     uint8_t public_key[DM_KEY_PUBLIC_BYTES])
{
    const struct dm_str peer = DM_STR("12D3");
    struct dm_any_cid cid;
    struct dm_str key = {NULL, 0};
    uint8_t bytes[ROOM];
    if (name.n <= DM_ANY_CID_TEXT_MAX && dm_str_starts(name, peer)) {
        // A peer id is the multihash alone
        const size_t n = decode_number(name, base58, bytes);
        if (n > 2 && bytes[0] == DM_HASH_IDENTITY && bytes[1] == n - 2) {
            key = dm_str_n((const char *)bytes + 2, n - 2);
        }
    } else if (dm_any_cid_from_text(name, &cid) &&
               cid.codec == DM_CODEC_LIBP2P_KEY &&
               cid.hash == DM_HASH_IDENTITY) {
        key = dm_any_cid_digest(&cid);
    }
    const struct dm_str front = {(const char *)key_front, sizeof(key_front)};
    if (key.n != sizeof(key_front) + DM_KEY_PUBLIC_BYTES ||
        !dm_str_starts(key, front)) {
        return false;
    }
    memcpy(public_key, key.data + sizeof(key_front), DM_KEY_PUBLIC_BYTES);
    return true;
}

// --------------------------------------------------------------------- links

// Links are found without following how items are nested.
static enum dm_status
cbor_links(struct dm_str rest, dm_link_fn link, void *context)
{
    const struct dm_str none = {NULL, 0};
    bool is_link = false;
    while (rest.n) {
        struct dm_any_item item;
        struct dm_any_cid cid;
        if (!dm_any_item_take(&rest, &item) ||
            (is_link && !dm_any_link_read(&item, &cid))) {
            return DM_ERR_CORRUPT;
        }
        const enum dm_status status =
            is_link ? link(context, &cid, none) : DM_OK;
        if (status) {
            return status;
        }
        is_link = item.major == DM_ANY_TAG && item.number == DM_ANY_TAG_LINK;
    }
    return is_link ? DM_ERR_CORRUPT : DM_OK;
}

// PBLink: 1 the name of the block, 2 the name of the link
static enum dm_status
pb_link(struct dm_str rest, dm_link_fn link, void *context)
{
    struct dm_pb_field field;
    struct dm_str bytes = {NULL, 0};
    struct dm_str name = {NULL, 0};
    enum dm_status status = DM_OK;
    while (!(status = dm_pb_next(&rest, &field))) {
        if (field.is_bytes && field.number == 1) {
            bytes = field.bytes;
        } else if (field.is_bytes && field.number == 2) {
            name = field.bytes;
        }
    }
    struct dm_any_cid cid;
    if (status != DM_END || !bytes.n ||
        dm_any_cid_read(bytes, &cid) != bytes.n) {
        return DM_ERR_CORRUPT;
    }
    return link(context, &cid, name);
}

// PBNode: 2 a link, 1 data
static enum dm_status
pb_links(struct dm_str rest, dm_link_fn link, void *context)
{
    struct dm_pb_field field;
    enum dm_status status = DM_OK;
    while (!(status = dm_pb_next(&rest, &field))) {
        if (field.is_bytes && field.number == 2) {
            status = pb_link(field.bytes, link, context);
            if (status) {
                return status;
            }
        }
    }
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_links(uint64_t codec, struct dm_str block, dm_link_fn link, void *context)
{
    if (codec == DM_CODEC_CBOR) {
        return cbor_links(block, link, context);
    }
    return codec == DM_CODEC_DAG_PB ? pb_links(block, link, context) : DM_OK;
}
