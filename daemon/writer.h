// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_WRITER_H
#define DM_DAEMON_WRITER_H

/**
 * @file
 * The writer: the one that changes the store.
 *
 *     results ─┐
 *              ├─> one transaction for all that waits ─ COMMIT ─> told to the
 * loop tasks  ──┘
 *
 * Results are written DM_WRITER_DELAY_NS after the last ones, or when
 * DM_WRITER_BATCH are there, so that one transaction serves many; one that
 * comes after some quiet does not wait. A task (configuration, alert state) is
 * written at once, with the results that wait.
 *
 * Durability. A batch in which a status changed is committed durably, and so is
 * the first one after `seal` since the last durable commit.
 *
 * Sealing. With a sealer (sync/seal.h) such a transaction also seals an entry
 * of the own log, at most one in DM_WRITER_SEAL_LEAST_NS; and one is sealed
 * every `seal` though nothing came: the sign of life. Where sealing fails,
 * results are written without it, and it is tried again DM_WRITER_SEAL_AGAIN_NS
 * later.
 *
 * Full disk. Nothing is lost at once: the ballast file is given up, results are
 * held back, at most DM_WRITER_HELD_MAX; over it the oldest that changed no
 * status goes first, and what was dropped is counted. Every second the batch is
 * tried again.
 *
 * Nothing is told before COMMIT has returned.
 *
 * Threads: push any; the rest DM_ON_WRITER. Memory: bounded by the queues.
 */

#include "base/actor.h"
#include "base/attr.h"
#include "base/env.h"
#include "base/error.h"
#include "base/status.h"
#include "checks/result.h"
#include "quadstore/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sealed;
struct dm_sealer;
struct dm_store;
struct dm_txn;
struct dm_writer;

#define DM_WRITER_DELAY_NS INT64_C(100000000)
#define DM_WRITER_BATCH 100U
#define DM_WRITER_RESULTS_MAX 20000U
#define DM_WRITER_TASKS_MAX 256U
#define DM_WRITER_HELD_MAX 8192U
#define DM_WRITER_SEAL_LEAST_NS INT64_C(800000000)
#define DM_WRITER_SEAL_AGAIN_NS INT64_C(30000000000)

/// What a committed result did to its check
struct dm_change {
    struct dm_result *result;     ///< Owned
    enum dm_result_status before; ///< STALE: there was no result before
    bool is_change;               ///< The status differs
    int64_t bad;                  ///< In the present run, with this one
    struct dm_event_key key;
};

/// What one COMMIT made true, in the order of the results
struct dm_commit_note {
    struct dm_change *changes;
    size_t n_changes;
    bool has_status_change;
    bool is_full;     ///< The disk is full: nothing was written
    uint64_t dropped; ///< Results given up since the start
};
void dm_commit_note_free(struct dm_commit_note *DM_NULLABLE note);

/// A piece of writing with a head
struct dm_write_task {
    /// Within the transaction; a status other than DM_OK undoes this task
    /// alone.
    enum dm_status (*apply)(struct dm_write_task *task, struct dm_txn *txn);
    /// After COMMIT, or after what failed. On the writer; usually it pushes the
    /// task into a queue of the loop. It owns the task from then on.
    void (*finished)(struct dm_write_task *task, enum dm_status status);
    bool durable;
    bool seals; ///< An entry of the log goes with it
};

struct dm_writer_options {
    const struct dm_env *env;
    struct dm_store *store;
    struct dm_str log_iri; ///< ipns://K: results become its events
    const char *DM_NULLABLE ballast_path;
    int64_t seal_ns; ///< Between durable commits at most
    int64_t keep_raw_ms;
    uint64_t max_bytes;
    struct dm_sealer *DM_NULLABLE sealer; ///< NULL: no log
    /// An entry was sealed and committed, and the guard says so; or it could
    /// not be sealed: then `sealed` is NULL and `error` says why. On the
    /// writer.
    void (*DM_NULLABLE on_sealed)(void *DM_NULLABLE context,
                                  const struct dm_sealed *DM_NULLABLE sealed,
                                  const struct dm_error *DM_NULLABLE error);
    /// Takes a note, which is its own. Called on the writer.
    void (*committed)(void *DM_NULLABLE context, struct dm_commit_note *note);
    void *DM_NULLABLE context;
};

struct dm_writer *DM_NULLABLE
dm_writer_new(const struct dm_writer_options *options) DM_NODISCARD;
/// The actor has ended. Results that wait are written first (DM_ON_WRITER).
void dm_writer_free(struct dm_writer *DM_NULLABLE writer);

struct dm_actor dm_writer_actor(struct dm_writer *writer);
void dm_writer_set_wake(struct dm_writer *writer, dm_wake_fn wake,
                        void *DM_NULLABLE context);

/// From any thread. DM_ERR_LIMIT: full, `result` or `task` stays the caller's.
enum dm_status dm_writer_result(struct dm_writer *writer,
                                struct dm_result *result) DM_NODISCARD;
enum dm_status dm_writer_task(struct dm_writer *writer,
                              struct dm_write_task *task) DM_NODISCARD;

/// Take over limits of a new configuration; from any thread.
void dm_writer_configure(struct dm_writer *writer, int64_t seal_ns,
                         int64_t keep_raw_ms, uint64_t max_bytes);

/// When the writer last got on, monotonic ns: for health. From any thread.
int64_t dm_writer_alive_ns(const struct dm_writer *writer);

DM_END_DECLS

#endif // DM_DAEMON_WRITER_H
