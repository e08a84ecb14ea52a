// SPDX-License-Identifier: ISC

#ifndef DM_CHECKS_PROBE_H
#define DM_CHECKS_PROBE_H

/**
 * @file
 * One run of one check: from its definition to its result.
 *
 *     dm_probe_start ---> on_done(result), exactly once
 *          └--> dm_probe_cancel: no result comes any more
 *
 * One file for each kind (probe_http.c, probe_system.c, probe_command.c), each
 * a row of a table: what a kind needs of net/, how it starts, how it is
 * cancelled. A probe judges with the conditions of the definition: all of
 * :expect must hold, else critical; one of :critIf makes it critical, one of
 * :warnIf a warning. With no :expect on it, an HttpCheck expects a status from
 * 200 to 399. What could not be measured at all for want of permission or
 * memory is unknown, not critical.
 *
 * The time limit of the definition is kept here, whatever the network does.
 *
 * Threads: DM_ON_LOOP. on_done is not called before dm_probe_start() returned.
 */

#include "base/attr.h"
#include "base/env.h"
#include "base/status.h"
#include "checks/result.h"
#include "vocab/definitions.h"

#include <stdbool.h>

DM_BEGIN_DECLS

struct dm_net;
struct dm_probe;
struct dm_secrets;

struct dm_probe_context {
    const struct dm_env *env;
    const struct dm_net *net;
    const struct dm_secrets *DM_NULLABLE secrets;
    dm_result_fn on_done;
};

/// Whether this program can run checks of that kind
bool dm_probe_has_kind(enum dm_check_kind kind);

/**
 * Begin a run.
 *
 * @param check Lives until on_done or cancel.
 * @param done_context Handed to context->on_done.
 * @return DM_ERR_UNSUPPORTED, DM_ERR_NO_MEMORY, DM_ERR_ARGUMENT (a URL or
 *         command that is none once secrets are in it), DM_ERR_LIMIT; then
 * there is no on_done. All that goes wrong later is in the result.
 */
enum dm_status dm_probe_start(const struct dm_probe_context *context,
                              const struct dm_check_def *check,
                              void *DM_NULLABLE done_context,
                              struct dm_probe **ret,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;
void dm_probe_cancel(struct dm_probe *DM_NULLABLE probe);

DM_END_DECLS

#endif // DM_CHECKS_PROBE_H
