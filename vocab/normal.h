// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_NORMAL_H
#define DM_VOCAB_NORMAL_H

/**
 * @file
 * The normal form of a configuration: what is published of it.
 *
 * Defaults are written out, durations and URLs are typed, secrets stay
 * references, nothing is private. Of a check with :publish false only its kind,
 * what every check has, and :schedule :zone :grace :certWarn. The graph is
 * NODE#config.
 *
 * Threads: any. Cost: O(definitions), sorted within a subject.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/term.h"

DM_BEGIN_DECLS

struct dm_buf;
struct dm_check_def;
struct dm_config;
struct dm_rule_def;

/// Takes a quad, whose bytes live until it returns.
typedef enum dm_status (*dm_normal_fn)(void *DM_NULLABLE context,
                                       const struct dm_quad *quad);

/// Hand over the whole published normal form: the node, its checks by name, the
/// rules that its files have or change. Quads of a subject are in the order of
/// their canonical lines.
/// @return What `on_quad` returned, or DM_ERR_NO_MEMORY.
enum dm_status dm_config_quads(const struct dm_config *config,
                               dm_normal_fn on_quad, void *DM_NULLABLE context)
    DM_NODISCARD;

/// The same of one check
enum dm_status dm_config_check_quads(const struct dm_config *config,
                                     const struct dm_check_def *check,
                                     dm_normal_fn on_quad,
                                     void *DM_NULLABLE context) DM_NODISCARD;

/// The same of one rule, also of a shipped one
enum dm_status dm_config_rule_quads(const struct dm_config *config,
                                    const struct dm_rule_def *rule,
                                    dm_normal_fn on_quad,
                                    void *DM_NULLABLE context) DM_NODISCARD;

/// Append Turtle for people: the checks of these names, or everything where
/// `n_names` is 0.
/// @return DM_ERR_NOT_FOUND for a name that no check or rule has.
enum dm_status dm_config_expand(const struct dm_config *config,
                                const struct dm_str *DM_NULLABLE names,
                                size_t n_names, struct dm_buf *buf)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_VOCAB_NORMAL_H
