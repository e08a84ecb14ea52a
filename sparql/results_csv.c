// SPDX-License-Identifier: ISC

// CSV (RFC 4180) has the text of terms alone; TSV has them in Turtle.
// Source: SPARQL 1.2 Query Results CSV and TSV Formats (W3C)

#include "sparql/results_private.h"

#include "rdf/reader.h"
#include "rdf/token.h"
#include "rdf/writer.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

// Writing

// Inside `level` pairs of quotes a quote is written twice for each of them.
static void
put_quote(struct dm_buf *buf, unsigned level)
{
    for (unsigned n = 1U << level; n > 0; --n) {
        (void)dm_buf_putc(buf, '"');
    }
}

static void
put_text(struct dm_buf *buf, struct dm_str text, unsigned level)
{
    for (size_t i = 0; i < text.n; ++i) {
        if (text.data[i] == '"') {
            put_quote(buf, level);
        } else {
            (void)dm_buf_putc(buf, text.data[i]);
        }
    }
}

static bool
needs_quotes(const struct dm_term *term)
{
    if (term->kind == DM_TERM_TRIPLE) {
        const struct dm_triple *triple = term->triple;
        assert(triple);
        return triple->o.kind == DM_TERM_LITERAL || needs_quotes(&triple->s) ||
               needs_quotes(&triple->p) || needs_quotes(&triple->o);
    }
    for (size_t i = 0; i < term->value.n; ++i) {
        const char c = term->value.data[i];
        if (c == '"' || c == ',' || c == '\n' || c == '\r') {
            return true;
        }
    }
    return false;
}

static void put_csv_value(struct dm_buf *buf, const struct dm_term *term,
                          unsigned level);

static void
put_csv_triple(struct dm_buf *buf, const struct dm_triple *triple,
               unsigned level)
{
    (void)dm_buf_puts(buf, "<<( ");
    put_csv_value(buf, &triple->s, level);
    (void)dm_buf_putc(buf, ' ');
    put_csv_value(buf, &triple->p, level);
    (void)dm_buf_putc(buf, ' ');
    if (triple->o.kind == DM_TERM_LITERAL) {
        put_quote(buf, level);
        put_csv_value(buf, &triple->o, level + 1);
        put_quote(buf, level);
    } else {
        put_csv_value(buf, &triple->o, level);
    }
    (void)dm_buf_puts(buf, " )>>");
}

static void
put_csv_value(struct dm_buf *buf, const struct dm_term *term, unsigned level)
{
    switch (term->kind) {
    case DM_TERM_NONE:
        break;
    case DM_TERM_BLANK:
        (void)dm_buf_puts(buf, "_:");
        put_text(buf, term->value, level);
        break;
    case DM_TERM_IRI:
    case DM_TERM_LITERAL:
        put_text(buf, term->value, level);
        break;
    case DM_TERM_TRIPLE:
        assert(term->triple);
        put_csv_triple(buf, term->triple, level);
        break;
    }
}

static void
put_csv(struct dm_buf *buf, const struct dm_term *term)
{
    if (!needs_quotes(term)) {
        put_csv_value(buf, term, 0);
        return;
    }
    (void)dm_buf_putc(buf, '"');
    put_csv_value(buf, term, 1);
    (void)dm_buf_putc(buf, '"');
}

static void
begin_csv(struct dm_results_writer *writer)
{
    for (size_t i = 0; i < writer->n_columns; ++i) {
        (void)dm_buf_puts(writer->buf, i ? "," : "");
        (void)dm_buf_put_str(writer->buf, writer->columns[i]);
    }
    (void)dm_buf_puts(writer->buf, "\r\n");
}

static void
put_csv_row(struct dm_results_writer *writer, const struct dm_term *terms)
{
    for (size_t i = 0; i < writer->n_columns; ++i) {
        (void)dm_buf_puts(writer->buf, i ? "," : "");
        put_csv(writer->buf, &terms[i]);
    }
    (void)dm_buf_puts(writer->buf, "\r\n");
}

// Whether Turtle reads the bare lexical form as this very literal
static bool
is_bare_number(const struct dm_term *term)
{
    static const char *const datatypes[] = {
        [DM_NUMBER_INTEGER] = DM_XSD_NS "integer",
        [DM_NUMBER_DECIMAL] = DM_XSD_NS "decimal",
        [DM_NUMBER_DOUBLE] = DM_XSD_NS "double",
    };
    const struct dm_str text = term->value;
    if (term->kind != DM_TERM_LITERAL || !text.n ||
        !strchr("+-.0123456789", text.data[0])) {
        return false;
    }
    const struct dm_scan scan = dm_scan_number(text, true);
    return !scan.wrong && scan.n == text.n &&
           dm_str_is(term->datatype, datatypes[scan.number]);
}

static void
begin_tsv(struct dm_results_writer *writer)
{
    for (size_t i = 0; i < writer->n_columns; ++i) {
        (void)dm_buf_puts(writer->buf, i ? "\t?" : "?");
        (void)dm_buf_put_str(writer->buf, writer->columns[i]);
    }
    (void)dm_buf_putc(writer->buf, '\n');
}

static void
put_tsv_row(struct dm_results_writer *writer, const struct dm_term *terms)
{
    for (size_t i = 0; i < writer->n_columns; ++i) {
        (void)dm_buf_puts(writer->buf, i ? "\t" : "");
        if (is_bare_number(&terms[i])) {
            (void)dm_buf_put_str(writer->buf, terms[i].value);
        } else {
            (void)dm_write_term(&terms[i], writer->buf);
        }
    }
    (void)dm_buf_putc(writer->buf, '\n');
}

static void
end(struct dm_results_writer *writer)
{
    (void)writer;
}

// Reading

/// Of a text in which fields are separated
struct fields {
    struct dm_str rest;
    uint32_t line;
    struct dm_arena *arena;
    struct dm_error *error;
};

static enum dm_status
wrong(const struct fields *fields, enum dm_status status, const char *what)
{
    (void)dm_error_set(fields->error, status, "%s", what);
    dm_error_where(fields->error, (struct dm_str){0}, fields->line, 0);
    return status;
}

// A line end: LF, or CR LF; false where there is none
static bool
take_line_end(struct fields *fields)
{
    const struct dm_str rest = fields->rest;
    size_t n = 0;
    if (dm_str_starts(rest, dm_str("\r\n"))) {
        n = 2;
    } else if (dm_str_starts(rest, dm_str("\n"))) {
        n = 1;
    } else {
        return false;
    }
    fields->rest = dm_str_slice(rest, n, rest.n);
    ++fields->line;
    return true;
}

// A field in quotes, behind its first quote; taken with the last one
static enum dm_status
take_quoted(struct fields *fields, struct dm_str *ret)
{
    const struct dm_str rest = fields->rest;
    char *bytes = dm_arena_alloc(fields->arena, rest.n + 1, 1);
    if (!bytes) {
        return wrong(fields, DM_ERR_NO_MEMORY, "the results are too long");
    }
    size_t n = 0;
    for (size_t i = 1; i < rest.n; ++i) {
        if (rest.data[i] == '"') {
            if (i + 1 == rest.n || rest.data[i + 1] != '"') {
                fields->rest = dm_str_slice(rest, i + 1, rest.n);
                *ret = dm_str_n(bytes, n);
                return DM_OK;
            }
            ++i;
        }
        fields->line += rest.data[i] == '\n' ? 1 : 0;
        bytes[n++] = rest.data[i];
    }
    return wrong(fields, DM_ERR_SYNTAX, "a quoted field has no end");
}

static enum dm_status
take_csv(struct fields *fields, struct dm_str *ret)
{
    if (fields->rest.n && fields->rest.data[0] == '"') {
        return take_quoted(fields, ret);
    }
    size_t n = 0;
    while (n < fields->rest.n && !strchr(",\r\n", fields->rest.data[n])) {
        ++n;
    }
    *ret = dm_str_slice(fields->rest, 0, n);
    fields->rest = dm_str_slice(fields->rest, n, fields->rest.n);
    return DM_OK;
}

static enum dm_status
take_tsv(struct fields *fields, struct dm_str *ret)
{
    size_t n = 0;
    while (n < fields->rest.n && !strchr("\t\r\n", fields->rest.data[n])) {
        ++n;
    }
    *ret = dm_str_slice(fields->rest, 0, n);
    fields->rest = dm_str_slice(fields->rest, n, fields->rest.n);
    return DM_OK;
}

// CSV does not say what a term was: a blank node is what looks like one, all
// else is a string, and an empty field is taken for an unbound variable.
static enum dm_status
csv_term(struct fields *fields, struct dm_str text, struct dm_term *ret)
{
    static const struct dm_str blank = DM_STR("_:");
    if (!text.n) {
        return DM_OK;
    }
    const struct dm_term term =
        dm_str_starts(text, blank)
            ? dm_term_blank(dm_str_slice(text, blank.n, text.n))
            : dm_term_string(text);
    return dm_term_copy(fields->arena, &term, ret)
               ? wrong(fields, DM_ERR_NO_MEMORY, "the results are too long")
               : DM_OK;
}

struct taken_object {
    struct dm_arena *arena;
    struct dm_term *term;
    size_t n;
};

static enum dm_status
take_object(void *context, const struct dm_quad *quad,
            const struct dm_quad_positions *positions, struct dm_error *error)
{
    struct taken_object *taken = context;
    (void)positions;
    (void)error;
    ++taken->n;
    return dm_term_copy(taken->arena, &quad->o, taken->term);
}

// The term is the object of a statement of Turtle made for it.
static enum dm_status
tsv_term(struct fields *fields, struct dm_str text, struct dm_term *ret)
{
    if (!text.n) {
        return DM_OK;
    }
    struct dm_buf statement;
    dm_buf_init(&statement, text.n + 16);
    (void)dm_buf_puts(&statement, "<x:> <x:> ");
    (void)dm_buf_put_str(&statement, text);
    (void)dm_buf_puts(&statement, "\n.");
    struct taken_object taken = {.arena = fields->arena, .term = ret};
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE};
    enum dm_status status = statement.status;
    if (!status) {
        status = dm_read_text(&options, dm_buf_str(&statement), take_object,
                              &taken, fields->error);
    }
    dm_buf_done(&statement);
    if (status || taken.n != 1) {
        return status == DM_ERR_NO_MEMORY
                   ? wrong(fields, status, "the results are too long")
                   : wrong(fields, DM_ERR_SYNTAX, "a field is no term");
    }
    return DM_OK;
}

/// CSV, or TSV
struct kind {
    const char *separator;
    enum dm_status (*take)(struct fields *fields, struct dm_str *ret);
    enum dm_status (*term)(struct fields *fields, struct dm_str text,
                           struct dm_term *ret);
};

static enum dm_status
read_header(struct fields *fields, const struct kind *kind,
            struct dm_results_table *table)
{
    static const struct dm_str mark = DM_STR("?");
    if (take_line_end(fields)) {
        return DM_OK; // No column
    }
    for (;;) {
        struct dm_str name = {0};
        enum dm_status status = kind->take(fields, &name);
        if (!status && dm_str_starts(name, mark)) {
            name = dm_str_slice(name, 1, name.n);
        }
        if (!status) {
            status = dm_results_table_column(table, name);
        }
        if (status) {
            return wrong(fields, status, "the header is wrong");
        }
        if (!fields->rest.n || take_line_end(fields)) {
            return DM_OK;
        }
        if (!dm_str_starts(fields->rest, dm_str(kind->separator))) {
            return wrong(fields, DM_ERR_SYNTAX, "a separator is missing");
        }
        fields->rest = dm_str_slice(fields->rest, 1, fields->rest.n);
    }
}

static enum dm_status
read_row(struct fields *fields, const struct kind *kind,
         struct dm_results_table *table)
{
    struct dm_term *terms = NULL;
    enum dm_status status = dm_results_table_row(table, &terms);
    if (status) {
        return wrong(fields, status, "the results are too long");
    }
    for (size_t i = 0; i < table->n_columns; ++i) {
        if (i && !dm_str_starts(fields->rest, dm_str(kind->separator))) {
            return wrong(fields, DM_ERR_SYNTAX, "a row has too few fields");
        }
        fields->rest = dm_str_slice(fields->rest, i ? 1 : 0, fields->rest.n);
        struct dm_str text = {0};
        status = kind->take(fields, &text);
        if (!status) {
            status = kind->term(fields, text, &terms[i]);
        }
        if (status) {
            return status;
        }
    }
    return !fields->rest.n || take_line_end(fields)
               ? DM_OK
               : wrong(fields, DM_ERR_SYNTAX, "a row has too many fields");
}

static enum dm_status
read_table(struct dm_str text, const struct kind *kind, struct dm_arena *arena,
           struct dm_results *ret, struct dm_error *error)
{
    struct fields fields = {
        .rest = text, .line = 1, .arena = arena, .error = error};
    struct dm_results_table table = {.arena = arena};
    enum dm_status status = read_header(&fields, kind, &table);
    while (!status && fields.rest.n) {
        status = read_row(&fields, kind, &table);
    }
    if (!status) {
        dm_results_table_finish(&table, ret);
    }
    return status;
}

static enum dm_status
read_csv(struct dm_str text, struct dm_arena *arena, struct dm_results *ret,
         struct dm_error *error)
{
    static const struct kind csv = {",", take_csv, csv_term};
    return read_table(text, &csv, arena, ret, error);
}

static enum dm_status
read_tsv(struct dm_str text, struct dm_arena *arena, struct dm_results *ret,
         struct dm_error *error)
{
    static const struct kind tsv = {"\t", take_tsv, tsv_term};
    return read_table(text, &tsv, arena, ret, error);
}

const struct dm_results_ops dm_results_csv = {
    .name = "csv",
    .media_type = "text/csv",
    .begin = begin_csv,
    .row = put_csv_row,
    .end = end,
    .read = read_csv,
};

const struct dm_results_ops dm_results_tsv = {
    .name = "tsv",
    .media_type = "text/tab-separated-values",
    .begin = begin_tsv,
    .row = put_tsv_row,
    .end = end,
    .read = read_tsv,
};
