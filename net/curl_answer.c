// SPDX-License-Identifier: ISC

// What comes in by a transfer, and how it ended: the parts of the answer, what
// failed and why, how long each phase took.

#include "net/curl_private.h"

#include <errno.h>

#define NS_PER_US INT64_C(1000)

static void
add_span(struct dm_http_transfer *transfer, struct dm_str line)
{
    const struct dm_str colon = DM_STR(":");
    const size_t at = dm_str_find(line, colon);
    const struct dm_str name = dm_str_slice(line, 0, at);
    const struct dm_str value = dm_str_trim(dm_str_slice(line, at + 1, line.n));
    if (!at || at == line.n) {
        return; // No field; curl has judged the message itself
    }
    if (transfer->n_spans == DM_HTTP_HEADERS_MAX) {
        transfer->is_headers_over = true;
        return;
    }
    struct dm_curl_span *span = &transfer->spans[transfer->n_spans];
    span->name = transfer->head.n;
    span->n_name = name.n;
    (void)dm_buf_put_str(&transfer->head, name);
    span->value = transfer->head.n;
    span->n_value = value.n;
    if (!dm_buf_put_str(&transfer->head, value)) {
        ++transfer->n_spans;
    }
}

// One line of a header; a status line begins a new one
size_t
// NOLINTNEXTLINE(readability-non-const-parameter): curl gives the signature
dm_curl_on_header(char *bytes, size_t size, size_t n, void *context)
{
    struct dm_http_transfer *transfer = context;
    const struct dm_str status_line = DM_STR("HTTP/");
    const struct dm_str line = {bytes, size * n};
    if (dm_str_starts(line, status_line)) {
        dm_buf_clear(&transfer->head);
        transfer->n_spans = 0;
    } else {
        add_span(transfer, line);
    }
    if (transfer->head.status) {
        transfer->is_headers_over = true;
    }
    return transfer->is_headers_over ? 0 : line.n;
}

size_t
// NOLINTNEXTLINE(readability-non-const-parameter): curl gives the signature
dm_curl_on_body(char *bytes, size_t size, size_t n, void *context)
{
    struct dm_http_transfer *transfer = context;
    const struct dm_str data = {bytes, size * n};
    transfer->body_bytes += data.n;
    if (transfer->on_data) {
        long status = 0;
        (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE,
                                &status);
        transfer->has_stopped =
            !transfer->on_data(transfer->data_context, (unsigned)status, data);
        return transfer->has_stopped ? 0 : data.n;
    }
    const size_t room = transfer->kept.max - transfer->kept.n;
    const struct dm_str part = dm_str_slice(data, 0, room);
    if (part.n && dm_buf_put_str(&transfer->kept, part)) {
        return 0;
    }
    transfer->is_body_cut = part.n < data.n;
    return part.n; // Less than all ends the transfer
}

CURLcode
dm_curl_on_ssl_ctx(CURL *easy, void *ssl_ctx, void *context)
{
    (void)easy;
    struct dm_http_transfer *transfer = context;
    struct dm_curl *curl = transfer->curl;
    transfer->handshake_ns = dm_loop_now_ns(&curl->uv->loop);
    const enum dm_status status =
        dm_tls_prepare(curl->roots, transfer->ca_file ? transfer->ca_file : "",
                       transfer->handshake_ns, ssl_ctx, &transfer->peer);
    if (status == DM_ERR_NO_MEMORY) {
        return CURLE_OUT_OF_MEMORY;
    }
    transfer->has_no_roots = status;
    return status ? CURLE_SSL_CACERT_BADFILE : CURLE_OK;
}

static const char *
system_reason(const struct dm_http_transfer *transfer)
{
    long code = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &code);
    switch (code) {
    case 0:
        return "failed";
    case ECONNREFUSED:
        return "refused";
    default:
        return uv_strerror((int)-code);
    }
}

static int64_t
time_of(const struct dm_http_transfer *transfer, CURLINFO info)
{
    curl_off_t us = 0;
    (void)curl_easy_getinfo(transfer->easy, info, &us);
    return (int64_t)us * NS_PER_US;
}

static int64_t
at_least_0(int64_t ns)
{
    return ns > 0 ? ns : 0;
}

static void
explain_timeout(const struct dm_http_transfer *transfer,
                struct dm_net_outcome *outcome)
{
    char place[DM_ENDPOINT_SIZE];
    int64_t allowed_ns = transfer->connect_ns;
    const int64_t connected = time_of(transfer, CURLINFO_CONNECT_TIME_T);
    const int64_t secured = time_of(transfer, CURLINFO_APPCONNECT_TIME_T);
    const int64_t answered = time_of(transfer, CURLINFO_STARTTRANSFER_TIME_T);
    dm_endpoint_format(&transfer->endpoint, place);
    const char *what = "the answer is not complete";
    if (!connected && !transfer->handshake_ns) {
        what = "no connection";
    } else if (transfer->is_tls && !secured) {
        what = "no end of the TLS handshake";
    } else {
        allowed_ns = transfer->timeout_ns;
        what = answered ? what : "no answer";
    }
    dm_net_outcome_set(outcome, DM_NET_TIMED_OUT, "%s: %s after %.3g s", place,
                       what, (double)allowed_ns / 1e9);
}

static void
explain_tls(const struct dm_http_transfer *transfer, CURLcode code,
            struct dm_net_outcome *outcome)
{
    char place[DM_ENDPOINT_SIZE];
    dm_endpoint_format(&transfer->endpoint, place);
    if (transfer->peer.is_refused) {
        dm_net_outcome_set(outcome, DM_NET_CERTIFICATE,
                           "certificate of %s refused: %s", place,
                           transfer->peer.reason);
    } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
        dm_net_outcome_set(outcome, DM_NET_CERTIFICATE,
                           "certificate of %s refused: %s", place,
                           transfer->reason);
    } else {
        dm_net_outcome_set(outcome, DM_NET_TLS, "TLS with %s: %s", place,
                           transfer->reason[0] ? transfer->reason
                                               : curl_easy_strerror(code));
    }
}

static void
explain_local(const struct dm_http_transfer *transfer, CURLcode code,
              struct dm_net_outcome *outcome)
{
    if (transfer->has_no_roots) {
        dm_net_outcome_set(outcome, DM_NET_LOCAL, "%s holds no certificates",
                           transfer->ca_file ? transfer->ca_file
                                             : "the system's bundle");
    } else {
        dm_net_outcome_set(outcome, DM_NET_LOCAL, "%s",
                           transfer->reason[0] ? transfer->reason
                                               : curl_easy_strerror(code));
    }
}

static void
explain_io(const struct dm_http_transfer *transfer, CURLcode code,
           struct dm_net_outcome *outcome)
{
    char place[DM_ENDPOINT_SIZE];
    dm_endpoint_format(&transfer->endpoint, place);
    const char *what =
        transfer->reason[0] ? transfer->reason : curl_easy_strerror(code);
    if (code == CURLE_COULDNT_CONNECT) {
        dm_net_outcome_set(outcome, DM_NET_CONNECTION, "connect to %s: %s",
                           place, system_reason(transfer));
        return;
    }
    if (code == CURLE_GOT_NOTHING) {
        what = "closed without an answer";
    } else if (code == CURLE_PARTIAL_FILE) {
        what = "closed in the middle of the answer";
    }
    dm_net_outcome_set(outcome, DM_NET_CONNECTION, "%s: %s", place, what);
}

static void
explain(const struct dm_http_transfer *transfer, CURLcode code,
        struct dm_net_outcome *outcome)
{
    // As a number, since CURLcode has a hundred values; those that are not
    // named are the protocol's
    switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT:
        explain_timeout(transfer, outcome);
        break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
        explain_tls(transfer, code, outcome);
        break;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_FAILED_INIT:
    case CURLE_SSL_ENGINE_INITFAILED:
        explain_local(transfer, code, outcome);
        break;
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        explain_io(transfer, code, outcome);
        break;
    default:
        dm_net_outcome_set(outcome, DM_NET_PROTOCOL, "%s",
                           transfer->reason[0] ? transfer->reason
                                               : curl_easy_strerror(code));
        break;
    }
}

static void
judge(const struct dm_http_transfer *transfer, CURLcode code,
      struct dm_net_outcome *outcome)
{
    dm_net_outcome_clear(outcome);
    if (transfer->kept.status == DM_ERR_NO_MEMORY ||
        transfer->head.status == DM_ERR_NO_MEMORY) {
        dm_net_outcome_set(outcome, DM_NET_LOCAL, "out of memory");
    } else if (transfer->is_headers_over) {
        dm_net_outcome_set(outcome, DM_NET_TOO_LARGE,
                           "the header of the answer is too large");
    } else if (transfer->has_stopped) {
        dm_net_outcome_set(outcome, DM_NET_CANCELLED, "given up by the reader");
    } else if (code && !transfer->is_body_cut) {
        explain(transfer, code, outcome);
    }
}

// curl's times count from the start and are 0 where a phase was not reached
static void
read_times(const struct dm_http_transfer *transfer, struct dm_http_times *ret)
{
    int64_t connected = time_of(transfer, CURLINFO_CONNECT_TIME_T);
    const int64_t secured = time_of(transfer, CURLINFO_APPCONNECT_TIME_T);
    const int64_t sent = time_of(transfer, CURLINFO_PRETRANSFER_TIME_T);
    const int64_t answered = time_of(transfer, CURLINFO_STARTTRANSFER_TIME_T);
    const int64_t total = time_of(transfer, CURLINFO_TOTAL_TIME_T);
    ret->total_ns = total;
    if (!connected && transfer->handshake_ns) {
        // Of a failed handshake curl does not tell
        connected = transfer->handshake_ns - transfer->start_ns;
    }
    if (!connected && !sent) {
        ret->connect_ns = total;
        return;
    }
    ret->connect_ns = connected;
    if (transfer->is_tls && !sent) {
        ret->tls_ns = at_least_0(total - connected);
        return;
    }
    ret->tls_ns = at_least_0(secured - connected);
    ret->wait_ns = at_least_0((answered ? answered : total) - sent);
    ret->transfer_ns = answered ? at_least_0(total - answered) : 0;
}

static unsigned
read_version(const struct dm_http_transfer *transfer)
{
    static const struct {
        long curl;
        unsigned version;
    } versions[] = {
        {CURL_HTTP_VERSION_1_0, 10},
        {CURL_HTTP_VERSION_1_1, 11},
        {CURL_HTTP_VERSION_2_0, 20},
    };
    long version = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
    for (size_t i = 0; i < DM_COUNT_OF(versions); ++i) {
        if (versions[i].curl == version) {
            return versions[i].version;
        }
    }
    return 0;
}

void
dm_curl_read_response(const struct dm_http_transfer *transfer, CURLcode code,
                      struct dm_http_header *headers,
                      struct dm_http_response *ret)
{
    const char *head = dm_buf_cstr(&transfer->head);
    for (size_t i = 0; i < transfer->n_spans; ++i) {
        const struct dm_curl_span *span = &transfer->spans[i];
        headers[i].name = dm_str_n(head + span->name, span->n_name);
        headers[i].value = dm_str_n(head + span->value, span->n_value);
    }
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    *ret = (struct dm_http_response){
        .status = (unsigned)status,
        .version = status ? read_version(transfer) : 0,
        .headers = transfer->n_spans ? headers : NULL,
        .n_headers = transfer->n_spans,
        .body = dm_buf_str(&transfer->kept),
        .is_body_cut = transfer->is_body_cut,
        .body_bytes = transfer->body_bytes,
        .is_tls = transfer->is_tls,
        .certificate = transfer->peer.certificate,
        .peer = transfer->endpoint,
        .has_peer = true,
    };
    judge(transfer, code, &ret->outcome);
    read_times(transfer, &ret->times);
}
