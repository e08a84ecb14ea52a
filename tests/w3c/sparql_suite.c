// SPDX-License-Identifier: ISC

// The W3C test suites of SPARQL 1.0, 1.1 and 1.2 Query, run from their
// manifests below $DM_SHARED/rdf-tests or ../shared/rdf-tests.
//
//     w3c_sparql_suite EXPECTED [--write] [--why]
//
// EXPECTED has a line for each test, "pass IRI" or "fail IRI", by IRI. The run
// fails where it is not exact, and where a test that it does not have fails;
// --write writes it anew, --why says why tests do
// not pass. Tests whose files are not there are counted and skipped, as are
// those of update, protocol and service.

#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "base/map.h"
#include "base/work.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "rdf/iri.h"
#include "rdf/reader.h"
#include "rdf/writer.h"
#include "sparql/construct.h"
#include "sparql/exec.h"
#include "sparql/query.h"
#include "sparql/results.h"
#include "tests/check.h"
#include "tests/support/quads.h"
#include "tests/w3c/rdf_xml.h"
#include "tests/w3c/solutions.h"

#include <string.h>

#define MF "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
#define QT "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
#define HOME "https://w3c.github.io/rdf-tests/"

#define PATH_SIZE 512
#define WHY_MAX 4096
#define LIST_MAX ((size_t)1 << 24U)
#define ROWS_MAX 100000
#define MEMORY ((size_t)256 << 20U)
#define SECONDS_NS INT64_C(20000000000)
#define NOW_MS INT64_C(1795536000000)
#define SKIPPED 77

static const char *const folders[] = {
    "sparql10/algebra",
    "sparql10/ask",
    "sparql10/basic",
    "sparql10/bnode-coreference",
    "sparql10/boolean-effective-value",
    "sparql10/bound",
    "sparql10/cast",
    "sparql10/construct",
    "sparql10/dataset",
    "sparql10/distinct",
    "sparql10/expr-builtin",
    "sparql10/expr-equals",
    "sparql10/expr-ops",
    "sparql10/graph",
    "sparql10/i18n",
    "sparql10/open-world",
    "sparql10/optional",
    "sparql10/optional-filter",
    "sparql10/reduced",
    "sparql10/regex",
    "sparql10/solution-seq",
    "sparql10/sort",
    "sparql10/syntax-sparql1",
    "sparql10/syntax-sparql2",
    "sparql10/syntax-sparql3",
    "sparql10/syntax-sparql4",
    "sparql10/syntax-sparql5",
    "sparql10/triple-match",
    "sparql10/type-promotion",
    "sparql11/aggregates",
    "sparql11/bind",
    "sparql11/bindings",
    "sparql11/cast",
    "sparql11/construct",
    "sparql11/csv-tsv-res",
    "sparql11/exists",
    "sparql11/functions",
    "sparql11/grouping",
    "sparql11/json-res",
    "sparql11/negation",
    "sparql11/project-expression",
    "sparql11/property-path",
    "sparql11/service",
    "sparql11/subquery",
    "sparql11/syntax-fed",
    "sparql11/syntax-query",
    "sparql12/codepoint-escapes",
    "sparql12/eval-triple-terms",
    "sparql12/expression",
    "sparql12/grouping",
    "sparql12/lang-basedir",
    "sparql12/rdf11",
    "sparql12/syntax",
    "sparql12/syntax-triple-terms-negative",
    "sparql12/syntax-triple-terms-positive",
    "sparql12/version",
};

enum kind {
    KIND_POSITIVE,
    KIND_NEGATIVE,
    KIND_EVAL,
};

static const struct {
    const char *name;
    enum kind kind;
} types[] = {
    {"PositiveSyntaxTest", KIND_POSITIVE},
    {"PositiveSyntaxTest11", KIND_POSITIVE},
    {"NegativeSyntaxTest", KIND_NEGATIVE},
    {"NegativeSyntaxTest11", KIND_NEGATIVE},
    {"QueryEvaluationTest", KIND_EVAL},
    {"CSVResultFormatTest", KIND_EVAL},
};

/// Of the whole run
struct run {
    char root[PATH_SIZE];
    struct dm_env env;
    struct dm_map expected; ///< By IRI: 1 where it passes
    struct dm_buf list;     ///< What was found, as EXPECTED has it
    bool is_writing;
    bool why;
    size_t n_passed;
    size_t n_failed;
    size_t n_absent;
    size_t n_other; ///< Kinds of tests that are not run
    size_t n_wrong; ///< Not as expected
    size_t n_seen;  ///< Of `expected`
};

/// A test that is run
struct test {
    struct run *run;
    const struct dm_quads *manifest;
    struct dm_str iri;
    const struct dm_term *name;
    const struct dm_term *action;
    struct dm_str query_iri;
    struct dm_buf why; ///< What is wrong, empty where it passes
};

// Files

static const char *
path_of(const struct run *run, struct dm_str iri, char path[PATH_SIZE])
{
    const struct dm_str below = dm_iri_relative(iri, dm_str(HOME));
    const int n = snprintf(path, PATH_SIZE, "%s/%.*s", run->root, (int)below.n,
                           below.data);
    CHECK(n > 0 && n < PATH_SIZE);
    return path;
}

static char *
file_of(const struct run *run, struct dm_str iri, size_t *ret_n)
{
    char path[PATH_SIZE];
    return dm_test_file(path_of(run, iri, path), ret_n);
}

static bool
fail(struct test *test, const char *what, const struct dm_error *error)
{
    (void)dm_buf_puts(&test->why, what);
    if (error && error->what[0]) {
        (void)dm_buf_puts(&test->why, ": ");
        dm_error_print(error, &test->why);
    }
    return false;
}

// Data

static bool
read_data(struct test *test, struct dm_str iri, struct dm_quads *quads)
{
    struct dm_error error = {0};
    size_t n = 0;
    char *text = file_of(test->run, iri, &n);
    if (!text) {
        return fail(test, "no data", NULL);
    }
    char prefix[24];
    const int length = snprintf(prefix, sizeof(prefix), "d%zu.", quads->n);
    CHECK(length > 0);
    struct dm_reader_options options = {.base = iri,
                                        .blank_prefix = dm_str(prefix)};
    enum dm_status status = DM_OK;
    if (dm_str_ends(iri, dm_str(".rdf"))) {
        status = dm_rdf_xml_read(quads, iri, dm_str_n(text, n), &error);
    } else {
        CHECK(dm_syntax_of_name(iri, &options.syntax));
        status =
            dm_quads_read(quads, &options, dm_str_n(text, n), n + 1, &error);
    }
    dm_free(text);
    return status ? fail(test, "bad data", &error) : true;
}

// Read a file into the default graph, or the one of its name
static bool
read_graph(struct test *test, struct dm_str iri, bool is_named,
           struct dm_quads *quads)
{
    const size_t before = quads->n;
    if (!read_data(test, iri, quads)) {
        return false;
    }
    for (size_t i = before; is_named && i < quads->n; ++i) {
        quads->items[i].g = dm_term_iri(iri);
    }
    return true;
}

// What qt:data and qt:graphData name, else what FROM and FROM NAMED do
static bool
read_dataset(struct test *test, const struct dm_query *query,
             struct dm_quads *quads)
{
    for (size_t i = 0; i < test->manifest->n; ++i) {
        const struct dm_quad *quad = &test->manifest->items[i];
        if (!dm_term_equal(&quad->s, test->action)) {
            continue;
        }
        const bool is_named = dm_term_is_iri(&quad->p, QT "graphData");
        if ((is_named || dm_term_is_iri(&quad->p, QT "data")) &&
            !read_graph(test, quad->o.value, is_named, quads)) {
            return false;
        }
    }
    for (size_t i = 0; i < query->n_from; ++i) {
        if (!read_graph(test, query->from[i].value, true, quads)) {
            return false;
        }
    }
    for (size_t i = 0; i < query->n_from_named; ++i) {
        bool is_there = false;
        for (size_t k = 0; k < query->n_from; ++k) {
            is_there = is_there ||
                       dm_term_equal(&query->from_named[i], &query->from[k]);
        }
        if (!is_there &&
            !read_graph(test, query->from_named[i].value, true, quads)) {
            return false;
        }
    }
    return true;
}

static void
store_quads(struct dm_store *store, const struct dm_quads *quads)
{
    struct dm_txn *txn = NULL;
    CHECK(!dm_txn_begin(store, &txn));
    for (size_t i = 0; i < quads->n; ++i) {
        const struct dm_quad *quad = &quads->items[i];
        struct dm_quad_ids ids = {.g = DM_ID_NONE};
        CHECK(!dm_txn_intern(txn, &quad->s, &ids.s));
        CHECK(!dm_txn_intern(txn, &quad->p, &ids.p));
        CHECK(!dm_txn_intern(txn, &quad->o, &ids.o));
        if (quad->g.kind != DM_TERM_NONE) {
            CHECK(!dm_txn_intern(txn, &quad->g, &ids.g));
        }
        CHECK(!dm_txn_add(txn, &ids));
    }
    CHECK(!dm_txn_commit(txn, DM_COMMIT_NORMAL));
}

// Running a query

static bool
take_row(struct dm_snapshot *snapshot, const struct dm_query *query,
         const dm_id *row, struct dm_answer *answer)
{
    dm_answer_row(answer);
    for (size_t i = 0; i < query->n_columns; ++i) {
        struct dm_term term;
        if (row[i] == DM_ID_NONE) {
            continue;
        }
        if (dm_snapshot_term(snapshot, row[i], &term)) {
            return false;
        }
        dm_answer_bind(answer, query->names[query->columns[i]], &term);
    }
    return true;
}

static bool
take_rows(struct test *test, struct dm_exec *exec, struct dm_snapshot *snapshot,
          const struct dm_query *query, struct dm_answer *answer)
{
    struct dm_error error = {0};
    for (size_t i = 0; i < query->n_columns; ++i) {
        dm_answer_column(answer, query->names[query->columns[i]]);
    }
    for (;;) {
        const dm_id *row = NULL;
        const enum dm_status status = dm_exec_next(exec, &row, &error);
        if (status == DM_END) {
            break;
        }
        if (status) {
            return fail(test, dm_status_text(status), &error);
        }
        if (!take_row(snapshot, query, row, answer)) {
            return fail(test, "an id has no term", NULL);
        }
    }
    if (query->form == DM_QUERY_ASK) {
        answer->kind = DM_ANSWER_BOOLEAN;
        answer->boolean = answer->n_rows > 0;
    }
    return true;
}

static bool
take_triple(struct dm_snapshot *snapshot, const struct dm_triple_ids *ids,
            struct dm_answer *answer)
{
    struct dm_quad quad = {.g = {.kind = DM_TERM_NONE}};
    if (dm_snapshot_term(snapshot, ids->s, &quad.s) ||
        dm_snapshot_term(snapshot, ids->p, &quad.p) ||
        dm_snapshot_term(snapshot, ids->o, &quad.o)) {
        return false;
    }
    dm_quads_add(&answer->quads, &quad);
    return true;
}

static bool
execute_graph(struct test *test, const struct dm_query *query,
              struct dm_snapshot *snapshot,
              const struct dm_exec_options *options, struct dm_answer *answer)
{
    struct dm_error error = {0};
    struct dm_construct *construct = NULL;
    enum dm_status status =
        dm_construct_open(query, snapshot, options, &construct, &error);
    answer->kind = DM_ANSWER_GRAPH;
    while (!status) {
        struct dm_triple_ids ids;
        status = dm_construct_next(construct, &ids, &error);
        if (!status && !take_triple(snapshot, &ids, answer)) {
            status = DM_ERR_NOT_FOUND;
        }
    }
    dm_construct_close(construct);
    return status == DM_END || fail(test, dm_status_text(status), &error);
}

static bool
execute(struct test *test, const struct dm_query *query,
        struct dm_snapshot *snapshot, struct dm_answer *answer)
{
    struct dm_error error = {0};
    const struct dm_dataset dataset = {.default_graph = DM_DEFAULT_PLAIN,
                                       .all_named = true};
    const struct dm_exec_options options = {
        .dataset = &dataset, .now_ms = NOW_MS, .max_rows = ROWS_MAX};
    if (query->form == DM_QUERY_CONSTRUCT || query->form == DM_QUERY_DESCRIBE) {
        return execute_graph(test, query, snapshot, &options, answer);
    }
    struct dm_exec *exec = NULL;
    const enum dm_status status =
        dm_exec_open(query, snapshot, &options, &exec, &error);
    if (status) {
        return fail(test, dm_status_text(status), &error);
    }
    const bool is_good = take_rows(test, exec, snapshot, query, answer);
    dm_exec_close(exec);
    return is_good;
}

static bool
run_query(struct test *test, const struct dm_query *query,
          struct dm_answer *answer)
{
    struct dm_quads quads;
    dm_quads_init(&quads);
    bool is_good = read_dataset(test, query, &quads);
    if (is_good) {
        struct dm_store *store = NULL;
        struct dm_snapshot *snapshot = NULL;
        struct dm_work work;
        const struct dm_store_options options = {.path = NULL};
        CHECK(!dm_store_open(&test->run->env, &options, &store, NULL));
        store_quads(store, &quads);
        dm_work_init(&work, &test->run->env,
                     dm_env_monotonic_ns(&test->run->env) + SECONDS_NS, MEMORY);
        CHECK(!dm_snapshot_open(store, &work, &snapshot));
        is_good = execute(test, query, snapshot, answer);
        dm_snapshot_close(snapshot);
        dm_store_close(store);
    }
    dm_quads_done(&quads);
    return is_good;
}

// CSV has but the text of terms, so both answers are looked at through it
static void
through_csv(struct dm_answer *answer, const struct dm_query *query)
{
    struct dm_answer seen;
    struct dm_results_writer writer;
    struct dm_error error = {0};
    struct dm_buf buf;
    struct dm_str *names = dm_calloc(query->n_columns + 1, sizeof(*names));
    struct dm_term *row = dm_calloc(query->n_columns + 1, sizeof(*row));
    CHECK(names && row);
    dm_buf_init(&buf, LIST_MAX);
    for (size_t i = 0; i < query->n_columns; ++i) {
        names[i] = query->names[query->columns[i]];
    }
    CHECK(!dm_results_begin(&writer, DM_RESULTS_CSV, &buf, names,
                            query->n_columns));
    // Quads come in the order of their rows, each with a first one of its own
    size_t n_rows = 0;
    for (size_t i = 0; i <= answer->quads.n; ++i) {
        const struct dm_quad *quad =
            i < answer->quads.n ? &answer->quads.items[i] : NULL;
        const bool is_first = quad && dm_term_equal(&quad->p, &quad->o);
        if (n_rows && (!quad || is_first)) {
            CHECK(!dm_results_row(&writer, row));
            memset(row, 0, query->n_columns * sizeof(*row));
        }
        n_rows += is_first ? 1 : 0;
        for (size_t k = 0; quad && k < query->n_columns; ++k) {
            if (dm_str_equal(names[k], quad->p.value)) {
                row[k] = quad->o;
            }
        }
    }
    CHECK(!dm_results_end(&writer));
    dm_answer_init(&seen);
    CHECK(!dm_answer_read(&seen, dm_str("x.csv"), dm_buf_str(&buf), &error));
    dm_answer_done(answer);
    *answer = seen;
    dm_buf_done(&buf);
    dm_free(names);
    dm_free(row);
}

static bool
is_ordered(const struct dm_query *query)
{
    const struct dm_alg *alg = query->pattern;
    while (alg->kind == DM_ALG_SLICE || alg->kind == DM_ALG_DISTINCT ||
           alg->kind == DM_ALG_REDUCED || alg->kind == DM_ALG_PROJECT) {
        CHECK(alg->left);
        alg = alg->left;
    }
    return alg->kind == DM_ALG_ORDER;
}

// What was answered and what was wanted, for --why
static void
show(const char *what, const struct dm_answer *answer)
{
    struct dm_buf buf;
    dm_buf_init(&buf, LIST_MAX);
    for (size_t i = 0; i < answer->quads.n; ++i) {
        const struct dm_quad *quad = &answer->quads.items[i];
        (void)dm_buf_puts(&buf, what);
        (void)dm_write_quad(quad, &buf);
    }
    (void)printf("%s", dm_buf_cstr(&buf));
    dm_buf_done(&buf);
}

static bool
compare(struct test *test, const struct dm_query *query,
        struct dm_answer *answer)
{
    const struct dm_term *result =
        dm_quads_object(test->manifest, test->name, MF "result");
    if (!result) {
        return true; // It is enough that it runs
    }
    size_t n = 0;
    struct dm_error error = {0};
    char *text = file_of(test->run, result->value, &n);
    CHECK(text);
    struct dm_answer want;
    dm_answer_init(&want);
    bool is_good = true;
    if (dm_answer_read(&want, result->value, dm_str_n(text, n), &error)) {
        is_good = fail(test, "bad result", &error);
    } else {
        if (dm_str_ends(result->value, dm_str(".csv"))) {
            through_csv(answer, query);
        }
        const bool is_lax = dm_quads_object(test->manifest, test->name,
                                            MF "resultCardinality") != NULL;
        const enum dm_answer_match match = is_lax ? DM_MATCH_SET
                                           : is_ordered(query)
                                               ? DM_MATCH_SEQUENCE
                                               : DM_MATCH_BAG;
        is_good = dm_answer_equal(answer, &want, match) ||
                  fail(test, "another answer", NULL);
        if (!is_good && test->run->why) {
            show("  got  ", answer);
            show("  want ", &want);
        }
    }
    dm_answer_done(&want);
    dm_free(text);
    return is_good;
}

static bool
evaluate(struct test *test, const struct dm_query *query)
{
    struct dm_answer answer;
    dm_answer_init(&answer);
    const bool is_good =
        run_query(test, query, &answer) && compare(test, query, &answer);
    dm_answer_done(&answer);
    return is_good;
}

static bool
judge(struct test *test, enum kind kind, struct dm_str text)
{
    struct dm_error error = {0};
    struct dm_query *query = NULL;
    const struct dm_query_options options = {.base = test->query_iri,
                                             .name = dm_str("query")};
    const enum dm_status status =
        dm_query_parse(text, &options, &query, &error);
    bool is_good = false;
    switch (kind) {
    case KIND_POSITIVE:
        is_good = status == DM_OK || status == DM_ERR_UNSUPPORTED ||
                  fail(test, "refused", &error);
        break;
    case KIND_NEGATIVE:
        is_good = status == DM_ERR_SYNTAX || fail(test, "not refused", NULL);
        break;
    case KIND_EVAL:
        is_good =
            status ? fail(test, "refused", &error) : evaluate(test, query);
        break;
    }
    dm_query_free(query);
    return is_good;
}

static void
count(struct run *run, const struct test *test, bool passed)
{
    (void)dm_buf_printf(&run->list, "%s %.*s\n", passed ? "pass" : "fail",
                        (int)test->iri.n, test->iri.data);
    run->n_passed += passed ? 1 : 0;
    run->n_failed += passed ? 0 : 1;
    const struct dm_map_entry *entry = dm_map_get(&run->expected, test->iri);
    // A suite may have more tests than the one the list was made from
    const bool is_as_expected = entry ? (entry->value.number == 1) == passed
                                      : passed && !run->is_writing;
    run->n_seen += entry ? 1 : 0;
    run->n_wrong += is_as_expected ? 0 : 1;
    if (!is_as_expected || (run->why && !passed)) {
        (void)printf("%s %.*s%s%s\n", passed ? "pass" : "fail",
                     (int)test->iri.n, test->iri.data, passed ? "" : ": ",
                     dm_buf_cstr(&test->why));
    }
}

static bool
kind_of(const struct dm_term *type, enum kind *ret)
{
    const struct dm_str name = dm_iri_relative(type->value, dm_str(MF));
    for (size_t i = 0; i < DM_COUNT_OF(types); ++i) {
        if (dm_str_is(name, types[i].name)) {
            *ret = types[i].kind;
            return true;
        }
    }
    return false;
}

// Whether each file that the test names is there
static bool
is_whole(const struct test *test)
{
    const struct dm_term *nodes[] = {test->name, test->action};
    for (size_t i = 0; i < test->manifest->n; ++i) {
        const struct dm_quad *quad = &test->manifest->items[i];
        const bool is_its = dm_term_equal(&quad->s, nodes[0]) ||
                            dm_term_equal(&quad->s, nodes[1]);
        if (!is_its || quad->o.kind != DM_TERM_IRI ||
            !dm_str_starts(quad->o.value, dm_str(HOME)) ||
            dm_str_find(quad->o.value, dm_str("#")) < quad->o.value.n) {
            continue;
        }
        char path[PATH_SIZE];
        FILE *file = fopen(path_of(test->run, quad->o.value, path), "rb");
        if (!file) {
            return false;
        }
        (void)fclose(file);
    }
    return true;
}

static void
run_test(struct run *run, const struct dm_quads *manifest,
         const struct dm_term *name)
{
    const struct dm_term *type =
        dm_quads_object(manifest, name, DM_RDF_NS "type");
    const struct dm_term *action = dm_quads_object(manifest, name, MF "action");
    enum kind kind = KIND_EVAL;
    if (type && !kind_of(type, &kind)) {
        ++run->n_other;
        return;
    }
    const struct dm_term *query =
        action && action->kind == DM_TERM_BLANK
            ? dm_quads_object(manifest, action, QT "query")
            : action;
    struct test test = {.run = run, .manifest = manifest, .name = name};
    if (!type || !action || !query) {
        ++run->n_absent;
        return;
    }
    test.iri = name->value;
    test.action = action;
    test.query_iri = query->value;
    size_t n = 0;
    char *text = is_whole(&test) ? file_of(run, query->value, &n) : NULL;
    if (!text) {
        ++run->n_absent;
        return;
    }
    dm_buf_init(&test.why, WHY_MAX);
    count(run, &test, judge(&test, kind, dm_str_n(text, n)));
    dm_buf_done(&test.why);
    dm_free(text);
}

static void
run_entries(struct run *run, const struct dm_quads *manifest)
{
    const struct dm_term *head =
        dm_quads_subject(manifest, DM_RDF_NS "type", MF "Manifest");
    head = head ? dm_quads_object(manifest, head, MF "entries") : NULL;
    while (head && !dm_term_is_iri(head, DM_RDF_NS "nil")) {
        const struct dm_term *name =
            dm_quads_object(manifest, head, DM_RDF_NS "first");
        CHECK(name);
        run_test(run, manifest, name);
        head = dm_quads_object(manifest, head, DM_RDF_NS "rest");
    }
}

static void
run_folder(struct run *run, const char *folder)
{
    char iri[PATH_SIZE];
    const int length =
        snprintf(iri, sizeof(iri), HOME "sparql/%s/manifest.ttl", folder);
    CHECK(length > 0 && length < PATH_SIZE);
    size_t n = 0;
    char *text = file_of(run, dm_str(iri), &n);
    if (!text) {
        (void)printf("%s: no manifest\n", folder);
        return;
    }
    struct dm_quads manifest;
    struct dm_error error = {0};
    dm_quads_init(&manifest);
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE,
                                              .base = dm_str(iri)};
    CHECK(
        !dm_quads_read(&manifest, &options, dm_str_n(text, n), n + 1, &error));
    dm_free(text);
    const size_t passed = run->n_passed;
    const size_t failed = run->n_failed;
    run_entries(run, &manifest);
    (void)printf("%s: %zu of %zu\n", folder, run->n_passed - passed,
                 run->n_passed - passed + run->n_failed - failed);
    dm_quads_done(&manifest);
}

// The list

static char *
read_expected(struct run *run, const char *path)
{
    size_t n = 0;
    char *text = dm_test_file(path, &n);
    struct dm_str rest = dm_str_n(text, text ? n : 0);
    while (rest.n) {
        const size_t end = dm_str_find(rest, dm_str("\n"));
        const struct dm_str line = dm_str_slice(rest, 0, end);
        struct dm_map_entry *entry =
            dm_map_put(&run->expected, dm_str_slice(line, 5, line.n), NULL);
        CHECK(entry);
        entry->value.number = dm_str_starts(line, dm_str("pass ")) ? 1 : 0;
        rest = dm_str_slice(rest, end + 1, rest.n);
    }
    return text;
}

static int
compare_lines(const void *a, const void *b)
{
    const struct dm_str *left = a;
    const struct dm_str *right = b;
    return dm_str_compare(dm_str_slice(*left, 5, left->n),
                          dm_str_slice(*right, 5, right->n));
}

static void
write_expected(const struct run *run, const char *path)
{
    const size_t n = run->n_passed + run->n_failed;
    struct dm_str *lines = dm_calloc(n + 1, sizeof(*lines));
    CHECK(lines);
    struct dm_str rest = dm_buf_str(&run->list);
    for (size_t i = 0; i < n; ++i) {
        const size_t end = dm_str_find(rest, dm_str("\n"));
        lines[i] = dm_str_slice(rest, 0, end + 1);
        rest = dm_str_slice(rest, end + 1, rest.n);
    }
    qsort(lines, n, sizeof(*lines), compare_lines);
    FILE *file = fopen(path, "wb");
    CHECK(file);
    for (size_t i = 0; i < n; ++i) {
        CHECK(fwrite(lines[i].data, 1, lines[i].n, file) == lines[i].n);
    }
    CHECK(!fclose(file));
    dm_free(lines);
}

static bool
find_root(struct run *run)
{
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    const char *const shared = getenv("DM_SHARED");
    const int n = snprintf(run->root, sizeof(run->root), "%s/rdf-tests",
                           shared ? shared : "../shared");
    CHECK(n > 0 && n < PATH_SIZE);
    char path[PATH_SIZE];
    FILE *file = fopen(
        path_of(run, dm_str(HOME "sparql/sparql10/algebra/manifest.ttl"), path),
        "rb");
    if (file) {
        (void)fclose(file);
    }
    return file != NULL;
}

static void
drop_line(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static int64_t
no_time(void *context)
{
    (void)context;
    return 0;
}

int
main(int argc, char **argv)
{
    struct run run = {.n_passed = 0};
    CHECK(argc >= 2);
    for (int i = 2; i < argc; ++i) {
        run.is_writing = run.is_writing || !strcmp(argv[i], "--write");
        run.why = run.why || !strcmp(argv[i], "--why");
    }
    if (!find_root(&run)) {
        (void)printf("skipped: no W3C suites at %s\n", run.root);
        return SKIPPED;
    }
    struct dm_log *log = dm_log_new(
        &(struct dm_log_options){.write = drop_line, .clock = no_time});
    CHECK(log);
    dm_env_init_system(&run.env, log);
    dm_buf_init(&run.list, LIST_MAX);
    dm_map_init(&run.expected, LIST_MAX, 0);
    char *text = read_expected(&run, argv[1]);
    for (size_t i = 0; i < DM_COUNT_OF(folders); ++i) {
        run_folder(&run, folders[i]);
    }
    const size_t n_missing = run.expected.n - run.n_seen;
    (void)printf("%zu passed, %zu did not, %zu not there, %zu of other kinds, "
                 "%zu not as expected, %zu expected but not run\n",
                 run.n_passed, run.n_failed, run.n_absent, run.n_other,
                 run.n_wrong, n_missing);
    if (run.is_writing) {
        write_expected(&run, argv[1]);
    }
    dm_map_done(&run.expected);
    dm_buf_done(&run.list);
    dm_free(text);
    dm_log_free(log);
    return (run.n_wrong || n_missing) && !run.is_writing ? 1 : 0;
}
