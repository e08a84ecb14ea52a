// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_PARSER_PRIVATE_H
#define DM_SPARQL_PARSER_PRIVATE_H

/**
 * @file
 * Recursive descent over the grammar of SPARQL 1.2 Query, one function for each
 * production, its EBNF above it.
 *
 *   parse_query.c    prologue, forms, modifiers
 *   parse_pattern.c  groups and what stands in them
 *   parse_triples.c  triples, reifiers, annotations, collections
 *   parse_path.c     property paths
 *   parse_expr.c     expressions
 *   parse_term.c     IRIs, literals, variables, triple terms
 *   parser.c         tokens, errors, names: what all of them share
 *
 * The first failure stays in `status`; from then on the token is
 * DM_TOKEN_END, so that every loop ends. A production returns whether it
 * succeeded, or what it made, else NULL.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/map.h"
#include "sparql/lexer_private.h"
#include "sparql/syntax_private.h"

DM_BEGIN_DECLS

#define DM_QUERY_NESTING_MAX 100

struct dm_parser_prefix {
    struct dm_prefix prefix;
    struct dm_parser_prefix *DM_NULLABLE next;
};

/// Where an aggregate may stand
enum dm_parser_aggregates {
    DM_AGGREGATES_NOT_HERE,
    DM_AGGREGATES_ALLOWED,
    DM_AGGREGATES_NESTED, ///< Not here: inside another one
};

struct dm_parser {
    struct dm_lexer lexer;
    struct dm_token token; ///< The next one, not yet taken
    struct dm_arena *arena;
    struct dm_error *DM_NULLABLE error;
    struct dm_str name;    ///< Of the query, for errors
    enum dm_status status; ///< The first failure
    struct dm_str base;
    struct dm_parser_prefix *DM_NULLABLE prefixes; ///< The newest first
    struct dm_buf scratch;
    struct dm_map vars;   ///< Name of a variable: its number
    struct dm_map labels; ///< Of a blank node: its number, and where it is
    struct dm_str *DM_NULLABLE names; ///< By number; in the arena
    size_t n_names;
    size_t names_capacity;
    uint32_t bgp; ///< Which basic graph pattern this is; 0 in a template
    uint32_t n_bgps;
    bool in_template; ///< Of CONSTRUCT: no paths, blank nodes stay
    enum dm_parser_aggregates aggregates;
    struct dm_syn_select *DM_NULLABLE level;
    struct dm_syn_triple *DM_NULLABLE *DM_NULLABLE tail; ///< Of a triple list
    unsigned depth;
    /// The first thing that is correct but not supported
    struct dm_error unsupported;
};

/// Keep the first failure; gives back false.
bool dm_parser_fail(struct dm_parser *p, struct dm_position at,
                    enum dm_status status, const char *what, ...)
    DM_PRINTF(4, 5);
/// Fail at the present token: "expected WHAT: found …"
bool dm_parser_expected(struct dm_parser *p, const char *what);
/// Remember what is correct, but not supported; only the first counts.
void dm_parser_unsupported(struct dm_parser *p, struct dm_position at,
                           const char *what, ...) DM_PRINTF(3, 4);

void dm_parser_advance(struct dm_parser *p);
bool dm_parser_is(const struct dm_parser *p, enum dm_token_kind kind);
bool dm_parser_is_word(const struct dm_parser *p, const char *word);
/// Take the present token if it is that one.
bool dm_parser_accept(struct dm_parser *p, enum dm_token_kind kind);
bool dm_parser_accept_word(struct dm_parser *p, const char *word);
/// … else fail; `what` names it: "')'"
bool dm_parser_expect(struct dm_parser *p, enum dm_token_kind kind,
                      const char *what);
bool dm_parser_expect_word(struct dm_parser *p, const char *word);

/// One level deeper, in brackets of any kind; fails over the limit
bool dm_parser_enter(struct dm_parser *p);
void dm_parser_leave(struct dm_parser *p);

/// Zeroed room in the arena; NULL is a failure
void *DM_NULLABLE dm_parser_alloc(struct dm_parser *p, size_t n, size_t size);
bool dm_parser_no_memory(struct dm_parser *p);
/// A copy in the arena of what is in the scratch buffer
bool dm_parser_keep_scratch(struct dm_parser *p, struct dm_str *ret);

/// The number of a variable by its name; DM_VAR_NONE is a failure
dm_var dm_parser_var(struct dm_parser *p, struct dm_str name);
/// … of a new one without a name
dm_var dm_parser_fresh_var(struct dm_parser *p);
/// A blank node of a pattern (a variable) or template, by label; empty: a fresh
/// one
bool dm_parser_blank(struct dm_parser *p, struct dm_str label,
                     struct dm_slot *ret);

// parse_term.c
bool dm_parse_is_iri(const struct dm_parser *p);
bool dm_parse_iri(struct dm_parser *p, struct dm_term *ret);
bool dm_parse_is_literal(const struct dm_parser *p);
bool dm_parse_literal(struct dm_parser *p, struct dm_term *ret);
bool dm_parse_string(struct dm_parser *p, struct dm_str *ret);
bool dm_parse_var(struct dm_parser *p, dm_var *ret);
bool dm_parse_var_or_iri(struct dm_parser *p, struct dm_slot *ret);
bool dm_parse_is_var_or_term(const struct dm_parser *p);
bool dm_parse_var_or_term(struct dm_parser *p, struct dm_slot *ret);
bool dm_parse_verb(struct dm_parser *p, struct dm_slot *ret);
bool dm_parse_triple_term(struct dm_parser *p, struct dm_slot *ret);
bool dm_parse_triple_term_data(struct dm_parser *p, struct dm_term *ret);
/// The triple term of three positions, a constant where it can be one
bool dm_parser_triple_slot(struct dm_parser *p,
                           const struct dm_triple_pattern *pattern,
                           struct dm_slot *ret);
struct dm_slot dm_slot_of_term(struct dm_term term);
struct dm_slot dm_slot_of_var(dm_var var);

// parse_path.c
/// @param ret_simple Whether it is just an IRI or 'a', as it was written.
const struct dm_path *DM_NULLABLE dm_parse_path(struct dm_parser *p,
                                                bool *ret_simple);
bool dm_parse_is_path(const struct dm_parser *p);

// parse_triples.c
bool dm_parse_is_triples(const struct dm_parser *p);
bool dm_parse_triples_same_subject(struct dm_parser *p);

// parse_pattern.c
struct dm_syn_group *DM_NULLABLE dm_parse_group(struct dm_parser *p);
struct dm_syn_values *DM_NULLABLE dm_parse_data_block(struct dm_parser *p);

// parse_expr.c
struct dm_syn_expr *DM_NULLABLE dm_parse_expression(struct dm_parser *p);
bool dm_parse_is_constraint(const struct dm_parser *p);
struct dm_syn_expr *DM_NULLABLE dm_parse_constraint(struct dm_parser *p);
struct dm_syn_expr *DM_NULLABLE
dm_parse_bracketted_expression(struct dm_parser *p);
struct dm_syn_expr *DM_NULLABLE dm_parse_var_expr(struct dm_parser *p);

// parse_query.c
struct dm_syn_select *DM_NULLABLE dm_parse_sub_select(struct dm_parser *p);

DM_END_DECLS

#endif // DM_SPARQL_PARSER_PRIVATE_H
