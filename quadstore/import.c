// SPDX-License-Identifier: ISC

#include "quadstore/write.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "quadstore/id_private.h"
#include "quadstore/lexical_private.h"
#include "quadstore/txn_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// Quads and bytes of events that wait for the end of the transaction
#define ARCS_MAX ((size_t)1 << 20U)
#define BYTES_MAX ((size_t)512 << 20U)

#define SECONDS_DIGITS 6U
#define SECONDS_LIMIT INT64_C(1000000000000000)

// One quad of an event's star
struct arc {
    struct arc *next;
    struct dm_term p;
    struct dm_term o;
};

struct star {
    int64_t key;
    dm_id graph;
    struct arc *arcs; // Newest first
};

struct dm_import {
    struct dm_arena arena;
    struct dm_map stars; // Stored key -> struct star
    size_t n_arcs;
};

// What is made of a star
struct assembly {
    struct dm_txn *txn;
    const struct star *star;
    struct dm_event event;
    struct dm_str check; // Its IRI; empty: none yet
    bool has_at;
    struct dm_arena *arena;
    struct dm_sample samples[DM_METRICS_MAX];
};

void
dm_import_free(struct dm_import *import)
{
    if (import) {
        dm_map_done(&import->stars);
        dm_arena_done(&import->arena);
        dm_free(import);
    }
}

// ---------------------------------------------------------------------- gather

static enum dm_status
make_import(struct dm_txn *txn)
{
    if (txn->import) {
        return DM_OK;
    }
    struct dm_import *import = dm_calloc(1, sizeof(*import));
    if (!import) {
        return DM_ERR_NO_MEMORY;
    }
    dm_arena_init(&import->arena, BYTES_MAX, NULL);
    dm_map_init(&import->stars, ARCS_MAX, 0);
    txn->import = import;
    return DM_OK;
}

static enum dm_status
find_star(struct dm_import *import, int64_t key, dm_id graph, struct star **ret)
{
    struct dm_map_entry *entry =
        dm_map_get(&import->stars, dm_str_n((const char *)&key, sizeof(key)));
    if (!entry) {
        struct star *star = dm_arena_alloc(&import->arena, 1, sizeof(*star));
        if (!star) {
            return DM_ERR_NO_MEMORY;
        }
        star->key = key;
        star->graph = graph;
        entry = dm_map_put(
            &import->stars,
            dm_str_n((const char *)&star->key, sizeof(star->key)), NULL);
        if (!entry) {
            return DM_ERR_NO_MEMORY;
        }
        entry->value.ptr = star;
    }
    *ret = entry->value.ptr;
    return DM_OK;
}

static enum dm_status
gather(struct dm_txn *txn, const struct dm_quad *quad, int64_t key, dm_id graph)
{
    struct star *star = NULL;
    enum dm_status status = make_import(txn);
    if (!status && txn->import->n_arcs == ARCS_MAX) {
        status = DM_ERR_LIMIT;
    }
    if (!status) {
        status = find_star(txn->import, key, graph, &star);
    }
    if (status) {
        return status;
    }
    struct arc *arc = dm_arena_alloc(&txn->import->arena, 1, sizeof(*arc));
    if (!arc) {
        return DM_ERR_NO_MEMORY;
    }
    status = dm_term_copy(&txn->import->arena, &quad->p, &arc->p);
    if (!status) {
        status = dm_term_copy(&txn->import->arena, &quad->o, &arc->o);
    }
    if (!status) {
        arc->next = star->arcs;
        star->arcs = arc;
        ++txn->import->n_arcs;
    }
    return status;
}

static enum dm_status
import_plain(struct dm_txn *txn, const struct dm_quad *quad)
{
    struct dm_quad_ids ids = {0};
    enum dm_status status = dm_txn_intern(txn, &quad->s, &ids.s);
    if (!status) {
        status = dm_txn_intern(txn, &quad->p, &ids.p);
    }
    if (!status) {
        status = dm_txn_intern(txn, &quad->o, &ids.o);
    }
    if (!status && quad->g.kind != DM_TERM_NONE) {
        status = dm_txn_intern(txn, &quad->g, &ids.g);
    }
    return status ? status : dm_txn_add(txn, &ids);
}

enum dm_status
dm_txn_import(struct dm_txn *txn, const struct dm_quad *quad,
              struct dm_error *error)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    dm_id id = DM_ID_NONE;
    struct dm_event_key key;
    enum dm_status status = DM_END;
    if (quad->s.kind == DM_TERM_IRI && quad->g.kind == DM_TERM_IRI) {
        status = dm_dict_inline(txn->dict, &quad->s, &id);
    }
    const struct dm_log_row *log = !status && dm_id_to_event(id, &key)
                                       ? dm_dict_log(txn->dict, key.log)
                                       : NULL;
    if (log && dm_str_equal(log->iri, quad->g.value)) {
        status = gather(txn, quad, dm_event_key_store(&key), log->graph);
    } else if (!status || status == DM_END) {
        status = import_plain(txn, quad);
    }
    if (status == DM_ERR_LIMIT) {
        (void)dm_error_set(error, status,
                           "too much in one transaction of the import");
    } else if (status) {
        (void)dm_error_set(error, status, "cannot store a quad");
    }
    return dm_txn_fail(txn, status);
}

// -------------------------------------------------------------------- assemble

// Whether a term is a literal of a datatype whose value is inline
static bool
inline_of(const struct dm_term *term, enum dm_word datatype, dm_id *ret)
{
    return term->kind == DM_TERM_LITERAL && term->language.n == 0 &&
           dm_str_equal(term->datatype, dm_word_iri(datatype)) &&
           dm_lexical_inline(term->value, datatype, ret);
}

// Whether an arc says which check had which status
static bool
read_statement(const struct arc *arc, struct dm_str *ret_check,
               enum dm_result_status *ret_status)
{
    if (arc->p.kind != DM_TERM_IRI ||
        dm_word_find(arc->p.value) != DM_WORD_REIFIES ||
        arc->o.kind != DM_TERM_TRIPLE) {
        return false;
    }
    const struct dm_triple *triple = arc->o.triple;
    const enum dm_word status = triple->o.kind == DM_TERM_IRI
                                    ? dm_word_find(triple->o.value)
                                    : DM_WORD_NONE;
    if (triple->s.kind != DM_TERM_IRI || triple->p.kind != DM_TERM_IRI ||
        dm_word_find(triple->p.value) != DM_WORD_STATUS ||
        status < DM_WORD_OK || status > DM_WORD_LOGGED ||
        status == DM_WORD_STALE ||
        dm_str_find(triple->s.value, dm_str_n("#", 1)) != triple->s.value.n) {
        return false;
    }
    *ret_check = triple->s.value;
    *ret_status = (enum dm_result_status)(status - DM_WORD_OK);
    return true;
}

// Whether an arc says the same as the one that was taken
static bool
is_statement(const struct assembly *made, const struct arc *arc)
{
    struct dm_str check;
    enum dm_result_status status = DM_RESULT_OK;
    return read_statement(arc, &check, &status) &&
           dm_str_equal(check, made->check) && status == made->event.status;
}

static bool
take_time(const struct dm_term *o, int64_t *ms)
{
    dm_id id = DM_ID_NONE;
    return inline_of(o, DM_WORD_DATETIME, &id) && dm_id_to_datetime(id, ms);
}

static bool
take_seconds(struct assembly *made, const struct dm_term *o)
{
    dm_id id = DM_ID_NONE;
    int64_t mantissa = 0;
    uint32_t scale = 0;
    if (made->event.micros != DM_NO_MICROS ||
        !inline_of(o, DM_WORD_DECIMAL, &id) ||
        !dm_id_to_decimal(id, &mantissa, &scale) || scale > SECONDS_DIGITS ||
        mantissa < 0 || mantissa >= SECONDS_LIMIT) {
        return false;
    }
    for (; scale < SECONDS_DIGITS; ++scale) {
        if (mantissa >= SECONDS_LIMIT / 10) {
            return false;
        }
        mantissa *= 10;
    }
    made->event.micros = mantissa;
    return true;
}

static bool
take_text(const struct dm_term *o, struct dm_str *text)
{
    if (text->n || o->kind != DM_TERM_LITERAL || o->language.n ||
        o->value.n == 0 ||
        !dm_str_equal(o->datatype, dm_word_iri(DM_WORD_STRING))) {
        return false;
    }
    *text = o->value;
    return true;
}

static enum dm_status
take_failure(struct assembly *made, const struct dm_term *o, bool *ret)
{
    struct dm_str graph;
    struct dm_event_key key;
    *ret = made->event.failure == DM_ID_NONE && o->kind == DM_TERM_IRI &&
           !dm_event_iri_split(o->value, &graph, &key);
    return *ret ? dm_txn_intern(made->txn, o, &made->event.failure) : DM_OK;
}

static int
hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// The label that a metric's IRI is made of, where it is written as one
static bool
decode_label(struct dm_arena *arena, struct dm_str text, struct dm_str *ret)
{
    char *label = dm_arena_alloc(arena, text.n + 1, 1);
    size_t n = 0;
    if (!label) {
        return false;
    }
    for (size_t i = 0; i < text.n; ++i) {
        char c = text.data[i];
        if (c == '%') {
            const bool is_whole = i + 2 < text.n;
            const int high = is_whole ? hex_digit(text.data[i + 1]) : -1;
            const int low = is_whole ? hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = (char)(unsigned char)(high * 16 + low);
            i += 2;
        }
        label[n++] = c;
    }
    *ret = dm_str_n(label, n);
    struct dm_buf back;
    dm_buf_init(&back, 3 * n);
    dm_metric_put_label(&back, *ret);
    const bool is_same =
        !back.status && n && dm_str_equal(dm_buf_str(&back), text);
    dm_buf_done(&back);
    return is_same;
}

static bool
take_sample(struct assembly *made, const struct arc *arc)
{
    struct dm_event *event = &made->event;
    struct dm_str label =
        dm_str_slice(arc->p.value, made->check.n + 1, arc->p.value.n);
    const bool is_double =
        arc->o.kind == DM_TERM_LITERAL &&
        dm_str_equal(arc->o.datatype, dm_word_iri(DM_WORD_DOUBLE));
    struct dm_row_sample stored = {0};
    struct dm_str graph;
    struct dm_event_key key;
    if (arc->p.value.n <= made->check.n + 1 ||
        !dm_str_starts(arc->p.value, made->check) ||
        arc->p.value.data[made->check.n] != '#' ||
        dm_event_iri_split(arc->p.value, &graph, &key) ||
        arc->o.kind != DM_TERM_LITERAL || arc->o.language.n ||
        (!is_double &&
         !dm_str_equal(arc->o.datatype, dm_word_iri(DM_WORD_DECIMAL))) ||
        event->n_samples == DM_METRICS_MAX ||
        !decode_label(made->arena, label, &label)) {
        return false;
    }
    // Only what reads back as it was written
    dm_row_sample_value(arc->o.value, is_double, &stored);
    if (stored.type == DM_SAMPLE_DECIMAL_TEXT ||
        stored.type == DM_SAMPLE_DOUBLE_TEXT) {
        return false;
    }
    for (size_t i = 0; i < event->n_samples; ++i) {
        if (dm_str_equal(made->samples[i].label, label)) {
            return false;
        }
    }
    made->samples[event->n_samples++] = (struct dm_sample){
        .label = label, .value = arc->o.value, .is_double = is_double};
    return true;
}

// Put a quad of the star into its column, or say that it has none.
static enum dm_status
take_arc(struct assembly *made, const struct arc *arc, bool *ret)
{
    struct dm_event *event = &made->event;
    *ret = false;
    const enum dm_word word =
        arc->p.kind == DM_TERM_IRI ? dm_word_find(arc->p.value) : DM_WORD_NONE;
    if (word == DM_WORD_REIFIES) {
        *ret = is_statement(made, arc);
    } else if (word == DM_WORD_AT) {
        *ret = !made->has_at && take_time(&arc->o, &event->at_ms);
        made->has_at = made->has_at || *ret;
    } else if (word == DM_WORD_SECONDS) {
        *ret = take_seconds(made, &arc->o);
    } else if (word == DM_WORD_FAILURE) {
        return take_failure(made, &arc->o, ret);
    } else if (word == DM_WORD_MESSAGE) {
        *ret = take_text(&arc->o, &event->message);
    } else if (word == DM_WORD_OUTPUT) {
        *ret = take_text(&arc->o, &event->output);
    } else if (word == DM_WORD_RUN_ID) {
        *ret = take_text(&arc->o, &event->run_id);
    } else if (word == DM_WORD_CERTIFICATE_EXPIRES) {
        *ret = event->certificate_expires_ms == DM_NO_TIME &&
               take_time(&arc->o, &event->certificate_expires_ms);
    } else if (word == DM_WORD_NONE && made->check.n &&
               arc->p.kind == DM_TERM_IRI) {
        *ret = take_sample(made, arc);
    }
    return DM_OK;
}

static enum dm_status
add_arc(struct dm_txn *txn, const struct star *star, const struct arc *arc)
{
    struct dm_quad_ids quad = {.s = dm_event_key_id(star->key),
                               .g = star->graph};
    enum dm_status status = dm_txn_intern(txn, &arc->p, &quad.p);
    if (!status) {
        status = dm_txn_intern(txn, &arc->o, &quad.o);
    }
    return status ? status : dm_txn_add(txn, &quad);
}

// Whether a star is an event's: it reifies a statement, and has a time that is
// not after its key. The statement is taken first, since it says which check's
// the metrics are.
static bool
is_event_star(struct assembly *made)
{
    bool has_at = false;
    int64_t at = 0;
    for (const struct arc *arc = made->star->arcs; arc; arc = arc->next) {
        if (!made->check.n) {
            (void)read_statement(arc, &made->check, &made->event.status);
        }
        if (!has_at && arc->p.kind == DM_TERM_IRI &&
            dm_word_find(arc->p.value) == DM_WORD_AT) {
            has_at = take_time(&arc->o, &at);
        }
    }
    return made->check.n && has_at && at <= made->event.key.ms;
}

// Make an event of a star; what has no column, or all where it is none, becomes
// quads.
static enum dm_status
assemble(struct assembly *made, const struct star *star)
{
    made->star = star;
    made->check = (struct dm_str){0};
    made->has_at = false;
    made->event = (struct dm_event){
        .key = dm_event_key_load(star->key),
        .micros = DM_NO_MICROS,
        .certificate_expires_ms = DM_NO_TIME,
    };
    const bool is_event = is_event_star(made);
    enum dm_status status = DM_OK;
    for (const struct arc *arc = made->star->arcs; !status && arc;
         arc = arc->next) {
        bool taken = false;
        if (is_event) {
            status = take_arc(made, arc, &taken);
        }
        if (!status && !taken) {
            status = add_arc(made->txn, made->star, arc);
        }
    }
    if (status || !is_event) {
        return status;
    }
    const struct dm_term check = dm_term_iri(made->check);
    bool is_new = false;
    status = dm_txn_intern(made->txn, &check, &made->event.check);
    made->event.samples = made->samples;
    return status ? status
                  : dm_events_put(made->txn, &made->event, false, &is_new);
}

static int
compare_stars(const void *a, const void *b)
{
    const struct dm_map_entry *x = a;
    const struct dm_map_entry *y = b;
    const int64_t key_x = ((const struct star *)x->value.ptr)->key;
    const int64_t key_y = ((const struct star *)y->value.ptr)->key;
    return key_x < key_y ? -1 : key_x > key_y;
}

enum dm_status
dm_import_flush(struct dm_txn *txn)
{
    struct dm_import *import = txn->import;
    if (!import) {
        return DM_OK;
    }
    struct assembly *made = dm_calloc(1, sizeof(*made));
    enum dm_status status = made ? DM_OK : DM_ERR_NO_MEMORY;
    // Counts are right when events come in the order of their keys. The map is
    // not looked into any more, so its entries may change places.
    if (import->stars.n) {
        qsort(import->stars.entries, import->stars.n,
              sizeof(*import->stars.entries), compare_stars);
    }
    for (size_t i = 0; !status && i < import->stars.n; ++i) {
        made->txn = txn;
        made->arena = &import->arena;
        status = assemble(made, import->stars.entries[i].value.ptr);
    }
    dm_free(made);
    dm_import_free(import);
    txn->import = NULL;
    // Metrics were described behind the cache's back
    dm_presents_clear(txn->store->presents);
    return dm_txn_fail(txn, status);
}
