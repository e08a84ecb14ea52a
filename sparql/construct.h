// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_CONSTRUCT_H
#define DM_SPARQL_CONSTRUCT_H

/**
 * @file
 * The graph that CONSTRUCT or DESCRIBE answers with.
 *
 *     dm_construct_open -> dm_construct_next … DM_END -> dm_construct_close
 *
 * All solutions are taken first, since a graph is a set: triples come in
 * ascending order of (s, p, o), each once. What a template cannot make (an
 * unbound variable, a literal as subject) is left out.
 *
 * DESCRIBE gives what is said of each resource in the default graph, and of the
 * blank nodes it leads to (concise bounded description).
 *
 * Threads: those of the snapshot. Memory: the triples, charged to the work's
 * account. Cost: of the query, and O(n log n) for n triples.
 * Source: SPARQL 1.1 Query, sections 16.2 and 16.4.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "quadstore/scan.h"
#include "sparql/exec.h"
#include "sparql/query.h"

DM_BEGIN_DECLS

struct dm_construct;

/// `query` is a CONSTRUCT or DESCRIBE; it, `snapshot` and the dataset outlive
/// it.
enum dm_status
dm_construct_open(const struct dm_query *query, struct dm_snapshot *snapshot,
                  const struct dm_exec_options *options,
                  struct dm_construct **ret, struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;
void dm_construct_close(struct dm_construct *DM_NULLABLE construct);

/// The next triple.
/// @return DM_OK, DM_END, DM_AGAIN (only with options.steps), or an error.
enum dm_status dm_construct_next(struct dm_construct *construct,
                                 struct dm_triple_ids *ret,
                                 struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SPARQL_CONSTRUCT_H
