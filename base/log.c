// SPDX-License-Identifier: ISC

#include "base/log.h"

#include "base/alloc.h"
#include "base/time.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES_MAX 2048U
#define TAIL_BYTES_MAX 40U // " left_out=N" has its place in the longest line
#define EVENT_BYTES_MAX 64U
#define EVENTS_MAX 64U // Whose lines are counted at a time
#define WINDOW_NS (60 * DM_NS_PER_SECOND)

// How often one event came in the minute that began at `start_ns`
struct window {
    char event[EVENT_BYTES_MAX];
    enum dm_log_level level; // Of the last one
    int64_t start_ns;
    unsigned n_written;
    uint64_t n_left_out;
};

struct dm_log {
    pthread_mutex_t lock; // Over the windows and the call of write()
    struct dm_log_options options;
    size_t n_windows;
    struct window windows[EVENTS_MAX];
};

struct dm_log *
dm_log_new(const struct dm_log_options *options)
{
    struct dm_log *log = dm_calloc(1, sizeof(*log));
    if (!log) {
        return NULL;
    }
    if (pthread_mutex_init(&log->lock, NULL)) {
        dm_free(log);
        return NULL;
    }
    log->options = *options;
    return log;
}

void
dm_log_free(struct dm_log *log)
{
    if (log) {
        (void)pthread_mutex_destroy(&log->lock);
        dm_free(log);
    }
}

struct line {
    char bytes[LINE_BYTES_MAX];
    size_t n;
};

// Append up to byte `end` of the line; what is longer is cut at a code point
static void DM_PRINTF(3, 0)
    append(struct line *line, size_t end, const char *format, va_list arguments)
{
    const size_t room = end - line->n;
    const int written =
        vsnprintf(line->bytes + line->n, room, format, arguments);
    if (written < 0) {
        return;
    }
    if ((size_t)written < room) {
        line->n += (size_t)written;
        return;
    }
    line->n = dm_utf8_whole(dm_str_n(line->bytes, end - 1)).n;
}

static void DM_PRINTF(2, 3) add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append(line, sizeof(line->bytes), format, arguments);
    va_end(arguments);
}

static void
write_line(const struct dm_log *log, enum dm_log_level level, struct line *line)
{
    dm_utf8_tame(line->bytes, line->n);
    log->options.write(log->options.context, level,
                       dm_str_n(line->bytes, line->n));
}

// Say what was left out of a window that is over
static void
settle(const struct dm_log *log, struct window *window)
{
    if (window->n_left_out) {
        struct line line = {.n = 0};
        add(&line, "%s left_out=%llu", window->event,
            (unsigned long long)window->n_left_out);
        write_line(log, window->level, &line);
        window->n_left_out = 0;
    }
}

// The window of `event`; where there is no place for a new one, that of the
// event which began its minute first is given up
static struct window *
find_window(struct dm_log *log, const char *event, int64_t now_ns)
{
    struct window *oldest = &log->windows[0];
    for (size_t i = 0; i < log->n_windows; ++i) {
        struct window *window = &log->windows[i];
        if (strncmp(window->event, event, EVENT_BYTES_MAX - 1) == 0) {
            return window;
        }
        if (window->start_ns < oldest->start_ns) {
            oldest = window;
        }
    }

    struct window *fresh = oldest;
    if (log->n_windows < EVENTS_MAX) {
        fresh = &log->windows[log->n_windows++];
    } else {
        settle(log, oldest);
    }
    *fresh = (struct window){.start_ns = now_ns};
    (void)snprintf(fresh->event, sizeof(fresh->event), "%s", event);
    return fresh;
}

// Whether one more line of `window` may be written; counts it either way.
// `*ret_left_out` is how many were left out before it.
static bool
may_write(struct window *window, enum dm_log_level level, int64_t now_ns,
          uint64_t *ret_left_out)
{
    window->level = level;
    if (now_ns - window->start_ns >= WINDOW_NS) {
        window->start_ns = now_ns;
        window->n_written = 0;
    }
    if (window->n_written == DM_LOG_BURST) {
        ++window->n_left_out;
        return false;
    }
    ++window->n_written;
    *ret_left_out = window->n_left_out;
    window->n_left_out = 0;
    return true;
}

void
dm_log(struct dm_log *log, enum dm_log_level level, const char *event,
       const char *format, ...)
{
    if (level > log->options.level) {
        return;
    }

    struct line line = {.n = 0};
    add(&line, "%.*s", (int)EVENT_BYTES_MAX - 1, event);
    if (format[0]) {
        add(&line, " ");
        va_list arguments;
        va_start(arguments, format);
        append(&line, sizeof(line.bytes) - TAIL_BYTES_MAX, format, arguments);
        va_end(arguments);
    }

    (void)pthread_mutex_lock(&log->lock);
    bool is_written = true;
    if (level <= DM_LOG_WARNING) {
        const int64_t now_ns = log->options.clock(log->options.context);
        uint64_t left_out = 0;
        is_written = may_write(find_window(log, event, now_ns), level, now_ns,
                               &left_out);
        if (is_written && left_out) {
            add(&line, " left_out=%llu", (unsigned long long)left_out);
        }
    }
    if (is_written) {
        write_line(log, level, &line);
    }
    (void)pthread_mutex_unlock(&log->lock);
}

const char *
dm_log_level_name(enum dm_log_level level)
{
    switch (level) {
    case DM_LOG_ERROR:
        return "error";
    case DM_LOG_WARNING:
        return "warning";
    case DM_LOG_INFO:
        return "info";
    case DM_LOG_DEBUG:
        return "debug";
    }

    return "unknown";
}
