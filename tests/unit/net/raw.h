// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_UNIT_NET_RAW_H
#define DM_TESTS_UNIT_NET_RAW_H

/// A connection whose bytes a test writes and reads itself

#include "net/stream.h"
#include "tests/unit/net/contract.h"

struct raw {
    struct dm_stream *stream;
    bool is_open;
    bool has_ended;
    bool has_data; ///< n is at least n_wanted
    bool is_writable;
    struct dm_net_outcome outcome; ///< Of the end
    char bytes[1024];              ///< The first that came, NUL-terminated
    size_t n;                      ///< All that came
    size_t n_wanted;
};

/// Begin to connect; time-out 5 s, at most 65536 bytes unsent.
void raw_start(const struct contract_world *world,
               const struct dm_endpoint *endpoint, struct raw *raw);

/// Connect and wait until it stands.
void raw_open(const struct contract_world *world,
              const struct dm_endpoint *endpoint, struct raw *raw);

#endif // DM_TESTS_UNIT_NET_RAW_H
