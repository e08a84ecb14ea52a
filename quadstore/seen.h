// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_SEEN_H
#define DM_QUADSTORE_SEEN_H

/**
 * @file
 * What is known of a followed log beside what it says: how far it is held, when
 * it was last heard, how its clock stands to ours.
 *
 * Kept as a small value of the store, in the space DM_SEEN_SPACE under the
 * log's IRI (ipns://K), written in the transaction that merges entries. The
 * present shows exactly the logs that have one, and the own log, which has
 * none: so a log that is left is gone from it with its record, and its history
 * stays.
 *
 * Beside it, in DM_SEEN_CONF_SPACE under the same key, stands what names the
 * configuration that the graph ipns://K#config holds (the 36 bytes of its
 * Manifest's CID; any other bytes do as well). Written in the transaction that
 * replaces the graph. A reader that has read the graph once need not read it
 * again while these bytes are the same; where there are none it reads anew.
 *
 * Threads: any.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

DM_BEGIN_DECLS

#define DM_SEEN_SPACE "seen"
#define DM_SEEN_CONF_SPACE "conf"

/// Bytes of an encoded record
#define DM_SEEN_BYTES 49

struct dm_seen {
    int64_t entry_time_ms; ///< Of its newest entry here, by its writer's clock
    int64_t received_ms;   ///< When that came, by our wall clock
    int64_t offset_ms;     ///< Ours minus its clock, estimated; 0: unknown
    uint64_t seq;          ///< Of its newest entry here; 0: none yet
    uint64_t known_seq;    ///< The greatest that a valid record of it named
    uint64_t forked_at;    ///< Of two entries; 0: not known to have forked
};

void dm_seen_encode(const struct dm_seen *seen, uint8_t ret[DM_SEEN_BYTES]);

/// @return DM_ERR_SYNTAX: of another length or version.
enum dm_status dm_seen_decode(struct dm_str bytes, struct dm_seen *ret)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_SEEN_H
