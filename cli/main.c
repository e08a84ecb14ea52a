// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/env.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/paths.h"

#include <stdio.h>
#include <string.h>

// Where lines go; the first comes when `env` is set up
struct sink {
    struct dm_env env;
    bool is_journal;
};

static int64_t
log_clock(void *context)
{
    const struct sink *sink = context;
    return dm_env_monotonic_ns(&sink->env);
}

// Lines with a priority where journald reads them
static void
log_write(void *context, enum dm_log_level level, struct dm_str line)
{
    static const int priorities[] = {
        [DM_LOG_ERROR] = 3,
        [DM_LOG_WARNING] = 4,
        [DM_LOG_INFO] = 6,
        [DM_LOG_DEBUG] = 7,
    };
    const struct sink *sink = context;
    if (sink->is_journal) {
        (void)fprintf(stderr, "<%d>%.*s\n", priorities[level], (int)line.n,
                      line.data);
    } else {
        (void)fprintf(stderr, "%s %.*s\n", dm_log_level_name(level),
                      (int)line.n, line.data);
    }
}

static void
print_help(void)
{
    (void)printf("usage: demonitor [OPTIONS] COMMAND [ARGS]\n\nCommands:\n");
    for (size_t i = 0; i < dm_n_commands; ++i) {
        (void)printf("  %-9s %s\n", dm_commands[i].name,
                     dm_commands[i].summary);
    }
    (void)printf(
        "\nOptions:\n"
        "  --config DIR      configuration\n"
        "  --data DIR        key and store\n"
        "  --url URL         a daemon elsewhere; default: the control socket\n"
        "  --token-file FILE what is shown to it\n"
        "  --json            one JSON document instead of a table\n"
        "  --color WHEN      auto, always or never\n"
        "  -q, --quiet       errors only\n"
        "  -v, --verbose     debug lines too\n"
        "  -h, --help        this, or the help of a command\n"
        "  --version\n");
}

static void
print_command_help(const struct dm_command *command)
{
    (void)printf("usage: demonitor %s %s\n\n%s.\n", command->name,
                 command->usage, command->summary);
    if (command->help[0]) {
        (void)printf("\n%s", command->help);
    }
}

static const struct dm_command *
find_command(const char *name)
{
    for (size_t i = 0; i < dm_n_commands; ++i) {
        if (strcmp(dm_commands[i].name, name) == 0) {
            return &dm_commands[i];
        }
    }
    return NULL;
}

static int
unknown_command(const char *name)
{
    static const char *const later[] = {"update", "log",  "gateway", "peers",
                                        "invite", "join", "leave"};
    for (size_t i = 0; i < DM_COUNT_OF(later); ++i) {
        if (strcmp(later[i], name) == 0) {
            dm_complain("not supported yet: %s", name);
            return DM_EXIT_USAGE;
        }
    }
    dm_complain("there is no command \"%s\", see demonitor --help", name);
    return DM_EXIT_USAGE;
}

static int
run_command(struct dm_cli *cli)
{
    const enum dm_status status = dm_paths_find(cli);
    if (status) {
        dm_complain("where the configuration lies cannot be told: %s",
                    dm_status_text(status));
        return DM_EXIT_FAULT;
    }
    const int code = cli->command->run(cli);
    dm_paths_free(cli);
    if (fflush(stdout) || ferror(stdout)) {
        dm_complain("the answer could not be written");
        return DM_EXIT_FAULT;
    }
    return code;
}

static int
dispatch(struct dm_cli *cli)
{
    if (cli->options.version) {
        (void)printf("demonitor %s\n", DM_VERSION);
        return fflush(stdout) ? DM_EXIT_FAULT : DM_EXIT_DONE;
    }
    if (!cli->n_arguments) {
        if (cli->options.help) {
            print_help();
            return DM_EXIT_DONE;
        }
        dm_complain("a command is missing, see demonitor --help");
        return DM_EXIT_USAGE;
    }
    cli->command = find_command(cli->arguments[0]);
    if (!cli->command) {
        return unknown_command(cli->arguments[0]);
    }
    if (cli->options.help) {
        print_command_help(cli->command);
        return DM_EXIT_DONE;
    }
    ++cli->arguments;
    --cli->n_arguments;
    return run_command(cli);
}

int
main(int argc, char **argv)
{
    struct sink sink = {.is_journal = false};
    struct dm_cli cli = {.env = &sink.env};
    char **words = dm_calloc((size_t)argc + 1, sizeof(char *));
    if (!words) {
        dm_complain("out of memory");
        return DM_EXIT_FAULT;
    }
    int code = DM_EXIT_USAGE;
    if (dm_options_read(&cli.options, argc, argv, words, &cli.n_arguments)) {
        const struct dm_log_options log = {
            .level = cli.options.quiet     ? DM_LOG_ERROR
                     : cli.options.verbose ? DM_LOG_DEBUG
                                           : DM_LOG_INFO,
            .write = log_write,
            .clock = log_clock,
            .context = &sink,
        };
        cli.arguments = words;
        cli.log = dm_log_new(&log);
        code = DM_EXIT_FAULT;
        if (cli.log) {
            dm_env_init_system(&sink.env, cli.log);
            sink.is_journal =
                dm_env_variable(&sink.env, "JOURNAL_STREAM") != NULL;
            code = dispatch(&cli);
        }
        dm_log_free(cli.log);
    }
    dm_free(words);
    return code;
}
