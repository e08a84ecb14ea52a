// SPDX-License-Identifier: ISC

#include "daemon/logs.h"

#include "base/alloc.h"
#include "base/env.h"
#include "base/time.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

#define CALLS (DM_LOGS_HELD_MAX + 2U)

static const uint8_t own_log[DM_KEY_PUBLIC_BYTES] = {1};
static const uint8_t log_b[DM_KEY_PUBLIC_BYTES] = {2};
static const uint8_t log_c[DM_KEY_PUBLIC_BYTES] = {3};

// One node whose time the test sets
struct rig {
    int64_t now_ns;
    uint8_t random;
    struct dm_env env;
    struct dm_loop loop;
    struct dm_logs *logs;
    size_t n_news; // Times that it was asked for
    uint64_t since;
};

// A call that remembers its answer
struct call {
    struct dm_http_call call;
    unsigned status; // 0: none yet; 1: cut
    char body[32];
    char retry[8];
};

static int64_t
now_ns(void *self)
{
    return ((struct rig *)self)->now_ns;
}

static void
make_random(void *context, void *bytes, size_t n)
{
    memset(bytes, ((struct rig *)context)->random, n);
}

static enum dm_status
call_answer(struct dm_http_call *head, unsigned status,
            const struct dm_http_header *headers, size_t n, char *body,
            size_t n_body)
{
    struct call *call = (struct call *)head;
    const struct dm_str retry = dm_http_header_get(headers, n, "Retry-After");
    CHECK_INT(call->status, 0);
    CHECK(n_body < sizeof(call->body) && retry.n < sizeof(call->retry));
    call->status = status;
    memcpy(call->body, n_body ? body : "", n_body);
    memcpy(call->retry, retry.n ? retry.data : "", retry.n);
    dm_free(body);
    return DM_OK;
}

static void
call_abort(struct dm_http_call *head)
{
    ((struct call *)head)->status = 1;
}

static struct call
make_call(void)
{
    static const struct dm_http_call_ops ops = {.answer = call_answer,
                                                .abort = call_abort};
    return (struct call){.call = {.ops = &ops}};
}

static void
on_news(void *context, uint64_t since)
{
    struct rig *rig = context;
    ++rig->n_news;
    rig->since = since;
}

static void
begin(struct rig *rig)
{
    static const struct dm_loop_ops loop_ops = {.now_ns = now_ns};
    static const struct dm_env_ops env_ops = {.random = make_random};
    memset(rig, 0, sizeof(*rig));
    rig->random = 0xab;
    rig->env = (struct dm_env){.ops = &env_ops, .context = rig};
    dm_loop_init(&rig->loop, &loop_ops, rig);
    const struct dm_logs_options options = {.env = &rig->env,
                                            .loop = &rig->loop,
                                            .own = own_log,
                                            .news = on_news,
                                            .context = rig};
    rig->logs = dm_logs_new(&options);
}

static void
step(struct rig *rig, int64_t ns)
{
    rig->now_ns += ns;
    while (dm_loop_dispatch(&rig->loop, false)) {
    }
}

static void
hold(struct rig *rig, struct call *call, const char *asker, int64_t seconds)
{
    char cursor[DM_LOGS_CURSOR_SIZE];
    uint64_t since = 0;
    *call = make_call();
    dm_logs_cursor(rig->logs, cursor);
    CHECK(dm_logs_since(rig->logs, dm_str(cursor), &since));
    CHECK_INT(dm_logs_hold(rig->logs, &call->call, dm_str(asker), since,
                           seconds * DM_NS_PER_SECOND),
              DM_OK);
}

static void
reply(struct rig *rig, const char *body)
{
    dm_logs_answer(rig->logs, 200, "application/json", dm_str(body), 0);
}

static void
a_cursor_is_of_one_start(void)
{
    struct rig rig;
    struct rig other;
    char cursor[DM_LOGS_CURSOR_SIZE];
    uint64_t since = 77;
    begin(&rig);
    begin(&other);
    dm_logs_cursor(rig.logs, cursor);
    CHECK(!strcmp(cursor, "abababababababab-0"));
    CHECK(dm_logs_since(rig.logs, dm_str(cursor), &since));
    CHECK_INT((int64_t)since, 0);
    dm_logs_changed(rig.logs, log_b);
    dm_logs_cursor(rig.logs, cursor);
    CHECK(!strcmp(cursor, "abababababababab-1"));
    CHECK(!dm_logs_since(rig.logs, dm_str("abababababababab-2"), &since));
    CHECK(!dm_logs_since(rig.logs, dm_str("abababababababab-01"), &since));
    CHECK(!dm_logs_since(rig.logs, dm_str("abababababababab-"), &since));
    CHECK(!dm_logs_since(rig.logs, dm_str("abababababababac-1"), &since));
    CHECK(!dm_logs_since(rig.logs, dm_str(""), &since));
    CHECK_INT((int64_t)since, 0);
    dm_logs_free(rig.logs);
    dm_logs_free(other.logs);
}

static void
only_what_changed_is_news(void)
{
    struct rig rig;
    uint8_t(*news)[DM_KEY_PUBLIC_BYTES] = NULL;
    size_t n = 0;
    begin(&rig);
    dm_logs_changed(rig.logs, log_b);
    dm_logs_changed(rig.logs, log_c);
    dm_logs_changed(rig.logs, log_b);
    CHECK(dm_logs_has_news(rig.logs, 2) && !dm_logs_has_news(rig.logs, 3));
    CHECK_INT(dm_logs_news(rig.logs, 2, &news, &n), DM_OK);
    CHECK_INT((int64_t)n, 1);
    CHECK(!memcmp(news[0], log_b, sizeof(log_b)));
    dm_free(news);
    CHECK_INT(dm_logs_news(rig.logs, 0, &news, &n), DM_OK);
    CHECK_INT((int64_t)n, 2);
    dm_free(news);
    CHECK_INT(dm_logs_news(rig.logs, 3, &news, &n), DM_OK);
    CHECK_INT((int64_t)n, 0);
    dm_free(news);
    dm_logs_free(rig.logs);
}

static void
the_own_log_changes_when_it_is_published(void)
{
    struct rig rig;
    begin(&rig);
    CHECK(!dm_logs_own(rig.logs));
    dm_logs_set_own(rig.logs, 7, dm_str("seven"));
    CHECK(dm_logs_has_news(rig.logs, 0));
    dm_logs_set_own(rig.logs, 7, dm_str("seven"));
    CHECK(!dm_logs_has_news(rig.logs, 1));
    dm_logs_set_own(rig.logs, 7, dm_str("SEVEN"));
    CHECK(dm_logs_has_news(rig.logs, 1));
    CHECK_INT((int64_t)dm_logs_own(rig.logs)->seq, 7);
    CHECK(!memcmp(dm_logs_own(rig.logs)->record, "SEVEN", 5));
    dm_logs_free(rig.logs);
}

static void
changes_of_one_step_are_told_together(void)
{
    struct rig rig;
    struct call a;
    struct call b;
    begin(&rig);
    hold(&rig, &a, "a", 30);
    hold(&rig, &b, "b", 30);
    dm_logs_changed(rig.logs, log_b);
    dm_logs_changed(rig.logs, log_c);
    CHECK_INT((int64_t)rig.n_news, 0);
    step(&rig, 0);
    CHECK_INT((int64_t)rig.n_news, 1);
    CHECK_INT((int64_t)rig.since, 0);
    reply(&rig, "both");
    CHECK(a.status == 200 && !strcmp(a.body, "both"));
    CHECK(b.status == 200 && !strcmp(b.body, "both"));
    CHECK_INT((int64_t)dm_logs_held(rig.logs), 0);
    step(&rig, 60 * DM_NS_PER_SECOND);
    CHECK_INT((int64_t)rig.n_news, 1);
    dm_logs_free(rig.logs);
}

static void
what_changes_while_it_is_told_is_told_next(void)
{
    struct rig rig;
    struct call first;
    struct call second;
    struct call third;
    begin(&rig);
    hold(&rig, &first, "a", 30);
    dm_logs_changed(rig.logs, log_b);
    hold(&rig, &second, "b", 30); // Knows of it
    step(&rig, 0);
    hold(&rig, &third, "c", 30);
    dm_logs_changed(rig.logs, log_c);
    step(&rig, 0);
    CHECK_INT((int64_t)rig.n_news, 1);
    reply(&rig, "b");
    CHECK(first.status == 200 && !second.status && !third.status);
    step(&rig, 0);
    CHECK_INT((int64_t)rig.n_news, 2);
    CHECK_INT((int64_t)rig.since, 1);
    dm_logs_answer(rig.logs, 503, "text/plain", dm_str("busy"), 2);
    CHECK(second.status == 503 && third.status == 503);
    CHECK(!strcmp(third.retry, "2"));
    dm_logs_free(rig.logs);
}

static void
without_news_each_ends_when_its_time_is_over(void)
{
    struct rig rig;
    struct call slow;
    struct call fast;
    struct call gone;
    begin(&rig);
    hold(&rig, &slow, "a", 30);
    hold(&rig, &fast, "b", 10);
    hold(&rig, &gone, "c", 5);
    dm_logs_closed(rig.logs, &gone.call);
    step(&rig, 10 * DM_NS_PER_SECOND - 1);
    CHECK(!fast.status && !slow.status);
    step(&rig, 1);
    CHECK(fast.status == 204 && !slow.status);
    step(&rig, 20 * DM_NS_PER_SECOND);
    CHECK(slow.status == 204 && !gone.status);
    CHECK_INT((int64_t)rig.n_news, 0);
    dm_logs_free(rig.logs);
}

// The time does not end a call that is being answered
static void
a_call_is_answered_once(void)
{
    struct rig rig;
    struct call call;
    begin(&rig);
    hold(&rig, &call, "a", 1);
    dm_logs_changed(rig.logs, log_b);
    step(&rig, 0);
    step(&rig, 2 * DM_NS_PER_SECOND);
    CHECK_INT(call.status, 0);
    reply(&rig, "b");
    CHECK_INT(call.status, 200);
    dm_logs_free(rig.logs);
}

static void
who_left_is_not_answered(void)
{
    struct rig rig;
    struct call call;
    begin(&rig);
    hold(&rig, &call, "a", 30);
    dm_logs_changed(rig.logs, log_b);
    step(&rig, 0);
    dm_logs_closed(rig.logs, &call.call);
    reply(&rig, "b");
    CHECK_INT(call.status, 0);
    dm_logs_free(rig.logs);
}

static void
the_oldest_gives_way(void)
{
    static struct call calls[CALLS];
    struct rig rig;
    char asker[DM_LOGS_ASKER_SIZE];
    begin(&rig);
    for (size_t i = 0; i <= DM_LOGS_ASKER_HELD_MAX; ++i) {
        hold(&rig, &calls[i], "one", 55);
    }
    CHECK_INT(calls[0].status, 204);
    CHECK_INT(calls[1].status, 0);
    for (size_t i = DM_LOGS_ASKER_HELD_MAX + 1; i < CALLS; ++i) {
        (void)snprintf(asker, sizeof(asker), "asker %zu", i);
        hold(&rig, &calls[i], asker, 55);
    }
    CHECK_INT((int64_t)dm_logs_held(rig.logs), DM_LOGS_HELD_MAX);
    CHECK_INT(calls[1].status, 204);
    CHECK_INT(calls[2].status, 0);
    dm_logs_free(rig.logs);
    CHECK_INT(calls[2].status, 1);
    CHECK_INT(calls[CALLS - 1].status, 1);
}

// Beyond the table, and where there is no memory: all logs are news
static void
what_is_forgotten_is_all(void)
{
    struct rig rig;
    struct call call;
    uint8_t(*news)[DM_KEY_PUBLIC_BYTES] = NULL;
    size_t n = 0;
    uint64_t since = 0;
    begin(&rig);
    dm_logs_changed(rig.logs, log_b);
    hold(&rig, &call, "a", 30);
    for (uint32_t i = 0; i < DM_LOGS_MAX; ++i) {
        uint8_t log[DM_KEY_PUBLIC_BYTES] = {9};
        memcpy(log + 1, &i, sizeof(i));
        dm_logs_changed(rig.logs, log);
    }
    CHECK(!dm_logs_since(rig.logs, dm_str("abababababababab-1"), &since));
    CHECK(dm_logs_since(rig.logs, dm_str("abababababababab-4097"), &since));
    step(&rig, 0);
    CHECK_INT(dm_logs_news(rig.logs, rig.since, &news, &n), DM_ERR_NOT_FOUND);
    CHECK_INT(dm_logs_news(rig.logs, 4097, &news, &n), DM_OK);
    CHECK_INT((int64_t)n, 0);
    dm_free(news);
    dm_logs_free(rig.logs);
}

static void
every_allocation_may_fail(void)
{
    bool is_done = false;
    for (uint64_t allowed = 0; !is_done; ++allowed) {
        struct rig rig;
        struct call call = make_call();
        uint8_t(*news)[DM_KEY_PUBLIC_BYTES] = NULL;
        size_t n = 0;
        dm_alloc_fail_after(allowed);
        begin(&rig);
        if (rig.logs) {
            const bool is_held =
                dm_logs_hold(rig.logs, &call.call, dm_str("a"), 0, 1) == DM_OK;
            dm_logs_changed(rig.logs, log_b);
            step(&rig, 0);
            CHECK_INT((int64_t)rig.n_news, is_held ? 1 : 0);
            const enum dm_status status = dm_logs_news(rig.logs, 0, &news, &n);
            if (is_held) {
                reply(&rig, "b");
            }
            is_done = !status && call.status == 200;
            dm_free(news);
        }
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        dm_logs_free(rig.logs);
    }
}

int
main(void)
{
    a_cursor_is_of_one_start();
    only_what_changed_is_news();
    the_own_log_changes_when_it_is_published();
    changes_of_one_step_are_told_together();
    what_changes_while_it_is_told_is_told_next();
    without_news_each_ends_when_its_time_is_over();
    a_call_is_answered_once();
    who_left_is_not_answered();
    the_oldest_gives_way();
    what_is_forgotten_is_all();
    every_allocation_may_fail();
    return 0;
}
