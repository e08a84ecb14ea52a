// SPDX-License-Identifier: ISC

// Endpoints to and from what the system calls take

#include "net/real_private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

static socklen_t
unix_to_system(const struct dm_endpoint *endpoint,
               struct sockaddr_storage *storage)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t n = strlen(endpoint->path);
    static_assert(sizeof(address.sun_path) > DM_UNIX_PATH_MAX,
                  "each path fits");
    memcpy(address.sun_path, endpoint->path, n);
    memcpy(storage, &address, sizeof(address));
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
}

socklen_t
dm_endpoint_to_system(const struct dm_endpoint *endpoint,
                      struct sockaddr_storage *storage)
{
    memset(storage, 0, sizeof(*storage));
    if (endpoint->kind == DM_ENDPOINT_UNIX) {
        return unix_to_system(endpoint, storage);
    }
    if (endpoint->address.family == DM_FAMILY_4) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        address.sin_port = htons(endpoint->port);
        memcpy(&address.sin_addr, endpoint->address.bytes,
               sizeof(address.sin_addr));
        memcpy(storage, &address, sizeof(address));
        return (socklen_t)sizeof(address);
    }
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    address.sin6_port = htons(endpoint->port);
    address.sin6_scope_id = endpoint->address.scope;
    memcpy(&address.sin6_addr, endpoint->address.bytes,
           sizeof(address.sin6_addr));
    memcpy(storage, &address, sizeof(address));
    return (socklen_t)sizeof(address);
}

static struct dm_endpoint
from_ip4(const struct sockaddr *address)
{
    struct sockaddr_in ip;
    memcpy(&ip, address, sizeof(ip));
    struct dm_address result = {.family = DM_FAMILY_4};
    memcpy(result.bytes, &ip.sin_addr, sizeof(ip.sin_addr));
    return dm_endpoint_ip(&result, ntohs(ip.sin_port));
}

static struct dm_endpoint
from_ip6(const struct sockaddr *address)
{
    struct sockaddr_in6 ip;
    memcpy(&ip, address, sizeof(ip));
    struct dm_address result = {
        .family = DM_FAMILY_6,
        .scope = ip.sin6_scope_id,
    };
    memcpy(result.bytes, &ip.sin6_addr, sizeof(ip.sin6_addr));
    return dm_endpoint_ip(&result, ntohs(ip.sin6_port));
}

bool
dm_endpoint_from_system(const struct sockaddr *address, struct dm_endpoint *ret)
{
    if (address->sa_family == AF_INET) {
        *ret = from_ip4(address);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        *ret = from_ip6(address);
        return true;
    }
    return false;
}
