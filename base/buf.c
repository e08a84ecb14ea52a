// SPDX-License-Identifier: ISC

#include "base/buf.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
dm_buf_init(struct dm_buf *buf, size_t max)
{
    assert(max < SIZE_MAX);
    *buf = (struct dm_buf){.max = max};
}

void
dm_buf_done(struct dm_buf *buf)
{
    dm_free(buf->data);
    dm_buf_init(buf, buf->max);
}

void
dm_buf_clear(struct dm_buf *buf)
{
    buf->n = 0;
    buf->status = DM_OK;
    if (buf->data) {
        buf->data[0] = '\0';
    }
}

char *
dm_buf_reserve(struct dm_buf *buf, size_t n)
{
    if (buf->status) {
        return NULL;
    }
    if (n > buf->max - buf->n) {
        buf->status = DM_ERR_LIMIT;
        return NULL;
    }

    const size_t need = buf->n + n + 1;
    if (need > buf->capacity || !buf->data) {
        char *data = dm_grow(buf->data, &buf->capacity, need, 1, buf->max + 1);
        if (!data) {
            buf->status = DM_ERR_NO_MEMORY;
            return NULL;
        }
        buf->data = data;
        buf->data[buf->n] = '\0';
    }
    return buf->data + buf->n;
}

enum dm_status
dm_buf_put(struct dm_buf *buf, const void *bytes, size_t n)
{
    char *room = dm_buf_reserve(buf, n);
    if (!room) {
        return buf->status;
    }
    if (n) {
        memcpy(room, bytes, n);
    }
    buf->n += n;
    buf->data[buf->n] = '\0';
    return DM_OK;
}

enum dm_status
dm_buf_put_str(struct dm_buf *buf, struct dm_str text)
{
    return dm_buf_put(buf, text.data, text.n);
}

enum dm_status
dm_buf_puts(struct dm_buf *buf, const char *text)
{
    return dm_buf_put(buf, text, strlen(text));
}

enum dm_status
dm_buf_putc(struct dm_buf *buf, char c)
{
    return dm_buf_put(buf, &c, 1);
}

enum dm_status
dm_buf_printf(struct dm_buf *buf, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    const int n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(n >= 0);

    char *room = dm_buf_reserve(buf, (size_t)n);
    if (room) {
        (void)vsnprintf(room, (size_t)n + 1, format, again);
        buf->n += (size_t)n;
    }
    va_end(again);
    return buf->status;
}

void
dm_buf_shift(struct dm_buf *buf, size_t n)
{
    assert(n <= buf->n);
    if (n) {
        memmove(buf->data, buf->data + n, buf->n - n);
        buf->n -= n;
        buf->data[buf->n] = '\0';
    }
}

void
dm_buf_cut(struct dm_buf *buf, size_t n)
{
    assert(n <= buf->n);
    buf->n = n;
    if (buf->data) {
        buf->data[n] = '\0';
    }
}

struct dm_str
dm_buf_str(const struct dm_buf *buf)
{
    return dm_str_n(buf->data, buf->n);
}

const char *
dm_buf_cstr(const struct dm_buf *buf)
{
    return buf->data ? buf->data : "";
}

char *
dm_buf_take(struct dm_buf *buf, size_t *ret_n)
{
    char *data = buf->data;
    if (ret_n) {
        *ret_n = buf->n;
    }
    dm_buf_init(buf, buf->max);
    return data;
}
