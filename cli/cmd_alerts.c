// SPDX-License-Identifier: ISC

#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_read.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 64U
#define COLUMNS 6U

static void
add_alert(struct dm_table *table, const json_t *alert, int64_t now_ms)
{
    const json_t *labels = json_object_get(alert, "labels");
    const json_t *annotations = json_object_get(alert, "annotations");
    const struct dm_str check = dm_json_str(alert, "check");
    char clock[TEXT_SIZE];
    char since[TEXT_SIZE * 2];
    dm_clock_text(dm_json_ms(alert, "startsAt"), now_ms, clock, sizeof(clock));
    (void)snprintf(since, sizeof(since), "since %s", clock);
    (void)dm_table_add(table, dm_json_str(alert, "state"));
    (void)dm_table_add(table, dm_json_str(alert, "alertname"));
    (void)dm_table_add(table, check.n ? check : dm_json_str(alert, "node"));
    (void)dm_table_add(table, dm_json_str(labels, "severity"));
    (void)dm_table_add(table, dm_str(since));
    (void)dm_table_add(table, dm_json_str(annotations, "summary"));
}

static int
print_alerts(const struct dm_cli *cli, const json_t *document)
{
    const json_t *alerts = json_object_get(document, "alerts");
    struct dm_table *table = dm_table_new(COLUMNS);
    if (!table) {
        return DM_EXIT_FAULT;
    }
    for (size_t i = 0; i < json_array_size(alerts); ++i) {
        add_alert(table, json_array_get(alerts, i), dm_env_wall_ms(cli->env));
    }
    dm_table_print(table, 0);
    dm_table_free(table);
    if (!json_array_size(alerts) && !cli->options.quiet) {
        (void)printf("no alert fires\n");
    }
    const json_t *managers = json_object_get(document, "alertmanagers");
    for (size_t i = 0; i < json_array_size(managers); ++i) {
        const json_t *manager = json_array_get(managers, i);
        const struct dm_str error = dm_json_str(manager, "error");
        if (error.n) {
            const struct dm_str url = dm_json_str(manager, "url");
            (void)fprintf(stderr, "%.*s does not accept: %.*s\n", (int)url.n,
                          url.data, (int)error.n, error.data);
        }
    }
    return DM_EXIT_DONE;
}

static void
print_texts(const char *title, json_t *object)
{
    const char *key = NULL;
    json_t *value = NULL;
    (void)printf("%s\n", title);
    json_object_foreach(object, key, value)
    {
        (void)printf("  %s = %s\n", key, json_string_value(value));
    }
}

// The rows, the rule, and what would resolve it
static int
explain(const json_t *document, const char *fingerprint)
{
    const json_t *alerts = json_object_get(document, "alerts");
    for (size_t i = 0; i < json_array_size(alerts); ++i) {
        const json_t *alert = json_array_get(alerts, i);
        const struct dm_str name = dm_json_str(alert, "alertname");
        if (!dm_str_is(dm_json_str(alert, "fingerprint"), fingerprint) &&
            !dm_str_is(name, fingerprint)) {
            continue;
        }
        const struct dm_str state = dm_json_str(alert, "state");
        (void)printf("%.*s is %.*s\n", (int)name.n, name.data, (int)state.n,
                     state.data);
        print_texts("labels", json_object_get(alert, "labels"));
        print_texts("annotations", json_object_get(alert, "annotations"));
        (void)printf("It resolves when a fresh result no longer gives this "
                     "row; see\n  demonitor rules %.*s --test\n",
                     (int)name.n, name.data);
        return DM_EXIT_DONE;
    }
    dm_complain("there is no alert %s, see demonitor alerts --all",
                fingerprint);
    return DM_EXIT_NO;
}

int
dm_cmd_alerts(struct dm_cli *cli)
{
    const char *wanted = NULL;
    bool all = false;
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    for (enum dm_word kind = dm_words_next(&words, &word); kind != DM_WORD_END;
         kind = dm_words_next(&words, &word)) {
        if (kind == DM_WORD_OPTION && strcmp(word, "--all") == 0) {
            all = true;
        } else if (kind == DM_WORD_OPTION && strcmp(word, "--explain") == 0) {
            wanted = dm_words_value(&words);
            if (!wanted) {
                return dm_misuse(cli, "--explain needs a fingerprint");
            }
        } else {
            return dm_misuse(cli, "cannot take \"%s\"", word);
        }
    }
    int code = DM_EXIT_DONE;
    json_t *document = dm_client_get_json(
        cli, all || wanted ? "/api/v1/alerts?all=1" : "/api/v1/alerts", &code);
    if (!document) {
        return code;
    }
    if (wanted) {
        code = explain(document, wanted);
    } else if (cli->options.json) {
        (void)json_dumpf(document, stdout, JSON_INDENT(1));
        (void)printf("\n");
    } else {
        code = print_alerts(cli, document);
    }
    json_decref(document);
    return code;
}
