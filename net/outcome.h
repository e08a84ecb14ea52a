// SPDX-License-Identifier: ISC

#ifndef DM_NET_OUTCOME_H
#define DM_NET_OUTCOME_H

/**
 * @file
 * How something on the network ended.
 *
 * A failure out there is data, not an error of ours: it becomes the result of a
 * check. `failure` is its kind, `text` says it to a person in one clause with
 * the facts ("connect to 192.0.2.7:443: refused"), without a full stop, control
 * characters or secrets.
 *
 * A value: no allocation, so it can report that memory is out.
 */

#include "base/attr.h"

DM_BEGIN_DECLS

enum dm_net_failure {
    DM_NET_OK = 0,
    DM_NET_RESOLVE,     ///< The name has no address, or its servers fail
    DM_NET_CONNECTION,  ///< Refused, unreachable, reset, closed too early
    DM_NET_TIMED_OUT,   ///< The time allowed is over, in whatever phase
    DM_NET_TLS,         ///< The handshake failed for another reason
    DM_NET_CERTIFICATE, ///< Expired, unknown issuer, wrong name, wrong pin
    DM_NET_PROTOCOL,    ///< The other side does not follow the protocol
    DM_NET_TOO_LARGE,   ///< More headers or redirects than are accepted
    DM_NET_PERMISSION,  ///< Our system does not let us
    DM_NET_LOCAL,       ///< We lack something: memory, descriptors, a file
    DM_NET_CANCELLED,   ///< Given up because whoever asked said so
};

#define DM_NET_TEXT_SIZE 240

struct dm_net_outcome {
    enum dm_net_failure failure;
    char text[DM_NET_TEXT_SIZE]; ///< "" where `failure` is DM_NET_OK
};

/// Success
void dm_net_outcome_clear(struct dm_net_outcome *outcome);

/// Set kind and text; a text that is too long is cut at a code point, control
/// characters become '?'.
void dm_net_outcome_set(struct dm_net_outcome *outcome,
                        enum dm_net_failure failure, const char *format, ...)
    DM_PRINTF(3, 4);

/// The kind as one lower-case phrase, "timed out". Never NULL.
const char *dm_net_failure_text(enum dm_net_failure failure);

DM_END_DECLS

#endif // DM_NET_OUTCOME_H
