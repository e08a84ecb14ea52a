// SPDX-License-Identifier: ISC

// Rounds of rules: E1 to E4 of alert/evaluate.h, and the life of one alert.

#include "base/alloc.h"
#include "tests/unit/alert/rounds.h"

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

// -------------------------------------------- before the view is whole (E6)

static void
what_others_say_waits_until_the_view_is_whole(void)
{
    set_up();
    scene.n_states = 2;
    scene.is_partial = true;
    row_of_shop(T0);
    CHECK(gives(T0, ""));
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 0);
    scene.is_partial = false;
    CHECK(gives(T0 + SECOND, "f"));

    scene.is_partial = true; // It started again; meanwhile the shop came back
    restart();
    no_rows();
    scene.states[0].status = DM_RESULT_OK;
    scene.states[1].status = DM_RESULT_OK;
    CHECK(gives(T0 + MINUTE, ""));
    CHECK_INT(only()->state, DM_ALERT_FIRING);
    CHECK(only()->waits); // It may be over: it is not told
    scene.is_partial = false;
    CHECK(gives(T0 + 2 * MINUTE, "r"));
    CHECK(!only()->waits);
    scene.is_partial = true; // What is resolved is told, and forgotten
    CHECK(gives(T0 + 3 * MINUTE, ""));
    CHECK_INT(only()->state, DM_ALERT_RESOLVED);
    CHECK(gives(T0 + 3 * MINUTE + DM_RESEND_RESOLVED_MS, "g"));
}

static void
what_waits_neither_goes_on_nor_is_taken_back(void)
{
    set_up();
    scene.n_states = 2;
    scene.rule.for_ms = MINUTE;
    row_of_shop(T0);
    CHECK(gives(T0, "p"));
    scene.is_partial = true;
    CHECK(gives(T0 + 2 * MINUTE, ""));
    CHECK_INT(only()->state, DM_ALERT_PENDING);
    no_rows();
    CHECK(gives(T0 + 3 * MINUTE, ""));
    scene.n_results = 0; // Its rule is gone
    CHECK(gives(T0 + 3 * MINUTE + 1, ""));
    scene.n_results = 1;
    row_of_shop(T0);
    scene.is_partial = false;
    CHECK(gives(T0 + 4 * MINUTE, "f"));
}

static void
the_own_states_speak_at_once(void)
{
    static const struct dm_str by_node[] = {DM_STR("node")};
    set_up();
    scene.is_partial = true;
    row_of_shop(T0); // One state, and that is the own one
    CHECK(gives(T0, "f"));
    no_rows();
    scene.states[0].status = DM_RESULT_OK;
    CHECK(gives(T0 + 1, "r"));

    set_up();
    scene.is_partial = true;
    scene.n_states = 2;
    scene.rule.by.items = by_node;
    add_row(T0);
    add_column("node", "a");
    add_row(T0);
    add_column("node", "b");
    CHECK(gives(T0, "f"));
    CHECK(has_label(only(), "node", "a"));
    CHECK(!only()->waits);

    set_up();
    scene.is_partial = true;
    scene.states[0].node = NULL; // A heartbeat: others may have been pinged
    row_of_shop(T0);
    CHECK(gives(T0, ""));
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
    what_others_say_waits_until_the_view_is_whole();
    what_waits_neither_goes_on_nor_is_taken_back();
    the_own_states_speak_at_once();
    every_failed_allocation_leaves_the_alerts_before();
    dm_alerts_free(scene.alerts);
    return 0;
}
