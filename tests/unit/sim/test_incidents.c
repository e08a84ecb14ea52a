// SPDX-License-Identifier: ISC

#include "sim/incidents.h"

#include "base/time.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "sim/machine.h"
#include "sim/net.h"
#include "sim/network.h"
#include "sim/world.h"
#include "tests/check.h"

#define SECOND DM_NS_PER_SECOND
#define TEXT_SIZE 512

struct fixture {
    struct dm_sim_world *world;
    struct dm_sim_network *network;
    struct dm_sim_machine *machine;
    struct dm_sim_net *net;
    struct dm_sim_alertmanager *am;
    struct dm_sim_incidents *incidents;
};

static void
set_up(struct fixture *f)
{
    const struct dm_sim_options options = dm_sim_options_default(1);
    f->world = dm_sim_world_new(&options);
    CHECK(f->world);
    f->network = dm_sim_network_new(f->world);
    CHECK(f->network);
    f->machine = dm_sim_machine_new(f->world, "one");
    CHECK(f->machine);
    dm_sim_machine_start(f->machine);
    const struct dm_sim_net_options net = {.network = f->network,
                                           .machine = f->machine};
    CHECK_INT(dm_sim_net_new(&net, &f->net), DM_OK);
    const struct dm_actor loop = dm_loop_actor(dm_sim_net_get(f->net)->loop);
    dm_sim_actor_begin(dm_sim_net_handle(f->net), &loop);
    struct dm_sim_host *host = NULL;
    CHECK_INT(dm_sim_network_add(f->network, "am", "192.0.2.9", &host), DM_OK);
    const struct dm_sim_alertmanager_options am =
        dm_sim_alertmanager_options_default();
    f->am = dm_sim_alertmanager_new(f->world, host, &am, NULL, NULL);
    CHECK(f->am);
    const struct dm_sim_incidents_options incidents = {
        .alertname = "Failing",
        .label = "check",
        .must_be_told_ns = 30 * SECOND,
        .slack_ns = 20 * SECOND,
    };
    f->incidents = dm_sim_incidents_new(&incidents);
    CHECK(f->incidents);
}

static void
tear_down(struct fixture *f)
{
    dm_sim_incidents_free(f->incidents);
    dm_sim_alertmanager_free(f->am);
    dm_sim_net_free(f->net);
    dm_sim_network_free(f->network);
    dm_sim_world_free(f->world);
}

static void
until(struct fixture *f, int64_t s)
{
    CHECK(dm_sim_world_run(f->world, s * SECOND, NULL, NULL) == DM_OK);
}

static void
ignore(void *context, const struct dm_http_response *response)
{
    (void)context;
    CHECK(response->status == 200);
}

// Tell Alertmanager that the check "web" fails, or no more
static void
tell(struct fixture *f, bool is_firing)
{
    char body[TEXT_SIZE];
    char starts[DM_TIME_SIZE];
    char ends[DM_TIME_SIZE];
    const int64_t now_ms = dm_sim_machine_wall_ms(f->machine);
    dm_time_format(now_ms - 10 * DM_MS_PER_SECOND, starts);
    dm_time_format(is_firing ? now_ms + DM_MS_PER_HOUR : now_ms, ends);
    (void)snprintf(body, sizeof(body),
                   "[{\"labels\":{\"alertname\":\"Failing\",\"check\":\"web\"},"
                   "\"startsAt\":\"%s\",\"endsAt\":\"%s\"}]",
                   starts, ends);
    const struct dm_http_header header = {DM_STR("Content-Type"),
                                          DM_STR("application/json")};
    const struct dm_http_request_spec spec = {
        .method = DM_STR("POST"),
        .url = DM_STR("http://am:9093/api/v2/alerts"),
        .headers = &header,
        .n_headers = 1,
        .body = dm_str(body),
        .timeout_ns = SECOND,
    };
    struct dm_http_request *request = NULL;
    CHECK_INT(dm_http_client_start(dm_sim_net_get(f->net)->http, &spec, ignore,
                                   NULL, &request),
              DM_OK);
}

static void
set(struct fixture *f, bool is_broken, int64_t s)
{
    CHECK_INT(dm_sim_incidents_set(f->incidents, "web", is_broken, s * SECOND),
              DM_OK);
}

static bool
holds(struct fixture *f)
{
    struct dm_error error = {.status = DM_OK};
    const enum dm_status status = dm_sim_incidents_check(
        f->incidents, f->am, dm_sim_world_now_ns(f->world), &error);
    CHECK(status == DM_OK || (status == DM_ERR_CORRUPT && error.what[0]));
    return status == DM_OK;
}

static void
an_outage_that_was_told_twice_holds(void)
{
    struct fixture f;
    set_up(&f);
    set(&f, true, 100);
    until(&f, 110);
    tell(&f, true);
    until(&f, 200);
    CHECK(holds(&f));
    set(&f, false, 200);
    until(&f, 205);
    tell(&f, false);
    until(&f, 400);
    CHECK(holds(&f));
    tear_down(&f);
}

static void
an_outage_that_nobody_heard_of_does_not(void)
{
    struct fixture f;
    set_up(&f);
    set(&f, true, 100);
    until(&f, 140);
    CHECK(holds(&f)); // There is time yet
    until(&f, 200);
    CHECK(!holds(&f));
    dm_sim_incidents_excuse(f.incidents, 100 * SECOND, 160 * SECOND);
    CHECK(holds(&f));
    tear_down(&f);
}

static void
a_short_one_may_be_told_or_not(void)
{
    struct fixture f;
    set_up(&f);
    set(&f, true, 100);
    set(&f, false, 110);
    until(&f, 300);
    CHECK(holds(&f));
    tear_down(&f);
}

static void
one_that_was_not_resolved_does_not_hold(void)
{
    struct fixture f;
    set_up(&f);
    set(&f, true, 100);
    until(&f, 110);
    tell(&f, true);
    set(&f, false, 200);
    until(&f, 215);
    CHECK(holds(&f));
    until(&f, 230);
    CHECK(!holds(&f));
    tear_down(&f);
}

static void
a_false_alarm_does_not_hold(void)
{
    struct fixture f;
    set_up(&f);
    set(&f, true, 500);
    set(&f, false, 501);
    until(&f, 100);
    tell(&f, true);
    until(&f, 120);
    tell(&f, false);
    until(&f, 600);
    CHECK(!holds(&f));
    tear_down(&f);
}

static void
one_that_was_told_anew_in_the_middle_does_not_hold(void)
{
    struct fixture f;
    set_up(&f);
    set(&f, true, 100);
    until(&f, 110);
    tell(&f, true);
    until(&f, 130);
    tell(&f, false);
    until(&f, 150);
    tell(&f, true);
    set(&f, false, 200);
    until(&f, 201);
    tell(&f, false);
    until(&f, 400);
    CHECK(!holds(&f));
    tear_down(&f);
}

static void
two_outages_close_together_may_be_one_or_two(void)
{
    for (int n = 1; n <= 2; ++n) {
        struct fixture f;
        set_up(&f);
        set(&f, true, 100);
        until(&f, 110);
        tell(&f, true);
        set(&f, false, 200);
        set(&f, true, 210);
        if (n == 2) {
            until(&f, 204);
            tell(&f, false);
            until(&f, 212);
            tell(&f, true);
        }
        set(&f, false, 300);
        until(&f, 305);
        tell(&f, false);
        until(&f, 500);
        CHECK(holds(&f));
        tear_down(&f);
    }
}

int
main(void)
{
    an_outage_that_was_told_twice_holds();
    an_outage_that_nobody_heard_of_does_not();
    a_short_one_may_be_told_or_not();
    one_that_was_not_resolved_does_not_hold();
    a_false_alarm_does_not_hold();
    one_that_was_told_anew_in_the_middle_does_not_hold();
    two_outages_close_together_may_be_one_or_two();
    return 0;
}
