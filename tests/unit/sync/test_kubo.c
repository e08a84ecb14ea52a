// SPDX-License-Identifier: ISC

// The outbox to a Kubo on a simulated network, with the model of
// kubo_model.h at the other end, and an owner who keeps a cursor as sync/kubo.h
// says.

#include "sync/kubo.h"

#include "base/alloc.h"
#include "sync/kubo_private.h"
#include "tests/unit/sim_rig.h"
#include "tests/unit/sync/kubo_log.h"
#include "tests/unit/sync/kubo_model.h"

#define MINUTE INT64_C(60000)
#define CAR_SMALL 4000U
#define URL "http://127.0.0.1:5001"

struct scene {
    struct rig rig;
    struct kubo_model model;
    struct kubo_log log;
    struct dm_sim_host *host;
    struct dm_config *config;
    struct dm_kubo *kubo;
    struct dm_kubo_cursor cursor; // As the owner stored it
    size_t max_car;
    struct dm_buf car;
    size_t n_done;
    size_t n_need_all;
    bool is_eager;     // Gives the next item within `done`
    size_t n_heard[2]; // Failures of an item's requests, of the tip's
    bool is_ill[2];    // The last that was heard was one
};

static bool
is_ahead(const struct scene *scene)
{
    const struct dm_kubo_cursor *cursor = &scene->cursor;
    return cursor->seq < scene->log.seq || !cursor->has_pinned ||
           !dm_cid_equal(&cursor->pinned, &scene->log.head);
}

static void
feed(struct scene *scene)
{
    if (dm_kubo_is_idle(scene->kubo) && is_ahead(scene)) {
        const struct dm_kubo_item item = kubo_log_item(
            &scene->log, &scene->cursor, scene->max_car, &scene->car);
        CHECK_INT(dm_kubo_give(scene->kubo, &item), DM_OK);
        CHECK(!dm_kubo_is_idle(scene->kubo));
    }
}

static void
on_done(void *context, enum dm_kubo_outcome outcome,
        const struct dm_kubo_cursor *cursor)
{
    struct scene *scene = context;
    struct dm_buf bytes;
    CHECK(dm_kubo_is_idle(scene->kubo));
    dm_buf_init(&bytes, DM_KUBO_CURSOR_BYTES);
    CHECK_INT(dm_kubo_cursor_write(cursor, &bytes), DM_OK);
    CHECK(dm_kubo_cursor_read(dm_buf_str(&bytes), &scene->cursor));
    dm_buf_done(&bytes);
    ++*(outcome == DM_KUBO_DONE ? &scene->n_done : &scene->n_need_all);
    if (scene->is_eager) {
        feed(scene);
    }
}

static void
on_heard(void *context, bool is_tip, struct dm_str text)
{
    struct scene *scene = context;
    scene->is_ill[is_tip] = text.n > 0;
    scene->n_heard[is_tip] += text.n > 0;
}

// As at a start of the daemon: with the cursor that was stored
static void
open(struct scene *scene)
{
    const struct dm_kubo_options options = {
        .env = scene->rig.env,
        .net = scene->rig.net,
        .config = scene->config,
        .log = dm_str(scene->log.name),
        .cursor = scene->cursor,
        .done = on_done,
        .heard = on_heard,
        .context = scene,
    };
    CHECK_INT(dm_kubo_new(&options, &scene->kubo), DM_OK);
}

static void
set_up_at(struct scene *scene, const char *config)
{
    memset(scene, 0, sizeof(*scene));
    rig_init(&scene->rig, NULL, NULL, NULL);
    kubo_log_init(&scene->log);
    kubo_model_init(&scene->model, dm_key_public(scene->log.key));
    CHECK_INT(dm_sim_network_add(scene->rig.network, "kubo", "127.0.0.1",
                                 &scene->host),
              DM_OK);
    CHECK_INT(dm_sim_host_serve(scene->host, 5001, NULL, kubo_model_serve,
                                &scene->model),
              DM_OK);
    CHECK_INT(dm_sim_env_set_variable(scene->rig.sim_env, "KUBO", "p@ss/word"),
              DM_OK);
    scene->config = rig_config(&scene->rig, config);
    scene->max_car = DM_KUBO_CAR_MAX;
    dm_buf_init(&scene->car, DM_KUBO_CAR_MAX);
    open(scene);
}

static void
set_up(struct scene *scene)
{
    set_up_at(scene, ":this :kubo <" URL "> .\n");
}

static void
tear_down(struct scene *scene)
{
    dm_kubo_free(scene->kubo);
    dm_config_unref(scene->config);
    dm_buf_done(&scene->car);
    kubo_model_empty(&scene->model);
    kubo_log_done(&scene->log);
    rig_done(&scene->rig);
}

static void
seal(struct scene *scene, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        kubo_log_entry(&scene->log, 20);
    }
    kubo_log_head(&scene->log, 0,
                  rig_wall_ms(&scene->rig) + DM_RECORD_VALID_MS);
}

// Let time pass, the owner giving what there is, once a second
static void
pass(struct scene *scene, int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 1000) {
        feed(scene);
        rig_pass(&scene->rig, 1000);
    }
}

static struct dm_kubo_figures
figures_of(const struct scene *scene)
{
    struct dm_kubo_figures figures;
    dm_kubo_figures(scene->kubo, &figures);
    return figures;
}

// Kubo holds all that the log keeps, under one pin, and loses none of it
static void
check_whole(struct scene *scene)
{
    char name[120];
    (void)snprintf(name, sizeof(name), "demonitor %s", scene->log.name);
    CHECK(!is_ahead(scene));
    CHECK(dm_kubo_is_idle(scene->kubo));
    CHECK_INT((int64_t)scene->model.n_pins, 1);
    CHECK(dm_cid_equal(&scene->model.pins[0].cid, &scene->log.head));
    CHECK(strcmp(scene->model.pins[0].name, name) == 0);
    (void)kubo_model_gc(&scene->model);
    for (size_t i = 0; i < scene->log.n_blocks; ++i) {
        CHECK(kubo_model_find(&scene->model, &scene->log.blocks[i].cid));
    }
    CHECK(kubo_model_find(&scene->model, &scene->log.head));
}

static bool
has_error(const struct scene *scene, const char *part)
{
    const struct dm_str error = figures_of(scene).error;
    return dm_str_find(error, dm_str(part)) < error.n;
}

// ----------------------------------------------------------------------------

static void
a_log_is_imported_pinned_and_put(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 100);
    pass(&scene, 1000);
    check_whole(&scene);
    CHECK_INT((int64_t)scene.n_done, 1);
    CHECK_INT((int64_t)scene.model.n_adds, 1);
    CHECK_INT((int64_t)scene.model.n_puts, 1);
    CHECK(dm_str_equal(dm_buf_str(&scene.model.tip),
                       dm_buf_str(&scene.log.record)));
    const struct dm_kubo_figures figures = figures_of(&scene);
    CHECK(dm_str_is(figures.url, URL));
    CHECK(figures.is_reachable && !figures.is_behind);
    CHECK_INT((int64_t)figures.blocks, (int64_t)scene.log.n_blocks + 1);
    CHECK(figures.accepted_ms > 0 && figures.put_ms > 0);
    CHECK_INT((int64_t)figures.failed, 0);
    CHECK_INT((int64_t)figures.error.n, 0);
    // What comes after it moves the pin
    seal(&scene, 3);
    pass(&scene, 1000);
    check_whole(&scene);
    CHECK_INT((int64_t)scene.model.n_adds, 1);
    CHECK_INT((int64_t)scene.model.n_updates, 1);
    CHECK_INT((int64_t)scene.model.n_removes, 0);
    tear_down(&scene);
}

static void
a_long_log_goes_in_pieces(void)
{
    for (int is_eager = 0; is_eager < 2; ++is_eager) {
        static struct scene scene;
        set_up(&scene);
        scene.is_eager = is_eager;
        scene.max_car = CAR_SMALL;
        seal(&scene, 200);
        pass(&scene, is_eager ? 5000 : MINUTE);
        check_whole(&scene);
        CHECK(scene.model.n_imports > 10);
        CHECK(scene.model.max_body < CAR_SMALL + 8000); // The last has Head
        CHECK_INT((int64_t)scene.model.n_adds, 1);
        tear_down(&scene);
    }
}

static void
a_tip_is_put_at_most_every_five_minutes(void)
{
    static struct scene scene;
    set_up(&scene);
    for (int i = 0; i < 60; ++i) { // Half an hour
        seal(&scene, 1);
        pass(&scene, 30000);
    }
    check_whole(&scene);
    CHECK(scene.model.n_puts >= 6 && scene.model.n_puts <= 7);
    // The newest one goes out in the end
    pass(&scene, 6 * MINUTE);
    CHECK(dm_str_equal(dm_buf_str(&scene.model.tip),
                       dm_buf_str(&scene.log.record)));
    const size_t n = scene.model.n_puts;
    pass(&scene, 20 * MINUTE);
    CHECK_INT((int64_t)scene.model.n_puts, (int64_t)n);
    tear_down(&scene);
}

static void
a_tip_that_is_not_newer_is_not_forced(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 3);
    // Somebody with this key was further already
    CHECK_INT(dm_record_write(scene.log.key, &scene.log.head, 9, 0,
                              rig_wall_ms(&scene.rig) + DM_RECORD_VALID_MS,
                              &scene.model.tip),
              DM_OK);
    pass(&scene, 30 * MINUTE);
    check_whole(&scene);
    CHECK_INT((int64_t)scene.model.n_puts, 1);
    CHECK_INT((int64_t)figures_of(&scene).refused_puts, 1);
    CHECK_INT((int64_t)figures_of(&scene).puts, 0);
    CHECK(has_error(&scene, "existing IPNS record has sequence"));
    // The same bytes once more are no error: a start after a kill
    scene.model.tip.n = 0;
    dm_buf_clear(&scene.model.tip);
    CHECK_INT(dm_buf_put_str(&scene.model.tip, dm_buf_str(&scene.log.record)),
              DM_OK);
    dm_kubo_free(scene.kubo);
    scene.cursor = (struct dm_kubo_cursor){0};
    open(&scene);
    pass(&scene, 1000);
    check_whole(&scene);
    CHECK_INT((int64_t)figures_of(&scene).puts, 1);
    tear_down(&scene);
}

static void
a_dead_kubo_is_asked_ever_more_rarely_and_catches_up(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 5);
    dm_sim_host_link(scene.host)->reach = DM_SIM_REACH_REFUSES;
    pass(&scene, 1000);
    CHECK(!figures_of(&scene).is_reachable);
    CHECK(figures_of(&scene).is_behind);
    CHECK(has_error(&scene, "refused"));
    const int64_t before = (int64_t)figures_of(&scene).failed;
    CHECK(before >= 1 && before <= 3);
    for (int i = 0; i < 120; ++i) { // An hour in which the log goes on
        seal(&scene, 1);
        pass(&scene, 30000);
    }
    const int64_t n = (int64_t)figures_of(&scene).failed;
    CHECK(n >= 60 && n <= 130); // 30 to 60 s between two of them
    CHECK_INT((int64_t)scene.model.n_requests, 0);
    CHECK(scene.is_ill[0] && (int64_t)scene.n_heard[0] == n);
    dm_sim_host_link(scene.host)->reach = DM_SIM_REACH_UP;
    pass(&scene, 61000);
    check_whole(&scene);
    CHECK(!scene.is_ill[0] && !scene.n_heard[1]);
    CHECK_INT((int64_t)scene.n_need_all, 0);
    CHECK(scene.n_done <= 3); // What waited came at once
    tear_down(&scene);
}

static void
waiting_times_differ_between_two_outboxes(void)
{
    int64_t at_ns[2][8] = {{0}};
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 5);
    dm_sim_host_link(scene.host)->reach = DM_SIM_REACH_REFUSES;
    for (int run = 0; run < 2; ++run) {
        const int64_t start_ns = dm_sim_world_now_ns(scene.rig.world);
        uint64_t seen = 0;
        feed(&scene);
        for (size_t i = 0; i < 8;) {
            rig_pass(&scene.rig, 10);
            if (figures_of(&scene).failed > seen) {
                seen = figures_of(&scene).failed;
                at_ns[run][i++] =
                    dm_sim_world_now_ns(scene.rig.world) - start_ns;
            }
        }
        dm_kubo_free(scene.kubo);
        open(&scene);
    }
    for (int i = 1; i < 8; ++i) {
        const int64_t wait = at_ns[0][i] - at_ns[0][i - 1];
        const int64_t most = i < 7 ? (INT64_C(1) << (i - 1)) : 60;
        CHECK(wait >= most * KUBO_SECOND / 2 - KUBO_SECOND / 10);
        CHECK(wait <= most * KUBO_SECOND + KUBO_SECOND / 10);
    }
    CHECK(at_ns[0][7] != at_ns[1][7]);
    tear_down(&scene);
}

static void
a_hanging_kubo_is_given_up_and_asked_again(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 5);
    scene.model.fault = KUBO_HANGS;
    pass(&scene, 10 * MINUTE);
    CHECK(has_error(&scene, "no answer"));
    const int64_t n = (int64_t)figures_of(&scene).failed;
    CHECK(n >= 4 && n <= 10); // 65 s each, and the time between
    scene.model.fault = KUBO_WELL;
    pass(&scene, 3 * MINUTE);
    check_whole(&scene);
    // Only the tip hangs
    scene.model.fault = KUBO_HANGS;
    scene.model.fault_at = "name/put";
    pass(&scene, 6 * MINUTE);
    for (int i = 0; i < 20; ++i) {
        seal(&scene, 1);
        pass(&scene, 30000);
    }
    pass(&scene, 2 * MINUTE);
    check_whole(&scene);
    scene.model.fault = KUBO_WELL;
    pass(&scene, 3 * MINUTE);
    CHECK(dm_str_equal(dm_buf_str(&scene.model.tip),
                       dm_buf_str(&scene.log.record)));
    tear_down(&scene);
}

// Whatever is wrong with the answers: nothing is believed, all is caught up.
static void
what_is_no_good_answer_is_not_believed(void)
{
    static const char *const calls[] = {NULL,      "dag/import", "block/stat",
                                        "pin/add", "pin/update", "name/put"};
    for (int fault = KUBO_HANGS; fault < KUBO_FAULTS; ++fault) {
        for (size_t i = 0; i < DM_COUNT_OF(calls); ++i) {
            static struct scene scene;
            set_up(&scene);
            seal(&scene, 2);
            pass(&scene, 2000);
            check_whole(&scene);
            CHECK_INT((int64_t)scene.n_done, 1);
            if (calls[i] && strcmp(calls[i], "pin/add") == 0) {
                // Another Head is pinned in its place
                scene.model.n_pins = 0;
            }
            scene.model.fault = (enum kubo_fault)fault;
            scene.model.fault_at = calls[i];
            seal(&scene, 70);
            pass(&scene, 7 * MINUTE);
            CHECK(calls[i] || scene.n_done == 1);
            if (calls[i] && strcmp(calls[i], "name/put") == 0) {
                CHECK(scene.is_ill[1] == (figures_of(&scene).failed > 0));
                CHECK(!scene.is_ill[0]);
            }
            scene.model.fault = KUBO_WELL;
            pass(&scene, 8 * MINUTE);
            check_whole(&scene);
            CHECK(!scene.is_ill[0] && !scene.is_ill[1]);
            CHECK(dm_str_equal(dm_buf_str(&scene.model.tip),
                               dm_buf_str(&scene.log.record)));
            tear_down(&scene);
        }
    }
}

static void
the_reason_of_a_refusal_is_shown(void)
{
    static const struct {
        enum kubo_fault fault;
        const char *call;
        const char *part;
    } cases[] = {
        {KUBO_EMPTY_200, "dag/import", "no Kubo"},
        {KUBO_STREAM_ERROR, "dag/import", "walk failed: something broke"},
        {KUBO_STREAM_WHOLE, "dag/import", "walk failed: something broke"},
        {KUBO_PIN_ERROR, "dag/import", "does not fit"},
        {KUBO_BAD_COUNT, "dag/import", "does not fit"},
        {KUBO_NO_JSON, "dag/import", "does not fit"},
        {KUBO_CID_V0, "block/stat", "does not fit"},
        {KUBO_CID_V0, "pin/add", "does not fit"},
        {KUBO_NULL, "pin/add", "does not fit"},
        {KUBO_DENIED, NULL, "status 403: Kubo RPC Access Denied"},
        {KUBO_PROXY, NULL, "no Kubo"},
        {KUBO_CUT, NULL, ""},
        {KUBO_LONG, "dag/import", "too long"},
        {KUBO_REDIRECT, NULL, "status 307"},
        {KUBO_PROXY, "name/put", "no Kubo"},
        {KUBO_STREAM_WHOLE, "name/put", "walk failed"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        static struct scene scene;
        set_up(&scene);
        scene.model.fault = cases[i].fault;
        scene.model.fault_at = cases[i].call;
        seal(&scene, 5);
        pass(&scene, 10000);
        const bool is_put =
            cases[i].call && strcmp(cases[i].call, "name/put") == 0;
        CHECK(figures_of(&scene).failed >= 2);
        CHECK(!figures_of(&scene).is_reachable);
        CHECK_INT((int64_t)scene.n_done, is_put);
        CHECK(!cases[i].part[0] || has_error(&scene, cases[i].part));
        CHECK(figures_of(&scene).error.n > 0);
        tear_down(&scene);
    }
}

static void
an_emptied_kubo_gets_all_again(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 70);
    pass(&scene, 1000);
    check_whole(&scene);
    kubo_model_empty(&scene.model);
    seal(&scene, 1);
    pass(&scene, 3000); // At once: the old Head is not there
    CHECK_INT((int64_t)scene.n_need_all, 1);
    CHECK_INT((int64_t)figures_of(&scene).need_all, 1);
    check_whole(&scene);
    tear_down(&scene);
}

static void
a_lost_block_is_brought_again(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 70);
    pass(&scene, 1000);
    check_whole(&scene);
    CHECK(kubo_model_lose(&scene.model, &scene.log.entries[3]));
    seal(&scene, 1);
    pass(&scene, 2 * MINUTE); // Kubo looks for it as long as it may
    CHECK_INT((int64_t)scene.n_need_all, 1);
    check_whole(&scene);
    CHECK_INT((int64_t)scene.model.n_removes, 1); // The Head before
    tear_down(&scene);
}

// A Kubo that keeps nothing is not flooded.
static void
all_is_brought_ever_more_rarely(void)
{
    static struct scene scene;
    set_up(&scene);
    scene.model.forgets = true;
    seal(&scene, 5);
    pass(&scene, 60 * MINUTE);
    CHECK(scene.n_need_all >= 60 && scene.n_need_all <= 130);
    CHECK(figures_of(&scene).is_behind);
    scene.model.forgets = false;
    pass(&scene, 61000);
    check_whole(&scene);
    // It begins anew once a Head is pinned
    kubo_model_empty(&scene.model);
    seal(&scene, 1);
    pass(&scene, 3000);
    check_whole(&scene);
    tear_down(&scene);
}

static void
a_pin_that_somebody_took_away_is_made_again(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 5);
    pass(&scene, 1000);
    scene.model.n_pins = 0;
    seal(&scene, 1);
    pass(&scene, 1000);
    CHECK_INT((int64_t)scene.n_need_all, 0); // The blocks were there
    CHECK_INT((int64_t)scene.model.n_adds, 2);
    check_whole(&scene);
    tear_down(&scene);
}

static void
superseded_heads_are_given_up_without_a_cursor(void)
{
    static struct scene scene;
    set_up(&scene);
    for (size_t i = 0; i < 3; ++i) { // A store that was lost each time
        dm_kubo_free(scene.kubo);
        scene.cursor = (struct dm_kubo_cursor){0};
        open(&scene);
        seal(&scene, 5);
        pass(&scene, 1000);
    }
    CHECK_INT((int64_t)scene.model.n_removes, 2);
    check_whole(&scene);
    tear_down(&scene);
}

static void
a_kill_between_two_steps_costs_nothing(void)
{
    for (int n = 1; n < 12; ++n) {
        static struct scene scene;
        set_up(&scene);
        seal(&scene, 5);
        pass(&scene, 1000);
        seal(&scene, 1);
        feed(&scene);
        rig_pass(&scene.rig, n); // Half a millisecond each way
        const struct dm_kubo_cursor cursor = scene.cursor;
        const size_t n_done = scene.n_done;
        dm_kubo_free(scene.kubo); // Nothing comes back
        rig_pass(&scene.rig, 1000);
        CHECK_INT((int64_t)scene.n_done, (int64_t)n_done);
        scene.cursor = cursor;
        open(&scene);
        seal(&scene, 1);
        pass(&scene, 3000);
        check_whole(&scene);
        CHECK_INT((int64_t)scene.n_need_all, 0);
        tear_down(&scene);
    }
}

// The cursor of before was stored, the one after the pin moved was lost
static void
a_cursor_that_was_lost_costs_the_same_item_again(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 5);
    pass(&scene, 1000);
    const struct dm_kubo_cursor cursor = scene.cursor;
    seal(&scene, 1);
    pass(&scene, 1000);
    dm_kubo_free(scene.kubo);
    scene.cursor = cursor;
    open(&scene);
    pass(&scene, 1000);
    CHECK_INT((int64_t)scene.n_need_all, 0);
    check_whole(&scene);
    // Both are pinned: pin/add was done, pin/rm was not
    dm_kubo_free(scene.kubo);
    kubo_model_add_pin(&scene.model, &cursor.pinned, scene.model.pins[0].name);
    scene.cursor = cursor;
    open(&scene);
    pass(&scene, 1000);
    CHECK_INT((int64_t)scene.model.n_removes, 1);
    check_whole(&scene);
    tear_down(&scene);
}

static void
pins_of_others_are_left_alone(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 5);
    char name[120];
    (void)snprintf(name, sizeof(name), "demonitor %s too", scene.log.name);
    const struct dm_cid other = dm_cid_of(DM_CODEC_RAW, dm_str("other"));
    kubo_model_add_pin(&scene.model, &other, name);
    pass(&scene, 1000);
    CHECK_INT((int64_t)scene.n_done, 1);
    CHECK_INT((int64_t)scene.model.n_pins, 2);
    CHECK(kubo_model_pin(&scene.model, &other));
    tear_down(&scene);
}

static void
pins_that_cannot_be_listed_do_no_harm(void)
{
    static const enum kubo_fault faults[] = {KUBO_DENIED, KUBO_LONG, KUBO_PROXY,
                                             KUBO_NO_JSON};
    for (size_t i = 0; i < DM_COUNT_OF(faults); ++i) {
        static struct scene scene;
        set_up(&scene);
        scene.model.fault = faults[i];
        scene.model.fault_at = "pin/ls";
        seal(&scene, 5);
        pass(&scene, 1000);
        check_whole(&scene);
        tear_down(&scene);
    }
}

static void
what_is_read_only_moves_the_pin(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 5);
    pass(&scene, 1000);
    const size_t n = scene.model.n_imports;
    // A tip that was renewed: the same Head, no block
    kubo_log_head(&scene.log, 1, rig_wall_ms(&scene.rig) + DM_RECORD_VALID_MS);
    const struct dm_kubo_item item = {.seq = scene.log.seq,
                                      .has_head = true,
                                      .head = scene.log.head,
                                      .record = dm_buf_str(&scene.log.record)};
    CHECK_INT(dm_kubo_give(scene.kubo, &item), DM_OK);
    rig_pass(&scene.rig, 6 * MINUTE);
    CHECK_INT((int64_t)scene.n_done, 2);
    CHECK_INT((int64_t)scene.model.n_imports, (int64_t)n);
    check_whole(&scene);
    CHECK(dm_str_equal(dm_buf_str(&scene.model.tip),
                       dm_buf_str(&scene.log.record)));
    tear_down(&scene);
}

// Not in the URL, whatever it holds, nor in what is shown
static void
the_password_is_a_secret(void)
{
    static struct scene scene;
    set_up_at(&scene,
              ":this :kubo \"http://me:${env:KUBO}@127.0.0.1:5001/\" .\n");
    scene.model.auth = "Basic bWU6cEBzcy93b3Jk";
    seal(&scene, 5);
    pass(&scene, 1000);
    check_whole(&scene);
    CHECK(dm_str_is(figures_of(&scene).url,
                    "http://me:${env:KUBO}@127.0.0.1:5001/"));
    scene.model.auth = "Basic another"; // Its 403 says what it got
    seal(&scene, 1);
    pass(&scene, 5000);
    CHECK(has_error(&scene, "status 403: Kubo RPC Access Denied"));
    CHECK(has_error(&scene, "***"));
    CHECK(!has_error(&scene, "bWU6cEBzcy93b3Jk"));
    scene.model.auth = "Basic bWU6cEBzcy93b3Jk";
    pass(&scene, MINUTE);
    check_whole(&scene);
    // Another configuration with the same URL
    struct dm_config *config =
        rig_config(&scene.rig,
                   ":this :kubo \"http://me:${env:KUBO}@127.0.0.1:5001/\" .\n");
    dm_kubo_configure(scene.kubo, config);
    dm_config_unref(scene.config);
    scene.config = config;
    seal(&scene, 1);
    pass(&scene, 1000);
    check_whole(&scene);
    tear_down(&scene);
}

static void
what_cannot_be_sent_is_refused(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 5);
    const struct dm_kubo_item good =
        kubo_log_item(&scene.log, &scene.cursor, scene.max_car, &scene.car);
    struct dm_kubo_item item = good;
    item.car.n -= 3; // Cut
    CHECK_INT(dm_kubo_give(scene.kubo, &item), DM_ERR_CORRUPT);
    item = good;
    scene.car.data[scene.car.n - 5] ^= 1; // A flipped bit
    CHECK_INT(dm_kubo_give(scene.kubo, &item), DM_ERR_CORRUPT);
    scene.car.data[scene.car.n - 5] ^= 1;
    item.car = dm_str("");
    item.has_head = false;
    CHECK_INT(dm_kubo_give(scene.kubo, &item), DM_ERR_ARGUMENT);
    static char big[DM_KUBO_CAR_MAX + 1];
    item = good;
    item.car = dm_str_n(big, sizeof(big));
    CHECK_INT(dm_kubo_give(scene.kubo, &item), DM_ERR_LIMIT);
    item = good;
    item.record = dm_str_n(big, DM_KUBO_RECORD_MAX + 1);
    CHECK_INT(dm_kubo_give(scene.kubo, &item), DM_ERR_LIMIT);
    CHECK(dm_kubo_is_idle(scene.kubo));
    CHECK_INT(dm_kubo_give(scene.kubo, &good), DM_OK);
    rig_pass(&scene.rig, 1000);
    check_whole(&scene);
    item = good;
    item.seq = 4; // Behind the cursor
    CHECK_INT(dm_kubo_give(scene.kubo, &item), DM_ERR_ARGUMENT);
    tear_down(&scene);
}

static void
a_cursor_is_read_as_it_was_written(void)
{
    struct dm_kubo_cursor cursor = {.seq = UINT64_C(0x123456789ABC)};
    struct dm_kubo_cursor read;
    struct dm_buf bytes;
    for (int i = 0; i < 2; ++i) {
        dm_buf_init(&bytes, DM_KUBO_CURSOR_BYTES);
        CHECK_INT(dm_kubo_cursor_write(&cursor, &bytes), DM_OK);
        CHECK(dm_kubo_cursor_read(dm_buf_str(&bytes), &read));
        CHECK(read.seq == cursor.seq && read.has_pinned == cursor.has_pinned);
        CHECK(read.pinned_seq == cursor.pinned_seq);
        CHECK(!i || dm_cid_equal(&read.pinned, &cursor.pinned));
        for (size_t n = 0; n < bytes.n; ++n) {
            CHECK(!dm_kubo_cursor_read(dm_str_n(bytes.data, n), &read));
        }
        CHECK(!dm_kubo_cursor_read(dm_str_n(bytes.data, bytes.n + 1), &read));
        bytes.data[0] = 2;
        CHECK(!dm_kubo_cursor_read(dm_buf_str(&bytes), &read));
        dm_buf_done(&bytes);
        cursor.has_pinned = true;
        cursor.pinned_seq = UINT64_C(0x123456789A00);
        cursor.pinned = dm_cid_of(DM_CODEC_CBOR, dm_str("x"));
    }
}

static void
places_are_taken_apart(void)
{
    static const struct {
        const char *url;
        const char *base;
        const char *auth;
    } cases[] = {
        {"http://127.0.0.1:5001", "http://127.0.0.1:5001/api/v0", ""},
        {"http://127.0.0.1:5001///", "http://127.0.0.1:5001/api/v0", ""},
        {"http://[::1]:5001/api/v0", "http://[::1]:5001/api/v0", ""},
        {"http://[::1]:5001/api/v0/", "http://[::1]:5001/api/v0", ""},
        {"https://a.example/kubo", "https://a.example/kubo/api/v0", ""},
        {"https://me:${file:k}@a.example/", "https://a.example/api/v0",
         "Basic me:${file:k}"},
        {"https://a.example/@x", "https://a.example/@x/api/v0", ""},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct dm_kubo_place place;
        CHECK_INT(dm_kubo_place_init(&place, dm_str(cases[i].url)), DM_OK);
        CHECK(strcmp(place.base, cases[i].base) == 0);
        CHECK(strcmp(place.auth, cases[i].auth) == 0);
        dm_kubo_place_done(&place);
    }
    struct dm_kubo_place place;
    CHECK_INT(dm_kubo_place_init(&place, dm_str("")), DM_ERR_ARGUMENT);
}

static void
each_failing_allocation_is_told(void)
{
    static struct scene scene;
    set_up(&scene);
    seal(&scene, 5);
    const struct dm_kubo_options options = {
        .env = scene.rig.env,
        .net = scene.rig.net,
        .config = scene.config,
        .log = dm_str(scene.log.name),
        .done = on_done,
        .context = &scene,
    };
    struct dm_kubo *kubo = NULL;
    size_t before = dm_alloc_count();
    CHECK_INT(dm_kubo_new(&options, &kubo), DM_OK);
    const size_t all = dm_alloc_count() - before;
    dm_kubo_free(kubo);
    for (size_t n = 0; n < all; ++n) {
        kubo = NULL;
        dm_alloc_fail_after(n);
        CHECK_INT(dm_kubo_new(&options, &kubo), DM_ERR_NO_MEMORY);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!kubo);
    }
    // A request that cannot begin is tried again like one that failed
    const struct dm_kubo_item item =
        kubo_log_item(&scene.log, &scene.cursor, scene.max_car, &scene.car);
    bool is_given = false;
    for (size_t n = 0; !is_given; ++n) {
        dm_alloc_fail_after(n);
        const enum dm_status status = dm_kubo_give(scene.kubo, &item);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!status || status == DM_ERR_NO_MEMORY);
        is_given = !status;
        CHECK(dm_kubo_is_idle(scene.kubo) == !is_given);
    }
    CHECK_INT((int64_t)figures_of(&scene).failed, 1);
    CHECK(has_error(&scene, "memory"));
    pass(&scene, 3000);
    check_whole(&scene);
    tear_down(&scene);
}

int
main(void)
{
    a_cursor_is_read_as_it_was_written();
    places_are_taken_apart();
    a_log_is_imported_pinned_and_put();
    a_long_log_goes_in_pieces();
    a_tip_is_put_at_most_every_five_minutes();
    a_tip_that_is_not_newer_is_not_forced();
    a_dead_kubo_is_asked_ever_more_rarely_and_catches_up();
    waiting_times_differ_between_two_outboxes();
    a_hanging_kubo_is_given_up_and_asked_again();
    the_reason_of_a_refusal_is_shown();
    what_is_no_good_answer_is_not_believed();
    an_emptied_kubo_gets_all_again();
    a_lost_block_is_brought_again();
    all_is_brought_ever_more_rarely();
    a_pin_that_somebody_took_away_is_made_again();
    superseded_heads_are_given_up_without_a_cursor();
    a_kill_between_two_steps_costs_nothing();
    a_cursor_that_was_lost_costs_the_same_item_again();
    pins_of_others_are_left_alone();
    pins_that_cannot_be_listed_do_no_harm();
    what_is_read_only_moves_the_pin();
    the_password_is_a_secret();
    what_cannot_be_sent_is_refused();
    each_failing_allocation_is_told();
    return 0;
}
