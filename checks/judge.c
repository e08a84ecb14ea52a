// SPDX-License-Identifier: ISC

#include "checks/judge.h"

#include "base/buf.h"

#include <assert.h>

#define MESSAGE_ROOM 4096U // Of all that is said, before it is cut

static int
rank(enum dm_verdict verdict)
{
    switch (verdict) {
    case DM_VERDICT_OK:
    case DM_VERDICT_STARTED:
    case DM_VERDICT_LOGGED:
        return 0;
    case DM_VERDICT_UNKNOWN:
        return 1;
    case DM_VERDICT_WARNING:
        return 2;
    case DM_VERDICT_CRITICAL:
        return 3;
    }
    return 0;
}

static enum dm_failure
failure_of(enum dm_subject subject)
{
    switch (subject) {
    case DM_SUBJECT_LATENCY:
    case DM_SUBJECT_RTT:
        return DM_FAILURE_LATENCY;
    case DM_SUBJECT_STATUS:
    case DM_SUBJECT_RCODE:
        return DM_FAILURE_STATUS_CODE;
    case DM_SUBJECT_BODY:
    case DM_SUBJECT_HEADER:
    case DM_SUBJECT_JSON:
    case DM_SUBJECT_BANNER:
    case DM_SUBJECT_ANSWER:
        return DM_FAILURE_CONTENT;
    case DM_SUBJECT_EXIT:
        return DM_FAILURE_EXIT_CODE;
    case DM_SUBJECT_CERT:
    case DM_SUBJECT_IP:
    case DM_SUBJECT_LOSS:
    case DM_SUBJECT_DISK:
    case DM_SUBJECT_INODES:
    case DM_SUBJECT_MEMORY:
    case DM_SUBJECT_SWAP:
    case DM_SUBJECT_CPU:
    case DM_SUBJECT_LOAD1:
    case DM_SUBJECT_LOAD5:
    case DM_SUBJECT_LOAD15:
    case DM_SUBJECT_UNIT:
    case DM_SUBJECT_PROCESS:
    case DM_SUBJECT_FILE:
    case DM_SUBJECT_CLOCK_OFFSET:
    case DM_SUBJECT_UPTIME:
    case DM_SUBJECT_PERF:
        return DM_FAILURE_THRESHOLD;
    }
    return DM_FAILURE_THRESHOLD;
}

// One verdict in the making
struct judging {
    struct dm_buf bad;  // What made the present verdict
    struct dm_buf good; // What was measured
    enum dm_verdict verdict;
    enum dm_failure failure;
    // Of the condition that is being looked at
    const struct dm_condition *condition;
    enum dm_verdict if_true;
    enum dm_verdict if_false;
    bool is_first_mention; // No condition before it had the same subject
};

static void
join(struct dm_buf *buf, struct dm_str text)
{
    if (buf->n) {
        (void)dm_buf_puts(buf, ", ");
    }
    (void)dm_buf_put_str(buf, text);
}

static void
worsen(struct judging *judging, enum dm_verdict verdict,
       enum dm_failure failure, struct dm_str text)
{
    if (rank(verdict) > rank(judging->verdict)) {
        dm_buf_clear(&judging->bad);
        judging->verdict = verdict;
        judging->failure = failure;
    }
    if (verdict == judging->verdict && verdict != DM_VERDICT_OK) {
        join(&judging->bad, text);
    }
}

static void
weigh_fact(void *context, const struct dm_fact *fact)
{
    struct judging *judging = context;
    struct dm_buf said;
    dm_buf_init(&said, MESSAGE_ROOM);
    const bool holds = dm_condition_eval(judging->condition, fact, &said);
    worsen(judging, holds ? judging->if_true : judging->if_false,
           failure_of(judging->condition->subject), dm_buf_str(&said));

    if (judging->is_first_mention && fact->kind != DM_FACT_ABSENT &&
        fact->kind != DM_FACT_TEXT) {
        dm_buf_clear(&said);
        if (judging->condition->subject == DM_SUBJECT_INODES) {
            (void)dm_buf_puts(&said, "inodes ");
        } else if (judging->condition->subject == DM_SUBJECT_SWAP) {
            (void)dm_buf_puts(&said, "swap ");
        }
        if (fact->which.n) {
            (void)dm_buf_put_str(&said, fact->which);
            (void)dm_buf_putc(&said, ' ');
        }
        dm_fact_format(fact, &said);
        join(&judging->good, dm_buf_str(&said));
    }
    dm_buf_done(&said);
}

// Whether `list` has a condition with the subject of `condition` before `end`
static bool
mentions(const struct dm_conditions *list, size_t end,
         const struct dm_condition *condition)
{
    for (size_t i = 0; i < end; ++i) {
        if (list->items[i].subject == condition->subject &&
            dm_str_equal(list->items[i].argument, condition->argument)) {
            return true;
        }
    }
    return false;
}

static void
weigh_list(struct judging *judging, const struct dm_check_def *check,
           const struct dm_conditions *list, dm_facts_fn facts, void *context)
{
    const struct dm_conditions *const all[] = {&check->expect, &check->crit_if,
                                               &check->warn_if};
    for (size_t i = 0; i < list->n; ++i) {
        const struct dm_condition *condition = &list->items[i];
        judging->condition = condition;
        judging->is_first_mention = !mentions(list, i, condition);
        for (size_t k = 0; k < DM_COUNT_OF(all) && all[k] != list; ++k) {
            if (mentions(all[k], all[k]->n, condition)) {
                judging->is_first_mention = false;
            }
        }

        const enum dm_status status =
            facts(context, condition, weigh_fact, judging);
        if (status) {
            struct dm_buf said;
            dm_buf_init(&said, MESSAGE_ROOM);
            (void)dm_buf_put_str(&said, condition->text);
            (void)dm_buf_printf(&said, ": %s",
                                status == DM_ERR_UNSUPPORTED
                                    ? "not supported yet"
                                    : dm_status_text(status));
            worsen(judging, DM_VERDICT_UNKNOWN,
                   status == DM_ERR_PERMISSION ? DM_FAILURE_NOT_PERMITTED
                                               : DM_FAILURE_NONE,
                   dm_buf_str(&said));
            dm_buf_done(&said);
        }
    }
}

void
dm_judge(const struct dm_check_def *check, dm_facts_fn facts, void *context,
         struct dm_result *result)
{
    struct judging judging = {.verdict = DM_VERDICT_OK};
    dm_buf_init(&judging.bad, MESSAGE_ROOM);
    dm_buf_init(&judging.good, MESSAGE_ROOM);

    judging.if_true = DM_VERDICT_OK;
    judging.if_false = DM_VERDICT_CRITICAL;
    weigh_list(&judging, check, &check->expect, facts, context);
    judging.if_true = DM_VERDICT_CRITICAL;
    judging.if_false = DM_VERDICT_OK;
    weigh_list(&judging, check, &check->crit_if, facts, context);
    judging.if_true = DM_VERDICT_WARNING;
    weigh_list(&judging, check, &check->warn_if, facts, context);

    dm_judge_set(result, judging.verdict, judging.failure,
                 judging.verdict == DM_VERDICT_OK ? dm_buf_str(&judging.good)
                                                  : dm_buf_str(&judging.bad));
    dm_buf_done(&judging.bad);
    dm_buf_done(&judging.good);
}

bool
dm_judge_looks_at(const struct dm_check_def *check, enum dm_subject subject)
{
    const struct dm_conditions *const all[] = {&check->expect, &check->crit_if,
                                               &check->warn_if};
    for (size_t k = 0; k < DM_COUNT_OF(all); ++k) {
        for (size_t i = 0; i < all[k]->n; ++i) {
            if (all[k]->items[i].subject == subject) {
                return true;
            }
        }
    }
    return false;
}

void
dm_judge_set(struct dm_result *result, enum dm_verdict verdict,
             enum dm_failure failure, struct dm_str message)
{
    // A new result says unknown without a message: anything may replace it
    const bool is_new = result->verdict == DM_VERDICT_UNKNOWN &&
                        !result->message.n && !result->failure;
    if (!is_new && rank(verdict) <= rank(result->verdict)) {
        if (!result->message.n && verdict == result->verdict) {
            dm_result_message(result, message);
        }
        return;
    }
    result->verdict = verdict;
    result->failure = failure;
    dm_result_message(result, message);
}
