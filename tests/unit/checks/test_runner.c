// SPDX-License-Identifier: ISC

// All checks of a node on a simulated network: schedule, changes of the
// configuration, heartbeats, memory from before a restart.

#include "checks/runner.h"

#include "base/alloc.h"
#include "tests/unit/sim_rig.h"

#define TAKEN_MAX 512
#define TEXT_SIZE 128

// A result, as far as it is looked at
struct taken {
    char check[TEXT_SIZE];
    char message[TEXT_SIZE];
    char output[TEXT_SIZE];
    enum dm_verdict verdict;
    enum dm_failure failure;
    int64_t micros;
    int64_t at_ns;
};

struct scene {
    struct rig rig;
    struct dm_sim_site site;
    struct dm_runner *runner;
    struct taken taken[TAKEN_MAX];
    size_t n;
};

static struct scene scene;

static void
copy(char *to, struct dm_str text)
{
    (void)snprintf(to, TEXT_SIZE, "%.*s", (int)text.n,
                   text.n > 0 ? text.data : "");
}

static void
take(void *context, struct dm_result *result)
{
    CHECK(context == &scene);
    CHECK(scene.n < TAKEN_MAX);
    struct taken *taken = &scene.taken[scene.n++];
    copy(taken->check, dm_str_slice(result->check, 27, result->check.n));
    copy(taken->message, result->message);
    copy(taken->output, result->output);
    taken->verdict = result->verdict;
    taken->failure = result->failure;
    taken->micros = result->micros;
    taken->at_ns = dm_sim_world_now_ns(scene.rig.world);
    dm_result_free(result);
}

static void
set_up(uint32_t max_running)
{
    memset(&scene, 0, sizeof(scene));
    rig_init(&scene.rig, NULL, NULL, NULL);
    struct dm_sim_host *host = NULL;
    CHECK_INT(
        dm_sim_network_add(scene.rig.network, "web.test", "192.0.2.1", &host),
        DM_OK);
    CHECK_INT(dm_sim_host_serve(host, 80, NULL, dm_sim_site_serve, &scene.site),
              DM_OK);
    const struct dm_runner_options options = {
        .env = scene.rig.env,
        .net = scene.rig.net,
        .sink = take,
        .sink_context = &scene,
        .max_running = max_running,
    };
    scene.runner = dm_runner_new(&options);
    CHECK(scene.runner);
}

static void
tear_down(void)
{
    dm_runner_free(scene.runner);
    rig_done(&scene.rig);
}

static void
take_over(const char *text)
{
    struct dm_config *config = rig_config(&scene.rig, text);
    CHECK_INT(dm_runner_take_over(scene.runner, config), DM_OK);
    dm_config_unref(config);
}

static int
count(const char *check)
{
    int n = 0;
    for (size_t i = 0; i < scene.n; ++i) {
        n += strcmp(scene.taken[i].check, check) == 0 ? 1 : 0;
    }
    return n;
}

static int64_t
first_of(const char *check)
{
    for (size_t i = 0; i < scene.n; ++i) {
        if (strcmp(scene.taken[i].check, check) == 0) {
            return scene.taken[i].at_ns;
        }
    }
    return -1;
}

static struct dm_runner_figures
figures(void)
{
    struct dm_runner_figures ret;
    dm_runner_figures(scene.runner, &ret);
    return ret;
}

#define A "<a> a :HttpCheck ; :url \"http://web.test/a\" ; :every \"10s\" .\n"
#define B "<b> a :HttpCheck ; :url \"http://web.test/b\" ; :every \"10s\" .\n"
#define B2 "<b> a :HttpCheck ; :url \"http://web.test/2\" ; :every \"10s\" .\n"
#define BEAT "<beat> a :Heartbeat ; :every \"1h\" ; "

static void
every_check_runs_within_a_second_and_then_on_its_grid(void)
{
    set_up(0);
    take_over(A B);
    rig_pass(&scene.rig, 1000);
    CHECK_INT(count("a"), 1);
    CHECK_INT(count("b"), 1);
    rig_pass(&scene.rig, 100000);
    CHECK_INT(count("a"), 11);
    CHECK_INT(count("b"), 11);
    for (size_t i = 0; i < scene.n; ++i) {
        CHECK_INT(scene.taken[i].verdict, DM_VERDICT_OK);
    }
    CHECK_INT(figures().checks, 2);
    CHECK_INT(figures().probed, 2);
    CHECK_INT(figures().running, 0);
    CHECK_INT((int64_t)figures().runs, 22);
    CHECK(figures().late_ns_max < DM_NS_PER_SECOND / 100);
    tear_down();
}

static void
what_is_the_same_goes_on_what_changed_runs_what_is_gone_ends(void)
{
    set_up(0);
    take_over(A B);
    rig_pass(&scene.rig, 5000); // Somewhere between two points of the grid
    const int a_before = count("a");
    scene.n = 0;
    take_over(A B2);
    rig_pass(&scene.rig, 300);
    CHECK_INT(count("b"), 1); // At once
    take_over(A B2);
    rig_pass(&scene.rig, 300);
    CHECK_INT(count("b"), 1); // Nothing changed
    rig_pass(&scene.rig, 94400);
    CHECK_INT(a_before + count("a"), 11); // As if nothing had happened
    scene.n = 0;
    take_over(A);
    rig_pass(&scene.rig, 30000);
    CHECK_INT(count("b"), 0);
    CHECK_INT(count("a"), 3);
    CHECK_INT(figures().checks, 1);
    tear_down();
}

static void
a_running_probe_of_a_check_that_is_gone_is_cancelled(void)
{
    set_up(0);
    scene.site.hangs = true;
    take_over(A B);
    rig_pass(&scene.rig, 1000);
    CHECK_INT(figures().running, 2);
    take_over(A);
    CHECK_INT(figures().running, 1);
    rig_pass(&scene.rig, 10000); // The one that stays runs into its time-out
    CHECK_INT(count("b"), 0);
    CHECK_INT(count("a"), 1);
    CHECK_INT(scene.taken[0].failure, DM_FAILURE_TIMED_OUT);
    take_over("");
    CHECK_INT((int64_t)dm_sim_net_n_ops(scene.rig.sim_net), 0);
    tear_down();
}

static void
no_more_than_max_running_run_at_once(void)
{
    set_up(1);
    scene.site.delay_ns = 2 * DM_NS_PER_SECOND;
    take_over(A B);
    for (int i = 0; i < 100; ++i) {
        rig_pass(&scene.rig, 100);
        CHECK(figures().running <= 1);
    }
    CHECK(count("a") >= 1 && count("b") >= 1);
    CHECK(figures().late_ns_max > DM_NS_PER_SECOND);
    tear_down();
}

static void
a_bad_result_is_tried_again_soon_until_the_check_fails(void)
{
    set_up(0);
    scene.site.status = 500;
    take_over("<a> a :HttpCheck ; :url \"http://web.test/a\" ; :every \"10m\" ;"
              " :retries 2 ; :retryEvery \"5s\" .\n");
    rig_pass(&scene.rig, 14000);
    CHECK_INT(count("a"), 3); // At 0, 5 and 10 s; then it waits for the grid
    rig_pass(&scene.rig, 1000);
    CHECK_INT(count("a"), 3);
    CHECK_INT(scene.taken[0].failure, DM_FAILURE_STATUS_CODE);
    tear_down();
}

static void
what_was_known_before_a_restart_counts(void)
{
    set_up(0);
    scene.site.status = 500;
    take_over("<a> a :HttpCheck ; :url \"http://web.test/a\" ; :every \"10m\" ;"
              " :retries 2 ; :retryEvery \"5s\" .\n" BEAT
              ":runLimit \"2m\" .\n");
    const struct dm_runner_memory memory[] = {
        {.check = DM_STR("https://demonitor.internal/a"),
         .bad = 2,
         .started_at_ms = INT64_MIN},
        {.check = DM_STR("https://demonitor.internal/beat"),
         .started_at_ms = rig_wall_ms(&scene.rig) - 60000},
        {.check = DM_STR("https://demonitor.internal/gone"), .bad = 1},
    };
    for (size_t i = 0; i < DM_COUNT_OF(memory); ++i) {
        dm_runner_restore(scene.runner, &memory[i]);
    }
    rig_pass(&scene.rig, 20000);
    CHECK_INT(count("a"), 1); // The third bad one: it fails, no retry
    rig_pass(&scene.rig, 39000);
    CHECK_INT(count("beat"), 0);
    rig_pass(&scene.rig, 2000); // The run is two minutes old
    CHECK_INT(count("beat"), 1);
    CHECK_INT(scene.taken[1].failure, DM_FAILURE_TOO_LONG);
    tear_down();
}

static void
a_hurried_check_runs_now(void)
{
    set_up(0);
    take_over(A BEAT ":grace \"1m\" .\n");
    rig_pass(&scene.rig, 1000);
    const int before = count("a");
    CHECK_INT(dm_runner_hurry(scene.runner, dm_str("a")), DM_OK);
    rig_pass(&scene.rig, 100);
    CHECK_INT(count("a"), before + 1);
    CHECK_INT(dm_runner_hurry(scene.runner, dm_str("beat")), DM_ERR_NOT_FOUND);
    CHECK_INT(dm_runner_hurry(scene.runner, dm_str("no")), DM_ERR_NOT_FOUND);
    tear_down();
}

static enum dm_status
ping(enum dm_ping_kind kind, const char *run_id, const char *body)
{
    const struct dm_ping it = {
        .name = DM_STR("beat"),
        .kind = kind,
        .exit_code = kind == DM_PING_EXIT ? 3 : 0,
        .run_id = dm_str(run_id),
        .body = dm_str(body),
    };
    return dm_runner_ping(scene.runner, &it);
}

static const struct taken *
last(void)
{
    CHECK(scene.n > 0);
    return &scene.taken[scene.n - 1];
}

static void
pings_are_results_with_the_length_of_their_run(void)
{
    set_up(0);
    CHECK_INT(ping(DM_PING_SUCCESS, "", ""), DM_ERR_NOT_FOUND);
    take_over(BEAT ":minRun \"10s\" ; :runLimit \"1m\" .\n" A);
    CHECK_INT(ping(DM_PING_SUCCESS, "", "done\nmore"), DM_OK);
    CHECK_INT(last()->verdict, DM_VERDICT_OK);
    CHECK_INT(last()->micros, -1);
    CHECK(strcmp(last()->message, "done") == 0);
    CHECK(strcmp(last()->output, "done\nmore") == 0);

    CHECK_INT(ping(DM_PING_START, "r1", ""), DM_OK);
    CHECK_INT(last()->verdict, DM_VERDICT_STARTED);
    rig_pass(&scene.rig, 20000);
    CHECK_INT(ping(DM_PING_SUCCESS, "r2", ""), DM_OK); // Of another run
    CHECK_INT(last()->micros, -1);
    CHECK_INT(ping(DM_PING_SUCCESS, "r1", ""), DM_OK);
    CHECK(last()->micros >= 20000000 && last()->micros < 20001000);

    CHECK_INT(ping(DM_PING_START, "", ""), DM_OK);
    rig_pass(&scene.rig, 1000);
    CHECK_INT(ping(DM_PING_EXIT, "", ""), DM_OK);
    CHECK_INT(last()->failure, DM_FAILURE_EXIT_CODE);
    CHECK(strcmp(last()->message, "exit code 3") == 0);

    CHECK_INT(ping(DM_PING_START, "", ""), DM_OK);
    rig_pass(&scene.rig, 1000);
    CHECK_INT(ping(DM_PING_SUCCESS, "", ""), DM_OK);
    CHECK_INT(last()->failure, DM_FAILURE_TOO_SHORT);

    CHECK_INT(ping(DM_PING_LOG, "", "note"), DM_OK);
    CHECK_INT(last()->verdict, DM_VERDICT_LOGGED);
    CHECK_INT(ping(DM_PING_FAIL, "", ""), DM_OK);
    CHECK(strcmp(last()->message, "reported a failure") == 0);
    tear_down();
}

static void
an_open_run_is_too_long_also_when_its_definition_changes(void)
{
    set_up(0);
    take_over(BEAT ":runLimit \"1m\" .\n");
    CHECK_INT(ping(DM_PING_START, "r", ""), DM_OK);
    rig_pass(&scene.rig, 30000);
    take_over(BEAT ":runLimit \"2m\" .\n");
    rig_pass(&scene.rig, 89000);
    CHECK_INT(count("beat"), 1);
    rig_pass(&scene.rig, 2000);
    CHECK_INT(count("beat"), 2);
    CHECK_INT(last()->failure, DM_FAILURE_TOO_LONG);
    CHECK_INT(last()->micros, 120000000);
    rig_pass(&scene.rig, 600000);
    CHECK_INT(count("beat"), 2); // Once
    tear_down();
}

static void
after_a_suspend_each_check_runs_once(void)
{
    set_up(0);
    take_over(A B);
    rig_pass(&scene.rig, 1000);
    dm_sim_machine_suspend(scene.rig.machine);
    rig_pass(&scene.rig, 3600000);
    scene.n = 0;
    dm_sim_machine_resume(scene.rig.machine);
    rig_pass(&scene.rig, 10000);
    CHECK(count("a") >= 1 && count("a") <= 2);
    CHECK(first_of("a") > 0);
    tear_down();
}

static void
want_of_memory_leaves_the_old_checks(void)
{
    set_up(0);
    take_over(A);
    struct dm_config *config =
        rig_config(&scene.rig, A B BEAT ":grace \"1m\" .\n");
    enum dm_status status = DM_ERR_NO_MEMORY;
    size_t n = 0;
    for (; status; ++n) {
        dm_alloc_fail_after(n);
        status = dm_runner_take_over(scene.runner, config);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!status || status == DM_ERR_NO_MEMORY);
        CHECK_INT(figures().checks, status ? 1 : 3);
    }
    CHECK(n > 2);
    // Probes without memory: the schedule goes on
    for (size_t k = 0; k < 30; ++k) {
        dm_alloc_fail_after(k);
        rig_pass(&scene.rig, 10000);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    }
    scene.n = 0;
    rig_pass(&scene.rig, 30000);
    CHECK(count("a") >= 2 && count("b") >= 2);
    dm_config_unref(config);
    tear_down();
}

int
main(void)
{
    every_check_runs_within_a_second_and_then_on_its_grid();
    what_is_the_same_goes_on_what_changed_runs_what_is_gone_ends();
    a_running_probe_of_a_check_that_is_gone_is_cancelled();
    no_more_than_max_running_run_at_once();
    a_bad_result_is_tried_again_soon_until_the_check_fails();
    what_was_known_before_a_restart_counts();
    a_hurried_check_runs_now();
    pings_are_results_with_the_length_of_their_run();
    an_open_run_is_too_long_also_when_its_definition_changes();
    after_a_suspend_each_check_runs_once();
    want_of_memory_leaves_the_old_checks();
    return 0;
}
