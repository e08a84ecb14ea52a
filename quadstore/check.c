// SPDX-License-Identifier: ISC

#include "quadstore/store.h"

#include "quadstore/cursor_private.h"
#include "quadstore/id_private.h"
#include "quadstore/txn_private.h"
#include "quadstore/words_private.h"

#include <inttypes.h>

// What is always true of a committed store. Each rule is a query for rows that
// break it, of one to three numbers that say which; those that need more than
// SQL are functions below. The words stand in the error.
//
//   S1  The file is whole: SQLite finds no fault in its trees and indexes.
//   S2  A term with a row is no term that could be inline (C).
//   S3  A literal has the datatype of an IRI that is there, no other term has
//       one; a language where its datatype says so and nowhere else.
//   S4  Words have their numbers, and no other term has one below 256 (C).
//   S5  What triple terms, quads and graphs are made of is there.
//   S6  A triple of the union counts the quads it stands for.
//   S7  Graphs and predicates count their quads and triples.
//   S8  Logs are numbered without gaps, their graph is their IRI, and no event
//       is of another one.
//   S9  A log counts its events, and none is newer than its newest key.
//   S10 An event's row can be read, and is one that could be written (C).
//   S11 An event's check, failure and metrics are there, the metrics its
//       check's, and the statement that it reifies (C).
//   S12 What ms and at of an event differ by is known of its hour (C).
//   S13 An event's row says whether its graph says more of it.
//   S14 The present is the newest result of its log and check.
//   S15 What the present says of its event, run and certificate is so (C).
//   S16 meta counts what is there.
//   S17 A block is of a log that is there, and its name has its length.
//   S18 An entry, payload, node or Head has a place of its own, a Manifest,
//       part or proof is held once in its log and kind.
//   S19 A log counts its blocks and their bytes.
struct rule {
    const char *name;
    const char *words;
    const char *sql;
};

#define PAYLOAD(id) "(" id " & ((1 << 59) - 1))"
#define HAS_ROW(id, kind)                                                      \
    " WHEN " kind " THEN EXISTS (SELECT 1 FROM term WHERE n = " PAYLOAD(       \
        id) " AND kind = " kind ")"
// Whether an id is of something that is there
#define IS_THERE(id)                                                           \
    "(CASE " id " >> 59" HAS_ROW(id, "1") HAS_ROW(id, "2") HAS_ROW(            \
        id, "3") " WHEN 4 THEN EXISTS (SELECT 1 FROM triple_term WHERE n "     \
                 "= " PAYLOAD(id) ") WHEN 5 THEN EXISTS (SELECT 1 FROM log "   \
                                  "WHERE n = " PAYLOAD(id) " >> 47) ELSE " id  \
                                                           " >> 59 BETWEEN 6 " \
                                                           "AND 10 END)"
#define LOG_OF(key) "((" key " >> 47) + 1)"

static const struct rule rules[] = {
    {"S3", "a term has a datatype or language that does not fit",
     "SELECT n FROM term x WHERE (kind = 3) <> (datatype <> 0)"
     " OR (datatype <> 0 AND NOT (datatype >> 59 IN (1, 5) AND " IS_THERE(
         "x.datatype") "))"
                       " OR (lang <> '' AND datatype NOT IN (1 << 59 | 22, 1 "
                       "<< 59 | 23))"
                       " OR kind NOT IN (1, 2, 3)"},
    {"S5", "a triple term is made of something that is not there",
     "SELECT n FROM triple_term x WHERE NOT " IS_THERE(
         "x.s") " OR NOT " IS_THERE("x.p") " OR NOT " IS_THERE("x.o")},
    {"S5", "a quad is made of something that is not there",
     "SELECT s, p, o FROM quad x WHERE NOT " IS_THERE(
         "x.s") " OR NOT " IS_THERE("x.p") " OR NOT " IS_THERE("x.o") " OR (g "
                                                                      "<> 0 "
                                                                      "AND "
                                                                      "NOT"
                                                                      " " IS_THERE(
                                                                          "x.g") ")"},
    {"S6", "a triple does not count its quads",
     "SELECT s, p, o FROM triple t WHERE n <> (SELECT count(*) FROM quad q"
     " WHERE q.s = t.s AND q.p = t.p AND q.o = t.o) OR n < 1"},
    {"S6", "a quad is not in the union",
     "SELECT s, p, o FROM quad q WHERE NOT EXISTS (SELECT 1 FROM triple t"
     " WHERE q.s = t.s AND q.p = t.p AND q.o = t.o)"},
    {"S7", "a graph does not count its quads",
     "SELECT g, n FROM graph WHERE n <> (SELECT count(*) FROM quad"
     " WHERE quad.g = graph.g)"},
    {"S7", "a graph with quads was not made",
     "SELECT g FROM quad WHERE NOT EXISTS (SELECT 1 FROM graph"
     " WHERE graph.g = quad.g)"},
    {"S7", "a predicate does not count its triples",
     "SELECT p, n FROM predicate WHERE n <> (SELECT count(*) FROM triple"
     " WHERE triple.p = predicate.p)"},
    {"S7", "a predicate with triples is not counted",
     "SELECT p FROM triple WHERE NOT EXISTS (SELECT 1 FROM predicate"
     " WHERE predicate.p = triple.p)"},
    {"S8", "a log has a wrong number or graph",
     "SELECT log.n FROM log WHERE log.n > (SELECT count(*) FROM log) OR log.n "
     "< 1"
     " OR NOT EXISTS (SELECT 1 FROM term WHERE kind = 1"
     " AND term.value = log.iri AND term.n = " PAYLOAD(
         "graph") ")"
                  " OR graph >> 59 <> 1"},
    {"S8", "an event is of a log that is not there",
     "SELECT k FROM event WHERE k < 0 OR NOT EXISTS (SELECT 1 FROM log"
     " WHERE n = " LOG_OF("k") ")"},
    {"S9", "a log does not count its events",
     "SELECT n, events FROM log WHERE events <> (SELECT count(*) FROM event"
     " WHERE k >= (log.n - 1) << 47 AND k < log.n << 47)"},
    {"S9", "an event is newer than its log's newest key",
     "SELECT n FROM log WHERE last < (SELECT max(k) FROM event"
     " WHERE k >= (log.n - 1) << 47 AND k < log.n << 47)"},
    {"S11", "an event is of a check that is not there",
     "SELECT k, c FROM event WHERE NOT EXISTS (SELECT 1 FROM term"
     " WHERE n = c AND kind = 1)"},
    {"S11", "the statement that an event reifies is not there",
     "SELECT k, c FROM event WHERE NOT EXISTS (SELECT 1 FROM triple_term"
     " WHERE s = (1 << 59 | c) AND p = (1 << 59 | 9)"
     " AND o = (1 << 59 | (10 + (bits & 7))))"},
    {"S11", "a metric is not named by its check and label",
     "SELECT term FROM metric m WHERE NOT EXISTS (SELECT 1 FROM term t,"
     " term c WHERE t.n = m.term AND t.kind = 1 AND c.n = m.c"
     " AND c.kind = 1 AND substr(t.value, 1, length(c.value) + 1)"
     " = c.value || '#')"},
    {"S13", "a row does not say that the graph says more of the event",
     "SELECT k FROM event WHERE ((bits & 8) <> 0) <> EXISTS (SELECT 1"
     " FROM quad WHERE g = (SELECT graph FROM log WHERE n = " LOG_OF(
         "k") ") AND s = (5 << 59 | (k + (1 << 47))))"},
    {"S14", "the present is not the newest result",
     "SELECT log, c, k FROM latest l WHERE EXISTS (SELECT 1 FROM event e"
     " WHERE e.c = l.c AND e.k > l.k AND e.k >= (l.log - 1) << 47"
     " AND e.k < l.log << 47 AND (e.bits & 7) <= 3)"},
    {"S14", "the present stands on an event that is not there",
     "SELECT log, c, k FROM latest l WHERE (k >= 0 AND NOT EXISTS"
     " (SELECT 1 FROM event e WHERE e.k = l.k AND e.c = l.c"
     " AND (e.bits & 7) <= 3 AND " LOG_OF(
         "e.k") " = l.log))"
                " OR (started >= 0 AND NOT EXISTS (SELECT 1 FROM event e"
                " WHERE e.k = l.started AND e.c = l.c AND (e.bits & 7) = 5"
                " AND " LOG_OF("e.k") " = l.log))"},
    {"S15", "the present counts what cannot be",
     "SELECT log, c FROM latest WHERE (k >= 0) <> (streak > 0)"
     " OR (k >= 0) <> (since IS NOT NULL) OR (bad > 0) <> (bad_since IS NOT"
     " NULL) OR bad < 0 OR (certificate_k >= 0) <> (certificate IS NOT NULL)"
     " OR (k < 0 AND started < 0 AND certificate_k < 0)"},
    {"S15", "the present does not count its event as its status asks",
     "SELECT l.log, l.c, l.k FROM latest l, event e WHERE e.k = l.k"
     " AND (((e.bits & 7) = 0 AND l.bad > 0)"
     " OR ((e.bits & 7) IN (1, 2) AND l.bad < 1))"},
    {"S16", "the number of terms is wrong",
     "SELECT v FROM meta WHERE k = 2 AND v <> (SELECT count(*) FROM term)"
     " + (SELECT count(*) FROM triple_term)"},
    {"S16", "the number of quads is wrong",
     "SELECT count(*) FROM quad HAVING count(*)"
     " <> ifnull((SELECT v FROM meta WHERE k = 3), 0)"},
    {"S16", "the number of triples is wrong",
     "SELECT count(*) FROM triple HAVING count(*)"
     " <> ifnull((SELECT v FROM meta WHERE k = 4), 0)"},
    {"S16", "the number of presents is wrong",
     "SELECT count(*) FROM latest HAVING count(*)"
     " <> ifnull((SELECT v FROM meta WHERE k = 5), 0)"},
    {"S17", "a block is of a log that is not there",
     "SELECT n, place FROM block WHERE NOT EXISTS (SELECT 1 FROM log"
     " WHERE log.n = place >> 51)"},
    {"S17", "a block has a name of another length",
     "SELECT n FROM block WHERE length(name) <> 28"
     " OR typeof(name) <> 'blob' OR typeof(data) <> 'blob'"},
    {"S18", "two blocks have one place",
     "SELECT place FROM block WHERE (place >> 48 & 7) < 5"
     " GROUP BY place HAVING count(*) > 1"},
    {"S18", "a block is held twice",
     "SELECT min(n), max(n) FROM block WHERE (place >> 48 & 7) >= 5"
     " GROUP BY place >> 48, hash, name HAVING count(*) > 1"},
    {"S19", "a log does not count its blocks",
     "SELECT n, blocks, block_bytes FROM log WHERE (blocks, block_bytes) <>"
     " (SELECT count(*), ifnull(sum(length(data)), 0) FROM block"
     " WHERE place BETWEEN log.n << 51 AND log.n << 51 | ((1 << 51) - 1))"},
};

static enum dm_status
complain(struct dm_error *error, const char *name, const char *words,
         const int64_t *numbers, int n)
{
    (void)dm_error_set(error, DM_ERR_CORRUPT, "%s: %s", name, words);
    if (n == 1) {
        dm_error_detail(error, "row %" PRId64, numbers[0]);
    } else if (n == 2) {
        dm_error_detail(error, "row %" PRId64 ", %" PRId64, numbers[0],
                        numbers[1]);
    } else if (n > 2) {
        dm_error_detail(error, "row %" PRId64 ", %" PRId64 ", %" PRId64,
                        numbers[0], numbers[1], numbers[2]);
    }
    return DM_ERR_CORRUPT;
}

static enum dm_status
check_rule(struct dm_conn *conn, const struct rule *rule,
           struct dm_error *error)
{
    sqlite3_stmt *rows = NULL;
    const int code = sqlite3_prepare_v2(conn->db, rule->sql, -1, &rows, NULL);
    if (code != SQLITE_OK) {
        return dm_conn_status(conn, code);
    }
    enum dm_status status = dm_conn_step(conn, rows);
    if (!status) {
        int64_t numbers[3] = {0};
        const int n = sqlite3_column_count(rows);
        for (int i = 0; i < n && i < 3; ++i) {
            numbers[i] = sqlite3_column_int64(rows, i);
        }
        status = complain(error, rule->name, rule->words, numbers, n);
    }
    (void)sqlite3_finalize(rows);
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
check_file(struct dm_conn *conn, struct dm_error *error)
{
    sqlite3_stmt *rows = NULL;
    const int code = sqlite3_prepare_v2(conn->db, "PRAGMA integrity_check(1)",
                                        -1, &rows, NULL);
    if (code != SQLITE_OK) {
        return dm_conn_status(conn, code);
    }
    enum dm_status status = dm_conn_step(conn, rows);
    if (!status) {
        const struct dm_str said = dm_column_bytes(rows, 0);
        if (!dm_str_is(said, "ok")) {
            status = complain(error, "S1", "the file is damaged", NULL, 0);
            dm_error_detail(error, "%.*s", (int)said.n, said.data);
        }
    }
    (void)sqlite3_finalize(rows);
    return status == DM_END ? DM_OK : status;
}

// ----------------------------------------------------------------------- terms

static enum dm_status
check_term(struct dm_snapshot *snapshot, int64_t n, struct dm_error *error)
{
    struct dm_arena *arena = &snapshot->texts;
    struct dm_term term = {0};
    dm_id again = DM_ID_NONE;
    int64_t kind = 0;
    enum dm_status status =
        dm_conn_get(snapshot->conn, DM_Q_TERM, &n, 1, &kind, 1);
    if (!status && (kind < DM_TAG_IRI || kind > DM_TAG_LITERAL)) {
        status = DM_ERR_CORRUPT;
    }
    if (!status) {
        status = dm_dict_term(&snapshot->dict,
                              dm_id_make((enum dm_id_tag)kind, (uint64_t)n),
                              arena, &term);
    }
    if (status) {
        return status == DM_ERR_CORRUPT || status == DM_ERR_NOT_FOUND
                   ? complain(error, "S3", "a term cannot be read", &n, 1)
                   : status;
    }
    status = dm_dict_inline(&snapshot->dict, &term, &again);
    if (!status) {
        return complain(error, "S2", "a term with a row could be inline", &n,
                        1);
    }
    const enum dm_word word = term.kind == DM_TERM_IRI && kind == DM_TAG_IRI
                                  ? dm_word_find(term.value)
                                  : DM_WORD_NONE;
    const bool is_fixed = n < DM_WORD_RESERVED;
    if (status == DM_END && is_fixed != (word != DM_WORD_NONE)) {
        return complain(error, "S4", "a word has not its number", &n, 1);
    }
    dm_snapshot_release_texts(snapshot);
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
check_terms(struct dm_snapshot *snapshot, struct dm_error *error)
{
    int64_t n = INT64_MIN;
    for (;;) {
        enum dm_status status =
            dm_conn_get(snapshot->conn, DM_Q_TERM_EACH, &n, 1, &n, 1);
        if (status) {
            return status == DM_ERR_NOT_FOUND ? DM_OK : status;
        }
        status = check_term(snapshot, n, error);
        if (status) {
            return status;
        }
    }
}

// The words have IRIs that dm_dict_term() does not read from their rows.
static enum dm_status
check_words(struct dm_snapshot *snapshot, struct dm_error *error)
{
    for (int word = DM_WORD_NONE + 1; word < DM_WORD_COUNT; ++word) {
        const int64_t n = word;
        sqlite3_stmt *row = NULL;
        enum dm_status status = dm_conn_take(snapshot->conn, DM_Q_TERM, &row);
        if (status) {
            return status;
        }
        dm_bind_ints(row, &n, 1);
        status = dm_conn_step(snapshot->conn, row);
        const bool is_there =
            !status && dm_str_equal(dm_column_bytes(row, 1),
                                    dm_word_iri((enum dm_word)word));
        dm_conn_give(snapshot->conn, DM_Q_TERM, row);
        if (status && status != DM_END) {
            return status;
        }
        if (!is_there) {
            return complain(error, "S4", "a word has not its number", &n, 1);
        }
    }
    return DM_OK;
}

// ---------------------------------------------------------------------- events

static enum dm_status
check_samples(struct dm_snapshot *snapshot, const struct dm_row *row,
              struct dm_error *error)
{
    struct dm_str samples = row->samples;
    struct dm_row_sample sample;
    enum dm_status status = DM_OK;
    while (!(status = dm_row_next_sample(&samples, &sample))) {
        const int64_t metric = (int64_t)sample.metric;
        int64_t check = 0;
        status =
            dm_conn_get(snapshot->conn, DM_Q_METRIC, &metric, 1, &check, 1);
        if (status == DM_ERR_NOT_FOUND || (!status && check != row->check)) {
            return complain(error, "S11",
                            "an event has a metric that is not its check's",
                            &row->key, 1);
        }
        if (status) {
            return status;
        }
    }
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
check_lag(struct dm_snapshot *snapshot, const struct dm_row *row,
          struct dm_error *error)
{
    const struct dm_event_key key = dm_event_key_load(row->key);
    int64_t most = 0;
    if (row->lag == 0) {
        return DM_OK;
    }
    const enum dm_status status =
        dm_lag_most(snapshot->conn, key.log, key.ms, key.ms, &most);
    if (!status && most < row->lag) {
        return complain(error, "S12",
                        "an hour does not know how far a clock was set back",
                        &row->key, 1);
    }
    return status;
}

static enum dm_status
check_event(struct dm_snapshot *snapshot, const struct dm_row *row,
            struct dm_error *error)
{
    static const int64_t micros_max = INT64_C(1000000000000000);
    const enum dm_result_status result = dm_row_status(row);
    int64_t kind = DM_TAG_IRI;
    enum dm_status status = DM_OK;
    if (row->bits > (DM_ROW_STATUS | DM_ROW_QUADS | DM_ROW_STATE) ||
        result > DM_RESULT_LOGGED || result == DM_RESULT_STALE ||
        row->micros < DM_NO_MICROS || row->micros >= micros_max) {
        return complain(error, "S10", "an event's row could not be written",
                        &row->key, 1);
    }
    if (row->failure) {
        const int64_t failure = (int64_t)row->failure;
        status = dm_conn_get(snapshot->conn, DM_Q_TERM, &failure, 1, &kind, 1);
    }
    if (status == DM_ERR_NOT_FOUND || (!status && kind != DM_TAG_IRI)) {
        return complain(error, "S11",
                        "an event has a failure that is not there", &row->key,
                        1);
    }
    if (!status) {
        status = check_lag(snapshot, row, error);
    }
    return status ? status : check_samples(snapshot, row, error);
}

static enum dm_status
check_events(struct dm_snapshot *snapshot, struct dm_error *error)
{
    struct dm_cursor cursor;
    struct dm_row row = {0};
    enum dm_status status =
        dm_cursor_open(&cursor, snapshot->conn, (struct dm_cursor_spec){0});
    if (status) {
        return status;
    }
    dm_cursor_range(&cursor, 0, INT64_MAX);
    while (!(status = dm_cursor_next(&cursor, &row))) {
        status = check_event(snapshot, &row, error);
        if (status) {
            break;
        }
    }
    if (status == DM_ERR_CORRUPT && (!error || !error->status)) {
        status = complain(error, "S10", "an event's row cannot be read",
                          &row.key, 1);
    }
    dm_cursor_close(&cursor);
    return status == DM_END ? DM_OK : status;
}

// -------------------------------------------------------------------- presents

// The certificate's event may have been dropped since; of a present that a
// State said it is known only which event is the newest that may have said it.
static enum dm_status
check_certificate(struct dm_snapshot *snapshot, sqlite3_stmt *rows,
                  struct dm_error *error)
{
    const struct dm_present present = dm_present_load(rows);
    const int64_t which[] = {sqlite3_column_int64(rows, 0),
                             sqlite3_column_int64(rows, 1)};
    struct dm_row row;
    if (present.certificate_key < 0) {
        return DM_OK;
    }
    const enum dm_status status =
        dm_event_read(snapshot->conn, present.certificate_key, NULL, &row);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    return row.check == which[1] && (row.certificate == DM_NO_TIME ||
                                     row.certificate == present.certificate)
               ? DM_OK
               : complain(error, "S15",
                          "the present has not the date of its certificate",
                          which, 2);
}

static enum dm_status
check_presents(struct dm_snapshot *snapshot, struct dm_error *error)
{
    sqlite3_stmt *rows = NULL;
    enum dm_status status =
        dm_conn_take(snapshot->conn, DM_Q_LATEST_EACH, &rows);
    if (status) {
        return status;
    }
    while (!(status = dm_conn_step(snapshot->conn, rows))) {
        status = check_certificate(snapshot, rows, error);
        if (status) {
            break;
        }
    }
    dm_conn_give(snapshot->conn, DM_Q_LATEST_EACH, rows);
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_snapshot_check(struct dm_snapshot *snapshot, struct dm_error *error)
{
    if (error) {
        *error = (struct dm_error){0};
    }
    enum dm_status status = check_file(snapshot->conn, error);
    for (size_t i = 0; !status && i < DM_COUNT_OF(rules); ++i) {
        status = check_rule(snapshot->conn, &rules[i], error);
    }
    if (!status) {
        status = check_words(snapshot, error);
    }
    if (!status) {
        status = check_terms(snapshot, error);
    }
    if (!status) {
        status = check_events(snapshot, error);
    }
    if (!status) {
        status = check_presents(snapshot, error);
    }
    return status;
}
