// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_PAIRS_PRIVATE_H
#define DM_SPARQL_PAIRS_PRIVATE_H

/**
 * @file
 * Pairs of compatible solutions of two operators: the inside of Join, LeftJoin
 * and Minus.
 *
 * Goes through the left solutions and for each through the right ones that are
 * compatible with it. Two ways, chosen when some left solutions were seen:
 *
 *   SEEDED  the right operator is opened anew with each left solution
 *   HASHED  its solutions are kept in a table, hashed by the shared variables
 *           that are bound in all solutions of both; where there is none all of
 *           them are tried. Unbound variables are compatible with everything.
 *
 * A right operator is never opened where there is no left solution.
 */

#include "base/attr.h"
#include "base/status.h"
#include "sparql/exec_private.h"
#include "sparql/rows_private.h"

#include <stdbool.h>

DM_BEGIN_DECLS

enum dm_pairs_way {
    DM_PAIRS_LOOKING, ///< Reading left solutions, undecided
    DM_PAIRS_SEEDED,
    DM_PAIRS_BUILDING, ///< Filling the table
    DM_PAIRS_HASHED,
};

struct dm_pairs {
    struct dm_operator *op; ///< Its children are the two sides
    bool can_seed; ///< A shared variable is certain on the left and seedable
    dm_var *keys;  ///< Certain on both sides
    size_t n_keys;
    dm_var *shared; ///< Possible on both sides
    size_t n_shared;
    dm_var *columns; ///< Possible on the right: what the tables of it keep
    size_t n_columns;
    enum dm_pairs_way way;
    struct dm_solutions buffered; ///< Left solutions read while undecided
    uint32_t n_taken;             ///< … and how many of them are done
    bool left_ended;
    struct dm_solutions table; ///< Right solutions of HASHED
    bool has_left; ///< `left_row` still has right solutions to be tried
    dm_id *left_row;
    dm_id *right_row;
    dm_id *key;
    uint64_t hash;
    uint32_t at; ///< Next row of the table to try
    bool right_open;
    bool shares; ///< The last pair has a variable bound on both sides
};

enum dm_status dm_pairs_plan(struct dm_planner *planner, struct dm_pairs *pairs,
                             struct dm_operator *op) DM_NODISCARD;
enum dm_status dm_pairs_open(struct dm_pairs *pairs) DM_NODISCARD;
void dm_pairs_close(struct dm_pairs *pairs);

/// Have a left solution in `left_row`, the next one if the last is done with:
/// DM_OK, DM_END, DM_AGAIN, …
enum dm_status dm_pairs_left(struct dm_pairs *pairs) DM_NODISCARD;
/// The next right solution compatible with it, merged with it into `row`.
/// DM_END behind the last; the left one is done with then.
enum dm_status dm_pairs_right(struct dm_pairs *pairs, dm_id *row) DM_NODISCARD;
/// Be done with the left solution before its right ones are
void dm_pairs_skip_left(struct dm_pairs *pairs);

/// "seeded" or "hash of N variables"
void dm_pairs_describe(const struct dm_pairs *pairs, struct dm_buf *buf);

DM_END_DECLS

#endif // DM_SPARQL_PAIRS_PRIVATE_H
