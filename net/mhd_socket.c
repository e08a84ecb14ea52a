// SPDX-License-Identifier: ISC

#include "net/mhd_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 128

static int
new_socket(const struct sockaddr_storage *storage)
{
    const int fd = socket(storage->ss_family,
                          SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd < 0 ? -errno : fd;
}

// Remove the path of a socket nobody listens on any more
static void
remove_stale(const struct dm_endpoint *endpoint,
             const struct sockaddr_storage *storage, socklen_t n)
{
    struct stat info;
    if (lstat(endpoint->path, &info) || !S_ISSOCK(info.st_mode)) {
        return;
    }
    const int fd = new_socket(storage);
    if (fd < 0) {
        return;
    }
    if (connect(fd, (const struct sockaddr *)storage, n) &&
        errno == ECONNREFUSED) {
        (void)unlink(endpoint->path);
    }
    (void)close(fd);
}

static int
set_options(int fd, const struct dm_http_listen *listen)
{
    const struct dm_endpoint *endpoint = &listen->endpoint;
    const int on = 1;
    const int only_6 =
        listen->is_only_6 || !dm_address_is_any(&endpoint->address);
    if (endpoint->kind == DM_ENDPOINT_UNIX) {
        return 0;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on))) {
        return -errno;
    }
    if (endpoint->address.family == DM_FAMILY_6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_6, sizeof(only_6))) {
        return -errno;
    }
    return 0;
}

static int
read_port(int fd, struct dm_endpoint *endpoint)
{
    struct sockaddr_storage storage;
    socklen_t n = (socklen_t)sizeof(storage);
    if (endpoint->kind == DM_ENDPOINT_UNIX) {
        return 0;
    }
    if (getsockname(fd, (struct sockaddr *)&storage, &n)) {
        return -errno;
    }
    return dm_endpoint_from_system((struct sockaddr *)&storage, endpoint)
               ? 0
               : -EAFNOSUPPORT;
}

// Between bind and listen nobody can connect yet: the mode is right in time
static int
bind_and_listen(int fd, const struct dm_http_listen *listen_spec,
                const struct sockaddr_storage *storage, socklen_t n)
{
    const struct dm_endpoint *endpoint = &listen_spec->endpoint;
    if (bind(fd, (const struct sockaddr *)storage, n)) {
        return -errno;
    }
    const bool is_unix = endpoint->kind == DM_ENDPOINT_UNIX;
    if ((is_unix && chmod(endpoint->path, (mode_t)listen_spec->socket_mode)) ||
        listen(fd, BACKLOG)) {
        const int code = -errno;
        if (is_unix) {
            (void)unlink(endpoint->path);
        }
        return code;
    }
    return 0;
}

int
dm_mhd_socket(const struct dm_http_listen *listen, struct dm_endpoint *ret)
{
    struct sockaddr_storage storage;
    struct dm_endpoint endpoint = listen->endpoint;
    const socklen_t n = dm_endpoint_to_system(&endpoint, &storage);
    if (endpoint.kind == DM_ENDPOINT_UNIX) {
        remove_stale(&endpoint, &storage, n);
    }
    const int fd = new_socket(&storage);
    if (fd < 0) {
        return fd;
    }
    int code = set_options(fd, listen);
    code = code ? code : bind_and_listen(fd, listen, &storage, n);
    code = code ? code : read_port(fd, &endpoint);
    if (code) {
        (void)close(fd);
        return code;
    }
    *ret = endpoint;
    return fd;
}
