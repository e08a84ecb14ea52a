// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_SERVE_H
#define DM_SYNC_SERVE_H

/**
 * @file
 * What is handed to peers: entries of a log that is held here, as a CAR.
 *
 * Every block is hashed before it goes out: one whose bytes changed on the disk
 * is never served.
 *
 * Threads: on a worker, with a snapshot. Memory: the CAR, at most DM_CAR_MAX.
 * Cost: O(bytes). Source: docs/PROTOCOL.md, "Exchange".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/cid.h"
#include "sync/key.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;
struct dm_chain;
struct dm_key;
struct dm_snapshot;

struct dm_serve_spec {
    const uint8_t *log; ///< Public key, DM_KEY_PUBLIC_BYTES
    uint64_t after;     ///< From the entry behind this one on
    uint64_t until;     ///< None beyond it: of the own log what was published
    uint64_t limit;     ///< Most entries
    bool with_data;     ///< Payloads too
};

/**
 * Write entries after `after`, within the limits of a CAR; its root is the last
 * of them.
 *
 * @param buf Empty; its maximum is at least DM_CAR_MAX.
 * @param ret_first Oldest entry kept, where it is not too late.
 * @return DM_ERR_NOT_FOUND: no such log; DM_END: nothing behind `after`;
 *         DM_ERR_STATE: what follows `after` is no longer kept; DM_ERR_CORRUPT:
 *         a block is missing or changed, `*error` says which; or what the
 *         snapshot says.
 */
enum dm_status dm_serve_entries(struct dm_snapshot *snapshot,
                                const struct dm_serve_spec *spec,
                                struct dm_buf *buf, uint64_t *ret_first,
                                struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/**
 * Write what a peer that holds entries up to `after` lacks: entries to the tip,
 * then Head.
 *
 * @param chain Where the log stands, with its record (dm_chain_peek()).
 * @return As above; DM_ERR_LIMIT: more than fits into one CAR.
 */
enum dm_status dm_serve_push(struct dm_snapshot *snapshot,
                             const struct dm_chain *chain, uint64_t after,
                             struct dm_buf *buf,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

struct dm_piece_spec {
    const struct dm_key *key;
    const struct dm_chain *chain; ///< Where the log stands (dm_chain_peek())
    uint64_t after;               ///< What the peer holds
};
struct dm_piece {
    struct dm_buf *car;    ///< Its maximum is at least DM_CAR_MAX
    struct dm_buf *record; ///< At least DM_RECORD_MAX
    uint64_t sequence;     ///< Of that record
};

/**
 * Write the next piece of the own log for a peer that lacks more than fits into
 * one CAR. A push ends at a tip, so one is made for an entry on the way: its
 * Head follows from the entries, and its record has a k of its own, by `first`:
 * asked again it is the same bytes.
 *
 * Cost: reads the log from `first` on.
 *
 * @return As above; DM_ERR_NOT_FOUND: what was in force at that entry is not
 *         known any more.
 */
enum dm_status dm_serve_piece(struct dm_snapshot *snapshot,
                              const struct dm_piece_spec *spec,
                              struct dm_piece *piece,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// A block by its name, hashed.
/// @return DM_ERR_NOT_FOUND; DM_ERR_CORRUPT where its bytes changed.
enum dm_status dm_serve_block(struct dm_snapshot *snapshot,
                              const struct dm_cid *cid, struct dm_str *ret)
    DM_NODISCARD;

/// Each log that has a tip, as the state in the store says, in the order of
/// names. The chain is the callee's until it returns.
typedef enum dm_status (*dm_serve_log_fn)(void *DM_NULLABLE context,
                                          const struct dm_chain *chain);
enum dm_status dm_serve_logs(struct dm_snapshot *snapshot,
                             dm_serve_log_fn on_log, void *DM_NULLABLE context)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_SERVE_H
