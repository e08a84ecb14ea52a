// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_ALERT_ROUNDS_H
#define DM_TESTS_ALERT_ROUNDS_H

/**
 * @file
 * Rounds of one rule about one check at two nodes, for the tests of alert: set
 * up, add rows, play a round, look at what changed.
 */

#include "alert/evaluate.h"
#include "base/buf.h"
#include "tests/check.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define T0 INT64_C(1795536000000) // 2026-11-24T16:00:00Z
#define ROWS_MAX 4
#define COLUMNS_MAX 6
#define LOG_MAX 64

static struct dm_check_def shop = {
    .iri = DM_STR("https://demonitor.internal/shop"),
    .name = DM_STR("shop"),
    .kind = DM_CHECK_HTTP,
    .alert = true,
};
static const struct dm_view_log self = {
    .log = 1, .iri = DM_STR("ipns://1"), .name = DM_STR("a"), .is_self = true};
static const struct dm_view_log other = {
    .log = 2, .iri = DM_STR("ipns://2"), .name = DM_STR("b")};

static const struct dm_str by_check[] = {DM_STR("check")};

// One rule, one check with a state at each of two nodes, what became of it
struct scene {
    struct dm_rule_def rule;
    struct dm_view_state states[2];
    size_t n_states;
    struct dm_view_node nodes[2];
    struct dm_view view;
    struct dm_alert_text columns[ROWS_MAX][COLUMNS_MAX];
    struct dm_rule_row rows[ROWS_MAX];
    struct dm_rule_result result;
    size_t n_results;
    bool is_partial;
    struct dm_alerts *alerts;
    int64_t next_ms;
    char log[LOG_MAX]; // What changed in the last round: p f r g
    size_t n_log;
};

static struct scene scene;

static inline void
set_up(void)
{
    dm_alerts_free(scene.alerts);
    memset(&scene, 0, sizeof(scene));
    scene.rule = (struct dm_rule_def){
        .name = DM_STR("CheckFailing"),
        .by = {by_check, 1},
        .severity = DM_SEVERITY_CRITICAL,
        .summary = DM_STR("{check} fails: {message}"),
        .enabled = true,
    };
    shop.kind = DM_CHECK_HTTP;
    shop.labels = (struct dm_pairs){NULL, 0};
    shop.summary = (struct dm_str){"", 0};
    shop.runbook = (struct dm_str){"", 0};
    scene.n_states = 1;
    scene.states[0] = (struct dm_view_state){.name = shop.name,
                                             .check = &shop,
                                             .node = &self,
                                             .status = DM_RESULT_CRITICAL};
    scene.states[1] = (struct dm_view_state){.name = shop.name,
                                             .check = &shop,
                                             .node = &other,
                                             .status = DM_RESULT_CRITICAL};
    scene.nodes[0].log = &self;
    scene.nodes[1].log = &other;
    scene.alerts = dm_alerts_new();
    CHECK(scene.alerts);
    scene.n_results = 1;
}

static inline void
add_row(int64_t since_ms)
{
    CHECK(scene.result.n_rows < ROWS_MAX);
    const size_t n = scene.result.n_rows++;
    scene.rows[n] = (struct dm_rule_row){scene.columns[n], 0, since_ms};
}

static inline void
add_column(const char *name, const char *value)
{
    struct dm_rule_row *row = &scene.rows[scene.result.n_rows - 1];
    CHECK(row->n_columns < COLUMNS_MAX);
    scene.columns[scene.result.n_rows - 1][row->n_columns++] =
        (struct dm_alert_text){dm_str(name), dm_str(value)};
}

static inline void
row_of_shop(int64_t since_ms)
{
    add_row(since_ms);
    add_column("check", "shop");
    add_column("message", "refused");
}

static inline void
no_rows(void)
{
    scene.result.n_rows = 0;
}

static inline void
on_change(void *context, enum dm_alert_event event,
          const struct dm_alert *alert)
{
    static const char letters[] = {'p', 'f', 'r', 'g'};
    CHECK(context == &scene);
    CHECK(alert->identity.n);
    CHECK(scene.n_log + 1 < LOG_MAX);
    scene.log[scene.n_log++] = letters[event];
    scene.log[scene.n_log] = '\0';
}

static inline enum dm_status
try_round(int64_t now_ms, struct dm_alerts **ret)
{
    scene.view = (struct dm_view){
        .states = scene.states,
        .n_states = scene.n_states,
        .nodes = scene.nodes,
        .n_nodes = 2,
        .now_ms = now_ms,
    };
    scene.result.rule = &scene.rule;
    scene.result.rows = scene.rows;
    const struct dm_alerts_input input = {
        .before = scene.alerts,
        .view = &scene.view,
        .results = &scene.result,
        .n_results = scene.n_results,
        .is_partial = scene.is_partial,
        .on_change = on_change,
        .context = &scene,
    };
    scene.n_log = 0;
    scene.log[0] = '\0';
    return dm_alerts_evaluate(&input, ret, &scene.next_ms);
}

static inline void
play(int64_t now_ms)
{
    struct dm_alerts *after = NULL;
    CHECK_INT(try_round(now_ms, &after), DM_OK);
    dm_alerts_free(scene.alerts);
    scene.alerts = after;
}

// Play a round and say what changed
static inline bool
gives(int64_t now_ms, const char *changes)
{
    play(now_ms);
    if (strcmp(scene.log, changes) != 0) {
        (void)fprintf(stderr, "changes are '%s', want '%s'\n", scene.log,
                      changes);
        return false;
    }
    return true;
}

static inline const struct dm_alert *
only(void)
{
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 1);
    return dm_alerts_at(scene.alerts, 0);
}

static inline const char *
find_text(const struct dm_alert_text *texts, size_t n, const char *name)
{
    for (size_t i = 0; i < n; ++i) {
        CHECK(i == 0 || dm_str_compare(texts[i - 1].name, texts[i].name) < 0);
        if (dm_str_is(texts[i].name, name)) {
            return texts[i].value.data; // Ended by NUL: of an arena
        }
    }
    return "";
}

static inline bool
has_label(const struct dm_alert *alert, const char *name, const char *value)
{
    return strcmp(find_text(alert->labels, alert->n_labels, name), value) == 0;
}

static inline bool
has_annotation(const struct dm_alert *alert, const char *name,
               const char *value)
{
    const char *got = find_text(alert->annotations, alert->n_annotations, name);
    if (strcmp(got, value) != 0) {
        (void)fprintf(stderr, "%s is '%s'\n", name, got);
    }
    return strcmp(got, value) == 0;
}

// Encode all, and go on with what is decoded
static inline void
restart(void)
{
    struct dm_alerts *decoded = dm_alerts_new();
    CHECK(decoded);
    for (size_t i = dm_alerts_count(scene.alerts); i-- > 0;) {
        struct dm_buf json;
        dm_buf_init(&json, 65536);
        CHECK_INT(dm_alert_encode(dm_alerts_at(scene.alerts, i), &json), DM_OK);
        CHECK_INT(dm_alerts_decode(decoded, dm_buf_str(&json)), DM_OK);
        dm_buf_done(&json);
    }
    dm_alerts_free(scene.alerts);
    scene.alerts = decoded;
}

#endif // DM_TESTS_ALERT_ROUNDS_H
