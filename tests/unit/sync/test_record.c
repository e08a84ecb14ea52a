// SPDX-License-Identifier: ISC

#include "sync/record.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "sync/cbor.h"
#include "tests/check.h"
#include "tests/unit/sync/vectors.h"

#include <string.h>

#define ROOM ((size_t)64 << 10U)
#define VALID_MS INT64_C(1795536000000) // 2026-11-24T16:00:00Z

static struct dm_key *
key_of(uint8_t byte)
{
    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, byte, sizeof(seed));
    struct dm_key *key = dm_key_from_seed(seed);
    CHECK(key);
    return key;
}

static struct dm_cid
some_head(void)
{
    return dm_cid_of(DM_CODEC_CBOR, dm_str("a head"));
}

static void
a_record_is_read_as_it_was_written(const struct dm_key *key)
{
    static const struct {
        uint64_t seq;
        uint32_t k;
        int64_t valid_until_ms;
    } cases[] = {{1, 0, VALID_MS},
                 {1, DM_RECORD_K_MAX, 0},
                 {130, 2, DM_TIME_MIN_MS},
                 {(UINT64_C(1) << 48U) - 1, DM_RECORD_K_MAX, DM_TIME_MAX_MS}};
    const struct dm_cid head = some_head();
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct dm_buf buf;
        dm_buf_init(&buf, ROOM);
        CHECK(dm_buf_puts(&buf, "before") == DM_OK);
        CHECK(dm_record_write(key, &head, cases[i].seq, cases[i].k,
                              cases[i].valid_until_ms, &buf) == DM_OK);
        struct dm_record record;
        CHECK(dm_record_read(dm_str_slice(dm_buf_str(&buf), 6, buf.n),
                             dm_key_public(key), &record, NULL) == DM_OK);
        CHECK(record.seq == cases[i].seq && record.k == cases[i].k);
        CHECK(record.sequence == (cases[i].seq << 16U | cases[i].k));
        CHECK(record.valid_until_ms == cases[i].valid_until_ms);
        CHECK(record.ttl_ns == DM_RECORD_TTL_NS);
        CHECK(dm_cid_equal(&record.head, &head));
        dm_buf_done(&buf);
    }
}

static bool
is_good(struct dm_str bytes, const struct dm_key *key)
{
    struct dm_record record;
    struct dm_error error;
    const enum dm_status status =
        dm_record_read(bytes, dm_key_public(key), &record, &error);
    CHECK(status == DM_OK || (status == DM_ERR_CORRUPT && error.what[0]));
    return status == DM_OK;
}

static void
no_bit_of_a_record_can_be_flipped(const struct dm_key *key)
{
    const struct dm_cid head = some_head();
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    CHECK(dm_record_write(key, &head, 130, 2, VALID_MS, &buf) == DM_OK);
    for (size_t i = 0; i < buf.n * 8; ++i) {
        buf.data[i / 8] = (char)(buf.data[i / 8] ^ (1 << i % 8));
        CHECK(!is_good(dm_buf_str(&buf), key));
        buf.data[i / 8] = (char)(buf.data[i / 8] ^ (1 << i % 8));
    }
    for (size_t n = 0; n < buf.n; ++n) {
        CHECK(!is_good(dm_str_n(buf.data, n), key));
    }
    CHECK(is_good(dm_buf_str(&buf), key));
    struct dm_key *other = key_of(2);
    CHECK(!is_good(dm_buf_str(&buf), other));
    dm_key_free(other);
    dm_buf_done(&buf);
}

// A record whose data is `data`, well signed
static void
put_signed(struct dm_str data, const struct dm_key *key, struct dm_buf *buf)
{
    static const struct dm_str prefix = DM_STR("ipns-signature:");
    uint8_t signature[DM_KEY_SIGNATURE_BYTES];
    uint8_t length[DM_VARINT_MAX];
    CHECK(dm_key_sign(key, prefix, data, signature) == DM_OK);
    (void)dm_buf_puts(buf, "\x42\x40");
    (void)dm_buf_put(buf, signature, sizeof(signature));
    (void)dm_buf_puts(buf, "\x4a");
    (void)dm_buf_put(buf, length, dm_varint_write(data.n, length));
    (void)dm_buf_put_str(buf, data);
    CHECK_INT(buf->status, DM_OK);
}

static void
put_data(const char *validity, size_t n_extra, struct dm_buf *buf)
{
    char value[6 + DM_CID_TEXT_SIZE] = "/ipfs/";
    const struct dm_cid head = some_head();
    dm_cid_text(&head, value + 6);
    dm_cbor_put_map(buf, n_extra ? 6 : 5);
    dm_cbor_put_text(buf, dm_str("TTL"));
    dm_cbor_put_uint(buf, 1);
    dm_cbor_put_text(buf, dm_str("Value"));
    dm_cbor_put_bytes(buf, dm_str(value));
    dm_cbor_put_text(buf, dm_str("Sequence"));
    dm_cbor_put_uint(buf, UINT64_C(7) << 16U);
    dm_cbor_put_text(buf, dm_str("Validity"));
    dm_cbor_put_bytes(buf, dm_str(validity));
    dm_cbor_put_text(buf, dm_str("ValidityType"));
    dm_cbor_put_uint(buf, 0);
    if (n_extra) {
        static const char zeros[ROOM] = {0};
        dm_cbor_put_text(buf, dm_str("_a longer key"));
        dm_cbor_put_bytes(buf, dm_str_n(zeros, n_extra));
    }
}

static void
validity_is_a_time_in_utc(const struct dm_key *key)
{
    static const struct {
        const char *text;
        bool is_good;
    } cases[] = {
        {"2026-11-24T16:00:00.000000000Z", true},
        {"2026-11-24T16:00:00.1Z", true},
        {"2026-11-24T16:00:00Z", true},
        {"2024-02-29T16:00:00Z", true},
        {"2026-02-29T16:00:00Z", false},
        {"2026-11-24T16:00:00.Z", false},
        {"2026-11-24T16:00:00.0000000000Z", false},
        {"2026-11-24T16:00:00+00:00", false},
        {"2026-11-24T16:00:00z", false},
        {"2026-11-24 16:00:00Z", false},
        {"2026-11-24T16:00Z", false},
        {"2026-11-24T24:00:00Z", false},
        {"2026-11-24T16:00:60Z", false},
        {"0000-11-24T16:00:00Z", false},
        {"20261-11-24T16:00:00Z", false},
        {"Z", false},
        {"", false},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct dm_buf data;
        struct dm_buf buf;
        dm_buf_init(&data, ROOM);
        dm_buf_init(&buf, ROOM);
        put_data(cases[i].text, 0, &data);
        put_signed(dm_buf_str(&data), key, &buf);
        if (is_good(dm_buf_str(&buf), key) != cases[i].is_good) {
            (void)fprintf(stderr, "%s\n", cases[i].text);
            CHECK(!"as the table says");
        }
        dm_buf_done(&data);
        dm_buf_done(&buf);
    }
}

static void
a_record_is_of_10_kib_at_most(const struct dm_key *key)
{
    struct dm_buf data;
    struct dm_buf buf;
    dm_buf_init(&data, ROOM);
    dm_buf_init(&buf, ROOM);
    put_data("2026-11-24T16:00:00Z", 256, &data);
    put_signed(dm_buf_str(&data), key, &buf);
    const size_t around = buf.n - 256;
    for (size_t more = 0; more < 2; ++more) {
        dm_buf_clear(&data);
        dm_buf_clear(&buf);
        put_data("2026-11-24T16:00:00Z", DM_RECORD_MAX - around + more, &data);
        put_signed(dm_buf_str(&data), key, &buf);
        CHECK_INT((int64_t)buf.n, (int64_t)(DM_RECORD_MAX + more));
        CHECK(is_good(dm_buf_str(&buf), key) == (more == 0));
    }
    dm_buf_done(&data);
    dm_buf_done(&buf);
}

// Records of Kubo and its kin: a signature over a raw block's name, and one
// with the fields of version 1
#define SIGNATURE                                                              \
    "cc0604235285e9251ff9f41b01bf4c99c0e23d44c5b7f400db58d498add2bc4399764099" \
    "e7d528130a1a3bb36a6a3e4ef9c914d1b6cfe5b9723d36ce4f458a0a"
#define DATA                                                                   \
    "a56354544c1b00000045d964b8006556616c756558412f697066732f6261666b72656966" \
    "7a6a7574337465326e6879656b6b6c737332376e68336b37327973636f377933326b6f61" \
    "6f356565693636776f6633366e35656853657175656e6365076856616c6964697479581e" \
    "323032362d30392d32315431353a31333a32302e3030303030303030305a6c56616c6964" \
    "6974795479706500"

static void
a_signature_that_others_made_is_good(const struct dm_key *key)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    bytes_from_hex(dm_str("4240" SIGNATURE "4a9801" DATA), &buf);
    struct dm_record record;
    struct dm_error error;
    // It is well signed, but names no Head
    CHECK(dm_record_read(dm_buf_str(&buf), dm_key_public(key), &record,
                         &error) == DM_ERR_CORRUPT);
    CHECK(dm_str_starts(dm_str(error.what), dm_str("record-value:")));
    dm_buf_done(&buf);
}

static void
each_allocation_may_fail(const struct dm_key *key)
{
    const struct dm_cid head = some_head();
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    for (size_t allowed = 0;; ++allowed) {
        dm_alloc_fail_after(allowed);
        const enum dm_status status =
            dm_record_write(key, &head, 130, 2, VALID_MS, &buf);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!status) {
            CHECK(allowed > 1);
            break;
        }
        CHECK(status == DM_ERR_NO_MEMORY && buf.n == 0);
        dm_buf_clear(&buf);
    }
    struct dm_record record;
    struct dm_error error;
    dm_alloc_fail_after(0);
    CHECK(dm_record_read(dm_buf_str(&buf), dm_key_public(key), &record,
                         &error) == DM_ERR_NO_MEMORY);
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);

    const size_t n = buf.n;
    dm_buf_done(&buf);
    for (size_t max = 0; max < n; ++max) {
        dm_buf_init(&buf, max);
        CHECK(dm_record_write(key, &head, 130, 2, VALID_MS, &buf) ==
              DM_ERR_LIMIT);
        CHECK(buf.n == 0);
        dm_buf_done(&buf);
    }
}

int
main(void)
{
    struct dm_key *key = key_of(1);
    a_record_is_read_as_it_was_written(key);
    no_bit_of_a_record_can_be_flipped(key);
    validity_is_a_time_in_utc(key);
    a_record_is_of_10_kib_at_most(key);
    a_signature_that_others_made_is_good(key);
    each_allocation_may_fail(key);
    dm_key_free(key);
    return 0;
}
