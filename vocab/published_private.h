// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_PUBLISHED_PRIVATE_H
#define DM_VOCAB_PUBLISHED_PRIVATE_H

/**
 * @file
 * From statements of others to fields; see vocab/published.h.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/term.h"
#include "vocab/definitions.h"
#include "vocab/field_private.h"

#include <stddef.h>

DM_BEGIN_DECLS

/// Instead of an index of dm_properties
#define DM_PUBLISHED_UNKNOWN (-1)
#define DM_PUBLISHED_TYPE (-2) ///< rdf:type

/// A statement; those of one subject stand together, in the order of their
/// lines
struct dm_published_item {
    struct dm_str line; ///< Canonical, with LF
    struct dm_str subject;
    int property;
    struct dm_term object; ///< Where the property is known, or rdf:type
};

struct dm_published_group {
    const struct dm_published_item *items;
    size_t n;
    int class_index;
};

/// Fill what is read of a check or node; all other texts are empty. `object` is
/// zeroed before.
/// @return DM_ERR_SYNTAX for a value that cannot be; DM_ERR_NO_MEMORY.
enum dm_status dm_published_fill(const struct dm_published_group *group,
                                 const struct dm_fields *fields,
                                 struct dm_arena *arena, void *object)
    DM_NODISCARD;

/// Fill its name and what it needs.
enum dm_status dm_published_fill_rest(const struct dm_published_group *group,
                                      struct dm_arena *arena,
                                      struct dm_check_def *check) DM_NODISCARD;

DM_END_DECLS

#endif // DM_VOCAB_PUBLISHED_PRIVATE_H
