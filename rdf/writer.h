// SPDX-License-Identifier: ISC

#ifndef DM_RDF_WRITER_H
#define DM_RDF_WRITER_H

/**
 * @file
 * Writers: canonical N-Triples and N-Quads 1.2, and Turtle or TriG for people.
 *
 * Canonical form (RDF 1.2 N-Quads, section "A Canonical form"): one space
 * between terms and before '.', xsd:string left out, only \b \t \n \f \r \" \\
 * and \uXXXX for other control characters and U+007F, all else as UTF-8; LF at
 * the end. It is what blocks hold, byte for byte.
 *
 * Turtle is written by serd (it abbreviates and groups by subject); triple
 * terms, which it does not know, and literals that it would spoil are put into
 * its output by us. serd does not check its own allocations, so this writer is
 * for tools, not for the daemon's steps.
 *
 * Threads: pure functions of their arguments; a dm_turtle_writer one at a time.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/term.h"

#include <stdbool.h>

DM_BEGIN_DECLS

struct dm_buf;

/// Append a term in canonical N-Quads form. DM_TERM_NONE appends nothing.
/// @return buf->status; where it is not DM_OK a part may have been appended.
enum dm_status dm_write_term(const struct dm_term *term, struct dm_buf *buf);

/// Append one canonical line with its LF; without graph it is N-Triples.
enum dm_status dm_write_quad(const struct dm_quad *quad, struct dm_buf *buf);

struct dm_turtle_writer;

/// Takes finished text; a status other than DM_OK is returned to who wrote.
typedef enum dm_status (*dm_text_fn)(void *DM_NULLABLE context,
                                     struct dm_str text);

/**
 * Begin a Turtle document, or TriG where `trig`.
 *
 * Quads that follow each other with one subject (and graph) are written
 * together, so the caller sorts. Graphs are refused in Turtle
 * (DM_ERR_ARGUMENT).
 */
enum dm_status dm_turtle_writer_new(bool trig, dm_text_fn sink,
                                    void *DM_NULLABLE context,
                                    struct dm_turtle_writer **ret) DM_NODISCARD;

/// Declare a prefix or the base; before the first quad.
enum dm_status dm_turtle_writer_prefix(struct dm_turtle_writer *writer,
                                       struct dm_str prefix, struct dm_str iri);
enum dm_status dm_turtle_writer_base(struct dm_turtle_writer *writer,
                                     struct dm_str iri);

enum dm_status dm_turtle_writer_quad(struct dm_turtle_writer *writer,
                                     const struct dm_quad *quad) DM_NODISCARD;

/// End the document (the last '.'). The writer is still to be freed.
enum dm_status dm_turtle_writer_end(struct dm_turtle_writer *writer)
    DM_NODISCARD;
void dm_turtle_writer_free(struct dm_turtle_writer *DM_NULLABLE writer);

DM_END_DECLS

#endif // DM_RDF_WRITER_H
