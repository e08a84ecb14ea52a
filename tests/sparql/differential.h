// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SPARQL_DIFFERENTIAL_H
#define DM_TESTS_SPARQL_DIFFERENTIAL_H

#include "tests/sparql/naive.h"
#include "tests/sparql/random_algebra.h"
#include "tests/sparql/world.h"

/// A store with random quads, and the same as a list
struct differential {
    struct world world;
    struct naive naive;
    struct dm_quad_ids quads[64];
    dm_id graphs[RANDOM_GRAPHS];
};

void differential_open(struct differential *both, struct random_source *source);
void differential_close(struct differential *both);

/// Check that every way of executing `alg` gives the solutions of naive_eval().
/// @return Whether it was small enough to tell.
bool differential_check(struct differential *both, const struct dm_alg *alg);

#endif // DM_TESTS_SPARQL_DIFFERENTIAL_H
