// SPDX-License-Identifier: ISC

#include "sync/cipher.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "sync/payload.h"
#include "tests/check.h"

#include <string.h>

static const uint8_t group_key[32] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static const uint8_t log_a[DM_KEY_PUBLIC_BYTES] = {1};
static const uint8_t log_b[DM_KEY_PUBLIC_BYTES] = {2};

// Counts on from call to call
static void
fill(void *context, void *bytes, size_t n)
{
    uint8_t *const next = context;
    for (size_t i = 0; i < n; ++i) {
        ((uint8_t *)bytes)[i] = (*next)++;
    }
}

static const struct dm_env_ops ops = {.random = fill};

static void
keys_follow_from_the_key_of_the_group(void)
{
    static const uint8_t begins[] = {0x06, 0x47, 0x86, 0x7c, 0xa1, 0x56};
    static const uint8_t id[DM_KEY_ID_BYTES] = {0x58, 0xab, 0x05, 0xcc,
                                                0x3d, 0x01, 0x64, 0xa3};
    struct dm_payload_key key;
    dm_payload_key_derive(group_key, &key);
    CHECK(memcmp(key.bytes, begins, sizeof(begins)) == 0);
    CHECK(memcmp(key.id, id, sizeof(id)) == 0);
}

static void
the_key_of_the_group_is_read_from_its_file(void)
{
#define HEAD "/key/swarm/psk/1.0.0/\n/base16/\n"
#define HALF "000102030405060708090a0b0c0d0e0f"
    static const struct {
        const char *text;
        enum dm_status status;
    } cases[] = {
        {HEAD HALF "101112131415161718191a1b1c1d1e1f\n", DM_OK},
        {HEAD HALF "101112131415161718191A1B1C1D1E1F", DM_OK},
        {"/key/swarm/psk/1.0.0/\r\n/base16/\r\n" HALF
         "101112131415161718191a1b1c1d1e1f\r\n",
         DM_OK},
        {"", DM_ERR_SYNTAX},
        {HEAD, DM_ERR_SYNTAX},
        {HEAD HALF, DM_ERR_SYNTAX},
        {HEAD HALF HALF "00", DM_ERR_SYNTAX},
        {HEAD HALF "101112131415161718191a1b1c1d1e1g", DM_ERR_SYNTAX},
        {HEAD HALF HALF "\n" HALF, DM_ERR_SYNTAX},
        {"/key/swarm/psk/2.0.0/\n/base16/\n" HALF HALF, DM_ERR_SYNTAX},
        {"/key/swarm/psk/1.0.0/\n/base64/\nAAAA", DM_ERR_UNSUPPORTED},
        {"/key/swarm/psk/1.0.0/\n", DM_ERR_UNSUPPORTED},
    };
#undef HEAD
#undef HALF
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        static const uint8_t untouched[DM_GROUP_KEY_BYTES] = {9};
        uint8_t key[DM_GROUP_KEY_BYTES] = {9};
        struct dm_error error = {0};
        CHECK_INT(dm_group_key_read(dm_str(cases[i].text), key, &error),
                  cases[i].status);
        CHECK(memcmp(key, cases[i].status ? untouched : group_key,
                     sizeof(key)) == 0);
        CHECK_INT(error.status, cases[i].status);
    }
}

static void
seal(const char *frame, uint8_t next, struct dm_buf *block)
{
    struct dm_payload_key key;
    const struct dm_env env = {.ops = &ops, .context = &next};
    dm_payload_key_derive(group_key, &key);
    CHECK_INT(dm_cipher_seal(&env, &key, log_a, dm_str(frame), block), DM_OK);
}

static enum dm_status
open_of(const uint8_t *log, struct dm_str block, struct dm_buf *frame)
{
    struct dm_payload_key key;
    dm_payload_key_derive(group_key, &key);
    return dm_cipher_open(&key, log, block, frame, NULL);
}

static void
what_was_sealed_opens_for_its_log_alone(void)
{
    static const char *const frames[] = {"", "x", "a frame of some length"};
    for (size_t i = 0; i < DM_COUNT_OF(frames); ++i) {
        struct dm_buf block;
        struct dm_buf frame;
        dm_buf_init(&block, 100);
        dm_buf_init(&frame, 100);
        seal(frames[i], 7, &block);
        CHECK_INT((int64_t)block.n,
                  (int64_t)(strlen(frames[i]) + DM_CIPHER_OVERHEAD));
        CHECK(block.data[0] == 7 && block.data[23] == 30);
        CHECK_INT(open_of(log_a, dm_buf_str(&block), &frame), DM_OK);
        CHECK(dm_str_is(dm_buf_str(&frame), frames[i]));
        dm_buf_clear(&frame);
        CHECK_INT(open_of(log_b, dm_buf_str(&block), &frame), DM_ERR_CORRUPT);
        CHECK(frame.n == 0 && !frame.status);
        dm_buf_done(&block);
        dm_buf_done(&frame);
    }
}

static void
a_block_with_one_other_bit_does_not_open(void)
{
    struct dm_buf block;
    struct dm_buf frame;
    dm_buf_init(&block, 100);
    dm_buf_init(&frame, 100);
    seal("frame", 1, &block);
    for (size_t i = 0; i < 8 * block.n; ++i) {
        block.data[i / 8] = (char)(block.data[i / 8] ^ (1 << (i % 8)));
        CHECK_INT(open_of(log_a, dm_buf_str(&block), &frame), DM_ERR_CORRUPT);
        block.data[i / 8] = (char)(block.data[i / 8] ^ (1 << (i % 8)));
    }
    for (size_t n = 0; n < block.n; ++n) {
        CHECK_INT(open_of(log_a, dm_str_n(block.data, n), &frame),
                  DM_ERR_CORRUPT);
    }
    CHECK_INT(open_of(log_a, dm_buf_str(&block), &frame), DM_OK);
    dm_buf_done(&block);
    dm_buf_done(&frame);
}

static void
no_two_blocks_have_one_nonce(void)
{
    struct dm_payload_key key;
    uint8_t next = 0;
    const struct dm_env env = {.ops = &ops, .context = &next};
    struct dm_buf a;
    struct dm_buf b;
    dm_buf_init(&a, 100);
    dm_buf_init(&b, 100);
    dm_payload_key_derive(group_key, &key);
    CHECK_INT(dm_cipher_seal(&env, &key, log_a, dm_str("x"), &a), DM_OK);
    CHECK_INT(dm_cipher_seal(&env, &key, log_a, dm_str("x"), &b), DM_OK);
    CHECK(memcmp(a.data, b.data, DM_CIPHER_NONCE_BYTES) != 0);
    dm_buf_done(&a);
    dm_buf_done(&b);
}

static void
without_memory_nothing_is_appended(void)
{
    struct dm_payload_key key;
    uint8_t next = 0;
    const struct dm_env env = {.ops = &ops, .context = &next};
    struct dm_buf block;
    struct dm_buf frame;
    dm_payload_key_derive(group_key, &key);
    dm_buf_init(&block, 100);
    dm_buf_init(&frame, 4);
    dm_alloc_fail_after(0);
    CHECK_INT(dm_cipher_seal(&env, &key, log_a, dm_str("x"), &block),
              DM_ERR_NO_MEMORY);
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK(block.n == 0);
    dm_buf_clear(&block);
    seal("frame", 1, &block);
    dm_alloc_fail_after(0);
    CHECK_INT(open_of(log_a, dm_buf_str(&block), &frame), DM_ERR_LIMIT);
    dm_buf_done(&frame);
    dm_buf_init(&frame, 5);
    CHECK_INT(open_of(log_a, dm_buf_str(&block), &frame), DM_ERR_NO_MEMORY);
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK(frame.n == 0);
    dm_buf_done(&block);
    dm_buf_done(&frame);
}

int
main(void)
{
    the_key_of_the_group_is_read_from_its_file();
    keys_follow_from_the_key_of_the_group();
    what_was_sealed_opens_for_its_log_alone();
    a_block_with_one_other_bit_does_not_open();
    no_two_blocks_have_one_nonce();
    without_memory_nothing_is_appended();
    return 0;
}
