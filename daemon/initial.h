// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_INITIAL_H
#define DM_DAEMON_INITIAL_H

/**
 * @file
 * The files of a new node: demonitor.ttl and checks/local.ttl, where absent.
 *
 * Nothing that is there is ever changed: where demonitor.ttl exists, somebody
 * has set this node up, and checks/local.ttl is not written either.
 *
 * Threads: not on the loop.
 */

#include "base/attr.h"
#include "base/env.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

DM_BEGIN_DECLS

struct dm_initial_options {
    const struct dm_env *env;
    const char *config_directory;
    struct dm_str name; ///< Of the node, or empty
    struct dm_str site; ///< IRI, or empty
};

/// Told the path of each file that was written.
typedef void (*dm_initial_fn)(void *DM_NULLABLE context, const char *path);

enum dm_status dm_initial_write(const struct dm_initial_options *options,
                                dm_initial_fn DM_NULLABLE on_file,
                                void *DM_NULLABLE context,
                                struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_DAEMON_INITIAL_H
