// SPDX-License-Identifier: ISC

// /events, and what is told there

#include "daemon/json.h"
#include "daemon/node_private.h"

static void
serve_events(const struct dm_request *request)
{
    const struct dm_str last =
        dm_http_header_get(request->call->incoming.headers,
                           request->call->incoming.n_headers, "Last-Event-ID");
    if (dm_events_serve(request->node->events, request->call, last)) {
        dm_reply_problem(request, 503, "too many listeners", NULL);
    }
}

const struct dm_route dm_routes_events[] = {
    {.path = "/events",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = serve_events},
    {.path = NULL},
};

static void
publish(struct dm_node *node, const char *kind, json_t *object)
{
    struct dm_buf line;
    dm_buf_init(&line, DM_EVENT_MAX);
    if (dm_json_print(object, &line) == DM_OK && line.n) {
        dm_events_publish(node->events, kind,
                          dm_str_slice(dm_buf_str(&line), 0, line.n - 1));
    }
    dm_buf_done(&line);
}

bool
dm_node_tell_change(struct dm_node *node, const struct dm_change *change)
{
    DM_ON_LOOP();
    const struct dm_result *result = change->result;
    const struct dm_check_def *check =
        dm_config_check(node->config, result->check);
    json_t *object = check ? json_object() : NULL;
    if (!object) {
        return false; // The configuration no longer has it
    }
    const int64_t retries = check->retries;
    dm_json_text(object, "check", check->name);
    dm_json_text(object, "node", node->config->node.name);
    dm_json_text(object, "status", dm_str(dm_verdict_name(result->verdict)));
    if (change->before == DM_RESULT_STALE) {
        dm_json_set(object, "before", json_null());
    } else {
        dm_json_text(object, "before",
                     dm_str(dm_result_status_name(change->before)));
    }
    dm_json_time(object, "at", result->at_ms);
    dm_json_seconds(object, "seconds", result->micros);
    dm_json_text(object, "message", result->message);
    dm_json_int(object, "bad", change->bad);
    dm_json_int(object, "retries", retries);
    dm_json_bool(object, "failing", change->bad > retries);
    const bool is_news = change->is_change || change->bad == retries + 1;
    if (is_news) {
        publish(node, "state", json_incref(object));
    }
    publish(node, "result", object);
    return is_news;
}

void
dm_node_tell_alert(struct dm_node *node, enum dm_alert_event event,
                   const struct dm_alert *alert)
{
    DM_ON_LOOP();
    json_t *object = dm_json_alert(alert);
    if (object && event == DM_ALERT_IS_GONE) {
        dm_json_text(object, "state", dm_str("gone"));
    }
    publish(node, "alert", object);
}
