// SPDX-License-Identifier: ISC

#ifndef DM_SIM_NODE_H
#define DM_SIM_NODE_H

/**
 * @file
 * The daemon's node (daemon/node.h) as what a fleet steps.
 *
 * Its files on the simulated disk: configuration in "/etc/demonitor", data in
 * "/var/lib/demonitor", control socket at "/run/demonitor/socket", which a
 * person with a seat at the machine can reach (sim/net.h), guard of its log
 * beside it.
 *
 * Threads: one.
 */

#include "base/attr.h"
#include "sim/fleet.h"

DM_BEGIN_DECLS

#define DM_SIM_NODE_CONFIG "/etc/demonitor"
#define DM_SIM_NODE_DATA "/var/lib/demonitor"
#define DM_SIM_NODE_RUN "/run/demonitor"
#define DM_SIM_NODE_SOCKET DM_SIM_NODE_RUN "/socket"
#define DM_SIM_NODE_GUARD DM_SIM_NODE_RUN "/guard"

/// create() needs no context.
extern const struct dm_sim_node_ops dm_sim_daemon_ops;

DM_END_DECLS

#endif // DM_SIM_NODE_H
