// SPDX-License-Identifier: ISC

#include "daemon/node.h"

#include "alert/present_cache.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/initial.h"
#include "daemon/node_private.h"
#include "net/url.h"
#include "net/watch.h"
#include "quadstore/history.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define NOTES_MAX 1024U
#define SYNC_WAITING 256U
#define RETURNS_MAX (DM_WRITER_TASKS_MAX + 8U)
#define BALLAST_BYTES (16U << 20U)
#define RESTORE_MEMORY (64U << 20U)
#define ALIVE_NS (INT64_C(60) * DM_NS_PER_SECOND)
#define ONCE_NS (INT64_C(20) * DM_NS_PER_MS)

// ---------------------------------------------------------------------- files

static char *
join(const char *directory, const char *name)
{
    const size_t n = strlen(directory) + strlen(name) + 2;
    char *path = dm_malloc(n);
    if (path) {
        (void)snprintf(path, n, "%s/%s", directory, name);
    }
    return path;
}

static enum dm_status
take_lock(struct dm_node *node, struct dm_error *error)
{
    char *path = join(node->data_directory, "lock");
    if (!path) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status =
        dm_env_make_directory(node->env, node->data_directory, 0750);
    if (!status) {
        status = dm_env_lock(node->env, path, &node->lock);
    }
    if (status) {
        (void)dm_error_set(error, status, "%s",
                           status == DM_ERR_BUSY
                               ? "another instance holds the data"
                               : dm_status_text(status));
        dm_error_where(error, dm_str(path), 0, 0);
    }
    dm_free(path);
    return status;
}

static enum dm_status
open_key(struct dm_node *node, struct dm_error *error)
{
    char *path = join(node->data_directory, "key");
    if (!path) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status = dm_key_load(node->env, path, &node->key, error);
    if (status == DM_ERR_NOT_FOUND) {
        status = dm_key_make(node->env, path, &node->key, error);
    }
    if (!status) {
        dm_key_iri(dm_key_public(node->key), node->iri);
        status = dm_node_identity(node->key, &node->identity);
    }
    dm_free(path);
    return status;
}

static void
keep_identity(const struct dm_node *node)
{
    struct dm_error error = {0};
    if (dm_node_identity_keep(node->env, node->data_directory, &node->identity,
                              &error)) {
        dm_log(node->env->log, DM_LOG_WARNING, "tls.not_written",
               "reason=\"%s\"", error.what);
    }
}

static enum dm_status
open_store(struct dm_node *node, struct dm_error *error)
{
    char *path = join(node->data_directory, "demonitor.db");
    if (!path) {
        return DM_ERR_NO_MEMORY;
    }
    const struct dm_store_options options = {.path = path,
                                             .vfs = node->options.vfs};
    const enum dm_status status =
        dm_store_open(node->env, &options, &node->store, error);
    dm_free(path);
    return status;
}

// Room that is given up when the disk is full, so that upkeep can go on
static void
make_ballast(const struct dm_node *node, const char *path)
{
    struct dm_file_info info;
    if (dm_env_info(node->env, path, &info) == DM_OK) {
        return;
    }
    char *bytes = dm_calloc(BALLAST_BYTES, 1);
    if (bytes && dm_env_write(node->env, path, dm_str_n(bytes, BALLAST_BYTES),
                              0600, DM_WRITE_DEFAULT, NULL)) {
        dm_log(node->env->log, DM_LOG_WARNING, "store.no_ballast",
               "path=\"%s\"", path);
    }
    dm_free(bytes);
}

// --------------------------------------------------------- what the writer
// tells

void
dm_node_return(struct dm_node *node, struct dm_return *back)
{
    const enum dm_status status = dm_queue_push(node->returns, back);
    assert(status == DM_OK); // Room for every task there can be
}

static void
on_committed(void *context, struct dm_commit_note *note)
{
    struct dm_node *node = context;
    if (dm_queue_push(node->notes, note)) {
        // The loop is far behind: it hears of this by the next round of rules
        dm_commit_note_free(note);
    }
}

static struct dm_own_tip *
own_tip_of(const struct dm_chain *chain)
{
    struct dm_own_tip *tip = dm_malloc(sizeof(*tip) + chain->n_record);
    if (tip) {
        tip->seq = chain->seq;
        tip->n = chain->n_record;
        memcpy(tip->record, chain->record, chain->n_record);
    }
    return tip;
}

// On the writer: the loop is told where the own log stands now
static void
on_sealed(void *context, const struct dm_sealed *sealed,
          const struct dm_error *error)
{
    struct dm_node *node = context;
    if (error) {
        dm_log(node->env->log, sealed ? DM_LOG_WARNING : DM_LOG_ERROR,
               sealed ? "log.unguarded" : "log.not_sealed", "reason=\"%s\"",
               error->what);
    }
    if (sealed && sealed->n_left_out) {
        dm_log(node->env->log, DM_LOG_WARNING, "log.left_out", "events=%zu",
               sealed->n_left_out);
    }
    const struct dm_chain *chain =
        sealed ? dm_sealer_chain(node->sealer) : NULL;
    struct dm_own_tip *tip = chain ? own_tip_of(chain) : NULL;
    if (tip) {
        dm_free(atomic_exchange(&node->sealed_tip, tip));
        dm_waker_wake(&node->waker);
    }
}

static void
take_own_tip(struct dm_node *node)
{
    struct dm_own_tip *tip = atomic_exchange(&node->sealed_tip, NULL);
    if (tip) {
        dm_logs_set_own(node->logs, tip->seq,
                        dm_str_n((const char *)tip->record, tip->n));
        dm_peers_log_changed(node->peers, dm_key_public(node->key));
        dm_outbox_log_changed(node->outbox);
        dm_free(tip);
    }
}

void
dm_node_log_changed(struct dm_node *node,
                    const uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    DM_ON_LOOP();
    dm_logs_changed(node->logs, log);
    dm_peers_log_changed(node->peers, log);
    dm_rounds_hurry(node->rounds);
}

static void
take_note(struct dm_node *node, struct dm_commit_note *note)
{
    bool is_news = note->has_status_change;
    for (size_t i = 0; i < note->n_changes; ++i) {
        is_news = dm_node_tell_change(node, &note->changes[i]) || is_news;
    }
    node->n_results += note->n_changes;
    node->n_dropped = note->dropped;
    if (note->is_full != node->is_full) {
        node->is_full = note->is_full;
        dm_log(node->env->log, note->is_full ? DM_LOG_ERROR : DM_LOG_INFO,
               note->is_full ? "store.full" : "store.writes_again",
               "dropped=%llu", (unsigned long long)note->dropped);
        dm_rounds_hurry(node->rounds);
    }
    if (is_news) {
        dm_rounds_hurry(node->rounds);
    }
    dm_commit_note_free(note);
}

// Something came back to the loop
static void
on_wake(void *context)
{
    struct dm_node *node = context;
    DM_ON_LOOP();
    dm_job_pool_finish(node->users);
    dm_job_pool_finish(node->rules);
    dm_job_pool_finish(node->sync);
    take_own_tip(node);
    for (struct dm_return *back = dm_queue_pop(node->returns); back;
         back = dm_queue_pop(node->returns)) {
        back->run(back, node);
    }
    for (struct dm_commit_note *note = dm_queue_pop(node->notes); note;
         note = dm_queue_pop(node->notes)) {
        take_note(node, note);
    }
}

static void
on_result(void *context, struct dm_result *result)
{
    struct dm_node *node = context;
    DM_ON_LOOP();
    if (dm_writer_result(node->writer, result)) {
        ++node->n_dropped;
        dm_log(node->env->log, DM_LOG_ERROR, "result.dropped", "check=\"%.*s\"",
               (int)result->check.n, result->check.data);
        dm_result_free(result);
    }
}

static void
discard_note(void *item)
{
    dm_commit_note_free(item);
}

// At the end: tasks that came back too late know how to release themselves
static void
discard_return(void *item)
{
    (void)item; // run() needs a loop; dm_node_free() has drained the queue
}

// ----------------------------------------------------------------------- life

static enum dm_status
copy_options(struct dm_node *node, const struct dm_node_options *options)
{
    node->options = *options;
    node->env = options->env;
    node->net = options->net;
    node->config_directory = dm_strndup(options->config_directory,
                                        strlen(options->config_directory));
    node->data_directory =
        dm_strndup(options->data_directory, strlen(options->data_directory));
    node->host_name = dm_strndup(options->host_name.data, options->host_name.n);
    if (options->socket_path) {
        node->socket_path =
            dm_strndup(options->socket_path, strlen(options->socket_path));
    }
    if (options->guard_path) {
        node->guard_path =
            dm_strndup(options->guard_path, strlen(options->guard_path));
    }
    return node->config_directory && node->data_directory && node->host_name &&
                   (node->socket_path || !options->socket_path) &&
                   (node->guard_path || !options->guard_path)
               ? DM_OK
               : DM_ERR_NO_MEMORY;
}

static enum dm_status
make_writer(struct dm_node *node)
{
    const struct dm_node_settings *settings = &node->config->node;
    node->ballast_path = join(node->data_directory, "ballast");
    if (!node->ballast_path) {
        return DM_ERR_NO_MEMORY;
    }
    make_ballast(node, node->ballast_path);
    const struct dm_sealer_options sealer = {
        .env = node->env,
        .key = node->key,
        .guard_path = node->guard_path,
        .keep_blocks_ms = settings->keep_blocks_ms,
    };
    node->sealer = dm_sealer_new(&sealer);
    if (!node->sealer) {
        return DM_ERR_NO_MEMORY;
    }
    const struct dm_writer_options options = {
        .env = node->env,
        .store = node->store,
        .log_iri = dm_str(node->iri),
        .ballast_path = node->ballast_path,
        .seal_ns = settings->seal_ms * DM_NS_PER_MS,
        .keep_raw_ms = settings->keep_raw_ms,
        .max_bytes = settings->max_size,
        .sealer = node->sealer,
        .on_sealed = on_sealed,
        .committed = on_committed,
        .context = node,
    };
    node->writer = dm_writer_new(&options);
    return node->writer ? DM_OK : DM_ERR_NO_MEMORY;
}

static enum dm_status
make_logs(struct dm_node *node)
{
    const struct dm_logs_options options = {
        .env = node->env,
        .loop = node->net->loop,
        .own = dm_key_public(node->key),
        .news = dm_node_tell_logs,
        .context = node,
    };
    node->logs = dm_logs_new(&options);
    return node->logs ? DM_OK : DM_ERR_NO_MEMORY;
}

static enum dm_status
make_parts(struct dm_node *node)
{
    const struct dm_runner_options runner = {
        .env = node->env,
        .net = node->net,
        .sink = on_result,
        .sink_context = node,
    };
    dm_waker_init(&node->waker, node->net->loop, on_wake, node);
    node->has_waker = true;
    node->notes =
        dm_queue_new(NOTES_MAX, discard_note, dm_waker_wake, &node->waker);
    node->returns =
        dm_queue_new(RETURNS_MAX, discard_return, dm_waker_wake, &node->waker);
    node->users = dm_job_pool_new(DM_USERS, DM_USERS_WAITING, dm_waker_wake,
                                  &node->waker);
    node->rules = dm_job_pool_new(1, 1, dm_waker_wake, &node->waker);
    node->sync = dm_job_pool_new(1, SYNC_WAITING, dm_waker_wake, &node->waker);
    node->presents = dm_present_cache_new();
    node->runner = dm_runner_new(&runner);
    node->alertmanagers = dm_alertmanagers_new(node->env, node->net);
    node->events = dm_events_new(node->net->loop);
    node->outbox = dm_outbox_new(node);
    if (!node->notes || !node->returns || !node->users || !node->rules ||
        !node->sync || !node->presents || !node->runner ||
        !node->alertmanagers || !node->events || !node->outbox) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status = make_logs(node);
    if (!status) {
        status = dm_peers_new(node, &node->peers);
    }
    if (!status) {
        status = make_writer(node);
    }
    return status ? status : dm_rounds_new(node, &node->rounds);
}

enum dm_status
dm_node_new(const struct dm_node_options *options, struct dm_node **ret,
            struct dm_error *error)
{
    struct dm_node *node = dm_calloc(1, sizeof(*node));
    if (!node) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status = copy_options(node, options);
    if (!status) {
        status = take_lock(node, error);
    }
    if (!status) {
        status = open_key(node, error);
    }
    if (!status) {
        keep_identity(node);
        const struct dm_initial_options initial = {
            .env = node->env,
            .config_directory = node->config_directory,
            .name = options->host_name,
        };
        status = dm_initial_write(&initial, NULL, NULL, error);
    }
    if (!status) {
        status = dm_node_load(node, error);
    }
    if (!status) {
        status = open_store(node, error);
    }
    if (!status) {
        status = make_parts(node);
    }
    if (status) {
        dm_node_free(node);
        return status;
    }
    *ret = node;
    return DM_OK;
}

// What still came back from the writer, now that nothing runs any more
static void
drain_returns(struct dm_node *node)
{
    if (!node->returns) {
        return;
    }
    for (struct dm_return *back = dm_queue_pop(node->returns); back;
         back = dm_queue_pop(node->returns)) {
        back->run(back, node);
    }
}

static void
free_texts(struct dm_node *node)
{
    dm_free(node->config_directory);
    dm_free(node->data_directory);
    dm_free(node->socket_path);
    dm_free(node->host_name);
    dm_free(node->ballast_path);
    dm_free(node->guard_path);
    dm_free(node->config_state.report);
}

void
dm_node_free(struct dm_node *node)
{
    if (!node) {
        return;
    }
    if (node->rounds) {
        dm_rounds_stop(node->rounds);
    }
    dm_watch_stop(node->watch);
    dm_loop_timer_stop(node->net->loop, &node->once_timer);
    dm_node_close_servers(node);
    if (node->peers) {
        dm_peers_stop(node->peers);
    }
    if (node->outbox) {
        dm_outbox_stop(node->outbox);
    }
    dm_job_pool_free(node->users);
    dm_job_pool_free(node->rules);
    dm_job_pool_free(node->sync);
    dm_runner_free(node->runner);
    dm_writer_free(node->writer); // Writes what waits
    dm_sealer_free(node->sealer);
    dm_free(atomic_load(&node->sealed_tip));
    drain_returns(node);
    dm_peers_free(node->peers);
    dm_outbox_free(node->outbox);
    dm_rounds_free(node->rounds);
    dm_alertmanagers_free(node->alertmanagers);
    dm_events_free(node->events);
    dm_logs_free(node->logs);
    dm_queue_free(node->notes);
    dm_queue_free(node->returns);
    if (node->has_waker) {
        dm_waker_done(&node->waker);
    }
    dm_present_cache_free(node->presents);
    dm_store_close(node->store);
    dm_tokens_free(node->tokens);
    dm_config_unref(node->config);
    dm_identity_done(&node->identity);
    dm_key_free(node->key);
    dm_env_unlock(node->env, node->lock);
    free_texts(node);
    dm_free(node);
}

struct dm_actor
dm_node_actor(struct dm_node *node, size_t i)
{
    assert(i < DM_NODE_ACTORS);
    if (i == 0) {
        return dm_loop_actor(node->net->loop);
    }
    if (i == 1) {
        return dm_writer_actor(node->writer);
    }
    if (i == 2) {
        return dm_job_pool_worker(node->rules, 0);
    }
    return i == 3 ? dm_job_pool_worker(node->sync, 0)
                  : dm_job_pool_worker(node->users, i - 4);
}

void
dm_node_set_wake(struct dm_node *node, size_t i, dm_wake_fn wake, void *context)
{
    assert(i > 0 && i < DM_NODE_ACTORS);
    if (i == 1) {
        dm_writer_set_wake(node->writer, wake, context);
    } else if (i == 2) {
        dm_job_pool_set_wake(node->rules, 0, wake, context);
    } else if (i == 3) {
        dm_job_pool_set_wake(node->sync, 0, wake, context);
    } else {
        dm_job_pool_set_wake(node->users, i - 4, wake, context);
    }
}

// ---------------------------------------------------------------------- start

static enum dm_status
restore_row(struct dm_node *node, struct dm_snapshot *snapshot,
            const struct dm_latest *latest)
{
    struct dm_term term;
    const enum dm_status status =
        dm_snapshot_term(snapshot, latest->event.check, &term);
    if (status) {
        return status;
    }
    const struct dm_runner_memory memory = {
        .check = term.value,
        .bad = latest->bad < 0            ? 0
               : latest->bad > UINT32_MAX ? UINT32_MAX
                                          : (uint32_t)latest->bad,
        .started_at_ms = latest->started.ms ? latest->started_at_ms : INT64_MIN,
        .run_id = latest->started_run_id,
    };
    dm_runner_restore(node->runner, &memory);
    return DM_OK;
}

// What was counted before the restart goes on
static enum dm_status
restore(struct dm_node *node)
{
    struct dm_work work;
    struct dm_snapshot *snapshot = NULL;
    struct dm_latest_scan *scan = NULL;
    dm_log_no log = 0;
    dm_work_init(&work, node->env, INT64_MAX, RESTORE_MEMORY);
    enum dm_status status = dm_snapshot_open(node->store, &work, &snapshot);
    if (!status) {
        status = dm_snapshot_log_number(snapshot, dm_str(node->iri), &log);
    }
    if (!status) {
        status = dm_latest_open(snapshot, log, DM_ID_NONE, &scan);
    }
    struct dm_latest latest;
    while (!status) {
        status = dm_latest_next(scan, &latest);
        if (!status) {
            status = restore_row(node, snapshot, &latest);
        }
    }
    dm_latest_close(scan);
    dm_snapshot_close(snapshot);
    return status == DM_END || status == DM_ERR_NOT_FOUND ? DM_OK : status;
}

static void
look_for_end(void *context)
{
    struct dm_node *node = context;
    struct dm_runner_figures figures;
    dm_runner_figures(node->runner, &figures);
    if (!figures.running && figures.runs >= figures.probed &&
        node->n_results + node->n_dropped >= figures.runs) {
        dm_node_stop(node);
        return;
    }
    dm_loop_timer_start(node->net->loop, &node->once_timer,
                        dm_loop_now_ns(node->net->loop) + ONCE_NS, look_for_end,
                        node);
}

// What was published before the restart is told again.
static enum dm_status
tell_own_tip(struct dm_node *node)
{
    struct dm_work work;
    struct dm_snapshot *snapshot = NULL;
    struct dm_chain *chain = NULL;
    dm_work_init(&work, node->env, INT64_MAX, RESTORE_MEMORY);
    enum dm_status status = dm_snapshot_open(node->store, &work, &snapshot);
    if (status) {
        return status;
    }
    status = dm_chain_peek(snapshot, dm_key_public(node->key), &chain);
    dm_snapshot_close(snapshot);
    if (!status && chain->n_record) {
        dm_logs_set_own(node->logs, chain->seq,
                        dm_str_n((const char *)chain->record, chain->n_record));
    }
    dm_chain_free(chain);
    return status == DM_ERR_NOT_FOUND ? DM_OK : status;
}

static enum dm_status
publish(struct dm_node *node)
{
    struct dm_log_conf *conf = NULL;
    enum dm_status status = dm_log_conf_new(node->config, &conf);
    if (!status) {
        status = dm_node_publish(node, conf, NULL);
        dm_log_conf_unref(conf);
    }
    return status;
}

enum dm_status
dm_node_start(struct dm_node *node, struct dm_error *error)
{
    assert(!node->is_started);
    enum dm_status status = dm_node_listen(node, error);
    if (!status) {
        status = dm_runner_take_over(node->runner, node->config);
    }
    if (!status) {
        status = dm_alertmanagers_configure(node->alertmanagers, node->config);
    }
    if (!status) {
        status = restore(node);
    }
    if (!status) {
        status = tell_own_tip(node);
    }
    if (!status) {
        status = publish(node);
    }
    if (!status) {
        status = dm_peers_configure(node->peers, node->config);
    }
    if (!status) {
        dm_outbox_configure(node->outbox, node->config);
    }
    if (status) {
        if (error && !error->what[0]) {
            (void)dm_error_set(error, status, "%s", dm_status_text(status));
        }
        return status;
    }
    node->is_started = true;
    dm_node_watch(node);
    dm_rounds_hurry(node->rounds);
    if (node->options.once) {
        dm_loop_timer_start(node->net->loop, &node->once_timer,
                            dm_loop_now_ns(node->net->loop) + ONCE_NS,
                            look_for_end, node);
    }
    dm_log(node->env->log, DM_LOG_INFO, "node.started",
           "name=%.*s port=%u checks=%zu", (int)node->config->node.name.n,
           node->config->node.name.data, (unsigned)node->port,
           node->config->n_checks);
    return DM_OK;
}

void
dm_node_stop(struct dm_node *node)
{
    DM_ON_LOOP();
    if (node->is_stopping) {
        return;
    }
    node->is_stopping = true;
    dm_rounds_stop(node->rounds);
    dm_log(node->env->log, DM_LOG_INFO, "node.stopping", "results=%llu",
           (unsigned long long)node->n_results);
    dm_loop_end(node->net->loop);
}

bool
dm_node_is_stopping(const struct dm_node *node)
{
    return node->is_stopping;
}

bool
dm_node_is_healthy(const struct dm_node *node)
{
    return dm_env_monotonic_ns(node->env) - dm_writer_alive_ns(node->writer) <
           ALIVE_NS * 2;
}

bool
dm_node_is_ready(const struct dm_node *node)
{
    return node->is_started && !node->is_stopping;
}

uint16_t
dm_node_port(const struct dm_node *node)
{
    return node->port;
}
