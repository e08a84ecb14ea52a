// SPDX-License-Identifier: ISC

#include "base/account.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "tests/check.h"

#include <stddef.h>
#include <string.h>

#define SMALL_MAX ((size_t)1024 * 1024)

static void
pieces_are_zeroed_aligned_and_apart(void)
{
    struct dm_arena arena;
    dm_arena_init(&arena, SMALL_MAX, NULL);
    unsigned char *pieces[500] = {NULL};
    for (size_t i = 0; i < DM_COUNT_OF(pieces); ++i) {
        const size_t n = i % 37 + 1;
        pieces[i] = dm_arena_alloc(&arena, n, 1);
        CHECK(pieces[i]);
        CHECK_INT((int64_t)((uintptr_t)pieces[i] % _Alignof(max_align_t)), 0);
        for (size_t k = 0; k < n; ++k) {
            CHECK_INT(pieces[i][k], 0);
        }
        memset(pieces[i], (int)(i % 250) + 1, n);
    }
    for (size_t i = 0; i < DM_COUNT_OF(pieces); ++i) {
        for (size_t k = 0; k < i % 37 + 1; ++k) {
            CHECK_INT(pieces[i][k], (int)(i % 250) + 1);
        }
    }
    dm_arena_done(&arena);
}

static void
memory_that_is_used_again_is_zeroed_again(void)
{
    struct dm_arena arena;
    dm_arena_init(&arena, SMALL_MAX, NULL);
    CHECK(dm_arena_alloc(&arena, 1, 8));
    const struct dm_arena_mark mark = dm_arena_mark(&arena);
    char *first = dm_arena_alloc(&arena, 1, 32);
    CHECK(first);
    memset(first, 'x', 32);
    dm_arena_rewind(&arena, mark);
    char *second = dm_arena_alloc(&arena, 1, 32);
    CHECK(second == first);
    CHECK_INT(second[31], 0);
    dm_arena_done(&arena);
}

static void
rewinding_gives_back_blocks_and_keeps_what_is_older(void)
{
    struct dm_account account;
    dm_account_init(&account, SMALL_MAX);
    struct dm_arena arena;
    dm_arena_init(&arena, SMALL_MAX, &account);
    const struct dm_arena_mark empty = dm_arena_mark(&arena);
    const struct dm_str kept = dm_arena_copy(&arena, dm_str("kept"));
    const struct dm_arena_mark mark = dm_arena_mark(&arena);
    const size_t used = account.used;

    for (int i = 0; i < 1000; ++i) {
        CHECK(dm_arena_alloc(&arena, 10, 10));
    }
    CHECK(account.used > used);
    dm_arena_rewind(&arena, mark);
    CHECK_INT((int64_t)account.used, (int64_t)used);
    CHECK(dm_str_is(kept, "kept"));

    dm_arena_rewind(&arena, empty);
    CHECK_INT((int64_t)account.used, 0);
    CHECK_INT((int64_t)arena.total, 0);
    dm_arena_done(&arena);
}

static void
the_maximum_is_never_passed_and_can_be_reached(void)
{
    struct dm_arena arena;
    dm_arena_init(&arena, 4096, NULL);
    size_t n = 0;
    while (dm_arena_alloc(&arena, 1, 64)) {
        ++n;
        CHECK(arena.total <= 4096);
    }
    CHECK_INT((int64_t)n, 4096 / 64);
    dm_arena_done(&arena);
    CHECK(dm_arena_alloc(&arena, 1, 4096));
    CHECK(!dm_arena_alloc(&arena, 1, 1));
    dm_arena_done(&arena);
}

static void
the_account_limits_an_arena_too(void)
{
    struct dm_account account;
    dm_account_init(&account, 2048);
    struct dm_arena arena;
    dm_arena_init(&arena, SMALL_MAX, &account);
    CHECK(!dm_arena_alloc(&arena, 1, 4096));
    CHECK_INT((int64_t)account.used, 0);
    CHECK(dm_arena_alloc(&arena, 1, 512));
    dm_arena_done(&arena);
    CHECK_INT((int64_t)account.used, 0);
}

static void
sizes_that_overflow_are_refused(void)
{
    struct dm_arena arena;
    dm_arena_init(&arena, SIZE_MAX, NULL);
    CHECK(!dm_arena_alloc(&arena, SIZE_MAX / 2, 4));
    CHECK(!dm_arena_alloc(&arena, SIZE_MAX, 1));
    CHECK(!dm_arena_alloc(&arena, 1, SIZE_MAX - 16));
    dm_arena_done(&arena);
}

static void
a_copy_ends_with_nul_and_an_empty_one_is_not_null(void)
{
    struct dm_arena arena;
    dm_arena_init(&arena, SMALL_MAX, NULL);
    const struct dm_str text = dm_arena_copy(&arena, dm_str_n("abcdef", 3));
    CHECK(dm_str_is(text, "abc"));
    CHECK_INT(text.data[3], 0);
    const struct dm_str empty = dm_arena_copy(&arena, dm_str_n(NULL, 0));
    CHECK(empty.data && empty.n == 0 && empty.data[0] == '\0');
    dm_arena_done(&arena);
}

static void
each_allocation_may_fail_and_nothing_stays_charged(void)
{
    for (size_t allowed = 0; allowed < 3; ++allowed) {
        struct dm_account account;
        dm_account_init(&account, SMALL_MAX);
        struct dm_arena arena;
        dm_arena_init(&arena, SMALL_MAX, &account);
        dm_alloc_fail_after(allowed);
        size_t n = 0;
        while (dm_arena_alloc(&arena, 1, 100)) {
            ++n;
        }
        CHECK(!dm_arena_copy(&arena, dm_str_n("0123456789", 10)).data ||
              allowed > 0);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK((n > 0) == (allowed > 0));
        CHECK_INT((int64_t)account.used, (int64_t)arena.total);
        dm_arena_done(&arena);
        CHECK_INT((int64_t)account.used, 0);
    }
}

int
main(void)
{
    pieces_are_zeroed_aligned_and_apart();
    memory_that_is_used_again_is_zeroed_again();
    rewinding_gives_back_blocks_and_keeps_what_is_older();
    the_maximum_is_never_passed_and_can_be_reached();
    the_account_limits_an_arena_too();
    sizes_that_overflow_are_refused();
    a_copy_ends_with_nul_and_an_empty_one_is_not_null();
    each_allocation_may_fail_and_nothing_stays_charged();
    return 0;
}
