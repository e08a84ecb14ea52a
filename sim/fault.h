// SPDX-License-Identifier: ISC

#ifndef DM_SIM_FAULT_H
#define DM_SIM_FAULT_H

/**
 * @file
 * Planting the faults of base/fault.h.
 *
 *     dm_sim_fault_plant("serve before COMMIT");
 *     … a run, which must find it …
 *     CHECK(dm_sim_fault_n_hits() > 0);
 *     dm_sim_fault_clear();
 *
 * One fault at a time. That it was passed at all (n_hits) is worth asking: a
 * fault whose point is no longer reached proves nothing either.
 *
 * Threads: one; the state is of the calling thread.
 */

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// All names that code may use, in a fixed order; DM_FAULT() of another one
/// fails an assertion.
size_t dm_sim_fault_n_names(void);
const char *dm_sim_fault_name(size_t i);

/// Plant the fault `name`, which is in the table, until the next call or
/// dm_sim_fault_clear(). Hits start at 0.
void dm_sim_fault_plant(const char *name);
void dm_sim_fault_clear(void);

/// How often the planted point was passed
uint64_t dm_sim_fault_n_hits(void);

DM_END_DECLS

#endif // DM_SIM_FAULT_H
