// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SPARQL_RANDOM_ALGEBRA_H
#define DM_TESTS_SPARQL_RANDOM_ALGEBRA_H

/**
 * @file
 * Random small algebra, made of bytes or of a seed: what the differential test
 * and its fuzz target ask.
 */

#include "base/arena.h"
#include "sparql/algebra.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random_source {
    const uint8_t *bytes; ///< Used up first
    size_t n;
    uint64_t state; ///< Then these, where it is not 0; else zeros
};

/// A number below `n`
unsigned random_below(struct random_source *source, unsigned n);

/// A tree of at most `depth`, over NAIVE_VARS variables and the terms of
/// random_term()
const struct dm_alg *random_algebra(struct random_source *source,
                                    struct dm_arena *arena, unsigned depth);

/// <http://e/0> to <http://e/4>, then 0 to 2
struct dm_term random_term(unsigned i);
#define RANDOM_TERMS 8U
/// The graphs that data and GRAPH use are random_term(0) and (1)
#define RANDOM_GRAPHS 2U

#endif // DM_TESTS_SPARQL_RANDOM_ALGEBRA_H
