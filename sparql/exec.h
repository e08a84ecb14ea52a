// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_EXEC_H
#define DM_SPARQL_EXEC_H

/**
 * @file
 * Running a query over a snapshot.
 *
 *     dm_exec_open -> dm_exec_next … DM_END -> dm_exec_close
 *
 * The outside first; the operators of the inside follow, because their shape is
 * what every later layer (pushdown, history operators) plugs into.
 *
 * Operators are iterators over solutions: arrays of dm_id by variable number, 0
 * is unbound. One file for each operator of the algebra; leaves are dm_scan.
 *
 *   open(seed)  begin, or begin anew. `seed` is a solution of the surroundings;
 *               see R2.
 *   next(row)   write the next solution into `row` (all n_vars of it).
 *   close       release what open took; the operator can be opened again.
 * An operator itself lies in the arena of its execution.
 *
 *         CLOSED --open--> OPEN --next*--> OPEN, ENDED
 *            ^                               |
 *            +------------- close -----------+
 *
 * R1 Rows are a bag; their order is free unless the operator is ORDER, or said
 *    so in `sorted_by`.
 * R2 Seeds. An operator says in `seedable` of which variables it can use a
 *    binding from outside so that its solutions are those of the unseeded one
 *    that are compatible with it: an index look-up for each outer row. The
 *    others are taken out of the seed before it is opened. Bottom-up scope is
 *    kept by that: a filter is seeded only with variables that are bound in all
 *    solutions below it anyway, LeftJoin and Minus only with those certain on
 *    their left, Group with keys, Slice with none. Rows may still disagree with
 *    the seed; who seeds joins.
 * R3 next() returns DM_AGAIN when the step's rows (DM_WORK_ROWS scanned) are
 *    used up; the caller returns it upwards and calls again in its next step.
 *    Sorting, grouping and hash building keep their place in the operator.
 *    Inside EXISTS there is no DM_AGAIN; deadline and cancel still hold.
 * R4 Memory beyond a row is charged to the work's account.
 * R5 Computed terms become ids by dm_snapshot_intern() before they enter a row.
 * R6 An error of an expression is DM_ERR_ARGUMENT from evaluation and never
 *    leaves FILTER (no solution), EXTEND (unbound) or an aggregate.
 * R7 The plan of an EXISTS has a context of its own, whose `outer` row is put
 *    in place of its variables everywhere, in filters and MINUS too: every
 *    operator in it is opened with all of `outer` in its seed.
 *
 * Threads: DM_ON_WORKER; those of the snapshot.
 * Source: SPARQL 1.1 Query, section 18.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "quadstore/id.h"
#include "quadstore/scan.h"
#include "sparql/query.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_snapshot;
struct dm_exec;
struct dm_buf;
struct dm_value;

/// How pairs of compatible solutions are found; all give the same answers
enum dm_exec_joins {
    DM_JOINS_CHOSEN, ///< By estimates
    DM_JOINS_SEEDED, ///< By look-ups wherever that is possible (for tests)
    DM_JOINS_HASHED, ///< By tables (for tests)
};

struct dm_exec_options {
    const struct dm_dataset
        *dataset;       ///< Where the query names none; outlives it
    bool ignore_from;   ///< The protocol's parameters override FROM
    int64_t now_ms;     ///< NOW() for the whole query, unix ms
    uint64_t max_rows;  ///< DM_ERR_LIMIT behind them; 0: no limit
    bool steps;         ///< next() may return DM_AGAIN
    uint32_t step_rows; ///< Rows of one step; 0: DM_WORK_ROWS
    bool is_graph;      ///< A graph is made of the solutions (construct.h)
    bool count;         ///< Count rows and time of each operator (--explain)
    enum dm_exec_joins joins;
};

/// Plan and open. `query` and `snapshot` outlive it. CONSTRUCT and DESCRIBE are
/// opened by dm_construct_open(); here they are DM_ERR_UNSUPPORTED.
enum dm_status dm_exec_open(const struct dm_query *query,
                            struct dm_snapshot *snapshot,
                            const struct dm_exec_options *options,
                            struct dm_exec **ret,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;
void dm_exec_close(struct dm_exec *DM_NULLABLE exec);

/// The next solution: query->n_columns ids, until the next call. An ASK has one
/// row without columns where the answer is yes.
/// @return DM_OK, DM_END, DM_AGAIN (only with options.steps), or an error.
enum dm_status dm_exec_next(struct dm_exec *exec, const dm_id **ret_row,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// The dataset it asks, with FROM and FROM NAMED; as long as it is open
const struct dm_dataset *dm_exec_dataset(const struct dm_exec *exec);

/// Plan with estimates, and after running with counts: for `--explain`
void dm_exec_explain(const struct dm_exec *exec, struct dm_buf *buf);

/// What operators of one execution share
struct dm_exec_context {
    struct dm_snapshot *snapshot;
    const struct dm_query *query;
    const struct dm_dataset *dataset;
    size_t n_vars;
    int64_t now_ms;
    uint32_t step_rows;
    uint32_t rows_left; ///< Of this step; see R3
    bool steps;
    bool count;
    enum dm_exec_joins joins;
    const dm_id *DM_NULLABLE outer; ///< R7; NULL outside EXISTS
    struct dm_arena *scratch;       ///< For expressions; rewound after each
    /// Of the group whose row is on its way up; GROUP sets it
    const struct dm_value *DM_NULLABLE aggregates;
    uint64_t nonce;    ///< Of blank nodes this execution makes; 0: none yet
    uint64_t solution; ///< Counts solutions at the leaves: the scope of BNODE
};

struct dm_operator;

struct dm_operator_ops {
    const char *name; ///< As in the algebra: "Join", "LeftJoin", …
    enum dm_status (*open)(struct dm_operator *op, const dm_id *seed);
    enum dm_status (*next)(struct dm_operator *op, dm_id *row);
    void (*close)(struct dm_operator *op);
    /// One line of --explain behind the name; may be NULL
    void (*describe)(const struct dm_operator *op, struct dm_buf *buf);
};

#define DM_OPERATOR_CHILDREN_MAX 2

/// The head of every operator's struct
struct dm_operator {
    const struct dm_operator_ops *ops;
    struct dm_exec_context *context;
    struct dm_operator *DM_NULLABLE children[DM_OPERATOR_CHILDREN_MAX];
    const uint64_t *certain;  ///< Bit set of variables bound in every solution
    const uint64_t *possible; ///< … in some
    const uint64_t *seedable; ///< R2
    dm_id *seed;              ///< What it was opened with, masked
    dm_var sorted_by; ///< Rows ascend by the id of this variable, or NONE
    double estimate;  ///< Rows for one open without a seed
    double cost;      ///< Rows scanned to make them
    uint64_t n_opened;
    uint64_t n_rows;
    int64_t ns;
};

DM_END_DECLS

#endif // DM_SPARQL_EXEC_H
