// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "sparql/query.h"
#include "tests/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A query that parses is printed; one that does not says why and where.
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str text = {(const char *)data, size};
    const struct dm_query_options options = {
        .base = DM_STR("http://example/"),
        .prefixes = dm_query_prefixes,
        .n_prefixes = dm_n_query_prefixes,
        .name = DM_STR("query"),
    };
    struct dm_query *query = NULL;
    struct dm_error error = {0};
    const enum dm_status status =
        dm_query_parse(text, &options, &query, &error);
    CHECK(!status || (error.what[0] && error.status == status));
    CHECK(status != DM_ERR_SYNTAX || error.line >= 1 || !dm_str_is_utf8(text));
    if (!status) {
        struct dm_buf buf;
        dm_buf_init(&buf, (size_t)1 << 26U);
        dm_query_print(query, &buf);
        CHECK(buf.n > 0);
        dm_buf_done(&buf);
        dm_query_free(query);
    }
    return 0;
}
