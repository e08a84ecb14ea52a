// SPDX-License-Identifier: ISC

// Payloads, inflated and as blocks, against the published vectors. What is
// accepted is written again from what was read, and must be the same text.

#include "base/buf.h"
#include "sync/frame.h"
#include "sync/payload.h"
#include "tests/check.h"
#include "tests/unit/sync/vectors.h"

#include <string.h>

static enum dm_role_of_payload
role_of(const struct vector *vector)
{
    static const char *const names[] = {
        [DM_PAYLOAD_DATA] = "data",
        [DM_PAYLOAD_CONF] = "conf",
        [DM_PAYLOAD_SNAP] = "snap",
        [DM_PAYLOAD_NOTE] = "note",
    };
    const struct dm_str role = vector_text(vector, "role");
    size_t i = 0;
    while (!dm_str_is(role, names[i])) {
        ++i;
        CHECK(i < DM_COUNT_OF(names));
    }
    return (enum dm_role_of_payload)i;
}

static struct dm_event_key
after_of(const struct vector *vector)
{
    struct dm_event_key key = {.ms = 0};
    const json_t *const after = json_object_get(vector->json, "after");
    if (after) {
        key.ms = json_integer_value(json_array_get(after, 0));
        key.n = (uint8_t)json_integer_value(json_array_get(after, 1));
    }
    return key;
}

// ------------------------------------------------------------- written again

static void
write_again(const struct dm_payload *payload,
            const struct dm_payload_spec *spec, struct dm_quad_lines *lines)
{
    char iri[DM_KEY_IRI_SIZE];
    struct dm_buf graph;
    const bool is_snap = spec->role == DM_PAYLOAD_SNAP;
    dm_key_iri(spec->log, iri);
    dm_buf_init(&graph, 256);
    dm_buf_printf(&graph, "%s%s", iri, is_snap ? "#state" : "");
    for (size_t i = 0; i < payload->n_events; ++i) {
        CHECK_INT(is_snap ? dm_quad_lines_add_state(lines, dm_str(iri),
                                                    &payload->events[i])
                          : dm_quad_lines_add_event(lines, dm_str(iri),
                                                    &payload->events[i]),
                  DM_OK);
    }
    for (size_t i = 0; i < payload->n_metrics; ++i) {
        CHECK_INT(dm_quad_lines_add_metric(lines, dm_buf_str(&graph),
                                           &payload->metrics[i]),
                  DM_OK);
    }
    for (size_t i = 0; i < payload->n_quads; ++i) {
        CHECK_INT(dm_quad_lines_add(lines, &payload->quads[i]), DM_OK);
    }
    dm_buf_done(&graph);
}

// A State that says its status but not its counts is written with them
static bool
says_its_counts(const struct dm_payload *payload)
{
    for (size_t i = 0; i < payload->n_events; ++i) {
        const struct dm_payload_event *const event = &payload->events[i];
        if (event->state.n && event->has_status && event->streak == 0) {
            return false;
        }
    }
    return true;
}

static void
check_accepted(const struct dm_payload *payload,
               const struct dm_payload_spec *spec)
{
    struct dm_event_key before = spec->after;
    if (spec->role == DM_PAYLOAD_DATA) {
        for (size_t i = 0; i < payload->n_events; ++i) {
            const struct dm_event_key key = payload->events[i].key;
            CHECK(key.ms > before.ms ||
                  (key.ms == before.ms && key.n > before.n));
            before = key;
        }
    }
    if (!says_its_counts(payload)) {
        return;
    }
    struct dm_quad_lines *const lines = dm_quad_lines_new(DM_INFLATED_MAX);
    CHECK(lines);
    write_again(payload, spec, lines);
    CHECK_INT((int64_t)dm_quad_lines_count(lines), (int64_t)payload->n);
    CHECK(dm_str_equal(dm_quad_lines_text(lines), payload->text));
    dm_quad_lines_free(lines);
}

// --------------------------------------------------------------------- kinds

static enum dm_status
run_text(const struct vector *vector, struct dm_error *error)
{
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    vector_log(vector, log);
    const struct dm_payload_spec spec = {
        .role = role_of(vector),
        .log = log,
        .has_expected = vector_has(vector, "n"),
        .n = (uint64_t)vector_int(vector, "n", 0),
        .size = vector->bytes.n,
        .after = after_of(vector),
    };
    struct dm_payload payload;
    const enum dm_status status =
        dm_payload_read_text(vector->bytes, &spec, NULL, &payload, error);
    if (!status) {
        check_accepted(&payload, &spec);
        dm_payload_done(&payload);
    }
    return status;
}

static void
key_of(const struct vector *vector, struct dm_payload_key *key)
{
    struct dm_buf bytes;
    dm_buf_init(&bytes, 32);
    vector_hex(vector, "group_key", &bytes);
    CHECK(bytes.n == 32);
    dm_payload_key_derive((const uint8_t *)bytes.data, key);
    dm_buf_done(&bytes);
}

static struct dm_inflater *inflater;

static enum dm_status
run_payload(const struct vector *vector, struct dm_error *error)
{
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    struct dm_payload_key key;
    struct dm_buf enc;
    vector_log(vector, log);
    struct dm_payload_spec spec = {
        .role = role_of(vector),
        .log = log,
        .has_expected = vector_has(vector, "n") && vector_has(vector, "size"),
        .n = (uint64_t)vector_int(vector, "n", 0),
        .size = (uint64_t)vector_int(vector, "size", 0),
        .after = after_of(vector),
        .inflater = inflater,
    };
    // A vector that says the size alone says a wrong one
    if (!spec.has_expected && vector_has(vector, "size")) {
        spec.has_expected = true;
        spec.n = 2;
    }
    if (vector_has(vector, "group_key")) {
        key_of(vector, &key);
        spec.key = &key;
    }
    dm_buf_init(&enc, DM_KEY_ID_BYTES);
    if (vector_has(vector, "enc")) {
        vector_hex(vector, "enc", &enc);
        CHECK(enc.n == DM_KEY_ID_BYTES);
        memcpy(spec.enc, enc.data, enc.n);
        spec.has_enc = true;
    }
    dm_buf_done(&enc);

    struct dm_payload payload;
    const enum dm_status status =
        dm_payload_read(vector->bytes, &spec, NULL, &payload, error);
    const bool is_unread =
        vector->value && json_object_get(vector->value, "unread");
    if (status == DM_ERR_NOT_FOUND) {
        CHECK(is_unread);
        return DM_OK;
    }
    CHECK(!is_unread);
    if (!status) {
        check_accepted(&payload, &spec);
        dm_payload_done(&payload);
    }
    return status;
}

int
main(void)
{
    static const struct vector_kind kinds[] = {
        {.kind = "text", .run = run_text, .n = 245},
        {.kind = "payload", .run = run_payload, .n = 43},
    };
    vectors_run(kinds, DM_COUNT_OF(kinds));
    inflater = dm_inflater_new();
    CHECK(inflater);
    vectors_run(&kinds[1], 1);
    dm_inflater_free(inflater);
    return 0;
}
