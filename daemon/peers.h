// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_PEERS_H
#define DM_DAEMON_PEERS_H

/**
 * @file
 * The peers that this node dials: what they hold is fetched, what they lack is
 * brought to them.
 *
 *     heads --> plan (sync worker) --> fetch: Head, log/K … --> daemon/follow.h
 *       ^                         └--> push:  blocks
 *       └──── long poll, since the cursor of the answer before
 *
 * Whoever opens the connection does both, so a node that nobody can dial needs
 * no port. Where both can dial, the one with the smaller key does: a peer that
 * comes to us and has the smaller key is not dialled. At most
 * DM_PEERS_DIALLED are, the first that answer.
 *
 * A peer that does not answer is tried again after 1 s, doubled up to 5 s, and
 * after ten minutes up to 60 s: so a link that was cut is used again soon after
 * it has healed. One whose bytes are refused is heard on, the log in question
 * waits for another record.
 *
 * Whoever opens the connection first does all that the whole list of heads asks
 * for, and only then asks with `wait`. So both know when they are even.
 *
 * Threads: DM_ON_LOOP. Memory: an answer at a time for each peer.
 */

#include "base/attr.h"
#include "base/status.h"
#include "net/outcome.h"
#include "sync/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_config;
struct dm_node;
struct dm_peer_def;
struct dm_peers;

#define DM_PEERS_DIALLED 3U
#define DM_PEERS_WHOLE_NS INT64_C(60000000000)
/// Logs that are followed though no peer file names them
#define DM_PEERS_LOGS_MAX 50U

/// Reads which logs are held. Outside any step.
enum dm_status dm_peers_new(struct dm_node *node, struct dm_peers **ret)
    DM_NODISCARD;
/// Ends what is under way on the network; what is with a worker or the writer
/// still comes back.
void dm_peers_stop(struct dm_peers *peers);
/// Stopped, and nothing is under way any more.
void dm_peers_free(struct dm_peers *DM_NULLABLE peers);

/// Dial the peers of this configuration. Those that stay go on.
enum dm_status dm_peers_configure(struct dm_peers *peers,
                                  struct dm_config *config) DM_NODISCARD;

/// A log that is held here has a new tip, or the own log was sealed: peers that
/// are dialled and lack it are brought it.
void dm_peers_log_changed(struct dm_peers *peers,
                          const uint8_t log[DM_KEY_PUBLIC_BYTES]);

/// Whether a log that `from` (NULL: unknown) brings is taken.
bool dm_peers_wants(const struct dm_peers *peers,
                    const uint8_t log[DM_KEY_PUBLIC_BYTES],
                    const struct dm_peer_def *DM_NULLABLE from);

/// What is taken of a log, by the peer file that names it, else that of `from`
struct dm_follow_input;
void dm_peers_bounds(const struct dm_peers *peers,
                     const struct dm_peer_def *DM_NULLABLE from,
                     struct dm_follow_input *input);

/// A peer came to us: it told its heads, or asked for ours.
void dm_peers_came(struct dm_peers *peers, const struct dm_peer_def *def);
/// It waits for news: what it holds and this node lacks it has brought.
void dm_peers_waits(struct dm_peers *peers, const struct dm_peer_def *def);

/// The machine slept: what is known of the others is old.
void dm_peers_woke(struct dm_peers *peers);
/**
 * Whether what is known of other nodes may be spoken of: since the start each
 * peer that answers was caught up with. One that cannot be dialled is waited
 * for, as it may come.
 *
 * @param ret_due_ns When it is so whatever comes: DM_PEERS_WHOLE_NS after the
 *        start. Set only where it is not so yet.
 */
bool dm_peers_are_whole(const struct dm_peers *peers, int64_t *ret_due_ns);

/// A peer that came to us told how many entries of our log it holds. While they
/// are not more than ours, no backup was restored here, and sealing goes on;
/// else it is going to bring them.
void dm_peers_has_ours(struct dm_peers *peers, const struct dm_peer_def *peer,
                       uint64_t have);

/// What the peer of log `by` brought of a log was taken (DM_OK), or refused.
void dm_peers_brought(struct dm_peers *peers,
                      const uint8_t by[DM_KEY_PUBLIC_BYTES],
                      const uint8_t log[DM_KEY_PUBLIC_BYTES],
                      enum dm_status status, const char *reason);

/// How it stands with a peer, for people
struct dm_peer_figures {
    const struct dm_peer_def *def;
    bool is_dialled;
    bool is_connected;  ///< Its last answer was good
    bool is_away;       ///< It did not answer as it should; `reason` says how
    bool comes;         ///< It came to us in the last two minutes
    int64_t heard_ms;   ///< Wall clock: it answered or came; or DM_NO_TIME
    const char *reason; ///< Why not, or what was refused last; "" for nothing
    int64_t reason_ms;  ///< Wall clock; DM_NO_TIME without a reason
    enum dm_net_failure failure; ///< Of the answer that `reason` tells of
    unsigned status;             ///< Likewise, of HTTP; 0: there was none
    uint64_t n_fetched;          ///< Batches taken from it
    uint64_t n_pushed;           ///< And brought to it
    uint64_t n_refused;          ///< Of what it sent
};
size_t dm_peers_count(const struct dm_peers *peers);
struct dm_peer_figures dm_peers_figures(const struct dm_peers *peers, size_t i);

/// The k-th log that peer `i` told of, or brought, since the start; false
/// behind the last.
bool dm_peers_told(const struct dm_peers *peers, size_t i, size_t k,
                   uint8_t ret[DM_KEY_PUBLIC_BYTES]);

DM_END_DECLS

#endif // DM_DAEMON_PEERS_H
