// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_QUERY_H
#define DM_SPARQL_QUERY_H

/**
 * @file
 * Text of a query to algebra.
 *
 * Lexer and recursive descent, one function for each production. What
 * SPARQL 1.1 or 1.2 allows and this program cannot do yet is DM_ERR_UNSUPPORTED
 * with "not supported yet: …"; what they do not allow is DM_ERR_SYNTAX with
 * line, column and what would be right.
 *
 * Limits: text 64 KiB by default, nesting 100, DM_VARS_MAX variables.
 *
 * Threads: any; a parsed query is read-only and may be run by several at once.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sparql/algebra.h"

DM_BEGIN_DECLS

enum dm_query_form {
    DM_QUERY_SELECT,
    DM_QUERY_ASK,
    DM_QUERY_CONSTRUCT,
    DM_QUERY_DESCRIBE,
};

struct dm_prefix {
    struct dm_str prefix; ///< Without ':'
    struct dm_str iri;
};

struct dm_query_options {
    struct dm_str base; ///< Of relative IRIs; empty: those are an error
    const struct dm_prefix *DM_NULLABLE prefixes; ///< Declared beforehand; the
    size_t n_prefixes;  ///< query may declare them anew
    size_t max_text;    ///< Bytes; 0: 64 KiB
    size_t max_memory;  ///< Of the algebra; 0: 8 MiB
    struct dm_str name; ///< For errors ("query")
};

struct dm_query {
    enum dm_query_form form;
    const struct dm_alg *pattern; ///< With all modifiers; of SELECT its root
                                  ///< yields the projected variables
    /// What SELECT projects, in order; what the template of CONSTRUCT has, what
    /// DESCRIBE describes; none for ASK
    const dm_var *columns;
    size_t n_columns;
    const struct dm_str *names; ///< By variable; empty: no name
    size_t n_vars;
    bool has_dataset; ///< FROM or FROM NAMED was there
    const struct dm_term *from;
    size_t n_from;
    const struct dm_term *from_named;
    size_t n_from_named;
    /// CONSTRUCT's template: its blank nodes are constants, fresh in each
    /// solution
    const struct dm_triple_pattern *construct;
    size_t n_construct;
    const struct dm_slot *describe; ///< DESCRIBE's terms
    size_t n_describe;
    struct dm_str base; ///< In force at the end; for IRI()
};

/// The prefixes that every query of ours knows: dm: and the empty one, rdf:,
/// rdfs:, xsd:
extern const struct dm_prefix dm_query_prefixes[];
extern const size_t dm_n_query_prefixes;

enum dm_status dm_query_parse(struct dm_str text,
                              const struct dm_query_options *options,
                              struct dm_query **ret,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;
void dm_query_free(struct dm_query *DM_NULLABLE query);

/// The algebra as an indented text, for `--explain` and tests
struct dm_buf;
void dm_query_print(const struct dm_query *query, struct dm_buf *buf);

DM_END_DECLS

#endif // DM_SPARQL_QUERY_H
