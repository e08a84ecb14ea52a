// SPDX-License-Identifier: ISC

#include "daemon/json.h"

#include "alert/evaluate.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>

#define MICROS 1e6
#define FINGERPRINT_SIZE 17

json_t *
dm_json_of_text(struct dm_str value)
{
    return json_stringn(value.data ? value.data : "", value.n);
}

void
dm_json_set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

void
dm_json_text(json_t *object, const char *key, struct dm_str value)
{
    dm_json_set(object, key, dm_json_of_text(value));
}

void
dm_json_time(json_t *object, const char *key, int64_t ms)
{
    char text[DM_TIME_SIZE];
    if (ms < DM_TIME_MIN_MS || ms > DM_TIME_MAX_MS) {
        dm_json_set(object, key, json_null());
        return;
    }
    dm_time_format(ms, text);
    dm_json_set(object, key, json_string(text));
}

void
dm_json_seconds(json_t *object, const char *key, int64_t micros)
{
    dm_json_set(object, key,
                micros < 0 ? json_null() : json_real((double)micros / MICROS));
}

void
dm_json_int(json_t *object, const char *key, int64_t value)
{
    dm_json_set(object, key, json_integer(value));
}

void
dm_json_bool(json_t *object, const char *key, bool value)
{
    dm_json_set(object, key, json_boolean(value));
}

enum dm_status
dm_json_print(json_t *document, struct dm_buf *buf)
{
    char *text =
        document ? json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(15))
                 : NULL;
    json_decref(document);
    if (!text) {
        return DM_ERR_NO_MEMORY;
    }
    (void)dm_buf_puts(buf, text);
    free(text);
    return dm_buf_putc(buf, '\n');
}

static json_t *
texts_object(const struct dm_alert_text *texts, size_t n)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < n; ++i) {
        (void)json_object_setn_new(object, texts[i].name.data, texts[i].name.n,
                                   dm_json_of_text(texts[i].value));
    }
    return object;
}

json_t *
dm_json_alert(const struct dm_alert *alert)
{
    static const char *const states[] = {
        [DM_ALERT_PENDING] = "pending",
        [DM_ALERT_FIRING] = "firing",
        [DM_ALERT_RESOLVED] = "resolved",
    };
    char fingerprint[FINGERPRINT_SIZE];
    json_t *object = json_object();
    if (!object) {
        return NULL;
    }
    (void)snprintf(fingerprint, sizeof(fingerprint), "%016llx",
                   (unsigned long long)alert->fingerprint);
    dm_json_text(object, "alertname", alert->rule);
    dm_json_set(object, "state", json_string(states[alert->state]));
    dm_json_text(object, "fingerprint", dm_str(fingerprint));
    dm_json_text(object, "check", alert->check);
    dm_json_text(object, "node", alert->node);
    dm_json_time(object, "startsAt", alert->starts_ms);
    dm_json_time(object, "firstSeen", alert->first_seen_ms);
    dm_json_time(object, "lastSeen", alert->last_seen_ms);
    dm_json_time(object, "resolvedAt",
                 alert->resolved_ms ? alert->resolved_ms : INT64_MIN);
    dm_json_set(object, "labels", texts_object(alert->labels, alert->n_labels));
    dm_json_set(object, "annotations",
                texts_object(alert->annotations, alert->n_annotations));
    return object;
}

void
dm_json_kubo(json_t *object, const struct dm_outbox_figures *kubo)
{
    if (!kubo->is_there) {
        return;
    }
    json_t *own = json_object();
    dm_json_bool(own, "reachable", kubo->is_reachable);
    dm_json_bool(own, "late", kubo->is_late);
    dm_json_int(own, "behind", (int64_t)kubo->behind);
    dm_json_int(own, "pinned", (int64_t)kubo->pinned);
    dm_json_time(own, "answered", kubo->accepted_ms);
    dm_json_time(own, "tipPut", kubo->put_ms);
    dm_json_text(own, "reason", dm_str(kubo->reason));
    dm_json_set(object, "kubo", own);
}
