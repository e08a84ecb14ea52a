// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_LABEL_H
#define DM_SYNC_LABEL_H

/**
 * @file
 * Labels of metrics and names of checks, as the IRIs of the wire spell them:
 * percent-encoded but for unreserved characters, with capitals in %XX; a name
 * keeps its '/'. So CHECK#LABEL and ipns://K#state:NAME have one spelling.
 *
 * Threads: pure functions. Source: RFC 3986, section 2; docs/PROTOCOL.md,
 * "Payload" and "Manifests".
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

struct dm_arena;
struct dm_buf;

/// Append `label` encoded.
/// @return buf->status; where it is not DM_OK a part may have been appended.
enum dm_status dm_label_put(struct dm_str label, struct dm_buf *buf);
enum dm_status dm_name_put(struct dm_str name, struct dm_buf *buf);

/// Whether `text` is the encoded spelling of a label, which is not empty.
bool dm_label_is_encoded(struct dm_str text);
bool dm_name_is_encoded(struct dm_str text);

/// What the encoded `text` stands for: `text` itself where nothing is escaped,
/// else a copy in `arena`. A view of NULL when out of memory.
struct dm_str dm_label_decode(struct dm_str text, struct dm_arena *arena);

/// Bytes of CHECK in CHECK#LABEL; 0 where `iri` is no metric's.
size_t dm_metric_check(struct dm_str iri);

/// The mark between log and name in the IRI of a State
#define DM_STATE_MARK "#state:"

/// Whether `iri` is that of a State of the log `log_iri`.
bool dm_state_iri_is(struct dm_str iri, struct dm_str log_iri);

/// Append ipns://K#state:NAME for the check's name.
enum dm_status dm_state_iri_put(struct dm_str log_iri, struct dm_str name,
                                struct dm_buf *buf);

DM_END_DECLS

#endif // DM_SYNC_LABEL_H
