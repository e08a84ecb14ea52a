// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_CAR_H
#define DM_SYNC_CAR_H

/**
 * @file
 * CARv1: a header with roots, then blocks with their names.
 *
 * Reading checks each block against its name. A CAR of an exchange holds at
 * most DM_CAR_MAX bytes and DM_CAR_SECTIONS_MAX blocks; a file may be larger.
 *
 * Refusals as in sync/block.h. Threads: pure functions. Source: IPLD, "CARv1".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/block.h"
#include "sync/cid.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

struct dm_buf;

#define DM_CAR_HEADER_MAX 4096U
#define DM_CAR_SECTION_MAX ((1U << 20U) + 64U)
#define DM_CAR_MAX (16U << 20U)
#define DM_CAR_SECTIONS_MAX 10000U

/// Walks over the bytes of a CAR, which outlive it.
struct dm_car {
    struct dm_str rest;
    struct dm_cid_list roots; ///< As the header says
    size_t n_sections;        ///< Read so far
    bool is_exchange;         ///< The limits of an exchange bind
};

struct dm_car_block {
    struct dm_cid cid;
    struct dm_str data;
};

/// Begin: reads the header.
enum dm_status dm_car_open(struct dm_car *car, struct dm_str bytes,
                           bool is_exchange, struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;
/// @return DM_END behind the last block.
enum dm_status dm_car_next(struct dm_car *car, struct dm_car_block *ret,
                           struct dm_error *DM_NULLABLE error) DM_NODISCARD;

enum dm_status dm_car_write_header(const struct dm_cid *DM_NULLABLE roots,
                                   size_t n, struct dm_buf *buf) DM_NODISCARD;
enum dm_status dm_car_write_block(const struct dm_cid *cid, struct dm_str data,
                                  struct dm_buf *buf) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_CAR_H
