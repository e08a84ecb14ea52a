// SPDX-License-Identifier: ISC

// Source: SPARQL 1.2 Query Results XML Format (W3C)

#include "sparql/results_private.h"

#include "sparql/xml.h"

#include <assert.h>

#define RESULTS_NS "http://www.w3.org/2005/sparql-results#"
#define ITS_NS "http://www.w3.org/2005/11/its"

// Writing

// Whether `point` cannot be in XML 1.0, not even as a reference
static bool
is_no_char(uint32_t point)
{
    return (point < 0x20 && point != '\t' && point != '\n' && point != '\r') ||
           point == 0xFFFE || point == 0xFFFF;
}

// Text or the value of an attribute. What XML cannot have becomes U+FFFD.
static void
put_text(struct dm_buf *buf, struct dm_str text)
{
    size_t i = 0;
    while (i < text.n) {
        uint32_t point = 0;
        const size_t n = dm_utf8_decode(dm_str_slice(text, i, text.n), &point);
        if (point == '<') {
            (void)dm_buf_puts(buf, "&lt;");
        } else if (point == '>') {
            (void)dm_buf_puts(buf, "&gt;");
        } else if (point == '&') {
            (void)dm_buf_puts(buf, "&amp;");
        } else if (point == '"') {
            (void)dm_buf_puts(buf, "&quot;");
        } else if (!n || is_no_char(point)) {
            (void)dm_buf_puts(buf, "\xEF\xBF\xBD");
        } else if (point == '\r' || point == '\n' || point == '\t') {
            (void)dm_buf_printf(buf, "&#%u;", (unsigned)point);
        } else {
            (void)dm_buf_put(buf, text.data + i, n);
        }
        i += n ? n : 1;
    }
}

static void
put_attribute(struct dm_buf *buf, const char *name, struct dm_str value)
{
    (void)dm_buf_printf(buf, " %s=\"", name);
    put_text(buf, value);
    (void)dm_buf_putc(buf, '"');
}

static void
put_element(struct dm_buf *buf, const char *name, struct dm_str text)
{
    (void)dm_buf_printf(buf, "<%s>", name);
    put_text(buf, text);
    (void)dm_buf_printf(buf, "</%s>", name);
}

static void
put_literal(struct dm_buf *buf, const struct dm_term *term)
{
    (void)dm_buf_puts(buf, "<literal");
    if (term->language.n) {
        put_attribute(buf, "xml:lang", term->language);
        if (term->direction != DM_DIRECTION_NONE) {
            put_attribute(
                buf, "its:dir",
                dm_str(term->direction == DM_DIRECTION_LTR ? "ltr" : "rtl"));
        }
    } else if (!dm_str_is(term->datatype, DM_XSD_NS "string")) {
        put_attribute(buf, "datatype", term->datatype);
    }
    (void)dm_buf_putc(buf, '>');
    put_text(buf, term->value);
    (void)dm_buf_puts(buf, "</literal>");
}

static void
put_term(struct dm_buf *buf, const struct dm_term *term)
{
    switch (term->kind) {
    case DM_TERM_NONE:
        break;
    case DM_TERM_IRI:
        put_element(buf, "uri", term->value);
        break;
    case DM_TERM_BLANK:
        put_element(buf, "bnode", term->value);
        break;
    case DM_TERM_LITERAL:
        put_literal(buf, term);
        break;
    case DM_TERM_TRIPLE:
        assert(term->triple);
        (void)dm_buf_puts(buf, "<triple><subject>");
        put_term(buf, &term->triple->s);
        (void)dm_buf_puts(buf, "</subject><predicate>");
        put_term(buf, &term->triple->p);
        (void)dm_buf_puts(buf, "</predicate><object>");
        put_term(buf, &term->triple->o);
        (void)dm_buf_puts(buf, "</object></triple>");
        break;
    }
}

static void
put_start(struct dm_buf *buf)
{
    (void)dm_buf_puts(
        buf, "<?xml version=\"1.0\"?>\n<sparql xmlns=\"" RESULTS_NS
             "\" xmlns:its=\"" ITS_NS "\" its:version=\"2.0\">\n<head>\n");
}

static void
begin(struct dm_results_writer *writer)
{
    put_start(writer->buf);
    for (size_t i = 0; i < writer->n_columns; ++i) {
        (void)dm_buf_puts(writer->buf, "<variable");
        put_attribute(writer->buf, "name", writer->columns[i]);
        (void)dm_buf_puts(writer->buf, "/>\n");
    }
    (void)dm_buf_puts(writer->buf, "</head>\n<results>\n");
}

static void
put_row(struct dm_results_writer *writer, const struct dm_term *terms)
{
    (void)dm_buf_puts(writer->buf, "<result>");
    for (size_t i = 0; i < writer->n_columns; ++i) {
        if (terms[i].kind != DM_TERM_NONE) {
            (void)dm_buf_puts(writer->buf, "<binding");
            put_attribute(writer->buf, "name", writer->columns[i]);
            (void)dm_buf_putc(writer->buf, '>');
            put_term(writer->buf, &terms[i]);
            (void)dm_buf_puts(writer->buf, "</binding>");
        }
    }
    (void)dm_buf_puts(writer->buf, "</result>\n");
}

static void
end(struct dm_results_writer *writer)
{
    (void)dm_buf_puts(writer->buf, "</results>\n</sparql>\n");
}

static void
put_boolean(struct dm_buf *buf, bool answer)
{
    put_start(buf);
    (void)dm_buf_printf(buf, "</head>\n<boolean>%s</boolean>\n</sparql>\n",
                        answer ? "true" : "false");
}

// Reading: one function for each element, called behind its start tag, which
// takes all up to its end tag

struct reader {
    struct dm_xml xml;
    struct dm_xml_event event; // The present one
    struct dm_results_table table;
    bool is_boolean;
    bool answer;
};

static enum dm_status
wrong(struct reader *r, const char *what)
{
    return dm_xml_fail(&r->xml, DM_ERR_SYNTAX, what);
}

static bool
is_start(const struct reader *r, const char *local)
{
    return r->event.kind == DM_XML_START &&
           dm_xml_name_is(&r->event.name, RESULTS_NS, local);
}

// The next event but white space between tags; DM_END: the element's end tag
static enum dm_status
next_child(struct reader *r)
{
    for (;;) {
        const enum dm_status status = dm_xml_next(&r->xml, &r->event);
        if (status) {
            return status == DM_END ? wrong(r, "the document ends too early")
                                    : status;
        }
        if (r->event.kind == DM_XML_END) {
            return DM_END;
        }
        if (r->event.kind == DM_XML_START) {
            return DM_OK;
        }
        if (dm_str_trim(r->event.text).n) {
            return wrong(r, "text stands between elements");
        }
    }
}

// All of an element whose meaning does not matter
static enum dm_status
skip(struct reader *r)
{
    const size_t depth = r->xml.depth;
    while (r->xml.depth >= depth) {
        const enum dm_status status = dm_xml_next(&r->xml, &r->event);
        if (status) {
            return status == DM_END ? wrong(r, "the document ends too early")
                                    : status;
        }
    }
    return DM_OK;
}

// The text of an element that has nothing else
static enum dm_status
read_text(struct reader *r, struct dm_str *ret)
{
    *ret = dm_str("");
    enum dm_status status = dm_xml_next(&r->xml, &r->event);
    if (!status && r->event.kind == DM_XML_TEXT) {
        *ret = r->event.text;
        status = dm_xml_next(&r->xml, &r->event);
    }
    if (!status && r->event.kind != DM_XML_END) {
        status = wrong(r, "text was expected, not an element");
    }
    return status == DM_END ? wrong(r, "the document ends too early") : status;
}

static enum dm_status
read_literal(struct reader *r, struct dm_term *ret)
{
    const struct dm_str language =
        dm_xml_attribute(&r->event, DM_XML_NS, "lang");
    const struct dm_str datatype = dm_xml_attribute(&r->event, "", "datatype");
    const struct dm_str dir = dm_xml_attribute(&r->event, ITS_NS, "dir");
    enum dm_direction direction = DM_DIRECTION_NONE;
    if (dm_str_is(dir, "ltr")) {
        direction = DM_DIRECTION_LTR;
    } else if (dm_str_is(dir, "rtl")) {
        direction = DM_DIRECTION_RTL;
    } else if (dir.n) {
        return wrong(r, "a direction is ltr or rtl");
    }
    struct dm_str text = {0};
    const enum dm_status status = read_text(r, &text);
    if (status) {
        return status;
    }
    if (language.n) {
        *ret = dm_term_tagged(text, language, direction);
    } else if (datatype.n) {
        *ret = dm_term_literal(text, datatype);
    } else {
        *ret = dm_term_string(text);
    }
    return DM_OK;
}

static enum dm_status read_term(struct reader *r, struct dm_term *ret);

static enum dm_status
read_triple(struct reader *r, struct dm_term *ret)
{
    static const char *const names[] = {"subject", "predicate", "object"};
    struct dm_triple *triple = dm_arena_alloc(r->xml.arena, 1, sizeof(*triple));
    if (!triple) {
        return dm_xml_fail(&r->xml, DM_ERR_NO_MEMORY,
                           "the results are too long");
    }
    struct dm_term *const parts[] = {&triple->s, &triple->p, &triple->o};
    for (size_t i = 0; i < DM_COUNT_OF(parts); ++i) {
        enum dm_status status = next_child(r);
        if (status == DM_END || (!status && !is_start(r, names[i]))) {
            return wrong(r, "a triple is <subject>, <predicate>, <object>");
        }
        if (!status) {
            status = read_term(r, parts[i]);
        }
        if (status) {
            return status;
        }
    }
    const enum dm_status status = next_child(r);
    if (status != DM_END) {
        return status ? status : wrong(r, "a triple has more than its parts");
    }
    *ret = dm_term_triple(triple);
    return DM_OK;
}

// The one child of <binding>, <subject>, … up to the end tag of that
static enum dm_status
read_term(struct reader *r, struct dm_term *ret)
{
    struct dm_str text = {0};
    enum dm_status status = next_child(r);
    if (status) {
        return status == DM_END ? wrong(r, "a term is missing") : status;
    }
    if (is_start(r, "uri")) {
        status = read_text(r, &text);
        *ret = dm_term_iri(text);
    } else if (is_start(r, "bnode")) {
        status = read_text(r, &text);
        *ret = dm_term_blank(text);
    } else if (is_start(r, "literal")) {
        status = read_literal(r, ret);
    } else if (is_start(r, "triple")) {
        status = read_triple(r, ret);
    } else {
        return wrong(r, "this is no term");
    }
    if (!status) {
        status = next_child(r);
    }
    return status == DM_END ? DM_OK
           : status         ? status
                            : wrong(r, "a binding has two terms");
}

static enum dm_status
read_head(struct reader *r)
{
    for (;;) {
        enum dm_status status = next_child(r);
        if (status) {
            return status == DM_END ? DM_OK : status;
        }
        if (is_start(r, "variable")) {
            const struct dm_str name = dm_xml_attribute(&r->event, "", "name");
            status = name.n ? dm_results_table_column(&r->table, name)
                            : DM_ERR_SYNTAX;
            if (status) {
                return dm_xml_fail(&r->xml, status,
                                   "a variable cannot be a column");
            }
        }
        status = skip(r);
        if (status) {
            return status;
        }
    }
}

static enum dm_status
read_result(struct reader *r)
{
    struct dm_term *terms = NULL;
    enum dm_status status = dm_results_table_row(&r->table, &terms);
    if (status) {
        return dm_xml_fail(&r->xml, status, "the results are too long");
    }
    while (!status) {
        status = next_child(r);
        if (status) {
            break;
        }
        if (!is_start(r, "binding")) {
            return wrong(r, "only <binding> is in a <result>");
        }
        const size_t i = dm_results_table_find(
            &r->table, dm_xml_attribute(&r->event, "", "name"));
        if (i == r->table.n_columns) {
            return wrong(r, "a binding is of no variable in the head");
        }
        status = read_term(r, &terms[i]);
    }
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
read_results(struct reader *r)
{
    enum dm_status status = DM_OK;
    while (!status) {
        status = next_child(r);
        if (!status) {
            status = is_start(r, "result")
                         ? read_result(r)
                         : wrong(r, "only <result> is in <results>");
        }
    }
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
read_boolean(struct reader *r)
{
    struct dm_str text = {0};
    const enum dm_status status = read_text(r, &text);
    if (status) {
        return status;
    }
    text = dm_str_trim(text);
    r->is_boolean = true;
    r->answer = dm_str_is(text, "true");
    return r->answer || dm_str_is(text, "false")
               ? DM_OK
               : wrong(r, "an answer is true or false");
}

static enum dm_status
read_document(struct reader *r)
{
    bool has_answer = false;
    enum dm_status status = next_child(r);
    if (status || !is_start(r, "sparql")) {
        return status ? status : wrong(r, "this is no document of results");
    }
    while (!status) {
        status = next_child(r);
        if (status) {
            break;
        }
        if (is_start(r, "head") && !has_answer) {
            status = read_head(r);
        } else if (is_start(r, "results") && !has_answer) {
            has_answer = true;
            status = read_results(r);
        } else if (is_start(r, "boolean") && !has_answer) {
            has_answer = true;
            status = read_boolean(r);
        } else {
            return wrong(r, "this element has no place in <sparql>");
        }
    }
    if (status != DM_END) {
        return status;
    }
    status = dm_xml_next(&r->xml, &r->event);
    if (status != DM_END) {
        return status ? status : wrong(r, "something is behind <sparql>");
    }
    return has_answer ? DM_OK : wrong(r, "there is no answer");
}

static enum dm_status
read(struct dm_str text, struct dm_arena *arena, struct dm_results *ret,
     struct dm_error *error)
{
    struct reader *r = dm_arena_alloc(arena, 1, sizeof(*r));
    if (!r) {
        return dm_error_set(error, DM_ERR_NO_MEMORY,
                            "the results are too long");
    }
    dm_xml_init(&r->xml, text, arena, error);
    r->table = (struct dm_results_table){.arena = arena};
    const enum dm_status status = read_document(r);
    if (status) {
        return status;
    }
    dm_results_table_finish(&r->table, ret);
    ret->is_boolean = r->is_boolean;
    ret->answer = r->answer;
    return DM_OK;
}

const struct dm_results_ops dm_results_xml = {
    .name = "xml",
    .media_type = "application/sparql-results+xml",
    .begin = begin,
    .row = put_row,
    .end = end,
    .boolean = put_boolean,
    .read = read,
};
