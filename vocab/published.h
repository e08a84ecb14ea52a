// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_PUBLISHED_H
#define DM_VOCAB_PUBLISHED_H

/**
 * @file
 * What a node published of its configuration, read back: the inverse of the
 * normal form, as far as others need it to judge that node's results.
 *
 *     quads of ipns://K#config ──reader──> struct dm_published
 *
 * Of a check that is every property which all checks have, and :schedule :zone
 * :grace :certWarn :timeout :retryEvery; nothing of its target. So a check with
 * :publish false is known as well as any other. The own node reads itself in
 * the same way, so that all heads judge by the same.
 *
 * The quads come from others:
 * - What is unknown (properties, classes, words of newer programs) is passed
 *   over; a property that is missing has its default.
 * - A known property with a wrong datatype, too many values or a value out of
 *   all bounds makes its definition unusable: it is left out and counted, the
 *   others stand. Of the node's own settings then none is taken: they have
 *   their defaults.
 * - A check is left out too where its IRI has a '#', where its name is no end
 *   of its IRI, or where an earlier one (by IRI) has the name.
 *
 * Threads: a reader one at a time; what it made never changes but for its count
 * of references, which any thread may take and give.
 *
 * Memory: at most DM_PUBLISHED_BYTES_MAX of lines while it is read, and after
 * that the texts of what was read.
 *
 * Cost: O(quads log quads); 10,000 checks about half a second.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/term.h"
#include "vocab/definitions.h"
#include "vocab/settings.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

struct dm_config;
struct dm_published_memory;
struct dm_published_reader;

#define DM_PUBLISHED_CHECKS_MAX 10000U
/// Bytes of canonical lines; of a larger configuration nothing is read.
#define DM_PUBLISHED_BYTES_MAX (128U << 20U)

struct dm_published {
    struct dm_node_settings node; ///< As far as published; name may be empty
    const struct dm_check_def *checks; ///< Ascending by name; their place is
                                       ///< unknown, local is empty
    size_t n_checks;
    const struct dm_check_def *const *running; ///< Those that this node runs
    size_t n_running;
    size_t n_refused;                   ///< Definitions that were left out
    bool is_too_large;                  ///< Nothing was read
    struct dm_published_memory *memory; ///< Private
};

/// @param node_iri ipns://K: the node whose configuration it is.
struct dm_published_reader *DM_NULLABLE
dm_published_reader_new(struct dm_str node_iri) DM_NODISCARD;
void dm_published_reader_free(struct dm_published_reader *DM_NULLABLE reader);

/// Take a quad of the graph, in any order, each once; its graph is not looked
/// at, its bytes are copied.
/// @return DM_ERR_NO_MEMORY.
enum dm_status dm_published_reader_add(struct dm_published_reader *reader,
                                       const struct dm_quad *quad) DM_NODISCARD;

/// Read what was taken. The reader is only to be freed then.
/// @return DM_ERR_NO_MEMORY. `*ret` has one reference.
enum dm_status dm_published_reader_end(struct dm_published_reader *reader,
                                       struct dm_published **ret) DM_NODISCARD;

/// What `config` publishes, as others read it
enum dm_status dm_published_of_config(const struct dm_config *config,
                                      struct dm_published **ret) DM_NODISCARD;

struct dm_published *dm_published_ref(struct dm_published *published);
void dm_published_unref(struct dm_published *DM_NULLABLE published);

DM_END_DECLS

#endif // DM_VOCAB_PUBLISHED_H
