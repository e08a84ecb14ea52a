// SPDX-License-Identifier: ISC

#include "sparql/xml.h"

#include "rdf/token.h"

#include <assert.h>
#include <string.h>

struct dm_xml_binding {
    struct dm_str prefix;
    struct dm_str ns;
    struct dm_xml_binding *outer;
};

enum dm_status
dm_xml_fail(struct dm_xml *xml, enum dm_status status, const char *what)
{
    uint32_t line = 1;
    uint32_t column = 1;
    for (size_t i = 0; i < xml->at && i < xml->text.n; ++i) {
        const unsigned char c = (unsigned char)xml->text.data[i];
        if (c == '\n') {
            ++line;
            column = 1;
        } else if ((c & 0xC0U) != 0x80U) {
            ++column;
        }
    }
    (void)dm_error_set(xml->error, status, "%s", what);
    dm_error_where(xml->error, (struct dm_str){0}, line, column);
    return status;
}

static enum dm_status
wrong(struct dm_xml *xml, const char *what)
{
    return dm_xml_fail(xml, DM_ERR_SYNTAX, what);
}

static enum dm_status
no_memory(struct dm_xml *xml)
{
    return dm_xml_fail(xml, DM_ERR_NO_MEMORY, "the results are too long");
}

bool
dm_xml_name_is(const struct dm_xml_name *name, const char *ns,
               const char *local)
{
    return dm_str_is(name->local, local) && dm_str_is(name->ns, ns);
}

struct dm_str
dm_xml_attribute(const struct dm_xml_event *event, const char *ns,
                 const char *local)
{
    for (size_t i = 0; i < event->n_attributes; ++i) {
        if (dm_xml_name_is(&event->attributes[i].name, ns, local)) {
            return event->attributes[i].value;
        }
    }
    return (struct dm_str){0};
}

static struct dm_str
rest_of(const struct dm_xml *xml)
{
    return dm_str_slice(xml->text, xml->at, xml->text.n);
}

static char
peek(const struct dm_xml *xml)
{
    return xml->at < xml->text.n ? xml->text.data[xml->at] : '\0';
}

static bool
take(struct dm_xml *xml, const char *mark)
{
    if (!dm_str_starts(rest_of(xml), dm_str(mark))) {
        return false;
    }
    xml->at += strlen(mark);
    return true;
}

// Up to behind `mark`; false where it does not come
static bool
skip_behind(struct dm_xml *xml, const char *mark)
{
    const struct dm_str rest = rest_of(xml);
    const size_t n = dm_str_find(rest, dm_str(mark));
    if (n == rest.n) {
        return false;
    }
    xml->at += n + strlen(mark);
    return true;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
skip_space(struct dm_xml *xml)
{
    while (is_space(peek(xml))) {
        ++xml->at;
    }
}

// Name, which is here the names of RDF's grammars with one ':' at most:
// NCName differs from PN_CHARS by U+00B7 and the like alone.
static bool
take_name(struct dm_xml *xml, struct dm_str *ret)
{
    const size_t start = xml->at;
    while (xml->at < xml->text.n) {
        uint32_t point = 0;
        const size_t n = dm_utf8_decode(rest_of(xml), &point);
        const bool fits = xml->at == start ? dm_is_pn_chars_u(point)
                                           : dm_is_pn_chars(point) ||
                                                 point == '.' || point == ':';
        if (!n || !fits) {
            break;
        }
        xml->at += n;
    }
    *ret = dm_str_slice(xml->text, start, xml->at - start);
    return ret->n > 0;
}

// Char of XML 1.0
static bool
is_char(uint32_t point)
{
    return point == '\t' || point == '\n' || point == '\r' ||
           (point >= 0x20 && point <= 0xD7FF) ||
           (point >= 0xE000 && point <= 0xFFFD) ||
           (point >= 0x10000 && point <= 0x10FFFF);
}

// CharRef ::= '&#' [0-9]+ ';' | '&#x' [0-9a-fA-F]+ ';', behind the '#'
static size_t
take_char_ref(struct dm_xml *xml, char bytes[4])
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const uint32_t base = take(xml, "x") ? 16 : 10;
    uint32_t point = 0;
    size_t n = 0;
    for (;; ++n) {
        const char c = peek(xml);
        const char *found = c ? strchr(digits, c) : NULL;
        const uint32_t value = found ? (uint32_t)(found - digits) % 16 : 16;
        if (value >= base || point > 0x10FFFF) {
            break;
        }
        point = point * base + value;
        ++xml->at;
    }
    return n && take(xml, ";") && is_char(point) ? dm_utf8_encode(point, bytes)
                                                 : 0;
}

// What a '&' begins: the five entities and references to characters
static size_t
take_reference(struct dm_xml *xml, char bytes[4])
{
    static const struct {
        const char *name;
        char value;
    } entities[] = {
        {"lt;", '<'},    {"gt;", '>'},   {"amp;", '&'},
        {"apos;", '\''}, {"quot;", '"'},
    };
    if (take(xml, "#")) {
        return take_char_ref(xml, bytes);
    }
    for (size_t i = 0; i < DM_COUNT_OF(entities); ++i) {
        if (take(xml, entities[i].name)) {
            bytes[0] = entities[i].value;
            return 1;
        }
    }
    return 0;
}

// One character of text or of an attribute to `bytes`; 0 is a failure
static size_t
take_char(struct dm_xml *xml, char bytes[4])
{
    if (take(xml, "&")) {
        return take_reference(xml, bytes);
    }
    uint32_t point = 0;
    const size_t n = dm_utf8_decode(rest_of(xml), &point);
    if (!n || !is_char(point)) {
        return 0;
    }
    // Section 2.11: a line end is one LF
    if (take(xml, "\r\n") || take(xml, "\r")) {
        bytes[0] = '\n';
        return 1;
    }
    memcpy(bytes, xml->text.data + xml->at, n);
    xml->at += n;
    return n;
}

// AttValue ::= '"' ([^<&"] | Reference)* '"' | "'" ([^<&'] | Reference)* "'"
static enum dm_status
take_value(struct dm_xml *xml, struct dm_str *ret)
{
    const char quote = peek(xml);
    if (quote != '"' && quote != '\'') {
        return wrong(xml, "an attribute has no value");
    }
    ++xml->at;
    const char *end =
        memchr(xml->text.data + xml->at, quote, xml->text.n - xml->at);
    if (!end) {
        return wrong(xml, "the value of an attribute has no end");
    }
    const size_t room = (size_t)(end - (xml->text.data + xml->at));
    char *value = dm_arena_alloc(xml->arena, room + 1, 1);
    if (!value) {
        return no_memory(xml);
    }
    size_t n = 0;
    while (peek(xml) != quote) {
        char bytes[4];
        const bool is_white = is_space(peek(xml));
        const size_t n_bytes = peek(xml) == '<' ? 0 : take_char(xml, bytes);
        if (!n_bytes || n + n_bytes > room) {
            return wrong(xml, "the value of an attribute is wrong");
        }
        if (is_white) {
            bytes[0] = ' '; // Section 3.3.3
        }
        memcpy(value + n, bytes, n_bytes);
        n += n_bytes;
    }
    ++xml->at;
    *ret = dm_str_n(value, n);
    return DM_OK;
}

// Namespaces in XML 1.0, section 2.3
static enum dm_status
expand(struct dm_xml *xml, struct dm_str written, bool is_attribute,
       struct dm_xml_name *ret)
{
    const size_t colon = dm_str_find(written, dm_str(":"));
    const bool has_prefix = colon < written.n;
    const struct dm_str prefix =
        dm_str_slice(written, 0, has_prefix ? colon : 0);
    ret->local = dm_str_slice(written, has_prefix ? colon + 1 : 0, written.n);
    ret->ns = dm_str("");
    if (!ret->local.n || dm_str_find(ret->local, dm_str(":")) < ret->local.n) {
        return wrong(xml, "a name has a ':' in a wrong place");
    }
    if (dm_str_is(prefix, "xml")) {
        ret->ns = dm_str(DM_XML_NS);
        return DM_OK;
    }
    if (!has_prefix && is_attribute) {
        return DM_OK;
    }
    for (const struct dm_xml_binding *binding = xml->bindings; binding;
         binding = binding->outer) {
        if (dm_str_equal(binding->prefix, prefix)) {
            ret->ns = binding->ns;
            return DM_OK;
        }
    }
    return has_prefix ? wrong(xml, "a prefix is not declared") : DM_OK;
}

// xmlns="…" and xmlns:prefix="…" declare a namespace.
static enum dm_status
declare(struct dm_xml *xml, struct dm_str written, struct dm_str value,
        bool *ret_is_one)
{
    static const struct dm_str start = DM_STR("xmlns:");
    const bool has_prefix = dm_str_starts(written, start);
    *ret_is_one = has_prefix || dm_str_is(written, "xmlns");
    if (!*ret_is_one) {
        return DM_OK;
    }
    struct dm_xml_binding *binding =
        dm_arena_alloc(xml->arena, 1, sizeof(*binding));
    if (!binding) {
        return no_memory(xml);
    }
    *binding = (struct dm_xml_binding){
        .prefix = dm_str_slice(written, has_prefix ? start.n : 0,
                               has_prefix ? written.n : 0),
        .ns = value,
        .outer = xml->bindings,
    };
    xml->bindings = binding;
    return DM_OK;
}

// Attributes up to the end of a start tag, their names as they are written
static enum dm_status
take_attributes(struct dm_xml *xml, struct dm_xml_event *event)
{
    for (;;) {
        const bool has_space = is_space(peek(xml));
        skip_space(xml);
        struct dm_str name = {0};
        if (!take_name(xml, &name)) {
            return DM_OK;
        }
        skip_space(xml);
        if (!has_space || !take(xml, "=")) {
            return wrong(xml, "an attribute is written NAME=\"VALUE\"");
        }
        skip_space(xml);
        struct dm_str value = {0};
        bool is_declaration = false;
        enum dm_status status = take_value(xml, &value);
        if (!status) {
            status = declare(xml, name, value, &is_declaration);
        }
        if (status) {
            return status;
        }
        if (is_declaration) {
            continue;
        }
        if (event->n_attributes == DM_XML_ATTRIBUTES_MAX) {
            return dm_xml_fail(xml, DM_ERR_LIMIT, "too many attributes");
        }
        event->attributes[event->n_attributes++] =
            (struct dm_xml_attribute){.name.local = name, .value = value};
    }
}

static enum dm_status
expand_attributes(struct dm_xml *xml, struct dm_xml_event *event)
{
    for (size_t i = 0; i < event->n_attributes; ++i) {
        struct dm_xml_name *name = &event->attributes[i].name;
        const struct dm_str written = name->local;
        const enum dm_status status = expand(xml, written, true, name);
        if (status) {
            return status;
        }
        for (size_t k = 0; k < i; ++k) {
            const struct dm_xml_name *other = &event->attributes[k].name;
            if (dm_str_equal(other->local, name->local) &&
                dm_str_equal(other->ns, name->ns)) {
                return wrong(xml, "an attribute is there twice");
            }
        }
    }
    return DM_OK;
}

// STag ::= '<' Name (S Attribute)* S? '>', and EmptyElemTag, behind the '<'
static enum dm_status
take_start(struct dm_xml *xml, struct dm_xml_event *event)
{
    if (!xml->depth && xml->has_root) {
        return wrong(xml, "a document has one element");
    }
    if (xml->depth == DM_XML_NESTING_MAX) {
        return dm_xml_fail(xml, DM_ERR_LIMIT, "the XML text nests too deep");
    }
    struct dm_xml_element *element = &xml->elements[xml->depth];
    element->outer = xml->bindings;
    if (!take_name(xml, &element->written)) {
        return wrong(xml, "a tag has no name");
    }
    enum dm_status status = take_attributes(xml, event);
    if (!status) {
        status = expand_attributes(xml, event);
    }
    if (!status) {
        status = expand(xml, element->written, false, &element->name);
    }
    if (status) {
        return status;
    }
    xml->is_empty = take(xml, "/>");
    if (!xml->is_empty && !take(xml, ">")) {
        return wrong(xml, "a tag has no end");
    }
    event->kind = DM_XML_START;
    event->name = element->name;
    xml->has_root = true;
    ++xml->depth;
    return DM_OK;
}

static void
close_element(struct dm_xml *xml, struct dm_xml_event *event)
{
    assert(xml->depth);
    const struct dm_xml_element *element = &xml->elements[--xml->depth];
    event->kind = DM_XML_END;
    event->name = element->name;
    xml->bindings = element->outer;
}

// ETag ::= '</' Name S? '>', behind the "</"
static enum dm_status
take_end(struct dm_xml *xml, struct dm_xml_event *event)
{
    struct dm_str name = {0};
    if (!xml->depth || !take_name(xml, &name) ||
        !dm_str_equal(name, xml->elements[xml->depth - 1].written)) {
        return wrong(xml, "an end tag is of no open element");
    }
    skip_space(xml);
    if (!take(xml, ">")) {
        return wrong(xml, "a tag has no end");
    }
    close_element(xml, event);
    return DM_OK;
}

// Comment, PI: left out. DM_OK where there was one, DM_END where there is none
static enum dm_status
skip_misc(struct dm_xml *xml)
{
    if (take(xml, "<!--")) {
        return skip_behind(xml, "-->") ? DM_OK
                                       : wrong(xml, "a comment has no end");
    }
    if (take(xml, "<?")) {
        return skip_behind(xml, "?>") ? DM_OK : wrong(xml, "a '<?' has no end");
    }
    if (dm_str_starts(rest_of(xml), dm_str("<!DOCTYPE"))) {
        return dm_xml_fail(xml, DM_ERR_UNSUPPORTED,
                           "a document type is not supported");
    }
    return DM_END;
}

// CDSect ::= '<![CDATA[' … ']]>', behind its start; appended to `text`
static enum dm_status
take_cdata(struct dm_xml *xml, char *text, size_t *n)
{
    const struct dm_str rest = rest_of(xml);
    const size_t end = dm_str_find(rest, dm_str("]]>"));
    if (end == rest.n) {
        return wrong(xml, "a CDATA section has no end");
    }
    memcpy(text + *n, rest.data, end);
    *n += end;
    xml->at += end + 3;
    return DM_OK;
}

// CharData, references, CDATA, and what comments are between them
static enum dm_status
take_text(struct dm_xml *xml, struct dm_str *ret)
{
    // Text is never longer than it is written, and ends with a tag
    const char *tag = NULL;
    for (const char *c = xml->text.data + xml->at;
         c < xml->text.data + xml->text.n; ++c) {
        if (*c == '<' && c + 1 < xml->text.data + xml->text.n && c[1] != '!' &&
            c[1] != '?') {
            tag = c;
            break;
        }
    }
    const size_t room = tag ? (size_t)(tag - (xml->text.data + xml->at))
                            : xml->text.n - xml->at;
    char *text = dm_arena_alloc(xml->arena, room + 1, 1);
    if (!text) {
        return no_memory(xml);
    }
    size_t n = 0;
    while (xml->at < xml->text.n) {
        enum dm_status status = DM_OK;
        if (take(xml, "<![CDATA[")) {
            status = take_cdata(xml, text, &n);
        } else if (peek(xml) == '<') {
            status = skip_misc(xml);
            if (status == DM_END) {
                break;
            }
        } else {
            char bytes[4];
            const size_t n_bytes = take_char(xml, bytes);
            if (!n_bytes || n + n_bytes > room) {
                return wrong(xml, "this is no text of XML");
            }
            memcpy(text + n, bytes, n_bytes);
            n += n_bytes;
        }
        if (status) {
            return status;
        }
    }
    *ret = dm_str_n(text, n);
    return DM_OK;
}

void
dm_xml_init(struct dm_xml *xml, struct dm_str text, struct dm_arena *arena,
            struct dm_error *error)
{
    *xml = (struct dm_xml){.text = text, .arena = arena, .error = error};
}

enum dm_status
dm_xml_next(struct dm_xml *xml, struct dm_xml_event *ret)
{
    *ret = (struct dm_xml_event){.kind = DM_XML_TEXT};
    if (xml->is_empty) {
        xml->is_empty = false;
        close_element(xml, ret);
        return DM_OK;
    }
    const enum dm_status status = take_text(xml, &ret->text);
    if (status) {
        return status;
    }
    if (!xml->depth && dm_str_trim(ret->text).n) {
        return wrong(xml, "text is outside of the document's element");
    }
    if (ret->text.n && xml->depth) {
        return DM_OK;
    }
    if (xml->at == xml->text.n) {
        return xml->depth || !xml->has_root
                   ? wrong(xml, "the XML text ends too early")
                   : DM_END;
    }
    if (take(xml, "</")) {
        return take_end(xml, ret);
    }
    return take(xml, "<") ? take_start(xml, ret)
                          : wrong(xml, "a tag is missing");
}
