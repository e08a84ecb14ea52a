// SPDX-License-Identifier: ISC

#ifndef DM_NET_IDENTITY_H
#define DM_NET_IDENTITY_H

/**
 * @file
 * Who a server is in TLS: a P-256 key, a certificate that the key signed
 * itself, and the pin that others know it by.
 *
 *     32 secret bytes --> private key --> public key --> pin
 *                              \              |
 *                               +---- self-signed certificate
 *
 * All of it follows from what is handed in: the same secret, name and times
 * give the same bytes, on every machine and at any time. So a node that gets
 * its seed back keeps its pin. The private key is the secret itself as a
 * number, big-endian; where that is no key (0, or not below the order of the
 * group: once in 2^32), SHA-256 of it is tried, and so on. The signature's
 * nonce is that of RFC 6979, the serial number comes from the pin.
 *
 * A pin is the SHA-256 of the SubjectPublicKeyInfo; its text is "sha256//" and
 * base64, as curl has it.
 *
 * Threads: any. Cost: below 1 ms. Secrets are wiped.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "net/http.h"
#include "net/http_server.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_IDENTITY_SECRET_BYTES 32

/// "sha256//", 44 characters and NUL
#define DM_PIN_SIZE 53

struct dm_identity_spec {
    const uint8_t *secret; ///< DM_IDENTITY_SECRET_BYTES
    struct dm_str name;    ///< A host name of at most 63 characters
    int64_t not_before_ms; ///< Unix ms, a whole second of the years 1950…9999
    int64_t not_after_ms;  ///< Likewise
};

struct dm_identity {
    char *DM_NULLABLE certificate_pem; ///< Both are there once it is made
    char *DM_NULLABLE key_pem;         ///< PKCS #8
    uint8_t pin[DM_KEY_HASH_SIZE];
};

/// @return DM_ERR_ARGUMENT (name or times are not as said), DM_ERR_NO_MEMORY.
enum dm_status dm_identity_make(const struct dm_identity_spec *spec,
                                struct dm_identity *ret) DM_NODISCARD;

/// Wipe and release. Of a zeroed one: nothing.
void dm_identity_done(struct dm_identity *identity);

/// As dm_http_listen.identity wants it; views.
struct dm_http_identity dm_identity_served(const struct dm_identity *identity);

/// What the first certificate of a PEM text shows: its dates and its pin.
/// @return DM_ERR_SYNTAX; DM_ERR_NO_MEMORY.
enum dm_status dm_identity_read(struct dm_str certificate_pem,
                                struct dm_http_certificate *ret) DM_NODISCARD;

void dm_pin_format(const uint8_t pin[DM_KEY_HASH_SIZE], char text[DM_PIN_SIZE]);
/// @return Whether it is a pin; only the spelling of dm_pin_format() is one.
bool dm_pin_parse(struct dm_str text, uint8_t pin[DM_KEY_HASH_SIZE])
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_NET_IDENTITY_H
