// SPDX-License-Identifier: ISC

#include "base/arena.h"
#include "base/buf.h"
#include "sparql/results.h"
#include "tests/check.h"

#define MEMORY_MAX ((size_t)1 << 26U)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_again(enum dm_results_format format, const struct dm_results *results,
            struct dm_buf *buf)
{
    if (results->is_boolean) {
        CHECK(!dm_results_boolean(format, buf, results->answer));
        return;
    }
    struct dm_results_writer writer;
    (void)dm_results_begin(&writer, format, buf, results->columns,
                           results->n_columns);
    for (size_t i = 0; i < results->n_rows; ++i) {
        (void)dm_results_row(&writer, &results->terms[i * results->n_columns]);
    }
    CHECK(!dm_results_end(&writer));
}

// The first byte chooses the format. A table that is read is written and read
// again as JSON, where nothing is lost.
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) {
        return 0;
    }
    const enum dm_results_format format =
        (enum dm_results_format)(data[0] % (DM_RESULTS_TSV + 1));
    const struct dm_str text = {(const char *)data + 1, size - 1};
    struct dm_arena arena;
    struct dm_results results;
    struct dm_error error = {0};
    dm_arena_init(&arena, MEMORY_MAX, NULL);
    const enum dm_status status =
        dm_results_read(format, text, &arena, &results, &error);
    CHECK(!status || error.what[0]);
    if (!status) {
        struct dm_buf buf;
        struct dm_results again;
        dm_buf_init(&buf, MEMORY_MAX);
        write_again(DM_RESULTS_JSON, &results, &buf);
        CHECK(!dm_results_read(DM_RESULTS_JSON, dm_buf_str(&buf), &arena,
                               &again, &error));
        CHECK(again.is_boolean == results.is_boolean);
        CHECK(results.is_boolean || again.n_rows == results.n_rows);
        for (size_t i = 0;
             !results.is_boolean && i < again.n_rows * again.n_columns; ++i) {
            CHECK(dm_term_equal(&again.terms[i], &results.terms[i]));
        }
        dm_buf_done(&buf);
    }
    dm_arena_done(&arena);
    return 0;
}
