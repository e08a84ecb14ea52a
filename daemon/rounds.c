// SPDX-License-Identifier: ISC

#include "daemon/rounds.h"

#include "alert/present.h"
#include "alert/rules.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/map.h"
#include "base/time.h"
#include "daemon/node_private.h"
#include "quadstore/write.h"
#include "vocab/vocabulary.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define ROUND_MEMORY (256U << 20U)
#define ROUND_DEADLINE_NS (INT64_C(10) * DM_NS_PER_SECOND)
#define STARTUP_MEMORY (64U << 20U)
#define ENCODED_MAX (256U << 10U) // Of one alert
#define SHARED_NAMES_MAX 1000U    // Bytes of a warning
#define REFRESH_NS (INT64_C(600) * DM_NS_PER_SECOND)
#define SLEPT_NS (INT64_C(10) * DM_NS_PER_SECOND)

static const char state_space[] = "alert";

struct dm_rounds {
    struct dm_node *node;
    struct dm_timer timer;
    struct dm_alerts *alerts; // After the last round
    struct dm_rules *rules;   // Of `config`; the round that runs uses it
    struct dm_config *config;
    bool is_running; // Or storing
    bool is_wanted;  // Something changed since the last one began
    bool is_stopped;
    int64_t began_ns;
    int64_t asleep_ns;    // So long the machine has slept since it was started
    int64_t refreshed_ns; // When every alert was last stored
    // Of what changed all was stored; else the next round stores every alert.
    // One that is gone may stay behind; it goes soon after the next start.
    bool is_stored;
    uint64_t shared_names; // Hash of those that were warned of; 0: none
    struct dm_rounds_figures figures;
};

// A value to store, or to remove
struct stored {
    struct dm_str key;
    struct dm_str value; // data NULL: remove
};

// One round, first a job of the rules worker, then a task of the writer
struct round {
    struct dm_job job;
    struct dm_write_task task;
    struct dm_return back;
    struct dm_rounds *rounds;
    struct dm_config *config;
    int64_t now_ms;
    bool refresh;
    bool is_view_partial; // daemon/peers.h: not all peers were caught up with
    int64_t whole_ns;     // When the view is whole whatever comes
    bool is_partial;      // Something is missing in `stored`
    bool is_full;
    bool is_config_valid;
    struct dm_snapshot *snapshot;
    struct dm_present *present;
    struct dm_rules_round *running;
    struct dm_arena arena; // Of what is stored and told
    struct stored *stored;
    size_t n_stored;
    size_t stored_capacity;
    struct dm_alerts *after;
    struct dm_str shared_names; // Names that two nodes or checks have, or empty
    int64_t next_ms;
    size_t rules_failed;
    int64_t took_ns;
};

static void arm_at(struct dm_rounds *rounds, int64_t due_ns);

// -------------------------------------------------------------- on the worker

static void
close_round(struct round *round)
{
    dm_rules_round_close(round->running);
    dm_snapshot_close(round->snapshot); // It looks at the present's graph
    dm_present_close(round->present);
    round->running = NULL;
    round->present = NULL;
    round->snapshot = NULL;
}

static void
round_free(struct round *round)
{
    close_round(round);
    dm_alerts_free(round->after);
    dm_free(round->stored);
    dm_arena_done(&round->arena);
    dm_config_unref(round->config);
    dm_free(round);
}

// Key of an alert in the store: one identity may have two label sets for a
// while
static struct dm_str
alert_key(struct dm_arena *arena, const struct dm_alert *alert)
{
    char mark[32];
    const int n = snprintf(mark, sizeof(mark), "\x1f%016llx",
                           (unsigned long long)alert->fingerprint);
    assert(n > 0 && (size_t)n < sizeof(mark));
    char *key = dm_arena_alloc(arena, alert->identity.n + (size_t)n + 1, 1);
    if (!key) {
        return (struct dm_str){0};
    }
    memcpy(key, alert->identity.data, alert->identity.n);
    memcpy(key + alert->identity.n, mark, (size_t)n);
    return dm_str_n(key, alert->identity.n + (size_t)n);
}

// What could not be encoded is stored with the next round
static void
store_alert(struct round *round, const struct dm_alert *alert, bool remove)
{
    struct stored *stored =
        dm_grow(round->stored, &round->stored_capacity, round->n_stored + 1,
                sizeof(*round->stored), (size_t)2 * DM_ALERTS_MAX);
    if (!stored) {
        round->is_partial = true;
        return;
    }
    round->stored = stored;
    struct dm_buf json;
    dm_buf_init(&json, ENCODED_MAX);
    struct stored *place = &round->stored[round->n_stored];
    *place = (struct stored){.key = alert_key(&round->arena, alert)};
    bool is_good = place->key.data != NULL;
    if (is_good && !remove) {
        is_good = dm_alert_encode(alert, &json) == DM_OK;
        place->value = dm_arena_copy(&round->arena, dm_buf_str(&json));
        is_good = is_good && place->value.data;
    }
    round->n_stored += is_good ? 1 : 0;
    round->is_partial |= !is_good;
    dm_buf_done(&json);
}

static void
on_change(void *context, enum dm_alert_event event,
          const struct dm_alert *alert)
{
    store_alert(context, alert, event == DM_ALERT_IS_GONE);
}

static const struct dm_rule_def *
built_in_rule(const char *name)
{
    static const struct dm_str by[] = {DM_STR("node")};
    static const struct dm_rule_def invalid = {
        .iri = DM_STR(DM_VOCAB_NS "ConfigurationInvalid"),
        .name = DM_STR("ConfigurationInvalid"),
        .is_shipped = true,
        .by = {by, 1},
        .severity = DM_SEVERITY_WARNING,
        .summary = DM_STR("{node} keeps its old configuration: the files have "
                          "errors, see demonitor validate"),
        .enabled = true,
    };
    static const struct dm_rule_def full = {
        .iri = DM_STR(DM_VOCAB_NS "StoreFull"),
        .name = DM_STR("StoreFull"),
        .is_shipped = true,
        .by = {by, 1},
        .severity = DM_SEVERITY_CRITICAL,
        .summary = DM_STR("{node} cannot write: results wait in memory"),
        .enabled = true,
    };
    return strcmp(name, "StoreFull") == 0 ? &full : &invalid;
}

// The results of the rules, and of what is built in beside them
struct all_results {
    struct dm_rule_result *items;
    size_t n;
    struct dm_alert_text column;
    struct dm_rule_row row;
};

static enum dm_status
gather_results(struct round *round, struct all_results *all)
{
    size_t n = 0;
    const struct dm_rule_result *results =
        dm_rules_round_results(round->running, &n);
    all->items = dm_arena_alloc(&round->arena, n + 2, sizeof(*all->items));
    if (!all->items) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n; ++i) {
        all->items[i] = results[i];
        round->rules_failed += results[i].status ? 1 : 0;
    }
    static const struct dm_str node_column = DM_STR("node");
    all->column =
        (struct dm_alert_text){node_column, round->present->logs[0].name};
    all->row = (struct dm_rule_row){&all->column, 1, DM_NO_TIME};
    all->items[n] = (struct dm_rule_result){
        .rule = built_in_rule("ConfigurationInvalid"),
        .rows = &all->row,
        .n_rows = round->is_config_valid ? 0 : 1,
    };
    all->items[n + 1] = (struct dm_rule_result){
        .rule = built_in_rule("StoreFull"),
        .rows = &all->row,
        .n_rows = round->is_full ? 1 : 0,
    };
    all->n = n + 2;
    return DM_OK;
}

static const struct dm_alerts *
alerts_before(const struct round *round, struct dm_alerts *none)
{
    return DM_FAULT("start `for` anew after a restart") &&
                   round->rounds->figures.rounds == 0
               ? none
               : round->rounds->alerts;
}

static enum dm_status
evaluate(struct round *round)
{
    struct all_results all = {0};
    struct dm_alerts *none = dm_alerts_new();
    enum dm_status status =
        none ? gather_results(round, &all) : DM_ERR_NO_MEMORY;
    if (!status) {
        const struct dm_alerts_input input = {
            .before = alerts_before(round, none),
            .view = &round->present->view,
            .results = all.items,
            .n_results = all.n,
            .is_partial = round->is_view_partial,
            .on_change = on_change,
            .context = round,
        };
        status = dm_alerts_evaluate(&input, &round->after, &round->next_ms);
    }
    dm_alerts_free(none);
    if (!status && round->refresh) {
        for (size_t i = 0; i < dm_alerts_count(round->after); ++i) {
            store_alert(round, dm_alerts_at(round->after, i), false);
        }
    }
    if (!status && round->present->view.next_change_ms < round->next_ms) {
        round->next_ms = round->present->view.next_change_ms;
    }
    return status;
}

// Which names two nodes or two checks have, for a warning
static enum dm_status
note_shared_names(struct round *round)
{
    const struct dm_view *view = &round->present->view;
    struct dm_buf said;
    dm_buf_init(&said, SHARED_NAMES_MAX);
    for (size_t i = 0; i < view->n_nodes; ++i) {
        const struct dm_view_log *log = view->nodes[i].log;
        if (log->is_renamed) {
            (void)dm_buf_printf(&said, "%snode=%.*s", said.n ? " " : "",
                                (int)log->name.n, log->name.data);
        }
    }
    if (view->n_shared_names) {
        (void)dm_buf_printf(&said, "%scheck=%.*s", said.n ? " " : "",
                            (int)view->shared_name.n, view->shared_name.data);
    }
    round->shared_names =
        dm_arena_copy(&round->arena, dm_utf8_whole(dm_buf_str(&said)));
    dm_buf_done(&said);
    return round->shared_names.data ? DM_OK : DM_ERR_NO_MEMORY;
}

static enum dm_status
open_round(struct round *round)
{
    struct dm_rounds *rounds = round->rounds;
    enum dm_status status = dm_snapshot_open(
        rounds->node->store, &round->job.work, &round->snapshot);
    if (!status) {
        status = dm_present_open(round->snapshot, round->config,
                                 rounds->node->presents, round->now_ms,
                                 &round->present);
    }
    if (!status) {
        status = note_shared_names(round);
    }
    if (!status) {
        status =
            dm_rules_round_open(rounds->rules, round->snapshot, round->present,
                                (struct dm_str){"", 0}, &round->running);
    }
    return status ? status : DM_AGAIN;
}

static enum dm_status
round_step(struct dm_job *job)
{
    struct round *round = (struct round *)job;
    struct dm_rounds *rounds = round->rounds;
    if (!rounds->rules) {
        rounds->rules = dm_rules_new(round->config);
        return rounds->rules ? DM_AGAIN : DM_ERR_NO_MEMORY;
    }
    if (!round->snapshot) {
        return open_round(round);
    }
    const enum dm_status status = dm_rules_round_step(round->running);
    if (status != DM_END) {
        return status;
    }
    const enum dm_status evaluated = evaluate(round);
    close_round(round);
    round->took_ns = dm_env_monotonic_ns(rounds->node->env) - rounds->began_ns;
    return evaluated ? evaluated : DM_END;
}

// -------------------------------------------------------------- on the writer

static enum dm_status
store_apply(struct dm_write_task *task, struct dm_txn *txn)
{
    const struct round *round = DM_CONST_CONTAINER_OF(task, struct round, task);
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < round->n_stored; ++i) {
        const struct stored *stored = &round->stored[i];
        status = dm_txn_state_put(txn, state_space, stored->key,
                                  stored->value.data ? &stored->value : NULL);
    }
    return status;
}

static void
store_finished(struct dm_write_task *task, enum dm_status status)
{
    struct round *round = DM_CONTAINER_OF(task, struct round, task);
    round->back.status = status;
    dm_node_return(round->rounds->node, &round->back);
}

// ---------------------------------------------------------------- on the loop

static const struct dm_alert *
find_alert(const struct dm_alerts *alerts, const struct dm_alert *wanted)
{
    size_t low = 0;
    size_t high = dm_alerts_count(alerts);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct dm_alert *alert = dm_alerts_at(alerts, middle);
        const int order = dm_str_compare(alert->identity, wanted->identity);
        if (order == 0 && alert->fingerprint == wanted->fingerprint) {
            return alert;
        }
        if (order < 0 ||
            (order == 0 && alert->fingerprint < wanted->fingerprint)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

// What happened between two sets, for /events
static void
tell_differences(struct dm_rounds *rounds, const struct dm_alerts *after)
{
    for (size_t i = 0; i < dm_alerts_count(after); ++i) {
        const struct dm_alert *alert = dm_alerts_at(after, i);
        const struct dm_alert *was = find_alert(rounds->alerts, alert);
        if (was && was->state == alert->state) {
            continue;
        }
        dm_node_tell_alert(
            rounds->node,
            alert->state == DM_ALERT_PENDING  ? DM_ALERT_IS_PENDING
            : alert->state == DM_ALERT_FIRING ? DM_ALERT_IS_FIRING
                                              : DM_ALERT_IS_RESOLVED,
            alert);
    }
}

// Another round where something changed meanwhile, else by the clock
static void
end_round(struct dm_rounds *rounds, int64_t next_ms, int64_t whole_ns)
{
    rounds->is_running = false;
    const int64_t now_ms = dm_env_wall_ms(rounds->node->env);
    const int64_t now_ns = dm_loop_now_ns(rounds->node->net->loop);
    int64_t due = rounds->began_ns + DM_ROUND_EVERY_NS;
    due = whole_ns < due ? whole_ns : due;
    if (next_ms != INT64_MAX && next_ms - now_ms < DM_MS_PER_DAY) {
        const int64_t own = now_ns + (next_ms - now_ms) * DM_NS_PER_MS;
        due = own < due ? own : due;
    }
    const int64_t least = rounds->began_ns + DM_ROUND_LEAST_NS;
    arm_at(rounds, rounds->is_wanted || due < least ? least : due);
}

// Once, and again when they are others
static void
warn_of_names(struct dm_rounds *rounds, struct dm_str names)
{
    const uint64_t hash = names.n ? dm_hash(names, 0) : 0;
    if (hash != rounds->shared_names && names.n) {
        dm_log(rounds->node->env->log, DM_LOG_WARNING, "names.shared",
               "%.*s hint=\"two have one name: give one of them another\"",
               (int)names.n, names.data);
    }
    rounds->shared_names = hash;
}

static void
settle(struct round *round, bool is_stored)
{
    struct dm_rounds *rounds = round->rounds;
    warn_of_names(rounds, round->shared_names);
    tell_differences(rounds, round->after);
    struct dm_alerts *told = dm_alerts_clone(round->after);
    if (told) {
        dm_alertmanagers_round(rounds->node->alertmanagers, told);
    }
    dm_alerts_free(rounds->alerts);
    rounds->alerts = round->after;
    round->after = NULL;
    rounds->is_stored = is_stored && !round->is_partial;
    if (round->refresh && rounds->is_stored) {
        rounds->refreshed_ns = rounds->began_ns;
    }
    ++rounds->figures.rounds;
    rounds->figures.last_ns = round->took_ns;
    rounds->figures.last_wall_ms = round->now_ms;
    rounds->figures.rules_failed = round->rules_failed;
    const int64_t next_ms = round->next_ms;
    const int64_t whole_ns =
        round->is_view_partial ? round->whole_ns : INT64_MAX;
    round_free(round);
    end_round(rounds, next_ms, whole_ns);
}

static void
on_stored(struct dm_return *back, struct dm_node *node)
{
    (void)node;
    // What could not be stored is told all the same: the disk may be full
    settle(DM_CONTAINER_OF(back, struct round, back), back->status == DM_OK);
}

static void
round_done(struct dm_job *job)
{
    struct round *round = (struct round *)job;
    struct dm_rounds *rounds = round->rounds;
    DM_ON_LOOP();
    if (job->status != DM_END) {
        ++rounds->figures.failed;
        dm_log(rounds->node->env->log, DM_LOG_WARNING, "rules.failed",
               "reason=\"%s\"", dm_status_text(job->status));
        round_free(round);
        end_round(rounds, INT64_MAX, INT64_MAX);
        return;
    }
    if (!round->n_stored) {
        settle(round, true);
    } else if (dm_writer_task(rounds->node->writer, &round->task)) {
        settle(round, false);
    }
}

static void
round_drop(struct dm_job *job)
{
    round_free((struct round *)job);
}

static const struct dm_job_ops round_ops = {
    .name = "rules",
    .step = round_step,
    .done = round_done,
    .free = round_drop,
};

static struct round *
round_new(struct dm_rounds *rounds)
{
    struct dm_node *node = rounds->node;
    struct round *round = dm_calloc(1, sizeof(*round));
    if (!round) {
        return NULL;
    }
    round->job.ops = &round_ops;
    dm_work_init(&round->job.work, node->env,
                 dm_env_monotonic_ns(node->env) + ROUND_DEADLINE_NS,
                 ROUND_MEMORY);
    dm_arena_init(&round->arena, ROUND_MEMORY, &round->job.work.account);
    round->task = (struct dm_write_task){
        .apply = store_apply, .finished = store_finished, .durable = true};
    round->back.run = on_stored;
    round->rounds = rounds;
    round->config = dm_config_ref(node->config);
    round->now_ms = dm_env_wall_ms(node->env);
    round->refresh = !rounds->is_stored ||
                     rounds->began_ns - rounds->refreshed_ns >= REFRESH_NS;
    round->is_view_partial = !dm_peers_are_whole(node->peers, &round->whole_ns);
    round->is_full = node->is_full;
    round->is_config_valid = node->config_state.is_valid;
    return round;
}

// The rules of another configuration are parsed by the round that needs them
static void
follow_config(struct dm_rounds *rounds)
{
    struct dm_config *config = rounds->node->config;
    if (rounds->config != config) {
        dm_rules_free(rounds->rules);
        rounds->rules = NULL;
        dm_config_unref(rounds->config);
        rounds->config = dm_config_ref(config);
    }
}

// What is known of other nodes is as old as the sleep was long
static void
notice_sleep(struct dm_rounds *rounds)
{
    const struct dm_env *env = rounds->node->env;
    const int64_t asleep_ns = dm_env_boot_ns(env) - dm_env_monotonic_ns(env);
    if (asleep_ns - rounds->asleep_ns > SLEPT_NS) {
        dm_peers_woke(rounds->node->peers);
    }
    rounds->asleep_ns = asleep_ns;
}

static void
begin_round(void *context)
{
    struct dm_rounds *rounds = context;
    DM_ON_LOOP();
    follow_config(rounds);
    rounds->began_ns = dm_loop_now_ns(rounds->node->net->loop);
    rounds->is_wanted = false;
    rounds->is_running = true;
    notice_sleep(rounds);
    struct round *round = round_new(rounds);
    if (round && dm_job_start(rounds->node->rules, &round->job)) {
        round_free(round);
        round = NULL;
    }
    if (!round) {
        ++rounds->figures.failed;
        end_round(rounds, INT64_MAX, INT64_MAX);
    }
}

static void
arm_at(struct dm_rounds *rounds, int64_t due_ns)
{
    struct dm_loop *loop = rounds->node->net->loop;
    dm_loop_timer_stop(loop, &rounds->timer);
    if (!rounds->is_stopped && !rounds->is_running) {
        dm_loop_timer_start(loop, &rounds->timer, due_ns, begin_round, rounds);
    }
}

void
dm_rounds_hurry(struct dm_rounds *rounds)
{
    DM_ON_LOOP();
    rounds->is_wanted = true;
    if (!rounds->is_running) {
        const int64_t now = dm_loop_now_ns(rounds->node->net->loop);
        const int64_t least =
            rounds->figures.rounds ? rounds->began_ns + DM_ROUND_LEAST_NS : now;
        arm_at(rounds, least > now ? least : now);
    }
}

void
dm_rounds_stop(struct dm_rounds *rounds)
{
    DM_ON_LOOP();
    rounds->is_stopped = true;
    dm_loop_timer_stop(rounds->node->net->loop, &rounds->timer);
}

// ----------------------------------------------------------------------- life

static enum dm_status
restore_alert(void *context, struct dm_str key, struct dm_str value)
{
    struct dm_rounds *rounds = context;
    const enum dm_status status = dm_alerts_decode(rounds->alerts, value);
    if (status == DM_ERR_NO_MEMORY) {
        return status;
    }
    if (status) {
        dm_log(rounds->node->env->log, DM_LOG_WARNING, "alert.unreadable",
               "key=\"%.*s\"", (int)(key.n < 100 ? key.n : 100), key.data);
    }
    return DM_OK;
}

static enum dm_status
restore(struct dm_rounds *rounds)
{
    struct dm_work work;
    struct dm_snapshot *snapshot = NULL;
    dm_work_init(&work, rounds->node->env, INT64_MAX, STARTUP_MEMORY);
    enum dm_status status =
        dm_snapshot_open(rounds->node->store, &work, &snapshot);
    if (!status) {
        status = dm_snapshot_state_each(snapshot, state_space, restore_alert,
                                        rounds);
    }
    dm_snapshot_close(snapshot);
    return status;
}

enum dm_status
dm_rounds_new(struct dm_node *node, struct dm_rounds **ret)
{
    struct dm_rounds *rounds = dm_calloc(1, sizeof(*rounds));
    if (!rounds) {
        return DM_ERR_NO_MEMORY;
    }
    rounds->node = node;
    rounds->refreshed_ns = dm_loop_now_ns(node->net->loop);
    rounds->asleep_ns =
        dm_env_boot_ns(node->env) - dm_env_monotonic_ns(node->env);
    rounds->is_stored = true;
    rounds->alerts = dm_alerts_new();
    const enum dm_status status =
        rounds->alerts ? restore(rounds) : DM_ERR_NO_MEMORY;
    if (status) {
        dm_rounds_free(rounds);
        return status;
    }
    *ret = rounds;
    return DM_OK;
}

void
dm_rounds_free(struct dm_rounds *rounds)
{
    if (rounds) {
        dm_loop_timer_stop(rounds->node->net->loop, &rounds->timer);
        dm_alerts_free(rounds->alerts);
        dm_rules_free(rounds->rules);
        dm_config_unref(rounds->config);
        dm_free(rounds);
    }
}

const struct dm_alerts *
dm_rounds_alerts(const struct dm_rounds *rounds)
{
    return rounds->alerts;
}

void
dm_rounds_figures(const struct dm_rounds *rounds, struct dm_rounds_figures *ret)
{
    *ret = rounds->figures;
}
