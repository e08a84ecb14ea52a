// SPDX-License-Identifier: ISC

// Payloads. The first byte says the role, and whether the rest is a text or a
// block; in a text, each byte 01 stands for the log. What is accepted is
// written from what was read and must be the same text.

#include "base/buf.h"
#include "sync/payload.h"
#include "tests/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX (1U << 20U)
#define IS_BLOCK 4U

static const uint8_t log_key[DM_KEY_PUBLIC_BYTES] = {0xE7, 1, 2, 3};

static void
write_events(const struct dm_payload *payload, struct dm_str iri,
             struct dm_quad_lines *lines)
{
    for (size_t i = 0; i < payload->n_events; ++i) {
        CHECK(!dm_quad_lines_add_event(lines, iri, &payload->events[i]));
    }
    for (size_t i = 0; i < payload->n_metrics; ++i) {
        CHECK(!dm_quad_lines_add_metric(lines, iri, &payload->metrics[i]));
    }
    for (size_t i = 0; i < payload->n_quads; ++i) {
        CHECK(!dm_quad_lines_add(lines, &payload->quads[i]));
    }
}

static void
check_payload(struct dm_payload *payload, const struct dm_payload_spec *spec)
{
    CHECK(payload->n > 0 && payload->n <= DM_QUADS_MAX);
    // A State is not written with all that may stand in one
    if (spec->role != DM_PAYLOAD_SNAP) {
        struct dm_quad_lines *const lines = dm_quad_lines_new(DM_INFLATED_MAX);
        CHECK(lines);
        write_events(payload, spec->log_iri, lines);
        CHECK(dm_str_equal(dm_quad_lines_text(lines), payload->text));
        CHECK(dm_quad_lines_count(lines) == payload->n);
        dm_quad_lines_free(lines);
    }
    dm_payload_done(payload);
}

static bool
expand(const uint8_t *data, size_t size, struct dm_str iri, struct dm_buf *text)
{
    for (size_t i = 0; i < size; ++i) {
        if (data[i] == 1) {
            (void)dm_buf_put_str(text, iri);
        } else {
            (void)dm_buf_putc(text, (char)data[i]);
        }
    }
    return !text->status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char iri[DM_KEY_IRI_SIZE];
    struct dm_payload payload;
    struct dm_buf text;
    if (size == 0) {
        return 0;
    }
    dm_key_iri(log_key, iri);
    const struct dm_payload_spec spec = {
        .role = (enum dm_role_of_payload)(data[0] & 3U),
        .log = log_key,
        .log_iri = dm_str(iri)};
    if (data[0] & IS_BLOCK) {
        if (!dm_payload_read(dm_str_n((const char *)data + 1, size - 1), &spec,
                             NULL, &payload, NULL)) {
            check_payload(&payload, &spec);
        }
        return 0;
    }
    dm_buf_init(&text, TEXT_MAX);
    if (expand(data + 1, size - 1, spec.log_iri, &text) &&
        !dm_payload_read_text(dm_buf_str(&text), &spec, NULL, &payload, NULL)) {
        check_payload(&payload, &spec);
    }
    dm_buf_done(&text);
    return 0;
}
