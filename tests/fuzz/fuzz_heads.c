// SPDX-License-Identifier: ISC

// Lists of heads. What is accepted is written and read again, and is the same.

#include "base/arena.h"
#include "base/buf.h"
#include "sync/base64.h"
#include "sync/heads.h"
#include "tests/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX (64U << 20U)

static void
write_again(const struct dm_heads *heads)
{
    struct dm_arena arena;
    struct dm_buf buf;
    struct dm_heads again;
    struct dm_heads same = *heads;
    same.cursor = dm_str("c1"); // Theirs may hold what ours never does
    dm_arena_init(&arena, ARENA_MAX, NULL);
    dm_buf_init(&buf, DM_HEADS_MAX);
    CHECK_INT(dm_heads_write(&same, &buf), DM_OK);
    CHECK_INT(dm_heads_read(dm_buf_str(&buf), &arena, &again, NULL), DM_OK);
    CHECK(again.n_lines == heads->n_lines);
    for (size_t i = 0; i < again.n_lines; ++i) {
        const struct dm_heads_line *const a = &heads->lines[i];
        const struct dm_heads_line *const b = &again.lines[i];
        CHECK(a->first == b->first && a->tip.seq == b->tip.seq);
        CHECK(a->first >= 1 && a->first <= a->tip.seq);
        CHECK(dm_str_equal(a->record, b->record));
        CHECK(dm_str_equal(a->successor, b->successor));
        CHECK(a->has_fork == b->has_fork);
    }
    dm_buf_done(&buf);
    dm_arena_done(&arena);
}

static void
try_base64(enum dm_base64 form, struct dm_str text)
{
    struct dm_buf bytes;
    struct dm_buf again;
    dm_buf_init(&bytes, text.n);
    dm_buf_init(&again, text.n + 4);
    if (!dm_base64_read(form, text, &bytes)) {
        CHECK_INT(dm_base64_write(form, dm_buf_str(&bytes), &again), DM_OK);
        CHECK(dm_str_equal(text, dm_buf_str(&again)));
    }
    dm_buf_done(&again);
    dm_buf_done(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str text = {size ? (const char *)data : NULL, size};
    struct dm_arena arena;
    struct dm_heads heads;
    struct dm_error error;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    if (!dm_heads_read(text, &arena, &heads, &error)) {
        write_again(&heads);
    } else {
        CHECK(error.what[0]);
    }
    dm_arena_done(&arena);
    try_base64(DM_BASE64_URL, text);
    try_base64(DM_BASE64_PADDED, text);
    return 0;
}
