// SPDX-License-Identifier: ISC

#ifndef DM_NET_HTTP_CLIENT_H
#define DM_NET_HTTP_CLIENT_H

/**
 * @file
 * Requests to http and https URLs.
 *
 *            +--------- redirect to another place ---------+
 *            v                                             |
 *     start --> RESOLVE --> EXCHANGE (one address) --> done or on
 *                  \             \
 *                   +-------------+--> the time allowed is over
 *
 * The name is resolved once for each hop and the FIRST address is tried, no
 * other: a check measures one thing. One timeout covers it all. Redirects are
 * followed here, with the method changed as browsers do (303 always, 301 and
 * 302 after POST: GET without a body), credentials (userinfo, Authorization,
 * Cookie, client certificate) only within the same scheme, host and port.
 *
 * The same code runs on the real transport and on the simulated one.
 *
 * Threads: loop. Memory: at most `max_calls` requests at once, each with what
 * it sends, DM_HTTP_HEADER_BYTES_MAX and its `max_body`. R1 to R4 of
 * net/loop.h hold.
 */

#include "base/attr.h"
#include "base/status.h"
#include "net/http.h"
#include "net/http_transport.h"

DM_BEGIN_DECLS

struct dm_http_client;
struct dm_loop;
struct dm_resolver;

/// A request under way; valid until its completion or its end by cancel
struct dm_http_request;

/// What to ask. Zeroed fields mean the default in brackets.
struct dm_http_request_spec {
    struct dm_str method; ///< A token ["GET"]
    struct dm_str url;    ///< Its userinfo becomes Basic authorization
    const struct dm_http_header *DM_NULLABLE headers; ///< All valid
    size_t n_headers;
    struct dm_str body;     ///< Sent with Content-Length where not empty
    int64_t timeout_ns;     ///< At least 1, for all hops together
    int64_t connect_ns;     ///< For connecting, TLS included [timeout_ns]
    int64_t lost_ns;        ///< The other machine, though there is nothing to
                            ///< say, is asked for a sign of life now and then,
                            ///< and given up when there is none for so long;
                            ///< of a simulated one nobody asks [the system's]
    size_t max_body;        ///< Bytes of the answer's body to keep
    unsigned max_redirects; ///< [none is followed]
    enum dm_family family;  ///< [either]
    struct dm_str connect;  ///< "HOST:PORT" or "unix:PATH" to connect to
                            ///< instead of the URL's host, on the first hop
                            ///< and on redirects to the same origin
    bool keep_alive;        ///< May share connections with others of the kind
    struct dm_http_tls tls;
    /// Takes the body of the final answer as it comes; nothing is kept then
    dm_http_data_fn DM_NULLABLE on_data;
    void *DM_NULLABLE data_context;
};

/// @param max_calls Most requests at once.
/// @return NULL when out of memory.
struct dm_http_client *DM_NULLABLE
dm_http_client_new(struct dm_loop *loop, const struct dm_resolver *resolver,
                   const struct dm_http_transport *transport, size_t max_calls)
    DM_NODISCARD;

/// Cancel what is under way, and free.
void dm_http_client_free(struct dm_http_client *DM_NULLABLE client);

/// Send a request. What is wrong with the URL is a completion too
/// (DM_NET_PROTOCOL), so that it becomes a result like any other.
/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT; then `done` is not called.
enum dm_status dm_http_client_start(struct dm_http_client *client,
                                    const struct dm_http_request_spec *spec,
                                    dm_http_done_fn done,
                                    void *DM_NULLABLE context,
                                    struct dm_http_request **ret) DM_NODISCARD;

void dm_http_client_cancel(struct dm_http_client *client,
                           struct dm_http_request *request);

/// Requests under way
size_t dm_http_client_count(const struct dm_http_client *client);

DM_END_DECLS

#endif // DM_NET_HTTP_CLIENT_H
