// SPDX-License-Identifier: ISC

#include "net/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static_assert(DM_ADDRESS_SIZE >= INET6_ADDRSTRLEN + sizeof("%4294967295"),
              "an address with its scope fits");
static_assert(DM_ENDPOINT_SIZE >= DM_ADDRESS_SIZE + sizeof("[]:65535"),
              "an endpoint fits");

static int
system_family(enum dm_family family)
{
    return family == DM_FAMILY_4 ? AF_INET : AF_INET6;
}

bool
dm_address_parse(struct dm_str text, struct dm_address *ret)
{
    char copy[DM_ADDRESS_SIZE];
    struct dm_address address = {.family = DM_FAMILY_4};
    const struct dm_str percent = DM_STR("%");
    const size_t at = dm_str_find(text, percent);
    if (!text.n || at >= sizeof(copy) || memchr(text.data, '\0', text.n)) {
        return false;
    }
    memcpy(copy, text.data, at);
    copy[at] = '\0';

    if (memchr(text.data, ':', text.n)) {
        address.family = DM_FAMILY_6;
    }
    if (at < text.n) {
        uint64_t scope = 0;
        if (address.family != DM_FAMILY_6 ||
            !dm_str_to_uint(dm_str_slice(text, at + 1, text.n), UINT32_MAX,
                            &scope)) {
            return false;
        }
        address.scope = (uint32_t)scope;
    }
    if (inet_pton(system_family(address.family), copy, address.bytes) != 1) {
        return false;
    }
    *ret = address;
    return true;
}

void
dm_address_format(const struct dm_address *address, char text[DM_ADDRESS_SIZE])
{
    char plain[INET6_ADDRSTRLEN];
    if (!inet_ntop(system_family(address->family), address->bytes, plain,
                   sizeof(plain))) {
        plain[0] = '\0';
    }
    if (address->scope) {
        (void)snprintf(text, DM_ADDRESS_SIZE, "%s%%%" PRIu32, plain,
                       address->scope);
    } else {
        (void)snprintf(text, DM_ADDRESS_SIZE, "%s", plain);
    }
}

bool
dm_address_equal(const struct dm_address *a, const struct dm_address *b)
{
    return a->family == b->family && a->scope == b->scope &&
           !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool
dm_address_is_loopback(const struct dm_address *address)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    if (address->family == DM_FAMILY_4) {
        return address->bytes[0] == 127;
    }
    if (!memcmp(address->bytes, mapped, sizeof(mapped))) {
        return address->bytes[12] == 127;
    }
    return !memcmp(address->bytes, loopback6, sizeof(loopback6));
}

// The four bytes of an IPv4 address, also of one in an IPv6 address; or NULL
static const uint8_t *
bytes_of_4(const struct dm_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    if (address->family == DM_FAMILY_4) {
        return address->bytes;
    }
    return memcmp(address->bytes, mapped, sizeof(mapped)) ? NULL
                                                          : address->bytes + 12;
}

bool
dm_address_is_link_local(const struct dm_address *address)
{
    const uint8_t *bytes = bytes_of_4(address);
    return bytes ? bytes[0] == 169 && bytes[1] == 254
                 : address->bytes[0] == 0xFE &&
                       (address->bytes[1] & 0xC0U) == 0x80;
}

bool
dm_address_is_any(const struct dm_address *address)
{
    static const uint8_t zeros[16];
    const uint8_t *bytes = bytes_of_4(address);
    return bytes ? !memcmp(bytes, zeros, 4)
                 : !memcmp(address->bytes, zeros, sizeof(zeros));
}

bool
dm_address_is_public(const struct dm_address *address)
{
    if (dm_address_is_any(address) || dm_address_is_loopback(address) ||
        dm_address_is_link_local(address)) {
        return false;
    }
    const uint8_t *bytes = bytes_of_4(address);
    if (!bytes) {
        return (address->bytes[0] & 0xFEU) != 0xFC;
    }
    const bool is_172 = bytes[0] == 172 && (bytes[1] & 0xF0U) == 16;
    const bool is_192 = bytes[0] == 192 && bytes[1] == 168;
    const bool is_shared = bytes[0] == 100 && (bytes[1] & 0xC0U) == 64;
    return bytes[0] != 10 && !is_172 && !is_192 && !is_shared;
}

struct dm_endpoint
dm_endpoint_ip(const struct dm_address *address, uint16_t port)
{
    const struct dm_endpoint endpoint = {
        .kind = DM_ENDPOINT_IP,
        .address = *address,
        .port = port,
    };
    return endpoint;
}

bool
dm_endpoint_unix(struct dm_str path, struct dm_endpoint *ret)
{
    if (!path.n || path.n > DM_UNIX_PATH_MAX ||
        memchr(path.data, '\0', path.n)) {
        return false;
    }
    struct dm_endpoint endpoint = {.kind = DM_ENDPOINT_UNIX};
    memcpy(endpoint.path, path.data, path.n);
    *ret = endpoint;
    return true;
}

void
dm_endpoint_format(const struct dm_endpoint *endpoint,
                   char text[DM_ENDPOINT_SIZE])
{
    if (endpoint->kind == DM_ENDPOINT_UNIX) {
        (void)snprintf(text, DM_ENDPOINT_SIZE, "unix:%s", endpoint->path);
        return;
    }
    char address[DM_ADDRESS_SIZE];
    dm_address_format(&endpoint->address, address);
    const bool is_6 = endpoint->address.family == DM_FAMILY_6;
    (void)snprintf(text, DM_ENDPOINT_SIZE, "%s%s%s:%u", is_6 ? "[" : "",
                   address, is_6 ? "]" : "", (unsigned)endpoint->port);
}
