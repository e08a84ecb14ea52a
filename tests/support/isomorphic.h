// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SUPPORT_ISOMORPHIC_H
#define DM_TESTS_SUPPORT_ISOMORPHIC_H

/**
 * @file
 * Whether two sets of quads are the same but for the names of blank nodes.
 *
 * Nodes get colours from what is said of them until no colour splits any more;
 * nodes of one colour are then tried one by one. Exact: a mapping that was
 * found is applied and compared. Trying is bounded; a graph that is too
 * symmetrical for the bound fails the test and says so.
 *
 * Graphs, subjects and objects may be blank, within triple terms, too.
 */

#include "base/attr.h"
#include "tests/support/quads.h"

#include <stdbool.h>

DM_BEGIN_DECLS

/// Equal as sets: a quad that is there twice counts once. Both are normalised
/// (dm_quads_normalise()).
bool dm_graph_isomorphic(struct dm_quads *a, struct dm_quads *b);

DM_END_DECLS

#endif // DM_TESTS_SUPPORT_ISOMORPHIC_H
