// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_GATEWAY_PRIVATE_H
#define DM_SYNC_GATEWAY_PRIVATE_H

/**
 * @file
 * The CAR of a gateway, block by block, and the path that leads to it.
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

/// Bytes of a file, as entity-bytes says them: below 0 they count from its end
struct dm_gateway_bytes {
    bool is_given;
    int64_t from;
    int64_t to; ///< The last one; INT64_MAX: the last of the file
};

struct dm_gateway_walk {
    const struct dm_gateway_source *source;
    struct dm_any_cid root;   ///< As the header of the CAR says
    struct dm_any_cid target; ///< What the path led to
    enum dm_gateway_scope scope;
    struct dm_gateway_bytes bytes; ///< Of the entity
    bool has_dups;
    bool is_begun;
    uint64_t from; ///< Of the bytes, once the file is known
    uint64_t until;
    size_t n_blocks;
    /// Names that wait, the next one last: how, where in the file, its bytes,
    /// how many
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

/// Follow a path (still encoded) from the root; nothing was sent yet. The
/// blocks on it are sent before what it leads to.
/// @return DM_ERR_NOT_FOUND: there is no such thing, or its block is missing;
///         DM_ERR_SYNTAX, DM_ERR_LIMIT: the path is malformed, too long;
///         DM_ERR_CORRUPT; as the source fails else.
enum dm_status dm_gateway_walk_follow(struct dm_gateway_walk *walk,
                                      struct dm_str path) DM_NODISCARD;

/// Have a block sent before the target.
enum dm_status dm_gateway_walk_lead(struct dm_gateway_walk *walk,
                                    const struct dm_any_cid *cid) DM_NODISCARD;

/// A block, of identity too; its bytes live until the next call.
enum dm_status dm_gateway_walk_fetch(struct dm_gateway_walk *walk,
                                     const struct dm_any_cid *cid,
                                     struct dm_str *ret) DM_NODISCARD;

/// As dm_gateway_next()
enum dm_status dm_gateway_walk_next(struct dm_gateway_walk *walk,
                                    struct dm_buf *buf) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_GATEWAY_PRIVATE_H
