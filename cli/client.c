// SPDX-License-Identifier: ISC

#include "cli/client.h"

#include "base/alloc.h"
#include "base/time.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/net.h"
#include "net/real.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define URL_MAX 8192U
#define TOKEN_MAX 4096U
#define TIMEOUT_NS (INT64_C(60) * DM_NS_PER_SECOND)
#define SOCKET_URL "http://localhost"
#define HEADERS_MAX 4U

struct dm_client {
    struct dm_cli *cli;
    struct dm_real *real;
    const struct dm_net *net;
    struct dm_buf token;   // "Bearer …", empty for none
    struct dm_buf connect; // "unix:…", empty with --url
    struct dm_answer *answer;
    bool is_done;
};

static bool
read_token(struct dm_client *client)
{
    const struct dm_cli *cli = client->cli;
    const char *variable = dm_env_variable(cli->env, "DEMONITOR_TOKEN");
    struct dm_error error = {0};
    struct dm_buf file;
    dm_buf_init(&file, TOKEN_MAX);
    bool is_good = true;
    if (cli->options.token_file) {
        is_good = dm_env_read(cli->env, cli->options.token_file, &file,
                              &error) == DM_OK;
        if (!is_good) {
            dm_complain_error(&error);
        }
    } else if (variable) {
        (void)dm_buf_puts(&file, variable);
    }
    const struct dm_str token = dm_str_trim(dm_buf_str(&file));
    if (token.n) {
        (void)dm_buf_puts(&client->token, "Bearer ");
        (void)dm_buf_put_str(&client->token, token);
    }
    dm_buf_done(&file);
    return is_good;
}

static const char *
url_of(const struct dm_cli *cli)
{
    return cli->options.url ? cli->options.url
                            : dm_env_variable(cli->env, "DEMONITOR_URL");
}

struct dm_client *
dm_client_new(struct dm_cli *cli)
{
    struct dm_client *client = dm_calloc(1, sizeof(*client));
    struct dm_error error = {0};
    if (!client) {
        dm_complain("out of memory");
        return NULL;
    }
    client->cli = cli;
    dm_buf_init(&client->token, TOKEN_MAX);
    dm_buf_init(&client->connect, URL_MAX);
    if (!url_of(cli)) {
        (void)dm_buf_printf(&client->connect, "unix:%s", cli->socket);
    }
    if (!read_token(client)) {
        dm_client_free(client);
        return NULL;
    }
    if (dm_real_new(cli->env, &dm_real_limits_default, &client->real, &error)) {
        dm_complain_error(&error);
        client->real = NULL;
        dm_client_free(client);
        return NULL;
    }
    client->net = dm_real_net(client->real);
    return client;
}

void
dm_client_free(struct dm_client *client)
{
    if (client) {
        dm_real_free(client->real);
        dm_buf_done(&client->token);
        dm_buf_done(&client->connect);
        dm_free(client);
    }
}

const struct dm_net *
dm_client_net(struct dm_client *client)
{
    return client->net;
}

static void
on_response(void *context, const struct dm_http_response *response)
{
    struct dm_client *client = context;
    struct dm_answer *answer = client->answer;
    client->is_done = true;
    answer->status = response->outcome.failure ? 0 : response->status;
    (void)snprintf(answer->reason, sizeof(answer->reason), "%s",
                   response->outcome.text);
    (void)dm_buf_put_str(&answer->body, response->body);
}

static void
add_header(struct dm_http_header *headers, size_t *n, const char *name,
           const char *value)
{
    assert(*n < HEADERS_MAX);
    if (value && value[0]) {
        headers[*n] = (struct dm_http_header){dm_str(name), dm_str(value)};
        ++*n;
    }
}

static enum dm_status
start(struct dm_client *client, const struct dm_call *call)
{
    const char *base = url_of(client->cli);
    struct dm_http_header headers[HEADERS_MAX];
    size_t n_headers = 0;
    struct dm_buf url;
    dm_buf_init(&url, (size_t)URL_MAX * 8);
    struct dm_str prefix = dm_str(base ? base : SOCKET_URL);
    while (prefix.n && prefix.data[prefix.n - 1] == '/') {
        --prefix.n;
    }
    (void)dm_buf_put_str(&url, prefix);
    (void)dm_buf_puts(&url, call->path);
    add_header(headers, &n_headers, "Authorization",
               dm_buf_cstr(&client->token));
    add_header(headers, &n_headers, "Accept", call->accept);
    add_header(headers, &n_headers, "Content-Type", call->content_type);
    add_header(headers, &n_headers, "Last-Event-ID", call->last_event_id);
    const struct dm_http_request_spec spec = {
        .method = dm_str(call->method),
        .url = dm_buf_str(&url),
        .headers = headers,
        .n_headers = n_headers,
        .body = call->body,
        .timeout_ns = call->timeout_ns ? call->timeout_ns : TIMEOUT_NS,
        .max_body = DM_ANSWER_MAX,
        .connect = dm_buf_str(&client->connect),
        .on_data = call->on_data,
        .data_context = call->data_context,
    };
    struct dm_http_request *request = NULL;
    const enum dm_status status =
        url.status ? url.status
                   : dm_http_client_start(client->net->http, &spec, on_response,
                                          client, &request);
    dm_buf_done(&url);
    return status;
}

enum dm_status
dm_client_ask(struct dm_client *client, const struct dm_call *call,
              struct dm_answer *ret)
{
    *ret = (struct dm_answer){0};
    dm_buf_init(&ret->body, DM_ANSWER_MAX);
    client->answer = ret;
    client->is_done = false;
    const enum dm_status status = start(client, call);
    if (status) {
        (void)snprintf(ret->reason, sizeof(ret->reason), "%s",
                       status == DM_ERR_ARGUMENT ? "the URL is none"
                                                 : dm_status_text(status));
        return status;
    }
    int64_t due_ns = 0;
    while (!client->is_done) {
        (void)dm_loop_step(client->net->loop, TIMEOUT_NS, &due_ns);
    }
    return DM_OK;
}

static void
on_pause(void *context)
{
    bool *is_over = context;
    *is_over = true;
}

void
dm_client_pause(struct dm_client *client, int64_t ns)
{
    struct dm_loop *loop = client->net->loop;
    struct dm_timer timer = {0};
    bool is_over = false;
    int64_t due_ns = 0;
    dm_loop_timer_start(loop, &timer, dm_loop_now_ns(loop) + ns, on_pause,
                        &is_over);
    while (!is_over) {
        (void)dm_loop_step(loop, ns, &due_ns);
    }
}

void
dm_answer_done(struct dm_answer *answer)
{
    dm_buf_done(&answer->body);
}

// What a problem document says: "query:1:7: error: …" or its title
static void
complain_problem(const struct dm_answer *answer)
{
    const struct dm_str body = dm_buf_str(&answer->body);
    json_t *document = json_loadb(body.data ? body.data : "", body.n, 0, NULL);
    const char *title = json_string_value(json_object_get(document, "title"));
    const char *detail = json_string_value(json_object_get(document, "detail"));
    const json_t *line = json_object_get(document, "line");
    if (detail && line) {
        (void)fprintf(
            stderr, "query:%lld:%lld: error: %s\n",
            (long long)json_integer_value(line),
            (long long)json_integer_value(json_object_get(document, "column")),
            detail);
    } else {
        dm_complain("%s", detail ? detail : title ? title : "refused");
    }
    json_decref(document);
}

int
dm_answer_exit(const struct dm_cli *cli, const struct dm_answer *answer)
{
    if (!answer->status) {
        if (url_of(cli)) {
            dm_complain("no daemon at %s: %s", url_of(cli), answer->reason);
        } else {
            dm_complain("no daemon at %s: %s. Is it running? (demonitor run)",
                        cli->socket, answer->reason);
        }
        return DM_EXIT_NO_DAEMON;
    }
    if (answer->status >= 200 && answer->status < 300) {
        return DM_EXIT_DONE;
    }
    complain_problem(answer);
    if (answer->status == 401 || answer->status == 403) {
        return DM_EXIT_REFUSED;
    }
    return answer->status >= 500 ? DM_EXIT_FAULT : DM_EXIT_NO;
}

json_t *
dm_client_get_json(struct dm_cli *cli, const char *path, int *ret_exit)
{
    struct dm_client *client = dm_client_new(cli);
    if (!client) {
        *ret_exit = DM_EXIT_FAULT;
        return NULL;
    }
    const struct dm_call call = {
        .method = "GET", .path = path, .accept = "application/json"};
    struct dm_answer answer;
    (void)dm_client_ask(client, &call, &answer);
    json_t *document = NULL;
    *ret_exit = dm_answer_exit(cli, &answer);
    if (*ret_exit == DM_EXIT_DONE) {
        const struct dm_str body = dm_buf_str(&answer.body);
        document = json_loadb(body.data ? body.data : "", body.n, 0, NULL);
        if (!document) {
            dm_complain("the daemon's answer is no JSON");
            *ret_exit = DM_EXIT_FAULT;
        }
    }
    dm_answer_done(&answer);
    dm_client_free(client);
    return document;
}
