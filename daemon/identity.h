// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_IDENTITY_H
#define DM_DAEMON_IDENTITY_H

/**
 * @file
 * The identity that a node shows in TLS: derived from its key, so that a node
 * whose seed was restored keeps its pin; valid for ever, since nobody looks at
 * more than the pin.
 *
 * DATA/tls/cert.pem and key.pem are copies for others (a proxy, `curl
 * --cacert`). They are written anew when they are missing or not these; a node
 * does without them.
 *
 * Threads: not on the loop.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "net/identity.h"
#include "sync/key.h"

DM_BEGIN_DECLS

struct dm_env;

/// @return DM_ERR_NO_MEMORY.
enum dm_status dm_node_identity(const struct dm_key *key,
                                struct dm_identity *ret) DM_NODISCARD;

/// Write the copies below `data_directory` where they are not there.
/// @return As dm_env_write(), with `error` set.
enum dm_status dm_node_identity_keep(const struct dm_env *env,
                                     const char *data_directory,
                                     const struct dm_identity *identity,
                                     struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_DAEMON_IDENTITY_H
