// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_HTTP_H
#define DM_DAEMON_HTTP_H

/**
 * @file
 * From a request to its route, and answers in the forms that all routes share.
 *
 *     request -> host and origin -> route -> method -> scope -> handle
 *
 * Who may do what: the control socket everything; a loopback address read and
 * ping, and what its token says; anybody else what the token says, on /ping
 * also one in the URL. The token of a peer says which peer asks. 401: no token,
 * or one that nobody knows; 403: one that does not allow this. A request on a
 * loopback address whose Host is not localhost, a loopback address or the
 * node's name is refused (DNS rebinding), and so is one with a foreign Origin,
 * on every route.
 *
 * A route answers at once, from what the loop knows, or starts a reply job that
 * a worker steps; its buffer is sent when it has ended. When the client leaves,
 * the job is cancelled.
 *
 * Threads: DM_ON_LOOP, but for the step of a reply job.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/status.h"
#include "daemon/job.h"
#include "net/http_server.h"
#include "vocab/definitions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_config;
struct dm_node;
struct dm_present;
struct dm_present_cache;
struct dm_snapshot;

/// Everything; the control socket alone has it
#define DM_SCOPE_SOCKET 8U
/// The exchange of logs
#define DM_SCOPE_PEER 16U
/// Connections with a token there may be, beside one for each peer
#define DM_TRUSTED_BESIDE_PEERS 64U
/// No scope is needed
#define DM_SCOPE_FREE 0U

enum dm_method {
    DM_METHOD_GET = 1, ///< HEAD too
    DM_METHOD_POST = 2,
};

struct dm_request {
    struct dm_node *node;
    struct dm_http_call *call;
    struct dm_str rest; ///< Of the path behind the route's, decoded
    unsigned scopes;    ///< What it may do
    bool is_known;      ///< Its token is
    /// Who asks, where a peer's token was shown. Of the configuration in force
    /// while the handler runs; a reply job's `config` keeps it.
    const struct dm_peer_def *DM_NULLABLE peer;
};

typedef void (*dm_route_fn)(const struct dm_request *request);

struct dm_route {
    const char *path;
    bool is_prefix;   ///< Paths below it too
    unsigned methods; ///< Of enum dm_method
    unsigned
        scope; ///< One of these is needed: of enum dm_token_scope, or above
    size_t max_body; ///< Bytes, of who has the scope
    dm_route_fn handle;
};

/// Tables of routes, one for each file of them; ended by a row without path
extern const struct dm_route dm_routes_health[];
extern const struct dm_route dm_routes_ping[];
extern const struct dm_route dm_routes_api[];
extern const struct dm_route dm_routes_sparql[];
extern const struct dm_route dm_routes_page[];
extern const struct dm_route dm_routes_peers[];
extern const struct dm_route dm_routes_metrics[];
extern const struct dm_route dm_routes_export[];
extern const struct dm_route dm_routes_events[];
extern const struct dm_route dm_routes_id[];
extern const struct dm_route dm_routes_log[];
extern const struct dm_route dm_routes_blocks[];
extern const struct dm_route dm_routes_ipfs[];
extern const struct dm_route dm_routes_sync[];

/// The handler of every server of the node
struct dm_http_handler dm_http_handler(struct dm_node *node);

// -------------------------------------------------------------------- answers

/// Answer with a copy of `body`.
void dm_reply(const struct dm_request *request, unsigned status,
              const char *content_type, struct dm_str body);

/// Answer without a body.
void dm_reply_empty(const struct dm_request *request, unsigned status);

/// Answer with an error: application/problem+json, or text where the client
/// prefers it. `error` may hold line and column.
void dm_reply_problem(const struct dm_request *request, unsigned status,
                      const char *title,
                      const struct dm_error *DM_NULLABLE error);

/// The first value of a field of the query string or a form body, decoded into
/// `buf`. DM_ERR_NOT_FOUND.
enum dm_status dm_request_param(const struct dm_request *request,
                                const char *name, struct dm_buf *buf);

/// Which of `types` (media types, `n` of them, best first) Accept prefers: its
/// index, or n where none is acceptable. Without Accept: 0.
size_t dm_request_accepts(const struct dm_request *request,
                          const char *const *types, size_t n);

// ----------------------------------------------------------------- reply jobs

struct dm_reply_job;

/// What a kind of reply does on its worker. It fills `job->out`, sets status
/// and type. Its own state lies behind the dm_reply_job in one struct.
struct dm_reply_ops {
    const char *name;
    /// DM_AGAIN: step again. DM_OK: `out` is the answer. Else a problem:
    /// `error` and `http_status` say which.
    enum dm_status (*step)(struct dm_reply_job *job);
    /// Release what the state holds, not the job itself. May be NULL; may be
    /// called twice, on the worker before the snapshot is closed and at the
    /// end.
    void (*done)(struct dm_reply_job *job);
};

struct dm_reply_job {
    struct dm_job job; ///< Its head
    const struct dm_reply_ops *ops;
    struct dm_request request;
    bool has_left;            ///< The client has: the call is gone
    struct dm_config *config; ///< Reference, as of the request
    struct dm_store *store;
    struct dm_present_cache *presents;
    int64_t now_ms;           ///< Wall clock of the request
    struct dm_buf out;        ///< At most DM_REPLY_MAX
    unsigned http_status;     ///< 200 unless set
    const char *content_type; ///< A constant; text/plain unless set
    /// Instead of Cache-Control: no-store; they live as long as the job
    const struct dm_http_header *DM_NULLABLE headers;
    size_t n_headers; ///< At most DM_REPLY_HEADERS_MAX
    struct dm_error error;
    struct dm_snapshot *DM_NULLABLE snapshot; ///< By dm_reply_open()
    struct dm_present *DM_NULLABLE present;
};

/// Most bytes of an answer
#define DM_REPLY_MAX (64U << 20U)
#define DM_REPLY_HEADERS_MAX 8U

/// Sets the state of a reply up from its request, which is whole only now; a
/// status other than DM_OK must have answered it.
typedef enum dm_status (*dm_reply_init_fn)(struct dm_reply_job *job);

/// Start a job of `size` bytes whose head is a dm_reply_job (zeroed behind it).
/// Answers with 429 or 503 where there is no room.
void dm_reply_start(const struct dm_request *request,
                    const struct dm_reply_ops *ops, size_t size,
                    dm_reply_init_fn DM_NULLABLE init);

/// On the worker: open a snapshot with the present attached.
enum dm_status dm_reply_open(struct dm_reply_job *job) DM_NODISCARD;

DM_END_DECLS

#endif // DM_DAEMON_HTTP_H
