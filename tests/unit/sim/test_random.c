// SPDX-License-Identifier: ISC

#include "sim/random.h"

#include "tests/check.h"

#include <string.h>

static void
a_seed_gives_the_same_numbers_on_every_machine(void)
{
    struct dm_sim_random random;
    dm_sim_random_init(&random, 1);
    const uint64_t first = dm_sim_random_next(&random);
    const uint64_t second = dm_sim_random_next(&random);
    CHECK(first == UINT64_C(0xc5883e370b0926c3));
    CHECK(second == UINT64_C(0x021b74b80f71f81c));
}

static void
numbers_below_n_reach_all_and_no_more(void)
{
    struct dm_sim_random random;
    dm_sim_random_init(&random, 2);
    unsigned counts[7] = {0};
    for (int i = 0; i < 7000; ++i) {
        const uint64_t x = dm_sim_random_below(&random, 7);
        CHECK(x < 7);
        ++counts[x];
    }
    for (size_t i = 0; i < 7; ++i) {
        CHECK(counts[i] > 850 && counts[i] < 1150);
    }
}

static void
ranges_hold_at_their_ends(void)
{
    struct dm_sim_random random;
    dm_sim_random_init(&random, 3);
    CHECK_INT(dm_sim_random_between(&random, -5, -5), -5);
    (void)dm_sim_random_between(&random, INT64_MIN, INT64_MAX);
    for (int i = 0; i < 1000; ++i) {
        const int64_t x = dm_sim_random_between(&random, -2, 3);
        CHECK(x >= -2 && x <= 3);
        const int64_t y = dm_sim_random_skewed(&random, 10, 1010);
        CHECK(y >= 10 && y <= 1010);
    }
    CHECK_INT(dm_sim_random_skewed(&random, 4, 4), 4);
}

static void
skewed_numbers_are_small_often_and_large_sometimes(void)
{
    struct dm_sim_random random;
    dm_sim_random_init(&random, 4);
    unsigned n_small = 0;
    unsigned n_large = 0;
    for (int i = 0; i < 1000; ++i) {
        const int64_t x = dm_sim_random_skewed(&random, 0, 1000000);
        n_small += x < 1000 ? 1 : 0;
        n_large += x > 250000 ? 1 : 0;
    }
    CHECK(n_small > 400);
    CHECK(n_large > 20);
}

static void
chances_are_kept(void)
{
    struct dm_sim_random random;
    dm_sim_random_init(&random, 5);
    unsigned n = 0;
    for (int i = 0; i < 10000; ++i) {
        CHECK(!dm_sim_random_chance(&random, 0));
        CHECK(dm_sim_random_chance(&random, DM_SIM_MILLION));
        n += dm_sim_random_chance(&random, DM_SIM_MILLION / 4) ? 1 : 0;
    }
    CHECK(n > 2300 && n < 2700);
}

static void
forks_differ_by_label_and_by_turn(void)
{
    struct dm_sim_random root;
    struct dm_sim_random again;
    struct dm_sim_random a;
    struct dm_sim_random b;
    dm_sim_random_init(&root, 6);
    again = root;
    dm_sim_random_fork(&root, "a", &a);
    dm_sim_random_fork(&again, "b", &b);
    CHECK(memcmp(&a, &b, sizeof(a)) != 0);
    dm_sim_random_fork(&root, "a", &b);
    CHECK(memcmp(&a, &b, sizeof(a)) != 0);
    dm_sim_random_init(&again, 6);
    dm_sim_random_fork(&again, "a", &b);
    CHECK(memcmp(&a, &b, sizeof(a)) == 0);
}

static void
bytes_fill_any_length(void)
{
    struct dm_sim_random random;
    dm_sim_random_init(&random, 7);
    for (size_t n = 0; n < 20; ++n) {
        unsigned char bytes[21] = {0};
        dm_sim_random_bytes(&random, bytes, n);
        CHECK_INT(bytes[n], 0);
    }
}

int
main(void)
{
    a_seed_gives_the_same_numbers_on_every_machine();
    numbers_below_n_reach_all_and_no_more();
    ranges_hold_at_their_ends();
    skewed_numbers_are_small_often_and_large_sometimes();
    chances_are_kept();
    forks_differ_by_label_and_by_turn();
    bytes_fill_any_length();
    return 0;
}
