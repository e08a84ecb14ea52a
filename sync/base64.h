// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_BASE64_H
#define DM_SYNC_BASE64_H

/**
 * @file
 * Bytes as text: base64url without padding (JSON and headers of the exchange),
 * base64 with padding (signed notes). Strict: each text is the only one of its
 * bytes.
 *
 * Threads: pure functions. Source: RFC 4648.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stddef.h>

DM_BEGIN_DECLS

struct dm_buf;

enum dm_base64 {
    DM_BASE64_URL,    ///< '-' and '_', no padding
    DM_BASE64_PADDED, ///< '+' and '/', '=' at the end
};

/// Append the text of `bytes`; the status is also kept in the buffer.
enum dm_status dm_base64_write(enum dm_base64 form, struct dm_str bytes,
                               struct dm_buf *buf);

/// Append the bytes that `text` says.
/// @return DM_ERR_SYNTAX where it is not such a text, as dm_buf_reserve() else;
///         then nothing was appended.
enum dm_status dm_base64_read(enum dm_base64 form, struct dm_str text,
                              struct dm_buf *buf) DM_NODISCARD;

/// The same into room of the caller's, which the bytes fill exactly.
enum dm_status dm_base64_read_exactly(enum dm_base64 form, struct dm_str text,
                                      void *bytes, size_t n) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_BASE64_H
