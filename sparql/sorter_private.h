// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_SORTER_PRIVATE_H
#define DM_SPARQL_SORTER_PRIVATE_H

/**
 * @file
 * A stable merge sort of pointers that can be interrupted between two
 * comparisons and goes on where it was.
 *
 * Threads: one at a time. Cost: O(n log n), no memory of its own.
 */

#include "base/attr.h"
#include "base/status.h"

#include <stddef.h>

DM_BEGIN_DECLS

struct dm_exec_context;

typedef int (*dm_sorter_compare_fn)(void *context, const void *a,
                                    const void *b);

struct dm_sorter {
    void **items; ///< The sorted ones, when it is done
    void **spare; ///< Room for as many; the two are swapped on the way
    size_t n;
    dm_sorter_compare_fn compare;
    void *context;
    size_t width; ///< Of sorted runs; 0: not begun
    size_t start; ///< Of the pair of runs that is merged
    size_t left;
    size_t right;
    size_t out;
};

/// @param exec Its steps, deadline and flag bound the sort; NULL: nothing does.
/// @return DM_OK when sorted, DM_AGAIN, or why the query ends.
enum dm_status dm_sorter_run(struct dm_sorter *sorter,
                             struct dm_exec_context *DM_NULLABLE exec)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SPARQL_SORTER_PRIVATE_H
