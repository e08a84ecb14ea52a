// SPDX-License-Identifier: ISC

// A SystemCheck: figures of this machine.
//
//   start: ask for every file that the conditions need
//     └ /proc/self/mountinfo, for "disk *": on its answer ask for the space of
//       each real file system
//   all answered: judge
//
// What is asked for may hang (a dead network share), so each question has the
// time limit of the check; one that was not answered makes its condition
// unknown.

#include "checks/probe_private.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "checks/judge.h"
#include "checks/system_facts.h"
#include "net/net.h"
#include "net/system.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define QUESTIONS_MAX 128U
#define FILE_MAX (1U << 20U)
#define PATH_MAX_BYTES 4096U
#define NUMBER_SIZE 64

static const char meminfo_path[] = "/proc/meminfo";
static const char loadavg_path[] = "/proc/loadavg";
static const char stat_path[] = "/proc/stat";
static const char uptime_path[] = "/proc/uptime";
static const char mounts_path[] = "/proc/self/mountinfo";

struct system_probe;

struct question {
    struct system_probe *probe;
    enum dm_system_kind kind;
    char *path;
    bool is_of_all;              // A file system found for "*"
    struct dm_system_read *read; // NULL once answered
    enum dm_status status;
    struct dm_buf bytes;
    struct dm_system_space space;
};

struct system_probe {
    struct dm_probe probe;
    struct question *questions[QUESTIONS_MAX];
    size_t n_questions;
    size_t n_open;
};

static void
question_free(struct question *question)
{
    dm_free(question->path);
    dm_buf_done(&question->bytes);
    dm_free(question);
}

static void
system_free(struct dm_probe *head)
{
    struct system_probe *probe = (struct system_probe *)head;
    for (size_t i = 0; i < probe->n_questions; ++i) {
        if (probe->questions[i]->read) {
            dm_system_cancel(head->context.net->system,
                             probe->questions[i]->read);
        }
        question_free(probe->questions[i]);
    }
    dm_probe_done(head);
    dm_free(probe);
}

static struct question *
find(const struct system_probe *probe, enum dm_system_kind kind,
     struct dm_str path)
{
    for (size_t i = 0; i < probe->n_questions; ++i) {
        struct question *question = probe->questions[i];
        if (question->kind == kind && dm_str_is(path, question->path)) {
            return question;
        }
    }
    return NULL;
}

static void on_answer(void *context, const struct dm_system_answer *answer);

// Ask, once for each thing; what cannot be asked is answered with why
static enum dm_status
ask(struct system_probe *probe, enum dm_system_kind kind, struct dm_str path,
    bool is_of_all)
{
    struct question *known = find(probe, kind, path);
    if (known) {
        known->is_of_all |= is_of_all;
        return DM_OK;
    }
    if (probe->n_questions == QUESTIONS_MAX) {
        return DM_ERR_LIMIT;
    }
    struct question *question = dm_calloc(1, sizeof(*question));
    if (!question) {
        return DM_ERR_NO_MEMORY;
    }
    dm_buf_init(&question->bytes, FILE_MAX);
    question->probe = probe;
    question->kind = kind;
    question->is_of_all = is_of_all;
    question->path = dm_strndup(path.data, path.n);
    if (!question->path) {
        question_free(question);
        return DM_ERR_NO_MEMORY;
    }

    const struct dm_system_question asked = {
        .kind = kind,
        .path = question->path,
        .max = FILE_MAX,
        .timeout_ns = probe->probe.check->timeout_ms * DM_NS_PER_MS,
    };
    question->status = dm_system_start(probe->probe.context.net->system, &asked,
                                       on_answer, question, &question->read);
    if (!question->status) {
        ++probe->n_open;
    }
    probe->questions[probe->n_questions++] = question;
    return DM_OK;
}

static void
ask_for_mounts(struct system_probe *probe, struct dm_str mountinfo)
{
    struct dm_str devices[QUESTIONS_MAX];
    size_t n_devices = 0;
    struct dm_mount mount;
    struct dm_buf path;
    dm_buf_init(&path, PATH_MAX_BYTES);
    while (dm_mountinfo_next(&mountinfo, &mount) && n_devices < QUESTIONS_MAX) {
        bool is_known = false; // Bind mounts show one device again
        for (size_t i = 0; i < n_devices; ++i) {
            is_known |= dm_str_equal(devices[i], mount.device);
        }
        if (is_known || !dm_mount_is_real(&mount)) {
            continue;
        }
        devices[n_devices++] = mount.device;
        dm_buf_clear(&path);
        dm_mount_path(&mount, &path);
        if (ask(probe, DM_SYSTEM_SPACE, dm_buf_str(&path), true)) {
            break; // More than can be looked at: the first ones are
        }
    }
    dm_buf_done(&path);
}

// ------------------------------------------------------------- what is judged

static enum dm_status
file_of(const struct system_probe *probe, const char *path, struct dm_str *ret)
{
    const struct question *question = find(probe, DM_SYSTEM_FILE, dm_str(path));
    assert(question);
    *ret = dm_buf_str(&question->bytes);
    return question->status;
}

static bool
space_fact(const struct dm_system_space *space,
           const struct dm_condition *condition, struct dm_fact *fact)
{
    if (condition->subject == DM_SUBJECT_INODES) {
        if (!space->total_files) {
            return false; // As of btrfs: there is nothing to run out of
        }
        fact->kind = DM_FACT_PERCENT;
        fact->number = 100 * (double)(space->total_files - space->free_files) /
                       (double)space->total_files;
        return true;
    }
    // As df counts: what is reserved for the superuser is neither used nor free
    const uint64_t used = space->total_bytes - space->free_bytes;
    const uint64_t usable = used + space->available_bytes;
    if (!usable) {
        return false;
    }
    if (condition->wants == DM_FACT_SIZE) {
        fact->kind = DM_FACT_SIZE;
        fact->number = (double)used;
        return true;
    }
    fact->kind = DM_FACT_PERCENT;
    fact->number = 100 * (double)used / (double)usable;
    return true;
}

static enum dm_status
space_facts(const struct system_probe *probe,
            const struct dm_condition *condition, dm_fact_fn on_fact,
            void *fact_context)
{
    const bool all = dm_str_is(condition->argument, "*");
    struct dm_str mounts;
    enum dm_status status = all ? file_of(probe, mounts_path, &mounts) : DM_OK;
    for (size_t i = 0; !status && i < probe->n_questions; ++i) {
        const struct question *question = probe->questions[i];
        if (question->kind != DM_SYSTEM_SPACE ||
            !(all ? question->is_of_all
                  : dm_str_is(condition->argument, question->path))) {
            continue;
        }
        struct dm_fact fact = {.which = dm_str(question->path)};
        if (question->status && all) {
            continue; // A mount that only its owner may look into
        }
        status = question->status;
        if (!status && space_fact(&question->space, condition, &fact)) {
            on_fact(fact_context, &fact);
        }
    }
    return status;
}

static enum dm_status
load_fact(const struct system_probe *probe,
          const struct dm_condition *condition, struct dm_fact *fact)
{
    struct dm_str loadavg;
    struct dm_str stat;
    double load[3];
    enum dm_status status = file_of(probe, loadavg_path, &loadavg);
    if (status) {
        return status;
    }
    if (!dm_loadavg_parse(loadavg, load)) {
        return DM_ERR_CORRUPT;
    }
    fact->kind = DM_FACT_NUMBER;
    fact->number = condition->subject == DM_SUBJECT_LOAD1   ? load[0]
                   : condition->subject == DM_SUBJECT_LOAD5 ? load[1]
                                                            : load[2];
    if (condition->per_cpu) {
        status = file_of(probe, stat_path, &stat);
        if (!status) {
            fact->number /= dm_stat_cpus(stat);
        }
    }
    return status;
}

static enum dm_status
single_fact(const struct system_probe *probe,
            const struct dm_condition *condition, struct dm_fact *fact)
{
    struct dm_str text;
    enum dm_status status = DM_OK;
    if (condition->subject == DM_SUBJECT_MEMORY ||
        condition->subject == DM_SUBJECT_SWAP) {
        status = file_of(probe, meminfo_path, &text);
        fact->kind = DM_FACT_PERCENT;
        if (!status &&
            !dm_meminfo_used(text, condition->subject == DM_SUBJECT_SWAP,
                             &fact->number)) {
            status = DM_ERR_CORRUPT;
        }
        return status;
    }
    if (condition->subject == DM_SUBJECT_UPTIME) {
        status = file_of(probe, uptime_path, &text);
        fact->kind = DM_FACT_DURATION;
        if (!status && !dm_uptime_parse(text, &fact->number)) {
            status = DM_ERR_CORRUPT;
        }
        return status;
    }
    return load_fact(probe, condition, fact);
}

static bool
is_load(enum dm_subject subject)
{
    return subject == DM_SUBJECT_LOAD1 || subject == DM_SUBJECT_LOAD5 ||
           subject == DM_SUBJECT_LOAD15;
}

static enum dm_status
system_facts(void *context, const struct dm_condition *condition,
             dm_fact_fn on_fact, void *fact_context)
{
    const struct system_probe *probe = context;
    if (condition->subject == DM_SUBJECT_DISK ||
        condition->subject == DM_SUBJECT_INODES) {
        return space_facts(probe, condition, on_fact, fact_context);
    }
    if (!is_load(condition->subject) &&
        condition->subject != DM_SUBJECT_MEMORY &&
        condition->subject != DM_SUBJECT_SWAP &&
        condition->subject != DM_SUBJECT_UPTIME) {
        return DM_ERR_UNSUPPORTED;
    }
    struct dm_fact fact = {.kind = DM_FACT_ABSENT};
    const enum dm_status status = single_fact(probe, condition, &fact);
    if (!status) {
        on_fact(fact_context, &fact);
    }
    return status;
}

// -------------------------------------------------------------- what is kept

struct figures {
    struct dm_result *result;
    const struct dm_condition *condition;
};

static const char *
subject_label(enum dm_subject subject)
{
    return subject == DM_SUBJECT_MEMORY   ? "memory"
           : subject == DM_SUBJECT_SWAP   ? "swap"
           : subject == DM_SUBJECT_LOAD1  ? "load1"
           : subject == DM_SUBJECT_LOAD5  ? "load5"
           : subject == DM_SUBJECT_LOAD15 ? "load15"
                                          : "uptime";
}

static void
keep_figure(void *context, const struct dm_fact *fact)
{
    const struct figures *figures = context;
    struct dm_result *result = figures->result;
    struct dm_buf label;
    dm_buf_init(&label, PATH_MAX_BYTES);
    if (figures->condition->subject == DM_SUBJECT_INODES) {
        (void)dm_buf_puts(&label, "inodes ");
    }
    if (fact->which.n) {
        (void)dm_buf_put_str(&label, fact->which);
    } else {
        (void)dm_buf_puts(&label, subject_label(figures->condition->subject));
    }
    bool is_kept = false;
    for (size_t i = 0; i < result->n_metrics; ++i) {
        is_kept |= dm_str_equal(result->metrics[i].label, dm_buf_str(&label));
    }
    if (!is_kept) {
        char value[NUMBER_SIZE];
        const bool is_size = fact->kind == DM_FACT_SIZE;
        (void)snprintf(value, sizeof(value), is_size ? "%.0f" : "%.2f",
                       fact->number);
        struct dm_metric *metric =
            dm_result_metric(result, dm_buf_str(&label), dm_str(value));
        if (metric) {
            dm_result_metric_ranges(
                result, metric,
                dm_str(is_size                          ? "B"
                       : fact->kind == DM_FACT_PERCENT  ? "%"
                       : fact->kind == DM_FACT_DURATION ? "s"
                                                        : ""),
                (struct dm_str){"", 0}, (struct dm_str){"", 0});
        }
    }
    dm_buf_done(&label);
}

static void
keep_figures(struct system_probe *probe)
{
    const struct dm_check_def *check = probe->probe.check;
    const struct dm_conditions *const all[] = {&check->expect, &check->crit_if,
                                               &check->warn_if};
    for (size_t k = 0; k < DM_COUNT_OF(all); ++k) {
        for (size_t i = 0; i < all[k]->n; ++i) {
            struct figures figures = {probe->probe.result, &all[k]->items[i]};
            (void)system_facts(probe, &all[k]->items[i], keep_figure, &figures);
        }
    }
}

static void
on_answer(void *context, const struct dm_system_answer *answer)
{
    struct question *question = context;
    struct system_probe *probe = question->probe;
    question->read = NULL;
    question->status = answer->status;
    question->space = answer->space;
    if (!answer->status && question->kind == DM_SYSTEM_FILE) {
        question->status = dm_buf_put_str(&question->bytes, answer->bytes);
        if (strcmp(question->path, mounts_path) == 0) {
            ask_for_mounts(probe, dm_buf_str(&question->bytes));
        }
    }
    --probe->n_open;
    if (!probe->n_open) {
        dm_judge(probe->probe.check, system_facts, probe, probe->probe.result);
        keep_figures(probe);
        dm_probe_finish(&probe->probe);
    }
}

// Ask for what one condition needs
static enum dm_status
ask_for_condition(struct system_probe *probe,
                  const struct dm_condition *condition)
{
    if (condition->subject == DM_SUBJECT_DISK ||
        condition->subject == DM_SUBJECT_INODES) {
        return dm_str_is(condition->argument, "*")
                   ? ask(probe, DM_SYSTEM_FILE, dm_str(mounts_path), false)
                   : ask(probe, DM_SYSTEM_SPACE, condition->argument, false);
    }
    if (condition->subject == DM_SUBJECT_MEMORY ||
        condition->subject == DM_SUBJECT_SWAP) {
        return ask(probe, DM_SYSTEM_FILE, dm_str(meminfo_path), false);
    }
    if (condition->subject == DM_SUBJECT_UPTIME) {
        return ask(probe, DM_SYSTEM_FILE, dm_str(uptime_path), false);
    }
    if (!is_load(condition->subject)) {
        return DM_OK; // Nothing can be asked: judged as not supported
    }
    enum dm_status status =
        ask(probe, DM_SYSTEM_FILE, dm_str(loadavg_path), false);
    if (!status && condition->per_cpu) {
        status = ask(probe, DM_SYSTEM_FILE, dm_str(stat_path), false);
    }
    return status;
}

static enum dm_status
ask_for_all(struct system_probe *probe)
{
    const struct dm_check_def *check = probe->probe.check;
    const struct dm_conditions *const all[] = {&check->expect, &check->crit_if,
                                               &check->warn_if};
    enum dm_status status = DM_OK;
    for (size_t k = 0; k < DM_COUNT_OF(all); ++k) {
        for (size_t i = 0; !status && i < all[k]->n; ++i) {
            status = ask_for_condition(probe, &all[k]->items[i]);
        }
    }
    return status;
}

static enum dm_status
system_start(const struct dm_probe_context *context,
             const struct dm_check_def *check, struct dm_probe **ret,
             struct dm_error *error)
{
    struct system_probe *probe = dm_calloc(1, sizeof(*probe));
    if (!probe) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status =
        dm_probe_init(&probe->probe, &dm_probe_system, context, check);
    if (!status) {
        status = ask_for_all(probe);
    }
    if (!status && !probe->n_open) {
        // Nothing was asked, so nothing will answer
        status = dm_error_set(error, DM_ERR_UNSUPPORTED,
                              "nothing of this can be measured here");
    }
    if (status) {
        system_free(&probe->probe);
        return status;
    }
    *ret = &probe->probe;
    return DM_OK;
}

const struct dm_probe_kind dm_probe_system = {
    .start = system_start,
    .free = system_free,
};
