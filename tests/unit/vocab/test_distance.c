// SPDX-License-Identifier: ISC

#include "vocab/distance.h"

#include "tests/check.h"

static int64_t
distance(const char *a, const char *b)
{
    return (int64_t)dm_distance(dm_str(a), dm_str(b), 10);
}

static void
letters_are_counted(void)
{
    CHECK_INT(distance("timeout", "timeout"), 0);
    CHECK_INT(distance("timout", "timeout"), 1);
    CHECK_INT(distance("timeuot", "timeout"), 1);
    CHECK_INT(distance("Timeout", "timeout"), 0);
    CHECK_INT(distance("", "abc"), 3);
    CHECK_INT(distance("kitten", "sitting"), 3);
    CHECK_INT((int64_t)dm_distance(dm_str("abcdef"), dm_str("uvwxyz"), 2), 3);
}

static void
the_nearest_word_wins(void)
{
    struct dm_nearest nearest;
    dm_nearest_init(&nearest, dm_str("timout"));
    dm_nearest_try(&nearest, dm_str("title"));
    dm_nearest_try(&nearest, dm_str("timeout"));
    dm_nearest_try(&nearest, dm_str("type"));
    CHECK(dm_nearest_found(&nearest) && dm_str_is(nearest.best, "timeout"));
    dm_nearest_init(&nearest, dm_str("nonsense"));
    dm_nearest_try(&nearest, dm_str("timeout"));
    CHECK(!dm_nearest_found(&nearest));
}

int
main(void)
{
    letters_are_counted();
    the_nearest_word_wins();
    return 0;
}
