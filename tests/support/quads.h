// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SUPPORT_QUADS_H
#define DM_TESTS_SUPPORT_QUADS_H

/**
 * @file
 * Quads in memory for tests: read from a file, looked up, compared.
 */

#include "base/arena.h"
#include "base/error.h"
#include "rdf/reader.h"
#include "rdf/term.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

/// Quads and all of their bytes
struct dm_quads {
    struct dm_quad *DM_NULLABLE items;
    size_t n;
    size_t capacity;
    struct dm_arena arena;
};

void dm_quads_init(struct dm_quads *quads);
void dm_quads_done(struct dm_quads *quads);

/// Add a copy of `quad`; memory that runs out fails the test.
void dm_quads_add(struct dm_quads *quads, const struct dm_quad *quad);

/// A dm_quad_fn whose context is the dm_quads
enum dm_status dm_quads_sink(void *DM_NULLABLE context,
                             const struct dm_quad *quad,
                             const struct dm_quad_positions *positions,
                             struct dm_error *DM_NULLABLE error);

/// Sort, and leave equal quads only once.
void dm_quads_normalise(struct dm_quads *quads);

/// A whole file, NUL-terminated; dm_free() it. NULL where it cannot be read.
char *DM_NULLABLE dm_test_file(const char *path, size_t *ret_n);

/// A text that is given to a reader in pieces of `piece` bytes
struct dm_pieces {
    struct dm_str rest;
    size_t piece;
};

/// A dm_source_fn whose context is a struct dm_pieces
enum dm_status dm_pieces_source(void *context, char *bytes, size_t n,
                                size_t *ret_n);

/// Read `text` in pieces of `piece` bytes and add its quads.
enum dm_status dm_quads_read(struct dm_quads *quads,
                             const struct dm_reader_options *options,
                             struct dm_str text, size_t piece,
                             struct dm_error *DM_NULLABLE error);

/// The first object of `subject` and the property `predicate`, or NULL
const struct dm_term *DM_NULLABLE dm_quads_object(const struct dm_quads *quads,
                                                  const struct dm_term *subject,
                                                  const char *predicate);

/// The first subject whose property `predicate` has the object IRI `object`, or
/// NULL
const struct dm_term *DM_NULLABLE dm_quads_subject(const struct dm_quads *quads,
                                                   const char *predicate,
                                                   const char *object);

DM_END_DECLS

#endif // DM_TESTS_SUPPORT_QUADS_H
