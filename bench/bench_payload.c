// SPDX-License-Identifier: ISC

// What payloads cost: CPU to read a quad of a block, as in catching up, and to
// write one, by how many events a payload has.
//
//     cmake --preset release && cmake --build build/release
//     build/release/bench/bench_payload [QUADS]
//
// Default: 2,000,000 quads are read for each row.

#include "base/buf.h"
#include "base/time.h"
#include "sync/frame.h"
#include "sync/key.h"
#include "sync/payload.h"
#include "tests/check.h"

#include <time.h>

#define QUADS 2000000U
#define CHECKS 200
#define FIRST_MS INT64_C(1764000000000)

static const uint8_t log_key[DM_KEY_PUBLIC_BYTES] = {0xE7, 1, 2, 3};

static int64_t
cpu_ns(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * DM_NS_PER_SECOND + time.tv_nsec;
}

// A result as checks make it: with one metric, and one of nine failed
static void
add_event(struct dm_quad_lines *lines, struct dm_str log_iri, int i)
{
    char check[64];
    char value[32];
    (void)snprintf(check, sizeof(check), "https://demonitor.internal/check%d",
                   i % CHECKS);
    (void)snprintf(value, sizeof(value), "0.%06d1", i * 7919 % 1000000);
    const struct dm_payload_value metric = {.label = dm_str("rta"),
                                            .value = dm_str(value)};
    struct dm_payload_event event = {
        .key = {.ms = FIRST_MS + i / 8, .n = (uint8_t)(i % 8)},
        .check = dm_str(check),
        .status = i % 9 ? DM_RESULT_OK : DM_RESULT_CRITICAL,
        .at_ms = FIRST_MS + i / 8,
        .micros = (int64_t)i * 13 % 999983 + 1,
        .certificate_expires_ms = DM_NO_TIME,
        .values = &metric,
        .n_values = 1,
    };
    if (event.status) {
        event.failure = dm_str("https://w3id.org/demonitor#connection");
        event.message = dm_str("connect to 192.0.2.1:443: refused");
    }
    CHECK_INT(dm_quad_lines_add_event(lines, log_iri, &event), DM_OK);
}

static void
measure(int events, size_t quads)
{
    char iri[DM_KEY_IRI_SIZE];
    struct dm_buf block;
    struct dm_inflater *inflater = dm_inflater_new();
    struct dm_quad_lines *lines = dm_quad_lines_new(DM_INFLATED_MAX);
    CHECK(inflater && lines);
    dm_key_iri(log_key, iri);
    dm_buf_init(&block, DM_PAYLOAD_MAX);

    const int64_t begin = cpu_ns();
    for (int i = 0; i < events; ++i) {
        add_event(lines, dm_str(iri), i);
    }
    const struct dm_str text = dm_quad_lines_text(lines);
    const int64_t written = cpu_ns();
    CHECK_INT(dm_frame_write(text, 0, &block), DM_OK);
    const int64_t compressed = cpu_ns();

    const size_t n = dm_quad_lines_count(lines);
    const struct dm_payload_spec spec = {.role = DM_PAYLOAD_DATA,
                                         .log = log_key,
                                         .log_iri = dm_str(iri),
                                         .has_expected = true,
                                         .n = n,
                                         .size = text.n,
                                         .inflater = inflater};
    const size_t rounds = quads / n + 1;
    const int64_t start = cpu_ns();
    for (size_t i = 0; i < rounds; ++i) {
        struct dm_payload payload;
        CHECK_INT(
            dm_payload_read(dm_buf_str(&block), &spec, NULL, &payload, NULL),
            DM_OK);
        dm_payload_done(&payload);
    }
    const double each = (double)(cpu_ns() - start) / (double)rounds;
    (void)printf("%6d events %6zu quads %8zu B, frame %6zu B: read %8.1f us, "
                 "%4.0f ns a quad; write %5.0f ns a quad, compress %.0f us\n",
                 events, n, text.n, block.n, each / 1e3, each / (double)n,
                 (double)(written - begin) / (double)n,
                 (double)(compressed - written) / 1e3);
    dm_buf_done(&block);
    dm_quad_lines_free(lines);
    dm_inflater_free(inflater);
}

int
main(int argc, char **argv)
{
    static const int events[] = {1, 10, 50, 1000, 10000};
    uint64_t quads = QUADS;
    CHECK(argc < 2 || dm_str_to_uint(dm_str(argv[1]), 1000000000, &quads));
    for (size_t i = 0; i < DM_COUNT_OF(events); ++i) {
        measure(events[i], quads);
    }
    return 0;
}
