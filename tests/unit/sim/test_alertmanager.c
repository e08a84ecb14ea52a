// SPDX-License-Identifier: ISC

#include "sim/alertmanager.h"

#include "base/buf.h"
#include "base/time.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "sim/machine.h"
#include "sim/net.h"
#include "sim/network.h"
#include "sim/world.h"
#include "tests/check.h"

#include <string.h>

#define MINUTE_NS (60 * DM_NS_PER_SECOND)
#define TEXT_SIZE 512

struct fixture {
    struct dm_sim_world *world;
    struct dm_sim_network *network;
    struct dm_sim_machine *machine;
    struct dm_sim_net *net;
    struct dm_sim_alertmanager *am;
    unsigned n_notified;
};

static void
count(void *context, const struct dm_sim_notification *notification)
{
    struct fixture *f = context;
    CHECK(notification->labels.n > 0);
    ++f->n_notified;
}

static void
set_up(struct fixture *f)
{
    *f = (struct fixture){.n_notified = 0};
    const struct dm_sim_options options = dm_sim_options_default(1);
    f->world = dm_sim_world_new(&options);
    CHECK(f->world);
    f->network = dm_sim_network_new(f->world);
    CHECK(f->network);
    f->machine = dm_sim_machine_new(f->world, "one");
    CHECK(f->machine);
    dm_sim_machine_start(f->machine);
    const struct dm_sim_net_options net_options = {
        .network = f->network,
        .machine = f->machine,
    };
    CHECK_INT(dm_sim_net_new(&net_options, &f->net), DM_OK);
    const struct dm_actor loop = dm_loop_actor(dm_sim_net_get(f->net)->loop);
    dm_sim_actor_begin(dm_sim_net_handle(f->net), &loop);
    struct dm_sim_host *host = NULL;
    CHECK_INT(dm_sim_network_add(f->network, "am", "192.0.2.9", &host), DM_OK);
    const struct dm_sim_alertmanager_options am =
        dm_sim_alertmanager_options_default();
    f->am = dm_sim_alertmanager_new(f->world, host, &am, count, f);
    CHECK(f->am);
}

static void
tear_down(struct fixture *f)
{
    CHECK_INT((int64_t)dm_sim_alertmanager_n_notified(f->am), f->n_notified);
    dm_sim_alertmanager_free(f->am);
    dm_sim_net_free(f->net);
    dm_sim_network_free(f->network);
    dm_sim_world_free(f->world);
}

struct answer {
    bool is_done;
    unsigned status;
};

static void
take(void *context, const struct dm_http_response *response)
{
    struct answer *answer = context;
    answer->is_done = true;
    answer->status = response->status;
}

// POST `body`; the status, 0 where no answer came
static unsigned
post_as(struct fixture *f, const char *type, const char *body)
{
    const struct dm_http_header header = {DM_STR("Content-Type"), dm_str(type)};
    const struct dm_http_request_spec spec = {
        .method = DM_STR("POST"),
        .url = DM_STR("http://am:9093/api/v2/alerts"),
        .headers = &header,
        .n_headers = 1,
        .body = dm_str(body),
        .timeout_ns = DM_NS_PER_SECOND,
    };
    struct answer answer = {.is_done = false};
    struct dm_http_request *request = NULL;
    CHECK_INT(dm_http_client_start(dm_sim_net_get(f->net)->http, &spec, take,
                                   &answer, &request),
              DM_OK);
    while (!answer.is_done) {
        CHECK(dm_sim_world_step(f->world) == DM_OK);
    }
    return answer.status;
}

static unsigned
post(struct fixture *f, const char *body)
{
    return post_as(f, "application/json", body);
}

// One alert with the label a="1", whose times are seconds from now
static unsigned
report(struct fixture *f, int starts_s, int ends_s)
{
    char starts[DM_TIME_SIZE];
    char ends[DM_TIME_SIZE];
    char body[TEXT_SIZE];
    const int64_t now_ms = dm_sim_machine_wall_ms(f->machine);
    dm_time_format(now_ms + starts_s * DM_MS_PER_SECOND, starts);
    dm_time_format(now_ms + ends_s * DM_MS_PER_SECOND, ends);
    (void)snprintf(body, sizeof(body),
                   "[{\"labels\":{\"a\":\"1\"},\"startsAt\":\"%s\","
                   "\"endsAt\":\"%s\"}]",
                   starts, ends);
    return post(f, body);
}

static void
pass(struct fixture *f, int64_t ns)
{
    const int64_t until_ns = dm_sim_world_now_ns(f->world) + ns;
    CHECK(dm_sim_world_run(f->world, until_ns, NULL, NULL) == DM_OK);
}

static void
what_is_malformed_is_refused_as_measured(void)
{
    struct fixture f;
    set_up(&f);
    CHECK_INT(post_as(&f, "text/plain", "[]"), 415);
    CHECK_INT(post_as(&f, "application/json; charset=utf-8", "[]"), 200);
    CHECK_INT(post(&f, "[]"), 200);
    CHECK_INT(post(&f, "{}"), 400);
    CHECK_INT(post(&f, "[{"), 400);
    // A wrong type: nothing is stored
    CHECK_INT(post(&f, "[{\"labels\":{\"a\":\"1\"}},{\"labels\":{\"b\":2}}]"),
              400);
    CHECK_INT(post(&f, "[{\"labels\":{\"a\":\"1\"},\"generatorURL\":\"a b\"}]"),
              422);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 0);
    // An invalid alert: the others are stored
    CHECK_INT(
        post(&f, "[{\"labels\":{\"a\":\"\"}},{\"labels\":{\"b\":\"2\"}}]"),
        400);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 1);
    CHECK_INT(post(&f, "[{\"labels\":{\"a-b\":\"1\"}}]"), 400);
    CHECK_INT(report(&f, 10, 0), 400);
    CHECK_INT(post(&f, "[{\"labels\":{\"c\":\"1\",\"d\":null}}]"), 200);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 2);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_posts(f.am, 2), 3);
    tear_down(&f);
}

static void
an_alert_is_told_once_firing_and_once_resolved(void)
{
    struct fixture f;
    set_up(&f);
    CHECK_INT(report(&f, -10, 240), 200);
    pass(&f, DM_NS_PER_SECOND);
    CHECK_INT(f.n_notified, 1);
    const struct dm_sim_notification *first =
        dm_sim_alertmanager_notified(f.am, 0);
    CHECK(first->is_firing && !first->is_repeat);
    CHECK(dm_str_is(first->labels, "a=\"1\""));
    for (int i = 0; i < 5; ++i) {
        pass(&f, MINUTE_NS);
        CHECK_INT(report(&f, -10, 240), 200);
    }
    CHECK_INT(f.n_notified, 1);
    CHECK(dm_sim_alertmanager_fires(f.am, dm_str("a=\"1\"")));
    CHECK_INT(report(&f, -10, 0), 200);
    pass(&f, MINUTE_NS);
    CHECK_INT(f.n_notified, 2);
    CHECK(!dm_sim_alertmanager_notified(f.am, 1)->is_firing);
    CHECK_INT(report(&f, -10, 0), 200); // Once more changes nothing
    pass(&f, MINUTE_NS);
    CHECK_INT(f.n_notified, 2);
    tear_down(&f);
}

static void
without_an_end_it_lasts_for_the_time_out(void)
{
    struct fixture f;
    set_up(&f);
    CHECK_INT(post(&f, "[{\"labels\":{\"a\":\"1\"}}]"), 200);
    pass(&f, 4 * MINUTE_NS);
    CHECK_INT(f.n_notified, 1);
    CHECK_INT(post(&f, "[{\"labels\":{\"a\":\"1\"}}]"), 200);
    pass(&f, 4 * MINUTE_NS);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 1);
    pass(&f, 2 * MINUTE_NS);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 0);
    CHECK_INT(f.n_notified, 2);
    tear_down(&f);
}

static void
an_end_in_the_future_cannot_be_shortened(void)
{
    struct fixture f;
    set_up(&f);
    CHECK_INT(report(&f, -60, 240), 200);
    CHECK_INT(report(&f, -30, 10), 200);
    pass(&f, MINUTE_NS);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 1);
    const struct dm_sim_notification *first =
        dm_sim_alertmanager_notified(f.am, 0);
    CHECK(first->starts_ms <=
          dm_sim_world_options(f.world)->wall_ms - 59 * DM_MS_PER_SECOND);
    CHECK_INT(report(&f, -30, 0), 200); // But ended
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 0);
    tear_down(&f);
}

static void
what_is_over_before_it_was_told_is_never_told(void)
{
    struct fixture f;
    set_up(&f);
    CHECK_INT(report(&f, 0, 240), 200);
    CHECK_INT(report(&f, 0, 0), 200);
    pass(&f, MINUTE_NS);
    CHECK_INT(f.n_notified, 0);
    tear_down(&f);
}

static void
a_restart_forgets_alerts_but_not_what_was_told(void)
{
    struct fixture f;
    set_up(&f);
    CHECK_INT(report(&f, -10, 240), 200);
    pass(&f, 2 * DM_NS_PER_SECOND);
    dm_sim_alertmanager_restart(f.am);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 0);
    pass(&f, 10 * DM_NS_PER_SECOND);
    CHECK_INT(report(&f, -10, 240), 200);
    pass(&f, 10 * DM_NS_PER_SECOND);
    CHECK_INT(f.n_notified, 1);
    CHECK_INT(report(&f, -10, 0), 200);
    pass(&f, 10 * DM_NS_PER_SECOND);
    CHECK_INT(f.n_notified, 2);
    tear_down(&f);
}

static void
firing_is_repeated_after_hours(void)
{
    struct fixture f;
    set_up(&f);
    for (int i = 0; i < 5 * 60; i += 3) {
        CHECK_INT(report(&f, -10, 240), 200);
        pass(&f, 3 * MINUTE_NS);
    }
    CHECK_INT(f.n_notified, 2);
    CHECK(dm_sim_alertmanager_notified(f.am, 1)->is_repeat);
    tear_down(&f);
}

static void
moods_do_what_they_say(void)
{
    struct fixture f;
    set_up(&f);
    dm_sim_alertmanager_mood(f.am)->status = 503;
    CHECK_INT(report(&f, -10, 240), 503);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 0);
    dm_sim_alertmanager_mood(f.am)->status = 0;
    dm_sim_alertmanager_mood(f.am)->hangs = true;
    CHECK_INT(report(&f, -10, 240), 0);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 0);
    dm_sim_alertmanager_mood(f.am)->hangs = false;
    dm_sim_alertmanager_mood(f.am)->loses = true;
    CHECK_INT(report(&f, -10, 240), 0);
    CHECK_INT((int64_t)dm_sim_alertmanager_n_firing(f.am), 1);
    tear_down(&f);
}

static void
labels_are_found_by_name(void)
{
    struct fixture f;
    set_up(&f);
    CHECK_INT(post(&f, "[{\"labels\":{\"z\":\"a\\\"b\\\\c\",\"alertname\":"
                       "\"X\",\"none\":\"\"}}]"),
              200);
    pass(&f, 2 * DM_NS_PER_SECOND);
    const struct dm_str labels = dm_sim_alertmanager_notified(f.am, 0)->labels;
    CHECK(dm_str_is(labels, "alertname=\"X\",z=\"a\\\"b\\\\c\""));
    struct dm_buf buf;
    dm_buf_init(&buf, 100);
    CHECK_INT(dm_sim_label_get(labels, "z", &buf), DM_OK);
    CHECK(strcmp(dm_buf_cstr(&buf), "a\"b\\c") == 0);
    dm_buf_clear(&buf);
    CHECK_INT(dm_sim_label_get(labels, "alertname", &buf), DM_OK);
    CHECK(strcmp(dm_buf_cstr(&buf), "X") == 0);
    CHECK_INT(dm_sim_label_get(labels, "none", &buf), DM_ERR_NOT_FOUND);
    dm_buf_done(&buf);
    tear_down(&f);
}

int
main(void)
{
    what_is_malformed_is_refused_as_measured();
    an_alert_is_told_once_firing_and_once_resolved();
    without_an_end_it_lasts_for_the_time_out();
    an_end_in_the_future_cannot_be_shortened();
    what_is_over_before_it_was_told_is_never_told();
    a_restart_forgets_alerts_but_not_what_was_told();
    firing_is_repeated_after_hours();
    moods_do_what_they_say();
    labels_are_found_by_name();
    return 0;
}
