// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_AGGREGATE_PRIVATE_H
#define DM_SPARQL_AGGREGATE_PRIVATE_H

/**
 * @file
 * Aggregates: SPARQL 1.1, 18.5.1. One state for each aggregate and group.
 *
 * Errors of the argument: SUM and AVG have no value then; the others go on
 * without that row. MIN, MAX, SAMPLE and dm:quantile of nothing have no value;
 * COUNT, SUM and AVG of nothing are 0, GROUP_CONCAT of nothing is "".
 *
 * A state lies in zeroed memory and holds heap only for GROUP_CONCAT and
 * dm:quantile; dm_aggregate_done() releases it.
 *
 * Threads: one at a time.
 */

#include "base/attr.h"
#include "base/status.h"
#include "sparql/algebra.h"
#include "sparql/exec_private.h"
#include "sparql/rows_private.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_text_state;

struct dm_aggregate_state {
    uint64_t n;      ///< Values so far
    uint8_t kind;    ///< Of the sum: an enum dm_value_kind
    bool has_failed; ///< SUM, AVG
    union {
        struct dm_decimal decimal; ///< Sum, also of integers
        double number;
        dm_id best; ///< MIN, MAX, SAMPLE
        struct dm_text_state *DM_NULLABLE text;
        struct dm_solutions *DM_NULLABLE values; ///< dm:quantile
    } as;
};

/// A compiled aggregate
struct dm_aggregate_code {
    const struct dm_aggregate_def *def;
    const struct dm_expr_code *DM_NULLABLE arg; ///< NULL: COUNT(*)
};

/// Add the argument's value in the row of `eval`, which is not an error.
enum dm_status dm_aggregate_add(struct dm_eval *eval,
                                const struct dm_aggregate_code *code,
                                struct dm_aggregate_state *state,
                                const struct dm_value *DM_NULLABLE value)
    DM_NODISCARD;
/// The argument was an error.
void dm_aggregate_fail(const struct dm_aggregate_code *code,
                       struct dm_aggregate_state *state);
/// The value, UNBOUND where it has none; bytes in eval->arena or the snapshot
enum dm_status dm_aggregate_value(struct dm_eval *eval,
                                  const struct dm_aggregate_code *code,
                                  struct dm_aggregate_state *state,
                                  struct dm_value *ret) DM_NODISCARD;
void dm_aggregate_state_done(struct dm_account *account,
                             const struct dm_aggregate_code *code,
                             struct dm_aggregate_state *state);

DM_END_DECLS

#endif // DM_SPARQL_AGGREGATE_PRIVATE_H
