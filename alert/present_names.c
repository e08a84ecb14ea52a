// SPDX-License-Identifier: ISC

#include "alert/present_private.h"

#include "base/alloc.h"
#include "base/map.h"

#include <assert.h>
#include <string.h>

#define SUFFIX_MIN 4U
#define SUFFIX_MAX 8U

// A log's name in the making
struct naming {
    struct dm_str claimed;
    struct dm_str key; // k51…
    size_t n_suffix;   // Of the key; 0: none
    struct dm_str name;
    bool collides;
};

static enum dm_status
make_name(struct naming *naming, struct dm_arena *arena)
{
    if (!naming->n_suffix) {
        naming->name = naming->claimed;
        return DM_OK;
    }
    const size_t n = naming->claimed.n + 1 + naming->n_suffix;
    char *text = dm_arena_alloc(arena, n + 1, 1);
    if (!text) {
        return DM_ERR_NO_MEMORY;
    }
    if (naming->claimed.n) {
        memcpy(text, naming->claimed.data, naming->claimed.n);
    }
    text[naming->claimed.n] = '-';
    const struct dm_str suffix = dm_str_slice(
        naming->key, naming->key.n - naming->n_suffix, naming->n_suffix);
    assert(suffix.n == naming->n_suffix);
    memcpy(text + naming->claimed.n + 1, suffix.data, suffix.n);
    naming->name = dm_str_n(text, n);
    return DM_OK;
}

static void
lengthen(struct naming *naming)
{
    const size_t wanted = naming->n_suffix == 0           ? SUFFIX_MIN
                          : naming->n_suffix < SUFFIX_MAX ? naming->n_suffix + 1
                                                          : naming->key.n;
    naming->n_suffix = wanted < naming->key.n ? wanted : naming->key.n;
}

// One round: find the names that two have, and lengthen those.
static enum dm_status
settle_once(struct naming *namings, size_t n, bool *ret_is_settled)
{
    struct dm_map names;
    enum dm_status status = DM_OK;
    dm_map_init(&names, n, 0);
    *ret_is_settled = true;
    for (size_t i = 0; !status && i < n; ++i) {
        bool is_new = false;
        struct dm_map_entry *entry =
            dm_map_put(&names, namings[i].name, &is_new);
        if (!entry) {
            status = DM_ERR_NO_MEMORY;
        } else if (is_new) {
            entry->value.ptr = &namings[i];
        } else {
            struct naming *first = entry->value.ptr;
            first->collides = true;
            namings[i].collides = true;
            *ret_is_settled = false;
        }
    }
    dm_map_done(&names);
    return status;
}

static enum dm_status
settle(struct naming *namings, size_t n, struct dm_arena *arena)
{
    bool is_settled = false;
    enum dm_status status = DM_OK;
    // It ends: a name with the whole key is nobody else's
    while (!status && !is_settled) {
        status = settle_once(namings, n, &is_settled);
        for (size_t i = 0; !status && i < n; ++i) {
            if (namings[i].collides) {
                namings[i].collides = false;
                lengthen(&namings[i]);
                status = make_name(&namings[i], arena);
            }
        }
    }
    return status;
}

enum dm_status
dm_present_names(struct dm_view_log *logs, size_t n, struct dm_arena *arena)
{
    static const struct dm_str scheme = DM_STR("ipns://");
    struct naming *namings = dm_calloc(n, sizeof(*namings));
    if (!namings) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n; ++i) {
        const struct dm_str iri = logs[i].iri;
        namings[i] = (struct naming){
            .claimed = logs[i].name,
            .key = dm_str_starts(iri, scheme)
                       ? dm_str_slice(iri, scheme.n, iri.n)
                       : iri,
            .name = logs[i].name,
        };
    }
    const enum dm_status status = settle(namings, n, arena);
    for (size_t i = 0; !status && i < n; ++i) {
        logs[i].name = namings[i].name;
        logs[i].is_renamed = namings[i].n_suffix > 0;
    }
    dm_free(namings);
    return status;
}
