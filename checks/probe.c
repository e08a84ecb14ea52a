// SPDX-License-Identifier: ISC

#include "checks/probe.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/time.h"
#include "checks/probe_private.h"
#include "vocab/secret.h"

#include <assert.h>

// A row for each kind; NULL where this program cannot run it
static const struct dm_probe_kind *
kind_of(enum dm_check_kind kind)
{
    switch (kind) {
    case DM_CHECK_HTTP:
        return &dm_probe_http;
    case DM_CHECK_SYSTEM:
        return &dm_probe_system;
    case DM_CHECK_COMMAND:
        return &dm_probe_command;
    case DM_CHECK_TCP:
    case DM_CHECK_TLS:
    case DM_CHECK_DNS:
    case DM_CHECK_PING:
    case DM_CHECK_HEARTBEAT:
        return NULL;
    }
    return NULL;
}

bool
dm_probe_has_kind(enum dm_check_kind kind)
{
    return kind_of(kind) != NULL;
}

enum dm_status
dm_probe_start(const struct dm_probe_context *context,
               const struct dm_check_def *check, void *done_context,
               struct dm_probe **ret, struct dm_error *error)
{
    DM_ON_LOOP();
    const struct dm_probe_kind *kind = kind_of(check->kind);
    struct dm_error unused;
    if (!error) {
        error = &unused;
    }
    if (!kind) {
        return dm_error_set(error, DM_ERR_UNSUPPORTED, "not supported yet: %s",
                            dm_check_kind_name(check->kind));
    }
    struct dm_probe *probe = NULL;
    const enum dm_status status = kind->start(context, check, &probe, error);
    if (status) {
        return status;
    }
    probe->done_context = done_context;
    *ret = probe;
    return DM_OK;
}

void
dm_probe_cancel(struct dm_probe *probe)
{
    if (probe) {
        probe->kind->free(probe);
    }
}

enum dm_status
dm_probe_init(struct dm_probe *probe, const struct dm_probe_kind *kind,
              const struct dm_probe_context *context,
              const struct dm_check_def *check)
{
    probe->kind = kind;
    probe->context = *context;
    probe->check = check;
    struct dm_result *result = dm_result_new(check->iri);
    if (!result) {
        return DM_ERR_NO_MEMORY;
    }
    probe->result = result;
    probe->started_ns = dm_env_monotonic_ns(context->env);
    return DM_OK;
}

void
dm_probe_done(struct dm_probe *probe)
{
    if (!probe->is_handed_over) {
        dm_result_free(probe->result);
    }
}

struct dm_str
dm_probe_hidden(const struct dm_probe *probe, struct dm_str text,
                struct dm_buf *buf)
{
    if (!probe->context.secrets) {
        return text;
    }
    dm_buf_clear(buf);
    return dm_secrets_hide(probe->context.secrets, text, buf)
               ? (struct dm_str){"", 0}
               : dm_buf_str(buf);
}

void
dm_probe_finish(struct dm_probe *probe)
{
    DM_ON_LOOP();
    struct dm_result *result = probe->result;
    const dm_result_fn on_done = probe->context.on_done;
    void *context = probe->done_context;
    assert(result);

    if (probe->context.secrets) {
        dm_result_hide(result, probe->context.secrets);
    }
    result->at_ms = dm_env_wall_ms(probe->context.env);
    if (result->micros < 0) {
        const int64_t ns =
            dm_env_monotonic_ns(probe->context.env) - probe->started_ns;
        result->micros = ns / 1000;
    }
    if (probe->check->record_status_only) {
        result->message = (struct dm_str){"", 0};
        result->output = (struct dm_str){"", 0};
    }
    probe->is_handed_over = true;
    probe->kind->free(probe);
    on_done(context, result);
}

enum dm_status
dm_probe_expand(const struct dm_probe *probe, struct dm_str text,
                struct dm_buf *buf, struct dm_error *error)
{
    if (!probe->context.secrets) {
        return dm_buf_put_str(buf, text);
    }
    return dm_secrets_expand(probe->context.secrets, text, buf, error);
}
