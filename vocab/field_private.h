// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_FIELD_PRIVATE_H
#define DM_VOCAB_FIELD_PRIVATE_H

/**
 * @file
 * From values to fields and back; see vocab/load_private.h.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "vocab/definitions.h"
#include "vocab/load_private.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

// ---------------------------------------------------------------- field.c

enum dm_field_kind {
    DM_FIELD_TEXT,
    DM_FIELD_WORD, ///< A text without white space
    DM_FIELD_TEXTS,
    DM_FIELD_URL, ///< http:// or https://
    DM_FIELD_URLS,
    DM_FIELD_IRI,      ///< A thing
    DM_FIELD_DURATION, ///< int64_t, ms
    DM_FIELD_UINT,     ///< uint32_t
    DM_FIELD_SIZE,     ///< uint64_t, bytes
    DM_FIELD_BOOLEAN,
    DM_FIELD_LABELS,    ///< struct dm_pairs: "name=value"
    DM_FIELD_HEADERS,   ///< "Name: value"
    DM_FIELD_VARIABLES, ///< "NAME=VALUE"
    DM_FIELD_CONDITIONS,
    DM_FIELD_CODE, ///< enum, an int: index in `codes`
    DM_FIELD_RECORD,
    DM_FIELD_PRESENCE,
    DM_FIELD_AUTH,
    DM_FIELD_COMMAND, ///< struct dm_command_def: run and argv
};

/// A row: how the values of a property become a field, and a field them
struct dm_field {
    int property; ///< Of enum dm_property_index
    enum dm_field_kind kind;
    size_t offset;
    int64_t min; ///< Of numbers
    int64_t max;
    bool has_secrets; ///< References to secrets are resolved
    const char *const *DM_NULLABLE codes; ///< NULL-terminated: texts, or names
};

struct dm_fields {
    const struct dm_field *rows;
    size_t n;
};

extern const struct dm_fields dm_check_fields;
extern const struct dm_fields dm_node_fields;
extern const struct dm_fields dm_rule_fields;
extern const struct dm_fields dm_peer_fields;

/// Fill `object` with the entity's values; errors are reported.
enum dm_status dm_fields_fill(struct dm_loader *loader,
                              const struct dm_entity *entity,
                              const struct dm_fields *fields, void *object)
    DM_NODISCARD;

/// Whether several values of a property are allowed
bool dm_property_is_many(int property);

/// Split as a shell splits words. @return DM_ERR_SYNTAX with `error` set.
enum dm_status dm_words_split(struct dm_str text, struct dm_arena *arena,
                              struct dm_texts *ret, struct dm_error *error)
    DM_NODISCARD;

// ---------------------------------------------------------------- special.c

/// Read every secret that a value refers to; what is wrong is reported.
enum dm_status dm_loader_secrets(struct dm_loader *loader,
                                 const struct dm_entity *entity,
                                 const struct dm_value *value) DM_NODISCARD;
/// The same of all fields that may have some
enum dm_status dm_fields_secrets(struct dm_loader *loader,
                                 const struct dm_entity *entity,
                                 const struct dm_fields *fields) DM_NODISCARD;

/// What no row says: names, groups, what must be there, what cannot be together
enum dm_status dm_check_finish(struct dm_loader *loader,
                               const struct dm_entity *entity,
                               struct dm_check_def *check) DM_NODISCARD;
/// Whether its `on` names this node
bool dm_check_is_on(const struct dm_check_def *check,
                    const struct dm_node_settings *node);
enum dm_status dm_node_finish(struct dm_loader *loader,
                              const struct dm_entity *entity,
                              struct dm_node_settings *node) DM_NODISCARD;
enum dm_status dm_rule_finish(struct dm_loader *loader,
                              const struct dm_entity *entity,
                              struct dm_rule_def *rule) DM_NODISCARD;
enum dm_status dm_peer_finish(struct dm_loader *loader,
                              const struct dm_entity *entity,
                              struct dm_peer_def *peer) DM_NODISCARD;

// ---------------------------------------------------------------- normal.c

/// What a definition may have as it is published: bytes of lines, and of one of
/// them. A part of a Manifest holds whole definitions, so each must fit.
#define DM_DEFINITION_BYTES_MAX (512U << 10U)
#define DM_DEFINITION_LINE_MAX (128U << 10U)

/// Compute definition and local.
/// @return DM_ERR_LIMIT: it is too large to be published; DM_ERR_NO_MEMORY.
enum dm_status dm_check_hash(const struct dm_config *config,
                             struct dm_check_def *check) DM_NODISCARD;
enum dm_status dm_rule_hash(const struct dm_config *config,
                            struct dm_rule_def *rule) DM_NODISCARD;
/// Whether the node's own settings can be published
enum dm_status dm_node_measure(const struct dm_config *config) DM_NODISCARD;

DM_END_DECLS

#endif // DM_VOCAB_FIELD_PRIVATE_H
