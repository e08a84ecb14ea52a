// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_PARTS_H
#define DM_VOCAB_PARTS_H

/**
 * @file
 * The published configuration cut into parts, so that a change of one check
 * changes one part and the others keep their name.
 *
 *     node | check check check | check check | check …
 *            ^ a definition whose hash says so begins a part
 *
 * The node's own settings are the first part. Checks and rules stand in the
 * order of their lines, and one whose IRI hashes to 0 modulo the *stride*
 * begins a new part. So whether a cut stands before a definition depends on its
 * own name alone: changing one touches its part, adding or removing one touches
 * its part or splits or joins two, however many there are. (Counting them off
 * into a table of hashes would move every check whenever the number of parts
 * changes.)
 *
 * The stride is 8, so small configurations have few parts; beyond about 1,500
 * checks it is the smallest power of two that gives few enough parts. Cuts of
 * the double stride are cuts of the single one, so that even then only every
 * second part changes. A part that would grow over DM_CONFIG_PART_BYTES is cut
 * there too.
 *
 * Threads: any. Memory: about twice the published text while it is made, once
 * after. Cost: that of the normal form, and sorting its lines.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stddef.h>

DM_BEGIN_DECLS

struct dm_config;

/// What a Manifest may have
#define DM_CONFIG_PARTS_MAX 256U
/// A part is not made larger where it can be cut; a single definition may be.
#define DM_CONFIG_PART_BYTES (512U << 10U)
/// Bytes of all parts
#define DM_CONFIG_PARTS_BYTES_MAX (128U << 20U)

struct dm_config_part {
    struct dm_str text; ///< Canonical lines, strictly ascending, each with LF
    size_t n_quads;
};

struct dm_config_parts {
    struct dm_config_part *DM_NULLABLE parts;
    size_t n; ///< 0 where nothing is published
    size_t n_quads;
    char *DM_NULLABLE text; ///< Of all parts
};

/**
 * Cut what `config` publishes. The same configuration gives the same parts.
 *
 * @return DM_ERR_LIMIT where it is larger than can be published;
 *         DM_ERR_NO_MEMORY.
 */
enum dm_status dm_config_parts_make(const struct dm_config *config,
                                    struct dm_config_parts *ret) DM_NODISCARD;
void dm_config_parts_done(struct dm_config_parts *parts);

DM_END_DECLS

#endif // DM_VOCAB_PARTS_H
