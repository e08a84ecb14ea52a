// SPDX-License-Identifier: ISC

// Frames of zstd: what passes the header's rules is inflated, and what came out
// survives being written.

#include "base/alloc.h"
#include "base/buf.h"
#include "sync/block.h"
#include "sync/frame.h"
#include "tests/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONTENT_MAX (1U << 18U)

// Inflate to room of exactly its size, so that writing over the end is seen.
static bool
inflates(struct dm_inflater *inflater, struct dm_str bytes,
         const struct dm_frame *frame, char **ret)
{
    char *const room = dm_malloc(frame->size ? frame->size : 1);
    CHECK(room);
    if (dm_frame_inflate(inflater, bytes, frame, room, NULL)) {
        dm_free(room);
        return false;
    }
    *ret = room;
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str bytes = dm_str_n((const char *)data, size);
    struct dm_frame frame;
    struct dm_frame again;
    char *content = NULL;
    char *back = NULL;
    if (dm_frame_read(bytes, &frame, NULL)) {
        return 0;
    }
    CHECK(frame.size <= DM_INFLATED_MAX);
    CHECK(frame.window <= DM_FRAME_WINDOW_MAX && frame.header < size);
    struct dm_inflater *const inflater = dm_inflater_new();
    CHECK(inflater);
    if (frame.size <= CONTENT_MAX &&
        inflates(inflater, bytes, &frame, &content)) {
        struct dm_buf buf;
        dm_buf_init(&buf, DM_PAYLOAD_MAX);
        CHECK(!dm_frame_write(dm_str_n(content, frame.size), 0, &buf));
        CHECK(!dm_frame_read(dm_buf_str(&buf), &again, NULL));
        CHECK(again.size == frame.size);
        CHECK(inflates(inflater, dm_buf_str(&buf), &again, &back));
        CHECK(dm_str_equal(dm_str_n(content, frame.size),
                           dm_str_n(back, again.size)));
        dm_buf_done(&buf);
    }
    dm_inflater_free(inflater);
    dm_free(content);
    dm_free(back);
    return 0;
}
