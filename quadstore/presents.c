// SPDX-License-Identifier: ISC

#include "quadstore/txn_private.h"

#include "base/alloc.h"
#include "quadstore/id_private.h"
#include "quadstore/words_private.h"

#include <assert.h>
#include <string.h>

#define PRESENTS_MAX ((size_t)1 << 22U)
// Bytes at which the cache is emptied, between two transactions
#define ARENA_SOFT_MAX ((size_t)32 << 20U)

// A metric as it was written last
struct metric {
    uint64_t number;
    struct dm_str texts[3]; // unit, warn, crit
};

struct dm_presents {
    struct dm_arena arena;
    struct dm_map checks;  // log, check -> struct dm_present_entry
    struct dm_map metrics; // log, check, label -> struct metric
    struct dm_buf key;
};

static const enum dm_word metric_words[3] = {DM_WORD_UNIT, DM_WORD_WARN,
                                             DM_WORD_CRIT};

struct dm_presents *
dm_presents_new(void)
{
    struct dm_presents *presents = dm_calloc(1, sizeof(*presents));
    if (presents) {
        dm_arena_init(&presents->arena, SIZE_MAX, NULL);
        dm_map_init(&presents->checks, PRESENTS_MAX, 0);
        dm_map_init(&presents->metrics, PRESENTS_MAX, 0);
        dm_buf_init(&presents->key, SIZE_MAX / 2);
    }
    return presents;
}

void
dm_presents_free(struct dm_presents *presents)
{
    if (presents) {
        dm_presents_clear(presents);
        dm_buf_done(&presents->key);
        dm_free(presents);
    }
}

void
dm_presents_clear(struct dm_presents *presents)
{
    dm_map_done(&presents->checks);
    dm_map_done(&presents->metrics);
    dm_arena_done(&presents->arena);
}

void
dm_presents_trim(struct dm_presents *presents)
{
    if (presents->arena.total > ARENA_SOFT_MAX) {
        dm_presents_clear(presents);
    }
}

// -------------------------------------------------------------------- presents

// The IRI of a check, which has no '#'
static enum dm_status
check_iri(struct dm_txn *txn, dm_id check, struct dm_str *ret)
{
    struct dm_term term = {0};
    const enum dm_status status =
        dm_dict_term(txn->dict, check, &txn->store->presents->arena, &term);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_ERR_ARGUMENT : status;
    }
    if (dm_str_find(term.value, dm_str_n("#", 1)) != term.value.n) {
        return DM_ERR_ARGUMENT;
    }
    *ret = term.value;
    return DM_OK;
}

static enum dm_status
read_present(struct dm_txn *txn, const uint64_t key[2], struct dm_present *ret)
{
    const int64_t values[] = {(int64_t)key[0], (int64_t)key[1]};
    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(txn->conn, DM_Q_LATEST, &row);
    if (status) {
        return status;
    }
    dm_bind_ints(row, values, 2);
    status = dm_conn_step(txn->conn, row);
    *ret = status == DM_OK ? dm_present_load(row) : dm_present_none();
    dm_conn_give(txn->conn, DM_Q_LATEST, row);
    if (status) {
        return status == DM_END ? DM_OK : status;
    }
    if (ret->key >= 0) {
        struct dm_row event;
        status = dm_event_read(txn->conn, ret->key, NULL, &event);
        if (status == DM_ERR_NOT_FOUND) {
            return DM_ERR_CORRUPT;
        }
        ret->status = dm_row_status(&event);
    }
    return status;
}

enum dm_status
dm_presents_get(struct dm_txn *txn, dm_log_no log, dm_id check,
                struct dm_present_entry **ret)
{
    struct dm_presents *presents = txn->store->presents;
    const uint64_t key[2] = {log, dm_id_payload(check)};
    const struct dm_map_entry *found =
        dm_map_get(&presents->checks, dm_str_n((const char *)key, sizeof(key)));
    if (found) {
        *ret = found->value.ptr;
        return DM_OK;
    }
    if (dm_id_is_local(check) || dm_id_tag(check) != DM_TAG_IRI) {
        return DM_ERR_ARGUMENT;
    }

    struct dm_present_entry *present =
        dm_arena_alloc(&presents->arena, 1, sizeof(*present));
    if (!present) {
        return DM_ERR_NO_MEMORY;
    }
    memcpy(present->key, key, sizeof(key));
    enum dm_status status = check_iri(txn, check, &present->iri);
    if (!status) {
        status = read_present(txn, key, &present->now);
    }
    if (status) {
        return status;
    }
    struct dm_map_entry *entry = dm_map_put(
        &presents->checks,
        dm_str_n((const char *)present->key, sizeof(present->key)), NULL);
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    entry->value.ptr = present;
    *ret = present;
    return DM_OK;
}

// --------------------------------------------------------------------- metrics

void
dm_metric_put_label(struct dm_buf *buf, struct dm_str label)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "abcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";
    for (size_t i = 0; i < label.n; ++i) {
        const char c = label.data[i];
        if (c && strchr(unreserved, c)) {
            dm_buf_putc(buf, c);
        } else {
            dm_buf_printf(buf, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

// The number of a metric's IRI, which is put into the dictionary and taken
// apart in `metric` where it is new
static enum dm_status
metric_number(struct dm_txn *txn, const struct dm_present_entry *present,
              struct dm_str label, uint64_t *ret)
{
    struct dm_buf iri;
    struct dm_str graph;
    struct dm_event_key key;
    sqlite3_stmt *row = NULL;
    dm_id id = DM_ID_NONE;
    dm_buf_init(&iri, SIZE_MAX / 2);
    dm_buf_put_str(&iri, present->iri);
    dm_buf_putc(&iri, '#');
    dm_metric_put_label(&iri, label);
    enum dm_status status = iri.status;
    if (!status && dm_event_iri_split(dm_buf_str(&iri), &graph, &key)) {
        status = DM_ERR_ARGUMENT; // It would be an event's name
    }
    if (!status) {
        const struct dm_term term = dm_term_iri(dm_buf_str(&iri));
        status = dm_dict_put(txn->dict, &term, &id);
    }
    if (!status) {
        status = dm_conn_take(txn->conn, DM_Q_METRIC_PUT, &row);
    }
    if (!status) {
        const int64_t values[] = {(int64_t)present->key[1],
                                  (int64_t)dm_id_payload(id)};
        dm_bind_ints(row, values, 2);
        dm_bind_text(row, 3, label);
        status = dm_conn_step(txn->conn, row);
        dm_conn_give(txn->conn, DM_Q_METRIC_PUT, row);
        status = status == DM_END ? DM_OK : status;
    }
    dm_buf_done(&iri);
    *ret = dm_id_payload(id);
    return status;
}

// What the log's graph says of a metric, as it stands
static enum dm_status
stored_text(struct dm_txn *txn, dm_id graph, dm_id metric, enum dm_word word,
            struct dm_str *ret)
{
    const int64_t values[] = {(int64_t)metric, (int64_t)dm_word_id(word), 0,
                              (int64_t)graph};
    int64_t spo[3] = {0};
    struct dm_term term = {0};
    enum dm_status status =
        dm_conn_get(txn->conn, DM_Q_GRAPH_SCAN_SP, values, 4, spo, 3);
    *ret = (struct dm_str){"", 0};
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    status = dm_dict_term(txn->dict, (dm_id)spo[2],
                          &txn->store->presents->arena, &term);
    if (!status) {
        *ret = term.value;
    }
    return status;
}

static enum dm_status
read_texts(struct dm_txn *txn, dm_id graph, struct metric *metric)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < DM_COUNT_OF(metric_words); ++i) {
        status = stored_text(txn, graph, dm_id_make(DM_TAG_IRI, metric->number),
                             metric_words[i], &metric->texts[i]);
    }
    return status;
}

// Make the metric's i-th text `text` in the log's graph.
static enum dm_status
change_text(struct dm_txn *txn, dm_id graph, struct metric *metric, size_t i,
            struct dm_str text)
{
    struct dm_quad_ids quad = {
        .s = dm_id_make(DM_TAG_IRI, metric->number),
        .p = dm_word_id(metric_words[i]),
        .g = graph,
    };
    enum dm_status status = DM_OK;
    for (int add = 0; !status && add < 2; ++add) {
        const struct dm_str which = add ? text : metric->texts[i];
        if (which.n == 0) {
            continue;
        }
        const struct dm_term term =
            dm_term_literal(which, dm_word_iri(DM_WORD_STRING));
        status = dm_dict_put(txn->dict, &term, &quad.o);
        if (!status) {
            status = add ? dm_txn_add(txn, &quad) : dm_txn_remove(txn, &quad);
        }
    }
    const struct dm_str copy =
        dm_arena_copy(&txn->store->presents->arena, text);
    if (!status && !copy.data) {
        status = DM_ERR_NO_MEMORY;
    }
    metric->texts[i] = copy;
    return status;
}

// The metric of a label in the cache, read where it is not there
static enum dm_status
find_metric(struct dm_txn *txn, const struct dm_present_entry *present,
            struct dm_str label, struct metric **ret)
{
    struct dm_presents *presents = txn->store->presents;
    struct dm_buf *key = &presents->key;
    dm_buf_clear(key);
    dm_buf_put(key, present->key, sizeof(present->key));
    dm_buf_put_str(key, label);
    if (key->status) {
        return key->status;
    }
    const struct dm_map_entry *found =
        dm_map_get(&presents->metrics, dm_buf_str(key));
    if (found) {
        *ret = found->value.ptr;
        return DM_OK;
    }

    struct metric *metric =
        dm_arena_alloc(&presents->arena, 1, sizeof(*metric));
    const struct dm_str copy = dm_arena_copy(&presents->arena, dm_buf_str(key));
    if (!metric || !copy.data) {
        return DM_ERR_NO_MEMORY;
    }
    const dm_id graph =
        dm_dict_log(txn->dict, (dm_log_no)present->key[0])->graph;
    enum dm_status status = metric_number(txn, present, label, &metric->number);
    if (!status) {
        status = read_texts(txn, graph, metric);
    }
    if (status) {
        return status;
    }
    struct dm_map_entry *entry = dm_map_put(&presents->metrics, copy, NULL);
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    entry->value.ptr = metric;
    *ret = metric;
    return DM_OK;
}

// Whether the event that a present stands on has a value of a metric
static enum dm_status
has_metric(struct dm_txn *txn, const struct dm_present_entry *present,
           uint64_t metric, bool *ret)
{
    struct dm_arena arena;
    struct dm_row row;
    struct dm_row_sample sample;
    *ret = false;
    if (present->now.key < 0) {
        return DM_OK;
    }
    dm_arena_init(&arena, SIZE_MAX, NULL);
    enum dm_status status =
        dm_event_read(txn->conn, present->now.key, &arena, &row);
    while (!status && !*ret) {
        status = dm_row_next_sample(&row.samples, &sample);
        *ret = !status && sample.metric == metric;
    }
    dm_arena_done(&arena);
    return status == DM_END ? DM_OK : status;
}

// Make a metric's texts in the log's graph what a sample says.
static enum dm_status
change_texts(struct dm_txn *txn, const struct dm_present_entry *present,
             struct metric *metric, const struct dm_sample *sample,
             bool is_whole)
{
    const struct dm_str texts[3] = {sample->unit, sample->warn, sample->crit};
    const dm_id graph =
        dm_dict_log(txn->dict, (dm_log_no)present->key[0])->graph;
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < DM_COUNT_OF(texts); ++i) {
        if ((is_whole || texts[i].n) &&
            !dm_str_equal(texts[i], metric->texts[i])) {
            status = change_text(txn, graph, metric, i, texts[i]);
        }
    }
    return status;
}

enum dm_status
dm_presents_metric(struct dm_txn *txn, const struct dm_present_entry *present,
                   const struct dm_sample *sample, enum dm_texts texts,
                   uint64_t *ret)
{
    struct metric *metric = NULL;
    if (sample->label.n == 0) {
        return DM_ERR_ARGUMENT;
    }
    enum dm_status status = find_metric(txn, present, sample->label, &metric);
    if (status) {
        return status;
    }
    bool is_known = false;
    if (texts == DM_TEXTS_LATE &&
        (sample->unit.n || sample->warn.n || sample->crit.n)) {
        status = has_metric(txn, present, metric->number, &is_known);
    }
    if (!status && !is_known) {
        status =
            change_texts(txn, present, metric, sample, texts == DM_TEXTS_WHOLE);
    }
    *ret = metric->number;
    return status;
}
