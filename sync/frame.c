// SPDX-License-Identifier: ISC

#include "sync/frame.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sync/block.h"

#include <assert.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define MAGIC_BYTES 4U
#define CHECKSUM_BYTES 4U
#define BLOCK_HEADER_BYTES 3U
#define BLOCK_MAX (128U << 10U)
#define LEVEL 3

/// Most bytes before the first block: magic, descriptor, window, content size
#define HEADER_MAX (MAGIC_BYTES + 1U + 1U + 8U)

enum block_type {
    BLOCK_RAW,
    BLOCK_RLE,
    BLOCK_COMPRESSED,
    BLOCK_RESERVED,
};

static const char magic[MAGIC_BYTES] = {'\x28', '\xb5', '\x2f', '\xfd'};

static unsigned
byte_at(struct dm_str bytes, size_t i)
{
    return (unsigned char)bytes.data[i];
}

static uint64_t
little_endian(struct dm_str bytes, size_t from, size_t n)
{
    uint64_t value = 0;
    for (size_t i = n; i-- > 0;) {
        value = value << 8U | byte_at(bytes, from + i);
    }
    return value;
}

// --------------------------------------------------------------------- reading

static enum dm_status
check_magic(struct dm_str bytes, struct dm_error *error)
{
    if (bytes.n < MAGIC_BYTES) {
        return dm_error_set(error, DM_ERR_CORRUPT, "zstd-truncated: header");
    }
    if (memcmp(bytes.data + 1, "\x2a\x4d\x18", 3) == 0 &&
        byte_at(bytes, 0) >> 4U == 5U) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "zstd-skippable: a skippable frame");
    }
    if (memcmp(bytes.data, magic, sizeof(magic)) != 0) {
        return dm_error_set(error, DM_ERR_CORRUPT, "zstd-magic: no zstd frame");
    }
    return DM_OK;
}

// RFC 8878, section 3.1.1.1
static enum dm_status
read_header(struct dm_str bytes, struct dm_frame *frame, struct dm_error *error)
{
    static const uint8_t widths[] = {0, 2, 4, 8};

    const enum dm_status status = check_magic(bytes, error);
    if (status) {
        return status;
    }
    size_t at = MAGIC_BYTES;
    if (bytes.n < at + 2) {
        return dm_error_set(error, DM_ERR_CORRUPT, "zstd-truncated: header");
    }
    const unsigned descriptor = byte_at(bytes, at++);
    const bool is_single = descriptor >> 5U & 1U;
    const size_t width =
        descriptor >> 6U || !is_single ? widths[descriptor >> 6U] : 1;
    if (descriptor & 8U) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "zstd-corrupt: the reserved bit is set");
    }
    if (descriptor & 3U) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "zstd-dictionary: it wants a dictionary");
    }
    if (width == 0) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "zstd-no-size: no content size");
    }
    uint64_t window = 0;
    if (!is_single) {
        const unsigned w = byte_at(bytes, at++);
        const uint64_t base = UINT64_C(1) << (10U + (w >> 3U));
        window = base + (base >> 3U) * (w & 7U);
    }
    if (bytes.n < at + width) {
        return dm_error_set(error, DM_ERR_CORRUPT, "zstd-truncated: header");
    }
    const uint64_t size =
        little_endian(bytes, at, width) + (width == 2 ? 256 : 0);
    if (size > DM_INFLATED_MAX) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "limit-inflated: more than %u bytes of content",
                            DM_INFLATED_MAX);
    }
    *frame = (struct dm_frame){
        .size = (size_t)size,
        .window = is_single ? size : window,
        .header = at + width,
        .has_checksum = descriptor >> 2U & 1U,
    };
    return DM_OK;
}

// Where the last block ends
static enum dm_status
walk_blocks(struct dm_str bytes, const struct dm_frame *frame, size_t *ret,
            struct dm_error *error)
{
    const size_t most =
        frame->window < BLOCK_MAX ? (size_t)frame->window : BLOCK_MAX;
    size_t at = frame->header;
    bool is_last = false;
    while (!is_last) {
        if (bytes.n - at < BLOCK_HEADER_BYTES) {
            return dm_error_set(error, DM_ERR_CORRUPT, "zstd-truncated: block");
        }
        const uint64_t head = little_endian(bytes, at, BLOCK_HEADER_BYTES);
        const size_t size = (size_t)(head >> 3U);
        const unsigned type = head >> 1U & 3U;
        if (type == BLOCK_RESERVED || size > most) {
            return dm_error_set(error, DM_ERR_CORRUPT,
                                "zstd-corrupt: no such block");
        }
        at += BLOCK_HEADER_BYTES;
        const size_t n = type == BLOCK_RLE ? 1 : size;
        if (bytes.n - at < n) {
            return dm_error_set(error, DM_ERR_CORRUPT, "zstd-truncated: block");
        }
        at += n;
        is_last = head & 1U;
    }
    *ret = at;
    return DM_OK;
}

enum dm_status
dm_frame_read(struct dm_str bytes, struct dm_frame *ret, struct dm_error *error)
{
    struct dm_frame frame = {.size = 0};
    size_t end = 0;
    if (bytes.n > DM_PAYLOAD_MAX) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "limit-block: more than %u bytes", DM_PAYLOAD_MAX);
    }
    enum dm_status status = read_header(bytes, &frame, error);
    if (status) {
        return status;
    }
    if (frame.window > DM_FRAME_WINDOW_MAX) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "zstd-window: a window of more than %u bytes",
                            DM_FRAME_WINDOW_MAX);
    }
    if (frame.size > DM_FRAME_FREE + DM_FRAME_RATIO_MAX * bytes.n) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "limit-ratio: %zu bytes inflate to %zu", bytes.n,
                            frame.size);
    }
    status = walk_blocks(bytes, &frame, &end, error);
    if (status) {
        return status;
    }
    const size_t checksum = frame.has_checksum ? CHECKSUM_BYTES : 0;
    if (bytes.n - end < checksum) {
        return dm_error_set(error, DM_ERR_CORRUPT, "zstd-truncated: checksum");
    }
    if (bytes.n - end > checksum) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "zstd-trailing: bytes after the frame");
    }
    *ret = frame;
    return DM_OK;
}

struct dm_inflater {
    ZSTD_DCtx *context;
};

struct dm_inflater *
dm_inflater_new(void)
{
    struct dm_inflater *inflater = dm_calloc(1, sizeof(*inflater));
    if (!inflater) {
        return NULL;
    }
    inflater->context = ZSTD_createDCtx();
    if (!inflater->context) {
        dm_free(inflater);
        return NULL;
    }
    return inflater;
}

void
dm_inflater_free(struct dm_inflater *inflater)
{
    if (inflater) {
        (void)ZSTD_freeDCtx(inflater->context);
        dm_free(inflater);
    }
}

enum dm_status
dm_frame_inflate(struct dm_inflater *inflater, struct dm_str bytes,
                 const struct dm_frame *frame, char *content,
                 struct dm_error *error)
{
    const size_t n = ZSTD_decompressDCtx(inflater->context, content,
                                         frame->size, bytes.data, bytes.n);
    if (ZSTD_isError(n)) {
        return dm_error_set(error, DM_ERR_CORRUPT, "zstd-corrupt: %s",
                            ZSTD_getErrorName(n));
    }
    if (n != frame->size) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "zstd-corrupt: its content has another size");
    }
    return DM_OK;
}

// --------------------------------------------------------------------- writing

static void
put_little_endian(struct dm_buf *buf, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        (void)dm_buf_putc(buf, (char)(unsigned char)(value & 0xFFU));
        value >>= 8U;
    }
}

static void
put_stored(struct dm_str content, struct dm_buf *buf)
{
    (void)dm_buf_put(buf, magic, sizeof(magic));
    if (content.n < 256) {
        put_little_endian(buf, 0x20U, 1);
        put_little_endian(buf, content.n, 1);
    } else if (content.n < 65536 + 256) {
        put_little_endian(buf, 0x60U, 1);
        put_little_endian(buf, content.n - 256, 2);
    } else {
        put_little_endian(buf, 0xA0U, 1);
        put_little_endian(buf, content.n, 4);
    }
    do {
        const struct dm_str block = dm_str_slice(content, 0, BLOCK_MAX);
        content = dm_str_slice(content, block.n, content.n);
        const unsigned last = content.n == 0;
        put_little_endian(buf, (uint64_t)block.n << 3U | last,
                          BLOCK_HEADER_BYTES);
        (void)dm_buf_put_str(buf, block);
    } while (content.n);
}

static size_t
stored_size(size_t n)
{
    const size_t blocks = n ? (n + BLOCK_MAX - 1) / BLOCK_MAX : 1;
    return HEADER_MAX + n + blocks * BLOCK_HEADER_BYTES;
}

enum dm_status
dm_frame_store(struct dm_str content, struct dm_buf *buf)
{
    if (content.n > DM_INFLATED_MAX) {
        return DM_ERR_LIMIT;
    }
    if (!dm_buf_reserve(buf, stored_size(content.n))) {
        return buf->status;
    }
    put_stored(content, buf);
    return buf->status;
}

// Compress to `room` bytes at `to`.
static enum dm_status
compress(struct dm_str content, char *to, size_t room, size_t *ret)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context) {
        return DM_ERR_NO_MEMORY;
    }
    // The content size is written and no checksum is, unless told otherwise
    size_t n = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL);
    assert(!ZSTD_isError(n));
    n = ZSTD_compress2(context, to, room, content.data, content.n);
    (void)ZSTD_freeCCtx(context);
    if (ZSTD_isError(n)) {
        return ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall
                   ? DM_ERR_LIMIT
                   : DM_ERR_NO_MEMORY;
    }
    *ret = n;
    return DM_OK;
}

enum dm_status
dm_frame_write(struct dm_str content, size_t reserve, struct dm_buf *buf)
{
    assert(content.n <= DM_INFLATED_MAX && reserve < DM_PAYLOAD_MAX);
    const size_t most = DM_PAYLOAD_MAX - reserve;
    const size_t bound = ZSTD_compressBound(content.n);
    const size_t room = bound < most ? bound : most;
    char *bytes = dm_malloc(room);
    if (!bytes) {
        return DM_ERR_NO_MEMORY;
    }
    size_t n = 0;
    struct dm_frame frame = {.size = 0};
    enum dm_status status = compress(content, bytes, room, &n);
    if (!status) {
        if (!dm_frame_read(dm_str_n(bytes, n), &frame, NULL)) {
            status = dm_buf_put(buf, bytes, n);
        } else if (stored_size(content.n) <= most) {
            status = dm_frame_store(content, buf); // It became too small
        } else {
            status = DM_ERR_LIMIT;
        }
    }
    dm_free(bytes);
    return status;
}
