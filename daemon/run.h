// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_RUN_H
#define DM_DAEMON_RUN_H

/**
 * @file
 * A node on the real machine: its actors get threads, signals and systemd their
 * due.
 *
 *     SIGTERM, SIGINT  stop        SIGHUP  reload
 *
 * The calling thread runs the loop, six more run the writer and the workers.
 * With NOTIFY_SOCKET it says READY=1 once checks run, RELOADING, STOPPING, and
 * WATCHDOG for as long as loop and writer move.
 *
 * Threads: call it from the only thread of the process.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "daemon/node.h"

DM_BEGIN_DECLS

/// Told once the node has started: where it listens.
typedef void (*dm_started_fn)(void *DM_NULLABLE context, struct dm_node *node);

/**
 * Run until a signal, or until the round of `options->once` is over.
 *
 * @param options `net` is ignored: the real network is made here.
 * @return DM_OK after SIGTERM or SIGINT; else as dm_node_new() and _start().
 */
enum dm_status dm_run(const struct dm_node_options *options,
                      dm_started_fn DM_NULLABLE on_started,
                      void *DM_NULLABLE context,
                      struct dm_error *DM_NULLABLE error) DM_NODISCARD;

DM_END_DECLS

#endif // DM_DAEMON_RUN_H
