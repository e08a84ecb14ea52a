// SPDX-License-Identifier: ISC

// / as a page: complete without a script. Problems first.

#include "alert/present.h"
#include "base/alloc.h"
#include "base/time.h"
#include "daemon/node_private.h"
#include "daemon/page.h"

#include <stdlib.h>
#include <string.h>

#define TITLE_MAX 4096U

struct page_reply {
    struct dm_reply_job reply;
    size_t n_errors; // Of the configuration that was not taken over
    size_t n_firing;
    char directory[1024]; // Of the configuration
};

static enum dm_status
page_init(struct dm_reply_job *job)
{
    struct page_reply *page = (struct page_reply *)job;
    const struct dm_node *node = job->request.node;
    const struct dm_alerts *alerts = dm_rounds_alerts(node->rounds);
    page->n_errors = node->config_state.n_errors;
    for (size_t i = 0; i < dm_alerts_count(alerts); ++i) {
        page->n_firing +=
            dm_alerts_at(alerts, i)->state == DM_ALERT_FIRING ? 1 : 0;
    }
    const struct dm_str directory = dm_utf8_cut(dm_str(node->config_directory),
                                                sizeof(page->directory) - 1);
    memcpy(page->directory, directory.data, directory.n);
    return DM_OK;
}

// Worst first, then by name
static int
rank(const struct dm_view_state *state)
{
    switch (state->status) {
    case DM_RESULT_CRITICAL:
        return 0;
    case DM_RESULT_WARNING:
        return 1;
    case DM_RESULT_STALE:
        return 2;
    case DM_RESULT_UNKNOWN:
        return 3;
    case DM_RESULT_OK:
    case DM_RESULT_STARTED:
    case DM_RESULT_LOGGED:
        return 4;
    }
    return 4;
}

static int
compare_states(const void *a, const void *b)
{
    const struct dm_view_state *const *left = a;
    const struct dm_view_state *const *right = b;
    const int order = rank(*left) - rank(*right);
    return order ? order : dm_str_compare((*left)->name, (*right)->name);
}

static void
put_row(struct dm_buf *out, const struct dm_view_state *state, int64_t now_ms,
        bool has_nodes)
{
    const char *status = dm_result_status_name(state->status);
    const struct dm_str title =
        state->check->title.n ? state->check->title : state->name;
    (void)dm_buf_puts(out, "<tr><td>");
    dm_page_text(out, title);
    if (has_nodes) { // A heartbeat has none
        (void)dm_buf_puts(out, "<td class=s>");
        dm_page_text(out,
                     state->node ? state->node->name : (struct dm_str){"", 0});
    }
    (void)dm_buf_printf(out, "<td class=\"s %s\">%s%s%s<td>", status, status,
                        state->failing ? ", failing" : "",
                        state->muted ? ", muted" : "");
    dm_page_text(out, state->message);
    (void)dm_buf_puts(out, "<td class=s>");
    if (state->at_ms != DM_NO_TIME) {
        dm_page_ago(out, now_ms - state->at_ms);
        (void)dm_buf_puts(out, " ago");
    }
    (void)dm_buf_puts(out, "<td class=s>");
    if (state->since_ms != DM_NO_TIME) {
        dm_page_ago(out, now_ms - state->since_ms);
    }
    (void)dm_buf_putc(out, '\n');
}

// The nodes, where there are others than this one
static void
put_nodes(struct dm_buf *out, const struct dm_view *view)
{
    if (view->n_nodes < 2) {
        return;
    }
    (void)dm_buf_puts(out, "<h2>Nodes</h2>\n<table><tr><th>node<th>state<th>"
                           "last entry<th>behind\n");
    for (size_t i = 0; i < view->n_nodes; ++i) {
        const struct dm_view_log *log = view->nodes[i].log;
        (void)dm_buf_puts(out, "<tr><td>");
        dm_page_text(out, log->title.n ? log->title : log->name);
        (void)dm_buf_puts(out, log->forked_at          ? "<td class=critical>"
                               : view->nodes[i].silent ? "<td class=stale>"
                                                       : "<td class=ok>");
        if (log->forked_at) {
            (void)dm_buf_printf(out, "forked at %llu",
                                (unsigned long long)log->forked_at);
        } else {
            (void)dm_buf_puts(out, log->is_self            ? "this one"
                                   : view->nodes[i].silent ? "silent"
                                                           : "heard");
        }
        (void)dm_buf_puts(out, "<td class=s>");
        if (!log->is_self && log->last_seen_ms != DM_NO_TIME) {
            dm_page_ago(out, view->now_ms - log->received_ms);
            (void)dm_buf_puts(out, " ago");
        }
        (void)dm_buf_puts(out, "<td class=s>");
        if (log->behind) {
            (void)dm_buf_printf(out, "%llu entries",
                                (unsigned long long)log->behind);
        }
        (void)dm_buf_putc(out, '\n');
    }
    (void)dm_buf_puts(out, "</table>\n");
}

static size_t
count_problems(const struct dm_view *view)
{
    size_t n = 0;
    for (size_t i = 0; i < view->n_nodes; ++i) {
        n += view->nodes[i].silent || view->nodes[i].log->forked_at ? 1 : 0;
    }
    for (size_t i = 0; i < view->n_states; ++i) {
        const struct dm_view_state *state = &view->states[i];
        n += !state->muted && (dm_result_is_bad(state->status) ||
                               state->status == DM_RESULT_STALE)
                 ? 1
                 : 0;
    }
    return n;
}

static void
put_banner(struct dm_buf *out, const struct page_reply *page, size_t problems)
{
    if (page->n_errors) {
        (void)dm_buf_printf(out,
                            "<p class=\"banner warn\">Configuration not taken "
                            "over: %zu errors, see <code>demonitor "
                            "validate</code></p>\n",
                            page->n_errors);
    }
    if (problems) {
        (void)dm_buf_printf(out, "<p class=\"banner bad\">%zu problem%s",
                            problems, problems == 1 ? "" : "s");
    } else {
        (void)dm_buf_puts(out, "<p class=\"banner\">All well");
    }
    if (page->n_firing) {
        (void)dm_buf_printf(out, ", %zu alert%s firing", page->n_firing,
                            page->n_firing == 1 ? "" : "s");
    }
    (void)dm_buf_puts(out, "</p>\n");
}

static void
put_head(struct dm_buf *out, struct dm_str name, size_t problems)
{
    struct dm_buf title;
    dm_buf_init(&title, TITLE_MAX);
    if (problems) {
        (void)dm_buf_printf(&title, "(%zu) ", problems);
    } else {
        (void)dm_buf_puts(&title, "\xE2\x9C\x93 ");
    }
    (void)dm_buf_put_str(&title, name);
    dm_page_head(out, dm_buf_str(&title), name);
    dm_buf_done(&title);
}

static void
put_foot(struct dm_buf *out, const struct page_reply *page)
{
    (void)dm_buf_puts(out, "<h2>Add a check</h2>\n<p>Put this into <code>");
    dm_page_text(out, dm_str(page->directory));
    (void)dm_buf_puts(
        out, "/checks/local.ttl</code>; it is taken over by itself:\n<pre>"
             "PREFIX : &lt;https://w3id.org/demonitor#&gt;\n\n"
             "&lt;shop&gt; a :HttpCheck ; :url \"https://example.org/\" ; "
             ":every \"30s\" ;\n  :expect \"status == 200\" .</pre>\n"
             "<p>Try it before: <code>demonitor probe https://example.org/ "
             "--expect \"status == 200\"</code></p>\n"
             "<p><small><a href=\"/metrics\">metrics</a> · <a "
             "href=\"/api/v1/status\">status as JSON</a> · <a "
             "href=\"/api/v1/alerts\">alerts</a> · <a "
             "href=\"/peers\">peers</a></small></p>\n</html>\n");
}

static enum dm_status
page_step(struct dm_reply_job *job)
{
    const struct page_reply *page = (const struct page_reply *)job;
    const enum dm_status status = dm_reply_open(job);
    if (status) {
        return status;
    }
    const struct dm_view *view = &job->present->view;
    const struct dm_view_state **states =
        dm_calloc(view->n_states, sizeof(struct dm_view_state *));
    if (!states) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < view->n_states; ++i) {
        states[i] = &view->states[i];
    }
    if (view->n_states > 1) {
        qsort(states, view->n_states, sizeof(struct dm_view_state *),
              compare_states);
    }
    const size_t problems = count_problems(view);
    put_head(&job->out, job->present->logs[0].name, problems);
    put_banner(&job->out, page, problems);
    const bool has_nodes = view->n_nodes > 1;
    (void)dm_buf_printf(&job->out,
                        "<table><tr><th>check%s<th>status<th>message<th>last "
                        "result<th>since\n",
                        has_nodes ? "<th>node" : "");
    for (size_t i = 0; i < view->n_states; ++i) {
        put_row(&job->out, states[i], job->now_ms, has_nodes);
    }
    (void)dm_buf_puts(&job->out, "</table>\n");
    put_nodes(&job->out, view);
    put_foot(&job->out, page);
    dm_free(states);
    job->content_type = "text/html; charset=utf-8";
    return job->out.status;
}

static void
page(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {.name = "page", .step = page_step};
    dm_reply_start(request, &ops, sizeof(struct page_reply), page_init);
}

const struct dm_route dm_routes_page[] = {
    {.path = "/",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = page},
    {.path = NULL},
};
