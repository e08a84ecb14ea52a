// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_GRAPH_TEXT_H
#define DM_SPARQL_GRAPH_TEXT_H

/**
 * @file
 * The graph of CONSTRUCT or DESCRIBE as text: Turtle, TriG, N-Triples, N-Quads.
 *
 * Turtle (TriG is the same for one default graph) names the subject once, the
 * predicate once for its objects, and shortens IRIs of the prefixes that every
 * query has. It needs triples in order, as dm_construct_next() gives them, and
 * is bounded by the buffer, so that the daemon's steps may use it; the writer
 * of rdf/writer.h is serd's.
 *
 * Threads: those of the snapshot. Errors: those of the buffer and the snapshot.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"
#include "quadstore/scan.h"
#include "quadstore/store.h"

#include <stdbool.h>

DM_BEGIN_DECLS

enum dm_graph_format {
    DM_GRAPH_TURTLE,
    DM_GRAPH_TRIG,
    DM_GRAPH_NTRIPLES,
    DM_GRAPH_NQUADS,
};

/// "text/turtle", …
const char *dm_graph_media_type(enum dm_graph_format format);
/// By a name as "turtle", or a media type
bool dm_graph_format_of(struct dm_str name, enum dm_graph_format *ret);

struct dm_graph_writer {
    enum dm_graph_format format;
    struct dm_snapshot *snapshot;
    struct dm_buf *buf;
    struct dm_triple_ids last; ///< DM_ID_NONE: nothing was written
};

enum dm_status dm_graph_begin(struct dm_graph_writer *writer,
                              enum dm_graph_format format,
                              struct dm_snapshot *snapshot, struct dm_buf *buf);
enum dm_status dm_graph_triple(struct dm_graph_writer *writer,
                               const struct dm_triple_ids *triple);
enum dm_status dm_graph_end(struct dm_graph_writer *writer);

DM_END_DECLS

#endif // DM_SPARQL_GRAPH_TEXT_H
