// SPDX-License-Identifier: ISC

// Events of directories from libuv (inotify)

#include "base/alloc.h"
#include "net/real_private.h"

struct dm_watch_entry {
    struct dm_uv_watcher *watcher;
    uv_fs_event_t event;
    dm_watch_fn on_event;
    void *context;
};

struct dm_uv_watcher {
    struct dm_watcher table;
    struct dm_uv *uv;
};

static void
on_closed(uv_handle_t *handle)
{
    dm_free(handle->data);
}

static void
on_fs_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
    (void)name;
    (void)events;
    (void)status; // An error says too that something happened
    const struct dm_watch_entry *entry = handle->data;
    ++entry->watcher->uv->n_events;
    entry->on_event(entry->context);
}

static enum dm_status
add(void *self, const char *path, dm_watch_fn on_event, void *context,
    struct dm_watch_entry **ret)
{
    struct dm_uv_watcher *watcher = self;
    struct dm_watch_entry *entry = dm_calloc(1, sizeof(*entry));
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    entry->watcher = watcher;
    entry->on_event = on_event;
    entry->context = context;
    entry->event.data = entry;
    (void)uv_fs_event_init(&watcher->uv->uv, &entry->event);
    const int code = uv_fs_event_start(&entry->event, on_fs_event, path, 0);
    if (code) {
        uv_close((uv_handle_t *)&entry->event, on_closed);
        return dm_uv_status(code);
    }
    *ret = entry;
    return DM_OK;
}

static void
remove_entry(void *self, struct dm_watch_entry *entry)
{
    (void)self;
    uv_close((uv_handle_t *)&entry->event, on_closed);
}

struct dm_uv_watcher *
dm_uv_watcher_new(struct dm_uv *uv)
{
    static const struct dm_watcher_ops ops = {.add = add,
                                              .remove = remove_entry};
    struct dm_uv_watcher *watcher = dm_calloc(1, sizeof(*watcher));
    if (!watcher) {
        return NULL;
    }
    watcher->table.ops = &ops;
    watcher->table.self = watcher;
    watcher->table.loop = &uv->loop;
    watcher->uv = uv;
    return watcher;
}

void
dm_uv_watcher_free(struct dm_uv_watcher *watcher)
{
    dm_free(watcher);
}

const struct dm_watcher *
dm_uv_watcher_table(const struct dm_uv_watcher *watcher)
{
    return &watcher->table;
}
