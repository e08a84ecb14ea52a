// SPDX-License-Identifier: ISC

#ifndef DM_SIM_NETWORK_H
#define DM_SIM_NETWORK_H

/**
 * @file
 * What the machines of a world are connected by, and who else is on it.
 *
 *     network ── hosts: a name, an address, how well they are reached
 *                 ├ scripted ones, with a service at a port
 *                 └ machines, whose own servers listen (sim/net.h)
 *
 * A packet takes a host's latency, drawn anew for each; what goes one way on a
 * connection stays in order. A host may refuse, be silent, be unreachable or
 * not resolve; a service may answer anything, late, slowly, cut at any byte or
 * never. All of it may change while things are under way: what counts is how it
 * is when a packet arrives. Between two hosts there is a way that can be cut,
 * loses packets or resets connections. 127.0.0.1 is the asking machine's own:
 * its servers first, then a scripted host of that address, which every machine
 * sees.
 *
 * Threads: one. Memory: at most DM_SIM_HOSTS_MAX hosts.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"
#include "net/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_machine;
struct dm_sim_network;
struct dm_sim_world;

#define DM_SIM_HOSTS_MAX 4096
/// Most bytes of a scripted answer
#define DM_SIM_ANSWER_MAX ((size_t)16 << 20)
#define DM_SIM_ANSWER_HEADERS 8

enum dm_sim_reach {
    DM_SIM_REACH_UP,
    DM_SIM_REACH_REFUSES,     ///< Every port says no
    DM_SIM_REACH_SILENT,      ///< Packets are dropped
    DM_SIM_REACH_UNREACHABLE, ///< A router says so
};

/// How a host is reached; may be changed at any time
struct dm_sim_link {
    enum dm_sim_reach reach;
    bool is_unknown;    ///< Its name does not resolve
    bool is_dns_silent; ///< The question for it is never answered
    int64_t latency_ns; ///< One way, at least 0
    int64_t jitter_ns;  ///< On top of it, at most
};

struct dm_sim_host;

/// What is between two hosts, beside the link of the one that is reached; may
/// be changed at any time. Zeroed: nothing
struct dm_sim_way {
    /// Packets are dropped: connections hang until it is open again or their
    /// time is over
    bool is_cut;
    uint32_t lost_millionth;  ///< Chance that a part of an answer is sent anew
    uint32_t reset_millionth; ///< Chance that a connection is reset at a part,
                              ///< at any byte of it
};

/// A request as a scripted service sees it; views for the length of the call
struct dm_sim_request {
    struct dm_str method;
    struct dm_str target; ///< Path and query
    const struct dm_http_header *DM_NULLABLE headers;
    size_t n_headers;
    struct dm_str body;
    struct dm_sim_machine *from;
};

/// What it answers; set up as 200, nothing more, at once
struct dm_sim_response {
    unsigned status; ///< 0: takes the request and never answers
    struct dm_http_header headers[DM_SIM_ANSWER_HEADERS]; ///< Copied
    size_t n_headers;
    struct dm_buf body;        ///< Released by the network
    int64_t delay_ns;          ///< Before the first byte
    uint64_t bytes_per_second; ///< 0: as fast as can be
    size_t cut_after; ///< Bytes of the whole answer, then it is reset; SIZE_MAX
};

/// Called when a request arrives; may change the world, not call into a node.
typedef void (*dm_sim_serve_fn)(void *DM_NULLABLE context,
                                const struct dm_sim_request *request,
                                struct dm_sim_response *response);

/// The TLS of a service
struct dm_sim_tls {
    struct dm_http_certificate certificate;
    /// What a client that verifies says of it: DM_NET_OK, DM_NET_CERTIFICATE or
    /// DM_NET_TLS (the handshake fails whoever asks)
    enum dm_net_failure verdict;
    const char *reason; ///< Of the verdict
};

/// @return NULL when out of memory.
struct dm_sim_network *DM_NULLABLE
dm_sim_network_new(struct dm_sim_world *world) DM_NODISCARD;
/// The networks of all machines were freed.
void dm_sim_network_free(struct dm_sim_network *DM_NULLABLE network);

struct dm_sim_world *dm_sim_network_world(const struct dm_sim_network *network);

/// Put a host on the network: UP, half a millisecond away.
/// @param name "" for none; copied. Not yet there.
/// @param address IPv4 or IPv6; not yet there.
/// @return DM_ERR_ARGUMENT, DM_ERR_EXISTS, DM_ERR_LIMIT, DM_ERR_NO_MEMORY.
enum dm_status dm_sim_network_add(struct dm_sim_network *network,
                                  const char *name, const char *address,
                                  struct dm_sim_host **ret) DM_NODISCARD;

struct dm_sim_link *dm_sim_host_link(struct dm_sim_host *host);
const char *dm_sim_host_name(const struct dm_sim_host *host);

/// The way between two hosts, either direction; made where absent.
/// @return NULL when out of memory.
struct dm_sim_way *DM_NULLABLE
dm_sim_network_way(struct dm_sim_network *network, const struct dm_sim_host *a,
                   const struct dm_sim_host *b) DM_NODISCARD;

/// Let `serve` answer at `port`, in place of what did.
/// @param tls Copied; NULL: plain.
enum dm_status dm_sim_host_serve(struct dm_sim_host *host, uint16_t port,
                                 const struct dm_sim_tls *DM_NULLABLE tls,
                                 dm_sim_serve_fn serve,
                                 void *DM_NULLABLE context) DM_NODISCARD;
/// The port refuses from now on.
void dm_sim_host_close(struct dm_sim_host *host, uint16_t port);

/// What a port says that does not speak HTTP. Called when a connection is open
/// (`received` is empty) and for bytes as they arrive.
/// @param reply Sent back.
/// @param ends Set to close the connection after it.
typedef void (*dm_sim_talk_fn)(void *DM_NULLABLE context,
                               struct dm_str received, struct dm_buf *reply,
                               bool *ends);
enum dm_status dm_sim_host_talk(struct dm_sim_host *host, uint16_t port,
                                dm_sim_talk_fn talk, void *DM_NULLABLE context)
    DM_NODISCARD;

/// A service that always does the same, as the context of dm_sim_site_serve();
/// zeroed it answers 200 with nothing
struct dm_sim_site {
    unsigned status; ///< 0: 200
    const char *DM_NULLABLE content_type;
    const char *DM_NULLABLE location; ///< Of a redirect
    const char *DM_NULLABLE body;
    int64_t delay_ns;
    uint64_t bytes_per_second;
    size_t cut_after;    ///< 0: not cut
    bool hangs;          ///< Never answers
    unsigned n_ok;       ///< Flapping: so many good answers, then
    unsigned n_bad;      ///< so many with 503, and again; 0: none
    uint64_t n_requests; ///< So far
};
void dm_sim_site_serve(void *DM_NULLABLE context,
                       const struct dm_sim_request *request,
                       struct dm_sim_response *response);

DM_END_DECLS

#endif // DM_SIM_NETWORK_H
