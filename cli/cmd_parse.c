// SPDX-License-Identifier: ISC

// parse: from one syntax of RDF to another, quad by quad. Canonical output is
// gathered, sorted by bytes and without duplicates, as blocks hold it.

#include "base/buf.h"
#include "base/lines.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "rdf/writer.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES (64U << 20U)
#define SORTED_MAX ((size_t)4 << 30U)
#define LINES_MAX 200000000U
#define IRI_MAX 16384U

enum output {
    OUTPUT_NQUADS,
    OUTPUT_NTRIPLES,
    OUTPUT_TURTLE,
    OUTPUT_TRIG,
    OUTPUT_CANONICAL_NQUADS,
    OUTPUT_CANONICAL_NTRIPLES,
};

struct converting {
    enum output output;
    struct dm_turtle_writer *turtle; // Of TURTLE and TRIG
    struct dm_buf line;
    struct dm_lines lines; // Of canonical output
};

static const struct {
    const char *name;
    enum output output;
} outputs[] = {
    {"nquads", OUTPUT_NQUADS},
    {"ntriples", OUTPUT_NTRIPLES},
    {"turtle", OUTPUT_TURTLE},
    {"trig", OUTPUT_TRIG},
    {"canonical-nquads", OUTPUT_CANONICAL_NQUADS},
    {"canonical-ntriples", OUTPUT_CANONICAL_NTRIPLES},
};

static enum dm_status
put_stdout(void *context, struct dm_str text)
{
    (void)context;
    return fwrite(text.data ? text.data : "", 1, text.n, stdout) == text.n
               ? DM_OK
               : DM_ERR_IO;
}

static bool
has_graphs(enum output output)
{
    return output == OUTPUT_NQUADS || output == OUTPUT_TRIG ||
           output == OUTPUT_CANONICAL_NQUADS;
}

static enum dm_status
on_quad(void *context, const struct dm_quad *quad,
        const struct dm_quad_positions *positions, struct dm_error *error)
{
    struct converting *converting = context;
    if (quad->g.kind != DM_TERM_NONE && !has_graphs(converting->output)) {
        (void)dm_error_set(error, DM_ERR_ARGUMENT,
                           "a named graph cannot be written in this syntax");
        dm_error_hint(error, "Choose --to nquads or --to trig");
        dm_error_where(error, (struct dm_str){"", 0}, positions->s.line,
                       positions->s.column);
        return DM_ERR_ARGUMENT;
    }
    if (converting->turtle) {
        return dm_turtle_writer_quad(converting->turtle, quad);
    }
    dm_buf_clear(&converting->line);
    const enum dm_status status = dm_write_quad(quad, &converting->line);
    if (status) {
        return status;
    }
    return converting->output >= OUTPUT_CANONICAL_NQUADS
               ? dm_lines_add(&converting->lines, dm_buf_str(&converting->line))
               : put_stdout(NULL, dm_buf_str(&converting->line));
}

// --------------------------------------------------------------------- reading

static enum dm_status
convert(const struct dm_reader_options *options, FILE *file,
        struct converting *converting, struct dm_error *error)
{
    struct dm_reader *reader = NULL;
    enum dm_status status = dm_reader_new(options, dm_file_source, file,
                                          on_quad, converting, &reader);
    while (!status) {
        status = dm_reader_step(reader, error);
    }
    dm_reader_free(reader);
    if (status != DM_END) {
        return status;
    }
    if (converting->turtle) {
        return dm_turtle_writer_end(converting->turtle);
    }
    return converting->output >= OUTPUT_CANONICAL_NQUADS
               ? dm_lines_each_sorted(&converting->lines, put_stdout, NULL)
               : DM_OK;
}

static int
convert_file(const struct dm_reader_options *options, FILE *file,
             enum output output)
{
    struct converting converting = {.output = output};
    struct dm_error error = {0};
    enum dm_status status = DM_OK;
    dm_buf_init(&converting.line, LINE_MAX_BYTES);
    dm_lines_init(&converting.lines, SORTED_MAX, LINES_MAX);
    if (output == OUTPUT_TURTLE || output == OUTPUT_TRIG) {
        status = dm_turtle_writer_new(output == OUTPUT_TRIG, put_stdout, NULL,
                                      &converting.turtle);
    }
    if (!status) {
        status = convert(options, file, &converting, &error);
    }
    if (status) {
        if (!error.what[0]) {
            (void)dm_error_set(&error, status, "%s", dm_status_text(status));
        }
        if (!error.where[0]) {
            dm_error_where(&error, options->name, error.line, error.column);
        }
        dm_complain_error(&error);
    }
    dm_turtle_writer_free(converting.turtle);
    dm_buf_done(&converting.line);
    dm_lines_done(&converting.lines);
    return !status               ? DM_EXIT_DONE
           : status == DM_ERR_IO ? DM_EXIT_FAULT
                                 : DM_EXIT_NO;
}

struct parsing {
    const char *path; // NULL: standard input
    const char *from;
    const char *to;
    const char *base;
};

static bool
syntax_of(const char *name, enum dm_syntax *ret)
{
    static const struct {
        const char *name;
        enum dm_syntax syntax;
    } syntaxes[] = {{"turtle", DM_SYNTAX_TURTLE},
                    {"trig", DM_SYNTAX_TRIG},
                    {"ntriples", DM_SYNTAX_NTRIPLES},
                    {"nquads", DM_SYNTAX_NQUADS}};
    for (size_t i = 0; i < DM_COUNT_OF(syntaxes); ++i) {
        if (strcmp(name, syntaxes[i].name) == 0) {
            *ret = syntaxes[i].syntax;
            return true;
        }
    }
    return false;
}

static int
parse(struct dm_cli *cli, const struct parsing *parsing)
{
    struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE,
        .name = dm_str(parsing->path ? parsing->path : "standard input"),
    };
    size_t output = 0;
    while (output < DM_COUNT_OF(outputs) &&
           strcmp(outputs[output].name, parsing->to) != 0) {
        ++output;
    }
    if (output == DM_COUNT_OF(outputs)) {
        return dm_misuse(cli, "there is no --to \"%s\"", parsing->to);
    }
    if (parsing->path) {
        (void)dm_syntax_of_name(dm_str(parsing->path), &options.syntax);
    }
    if (parsing->from && !syntax_of(parsing->from, &options.syntax)) {
        return dm_misuse(cli,
                         strcmp(parsing->from, "rdfxml") == 0
                             ? "not supported yet: --from %s"
                             : "there is no --from \"%s\"",
                         parsing->from);
    }
    FILE *file = parsing->path ? dm_file_open(parsing->path) : stdin;
    if (!file) {
        return DM_EXIT_FAULT;
    }
    struct dm_buf base;
    dm_buf_init(&base, IRI_MAX);
    enum dm_status status = DM_OK;
    if (parsing->base) {
        status = dm_buf_puts(&base, parsing->base);
    } else if (parsing->path) {
        status = dm_file_iri(parsing->path, &base);
    }
    options.base = dm_buf_str(&base);
    const int code = status
                         ? DM_EXIT_FAULT
                         : convert_file(&options, file, outputs[output].output);
    dm_buf_done(&base);
    if (parsing->path) {
        (void)fclose(file);
    }
    return code;
}

int
dm_cmd_parse(struct dm_cli *cli)
{
    struct parsing parsing = {.to = "nquads"};
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    for (enum dm_word kind = dm_words_next(&words, &word); kind != DM_WORD_END;
         kind = dm_words_next(&words, &word)) {
        if (kind == DM_WORD_PLAIN && !parsing.path) {
            parsing.path = strcmp(word, "-") == 0 ? NULL : word;
            continue;
        }
        const char **place = strcmp(word, "--from") == 0   ? &parsing.from
                             : strcmp(word, "--to") == 0   ? &parsing.to
                             : strcmp(word, "--base") == 0 ? &parsing.base
                                                           : NULL;
        if (kind == DM_WORD_PLAIN || !place) {
            return dm_misuse(cli, "cannot take \"%s\"", word);
        }
        *place = dm_words_value(&words);
        if (!*place) {
            return dm_misuse(cli, "\"%s\" needs a value", words.name);
        }
    }
    return parse(cli, &parsing);
}
