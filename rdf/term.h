// SPDX-License-Identifier: ISC

#ifndef DM_RDF_TERM_H
#define DM_RDF_TERM_H

/**
 * @file
 * RDF 1.2 terms, triples and quads as plain values.
 *
 * A term is a value whose bytes are views: it lives as long as what it looks
 * into, which each function that hands one out says. Terms are UTF-8 without
 * U+0000 in IRIs; blank node labels are without "_:".
 *
 * Literals (RDF 1.2 Concepts, section 3.4): `datatype` is always the whole IRI,
 * also xsd:string; for a language-tagged string it is rdf:langString, or
 * rdf:dirLangString where `direction` is set. Language tags are kept as they
 * were written and compare without regard to case.
 *
 * A triple term points to the three terms it is made of, at most
 * DM_TRIPLE_DEPTH_MAX deep.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_arena;

/// Triple terms nest at most so deep; one `<<( )>>` is 1
#define DM_TRIPLE_DEPTH_MAX 16

enum dm_term_kind {
    DM_TERM_NONE, ///< No term: the default graph, an unbound variable
    DM_TERM_IRI,
    DM_TERM_BLANK,
    DM_TERM_LITERAL,
    DM_TERM_TRIPLE,
};

enum dm_direction {
    DM_DIRECTION_NONE,
    DM_DIRECTION_LTR,
    DM_DIRECTION_RTL,
};

struct dm_triple;

struct dm_term {
    enum dm_term_kind kind;
    enum dm_direction direction; ///< Of a language-tagged string
    struct dm_str value;         ///< IRI, blank node label or lexical form
    struct dm_str datatype;      ///< Of a literal: an IRI, never empty
    struct dm_str language;      ///< Of a language-tagged string, else empty
    const struct dm_triple *DM_NULLABLE triple; ///< Of a triple term
};

struct dm_triple {
    struct dm_term s;
    struct dm_term p;
    struct dm_term o;
};

struct dm_quad {
    struct dm_term s;
    struct dm_term p;
    struct dm_term o;
    struct dm_term g; ///< DM_TERM_NONE: the default graph
};

/// Where something stands in a text: line and column from 1, columns counted in
/// code points. {0, 0} where there is no such place.
struct dm_position {
    uint32_t line;
    uint32_t column;
};

#define DM_RDF_NS "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define DM_RDFS_NS "http://www.w3.org/2000/01/rdf-schema#"
#define DM_XSD_NS "http://www.w3.org/2001/XMLSchema#"

struct dm_term dm_term_iri(struct dm_str iri);
struct dm_term dm_term_blank(struct dm_str label);
struct dm_term dm_term_literal(struct dm_str lexical, struct dm_str datatype);
/// A literal of xsd:string
struct dm_term dm_term_string(struct dm_str text);
/// A literal with language, and direction where it is not NONE
struct dm_term dm_term_tagged(struct dm_str text, struct dm_str language,
                              enum dm_direction direction);
/// `triple` lives as long as the term.
struct dm_term dm_term_triple(const struct dm_triple *triple);

/// Same term (RDF 1.2 Concepts, term equality): language tags without regard to
/// case, all else byte by byte, blank nodes by label.
bool dm_term_equal(const struct dm_term *a, const struct dm_term *b);

/// A total order for sets and tests: kind, then bytes. Not SPARQL's ORDER BY.
int dm_term_compare(const struct dm_term *a, const struct dm_term *b);

bool dm_quad_equal(const struct dm_quad *a, const struct dm_quad *b);

bool dm_term_is_iri(const struct dm_term *term, const char *iri);

/// 0 for a term without triple terms
unsigned dm_term_depth(const struct dm_term *term);

/// A copy all of whose bytes lie in `arena`.
/// @return DM_ERR_NO_MEMORY.
enum dm_status dm_term_copy(struct dm_arena *arena, const struct dm_term *term,
                            struct dm_term *ret) DM_NODISCARD;

DM_END_DECLS

#endif // DM_RDF_TERM_H
