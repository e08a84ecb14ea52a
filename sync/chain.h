// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_CHAIN_H
#define DM_SYNC_CHAIN_H

/**
 * @file
 * Where a log stands: all that is needed to go on with it by one entry and to
 * say its Head. The same for the own log, which is appended to by sealing, and
 * for the log of another node, which is appended to by following it.
 *
 *     entry --> append --> tail --64--> Node of level 1 --64--> of level 2
 *                  └-> tree hash                                    Head
 *
 * In the store a chain is one small value (space "chain", key = name of the
 * log) beside the blocks; the lists are read back from the blocks.
 *
 * C1 `tip` is entry `seq`, and the tree holds exactly the entries 1 to seq.
 * C2 tail, l1 and l2 cut first…seq as dm_head_cut() says.
 * C3 dm_chain_head() depends on the chain alone.
 *
 * Threads: one at a time; on a worker or the writer. Memory: at most 64 kB.
 * Cost: an append hashes its block; loading reads at most 63 entries with their
 * payloads and the nodes of Head. Source: docs/PROTOCOL.md, "Blocks".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "quadstore/blocks.h"
#include "quadstore/id.h"
#include "sync/block.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/record.h"
#include "sync/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;
struct dm_snapshot;
struct dm_txn;
struct dm_work;

#define DM_CHAIN_SPACE "chain"

/// An entry of the tail, or a Node
struct dm_chain_item {
    struct dm_cid cid;
    int64_t time_min_ms;
    int64_t time_max_ms;
    uint64_t bytes; ///< Of all blocks below it, and of its own
};

struct dm_chain_list {
    struct dm_chain_item *DM_NULLABLE items;
    size_t n;
    size_t capacity;
};

struct dm_chain {
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    uint64_t first; ///< Oldest entry kept; 1 before there is any
    uint64_t seq;   ///< 0: no entry yet
    struct dm_cid tip;
    int64_t time_ms; ///< Of the tip
    struct dm_cid conf;
    bool has_snap;
    struct dm_cid snap;
    uint64_t snap_seq;    ///< Entry that names it
    int64_t snap_time_ms; ///< Of that entry
    bool has_note;
    struct dm_cid note;
    bool has_anchor;
    struct dm_cid anchor;
    struct dm_tree frontier;        ///< Over 1…first-1
    struct dm_tree tree;            ///< Over 1…seq
    struct dm_event_key last_event; ///< Greatest so far; ms 0: none. log is 0
    /// Events up to the entry that names this snapshot are no rows here: the
    /// log was begun with it
    bool waits_for_snap;
    struct dm_cid awaited_snap;
    uint64_t forked_at; ///< First sequence that two entries have; 0: none
    struct dm_cid fork[2];
    /// The newest tip: bytes of the record, and what it says. Empty while
    /// entries of a catch-up wait for the tip that was announced.
    uint8_t record[DM_RECORD_MAX];
    size_t n_record;
    uint64_t record_sequence; ///< seq << 16 | k of `record`; stays when it is
                              ///< gone, so that no older one is taken
    struct dm_cid head;       ///< That `record` names
    struct dm_chain_list tail;
    struct dm_chain_list l1;
    struct dm_chain_list l2;
};

struct dm_chain *DM_NULLABLE
dm_chain_new(const uint8_t log[DM_KEY_PUBLIC_BYTES]) DM_NODISCARD;
void dm_chain_free(struct dm_chain *DM_NULLABLE chain);

/// Takes a block that an append made: a Node, to be stored at `place`.
typedef enum dm_status (*dm_chain_node_fn)(void *DM_NULLABLE context,
                                           const struct dm_block *block);

/**
 * Append the entry that follows. Whether it does was checked: seq, prev, log.
 *
 * Conf and snap of the entry become those in force. `record` is emptied: it
 * belonged to the entry before.
 *
 * @param block The entry's bytes.
 * @param payload_bytes Of its payload's block; 0 without.
 * @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT (l2 is full), or what `on_node` said.
 *         The chain is then to be freed.
 */
enum dm_status dm_chain_append(struct dm_chain *chain,
                               const struct dm_wire_entry *entry,
                               struct dm_str block, uint64_t payload_bytes,
                               dm_chain_node_fn on_node,
                               void *DM_NULLABLE context) DM_NODISCARD;

/// Append the Head block. There is an entry.
enum dm_status dm_chain_head(const struct dm_chain *chain, struct dm_buf *buf)
    DM_NODISCARD;

/**
 * Move `first` to a later border of 64, at most seq: reads what
 * goes from `snapshot`, where newer entries need not be yet. Blocks are not
 * removed. The record is emptied.
 *
 * @return DM_ERR_CORRUPT where a block is missing or was changed; the chain is
 * then to be freed.
 */
enum dm_status dm_chain_prune(struct dm_chain *chain,
                              struct dm_snapshot *snapshot, dm_log_no log,
                              uint64_t first) DM_NODISCARD;

/// Move the Manifests that Head names, with their parts, to the place of the
/// tip, so that they are not removed with what is old. What is not held is left
/// out. `work` bounds what is read.
enum dm_status dm_chain_lift(const struct dm_chain *chain, struct dm_txn *txn,
                             struct dm_work *work, dm_log_no log) DM_NODISCARD;

/// Whether the entries from `from` to before `until` are there as they were
/// stored, so that `first` may move over them.
bool dm_chain_may_prune(struct dm_snapshot *snapshot, dm_log_no log,
                        uint64_t from, uint64_t until);

/// Keep a record that was checked for this chain.
void dm_chain_set_record(struct dm_chain *chain, struct dm_str bytes,
                         const struct dm_record *record);

/// Read the chain of a log.
/// @return DM_ERR_NOT_FOUND; DM_ERR_CORRUPT with what is wrong in `*error`.
enum dm_status dm_chain_load(struct dm_snapshot *snapshot,
                             const uint8_t log[DM_KEY_PUBLIC_BYTES],
                             struct dm_chain **ret,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// The same without the lists: to look at where a log stands. C2 and
/// dm_chain_head() do not hold of it, and it is not appended to.
enum dm_status dm_chain_peek(struct dm_snapshot *snapshot,
                             const uint8_t log[DM_KEY_PUBLIC_BYTES],
                             struct dm_chain **ret) DM_NODISCARD;

/// Store it; blocks and nodes were put in this transaction.
enum dm_status dm_chain_store(const struct dm_chain *chain, struct dm_txn *txn)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_CHAIN_H
