// SPDX-License-Identifier: ISC

#include "net/stream.h"

#include "base/actor.h"

enum dm_status
dm_stream_start(const struct dm_streams *streams,
                const struct dm_stream_spec *spec,
                const struct dm_stream_handler *handler, struct dm_stream **ret)
{
    DM_ON_LOOP();
    assert(spec->connect_timeout_ns > 0);
    assert(spec->max_unsent > 0);
    return streams->ops->start(streams->self, spec, handler, ret);
}

enum dm_status
dm_stream_start_tls(const struct dm_streams *streams, struct dm_stream *stream,
                    const struct dm_http_tls *tls, int64_t timeout_ns)
{
    DM_ON_LOOP();
    assert(timeout_ns > 0);
    return streams->ops->start_tls(streams->self, stream, tls, timeout_ns);
}

enum dm_status
dm_stream_write(const struct dm_streams *streams, struct dm_stream *stream,
                struct dm_str bytes)
{
    DM_ON_LOOP();
    return bytes.n ? streams->ops->write(streams->self, stream, bytes) : DM_OK;
}

void
dm_stream_pause(const struct dm_streams *streams, struct dm_stream *stream,
                bool is_paused)
{
    DM_ON_LOOP();
    streams->ops->pause(streams->self, stream, is_paused);
}

void
dm_stream_finish(const struct dm_streams *streams, struct dm_stream *stream)
{
    DM_ON_LOOP();
    streams->ops->finish(streams->self, stream);
}

void
dm_stream_close(const struct dm_streams *streams, struct dm_stream *stream)
{
    DM_ON_LOOP();
    streams->ops->close(streams->self, stream);
}
