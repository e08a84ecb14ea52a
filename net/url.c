// SPDX-License-Identifier: ISC

#include "net/url.h"

#include "base/buf.h"
#include "base/error.h"
#include "net/address.h"

#include <assert.h>
#include <string.h>

#define HTTP_PORT 80
#define HTTPS_PORT 443

// Any byte of a set in the first `n` of `text`, else n
static size_t
find_any(struct dm_str text, const char *set)
{
    for (size_t i = 0; i < text.n; ++i) {
        if (text.data[i] && strchr(set, text.data[i])) {
            return i;
        }
    }
    return text.n;
}

static bool
is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// [RFC 3986, 2.3] unreserved
static bool
is_unreserved(char c)
{
    return is_alpha(c) || is_digit(c) || (c && strchr("-._~", c));
}

static bool
is_host_byte(char c)
{
    return is_unreserved(c) || (c && strchr("%!$&'()*+,;=", c));
}

static enum dm_status
check_name(struct dm_str host, struct dm_error *error)
{
    if (!host.n) {
        return dm_error_set(error, DM_ERR_SYNTAX, "the host is missing");
    }
    if (host.n > DM_HOST_MAX) {
        return dm_error_set(error, DM_ERR_LIMIT,
                            "the host name is longer than "
                            "253 bytes");
    }
    for (size_t i = 0; i < host.n; ++i) {
        if ((unsigned char)host.data[i] >= 0x80) {
            (void)dm_error_set(error, DM_ERR_UNSUPPORTED,
                               "the host name is not in ASCII");
            dm_error_hint(error, "Write it in the form that begins with xn--");
            return DM_ERR_UNSUPPORTED;
        }
        if (!is_host_byte(host.data[i])) {
            return dm_error_set(error, DM_ERR_SYNTAX,
                                "the host name holds a character that it may "
                                "not hold");
        }
    }
    return DM_OK;
}

static enum dm_status
check_ip6(struct dm_str host, struct dm_error *error)
{
    struct dm_address address;
    if (!dm_address_parse(host, &address) || address.family != DM_FAMILY_6) {
        return dm_error_set(error, DM_ERR_SYNTAX,
                            "what is in brackets is no IPv6 address");
    }
    return DM_OK;
}

static enum dm_status
parse_port(struct dm_str text, uint16_t *ret, struct dm_error *error)
{
    uint64_t port = 0;
    if (!dm_str_to_uint(text, UINT16_MAX, &port) || !port) {
        return dm_error_set(error, DM_ERR_SYNTAX,
                            "the port is not a number from 1 to 65535");
    }
    *ret = (uint16_t)port;
    return DM_OK;
}

struct host_port {
    struct dm_str host;
    bool is_ip6;
    struct dm_str port; // "" where there is none
    bool has_colon;
};

// host [ ":" port ], host being a name, an IPv4 address or "[" IPv6 "]"
static enum dm_status
split_host(struct dm_str text, struct host_port *ret, struct dm_error *error)
{
    struct host_port parts = {.host = text};
    size_t end = 0;
    if (text.n && text.data[0] == '[') {
        end = find_any(text, "]");
        if (end == text.n) {
            return dm_error_set(error, DM_ERR_SYNTAX,
                                "a ']' is missing after the address");
        }
        parts.host = dm_str_slice(text, 1, end - 1);
        parts.is_ip6 = true;
        ++end;
    } else {
        end = find_any(text, ":");
        parts.host = dm_str_slice(text, 0, end);
    }
    if (end < text.n) {
        if (text.data[end] != ':') {
            return dm_error_set(error, DM_ERR_SYNTAX,
                                "only a port may follow the ']'");
        }
        parts.has_colon = true;
        parts.port = dm_str_slice(text, end + 1, text.n);
    }
    const enum dm_status status = parts.is_ip6 ? check_ip6(parts.host, error)
                                               : check_name(parts.host, error);
    if (!status) {
        *ret = parts;
    }
    return status;
}

static bool
strip_scheme(struct dm_str *text, const char *scheme)
{
    const struct dm_str start = dm_str_slice(*text, 0, strlen(scheme));
    if (!dm_str_equal_nocase(start, dm_str(scheme))) {
        return false;
    }
    *text = dm_str_slice(*text, start.n, text->n);
    return true;
}

static enum dm_status
check_bytes(struct dm_str text, struct dm_error *error)
{
    if (text.n > DM_URL_MAX) {
        return dm_error_set(error, DM_ERR_LIMIT,
                            "the URL is longer than %d bytes", DM_URL_MAX);
    }
    for (size_t i = 0; i < text.n; ++i) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c == 0x7F) {
            return dm_error_set(error, DM_ERR_SYNTAX,
                                "the URL holds a space or control character");
        }
    }
    return DM_OK;
}

// "//" [ userinfo "@" ] host [ ":" port ], without the "//"
static enum dm_status
parse_authority(struct dm_str authority, struct dm_url *url,
                struct dm_error *error)
{
    for (size_t i = authority.n; i > 0; --i) { // The last '@' ends userinfo
        if (authority.data[i - 1] == '@') {
            url->userinfo = dm_str_slice(authority, 0, i - 1);
            authority = dm_str_slice(authority, i, authority.n);
            break;
        }
    }
    struct host_port parts = {0};
    const enum dm_status status = split_host(authority, &parts, error);
    if (status) {
        return status;
    }
    url->host = parts.host;
    url->is_ip6 = parts.is_ip6;
    url->port = url->is_https ? HTTPS_PORT : HTTP_PORT;
    return parts.port.n ? parse_port(parts.port, &url->port, error) : DM_OK;
}

enum dm_status
dm_url_parse(struct dm_str text, struct dm_url *ret, struct dm_error *error)
{
    struct dm_url url = {0};
    enum dm_status status = check_bytes(text, error);
    if (status) {
        return status;
    }
    url.is_https = strip_scheme(&text, "https://");
    if (!url.is_https && !strip_scheme(&text, "http://")) {
        return dm_error_set(error, DM_ERR_UNSUPPORTED,
                            "the URL does not begin with http:// or https://");
    }
    text = dm_str_slice(text, 0, find_any(text, "#"));
    const size_t end = find_any(text, "/?");
    status = parse_authority(dm_str_slice(text, 0, end), &url, error);
    if (status) {
        return status;
    }
    text = dm_str_slice(text, end, text.n);
    const size_t question = find_any(text, "?");
    url.path = dm_str_slice(text, 0, question);
    url.query = dm_str_slice(text, question + 1, text.n);
    *ret = url;
    return DM_OK;
}

static bool
has_default_port(const struct dm_url *url)
{
    return url->port == (url->is_https ? HTTPS_PORT : HTTP_PORT);
}

enum dm_status
dm_url_format_host(const struct dm_url *url, struct dm_buf *buf)
{
    (void)dm_buf_puts(buf, url->is_ip6 ? "[" : "");
    (void)dm_buf_put_str(buf, url->host);
    (void)dm_buf_puts(buf, url->is_ip6 ? "]" : "");
    if (!has_default_port(url)) {
        (void)dm_buf_printf(buf, ":%u", (unsigned)url->port);
    }
    return buf->status;
}

enum dm_status
dm_url_format(const struct dm_url *url, struct dm_buf *buf)
{
    (void)dm_buf_puts(buf, url->is_https ? "https://" : "http://");
    (void)dm_url_format_host(url, buf);
    (void)dm_buf_put_str(buf, url->path.n ? url->path : dm_str("/"));
    if (url->query.n) {
        (void)dm_buf_putc(buf, '?');
        (void)dm_buf_put_str(buf, url->query);
    }
    return buf->status;
}

bool
dm_url_same_origin(const struct dm_url *a, const struct dm_url *b)
{
    return a->is_https == b->is_https && a->port == b->port &&
           dm_str_equal_nocase(a->host, b->host);
}

// Remove the last segment of what follows `start` in `buf`, with its '/'
static void
drop_segment(struct dm_buf *buf, size_t start)
{
    while (buf->n > start && buf->data[buf->n - 1] != '/') {
        --buf->n;
    }
    if (buf->n > start) {
        --buf->n;
    }
    if (buf->data) {
        buf->data[buf->n] = '\0';
    }
}

// [RFC 3986, 5.2.4] append `path`, which begins with '/', without its dots
static void
put_without_dots(struct dm_str path, struct dm_buf *buf)
{
    const size_t start = buf->n;
    while (path.n) {
        const struct dm_str rest = dm_str_slice(path, 1, path.n);
        const size_t end = find_any(rest, "/");
        const struct dm_str segment = dm_str_slice(rest, 0, end);
        path = dm_str_slice(rest, end, rest.n);
        const bool is_last = !path.n;
        if (dm_str_is(segment, "..")) {
            drop_segment(buf, start);
        } else if (!dm_str_is(segment, ".")) {
            (void)dm_buf_putc(buf, '/');
            (void)dm_buf_put_str(buf, segment);
            continue;
        }
        if (is_last) {
            (void)dm_buf_putc(buf, '/');
        }
    }
}

// Append the path of `base` up to its last '/', then `path`, to `merged`
static void
merge_paths(struct dm_str base, struct dm_str path, struct dm_buf *merged)
{
    size_t keep = base.n;
    while (keep > 0 && base.data[keep - 1] != '/') {
        --keep;
    }
    (void)dm_buf_put_str(merged,
                         keep ? dm_str_slice(base, 0, keep) : dm_str("/"));
    (void)dm_buf_put_str(merged, path);
}

// A reference without scheme and authority
static enum dm_status
resolve_path(const struct dm_url *base, struct dm_str reference,
             struct dm_buf *buf)
{
    const size_t question = find_any(reference, "?");
    const struct dm_str path = dm_str_slice(reference, 0, question);
    const struct dm_str query =
        question < reference.n
            ? dm_str_slice(reference, question + 1, reference.n)
            : dm_str_n("", 0);
    struct dm_buf merged;
    dm_buf_init(&merged, (size_t)2 * DM_URL_MAX);
    if (!path.n) {
        (void)dm_buf_put_str(&merged, base->path.n ? base->path : dm_str("/"));
    } else if (path.data[0] == '/') {
        (void)dm_buf_put_str(&merged, path);
    } else {
        merge_paths(base->path, path, &merged);
    }
    enum dm_status status = merged.status;
    if (!status) {
        const struct dm_url site = {
            .is_https = base->is_https,
            .is_ip6 = base->is_ip6,
            .port = base->port,
            .host = base->host,
        };
        if (!dm_url_format(&site, buf)) {
            --buf->n; // Its '/'
        }
        put_without_dots(dm_buf_str(&merged), buf);
        const struct dm_str kept =
            !path.n && question == reference.n ? base->query : query;
        if (kept.n) {
            (void)dm_buf_putc(buf, '?');
            (void)dm_buf_put_str(buf, kept);
        }
        status = buf->status;
    }
    dm_buf_done(&merged);
    return status;
}

// Whether `text` begins with a scheme: a letter, then letters, digits, "+-."
static bool
has_scheme(struct dm_str text)
{
    const size_t colon = find_any(text, ":/?");
    if (!colon || colon == text.n || text.data[colon] != ':' ||
        !is_alpha(text.data[0])) {
        return false;
    }
    for (size_t i = 1; i < colon; ++i) {
        const char c = text.data[i];
        if (!is_alpha(c) && !is_digit(c) && !strchr("+-.", c)) {
            return false;
        }
    }
    return true;
}

static enum dm_status
append_parsed(struct dm_str text, struct dm_buf *buf)
{
    struct dm_url url;
    const enum dm_status status = dm_url_parse(text, &url, NULL);
    if (status) {
        return status;
    }
    return dm_buf_put_str(buf, dm_str_slice(text, 0, find_any(text, "#")));
}

enum dm_status
dm_url_resolve(const struct dm_url *base, struct dm_str reference,
               struct dm_buf *buf)
{
    const enum dm_status status = check_bytes(reference, NULL);
    if (status) {
        return status;
    }
    if (has_scheme(reference)) {
        return append_parsed(reference, buf);
    }
    const struct dm_str slashes = DM_STR("//");
    if (!dm_str_starts(reference, slashes)) {
        return resolve_path(
            base, dm_str_slice(reference, 0, find_any(reference, "#")), buf);
    }
    struct dm_buf whole;
    dm_buf_init(&whole, (size_t)2 * DM_URL_MAX);
    (void)dm_buf_puts(&whole, base->is_https ? "https:" : "http:");
    (void)dm_buf_put_str(&whole, reference);
    const enum dm_status result =
        whole.status ? whole.status : append_parsed(dm_buf_str(&whole), buf);
    dm_buf_done(&whole);
    return result;
}

enum dm_status
dm_target_parse(struct dm_str text, uint16_t default_port,
                struct dm_target *ret, struct dm_error *error)
{
    struct dm_target place = {0};
    const struct dm_str unix_prefix = DM_STR("unix:");
    if (dm_str_starts(text, unix_prefix)) {
        place.is_unix = true;
        place.path = dm_str_slice(text, unix_prefix.n, text.n);
        struct dm_endpoint endpoint;
        if (!place.path.n) {
            return dm_error_set(error, DM_ERR_SYNTAX,
                                "a path is missing after unix:");
        }
        if (!dm_endpoint_unix(place.path, &endpoint)) {
            return dm_error_set(
                error, DM_ERR_LIMIT,
                "the path of the socket is longer than %d bytes",
                DM_UNIX_PATH_MAX);
        }
        *ret = place;
        return DM_OK;
    }
    struct host_port parts = {0};
    enum dm_status status = split_host(text, &parts, error);
    if (status) {
        return status;
    }
    place.host = parts.host;
    place.is_ip6 = parts.is_ip6;
    place.port = default_port;
    if (parts.has_colon) {
        status = parse_port(parts.port, &place.port, error);
    } else if (!default_port) {
        status = dm_error_set(error, DM_ERR_SYNTAX, "the port is missing");
        dm_error_hint(error, "Write it as HOST:PORT or [IPV6]:PORT");
    }
    if (!status) {
        *ret = place;
    }
    return status;
}

static int
hex_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum dm_status
dm_percent_decode(struct dm_str text, bool plus_is_space, struct dm_buf *buf)
{
    for (size_t i = 0; i < text.n && !buf->status; ++i) {
        const char c = text.data[i];
        if (c == '+' && plus_is_space) {
            (void)dm_buf_putc(buf, ' ');
        } else if (c != '%') {
            (void)dm_buf_putc(buf, c);
        } else {
            const int high = i + 2 < text.n ? hex_value(text.data[i + 1]) : -1;
            const int low = i + 2 < text.n ? hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return DM_ERR_SYNTAX;
            }
            (void)dm_buf_putc(buf, (char)(unsigned char)(high * 16 + low));
            i += 2;
        }
    }
    return buf->status;
}

enum dm_status
dm_percent_encode(struct dm_str text, struct dm_buf *buf)
{
    for (size_t i = 0; i < text.n && !buf->status; ++i) {
        if (is_unreserved(text.data[i])) {
            (void)dm_buf_putc(buf, text.data[i]);
        } else {
            (void)dm_buf_printf(buf, "%%%02X", (unsigned char)text.data[i]);
        }
    }
    return buf->status;
}

bool
dm_form_next(struct dm_str *rest, struct dm_str *ret_name,
             struct dm_str *ret_value)
{
    while (rest->n) {
        const size_t end = find_any(*rest, "&");
        const struct dm_str pair = dm_str_slice(*rest, 0, end);
        *rest = dm_str_slice(*rest, end + 1, rest->n);
        if (!pair.n) {
            continue;
        }
        const size_t equals = find_any(pair, "=");
        *ret_name = dm_str_slice(pair, 0, equals);
        *ret_value = dm_str_slice(pair, equals + 1, pair.n);
        return true;
    }
    return false;
}

// Whether `encoded` decodes to `name`
static bool
decodes_to(struct dm_str encoded, const char *name)
{
    const size_t n = strlen(name);
    size_t at = 0;
    for (size_t i = 0; i < encoded.n; ++i, ++at) {
        char c = encoded.data[i];
        if (c == '%' && i + 2 < encoded.n) {
            const int high = hex_value(encoded.data[i + 1]);
            const int low = hex_value(encoded.data[i + 2]);
            c = high < 0 || low < 0 ? '\0' : (char)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (at == n || c != name[at]) {
            return false;
        }
    }
    return at == n;
}

enum dm_status
dm_form_get(struct dm_str form, const char *name, struct dm_buf *buf)
{
    struct dm_str pair_name = {0};
    struct dm_str value = {0};
    while (dm_form_next(&form, &pair_name, &value)) {
        if (decodes_to(pair_name, name)) {
            return dm_percent_decode(value, true, buf);
        }
    }
    return DM_ERR_NOT_FOUND;
}
