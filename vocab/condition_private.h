// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_CONDITION_PRIVATE_H
#define DM_VOCAB_CONDITION_PRIVATE_H

/**
 * @file
 * What parsing and evaluating of conditions share.
 */

#include "base/attr.h"
#include "base/str.h"
#include "vocab/condition.h"

#include <stdbool.h>

DM_BEGIN_DECLS

/// "==", "contains"
const char *dm_operator_name(enum dm_comparison op);

/// Compile the pattern of `matches` into `arena`.
enum dm_status dm_pattern_compile(struct dm_str pattern, struct dm_arena *arena,
                                  const void **ret,
                                  struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;
/// false also where it takes too long, or memory is out
bool dm_pattern_matches(const void *pattern, struct dm_str text);

/// Whether `path` follows the grammar of dm_json_path_next()
bool dm_json_path_is_valid(struct dm_str path);

DM_END_DECLS

#endif // DM_VOCAB_CONDITION_PRIVATE_H
