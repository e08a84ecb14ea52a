// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SPARQL_WORLD_H
#define DM_TESTS_SPARQL_WORLD_H

/**
 * @file
 * A store in memory with a made-up clock, to ask queries in.
 *
 *     struct world world;
 *     world_open(&world);
 *     world_load(&world, DM_SYNTAX_TURTLE, "<a> <b> 1 .");
 *     world_read(&world);            // from here on a snapshot
 *     world_expect(&world, "SELECT …", "?x=\"1\"^^…\n");
 *     world_close(&world);
 */

#include "base/buf.h"
#include "base/env.h"
#include "base/work.h"
#include "quadstore/scan.h"
#include "quadstore/store.h"
#include "rdf/reader.h"
#include "sparql/exec.h"
#include "sparql/query.h"

#include <stdbool.h>
#include <stdint.h>

/// What relative IRIs of data and queries are resolved against
#define WORLD_BASE "http://e/"

struct world {
    struct dm_env env;
    struct dm_log *log;
    int64_t now_ns;  ///< Monotonic
    int64_t tick_ns; ///< Added at each look at the clock
    uint64_t random; ///< State of the generator
    struct dm_store *store;
    struct dm_work work;
    struct dm_snapshot *snapshot;
    struct dm_dataset dataset; ///< PLAIN with all named graphs, until changed
    const char *base;          ///< WORLD_BASE, until changed
    size_t n_loaded;           ///< Documents, for labels of blank nodes
};

void world_open(struct world *world);
void world_close(struct world *world);
/// Load a document; its default graph is the store's graph 0.
void world_load(struct world *world, enum dm_syntax syntax, const char *text);
/// Read a file whole; free it.
char *world_read_file(const char *path);
/// Open the snapshot.
void world_read(struct world *world);

/// Ask, and write each row as a line "?x=TERM ?y=TERM" (or "yes", "no"), unless
/// it is an error. `lines` NULL: only count.
/// @param step_rows 0: without steps, else with steps of so many rows.
/// @return How it ended: DM_END when well.
enum dm_status world_ask(struct world *world, const char *query,
                         uint32_t step_rows, struct dm_buf *lines,
                         struct dm_error *error);
/// Sort the lines of `lines`.
void world_sort(struct dm_buf *lines);

/// Check that the query gives these rows, in any order, whole and in steps of
/// one and of seven rows. IRIs are without WORLD_BASE, datatypes as <xsd:…>.
void world_expect(struct world *world, const char *query, const char *rows);
/// The same, in this order
void world_expect_ordered(struct world *world, const char *query,
                          const char *rows);

#endif // DM_TESTS_SPARQL_WORLD_H
