// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SPARQL_NAIVE_H
#define DM_TESTS_SPARQL_NAIVE_H

/**
 * @file
 * An evaluator of algebra written straight from SPARQL 1.1 Query, section 18:
 * bottom up, multisets as arrays, no index, no order, no seed. It is what every
 * faster way must equal.
 *
 * Knows all operators but Order's order and Slice, and of expressions =, !=, <,
 * +, &&, ||, !, BOUND, COALESCE, EXISTS, variables and constants; of aggregates
 * COUNT and SUM. Up to NAIVE_VARS variables.
 */

#include "quadstore/scan.h"
#include "quadstore/store.h"
#include "sparql/algebra.h"

#include <stdbool.h>
#include <stddef.h>

#define NAIVE_VARS 8U
/// More rows than this in any step end the evaluation
#define NAIVE_ROWS_MAX 20000U

struct naive_row {
    dm_id at[NAIVE_VARS];
};

struct naive_rows {
    struct naive_row *rows; ///< dm_free()
    size_t n;
    size_t capacity;
};

struct naive {
    struct dm_snapshot *snapshot;
    const struct dm_quad_ids *quads; ///< PLAIN: graph 0 is the default graph
    size_t n_quads;
    const dm_id *graphs; ///< Named ones
    size_t n_graphs;
    bool is_over; ///< NAIVE_ROWS_MAX was reached
};

/// All solutions of `alg` in the default graph
struct naive_rows naive_eval(struct naive *naive, const struct dm_alg *alg);

/// Sort, so that two multisets can be compared byte by byte.
void naive_sort(struct naive_rows *rows);
void naive_add(struct naive *naive, struct naive_rows *rows,
               const struct naive_row *row);

#endif // DM_TESTS_SPARQL_NAIVE_H
