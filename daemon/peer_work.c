// SPDX-License-Identifier: ISC

// Asking one peer, and what is to do with it: one errand at a time.

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "daemon/peers_private.h"
#include "vocab/config.h"
#include "vocab/secret.h"

#include <assert.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AUTH_MAX 4096U
#define URL_MAX 4096U

// ------------------------------------------------------------------- requests

void
dm_peer_say(struct dm_peer *peer, const char *format, ...)
{
    char before[DM_PEER_REASON];
    va_list arguments;
    memcpy(before, peer->reason, sizeof(before));
    va_start(arguments, format);
    (void)vsnprintf(peer->reason, sizeof(peer->reason), format, arguments);
    va_end(arguments);
    dm_utf8_tame(peer->reason, strlen(peer->reason));
    peer->said_ms = dm_env_wall_ms(peer->all->node->env);
    peer->failure = DM_NET_OK;
    peer->status = 0;
    if (!peer->is_connected && strcmp(before, peer->reason) == 0) {
        return; // It is still away
    }
    dm_log(peer->all->node->env->log, DM_LOG_WARNING, "peer.trouble",
           "peer=\"%.*s\" reason=\"%s\"", (int)peer->def->name.n,
           peer->def->name.data, peer->reason);
}

// What an answer of problem+json says, "" where it is none
static void
read_title(struct dm_str body, char *ret, size_t size)
{
    json_t *problem = json_loadb(body.data ? body.data : "", body.n, 0, NULL);
    const char *title = json_string_value(json_object_get(problem, "title"));
    const struct dm_str cut = dm_utf8_cut(dm_str(title ? title : ""), size - 1);
    memcpy(ret, cut.data, cut.n);
    ret[cut.n] = '\0';
    json_decref(problem);
}

void
dm_peer_say_answer(struct dm_peer *peer, const char *what,
                   const struct dm_http_response *response)
{
    if (response->outcome.failure != DM_NET_OK) {
        dm_peer_say(peer, "%s: %s", what, response->outcome.text);
    } else if (response->is_body_cut) {
        dm_peer_say(peer, "%s: the answer is longer than it may be", what);
    } else {
        char title[DM_PEER_REASON / 2];
        read_title(response->body, title, sizeof(title));
        dm_peer_say(peer, "%s: status %u%s%s", what, response->status,
                    title[0] ? ", " : "", title);
    }
    peer->failure = response->outcome.failure;
    peer->status = response->status;
}

// It answers again: why it did not is no longer of interest
void
dm_peer_forget_absence(struct dm_peer *peer)
{
    if (peer->is_away || peer->failure != DM_NET_OK) {
        peer->reason[0] = '\0';
        peer->is_away = false;
        peer->failure = DM_NET_OK;
        peer->status = 0;
    }
}

enum dm_status
dm_peer_request(struct dm_peer *peer, const struct dm_peer_ask *ask,
                dm_http_done_fn done, struct dm_http_request **ret)
{
    DM_ON_LOOP();
    struct dm_buf url;
    struct dm_buf auth;
    struct dm_http_header headers[3];
    size_t n = 0;
    struct dm_str base = peer->def->url;
    while (dm_str_ends(base, dm_str("/"))) {
        base = dm_str_slice(base, 0, base.n - 1);
    }
    dm_buf_init(&url, URL_MAX);
    dm_buf_init(&auth, AUTH_MAX);
    (void)dm_buf_put_str(&url, base);
    enum dm_status status = dm_buf_puts(&url, ask->path);
    if (!status && peer->def->auth.n) {
        status = dm_secrets_authorization(peer->all->config->secrets,
                                          peer->def->auth, &auth, NULL);
        headers[n++] =
            (struct dm_http_header){DM_STR("Authorization"), dm_buf_str(&auth)};
    }
    if (ask->content_type.n) {
        headers[n++] =
            (struct dm_http_header){DM_STR("Content-Type"), ask->content_type};
    }
    if (ask->record) {
        headers[n++] = (struct dm_http_header){DM_STR("Demonitor-Record"),
                                               dm_str(ask->record)};
    }
    struct dm_http_request_spec spec = {
        .method = dm_str(ask->method),
        .url = dm_buf_str(&url),
        .headers = headers,
        .n_headers = n,
        .body = ask->body,
        .timeout_ns = ask->timeout_ns,
        .connect_ns = DM_PEER_CONNECT_NS,
        .lost_ns = DM_PEER_LOST_NS,
        .max_body = ask->max_body,
        .keep_alive = true,
        .tls = {.has_pin = peer->has_pin},
    };
    memcpy(spec.tls.pin, peer->pin, sizeof(spec.tls.pin));
    if (!status) {
        status = dm_http_client_start(peer->all->node->net->http, &spec, done,
                                      peer, ret);
    }
    dm_secret_wipe(&auth);
    dm_buf_done(&auth);
    dm_buf_done(&url);
    return status;
}

// -------------------------------------------------------------------- errands

struct dm_peer_known *
dm_peer_know(struct dm_peer *peer, const uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    for (size_t i = 0; i < peer->n_known; ++i) {
        if (memcmp(peer->known[i].log, log, DM_KEY_PUBLIC_BYTES) == 0) {
            return &peer->known[i];
        }
    }
    struct dm_peer_known *known =
        dm_grow(peer->known, &peer->known_capacity, peer->n_known + 1,
                sizeof(*known), DM_PEERS_KNOWN_MAX);
    if (!known) {
        return NULL;
    }
    peer->known = known;
    known += peer->n_known++;
    *known = (struct dm_peer_known){0};
    memcpy(known->log, log, DM_KEY_PUBLIC_BYTES);
    return known;
}

bool
dm_peer_add_errand(struct dm_peer *peer, const struct dm_errand *errand)
{
    // What waits already is planned anew when its turn comes
    for (size_t i = peer->is_working ? 1 : 0; i < peer->n_errands; ++i) {
        struct dm_errand *other = &peer->errands[i];
        if (other->kind == errand->kind &&
            memcmp(other->log, errand->log, sizeof(errand->log)) == 0) {
            dm_free(other->record);
            *other = *errand;
            return true;
        }
    }
    struct dm_errand *errands =
        dm_grow(peer->errands, &peer->errands_capacity, peer->n_errands + 1,
                sizeof(*errands), DM_PEER_ERRANDS_MAX);
    if (!errands) {
        return false;
    }
    peer->errands = errands;
    errands[peer->n_errands++] = *errand;
    return true;
}

// Forget the first `n` things to do.
static void
drop_errands(struct dm_peer *peer, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        dm_free(peer->errands[i].record);
    }
    peer->n_errands -= n;
    memmove(&peer->errands[0], &peer->errands[n],
            peer->n_errands * sizeof(peer->errands[0]));
}

// So many of the first things that were due are over.
static void
settle(struct dm_peer *peer, size_t n)
{
    if (peer->n_due) {
        peer->n_due -= n < peer->n_due ? n : peer->n_due;
        if (!peer->n_due) {
            dm_peer_become_even(peer);
            dm_peer_poll_after(peer, DM_PEER_POLL_LEAST_NS);
        }
    }
}

// What was planned together may be more than is wanted: each log that came
// meanwhile counts.
static void
drop_unwanted(struct dm_peer *peer)
{
    size_t n = 0;
    while (n < peer->n_errands && peer->errands[n].kind != DM_ERRAND_PUSH &&
           !dm_peers_wants(peer->all, peer->errands[n].log, peer->def)) {
        ++n;
    }
    if (n) {
        drop_errands(peer, n);
        settle(peer, n);
    }
}

void
dm_peer_work(struct dm_peer *peer)
{
    DM_ON_LOOP();
    if (peer->is_working || !peer->n_errands || peer->all->is_stopped) {
        return;
    }
    drop_unwanted(peer);
    if (!peer->n_errands) {
        return;
    }
    peer->is_working = true;
    const struct dm_errand *errand = &peer->errands[0];
    if (errand->kind == DM_ERRAND_PUSH) {
        dm_peer_push(peer, errand);
    } else {
        dm_peer_fetch(peer, errand);
    }
}

void
dm_peer_worked(struct dm_peer *peer)
{
    assert(peer->is_working && peer->n_errands);
    peer->is_working = false;
    drop_errands(peer, 1);
    dm_follow_task_free(peer->task);
    peer->task = NULL;
    if (peer->is_lost) {
        dm_peer_lose(peer);
        return;
    }
    settle(peer, 1);
    dm_peer_work(peer);
}

void
dm_peer_lost(struct dm_peer *peer)
{
    peer->is_lost = true;
}
