// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_NUMBER_H
#define DM_SYNC_NUMBER_H

/**
 * @file
 * The value of a metric as the wire spells it: a decimal when it has at most 18
 * digits of which at most 9 follow the point, else the nearest double. A store
 * may hold decimals with more digits, and doubles that a decimal says too.
 *
 * Threads: pure functions.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>

DM_BEGIN_DECLS

/// "-1.2345678901234567E-308" and NUL
#define DM_PAYLOAD_NUMBER_SIZE 32

struct dm_payload_number {
    char text[DM_PAYLOAD_NUMBER_SIZE]; ///< NUL-terminated
    bool is_double;
};

/// Bring a decimal or double of any spelling into the wire's form.
/// @return DM_ERR_ARGUMENT where it is no finite number, which is not sent;
///         DM_ERR_NO_MEMORY.
enum dm_status dm_payload_number(struct dm_str text, bool is_double,
                                 struct dm_payload_number *ret) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_NUMBER_H
