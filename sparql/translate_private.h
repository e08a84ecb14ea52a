// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_TRANSLATE_PRIVATE_H
#define DM_SPARQL_TRANSLATE_PRIVATE_H

/**
 * @file
 * Section 18.2 of SPARQL: from syntax to algebra.
 *
 *   translate.c        query levels: grouping, SELECT, modifiers
 *   translate_group.c  graph patterns
 *   translate_expr.c   expressions, aggregates
 *   scope.c            numbers of variables, and which are in scope
 *
 * Scope. `map` gives the number of each name in the present scope; a sub-select
 * begins a new one, in which only the names that it projects have the numbers
 * of the outer one.
 *
 * As in the parser the first failure stays in `status`, and what is made is
 * NULL from then on.
 */

#include "base/attr.h"
#include "sparql/syntax_private.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_var_set {
    uint64_t bits[DM_VARS_MAX / 64];
};

struct dm_aggregate_node {
    struct dm_aggregate_def def;
    struct dm_aggregate_node *DM_NULLABLE next;
};

/// What expressions above a group may see
struct dm_grouping {
    struct dm_var_set keys;    ///< Bound by the group, or by SELECT so far
    struct dm_var_set visible; ///< Below the group
    bool is_strict; ///< SELECT: others are an error; else one is sampled
    struct dm_aggregate_node *DM_NULLABLE aggregates;
    struct dm_aggregate_node *DM_NULLABLE *tail;
    size_t n_aggregates;
};

struct dm_translator {
    const struct dm_syn_query *syntax;
    struct dm_arena *arena;
    struct dm_error *DM_NULLABLE error;
    struct dm_str name; ///< Of the query, for errors
    enum dm_status status;
    struct dm_str *DM_NULLABLE names; ///< By variable
    size_t n_vars;
    size_t names_capacity;
    dm_var *DM_NULLABLE map; ///< By number of a name; DM_VAR_NONE: none yet
    struct dm_grouping *DM_NULLABLE grouping; ///< Set above a group
    uint32_t depth;                           ///< Of what is being translated
};

// scope.c
bool dm_translate_fail(struct dm_translator *t, struct dm_position at,
                       enum dm_status status, const char *what, ...)
    DM_PRINTF(4, 5);
bool dm_translate_no_memory(struct dm_translator *t);
void *DM_NULLABLE dm_translate_alloc(struct dm_translator *t, size_t n,
                                     size_t size);
/// One level deeper; fails over DM_ALG_DEPTH_MAX
bool dm_translate_enter(struct dm_translator *t, struct dm_position at);
void dm_translate_leave(struct dm_translator *t);

dm_var dm_translate_var(struct dm_translator *t, dm_var name);
/// A variable that nothing else names
dm_var dm_translate_fresh(struct dm_translator *t);
struct dm_str dm_translate_name(const struct dm_translator *t, dm_var name);
/// A scope of its own: no name has a number
dm_var *DM_NULLABLE dm_translate_scope(struct dm_translator *t);

void dm_var_set_add(struct dm_var_set *set, dm_var var);
bool dm_var_set_has(const struct dm_var_set *set, dm_var var);
size_t dm_var_set_count(const struct dm_var_set *set);
/// Add what is in scope above `alg` (section 18.2.1).
void dm_var_set_visible(struct dm_var_set *set, const struct dm_alg *alg);

// translate_expr.c
const struct dm_expr *DM_NULLABLE
dm_translate_expr(struct dm_translator *t, const struct dm_syn_expr *syntax);

// translate_group.c
/// @param ret_filter Takes the group's filter, which stays apart (OPTIONAL), or
///                   NULL where it has none. NULL: it becomes a part.
const struct dm_alg *DM_NULLABLE
dm_translate_group(struct dm_translator *t, const struct dm_syn_group *syntax,
                   const struct dm_expr *DM_NULLABLE *DM_NULLABLE ret_filter);
bool dm_translate_slot(struct dm_translator *t, const struct dm_slot *syntax,
                       struct dm_slot *ret);
bool dm_translate_pattern(struct dm_translator *t,
                          const struct dm_triple_pattern *syntax,
                          struct dm_triple_pattern *ret);
struct dm_alg *DM_NULLABLE
dm_translate_values(struct dm_translator *t,
                    const struct dm_syn_values *syntax);
const struct dm_alg *DM_NULLABLE
dm_translate_join(struct dm_translator *t,
                  const struct dm_alg *DM_NULLABLE left,
                  const struct dm_alg *DM_NULLABLE right);
/// A node above `left` (and `right`), its depth counted; NULL for a NULL left
struct dm_alg *DM_NULLABLE
dm_translate_node(struct dm_translator *t, enum dm_alg_kind kind,
                  const struct dm_alg *DM_NULLABLE left,
                  const struct dm_alg *DM_NULLABLE right,
                  struct dm_position at);
/// A node with nothing below
struct dm_alg *DM_NULLABLE dm_translate_leaf(struct dm_translator *t,
                                             enum dm_alg_kind kind,
                                             struct dm_position at);
struct dm_alg *DM_NULLABLE
dm_translate_filter(struct dm_translator *t,
                    const struct dm_alg *DM_NULLABLE left,
                    const struct dm_expr *DM_NULLABLE expr);
struct dm_alg *DM_NULLABLE
dm_translate_extend(struct dm_translator *t,
                    const struct dm_alg *DM_NULLABLE left, dm_var var,
                    const struct dm_expr *DM_NULLABLE expr);

// translate.c
const struct dm_alg *DM_NULLABLE
dm_translate_sub_select(struct dm_translator *t,
                        const struct dm_syn_select *syntax);

DM_END_DECLS

#endif // DM_SPARQL_TRANSLATE_PRIVATE_H
