// SPDX-License-Identifier: ISC

#ifndef DM_CLI_JSON_READ_H
#define DM_CLI_JSON_READ_H

/**
 * @file
 * Values out of the daemon's JSON; what is missing is empty, 0 or false.
 */

#include "base/attr.h"
#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_str dm_json_str(const json_t *DM_NULLABLE object, const char *key);
int64_t dm_json_integer(const json_t *DM_NULLABLE object, const char *key);
double dm_json_double(const json_t *DM_NULLABLE object, const char *key);
bool dm_json_true(const json_t *DM_NULLABLE object, const char *key);
/// A time as unix ms, INT64_MIN where there is none
int64_t dm_json_ms(const json_t *DM_NULLABLE object, const char *key);

/// Print a line for the Kubo of a status or of peers, where it is dead or
/// behind.
void dm_print_kubo(const json_t *document);

/// "16:10:02" in the local zone, with the date where it is not today's
void dm_clock_text(int64_t ms, int64_t now_ms, char *text, size_t size);

DM_END_DECLS

#endif // DM_CLI_JSON_READ_H
