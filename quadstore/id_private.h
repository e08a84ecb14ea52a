// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_ID_PRIVATE_H
#define DM_QUADSTORE_ID_PRIVATE_H

/**
 * @file
 * Ids from the inside: tag and payload, and keys of events as they are stored.
 *
 * A stored key is the payload of the event's id, log counted from 0: so those
 * of the first log, nearly always the node's own, take two bytes less.
 */

#include "base/attr.h"
#include "quadstore/id.h"

DM_BEGIN_DECLS

#define DM_ID_PAYLOAD_BITS 59U
#define DM_ID_PAYLOAD_MASK ((UINT64_C(1) << DM_ID_PAYLOAD_BITS) - 1)

/// What a stored key and the payload of its id differ by, and what the keys of
/// one log differ by from those of the next
#define DM_KEY_LOG (INT64_C(1) << 47U)
/// What keys of one ms and the next differ by
#define DM_KEY_MS (INT64_C(1) << 6U)

dm_id dm_id_make(enum dm_id_tag tag, uint64_t payload);
uint64_t dm_id_payload(dm_id id);

int64_t dm_event_key_store(const struct dm_event_key *key);
struct dm_event_key dm_event_key_load(int64_t stored);
dm_id dm_event_key_id(int64_t stored);

/// Stored keys of `log` whose ms is in from..until (unix ms, exclusive), cut to
/// what keys can hold: *ret_first..*ret_last, inclusive.
/// @return Whether there is any.
bool dm_event_key_range(dm_log_no log, int64_t from_ms, int64_t until_ms,
                        int64_t *ret_first, int64_t *ret_last);

DM_END_DECLS

#endif // DM_QUADSTORE_ID_PRIVATE_H
