// SPDX-License-Identifier: ISC

#ifndef DM_RDF_READER_PRIVATE_H
#define DM_RDF_READER_PRIVATE_H

/**
 * @file
 * What the files behind rdf/reader.h share.
 *
 *   reader.c        life, errors, prefixes, what a step is
 *   lines.c         N-Triples and N-Quads
 *   turtle.c        statements of Turtle and TriG
 *   turtle_term.c   their terms
 *
 * I1 Terms of a statement lie in `arena` (or in the lexer's bytes, for the line
 *    formats), which a step empties at its start; those of one object are gone
 *    when its triple has been handed over.
 * I2 `nesting` is 0 when a step begins and when it ends well.
 * I3 A function that fails has set the step's error, unless sink or source
 *    failed, whose own it is.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/map.h"
#include "rdf/lexer_private.h"
#include "rdf/reader.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// A term and where it stands
struct spot {
    struct dm_term term;
    struct dm_position at;
};

struct dm_reader {
    struct dm_reader_options options; ///< Strings in `strings`, no zeros
    struct dm_arena strings;
    struct lexer lexer;
    dm_quad_fn sink;
    void *DM_NULLABLE sink_context;
    struct dm_error *DM_NULLABLE error; ///< Of this step

    struct dm_arena arena;
    struct dm_arena_mark mark; ///< Of an empty arena
    bool has_mark;
    struct dm_buf scratch; ///< Of one function at a time
    struct dm_buf base;
    struct dm_map prefixes; ///< To struct prefix, see reader.c
    size_t prefix_bytes;
    uint64_t n_blanks;

    uint64_t statement_from; ///< lexer.passed when it began
    unsigned nesting;
    const char *closer;  ///< What would end the innermost list: ".", "]", "|}"
    bool is_assumed_end; ///< A missing '.' was mended

    bool in_graph;            ///< Within { }
    struct dm_buf graph_text; ///< Bytes of `graph`
    struct spot graph;        ///< NONE outside of a named graph
};

/// Set the step's error at `at`.
/// @return `status`
enum dm_status reader_fail(struct dm_reader *reader, enum dm_status status,
                           struct dm_position at, const char *what, ...)
    DM_PRINTF(4, 5);
/// Add to it what would be right.
void reader_hint(struct dm_reader *reader, const char *hint);

/// Out of memory, or over the limit of a statement; sets the error
enum dm_status reader_no_room(struct dm_reader *reader);

/// Fail with what the source or memory said.
enum dm_status reader_unreadable(struct dm_reader *reader,
                                 enum dm_status status);

/// Have a token (lexer_peek), within the limit of a statement.
enum dm_status reader_peek(struct dm_reader *reader) DM_NODISCARD;

/// Fail because the token is not `wanted` ("a subject"), or is wrong itself.
enum dm_status reader_unexpected(struct dm_reader *reader, const char *wanted);

/// Fail because something is wrong with the token, `what`.
enum dm_status reader_token_error(struct dm_reader *reader, const char *what,
                                  const char *hint);

/// Peek, and fail unless the token is `kind`, called `wanted`.
enum dm_status reader_want(struct dm_reader *reader, enum token_kind kind,
                           const char *wanted) DM_NODISCARD;

/// Fail where 1.1 is asked for and the token is of 1.2.
enum dm_status reader_need_1_2(struct dm_reader *reader, const char *what)
    DM_NODISCARD;

/// Hand a triple over, in the present graph.
enum dm_status reader_emit(struct dm_reader *reader, const struct spot *s,
                           const struct spot *p, const struct spot *o)
    DM_NODISCARD;

/// Declare a prefix, or declare it again.
enum dm_status reader_declare(struct dm_reader *reader, struct dm_str name,
                              struct dm_str iri) DM_NODISCARD;
enum dm_status reader_set_base(struct dm_reader *reader, struct dm_str iri)
    DM_NODISCARD;

/// Room for the label of a generated blank node
size_t reader_label_size(const struct dm_reader *reader);
/// Write the next generated label to `room` of that size.
struct dm_term reader_fresh_blank(struct dm_reader *reader, char *room);

// lines.c
enum dm_status lines_step(struct dm_reader *reader) DM_NODISCARD;
enum dm_status lines_recover(struct dm_reader *reader) DM_NODISCARD;

// turtle.c
enum dm_status turtle_step(struct dm_reader *reader) DM_NODISCARD;
enum dm_status turtle_recover(struct dm_reader *reader) DM_NODISCARD;
/// predicateObjectList, which `closer` ends (not taken)
enum dm_status turtle_properties(struct dm_reader *reader,
                                 const struct spot *subject, const char *closer)
    DM_NODISCARD;

// turtle_term.c; each takes its tokens
/// One level deeper into [ ], ( ), << >>, {| |}
enum dm_status turtle_enter(struct dm_reader *reader) DM_NODISCARD;
void turtle_leave(struct dm_reader *reader);
/// IRIREF; the token is one
enum dm_status turtle_iriref(struct dm_reader *reader, struct spot *ret)
    DM_NODISCARD;
/// iri or BlankNode; the token begins one, `wanted` says what it shall be
enum dm_status turtle_node(struct dm_reader *reader, const char *wanted,
                           struct spot *ret) DM_NODISCARD;
enum dm_status turtle_verb(struct dm_reader *reader, struct spot *ret)
    DM_NODISCARD;
enum dm_status turtle_object(struct dm_reader *reader, struct spot *ret)
    DM_NODISCARD;
/// `*ret_alone`: it may be a statement without properties
enum dm_status turtle_subject(struct dm_reader *reader, struct spot *ret,
                              bool *ret_alone) DM_NODISCARD;
/// A generated blank node, its label in the arena
enum dm_status turtle_fresh(struct dm_reader *reader, struct dm_position at,
                            struct spot *ret) DM_NODISCARD;
/// Hand over that `reifier` rdf:reifies the triple.
enum dm_status turtle_reify(struct dm_reader *reader,
                            const struct spot *reifier,
                            const struct dm_triple *triple) DM_NODISCARD;

DM_END_DECLS

#endif // DM_RDF_READER_PRIVATE_H
