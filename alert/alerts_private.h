// SPDX-License-Identifier: ISC

#ifndef DM_ALERT_ALERTS_PRIVATE_H
#define DM_ALERT_ALERTS_PRIVATE_H

/**
 * @file
 * The set of alerts from the inside, for alert/ alone.
 *
 * I1 Items ascend by (identity, fingerprint), no two are equal in both, once
 * the set was sealed. I2 All texts of items lie in the set's arena.
 */

#include "alert/evaluate.h"
#include "base/arena.h"
#include "base/attr.h"

DM_BEGIN_DECLS

struct dm_alerts {
    struct dm_arena arena;
    struct dm_alert *items;
    size_t n;
    size_t capacity;
};

/// Add a copy of `alert`. DM_ERR_NO_MEMORY, DM_ERR_LIMIT.
enum dm_status dm_alerts_add(struct dm_alerts *alerts,
                             const struct dm_alert *alert) DM_NODISCARD;

/// Sort; of two equal ones the later stays.
void dm_alerts_seal(struct dm_alerts *alerts);

int dm_alert_compare(const struct dm_alert *a, const struct dm_alert *b);

/// Sort texts by name, drop empty values; of one name the first stays.
/// @return How many are left.
size_t dm_alert_texts_settle(struct dm_alert_text *texts, size_t n);

DM_END_DECLS

#endif // DM_ALERT_ALERTS_PRIVATE_H
