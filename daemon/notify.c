// SPDX-License-Identifier: ISC

#include "daemon/notify.h"

#include "base/str.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NS_PER_US INT64_C(1000)

void
dm_notify(const struct dm_env *env, const char *state)
{
    const char *path = dm_env_variable(env, "NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t n = path ? strlen(path) : 0;
    if (n < 2 || n >= sizeof(address.sun_path)) {
        return;
    }
    memcpy(address.sun_path, path, n);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; // The abstract name space
    }
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    const socklen_t length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL,
                  (const struct sockaddr *)&address, length);
    (void)close(fd);
}

int64_t
dm_notify_watchdog_ns(const struct dm_env *env)
{
    const char *text = dm_env_variable(env, "WATCHDOG_USEC");
    uint64_t us = 0;
    if (!text || !dm_str_to_uint(dm_str(text), INT64_MAX / NS_PER_US, &us)) {
        return 0;
    }
    return (int64_t)us * NS_PER_US / 2;
}
