// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_SEAL_PRIVATE_H
#define DM_SYNC_SEAL_PRIVATE_H

/**
 * @file
 * Sealing from the inside: seal.c makes the entry, seal_content.c what it
 * holds.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/map.h"
#include "base/work.h"
#include "quadstore/blocks.h"
#include "quadstore/event.h"
#include "sync/seal.h"

DM_BEGIN_DECLS

struct dm_quad_lines;

/// Text of one payload: so that its frame is within the limit whatever it holds
#define DM_SEAL_TEXT_MAX ((size_t)1000000)
#define DM_SEAL_BLOCKS_MAX 4096U
#define DM_SEAL_METRICS_MAX 1000000U
/// States in one part of a snapshot: 10,000 checks need 79 of 256
#define DM_SEAL_STATES 128U
/// Entries that one seal drops at most
#define DM_SEAL_PRUNED_MAX 1024U

struct dm_sealer {
    const struct dm_env *env;
    const struct dm_key *key;
    char *DM_NULLABLE guard_path;
    char *boot_id_path;
    int64_t keep_blocks_ms;
    char iri[DM_KEY_IRI_SIZE];
    char state_graph[DM_KEY_IRI_SIZE + sizeof("#state")];
    struct dm_log_conf *DM_NULLABLE conf;
    bool is_conf_new; ///< Compare it with the one in force
    bool is_released;
    struct dm_chain *DM_NULLABLE chain;
    struct dm_quad_lines *lines;
    /// Metric (IRI, label not encoded) -> hash of its unit and limits as sent
    struct dm_map metrics;
    struct dm_arena metric_names;
};

/// One entry on its way
struct dm_seal {
    struct dm_sealer *sealer;
    struct dm_txn *txn;
    struct dm_work work;
    dm_log_no log;
    int64_t now_ms;
    struct dm_wire_entry entry;
    struct dm_event_key last_event;
    uint64_t payload_bytes;
    bool has_more;
    size_t n_left_out; ///< Events that cannot be said on the wire
    struct dm_cid *DM_NULLABLE written; ///< Put, not read back yet
    size_t n_written;
    size_t capacity;
};

/// Put a block, to be read back before anything that names it is signed.
enum dm_status dm_seal_put(struct dm_seal *seal, enum dm_block_kind kind,
                           uint64_t seq, struct dm_str data, struct dm_cid *ret)
    DM_NODISCARD;

/// A snapshot that sees what the transaction did
enum dm_status dm_seal_look(struct dm_seal *seal, struct dm_snapshot **ret)
    DM_NODISCARD;

/// Put the payload of the events that wait; fills n, size and data.
enum dm_status dm_seal_events(struct dm_seal *seal) DM_NODISCARD;
/// Forget which units and limits were sent: they are sent again.
void dm_seal_forget_metrics(struct dm_sealer *sealer);
/// Put the conf Manifest where it is another than the one in force.
enum dm_status dm_seal_conf(struct dm_seal *seal) DM_NODISCARD;
/// Put a snapshot where one is due.
enum dm_status dm_seal_snap(struct dm_seal *seal) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_SEAL_PRIVATE_H
