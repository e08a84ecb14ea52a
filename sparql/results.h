// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_RESULTS_H
#define DM_SPARQL_RESULTS_H

/**
 * @file
 * Results of SELECT and ASK as text: writers for clients, readers for tests.
 *
 * JSON, XML, CSV and TSV as their W3C recommendations say, 1.2 with triple
 * terms and base direction. A writer appends to a buffer that the caller
 * drains.
 *
 * Threads: one at a time. Errors: those of the buffer.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/term.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

enum dm_results_format {
    DM_RESULTS_JSON,
    DM_RESULTS_XML,
    DM_RESULTS_CSV,
    DM_RESULTS_TSV,
};

struct dm_results_writer {
    enum dm_results_format format;
    struct dm_buf *buf;
    const struct dm_str *columns; ///< Names without '?'
    size_t n_columns;
    size_t n_rows; ///< Written so far
};

/// "application/sparql-results+json", …
const char *dm_results_media_type(enum dm_results_format format);
/// By a name as "json", or a media type
bool dm_results_format_of(struct dm_str name, enum dm_results_format *ret);

/// Begin a table; `columns` outlive the writer.
enum dm_status dm_results_begin(struct dm_results_writer *writer,
                                enum dm_results_format format,
                                struct dm_buf *buf,
                                const struct dm_str *DM_NULLABLE columns,
                                size_t n_columns);
/// One row: n_columns terms, DM_TERM_NONE = unbound.
enum dm_status dm_results_row(struct dm_results_writer *writer,
                              const struct dm_term *DM_NULLABLE terms);
enum dm_status dm_results_end(struct dm_results_writer *writer);

/// A whole answer to ASK; CSV and TSV have none: DM_ERR_UNSUPPORTED.
enum dm_status dm_results_boolean(enum dm_results_format format,
                                  struct dm_buf *buf, bool answer);

/// A table that was read
struct dm_results {
    bool is_boolean;
    bool answer;
    const struct dm_str *columns;
    size_t n_columns;
    const struct dm_term *terms; ///< n_rows x n_columns
    size_t n_rows;
};

/// Read any of the four formats; all of it lies in `arena`.
enum dm_status dm_results_read(enum dm_results_format format,
                               struct dm_str text, struct dm_arena *arena,
                               struct dm_results *ret,
                               struct dm_error *DM_NULLABLE error) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SPARQL_RESULTS_H
