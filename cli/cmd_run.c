// SPDX-License-Identifier: ISC

#include "cli/commands.h"
#include "cli/paths.h"
#include "daemon/run.h"

#include <string.h>
#include <sys/stat.h>

#define LISTEN_MAX 8U

static int
exit_code(enum dm_status status, const struct dm_error *error)
{
    if (!status) {
        return DM_EXIT_DONE;
    }
    dm_complain_error(error);
    if (status == DM_ERR_BUSY && strstr(error->what, "another instance")) {
        return DM_EXIT_BUSY;
    }
    return status == DM_ERR_SYNTAX || status == DM_ERR_UNSUPPORTED ||
                   status == DM_ERR_ARGUMENT
               ? DM_EXIT_CONFIG
               : DM_EXIT_NO;
}

int
dm_cmd_run(struct dm_cli *cli)
{
    const char *listen[LISTEN_MAX];
    char host[DM_HOST_NAME_SIZE];
    struct dm_node_options options = {
        .env = cli->env,
        .config_directory = cli->config,
        .data_directory = cli->data,
        .socket_path = cli->socket,
        .guard_path = cli->guard,
        .listen = listen,
    };
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    for (enum dm_word kind = dm_words_next(&words, &word); kind != DM_WORD_END;
         kind = dm_words_next(&words, &word)) {
        if (kind == DM_WORD_OPTION && strcmp(word, "--once") == 0) {
            options.once = true;
            continue;
        }
        const char *value = NULL;
        if (kind == DM_WORD_OPTION && strcmp(word, "--listen") == 0) {
            value = dm_words_value(&words);
        }
        if (!value || options.n_listen == LISTEN_MAX) {
            return dm_misuse(cli, "cannot take \"%s\"", word);
        }
        listen[options.n_listen++] = value;
    }
    (void)umask(0027); // What is stored is nobody else's to read
    dm_host_name(host);
    options.host_name = dm_str(host);
    struct dm_error error = {0};
    return exit_code(dm_run(&options, NULL, NULL, &error), &error);
}
