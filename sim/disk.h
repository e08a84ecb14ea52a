// SPDX-License-Identifier: ISC

#ifndef DM_SIM_DISK_H
#define DM_SIM_DISK_H

/**
 * @file
 * The disk of a machine: files in memory, each twice.
 *
 *     written   what the process reads back, and what a kill leaves
 *     synced    what a power loss leaves for sure
 *
 * After a power loss every page of 4 KiB that was written and not synced is the
 * old one, the new one, a mixture by sectors of 512 bytes, or one torn inside a
 * sector; a size that was not synced is the old one, the new one or between; a
 * name that was made, moved or removed and not synced is there or not. On a
 * disk that is not power-safe such a page may also be rubbish as a whole, those
 * bytes too that were not written.
 *
 * Harm. A plan lets a number of operations pass and then strikes one:
 *
 *     kill, power   a part of the write is done; the disk has *tripped*, and
 *                   every further call fails with DM_ERR_IO, so the process can
 *                   end by its destructors without effect
 *     I/O error     the operation fails, once or until the plan is cleared
 *     full          the same with DM_ERR_FULL
 *     flip          the write succeeds with one bit wrong
 *
 * After a trip, when the process has closed its files, dm_sim_disk_restart()
 * makes of the images what the next process finds.
 *
 * Paths are kept as they are given ("a/b" and "./a/b" are two), directories
 * exist before what is in them, but for "", "." and "/". Names under the
 * volatile directory (as /run) are gone after a power loss. A directory is
 * durable when it is made.
 *
 * Threads: one. Memory: both images, pages shared where they are the same.
 */

#include "base/attr.h"
#include "base/env.h"
#include "base/status.h"
#include "sim/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_disk;
struct dm_sim_file;
struct dm_sim_world;

#define DM_SIM_PAGE_BYTES 4096
#define DM_SIM_SECTOR_BYTES 512

/// Largest file, and most names on a disk
#define DM_SIM_FILE_MAX_BYTES ((uint64_t)1 << 32)
#define DM_SIM_NAMES_MAX 65536

/// Kinds of operation, as bits of a plan
enum dm_sim_disk_op {
    DM_SIM_OPEN = 1,
    DM_SIM_READ = 2,
    DM_SIM_WRITE = 4,
    DM_SIM_TRUNCATE = 8,
    DM_SIM_SYNC = 16,
    DM_SIM_NAME = 32, ///< Rename, remove, make a directory
};

/// Those that change something
#define DM_SIM_CHANGES                                                         \
    (DM_SIM_WRITE | DM_SIM_TRUNCATE | DM_SIM_SYNC | DM_SIM_NAME)

enum dm_sim_harm {
    DM_SIM_HARM_NONE,
    DM_SIM_HARM_KILL,
    DM_SIM_HARM_POWER,
    DM_SIM_HARM_ERROR,
    DM_SIM_HARM_FULL,
    DM_SIM_HARM_FLIP, ///< Writes only
};

struct dm_sim_plan {
    enum dm_sim_harm harm;
    unsigned ops;    ///< Of enum dm_sim_disk_op: which count and are struck
    uint64_t n_pass; ///< So many of them go well before
    bool is_lasting; ///< Error and full: every further one, too
};

struct dm_sim_disk_options {
    uint64_t capacity_bytes; ///< Writes that need more are DM_ERR_FULL
    bool is_powersafe; ///< A torn write harms no byte that it did not write
    bool drops_syncs;  ///< A disk that lies: a planted fault for tests
    const char *DM_NULLABLE volatile_directory;
};

/// No limit, power-safe, honest, "/run"
struct dm_sim_disk_options dm_sim_disk_options_default(void);

/// @param world For the trace; outlives the disk. Random numbers are forked
///        from its root.
/// @return NULL when out of memory.
struct dm_sim_disk *DM_NULLABLE
dm_sim_disk_new(struct dm_sim_world *world,
                const struct dm_sim_disk_options *options) DM_NODISCARD;
/// No file is open.
void dm_sim_disk_free(struct dm_sim_disk *DM_NULLABLE disk);

struct dm_sim_disk_options *dm_sim_disk_options(struct dm_sim_disk *disk);

/// Replace the plan; the count begins anew. Does not undo a trip.
void dm_sim_disk_plan(struct dm_sim_disk *disk, const struct dm_sim_plan *plan);

/// What the plan has in store; NONE where there is none
enum dm_sim_harm dm_sim_disk_planned(const struct dm_sim_disk *disk);

/// Trip now, outside of any operation: `harm` is KILL or POWER.
void dm_sim_disk_trip(struct dm_sim_disk *disk, enum dm_sim_harm harm);

/// KILL or POWER where the disk has tripped, else NONE
enum dm_sim_harm dm_sim_disk_tripped(const struct dm_sim_disk *disk);

/// After a trip, with no file open: what a new process finds. The plan is gone.
/// @return DM_ERR_NO_MEMORY.
enum dm_status dm_sim_disk_restart(struct dm_sim_disk *disk) DM_NODISCARD;

/// How often a plan has struck, or the disk was too small
uint64_t dm_sim_disk_n_struck(const struct dm_sim_disk *disk);
/// Operations of the kinds `ops` so far
uint64_t dm_sim_disk_n_ops(const struct dm_sim_disk *disk, unsigned ops);
/// Bytes in use by written images
uint64_t dm_sim_disk_used_bytes(const struct dm_sim_disk *disk);
uint32_t dm_sim_disk_n_open(const struct dm_sim_disk *disk);

/// Flip one bit of both images of a file behind everybody's back.
/// @return DM_ERR_NOT_FOUND for a path or an offset that is not there.
enum dm_status dm_sim_disk_flip(struct dm_sim_disk *disk, const char *path,
                                uint64_t offset, unsigned bit) DM_NODISCARD;

enum dm_sim_open {
    DM_SIM_OPEN_EXISTING = 0,
    DM_SIM_OPEN_CREATE = 1,
    DM_SIM_OPEN_EXCLUSIVE = 2, ///< With CREATE: DM_ERR_EXISTS
};

/// Open the file `path`; NULL: one without a name, gone when it is closed.
/// @param flags Of enum dm_sim_open.
/// @return DM_ERR_NOT_FOUND, DM_ERR_EXISTS, DM_ERR_PERMISSION (a directory),
///         DM_ERR_IO, DM_ERR_FULL, DM_ERR_NO_MEMORY, as for all below.
enum dm_status dm_sim_file_open(struct dm_sim_disk *disk,
                                const char *DM_NULLABLE path, unsigned flags,
                                struct dm_sim_file **ret) DM_NODISCARD;
void dm_sim_file_close(struct dm_sim_file *DM_NULLABLE file);

/// Read at most `n` bytes; fewer only at the end of the file.
enum dm_status dm_sim_file_read(struct dm_sim_file *file, uint64_t offset,
                                void *bytes, size_t n, size_t *ret_n)
    DM_NODISCARD;
/// Write all; what lies between the end and `offset` becomes 0.
enum dm_status dm_sim_file_write(struct dm_sim_file *file, uint64_t offset,
                                 const void *bytes, size_t n) DM_NODISCARD;
enum dm_status dm_sim_file_truncate(struct dm_sim_file *file, uint64_t n)
    DM_NODISCARD;
uint64_t dm_sim_file_size(const struct dm_sim_file *file);
/// fsync(): bytes and size, not the name
enum dm_status dm_sim_file_sync(struct dm_sim_file *file) DM_NODISCARD;

/// What `path` names: DM_ERR_NOT_FOUND, DM_ERR_IO.
enum dm_status dm_sim_disk_info(struct dm_sim_disk *disk, const char *path,
                                struct dm_file_info *ret) DM_NODISCARD;
/// chmod() and utime(): kept with the file
enum dm_status dm_sim_disk_set_info(struct dm_sim_disk *disk, const char *path,
                                    uint32_t mode, int64_t modified_ms)
    DM_NODISCARD;

/// A file whose name is removed lives on while it is open.
enum dm_status dm_sim_disk_remove(struct dm_sim_disk *disk, const char *path);
/// Atomic; a file `to` is replaced.
enum dm_status dm_sim_disk_rename(struct dm_sim_disk *disk, const char *from,
                                  const char *to) DM_NODISCARD;
/// The directory alone; that above it is there.
enum dm_status dm_sim_disk_make_directory(struct dm_sim_disk *disk,
                                          const char *path, uint32_t mode)
    DM_NODISCARD;
/// fsync() of the directory that holds `path`: all names in it
enum dm_status dm_sim_disk_sync_names(struct dm_sim_disk *disk,
                                      const char *path) DM_NODISCARD;
/// Names in `path`, in ascending order of bytes
enum dm_status dm_sim_disk_list(struct dm_sim_disk *disk, const char *path,
                                dm_dir_entry_fn on_entry,
                                void *DM_NULLABLE context) DM_NODISCARD;

/// Told which directory had a name made, moved or removed in it;
/// in the call that did it, so it only takes note. Lies in its owner.
struct dm_sim_disk_listener {
    struct dm_sim_disk_listener *DM_NULLABLE next;
    void (*on_change)(void *context, struct dm_str directory);
    void *context;
};
void dm_sim_disk_listen(struct dm_sim_disk *disk,
                        struct dm_sim_disk_listener *listener);
/// Nothing where it does not listen.
void dm_sim_disk_ignore(struct dm_sim_disk *disk,
                        struct dm_sim_disk_listener *listener);

DM_END_DECLS

#endif // DM_SIM_DISK_H
