// SPDX-License-Identifier: ISC

// /metrics for Prometheus: the names of blackbox_exporter for checks, so that
// dashboards work, and demonitor_* for the daemon itself. Text 0.0.4, or
// OpenMetrics where Accept prefers it.

#include "alert/present.h"
#include "base/never.h"
#include "daemon/node_private.h"
#include "daemon/peer_rows.h"
#include "quadstore/store.h"

#include <stdio.h>

#define MICROS 1e6
#define MILLIS 1e3

struct metrics_reply {
    struct dm_reply_job reply;
    bool is_open_metrics;
    bool is_config_valid;
    struct dm_runner_figures runner;
    struct dm_rounds_figures rounds;
    struct dm_outbox_figures kubo;
    uint64_t n_results;
    uint64_t n_dropped;
    size_t alerts[3]; // By enum dm_alert_state
    struct dm_peer_rows peers;
};

static const char *const types[] = {
    "text/plain",
    "application/openmetrics-text",
};

static enum dm_status
metrics_init(struct dm_reply_job *job)
{
    struct metrics_reply *metrics = (struct metrics_reply *)job;
    const struct dm_node *node = job->request.node;
    const struct dm_alerts *alerts = dm_rounds_alerts(node->rounds);
    metrics->is_open_metrics =
        dm_request_accepts(&job->request, types, DM_COUNT_OF(types)) == 1;
    metrics->is_config_valid = node->config_state.is_valid;
    metrics->n_results = node->n_results;
    metrics->n_dropped = node->n_dropped;
    dm_runner_figures(node->runner, &metrics->runner);
    dm_rounds_figures(node->rounds, &metrics->rounds);
    dm_outbox_figures(node->outbox, &metrics->kubo);
    for (size_t i = 0; i < dm_alerts_count(alerts); ++i) {
        ++metrics->alerts[dm_alerts_at(alerts, i)->state];
    }
    const enum dm_status status = dm_peer_rows_gather(&metrics->peers, node);
    if (status) {
        dm_reply_problem(&job->request, 503, "out of memory", NULL);
    }
    return status;
}

static void
metrics_done(struct dm_reply_job *job)
{
    dm_peer_rows_done(&((struct metrics_reply *)job)->peers);
}

static void
put_label(struct dm_buf *out, struct dm_str value)
{
    for (size_t i = 0; i < value.n; ++i) {
        const char c = value.data[i];
        if (c == '\\' || c == '"') {
            (void)dm_buf_putc(out, '\\');
            (void)dm_buf_putc(out, c);
        } else if (c == '\n') {
            (void)dm_buf_puts(out, "\\n");
        } else {
            (void)dm_buf_putc(out, c);
        }
    }
}

// A family of one kind. A counter's samples end in _total, and in OpenMetrics
// its name does not.
static void
put_family(struct dm_reply_job *job, const char *name, const char *kind,
           const char *help)
{
    const struct metrics_reply *metrics = (const struct metrics_reply *)job;
    static const struct dm_str total = DM_STR("_total");
    struct dm_str family = dm_str(name);
    if (metrics->is_open_metrics && dm_str_ends(family, total)) {
        family.n -= total.n;
    }
    (void)dm_buf_printf(&job->out, "# HELP %.*s %s\n# TYPE %.*s %s\n",
                        (int)family.n, family.data, help, (int)family.n,
                        family.data, kind);
}

static void
put_value(struct dm_reply_job *job, const char *name, double value)
{
    (void)dm_buf_printf(&job->out, "%s %.15g\n", name, value);
}

static void
put_state(struct dm_reply_job *job, const char *name,
          const struct dm_view_state *state, double value)
{
    struct dm_buf *out = &job->out;
    (void)dm_buf_printf(out, "%s{check=\"", name);
    put_label(out, state->name);
    (void)dm_buf_puts(out, "\",node=\"");
    put_label(out, state->node ? state->node->name : (struct dm_str){"", 0});
    (void)dm_buf_printf(out, "\"} %.15g\n", value);
}

// One family over all states that have a value
typedef bool (*state_value_fn)(const struct dm_view_state *state, double *ret);

static bool
success_of(const struct dm_view_state *state, double *ret)
{
    *ret = state->status == DM_RESULT_OK ? 1 : 0;
    return true;
}

static bool
duration_of(const struct dm_view_state *state, double *ret)
{
    *ret = (double)state->micros / MICROS;
    return state->micros != DM_NO_MICROS;
}

static bool
expiry_of(const struct dm_view_state *state, double *ret)
{
    *ret = (double)state->certificate_expires_ms / MILLIS;
    return state->certificate_expires_ms != DM_NO_TIME;
}

static bool
status_of(const struct dm_view_state *state, double *ret)
{
    *ret = state->status;
    return true;
}

static bool
failing_of(const struct dm_view_state *state, double *ret)
{
    *ret = state->failing ? 1 : 0;
    return true;
}

static void
put_states(struct dm_reply_job *job, const char *name, const char *help,
           state_value_fn value_of)
{
    const struct dm_view *view = &job->present->view;
    put_family(job, name, "gauge", help);
    for (size_t i = 0; i < view->n_states; ++i) {
        double value = 0;
        if (value_of(&view->states[i], &value)) {
            put_state(job, name, &view->states[i], value);
        }
    }
}

static void
put_one(struct dm_reply_job *job, const char *name, const char *kind,
        const char *help, double value)
{
    put_family(job, name, kind, help);
    put_value(job, name, value);
}

static void
put_alerts(struct dm_reply_job *job)
{
    static const char *const names[] = {"pending", "firing", "resolved"};
    const struct metrics_reply *metrics = (const struct metrics_reply *)job;
    put_family(job, "demonitor_alerts", "gauge", "Alerts by their state");
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        (void)dm_buf_printf(&job->out, "demonitor_alerts{state=\"%s\"} %zu\n",
                            names[i], metrics->alerts[i]);
    }
}

static void
put_number(struct dm_reply_job *job, const char *name, const char *label,
           struct dm_str value, uint64_t number)
{
    (void)dm_buf_printf(&job->out, "%s{%s=\"", name, label);
    put_label(&job->out, value);
    (void)dm_buf_printf(&job->out, "\"} %llu\n", (unsigned long long)number);
}

// Of the logs that are held: the present has made their names unique
static void
put_logs(struct dm_reply_job *job)
{
    const struct dm_peer_rows *rows = &((struct metrics_reply *)job)->peers;
    put_family(job, "demonitor_log_seq", "gauge",
               "Newest entry of the node's log that is held here");
    for (size_t i = 0; i < rows->n; ++i) {
        if (rows->rows[i].log) {
            put_number(job, "demonitor_log_seq", "node", rows->rows[i].name,
                       rows->rows[i].seq);
        }
    }
    put_family(job, "demonitor_log_behind", "gauge",
               "Entries that are known of and not here yet");
    for (size_t i = 0; i < rows->n; ++i) {
        if (rows->rows[i].log) {
            put_number(job, "demonitor_log_behind", "node", rows->rows[i].name,
                       rows->rows[i].log->behind);
        }
    }
}

static void
put_peers(struct dm_reply_job *job)
{
    const struct dm_peer_rows *rows = &((struct metrics_reply *)job)->peers;
    put_family(job, "demonitor_peer_connected", "gauge",
               "1 while the peer answers us or comes to us");
    for (size_t i = 0; i < rows->n_links; ++i) {
        const struct dm_peer_link *link = &rows->links[i];
        put_number(job, "demonitor_peer_connected", "peer", link->name,
                   link->is_connected || link->comes ? 1 : 0);
    }
    put_family(job, "demonitor_peer_refused_total", "counter",
               "What the peer sent and was refused");
    for (size_t i = 0; i < rows->n_links; ++i) {
        put_number(job, "demonitor_peer_refused_total", "peer",
                   rows->links[i].name, rows->links[i].n_refused);
    }
}

static void
put_daemon(struct dm_reply_job *job, const struct dm_store_figures *store)
{
    const struct metrics_reply *metrics = (const struct metrics_reply *)job;
    put_family(job, "demonitor_build_info", "gauge", "Version of the program");
    (void)dm_buf_puts(&job->out,
                      "demonitor_build_info{version=\"" DM_VERSION "\"} 1\n");
    put_one(job, "demonitor_tainted", "gauge",
            "Bugs that were met and survived; report them",
            (double)dm_never_count());
    put_one(job, "demonitor_config_valid", "gauge",
            "1 while the configuration files have no errors",
            metrics->is_config_valid ? 1 : 0);
    put_one(job, "demonitor_checks", "gauge", "Checks that run here",
            metrics->runner.checks);
    put_one(job, "demonitor_probes_running", "gauge", "Probes under way",
            metrics->runner.running);
    put_one(job, "demonitor_probes_total", "counter", "Probes begun",
            (double)metrics->runner.runs);
    put_one(job, "demonitor_probe_late_seconds_total", "counter",
            "Time by which probes began late",
            (double)metrics->runner.late_ns_total / 1e9);
    put_one(job, "demonitor_probe_late_max_seconds", "gauge",
            "The most by which a probe began late",
            (double)metrics->runner.late_ns_max / 1e9);
    put_one(job, "demonitor_results_total", "counter", "Results stored",
            (double)metrics->n_results);
    put_one(job, "demonitor_results_dropped_total", "counter",
            "Results given up for want of room", (double)metrics->n_dropped);
    put_one(job, "demonitor_rule_rounds_total", "counter", "Rounds of rules",
            (double)metrics->rounds.rounds);
    put_one(job, "demonitor_rule_round_seconds", "gauge",
            "How long the last round of rules took",
            (double)metrics->rounds.last_ns / 1e9);
    put_one(job, "demonitor_rules_failed", "gauge",
            "Rules without a result in the last round",
            (double)metrics->rounds.rules_failed);
    put_one(job, "demonitor_store_bytes", "gauge", "Bytes of the store",
            (double)store->file_bytes);
    put_one(job, "demonitor_store_events", "gauge", "Results kept",
            (double)store->events);
    put_one(job, "demonitor_store_terms", "gauge", "Terms in the dictionary",
            (double)store->terms);
}

static void
put_kubo(struct dm_reply_job *job, const struct dm_outbox_figures *kubo)
{
    put_one(job, "demonitor_kubo_up", "gauge",
            "1 while the last request to the Kubo went well",
            kubo->is_reachable ? 1 : 0);
    put_one(job, "demonitor_kubo_behind_entries", "gauge",
            "Entries of the own log that the Kubo does not have",
            (double)kubo->behind);
    put_one(job, "demonitor_kubo_items_total", "counter",
            "Pieces of the log that the Kubo took", (double)kubo->items);
    put_one(job, "demonitor_kubo_blocks_total", "counter",
            "Blocks that the Kubo took", (double)kubo->blocks);
    put_one(job, "demonitor_kubo_bytes_total", "counter",
            "Bytes that were sent for them", (double)kubo->bytes);
    put_one(job, "demonitor_kubo_tips_total", "counter",
            "Tips that the Kubo took", (double)kubo->puts);
    put_one(job, "demonitor_kubo_failures_total", "counter",
            "Requests that failed", (double)kubo->failed);
    put_one(job, "demonitor_kubo_losses_total", "counter",
            "Times that the Kubo had lost blocks", (double)kubo->need_all);
}

static enum dm_status
metrics_step(struct dm_reply_job *job)
{
    struct metrics_reply *metrics = (struct metrics_reply *)job;
    struct dm_store_figures store = {0};
    enum dm_status status = dm_reply_open(job);
    if (!status) {
        status = dm_snapshot_figures(job->snapshot, &store);
    }
    if (!status) {
        status = dm_peer_rows_read(&metrics->peers, job->snapshot, job->present,
                                   job->now_ms);
    }
    if (status) {
        return status;
    }
    put_states(job, "probe_success", "1 while the check is ok", success_of);
    put_states(job, "probe_duration_seconds", "How long the last probe took",
               duration_of);
    put_states(job, "probe_ssl_earliest_cert_expiry",
               "End of the certificate that was shown, unix seconds",
               expiry_of);
    put_states(job, "demonitor_check_status",
               "0 ok, 1 warning, 2 critical, 3 unknown, 4 stale", status_of);
    put_states(job, "demonitor_check_failing",
               "1 while the check is bad for more than its retries",
               failing_of);
    put_alerts(job);
    put_logs(job);
    put_peers(job);
    put_daemon(job, &store);
    if (metrics->kubo.is_there) {
        put_kubo(job, &metrics->kubo);
    }
    if (metrics->is_open_metrics) {
        (void)dm_buf_puts(&job->out, "# EOF\n");
    }
    job->content_type =
        metrics->is_open_metrics
            ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
            : "text/plain; version=0.0.4; charset=utf-8";
    return job->out.status;
}

static void
metrics(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {
        .name = "metrics", .step = metrics_step, .done = metrics_done};
    dm_reply_start(request, &ops, sizeof(struct metrics_reply), metrics_init);
}

const struct dm_route dm_routes_metrics[] = {
    {.path = "/metrics",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = metrics},
    {.path = NULL},
};
