// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "rdf/iri.h"
#include "rdf/writer.h"

#include <assert.h>
#include <serd/serd.h>

// Bytes of the terms of one quad, copied for serd, which wants strings
#define QUAD_MAX ((size_t)64 << 20U)
#define PREFIXES_MAX 4096
#define PREFIX_BYTES_MAX ((size_t)1 << 20U)

struct prefix {
    struct dm_str name;
    struct dm_str iri;
};

struct dm_turtle_writer {
    bool is_trig;
    bool has_quads;
    dm_text_fn sink;
    void *sink_context;
    enum dm_status status; ///< The first that the sink returned
    SerdEnv *env;
    SerdWriter *serd;
    struct prefix *prefixes;
    size_t n_prefixes;
    size_t capacity;
    struct dm_arena strings; ///< Of the prefixes
    struct dm_buf base;
    struct dm_buf scratch;
    struct dm_arena arena; ///< Of one quad
};

/// What serd takes for a term
struct nodes {
    SerdNode node;
    SerdNode datatype;
    SerdNode language;
};

// SerdSink. serd does not look at what it returns, so the status is kept.
static size_t
take_bytes(const void *bytes, size_t n, void *stream)
{
    struct dm_turtle_writer *writer = stream;
    if (!writer->status) {
        writer->status = writer->sink(writer->sink_context, dm_str_n(bytes, n));
    }
    return n;
}

enum dm_status
dm_turtle_writer_new(bool trig, dm_text_fn sink, void *context,
                     struct dm_turtle_writer **ret)
{
    struct dm_turtle_writer *writer = dm_calloc(1, sizeof(*writer));
    if (!writer) {
        return DM_ERR_NO_MEMORY;
    }
    writer->is_trig = trig;
    writer->sink = sink;
    writer->sink_context = context;
    dm_buf_init(&writer->base, QUAD_MAX);
    dm_buf_init(&writer->scratch, QUAD_MAX);
    dm_arena_init(&writer->arena, QUAD_MAX, NULL);
    dm_arena_init(&writer->strings, PREFIX_BYTES_MAX, NULL);
    writer->env = serd_env_new(NULL);
    if (writer->env) {
        writer->serd =
            serd_writer_new(trig ? SERD_TRIG : SERD_TURTLE,
                            (SerdStyle)(SERD_STYLE_ABBREVIATED |
                                        SERD_STYLE_CURIED | SERD_STYLE_BULK),
                            writer->env, NULL, take_bytes, writer);
    }
    if (!writer->serd) {
        dm_turtle_writer_free(writer);
        return DM_ERR_NO_MEMORY;
    }
    *ret = writer;
    return DM_OK;
}

void
dm_turtle_writer_free(struct dm_turtle_writer *writer)
{
    if (!writer) {
        return;
    }
    // serd finishes a document when it is freed; nobody listens any more
    if (!writer->status) {
        writer->status = DM_ERR_STATE;
    }
    serd_writer_free(writer->serd);
    serd_env_free(writer->env);
    dm_arena_done(&writer->arena);
    dm_arena_done(&writer->strings);
    dm_free(writer->prefixes);
    dm_buf_done(&writer->scratch);
    dm_buf_done(&writer->base);
    dm_free(writer);
}

// A node of a string that serd can hold: terminated, in the arena
static bool
make_node(struct dm_turtle_writer *writer, SerdType type, struct dm_str text,
          SerdNode *ret)
{
    const struct dm_str copy = dm_arena_copy(&writer->arena, text);
    if (!copy.data) {
        return false;
    }
    *ret = serd_node_from_string(type, (const uint8_t *)copy.data);
    assert(ret->n_bytes == text.n);
    return true;
}

static enum dm_status
result(struct dm_turtle_writer *writer, SerdStatus status)
{
    dm_arena_rewind(&writer->arena, (struct dm_arena_mark){0});
    if (writer->status) {
        return writer->status;
    }
    return status ? DM_ERR_ARGUMENT : DM_OK;
}

// Letters, then perhaps digits, '-' and '_': never in need of an escape
static bool
is_plain_name(struct dm_str name, bool may_be_empty)
{
    for (size_t i = 0; i < name.n; ++i) {
        const char c = name.data[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool is_rest = (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!is_letter && !(is_rest && i)) {
            return false;
        }
    }
    return name.n > 0 || may_be_empty;
}

// Keep a prefix for short names
static bool
keep_prefix(struct dm_turtle_writer *writer, struct dm_str name,
            struct dm_str iri)
{
    struct prefix *prefixes =
        dm_grow(writer->prefixes, &writer->capacity, writer->n_prefixes + 1,
                sizeof(*prefixes), PREFIXES_MAX);
    if (!prefixes) {
        return false;
    }
    writer->prefixes = prefixes;
    const struct prefix prefix = {dm_arena_copy(&writer->strings, name),
                                  dm_arena_copy(&writer->strings, iri)};
    if (!prefix.name.data || !prefix.iri.data) {
        return false;
    }
    prefixes[writer->n_prefixes++] = prefix;
    return true;
}

enum dm_status
dm_turtle_writer_prefix(struct dm_turtle_writer *writer, struct dm_str prefix,
                        struct dm_str iri)
{
    SerdNode name = SERD_NODE_NULL;
    SerdNode uri = SERD_NODE_NULL;
    assert(!writer->has_quads);
    if (!make_node(writer, SERD_LITERAL, prefix, &name) ||
        !make_node(writer, SERD_URI, iri, &uri) ||
        (is_plain_name(prefix, true) && !keep_prefix(writer, prefix, iri))) {
        return DM_ERR_NO_MEMORY;
    }
    return result(writer, serd_writer_set_prefix(writer->serd, &name, &uri));
}

enum dm_status
dm_turtle_writer_base(struct dm_turtle_writer *writer, struct dm_str iri)
{
    SerdNode uri = SERD_NODE_NULL;
    assert(!writer->has_quads);
    if (!dm_iri_is_absolute(iri)) {
        return DM_ERR_ARGUMENT;
    }
    dm_buf_clear(&writer->base);
    if (dm_buf_put_str(&writer->base, iri) ||
        !make_node(writer, SERD_URI, iri, &uri)) {
        return DM_ERR_NO_MEMORY;
    }
    return result(writer, serd_writer_set_base_uri(writer->serd, &uri));
}

// The shortest reference to `iri` that resolves to it again
static struct dm_str
reference(struct dm_turtle_writer *writer, struct dm_str iri)
{
    const struct dm_str base = dm_buf_str(&writer->base);
    const struct dm_str relative = dm_iri_relative(iri, base);
    if (!base.n || relative.n == iri.n) {
        return iri;
    }
    dm_buf_clear(&writer->scratch);
    const bool is_same = !dm_iri_has_scheme(relative) &&
                         !dm_iri_resolve(base, relative, &writer->scratch) &&
                         dm_str_equal(dm_buf_str(&writer->scratch), iri);
    return is_same ? relative : iri;
}

// Append "prefix:name" by the longest prefix that fits
// @return false where there is none
static bool
put_short_name(const struct dm_turtle_writer *writer, struct dm_str iri,
               struct dm_buf *buf)
{
    const struct prefix *best = NULL;
    for (size_t i = 0; i < writer->n_prefixes; ++i) {
        const struct prefix *prefix = &writer->prefixes[i];
        const struct dm_str name = dm_str_slice(iri, prefix->iri.n, iri.n);
        if (dm_str_starts(iri, prefix->iri) && is_plain_name(name, false) &&
            (!best || prefix->iri.n >= best->iri.n)) {
            best = prefix;
        }
    }
    if (!best) {
        return false;
    }
    (void)dm_buf_put_str(buf, best->name);
    (void)dm_buf_putc(buf, ':');
    (void)dm_buf_put_str(buf, dm_str_slice(iri, best->iri.n, iri.n));
    return true;
}

// Append "prefix:name", or the IRI between < and >
static bool
put_iri(struct dm_turtle_writer *writer, struct dm_str iri, struct dm_buf *buf)
{
    if (!put_short_name(writer, iri, buf)) {
        const struct dm_term term = dm_term_iri(reference(writer, iri));
        (void)dm_write_term(&term, buf);
    }
    return !buf->status;
}

// serd writes rdf:type as "a" and rdf:nil as "()" itself
static bool
make_iri(struct dm_turtle_writer *writer, struct dm_str iri, SerdNode *ret)
{
    if (!dm_str_is(iri, DM_RDF_NS "type") && !dm_str_is(iri, DM_RDF_NS "nil")) {
        dm_buf_clear(&writer->scratch);
        if (put_short_name(writer, iri, &writer->scratch)) {
            return !writer->scratch.status &&
                   make_node(writer, SERD_CURIE, dm_buf_str(&writer->scratch),
                             ret);
        }
    }
    return make_node(writer, SERD_URI, reference(writer, iri), ret);
}

// Append a term as Turtle, IRIs short
static bool
put_term(struct dm_turtle_writer *writer, const struct dm_term *term,
         struct dm_buf *buf)
{
    if (term->kind == DM_TERM_IRI) {
        return put_iri(writer, term->value, buf);
    }
    if (term->kind != DM_TERM_TRIPLE) {
        return !dm_write_term(term, buf);
    }
    (void)dm_buf_puts(buf, "<<( ");
    bool fits = put_term(writer, &term->triple->s, buf);
    (void)dm_buf_putc(buf, ' ');
    fits = fits && put_term(writer, &term->triple->p, buf);
    (void)dm_buf_putc(buf, ' ');
    fits = fits && put_term(writer, &term->triple->o, buf);
    return !dm_buf_puts(buf, " )>>") && fits;
}

// serd puts the bytes of an xsd:integer into the document as they are. So it
// writes what it does not know: our text takes the place of a number.
static bool
make_verbatim(struct dm_turtle_writer *writer, const struct dm_term *term,
              struct nodes *ret)
{
    struct dm_buf text;
    dm_buf_init(&text, QUAD_MAX);
    const bool fits =
        put_term(writer, term, &text) &&
        make_node(writer, SERD_LITERAL, dm_buf_str(&text), &ret->node) &&
        make_node(writer, SERD_URI, dm_str(DM_XSD_NS "integer"),
                  &ret->datatype);
    dm_buf_done(&text);
    return fits;
}

// What Turtle reads back as a literal of that datatype without quotes
static bool
is_bare(const struct dm_term *term)
{
    struct dm_str text = term->value;
    if (dm_str_is(term->datatype, DM_XSD_NS "boolean")) {
        return dm_str_is(text, "true") || dm_str_is(text, "false");
    }
    if (text.n && (text.data[0] == '-' || text.data[0] == '+')) {
        text = dm_str_slice(text, 1, text.n);
    }
    size_t points = 0;
    for (size_t i = 0; i < text.n; ++i) {
        if (text.data[i] == '.') {
            ++points;
        } else if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    const bool is_integer = dm_str_is(term->datatype, DM_XSD_NS "integer");
    return points == (is_integer ? 0 : 1) && text.n > points &&
           text.data[text.n - 1] != '.';
}

// What serd writes without quotes
static bool
is_short_datatype(struct dm_str datatype)
{
    return dm_str_is(datatype, DM_XSD_NS "boolean") ||
           dm_str_is(datatype, DM_XSD_NS "integer") ||
           dm_str_is(datatype, DM_XSD_NS "decimal");
}

// serd leaves quotes out whatever such a literal holds, and stops at NUL
static bool
would_spoil(const struct dm_term *term)
{
    return (is_short_datatype(term->datatype) && !is_bare(term)) ||
           dm_str_find(term->value, dm_str_n("", 1)) < term->value.n;
}

static bool
make_literal(struct dm_turtle_writer *writer, const struct dm_term *term,
             struct nodes *ret)
{
    static const char *const suffixes[] = {
        [DM_DIRECTION_NONE] = "",
        [DM_DIRECTION_LTR] = "--ltr",
        [DM_DIRECTION_RTL] = "--rtl",
    };
    if (would_spoil(term)) {
        return make_verbatim(writer, term, ret);
    }
    if (!make_node(writer, SERD_LITERAL, term->value, &ret->node)) {
        return false;
    }
    if (term->language.n) {
        dm_buf_clear(&writer->scratch);
        (void)dm_buf_put_str(&writer->scratch, term->language);
        return !dm_buf_puts(&writer->scratch, suffixes[term->direction]) &&
               make_node(writer, SERD_LITERAL, dm_buf_str(&writer->scratch),
                         &ret->language);
    }
    if (dm_str_is(term->datatype, DM_XSD_NS "string")) {
        return true;
    }
    // serd knows those by their whole IRI
    return is_short_datatype(term->datatype)
               ? make_node(writer, SERD_URI, term->datatype, &ret->datatype)
               : make_iri(writer, term->datatype, &ret->datatype);
}

static bool
make_nodes(struct dm_turtle_writer *writer, const struct dm_term *term,
           struct nodes *ret)
{
    switch (term->kind) {
    case DM_TERM_NONE:
        break;
    case DM_TERM_IRI:
        return make_iri(writer, term->value, &ret->node);
    case DM_TERM_BLANK:
        return make_node(writer, SERD_BLANK, term->value, &ret->node);
    case DM_TERM_LITERAL:
        return make_literal(writer, term, ret);
    case DM_TERM_TRIPLE:
        return make_verbatim(writer, term, ret);
    }
    return true;
}

enum dm_status
dm_turtle_writer_quad(struct dm_turtle_writer *writer,
                      const struct dm_quad *quad)
{
    struct nodes nodes[4] = {{{0}, {0}, {0}}};
    const struct dm_term *const terms[4] = {&quad->s, &quad->p, &quad->o,
                                            &quad->g};
    if (quad->g.kind && !writer->is_trig) {
        return DM_ERR_ARGUMENT;
    }
    writer->has_quads = true;
    for (size_t i = 0; i < DM_COUNT_OF(terms); ++i) {
        if (!make_nodes(writer, terms[i], &nodes[i])) {
            dm_arena_rewind(&writer->arena, (struct dm_arena_mark){0});
            return DM_ERR_NO_MEMORY;
        }
    }
    return result(writer,
                  serd_writer_write_statement(
                      writer->serd, 0, quad->g.kind ? &nodes[3].node : NULL,
                      &nodes[0].node, &nodes[1].node, &nodes[2].node,
                      &nodes[2].datatype, &nodes[2].language));
}

enum dm_status
dm_turtle_writer_end(struct dm_turtle_writer *writer)
{
    return result(writer, serd_writer_finish(writer->serd));
}
