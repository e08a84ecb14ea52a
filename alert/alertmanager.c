// SPDX-License-Identifier: ISC

#include "alert/alertmanager.h"

#include "alert/alerts_private.h"
#include "base/actor.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/time.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/net.h"
#include "net/url.h"
#include "vocab/secret.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX 2048U
#define AUTH_MAX 65536U
#define ANSWER_MAX 4096U
#define ERROR_MAX 400U
#define TIMEOUT_NS (INT64_C(10) * DM_NS_PER_SECOND)
#define BACKOFF_FIRST_NS (INT64_C(1) * DM_NS_PER_SECOND)
#define BACKOFF_MAX_NS (INT64_C(60) * DM_NS_PER_SECOND)
#define RESEND_NS (DM_RESEND_MS * DM_NS_PER_MS)
// An end that is still to come for Alertmanager's clock would be no end: the
// one it was told before is later and stays. So the end is told a little early.
#define CLOCK_SLACK_MS INT64_C(5000)
#define ROUND_FRESH_NS (INT64_C(60) * DM_NS_PER_SECOND)

// What an Alertmanager was last told of a label set
struct told {
    uint64_t fingerprint;
    uint64_t content; // Hash of all but endsAt
    int64_t at_ns;
    bool is_refused; // 4xx: not told again before it changes
};

struct client {
    struct dm_alertmanagers *all;
    char *url; // As configured
    char *endpoint;
    struct dm_str auth; // Of the configuration
    struct told *told;  // Ascending by fingerprint
    size_t n_told;
    size_t told_capacity;
    struct told batch[DM_ALERT_BATCH]; // Under way
    size_t n_batch;
    size_t batch_max; // Halved on 4xx
    struct dm_http_request *request;
    struct dm_timer timer;
    int64_t backoff_ns; // 0: the last POST was accepted
    int64_t retry_ns;
    struct dm_alertmanager_figures figures;
    char error[ERROR_MAX];
};

struct dm_alertmanagers {
    const struct dm_env *env;
    const struct dm_net *net;
    struct dm_config *config;
    struct dm_alerts *alerts;
    struct dm_alerts *own; // DeadMansSwitch
    int64_t round_ns;
    struct client **clients;
    size_t n_clients;
};

static void pump(struct client *client);

static int64_t
now_of(const struct dm_alertmanagers *clients)
{
    return dm_loop_now_ns(clients->net->loop);
}

struct dm_alertmanagers *
dm_alertmanagers_new(const struct dm_env *env, const struct dm_net *net)
{
    struct dm_alertmanagers *clients = dm_calloc(1, sizeof(*clients));
    if (clients) {
        clients->env = env;
        clients->net = net;
    }
    return clients;
}

static void
client_free(struct client *client)
{
    if (!client) {
        return;
    }
    dm_loop_timer_stop(client->all->net->loop, &client->timer);
    if (client->request) {
        dm_http_client_cancel(client->all->net->http, client->request);
    }
    dm_free(client->told);
    dm_free(client->url);
    dm_free(client->endpoint);
    dm_free(client);
}

void
dm_alertmanagers_free(struct dm_alertmanagers *clients)
{
    if (!clients) {
        return;
    }
    for (size_t i = 0; i < clients->n_clients; ++i) {
        client_free(clients->clients[i]);
    }
    dm_free(clients->clients);
    dm_alerts_free(clients->alerts);
    dm_alerts_free(clients->own);
    dm_config_unref(clients->config);
    dm_free(clients);
}

// -------------------------------------------------------------- what was told

static struct told *
find_told(const struct client *client, uint64_t fingerprint, size_t *ret_place)
{
    size_t low = 0;
    size_t high = client->n_told;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (client->told[middle].fingerprint < fingerprint) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_place = low;
    return low < client->n_told && client->told[low].fingerprint == fingerprint
               ? &client->told[low]
               : NULL;
}

// What cannot be remembered is told again: no harm
static void
remember(struct client *client, const struct told *told)
{
    size_t place = 0;
    struct told *known = find_told(client, told->fingerprint, &place);
    if (known) {
        *known = *told;
        return;
    }
    struct told *all =
        dm_grow(client->told, &client->told_capacity, client->n_told + 1,
                sizeof(*client->told), (size_t)2 * DM_ALERTS_MAX);
    if (!all) {
        return;
    }
    client->told = all;
    memmove(&all[place + 1], &all[place],
            (client->n_told - place) * sizeof(*all));
    all[place] = *told;
    ++client->n_told;
}

static uint64_t
content_of(const struct dm_alert *alert)
{
    uint64_t hash =
        dm_alert_fingerprint(alert->annotations, alert->n_annotations);
    const int64_t rest[] = {(int64_t)alert->state, alert->starts_ms,
                            alert->resolved_ms};
    return dm_hash(dm_str_n((const char *)rest, sizeof(rest)), hash);
}

// Whether the alert is to be told now; else `*due_ns` says when at the earliest
static bool
is_due(const struct client *client, const struct dm_alert *alert,
       uint64_t content, int64_t now_ns, int64_t *due_ns)
{
    size_t place = 0;
    const struct told *told = find_told(client, alert->fingerprint, &place);
    if (!told || told->content != content) {
        return true;
    }
    if (told->is_refused) {
        return false;
    }
    const int64_t due = told->at_ns + RESEND_NS;
    if (due <= now_ns) {
        return true;
    }
    *due_ns = due < *due_ns ? due : *due_ns;
    return false;
}

// --------------------------------------------------------------------- bodies

static json_t *
texts_object(const struct dm_alert_text *texts, size_t n)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < n; ++i) {
        (void)json_object_setn_new(
            object, texts[i].name.data, texts[i].name.n,
            json_stringn(texts[i].value.data, texts[i].value.n));
    }
    return object;
}

static void
set_time(json_t *object, const char *key, int64_t ms)
{
    char text[DM_TIME_SIZE];
    dm_time_format(ms, text);
    (void)json_object_set_new(object, key, json_string(text));
}

static void
set_link(const struct dm_alertmanagers *clients, json_t *object,
         const struct dm_alert *alert)
{
    const struct dm_str base = clients->config->node.public_url;
    struct dm_buf link;
    if (!base.n || !alert->check.n) {
        return;
    }
    dm_buf_init(&link, URL_MAX);
    (void)dm_buf_put_str(&link, base);
    if (base.data[base.n - 1] != '/') {
        (void)dm_buf_putc(&link, '/');
    }
    (void)dm_buf_puts(&link, "check?name=");
    if (!dm_percent_encode(alert->check, &link) && !link.status) {
        (void)json_object_set_new(object, "generatorURL",
                                  json_string(dm_buf_cstr(&link)));
    }
    dm_buf_done(&link);
}

static json_t *
alert_object(const struct dm_alertmanagers *clients,
             const struct dm_alert *alert, int64_t now_ms)
{
    json_t *object = json_object();
    int64_t ends = now_ms + DM_ENDS_AFTER_MS;
    if (alert->state == DM_ALERT_RESOLVED) {
        // One in the future of Alertmanager's clock is no end: it may be behind
        // ours, and ours may have been set back since
        ends = alert->resolved_ms - CLOCK_SLACK_MS;
        ends = ends > alert->starts_ms ? ends : alert->starts_ms;
        ends = ends < now_ms ? ends : now_ms - CLOCK_SLACK_MS;
    }
    const int64_t starts = alert->starts_ms < ends ? alert->starts_ms : ends;
    (void)json_object_set_new(object, "labels",
                              texts_object(alert->labels, alert->n_labels));
    (void)json_object_set_new(
        object, "annotations",
        texts_object(alert->annotations, alert->n_annotations));
    set_time(object, "startsAt", starts < now_ms ? starts : now_ms);
    set_time(object, "endsAt", ends);
    set_link(clients, object, alert);
    return object;
}

// Gather what is due into the batch and its body
struct gathering {
    struct client *client;
    json_t *body;
    int64_t now_ns;
    int64_t now_ms;
    int64_t due_ns;
};

static void
gather(struct gathering *gathering, const struct dm_alerts *alerts)
{
    struct client *client = gathering->client;
    for (size_t i = 0; alerts && i < dm_alerts_count(alerts); ++i) {
        const struct dm_alert *alert = dm_alerts_at(alerts, i);
        if (alert->state == DM_ALERT_PENDING || alert->waits) {
            continue;
        }
        const uint64_t content = content_of(alert);
        if (!is_due(client, alert, content, gathering->now_ns,
                    &gathering->due_ns)) {
            continue;
        }
        if (client->n_batch == client->batch_max) {
            return; // The rest goes with the next POST
        }
        client->batch[client->n_batch++] = (struct told){
            .fingerprint = alert->fingerprint,
            .content = content,
            .at_ns = gathering->now_ns,
        };
        (void)json_array_append_new(
            gathering->body,
            alert_object(client->all, alert, gathering->now_ms));
    }
}

// ---------------------------------------------------------------------- POSTs

static void
on_timer(void *context)
{
    pump(context);
}

static void
arm(struct client *client, int64_t due_ns)
{
    struct dm_loop *loop = client->all->net->loop;
    dm_loop_timer_stop(loop, &client->timer);
    if (due_ns != INT64_MAX) {
        dm_loop_timer_start(loop, &client->timer, due_ns, on_timer, client);
    }
}

static void
note_error(struct client *client, struct dm_str text)
{
    const struct dm_str cut = dm_utf8_cut(text, ERROR_MAX - 1);
    if (cut.n) {
        memcpy(client->error, cut.data, cut.n);
    }
    client->error[cut.n] = '\0';
}

static void
accept(struct client *client)
{
    for (size_t i = 0; i < client->n_batch; ++i) {
        remember(client, &client->batch[i]);
    }
    client->batch_max = DM_ALERT_BATCH;
    client->backoff_ns = 0;
    client->figures.reachable = true;
    client->figures.accepted_ms = dm_env_wall_ms(client->all->env);
}

// The batch has something that is refused: halve it until that stands alone
static void
refuse(struct client *client, struct dm_str why)
{
    note_error(client, why);
    if (client->n_batch > 1) {
        client->batch_max = client->n_batch / 2;
        return;
    }
    struct told told = client->batch[0];
    told.is_refused = true;
    remember(client, &told);
    ++client->figures.refused_alerts;
    client->batch_max = DM_ALERT_BATCH;
}

static void
back_off(struct client *client, struct dm_str why)
{
    note_error(client, why);
    ++client->figures.failed;
    client->figures.reachable = false;
    client->backoff_ns =
        client->backoff_ns ? client->backoff_ns * 2 : BACKOFF_FIRST_NS;
    if (client->backoff_ns > BACKOFF_MAX_NS) {
        client->backoff_ns = BACKOFF_MAX_NS;
    }
    client->retry_ns = now_of(client->all) + client->backoff_ns;
}

static void
on_response(void *context, const struct dm_http_response *response)
{
    struct client *client = context;
    DM_ON_LOOP();
    client->request = NULL;
    if (response->outcome.failure) {
        back_off(client, dm_str(response->outcome.text));
    } else if (response->status >= 200 && response->status < 300) {
        accept(client);
    } else if (response->status >= 400 && response->status < 500 &&
               response->status != 401 && response->status != 403 &&
               response->status != 404 && response->status != 429) {
        refuse(client, response->body);
    } else {
        struct dm_buf text;
        dm_buf_init(&text, ERROR_MAX);
        (void)dm_buf_printf(&text, "status %u", response->status);
        back_off(client, dm_buf_str(&text));
        dm_buf_done(&text);
    }
    client->n_batch = 0;
    pump(client);
}

static enum dm_status
send_body(struct client *client, const char *body)
{
    static const struct dm_http_header json = {DM_STR("Content-Type"),
                                               DM_STR("application/json")};
    struct dm_http_header headers[2] = {json};
    size_t n_headers = 1;
    struct dm_buf auth;
    dm_buf_init(&auth, AUTH_MAX);
    enum dm_status status = DM_OK;
    if (client->auth.n) {
        status = dm_secrets_authorization(client->all->config->secrets,
                                          client->auth, &auth, NULL);
        headers[1].name = dm_str("Authorization");
        headers[1].value = dm_buf_str(&auth);
        n_headers = 2;
    }
    if (!status) {
        const struct dm_http_request_spec spec = {
            .method = DM_STR("POST"),
            .url = dm_str(client->endpoint),
            .headers = headers,
            .n_headers = n_headers,
            .body = dm_str(body),
            .timeout_ns = TIMEOUT_NS,
            .max_body = ANSWER_MAX,
            .keep_alive = true,
        };
        status = dm_http_client_start(client->all->net->http, &spec,
                                      on_response, client, &client->request);
    }
    dm_secret_wipe(&auth);
    dm_buf_done(&auth);
    return status;
}

static void
post(struct client *client, const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    const enum dm_status status =
        text ? send_body(client, text) : DM_ERR_NO_MEMORY;
    free(text);
    if (status) {
        client->n_batch = 0;
        back_off(client, dm_str(dm_status_text(status)));
        arm(client, client->retry_ns);
        return;
    }
    ++client->figures.posts;
}

// Tell what is due, or wait until something is
static void
pump(struct client *client)
{
    struct dm_alertmanagers *all = client->all;
    const int64_t now = now_of(all);
    if (client->request) {
        return;
    }
    if (client->backoff_ns && now < client->retry_ns) {
        arm(client, client->retry_ns);
        return;
    }
    struct gathering gathering = {
        .client = client,
        .body = json_array(),
        .now_ns = now,
        .now_ms = dm_env_wall_ms(all->env),
        .due_ns = INT64_MAX,
    };
    client->n_batch = 0;
    if (all->alerts && now - all->round_ns <= ROUND_FRESH_NS) {
        gather(&gathering, all->own);
    }
    gather(&gathering, all->alerts);
    if (client->n_batch) {
        post(client, gathering.body);
    } else {
        arm(client, gathering.due_ns);
    }
    json_decref(gathering.body);
}

// ------------------------------------------------------------------ rounds

static const struct dm_alert_text *
own_labels(const struct dm_config *config, size_t *ret_n,
           struct dm_alert_text labels[3])
{
    static const struct dm_str alertname = DM_STR("alertname");
    static const struct dm_str instance = DM_STR("instance");
    static const struct dm_str severity = DM_STR("severity");
    labels[0] = (struct dm_alert_text){alertname, DM_STR("DeadMansSwitch")};
    labels[1] = (struct dm_alert_text){instance, config->node.name};
    labels[2] = (struct dm_alert_text){severity, DM_STR("none")};
    *ret_n = dm_alert_texts_settle(labels, 3);
    return labels;
}

// The alert that is always there; its end says that this head is gone
static struct dm_alerts *
make_own(const struct dm_alertmanagers *clients, const struct dm_config *config)
{
    static const struct dm_alert_text annotations[] = {
        {DM_STR("summary"),
         DM_STR("demonitor evaluates rules; when this ends, it no longer "
                "does, or cannot reach Alertmanager")},
    };
    struct dm_alert_text labels[3];
    struct dm_alert alert = {
        .identity = DM_STR("DeadMansSwitch"),
        .rule = DM_STR("DeadMansSwitch"),
        .state = DM_ALERT_FIRING,
        .annotations = annotations,
        .n_annotations = DM_COUNT_OF(annotations),
        .starts_ms = clients->own ? dm_alerts_at(clients->own, 0)->starts_ms
                                  : dm_env_wall_ms(clients->env),
    };
    alert.labels = own_labels(config, &alert.n_labels, labels);
    alert.fingerprint = dm_alert_fingerprint(alert.labels, alert.n_labels);
    struct dm_alerts *own = dm_alerts_new();
    if (own && dm_alerts_add(own, &alert)) {
        dm_alerts_free(own);
        return NULL;
    }
    return own;
}

// Forget what is no longer there, so that a label set that comes back is new
static void
prune(struct client *client)
{
    const struct dm_alertmanagers *all = client->all;
    const struct dm_alerts *const sets[] = {all->own, all->alerts};
    for (size_t i = 0; i < client->n_told; ++i) {
        client->told[i].at_ns = -client->told[i].at_ns - 1; // Marked as gone
    }
    for (size_t s = 0; s < DM_COUNT_OF(sets); ++s) {
        for (size_t i = 0; sets[s] && i < dm_alerts_count(sets[s]); ++i) {
            size_t place = 0;
            struct told *told = find_told(
                client, dm_alerts_at(sets[s], i)->fingerprint, &place);
            if (told && told->at_ns < 0) {
                told->at_ns = -told->at_ns - 1;
            }
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < client->n_told; ++i) {
        if (client->told[i].at_ns >= 0) {
            client->told[kept++] = client->told[i];
        }
    }
    client->n_told = kept;
}

void
dm_alertmanagers_round(struct dm_alertmanagers *clients,
                       struct dm_alerts *alerts)
{
    DM_ON_LOOP();
    dm_alerts_free(clients->alerts);
    clients->alerts = alerts;
    clients->round_ns = now_of(clients);
    for (size_t i = 0; i < clients->n_clients; ++i) {
        prune(clients->clients[i]);
        pump(clients->clients[i]);
    }
}

const struct dm_alerts *
dm_alertmanagers_alerts(const struct dm_alertmanagers *clients)
{
    return clients->alerts;
}

// -------------------------------------------------------------- configuration

static struct client *
client_new(struct dm_alertmanagers *clients, struct dm_str url)
{
    struct client *client = dm_calloc(1, sizeof(*client));
    struct dm_buf endpoint;
    dm_buf_init(&endpoint, URL_MAX);
    if (!client) {
        return NULL;
    }
    client->all = clients;
    client->batch_max = DM_ALERT_BATCH;
    client->url = dm_strndup(url.data, url.n);
    while (url.n && url.data[url.n - 1] == '/') {
        --url.n;
    }
    (void)dm_buf_put_str(&endpoint, url);
    (void)dm_buf_puts(&endpoint, "/api/v2/alerts");
    const bool fits = endpoint.status == DM_OK;
    client->endpoint = dm_buf_take(&endpoint, NULL);
    if (!fits || !client->url || !client->endpoint) {
        client_free(client);
        return NULL;
    }
    return client;
}

static struct client *
find_client(const struct dm_alertmanagers *clients, struct dm_str url)
{
    for (size_t i = 0; i < clients->n_clients; ++i) {
        if (dm_str_is(url, clients->clients[i]->url)) {
            return clients->clients[i];
        }
    }
    return NULL;
}

// The clients of the configuration, each once, those that stay and new ones
struct coming {
    struct client **items;
    size_t n;
};

static bool
is_coming(const struct coming *coming, struct dm_str url)
{
    for (size_t i = 0; i < coming->n; ++i) {
        if (dm_str_is(url, coming->items[i]->url)) {
            return true;
        }
    }
    return false;
}

static enum dm_status
prepare(struct dm_alertmanagers *clients,
        const struct dm_node_settings *settings, struct coming *coming)
{
    coming->items =
        dm_calloc(settings->n_alertmanagers, sizeof(struct client *));
    if (!coming->items) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < settings->n_alertmanagers; ++i) {
        const struct dm_str url = settings->alertmanagers[i].url;
        if (is_coming(coming, url)) {
            continue;
        }
        struct client *client = find_client(clients, url);
        if (!client) {
            client = client_new(clients, url);
        }
        if (!client) {
            return DM_ERR_NO_MEMORY;
        }
        coming->items[coming->n++] = client;
    }
    return DM_OK;
}

// Release what was made for nothing
static void
dismiss(const struct dm_alertmanagers *clients, const struct coming *coming)
{
    for (size_t i = 0; i < coming->n; ++i) {
        if (!find_client(clients, dm_str(coming->items[i]->url))) {
            client_free(coming->items[i]);
        }
    }
    dm_free(coming->items);
}

static void
adopt(struct dm_alertmanagers *clients, struct dm_config *config,
      const struct coming *coming)
{
    const struct dm_node_settings *settings = &config->node;
    for (size_t i = 0; i < clients->n_clients; ++i) {
        if (!is_coming(coming, dm_str(clients->clients[i]->url))) {
            client_free(clients->clients[i]);
        }
    }
    dm_free(clients->clients);
    clients->clients = coming->items;
    clients->n_clients = coming->n;
    struct dm_config *old = clients->config;
    clients->config = dm_config_ref(config);
    dm_config_unref(old);
    for (size_t i = settings->n_alertmanagers; i-- > 0;) { // The first counts
        const struct dm_alertmanager_def *def = &settings->alertmanagers[i];
        struct client *client = find_client(clients, def->url);
        if (client) { // Each that is configured was made
            client->auth = def->auth;
        }
    }
}

enum dm_status
dm_alertmanagers_configure(struct dm_alertmanagers *clients,
                           struct dm_config *config)
{
    DM_ON_LOOP();
    struct coming coming = {0};
    struct dm_alerts *own = make_own(clients, config);
    enum dm_status status = own ? DM_OK : DM_ERR_NO_MEMORY;
    if (!status) {
        status = prepare(clients, &config->node, &coming);
    }
    if (status) {
        dismiss(clients, &coming);
        dm_alerts_free(own);
        return status;
    }
    adopt(clients, config, &coming);
    dm_alerts_free(clients->own);
    clients->own = own;
    return DM_OK;
}

size_t
dm_alertmanagers_count(const struct dm_alertmanagers *clients)
{
    return clients->n_clients;
}

void
dm_alertmanagers_figures(const struct dm_alertmanagers *clients, size_t i,
                         struct dm_alertmanager_figures *ret)
{
    assert(i < clients->n_clients);
    const struct client *client = clients->clients[i];
    *ret = client->figures;
    ret->url = dm_str(client->url);
    ret->error = dm_str(client->figures.reachable ? "" : client->error);
}
