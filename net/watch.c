// SPDX-License-Identifier: ISC

#include "net/watch.h"

#include "base/alloc.h"
#include "net/loop.h"

#include <assert.h>

struct dm_watch {
    const struct dm_watcher *watcher;
    dm_watch_fn on_change;
    void *context;
    int64_t settle_ns;
    int64_t latest_ns; // When to tell at the latest; of a change not yet told
    struct dm_timer timer; // Runs while a change was not yet told
    size_t n;
    struct dm_watch_entry *entries[];
};

static void
on_settled(void *context)
{
    struct dm_watch *watch = context;
    watch->on_change(watch->context); // May stop the watch
}

static void
on_event(void *context)
{
    struct dm_watch *watch = context;
    struct dm_loop *loop = watch->watcher->loop;
    const int64_t now_ns = dm_loop_now_ns(loop);
    if (!watch->timer.is_running) {
        watch->latest_ns = now_ns + watch->settle_ns * DM_WATCH_PATIENCE;
    }
    const int64_t settled_ns = now_ns + watch->settle_ns;
    dm_loop_timer_start(loop, &watch->timer,
                        settled_ns < watch->latest_ns ? settled_ns
                                                      : watch->latest_ns,
                        on_settled, watch);
}

static enum dm_status
explain(struct dm_error *error, enum dm_status status, const char *path)
{
    (void)dm_error_set(error, status, "%s cannot be watched", path);
    dm_error_detail(error, "%s", dm_status_text(status));
    if (status == DM_ERR_LIMIT) {
        dm_error_hint(error, "Raise fs.inotify.max_user_watches");
    }
    return status;
}

enum dm_status
dm_watch_start(const struct dm_watcher *watcher,
               const struct dm_watch_spec *spec, dm_watch_fn on_change,
               void *context, struct dm_watch **ret, struct dm_error *error)
{
    DM_ON_LOOP();
    assert(spec->n > 0);
    assert(spec->settle_ns > 0);
    if (spec->n > DM_WATCH_MAX) {
        return dm_error_set(error, DM_ERR_LIMIT,
                            "more than %d directories cannot be watched",
                            DM_WATCH_MAX);
    }
    struct dm_watch *watch = dm_calloc(
        1, sizeof(*watch) + spec->n * sizeof(struct dm_watch_entry *));
    if (!watch) {
        return dm_error_set(error, DM_ERR_NO_MEMORY, "out of memory");
    }
    watch->watcher = watcher;
    watch->on_change = on_change;
    watch->context = context;
    watch->settle_ns = spec->settle_ns;
    for (; watch->n < spec->n; ++watch->n) {
        const enum dm_status status =
            watcher->ops->add(watcher->self, spec->directories[watch->n],
                              on_event, watch, &watch->entries[watch->n]);
        if (status) {
            (void)explain(error, status, spec->directories[watch->n]);
            dm_watch_stop(watch);
            return status;
        }
    }
    *ret = watch;
    return DM_OK;
}

void
dm_watch_stop(struct dm_watch *watch)
{
    DM_ON_LOOP();
    if (!watch) {
        return;
    }
    for (size_t i = 0; i < watch->n; ++i) {
        watch->watcher->ops->remove(watch->watcher->self, watch->entries[i]);
    }
    dm_loop_timer_stop(watch->watcher->loop, &watch->timer);
    dm_free(watch);
}
