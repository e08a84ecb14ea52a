// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_read.h"
#include "cli/table.h"
#include "net/url.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 8192U
#define TEXT_SIZE 64U
#define STREAK_COLUMNS 6U
#define RESULT_COLUMNS 4U

static void
print_streaks(const json_t *document, int64_t now_ms)
{
    const json_t *streaks = json_object_get(document, "streaks");
    struct dm_table *table = dm_table_new(STREAK_COLUMNS);
    for (size_t i = 0; table && i < json_array_size(streaks); ++i) {
        const json_t *streak = json_array_get(streaks, i);
        const bool is_last = i + 1 == json_array_size(streaks);
        char since[TEXT_SIZE];
        char until[TEXT_SIZE] = "now";
        char length[TEXT_SIZE];
        char results[TEXT_SIZE];
        dm_clock_text(dm_json_ms(streak, "since"), now_ms, since,
                      sizeof(since));
        if (!is_last) {
            dm_clock_text(dm_json_ms(streak, "until"), now_ms, until,
                          sizeof(until));
        }
        dm_length_text((int64_t)(dm_json_double(streak, "seconds") * 1000),
                       length, sizeof(length));
        (void)snprintf(results, sizeof(results), "%lld results",
                       (long long)dm_json_integer(streak, "results"));
        (void)dm_table_add(table, dm_str(since));
        (void)dm_table_add(table, dm_str(until));
        (void)dm_table_add(table, dm_json_str(streak, "status"));
        (void)dm_table_add(table, dm_str(length));
        (void)dm_table_add(table, dm_str(results));
        (void)dm_table_add(table, dm_json_str(streak, "message"));
    }
    if (table) {
        dm_table_print(table, 0);
    }
    dm_table_free(table);
}

static void
print_results(const json_t *document, int64_t now_ms)
{
    const json_t *results = json_object_get(document, "results");
    struct dm_table *table = dm_table_new(RESULT_COLUMNS);
    for (size_t i = 0; table && i < json_array_size(results); ++i) {
        const json_t *result = json_array_get(results, i);
        char at[TEXT_SIZE];
        char seconds[TEXT_SIZE];
        dm_clock_text(dm_json_ms(result, "at"), now_ms, at, sizeof(at));
        (void)snprintf(seconds, sizeof(seconds), "%.3f s",
                       dm_json_double(result, "seconds"));
        (void)dm_table_add(table, dm_str(at));
        (void)dm_table_add(table, dm_json_str(result, "status"));
        (void)dm_table_add(table, dm_str(seconds));
        (void)dm_table_add(table, dm_json_str(result, "message"));
    }
    if (table) {
        dm_table_print(table, 0);
    }
    dm_table_free(table);
}

static void
print_summary(const json_t *document)
{
    if (json_is_number(json_object_get(document, "uptime"))) {
        (void)printf("uptime %.2f %%",
                     100 * dm_json_double(document, "uptime"));
    } else {
        (void)printf("uptime unknown");
    }
    if (json_is_number(json_object_get(document, "p50"))) {
        (void)printf("   p50 %.3f s   p95 %.3f s",
                     dm_json_double(document, "p50"),
                     dm_json_double(document, "p95"));
    }
    (void)printf("\n");
}

static enum dm_status
put_param(struct dm_buf *path, const char *name, const char *value)
{
    if (!value) {
        return DM_OK;
    }
    (void)dm_buf_printf(path, "&%s=", name);
    return dm_percent_encode(dm_str(value), path);
}

int
dm_cmd_history(struct dm_cli *cli)
{
    const char *name = NULL;
    const char *since = NULL;
    const char *until = NULL;
    const char *node = NULL;
    bool raw = false;
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    for (enum dm_word kind = dm_words_next(&words, &word); kind != DM_WORD_END;
         kind = dm_words_next(&words, &word)) {
        const bool is_option = kind == DM_WORD_OPTION;
        if (!is_option && !name) {
            name = cli->arguments[words.next - 1];
        } else if (is_option && strcmp(word, "--raw") == 0) {
            raw = true;
        } else if (is_option && strcmp(word, "--since") == 0) {
            since = dm_words_value(&words);
        } else if (is_option && strcmp(word, "--until") == 0) {
            until = dm_words_value(&words);
        } else if (is_option && strcmp(word, "--node") == 0) {
            node = dm_words_value(&words);
        } else {
            return dm_misuse(cli, "cannot take \"%s\"", word);
        }
    }
    if (!name) {
        return dm_misuse(cli, "the name of a check is missing");
    }
    struct dm_buf path;
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "/api/v1/history?%s", raw ? "raw=1" : "");
    enum dm_status status = put_param(&path, "check", name);
    status = status ? status : put_param(&path, "since", since);
    status = status ? status : put_param(&path, "until", until);
    status = status ? status : put_param(&path, "node", node);
    int code = DM_EXIT_FAULT;
    json_t *document =
        status ? NULL : dm_client_get_json(cli, dm_buf_cstr(&path), &code);
    dm_buf_done(&path);
    if (!document) {
        return code;
    }
    if (cli->options.json) {
        (void)json_dumpf(document, stdout, JSON_INDENT(1));
        (void)printf("\n");
    } else {
        const int64_t now_ms = dm_env_wall_ms(cli->env);
        if (raw) {
            print_results(document, now_ms);
        } else {
            print_streaks(document, now_ms);
        }
        print_summary(document);
    }
    json_decref(document);
    return code;
}
