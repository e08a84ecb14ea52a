// SPDX-License-Identifier: ISC

#ifndef DM_NET_ICMP_H
#define DM_NET_ICMP_H

/**
 * @file
 * One echo request, one answer.
 *
 * A real implementation uses a ping socket, where the system does not allow
 * that a raw socket, and where neither is allowed every ping ends as
 * DM_NET_PERMISSION: then nobody knows, which is not the fault of the target.
 *
 * Threads: loop. Memory: O(pings under way), at most the maximum given to the
 * implementation. R1 to R4 of net/loop.h hold.
 */

#include "base/attr.h"
#include "base/status.h"
#include "net/address.h"
#include "net/outcome.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// Bytes of payload: least (it carries our mark) and most
#define DM_PING_PAYLOAD_MIN 16
#define DM_PING_PAYLOAD_MAX 1400

/// A ping under way; valid until its completion or its end by cancel
struct dm_ping;

struct dm_ping_spec {
    struct dm_address address;
    size_t payload;     ///< Bytes, MIN to MAX; the ping command sends 56
    int64_t timeout_ns; ///< At least 1
};

struct dm_ping_result {
    struct dm_net_outcome outcome; ///< CONNECTION: our system has no route
    int64_t elapsed_ns;            ///< Until the answer or the failure
};

/// The completion.
typedef void (*dm_ping_fn)(void *DM_NULLABLE context,
                           const struct dm_ping_result *result);

struct dm_pinger_ops {
    enum dm_status (*start)(void *self, const struct dm_ping_spec *spec,
                            dm_ping_fn done, void *DM_NULLABLE context,
                            struct dm_ping **ret);
    void (*cancel)(void *self, struct dm_ping *ping);
};

/// Sends pings
struct dm_pinger {
    const struct dm_pinger_ops *ops;
    void *self;
};

/// Send one echo request.
/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT; then `done` is not called.
enum dm_status dm_ping_start(const struct dm_pinger *pinger,
                             const struct dm_ping_spec *spec, dm_ping_fn done,
                             void *DM_NULLABLE context, struct dm_ping **ret)
    DM_NODISCARD;

void dm_ping_cancel(const struct dm_pinger *pinger, struct dm_ping *ping);

DM_END_DECLS

#endif // DM_NET_ICMP_H
