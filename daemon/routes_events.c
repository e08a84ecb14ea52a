// SPDX-License-Identifier: ISC

// /events, and what is told there

#include "base/time.h"
#include "daemon/node_private.h"

#include <jansson.h>

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

static json_t *
text(struct dm_str value)
{
    return json_stringn_nocheck(value.data ? value.data : "", value.n);
}

static json_t *
time_text(int64_t ms)
{
    char buf[DM_TIME_SIZE];
    dm_time_format(ms, buf);
    return json_string(buf);
}

static void
publish(struct dm_node *node, const char *kind, json_t *object)
{
    char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (line) {
        dm_events_publish(node->events, kind, dm_str(line));
        free(line);
    }
}

void
dm_node_tell_change(struct dm_node *node, const struct dm_change *change)
{
    DM_ON_LOOP();
    const struct dm_result *result = change->result;
    const struct dm_check_def *check =
        dm_config_check(node->config, result->check);
    if (!check) {
        return; // The configuration no longer has it
    }
    const int64_t retries = check->retries;
    json_t *object = json_object();
    if (!object) {
        return;
    }
    (void)json_object_set_new(object, "check", text(check->name));
    (void)json_object_set_new(object, "node", text(node->config->node.name));
    (void)json_object_set_new(object, "status",
                              json_string(dm_verdict_name(result->verdict)));
    (void)json_object_set_new(
        object, "before",
        change->before == DM_RESULT_STALE
            ? json_null()
            : json_string(dm_result_status_name(change->before)));
    (void)json_object_set_new(object, "at", time_text(result->at_ms));
    (void)json_object_set_new(object, "seconds",
                              result->micros < 0
                                  ? json_null()
                                  : json_real((double)result->micros / 1e6));
    (void)json_object_set_new(object, "message", text(result->message));
    (void)json_object_set_new(object, "bad", json_integer(change->bad));
    (void)json_object_set_new(object, "retries", json_integer(retries));
    (void)json_object_set_new(object, "failing",
                              json_boolean(change->bad > retries));
    const bool is_news = change->is_change || change->bad == retries + 1;
    if (is_news) {
        json_incref(object);
        publish(node, "state", object);
    }
    publish(node, "result", object);
}

static json_t *
texts_object(const struct dm_alert_text *texts, size_t n)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < n; ++i) {
        (void)json_object_setn_new_nocheck(
            object, texts[i].name.data, texts[i].name.n, text(texts[i].value));
    }
    return object;
}

void
dm_node_tell_alert(struct dm_node *node, enum dm_alert_event event,
                   const struct dm_alert *alert)
{
    DM_ON_LOOP();
    static const char *const states[] = {
        [DM_ALERT_IS_PENDING] = "pending",
        [DM_ALERT_IS_FIRING] = "firing",
        [DM_ALERT_IS_RESOLVED] = "resolved",
        [DM_ALERT_IS_GONE] = "gone",
    };
    json_t *object = json_object();
    if (!object) {
        return;
    }
    (void)json_object_set_new(object, "alertname", text(alert->rule));
    (void)json_object_set_new(object, "state", json_string(states[event]));
    (void)json_object_set_new(object, "startsAt", time_text(alert->starts_ms));
    (void)json_object_set_new(object, "labels",
                              texts_object(alert->labels, alert->n_labels));
    (void)json_object_set_new(
        object, "annotations",
        texts_object(alert->annotations, alert->n_annotations));
    publish(node, "alert", object);
}
