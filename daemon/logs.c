// SPDX-License-Identifier: ISC

#include "daemon/logs.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/env.h"
#include "net/http_server.h"
#include "net/loop.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ID_DIGITS 16U // Of the start's id, in a cursor

struct change {
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    uint64_t at; // Counter of its last change
};

// A call that is held. Those that `news` was called for wait for its answer,
// not for the time.
struct held {
    struct held *next;
    struct dm_http_call *call;
    char asker[DM_LOGS_ASKER_SIZE];
    uint64_t since;
    int64_t due_ns;
    bool is_told;
};

struct dm_logs {
    struct dm_logs_options options;
    char id[ID_DIGITS + 1];
    uint64_t n;     // Counter of the last change
    uint64_t floor; // What changed up to here is not all known
    struct change *changes;
    size_t n_changes;
    size_t capacity;
    bool has_own;
    struct dm_logs_own own;
    struct held *held; // Oldest first
    size_t n_held;
    struct dm_timer news;
    struct dm_timer ends; // Never after the earliest due_ns
    bool is_telling;      // `news` was called and not answered yet
};

struct dm_logs *
dm_logs_new(const struct dm_logs_options *options)
{
    struct dm_logs *logs = dm_calloc(1, sizeof(*logs));
    if (!logs) {
        return NULL;
    }
    uint64_t id = 0;
    dm_env_random(options->env, &id, sizeof(id));
    logs->options = *options;
    (void)snprintf(logs->id, sizeof(logs->id), "%016" PRIx64, id);
    return logs;
}

void
dm_logs_free(struct dm_logs *logs)
{
    if (!logs) {
        return;
    }
    dm_loop_timer_stop(logs->options.loop, &logs->news);
    dm_loop_timer_stop(logs->options.loop, &logs->ends);
    while (logs->held) {
        struct held *held = logs->held;
        logs->held = held->next;
        dm_http_abort(held->call);
        dm_free(held);
    }
    dm_free(logs->changes);
    dm_free(logs);
}

// ------------------------------------------------------------ calls that wait

// Take it out of the list; its memory is the caller's.
static struct held *
take(struct dm_logs *logs, struct held **link)
{
    struct held *held = *link;
    *link = held->next;
    --logs->n_held;
    return held;
}

// 204: nothing new. Who is cut off for want of memory comes again.
static void
end(struct dm_logs *logs, struct held **link)
{
    struct held *held = take(logs, link);
    (void)dm_http_answer(held->call, 204, NULL, 0, NULL, 0);
    dm_free(held);
}

static void
on_ends(void *context)
{
    struct dm_logs *logs = context;
    DM_ON_LOOP();
    const int64_t now = dm_loop_now_ns(logs->options.loop);
    int64_t next = DM_NEVER_DUE;
    for (struct held **link = &logs->held; *link;) {
        struct held *held = *link;
        if (!held->is_told && held->due_ns <= now) {
            end(logs, link);
            continue;
        }
        if (!held->is_told && held->due_ns < next) {
            next = held->due_ns;
        }
        link = &held->next;
    }
    if (next != DM_NEVER_DUE) {
        dm_loop_timer_start(logs->options.loop, &logs->ends, next, on_ends,
                            logs);
    }
}

static void
on_news(void *context)
{
    struct dm_logs *logs = context;
    DM_ON_LOOP();
    uint64_t since = logs->n;
    bool is_any = false;
    if (logs->is_telling) {
        return;
    }
    for (struct held *held = logs->held; held; held = held->next) {
        if (dm_logs_has_news(logs, held->since)) {
            held->is_told = true;
            is_any = true;
            since = held->since < since ? held->since : since;
        }
    }
    if (is_any) {
        logs->is_telling = true;
        logs->options.news(logs->options.context, since);
    }
}

// In the next step, so that what changes in this one is told at once
static void
tell(struct dm_logs *logs)
{
    if (logs->held && !logs->is_telling && !logs->news.is_running) {
        dm_loop_timer_start(logs->options.loop, &logs->news,
                            dm_loop_now_ns(logs->options.loop), on_news, logs);
    }
}

// The oldest that waits for the time; of this asker, where one is given
static struct held **
oldest(struct dm_logs *logs, const char *asker, size_t *ret_n)
{
    struct held **first = NULL;
    *ret_n = 0;
    for (struct held **link = &logs->held; *link; link = &(*link)->next) {
        if (asker && strcmp((*link)->asker, asker) != 0) {
            continue;
        }
        ++*ret_n;
        if (!first && !(*link)->is_told) {
            first = link;
        }
    }
    return first;
}

static void
make_room(struct dm_logs *logs, const char *asker)
{
    size_t n = 0;
    struct held **link = oldest(logs, asker, &n);
    if (link && n >= DM_LOGS_ASKER_HELD_MAX) {
        end(logs, link);
        return;
    }
    link = oldest(logs, NULL, &n);
    if (link && n >= DM_LOGS_HELD_MAX) {
        end(logs, link);
    }
}

enum dm_status
dm_logs_hold(struct dm_logs *logs, struct dm_http_call *call,
             struct dm_str asker, uint64_t since, int64_t wait_ns)
{
    DM_ON_LOOP();
    assert(!dm_logs_has_news(logs, since));
    struct held *held = dm_calloc(1, sizeof(*held));
    if (!held) {
        return DM_ERR_NO_MEMORY;
    }
    asker = dm_str_slice(asker, 0, sizeof(held->asker) - 1);
    memcpy(held->asker, asker.data, asker.n);
    make_room(logs, held->asker);
    if (logs->n_held == DM_LOGS_HELD_MAX) { // All are being answered
        dm_free(held);
        return DM_ERR_NO_MEMORY;
    }
    struct held **link = &logs->held;
    while (*link) {
        link = &(*link)->next;
    }
    held->call = call;
    held->since = since;
    held->due_ns = dm_loop_now_ns(logs->options.loop) + wait_ns;
    *link = held;
    ++logs->n_held;
    if (!logs->ends.is_running || held->due_ns < logs->ends.due_ns) {
        dm_loop_timer_start(logs->options.loop, &logs->ends, held->due_ns,
                            on_ends, logs);
    }
    return DM_OK;
}

static void
answer(struct dm_http_call *call, unsigned status, const char *content_type,
       struct dm_str body, unsigned retry)
{
    char seconds[12];
    struct dm_http_header headers[3] = {
        {DM_STR("Content-Type"), dm_str(content_type)},
        {DM_STR("Cache-Control"), DM_STR("no-store")},
    };
    size_t n_headers = 2;
    if (retry) {
        (void)snprintf(seconds, sizeof(seconds), "%u", retry);
        headers[n_headers++] =
            (struct dm_http_header){DM_STR("Retry-After"), dm_str(seconds)};
    }
    char *copy = dm_strndup(body.data, body.n);
    if (copy) {
        (void)dm_http_answer(call, status, headers, n_headers, copy, body.n);
    } else {
        dm_http_abort(call);
    }
}

void
dm_logs_answer(struct dm_logs *logs, unsigned status, const char *content_type,
               struct dm_str body, unsigned retry)
{
    DM_ON_LOOP();
    assert(logs->is_telling && body.n);
    logs->is_telling = false;
    bool has_news = false;
    for (struct held **link = &logs->held; *link;) {
        if ((*link)->is_told) {
            struct held *held = take(logs, link);
            answer(held->call, status, content_type, body, retry);
            dm_free(held);
        } else {
            has_news = has_news || dm_logs_has_news(logs, (*link)->since);
            link = &(*link)->next;
        }
    }
    if (has_news) { // Came while the answer was made
        tell(logs);
    }
}

void
dm_logs_closed(struct dm_logs *logs, const struct dm_http_call *call)
{
    DM_ON_LOOP();
    for (struct held **link = &logs->held; *link; link = &(*link)->next) {
        if ((*link)->call == call) {
            dm_free(take(logs, link));
            return;
        }
    }
}

size_t
dm_logs_held(const struct dm_logs *logs)
{
    return logs->n_held;
}

// -------------------------------------------------------------------- changes

static struct change *
change_of(struct dm_logs *logs, const uint8_t *log)
{
    for (size_t i = 0; i < logs->n_changes; ++i) {
        if (!memcmp(logs->changes[i].log, log, DM_KEY_PUBLIC_BYTES)) {
            return &logs->changes[i];
        }
    }
    struct change *changes =
        dm_grow(logs->changes, &logs->capacity, logs->n_changes + 1,
                sizeof(*changes), DM_LOGS_MAX);
    if (!changes) {
        return NULL;
    }
    logs->changes = changes;
    struct change *change = &changes[logs->n_changes++];
    memcpy(change->log, log, DM_KEY_PUBLIC_BYTES);
    return change;
}

void
dm_logs_changed(struct dm_logs *logs, const uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    DM_ON_LOOP();
    struct change *change = change_of(logs, log);
    ++logs->n;
    if (change) {
        change->at = logs->n;
    } else {
        logs->floor = logs->n; // Which one it was is forgotten: all logs
    }
    tell(logs);
}

void
dm_logs_set_own(struct dm_logs *logs, uint64_t seq, struct dm_str record)
{
    DM_ON_LOOP();
    struct dm_logs_own *own = &logs->own;
    assert(seq && record.n <= DM_RECORD_MAX);
    if (logs->has_own && own->seq == seq && own->n_record == record.n &&
        !memcmp(own->record, record.data, record.n)) {
        return;
    }
    logs->has_own = true;
    own->seq = seq;
    own->n_record = record.n;
    memcpy(own->record, record.data, record.n);
    dm_logs_changed(logs, logs->options.own);
}

const struct dm_logs_own *
dm_logs_own(const struct dm_logs *logs)
{
    return logs->has_own ? &logs->own : NULL;
}

// -------------------------------------------------------------------- cursors

void
dm_logs_cursor(const struct dm_logs *logs, char cursor[DM_LOGS_CURSOR_SIZE])
{
    (void)snprintf(cursor, DM_LOGS_CURSOR_SIZE, "%s-%" PRIu64, logs->id,
                   logs->n);
}

bool
dm_logs_since(const struct dm_logs *logs, struct dm_str cursor, uint64_t *ret)
{
    uint64_t n = 0;
    if (cursor.n <= ID_DIGITS + 1 || cursor.data[ID_DIGITS] != '-' ||
        !dm_str_is(dm_str_slice(cursor, 0, ID_DIGITS), logs->id) ||
        !dm_str_to_uint(dm_str_slice(cursor, ID_DIGITS + 1, cursor.n), logs->n,
                        &n) ||
        n < logs->floor) {
        return false;
    }
    *ret = n;
    return true;
}

bool
dm_logs_has_news(const struct dm_logs *logs, uint64_t since)
{
    return since < logs->n;
}

enum dm_status
dm_logs_news(const struct dm_logs *logs, uint64_t since,
             uint8_t (**ret)[DM_KEY_PUBLIC_BYTES], size_t *ret_n)
{
    uint8_t(*news)[DM_KEY_PUBLIC_BYTES] = NULL;
    size_t n = 0;
    if (since < logs->floor) {
        return DM_ERR_NOT_FOUND;
    }
    if (logs->n_changes) {
        news = dm_calloc(logs->n_changes, sizeof(*news));
        if (!news) {
            return DM_ERR_NO_MEMORY;
        }
    }
    for (size_t i = 0; i < logs->n_changes; ++i) {
        if (logs->changes[i].at > since) {
            memcpy(news[n++], logs->changes[i].log, DM_KEY_PUBLIC_BYTES);
        }
    }
    *ret = news;
    *ret_n = n;
    return DM_OK;
}
