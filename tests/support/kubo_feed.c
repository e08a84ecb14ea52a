// SPDX-License-Identifier: ISC

// kubo_feed URL CURSOR BLOCKS BEFORE ENTRIES EVERY SECONDS
//
// The owner of a log at the real Kubo at URL: the log has BEFORE entries at the
// start and gets one more every EVERY milliseconds until there are ENTRIES.
// Ends well when Kubo has taken all of it and its tip, at the latest after
// SECONDS. The cursor stays in the file CURSOR between two runs; the names of
// all blocks go to the file BLOCKS. What it says, a line each: the log's name,
// Head, the newest entry.

#include "sync/kubo.h"

#include "base/actor.h"
#include "base/env.h"
#include "base/log.h"
#include "base/time.h"
#include "net/loop.h"
#include "net/net.h"
#include "net/real.h"
#include "tests/unit/sync/kubo_log.h"
#include "vocab/config.h"

#include <errno.h>
#include <stdlib.h>

#define CAR_MAX 20000U // Several items, for a log of some hundred entries
#define ARGUMENTS 8
#define LOOK_NS (INT64_C(50) * DM_NS_PER_MS)

struct feed {
    struct dm_env env;
    struct dm_real *real;
    const struct dm_net *net;
    struct dm_config *config;
    struct dm_kubo *kubo;
    struct kubo_log log;
    struct dm_kubo_cursor cursor;
    const char *cursor_path;
    struct dm_buf car;
    uint64_t n_entries;
    int64_t every_ns;
    int64_t sealed_ns;
    struct dm_timer timer;
    uint64_t need_all;
    uint64_t failed; // As far as it was said
};

static uint64_t
number(const char *text)
{
    uint64_t value = 0;
    CHECK(dm_str_to_uint(dm_str(text), 1000000, &value));
    return value;
}

static bool
is_ahead(const struct feed *feed)
{
    const struct dm_kubo_cursor *cursor = &feed->cursor;
    return cursor->seq < feed->log.seq || !cursor->has_pinned ||
           !dm_cid_equal(&cursor->pinned, &feed->log.head);
}

static void
seal(struct feed *feed)
{
    kubo_log_entry(&feed->log, 40);
    kubo_log_head(&feed->log, 0,
                  dm_env_wall_ms(&feed->env) + DM_RECORD_VALID_MS);
    feed->sealed_ns = dm_loop_now_ns(feed->net->loop);
}

static void
give(struct feed *feed)
{
    if (dm_kubo_is_idle(feed->kubo) && is_ahead(feed)) {
        const struct dm_kubo_item item =
            kubo_log_item(&feed->log, &feed->cursor, CAR_MAX, &feed->car);
        CHECK_INT(dm_kubo_give(feed->kubo, &item), DM_OK);
    }
}

static void
on_done(void *context, enum dm_kubo_outcome outcome,
        const struct dm_kubo_cursor *cursor)
{
    struct feed *feed = context;
    feed->cursor = *cursor;
    feed->need_all += outcome == DM_KUBO_NEED_ALL;
    give(feed);
}

// The log grows whether Kubo is there or not
static void
on_look(void *context)
{
    struct feed *feed = context;
    struct dm_kubo_figures figures;
    const int64_t now = dm_loop_now_ns(feed->net->loop);
    if (feed->log.seq < feed->n_entries &&
        now - feed->sealed_ns >= feed->every_ns) {
        seal(feed);
    }
    give(feed);
    dm_kubo_figures(feed->kubo, &figures);
    if (figures.failed != feed->failed) {
        feed->failed = figures.failed;
        (void)fprintf(stderr, "%.*s\n", (int)figures.error.n,
                      figures.error.data);
    }
    if (feed->log.seq == feed->n_entries && !is_ahead(feed) &&
        figures.puts + figures.refused_puts > 0) {
        dm_loop_end(feed->net->loop);
        return;
    }
    dm_loop_timer_start(feed->net->loop, &feed->timer, now + LOOK_NS, on_look,
                        feed);
}

static void
load_cursor(struct feed *feed)
{
    struct dm_buf buf;
    dm_buf_init(&buf, DM_KUBO_CURSOR_BYTES);
    if (!dm_env_read(&feed->env, feed->cursor_path, &buf, NULL)) {
        CHECK(dm_kubo_cursor_read(dm_buf_str(&buf), &feed->cursor));
    }
    dm_buf_done(&buf);
}

static void
save_cursor(const struct feed *feed)
{
    struct dm_buf buf;
    dm_buf_init(&buf, DM_KUBO_CURSOR_BYTES);
    CHECK_INT(dm_kubo_cursor_write(&feed->cursor, &buf), DM_OK);
    CHECK_INT(dm_env_write(&feed->env, feed->cursor_path, dm_buf_str(&buf),
                           0600, DM_WRITE_DEFAULT, NULL),
              DM_OK);
    dm_buf_done(&buf);
}

static void
list_blocks(const struct feed *feed, const char *path)
{
    char text[DM_CID_TEXT_SIZE];
    struct dm_buf list;
    dm_buf_init(&list, (size_t)1 << 20U);
    for (size_t i = 0; i < feed->log.n_blocks; ++i) {
        dm_cid_text(&feed->log.blocks[i].cid, text);
        (void)dm_buf_printf(&list, "%s\n", text);
    }
    dm_cid_text(&feed->log.head, text);
    (void)dm_buf_printf(&list, "%s\n", text);
    CHECK_INT(dm_env_write(&feed->env, path, dm_buf_str(&list), 0600,
                           DM_WRITE_DEFAULT, NULL),
              DM_OK);
    dm_buf_done(&list);
    (void)printf("%s\n%s\n", feed->log.name, text);
    dm_cid_text(&feed->log.entries[feed->log.seq - 1], text);
    (void)printf("%s\n", text);
}

static void
configure(struct feed *feed, const char *url)
{
    struct dm_buf text;
    dm_buf_init(&text, (size_t)1 << 16U);
    (void)dm_buf_printf(&text,
                        "PREFIX : <https://w3id.org/demonitor#>\n"
                        ":this :kubo \"%s\" .\n",
                        url);
    const struct dm_config_options options = {
        .env = &feed->env, .directory = ".", .node_name = DM_STR("feed")};
    const struct dm_config_source source = {DM_STR("feed.ttl"),
                                            dm_buf_str(&text)};
    struct dm_config_report *report = dm_config_report_new();
    CHECK(report);
    CHECK_INT(dm_config_load_texts(&options, &source, 1, report, &feed->config),
              DM_OK);
    dm_config_report_free(report);
    dm_buf_done(&text);
}

static void
say(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)fprintf(stderr, "%s: %.*s\n", dm_log_level_name(level), (int)line.n,
                  line.data);
}

static int64_t
no_clock(void *context)
{
    (void)context;
    return 0;
}

int
main(int argc, char **argv)
{
    static struct feed feed;
    CHECK_INT(argc, ARGUMENTS);
    const struct dm_log_options log_options = {
        .level = DM_LOG_ERROR, .write = say, .clock = no_clock};
    struct dm_log *log = dm_log_new(&log_options);
    CHECK(log);
    dm_env_init_system(&feed.env, log);
    feed.cursor_path = argv[2];
    feed.n_entries = number(argv[5]);
    feed.every_ns = (int64_t)number(argv[6]) * DM_NS_PER_MS;
    CHECK_INT(dm_real_new(&feed.env, &dm_real_limits_default, &feed.real, NULL),
              DM_OK);
    feed.net = dm_real_net(feed.real);
    configure(&feed, argv[1]);
    dm_buf_init(&feed.car, DM_KUBO_CAR_MAX);
    kubo_log_init(&feed.log);
    load_cursor(&feed);
    while (feed.log.seq < number(argv[4])) {
        seal(&feed);
    }
    const struct dm_kubo_options options = {.env = &feed.env,
                                            .net = feed.net,
                                            .config = feed.config,
                                            .log = dm_str(feed.log.name),
                                            .cursor = feed.cursor,
                                            .done = on_done,
                                            .context = &feed};
    CHECK_INT(dm_kubo_new(&options, &feed.kubo), DM_OK);
    dm_loop_timer_start(feed.net->loop, &feed.timer, 0, on_look, &feed);
    const int64_t until = dm_env_monotonic_ns(&feed.env) +
                          (int64_t)number(argv[7]) * DM_NS_PER_SECOND;
    enum dm_progress progress = DM_PROGRESS_IDLE;
    int64_t due_ns = 0;
    while (progress != DM_PROGRESS_ENDED &&
           dm_env_monotonic_ns(&feed.env) < until) {
        progress = dm_loop_step(feed.net->loop, LOOK_NS, &due_ns);
    }
    save_cursor(&feed);
    list_blocks(&feed, argv[3]);
    (void)fprintf(stderr, "need all: %d\n", (int)feed.need_all);
    dm_loop_timer_stop(feed.net->loop, &feed.timer);
    dm_kubo_free(feed.kubo);
    dm_config_unref(feed.config);
    dm_buf_done(&feed.car);
    kubo_log_done(&feed.log);
    dm_real_free(feed.real);
    dm_log_free(log);
    return progress == DM_PROGRESS_ENDED ? 0 : 1;
}
