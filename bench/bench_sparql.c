// SPDX-License-Identifier: ISC

// The shipped rules over a present of many states: CPU of each rule and of a
// round of all. bench_sparql [STATES] [SHARE THAT FAILS in 1000]

#include "base/alloc.h"
#include "quadstore/tripleset.h"
#include "tests/check.h"
#include "tests/sparql/world.h"
#include "vocab/vocabulary.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define ROUNDS 20
#define NODES 100U
#define OK_MS INT64_C(1795536000000)

struct bench {
    struct world world;
    struct dm_tripleset *set;
    struct dm_query *queries[64];
    char names[64][64];
    size_t n_queries;
};

static int64_t
cpu_ns(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

// ------------------------------------------------------------ the present

static dm_id
intern(struct bench *bench, struct dm_term term)
{
    dm_id id = DM_ID_NONE;
    CHECK_INT(dm_snapshot_intern(bench->world.snapshot, &term, &id), DM_OK);
    return id;
}

static dm_id
name_id(struct bench *bench, const char *name)
{
    char iri[96];
    (void)snprintf(iri, sizeof(iri), DM_VOCAB_NS "%s", name);
    return intern(bench, dm_term_iri(dm_str(iri)));
}

static void
say(struct bench *bench, dm_id s, const char *property, dm_id o)
{
    CHECK_INT(dm_tripleset_add(bench->set, s, name_id(bench, property), o),
              DM_OK);
}

static dm_id
typed(struct bench *bench, const char *text, const char *type)
{
    char iri[96];
    (void)snprintf(iri, sizeof(iri), DM_XSD_NS "%s", type);
    return intern(bench, dm_term_literal(dm_str(text), dm_str(iri)));
}

static dm_id
time_id(struct bench *bench, int64_t ms)
{
    dm_id id = DM_ID_NONE;
    (void)bench;
    CHECK(dm_id_from_datetime(ms, &id));
    return id;
}

static dm_id
number_id(int64_t value)
{
    dm_id id = DM_ID_NONE;
    CHECK(dm_id_from_integer(value, &id));
    return id;
}

static void
add_state(struct bench *bench, size_t i, bool is_bad)
{
    char iri[96];
    const size_t node = i % NODES;
    const size_t check = i / NODES;
    (void)snprintf(iri, sizeof(iri), "ipns://k%zu#state:check%zu", node, check);
    const dm_id s = intern(bench, dm_term_iri(dm_str(iri)));
    (void)snprintf(iri, sizeof(iri), "ipns://k%zu", node);
    const dm_id node_id = intern(bench, dm_term_iri(dm_str(iri)));
    (void)snprintf(iri, sizeof(iri), "https://demonitor.internal/check%zu",
                   check);
    const dm_id check_id = intern(bench, dm_term_iri(dm_str(iri)));
    const bool is_per_node = check % 4 == 0;
    say(bench, s, "check", check_id);
    say(bench, s, "node", node_id);
    say(bench, s, "name", typed(bench, iri + 27, "string"));
    say(bench, s, "kind", name_id(bench, "HttpCheck"));
    say(bench, s, "status", name_id(bench, is_bad ? "critical" : "ok"));
    say(bench, s, "at", time_id(bench, OK_MS + (int64_t)i));
    say(bench, s, "since", time_id(bench, OK_MS - (int64_t)i));
    say(bench, s, "streak", number_id((int64_t)(i % 1000)));
    say(bench, s, "bad", number_id(is_bad ? 4 : 0));
    say(bench, s, "seconds", typed(bench, "0.812", "decimal"));
    say(bench, s, "failing", dm_id_from_boolean(is_bad));
    say(bench, s, "muted", dm_id_from_boolean(false));
    say(bench, s, "perNode", dm_id_from_boolean(is_per_node));
    say(bench, s, "quorum", number_id(2));
    say(bench, s, "severity", typed(bench, "critical", "string"));
    say(bench, s, "every", typed(bench, "PT30S", "dayTimeDuration"));
    if (check % 2) {
        say(bench, s, "certificateExpires",
            time_id(bench, INT64_C(4070908800000)));
        say(bench, s, "certWarn", typed(bench, "P14D", "dayTimeDuration"));
    }
    if (is_bad) {
        say(bench, s, "badSince", time_id(bench, OK_MS));
        say(bench, s, "failure", name_id(bench, "connection"));
        say(bench, s, "message", typed(bench, "connect: refused", "string"));
    }
}

// ------------------------------------------------------------ the rules

static enum dm_status
take_rule(void *context, const struct dm_quad *quad,
          const struct dm_quad_positions *positions, struct dm_error *error)
{
    struct bench *bench = context;
    (void)positions;
    if (!dm_term_is_iri(&quad->p, DM_VOCAB_NS "select")) {
        return DM_OK;
    }
    const struct dm_query_options options = {
        .base = dm_str("https://demonitor.internal/"),
        .prefixes = dm_query_prefixes,
        .n_prefixes = dm_n_query_prefixes};
    const size_t i = bench->n_queries++;
    CHECK(i < DM_COUNT_OF(bench->queries));
    const struct dm_str name =
        dm_str_slice(quad->s.value, sizeof(DM_VOCAB_NS) - 1, quad->s.value.n);
    (void)snprintf(bench->names[i], sizeof(bench->names[i]), "%.*s",
                   (int)name.n, name.data);
    return dm_query_parse(quad->o.value, &options, &bench->queries[i], error);
}

static size_t
run(struct bench *bench, size_t index, bool explain)
{
    const struct dm_exec_options options = {.dataset = &bench->world.dataset,
                                            .now_ms = OK_MS};
    struct dm_exec *exec = NULL;
    struct dm_error error = {0};
    const dm_id *row = NULL;
    size_t n = 0;
    CHECK_INT(dm_exec_open(bench->queries[index], bench->world.snapshot,
                           &options, &exec, &error),
              DM_OK);
    enum dm_status status = dm_exec_next(exec, &row, &error);
    while (!status) {
        ++n;
        status = dm_exec_next(exec, &row, &error);
    }
    CHECK_INT(status, DM_END);
    if (explain) {
        struct dm_buf buf = {0};
        dm_buf_init(&buf, 65536);
        dm_exec_explain(exec, &buf);
        (void)printf("%s", dm_buf_cstr(&buf));
        dm_buf_done(&buf);
    }
    dm_exec_close(exec);
    return n;
}

static void
measure(struct bench *bench)
{
    int64_t total = 0;
    for (size_t i = 0; i < bench->n_queries; ++i) {
        size_t rows = run(bench, i, true);
        const int64_t start = cpu_ns();
        for (size_t round = 0; round < ROUNDS; ++round) {
            rows = run(bench, i, false);
        }
        const int64_t each = (cpu_ns() - start) / ROUNDS;
        total += each;
        (void)printf("%-20s %6zu rows %8.3f ms\n", bench->names[i], rows,
                     (double)each / 1e6);
    }
    (void)printf("%-20s             %8.3f ms\n", "round", (double)total / 1e6);
}

int
main(int argc, char **argv)
{
    static struct bench bench;
    const size_t n_states = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
    const size_t n_bad = argc > 2 ? strtoul(argv[2], NULL, 10) : 10;
    struct dm_error error = {0};
    world_open(&bench.world);
    world_read(&bench.world);
    bench.set = dm_tripleset_new(NULL);
    CHECK(bench.set);
    for (size_t i = 0; i < n_states; ++i) {
        add_state(&bench, i, (i * 7919) % 1000 < n_bad);
    }
    const int64_t start = cpu_ns();
    CHECK_INT(dm_tripleset_seal(bench.set), DM_OK);
    (void)printf("%zu triples sealed in %.1f ms\n",
                 dm_tripleset_count(bench.set),
                 (double)(cpu_ns() - start) / 1e6);
    CHECK_INT(dm_snapshot_attach(bench.world.snapshot, name_id(&bench, "now"),
                                 &dm_tripleset_graph, bench.set),
              DM_OK);
    char *rules = world_read_file("vocab/rules.ttl");
    const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE,
        .base = dm_str("https://demonitor.internal/")};
    const enum dm_status status =
        dm_read_text(&options, dm_str(rules), take_rule, &bench, &error);
    CHECK(status == DM_OK || status == DM_END);
    measure(&bench);
    for (size_t i = 0; i < bench.n_queries; ++i) {
        dm_query_free(bench.queries[i]);
    }
    dm_free(rules);
    world_close(&bench.world);
    dm_tripleset_free(bench.set);
    return 0;
}
