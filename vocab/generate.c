// SPDX-License-Identifier: ISC

// Writes vocab/terms.h and vocab/terms.c out of vocab/demonitor.ttl, when the
// program is built: constants, and the tables of vocab/vocabulary.h.
//
//     generate demonitor.ttl rules.ttl OUTPUT-DIRECTORY
//
// Reads with serd, since our own reader is built after what this writes. Any
// failure ends the build; nothing here runs later.

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#include <serd/serd.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS "https://w3id.org/demonitor#"
#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define RDFS "http://www.w3.org/2000/01/rdf-schema#"
#define OWL "http://www.w3.org/2002/07/owl#"
#define XSD "http://www.w3.org/2001/XMLSchema#"
#define SKOS "http://www.w3.org/2004/02/skos/core#"
#define SCHEMA "https://schema.org/"

#define MEMORY_MAX (64U << 20U)
#define TRIPLES_MAX 10000
#define CLASSES_MAX 64 // Bits of a domain

struct triple {
    struct dm_str s;
    struct dm_str p;
    struct dm_str o;
};

struct vocabulary {
    struct dm_arena arena;
    SerdEnv *env;
    struct triple *triples;
    size_t n;
    struct dm_str classes[CLASSES_MAX];
    size_t n_classes;
};

static _Noreturn void DM_PRINTF(1, 2) die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("generate: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    exit(1); // NOLINT(concurrency-mt-unsafe): one thread
}

// ---------------------------------------------------------------- reading

// The text of a node: an IRI whole, a blank node with its "_:"
static struct dm_str
text_of(struct vocabulary *v, const SerdNode *node)
{
    struct dm_str text = {(const char *)node->buf, node->n_bytes};
    SerdNode whole = SERD_NODE_NULL;
    if (node->type == SERD_CURIE || node->type == SERD_URI) {
        whole = serd_env_expand_node(v->env, node);
        if (!whole.buf) {
            die("cannot expand %s", (const char *)node->buf);
        }
        text = (struct dm_str){(const char *)whole.buf, whole.n_bytes};
    }

    const struct dm_str copy = dm_arena_copy(&v->arena, text);
    if (!copy.data) {
        die("out of memory");
    }
    serd_node_free(&whole);
    return copy;
}

static SerdStatus
on_base(void *handle, const SerdNode *uri)
{
    return serd_env_set_base_uri(((struct vocabulary *)handle)->env, uri);
}

static SerdStatus
on_prefix(void *handle, const SerdNode *name, const SerdNode *uri)
{
    return serd_env_set_prefix(((struct vocabulary *)handle)->env, name, uri);
}

static SerdStatus
// NOLINTNEXTLINE(readability-function-size): the parameters are serd's
on_statement(void *handle, SerdStatementFlags flags, const SerdNode *graph,
             const SerdNode *subject, const SerdNode *predicate,
             const SerdNode *object, const SerdNode *datatype,
             const SerdNode *language)
{
    (void)flags;
    (void)graph;
    (void)datatype;
    (void)language;
    struct vocabulary *v = handle;
    if (v->n == TRIPLES_MAX) {
        die("more than %d triples", TRIPLES_MAX);
    }
    v->triples[v->n++] = (struct triple){
        text_of(v, subject), text_of(v, predicate), text_of(v, object)};
    return SERD_SUCCESS;
}

static void
read_vocabulary(struct vocabulary *v, const char *path)
{
    SerdNode base =
        serd_node_new_file_uri((const uint8_t *)path, NULL, NULL, true);
    v->env = serd_env_new(&base);
    v->triples = dm_calloc(TRIPLES_MAX, sizeof(*v->triples));
    SerdReader *reader = serd_reader_new(SERD_TURTLE, v, NULL, on_base,
                                         on_prefix, on_statement, NULL);
    if (!v->env || !v->triples || !reader) {
        die("out of memory");
    }
    if (serd_reader_read_file(reader, base.buf)) {
        die("cannot read %s", path);
    }
    serd_reader_free(reader);
    serd_node_free(&base);
}

// ---------------------------------------------------------------- asking

static bool
is(struct dm_str text, const char *iri)
{
    return dm_str_is(text, iri);
}

static bool
is_ours(struct dm_str text)
{
    return dm_str_starts(text, dm_str(NS)) && text.n > sizeof(NS) - 1;
}

static struct dm_str
local(struct dm_str iri)
{
    return dm_str_slice(iri, sizeof(NS) - 1, iri.n);
}

// The first object of (s, p, ?), an empty view where there is none
static struct dm_str
object(const struct vocabulary *v, struct dm_str s, const char *p)
{
    for (size_t i = 0; i < v->n; ++i) {
        if (dm_str_equal(v->triples[i].s, s) && is(v->triples[i].p, p)) {
            return v->triples[i].o;
        }
    }
    return (struct dm_str){0};
}

static bool
has(const struct vocabulary *v, struct dm_str s, const char *p, const char *o)
{
    for (size_t i = 0; i < v->n; ++i) {
        if (dm_str_equal(v->triples[i].s, s) && is(v->triples[i].p, p) &&
            is(v->triples[i].o, o)) {
            return true;
        }
    }
    return false;
}

// Whether the i-th triple is the first with its subject
static bool
is_first(const struct vocabulary *v, size_t i)
{
    for (size_t j = 0; j < i; ++j) {
        if (dm_str_equal(v->triples[j].s, v->triples[i].s)) {
            return false;
        }
    }
    return is_ours(v->triples[i].s);
}

static bool
is_class(const struct vocabulary *v, struct dm_str s)
{
    return has(v, s, RDF "type", OWL "Class") ||
           object(v, s, RDFS "subClassOf").data;
}

static int
class_index(const struct vocabulary *v, struct dm_str iri)
{
    for (size_t i = 0; i < v->n_classes; ++i) {
        if (dm_str_equal(v->classes[i], iri)) {
            return (int)i;
        }
    }
    return -1;
}

// The superclass that is ours, -1 where there is none
static int
super_of(const struct vocabulary *v, struct dm_str class)
{
    for (size_t i = 0; i < v->n; ++i) {
        if (dm_str_equal(v->triples[i].s, class) &&
            is(v->triples[i].p, RDFS "subClassOf") &&
            is_ours(v->triples[i].o)) {
            return class_index(v, v->triples[i].o);
        }
    }
    return -1;
}

static bool
is_domain(const struct triple *t)
{
    return is(t->p, RDFS "domain") || is(t->p, SCHEMA "domainIncludes");
}

// The classes that a property is stated for; 0 = it is none of ours
static uint64_t
stated_domain(const struct vocabulary *v, struct dm_str s)
{
    uint64_t domain = 0;
    for (size_t i = 0; i < v->n; ++i) {
        if (dm_str_equal(v->triples[i].s, s) && is_domain(&v->triples[i])) {
            const int index = class_index(v, v->triples[i].o);
            domain |= index < 0 ? 0 : UINT64_C(1) << (unsigned)index;
        }
    }
    return domain;
}

static uint64_t
with_subclasses(const struct vocabulary *v, uint64_t domain)
{
    for (size_t pass = 0; pass < v->n_classes; ++pass) {
        for (size_t i = 0; i < v->n_classes; ++i) {
            const int super = super_of(v, v->classes[i]);
            if (super >= 0 && domain & UINT64_C(1) << (unsigned)super) {
                domain |= UINT64_C(1) << i;
            }
        }
    }
    return domain;
}

// A member of a code list: a skos:Concept, or of a class of ours that is one
static struct dm_str
code_type(const struct vocabulary *v, struct dm_str s)
{
    for (size_t i = 0; i < v->n; ++i) {
        const struct triple *t = &v->triples[i];
        if (!dm_str_equal(t->s, s) || !is(t->p, RDF "type")) {
            continue;
        }
        if (is(t->o, SKOS "Concept") ||
            has(v, t->o, RDFS "subClassOf", SKOS "Concept")) {
            return t->o;
        }
    }
    return (struct dm_str){0};
}

static const char *
range_of(struct dm_str iri)
{
    static const struct {
        const char *iri;
        const char *range;
    } ranges[] = {
        {XSD "string", "DM_RANGE_STRING"},
        {XSD "integer", "DM_RANGE_INTEGER"},
        {XSD "decimal", "DM_RANGE_DECIMAL"},
        {XSD "boolean", "DM_RANGE_BOOLEAN"},
        {XSD "dayTimeDuration", "DM_RANGE_DURATION"},
        {XSD "dateTime", "DM_RANGE_DATETIME"},
        {XSD "anyURI", "DM_RANGE_URI"},
    };
    if (!iri.data) {
        return "DM_RANGE_ANY";
    }
    for (size_t i = 0; i < DM_COUNT_OF(ranges); ++i) {
        if (is(iri, ranges[i].iri)) {
            return ranges[i].range;
        }
    }
    return "DM_RANGE_THING";
}

// ---------------------------------------------------------------- writing

// "certWarn" as CERT_WARN
static void
put_constant(struct dm_buf *out, struct dm_str name)
{
    for (size_t i = 0; i < name.n; ++i) {
        const char c = name.data[i];
        const bool is_upper = c >= 'A' && c <= 'Z';
        const bool is_lower = c >= 'a' && c <= 'z';
        if (is_upper && i > 0) {
            (void)dm_buf_putc(out, '_');
        }
        (void)dm_buf_putc(out, is_lower ? (char)(c - 'a' + 'A') : c);
    }
}

// The initialiser of a struct dm_str
static void
put_text(struct dm_buf *out, struct dm_str text)
{
    (void)dm_buf_puts(out, "DM_STR(\"");
    for (size_t i = 0; i < text.n; ++i) {
        const char c = text.data[i];
        if (c == '"' || c == '\\') {
            (void)dm_buf_printf(out, "\\%c", c);
        } else if ((unsigned char)c < 0x20 || (unsigned char)c > 0x7E) {
            (void)dm_buf_printf(out, "\\%03o", (unsigned)(unsigned char)c);
        } else {
            (void)dm_buf_putc(out, c);
        }
    }
    (void)dm_buf_puts(out, "\")");
}

static void
put_field(struct dm_buf *out, const char *name, struct dm_str text)
{
    (void)dm_buf_printf(out, "     .%s = ", name);
    put_text(out, text);
    (void)dm_buf_puts(out, ",\n");
}

static void
put_define(struct dm_buf *out, const char *prefix, struct dm_str iri)
{
    (void)dm_buf_printf(out, "#define %s", prefix);
    put_constant(out, local(iri));
    (void)dm_buf_printf(out, " \"%s\"\n", iri.data);
}

// `prefix`NAME = i: the i-th member of an enum
static void
put_member(struct dm_buf *out, const char *prefix, struct dm_str iri)
{
    (void)dm_buf_printf(out, "    %s", prefix);
    put_constant(out, local(iri));
    (void)dm_buf_puts(out, ",\n");
}

static void
put_header(const struct vocabulary *v, struct dm_buf *out)
{
    (void)dm_buf_puts(out, "// Generated from vocab/demonitor.ttl\n\n"
                           "#ifndef DM_VOCAB_TERMS_H\n"
                           "#define DM_VOCAB_TERMS_H\n\n");
    for (size_t i = 0; i < v->n; ++i) {
        const struct dm_str s = v->triples[i].s;
        if (is_first(v, i)) {
            put_define(out, is_class(v, s) ? "DM_VOCAB_CLASS_" : "DM_VOCAB_",
                       s);
        }
    }

    (void)dm_buf_puts(out, "\n/// Indices in dm_classes\n"
                           "enum dm_class_index {\n");
    for (size_t i = 0; i < v->n_classes; ++i) {
        put_member(out, "DM_CLASS_", v->classes[i]);
    }
    (void)dm_buf_printf(out, "};\n#define DM_CLASSES %zu\n", v->n_classes);

    (void)dm_buf_puts(out, "\n/// Indices in dm_properties\n"
                           "enum dm_property_index {\n");
    size_t n = 0;
    for (size_t i = 0; i < v->n; ++i) {
        if (is_first(v, i) && stated_domain(v, v->triples[i].s)) {
            put_member(out, "DM_PROPERTY_", v->triples[i].s);
            ++n;
        }
    }
    (void)dm_buf_printf(out, "};\n#define DM_PROPERTIES %zu\n", n);
    (void)dm_buf_puts(out, "\n#endif // DM_VOCAB_TERMS_H\n");
}

static void
put_default(const struct vocabulary *v, struct dm_buf *out, struct dm_str list)
{
    const struct dm_str class = object(v, list, RDF "first");
    const struct dm_str rest = object(v, list, RDF "rest");
    const struct dm_str value = object(v, rest, RDF "first");
    const int index = class_index(v, class);
    if (index < 0) {
        die(":defaultFor of no class: %s", class.data);
    }
    (void)dm_buf_printf(out, "    {.class_index = %d, ", index);
    if (value.data) {
        (void)dm_buf_puts(out, ".value = ");
        put_text(out, value);
    } else {
        (void)dm_buf_puts(out, ".value = DM_STR(\"\"), .is_none = true");
    }
    (void)dm_buf_puts(out, "},\n");
}

// The array defaults_NAME; those of a class before that of all
static void
put_defaults(const struct vocabulary *v, struct dm_buf *out, struct dm_str s)
{
    const struct dm_str all = object(v, s, NS "default");
    if (!all.data) {
        return;
    }
    (void)dm_buf_printf(out,
                        "static const struct dm_default defaults_%s[] = "
                        "{\n",
                        local(s).data);
    for (size_t i = 0; i < v->n; ++i) {
        const struct triple *t = &v->triples[i];
        if (dm_str_equal(t->s, s) && is(t->p, NS "defaultFor")) {
            put_default(v, out, t->o);
        }
    }
    (void)dm_buf_puts(out, "    {.class_index = -1, .value = ");
    put_text(out, all);
    (void)dm_buf_puts(out, "},\n};\n\n");
}

static void
put_property(const struct vocabulary *v, struct dm_buf *out, struct dm_str s)
{
    const struct dm_str range = object(v, s, RDFS "range");
    const uint64_t domain = stated_domain(v, s);
    const int check = class_index(v, dm_str(NS "Check"));
    if (check < 0) {
        die("there is no class :Check");
    }

    (void)dm_buf_puts(out, "    {\n");
    put_field(out, "name", local(s));
    put_field(out, "iri", s);
    (void)dm_buf_printf(out, "     .range = %s,\n", range_of(range));
    put_field(out, "range_iri", range);
    (void)dm_buf_printf(out, "     .domain = UINT64_C(0x%llx),\n",
                        (unsigned long long)with_subclasses(v, domain));
    (void)dm_buf_printf(
        out, "     .of_every_check = %d, .adds = %d, .is_private = %d,\n",
        (domain >> (unsigned)check & 1U) != 0,
        is(object(v, s, NS "adds"), "true"),
        is(object(v, s, NS "private"), "true"));
    if (object(v, s, NS "default").data) {
        (void)dm_buf_printf(out,
                            "     .defaults = defaults_%s,\n"
                            "     .n_defaults = DM_COUNT_OF(defaults_%s),\n",
                            local(s).data, local(s).data);
    }
    put_field(out, "sugar", object(v, s, NS "sugar"));
    put_field(out, "comment", object(v, s, RDFS "comment"));
    (void)dm_buf_puts(out, "    },\n");
}

static void
put_properties(const struct vocabulary *v, struct dm_buf *out)
{
    for (size_t i = 0; i < v->n; ++i) {
        if (is_first(v, i) && stated_domain(v, v->triples[i].s)) {
            put_defaults(v, out, v->triples[i].s);
        }
    }
    (void)dm_buf_puts(out, "const struct dm_property dm_properties[] = {\n");
    for (size_t i = 0; i < v->n; ++i) {
        if (is_first(v, i) && stated_domain(v, v->triples[i].s)) {
            put_property(v, out, v->triples[i].s);
        }
    }
    (void)dm_buf_puts(out, "};\nconst size_t dm_n_properties = "
                           "DM_COUNT_OF(dm_properties);\n\n");
}

static void
put_classes(const struct vocabulary *v, struct dm_buf *out)
{
    (void)dm_buf_puts(out, "const struct dm_class dm_classes[] = {\n");
    for (size_t i = 0; i < v->n_classes; ++i) {
        const struct dm_str s = v->classes[i];
        (void)dm_buf_puts(out, "    {\n");
        put_field(out, "name", local(s));
        put_field(out, "iri", s);
        (void)dm_buf_printf(out, "     .super = %d,\n", super_of(v, s));
        put_field(out, "comment", object(v, s, RDFS "comment"));
        (void)dm_buf_puts(out, "    },\n");
    }
    (void)dm_buf_puts(out, "};\nconst size_t dm_n_classes = "
                           "DM_COUNT_OF(dm_classes);\n\n");
}

static void
put_codes(const struct vocabulary *v, struct dm_buf *out)
{
    (void)dm_buf_puts(out, "const struct dm_code dm_codes[] = {\n");
    for (size_t i = 0; i < v->n; ++i) {
        const struct dm_str s = v->triples[i].s;
        const struct dm_str type = code_type(v, s);
        if (!is_first(v, i) || is_class(v, s) || !type.data) {
            continue;
        }
        const struct dm_str notation = object(v, s, SKOS "notation");
        (void)dm_buf_puts(out, "    {\n");
        put_field(out, "name", local(s));
        put_field(out, "iri", s);
        put_field(out, "type_iri", type);
        (void)dm_buf_printf(out, "     .notation = %s,\n",
                            notation.data ? notation.data : "-1");
        put_field(out, "comment", object(v, s, RDFS "comment"));
        (void)dm_buf_puts(out, "    },\n");
    }
    (void)dm_buf_puts(out, "};\nconst size_t dm_n_codes = "
                           "DM_COUNT_OF(dm_codes);\n\n");
}

// A whole file as the constant `name`
static void
put_file(struct dm_buf *out, const char *path, const char *name)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        die("cannot open %s", path);
    }
    (void)dm_buf_printf(out, "static const char %s_bytes[] = {", name);
    size_t n = 0;
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
        (void)dm_buf_printf(out, "%s%d,", n % 16 ? "" : "\n    ",
                            c > 127 ? c - 256 : c);
        ++n;
    }
    if (ferror(file) || fclose(file)) {
        die("cannot read %s", path);
    }
    (void)dm_buf_printf(out,
                        "\n    0};\nconst struct dm_str dm_%s_text = "
                        "{%s_bytes, sizeof(%s_bytes) - 1};\n\n",
                        name, name, name);
}

static void
save(struct dm_buf *out, const char *directory, const char *name)
{
    char path[4096];
    const int n = snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (out->status || n < 0 || (size_t)n >= sizeof(path)) {
        die("too long, or out of memory");
    }
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(out->data, 1, out->n, file) != out->n || fclose(file)) {
        die("cannot write %s", path);
    }
    dm_buf_done(out);
}

int
main(int argc, char **argv)
{
    if (argc != 4) {
        die("usage: generate demonitor.ttl rules.ttl OUTPUT-DIRECTORY");
    }
    struct vocabulary v = {0};
    dm_arena_init(&v.arena, MEMORY_MAX, NULL);
    read_vocabulary(&v, argv[1]);
    for (size_t i = 0; i < v.n; ++i) {
        if (is_first(&v, i) && is_class(&v, v.triples[i].s)) {
            if (v.n_classes == CLASSES_MAX) {
                die("more than %d classes", CLASSES_MAX);
            }
            v.classes[v.n_classes++] = v.triples[i].s;
        }
    }

    struct dm_buf out;
    dm_buf_init(&out, MEMORY_MAX);
    put_header(&v, &out);
    save(&out, argv[3], "terms.h");

    (void)dm_buf_puts(&out, "// Generated from vocab/demonitor.ttl and "
                            "vocab/rules.ttl\n\n"
                            "#include \"vocab/terms.h\"\n\n"
                            "#include \"vocab/vocabulary.h\"\n\n");
    put_properties(&v, &out);
    put_classes(&v, &out);
    put_codes(&v, &out);
    put_file(&out, argv[1], "vocabulary");
    put_file(&out, argv[2], "rules");
    save(&out, argv[3], "terms.c");

    serd_env_free(v.env);
    dm_free(v.triples);
    dm_arena_done(&v.arena);
    return 0;
}
