// SPDX-License-Identifier: ISC

// Loading the configuration and taking it over.
//
//   changed file, SIGHUP, /-/reload
//        └> load job (a worker reads files) ─> no errors: taken over, published
//                                           └> errors: the old one stays

#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/node_private.h"
#include "net/watch.h"
#include "quadstore/write.h"
#include "rdf/reader.h"
#include "sync/conf.h"
#include "vocab/normal.h"
#include "vocab/vocabulary.h"

#include <stddef.h>
#include <string.h>

#define REPORT_MAX (1U << 20U)
#define SETTLE_NS INT64_C(300000000) // A change is taken over when it is quiet
#define TRIPLES_MAX 4000000U
#define DIRECTORIES_MAX 1000U
#define PATH_MAX_BYTES 4096U
#define LOAD_MEMORY (64U << 20U)

struct directories;

struct load_job {
    struct dm_job job;
    struct dm_node *node;
    struct dm_config_report *report;
    struct dm_config *config;        // NULL where it has errors
    struct dm_log_conf *conf;        // What is published of it
    struct directories *directories; // To be watched
};

static struct dm_config_options
load_options(const struct dm_node *node)
{
    return (struct dm_config_options){
        .env = node->env,
        .directory = node->config_directory,
        .node_iri = dm_str(node->iri),
        .node_name = dm_str(node->host_name),
    };
}

// -------------------------------------------------------------------- watching

struct directories {
    const struct dm_env *env;
    char *paths[DIRECTORIES_MAX];
    size_t n;
    const char *parent; // Of what is being listed
};

static enum dm_status
add_directory(struct directories *all, const char *path)
{
    if (all->n == DIRECTORIES_MAX) {
        return DM_END; // The rest is taken over by SIGHUP
    }
    all->paths[all->n] = dm_strndup(path, strlen(path));
    if (!all->paths[all->n]) {
        return DM_ERR_NO_MEMORY;
    }
    ++all->n;
    return DM_OK;
}

static enum dm_status
on_entry(void *context, struct dm_str name)
{
    struct directories *all = context;
    struct dm_buf path;
    struct dm_file_info info;
    enum dm_status status = DM_OK;
    dm_buf_init(&path, PATH_MAX_BYTES);
    if (name.n && name.data[0] != '.') {
        (void)dm_buf_printf(&path, "%s/%.*s", all->parent, (int)name.n,
                            name.data);
        if (!path.status &&
            dm_env_info(all->env, dm_buf_cstr(&path), &info) == DM_OK &&
            info.kind == DM_FILE_DIRECTORY) {
            status = add_directory(all, dm_buf_cstr(&path));
        }
    }
    dm_buf_done(&path);
    return status;
}

static void
directories_free(struct directories *all)
{
    if (all) {
        for (size_t i = 0; i < all->n; ++i) {
            dm_free(all->paths[i]);
        }
        dm_free(all);
    }
}

// The configuration's directory and all below it; what cannot be read is not
// watched, and the configuration says why.
static struct directories *
directories_new(const struct dm_node *node)
{
    struct directories *all = dm_calloc(1, sizeof(*all));
    if (!all) {
        return NULL;
    }
    all->env = node->env;
    enum dm_status status = add_directory(all, node->config_directory);
    for (size_t i = 0; !status && i < all->n; ++i) {
        all->parent = all->paths[i];
        status = dm_env_list(node->env, all->paths[i], on_entry, all);
    }
    return all;
}

static void
on_change(void *context)
{
    dm_node_reload(context);
}

static void
watch_directories(struct dm_node *node, const struct directories *all)
{
    struct dm_watch *watch = NULL;
    struct dm_error error = {0};
    if (all && all->n) {
        const struct dm_watch_spec spec = {
            .directories = (const char *const *)all->paths,
            .n = all->n,
            .settle_ns = SETTLE_NS,
        };
        if (dm_watch_start(node->net->watcher, &spec, on_change, node, &watch,
                           &error)) {
            dm_log(node->env->log, DM_LOG_WARNING, "config.unwatched",
                   "reason=\"%s\"", error.what);
        }
    }
    dm_watch_stop(node->watch);
    node->watch = watch;
}

void
dm_node_watch(struct dm_node *node)
{
    struct directories *all = directories_new(node);
    watch_directories(node, all);
    directories_free(all);
}

// ------------------------------------------------------------------ what it
// says

static void
log_report(const struct dm_node *node, const struct dm_config_report *report)
{
    struct dm_buf line;
    dm_buf_init(&line, REPORT_MAX);
    for (size_t i = 0;; ++i) {
        const struct dm_diagnostic *said = dm_config_report_at(report, i);
        if (!said) {
            break;
        }
        dm_buf_clear(&line);
        dm_error_print(&said->error, &line);
        dm_log(node->env->log, said->is_warning ? DM_LOG_WARNING : DM_LOG_ERROR,
               said->is_warning ? "config.warning" : "config.error", "%s",
               dm_buf_cstr(&line));
    }
    dm_buf_done(&line);
}

static void
keep_report(struct dm_node *node, const struct dm_config_report *report)
{
    struct dm_config_state *state = &node->config_state;
    struct dm_buf text;
    dm_buf_init(&text, REPORT_MAX);
    dm_config_report_print(report, &text);
    dm_free(state->report);
    state->n_errors = dm_config_report_errors(report);
    state->n_warnings = dm_config_report_warnings(report);
    state->is_valid = state->n_errors == 0;
    state->report = dm_buf_take(&text, NULL);
    dm_buf_done(&text);
}

// ------------------------------------------------------------------ publishing

// Triples of a graph, with ids of one transaction
struct triples {
    struct dm_txn *txn;
    struct dm_triple_ids *items;
    size_t n;
    size_t capacity;
};

static enum dm_status
add_triple(struct triples *triples, const struct dm_quad *quad)
{
    struct dm_triple_ids *items =
        dm_grow(triples->items, &triples->capacity, triples->n + 1,
                sizeof(*triples->items), TRIPLES_MAX);
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    triples->items = items;
    struct dm_triple_ids *place = &items[triples->n];
    enum dm_status status = dm_txn_intern(triples->txn, &quad->s, &place->s);
    if (!status) {
        status = dm_txn_intern(triples->txn, &quad->p, &place->p);
    }
    if (!status) {
        status = dm_txn_intern(triples->txn, &quad->o, &place->o);
    }
    triples->n += status ? 0 : 1;
    return status;
}

static enum dm_status
on_normal_quad(void *context, const struct dm_quad *quad)
{
    return add_triple(context, quad);
}

static enum dm_status
on_vocabulary_quad(void *context, const struct dm_quad *quad,
                   const struct dm_quad_positions *positions,
                   struct dm_error *error)
{
    (void)positions;
    (void)error;
    return add_triple(context, quad);
}

static enum dm_status
replace(struct triples *triples, const char *graph)
{
    const struct dm_term term = dm_term_iri(dm_str(graph));
    dm_id id = DM_ID_NONE;
    enum dm_status status = dm_txn_intern(triples->txn, &term, &id);
    if (!status) {
        status =
            dm_txn_replace_graph(triples->txn, id, triples->items, triples->n);
    }
    dm_free(triples->items);
    triples->items = NULL;
    triples->n = 0;
    triples->capacity = 0;
    return status;
}

static enum dm_status
publish_vocabulary(struct dm_txn *txn)
{
    struct triples triples = {.txn = txn};
    const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE,
        .base = DM_STR(DM_VOCAB_NS),
        .blank_prefix = DM_STR("vocabulary"),
    };
    const enum dm_status status = dm_read_text(
        &options, dm_vocabulary_text, on_vocabulary_quad, &triples, NULL);
    const enum dm_status replaced =
        replace(&triples, "https://w3id.org/demonitor");
    return status ? status : replaced;
}

struct publishing {
    struct dm_write_task task;
    struct dm_return back;
    struct dm_node *node;
    struct dm_config *config;
    struct dm_log_conf *conf; // To be sealed
    char *graph;
    char **gone; // IRIs of checks that are retired
    size_t n_gone;
    size_t gone_capacity;
};

static enum dm_status
retire_gone(const struct publishing *publishing, struct dm_txn *txn)
{
    dm_log_no log = 0;
    enum dm_status status =
        dm_txn_log_number(txn, publishing->config->node.iri, &log);
    for (size_t i = 0; !status && i < publishing->n_gone; ++i) {
        const struct dm_term term = dm_term_iri(dm_str(publishing->gone[i]));
        dm_id id = DM_ID_NONE;
        status = dm_txn_intern(txn, &term, &id);
        if (!status) {
            status = dm_txn_retire(txn, log, id);
        }
    }
    return status;
}

static enum dm_status
publish_apply(struct dm_write_task *task, struct dm_txn *txn)
{
    const struct publishing *publishing =
        DM_CONST_CONTAINER_OF(task, struct publishing, task);
    struct triples triples = {.txn = txn};
    enum dm_status status =
        dm_config_quads(publishing->config, on_normal_quad, &triples);
    const enum dm_status replaced = replace(&triples, publishing->graph);
    if (!status) {
        status = replaced;
    }
    if (!status) {
        status = publish_vocabulary(txn);
    }
    if (!status) {
        status = retire_gone(publishing, txn);
    }
    if (!status) {
        dm_sealer_configure(publishing->node->sealer, publishing->conf,
                            publishing->config->node.keep_blocks_ms);
        if (!publishing->config->n_peers) {
            // Nobody to ask whether this log went on elsewhere
            dm_sealer_release(publishing->node->sealer);
        }
    }
    return status;
}

static void
publishing_free(struct publishing *publishing)
{
    for (size_t i = 0; i < publishing->n_gone; ++i) {
        dm_free(publishing->gone[i]);
    }
    dm_free(publishing->gone);
    dm_free(publishing->graph);
    dm_log_conf_unref(publishing->conf);
    dm_config_unref(publishing->config);
    dm_free(publishing);
}

static void
on_published(struct dm_return *back, struct dm_node *node)
{
    struct publishing *publishing =
        DM_CONTAINER_OF(back, struct publishing, back);
    if (back->status) {
        dm_log(node->env->log, DM_LOG_WARNING, "config.unpublished",
               "reason=\"%s\"", dm_status_text(back->status));
    }
    publishing_free(publishing);
    dm_rounds_hurry(node->rounds);
}

static void
publish_finished(struct dm_write_task *task, enum dm_status status)
{
    struct publishing *publishing =
        DM_CONTAINER_OF(task, struct publishing, task);
    publishing->back.status = status;
    dm_node_return(publishing->node, &publishing->back);
}

static void
note_gone(void *context, enum dm_config_change change,
          const struct dm_check_def *old, const struct dm_check_def *now)
{
    struct publishing *publishing = context;
    (void)now;
    if (change != DM_CONFIG_GONE || !old) {
        return;
    }
    char **gone =
        dm_grow(publishing->gone, &publishing->gone_capacity,
                publishing->n_gone + 1, sizeof(char *), DM_CONFIG_CHECKS_MAX);
    if (gone) {
        publishing->gone = gone;
        gone[publishing->n_gone] = dm_strndup(old->iri.data, old->iri.n);
        publishing->n_gone += gone[publishing->n_gone] ? 1 : 0;
    }
}

enum dm_status
dm_node_publish(struct dm_node *node, struct dm_log_conf *conf,
                const struct dm_config *old)
{
    struct publishing *publishing = dm_calloc(1, sizeof(*publishing));
    if (!publishing) {
        return DM_ERR_NO_MEMORY;
    }
    publishing->task = (struct dm_write_task){
        .apply = publish_apply,
        .finished = publish_finished,
        .durable = true,
        .seals = true,
    };
    publishing->back.run = on_published;
    publishing->node = node;
    publishing->config = dm_config_ref(conf->config);
    publishing->conf = dm_log_conf_ref(conf);
    struct dm_buf graph;
    dm_buf_init(&graph, PATH_MAX_BYTES);
    (void)dm_buf_printf(&graph, "%s#config", node->iri);
    publishing->graph = dm_buf_take(&graph, NULL);
    dm_config_compare(old, node->config, note_gone, publishing);
    enum dm_status status = publishing->graph ? DM_OK : DM_ERR_NO_MEMORY;
    if (!status) {
        status = dm_writer_task(node->writer, &publishing->task);
    }
    if (status) {
        publishing_free(publishing);
    }
    return status;
}

// -------------------------------------------------------------------- taking
// over

void
dm_node_take_over(struct dm_node *node, struct dm_log_conf *conf)
{
    DM_ON_LOOP();
    struct dm_config *config = conf->config;
    struct dm_tokens *tokens = NULL;
    enum dm_status status = dm_tokens_new(config, &tokens);
    if (!status) {
        status = dm_runner_take_over(node->runner, config);
    }
    if (!status) {
        status = dm_alertmanagers_configure(node->alertmanagers, config);
    }
    if (status) {
        dm_log(node->env->log, DM_LOG_ERROR, "config.not_taken_over",
               "reason=\"%s\"", dm_status_text(status));
        dm_tokens_free(tokens);
        return;
    }
    struct dm_config *old = node->config;
    node->config = dm_config_ref(config);
    dm_tokens_free(node->tokens);
    node->tokens = tokens;
    dm_node_relisten(node);
    const struct dm_node_settings *settings = &config->node;
    dm_writer_configure(node->writer, settings->seal_ms * DM_NS_PER_MS,
                        settings->keep_raw_ms, settings->max_size);
    status = dm_peers_configure(node->peers, config);
    if (status) {
        dm_log(node->env->log, DM_LOG_WARNING, "config.peers", "reason=\"%s\"",
               dm_status_text(status));
    }
    dm_outbox_configure(node->outbox, config);
    status = dm_node_publish(node, conf, old);
    if (status) {
        dm_log(node->env->log, DM_LOG_WARNING, "config.unpublished",
               "reason=\"%s\"", dm_status_text(status));
    }
    dm_config_unref(old);
    dm_rounds_hurry(node->rounds);
    dm_log(node->env->log, DM_LOG_INFO, "config.loaded",
           "files=%zu checks=%zu rules=%zu", config->n_files, config->n_checks,
           config->n_rules);
}

static enum dm_status
load_step(struct dm_job *job)
{
    struct load_job *load = (struct load_job *)job;
    const struct dm_config_options options = load_options(load->node);
    load->directories = directories_new(load->node);
    const enum dm_status status =
        dm_config_load(&options, load->report, &load->config);
    return status ? status : dm_log_conf_new(load->config, &load->conf);
}

static void
load_free(struct dm_job *job)
{
    struct load_job *load = (struct load_job *)job;
    dm_config_report_free(load->report);
    dm_config_unref(load->config);
    dm_log_conf_unref(load->conf);
    directories_free(load->directories);
    dm_free(load);
}

static void
tell_config(struct dm_node *node)
{
    struct dm_buf json;
    dm_buf_init(&json, DM_EVENT_MAX);
    (void)dm_buf_printf(&json, "{\"valid\":%s,\"errors\":%zu}",
                        node->config_state.is_valid ? "true" : "false",
                        node->config_state.n_errors);
    dm_events_publish(node->events, "config", dm_buf_str(&json));
    dm_buf_done(&json);
}

static void
load_done(struct dm_job *job)
{
    struct load_job *load = (struct load_job *)job;
    struct dm_node *node = load->node;
    DM_ON_LOOP();
    node->is_reloading = false;
    if (job->status == DM_OK || job->status == DM_ERR_SYNTAX) {
        log_report(node, load->report);
        keep_report(node, load->report);
    }
    if (job->status == DM_OK) {
        dm_node_take_over(node, load->conf);
        watch_directories(node, load->directories);
    } else {
        dm_log(node->env->log, DM_LOG_WARNING, "config.kept",
               "reason=\"%s\" errors=%zu", dm_status_text(job->status),
               node->config_state.n_errors);
        dm_rounds_hurry(node->rounds);
    }
    tell_config(node);
    load_free(job);
    if (node->reload_again) {
        dm_node_reload(node);
    }
}

static const struct dm_job_ops load_ops = {
    .name = "load",
    .step = load_step,
    .done = load_done,
    .free = load_free,
};

void
dm_node_reload(struct dm_node *node)
{
    DM_ON_LOOP();
    node->reload_again = node->is_reloading;
    if (node->is_reloading || node->is_stopping) {
        return;
    }
    struct load_job *load = dm_calloc(1, sizeof(*load));
    if (load) {
        load->report = dm_config_report_new();
    }
    if (!load || !load->report) {
        dm_free(load);
        return;
    }
    load->job.ops = &load_ops;
    load->node = node;
    dm_work_init(&load->job.work, node->env, INT64_MAX, LOAD_MEMORY);
    if (dm_job_start(node->users, &load->job)) {
        load_free(&load->job);
        return;
    }
    node->is_reloading = true;
}

enum dm_status
dm_node_load(struct dm_node *node, struct dm_error *error)
{
    struct dm_config_report *report = dm_config_report_new();
    if (!report) {
        return DM_ERR_NO_MEMORY;
    }
    const struct dm_config_options options = load_options(node);
    const enum dm_status status =
        dm_config_load(&options, report, &node->config);
    log_report(node, report);
    keep_report(node, report);
    if (status == DM_ERR_SYNTAX) {
        (void)dm_error_set(error, status, "the configuration has %zu errors",
                           dm_config_report_errors(report));
        dm_error_where(error, dm_str(node->config_directory), 0, 0);
        dm_error_hint(error, "See demonitor validate");
    } else if (status) {
        (void)dm_error_set(error, status,
                           "the configuration cannot be read: %s",
                           dm_status_text(status));
    }
    dm_config_report_free(report);
    return status ? status : dm_tokens_new(node->config, &node->tokens);
}
