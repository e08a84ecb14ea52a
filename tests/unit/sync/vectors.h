// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_UNIT_SYNC_VECTORS_H
#define DM_TESTS_UNIT_SYNC_VECTORS_H

/**
 * @file
 * Runs the published test vectors, tests/data/wire-vectors.json.
 *
 * A vector is bytes of one kind with what a reader knows beforehand, and with
 * what must come of them: accepted, refused, or of a newer protocol. A program
 * says which kinds it runs and how many of each there are, so that one that
 * runs nothing fails:
 *
 *     static enum dm_status
 *     run_node(const struct vector *vector, struct dm_error *error);
 *
 *     static const struct vector_kind kinds[] = {
 *         {.kind = "node", .run = run_node, .n = 19},
 *     };
 *     vectors_run(kinds, DM_COUNT_OF(kinds));
 *
 * The same runs over $DM_SHARED/wire/vectors.json (else
 * ../shared/wire/vectors.json) where that is there, which may hold more.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/key.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

struct vector {
    const char *id;
    struct dm_str bytes;
    bool is_accepted; ///< What was found is then to be compared
    /// Fields found; NULL where the vector does not say
    const json_t *DM_NULLABLE value;
    const json_t *json; ///< All of it
};

/// Reads one vector.
/// @return DM_OK: accepted. DM_ERR_UNSUPPORTED: of a newer protocol.
///         DM_ERR_CORRUPT: refused, with `error` set.
typedef enum dm_status (*vector_run_fn)(const struct vector *vector,
                                        struct dm_error *error);

struct vector_kind {
    const char *kind;
    vector_run_fn run;
    size_t n; ///< Vectors of this kind in our file
    /// `error` must begin with the reason that the vector names
    bool has_reasons;
};

/// Run them all; fails after the last one where any failed.
void vectors_run(const struct vector_kind *kinds, size_t n);

/// Give the recipe `id` of our file to `run`.
void vectors_recipe(const char *id, void (*run)(const json_t *recipe));

// ---------------------------------------------------------- fields of a vector

bool vector_has(const struct vector *vector, const char *name);
/// A text, "" where it is absent
struct dm_str vector_text(const struct vector *vector, const char *name);
/// A number, `otherwise` where it is absent
int64_t vector_int(const struct vector *vector, const char *name,
                   int64_t otherwise);
bool vector_bool(const struct vector *vector, const char *name);
/// Append the bytes that a text in hexadecimal digits says.
void vector_hex(const struct vector *vector, const char *name,
                struct dm_buf *buf);
/// The public key of `log`, which there must be
void vector_log(const struct vector *vector,
                uint8_t public_key[DM_KEY_PUBLIC_BYTES]);

/// Append the bytes of hexadecimal digits; of base64.
void bytes_from_hex(struct dm_str digits, struct dm_buf *buf);
void bytes_from_base64(struct dm_str digits, struct dm_buf *buf);
/// A text in `json` by its name, which there must be
struct dm_str json_text(const json_t *json, const char *name);
/// Whether the text `name` of `json` is `bytes` in hexadecimal digits
bool json_is_hex(const json_t *json, const char *name, struct dm_str bytes);

DM_END_DECLS

#endif // DM_TESTS_UNIT_SYNC_VECTORS_H
