// SPDX-License-Identifier: ISC

#include "base/error.h"

#include "base/buf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void DM_PRINTF(3, 0)
    set(char *field, size_t size, const char *format, va_list arguments)
{
    const int written = vsnprintf(field, size, format, arguments);
    size_t n = written < 0 ? 0 : (size_t)written;
    if (n >= size) {
        n = dm_utf8_whole(dm_str_n(field, size - 1)).n;
    }
    field[n] = '\0';
    dm_utf8_tame(field, n);
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
    error->where[cut.n] = '\0';
    dm_utf8_tame(error->where, cut.n);
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
        (void)dm_buf_printf(buf, "%" PRIu32 ":", error->line);
    }
    if (error->line && error->column) {
        (void)dm_buf_printf(buf, "%" PRIu32 ":", error->column);
    }
    const bool has_place = error->where[0] || error->line;
    (void)dm_buf_printf(buf, "%serror: %s", has_place ? " " : "", error->what);
    if (error->detail[0]) {
        (void)dm_buf_printf(buf, ": %s", error->detail);
    }
    if (error->hint[0]) {
        (void)dm_buf_printf(buf, ". %s", error->hint);
    }
}
