// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_UNIT_SYNC_STEADY_H
#define DM_TESTS_UNIT_SYNC_STEADY_H

/**
 * @file
 * Writes the log of the recipe `steady`: three checks, an entry every 30 s,
 * every tenth without news, a snapshot with every 60th, a change of the
 * configuration with every 1000th. Its payloads are stored frames, so that the
 * same bytes come out everywhere. It is known to the vectors by its Heads,
 * roots, records, a checkpoint and a proof.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/tree.h"

#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;
struct steady;

struct steady *steady_new(const uint8_t seed[DM_KEY_SEED_BYTES], int64_t t0_ms);
void steady_free(struct steady *steady);

/// Write entries until there are `count`.
void steady_write(struct steady *steady, uint64_t count);

const struct dm_key *steady_key(const struct steady *steady);
/// Its public key
const uint8_t *steady_log(const struct steady *steady);
uint64_t steady_seq(const struct steady *steady);

struct dm_cid steady_entry(const struct steady *steady, uint64_t seq);
/// Of the whole log; of entries 1…first-1
const struct dm_tree *steady_tree(const struct steady *steady);
const struct dm_tree *steady_frontier(const struct steady *steady,
                                      uint64_t first);

/// Make the Head that keeps entries from `first` on, and its nodes.
struct dm_cid steady_head(struct steady *steady, uint64_t first);
/// Append the record of a Head, its validity counted from the tip's time.
void steady_record(const struct steady *steady, const struct dm_cid *head,
                   uint32_t k, struct dm_buf *buf);

/// Put a block beside those of the log; a payload of `text`, as a stored frame.
struct dm_cid steady_put(struct steady *steady, enum dm_codec codec,
                         struct dm_str bytes);
struct dm_cid steady_put_text(struct steady *steady, struct dm_str text);

/// A block by its name; `steady` is a struct steady. DM_ERR_NOT_FOUND.
enum dm_status steady_find(void *steady, const struct dm_cid *cid,
                           struct dm_str *ret);

/// Append the CAR of what a Head reaches, depth first, each block once.
void steady_car(struct steady *steady, const struct dm_cid *head,
                struct dm_buf *buf);

DM_END_DECLS

#endif // DM_TESTS_UNIT_SYNC_STEADY_H
