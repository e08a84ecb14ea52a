// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_DICT_PRIVATE_H
#define DM_QUADSTORE_DICT_PRIVATE_H

/**
 * @file
 * Terms to ids and back: what is inline, what is in the dictionary, and which
 * logs have numbers. The writer has one, and so has every snapshot.
 *
 * A cache of keys to ids makes a look-up of what was seen before O(1). A key is
 * the bytes of a term that make it what it is (dm_term_key()).
 *
 * Threads: one at a time.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/status.h"
#include "base/str.h"
#include "quadstore/id.h"
#include "quadstore/sql_private.h"
#include "rdf/term.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// A log that has a number here
struct dm_log_row {
    struct dm_str iri;
    dm_id graph;    ///< The same as an id
    int64_t last;   ///< Newest key as it is stored, -1 for none
    int64_t events; ///< Rows
    int64_t blocks;
    int64_t block_bytes; ///< Without their names
    // Of the writer alone:
    bool is_changed;
    int64_t lag_hour; ///< The hour whose lag was written last,
    int64_t lag_most; ///< and the lag
    int64_t quads;    ///< Newest key that its graph has quads of, -1 for none
    bool knows_quads;
};

struct dm_dict {
    struct dm_conn *conn;
    struct dm_account *DM_NULLABLE account;
    struct dm_buf key;     ///< Scratch for dm_term_key()
    struct dm_arena arena; ///< Keys of the cache
    struct dm_map ids;     ///< Key to id
    size_t max_ids;        ///< Then the cache is emptied; 0: never
    struct dm_arena log_arena;
    struct dm_log_row *DM_NULLABLE logs; ///< logs[number - 1]
    size_t n_logs;
    size_t logs_capacity;
    bool has_logs;     ///< They were read
    int64_t next_term; ///< Number of the next row, 0: not known
    int64_t n_new;     ///< Rows put since the caller set it to 0
};

/// @param account Charged for the caches; may be NULL.
void dm_dict_init(struct dm_dict *dict, struct dm_conn *conn,
                  struct dm_account *DM_NULLABLE account, size_t max_ids);
void dm_dict_done(struct dm_dict *dict);
/// Forget what was read: the database changed.
void dm_dict_forget(struct dm_dict *dict);

/// Forget the cached ids alone.
void dm_dict_forget_ids(struct dm_dict *dict);

/// Add a log that was given the next number.
enum dm_status dm_dict_add_log(struct dm_dict *dict, struct dm_str iri,
                               dm_id graph) DM_NODISCARD;
/// Read the logs where that was not done yet.
enum dm_status dm_dict_logs(struct dm_dict *dict) DM_NODISCARD;
/// The number of a log, DM_ERR_NOT_FOUND; the logs were read.
enum dm_status dm_dict_log_number(const struct dm_dict *dict, struct dm_str iri,
                                  dm_log_no *ret) DM_NODISCARD;
/// The number of the log whose graph this is, 0 where it is none
dm_log_no dm_dict_log_of_graph(const struct dm_dict *dict, dm_id graph);
/// The log's row, NULL for a number without a log
struct dm_log_row *DM_NULLABLE dm_dict_log(const struct dm_dict *dict,
                                           dm_log_no log);

/// The bytes of a term without triple terms that make it what it is: equal for
/// equal terms alone. Until the next call.
enum dm_status dm_term_key(struct dm_dict *dict, const struct dm_term *term,
                           struct dm_str *ret) DM_NODISCARD;

/// The id of a term other than a triple term where it is inline.
/// @return DM_OK, DM_END where it is not, or an error.
enum dm_status dm_dict_inline(struct dm_dict *dict, const struct dm_term *term,
                              dm_id *ret) DM_NODISCARD;
/// The id of a term other than a triple term: inline or in the dictionary.
/// @return DM_ERR_NOT_FOUND.
enum dm_status dm_dict_find(struct dm_dict *dict, const struct dm_term *term,
                            dm_id *ret) DM_NODISCARD;
/// The same, made where it is not there (on the writer).
enum dm_status dm_dict_put(struct dm_dict *dict, const struct dm_term *term,
                           dm_id *ret) DM_NODISCARD;
enum dm_status dm_dict_find_triple(struct dm_dict *dict, const dm_id spo[3],
                                   dm_id *ret) DM_NODISCARD;
enum dm_status dm_dict_put_triple(struct dm_dict *dict, const dm_id spo[3],
                                  dm_id *ret) DM_NODISCARD;

/// The cached id of a key, or DM_ID_NONE
dm_id dm_dict_cached(const struct dm_dict *dict, struct dm_str key);
/// Keep an id under a key, which is copied.
enum dm_status dm_dict_cache(struct dm_dict *dict, struct dm_str key, dm_id id)
    DM_NODISCARD;

/// The term of an inline or dictionary id other than a triple term; its bytes
/// are static or in `arena`.
/// @return DM_ERR_NOT_FOUND, DM_ERR_CORRUPT.
enum dm_status dm_dict_term(struct dm_dict *dict, dm_id id,
                            struct dm_arena *arena, struct dm_term *ret)
    DM_NODISCARD;
enum dm_status dm_dict_triple(struct dm_dict *dict, dm_id id, dm_id ret[3])
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_QUADSTORE_DICT_PRIVATE_H
