// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_LOGS_H
#define DM_DAEMON_LOGS_H

/**
 * @file
 * Which logs changed, and who waits for it: the loop's part of
 * GET /demonitor/v1/heads, the long poll.
 *
 *     COMMIT --> changed --> counter + 1, of that log --> next step of the loop
 *     heads?since=C&wait=S --> hold --> news: one answer for all that are held
 *                                 └---> 204 after S
 *
 * A cursor is the random id of this start and a counter: "3f…a0-17". A log has
 * changed since it where the counter of its last change is greater. A cursor of
 * another start, or one that is too old, is as none: all logs are news.
 *
 * L1 A call is held only while nothing changed since its cursor. So all that
 *    are held have the same news, and one answer does for them.
 * L2 The own log is shown up to dm_logs_own() and no further, whatever the
 *    store holds: COMMIT has returned, and the guard says so.
 * L3 Each held call is answered once: with the news, with 204, or it left.
 *
 * Threads: DM_ON_LOOP. Memory: 40 bytes for a log that changed, at most
 * DM_LOGS_MAX; 200 bytes for a held call, at most DM_LOGS_HELD_MAX.
 * Time base: monotonic ns. Cost: a change and a held call are O(logs + held).
 * Source: docs/PROTOCOL.md, "What a node has".
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/key.h"
#include "sync/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_env;
struct dm_http_call;
struct dm_logs;
struct dm_loop;

#define DM_LOGS_MAX 4096U
#define DM_LOGS_HELD_MAX 1024U
#define DM_LOGS_ASKER_HELD_MAX 8U ///< Of one that asks
#define DM_LOGS_ASKER_SIZE 64U    ///< "k51…", or an address; with NUL
#define DM_LOGS_WAIT_MAX_S 55U
/// 16 digits, '-', a number, NUL
#define DM_LOGS_CURSOR_SIZE 38U

struct dm_logs_options {
    const struct dm_env *env;
    struct dm_loop *loop;
    const uint8_t *own; ///< Public key, DM_KEY_PUBLIC_BYTES; outlives it
    /// The calls that are held are to be answered with what changed after
    /// `since`: dm_logs_answer() does so, at any time. It is not called again
    /// before. In a step of the loop, never from within a function below.
    void (*news)(void *DM_NULLABLE context, uint64_t since);
    void *DM_NULLABLE context;
};

struct dm_logs *DM_NULLABLE dm_logs_new(const struct dm_logs_options *options)
    DM_NODISCARD;
/// Cuts the calls that are held.
void dm_logs_free(struct dm_logs *DM_NULLABLE logs);

// -------------------------------------------------------------------- changes

/// A batch of that log was committed.
void dm_logs_changed(struct dm_logs *logs,
                     const uint8_t log[DM_KEY_PUBLIC_BYTES]);

/// Up to where the own log may be told
struct dm_logs_own {
    uint64_t seq;
    size_t n_record;
    uint8_t record[DM_RECORD_MAX];
};

/// The own log was published up to entry `seq`, of which this is the record.
/// A change of the own log, where it is another one.
void dm_logs_set_own(struct dm_logs *logs, uint64_t seq, struct dm_str record);

/// NULL before anything was published.
const struct dm_logs_own *DM_NULLABLE dm_logs_own(const struct dm_logs *logs);

// -------------------------------------------------------------------- cursors

/// The cursor of what was told so far
void dm_logs_cursor(const struct dm_logs *logs,
                    char cursor[DM_LOGS_CURSOR_SIZE]);

/// Whether the changes after this cursor are known; `*ret` is its counter.
bool dm_logs_since(const struct dm_logs *logs, struct dm_str cursor,
                   uint64_t *ret) DM_NODISCARD;

/// Whether anything changed after it
bool dm_logs_has_news(const struct dm_logs *logs, uint64_t since);

/// The logs that changed after it, as an array of their keys, to be freed with
/// dm_free(); NULL where there is none.
/// @return DM_ERR_NOT_FOUND: not all of them are known, so all logs are news;
///         DM_ERR_NO_MEMORY.
enum dm_status dm_logs_news(const struct dm_logs *logs, uint64_t since,
                            uint8_t (*DM_NULLABLE *ret)[DM_KEY_PUBLIC_BYTES],
                            size_t *ret_n) DM_NODISCARD;

// ------------------------------------------------------------ calls that wait

/**
 * Hold a call, which was not answered yet, until there is news after `since`
 * or `wait_ns` are over. There is none yet (L1).
 *
 * Where the asker has too many of them, or all together have, the oldest is
 * answered with 204 before its time.
 *
 * @param asker The peer's log or the address: of what they are counted. What is
 *        beyond DM_LOGS_ASKER_SIZE is not looked at.
 * @return DM_ERR_NO_MEMORY: the call is still to be answered.
 */
enum dm_status dm_logs_hold(struct dm_logs *logs, struct dm_http_call *call,
                            struct dm_str asker, uint64_t since,
                            int64_t wait_ns) DM_NODISCARD;

/// Answer those that `news` was called for, each with a copy of `body`.
/// @param retry Seconds to come again after, where it is no answer; 0: none.
void dm_logs_answer(struct dm_logs *logs, unsigned status,
                    const char *content_type, struct dm_str body,
                    unsigned retry);

/// The call was closed. Nothing where it is not held here.
void dm_logs_closed(struct dm_logs *logs, const struct dm_http_call *call);

/// How many calls are held
size_t dm_logs_held(const struct dm_logs *logs);

DM_END_DECLS

#endif // DM_DAEMON_LOGS_H
