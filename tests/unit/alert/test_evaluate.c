// SPDX-License-Identifier: ISC

// Rounds of rules: E1 to E5 of alert/evaluate.h, the life of one alert, and
// random histories against a model that is simple enough to be believed.

#include "alert/evaluate.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "tests/check.h"

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
    struct dm_alerts *alerts;
    int64_t next_ms;
    char log[LOG_MAX]; // What changed in the last round: p f r g
    size_t n_log;
};

static struct scene scene;

static void
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
    scene.states[0] = (struct dm_view_state){
        .check = &shop, .node = &self, .status = DM_RESULT_CRITICAL};
    scene.states[1] = (struct dm_view_state){
        .check = &shop, .node = &other, .status = DM_RESULT_CRITICAL};
    scene.nodes[0].log = &self;
    scene.nodes[1].log = &other;
    scene.alerts = dm_alerts_new();
    CHECK(scene.alerts);
    scene.n_results = 1;
}

static void
add_row(int64_t since_ms)
{
    CHECK(scene.result.n_rows < ROWS_MAX);
    const size_t n = scene.result.n_rows++;
    scene.rows[n] = (struct dm_rule_row){scene.columns[n], 0, since_ms};
}

static void
add_column(const char *name, const char *value)
{
    struct dm_rule_row *row = &scene.rows[scene.result.n_rows - 1];
    CHECK(row->n_columns < COLUMNS_MAX);
    scene.columns[scene.result.n_rows - 1][row->n_columns++] =
        (struct dm_alert_text){dm_str(name), dm_str(value)};
}

static void
row_of_shop(int64_t since_ms)
{
    add_row(since_ms);
    add_column("check", "shop");
    add_column("message", "refused");
}

static void
no_rows(void)
{
    scene.result.n_rows = 0;
}

static void
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

static enum dm_status
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
        .on_change = on_change,
        .context = &scene,
    };
    scene.n_log = 0;
    scene.log[0] = '\0';
    return dm_alerts_evaluate(&input, ret, &scene.next_ms);
}

static void
play(int64_t now_ms)
{
    struct dm_alerts *after = NULL;
    CHECK_INT(try_round(now_ms, &after), DM_OK);
    dm_alerts_free(scene.alerts);
    scene.alerts = after;
}

// Play a round and say what changed
static bool
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

static const struct dm_alert *
only(void)
{
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 1);
    return dm_alerts_at(scene.alerts, 0);
}

static const char *
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

static bool
has_label(const struct dm_alert *alert, const char *name, const char *value)
{
    return strcmp(find_text(alert->labels, alert->n_labels, name), value) == 0;
}

static bool
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
static void
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

// ------------------------------------------------------------------ one alert

static void
an_alert_fires_at_once_is_resolved_and_told_for_15_minutes(void)
{
    set_up();
    row_of_shop(T0 - MINUTE);
    CHECK(gives(T0, "f"));
    CHECK_INT(only()->state, DM_ALERT_FIRING);
    CHECK_INT(only()->starts_ms, T0 - MINUTE);
    CHECK_INT(only()->fired_ms, T0);
    CHECK(scene.next_ms == INT64_MAX);
    CHECK(gives(T0 + 1, "")); // Nothing changed: nothing is said

    no_rows();
    scene.states[0].status = DM_RESULT_OK;
    CHECK(gives(T0 + 2, "r"));
    CHECK_INT(only()->resolved_ms, T0 + 2);
    const int64_t gone = T0 + 2 + DM_RESEND_RESOLVED_MS + 1;
    CHECK_INT(scene.next_ms, gone);
    CHECK(gives(gone - 1, ""));
    CHECK_INT(only()->state, DM_ALERT_RESOLVED);
    CHECK(gives(gone, "g"));
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 0);
}

static void
one_that_comes_back_fires_anew(void)
{
    set_up();
    row_of_shop(T0);
    CHECK(gives(T0, "f"));
    no_rows();
    scene.states[0].status = DM_RESULT_OK;
    CHECK(gives(T0 + MINUTE, "r"));
    row_of_shop(T0 + 2 * MINUTE);
    scene.states[0].status = DM_RESULT_CRITICAL;
    CHECK(gives(T0 + 2 * MINUTE, "f"));
    CHECK_INT(only()->starts_ms, T0 + 2 * MINUTE);
    CHECK_INT(only()->resolved_ms, 0);
}

static void
for_lets_it_wait_and_begins_anew_after_a_gap(void)
{
    set_up();
    scene.rule.for_ms = MINUTE;
    row_of_shop(T0 - SECOND);
    CHECK(gives(T0, "p"));
    CHECK_INT(only()->state, DM_ALERT_PENDING);
    CHECK_INT(scene.next_ms, T0 + MINUTE);
    restart();
    CHECK(gives(T0 + MINUTE - 1, ""));
    CHECK(gives(T0 + MINUTE, "f"));
    CHECK_INT(only()->starts_ms, T0 - SECOND);

    set_up();
    scene.rule.for_ms = MINUTE;
    row_of_shop(T0);
    CHECK(gives(T0, "p"));
    no_rows();
    scene.states[0].status = DM_RESULT_OK;
    CHECK(gives(T0 + 30 * SECOND, "g"));
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 0);
    row_of_shop(T0 + 40 * SECOND);
    scene.states[0].status = DM_RESULT_CRITICAL;
    CHECK(gives(T0 + 40 * SECOND, "p"));
    CHECK_INT(scene.next_ms, T0 + 40 * SECOND + MINUTE);
}

static void
keep_firing_bridges_a_gap(void)
{
    set_up();
    scene.rule.keep_firing_ms = MINUTE;
    row_of_shop(T0);
    CHECK(gives(T0, "f"));
    no_rows();
    scene.states[0].status = DM_RESULT_OK;
    CHECK(gives(T0 + 10 * SECOND, ""));
    CHECK_INT(scene.next_ms, T0 + MINUTE); // After the row was last there
    restart();
    row_of_shop(T0 + 20 * SECOND);
    CHECK(gives(T0 + 20 * SECOND, ""));
    CHECK_INT(only()->starts_ms, T0); // Still the same incident
    no_rows();
    CHECK(gives(T0 + 80 * SECOND - 1, ""));
    CHECK(gives(T0 + 80 * SECOND, "r"));
}

// E2
static void
it_starts_with_its_row_but_never_later_and_never_in_the_future(void)
{
    set_up();
    row_of_shop(T0 + HOUR);
    CHECK(gives(T0, "f"));
    CHECK_INT(only()->starts_ms, T0);
    scene.rows[0].since_ms = T0 + SECOND; // Would move it later
    CHECK(gives(T0 + MINUTE, ""));
    CHECK_INT(only()->starts_ms, T0);
    scene.rows[0].since_ms = T0 - HOUR; // Somebody saw it earlier
    CHECK(gives(T0 + MINUTE, "f"));
    CHECK_INT(only()->starts_ms, T0 - HOUR);
    set_up();
    row_of_shop(DM_NO_TIME);
    CHECK(gives(T0, "f"));
    CHECK(gives(T0 + HOUR, ""));
    CHECK_INT(only()->starts_ms, T0);
}

static void
a_new_severity_resolves_the_old_label_set_in_the_same_round(void)
{
    set_up();
    scene.rule.for_ms = MINUTE;
    row_of_shop(T0);
    add_column("severity", "warning");
    play(T0);
    CHECK(gives(T0 + MINUTE, "f"));
    scene.columns[0][2].value = dm_str("critical");
    CHECK(gives(T0 + 2 * MINUTE, "rf"));
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 2);
    int firing = 0;
    for (size_t i = 0; i < 2; ++i) {
        const struct dm_alert *alert = dm_alerts_at(scene.alerts, i);
        const bool fires = alert->state == DM_ALERT_FIRING;
        firing += fires ? 1 : 0;
        CHECK(has_label(alert, "severity", fires ? "critical" : "warning"));
        CHECK_INT(alert->starts_ms, T0); // `for` is not begun anew
    }
    CHECK_INT(firing, 1);
    scene.columns[0][2].value = dm_str("warning"); // And back
    CHECK(gives(T0 + 3 * MINUTE, "rf"));
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 2);
    // While it is pending, the old one was told to nobody
    set_up();
    scene.rule.for_ms = MINUTE;
    row_of_shop(T0);
    add_column("severity", "warning");
    CHECK(gives(T0, "p"));
    scene.columns[0][2].value = dm_str("critical");
    CHECK(gives(T0 + 30 * SECOND, "gp"));
    CHECK(gives(T0 + MINUTE, "f"));
}

// E4
static void
labels_and_annotations_are_made_of_row_rule_and_check(void)
{
    static const struct dm_pair rule_labels[] = {
        {DM_STR("team"), DM_STR("ops")}, {DM_STR("tier"), DM_STR("1")}};
    static const struct dm_pair check_labels[] = {
        {DM_STR("team"), DM_STR("web")},
        {DM_STR("data-center"), DM_STR("fra")},
        {DM_STR("alertname"), DM_STR("Forged")}};
    set_up();
    scene.rule.labels = (struct dm_pairs){rule_labels, 2};
    scene.rule.runbook = dm_str("https://example.net/rule");
    shop.labels = (struct dm_pairs){check_labels, 3};
    row_of_shop(T0);
    add_column("since", "2026-11-24T16:00:00Z");
    add_column("seen", "2");
    play(T0);
    const struct dm_alert *alert = only();
    CHECK(has_label(alert, "alertname", "CheckFailing"));
    CHECK(has_label(alert, "check", "shop"));
    CHECK(has_label(alert, "severity", "critical"));
    CHECK(has_label(alert, "team", "ops")); // Of one name the rule's
    CHECK(has_label(alert, "tier", "1"));
    CHECK(has_label(alert, "data_center", "fra"));
    CHECK_INT((int64_t)alert->n_labels, 6);
    CHECK(has_annotation(alert, "summary", "shop fails: refused"));
    CHECK(has_annotation(alert, "runbook_url", "https://example.net/rule"));
    CHECK(has_annotation(alert, "message", "refused"));
    CHECK(has_annotation(alert, "seen", "2"));
    CHECK_INT((int64_t)alert->n_annotations, 4);
    CHECK(alert->fingerprint ==
          dm_alert_fingerprint(alert->labels, alert->n_labels));

    shop.summary = dm_str("The {check} is down{nothing} {open");
    shop.runbook = dm_str("https://example.net/shop");
    CHECK(gives(T0 + 1, "f")); // Its texts changed: told again
    alert = only();
    CHECK(has_annotation(alert, "summary", "The shop is down {open"));
    CHECK(has_annotation(alert, "runbook_url", "https://example.net/shop"));
}

// ---------------------------------------------------------------- E1: evidence

static void
a_stale_or_unknown_state_keeps_its_alert_for_24_h(void)
{
    static const enum dm_result_status blind[] = {DM_RESULT_STALE,
                                                  DM_RESULT_UNKNOWN};
    for (size_t i = 0; i < 2; ++i) {
        set_up();
        row_of_shop(T0);
        CHECK(gives(T0, "f"));
        no_rows();
        scene.states[0].status = blind[i];
        const int64_t until = T0 + DM_KEEP_WITHOUT_DATA_MS;
        CHECK(gives(T0 + HOUR, ""));
        CHECK_INT(scene.next_ms, until + 1);
        restart();
        CHECK(gives(until, ""));
        CHECK_INT(only()->state, DM_ALERT_FIRING);
        CHECK(gives(until + 1, "g")); // It lapses: not resolved
    }
}

static void
a_fresh_state_resolves_what_was_kept(void)
{
    set_up();
    scene.n_states = 2;
    row_of_shop(T0);
    play(T0);
    no_rows();
    scene.states[0].status = DM_RESULT_STALE;
    scene.states[1].status = DM_RESULT_STALE;
    CHECK(gives(T0 + HOUR, ""));
    scene.states[1].status = DM_RESULT_OK;
    CHECK(gives(T0 + 2 * HOUR, "r"));
}

static void
only_the_state_of_its_node_is_evidence_for_an_alert_about_one(void)
{
    static const struct dm_str by[] = {DM_STR("check"), DM_STR("node")};
    set_up();
    scene.rule.by = (struct dm_texts){by, 2};
    scene.n_states = 2;
    row_of_shop(T0);
    add_column("node", "b");
    play(T0);
    no_rows();
    scene.states[0].status = DM_RESULT_OK;
    scene.states[1].status = DM_RESULT_STALE;
    CHECK(gives(T0 + MINUTE, ""));
    scene.states[1].status = DM_RESULT_OK;
    CHECK(gives(T0 + 2 * MINUTE, "r"));
}

static void
without_any_state_it_lapses(void)
{
    set_up();
    row_of_shop(T0);
    play(T0);
    no_rows();
    scene.n_states = 0;
    CHECK(gives(T0 + SECOND, "g"));
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 0);
}

static void
an_overdue_heartbeat_is_evidence(void)
{
    set_up();
    shop.kind = DM_CHECK_HEARTBEAT;
    scene.states[0].node = NULL;
    row_of_shop(T0);
    play(T0);
    no_rows();
    scene.states[0].status = DM_RESULT_STALE;
    CHECK(gives(T0 + HOUR, "r"));
}

static void
on_no_data_may_resolve_or_alert_now(void)
{
    set_up();
    scene.rule.on_no_data = DM_ON_NO_DATA_RESOLVED;
    row_of_shop(T0);
    play(T0);
    no_rows();
    scene.states[0].status = DM_RESULT_STALE;
    CHECK(gives(T0 + HOUR, "r"));

    for (int i = 0; i < 3; ++i) {
        static const enum dm_on_no_data ways[] = {DM_ON_NO_DATA_KEEP,
                                                  DM_ON_NO_DATA_RESOLVED,
                                                  DM_ON_NO_DATA_ALERT_NOW};
        static const char *const want[] = {"", "g", "f"};
        set_up();
        scene.rule.on_no_data = ways[i];
        scene.rule.for_ms = HOUR;
        row_of_shop(T0);
        CHECK(gives(T0, "p"));
        no_rows();
        scene.states[0].status = DM_RESULT_STALE;
        CHECK(gives(T0 + MINUTE, want[i]));
        CHECK(gives(T0 + 2 * MINUTE, "")); // Once
        if (ways[i] == DM_ON_NO_DATA_ALERT_NOW) {
            CHECK_INT(only()->fired_ms, T0 + MINUTE);
            CHECK(gives(T0 + DM_KEEP_WITHOUT_DATA_MS + 1, "g"));
        }
    }
}

// ------------------------------------------------------------- E3: bad rules

static void
a_rule_that_fails_keeps_its_alerts_and_is_told(void)
{
    set_up();
    row_of_shop(T0);
    play(T0);
    scene.result.status = DM_ERR_DEADLINE;
    scene.result.error = dm_str("the query took too long");
    no_rows();
    scene.states[0].status = DM_RESULT_OK;
    CHECK(gives(T0 + MINUTE, "f"));
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 2);
    const struct dm_alert *failed = dm_alerts_at(scene.alerts, 1);
    CHECK(dm_str_is(failed->rule, "RuleFailed"));
    CHECK(has_label(failed, "rule", "CheckFailing"));
    CHECK(has_label(failed, "node", "a"));
    CHECK(has_annotation(failed, "summary",
                         "rule CheckFailing on a: the query took too long"));
    CHECK(gives(T0 + 2 * MINUTE, ""));
    scene.result.status = DM_OK;
    CHECK(gives(T0 + 3 * MINUTE, "rr")); // Both: the rule works, and is quiet
}

static void
two_rows_of_one_identity_fail_the_rule(void)
{
    set_up();
    row_of_shop(T0);
    play(T0);
    row_of_shop(T0);
    CHECK(gives(T0 + MINUTE, "f"));
    CHECK(has_annotation(dm_alerts_at(scene.alerts, 1), "error",
                         "two rows have the same labels"));
    add_column("severity", "warning"); // Other labels, the same :by
    play(T0 + 2 * MINUTE);
    CHECK(has_annotation(dm_alerts_at(scene.alerts, 1), "error",
                         "two rows have the same :by columns"));
    CHECK_INT(dm_alerts_at(scene.alerts, 0)->state, DM_ALERT_FIRING);
}

static void
too_many_rows_or_too_long_an_identity_fail_the_rule_alone(void)
{
    static char longest[70000];
    memset(longest, 'x', sizeof(longest) - 1);
    set_up();
    add_row(T0);
    add_column("check", longest);
    CHECK(gives(T0, "f"));
    CHECK(dm_str_is(only()->rule, "RuleFailed"));
    set_up();
    scene.result.n_rows = DM_RULE_ROWS_MAX + 1; // They are not looked at
    CHECK(gives(T0, "f"));
    CHECK(has_annotation(only(), "error", "too many rows"));
}

static void
a_rule_that_is_no_more_resolves_what_it_said(void)
{
    set_up();
    row_of_shop(T0);
    play(T0);
    scene.n_results = 0;
    CHECK(gives(T0 + MINUTE, "r"));
    set_up();
    scene.rule.for_ms = HOUR;
    row_of_shop(T0);
    play(T0);
    scene.n_results = 0;
    scene.states[0].status = DM_RESULT_STALE;
    CHECK(gives(T0 + MINUTE, "g"));
}

// ----------------------------------------------------------------- E5: forms

static void
the_fingerprint_is_the_one_of_alertmanager(void)
{
    // Of prometheus/common, model/signature_test.go
    const struct dm_alert_text labels[] = {
        {DM_STR("fear"), DM_STR("love is not enough")},
        {DM_STR("name"), DM_STR("garland, briggs")},
    };
    CHECK(dm_alert_fingerprint(labels, 0) == UINT64_C(14695981039346656037));
    CHECK(dm_alert_fingerprint(labels, 2) == UINT64_C(5799056148416392346));
}

static bool
is_same(const struct dm_alert *a, const struct dm_alert *b)
{
    bool same =
        dm_str_equal(a->identity, b->identity) &&
        dm_str_equal(a->rule, b->rule) && a->state == b->state &&
        dm_str_equal(a->check, b->check) && dm_str_equal(a->node, b->node) &&
        a->n_labels == b->n_labels && a->n_annotations == b->n_annotations &&
        a->fingerprint == b->fingerprint &&
        a->first_seen_ms == b->first_seen_ms &&
        a->last_seen_ms == b->last_seen_ms && a->starts_ms == b->starts_ms &&
        a->fired_ms == b->fired_ms && a->resolved_ms == b->resolved_ms;
    for (size_t i = 0; same && i < a->n_labels; ++i) {
        same = dm_str_equal(a->labels[i].name, b->labels[i].name) &&
               dm_str_equal(a->labels[i].value, b->labels[i].value);
    }
    for (size_t i = 0; same && i < a->n_annotations; ++i) {
        same = dm_str_equal(a->annotations[i].name, b->annotations[i].name) &&
               dm_str_equal(a->annotations[i].value, b->annotations[i].value);
    }
    return same;
}

static void
what_is_encoded_or_cloned_is_the_same(void)
{
    set_up();
    add_row(T0);
    add_column("check", "shop");
    add_column("message", "\"quoted\" \\ \n caf\xC3\xA9 \x01");
    add_row(T0);
    add_column("check", "blog");
    play(T0);
    struct dm_alerts *clone = dm_alerts_clone(scene.alerts);
    CHECK(clone);
    restart();
    CHECK_INT((int64_t)dm_alerts_count(clone), 2);
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 2);
    for (size_t i = 0; i < 2; ++i) {
        CHECK(is_same(dm_alerts_at(clone, i), dm_alerts_at(scene.alerts, i)));
    }
    // The later of two equal ones stays
    struct dm_alert changed = *dm_alerts_at(clone, 0);
    changed.state = DM_ALERT_RESOLVED;
    struct dm_buf json;
    dm_buf_init(&json, 65536);
    CHECK_INT(dm_alert_encode(&changed, &json), DM_OK);
    CHECK_INT(dm_alerts_decode(scene.alerts, dm_buf_str(&json)), DM_OK);
    dm_buf_done(&json);
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 2);
    CHECK_INT(dm_alerts_at(scene.alerts, 0)->state, DM_ALERT_RESOLVED);
    dm_alerts_free(clone);
}

static void
what_is_no_alert_is_refused(void)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"identity\":\"i\",\"rule\":\"r\",\"state\":\"firing\"}",
        "{\"identity\":\"i\",\"rule\":\"r\",\"state\":\"odd\",\"labels\":"
        "{\"alertname\":\"r\"}}",
        "{\"identity\":1,\"rule\":\"r\",\"state\":\"firing\",\"labels\":"
        "{\"alertname\":\"r\"}}",
        "{\"identity\":\"i\",\"rule\":\"r\",\"state\":\"firing\",\"labels\":"
        "{\"alertname\":1}}",
    };
    struct dm_alerts *alerts = dm_alerts_new();
    CHECK(alerts);
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        CHECK_INT(dm_alerts_decode(alerts, dm_str(texts[i])), DM_ERR_SYNTAX);
    }
    CHECK_INT((int64_t)dm_alerts_count(alerts), 0);
    dm_alerts_free(alerts);
}

// ----------------------------------------------------------- random histories

static uint64_t random_state;

static unsigned
below(unsigned n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1;
    return (unsigned)((random_state >> 33U) % n);
}

// What anybody would write down: one check, one rule without severities
struct model {
    enum { QUIET, PENDING, FIRING } state;
    int64_t first_ms;
    int64_t last_ms;
};

static char
model_round(struct model *model, bool has_row, bool is_fresh, int64_t now_ms)
{
    const struct dm_rule_def *rule = &scene.rule;
    if (has_row) {
        char change = '\0';
        if (model->state == QUIET) {
            model->first_ms = now_ms;
            model->state = PENDING;
            change = 'p';
        }
        model->last_ms = now_ms;
        if (model->state == PENDING &&
            now_ms >= model->first_ms + rule->for_ms) {
            model->state = FIRING;
            change = 'f';
        }
        return change;
    }
    if (model->state == QUIET) {
        return '\0';
    }
    const bool fires = model->state == FIRING;
    if (!is_fresh) {
        if (now_ms > model->last_ms + DM_KEEP_WITHOUT_DATA_MS) {
            model->state = QUIET;
            return 'g';
        }
        return '\0';
    }
    if (fires && now_ms < model->last_ms + rule->keep_firing_ms) {
        return '\0';
    }
    model->state = QUIET;
    return fires ? 'r' : 'g';
}

// The one change of a round but the end of resending, which is no incident
static char
change_of_round(void)
{
    char change = '\0';
    for (size_t i = 0; i < scene.n_log; ++i) {
        CHECK(change == '\0' || change == 'g');
        change = scene.log[i];
    }
    return change;
}

static bool
is_resolved_there(void)
{
    for (size_t i = 0; i < dm_alerts_count(scene.alerts); ++i) {
        if (dm_alerts_at(scene.alerts, i)->state == DM_ALERT_RESOLVED) {
            return true;
        }
    }
    return false;
}

// One step of a history. @return What was told.
static char
play_both(struct model *model, int64_t now_ms, int64_t *quiet_until)
{
    const bool has_row = below(3) == 0;
    const bool is_fresh = has_row || below(3) != 0;
    no_rows();
    scene.states[0].status = has_row    ? DM_RESULT_CRITICAL
                             : is_fresh ? DM_RESULT_OK
                                        : DM_RESULT_STALE;
    if (has_row) {
        row_of_shop(now_ms - SECOND);
    }
    const bool was_resolved = is_resolved_there();
    const char want = model_round(model, has_row, is_fresh, now_ms);
    play(now_ms);
    const char got = change_of_round();
    if (got == 'g' && want == '\0') { // The end of one that was resolved
        CHECK(was_resolved && now_ms > *quiet_until);
    } else {
        CHECK_INT(got, want);
    }
    if (want == 'r') {
        *quiet_until = now_ms + DM_RESEND_RESOLVED_MS;
    }
    return got;
}

static void
play_history(uint64_t seed)
{
    random_state = seed;
    set_up();
    scene.rule.for_ms = below(3) * MINUTE;
    scene.rule.keep_firing_ms = below(3) * MINUTE;
    struct model model = {QUIET, 0, 0};
    int64_t now = T0;
    int64_t quiet_until = INT64_MIN;
    int open = 0;
    for (int i = 0; i < 200; ++i) {
        now += below(10) ? below(90) * SECOND : below(30) * HOUR;
        const char got = play_both(&model, now, &quiet_until);
        // Each incident is told once as firing and once as its end
        open += got == 'f' ? 1 : got == 'r' ? -1 : 0;
        CHECK(open == 0 || open == 1);
        open = model.state == QUIET ? 0 : open; // It may have lapsed
        if (below(4) == 0) {
            restart();
        }
    }
}

static void
a_history_is_told_as_the_model_tells_it_whatever_restarts(void)
{
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        play_history(seed);
    }
}

// ------------------------------------------------------------ failing memory

static void
every_failed_allocation_leaves_the_alerts_before(void)
{
    set_up();
    row_of_shop(T0);
    play(T0);
    add_row(T0);
    add_column("check", "blog");
    size_t n = 0;
    for (;; ++n) {
        struct dm_alerts *after = NULL;
        dm_alloc_fail_after(n);
        const enum dm_status status = try_round(T0 + 1, &after);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!status) {
            dm_alerts_free(after);
            break;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
        CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 1);
    }
    CHECK(n > 5);
}

static void
every_failed_allocation_of_a_form_is_a_status(void)
{
    set_up();
    row_of_shop(T0);
    play(T0);
    struct dm_buf json;
    dm_buf_init(&json, 65536);
    CHECK_INT(dm_alert_encode(only(), &json), DM_OK);
    for (size_t n = 0;; ++n) {
        dm_alloc_fail_after(n);
        struct dm_alerts *clone = dm_alerts_clone(scene.alerts);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (clone) {
            CHECK(n > 1);
            dm_alerts_free(clone);
            break;
        }
    }
    struct dm_alerts *decoded = dm_alerts_new();
    CHECK(decoded);
    enum dm_status status = DM_ERR_NO_MEMORY;
    for (size_t n = 0; status; ++n) {
        dm_alloc_fail_after(n);
        status = dm_alerts_decode(decoded, dm_buf_str(&json));
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!status || status == DM_ERR_NO_MEMORY);
    }
    CHECK_INT((int64_t)dm_alerts_count(decoded), 1);
    CHECK(is_same(dm_alerts_at(decoded, 0), only()));
    dm_alerts_free(decoded);
    dm_buf_done(&json);
}

int
main(void)
{
    an_alert_fires_at_once_is_resolved_and_told_for_15_minutes();
    one_that_comes_back_fires_anew();
    for_lets_it_wait_and_begins_anew_after_a_gap();
    keep_firing_bridges_a_gap();
    it_starts_with_its_row_but_never_later_and_never_in_the_future();
    a_new_severity_resolves_the_old_label_set_in_the_same_round();
    labels_and_annotations_are_made_of_row_rule_and_check();
    a_stale_or_unknown_state_keeps_its_alert_for_24_h();
    a_fresh_state_resolves_what_was_kept();
    only_the_state_of_its_node_is_evidence_for_an_alert_about_one();
    without_any_state_it_lapses();
    an_overdue_heartbeat_is_evidence();
    on_no_data_may_resolve_or_alert_now();
    a_rule_that_fails_keeps_its_alerts_and_is_told();
    two_rows_of_one_identity_fail_the_rule();
    too_many_rows_or_too_long_an_identity_fail_the_rule_alone();
    a_rule_that_is_no_more_resolves_what_it_said();
    the_fingerprint_is_the_one_of_alertmanager();
    what_is_encoded_or_cloned_is_the_same();
    what_is_no_alert_is_refused();
    a_history_is_told_as_the_model_tells_it_whatever_restarts();
    every_failed_allocation_leaves_the_alerts_before();
    every_failed_allocation_of_a_form_is_a_status();
    dm_alerts_free(scene.alerts);
    return 0;
}
