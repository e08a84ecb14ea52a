// SPDX-License-Identifier: ISC

#ifndef DM_SIM_NET_H
#define DM_SIM_NET_H

/**
 * @file
 * The `struct dm_net` of a simulated process: loop, resolver, HTTP both ways,
 * streams, pings, programs, watches and the system's figures, over
 * sim/network.h.
 *
 * Packets arrive in the world and wait there for a step of the loop, which
 * handles one thing: so the seed decides what happens between any two.
 * Time-outs are the machine's monotonic time, so they stand still while it is
 * suspended.
 *
 * Left out: connections are not kept (each exchange connects anew), streams
 * have no TLS (DM_ERR_UNSUPPORTED), client certificates are not looked at.
 *
 * One for each life of a process. From dm_sim_net_cut() on nothing leaves it
 * and nothing arrives, so its parts can be taken down without effect.
 *
 * Threads: one; the parts are the loop's.
 */

#include "base/actor.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/status.h"
#include "net/net.h"
#include "net/process.h"
#include "net/system.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_actor;
struct dm_sim_disk;
struct dm_sim_host;
struct dm_sim_machine;
struct dm_sim_net;
struct dm_sim_network;

/// Most operations of one kind at once
#define DM_SIM_NET_LIMIT 1024

/// What a program does
struct dm_sim_program {
    enum dm_process_end end; ///< EXITED, SIGNALED or why it did not start
    int code;
    int signal;
    int64_t runs_ns;      ///< Longer than its time-out: it is ended
    bool ignores_term;    ///< Then KILL ends it
    struct dm_buf output; ///< Released by the network, as the next
    struct dm_buf errors;
};

/// What a program is going to do; set up as exit 0, no output, 10 ms.
typedef void (*dm_sim_program_fn)(void *DM_NULLABLE context,
                                  const struct dm_process_spec *spec,
                                  struct dm_sim_program *program);

/// What the system says; set up as DM_ERR_NOT_FOUND.
/// @param bytes For DM_SYSTEM_FILE.
/// @param delay_ns Before the answer; over the time-out: DM_ERR_DEADLINE.
typedef void (*dm_sim_system_fn)(void *DM_NULLABLE context,
                                 const struct dm_system_question *question,
                                 struct dm_system_answer *answer,
                                 struct dm_buf *bytes, int64_t *delay_ns);

struct dm_sim_net_options {
    struct dm_sim_network *network;
    struct dm_sim_machine *machine;       ///< RUNNING
    struct dm_sim_host *DM_NULLABLE host; ///< What the machine is to others
    /// Whose unix sockets and loopback it reaches besides its own: a person who
    /// sits at that machine and outlives its processes
    struct dm_sim_machine *DM_NULLABLE seat;
    struct dm_sim_disk *DM_NULLABLE disk;  ///< Whose directories are watched
    dm_sim_program_fn DM_NULLABLE program; ///< NULL: none is found
    dm_sim_system_fn DM_NULLABLE system;   ///< NULL: a plain machine's figures
    void *DM_NULLABLE context;             ///< Of both
};

/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT.
enum dm_status dm_sim_net_new(const struct dm_sim_net_options *options,
                              struct dm_sim_net **ret) DM_NODISCARD;

/// Cancel what is under way, close what is open. No server and watch is left.
void dm_sim_net_free(struct dm_sim_net *DM_NULLABLE net);

struct dm_net *dm_sim_net_get(struct dm_sim_net *net);

/// The handle of the loop's actor, which is yet to begin
/// (dm_sim_actor_begin() with dm_loop_actor() or the node's own).
struct dm_sim_actor *dm_sim_net_handle(struct dm_sim_net *net);

/// The process was killed or lost its power.
/// @param is_reset The system lives on and resets its connections; otherwise
///        the other side hears nothing more.
void dm_sim_net_cut(struct dm_sim_net *net, bool is_reset);

/// Operations of all kinds under way, for tests
size_t dm_sim_net_n_ops(const struct dm_sim_net *net);

/// The figures of a plain machine: 4 CPUs, 8 GiB, a third of it free, load 0.5,
/// one disk of 100 GiB, half full. What a dm_sim_system_fn may fall back to.
void dm_sim_plain_system(void *DM_NULLABLE context,
                         const struct dm_system_question *question,
                         struct dm_system_answer *answer, struct dm_buf *bytes,
                         int64_t *delay_ns);

DM_END_DECLS

#endif // DM_SIM_NET_H
