// SPDX-License-Identifier: ISC

#include "sync/car.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "tests/check.h"
#include "tests/unit/sync/vectors.h"

#include <string.h>

#define ROOM ((size_t)64 << 20U)

// "hello world" as others write it
#define HEADER                                                                 \
    "3aa265726f6f747381d82a58250001551220b94d27b9934d3e08a52e52d7da7dabfac484" \
    "efe37a5380ee9088f7ace2efcde96776657273696f6e01"
#define SECTION                                                                \
    "2f01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcd" \
    "e968656c6c6f20776f726c64"

static enum dm_status
read_all(struct dm_str bytes, bool is_exchange, struct dm_error *error)
{
    struct dm_car car;
    enum dm_status status = dm_car_open(&car, bytes, is_exchange, error);
    struct dm_car_block block;
    while (!status) {
        status = dm_car_next(&car, &block, error);
    }
    return status;
}

static void
a_car_of_others_is_read_and_written(void)
{
    struct dm_buf want;
    dm_buf_init(&want, ROOM);
    bytes_from_hex(dm_str(HEADER SECTION), &want);
    struct dm_car car;
    CHECK(dm_car_open(&car, dm_buf_str(&want), true, NULL) == DM_OK);
    CHECK(car.roots.n == 1);
    struct dm_car_block block;
    CHECK(dm_car_next(&car, &block, NULL) == DM_OK);
    CHECK(dm_str_is(block.data, "hello world"));
    const struct dm_cid root = dm_cid_list_at(&car.roots, 0);
    CHECK(dm_cid_equal(&root, &block.cid));
    CHECK(dm_car_next(&car, &block, NULL) == DM_END);
    CHECK(dm_car_next(&car, &block, NULL) == DM_END);
    CHECK_INT((int64_t)car.n_sections, 1);

    struct dm_buf again;
    dm_buf_init(&again, ROOM);
    CHECK(dm_car_write_header(&root, 1, &again) == DM_OK);
    CHECK(dm_car_write_block(&root, dm_str("hello world"), &again) == DM_OK);
    CHECK(dm_str_equal(dm_buf_str(&want), dm_buf_str(&again)));
    dm_buf_done(&want);
    dm_buf_done(&again);
}

static void
there_may_be_no_root_and_many(void)
{
    struct dm_cid roots[90];
    for (size_t i = 0; i < DM_COUNT_OF(roots); ++i) {
        roots[i] = dm_cid_of(i % 2 ? DM_CODEC_RAW : DM_CODEC_CBOR,
                             dm_str_n((const char *)&i, sizeof(i)));
    }
    for (size_t n = 0; n <= DM_COUNT_OF(roots); ++n) {
        struct dm_buf buf;
        dm_buf_init(&buf, ROOM);
        CHECK(dm_car_write_header(roots, n, &buf) == DM_OK);
        struct dm_car car;
        CHECK(dm_car_open(&car, dm_buf_str(&buf), true, NULL) == DM_OK);
        CHECK(car.roots.n == n);
        for (size_t i = 0; i < n; ++i) {
            const struct dm_cid root = dm_cid_list_at(&car.roots, i);
            CHECK(dm_cid_equal(&root, &roots[i]));
        }
        dm_buf_done(&buf);
    }
}

// A CAR may end behind its header and behind each block, and nowhere else.
static void
what_is_cut_off_within_a_block_is_refused(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    bytes_from_hex(dm_str(HEADER SECTION SECTION), &buf);
    const size_t n_header = strlen(HEADER) / 2;
    const size_t n_section = strlen(SECTION) / 2;
    for (size_t n = 0; n <= buf.n; ++n) {
        const bool is_end = n >= n_header && (n - n_header) % n_section == 0;
        struct dm_error error;
        CHECK(read_all(dm_str_n(buf.data, n), true, &error) ==
              (is_end ? DM_END : DM_ERR_CORRUPT));
    }
    dm_buf_done(&buf);
}

static void
no_bit_of_a_block_can_be_flipped(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    bytes_from_hex(dm_str(HEADER SECTION), &buf);
    for (size_t i = strlen(HEADER) / 2 * 8; i < buf.n * 8; ++i) {
        buf.data[i / 8] = (char)(buf.data[i / 8] ^ (1 << i % 8));
        CHECK(read_all(dm_buf_str(&buf), true, NULL) == DM_ERR_CORRUPT);
        buf.data[i / 8] = (char)(buf.data[i / 8] ^ (1 << i % 8));
    }
    dm_buf_done(&buf);
}

static void
a_failed_block_leaves_the_walk_where_it_was(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    bytes_from_hex(dm_str(HEADER SECTION), &buf);
    buf.data[buf.n - 1] = 'x';
    struct dm_car car;
    struct dm_car_block block;
    CHECK(dm_car_open(&car, dm_buf_str(&buf), true, NULL) == DM_OK);
    const size_t left = car.rest.n;
    struct dm_error error;
    CHECK(dm_car_next(&car, &block, &error) == DM_ERR_CORRUPT);
    CHECK(dm_str_starts(dm_str(error.what), dm_str("cid-hash:")));
    CHECK(car.rest.n == left && car.n_sections == 0);
    dm_buf_done(&buf);
}

static void
a_section_has_room_for_a_name(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    bytes_from_hex(dm_str(HEADER "00"), &buf);
    struct dm_error error;
    CHECK(read_all(dm_buf_str(&buf), true, &error) == DM_ERR_CORRUPT);
    CHECK(dm_str_starts(dm_str(error.what), dm_str("car-section:")));
    dm_buf_done(&buf);
}

static void
an_exchange_has_limits_that_a_file_has_not(void)
{
    struct dm_buf buf;
    struct dm_error error;
    dm_buf_init(&buf, ROOM);
    const struct dm_cid none = dm_cid_of(DM_CODEC_RAW, dm_str(""));
    CHECK(dm_car_write_header(&none, 1, &buf) == DM_OK);
    for (size_t i = 0; i < DM_CAR_SECTIONS_MAX; ++i) {
        CHECK(dm_car_write_block(&none, dm_str(""), &buf) == DM_OK);
    }
    CHECK(read_all(dm_buf_str(&buf), true, &error) == DM_END);
    CHECK(dm_car_write_block(&none, dm_str(""), &buf) == DM_OK);
    CHECK(read_all(dm_buf_str(&buf), true, &error) == DM_ERR_CORRUPT);
    CHECK(dm_str_starts(dm_str(error.what), dm_str("limit-car:")));
    CHECK(read_all(dm_buf_str(&buf), false, &error) == DM_END);

    // 17 blocks, each as long as may be, are more than 16 MiB
    const size_t n = DM_CAR_SECTION_MAX - DM_CID_BYTES;
    char *zeros = dm_calloc(1, n);
    CHECK(zeros);
    const struct dm_cid long_one = dm_cid_of(DM_CODEC_RAW, dm_str_n(zeros, n));
    dm_buf_clear(&buf);
    CHECK(dm_car_write_header(&long_one, 1, &buf) == DM_OK);
    for (int i = 0; i < 17; ++i) {
        CHECK(dm_car_write_block(&long_one, dm_str_n(zeros, n), &buf) == DM_OK);
    }
    CHECK(read_all(dm_buf_str(&buf), true, &error) == DM_ERR_CORRUPT);
    CHECK(dm_str_starts(dm_str(error.what), dm_str("limit-car:")));
    CHECK(read_all(dm_buf_str(&buf), false, &error) == DM_END);
    dm_free(zeros);
    dm_buf_done(&buf);
}

static void
what_is_written_is_there_whole_or_not_at_all(void)
{
    const struct dm_cid cid = dm_cid_of(DM_CODEC_RAW, dm_str("hello"));
    for (size_t max = 0; max < 120; ++max) {
        struct dm_buf buf;
        dm_buf_init(&buf, max);
        const enum dm_status status = dm_car_write_header(&cid, 1, &buf);
        CHECK(status == DM_OK || (status == DM_ERR_LIMIT && buf.n == 0));
        const size_t n = buf.n;
        if (!status && dm_car_write_block(&cid, dm_str("hello"), &buf)) {
            CHECK(buf.n == n);
        }
        dm_buf_done(&buf);
    }
    for (size_t allowed = 0;; ++allowed) {
        struct dm_buf buf;
        dm_buf_init(&buf, ROOM);
        dm_alloc_fail_after(allowed);
        enum dm_status status = dm_car_write_header(&cid, 1, &buf);
        if (!status) {
            status = dm_car_write_block(&cid, dm_str("hello"), &buf);
        }
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        dm_buf_done(&buf);
        if (!status) {
            CHECK(allowed > 0);
            break;
        }
        CHECK(status == DM_ERR_NO_MEMORY);
    }
}

int
main(void)
{
    a_car_of_others_is_read_and_written();
    there_may_be_no_root_and_many();
    what_is_cut_off_within_a_block_is_refused();
    no_bit_of_a_block_can_be_flipped();
    a_failed_block_leaves_the_walk_where_it_was();
    a_section_has_room_for_a_name();
    an_exchange_has_limits_that_a_file_has_not();
    what_is_written_is_there_whole_or_not_at_all();
    return 0;
}
