// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_HEADS_H
#define DM_SYNC_HEADS_H

/**
 * @file
 * The answer of GET /demonitor/v1/heads: which logs a node holds, and how far.
 *
 *     {"cursor":"…","logs":[{"log":"k51…","seq":N,"first":N,"head":"bafy…",
 *       "record":"base64url","fork":["bafy…","bafy…"],"successor":"base64url"}]}
 *
 * Reading checks each line against its record, whose signature is checked, so a
 * line says nothing that its log's key did not sign. A fork is only said: both
 * entries are to be fetched and given to dm_fork_check().
 *
 * Refusals as in sync/block.h: one bad line refuses the whole answer.
 *
 * Threads: pure functions; on a worker. Memory: all that is read lives in the
 * arena. Cost: a check of a signature for each line, two more for a successor.
 * Source: docs/PROTOCOL.md, "Exchange".
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/block.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_arena;
struct dm_buf;

#define DM_HEADS_MAX (4U << 20U) ///< Bytes of an answer
#define DM_HEADS_LINES_MAX 4096U ///< Logs in it
#define DM_CURSOR_MAX 256U       ///< Bytes of a cursor

struct dm_heads_line {
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    uint64_t first;          ///< Oldest entry that the node can serve
    struct dm_str record;    ///< The bytes of the record
    struct dm_record tip;    ///< What they say; writing uses seq and head
    bool has_fork;           ///< The log is known to have forked
    struct dm_cid fork[2];   ///< Two entries of one sequence
    struct dm_str successor; ///< The bytes of the block; empty: there is none
    /// What it says (not when it is of a newer protocol); writing does not look
    struct dm_wire_successor follows;
    bool is_successor_newer;
};

struct dm_heads {
    struct dm_str cursor;
    const struct dm_heads_line *DM_NULLABLE lines; ///< Each log once
    size_t n_lines;
};

/// Read an answer; views look into the arena.
enum dm_status dm_heads_read(struct dm_str json, struct dm_arena *arena,
                             struct dm_heads *ret,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Append the answer. The cursor is 1 to DM_CURSOR_MAX characters that stand
/// for themselves in a URL: A-Z a-z 0-9 - . _ ~ (asserted).
enum dm_status dm_heads_write(const struct dm_heads *heads, struct dm_buf *buf)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_HEADS_H
