// SPDX-License-Identifier: ISC

#include "tests/sim/history.h"

#include "sim/random.h"
#include "tests/check.h"

#include <string.h>

void
history_init(struct history *history)
{
    history->n_tries = 0;
    for (uint32_t key = 0; key < HISTORY_KEYS; ++key) {
        history->rows[0][key] = (struct history_row){.n = HISTORY_ABSENT};
    }
}

uint32_t
history_try(struct history *history, uint32_t parent)
{
    CHECK(history->n_tries + 1 < HISTORY_TRIES_MAX);
    const uint32_t number = ++history->n_tries;
    history->parents[number] = parent;
    memcpy(history->rows[number], history->rows[parent],
           sizeof(history->rows[number]));
    return number;
}

void
history_set(struct history *history, uint32_t number, uint32_t key, int32_t n)
{
    CHECK(key < HISTORY_KEYS && n <= HISTORY_VALUE_MAX);
    history->rows[number][key] = (struct history_row){.number = number, .n = n};
}

bool
history_follows(const struct history *history, uint32_t number,
                uint32_t ancestor)
{
    while (number > ancestor) {
        number = history->parents[number];
    }
    return number == ancestor;
}

void
history_value(uint32_t number, uint32_t key, unsigned char *bytes, size_t n)
{
    struct dm_sim_random random;
    dm_sim_random_init(&random, ((uint64_t)number << 32) | key);
    dm_sim_random_bytes(&random, bytes, n);
}
