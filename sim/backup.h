// SPDX-License-Identifier: ISC

#ifndef DM_SIM_BACKUP_H
#define DM_SIM_BACKUP_H

/**
 * @file
 * Files of a disk, copied aside at one instant, as a snapshot of its volume
 * does, and put back later.
 *
 * Only files that lie in the directory itself; what is under it in others is
 * neither copied nor removed.
 *
 * Threads: one. Memory: the bytes of the files.
 */

#include "base/attr.h"
#include "base/status.h"

DM_BEGIN_DECLS

struct dm_sim_backup;
struct dm_sim_disk;

/// Copy the written image of what is in `directory`.
/// @return As sim/disk.h says of reading.
enum dm_status dm_sim_backup_take(struct dm_sim_disk *disk,
                                  const char *directory,
                                  struct dm_sim_backup **ret) DM_NODISCARD;

/// Let the directory hold these files and no others, durably. While no process
/// has a file of it open.
enum dm_status dm_sim_backup_restore(const struct dm_sim_backup *backup,
                                     struct dm_sim_disk *disk) DM_NODISCARD;

void dm_sim_backup_free(struct dm_sim_backup *DM_NULLABLE backup);

DM_END_DECLS

#endif // DM_SIM_BACKUP_H
