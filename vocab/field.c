// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "rdf/iri.h"
#include "rdf/xsd.h"
#include "vocab/distance.h"
#include "vocab/duration.h"
#include "vocab/field_private.h"
#include "vocab/secret.h"
#include "vocab/vocabulary.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SIZE_MAX 65536 // Bytes of one text
#define VALUES_MAX 1000     // Of one property of one thing

// Values of one property on their way into a field
struct filling {
    struct dm_loader *loader;
    const struct dm_entity *entity;
    const struct dm_field *row;
    const char *name; // Of the property
    bool is_wrong;    // Something was reported
};

// ---------------------------------------------------------------- errors

// Report that a value is not what the property needs.
static void DM_PRINTF(4, 5)
    complain(struct filling *filling, const struct dm_value *value,
             const char *hint, const char *format, ...)
{
    char what[300];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_ARGUMENT, "%s", what);
    if (hint[0]) {
        dm_error_hint(&error, "%s", hint);
    }
    dm_loader_error(filling->loader, filling->entity, value, &error);
    filling->is_wrong = true;
}

// The same, with the value and what another parser said about it
static void
complain_why(struct filling *filling, const struct dm_value *value,
             const struct dm_error *why)
{
    const struct dm_str cut = dm_utf8_cut(value->text, 200);
    struct dm_error error;
    (void)dm_error_set(&error, why->status, ":%s \"%.*s\"", filling->name,
                       (int)cut.n, cut.n ? cut.data : "");
    dm_error_detail(&error, "%s", why->what);
    if (why->hint[0]) {
        dm_error_hint(&error, "%s", why->hint);
    }
    dm_loader_error_inside(filling->loader, value, &error);
    filling->is_wrong = true;
}

static bool
is_plain(const struct dm_value *value)
{
    return !value->is_iri && !value->datatype.n;
}

static bool
is_of(const struct dm_value *value, const char *datatype)
{
    return !value->is_iri && dm_str_is(value->datatype, datatype);
}

// ---------------------------------------------------------------- texts

static bool
is_clean(struct dm_str text, bool is_word)
{
    for (size_t i = 0; i < text.n; ++i) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c == 0x7F || (is_word && c <= 0x20) ||
            (c < 0x20 && c != '\n' && c != '\t' && c != '\r')) {
            return false;
        }
    }
    return text.n > 0 || !is_word;
}

// Whether references to secrets in a text are well-formed
static bool
check_references(struct filling *filling, const struct dm_value *value)
{
    struct dm_secret_ref ref;
    size_t at = 0;
    enum dm_status status = DM_OK;
    while (filling->row->has_secrets && !status) {
        status = dm_secret_find(value->text, at, &ref);
        if (!status) {
            at = (size_t)(ref.text.data - value->text.data) + ref.text.n;
        }
    }
    if (status == DM_ERR_SYNTAX) {
        complain(filling, value,
                 "There are ${file:NAME}, ${env:NAME} and ${credential:NAME}",
                 ":%s has a ${ that refers to no secret", filling->name);
        return false;
    }
    return true;
}

// A text that may stand in a field; reported if not
static bool
check_text(struct filling *filling, const struct dm_value *value)
{
    const bool is_word = filling->row->kind == DM_FIELD_WORD;
    if (!is_plain(value)) {
        complain(
            filling, value, "", ":%s needs a text, as \"…\"%s", filling->name,
            is_of(value, DM_RDF_NS "langString") ? " without a language" : "");
        return false;
    }
    if (value->text.n > TEXT_SIZE_MAX) {
        complain(filling, value, "", ":%s is longer than %d bytes",
                 filling->name, TEXT_SIZE_MAX);
        return false;
    }
    if (!is_clean(value->text, is_word)) {
        complain(filling, value, "",
                 is_word ? ":%s is one word, without spaces"
                         : ":%s has a control character in it",
                 filling->name);
        return false;
    }
    return check_references(filling, value);
}

static enum dm_status
copy_text(struct filling *filling, struct dm_str text, struct dm_str *ret)
{
    *ret = dm_arena_copy(filling->loader->arena, text);
    return ret->data ? DM_OK : DM_ERR_NO_MEMORY;
}

static enum dm_status
fill_text(struct filling *filling, const struct dm_value *value, void *target)
{
    return check_text(filling, value) ? copy_text(filling, value->text, target)
                                      : DM_OK;
}

// ---------------------------------------------------------------- addresses

// The part of a URL that says who asks: "user:password" before an '@'
static struct dm_str
userinfo_of(struct dm_str url)
{
    const size_t start = dm_str_find(url, dm_str("://"));
    struct dm_str rest = dm_str_slice(url, start + 3, url.n);
    for (size_t i = 0; i < rest.n; ++i) {
        const char c = rest.data[i];
        if (c == '/' || c == '?' || c == '#') {
            rest = dm_str_slice(rest, 0, i);
        }
    }
    for (size_t i = rest.n; i > 0; --i) {
        if (rest.data[i - 1] == '@') {
            return dm_str_slice(rest, 0, i - 1);
        }
    }
    return (struct dm_str){"", 0};
}

static bool
check_url(struct filling *filling, const struct dm_value *value)
{
    const bool is_uri = is_of(value, DM_XSD_NS "anyURI");
    const struct dm_str url = value->text;
    const bool is_http = dm_str_starts(url, dm_str("http://")) ||
                         dm_str_starts(url, dm_str("https://"));
    const size_t host = dm_str_find(url, dm_str("://")) + 3;
    if ((!value->is_iri && !is_plain(value) && !is_uri) || !is_http ||
        host >= url.n || url.data[host] == '/' || url.n > TEXT_SIZE_MAX) {
        complain(filling, value, "", ":%s is an http:// or https:// URL",
                 filling->name);
        return false;
    }
    if (!is_clean(url, false) || memchr(url.data, '\n', url.n)) {
        complain(filling, value, "", ":%s has a control character in it",
                 filling->name);
        return false;
    }
    struct dm_secret_ref ref;
    const struct dm_str user = userinfo_of(url);
    if (user.n && dm_secret_find(user, 0, &ref) != DM_OK) {
        const bool has_auth = filling->row->property == DM_PROPERTY_URL;
        complain(filling, value,
                 has_auth ? "Write :auth \"Basic USER:${file:NAME}\""
                          : "Write it as USER:${file:NAME}",
                 has_auth ? ":%s has a name or password in it, which would be "
                            "published"
                          : ":%s has a name or password in it",
                 filling->name);
        return false;
    }
    return check_references(filling, value);
}

static enum dm_status
fill_url(struct filling *filling, const struct dm_value *value, void *target)
{
    return check_url(filling, value) ? copy_text(filling, value->text, target)
                                     : DM_OK;
}

static enum dm_status
fill_iri(struct filling *filling, const struct dm_value *value, void *target)
{
    const bool is_uri =
        dm_properties[filling->row->property].range == DM_RANGE_URI;
    const bool is_text =
        is_uri && (is_plain(value) || is_of(value, DM_XSD_NS "anyURI"));
    if ((!value->is_iri && !is_text) || !dm_iri_is_absolute(value->text)) {
        complain(filling, value, "", ":%s needs an IRI, as <https://…>",
                 filling->name);
        return DM_OK;
    }
    return copy_text(filling, value->text, target);
}

// ---------------------------------------------------------------- numbers

static bool
read_duration(struct filling *filling, const struct dm_value *value,
              int64_t *ret)
{
    struct dm_error why = {0};
    if (is_plain(value)) {
        if (dm_duration_read(value->text, ret, &why)) {
            complain_why(filling, value, &why);
            return false;
        }
        return true;
    }
    int64_t seconds = 0;
    if (is_of(value, DM_XSD_NS "integer") &&
        dm_integer_parse(value->text, &seconds) && seconds >= 0 &&
        seconds <= DM_DURATION_MAX_MS / 1000) {
        *ret = seconds * 1000;
        return true;
    }
    if ((is_of(value, DM_XSD_NS "dayTimeDuration") ||
         is_of(value, DM_XSD_NS "duration")) &&
        dm_duration_parse(value->text, ret)) {
        return true;
    }
    complain(filling, value, "",
             ":%s needs a duration, as \"30s\" or \"1h30m\"", filling->name);
    return false;
}

static enum dm_status
fill_duration(struct filling *filling, const struct dm_value *value,
              void *target)
{
    int64_t ms = 0;
    if (!read_duration(filling, value, &ms)) {
        return DM_OK;
    }
    if (ms < filling->row->min || ms > filling->row->max) {
        struct dm_buf buf;
        dm_buf_init(&buf, 100);
        const bool is_low = ms < filling->row->min;
        const struct dm_fact bound = {
            .kind = DM_FACT_DURATION,
            .number = (double)(is_low ? filling->row->min : filling->row->max) /
                      1000};
        dm_fact_format(&bound, &buf);
        complain(filling, value, "", ":%s is at %s %s", filling->name,
                 is_low ? "least" : "most", dm_buf_cstr(&buf));
        dm_buf_done(&buf);
        return DM_OK;
    }
    *(int64_t *)target = ms;
    return DM_OK;
}

static enum dm_status
fill_uint(struct filling *filling, const struct dm_value *value, void *target)
{
    int64_t number = 0;
    if (!is_of(value, DM_XSD_NS "integer") ||
        !dm_integer_parse(value->text, &number) || number < filling->row->min ||
        number > filling->row->max) {
        complain(filling, value, "",
                 ":%s needs a number from %lld to %lld, without quotes",
                 filling->name, (long long)filling->row->min,
                 (long long)filling->row->max);
        return DM_OK;
    }
    *(uint32_t *)target = (uint32_t)number;
    return DM_OK;
}

static enum dm_status
fill_size(struct filling *filling, const struct dm_value *value, void *target)
{
    int64_t number = 0;
    uint64_t bytes = 0;
    struct dm_error why = {0};
    if (is_plain(value)) {
        if (dm_size_read(value->text, &bytes, &why)) {
            complain_why(filling, value, &why);
            return DM_OK;
        }
    } else if (is_of(value, DM_XSD_NS "integer") &&
               dm_integer_parse(value->text, &number) && number >= 0) {
        bytes = (uint64_t)number;
    } else {
        complain(filling, value, "", ":%s needs a size, as \"2GiB\"",
                 filling->name);
        return DM_OK;
    }
    if (bytes < (uint64_t)filling->row->min ||
        bytes > (uint64_t)filling->row->max) {
        complain(filling, value, "", ":%s is from %lld MiB to %lld TiB",
                 filling->name, (long long)(filling->row->min >> 20U),
                 (long long)(filling->row->max >> 40U));
        return DM_OK;
    }
    *(uint64_t *)target = bytes;
    return DM_OK;
}

static enum dm_status
fill_boolean(struct filling *filling, const struct dm_value *value,
             void *target)
{
    bool truth = false;
    if (!is_of(value, DM_XSD_NS "boolean") ||
        !dm_boolean_parse(value->text, &truth)) {
        complain(filling, value, "", ":%s is true or false, without quotes",
                 filling->name);
        return DM_OK;
    }
    *(bool *)target = truth;
    return DM_OK;
}

// ---------------------------------------------------------------- choices

// `"info", "warning" or "critical"`, or with ':' what the vocabulary has
static void
put_choices(const struct filling *filling, bool is_text, struct dm_buf *buf)
{
    for (size_t i = 0; filling->row->codes[i]; ++i) {
        const bool is_last = !filling->row->codes[i + 1];
        (void)dm_buf_printf(buf, "%s%s%s%s",
                            i == 0    ? ""
                            : is_last ? " or "
                                      : ", ",
                            is_text ? "\"" : ":", filling->row->codes[i],
                            is_text ? "\"" : "");
    }
}

static enum dm_status
fill_code(struct filling *filling, const struct dm_value *value, void *target)
{
    const bool is_text =
        dm_properties[filling->row->property].range == DM_RANGE_STRING;
    struct dm_str text = value->text;
    bool is_fit = is_text ? is_plain(value) : value->is_iri;
    if (!is_text) {
        const struct dm_str ours = dm_str(DM_VOCAB_NS);
        is_fit = is_fit && dm_str_starts(text, ours);
        text = dm_str_slice(text, ours.n, text.n);
    }
    for (int i = 0; is_fit && filling->row->codes[i]; ++i) {
        if (dm_str_is(text, filling->row->codes[i])) {
            *(int *)target = i;
            return DM_OK;
        }
    }
    struct dm_buf buf;
    dm_buf_init(&buf, 200);
    put_choices(filling, is_text, &buf);
    complain(filling, value, "", ":%s is %s", filling->name, dm_buf_cstr(&buf));
    dm_buf_done(&buf);
    return DM_OK;
}

static enum dm_status
fill_presence(struct filling *filling, const struct dm_value *value,
              void *target)
{
    if (is_plain(value)) {
        struct dm_error error;
        (void)dm_error_set(&error, DM_ERR_UNSUPPORTED,
                           "a :presence with times is not supported yet");
        dm_error_detail(&error, "there are :always and :sometimes");
        dm_loader_error(filling->loader, filling->entity, value, &error);
        filling->is_wrong = true;
        return DM_OK;
    }
    return fill_code(filling, value, target);
}

static enum dm_status
fill_record(struct filling *filling, const struct dm_value *value, void *target)
{
    int choice = 0;
    const enum dm_status status = fill_code(filling, value, &choice);
    *(bool *)target = choice == 1; // "output", "status"
    return status;
}

// ---------------------------------------------------------------- pairs

static bool
is_letter(char c, bool is_first, const char *more)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (!is_first && c >= '0' && c <= '9') || (c && strchr(more, c));
}

static bool
is_made_of(struct dm_str name, const char *more)
{
    for (size_t i = 0; i < name.n; ++i) {
        if (!is_letter(name.data[i], i == 0 && !strchr(more, '0'), more)) {
            return false;
        }
    }
    return name.n > 0;
}

static bool
ends_with(struct dm_str name, const char *end)
{
    const size_t n = strlen(end);
    return name.n >= n &&
           dm_str_equal_nocase(dm_str_slice(name, name.n - n, n), dm_str(end));
}

// Headers and variables whose values are secrets by their names
static bool
is_secret_name(struct dm_str name)
{
    static const char *const ends[] = {"authorization", "cookie", "key",
                                       "token",         "secret", "password",
                                       "passwd",        "auth"};
    for (size_t i = 0; i < DM_COUNT_OF(ends); ++i) {
        if (ends_with(name, ends[i])) {
            return true;
        }
    }
    return false;
}

// Labels that every alert has of itself
static bool
check_label(struct filling *filling, const struct dm_value *value,
            struct dm_str name)
{
    static const char *const taken[] = {"alertname", "check", "node",
                                        "severity"};
    for (size_t i = 0; i < DM_COUNT_OF(taken); ++i) {
        if (dm_str_is(name, taken[i])) {
            complain(filling, value, "",
                     "the :label %s is one that every alert has of itself",
                     taken[i]);
            return false;
        }
    }
    return true;
}

static bool
check_pair(struct filling *filling, const struct dm_value *value,
           const struct dm_pair *pair)
{
    const enum dm_field_kind kind = filling->row->kind;
    struct dm_secret_ref ref;
    if (kind == DM_FIELD_LABELS) {
        return check_label(filling, value, pair->name);
    }
    if (kind == DM_FIELD_HEADERS && pair->value.n &&
        (memchr(pair->value.data, '\n', pair->value.n) ||
         memchr(pair->value.data, '\r', pair->value.n))) {
        complain(filling, value, "", ":header is one line");
        return false;
    }
    if (is_secret_name(pair->name) && pair->value.n &&
        dm_secret_find(pair->value, 0, &ref) != DM_OK) {
        complain(filling, value, "As \"${file:NAME}\", from secrets/NAME",
                 ":%s %.*s needs a secret by reference: a literal one would be "
                 "published",
                 filling->name, (int)dm_utf8_cut(pair->name, 60).n,
                 pair->name.data);
        return false;
    }
    return true;
}

// How a pair is written
struct form {
    const char *more; // Than letters; with a 0, digits may come first
    const char *separator;
    const char *example;
};

static struct form
form_of(enum dm_field_kind kind)
{
    static const struct form label = {
        "_", "=", "\"name=value\", the name of letters, digits and _"};
    static const struct form header = {"!#$%&'*+-.^_`|~0", ":",
                                       "\"Name: value\""};
    static const struct form variable = {"_", "=", "\"NAME=VALUE\""};
    return kind == DM_FIELD_LABELS    ? label
           : kind == DM_FIELD_HEADERS ? header
                                      : variable;
}

static enum dm_status
fill_pair(struct filling *filling, const struct dm_value *value, void *target)
{
    const struct form form = form_of(filling->row->kind);
    const enum dm_field_kind kind = filling->row->kind;
    if (!check_text(filling, value)) {
        return DM_OK;
    }
    const size_t at = dm_str_find(value->text, dm_str(form.separator));
    struct dm_pair pair = {
        .name = dm_str_slice(value->text, 0, at),
        .value = dm_str_slice(value->text, at + 1, value->text.n),
    };
    if (kind == DM_FIELD_HEADERS) {
        pair.value = dm_str_trim(pair.value);
    }
    if (at == value->text.n || !is_made_of(pair.name, form.more)) {
        complain(filling, value, "", ":%s needs %s", filling->name,
                 form.example);
        return DM_OK;
    }
    if (!check_pair(filling, value, &pair)) {
        return DM_OK;
    }
    struct dm_pair *copy = target;
    const enum dm_status status = copy_text(filling, pair.name, &copy->name);
    return status ? status : copy_text(filling, pair.value, &copy->value);
}

// Two values for one label or variable cannot both be
static void
check_names(struct filling *filling, const struct dm_values *values,
            const struct dm_pair *pairs, size_t n)
{
    if (filling->row->kind == DM_FIELD_HEADERS || filling->is_wrong) {
        return;
    }
    for (size_t i = 1; i < n; ++i) {
        for (size_t j = 0; j < i; ++j) {
            if (dm_str_equal(pairs[i].name, pairs[j].name)) {
                complain(filling, &values->items[i], "",
                         ":%s %s is given twice", filling->name,
                         pairs[i].name.data);
                return;
            }
        }
    }
}

// ---------------------------------------------------------------- the rest

static enum dm_status
fill_condition(struct filling *filling, const struct dm_value *value,
               void *target)
{
    const int class = filling->entity->class_index;
    if (!is_plain(value)) {
        return fill_text(filling, value, target); // Reports it
    }
    struct dm_error why = {0};
    const enum dm_status status = dm_condition_parse(
        value->text, 1U << (unsigned)(class - DM_CLASS_HTTP_CHECK),
        filling->loader->arena, target, &why);
    if (status == DM_ERR_SYNTAX || status == DM_ERR_LIMIT) {
        complain_why(filling, value, &why);
        return DM_OK;
    }
    return status;
}

// "Bearer ${…}", "Basic ${…}", "Basic USER:${…}"
static bool
is_auth(struct dm_str text)
{
    static const struct dm_str bearer = DM_STR("Bearer ");
    static const struct dm_str basic = DM_STR("Basic ");
    if (dm_str_starts(text, bearer)) {
        return dm_secret_is_ref(dm_str_slice(text, bearer.n, text.n));
    }
    if (!dm_str_starts(text, basic)) {
        return false;
    }
    const struct dm_str rest = dm_str_slice(text, basic.n, text.n);
    const size_t colon = dm_str_find(rest, dm_str(":"));
    return dm_secret_is_ref(rest) ||
           (colon > 0 && dm_str_find(rest, dm_str("$")) > colon &&
            dm_secret_is_ref(dm_str_slice(rest, colon + 1, rest.n)));
}

static enum dm_status
fill_auth(struct filling *filling, const struct dm_value *value, void *target)
{
    if (!is_plain(value) || !is_auth(value->text) ||
        !is_clean(value->text, false)) {
        complain(filling, value, "",
                 ":%s needs a secret by reference, as \"Bearer ${file:NAME}\" "
                 "or \"Basic USER:${file:NAME}\"",
                 filling->name);
        return DM_OK;
    }
    return copy_text(filling, value->text, target);
}

static enum dm_status
fill_command(struct filling *filling, const struct dm_value *value,
             void *target)
{
    struct dm_command_def *command = target;
    if (!check_text(filling, value)) {
        return DM_OK;
    }
    struct dm_error why = {0};
    const enum dm_status status = dm_words_split(
        value->text, filling->loader->arena, &command->argv, &why);
    if (status == DM_ERR_SYNTAX || (!status && command->argv.n == 0)) {
        if (!status) {
            (void)dm_error_set(&why, DM_ERR_SYNTAX, "a command is missing");
        }
        complain_why(filling, value, &why);
        return DM_OK;
    }
    return status ? status : copy_text(filling, value->text, &command->run);
}

// ---------------------------------------------------------------- dispatch

typedef enum dm_status (*fill_fn)(struct filling *filling,
                                  const struct dm_value *value, void *target);

static const struct {
    fill_fn fill;
    size_t item; // Size of one of several; 0: the field has one value
} kinds[] = {
    [DM_FIELD_TEXT] = {fill_text, 0},
    [DM_FIELD_WORD] = {fill_text, 0},
    [DM_FIELD_TEXTS] = {fill_text, sizeof(struct dm_str)},
    [DM_FIELD_URL] = {fill_url, 0},
    [DM_FIELD_URLS] = {fill_url, sizeof(struct dm_str)},
    [DM_FIELD_IRI] = {fill_iri, 0},
    [DM_FIELD_DURATION] = {fill_duration, 0},
    [DM_FIELD_UINT] = {fill_uint, 0},
    [DM_FIELD_SIZE] = {fill_size, 0},
    [DM_FIELD_BOOLEAN] = {fill_boolean, 0},
    [DM_FIELD_LABELS] = {fill_pair, sizeof(struct dm_pair)},
    [DM_FIELD_HEADERS] = {fill_pair, sizeof(struct dm_pair)},
    [DM_FIELD_VARIABLES] = {fill_pair, sizeof(struct dm_pair)},
    [DM_FIELD_CONDITIONS] = {fill_condition, sizeof(struct dm_condition)},
    [DM_FIELD_CODE] = {fill_code, 0},
    [DM_FIELD_RECORD] = {fill_record, 0},
    [DM_FIELD_PRESENCE] = {fill_presence, 0},
    [DM_FIELD_AUTH] = {fill_auth, 0},
    [DM_FIELD_COMMAND] = {fill_command, 0},
};

// Fields of several values are all an array and its length.
struct list {
    void *items;
    size_t n;
};

static enum dm_status
fill_many(struct filling *filling, const struct dm_values *values, void *target)
{
    const enum dm_field_kind kind = filling->row->kind;
    const size_t size = kinds[kind].item;
    if (!values->n) {
        return DM_OK;
    }
    if (values->n > VALUES_MAX) {
        complain(filling, &values->items[VALUES_MAX], "",
                 ":%s has more than %d values", filling->name, VALUES_MAX);
        return DM_OK;
    }
    char *items = dm_arena_alloc(filling->loader->arena, values->n, size);
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < values->n; ++i) {
        const enum dm_status status =
            kinds[kind].fill(filling, &values->items[i], items + i * size);
        if (status) {
            return status;
        }
    }
    const struct list list = {items, values->n};
    memcpy(target, &list, sizeof(list));
    if (kind == DM_FIELD_LABELS || kind == DM_FIELD_VARIABLES) {
        check_names(filling, values, (const struct dm_pair *)(void *)items,
                    values->n);
    }
    return DM_OK;
}

static void
set_empty(const struct dm_field *row, void *target)
{
    static const struct dm_str empty = {"", 0};
    switch (row->kind) {
    case DM_FIELD_TEXT:
    case DM_FIELD_WORD:
    case DM_FIELD_URL:
    case DM_FIELD_IRI:
    case DM_FIELD_AUTH:
        memcpy(target, &empty, sizeof(empty));
        return;
    case DM_FIELD_COMMAND:
        ((struct dm_command_def *)target)->run = empty;
        return;
    case DM_FIELD_TEXTS:
    case DM_FIELD_URLS:
    case DM_FIELD_DURATION:
    case DM_FIELD_UINT:
    case DM_FIELD_SIZE:
    case DM_FIELD_BOOLEAN:
    case DM_FIELD_LABELS:
    case DM_FIELD_HEADERS:
    case DM_FIELD_VARIABLES:
    case DM_FIELD_CONDITIONS:
    case DM_FIELD_CODE:
    case DM_FIELD_RECORD:
    case DM_FIELD_PRESENCE:
        return; // Zero is empty
    }
    assert(!"a kind that is none");
}

enum dm_status
dm_fields_fill(struct dm_loader *loader, const struct dm_entity *entity,
               const struct dm_fields *fields, void *object)
{
    for (size_t i = 0; i < fields->n; ++i) {
        const struct dm_field *row = &fields->rows[i];
        void *target = (char *)object + row->offset;
        set_empty(row, target);
        const struct dm_values *values = &entity->values[row->property];
        struct filling filling = {
            .loader = loader,
            .entity = entity,
            .row = row,
            .name = dm_properties[row->property].name.data,
        };
        enum dm_status status = DM_OK;
        if (kinds[row->kind].item) {
            status = fill_many(&filling, values, target);
        } else if (values->n) {
            status = kinds[row->kind].fill(&filling, &values->items[0], target);
        }
        if (status) {
            return status;
        }
    }
    return DM_OK;
}
