// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/time.h"
#include "tests/check.h"

#include <pthread.h>
#include <string.h>

struct sink {
    struct dm_buf lines; // "level|line\n" each
    int64_t now_ns;
    size_t n;
};

static void
take_line(void *context, enum dm_log_level level, struct dm_str line)
{
    struct sink *sink = context;
    ++sink->n;
    (void)dm_buf_printf(&sink->lines, "%s|", dm_log_level_name(level));
    (void)dm_buf_put_str(&sink->lines, line);
    (void)dm_buf_putc(&sink->lines, '\n');
}

static int64_t
sink_clock(void *context)
{
    return ((const struct sink *)context)->now_ns;
}

static struct dm_log *
open_log(struct sink *sink, enum dm_log_level level)
{
    *sink = (struct sink){.now_ns = 1};
    dm_buf_init(&sink->lines, (size_t)1024 * 1024);
    struct dm_log *log = dm_log_new(&(struct dm_log_options){
        .level = level,
        .write = take_line,
        .clock = sink_clock,
        .context = sink,
    });
    CHECK(log);
    return log;
}

static void
close_log(struct sink *sink, struct dm_log *log)
{
    dm_log_free(log);
    dm_buf_done(&sink->lines);
}

static void
check_lines(struct sink *sink, const char *want)
{
    if (!dm_str_is(dm_buf_str(&sink->lines), want)) {
        (void)fprintf(stderr, "got:\n%swant:\n%s", dm_buf_cstr(&sink->lines),
                      want);
    }
    CHECK(dm_str_is(dm_buf_str(&sink->lines), want));
    dm_buf_clear(&sink->lines);
    sink->n = 0;
}

static void
a_line_is_an_event_and_its_facts(void)
{
    struct sink sink;
    struct dm_log *log = open_log(&sink, DM_LOG_DEBUG);
    dm_log(log, DM_LOG_ERROR, "store.full", "free=%d path=%s", 0, "/x");
    dm_log(log, DM_LOG_INFO, "daemon.ready", "%s", "");
    dm_log(log, DM_LOG_DEBUG, "daemon.step", "n=%d", 1);
    check_lines(&sink, "error|store.full free=0 path=/x\n"
                       "info|daemon.ready \n"
                       "debug|daemon.step n=1\n");
    close_log(&sink, log);
}

static void
lines_above_the_level_are_dropped(void)
{
    struct sink sink;
    struct dm_log *log = open_log(&sink, DM_LOG_WARNING);
    dm_log(log, DM_LOG_INFO, "a", "x=1");
    dm_log(log, DM_LOG_DEBUG, "b", "x=1");
    dm_log(log, DM_LOG_WARNING, "c", "x=1");
    check_lines(&sink, "warning|c x=1\n");
    close_log(&sink, log);
}

static void
hostile_facts_stay_one_line(void)
{
    struct sink sink;
    struct dm_log *log = open_log(&sink, DM_LOG_INFO);
    dm_log(log, DM_LOG_INFO, "a", "m=%s", "x\nerror|forged\x1b\xff\u00e9");
    check_lines(&sink, "info|a m=x?error|forged??\u00e9\n");
    close_log(&sink, log);
}

static void
a_repeated_event_is_cut_short_and_the_rest_counted(void)
{
    struct sink sink;
    struct dm_log *log = open_log(&sink, DM_LOG_INFO);
    for (int i = 0; i < DM_LOG_BURST + 7; ++i) {
        dm_log(log, DM_LOG_WARNING, "peer.slow", "i=%d", i);
    }
    CHECK_INT((int64_t)sink.n, DM_LOG_BURST);
    dm_buf_clear(&sink.lines);

    dm_log(log, DM_LOG_WARNING, "peer.gone", "i=%d", 1); // Has its own count
    sink.now_ns += 59 * DM_NS_PER_SECOND;
    dm_log(log, DM_LOG_WARNING, "peer.slow", "i=%d", 17);
    check_lines(&sink, "warning|peer.gone i=1\n");

    sink.now_ns += DM_NS_PER_SECOND;
    dm_log(log, DM_LOG_WARNING, "peer.slow", "i=%d", 18);
    dm_log(log, DM_LOG_WARNING, "peer.slow", "i=%d", 19);
    check_lines(&sink, "warning|peer.slow i=18 left_out=8\n"
                       "warning|peer.slow i=19\n");
    close_log(&sink, log);
}

static void
life_cycle_lines_are_never_left_out(void)
{
    struct sink sink;
    struct dm_log *log = open_log(&sink, DM_LOG_INFO);
    for (int i = 0; i < DM_LOG_BURST * 3; ++i) {
        dm_log(log, DM_LOG_INFO, "config.loaded", "i=%d", i);
    }
    CHECK_INT((int64_t)sink.n, INT64_C(3) * DM_LOG_BURST);
    close_log(&sink, log);
}

static void
what_was_left_out_is_said_when_an_event_is_forgotten(void)
{
    struct sink sink;
    struct dm_log *log = open_log(&sink, DM_LOG_INFO);
    for (int i = 0; i < DM_LOG_BURST + 2; ++i) {
        dm_log(log, DM_LOG_ERROR, "first", "i=%d", i);
    }
    dm_buf_clear(&sink.lines);
    sink.now_ns += 1;
    for (int i = 0; i < 64; ++i) {
        char event[16];
        (void)snprintf(event, sizeof(event), "event.%d", i);
        dm_log(log, DM_LOG_ERROR, event, "i=%d", i);
    }
    CHECK(dm_str_find(dm_buf_str(&sink.lines),
                      dm_str("error|first left_out=2\n")) < sink.lines.n);
    close_log(&sink, log);
}

static void
a_long_line_is_cut_between_code_points(void)
{
    struct sink sink;
    struct dm_log *log = open_log(&sink, DM_LOG_INFO);
    char text[4096] = "";
    for (size_t n = 0; n + 3 < sizeof(text); n += 3) {
        memcpy(text + n, "\u20ac", 4);
    }
    for (int shift = 1; shift <= 3; ++shift) {
        dm_log(log, DM_LOG_INFO, &"aaa"[shift], "%s", text);
        CHECK(!strchr(dm_buf_cstr(&sink.lines), '?'));
        CHECK(sink.lines.n > 1990 && sink.lines.n < 2048);
        dm_buf_clear(&sink.lines);
    }
    close_log(&sink, log);
}

#define THREADS 4
#define LINES 500

static void *
write_many(void *context)
{
    for (int i = 0; i < LINES; ++i) {
        dm_log(context, DM_LOG_INFO, "thread", "i=%d", i);
        dm_log(context, DM_LOG_WARNING, "thread.warning", "i=%d", i);
    }
    return NULL;
}

static void
lines_of_many_threads_are_whole(void)
{
    struct sink sink;
    struct dm_log *log = open_log(&sink, DM_LOG_INFO);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; ++i) {
        CHECK(pthread_create(&threads[i], NULL, write_many, log) == 0);
    }
    for (int i = 0; i < THREADS; ++i) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK_INT((int64_t)sink.n, INT64_C(1) * THREADS * LINES + DM_LOG_BURST);
    CHECK(sink.lines.status == DM_OK);
    close_log(&sink, log);
}

static void
without_memory_there_is_no_log(void)
{
    dm_alloc_fail_after(0);
    CHECK(!dm_log_new(
        &(struct dm_log_options){.write = take_line, .clock = sink_clock}));
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    dm_log_free(NULL);
}

int
main(void)
{
    a_line_is_an_event_and_its_facts();
    lines_above_the_level_are_dropped();
    hostile_facts_stay_one_line();
    a_repeated_event_is_cut_short_and_the_rest_counted();
    life_cycle_lines_are_never_left_out();
    what_was_left_out_is_said_when_an_event_is_forgotten();
    a_long_line_is_cut_between_code_points();
    lines_of_many_threads_are_whole();
    without_memory_there_is_no_log();
    return 0;
}
