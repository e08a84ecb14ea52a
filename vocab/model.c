// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/buf.h"
#include "vocab/model_private.h"
#include "vocab/terms.h"
#include "vocab/vocabulary.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS_MAX 4000000U
#define TEXT_MAX (32U << 20U)
#define RDF_TYPE DM_RDF_NS "type"

// What identifies a statement: sord has one node for a term
struct key {
    const SordNode *s;
    const SordNode *p;
    const SordNode *o;
};

struct entry {
    struct key key;
    struct dm_statement statement;
};

// One source that is being read
struct reading {
    struct dm_model *model;
    struct dm_source *source;
    struct dm_config_report *report;
    struct dm_reader *reader;
    struct dm_buf text; // Of the term that is being made
    struct dm_str base; // The site
    size_t subject;     // Index of the last one; n_subjects where none
    bool is_blank_told; // In this statement
    bool is_broken;     // Something of it was left out
};

static SerdStatus
on_sord_error(void *handle, const SerdError *error)
{
    (void)handle;
    (void)error; // Said by us, with a position
    return SERD_SUCCESS;
}

enum dm_status
dm_model_init(struct dm_model *model, struct dm_arena *arena)
{
    *model = (struct dm_model){.arena = arena};
    dm_map_init(&model->statements, STATEMENTS_MAX, 0);
    dm_map_init(&model->by_iri, STATEMENTS_MAX, 0);
    model->world = sord_world_new();
    model->sord = model->world ? sord_new(model->world, SORD_SPO, false) : NULL;
    if (!model->sord) {
        dm_model_done(model);
        return DM_ERR_NO_MEMORY;
    }
    sord_world_set_error_sink(model->world, on_sord_error, NULL);
    return DM_OK;
}

void
dm_model_done(struct dm_model *model)
{
    if (model->sord) {
        sord_free(model->sord);
    }
    if (model->world) {
        sord_world_free(model->world);
    }
    dm_map_done(&model->statements);
    dm_map_done(&model->by_iri);
    dm_free(model->subjects);
    model->sord = NULL;
    model->world = NULL;
    model->subjects = NULL;
}

struct dm_str
dm_node_text(const SordNode *node)
{
    size_t n = 0;
    const uint8_t *bytes = sord_node_get_string_counted(node, &n);
    return (struct dm_str){(const char *)bytes, n};
}

// ---------------------------------------------------------------- terms

static const uint8_t *
terminated(struct reading *reading, struct dm_str text)
{
    dm_buf_clear(&reading->text);
    return dm_buf_put_str(&reading->text, text)
               ? NULL
               : (const uint8_t *)dm_buf_cstr(&reading->text);
}

// A node for `term`, an IRI or a literal; NULL when memory is out
static SordNode *
node_of(struct reading *reading, const struct dm_term *term)
{
    SordWorld *world = reading->model->world;
    if (term->kind == DM_TERM_IRI) {
        const uint8_t *iri = terminated(reading, term->value);
        return iri ? sord_new_uri(world, iri) : NULL;
    }

    SordNode *datatype = NULL;
    if (!term->language.n && !dm_str_is(term->datatype, DM_XSD_NS "string")) {
        const uint8_t *iri = terminated(reading, term->datatype);
        datatype = iri ? sord_new_uri(world, iri) : NULL;
        if (!datatype) {
            return NULL;
        }
    }
    // Tags are at most 8 letters a part; sord keeps 15 bytes
    char language[16] = "";
    const struct dm_str tag = dm_str_slice(term->language, 0, 15);
    if (tag.n) {
        memcpy(language, tag.data, tag.n);
    }
    const uint8_t *text = terminated(reading, term->value);
    SordNode *node =
        text ? sord_new_literal(world, datatype, text, tag.n ? language : NULL)
             : NULL;
    sord_node_free(world, datatype);
    return node;
}

static void
complain(struct reading *reading, struct dm_position at, const char *what,
         const char *hint)
{
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_SYNTAX, "%s", what);
    dm_error_hint(&error, "%s", hint);
    dm_report_add(reading->report, reading->source, at, false, &error);
}

// Whether a term can stand in a configuration; if not, that is reported.
static bool
is_fit(struct reading *reading, const struct dm_term *term,
       struct dm_position at)
{
    switch (term->kind) {
    case DM_TERM_IRI:
        return true;
    case DM_TERM_LITERAL:
        if (term->value.n && memchr(term->value.data, '\0', term->value.n)) {
            complain(reading, at, "a text has a NUL character in it", "");
            return false;
        }
        return true;
    case DM_TERM_BLANK:
        if (!reading->is_blank_told) {
            complain(reading, at,
                     "[ ], ( ) and _:names are not supported yet: in a "
                     "configuration each thing needs a name, as <name>",
                     "");
        }
        reading->is_blank_told = true;
        return false;
    case DM_TERM_TRIPLE:
        complain(reading, at, "a triple term has no place in a configuration",
                 "");
        return false;
    case DM_TERM_NONE:
        break;
    }
    assert(!"a reader hands over terms");
    return false;
}

// ---------------------------------------------------------------- :select

// Whether `name`, a prefix with its colon, is somewhere in `text`
static bool
mentions(struct dm_str text, struct dm_str prefix)
{
    for (size_t at = 0; at + prefix.n < text.n; ++at) {
        at += dm_str_find(dm_str_slice(text, at, text.n), prefix);
        if (at + prefix.n < text.n && text.data[at + prefix.n] == ':') {
            return true;
        }
    }
    return false;
}

// A query with the prefixes and the base that are in scope written before it
static enum dm_status
put_query(struct reading *reading, struct dm_str query, struct dm_buf *buf)
{
    struct dm_str prefix;
    struct dm_str iri;
    for (size_t i = 0; dm_reader_prefix_at(reading->reader, i, &prefix, &iri);
         ++i) {
        if (mentions(query, prefix)) {
            (void)dm_buf_puts(buf, "PREFIX ");
            (void)dm_buf_put_str(buf, prefix);
            (void)dm_buf_puts(buf, ": <");
            (void)dm_buf_put_str(buf, iri);
            (void)dm_buf_puts(buf, ">\n");
        }
    }
    const struct dm_str base = dm_reader_base(reading->reader);
    if (base.n && dm_str_find(query, dm_str("<")) < query.n) {
        (void)dm_buf_puts(buf, "BASE <");
        (void)dm_buf_put_str(buf, base);
        (void)dm_buf_puts(buf, ">\n");
    }
    return dm_buf_put_str(buf, query);
}

// ---------------------------------------------------------------- statements

static enum dm_status
add_subject(struct reading *reading, const SordNode *node)
{
    struct dm_model *model = reading->model;
    bool is_new = false;
    struct dm_map_entry *entry =
        dm_map_put(&model->by_iri, dm_node_text(node), &is_new);
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    if (is_new) {
        struct dm_subject_node *subjects =
            dm_grow(model->subjects, &model->subjects_capacity,
                    model->n_subjects + 1, sizeof(*subjects), STATEMENTS_MAX);
        if (!subjects) {
            return DM_ERR_NO_MEMORY;
        }
        model->subjects = subjects;
        subjects[model->n_subjects] =
            (struct dm_subject_node){.node = node, .iri = dm_node_text(node)};
        entry->value.number = model->n_subjects++;
    }
    reading->subject = (size_t)entry->value.number;
    return DM_OK;
}

static void
complain_twice(struct reading *reading, const struct dm_statement *first,
               struct dm_position at)
{
    const struct dm_str iri = dm_node_text(first->s);
    const struct dm_str name = dm_str_starts(iri, reading->base)
                                   ? dm_str_slice(iri, reading->base.n, iri.n)
                                   : iri;
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_EXISTS, "<%.*s> is defined twice",
                       (int)dm_utf8_cut(name, 200).n, name.data);
    dm_error_detail(&error, "here and at %s:%u:%u", first->source->name.data,
                    first->at.s.line, first->at.s.column);
    dm_report_add(reading->report, reading->source, at, false, &error);
}

// Keep a statement whose nodes the model holds. A class that is given twice is
// an error, any other repetition is none.
static enum dm_status
keep(struct reading *reading, const struct key *key,
     const struct dm_quad_positions *at)
{
    struct dm_model *model = reading->model;
    const struct dm_str bytes = {(const char *)key, sizeof(*key)};
    const struct dm_map_entry *old = dm_map_get(&model->statements, bytes);
    if (old) {
        const struct dm_statement *first = old->value.ptr;
        if (first->source->index != 0 &&
            dm_str_is(dm_node_text(key->p), RDF_TYPE) &&
            dm_class_index(dm_node_text(key->o)) >= 0) {
            complain_twice(reading, first, at->s);
        }
        return DM_OK;
    }
    if (model->n_statements == STATEMENTS_MAX) {
        complain(reading, at->s, "there are too many statements", "");
        return DM_ERR_LIMIT;
    }
    struct entry *entry = dm_arena_alloc(model->arena, 1, sizeof(*entry));
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    entry->key = *key;
    entry->statement = (struct dm_statement){
        .s = key->s,
        .p = key->p,
        .o = key->o,
        .source = reading->source,
        .at = *at,
        .order = model->n_statements++,
    };
    const struct dm_str kept = {(const char *)&entry->key, sizeof(*key)};
    struct dm_map_entry *place = dm_map_put(&model->statements, kept, NULL);
    if (!place) {
        return DM_ERR_NO_MEMORY;
    }
    place->value.ptr = &entry->statement;
    return add_subject(reading, key->s);
}

static enum dm_status
add_statement(struct reading *reading, const struct dm_quad *quad,
              const struct dm_quad_positions *at)
{
    SordWorld *world = reading->model->world;
    SordNode *s = node_of(reading, &quad->s);
    SordNode *p = node_of(reading, &quad->p);
    SordNode *o = node_of(reading, &quad->o);
    enum dm_status status = DM_ERR_NO_MEMORY;
    if (s && p && o) {
        const SordQuad tuple = {s, p, o, NULL};
        // False where it is there already; the model holds the nodes either way
        (void)sord_add(reading->model->sord, tuple);
        const struct key key = {s, p, o};
        status = keep(reading, &key, at);
    }
    sord_node_free(world, s);
    sord_node_free(world, p);
    sord_node_free(world, o);
    return status;
}

static enum dm_status
on_quad(void *context, const struct dm_quad *quad,
        const struct dm_quad_positions *at, struct dm_error *error)
{
    (void)error;
    struct reading *reading = context;
    if (!is_fit(reading, &quad->s, at->s)) {
        return DM_OK;
    }
    if (!is_fit(reading, &quad->o, at->o)) {
        reading->is_broken = true;
        return DM_OK;
    }
    if (!dm_term_is_iri(&quad->p, DM_VOCAB_SELECT) ||
        quad->o.kind != DM_TERM_LITERAL) {
        return add_statement(reading, quad, at);
    }
    struct dm_buf query;
    dm_buf_init(&query, TEXT_MAX);
    enum dm_status status = put_query(reading, quad->o.value, &query);
    if (!status) {
        struct dm_quad whole = *quad;
        whole.o.value = dm_buf_str(&query);
        status = add_statement(reading, &whole, at);
    }
    dm_buf_done(&query);
    return status;
}

// ---------------------------------------------------------------- reading

static void
on_mended(void *context, const struct dm_error *error)
{
    struct reading *reading = context;
    dm_report_syntax(reading->report, reading->source, error);
}

// What the reader gets: the text, once
static enum dm_status
give_text(void *context, char *bytes, size_t n, size_t *ret_n)
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

static void
mark_broken(const struct reading *reading)
{
    if (reading->subject < reading->model->n_subjects) {
        reading->model->subjects[reading->subject].is_broken = true;
    }
}

// After an error of syntax: report it, go on behind it.
static enum dm_status
recover(struct reading *reading, const struct dm_error *error)
{
    dm_report_syntax(reading->report, reading->source, error);
    mark_broken(reading);
    return dm_reader_recover(reading->reader);
}

static enum dm_status
read_all(struct reading *reading)
{
    enum dm_status status = DM_OK;
    while (!status) {
        struct dm_error error = {0};
        reading->subject = SIZE_MAX;
        reading->is_blank_told = false;
        reading->is_broken = false;
        status = dm_reader_step(reading->reader, &error);
        if (status == DM_ERR_SYNTAX ||
            (status == DM_ERR_LIMIT && error.what[0])) {
            status = recover(reading, &error);
        } else if (reading->is_broken) {
            mark_broken(reading);
        }
    }
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_model_read(struct dm_model *model, struct dm_source *source,
              struct dm_str base, struct dm_config_report *report)
{
    struct reading reading = {
        .model = model, .source = source, .report = report, .base = base};
    dm_buf_init(&reading.text, TEXT_MAX);
    const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE,
        .base = base,
        .name = source->name,
        .mend = true,
        .on_error = on_mended,
        .error_context = &reading,
    };
    struct dm_str rest = source->text;
    enum dm_status status = dm_reader_new(&options, give_text, &rest, on_quad,
                                          &reading, &reading.reader);
    if (!status) {
        status = read_all(&reading);
        dm_reader_free(reading.reader);
    }
    dm_buf_done(&reading.text);
    return status;
}

// ---------------------------------------------------------------- the site

struct site_search {
    struct dm_arena *arena;
    struct dm_str *site;
};

static enum dm_status
on_site_quad(void *context, const struct dm_quad *quad,
             const struct dm_quad_positions *at, struct dm_error *error)
{
    (void)at;
    (void)error;
    struct site_search *search = context;
    if (!dm_term_is_iri(&quad->s, DM_VOCAB_THIS) ||
        !dm_term_is_iri(&quad->p, DM_VOCAB_SITE) ||
        (quad->o.kind != DM_TERM_IRI && quad->o.kind != DM_TERM_LITERAL)) {
        return DM_OK;
    }
    const struct dm_str copy = dm_arena_copy(search->arena, quad->o.value);
    if (!copy.data) {
        return DM_ERR_NO_MEMORY;
    }
    *search->site = copy;
    return DM_OK;
}

static void
ignore(void *context, const struct dm_error *error)
{
    (void)context;
    (void)error; // Reported when the source is read in earnest
}

enum dm_status
dm_model_find_site(struct dm_source *source, struct dm_arena *arena,
                   struct dm_str *site)
{
    if (dm_str_find(source->text, dm_str("site")) == source->text.n) {
        return DM_OK;
    }
    struct site_search search = {arena, site};
    const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE,
        .base = *site,
        .name = source->name,
        .mend = true,
        .on_error = ignore,
    };
    struct dm_reader *reader = NULL;
    struct dm_str rest = source->text;
    enum dm_status status = dm_reader_new(&options, give_text, &rest,
                                          on_site_quad, &search, &reader);
    while (!status) {
        status = dm_reader_step(reader, NULL);
        if (status == DM_ERR_SYNTAX || status == DM_ERR_LIMIT) {
            status = dm_reader_recover(reader);
        }
    }
    dm_reader_free(reader);
    return status == DM_END ? DM_OK : status;
}

// ---------------------------------------------------------------- asking

static int
compare_statements(const void *left, const void *right)
{
    const struct dm_statement *a = *(const struct dm_statement *const *)left;
    const struct dm_statement *b = *(const struct dm_statement *const *)right;
    return a->order < b->order ? -1 : a->order > b->order;
}

enum dm_status
dm_model_about(const struct dm_model *model, const SordNode *subject,
               struct dm_arena *arena, const struct dm_statement *const **ret,
               size_t *ret_n)
{
    const size_t n = (size_t)sord_count(model->sord, subject, NULL, NULL, NULL);
    const struct dm_statement **items =
        dm_arena_alloc(arena, n + 1, sizeof(*items));
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    size_t found = 0;
    SordIter *iter = sord_search(model->sord, subject, NULL, NULL, NULL);
    for (; iter && !sord_iter_end(iter) && found < n; sord_iter_next(iter)) {
        SordQuad tuple;
        sord_iter_get(iter, tuple);
        const struct key key = {tuple[SORD_SUBJECT], tuple[SORD_PREDICATE],
                                tuple[SORD_OBJECT]};
        const struct dm_str bytes = {(const char *)&key, sizeof(key)};
        const struct dm_map_entry *entry =
            dm_map_get(&model->statements, bytes);
        assert(entry); // Whatever sord holds was kept
        items[found++] = entry->value.ptr;
    }
    sord_iter_free(iter);
    if (found) {
        qsort(items, found, sizeof(const struct dm_statement *),
              compare_statements);
    }
    *ret = items;
    *ret_n = found;
    return DM_OK;
}
