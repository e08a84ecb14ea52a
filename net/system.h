// SPDX-License-Identifier: ISC

#ifndef DM_NET_SYSTEM_H
#define DM_NET_SYSTEM_H

/**
 * @file
 * What is read of the own machine: small files (/proc), how full a file system
 * is, and the addresses that others reach it at.
 *
 * All may hang (a dead network file system), so they are asked for and
 * answered later, and end with DM_ERR_DEADLINE when their time is over. A
 * question that hangs in the system goes on occupying a place there; new ones
 * get DM_ERR_LIMIT when all are taken.
 *
 * Threads: loop. Memory: at most the maximum of questions given to the
 * implementation, each with its `max`. R1 to R4 of net/loop.h hold.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// A question under way; valid until its completion or its end by cancel
struct dm_system_read;

/// How full a file system is
struct dm_system_space {
    uint64_t total_bytes;
    uint64_t free_bytes;      ///< For the superuser
    uint64_t available_bytes; ///< For everybody else
    uint64_t total_files;     ///< 0 where the file system does not count them
    uint64_t free_files;
};

enum dm_system_kind {
    DM_SYSTEM_FILE,  ///< The bytes of a file
    DM_SYSTEM_SPACE, ///< The space of the file system a path lies on
    /// The addresses of its interfaces, one a line, as dm_address_format() has
    /// them; not loopback, not link-local. IPv4 first
    DM_SYSTEM_ADDRESSES,
};

struct dm_system_question {
    enum dm_system_kind kind;
    const char *path;   ///< Absolute; ADDRESSES: ""
    size_t max;         ///< FILE, ADDRESSES: most bytes
    int64_t timeout_ns; ///< At least 1
};

struct dm_system_answer {
    /// DM_OK; DM_ERR_NOT_FOUND, DM_ERR_PERMISSION, DM_ERR_LIMIT (longer than
    /// `max`), DM_ERR_DEADLINE, DM_ERR_NO_MEMORY, DM_ERR_IO
    enum dm_status status;
    struct dm_str bytes;          ///< FILE, ADDRESSES
    struct dm_system_space space; ///< SPACE
};

/// The completion.
typedef void (*dm_system_fn)(void *DM_NULLABLE context,
                             const struct dm_system_answer *answer);

struct dm_system_ops {
    enum dm_status (*start)(void *self,
                            const struct dm_system_question *question,
                            dm_system_fn done, void *DM_NULLABLE context,
                            struct dm_system_read **ret);
    void (*cancel)(void *self, struct dm_system_read *read);
};

struct dm_system {
    const struct dm_system_ops *ops;
    void *self;
};

/// Ask.
/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT; then `done` is not called.
enum dm_status dm_system_start(const struct dm_system *system,
                               const struct dm_system_question *question,
                               dm_system_fn done, void *DM_NULLABLE context,
                               struct dm_system_read **ret) DM_NODISCARD;

void dm_system_cancel(const struct dm_system *system,
                      struct dm_system_read *read);

DM_END_DECLS

#endif // DM_NET_SYSTEM_H
