// SPDX-License-Identifier: ISC

#include "quadstore/dict_private.h"

#include "base/alloc.h"
#include "quadstore/id_private.h"
#include "quadstore/lexical_private.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

// The longest term that is kept; readers bound theirs far below
#define KEY_BYTES_MAX (64U << 20U)
// What an entry of a map costs beside its key
#define ENTRY_BYTES (sizeof(struct dm_map_entry) + 4 * sizeof(uint32_t))
#define IDS_MAX ((size_t)1 << 28U)
// A language tag with "--ltr"
#define LANGUAGE_MAX 200
#define DIRECTION_BYTES 5
#define INLINE_TEXT_MAX 64

void
dm_dict_init(struct dm_dict *dict, struct dm_conn *conn,
             struct dm_account *account, size_t max_ids)
{
    *dict =
        (struct dm_dict){.conn = conn, .account = account, .max_ids = max_ids};
    dm_buf_init(&dict->key, KEY_BYTES_MAX);
    dm_arena_init(&dict->arena, SIZE_MAX, account);
    dm_arena_init(&dict->log_arena, SIZE_MAX, account);
    dm_map_init(&dict->ids, IDS_MAX, 0);
}

void
dm_dict_forget_ids(struct dm_dict *dict)
{
    if (dict->account) { // What the map's entries were charged
        dm_account_release(dict->account, dict->ids.n * ENTRY_BYTES);
    }
    dm_map_done(&dict->ids);
    dm_arena_done(&dict->arena);
}

void
dm_dict_forget(struct dm_dict *dict)
{
    dm_dict_forget_ids(dict);
    dm_free(dict->logs);
    dict->logs = NULL;
    dict->n_logs = 0;
    dict->logs_capacity = 0;
    dict->has_logs = false;
    dict->next_term = 0;
    dm_arena_done(&dict->log_arena);
}

void
dm_dict_done(struct dm_dict *dict)
{
    dm_dict_forget(dict);
    dm_buf_done(&dict->key);
}

// ------------------------------------------------------------------------ logs

enum dm_status
dm_dict_add_log(struct dm_dict *dict, struct dm_str iri, dm_id graph)
{
    struct dm_log_row *logs =
        dm_grow(dict->logs, &dict->logs_capacity, dict->n_logs + 1,
                sizeof(*logs), DM_LOG_NO_MAX);
    if (!logs) {
        return DM_ERR_NO_MEMORY;
    }
    dict->logs = logs;
    const struct dm_str copy = dm_arena_copy(&dict->log_arena, iri);
    if (!copy.data) {
        return DM_ERR_NO_MEMORY;
    }
    logs[dict->n_logs++] =
        (struct dm_log_row){.iri = copy, .graph = graph, .last = -1};
    return DM_OK;
}

static enum dm_status
read_log(struct dm_dict *dict, sqlite3_stmt *row)
{
    // Numbers are given from 1 on and never taken back
    if (sqlite3_column_int64(row, 0) != (int64_t)dict->n_logs + 1) {
        return DM_ERR_CORRUPT;
    }
    const enum dm_status status = dm_dict_add_log(
        dict, dm_column_bytes(row, 1), (dm_id)sqlite3_column_int64(row, 2));
    if (!status) {
        struct dm_log_row *log = &dict->logs[dict->n_logs - 1];
        log->last = sqlite3_column_int64(row, 3);
        log->events = sqlite3_column_int64(row, 4);
        log->blocks = sqlite3_column_int64(row, 5);
        log->block_bytes = sqlite3_column_int64(row, 6);
    }
    return status;
}

enum dm_status
dm_dict_logs(struct dm_dict *dict)
{
    if (dict->has_logs) {
        return DM_OK;
    }
    sqlite3_stmt *rows = NULL;
    enum dm_status status = dm_conn_take(dict->conn, DM_Q_LOG_EACH, &rows);
    if (status) {
        return status;
    }
    dict->n_logs = 0;
    while (!(status = dm_conn_step(dict->conn, rows))) {
        status = read_log(dict, rows);
        if (status) {
            break;
        }
    }
    dm_conn_give(dict->conn, DM_Q_LOG_EACH, rows);
    dict->has_logs = status == DM_END;
    return dict->has_logs ? DM_OK : status;
}

enum dm_status
dm_dict_log_number(const struct dm_dict *dict, struct dm_str iri,
                   dm_log_no *ret)
{
    assert(dict->has_logs);
    for (size_t i = 0; i < dict->n_logs; ++i) {
        if (dm_str_equal(dict->logs[i].iri, iri)) {
            *ret = (dm_log_no)(i + 1);
            return DM_OK;
        }
    }
    return DM_ERR_NOT_FOUND;
}

dm_log_no
dm_dict_log_of_graph(const struct dm_dict *dict, dm_id graph)
{
    assert(dict->has_logs);
    for (size_t i = 0; i < dict->n_logs; ++i) {
        if (dict->logs[i].graph == graph) {
            return (dm_log_no)(i + 1);
        }
    }
    return 0;
}

struct dm_log_row *
dm_dict_log(const struct dm_dict *dict, dm_log_no log)
{
    assert(dict->has_logs);
    return log >= 1 && log <= dict->n_logs ? &dict->logs[log - 1] : NULL;
}

// ---------------------------------------------------------------------- events

bool
dm_event_iri_split(struct dm_str iri, struct dm_str *ret_graph,
                   struct dm_event_key *ret_key)
{
    // 13 digits or more, a point, one or two digits: look from the end
    size_t mark = iri.n;
    while (mark > 0 && iri.data[mark - 1] != '#' && iri.n - mark < 20) {
        --mark;
    }
    if (mark < 2 || iri.data[mark - 1] != '#') {
        return false;
    }
    const struct dm_str key = dm_str_slice(iri, mark, iri.n);
    const size_t point = dm_str_find(key, dm_str_n(".", 1));
    uint64_t ms = 0;
    uint64_t n = 0;
    if (point == key.n ||
        !dm_str_to_uint(dm_str_slice(key, 0, point), INT64_MAX, &ms) ||
        !dm_str_to_uint(dm_str_slice(key, point + 1, key.n), DM_EVENT_N_MAX,
                        &n)) {
        return false;
    }
    const struct dm_event_key split = {
        .log = 1, .ms = (int64_t)ms, .n = (uint8_t)n};
    if (!dm_event_key_is_valid(&split)) {
        return false;
    }
    *ret_graph = dm_str_slice(iri, 0, mark - 1);
    *ret_key = split;
    return true;
}

// Whether an IRI is an event of a log with a number
static enum dm_status
find_event(struct dm_dict *dict, struct dm_str iri, dm_id *ret)
{
    struct dm_str graph;
    struct dm_event_key key;
    if (!dm_event_iri_split(iri, &graph, &key)) {
        return DM_END;
    }
    enum dm_status status = dm_dict_logs(dict);
    if (!status) {
        status = dm_dict_log_number(dict, graph, &key.log);
    }
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_END : status;
    }
    *ret = dm_id_from_event(&key);
    return DM_OK;
}

// ----------------------------------------------------------------- terms to
// ids

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

enum dm_status
dm_term_key(struct dm_dict *dict, const struct dm_term *term,
            struct dm_str *ret)
{
    static const char kinds[] = {'?', 'I', 'B', 'L', 'T'};
    static const char directions[] = {'-', 'l', 'r'};
    assert(term->kind != DM_TERM_NONE && term->kind != DM_TERM_TRIPLE);
    struct dm_buf *key = &dict->key;
    dm_buf_clear(key);
    dm_buf_putc(key, kinds[term->kind]);
    if (term->language.n > LANGUAGE_MAX - DIRECTION_BYTES) {
        return DM_ERR_LIMIT;
    }
    if (term->kind == DM_TERM_LITERAL) {
        // IRIs and language tags hold no NUL
        dm_buf_put_str(key, term->datatype);
        dm_buf_putc(key, '\0');
        for (size_t i = 0; i < term->language.n; ++i) {
            dm_buf_putc(key, lower(term->language.data[i]));
        }
        dm_buf_putc(key, directions[term->direction]);
    }
    dm_buf_put_str(key, term->value);
    *ret = dm_buf_str(key);
    return key->status;
}

dm_id
dm_dict_cached(const struct dm_dict *dict, struct dm_str key)
{
    const struct dm_map_entry *entry = dm_map_get(&dict->ids, key);
    return entry ? entry->value.number : DM_ID_NONE;
}

enum dm_status
dm_dict_cache(struct dm_dict *dict, struct dm_str key, dm_id id)
{
    if (dict->max_ids && dict->ids.n >= dict->max_ids) {
        dm_dict_forget_ids(dict);
    }
    if (dict->account && dm_account_charge(dict->account, ENTRY_BYTES)) {
        return DM_ERR_NO_MEMORY;
    }
    const struct dm_str copy = dm_arena_copy(&dict->arena, key);
    struct dm_map_entry *entry =
        copy.data ? dm_map_put(&dict->ids, copy, NULL) : NULL;
    if (!entry) {
        if (dict->account) {
            dm_account_release(dict->account, ENTRY_BYTES);
        }
        return DM_ERR_NO_MEMORY;
    }
    entry->value.number = id;
    return DM_OK;
}

enum dm_status
dm_dict_inline(struct dm_dict *dict, const struct dm_term *term, dm_id *ret)
{
    if (term->kind == DM_TERM_IRI) {
        return find_event(dict, term->value, ret);
    }
    if (term->kind != DM_TERM_LITERAL || term->language.n) {
        return DM_END;
    }
    const enum dm_word datatype = dm_word_find(term->datatype);
    return dm_lexical_inline(term->value, datatype, ret) ? DM_OK : DM_END;
}

// The language column: TAG, TAG--ltr or TAG--rtl
static struct dm_str
language_of(const struct dm_term *term, char text[LANGUAGE_MAX])
{
    if (term->direction == DM_DIRECTION_NONE) {
        return term->language;
    }
    assert(term->language.n <= LANGUAGE_MAX - DIRECTION_BYTES);
    if (term->language.n) {
        memcpy(text, term->language.data, term->language.n);
    }
    memcpy(text + term->language.n,
           term->direction == DM_DIRECTION_LTR ? "--ltr" : "--rtl",
           DIRECTION_BYTES);
    return dm_str_n(text, term->language.n + DIRECTION_BYTES);
}

static enum dm_id_tag
tag_of(enum dm_term_kind kind)
{
    static const enum dm_id_tag tags[] = {
        [DM_TERM_IRI] = DM_TAG_IRI,
        [DM_TERM_BLANK] = DM_TAG_BLANK,
        [DM_TERM_LITERAL] = DM_TAG_LITERAL,
    };
    assert((size_t)kind < DM_COUNT_OF(tags) && tags[kind]);
    return tags[kind];
}

// Put the row of a term that has none.
static enum dm_status
put_row(struct dm_dict *dict, const struct dm_term *term, dm_id datatype,
        dm_id *ret)
{
    const enum dm_id_tag tag = tag_of(term->kind);
    const int64_t values[] = {tag, (int64_t)datatype};
    char text[LANGUAGE_MAX];
    const struct dm_str language = language_of(term, text);
    sqlite3_stmt *row = NULL;
    enum dm_status status = DM_OK;
    if (!dict->next_term) {
        int64_t last = 0;
        status = dm_conn_get(dict->conn, DM_Q_TERM_LAST, NULL, 0, &last, 1);
        if (status && status != DM_ERR_NOT_FOUND) {
            return status;
        }
        dict->next_term = last < DM_WORD_RESERVED ? DM_WORD_RESERVED : last + 1;
    }
    status = dm_conn_take(dict->conn, DM_Q_TERM_PUT, &row);
    if (status) {
        return status;
    }
    dm_bind_ints(row, values, 2);
    dm_bind_text(row, 3, language);
    dm_bind_text(row, 4, term->value);
    (void)sqlite3_bind_int64(row, 5, dict->next_term);
    status = dm_conn_step(dict->conn, row);
    dm_conn_give(dict->conn, DM_Q_TERM_PUT, row);
    if (status != DM_END) {
        assert(status); // An INSERT has no rows
        return status;
    }
    *ret = dm_id_make(tag, (uint64_t)dict->next_term++);
    ++dict->n_new;
    return DM_OK;
}

// Find the row of a term whose datatype's id is known, or put it.
static enum dm_status
row_of_term(struct dm_dict *dict, const struct dm_term *term, dm_id datatype,
            dm_id *ret, bool may_put)
{
    const enum dm_id_tag tag = tag_of(term->kind);
    const int64_t values[] = {tag, (int64_t)datatype};
    char text[LANGUAGE_MAX];
    const struct dm_str language = language_of(term, text);

    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(dict->conn, DM_Q_TERM_FIND, &row);
    if (status) {
        return status;
    }
    dm_bind_ints(row, values, 2);
    dm_bind_text(row, 3, language);
    dm_bind_text(row, 4, term->value);
    status = dm_conn_step(dict->conn, row);
    if (!status) {
        *ret = dm_id_make(tag, (uint64_t)sqlite3_column_int64(row, 0));
    }
    dm_conn_give(dict->conn, DM_Q_TERM_FIND, row);
    if (status != DM_END) {
        return status;
    }
    return may_put ? put_row(dict, term, datatype, ret) : DM_ERR_NOT_FOUND;
}

static enum dm_status
find_or_put(struct dm_dict *dict, const struct dm_term *term, dm_id *ret,
            bool may_put)
{
    enum dm_status status = dm_dict_inline(dict, term, ret);
    if (status != DM_END) {
        return status;
    }

    struct dm_str key;
    status = dm_term_key(dict, term, &key);
    if (status) {
        return status;
    }
    const dm_id cached = dm_dict_cached(dict, key);
    if (cached && !dm_id_is_local(cached)) {
        *ret = cached;
        return DM_OK;
    }

    dm_id datatype = DM_ID_NONE;
    if (term->kind == DM_TERM_LITERAL) {
        const enum dm_word word = dm_word_find(term->datatype);
        if (word) {
            datatype = dm_word_id(word);
        } else {
            const struct dm_term type = dm_term_iri(term->datatype);
            status = find_or_put(dict, &type, &datatype, may_put);
        }
    }
    dm_id id = DM_ID_NONE;
    if (!status) {
        status = row_of_term(dict, term, datatype, &id, may_put);
    }
    if (!status) {
        status = dm_term_key(dict, term, &key);
    }
    if (!status) {
        status = dm_dict_cache(dict, key, id);
    }
    if (!status) {
        *ret = id;
    }
    return status;
}

enum dm_status
dm_dict_find(struct dm_dict *dict, const struct dm_term *term, dm_id *ret)
{
    return find_or_put(dict, term, ret, false);
}

enum dm_status
dm_dict_put(struct dm_dict *dict, const struct dm_term *term, dm_id *ret)
{
    return find_or_put(dict, term, ret, true);
}

enum dm_status
dm_dict_find_triple(struct dm_dict *dict, const dm_id spo[3], dm_id *ret)
{
    char bytes[1 + 3 * sizeof(dm_id)] = {'T'};
    memcpy(bytes + 1, spo, 3 * sizeof(dm_id));
    const struct dm_str key = dm_str_n(bytes, sizeof(bytes));
    const dm_id cached = dm_dict_cached(dict, key);
    if (cached && !dm_id_is_local(cached)) {
        *ret = cached;
        return DM_OK;
    }
    if (dm_id_is_local(spo[0] | spo[1] | spo[2])) {
        return DM_ERR_NOT_FOUND;
    }
    const int64_t values[] = {(int64_t)spo[0], (int64_t)spo[1],
                              (int64_t)spo[2]};
    int64_t n = 0;
    enum dm_status status =
        dm_conn_get(dict->conn, DM_Q_TRIPLE_TERM_FIND, values, 3, &n, 1);
    if (!status) {
        const dm_id id = dm_id_make(DM_TAG_TRIPLE, (uint64_t)n);
        status = dm_dict_cache(dict, key, id);
        if (!status) {
            *ret = id;
        }
    }
    return status;
}

enum dm_status
dm_dict_put_triple(struct dm_dict *dict, const dm_id spo[3], dm_id *ret)
{
    enum dm_status status = dm_dict_find_triple(dict, spo, ret);
    if (status != DM_ERR_NOT_FOUND) {
        return status;
    }
    const int64_t values[] = {(int64_t)spo[0], (int64_t)spo[1],
                              (int64_t)spo[2]};
    status = dm_conn_run(dict->conn, DM_Q_TRIPLE_TERM_PUT, values, 3);
    if (!status) {
        *ret = dm_id_make(DM_TAG_TRIPLE,
                          (uint64_t)sqlite3_last_insert_rowid(dict->conn->db));
        ++dict->n_new;
    }
    return status;
}

// ----------------------------------------------------------------- ids to
// terms

// Take "TAG--ltr" apart
static void
split_language(struct dm_str text, struct dm_term *term)
{
    static const struct dm_str ltr = DM_STR("--ltr");
    static const struct dm_str rtl = DM_STR("--rtl");
    term->language = text;
    if (dm_str_ends(text, ltr)) {
        term->direction = DM_DIRECTION_LTR;
    } else if (dm_str_ends(text, rtl)) {
        term->direction = DM_DIRECTION_RTL;
    } else {
        return;
    }
    term->language.n -= ltr.n;
}

static enum dm_status
inline_term(struct dm_dict *dict, dm_id id, struct dm_arena *arena,
            struct dm_term *ret)
{
    struct dm_event_key key;
    struct dm_buf text;
    struct dm_term term = {.kind = DM_TERM_LITERAL};
    enum dm_status status = DM_OK;
    if (dm_id_to_event(id, &key)) {
        status = dm_dict_logs(dict);
        const struct dm_log_row *log =
            status ? NULL : dm_dict_log(dict, key.log);
        if (!log) {
            return status ? status : DM_ERR_NOT_FOUND;
        }
        dm_buf_init(&text, log->iri.n + INLINE_TEXT_MAX);
        dm_buf_put_str(&text, log->iri);
        dm_buf_printf(&text, "#%" PRId64 ".%u", key.ms, (unsigned)key.n);
        term.kind = DM_TERM_IRI;
    } else {
        dm_buf_init(&text, INLINE_TEXT_MAX);
        const enum dm_word datatype = dm_lexical_format(id, &text);
        if (datatype == DM_WORD_NONE) {
            dm_buf_done(&text);
            return DM_ERR_NOT_FOUND;
        }
        term.datatype = dm_word_iri(datatype);
    }
    status = text.status;
    if (!status) {
        term.value = dm_arena_copy(arena, dm_buf_str(&text));
        status = term.value.data ? DM_OK : DM_ERR_NO_MEMORY;
    }
    dm_buf_done(&text);
    if (!status) {
        *ret = term;
    }
    return status;
}

// The term of the dictionary's row; `*ret_datatype` is still to be looked up.
static enum dm_status
row_term(struct dm_dict *dict, dm_id id, struct dm_arena *arena,
         struct dm_term *ret, dm_id *ret_datatype)
{
    static const enum dm_term_kind kinds[] = {
        [DM_TAG_NONE] = DM_TERM_NONE,
        [DM_TAG_IRI] = DM_TERM_IRI,
        [DM_TAG_BLANK] = DM_TERM_BLANK,
        [DM_TAG_LITERAL] = DM_TERM_LITERAL,
    };
    const int64_t number = (int64_t)dm_id_payload(id);
    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(dict->conn, DM_Q_TERM, &row);
    if (status) {
        return status;
    }
    dm_bind_ints(row, &number, 1);
    status = dm_conn_step(dict->conn, row);
    if (status == DM_END ||
        (!status && sqlite3_column_int(row, 0) != (int)dm_id_tag(id))) {
        status = DM_ERR_NOT_FOUND;
    }
    struct dm_term term = {.kind = kinds[dm_id_tag(id)]};
    if (!status) {
        const struct dm_str language =
            dm_arena_copy(arena, dm_column_bytes(row, 3));
        term.value = dm_arena_copy(arena, dm_column_bytes(row, 1));
        status = term.value.data && language.data ? DM_OK : DM_ERR_NO_MEMORY;
        split_language(language, &term);
        *ret_datatype = (dm_id)sqlite3_column_int64(row, 2);
    }
    dm_conn_give(dict->conn, DM_Q_TERM, row);
    if (!status) {
        *ret = term;
    }
    return status;
}

enum dm_status
dm_dict_term(struct dm_dict *dict, dm_id id, struct dm_arena *arena,
             struct dm_term *ret)
{
    if (dm_id_is_local(id) || dm_id_tag(id) == DM_TAG_NONE ||
        dm_id_tag(id) == DM_TAG_TRIPLE) {
        return DM_ERR_NOT_FOUND;
    }
    if (dm_id_is_inline(id)) {
        return inline_term(dict, id, arena, ret);
    }
    if (dm_id_tag(id) == DM_TAG_IRI && dm_id_payload(id) < DM_WORD_COUNT &&
        dm_id_payload(id) > 0) {
        *ret = dm_term_iri(dm_word_iri((enum dm_word)dm_id_payload(id)));
        return DM_OK;
    }

    struct dm_term term = {0};
    dm_id datatype = DM_ID_NONE;
    enum dm_status status = row_term(dict, id, arena, &term, &datatype);
    if (!status && term.kind == DM_TERM_LITERAL) {
        // A datatype is an IRI, so this does not go deeper
        struct dm_term type = {0};
        if (dm_id_tag(datatype) != DM_TAG_IRI &&
            dm_id_tag(datatype) != DM_TAG_EVENT) {
            return DM_ERR_CORRUPT;
        }
        status = dm_dict_term(dict, datatype, arena, &type);
        if (!status && type.kind != DM_TERM_IRI) {
            status = DM_ERR_CORRUPT;
        }
        term.datatype = type.value;
    }
    if (!status) {
        *ret = term;
    }
    return status;
}

enum dm_status
dm_dict_triple(struct dm_dict *dict, dm_id id, dm_id ret[3])
{
    if (dm_id_is_local(id) || dm_id_tag(id) != DM_TAG_TRIPLE) {
        return DM_ERR_NOT_FOUND;
    }
    const int64_t number = (int64_t)dm_id_payload(id);
    int64_t spo[3] = {0};
    const enum dm_status status =
        dm_conn_get(dict->conn, DM_Q_TRIPLE_TERM, &number, 1, spo, 3);
    for (int i = 0; !status && i < 3; ++i) {
        ret[i] = (dm_id)spo[i];
    }
    return status;
}
