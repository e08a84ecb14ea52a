// SPDX-License-Identifier: ISC

// /api/v1: the present, history, alerts, rules and this node, as JSON

#include "alert/present.h"
#include "alert/rules.h"
#include "base/alloc.h"
#include "base/time.h"
#include "daemon/json.h"
#include "daemon/node_private.h"
#include "quadstore/history.h"
#include "rdf/iri.h"
#include "vocab/duration.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 2048U
#define RESULTS_MAX 100000U
#define SUMMARY_STATUSES 5U
#define DAY_MS DM_MS_PER_DAY

static const char media_json[] = "application/json";

static void
reply_json(const struct dm_request *request, unsigned status, json_t *document)
{
    struct dm_buf out;
    dm_buf_init(&out, DM_REPLY_MAX);
    if (dm_json_print(document, &out)) {
        dm_reply_problem(request, 503, "out of memory", NULL);
    } else {
        dm_reply(request, status, media_json, dm_buf_str(&out));
    }
    dm_buf_done(&out);
}

// ---------------------------------------------------------------------- status

struct status_reply {
    struct dm_reply_job reply;
    bool is_valid;
    size_t n_errors;
    uint16_t port; // Where the page is; 0: nowhere
    struct dm_outbox_figures kubo;
};

static enum dm_status
status_init(struct dm_reply_job *job)
{
    struct status_reply *status = (struct status_reply *)job;
    const struct dm_node *node = job->request.node;
    status->is_valid = node->config_state.is_valid;
    status->n_errors = node->config_state.n_errors;
    status->port = node->port;
    dm_outbox_figures(node->outbox, &status->kubo);
    return DM_OK;
}

static json_t *
state_object(const struct dm_view_state *state)
{
    json_t *object = json_object();
    if (state->node) {
        dm_json_text(object, "node", state->node->name);
    }
    dm_json_text(object, "status",
                 dm_str(dm_result_status_name(state->status)));
    dm_json_bool(object, "failing", state->failing);
    dm_json_time(object, "since", state->since_ms);
    dm_json_time(object, "at", state->at_ms);
    dm_json_int(object, "streak", state->streak);
    dm_json_int(object, "bad", state->bad);
    dm_json_seconds(object, "seconds", state->micros);
    dm_json_text(object, "message", state->message);
    dm_json_text(object, "failure", dm_iri_local_name(state->failure));
    dm_json_time(object, "certificateExpires", state->certificate_expires_ms);
    return object;
}

static json_t *
texts_array(const struct dm_texts *texts)
{
    json_t *array = json_array();
    for (size_t i = 0; i < texts->n; ++i) {
        (void)json_array_append_new(array, dm_json_of_text(texts->items[i]));
    }
    return array;
}

// States of one check, which stand together
static json_t *
check_object(const struct dm_view_state *states, size_t n,
             enum dm_result_status status)
{
    const struct dm_check_def *check = states[0].check;
    json_t *object = json_object();
    json_t *list = json_array();
    bool muted = true;
    for (size_t i = 0; i < n; ++i) {
        muted = muted && states[i].muted;
        (void)json_array_append_new(list, state_object(&states[i]));
    }
    dm_json_text(object, "name", states[0].name);
    dm_json_text(object, "iri", check->iri);
    dm_json_text(object, "kind", dm_str(dm_check_kind_name(check->kind)));
    dm_json_text(object, "title", check->title);
    dm_json_text(object, "group", check->group);
    dm_json_set(object, "tags", texts_array(&check->tags));
    dm_json_text(object, "status", dm_str(dm_result_status_name(status)));
    dm_json_bool(object, "failing", dm_view_check_fails(states, n));
    dm_json_bool(object, "muted", muted);
    dm_json_text(object, "severity", dm_str(dm_severity_name(check->severity)));
    dm_json_int(object, "retries", check->retries);
    dm_json_set(object, "every", json_real((double)check->every_ms / 1000));
    dm_json_set(object, "states", list);
    return object;
}

struct summary {
    int64_t counts[SUMMARY_STATUSES];
    int64_t muted;
};

static json_t *
checks_array(const struct dm_view *view, struct summary *summary)
{
    json_t *checks = json_array();
    for (size_t i = 0; i < view->n_states;) {
        size_t end = i + 1;
        bool muted = view->states[i].muted;
        while (end < view->n_states &&
               dm_str_equal(view->states[end].check->iri,
                            view->states[i].check->iri)) {
            muted = muted && view->states[end].muted;
            ++end;
        }
        const enum dm_result_status status =
            dm_view_check_status(&view->states[i], end - i);
        ++summary->counts[status];
        summary->muted += muted ? 1 : 0;
        (void)json_array_append_new(
            checks, check_object(&view->states[i], end - i, status));
        i = end;
    }
    return checks;
}

static json_t *
nodes_array(const struct dm_view *view)
{
    json_t *nodes = json_array();
    for (size_t i = 0; i < view->n_nodes; ++i) {
        const struct dm_view_node *node = &view->nodes[i];
        json_t *object = json_object();
        dm_json_text(object, "name", node->log->name);
        dm_json_text(object, "iri", node->log->iri);
        dm_json_text(object, "title", node->log->title);
        dm_json_time(object, "lastSeen", node->log->last_seen_ms);
        dm_json_int(object, "behind", (int64_t)node->log->behind);
        dm_json_bool(object, "silent", node->silent);
        dm_json_text(
            object, "presence",
            dm_str(node->log->presence_sometimes ? "sometimes" : "always"));
        if (node->log->forked_at) {
            dm_json_int(object, "forkedAt", (int64_t)node->log->forked_at);
        }
        (void)json_array_append_new(nodes, object);
    }
    return nodes;
}

static json_t *
summary_object(const struct summary *summary)
{
    static const enum dm_result_status order[SUMMARY_STATUSES] = {
        DM_RESULT_OK, DM_RESULT_WARNING, DM_RESULT_CRITICAL, DM_RESULT_UNKNOWN,
        DM_RESULT_STALE};
    json_t *object = json_object();
    for (size_t i = 0; i < SUMMARY_STATUSES; ++i) {
        dm_json_int(object, dm_result_status_name(order[i]),
                    summary->counts[order[i]]);
    }
    dm_json_int(object, "muted", summary->muted);
    return object;
}

static enum dm_status
status_step(struct dm_reply_job *job)
{
    const struct status_reply *own = (const struct status_reply *)job;
    const enum dm_status status = dm_reply_open(job);
    if (status) {
        return status;
    }
    const struct dm_view *view = &job->present->view;
    struct summary summary = {0};
    json_t *document = json_object();
    json_t *config = json_object();
    dm_json_text(document, "node", job->present->logs[0].name);
    dm_json_time(document, "at", job->now_ms);
    dm_json_bool(config, "valid", own->is_valid);
    dm_json_int(config, "errors", (int64_t)own->n_errors);
    dm_json_time(config, "loaded", job->config->loaded_ms);
    dm_json_set(document, "config", config);
    if (own->port) {
        dm_json_set(document, "page",
                    json_sprintf("http://127.0.0.1:%u/", (unsigned)own->port));
    }
    dm_json_kubo(document, &own->kubo);
    json_t *checks = checks_array(view, &summary);
    dm_json_set(document, "summary", summary_object(&summary));
    dm_json_set(document, "nodes", nodes_array(view));
    dm_json_set(document, "checks", checks);
    job->content_type = media_json;
    return dm_json_print(document, &job->out);
}

static void
status(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {.name = "status",
                                            .step = status_step};
    dm_reply_start(request, &ops, sizeof(struct status_reply), status_init);
}

// --------------------------------------------------------------------- history

struct history_reply {
    struct dm_reply_job reply;
    char check[NAME_MAX_BYTES]; // Name or IRI
    char node[NAME_MAX_BYTES];  // Likewise; empty: see find_history()
    int64_t since_ms;
    int64_t until_ms;
    bool raw;
};

// "24h" ago, or a time
static bool
read_moment(struct dm_str text, int64_t now_ms, int64_t *ret)
{
    int64_t ms = 0;
    if (dm_time_parse(text, ret)) {
        return true;
    }
    if (dm_duration_read(text, &ms, NULL)) {
        return false;
    }
    *ret = now_ms - ms;
    return true;
}

static enum dm_status
read_moment_param(const struct dm_reply_job *job, const char *name,
                  int64_t *ret)
{
    struct dm_buf text;
    dm_buf_init(&text, NAME_MAX_BYTES);
    enum dm_status status = dm_request_param(&job->request, name, &text);
    if (status == DM_ERR_NOT_FOUND) {
        status = DM_OK;
    } else if (!status && !read_moment(dm_buf_str(&text), job->now_ms, ret)) {
        status = DM_ERR_ARGUMENT;
    }
    dm_buf_done(&text);
    return status;
}

static enum dm_status
history_init(struct dm_reply_job *job)
{
    struct history_reply *history = (struct history_reply *)job;
    struct dm_buf name;
    dm_buf_init(&name, NAME_MAX_BYTES - 1);
    history->since_ms = job->now_ms - DAY_MS;
    history->until_ms = job->now_ms + 1;
    enum dm_status status = dm_request_param(&job->request, "check", &name);
    if (!status) {
        memcpy(history->check, dm_buf_cstr(&name), name.n + 1);
        status = read_moment_param(job, "since", &history->since_ms);
    }
    if (!status) {
        status = read_moment_param(job, "until", &history->until_ms);
    }
    dm_buf_clear(&name);
    if (!status) {
        status = dm_request_param(&job->request, "node", &name);
        memcpy(history->node, dm_buf_cstr(&name), name.n + 1);
        status = status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    dm_buf_clear(&name);
    history->raw = dm_request_param(&job->request, "raw", &name) == DM_OK;
    dm_buf_done(&name);
    if (status) {
        dm_reply_problem(&job->request, 400,
                         "wanted: check=NAME, node=NAME, since= and until= a "
                         "time or a duration as 24h",
                         NULL);
    }
    return status;
}

// Whose results of which check
struct subject {
    const struct dm_check_def *check;
    const struct dm_view_log *node; // NULL: of all nodes
};

static bool
is_called(const char *word, struct dm_str name, struct dm_str iri)
{
    return dm_str_is(name, word) || dm_str_is(iri, word);
}

// The check of this name at the node that was asked for, else at the first that
// has it: this one comes first. Results of a heartbeat are one series over all
// nodes, unless one is asked for.
static enum dm_status
find_history(struct dm_reply_job *job, const struct history_reply *own,
             struct subject *ret)
{
    const struct dm_present *present = job->present;
    bool is_node = !own->node[0];
    for (size_t i = 0; i < present->n_logs; ++i) {
        const struct dm_view_log *log = &present->logs[i];
        if (own->node[0] && !is_called(own->node, log->name, log->iri)) {
            continue;
        }
        is_node = true;
        for (size_t k = 0; k < log->n_checks; ++k) {
            const struct dm_check_def *check = log->checks[k];
            if (is_called(own->check, check->name, check->iri)) {
                const bool is_all =
                    check->kind == DM_CHECK_HEARTBEAT && !own->node[0];
                *ret = (struct subject){check, is_all ? NULL : log};
                return DM_OK;
            }
        }
    }
    // One that no longer runs anywhere, or does not run here
    const struct dm_check_def *check =
        dm_config_check_named(job->config, dm_str(own->check));
    if (!is_node) {
        return dm_error_set(&job->error, DM_ERR_NOT_FOUND,
                            "there is no node \"%s\"", own->node);
    }
    if (!check || own->node[0]) {
        return dm_error_set(&job->error, DM_ERR_NOT_FOUND,
                            "there is no check \"%s\"", own->check);
    }
    *ret = (struct subject){check, NULL};
    return DM_OK;
}

// What is gathered along the results of one check
struct gathering {
    json_t *streaks;
    json_t *results;
    json_t *open; // The streak at hand
    enum dm_result_status status;
    int64_t begin_ms;
    int64_t last_ms;
    int64_t limit_ms; // A pause longer than this is no data
    int64_t count;
    int64_t good_ms; // Time in ok, and in what counts
    int64_t known_ms;
    double *seconds;
    size_t n_seconds;
    size_t capacity;
};

static void
close_streak(struct gathering *gathering, int64_t end_ms)
{
    if (!gathering->open) {
        return;
    }
    const int64_t length = end_ms - gathering->begin_ms;
    dm_json_time(gathering->open, "until", end_ms);
    dm_json_int(gathering->open, "results", gathering->count);
    dm_json_set(gathering->open, "seconds", json_real((double)length / 1000));
    (void)json_array_append_new(gathering->streaks, gathering->open);
    if (gathering->status != DM_RESULT_UNKNOWN) {
        gathering->known_ms += length;
        gathering->good_ms += gathering->status == DM_RESULT_OK ? length : 0;
    }
    gathering->open = NULL;
}

static void
add_event(struct gathering *gathering, const struct dm_event *event)
{
    const bool is_gap = gathering->limit_ms &&
                        event->at_ms - gathering->last_ms > gathering->limit_ms;
    if (!gathering->open || event->status != gathering->status || is_gap) {
        close_streak(gathering, is_gap ? gathering->last_ms : event->at_ms);
        gathering->open = json_object();
        gathering->status = event->status;
        gathering->begin_ms = event->at_ms;
        gathering->count = 0;
        dm_json_time(gathering->open, "since", event->at_ms);
        dm_json_text(gathering->open, "status",
                     dm_str(dm_result_status_name(event->status)));
        dm_json_text(gathering->open, "message", event->message);
    }
    ++gathering->count;
    gathering->last_ms = event->at_ms;
    if (event->micros != DM_NO_MICROS) {
        double *seconds =
            dm_grow(gathering->seconds, &gathering->capacity,
                    gathering->n_seconds + 1, sizeof(double), RESULTS_MAX);
        if (seconds) {
            gathering->seconds = seconds;
            seconds[gathering->n_seconds++] = (double)event->micros / 1e6;
        }
    }
    if (gathering->results) {
        json_t *object = json_object();
        dm_json_time(object, "at", event->at_ms);
        dm_json_text(object, "status",
                     dm_str(dm_result_status_name(event->status)));
        dm_json_seconds(object, "seconds", event->micros);
        dm_json_text(object, "message", event->message);
        (void)json_array_append_new(gathering->results, object);
    }
}

static int
compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void
set_quantile(json_t *object, const char *key, const struct gathering *gathering,
             double share)
{
    if (!gathering->n_seconds) {
        dm_json_set(object, key, json_null());
        return;
    }
    size_t place = (size_t)(share * (double)gathering->n_seconds);
    place = place < gathering->n_seconds ? place : gathering->n_seconds - 1;
    dm_json_set(object, key, json_real(gathering->seconds[place]));
}

static enum dm_status
gather(struct dm_reply_job *job, struct gathering *gathering,
       const struct subject *subject, const struct history_reply *own)
{
    const struct dm_term term = dm_term_iri(subject->check->iri);
    struct dm_history_spec spec = {
        .filter = dm_history_all(),
        .order = subject->node ? DM_ORDER_KEY : DM_ORDER_AT,
        .limit = RESULTS_MAX,
        .columns = DM_COLUMN_TEXTS,
    };
    if (subject->node && !subject->node->log) {
        return DM_OK; // Nothing of it was ever stored
    }
    spec.filter.log = subject->node ? subject->node->log : 0;
    spec.filter.at_from_ms = own->since_ms;
    spec.filter.at_until_ms = own->until_ms;
    spec.filter.statuses = 1U << DM_RESULT_OK | 1U << DM_RESULT_WARNING |
                           1U << DM_RESULT_CRITICAL | 1U << DM_RESULT_UNKNOWN;
    struct dm_history *history = NULL;
    struct dm_event event;
    enum dm_status status =
        dm_snapshot_find(job->snapshot, &term, &spec.filter.check);
    if (!status) {
        status = dm_history_open(job->snapshot, &spec, &history);
    }
    while (!status) {
        status = dm_history_next(history, &event);
        if (!status) {
            add_event(gathering, &event);
        }
    }
    dm_history_close(history);
    return status == DM_END ? DM_OK : status;
}

static json_t *
history_document(struct gathering *gathering, const struct history_reply *own,
                 const struct subject *subject)
{
    const int64_t end =
        own->until_ms < own->reply.now_ms ? own->until_ms : own->reply.now_ms;
    const bool is_overdue =
        gathering->limit_ms && end - gathering->last_ms > gathering->limit_ms;
    close_streak(gathering, is_overdue ? gathering->last_ms : end);
    if (gathering->n_seconds > 1) {
        qsort(gathering->seconds, gathering->n_seconds, sizeof(double),
              compare_doubles);
    }
    json_t *document = json_object();
    dm_json_text(document, "check", subject->check->name);
    dm_json_text(document, "iri", subject->check->iri);
    if (subject->node) {
        dm_json_text(document, "node", subject->node->name);
    }
    dm_json_time(document, "since", own->since_ms);
    dm_json_time(document, "until", own->until_ms);
    dm_json_set(document, "uptime",
                gathering->known_ms ? json_real((double)gathering->good_ms /
                                                (double)gathering->known_ms)
                                    : json_null());
    set_quantile(document, "p50", gathering, 0.5);
    set_quantile(document, "p95", gathering, 0.95);
    dm_json_set(document, "streaks", json_incref(gathering->streaks));
    if (gathering->results) {
        dm_json_set(document, "results", json_incref(gathering->results));
    }
    return document;
}

static enum dm_status
history_step(struct dm_reply_job *job)
{
    const struct history_reply *own = (const struct history_reply *)job;
    struct subject subject = {0};
    enum dm_status status = dm_reply_open(job);
    if (!status) {
        status = find_history(job, own, &subject);
    }
    if (status) {
        return status;
    }
    assert(subject.check);
    const int64_t every_ms = subject.check->every_ms;
    struct gathering gathering = {
        .streaks = json_array(),
        .results = own->raw ? json_array() : NULL,
        .limit_ms = every_ms ? 2 * every_ms + DM_STALE_SLACK_MS : 0,
    };
    status = gather(job, &gathering, &subject, own);
    if (!status ||
        status == DM_ERR_NOT_FOUND) { // None so far: an empty history
        job->content_type = media_json;
        status = dm_json_print(history_document(&gathering, own, &subject),
                               &job->out);
    }
    json_decref(gathering.open);
    json_decref(gathering.streaks);
    json_decref(gathering.results);
    dm_free(gathering.seconds);
    return status;
}

static void
history(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {.name = "history",
                                            .step = history_step};
    dm_reply_start(request, &ops, sizeof(struct history_reply), history_init);
}

// ---------------------------------------------------------------------- alerts

static json_t *
alertmanagers_array(const struct dm_node *node)
{
    json_t *array = json_array();
    for (size_t i = 0; i < dm_alertmanagers_count(node->alertmanagers); ++i) {
        struct dm_alertmanager_figures figures;
        dm_alertmanagers_figures(node->alertmanagers, i, &figures);
        json_t *object = json_object();
        dm_json_text(object, "url", figures.url);
        dm_json_bool(object, "reachable", figures.reachable);
        dm_json_time(object, "accepted",
                     figures.accepted_ms ? figures.accepted_ms : INT64_MIN);
        dm_json_int(object, "posts", (int64_t)figures.posts);
        dm_json_int(object, "failed", (int64_t)figures.failed);
        dm_json_int(object, "refused", (int64_t)figures.refused_alerts);
        dm_json_text(object, "error", figures.error);
        (void)json_array_append_new(array, object);
    }
    return array;
}

static void
alerts(const struct dm_request *request)
{
    const struct dm_alerts *all = dm_rounds_alerts(request->node->rounds);
    struct dm_buf flag;
    dm_buf_init(&flag, NAME_MAX_BYTES);
    const bool wants_all = dm_request_param(request, "all", &flag) == DM_OK;
    dm_buf_done(&flag);
    json_t *document = json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < dm_alerts_count(all); ++i) {
        const struct dm_alert *alert = dm_alerts_at(all, i);
        if (wants_all || alert->state == DM_ALERT_FIRING) {
            (void)json_array_append_new(list, dm_json_alert(alert));
        }
    }
    dm_json_set(document, "alerts", list);
    dm_json_set(document, "alertmanagers", alertmanagers_array(request->node));
    reply_json(request, 200, document);
}

// ----------------------------------------------------------------------- rules

struct rules_reply {
    struct dm_reply_job reply;
    char only[NAME_MAX_BYTES];
    bool test;
    struct dm_rules *rules;
    struct dm_rules_round *round;
};

static enum dm_status
rules_init(struct dm_reply_job *job)
{
    struct rules_reply *own = (struct rules_reply *)job;
    struct dm_buf text;
    dm_buf_init(&text, NAME_MAX_BYTES - 1);
    if (dm_request_param(&job->request, "name", &text) == DM_OK) {
        memcpy(own->only, dm_buf_cstr(&text), text.n + 1);
    }
    dm_buf_clear(&text);
    own->test = dm_request_param(&job->request, "test", &text) == DM_OK;
    dm_buf_done(&text);
    return DM_OK;
}

static void
rules_done(struct dm_reply_job *job)
{
    struct rules_reply *own = (struct rules_reply *)job;
    dm_rules_round_close(own->round);
    dm_rules_free(own->rules);
    own->round = NULL;
    own->rules = NULL;
}

static json_t *
rows_array(const struct dm_rule_result *result)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < result->n_rows; ++i) {
        json_t *row = json_object();
        for (size_t k = 0; k < result->rows[i].n_columns; ++k) {
            const struct dm_alert_text *column = &result->rows[i].columns[k];
            (void)json_object_setn_new(row, column->name.data, column->name.n,
                                       dm_json_of_text(column->value));
        }
        (void)json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *
rule_object(const struct rules_reply *own, const struct dm_rule_def *rule)
{
    json_t *object = json_object();
    const struct dm_error *error = dm_rules_error(own->rules, rule->name);
    dm_json_text(object, "name", rule->name);
    dm_json_text(object, "iri", rule->iri);
    dm_json_bool(object, "shipped", rule->is_shipped);
    dm_json_bool(object, "enabled", rule->enabled);
    dm_json_set(object, "by", texts_array(&rule->by));
    dm_json_set(object, "for", json_real((double)rule->for_ms / 1000));
    dm_json_text(object, "severity", dm_str(dm_severity_name(rule->severity)));
    dm_json_text(object, "summary", rule->summary);
    dm_json_text(object, "select", rule->select);
    dm_json_text(object, "error", dm_str(error ? error->what : ""));
    size_t n = 0;
    const struct dm_rule_result *results =
        own->round ? dm_rules_round_results(own->round, &n) : NULL;
    for (size_t i = 0; i < n; ++i) {
        if (results[i].rule == rule) {
            dm_json_set(object, "rows", rows_array(&results[i]));
            if (results[i].status) {
                dm_json_text(object, "error", results[i].error);
            }
        }
    }
    return object;
}

static enum dm_status
rules_finish(struct rules_reply *own)
{
    struct dm_reply_job *job = &own->reply;
    json_t *list = json_array();
    bool found = false;
    for (size_t i = 0; i < job->config->n_rules; ++i) {
        const struct dm_rule_def *rule = &job->config->rules[i];
        if (!own->only[0] || dm_str_is(rule->name, own->only)) {
            found = true;
            (void)json_array_append_new(list, rule_object(own, rule));
        }
    }
    if (own->only[0] && !found) {
        json_decref(list);
        return dm_error_set(&job->error, DM_ERR_NOT_FOUND,
                            "there is no rule \"%s\"", own->only);
    }
    json_t *document = json_object();
    dm_json_set(document, "rules", list);
    job->content_type = media_json;
    return dm_json_print(document, &job->out);
}

static enum dm_status
rules_step(struct dm_reply_job *job)
{
    struct rules_reply *own = (struct rules_reply *)job;
    if (!own->rules) {
        own->rules = dm_rules_new(job->config);
        return own->rules ? DM_AGAIN : DM_ERR_NO_MEMORY;
    }
    if (!own->test) {
        return rules_finish(own);
    }
    if (!own->round) {
        enum dm_status status = dm_reply_open(job);
        if (!status) {
            status =
                dm_rules_round_open(own->rules, job->snapshot, job->present,
                                    dm_str(own->only), &own->round);
        }
        return status ? status : DM_AGAIN;
    }
    const enum dm_status status = dm_rules_round_step(own->round);
    return status == DM_END ? rules_finish(own) : status;
}

static void
rules(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {
        .name = "rules", .step = rules_step, .done = rules_done};
    dm_reply_start(request, &ops, sizeof(struct rules_reply), rules_init);
}

const struct dm_route dm_routes_api[] = {
    {.path = "/api/v1/status",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = status},
    {.path = "/api/v1/history",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = history},
    {.path = "/api/v1/alerts",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = alerts},
    {.path = "/api/v1/rules",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = rules},
    {.path = NULL},
};
