// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_ROWS_PRIVATE_H
#define DM_SPARQL_ROWS_PRIVATE_H

/**
 * @file
 * Rows that an operator keeps: a table of ids in chunks, charged to the account
 * of the work, and a hash index over it.
 *
 * Rows never move, so a pointer to one holds until the table is cleared. The
 * index has chains: rows with one hash are found newest first.
 *
 * Threads: one at a time.
 */

#include "base/account.h"
#include "base/attr.h"
#include "base/status.h"
#include "quadstore/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_ROW_NONE UINT32_MAX

struct dm_solutions {
    struct dm_account *account;
    size_t width; ///< Ids of a row
    size_t n;
    void *DM_NULLABLE *DM_NULLABLE chunks;
    size_t n_chunks;
    size_t chunks_capacity;
    uint32_t *DM_NULLABLE slots; ///< Heads of chains
    size_t n_slots;              ///< 0 or a power of 2
};

void dm_solutions_init(struct dm_solutions *rows, struct dm_account *account,
                       size_t width);
/// Release all memory; the table is empty and may be used again.
void dm_solutions_clear(struct dm_solutions *rows);

/// Room for one more row, zeroed, its index n - 1
enum dm_status dm_solutions_add(struct dm_solutions *rows, dm_id **ret)
    DM_NODISCARD;
/// Take the newest row away, which is in no chain.
void dm_solutions_drop(struct dm_solutions *rows);
dm_id *dm_solutions_at(const struct dm_solutions *rows, uint32_t index);

/// Put row `index` into the chain of `hash`.
enum dm_status dm_solutions_link(struct dm_solutions *rows, uint32_t index,
                                 uint64_t hash) DM_NODISCARD;
/// The first row with `hash`, or DM_ROW_NONE; and the next behind `index`
uint32_t dm_solutions_first(const struct dm_solutions *rows, uint64_t hash);
uint32_t dm_solutions_next(const struct dm_solutions *rows, uint32_t index,
                           uint64_t hash);

/// Hash of n ids
uint64_t dm_solutions_hash(const dm_id *ids, size_t n);

DM_END_DECLS

#endif // DM_SPARQL_ROWS_PRIVATE_H
