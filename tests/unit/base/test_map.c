// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/map.h"
#include "tests/check.h"

#include <string.h>

#define KEYS 300

static uint64_t random_state = 42;

// A fixed sequence, so that a failure comes back
static uint64_t
next_random(void)
{
    random_state ^= random_state << 13U;
    random_state ^= random_state >> 7U;
    random_state ^= random_state << 17U;
    return random_state;
}

// The same table kept in the simplest way
struct oracle {
    char keys[KEYS][16];
    bool is_in[KEYS];
    uint64_t values[KEYS];
    size_t n;
};

static void
compare(const struct dm_map *map, const struct oracle *oracle)
{
    CHECK_INT((int64_t)map->n, (int64_t)oracle->n);
    for (size_t i = 0; i < KEYS; ++i) {
        const struct dm_map_entry *entry =
            dm_map_get(map, dm_str(oracle->keys[i]));
        CHECK(!entry == !oracle->is_in[i]);
        CHECK(!entry || entry->value.number == oracle->values[i]);
    }
    for (size_t i = 0; i < map->n; ++i) {
        CHECK(dm_map_get(map, map->entries[i].key) == &map->entries[i]);
    }
}

static void
random_steps_agree_with_the_oracle(uint64_t seed, bool collide)
{
    static struct oracle oracle;
    oracle = (struct oracle){.n = 0};
    for (size_t i = 0; i < KEYS; ++i) {
        (void)snprintf(oracle.keys[i], sizeof(oracle.keys[i]), "%zu",
                       collide ? i * 1000003 : i);
    }
    struct dm_map map;
    dm_map_init(&map, KEYS, seed);
    for (uint64_t step = 1; step <= 20000; ++step) {
        const size_t i = (size_t)(next_random() % KEYS);
        // Phases that grow and phases that shrink
        const bool remove = next_random() % 8 < (step / 2000 % 2 ? 6 : 2);
        if (remove) {
            CHECK(dm_map_remove(&map, dm_str(oracle.keys[i])) ==
                  oracle.is_in[i]);
            oracle.n -= oracle.is_in[i] ? 1 : 0;
            oracle.is_in[i] = false;
        } else {
            bool is_new = false;
            struct dm_map_entry *entry =
                dm_map_put(&map, dm_str(oracle.keys[i]), &is_new);
            CHECK(entry && is_new == !oracle.is_in[i]);
            CHECK(!is_new || entry->value.number == 0);
            entry->value.number = step;
            oracle.values[i] = step;
            oracle.n += is_new ? 1 : 0;
            oracle.is_in[i] = true;
        }
        if (step % 100 == 0) {
            compare(&map, &oracle);
        }
    }
    dm_map_done(&map);
}

static void
entries_are_walked_as_they_were_put_in(void)
{
    static const char *const words[] = {"one", "two", "three", "four"};
    struct dm_map map;
    dm_map_init(&map, 100, 1);
    for (size_t i = 0; i < DM_COUNT_OF(words); ++i) {
        CHECK(dm_map_put(&map, dm_str(words[i]), NULL));
    }
    CHECK(dm_map_put(&map, dm_str("two"), NULL));
    CHECK_INT((int64_t)map.n, 4);
    for (size_t i = 0; i < DM_COUNT_OF(words); ++i) {
        CHECK(dm_str_is(map.entries[i].key, words[i]));
    }
    dm_map_done(&map);
    CHECK(!dm_map_get(&map, dm_str("one")));
}

static void
an_empty_map_has_nothing_to_get_or_remove(void)
{
    struct dm_map map;
    dm_map_init(&map, 100, 1);
    CHECK(!dm_map_get(&map, dm_str("x")));
    CHECK(!dm_map_remove(&map, dm_str("x")));
    CHECK(dm_map_put(&map, dm_str_n(NULL, 0), NULL)); // The empty key is one
    CHECK(dm_map_get(&map, dm_str("")));
    CHECK(dm_map_remove(&map, dm_str("")));
    CHECK(!dm_map_get(&map, dm_str("")));
    dm_map_done(&map);
}

static void
the_maximum_holds_and_old_keys_are_still_found(void)
{
    struct dm_map map;
    dm_map_init(&map, 2, 1);
    CHECK(dm_map_put(&map, dm_str("a"), NULL));
    CHECK(dm_map_put(&map, dm_str("b"), NULL));
    CHECK(!dm_map_put(&map, dm_str("c"), NULL));
    CHECK(dm_map_put(&map, dm_str("a"), NULL));
    CHECK(dm_map_remove(&map, dm_str("a")));
    CHECK(dm_map_put(&map, dm_str("c"), NULL));
    dm_map_done(&map);
}

static void
each_allocation_may_fail_and_the_map_stays_whole(void)
{
    static const size_t n_keys = 40;
    for (size_t allowed = 0;; ++allowed) {
        struct dm_map map;
        dm_map_init(&map, 100, 7);
        char keys[40][24];
        size_t n_put = 0;
        dm_alloc_fail_after(allowed);
        for (size_t i = 0; i < n_keys; ++i) {
            (void)snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
            n_put += dm_map_put(&map, dm_str(keys[i]), NULL) ? 1 : 0;
        }
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK_INT((int64_t)map.n, (int64_t)n_put);
        for (size_t i = 0; i < n_keys; ++i) {
            CHECK(!dm_map_get(&map, dm_str(keys[i])) == (i >= n_put));
            CHECK(dm_map_put(&map, dm_str(keys[i]), NULL)); // Goes on
        }
        dm_map_done(&map);
        if (n_put == n_keys) {
            CHECK(allowed > 2);
            return;
        }
    }
}

static void
hashes_depend_on_every_byte_the_length_and_the_seed(void)
{
    char bytes[40] = {0};
    for (size_t n = 0; n < sizeof(bytes); ++n) {
        const uint64_t hash = dm_hash(dm_str_n(bytes, n), 1);
        CHECK(hash != dm_hash(dm_str_n(bytes, n), 2));
        CHECK(hash != dm_hash(dm_str_n(bytes, n + 1), 1));
        for (size_t i = 0; i < n; ++i) {
            bytes[i] = 1;
            CHECK(hash != dm_hash(dm_str_n(bytes, n), 1));
            bytes[i] = 0;
        }
    }
}

int
main(void)
{
    random_steps_agree_with_the_oracle(0, false);
    random_steps_agree_with_the_oracle(0x1234567, true);
    entries_are_walked_as_they_were_put_in();
    an_empty_map_has_nothing_to_get_or_remove();
    the_maximum_holds_and_old_keys_are_still_found();
    each_allocation_may_fail_and_the_map_stays_whole();
    hashes_depend_on_every_byte_the_length_and_the_seed();
    return 0;
}
