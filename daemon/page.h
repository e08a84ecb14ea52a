// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_PAGE_H
#define DM_DAEMON_PAGE_H

/**
 * @file
 * What the pages share. Each is complete without a script and loads nothing.
 *
 * What does not fit shows in the status of `out`.
 *
 * Threads: any.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdint.h>

DM_BEGIN_DECLS

/// From the doctype to the heading; the page comes anew every 15 s.
void dm_page_head(struct dm_buf *out, struct dm_str title,
                  struct dm_str heading);

/// A text, escaped, also for an attribute's value in double quotes
void dm_page_text(struct dm_buf *out, struct dm_str text);

/// A length of time: "12 s", "3 min", "2 h", "4 d"; 0 below 0
void dm_page_ago(struct dm_buf *out, int64_t ms);

DM_END_DECLS

#endif // DM_DAEMON_PAGE_H
