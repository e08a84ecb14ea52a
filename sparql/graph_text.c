// SPDX-License-Identifier: ISC

#include "sparql/graph_text.h"

#include "rdf/writer.h"
#include "sparql/query.h"

static const struct {
    const char *name;
    const char *media_type;
} formats[] = {
    [DM_GRAPH_TURTLE] = {"turtle", "text/turtle"},
    [DM_GRAPH_TRIG] = {"trig", "application/trig"},
    [DM_GRAPH_NTRIPLES] = {"ntriples", "application/n-triples"},
    [DM_GRAPH_NQUADS] = {"nquads", "application/n-quads"},
};

const char *
dm_graph_media_type(enum dm_graph_format format)
{
    return formats[format].media_type;
}

bool
dm_graph_format_of(struct dm_str name, enum dm_graph_format *ret)
{
    for (size_t i = 0; i < DM_COUNT_OF(formats); ++i) {
        if (dm_str_is(name, formats[i].name) ||
            dm_str_equal_nocase(name, dm_str(formats[i].media_type))) {
            *ret = (enum dm_graph_format)i;
            return true;
        }
    }
    return false;
}

static bool
is_lines(const struct dm_graph_writer *writer)
{
    return writer->format == DM_GRAPH_NTRIPLES ||
           writer->format == DM_GRAPH_NQUADS;
}

// Whether the rest of an IRI may stand behind a prefix without an escape
static bool
is_local_name(struct dm_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        const char c = text.data[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool is_inner = (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!is_letter && !(is_inner && i)) {
            return false;
        }
    }
    return text.n > 0;
}

static enum dm_status
put_iri(struct dm_str iri, struct dm_buf *buf)
{
    for (size_t i = 0; i < dm_n_query_prefixes; ++i) {
        const struct dm_prefix *prefix = &dm_query_prefixes[i];
        const struct dm_str local = dm_str_slice(iri, prefix->iri.n, iri.n);
        if (prefix->prefix.n && dm_str_starts(iri, prefix->iri) &&
            is_local_name(local)) {
            (void)dm_buf_put_str(buf, prefix->prefix);
            (void)dm_buf_putc(buf, ':');
            return dm_buf_put_str(buf, local);
        }
    }
    const struct dm_term term = dm_term_iri(iri);
    return dm_write_term(&term, buf);
}

static enum dm_status
put_term(const struct dm_graph_writer *writer, dm_id id)
{
    struct dm_term term = {.kind = DM_TERM_NONE};
    const enum dm_status status = dm_snapshot_term(writer->snapshot, id, &term);
    if (status) {
        return status;
    }
    return term.kind == DM_TERM_IRI && !is_lines(writer)
               ? put_iri(term.value, writer->buf)
               : dm_write_term(&term, writer->buf);
}

enum dm_status
dm_graph_begin(struct dm_graph_writer *writer, enum dm_graph_format format,
               struct dm_snapshot *snapshot, struct dm_buf *buf)
{
    *writer = (struct dm_graph_writer){
        .format = format, .snapshot = snapshot, .buf = buf};
    for (size_t i = 0; !is_lines(writer) && i < dm_n_query_prefixes; ++i) {
        const struct dm_prefix *prefix = &dm_query_prefixes[i];
        if (prefix->prefix.n) {
            (void)dm_buf_puts(buf, "PREFIX ");
            (void)dm_buf_put_str(buf, prefix->prefix);
            (void)dm_buf_puts(buf, ": <");
            (void)dm_buf_put_str(buf, prefix->iri);
            (void)dm_buf_puts(buf, ">\n");
        }
    }
    return buf->status;
}

enum dm_status
dm_graph_triple(struct dm_graph_writer *writer,
                const struct dm_triple_ids *triple)
{
    struct dm_buf *buf = writer->buf;
    const bool joins = !is_lines(writer);
    const bool has_subject = joins && triple->s == writer->last.s;
    const bool has_predicate = has_subject && triple->p == writer->last.p;
    enum dm_status status = DM_OK;
    if (joins && writer->last.s != DM_ID_NONE) {
        (void)dm_buf_puts(buf, has_predicate ? " , "
                               : has_subject ? " ;\n    "
                                             : " .\n");
    }
    if (!has_subject) {
        status = put_term(writer, triple->s);
        (void)dm_buf_putc(buf, ' ');
    }
    if (!status && !has_predicate) {
        status = put_term(writer, triple->p);
        (void)dm_buf_putc(buf, ' ');
    }
    if (!status) {
        status = put_term(writer, triple->o);
    }
    if (!joins) {
        (void)dm_buf_puts(buf, " .\n");
    }
    writer->last = *triple;
    return status ? status : buf->status;
}

enum dm_status
dm_graph_end(struct dm_graph_writer *writer)
{
    return !is_lines(writer) && writer->last.s != DM_ID_NONE
               ? dm_buf_puts(writer->buf, " .\n")
               : writer->buf->status;
}
