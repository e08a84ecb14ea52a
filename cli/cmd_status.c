// SPDX-License-Identifier: ISC

// status: problems first, all on one screen while all is well

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_read.h"
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536U
#define TEXT_SIZE 64U
#define NAGIOS_UNKNOWN 3
#define WATCH_NS (INT64_C(2) * DM_NS_PER_SECOND)
#define NAMES_MAX 4U // Of nodes in the first line
#define CLEAR_SCREEN "\x1b[H\x1b[J"

struct wanted {
    struct dm_words names; // Names and tags, none: all
    bool problems;
    bool nagios;
    bool watch;
    bool by_node;
};

static bool
is_named(const json_t *check, const char *word)
{
    const json_t *tags = json_object_get(check, "tags");
    if (dm_str_is(dm_json_str(check, "name"), word)) {
        return true;
    }
    for (size_t i = 0; i < json_array_size(tags); ++i) {
        const char *tag = json_string_value(json_array_get(tags, i));
        if (tag && strcmp(tag, word) == 0) {
            return true;
        }
    }
    return false;
}

// 0 for the worst, so that sorting puts problems first
static int
rank(const json_t *check)
{
    static const char *const order[] = {"critical", "warning", "stale",
                                        "unknown", "ok"};
    const struct dm_str status = dm_json_str(check, "status");
    int rank = 0;
    while (rank < (int)DM_COUNT_OF(order) && !dm_str_is(status, order[rank])) {
        ++rank;
    }
    return rank;
}

#define RANK_OK 4

static int
compare(const void *a, const void *b)
{
    const json_t *const *left = a;
    const json_t *const *right = b;
    const int order = rank(*left) - rank(*right);
    return order ? order
                 : dm_str_compare(dm_json_str(*left, "name"),
                                  dm_json_str(*right, "name"));
}

struct chosen {
    const json_t **checks;
    size_t n;
};

static enum dm_status
choose(const json_t *document, const struct wanted *wanted, struct chosen *ret)
{
    const json_t *checks = json_object_get(document, "checks");
    const size_t n = json_array_size(checks);
    ret->checks = dm_calloc(n, sizeof(json_t *));
    ret->n = 0;
    if (!ret->checks) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n; ++i) {
        const json_t *check = json_array_get(checks, i);
        bool is_wanted = wanted->names.n == 0;
        for (size_t k = 0; k < wanted->names.n; ++k) {
            is_wanted |= is_named(check, wanted->names.items[k]);
        }
        if (is_wanted && (!wanted->problems || rank(check) < RANK_OK)) {
            ret->checks[ret->n++] = check;
        }
    }
    if (ret->n > 1) {
        qsort(ret->checks, ret->n, sizeof(json_t *), compare);
    }
    return DM_OK;
}

// ----------------------------------------------------------------------- lines

static const json_t *
worst_state(const json_t *check)
{
    const json_t *states = json_object_get(check, "states");
    const json_t *worst = json_array_get(states, 0);
    for (size_t i = 1; i < json_array_size(states); ++i) {
        const json_t *state = json_array_get(states, i);
        if (rank(state) < rank(worst)) {
            worst = state;
        }
    }
    return worst;
}

static const char *
color_of(const struct dm_cli *cli, const json_t *check)
{
    static const char *const colors[] = {"\x1b[31m", "\x1b[33m", "\x1b[90m",
                                         "\x1b[35m", "\x1b[32m", ""};
    return dm_cli_has_colors(cli) ? colors[rank(check)] : "";
}

static void
add_check(const struct dm_cli *cli, struct dm_table *table, const json_t *check,
          int64_t now_ms)
{
    const json_t *state = worst_state(check);
    struct dm_buf status;
    char ago[TEXT_SIZE] = "";
    dm_buf_init(&status, LINE_MAX_BYTES);
    (void)dm_buf_put_str(&status, dm_json_str(check, "status"));
    if (dm_json_true(check, "failing") && rank(check) < RANK_OK) {
        (void)dm_buf_puts(&status, ", failing");
    }
    if (dm_json_true(check, "muted")) {
        (void)dm_buf_puts(&status, ", muted");
    }
    if (dm_json_ms(state, "at") != INT64_MIN) {
        dm_ago_text(now_ms - dm_json_ms(state, "at"), ago, sizeof(ago));
    }
    dm_table_color(table, color_of(cli, check));
    (void)dm_table_add(table, dm_json_str(check, "name"));
    (void)dm_table_add(table, dm_buf_str(&status));
    (void)dm_table_add(table, dm_json_str(state, "message"));
    (void)dm_table_add(table, dm_str(ago));
    dm_buf_done(&status);
}

// ----------------------------------------------------------------------- nodes

// Why a node is a problem, or NULL
static const char *
trouble_of(const json_t *node)
{
    return json_object_get(node, "forkedAt") ? "forked"
           : dm_json_true(node, "silent")    ? "silent"
                                             : NULL;
}

static size_t
count_troubles(const json_t *nodes)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(nodes); ++i) {
        n += trouble_of(json_array_get(nodes, i)) ? 1 : 0;
    }
    return n;
}

// "carbon, fra": the one that answers, then the others
static void
print_names(const json_t *document)
{
    const json_t *nodes = json_object_get(document, "nodes");
    const size_t n = json_array_size(nodes);
    if (!n) {
        const struct dm_str name = dm_json_str(document, "node");
        (void)printf("%.*s", (int)name.n, name.data ? name.data : "");
    }
    for (size_t i = 0; i < n && i < NAMES_MAX; ++i) {
        const struct dm_str name =
            dm_json_str(json_array_get(nodes, i), "name");
        (void)printf("%s%.*s", i ? ", " : "", (int)name.n,
                     name.data ? name.data : "");
    }
    if (n > NAMES_MAX) {
        (void)printf(" and %zu more", n - NAMES_MAX);
    }
}

// Nodes that are a problem, as rows like those of checks
static void
add_nodes(const struct dm_cli *cli, struct dm_table *table,
          const json_t *document)
{
    const json_t *nodes = json_object_get(document, "nodes");
    const int64_t now_ms = dm_json_ms(document, "at");
    for (size_t i = 0; i < json_array_size(nodes); ++i) {
        const json_t *node = json_array_get(nodes, i);
        const char *trouble = trouble_of(node);
        if (!trouble) {
            continue;
        }
        char ago[TEXT_SIZE] = "";
        if (dm_json_ms(node, "lastSeen") != INT64_MIN) {
            dm_ago_text(now_ms - dm_json_ms(node, "lastSeen"), ago,
                        sizeof(ago));
        }
        dm_table_color(table, dm_cli_has_colors(cli) ? "\x1b[90m" : "");
        (void)dm_table_add(table, dm_json_str(node, "name"));
        (void)dm_table_add(table, dm_str(trouble));
        (void)dm_table_add(table, strcmp(trouble, "silent") == 0
                                      ? dm_str("this node says nothing")
                                      : dm_str("this node has two histories"));
        (void)dm_table_add(table, dm_str(ago));
    }
}

// What a check reads at a node: "" where it has no state there
static struct dm_str
status_at(const json_t *check, struct dm_str node)
{
    const json_t *states = json_object_get(check, "states");
    for (size_t i = 0; i < json_array_size(states); ++i) {
        const json_t *state = json_array_get(states, i);
        if (dm_str_equal(dm_json_str(state, "node"), node)) {
            return dm_json_str(state, "status");
        }
    }
    return dm_str("");
}

// A row for each check, a column for each node. Of a heartbeat there is one
// state over all nodes: what the check reads.
static int
print_matrix(const struct dm_cli *cli, const json_t *document,
             const struct chosen *chosen)
{
    const json_t *nodes = json_object_get(document, "nodes");
    const size_t n = json_array_size(nodes);
    if (n + 2 > DM_TABLE_COLUMNS_MAX) {
        dm_complain("there are too many nodes for a table");
        return DM_EXIT_NO;
    }
    struct dm_table *table = dm_table_new(n + 2);
    if (!table) {
        return DM_EXIT_FAULT;
    }
    (void)dm_table_add(table, dm_str("check"));
    (void)dm_table_add(table, dm_str("status"));
    for (size_t i = 0; i < n; ++i) {
        (void)dm_table_add(table,
                           dm_json_str(json_array_get(nodes, i), "name"));
    }
    for (size_t i = 0; i < chosen->n; ++i) {
        const json_t *check = chosen->checks[i];
        dm_table_color(table, color_of(cli, check));
        (void)dm_table_add(table, dm_json_str(check, "name"));
        (void)dm_table_add(table, dm_json_str(check, "status"));
        for (size_t k = 0; k < n; ++k) {
            const struct dm_str status =
                status_at(check, dm_json_str(json_array_get(nodes, k), "name"));
            (void)dm_table_add(table, status.n ? status : dm_str("-"));
        }
    }
    dm_table_print(table, 0);
    dm_table_free(table);
    return DM_EXIT_DONE;
}

// ---------------------------------------------------------------- the whole

static size_t
count_problems(const struct chosen *chosen)
{
    size_t n = 0;
    for (size_t i = 0; i < chosen->n; ++i) {
        n += rank(chosen->checks[i]) < RANK_OK &&
                     !dm_json_true(chosen->checks[i], "muted") &&
                     !dm_str_is(dm_json_str(chosen->checks[i], "status"),
                                "unknown")
                 ? 1
                 : 0;
    }
    return n;
}

static int
print_table(const struct dm_cli *cli, const json_t *document,
            const struct chosen *chosen)
{
    const json_t *config = json_object_get(document, "config");
    const size_t problems = count_problems(chosen) +
                            count_troubles(json_object_get(document, "nodes"));
    struct dm_table *table = dm_table_new(4);
    if (!table) {
        return DM_EXIT_FAULT;
    }
    if (!dm_json_true(config, "valid")) {
        (void)printf("configuration not taken over: %lld errors, see "
                     "demonitor validate\n",
                     (long long)dm_json_integer(config, "errors"));
    }
    print_names(document);
    if (problems) {
        (void)printf("  %zu problem%s, %zu checks\n", problems,
                     problems == 1 ? "" : "s", chosen->n);
    } else {
        (void)printf("  all well: %zu checks ok\n", chosen->n);
    }
    add_nodes(cli, table, document);
    for (size_t i = 0; i < chosen->n; ++i) {
        add_check(cli, table, chosen->checks[i], dm_json_ms(document, "at"));
    }
    dm_table_print(table, 2);
    dm_table_free(table);
    dm_print_kubo(document);
    if (!cli->options.url) {
        const struct dm_str page = dm_json_str(document, "page");
        if (page.n) {
            (void)printf("  page    %.*s\n", (int)page.n, page.data);
        }
        (void)printf("  checks  %s/checks/local.ttl  (edit it; changes are "
                     "taken over by themselves)\n",
                     cli->config);
    }
    return DM_EXIT_DONE;
}

static int
print_nagios(const struct chosen *chosen)
{
    static const struct {
        const char *word;
        int code;
    } answers[] = {{"CRITICAL", 2}, {"WARNING", 1}, {"UNKNOWN", 3},
                   {"UNKNOWN", 3},  {"OK", 0},      {"UNKNOWN", 3}};
    if (!chosen->n) {
        (void)printf("UNKNOWN - there is no such check\n");
        return NAGIOS_UNKNOWN;
    }
    const int worst = rank(chosen->checks[0]);
    (void)printf("%s - ", answers[worst].word);
    const char *gap = "";
    for (size_t i = 0;
         i < chosen->n && rank(chosen->checks[i]) == worst && worst < RANK_OK;
         ++i) {
        const struct dm_str name = dm_json_str(chosen->checks[i], "name");
        const struct dm_str message =
            dm_json_str(worst_state(chosen->checks[i]), "message");
        (void)printf("%s%.*s: %.*s", gap, (int)name.n, name.data,
                     (int)message.n, message.data);
        gap = ", ";
    }
    if (worst >= RANK_OK) {
        (void)printf("%zu checks ok", chosen->n);
    }
    (void)printf(" | problems=%zu;;;0;%zu\n", count_problems(chosen),
                 chosen->n);
    return answers[worst].code;
}

static int
show(struct dm_cli *cli, const struct wanted *wanted)
{
    int code = DM_EXIT_DONE;
    struct chosen chosen = {0};
    json_t *document = dm_client_get_json(cli, "/api/v1/status", &code);
    if (!document) {
        if (wanted->nagios) {
            (void)printf("UNKNOWN - the daemon does not answer\n");
            code = NAGIOS_UNKNOWN;
        }
        return code;
    }
    if (choose(document, wanted, &chosen)) {
        code = DM_EXIT_FAULT;
    } else if (wanted->nagios) {
        code = print_nagios(&chosen);
    } else if (cli->options.json) {
        (void)json_dumpf(document, stdout,
                         wanted->watch ? JSON_COMPACT : JSON_INDENT(1));
        (void)printf("\n");
    } else if (wanted->by_node) {
        code = print_matrix(cli, document, &chosen);
    } else {
        code = print_table(cli, document, &chosen);
    }
    if (!wanted->nagios && wanted->names.n && !chosen.n) {
        dm_complain("there is no check of that name or tag");
        code = DM_EXIT_NO;
    }
    dm_free(chosen.checks);
    json_decref(document);
    return code;
}

// Show it anew until somebody ends it. A daemon that is away meanwhile is
// complained about each time; one that never answered ends it.
static int
watch(struct dm_cli *cli, const struct wanted *wanted)
{
    const bool is_screen = isatty(STDOUT_FILENO) && !cli->options.json;
    struct dm_client *client = dm_client_new(cli); // For its clock alone
    int code = client ? DM_EXIT_DONE : DM_EXIT_FAULT;
    bool was_there = false;
    while (client && (was_there || !code)) {
        if (is_screen) {
            (void)fputs(CLEAR_SCREEN, stdout);
        }
        code = show(cli, wanted);
        was_there = was_there || !code;
        if (fflush(stdout)) {
            code = DM_EXIT_FAULT;
            break;
        }
        if (was_there) {
            dm_client_pause(client, WATCH_NS);
        }
    }
    dm_client_free(client);
    return code;
}

int
dm_cmd_status(struct dm_cli *cli)
{
    struct wanted wanted = {0};
    char **names = dm_calloc(cli->n_arguments + 1, sizeof(char *));
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    int code = names ? DM_EXIT_DONE : DM_EXIT_FAULT;
    for (enum dm_word kind = dm_words_next(&words, &word);
         !code && kind != DM_WORD_END; kind = dm_words_next(&words, &word)) {
        if (kind == DM_WORD_PLAIN) {
            names[wanted.names.n++] = cli->arguments[words.next - 1];
        } else if (strcmp(word, "--problems") == 0) {
            wanted.problems = true;
        } else if (strcmp(word, "--nagios") == 0) {
            wanted.nagios = true;
        } else if (strcmp(word, "--watch") == 0) {
            wanted.watch = true;
        } else if (strcmp(word, "--by-node") == 0) {
            wanted.by_node = true;
        } else {
            code = dm_misuse(cli, "cannot take \"%s\"", word);
        }
    }
    wanted.names.items = names;
    if (!code) {
        code = wanted.watch && !wanted.nagios ? watch(cli, &wanted)
                                              : show(cli, &wanted);
    } else if (wanted.nagios) {
        code = NAGIOS_UNKNOWN;
    }
    dm_free(names);
    return code;
}
