// SPDX-License-Identifier: ISC

#include "cli/table.h"

#include "base/alloc.h"
#include "tests/check.h"

#include <string.h>

#define TEXT_SIZE 64

static void
expect_ago(int64_t ms, const char *want)
{
    char text[TEXT_SIZE];
    dm_ago_text(ms, text, sizeof(text));
    CHECK(!strcmp(text, want));
}

static void
expect_length(int64_t ms, const char *want)
{
    char text[TEXT_SIZE];
    dm_length_text(ms, text, sizeof(text));
    CHECK(!strcmp(text, want));
}

static void
times_are_said_shortly(void)
{
    expect_ago(-5000, "0 s ago"); // A clock that went back
    expect_ago(119999, "119 s ago");
    expect_ago(120000, "2 min ago");
    expect_ago(7200000, "2 h ago");
    expect_ago(INT64_C(172800000), "2 d ago");
    expect_length(59999, "59 s");
    expect_length(140000, "2 m 20 s");
    expect_length(11100000, "3 h 5 m");
    expect_length(INT64_C(90000000), "1 d 1 h");
}

// What it prints is tried from outside (tests/whole/cli.py); here, that want of
// memory is a status
static void
want_of_memory_is_a_status(void)
{
    for (size_t n = 0;; ++n) {
        dm_alloc_fail_after(n);
        struct dm_table *table = dm_table_new(2);
        enum dm_status status = table ? DM_OK : DM_ERR_NO_MEMORY;
        for (int i = 0; !status && i < 100; ++i) {
            dm_table_color(table, "\x1b[31m");
            status = dm_table_add(table, dm_str("gr\xC3\xBC\x07n"));
        }
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        dm_table_free(table);
        if (!status) {
            CHECK(n > 2);
            return;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
}

int
main(void)
{
    times_are_said_shortly();
    want_of_memory_is_a_status();
    return 0;
}
