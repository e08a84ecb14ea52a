// SPDX-License-Identifier: ISC

#ifndef DM_NET_REAL_PRIVATE_H
#define DM_NET_REAL_PRIVATE_H

/**
 * @file
 * The adapters behind net/real.h, one for each library and kind of thing.
 *
 * Each has new and free. free() cancels what is under way; uv handles that are
 * closing then free themselves in the steps that dm_real_free() makes.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "net/http_server.h"
#include "net/http_transport.h"
#include "net/icmp.h"
#include "net/loop.h"
#include "net/process.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "net/system.h"
#include "net/watch.h"

#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

DM_BEGIN_DECLS

struct dm_env;
struct sockaddr_storage;

/// The loop of libuv, with its waiting bounded by our timers
struct dm_uv {
    struct dm_loop loop;
    uv_loop_t uv;
    uv_async_t async; ///< Ends a wait
    uv_timer_t timer; ///< Bounds a wait
    const struct dm_env *env;
    size_t n_events; ///< Callbacks of libuv in this step
};

enum dm_status dm_uv_init(struct dm_uv *uv, const struct dm_env *env,
                          struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Closes what is the loop's own and waits for all handles to close.
void dm_uv_done(struct dm_uv *uv);

/// The status of a libuv error code (negative errno).
enum dm_status dm_uv_status(int code);

/// Fill `storage`. @return Its length in use.
socklen_t dm_endpoint_to_system(const struct dm_endpoint *endpoint,
                                struct sockaddr_storage *storage);

/// @return Whether it is of a family we know; `*ret` is set only then.
bool dm_endpoint_from_system(const struct sockaddr *address,
                             struct dm_endpoint *ret) DM_NODISCARD;

struct dm_cares;
struct dm_cares *DM_NULLABLE dm_cares_new(struct dm_uv *uv, size_t max);
void dm_cares_free(struct dm_cares *DM_NULLABLE cares);
const struct dm_resolver *dm_cares_resolver(const struct dm_cares *cares);

struct dm_curl;
struct dm_curl *DM_NULLABLE dm_curl_new(struct dm_uv *uv, size_t max);
void dm_curl_free(struct dm_curl *DM_NULLABLE curl);
const struct dm_http_transport *dm_curl_transport(const struct dm_curl *curl);

struct dm_mhd;
struct dm_mhd *DM_NULLABLE dm_mhd_new(struct dm_uv *uv);
void dm_mhd_free(struct dm_mhd *DM_NULLABLE mhd);
const struct dm_http_servers *dm_mhd_servers(const struct dm_mhd *mhd);

struct dm_uv_streams;
struct dm_uv_streams *DM_NULLABLE dm_uv_streams_new(struct dm_uv *uv,
                                                    size_t max);
void dm_uv_streams_free(struct dm_uv_streams *DM_NULLABLE streams);
const struct dm_streams *
dm_uv_streams_table(const struct dm_uv_streams *streams);

struct dm_uv_processes;
struct dm_uv_processes *DM_NULLABLE dm_uv_processes_new(struct dm_uv *uv,
                                                        size_t max);
void dm_uv_processes_free(struct dm_uv_processes *DM_NULLABLE processes);
const struct dm_processes *
dm_uv_processes_table(const struct dm_uv_processes *processes);

struct dm_uv_pinger;
struct dm_uv_pinger *DM_NULLABLE dm_uv_pinger_new(struct dm_uv *uv, size_t max);
void dm_uv_pinger_free(struct dm_uv_pinger *DM_NULLABLE pinger);
const struct dm_pinger *dm_uv_pinger_table(const struct dm_uv_pinger *pinger);

struct dm_uv_watcher;
struct dm_uv_watcher *DM_NULLABLE dm_uv_watcher_new(struct dm_uv *uv);
void dm_uv_watcher_free(struct dm_uv_watcher *DM_NULLABLE watcher);
const struct dm_watcher *
dm_uv_watcher_table(const struct dm_uv_watcher *watcher);

struct dm_uv_system;
struct dm_uv_system *DM_NULLABLE dm_uv_system_new(struct dm_uv *uv, size_t max);
void dm_uv_system_free(struct dm_uv_system *DM_NULLABLE system);
const struct dm_system *dm_uv_system_table(const struct dm_uv_system *system);

DM_END_DECLS

#endif // DM_NET_REAL_PRIVATE_H
