// SPDX-License-Identifier: ISC

#ifndef DM_CLI_FILES_H
#define DM_CLI_FILES_H

/**
 * @file
 * RDF files: a source for readers, and a dataset in memory made of some.
 *
 * Threads: one.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "cli/cli.h"
#include "rdf/reader.h"

#include <stdio.h>

DM_BEGIN_DECLS

struct dm_store;

/// Open a file for reading; NULL after a complaint.
FILE *DM_NULLABLE dm_file_open(const char *path) DM_NODISCARD;

/// A dm_source_fn whose context is a FILE
enum dm_status dm_file_source(void *context, char *bytes, size_t n,
                              size_t *ret_n);

/// Append the file: IRI of a path to `buf`: the base of a file that states
/// none.
enum dm_status dm_file_iri(const char *path, struct dm_buf *buf);

/// One file of a dataset
struct dm_data_file {
    const char *path;
    const char *DM_NULLABLE graph; ///< IRI; NULL: the default graph, and what
                                   ///< graphs the file itself names
};

/// A memory store with these files in it; complains and gives an exit code
/// other than 0 on failure.
int dm_files_load(struct dm_cli *cli, const struct dm_data_file *files,
                  size_t n, const char *DM_NULLABLE base,
                  struct dm_store **ret);

DM_END_DECLS

#endif // DM_CLI_FILES_H
