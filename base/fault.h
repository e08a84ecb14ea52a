// SPDX-License-Identifier: ISC

#ifndef DM_BASE_FAULT_H
#define DM_BASE_FAULT_H

/**
 * @file
 * Named points at which the simulator makes our own code go wrong.
 *
 * A simulator that finds nothing proves nothing, so some mistakes are planted:
 * each at a named point, each found by a fixed seed in every test run.
 *
 *     if (!DM_FAULT("lose the latest row")) {
 *         status = update_latest(store, event);
 *     }
 *
 * In the program that is shipped DM_FAULT() is a constant false and the
 * compiler drops it. A file with such a point is compiled a second time with
 * DM_SIM defined, for the simulator alone; its layer's CMakeLists.txt names it:
 *
 *     dm_layer(quadstore SOURCES latest.c ... FAULTY latest.c)
 *
 * The names are those of the table in sim/fault.c. A point must not change the
 * meaning of the code while its fault is not planted, nor have side effects.
 *
 * Threads: the simulator's one.
 */

#include "base/attr.h"

#include <stdbool.h>

DM_BEGIN_DECLS

#ifdef DM_SIM

/// Whether the fault is planted now; counts the passage. In sim/fault.c.
bool dm_fault_is_planted(const char *name);

#define DM_FAULT(name) dm_fault_is_planted("" name)

#else

// A call and no constant, lest compilers find what follows unreachable
static inline bool
dm_fault_none(const char *name)
{
    (void)name;
    return false;
}

#define DM_FAULT(name) dm_fault_none("" name)

#endif

DM_END_DECLS

#endif // DM_BASE_FAULT_H
