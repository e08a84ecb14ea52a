// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_UNIT_NET_CONTRACT_H
#define DM_TESTS_UNIT_NET_CONTRACT_H

/**
 * @file
 * What each implementation of the tables in net/ has to do, as tests.
 *
 * A world is an implementation with a way to let it go on. Each function below
 * runs all sentences of one contract in it and aborts at the first that is not
 * true. The real network and the simulated one run the same.
 */

#include "net/address.h"
#include "net/net.h"
#include "net/stream.h"

#include <stdbool.h>

struct contract_world {
    const struct dm_net *net;
    /// Let the loop go on: one step, which may wait for what is under way
    void (*step)(void *self);
    void *self;
    struct dm_endpoint tcp;  ///< A place to listen on, port 0
    struct dm_endpoint path; ///< The same as a unix socket; may be removed
    bool keeps_connections;  ///< keep_alive has an effect
};

/// Step until `*is_done`, at most some 100,000 times.
void contract_wait(const struct contract_world *world, const bool *is_done);

/// Some steps more: what must not come would have come
void contract_settle(const struct contract_world *world);

void contract_loop(const struct contract_world *world);
void contract_http(const struct contract_world *world);
void contract_http_bytes(const struct contract_world *world);
void contract_http_stream(const struct contract_world *world);
void contract_memory(const struct contract_world *world);
void contract_tls(const struct contract_world *world);
void contract_stream(const struct contract_world *world);

#endif // DM_TESTS_UNIT_NET_CONTRACT_H
