// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/commands.h"
#include "cli/paths.h"
#include "daemon/initial.h"
#include "sync/key.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 4096U

static void
on_file(void *context, const char *path)
{
    const struct dm_cli *cli = context;
    if (!cli->options.quiet) {
        (void)printf("wrote %s\n", path);
    }
}

static enum dm_status
make_key(const struct dm_cli *cli, struct dm_error *error)
{
    struct dm_buf path;
    struct dm_file_info info;
    struct dm_key *key = NULL;
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "%s/key", cli->data);
    enum dm_status status = path.status;
    if (!status && dm_env_info(cli->env, dm_buf_cstr(&path), &info)) {
        status = dm_env_make_directory(cli->env, cli->data, 0750);
        if (!status) {
            status = dm_key_make(cli->env, dm_buf_cstr(&path), &key, error);
        }
        if (!status && !cli->options.quiet) {
            (void)printf("wrote %s\n", dm_buf_cstr(&path));
        }
    }
    dm_key_free(key);
    dm_buf_done(&path);
    return status;
}

int
dm_cmd_init(struct dm_cli *cli)
{
    char host[DM_HOST_NAME_SIZE];
    dm_host_name(host);
    struct dm_initial_options options = {
        .env = cli->env,
        .config_directory = cli->config,
        .name = dm_str(host),
    };
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    for (enum dm_word kind = dm_words_next(&words, &word); kind != DM_WORD_END;
         kind = dm_words_next(&words, &word)) {
        const bool is_name = strcmp(word, "--name") == 0;
        const bool is_site = strcmp(word, "--site") == 0;
        const char *value = kind == DM_WORD_OPTION && (is_name || is_site)
                                ? dm_words_value(&words)
                                : NULL;
        if (!value) {
            return dm_misuse(cli, "cannot take \"%s\"", word);
        }
        *(is_name ? &options.name : &options.site) = dm_str(value);
    }
    struct dm_error error = {0};
    enum dm_status status = dm_initial_write(&options, on_file, cli, &error);
    if (!status) {
        status = make_key(cli, &error);
    }
    if (status) {
        if (!error.what[0]) {
            (void)dm_error_set(&error, status, "%s", dm_status_text(status));
        }
        dm_complain_error(&error);
        return DM_EXIT_FAULT;
    }
    return DM_EXIT_DONE;
}
