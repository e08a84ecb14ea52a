// SPDX-License-Identifier: ISC

// Probes on the simulated machine: HTTP, programs, and the machine's figures.

#include "checks/probe.h"

#include "tests/unit/sim_rig.h"

static struct rig rig;
static struct dm_result *taken;

static void
take(void *context, struct dm_result *result)
{
    CHECK(context == &taken);
    CHECK(!taken);
    taken = result;
}

// A plugin that is what its first argument says
static void
run_program(void *context, const struct dm_process_spec *spec,
            struct dm_sim_program *program)
{
    (void)context;
    const char *how = spec->arguments[1];
    if (strcmp(how, "slow") == 0) {
        program->runs_ns = 60 * DM_NS_PER_SECOND;
    } else if (strcmp(how, "signal") == 0) {
        program->end = DM_PROCESS_SIGNALED;
        program->signal = 11;
    } else if (strcmp(how, "absent") == 0) {
        program->end = DM_PROCESS_NOT_FOUND;
    } else {
        program->code = how[0] - '0';
        (void)dm_buf_puts(&program->output, &how[1]);
    }
}

static void
probe(const char *text)
{
    struct dm_config *config = rig_config(&rig, text);
    const struct dm_probe_context context = {
        .env = rig.env,
        .net = rig.net,
        .secrets = config->secrets,
        .on_done = take,
    };
    struct dm_probe *started = NULL;
    struct dm_error error = {0};
    dm_result_free(taken);
    taken = NULL;
    CHECK_INT((int64_t)config->n_checks, 1);
    CHECK_INT(
        dm_probe_start(&context, &config->checks[0], &taken, &started, &error),
        DM_OK);
    CHECK(!taken);
    rig_pass(&rig, 30000);
    CHECK(taken);
    dm_config_unref(config);
}

static void
gives(const char *text, enum dm_verdict verdict, enum dm_failure failure,
      const char *message)
{
    probe(text);
    const struct dm_str said = taken->message;
    if (taken->verdict != verdict || taken->failure != failure ||
        !dm_str_starts(said, dm_str(message))) {
        (void)fprintf(stderr, "%s\n%s, %s: %.*s\n", text,
                      dm_verdict_name(taken->verdict),
                      dm_failure_name(taken->failure), (int)said.n,
                      said.n > 0 ? said.data : "");
        abort();
    }
}

#define HTTP "<c> a :HttpCheck ; :url \"http://web.test/\" "
#define RUN "<c> a :CommandCheck ; :run "
#define SYSTEM "<c> a :SystemCheck ; "

static void
http_is_judged_by_status_conditions_and_time(void)
{
    static struct dm_sim_site site = {.body = "Hello {\"a\": 1}"};
    struct dm_sim_host *host = NULL;
    CHECK_INT(dm_sim_network_add(rig.network, "web.test", "192.0.2.1", &host),
              DM_OK);
    CHECK_INT(dm_sim_host_serve(host, 80, NULL, dm_sim_site_serve, &site),
              DM_OK);
    gives(HTTP ".\n", DM_VERDICT_OK, DM_FAILURE_NONE, "http 200, ");
    CHECK(taken->micros > 0);
    gives(HTTP "; :expect \"body contains Hello\" .\n", DM_VERDICT_OK,
          DM_FAILURE_NONE, "http 200, ");
    gives(HTTP "; :expect \"body contains World\" .\n", DM_VERDICT_CRITICAL,
          DM_FAILURE_CONTENT, "body does not contain World");
    gives(HTTP "; :warnIf \"status == 200\" .\n", DM_VERDICT_WARNING,
          DM_FAILURE_STATUS_CODE, "status 200");
    site.status = 404;
    gives(HTTP ".\n", DM_VERDICT_CRITICAL, DM_FAILURE_STATUS_CODE,
          "status 404");
    gives(HTTP "; :expect \"status == 404\" .\n", DM_VERDICT_OK,
          DM_FAILURE_NONE, "http 404, ");
    site.hangs = true;
    gives(HTTP "; :timeout \"2s\" .\n", DM_VERDICT_CRITICAL,
          DM_FAILURE_TIMED_OUT, "");
    dm_sim_host_link(host)->reach = DM_SIM_REACH_REFUSES;
    gives(HTTP ".\n", DM_VERDICT_CRITICAL, DM_FAILURE_CONNECTION, "");
    dm_sim_host_link(host)->is_unknown = true;
    gives(HTTP ".\n", DM_VERDICT_CRITICAL, DM_FAILURE_RESOLVE, "");
}

static void
a_command_is_judged_by_its_exit_and_its_figures(void)
{
    gives(RUN "\"p '0OK | a=5s;1;2'\" .\n", DM_VERDICT_OK, DM_FAILURE_NONE,
          "OK");
    CHECK_INT((int64_t)taken->n_metrics, 1);
    CHECK(dm_str_is(taken->metrics[0].label, "a"));
    CHECK(dm_str_is(taken->metrics[0].unit, "s"));
    CHECK(dm_str_is(taken->output, "OK | a=5s;1;2"));
    gives(RUN "\"p '1WARN'\" .\n", DM_VERDICT_WARNING, DM_FAILURE_EXIT_CODE,
          "WARN");
    gives(RUN "\"p 2\" .\n", DM_VERDICT_CRITICAL, DM_FAILURE_EXIT_CODE,
          "exit code 2");
    gives(RUN "\"p 3\" .\n", DM_VERDICT_UNKNOWN, DM_FAILURE_EXIT_CODE, "");
    gives(RUN "\"p 7odd\" .\n", DM_VERDICT_CRITICAL, DM_FAILURE_EXIT_CODE,
          "odd");
    gives(RUN "\"p '0OK | a=5'\" ; :warnIf \"perf a > 4\" .\n",
          DM_VERDICT_WARNING, DM_FAILURE_THRESHOLD, "");
    gives(RUN "\"p signal\" .\n", DM_VERDICT_CRITICAL, DM_FAILURE_EXIT_CODE,
          "ended by signal 11");
    gives(RUN "\"p absent\" .\n", DM_VERDICT_UNKNOWN, DM_FAILURE_NONE, "");
    gives(RUN "\"p slow\" ; :timeout \"1s\" .\n", DM_VERDICT_CRITICAL,
          DM_FAILURE_TIME_LIMIT, "no result within 1 s");
    gives(RUN "\"p '1WARN'\" ; :record \"status\" .\n", DM_VERDICT_WARNING,
          DM_FAILURE_EXIT_CODE, "");
    CHECK_INT((int64_t)taken->message.n, 0);
    CHECK_INT((int64_t)taken->output.n, 0);
}

static void
figures_of_the_machine_are_judged_and_kept(void)
{
    // 100 GiB, half full; a third of the memory is free; the load is 0.5 on 4
    gives(SYSTEM ":warnIf \"disk / > 45%\" .\n", DM_VERDICT_WARNING,
          DM_FAILURE_THRESHOLD, "/ 5");
    CHECK(dm_str_is(taken->metrics[0].unit, "%"));
    gives(SYSTEM ":critIf \"disk / > 40GiB\" .\n", DM_VERDICT_CRITICAL,
          DM_FAILURE_THRESHOLD, "/ 5"); // Bytes in use
    CHECK(dm_str_is(taken->metrics[0].unit, "B"));
    gives(SYSTEM ":critIf \"disk / > 90GiB\" .\n", DM_VERDICT_OK,
          DM_FAILURE_NONE, "/ 5");
    gives(SYSTEM ":critIf \"disk * > 99%\" .\n", DM_VERDICT_OK, DM_FAILURE_NONE,
          "/ 5");
    gives(SYSTEM ":warnIf \"memory > 10%\", \"load1 > 10\" .\n",
          DM_VERDICT_WARNING, DM_FAILURE_THRESHOLD, "");
    CHECK_INT((int64_t)taken->n_metrics, 2);
    gives(SYSTEM ":warnIf \"load1 > 0.2 per cpu\" .\n", DM_VERDICT_OK,
          DM_FAILURE_NONE, "");
}

int
main(void)
{
    rig_init(&rig, run_program, NULL, NULL);
    http_is_judged_by_status_conditions_and_time();
    a_command_is_judged_by_its_exit_and_its_figures();
    figures_of_the_machine_are_judged_and_kept();
    dm_result_free(taken);
    rig_done(&rig);
    return 0;
}
