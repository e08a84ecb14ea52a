// SPDX-License-Identifier: ISC

// probe: run a check now, here, and record nothing. A name comes from the
// configuration; a URL or a command makes a definition, which --turtle prints.

#include "base/alloc.h"
#include "base/buf.h"
#include "checks/probe.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/paths.h"
#include "net/loop.h"
#include "net/net.h"
#include "vocab/config.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 65536U
#define CONDITIONS_MAX 64U
#define NAME_SIZE 128U
#define NAGIOS_UNKNOWN 3
#define WAIT_NS INT64_C(3600000000000)

struct probing {
    struct dm_cli *cli;
    const char *target; // Name, URL or kind:…
    const char *expect[CONDITIONS_MAX];
    size_t n_expect;
    const char *timeout;
    bool turtle;
    bool is_command; // Behind "--"
    struct dm_result *result;
    bool is_done;
};

// --------------------------------------------------------------- the
// definition

// A Turtle string: quotes, backslashes and control characters escaped
static void
put_string(struct dm_buf *buf, const char *text)
{
    (void)dm_buf_putc(buf, '"');
    for (const char *c = text; *c; ++c) {
        if (*c == '"' || *c == '\\') {
            (void)dm_buf_putc(buf, '\\');
            (void)dm_buf_putc(buf, *c);
        } else if ((unsigned char)*c < 0x20) {
            (void)dm_buf_printf(buf, "\\u%04X", (unsigned char)*c);
        } else {
            (void)dm_buf_putc(buf, *c);
        }
    }
    (void)dm_buf_putc(buf, '"');
}

// One word of a command line, quoted for the split that reads it back
static void
put_word(struct dm_buf *buf, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=,%@+";
    if (word[0] && strspn(word, plain) == strlen(word)) {
        (void)dm_buf_puts(buf, word);
        return;
    }
    (void)dm_buf_putc(buf, '\'');
    for (const char *c = word; *c; ++c) {
        if (*c == '\'') {
            (void)dm_buf_puts(buf, "'\\''");
        } else {
            (void)dm_buf_putc(buf, *c);
        }
    }
    (void)dm_buf_putc(buf, '\'');
}

// A name for the check: the host of a URL, the last part of a program's path
static void
make_name(const struct probing *probing, char name[NAME_SIZE])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    const char *text = probing->is_command ? probing->cli->arguments[0]
                                           : strstr(probing->target, "://") + 3;
    const char *slash = probing->is_command ? strrchr(text, '/') : NULL;
    text = slash ? slash + 1 : text;
    size_t n = strspn(text, allowed);
    n = n < NAME_SIZE ? n : NAME_SIZE - 1;
    memcpy(name, text, n);
    name[n] = '\0';
    if (!n || !strchr(allowed, name[0]) || strchr(".-_", name[0])) {
        (void)snprintf(name, NAME_SIZE, "check");
    }
}

static void
put_definition(const struct probing *probing, struct dm_buf *buf)
{
    char name[NAME_SIZE];
    make_name(probing, name);
    (void)dm_buf_puts(buf, "PREFIX : <https://w3id.org/demonitor#>\n\n");
    (void)dm_buf_printf(buf, "<%s> a :%s", name,
                        probing->is_command ? "CommandCheck" : "HttpCheck");
    if (probing->is_command) {
        struct dm_buf line;
        dm_buf_init(&line, TEXT_MAX);
        for (size_t i = 0; i < probing->cli->n_arguments; ++i) {
            (void)dm_buf_puts(&line, i ? " " : "");
            put_word(&line, probing->cli->arguments[i]);
        }
        (void)dm_buf_puts(buf, " ; :run ");
        put_string(buf, dm_buf_cstr(&line));
        dm_buf_done(&line);
    } else {
        (void)dm_buf_puts(buf, " ; :url ");
        put_string(buf, probing->target);
    }
    if (probing->timeout) {
        (void)dm_buf_puts(buf, " ; :timeout ");
        put_string(buf, probing->timeout);
    }
    for (size_t i = 0; i < probing->n_expect; ++i) {
        (void)dm_buf_puts(buf, i ? ", " : " ;\n  :expect ");
        put_string(buf, probing->expect[i]);
    }
    (void)dm_buf_puts(buf, " .\n");
}

// ---------------------------------------------------------------- the run

static void
on_done(void *context, struct dm_result *result)
{
    struct probing *probing = context;
    probing->result = result;
    probing->is_done = true;
}

static int
print_result(const struct dm_result *result)
{
    (void)printf("%s  %.*s", dm_verdict_name(result->verdict),
                 (int)result->message.n,
                 result->message.data ? result->message.data : "");
    if (result->certificate_expires_ms != INT64_MIN) {
        const int64_t days =
            (result->certificate_expires_ms - result->at_ms) / 86400000;
        (void)printf(", certificate %lld d", (long long)days);
    }
    const char *gap = " | ";
    for (size_t i = 0; i < result->n_metrics; ++i) {
        const struct dm_metric *metric = &result->metrics[i];
        (void)printf("%s'%.*s'=%.*s%.*s", gap, (int)metric->label.n,
                     metric->label.data, (int)metric->value.n,
                     metric->value.data, (int)metric->unit.n,
                     metric->unit.data ? metric->unit.data : "");
        gap = " ";
    }
    (void)printf("\n");
    return (int)result->verdict;
}

static int
run(struct probing *probing, struct dm_config *config,
    const struct dm_check_def *check)
{
    struct dm_client *client = dm_client_new(probing->cli);
    struct dm_probe *probe = NULL;
    struct dm_error error = {0};
    if (!client) {
        return NAGIOS_UNKNOWN;
    }
    const struct dm_net *net = dm_client_net(client);
    const struct dm_probe_context context = {
        .env = probing->cli->env,
        .net = net,
        .secrets = config->secrets,
        .on_done = on_done,
    };
    const enum dm_status status =
        dm_probe_start(&context, check, probing, &probe, &error);
    if (status) {
        dm_complain("%s", error.what[0] ? error.what : dm_status_text(status));
        dm_client_free(client);
        return NAGIOS_UNKNOWN;
    }
    int64_t due_ns = 0;
    while (!probing->is_done) {
        (void)dm_loop_step(net->loop, WAIT_NS, &due_ns);
    }
    const int code = print_result(probing->result);
    dm_result_free(probing->result);
    dm_client_free(client);
    return code;
}

static int
complain_report(const struct dm_config_report *report)
{
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    dm_config_report_print(report, &text);
    (void)fprintf(stderr, "%s\n", dm_buf_cstr(&text));
    dm_buf_done(&text);
    return NAGIOS_UNKNOWN;
}

static int
probe_definition(struct probing *probing,
                 const struct dm_config_options *options,
                 struct dm_config_report *report)
{
    struct dm_buf text;
    struct dm_config *config = NULL;
    dm_buf_init(&text, TEXT_MAX);
    put_definition(probing, &text);
    const struct dm_config_source source = {.name = DM_STR("probe"),
                                            .text = dm_buf_str(&text)};
    int code = NAGIOS_UNKNOWN;
    if (dm_config_load_texts(options, &source, 1, report, &config)) {
        code = complain_report(report);
    } else if (probing->turtle) {
        (void)fputs(dm_buf_cstr(&text), stdout);
        code = DM_EXIT_DONE;
    } else if (config->n_checks == 1) {
        code = run(probing, config, &config->checks[0]);
    }
    dm_config_unref(config);
    dm_buf_done(&text);
    return code;
}

static int
probe_named(struct probing *probing, const struct dm_config_options *options,
            struct dm_config_report *report)
{
    struct dm_config *config = NULL;
    int code = NAGIOS_UNKNOWN;
    if (dm_config_load(options, report, &config)) {
        code = complain_report(report);
    } else {
        const struct dm_check_def *check =
            dm_config_check_named(config, dm_str(probing->target));
        if (check) {
            code = run(probing, config, check);
        } else {
            dm_complain("there is no check \"%s\" in %s", probing->target,
                        probing->cli->config);
        }
    }
    dm_config_unref(config);
    return code;
}

static bool
is_later_kind(const char *target)
{
    static const char *const prefixes[] = {"tcp:", "tls:", "dns:", "ping:"};
    for (size_t i = 0; i < DM_COUNT_OF(prefixes); ++i) {
        if (strncmp(target, prefixes[i], strlen(prefixes[i])) == 0) {
            dm_complain("not supported yet: %s", target);
            return true;
        }
    }
    return false;
}

static int
probe(struct probing *probing)
{
    char host[DM_HOST_NAME_SIZE];
    dm_host_name(host);
    const struct dm_config_options options = {
        .env = probing->cli->env,
        .directory = probing->cli->config,
        .node_name = dm_str(host),
    };
    if (probing->target && is_later_kind(probing->target)) {
        return NAGIOS_UNKNOWN;
    }
    struct dm_config_report *report = dm_config_report_new();
    if (!report) {
        return NAGIOS_UNKNOWN;
    }
    const bool is_url = probing->target && strstr(probing->target, "://");
    const int code = is_url || probing->is_command
                         ? probe_definition(probing, &options, report)
                         : probe_named(probing, &options, report);
    dm_config_report_free(report);
    return code;
}

int
dm_cmd_probe(struct dm_cli *cli)
{
    struct probing probing = {.cli = cli};
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    for (enum dm_word kind = dm_words_next(&words, &word); kind != DM_WORD_END;
         kind = dm_words_next(&words, &word)) {
        if (words.is_plain) {
            // A command: from here on everything is its own
            cli->arguments += words.next - 1;
            cli->n_arguments -= words.next - 1;
            probing.is_command = true;
            break;
        }
        const char *value = NULL;
        if (kind == DM_WORD_PLAIN && !probing.target) {
            probing.target = word;
        } else if (kind == DM_WORD_OPTION && strcmp(word, "--turtle") == 0) {
            probing.turtle = true;
        } else if (kind == DM_WORD_OPTION && strcmp(word, "--expect") == 0 &&
                   probing.n_expect < CONDITIONS_MAX) {
            value = dm_words_value(&words);
            probing.expect[probing.n_expect++] = value ? value : "";
        } else if (kind == DM_WORD_OPTION && strcmp(word, "--timeout") == 0) {
            probing.timeout = dm_words_value(&words);
        } else {
            (void)dm_misuse(cli, "cannot take \"%s\"", word);
            return NAGIOS_UNKNOWN;
        }
    }
    if (!probing.target && !probing.is_command) {
        (void)dm_misuse(cli, "what is to be probed is missing");
        return NAGIOS_UNKNOWN;
    }
    return probe(&probing);
}
