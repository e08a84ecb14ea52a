// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_MANIFEST_H
#define DM_SYNC_MANIFEST_H

/**
 * @file
 * A Manifest with all of its parts, read and checked as one set: the
 * configuration of a node, or a snapshot of its present.
 *
 * Refusals as in sync/block.h; also: a part that is not at hand, quads that do
 * not add up to n, a line in two parts.
 *
 * Threads: pure functions; on a worker. Memory: charged to the account; the
 * bytes that `find` gives outlive what is read. Source: docs/PROTOCOL.md,
 * "Manifests".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/block.h"
#include "sync/payload.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

struct dm_account;

/// Gives a block by its name. DM_ERR_NOT_FOUND.
typedef enum dm_status (*dm_find_block_fn)(void *DM_NULLABLE context,
                                           const struct dm_cid *cid,
                                           struct dm_str *ret);

struct dm_manifest_set {
    struct dm_payload *DM_NULLABLE parts;
    size_t n_parts;
    bool is_unread; ///< Encrypted with a key that is not here: no parts
};

struct dm_manifest_spec {
    const uint8_t *log; ///< Public key, DM_KEY_PUBLIC_BYTES
    enum dm_manifest_kind kind;
    const struct dm_payload_key *DM_NULLABLE key;
    dm_find_block_fn find;
    void *DM_NULLABLE context;
};

enum dm_status
dm_manifest_read(struct dm_str block, const struct dm_manifest_spec *spec,
                 struct dm_account *account, struct dm_manifest_set *ret,
                 struct dm_error *DM_NULLABLE error) DM_NODISCARD;
void dm_manifest_set_done(struct dm_manifest_set *set);

DM_END_DECLS

#endif // DM_SYNC_MANIFEST_H
