// SPDX-License-Identifier: ISC

#ifndef DM_BASE_BUF_H
#define DM_BASE_BUF_H

/**
 * @file
 * A growing run of bytes with a maximum.
 *
 * I1 `n` <= `max`, and data[n] is NUL whenever `data` is not NULL.
 * I2 A failed append leaves the bytes as they were and sets `status`; every
 *    later append does nothing and says the same. So a writer may append many
 *    times and look once, at the end.
 *
 * Threads: one at a time. Cost: amortised O(bytes appended).
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf {
    char *DM_NULLABLE data;
    size_t n;              ///< Bytes in use
    size_t capacity;       ///< Bytes allocated, with the NUL
    size_t max;            ///< Most bytes in use
    enum dm_status status; ///< DM_OK, DM_ERR_NO_MEMORY or DM_ERR_LIMIT
};

/// An empty buffer that may hold `max` bytes; allocates nothing.
void dm_buf_init(struct dm_buf *buf, size_t max);

/// Release the bytes; the buffer is empty and may be used again.
void dm_buf_done(struct dm_buf *buf);

/// Forget bytes and status, keep the room.
void dm_buf_clear(struct dm_buf *buf);

/// Append; the status is also kept in the buffer, so it may be ignored.
enum dm_status dm_buf_put(struct dm_buf *buf, const void *DM_NULLABLE bytes,
                          size_t n);
enum dm_status dm_buf_put_str(struct dm_buf *buf, struct dm_str text);
enum dm_status dm_buf_puts(struct dm_buf *buf, const char *text);
enum dm_status dm_buf_putc(struct dm_buf *buf, char c);
enum dm_status dm_buf_printf(struct dm_buf *buf, const char *format, ...)
    DM_PRINTF(2, 3);

/// Room for `n` more bytes at the end, which the caller fills and then adds to
/// `buf->n`. NULL on failure.
char *DM_NULLABLE dm_buf_reserve(struct dm_buf *buf, size_t n) DM_NODISCARD;

/// Remove the first `n` bytes (n <= buf->n). O(what remains).
void dm_buf_shift(struct dm_buf *buf, size_t n);

/// Forget what stands behind the first `n` bytes (n <= buf->n); the status
/// stays.
void dm_buf_cut(struct dm_buf *buf, size_t n);

/// A view of the bytes, until the next change.
struct dm_str dm_buf_str(const struct dm_buf *buf);

/// The bytes as a NUL-terminated string, "" where there are none; until the
/// next change.
const char *dm_buf_cstr(const struct dm_buf *buf);

/// Take the bytes away (dm_free() them); the buffer is empty. NULL where there
/// are none.
char *DM_NULLABLE dm_buf_take(struct dm_buf *buf, size_t *DM_NULLABLE ret_n)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_BASE_BUF_H
