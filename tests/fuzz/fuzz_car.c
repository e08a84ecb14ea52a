// SPDX-License-Identifier: ISC

// CARs: the bytes as one, and the bytes cut into blocks and put into one, since
// nobody guesses a hash. What is read to its end is written again as the same
// bytes.

#include "base/buf.h"
#include "sync/car.h"
#include "tests/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOTS_MAX 128
#define BUF_MAX ((size_t)4 << 20U)

// The number of blocks, or -1 where the bytes are refused
static int
walk(struct dm_str bytes, bool is_exchange)
{
    struct dm_car car;
    struct dm_error error;
    if (dm_car_open(&car, bytes, is_exchange, &error)) {
        CHECK(error.status == DM_ERR_CORRUPT && strchr(error.what, ':'));
        return -1;
    }
    struct dm_cid roots[ROOTS_MAX];
    CHECK(car.roots.n <= ROOTS_MAX);
    for (size_t i = 0; i < car.roots.n; ++i) {
        roots[i] = dm_cid_list_at(&car.roots, i);
    }
    struct dm_buf again;
    dm_buf_init(&again, BUF_MAX);
    CHECK(dm_car_write_header(roots, car.roots.n, &again) == DM_OK);
    struct dm_car_block block;
    enum dm_status status = DM_OK;
    size_t left = car.rest.n + 1;
    while (!(status = dm_car_next(&car, &block, &error))) {
        CHECK(car.rest.n < left);
        left = car.rest.n;
        CHECK(dm_cid_names(&block.cid, block.data));
        CHECK(dm_car_write_block(&block.cid, block.data, &again) == DM_OK);
    }
    if (status == DM_END) {
        CHECK(dm_str_equal(dm_buf_str(&again), bytes));
    } else {
        CHECK(status == DM_ERR_CORRUPT && strchr(error.what, ':'));
    }
    dm_buf_done(&again);
    return status == DM_END ? (int)car.n_sections : -1;
}

// Blocks whose lengths the bytes say themselves
static void
put_in(struct dm_str bytes)
{
    struct dm_buf buf;
    dm_buf_init(&buf, BUF_MAX);
    CHECK(dm_car_write_header(NULL, 0, &buf) == DM_OK);
    int n = 0;
    while (bytes.n && !buf.status) {
        const uint8_t first = (uint8_t)bytes.data[0];
        const struct dm_str data = dm_str_slice(bytes, 1, first);
        const struct dm_cid cid =
            dm_cid_of(first % 2 ? DM_CODEC_RAW : DM_CODEC_CBOR, data);
        if (!dm_car_write_block(&cid, data, &buf)) {
            ++n;
        }
        bytes = dm_str_slice(bytes, 1 + (size_t)first, bytes.n);
    }
    CHECK_INT(walk(dm_buf_str(&buf), false), n);
    dm_buf_done(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str bytes = dm_str_n((const char *)data, size);
    CHECK(walk(bytes, true) <= walk(bytes, false));
    put_in(bytes);
    return 0;
}
