// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_NOTIFY_H
#define DM_DAEMON_NOTIFY_H

/**
 * @file
 * What systemd is told: one datagram to $NOTIFY_SOCKET. Nothing where that is
 * not set; failures are nobody's business.
 *
 * Source: sd_notify(3).
 */

#include "base/attr.h"
#include "base/env.h"

#include <stdint.h>

DM_BEGIN_DECLS

/// `state` as "READY=1\nSTATUS=…"
void dm_notify(const struct dm_env *env, const char *state);

/// Half of the time that the watchdog allows, ns; 0 where there is none
int64_t dm_notify_watchdog_ns(const struct dm_env *env);

DM_END_DECLS

#endif // DM_DAEMON_NOTIFY_H
