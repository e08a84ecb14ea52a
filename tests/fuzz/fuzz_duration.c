// SPDX-License-Identifier: ISC

#include "tests/check.h"
#include "vocab/duration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str text = {(const char *)data, size};
    int64_t ms = -1;
    if (!dm_duration_read(text, &ms, NULL)) {
        CHECK(ms >= 0 && ms <= DM_DURATION_MAX_MS);
    }
    uint64_t bytes = 0;
    CHECK(dm_size_read(text, &bytes, NULL) != DM_ERR_NO_MEMORY);
    return 0;
}
