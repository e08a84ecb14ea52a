// SPDX-License-Identifier: ISC

// watch: a line for each change, and an alarm when the daemon is lost.
//
//   CONNECTED --cut--> RETRYING (every 2 s) --for --lost--> LOST --answer-->
//   found
//
// The daemon sends a comment every 15 s, so a stream that is silent for longer
// is as lost as one that was cut.

#include "base/buf.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_read.h"
#include "net/net.h"
#include "net/process.h"
#include "vocab/duration.h"

#include <stdio.h>
#include <string.h>

#define FRAME_MAX (1U << 20U)
#define RETRY_NS (INT64_C(2) * DM_NS_PER_SECOND)
#define DEFAULT_LOST_MS INT64_C(30000)
#define TEXT_SIZE 64U
#define ID_SIZE 32U
#define VARIABLE_MAX 1024U
#define ENVIRONMENT_MAX 512U
#define COMMAND_OUTPUT 65536U
#define COMMAND_NS (INT64_C(300) * DM_NS_PER_SECOND)

extern char **environ; // As POSIX has it: no header declares it

struct watching {
    struct dm_cli *cli;
    struct dm_client *client;
    char *plain[64]; // Names to look for
    size_t n_plain;
    const char *exec;
    int64_t lost_ms;
    struct dm_buf pending; // Of the stream, up to a whole event
    char last_id[ID_SIZE];
    int64_t heard_ns;
    bool was_connected;
    bool was_heard; // During the present call
    bool is_lost;
};

static bool
is_wanted(const struct watching *watching, struct dm_str check)
{
    for (size_t i = 0; i < watching->n_plain; ++i) {
        if (dm_str_is(check, watching->plain[i])) {
            return true;
        }
    }
    return watching->n_plain == 0;
}

static void
on_command_end(void *context, const struct dm_process_result *result)
{
    (void)context;
    (void)fwrite(result->output.data ? result->output.data : "", 1,
                 result->output.n, stdout);
    (void)fwrite(result->errors.data ? result->errors.data : "", 1,
                 result->errors.n, stderr);
    (void)fflush(stdout);
}

// One variable of the command's environment
static void
put_variable(struct dm_buf *buf, const char *name, struct dm_str value)
{
    (void)dm_buf_printf(buf, "%s=", name);
    (void)dm_buf_put_str(buf, dm_utf8_cut(value, VARIABLE_MAX));
}

// The command gets the change in its environment, and all of ours
static void
run_command(const struct watching *watching, const char *event,
            struct dm_str check, struct dm_str status)
{
    static const char *const names[] = {"DM_EVENT", "DM_CHECK", "DM_STATUS"};
    const struct dm_str values[] = {dm_str(event), check, status};
    struct dm_buf own[DM_COUNT_OF(names)];
    const char *environment[ENVIRONMENT_MAX];
    size_t n = 0;
    if (!watching->exec) {
        return;
    }
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        dm_buf_init(&own[i], (size_t)VARIABLE_MAX * 2);
        put_variable(&own[i], names[i], values[i]);
        environment[n++] = dm_buf_cstr(&own[i]);
    }
    for (char **at = environ; *at && n + 1 < ENVIRONMENT_MAX; ++at) {
        environment[n++] = *at;
    }
    environment[n] = NULL;
    const char *const arguments[] = {"/bin/sh", "-c", watching->exec, NULL};
    const struct dm_process_spec spec = {
        .arguments = arguments,
        .environment = environment,
        .timeout_ns = COMMAND_NS,
        .grace_ns = DM_NS_PER_SECOND,
        .max_output = COMMAND_OUTPUT,
    };
    struct dm_process *process = NULL;
    if (dm_process_start(dm_client_net(watching->client)->processes, &spec,
                         on_command_end, NULL, &process)) {
        dm_complain("the command cannot be run");
    }
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        dm_buf_done(&own[i]);
    }
}

static void
show_state(struct watching *watching, const json_t *event)
{
    const struct dm_str check = dm_json_str(event, "check");
    const struct dm_str status = dm_json_str(event, "status");
    const struct dm_str message = dm_json_str(event, "message");
    const long long bad = dm_json_integer(event, "bad");
    const long long retries = dm_json_integer(event, "retries");
    char clock[TEXT_SIZE];
    if (!is_wanted(watching, check)) {
        return;
    }
    const bool failing = dm_json_true(event, "failing");
    dm_clock_text(dm_json_ms(event, "at"), dm_env_wall_ms(watching->cli->env),
                  clock, sizeof(clock));
    (void)printf("%s %-12.*s %-9.*s %.*s", clock, (int)check.n, check.data,
                 failing ? 7 : (int)status.n, failing ? "FAILING" : status.data,
                 (int)message.n, message.data);
    if (bad && !failing) {
        (void)printf("     (%lld of %lld before it counts)", bad, retries + 1);
    }
    (void)printf("\n");
    run_command(watching, failing ? "failing" : "state", check, status);
}

static void
show_alert(struct watching *watching, const json_t *event)
{
    const json_t *labels = json_object_get(event, "labels");
    const struct dm_str state = dm_json_str(event, "state");
    const struct dm_str name = dm_json_str(event, "alertname");
    const struct dm_str check = dm_json_str(event, "check");
    const struct dm_str severity = dm_json_str(labels, "severity");
    char clock[TEXT_SIZE];
    const int64_t now_ms = dm_env_wall_ms(watching->cli->env);
    if (check.n && !is_wanted(watching, check)) {
        return;
    }
    dm_clock_text(now_ms, now_ms, clock, sizeof(clock));
    (void)printf("%s %-12s %-9.*s %.*s check=%.*s severity=%.*s\n", clock,
                 "alert", (int)state.n, state.data, (int)name.n, name.data,
                 (int)check.n, check.data, (int)severity.n, severity.data);
    run_command(watching, "alert", check, state);
}

static void
show_event(struct watching *watching, struct dm_str kind, struct dm_str data)
{
    json_t *event = json_loadb(data.data ? data.data : "", data.n, 0, NULL);
    if (!event) {
        return;
    }
    if (watching->cli->options.json) {
        if (!dm_str_is(kind, "result")) {
            (void)printf("%.*s\n", (int)data.n, data.data);
        }
    } else if (dm_str_is(kind, "state")) {
        show_state(watching, event);
    } else if (dm_str_is(kind, "alert")) {
        show_alert(watching, event);
    } else if (dm_str_is(kind, "config")) {
        (void)printf("configuration %s\n", dm_json_true(event, "valid")
                                               ? "taken over"
                                               : "has errors, see demonitor "
                                                 "validate");
    }
    (void)fflush(stdout);
    json_decref(event);
}

// One event of the stream: lines "id: …", "event: …", "data: …"
static void
take_frame(struct watching *watching, struct dm_str frame)
{
    struct dm_str kind = {"", 0};
    struct dm_str data = {"", 0};
    while (frame.n) {
        const size_t end = dm_str_find(frame, dm_str("\n"));
        const struct dm_str line = dm_str_slice(frame, 0, end);
        const size_t colon = dm_str_find(line, dm_str(": "));
        const struct dm_str name = dm_str_slice(line, 0, colon);
        const struct dm_str value = dm_str_slice(line, colon + 2, line.n);
        if (dm_str_is(name, "event")) {
            kind = value;
        } else if (dm_str_is(name, "data")) {
            data = value;
        } else if (dm_str_is(name, "id") && value.n < ID_SIZE) {
            memcpy(watching->last_id, value.data, value.n);
            watching->last_id[value.n] = '\0';
        }
        frame = dm_str_slice(frame, end + 1, frame.n);
    }
    if (data.n) {
        show_event(watching, kind, data);
    }
}

static void
found(struct watching *watching)
{
    watching->heard_ns = dm_env_monotonic_ns(watching->cli->env);
    watching->was_connected = true;
    watching->was_heard = true;
    if (watching->is_lost) {
        watching->is_lost = false;
        (void)printf("found again\n");
        (void)fflush(stdout);
        run_command(watching, "found", (struct dm_str){0}, (struct dm_str){0});
    }
}

static bool
on_data(void *context, unsigned status, struct dm_str bytes)
{
    struct watching *watching = context;
    if (status != 200) {
        return true; // A problem document: the status says enough
    }
    found(watching);
    (void)dm_buf_put_str(&watching->pending, bytes);
    if (watching->pending.status) {
        return false;
    }
    for (;;) {
        const struct dm_str all = dm_buf_str(&watching->pending);
        const size_t end = dm_str_find(all, dm_str("\n\n"));
        if (end == all.n) {
            return true;
        }
        take_frame(watching, dm_str_slice(all, 0, end));
        dm_buf_shift(&watching->pending, end + 2);
    }
}

static void
check_lost(struct watching *watching)
{
    const int64_t silent_ns =
        dm_env_monotonic_ns(watching->cli->env) - watching->heard_ns;
    if (watching->is_lost || watching->was_heard ||
        silent_ns < watching->lost_ms * DM_NS_PER_MS) {
        return;
    }
    watching->is_lost = true;
    (void)printf("\aLOST: the daemon does not answer\n");
    (void)fflush(stdout);
    run_command(watching, "lost", (struct dm_str){0}, (struct dm_str){0});
}

static int
follow(struct watching *watching)
{
    for (;;) {
        const struct dm_call call = {
            .method = "GET",
            .path = "/events",
            .accept = "text/event-stream",
            .last_event_id = watching->last_id,
            // A stream that stands still longer than this is cut and taken up
            .timeout_ns = watching->lost_ms * DM_NS_PER_MS,
            .on_data = on_data,
            .data_context = watching,
        };
        struct dm_answer answer;
        watching->was_heard = false;
        (void)dm_client_ask(watching->client, &call, &answer);
        const unsigned status = answer.status;
        const int code = watching->was_connected
                             ? DM_EXIT_DONE
                             : dm_answer_exit(watching->cli, &answer);
        dm_answer_done(&answer);
        if (!watching->was_connected && (code || !status)) {
            return code ? code : DM_EXIT_NO_DAEMON;
        }
        dm_buf_clear(&watching->pending);
        check_lost(watching);
        dm_client_pause(watching->client, RETRY_NS);
    }
}

static int
read_arguments(struct watching *watching)
{
    struct dm_cli *cli = watching->cli;
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    for (enum dm_word kind = dm_words_next(&words, &word); kind != DM_WORD_END;
         kind = dm_words_next(&words, &word)) {
        if (kind == DM_WORD_PLAIN) {
            if (watching->n_plain == DM_COUNT_OF(watching->plain)) {
                return dm_misuse(cli, "too many names");
            }
            watching->plain[watching->n_plain++] =
                cli->arguments[words.next - 1];
        } else if (strcmp(word, "--exec") == 0) {
            watching->exec = dm_words_value(&words);
            if (!watching->exec) {
                return dm_misuse(cli, "--exec needs a command");
            }
        } else if (strcmp(word, "--lost") == 0) {
            const char *value = dm_words_value(&words);
            if (!value ||
                dm_duration_read(dm_str(value), &watching->lost_ms, NULL) ||
                watching->lost_ms < 1000) {
                return dm_misuse(cli, "--lost needs a duration from 1s on");
            }
        } else {
            return dm_misuse(cli, "cannot take \"%s\"", word);
        }
    }
    return DM_EXIT_DONE;
}

int
dm_cmd_watch(struct dm_cli *cli)
{
    struct watching watching = {.cli = cli, .lost_ms = DEFAULT_LOST_MS};
    dm_buf_init(&watching.pending, FRAME_MAX);
    watching.heard_ns = dm_env_monotonic_ns(cli->env);
    int code = read_arguments(&watching);
    if (!code) {
        watching.client = dm_client_new(cli);
        code = watching.client ? follow(&watching) : DM_EXIT_FAULT;
    }
    dm_client_free(watching.client);
    dm_buf_done(&watching.pending);
    return code;
}
