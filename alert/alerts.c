// SPDX-License-Identifier: ISC

// The set of alerts: life, order, and its form in the store.

#include "alert/evaluate.h"

#include "alert/alerts_private.h"
#include "base/alloc.h"
#include "base/buf.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_MEMORY (256U << 20U)
#define FNV_OFFSET UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)
#define SEPARATOR 0xFFU

struct dm_alerts *
dm_alerts_new(void)
{
    struct dm_alerts *alerts = dm_calloc(1, sizeof(*alerts));
    if (alerts) {
        dm_arena_init(&alerts->arena, SET_MEMORY, NULL);
    }
    return alerts;
}

void
dm_alerts_free(struct dm_alerts *alerts)
{
    if (alerts) {
        dm_arena_done(&alerts->arena);
        dm_free(alerts->items);
        dm_free(alerts);
    }
}

size_t
dm_alerts_count(const struct dm_alerts *alerts)
{
    return alerts->n;
}

const struct dm_alert *
dm_alerts_at(const struct dm_alerts *alerts, size_t i)
{
    assert(i < alerts->n);
    return &alerts->items[i];
}

// ---------------------------------------------------------------------- texts

static uint64_t
fnv(uint64_t hash, struct dm_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        hash = (hash ^ (unsigned char)text.data[i]) * FNV_PRIME;
    }
    return (hash ^ SEPARATOR) * FNV_PRIME;
}

uint64_t
dm_alert_fingerprint(const struct dm_alert_text *labels, size_t n)
{
    uint64_t hash = FNV_OFFSET;
    for (size_t i = 0; i < n; ++i) {
        hash = fnv(fnv(hash, labels[i].name), labels[i].value);
    }
    return hash;
}

size_t
dm_alert_texts_settle(struct dm_alert_text *texts, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; ++i) {
        bool is_known = !texts[i].value.n;
        for (size_t k = 0; k < kept && !is_known; ++k) {
            is_known = dm_str_equal(texts[k].name, texts[i].name);
        }
        if (is_known) {
            continue;
        }
        // An insertion sort: labels are few
        const struct dm_alert_text text = texts[i];
        size_t place = kept++;
        while (place > 0 &&
               dm_str_compare(texts[place - 1].name, text.name) > 0) {
            texts[place] = texts[place - 1];
            --place;
        }
        texts[place] = text;
    }
    return kept;
}

static const struct dm_alert_text *
copy_texts(struct dm_arena *arena, const struct dm_alert_text *texts, size_t n)
{
    struct dm_alert_text *copy = dm_arena_alloc(arena, n, sizeof(*copy));
    for (size_t i = 0; copy && i < n; ++i) {
        copy[i].name = dm_arena_copy(arena, texts[i].name);
        copy[i].value = dm_arena_copy(arena, texts[i].value);
        if (!copy[i].name.data || !copy[i].value.data) {
            return NULL;
        }
    }
    return copy;
}

enum dm_status
dm_alerts_add(struct dm_alerts *alerts, const struct dm_alert *alert)
{
    if (alerts->n == DM_ALERTS_MAX) {
        return DM_ERR_LIMIT;
    }
    struct dm_alert *items =
        dm_grow(alerts->items, &alerts->capacity, alerts->n + 1,
                sizeof(*alerts->items), DM_ALERTS_MAX);
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    alerts->items = items;
    struct dm_arena *arena = &alerts->arena;
    struct dm_alert copy = *alert;
    copy.identity = dm_arena_copy(arena, alert->identity);
    copy.rule = dm_arena_copy(arena, alert->rule);
    copy.check = dm_arena_copy(arena, alert->check);
    copy.node = dm_arena_copy(arena, alert->node);
    const struct dm_alert_text *labels =
        copy_texts(arena, alert->labels, alert->n_labels);
    const struct dm_alert_text *annotations =
        copy_texts(arena, alert->annotations, alert->n_annotations);
    if (!copy.identity.data || !copy.rule.data || !copy.check.data ||
        !copy.node.data || !labels || !annotations) {
        return DM_ERR_NO_MEMORY;
    }
    copy.labels = labels;
    copy.annotations = annotations;
    items[alerts->n++] = copy;
    return DM_OK;
}

int
dm_alert_compare(const struct dm_alert *a, const struct dm_alert *b)
{
    const int order = dm_str_compare(a->identity, b->identity);
    if (order) {
        return order;
    }
    return a->fingerprint < b->fingerprint ? -1
                                           : a->fingerprint > b->fingerprint;
}

static int
compare(const void *a, const void *b)
{
    return dm_alert_compare(a, b);
}

void
dm_alerts_seal(struct dm_alerts *alerts)
{
    if (alerts->n > 1) {
        qsort(alerts->items, alerts->n, sizeof(*alerts->items), compare);
    }
    size_t kept = 0;
    for (size_t i = 0; i < alerts->n; ++i) {
        if (kept &&
            !dm_alert_compare(&alerts->items[kept - 1], &alerts->items[i])) {
            --kept;
        }
        alerts->items[kept++] = alerts->items[i];
    }
    alerts->n = kept;
}

// Move the last item to its place among the sealed ones before it, or into the
// place of its equal. Alerts are kept in the order of their keys, so it mostly
// stays where it is.
static void
settle_last(struct dm_alerts *alerts)
{
    struct dm_alert *items = alerts->items;
    const struct dm_alert last = items[alerts->n - 1];
    size_t place = alerts->n - 1;
    while (place > 0 && dm_alert_compare(&items[place - 1], &last) > 0) {
        --place;
    }
    if (place > 0 && !dm_alert_compare(&items[place - 1], &last)) {
        items[place - 1] = last;
        --alerts->n;
        return;
    }
    memmove(&items[place + 1], &items[place],
            (alerts->n - 1 - place) * sizeof(*items));
    items[place] = last;
}

struct dm_alerts *
dm_alerts_clone(const struct dm_alerts *alerts)
{
    struct dm_alerts *clone = dm_alerts_new();
    for (size_t i = 0; clone && i < alerts->n; ++i) {
        if (dm_alerts_add(clone, &alerts->items[i])) {
            dm_alerts_free(clone);
            return NULL;
        }
    }
    return clone;
}

// ----------------------------------------------------------------------- JSON

static json_t *
text(struct dm_str value)
{
    return json_stringn_nocheck(value.data ? value.data : "", value.n);
}

// NULL when out of memory
static json_t *
texts_object(const struct dm_alert_text *texts, size_t n)
{
    json_t *object = json_object();
    int failed = 0;
    for (size_t i = 0; object && i < n; ++i) {
        failed |= json_object_setn_new_nocheck(
            object, texts[i].name.data, texts[i].name.n, text(texts[i].value));
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static const char *const state_names[] = {
    [DM_ALERT_PENDING] = "pending",
    [DM_ALERT_FIRING] = "firing",
    [DM_ALERT_RESOLVED] = "resolved",
};

enum dm_status
dm_alert_encode(const struct dm_alert *alert, struct dm_buf *buf)
{
    const struct {
        const char *key;
        json_t *value; // Given away
    } members[] = {
        {"identity", text(alert->identity)},
        {"rule", text(alert->rule)},
        {"state", json_string(state_names[alert->state])},
        {"check", text(alert->check)},
        {"node", text(alert->node)},
        {"labels", texts_object(alert->labels, alert->n_labels)},
        {"annotations", texts_object(alert->annotations, alert->n_annotations)},
        {"firstSeen", json_integer(alert->first_seen_ms)},
        {"lastSeen", json_integer(alert->last_seen_ms)},
        {"starts", json_integer(alert->starts_ms)},
        {"fired", json_integer(alert->fired_ms)},
        {"resolved", json_integer(alert->resolved_ms)},
    };
    json_t *object = json_object();
    int failed = object ? 0 : -1;
    for (size_t i = 0; i < DM_COUNT_OF(members); ++i) {
        failed |= json_object_set_new(object, members[i].key, members[i].value);
    }
    if (failed) {
        json_decref(object);
        return DM_ERR_NO_MEMORY;
    }
    char *line = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!line) {
        return DM_ERR_NO_MEMORY;
    }
    const enum dm_status status = dm_buf_puts(buf, line);
    free(line);
    return status;
}

static struct dm_str
string_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value)
               ? dm_str_n(json_string_value(value), json_string_length(value))
               : (struct dm_str){0};
}

static int64_t
integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

// An object of strings as texts, in order of their names
static struct dm_alert_text *
read_texts(struct dm_arena *arena, json_t *object, size_t *ret_n)
{
    const size_t n = json_object_size(object);
    struct dm_alert_text *texts = dm_arena_alloc(arena, n, sizeof(*texts));
    size_t filled = 0;
    for (void *at = json_object_iter(object); texts && at;
         at = json_object_iter_next(object, at)) {
        const json_t *value = json_object_iter_value(at);
        texts[filled].name = dm_str(json_object_iter_key(at));
        texts[filled].value =
            dm_str_n(json_string_value(value), json_string_length(value));
        ++filled;
    }
    *ret_n = texts ? dm_alert_texts_settle(texts, filled) : 0;
    return texts;
}

static bool
state_of(struct dm_str name, enum dm_alert_state *ret)
{
    for (size_t i = 0; i < DM_COUNT_OF(state_names); ++i) {
        if (dm_str_is(name, state_names[i])) {
            *ret = (enum dm_alert_state)i;
            return true;
        }
    }
    return false;
}

enum dm_status
dm_alerts_decode(struct dm_alerts *alerts, struct dm_str json)
{
    json_t *object =
        json_loadb(json.data ? json.data : "", json.n, JSON_ALLOW_NUL, NULL);
    if (!object) {
        return DM_ERR_SYNTAX;
    }
    struct dm_arena arena;
    dm_arena_init(&arena, SET_MEMORY, NULL);
    struct dm_alert alert = {
        .identity = string_of(object, "identity"),
        .rule = string_of(object, "rule"),
        .check = string_of(object, "check"),
        .node = string_of(object, "node"),
        .first_seen_ms = integer_of(object, "firstSeen"),
        .last_seen_ms = integer_of(object, "lastSeen"),
        .starts_ms = integer_of(object, "starts"),
        .fired_ms = integer_of(object, "fired"),
        .resolved_ms = integer_of(object, "resolved"),
    };
    const struct dm_alert_text *labels =
        read_texts(&arena, json_object_get(object, "labels"), &alert.n_labels);
    const struct dm_alert_text *annotations = read_texts(
        &arena, json_object_get(object, "annotations"), &alert.n_annotations);
    enum dm_status status = DM_ERR_SYNTAX;
    if (!labels || !annotations) {
        status = DM_ERR_NO_MEMORY;
    } else if (alert.identity.n && alert.rule.n && alert.n_labels &&
               state_of(string_of(object, "state"), &alert.state)) {
        alert.labels = labels;
        alert.annotations = annotations;
        alert.fingerprint = dm_alert_fingerprint(alert.labels, alert.n_labels);
        status = dm_alerts_add(alerts, &alert);
    }
    dm_arena_done(&arena);
    json_decref(object);
    if (!status) {
        settle_last(alerts);
    }
    return status;
}
