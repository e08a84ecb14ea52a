// SPDX-License-Identifier: ISC

#ifndef DM_NET_NET_H
#define DM_NET_NET_H

/**
 * @file
 * All of a node's network in one place: what checks, alerts and the daemon are
 * given. Each part is a table of functions, so that a simulator can stand in
 * for the real one (net/real.h).
 *
 * Threads: loop. The parts live as long as what made them.
 */

#include "base/attr.h"

DM_BEGIN_DECLS

struct dm_http_client;
struct dm_http_servers;
struct dm_loop;
struct dm_pinger;
struct dm_processes;
struct dm_resolver;
struct dm_streams;
struct dm_system;
struct dm_watcher;

struct dm_net {
    struct dm_loop *loop;                  ///< net/loop.h
    const struct dm_resolver *resolver;    ///< net/resolver.h
    struct dm_http_client *http;           ///< net/http_client.h
    const struct dm_http_servers *servers; ///< net/http_server.h
    const struct dm_streams *streams;      ///< net/stream.h
    const struct dm_processes *processes;  ///< net/process.h
    const struct dm_pinger *pinger;        ///< net/icmp.h
    const struct dm_watcher *watcher;      ///< net/watch.h
    const struct dm_system *system;        ///< net/system.h
};

DM_END_DECLS

#endif // DM_NET_NET_H
