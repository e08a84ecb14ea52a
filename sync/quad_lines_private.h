// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_QUAD_LINES_PRIVATE_H
#define DM_SYNC_QUAD_LINES_PRIVATE_H

/**
 * @file
 * The lines of one payload while they are gathered, and the star that is being
 * made beside them: it joins them whole or not at all.
 *
 * I1 The keys of `lines` lie in `arena`, in the order in which they were added.
 * I2 There is room in `order` and `text` for all of them.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/payload.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

struct dm_line_set {
    size_t max_bytes;
    size_t bytes; ///< Of all lines, each with its LF
    struct dm_arena arena;
    struct dm_map lines;
    struct dm_str *DM_NULLABLE order;
    size_t order_capacity;
    struct dm_buf text;
    bool is_sorted; ///< `text` holds the lines in order
};

void dm_line_set_init(struct dm_line_set *set, size_t max_bytes);
void dm_line_set_clear(struct dm_line_set *set);
void dm_line_set_done(struct dm_line_set *set);

/// Add a line with its LF; nothing where it is there already.
enum dm_status dm_line_set_add(struct dm_line_set *set, struct dm_str line)
    DM_NODISCARD;
/// Add all lines of another set, or none.
enum dm_status dm_line_set_add_all(struct dm_line_set *set,
                                   const struct dm_line_set *from) DM_NODISCARD;
/// The sorted text, until the next change
struct dm_str dm_line_set_text(struct dm_line_set *set);

struct dm_quad_lines {
    struct dm_line_set all;
    struct dm_line_set star; ///< What is being added
    struct dm_arena terms;   ///< Of the line or star that is read back
    struct dm_buf line;
    struct dm_buf scratch;
};

/// Add a quad to one of the sets of `lines`, checked.
enum dm_status dm_line_set_add_quad(struct dm_quad_lines *lines,
                                    struct dm_line_set *set,
                                    const struct dm_quad *quad) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_QUAD_LINES_PRIVATE_H
