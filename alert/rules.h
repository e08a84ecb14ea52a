// SPDX-License-Identifier: ISC

#ifndef DM_ALERT_RULES_H
#define DM_ALERT_RULES_H

/**
 * @file
 * Rules as prepared queries, and one round of them over a snapshot.
 *
 * dm_rules_new() parses every rule of a configuration once; one that does not
 * parse stays as its error and shows as RuleFailed. A round is stepped: each
 * step runs at most DM_WORK_ROWS rows, so a worker stays bounded.
 *
 * Columns become text: an IRI of a check or node its name, any other IRI whole,
 * a literal its lexical form; ?since a time.
 *
 * Threads: DM_ON_WORKER. Memory: rows of a round, at most DM_RULE_ROWS_MAX for
 * each rule, charged to the snapshot's work.
 */

#include "alert/evaluate.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_config;
struct dm_present;
struct dm_rules;
struct dm_rules_round;
struct dm_snapshot;

/// Takes a reference to `config`.
struct dm_rules *DM_NULLABLE dm_rules_new(struct dm_config *config)
    DM_NODISCARD;
void dm_rules_free(struct dm_rules *DM_NULLABLE rules);

/// The error of a rule that does not parse, or NULL
const struct dm_error *DM_NULLABLE dm_rules_error(const struct dm_rules *rules,
                                                  struct dm_str name);

/// Begin a round; snapshot and present outlive it.
/// @param only One rule by name, or an empty text: all that are enabled.
enum dm_status dm_rules_round_open(struct dm_rules *rules,
                                   struct dm_snapshot *snapshot,
                                   const struct dm_present *present,
                                   struct dm_str only,
                                   struct dm_rules_round **ret) DM_NODISCARD;
/// @return DM_AGAIN, DM_END when every rule has its result, DM_ERR_CANCELLED,
///         DM_ERR_DEADLINE. A rule that fails, also for want of memory, has its
///         status in its result.
enum dm_status dm_rules_round_step(struct dm_rules_round *round) DM_NODISCARD;
/// After DM_END; until close.
const struct dm_rule_result *
dm_rules_round_results(const struct dm_rules_round *round, size_t *ret_n);
void dm_rules_round_close(struct dm_rules_round *DM_NULLABLE round);

DM_END_DECLS

#endif // DM_ALERT_RULES_H
