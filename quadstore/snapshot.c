// SPDX-License-Identifier: ISC

#include "quadstore/store.h"

#include "base/alloc.h"
#include "quadstore/id_private.h"
#include "quadstore/store_private.h"
#include "quadstore/words_private.h"

#include <assert.h>
#include <string.h>

#define LOCALS_MAX ((size_t)1 << 26U)

// ------------------------------------------------------------------ local
// terms

// Make room for one more local term, and charge it.
static enum dm_status
grow_locals(struct dm_snapshot *snapshot)
{
    if (snapshot->n_locals < snapshot->locals_capacity) {
        return DM_OK;
    }
    const size_t before = snapshot->locals_capacity;
    const size_t want = before ? before * 2 : 16;
    const size_t more = (want - before) * sizeof(struct dm_local);
    if (want > LOCALS_MAX) {
        return DM_ERR_LIMIT;
    }
    if (dm_account_charge(&snapshot->work->account, more)) {
        return DM_ERR_NO_MEMORY;
    }
    struct dm_local *locals =
        dm_realloc(snapshot->locals, want, sizeof(*locals));
    if (!locals) {
        dm_account_release(&snapshot->work->account, more);
        return DM_ERR_NO_MEMORY;
    }
    snapshot->locals = locals;
    snapshot->locals_capacity = want;
    return DM_OK;
}

// Give a term that the dictionary has not an id under `key`.
static enum dm_status
add_local(struct dm_snapshot *snapshot, const struct dm_local *local,
          enum dm_id_tag tag, struct dm_str key, dm_id *ret)
{
    enum dm_status status = grow_locals(snapshot);
    if (status) {
        return status;
    }
    const dm_id id = DM_ID_LOCAL_BIT | dm_id_make(tag, snapshot->n_locals + 1);
    status = dm_dict_cache(&snapshot->dict, key, id);
    if (status) {
        return status;
    }
    snapshot->locals[snapshot->n_locals++] = *local;
    *ret = id;
    return DM_OK;
}

static const struct dm_local *
find_local(const struct dm_snapshot *snapshot, dm_id id)
{
    const uint64_t number = dm_id_payload(id);
    return dm_id_is_local(id) && number >= 1 && number <= snapshot->n_locals
               ? &snapshot->locals[number - 1]
               : NULL;
}

// ----------------------------------------------------------------- terms to
// ids

static enum dm_status
intern_simple(struct dm_snapshot *snapshot, const struct dm_term *term,
              bool may_add, dm_id *ret)
{
    static const enum dm_id_tag tags[] = {
        [DM_TERM_IRI] = DM_TAG_IRI,
        [DM_TERM_BLANK] = DM_TAG_BLANK,
        [DM_TERM_LITERAL] = DM_TAG_LITERAL,
    };
    enum dm_status status = dm_dict_inline(&snapshot->dict, term, ret);
    if (status != DM_END) {
        return status;
    }
    struct dm_str key;
    status = dm_term_key(&snapshot->dict, term, &key);
    if (status) {
        return status;
    }
    const dm_id cached = dm_dict_cached(&snapshot->dict, key);
    if (cached) {
        *ret = cached;
        return DM_OK;
    }
    status = dm_dict_find(&snapshot->dict, term, ret);
    if (status != DM_ERR_NOT_FOUND || !may_add) {
        return status;
    }

    struct dm_local local = {0};
    status = dm_term_copy(&snapshot->local_arena, term, &local.term);
    if (!status) {
        status = dm_term_key(&snapshot->dict, term, &key);
    }
    if (!status) {
        status = add_local(snapshot, &local, tags[term->kind], key, ret);
    }
    return status;
}

static enum dm_status
intern_triple(struct dm_snapshot *snapshot, const dm_id spo[3], bool may_add,
              dm_id *ret)
{
    char bytes[1 + 3 * sizeof(dm_id)] = {'T'};
    memcpy(bytes + 1, spo, 3 * sizeof(dm_id));
    const struct dm_str key = dm_str_n(bytes, sizeof(bytes));
    const dm_id cached = dm_dict_cached(&snapshot->dict, key);
    if (cached) {
        *ret = cached;
        return DM_OK;
    }
    const enum dm_status status =
        dm_dict_find_triple(&snapshot->dict, spo, ret);
    if (status != DM_ERR_NOT_FOUND || !may_add) {
        return status;
    }
    const struct dm_local local = {.term = {.kind = DM_TERM_TRIPLE},
                                   .spo = {spo[0], spo[1], spo[2]}};
    return add_local(snapshot, &local, DM_TAG_TRIPLE, key, ret);
}

static enum dm_status
intern(struct dm_snapshot *snapshot, const struct dm_term *term, bool may_add,
       dm_id *ret)
{
    assert(term->kind != DM_TERM_NONE);
    if (term->kind != DM_TERM_TRIPLE) {
        return intern_simple(snapshot, term, may_add, ret);
    }
    if (dm_term_depth(term) > DM_TRIPLE_DEPTH_MAX) {
        return DM_ERR_LIMIT;
    }
    dm_id spo[3] = {0};
    enum dm_status status =
        intern(snapshot, &term->triple->s, may_add, &spo[0]);
    if (!status) {
        status = intern(snapshot, &term->triple->p, may_add, &spo[1]);
    }
    if (!status) {
        status = intern(snapshot, &term->triple->o, may_add, &spo[2]);
    }
    return status ? status : intern_triple(snapshot, spo, may_add, ret);
}

enum dm_status
dm_snapshot_intern(struct dm_snapshot *snapshot, const struct dm_term *term,
                   dm_id *ret)
{
    dm_id id = DM_ID_NONE;
    const enum dm_status status = intern(snapshot, term, true, &id);
    if (!status) {
        *ret = id;
    }
    return status;
}

enum dm_status
dm_snapshot_find(struct dm_snapshot *snapshot, const struct dm_term *term,
                 dm_id *ret)
{
    dm_id id = DM_ID_NONE;
    const enum dm_status status = intern(snapshot, term, false, &id);
    if (!status) {
        *ret = id;
    }
    return status;
}

enum dm_status
dm_snapshot_intern_text(struct dm_snapshot *snapshot, struct dm_str text,
                        dm_id *ret)
{
    const struct dm_term term =
        dm_term_literal(text, dm_word_iri(DM_WORD_STRING));
    return dm_snapshot_intern(snapshot, &term, ret);
}

enum dm_status
dm_snapshot_intern_triple(struct dm_snapshot *snapshot, dm_id s, dm_id p,
                          dm_id o, dm_id *ret)
{
    assert(s && p && o);
    const dm_id spo[3] = {s, p, o};
    dm_id id = DM_ID_NONE;
    const enum dm_status status = intern_triple(snapshot, spo, true, &id);
    if (!status) {
        *ret = id;
    }
    return status;
}

// ----------------------------------------------------------------- ids to
// terms

static enum dm_status term_at_depth(struct dm_snapshot *snapshot, dm_id id,
                                    unsigned depth, struct dm_term *ret);

enum dm_status
dm_snapshot_triple(struct dm_snapshot *snapshot, dm_id id, dm_id *ret_s,
                   dm_id *ret_p, dm_id *ret_o)
{
    dm_id spo[3] = {0};
    if (dm_id_tag(id) != DM_TAG_TRIPLE) {
        return DM_ERR_NOT_FOUND;
    }
    if (dm_id_is_local(id)) {
        const struct dm_local *local = find_local(snapshot, id);
        if (!local || local->term.kind != DM_TERM_TRIPLE) {
            return DM_ERR_NOT_FOUND;
        }
        memcpy(spo, local->spo, sizeof(spo));
    } else {
        const enum dm_status status = dm_dict_triple(&snapshot->dict, id, spo);
        if (status) {
            return status;
        }
    }
    *ret_s = spo[0];
    *ret_p = spo[1];
    *ret_o = spo[2];
    return DM_OK;
}

static enum dm_status
triple_term(struct dm_snapshot *snapshot, dm_id id, unsigned depth,
            struct dm_term *ret)
{
    dm_id s = DM_ID_NONE;
    dm_id p = DM_ID_NONE;
    dm_id o = DM_ID_NONE;
    if (depth == DM_TRIPLE_DEPTH_MAX) {
        return DM_ERR_CORRUPT;
    }
    enum dm_status status = dm_snapshot_triple(snapshot, id, &s, &p, &o);
    if (status) {
        return status;
    }
    struct dm_triple *triple =
        dm_arena_alloc(&snapshot->texts, 1, sizeof(*triple));
    if (!triple) {
        return DM_ERR_NO_MEMORY;
    }
    status = term_at_depth(snapshot, s, depth + 1, &triple->s);
    if (!status) {
        status = term_at_depth(snapshot, p, depth + 1, &triple->p);
    }
    if (!status) {
        status = term_at_depth(snapshot, o, depth + 1, &triple->o);
    }
    if (!status) {
        *ret = dm_term_triple(triple);
    }
    return status;
}

static enum dm_status
term_at_depth(struct dm_snapshot *snapshot, dm_id id, unsigned depth,
              struct dm_term *ret)
{
    if (dm_id_tag(id) == DM_TAG_TRIPLE) {
        return triple_term(snapshot, id, depth, ret);
    }
    if (dm_id_is_local(id)) {
        const struct dm_local *local = find_local(snapshot, id);
        if (!local || local->term.kind == DM_TERM_TRIPLE) {
            return DM_ERR_NOT_FOUND;
        }
        *ret = local->term;
        return DM_OK;
    }
    return dm_dict_term(&snapshot->dict, id, &snapshot->texts, ret);
}

// The place of an id in the cache of terms, which is made at the first call
static struct dm_snapshot_term *
cache_place(struct dm_snapshot *snapshot, dm_id id)
{
    if (!snapshot->terms) {
        snapshot->terms = dm_snapshot_alloc(
            snapshot, DM_SNAPSHOT_TERMS * sizeof(*snapshot->terms));
        if (!snapshot->terms) {
            return NULL;
        }
    }
    const uint64_t mixed = (id ^ id >> 32U) * UINT64_C(0x9E3779B97F4A7C15);
    return &snapshot->terms[mixed >> 56U];
}

static_assert(DM_SNAPSHOT_TERMS == 256, "eight bits choose a place");

enum dm_status
dm_snapshot_term(struct dm_snapshot *snapshot, dm_id id, struct dm_term *ret)
{
    assert(id != DM_ID_NONE);
    struct dm_snapshot_term *place = cache_place(snapshot, id);
    if (!place) {
        return DM_ERR_NO_MEMORY;
    }
    if (place->id == id) {
        *ret = place->term;
        return DM_OK;
    }
    struct dm_term term = {0};
    const enum dm_status status = term_at_depth(snapshot, id, 0, &term);
    if (!status) {
        *place = (struct dm_snapshot_term){id, term};
        *ret = term;
    }
    return status;
}

void
dm_snapshot_release_texts(struct dm_snapshot *snapshot)
{
    if (snapshot->terms) {
        memset(snapshot->terms, 0,
               DM_SNAPSHOT_TERMS * sizeof(*snapshot->terms));
    }
    dm_arena_done(&snapshot->texts);
}

// ------------------------------------------------------------------------ logs

enum dm_status
dm_snapshot_log_number(struct dm_snapshot *snapshot, struct dm_str iri,
                       dm_log_no *ret)
{
    const enum dm_status status = dm_dict_logs(&snapshot->dict);
    return status ? status : dm_dict_log_number(&snapshot->dict, iri, ret);
}

enum dm_status
dm_snapshot_log_iri(struct dm_snapshot *snapshot, dm_log_no log,
                    struct dm_str *ret)
{
    const enum dm_status status = dm_dict_logs(&snapshot->dict);
    if (status) {
        return status;
    }
    const struct dm_log_row *row = dm_dict_log(&snapshot->dict, log);
    if (!row) {
        return DM_ERR_NOT_FOUND;
    }
    *ret = row->iri;
    return DM_OK;
}

// --------------------------------------------------------------------- metrics

// The text of the only object of (s, p) in a graph, "" where there is none
static enum dm_status
text_in_graph(struct dm_snapshot *snapshot, dm_id s, enum dm_word word, dm_id g,
              struct dm_str *ret)
{
    const int64_t values[] = {(int64_t)s, (int64_t)dm_word_id(word), 0,
                              (int64_t)g};
    int64_t spo[3] = {0};
    enum dm_status status =
        dm_conn_get(snapshot->conn, DM_Q_GRAPH_SCAN_SP, values, 4, spo, 3);
    *ret = (struct dm_str){"", 0};
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    struct dm_term term = {0};
    status = dm_dict_term(&snapshot->dict, (dm_id)spo[2],
                          &snapshot->metric_arena, &term);
    if (!status) {
        *ret = term.value;
    }
    return status;
}

static enum dm_status
read_metric(struct dm_snapshot *snapshot, struct dm_metric_row *row)
{
    const int64_t number = (int64_t)row->metric;
    sqlite3_stmt *found = NULL;
    enum dm_status status = dm_conn_take(snapshot->conn, DM_Q_METRIC, &found);
    if (status) {
        return status;
    }
    dm_bind_ints(found, &number, 1);
    status = dm_conn_step(snapshot->conn, found);
    if (!status) {
        row->label =
            dm_arena_copy(&snapshot->metric_arena, dm_column_bytes(found, 1));
        status = row->label.data ? DM_OK : DM_ERR_NO_MEMORY;
    } else if (status == DM_END) {
        status = DM_ERR_CORRUPT;
    }
    dm_conn_give(snapshot->conn, DM_Q_METRIC, found);

    const struct dm_log_row *log = dm_dict_log(&snapshot->dict, row->log);
    const dm_id metric = dm_id_make(DM_TAG_IRI, row->metric);
    if (!status && !log) {
        status = DM_ERR_CORRUPT;
    }
    if (!status) {
        status = text_in_graph(snapshot, metric, DM_WORD_UNIT, log->graph,
                               &row->unit);
    }
    if (!status) {
        status = text_in_graph(snapshot, metric, DM_WORD_WARN, log->graph,
                               &row->warn);
    }
    if (!status) {
        status = text_in_graph(snapshot, metric, DM_WORD_CRIT, log->graph,
                               &row->crit);
    }
    return status;
}

enum dm_status
dm_snapshot_metric(struct dm_snapshot *snapshot, uint64_t metric, dm_log_no log,
                   const struct dm_metric_row **ret)
{
    uint64_t key[2] = {metric, log};
    const struct dm_str bytes = dm_str_n((const char *)key, sizeof(key));
    struct dm_map_entry *entry = dm_map_get(&snapshot->metrics, bytes);
    if (entry) {
        *ret = entry->value.ptr;
        return DM_OK;
    }

    enum dm_status status = dm_dict_logs(&snapshot->dict);
    struct dm_metric_row *row =
        dm_arena_alloc(&snapshot->metric_arena, 1, sizeof(*row));
    const struct dm_str copy = dm_arena_copy(&snapshot->metric_arena, bytes);
    if (status || !row || !copy.data) {
        return status ? status : DM_ERR_NO_MEMORY;
    }
    *row = (struct dm_metric_row){.metric = metric, .log = log};
    status = read_metric(snapshot, row);
    if (status) {
        return status;
    }
    if (dm_account_charge(&snapshot->work->account,
                          sizeof(struct dm_map_entry))) {
        return DM_ERR_NO_MEMORY;
    }
    entry = dm_map_put(&snapshot->metrics, copy, NULL);
    if (!entry) {
        dm_account_release(&snapshot->work->account,
                           sizeof(struct dm_map_entry));
        return DM_ERR_NO_MEMORY;
    }
    entry->value.ptr = row;
    *ret = row;
    return DM_OK;
}
