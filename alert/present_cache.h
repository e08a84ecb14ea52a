// SPDX-License-Identifier: ISC

#ifndef DM_ALERT_PRESENT_CACHE_H
#define DM_ALERT_PRESENT_CACHE_H

/**
 * @file
 * Configurations of logs as they were last read, so that the present does not
 * read each of them anew.
 *
 * One is known by its log and by a version: any bytes that differ whenever the
 * configuration does. The own one is known by the configuration itself. Of each
 * log one version is kept, of at most DM_PRESENT_CACHE_LOGS logs; beyond that
 * one that is there goes.
 *
 * Threads: any, at once: what it hands out is counted, and a lock is held for a
 * look-up alone. Memory: that of the configurations it holds.
 */

#include "base/attr.h"
#include "base/str.h"

DM_BEGIN_DECLS

struct dm_config;
struct dm_present_cache;
struct dm_published;

#define DM_PRESENT_CACHE_LOGS 4096U
/// Longer versions are not kept.
#define DM_PRESENT_CACHE_VERSION_MAX 64U

struct dm_present_cache *DM_NULLABLE dm_present_cache_new(void) DM_NODISCARD;
void dm_present_cache_free(struct dm_present_cache *DM_NULLABLE cache);

/// What was put for this log and version, with a reference of its own; or NULL.
struct dm_published *DM_NULLABLE
dm_present_cache_get(struct dm_present_cache *cache, struct dm_str log,
                     struct dm_str version) DM_NODISCARD;

/// Keep it in the place of what is kept of this log. Takes a reference of its
/// own; where there is no memory nothing is kept of the log.
void dm_present_cache_put(struct dm_present_cache *cache, struct dm_str log,
                          struct dm_str version,
                          struct dm_published *published);

/// The same of the own configuration
struct dm_published *DM_NULLABLE
dm_present_cache_get_own(struct dm_present_cache *cache,
                         const struct dm_config *config) DM_NODISCARD;
void dm_present_cache_put_own(struct dm_present_cache *cache,
                              struct dm_config *config,
                              struct dm_published *published);

DM_END_DECLS

#endif // DM_ALERT_PRESENT_CACHE_H
