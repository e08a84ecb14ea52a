// SPDX-License-Identifier: ISC

#ifndef DM_SIM_ENV_H
#define DM_SIM_ENV_H

/**
 * @file
 * The `struct dm_env` of a simulated process.
 *
 * Clocks and random numbers are those of its machine, files those of its disk,
 * variables those that were set here, and what it logs is counted, kept and
 * shown to whoever asks. A file is written as on the real machine: under a
 * temporary name, then moved. With DM_WRITE_DURABLE it survives a power loss;
 * without, there may be the old bytes, the new ones, or a part of these.
 *
 * One for each life of a process: its locks are released with it.
 *
 * Threads: one.
 */

#include "base/attr.h"
#include "base/env.h"
#include "base/log.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_disk;
struct dm_sim_env;
struct dm_sim_machine;

/// A file that every machine has beside those of its disk: the id of this boot
#define DM_SIM_BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/// How many of the last lines are kept
#define DM_SIM_LOG_LINES 64

struct dm_sim_env_options {
    enum dm_log_level level;
    dm_log_fn DM_NULLABLE on_line; ///< Sees each line
    void *DM_NULLABLE context;
};

/// @param machine And `disk`: outlive it.
/// @return NULL when out of memory.
struct dm_sim_env *DM_NULLABLE
dm_sim_env_new(struct dm_sim_machine *machine, struct dm_sim_disk *disk,
               const struct dm_sim_env_options *options) DM_NODISCARD;
void dm_sim_env_free(struct dm_sim_env *DM_NULLABLE sim);

const struct dm_env *dm_sim_env_get(const struct dm_sim_env *sim);

/// Set a variable (both copied); NULL removes it.
enum dm_status dm_sim_env_set_variable(struct dm_sim_env *sim, const char *name,
                                       const char *DM_NULLABLE value)
    DM_NODISCARD;

/// Lines of that level so far
uint64_t dm_sim_env_n_lines(const struct dm_sim_env *sim,
                            enum dm_log_level level);

/// The i-th newest line kept, from 0, without a line end; "" where there is
/// none. Until the next line.
const char *dm_sim_env_line(const struct dm_sim_env *sim, size_t i);

DM_END_DECLS

#endif // DM_SIM_ENV_H
