// SPDX-License-Identifier: ISC

#ifndef DM_NET_ADDRESS_H
#define DM_NET_ADDRESS_H

/**
 * @file
 * An IP address, and a place to which one can connect.
 *
 * Values without owners. An endpoint is what a name became: an address and a
 * port, or the path of a unix socket. Names are in net/url.h, and
 * net/resolver.h makes addresses of them.
 *
 * Threads: pure functions. No allocation.
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// Which addresses are wanted
enum dm_family {
    DM_FAMILY_ANY = 0,
    DM_FAMILY_4 = 4,
    DM_FAMILY_6 = 6,
};

struct dm_address {
    enum dm_family family; ///< 4 or 6
    uint8_t bytes[16];     ///< Network order; IPv4 in the first 4, then zeros
    uint32_t scope;        ///< Interface of a link-local IPv6 address, else 0
};

/// "ffff:…:255.255.255.255%4294967295" and NUL
#define DM_ADDRESS_SIZE 64

/// Most bytes of the path of a unix socket
#define DM_UNIX_PATH_MAX 107

enum dm_endpoint_kind {
    DM_ENDPOINT_IP,
    DM_ENDPOINT_UNIX,
};

struct dm_endpoint {
    enum dm_endpoint_kind kind;
    struct dm_address address;       ///< IP: where
    uint16_t port;                   ///< IP: 0 only where one listens
    char path[DM_UNIX_PATH_MAX + 1]; ///< Unix: NUL-terminated, not empty
};

/// "[ADDRESS]:PORT" or "unix:PATH" and NUL
#define DM_ENDPOINT_SIZE (DM_UNIX_PATH_MAX + 6)

/// An IPv4 address in dotted decimal or an IPv6 address without brackets, with
/// "%NUMBER" for its interface.
/// @return Whether `text` is one; `*ret` is set only then.
bool dm_address_parse(struct dm_str text, struct dm_address *ret) DM_NODISCARD;

/// The canonical text (RFC 5952), without brackets.
void dm_address_format(const struct dm_address *address,
                       char text[DM_ADDRESS_SIZE]);

bool dm_address_equal(const struct dm_address *a, const struct dm_address *b);

/// 127.0.0.0/8, ::1, and the former as an IPv4-mapped IPv6 address
bool dm_address_is_loopback(const struct dm_address *address);

/// 169.254.0.0/16, fe80::/10: of one link, and no name for others
bool dm_address_is_link_local(const struct dm_address *address);

/// 0.0.0.0, ::, and the former as an IPv4-mapped IPv6 address: to listen on all
bool dm_address_is_any(const struct dm_address *address);

/// Whether the Internet may know it: not of a private network (RFC 1918, RFC
/// 6598, RFC 4193), nor any of the above
bool dm_address_is_public(const struct dm_address *address);

struct dm_endpoint dm_endpoint_ip(const struct dm_address *address,
                                  uint16_t port);

/// @return Whether `path` fits and holds no NUL; `*ret` is set only then.
bool dm_endpoint_unix(struct dm_str path, struct dm_endpoint *ret) DM_NODISCARD;

/// "127.0.0.1:80", "[::1]:80", "unix:/run/x"
void dm_endpoint_format(const struct dm_endpoint *endpoint,
                        char text[DM_ENDPOINT_SIZE]);

DM_END_DECLS

#endif // DM_NET_ADDRESS_H
