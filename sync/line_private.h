// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_LINE_PRIVATE_H
#define DM_SYNC_LINE_PRIVATE_H

/**
 * @file
 * Scans terms of canonical N-Quads 1.2. Only the one spelling of a term passes,
 * so nothing is normalised, and a term that passed is written as it was read.
 * Blank nodes never do.
 *
 * I1 `*end` is the LF of the line: no scanner runs past it, as no term may hold
 *    a control character.
 *
 * What is read looks into the line; what had escapes, and the triples of triple
 * terms, lie in the arena.
 *
 * Refusals: DM_ERR_LIMIT over a limit, DM_ERR_CORRUPT for all else, and `wrong`
 * begins with the short name of the rule. DM_ERR_NO_MEMORY.
 *
 * Threads: one at a time. Cost: O(bytes), about one pass over them.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/term.h"
#include "sync/form_private.h"

#include <stdint.h>

DM_BEGIN_DECLS

struct dm_arena;
struct dm_buf;

#define DM_LINE_MAX (128U << 10U) ///< Without its LF
#define DM_LITERAL_MAX (64U << 10U)
#define DM_MESSAGE_MAX (4U << 10U)
#define DM_OUTPUT_MAX (8U << 10U)
#define DM_WIRE_IRI_MAX (2U << 10U)
#define DM_WIRE_DEPTH_MAX 4U

struct dm_scanner {
    const char *at;
    const char *end; ///< I1
    struct dm_arena *arena;
    struct dm_buf *scratch;        ///< DM_FORM_SCRATCH bytes
    const char *DM_NULLABLE wrong; ///< Why it was refused
    /// Of the literal that dm_scan_object() read last; ANY of what is none
    enum dm_form form;
    int64_t ms; ///< What it says, with DM_FORM_DATETIME
};

enum dm_status dm_scan_iri(struct dm_scanner *scanner, struct dm_term *ret)
    DM_NODISCARD;
/// IRI, literal in its lexical form, or triple term
enum dm_status dm_scan_object(struct dm_scanner *scanner, struct dm_term *ret)
    DM_NODISCARD;
enum dm_status dm_scan_space(struct dm_scanner *scanner) DM_NODISCARD;

/// A whole line, with its graph. Limits of single properties bind too.
enum dm_status dm_scan_quad(struct dm_scanner *scanner, struct dm_quad *ret)
    DM_NODISCARD;

/// Limits that bind the values of single properties: length of dm:message and
/// dm:output, decimals of dm:seconds.
/// `o` is the object that was scanned last.
enum dm_status dm_scan_limits(struct dm_scanner *scanner,
                              const struct dm_term *p, const struct dm_term *o)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_LINE_PRIVATE_H
