// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_JSON_H
#define DM_DAEMON_JSON_H

/**
 * @file
 * JSON of the routes, by jansson. A failed allocation makes NULL, which the
 * setters take: the document then lacks a value and json_dumps() or the final
 * size shows it.
 *
 * Threads: any.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"
#include "daemon/kubo.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// Set `key`; texts that are empty are set too
void dm_json_text(json_t *object, const char *key, struct dm_str value);
/// RFC 3339 with ms; null for a time that is not there (INT64_MIN)
void dm_json_time(json_t *object, const char *key, int64_t ms);
/// Seconds from microseconds; null below 0
void dm_json_seconds(json_t *object, const char *key, int64_t micros);
void dm_json_int(json_t *object, const char *key, int64_t value);
void dm_json_bool(json_t *object, const char *key, bool value);
/// `value` is taken
void dm_json_set(json_t *object, const char *key, json_t *DM_NULLABLE value);

/// How it stands with the Kubo, as "kubo"; nothing where there is none
void dm_json_kubo(json_t *object, const struct dm_outbox_figures *kubo);

/// A text as a value
json_t *DM_NULLABLE dm_json_of_text(struct dm_str value);

/// Append the document and a line end to `buf`; takes it.
/// @return DM_ERR_NO_MEMORY, or what the buffer said.
enum dm_status dm_json_print(json_t *DM_NULLABLE document, struct dm_buf *buf);

struct dm_alert;
/// An alert as /api/v1/alerts and /events show it
json_t *DM_NULLABLE dm_json_alert(const struct dm_alert *alert);

DM_END_DECLS

#endif // DM_DAEMON_JSON_H
