// SPDX-License-Identifier: ISC

#ifndef DM_SIM_VFS_H
#define DM_SIM_VFS_H

/**
 * @file
 * The file system that SQLite sees on a simulated machine.
 *
 *     store ── SQLite ── VFS "sim-NAME" ── sim/disk.h
 *
 * Files, sizes and syncs are the disk's, with its harm: a disk that has tripped
 * answers every call with SQLITE_IOERR, so the store fails, rolls back and
 * closes in its ordinary way. Locks are real ones among the connections of the
 * process, those on files as well as those on the shared memory of a WAL, which
 * is on the heap and ends with the last connection. Time and random numbers are
 * the machine's. It claims SQLITE_IOCAP_POWERSAFE_OVERWRITE where the disk is
 * power-safe and nothing else, and sectors of 4096 bytes, like SQLite's own VFS
 * for Unix. There is no mmap and no sleep: xSleep returns at once, so a
 * connection needs busy_timeout 0.
 *
 * SQLite draws its own random numbers (WAL salts) from one generator in the
 * process, which it fills from the default VFS. dm_sim_sqlite_begin() makes
 * that ours and empties the generator, at the start of each seed.
 *
 * Threads: one.
 */

#include "base/attr.h"
#include "base/status.h"

#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_disk;
struct dm_sim_machine;
struct dm_sim_vfs;
struct dm_sim_world;

/// Let SQLite's random numbers follow the seed of `world`. The default VFS
/// opens nothing from then on: whoever forgets to name a VFS is found.
/// @return DM_ERR_NO_MEMORY.
enum dm_status dm_sim_sqlite_begin(struct dm_sim_world *world) DM_NODISCARD;

/// SQLite has its own default VFS again. Before the world is freed.
void dm_sim_sqlite_end(void);

/// Register a VFS "sim-NAME" of the machine's name, which no other has.
/// @return NULL when out of memory.
struct dm_sim_vfs *DM_NULLABLE dm_sim_vfs_new(struct dm_sim_machine *machine,
                                              struct dm_sim_disk *disk)
    DM_NODISCARD;

/// No connection is open.
void dm_sim_vfs_free(struct dm_sim_vfs *DM_NULLABLE vfs);

/// For sqlite3_open_v2() and struct dm_store_options
const char *dm_sim_vfs_name(const struct dm_sim_vfs *vfs);

/// Connections' files that are open
uint32_t dm_sim_vfs_n_open(const struct dm_sim_vfs *vfs);

DM_END_DECLS

#endif // DM_SIM_VFS_H
