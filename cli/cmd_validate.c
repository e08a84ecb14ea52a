// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_read.h"
#include "cli/paths.h"
#include "sync/key.h"
#include "vocab/config.h"
#include "vocab/normal.h"
#include "vocab/vocabulary.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX (64U << 20U)
#define ASK_NS (INT64_C(2) * DM_NS_PER_SECOND)
#define CLOCK_SIZE 64U
#define PATH_MAX_BYTES 4096U

struct validating {
    const char **files;
    size_t n_files;
    struct dm_str *names; // Of --expand
    size_t n_names;
    bool expand;
    const char *explain;
};

static int
explain(const char *term)
{
    struct dm_buf text;
    dm_buf_init(&text, OUTPUT_MAX);
    const bool found = dm_vocabulary_explain(dm_str(term), &text);
    (void)fputs(dm_buf_cstr(&text), found ? stdout : stderr);
    dm_buf_done(&text);
    return found ? DM_EXIT_DONE : DM_EXIT_NO;
}

static int
print_expanded(const struct dm_config *config,
               const struct validating *validating)
{
    struct dm_buf text;
    dm_buf_init(&text, OUTPUT_MAX);
    const enum dm_status status =
        dm_config_expand(config, validating->names, validating->n_names, &text);
    if (status == DM_ERR_NOT_FOUND) {
        dm_complain("there is no definition of that name");
    } else if (status) {
        dm_complain("%s", dm_status_text(status));
    } else {
        (void)fputs(dm_buf_cstr(&text), stdout);
    }
    dm_buf_done(&text);
    return status ? DM_EXIT_NO : DM_EXIT_DONE;
}

// What the daemon does meanwhile, where one answers on the control socket
static void
tell_daemon(struct dm_cli *cli)
{
    struct dm_client *client =
        access(cli->socket, R_OK | W_OK) == 0 ? dm_client_new(cli) : NULL;
    if (!client) {
        return;
    }
    const struct dm_call call = {
        .method = "GET", .path = "/api/v1/status", .timeout_ns = ASK_NS};
    struct dm_answer answer;
    (void)dm_client_ask(client, &call, &answer);
    json_t *document =
        answer.status == 200
            ? json_loadb(dm_buf_cstr(&answer.body), answer.body.n, 0, NULL)
            : NULL;
    const int64_t loaded_ms =
        dm_json_ms(json_object_get(document, "config"), "loaded");
    if (loaded_ms != INT64_MIN) {
        char clock[CLOCK_SIZE];
        dm_clock_text(loaded_ms, dm_env_wall_ms(cli->env), clock,
                      sizeof(clock));
        (void)fprintf(stderr,
                      " The daemon keeps running with the definitions of %s.",
                      clock);
    }
    json_decref(document);
    dm_answer_done(&answer);
    dm_client_free(client);
}

// Our own log, where its key is there and ours to read: no peer has it. Without
// it nothing is said of that.
static void
own_log(const struct dm_cli *cli, char iri[DM_KEY_IRI_SIZE])
{
    struct dm_buf path;
    struct dm_key *key = NULL;
    iri[0] = '\0';
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "%s/key", cli->data);
    if (!path.status &&
        dm_key_load(cli->env, dm_buf_cstr(&path), &key, NULL) == DM_OK) {
        dm_key_iri(dm_key_public(key), iri);
        dm_key_free(key);
    }
    dm_buf_done(&path);
}

static int
load(struct dm_cli *cli, const struct validating *validating)
{
    char host[DM_HOST_NAME_SIZE];
    char iri[DM_KEY_IRI_SIZE] = "";
    dm_host_name(host);
    if (!validating->expand) { // There :this stays itself
        own_log(cli, iri);
    }
    const struct dm_config_options options = {
        .env = cli->env,
        .directory = cli->config,
        .node_iri = dm_str(iri),
        .node_name = dm_str(host),
    };
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    struct dm_buf text;
    dm_buf_init(&text, OUTPUT_MAX);
    enum dm_status status = report ? DM_OK : DM_ERR_NO_MEMORY;
    if (!status) {
        status =
            validating->n_files
                ? dm_config_load_files(&options, validating->files,
                                       validating->n_files, report, &config)
                : dm_config_load(&options, report, &config);
        dm_config_report_print(report, &text);
        (void)fputs(dm_buf_cstr(&text), stderr);
        if (status == DM_ERR_SYNTAX && !validating->n_files) {
            tell_daemon(cli);
        }
        (void)fputs(text.n ? "\n" : "", stderr);
    }
    int code = DM_EXIT_DONE;
    if (status == DM_ERR_SYNTAX) {
        code = DM_EXIT_NO;
    } else if (status) {
        dm_complain("the configuration cannot be read: %s",
                    dm_status_text(status));
        code = DM_EXIT_FAULT;
    } else if (validating->expand) {
        code = print_expanded(config, validating);
    } else if (!cli->options.quiet) {
        (void)printf("%zu files, %zu checks, %zu rules: no errors\n",
                     config->n_files, config->n_checks, config->n_rules);
    }
    dm_buf_done(&text);
    dm_config_unref(config);
    dm_config_report_free(report);
    return code;
}

int
dm_cmd_validate(struct dm_cli *cli)
{
    struct validating validating = {
        .files = dm_calloc(cli->n_arguments + 1, sizeof(char *)),
        .names = dm_calloc(cli->n_arguments + 1, sizeof(struct dm_str)),
    };
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    int code =
        validating.files && validating.names ? DM_EXIT_DONE : DM_EXIT_FAULT;
    for (enum dm_word kind = code ? DM_WORD_END : dm_words_next(&words, &word);
         !code && kind != DM_WORD_END; kind = dm_words_next(&words, &word)) {
        if (kind == DM_WORD_PLAIN && validating.expand) {
            validating.names[validating.n_names++] = dm_str(word);
        } else if (kind == DM_WORD_PLAIN) {
            validating.files[validating.n_files++] = word;
        } else if (strcmp(word, "--expand") == 0) {
            validating.expand = true;
        } else if (strcmp(word, "--explain") == 0) {
            validating.explain = dm_words_value(&words);
            code = validating.explain
                       ? DM_EXIT_DONE
                       : dm_misuse(cli, "--explain needs a term, as :every");
        } else {
            code = dm_misuse(cli, "cannot take \"%s\"", word);
        }
    }
    if (!code) {
        code = validating.explain ? explain(validating.explain)
                                  : load(cli, &validating);
    }
    dm_free(validating.files);
    dm_free(validating.names);
    return code;
}
