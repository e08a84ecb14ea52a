// SPDX-License-Identifier: ISC

// The HTTP transport on libcurl: one multi handle for all transfers, its
// sockets watched by uv, its time-outs a timer of ours.
//
// curl resolves nothing (it is given one address), reads no proxy from the
// environment, keeps no TLS session, and reads no directory of certificates:
// looking through that would cost many times the rest of a check.

#include "base/alloc.h"
#include "base/buf.h"
#include "net/real_private.h"
#include "net/tls_private.h"
#include "net/url.h"

#include <assert.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define EASY_KEPT 32 // Easy handles kept for the next transfer
#define CONNECTIONS_KEPT 16L
#define NS_PER_US INT64_C(1000)
#define LINE_MAX_BYTES ((size_t)2 * DM_HTTP_HEADER_BYTES_MAX)

struct curl_socket {
    struct dm_curl *curl;
    curl_socket_t fd;
    uv_poll_t poll;
};

// A header field as offsets into the bytes of all of them
struct span {
    size_t name;
    size_t n_name;
    size_t value;
    size_t n_value;
};

struct dm_http_transfer {
    struct dm_curl *curl;
    struct dm_http_transfer *next;
    struct dm_http_transfer *before;
    CURL *easy;
    dm_http_done_fn done;
    void *context;
    struct curl_slist *headers;
    struct curl_slist *connect_to;
    char *body; // Copy of what is sent
    char *ca_file;
    struct dm_endpoint endpoint;
    int64_t timeout_ns;
    int64_t start_ns;
    int64_t handshake_ns; // When TLS began, that is TCP stood; 0 before
    bool is_tls;

    dm_http_data_fn on_data;
    void *data_context;
    bool has_stopped; // on_data said so
    bool is_headers_over;
    bool is_body_cut;
    bool has_no_roots;
    uint64_t body_bytes;
    struct dm_buf head; // Bytes of the header fields
    struct span spans[DM_HTTP_HEADERS_MAX];
    size_t n_spans;
    struct dm_buf kept; // Bytes of the body
    struct dm_tls_peer peer;
    char reason[CURL_ERROR_SIZE];
};

struct dm_curl {
    struct dm_http_transport transport;
    struct dm_uv *uv;
    bool is_initialised; // These three since the first transfer
    CURLM *multi;
    struct dm_tls_roots *roots;
    struct dm_timer timer;
    struct dm_http_transfer *transfers;
    size_t n;
    size_t max;
    CURL *kept[EASY_KEPT];
    size_t n_kept;
};

// ------------------------------------------------------------ what comes in

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
    struct span *span = &transfer->spans[transfer->n_spans];
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
static size_t
// NOLINTNEXTLINE(readability-non-const-parameter): curl gives the signature
on_header(char *bytes, size_t size, size_t n, void *context)
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

static size_t
// NOLINTNEXTLINE(readability-non-const-parameter): curl gives the signature
on_body(char *bytes, size_t size, size_t n, void *context)
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

static CURLcode
on_ssl_ctx(CURL *easy, void *ssl_ctx, void *context)
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

// --------------------------------------------------------------- how it ended

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
    const double seconds = (double)transfer->timeout_ns / 1e9;
    const int64_t connected = time_of(transfer, CURLINFO_CONNECT_TIME_T);
    const int64_t secured = time_of(transfer, CURLINFO_APPCONNECT_TIME_T);
    const int64_t answered = time_of(transfer, CURLINFO_STARTTRANSFER_TIME_T);
    dm_endpoint_format(&transfer->endpoint, place);
    const char *what = "the answer is not complete";
    if (!connected && !transfer->handshake_ns) {
        what = "no connection";
    } else if (transfer->is_tls && !secured) {
        what = "no end of the TLS handshake";
    } else if (!answered) {
        what = "no answer";
    }
    dm_net_outcome_set(outcome, DM_NET_TIMED_OUT, "%s: %s after %.3g s", place,
                       what, seconds);
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

// -------------------------------------------------------------- life of one

static void
link_transfer(struct dm_http_transfer *transfer)
{
    struct dm_curl *curl = transfer->curl;
    transfer->next = curl->transfers;
    if (transfer->next) {
        transfer->next->before = transfer;
    }
    curl->transfers = transfer;
    ++curl->n;
}

static void
unlink_transfer(struct dm_http_transfer *transfer)
{
    struct dm_curl *curl = transfer->curl;
    assert(curl->n > 0);
    --curl->n;
    if (transfer->before) {
        transfer->before->next = transfer->next;
    } else {
        curl->transfers = transfer->next;
    }
    if (transfer->next) {
        transfer->next->before = transfer->before;
    }
}

static void
free_transfer(struct dm_http_transfer *transfer)
{
    struct dm_curl *curl = transfer->curl;
    if (transfer->easy && curl->n_kept < EASY_KEPT) {
        curl_easy_reset(transfer->easy);
        curl->kept[curl->n_kept] = transfer->easy;
        ++curl->n_kept;
    } else {
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->connect_to);
    dm_buf_done(&transfer->head);
    dm_buf_done(&transfer->kept);
    dm_free(transfer->body);
    dm_free(transfer->ca_file);
    dm_free(transfer);
}

static void
finish(struct dm_http_transfer *transfer, CURLcode code)
{
    struct dm_http_header headers[DM_HTTP_HEADERS_MAX];
    const char *head = dm_buf_cstr(&transfer->head);
    for (size_t i = 0; i < transfer->n_spans; ++i) {
        const struct span *span = &transfer->spans[i];
        headers[i].name = dm_str_n(head + span->name, span->n_name);
        headers[i].value = dm_str_n(head + span->value, span->n_value);
    }
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    struct dm_http_response response = {
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
    judge(transfer, code, &response.outcome);
    read_times(transfer, &response.times);

    (void)curl_multi_remove_handle(transfer->curl->multi, transfer->easy);
    unlink_transfer(transfer);
    transfer->done(transfer->context, &response);
    free_transfer(transfer);
}

// Finish what curl says is done
static void
read_messages(struct dm_curl *curl)
{
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(curl->multi, &left))) {
        struct dm_http_transfer *transfer = NULL;
        const CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                                &transfer);
        finish(transfer, code);
    }
}

// ------------------------------------------------------ curl's view of the
// loop

static void
on_timer(void *context)
{
    struct dm_curl *curl = context;
    int running = 0;
    (void)curl_multi_socket_action(curl->multi, CURL_SOCKET_TIMEOUT, 0,
                                   &running);
    read_messages(curl);
}

static int
set_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct dm_curl *curl = context;
    struct dm_loop *loop = &curl->uv->loop;
    if (timeout_ms < 0) {
        dm_loop_timer_stop(loop, &curl->timer);
    } else {
        dm_loop_timer_start(loop, &curl->timer,
                            dm_loop_now_ns(loop) +
                                (int64_t)timeout_ms * INT64_C(1000000),
                            on_timer, curl);
    }
    return 0;
}

static void
on_socket_closed(uv_handle_t *handle)
{
    dm_free(handle->data);
}

static void
on_socket_event(uv_poll_t *poll, int status, int events)
{
    const struct curl_socket *watched = poll->data;
    struct dm_curl *curl = watched->curl;
    int running = 0;
    int what = status < 0 ? CURL_CSELECT_ERR : 0;
    what |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    what |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    ++curl->uv->n_events;
    (void)curl_multi_socket_action(curl->multi, watched->fd, what, &running);
    read_messages(curl);
}

static struct curl_socket *
watch_socket(struct dm_curl *curl, curl_socket_t fd)
{
    struct curl_socket *watched = dm_calloc(1, sizeof(*watched));
    if (!watched) {
        return NULL;
    }
    if (uv_poll_init_socket(&curl->uv->uv, &watched->poll, fd)) {
        dm_free(watched);
        return NULL;
    }
    watched->curl = curl;
    watched->fd = fd;
    watched->poll.data = watched;
    (void)curl_multi_assign(curl->multi, fd, watched);
    return watched;
}

static int
set_socket(CURL *easy, curl_socket_t fd, int what, void *context,
           void *socket_context)
{
    (void)easy;
    struct dm_curl *curl = context;
    struct curl_socket *watched = socket_context;
    if (what == CURL_POLL_REMOVE) {
        if (watched) {
            (void)curl_multi_assign(curl->multi, fd, NULL);
            uv_close((uv_handle_t *)&watched->poll, on_socket_closed);
        }
        return 0;
    }
    if (!watched) {
        watched = watch_socket(curl, fd);
    }
    if (!watched) {
        return 0; // The transfer will run into its time-out
    }
    const int events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
                       (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    (void)uv_poll_start(&watched->poll, events, on_socket_event);
    return 0;
}

// ------------------------------------------------------------------ options

static bool
append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer) {
        *list = longer;
    }
    return longer;
}

static bool
add_header(struct dm_http_transfer *transfer, struct dm_str name,
           struct dm_str value)
{
    struct dm_buf line;
    dm_buf_init(&line, LINE_MAX_BYTES);
    (void)dm_buf_put_str(&line, name);
    (void)dm_buf_puts(&line, value.n ? ": " : ";"); // curl's way to say empty
    (void)dm_buf_put_str(&line, value);
    const bool done =
        !line.status && append(&transfer->headers, dm_buf_cstr(&line));
    dm_buf_done(&line);
    return done;
}

static bool
add_headers(struct dm_http_transfer *transfer,
            const struct dm_http_exchange *exchange)
{
    // What curl would add by itself to a body
    bool done = append(&transfer->headers, "Expect:");
    if (!dm_http_header_get(exchange->headers, exchange->n_headers,
                            "Content-Type")
             .data) {
        done = done && append(&transfer->headers, "Content-Type:");
    }
    for (size_t i = 0; done && i < exchange->n_headers; ++i) {
        done = add_header(transfer, exchange->headers[i].name,
                          exchange->headers[i].value);
    }
    return done;
}

// A copy of `text` for one option, "" where it is empty
static CURLcode
set_text(CURL *easy, CURLoption option, struct dm_str text)
{
    char *copy = dm_strndup(text.n ? text.data : "", text.n);
    if (!copy) {
        return CURLE_OUT_OF_MEMORY;
    }
    const CURLcode code = curl_easy_setopt(easy, option, copy);
    dm_free(copy);
    return code;
}

static CURLcode
set_connect_to(struct dm_http_transfer *transfer)
{
    if (transfer->endpoint.kind == DM_ENDPOINT_UNIX) {
        return curl_easy_setopt(transfer->easy, CURLOPT_UNIX_SOCKET_PATH,
                                transfer->endpoint.path);
    }
    char line[DM_ENDPOINT_SIZE + 4];
    char place[DM_ENDPOINT_SIZE];
    dm_endpoint_format(&transfer->endpoint, place);
    (void)snprintf(line, sizeof(line), "::%s", place);
    if (!append(&transfer->connect_to, line)) {
        return CURLE_OUT_OF_MEMORY;
    }
    return curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO,
                            transfer->connect_to);
}

// curl takes the name for TLS from the URL: put it there, and the URL's host
// into a header
static CURLcode
set_server_name(struct dm_http_transfer *transfer,
                const struct dm_http_exchange *exchange)
{
    struct dm_url url;
    struct dm_buf text;
    dm_buf_init(&text, (size_t)2 * DM_URL_MAX);
    bool done = !dm_url_parse(exchange->url, &url, NULL);
    if (done &&
        !dm_http_header_get(exchange->headers, exchange->n_headers, "Host")
             .data) {
        done = !dm_url_format_host(&url, &text) &&
               add_header(transfer, dm_str("Host"), dm_buf_str(&text));
    }
    if (done) {
        url.host = exchange->tls.server_name;
        url.is_ip6 = false;
        dm_buf_clear(&text);
        done =
            !dm_url_format(&url, &text) &&
            !curl_easy_setopt(transfer->easy, CURLOPT_URL, dm_buf_cstr(&text));
    }
    dm_buf_done(&text);
    return done ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

static CURLcode
set_tls(struct dm_http_transfer *transfer,
        const struct dm_http_exchange *exchange)
{
    CURL *easy = transfer->easy;
    const struct dm_http_tls *tls = &exchange->tls;
    const long is_judged = !tls->is_insecure && !exchange->accept_key;
    CURLcode code = CURLE_OK;
    transfer->peer.is_insecure = tls->is_insecure;
    transfer->peer.accept_key = exchange->accept_key;
    transfer->peer.context = exchange->context;

    code = code ? code : curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    code = code ? code : curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    // Its own cache of roots would take the place of ours, of whatever file
    code = code ? code : curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    code = code ? code
                : curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    code = code ? code : curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer);
    code =
        code ? code : curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, is_judged);
    code = code ? code
                : curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST,
                                   is_judged ? 2L : 0L);
    code =
        code ? code : curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    if (tls->ca_file.n && !code) {
        transfer->ca_file = dm_strndup(tls->ca_file.data, tls->ca_file.n);
        code = transfer->ca_file ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    }
    if (tls->certificate.n && !code) {
        code = set_text(easy, CURLOPT_SSLCERT, tls->certificate);
        code = code ? code
                    : set_text(easy, CURLOPT_SSLKEY,
                               tls->key.n ? tls->key : tls->certificate);
    }
    if (tls->server_name.n && !code) {
        code = set_server_name(transfer, exchange);
    }
    return code;
}

// Kept connections are curl's to choose by what it knows; what only we know
// must not be mixed up
static bool
may_keep(const struct dm_http_exchange *exchange)
{
    return exchange->keep_alive && !exchange->tls.ca_file.n &&
           !exchange->tls.certificate.n && !exchange->accept_key;
}

static CURLcode
set_request(struct dm_http_transfer *transfer,
            const struct dm_http_exchange *exchange)
{
    CURL *easy = transfer->easy;
    CURLcode code = set_text(easy, CURLOPT_URL, exchange->url);
    if (exchange->body.n && !code) {
        transfer->body = dm_strndup(exchange->body.data, exchange->body.n);
        code = transfer->body ? CURLE_OK : CURLE_OUT_OF_MEMORY;
        code = code ? code
                    : curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                       (curl_off_t)exchange->body.n);
        code = code
                   ? code
                   : curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body);
    } else if (dm_str_is(exchange->method, "POST") && !code) {
        code =
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        code = code ? code : curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    }
    if (dm_str_is(exchange->method, "HEAD")) {
        return code ? code : curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    return code ? code
                : set_text(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
}

static curl_socket_t
open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)context;
    (void)purpose;
    return socket(address->family,
                  address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                  address->protocol);
}

static CURLcode
set_callbacks(struct dm_http_transfer *transfer)
{
    CURL *easy = transfer->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    code =
        code ? code : curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    code = code ? code : curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    code = code ? code : curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    code = code ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    code =
        code ? code
             : curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    code = code ? code
                : curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->reason);
    return code;
}

static CURLcode
set_behaviour(struct dm_http_transfer *transfer,
              const struct dm_http_exchange *exchange)
{
    CURL *easy = transfer->easy;
    const long is_fresh = !may_keep(exchange);
    const int64_t timeout_ms = exchange->timeout_ns / INT64_C(1000000) + 1;
    const long timeout =
        timeout_ms < INT32_MAX ? (long)timeout_ms : (long)INT32_MAX;
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1L},
        {CURLOPT_FRESH_CONNECT, is_fresh},
        {CURLOPT_FORBID_REUSE, is_fresh},
        {CURLOPT_TIMEOUT_MS, timeout},
        {CURLOPT_CONNECTTIMEOUT_MS, timeout},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_TCP_NODELAY, 1L},
    };
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PROXY, "");
    code = code ? code
                : curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    for (size_t i = 0; i < DM_COUNT_OF(numbers) && !code; ++i) {
        code = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
    }
    return code;
}

static CURLcode
set_all(struct dm_http_transfer *transfer,
        const struct dm_http_exchange *exchange)
{
    CURLcode code = set_behaviour(transfer, exchange);
    code = code ? code : set_callbacks(transfer);
    code = code ? code : set_request(transfer, exchange);
    code = code ? code : set_connect_to(transfer);
    if (transfer->is_tls) {
        code = code ? code : set_tls(transfer, exchange);
    }
    if (!code && !add_headers(transfer, exchange)) {
        code = CURLE_OUT_OF_MEMORY;
    }
    return code ? code
                : curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER,
                                   transfer->headers);
}

static CURL *
take_easy(struct dm_curl *curl)
{
    if (!curl->n_kept) {
        return curl_easy_init();
    }
    --curl->n_kept;
    return curl->kept[curl->n_kept];
}

static struct dm_http_transfer *
new_transfer(struct dm_curl *curl, const struct dm_http_exchange *exchange)
{
    const struct dm_str https = DM_STR("https:");
    struct dm_http_transfer *transfer = dm_calloc(1, sizeof(*transfer));
    if (!transfer) {
        return NULL;
    }
    transfer->curl = curl;
    transfer->endpoint = exchange->endpoint;
    transfer->timeout_ns = exchange->timeout_ns;
    transfer->start_ns = dm_loop_now_ns(&curl->uv->loop);
    transfer->on_data = exchange->on_data;
    transfer->data_context = exchange->context;
    transfer->is_tls =
        dm_str_equal_nocase(dm_str_slice(exchange->url, 0, https.n), https);
    dm_buf_init(&transfer->head, DM_HTTP_HEADER_BYTES_MAX);
    dm_buf_init(&transfer->kept, exchange->max_body);
    transfer->easy = take_easy(curl);
    if (!transfer->easy || set_all(transfer, exchange)) {
        free_transfer(transfer);
        return NULL;
    }
    return transfer;
}

// OpenSSL alone brings two megabytes that a node which asks nobody over HTTP
// never needs, so libcurl is set up with the first transfer.
static bool
set_up(struct dm_curl *curl)
{
    if (curl->multi) {
        return true;
    }
    if (!curl->is_initialised && curl_global_init(CURL_GLOBAL_DEFAULT)) {
        return false;
    }
    curl->is_initialised = true;
    const char *bundle = curl_version_info(CURLVERSION_NOW)->cainfo;
    if (!curl->roots) {
        curl->roots = dm_tls_roots_new(
            bundle ? bundle : "/etc/ssl/certs/ca-certificates.crt");
    }
    CURLM *multi = curl->roots ? curl_multi_init() : NULL;
    if (!multi ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, set_socket) ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, curl) ||
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer) ||
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, curl) ||
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT)) {
        (void)curl_multi_cleanup(multi);
        return false;
    }
    curl->multi = multi;
    return true;
}

static enum dm_status
start(void *self, const struct dm_http_exchange *exchange, dm_http_done_fn done,
      void *context, struct dm_http_transfer **ret)
{
    struct dm_curl *curl = self;
    if (curl->n == curl->max) {
        return DM_ERR_LIMIT;
    }
    if (!set_up(curl)) {
        return DM_ERR_NO_MEMORY;
    }
    struct dm_http_transfer *transfer = new_transfer(curl, exchange);
    if (!transfer) {
        return DM_ERR_NO_MEMORY;
    }
    transfer->done = done;
    transfer->context = context;
    if (curl_multi_add_handle(curl->multi, transfer->easy)) {
        free_transfer(transfer);
        return DM_ERR_NO_MEMORY;
    }
    link_transfer(transfer);
    *ret = transfer;
    return DM_OK;
}

static void
cancel(void *self, struct dm_http_transfer *transfer)
{
    struct dm_curl *curl = self;
    (void)curl_multi_remove_handle(curl->multi, transfer->easy);
    unlink_transfer(transfer);
    free_transfer(transfer);
}

struct dm_curl *
dm_curl_new(struct dm_uv *uv, size_t max)
{
    static const struct dm_http_transport_ops ops = {.start = start,
                                                     .cancel = cancel};
    struct dm_curl *curl = dm_calloc(1, sizeof(*curl));
    if (!curl) {
        return NULL;
    }
    curl->transport.ops = &ops;
    curl->transport.self = curl;
    curl->uv = uv;
    curl->max = max;
    return curl;
}

void
dm_curl_free(struct dm_curl *curl)
{
    if (!curl) {
        return;
    }
    while (curl->transfers) {
        cancel(curl, curl->transfers);
    }
    while (curl->n_kept) {
        curl_easy_cleanup(take_easy(curl));
    }
    if (curl->multi) {
        (void)curl_multi_cleanup(curl->multi);
    }
    dm_loop_timer_stop(&curl->uv->loop, &curl->timer);
    dm_tls_roots_free(curl->roots);
    if (curl->is_initialised) {
        curl_global_cleanup();
    }
    dm_free(curl);
}

const struct dm_http_transport *
dm_curl_transport(const struct dm_curl *curl)
{
    return &curl->transport;
}
