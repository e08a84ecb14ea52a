// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_EXEC_PRIVATE_H
#define DM_SPARQL_EXEC_PRIVATE_H

/**
 * @file
 * What the operators of sparql/exec.h and their planner share.
 *
 * Each dm_plan_* makes the operator of one kind of algebra and sets what is
 * known of its variables; plan.c has the table of them.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "quadstore/scan.h"
#include "sparql/algebra.h"
#include "sparql/eval.h"
#include "sparql/exec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

// ------------------------------------------------------- sets of variables

#define DM_BITS_WORD 64U

static inline bool
dm_bits_has(const uint64_t *bits, dm_var var)
{
    return (bits[var / DM_BITS_WORD] >> (var % DM_BITS_WORD) & 1U) != 0;
}

static inline void
dm_bits_add(uint64_t *bits, dm_var var)
{
    bits[var / DM_BITS_WORD] |= UINT64_C(1) << (var % DM_BITS_WORD);
}

static inline void
dm_bits_remove(uint64_t *bits, dm_var var)
{
    bits[var / DM_BITS_WORD] &= ~(UINT64_C(1) << (var % DM_BITS_WORD));
}

static inline void
dm_bits_unite(uint64_t *bits, const uint64_t *with, size_t n_words)
{
    for (size_t i = 0; i < n_words; ++i) {
        bits[i] |= with[i];
    }
}

static inline void
dm_bits_intersect(uint64_t *bits, const uint64_t *with, size_t n_words)
{
    for (size_t i = 0; i < n_words; ++i) {
        bits[i] &= with[i];
    }
}

static inline bool
dm_bits_within(const uint64_t *bits, const uint64_t *outer, size_t n_words)
{
    for (size_t i = 0; i < n_words; ++i) {
        if (bits[i] & ~outer[i]) {
            return false;
        }
    }
    return true;
}

static inline bool
dm_bits_meet(const uint64_t *a, const uint64_t *b, size_t n_words)
{
    for (size_t i = 0; i < n_words; ++i) {
        if (a[i] & b[i]) {
            return true;
        }
    }
    return false;
}

// ------------------------------------------------------- planning

/// The graph that patterns below a GRAPH are matched in
struct dm_active_graph {
    enum dm_scope scope;
    dm_id id; ///< For NAMED; set by GRAPH while it goes through graphs
};

struct dm_planner {
    struct dm_arena *arena;
    struct dm_exec_context *context;
    struct dm_compiler *compiler;
    const struct dm_active_graph *graph;
    size_t n_words; ///< Of a set of variables
    struct dm_error *DM_NULLABLE error;
};

/// The sets that an operator's constructor may still write
struct dm_operator_sets {
    uint64_t *certain;
    uint64_t *possible;
    uint64_t *seedable;
};

/// The operator of any algebra
enum dm_status dm_plan(struct dm_planner *planner, const struct dm_alg *alg,
                       struct dm_operator **ret) DM_NODISCARD;
/// Those of both operands of `alg`
enum dm_status dm_plan_both(struct dm_planner *planner,
                            const struct dm_alg *alg,
                            struct dm_operator **ret_left,
                            struct dm_operator **ret_right) DM_NODISCARD;

/// List the variables that are in both `a` and `b`, ascending, into `ret`,
/// which has room for all of the query.
/// @return Their number.
size_t dm_plan_list(const struct dm_planner *planner, const uint64_t *a,
                    const uint64_t *b, dm_var *ret);

/// Zeroed memory of an operator of `size` bytes, with its head and empty sets;
/// NULL when memory is out
void *DM_NULLABLE dm_operator_new(struct dm_planner *planner, size_t size,
                                  const struct dm_operator_ops *ops,
                                  struct dm_operator_sets *ret) DM_NODISCARD;
/// An empty set of variables, or NULL
uint64_t *DM_NULLABLE dm_plan_set(struct dm_planner *planner) DM_NODISCARD;

/// Add the variables that `expr` looks at, those of EXISTS too
void dm_expr_vars(const struct dm_expr *expr, uint64_t *vars);
/// Whether it calls something volatile, an EXISTS or an aggregate, and so
/// cannot be moved
bool dm_expr_is_fixed(const struct dm_expr *expr);
/// Add all variables that occur in `alg`
void dm_alg_vars(const struct dm_alg *alg, uint64_t *vars);

enum dm_status dm_plan_unit(struct dm_planner *planner,
                            const struct dm_alg *alg, struct dm_operator **ret)
    DM_NODISCARD;
enum dm_status dm_plan_bgp(struct dm_planner *planner, const struct dm_alg *alg,
                           struct dm_operator **ret) DM_NODISCARD;
enum dm_status dm_plan_join(struct dm_planner *planner,
                            const struct dm_alg *alg, struct dm_operator **ret)
    DM_NODISCARD;
enum dm_status dm_plan_left_join(struct dm_planner *planner,
                                 const struct dm_alg *alg,
                                 struct dm_operator **ret) DM_NODISCARD;
enum dm_status dm_plan_union(struct dm_planner *planner,
                             const struct dm_alg *alg, struct dm_operator **ret)
    DM_NODISCARD;
enum dm_status dm_plan_minus(struct dm_planner *planner,
                             const struct dm_alg *alg, struct dm_operator **ret)
    DM_NODISCARD;
enum dm_status dm_plan_filter(struct dm_planner *planner,
                              const struct dm_alg *alg,
                              struct dm_operator **ret) DM_NODISCARD;
enum dm_status dm_plan_graph(struct dm_planner *planner,
                             const struct dm_alg *alg, struct dm_operator **ret)
    DM_NODISCARD;
enum dm_status dm_plan_extend(struct dm_planner *planner,
                              const struct dm_alg *alg,
                              struct dm_operator **ret) DM_NODISCARD;
enum dm_status dm_plan_values(struct dm_planner *planner,
                              const struct dm_alg *alg,
                              struct dm_operator **ret) DM_NODISCARD;
enum dm_status dm_plan_group(struct dm_planner *planner,
                             const struct dm_alg *alg, struct dm_operator **ret)
    DM_NODISCARD;
enum dm_status dm_plan_order(struct dm_planner *planner,
                             const struct dm_alg *alg, struct dm_operator **ret)
    DM_NODISCARD;
enum dm_status dm_plan_project(struct dm_planner *planner,
                               const struct dm_alg *alg,
                               struct dm_operator **ret) DM_NODISCARD;
enum dm_status dm_plan_distinct(struct dm_planner *planner,
                                const struct dm_alg *alg,
                                struct dm_operator **ret) DM_NODISCARD;
enum dm_status dm_plan_slice(struct dm_planner *planner,
                             const struct dm_alg *alg, struct dm_operator **ret)
    DM_NODISCARD;

/// GRAPH ?var over a basic graph pattern: one scan over all named graphs
enum dm_status dm_plan_bgp_in_each(struct dm_planner *planner,
                                   const struct dm_alg *alg, dm_var graph_var,
                                   struct dm_operator **ret) DM_NODISCARD;
/// Let a basic graph pattern test `code` as soon as `vars` are bound.
enum dm_status dm_bgp_add_filter(struct dm_planner *planner,
                                 struct dm_operator *op,
                                 const struct dm_expr_code *code,
                                 const uint64_t *vars) DM_NODISCARD;
/// Tell an ORDER how many of its first rows are wanted.
void dm_order_set_limit(struct dm_operator *op, uint64_t limit);

bool dm_operator_is(const struct dm_operator *op,
                    const struct dm_operator_ops *ops);
extern const struct dm_operator_ops dm_bgp_ops;
extern const struct dm_operator_ops dm_join_ops;
extern const struct dm_operator_ops dm_left_join_ops;
extern const struct dm_operator_ops dm_union_ops;
extern const struct dm_operator_ops dm_minus_ops;
extern const struct dm_operator_ops dm_filter_ops;
extern const struct dm_operator_ops dm_graph_ops;
extern const struct dm_operator_ops dm_extend_ops;
extern const struct dm_operator_ops dm_order_ops;
extern const struct dm_operator_ops dm_project_ops;
extern const struct dm_operator_ops dm_distinct_ops;

// ------------------------------------------------------- running

/// Open with what the operator can use of `seed`; `outer` always stays in.
enum dm_status dm_operator_open(struct dm_operator *op,
                                const dm_id *DM_NULLABLE seed) DM_NODISCARD;
enum dm_status dm_operator_next(struct dm_operator *op, dm_id *row)
    DM_NODISCARD;
void dm_operator_close(struct dm_operator *op);
void dm_operator_explain(const struct dm_operator *op, unsigned depth,
                         struct dm_buf *buf);

/// One row of work: DM_OK, DM_AGAIN when the step is over, or why the query
/// ends. Called before the row is touched, so that it can be called again.
enum dm_status dm_exec_tick(struct dm_exec_context *context) DM_NODISCARD;

/// Plan the pattern of an EXISTS: dm_compiler.plan_exists, with the planner as
/// context
enum dm_status dm_exists_plan(void *context, const struct dm_alg *pattern,
                              struct dm_exists **ret) DM_NODISCARD;

/// Whether the pattern has a solution with `row` put in place of its variables
enum dm_status dm_exists_run(struct dm_exists *exists, const dm_id *row,
                             bool *ret) DM_NODISCARD;

/// Copy `from` to `to`, both of all variables
void dm_row_copy(const struct dm_exec_context *context, dm_id *to,
                 const dm_id *from);

DM_END_DECLS

#endif // DM_SPARQL_EXEC_PRIVATE_H
