// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_EVENTS_H
#define DM_DAEMON_EVENTS_H

/**
 * @file
 * /events: what happens, as it happens (text/event-stream).
 *
 * Events are numbered from the start of the process; the newest DM_EVENTS_KEPT
 * are kept, so a client that says Last-Event-ID misses nothing over a short
 * cut. A client that reads too slowly is cut off; it comes back and is told.
 *
 * Threads: DM_ON_LOOP. Memory: DM_EVENTS_KEPT texts of at most DM_EVENT_MAX.
 * Source: HTML, "Server-sent events".
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_events;
struct dm_http_call;
struct dm_loop;

#define DM_EVENTS_KEPT 1000U
#define DM_EVENT_MAX 4096U
#define DM_EVENTS_CLIENTS_MAX 64U

struct dm_events *DM_NULLABLE dm_events_new(struct dm_loop *loop) DM_NODISCARD;
/// Ends the streams of all clients.
void dm_events_free(struct dm_events *DM_NULLABLE events);

/// Tell every client: `kind` is result, state, alert, node or config, `json`
/// one line. A text over DM_EVENT_MAX is left out.
void dm_events_publish(struct dm_events *events, const char *kind,
                       struct dm_str json);

/// Serve a client, whose call was not answered yet.
/// @param last_id Of Last-Event-ID; empty: from now on.
/// @return DM_ERR_LIMIT: too many clients; the call is still to be answered.
enum dm_status dm_events_serve(struct dm_events *events,
                               struct dm_http_call *call, struct dm_str last_id)
    DM_NODISCARD;

/// The call was closed. Nothing where it is not served here.
void dm_events_closed(struct dm_events *events, struct dm_http_call *call);

DM_END_DECLS

#endif // DM_DAEMON_EVENTS_H
