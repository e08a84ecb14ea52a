// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SUPPORT_LOG_MAKER_H
#define DM_TESTS_SUPPORT_LOG_MAKER_H

/**
 * @file
 * A log made by hand, good or bad: entry by entry, with whatever bytes.
 *
 *     maker_text_*  lines of a payload      -> maker_frame   its block
 *     maker_entry   the next entry          -> maker->car    sections so far
 *     maker_tip     Head and record of it   -> maker->head, maker->record
 *
 * Nothing is checked here: what is wrong is wrong in the bytes, and signed. The
 * same calls give the same bytes. Memory that runs out fails the test.
 */

#include "base/buf.h"
#include "base/map.h"
#include "sync/block.h"
#include "sync/chain.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/payload.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define MAKER_LINES_MAX 70000U
#define MAKER_EVERY_MS INT64_C(30000)

struct maker_block {
    struct dm_cid cid;
    struct dm_buf data;
    bool is_left_out; ///< Not in the CAR, nor given to who asks
};

struct maker {
    struct dm_key *key;
    char name[DM_KEY_NAME_SIZE];
    char iri[DM_KEY_IRI_SIZE];
    uint8_t seed; ///< All bytes of the key's
    int64_t t0_ms;
    struct dm_chain *chain;
    struct maker_block *DM_NULLABLE blocks; ///< All but Heads
    size_t n_blocks;
    size_t capacity;
    struct dm_buf car;    ///< Sections of all entries, without a header
    uint64_t car_after;   ///< The CAR holds what came after this entry
    size_t car_from;      ///< Where its sections begin
    struct dm_buf head;   ///< Of the last maker_tip()
    struct dm_buf record; ///< Likewise
    struct dm_buf answer; ///< Of the last maker_car()
    bool hides;           ///< The next blocks are left out
    uint64_t shift;       ///< Added to the sequence of the next entry
};

void maker_init(struct maker *maker, uint8_t seed, int64_t t0_ms);
/// Before anything was made: be the log of another key.
void maker_take_key(struct maker *maker, const uint8_t seed[DM_KEY_SEED_BYTES]);
void maker_done(struct maker *maker);

/// Keep a block; it goes into the CAR.
struct dm_cid maker_block(struct maker *maker, enum dm_codec codec,
                          struct dm_str data);

/// Begin a CAR: what comes now follows the entry reached.
void maker_cut(struct maker *maker);
/// The CAR so far, its root the entry reached. With `is_push` Head is its last.
struct dm_str maker_car(struct maker *maker, bool is_push);
/// The CAR of all entries from the first on
struct dm_str maker_all(struct maker *maker);

// ------------------------------------------------------------------- payloads

/// Lines of a payload, in any order
struct maker_text {
    struct dm_buf *lines;
    size_t n;
    struct dm_buf joined;
};
void maker_text_init(struct maker_text *text);
void maker_text_done(struct maker_text *text);
/// Add a line, without its LF.
void maker_text_add(struct maker_text *text, const char *format, ...)
    DM_PRINTF(2, 3);
/// Add "subject predicate" and a plain literal of `n` letters, in `graph`.
void maker_text_add_long(struct maker_text *text, const char *start, size_t n,
                         const char *graph);
/// An event of the check `check`, of the next entry; its IRI is in `iri`.
void maker_text_event(struct maker_text *text, const struct maker *maker,
                      const char *check, unsigned n, char iri[128]);
/// All lines, sorted
struct dm_str maker_text_join(struct maker_text *text);

/// A frame of `size` bytes of one letter, that says it has `said`
struct dm_str maker_bomb(struct dm_buf *buf, size_t size, uint64_t said,
                         bool has_window);

// -------------------------------------------------------------------- entries

struct maker_entry {
    struct dm_str text;  ///< Of its payload; without: a sign of life
    struct dm_str frame; ///< Its block instead, whatever it is
    uint64_t n;          ///< Lines, as it says
    uint64_t size;       ///< Bytes of a frame's content, as it says
    const struct dm_cid *DM_NULLABLE conf;
    const struct dm_cid *DM_NULLABLE snap;
    const struct dm_cid *DM_NULLABLE prev; ///< Instead of the entry before
    const uint8_t *DM_NULLABLE log;        ///< Instead of the maker's
    int64_t time_ms;                       ///< 0: as the one before + 30 s
    struct dm_str extra;                   ///< CBOR behind "v": a key and value
    bool is_newer;                         ///< Of version 2
    bool is_forged;                        ///< A bit of the signature is wrong
};
void maker_entry(struct maker *maker, const struct maker_entry *entry);

/// Entries with an event or two each
void maker_good(struct maker *maker, uint64_t n);

/// A Manifest of one part; no part where `text` is empty
struct dm_cid maker_manifest(struct maker *maker, enum dm_manifest_kind kind,
                             const uint8_t *log, struct dm_str text,
                             uint64_t n);

/// Head and record of what there is, the k-th time.
void maker_tip(struct maker *maker, uint32_t k);
/// The same with a Head that was changed.
void maker_tip_of(struct maker *maker, uint32_t k,
                  const struct dm_wire_head *head);
/// What Head is rebuilt to
void maker_read_head(struct maker *maker, struct dm_wire_head *ret);

DM_END_DECLS

#endif // DM_TESTS_SUPPORT_LOG_MAKER_H
