// SPDX-License-Identifier: ISC

#ifndef DM_NET_URL_H
#define DM_NET_URL_H

/**
 * @file
 * Web addresses and host names, as RFC 3986 writes them.
 *
 *     https://user:pw@[2001:db8::7]:3224/a/b?q=1#f
 *     scheme  userinfo host         port path query  (the fragment is dropped)
 *
 * What a parser gives back are views into its text. Host names are ASCII; one
 * with other letters is refused with the hint to write it as xn--… .
 *
 * Threads: pure functions. Cost: O(length). The only memory is what is appended
 * to a caller's buffer, whose maximum is the limit.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;
struct dm_error;

/// Most bytes of a URL
#define DM_URL_MAX 8192
/// Most bytes of a host name
#define DM_HOST_MAX 253

struct dm_url {
    bool is_https;          ///< Else http
    bool is_ip6;            ///< `host` was in brackets (which are cut)
    uint16_t port;          ///< 80 or 443 where the text has none
    struct dm_str userinfo; ///< As written, without '@'; "" where there is none
    struct dm_str host;     ///< As written, not empty
    struct dm_str path;     ///< From its '/' on; "" stands for "/"
    struct dm_str query;    ///< Without '?'; "" also where there is none
};

/// An absolute http or https URL.
/// @return DM_ERR_SYNTAX, DM_ERR_UNSUPPORTED (another scheme, host not ASCII),
///         DM_ERR_LIMIT.
enum dm_status dm_url_parse(struct dm_str text, struct dm_url *ret,
                            struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Append the URL without userinfo, with its port only where that is not the
/// scheme's: what may be shown and sent.
enum dm_status dm_url_format(const struct dm_url *url, struct dm_buf *buf);

/// Append "HOST", "HOST:PORT", "[V6]:PORT": the value of a Host header.
enum dm_status dm_url_format_host(const struct dm_url *url, struct dm_buf *buf);

/// Append what `reference` (a Location header) means at `base`: RFC 3986
/// section 5.2, dot segments removed, userinfo of the base not inherited.
/// @return DM_ERR_SYNTAX, DM_ERR_UNSUPPORTED, DM_ERR_LIMIT, DM_ERR_NO_MEMORY.
enum dm_status dm_url_resolve(const struct dm_url *base,
                              struct dm_str reference, struct dm_buf *buf)
    DM_NODISCARD;

/// Whether scheme, host and port are the same: credentials may go along.
bool dm_url_same_origin(const struct dm_url *a, const struct dm_url *b);

/// What a person writes for a place: HOST:PORT, [V6]:PORT or unix:PATH
struct dm_target {
    bool is_unix;
    bool is_ip6;        ///< `host` was in brackets
    uint16_t port;      ///< 1 to 65535, 0 for a unix socket
    struct dm_str host; ///< "" for a unix socket
    struct dm_str path; ///< Of the unix socket, at most DM_UNIX_PATH_MAX bytes
};

/// @param default_port For a text without a port; 0: the port is required.
/// @return DM_ERR_SYNTAX, DM_ERR_LIMIT.
enum dm_status dm_target_parse(struct dm_str text, uint16_t default_port,
                               struct dm_target *ret,
                               struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Append `text` with every %XX decoded and, where `plus_is_space`, '+' as a
/// space. @return DM_ERR_SYNTAX for '%' without two hex digits.
enum dm_status dm_percent_decode(struct dm_str text, bool plus_is_space,
                                 struct dm_buf *buf) DM_NODISCARD;

/// Append `text` with all but unreserved characters (A-Z a-z 0-9 - . _ ~)
/// as %XX.
enum dm_status dm_percent_encode(struct dm_str text, struct dm_buf *buf);

/// Take the next "name=value" off `*rest`, a query string or form body. Both
/// are still encoded; a pair without '=' has the value "".
/// @return Whether there was one.
bool dm_form_next(struct dm_str *rest, struct dm_str *ret_name,
                  struct dm_str *ret_value) DM_NODISCARD;

/// Append the decoded value of the first pair whose decoded name is `name`.
/// @return DM_ERR_NOT_FOUND; DM_ERR_SYNTAX, DM_ERR_LIMIT, DM_ERR_NO_MEMORY.
enum dm_status dm_form_get(struct dm_str form, const char *name,
                           struct dm_buf *buf) DM_NODISCARD;

DM_END_DECLS

#endif // DM_NET_URL_H
