// SPDX-License-Identifier: ISC

#ifndef DM_CHECKS_NAGIOS_H
#define DM_CHECKS_NAGIOS_H

/**
 * @file
 * What a Nagios plugin prints.
 *
 *     DISK OK - free space: / 3326 MB | /=2643MB;5948;5958;0;5968
 *     / 15272 MB (77%);
 *     /boot 68 MB (69%); | /boot=68MB;88;93;0;98
 *     /home=69357MB;253404;253409;0;253414
 *
 * Line 1 is text, then '|' and figures; further lines are long text, and from
 * the first '|' in them on all is figures. A figure is
 * 'label'=value[unit][;warn[;crit[;min[;max]]]]; a label is quoted where it has
 * spaces, a quote in it is doubled, the value may be U: unknown.
 *
 * Threads: pure. Source: Monitoring Plugins Development Guidelines, "Plugin
 * Output for Nagios".
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>

DM_BEGIN_DECLS

struct dm_buf;

struct dm_nagios_output {
    struct dm_str text;         ///< Line 1 up to its '|', trimmed
    struct dm_str long_text;    ///< The further lines up to their '|'
    struct dm_str figures;      ///< Of line 1
    struct dm_str more_figures; ///< Of the further lines
};

/// Cut what a plugin printed; views into `output`.
struct dm_nagios_output dm_nagios_split(struct dm_str output);

struct dm_nagios_figure {
    struct dm_str label; ///< In `label_buf` of dm_nagios_next()
    struct dm_str value; ///< A decimal or double, as C writes them
    struct dm_str unit;
    struct dm_str warn;
    struct dm_str crit;
};

/// Take the next figure off `*figures`; what is no figure is passed over, and
/// so is one whose value is U.
/// @param label_buf Holds the label until the next call.
/// @return false at the end.
bool dm_nagios_next(struct dm_str *figures, struct dm_buf *label_buf,
                    struct dm_nagios_figure *ret) DM_NODISCARD;

DM_END_DECLS

#endif // DM_CHECKS_NAGIOS_H
