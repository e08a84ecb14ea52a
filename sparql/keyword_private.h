// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_KEYWORD_PRIVATE_H
#define DM_SPARQL_KEYWORD_PRIVATE_H

/**
 * @file
 * The words of SPARQL beside its functions (functions.h). Case does not count.
 *
 * Threads: constants.
 */

#include "base/attr.h"
#include "base/str.h"
#include "sparql/algebra.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

/// "COUNT", … (not dm:quantile, which is written as an IRI)
bool dm_aggregate_find(struct dm_str word, enum dm_aggregate_kind *ret);

const char *dm_aggregate_name(enum dm_aggregate_kind kind);

/// The keyword nearest to `word`, where one is near and `word` is none itself
struct dm_str dm_keyword_nearest(struct dm_str word);

DM_END_DECLS

#endif // DM_SPARQL_KEYWORD_PRIVATE_H
