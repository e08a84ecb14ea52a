// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_SEAL_H
#define DM_SYNC_SEAL_H

/**
 * @file
 * The own log grows by an entry.
 *
 *     dm_txn_begin
 *       results are recorded
 *       dm_sealer_seal      payload, entry, nodes, Head, record
 *     dm_txn_commit (durable)
 *     dm_sealer_committed   the guard is written; only then tell anybody
 *     or dm_sealer_undo     where the transaction did not come to pass
 *
 * An entry holds the events above the last sealed key, as they stand in the
 * store: what is signed was read back. What does not fit into one entry waits
 * for the next. The configuration goes with the first entry and when it
 * changed, a snapshot of the present with every sixth hour and before `first`
 * moves past the one before.
 *
 * S1 Whatever is signed is in the transaction first, and is read back and
 *    hashed before it is signed.
 * S2 One sequence is sealed once: while the guard does not agree, nothing is.
 * S3 Head is `dm_chain_head()` of what is stored.
 *
 * The guard is a file in the run-time directory, which no backup holds and no
 * reboot survives: the boot id and the last published sequence. It agrees when
 * both are what they are now. Where it does not (a restored backup, a reboot),
 * sealing waits for dm_sealer_release(): there are no peers, or one told its
 * head of this log.
 *
 * Threads: DM_ON_WRITER, but for new and free. Memory: a few MiB while an entry
 * is made. Cost: O(bytes of the events), two signatures; once every 64 entries
 * a Node more.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "quadstore/id.h"
#include "sync/chain.h"
#include "sync/cid.h"
#include "sync/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_env;
struct dm_log_conf;
struct dm_sealer;
struct dm_snapshot;
struct dm_txn;

/// A snapshot of the present is at most so old
#define DM_SNAP_EVERY_MS INT64_C(21600000)

struct dm_sealer_options {
    const struct dm_env *env;
    const struct dm_key *key;             ///< Outlives it
    const char *DM_NULLABLE guard_path;   ///< NULL: no run-time directory
    const char *DM_NULLABLE boot_id_path; ///< NULL: as Linux has it
    int64_t keep_blocks_ms;
};

struct dm_sealer *DM_NULLABLE
dm_sealer_new(const struct dm_sealer_options *options) DM_NODISCARD;
void dm_sealer_free(struct dm_sealer *DM_NULLABLE sealer);

/// Publish this configuration from the next entry on; takes a reference.
void dm_sealer_configure(struct dm_sealer *sealer, struct dm_log_conf *conf,
                         int64_t keep_blocks_ms);

/// Read where the log stands and look at the guard, where that is not known
/// yet. dm_sealer_seal() does so too.
enum dm_status dm_sealer_open(struct dm_sealer *sealer,
                              struct dm_snapshot *snapshot,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Whether it may seal now.
bool dm_sealer_is_released(const struct dm_sealer *sealer);

/// Nothing speaks against sealing any more: there are no peers, or a peer told
/// its head of this log, and it is not above ours.
void dm_sealer_release(struct dm_sealer *sealer);

/// What sealing made
struct dm_sealed {
    uint64_t seq;
    struct dm_cid head;
    bool has_more;     ///< Events are left for another entry
    size_t n_left_out; ///< Events that cannot be said on the wire: they stay in
                       ///< this store alone
};

/**
 * Seal one entry in `txn`, in which nothing else is read or written meanwhile.
 *
 * @param now_ms Wall clock.
 * @return DM_ERR_STATE: no configuration yet, not released, or the log has
 *         forked; nothing was
 *         done. Else the transaction is to be undone, and dm_sealer_undo().
 */
enum dm_status dm_sealer_seal(struct dm_sealer *sealer, struct dm_txn *txn,
                              int64_t now_ms, struct dm_sealed *ret,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// COMMIT has returned: the guard is written. Then it may be told.
/// @return What the guard said, to be logged: the next start asks a peer.
enum dm_status dm_sealer_committed(struct dm_sealer *sealer);
void dm_sealer_undo(struct dm_sealer *sealer);

/// Where the log stands after the last commit; NULL before the first call of
/// dm_sealer_seal() or where there is no entry.
const struct dm_chain *DM_NULLABLE
dm_sealer_chain(const struct dm_sealer *sealer);

/// Forget what is kept of the chain: the store was changed by somebody else
/// (an own log that was adopted from a peer).
void dm_sealer_reload(struct dm_sealer *sealer);

DM_END_DECLS

#endif // DM_SYNC_SEAL_H
