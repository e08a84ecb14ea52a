// SPDX-License-Identifier: ISC

#ifndef DM_SIM_RANDOM_H
#define DM_SIM_RANDOM_H

/**
 * @file
 * Random numbers that a seed repeats: xoshiro256** filled by splitmix64.
 *
 * Same seed, same numbers, on every machine and compiler. Each part of a
 * simulation draws from a generator of its own (dm_sim_random_fork()), so that
 * one more draw in the network does not change what the disk does. Not for
 * cryptography.
 *
 * Threads: one at a time. Cost: some ns a number.
 */

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_random {
    uint64_t state[4]; ///< Never all 0
};

/// A chance is out of this
#define DM_SIM_MILLION 1000000U

void dm_sim_random_init(struct dm_sim_random *random, uint64_t seed);

/// A generator that depends on the state of `random` (which moves on) and on
/// `label`, which says what it is for.
void dm_sim_random_fork(struct dm_sim_random *random, const char *label,
                        struct dm_sim_random *ret);

uint64_t dm_sim_random_next(struct dm_sim_random *random);

/// 0 to n - 1, each as likely; n is not 0.
uint64_t dm_sim_random_below(struct dm_sim_random *random, uint64_t n);

/// `low` to `high`, both included, each as likely.
int64_t dm_sim_random_between(struct dm_sim_random *random, int64_t low,
                              int64_t high);

/// As between, but each order of magnitude is as likely: small numbers often,
/// large ones sometimes. 0 <= low <= high.
int64_t dm_sim_random_skewed(struct dm_sim_random *random, int64_t low,
                             int64_t high);

/// True `millionths` times in DM_SIM_MILLION.
bool dm_sim_random_chance(struct dm_sim_random *random, uint32_t millionths);

void dm_sim_random_bytes(struct dm_sim_random *random, void *bytes, size_t n);

/// One step of splitmix64: a number that looks random for each `value`
uint64_t dm_sim_mix(uint64_t value);

DM_END_DECLS

#endif // DM_SIM_RANDOM_H
