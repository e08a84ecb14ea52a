// SPDX-License-Identifier: ISC

#ifndef DM_ALERT_PRESENT_PRIVATE_H
#define DM_ALERT_PRESENT_PRIVATE_H

/**
 * @file
 * The logs that a present is made of; see alert/present.h.
 */

#include "alert/present.h"
#include "base/attr.h"
#include "base/status.h"

#include <stdint.h>

DM_BEGIN_DECLS

struct dm_present_cache;
struct dm_snapshot;

/// Describe the own log and all that are followed: what each runs, how far it
/// is held, under which name. Fills present->logs; present->config is set.
enum dm_status dm_present_logs(struct dm_present *present,
                               struct dm_snapshot *snapshot,
                               struct dm_present_cache *DM_NULLABLE cache,
                               int64_t now_ms) DM_NODISCARD;

/// Give logs that claim one name a suffix of their key, each as short as it can
/// be of 4 to 8 characters, else all of it: at every head that holds both the
/// same.
/// @param arena For the new names.
enum dm_status dm_present_names(struct dm_view_log *logs, size_t n,
                                struct dm_arena *arena) DM_NODISCARD;

DM_END_DECLS

#endif // DM_ALERT_PRESENT_PRIVATE_H
