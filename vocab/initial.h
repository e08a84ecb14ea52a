// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_INITIAL_H
#define DM_VOCAB_INITIAL_H

/**
 * @file
 * The files that `demonitor init` writes, and Turtle that is pasted into them.
 *
 * Threads: pure functions.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

DM_BEGIN_DECLS

struct dm_buf;

/// Append the text of demonitor.ttl.
/// @param name The node's; @param site Its :site, or empty for the default.
enum dm_status dm_initial_node(struct dm_str name, struct dm_str site,
                               struct dm_buf *buf) DM_NODISCARD;

/// The text of checks/local.ttl: checks of this machine that run as they are,
/// and examples in comments. Static.
struct dm_str dm_initial_checks(void);

DM_END_DECLS

#endif // DM_VOCAB_INITIAL_H
