// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_ALGEBRA_H
#define DM_SPARQL_ALGEBRA_H

/**
 * @file
 * A query as algebra: what the parser makes and the executor runs.
 *
 * A tree of plain structs in the arena of a dm_query; nothing in it changes
 * once it is made. Operators are those of SPARQL 1.1 Query, section 18, by
 * their names there. Terms are not yet ids: those belong to a snapshot.
 *
 * Variables are numbers, from 0 on, below dm_query.n_vars; a solution is an
 * array of ids by these numbers. Scope is settled by the parser: a variable of
 * a sub-select that is not projected has a number of its own, so nothing
 * outside can meet it; blank nodes of patterns are variables without a name;
 * names tell only what to print. EXISTS shares the numbers of its surroundings.
 *
 * Source: SPARQL 1.1 and 1.2 Query Language (W3C).
 */

#include "base/attr.h"
#include "base/str.h"
#include "rdf/term.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

typedef uint32_t dm_var;

#define DM_VAR_NONE UINT32_MAX
/// Most variables of one query, named or not
#define DM_VARS_MAX 4096

/// A position of a triple pattern
enum dm_slot_kind {
    DM_SLOT_VAR,
    DM_SLOT_TERM,   ///< A constant, without variables inside
    DM_SLOT_TRIPLE, ///< <<( )>> with variables inside
};

struct dm_slot {
    enum dm_slot_kind kind;
    dm_var var;
    struct dm_term term;
    const struct dm_triple_pattern *DM_NULLABLE triple;
};

struct dm_triple_pattern {
    struct dm_slot s;
    struct dm_slot p;
    struct dm_slot o;
    struct dm_position at;
};

/// Paths, expressions and operators nest at most so deep, chains as a + b + c
/// counted
#define DM_ALG_DEPTH_MAX 1000

/// A property path (SPARQL 1.1, section 18.1.7). What is only an IRI, an
/// inverse of one, or a sequence outside of another path is never one: the
/// parser makes plain patterns of them.
enum dm_path_kind {
    DM_PATH_LINK,         ///< iris[0]
    DM_PATH_NEGATED,      ///< Any predicate but iris[]; may be none
    DM_PATH_INVERSE,      ///< left
    DM_PATH_SEQUENCE,     ///< left, right
    DM_PATH_ALTERNATIVE,  ///< left, right
    DM_PATH_ZERO_OR_ONE,  ///< left
    DM_PATH_ZERO_OR_MORE, ///< left
    DM_PATH_ONE_OR_MORE,  ///< left
};

struct dm_path {
    enum dm_path_kind kind;
    const struct dm_path *DM_NULLABLE left;
    const struct dm_path *DM_NULLABLE right;
    const struct dm_term *DM_NULLABLE iris;
    size_t n_iris;
    uint32_t depth; ///< Of this tree; at most DM_ALG_DEPTH_MAX
};

enum dm_expr_kind {
    DM_EXPR_TERM,
    DM_EXPR_VAR,
    DM_EXPR_CALL,      ///< Operator or function: `function`, `args`
    DM_EXPR_EXISTS,    ///< `pattern`; NOT EXISTS is a call of ! on it
    DM_EXPR_AGGREGATE, ///< Value of dm_group.aggregates[i], only above a group
};

/// Every operator and built-in function, a row of the table in functions.c.
/// Casts and extension functions are DM_FN_IRI: found by `iri`. OR and AND have
/// two arguments or more; IN and NOT_IN the value first.
enum dm_function {
    DM_FN_OR,
    DM_FN_AND,
    DM_FN_NOT,
    DM_FN_EQUAL,
    DM_FN_NOT_EQUAL,
    DM_FN_LESS,
    DM_FN_GREATER,
    DM_FN_LESS_EQUAL,
    DM_FN_GREATER_EQUAL,
    DM_FN_IN,
    DM_FN_NOT_IN,
    DM_FN_ADD,
    DM_FN_SUBTRACT,
    DM_FN_MULTIPLY,
    DM_FN_DIVIDE,
    DM_FN_UNARY_PLUS,
    DM_FN_UNARY_MINUS,
    DM_FN_BOUND,
    DM_FN_IF,
    DM_FN_COALESCE,
    DM_FN_SAME_TERM,
    DM_FN_IS_IRI,
    DM_FN_IS_BLANK,
    DM_FN_IS_LITERAL,
    DM_FN_IS_NUMERIC,
    DM_FN_STR,
    DM_FN_LANG,
    DM_FN_LANGMATCHES,
    DM_FN_DATATYPE,
    DM_FN_IRI_OF,
    DM_FN_BNODE,
    DM_FN_STRDT,
    DM_FN_STRLANG,
    DM_FN_UUID,
    DM_FN_STRUUID,
    DM_FN_STRLEN,
    DM_FN_SUBSTR,
    DM_FN_UCASE,
    DM_FN_LCASE,
    DM_FN_STRSTARTS,
    DM_FN_STRENDS,
    DM_FN_CONTAINS,
    DM_FN_STRBEFORE,
    DM_FN_STRAFTER,
    DM_FN_ENCODE_FOR_URI,
    DM_FN_CONCAT,
    DM_FN_REGEX,
    DM_FN_REPLACE,
    DM_FN_ABS,
    DM_FN_ROUND,
    DM_FN_CEIL,
    DM_FN_FLOOR,
    DM_FN_RAND,
    DM_FN_NOW,
    DM_FN_YEAR,
    DM_FN_MONTH,
    DM_FN_DAY,
    DM_FN_HOURS,
    DM_FN_MINUTES,
    DM_FN_SECONDS,
    DM_FN_TIMEZONE,
    DM_FN_TZ,
    DM_FN_MD5,
    DM_FN_SHA1,
    DM_FN_SHA256,
    DM_FN_SHA384,
    DM_FN_SHA512,
    DM_FN_TRIPLE,
    DM_FN_SUBJECT,
    DM_FN_PREDICATE,
    DM_FN_OBJECT,
    DM_FN_IS_TRIPLE,
    DM_FN_LANGDIR,
    DM_FN_HAS_LANG,
    DM_FN_HAS_LANGDIR,
    DM_FN_STRLANGDIR,
    DM_FN_IRI,
};

struct dm_alg;

struct dm_expr {
    enum dm_expr_kind kind;
    enum dm_function function;
    dm_var var;
    uint32_t aggregate;
    struct dm_term term;
    struct dm_str iri; ///< Of DM_FN_IRI
    const struct dm_expr *const *DM_NULLABLE args;
    size_t n_args;
    const struct dm_alg *DM_NULLABLE pattern;
    uint32_t depth; ///< Of this tree, 1 for a leaf; at most DM_ALG_DEPTH_MAX
    struct dm_position at;
};

enum dm_aggregate_kind {
    DM_AGG_COUNT,
    DM_AGG_SUM,
    DM_AGG_MIN,
    DM_AGG_MAX,
    DM_AGG_AVG,
    DM_AGG_SAMPLE,
    DM_AGG_GROUP_CONCAT,
    DM_AGG_QUANTILE, ///< dm:quantile(?x, share): `share`
};

struct dm_aggregate_def {
    enum dm_aggregate_kind kind;
    bool distinct;
    const struct dm_expr *DM_NULLABLE arg; ///< NULL: COUNT(*)
    struct dm_str separator;               ///< GROUP_CONCAT, " " by default
    double share;                          ///< QUANTILE
};

enum dm_alg_kind {
    DM_ALG_UNIT,      ///< One solution that binds nothing: { }
    DM_ALG_BGP,       ///< patterns[]
    DM_ALG_JOIN,      ///< left, right
    DM_ALG_LEFT_JOIN, ///< left, right, expr (NULL: true)
    DM_ALG_UNION,     ///< left, right
    DM_ALG_MINUS,     ///< left, right
    DM_ALG_FILTER,    ///< left, expr
    DM_ALG_GRAPH,     ///< left, graph
    DM_ALG_EXTEND,    ///< left, var, expr
    DM_ALG_VALUES,    ///< vars[], rows[]
    DM_ALG_GROUP,     ///< left, keys[], aggregates[]; one row for each group
    DM_ALG_ORDER,     ///< left, order[]
    DM_ALG_PROJECT,   ///< left, vars[]; all others are unbound above it
    DM_ALG_DISTINCT,  ///< left
    DM_ALG_REDUCED,   ///< left
    DM_ALG_SLICE,     ///< left, offset, limit
    DM_ALG_PATH,      ///< path from patterns[0].s to patterns[0].o
    DM_ALG_SERVICE,   ///< left, graph: the endpoint, silent
};

struct dm_group_key_def {
    dm_var var; ///< Bound to the key in the result
    const struct dm_expr *expr;
};

struct dm_order_key {
    const struct dm_expr *expr;
    bool descending;
};

#define DM_NO_LIMIT UINT64_MAX

struct dm_alg {
    enum dm_alg_kind kind;
    const struct dm_alg *DM_NULLABLE left;
    const struct dm_alg *DM_NULLABLE right;
    const struct dm_expr *DM_NULLABLE expr;
    dm_var var;
    struct dm_slot graph;
    const struct dm_triple_pattern *DM_NULLABLE patterns;
    size_t n_patterns;
    const dm_var *DM_NULLABLE vars;
    size_t n_vars;
    const struct dm_term *DM_NULLABLE rows; ///< n_rows x n_vars; NONE = UNDEF
    size_t n_rows;
    const struct dm_group_key_def *DM_NULLABLE keys;
    size_t n_keys;
    const struct dm_aggregate_def *DM_NULLABLE aggregates;
    size_t n_aggregates;
    const struct dm_order_key *DM_NULLABLE order;
    size_t n_order;
    uint64_t offset;
    uint64_t limit; ///< DM_NO_LIMIT: all
    const struct dm_path *DM_NULLABLE path;
    bool silent;
    uint32_t depth; ///< Of this tree, 1 for a leaf; at most DM_ALG_DEPTH_MAX
    struct dm_position at;
};

DM_END_DECLS

#endif // DM_SPARQL_ALGEBRA_H
