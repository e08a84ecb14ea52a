// SPDX-License-Identifier: ISC

#ifndef DM_NET_WATCH_H
#define DM_NET_WATCH_H

/**
 * @file
 * Being told that files changed.
 *
 * A watch looks at a set of directories, not at what is below their
 * subdirectories: who reads a tree of configuration knows its directories and
 * names each of them. A new subdirectory is a change of the one above it; after
 * reading anew, a new watch with the new set takes the place of the old one.
 *
 * A change is told once it is quiet: `settle_ns` after the last event, but at
 * most DM_WATCH_PATIENCE times that after the first. A watch says only that
 * something changed, and may say so where nothing did.
 *
 *     event event event |--settle--| on_change      event |--settle--|
 * on_change
 *
 * Threads: loop. Memory: one handle for each directory. R1 to R4 of net/loop.h
 * hold; a watch has any number of callbacks, until it is stopped.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_loop;
struct dm_watch;
struct dm_watch_entry;

/// Most directories of one watch
#define DM_WATCH_MAX 1024
#define DM_WATCH_PATIENCE 10

typedef void (*dm_watch_fn)(void *DM_NULLABLE context);

/// What an implementation brings: raw events of one directory. `on_event` may
/// come any number of times, in a step of the loop.
struct dm_watcher_ops {
    enum dm_status (*add)(void *self, const char *path, dm_watch_fn on_event,
                          void *DM_NULLABLE context,
                          struct dm_watch_entry **ret);
    void (*remove)(void *self, struct dm_watch_entry *entry);
};

struct dm_watcher {
    const struct dm_watcher_ops *ops;
    void *self;
    struct dm_loop *loop;
};

struct dm_watch_spec {
    const char *const *directories; ///< `n` paths, 1 to DM_WATCH_MAX
    size_t n;
    int64_t settle_ns; ///< At least 1
};

/// Begin to watch.
/// @return DM_ERR_NOT_FOUND, DM_ERR_PERMISSION, DM_ERR_LIMIT (too many, here or
///         in the system), DM_ERR_IO, DM_ERR_NO_MEMORY; nothing is watched
///         then.
enum dm_status dm_watch_start(const struct dm_watcher *watcher,
                              const struct dm_watch_spec *spec,
                              dm_watch_fn on_change, void *DM_NULLABLE context,
                              struct dm_watch **ret,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Stop, also from within `on_change`; no callback comes any more.
void dm_watch_stop(struct dm_watch *DM_NULLABLE watch);

DM_END_DECLS

#endif // DM_NET_WATCH_H
