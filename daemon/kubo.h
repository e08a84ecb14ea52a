// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_KUBO_H
#define DM_DAEMON_KUBO_H

/**
 * @file
 * The node's outbox to the Kubo of its configuration (sync/kubo.h): the own log
 * goes there, and nothing here waits for it.
 *
 *     sealed --> idle? --> pack (sync worker) --> give (loop) --> Kubo
 *                  ^         reads the cursor,                      |
 *                  |         where it is not known                  v
 *                  └──────── cursor stored (writer) <───────────── done
 *
 * K1 At most one thing is under way: a job that packs, or an item.
 * K2 Of the log no more is told than what was published (daemon/logs.h, L2).
 * K3 Another :kubo is another outbox, with the cursor of that URL; what was
 *    under way to the one before is dropped, and comes again should it return.
 *
 * What fails is logged once for each change of its reason, and once when it is
 * well again.
 *
 * Threads: DM_ON_LOOP. Memory: two items (the packer's and the one that is
 * sent), where there is a Kubo. The store: a value of 60 bytes for each URL
 * that was ever configured, written with no commit of its own being durable.
 */

#include "base/attr.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_config;
struct dm_node;
struct dm_outbox;

#define DM_OUTBOX_REASON_SIZE 420U
/// Behind by more than this is worth a word though nothing failed
#define DM_OUTBOX_BEHIND 64U
/// And so is an item that is under way for longer
#define DM_OUTBOX_SLOW_NS INT64_C(30000000000)

/// Before the first configuration it has no Kubo. NULL: no memory.
struct dm_outbox *DM_NULLABLE dm_outbox_new(struct dm_node *node) DM_NODISCARD;
/// Ends what is under way on the network; what is with a worker or the writer
/// still comes back.
void dm_outbox_stop(struct dm_outbox *outbox);
/// Stopped, and nothing is under way any more.
void dm_outbox_free(struct dm_outbox *DM_NULLABLE outbox);

/// Go on with the Kubo of this configuration, or with none.
void dm_outbox_configure(struct dm_outbox *outbox, struct dm_config *config);

/// The own log was published up to another entry (dm_logs_own()).
void dm_outbox_log_changed(struct dm_outbox *outbox);

/// How it stands, since the start or since there is this :kubo
struct dm_outbox_figures {
    bool is_there;       ///< There is a :kubo; else all the rest is 0
    bool is_reachable;   ///< The last request went well
    bool is_late;        ///< A person should be told: see `reason`, `behind`
    uint64_t behind;     ///< Entries that it does not have
    uint64_t pinned;     ///< The entry of the Head that is pinned; 0: none
    int64_t accepted_ms; ///< Wall clock of the last request that went well,
                         ///< or DM_NO_TIME
    int64_t put_ms;      ///< Of the last tip that Kubo took, or DM_NO_TIME
    uint64_t items;
    uint64_t blocks;
    uint64_t bytes;
    uint64_t puts;
    uint64_t failed;                    ///< Requests
    uint64_t need_all;                  ///< Times that it had lost blocks
    char reason[DM_OUTBOX_REASON_SIZE]; ///< Of what fails; "" for nothing
};
void dm_outbox_figures(const struct dm_outbox *outbox,
                       struct dm_outbox_figures *ret);

DM_END_DECLS

#endif // DM_DAEMON_KUBO_H
