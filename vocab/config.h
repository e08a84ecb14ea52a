// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_CONFIG_H
#define DM_VOCAB_CONFIG_H

/**
 * @file
 * A configuration: read, validated, resolved; whole or not at all.
 *
 *     report = dm_config_report_new();
 *     if (dm_config_load(&options, report, &config) == DM_OK) {
 *         swap config for the old one, dm_config_unref(old)
 *     } else {
 *         keep the old one, say what dm_config_report_print() says
 *     }
 *
 * Files: demonitor.ttl first, then every other .ttl below the directory in
 * ascending order of the bytes of their paths; hidden files, names that end
 * with ~, and secrets/ are left out. All errors of all files are collected, up
 * to DM_CONFIG_ERRORS_MAX.
 *
 * Threads: load off the loop (it reads files). A config never changes, but for
 * its count of references, which any thread may take and give.
 *
 * Memory: one arena. Statements are held in sord while loading; what sord
 * allocates is bounded by the limits on files.
 *
 * Cost: 10,000 checks in less than a second.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "vocab/definitions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;
struct dm_config_index;
struct dm_config_report;
struct dm_env;
struct dm_secrets;

#define DM_CONFIG_FILES_MAX 10000
#define DM_CONFIG_FILE_MAX (16U << 20U)  ///< Bytes of one file
#define DM_CONFIG_TOTAL_MAX (64U << 20U) ///< Bytes of all files
#define DM_CONFIG_CHECKS_MAX 10000
#define DM_CONFIG_RULES_MAX 1000
#define DM_CONFIG_PEERS_MAX 1000
#define DM_CONFIG_ERRORS_MAX 100

struct dm_config {
    struct dm_node_settings node;
    const struct dm_check_def *checks; ///< Ascending by name
    size_t n_checks;
    const struct dm_rule_def *rules; ///< Ascending by name; shipped ones too
    size_t n_rules;
    const struct dm_peer_def *peers;
    size_t n_peers;
    const struct dm_secrets *secrets;
    int64_t loaded_ms; ///< Wall clock
    size_t n_files;
    struct dm_config_index *index; ///< Private to vocab/
};

struct dm_config_options {
    const struct dm_env *env;
    const char *directory;   ///< CONFIG; relative names of files begin here
    struct dm_str node_iri;  ///< ipns://K…; empty: :this stays itself
    struct dm_str node_name; ///< Where :name is not given: the host's name
};

/**
 * Load the directory.
 *
 * @param report Emptied, then filled with errors and warnings.
 * @return DM_OK; DM_ERR_SYNTAX where `report` has errors; DM_ERR_NO_MEMORY.
 *         `*ret` has one reference.
 */
enum dm_status dm_config_load(const struct dm_config_options *options,
                              struct dm_config_report *report,
                              struct dm_config **ret) DM_NODISCARD;

/// Load these files alone, in this order (`validate FILE…`).
enum dm_status dm_config_load_files(const struct dm_config_options *options,
                                    const char *const *paths, size_t n_paths,
                                    struct dm_config_report *report,
                                    struct dm_config **ret) DM_NODISCARD;

/// A file's text in memory
struct dm_config_source {
    struct dm_str name; ///< For messages
    struct dm_str text;
};

/// Load texts: `probe --expect`, tests. Files are read for secrets only.
enum dm_status dm_config_load_texts(const struct dm_config_options *options,
                                    const struct dm_config_source *sources,
                                    size_t n_sources,
                                    struct dm_config_report *report,
                                    struct dm_config **ret) DM_NODISCARD;

struct dm_config *dm_config_ref(struct dm_config *config);
void dm_config_unref(struct dm_config *DM_NULLABLE config);

/// Look up a check by IRI or by name. O(1)
const struct dm_check_def *DM_NULLABLE
dm_config_check(const struct dm_config *config, struct dm_str iri);
const struct dm_check_def *DM_NULLABLE
dm_config_check_named(const struct dm_config *config, struct dm_str name);
const struct dm_rule_def *DM_NULLABLE
dm_config_rule_named(const struct dm_config *config, struct dm_str name);

enum dm_config_change {
    DM_CONFIG_NEW,     ///< Runs here now, and did not
    DM_CONFIG_GONE,    ///< Ran here, and does not now
    DM_CONFIG_CHANGED, ///< Something that matters here differs
    DM_CONFIG_SAME,
};

/// Told once of each check that runs here before or after. `old` is NULL for
/// NEW, `now` for GONE.
typedef void (*dm_config_change_fn)(void *DM_NULLABLE context,
                                    enum dm_config_change change,
                                    const struct dm_check_def *DM_NULLABLE old,
                                    const struct dm_check_def *DM_NULLABLE now);

/// Compare what runs here; `old` may be NULL. O(checks)
void dm_config_compare(const struct dm_config *DM_NULLABLE old,
                       const struct dm_config *now,
                       dm_config_change_fn on_change,
                       void *DM_NULLABLE context);

// ------------------------------------------------------------------ reports

struct dm_diagnostic {
    bool is_warning;
    struct dm_error error;
    struct dm_str excerpt; ///< Lines of the source with a caret, or empty
};

struct dm_config_report *DM_NULLABLE dm_config_report_new(void) DM_NODISCARD;
void dm_config_report_free(struct dm_config_report *DM_NULLABLE report);

size_t dm_config_report_errors(const struct dm_config_report *report);
size_t dm_config_report_warnings(const struct dm_config_report *report);
/// The i-th error or warning, in the order of files, lines, columns; NULL
/// behind the last. At most DM_CONFIG_ERRORS_MAX are kept.
const struct dm_diagnostic *DM_NULLABLE
dm_config_report_at(const struct dm_config_report *report, size_t i);

/// Append all of it as `validate` prints it, up to and with
/// "3 errors in 1 of 4 files." where there are errors.
void dm_config_report_print(const struct dm_config_report *report,
                            struct dm_buf *buf);

DM_END_DECLS

#endif // DM_VOCAB_CONFIG_H
