// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "tests/check.h"

#include <string.h>

static void
the_chosen_allocation_and_all_after_it_fail(void)
{
    dm_alloc_fail_after(1);
    void *first = dm_malloc(8);
    void *second = dm_calloc(1, 8);
    void *third = dm_realloc(first, 2, 8);
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK(first);
    CHECK(!second);
    CHECK(!third); // And `first` is still ours
    dm_free(first);

    void *after = dm_malloc(8);
    CHECK(after);
    dm_free(after);
}

static void
allocations_are_counted_whether_they_fail_or_not(void)
{
    const size_t before = dm_alloc_count();
    dm_free(dm_strndup("abc", 3));
    dm_alloc_fail_after(0);
    CHECK(!dm_strndup("abc", 3));
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK_INT((int64_t)(dm_alloc_count() - before), 2);
}

static void
calloc_gives_zeroed_memory(void)
{
    unsigned char *bytes = dm_calloc(64, 3);
    CHECK(bytes);
    for (size_t i = 0; i < (size_t)64 * 3; ++i) {
        CHECK_INT(bytes[i], 0);
    }
    dm_free(bytes);
}

static void
nothing_at_all_can_be_allocated(void)
{
    void *none = dm_malloc(0);
    void *nones = dm_calloc(0, 8);
    CHECK(none && nones);
    none = dm_realloc(none, 0, 8);
    CHECK(none);
    dm_free(none);
    dm_free(nones);
    dm_free(NULL);
}

static void
products_that_overflow_are_refused(void)
{
    volatile size_t huge = SIZE_MAX / 2 + 1;
    CHECK(!dm_realloc(NULL, huge, 2));
    CHECK(!dm_calloc(huge, 2));
    CHECK(!dm_strndup("", SIZE_MAX));
}

static void
a_growing_array_keeps_its_elements_and_its_maximum(void)
{
    static const size_t max = 100;
    int *numbers = NULL;
    size_t capacity = 0;
    for (size_t n = 0; n < max; ++n) {
        int *grown = dm_grow(numbers, &capacity, n + 1, sizeof(*numbers), max);
        CHECK(grown);
        numbers = grown;
        CHECK(capacity > n && capacity <= max);
        numbers[n] = (int)n;
    }
    CHECK(!dm_grow(numbers, &capacity, max + 1, sizeof(*numbers), max));
    CHECK_INT((int64_t)capacity, (int64_t)max);
    for (size_t n = 0; n < max; ++n) {
        CHECK_INT(numbers[n], (int)n);
    }
    dm_free(numbers);
}

static void
a_growth_that_fails_changes_nothing(void)
{
    size_t capacity = 0;
    char *bytes = dm_grow(NULL, &capacity, 4, 1, SIZE_MAX);
    CHECK(bytes);
    const size_t before = capacity;
    memcpy(bytes, "abc", 4);

    dm_alloc_fail_after(0);
    CHECK(!dm_grow(bytes, &capacity, before + 1, 1, SIZE_MAX));
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK(!dm_grow(bytes, &capacity, SIZE_MAX / 2, 4, SIZE_MAX));
    CHECK_INT((int64_t)capacity, (int64_t)before);
    CHECK(memcmp(bytes, "abc", 4) == 0);
    dm_free(bytes);
}

static void
one_request_for_much_is_met_at_once(void)
{
    size_t capacity = 0;
    const size_t before = dm_alloc_count();
    char *bytes = dm_grow(NULL, &capacity, 1000, 1, 1000);
    CHECK(bytes);
    CHECK_INT((int64_t)capacity, 1000);
    CHECK_INT((int64_t)(dm_alloc_count() - before), 1);
    dm_free(bytes);
}

int
main(void)
{
    the_chosen_allocation_and_all_after_it_fail();
    allocations_are_counted_whether_they_fail_or_not();
    calloc_gives_zeroed_memory();
    nothing_at_all_can_be_allocated();
    products_that_overflow_are_refused();
    a_growing_array_keeps_its_elements_and_its_maximum();
    a_growth_that_fails_changes_nothing();
    one_request_for_much_is_met_at_once();
    return 0;
}
