// SPDX-License-Identifier: ISC

#include "sim/random.h"

#include <assert.h>
#include <string.h>

uint64_t
dm_sim_mix(uint64_t value)
{
    uint64_t z = value + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void
dm_sim_random_init(struct dm_sim_random *random, uint64_t seed)
{
    uint64_t value = seed;
    for (size_t i = 0; i < DM_COUNT_OF(random->state); ++i) {
        value = dm_sim_mix(value);
        random->state[i] = value;
    }
    // One image of splitmix64 in 2^64 is 0, so all four of them never are
    assert(random->state[0] | random->state[1] | random->state[2] |
           random->state[3]);
}

void
dm_sim_random_fork(struct dm_sim_random *random, const char *label,
                   struct dm_sim_random *ret)
{
    uint64_t seed = dm_sim_random_next(random);
    for (const char *p = label; *p != '\0'; ++p) {
        seed = dm_sim_mix(seed ^ (unsigned char)*p);
    }
    dm_sim_random_init(ret, seed);
}

static uint64_t
rotate(uint64_t x, unsigned n)
{
    return (x << n) | (x >> (64 - n));
}

uint64_t
dm_sim_random_next(struct dm_sim_random *random)
{
    uint64_t *const s = random->state;
    const uint64_t result = rotate(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t
dm_sim_random_below(struct dm_sim_random *random, uint64_t n)
{
    assert(n > 0);
    // Numbers from `fair` on would favour the small remainders
    const uint64_t fair = UINT64_MAX - UINT64_MAX % n;
    uint64_t x = dm_sim_random_next(random);
    while (x >= fair) {
        x = dm_sim_random_next(random);
    }
    return x % n;
}

int64_t
dm_sim_random_between(struct dm_sim_random *random, int64_t low, int64_t high)
{
    assert(low <= high);
    const uint64_t span = (uint64_t)high - (uint64_t)low;
    const uint64_t x = span == UINT64_MAX
                           ? dm_sim_random_next(random)
                           : dm_sim_random_below(random, span + 1);
    return (int64_t)((uint64_t)low + x);
}

int64_t
dm_sim_random_skewed(struct dm_sim_random *random, int64_t low, int64_t high)
{
    assert(low >= 0 && low <= high);
    const uint64_t span = (uint64_t)(high - low);
    unsigned n_bits = 0;
    while (n_bits < 63 && (span >> n_bits) != 0) {
        ++n_bits;
    }
    const uint64_t bits = dm_sim_random_below(random, n_bits + UINT64_C(1));
    const uint64_t top = bits == n_bits ? span : (UINT64_C(1) << bits) - 1;
    return low + (int64_t)dm_sim_random_below(random, top + 1);
}

bool
dm_sim_random_chance(struct dm_sim_random *random, uint32_t millionths)
{
    assert(millionths <= DM_SIM_MILLION);
    return dm_sim_random_below(random, DM_SIM_MILLION) < millionths;
}

void
dm_sim_random_bytes(struct dm_sim_random *random, void *bytes, size_t n)
{
    unsigned char *const to = bytes;
    for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
        const uint64_t x = dm_sim_random_next(random);
        for (size_t k = 0; k < sizeof(x) && i + k < n; ++k) {
            to[i + k] = (unsigned char)(x >> (8 * k));
        }
    }
}
