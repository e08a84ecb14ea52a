// SPDX-License-Identifier: ISC

#include "rdf/reader.h"

#include "base/alloc.h"
#include "rdf/iri.h"
#include "rdf/reader_private.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_MAX_TOKEN ((size_t)1 << 20U)
#define DEFAULT_MAX_STATEMENT ((size_t)16 << 20U)
#define PREFIXES_MAX 65536
#define PREFIX_BYTES_MAX ((size_t)16 << 20U)
#define LABEL_DIGITS 20 // Of a 64-bit number

// White space that one step skips before it says that it got on
#define SKIP_PER_STEP ((uint64_t)1 << 20U)

/// A declared prefix; its bytes follow it in one piece of memory
struct prefix {
    struct dm_str name;
    struct dm_str iri;
    char bytes[];
};

static enum dm_status
copy_options(struct dm_reader *reader, const struct dm_reader_options *options)
{
    struct dm_reader_options *mine = &reader->options;
    *mine = *options;
    if (!mine->max_token) {
        mine->max_token = DEFAULT_MAX_TOKEN;
    }
    if (!mine->max_statement) {
        mine->max_statement = DEFAULT_MAX_STATEMENT;
    }
    struct dm_str *const texts[] = {&mine->base, &mine->name,
                                    &mine->blank_prefix};
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        *texts[i] = dm_arena_copy(&reader->strings, *texts[i]);
        if (!texts[i]->data) {
            return DM_ERR_NO_MEMORY;
        }
    }
    return DM_OK;
}

enum dm_status
dm_reader_new(const struct dm_reader_options *options, dm_source_fn source,
              void *source_context, dm_quad_fn sink, void *sink_context,
              struct dm_reader **ret)
{
    if (options->base.n && !dm_iri_is_absolute(options->base)) {
        return DM_ERR_ARGUMENT;
    }
    struct dm_reader *reader = dm_calloc(1, sizeof(*reader));
    if (!reader) {
        return DM_ERR_NO_MEMORY;
    }
    const size_t strings_max =
        options->base.n + options->name.n + options->blank_prefix.n;
    dm_arena_init(&reader->strings, strings_max + 1024, NULL);
    enum dm_status status = copy_options(reader, options);

    const bool is_line_format = options->syntax == DM_SYNTAX_NTRIPLES ||
                                options->syntax == DM_SYNTAX_NQUADS;
    lexer_init(&reader->lexer, source, source_context,
               is_line_format ? reader->options.max_statement
                              : reader->options.max_token);
    dm_arena_init(&reader->arena, reader->options.max_statement, NULL);
    dm_buf_init(&reader->scratch, reader->options.max_statement);
    dm_buf_init(&reader->base, reader->options.max_statement);
    dm_buf_init(&reader->graph_text, reader->options.max_statement);
    dm_map_init(&reader->prefixes, PREFIXES_MAX, 0);
    reader->sink = sink;
    reader->sink_context = sink_context;
    reader->closer = ".";

    if (!status) {
        status = dm_buf_put_str(&reader->base, reader->options.base);
    }
    if (status) {
        dm_reader_free(reader);
        return status;
    }
    *ret = reader;
    return DM_OK;
}

void
dm_reader_free(struct dm_reader *reader)
{
    if (!reader) {
        return;
    }
    for (size_t i = 0; i < reader->prefixes.n; ++i) {
        dm_free(reader->prefixes.entries[i].value.ptr);
    }
    dm_map_done(&reader->prefixes);
    dm_buf_done(&reader->graph_text);
    dm_buf_done(&reader->base);
    dm_buf_done(&reader->scratch);
    dm_arena_done(&reader->arena);
    lexer_done(&reader->lexer);
    dm_arena_done(&reader->strings);
    dm_free(reader);
}

enum dm_status
reader_fail(struct dm_reader *reader, enum dm_status status,
            struct dm_position at, const char *what, ...)
{
    char text[sizeof(reader->error->what)];
    va_list arguments;
    va_start(arguments, what);
    (void)vsnprintf(text, sizeof(text), what, arguments);
    va_end(arguments);
    (void)dm_error_set(reader->error, status, "%s", text);
    dm_error_where(reader->error, reader->options.name, at.line, at.column);
    return status;
}

void
reader_hint(struct dm_reader *reader, const char *hint)
{
    dm_error_hint(reader->error, "%s", hint);
}

enum dm_status
reader_no_room(struct dm_reader *reader)
{
    // The arena does not say which it was
    const struct dm_arena *arena = &reader->arena;
    if (arena->total >= arena->max / 2) {
        return reader_fail(reader, DM_ERR_LIMIT, reader->lexer.here,
                           "the terms of a statement take over %zu bytes",
                           reader->options.max_statement);
    }
    return reader_fail(reader, DM_ERR_NO_MEMORY, reader->lexer.here, "%s",
                       dm_status_text(DM_ERR_NO_MEMORY));
}

enum dm_status
reader_unreadable(struct dm_reader *reader, enum dm_status status)
{
    return reader_fail(reader, status, reader->lexer.here, "cannot read on: %s",
                       dm_status_text(status));
}

enum dm_status
reader_peek(struct dm_reader *reader)
{
    struct lexer *lexer = &reader->lexer;
    const enum dm_status status = lexer_peek(lexer);
    if (status == DM_ERR_LIMIT) {
        return reader_fail(reader, status, lexer->here,
                           "a token has over %zu bytes",
                           reader->options.max_token);
    }
    if (status) {
        return reader_unreadable(reader, status);
    }
    if (lexer->passed - reader->statement_from >
        reader->options.max_statement) {
        return reader_fail(reader, DM_ERR_LIMIT, lexer->at,
                           "a statement has over %zu bytes",
                           reader->options.max_statement);
    }
    return DM_OK;
}

enum dm_status
reader_token_error(struct dm_reader *reader, const char *what, const char *hint)
{
    (void)reader_fail(reader, DM_ERR_SYNTAX, reader->lexer.at, "%s", what);
    reader_hint(reader, hint);
    return DM_ERR_SYNTAX;
}

enum dm_status
reader_unexpected(struct dm_reader *reader, const char *wanted)
{
    struct lexer *lexer = &reader->lexer;
    if (lexer->kind == TOKEN_BAD) {
        (void)reader_fail(reader, DM_ERR_SYNTAX,
                          lexer_position(lexer, lexer->scan.n), "%s",
                          lexer->scan.wrong);
        reader_hint(reader, lexer->scan.hint);
        return DM_ERR_SYNTAX;
    }
    if (lexer->kind == TOKEN_END) {
        return reader_fail(reader, DM_ERR_SYNTAX, lexer->at,
                           "the text ends where %s is expected", wanted);
    }
    const struct dm_str text = lexer_text(lexer);
    const struct dm_str quote = dm_utf8_cut(text, LEXER_QUOTE_MAX);
    return reader_fail(reader, DM_ERR_SYNTAX, lexer->at,
                       "%s is expected, not %.*s%s", wanted, (int)quote.n,
                       quote.data, quote.n < text.n ? "…" : "");
}

enum dm_status
reader_want(struct dm_reader *reader, enum token_kind kind, const char *wanted)
{
    const enum dm_status status = reader_peek(reader);
    if (status) {
        return status;
    }
    return reader->lexer.kind == kind ? DM_OK
                                      : reader_unexpected(reader, wanted);
}

enum dm_status
reader_need_1_2(struct dm_reader *reader, const char *what)
{
    if (!reader->options.strict_1_1) {
        return DM_OK;
    }
    return reader_fail(reader, DM_ERR_SYNTAX, reader->lexer.at,
                       "RDF 1.1 has no %s", what);
}

enum dm_status
reader_emit(struct dm_reader *reader, const struct spot *s,
            const struct spot *p, const struct spot *o)
{
    const struct dm_quad quad = {s->term, p->term, o->term, reader->graph.term};
    const struct dm_quad_positions positions = {s->at, p->at, o->at,
                                                reader->graph.at};
    return reader->sink(reader->sink_context, &quad, &positions, reader->error);
}

static struct prefix *
new_prefix(struct dm_str name, struct dm_str iri)
{
    struct prefix *prefix = dm_malloc(sizeof(*prefix) + name.n + iri.n);
    if (prefix) {
        prefix->name = dm_str_n(prefix->bytes, name.n);
        prefix->iri = dm_str_n(prefix->bytes + name.n, iri.n);
        memcpy(prefix->bytes, name.n ? name.data : "", name.n);
        memcpy(prefix->bytes + name.n, iri.data, iri.n);
    }
    return prefix;
}

enum dm_status
reader_declare(struct dm_reader *reader, struct dm_str name, struct dm_str iri)
{
    if (name.n + iri.n > PREFIX_BYTES_MAX - reader->prefix_bytes) {
        return reader_fail(reader, DM_ERR_LIMIT, reader->lexer.here,
                           "prefixes take over %zu bytes", PREFIX_BYTES_MAX);
    }
    struct dm_map_entry *entry = dm_map_put(&reader->prefixes, name, NULL);
    if (!entry) {
        return reader->prefixes.n < PREFIXES_MAX
                   ? reader_no_room(reader)
                   : reader_fail(reader, DM_ERR_LIMIT, reader->lexer.here,
                                 "there are over %d prefixes", PREFIXES_MAX);
    }
    struct prefix *const old = entry->value.ptr;
    struct prefix *const prefix = new_prefix(name, iri);
    if (!prefix) {
        if (!old) { // The entry's key is the caller's
            (void)dm_map_remove(&reader->prefixes, name);
        }
        return reader_no_room(reader);
    }
    entry->value.ptr = prefix;
    entry->key = prefix->name; // The same bytes in a place that stays
    reader->prefix_bytes += name.n + iri.n;
    if (old) {
        reader->prefix_bytes -= old->name.n + old->iri.n;
        dm_free(old);
    }
    return DM_OK;
}

enum dm_status
reader_set_base(struct dm_reader *reader, struct dm_str iri)
{
    dm_buf_clear(&reader->base);
    return dm_buf_put_str(&reader->base, iri) ? reader_no_room(reader) : DM_OK;
}

size_t
reader_label_size(const struct dm_reader *reader)
{
    return reader->options.blank_prefix.n + 1 + LABEL_DIGITS + 1;
}

struct dm_term
reader_fresh_blank(struct dm_reader *reader, char *room)
{
    const struct dm_str prefix = reader->options.blank_prefix;
    memcpy(room, prefix.data, prefix.n);
    const int n = snprintf(room + prefix.n, LABEL_DIGITS + 2, "b%llu",
                           (unsigned long long)reader->n_blanks++);
    assert(n > 0);
    return dm_term_blank(dm_str_n(room, prefix.n + (size_t)n));
}

static enum dm_status
step(struct dm_reader *reader)
{
    switch (reader->options.syntax) {
    case DM_SYNTAX_NTRIPLES:
    case DM_SYNTAX_NQUADS:
        return lines_step(reader);
    case DM_SYNTAX_TURTLE:
    case DM_SYNTAX_TRIG:
        break;
    }
    bool more = false;
    const enum dm_status status =
        reader->lexer.has_token
            ? DM_OK
            : lexer_skip(&reader->lexer, SKIP_PER_STEP, &more);
    if (status) {
        return reader_unreadable(reader, status);
    }
    if (more) {
        return DM_OK;
    }
    reader->statement_from = reader->lexer.passed;
    return turtle_step(reader);
}

enum dm_status
dm_reader_step(struct dm_reader *reader, struct dm_error *error)
{
    // The first block of the arena stays: most statements need no other
    if (reader->has_mark) {
        dm_arena_rewind(&reader->arena, reader->mark);
    } else if (dm_arena_alloc(&reader->arena, 1, 1)) {
        reader->mark = dm_arena_mark(&reader->arena);
        reader->has_mark = true;
    }
    dm_buf_clear(&reader->scratch);
    reader->nesting = 0;
    reader->closer = ".";
    reader->is_assumed_end = false;
    reader->error = error;
    const enum dm_status status = step(reader);
    reader->error = NULL;
    return status;
}

enum dm_status
dm_reader_recover(struct dm_reader *reader)
{
    switch (reader->options.syntax) {
    case DM_SYNTAX_NTRIPLES:
    case DM_SYNTAX_NQUADS:
        return lines_recover(reader);
    case DM_SYNTAX_TURTLE:
    case DM_SYNTAX_TRIG:
        break;
    }
    return turtle_recover(reader);
}

struct dm_position
dm_reader_position(const struct dm_reader *reader)
{
    return reader->lexer.here;
}

struct dm_str
dm_reader_prefix(const struct dm_reader *reader, struct dm_str prefix)
{
    const struct dm_map_entry *entry = dm_map_get(&reader->prefixes, prefix);
    if (!entry) {
        return (struct dm_str){0};
    }
    return ((const struct prefix *)entry->value.ptr)->iri;
}

bool
dm_reader_prefix_at(const struct dm_reader *reader, size_t i,
                    struct dm_str *ret_prefix, struct dm_str *ret_iri)
{
    if (i >= reader->prefixes.n) {
        return false;
    }
    const struct prefix *prefix = reader->prefixes.entries[i].value.ptr;
    *ret_prefix = prefix->name;
    *ret_iri = prefix->iri;
    return true;
}

struct dm_str
dm_reader_base(const struct dm_reader *reader)
{
    return dm_buf_str(&reader->base);
}

// dm_source_fn over a text
static enum dm_status
take_text(void *context, char *bytes, size_t n, size_t *ret_n)
{
    struct dm_str *rest = context;
    const struct dm_str piece = dm_str_slice(*rest, 0, n);
    if (piece.n) {
        memcpy(bytes, piece.data, piece.n);
    }
    *rest = dm_str_slice(*rest, piece.n, rest->n);
    *ret_n = piece.n;
    return DM_OK;
}

enum dm_status
dm_read_text(const struct dm_reader_options *options, struct dm_str text,
             dm_quad_fn sink, void *context, struct dm_error *error)
{
    struct dm_reader *reader = NULL;
    enum dm_status status =
        dm_reader_new(options, take_text, &text, sink, context, &reader);
    if (status) {
        return dm_error_set(error, status, "cannot read: %s",
                            dm_status_text(status));
    }
    do {
        status = dm_reader_step(reader, error);
    } while (!status);
    dm_reader_free(reader);
    return status == DM_END ? DM_OK : status;
}

bool
dm_syntax_of_name(struct dm_str name, enum dm_syntax *ret)
{
    static const struct {
        const char *ending;
        enum dm_syntax syntax;
    } endings[] = {
        {".nt", DM_SYNTAX_NTRIPLES},
        {".nq", DM_SYNTAX_NQUADS},
        {".ttl", DM_SYNTAX_TURTLE},
        {".trig", DM_SYNTAX_TRIG},
    };
    for (size_t i = 0; i < DM_COUNT_OF(endings); ++i) {
        if (dm_str_ends(name, dm_str(endings[i].ending))) {
            *ret = endings[i].syntax;
            return true;
        }
    }
    return false;
}
