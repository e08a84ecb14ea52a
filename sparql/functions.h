// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_FUNCTIONS_H
#define DM_SPARQL_FUNCTIONS_H

/**
 * @file
 * The table of operators and functions: one row each, with how often it takes
 * arguments and the C function behind it (function_private.h).
 *
 * The parser finds built-in functions by name, compilation (eval.h) finds casts
 * and extension functions by IRI.
 *
 * Threads: constant data.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "sparql/algebra.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_call;
struct dm_value;

/// Any number of arguments
#define DM_ARGS_ANY UINT8_MAX

enum dm_function_flags {
    /// Decides itself which arguments are evaluated and what their errors mean
    DM_FUNCTION_LAZY = 1,
    /// Two calls with the same arguments may differ, so a call is neither moved
    /// nor repeated
    DM_FUNCTION_VOLATILE = 2,
    /// An operator, written between or before its arguments; no name to call
    DM_FUNCTION_OPERATOR = 4,
};

struct dm_function_def {
    const char *name; ///< Upper case as in the grammar; of DM_FN_IRI the IRI
    enum dm_status (*call)(struct dm_call *call, struct dm_value *ret);
    enum dm_function id;
    uint8_t min_args;
    uint8_t max_args; ///< Or DM_ARGS_ANY
    uint8_t flags;    ///< Of enum dm_function_flags
};

/// The row of a function other than DM_FN_IRI
const struct dm_function_def *dm_function_get(enum dm_function id);

/// The built-in function called `name`, without regard to case, or NULL
const struct dm_function_def *DM_NULLABLE dm_function_find(struct dm_str name);

/// The cast or extension function `iri`, or NULL
const struct dm_function_def *DM_NULLABLE
dm_function_find_iri(struct dm_str iri);

DM_END_DECLS

#endif // DM_SPARQL_FUNCTIONS_H
