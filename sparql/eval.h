// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_EVAL_H
#define DM_SPARQL_EVAL_H

/**
 * @file
 * Expressions: compiled once for an execution, evaluated for each solution.
 *
 *     dm_expr (algebra, shared) --dm_code_compile--> dm_expr_code (one
 * execution)
 *
 * Code holds what an execution may keep: values of constants, the row of the
 * function table, compiled regular expressions, the plan of an EXISTS.
 *
 * Three-valued logic: an error is DM_ERR_ARGUMENT. Only ||, &&, IN, NOT IN, IF,
 * COALESCE and BOUND look at errors of their arguments. An unbound variable is
 * an error everywhere else.
 *
 * Threads: those of the snapshot.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "sparql/algebra.h"
#include "sparql/functions.h"
#include "sparql/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_exec_context;
struct dm_exists;
struct dm_regex_cache;
struct dm_snapshot;

/// A node of a compiled expression
struct dm_expr_code {
    enum dm_expr_kind kind;
    const struct dm_function_def *DM_NULLABLE def; ///< Of CALL
    struct dm_expr_code *DM_NULLABLE *DM_NULLABLE args;
    size_t n_args;
    dm_var var;
    uint32_t aggregate;
    struct dm_value constant;                 ///< Of TERM
    struct dm_exists *DM_NULLABLE exists;     ///< Of EXISTS
    struct dm_regex_cache *DM_NULLABLE regex; ///< Of REGEX and REPLACE
};

/// What compiling needs
struct dm_compiler {
    struct dm_arena *arena;       ///< For the code; outlives it
    struct dm_snapshot *snapshot; ///< Constants get their ids in
    /// The plan of a pattern of EXISTS
    enum dm_status (*plan_exists)(void *context, const struct dm_alg *pattern,
                                  struct dm_exists **ret);
    void *context;
    struct dm_regex_cache *DM_NULLABLE caches; ///< All of them
    struct dm_error *DM_NULLABLE error;
};

/// @return DM_ERR_UNSUPPORTED for a function that is not known,
///         DM_ERR_NO_MEMORY, or what plan_exists says.
enum dm_status dm_code_compile(struct dm_compiler *compiler,
                               const struct dm_expr *expr,
                               struct dm_expr_code **ret) DM_NODISCARD;
/// Release what code holds beside the arena.
void dm_compiler_done(struct dm_compiler *compiler);

/// What evaluation needs beside the code
struct dm_eval {
    struct dm_exec_context *context;
    const dm_id *row;       ///< The solution, by variable
    struct dm_arena *arena; ///< For bytes of results; rewound by the caller
};

/// @return DM_ERR_ARGUMENT for an error of the expression.
enum dm_status dm_eval_code(struct dm_eval *eval,
                            const struct dm_expr_code *code,
                            struct dm_value *ret) DM_NODISCARD;

/// The effective boolean value of an expression
enum dm_status dm_eval_boolean(struct dm_eval *eval,
                               const struct dm_expr_code *code, bool *ret)
    DM_NODISCARD;

/// A FILTER: true only where the expression has no error and is true; an error
/// is false and DM_OK
enum dm_status dm_eval_filter(struct dm_eval *eval,
                              const struct dm_expr_code *code, bool *ret)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SPARQL_EVAL_H
