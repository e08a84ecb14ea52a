// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_ID_H
#define DM_QUADSTORE_ID_H

/**
 * @file
 * 64-bit ids of terms.
 *
 *      63    62..59   58..0
 *     local   tag    payload
 *
 * I1 One term has one id: a term that can be inline always is, in every store.
 * I2 Inline values of one tag are ordered as their ids are (unsigned).
 * I3 An id is valid within one generation of one store (snapshot.h), a local
 * one within one snapshot. Id 0 is no term: unbound, or the default graph.
 *
 * Inline: xsd:integer and xsd:decimal in canonical form that fit, xsd:dateTime
 * in the wire's form (UTC, ms), xsd:boolean true and false, xsd:double where
 * the bits cut off are zero and the spelling is canonical, events of known logs
 * (LOG#MS.N). Everything else has a row of the dictionary, or is local: made
 * during a query (BIND, VALUES, texts of events) and unknown to the dictionary.
 *
 * Threads: pure functions.
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

typedef uint64_t dm_id;

#define DM_ID_NONE UINT64_C(0)
#define DM_ID_LOCAL_BIT (UINT64_C(1) << 63U)

enum dm_id_tag {
    DM_TAG_NONE = 0,
    DM_TAG_IRI = 1,     ///< Dictionary
    DM_TAG_BLANK = 2,   ///< Dictionary
    DM_TAG_LITERAL = 3, ///< Dictionary
    DM_TAG_TRIPLE = 4,  ///< Dictionary: (s, p, o) and a unique index
    DM_TAG_EVENT = 5, ///< Inline: log 12 bits, ms since 2020 41 bits, n 6 bits
    DM_TAG_INTEGER = 6, ///< Inline: biased by 2^58
    DM_TAG_DECIMAL = 7, ///< Inline: layout in id.c, order-preserving
    DM_TAG_DATETIME = 8,
    DM_TAG_BOOLEAN = 9,
    DM_TAG_DOUBLE = 10,
};

/// Number of a log in one store, from 1 on, never used again
typedef uint16_t dm_log_no;

#define DM_LOG_NO_MAX 4095
/// 2020-01-01T00:00:00Z, unix ms: the first ms of an event's key
#define DM_EVENT_EPOCH_MS INT64_C(1577836800000)
#define DM_EVENT_MS_BITS 41
#define DM_EVENT_N_MAX 63

/// Key of an event: which log, when by its hybrid clock, which of that ms
struct dm_event_key {
    dm_log_no log;
    uint8_t n;  ///< 0..DM_EVENT_N_MAX
    int64_t ms; ///< Unix ms
};

enum dm_id_tag dm_id_tag(dm_id id);
bool dm_id_is_local(dm_id id);
/// Whether its value is in the id itself, not in a table
bool dm_id_is_inline(dm_id id);

bool dm_event_key_is_valid(const struct dm_event_key *key);
dm_id dm_id_from_event(const struct dm_event_key *key);
/// @return Whether `id` is one of an event.
bool dm_id_to_event(dm_id id, struct dm_event_key *ret);

/// Split an IRI that is spelled as an event's is: GRAPH#MS.N
/// @return Whether it is. Such a name is no failure of an event, and no metric.
bool dm_event_iri_split(struct dm_str iri, struct dm_str *ret_graph,
                        struct dm_event_key *ret_key);

/// @return Whether the value fits inline.
bool dm_id_from_integer(int64_t value, dm_id *ret);
bool dm_id_to_integer(dm_id id, int64_t *ret);
/// mantissa * 10^-scale in canonical form: xsd:decimal
bool dm_id_from_decimal(int64_t mantissa, uint32_t scale, dm_id *ret);
bool dm_id_to_decimal(dm_id id, int64_t *ret_mantissa, uint32_t *ret_scale);
bool dm_id_from_datetime(int64_t ms, dm_id *ret);
bool dm_id_to_datetime(dm_id id, int64_t *ret_ms);
dm_id dm_id_from_boolean(bool value);
bool dm_id_to_boolean(dm_id id, bool *ret);
bool dm_id_from_double(double value, dm_id *ret);
bool dm_id_to_double(dm_id id, double *ret);

DM_END_DECLS

#endif // DM_QUADSTORE_ID_H
