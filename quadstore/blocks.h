// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_BLOCKS_H
#define DM_QUADSTORE_BLOCKS_H

/**
 * @file
 * Blocks of the logs that are held here: bytes under their name (CID), each
 * with its place in a log.
 *
 * The store does not look into blocks and does not hash them: who puts one
 * vouches for its name, who hands one out to others hashes it first.
 *
 * A place is (log, kind, seq). Entries, payloads, nodes and Heads have one
 * block for each place; Manifests, parts and proofs may share one. Of these, a
 * block that is named twice (a part that did not change) is held once in its
 * log and kind, at the greatest of its places, so that what is still named is
 * never removed with what is old. What another log or kind has under the same
 * name is held beside it: nobody can take a block away by naming it.
 *
 * Threads: dm_txn_… DM_ON_WRITER, the rest those of the snapshot. Memory: bytes
 * of a row live until the next row, or until dm_snapshot_release_texts().
 * Cost: by name one look-up in an index of 8-byte prefixes, by place one
 * look-up; a range costs its rows.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "quadstore/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_snapshot;
struct dm_txn;
struct dm_blocks;

/// Bytes of a block's name
#define DM_BLOCK_NAME_BYTES 36
/// Most bytes of one: what docs/PROTOCOL.md allows a payload
#define DM_BLOCK_BYTES_MAX ((size_t)1 << 20U)

enum dm_block_kind {
    DM_BLOCK_PAYLOAD = 0, ///< Of the entry seq
    DM_BLOCK_ENTRY = 1,
    DM_BLOCK_NODE1 = 2, ///< seq: its first entry
    DM_BLOCK_NODE2 = 3,
    DM_BLOCK_HEAD = 4,     ///< seq: of its tip; several k share the place:
                           ///< the newest stands
    DM_BLOCK_MANIFEST = 5, ///< seq: newest entry or Head that names it
    DM_BLOCK_PART = 6,     ///< Payload of a Manifest; seq likewise
    DM_BLOCK_PROOF = 7,    ///< Entries that prove a fork; kept for ever
};
#define DM_BLOCK_KINDS 8

struct dm_block_place {
    dm_log_no log;
    enum dm_block_kind kind;
    uint64_t seq; ///< Below 2^48
};

struct dm_block {
    struct dm_block_place place;
    uint8_t name[DM_BLOCK_NAME_BYTES];
    struct dm_str data;
};

/**
 * Put a block. A Manifest, part or proof that is there already (by name) moves
 * to the greater place; another block at the place of an entry, payload or node
 * is refused, a Head takes the place of the one before.
 *
 * @return DM_ERR_EXISTS: the place has another block; nothing was changed and
 *         the transaction goes on. DM_ERR_ARGUMENT: a log without a number.
 *         Else as quadstore/write.h says.
 */
enum dm_status dm_txn_block_put(struct dm_txn *txn,
                                const struct dm_block *block) DM_NODISCARD;

/// Move a Manifest, part or proof that is there to `place`, where its seq is
/// the greater one.
/// @return DM_ERR_NOT_FOUND: the log has none of this name; the transaction
/// goes
///         on.
enum dm_status dm_txn_block_lift(struct dm_txn *txn,
                                 const struct dm_block_place *place,
                                 const uint8_t name[DM_BLOCK_NAME_BYTES])
    DM_NODISCARD;

/// Remove the blocks of these kinds (bits 1 << enum dm_block_kind) with
/// from <= seq < until, at most `max_rows` of them.
/// @param ret_more Whether some are left.
enum dm_status dm_txn_blocks_remove(struct dm_txn *txn, dm_log_no log,
                                    unsigned kinds, uint64_t from,
                                    uint64_t until, uint32_t max_rows,
                                    bool *ret_more) DM_NODISCARD;

/// A block by its name. DM_ERR_NOT_FOUND.
enum dm_status dm_snapshot_block(struct dm_snapshot *snapshot,
                                 const uint8_t name[DM_BLOCK_NAME_BYTES],
                                 struct dm_block *ret) DM_NODISCARD;

/// The block at a place; of Manifests, parts and proofs any of them.
/// DM_ERR_NOT_FOUND.
enum dm_status dm_snapshot_block_at(struct dm_snapshot *snapshot,
                                    const struct dm_block_place *place,
                                    struct dm_block *ret) DM_NODISCARD;

/// Blocks of one kind of a log with seq >= from, ascending.
enum dm_status dm_blocks_open(struct dm_snapshot *snapshot, dm_log_no log,
                              enum dm_block_kind kind, uint64_t from,
                              struct dm_blocks **ret) DM_NODISCARD;
/// @return DM_END behind the last.
enum dm_status dm_blocks_next(struct dm_blocks *blocks, struct dm_block *ret)
    DM_NODISCARD;
void dm_blocks_close(struct dm_blocks *DM_NULLABLE blocks);

struct dm_block_figures {
    uint64_t blocks;
    uint64_t bytes; ///< Of the blocks themselves
};
/// Of one log; kept, not counted.
enum dm_status dm_snapshot_block_figures(struct dm_snapshot *snapshot,
                                         dm_log_no log,
                                         struct dm_block_figures *ret)
    DM_NODISCARD;

struct dm_work;
/**
 * A snapshot that sees what the transaction did so far, but for what
 * dm_txn_import() gathers until the commit. Until it is closed the transaction
 * is not used (asserted). It does not count as a reader, and nothing can be
 * attached to it. Where a call on it failed otherwise than by its work's bounds
 * SQLite may have rolled back: then the transaction is good for
 * dm_txn_rollback() alone.
 *
 * Threads: DM_ON_WRITER. In memory too.
 *
 * @return DM_ERR_NO_MEMORY, and as quadstore/write.h says.
 */
enum dm_status dm_txn_snapshot(struct dm_txn *txn, struct dm_work *work,
                               struct dm_snapshot **ret) DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_BLOCKS_H
