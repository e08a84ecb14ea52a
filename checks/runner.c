// SPDX-License-Identifier: ISC

#include "checks/runner.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/map.h"
#include "base/time.h"
#include "checks/heartbeat.h"
#include "checks/judge.h"
#include "checks/probe.h"
#include "checks/run.h"
#include "checks/schedule.h"
#include "net/loop.h"
#include "net/net.h"

#include <assert.h>
#include <string.h>

#define RUNNING_DEFAULT 500U
// Boot time that runs ahead of monotonic by more than this was a suspend
#define SUSPEND_NS (INT64_C(10) * DM_NS_PER_SECOND)

// A check that runs here. Probed ones have a slot, heartbeats a run and a
// timer.
struct entry {
    struct dm_runner *runner;
    struct dm_config *config; // Reference: keeps `check` alive
    const struct dm_check_def *check;
    struct dm_bad_run bad;
    bool is_heartbeat;
    bool is_new; // During take_over(): made for the new configuration
    dm_slot_id slot;
    struct dm_probe *probe;
    struct dm_config *probe_config; // What the running probe reads
    struct dm_heartbeat_run run;
    struct dm_timer limit;
};

struct dm_runner {
    struct dm_runner_options options;
    struct dm_config *config;
    struct dm_schedule *schedule;
    struct dm_map by_iri; // To struct entry
    struct entry *by_slot[DM_SCHEDULE_MAX];
    struct dm_timer timer;
    int64_t asleep_ns; // Boot minus monotonic, when last looked at
    struct dm_runner_figures figures;
};

static void on_due(void *context);
static void on_limit(void *context);

static int64_t
now_of(const struct dm_runner *runner)
{
    return dm_loop_now_ns(runner->options.net->loop);
}

static int64_t
asleep_of(const struct dm_runner *runner)
{
    return dm_env_boot_ns(runner->options.env) -
           dm_env_monotonic_ns(runner->options.env);
}

struct dm_runner *
dm_runner_new(const struct dm_runner_options *options)
{
    struct dm_runner *runner = dm_calloc(1, sizeof(*runner));
    if (!runner) {
        return NULL;
    }
    runner->options = *options;
    if (!runner->options.max_running) {
        runner->options.max_running = RUNNING_DEFAULT;
    }
    runner->schedule = dm_schedule_new(DM_SCHEDULE_MAX);
    if (!runner->schedule) {
        dm_free(runner);
        return NULL;
    }
    dm_map_init(&runner->by_iri, DM_SCHEDULE_MAX, 0);
    runner->asleep_ns = asleep_of(runner);
    return runner;
}

// Stop what the entry runs; its slot is free afterwards
static void
entry_stop(struct entry *entry)
{
    struct dm_runner *runner = entry->runner;
    if (entry->is_heartbeat) {
        dm_loop_timer_stop(runner->options.net->loop, &entry->limit);
        return;
    }
    const bool is_running = entry->probe != NULL;
    const enum dm_status removed =
        dm_schedule_remove(runner->schedule, entry->slot);
    assert(removed == DM_OK);
    if (is_running) {
        dm_probe_cancel(entry->probe);
        entry->probe = NULL;
        dm_config_unref(entry->probe_config);
        entry->probe_config = NULL;
        --runner->figures.running;
        const enum dm_status freed = dm_schedule_finish(
            runner->schedule, entry->slot, now_of(runner), false);
        assert(freed == DM_OK);
    }
    runner->by_slot[entry->slot] = NULL;
}

static void
entry_free(struct entry *entry)
{
    if (entry) {
        dm_config_unref(entry->config);
        dm_free(entry);
    }
}

void
dm_runner_free(struct dm_runner *runner)
{
    if (!runner) {
        return;
    }
    dm_loop_timer_stop(runner->options.net->loop, &runner->timer);
    for (size_t i = 0; i < runner->by_iri.n; ++i) {
        struct entry *entry = runner->by_iri.entries[i].value.ptr;
        entry_stop(entry);
        entry_free(entry);
    }
    dm_map_done(&runner->by_iri);
    dm_schedule_free(runner->schedule);
    dm_config_unref(runner->config);
    dm_free(runner);
}

static void
rearm(struct dm_runner *runner)
{
    struct dm_loop *loop = runner->options.net->loop;
    const int64_t due = dm_schedule_next_due(runner->schedule);
    dm_loop_timer_stop(loop, &runner->timer);
    if (due != INT64_MAX &&
        runner->figures.running < runner->options.max_running) {
        dm_loop_timer_start(loop, &runner->timer, due, on_due, runner);
    }
}

// ------------------------------------------------------------------- running

// Hand over a result and wait for the next run
static void
conclude(struct entry *entry, struct dm_result *result)
{
    struct dm_runner *runner = entry->runner;
    const bool retry =
        dm_bad_run_count(&entry->bad, result->verdict, entry->check->retries);
    (void)dm_schedule_finish(runner->schedule, entry->slot, now_of(runner),
                             retry);
    runner->options.sink(runner->options.sink_context, result);
}

static void
on_probe_done(void *context, struct dm_result *result)
{
    struct entry *entry = context;
    struct dm_runner *runner = entry->runner;
    DM_ON_LOOP();
    entry->probe = NULL;
    dm_config_unref(entry->probe_config);
    entry->probe_config = NULL;
    --runner->figures.running;
    conclude(entry, result);
    rearm(runner);
}

// A run that could not begin is a result too
static void
conclude_refused(struct entry *entry, const struct dm_error *error)
{
    struct dm_result *result = dm_result_new(entry->check->iri);
    if (!result) {
        // Without memory for a result there is none to tell; the schedule goes
        // on
        (void)dm_schedule_finish(entry->runner->schedule, entry->slot,
                                 now_of(entry->runner), false);
        return;
    }
    result->at_ms = dm_env_wall_ms(entry->runner->options.env);
    dm_judge_set(result, DM_VERDICT_UNKNOWN, DM_FAILURE_NONE,
                 dm_str(error->what));
    conclude(entry, result);
}

static void
start(struct entry *entry, int64_t due_ns)
{
    struct dm_runner *runner = entry->runner;
    const struct dm_probe_context context = {
        .env = runner->options.env,
        .net = runner->options.net,
        .secrets = entry->config->secrets,
        .on_done = on_probe_done,
    };
    const int64_t late = now_of(runner) - due_ns;
    ++runner->figures.runs;
    runner->figures.late_ns_total += late > 0 ? (uint64_t)late : 0;
    if (late > runner->figures.late_ns_max) {
        runner->figures.late_ns_max = late;
    }

    struct dm_error error = {0};
    const enum dm_status status =
        dm_probe_start(&context, entry->check, entry, &entry->probe, &error);
    if (status) {
        if (!error.what[0]) {
            (void)dm_error_set(&error, status, "%s", dm_status_text(status));
        }
        conclude_refused(entry, &error);
        return;
    }
    // NULL, unless a planted fault runs the check twice
    dm_config_unref(entry->probe_config);
    entry->probe_config = dm_config_ref(entry->config);
    ++runner->figures.running;
}

static void
on_due(void *context)
{
    struct dm_runner *runner = context;
    DM_ON_LOOP();
    const int64_t now = now_of(runner);
    const int64_t asleep = asleep_of(runner);
    if (asleep - runner->asleep_ns > SUSPEND_NS) {
        dm_schedule_resume(runner->schedule, now);
    }
    runner->asleep_ns = asleep;

    dm_slot_id slot = 0;
    int64_t due = 0;
    while (runner->figures.running < runner->options.max_running &&
           dm_schedule_take(runner->schedule, now, &slot, &due)) {
        start(runner->by_slot[slot], due);
    }
    rearm(runner);
}

// ------------------------------------------------------------- configuration

static struct entry *
entry_new(struct dm_runner *runner, struct dm_config *config,
          const struct dm_check_def *check)
{
    struct entry *entry = dm_calloc(1, sizeof(*entry));
    if (entry) {
        entry->runner = runner;
        entry->config = dm_config_ref(config);
        entry->check = check;
        entry->is_heartbeat = check->kind == DM_CHECK_HEARTBEAT;
        entry->is_new = true;
    }
    return entry;
}

static int64_t
within_schedule(int64_t ms)
{
    static const int64_t longest = DM_SCHEDULE_INTERVAL_MAX_NS / DM_NS_PER_MS;
    const int64_t at_most = ms < longest ? ms : longest;
    return (at_most > 1 ? at_most : 1) * DM_NS_PER_MS;
}

static void
entry_schedule(struct entry *entry, uint32_t index, uint32_t total)
{
    static_assert(DM_CONFIG_CHECKS_MAX <= DM_SCHEDULE_MAX, "each has a slot");
    struct dm_runner *runner = entry->runner;
    const struct dm_check_def *check = entry->check;
    const int64_t interval = within_schedule(check->every_ms);
    const struct dm_schedule_spec spec = {
        .first_due_ns = dm_schedule_first_due(now_of(runner), index, total),
        .interval_ns = interval,
        .grid_ns = dm_schedule_grid(dm_hash(check->name, 0), interval),
        .retry_ns = within_schedule(check->retry_every_ms),
    };
    const enum dm_status status =
        dm_schedule_add(runner->schedule, &spec, &entry->slot);
    assert(status == DM_OK);
    runner->by_slot[entry->slot] = entry;
}

// Whether the check goes on as if nothing had happened
static bool
is_same(const struct dm_check_def *a, const struct dm_check_def *b)
{
    return memcmp(a->local, b->local, sizeof(a->local)) == 0;
}

// The entries of `config`: those that go on, and new ones beside their
// predecessors. Made before anything is taken down, so that want of memory
// changes nothing.
static enum dm_status
prepare(struct dm_runner *runner, struct dm_config *config, struct dm_map *next)
{
    for (size_t i = 0; i < config->n_checks; ++i) {
        const struct dm_check_def *check = &config->checks[i];
        const struct dm_map_entry *known =
            dm_map_get(&runner->by_iri, check->iri);
        struct entry *old = known ? known->value.ptr : NULL;
        if (!check->runs_here) {
            continue;
        }
        struct dm_map_entry *place = dm_map_put(next, check->iri, NULL);
        if (!place) {
            return DM_ERR_NO_MEMORY;
        }
        if (old && is_same(old->check, check)) {
            place->value.ptr = old;
            continue;
        }
        struct entry *entry = entry_new(runner, config, check);
        place->value.ptr = entry;
        if (!entry) {
            return DM_ERR_NO_MEMORY;
        }
        if (old) {
            entry->bad = old->bad;
            entry->run = old->run;
        }
    }
    return DM_OK;
}

static void
dismiss(struct dm_map *next)
{
    for (size_t i = 0; i < next->n; ++i) {
        struct entry *entry = next->entries[i].value.ptr;
        if (entry && entry->is_new) {
            entry_free(entry);
        }
    }
    dm_map_done(next);
}

// End what is gone or changed; what is the same goes on, with the new
// definition in place of its equal
static void
drop_old(struct dm_runner *runner, struct dm_config *config,
         const struct dm_map *next)
{
    for (size_t i = 0; i < runner->by_iri.n; ++i) {
        const struct dm_map_entry *old = &runner->by_iri.entries[i];
        struct entry *entry = old->value.ptr;
        const struct dm_map_entry *now = dm_map_get(next, old->key);
        if (now && now->value.ptr == entry) {
            struct dm_config *before = entry->config;
            entry->config = dm_config_ref(config);
            entry->check = dm_config_check(config, now->key);
            dm_config_unref(before);
        } else {
            entry_stop(entry);
            entry_free(entry);
        }
    }
    dm_map_done(&runner->by_iri);
}

static void
arm_limit(struct entry *entry)
{
    struct dm_loop *loop = entry->runner->options.net->loop;
    const int64_t limit = dm_heartbeat_limit_ns(&entry->run, entry->check);
    dm_loop_timer_stop(loop, &entry->limit);
    if (limit != INT64_MAX) {
        dm_loop_timer_start(loop, &entry->limit, limit, on_limit, entry);
    }
}

static void
adopt(struct dm_runner *runner, const struct dm_map *next)
{
    uint32_t n_probed = 0;
    uint32_t index = 0;
    runner->by_iri = *next;
    for (size_t i = 0; i < next->n; ++i) {
        const struct entry *entry = next->entries[i].value.ptr;
        n_probed += entry->is_new && !entry->is_heartbeat ? 1 : 0;
    }
    for (size_t i = 0; i < next->n; ++i) {
        struct entry *entry = next->entries[i].value.ptr;
        if (!entry->is_new) {
            continue;
        }
        entry->is_new = false;
        if (entry->is_heartbeat) {
            arm_limit(entry); // A run may be open
        } else {
            entry_schedule(entry, index++, n_probed);
        }
    }
}

enum dm_status
dm_runner_take_over(struct dm_runner *runner, struct dm_config *config)
{
    DM_ON_LOOP();
    struct dm_map next;
    dm_map_init(&next, DM_CONFIG_CHECKS_MAX, 0);
    const enum dm_status status = prepare(runner, config, &next);
    if (status) {
        dismiss(&next);
        return status;
    }
    drop_old(runner, config, &next);
    adopt(runner, &next);
    struct dm_config *old = runner->config;
    runner->config = dm_config_ref(config);
    dm_config_unref(old);
    runner->figures.checks = (uint32_t)runner->by_iri.n;
    runner->figures.probed = dm_schedule_count(runner->schedule);
    rearm(runner);
    return DM_OK;
}

static struct entry *
entry_of(const struct dm_runner *runner, struct dm_str iri)
{
    const struct dm_map_entry *place = dm_map_get(&runner->by_iri, iri);
    return place ? place->value.ptr : NULL;
}

static struct entry *
entry_named(const struct dm_runner *runner, struct dm_str name)
{
    const struct dm_check_def *check =
        runner->config ? dm_config_check_named(runner->config, name) : NULL;
    return check ? entry_of(runner, check->iri) : NULL;
}

// ---------------------------------------------------------------- heartbeats

static void
deliver_beat(struct entry *entry, struct dm_result *result)
{
    struct dm_runner *runner = entry->runner;
    result->at_ms = dm_env_wall_ms(runner->options.env);
    dm_result_hide(result, entry->config->secrets);
    (void)dm_bad_run_count(&entry->bad, result->verdict, entry->check->retries);
    runner->options.sink(runner->options.sink_context, result);
}

static void
on_limit(void *context)
{
    struct entry *entry = context;
    struct dm_result *result = dm_heartbeat_too_long(&entry->run, entry->check);
    if (result) {
        deliver_beat(entry, result);
    }
}

enum dm_status
dm_runner_ping(struct dm_runner *runner, const struct dm_ping *ping)
{
    DM_ON_LOOP();
    struct entry *entry = entry_named(runner, ping->name);
    if (!entry || !entry->is_heartbeat) {
        return DM_ERR_NOT_FOUND;
    }
    struct dm_result *result =
        dm_heartbeat_ping(&entry->run, entry->check, ping, now_of(runner));
    if (!result) {
        return DM_ERR_NO_MEMORY;
    }
    arm_limit(entry);
    deliver_beat(entry, result);
    return DM_OK;
}

void
dm_runner_restore(struct dm_runner *runner,
                  const struct dm_runner_memory *memory)
{
    DM_ON_LOOP();
    struct entry *entry = entry_of(runner, memory->check);
    if (!entry) {
        return;
    }
    entry->bad.bad = memory->bad;
    if (entry->is_heartbeat && memory->started_at_ms != INT64_MIN) {
        const int64_t ago_ms =
            dm_env_wall_ms(runner->options.env) - memory->started_at_ms;
        const int64_t ago_ns = (ago_ms > 0 ? ago_ms : 0) * DM_NS_PER_MS;
        const struct dm_str id = dm_utf8_cut(memory->run_id, DM_RUN_ID_MAX);
        entry->run.is_open = true;
        entry->run.started_ns = now_of(runner) - ago_ns;
        if (id.n) {
            memcpy(entry->run.run_id, id.data, id.n);
        }
        entry->run.run_id[id.n] = '\0';
        arm_limit(entry);
    }
}

enum dm_status
dm_runner_hurry(struct dm_runner *runner, struct dm_str name)
{
    DM_ON_LOOP();
    const struct entry *entry = entry_named(runner, name);
    if (!entry || entry->is_heartbeat) {
        return DM_ERR_NOT_FOUND;
    }
    const enum dm_status status =
        dm_schedule_hurry(runner->schedule, entry->slot, now_of(runner));
    rearm(runner);
    return status;
}

void
dm_runner_figures(const struct dm_runner *runner, struct dm_runner_figures *ret)
{
    *ret = runner->figures;
}
