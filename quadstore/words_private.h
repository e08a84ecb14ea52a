// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_WORDS_PRIVATE_H
#define DM_QUADSTORE_WORDS_PRIVATE_H

/**
 * @file
 * IRIs with fixed numbers in the dictionary of every store: those that virtual
 * quads of events are made of, and datatypes.
 *
 * A word's number is part of the file's layout: words are only ever added at
 * the end. Numbers below DM_WORD_RESERVED are kept for them.
 *
 * The predicates of the star stand first, so that ascending ids are this order.
 */

#include "base/attr.h"
#include "base/str.h"
#include "quadstore/id.h"

DM_BEGIN_DECLS

#define DM_WORD_RESERVED 256

enum dm_word {
    DM_WORD_NONE,
    DM_WORD_REIFIES,
    DM_WORD_AT,
    DM_WORD_SECONDS,
    DM_WORD_FAILURE,
    DM_WORD_MESSAGE,
    DM_WORD_OUTPUT,
    DM_WORD_RUN_ID,
    DM_WORD_CERTIFICATE_EXPIRES, ///< The last predicate of the star
    DM_WORD_STATUS,
    DM_WORD_OK, ///< The statuses in the order of enum dm_result_status
    DM_WORD_WARNING,
    DM_WORD_CRITICAL,
    DM_WORD_UNKNOWN,
    DM_WORD_STALE,
    DM_WORD_STARTED,
    DM_WORD_LOGGED,
    DM_WORD_UNIT,
    DM_WORD_WARN,
    DM_WORD_CRIT,
    DM_WORD_TYPE,
    DM_WORD_STRING,
    DM_WORD_LANG_STRING,
    DM_WORD_DIR_LANG_STRING,
    DM_WORD_INTEGER,
    DM_WORD_DECIMAL,
    DM_WORD_DOUBLE,
    DM_WORD_BOOLEAN,
    DM_WORD_DATETIME,
    DM_WORD_COUNT,
};

/// The IRI of a word; static
struct dm_str dm_word_iri(enum dm_word word);
dm_id dm_word_id(enum dm_word word);
/// The word that is this IRI, or DM_WORD_NONE
enum dm_word dm_word_find(struct dm_str iri);

DM_END_DECLS

#endif // DM_QUADSTORE_WORDS_PRIVATE_H
