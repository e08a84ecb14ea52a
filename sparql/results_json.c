// SPDX-License-Identifier: ISC

// Source: SPARQL 1.2 Query Results JSON Format (W3C)

#include "sparql/results_private.h"

#include "sparql/json_private.h"

#include <assert.h>

// Writing

// RFC 8259, section 7
static void
put_string(struct dm_buf *buf, struct dm_str text)
{
    static const char short_escapes[] = "btn\0fr"; // Of U+0008 to U+000D
    (void)dm_buf_putc(buf, '"');
    size_t from = 0;
    for (size_t i = 0; i < text.n; ++i) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        (void)dm_buf_put(buf, text.data + from, i - from);
        from = i + 1;
        if (c == '"' || c == '\\') {
            (void)dm_buf_putc(buf, '\\');
            (void)dm_buf_putc(buf, (char)c);
        } else if (c >= '\b' && c <= '\r' && short_escapes[c - '\b']) {
            (void)dm_buf_putc(buf, '\\');
            (void)dm_buf_putc(buf, short_escapes[c - '\b']);
        } else {
            (void)dm_buf_printf(buf, "\\u%04X", (unsigned)c);
        }
    }
    if (from < text.n) {
        (void)dm_buf_put(buf, text.data + from, text.n - from);
    }
    (void)dm_buf_putc(buf, '"');
}

// A member behind another one
static void
put_member(struct dm_buf *buf, const char *name, struct dm_str value)
{
    (void)dm_buf_printf(buf, ",\"%s\":", name);
    put_string(buf, value);
}

static void
put_literal(struct dm_buf *buf, const struct dm_term *term)
{
    if (term->language.n) {
        put_member(buf, "xml:lang", term->language);
        if (term->direction != DM_DIRECTION_NONE) {
            put_member(
                buf, "its:dir",
                dm_str(term->direction == DM_DIRECTION_LTR ? "ltr" : "rtl"));
        }
    } else if (!dm_str_is(term->datatype, DM_XSD_NS "string")) {
        put_member(buf, "datatype", term->datatype);
    }
}

static void
put_term(struct dm_buf *buf, const struct dm_term *term)
{
    static const char *const types[] = {
        [DM_TERM_IRI] = "uri",
        [DM_TERM_BLANK] = "bnode",
        [DM_TERM_LITERAL] = "literal",
        [DM_TERM_TRIPLE] = "triple",
    };
    assert(term->kind != DM_TERM_NONE);
    (void)dm_buf_printf(buf, "{\"type\":\"%s\",\"value\":", types[term->kind]);
    if (term->kind == DM_TERM_TRIPLE) {
        const struct dm_triple *triple = term->triple;
        assert(triple);
        (void)dm_buf_puts(buf, "{\"subject\":");
        put_term(buf, &triple->s);
        (void)dm_buf_puts(buf, ",\"predicate\":");
        put_term(buf, &triple->p);
        (void)dm_buf_puts(buf, ",\"object\":");
        put_term(buf, &triple->o);
        (void)dm_buf_putc(buf, '}');
    } else {
        put_string(buf, term->value);
    }
    if (term->kind == DM_TERM_LITERAL) {
        put_literal(buf, term);
    }
    (void)dm_buf_putc(buf, '}');
}

static void
begin(struct dm_results_writer *writer)
{
    (void)dm_buf_puts(writer->buf, "{\"head\":{\"vars\":[");
    for (size_t i = 0; i < writer->n_columns; ++i) {
        (void)dm_buf_puts(writer->buf, i ? "," : "");
        put_string(writer->buf, writer->columns[i]);
    }
    (void)dm_buf_puts(writer->buf, "]},\"results\":{\"bindings\":[");
}

static void
put_row(struct dm_results_writer *writer, const struct dm_term *terms)
{
    const char *separator = "";
    (void)dm_buf_puts(writer->buf, writer->n_rows ? ",\n{" : "\n{");
    for (size_t i = 0; i < writer->n_columns; ++i) {
        if (terms[i].kind != DM_TERM_NONE) {
            (void)dm_buf_puts(writer->buf, separator);
            put_string(writer->buf, writer->columns[i]);
            (void)dm_buf_putc(writer->buf, ':');
            put_term(writer->buf, &terms[i]);
            separator = ",";
        }
    }
    (void)dm_buf_putc(writer->buf, '}');
}

static void
end(struct dm_results_writer *writer)
{
    (void)dm_buf_puts(writer->buf, "\n]}}\n");
}

static void
put_boolean(struct dm_buf *buf, bool answer)
{
    (void)dm_buf_printf(buf, "{\"head\":{},\"boolean\":%s}\n",
                        answer ? "true" : "false");
}

// Reading: "head" may come behind "results", so it is looked for first

static enum dm_status read_term(struct dm_json *json, struct dm_term *ret);

/// The members of a term, as they come
struct members {
    struct dm_str type;
    struct dm_str value;
    struct dm_str datatype;
    struct dm_str language;
    struct dm_str direction;
    struct dm_triple *triple;
};

static enum dm_status
read_triple(struct dm_json *json, struct dm_triple **ret)
{
    struct dm_triple *triple = dm_arena_alloc(json->arena, 1, sizeof(*triple));
    if (!triple) {
        return dm_json_fail(json, DM_ERR_NO_MEMORY, "the results are too long");
    }
    enum dm_status status = dm_json_open(json, '{');
    while (!status) {
        struct dm_str key = {0};
        status = dm_json_next_key(json, &key);
        if (status) {
            break;
        }
        if (dm_str_is(key, "subject")) {
            status = read_term(json, &triple->s);
        } else if (dm_str_is(key, "predicate")) {
            status = read_term(json, &triple->p);
        } else if (dm_str_is(key, "object")) {
            status = read_term(json, &triple->o);
        } else {
            status = dm_json_skip(json);
        }
    }
    if (status != DM_END) {
        return status;
    }
    if (triple->s.kind == DM_TERM_NONE || triple->p.kind == DM_TERM_NONE ||
        triple->o.kind == DM_TERM_NONE) {
        return dm_json_fail(json, DM_ERR_SYNTAX, "a triple term is not whole");
    }
    *ret = triple;
    return DM_OK;
}

static enum dm_status
read_members(struct dm_json *json, struct members *members)
{
    const struct {
        const char *name;
        struct dm_str *value;
    } texts[] = {
        {"type", &members->type},
        {"datatype", &members->datatype},
        {"xml:lang", &members->language},
        {"its:dir", &members->direction},
    };
    enum dm_status status = dm_json_open(json, '{');
    while (!status) {
        struct dm_str key = {0};
        status = dm_json_next_key(json, &key);
        if (status) {
            break;
        }
        if (dm_str_is(key, "value")) {
            status = dm_json_peek(json) == '{'
                         ? read_triple(json, &members->triple)
                         : dm_json_string(json, &members->value);
            continue;
        }
        size_t i = 0;
        while (i < DM_COUNT_OF(texts) && !dm_str_is(key, texts[i].name)) {
            ++i;
        }
        status = i < DM_COUNT_OF(texts) ? dm_json_string(json, texts[i].value)
                                        : dm_json_skip(json);
    }
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
make_literal(struct dm_json *json, const struct members *members,
             struct dm_term *ret)
{
    if (members->language.n) {
        enum dm_direction direction = DM_DIRECTION_NONE;
        if (dm_str_is(members->direction, "ltr")) {
            direction = DM_DIRECTION_LTR;
        } else if (dm_str_is(members->direction, "rtl")) {
            direction = DM_DIRECTION_RTL;
        } else if (members->direction.n) {
            return dm_json_fail(json, DM_ERR_SYNTAX,
                                "a direction is ltr or rtl");
        }
        *ret = dm_term_tagged(members->value, members->language, direction);
    } else if (members->datatype.n) {
        *ret = dm_term_literal(members->value, members->datatype);
    } else {
        *ret = dm_term_string(members->value);
    }
    return DM_OK;
}

static enum dm_status
read_term(struct dm_json *json, struct dm_term *ret)
{
    struct members members = {.triple = NULL};
    const enum dm_status status = read_members(json, &members);
    if (status) {
        return status;
    }
    if (dm_str_is(members.type, "triple")) {
        if (!members.triple) {
            return dm_json_fail(json, DM_ERR_SYNTAX, "a triple has no value");
        }
        *ret = dm_term_triple(members.triple);
        return DM_OK;
    }
    if (members.triple || !members.value.data) {
        return dm_json_fail(json, DM_ERR_SYNTAX, "a term has no value");
    }
    if (dm_str_is(members.type, "uri")) {
        *ret = dm_term_iri(members.value);
    } else if (dm_str_is(members.type, "bnode")) {
        *ret = dm_term_blank(members.value);
    } else if (dm_str_is(members.type, "literal") ||
               dm_str_is(members.type, "typed-literal")) {
        return make_literal(json, &members, ret);
    } else {
        return dm_json_fail(json, DM_ERR_SYNTAX, "a term has no known type");
    }
    return DM_OK;
}

static enum dm_status
read_vars(struct dm_json *json, struct dm_results_table *table)
{
    enum dm_status status = dm_json_open(json, '[');
    while (!status) {
        struct dm_str name = {0};
        status = dm_json_next_item(json);
        if (!status) {
            status = dm_json_string(json, &name);
        }
        if (!status) {
            status = dm_results_table_column(table, name);
            if (status) {
                return dm_json_fail(json, status,
                                    "a variable cannot be a column");
            }
        }
    }
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
read_head(struct dm_json *json, struct dm_results_table *table)
{
    enum dm_status status = dm_json_open(json, '{');
    while (!status) {
        struct dm_str key = {0};
        status = dm_json_next_key(json, &key);
        if (!status) {
            status = dm_str_is(key, "vars") ? read_vars(json, table)
                                            : dm_json_skip(json);
        }
    }
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
read_row(struct dm_json *json, struct dm_results_table *table)
{
    struct dm_term *terms = NULL;
    enum dm_status status = dm_results_table_row(table, &terms);
    if (status) {
        return dm_json_fail(json, status, "the results are too long");
    }
    status = dm_json_open(json, '{');
    while (!status) {
        struct dm_str key = {0};
        status = dm_json_next_key(json, &key);
        if (status) {
            break;
        }
        const size_t i = dm_results_table_find(table, key);
        if (i == table->n_columns) {
            return dm_json_fail(json, DM_ERR_SYNTAX,
                                "a binding is of no variable in the head");
        }
        status = read_term(json, &terms[i]);
    }
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
read_bindings(struct dm_json *json, struct dm_results_table *table)
{
    enum dm_status status = dm_json_open(json, '[');
    while (!status) {
        status = dm_json_next_item(json);
        if (!status) {
            status = read_row(json, table);
        }
    }
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
read_results(struct dm_json *json, struct dm_results_table *table)
{
    enum dm_status status = dm_json_open(json, '{');
    while (!status) {
        struct dm_str key = {0};
        status = dm_json_next_key(json, &key);
        if (!status) {
            status = dm_str_is(key, "bindings") ? read_bindings(json, table)
                                                : dm_json_skip(json);
        }
    }
    return status == DM_END ? DM_OK : status;
}

/// What a document was found to have
struct document {
    struct dm_results_table table;
    bool has_results;
    bool is_boolean;
    bool answer;
};

// Members of the document: the head and the answer of ASK, or else the results
static enum dm_status
read_document(struct dm_json *json, struct document *document, bool heads)
{
    enum dm_status status = dm_json_open(json, '{');
    while (!status) {
        struct dm_str key = {0};
        status = dm_json_next_key(json, &key);
        if (status) {
            break;
        }
        if (heads && dm_str_is(key, "head")) {
            status = read_head(json, &document->table);
        } else if (heads && dm_str_is(key, "boolean")) {
            document->is_boolean = true;
            status = dm_json_boolean(json, &document->answer);
        } else if (!heads && dm_str_is(key, "results")) {
            document->has_results = true;
            status = read_results(json, &document->table);
        } else {
            status = dm_json_skip(json);
        }
    }
    return status == DM_END ? dm_json_end(json) : status;
}

static enum dm_status
read(struct dm_str text, struct dm_arena *arena, struct dm_results *ret,
     struct dm_error *error)
{
    const struct dm_json start = {.text = text, .arena = arena, .error = error};
    struct document document = {.table = {.arena = arena}};
    struct dm_json json = start;
    enum dm_status status = read_document(&json, &document, true);
    if (status) {
        return status;
    }
    if (document.is_boolean) {
        *ret =
            (struct dm_results){.is_boolean = true, .answer = document.answer};
        return DM_OK;
    }
    json = start;
    status = read_document(&json, &document, false);
    if (!status && !document.has_results) {
        status = dm_json_fail(&json, DM_ERR_SYNTAX,
                              "there is neither \"results\" nor \"boolean\"");
    }
    if (!status) {
        dm_results_table_finish(&document.table, ret);
    }
    return status;
}

const struct dm_results_ops dm_results_json = {
    .name = "json",
    .media_type = "application/sparql-results+json",
    .begin = begin,
    .row = put_row,
    .end = end,
    .boolean = put_boolean,
    .read = read,
};
