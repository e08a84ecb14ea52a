// SPDX-License-Identifier: ISC

#ifndef DM_RDF_READER_H
#define DM_RDF_READER_H

/**
 * @file
 * One reader for N-Triples, N-Quads, Turtle and TriG, each 1.1 and 1.2.
 *
 * It pulls bytes from a source, in pieces of any length, and hands quads to a
 * sink, with the position of each of their terms:
 *
 *     reader = dm_reader_new(&options, source, sink);
 *     while (!(status = dm_reader_step(reader, &error))) { }
 *     // DM_END: all read.  Else an error, with line and column.
 *     dm_reader_free(reader);
 *
 * A step reads one statement: a line of N-Triples or N-Quads, a directive, or
 * in Turtle one subject with all that is said of it up to its '.' (in TriG a
 * step may also be one of those inside a graph block). So work is bounded by
 * the limit on a statement's size, and a caller may stop between steps.
 *
 * Errors. A syntax error names what is wrong, where, and what would be right.
 * The quads of the broken statement that were handed over before the error stay
 * handed over; who must not half-apply a file reads it whole first. After an
 * error, dm_reader_recover() skips to behind the next '.' that ends a statement
 * (behind the next line for the line formats), and reading can go on, so that a
 * file's errors show at once. A missing ';' or '.' is reported and assumed
 * where the next line begins with a property or a subject (also where a ';'
 * stands for the '.'); then the step goes on by itself, and the error has
 * reached `on_error` alone.
 *
 * Prefixes and base are the document's; after the end dm_reader_prefix() knows
 * them. Reifiers and annotations of Turtle 1.2 become rdf:reifies quads.
 *
 * Blank nodes without a label are called "b0", "b1"…; one with a label keeps
 * it, but in Turtle and TriG a label that looks so (any number of x, then b and
 * digits) gets one more x in front, so that no table of labels is needed and
 * none clash. `blank_prefix` comes before both; give each document of a store
 * another one.
 *
 * Limits: one token `max_token` bytes, one statement `max_statement` bytes,
 * nesting of [ ] ( ) << >> {| |} DM_READER_NESTING_MAX, triple terms
 * DM_TRIPLE_DEPTH_MAX; over them DM_ERR_LIMIT with a position.
 *
 * Threads: one at a time. Memory: bounded by the limits and the prefixes.
 * Source: RDF 1.2 Turtle, TriG, N-Triples, N-Quads (W3C); W3C test suites.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/term.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_READER_NESTING_MAX 100

struct dm_reader;

enum dm_syntax {
    DM_SYNTAX_NTRIPLES,
    DM_SYNTAX_NQUADS,
    DM_SYNTAX_TURTLE,
    DM_SYNTAX_TRIG,
};

/// Fill `bytes` with at most `n` bytes, `*ret_n` = how many; 0 is the end.
/// A status other than DM_OK ends the step that asked, which returns it; after
/// that the reader is only to be freed.
typedef enum dm_status (*dm_source_fn)(void *context, char *bytes, size_t n,
                                       size_t *ret_n);

/// Where the four terms of a quad stand in the text. A generated term (a blank
/// node of [ ], rdf:first) has the position of what made it.
struct dm_quad_positions {
    struct dm_position s;
    struct dm_position p;
    struct dm_position o;
    struct dm_position g;
};

/// Takes a quad, whose bytes live until it returns. A status other than DM_OK
/// ends the step, which returns it. It may set `*error`.
typedef enum dm_status (*dm_quad_fn)(void *DM_NULLABLE context,
                                     const struct dm_quad *quad,
                                     const struct dm_quad_positions *positions,
                                     struct dm_error *DM_NULLABLE error);

/// Told of errors that the reader mended by itself (a missing ';' or '.').
typedef void (*dm_reader_error_fn)(void *DM_NULLABLE context,
                                   const struct dm_error *error);

struct dm_reader_options {
    enum dm_syntax syntax;
    bool strict_1_1;    ///< Refuse what only 1.2 has
    struct dm_str base; ///< Absolute IRI, or empty: relative is an error
    struct dm_str name; ///< For errors: the file, "" for none
    struct dm_str blank_prefix; ///< Before the labels of blank nodes
    size_t max_token;           ///< Bytes; 0: 1 MiB
    size_t max_statement; ///< Bytes of its text, and of its terms; 0: 16 MiB
    bool mend;            ///< Assume a missing ';' or '.', see above
    dm_reader_error_fn DM_NULLABLE on_error;
    void *DM_NULLABLE error_context;
};

/**
 * Make a reader. The strings of `options` are copied.
 *
 * @return DM_ERR_NO_MEMORY, DM_ERR_ARGUMENT (a base that is not an IRI).
 */
enum dm_status dm_reader_new(const struct dm_reader_options *options,
                             dm_source_fn source, void *source_context,
                             dm_quad_fn sink, void *DM_NULLABLE sink_context,
                             struct dm_reader **ret) DM_NODISCARD;
void dm_reader_free(struct dm_reader *DM_NULLABLE reader);

/// Read one statement.
/// @return DM_OK, DM_END, DM_ERR_SYNTAX, DM_ERR_LIMIT, DM_ERR_NO_MEMORY, or
/// what source or sink returned.
enum dm_status dm_reader_step(struct dm_reader *reader,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// After DM_ERR_SYNTAX or DM_ERR_LIMIT: skip to where reading can go on.
/// @return DM_OK, DM_END, DM_ERR_NO_MEMORY, or what the source returned.
enum dm_status dm_reader_recover(struct dm_reader *reader) DM_NODISCARD;

/// Where reading stands: behind the last statement
struct dm_position dm_reader_position(const struct dm_reader *reader);

/// The namespace of a declared prefix ("" for the empty one): an empty view
/// with data NULL where it is not declared. Until the next step.
struct dm_str dm_reader_prefix(const struct dm_reader *reader,
                               struct dm_str prefix);
/// The i-th declared prefix, from 0 on; false behind the last. Until the next
/// step.
bool dm_reader_prefix_at(const struct dm_reader *reader, size_t i,
                         struct dm_str *ret_prefix, struct dm_str *ret_iri);
/// The base in force; empty where there is none. Until the next step.
struct dm_str dm_reader_base(const struct dm_reader *reader);

/// Read all of `text` at once: new, steps to the end, free.
enum dm_status dm_read_text(const struct dm_reader_options *options,
                            struct dm_str text, dm_quad_fn sink,
                            void *DM_NULLABLE context,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// The syntax of a file by its ending: .nt .nq .ttl .trig
bool dm_syntax_of_name(struct dm_str name, enum dm_syntax *ret);

DM_END_DECLS

#endif // DM_RDF_READER_H
