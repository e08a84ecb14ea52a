// SPDX-License-Identifier: ISC

// The present of a store that holds several logs: every head says the same of
// them, whichever of them is its own.

#include "alert/present.h"

#include "alert/present_cache.h"
#include "alert/rules.h"
#include "base/alloc.h"
#include "quadstore/scan.h"
#include "rdf/writer.h"
#include "tests/unit/alert/world.h"
#include "vocab/published.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define SITE "https://demonitor.internal/"
#define SHOP SITE "shop"
#define BACKUP SITE "backup"

static struct world world;

// ---------------------------------------------------------------- the same

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
put_triple(struct head *head, const struct dm_quad_ids *ids, struct dm_buf *buf)
{
    struct dm_quad quad = {.g = {.kind = DM_TERM_NONE}};
    CHECK_INT(dm_snapshot_term(head->snapshot, ids->s, &quad.s), DM_OK);
    CHECK_INT(dm_snapshot_term(head->snapshot, ids->p, &quad.p), DM_OK);
    CHECK_INT(dm_snapshot_term(head->snapshot, ids->o, &quad.o), DM_OK);
    const bool is_node =
        dm_str_find(quad.s.value, dm_str("#")) == quad.s.value.n;
    if (!is_node) {
        CHECK_INT(dm_write_quad(&quad, buf), DM_OK);
        CHECK_INT(dm_buf_putc(buf, '\0'), DM_OK);
    }
}

// What dm:now says of states, sorted
static void
print_states(struct head *head, struct dm_buf *ret)
{
    static const struct dm_dataset dataset = {.all_named = true};
    static const char *texts[WORLD_TRIPLES_MAX];
    const struct dm_term now = dm_term_iri(dm_str(DM_NOW_GRAPH));
    struct dm_scan_spec spec = {.dataset = &dataset, .scope = DM_SCOPE_NAMED};
    struct dm_scan *scan = NULL;
    struct dm_quad_ids ids;
    struct dm_buf all;
    dm_buf_init(&all, WORLD_TEXT_MAX);
    CHECK_INT(dm_snapshot_find(head->snapshot, &now, &spec.g), DM_OK);
    CHECK_INT(dm_scan_open(head->snapshot, &spec, &scan), DM_OK);
    while (dm_scan_next(scan, &ids) == DM_OK) {
        put_triple(head, &ids, &all);
    }
    dm_scan_close(scan);
    size_t n = 0;
    for (size_t at = 0; at < all.n; at += strlen(all.data + at) + 1) {
        CHECK(n < WORLD_TRIPLES_MAX);
        texts[n++] = all.data + at;
    }
    qsort(texts, n, sizeof(texts[0]), compare_texts);
    for (size_t i = 0; i < n; ++i) {
        CHECK_INT(dm_buf_puts(ret, texts[i]), DM_OK);
    }
    dm_buf_done(&all);
}

// All heads at one instant
static void
check_heads(int64_t now_ms)
{
    struct dm_buf first;
    dm_buf_init(&first, WORLD_TEXT_MAX);
    for (size_t i = 0; i < world.n; ++i) {
        struct head head;
        struct dm_buf other;
        dm_buf_init(&other, WORLD_TEXT_MAX);
        head_open(&world, i, now_ms, &head);
        print_states(&head, i ? &other : &first);
        CHECK(first.n > 0);
        if (i > 0 && !dm_str_equal(dm_buf_str(&first), dm_buf_str(&other))) {
            (void)fprintf(stderr, "node 0 says\n%s\nnode %zu says\n%s\n",
                          dm_buf_cstr(&first), i, dm_buf_cstr(&other));
            abort();
        }
        head_close(&head);
        dm_buf_done(&other);
    }
    dm_buf_done(&first);
}

// One file for all, with what makes judging differ: needs in another order than
// that of names, tags, a check that is not published, one for some nodes only,
// perNode, heartbeats.
static const char common[] = PREFIX
    "<shop> a :HttpCheck ; :url \"https://shop.test/\" ; :retries 1 ; :label "
    "\"team=web\", \"b=c\" ; :needs <router>, <dns>, <a> ; :title \"Shop\" .\n"
    "<dns> a :HttpCheck ; :url \"https://dns.test/\" ; :retries 0 .\n"
    "<router> a :HttpCheck ; :url \"https://router.test/\" ; :retries 0 ; "
    ":every \"30s\" .\n"
    "<a> a :HttpCheck ; :url \"https://a.test/\" ; :on \"carbon\", \"eu\" ; "
    ":quorum 2 .\n"
    "<private> a :HttpCheck ; :url \"https://private.test/\" ; :publish false "
    "; :certWarn \"21d\" ; :timeout \"3s\" ; :tag \"inside\" .\n"
    "<disk> a :SystemCheck ; :warnIf \"disk / > 80%\" ; :needs <router> .\n"
    "<backup> a :Heartbeat ; :every \"1h\" ; :grace \"10m\" ; :retries 1 ; "
    ":needs <dns> .\n"
    "<sync> a :Heartbeat ; :every \"10m\" ; :grace \"1m\" ; :presence "
    ":sometimes ; :maxSilence \"2h\" .\n"
    "<never> a :Heartbeat ; :every \"10m\" .\n";

static const char *const common_checks[] = {
    SHOP,           SITE "dns",  SITE "router", SITE "a",
    SITE "private", SITE "disk", BACKUP,        SITE "sync",
};

static uint64_t seed = 88172645463325252U;

static unsigned
below(unsigned n)
{
    seed ^= seed << 13U;
    seed ^= seed >> 7U;
    seed ^= seed << 17U;
    return (unsigned)(seed % n);
}

static void
add_random_events(int64_t until_ms)
{
    int64_t at_ms[WORLD_NODES_MAX];
    CHECK(world.n > 0);
    for (size_t i = 0; i < world.n; ++i) {
        at_ms[i] = until_ms - HOUR + world.nodes[i].skew_ms;
    }
    for (int i = 0; i < 80; ++i) {
        static const enum dm_result_status statuses[] = {
            DM_RESULT_OK, DM_RESULT_OK, DM_RESULT_WARNING, DM_RESULT_CRITICAL,
            DM_RESULT_UNKNOWN};
        const size_t node = below((unsigned)world.n);
        // Now and then two nodes have a result at one instant
        const int64_t seconds = below(2) ? below(100) : 0;
        at_ms[node] += 1 + seconds * SECOND;
        world_result(&world, node,
                     common_checks[below(DM_COUNT_OF(common_checks))],
                     statuses[below(DM_COUNT_OF(statuses))], at_ms[node]);
    }
}

static void
all_heads_say_the_same_whatever_happened(void)
{
    for (int round = 0; round < 25; ++round) {
        world_init(&world);
        (void)world_add(&world, "carbon", common);
        // Another definition of the shop, and it is not asked about its disk
        (void)world_add(
            &world, "fra",
            PREFIX
            ":this :tag \"eu\" .\n"
            "<shop> a :HttpCheck ; :url \"https://shop.test/\" ; :retries 0 ; "
            ":quorum 1 ; :every \"20s\" ; :needs <dns> .\n"
            "<dns> a :HttpCheck ; :url \"https://dns.test/\" .\n"
            "<backup> a :Heartbeat ; :every \"1h\" ; :grace \"5m\" .\n");
        (void)world_add(&world, "oslo", common);
        world.nodes[1].skew_ms = (int64_t)below(3) * 20 * SECOND;
        world.nodes[2].skew_ms = -(int64_t)below(3) * HOUR;
        add_random_events(T0);
        check_heads(T0 + below(200) * SECOND);
        check_heads(T0 + 2 * HOUR + below(100) * MINUTE);
        world_done(&world);
    }
}

static void
of_what_is_not_published_the_own_node_knows_no_more_than_others(void)
{
    world_init(&world);
    (void)world_add(&world, "carbon", common);
    (void)world_add(&world, "fra", PREFIX);
    world_result(&world, 0, SITE "private", DM_RESULT_OK, T0 - SECOND);
    for (size_t i = 0; i < 2; ++i) {
        struct head head;
        head_open(&world, i, T0, &head);
        const struct dm_check_def *check =
            head_state(&head, "ipns://k51node1carbon#state:private")->check;
        CHECK_INT((int64_t)check->http.url.n, 0);
        CHECK_INT(check->timeout_ms, 10 * SECOND); // The default, not its own
        CHECK_INT(check->cert_warn_ms, 21 * (24 * HOUR));
        CHECK_INT((int64_t)check->tags.n, 1);
        head_close(&head);
    }
    world_done(&world);
}

// ---------------------------------------------------------------- two votes

static const char shop_text[] =
    PREFIX "<shop> a :HttpCheck ; :url \"https://shop.test/\" ; :retries 0 .\n"
           "<backup> a :Heartbeat ; :every \"1h\" ; :grace \"10m\" .\n";

// "NAME: check=shop|node=fra" of each row of all rules
static void
print_rows(struct head *head, struct dm_config *config, struct dm_buf *buf)
{
    struct dm_rules *rules = dm_rules_new(config);
    struct dm_rules_round *round = NULL;
    CHECK(rules);
    CHECK_INT(dm_rules_round_open(rules, head->snapshot, head->present,
                                  dm_str(""), &round),
              DM_OK);
    enum dm_status status = DM_AGAIN;
    while (status == DM_AGAIN) {
        status = dm_rules_round_step(round);
    }
    CHECK_INT(status, DM_END);
    size_t n = 0;
    const struct dm_rule_result *results = dm_rules_round_results(round, &n);
    for (size_t i = 0; i < n; ++i) {
        CHECK_INT(results[i].status, DM_OK);
        for (size_t k = 0; k < results[i].n_rows; ++k) {
            (void)dm_buf_put_str(buf, results[i].rule->name);
            const struct dm_rule_row *row = &results[i].rows[k];
            for (size_t c = 0; c < row->n_columns; ++c) {
                (void)dm_buf_printf(
                    buf, " %.*s=%.*s", (int)row->columns[c].name.n,
                    row->columns[c].name.data, (int)row->columns[c].value.n,
                    row->columns[c].value.data);
            }
            (void)dm_buf_putc(buf, '\n');
        }
    }
    dm_rules_round_close(round);
    dm_rules_free(rules);
}

static void
check_rows(size_t self, int64_t now_ms, const char *want)
{
    struct head head;
    struct dm_buf got;
    dm_buf_init(&got, WORLD_TEXT_MAX);
    head_open(&world, self, now_ms, &head);
    print_rows(&head, world.nodes[self].config, &got);
    if (!dm_str_is(dm_buf_str(&got), want)) {
        (void)fprintf(stderr, "rows are\n%s\nwant\n%s\n", dm_buf_cstr(&got),
                      want);
        abort();
    }
    dm_buf_done(&got);
    head_close(&head);
}

static void
add_three_with_a_shop(void)
{
    world_init(&world);
    (void)world_add(&world, "carbon", shop_text);
    (void)world_add(&world, "fra", shop_text);
    (void)world_add(&world, "oslo", shop_text);
}

static void
a_check_of_three_nodes_fails_when_two_see_it(void)
{
    add_three_with_a_shop();
    world_result(&world, 0, SHOP, DM_RESULT_OK, T0 - 9 * SECOND);
    world_result(&world, 1, SHOP, DM_RESULT_CRITICAL, T0 - 8 * SECOND);
    world_result(&world, 2, SHOP, DM_RESULT_OK, T0 - 7 * SECOND);
    check_rows(0, T0, "");
    check_rows(1, T0, "");
    world_result(&world, 2, SHOP, DM_RESULT_CRITICAL, T0 - 2 * SECOND);
    for (size_t i = 0; i < 3; ++i) {
        check_rows(i, T0,
                   "CheckFailing check=shop severity=critical failing=2 seen=3 "
                   "message=refused since=2026-11-24T15:59:52.000Z\n");
    }
    world_done(&world);
}

static void
with_fewer_fresh_views_what_is_left_decides(void)
{
    add_three_with_a_shop();
    world_result(&world, 0, SHOP, DM_RESULT_OK, T0 - HOUR);
    world_result(&world, 1, SHOP, DM_RESULT_CRITICAL, T0 - 8 * SECOND);
    check_rows(0, T0,
               "CheckFailing check=shop severity=critical failing=1 seen=1 "
               "message=refused since=2026-11-24T15:59:52.000Z\n");
    struct head head;
    head_open(&world, 0, T0, &head);
    CHECK_INT(head_state(&head, "ipns://k51node2fra#state:shop")->quorum, 2);
    head_close(&head);
    world_done(&world);
}

static void
a_node_that_says_nothing_is_silent_at_the_others_alone(void)
{
    add_three_with_a_shop();
    world.nodes[2].heard_ms = T0 - 10 * MINUTE;
    world.nodes[1].forked_at = 4711;
    world.nodes[1].known_more = 12;
    check_rows(0, T0,
               "LogForked node=fra entry=4711\n"
               "NodeSilent node=oslo last=2026-11-24T15:50:00.000Z "
               "since=2026-11-24T15:50:00.000Z\n");
    check_rows(2, T0, "LogForked node=fra entry=4711\n");
    struct head head;
    head_open(&world, 0, T0, &head);
    const struct dm_view *view = &head.present->view;
    CHECK_INT((int64_t)view->n_nodes, 3);
    CHECK(view->nodes[0].log->is_self && !view->nodes[1].log->is_self);
    CHECK_INT((int64_t)view->nodes[1].log->behind, 12);
    CHECK(dm_str_is(view->nodes[1].log->name, "fra"));
    head_close(&head);
    world_done(&world);
}

static void
a_ping_at_any_node_ends_a_missed_heartbeat(void)
{
    add_three_with_a_shop();
    world_result(&world, 0, BACKUP, DM_RESULT_OK, T0 - 2 * HOUR);
    check_rows(1, T0,
               "HeartbeatMissed check=backup severity=critical "
               "at=2026-11-24T14:00:00.000Z "
               "since=2026-11-24T15:10:00.000Z\n");
    world_result(&world, 2, BACKUP, DM_RESULT_OK, T0 - MINUTE);
    check_rows(0, T0, "");
    check_rows(1, T0, "");
    world_done(&world);
}

// ---------------------------------------------------------------- names

static void
two_nodes_of_one_name_and_two_checks_of_one_name_are_told_apart(void)
{
    static const char other[] = PREFIX
        ":this :name \"carbon\" ; :site \"https://other.test/\" .\n"
        "<https://other.test/shop> a :HttpCheck ; :url \"https://a.test/\" ; "
        ":retries 0 .\n"
        "<https://other.test/blog> a :HttpCheck ; :url \"https://b.test/\" .\n";
    world_init(&world);
    (void)world_add(&world, "carbon", shop_text);
    (void)world_add(&world, "fra", other);
    world_result(&world, 0, SHOP, DM_RESULT_OK, T0 - SECOND);
    world_result(&world, 1, "https://other.test/shop", DM_RESULT_CRITICAL,
                 T0 - SECOND);
    world_result(&world, 1, "https://other.test/blog", DM_RESULT_OK,
                 T0 - 2 * SECOND);
    check_heads(T0);
    struct head head;
    head_open(&world, 0, T0, &head);
    const struct dm_view *view = &head.present->view;
    CHECK(dm_str_is(view->nodes[0].log->name, "carbon-rbon"));
    CHECK(dm_str_is(view->nodes[1].log->name, "carbon-2fra"));
    CHECK(view->nodes[0].log->is_renamed && view->nodes[1].log->is_renamed);
    CHECK_INT((int64_t)view->n_shared_names, 1);
    CHECK(dm_str_is(view->shared_name, "shop"));
    const struct dm_view_state *shop =
        head_state(&head, "ipns://k51node1carbon#state:shop");
    CHECK(dm_str_is(shop->name, SHOP));
    CHECK(dm_str_is(head_state(&head, "ipns://k51node2fra#state:blog")->name,
                    "blog"));
    head_close(&head);
    check_rows(0, T0,
               "CheckFailing check=https://other.test/shop severity=critical "
               "failing=1 seen=1 message=refused "
               "since=2026-11-24T15:59:59.000Z\n");
    world_done(&world);
}

// A log that was heard of, and has said nothing of itself
static void
a_log_without_configuration_is_called_by_its_key(void)
{
    world_init(&world);
    (void)world_add(&world, "carbon", shop_text);
    struct head head;
    head_open(&world, 0, T0, &head);
    dm_snapshot_close(head.snapshot);
    dm_present_close(head.present);
    struct dm_txn *txn = NULL;
    const struct dm_seen seen = {.entry_time_ms = T0, .received_ms = T0};
    CHECK_INT(dm_txn_begin(head.store, &txn), DM_OK);
    world_put_seen(txn, "ipns://k51new", &seen);
    const struct dm_str broken = DM_STR("what is this");
    CHECK_INT(dm_txn_state_put(txn, DM_SEEN_SPACE, dm_str("ipns://k51broken"),
                               &broken),
              DM_OK);
    CHECK_INT(dm_txn_commit(txn, DM_COMMIT_NORMAL), DM_OK);
    CHECK_INT(dm_snapshot_open(head.store, &head.work, &head.snapshot), DM_OK);
    CHECK_INT(dm_present_open(head.snapshot, world.nodes[0].config, NULL,
                              T0 + 2 * MINUTE, &head.present),
              DM_OK);
    const struct dm_view *view = &head.present->view;
    CHECK_INT((int64_t)view->n_nodes, 2);
    CHECK(dm_str_is(view->nodes[1].log->name, "k51new"));
    CHECK(!view->nodes[1].silent); // 3 seals of 30 s, and 30 s
    CHECK_INT(view->next_change_ms, T0 + 2 * MINUTE + 1);
    head_close(&head);
    world_done(&world);
}

// ---------------------------------------------------------------- the cache

static void
reopen(struct head *head, struct dm_present_cache *cache)
{
    dm_snapshot_close(head->snapshot);
    dm_present_close(head->present);
    CHECK_INT(dm_snapshot_open(head->store, &head->work, &head->snapshot),
              DM_OK);
    CHECK_INT(dm_present_open(head->snapshot, world.nodes[0].config, cache, T0,
                              &head->present),
              DM_OK);
}

// Replace what the second node publishes.
static void
publish(struct head *head, const struct dm_config *config, const char *version)
{
    struct dm_txn *txn = NULL;
    dm_snapshot_close(head->snapshot); // One connection: it is in memory
    dm_present_close(head->present);
    head->snapshot = NULL;
    head->present = NULL;
    CHECK_INT(dm_txn_begin(head->store, &txn), DM_OK);
    world_publish(txn, config);
    if (version) {
        world_put_version(txn, world.nodes[1].iri, version);
    }
    CHECK_INT(dm_txn_commit(txn, DM_COMMIT_NORMAL), DM_OK);
}

static struct dm_str
title_of_second(const struct head *head)
{
    CHECK_INT((int64_t)head->present->n_logs, 2);
    return head->present->logs[1].title;
}

static void
a_configuration_is_read_anew_when_its_version_changes(void)
{
    world_init(&world);
    (void)world_add(&world, "carbon", shop_text);
    (void)world_add(&world, "fra", PREFIX ":this :title \"one\" .");
    struct dm_config *two = world_load(&world, world.nodes[1].iri, "fra",
                                       PREFIX ":this :title \"two\" .");
    struct dm_present_cache *cache = dm_present_cache_new();
    struct head head;
    CHECK(cache);
    head_open(&world, 0, T0, &head);
    reopen(&head, cache);
    CHECK(dm_str_is(title_of_second(&head), "one"));
    publish(&head, two, NULL); // Without a version nothing is kept
    reopen(&head, cache);
    CHECK(dm_str_is(title_of_second(&head), "two"));
    publish(&head, world.nodes[1].config, "v1");
    reopen(&head, cache);
    CHECK(dm_str_is(title_of_second(&head), "one"));
    const struct dm_published *own = head.present->held[0];
    const struct dm_published *other = head.present->held[1];
    reopen(&head, cache);
    CHECK(head.present->held[0] == own && head.present->held[1] == other);
    publish(&head, two, "v1"); // By mistake: it shows that nothing is read
    reopen(&head, cache);
    CHECK(dm_str_is(title_of_second(&head), "one"));
    publish(&head, two, "v2");
    reopen(&head, cache);
    CHECK(dm_str_is(title_of_second(&head), "two"));

    // Another own configuration
    struct dm_config *old = world.nodes[0].config;
    world.nodes[0].config = world_load(&world, world.nodes[0].iri, "carbon",
                                       PREFIX ":this :title \"own\" .");
    reopen(&head, cache);
    CHECK(dm_str_is(head.present->logs[0].title, "own"));
    dm_config_unref(old);
    head_close(&head);
    dm_present_cache_free(cache);
    dm_config_unref(two);
    world_done(&world);
}

static void
the_cache_keeps_one_version_of_each_log(void)
{
    struct dm_present_cache *cache = dm_present_cache_new();
    struct dm_published *published = NULL;
    world_init(&world);
    (void)world_add(&world, "carbon", shop_text);
    CHECK(cache);
    CHECK_INT(dm_published_of_config(world.nodes[0].config, &published), DM_OK);
    const struct dm_str log = dm_str("ipns://k51a");
    CHECK(!dm_present_cache_get(cache, log, dm_str("1")));
    dm_present_cache_put(cache, log, dm_str("1"), published);
    struct dm_published *got = dm_present_cache_get(cache, log, dm_str("1"));
    CHECK(got == published);
    dm_published_unref(got);
    dm_present_cache_put(cache, log, dm_str("2"), published);
    CHECK(!dm_present_cache_get(cache, log, dm_str("1")));
    for (size_t i = 0; i < DM_PRESENT_CACHE_LOGS + 10; ++i) {
        char iri[100];
        (void)snprintf(iri, sizeof(iri), "ipns://k51%zu", i);
        dm_present_cache_put(cache, dm_str(iri), dm_str("1"), published);
        got = dm_present_cache_get(cache, dm_str(iri), dm_str("1"));
        CHECK(got);
        dm_published_unref(got);
    }
    for (size_t i = 0; i < 4; ++i) {
        dm_alloc_fail_after(i);
        dm_present_cache_put(cache, log, dm_str("3"), published);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        got = dm_present_cache_get(cache, log, dm_str("2"));
        CHECK(!got); // Never an old one
        got = dm_present_cache_get(cache, log, dm_str("3"));
        dm_published_unref(got);
    }
    dm_published_unref(published);
    dm_present_cache_free(cache);
    world_done(&world);
}

static void
each_allocation_may_fail(void)
{
    add_three_with_a_shop();
    world_result(&world, 0, SHOP, DM_RESULT_OK, T0 - SECOND);
    world_result(&world, 1, SHOP, DM_RESULT_CRITICAL, T0 - SECOND);
    world_result(&world, 2, BACKUP, DM_RESULT_OK, T0 - SECOND);
    struct head head;
    head_open(&world, 0, T0, &head);
    for (size_t i = 0;; ++i) {
        dm_snapshot_close(head.snapshot);
        dm_present_close(head.present);
        head.present = NULL;
        CHECK_INT(dm_snapshot_open(head.store, &head.work, &head.snapshot),
                  DM_OK);
        dm_alloc_fail_after(i);
        const enum dm_status status = dm_present_open(
            head.snapshot, world.nodes[0].config, NULL, T0, &head.present);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!status) {
            CHECK(i > 30);
            break;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
    head_close(&head);
    world_done(&world);
}

int
main(void)
{
    all_heads_say_the_same_whatever_happened();
    of_what_is_not_published_the_own_node_knows_no_more_than_others();
    a_check_of_three_nodes_fails_when_two_see_it();
    with_fewer_fresh_views_what_is_left_decides();
    a_node_that_says_nothing_is_silent_at_the_others_alone();
    a_ping_at_any_node_ends_a_missed_heartbeat();
    two_nodes_of_one_name_and_two_checks_of_one_name_are_told_apart();
    a_log_without_configuration_is_called_by_its_key();
    a_configuration_is_read_anew_when_its_version_changes();
    the_cache_keeps_one_version_of_each_log();
    each_allocation_may_fail();
    return 0;
}
