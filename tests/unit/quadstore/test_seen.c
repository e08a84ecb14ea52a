// SPDX-License-Identifier: ISC

#include "quadstore/seen.h"

#include "quadstore/event.h"
#include "tests/check.h"

static void
what_is_encoded_comes_back(void)
{
    static const struct dm_seen samples[] = {
        {0},
        {.entry_time_ms = 1795536000123,
         .received_ms = 1795536000456,
         .offset_ms = -86400000,
         .seq = (UINT64_C(1) << 48U) - 1,
         .known_seq = UINT64_C(0x0102030405060708),
         .forked_at = 4711},
        {.entry_time_ms = DM_NO_TIME,
         .received_ms = INT64_MAX,
         .offset_ms = -1},
    };
    for (size_t i = 0; i < DM_COUNT_OF(samples); ++i) {
        uint8_t bytes[DM_SEEN_BYTES];
        struct dm_seen back;
        dm_seen_encode(&samples[i], bytes);
        CHECK_INT(
            dm_seen_decode(dm_str_n((const char *)bytes, sizeof(bytes)), &back),
            DM_OK);
        CHECK_INT(back.entry_time_ms, samples[i].entry_time_ms);
        CHECK_INT(back.received_ms, samples[i].received_ms);
        CHECK_INT(back.offset_ms, samples[i].offset_ms);
        CHECK(back.seq == samples[i].seq);
        CHECK(back.known_seq == samples[i].known_seq);
        CHECK(back.forked_at == samples[i].forked_at);
    }
}

static void
other_lengths_and_versions_are_refused(void)
{
    const struct dm_seen seen = {.seq = 7};
    uint8_t bytes[DM_SEEN_BYTES + 1] = {0};
    struct dm_seen back;
    dm_seen_encode(&seen, bytes);
    const char *data = (const char *)bytes;
    CHECK_INT(dm_seen_decode((struct dm_str){"", 0}, &back), DM_ERR_SYNTAX);
    CHECK_INT(dm_seen_decode(dm_str_n(data, DM_SEEN_BYTES - 1), &back),
              DM_ERR_SYNTAX);
    CHECK_INT(dm_seen_decode(dm_str_n(data, DM_SEEN_BYTES + 1), &back),
              DM_ERR_SYNTAX);
    bytes[0] = 2;
    CHECK_INT(dm_seen_decode(dm_str_n(data, DM_SEEN_BYTES), &back),
              DM_ERR_SYNTAX);
}

int
main(void)
{
    what_is_encoded_comes_back();
    other_lengths_and_versions_are_refused();
    return 0;
}
