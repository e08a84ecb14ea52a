// SPDX-License-Identifier: ISC

#include "tests/w3c/rdf_xml.h"

#include "base/buf.h"
#include "rdf/iri.h"
#include "sparql/xml.h"
#include "tests/check.h"

#define IRI_MAX 4096U

struct reader {
    struct dm_xml xml;
    struct dm_str base;
    struct dm_arena arena;
    struct dm_quads *quads;
    unsigned n_blanks;
};

static enum dm_status
next(struct reader *r, struct dm_xml_event *event)
{
    const enum dm_status status = dm_xml_next(&r->xml, event);
    return status == DM_END
               ? dm_xml_fail(&r->xml, DM_ERR_SYNTAX, "it ends too early")
               : status;
}

// The next tag; text between is white space
static enum dm_status
next_tag(struct reader *r, struct dm_xml_event *event)
{
    enum dm_status status = DM_OK;
    do {
        status = next(r, event);
    } while (!status && event->kind == DM_XML_TEXT &&
             !dm_str_trim(event->text).n);
    return status;
}

static void
add(struct reader *r, const struct dm_term *s, struct dm_str p,
    const struct dm_term *o)
{
    const struct dm_quad quad = {.s = *s, .p = dm_term_iri(p), .o = *o};
    dm_quads_add(r->quads, &quad);
}

// The IRI that a qualified name stands for
static struct dm_str
iri_of(struct reader *r, const struct dm_xml_name *name)
{
    struct dm_buf buf;
    dm_buf_init(&buf, IRI_MAX);
    (void)dm_buf_put_str(&buf, name->ns);
    (void)dm_buf_put_str(&buf, name->local);
    const struct dm_str iri = dm_arena_copy(&r->arena, dm_buf_str(&buf));
    CHECK(iri.data);
    dm_buf_done(&buf);
    return iri;
}

static struct dm_term
fresh(struct reader *r)
{
    char label[24];
    const int n = snprintf(label, sizeof(label), "x%u", r->n_blanks++);
    CHECK(n > 0);
    const struct dm_str copy =
        dm_arena_copy(&r->arena, dm_str_n(label, (size_t)n));
    CHECK(copy.data);
    return dm_term_blank(copy);
}

// The IRI of rdf:about or rdf:resource
static struct dm_term
resolved(struct reader *r, struct dm_str reference)
{
    struct dm_buf buf;
    dm_buf_init(&buf, IRI_MAX);
    CHECK(!dm_iri_resolve(r->base, reference, &buf));
    const struct dm_str iri = dm_arena_copy(&r->arena, dm_buf_str(&buf));
    CHECK(iri.data);
    dm_buf_done(&buf);
    return dm_term_iri(iri);
}

static struct dm_term
subject_of(struct reader *r, const struct dm_xml_event *start)
{
    const struct dm_str about = dm_xml_attribute(start, DM_RDF_NS, "about");
    const struct dm_str node = dm_xml_attribute(start, DM_RDF_NS, "nodeID");
    if (about.data) {
        return resolved(r, about);
    }
    return node.data ? dm_term_blank(node) : fresh(r);
}

// Attributes that are properties of `subject`
static void
add_attributes(struct reader *r, const struct dm_term *subject,
               const struct dm_xml_event *start)
{
    for (size_t i = 0; i < start->n_attributes; ++i) {
        const struct dm_xml_attribute *attribute = &start->attributes[i];
        if (attribute->name.ns.n && !dm_str_is(attribute->name.ns, DM_RDF_NS) &&
            !dm_str_is(attribute->name.ns, DM_XML_NS)) {
            const struct dm_term value = dm_term_string(attribute->value);
            add(r, subject, iri_of(r, &attribute->name), &value);
        }
    }
}

static enum dm_status read_node(struct reader *r,
                                const struct dm_xml_event *start,
                                struct dm_term *ret);
static enum dm_status read_properties(struct reader *r,
                                      const struct dm_term *subject);

static struct dm_term
literal_of(const struct dm_xml_event *start, struct dm_str text)
{
    const struct dm_str datatype =
        dm_xml_attribute(start, DM_RDF_NS, "datatype");
    const struct dm_str language = dm_xml_attribute(start, DM_XML_NS, "lang");
    if (datatype.data) {
        return dm_term_literal(text, datatype);
    }
    return language.n ? dm_term_tagged(text, language, DM_DIRECTION_NONE)
                      : dm_term_string(text);
}

// A literal or a node, up to the end tag of the property
static enum dm_status
read_content(struct reader *r, const struct dm_xml_event *start,
             struct dm_term *ret)
{
    struct dm_xml_event event;
    struct dm_str text = dm_str("");
    enum dm_status status = next(r, &event);
    if (!status && event.kind == DM_XML_TEXT) {
        text = event.text;
        status = next(r, &event);
    }
    if (status) {
        return status;
    }
    if (event.kind == DM_XML_END) {
        *ret = literal_of(start, text);
        return DM_OK;
    }
    const struct dm_xml_event node = event;
    status = read_node(r, &node, ret);
    if (!status) {
        status = next_tag(r, &event);
    }
    return !status && event.kind != DM_XML_END
               ? dm_xml_fail(&r->xml, DM_ERR_SYNTAX, "a property has one node")
               : status;
}

static enum dm_status
read_property(struct reader *r, const struct dm_term *subject,
              const struct dm_xml_event *start)
{
    const struct dm_str resource =
        dm_xml_attribute(start, DM_RDF_NS, "resource");
    const struct dm_str node = dm_xml_attribute(start, DM_RDF_NS, "nodeID");
    const struct dm_str type = dm_xml_attribute(start, DM_RDF_NS, "parseType");
    struct dm_term object = {0};
    struct dm_xml_event end;
    enum dm_status status = DM_OK;
    if (resource.data || node.data) {
        object = resource.data ? resolved(r, resource) : dm_term_blank(node);
        status = next_tag(r, &end);
        if (!status && end.kind != DM_XML_END) {
            status = dm_xml_fail(&r->xml, DM_ERR_SYNTAX, "it must be empty");
        }
    } else if (dm_str_is(type, "Resource")) {
        object = fresh(r);
        status = read_properties(r, &object);
    } else if (type.data) {
        status = dm_xml_fail(&r->xml, DM_ERR_UNSUPPORTED, "rdf:parseType");
    } else {
        status = read_content(r, start, &object);
    }
    if (!status) {
        add(r, subject, iri_of(r, &start->name), &object);
    }
    return status;
}

// Property elements up to the end tag of what holds them
static enum dm_status
read_properties(struct reader *r, const struct dm_term *subject)
{
    for (;;) {
        struct dm_xml_event event;
        enum dm_status status = next_tag(r, &event);
        if (status || event.kind == DM_XML_END) {
            return status;
        }
        if (event.kind != DM_XML_START) {
            return dm_xml_fail(&r->xml, DM_ERR_SYNTAX, "no text is here");
        }
        status = read_property(r, subject, &event);
        if (status) {
            return status;
        }
    }
}

static enum dm_status
read_node(struct reader *r, const struct dm_xml_event *start,
          struct dm_term *ret)
{
    const struct dm_term subject = subject_of(r, start);
    if (!dm_xml_name_is(&start->name, DM_RDF_NS, "Description")) {
        const struct dm_term class = dm_term_iri(iri_of(r, &start->name));
        add(r, &subject, dm_str(DM_RDF_NS "type"), &class);
    }
    add_attributes(r, &subject, start);
    *ret = subject;
    return read_properties(r, &subject);
}

static enum dm_status
read_document(struct reader *r)
{
    struct dm_xml_event event;
    enum dm_status status = next_tag(r, &event);
    if (!status && !dm_xml_name_is(&event.name, DM_RDF_NS, "RDF")) {
        return dm_xml_fail(&r->xml, DM_ERR_SYNTAX, "rdf:RDF is missing");
    }
    while (!status) {
        status = next_tag(r, &event);
        if (status || event.kind == DM_XML_END) {
            return status;
        }
        const struct dm_xml_event node = event;
        struct dm_term subject = {0};
        status = read_node(r, &node, &subject);
    }
    return status;
}

enum dm_status
dm_rdf_xml_read(struct dm_quads *quads, struct dm_str base, struct dm_str text,
                struct dm_error *error)
{
    struct reader r = {.base = base, .quads = quads};
    dm_arena_init(&r.arena, (size_t)1 << 26U, NULL);
    dm_xml_init(&r.xml, text, &r.arena, error);
    const enum dm_status status = read_document(&r);
    dm_arena_done(&r.arena);
    return status;
}
