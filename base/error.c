// SPDX-License-Identifier: ISC

#include "base/error.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Keep `field` one line of whole code points, whatever was put into it
static void
tidy(char *field, size_t written, size_t size)
{
    size_t n = written < size ? written : size - 1;
    if (written >= size) {
        while (n && ((unsigned char)field[n - 1] & 0xC0U) == 0x80U) {
            --n;
        }
        if (n && (unsigned char)field[n - 1] >= 0xC0U) {
            --n;
        }
    }
    for (size_t i = 0; i < n; ++i) {
        const unsigned char c = (unsigned char)field[i];
        if (c < 0x20 || c == 0x7F) {
            field[i] = '?';
        }
    }
    field[n] = '\0';
}

static void DM_PRINTF(3, 0)
    set(char *field, size_t size, const char *format, va_list arguments)
{
    const int n = vsnprintf(field, size, format, arguments);
    tidy(field, n < 0 ? 0 : (size_t)n, size);
}

enum dm_status
dm_error_set(struct dm_error *error, enum dm_status status, const char *what,
             ...)
{
    if (error) {
        *error = (struct dm_error){.status = status};
        va_list arguments;
        va_start(arguments, what);
        set(error->what, sizeof(error->what), what, arguments);
        va_end(arguments);
    }
    return status;
}

void
dm_error_detail(struct dm_error *error, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        set(error->detail, sizeof(error->detail), format, arguments);
        va_end(arguments);
    }
}

void
dm_error_hint(struct dm_error *error, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        set(error->hint, sizeof(error->hint), format, arguments);
        va_end(arguments);
    }
}

void
dm_error_where(struct dm_error *error, struct dm_str where, uint32_t line,
               uint32_t column)
{
    if (!error) {
        return;
    }
    const struct dm_str cut = dm_utf8_cut(where, sizeof(error->where) - 1);
    if (cut.n) {
        memcpy(error->where, cut.data, cut.n);
    }
    tidy(error->where, cut.n, sizeof(error->where));
    error->line = line;
    error->column = column;
}

void
dm_error_print(const struct dm_error *error, struct dm_buf *buf)
{
    if (error->where[0]) {
        (void)dm_buf_printf(buf, "%s:", error->where);
    }
    if (error->line) {
        (void)dm_buf_printf(buf, "%u:%u:", error->line, error->column);
    }
    (void)dm_buf_printf(buf, "%serror: %s", buf->n ? " " : "", error->what);
    if (error->detail[0]) {
        (void)dm_buf_printf(buf, ": %s", error->detail);
    }
    if (error->hint[0]) {
        (void)dm_buf_printf(buf, ". %s", error->hint);
    }
}
