// SPDX-License-Identifier: ISC

#ifndef DM_CHECKS_JUDGE_H
#define DM_CHECKS_JUDGE_H

/**
 * @file
 * Conditions over what a probe measured: verdict, reason and message.
 *
 * All of :expect must hold, else critical; one of :critIf that holds makes it
 * critical, one of :warnIf a warning. The message tells what made the verdict,
 * several joined by ", "; where all is well, what was measured.
 *
 * Threads: pure.
 */

#include "base/attr.h"
#include "base/status.h"
#include "checks/result.h"
#include "vocab/definitions.h"

#include <stdbool.h>

DM_BEGIN_DECLS

/// Takes one fact of a condition's subject.
typedef void (*dm_fact_fn)(void *context, const struct dm_fact *fact);

/// Tell every fact of the subject of `condition`: one for most, one for each
/// file system of "disk *". DM_ERR_UNSUPPORTED where this probe cannot measure
/// it, DM_ERR_PERMISSION and others where it could not: the verdict is unknown.
typedef enum dm_status (*dm_facts_fn)(void *context,
                                      const struct dm_condition *condition,
                                      dm_fact_fn on_fact, void *fact_context);

/// Judge by the conditions of `check`, and set verdict, failure and message of
/// `result`. A worse verdict that `result` has already stays, with its message.
void dm_judge(const struct dm_check_def *check, dm_facts_fn facts,
              void *context, struct dm_result *result);

/// Whether some condition of `check` is about `subject`
bool dm_judge_looks_at(const struct dm_check_def *check,
                       enum dm_subject subject);

/// Set verdict, failure and message, unless `result` has a worse verdict (in
/// the order ok, unknown, warning, critical).
void dm_judge_set(struct dm_result *result, enum dm_verdict verdict,
                  enum dm_failure failure, struct dm_str message);

DM_END_DECLS

#endif // DM_CHECKS_JUDGE_H
