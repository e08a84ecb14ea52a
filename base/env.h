// SPDX-License-Identifier: ISC

#ifndef DM_BASE_ENV_H
#define DM_BASE_ENV_H

/**
 * @file
 * All that a node gets from its machine apart from network and database:
 * clocks, random numbers, files, variables of the environment, and its log.
 *
 * There is one `struct dm_env` for a node and no other source of any of these,
 * so a simulator can run several nodes in one process from one seed. Network
 * and processes are in net/, the database's file system is quadstore/vfs.h.
 *
 * Three clocks:
 *   wall       UTC, unix milliseconds. May jump, both ways. Only in data.
 *   monotonic  ns; never goes back, stands still while the machine sleeps.
 *              Intervals and time-outs.
 *   boot       ns; never goes back, goes on while the machine sleeps. Where it
 *              runs ahead of monotonic, the machine was suspended.
 *
 * Files here are small: key, guard, configuration, lock. Paths are as the
 * operating system takes them, NUL-terminated, absolute or relative to the
 * working directory. Files are read and written whole; a write is atomic: the
 * path holds the old bytes or the new ones, never a part.
 *
 * Threads: clocks, random numbers and log from any; files from any but the
 * loop, which never waits for a disk: a file function asserts that it is not in
 * a step of the loop.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;
struct dm_log;

/// A lock that is held; one for each dm_env_lock()
struct dm_file_lock;

enum dm_file_kind {
    DM_FILE_REGULAR,
    DM_FILE_DIRECTORY,
    DM_FILE_OTHER, ///< Socket, device, pipe
};

/// What a path names; links are followed
struct dm_file_info {
    enum dm_file_kind kind;
    uint32_t mode;       ///< Permission bits, 0 to 07777
    uint64_t size;       ///< Bytes
    int64_t modified_ms; ///< Wall clock, unix ms
};

/// How to write a file
enum dm_write_flags {
    DM_WRITE_DEFAULT = 0,
    DM_WRITE_DURABLE = 1,   ///< Is on the disk when the call returns (fsync)
    DM_WRITE_EXCLUSIVE = 2, ///< DM_ERR_EXISTS where the path exists
};

/// Called once for each entry of a directory, never for "." and ".."; a status
/// other than DM_OK ends the listing and is returned by it.
typedef enum dm_status (*dm_dir_entry_fn)(void *DM_NULLABLE context,
                                          struct dm_str name);

/// The table behind an environment. `context` is dm_env.context.
struct dm_env_ops {
    int64_t (*wall_ms)(void *DM_NULLABLE context);
    int64_t (*monotonic_ns)(void *DM_NULLABLE context);
    int64_t (*boot_ns)(void *DM_NULLABLE context);
    void (*random)(void *DM_NULLABLE context, void *bytes, size_t n);
    const char *DM_NULLABLE (*variable)(void *DM_NULLABLE context,
                                        const char *name);
    enum dm_status (*read)(void *DM_NULLABLE context, const char *path,
                           struct dm_buf *buf,
                           struct dm_error *DM_NULLABLE error);
    enum dm_status (*write)(void *DM_NULLABLE context, const char *path,
                            struct dm_str data, uint32_t mode, unsigned flags,
                            struct dm_error *DM_NULLABLE error);
    enum dm_status (*info)(void *DM_NULLABLE context, const char *path,
                           struct dm_file_info *ret);
    enum dm_status (*list)(void *DM_NULLABLE context, const char *path,
                           dm_dir_entry_fn on_entry,
                           void *DM_NULLABLE entry_context);
    enum dm_status (*make_directory)(void *DM_NULLABLE context,
                                     const char *path, uint32_t mode);
    enum dm_status (*remove)(void *DM_NULLABLE context, const char *path);
    enum dm_status (*lock)(void *DM_NULLABLE context, const char *path,
                           struct dm_file_lock **ret);
    void (*unlock)(void *DM_NULLABLE context,
                   struct dm_file_lock *DM_NULLABLE lock);
};

struct dm_env {
    const struct dm_env_ops *ops;
    void *DM_NULLABLE context;
    struct dm_log *log;
};

/// Set up the environment of the real machine: the system's clocks, getrandom()
/// and file system. Nothing to release. `log` outlives it.
void dm_env_init_system(struct dm_env *env, struct dm_log *log);

int64_t dm_env_wall_ms(const struct dm_env *env);
int64_t dm_env_monotonic_ns(const struct dm_env *env);
int64_t dm_env_boot_ns(const struct dm_env *env);

/// Fill `bytes` with unpredictable ones. Cannot fail: without random numbers
/// the process ends.
void dm_env_random(const struct dm_env *env, void *bytes, size_t n);

/// The variable's value, or NULL; lives as long as the process.
const char *DM_NULLABLE dm_env_variable(const struct dm_env *env,
                                        const char *name);

/// Append a whole regular file to `buf`, whose maximum is the limit. On failure
/// the bytes of `buf` are as they were.
/// @return DM_ERR_ARGUMENT where the path is not a regular file,
///         DM_ERR_NOT_FOUND, DM_ERR_PERMISSION, DM_ERR_LIMIT, DM_ERR_IO,
///         DM_ERR_NO_MEMORY.
enum dm_status dm_env_read(const struct dm_env *env, const char *path,
                           struct dm_buf *buf,
                           struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Write a whole file with permissions `mode` (the umask does not count); the
/// directory is there.
/// @param flags Of enum dm_write_flags.
/// @return DM_ERR_EXISTS, DM_ERR_NOT_FOUND, DM_ERR_PERMISSION, DM_ERR_FULL,
///         DM_ERR_IO.
enum dm_status dm_env_write(const struct dm_env *env, const char *path,
                            struct dm_str data, uint32_t mode, unsigned flags,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// @return DM_ERR_NOT_FOUND, DM_ERR_PERMISSION, DM_ERR_IO.
enum dm_status dm_env_info(const struct dm_env *env, const char *path,
                           struct dm_file_info *ret) DM_NODISCARD;

/// List a directory in ascending order of bytes; at most 65536 entries.
/// @return DM_ERR_NOT_FOUND, DM_ERR_PERMISSION, DM_ERR_LIMIT, DM_ERR_IO,
///         DM_ERR_NO_MEMORY, or what `on_entry` returned.
enum dm_status dm_env_list(const struct dm_env *env, const char *path,
                           dm_dir_entry_fn on_entry, void *DM_NULLABLE context)
    DM_NODISCARD;

/// Make a directory and those above it, with permissions `mode` less the umask;
/// DM_OK where it is there already.
/// @return DM_ERR_EXISTS where something else has the name, and as for a write.
enum dm_status dm_env_make_directory(const struct dm_env *env, const char *path,
                                     uint32_t mode) DM_NODISCARD;

/// Remove a file or an empty directory.
/// @return DM_ERR_NOT_FOUND, DM_ERR_PERMISSION, DM_ERR_EXISTS (not empty),
///         DM_ERR_IO.
enum dm_status dm_env_remove(const struct dm_env *env, const char *path);

/// Hold the file `path` (made where absent) alone, until dm_env_unlock() or the
/// end of the process.
/// @return DM_ERR_BUSY where another holds it.
enum dm_status dm_env_lock(const struct dm_env *env, const char *path,
                           struct dm_file_lock **ret) DM_NODISCARD;
void dm_env_unlock(const struct dm_env *env,
                   struct dm_file_lock *DM_NULLABLE lock);

DM_END_DECLS

#endif // DM_BASE_ENV_H
