// SPDX-License-Identifier: ISC

#include "base/arena.h"
#include "base/buf.h"
#include "tests/check.h"
#include "vocab/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A condition that parses is evaluated for a fact of each kind.
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dm_arena arena;
    dm_arena_init(&arena, 1U << 20U, NULL);
    const struct dm_str text = {(const char *)data, size};
    struct dm_condition condition;
    struct dm_error error = {0};
    const enum dm_status status =
        dm_condition_parse(text, 0xFF, &arena, &condition, &error);
    CHECK(status != DM_ERR_SYNTAX || (error.what[0] && error.column >= 1));
    if (!status) {
        struct dm_buf message;
        dm_buf_init(&message, 1000);
        for (int kind = DM_FACT_ABSENT; kind <= DM_FACT_PRESENT; ++kind) {
            const struct dm_fact fact = {.kind = (enum dm_fact_kind)kind,
                                         .number = 7,
                                         .text = DM_STR("some text")};
            (void)dm_condition_eval(&condition, &fact, &message);
        }
        dm_buf_done(&message);
    }
    dm_arena_done(&arena);
    return 0;
}
