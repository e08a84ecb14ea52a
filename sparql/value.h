// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_VALUE_H
#define DM_SPARQL_VALUE_H

/**
 * @file
 * Typed values: terms that were looked into.
 *
 * A value is made of a term or of an id, or computed. Numbers, times and
 * booleans are ready to compute with; of what was given as a term the lexical
 * form is kept, so that sameTerm and results see what was there. A value that
 * has only its number (`is_computed`) stands for the canonical term of it,
 * which is the one that has an inline id where it fits.
 *
 * Integers are of any size up to DM_DECIMAL_DIGITS digits: within 64 bits
 * INTEGER, beyond BIG. What needs more is an error, never a rounded number.
 *
 * Errors of expressions are DM_ERR_ARGUMENT everywhere here and in eval.h. Any
 * other status (memory, deadline) goes up and ends the query.
 *
 * Three equalities (SPARQL 1.1, 17.4.1): sameTerm and joins compare terms,
 * dm_value_equal() values.
 *
 * Threads: those of the snapshot that ids belong to. Bytes of a value live as
 * long as what it was made from.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/status.h"
#include "quadstore/id.h"
#include "rdf/term.h"
#include "rdf/xsd.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_snapshot;

enum dm_value_kind {
    DM_VALUE_UNBOUND,
    DM_VALUE_IRI,
    DM_VALUE_BLANK,
    DM_VALUE_STRING, ///< xsd:string
    DM_VALUE_TAGGED, ///< rdf:langString, rdf:dirLangString
    DM_VALUE_BOOLEAN,
    DM_VALUE_INTEGER, ///< xsd:integer and what derives from it, within 64 bits
    DM_VALUE_BIG,     ///< The same beyond 64 bits, in `decimal`
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
    bool is_computed;    ///< `term` is not set: dm_value_term() makes one
    dm_id id;            ///< Where it is known, else DM_ID_NONE
    struct dm_term term; ///< Set for all kinds unless `is_computed`
    union {
        bool boolean;
        int64_t integer; ///< Also a duration, in ms
        struct dm_decimal decimal;
        double number; ///< Float and double
        struct dm_datetime datetime;
    } as;
};

void dm_value_from_term(const struct dm_term *term, struct dm_value *ret);
/// The value of an id, DM_ID_NONE being unbound. Inline ids need no look-up.
enum dm_status dm_value_from_id(struct dm_snapshot *snapshot, dm_id id,
                                struct dm_value *ret) DM_NODISCARD;

/// Computed values
struct dm_value dm_value_boolean(bool value);
struct dm_value dm_value_integer(int64_t value);
struct dm_value dm_value_decimal(struct dm_decimal value);
struct dm_value dm_value_double(double value);
struct dm_value dm_value_float(double value);
struct dm_value dm_value_duration(int64_t ms);
struct dm_value dm_value_datetime(struct dm_datetime value);
/// An integer of any size: INTEGER where it fits, else BIG
struct dm_value dm_value_whole(struct dm_decimal value);

bool dm_value_is_literal(const struct dm_value *value);
bool dm_value_is_numeric(const struct dm_value *value);
/// xsd:string or language-tagged
bool dm_value_is_text(const struct dm_value *value);
/// The exact number of INTEGER, BIG and DECIMAL
struct dm_decimal dm_value_exact(const struct dm_value *value);
/// Any numeric value as a double
double dm_value_number(const struct dm_value *value);

/// The term of a value, canonical where it was computed, its bytes in `arena`
/// then. UNBOUND gives DM_TERM_NONE.
enum dm_status dm_value_term(const struct dm_value *value,
                             struct dm_arena *arena, struct dm_term *ret)
    DM_NODISCARD;
/// Its id, interned in the snapshot (R5 of exec.h)
enum dm_status dm_value_id(struct dm_snapshot *snapshot, struct dm_arena *arena,
                           const struct dm_value *value, dm_id *ret)
    DM_NODISCARD;

/// Effective boolean value; DM_ERR_ARGUMENT where it has none
enum dm_status dm_value_ebv(const struct dm_value *value, bool *ret)
    DM_NODISCARD;

/// What `<` says of two values that compare, but neither is less nor equal: NaN
#define DM_VALUE_UNORDERED 2

/// `=`; DM_ERR_ARGUMENT where it cannot be told
enum dm_status dm_value_equal(const struct dm_value *a,
                              const struct dm_value *b, bool *ret) DM_NODISCARD;
/// `<` as -1, 0, 1 or DM_VALUE_UNORDERED; DM_ERR_ARGUMENT where they do not
/// compare
enum dm_status dm_value_compare(const struct dm_value *a,
                                const struct dm_value *b, int *ret)
    DM_NODISCARD;
/// The total order of ORDER BY, MIN and MAX: unbound, blank node, IRI, literal,
/// triple term. Literals by kind of value (numbers, texts, …) and in it by
/// value; 0 also for terms that differ and have one value.
int dm_value_order(const struct dm_value *a, const struct dm_value *b);

/// Whether both are the same term; computed ones as their canonical terms
enum dm_status dm_value_same_term(const struct dm_value *a,
                                  const struct dm_value *b,
                                  struct dm_arena *arena, bool *ret)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SPARQL_VALUE_H
