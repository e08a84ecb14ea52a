// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_NODE_H
#define DM_DAEMON_NODE_H

/**
 * @file
 * A whole node as a set of actors, without a thread: what `demonitor run` gives
 * threads to and the simulator steps.
 *
 *     loop    runner, http server, Alertmanager clients, timers
 *     writer  the store's transactions
 *     rules   one worker: the view, rules, evaluation
 *     sync    one worker: what peers send is verified
 *     users   four workers: queries, pages, reloads
 *
 *     probe result -> writer -> COMMIT -> note -> loop -> round of rules ->
 * alerts └-> /events
 *
 * Life: dm_node_new() takes the lock, loads or makes key and configuration,
 * opens the store, restores what was counted; dm_node_start() begins to listen
 * and to run. dm_node_stop() asks for the end: the actors say DM_PROGRESS_ENDED
 * one after the other, then dm_node_free().
 *
 * N1 A result that a reader saw survives the end of the process.
 * N2 Nothing is told to Alertmanager, /events or a reader before COMMIT.
 * N3 A configuration with errors changes nothing.
 *
 * Threads: new, start, free by whoever steps the actors, outside a step.
 */

#include "base/actor.h"
#include "base/attr.h"
#include "base/env.h"
#include "base/error.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_net;
struct dm_node;

struct dm_node_options {
    const struct dm_env *env;
    const struct dm_net *net;
    const char *config_directory;
    const char *data_directory;
    const char *DM_NULLABLE socket_path;   ///< Control socket; NULL: none
    const char *DM_NULLABLE guard_path;    ///< sync/seal.h; NULL: none
    const char *DM_NULLABLE vfs;           ///< Of the store
    struct dm_str host_name;               ///< Where :name is not given
    const char *const *DM_NULLABLE listen; ///< Further "ADDR:PORT" to listen on
    size_t n_listen;
    bool once; ///< One round of all checks, then stop
};

/// Where a step of the actor must be asked for; set before dm_node_start().
#define DM_NODE_ACTORS 8 ///< Loop, writer, rules, sync, four users

/**
 * @return DM_ERR_BUSY (another instance holds the data), DM_ERR_SYNTAX (the
 *         configuration has errors: they are in the log), or what the store
 * said.
 */
enum dm_status dm_node_new(const struct dm_node_options *options,
                           struct dm_node **ret,
                           struct dm_error *DM_NULLABLE error) DM_NODISCARD;
void dm_node_free(struct dm_node *DM_NULLABLE node);

/// The i-th actor: 0 is the loop, 1 the writer.
struct dm_actor dm_node_actor(struct dm_node *node, size_t i);
/// How to wake it; the loop (0) is woken through its own net/loop.h.
void dm_node_set_wake(struct dm_node *node, size_t i, dm_wake_fn wake,
                      void *DM_NULLABLE context);

/// Listen, run checks, evaluate. In a step of the loop, or outside any.
enum dm_status dm_node_start(struct dm_node *node,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Ask for the end; from the loop.
void dm_node_stop(struct dm_node *node);
bool dm_node_is_stopping(const struct dm_node *node);

/// Load the configuration anew (SIGHUP, a changed file, /-/reload); on the
/// loop.
void dm_node_reload(struct dm_node *node);

/// Whether loop and writer move; for watchdogs, on the loop.
bool dm_node_is_healthy(const struct dm_node *node);
bool dm_node_is_ready(const struct dm_node *node);

/// The port that is listened on first; 0 for none. For tests and `up`.
uint16_t dm_node_port(const struct dm_node *node);

DM_END_DECLS

#endif // DM_DAEMON_NODE_H
