// SPDX-License-Identifier: ISC

#ifndef DM_NET_CURL_PRIVATE_H
#define DM_NET_CURL_PRIVATE_H

/**
 * @file
 * The HTTP transport on libcurl: one multi handle for all transfers, its
 * sockets watched by uv, its time-outs a timer of ours.
 *
 *     curl.c          the multi handle, the life of a transfer
 *     curl_request.c  what is asked: the options of its easy handle
 *     curl_answer.c   what comes in, and how it ended
 *
 * All of it runs on the loop's thread.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "net/real_private.h"
#include "net/tls_private.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_CURL_EASY_KEPT 32 // Easy handles kept for the next transfer

// A header field as offsets into the bytes of all of them
struct dm_curl_span {
    size_t name;
    size_t n_name;
    size_t value;
    size_t n_value;
};

struct dm_http_transfer {
    struct dm_curl *curl;
    struct dm_http_transfer *DM_NULLABLE next;
    struct dm_http_transfer *DM_NULLABLE before;
    CURL *DM_NULLABLE easy;
    dm_http_done_fn done;
    void *DM_NULLABLE context;
    struct curl_slist *DM_NULLABLE headers;
    struct curl_slist *DM_NULLABLE connect_to;
    char *DM_NULLABLE body; // Copy of what is sent
    char *DM_NULLABLE ca_file;
    struct dm_endpoint endpoint;
    int64_t timeout_ns;
    int64_t connect_ns; // At most timeout_ns
    int64_t lost_ns;
    int64_t start_ns;
    int64_t handshake_ns; // When TLS began, that is TCP stood; 0 before
    bool is_tls;

    dm_http_data_fn DM_NULLABLE on_data;
    void *DM_NULLABLE data_context;
    bool has_stopped; // on_data said so
    bool is_headers_over;
    bool is_body_cut;
    bool has_no_roots;
    uint64_t body_bytes;
    struct dm_buf head; // Bytes of the header fields
    struct dm_curl_span spans[DM_HTTP_HEADERS_MAX];
    size_t n_spans;
    struct dm_buf kept; // Bytes of the body
    struct dm_tls_peer peer;
    char reason[CURL_ERROR_SIZE];
};

struct dm_curl {
    struct dm_http_transport transport;
    struct dm_uv *uv;
    bool is_initialised; // These three since the first transfer
    CURLM *DM_NULLABLE multi;
    struct dm_tls_roots *DM_NULLABLE roots;
    struct dm_timer timer;
    struct dm_http_transfer *DM_NULLABLE transfers;
    size_t n;
    size_t max;
    CURL *DM_NULLABLE kept[DM_CURL_EASY_KEPT];
    size_t n_kept;
};

/// Set all options of the transfer's easy handle. What curl keeps no copy of
/// hangs at the transfer.
CURLcode dm_curl_set_request(struct dm_http_transfer *transfer,
                             const struct dm_http_exchange *exchange)
    DM_NODISCARD;

/// Callbacks with the transfer as context: a line of a header, a piece of a
/// body, a handshake about to begin
size_t dm_curl_on_header(char *bytes, size_t size, size_t n, void *context);
size_t dm_curl_on_body(char *bytes, size_t size, size_t n, void *context);
CURLcode dm_curl_on_ssl_ctx(CURL *easy, void *ssl_ctx, void *context);

/// What a transfer came to that curl ended with `code`; of the transfer's
/// memory, the fields in `headers`, with room for DM_HTTP_HEADERS_MAX
void dm_curl_read_response(const struct dm_http_transfer *transfer,
                           CURLcode code, struct dm_http_header *headers,
                           struct dm_http_response *ret);

DM_END_DECLS

#endif // DM_NET_CURL_PRIVATE_H
