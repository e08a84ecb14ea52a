// SPDX-License-Identifier: ISC

// The column `more` of an event's row: whatever can be read is written to bytes
// that read the same.

#include "quadstore/row_private.h"
#include "tests/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dm_row row = {0};
    struct dm_row again = {0};
    struct dm_buf first;
    struct dm_buf second;
    if (dm_row_decode(dm_str_n((const char *)data, size), &row)) {
        return 0;
    }
    dm_buf_init(&first, 2 * size + 1);
    dm_buf_init(&second, 2 * size + 1);
    dm_row_encode(&row, &first);
    CHECK(!first.status && first.n <= size);
    CHECK(!dm_row_decode(dm_buf_str(&first), &again));
    dm_row_encode(&again, &second);
    CHECK(dm_str_equal(dm_buf_str(&first), dm_buf_str(&second)));

    struct dm_str samples = row.samples;
    struct dm_row_sample sample;
    while (!dm_row_next_sample(&samples, &sample)) {
        struct dm_buf text;
        dm_buf_init(&text, size + 512);
        dm_row_sample_format(&sample, &text);
        CHECK(!text.status);
        (void)dm_row_sample_number(&sample);
        dm_buf_done(&text);
    }
    dm_buf_done(&first);
    dm_buf_done(&second);
    return 0;
}
