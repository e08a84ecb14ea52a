// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_SHELF_H
#define DM_SYNC_SHELF_H

/**
 * @file
 * CAR files and IPNS records of anybody, as a source of a gateway.
 *
 * Blocks are found by hash and digest, whatever their codec. Every one is
 * checked against its name when its file is added; one of a hash that is not
 * known here is left out and counted. Records are those of Ed25519 keys, with
 * the signature V2 over their data; what is older in them is not looked at.
 *
 * Threads: one at a time while it is filled, then any. Memory: about 70 bytes a
 * block; the bytes of files and records are the caller's and outlive it.
 * Source: CARv1; IPNS specification, "Record".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/gateway.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_shelf;

struct dm_shelf *DM_NULLABLE dm_shelf_new(size_t max_blocks, uint64_t hash_seed)
    DM_NODISCARD;
void dm_shelf_free(struct dm_shelf *DM_NULLABLE shelf);

/// Add the blocks of a CARv1.
/// @return DM_ERR_CORRUPT: it is none, or a block is not the one it is named
///         as; DM_ERR_LIMIT, DM_ERR_NO_MEMORY. Some blocks may have been added.
enum dm_status dm_shelf_add_car(struct dm_shelf *shelf, struct dm_str car,
                                struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// Add the record of a name: k51…, bafz…, 12D3KooW…; the newer of two stays.
/// @return DM_ERR_ARGUMENT: no such name; DM_ERR_CORRUPT: not a good record of
///         it; DM_ERR_NO_MEMORY.
enum dm_status dm_shelf_add_record(struct dm_shelf *shelf, struct dm_str name,
                                   struct dm_str record,
                                   struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

size_t dm_shelf_blocks(const struct dm_shelf *shelf);
size_t dm_shelf_records(const struct dm_shelf *shelf);
/// Blocks that were left out
size_t dm_shelf_skipped(const struct dm_shelf *shelf);

/// What a gateway takes; lives as long as the shelf.
struct dm_gateway_source dm_shelf_source(struct dm_shelf *shelf);

DM_END_DECLS

#endif // DM_SYNC_SHELF_H
