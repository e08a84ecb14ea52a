// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_LEXICAL_PRIVATE_H
#define DM_QUADSTORE_LEXICAL_PRIVATE_H

/**
 * @file
 * Literals that are inline ids: from their canonical spelling and back.
 *
 * I1 dm_lexical_inline() says yes for exactly the texts that
 *    dm_lexical_format() gives.
 *
 * Threads: pure functions.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "quadstore/id.h"
#include "quadstore/words_private.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// Whether a literal of `datatype` with this spelling is an inline id.
bool dm_lexical_inline(struct dm_str lexical, enum dm_word datatype,
                       dm_id *ret);

/// Append the spelling of an inline literal.
/// @return Its datatype; DM_WORD_NONE where `id` is none.
enum dm_word dm_lexical_format(dm_id id, struct dm_buf *buf);

/// A canonical decimal of at most 18 digits: mantissa * 10^-scale
bool dm_lexical_decimal(struct dm_str text, int64_t *ret_mantissa,
                        uint32_t *ret_scale);

DM_END_DECLS

#endif // DM_QUADSTORE_LEXICAL_PRIVATE_H
