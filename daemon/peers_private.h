// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_PEERS_PRIVATE_H
#define DM_DAEMON_PEERS_PRIVATE_H

/**
 * @file
 * Peers from the inside: peers.c knows which there are and which logs are held,
 * peer_poll.c hears them, peer_work.c asks and keeps what is to do, peer_plan.c
 * finds out what is to do, peer_fetch.c and peer_push.c do it, one thing at a
 * time for each peer. Everything is the loop's but the step of a job.
 */

#include "base/attr.h"
#include "base/map.h"
#include "daemon/follow.h"
#include "daemon/node_private.h"
#include "daemon/peers.h"
#include "net/http_client.h"
#include "net/timers.h"
#include "sync/block.h"
#include "sync/heads.h"
#include "sync/record.h"

DM_BEGIN_DECLS

#define DM_PEER_TIMEOUT_NS INT64_C(60000000000)
/// A machine that can be reached answers sooner
#define DM_PEER_CONNECT_NS INT64_C(5000000000)
#define DM_PEER_LOST_NS INT64_C(15000000000)
#define DM_PEER_WAIT_S 50        ///< Of a long poll
#define DM_PEERS_KNOWN_MAX 4096U ///< Logs
#define DM_PEER_REASON 200U
#define DM_PEER_ERRANDS_MAX 8192U

enum dm_errand_kind {
    DM_ERRAND_FETCH, ///< The peer has more of the log
    DM_ERRAND_PROOF, ///< The peer knows that the log forked
    DM_ERRAND_FORK,  ///< It may have forked: look for the entry that differs
    DM_ERRAND_PUSH,  ///< The peer has less of it
};

struct dm_errand {
    enum dm_errand_kind kind;
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    uint64_t held;   ///< Newest entry here when it was planned
    uint64_t oldest; ///< First entry kept here; 0: the log is not held
    uint64_t first;  ///< Oldest entry that the peer serves
    char *DM_NULLABLE record;
    size_t n_record;
    struct dm_record tip;
    struct dm_cid fork[2];
};

/// How far a peer is with a log
struct dm_peer_known {
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    uint64_t seq;
    uint64_t sequence;
    int64_t unwanted_ns; ///< It said 404: nothing is brought before that time
    uint64_t refused;    ///< Sequence of its record that was refused here
};

struct dm_peer {
    struct dm_peers *all;
    const struct dm_peer_def *def; ///< Of all->config
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    bool can_dial;
    bool is_dialled;
    bool is_connected;
    bool is_fresh;   ///< Not polled yet
    bool is_gone;    ///< Left; what is out still comes back
    bool is_lost;    ///< Something it was asked got no answer
    bool has_failed; ///< It did not answer when it was asked last
    bool is_even;    ///< Neither had more to tell, once since the start
    bool has_pin;
    uint8_t pin[DM_KEY_HASH_SIZE];
    struct dm_timer timer;
    struct dm_http_request *DM_NULLABLE poll;
    struct dm_http_request *DM_NULLABLE request;
    char cursor[3 * DM_CURSOR_MAX + 1]; ///< As it stands in a URL; "": none
    int64_t backoff_ns;
    int64_t lost_ns;     ///< When it went away
    int64_t polled_ns;   ///< When the last poll began
    int64_t retry_ns;    ///< From a fetch that failed to the next one
    int64_t retry_at_ns; ///< Then all heads are asked for; INT64_MAX: no need
    int64_t heard_ms;
    int64_t came_ns; ///< INT64_MIN: never
    char reason[DM_PEER_REASON];
    int64_t said_ms;             ///< When `reason` was said, wall clock
    bool is_away;                ///< Its last answer of heads was no good
    enum dm_net_failure failure; ///< Where `reason` tells of an answer,
    unsigned status;             ///< and its HTTP status
    uint64_t n_fetched;
    uint64_t n_pushed;
    uint64_t n_refused;

    struct dm_errand *DM_NULLABLE errands; ///< The first one is under way
    size_t n_errands;
    size_t errands_capacity;
    size_t n_due; ///< So many come before the next poll
    bool is_working;
    bool is_planning;
    unsigned n_out; ///< Jobs and tasks that come back to it
    struct dm_follow_task *DM_NULLABLE task;
    uint64_t fetch_after;     ///< Of the request under way
    uint64_t back_step;       ///< How far fetching goes back for the same
    uint64_t push_back;       ///< How far to go back where a branch begins
    bool is_piece;            ///< What is pushed does not reach the tip
    uint64_t pushed_sequence; ///< Of the record under way
    bool holds_none;          ///< Of our log, which has entries
    bool knows_held;
    uint64_t held; ///< Entries of its own log here, as of the last plan
    struct dm_peer_known *DM_NULLABLE known;
    size_t n_known;
    size_t known_capacity;
};

struct dm_peers {
    struct dm_node *node;
    struct dm_config *DM_NULLABLE config;
    struct dm_peer **DM_NULLABLE peers;
    size_t n;
    struct dm_peer **DM_NULLABLE gone; ///< Left, but something comes back yet
    size_t n_gone;
    size_t gone_capacity;
    uint8_t (*DM_NULLABLE logs)[DM_KEY_PUBLIC_BYTES]; ///< Held here
    size_t n_logs;
    size_t logs_capacity;
    bool is_stopped;
    bool has_released; ///< Somebody was asked for the own log
    int64_t began_ns;  ///< When the node started, or woke up
};

// ------------------------------------------------------------------- requests

struct dm_peer_ask {
    const char *method;
    const char *path; ///< With the query
    struct dm_str body;
    struct dm_str content_type;
    const char *DM_NULLABLE record; ///< Value of Demonitor-Record
    int64_t timeout_ns;
    size_t max_body;
};
/// Ask the peer; with its pin and what we show it.
enum dm_status dm_peer_request(struct dm_peer *peer,
                               const struct dm_peer_ask *ask,
                               dm_http_done_fn done,
                               struct dm_http_request **ret) DM_NODISCARD;

/// Say why something failed, for people.
void dm_peer_say(struct dm_peer *peer, const char *format, ...) DM_PRINTF(2, 3);

/// What went wrong with an answer that is not 2xx
void dm_peer_say_answer(struct dm_peer *peer, const char *what,
                        const struct dm_http_response *response);

// -------------------------------------------------------------------- errands

/// Put it behind what is to do; takes the record. False where there is no room.
bool dm_peer_add_errand(struct dm_peer *peer, const struct dm_errand *errand);
/// The first thing could not be fetched: later all heads are asked for again.
void dm_peer_retry_later(struct dm_peer *peer);
/// Begin with the next thing, where none is under way.
void dm_peer_work(struct dm_peer *peer);
/// What it was asked got no answer: it is tried anew, from the start.
void dm_peer_lost(struct dm_peer *peer);
/// The first thing is done, or given up.
void dm_peer_worked(struct dm_peer *peer);

/// What is known of the peer's copy of a log; made where absent. NULL: no room.
struct dm_peer_known *DM_NULLABLE
dm_peer_know(struct dm_peer *peer, const uint8_t log[DM_KEY_PUBLIC_BYTES]);

/// Find out what an answer of heads asks for; takes `json`.
void dm_peer_plan(struct dm_peer *peer, char *json, size_t n, bool is_full);
/// The peer told how many entries of our log it holds. One that holds none says
/// little of a log that has some: all have to say so.
void dm_peer_told_ours(struct dm_peer *peer, uint64_t have);
/// Sealing goes on.
void dm_peers_release_own(struct dm_peers *peers);
/// A plan was made, or the answer was no good
void dm_peer_planned(struct dm_peer *peer, bool is_good);

void dm_peer_fetch(struct dm_peer *peer, const struct dm_errand *errand);
void dm_peer_push(struct dm_peer *peer, const struct dm_errand *errand);

// -------------------------------------------------------------------- polling

/// Between two polls at least
#define DM_PEER_POLL_LEAST_NS INT64_C(100000000)

/// Ask for heads now, where nothing speaks against it.
void dm_peer_poll(struct dm_peer *peer);
/// Ask soon, at least so long after the poll before.
void dm_peer_poll_after(struct dm_peer *peer, int64_t least_ns);
/// End what is under way with it, and back off.
void dm_peer_lose(struct dm_peer *peer);
/// It answers again: why it did not is no longer of interest.
void dm_peer_forget_absence(struct dm_peer *peer);
/// What it told at first is done: the view does not wait for it any more.
void dm_peer_become_even(struct dm_peer *peer);
/// Whether it came to us lately
bool dm_peer_comes(const struct dm_peer *peer);

/// Something that was out came back: the peer may have been left meanwhile.
/// @return Whether it goes on.
bool dm_peer_came_back(struct dm_peer *peer);

DM_END_DECLS

#endif // DM_DAEMON_PEERS_PRIVATE_H
