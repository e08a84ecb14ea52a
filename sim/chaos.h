// SPDX-License-Identifier: ISC

#ifndef DM_SIM_CHAOS_H
#define DM_SIM_CHAOS_H

/**
 * @file
 * What goes wrong with a station, and when: drawn from the seed.
 *
 * Each kind of trouble comes again and again, its mean interval apart (from
 * half of it to one and a half). Kill and power loss strike at the moment
 * itself, or at one of the next operations of the disk, so that they fall
 * between any two writes. Trouble that lasts (full disk, suspend, what the
 * caller adds) ends by itself after a while.
 *
 * Threads: one. Memory: fixed.
 */

#include "base/attr.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_chaos;
struct dm_sim_fleet;
struct dm_sim_random;
struct dm_sim_station;

enum dm_sim_trouble {
    DM_SIM_TROUBLE_KILL,
    DM_SIM_TROUBLE_POWER,
    DM_SIM_TROUBLE_FULL,    ///< The disk is full for a while
    DM_SIM_TROUBLE_ERROR,   ///< One write or sync fails
    DM_SIM_TROUBLE_CLOCK,   ///< The wall clock is set wrong, or right again
    DM_SIM_TROUBLE_SUSPEND, ///< For a while
    DM_SIM_TROUBLE_OTHER,   ///< The caller's: `on_other`
    DM_SIM_N_TROUBLES
};

/// The caller's trouble of kind `which` begins or ends.
typedef void (*dm_sim_trouble_fn)(void *DM_NULLABLE context, size_t which,
                                  bool begins);

/// Most kinds of the caller's trouble
#define DM_SIM_OTHERS_MAX 32

struct dm_sim_chaos_options {
    int64_t mean_ns[DM_SIM_N_TROUBLES]; ///< Between two of a kind; 0: never.
                                        ///< OTHER: of each of its kinds
    int64_t full_max_ns;
    int64_t suspend_max_ns;
    int64_t clock_max_ms; ///< Either way
    int64_t other_min_ns; ///< How long the caller's trouble lasts
    int64_t other_max_ns;
    size_t n_others; ///< Kinds of the caller's
    dm_sim_trouble_fn DM_NULLABLE on_other;
    void *DM_NULLABLE context;
};

/// Kill every 10 min, power loss every 15, full for at most 30 s every 20, an
/// error every 15, the clock by up to 10 min every 25, suspend for at most 2
/// min every 30; no others
struct dm_sim_chaos_options dm_sim_chaos_options_default(void);

/// It begins at once. @return NULL when out of memory.
struct dm_sim_chaos *DM_NULLABLE
dm_sim_chaos_new(struct dm_sim_fleet *fleet, struct dm_sim_station *station,
                 const struct dm_sim_chaos_options *options) DM_NODISCARD;

/// No more trouble; what lasts is ended.
void dm_sim_chaos_stop(struct dm_sim_chaos *chaos);
/// Before the fleet is freed.
void dm_sim_chaos_free(struct dm_sim_chaos *DM_NULLABLE chaos);

/// How often each kind has come
uint64_t dm_sim_chaos_n(const struct dm_sim_chaos *chaos,
                        enum dm_sim_trouble trouble);

DM_END_DECLS

#endif // DM_SIM_CHAOS_H
