// SPDX-License-Identifier: ISC

// An HttpCheck: one request, judged by its conditions.
//
// Where no condition looks at `status`, a status from 400 on is critical, so
// that an error page which happens to hold the wanted text is no success.

#include "checks/probe_private.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "checks/judge.h"
#include "net/http_client.h"
#include "net/net.h"
#include "net/url.h"
#include "vocab/secret.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define BODY_MAX ((size_t)1 << 20U) // Of an answer that conditions look into
#define BODY_SMALL 4096U            // Of one that is only kept to be shown
#define EXPANDED_MAX (1U << 20U)    // Of all texts of a request
#define HEADERS_MAX 64U
#define LAST_GOOD_STATUS 399

struct http_probe {
    struct dm_probe probe;
    struct dm_http_request *request;
    const struct dm_http_response *response; // During judging only
    json_t *json;                            // Of its body, once asked for
    bool is_json_tried;
};

static void
http_free(struct dm_probe *head)
{
    struct http_probe *probe = (struct http_probe *)head;
    if (probe->request) {
        dm_http_client_cancel(head->context.net->http, probe->request);
    }
    json_decref(probe->json);
    dm_probe_done(head);
    dm_free(probe);
}

// ------------------------------------------------------------- what is judged

static double
seconds(int64_t ns)
{
    return (double)ns / (double)DM_NS_PER_SECOND;
}

static void
json_fact(const json_t *value, struct dm_fact *fact)
{
    if (!value) {
        fact->kind = DM_FACT_ABSENT;
    } else if (json_is_string(value)) {
        fact->kind = DM_FACT_TEXT;
        fact->text =
            dm_str_n(json_string_value(value), json_string_length(value));
    } else if (json_is_number(value)) {
        fact->kind = DM_FACT_NUMBER;
        fact->number = json_number_value(value);
    } else if (json_is_boolean(value)) {
        fact->kind = DM_FACT_BOOLEAN;
        fact->number = json_is_true(value) ? 1 : 0;
    } else if (json_is_null(value)) {
        fact->kind = DM_FACT_NULL;
    } else {
        fact->kind = DM_FACT_PRESENT;
    }
}

static const json_t *
json_at(struct http_probe *probe, struct dm_str path)
{
    const struct dm_str body = probe->response->body;
    if (!probe->is_json_tried) {
        probe->is_json_tried = true;
        probe->json = json_loadb(body.data ? body.data : "", body.n,
                                 JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    }
    const json_t *value = probe->json;
    struct dm_json_step step;
    while (value && dm_json_path_next(&path, &step)) {
        value = step.is_index
                    ? json_array_get(value, step.index)
                    : json_object_getn(value, step.name.data, step.name.n);
    }
    return value;
}

static void
header_fact(const struct dm_http_response *response, struct dm_str name,
            struct dm_fact *fact)
{
    for (size_t i = 0; i < response->n_headers; ++i) {
        if (dm_str_equal_nocase(response->headers[i].name, name)) {
            fact->kind = DM_FACT_TEXT;
            fact->text = response->headers[i].value;
            return;
        }
    }
}

static void
certificate_fact(const struct http_probe *probe, struct dm_fact *fact)
{
    if (probe->response->certificate.is_known) {
        const int64_t left = probe->response->certificate.not_after_ms -
                             dm_env_wall_ms(probe->probe.context.env);
        fact->kind = DM_FACT_DURATION;
        fact->number = (double)left / (double)DM_MS_PER_SECOND;
    }
}

static enum dm_status
http_facts(void *context, const struct dm_condition *condition,
           dm_fact_fn on_fact, void *fact_context)
{
    struct http_probe *probe = context;
    const struct dm_http_response *response = probe->response;
    struct dm_fact fact = {.kind = DM_FACT_ABSENT};
    char address[DM_ADDRESS_SIZE];

    if (condition->subject == DM_SUBJECT_LATENCY) {
        fact.kind = DM_FACT_DURATION;
        fact.number = seconds(response->times.total_ns);
    } else if (condition->subject == DM_SUBJECT_STATUS) {
        fact.kind = DM_FACT_NUMBER;
        fact.number = response->status;
    } else if (condition->subject == DM_SUBJECT_BODY) {
        fact.kind = DM_FACT_TEXT;
        fact.text = response->body;
    } else if (condition->subject == DM_SUBJECT_HEADER) {
        header_fact(response, condition->argument, &fact);
    } else if (condition->subject == DM_SUBJECT_JSON) {
        json_fact(json_at(probe, condition->argument), &fact);
    } else if (condition->subject == DM_SUBJECT_CERT) {
        certificate_fact(probe, &fact);
    } else if (condition->subject == DM_SUBJECT_IP) {
        if (response->has_peer && response->peer.kind == DM_ENDPOINT_IP) {
            dm_address_format(&response->peer.address, address);
            fact.kind = DM_FACT_TEXT;
            fact.text = dm_str(address);
        }
    } else {
        return DM_ERR_UNSUPPORTED;
    }
    on_fact(fact_context, &fact);
    return DM_OK;
}

static enum dm_failure
failure_of(enum dm_net_failure failure)
{
    switch (failure) {
    case DM_NET_RESOLVE:
        return DM_FAILURE_RESOLVE;
    case DM_NET_TIMED_OUT:
        return DM_FAILURE_TIMED_OUT;
    case DM_NET_TLS:
        return DM_FAILURE_TLS;
    case DM_NET_CERTIFICATE:
        return DM_FAILURE_CERTIFICATE_INVALID;
    case DM_NET_PROTOCOL:
    case DM_NET_TOO_LARGE:
        return DM_FAILURE_CONTENT;
    case DM_NET_PERMISSION:
        return DM_FAILURE_NOT_PERMITTED;
    case DM_NET_OK:
    case DM_NET_LOCAL:
    case DM_NET_CANCELLED:
        return DM_FAILURE_NONE;
    case DM_NET_CONNECTION:
        return DM_FAILURE_CONNECTION;
    }
    return DM_FAILURE_CONNECTION;
}

// Whether it is us who could not, so that nothing is known of the target
static bool
is_our_fault(enum dm_net_failure failure)
{
    return failure == DM_NET_PERMISSION || failure == DM_NET_LOCAL ||
           failure == DM_NET_CANCELLED;
}

static void
describe_success(const struct dm_http_response *response, struct dm_buf *buf)
{
    const struct dm_http_times *times = &response->times;
    (void)dm_buf_printf(buf, "http %u, %.3f s (resolve %.3f, connect %.3f",
                        response->status, seconds(times->total_ns),
                        seconds(times->resolve_ns), seconds(times->connect_ns));
    if (response->is_tls) {
        (void)dm_buf_printf(buf, ", tls %.3f", seconds(times->tls_ns));
    }
    (void)dm_buf_printf(buf, ", first byte %.3f)", seconds(times->wait_ns));
}

static void
judge_answer(struct http_probe *probe)
{
    const struct dm_http_response *response = probe->response;
    struct dm_result *result = probe->probe.result;
    struct dm_buf text;
    dm_buf_init(&text, DM_MESSAGE_MAX);

    dm_judge(probe->probe.check, http_facts, probe, result);
    if (response->status > LAST_GOOD_STATUS &&
        !dm_judge_looks_at(probe->probe.check, DM_SUBJECT_STATUS)) {
        (void)dm_buf_printf(&text, "status %u", response->status);
        dm_judge_set(result, DM_VERDICT_CRITICAL, DM_FAILURE_STATUS_CODE,
                     dm_buf_str(&text));
    }
    if (result->verdict == DM_VERDICT_OK) {
        dm_buf_clear(&text);
        describe_success(response, &text);
        dm_result_message(result, dm_buf_str(&text));
    } else if (response->body.n && dm_str_is_utf8(response->body)) {
        struct dm_buf body;
        dm_buf_init(&body, 2 * BODY_MAX);
        dm_result_output(result,
                         dm_probe_hidden(&probe->probe, response->body, &body));
        dm_buf_done(&body);
    }
    dm_buf_done(&text);
}

static void
on_response(void *context, const struct dm_http_response *response)
{
    struct http_probe *probe = context;
    struct dm_result *result = probe->probe.result;
    probe->request = NULL;
    probe->response = response;
    result->micros = response->times.total_ns / 1000;
    if (response->certificate.is_known) {
        result->certificate_expires_ms = response->certificate.not_after_ms;
    }

    const enum dm_net_failure failure = response->outcome.failure;
    if (failure == DM_NET_OK) {
        judge_answer(probe);
    } else {
        dm_judge_set(result,
                     is_our_fault(failure) ? DM_VERDICT_UNKNOWN
                                           : DM_VERDICT_CRITICAL,
                     failure_of(failure), dm_str(response->outcome.text));
    }
    probe->response = NULL;
    dm_probe_finish(&probe->probe);
}

// ------------------------------------------------------------ what is asked

// The texts of a request with secrets in them, until it has started
struct expanded {
    struct dm_buf url;
    struct dm_buf body;
    struct dm_buf headers[HEADERS_MAX + 1]; // The last one is authorization
    struct dm_http_header fields[HEADERS_MAX + 1];
    size_t n_fields;
};

static void
expanded_init(struct expanded *texts)
{
    dm_buf_init(&texts->url, DM_URL_MAX);
    dm_buf_init(&texts->body, EXPANDED_MAX);
    for (size_t i = 0; i <= HEADERS_MAX; ++i) {
        dm_buf_init(&texts->headers[i], EXPANDED_MAX);
    }
    texts->n_fields = 0;
}

static void
expanded_done(struct expanded *texts)
{
    struct dm_buf *const all[] = {&texts->url, &texts->body};
    for (size_t i = 0; i < DM_COUNT_OF(all); ++i) {
        dm_secret_wipe(all[i]);
        dm_buf_done(all[i]);
    }
    for (size_t i = 0; i <= HEADERS_MAX; ++i) {
        dm_secret_wipe(&texts->headers[i]);
        dm_buf_done(&texts->headers[i]);
    }
}

static enum dm_status
add_header(const struct dm_probe *probe, struct expanded *texts,
           struct dm_str name, struct dm_str value, struct dm_error *error)
{
    if (texts->n_fields >= HEADERS_MAX) {
        return dm_error_set(error, DM_ERR_LIMIT, "more than %u headers",
                            HEADERS_MAX);
    }
    struct dm_buf *buf = &texts->headers[texts->n_fields];
    const enum dm_status status = dm_probe_expand(probe, value, buf, error);
    if (status) {
        return status;
    }
    texts->fields[texts->n_fields++] =
        (struct dm_http_header){.name = name, .value = dm_buf_str(buf)};
    return DM_OK;
}

static enum dm_status
add_authorization(const struct dm_probe *probe, struct expanded *texts,
                  struct dm_error *error)
{
    static const struct dm_str name = DM_STR("Authorization");
    const struct dm_str auth = probe->check->http.auth;
    if (texts->n_fields > HEADERS_MAX || !probe->context.secrets) {
        return dm_error_set(error, DM_ERR_LIMIT,
                            "there is no room for :auth among the headers");
    }
    struct dm_buf *buf = &texts->headers[texts->n_fields];
    const enum dm_status status =
        dm_secrets_authorization(probe->context.secrets, auth, buf, error);
    if (!status) {
        texts->fields[texts->n_fields++] =
            (struct dm_http_header){.name = name, .value = dm_buf_str(buf)};
    }
    return status;
}

static enum dm_status
expand_request(const struct dm_probe *probe, struct expanded *texts,
               struct dm_error *error)
{
    const struct dm_http_def *http = &probe->check->http;
    enum dm_status status =
        dm_probe_expand(probe, http->url, &texts->url, error);
    if (!status) {
        status = dm_probe_expand(probe, http->body, &texts->body, error);
    }
    for (size_t i = 0; !status && i < http->headers.n; ++i) {
        status = add_header(probe, texts, http->headers.items[i].name,
                            http->headers.items[i].value, error);
    }
    if (!status && http->auth.n) {
        status = add_authorization(probe, texts, error);
    }
    return status;
}

static bool
looks_into_body(const struct dm_check_def *check)
{
    return dm_judge_looks_at(check, DM_SUBJECT_BODY) ||
           dm_judge_looks_at(check, DM_SUBJECT_JSON);
}

static enum dm_family
family_of(uint32_t ip)
{
    return ip == 4 ? DM_FAMILY_4 : ip == 6 ? DM_FAMILY_6 : DM_FAMILY_ANY;
}

static enum dm_status
send_request(struct http_probe *probe, const struct expanded *texts)
{
    const struct dm_check_def *check = probe->probe.check;
    const struct dm_http_def *http = &check->http;
    const struct dm_http_request_spec spec = {
        .method = http->method,
        .url = dm_buf_str(&texts->url),
        .headers = texts->fields,
        .n_headers = texts->n_fields,
        .body = dm_buf_str(&texts->body),
        .timeout_ns = check->timeout_ms * DM_NS_PER_MS,
        .max_body = looks_into_body(check) ? BODY_MAX : BODY_SMALL,
        .max_redirects = http->redirects,
        .family = family_of(http->ip),
        .connect = http->connect,
        .tls = {.is_insecure = http->insecure,
                .server_name = http->server_name,
                .ca_file = http->ca_file,
                .certificate = http->client_certificate,
                .key = http->client_key},
    };
    return dm_http_client_start(probe->probe.context.net->http, &spec,
                                on_response, probe, &probe->request);
}

static enum dm_status
http_start(const struct dm_probe_context *context,
           const struct dm_check_def *check, struct dm_probe **ret,
           struct dm_error *error)
{
    struct http_probe *probe = dm_calloc(1, sizeof(*probe));
    struct expanded *texts = dm_calloc(1, sizeof(*texts));
    enum dm_status status = DM_ERR_NO_MEMORY;
    if (!probe || !texts) {
        goto out;
    }
    expanded_init(texts);
    status = dm_probe_init(&probe->probe, &dm_probe_http, context, check);
    if (!status) {
        status = expand_request(&probe->probe, texts, error);
    }
    if (!status) {
        status = send_request(probe, texts);
        if (status) {
            (void)dm_error_set(error, status, "the request cannot be sent: %s",
                               dm_status_text(status));
        }
    }
    expanded_done(texts);
    if (!status) {
        *ret = &probe->probe;
        probe = NULL;
    }
out:
    if (probe) {
        http_free(&probe->probe);
    }
    dm_free(texts);
    return status;
}

const struct dm_probe_kind dm_probe_http = {
    .start = http_start,
    .free = http_free,
};
