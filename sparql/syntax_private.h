// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_SYNTAX_PRIVATE_H
#define DM_SPARQL_SYNTAX_PRIVATE_H

/**
 * @file
 * A query as it was written, with its abbreviations expanded.
 *
 *     text --parser--> struct dm_syn_query --translate--> algebra
 *
 * IRIs are whole, triples are patterns, blank nodes and reifiers of patterns
 * are variables without a name. A variable is the number of its name: one name,
 * one number, wherever it stands; scope comes with the translation. All of it
 * lies in the arena of the query.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/term.h"
#include "sparql/algebra.h"
#include "sparql/query.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_syn_group;

struct dm_syn_expr {
    struct dm_expr base;                    ///< Without args and pattern
    struct dm_syn_expr *DM_NULLABLE args;   ///< A list
    struct dm_syn_expr *DM_NULLABLE next;   ///< In the list this is part of
    struct dm_syn_group *DM_NULLABLE group; ///< Of EXISTS
    struct dm_aggregate_def aggregate;      ///< Its argument is `args`
};

/// A triple, or a path between two ends: then pattern.p says nothing
struct dm_syn_triple {
    struct dm_triple_pattern pattern;
    const struct dm_path *DM_NULLABLE path;
    struct dm_syn_triple *DM_NULLABLE next;
};

struct dm_syn_term {
    struct dm_term term;
    struct dm_syn_term *DM_NULLABLE next;
};

struct dm_syn_slot {
    struct dm_slot slot;
    struct dm_syn_slot *DM_NULLABLE next;
};

struct dm_syn_values {
    const dm_var *DM_NULLABLE vars;
    size_t n_vars;
    const struct dm_term *DM_NULLABLE rows;
    size_t n_rows;
    struct dm_position at;
};

enum dm_syn_kind {
    DM_SYN_TRIPLES,  ///< triples
    DM_SYN_UNION,    ///< groups, one or more
    DM_SYN_OPTIONAL, ///< groups
    DM_SYN_MINUS,    ///< groups
    DM_SYN_GRAPH,    ///< groups, graph
    DM_SYN_SERVICE,  ///< groups, graph, silent
    DM_SYN_FILTER,   ///< expr
    DM_SYN_BIND,     ///< expr, var
    DM_SYN_VALUES,   ///< values
    DM_SYN_SELECT,   ///< select
};

struct dm_syn_select;

/// A part of a group
struct dm_syn_element {
    enum dm_syn_kind kind;
    struct dm_syn_triple *DM_NULLABLE triples;
    struct dm_syn_group *DM_NULLABLE groups;
    struct dm_slot graph;
    struct dm_syn_expr *DM_NULLABLE expr;
    dm_var var;
    bool silent;
    struct dm_syn_values *DM_NULLABLE values;
    struct dm_syn_select *DM_NULLABLE select;
    struct dm_position at;
    struct dm_syn_element *DM_NULLABLE next;
};

struct dm_syn_group {
    struct dm_syn_element *DM_NULLABLE elements;
    struct dm_syn_group *DM_NULLABLE next; ///< The other side of UNION
};

/// A variable or (expr AS variable), in SELECT and in GROUP BY; there `var` may
/// be DM_VAR_NONE
struct dm_syn_item {
    dm_var var;
    struct dm_syn_expr *DM_NULLABLE expr;
    struct dm_position at;
    struct dm_syn_item *DM_NULLABLE next;
};

struct dm_syn_order {
    struct dm_syn_expr *expr;
    bool descending;
    struct dm_syn_order *DM_NULLABLE next;
};

/// A query level: a pattern, grouping, and modifiers
struct dm_syn_select {
    bool all; ///< SELECT *
    bool distinct;
    bool reduced;
    bool has_aggregates;
    struct dm_syn_item *DM_NULLABLE items;
    struct dm_syn_group *group;
    struct dm_syn_item *DM_NULLABLE keys;   ///< GROUP BY
    struct dm_syn_expr *DM_NULLABLE having; ///< A list
    struct dm_syn_order *DM_NULLABLE order;
    uint64_t offset;
    uint64_t limit;
    struct dm_syn_values *DM_NULLABLE values;
    struct dm_position at;
};

struct dm_syn_query {
    enum dm_query_form form;
    struct dm_syn_select *level;
    const struct dm_str *DM_NULLABLE names; ///< By number; empty: no name
    size_t n_names;
    bool has_dataset;
    struct dm_syn_term *DM_NULLABLE from;
    struct dm_syn_term *DM_NULLABLE from_named;
    struct dm_syn_triple *DM_NULLABLE construct;
    struct dm_syn_slot *DM_NULLABLE describe;
    struct dm_str base;
};

/**
 * Parse a query; all of it lies in `arena`.
 *
 * @return DM_ERR_SYNTAX, DM_ERR_LIMIT, DM_ERR_NO_MEMORY; DM_ERR_UNSUPPORTED
 *         only where the whole text is correct.
 */
enum dm_status dm_parse(struct dm_str text,
                        const struct dm_query_options *options,
                        struct dm_arena *arena, struct dm_syn_query *ret,
                        struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Section 18.2 of SPARQL: fill `*ret` from what was parsed.
enum dm_status dm_translate(const struct dm_syn_query *syntax,
                            struct dm_str name, struct dm_arena *arena,
                            struct dm_query *ret,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SPARQL_SYNTAX_PRIVATE_H
