// SPDX-License-Identifier: ISC

#ifndef DM_CLI_CLIENT_H
#define DM_CLI_CLIENT_H

/**
 * @file
 * Requests to the daemon: over its control socket, or to --url with a token.
 *
 * Threads: one; a call steps its own loop until the answer is there.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"
#include "cli/cli.h"
#include "net/http_transport.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_client;
struct dm_net;

/// Most bytes of an answer
#define DM_ANSWER_MAX (64U << 20U)

/// @return NULL after a complaint.
struct dm_client *DM_NULLABLE dm_client_new(struct dm_cli *cli) DM_NODISCARD;
void dm_client_free(struct dm_client *DM_NULLABLE client);
/// The real network, for probes too
const struct dm_net *dm_client_net(struct dm_client *client);

struct dm_call {
    const char *method; ///< "GET", "POST"
    const char *path;   ///< With its query string
    struct dm_str body;
    const char *DM_NULLABLE accept;
    const char *DM_NULLABLE content_type;
    const char *DM_NULLABLE last_event_id;
    int64_t timeout_ns;                  ///< 0: 60 s
    dm_http_data_fn DM_NULLABLE on_data; ///< Instead of keeping the body
    void *DM_NULLABLE data_context;
};

struct dm_answer {
    unsigned status; ///< 0: there was no answer
    struct dm_buf body;
    char reason[240]; ///< Where there was none
};

/// Ask, and wait for the answer. dm_answer_done() in any case.
enum dm_status dm_client_ask(struct dm_client *client,
                             const struct dm_call *call, struct dm_answer *ret);
void dm_answer_done(struct dm_answer *answer);

/// Let `ns` pass, in the client's loop.
void dm_client_pause(struct dm_client *client, int64_t ns);

/// DM_EXIT_DONE for 2xx; else complains (what the daemon said, or that there is
/// none) and says how to end.
int dm_answer_exit(const struct dm_cli *cli, const struct dm_answer *answer);

/// GET a JSON document: new client, ask, parse. NULL after a complaint, with
/// the code to end with.
json_t *DM_NULLABLE dm_client_get_json(struct dm_cli *cli, const char *path,
                                       int *ret_exit) DM_NODISCARD;

DM_END_DECLS

#endif // DM_CLI_CLIENT_H
