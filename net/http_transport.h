// SPDX-License-Identifier: ISC

#ifndef DM_NET_HTTP_TRANSPORT_H
#define DM_NET_HTTP_TRANSPORT_H

/**
 * @file
 * One HTTP exchange with one endpoint: what an adapter (libcurl, the simulator)
 * has to bring. Everybody else uses net/http_client.h.
 *
 * A transport connects to the endpoint it is given, does TLS, sends, receives.
 * It resolves nothing, follows nothing, retries nothing and knows no proxy. It
 * decodes chunks, and asks for no compression.
 *
 * Pins are compared above it: right after the handshake, before a byte of the
 * request is sent, it calls `accept_key` where there is one.
 *
 * Threads: loop. Memory: one exchange holds its request, headers up to
 * DM_HTTP_HEADER_BYTES_MAX and a body up to `max_body`. R1 to R4 hold.
 */

#include "base/attr.h"
#include "base/status.h"
#include "net/http.h"

DM_BEGIN_DECLS

/// An exchange under way
struct dm_http_transfer;

/// Whether a peer with this key is the right one; where it is asked, who signed
/// the certificate does not count. Called once for each handshake, not at all
/// where a kept connection is used again, which then was made with the same
/// `tls`. Must not call into the transport.
typedef bool (*dm_http_accept_key_fn)(void *DM_NULLABLE context,
                                      const uint8_t hash[DM_KEY_HASH_SIZE]);

/// Takes bytes of the body of an answer with `status` as they come. Must not
/// call into the transport.
/// @return Whether to go on; otherwise the exchange ends as DM_NET_CANCELLED.
typedef bool (*dm_http_data_fn)(void *DM_NULLABLE context, unsigned status,
                                struct dm_str bytes);

/// The completion. `times.resolve_ns`, `n_redirects` and `url` are not set.
typedef void (*dm_http_done_fn)(void *DM_NULLABLE context,
                                const struct dm_http_response *response);

struct dm_http_exchange {
    struct dm_endpoint endpoint; ///< Connect here
    struct dm_str method;        ///< A token
    struct dm_str url; ///< Absolute, without userinfo; Host and path from it
    const struct dm_http_header *DM_NULLABLE headers;
    size_t n_headers;
    struct dm_str body;
    int64_t timeout_ns; ///< From start to completion
    int64_t connect_ns; ///< Until TLS stands; 0: timeout_ns alone
    int64_t lost_ns;    ///< See dm_http_request_spec
    size_t max_body;    ///< Bytes kept (not with `on_data`)
    bool keep_alive;    ///< May use a kept connection, and keep this one
    struct dm_http_tls tls;
    dm_http_accept_key_fn DM_NULLABLE accept_key;
    dm_http_data_fn DM_NULLABLE on_data; ///< Instead of keeping the body
    void *DM_NULLABLE context;           ///< Of these two
};

struct dm_http_transport_ops {
    enum dm_status (*start)(void *self, const struct dm_http_exchange *exchange,
                            dm_http_done_fn done, void *DM_NULLABLE context,
                            struct dm_http_transfer **ret);
    void (*cancel)(void *self, struct dm_http_transfer *transfer);
};

struct dm_http_transport {
    const struct dm_http_transport_ops *ops;
    void *self;
};

/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT; then `done` is not called.
enum dm_status
dm_http_transport_start(const struct dm_http_transport *transport,
                        const struct dm_http_exchange *exchange,
                        dm_http_done_fn done, void *DM_NULLABLE context,
                        struct dm_http_transfer **ret) DM_NODISCARD;

void dm_http_transport_cancel(const struct dm_http_transport *transport,
                              struct dm_http_transfer *transfer);

DM_END_DECLS

#endif // DM_NET_HTTP_TRANSPORT_H
