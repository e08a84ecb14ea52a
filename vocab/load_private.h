// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_LOAD_PRIVATE_H
#define DM_VOCAB_LOAD_PRIVATE_H

/**
 * @file
 * How a configuration is loaded, from files to values:
 *
 *     files.c    directory -> sources: names and texts
 *     model.c    sources -> statements, held in sord, with their positions
 *     entity.c   statements -> entities: a subject with its class and the
 *                values of each property, checked against the vocabulary
 *     field.c    values -> the fields of plain structs, by the rows of tables.c
 *     special.c  those properties that no table row describes
 *     load.c     the order of all this; what one definition says of another
 *     normal.c   fields -> the normal form, by the same tables
 *     report.c   what was wrong
 *
 * Nothing here outlives the loading but what lies in the configuration's arena.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/map.h"
#include "base/status.h"
#include "base/str.h"
#include "vocab/config.h"
#include "vocab/model_private.h"
#include "vocab/terms.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

// ---------------------------------------------------------------- entity.c

/// A value of a property: one that stands in a file, or a default
struct dm_value {
    bool is_iri;
    struct dm_str text;
    struct dm_str datatype; ///< "" for a plain string, and for IRIs
    const struct dm_statement *DM_NULLABLE statement; ///< NULL for a default
};

struct dm_values {
    struct dm_value *DM_NULLABLE items;
    size_t n;
};

struct dm_entity {
    struct dm_str iri;
    int class_index;
    const struct dm_statement *DM_NULLABLE begin; ///< Its type, else its first
                                                  ///< statement, if any
    bool is_broken;  ///< Say nothing of what it lacks
    bool is_shipped; ///< Nothing of it stands in a file
    struct dm_values values[DM_PROPERTIES];
};

struct dm_loader {
    const struct dm_config_options *options;
    struct dm_config_report *report;
    struct dm_sources sources;
    struct dm_arena *arena;  ///< Of the configuration
    struct dm_arena scratch; ///< Of the loading
    struct dm_model model;
    struct dm_config *DM_NULLABLE config; ///< Until it is handed over
    struct dm_secrets *secrets;
    struct dm_str site;
};

/**
 * Find what `subject` is and says, and check it against the vocabulary.
 *
 * @param ret All its values; defaults where it gives none.
 * @return DM_OK; DM_END where it is nothing that this program loads (which is
 *         reported if it is an error); DM_ERR_NO_MEMORY.
 */
enum dm_status dm_entity_read(struct dm_loader *loader,
                              const struct dm_subject_node *subject,
                              struct dm_entity *ret) DM_NODISCARD;

/// What a class has where nothing is said: an entity of defaults alone
enum dm_status dm_entity_default(struct dm_loader *loader, int class_index,
                                 struct dm_entity *ret) DM_NODISCARD;

/// Report an error of a value, or of the definition where there is none.
void dm_loader_error(struct dm_loader *loader, const struct dm_entity *entity,
                     const struct dm_value *DM_NULLABLE value,
                     const struct dm_error *error);
void dm_loader_warning(struct dm_loader *loader, const struct dm_entity *entity,
                       const struct dm_value *DM_NULLABLE value,
                       const struct dm_error *error);
/// The same at the first letter of a text, behind its quotes
void dm_loader_error_inside(struct dm_loader *loader,
                            const struct dm_value *value,
                            const struct dm_error *error);
/// An IRI for people: ":every", "<shop>", "<https://…>"; cut at 200 bytes
struct dm_shown {
    char text[208];
};
struct dm_shown dm_loader_show(const struct dm_loader *loader,
                               struct dm_str iri);
/// "a HttpCheck" as English has it
const char *dm_article_of(struct dm_str name);

// ---------------------------------------------------------------- config.c

/// Look-up tables of a configuration
struct dm_config_index {
    struct dm_arena arena;
    struct dm_map checks_by_iri;
    struct dm_map checks_by_name;
    struct dm_map rules_by_name;
    struct dm_secrets *DM_NULLABLE secrets;
    _Atomic uint32_t n_refs;
};

/// An empty configuration, with one reference
struct dm_config *DM_NULLABLE dm_config_new(void) DM_NODISCARD;

DM_END_DECLS

#endif // DM_VOCAB_LOAD_PRIVATE_H
