// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_PAYLOAD_H
#define DM_SYNC_PAYLOAD_H

/**
 * @file
 * What a payload block says: read strictly, written in the one form.
 *
 *     events, quads --> lines, sorted --> zstd frame --> encrypted or not
 *
 * Reading goes the other way and refuses whatever is not in the form of
 * docs/PROTOCOL.md, "Payload": canonical N-Quads 1.2, lines strictly ascending,
 * no blank nodes, the graph of its role and no other, events and States in
 * their shape, every literal in the one spelling of its value.
 *
 *     role   graph            what it gives
 *     DATA   ipns://K         events, metrics, quads more of events
 *     CONF   ipns://K#config  quads
 *     SNAP   ipns://K#state   states, metrics
 *     NOTE   ipns://K#notes   quads
 *
 * Refusals as in sync/block.h.
 *
 * Threads: pure functions; on a worker, or on the writer for what is written.
 * Memory: a payload that was read holds the inflated text and arrays that look
 * into it, in its own arena, at most DM_PAYLOAD_MEMORY.
 * Cost: O(bytes), about what reading N-Quads costs.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "quadstore/event.h"
#include "rdf/term.h"
#include "sync/block.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_account;
struct dm_buf;
struct dm_env;
struct dm_inflater;

#define DM_PAYLOAD_MEMORY (128U << 20U)

enum dm_role_of_payload {
    DM_PAYLOAD_DATA,
    DM_PAYLOAD_CONF,
    DM_PAYLOAD_SNAP,
    DM_PAYLOAD_NOTE,
};

#define DM_GROUP_KEY_BYTES 32

/// Read the text of a swarm key file, as private networks of libp2p have it:
/// "/key/swarm/psk/1.0.0/", "/base16/" and 64 hexadecimal digits, a line each.
/// @return DM_ERR_SYNTAX; DM_ERR_UNSUPPORTED where it is in another base.
enum dm_status dm_group_key_read(struct dm_str text,
                                 uint8_t group_key[DM_GROUP_KEY_BYTES],
                                 struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// A key that payloads are encrypted with, from the group key (the 32 bytes of
/// a swarm key file)
struct dm_payload_key {
    uint8_t bytes[32];
    uint8_t id[DM_KEY_ID_BYTES];
};
void dm_payload_key_derive(const uint8_t group_key[32],
                           struct dm_payload_key *ret);

/// A figure of an event or State
struct dm_payload_value {
    struct dm_str metric; ///< IRI; when written it is made of check and label
    struct dm_str label;  ///< Decoded: any bytes, as they were escaped
    struct dm_str value;  ///< Canonical
    bool is_double;
};

/// Unit and limits of a metric, as far as said; empty ones are not
struct dm_payload_metric {
    struct dm_str iri;   ///< Likewise
    struct dm_str check; ///< IRI
    struct dm_str label; ///< Decoded
    struct dm_term unit; ///< Kind NONE where not said, like the next two
    struct dm_term warn;
    struct dm_term crit;
};

/// One event, or one State of a snapshot. Texts are empty where not given.
struct dm_payload_event {
    struct dm_event_key key; ///< log 0; of a State: its dm:event, ms 0: none
    struct dm_str check;     ///< IRI
    bool has_status;         ///< A State may have none
    enum dm_result_status status;
    int64_t at_ms;         ///< Or DM_NO_TIME
    int64_t micros;        ///< Or DM_NO_MICROS
    struct dm_str failure; ///< IRI
    struct dm_str message;
    struct dm_str output;
    struct dm_str run_id;
    int64_t certificate_expires_ms; ///< Or DM_NO_TIME
    const struct dm_payload_value *DM_NULLABLE values;
    size_t n_values;
    /// Further properties, as they stand. Empty texts are among them, and of a
    /// State what has another type than its column.
    const struct dm_quad *DM_NULLABLE quads;
    size_t n_quads;
    // Of a State alone
    struct dm_str state;  ///< Its IRI; not looked at when `name` is there
    struct dm_str name;   ///< dm:name of its check: its IRI is made of it when
                          ///< it is written; not filled when it is read
    int64_t since_ms;     ///< Or DM_NO_TIME
    int64_t streak;       ///< 0 where not said
    int64_t bad;          ///< Likewise
    int64_t bad_since_ms; ///< Or DM_NO_TIME
    struct dm_str definition; ///< 16 digits
};

struct dm_payload {
    struct dm_arena arena;
    size_t n;                                          ///< Quads
    size_t size;                                       ///< Bytes inflated
    const struct dm_payload_event *DM_NULLABLE events; ///< Ascending by key;
                                                       ///< States by IRI
    size_t n_events;
    const struct dm_payload_metric *DM_NULLABLE metrics;
    size_t n_metrics;
    const struct dm_quad *DM_NULLABLE quads; ///< CONF and NOTE: all of them
    size_t n_quads;
    struct dm_str text; ///< The N-Quads
};

/// What a reader knows before it reads
struct dm_payload_spec {
    enum dm_role_of_payload role;
    const uint8_t *log; ///< Public key, DM_KEY_PUBLIC_BYTES
    /// ipns://K of `log`, where it is at hand; empty: made anew, which costs as
    /// much as reading 40 quads
    struct dm_str log_iri;
    bool has_enc; ///< Entry or Manifest say so
    uint8_t enc[DM_KEY_ID_BYTES];
    const struct dm_payload_key *DM_NULLABLE key; ///< Of the group, if any
    bool has_expected; ///< The entry says how many quads and bytes
    uint64_t n;
    uint64_t size;
    struct dm_event_key after; ///< Greatest key of earlier entries; ms 0: none
    /// Who reads many payloads keeps one (sync/frame.h), or each makes its own
    struct dm_inflater *DM_NULLABLE inflater;
};

/**
 * Read a payload block.
 *
 * @param account Charged with what it holds; may be NULL.
 * @return DM_OK; DM_ERR_NOT_FOUND: encrypted with a key that is not here, which
 *         is no fault (only the block's limit was checked); or a refusal.
 *         `*ret` is to be released with dm_payload_done() only after DM_OK.
 */
enum dm_status dm_payload_read(struct dm_str block,
                               const struct dm_payload_spec *spec,
                               struct dm_account *DM_NULLABLE account,
                               struct dm_payload *ret,
                               struct dm_error *DM_NULLABLE error) DM_NODISCARD;
void dm_payload_done(struct dm_payload *payload);

/// The same of a text that is inflated already; it outlives the payload.
enum dm_status
dm_payload_read_text(struct dm_str text, const struct dm_payload_spec *spec,
                     struct dm_account *DM_NULLABLE account,
                     struct dm_payload *ret, struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

// ------------------------------------------------------------------- writing

/// Gathers the lines of one payload: any order, twice is once.
struct dm_quad_lines;

/// @param max_bytes Most bytes of text (at most DM_INFLATED_MAX).
struct dm_quad_lines *DM_NULLABLE dm_quad_lines_new(size_t max_bytes)
    DM_NODISCARD;
void dm_quad_lines_free(struct dm_quad_lines *DM_NULLABLE lines);
/// Forget all lines.
void dm_quad_lines_clear(struct dm_quad_lines *lines);

/// Add a quad whose literals are in their one spelling already.
/// @return DM_ERR_LIMIT: over `max_bytes`, DM_QUADS_MAX, or a limit of the
///         wire (line, literal, IRI). DM_ERR_ARGUMENT: it cannot be said on the
///         wire (no graph, a blank node, another spelling, no UTF-8).
///         DM_ERR_NO_MEMORY. Nothing was added then.
enum dm_status dm_quad_lines_add(struct dm_quad_lines *lines,
                                 const struct dm_quad *quad) DM_NODISCARD;

/// Add the star of `event` (further quads too) in the graph of `log_iri`, or
/// nothing of it. What is added is read back, so a reader takes it as an event.
/// Values of metrics may have any spelling (sync/number.h); one that is not
/// finite is left out.
/// @return DM_ERR_LIMIT, DM_ERR_ARGUMENT, DM_ERR_NO_MEMORY as above.
enum dm_status dm_quad_lines_add_event(struct dm_quad_lines *lines,
                                       struct dm_str log_iri,
                                       const struct dm_payload_event *event)
    DM_NODISCARD;
/// Add unit, warn and crit of a metric in the graph `graph`: ipns://K beside an
/// event of its check, ipns://K#state.
enum dm_status dm_quad_lines_add_metric(struct dm_quad_lines *lines,
                                        struct dm_str graph,
                                        const struct dm_payload_metric *metric)
    DM_NODISCARD;
/// Add a State in ipns://K#state. With a status it has streak and bad, too.
enum dm_status dm_quad_lines_add_state(struct dm_quad_lines *lines,
                                       struct dm_str log_iri,
                                       const struct dm_payload_event *state)
    DM_NODISCARD;

size_t dm_quad_lines_count(const struct dm_quad_lines *lines);
size_t dm_quad_lines_bytes(const struct dm_quad_lines *lines);

/// The sorted text, without lines that stand twice. It lives until the next
/// change.
struct dm_str dm_quad_lines_text(struct dm_quad_lines *lines);

/// Append a zstd frame of `text`, encrypted where `key` is given.
/// @return DM_ERR_LIMIT where it is over what a payload may be.
enum dm_status dm_payload_write(const struct dm_env *env, struct dm_str text,
                                const uint8_t log[DM_KEY_PUBLIC_BYTES],
                                const struct dm_payload_key *DM_NULLABLE key,
                                struct dm_buf *buf) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_PAYLOAD_H
