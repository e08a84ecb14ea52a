// SPDX-License-Identifier: ISC

#include "net/real.h"

#include "base/alloc.h"
#include "net/http_client.h"
#include "net/real_private.h"

#include <assert.h>
#include <signal.h>

const struct dm_real_limits dm_real_limits_default = {
    .requests = 1024,
    .resolves = 4096,
    .streams = 256,
    .processes = 64,
    .pings = 256,
    .system_reads = 64,
};

struct dm_real {
    struct dm_net net;
    struct dm_uv uv;
    struct dm_cares *cares;
    struct dm_curl *curl;
    struct dm_http_client *client;
    struct dm_mhd *mhd;
    struct dm_uv_streams *streams;
    struct dm_uv_processes *processes;
    struct dm_uv_pinger *pinger;
    struct dm_uv_watcher *watcher;
    struct dm_uv_system *system;
};

// A peer that has gone is told by a write that fails, not by a signal
static void
ignore_broken_pipes(void)
{
    struct sigaction action = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGPIPE, &action, NULL);
}

static bool
make_parts(struct dm_real *real, const struct dm_real_limits *limits)
{
    struct dm_uv *uv = &real->uv;
    real->cares = dm_cares_new(uv, limits->resolves);
    real->curl = real->cares ? dm_curl_new(uv, limits->requests) : NULL;
    real->client = real->curl
                       ? dm_http_client_new(
                             &uv->loop, dm_cares_resolver(real->cares),
                             dm_curl_transport(real->curl), limits->requests)
                       : NULL;
    real->mhd = real->client ? dm_mhd_new(uv) : NULL;
    real->streams = real->mhd ? dm_uv_streams_new(uv, limits->streams) : NULL;
    real->processes =
        real->streams ? dm_uv_processes_new(uv, limits->processes) : NULL;
    real->pinger = real->processes ? dm_uv_pinger_new(uv, limits->pings) : NULL;
    real->watcher = real->pinger ? dm_uv_watcher_new(uv) : NULL;
    real->system =
        real->watcher ? dm_uv_system_new(uv, limits->system_reads) : NULL;
    return real->system;
}

static void
fill_net(struct dm_real *real)
{
    struct dm_net *net = &real->net;
    net->loop = &real->uv.loop;
    net->resolver = dm_cares_resolver(real->cares);
    net->http = real->client;
    net->servers = dm_mhd_servers(real->mhd);
    net->streams = dm_uv_streams_table(real->streams);
    net->processes = dm_uv_processes_table(real->processes);
    net->pinger = dm_uv_pinger_table(real->pinger);
    net->watcher = dm_uv_watcher_table(real->watcher);
    net->system = dm_uv_system_table(real->system);
}

enum dm_status
dm_real_new(const struct dm_env *env, const struct dm_real_limits *limits,
            struct dm_real **ret, struct dm_error *error)
{
    struct dm_real *real = dm_calloc(1, sizeof(*real));
    if (!real) {
        return dm_error_set(error, DM_ERR_NO_MEMORY, "out of memory");
    }
    const enum dm_status status = dm_uv_init(&real->uv, env, error);
    if (status) {
        dm_free(real);
        return status;
    }
    ignore_broken_pipes();
    if (!make_parts(real, limits)) {
        dm_real_free(real);
        return dm_error_set(error, DM_ERR_NO_MEMORY, "out of memory");
    }
    fill_net(real);
    *ret = real;
    return DM_OK;
}

const struct dm_net *
dm_real_net(const struct dm_real *real)
{
    return &real->net;
}

void
dm_real_free(struct dm_real *real)
{
    if (!real) {
        return;
    }
    dm_http_client_free(real->client);
    dm_curl_free(real->curl);
    dm_cares_free(real->cares);
    dm_mhd_free(real->mhd);
    dm_uv_streams_free(real->streams);
    dm_uv_processes_free(real->processes);
    dm_uv_pinger_free(real->pinger);
    dm_uv_watcher_free(real->watcher);
    dm_uv_system_free(real->system);
    dm_uv_done(&real->uv);
    dm_free(real);
}
