// SPDX-License-Identifier: ISC

#include "quadstore/queries_private.h"

#include <assert.h>

// The tables.
//
// term         Dictionary. An id is kind << 59 | n (id.h); `datatype` is the
//              whole id of an IRI, 0 where the term is no literal; `lang` is
//              "", a language tag, or TAG--ltr, TAG--rtl. Numbers below 256
//              are words_private.h's.
// triple_term  Dictionary of triple terms: kind 4.
// quad         Stored quads, graph 0 the default one.
// triple       Their union: in how many graphs each triple is.
// graph        Graphs that were made, and how many quads each has.
// predicate    How many triples of the union have it.
// log          Followed logs. `last` is the newest key that was given or seen;
//              `blocks` and `block_bytes` count the log's blocks.
// lag          Greatest ms - at of a log's events in an hour, where not 0.
// event        History: row_private.h. Keys are those of id_private.h.
// metric       The IRIs of metrics, which are terms, taken apart.
// latest       The present: latest_private.h.
// state        Small values of other layers.
// meta         Generation and counts.
// block        Blocks in the order in which they came: `place` is
//              log << 51 | kind << 48 | seq, `hash` the first 8 bytes of the
//              digest in the name, `name` the 28 bytes before and behind them.
//
// An event costs one row and one entry of event_check: its rows are in the
// order in which they come, so they fill pages whole, and what is clustered by
// check, and so fills pages by two thirds, is the shorter of the two.
//
// So with blocks: theirs are put as they come, of whichever log, which fills
// pages whole; what is put in the midst of a tree is two short index entries.
const char dm_schema_1[] =
    "CREATE TABLE meta (k INTEGER PRIMARY KEY, v INTEGER NOT NULL);"
    "CREATE TABLE term (n INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
    " value TEXT NOT NULL, datatype INTEGER NOT NULL,"
    " lang TEXT NOT NULL COLLATE NOCASE);"
    "CREATE UNIQUE INDEX term_value ON term (value, datatype, kind, lang);"
    "CREATE TABLE triple_term (n INTEGER PRIMARY KEY, s INTEGER NOT NULL,"
    " p INTEGER NOT NULL, o INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX triple_term_spo ON triple_term (s, p, o);"
    "CREATE TABLE quad (g INTEGER NOT NULL, s INTEGER NOT NULL,"
    " p INTEGER NOT NULL, o INTEGER NOT NULL, PRIMARY KEY (g, s, p, o))"
    " WITHOUT ROWID;"
    "CREATE INDEX quad_spog ON quad (s, p, o, g);"
    "CREATE TABLE triple (s INTEGER NOT NULL, p INTEGER NOT NULL,"
    " o INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (s, p, o))"
    " WITHOUT ROWID;"
    "CREATE INDEX triple_pso ON triple (p, s, o);"
    "CREATE INDEX triple_pos ON triple (p, o, s);"
    "CREATE INDEX triple_osp ON triple (o, s, p);"
    "CREATE TABLE graph (g INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
    "CREATE TABLE predicate (p INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
    "CREATE TABLE log (n INTEGER PRIMARY KEY, iri TEXT NOT NULL UNIQUE,"
    " graph INTEGER NOT NULL, last INTEGER NOT NULL, events INTEGER NOT NULL);"
    "CREATE TABLE lag (log INTEGER NOT NULL, hour INTEGER NOT NULL,"
    " most INTEGER NOT NULL, PRIMARY KEY (log, hour)) WITHOUT ROWID;"
    "CREATE TABLE event (k INTEGER PRIMARY KEY, c INTEGER NOT NULL,"
    " bits INTEGER NOT NULL, micros INTEGER, more BLOB);"
    "CREATE INDEX event_check ON event (c);"
    "CREATE TABLE metric (term INTEGER PRIMARY KEY, c INTEGER NOT NULL,"
    " label TEXT NOT NULL);"
    "CREATE UNIQUE INDEX metric_label ON metric (c, label);"
    "CREATE TABLE latest (log INTEGER NOT NULL, c INTEGER NOT NULL,"
    " k INTEGER NOT NULL, since INTEGER, streak INTEGER NOT NULL,"
    " bad INTEGER NOT NULL, bad_since INTEGER, certificate INTEGER,"
    " certificate_k INTEGER NOT NULL, started INTEGER NOT NULL,"
    " PRIMARY KEY (log, c)) WITHOUT ROWID;"
    "CREATE TABLE state (space TEXT NOT NULL, k BLOB NOT NULL,"
    " v BLOB NOT NULL, PRIMARY KEY (space, k)) WITHOUT ROWID;";

const char dm_schema_2[] =
    "ALTER TABLE log ADD COLUMN blocks INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE log ADD COLUMN block_bytes INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE block (n INTEGER PRIMARY KEY, place INTEGER NOT NULL,"
    " hash INTEGER NOT NULL, name BLOB NOT NULL, data BLOB NOT NULL);"
    "CREATE INDEX block_place ON block (place);"
    "CREATE INDEX block_hash ON block (hash);";

#define BLOCK_COLUMNS "SELECT n, place, hash, name, data FROM block "
#define EVENT_COLUMNS "SELECT k, c, bits, micros, more FROM event "
#define EVENTS EVENT_COLUMNS "WHERE k BETWEEN ?1 AND ?2 "
#define EVENTS_OF_CHECK                                                        \
    EVENT_COLUMNS "INDEXED BY event_check WHERE c = ?3"                        \
                  " AND k BETWEEN ?1 AND ?2 "
#define BY_STATUS "AND (?4 >> (bits & 7)) & 1 "
#define LATEST_COLUMNS                                                         \
    "SELECT l.log, l.c, l.k, l.since, l.streak, l.bad, l.bad_since,"           \
    " l.certificate, l.certificate_k, l.started FROM latest l "
#define SAME_TRIPLE " AND q.s = t.s AND q.p = t.p AND q.o = t.o"

// The eight shapes: which rows of `t`, in which order
#define SHAPE_0(t) "(" t "s, " t "p, " t "o) >= (?1, ?2, ?3)"
#define SHAPE_S(t) t "s = ?1 AND (" t "p, " t "o) >= (?2, ?3)"
#define SHAPE_P(t) t "p = ?2 AND (" t "s, " t "o) >= (?1, ?3)"
#define SHAPE_SP(t) t "s = ?1 AND " t "p = ?2 AND " t "o >= ?3"
#define SHAPE_O(t) t "o = ?3 AND (" t "s, " t "p) >= (?1, ?2)"
#define SHAPE_SO(t) t "o = ?3 AND " t "s = ?1 AND " t "p >= ?2"
#define SHAPE_PO(t) t "p = ?2 AND " t "o = ?3 AND " t "s >= ?1"
#define SHAPE_SPO(t) t "s = ?1 AND " t "p = ?2 AND " t "o = ?3"

#define UNION(by, shape)                                                       \
    "SELECT s, p, o, 0 FROM triple " by " WHERE " shape("") " ORDER BY s, p, " \
                                                            "o"
#define IN_GRAPH(shape)                                                        \
    "SELECT s, p, o, g FROM quad WHERE g = ?4 AND " shape(                     \
        "") " ORDER BY s, p, o"
#define JOINED(by, shape)                                                      \
    "SELECT t.s, t.p, t.o, q.g FROM triple t " by                              \
    " CROSS JOIN quad q ON q.g = ?4" SAME_TRIPLE                               \
    " WHERE " shape("t.") " ORDER BY t.s, t.p, t.o"
#define NAMED(by, shape)                                                       \
    "SELECT t.s, t.p, t.o, q.g FROM triple t " by                              \
    " CROSS JOIN quad q INDEXED BY quad_spog ON q.g >= ?4" SAME_TRIPLE         \
    " WHERE " shape("t.") " ORDER BY t.s, t.p, t.o, q.g"

#define PSO "INDEXED BY triple_pso"
#define POS "INDEXED BY triple_pos"
#define OSP "INDEXED BY triple_osp"

static const char *const texts[DM_Q_COUNT] = {
    [DM_Q_BEGIN] = "BEGIN",
    [DM_Q_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [DM_Q_COMMIT] = "COMMIT",
    [DM_Q_ROLLBACK] = "ROLLBACK",
    [DM_Q_DATA_VERSION] = "PRAGMA data_version",
    [DM_Q_USER_VERSION] = "PRAGMA user_version",

    [DM_Q_META_GET] = "SELECT v FROM meta WHERE k = ?1",
    [DM_Q_META_PUT] = "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",

    [DM_Q_TERM] = "SELECT kind, value, datatype, lang FROM term WHERE n = ?1",
    [DM_Q_TERM_FIND] = "SELECT n FROM term WHERE value = ?4 AND datatype = ?2"
                       " AND kind = ?1 AND lang = ?3",
    [DM_Q_TERM_PUT] = "INSERT INTO term (kind, datatype, lang, value, n)"
                      " VALUES (?1, ?2, ?3, ?4, ?5)",
    [DM_Q_TERM_LAST] = "SELECT max(n) FROM term",
    [DM_Q_TERM_DELETE] = "DELETE FROM term WHERE n = ?1",
    [DM_Q_TERM_EACH] = "SELECT n, kind, value, datatype, lang FROM term"
                       " WHERE n > ?1 ORDER BY n",
    [DM_Q_TERM_PREFIX] = "SELECT n, value FROM term WHERE value >= ?1"
                         " AND value < ?2 AND datatype = 0 AND kind = 1",
    [DM_Q_TERM_RETYPE] = "UPDATE term SET datatype = ?2 WHERE n = ?1",
    [DM_Q_TRIPLE_TERM] = "SELECT s, p, o FROM triple_term WHERE n = ?1",
    [DM_Q_TRIPLE_TERM_FIND] = "SELECT n FROM triple_term"
                              " WHERE s = ?1 AND p = ?2 AND o = ?3",
    [DM_Q_TRIPLE_TERM_PUT] = "INSERT INTO triple_term (s, p, o)"
                             " VALUES (?1, ?2, ?3)",
    [DM_Q_TRIPLE_TERM_SET] = "UPDATE triple_term SET s = ?2, p = ?3, o = ?4"
                             " WHERE n = ?1",
    [DM_Q_TRIPLE_TERM_EACH] = "SELECT n, s, p, o FROM triple_term"
                              " WHERE n > ?1 ORDER BY n",

    [DM_Q_LOG_EACH] = "SELECT n, iri, graph, last, events, blocks,"
                      " block_bytes FROM log ORDER BY n",
    [DM_Q_LOG_PUT] = "INSERT INTO log (n, iri, graph, last, events)"
                     " VALUES (?1, ?3, ?2, -1, 0)",
    [DM_Q_LOG_SET] = "UPDATE log SET last = ?2, events = ?3, blocks = ?4,"
                     " block_bytes = ?5 WHERE n = ?1",
    [DM_Q_LAG_MOST] = "SELECT max(most) FROM lag"
                      " WHERE log = ?1 AND hour BETWEEN ?2 AND ?3",
    [DM_Q_LAG_REACH] = "SELECT max(hour) FROM lag WHERE log = ?1"
                       " AND hour >= ?2 AND hour * 3600000 - most < ?3",
    [DM_Q_LAG_PUT] = "INSERT INTO lag VALUES (?1, ?2, ?3)"
                     " ON CONFLICT (log, hour) DO UPDATE"
                     " SET most = max(most, excluded.most)",
    [DM_Q_LAG_FORGET] = "DELETE FROM lag WHERE log = ?1 AND hour < ?2",
    [DM_Q_LAG_EACH] = "SELECT log, hour, most FROM lag ORDER BY log, hour",

    [DM_Q_EVENT] = EVENT_COLUMNS "WHERE k = ?1",
    [DM_Q_EVENT_PUT] = "INSERT OR IGNORE INTO event"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
    [DM_Q_EVENT_REPLACE] = "UPDATE event SET bits = ?3, micros = ?4,"
                           " more = ?5 WHERE k = ?1",
    [DM_Q_EVENT_DELETE] = "DELETE FROM event WHERE k = ?1",
    [DM_Q_EVENT_BITS] = "UPDATE event SET bits = ?2 WHERE k = ?1",
    [DM_Q_EVENT_SET] = "UPDATE event SET k = ?2, more = ?3 WHERE k = ?1",
    [DM_Q_EVENT_OLDEST] = "SELECT k FROM event WHERE k BETWEEN ?1 AND ?2"
                          " ORDER BY k LIMIT 1",
    [DM_Q_EVENTS_UP] = EVENTS "ORDER BY k",
    [DM_Q_EVENTS_DOWN] = EVENTS "ORDER BY k DESC",
    [DM_Q_EVENTS_OF_CHECK_UP] = EVENTS_OF_CHECK "ORDER BY k",
    [DM_Q_EVENTS_OF_CHECK_DOWN] = EVENTS_OF_CHECK "ORDER BY k DESC",
    [DM_Q_EVENTS_BY_STATUS_UP] = EVENTS BY_STATUS "ORDER BY k",
    [DM_Q_EVENTS_BY_STATUS_DOWN] = EVENTS BY_STATUS "ORDER BY k DESC",
    [DM_Q_EVENTS_OF_CHECK_BY_STATUS_UP] =
        EVENTS_OF_CHECK BY_STATUS "ORDER BY k",
    [DM_Q_EVENTS_OF_CHECK_BY_STATUS_DOWN] =
        EVENTS_OF_CHECK BY_STATUS "ORDER BY k DESC",

    [DM_Q_METRIC] = "SELECT c, label FROM metric WHERE term = ?1",
    [DM_Q_METRIC_FIND] = "SELECT term FROM metric WHERE c = ?1 AND label = ?2",
    [DM_Q_METRIC_PUT] = "INSERT OR IGNORE INTO metric VALUES (?2, ?1, ?3)",

    [DM_Q_LATEST] = LATEST_COLUMNS "WHERE l.log = ?1 AND l.c = ?2",
    [DM_Q_LATEST_PUT] = "INSERT OR REPLACE INTO latest"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [DM_Q_LATEST_DELETE] = "DELETE FROM latest WHERE log = ?1 AND c = ?2",
    [DM_Q_LATEST_OF_LOG] = LATEST_COLUMNS "WHERE l.log = ?1 ORDER BY l.c",
    [DM_Q_LATEST_EACH] = LATEST_COLUMNS "ORDER BY l.log, l.c",

    [DM_Q_QUAD_PUT] = "INSERT OR IGNORE INTO quad VALUES (?4, ?1, ?2, ?3)",
    [DM_Q_QUAD_DELETE] =
        "DELETE FROM quad WHERE g = ?4 AND s = ?1 AND p = ?2 AND o = ?3",
    [DM_Q_QUAD_IN_GRAPH] = "SELECT 1 FROM quad WHERE g = ?1 AND s = ?2 LIMIT 1",
    [DM_Q_QUADS_OF_GRAPH] = "SELECT s, p, o FROM quad WHERE g = ?4 AND"
                            " (s, p, o) > (?1, ?2, ?3) ORDER BY s, p, o"
                            " LIMIT ?5",
    [DM_Q_QUADS_NEWEST] = "SELECT max(s) FROM quad WHERE g = ?1"
                          " AND s BETWEEN ?2 AND ?3",
    [DM_Q_TRIPLE_PUT] = "INSERT INTO triple VALUES (?1, ?2, ?3, 1)"
                        " ON CONFLICT (s, p, o) DO UPDATE SET n = n + 1"
                        " RETURNING n",
    [DM_Q_TRIPLE_DROP] = "UPDATE triple SET n = n - 1"
                         " WHERE s = ?1 AND p = ?2 AND o = ?3 RETURNING n",
    [DM_Q_TRIPLE_DELETE] =
        "DELETE FROM triple WHERE s = ?1 AND p = ?2 AND o = ?3",
    [DM_Q_GRAPH_PUT] = "INSERT INTO graph VALUES (?1, ?2)"
                       " ON CONFLICT (g) DO UPDATE SET n = n + excluded.n",
    [DM_Q_GRAPH_DELETE] = "DELETE FROM graph WHERE g = ?1",
    [DM_Q_GRAPH] = "SELECT n FROM graph WHERE g = ?1",
    [DM_Q_GRAPH_EACH] = "SELECT g, n FROM graph ORDER BY g",
    [DM_Q_PREDICATE_PUT] = "INSERT INTO predicate VALUES (?1, ?2)"
                           " ON CONFLICT (p) DO UPDATE SET n = n + excluded.n",
    [DM_Q_PREDICATE] = "SELECT n FROM predicate WHERE p = ?1",

    [DM_Q_STATE_GET] = "SELECT v FROM state WHERE space = ?1 AND k = ?2",
    [DM_Q_STATE_PUT] = "INSERT OR REPLACE INTO state VALUES (?1, ?2, ?3)",
    [DM_Q_STATE_DELETE] = "DELETE FROM state WHERE space = ?1 AND k = ?2",
    [DM_Q_STATE_EACH] = "SELECT k, v FROM state WHERE space = ?1 ORDER BY k",

    [DM_Q_BLOCK_PUT] = "INSERT INTO block (place, hash, name, data)"
                       " VALUES (?1, ?2, ?3, ?4)",
    [DM_Q_BLOCK_SET] = "UPDATE block SET hash = ?2, name = ?3, data = ?4"
                       " WHERE n = ?1",
    [DM_Q_BLOCK_MOVE] = "UPDATE block SET place = ?2 WHERE n = ?1",
    [DM_Q_BLOCK_DELETE] = "DELETE FROM block WHERE n = ?1",
    [DM_Q_BLOCK_FIRST] = "SELECT n, length(data) FROM block"
                         " WHERE place BETWEEN ?1 AND ?2 ORDER BY place"
                         " LIMIT 1",
    [DM_Q_BLOCKS_NAMED] = BLOCK_COLUMNS "WHERE hash = ?1 AND name = ?2"
                                        " ORDER BY place DESC",
    [DM_Q_BLOCKS] = BLOCK_COLUMNS "INDEXED BY block_place"
                                  " WHERE place BETWEEN ?1 AND ?2"
                                  " ORDER BY place",

    [DM_Q_PAGE_COUNT] = "PRAGMA page_count",
    [DM_Q_FREE_COUNT] = "PRAGMA freelist_count",
    [DM_Q_VACUUM] = "PRAGMA incremental_vacuum(64)",

    [DM_Q_UNION + 0] = UNION("", SHAPE_0),
    [DM_Q_UNION + 1] = UNION("", SHAPE_S),
    [DM_Q_UNION + 2] = UNION(PSO, SHAPE_P),
    [DM_Q_UNION + 3] = UNION("", SHAPE_SP),
    [DM_Q_UNION + 4] = UNION(OSP, SHAPE_O),
    [DM_Q_UNION + 5] = UNION(OSP, SHAPE_SO),
    [DM_Q_UNION + 6] = UNION(POS, SHAPE_PO),
    [DM_Q_UNION + 7] = UNION("", SHAPE_SPO),

    [DM_Q_GRAPH_SCAN + 0] = IN_GRAPH(SHAPE_0),
    [DM_Q_GRAPH_SCAN + 1] = IN_GRAPH(SHAPE_S),
    [DM_Q_GRAPH_SCAN + 2] = JOINED(PSO, SHAPE_P),
    [DM_Q_GRAPH_SCAN + 3] = IN_GRAPH(SHAPE_SP),
    [DM_Q_GRAPH_SCAN + 4] = JOINED(OSP, SHAPE_O),
    [DM_Q_GRAPH_SCAN + 5] = JOINED(OSP, SHAPE_SO),
    [DM_Q_GRAPH_SCAN + 6] = JOINED(POS, SHAPE_PO),
    [DM_Q_GRAPH_SCAN + 7] = IN_GRAPH(SHAPE_SPO),

    [DM_Q_NAMED + 0] = NAMED("", SHAPE_0),
    [DM_Q_NAMED + 1] = NAMED("", SHAPE_S),
    [DM_Q_NAMED + 2] = NAMED(PSO, SHAPE_P),
    [DM_Q_NAMED + 3] = NAMED("", SHAPE_SP),
    [DM_Q_NAMED + 4] = NAMED(OSP, SHAPE_O),
    [DM_Q_NAMED + 5] = NAMED(OSP, SHAPE_SO),
    [DM_Q_NAMED + 6] = NAMED(POS, SHAPE_PO),
    [DM_Q_NAMED + 7] = NAMED("", SHAPE_SPO),
};

const char *
dm_query_text(enum dm_query query)
{
    assert(query < DM_Q_COUNT && texts[query]);
    return texts[query];
}
