// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "net/url.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 8192U
#define EXPORT_NS (INT64_C(3600) * DM_NS_PER_SECOND)

int
dm_cmd_export(struct dm_cli *cli)
{
    const char *what = NULL;
    const char *graph = NULL;
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    for (enum dm_word kind = dm_words_next(&words, &word); kind != DM_WORD_END;
         kind = dm_words_next(&words, &word)) {
        if (kind == DM_WORD_PLAIN && !what) {
            what = word;
        } else if (kind == DM_WORD_OPTION && strcmp(word, "--graph") == 0) {
            graph = dm_words_value(&words);
        } else {
            return dm_misuse(cli, "cannot take \"%s\"", word);
        }
    }
    if (!what) {
        return dm_misuse(cli, "what is to be exported is missing");
    }
    if (strcmp(what, "nquads") != 0) {
        return dm_misuse(cli, "not supported yet: export %s", what);
    }
    struct dm_buf path;
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_puts(&path, "/api/v1/export?graph=");
    enum dm_status status =
        graph ? dm_percent_encode(dm_str(graph), &path) : path.status;
    struct dm_client *client = status ? NULL : dm_client_new(cli);
    int code = DM_EXIT_FAULT;
    if (client) {
        const struct dm_call call = {.method = "GET",
                                     .path = dm_buf_cstr(&path),
                                     .timeout_ns = EXPORT_NS};
        struct dm_answer answer;
        (void)dm_client_ask(client, &call, &answer);
        code = dm_answer_exit(cli, &answer);
        if (!code) {
            (void)fwrite(dm_buf_cstr(&answer.body), 1, answer.body.n, stdout);
        }
        dm_answer_done(&answer);
    }
    dm_client_free(client);
    dm_buf_done(&path);
    return code;
}
