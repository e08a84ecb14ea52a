// SPDX-License-Identifier: ISC

#include "net/process.h"

#include "tests/check.h"
#include "tests/unit/net/real_world.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

struct ran {
    bool is_done;
    struct dm_process_result result;
    char output[200];
    char errors[200];
};

static void
on_done(void *context, const struct dm_process_result *result)
{
    struct ran *ran = context;
    CHECK(!ran->is_done);
    ran->is_done = true;
    ran->result = *result;
    (void)snprintf(ran->output, sizeof(ran->output), "%.*s",
                   (int)result->output.n,
                   result->output.n ? result->output.data : "");
    (void)snprintf(ran->errors, sizeof(ran->errors), "%.*s",
                   (int)result->errors.n,
                   result->errors.n ? result->errors.data : "");
}

static const char *const environment[] = {"PATH=/bin:/usr/bin", "WORD=w", NULL};

static struct dm_process *
start(const struct contract_world *world, const char *const *arguments,
      int64_t timeout_ns, struct ran *ran)
{
    const struct dm_process_spec spec = {
        .arguments = arguments,
        .environment = environment,
        .timeout_ns = timeout_ns,
        .grace_ns = 50 * MS,
        .max_output = 100,
    };
    struct dm_process *process = NULL;
    memset(ran, 0, sizeof(*ran));
    CHECK_INT(
        dm_process_start(world->net->processes, &spec, on_done, ran, &process),
        DM_OK);
    CHECK(!ran->is_done);
    return process;
}

static void
run(const struct contract_world *world, const char *const *arguments,
    int64_t timeout_ns, struct ran *ran)
{
    (void)start(world, arguments, timeout_ns, ran);
    contract_wait(world, &ran->is_done);
}

static void
run_shell(const struct contract_world *world, const char *script,
          int64_t timeout_ns, struct ran *ran)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    run(world, arguments, timeout_ns, ran);
}

static void
outputs_and_exit_code_are_told(const struct contract_world *world)
{
    struct ran ran;
    run_shell(world, "echo out $WORD; echo err >&2; exit 3", 20 * SECOND, &ran);
    CHECK_INT(ran.result.end, DM_PROCESS_EXITED);
    CHECK_INT(ran.result.code, 3);
    CHECK_INT(ran.result.signal, 0);
    CHECK(!strcmp(ran.output, "out w\n"));
    CHECK(!strcmp(ran.errors, "err\n"));
    CHECK(!ran.result.is_output_cut);
    CHECK(ran.result.elapsed_ns > 0);
}

static void
there_is_no_input_and_no_shell(const struct contract_world *world)
{
    const char *const cat[] = {"cat", NULL};
    const char *const echo[] = {"/bin/echo", "$WORD", "*", "; exit 1", NULL};
    struct ran ran;
    run(world, cat, 20 * SECOND, &ran);
    CHECK_INT(ran.result.end, DM_PROCESS_EXITED);
    CHECK_INT(ran.result.code, 0);
    run(world, echo, 20 * SECOND, &ran);
    CHECK(!strcmp(ran.output, "$WORD * ; exit 1\n"));
}

static void
it_has_a_group_and_a_session_of_its_own(const struct contract_world *world)
{
    struct ran ran;
    char group[32];
    run_shell(world, "cut -d' ' -f5,6 /proc/self/stat", 20 * SECOND, &ran);
    (void)snprintf(group, sizeof(group), "%d %d\n", (int)getpgrp(),
                   (int)getsid(0));
    CHECK(strcmp(ran.output, group) != 0);
}

static void
none_of_our_descriptors_is_open_there(const struct contract_world *world)
{
    struct ran ran;
    run_shell(world, "ls /proc/self/fd | tr '\\n' ' '", 20 * SECOND, &ran);
    CHECK(!strcmp(ran.output, "0 1 2 3 ")); // 3 is the directory it lists
}

static void
what_cannot_run_says_why(const struct contract_world *world,
                         const char *directory)
{
    char not_executable[128];
    (void)snprintf(not_executable, sizeof(not_executable), "%s/x", directory);
    FILE *file = fopen(not_executable, "w");
    CHECK(file);
    CHECK(!fclose(file));
    CHECK(!chmod(not_executable, 0600));
    const char *const arguments[][2] = {
        {"/nowhere/program", NULL},
        {"no-such-program-in-path", NULL},
        {not_executable, NULL},
        {"/tmp", NULL},
    };
    const enum dm_process_end ends[] = {
        DM_PROCESS_NOT_FOUND,
        DM_PROCESS_NOT_FOUND,
        DM_PROCESS_NOT_EXECUTABLE,
        DM_PROCESS_NOT_EXECUTABLE,
    };
    for (size_t i = 0; i < DM_COUNT_OF(ends); ++i) {
        struct ran ran;
        run(world, arguments[i], SECOND, &ran);
        CHECK_INT(ran.result.end, ends[i]);
    }
    CHECK(!unlink(not_executable));

    const char *const true_[] = {"true", NULL};
    struct ran ran = {0};
    struct dm_process *process = NULL;
    const struct dm_process_spec spec = {
        .arguments = true_,
        .environment = environment,
        .directory = "/nowhere",
        .timeout_ns = SECOND,
        .grace_ns = SECOND,
    };
    CHECK_INT(
        dm_process_start(world->net->processes, &spec, on_done, &ran, &process),
        DM_OK);
    contract_wait(world, &ran.is_done);
    CHECK_INT(ran.result.end, DM_PROCESS_NO_DIRECTORY);
}

static void
a_signal_is_told(const struct contract_world *world)
{
    struct ran ran;
    run_shell(world, "kill -USR1 $$", 20 * SECOND, &ran);
    CHECK_INT(ran.result.end, DM_PROCESS_SIGNALED);
    CHECK_INT(ran.result.signal, SIGUSR1);
}

static void
a_flood_is_cut_and_does_not_block(const struct contract_world *world)
{
    struct ran ran;
    run_shell(world, "yes | head -c 3000000; printf end >&2", 20 * SECOND,
              &ran);
    CHECK_INT(ran.result.end, DM_PROCESS_EXITED);
    CHECK_INT(ran.result.code, 0);
    CHECK_INT((int64_t)ran.result.output.n, 100);
    CHECK(ran.result.is_output_cut);
    CHECK(!ran.result.is_errors_cut);
    CHECK(!strcmp(ran.errors, "end"));
}

static void
time_over_asks_then_kills_the_whole_group(const struct contract_world *world)
{
    struct ran ran;
    run_shell(world, "printf a; sleep 100", 100 * MS, &ran);
    CHECK_INT(ran.result.end, DM_PROCESS_TIMED_OUT);
    CHECK_INT(ran.result.signal, SIGTERM);
    CHECK(!strcmp(ran.output, "a"));
    CHECK(ran.result.elapsed_ns < 20 * SECOND);

    run_shell(world, "trap '' TERM; while :; do sleep 100; done", 100 * MS,
              &ran);
    CHECK_INT(ran.result.end, DM_PROCESS_TIMED_OUT);
    CHECK_INT(ran.result.signal, SIGKILL);
    CHECK(ran.result.elapsed_ns >= 150 * MS);
}

static void
a_child_left_behind_is_killed(const struct contract_world *world)
{
    struct ran ran;
    run_shell(world, "sleep 100 & echo $!", 20 * SECOND, &ran);
    CHECK_INT(ran.result.end, DM_PROCESS_EXITED);
    CHECK(ran.result.elapsed_ns < 10 * SECOND);
    const pid_t child = (pid_t)strtol(ran.output, NULL, 10);
    CHECK(child > 1);
    bool is_gone = false;
    for (int i = 0; i < 1000 && !is_gone; ++i) {
        char path[64];
        char line[256] = "";
        (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
        FILE *file = fopen(path, "r"); // Gone, or a zombie of init's
        const bool is_read = file && fgets(line, sizeof(line), file);
        if (file) {
            (void)fclose(file);
        }
        is_gone = !is_read || strstr(line, ") Z ");
        world->step(world->self);
    }
    CHECK(is_gone);
}

static void
a_pipe_held_open_elsewhere_is_not_waited_for(const struct contract_world *world)
{
    struct ran ran;
    run_shell(world, "setsid sleep 2 & sleep 0.05; echo done", 20 * SECOND,
              &ran);
    CHECK_INT(ran.result.end, DM_PROCESS_EXITED);
    CHECK(!strcmp(ran.output, "done\n"));
    CHECK(ran.result.elapsed_ns < SECOND);
}

static void
a_cancelled_program_is_killed_and_silent(const struct contract_world *world)
{
    const char *const arguments[] = {"sh", "-c", "sleep 100", NULL};
    const char *const missing[] = {"/nowhere/program", NULL};
    struct ran ran;
    for (int n_steps = 0; n_steps < 3; ++n_steps) {
        struct dm_process *process = start(world, arguments, 20 * SECOND, &ran);
        for (int i = 0; i < n_steps; ++i) {
            world->step(world->self);
        }
        dm_process_cancel(world->net->processes, process);
        contract_settle(world);
        CHECK(!ran.is_done);
    }
    dm_process_cancel(world->net->processes,
                      start(world, missing, SECOND, &ran));
    contract_settle(world);
    CHECK(!ran.is_done);
}

static void
more_than_the_limit_is_refused(const struct contract_world *world)
{
    const char *const arguments[] = {"sleep", "100", NULL};
    const struct dm_process_spec spec = {
        .arguments = arguments,
        .environment = environment,
        .timeout_ns = SECOND,
        .grace_ns = SECOND,
    };
    static struct ran rans[64];
    static struct dm_process *processes[64];
    for (size_t i = 0; i < DM_COUNT_OF(rans); ++i) {
        processes[i] = start(world, arguments, 20 * SECOND, &rans[i]);
    }
    struct dm_process *one_more = NULL;
    struct ran ran = {0};
    CHECK_INT(dm_process_start(world->net->processes, &spec, on_done, &ran,
                               &one_more),
              DM_ERR_LIMIT);
    for (size_t i = 0; i < DM_COUNT_OF(rans); ++i) {
        dm_process_cancel(world->net->processes, processes[i]);
    }
}

int
main(void)
{
    struct real_world real;
    CHECK(dup(STDERR_FILENO) > STDERR_FILENO); // Left open by somebody
    real_world_init(&real);
    const struct contract_world *world = &real.world;
    outputs_and_exit_code_are_told(world);
    there_is_no_input_and_no_shell(world);
    it_has_a_group_and_a_session_of_its_own(world);
    none_of_our_descriptors_is_open_there(world);
    what_cannot_run_says_why(world, real.directory);
    a_signal_is_told(world);
    a_flood_is_cut_and_does_not_block(world);
    time_over_asks_then_kills_the_whole_group(world);
    a_child_left_behind_is_killed(world);
    a_pipe_held_open_elsewhere_is_not_waited_for(world);
    a_cancelled_program_is_killed_and_silent(world);
    more_than_the_limit_is_refused(world); // Leaves killed programs to free
    real_world_done(&real);
    return 0;
}
