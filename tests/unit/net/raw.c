// SPDX-License-Identifier: ISC

#include "tests/unit/net/raw.h"

#include "tests/check.h"

#include <string.h>

static void
on_open(void *context, int64_t elapsed_ns)
{
    struct raw *raw = context;
    CHECK(elapsed_ns >= 0);
    CHECK(!raw->is_open);
    raw->is_open = true;
}

static void
on_data(void *context, struct dm_str bytes)
{
    struct raw *raw = context;
    CHECK(raw->is_open && !raw->has_ended);
    for (size_t i = 0; i < bytes.n; ++i) {
        if (raw->n + 1 < sizeof(raw->bytes)) {
            raw->bytes[raw->n] = bytes.data[i];
        }
        ++raw->n;
    }
    raw->has_data = raw->n >= raw->n_wanted;
}

static void
on_writable(void *context)
{
    struct raw *raw = context;
    raw->is_writable = true;
}

static void
on_end(void *context, const struct dm_net_outcome *outcome,
       const struct dm_http_certificate *certificate)
{
    struct raw *raw = context;
    CHECK(!certificate->is_known);
    CHECK(!raw->has_ended);
    raw->has_ended = true;
    raw->outcome = *outcome;
}

void
raw_start(const struct contract_world *world,
          const struct dm_endpoint *endpoint, struct raw *raw)
{
    const struct dm_stream_handler handler = {
        .on_open = on_open,
        .on_data = on_data,
        .on_writable = on_writable,
        .on_end = on_end,
        .context = raw,
    };
    const struct dm_stream_spec spec = {
        .endpoint = *endpoint,
        .connect_timeout_ns = INT64_C(5000000000),
        .max_unsent = 65536,
    };
    memset(raw, 0, sizeof(*raw));
    raw->n_wanted = 1;
    CHECK_INT(
        dm_stream_start(world->net->streams, &spec, &handler, &raw->stream),
        DM_OK);
    CHECK(!raw->is_open && !raw->has_ended);
}

void
raw_open(const struct contract_world *world, const struct dm_endpoint *endpoint,
         struct raw *raw)
{
    raw_start(world, endpoint, raw);
    contract_wait(world, &raw->is_open);
}
