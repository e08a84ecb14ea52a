// SPDX-License-Identifier: ISC

// What the routes carry, checkpoints and proofs against the published vectors.

#include "base/arena.h"
#include "base/buf.h"
#include "sync/checkpoint.h"
#include "sync/exchange.h"
#include "sync/heads.h"
#include "tests/check.h"
#include "tests/unit/sync/vectors.h"

#include <string.h>

#define ARENA_MAX (64U << 20U)
#define BYTES_MAX (1U << 20U)

static struct dm_str
bytes_of(const void *bytes, size_t n)
{
    return dm_str_n(bytes, n);
}

static void
check_cid(const json_t *text, const struct dm_cid *cid)
{
    char name[DM_CID_TEXT_SIZE];
    dm_cid_text(cid, name);
    CHECK(json_is_string(text) && strcmp(json_string_value(text), name) == 0);
}

// --------------------------------------------------------------------- heads

static void
check_heads(const struct vector *vector, const struct dm_heads *heads)
{
    CHECK_INT((int64_t)heads->n_lines,
              (int64_t)json_object_size(vector->value));
    for (size_t i = 0; i < heads->n_lines; ++i) {
        const struct dm_heads_line *const line = &heads->lines[i];
        char name[DM_KEY_NAME_SIZE];
        dm_key_name(line->log, name);
        const json_t *const want = json_object_get(vector->value, name);
        CHECK(want);
        check_cid(json_object_get(want, "head"), &line->tip.head);
        CHECK_INT((int64_t)line->tip.seq,
                  json_integer_value(json_object_get(want, "seq")));
        CHECK_INT((int64_t)line->first,
                  json_integer_value(json_object_get(want, "first")));
    }
    struct dm_buf again;
    dm_buf_init(&again, BYTES_MAX);
    CHECK_INT(dm_heads_write(heads, &again), DM_OK);
    CHECK(dm_str_equal(dm_buf_str(&again), vector->bytes));
    dm_buf_done(&again);
}

static enum dm_status
run_heads(const struct vector *vector, struct dm_error *error)
{
    struct dm_arena arena;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    struct dm_heads heads;
    const enum dm_status status =
        dm_heads_read(vector->bytes, &arena, &heads, error);
    if (!status && vector->is_accepted) {
        check_heads(vector, &heads);
    }
    dm_arena_done(&arena);
    return status;
}

// ------------------------------------------------------------------- entries

static void
check_entries(const struct vector *vector, const struct dm_exchange *exchange)
{
    const json_t *const want = json_object_get(vector->value, "entries");
    CHECK_INT((int64_t)exchange->n_entries, (int64_t)json_array_size(want));
    for (size_t i = 0; i < exchange->n_entries; ++i) {
        check_cid(json_array_get(want, i), &exchange->entries[i].cid);
    }
}

static enum dm_status
read_route(const struct vector *vector, struct dm_arena *arena,
           struct dm_error *error)
{
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    vector_log(vector, log);
    const struct dm_exchange_spec spec = {
        .log = log,
        .with_data = vector_int(vector, "data", 1) == 1,
        .signatures = DM_SIGNATURES_ALL};
    struct dm_exchange exchange;
    enum dm_status status =
        dm_exchange_read(vector->bytes, &spec, arena, &exchange, error);
    status = status ? status
                    : dm_route_check(
                          &exchange, (uint64_t)vector_int(vector, "after", 0),
                          (uint64_t)vector_int(vector, "limit", 0), error);
    if (!status && vector->is_accepted) {
        check_entries(vector, &exchange);
    }
    return status;
}

static enum dm_status
run_route(const struct vector *vector, struct dm_error *error)
{
    struct dm_arena arena;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    const enum dm_status status = read_route(vector, &arena, error);
    dm_arena_done(&arena);
    return status;
}

static enum dm_status
read_push(const struct vector *vector, struct dm_arena *arena,
          struct dm_error *error)
{
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    vector_log(vector, log);
    struct dm_buf bytes;
    dm_buf_init(&bytes, BYTES_MAX);
    vector_hex(vector, "record", &bytes);
    struct dm_record record;
    enum dm_status status =
        dm_record_read(dm_buf_str(&bytes), log, &record, error);
    dm_buf_done(&bytes);
    const struct dm_exchange_spec spec = {
        .log = log, .with_data = true, .signatures = DM_SIGNATURES_LAST};
    struct dm_exchange exchange;
    struct dm_wire_head head;
    status = status ? status
                    : dm_exchange_read(vector->bytes, &spec, arena, &exchange,
                                       error);
    status =
        status ? status : dm_push_check(&exchange, log, &record, &head, error);
    if (!status && vector->is_accepted) {
        check_entries(vector, &exchange);
        CHECK_INT((int64_t)head.seq, (int64_t)record.seq);
    }
    return status;
}

static enum dm_status
run_push(const struct vector *vector, struct dm_error *error)
{
    struct dm_arena arena;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    const enum dm_status status = read_push(vector, &arena, error);
    dm_arena_done(&arena);
    return status;
}

static enum dm_status
run_fork(const struct vector *vector, struct dm_error *error)
{
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    vector_log(vector, log);
    struct dm_buf other;
    dm_buf_init(&other, BYTES_MAX);
    vector_hex(vector, "entry", &other);
    uint64_t seq = 0;
    const enum dm_status status =
        dm_fork_check(vector->bytes, dm_buf_str(&other), log, &seq, error);
    if (!status && vector->is_accepted) {
        CHECK_INT((int64_t)seq,
                  json_integer_value(json_object_get(vector->value, "seq")));
    }
    dm_buf_done(&other);
    return status;
}

// -------------------------------------------------------------- transparency

static enum dm_status
run_checkpoint(const struct vector *vector, struct dm_error *error)
{
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    vector_log(vector, log);
    struct dm_checkpoint point;
    const enum dm_status status =
        dm_checkpoint_read(vector->bytes, log, &point, error);
    if (!status && vector->value) {
        CHECK_INT((int64_t)point.size,
                  json_integer_value(json_object_get(vector->value, "seq")));
        CHECK(json_is_hex(vector->value, "root",
                          bytes_of(point.root, sizeof(point.root))));
    }
    return status;
}

static enum dm_status
run_proof(const struct vector *vector, struct dm_error *error)
{
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    vector_log(vector, log);
    struct dm_buf entry;
    dm_buf_init(&entry, BYTES_MAX);
    vector_hex(vector, "entry", &entry);
    struct dm_proof proof;
    const enum dm_status status =
        dm_proof_check(vector->bytes, dm_buf_str(&entry), log, &proof, error);
    if (!status && vector->value) {
        CHECK_INT((int64_t)proof.seq,
                  json_integer_value(json_object_get(vector->value, "seq")));
        CHECK_INT((int64_t)proof.size,
                  json_integer_value(json_object_get(vector->value, "size")));
    }
    dm_buf_done(&entry);
    return status;
}

int
main(void)
{
    static const struct vector_kind kinds[] = {
        {.kind = "heads", .run = run_heads, .n = 15, .has_reasons = true},
        {.kind = "route", .run = run_route, .n = 16, .has_reasons = true},
        {.kind = "push", .run = run_push, .n = 10, .has_reasons = true},
        {.kind = "fork", .run = run_fork, .n = 4, .has_reasons = true},
        {.kind = "checkpoint",
         .run = run_checkpoint,
         .n = 10,
         .has_reasons = true},
        {.kind = "proof", .run = run_proof, .n = 9, .has_reasons = true},
    };
    vectors_run(kinds, DM_COUNT_OF(kinds));
    return 0;
}
