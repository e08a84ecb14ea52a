// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_GUARD_H
#define DM_SYNC_GUARD_H

/**
 * @file
 * The guard against sealing one sequence twice: a file in the run-time
 * directory with the boot id and the last published sequence.
 *
 *     BOOT-ID SEQ LF
 *
 * No backup holds it and no reboot survives: where it agrees with the store,
 * the store is the one that was published from, and not an older copy of it.
 *
 * Threads: not on the loop (files).
 */

#include "base/attr.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_env;

/// Whether the guard says that `seq` was the last one, in this boot.
bool dm_guard_agrees(const struct dm_env *env, const char *path,
                     const char *boot_id_path, uint64_t seq);

/// Say that `seq` is going to be published. Where that fails the old guard is
/// removed: it would agree with a store that is older than what was published.
/// @return As dm_env_read() and dm_env_write().
enum dm_status dm_guard_write(const struct dm_env *env, const char *path,
                              const char *boot_id_path, uint64_t seq);

DM_END_DECLS

#endif // DM_SYNC_GUARD_H
