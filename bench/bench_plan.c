// SPDX-License-Identifier: ISC

// Parse and plan of typical queries, beside the sqlite3 library that prepares
// the like in SQL, in one run: CPU of each, the least of many.
//
//     bench_plan

#include "base/alloc.h"
#include "tests/check.h"
#include "tests/sparql/world.h"

#include <sqlite3.h>

#include <string.h>
#include <time.h>

#define REPEATS 300
#define NOW INT64_C(1795536000000)

struct pair {
    const char *name;
    const char *query;
    const char *sql;
};

static const char schema[] =
    "CREATE TABLE event (k INTEGER PRIMARY KEY, c INTEGER, status INTEGER,"
    " micros INTEGER, failure INTEGER, message TEXT);"
    "CREATE INDEX event_check ON event (c);"
    "CREATE TABLE name (c INTEGER PRIMARY KEY, name TEXT UNIQUE);"
    "CREATE TABLE state (c INTEGER, node INTEGER, status INTEGER,"
    " failing INTEGER, muted INTEGER, per_node INTEGER, quorum INTEGER,"
    " severity TEXT, bad_since INTEGER, message TEXT,"
    " PRIMARY KEY (c, node)) WITHOUT ROWID;";

static const struct pair pairs[] = {
    {"the last failures of one check",
     "SELECT ?at ?s { << ?check dm:status dm:critical >> dm:at ?at ;"
     " dm:seconds ?s . ?check dm:name \"shop\" } ORDER BY DESC(?at) LIMIT 3",
     "SELECT k, micros FROM event JOIN name USING (c) WHERE name = 'shop'"
     " AND status = 2 ORDER BY k DESC LIMIT 3"},
    {"results by check and status, 24 h",
     "SELECT ?check ?status (COUNT(*) AS ?n) { << ?check dm:status ?status >>"
     " dm:at ?at FILTER (?at > NOW() - \"P1D\"^^xsd:dayTimeDuration) }"
     " GROUP BY ?check ?status",
     "SELECT c, status, count(*) FROM event WHERE k > unixepoch() - 86400"
     " GROUP BY c, status"},
    {"the rule CheckFailing",
     "SELECT ?check (IF(SUM(?crit) >= MIN(?need) || MIN(?sev) = \"info\","
     " MIN(?sev), \"warning\") AS ?severity) (COUNT(*) AS ?failing)"
     " (MIN(?fresh) AS ?seen) (MAX(?text) AS ?message) (MIN(?start) AS ?since)"
     " WHERE { GRAPH :now { ?state :check ?check ; :failing true ;"
     " :muted false ; :perNode false ; :status ?status ; :quorum ?q ;"
     " :severity ?sev ; :badSince ?start OPTIONAL { ?state :message ?m } }"
     " FILTER (?status IN (:warning, :critical))"
     " { SELECT ?check (COUNT(*) AS ?fresh) WHERE { GRAPH :now { ?s :check"
     " ?check ; :status ?st } FILTER (?st IN (:ok, :warning, :critical)) }"
     " GROUP BY ?check } BIND (COALESCE(?m, \"\") AS ?text)"
     " BIND (IF(?fresh < ?q, ?fresh, ?q) AS ?need)"
     " BIND (IF(?status = :critical, 1, 0) AS ?crit) }"
     " GROUP BY ?check HAVING (COUNT(*) >= MIN(?need))",
     "SELECT c, CASE WHEN sum(s.status = 2) >= min(min(fresh, quorum)) OR"
     " min(severity) = 'info' THEN min(severity) ELSE 'warning' END, count(*),"
     " min(fresh), max(coalesce(message, '')), min(bad_since) FROM state s JOIN"
     " (SELECT c, count(*) AS fresh FROM state WHERE status IN (0, 1, 2)"
     " GROUP BY c) USING (c) WHERE failing AND NOT muted AND NOT per_node AND"
     " s.status IN (1, 2) GROUP BY c HAVING count(*) >="
     " min(min(fresh, quorum))"},
};

static double
cpu_us(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double
least(double best, double begin, double end)
{
    return end - begin < best ? end - begin : best;
}

static double
time_sql(sqlite3 *db, const char *sql)
{
    double best = 1e9;
    for (int i = 0; i < REPEATS; ++i) {
        sqlite3_stmt *statement = NULL;
        const double begin = cpu_us();
        CHECK(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
        best = least(best, begin, cpu_us());
        CHECK(sqlite3_finalize(statement) == SQLITE_OK);
    }
    return best;
}

static void
time_ours(struct world *world, const char *text, double *ret_parse,
          double *ret_plan)
{
    const struct dm_query_options options = {
        .base = dm_str("https://demonitor.internal/"),
        .prefixes = dm_query_prefixes,
        .n_prefixes = dm_n_query_prefixes};
    const struct dm_exec_options open = {.dataset = &world->dataset,
                                         .now_ms = NOW};
    *ret_parse = 1e9;
    *ret_plan = 1e9;
    for (int i = 0; i < REPEATS; ++i) {
        struct dm_query *query = NULL;
        struct dm_exec *exec = NULL;
        struct dm_error error = {0};
        const double begin = cpu_us();
        CHECK_INT(dm_query_parse(dm_str(text), &options, &query, &error),
                  DM_OK);
        const double parsed = cpu_us();
        CHECK_INT(dm_exec_open(query, world->snapshot, &open, &exec, &error),
                  DM_OK);
        *ret_plan = least(*ret_plan, parsed, cpu_us());
        *ret_parse = least(*ret_parse, begin, parsed);
        dm_exec_close(exec);
        dm_query_free(query);
    }
}

int
main(void)
{
    struct world world;
    sqlite3 *db = NULL;
    world_open(&world);
    char *state = world_read_file("tests/sparql/sample_state.trig");
    world_load(&world, DM_SYNTAX_TRIG, state);
    world_read(&world);
    CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK);

    (void)printf("%-36s %7s %7s %7s %9s\n", "us of CPU", "parse", "plan",
                 "both", "prepare");
    for (size_t i = 0; i < DM_COUNT_OF(pairs); ++i) {
        double parse = 0;
        double plan = 0;
        time_ours(&world, pairs[i].query, &parse, &plan);
        const double theirs = time_sql(db, pairs[i].sql);
        (void)printf("%-36s %7.1f %7.1f %7.1f %9.1f  x %.2f\n", pairs[i].name,
                     parse, plan, parse + plan, theirs,
                     (parse + plan) / theirs);
    }
    CHECK(sqlite3_close(db) == SQLITE_OK);
    dm_free(state);
    world_close(&world);
    return 0;
}
