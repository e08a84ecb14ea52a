// SPDX-License-Identifier: ISC

#ifndef DM_NET_HTTP_H
#define DM_NET_HTTP_H

/**
 * @file
 * The words of HTTP that client and server share: header fields, how TLS is to
 * be done, and a reply with its times.
 *
 *     |- resolve -|- connect -|- tls -|- wait -|- transfer -|
 *     start                           sent     first byte   last byte
 *
 * Values; views unless said otherwise. Time: ns of the monotonic clock.
 */

#include "base/attr.h"
#include "base/str.h"
#include "net/address.h"
#include "net/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// Most header fields of one message, and most bytes of all of them
#define DM_HTTP_HEADERS_MAX 128
#define DM_HTTP_HEADER_BYTES_MAX 32768

/// Bytes of a SHA-256
#define DM_KEY_HASH_SIZE 32

struct dm_http_header {
    struct dm_str name;  ///< A token, not empty
    struct dm_str value; ///< Without line ends and space around it
};

/// The value of the first field called `name` (any case), or a view of NULL.
struct dm_str
dm_http_header_get(const struct dm_http_header *DM_NULLABLE headers, size_t n,
                   const char *name);

/// Whether name and value may be sent: a token, no control characters.
bool dm_http_header_is_valid(const struct dm_http_header *header);

/// Whether the media type of a Content-Type `value` is `type` (any case),
/// whatever parameters follow it.
bool dm_http_type_is(struct dm_str value, const char *type);

/// The standard phrase of a status, "" where it is unknown.
const char *dm_http_reason(unsigned status);

/// How to make sure of the other side. Zeroed: verify against the system's
/// roots, the name being that of the URL.
struct dm_http_tls {
    bool is_insecure;              ///< Accept any certificate; it is still read
    bool has_pin;                  ///< Accept `pin` alone, whoever signed it
    uint8_t pin[DM_KEY_HASH_SIZE]; ///< SHA-256 of the SubjectPublicKeyInfo
    struct dm_str server_name; ///< Name asked for and verified; "": the host
    struct dm_str ca_file;     ///< PEM; "": the system's roots
    struct dm_str certificate; ///< Client certificate, a PEM file; "": none
    struct dm_str key;         ///< Its key, a PEM file; "": in the same file
};

/// What the other side showed. Also there when it was refused.
struct dm_http_certificate {
    bool is_known;                      ///< It showed one
    int64_t not_before_ms;              ///< Of the leaf; unix ms
    int64_t not_after_ms;               ///< Earliest of the chain it sent
    uint8_t key_hash[DM_KEY_HASH_SIZE]; ///< Of the leaf, as `pin` above
};

/// How long each phase took, 0 where there was none; added up over redirects.
/// On a failure the phase that failed has its time until then.
struct dm_http_times {
    int64_t resolve_ns;
    int64_t connect_ns;
    int64_t tls_ns;
    int64_t wait_ns;     ///< From the request to the first byte of the answer
    int64_t transfer_ns; ///< From there to the last
    int64_t total_ns;    ///< From the start of all to its completion
};

/// The end of an exchange. Valid during the completion.
struct dm_http_response {
    struct dm_net_outcome outcome; ///< OK: an answer came, whatever its status
    unsigned status;               ///< 100 to 599; 0 where no answer began
    unsigned version;              ///< 10, 11, 20; 0 as above
    const struct dm_http_header *DM_NULLABLE headers;
    size_t n_headers;
    struct dm_str body;  ///< The first bytes, as many as were wanted
    bool is_body_cut;    ///< It was longer; then the rest was not awaited
    uint64_t body_bytes; ///< Of the body that came, kept or not
    bool is_tls;
    struct dm_http_certificate certificate; ///< Of the last connection
    struct dm_http_times times;
    struct dm_endpoint peer; ///< Whom we talked to last
    bool has_peer;
    unsigned n_redirects; ///< How many were followed
    struct dm_str url;    ///< Where the answer is from, without userinfo
};

DM_END_DECLS

#endif // DM_NET_HTTP_H
