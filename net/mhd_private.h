// SPDX-License-Identifier: ISC

#ifndef DM_NET_MHD_PRIVATE_H
#define DM_NET_MHD_PRIVATE_H

/**
 * @file
 * The HTTP server on libmicrohttpd, which runs in our loop: its epoll
 * descriptor is watched by uv, its time-out is a timer of ours.
 *
 *     mhd.c             listening, running
 *     mhd_connection.c  how many connections, and how long each may take
 *     mhd_call.c        one request: its parts in, its answer out
 *     mhd_socket.c      the listening socket
 *
 *                         answered in on_request
 *     header, body --> on_request ------------------> MHD sends --> completed
 *                         |                               ^  |
 *                         | not yet                       |  | stream is empty
 *                         v                               |  v
 *                     SUSPENDED (its socket is watched) --+ SUSPENDED
 *                         |
 *                         | the client left: on_closed, then the connection
 * ends
 *                         v
 *
 * libmicrohttpd does not look at a suspended connection, so its socket is
 * watched here for the client that goes away.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "net/real_private.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

DM_BEGIN_DECLS

struct mhd_gone;

struct dm_mhd {
    struct dm_http_servers servers;
    struct dm_uv *uv;
    struct dm_http_server *DM_NULLABLE open;
};

struct dm_http_server {
    struct dm_mhd *mhd;
    struct dm_http_server *DM_NULLABLE next;
    struct dm_http_handler handler;
    struct dm_http_listen listen; ///< `identity` is not kept
    struct dm_endpoint endpoint;  ///< With the real port
    struct MHD_Daemon *DM_NULLABLE daemon;
    char *DM_NULLABLE certificate;
    char *DM_NULLABLE key;
    char *DM_NULLABLE priorities; ///< libmicrohttpd wants it writable
    uv_poll_t *DM_NULLABLE poll;  ///< On the daemon's epoll descriptor
    struct dm_timer run;          ///< The next MHD_run() that no event asks for
    struct mhd_call *DM_NULLABLE calls;
    struct mhd_connection *DM_NULLABLE first;
    unsigned n_strangers; ///< Connections without a token
    unsigned n_trusted;
    uint64_t n_requests;
    bool is_closing;
};

/// What a connection counts as
enum mhd_account {
    MHD_ACCOUNT_NONE, ///< It is being closed
    MHD_ACCOUNT_STRANGER,
    MHD_ACCOUNT_TRUSTED,
};

/// What is awaited from a client
enum mhd_phase {
    MHD_PHASE_HEADER, ///< The rest of a header; at first with the handshake
    MHD_PHASE_BODY,
    MHD_PHASE_SERVE, ///< Nothing: we are to answer, or it reads the answer
    MHD_PHASE_IDLE,  ///< The next request
};

/// A connection, for as long as it is open
struct mhd_connection {
    struct dm_http_server *server;
    struct mhd_connection *DM_NULLABLE next;
    int fd;
    enum mhd_account account;
    struct dm_address network; ///< What counts as its address
    enum mhd_phase phase;
    int64_t since_ns;         ///< It is in this phase
    struct dm_timer patience; ///< Until something must have come
    int64_t deadline_ns;      ///< Of a body
    size_t n_window;          ///< Bytes of a body in the present window
};

/// A request. The public part comes first.
struct mhd_call {
    struct dm_http_call call;
    struct dm_http_server *server;
    struct MHD_Connection *DM_NULLABLE connection;
    struct mhd_call *DM_NULLABLE next;
    struct mhd_call *DM_NULLABLE before;
    struct dm_arena arena; ///< Method, target, header fields
    struct dm_buf body;
    size_t n_dropped; ///< Bytes of a body that is too large
    size_t n_answer;  ///< Bytes of an answer that is whole

    bool has_header; ///< The header was looked at
    bool is_told;    ///< on_request was called
    bool is_closed;  ///< on_closed was called
    bool is_suspended;
    bool is_cut;                               ///< The connection has to end
    bool is_queued;                            ///< libmicrohttpd has the answer
    struct MHD_Response *DM_NULLABLE response; ///< Until it is queued
    struct mhd_gone *DM_NULLABLE gone;         ///< While suspended
    unsigned status;

    struct dm_buf unsent; ///< Of a stream
    size_t n_sent;        ///< First bytes of `unsent` that are gone
    bool is_ended;
    bool wants_writable;
    struct dm_timer writable; ///< Brings on_writable
};

/// Let libmicrohttpd run in the next step.
void dm_mhd_run_soon(struct dm_http_server *server);

/// The callbacks of libmicrohttpd for a connection.
enum MHD_Result dm_mhd_on_accept(void *cls, const struct sockaddr *address,
                                 socklen_t n);
void dm_mhd_on_connection(void *cls, struct MHD_Connection *mhd_connection,
                          void **socket_context,
                          enum MHD_ConnectionNotificationCode what);
struct mhd_connection *DM_NULLABLE
dm_mhd_connection_of(struct MHD_Connection *connection);

/// Its phases. A request line is here; a header is, and a body comes; a request
/// is complete; `n` bytes of an answer go out; the answer has gone out.
void dm_mhd_await_header(struct mhd_connection *connection);
void dm_mhd_await_body(struct mhd_connection *connection);
void dm_mhd_serve(struct mhd_connection *connection);
void dm_mhd_await_reader(struct mhd_connection *connection, size_t n);
void dm_mhd_await_next(struct mhd_connection *connection);

/// Count it among those with a token, `max` at most. @return Whether it is.
bool dm_mhd_trust(struct mhd_connection *connection, unsigned max);

/// The callbacks of libmicrohttpd for a request.
void *DM_NULLABLE dm_mhd_on_target(void *cls, const char *target,
                                   struct MHD_Connection *connection);
enum MHD_Result dm_mhd_on_request(void *cls, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *upload,
                                  size_t *n_upload, void **req_cls);
void dm_mhd_on_completed(void *cls, struct MHD_Connection *connection,
                         void **req_cls,
                         enum MHD_RequestTerminationCode reason);

/// Tell the handler that `call` is over, where it was not told.
void dm_mhd_tell_closed(struct mhd_call *call, bool is_complete);

/// Let libmicrohttpd look at a suspended call again.
void dm_mhd_resume(struct mhd_call *call);

/// A socket that listens, and in `*ret` where. @return Negative errno on
/// failure.
int dm_mhd_socket(const struct dm_http_listen *listen, struct dm_endpoint *ret);

DM_END_DECLS

#endif // DM_NET_MHD_PRIVATE_H
