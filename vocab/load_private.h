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
 *     field.c    values -> the fields of plain structs, by tables
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
#include "rdf/reader.h"
#include "vocab/config.h"
#include "vocab/terms.h"

#include <sord/sord.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// A file that is loaded. The one with index 0 is vocab/rules.ttl.
struct dm_source {
    struct dm_str name; ///< "" of the shipped rules
    struct dm_str text;
    uint32_t index;
    size_t n_errors;
    size_t n_syntax_errors;
};

struct dm_sources {
    struct dm_source *DM_NULLABLE items;
    size_t n;
    size_t capacity;
};

// ---------------------------------------------------------------- report.c

void dm_report_clear(struct dm_config_report *report);

/// Add an error or a warning at `at` in `source` (NULL: in none). The excerpt
/// is shown with errors of syntax.
void dm_report_add(struct dm_config_report *report,
                   struct dm_source *DM_NULLABLE source, struct dm_position at,
                   bool is_warning, const struct dm_error *error);
/// The same of a syntax error, whose place it knows
void dm_report_syntax(struct dm_config_report *report, struct dm_source *source,
                      const struct dm_error *error);

/// Count files, sort. @return DM_ERR_NO_MEMORY where something got lost.
enum dm_status dm_report_finish(struct dm_config_report *report,
                                const struct dm_sources *sources) DM_NODISCARD;

// ---------------------------------------------------------------- files.c

/// Append a source whose bytes lie in `arena`.
enum dm_status dm_sources_add(struct dm_sources *sources,
                              struct dm_arena *arena, struct dm_str name,
                              struct dm_str text) DM_NODISCARD;

/// Read the files of options->directory. What cannot be read is reported.
enum dm_status dm_files_read_all(const struct dm_config_options *options,
                                 struct dm_config_report *report,
                                 struct dm_arena *arena,
                                 struct dm_sources *sources) DM_NODISCARD;

/// Read one file, `path` being its name too.
enum dm_status dm_files_read_one(const struct dm_config_options *options,
                                 struct dm_str path,
                                 struct dm_config_report *report,
                                 struct dm_arena *arena,
                                 struct dm_sources *sources) DM_NODISCARD;

// ---------------------------------------------------------------- model.c

/// A statement, and where it stands
struct dm_statement {
    const SordNode *s;
    const SordNode *p;
    const SordNode *o;
    struct dm_source *source;
    struct dm_quad_positions at;
    uint32_t order; ///< Of all statements, ascending as they were read
};

/// A subject, in the order of first mention
struct dm_subject_node {
    const SordNode *node;
    struct dm_str iri;
    bool is_broken; ///< A syntax error is somewhere in what is said of it
};

struct dm_model {
    SordWorld *DM_NULLABLE world;
    SordModel *DM_NULLABLE sord;
    struct dm_arena *arena;
    struct dm_map statements; ///< By the three nodes' addresses
    struct dm_subject_node *DM_NULLABLE subjects;
    size_t n_subjects;
    size_t subjects_capacity;
    struct dm_map by_iri; ///< Subjects: index
    uint32_t n_statements;
};

enum dm_status dm_model_init(struct dm_model *model, struct dm_arena *arena)
    DM_NODISCARD;
void dm_model_done(struct dm_model *model);

/// Read a source into the model; its errors are reported.
/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT (too many statements; reported).
enum dm_status dm_model_read(struct dm_model *model, struct dm_source *source,
                             struct dm_str base,
                             struct dm_config_report *report) DM_NODISCARD;

/// What :site says in `source`: sets `*site` (bytes in `arena`) where it does.
enum dm_status dm_model_find_site(struct dm_source *source,
                                  struct dm_arena *arena, struct dm_str *site)
    DM_NODISCARD;

/// All statements about a subject, in the order of reading, in `arena`
enum dm_status dm_model_about(const struct dm_model *model,
                              const SordNode *subject, struct dm_arena *arena,
                              const struct dm_statement *const **ret,
                              size_t *ret_n) DM_NODISCARD;

struct dm_str dm_node_text(const SordNode *node);

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

/// Compute definition and local.
enum dm_status dm_check_hash(const struct dm_config *config,
                             struct dm_check_def *check) DM_NODISCARD;
enum dm_status dm_rule_hash(const struct dm_config *config,
                            struct dm_rule_def *rule) DM_NODISCARD;

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
