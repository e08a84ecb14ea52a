// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_BLOCK_H
#define DM_SYNC_BLOCK_H

/**
 * @file
 * The dag-cbor blocks of a log: Entry, Node, Manifest, Head, Successor.
 *
 * Reading is strict: canonical dag-cbor, every key with its type, every limit,
 * every rule that a block can show by itself. A reader gets a struct whose
 * lists and views look into the block's bytes. Writing gives the one spelling;
 * what was read and is written again is the same bytes, where it has no unknown
 * keys.
 *
 * Refusals. DM_ERR_CORRUPT: the block is refused; the message of `error` begins
 * with a short name of the rule, as "key-missing: prev". DM_ERR_UNSUPPORTED: it
 * is of a newer protocol (`v` is another number). DM_ERR_NO_MEMORY.
 *
 * Unknown keys of Entry, Manifest and Head are checked and otherwise ignored:
 * they are in the bytes that are hashed and signed, and nowhere else.
 *
 * Threads: pure functions. Cost: O(bytes), plus a check of a signature where it
 * says so. Source: docs/PROTOCOL.md, "Blocks" and "Limits".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/cid.h"
#include "sync/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

#define DM_ENTRY_MAX 2048U
#define DM_NODE_MAX 4096U
#define DM_HEAD_MAX (128U << 10U)
#define DM_MANIFEST_MAX (16U << 10U)
#define DM_SUCCESSOR_MAX 1024U
#define DM_PAYLOAD_MAX (1U << 20U)
#define DM_INFLATED_MAX (16U << 20U)
#define DM_QUADS_MAX 65536U

#define DM_FAN 64U    ///< Entries in a Node of level 1
#define DM_FAN2 4096U ///< Entries in a Node of level 2
#define DM_HEAD_L1_MAX 126U
#define DM_HEAD_L2_MAX 1024U
#define DM_HEAD_TAIL_MAX 63U
#define DM_FRONTIER_MAX 42U
#define DM_PARTS_MAX 256U
#define DM_KEY_ID_BYTES 8 ///< Of an encryption key
#define DM_SNAP_FROM 360U ///< From this entry on there is a snapshot

/// Numbers of the wire are below this
#define DM_WIRE_BELOW (UINT64_C(1) << 48U)

/// Names that stand one after the other in a block, `stride` bytes apart
struct dm_cid_list {
    const uint8_t *DM_NULLABLE first; ///< Of the first one's 36 bytes
    size_t n;
    size_t stride; ///< 36 for an array of struct dm_cid
};
struct dm_cid dm_cid_list_at(const struct dm_cid_list *list, size_t i);
/// A list over an array
struct dm_cid_list dm_cid_list(const struct dm_cid *DM_NULLABLE cids, size_t n);

struct dm_wire_entry {
    uint64_t n; ///< Quads in data
    uint64_t seq;
    uint64_t size; ///< Bytes of data once inflated
    int64_t time_ms;
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    bool has_enc;
    uint8_t enc[DM_KEY_ID_BYTES];
    bool has_conf;
    struct dm_cid conf;
    bool has_data;
    struct dm_cid data;
    bool has_prev;
    struct dm_cid prev;
    bool has_snap;
    struct dm_cid snap;
    uint8_t signature[DM_KEY_SIGNATURE_BYTES];
};

/// Read an entry; its signature is not looked at.
enum dm_status dm_wire_entry_read(struct dm_str block,
                                  struct dm_wire_entry *ret,
                                  struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// Check the signature of an entry that was read from `block`.
/// @return DM_ERR_CORRUPT ("signature"), DM_ERR_NO_MEMORY.
enum dm_status dm_wire_entry_verify(struct dm_str block,
                                    const struct dm_wire_entry *entry,
                                    struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// Append the block of `entry`, signed by `key`, whose public key is
/// entry->log; sets entry->signature.
enum dm_status dm_wire_entry_write(struct dm_wire_entry *entry,
                                   const struct dm_key *key, struct dm_buf *buf)
    DM_NODISCARD;

struct dm_wire_node {
    unsigned level; ///< 1 or 2
    uint64_t from;
    uint64_t to;
    int64_t time_min_ms;
    int64_t time_max_ms;
    uint64_t bytes;           ///< Of all blocks below it
    struct dm_cid_list items; ///< DM_FAN
};
enum dm_status dm_wire_node_read(struct dm_str block, struct dm_wire_node *ret,
                                 struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;
enum dm_status dm_wire_node_write(const struct dm_wire_node *node,
                                  struct dm_buf *buf) DM_NODISCARD;

enum dm_manifest_kind {
    DM_MANIFEST_CONF,
    DM_MANIFEST_SNAP,
    DM_MANIFEST_NOTE,
};

struct dm_wire_manifest {
    uint64_t n; ///< Quads in all parts
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    enum dm_manifest_kind kind;
    bool has_enc;
    uint8_t enc[DM_KEY_ID_BYTES];
    struct dm_cid_list parts;
};
enum dm_status dm_wire_manifest_read(struct dm_str block,
                                     struct dm_wire_manifest *ret,
                                     struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;
enum dm_status dm_wire_manifest_write(const struct dm_wire_manifest *manifest,
                                      struct dm_buf *buf) DM_NODISCARD;

struct dm_wire_head {
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    uint64_t seq;
    uint64_t first;
    struct dm_cid tip;
    struct dm_cid conf;
    bool has_note;
    struct dm_cid note;
    bool has_snap;
    struct dm_cid snap;
    bool has_anchor;
    struct dm_cid anchor;
    uint8_t root[DM_DIGEST_BYTES];
    struct dm_cid_list l1;
    struct dm_cid_list l2;
    struct dm_cid_list tail;
    /// Digests one after the other, `frontier_stride` bytes apart
    const uint8_t *DM_NULLABLE frontier;
    size_t n_frontier;
    size_t frontier_stride; ///< DM_DIGEST_BYTES for a plain array
    bool has_extra;         ///< There are keys that we do not know
};
enum dm_status dm_wire_head_read(struct dm_str block, struct dm_wire_head *ret,
                                 struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;
/// Keys that are not known are not written.
enum dm_status dm_wire_head_write(const struct dm_wire_head *head,
                                  struct dm_buf *buf) DM_NODISCARD;

/// How first…seq is cut: the number of Nodes of level 2 and 1, entries in tail,
/// and where the first Node of level 2 begins (0: there is none). `first` is
/// 1 mod 64 and at most `seq`.
struct dm_head_cut {
    size_t n_l2;
    size_t n_l1;
    size_t n_tail;
    uint64_t l2_from;
};
struct dm_head_cut dm_head_cut(uint64_t first, uint64_t seq);

struct dm_wire_successor {
    uint8_t new_key[DM_KEY_PUBLIC_BYTES];
    uint8_t old_key[DM_KEY_PUBLIC_BYTES];
    uint64_t seq;
    struct dm_cid last;
};
/// Both signatures are checked.
enum dm_status dm_wire_successor_read(struct dm_str block,
                                      struct dm_wire_successor *ret,
                                      struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;
enum dm_status dm_wire_successor_write(const struct dm_wire_successor *what,
                                       const struct dm_key *new_key,
                                       const struct dm_key *old_key,
                                       struct dm_buf *buf) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_BLOCK_H
