// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_EXCHANGE_H
#define DM_SYNC_EXCHANGE_H

/**
 * @file
 * A CAR with entries of one log, as GET /demonitor/v1/log/K answers it and POST
 * /demonitor/v1/blocks brings it.
 *
 *     header, root = the entry reached
 *     for each entry, in order:
 *         conf, then snap, where it names one that is at hand:
 *             Manifest, then its parts; each block once in the CAR
 *         the entry
 *         its payload
 *     only when pushed: Manifest of note and its parts, when changed; Head
 *
 * Reading checks each block against its name, each entry and Manifest by itself
 * (log, kind), that entries follow one another, and the order above. It does
 * not look into payloads, and knows nothing of what is held: whether the first
 * entry follows it is for the caller to see.
 *
 * Refusals as in sync/block.h. A block of a newer protocol anywhere refuses the
 * CAR with DM_ERR_UNSUPPORTED.
 *
 * Threads: pure functions; on a worker. Memory: arrays in the arena, about 500
 * bytes for an entry; views look into the bytes of the CAR.
 * Source: docs/PROTOCOL.md, "Exchange".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/block.h"
#include "sync/cid.h"
#include "sync/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_arena;

#define DM_ROUTE_ENTRIES_MAX 1000U ///< In one answer of log/K

/// Which entries' signatures are checked
enum dm_signatures {
    DM_SIGNATURES_NONE,
    DM_SIGNATURES_LAST, ///< What a follower asks for
    DM_SIGNATURES_ALL,
};

enum dm_exchange_kind {
    DM_EXCHANGE_MANIFEST,
    DM_EXCHANGE_PART,
    DM_EXCHANGE_OTHER, ///< Only behind the last entry
};

/// A block that is neither an entry nor an entry's payload
struct dm_exchange_block {
    struct dm_cid cid;
    struct dm_str data;
    enum dm_exchange_kind kind;
    /// Of a Manifest, or of the one that a part stands behind
    enum dm_manifest_kind manifest;
};

struct dm_exchange_entry {
    struct dm_wire_entry entry;
    struct dm_cid cid;
    struct dm_str block;
    struct dm_str payload; ///< Empty: it has none, or it was not asked for
    const struct dm_exchange_block *DM_NULLABLE before; ///< Manifests and parts
    size_t n_before;
};

struct dm_exchange {
    struct dm_cid_list roots;
    const struct dm_exchange_entry *DM_NULLABLE entries; ///< seq grows by one
    size_t n_entries;
    const struct dm_exchange_block *DM_NULLABLE rest; ///< Behind the last entry
    size_t n_rest;
};

/// What a reader expects
struct dm_exchange_spec {
    const uint8_t *log; ///< Public key, DM_KEY_PUBLIC_BYTES
    bool with_data;     ///< Entries are followed by their payloads
    enum dm_signatures signatures;
};

/// Read a CAR of entries.
enum dm_status dm_exchange_read(struct dm_str car,
                                const struct dm_exchange_spec *spec,
                                struct dm_arena *arena, struct dm_exchange *ret,
                                struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// Whether it answers log/K?after=`after`&limit=`limit` (limit 0: the most).
enum dm_status dm_route_check(const struct dm_exchange *exchange,
                              uint64_t after, uint64_t limit,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Whether it is a push that comes with `record`, which was read for this log.
/// @param ret_head The Head in it, a view of exchange->rest's last block; what
///                 stands before that one is the Manifest of note and its parts
enum dm_status dm_push_check(const struct dm_exchange *exchange,
                             const uint8_t log[DM_KEY_PUBLIC_BYTES],
                             const struct dm_record *record,
                             struct dm_wire_head *ret_head,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Whether two blocks prove that the log `log` forked: two valid entries of one
/// sequence, both signatures good.
/// @param ret_seq That sequence.
enum dm_status dm_fork_check(struct dm_str a, struct dm_str b,
                             const uint8_t log[DM_KEY_PUBLIC_BYTES],
                             uint64_t *ret_seq,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_EXCHANGE_H
