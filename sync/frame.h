// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_FRAME_H
#define DM_SYNC_FRAME_H

/**
 * @file
 * The zstd frame that a payload is: one frame, nothing before or after it.
 *
 *     28 b5 2f fd | descriptor | window? | content size | blocks | checksum?
 *
 * Its header is read here, not by libzstd, so that what is allowed does not
 * hang on a version of it: content size said, no dictionary, window at most
 * DM_FRAME_WINDOW_MAX, and the content within DM_INFLATED_MAX and the ratio
 * that docs/PROTOCOL.md, "Limits", names. All of it is seen before a byte is
 * inflated.
 *
 * Refusals as in sync/block.h.
 *
 * Threads: pure functions; a dm_inflater one at a time.
 * Memory: libzstd takes about 160 KiB to inflate, 1 to 4 MiB to compress, from
 * the C library. Source: RFC 8878.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

#define DM_FRAME_WINDOW_MAX (8U << 20U)

/// Bytes that a frame may inflate to, whatever its length, and for each of its
/// bytes
#define DM_FRAME_FREE 65536U
#define DM_FRAME_RATIO_MAX 200U

struct dm_frame {
    size_t size; ///< Bytes of content, as its header says
    uint64_t window;
    size_t header; ///< Bytes before the first block
    bool has_checksum;
};

/// Read header and block headers of a whole frame.
enum dm_status dm_frame_read(struct dm_str bytes, struct dm_frame *ret,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// What libzstd keeps from frame to frame: making it costs more than a small
/// frame does.
struct dm_inflater;

struct dm_inflater *DM_NULLABLE dm_inflater_new(void) DM_NODISCARD;
void dm_inflater_free(struct dm_inflater *DM_NULLABLE inflater);

/// Inflate a frame that was read, to `frame->size` bytes at `content`.
enum dm_status dm_frame_inflate(struct dm_inflater *inflater,
                                struct dm_str bytes,
                                const struct dm_frame *frame, char *content,
                                struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// Append the frame of `content`, which is within DM_INFLATED_MAX; where it
/// would shrink by more than a frame may, it is stored as it is.
/// @return DM_ERR_LIMIT where no frame of it is within DM_PAYLOAD_MAX less
///         `reserve` bytes; DM_ERR_NO_MEMORY. Nothing was appended then.
enum dm_status dm_frame_write(struct dm_str content, size_t reserve,
                              struct dm_buf *buf) DM_NODISCARD;

/// Append the frame that holds `content` as it is: a single segment, content
/// size in 1, 2 or 4 bytes, raw blocks of up to 128 KiB. Every implementation
/// makes the same.
enum dm_status dm_frame_store(struct dm_str content, struct dm_buf *buf)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_FRAME_H
