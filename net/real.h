// SPDX-License-Identifier: ISC

#ifndef DM_NET_REAL_H
#define DM_NET_REAL_H

/**
 * @file
 * The network of the real machine: libuv, libcurl, libmicrohttpd, c-ares.
 *
 *     dm_real_new --> dm_loop_step(net->loop, …) … --> dm_real_free
 *
 * One thread at a time steps the loop; that thread waits inside a step. No
 * timer runs while nothing is under way.
 *
 * Two things are set for the whole process: SIGPIPE is ignored (a peer that has
 * gone is told by a write that fails), and descriptors that were inherited open
 * are closed in programs that we start.
 *
 * Threads: the one that steps the loop, dm_waker_wake() from any; dm_system
 * reads in up to four of libuv's. Memory: 1 MiB more from the first HTTPS
 * request on (the root certificates, shared).
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "net/net.h"

#include <stddef.h>

DM_BEGIN_DECLS

struct dm_env;
struct dm_real;

/// The most of each thing at once; all at least 1
struct dm_real_limits {
    unsigned requests;  ///< HTTP requests
    unsigned resolves;  ///< Names being resolved
    unsigned streams;   ///< Connections that are not HTTP
    unsigned processes; ///< Programs that run
    unsigned pings;
    unsigned system_reads; ///< Questions to the own machine
};

/// 1024 requests, 4096 names (one that timed out counts until its servers were
/// given up), 256 streams, 64 programs, 256 pings, 64 questions
extern const struct dm_real_limits dm_real_limits_default;

/// @param env For its clock; outlives it.
/// @return DM_ERR_NO_MEMORY, DM_ERR_IO (the system lacks descriptors).
enum dm_status dm_real_new(const struct dm_env *env,
                           const struct dm_real_limits *limits,
                           struct dm_real **ret,
                           struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// The parts; they live as long as `real`.
const struct dm_net *dm_real_net(const struct dm_real *real);

/// Cancel what is under way, close everything and free. Servers and watches
/// were closed before. Outside a step; runs the loop until all is closed,
/// waiting up to 200 ms for killed programs, and for a question to the own
/// machine that hangs in the system as long as it hangs.
void dm_real_free(struct dm_real *DM_NULLABLE real);

DM_END_DECLS

#endif // DM_NET_REAL_H
