// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_MODEL_PRIVATE_H
#define DM_VOCAB_MODEL_PRIVATE_H

/**
 * @file
 * What is read while a configuration is loaded: files, what is wrong with them,
 * and their statements; see vocab/load_private.h.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/map.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/reader.h"
#include "vocab/config.h"

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

/// Whether what is added now is counted only: its place need not be looked for
bool dm_report_is_full(const struct dm_config_report *report);

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

/// Report every file in secrets/ that everybody can read.
enum dm_status dm_files_check_secrets(const struct dm_config_options *options,
                                      struct dm_config_report *report)
    DM_NODISCARD;

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

DM_END_DECLS

#endif // DM_VOCAB_MODEL_PRIVATE_H
