// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_SUPPORT_ATTACKS_H
#define DM_TESTS_SUPPORT_ATTACKS_H

/**
 * @file
 * What a hostile owner of a log, or a hostile relay of it, sends: a table that
 * the unit test, the fuzz target and the test of whole nodes share.
 *
 * Each begins with a log of ATTACK_BEFORE good entries that the follower holds.
 */

#include "tests/support/log_maker.h"

#include <stddef.h>

DM_BEGIN_DECLS

#define ATTACK_BEFORE UINT64_C(70)

enum attack_end {
    ATTACK_REFUSED,  ///< With `reason`; the follower stays where it was
    ATTACK_IGNORED,  ///< Nothing is wrong, and nothing is new
    ATTACK_ACCEPTED, ///< It looks bad, but is allowed
    ATTACK_FROZEN,   ///< It is a fork
};

struct attack {
    const char *name;
    /// Makes the bad part: entries, then Head and record
    void (*make)(struct maker *maker);
    /// Changes the bytes of the answer; NULL: they stay
    void (*change)(struct dm_buf *car);
    enum attack_end end;
    const char *DM_NULLABLE reason; ///< Part of what is said
    bool is_fine_pushed;            ///< A push may look so
};

extern const struct attack attacks[];
extern const size_t n_attacks;

DM_END_DECLS

#endif // DM_TESTS_SUPPORT_ATTACKS_H
