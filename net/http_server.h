// SPDX-License-Identifier: ISC

#ifndef DM_NET_HTTP_SERVER_H
#define DM_NET_HTTP_SERVER_H

/**
 * @file
 * Answering HTTP requests, on TCP or on a unix socket.
 *
 *                    +-- dm_http_answer ------------------------+
 *     on_request --> OPEN                                       +--> on_closed
 *                    +-- dm_http_stream --> STREAM -- end ------+
 *                    +-- the client left, or dm_http_abort -----+
 *
 * A handler gets a whole request (never a part of a body) and answers when it
 * likes, once. Every on_request is followed by exactly one on_closed, after the
 * last byte went out or as soon as the client left (also if it only says that
 * it will send no more); until it returns the call and its request are valid.
 *
 * The server decides nothing about routes, scopes or tokens. It answers by
 * itself only what is no HTTP (400) or too long in its header (431).
 *
 * Connections: those of strangers are bounded in all and for each address (an
 * IPv6 address counts by its first 64 bits). One too many of an address is
 * closed. For one too many in all the one that has waited longest without a
 * request is closed, so that strangers who do nothing keep nobody out; where
 * each is being served, the new one is. A handler that has seen a good token
 * moves a connection out of these numbers (dm_http_trust()). On a unix socket
 * one too many waits.
 *
 * Patience: a client has `header_timeout_ns` from the begin of its connection,
 * with the handshake, or of a later request to the end of the header; then
 * `request_timeout_ns` to the end of the body, of which `window_bytes` have to
 * come in each `window_ns`; it takes a whole answer at least as fast; and has
 * `idle_timeout_ns` to begin the next. Whoever is slower is cut off. There is
 * no limit for the handler, nor for a stream that its client keeps up with.
 *
 * HEAD: handled like GET, no body goes out; on_closed may then come before a
 * stream was ended.
 *
 * Threads: loop. Memory: connections x (32 KiB + body limit + stream buffer).
 * Nothing here calls back before it returns (R1, R3 of net/loop.h).
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "net/address.h"
#include "net/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

/// Where a request came from
enum dm_http_peer {
    DM_HTTP_PEER_SOCKET,   ///< A unix socket: whoever may open its path
    DM_HTTP_PEER_LOOPBACK, ///< A loopback address
    DM_HTTP_PEER_OTHER,
};

/// One request; views that live as long as its call
struct dm_http_incoming {
    uint64_t id; ///< Counts up within one server, from 1
    struct dm_str method;
    struct dm_str path;  ///< As sent, still percent-encoded, from '/' on
    struct dm_str query; ///< As sent, without '?'; see dm_form_get()
    const struct dm_http_header *DM_NULLABLE headers;
    size_t n_headers;
    struct dm_str body;
    bool is_too_large; ///< The body is over its limit and was thrown away; the
                       ///< answer should be 413. The connection closes after it
    enum dm_http_peer peer;
    struct dm_endpoint from; ///< IP: the client; unix: our own path
};

struct dm_http_call;

/// What the server asks and tells. `context` is dm_http_handler.context.
struct dm_http_handler {
    /// Most bytes of body, asked when the header is in (`body` is empty yet).
    size_t (*max_body)(void *DM_NULLABLE context,
                       const struct dm_http_incoming *incoming);
    /// A request is complete. It may be answered from here or later.
    void (*on_request)(void *DM_NULLABLE context, struct dm_http_call *call);
    /// After DM_AGAIN: dm_http_write() takes bytes again.
    void (*on_writable)(void *DM_NULLABLE context, struct dm_http_call *call);
    /// It is over. `is_complete`: all of the answer was sent.
    void (*on_closed)(void *DM_NULLABLE context, struct dm_http_call *call,
                      bool is_complete);
    void *DM_NULLABLE context;
};

/// Certificate and key of a server that speaks TLS
struct dm_http_identity {
    struct dm_str certificate_pem;
    struct dm_str key_pem;
};

/// How to listen. Numbers at least 1, but for what is said.
struct dm_http_listen {
    struct dm_endpoint endpoint; ///< Port 0: the system picks one
    uint32_t socket_mode;        ///< Unix: permissions of the path, as 0600
    bool is_only_6; ///< Of "::": not of IPv4 too. Other addresses of IPv6 never
    const struct dm_http_identity *DM_NULLABLE identity; ///< NULL: plain
    unsigned max_connections;                            ///< Of strangers: 64
    unsigned max_per_address;   ///< Of strangers: 8; not of a unix socket
    unsigned max_trusted;       ///< Others beside them; may be 0
    size_t max_stream_bytes;    ///< Unsent bytes of one stream, 256 KiB
    int64_t idle_timeout_ns;    ///< Also without progress in sending
    int64_t header_timeout_ns;  ///< 0: idle_timeout_ns
    int64_t request_timeout_ns; ///< 0: idle_timeout_ns
    int64_t window_ns;          ///< Counts with window_bytes
    size_t window_bytes;        ///< 0: may be as slow as it likes
};

struct dm_http_server;

struct dm_http_call_ops {
    bool (*trust)(struct dm_http_call *call, unsigned max);
    enum dm_status (*answer)(struct dm_http_call *call, unsigned status,
                             const struct dm_http_header *DM_NULLABLE headers,
                             size_t n, char *DM_NULLABLE body, size_t n_body);
    enum dm_status (*stream)(struct dm_http_call *call, unsigned status,
                             const struct dm_http_header *DM_NULLABLE headers,
                             size_t n);
    enum dm_status (*write)(struct dm_http_call *call, struct dm_str bytes);
    void (*end)(struct dm_http_call *call);
    void (*abort)(struct dm_http_call *call);
};

enum dm_http_call_state {
    DM_HTTP_CALL_OPEN,     ///< To be answered
    DM_HTTP_CALL_STREAM,   ///< Its answer is being written
    DM_HTTP_CALL_ANSWERED, ///< Nothing more is expected from the handler
};

/// A request being served. For implementations: the first member of theirs.
struct dm_http_call {
    const struct dm_http_call_ops *ops;
    struct dm_http_incoming incoming;
    enum dm_http_call_state state; ///< Kept by the functions below
    void *DM_NULLABLE user;        ///< The handler's own
};

struct dm_http_servers_ops {
    enum dm_status (*listen)(void *self, const struct dm_http_listen *listen,
                             const struct dm_http_handler *handler,
                             struct dm_http_server **ret,
                             struct dm_error *DM_NULLABLE error);
    void (*endpoint)(void *self, struct dm_http_server *server,
                     struct dm_endpoint *ret);
    void (*close)(void *self, struct dm_http_server *server);
};

/// Makes servers
struct dm_http_servers {
    const struct dm_http_servers_ops *ops;
    void *self;
};

/// Listen. The path of a unix socket nobody listens on is replaced.
/// @param handler Copied.
/// @return DM_ERR_BUSY (the place is taken), DM_ERR_PERMISSION,
///         DM_ERR_NOT_FOUND (no such address or directory), DM_ERR_ARGUMENT (a
///         bad certificate), DM_ERR_IO, DM_ERR_NO_MEMORY.
enum dm_status dm_http_servers_listen(const struct dm_http_servers *servers,
                                      const struct dm_http_listen *listen,
                                      const struct dm_http_handler *handler,
                                      struct dm_http_server **ret,
                                      struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// Where it listens, with the port the system picked.
void dm_http_servers_endpoint(const struct dm_http_servers *servers,
                              struct dm_http_server *server,
                              struct dm_endpoint *ret);

/// Close it and its connections. on_closed is called for each open call before
/// this returns (the one exception to R1), and nothing after; the path of a
/// unix socket is removed. Not from within a handler function.
void dm_http_servers_close(const struct dm_http_servers *servers,
                           struct dm_http_server *server);

/// The client of a call that is not over has shown a good token: its connection
/// no longer counts among those of strangers, but among at most `max` others.
/// @return Whether it does; else it goes on as it was.
bool dm_http_trust(struct dm_http_call *call, unsigned max);

/// Answer an OPEN call.
/// @param headers Valid; copied. Content-Length, Connection and Date are added.
/// @param body From dm_malloc(), the call's from here on whatever is returned;
///        NULL where `n_body` is 0.
/// @return DM_ERR_NO_MEMORY: the connection is cut instead, on_closed comes.
enum dm_status dm_http_answer(struct dm_http_call *call, unsigned status,
                              const struct dm_http_header *DM_NULLABLE headers,
                              size_t n_headers, char *DM_NULLABLE body,
                              size_t n_body);

/// Begin to answer an OPEN call with a body of unknown length.
/// @return DM_ERR_NO_MEMORY, as above.
enum dm_status dm_http_stream(struct dm_http_call *call, unsigned status,
                              const struct dm_http_header *DM_NULLABLE headers,
                              size_t n_headers);

/// Add to a STREAM: all of `bytes` (at most `max_stream_bytes`), or nothing.
/// @return DM_AGAIN: not now, on_writable will come; DM_ERR_NO_MEMORY.
enum dm_status dm_http_write(struct dm_http_call *call, struct dm_str bytes)
    DM_NODISCARD;

/// The body of a STREAM is complete.
void dm_http_end(struct dm_http_call *call);

/// Cut the connection of a call that is OPEN or STREAM, so that its client sees
/// that something is missing.
void dm_http_abort(struct dm_http_call *call);

DM_END_DECLS

#endif // DM_NET_HTTP_SERVER_H
