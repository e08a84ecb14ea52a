// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_W3C_SOLUTIONS_H
#define DM_TESTS_W3C_SOLUTIONS_H

/**
 * @file
 * Answers of queries as RDF, so that two of them are compared as graphs are:
 * each solution is a blank node, each binding a property of it.
 */

#include "base/attr.h"
#include "base/error.h"
#include "sparql/results.h"
#include "tests/support/quads.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

enum dm_answer_kind {
    DM_ANSWER_TABLE,
    DM_ANSWER_BOOLEAN,
    DM_ANSWER_GRAPH,
};

struct dm_answer {
    enum dm_answer_kind kind;
    bool boolean;
    struct dm_quads quads; ///< A table's solutions, or the graph
    struct dm_quads columns;
    size_t n_rows;
};

void dm_answer_init(struct dm_answer *answer);
void dm_answer_done(struct dm_answer *answer);
void dm_answer_column(struct dm_answer *answer, struct dm_str name);
/// Begin a row; dm_answer_bind() adds to it.
void dm_answer_row(struct dm_answer *answer);
void dm_answer_bind(struct dm_answer *answer, struct dm_str name,
                    const struct dm_term *value);

/// Read the result of a test by the ending of its IRI: .srx .srj .csv .tsv, or
/// a graph that holds a table, an answer of ASK, or itself.
enum dm_status dm_answer_read(struct dm_answer *answer, struct dm_str name,
                              struct dm_str text, struct dm_error *error)
    DM_NODISCARD;

/// What counts when two answers are compared
enum dm_answer_match {
    DM_MATCH_BAG,
    DM_MATCH_SEQUENCE, ///< Of a query that orders
    DM_MATCH_SET,      ///< REDUCED: as often as it likes, but once at least
};

/// Equal but for the names of blank nodes. Both are changed by it.
bool dm_answer_equal(struct dm_answer *a, struct dm_answer *b,
                     enum dm_answer_match match);

DM_END_DECLS

#endif // DM_TESTS_W3C_SOLUTIONS_H
