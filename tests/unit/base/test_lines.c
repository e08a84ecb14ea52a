// SPDX-License-Identifier: ISC

#include "base/lines.h"

#include "base/alloc.h"
#include "tests/check.h"

static enum dm_status
gather(void *context, struct dm_str line)
{
    return dm_buf_put_str(context, line);
}

static void
lines_come_out_sorted_and_once(void)
{
    static const char *const given[] = {"b\n", "\xC3\xA4\n", "a b\n",
                                        "a\n", "b\n",        "aa\n"};
    struct dm_lines lines;
    struct dm_buf out;
    dm_lines_init(&lines, 100, 10);
    dm_buf_init(&out, 100);
    for (size_t i = 0; i < DM_COUNT_OF(given); ++i) {
        CHECK(dm_lines_add(&lines, dm_str(given[i])) == DM_OK);
    }
    CHECK(dm_lines_each_sorted(&lines, gather, &out) == DM_OK);
    CHECK(dm_str_is(dm_buf_str(&out), "a\na b\naa\nb\n\xC3\xA4\n"));
    dm_buf_done(&out);
    dm_lines_done(&lines);
}

static void
no_lines_are_no_lines(void)
{
    struct dm_lines lines;
    dm_lines_init(&lines, 100, 10);
    CHECK(dm_lines_each_sorted(&lines, gather, NULL) == DM_OK);
    dm_lines_done(&lines);
}

static void
limits_are_kept(void)
{
    struct dm_lines lines;
    dm_lines_init(&lines, 4, 10);
    CHECK(dm_lines_add(&lines, dm_str("abc\n")) == DM_OK);
    CHECK(dm_lines_add(&lines, dm_str("d\n")) == DM_ERR_LIMIT);
    CHECK_INT((int64_t)lines.n, 1);
    dm_lines_done(&lines);

    dm_lines_init(&lines, 100, 1);
    CHECK(dm_lines_add(&lines, dm_str("a\n")) == DM_OK);
    CHECK(dm_lines_add(&lines, dm_str("b\n")) == DM_ERR_LIMIT);
    dm_lines_done(&lines);
}

static void
every_allocation_may_fail(void)
{
    struct dm_buf out;
    size_t n = 0;
    enum dm_status status = DM_ERR_NO_MEMORY;
    dm_buf_init(&out, 100);
    CHECK(dm_buf_puts(&out, "room") == DM_OK);
    for (; status; ++n) {
        struct dm_lines lines;
        dm_lines_init(&lines, 100, 10);
        dm_buf_clear(&out);
        dm_alloc_fail_after(n);
        status = dm_lines_add(&lines, dm_str("a\n"));
        if (!status) {
            status = dm_lines_each_sorted(&lines, gather, &out);
        }
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!status || status == DM_ERR_NO_MEMORY);
        dm_lines_done(&lines);
    }
    CHECK_INT((int64_t)n, 4); // Offsets, bytes, the sorted ones, and none
    dm_buf_done(&out);
}

int
main(void)
{
    lines_come_out_sorted_and_once();
    no_lines_are_no_lines();
    limits_are_kept();
    every_allocation_may_fail();
    return 0;
}
