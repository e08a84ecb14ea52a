// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_read.h"
#include "cli/table.h"
#include "net/url.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 8192U
#define COLUMNS 4U

static void
print_rows(json_t *rule)
{
    const json_t *rows = json_object_get(rule, "rows");
    for (size_t i = 0; i < json_array_size(rows); ++i) {
        const char *key = NULL;
        json_t *value = NULL;
        const char *gap = "    ";
        json_object_foreach(json_array_get(rows, i), key, value)
        {
            (void)printf("%s%s=%s", gap, key, json_string_value(value));
            gap = "  ";
        }
        (void)printf("\n");
    }
    if (rows && !json_array_size(rows)) {
        (void)printf("    no rows\n");
    }
}

static int
print_rules(const json_t *document, bool print, bool test)
{
    const json_t *rules = json_object_get(document, "rules");
    struct dm_table *table = dm_table_new(COLUMNS);
    int code = table ? DM_EXIT_DONE : DM_EXIT_FAULT;
    for (size_t i = 0; table && i < json_array_size(rules); ++i) {
        json_t *rule = json_array_get(rules, i);
        const struct dm_str name = dm_json_str(rule, "name");
        const struct dm_str error = dm_json_str(rule, "error");
        if (error.n) {
            code = DM_EXIT_NO;
        }
        if (print) {
            const struct dm_str select = dm_json_str(rule, "select");
            (void)printf("# %.*s\n%.*s\n", (int)name.n, name.data,
                         (int)select.n, select.data);
        } else if (test) {
            (void)printf("%.*s%s%.*s\n", (int)name.n, name.data,
                         error.n ? ": " : "", (int)error.n, error.data);
            print_rows(rule);
        } else {
            (void)dm_table_add(table, name);
            (void)dm_table_add(
                table,
                dm_str(dm_json_true(rule, "enabled")
                           ? dm_json_true(rule, "shipped") ? "shipped" : "own"
                           : "off"));
            (void)dm_table_add(table, dm_json_str(rule, "severity"));
            (void)dm_table_add(table,
                               error.n ? error : dm_json_str(rule, "summary"));
        }
    }
    if (table) {
        dm_table_print(table, 0);
    }
    dm_table_free(table);
    return code;
}

int
dm_cmd_rules(struct dm_cli *cli)
{
    const char *name = NULL;
    bool print = false;
    bool test = false;
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    for (enum dm_word kind = dm_words_next(&words, &word); kind != DM_WORD_END;
         kind = dm_words_next(&words, &word)) {
        if (kind == DM_WORD_PLAIN && !name) {
            name = cli->arguments[words.next - 1];
        } else if (kind == DM_WORD_OPTION && strcmp(word, "--test") == 0) {
            test = true;
        } else if (kind == DM_WORD_OPTION && strcmp(word, "--print") == 0) {
            print = true;
        } else {
            return dm_misuse(cli, "cannot take \"%s\"", word);
        }
    }
    struct dm_buf path;
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "/api/v1/rules?%s", test ? "test=1&" : "");
    enum dm_status status = path.status;
    if (name) {
        (void)dm_buf_puts(&path, "name=");
        status = dm_percent_encode(dm_str(name), &path);
    }
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
        code = print_rules(document, print, test);
    }
    json_decref(document);
    return code;
}
