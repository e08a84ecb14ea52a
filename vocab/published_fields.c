// SPDX-License-Identifier: ISC

#include "vocab/published_private.h"

#include "base/time.h"
#include "rdf/xsd.h"
#include "vocab/vocabulary.h"

#include <assert.h>
#include <string.h>

#define TEXT_BYTES_MAX 65536U
#define VALUES_MAX 1000U
#define YEARS_MAX 1000
#define DURATION_MAX_MS (YEARS_MAX * INT64_C(365) * DM_MS_PER_DAY)
#define NUMBER_MAX INT64_C(1000000000)

// ---------------------------------------------------------------- texts

static bool
is_of(const struct dm_term *term, const char *datatype)
{
    return term->kind == DM_TERM_LITERAL &&
           dm_str_is(term->datatype, datatype) && !term->language.n;
}

static bool
is_clean(struct dm_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c == 0x7F || (c < 0x20 && c != '\n' && c != '\t' && c != '\r')) {
            return false;
        }
    }
    return text.n <= TEXT_BYTES_MAX;
}

static enum dm_status
copy(struct dm_arena *arena, struct dm_str text, void *target)
{
    const struct dm_str copied = dm_arena_copy(arena, text);
    if (!copied.data) {
        return DM_ERR_NO_MEMORY;
    }
    memcpy(target, &copied, sizeof(copied));
    return DM_OK;
}

static enum dm_status
read_text(const struct dm_term *term, struct dm_arena *arena, void *target)
{
    return is_of(term, DM_XSD_NS "string") && is_clean(term->value)
               ? copy(arena, term->value, target)
               : DM_ERR_SYNTAX;
}

// A thing, or an address that stands as a literal
static enum dm_status
read_iri(const struct dm_term *term, struct dm_arena *arena, void *target)
{
    const bool is_fit =
        term->kind == DM_TERM_IRI || is_of(term, DM_XSD_NS "anyURI");
    return is_fit && is_clean(term->value) ? copy(arena, term->value, target)
                                           : DM_ERR_SYNTAX;
}

// ---------------------------------------------------------------- numbers

static enum dm_status
read_duration(const struct dm_term *term, void *target)
{
    int64_t ms = 0;
    if (!is_of(term, DM_XSD_NS "dayTimeDuration") ||
        !dm_duration_parse(term->value, &ms) || ms < 0 ||
        ms > DURATION_MAX_MS) {
        return DM_ERR_SYNTAX;
    }
    *(int64_t *)target = ms;
    return DM_OK;
}

static enum dm_status
read_uint(const struct dm_term *term, void *target)
{
    int64_t number = 0;
    if (!is_of(term, DM_XSD_NS "integer") ||
        !dm_integer_parse(term->value, &number) || number < 0 ||
        number > NUMBER_MAX) {
        return DM_ERR_SYNTAX;
    }
    *(uint32_t *)target = (uint32_t)number;
    return DM_OK;
}

static enum dm_status
read_boolean(const struct dm_term *term, void *target)
{
    bool truth = false;
    if (!is_of(term, DM_XSD_NS "boolean") ||
        !dm_boolean_parse(term->value, &truth)) {
        return DM_ERR_SYNTAX;
    }
    *(bool *)target = truth;
    return DM_OK;
}

// ---------------------------------------------------------------- words

// The place of a word in the row's list, -1 where it is not in it
static int
code_of(const struct dm_field *row, const struct dm_term *term)
{
    const struct dm_str ours = dm_str(DM_VOCAB_NS);
    struct dm_str word = term->value;
    if (dm_properties[row->property].range == DM_RANGE_STRING) {
        if (!is_of(term, DM_XSD_NS "string")) {
            return -1;
        }
    } else if (term->kind == DM_TERM_IRI && dm_str_starts(word, ours)) {
        word = dm_str_slice(word, ours.n, word.n);
    } else {
        return -1;
    }
    for (int i = 0; row->codes[i]; ++i) {
        if (dm_str_is(word, row->codes[i])) {
            return i;
        }
    }
    return -1;
}

static enum dm_status
read_code(const struct dm_field *row, const struct dm_term *term, void *target)
{
    const int code = code_of(row, term);
    if (code < 0) {
        return DM_ERR_SYNTAX;
    }
    *(int *)target = code;
    return DM_OK;
}

// One with times is not understood here: it counts as always there, so that
// somebody looks rather than that nobody does.
static enum dm_status
read_presence(const struct dm_field *row, const struct dm_term *term,
              void *target)
{
    if (is_of(term, DM_XSD_NS "string")) {
        *(enum dm_presence *)target = DM_PRESENCE_ALWAYS;
        return DM_OK;
    }
    return read_code(row, term, target);
}

static enum dm_status
read_record(const struct dm_field *row, const struct dm_term *term,
            void *target)
{
    const int code = code_of(row, term);
    if (code < 0) {
        return DM_ERR_SYNTAX;
    }
    *(bool *)target = code == 1; // "output", "status"
    return DM_OK;
}

// ---------------------------------------------------------------- labels

static bool
is_label_name(struct dm_str name)
{
    for (size_t i = 0; i < name.n; ++i) {
        const char c = name.data[i];
        const bool is_letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return name.n > 0;
}

// Labels that every alert has of itself
static bool
is_taken(struct dm_str name)
{
    static const char *const taken[] = {"alertname", "check", "node",
                                        "severity"};
    for (size_t i = 0; i < DM_COUNT_OF(taken); ++i) {
        if (dm_str_is(name, taken[i])) {
            return true;
        }
    }
    return false;
}

static enum dm_status
read_label(const struct dm_term *term, struct dm_arena *arena, void *target)
{
    struct dm_pair *pair = target;
    if (!is_of(term, DM_XSD_NS "string") || !is_clean(term->value)) {
        return DM_ERR_SYNTAX;
    }
    const size_t at = dm_str_find(term->value, dm_str("="));
    const struct dm_str name = dm_str_slice(term->value, 0, at);
    if (at == term->value.n || !is_label_name(name) || is_taken(name)) {
        return DM_ERR_SYNTAX;
    }
    const enum dm_status status = copy(arena, name, &pair->name);
    return status
               ? status
               : copy(arena, dm_str_slice(term->value, at + 1, term->value.n),
                      &pair->value);
}

// The lines are sorted, so what has one name stands together
static bool
has_name_twice(const struct dm_pair *pairs, size_t n)
{
    for (size_t i = 1; i < n; ++i) {
        if (dm_str_equal(pairs[i].name, pairs[i - 1].name)) {
            return true;
        }
    }
    return false;
}

// ---------------------------------------------------------------- fields

// Whether a reader needs the property: what is published of every check
static bool
is_read(const struct dm_field *row, int class_index)
{
    switch (row->kind) {
    case DM_FIELD_URL:
    case DM_FIELD_URLS:
    case DM_FIELD_HEADERS:
    case DM_FIELD_VARIABLES:
    case DM_FIELD_CONDITIONS:
    case DM_FIELD_AUTH:
    case DM_FIELD_COMMAND:
    case DM_FIELD_SIZE:
        return false;
    case DM_FIELD_TEXT:
    case DM_FIELD_WORD:
    case DM_FIELD_TEXTS:
    case DM_FIELD_IRI:
    case DM_FIELD_DURATION:
    case DM_FIELD_UINT:
    case DM_FIELD_BOOLEAN:
    case DM_FIELD_LABELS:
    case DM_FIELD_CODE:
    case DM_FIELD_RECORD:
    case DM_FIELD_PRESENCE:
        break;
    }
    const struct dm_property *property = &dm_properties[row->property];
    if (property->is_private ||
        !(property->domain >> (unsigned)class_index & 1U)) {
        return false;
    }
    return class_index == DM_CLASS_NODE || property->of_every_check ||
           row->property == DM_PROPERTY_SCHEDULE ||
           row->property == DM_PROPERTY_ZONE ||
           row->property == DM_PROPERTY_GRACE ||
           row->property == DM_PROPERTY_CERT_WARN ||
           row->property == DM_PROPERTY_TIMEOUT ||
           row->property == DM_PROPERTY_RETRY_EVERY;
}

static enum dm_status
read_one(const struct dm_field *row, const struct dm_term *term,
         struct dm_arena *arena, void *target)
{
    switch (row->kind) {
    case DM_FIELD_TEXT:
    case DM_FIELD_WORD:
    case DM_FIELD_TEXTS:
        return read_text(term, arena, target);
    case DM_FIELD_IRI:
        return read_iri(term, arena, target);
    case DM_FIELD_DURATION:
        return read_duration(term, target);
    case DM_FIELD_UINT:
        return read_uint(term, target);
    case DM_FIELD_BOOLEAN:
        return read_boolean(term, target);
    case DM_FIELD_LABELS:
        return read_label(term, arena, target);
    case DM_FIELD_CODE:
        return read_code(row, term, target);
    case DM_FIELD_RECORD:
        return read_record(row, term, target);
    case DM_FIELD_PRESENCE:
        return read_presence(row, term, target);
    case DM_FIELD_URL:
    case DM_FIELD_URLS:
    case DM_FIELD_HEADERS:
    case DM_FIELD_VARIABLES:
    case DM_FIELD_CONDITIONS:
    case DM_FIELD_AUTH:
    case DM_FIELD_COMMAND:
    case DM_FIELD_SIZE:
        break; // Not read
    }
    assert(!"a kind that is not read");
    return DM_ERR_SYNTAX;
}

// What the vocabulary gives where nothing is said
static enum dm_status
read_default(const struct dm_field *row, int class_index,
             struct dm_arena *arena, void *target)
{
    const struct dm_property *property = &dm_properties[row->property];
    const struct dm_default *found = dm_property_default(property, class_index);
    if (!found) {
        return DM_OK;
    }
    const struct dm_term term =
        dm_code_index(found->value) >= 0
            ? dm_term_iri(found->value)
            : dm_term_literal(found->value, property->range_iri);
    return read_one(row, &term, arena, target);
}

// Where the statements with a property begin, and how many they are: they stand
// together
static size_t
find(const struct dm_published_group *group, int property, size_t *ret_n)
{
    size_t from = 0;
    while (from < group->n && group->items[from].property != property) {
        ++from;
    }
    size_t end = from;
    while (end < group->n && group->items[end].property == property) {
        ++end;
    }
    *ret_n = end - from;
    return from;
}

// A field of several values: an array and its length
struct list {
    void *items;
    size_t n;
};

static enum dm_status
read_many(const struct dm_field *row, const struct dm_published_item *items,
          size_t n, struct dm_arena *arena, void *target)
{
    const bool is_pair = row->kind == DM_FIELD_LABELS;
    const size_t size =
        is_pair ? sizeof(struct dm_pair) : sizeof(struct dm_str);
    if (n > VALUES_MAX) {
        return DM_ERR_SYNTAX;
    }
    char *values = dm_arena_alloc(arena, n, size);
    enum dm_status status = values ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < n; ++i) {
        status = read_one(row, &items[i].object, arena, values + i * size);
    }
    if (!status && is_pair &&
        has_name_twice((const struct dm_pair *)(void *)values, n)) {
        status = DM_ERR_SYNTAX;
    }
    if (!status) {
        const struct list list = {values, n};
        memcpy(target, &list, sizeof(list));
    }
    return status;
}

static enum dm_status
read_field(const struct dm_published_group *group, const struct dm_field *row,
           struct dm_arena *arena, void *target)
{
    size_t n = 0;
    const size_t from = find(group, row->property, &n);
    if (row->kind == DM_FIELD_TEXTS || row->kind == DM_FIELD_LABELS) {
        return n ? read_many(row, &group->items[from], n, arena, target)
                 : DM_OK;
    }
    if (n > 1) {
        return DM_ERR_SYNTAX;
    }
    return n ? read_one(row, &group->items[from].object, arena, target)
             : read_default(row, group->class_index, arena, target);
}

// Texts are never NULL, also those that are not read
static void
set_empty(const struct dm_field *row, void *target)
{
    static const struct dm_str empty = {"", 0};
    if (row->kind == DM_FIELD_TEXT || row->kind == DM_FIELD_WORD ||
        row->kind == DM_FIELD_URL || row->kind == DM_FIELD_IRI ||
        row->kind == DM_FIELD_AUTH) {
        memcpy(target, &empty, sizeof(empty));
    } else if (row->kind == DM_FIELD_COMMAND) {
        ((struct dm_command_def *)target)->run = empty;
    }
}

enum dm_status
dm_published_fill(const struct dm_published_group *group,
                  const struct dm_fields *fields, struct dm_arena *arena,
                  void *object)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; i < fields->n; ++i) {
        const struct dm_field *row = &fields->rows[i];
        void *target = (char *)object + row->offset;
        set_empty(row, target);
        if (!status && is_read(row, group->class_index)) {
            status = read_field(group, row, arena, target);
        }
    }
    return status;
}

enum dm_status
dm_published_fill_rest(const struct dm_published_group *group,
                       struct dm_arena *arena, struct dm_check_def *check)
{
    static const struct dm_field name = {.property = DM_PROPERTY_NAME,
                                         .kind = DM_FIELD_TEXT};
    size_t n = 0;
    const size_t from = find(group, DM_PROPERTY_NEEDS, &n);
    struct dm_str *needs = dm_arena_alloc(arena, n, sizeof(*needs));
    check->name = (struct dm_str){"", 0};
    enum dm_status status = needs
                                ? read_field(group, &name, arena, &check->name)
                                : DM_ERR_NO_MEMORY;
    if (!status && n > VALUES_MAX) {
        status = DM_ERR_SYNTAX;
    }
    for (size_t i = 0; !status && i < n; ++i) {
        const struct dm_term *object = &group->items[from + i].object;
        status = object->kind == DM_TERM_IRI
                     ? copy(arena, object->value, &needs[i])
                     : DM_ERR_SYNTAX;
    }
    check->needs = (struct dm_texts){needs, n};
    return status;
}
