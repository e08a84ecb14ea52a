// SPDX-License-Identifier: ISC

#include "sim/alertmanager.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/time.h"
#include "sim/network.h"
#include "sim/world.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PORT 9093
#define LABELS_MAX 64
#define LABELS_BYTES_MAX 65536
#define N_CLASSES 6

enum told {
    TOLD_NOTHING,
    TOLD_FIRING,
    TOLD_RESOLVED,
};

// One label set: the alert, where there is one, its group, and what was told
struct alert {
    struct dm_sim_alertmanager *am;
    char *labels;
    bool is_there; // The alert; its group is flushed
    bool is_timeout;
    int64_t starts_ms;
    int64_t ends_ms;
    struct dm_sim_event flush;
    enum told told;
    int64_t told_ns; // World
};

struct dm_sim_alertmanager {
    struct dm_sim_world *world;
    struct dm_sim_host *host;
    struct dm_sim_alertmanager_options options;
    struct dm_sim_alertmanager_mood mood;
    dm_sim_notified_fn notified;
    void *context;
    struct dm_map alerts; // By labels
    struct dm_sim_notification *list;
    size_t n_list;
    size_t capacity;
    uint64_t n_posts[N_CLASSES];
};

struct dm_sim_alertmanager_options
dm_sim_alertmanager_options_default(void)
{
    return (struct dm_sim_alertmanager_options){
        .resolve_timeout_ns = 300 * DM_NS_PER_SECOND,
        .group_wait_ns = DM_NS_PER_SECOND,
        .group_interval_ns = 5 * DM_NS_PER_SECOND,
        .repeat_interval_ns = 14400 * DM_NS_PER_SECOND,
    };
}

static int64_t
now_ms(const struct dm_sim_alertmanager *am)
{
    return dm_sim_world_options(am->world)->wall_ms +
           dm_sim_world_now_ns(am->world) / DM_NS_PER_MS;
}

static bool
is_firing(const struct alert *alert)
{
    return alert->is_there && alert->ends_ms > now_ms(alert->am);
}

// Notifications

static void
notify(struct alert *alert, enum told told)
{
    struct dm_sim_alertmanager *am = alert->am;
    const struct dm_sim_notification notification = {
        .at_ns = dm_sim_world_now_ns(am->world),
        .labels = dm_str(alert->labels),
        .is_firing = told == TOLD_FIRING,
        .is_repeat = told == TOLD_FIRING && alert->told == TOLD_FIRING,
        .starts_ms = alert->starts_ms,
        .ends_ms = alert->ends_ms,
    };
    struct dm_sim_notification *list =
        dm_grow(am->list, &am->capacity, am->n_list + 1, sizeof(*list),
                DM_SIM_NOTIFICATIONS_MAX);
    if (list) {
        am->list = list;
        list[am->n_list++] = notification;
    }
    alert->told = told;
    alert->told_ns = notification.at_ns;
    dm_sim_world_note(am->world, DM_SIM_NOTE_OTHER, told,
                      dm_hash(notification.labels, 0));
    if (am->notified) {
        am->notified(am->context, &notification);
    }
}

static void
flush(void *context)
{
    struct alert *alert = context;
    struct dm_sim_alertmanager *am = alert->am;
    const int64_t now_ns = dm_sim_world_now_ns(am->world);
    if (is_firing(alert)) {
        const bool is_due =
            now_ns - alert->told_ns >= am->options.repeat_interval_ns;
        if (alert->told != TOLD_FIRING || is_due) {
            notify(alert, TOLD_FIRING);
        }
    } else {
        if (alert->told == TOLD_FIRING) {
            notify(alert, TOLD_RESOLVED);
        }
        alert->is_there = false; // And its group
        return;
    }
    // Without memory the group would stop; the test that made it so sees that
    (void)!dm_sim_event_set(am->world, &alert->flush,
                            now_ns + am->options.group_interval_ns);
}

// Labels

static bool
is_name(const char *name)
{
    if (*name >= '0' && *name <= '9') {
        return false;
    }
    const char *p = name;
    for (; *p != '\0'; ++p) {
        const bool is_letter =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
        if (!is_letter && *p != '_' && !(*p >= '0' && *p <= '9')) {
            return false;
        }
    }
    return p != name;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
put_quoted(struct dm_buf *buf, const char *value)
{
    (void)dm_buf_putc(buf, '"');
    for (const char *p = value; *p != '\0'; ++p) {
        if (*p == '"' || *p == '\\') {
            (void)dm_buf_putc(buf, '\\');
        }
        (void)dm_buf_putc(buf, *p);
    }
    (void)dm_buf_putc(buf, '"');
}

// "" where a value is null
static const char *
text_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text ? text : "";
}

// Append the label set in its canonical form
// @return Whether it is one: at least one label, all names good.
static bool
put_labels(json_t *labels, struct dm_buf *buf)
{
    const char *names[LABELS_MAX];
    size_t n = 0;
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(labels, name, value)
    {
        if (!is_name(name)) {
            return false;
        }
        if (text_of(value)[0] != '\0' && n < LABELS_MAX) {
            names[n++] = name;
        }
    }
    qsort(names, n, sizeof(names[0]), compare_names);
    for (size_t i = 0; i < n; ++i) {
        (void)dm_buf_puts(buf, i > 0 ? "," : "");
        (void)dm_buf_puts(buf, names[i]);
        (void)dm_buf_putc(buf, '=');
        put_quoted(buf, text_of(json_object_get(labels, names[i])));
    }
    return n > 0 && buf->status == DM_OK;
}

enum dm_status
dm_sim_label_get(struct dm_str labels, const char *name, struct dm_buf *buf)
{
    size_t i = 0;
    while (i < labels.n) {
        const struct dm_str rest = dm_str_slice(labels, i, labels.n);
        const size_t n = dm_str_find(rest, dm_str("="));
        const bool is_it = dm_str_is(dm_str_slice(rest, 0, n), name);
        i += n + 2; // Behind '=' and '"'
        for (; i < labels.n && labels.data[i] != '"'; ++i) {
            i += labels.data[i] == '\\' ? 1 : 0;
            if (is_it && i < labels.n) {
                (void)dm_buf_putc(buf, labels.data[i]);
            }
        }
        if (is_it) {
            return buf->status;
        }
        i += 2; // Behind '"' and ','
    }
    return DM_ERR_NOT_FOUND;
}

// Alerts

static struct alert *
alert_of(struct dm_sim_alertmanager *am, struct dm_str labels)
{
    const struct dm_map_entry *found = dm_map_get(&am->alerts, labels);
    if (found) {
        return found->value.ptr;
    }
    struct alert *alert = dm_calloc(1, sizeof(*alert));
    char *copy = alert ? dm_strndup(labels.data, labels.n) : NULL;
    struct dm_map_entry *entry =
        copy ? dm_map_put(&am->alerts, dm_str_n(copy, labels.n), NULL) : NULL;
    if (!entry) {
        dm_free(copy);
        dm_free(alert);
        return NULL;
    }
    alert->am = am;
    alert->labels = copy;
    dm_sim_event_init(&alert->flush, flush, alert);
    entry->value.ptr = alert;
    return alert;
}

struct report {
    int64_t starts_ms;
    int64_t ends_ms;
    bool is_timeout; // It said no end
};

// The younger `report` over what is there
static void
merge(struct alert *alert, const struct report *report)
{
    const int64_t now = now_ms(alert->am);
    const bool overlaps = (report->ends_ms > alert->starts_ms &&
                           report->ends_ms < alert->ends_ms) ||
                          (report->starts_ms > alert->starts_ms &&
                           report->starts_ms < alert->ends_ms);
    const struct alert old = *alert;
    alert->starts_ms = report->starts_ms;
    alert->ends_ms = report->ends_ms;
    alert->is_timeout = report->is_timeout;
    if (!old.is_there || !overlaps) {
        return;
    }
    if (old.starts_ms < alert->starts_ms) {
        alert->starts_ms = old.starts_ms;
    }
    const bool is_old_resolved = old.ends_ms <= now;
    const bool is_resolved = report->ends_ms <= now;
    const bool keeps_end = is_resolved ? is_old_resolved : !old.is_timeout;
    if (keeps_end && old.ends_ms > alert->ends_ms) {
        alert->ends_ms = old.ends_ms;
        alert->is_timeout = old.is_timeout;
    }
}

static void
take(struct alert *alert, const struct report *report)
{
    struct dm_sim_alertmanager *am = alert->am;
    merge(alert, report);
    if (alert->is_there) {
        return;
    }
    alert->is_there = true;
    const int64_t wait_ms = am->options.group_wait_ns / DM_NS_PER_MS;
    const bool is_old = alert->starts_ms + wait_ms < now_ms(am);
    (void)!dm_sim_event_set(am->world, &alert->flush,
                            dm_sim_world_now_ns(am->world) +
                                (is_old ? 0 : am->options.group_wait_ns));
}

// Requests

// A time of an alert; absent: *ret_is_there is false
// @return Whether it may stand there.
static bool
read_time(const json_t *item, const char *name, bool *ret_is_there,
          int64_t *ret)
{
    const json_t *value = json_object_get(item, name);
    *ret_is_there = false;
    if (!value || json_is_null(value)) {
        return true;
    }
    const char *text = json_string_value(value);
    if (!text || !dm_time_parse(dm_str(text), ret)) {
        return false;
    }
    *ret_is_there = *ret > DM_TIME_MIN_MS; // The zero time is none
    return true;
}

static bool
are_texts(json_t *object)
{
    const char *name = NULL;
    json_t *value = NULL;
    if (!object || json_is_null(object)) {
        return true;
    }
    if (!json_is_object(object)) {
        return false;
    }
    json_object_foreach(object, name, value)
    {
        if (!json_is_string(value) && !json_is_null(value)) {
            return false;
        }
    }
    return true;
}

// Types alone: 400 or 422 for the whole batch, 0 where all is well
static unsigned
check_types(const json_t *batch)
{
    for (size_t i = 0; i < json_array_size(batch); ++i) {
        const json_t *item = json_array_get(batch, i);
        bool is_there = false;
        int64_t ms = 0;
        if (!json_is_object(item) ||
            !json_is_object(json_object_get(item, "labels")) ||
            !are_texts(json_object_get(item, "labels")) ||
            !are_texts(json_object_get(item, "annotations")) ||
            !read_time(item, "startsAt", &is_there, &ms) ||
            !read_time(item, "endsAt", &is_there, &ms)) {
            return 400;
        }
        const char *url = text_of(json_object_get(item, "generatorURL"));
        for (; *url != '\0'; ++url) {
            if ((unsigned char)*url <= ' ') {
                return 422;
            }
        }
    }
    return 0;
}

static bool
are_names(json_t *annotations)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(annotations, name, value)
    {
        if (!is_name(name)) {
            return false;
        }
    }
    return true;
}

// @return Whether the alert is valid, and so stored.
static bool
store(struct dm_sim_alertmanager *am, const json_t *item)
{
    const int64_t now = now_ms(am);
    struct report report = {.starts_ms = now};
    bool has_start = false;
    bool has_end = false;
    (void)read_time(item, "startsAt", &has_start, &report.starts_ms);
    (void)read_time(item, "endsAt", &has_end, &report.ends_ms);
    if (!has_start) {
        report.starts_ms = has_end ? report.ends_ms : now;
    }
    if (!has_end) {
        report.is_timeout = true;
        report.ends_ms = now + am->options.resolve_timeout_ns / DM_NS_PER_MS;
    }
    struct dm_buf labels;
    dm_buf_init(&labels, LABELS_BYTES_MAX);
    const bool is_valid =
        put_labels(json_object_get(item, "labels"), &labels) &&
        are_names(json_object_get(item, "annotations")) &&
        report.ends_ms >= report.starts_ms;
    struct alert *alert = is_valid ? alert_of(am, dm_buf_str(&labels)) : NULL;
    if (alert) {
        take(alert, &report);
    }
    dm_buf_done(&labels);
    return alert != NULL;
}

static unsigned
post_alerts(struct dm_sim_alertmanager *am,
            const struct dm_sim_request *request)
{
    const struct dm_str type = dm_http_header_get(
        request->headers, request->n_headers, "Content-Type");
    if (!dm_http_type_is(type, "application/json")) {
        return 415;
    }
    json_t *batch = json_loadb(request->body.n > 0 ? request->body.data : "",
                               request->body.n, 0, NULL);
    const unsigned refused = json_is_array(batch) ? check_types(batch) : 400;
    unsigned status = refused != 0 ? refused : 200;
    for (size_t i = 0; refused == 0 && i < json_array_size(batch); ++i) {
        if (!store(am, json_array_get(batch, i))) {
            status = 400; // And the others are stored all the same
        }
    }
    json_decref(batch);
    return status;
}

static void
serve(void *context, const struct dm_sim_request *request,
      struct dm_sim_response *response)
{
    struct dm_sim_alertmanager *am = context;
    assert(am);
    const struct dm_sim_alertmanager_mood mood = am->mood;
    response->delay_ns = mood.delay_ns;
    const bool is_post = dm_str_is(request->method, "POST") &&
                         dm_str_is(request->target, "/api/v2/alerts");
    const bool is_question = dm_str_is(request->target, "/-/healthy") ||
                             dm_str_is(request->target, "/-/ready");
    if (mood.hangs) {
        response->status = 0;
        return;
    }
    if (mood.status != 0) {
        response->status = mood.status;
    } else if (is_post) {
        response->status = post_alerts(am, request);
    } else {
        response->status = is_question ? 200 : 404;
    }
    if (is_post && response->status / 100 < N_CLASSES) {
        ++am->n_posts[response->status / 100];
    }
    if (mood.loses) {
        response->status = 0;
    }
}

// The model

struct dm_sim_alertmanager *
dm_sim_alertmanager_new(struct dm_sim_world *world, struct dm_sim_host *host,
                        const struct dm_sim_alertmanager_options *options,
                        dm_sim_notified_fn notified, void *context)
{
    struct dm_sim_alertmanager *am = dm_calloc(1, sizeof(*am));
    if (!am) {
        return NULL;
    }
    am->world = world;
    am->host = host;
    am->options = *options;
    am->notified = notified;
    am->context = context;
    dm_map_init(&am->alerts, DM_SIM_ALERTS_MAX, 0);
    if (dm_sim_host_serve(host, PORT, NULL, serve, am) != DM_OK) {
        dm_free(am);
        return NULL;
    }
    return am;
}

void
dm_sim_alertmanager_free(struct dm_sim_alertmanager *am)
{
    if (!am) {
        return;
    }
    dm_sim_host_close(am->host, PORT);
    for (size_t i = 0; i < am->alerts.n; ++i) {
        struct alert *alert = am->alerts.entries[i].value.ptr;
        dm_sim_event_cancel(am->world, &alert->flush);
        dm_free(alert->labels);
        dm_free(alert);
    }
    dm_map_done(&am->alerts);
    dm_free(am->list);
    dm_free(am);
}

struct dm_sim_alertmanager_mood *
dm_sim_alertmanager_mood(struct dm_sim_alertmanager *am)
{
    return &am->mood;
}

void
dm_sim_alertmanager_restart(struct dm_sim_alertmanager *am)
{
    for (size_t i = 0; i < am->alerts.n; ++i) {
        struct alert *alert = am->alerts.entries[i].value.ptr;
        dm_sim_event_cancel(am->world, &alert->flush);
        alert->is_there = false;
    }
}

size_t
dm_sim_alertmanager_n_notified(const struct dm_sim_alertmanager *am)
{
    return am->n_list;
}

const struct dm_sim_notification *
dm_sim_alertmanager_notified(const struct dm_sim_alertmanager *am, size_t i)
{
    assert(i < am->n_list);
    return &am->list[i];
}

size_t
dm_sim_alertmanager_n_firing(const struct dm_sim_alertmanager *am)
{
    size_t n = 0;
    for (size_t i = 0; i < am->alerts.n; ++i) {
        n += is_firing(am->alerts.entries[i].value.ptr) ? 1 : 0;
    }
    return n;
}

bool
dm_sim_alertmanager_fires(const struct dm_sim_alertmanager *am,
                          struct dm_str labels)
{
    const struct dm_map_entry *found = dm_map_get(&am->alerts, labels);
    return found && is_firing(found->value.ptr);
}

uint64_t
dm_sim_alertmanager_n_posts(const struct dm_sim_alertmanager *am,
                            unsigned status_class)
{
    assert(status_class < N_CLASSES);
    return am->n_posts[status_class];
}
