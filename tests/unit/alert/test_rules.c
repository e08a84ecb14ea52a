// SPDX-License-Identifier: ISC

// The shipped rules, as they are embedded, over the states of
// data/states.trig; rules over the present of a store; rules that are none.

#include "alert/rules.h"

#include "alert/present.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "base/work.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "rdf/reader.h"
#include "sparql/exec.h"
#include "sparql/query.h"
#include "tests/check.h"
#include "vocab/config.h"

#include <string.h>

#define STATES "tests/unit/alert/data/states.trig"
#define NODE "ipns://k51node"
#define TEXT_MAX (1U << 20U)
#define T0 INT64_C(1795536000000) // 2026-11-24T16:00:00Z

struct scene {
    struct dm_log *log;
    struct dm_env env;
    struct dm_work work;
    struct dm_store *store;
    struct dm_config *config;
};

static void
drop(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static int64_t
no_clock(void *context)
{
    (void)context;
    return 0;
}

static struct dm_config *
load(const struct dm_env *env, const char *text)
{
    const struct dm_config_options options = {
        .env = env,
        .directory = "/nowhere",
        .node_iri = DM_STR(NODE),
        .node_name = DM_STR("carbon"),
    };
    const struct dm_config_source source = {DM_STR("checks.ttl"), dm_str(text)};
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    const enum dm_status status =
        dm_config_load_texts(&options, &source, 1, report, &config);
    if (status) {
        struct dm_buf said;
        dm_buf_init(&said, TEXT_MAX);
        dm_config_report_print(report, &said);
        (void)fprintf(stderr, "%s\n", dm_buf_cstr(&said));
        dm_buf_done(&said);
    }
    CHECK_INT(status, DM_OK);
    dm_config_report_free(report);
    return config;
}

static void
set_up(struct scene *scene, const char *text)
{
    const struct dm_log_options options = {
        .level = DM_LOG_ERROR, .write = drop, .clock = no_clock};
    memset(scene, 0, sizeof(*scene));
    scene->log = dm_log_new(&options);
    CHECK(scene->log);
    dm_env_init_system(&scene->env, scene->log);
    dm_work_init(&scene->work, &scene->env, INT64_MAX, (size_t)256 << 20U);
    const struct dm_store_options store = {.path = NULL};
    CHECK_INT(dm_store_open(&scene->env, &store, &scene->store, NULL), DM_OK);
    scene->config = load(&scene->env, text);
}

static void
tear_down(struct scene *scene)
{
    dm_config_unref(scene->config);
    dm_store_close(scene->store);
    CHECK_INT((int64_t)scene->work.account.used, 0);
    dm_log_free(scene->log);
}

static struct dm_snapshot *
open_snapshot(struct scene *scene)
{
    struct dm_snapshot *snapshot = NULL;
    CHECK_INT(dm_snapshot_open(scene->store, &scene->work, &snapshot), DM_OK);
    return snapshot;
}

// ---------------------------------------------------------------- one round

static enum dm_status
run(struct dm_rules *rules, struct dm_snapshot *snapshot,
    const struct dm_present *present, struct dm_str only,
    struct dm_rules_round **ret)
{
    enum dm_status status =
        dm_rules_round_open(rules, snapshot, present, only, ret);
    if (status) {
        return status;
    }
    do {
        status = dm_rules_round_step(*ret);
    } while (status == DM_AGAIN);
    if (status == DM_END) {
        return DM_OK;
    }
    dm_rules_round_close(*ret);
    return status;
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// "RULE: name=value|name=value\n", without the beginnings that all IRIs have
static void
print_row(const struct dm_rule_result *result, const struct dm_rule_row *row,
          struct dm_buf *buf)
{
    static const char *const beginnings[] = {"https://demonitor.internal/",
                                             "ipns://"};
    (void)dm_buf_put_str(buf, result->rule->name);
    (void)dm_buf_putc(buf, ':');
    for (size_t i = 0; i < row->n_columns; ++i) {
        struct dm_str value = row->columns[i].value;
        for (size_t k = 0; k < DM_COUNT_OF(beginnings); ++k) {
            const struct dm_str beginning = dm_str(beginnings[k]);
            if (dm_str_starts(value, beginning)) {
                value = dm_str_slice(value, beginning.n, value.n);
            }
        }
        (void)dm_buf_putc(buf, i ? '|' : ' ');
        (void)dm_buf_put_str(buf, row->columns[i].name);
        (void)dm_buf_putc(buf, '=');
        (void)dm_buf_put_str(buf, value);
    }
}

#define LINES_MAX 32

static void
check_lines(struct dm_rules_round *round, const char *const *want, size_t n)
{
    struct dm_buf lines[LINES_MAX];
    const char *got[LINES_MAX];
    size_t n_got = 0;
    size_t n_results = 0;
    const struct dm_rule_result *results =
        dm_rules_round_results(round, &n_results);
    for (size_t i = 0; i < n_results; ++i) {
        CHECK_INT(results[i].status, DM_OK);
        for (size_t k = 0; k < results[i].n_rows; ++k) {
            CHECK(n_got < LINES_MAX);
            dm_buf_init(&lines[n_got], TEXT_MAX);
            print_row(&results[i], &results[i].rows[k], &lines[n_got]);
            got[n_got] = dm_buf_cstr(&lines[n_got]);
            ++n_got;
        }
    }
    qsort(got, n_got, sizeof(got[0]), compare_lines);
    for (size_t i = 0; i < n || i < n_got; ++i) {
        const char *is = i < n_got ? got[i] : "(nothing)";
        const char *should = i < n ? want[i] : "(nothing)";
        if (strcmp(is, should) != 0) {
            (void)fprintf(stderr, "row %zu is %s\n     want %s\n", i, is,
                          should);
            abort();
        }
    }
    for (size_t i = 0; i < n_got; ++i) {
        dm_buf_done(&lines[i]);
    }
}

// ------------------------------------------------------------ shipped rules

static enum dm_status
import_quad(void *context, const struct dm_quad *quad,
            const struct dm_quad_positions *positions, struct dm_error *error)
{
    (void)positions;
    return dm_txn_import(context, quad, error);
}

static void
import_states(struct scene *scene)
{
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    CHECK_INT(dm_env_read(&scene->env, STATES, &text, NULL), DM_OK);
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TRIG};
    struct dm_txn *txn = NULL;
    CHECK_INT(dm_txn_begin(scene->store, &txn), DM_OK);
    CHECK_INT(dm_read_text(&options, dm_buf_str(&text), import_quad, txn, NULL),
              DM_OK);
    CHECK_INT(dm_txn_commit(txn, DM_COMMIT_NORMAL), DM_OK);
    dm_buf_done(&text);
}

#define DAY "2026-11-24T"

static void
the_shipped_rules_give_exactly_these_rows(void)
{
    static const char *const want[] = {
        "CertificateExpiring: check=cert|expires=2020-01-01T00:00:00Z"
        "|since=2019-12-18T00:00:00.000Z",
        "CertificateExpiring: check=smtp|expires=2099-01-01T00:00:00Z"
        "|since=2016-11-12T00:00:00.000Z",
        "CheckFailing: check=api|severity=warning|failing=2|seen=2"
        "|message=status 503|since=" DAY "16:01:00Z",
        "CheckFailing: check=cloud|severity=warning|failing=1|seen=1"
        "|message=latency 2.4 s > 2 s|since=" DAY "16:00:00Z",
        "CheckFailing: check=hints|severity=info|failing=1|seen=1"
        "|message=latency 1.2 s > 1 s|since=" DAY "16:00:00Z",
        "CheckFailing: check=nightly|severity=critical|failing=1|seen=1"
        "|message=exit code 2|since=" DAY "03:20:00Z",
        "CheckFailing: check=payroll|severity=critical|failing=1|seen=1"
        "|message=|since=" DAY "16:03:00Z",
        "CheckFailing: check=shop|severity=critical|failing=2|seen=3"
        "|message=connect to 192.0.2.7:443: refused|since=" DAY "16:00:00Z",
        "CheckFailing: check=wiki|severity=warning|failing=1|seen=1"
        "|message=status 502|since=" DAY "16:02:00Z",
        "HeartbeatMissed: check=backup|severity=critical"
        "|at=2026-11-23T02:11:00Z|since=" DAY "08:11:00Z",
        "HeartbeatMissed: check=mirror|severity=warning|at=" DAY "06:00:00Z"
        "|since=" DAY "08:00:00Z",
        "LogForked: node=b|entry=4711",
        "NodeCheckFailing: check=disk|node=b|severity=warning|message=/ 91 %"
        "|since=" DAY "15:00:00Z",
        "NodeCheckFailing: check=raid|node=b|severity=critical|message="
        "|since=" DAY "15:30:00Z",
        "NodeCheckFailing: check=updates|node=a|severity=info"
        "|message=3 packages|since=" DAY "06:00:00Z",
        "NodeSilent: node=c|last=" DAY "15:50:00Z|since=" DAY "15:50:00Z",
    };
    struct scene scene;
    set_up(&scene, "");
    import_states(&scene);
    struct dm_rules *rules = dm_rules_new(scene.config);
    CHECK(rules);
    struct dm_snapshot *snapshot = open_snapshot(&scene);
    // Nothing is computed here: the graph is the file's
    const struct dm_present present = {.view = {.now_ms = T0}};
    struct dm_rules_round *round = NULL;
    CHECK_INT(run(rules, snapshot, &present, dm_str(""), &round), DM_OK);
    size_t n = 0;
    (void)dm_rules_round_results(round, &n);
    CHECK_INT((int64_t)n, 6);
    check_lines(round, want, DM_COUNT_OF(want));
    dm_rules_round_close(round);

    CHECK_INT(run(rules, snapshot, &present, dm_str("LogForked"), &round),
              DM_OK);
    (void)dm_rules_round_results(round, &n);
    CHECK_INT((int64_t)n, 1);
    check_lines(round, &want[11], 1);
    dm_rules_round_close(round);
    dm_snapshot_close(snapshot);
    dm_rules_free(rules);
    tear_down(&scene);
}

// -------------------------------------------------------- the present, whole

#define PREFIX "PREFIX : <https://w3id.org/demonitor#>\n"

static const char checks_text[] =
    PREFIX "<shop> a :HttpCheck ; :url \"https://shop.test/\" ; :retries 1 ;\n"
           "  :label \"team=web\" .\n"
           "<disk> a :SystemCheck ; :warnIf \"disk / > 80%\" .\n"
           "<backup> a :Heartbeat ; :every \"1h\" ; :grace \"10m\" .\n";

static void
record(struct dm_txn *txn, const char *check, enum dm_result_status status,
       int64_t at_ms)
{
    dm_log_no log = 0;
    CHECK_INT(dm_txn_log_number(txn, dm_str(NODE), &log), DM_OK);
    char iri[100];
    (void)snprintf(iri, sizeof(iri), "https://demonitor.internal/%s", check);
    const struct dm_term term = dm_term_iri(dm_str(iri));
    struct dm_event event = {
        .key = {.log = log},
        .status = status,
        .at_ms = at_ms,
        .micros = 1500,
        .certificate_expires_ms = DM_NO_TIME,
        .message = DM_STR("refused"),
    };
    CHECK_INT(dm_txn_intern(txn, &term, &event.check), DM_OK);
    CHECK_INT(dm_txn_record(txn, &event, NULL), DM_OK);
}

static void
record_results(struct scene *scene)
{
    struct dm_txn *txn = NULL;
    CHECK_INT(dm_txn_begin(scene->store, &txn), DM_OK);
    record(txn, "shop", DM_RESULT_CRITICAL, T0 - 60000);
    record(txn, "backup", DM_RESULT_OK, T0 - 4200001);
    record(txn, "disk", DM_RESULT_OK, T0 - 1000);
    record(txn, "shop", DM_RESULT_CRITICAL, T0 - 500);
    record(txn, "retired", DM_RESULT_CRITICAL, T0 - 400);
    CHECK_INT(dm_txn_commit(txn, DM_COMMIT_NORMAL), DM_OK);
}

static const char *const want_present[] = {
    "CheckFailing: check=shop|severity=critical|failing=1|seen=1"
    "|message=refused|since=" DAY "15:59:00.000Z",
    "HeartbeatMissed: check=backup|severity=critical|at=" DAY
    "14:49:59.999Z|since=" DAY "15:59:59.999Z",
};

static void
rules_see_the_present_of_a_store_by_names(void)
{
    struct scene scene;
    set_up(&scene, checks_text);
    record_results(&scene);
    struct dm_rules *rules = dm_rules_new(scene.config);
    CHECK(rules);
    struct dm_snapshot *snapshot = open_snapshot(&scene);
    struct dm_present *present = NULL;
    CHECK_INT(dm_present_open(snapshot, scene.config, NULL, T0, &present),
              DM_OK);
    CHECK_INT((int64_t)present->view.n_states, 3);
    CHECK_INT((int64_t)present->view.n_nodes, 1);
    struct dm_rules_round *round = NULL;
    CHECK_INT(run(rules, snapshot, present, dm_str(""), &round), DM_OK);
    check_lines(round, want_present, DM_COUNT_OF(want_present));
    size_t n = 0;
    const struct dm_rule_result *results = dm_rules_round_results(round, &n);
    for (size_t i = 0; i < n; ++i) {
        if (dm_str_is(results[i].rule->name, "CheckFailing")) {
            CHECK(dm_str_is(results[i].rows[0].columns[0].value, "shop"));
            CHECK_INT(results[i].rows[0].since_ms, T0 - 60000);
        }
    }
    dm_rules_round_close(round);
    dm_snapshot_close(snapshot);
    dm_present_close(present);
    dm_rules_free(rules);
    tear_down(&scene);
}

static bool
ask(struct dm_snapshot *snapshot, const char *text)
{
    static const struct dm_dataset all = {.default_graph = DM_DEFAULT_UNION,
                                          .all_named = true};
    const struct dm_query_options parse = {.prefixes = dm_query_prefixes,
                                           .n_prefixes = dm_n_query_prefixes};
    const struct dm_exec_options options = {.dataset = &all, .now_ms = T0};
    struct dm_query *query = NULL;
    struct dm_exec *exec = NULL;
    struct dm_error error = {0};
    CHECK_INT(dm_query_parse(dm_str(text), &parse, &query, &error), DM_OK);
    CHECK_INT(dm_exec_open(query, snapshot, &options, &exec, &error), DM_OK);
    const dm_id *row = NULL;
    const enum dm_status status = dm_exec_next(exec, &row, &error);
    CHECK(status == DM_OK || status == DM_END);
    dm_exec_close(exec);
    dm_query_free(query);
    return status == DM_OK;
}

static void
the_graph_now_says_what_the_vocabulary_lists(void)
{
    static const char *const patterns[] = {
        "?s a :State ; :check <https://demonitor.internal/shop> ; "
        ":name \"shop\" ; :kind :HttpCheck ; :node <ipns://k51node>",
        "<ipns://k51node#state:shop> :status :critical ; :failing true ; "
        ":muted false ; :perNode false ; :quorum 1 ; :severity \"critical\"",
        "<ipns://k51node#state:shop> :bad 2 ; :streak 2 ; :seconds 0.0015 ; "
        ":message \"refused\" ; :label \"team=web\" ; "
        ":since \"2026-11-24T15:59:00.000Z\"^^xsd:dateTime ; "
        ":badSince \"2026-11-24T15:59:00.000Z\"^^xsd:dateTime ; "
        ":at \"2026-11-24T15:59:59.500Z\"^^xsd:dateTime ; "
        ":every \"PT1M\"^^xsd:dayTimeDuration ; "
        ":certWarn \"P14D\"^^xsd:dayTimeDuration ; :definition ?d ; :event ?e",
        "<ipns://k51node#state:disk> :perNode true ; :kind :SystemCheck",
        "<https://demonitor.internal/backup#:state> :status :stale ; "
        ":since \"2026-11-24T15:59:59.999Z\"^^xsd:dateTime",
        "<ipns://k51node> a :Node ; :name \"carbon\" ; :silent false",
    };
    static const char *const absent[] = {
        "<https://demonitor.internal/backup#:state> :node ?n",
        "<ipns://k51node#state:disk> :badSince ?t",
        "<ipns://k51node#state:disk> :certWarn ?t",
        "?s :check <https://demonitor.internal/retired>",
        "?n :forkedAt ?x",
    };
    struct scene scene;
    set_up(&scene, checks_text);
    record_results(&scene);
    struct dm_snapshot *snapshot = open_snapshot(&scene);
    struct dm_present *present = NULL;
    CHECK_INT(dm_present_open(snapshot, scene.config, NULL, T0, &present),
              DM_OK);
    for (size_t i = 0; i < DM_COUNT_OF(patterns) + DM_COUNT_OF(absent); ++i) {
        const bool is_there = i < DM_COUNT_OF(patterns);
        const char *pattern =
            is_there ? patterns[i] : absent[i - DM_COUNT_OF(patterns)];
        char text[1000];
        (void)snprintf(text, sizeof(text),
                       "SELECT * WHERE { GRAPH :now { %s } }", pattern);
        if (ask(snapshot, text) != is_there) {
            (void)fprintf(stderr, "%s\n", text);
            abort();
        }
    }
    dm_snapshot_close(snapshot);
    dm_present_close(present);
    tear_down(&scene);
}

// ------------------------------------------------------------- what is wrong

static void
a_rule_that_is_no_query_is_its_error(void)
{
    struct scene scene;
    set_up(&scene,
           PREFIX "<r1> a :AlertRule ; :by \"check\" ;\n"
                  "  :select \"SELECT ?check WHERE { ?s :check\" .\n"
                  "<r2> a :AlertRule ; :by \"check\" ;\n"
                  "  :select \"ASK { ?s :check ?check }\" .\n"
                  "<r3> a :AlertRule ; :by \"check\" ; :enabled false ;\n"
                  "  :select \"SELECT\" .\n");
    struct dm_rules *rules = dm_rules_new(scene.config);
    CHECK(rules);
    CHECK(dm_rules_error(rules, dm_str("r1")));
    CHECK(dm_rules_error(rules, dm_str("r2")));
    CHECK(!dm_rules_error(rules, dm_str("r3"))); // It is not looked at
    CHECK(!dm_rules_error(rules, dm_str("CheckFailing")));
    struct dm_snapshot *snapshot = open_snapshot(&scene);
    struct dm_present *present = NULL;
    CHECK_INT(dm_present_open(snapshot, scene.config, NULL, T0, &present),
              DM_OK);
    struct dm_rules_round *round = NULL;
    CHECK_INT(run(rules, snapshot, present, dm_str("r2"), &round), DM_OK);
    size_t n = 0;
    const struct dm_rule_result *results = dm_rules_round_results(round, &n);
    CHECK_INT((int64_t)n, 1);
    CHECK_INT(results[0].status, DM_ERR_SYNTAX);
    CHECK(dm_str_is(results[0].error, "a rule's :select is a SELECT query"));
    dm_rules_round_close(round);
    dm_snapshot_close(snapshot);
    dm_present_close(present);
    dm_rules_free(rules);
    tear_down(&scene);
}

static void
a_round_that_is_cancelled_ends_so(void)
{
    struct scene scene;
    set_up(&scene, checks_text);
    struct dm_rules *rules = dm_rules_new(scene.config);
    CHECK(rules);
    struct dm_snapshot *snapshot = open_snapshot(&scene);
    struct dm_present *present = NULL;
    CHECK_INT(dm_present_open(snapshot, scene.config, NULL, T0, &present),
              DM_OK);
    dm_work_cancel(&scene.work);
    struct dm_rules_round *round = NULL;
    CHECK_INT(run(rules, snapshot, present, dm_str(""), &round),
              DM_ERR_CANCELLED);
    dm_snapshot_close(snapshot);
    dm_present_close(present);
    dm_rules_free(rules);
    tear_down(&scene);
}

// Present and round with the n-th allocation failing. @return Whether all went
// well.
static bool
try_with_memory(struct scene *scene, struct dm_rules *rules, size_t n)
{
    struct dm_snapshot *snapshot = open_snapshot(scene);
    struct dm_present *present = NULL;
    struct dm_rules_round *round = NULL;
    dm_alloc_fail_after(n);
    enum dm_status status =
        dm_present_open(snapshot, scene->config, NULL, T0, &present);
    if (!status) {
        status = run(rules, snapshot, present, dm_str("CheckFailing"), &round);
    }
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK(!status || status == DM_ERR_NO_MEMORY);
    bool is_whole = !status;
    if (!status) {
        size_t n_results = 0;
        const struct dm_rule_result *results =
            dm_rules_round_results(round, &n_results);
        CHECK_INT((int64_t)n_results, 1);
        CHECK(!results[0].status || results[0].status == DM_ERR_NO_MEMORY);
        is_whole = !results[0].status;
        dm_rules_round_close(round);
    }
    dm_snapshot_close(snapshot);
    dm_present_close(present);
    return is_whole;
}

static void
every_failed_allocation_is_a_status(void)
{
    struct scene scene;
    set_up(&scene, checks_text);
    record_results(&scene);
    struct dm_rules *rules = NULL;
    for (size_t n = 0; !rules; ++n) {
        dm_alloc_fail_after(n);
        rules = dm_rules_new(scene.config);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    }
    CHECK(!dm_rules_error(rules, dm_str("CheckFailing")));
    size_t n = 0;
    while (!try_with_memory(&scene, rules, n)) {
        ++n;
    }
    CHECK(n > 50);
    dm_rules_free(rules);
    tear_down(&scene);
}

int
main(void)
{
    the_shipped_rules_give_exactly_these_rows();
    rules_see_the_present_of_a_store_by_names();
    the_graph_now_says_what_the_vocabulary_lists();
    a_rule_that_is_no_query_is_its_error();
    a_round_that_is_cancelled_ends_so();
    every_failed_allocation_is_a_status();
    return 0;
}
