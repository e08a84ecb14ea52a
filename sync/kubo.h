// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_KUBO_H
#define DM_SYNC_KUBO_H

/**
 * @file
 * The outbox to a Kubo: the blocks of one log, the pin of its Head, its tip.
 *
 *     IDLE --give--> IMPORT --> STAT --> MOVE ------------------> done
 *      ^    dag/import   \     Head     pin/update     \
 *      |                  \                |            \ missing
 *      |                   \          not pinned         \
 *      |                    \              v              +--> need all
 *      |                     \       LOOK (old Head) ----/      |
 *      |                      \            v                    |
 *      |                       \         ADD pin/add            |
 *      |                        \          v                    |
 *      |                         \       SWEEP, REMOVE --> done |
 *      +-- a CAR without Head ----+------------------------<----+
 *
 *     beside it, between two items:  PUT name/put, at most every 5 minutes
 *
 * There is no queue: the log itself is the outbox. The owner holds a cursor in
 * the store (state space DM_KUBO_SPACE, key: the URL as it is configured) and
 *
 *   1. reads it at its start and makes the outbox with it;
 *   2. whenever the outbox is idle and the log is ahead of the cursor, gives
 *      the next item (sync/kubo_pack.h makes it): a CAR of what came after
 *      `cursor.seq` (entries, payloads, Nodes, then the Manifests that Head
 *      names and their parts), at most DM_KUBO_CAR_MAX bytes, each block only
 *      once COMMIT has returned; the last one ends with Head and brings the
 *      tip's record;
 *   3. stores the cursor that `done` tells, in any later transaction. One that
 *      is lost costs nothing but the same item again: every step is idempotent.
 *
 * After DM_KUBO_NEED_ALL (Kubo was emptied, or lost blocks) the cursor begins
 * anew: the next items bring all that the log keeps. An item stays until Kubo
 * has it, however long that takes: meanwhile the log goes on, and the item
 * after it brings all of that at once.
 *
 * A request that fails is made again after 1 s, doubled up to 60 s, less a
 * random part of up to a half; after "need all" without a Head pinned in
 * between, the next item waits alike. Every request has a time limit, told to
 * Kubo and kept here. What Kubo answers is believed only in its proper form:
 * type, the counts of blocks and bytes that were sent, the very names that were
 * asked for, and no X-Stream-Error behind it.
 *
 * The pin is recursive and named "demonitor K". pin/update walks only what is
 * new and gives up the Head before; whatever else is pinned under that name
 * after a pin/add is given up too. Nothing is forced on Kubo: a tip that is
 * older than the one it holds stays out and is counted.
 *
 * Threads: DM_ON_LOOP; no file, no store. Memory: one item, at most
 * DM_KUBO_CAR_MAX + DM_KUBO_RECORD_MAX, and while it is sent the two copies
 * of net/; an answer of at most 64 KiB. Source: docs of Kubo's RPC.
 */

#include "base/attr.h"
#include "base/env.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/cid.h"
#include "vocab/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;
struct dm_kubo;
struct dm_net;

/// The owner's space in the store (dm_txn_state_put())
#define DM_KUBO_SPACE "kubo"
/// Most bytes of the CAR of one item
#define DM_KUBO_CAR_MAX (4U << 20U)
/// Most bytes of an IPNS record
#define DM_KUBO_RECORD_MAX (10U << 10U)
/// A tip is put at most this often
#define DM_KUBO_PUT_EVERY_MS INT64_C(300000)

/// How far a Kubo has a log
struct dm_kubo_cursor {
    uint64_t seq;         ///< It was given all blocks up to this entry; 0: none
    bool has_pinned;      ///< A Head is pinned:
    struct dm_cid pinned; ///< this one,
    uint64_t pinned_seq;  ///< of this entry
};

/// Most bytes of a cursor as it is stored
#define DM_KUBO_CURSOR_BYTES (1 + 8 + 8 + DM_CID_BYTES)

/// Append `cursor` as the owner stores it.
enum dm_status dm_kubo_cursor_write(const struct dm_kubo_cursor *cursor,
                                    struct dm_buf *buf);
/// @return Whether `bytes` are a stored cursor.
bool dm_kubo_cursor_read(struct dm_str bytes, struct dm_kubo_cursor *ret)
    DM_NODISCARD;

/// What Kubo is to get next. Views, copied.
struct dm_kubo_item {
    struct dm_str car;    ///< CARv1, as of an exchange; "": no new block
    uint64_t seq;         ///< The cursor's, once Kubo has these; with a Head
                          ///< that of its tip
    bool has_head;        ///< Now all of a Head is there:
    struct dm_cid head;   ///< pin it
    struct dm_str record; ///< Put this when it is pinned; "": none
};

enum dm_kubo_outcome {
    DM_KUBO_DONE,     ///< Kubo has the item; the cursor moved
    DM_KUBO_NEED_ALL, ///< It lacks blocks of before; the cursor begins anew
};

/// An item has ended; the outbox is idle. Exactly once for each item; may give
/// the next one, may not free the outbox.
typedef void (*dm_kubo_done_fn)(void *DM_NULLABLE context,
                                enum dm_kubo_outcome outcome,
                                const struct dm_kubo_cursor *cursor);

/// A request failed, for the reason `text`; or, `text` being "", one goes well
/// after such. May not call the outbox, which may be within dm_kubo_give().
/// @param is_tip It is one that puts the tip; else one of an item.
typedef void (*dm_kubo_heard_fn)(void *DM_NULLABLE context, bool is_tip,
                                 struct dm_str text);

struct dm_kubo_options {
    const struct dm_env *env;
    const struct dm_net *net;
    struct dm_config *config; ///< With node.kubo; referenced
    struct dm_str log;        ///< K, "k51…"
    struct dm_kubo_cursor cursor;
    dm_kubo_done_fn done;
    dm_kubo_heard_fn DM_NULLABLE heard;
    void *DM_NULLABLE context;
};

/// @return DM_ERR_ARGUMENT where there is no node.kubo; DM_ERR_NO_MEMORY.
enum dm_status dm_kubo_new(const struct dm_kubo_options *options,
                           struct dm_kubo **ret) DM_NODISCARD;
/// Cancels what is under way; `done` is not called for it.
void dm_kubo_free(struct dm_kubo *DM_NULLABLE kubo);

/// Take the secrets of another configuration, whose node.kubo is the same.
void dm_kubo_configure(struct dm_kubo *kubo, struct dm_config *config);

/// Whether the next item may be given
bool dm_kubo_is_idle(const struct dm_kubo *kubo);

/// Begin an item; the outbox is idle. The CAR's blocks are checked against
/// their names. Nothing is called back before this returns.
/// @return DM_ERR_LIMIT, DM_ERR_CORRUPT (the CAR), DM_ERR_ARGUMENT (a sequence
///         below the cursor's), DM_ERR_NO_MEMORY; then it stays idle.
enum dm_status dm_kubo_give(struct dm_kubo *kubo,
                            const struct dm_kubo_item *item) DM_NODISCARD;

struct dm_kubo_figures {
    struct dm_str url; ///< As configured; secrets are references
    bool is_reachable; ///< The last request went well
    bool is_behind;    ///< An item is under way
    struct dm_kubo_cursor cursor;
    int64_t accepted_ms; ///< Wall clock of the last request that went well; 0
    int64_t put_ms;      ///< Wall clock of the last tip that Kubo took; 0 never
    uint64_t items;
    uint64_t blocks;
    uint64_t bytes; ///< Of the CARs
    uint64_t puts;
    uint64_t refused_puts; ///< Tips that were no newer than Kubo's
    uint64_t failed;       ///< Requests
    uint64_t need_all;
    struct dm_str error; ///< Of the last failure, until a request goes well
};
void dm_kubo_figures(const struct dm_kubo *kubo, struct dm_kubo_figures *ret);

DM_END_DECLS

#endif // DM_SYNC_KUBO_H
