// SPDX-License-Identifier: ISC

#include "sync/cbor.h"

#include "base/buf.h"
#include "tests/check.h"
#include "tests/unit/sync/vectors.h"

#include <string.h>

#define ROOM 4096

// {"n": -3, "ab": [1, "x", {}], "no": null, "yes": true}
#define SAMPLE "a4616e2262616283016178a0626e6ff663796573f5"

static enum dm_status
read_all(struct dm_str bytes, struct dm_error *error)
{
    struct dm_cbor cbor;
    struct dm_cbor_item item;
    dm_cbor_init(&cbor, bytes);
    enum dm_status status = DM_OK;
    while (!status) {
        status = dm_cbor_next(&cbor, &item, error);
    }
    return status;
}

static void
items_come_in_order_with_their_levels(void)
{
    static const struct {
        enum dm_cbor_kind kind;
        bool is_key;
        unsigned level;
        uint64_t number;
        const char *text;
    } want[] = {
        {DM_CBOR_MAP, false, 1, 4, NULL},
        {DM_CBOR_TEXT, true, 2, 1, "n"},
        {DM_CBOR_NEGATIVE, false, 2, 2, NULL},
        {DM_CBOR_TEXT, true, 2, 2, "ab"},
        {DM_CBOR_ARRAY, false, 2, 3, NULL},
        {DM_CBOR_UINT, false, 3, 1, NULL},
        {DM_CBOR_TEXT, false, 3, 1, "x"},
        {DM_CBOR_MAP, false, 3, 0, NULL},
        {DM_CBOR_TEXT, true, 2, 2, "no"},
        {DM_CBOR_NULL, false, 2, 0, NULL},
        {DM_CBOR_TEXT, true, 2, 3, "yes"},
        {DM_CBOR_BOOL, false, 2, 1, NULL},
    };
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    bytes_from_hex(dm_str(SAMPLE), &buf);
    struct dm_cbor cbor;
    struct dm_cbor_item item;
    dm_cbor_init(&cbor, dm_buf_str(&buf));
    for (size_t i = 0; i < DM_COUNT_OF(want); ++i) {
        CHECK(dm_cbor_next(&cbor, &item, NULL) == DM_OK);
        CHECK(item.kind == want[i].kind && item.is_key == want[i].is_key);
        CHECK_INT(item.level, want[i].level);
        CHECK_INT((int64_t)item.number, (int64_t)want[i].number);
        CHECK(!want[i].text || dm_str_is(item.bytes, want[i].text));
        const bool is_container =
            item.kind == DM_CBOR_MAP || item.kind == DM_CBOR_ARRAY;
        CHECK(dm_cbor_is_open(&cbor, &item) ==
              (is_container && item.number > 0));
    }
    CHECK(dm_cbor_next(&cbor, &item, NULL) == DM_END);
    CHECK(dm_cbor_next(&cbor, &item, NULL) == DM_END);
    dm_buf_done(&buf);
}

static void
what_is_cut_off_anywhere_is_refused(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    bytes_from_hex(dm_str(SAMPLE), &buf);
    CHECK(read_all(dm_buf_str(&buf), NULL) == DM_END);
    for (size_t n = 0; n < buf.n; ++n) {
        struct dm_error error;
        CHECK(read_all(dm_str_n(buf.data, n), &error) == DM_ERR_CORRUPT);
        CHECK(dm_str_starts(dm_str(error.what), dm_str("cbor-truncated:")));
    }
    dm_buf_done(&buf);
}

#define DIGEST                                                                 \
    "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"

static const struct {
    const char *hex;
    const char *rule; // NULL: it is good
} rules[] = {
    {"00", NULL},
    {"17", NULL},
    {"1818", NULL},
    {"1817", "cbor-not-shortest"},
    {"18ff", NULL},
    {"190100", NULL},
    {"1900ff", "cbor-not-shortest"},
    {"19ffff", NULL},
    {"1a00010000", NULL},
    {"1a0000ffff", "cbor-not-shortest"},
    {"1b0000000100000000", NULL},
    {"1b00000000ffffffff", "cbor-not-shortest"},
    {"1bffffffffffffffff", NULL},
    {"3bffffffffffffffff", NULL},
    {"3817", "cbor-not-shortest"},
    {"5800", "cbor-not-shortest"},
    {"7801", "cbor-not-shortest"},
    {"9800", "cbor-not-shortest"},
    {"b800", "cbor-not-shortest"},
    {"1c", "cbor-reserved"},
    {"1f", "cbor-reserved"},
    {"3f", "cbor-reserved"},
    {"df", "cbor-reserved"},
    {"fc", "cbor-reserved"},
    {"5f", "cbor-indefinite"},
    {"7f", "cbor-indefinite"},
    {"9fff", "cbor-indefinite"},
    {"bfff", "cbor-indefinite"},
    {"ff", "cbor-indefinite"},
    {"40", NULL},
    {"60", NULL},
    {"61ff", "cbor-utf8"},
    {"63eda080", "cbor-utf8"},
    {"62c080", "cbor-utf8"},
    {"a1614000", NULL},
    {"a1600000", "cbor-trailing"},
    {"a16000", NULL},
    {"a14000", "cbor-key-not-text"},
    {"a10000", "cbor-key-not-text"},
    {"a1f600", "cbor-key-not-text"},
    {"a2616100616200", NULL},
    {"a2616200616100", "cbor-key-order"},
    {"a2616100616100", "cbor-key-duplicate"},
    {"a262616100616200", "cbor-key-order"},
    {"a261620062616100", NULL},
    {"a260006000", "cbor-key-duplicate"},
    {"0000", "cbor-trailing"},
    {"8000", "cbor-trailing"},
    {"f4", NULL},
    {"f5", NULL},
    {"f6", NULL},
    {"f7", "cbor-simple"},
    {"f3", "cbor-simple"},
    {"e0", "cbor-simple"},
    {"f814", "cbor-simple"},
    {"f8ff", "cbor-simple"},
    {"f93c00", "cbor-float"},
    {"fa3f800000", "cbor-float"},
    {"fb3ff8000000000000", "cbor-float"},
    {"c000", "cbor-tag"},
    {"d82b00", "cbor-tag"},
    {"d82a00", "cbor-link"},
    {"d82a40", "cbor-link"},
    {"d82a4100", "cbor-link"},
    {"d82a58250001551220" DIGEST, NULL},
    {"d82a58250001711220" DIGEST, NULL},
    {"d82a58250001701220" DIGEST, "cbor-link"},
    {"d82a58250101551220" DIGEST, "cbor-link"},
    {"d82a58250002551220" DIGEST, "cbor-link"},
    {"d82a58250001551320" DIGEST, "cbor-link"},
    {"d82a582401551220" DIGEST "00", "cbor-link"},
    {"d82a785500", "cbor-link"},
    {"9bffffffffffffffff", "cbor-truncated"},
    {"bbffffffffffffffff", "cbor-truncated"},
    {"5bffffffffffffffff", "cbor-truncated"},
    {"7bffffffffffffffff", "cbor-truncated"},
    {"8102", NULL},
    {"82810180", NULL},
};

static void
each_rule_has_its_name(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(rules); ++i) {
        struct dm_buf buf;
        dm_buf_init(&buf, ROOM);
        bytes_from_hex(dm_str(rules[i].hex), &buf);
        struct dm_error error = {.status = DM_OK};
        const enum dm_status status = read_all(dm_buf_str(&buf), &error);
        const char *const rule = rules[i].rule;
        const bool is_good =
            rule ? status == DM_ERR_CORRUPT &&
                       dm_str_starts(dm_str(error.what), dm_str(rule))
                 : status == DM_END;
        if (!is_good) {
            (void)fprintf(stderr, "%s: %s\n", rules[i].hex, error.what);
        }
        CHECK(is_good);
        dm_buf_done(&buf);
    }
}

// `n` arrays in one another, or maps under one key, with a number inside
static void
put_levels(struct dm_buf *buf, unsigned n, bool is_map)
{
    for (unsigned i = 0; i < n; ++i) {
        if (is_map) {
            dm_cbor_put_map(buf, 1);
            dm_cbor_put_text(buf, dm_str("k"));
        } else {
            dm_cbor_put_array(buf, 1);
        }
    }
}

static void
there_are_32_levels(void)
{
    for (int is_map = 0; is_map < 2; ++is_map) {
        struct dm_buf buf;
        dm_buf_init(&buf, ROOM);
        put_levels(&buf, DM_CBOR_DEPTH_MAX - 1, is_map);
        dm_cbor_put_array(&buf, 0);
        CHECK(read_all(dm_buf_str(&buf), NULL) == DM_END);

        dm_buf_clear(&buf);
        put_levels(&buf, DM_CBOR_DEPTH_MAX, is_map);
        dm_cbor_put_null(&buf);
        struct dm_error error;
        CHECK(read_all(dm_buf_str(&buf), &error) == DM_ERR_CORRUPT);
        CHECK(dm_str_starts(dm_str(error.what), dm_str("cbor-depth:")));
        dm_buf_done(&buf);
    }
}

static void
numbers_are_written_with_their_shortest_heads(void)
{
    static const struct {
        uint64_t number;
        size_t bytes;
    } cases[] = {{0, 1},         {23, 1},         {24, 2},
                 {UINT8_MAX, 2}, {256, 3},        {UINT16_MAX, 3},
                 {65536, 5},     {UINT32_MAX, 5}, {UINT64_C(1) << 32U, 9},
                 {UINT64_MAX, 9}};
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct dm_buf buf;
        dm_buf_init(&buf, ROOM);
        dm_cbor_put_array(&buf, 2);
        dm_cbor_put_uint(&buf, cases[i].number);
        dm_cbor_put_negative(&buf, cases[i].number);
        CHECK_INT((int64_t)buf.n, (int64_t)(1 + 2 * cases[i].bytes));
        struct dm_cbor cbor;
        struct dm_cbor_item item;
        dm_cbor_init(&cbor, dm_buf_str(&buf));
        CHECK(dm_cbor_next(&cbor, &item, NULL) == DM_OK);
        CHECK(dm_cbor_next(&cbor, &item, NULL) == DM_OK);
        CHECK(item.kind == DM_CBOR_UINT && item.number == cases[i].number);
        CHECK(dm_cbor_next(&cbor, &item, NULL) == DM_OK);
        CHECK(item.kind == DM_CBOR_NEGATIVE && item.number == cases[i].number);
        CHECK(dm_cbor_next(&cbor, &item, NULL) == DM_END);
        dm_buf_done(&buf);
    }
}

int
main(void)
{
    items_come_in_order_with_their_levels();
    what_is_cut_off_anywhere_is_refused();
    each_rule_has_its_name();
    there_are_32_levels();
    numbers_are_written_with_their_shortest_heads();
    return 0;
}
