// SPDX-License-Identifier: ISC

// Several workers at one cache: what it hands out stays, and is what was asked
// for.

#include "alert/present_cache.h"

#include "tests/unit/alert/world.h"
#include "vocab/published.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 3000
#define LOGS 3

struct shared {
    struct dm_present_cache *cache;
    struct dm_config *configs[LOGS];
    struct dm_published *published[LOGS];
};

static void
use_log(struct shared *shared, unsigned round, size_t i)
{
    const struct dm_str iri = shared->configs[i]->node.iri;
    const struct dm_str version = dm_str(round % 7 < 4 ? "1" : "2");
    struct dm_published *found =
        dm_present_cache_get(shared->cache, iri, version);
    if (found) {
        CHECK(dm_str_equal(found->node.iri, iri));
        dm_published_unref(found);
    } else {
        dm_present_cache_put(shared->cache, iri, version, shared->published[i]);
    }
}

static void *
work(void *context)
{
    struct shared *shared = context;
    for (unsigned round = 0; round < ROUNDS; ++round) {
        const size_t i = round % LOGS;
        use_log(shared, round, i);
        struct dm_published *own =
            dm_present_cache_get_own(shared->cache, shared->configs[i]);
        if (own) {
            CHECK(own == shared->published[i]);
            dm_published_unref(own);
        } else {
            dm_present_cache_put_own(shared->cache, shared->configs[i],
                                     shared->published[i]);
        }
    }
    return NULL;
}

static void
workers_share_a_cache(void)
{
    static struct world world;
    struct shared shared = {.cache = dm_present_cache_new()};
    pthread_t threads[THREADS];
    world_init(&world);
    CHECK(shared.cache);
    for (size_t i = 0; i < LOGS; ++i) {
        const struct world_node *node = world_add(&world, "n", PREFIX);
        shared.configs[i] = node->config;
        CHECK_INT(dm_published_of_config(node->config, &shared.published[i]),
                  DM_OK);
    }
    for (size_t i = 0; i < THREADS; ++i) {
        CHECK(!pthread_create(&threads[i], NULL, work, &shared));
    }
    for (size_t i = 0; i < THREADS; ++i) {
        CHECK(!pthread_join(threads[i], NULL));
    }
    dm_present_cache_free(shared.cache);
    for (size_t i = 0; i < LOGS; ++i) {
        dm_published_unref(shared.published[i]);
    }
    world_done(&world);
}

int
main(void)
{
    workers_share_a_cache();
    return 0;
}
