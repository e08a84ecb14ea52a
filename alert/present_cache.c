// SPDX-License-Identifier: ISC

#include "alert/present_cache.h"

#include "base/alloc.h"
#include "base/lock.h"
#include "base/map.h"
#include "vocab/config.h"
#include "vocab/published.h"

#include <string.h>

struct entry {
    char *text;
    struct dm_str log; // Looks at `text`; the key in the map
    size_t n_version;
    char version[DM_PRESENT_CACHE_VERSION_MAX];
    struct dm_published *published;
};

struct dm_present_cache {
    struct dm_lock *lock; // Over all that follows
    struct dm_map logs;   // IRI to struct entry
    struct dm_config *config;
    struct dm_published *own; // What it publishes
};

struct dm_present_cache *
dm_present_cache_new(void)
{
    struct dm_present_cache *cache = dm_calloc(1, sizeof(*cache));
    struct dm_lock *lock = dm_lock_new();
    if (!cache || !lock) {
        dm_lock_free(lock);
        dm_free(cache);
        return NULL;
    }
    cache->lock = lock;
    dm_map_init(&cache->logs, DM_PRESENT_CACHE_LOGS, 0);
    return cache;
}

static void
entry_free(struct entry *entry)
{
    if (entry) {
        dm_free(entry->text);
        dm_published_unref(entry->published);
        dm_free(entry);
    }
}

void
dm_present_cache_free(struct dm_present_cache *cache)
{
    if (!cache) {
        return;
    }
    for (size_t i = 0; i < cache->logs.n; ++i) {
        entry_free(cache->logs.entries[i].value.ptr);
    }
    dm_map_done(&cache->logs);
    dm_published_unref(cache->own);
    dm_config_unref(cache->config);
    dm_lock_free(cache->lock);
    dm_free(cache);
}

struct dm_published *
dm_present_cache_get(struct dm_present_cache *cache, struct dm_str log,
                     struct dm_str version)
{
    struct dm_published *found = NULL;
    dm_lock_take(cache->lock);
    const struct dm_map_entry *place = dm_map_get(&cache->logs, log);
    const struct entry *entry = place ? place->value.ptr : NULL;
    if (entry &&
        dm_str_equal(dm_str_n(entry->version, entry->n_version), version)) {
        found = dm_published_ref(entry->published);
    }
    dm_lock_give(cache->lock);
    return found;
}

// Take what is kept of a log, or of any log where there is no room for it.
static struct entry *
take_out(struct dm_present_cache *cache, struct dm_str log)
{
    const struct dm_map_entry *place = dm_map_get(&cache->logs, log);
    if (!place && cache->logs.n == DM_PRESENT_CACHE_LOGS) {
        place = &cache->logs.entries[0];
    }
    struct entry *entry = place ? place->value.ptr : NULL;
    if (place) {
        (void)dm_map_remove(&cache->logs, place->key);
    }
    return entry;
}

static struct entry *
entry_new(struct dm_str log, struct dm_str version,
          struct dm_published *published)
{
    struct entry *entry = version.n <= DM_PRESENT_CACHE_VERSION_MAX
                              ? dm_calloc(1, sizeof(*entry))
                              : NULL;
    if (!entry) {
        return NULL;
    }
    entry->text = dm_strndup(log.data, log.n);
    if (!entry->text) {
        dm_free(entry);
        return NULL;
    }
    entry->log = dm_str_n(entry->text, log.n);
    entry->n_version = version.n;
    if (version.n) {
        memcpy(entry->version, version.data, version.n);
    }
    entry->published = dm_published_ref(published);
    return entry;
}

void
dm_present_cache_put(struct dm_present_cache *cache, struct dm_str log,
                     struct dm_str version, struct dm_published *published)
{
    struct entry *entry = entry_new(log, version, published);
    dm_lock_take(cache->lock);
    struct entry *old = take_out(cache, log);
    struct dm_map_entry *place =
        entry ? dm_map_put(&cache->logs, entry->log, NULL) : NULL;
    if (place) {
        place->value.ptr = entry;
        entry = NULL;
    }
    dm_lock_give(cache->lock);
    entry_free(old);
    entry_free(entry);
}

struct dm_published *
dm_present_cache_get_own(struct dm_present_cache *cache,
                         const struct dm_config *config)
{
    dm_lock_take(cache->lock);
    struct dm_published *found = cache->own && cache->config == config
                                     ? dm_published_ref(cache->own)
                                     : NULL;
    dm_lock_give(cache->lock);
    return found;
}

void
dm_present_cache_put_own(struct dm_present_cache *cache,
                         struct dm_config *config,
                         struct dm_published *published)
{
    // With a reference, so that no other configuration comes to its address
    dm_config_ref(config);
    dm_published_ref(published);
    dm_lock_take(cache->lock);
    struct dm_config *old_config = cache->config;
    struct dm_published *old = cache->own;
    cache->config = config;
    cache->own = published;
    dm_lock_give(cache->lock);
    dm_published_unref(old);
    dm_config_unref(old_config);
}
