// SPDX-License-Identifier: ISC

// A CommandCheck: a Nagios plugin, run without a shell.
//
// Exit 0 to 3 are ok, warning, critical, unknown. Any other exit code and the
// end by a signal are critical, as Nagios takes them; a program that is not
// there or may not be run is unknown, and one that ran over :timeout is
// critical.

#include "checks/probe_private.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "checks/judge.h"
#include "checks/nagios.h"
#include "net/net.h"
#include "net/process.h"
#include "rdf/xsd.h"
#include "vocab/secret.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT_MAX 65536U
#define HIDE_ROOM 262144U    // *** may be longer than what it hides
#define ARGUMENT_MAX 131072U // Of one argument with its secrets
#define GRACE_NS INT64_C(2000000000)
#define LABEL_MAX 1024U
#define ENVIRONMENT_BASE 3U // The variables that every command gets

struct command_probe {
    struct dm_probe probe;
    struct dm_process *process;
    const struct dm_process_result *ended; // During judging only
    struct dm_nagios_output output;
};

static void
command_free(struct dm_probe *head)
{
    struct command_probe *probe = (struct command_probe *)head;
    if (probe->process) {
        dm_process_cancel(head->context.net->processes, probe->process);
    }
    dm_probe_done(head);
    dm_free(probe);
}

// ------------------------------------------------------------- what is judged

static bool
figure_fact(struct dm_str figures, struct dm_str label, struct dm_fact *fact)
{
    struct dm_buf name;
    dm_buf_init(&name, LABEL_MAX);
    struct dm_nagios_figure figure;
    bool found = false;
    while (!found && dm_nagios_next(&figures, &name, &figure)) {
        if (dm_str_equal(figure.label, label)) {
            found = dm_double_parse(figure.value, &fact->number);
            fact->kind = found ? DM_FACT_NUMBER : DM_FACT_ABSENT;
        }
    }
    dm_buf_done(&name);
    return found;
}

static enum dm_status
command_facts(void *context, const struct dm_condition *condition,
              dm_fact_fn on_fact, void *fact_context)
{
    const struct command_probe *probe = context;
    struct dm_fact fact = {.kind = DM_FACT_ABSENT};
    if (condition->subject == DM_SUBJECT_EXIT) {
        fact.kind = DM_FACT_NUMBER;
        fact.number = probe->ended->code;
    } else if (condition->subject == DM_SUBJECT_PERF) {
        if (!figure_fact(probe->output.figures, condition->argument, &fact)) {
            (void)figure_fact(probe->output.more_figures, condition->argument,
                              &fact);
        }
    } else {
        return DM_ERR_UNSUPPORTED;
    }
    on_fact(fact_context, &fact);
    return DM_OK;
}

static void
add_figures(struct dm_result *result, struct dm_str figures)
{
    struct dm_buf label;
    dm_buf_init(&label, LABEL_MAX);
    struct dm_nagios_figure figure;
    while (dm_nagios_next(&figures, &label, &figure)) {
        struct dm_metric *metric =
            dm_result_metric(result, figure.label, figure.value);
        if (metric) {
            dm_result_metric_ranges(result, metric, figure.unit, figure.warn,
                                    figure.crit);
        }
    }
    dm_buf_done(&label);
}

static void
judge_exit(struct command_probe *probe)
{
    struct dm_result *result = probe->probe.result;
    const int code = probe->ended->code;
    struct dm_buf buf;
    dm_buf_init(&buf, HIDE_ROOM);
    const struct dm_str said = dm_probe_hidden(
        &probe->probe,
        probe->output.text.n ? probe->output.text
                             : dm_str_trim(probe->ended->errors),
        &buf);
    struct dm_buf text;
    dm_buf_init(&text, DM_MESSAGE_MAX);
    if (said.n) {
        (void)dm_buf_put_str(&text, dm_utf8_cut(said, DM_MESSAGE_MAX));
    } else if (code) {
        (void)dm_buf_printf(&text, "exit code %d", code);
    }
    static const enum dm_verdict verdicts[] = {
        DM_VERDICT_OK, DM_VERDICT_WARNING, DM_VERDICT_CRITICAL,
        DM_VERDICT_UNKNOWN};
    const bool is_known = code >= 0 && code < (int)DM_COUNT_OF(verdicts);
    dm_judge_set(result, is_known ? verdicts[code] : DM_VERDICT_CRITICAL,
                 code ? DM_FAILURE_EXIT_CODE : DM_FAILURE_NONE,
                 dm_buf_str(&text));
    dm_buf_done(&text);
    dm_buf_done(&buf);
    dm_judge(probe->probe.check, command_facts, probe, result);
}

static void
judge_end(struct command_probe *probe)
{
    const struct dm_process_result *ended = probe->ended;
    struct dm_result *result = probe->probe.result;
    char text[128];
    switch (ended->end) {
    case DM_PROCESS_EXITED:
        judge_exit(probe);
        return;
    case DM_PROCESS_SIGNALED:
        (void)snprintf(text, sizeof(text), "ended by signal %d", ended->signal);
        dm_judge_set(result, DM_VERDICT_CRITICAL, DM_FAILURE_EXIT_CODE,
                     dm_str(text));
        return;
    case DM_PROCESS_TIMED_OUT:
        (void)snprintf(text, sizeof(text), "no result within %.3g s",
                       (double)probe->probe.check->timeout_ms / 1000);
        dm_judge_set(result, DM_VERDICT_CRITICAL, DM_FAILURE_TIME_LIMIT,
                     dm_str(text));
        return;
    case DM_PROCESS_NOT_FOUND:
    case DM_PROCESS_NO_DIRECTORY:
    case DM_PROCESS_FAILED:
        dm_judge_set(result, DM_VERDICT_UNKNOWN, DM_FAILURE_NONE,
                     dm_str(dm_process_end_text(ended->end)));
        return;
    case DM_PROCESS_NOT_EXECUTABLE:
        dm_judge_set(result, DM_VERDICT_UNKNOWN, DM_FAILURE_NOT_PERMITTED,
                     dm_str(dm_process_end_text(ended->end)));
        return;
    }
}

static void
on_end(void *context, const struct dm_process_result *ended)
{
    struct command_probe *probe = context;
    struct dm_result *result = probe->probe.result;
    probe->process = NULL;
    probe->ended = ended;
    probe->output = dm_nagios_split(ended->output);
    result->micros = ended->elapsed_ns / 1000;
    judge_end(probe);
    add_figures(result, probe->output.figures);
    add_figures(result, probe->output.more_figures);
    struct dm_buf buf;
    dm_buf_init(&buf, HIDE_ROOM);
    dm_result_output(
        result,
        dm_probe_hidden(&probe->probe,
                        ended->output.n ? ended->output : ended->errors, &buf));
    dm_buf_done(&buf);
    probe->ended = NULL;
    dm_probe_finish(&probe->probe);
}

// --------------------------------------------------------------- what is run

// Arguments or environment as the system takes them: strings that are ours,
// ended by NULL
struct strings {
    char **items;
    size_t n;
    size_t capacity;
};

static bool
strings_init(struct strings *strings, size_t capacity)
{
    strings->items = dm_calloc(capacity + 1, sizeof(*strings->items));
    strings->n = 0;
    strings->capacity = capacity;
    return strings->items != NULL;
}

static void
strings_done(struct strings *strings)
{
    for (size_t i = 0; i < strings->n; ++i) {
        const size_t n = strlen(strings->items[i]);
        struct dm_buf secret = {
            .data = strings->items[i], .n = n, .capacity = n + 1, .max = n};
        dm_secret_wipe(&secret);
        dm_free(strings->items[i]);
    }
    dm_free(strings->items);
}

static enum dm_status
strings_add(struct strings *strings, const struct dm_probe *probe,
            struct dm_str name, struct dm_str value, struct dm_error *error)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ARGUMENT_MAX);
    if (name.n) {
        (void)dm_buf_put_str(&buf, name);
        (void)dm_buf_putc(&buf, '=');
    }
    (void)dm_buf_puts(&buf, ""); // So that even an empty text has its NUL
    enum dm_status status = dm_probe_expand(probe, value, &buf, error);
    if (!status && buf.status) {
        status = buf.status;
    }
    if (status) {
        dm_secret_wipe(&buf);
        dm_buf_done(&buf);
        return status;
    }
    strings->items[strings->n++] = dm_buf_take(&buf, NULL);
    return DM_OK;
}

static enum dm_status
make_arguments(const struct dm_probe *probe, struct strings *strings,
               struct dm_error *error)
{
    const struct dm_texts *argv = &probe->check->command.argv;
    enum dm_status status =
        strings_init(strings, argv->n) ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < argv->n; ++i) {
        status = strings_add(strings, probe, (struct dm_str){"", 0},
                             argv->items[i], error);
    }
    return status;
}

// A small, fixed environment: what a plugin sees does not depend on how the
// daemon was started.
static enum dm_status
make_environment(const struct dm_probe *probe, struct strings *strings,
                 struct dm_error *error)
{
    static const struct dm_pair base[ENVIRONMENT_BASE] = {
        {DM_STR("PATH"), DM_STR("/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                                "/usr/bin:/sbin:/bin:/usr/lib/nagios/plugins")},
        {DM_STR("LC_ALL"), DM_STR("C.UTF-8")},
        {DM_STR("HOME"), DM_STR("/")},
    };
    const struct dm_pairs *env = &probe->check->command.env;
    enum dm_status status = strings_init(strings, env->n + ENVIRONMENT_BASE)
                                ? DM_OK
                                : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < env->n; ++i) {
        status = strings_add(strings, probe, env->items[i].name,
                             env->items[i].value, error);
    }
    for (size_t i = 0; !status && i < ENVIRONMENT_BASE; ++i) {
        bool is_given = false;
        for (size_t k = 0; k < env->n; ++k) {
            is_given |= dm_str_equal(env->items[k].name, base[i].name);
        }
        if (!is_given) {
            status =
                strings_add(strings, probe, base[i].name, base[i].value, error);
        }
    }
    return status;
}

static enum dm_status
spawn(struct command_probe *probe, struct dm_error *error)
{
    struct strings arguments = {0};
    struct strings environment = {0};
    enum dm_status status = make_arguments(&probe->probe, &arguments, error);
    if (!status) {
        status = make_environment(&probe->probe, &environment, error);
    }
    if (!status) {
        const struct dm_process_spec spec = {
            .arguments = (const char *const *)arguments.items,
            .environment = (const char *const *)environment.items,
            .timeout_ns = probe->probe.check->timeout_ms * DM_NS_PER_MS,
            .grace_ns = GRACE_NS,
            .max_output = OUTPUT_MAX,
        };
        status = dm_process_start(probe->probe.context.net->processes, &spec,
                                  on_end, probe, &probe->process);
        if (status) {
            (void)dm_error_set(error, status, "the command cannot be run: %s",
                               dm_status_text(status));
        }
    }
    strings_done(&arguments);
    strings_done(&environment);
    return status;
}

static enum dm_status
command_start(const struct dm_probe_context *context,
              const struct dm_check_def *check, struct dm_probe **ret,
              struct dm_error *error)
{
    struct command_probe *probe = dm_calloc(1, sizeof(*probe));
    if (!probe) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status =
        dm_probe_init(&probe->probe, &dm_probe_command, context, check);
    if (!status) {
        status = spawn(probe, error);
    }
    if (status) {
        command_free(&probe->probe);
        return status;
    }
    *ret = &probe->probe;
    return DM_OK;
}

const struct dm_probe_kind dm_probe_command = {
    .start = command_start,
    .free = command_free,
};
