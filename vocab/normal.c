// SPDX-License-Identifier: ISC

#include "vocab/normal.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/writer.h"
#include "rdf/xsd.h"
#include "vocab/field_private.h"
#include "vocab/vocabulary.h"

#include <sodium.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_MAX (64U << 20U)
#define ITEMS_MAX 100000
#define LINE_MAX_BYTES (1U << 20U)

// A statement of the normal form, and its canonical line
struct item {
    struct dm_quad quad;
    struct dm_str line;
    bool is_published;
};

// The normal form of one definition, while it is made
struct form {
    const struct dm_config *config;
    struct dm_str subject;
    int class_index;
    bool is_published; // As a whole; else only what every check has
    struct dm_arena arena;
    struct item *items;
    size_t n;
    size_t capacity;
    struct dm_buf line;
    struct dm_str graph;
    enum dm_status status;
};

static void
form_done(struct form *form)
{
    dm_free(form->items);
    dm_buf_done(&form->line);
    dm_arena_done(&form->arena);
}

static void
form_init(struct form *form, const struct dm_config *config,
          struct dm_str subject, int class_index)
{
    *form = (struct form){.config = config,
                          .subject = subject,
                          .class_index = class_index,
                          .is_published = true};
    dm_arena_init(&form->arena, SCRATCH_MAX, NULL);
    dm_buf_init(&form->line, LINE_MAX_BYTES);
    const bool is_this = dm_str_is(config->node.iri, DM_VOCAB_THIS);
    (void)dm_buf_put_str(&form->line,
                         is_this ? dm_str(DM_VOCAB_NS) : config->node.iri);
    (void)dm_buf_puts(&form->line, is_this ? "config" : "#config");
    form->graph = dm_arena_copy(&form->arena, dm_buf_str(&form->line));
    form->status = form->graph.data ? DM_OK : DM_ERR_NO_MEMORY;
}

// ---------------------------------------------------------------- statements

static struct dm_str
keep(struct form *form, struct dm_str text)
{
    const struct dm_str copy = dm_arena_copy(&form->arena, text);
    if (!copy.data) {
        form->status = DM_ERR_NO_MEMORY;
        return (struct dm_str){"", 0};
    }
    return copy;
}

static void
put(struct form *form, struct dm_str predicate, struct dm_term object,
    bool is_published)
{
    if (form->status) {
        return;
    }
    struct item *items = dm_grow(form->items, &form->capacity, form->n + 1,
                                 sizeof(*items), ITEMS_MAX);
    if (!items) {
        form->status = DM_ERR_NO_MEMORY;
        return;
    }
    form->items = items;
    struct item *item = &items[form->n];
    *item = (struct item){
        .quad = {.s = dm_term_iri(form->subject),
                 .p = dm_term_iri(predicate),
                 .o = object,
                 .g = dm_term_iri(form->graph)},
        .is_published = is_published,
    };
    dm_buf_clear(&form->line);
    form->status = dm_write_quad(&item->quad, &form->line);
    if (!form->status) {
        item->line = keep(form, dm_buf_str(&form->line));
        ++form->n;
    }
}

// Whether a property of this definition is published
static bool
is_published(const struct form *form, int property)
{
    const struct dm_property *row = &dm_properties[property];
    return !row->is_private &&
           (form->is_published || row->of_every_check ||
            property == DM_PROPERTY_SCHEDULE || property == DM_PROPERTY_ZONE ||
            property == DM_PROPERTY_GRACE || property == DM_PROPERTY_CERT_WARN);
}

static void
put_property(struct form *form, int property, struct dm_term object)
{
    put(form, dm_properties[property].iri, object,
        is_published(form, property));
}

static void
put_string(struct form *form, int property, struct dm_str text)
{
    put_property(form, property, dm_term_string(text));
}

static void
put_typed(struct form *form, int property, struct dm_str text)
{
    put_property(form, property,
                 dm_term_literal(text, dm_properties[property].range_iri));
}

// A number or duration, written by `write`
static void
put_written(struct form *form, int property, struct dm_buf *buf)
{
    const struct dm_str text = keep(form, dm_buf_str(buf));
    if (!form->status) {
        put_typed(form, property, text);
    }
    dm_buf_done(buf);
}

static void
put_duration(struct form *form, int property, int64_t ms)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 100);
    dm_duration_format(ms, &buf);
    put_written(form, property, &buf);
}

static void
put_number(struct form *form, int property, uint64_t number)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 100);
    (void)dm_buf_printf(&buf, "%llu", (unsigned long long)number);
    put_written(form, property, &buf);
}

static void
put_code(struct form *form, const struct dm_field *row, int code)
{
    const char *name = row->codes[code];
    if (dm_properties[row->property].range == DM_RANGE_STRING) {
        put_string(form, row->property, dm_str(name));
        return;
    }
    struct dm_buf buf;
    dm_buf_init(&buf, 200);
    (void)dm_buf_printf(&buf, DM_VOCAB_NS "%s", name);
    const struct dm_str iri = keep(form, dm_buf_str(&buf));
    dm_buf_done(&buf);
    put_property(form, row->property, dm_term_iri(iri));
}

static void
put_pairs(struct form *form, const struct dm_field *row,
          const struct dm_pairs *pairs)
{
    const char *between = row->kind == DM_FIELD_HEADERS ? ": " : "=";
    for (size_t i = 0; i < pairs->n; ++i) {
        struct dm_buf buf;
        dm_buf_init(&buf, LINE_MAX_BYTES);
        (void)dm_buf_put_str(&buf, pairs->items[i].name);
        (void)dm_buf_puts(&buf, between);
        (void)dm_buf_put_str(&buf, pairs->items[i].value);
        const struct dm_str text = keep(form, dm_buf_str(&buf));
        if (buf.status) {
            form->status = buf.status;
        }
        dm_buf_done(&buf);
        put_string(form, row->property, text);
    }
}

static void
put_texts(struct form *form, const struct dm_field *row,
          const struct dm_texts *texts)
{
    for (size_t i = 0; i < texts->n; ++i) {
        if (row->kind == DM_FIELD_URLS) {
            put_typed(form, row->property, texts->items[i]);
        } else {
            put_string(form, row->property, texts->items[i]);
        }
    }
}

// ---------------------------------------------------------------- fields

static void
put_text_field(struct form *form, const struct dm_field *row,
               struct dm_str text)
{
    const enum dm_range range = dm_properties[row->property].range;
    if (!text.n) {
        return;
    }
    if (range == DM_RANGE_THING) {
        put_property(form, row->property, dm_term_iri(text));
    } else {
        put_typed(form, row->property, text);
    }
}

static void
put_conditions(struct form *form, const struct dm_field *row,
               const struct dm_conditions *conditions)
{
    for (size_t i = 0; i < conditions->n; ++i) {
        put_string(form, row->property, conditions->items[i].text);
    }
}

static void
put_field(struct form *form, const struct dm_field *row, const void *source)
{
    // What has a default is always written, the rest where it is given
    const bool has_default = dm_property_default(&dm_properties[row->property],
                                                 form->class_index) != NULL;
    switch (row->kind) {
    case DM_FIELD_TEXT:
    case DM_FIELD_WORD:
    case DM_FIELD_URL:
    case DM_FIELD_IRI:
    case DM_FIELD_AUTH:
        put_text_field(form, row, *(const struct dm_str *)source);
        return;
    case DM_FIELD_COMMAND:
        put_text_field(form, row, ((const struct dm_command_def *)source)->run);
        return;
    case DM_FIELD_TEXTS:
    case DM_FIELD_URLS:
        put_texts(form, row, source);
        return;
    case DM_FIELD_DURATION:
        if (has_default || *(const int64_t *)source) {
            put_duration(form, row->property, *(const int64_t *)source);
        }
        return;
    case DM_FIELD_UINT:
        if (has_default || *(const uint32_t *)source) {
            put_number(form, row->property, *(const uint32_t *)source);
        }
        return;
    case DM_FIELD_SIZE:
        put_number(form, row->property, *(const uint64_t *)source);
        return;
    case DM_FIELD_BOOLEAN:
        put_typed(form, row->property,
                  dm_str(*(const bool *)source ? "true" : "false"));
        return;
    case DM_FIELD_LABELS:
    case DM_FIELD_HEADERS:
    case DM_FIELD_VARIABLES:
        put_pairs(form, row, source);
        return;
    case DM_FIELD_CONDITIONS:
        put_conditions(form, row, source);
        return;
    case DM_FIELD_CODE:
    case DM_FIELD_PRESENCE:
        put_code(form, row, *(const int *)source);
        return;
    case DM_FIELD_RECORD:
        put_code(form, row, *(const bool *)source ? 1 : 0);
        return;
    }
    assert(!"a kind that is none");
}

static int
compare_items(const void *left, const void *right)
{
    const struct item *a = left;
    const struct item *b = right;
    return dm_str_compare(a->line, b->line);
}

// All fields, in the order of their lines, each line once
static enum dm_status
put_all(struct form *form, const struct dm_fields *fields, const void *object)
{
    put(form, dm_str(DM_RDF_NS "type"),
        dm_term_iri(dm_classes[form->class_index].iri), true);
    for (size_t i = 0; i < fields->n; ++i) {
        const struct dm_field *row = &fields->rows[i];
        const uint64_t domain = dm_properties[row->property].domain;
        if (domain >> (unsigned)form->class_index & 1U) {
            put_field(form, row, (const char *)object + row->offset);
        }
    }
    if (form->status || !form->n) {
        return form->status;
    }
    qsort(form->items, form->n, sizeof(*form->items), compare_items);
    size_t kept = 1;
    for (size_t i = 1; i < form->n; ++i) {
        if (!dm_str_equal(form->items[i].line, form->items[kept - 1].line)) {
            form->items[kept++] = form->items[i];
        }
    }
    form->n = kept;
    return DM_OK;
}

// ---------------------------------------------------------------- definitions

static enum dm_status
make_check(struct form *form, const struct dm_config *config,
           const struct dm_check_def *check)
{
    form_init(form, config, check->iri, (int)check->kind + DM_CLASS_HTTP_CHECK);
    form->is_published = check->publish;
    if (form->status) {
        return form->status;
    }
    put_string(form, DM_PROPERTY_NAME, check->name);
    for (size_t i = 0; i < check->needs.n; ++i) {
        put_property(form, DM_PROPERTY_NEEDS,
                     dm_term_iri(check->needs.items[i]));
    }
    return put_all(form, &dm_check_fields, check);
}

static enum dm_status
make_rule(struct form *form, const struct dm_config *config,
          const struct dm_rule_def *rule)
{
    form_init(form, config, rule->iri, DM_CLASS_ALERT_RULE);
    return form->status ? form->status : put_all(form, &dm_rule_fields, rule);
}

static enum dm_status
make_node(struct form *form, const struct dm_config *config)
{
    form_init(form, config, config->node.iri, DM_CLASS_NODE);
    return form->status ? form->status
                        : put_all(form, &dm_node_fields, &config->node);
}

static enum dm_status
hand_over(const struct form *form, dm_normal_fn on_quad, void *context)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; i < form->n && !status; ++i) {
        if (form->items[i].is_published) {
            status = on_quad(context, &form->items[i].quad);
        }
    }
    return status;
}

// ---------------------------------------------------------------- hashes

// The first 8 bytes of SHA-256 over lines, in hex
static void
hash(const struct form *form, bool all, char ret[DM_HASH_SIZE])
{
    static_assert(DM_HASH_SIZE == 17, "8 bytes in hex");
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < form->n; ++i) {
        const struct item *item = &form->items[i];
        if (all || item->is_published) {
            (void)crypto_hash_sha256_update(
                &state, (const unsigned char *)item->line.data, item->line.n);
        }
    }
    (void)crypto_hash_sha256_final(&state, digest);
    (void)sodium_bin2hex(ret, DM_HASH_SIZE, digest, 8);
}

// Whether what is published of it can be
static enum dm_status
measure(const struct form *form)
{
    size_t bytes = 0;
    for (size_t i = 0; i < form->n; ++i) {
        const struct item *item = &form->items[i];
        bytes += item->is_published ? item->line.n : 0;
        if (item->is_published && item->line.n > DM_DEFINITION_LINE_MAX) {
            return DM_ERR_LIMIT;
        }
    }
    return bytes > DM_DEFINITION_BYTES_MAX ? DM_ERR_LIMIT : DM_OK;
}

enum dm_status
dm_check_hash(const struct dm_config *config, struct dm_check_def *check)
{
    struct form form;
    enum dm_status status = make_check(&form, config, check);
    if (!status) {
        hash(&form, false, check->definition);
        hash(&form, true, check->local);
        status = measure(&form);
    }
    form_done(&form);
    return status;
}

enum dm_status
dm_rule_hash(const struct dm_config *config, struct dm_rule_def *rule)
{
    struct form form;
    enum dm_status status = make_rule(&form, config, rule);
    if (!status) {
        hash(&form, true, rule->local);
        status = measure(&form);
    }
    form_done(&form);
    return status;
}

enum dm_status
dm_node_measure(const struct dm_config *config)
{
    struct form form;
    enum dm_status status = make_node(&form, config);
    if (!status) {
        status = measure(&form);
    }
    form_done(&form);
    return status;
}

// ---------------------------------------------------------------- asking

enum dm_status
dm_config_check_quads(const struct dm_config *config,
                      const struct dm_check_def *check, dm_normal_fn on_quad,
                      void *context)
{
    struct form form;
    enum dm_status status = make_check(&form, config, check);
    if (!status) {
        status = hand_over(&form, on_quad, context);
    }
    form_done(&form);
    return status;
}

enum dm_status
dm_config_rule_quads(const struct dm_config *config,
                     const struct dm_rule_def *rule, dm_normal_fn on_quad,
                     void *context)
{
    struct form form;
    enum dm_status status = make_rule(&form, config, rule);
    if (!status) {
        status = hand_over(&form, on_quad, context);
    }
    form_done(&form);
    return status;
}

enum dm_status
dm_config_quads(const struct dm_config *config, dm_normal_fn on_quad,
                void *context)
{
    struct form form;
    enum dm_status status = make_node(&form, config);
    if (!status) {
        status = hand_over(&form, on_quad, context);
    }
    form_done(&form);
    for (size_t i = 0; i < config->n_checks && !status; ++i) {
        status =
            dm_config_check_quads(config, &config->checks[i], on_quad, context);
    }
    for (size_t i = 0; i < config->n_rules && !status; ++i) {
        const struct dm_rule_def *rule = &config->rules[i];
        if (!rule->is_shipped) { // Those that are, everybody has
            status = dm_config_rule_quads(config, rule, on_quad, context);
        }
    }
    return status;
}
