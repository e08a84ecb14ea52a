// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_CONF_H
#define DM_SYNC_CONF_H

/**
 * @file
 * What a node publishes of its configuration, ready to be sealed: the parts of
 * its conf Manifest, beside the configuration that they were made from.
 *
 * It never changes once it is made; references may be taken and given by any
 * thread. Making it reads no file: on a worker, or at the start. Source:
 * docs/PROTOCOL.md, "Manifests".
 */

#include "base/attr.h"
#include "base/status.h"
#include "vocab/parts.h"

#include <stdatomic.h>

DM_BEGIN_DECLS

struct dm_config;

struct dm_log_conf {
    atomic_uint references;
    struct dm_config *config; ///< Reference
    struct dm_config_parts parts;
};

/// @param config A reference to it is taken.
/// @return DM_ERR_LIMIT: more than a Manifest can hold; DM_ERR_NO_MEMORY.
enum dm_status dm_log_conf_new(struct dm_config *config,
                               struct dm_log_conf **ret) DM_NODISCARD;
struct dm_log_conf *dm_log_conf_ref(struct dm_log_conf *conf);
void dm_log_conf_unref(struct dm_log_conf *DM_NULLABLE conf);

DM_END_DECLS

#endif // DM_SYNC_CONF_H
