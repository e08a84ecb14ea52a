// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_FOLLOW_H
#define DM_SYNC_FOLLOW_H

/**
 * @file
 * The log of another node grows here: what came is verified on a worker, then
 * merged by the writer in one transaction.
 *
 *     bytes of a peer --> dm_follow_verify --> batch --> dm_follow_apply
 *                          worker, snapshot              writer, transaction
 *                              └-> a refusal, with its reason
 *
 * No byte of a peer reaches the store before all of its batch was verified:
 * names of blocks, the chain of entries from the one that is held, the
 * signature of the last one, form and limits of every payload, and, where the
 * announced tip is reached, that the Head rebuilt from here is the one that the
 * record names.
 *
 * A batch is one of
 *
 *     START    record, Head, conf and snapshot: the present of a log that is
 *              not followed yet stands before its entries came
 *     ENTRIES  a CAR of entries that follow those held, and what they bring
 *     TIP      a newer record of the entries held: pruned, renewed, a note
 *     FORK     two entries of one sequence: the log is frozen
 *
 * F1 Applying a batch twice, or one that is overtaken, changes nothing.
 * F2 Whatever the batch, only the graphs of its own log change.
 * F3 Blocks, rows, present, cursor: all in one transaction, or nothing.
 *
 * Memory: a batch is bounded by its account, DM_FOLLOW_MEMORY; it takes entries
 * as long as they are small together, and leaves the others for another one.
 * Threads: verify on a worker, apply DM_ON_WRITER, free on any. Source:
 * docs/PROTOCOL.md, "Exchange".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/chain.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/payload.h"
#include "sync/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_env;
struct dm_follow_batch;
struct dm_snapshot;
struct dm_txn;

#define DM_FOLLOW_MEMORY ((size_t)128 << 20U)

/// What of a log becomes rows
enum dm_follow_rows {
    DM_FOLLOW_ROWS_ALL,    ///< All events
    DM_FOLLOW_ROWS_RECENT, ///< Those after the snapshot it was begun with
    DM_FOLLOW_ROWS_STATE,  ///< None: the present only
};

/// Bytes from a peer. Those not wanted are empty; views outlive the batch.
struct dm_follow_input {
    const uint8_t *log;    ///< Public key, DM_KEY_PUBLIC_BYTES
    struct dm_str record;  ///< The tip that the peer told
    struct dm_str car;     ///< Of entries: log/K's answer, or a push
    bool is_push;          ///< `car` was pushed: Head stands in it
    uint64_t after;        ///< Asked for by log/K
    uint64_t limit;        ///< Likewise
    struct dm_str head;    ///< The Head block that `record` names
    struct dm_str conf;    ///< CAR of its conf Manifest, for START
    struct dm_str snap;    ///< CAR of its snapshot, for START; empty: none
    struct dm_str fork[2]; ///< Two entry blocks
    enum dm_follow_rows rows;
    uint64_t quota; ///< Most bytes of blocks of this log here
    int64_t now_ms; ///< Wall clock: when it came
    bool is_own;    ///< It is the log of this very node
    bool restarts;  ///< START of a log that is held: nobody keeps what follows
    const struct dm_payload_key *DM_NULLABLE key;
};

/// How far a log is after a batch
struct dm_follow_result {
    uint64_t seq;       ///< Held
    uint64_t tip_seq;   ///< Of `record`
    uint64_t forked_at; ///< The log was frozen: this sequence has two entries
    bool is_whole;      ///< The tip is reached and its record is held
    bool has_more; ///< Entries of `car` are left: verify the same input anew
};

/**
 * Verify and make a batch.
 *
 * @return DM_OK; DM_ERR_CORRUPT: refused, the reason is in `*error`;
 *         DM_ERR_UNSUPPORTED: of a newer protocol; DM_ERR_NOT_FOUND: the Head
 *         cannot be rebuilt from here: give `head` too; DM_ERR_STATE: the
 *         entries do not follow those held (`prev`): ask for earlier ones, of
 *         which some are held, and a fork is found;
 *         DM_ERR_ARGUMENT: they begin too late, some are missing between;
 *         DM_ERR_EXISTS: nothing new; DM_ERR_LIMIT: over the quota;
 *         DM_ERR_PERMISSION: the log is frozen by a fork; or what the snapshot
 *         says.
 */
enum dm_status dm_follow_verify(struct dm_snapshot *snapshot,
                                const struct dm_env *env,
                                const struct dm_follow_input *input,
                                struct dm_follow_batch **ret,
                                struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;
void dm_follow_batch_free(struct dm_follow_batch *DM_NULLABLE batch);

/// What will hold once it was applied
struct dm_follow_result
dm_follow_batch_result(const struct dm_follow_batch *batch);

/**
 * Merge. Events of the own log that the peer does not hold get new keys first.
 *
 * @return DM_ERR_BUSY: it was overtaken, nothing was changed; else as
 *         quadstore/write.h says.
 */
enum dm_status dm_follow_apply(struct dm_follow_batch *batch,
                               const struct dm_env *env, struct dm_txn *txn)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_FOLLOW_H
