// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_KUBO_PACK_H
#define DM_SYNC_KUBO_PACK_H

/**
 * @file
 * The items of sync/kubo.h, made from what the store holds of a log.
 *
 *     cursor --> entries with payloads and Nodes   DM_KUBO_PACK_BYTES each
 *            --> Manifests that Head names         likewise
 *            --> Head, with the record
 *
 * A Manifest that was in force at the Head that is pinned is not sent again,
 * nor are its parts. Where Manifests need several items, how far they went is
 * kept here; when it is lost, they are sent again.
 *
 * Every block is hashed before it goes out.
 *
 * Threads: one at a time; packing on a worker, with a snapshot. Memory: the CAR
 * of one item. Cost: O(bytes), and a look-up for each block.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/status.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/kubo.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_snapshot;

/// A CAR gets no further entry or part beyond this
#define DM_KUBO_PACK_BYTES (1U << 20U)

/// Zeroed at the start; the fields are the module's.
struct dm_kubo_packer {
    struct dm_buf car;
    struct dm_buf record;
    struct dm_cid head; ///< Of the next two
    size_t n_sent;      ///< Blocks of its Manifests that Kubo has
    size_t n_under_way; ///< And with the item that was packed last
};

void dm_kubo_packer_init(struct dm_kubo_packer *packer);
void dm_kubo_packer_done(struct dm_kubo_packer *packer);

struct dm_kubo_pack_spec {
    const uint8_t *log; ///< Public key, DM_KEY_PUBLIC_BYTES
    struct dm_kubo_cursor cursor;
    uint64_t until; ///< The newest entry that may be told: of the own log what
                    ///< was published
};

/**
 * Make the item behind the cursor.
 *
 * @param ret Views into the packer, until the next call.
 * @return DM_END: Kubo has all there is to tell; DM_ERR_CORRUPT: a block is
 *         missing or changed, `*error` says which; DM_ERR_NO_MEMORY; or what
 *         the snapshot says.
 */
enum dm_status dm_kubo_pack(struct dm_kubo_packer *packer,
                            struct dm_snapshot *snapshot,
                            const struct dm_kubo_pack_spec *spec,
                            struct dm_kubo_item *ret,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// The item that was packed last has ended so.
void dm_kubo_packer_told(struct dm_kubo_packer *packer,
                         enum dm_kubo_outcome outcome);

DM_END_DECLS

#endif // DM_SYNC_KUBO_PACK_H
