// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_JSON_PRIVATE_H
#define DM_SPARQL_JSON_PRIVATE_H

/**
 * @file
 * JSON (RFC 8259) read by pulling at it, strictly.
 *
 *     dm_json_open(json, '{');
 *     while (!(status = dm_json_next_key(json, &key))) {
 *         status = dm_json_string(json, &value);   // or open, or skip
 *     }
 *     // DM_END: the object is closed
 *
 * Each function takes what it reads; a failure is final, `*error` says why.
 * Strings lie in the arena. Nesting is bounded by DM_JSON_NESTING_MAX.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

#define DM_JSON_NESTING_MAX 64

struct dm_json {
    struct dm_str text; ///< UTF-8
    size_t at;
    struct dm_arena *arena;
    struct dm_error *DM_NULLABLE error;
    unsigned depth;
    bool is_behind_value; ///< So a ',' or an end has to come
};

/// Fill `*error` with the present line and column.
enum dm_status dm_json_fail(struct dm_json *json, enum dm_status status,
                            const char *what);

/// The first character of the next value, '\0' at the end of the text
char dm_json_peek(struct dm_json *json);
/// Begin an object '{' or an array '['.
enum dm_status dm_json_open(struct dm_json *json, char bracket);
/// DM_OK: a value follows. DM_END: the object is closed.
enum dm_status dm_json_next_key(struct dm_json *json, struct dm_str *ret);
/// DM_OK: a value follows. DM_END: the array is closed.
enum dm_status dm_json_next_item(struct dm_json *json);
enum dm_status dm_json_string(struct dm_json *json, struct dm_str *ret);
enum dm_status dm_json_boolean(struct dm_json *json, bool *ret);
/// Any value
enum dm_status dm_json_skip(struct dm_json *json);
/// Nothing but white space is left.
enum dm_status dm_json_end(struct dm_json *json);

DM_END_DECLS

#endif // DM_SPARQL_JSON_PRIVATE_H
