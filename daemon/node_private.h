// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_NODE_PRIVATE_H
#define DM_DAEMON_NODE_PRIVATE_H

/**
 * @file
 * The inside of a node, for daemon/ alone. Everything in it belongs to the
 * loop, but for what a comment gives to somebody else.
 */

#include "alert/alertmanager.h"
#include "alert/evaluate.h"
#include "base/attr.h"
#include "base/buf.h"
#include "checks/runner.h"
#include "daemon/events.h"
#include "daemon/http.h"
#include "daemon/identity.h"
#include "daemon/job.h"
#include "daemon/kubo.h"
#include "daemon/logs.h"
#include "daemon/node.h"
#include "daemon/peers.h"
#include "daemon/rounds.h"
#include "daemon/tokens.h"
#include "daemon/writer.h"
#include "net/loop.h"
#include "net/net.h"
#include "quadstore/store.h"
#include "sync/conf.h"
#include "sync/key.h"
#include "sync/seal.h"
#include "vocab/config.h"

#include <stdatomic.h>

DM_BEGIN_DECLS

struct dm_id_wait;
struct dm_push;
struct dm_serving;
struct dm_present_cache;

#define DM_USERS 4U          ///< Workers of queries and pages
#define DM_USERS_WAITING 16U ///< Jobs that wait for one
#define DM_NODE_SERVERS_MAX 16U

/// The tip of the own log, as it may be told
struct dm_own_tip {
    uint64_t seq;
    size_t n; ///< Bytes of the record
    uint8_t record[];
};

/// What the last attempt to load the configuration said
struct dm_config_state {
    bool is_valid;
    size_t n_errors;
    size_t n_warnings;
    char *DM_NULLABLE report; ///< As `validate` prints it; NULL while valid
};

/// A server of the node
struct dm_listening {
    struct dm_http_server *DM_NULLABLE server;
    struct dm_endpoint asked;    ///< As it was written
    struct dm_endpoint endpoint; ///< With the port that it has
    bool is_plain;               ///< No TLS
    bool is_only_6;              ///< Of "::": not IPv4 too
};

struct dm_node {
    const struct dm_env *env;
    const struct dm_net *net;
    struct dm_node_options options; ///< Its texts are copies, below
    char *config_directory;
    char *data_directory;
    char *DM_NULLABLE socket_path;
    char *host_name;
    char *DM_NULLABLE guard_path;
    char *DM_NULLABLE ballast_path;

    struct dm_file_lock *lock;
    struct dm_key *key;
    char iri[DM_KEY_IRI_SIZE];
    struct dm_identity identity; ///< In TLS
    struct dm_store *store;
    struct dm_config *config; ///< In force
    struct dm_tokens *tokens; ///< Of `config`
    struct dm_config_state config_state;
    bool is_reloading;
    bool reload_again; ///< A change came while it was loading

    struct dm_writer *writer;
    struct dm_job_pool *users;
    struct dm_job_pool *rules;         ///< One worker
    struct dm_job_pool *sync;          ///< One worker
    struct dm_present_cache *presents; ///< Of all workers
    struct dm_sealer *sealer;          ///< The writer's
    /// Left by the writer for the loop, which takes it away; NULL: no news
    _Atomic(struct dm_own_tip *) sealed_tip;
    struct dm_runner *runner;
    struct dm_alertmanagers *alertmanagers;
    struct dm_events *events;
    struct dm_logs *logs;
    struct dm_peers *peers;
    struct dm_outbox *outbox; ///< To a Kubo
    struct dm_rounds *rounds;
    struct dm_queue *notes;   ///< From the writer: struct dm_commit_note
    struct dm_queue *returns; ///< From the writer: struct dm_return
    struct dm_waker waker;    ///< Woken by both, and by the pools
    bool has_waker;
    struct dm_watch *DM_NULLABLE watch;

    struct dm_listening servers[DM_NODE_SERVERS_MAX];
    size_t n_servers;
    struct dm_id_wait *DM_NULLABLE id_waits; ///< In routes_id.c
    struct dm_push *DM_NULLABLE pushes;      ///< In routes_blocks.c
    struct dm_serving *DM_NULLABLE servings; ///< In routes_ipfs.c
    uint16_t port;

    struct dm_timer once_timer;
    uint64_t n_results; ///< Committed since the start
    uint64_t n_dropped;
    bool is_full;
    bool is_started;
    bool is_stopping;
};

/// Something the writer gives back to the loop
struct dm_return {
    void (*run)(struct dm_return *back, struct dm_node *node);
    enum dm_status status;
};

/// Give `back` to the loop. From the writer; the queue has room for every task.
void dm_node_return(struct dm_node *node, struct dm_return *back);

/// Take a configuration over, or keep the old one and say why. On the loop.
void dm_node_take_over(struct dm_node *node, struct dm_log_conf *conf);

/// The first load, outside any step.
enum dm_status dm_node_load(struct dm_node *node,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Start to watch the configuration's directories anew.
void dm_node_watch(struct dm_node *node);

/// Publish the configuration in force and the vocabulary as graphs of the
/// store, and retire the checks that only `old` had.
enum dm_status dm_node_publish(struct dm_node *node, struct dm_log_conf *conf,
                               const struct dm_config *DM_NULLABLE old)
    DM_NODISCARD;

/// Listen wherever the node is to.
enum dm_status dm_node_listen(struct dm_node *node,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;
/// Listen where the configuration in force says, and no longer elsewhere. What
/// cannot be is logged. Not from within a handler.
void dm_node_relisten(struct dm_node *node);
void dm_node_close_servers(struct dm_node *node);

/// A call was closed that may wait for /api/v1/id.
void dm_id_closed(struct dm_node *node, const struct dm_http_call *call);

/// A call was closed that may bring a log.
void dm_push_closed(struct dm_node *node, const struct dm_http_call *call);

/// A call of the gateway takes bytes again, or was closed.
void dm_serving_writable(struct dm_node *node, const struct dm_http_call *call);
void dm_serving_closed(struct dm_node *node, const struct dm_http_call *call);

/// A log of another node, or the own one where a peer held more of it, has a
/// new tip here.
void dm_node_log_changed(struct dm_node *node,
                         const uint8_t log[DM_KEY_PUBLIC_BYTES]);

/// Keep a Successor that was checked to end `log`; peers are told of it then.
void dm_node_keep_successor(struct dm_node *node,
                            const uint8_t log[DM_KEY_PUBLIC_BYTES],
                            struct dm_str block);

/// Answer the held calls of heads. Its context is the node (daemon/logs.h).
void dm_node_tell_logs(void *DM_NULLABLE context, uint64_t since);

/// One event of /events for each change; the texts of `watch`.
/// @return Whether the status changed, or the check began to fail.
bool dm_node_tell_change(struct dm_node *node, const struct dm_change *change);
void dm_node_tell_alert(struct dm_node *node, enum dm_alert_event event,
                        const struct dm_alert *alert);

DM_END_DECLS

#endif // DM_DAEMON_NODE_PRIVATE_H
