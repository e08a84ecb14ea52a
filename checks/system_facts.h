// SPDX-License-Identifier: ISC

#ifndef DM_CHECKS_SYSTEM_FACTS_H
#define DM_CHECKS_SYSTEM_FACTS_H

/**
 * @file
 * What the files below /proc say. Parsers alone; who reads is probe_system.c.
 *
 * Threads: pure. Source: proc(5).
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// Percent in use, by MemAvailable; of swap 0 where there is none
/// @return Whether the text of /proc/meminfo says it.
bool dm_meminfo_used(struct dm_str meminfo, bool swap, double *ret_percent);

/// The averages over 1, 5 and 15 minutes, of /proc/loadavg
bool dm_loadavg_parse(struct dm_str loadavg, double ret[3]);

/// Processors that are there, of /proc/stat; at least 1
uint32_t dm_stat_cpus(struct dm_str stat);

/// Seconds since boot, of /proc/uptime
bool dm_uptime_parse(struct dm_str uptime, double *ret_seconds);

struct dm_mount {
    struct dm_str device; ///< "8:1"
    struct dm_str path;   ///< Escaped as in the file: "\040" for a space
    struct dm_str type;
};

/// Take the next line off the text of /proc/self/mountinfo; false at the end.
bool dm_mountinfo_next(struct dm_str *mountinfo, struct dm_mount *ret);

/// Whether it holds data that somebody may run out of space for: a disk or a
/// network share, or whatever lies at "/"
bool dm_mount_is_real(const struct dm_mount *mount);

struct dm_buf;
/// Append the path without its escapes.
void dm_mount_path(const struct dm_mount *mount, struct dm_buf *buf);

DM_END_DECLS

#endif // DM_CHECKS_SYSTEM_FACTS_H
