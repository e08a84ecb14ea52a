// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_STORE_PRIVATE_H
#define DM_QUADSTORE_STORE_PRIVATE_H

/**
 * @file
 * The store and its snapshot from the inside.
 *
 * A file has one connection that writes and a pool of idle ones that read. In
 * memory there is one for both, so there a transaction and snapshots exclude
 * each other.
 */

#include "base/attr.h"
#include "quadstore/dict_private.h"
#include "quadstore/scan.h"
#include "quadstore/store.h"

#include <stdatomic.h>

DM_BEGIN_DECLS

#define DM_IDLE_READERS 16
#define DM_VIRTUAL_GRAPHS 16

struct dm_txn;
struct dm_presents;

struct dm_store {
    const struct dm_env *env;
    struct dm_store_options options; ///< Its strings are ours
    char *DM_NULLABLE path;
    char *DM_NULLABLE vfs;
    struct dm_conn *DM_NULLABLE writer; ///< NULL where read-only
    bool is_broken;       ///< A sync or rollback failed: mended before
                          ///< the next transaction
    bool owes_commit;     ///< By the planted fault "serve before COMMIT"
    uint64_t serial;      ///< Of the newest transaction
    int64_t data_version; ///< Of the writer's caches
    struct dm_dict dict;  ///< The writer's
    struct dm_presents *DM_NULLABLE presents; ///< The writer's cache of latest
    struct dm_txn *DM_NULLABLE txn;           ///< The open one
    int64_t
        retain_from; ///< Stored key where the next slice of retention begins
    int64_t full_before_ms; ///< Events before go for want of room
    atomic_uint n_snapshots;
    _Atomic(struct dm_conn *) idle[DM_IDLE_READERS];
};

struct dm_virtual_graph {
    dm_id graph;
    const struct dm_virtual_graph_ops *ops;
    void *DM_NULLABLE context;
    bool hides; ///< A stored graph has the same name
};

/// A metric's number taken apart; unit, warn and crit as one log says
struct dm_metric_row {
    uint64_t metric;
    dm_log_no log;
    struct dm_str label;
    struct dm_str unit;
    struct dm_str warn;
    struct dm_str crit;
};

/// A term that the dictionary has not
struct dm_local {
    struct dm_term term; ///< kind DM_TERM_TRIPLE: `spo` says the rest
    dm_id spo[3];
};

struct dm_snapshot_term {
    dm_id id;
    struct dm_term term;
};

#define DM_SNAPSHOT_TERMS 256

struct dm_snapshot {
    struct dm_store *store;
    struct dm_conn *conn;
    struct dm_work *work;
    struct dm_txn *DM_NULLABLE txn; ///< Whose doings it sees; NULL: a reader
    uint64_t generation;
    struct dm_dict dict;
    struct dm_arena local_arena;
    struct dm_local *DM_NULLABLE locals;
    size_t n_locals;
    size_t locals_capacity;
    struct dm_arena texts; ///< Handed out; emptied by release_texts
    struct dm_snapshot_term *DM_NULLABLE terms; ///< Of `texts`
    struct dm_arena metric_arena;
    struct dm_map metrics; ///< metric, log -> struct dm_metric_row
    struct dm_virtual_graph graphs[DM_VIRTUAL_GRAPHS];
    size_t n_graphs;
};

/// Make the tables, or bring those of an older version up to date.
enum dm_status dm_migrate(struct dm_conn *conn,
                          struct dm_error *DM_NULLABLE error) DM_NODISCARD;
/// Refuse a version that is not ours.
enum dm_status dm_check_version(struct dm_conn *conn,
                                struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// The id of a text, as dm_snapshot_intern() of a literal of xsd:string
enum dm_status dm_snapshot_intern_text(struct dm_snapshot *snapshot,
                                       struct dm_str text, dm_id *ret)
    DM_NODISCARD;

/// What is known of a metric in a log; until the snapshot is closed
enum dm_status dm_snapshot_metric(struct dm_snapshot *snapshot, uint64_t metric,
                                  dm_log_no log,
                                  const struct dm_metric_row **ret)
    DM_NODISCARD;

/// Allocate zeroed room charged to the work, and give it back.
void *DM_NULLABLE dm_snapshot_alloc(struct dm_snapshot *snapshot, size_t n)
    DM_NODISCARD;
void dm_snapshot_free(struct dm_snapshot *snapshot, void *DM_NULLABLE room,
                      size_t n);

DM_END_DECLS

#endif // DM_QUADSTORE_STORE_PRIVATE_H
