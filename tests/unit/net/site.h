// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_UNIT_NET_SITE_H
#define DM_TESTS_UNIT_NET_SITE_H

/**
 * @file
 * A web site for the contracts, and what a client got from it.
 *
 *     /ok          200 "hello", header X-Site: yes
 *     /echo        200 METHOD, path, ?query, header X-Word and body
 *     /status/N    status N without a body
 *     /bytes/N     N bytes 'x'
 *     /to/PLACE    302 to PLACE as it stands there, percent-decoded
 *     /see-other   303 to /echo
 *     /loop        302 to itself
 *     /later       kept until the test answers it
 *     /stream      begun and kept until the test goes on with it
 *     /abort       the connection is cut without an answer
 *     /half        a stream that is cut after "half"
 *     /headers/N   N header fields
 */

#include "net/http_client.h"
#include "net/http_server.h"
#include "tests/unit/net/contract.h"

#define SITE_MAX_BODY 1000
#define SITE_KEPT_MAX 128

struct site {
    const struct contract_world *world;
    struct dm_http_server *server;
    struct dm_endpoint endpoint;
    struct dm_http_call *kept[SITE_KEPT_MAX]; ///< /later and /stream
    int n_kept;
    int n_requests;
    int n_closed;
    int n_complete;
    int n_writable;
    bool has_kept;          ///< n_kept is not 0
    bool has_closed;        ///< n_closed equals n_requests, and is not 0
    bool is_writable;       ///< on_writable came
    enum dm_http_peer peer; ///< Of the last request
    uint16_t client_port;   ///< The same
};

void site_open(struct site *site, const struct contract_world *world,
               const struct dm_endpoint *endpoint);

/// The same with other options than site_listen() gives.
void site_open_as(struct site *site, const struct contract_world *world,
                  const struct dm_http_listen *listen);
void site_close(struct site *site);

/// The listening options that site_open() uses.
struct dm_http_listen site_listen(const struct dm_endpoint *endpoint);

/// "http://127.0.0.1:PORT" and `path`; at most 256 bytes, NUL-terminated.
void site_url(const struct site *site, const char *path, char url[256]);

/// Answer a kept call with 200 and `body`.
void site_answer(struct site *site, int i, const char *body);

/// What a completion said, copied
struct answer {
    bool is_done;
    struct dm_net_outcome outcome;
    unsigned status;
    unsigned version;
    char body[4096]; ///< NUL-terminated, the first bytes
    int64_t n_body;
    bool is_body_cut;
    int64_t body_bytes;
    char site_header[16];
    struct dm_http_times times;
    struct dm_http_certificate certificate;
    unsigned n_redirects;
    char url[256];
};

/// A dm_http_done_fn; the context is a struct answer.
void answer_take(void *context, const struct dm_http_response *response);

/// The defaults of the requests here: 20 s, 64 KiB.
struct dm_http_request_spec answer_spec(const char *url);

/// Start and wait for the end.
void answer_get(const struct contract_world *world,
                const struct dm_http_request_spec *spec, struct answer *answer);

#endif // DM_TESTS_UNIT_NET_SITE_H
