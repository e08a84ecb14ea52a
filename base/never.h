// SPDX-License-Identifier: ISC

#ifndef DM_BASE_NEVER_H
#define DM_BASE_NEVER_H

/**
 * @file
 * Bugs of ours that one can live with.
 *
 * There are three grades of check. A bug that leaves nothing to go on with:
 * assert(), also in release builds. A bug that the code can step over:
 *
 *     if (DM_NEVER(node->n_children == 0)) {
 *         return DM_ERR_STATE;
 *     }
 *
 * What others do wrong: a status, without any of these.
 *
 * DM_NEVER() ends a test build (DM_NEVER_ABORTS, all presets but release). In a
 * release build it counts, and the process is *tainted*: page and metrics say
 * so, and the daemon logs the place once. Code behind it is no aim of coverage.
 *
 * Threads: any. Cost: a branch that is not taken.
 */

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// Whether `x`, which never should be true, is
#define DM_NEVER(x) ((x) && dm_never(__FILE__, __LINE__, #x))

/// Whether `x`, which always should be true, is
#define DM_ALWAYS(x) ((x) || !dm_never(__FILE__, __LINE__, "not " #x))

/// Count, remember the first place, give back true; use the macros.
bool dm_never(const char *file, int line, const char *what);

/// How often it came so far; 0 is how it should be.
uint64_t dm_never_count(void);

/// "FILE:LINE: WHAT" of the first, "" where there was none. Lives as long as
/// the process.
const char *dm_never_first(void);

DM_END_DECLS

#endif // DM_BASE_NEVER_H
