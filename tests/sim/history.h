// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SIM_HISTORY_H
#define DM_TESTS_SIM_HISTORY_H

/**
 * @file
 * What a table of keys and values held after each transaction: the oracle of
 * sim_vfs.
 *
 * A transaction that was tried has a number, from 1, and follows another; 0 is
 * the empty table. One that failed may still turn up after a crash, if its last
 * write was done, so a history is a tree. The value of a key follows from
 * transaction, key and length, so only lengths are kept.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_KEYS 40
#define HISTORY_TRIES_MAX 4096
#define HISTORY_VALUE_MAX 3000
#define HISTORY_ABSENT (-1)

/// A row of the table: who wrote it last, and how long it is
struct history_row {
    uint32_t number;
    int32_t n; ///< HISTORY_ABSENT: no such row
};

struct history {
    uint32_t n_tries; ///< The newest is number n_tries
    uint32_t parents[HISTORY_TRIES_MAX];
    struct history_row rows[HISTORY_TRIES_MAX][HISTORY_KEYS];
};

void history_init(struct history *history);

/// Begin a transaction after number `parent`.
/// @return Its number.
uint32_t history_try(struct history *history, uint32_t parent);

/// Let number `number` set `key`, or remove it (HISTORY_ABSENT).
void history_set(struct history *history, uint32_t number, uint32_t key,
                 int32_t n);

/// Whether `number` is `ancestor` or follows it
bool history_follows(const struct history *history, uint32_t number,
                     uint32_t ancestor);

/// The `n` bytes that number `number` writes to `key`
void history_value(uint32_t number, uint32_t key, unsigned char *bytes,
                   size_t n);

#endif // DM_TESTS_SIM_HISTORY_H
