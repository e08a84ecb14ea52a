// SPDX-License-Identifier: ISC

// The client of Alertmanager on a simulated network: a host that records what
// is posted, and the model of sim/alertmanager.h.

#include "alert/alertmanager.h"

#include "alert/alerts_private.h"
#include "base/alloc.h"
#include "sim/alertmanager.h"
#include "tests/unit/sim_rig.h"

#define POSTS_MAX 256
#define BODY_MAX ((size_t)1 << 20U)
#define ROUND_MS 15000

// An Alertmanager that keeps every body
struct recorder {
    unsigned status;         // What it answers; 0: nothing, ever
    const char *poison;      // A body that holds this gets 400
    const char *want_header; // Else 401
    struct dm_buf bodies[POSTS_MAX];
    int64_t at_ns[POSTS_MAX];
    size_t n;
    struct rig *rig;
};

struct scene {
    struct rig rig;
    struct recorder recorder;
    struct dm_sim_host *host;
    struct dm_alertmanagers *clients;
    struct dm_config *config;
};

static void
serve(void *context, const struct dm_sim_request *request,
      struct dm_sim_response *response)
{
    struct recorder *recorder = context;
    CHECK(dm_str_is(request->method, "POST"));
    CHECK(dm_str_is(request->target, "/api/v2/alerts"));
    CHECK(recorder->n < POSTS_MAX);
    struct dm_buf *body = &recorder->bodies[recorder->n];
    dm_buf_init(body, BODY_MAX);
    CHECK_INT(dm_buf_put_str(body, request->body), DM_OK);
    recorder->at_ns[recorder->n++] = dm_sim_world_now_ns(recorder->rig->world);
    response->status = recorder->status;
    if (recorder->poison && strstr(dm_buf_cstr(body), recorder->poison)) {
        response->status = 400;
        (void)dm_buf_puts(&response->body, "bad alert");
    }
    if (recorder->want_header) {
        bool is_there = false;
        for (size_t i = 0; i < request->n_headers; ++i) {
            is_there |=
                dm_str_is(request->headers[i].value, recorder->want_header);
        }
        response->status = is_there ? response->status : 401;
    }
}

static void
forget(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->n; ++i) {
        dm_buf_done(&recorder->bodies[i]);
    }
    recorder->n = 0;
}

// How often `part` stands in what was posted
static int
count(const struct recorder *recorder, const char *part)
{
    int n = 0;
    for (size_t i = 0; i < recorder->n; ++i) {
        const char *at = dm_buf_cstr(&recorder->bodies[i]);
        while ((at = strstr(at, part)) != NULL) {
            ++n;
            at += strlen(part);
        }
    }
    return n;
}

static void
configure(struct scene *scene, const char *text)
{
    struct dm_config *config = rig_config(&scene->rig, text);
    CHECK_INT(dm_alertmanagers_configure(scene->clients, config), DM_OK);
    dm_config_unref(scene->config);
    scene->config = config;
}

static const char one[] = ":this :alertmanager \"http://am:9093/\" .\n";

static void
set_up_without(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    rig_init(&scene->rig, NULL, NULL, NULL);
    scene->recorder.status = 200;
    scene->recorder.rig = &scene->rig;
    CHECK_INT(
        dm_sim_network_add(scene->rig.network, "am", "192.0.2.9", &scene->host),
        DM_OK);
    scene->clients = dm_alertmanagers_new(scene->rig.env, scene->rig.net);
    CHECK(scene->clients);
}

static void
set_up(struct scene *scene)
{
    set_up_without(scene);
    CHECK_INT(
        dm_sim_host_serve(scene->host, 9093, NULL, serve, &scene->recorder),
        DM_OK);
    configure(scene, one);
}

static void
tear_down(struct scene *scene)
{
    dm_alertmanagers_free(scene->clients);
    dm_config_unref(scene->config);
    forget(&scene->recorder);
    rig_done(&scene->rig);
}

// Alerts "n0".. that fire since `now`, or are resolved at `now`
static struct dm_alerts *
alerts_of(const struct scene *scene, int n, enum dm_alert_state state,
          int64_t starts_ms)
{
    struct dm_alerts *alerts = dm_alerts_new();
    CHECK(alerts);
    for (int i = 0; i < n; ++i) {
        char name[16];
        (void)snprintf(name, sizeof(name), "n%d", i);
        const struct dm_alert_text labels[] = {
            {DM_STR("alertname"), dm_str(name)},
            {DM_STR("check"), DM_STR("web/shop 1")}};
        const struct dm_alert_text annotations[] = {
            {DM_STR("summary"), DM_STR("down")}};
        const struct dm_alert alert = {
            .identity = dm_str(name),
            .rule = dm_str(name),
            .state = state,
            .labels = labels,
            .n_labels = 2,
            .annotations = annotations,
            .n_annotations = 1,
            .fingerprint = dm_alert_fingerprint(labels, 2),
            .check = DM_STR("web/shop 1"),
            .starts_ms = starts_ms,
            .resolved_ms =
                state == DM_ALERT_RESOLVED ? rig_wall_ms(&scene->rig) : 0,
        };
        CHECK_INT(dm_alerts_add(alerts, &alert), DM_OK);
    }
    dm_alerts_seal(alerts);
    return alerts;
}

static void
round_of(struct scene *scene, int n, enum dm_alert_state state,
         int64_t starts_ms)
{
    dm_alertmanagers_round(scene->clients,
                           alerts_of(scene, n, state, starts_ms));
}

// The same set of one alert, which is to be told or not to be told yet
static void
round_that_waits(struct scene *scene, int64_t starts_ms, bool waits)
{
    struct dm_alerts *alerts = alerts_of(scene, 1, DM_ALERT_FIRING, starts_ms);
    alerts->items[0].waits = waits;
    dm_alertmanagers_round(scene->clients, alerts);
}

static struct dm_alertmanager_figures
figures_of(const struct scene *scene)
{
    struct dm_alertmanager_figures figures;
    dm_alertmanagers_figures(scene->clients, 0, &figures);
    return figures;
}

// ----------------------------------------------------------------------------

static void
what_waits_is_told_when_it_no_longer_does(void)
{
    static struct scene scene;
    set_up(&scene);
    const int64_t starts = rig_wall_ms(&scene.rig);
    round_that_waits(&scene, starts, true);
    rig_pass(&scene.rig, ROUND_MS);
    CHECK_INT(count(&scene.recorder, "\"DeadMansSwitch\""), 1);
    CHECK_INT(count(&scene.recorder, "\"alertname\":\"n0\""), 0);
    round_that_waits(&scene, starts, false);
    rig_pass(&scene.rig, DM_NS_PER_SECOND / DM_NS_PER_MS);
    CHECK_INT(count(&scene.recorder, "\"alertname\":\"n0\""), 1);
    tear_down(&scene);
}

static void
what_fires_is_told_at_once_and_every_minute(void)
{
    static struct scene scene;
    set_up(&scene);
    const int64_t starts = rig_wall_ms(&scene.rig);
    CHECK(!dm_alertmanagers_alerts(scene.clients));
    for (int i = 0; i < 11; ++i) { // Rounds of nearly three minutes
        round_of(&scene, 1, DM_ALERT_FIRING, starts);
        rig_pass(&scene.rig, ROUND_MS);
        if (i == 0) {
            CHECK_INT((int64_t)scene.recorder.n, 1);
            CHECK_INT(count(&scene.recorder, "\"DeadMansSwitch\""), 1);
            CHECK_INT(count(&scene.recorder, "\"instance\":\"carbon\""), 1);
            CHECK_INT(count(&scene.recorder, "\"alertname\":\"n0\""), 1);
            CHECK_INT(count(&scene.recorder, "\"2026-11-24T16:00:00.000Z\""),
                      2);
            CHECK(scene.recorder.at_ns[0] < 100 * DM_NS_PER_MS);
        }
    }
    CHECK_INT(count(&scene.recorder, "\"alertname\":\"n0\""), 3);
    CHECK_INT(count(&scene.recorder, "generatorURL"), 0);
    for (size_t i = 1; i < scene.recorder.n; ++i) {
        const int64_t gap =
            scene.recorder.at_ns[i] - scene.recorder.at_ns[i - 1];
        CHECK(gap >= 60 * DM_NS_PER_SECOND && gap < 61 * DM_NS_PER_SECOND);
    }
    const struct dm_alertmanager_figures figures = figures_of(&scene);
    CHECK(figures.reachable);
    CHECK_INT((int64_t)figures.posts, 3);
    CHECK_INT((int64_t)figures.failed, 0);
    CHECK(dm_str_is(figures.url, "http://am:9093/"));
    CHECK(figures.accepted_ms > starts);
    CHECK(dm_alertmanagers_alerts(scene.clients));
    tear_down(&scene);
}

static void
what_changes_is_told_at_once_and_its_end_too(void)
{
    static struct scene scene;
    set_up(&scene);
    const int64_t starts = rig_wall_ms(&scene.rig);
    round_of(&scene, 1, DM_ALERT_PENDING, starts);
    rig_pass(&scene.rig, 1000);
    CHECK_INT(count(&scene.recorder, "\"n0\""), 0); // Nobody's business yet
    round_of(&scene, 1, DM_ALERT_FIRING, starts);
    rig_pass(&scene.rig, 1000);
    CHECK_INT(count(&scene.recorder, "\"n0\""), 1);
    round_of(&scene, 1, DM_ALERT_FIRING, starts - 5000);
    rig_pass(&scene.rig, 1000);
    CHECK_INT(count(&scene.recorder, "\"n0\""), 2);
    CHECK_INT(count(&scene.recorder, "\"startsAt\":\"2026-11-24T15:59:55"), 1);
    round_of(&scene, 1, DM_ALERT_RESOLVED, starts - 5000);
    rig_pass(&scene.rig, 1000);
    CHECK_INT(count(&scene.recorder, "\"endsAt\":\"2026-11-24T15:59:58"), 1);
    tear_down(&scene);
}

static void
an_end_is_in_nobodys_future(void)
{
    static struct scene scene;
    set_up(&scene);
    struct dm_alerts *alerts = alerts_of(&scene, 1, DM_ALERT_RESOLVED,
                                         rig_wall_ms(&scene.rig) - 60000);
    dm_sim_machine_step_wall(scene.rig.machine, -30000);
    dm_alertmanagers_round(scene.clients, alerts);
    rig_pass(&scene.rig, 1000);
    CHECK_INT(count(&scene.recorder, "\"endsAt\":\"2026-11-24T15:59:25"), 1);
    tear_down(&scene);
}

static void
posts_hold_256_alerts_and_links_are_made(void)
{
    static struct scene scene;
    set_up(&scene);
    configure(&scene, ":this :alertmanager \"http://am:9093\" ; :publicUrl "
                      "\"https://mon.test/\" .\n");
    round_of(&scene, 600, DM_ALERT_FIRING, rig_wall_ms(&scene.rig));
    rig_pass(&scene.rig, 5000);
    CHECK_INT((int64_t)scene.recorder.n, 3);
    CHECK_INT(count(&scene.recorder, "\"alertname\""), 601);
    CHECK_INT(count(&scene.recorder,
                    "\"generatorURL\":\"https://mon.test/check?name="
                    "web%2Fshop%201\""),
              600);
    tear_down(&scene);
}

static void
what_is_refused_is_found_by_halving_and_left_out(void)
{
    static struct scene scene;
    set_up(&scene);
    scene.recorder.poison = "\"n77\"";
    const int64_t starts = rig_wall_ms(&scene.rig);
    round_of(&scene, 200, DM_ALERT_FIRING, starts);
    rig_pass(&scene.rig, 10000);
    const struct dm_alertmanager_figures figures = figures_of(&scene);
    CHECK_INT((int64_t)figures.refused_alerts, 1);
    CHECK(scene.recorder.n < 40);
    int accepted = 0;
    for (size_t i = 0; i < scene.recorder.n; ++i) {
        const char *body = dm_buf_cstr(&scene.recorder.bodies[i]);
        for (int k = 0; !strstr(body, "\"n77\"") && k < 200; ++k) {
            char part[16];
            (void)snprintf(part, sizeof(part), "\"n%d\"", k);
            accepted += strstr(body, part) ? 1 : 0;
        }
    }
    CHECK_INT(accepted, 199); // Each of the others, once
    forget(&scene.recorder);
    round_of(&scene, 200, DM_ALERT_FIRING, starts);
    rig_pass(&scene.rig, 70000);
    CHECK_INT(count(&scene.recorder, "\"n77\""), 0);
    CHECK_INT(count(&scene.recorder, "\"n76\""), 1);
    // It is tried again when it changes
    scene.recorder.poison = NULL;
    forget(&scene.recorder);
    round_of(&scene, 200, DM_ALERT_FIRING, starts - 1000);
    rig_pass(&scene.rig, 5000);
    CHECK_INT(count(&scene.recorder, "\"n77\""), 1);
    tear_down(&scene);
}

static void
one_that_is_down_is_asked_less_and_less_and_then_told_all(void)
{
    static struct scene scene;
    set_up(&scene);
    const int64_t starts = rig_wall_ms(&scene.rig);
    scene.recorder.status = 503;
    for (int i = 0; i < 12; ++i) {
        round_of(&scene, 3, DM_ALERT_FIRING, starts);
        rig_pass(&scene.rig, ROUND_MS);
    }
    // After 0, 1, 3, 7, 15, 31, 63, 123 s
    CHECK_INT((int64_t)scene.recorder.n, 8);
    struct dm_alertmanager_figures figures = figures_of(&scene);
    CHECK(!figures.reachable);
    CHECK_INT((int64_t)figures.failed, 8);
    CHECK(dm_str_is(figures.error, "status 503"));
    CHECK_INT(figures.accepted_ms, 0);

    scene.recorder.status = 200;
    forget(&scene.recorder);
    for (int i = 0; i < 2; ++i) {
        round_of(&scene, 3, DM_ALERT_FIRING, starts);
        rig_pass(&scene.rig, ROUND_MS);
    }
    CHECK_INT((int64_t)scene.recorder.n, 1);
    CHECK_INT(count(&scene.recorder, "\"alertname\""), 4);
    figures = figures_of(&scene);
    CHECK(figures.reachable);
    CHECK_INT((int64_t)figures.error.n, 0);
    tear_down(&scene);
}

static void
one_that_never_answers_or_refuses_is_tried_again(void)
{
    static struct scene scene;
    set_up(&scene);
    const int64_t starts = rig_wall_ms(&scene.rig);
    scene.recorder.status = 0;
    round_of(&scene, 1, DM_ALERT_FIRING, starts);
    rig_pass(&scene.rig, 10500); // The time-out
    CHECK(!figures_of(&scene).reachable);
    scene.recorder.status = 200;
    rig_pass(&scene.rig, 2000);
    CHECK(figures_of(&scene).reachable);
    dm_sim_host_link(scene.host)->reach = DM_SIM_REACH_REFUSES;
    round_of(&scene, 2, DM_ALERT_FIRING, starts);
    rig_pass(&scene.rig, 500);
    CHECK(!figures_of(&scene).reachable);
    CHECK(figures_of(&scene).error.n > 0);
    tear_down(&scene);
}

static void
a_dead_mans_switch_ends_when_no_round_comes(void)
{
    static struct scene scene;
    set_up(&scene);
    const int64_t starts = rig_wall_ms(&scene.rig);
    rig_pass(&scene.rig, 120000);
    CHECK_INT((int64_t)scene.recorder.n, 0); // Before the first: nothing
    round_of(&scene, 1, DM_ALERT_FIRING, starts);
    rig_pass(&scene.rig, 600000);
    const int told = count(&scene.recorder, "DeadMansSwitch");
    CHECK(told == 1 || told == 2);
    CHECK(count(&scene.recorder, "\"n0\"") >= 10); // What fires is told on
    tear_down(&scene);
}

static void
each_one_configured_is_told_and_those_that_go_are_not(void)
{
    static const char both[] =
        ":this :alertmanager \"http://am:9093/\", \"http://am2:9093\" .\n";
    static struct scene scene;
    set_up(&scene);
    const int64_t starts = rig_wall_ms(&scene.rig);
    static struct recorder second;
    second.status = 200;
    second.rig = &scene.rig;
    struct dm_sim_host *host = NULL;
    CHECK_INT(dm_sim_network_add(scene.rig.network, "am2", "192.0.2.10", &host),
              DM_OK);
    CHECK_INT(dm_sim_host_serve(host, 9093, NULL, serve, &second), DM_OK);
    round_of(&scene, 1, DM_ALERT_FIRING, starts);
    rig_pass(&scene.rig, 1000);
    configure(&scene, both);
    CHECK_INT((int64_t)dm_alertmanagers_count(scene.clients), 2);
    round_of(&scene, 1, DM_ALERT_FIRING, starts);
    rig_pass(&scene.rig, 1000);
    CHECK_INT(count(&scene.recorder, "\"n0\""), 1); // It knows already
    CHECK_INT(count(&second, "\"n0\""), 1);
    configure(&scene, ":this :alertmanager \"http://am2:9093\" .\n");
    CHECK_INT((int64_t)dm_alertmanagers_count(scene.clients), 1);
    rig_pass(&scene.rig, 120000);
    CHECK_INT(count(&scene.recorder, "\"n0\""), 1);
    CHECK_INT(count(&second, "\"n0\""), 3);
    configure(&scene, "");
    round_of(&scene, 1, DM_ALERT_FIRING, starts);
    rig_pass(&scene.rig, 120000);
    CHECK_INT(count(&second, "\"n0\""), 3);
    forget(&second);
    tear_down(&scene);
}

static void
one_url_is_one_client_however_often_it_is_written(void)
{
    static struct scene scene;
    set_up(&scene);
    // As a configuration that has it twice: validate may let it through
    struct dm_config *config = rig_config(&scene.rig, one);
    const struct dm_alertmanager_def defs[] = {config->node.alertmanagers[0],
                                               config->node.alertmanagers[0]};
    const struct dm_alertmanager_def *given = config->node.alertmanagers;
    config->node.alertmanagers = defs;
    config->node.n_alertmanagers = 2;
    for (int i = 0; i < 2; ++i) {
        CHECK_INT(dm_alertmanagers_configure(scene.clients, config), DM_OK);
        CHECK_INT((int64_t)dm_alertmanagers_count(scene.clients), 1);
    }
    config->node.alertmanagers = given;
    config->node.n_alertmanagers = 1;
    dm_config_unref(config);
    tear_down(&scene);
}

static void
a_client_that_goes_while_it_posts_hears_nothing_more(void)
{
    static struct scene scene;
    set_up(&scene);
    scene.recorder.status = 0;
    round_of(&scene, 1, DM_ALERT_FIRING, rig_wall_ms(&scene.rig));
    rig_pass(&scene.rig, 1000);
    CHECK(dm_sim_net_n_ops(scene.rig.sim_net) > 0);
    configure(&scene, "");
    CHECK_INT((int64_t)dm_sim_net_n_ops(scene.rig.sim_net), 0);
    tear_down(&scene);
}

static void
count_notified(void *context, const struct dm_sim_notification *notification)
{
    int *n = context;
    n[notification->is_firing ? 1 : 0] += notification->is_repeat ? 100 : 1;
}

static void
the_model_notifies_once_of_the_start_and_once_of_the_end(void)
{
    static struct scene scene;
    set_up_without(&scene);
    const struct dm_sim_alertmanager_options options =
        dm_sim_alertmanager_options_default();
    int n[2] = {0, 0};
    struct dm_sim_alertmanager *am = dm_sim_alertmanager_new(
        scene.rig.world, scene.host, &options, count_notified, n);
    CHECK(am);
    configure(&scene, one);
    const int64_t starts = rig_wall_ms(&scene.rig);
    for (int i = 0; i < 120; ++i) { // Half an hour, with outages
        dm_sim_alertmanager_mood(am)->hangs = i % 16 == 3;
        dm_sim_alertmanager_mood(am)->status = i % 16 == 5 ? 500 : 0;
        round_of(&scene, 1, i < 60 ? DM_ALERT_FIRING : DM_ALERT_RESOLVED,
                 starts);
        rig_pass(&scene.rig, ROUND_MS);
    }
    CHECK_INT(n[1], 2); // The alert, and DeadMansSwitch
    CHECK_INT(n[0], 1);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_posts(am, 4), 0);
    dm_alertmanagers_free(scene.clients);
    scene.clients = NULL;
    rig_pass(&scene.rig, 1000);
    dm_sim_alertmanager_free(am);
    tear_down(&scene);
}

static void
every_failed_allocation_is_a_status_or_told_later(void)
{
    static struct scene scene;
    set_up(&scene);
    dm_alertmanagers_free(scene.clients);
    scene.clients = NULL;
    for (size_t n = 0; !scene.clients; ++n) {
        dm_alloc_fail_after(n);
        scene.clients = dm_alertmanagers_new(scene.rig.env, scene.rig.net);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    }
    enum dm_status status = DM_ERR_NO_MEMORY;
    size_t n = 0;
    for (; status; ++n) {
        dm_alloc_fail_after(n);
        status = dm_alertmanagers_configure(scene.clients, scene.config);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!status || status == DM_ERR_NO_MEMORY);
        CHECK_INT((int64_t)dm_alertmanagers_count(scene.clients),
                  status ? 0 : 1);
    }
    CHECK(n > 5);
    for (n = 0; n < 40; ++n) {
        struct dm_alerts *alerts =
            alerts_of(&scene, 2, DM_ALERT_FIRING, rig_wall_ms(&scene.rig));
        dm_alloc_fail_after(n);
        dm_alertmanagers_round(scene.clients, alerts);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        forget(&scene.recorder);
        rig_pass(&scene.rig, 61000);
        CHECK(count(&scene.recorder, "\"n1\"") >= 1);
        CHECK(figures_of(&scene).reachable);
    }
    tear_down(&scene);
}

int
main(void)
{
    what_waits_is_told_when_it_no_longer_does();
    what_fires_is_told_at_once_and_every_minute();
    what_changes_is_told_at_once_and_its_end_too();
    an_end_is_in_nobodys_future();
    posts_hold_256_alerts_and_links_are_made();
    what_is_refused_is_found_by_halving_and_left_out();
    one_that_is_down_is_asked_less_and_less_and_then_told_all();
    one_that_never_answers_or_refuses_is_tried_again();
    a_dead_mans_switch_ends_when_no_round_comes();
    each_one_configured_is_told_and_those_that_go_are_not();
    one_url_is_one_client_however_often_it_is_written();
    a_client_that_goes_while_it_posts_hears_nothing_more();
    the_model_notifies_once_of_the_start_and_once_of_the_end();
    every_failed_allocation_is_a_status_or_told_later();
    return 0;
}
