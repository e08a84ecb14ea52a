// SPDX-License-Identifier: ISC

#ifndef DM_BASE_LINES_H
#define DM_BASE_LINES_H

/**
 * @file
 * Lines that are gathered in any order and come out sorted by bytes, each once.
 *
 * I1 A line is not empty and ends with its only LF. LF is less than any byte a
 *    line may hold before it, so a prefix comes first.
 *
 * Threads: one at a time. Memory: the lines, and a number for each. Cost:
 * O(n log n) to sort.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"

#include <stddef.h>

DM_BEGIN_DECLS

struct dm_lines {
    struct dm_buf bytes;
    size_t *DM_NULLABLE starts; ///< Offsets into the bytes
    size_t n;
    size_t capacity;
    size_t max; ///< Most lines
};

void dm_lines_init(struct dm_lines *lines, size_t max_bytes, size_t max_lines);
void dm_lines_done(struct dm_lines *lines);

/// Add a line (I1). DM_ERR_NO_MEMORY, DM_ERR_LIMIT.
enum dm_status dm_lines_add(struct dm_lines *lines, struct dm_str line)
    DM_NODISCARD;

/// Takes a line with its LF; a status other than DM_OK ends it.
typedef enum dm_status (*dm_line_fn)(void *DM_NULLABLE context,
                                     struct dm_str line);

/// Every line once, ascending by bytes.
enum dm_status dm_lines_each_sorted(const struct dm_lines *lines,
                                    dm_line_fn on_line,
                                    void *DM_NULLABLE context) DM_NODISCARD;

DM_END_DECLS

#endif // DM_BASE_LINES_H
