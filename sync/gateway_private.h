// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_GATEWAY_PRIVATE_H
#define DM_SYNC_GATEWAY_PRIVATE_H

/**
 * @file
 * The CAR of a gateway, block by block.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "sync/gateway.h"

DM_BEGIN_DECLS

enum dm_gateway_scope {
    DM_DAG_ALL,
    DM_DAG_ENTITY,
    DM_DAG_BLOCK,
};

struct dm_gateway_walk {
    const struct dm_gateway_source *source;
    struct dm_any_cid root;
    enum dm_gateway_scope scope;
    bool has_dups;
    bool is_begun;
    size_t n_blocks;
    /// Names that wait, the next one last: its mode, its bytes, how many
    struct dm_buf waiting;
    struct dm_buf links; ///< Those of one block, in order, the same way
    struct dm_map seen;  ///< Names that were sent, in `names`
    struct dm_arena names;
};

/// `source` outlives it.
void dm_gateway_walk_init(struct dm_gateway_walk *walk,
                          const struct dm_gateway_source *source,
                          const struct dm_any_cid *root);
void dm_gateway_walk_done(struct dm_gateway_walk *walk);

/// As dm_gateway_next()
enum dm_status dm_gateway_walk_next(struct dm_gateway_walk *walk,
                                    struct dm_buf *buf) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_GATEWAY_PRIVATE_H
