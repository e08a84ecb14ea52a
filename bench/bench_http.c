// SPDX-License-Identifier: ISC

// What an HTTP request costs: CPU of this process for each of them, at a steady
// rate as checks run. bench_http URL [EACH SECOND] [SECONDS] [insecure]

#include "base/env.h"
#include "base/log.h"
#include "base/time.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/real.h"
#include "tests/check.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

struct bench {
    const struct dm_net *net;
    struct dm_http_request_spec spec;
    struct dm_timer timer;
    int64_t start_ns;
    int64_t interval_ns;
    int64_t n_wanted;
    int64_t n_started;
    int64_t n_done;
    int64_t n_failed;
    int64_t late_ns; // The most
    int64_t total_ns;
    struct dm_net_outcome outcome; // Of the last failure
};

static int64_t
cpu_ns(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * DM_NS_PER_SECOND + time.tv_nsec;
}

static void
on_done(void *context, const struct dm_http_response *response)
{
    struct bench *bench = context;
    ++bench->n_done;
    bench->total_ns += response->times.total_ns;
    if (response->outcome.failure || response->status != 200) {
        ++bench->n_failed;
        bench->outcome = response->outcome;
    }
    if (bench->n_done == bench->n_wanted) {
        dm_loop_end(bench->net->loop);
    }
}

static void
on_due(void *context)
{
    struct bench *bench = context;
    struct dm_http_request *request = NULL;
    const int64_t due_ns =
        bench->start_ns + bench->n_started * bench->interval_ns;
    const int64_t late_ns = dm_loop_now_ns(bench->net->loop) - due_ns;
    bench->late_ns = late_ns > bench->late_ns ? late_ns : bench->late_ns;
    CHECK_INT(dm_http_client_start(bench->net->http, &bench->spec, on_done,
                                   bench, &request),
              DM_OK);
    ++bench->n_started;
    if (bench->n_started < bench->n_wanted) {
        dm_loop_timer_start(bench->net->loop, &bench->timer,
                            due_ns + bench->interval_ns, on_due, bench);
    }
}

static void
drop_line(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static int64_t
no_clock(void *context)
{
    (void)context;
    return 0;
}

static void
run(struct bench *bench)
{
    const int64_t before_ns = cpu_ns();
    bench->start_ns = dm_loop_now_ns(bench->net->loop);
    dm_loop_timer_start(bench->net->loop, &bench->timer, bench->start_ns,
                        on_due, bench);
    int64_t due_ns = 0;
    int64_t n_steps = 0;
    while (dm_loop_step(bench->net->loop, DM_NEVER_DUE, &due_ns) !=
           DM_PROGRESS_ENDED) {
        ++n_steps;
    }
    const double cpu = (double)(cpu_ns() - before_ns);
    const double wall =
        (double)(dm_loop_now_ns(bench->net->loop) - bench->start_ns);
    const double n = (double)bench->n_done;
    printf("%" PRId64 " requests, %" PRId64 " failed %s\n", bench->n_done,
           bench->n_failed, bench->outcome.text);
    printf("%.0f us CPU each, %.2f %% of a core, %.1f steps each\n",
           cpu / n / 1e3, 100 * cpu / wall, (double)n_steps / n);
    printf("%.0f us each took, %.1f ms late at most\n",
           (double)bench->total_ns / n / 1e3, (double)bench->late_ns / 1e6);
}

int
main(int argc, char **argv)
{
    const struct dm_log_options options = {
        .level = DM_LOG_ERROR,
        .write = drop_line,
        .clock = no_clock,
    };
    struct dm_env env;
    struct dm_real *real = NULL;
    struct dm_error error;
    if (argc < 2) {
        (void)fprintf(stderr,
                      "bench_http URL [EACH SECOND] [SECONDS] [insecure]\n");
        return 2;
    }
    const int64_t rate = argc > 2 ? strtoll(argv[2], NULL, 10) : 100;
    const int64_t seconds = argc > 3 ? strtoll(argv[3], NULL, 10) : 10;
    CHECK(rate > 0 && seconds > 0);
    struct dm_log *log = dm_log_new(&options);
    CHECK(log);
    dm_env_init_system(&env, log);
    CHECK_INT(dm_real_new(&env, &dm_real_limits_default, &real, &error), DM_OK);
    struct bench bench = {
        .net = dm_real_net(real),
        .spec =
            {
                .url = dm_str(argv[1]),
                .timeout_ns = 10 * DM_NS_PER_SECOND,
                .max_body = 65536,
                .tls = {.is_insecure =
                            argc > 4 && !strcmp(argv[4], "insecure")},
            },
        .interval_ns = DM_NS_PER_SECOND / rate,
        .n_wanted = rate * seconds,
    };
    run(&bench);
    dm_real_free(real);
    dm_log_free(log);
    return 0;
}
