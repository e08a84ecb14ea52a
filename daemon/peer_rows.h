// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_PEER_ROWS_H
#define DM_DAEMON_PEER_ROWS_H

/**
 * @file
 * How it stands with each node, for people: a row for each log that is held
 * here, the own one first, then one for each peer of which nothing is held yet.
 *
 *     loop: gather, from daemon/peers.h --> worker: read, from the store
 *
 * Threads: gather DM_ON_LOOP, the rest on a worker. Memory: what is gathered at
 * most DM_PEER_ROWS_MEMORY. Cost: two look-ups and a signature for each log.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "net/outcome.h"
#include "sync/cid.h"
#include "sync/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_node;
struct dm_present;
struct dm_snapshot;
struct dm_view_log;

#define DM_PEER_ROWS_MEMORY ((size_t)16 << 20U)

/// A peer file, and how it goes with that peer
struct dm_peer_link {
    struct dm_str name; ///< Unique once the rows are read: others that share
                        ///< one end in "-" and 8 characters of their key
    struct dm_str iri;  ///< Of its log
    struct dm_str url;  ///< "": we cannot dial it
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    uint64_t quota;
    bool is_followed;
    bool is_dialled;
    bool is_connected; ///< Dialled, and its last answer was good
    bool is_away;      ///< Dialled in vain
    bool comes;        ///< It came to us in the last two minutes
    int64_t heard_ms;  ///< DM_NO_TIME: never since the start
    struct dm_str reason;
    int64_t reason_ms;
    enum dm_net_failure failure;
    unsigned status;
    uint64_t n_fetched;
    uint64_t n_pushed;
    uint64_t n_refused;
};

/// Which peer told of which log
struct dm_peer_told {
    const struct dm_peer_link *link;
    uint8_t log[DM_KEY_PUBLIC_BYTES];
};

struct dm_peer_row {
    /// NULL: nothing of it is held; the fields down to `fork` are not set then
    const struct dm_view_log *DM_NULLABLE log;
    const struct dm_peer_link *DM_NULLABLE link; ///< NULL: no peer file has it
    struct dm_str name;
    struct dm_str iri;
    uint64_t first; ///< 0: no entry yet; then the two times are not set either
    uint64_t seq;
    int64_t entry_ms;    ///< Of its newest entry, by its clock
    int64_t received_ms; ///< By ours
    int64_t lag_ms;      ///< How late that came, the clocks compared
    uint64_t bytes;      ///< Of its blocks here
    bool has_tip;        ///< Its newest record is here, so head and validity
    struct dm_cid head;
    int64_t valid_until_ms;
    bool is_renewed;  ///< Within its validity
    bool is_unsealed; ///< The own log, and no entry came when it was due
    uint64_t forked_at;
    struct dm_cid fork[2];
    struct dm_str via; ///< Peers that told of it, where none is its own
    bool has_news;     ///< The link's reason is of the last ten minutes
};

struct dm_peer_rows {
    struct dm_arena arena;
    struct dm_peer_link *DM_NULLABLE links;
    size_t n_links;
    struct dm_peer_told *DM_NULLABLE told; ///< Of logs without a link
    size_t n_told;
    size_t told_capacity;
    struct dm_peer_row *DM_NULLABLE rows;
    size_t n;
};

/// Copy what the loop knows. `rows` is zeroed before; dm_peer_rows_done() in
/// any case.
/// @return DM_ERR_NO_MEMORY.
enum dm_status dm_peer_rows_gather(struct dm_peer_rows *rows,
                                   const struct dm_node *node) DM_NODISCARD;

/// Make the rows. They point into `present`.
/// @return DM_ERR_NO_MEMORY, or what the snapshot says.
enum dm_status dm_peer_rows_read(struct dm_peer_rows *rows,
                                 struct dm_snapshot *snapshot,
                                 const struct dm_present *present,
                                 int64_t now_ms) DM_NODISCARD;

void dm_peer_rows_done(struct dm_peer_rows *rows);

/// "this one", "not sealed", "connected", "away", "forked", "not renewed",
/// "relayed", "left out"
const char *dm_peer_row_state(const struct dm_peer_row *row);
/// Whether somebody should look at it
bool dm_peer_row_is_bad(const struct dm_peer_row *row);
/// "dials", "comes", "dials, comes", "relay"; "" for the own log
const char *dm_peer_row_way(const struct dm_peer_row *row);
/// What to do about it, "" for nothing
const char *dm_peer_row_advice(const struct dm_peer_row *row);

DM_END_DECLS

#endif // DM_DAEMON_PEER_ROWS_H
