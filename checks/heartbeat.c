// SPDX-License-Identifier: ISC

#include "checks/heartbeat.h"

#include "base/buf.h"
#include "base/time.h"
#include "checks/judge.h"

#include <string.h>

#define MS_PER_SECOND 1000.0

static struct dm_str
run_id(const struct dm_heartbeat_run *run)
{
    return dm_str(run->run_id);
}

// Whether a ping with this run id ends the open run. One without an id ends
// any.
static bool
is_of_run(const struct dm_heartbeat_run *run, struct dm_str id)
{
    return run->is_open &&
           (!id.n || !run->run_id[0] || dm_str_equal(id, run_id(run)));
}

static void
open_run(struct dm_heartbeat_run *run, struct dm_str id, int64_t now_ns)
{
    const struct dm_str cut = dm_utf8_cut(id, DM_RUN_ID_MAX);
    run->is_open = true;
    run->started_ns = now_ns;
    if (cut.n) {
        memcpy(run->run_id, cut.data, cut.n);
    }
    run->run_id[cut.n] = '\0';
}

static void
judge_outcome(struct dm_result *result, const struct dm_ping *ping)
{
    const struct dm_str first_line =
        dm_str_slice(ping->body, 0, dm_str_find(ping->body, dm_str("\n")));
    struct dm_buf text;
    dm_buf_init(&text, DM_MESSAGE_MAX);
    (void)dm_buf_put_str(&text,
                         dm_utf8_cut(dm_str_trim(first_line), DM_MESSAGE_MAX));
    if (ping->kind == DM_PING_EXIT && ping->exit_code) {
        if (!text.n) {
            (void)dm_buf_printf(&text, "exit code %u", ping->exit_code);
        }
        dm_judge_set(result, DM_VERDICT_CRITICAL, DM_FAILURE_EXIT_CODE,
                     dm_buf_str(&text));
    } else if (ping->kind == DM_PING_FAIL) {
        if (!text.n) {
            (void)dm_buf_puts(&text, "reported a failure");
        }
        dm_judge_set(result, DM_VERDICT_CRITICAL, DM_FAILURE_EXIT_CODE,
                     dm_buf_str(&text));
    } else {
        dm_judge_set(result, DM_VERDICT_OK, DM_FAILURE_NONE, dm_buf_str(&text));
    }
    dm_buf_done(&text);
}

static void
close_run(struct dm_heartbeat_run *run, const struct dm_check_def *check,
          struct dm_result *result, int64_t now_ns)
{
    const int64_t took_ms = (now_ns - run->started_ns) / DM_NS_PER_MS;
    run->is_open = false;
    result->micros = (now_ns - run->started_ns) / 1000;
    if (result->verdict == DM_VERDICT_OK && took_ms < check->min_run_ms) {
        struct dm_buf text;
        dm_buf_init(&text, DM_MESSAGE_MAX);
        (void)dm_buf_printf(&text, "ran for %.3g s, less than %.3g s",
                            (double)took_ms / MS_PER_SECOND,
                            (double)check->min_run_ms / MS_PER_SECOND);
        dm_judge_set(result, DM_VERDICT_CRITICAL, DM_FAILURE_TOO_SHORT,
                     dm_buf_str(&text));
        dm_buf_done(&text);
    }
}

struct dm_result *
dm_heartbeat_ping(struct dm_heartbeat_run *run,
                  const struct dm_check_def *check, const struct dm_ping *ping,
                  int64_t now_ns)
{
    struct dm_result *result = dm_result_new(check->iri);
    if (!result) {
        return NULL;
    }
    if (ping->kind == DM_PING_START || ping->kind == DM_PING_LOG) {
        const bool is_start = ping->kind == DM_PING_START;
        if (is_start) {
            open_run(run, ping->run_id, now_ns);
        }
        result->verdict = is_start ? DM_VERDICT_STARTED : DM_VERDICT_LOGGED;
    } else {
        judge_outcome(result, ping);
        if (is_of_run(run, ping->run_id)) {
            close_run(run, check, result, now_ns);
        }
    }
    result->run_id =
        dm_arena_copy(&result->arena, dm_utf8_cut(ping->run_id, DM_RUN_ID_MAX));
    if (!check->record_status_only) {
        dm_result_output(result, ping->body);
    } else {
        result->message = (struct dm_str){"", 0};
    }
    return result;
}

int64_t
dm_heartbeat_limit_ns(const struct dm_heartbeat_run *run,
                      const struct dm_check_def *check)
{
    return run->is_open && check->run_limit_ms > 0
               ? run->started_ns + check->run_limit_ms * DM_NS_PER_MS
               : INT64_MAX;
}

struct dm_result *
dm_heartbeat_too_long(struct dm_heartbeat_run *run,
                      const struct dm_check_def *check)
{
    struct dm_result *result = dm_result_new(check->iri);
    if (!result) {
        return NULL;
    }
    struct dm_buf text;
    dm_buf_init(&text, DM_MESSAGE_MAX);
    (void)dm_buf_printf(&text, "still running after %.3g s",
                        (double)check->run_limit_ms / MS_PER_SECOND);
    dm_judge_set(result, DM_VERDICT_CRITICAL, DM_FAILURE_TOO_LONG,
                 dm_buf_str(&text));
    dm_buf_done(&text);
    if (check->record_status_only) {
        result->message = (struct dm_str){"", 0};
    }
    result->micros = check->run_limit_ms * 1000;
    result->run_id = dm_arena_copy(&result->arena, run_id(run));
    run->is_open = false;
    return result;
}
