// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_AUDIT_H
#define DM_SYNC_AUDIT_H

/**
 * @file
 * Verifies a whole log of which nothing is known but its name.
 *
 *     record -> Head -> nodes -> entries, oldest first -> Manifests -> end
 *
 * Whatever it is given it hashes itself. Checked: the record; Head; each node
 * (its place, the times and bytes below it); each entry (form, sequence, chain,
 * signature); each payload (form, graph, counts, event keys that ascend); the
 * Manifests that Head names, which are those of the newest entries that name
 * some; older ones as far as they are at hand; parts add up, and no line is in
 * two; the tree hash from frontier to root. With that, Head is the one that its
 * entries give.
 *
 * It goes on in bounded steps and ends at the first fault:
 *
 *     while ((status = dm_audit_step(audit)) == DM_OK) { … }
 *     // DM_END: look at dm_audit_report(); else it could not be carried out
 *
 * Threads: one at a time; any worker. Memory: a copy of Head and of two nodes,
 * one payload, and 16 bytes for each quad of a Manifest of several parts, at
 * most DM_AUDIT_LINES_MAX of them. Cost: a step is up to 64 entries or one part
 * of a Manifest. Source: docs/PROTOCOL.md, "Verifying".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/block.h"
#include "sync/cid.h"
#include "sync/payload.h"
#include "sync/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_account;
struct dm_audit;

#define DM_AUDIT_LINES_MAX (4U << 20U)

/// Find a block by its name. Its bytes need to live until the next call only.
/// @return DM_ERR_NOT_FOUND: it is not there. Any other error ends the audit.
typedef enum dm_status (*dm_audit_find_fn)(void *context,
                                           const struct dm_cid *cid,
                                           struct dm_str *ret);

/// Told of each entry, in order, once it and its payload were found good.
/// `payload` is NULL where it has none or none that can be read.
/// @return DM_ERR_CORRUPT with `error` set: a fault at this entry. Any other
///         error ends the audit.
typedef enum dm_status (*dm_audit_entry_fn)(
    void *context, const struct dm_wire_entry *entry, const struct dm_cid *cid,
    const struct dm_payload *DM_NULLABLE payload, struct dm_error *error);

struct dm_audit_spec {
    const uint8_t *log;   ///< Public key, DM_KEY_PUBLIC_BYTES
    struct dm_str record; ///< Like the key and keys, lives as long as the audit
    int64_t now_ms;       ///< For the record's validity
    bool through_ipfs;    ///< A record past its validity is refused
    bool all_signatures;  ///< Else that of the tip alone
    const struct dm_payload_key *DM_NULLABLE key;
    struct dm_account *DM_NULLABLE account; ///< Charged with payloads
    dm_audit_find_fn find;
    dm_audit_entry_fn DM_NULLABLE entry;
    void *DM_NULLABLE context; ///< Of both
};

/// Where a fault was met
enum dm_audit_place {
    DM_AUDIT_RECORD,
    DM_AUDIT_HEAD,
    DM_AUDIT_NODE,  ///< `seq`: the first entry below it
    DM_AUDIT_ENTRY, ///< `seq`; its payload too
    DM_AUDIT_CONF,  ///< `seq`: the entry that names it, 0 for Head's
    DM_AUDIT_SNAP,  ///< The same
    DM_AUDIT_NOTE,
};
/// "record", "Head", "node", "entry", "conf", "snap", "note"
const char *dm_audit_place_text(enum dm_audit_place place);

struct dm_audit_report {
    /// DM_OK: good (so far). DM_ERR_CORRUPT: a fault. DM_ERR_UNSUPPORTED: no
    /// fault, but a block of a newer protocol.
    enum dm_status verdict;
    enum dm_audit_place place; ///< Unless good, like the next two
    uint64_t seq;
    struct dm_error error;

    struct dm_record record;
    bool is_renewed; ///< The record is within its validity
    uint64_t first;  ///< Of Head
    uint64_t tip;    ///< The same
    uint64_t entries;
    uint64_t silent; ///< Entries without data
    uint64_t quads;
    uint64_t events;
    uint64_t unread;     ///< Payloads encrypted with a key that is not here
    int64_t earliest_ms; ///< Of the entries' times; 0 where there are none yet
    int64_t latest_ms;
    uint8_t root[DM_DIGEST_BYTES];
};

/// NULL when out of memory.
struct dm_audit *DM_NULLABLE dm_audit_new(const struct dm_audit_spec *spec)
    DM_NODISCARD;
void dm_audit_free(struct dm_audit *DM_NULLABLE audit);

/// One piece of the work.
/// @return DM_OK: there is more. DM_END: the report is final. Else the audit
///         could not be carried out (memory, the block source), and ends.
enum dm_status dm_audit_step(struct dm_audit *audit) DM_NODISCARD;

/// What is known so far; lives as long as the audit.
const struct dm_audit_report *dm_audit_report(const struct dm_audit *audit);

DM_END_DECLS

#endif // DM_SYNC_AUDIT_H
