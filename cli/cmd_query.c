// SPDX-License-Identifier: ISC

// query: over the daemon's graphs, or over files in memory

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "base/work.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/table.h"
#include "net/url.h"
#include "quadstore/store.h"
#include "rdf/writer.h"
#include "sparql/construct.h"
#include "sparql/exec.h"
#include "sparql/graph_text.h"
#include "sparql/query.h"
#include "sparql/results.h"
#include "vocab/duration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX (4U << 20U)
#define OUTPUT_MAX (1U << 30U)
#define WORK_MEMORY ((size_t)4 << 30U)
#define PATH_MAX_BYTES 1024U
#define ARENA_MAX ((size_t)1 << 30U)

struct asking {
    struct dm_cli *cli;
    struct dm_buf text;
    const char *format; // NULL: Turtle for a graph; else a table on a
                        // terminal, TSV elsewhere
    bool is_graph;      // CONSTRUCT or DESCRIBE
    bool is_boolean;    // ASK
    const char *limit;
    const char *timeout;
    const char *base;
    bool explain;
    bool check;
    struct dm_data_file *files;
    size_t n_files;
    char **owned; // Parts of --named
    size_t n_owned;
};

// ------------------------------------------------------------------- arguments

static int
read_stream(struct asking *asking, FILE *file, const char *name)
{
    char block[4096];
    size_t n = 0;
    do {
        n = fread(block, 1, sizeof(block), file);
        (void)dm_buf_put(&asking->text, block, n);
    } while (n && !asking->text.status);
    if (ferror(file) || asking->text.status) {
        dm_complain("%s: the query cannot be read", name);
        return DM_EXIT_FAULT;
    }
    return DM_EXIT_DONE;
}

static int
read_file(struct asking *asking, const char *path)
{
    FILE *file = dm_file_open(path);
    if (!file) {
        return DM_EXIT_FAULT;
    }
    const int code = read_stream(asking, file, path);
    (void)fclose(file);
    return code;
}

// IRI=FILE; an IRI may have '=', so the last one counts
static int
add_named(struct asking *asking, const char *value)
{
    const char *equals = strrchr(value, '=');
    if (!equals) {
        return dm_misuse(asking->cli, "--named needs IRI=FILE");
    }
    char *iri = dm_strndup(value, (size_t)(equals - value));
    if (!iri) {
        return DM_EXIT_FAULT;
    }
    asking->owned[asking->n_owned++] = iri;
    asking->files[asking->n_files++] =
        (struct dm_data_file){.path = equals + 1, .graph = iri};
    return DM_EXIT_DONE;
}

static int
take_option(struct asking *asking, struct dm_words *words, const char *word)
{
    const struct {
        const char *name;
        const char **value;
    } values[] = {
        {"--format", &asking->format},
        {"--limit", &asking->limit},
        {"--timeout", &asking->timeout},
        {"--base", &asking->base},
    };
    if (strcmp(word, "--explain") == 0) {
        asking->explain = true;
        return DM_EXIT_DONE;
    }
    if (strcmp(word, "--check") == 0) {
        asking->check = true;
        return DM_EXIT_DONE;
    }
    const bool is_file = strcmp(word, "-f") == 0 || strcmp(word, "--file") == 0;
    const bool is_load = strcmp(word, "--load") == 0;
    const bool is_named = strcmp(word, "--named") == 0;
    size_t i = 0;
    while (i < DM_COUNT_OF(values) && strcmp(word, values[i].name) != 0) {
        ++i;
    }
    if (!is_file && !is_load && !is_named && i == DM_COUNT_OF(values)) {
        const bool is_later =
            strcmp(word, "--map") == 0 || strcmp(word, "--service") == 0;
        return dm_misuse(asking->cli,
                         is_later ? "not supported yet: \"%s\""
                                  : "cannot take \"%s\"",
                         word);
    }
    const char *value = dm_words_value(words);
    if (!value) {
        return dm_misuse(asking->cli, "\"%s\" needs a value", word);
    }
    if (is_file) {
        return read_file(asking, value);
    }
    if (is_named) {
        return add_named(asking, value);
    }
    if (is_load) {
        asking->files[asking->n_files++] = (struct dm_data_file){.path = value};
    } else {
        *values[i].value = value;
    }
    return DM_EXIT_DONE;
}

static int
read_arguments(struct asking *asking)
{
    struct dm_words words = dm_words_of(asking->cli);
    const char *word = NULL;
    int code = DM_EXIT_DONE;
    for (enum dm_word kind = dm_words_next(&words, &word);
         !code && kind != DM_WORD_END; kind = dm_words_next(&words, &word)) {
        if (kind == DM_WORD_OPTION) {
            code = take_option(asking, &words, word);
        } else if (asking->text.n) {
            code = dm_misuse(asking->cli, "one query is enough");
        } else {
            (void)dm_buf_puts(&asking->text, word);
        }
    }
    if (!code && !asking->text.n) {
        code = read_stream(asking, stdin, "standard input");
    }
    return code;
}

// --------------------------------------------------------------------- answers

static bool
wants_table(const struct asking *asking)
{
    if (asking->is_graph) {
        return false;
    }
    if (asking->format) {
        return strcmp(asking->format, "table") == 0;
    }
    // TSV has no way to say yes
    return !asking->cli->options.json &&
           (asking->is_boolean || isatty(STDOUT_FILENO) != 0);
}

static const char *
format_name(const struct asking *asking)
{
    if (wants_table(asking)) {
        return "json";
    }
    return asking->format              ? asking->format
           : asking->is_graph          ? "turtle"
           : asking->cli->options.json ? "json"
                                       : "tsv";
}

static enum dm_status
add_term(struct dm_table *table, const struct dm_term *term)
{
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    if (term->kind == DM_TERM_IRI || term->kind == DM_TERM_LITERAL) {
        (void)dm_buf_put_str(&text, term->value);
    } else {
        (void)dm_write_term(term, &text);
    }
    const enum dm_status status =
        text.status ? text.status : dm_table_add(table, dm_buf_str(&text));
    dm_buf_done(&text);
    return status;
}

static int
print_table(struct dm_str json, double ms)
{
    struct dm_arena arena;
    struct dm_results results = {0};
    struct dm_error error = {0};
    dm_arena_init(&arena, ARENA_MAX, NULL);
    enum dm_status status =
        dm_results_read(DM_RESULTS_JSON, json, &arena, &results, &error);
    if (!status && results.is_boolean) {
        (void)printf("%s\n", results.answer ? "yes" : "no");
        dm_arena_done(&arena);
        return DM_EXIT_DONE;
    }
    struct dm_table *table = status ? NULL : dm_table_new(results.n_columns);
    status = status ? status : table ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < results.n_columns; ++i) {
        status = dm_table_add(table, results.columns[i]);
    }
    for (size_t i = 0; !status && i < results.n_rows * results.n_columns; ++i) {
        status = add_term(table, &results.terms[i]);
    }
    if (status) {
        dm_complain("the answer cannot be shown: %s", dm_status_text(status));
    } else {
        dm_table_print(table, 0);
        (void)fprintf(stderr, "%zu row%s, %.1f ms\n", results.n_rows,
                      results.n_rows == 1 ? "" : "s", ms);
    }
    dm_table_free(table);
    dm_arena_done(&arena);
    return status ? DM_EXIT_FAULT : DM_EXIT_DONE;
}

static int
print_answer(const struct asking *asking, struct dm_str text, double ms)
{
    if (!asking->explain && wants_table(asking)) {
        return print_table(text, ms);
    }
    (void)fwrite(text.data ? text.data : "", 1, text.n, stdout);
    return DM_EXIT_DONE;
}

static double
now_ms(const struct asking *asking)
{
    return (double)dm_env_monotonic_ns(asking->cli->env) / (double)DM_NS_PER_MS;
}

// ------------------------------------------------------------- over the daemon

static enum dm_status
parse(struct asking *asking, struct dm_query **ret, struct dm_error *error)
{
    const struct dm_query_options options = {
        .prefixes = dm_query_prefixes,
        .n_prefixes = dm_n_query_prefixes,
        .base = asking->base ? dm_str(asking->base) : (struct dm_str){"", 0},
        .max_text = TEXT_MAX,
        .name = DM_STR("query"),
    };
    const enum dm_status status =
        dm_query_parse(dm_buf_str(&asking->text), &options, ret, error);
    if (!status) {
        const enum dm_query_form form = (*ret)->form;
        asking->is_boolean = form == DM_QUERY_ASK;
        asking->is_graph = !asking->is_boolean && form != DM_QUERY_SELECT;
    }
    return status;
}

// What the query is decides about the format; errors in it are the daemon's to
// tell
static void
look_ahead(struct asking *asking)
{
    struct dm_query *query = NULL;
    (void)parse(asking, &query, NULL);
    dm_query_free(query);
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

static int
ask_daemon(struct asking *asking)
{
    struct dm_client *client = dm_client_new(asking->cli);
    struct dm_buf path;
    if (!client) {
        return DM_EXIT_FAULT;
    }
    look_ahead(asking);
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "/sparql?format=%s%s", format_name(asking),
                        asking->explain ? "&explain=1" : "");
    enum dm_status status = put_param(&path, "limit", asking->limit);
    status = status ? status : put_param(&path, "timeout", asking->timeout);
    int code = DM_EXIT_FAULT;
    if (!status) {
        const struct dm_call call = {
            .method = "POST",
            .path = dm_buf_cstr(&path),
            .body = dm_buf_str(&asking->text),
            .content_type = "application/sparql-query",
        };
        struct dm_answer answer;
        const double begin = now_ms(asking);
        (void)dm_client_ask(client, &call, &answer);
        code = dm_answer_exit(asking->cli, &answer);
        if (!code) {
            code = print_answer(asking, dm_buf_str(&answer.body),
                                now_ms(asking) - begin);
        }
        dm_answer_done(&answer);
    }
    dm_buf_done(&path);
    dm_client_free(client);
    return code;
}

// -------------------------------------------------------------------- over
// files

struct running {
    struct asking *asking;
    struct dm_query *query;
    struct dm_snapshot *snapshot;
    struct dm_exec *exec;
    struct dm_construct *construct;
    struct dm_work work;
    struct dm_buf out;
    struct dm_error error;
};

static enum dm_status
write_rows(struct running *running, enum dm_results_format format)
{
    const struct dm_query *query = running->query;
    const size_t n = query->n_columns;
    struct dm_str *columns = dm_calloc(n, sizeof(*columns));
    struct dm_term *terms = dm_calloc(n, sizeof(*terms));
    struct dm_results_writer writer;
    const dm_id *row = NULL;
    enum dm_status status = columns && terms ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < n; ++i) {
        columns[i] = query->names[query->columns[i]];
    }
    if (!status) {
        status = dm_results_begin(&writer, format, &running->out, columns, n);
    }
    while (!status) {
        status = dm_exec_next(running->exec, &row, &running->error);
        for (size_t i = 0; !status && i < n; ++i) {
            terms[i] = (struct dm_term){.kind = DM_TERM_NONE};
            if (row[i] != DM_ID_NONE) {
                status = dm_snapshot_term(running->snapshot, row[i], &terms[i]);
            }
        }
        if (!status) {
            status = dm_results_row(&writer, terms);
        }
    }
    if (status == DM_END) {
        status = dm_results_end(&writer);
    }
    dm_free(columns);
    dm_free(terms);
    return status;
}

static enum dm_status
refuse_format(struct running *running)
{
    const struct asking *asking = running->asking;
    return dm_error_set(&running->error, DM_ERR_ARGUMENT,
                        asking->is_graph
                            ? "CONSTRUCT and DESCRIBE answer with turtle, "
                              "trig, ntriples or nquads, not \"%s\""
                            : "SELECT and ASK answer with table, json, xml, "
                              "csv or tsv, not \"%s\"",
                        format_name(asking));
}

static enum dm_status
write_graph(struct running *running, const struct dm_exec_options *options)
{
    struct dm_graph_writer writer;
    struct dm_triple_ids triple;
    enum dm_graph_format format = DM_GRAPH_TURTLE;
    if (!dm_graph_format_of(dm_str(format_name(running->asking)), &format)) {
        return refuse_format(running);
    }
    enum dm_status status =
        dm_construct_open(running->query, running->snapshot, options,
                          &running->construct, &running->error);
    if (!status) {
        status =
            dm_graph_begin(&writer, format, running->snapshot, &running->out);
    }
    while (!status) {
        status =
            dm_construct_next(running->construct, &triple, &running->error);
        if (!status) {
            status = dm_graph_triple(&writer, &triple);
        }
    }
    return status == DM_END ? dm_graph_end(&writer) : status;
}

static enum dm_status
write_answer(struct running *running, const struct dm_exec_options *options)
{
    const struct asking *asking = running->asking;
    enum dm_results_format format = DM_RESULTS_TSV;
    const dm_id *row = NULL;
    if (!dm_results_format_of(dm_str(format_name(asking)), &format)) {
        return refuse_format(running);
    }
    enum dm_status status =
        dm_exec_open(running->query, running->snapshot, options, &running->exec,
                     &running->error);
    if (!status && running->query->form == DM_QUERY_SELECT) {
        status = write_rows(running, format);
    } else if (!status) {
        status = dm_exec_next(running->exec, &row, &running->error);
        if (!status || status == DM_END) {
            status = dm_results_boolean(format, &running->out, status == DM_OK);
        }
    }
    if (!status && asking->explain) {
        dm_buf_clear(&running->out);
        dm_exec_explain(running->exec, &running->out);
    }
    return status;
}

static enum dm_status
run(struct running *running, struct dm_store *store)
{
    static const struct dm_dataset dataset = {.default_graph = DM_DEFAULT_PLAIN,
                                              .all_named = true};
    struct asking *asking = running->asking;
    uint64_t limit = 0;
    int64_t timeout_ms = 0;
    int64_t deadline = INT64_MAX;
    if (asking->limit &&
        !dm_str_to_uint(dm_str(asking->limit), UINT64_MAX, &limit)) {
        return dm_error_set(&running->error, DM_ERR_ARGUMENT,
                            "--limit is a number");
    }
    if (asking->timeout) {
        const enum dm_status status = dm_duration_read(
            dm_str(asking->timeout), &timeout_ms, &running->error);
        if (status) {
            return status;
        }
        deadline =
            dm_env_monotonic_ns(asking->cli->env) + timeout_ms * DM_NS_PER_MS;
    }
    dm_work_init(&running->work, asking->cli->env, deadline, WORK_MEMORY);
    const struct dm_exec_options options = {
        .dataset = &dataset,
        .now_ms = dm_env_wall_ms(asking->cli->env),
        .max_rows = limit,
        .count = asking->explain,
    };
    enum dm_status status =
        dm_snapshot_open(store, &running->work, &running->snapshot);
    if (!status) {
        status = asking->is_graph ? write_graph(running, &options)
                                  : write_answer(running, &options);
    }
    return status;
}

static int
ask_files(struct asking *asking)
{
    struct dm_store *store = NULL;
    struct running running = {.asking = asking};
    dm_buf_init(&running.out, OUTPUT_MAX);
    enum dm_status status = parse(asking, &running.query, &running.error);
    int code = DM_EXIT_DONE;
    if (!status && !asking->check) {
        code = dm_files_load(asking->cli, asking->files, asking->n_files,
                             asking->base, &store);
    }
    if (!status && !code && store) {
        const double begin = now_ms(asking);
        status = run(&running, store);
        if (!status) {
            code = print_answer(asking, dm_buf_str(&running.out),
                                now_ms(asking) - begin);
        }
    }
    if (status) {
        if (!running.error.what[0]) {
            (void)dm_error_set(&running.error, status, "%s",
                               dm_status_text(status));
        }
        dm_complain_error(&running.error);
        code = DM_EXIT_NO;
    }
    dm_construct_close(running.construct);
    dm_exec_close(running.exec);
    dm_snapshot_close(running.snapshot);
    dm_store_close(store);
    dm_query_free(running.query);
    dm_buf_done(&running.out);
    return code;
}

int
dm_cmd_query(struct dm_cli *cli)
{
    struct asking asking = {
        .cli = cli,
        .files = dm_calloc(cli->n_arguments + 1, sizeof(struct dm_data_file)),
        .owned = dm_calloc(cli->n_arguments + 1, sizeof(char *)),
    };
    dm_buf_init(&asking.text, TEXT_MAX);
    int code =
        asking.files && asking.owned ? read_arguments(&asking) : DM_EXIT_FAULT;
    if (!code) {
        code = asking.n_files || asking.check ? ask_files(&asking)
                                              : ask_daemon(&asking);
    }
    for (size_t i = 0; asking.owned && i < asking.n_owned; ++i) {
        dm_free(asking.owned[i]);
    }
    dm_free(asking.owned);
    dm_free(asking.files);
    dm_buf_done(&asking.text);
    return code;
}
