// SPDX-License-Identifier: ISC

// /ping/NAME[/start,/fail,/log,/0…255] and /ping/KEY/NAME[…]: what
// healthchecks.io's clients send. A key begins with dmp_, so it cannot be taken
// for a name; names may have slashes, but no last part that is an action.

#include "base/alloc.h"
#include "daemon/node_private.h"
#include "daemon/tokens.h"
#include "net/url.h"
#include "vocab/secret.h"

#include <string.h>

#define BODY_MAX 10000U
#define BODY_MAX_TEXT "10000"
#define RUN_ID_MAX 64U
#define UUID_LENGTH 36U
#define EXIT_CODE_MAX 255U

static void
reply_text(const struct dm_request *request, unsigned status, const char *text)
{
    static const struct dm_http_header headers[] = {
        {DM_STR("Content-Type"), DM_STR("text/plain; charset=utf-8")},
        {DM_STR("Cache-Control"), DM_STR("no-store")},
        {DM_STR("Ping-Body-Limit"), DM_STR(BODY_MAX_TEXT)},
    };
    const size_t n = strlen(text);
    char *copy = dm_strndup(text, n);
    if (!copy) {
        dm_http_abort(request->call);
    } else if (dm_http_answer(request->call, status, headers,
                              DM_COUNT_OF(headers), copy, n)) {
        return; // Out of memory: the connection is cut
    }
}

// Whether the last part of a path is an action; else it belongs to the name
static bool
take_action(struct dm_str *name, struct dm_ping *ping, bool *ret_is_bad)
{
    static const struct {
        const char *word;
        enum dm_ping_kind kind;
    } actions[] = {
        {"start", DM_PING_START}, {"fail", DM_PING_FAIL}, {"log", DM_PING_LOG}};
    size_t slash = name->n;
    while (slash > 0 && name->data[slash - 1] != '/') {
        --slash;
    }
    if (slash < 2) {
        return false;
    }
    const struct dm_str last = dm_str_slice(*name, slash, name->n);
    const struct dm_str rest = dm_str_slice(*name, 0, slash - 1);
    for (size_t i = 0; i < DM_COUNT_OF(actions); ++i) {
        if (dm_str_is(last, actions[i].word)) {
            ping->kind = actions[i].kind;
            *name = rest;
            return true;
        }
    }
    uint64_t code = 0;
    if (dm_str_to_uint(last, UINT64_MAX, &code)) {
        *ret_is_bad = code > EXIT_CODE_MAX;
        ping->kind = DM_PING_EXIT;
        ping->exit_code = *ret_is_bad ? 0 : (uint32_t)code;
        *name = rest;
        return true;
    }
    return false;
}

static bool
is_uuid(struct dm_str text)
{
    if (text.n != UUID_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < text.n; ++i) {
        const char c = text.data[i];
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                            (c >= 'A' && c <= 'F');
        if (is_dash ? c != '-' : !is_hex) {
            return false;
        }
    }
    return true;
}

static bool
is_ping_key(const struct dm_node *node, struct dm_str key)
{
    const struct dm_peer_def *peer = NULL;
    return dm_tokens_check(node->tokens, key, &peer) & (unsigned)DM_SCOPE_PING;
}

// By ?token=, for who can send a URL alone
static bool
has_ping_token(const struct dm_request *request)
{
    struct dm_buf token;
    dm_buf_init(&token, BODY_MAX);
    const bool fits = dm_request_param(request, "token", &token) == DM_OK &&
                      is_ping_key(request->node, dm_buf_str(&token));
    dm_secret_wipe(&token);
    dm_buf_done(&token);
    return fits;
}

static void
record(const struct dm_request *request, struct dm_ping *ping)
{
    const enum dm_status status = dm_runner_ping(request->node->runner, ping);
    if (status == DM_OK) {
        reply_text(request, 200, "OK");
    } else if (status == DM_ERR_NOT_FOUND) {
        reply_text(request, 404, "not found");
    } else {
        reply_text(request, 503, "try again");
    }
}

static void
ping(const struct dm_request *request)
{
    static const struct dm_str key_prefix = DM_STR("dmp_");
    struct dm_str name = request->rest;
    unsigned scopes = request->scopes;
    if (dm_str_starts(name, key_prefix)) {
        const size_t slash = dm_str_find(name, dm_str("/"));
        if (is_ping_key(request->node, dm_str_slice(name, 0, slash))) {
            scopes |= (unsigned)DM_SCOPE_PING;
        }
        name = dm_str_slice(name, slash + 1, name.n);
    }
    if (!(scopes & (unsigned)DM_SCOPE_PING) && !has_ping_token(request)) {
        dm_reply_problem(request, 401, "a ping token is needed", NULL);
        return;
    }

    struct dm_ping made = {.kind = DM_PING_SUCCESS,
                           .body = request->call->incoming.body};
    struct dm_buf run_id;
    bool is_bad = false;
    dm_buf_init(&run_id, RUN_ID_MAX);
    (void)take_action(&name, &made, &is_bad);
    const enum dm_status given = dm_request_param(request, "rid", &run_id);
    made.name = name;
    made.run_id = dm_buf_str(&run_id);
    if (is_bad) {
        reply_text(request, 400, "the exit code is over 255");
    } else if (given != DM_ERR_NOT_FOUND && !is_uuid(made.run_id)) {
        reply_text(request, 400, "rid is no UUID");
    } else {
        record(request, &made);
    }
    dm_buf_done(&run_id);
}

const struct dm_route dm_routes_ping[] = {
    {.path = "/ping/",
     .is_prefix = true,
     .methods = (unsigned)DM_METHOD_GET | (unsigned)DM_METHOD_POST,
     .scope = DM_SCOPE_FREE, // The key may be in the path: judged above
     .max_body = BODY_MAX,
     .handle = ping},
    {.path = NULL},
};
