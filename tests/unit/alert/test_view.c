// SPDX-License-Identifier: ISC

// The view: V1 to V10 of alert/view.h, heartbeats, needs, quorum, and that an
// allocation that fails leaves nothing behind.

#include "alert/view.h"

#include "base/alloc.h"
#include "tests/check.h"

#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define T0 INT64_C(1795536000000) // 2026-11-24T16:00:00Z
#define CHECKS_MAX 8
#define LOGS_MAX 3
#define LATEST_MAX 16

// What is known: up to three logs "ipns://1".., each with its checks
struct known {
    struct dm_check_def checks[LOGS_MAX][CHECKS_MAX];
    const struct dm_check_def *lists[LOGS_MAX][CHECKS_MAX];
    struct dm_view_log logs[LOGS_MAX];
    size_t n_logs;
    struct dm_latest latest[LATEST_MAX];
    struct dm_view_latest rows[LATEST_MAX];
    size_t n_latest;
};

static const char *const log_iris[LOGS_MAX] = {"ipns://1", "ipns://2",
                                               "ipns://3"};
static const char *const log_names[LOGS_MAX] = {"a", "b", "c"};

static void
know_logs(struct known *known, size_t n)
{
    memset(known, 0, sizeof(*known));
    known->n_logs = n;
    for (size_t i = 0; i < n; ++i) {
        known->logs[i] = (struct dm_view_log){
            .log = (dm_log_no)(i + 1),
            .iri = dm_str(log_iris[i]),
            .name = dm_str(log_names[i]),
            .is_self = i == 0,
            .last_seen_ms = T0,
            .received_ms = T0,
            .seal_ms = 30 * SECOND,
            .checks = known->lists[i],
        };
    }
}

// A check that log `log` runs: every minute, two retries
static struct dm_check_def *
add_check(struct known *known, size_t log, const char *name)
{
    const size_t n = known->logs[log].n_checks++;
    CHECK(n < CHECKS_MAX);
    struct dm_check_def *check = &known->checks[log][n];
    *check = (struct dm_check_def){
        .iri = dm_str(name), // A name out of any site
        .name = dm_str(name),
        .kind = DM_CHECK_HTTP,
        .every_ms = MINUTE,
        .retries = 2,
        .alert = true,
        .severity = DM_SEVERITY_CRITICAL,
    };
    known->lists[log][n] = check;
    return check;
}

static struct dm_check_def *
add_heartbeat(struct known *known, size_t log, const char *name)
{
    struct dm_check_def *check = add_check(known, log, name);
    check->kind = DM_CHECK_HEARTBEAT;
    check->every_ms = HOUR;
    check->grace_ms = 10 * MINUTE;
    check->retries = 0;
    return check;
}

static struct dm_latest *
add_result(struct known *known, size_t log, const char *check,
           enum dm_result_status status, int64_t at_ms)
{
    CHECK(known->n_latest < LATEST_MAX);
    struct dm_latest *latest = &known->latest[known->n_latest];
    *latest = (struct dm_latest){
        .event = {.key = {.log = (dm_log_no)(log + 1), .ms = at_ms},
                  .status = status,
                  .at_ms = at_ms,
                  .micros = DM_NO_MICROS,
                  .certificate_expires_ms = DM_NO_TIME},
        .since_ms = at_ms,
        .streak = 1,
        .bad_since_ms = DM_NO_TIME,
        .certificate_expires_ms = DM_NO_TIME,
        .started_at_ms = DM_NO_TIME,
    };
    known->rows[known->n_latest++] = (struct dm_view_latest){
        .latest = latest,
        .check = dm_str(check),
        .failure = {"", 0},
    };
    return latest;
}

static struct dm_latest *
add_bad(struct known *known, size_t log, const char *check, int64_t at_ms,
        int64_t bad)
{
    struct dm_latest *latest =
        add_result(known, log, check, DM_RESULT_CRITICAL, at_ms);
    latest->bad = bad;
    latest->streak = bad;
    latest->bad_since_ms = at_ms - (bad - 1) * MINUTE;
    latest->since_ms = latest->bad_since_ms;
    return latest;
}

static struct dm_view_input
input_of(const struct known *known, int64_t now_ms)
{
    return (struct dm_view_input){
        .logs = known->logs,
        .n_logs = known->n_logs,
        .latest = known->rows,
        .n_latest = known->n_latest,
        .now_ms = now_ms,
    };
}

static struct dm_view
view_at(const struct known *known, int64_t now_ms)
{
    const struct dm_view_input input = input_of(known, now_ms);
    struct dm_view view;
    CHECK_INT(dm_view_compute(&input, &view), DM_OK);
    return view;
}

static const struct dm_view_state *
state_in(const struct dm_view *view, const char *iri)
{
    for (size_t i = 0; i < view->n_states; ++i) {
        if (dm_str_is(view->states[i].iri, iri)) {
            return &view->states[i];
        }
    }
    (void)fprintf(stderr, "no state %s\n", iri);
    abort();
}

// The only state of a view at `now_ms`, by value; its texts are gone
static struct dm_view_state
only_state(const struct known *known, int64_t now_ms)
{
    struct dm_view view = view_at(known, now_ms);
    CHECK_INT((int64_t)view.n_states, 1);
    const struct dm_view_state state = view.states[0];
    dm_view_done(&view);
    return state;
}

// V1
static void
states_come_by_name_then_log_whatever_the_order_of_rows(void)
{
    static struct known known;
    know_logs(&known, 2);
    add_check(&known, 0, "shop");
    add_check(&known, 0, "blog");
    add_check(&known, 1, "shop");
    add_result(&known, 1, "shop", DM_RESULT_OK, T0);
    add_result(&known, 0, "shop", DM_RESULT_OK, T0);
    add_result(&known, 0, "blog", DM_RESULT_OK, T0);
    for (size_t turn = 0; turn < 3; ++turn) {
        struct dm_view view = view_at(&known, T0 + 1);
        static const char *const want[] = {"ipns://1#state:blog",
                                           "ipns://1#state:shop",
                                           "ipns://2#state:shop"};
        CHECK_INT((int64_t)view.n_states, DM_COUNT_OF(want));
        for (size_t i = 0; i < DM_COUNT_OF(want); ++i) {
            CHECK(dm_str_is(view.states[i].iri, want[i]));
        }
        dm_view_done(&view);
        const struct dm_view_latest first = known.rows[0];
        known.rows[0] = known.rows[1];
        known.rows[1] = known.rows[2];
        known.rows[2] = first;
    }
}

static void
names_are_encoded_in_the_iri_of_a_state(void)
{
    static struct known known;
    know_logs(&known, 1);
    add_check(&known, 0, "web/caf\xC3\xA9 1");
    add_result(&known, 0, "web/caf\xC3\xA9 1", DM_RESULT_OK, T0);
    struct dm_view view = view_at(&known, T0);
    CHECK(dm_str_is(view.states[0].iri, "ipns://1#state:web/caf%C3%A9%201"));
    dm_view_done(&view);
}

// V2
static void
each_node_is_judged_by_what_it_ran_itself(void)
{
    static struct known known;
    know_logs(&known, 2);
    add_check(&known, 0, "shop")->retries = 2;
    add_check(&known, 1, "shop")->retries = 0;
    add_bad(&known, 0, "shop", T0, 2);
    add_bad(&known, 1, "shop", T0, 2);
    struct dm_view view = view_at(&known, T0 + 1);
    CHECK(!view.states[0].failing);
    CHECK(view.states[1].failing);
    dm_view_done(&view);
}

// V3, V7
static void
a_result_is_stale_when_two_intervals_and_30_s_are_over(void)
{
    static struct known known;
    know_logs(&known, 1);
    add_check(&known, 0, "shop");
    add_result(&known, 0, "shop", DM_RESULT_OK, T0);
    const int64_t due = T0 + 2 * MINUTE + 30 * SECOND;
    struct dm_view_state state = only_state(&known, due);
    CHECK_INT(state.status, DM_RESULT_OK);
    CHECK_INT(state.since_ms, T0);
    state = only_state(&known, due + 1);
    CHECK_INT(state.status, DM_RESULT_STALE);
    CHECK_INT(state.since_ms, due);
    CHECK_INT(state.at_ms, T0);
}

static void
a_clock_that_is_off_by_more_than_5_s_is_corrected(void)
{
    static struct known known;
    know_logs(&known, 1);
    add_check(&known, 0, "shop");
    add_result(&known, 0, "shop", DM_RESULT_OK, T0);
    const int64_t due = T0 + 2 * MINUTE + 30 * SECOND;
    known.logs[0].clock_offset_ms = 5 * SECOND; // Not beyond
    CHECK_INT(only_state(&known, due + 1).status, DM_RESULT_STALE);
    known.logs[0].clock_offset_ms = 5001; // Ours is ahead of its
    CHECK_INT(only_state(&known, due + 5001).status, DM_RESULT_OK);
    struct dm_view view = view_at(&known, due);
    CHECK_INT(view.next_change_ms, due + 5002);
    dm_view_done(&view);
    CHECK_INT(only_state(&known, due + 5002).status, DM_RESULT_STALE);
    CHECK_INT(only_state(&known, due + 5002).since_ms, due);
    known.logs[0].clock_offset_ms = -10 * SECOND;
    CHECK_INT(only_state(&known, due - 10 * SECOND + 1).status,
              DM_RESULT_STALE);
}

// V4
static void
failing_is_more_bad_results_than_retries_and_outlasts_unknown(void)
{
    static struct known known;
    know_logs(&known, 1);
    add_check(&known, 0, "shop");
    struct dm_latest *latest = add_bad(&known, 0, "shop", T0, 2);
    CHECK(!only_state(&known, T0).failing);
    latest->bad = 3;
    CHECK(only_state(&known, T0).failing);
    latest->event.status = DM_RESULT_UNKNOWN;
    const struct dm_view_state unknown = only_state(&known, T0);
    CHECK(unknown.failing);
    CHECK_INT(unknown.status, DM_RESULT_UNKNOWN);
    const struct dm_view_state stale = only_state(&known, T0 + HOUR);
    CHECK(stale.failing);
    CHECK_INT(stale.status, DM_RESULT_STALE);
    CHECK_INT(stale.bad, 3);
    CHECK_INT(stale.bad_since_ms, T0 - MINUTE);
}

// V5
static void
a_check_is_muted_while_what_it_needs_fails(void)
{
    static const struct dm_str needs[] = {DM_STR("router"), DM_STR("dns")};
    static struct known known;
    know_logs(&known, 1);
    add_check(&known, 0, "shop")->needs = (struct dm_texts){needs, 2};
    add_check(&known, 0, "router");
    add_check(&known, 0, "dns");
    add_result(&known, 0, "shop", DM_RESULT_OK, T0);
    add_result(&known, 0, "router", DM_RESULT_OK, T0);
    struct dm_latest *dns = add_bad(&known, 0, "dns", T0, 2);

    struct dm_view view = view_at(&known, T0);
    CHECK(!state_in(&view, "ipns://1#state:shop")->muted);
    dm_view_done(&view);

    dns->bad = 3;
    view = view_at(&known, T0);
    const struct dm_view_state *shop = state_in(&view, "ipns://1#state:shop");
    CHECK(shop->muted);
    CHECK(dm_str_is(shop->muted_by, "dns"));
    CHECK(!state_in(&view, "ipns://1#state:dns")->muted);
    dm_view_done(&view);

    dns->event.status = DM_RESULT_UNKNOWN; // It failed; nobody knows whether
    view = view_at(&known, T0);            // it still does
    CHECK(!state_in(&view, "ipns://1#state:shop")->muted);
    dm_view_done(&view);
}

static void
what_is_needed_fails_by_its_own_quorum_or_at_the_same_node(void)
{
    static const struct dm_str needs[] = {DM_STR("router")};
    static struct known known;
    know_logs(&known, 3);
    for (size_t i = 0; i < 3; ++i) {
        add_check(&known, i, "router");
        add_check(&known, i, "shop")->needs = (struct dm_texts){needs, 1};
        struct dm_check_def *disk = add_check(&known, i, "disk");
        disk->per_node = true;
        disk->needs = (struct dm_texts){needs, 1};
        add_result(&known, i, "shop", DM_RESULT_OK, T0);
        add_result(&known, i, "disk", DM_RESULT_OK, T0);
    }
    add_bad(&known, 0, "router", T0, 3);
    struct dm_latest *second =
        add_result(&known, 1, "router", DM_RESULT_OK, T0);
    add_result(&known, 2, "router", DM_RESULT_OK, T0);

    struct dm_view view = view_at(&known, T0);
    CHECK(!state_in(&view, "ipns://1#state:shop")->muted); // One of three
    CHECK(state_in(&view, "ipns://1#state:disk")->muted);  // The same node
    CHECK(!state_in(&view, "ipns://2#state:disk")->muted);
    dm_view_done(&view);

    second->event.status = DM_RESULT_WARNING;
    second->bad = 3;
    view = view_at(&known, T0);
    CHECK(state_in(&view, "ipns://3#state:shop")->muted); // Two of three
    CHECK(!state_in(&view, "ipns://3#state:disk")->muted);
    dm_view_done(&view);
}

static void
what_is_never_to_alert_is_muted_by_nobody(void)
{
    static struct known known;
    know_logs(&known, 1);
    add_check(&known, 0, "shop")->alert = false;
    add_bad(&known, 0, "shop", T0, 3);
    const struct dm_view_state state = only_state(&known, T0);
    CHECK(state.muted);
    CHECK_INT((int64_t)state.muted_by.n, 0);
}

static void
a_heartbeat_that_may_be_silent_is_muted_up_to_its_longest_silence(void)
{
    static struct known known;
    know_logs(&known, 1);
    struct dm_check_def *beat = add_heartbeat(&known, 0, "sync");
    beat->presence = DM_PRESENCE_SOMETIMES;
    add_result(&known, 0, "sync", DM_RESULT_OK, T0);
    CHECK(!only_state(&known, T0 + HOUR).muted);
    CHECK(only_state(&known, T0 + 2 * HOUR).muted);
    CHECK(only_state(&known, T0 + 1000 * HOUR).muted);

    beat->max_silence_ms = 3 * HOUR;
    struct dm_view view = view_at(&known, T0 + 2 * HOUR);
    CHECK(view.states[0].muted);
    CHECK_INT(view.next_change_ms, T0 + 3 * HOUR + 1);
    dm_view_done(&view);
    CHECK(only_state(&known, T0 + 3 * HOUR).muted);
    CHECK(!only_state(&known, T0 + 3 * HOUR + 1).muted);
}

// V6
static void
a_check_without_result_has_no_state_and_a_heartbeat_says_no_ping_yet(void)
{
    static struct known known;
    know_logs(&known, 2);
    add_check(&known, 0, "shop");
    add_heartbeat(&known, 0, "backup");
    add_heartbeat(&known, 1, "backup");
    // A run began, and no result came yet
    add_result(&known, 0, "backup", DM_RESULT_UNKNOWN, 0);
    struct dm_view view = view_at(&known, T0);
    CHECK_INT((int64_t)view.n_states, 1);
    const struct dm_view_state *state = &view.states[0];
    CHECK(dm_str_is(state->iri, "backup#:state"));
    CHECK(!state->node);
    CHECK_INT(state->status, DM_RESULT_UNKNOWN);
    CHECK(dm_str_is(state->message, "no ping yet"));
    CHECK(!state->failing && !state->muted);
    CHECK_INT(state->at_ms, DM_NO_TIME);
    CHECK_INT(view.next_change_ms,
              T0 + 2 * MINUTE + 1); // Of the other node
    dm_view_done(&view);
}

static void
what_a_configuration_no_longer_has_is_no_state(void)
{
    static struct known known;
    know_logs(&known, 1);
    add_result(&known, 0, "retired", DM_RESULT_CRITICAL, T0);
    struct dm_view view = view_at(&known, T0);
    CHECK_INT((int64_t)view.n_states, 0);
    CHECK_INT((int64_t)view.n_nodes, 1);
    CHECK(view.next_change_ms == INT64_MAX);
    dm_view_done(&view);
}

// Heartbeats
static void
of_a_heartbeat_the_newest_ping_over_all_nodes_decides(void)
{
    static struct known known;
    know_logs(&known, 2);
    add_heartbeat(&known, 0, "backup");
    add_heartbeat(&known, 1, "backup");
    add_bad(&known, 0, "backup", T0, 5);
    struct dm_latest *second =
        add_result(&known, 1, "backup", DM_RESULT_OK, T0 + 1);
    const struct dm_view_state newest = only_state(&known, T0 + 2);
    CHECK_INT(newest.status, DM_RESULT_OK);
    CHECK(!newest.failing);
    CHECK_INT(newest.event.log, 2);
    // At one instant the greater log decides
    second->event.key.ms = T0;
    second->event.at_ms = T0;
    CHECK_INT(only_state(&known, T0 + 2).event.log, 2);
    // Before it, the failure does
    second->event.key.ms = T0 - HOUR;
    second->event.at_ms = T0 - HOUR;
    const struct dm_view_state other = only_state(&known, T0 + 2);
    CHECK_INT(other.status, DM_RESULT_CRITICAL);
    CHECK(other.failing);
    CHECK_INT(other.bad, 5);
}

static void
bad_pings_before_a_newer_ok_of_another_node_do_not_count(void)
{
    static struct known known;
    know_logs(&known, 2);
    add_heartbeat(&known, 0, "backup")->retries = 1;
    add_heartbeat(&known, 1, "backup")->retries = 1;
    struct dm_latest *bad = add_bad(&known, 0, "backup", T0, 5);
    add_result(&known, 1, "backup", DM_RESULT_OK, T0 - 1);
    const struct dm_view_state critical = only_state(&known, T0 + 2);
    CHECK_INT(critical.bad, 1);
    CHECK_INT(critical.bad_since_ms, T0);
    CHECK(!critical.failing);
    // An unknown one is no evidence that something bad came after the ok
    bad->event.status = DM_RESULT_UNKNOWN;
    const struct dm_view_state unknown = only_state(&known, T0 + 2);
    CHECK_INT(unknown.bad, 0);
    CHECK_INT(unknown.bad_since_ms, DM_NO_TIME);
    CHECK(!unknown.failing);
}

// V8
static void
at_one_instant_the_greater_iri_decides_whatever_its_number(void)
{
    static struct known known;
    know_logs(&known, 2);
    known.logs[0].log = 9;
    add_heartbeat(&known, 0, "backup");
    add_heartbeat(&known, 1, "backup");
    add_result(&known, 0, "backup", DM_RESULT_OK, T0)->event.key.log = 9;
    add_bad(&known, 1, "backup", T0, 1);
    struct dm_view view = view_at(&known, T0 + 1);
    CHECK_INT(view.states[0].status, DM_RESULT_CRITICAL);
    CHECK(view.states[0].origin == &known.logs[1]);
    dm_view_done(&view);
}

static void
of_a_heartbeat_only_nodes_that_have_it_count(void)
{
    static struct known known;
    know_logs(&known, 3);
    add_heartbeat(&known, 1, "backup")->retries = 3;
    add_heartbeat(&known, 2, "backup")->retries = 4;
    add_result(&known, 0, "backup", DM_RESULT_OK, T0 + 5); // Retired there
    struct dm_view_state state = only_state(&known, T0 + 9);
    CHECK_INT(state.status, DM_RESULT_UNKNOWN);  // Never pinged
    CHECK_INT((int64_t)state.check->retries, 3); // Of the smallest IRI
    CHECK(!state.origin);
    add_bad(&known, 2, "backup", T0, 4);
    state = only_state(&known, T0 + 9);
    CHECK_INT(state.status, DM_RESULT_CRITICAL);
    CHECK_INT(state.bad, 4);
    CHECK_INT((int64_t)state.check->retries, 4); // Of the node that was pinged
    CHECK(!state.failing);
}

static void
how_long_a_heartbeat_may_be_silent_goes_by_the_clock_of_its_node(void)
{
    static struct known known;
    know_logs(&known, 2);
    struct dm_check_def *beat = add_heartbeat(&known, 1, "sync");
    beat->presence = DM_PRESENCE_SOMETIMES;
    beat->max_silence_ms = 3 * HOUR;
    add_result(&known, 1, "sync", DM_RESULT_OK, T0);
    known.logs[1].clock_offset_ms = HOUR; // Ours is ahead
    CHECK(only_state(&known, T0 + 4 * HOUR).muted);
    CHECK(!only_state(&known, T0 + 4 * HOUR + 1).muted);
}

static void
a_heartbeat_is_overdue_when_interval_and_grace_are_over(void)
{
    static struct known known;
    know_logs(&known, 1);
    add_heartbeat(&known, 0, "backup");
    add_result(&known, 0, "backup", DM_RESULT_OK, T0);
    const int64_t due = T0 + HOUR + 10 * MINUTE;
    struct dm_view view = view_at(&known, T0);
    CHECK_INT(view.next_change_ms, due + 1);
    dm_view_done(&view);
    CHECK_INT(only_state(&known, due).status, DM_RESULT_OK);
    CHECK_INT(only_state(&known, due + 1).status, DM_RESULT_STALE);
    CHECK_INT(only_state(&known, due + 1).since_ms, due);
}

// Quorum
static void
the_quorum_is_two_where_two_nodes_run_a_check(void)
{
    static struct known known;
    know_logs(&known, 2);
    add_check(&known, 0, "shop");
    add_check(&known, 1, "shop");
    add_check(&known, 0, "disk")->per_node = true;
    add_check(&known, 1, "disk")->per_node = true;
    add_check(&known, 0, "own");
    add_check(&known, 0, "three")->quorum = 3;
    for (size_t i = 0; i < 2; ++i) {
        add_result(&known, i, "shop", DM_RESULT_OK, T0);
        add_result(&known, i, "disk", DM_RESULT_OK, T0);
    }
    add_result(&known, 0, "own", DM_RESULT_OK, T0);
    add_result(&known, 0, "three", DM_RESULT_OK, T0);
    struct dm_view view = view_at(&known, T0);
    CHECK_INT(state_in(&view, "ipns://2#state:shop")->quorum, 2);
    CHECK_INT(state_in(&view, "ipns://2#state:disk")->quorum, 1);
    CHECK_INT(state_in(&view, "ipns://1#state:own")->quorum, 1);
    CHECK_INT(state_in(&view, "ipns://1#state:three")->quorum, 3);
    dm_view_done(&view);
}

// V9
static void
nodes_count_for_the_quorum_before_they_have_a_result(void)
{
    static struct known known;
    know_logs(&known, 3);
    add_check(&known, 0, "shop");
    add_check(&known, 1, "shop");
    add_check(&known, 2, "shop")->quorum = 1; // It says so of itself alone
    add_heartbeat(&known, 0, "backup");
    add_heartbeat(&known, 1, "backup");
    add_result(&known, 0, "shop", DM_RESULT_OK, T0);
    add_result(&known, 2, "shop", DM_RESULT_OK, T0);
    add_result(&known, 0, "backup", DM_RESULT_OK, T0);
    struct dm_view view = view_at(&known, T0);
    CHECK_INT(state_in(&view, "ipns://1#state:shop")->quorum, 2);
    CHECK_INT(state_in(&view, "ipns://3#state:shop")->quorum, 1);
    CHECK_INT(state_in(&view, "backup#:state")->quorum, 1);
    dm_view_done(&view);
}

// V10
static void
checks_of_one_name_appear_whole_and_a_check_has_one_name(void)
{
    static struct known known;
    know_logs(&known, 3);
    add_check(&known, 0, "https://a.test/shop")->name = dm_str("shop");
    add_check(&known, 1, "https://b.test/shop")->name = dm_str("shop");
    add_check(&known, 1, "https://b.test/x/blog")->name = dm_str("x/blog");
    add_check(&known, 2, "https://b.test/x/blog")->name = dm_str("blog");
    add_result(&known, 0, "https://a.test/shop", DM_RESULT_OK, T0);
    add_result(&known, 1, "https://b.test/shop", DM_RESULT_OK, T0);
    add_result(&known, 1, "https://b.test/x/blog", DM_RESULT_OK, T0);
    add_result(&known, 2, "https://b.test/x/blog", DM_RESULT_OK, T0);
    static const char *const want[][2] = {
        {"blog", "ipns://2#state:x/blog"},
        {"blog", "ipns://3#state:blog"},
        {"https://a.test/shop", "ipns://1#state:shop"},
        {"https://b.test/shop", "ipns://2#state:shop"},
    };
    struct dm_view view = view_at(&known, T0);
    CHECK_INT((int64_t)view.n_states, DM_COUNT_OF(want));
    for (size_t i = 0; i < DM_COUNT_OF(want); ++i) {
        CHECK(dm_str_is(view.states[i].name, want[i][0]));
        CHECK(dm_str_is(view.states[i].iri, want[i][1]));
    }
    CHECK_INT((int64_t)view.n_shared_names, 1);
    CHECK(dm_str_is(view.shared_name, "shop"));
    dm_view_done(&view);
}

static void
of_different_quorums_the_smallest_decides(void)
{
    static const struct dm_check_def check = {.kind = DM_CHECK_HTTP};
    const struct dm_view_state states[] = {
        {.check = &check, .quorum = 3, .status = DM_RESULT_CRITICAL},
        {.check = &check, .quorum = 1, .status = DM_RESULT_OK},
        {.check = &check, .quorum = 3, .status = DM_RESULT_OK},
    };
    CHECK_INT(dm_view_check_status(states, 3), DM_RESULT_CRITICAL);
}

static void
a_check_fails_when_its_quorum_does_or_all_there_are(void)
{
    static const struct dm_check_def shop = {.kind = DM_CHECK_HTTP};
    static const struct dm_check_def disk = {.kind = DM_CHECK_SYSTEM,
                                             .per_node = true};
    struct dm_view_state states[3] = {
        {.check = &shop, .quorum = 2, .failing = true},
        {.check = &shop, .quorum = 2},
        {.check = &shop, .quorum = 2},
    };
    CHECK(!dm_view_check_fails(states, 3));
    CHECK(dm_view_check_fails(states, 1));
    states[2].failing = true;
    CHECK(dm_view_check_fails(states, 3));
    CHECK(!dm_view_check_fails(&states[1], 1));
    for (size_t i = 0; i < 3; ++i) {
        states[i].check = &disk;
        states[i].failing = i == 1;
    }
    CHECK(dm_view_check_fails(states, 3));
}

static void
the_status_of_a_check_is_the_worst_its_quorum_agrees_on(void)
{
    static const struct {
        const char *statuses; // Each node: o w c u s
        uint32_t quorum;
        enum dm_result_status want;
    } table[] = {
        {"ooo", 2, DM_RESULT_OK},       {"coo", 2, DM_RESULT_OK},
        {"cco", 2, DM_RESULT_CRITICAL}, {"cwo", 2, DM_RESULT_WARNING},
        {"wuo", 2, DM_RESULT_UNKNOWN},  {"uuo", 2, DM_RESULT_UNKNOWN},
        {"css", 2, DM_RESULT_CRITICAL}, {"oss", 2, DM_RESULT_OK},
        {"sss", 2, DM_RESULT_STALE},    {"coo", 1, DM_RESULT_CRITICAL},
        {"c", 3, DM_RESULT_CRITICAL},   {"u", 1, DM_RESULT_UNKNOWN},
    };
    for (size_t i = 0; i < DM_COUNT_OF(table); ++i) {
        static const struct dm_check_def check = {.kind = DM_CHECK_HTTP};
        struct dm_view_state states[3];
        const size_t n = strlen(table[i].statuses);
        for (size_t k = 0; k < n; ++k) {
            const char c = table[i].statuses[k];
            states[k] = (struct dm_view_state){
                .check = &check,
                .quorum = table[i].quorum,
                .status = c == 'o'   ? DM_RESULT_OK
                          : c == 'w' ? DM_RESULT_WARNING
                          : c == 'c' ? DM_RESULT_CRITICAL
                          : c == 'u' ? DM_RESULT_UNKNOWN
                                     : DM_RESULT_STALE,
            };
        }
        CHECK_INT(dm_view_check_status(states, n), table[i].want);
    }
}

// Nodes
static void
a_node_is_silent_after_three_seals_and_30_s_unless_it_may_be(void)
{
    static struct known known;
    know_logs(&known, 3);
    known.logs[1].presence_sometimes = true;
    known.logs[2].last_seen_ms = DM_NO_TIME;
    const int64_t limit = T0 + 2 * MINUTE;
    struct dm_view view = view_at(&known, limit + 1);
    CHECK(!view.nodes[0].silent); // Itself
    CHECK(!view.nodes[1].silent); // Whenever it likes
    CHECK(!view.nodes[2].silent); // Nothing came yet
    dm_view_done(&view);

    known.logs[1].presence_sometimes = false;
    view = view_at(&known, limit);
    CHECK(!view.nodes[1].silent);
    CHECK_INT(view.next_change_ms, limit + 1);
    dm_view_done(&view);
    view = view_at(&known, limit + 1);
    CHECK(view.nodes[1].silent);
    dm_view_done(&view);

    known.logs[1].presence_sometimes = true;
    known.logs[1].max_silence_ms = HOUR;
    view = view_at(&known, T0 + HOUR + 1);
    CHECK(view.nodes[1].silent);
    dm_view_done(&view);
}

// V7: at every instant up to next_change_ms the view is the same, and there it
// is another one.
static uint64_t
digest(const struct known *known, int64_t now_ms, int64_t *ret_next)
{
    struct dm_view view = view_at(known, now_ms);
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < view.n_states; ++i) {
        const struct dm_view_state *state = &view.states[i];
        const uint64_t words[] = {(uint64_t)state->status,
                                  (uint64_t)state->since_ms, state->muted,
                                  state->failing, (uint64_t)state->bad};
        for (size_t k = 0; k < DM_COUNT_OF(words); ++k) {
            hash = (hash ^ words[k]) * UINT64_C(1099511628211);
        }
    }
    for (size_t i = 0; i < view.n_nodes; ++i) {
        hash = (hash ^ view.nodes[i].silent) * UINT64_C(1099511628211);
    }
    *ret_next = view.next_change_ms;
    dm_view_done(&view);
    return hash;
}

static void
the_view_stays_until_its_next_change_and_changes_there(void)
{
    static struct known known;
    know_logs(&known, 3);
    static const struct dm_str needs[] = {DM_STR("router")};
    add_check(&known, 0, "shop")->needs = (struct dm_texts){needs, 1};
    add_check(&known, 1, "shop")->every_ms = 5 * MINUTE;
    add_check(&known, 0, "router")->every_ms = 2 * MINUTE;
    struct dm_check_def *beat = add_heartbeat(&known, 2, "sync");
    beat->presence = DM_PRESENCE_SOMETIMES;
    beat->max_silence_ms = 2 * HOUR;
    known.logs[1].clock_offset_ms = -20 * SECOND;
    add_result(&known, 0, "shop", DM_RESULT_OK, T0 - 10 * SECOND);
    add_bad(&known, 0, "router", T0 - 20 * SECOND, 3);
    add_bad(&known, 1, "shop", T0 - 5 * SECOND, 3);
    add_result(&known, 2, "sync", DM_RESULT_OK, T0);

    int64_t now = T0;
    int changes = 0;
    for (;;) {
        int64_t next = 0;
        int64_t unused = 0;
        const uint64_t here = digest(&known, now, &next);
        if (next == INT64_MAX) {
            CHECK(here == digest(&known, now + 10000 * HOUR, &unused));
            break;
        }
        CHECK(next > now);
        CHECK(here == digest(&known, next - 1, &unused));
        CHECK_INT(unused, next);
        CHECK(here != digest(&known, next, &unused));
        now = next;
        ++changes;
    }
    CHECK_INT(changes, 6); // Three checks, the beat twice, both nodes at once
}

static void
every_failed_allocation_is_a_status_and_leaves_nothing(void)
{
    static struct known known;
    know_logs(&known, 2);
    add_check(&known, 0, "shop");
    add_check(&known, 1, "shop");
    add_heartbeat(&known, 1, "backup");
    add_bad(&known, 0, "shop", T0, 3);
    add_result(&known, 1, "shop", DM_RESULT_OK, T0);
    const struct dm_view_input input = input_of(&known, T0);
    size_t n = 0;
    for (;; ++n) {
        struct dm_view view;
        dm_alloc_fail_after(n);
        const enum dm_status status = dm_view_compute(&input, &view);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!status) {
            dm_view_done(&view);
            break;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
    CHECK(n > 3);
}

int
main(void)
{
    states_come_by_name_then_log_whatever_the_order_of_rows();
    names_are_encoded_in_the_iri_of_a_state();
    each_node_is_judged_by_what_it_ran_itself();
    a_result_is_stale_when_two_intervals_and_30_s_are_over();
    a_clock_that_is_off_by_more_than_5_s_is_corrected();
    failing_is_more_bad_results_than_retries_and_outlasts_unknown();
    a_check_is_muted_while_what_it_needs_fails();
    what_is_needed_fails_by_its_own_quorum_or_at_the_same_node();
    what_is_never_to_alert_is_muted_by_nobody();
    a_heartbeat_that_may_be_silent_is_muted_up_to_its_longest_silence();
    a_check_without_result_has_no_state_and_a_heartbeat_says_no_ping_yet();
    what_a_configuration_no_longer_has_is_no_state();
    of_a_heartbeat_the_newest_ping_over_all_nodes_decides();
    bad_pings_before_a_newer_ok_of_another_node_do_not_count();
    at_one_instant_the_greater_iri_decides_whatever_its_number();
    of_a_heartbeat_only_nodes_that_have_it_count();
    how_long_a_heartbeat_may_be_silent_goes_by_the_clock_of_its_node();
    a_heartbeat_is_overdue_when_interval_and_grace_are_over();
    the_quorum_is_two_where_two_nodes_run_a_check();
    nodes_count_for_the_quorum_before_they_have_a_result();
    checks_of_one_name_appear_whole_and_a_check_has_one_name();
    of_different_quorums_the_smallest_decides();
    a_check_fails_when_its_quorum_does_or_all_there_are();
    the_status_of_a_check_is_the_worst_its_quorum_agrees_on();
    a_node_is_silent_after_three_seals_and_30_s_unless_it_may_be();
    the_view_stays_until_its_next_change_and_changes_there();
    every_failed_allocation_is_a_status_and_leaves_nothing();
    return 0;
}
