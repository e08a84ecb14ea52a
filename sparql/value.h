// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_VALUE_H
#define DM_SPARQL_VALUE_H

/**
 * @file
 * Typed values of expressions, and evaluation.
 *
 * A value is a term that was looked into: numbers, times and strings are ready
 * to compute with, and the term it came from is kept, so that sameTerm and the
 * result see the lexical form that was there.
 *
 * Three-valued logic: an error is DM_ERR_ARGUMENT. Only ||, &&, IN, NOT IN, IF,
 * COALESCE and BOUND look at errors of their arguments. Every other status
 * (memory, deadline) goes up and ends the query.
 *
 * Equality (SPARQL 1.1, 17.4.1.7; trap 7 of three): dm_value_equal() compares
 * values, is an error for unlike or unknown datatypes that are not the same
 * term; joins compare ids.
 *
 * Threads: those of the snapshot. Bytes live until dm_eval's row is done.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/status.h"
#include "quadstore/id.h"
#include "rdf/term.h"
#include "rdf/xsd.h"
#include "sparql/algebra.h"

DM_BEGIN_DECLS

struct dm_exec_context;

enum dm_value_kind {
    DM_VALUE_UNBOUND,
    DM_VALUE_IRI,
    DM_VALUE_BLANK,
    DM_VALUE_STRING, ///< xsd:string
    DM_VALUE_TAGGED, ///< rdf:langString, rdf:dirLangString
    DM_VALUE_BOOLEAN,
    DM_VALUE_INTEGER, ///< xsd:integer and what derives from it, within 64 bits
    DM_VALUE_DECIMAL,
    DM_VALUE_FLOAT,
    DM_VALUE_DOUBLE,
    DM_VALUE_DATETIME,
    DM_VALUE_DATE,
    DM_VALUE_DURATION, ///< xsd:dayTimeDuration, ms
    DM_VALUE_OTHER,    ///< A literal of another datatype, or ill-typed
    DM_VALUE_TRIPLE,
};

struct dm_value {
    enum dm_value_kind kind;
    dm_id id;            ///< Where it is known, else DM_ID_NONE
    struct dm_term term; ///< Set for all kinds but where `is_computed`
    bool is_computed;    ///< Not from a term: dm_value_term() makes one
    union {
        bool boolean;
        int64_t integer; ///< Also duration in ms
        struct dm_decimal decimal;
        double number; ///< Float and double
        struct dm_datetime datetime;
    } as;
};

/// What evaluation needs beside the row
struct dm_eval {
    struct dm_exec_context *context;
    const dm_id *row; ///< The solution, by variable
    const struct dm_value *DM_NULLABLE aggregates; ///< Above a group
    struct dm_arena *arena; ///< For bytes of results; rewound by the caller
    /// Whether the pattern of EXISTS has a solution that extends the row
    enum dm_status (*exists)(struct dm_eval *eval, const struct dm_alg *pattern,
                             bool *ret);
    void *DM_NULLABLE exists_context;
};

/// The value of a term
void dm_value_from_term(const struct dm_term *term, struct dm_value *ret);
enum dm_status dm_value_from_id(struct dm_eval *eval, dm_id id,
                                struct dm_value *ret) DM_NODISCARD;

/// The term of a value, in canonical form where it was computed; bytes in
/// `arena`
enum dm_status dm_value_term(const struct dm_value *value,
                             struct dm_arena *arena, struct dm_term *ret)
    DM_NODISCARD;
/// Its id, interned in the snapshot (R5 of exec.h)
enum dm_status dm_value_id(struct dm_eval *eval, const struct dm_value *value,
                           dm_id *ret) DM_NODISCARD;

/// Effective boolean value; DM_ERR_ARGUMENT where it has none
enum dm_status dm_value_ebv(const struct dm_value *value, bool *ret);

/// `=`, and `<` as -1, 0, 1; DM_ERR_ARGUMENT where they do not compare
enum dm_status dm_value_equal(const struct dm_value *a,
                              const struct dm_value *b, bool *ret);
enum dm_status dm_value_compare(const struct dm_value *a,
                                const struct dm_value *b, int *ret);
/// The total order of ORDER BY, MIN and MAX: unbound, blank, IRI, literal,
/// triple term; values where they compare, else by term
int dm_value_order(const struct dm_value *a, const struct dm_value *b);

enum dm_status dm_eval_expr(struct dm_eval *eval, const struct dm_expr *expr,
                            struct dm_value *ret) DM_NODISCARD;

/// A FILTER: true only where the expression has no error and is true
enum dm_status dm_eval_filter(struct dm_eval *eval, const struct dm_expr *expr,
                              bool *ret) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SPARQL_VALUE_H
