// SPDX-License-Identifier: ISC

#include "sync/frame.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sync/block.h"
#include "tests/check.h"

#include <string.h>

#define CONTENT_MAX ((size_t)DM_INFLATED_MAX)

// A text that compresses a little: digits that follow from a seed
static char *
make_digits(size_t n)
{
    char *const text = dm_malloc(n + 1);
    uint32_t state = 2463534242;
    CHECK(text);
    for (size_t i = 0; i < n; ++i) {
        state ^= state << 13U;
        state ^= state >> 17U;
        state ^= state << 5U;
        text[i] = (char)('0' + (int)(state % 10));
    }
    text[n] = '\0';
    return text;
}

// Bytes that do not compress
static char *
make_noise(size_t n)
{
    char *const bytes = dm_malloc(n + 1);
    uint64_t state = 88172645463325252;
    CHECK(bytes);
    for (size_t i = 0; i < n; ++i) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        bytes[i] = (char)(unsigned char)(state >> 32U & 0xFFU);
    }
    return bytes;
}

static char *
make_same(size_t n, char c)
{
    char *const text = dm_malloc(n + 1);
    CHECK(text);
    memset(text, c, n);
    return text;
}

static struct dm_str
bytes_of(const void *bytes, size_t n)
{
    return dm_str_n(bytes, n);
}

static void
check_inflates_to(struct dm_str bytes, struct dm_str content)
{
    struct dm_frame frame;
    struct dm_inflater *const inflater = dm_inflater_new();
    CHECK(inflater);
    CHECK_INT(dm_frame_read(bytes, &frame, NULL), DM_OK);
    CHECK_INT((int64_t)frame.size, (int64_t)content.n);
    char *const room = dm_malloc(frame.size + 1);
    CHECK(room);
    CHECK_INT(dm_frame_inflate(inflater, bytes, &frame, room, NULL), DM_OK);
    CHECK(dm_str_equal(dm_str_n(room, frame.size), content));
    dm_free(room);
    dm_inflater_free(inflater);
}

static void
what_was_written_inflates_to_itself(void)
{
    static const size_t sizes[] = {0,      1,      255,    256,    511,
                                   512,    65535,  65791,  65792,  131071,
                                   131072, 131073, 262144, 300000, 1000000};
    char *const digits = make_digits(sizes[DM_COUNT_OF(sizes) - 1]);
    for (size_t i = 0; i < DM_COUNT_OF(sizes); ++i) {
        const struct dm_str content = dm_str_n(digits, sizes[i]);
        struct dm_buf frame;
        dm_buf_init(&frame, DM_PAYLOAD_MAX);
        CHECK_INT(dm_frame_write(content, 0, &frame), DM_OK);
        check_inflates_to(dm_buf_str(&frame), content);
        dm_buf_clear(&frame);
        CHECK_INT(dm_frame_store(content, &frame), DM_OK);
        check_inflates_to(dm_buf_str(&frame), content);
        dm_buf_done(&frame);
    }
    dm_free(digits);
}

static void
a_stored_frame_is_the_one_that_all_make(void)
{
    static const char small[] = "\x28\xb5\x2f\xfd\x20\x02\x11\x00\x00"
                                "ab";
    static const char head[] = "\x28\xb5\x2f\xfd\x60\x2c\x00\x61\x09\x00";
    struct dm_buf frame;
    dm_buf_init(&frame, DM_PAYLOAD_MAX);
    CHECK_INT(dm_frame_store(dm_str("ab"), &frame), DM_OK);
    CHECK(dm_str_equal(dm_buf_str(&frame), bytes_of(small, sizeof(small) - 1)));
    dm_buf_clear(&frame);
    char *const text = make_same(300, 'x');
    CHECK_INT(dm_frame_store(dm_str_n(text, 300), &frame), DM_OK);
    CHECK(dm_str_starts(dm_buf_str(&frame), bytes_of(head, sizeof(head) - 1)));
    dm_free(text);
    dm_buf_done(&frame);
}

// 64 KiB and 200 times the frame are free: above that it is stored
static void
what_shrinks_by_more_than_a_frame_may_is_stored(void)
{
    const size_t n = 900000;
    char *const text = make_same(n, 'x');
    struct dm_buf frame;
    dm_buf_init(&frame, DM_PAYLOAD_MAX);
    CHECK_INT(dm_frame_write(dm_str_n(text, n), 0, &frame), DM_OK);
    CHECK(frame.n > n);
    check_inflates_to(dm_buf_str(&frame), dm_str_n(text, n));
    dm_free(text);
    dm_buf_done(&frame);
}

static void
check_does_not_fit(struct dm_str content, size_t reserve)
{
    struct dm_buf frame;
    dm_buf_init(&frame, (size_t)2 * DM_PAYLOAD_MAX);
    CHECK_INT(dm_buf_puts(&frame, "before"), DM_OK);
    CHECK_INT(dm_frame_write(content, reserve, &frame), DM_ERR_LIMIT);
    CHECK(dm_str_is(dm_buf_str(&frame), "before") && !frame.status);
    dm_buf_done(&frame);
}

static void
what_fits_no_block_is_refused_and_nothing_appended(void)
{
    char *const same = make_same(CONTENT_MAX, 'x');
    char *const noise = make_noise(DM_PAYLOAD_MAX);
    check_does_not_fit(dm_str_n(same, CONTENT_MAX), 0); // Its ratio
    check_does_not_fit(dm_str_n(noise, DM_PAYLOAD_MAX), 0);

    // What is reserved counts
    const struct dm_str close = dm_str_n(noise, DM_PAYLOAD_MAX - 100);
    struct dm_buf frame;
    dm_buf_init(&frame, DM_PAYLOAD_MAX);
    CHECK_INT(dm_frame_write(close, 0, &frame), DM_OK);
    CHECK(frame.n <= DM_PAYLOAD_MAX);
    check_does_not_fit(close, 101);
    dm_buf_done(&frame);
    dm_free(noise);
    dm_free(same);
}

struct wrong {
    const char *bytes;
    size_t n;
    const char *reason;
};

#define WRONG(bytes_, reason_)                                                 \
    {                                                                          \
        bytes_, sizeof(bytes_) - 1, reason_                                    \
    }

static void
each_rule_of_a_frame_is_checked(void)
{
    static const struct wrong wrongs[] = {
        WRONG("", "zstd-truncated"),
        WRONG("\x28\xb5\x2f", "zstd-truncated"),
        WRONG("\x28\xb5\x2f\xfd\x20", "zstd-truncated"),
        WRONG("\x28\xb5\x2f\xfe\x20\x01\x09\x00\x00x", "zstd-magic"),
        WRONG("\x50\x2a\x4d\x18\x01\x00\x00\x00x", "zstd-skippable"),
        WRONG("\x5f\x2a\x4d\x18\x01\x00\x00\x00x", "zstd-skippable"),
        WRONG("\x60\x2a\x4d\x18\x01\x00\x00\x00x", "zstd-magic"),
        WRONG("\x28\xb5\x2f\xfd\x28\x01\x09\x00\x00x", "zstd-corrupt"),
        WRONG("\x28\xb5\x2f\xfd\x21\x00\x01\x09\x00\x00x", "zstd-dictionary"),
        WRONG("\x28\xb5\x2f\xfd\x00\x00\x09\x00\x00x", "zstd-no-size"),
        // Window 8 MiB and an eighth; 2^41
        WRONG("\x28\xb5\x2f\xfd\x40\x69\x00\x00\x09\x00\x00x", "zstd-window"),
        WRONG("\x28\xb5\x2f\xfd\x40\xff\x00\x00\x09\x00\x00x", "zstd-window"),
        // 16 MiB and a byte; 2^64 - 1
        WRONG("\x28\xb5\x2f\xfd\x80\x00\x01\x00\x00\x01\x09\x00\x00x",
              "limit-inflated"),
        WRONG("\x28\xb5\x2f\xfd\xc0\x00\xff\xff\xff\xff\xff\xff\xff\xff\x09"
              "\x00\x00x",
              "limit-inflated"),
        // A single segment of 8 MiB and a byte
        WRONG("\x28\xb5\x2f\xfd\xa0\x01\x00\x80\x00\x09\x00\x00x",
              "zstd-window"),
        // 64 KiB and 200 times 14 bytes, and one more
        WRONG("\x28\xb5\x2f\xfd\xa0\xf1\x0a\x01\x00\x0b\x00\x00x\x00",
              "limit-ratio"),
        // A block of the reserved type; longer than the window; than 128 KiB
        WRONG("\x28\xb5\x2f\xfd\x20\x01\x0f\x00\x00x", "zstd-corrupt"),
        WRONG("\x28\xb5\x2f\xfd\x20\x01\x13\x00\x00x", "zstd-corrupt"),
        WRONG("\x28\xb5\x2f\xfd\x80\x68\x01\x00\x00\x00\x0b\x00\x10x",
              "zstd-corrupt"),
        WRONG("\x28\xb5\x2f\xfd\x20\x02\x08\x00\x00x", "zstd-truncated"),
        WRONG("\x28\xb5\x2f\xfd\x20\x01\x09\x00\x00xy", "zstd-trailing"),
        WRONG("\x28\xb5\x2f\xfd\x24\x01\x09\x00\x00xyyy", "zstd-truncated"),
        WRONG("\x28\xb5\x2f\xfd\x24\x01\x09\x00\x00xyyyyy", "zstd-trailing"),
    };
    for (size_t i = 0; i < DM_COUNT_OF(wrongs); ++i) {
        struct dm_frame frame;
        struct dm_error error = {.line = 0};
        CHECK_INT(dm_frame_read(bytes_of(wrongs[i].bytes, wrongs[i].n), &frame,
                                &error),
                  DM_ERR_CORRUPT);
        CHECK(dm_str_starts(dm_str(error.what), dm_str(wrongs[i].reason)));
    }
}

static void
a_checksum_is_checked_and_an_inflater_goes_on_after_it(void)
{
    // Of "x": the lower 32 bits of XXH64
    static const char good[] = "\x28\xb5\x2f\xfd\x24\x01\x09\x00\x00x";
    struct dm_inflater *const inflater = dm_inflater_new();
    struct dm_frame frame;
    char room[2];
    CHECK(inflater);
    for (unsigned last = 0; last < 2; ++last) {
        struct dm_buf bytes;
        dm_buf_init(&bytes, 64);
        CHECK_INT(dm_buf_put(&bytes, good, sizeof(good) - 1), DM_OK);
        CHECK_INT(dm_buf_put(&bytes, last ? "\x23\x11\x04\x83" : "\0\0\0\0", 4),
                  DM_OK);
        CHECK_INT(dm_frame_read(dm_buf_str(&bytes), &frame, NULL), DM_OK);
        CHECK(frame.has_checksum);
        const enum dm_status status =
            dm_frame_inflate(inflater, dm_buf_str(&bytes), &frame, room, NULL);
        CHECK_INT(status, last ? DM_OK : DM_ERR_CORRUPT);
        dm_buf_done(&bytes);
    }
    struct dm_buf bytes;
    dm_buf_init(&bytes, 64);
    CHECK_INT(dm_frame_store(dm_str("x"), &bytes), DM_OK);
    CHECK_INT(dm_frame_read(dm_buf_str(&bytes), &frame, NULL), DM_OK);
    CHECK_INT(
        dm_frame_inflate(inflater, dm_buf_str(&bytes), &frame, room, NULL),
        DM_OK);
    CHECK(room[0] == 'x');
    dm_buf_done(&bytes);
    dm_inflater_free(inflater);
    dm_inflater_free(NULL);
}

static void
no_part_of_a_frame_is_one(void)
{
    char *const digits = make_digits(2000);
    struct dm_buf bytes;
    struct dm_frame frame;
    dm_buf_init(&bytes, DM_PAYLOAD_MAX);
    CHECK_INT(dm_frame_write(dm_str_n(digits, 2000), 0, &bytes), DM_OK);
    for (size_t n = 0; n < bytes.n; ++n) {
        CHECK_INT(dm_frame_read(dm_str_n(bytes.data, n), &frame, NULL),
                  DM_ERR_CORRUPT);
    }
    dm_buf_done(&bytes);
    dm_free(digits);
}

static void
each_allocation_may_fail(void)
{
    char *const digits = make_digits(2000);
    for (size_t allowed = 0;; ++allowed) {
        struct dm_buf bytes;
        dm_buf_init(&bytes, DM_PAYLOAD_MAX);
        dm_alloc_fail_after(allowed);
        enum dm_status status =
            dm_frame_write(dm_str_n(digits, 2000), 0, &bytes);
        struct dm_inflater *const inflater = status ? NULL : dm_inflater_new();
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        const bool is_done = inflater;
        CHECK(is_done || !status || status == DM_ERR_NO_MEMORY);
        dm_inflater_free(inflater);
        dm_buf_done(&bytes);
        if (is_done) {
            CHECK(allowed >= 3);
            break;
        }
    }
    dm_free(digits);
}

int
main(void)
{
    what_was_written_inflates_to_itself();
    a_stored_frame_is_the_one_that_all_make();
    what_shrinks_by_more_than_a_frame_may_is_stored();
    what_fits_no_block_is_refused_and_nothing_appended();
    each_rule_of_a_frame_is_checked();
    a_checksum_is_checked_and_an_inflater_goes_on_after_it();
    no_part_of_a_frame_is_one();
    each_allocation_may_fail();
    return 0;
}
