// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_RESULTS_PRIVATE_H
#define DM_SPARQL_RESULTS_PRIVATE_H

/**
 * @file
 * One table of functions for each results format.
 *
 *   results.c       the choice of a format
 *   results_json.c  results_xml.c  results_csv.c (CSV and TSV)
 *   results_table.c a table that grows while it is read
 */

#include "base/attr.h"
#include "sparql/results.h"

DM_BEGIN_DECLS

struct dm_results_ops {
    const char *name;
    const char *media_type;
    void (*begin)(struct dm_results_writer *writer);
    void (*row)(struct dm_results_writer *writer, const struct dm_term *terms);
    void (*end)(struct dm_results_writer *writer);
    void (*DM_NULLABLE boolean)(struct dm_buf *buf, bool answer);
    enum dm_status (*read)(struct dm_str text, struct dm_arena *arena,
                           struct dm_results *ret,
                           struct dm_error *DM_NULLABLE error);
};

extern const struct dm_results_ops dm_results_json;
extern const struct dm_results_ops dm_results_xml;
extern const struct dm_results_ops dm_results_csv;
extern const struct dm_results_ops dm_results_tsv;

#define DM_RESULTS_COLUMNS_MAX 4096
#define DM_RESULTS_TERMS_MAX ((size_t)1 << 24U)

/// A table while it is read; all of it in the arena
struct dm_results_table {
    struct dm_arena *arena;
    struct dm_str *DM_NULLABLE columns;
    size_t n_columns;
    size_t columns_capacity;
    struct dm_term *DM_NULLABLE terms;
    size_t n_rows;
    size_t terms_capacity;
};

/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT, DM_ERR_EXISTS (a name twice).
enum dm_status dm_results_table_column(struct dm_results_table *table,
                                       struct dm_str name);
/// A row of unbound terms, until the next call
enum dm_status dm_results_table_row(struct dm_results_table *table,
                                    struct dm_term **ret);
/// Index of a column, or n_columns
size_t dm_results_table_find(const struct dm_results_table *table,
                             struct dm_str name);
void dm_results_table_finish(const struct dm_results_table *table,
                             struct dm_results *ret);

DM_END_DECLS

#endif // DM_SPARQL_RESULTS_PRIVATE_H
