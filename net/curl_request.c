// SPDX-License-Identifier: ISC

// What a transfer asks: the options of its easy handle.
//
// curl resolves nothing (it is given one address), reads no proxy from the
// environment, keeps no TLS session, and reads no directory of certificates:
// looking through that would cost many times the rest of a check.

#include "base/alloc.h"
#include "base/time.h"
#include "net/curl_private.h"
#include "net/identity.h"
#include "net/url.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#define LINE_MAX_BYTES ((size_t)2 * DM_HTTP_HEADER_BYTES_MAX)

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
set_pin(CURL *easy, const struct dm_http_tls *tls)
{
    char pin[DM_PIN_SIZE];
    if (!tls->has_pin) {
        return CURLE_OK;
    }
    dm_pin_format(tls->pin, pin);
    return curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, pin);
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
                : curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION,
                                   dm_curl_on_ssl_ctx);
    code = code ? code : curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer);
    code =
        code ? code : curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, is_judged);
    code = code ? code
                : curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST,
                                   is_judged ? 2L : 0L);
    code =
        code ? code : curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    code = code ? code : set_pin(easy, tls);
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
// must not be mixed up. A pin it is told too.
static bool
may_keep(const struct dm_http_exchange *exchange)
{
    return exchange->keep_alive && !exchange->tls.ca_file.n &&
           !exchange->tls.certificate.n &&
           (!exchange->accept_key || exchange->tls.has_pin);
}

static CURLcode
set_method(struct dm_http_transfer *transfer,
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

// A connection on which nothing is under way is silent, though the other
// machine is gone: probes find out. What they cost is 100 bytes each.
static void
look_for_life(int fd, int64_t lost_ns)
{
    const int seconds =
        (int)((lost_ns + DM_NS_PER_SECOND - 1) / DM_NS_PER_SECOND);
    const struct {
        int level;
        int name;
        int value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, seconds},
        {IPPROTO_TCP, TCP_KEEPINTVL, (seconds + 3) / 4},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(lost_ns / DM_NS_PER_MS)},
    };
    for (size_t i = 0; i < DM_COUNT_OF(options); ++i) {
        // Without them the request's own timeout ends it
        (void)setsockopt(fd, options[i].level, options[i].name,
                         &options[i].value, sizeof(options[i].value));
    }
}

static curl_socket_t
open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct dm_http_transfer *transfer = context;
    (void)purpose;
    const int fd = socket(address->family,
                          address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                          address->protocol);
    if (fd >= 0 && transfer->lost_ns && address->family != AF_UNIX) {
        look_for_life(fd, transfer->lost_ns);
    }
    return fd;
}

static CURLcode
set_callbacks(struct dm_http_transfer *transfer)
{
    CURL *easy = transfer->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    code = code ? code
                : curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION,
                                   dm_curl_on_header);
    code = code ? code : curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    code = code
               ? code
               : curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, dm_curl_on_body);
    code = code ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    code =
        code ? code
             : curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    code =
        code ? code : curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    code = code ? code
                : curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->reason);
    return code;
}

static long
milliseconds(int64_t ns)
{
    const int64_t ms = ns / DM_NS_PER_MS + 1;
    return ms < INT32_MAX ? (long)ms : (long)INT32_MAX;
}

static CURLcode
set_behaviour(struct dm_http_transfer *transfer,
              const struct dm_http_exchange *exchange)
{
    CURL *easy = transfer->easy;
    const long is_fresh = !may_keep(exchange);
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1L},
        {CURLOPT_FRESH_CONNECT, is_fresh},
        {CURLOPT_FORBID_REUSE, is_fresh},
        {CURLOPT_TIMEOUT_MS, milliseconds(transfer->timeout_ns)},
        {CURLOPT_CONNECTTIMEOUT_MS, milliseconds(transfer->connect_ns)},
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

CURLcode
dm_curl_set_request(struct dm_http_transfer *transfer,
                    const struct dm_http_exchange *exchange)
{
    CURLcode code = set_behaviour(transfer, exchange);
    code = code ? code : set_callbacks(transfer);
    code = code ? code : set_method(transfer, exchange);
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
