// SPDX-License-Identifier: ISC

#ifndef DM_NET_STREAM_H
#define DM_NET_STREAM_H

/**
 * @file
 * A connection to a TCP port or a unix socket: bytes out, bytes in.
 *
 *     start --> CONNECTING --on_open--> OPEN --start_tls--> SECURING
 *                   |                   |  ^                   |
 *                   |                   |  +----on_secure------+
 *                   +-------------------+----------------------+
 *                             on_end (once, the last call)
 *
 * Bytes come as the network cuts them. Who reads slower than they come pauses.
 *
 * Threads: loop. Memory: unsent bytes up to `max_unsent`, one read buffer of 64
 * KiB for all streams. R1 to R4 of net/loop.h hold; the completion is on_end.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "net/address.h"
#include "net/http.h"
#include "net/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// A connection; valid until on_end returns or dm_stream_close()
struct dm_stream;

struct dm_stream_handler {
    /// Connected, after `elapsed_ns`.
    void (*on_open)(void *DM_NULLABLE context, int64_t elapsed_ns);
    /// TLS stands; only after dm_stream_start_tls().
    void (*on_secure)(void *DM_NULLABLE context, int64_t elapsed_ns,
                      const struct dm_http_certificate *certificate);
    void (*on_data)(void *DM_NULLABLE context, struct dm_str bytes);
    /// After DM_AGAIN from dm_stream_write(): all that was unsent is out.
    void (*on_writable)(void *DM_NULLABLE context);
    /// It is over: OK where the other side closed in order, else why (also when
    /// connecting failed or took too long). The certificate as far as known.
    void (*on_end)(void *DM_NULLABLE context,
                   const struct dm_net_outcome *outcome,
                   const struct dm_http_certificate *certificate);
    void *DM_NULLABLE context;
};

struct dm_stream_spec {
    struct dm_endpoint endpoint;
    int64_t connect_timeout_ns; ///< At least 1
    size_t max_unsent;          ///< Bytes, at least 1
};

struct dm_streams_ops {
    enum dm_status (*start)(void *self, const struct dm_stream_spec *spec,
                            const struct dm_stream_handler *handler,
                            struct dm_stream **ret);
    enum dm_status (*start_tls)(void *self, struct dm_stream *stream,
                                const struct dm_http_tls *tls,
                                int64_t timeout_ns);
    enum dm_status (*write)(void *self, struct dm_stream *stream,
                            struct dm_str bytes);
    void (*pause)(void *self, struct dm_stream *stream, bool is_paused);
    void (*finish)(void *self, struct dm_stream *stream);
    void (*close)(void *self, struct dm_stream *stream);
};

/// Makes streams
struct dm_streams {
    const struct dm_streams_ops *ops;
    void *self;
};

/// Connect.
/// @param handler Copied.
/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT; then nothing is called.
enum dm_status dm_stream_start(const struct dm_streams *streams,
                               const struct dm_stream_spec *spec,
                               const struct dm_stream_handler *handler,
                               struct dm_stream **ret) DM_NODISCARD;

/// Speak TLS from here on; an open stream with nothing unsent.
/// @return DM_ERR_UNSUPPORTED where the implementation has no TLS on streams,
///         DM_ERR_NO_MEMORY.
enum dm_status dm_stream_start_tls(const struct dm_streams *streams,
                                   struct dm_stream *stream,
                                   const struct dm_http_tls *tls,
                                   int64_t timeout_ns) DM_NODISCARD;

/// Send all of `bytes`, or nothing. Only once open.
/// @return DM_AGAIN where more than `max_unsent` bytes would wait; on_writable
///         comes then. DM_ERR_LIMIT: it would never fit. DM_ERR_STATE: after
///         dm_stream_finish(). DM_ERR_NO_MEMORY.
enum dm_status dm_stream_write(const struct dm_streams *streams,
                               struct dm_stream *stream, struct dm_str bytes)
    DM_NODISCARD;

/// Stop reading, or go on. While paused, an end by the other side is not seen.
void dm_stream_pause(const struct dm_streams *streams, struct dm_stream *stream,
                     bool is_paused);

/// Nothing more will be written: tell the other side once all is sent.
void dm_stream_finish(const struct dm_streams *streams,
                      struct dm_stream *stream);

/// Close at once, dropping what is unsent; no callback comes any more.
void dm_stream_close(const struct dm_streams *streams,
                     struct dm_stream *stream);

DM_END_DECLS

#endif // DM_NET_STREAM_H
