// SPDX-License-Identifier: ISC

#ifndef DM_NET_TLS_PRIVATE_H
#define DM_NET_TLS_PRIVATE_H

/**
 * @file
 * What OpenSSL is asked to do in a handshake that libcurl drives.
 *
 * The certificate is read before it is judged, so its dates are known when it
 * is refused too. Root certificates are parsed once for each file and shared by
 * all connections; a file that has changed is read anew.
 *
 * Threads: loop.
 */

#include "base/attr.h"
#include "base/status.h"
#include "net/http_transport.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

/// What a handshake showed, and who judges it
struct dm_tls_peer {
    struct dm_http_certificate certificate;
    bool is_insecure;                             ///< Accept anything
    dm_http_accept_key_fn DM_NULLABLE accept_key; ///< Judges alone
    void *DM_NULLABLE context;                    ///< Of accept_key
    bool is_refused;
    char reason[128]; ///< Of the refusal
};

/// Files of root certificates that are kept at once
#define DM_TLS_ROOTS_MAX 8

struct dm_tls_roots;

/// @param bundle The file that stands for "".
struct dm_tls_roots *DM_NULLABLE dm_tls_roots_new(const char *bundle);
void dm_tls_roots_free(struct dm_tls_roots *DM_NULLABLE roots);

/// Set up `ssl_ctx` (an SSL_CTX of one connection) to trust what `ca_file`
/// holds, and to report to `peer`, which outlives the connection's handshake.
/// @param ca_file NUL-terminated; "" is the system's.
/// @return DM_ERR_NOT_FOUND (no certificates there), DM_ERR_NO_MEMORY.
enum dm_status dm_tls_prepare(struct dm_tls_roots *roots, const char *ca_file,
                              int64_t now_ns, void *ssl_ctx,
                              struct dm_tls_peer *peer) DM_NODISCARD;

/// What an X509 shows of itself. @return Whether it can be read.
bool dm_tls_read(const void *x509, struct dm_http_certificate *ret)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_NET_TLS_PRIVATE_H
