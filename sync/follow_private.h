// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_FOLLOW_PRIVATE_H
#define DM_SYNC_FOLLOW_PRIVATE_H

/**
 * @file
 * A batch from the inside: follow_verify.c makes it, follow_apply.c merges it.
 */

#include "base/account.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/map.h"
#include "quadstore/blocks.h"
#include "quadstore/seen.h"
#include "sync/follow.h"
#include "sync/manifest.h"

DM_BEGIN_DECLS

struct dm_follow_batch {
    struct dm_account account;
    struct dm_arena arena;
    char name[DM_KEY_NAME_SIZE];
    char iri[DM_KEY_IRI_SIZE];
    bool is_own;

    /// Where the log stood when it was verified
    bool has_base;
    uint64_t base_seq;
    struct dm_cid base_tip;
    bool base_is_whole; ///< Its Head was verified
    uint64_t base_sequence;
    struct dm_event_key base_event;
    uint64_t base_first;

    struct dm_chain *DM_NULLABLE chain; ///< Where it stands afterwards
    struct dm_block *DM_NULLABLE blocks;
    size_t n_blocks;
    size_t blocks_capacity;
    struct dm_map named; ///< Manifests and parts among them, by name
    size_t n_quads;      ///< Of the entries in it
    size_t n_inflated;   ///< Their bytes

    struct dm_payload *DM_NULLABLE payloads; ///< Events that become rows
    size_t n_payloads;
    size_t payloads_capacity;
    bool has_conf; ///< Replaces the one in force
    struct dm_manifest_set conf;
    struct dm_cid conf_cid;
    bool has_snap; ///< States to begin with
    struct dm_manifest_set snap;
    struct dm_seen seen;
    struct dm_follow_result result;
};

DM_END_DECLS

#endif // DM_SYNC_FOLLOW_PRIVATE_H
