// SPDX-License-Identifier: ISC

#include "sync/cid.h"

#include "base/buf.h"
#include "tests/check.h"
#include "tests/unit/sync/vectors.h"

#include <string.h>

#define ROOM 256

static struct dm_str
text_of(const struct dm_cid *cid, char text[DM_CID_TEXT_SIZE])
{
    dm_cid_text(cid, text);
    return dm_str(text);
}

static void
blocks_have_the_names_that_others_give_them(void)
{
    static const struct {
        enum dm_codec codec;
        const char *hex;
        const char *text;
    } known[] = {
        {DM_CODEC_RAW, "",
         "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"},
        {DM_CODEC_RAW, "68656c6c6f20776f726c64",
         "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"},
        {DM_CODEC_CBOR, "a0",
         "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"},
        {DM_CODEC_CBOR, "a1616101",
         "bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey"},
        {DM_CODEC_CBOR, "a263736571016470726576f6",
         "bafyreidotp5zpjjppsuy4meh7r4llito46z3ycqiqvkkiw63yfd7cvy4pm"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(known); ++i) {
        struct dm_buf block;
        dm_buf_init(&block, ROOM);
        bytes_from_hex(dm_str(known[i].hex), &block);
        const struct dm_cid cid = dm_cid_of(known[i].codec, dm_buf_str(&block));
        char text[DM_CID_TEXT_SIZE];
        CHECK(dm_str_is(text_of(&cid, text), known[i].text));
        CHECK(dm_cid_codec(&cid) == known[i].codec);
        CHECK(dm_cid_names(&cid, dm_buf_str(&block)));
        CHECK(!dm_cid_names(&cid, dm_str("another")));

        struct dm_cid again;
        CHECK(dm_cid_from_text(dm_str(known[i].text), &again));
        CHECK(dm_cid_equal(&cid, &again));
        const struct dm_cid made =
            dm_cid_make(known[i].codec, dm_cid_digest(&cid));
        CHECK(dm_cid_equal(&cid, &made));
        dm_buf_done(&block);
    }
}

static void
every_name_round_trips_through_its_text(void)
{
    for (int i = 0; i < 1000; ++i) {
        const struct dm_cid cid =
            dm_cid_of(i % 2 ? DM_CODEC_RAW : DM_CODEC_CBOR,
                      dm_str_n((const char *)&i, sizeof(i)));
        char text[DM_CID_TEXT_SIZE];
        struct dm_cid again;
        CHECK(dm_cid_from_text(text_of(&cid, text), &again));
        CHECK(dm_cid_equal(&cid, &again));
        CHECK(dm_cid_read(dm_str_n((const char *)cid.bytes, DM_CID_BYTES),
                          &again));
        CHECK(dm_cid_equal(&cid, &again));
    }
}

#define TEXT_57 "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n"

static void
what_is_no_name_is_refused(void)
{
    static const char *const bad[] = {
        "",
        "b",
        TEXT_57,
        TEXT_57 "5",
        TEXT_57 "5ea",
        TEXT_57 "5=",
        TEXT_57 "5f", // Bits are left over that are not zero
        TEXT_57 "51", // No digit
        TEXT_57 "5E",
        "BAFKREIFZJUT3TE2NHYEKKLSS27NH3K72YSCO7Y32KOAO5EEI66WOF36N5E",
        "zafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
        // dag-pb; CIDv0; identity
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
        "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG",
        "bafkqaaa",
    };
    struct dm_cid cid = {{7}};
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        CHECK(!dm_cid_from_text(dm_str(bad[i]), &cid));
    }
    CHECK(cid.bytes[0] == 7);
    CHECK(dm_cid_from_text(dm_str(TEXT_57 "5e"), &cid));

    const struct dm_cid good = cid;
    for (size_t i = 0; i < 4; ++i) {
        struct dm_cid other = good;
        other.bytes[i] ^= 2U;
        CHECK(!dm_cid_read(dm_str_n((const char *)other.bytes, DM_CID_BYTES),
                           &cid));
    }
    CHECK(!dm_cid_read(dm_str_n((const char *)good.bytes, DM_CID_BYTES - 1),
                       &cid));
    CHECK(!dm_cid_read((struct dm_str){NULL, 0}, &cid));
}

static void
varints_are_minimal(void)
{
    static const uint64_t numbers[] = {0,
                                       1,
                                       127,
                                       128,
                                       255,
                                       16383,
                                       16384,
                                       UINT32_MAX,
                                       (UINT64_C(1) << 56U) - 1,
                                       UINT64_C(1) << 56U,
                                       INT64_MAX};
    static const size_t sizes[] = {1, 1, 1, 2, 2, 2, 3, 5, 8, 9, 9};
    for (size_t i = 0; i < DM_COUNT_OF(numbers); ++i) {
        uint8_t bytes[DM_VARINT_MAX];
        const size_t n = dm_varint_write(numbers[i], bytes);
        CHECK_INT((int64_t)n, (int64_t)sizes[i]);
        uint64_t again = 1;
        CHECK(dm_varint_read(dm_str_n((const char *)bytes, n), &again) == n);
        CHECK(again == numbers[i]);
        // Cut off anywhere it is none
        for (size_t cut = 0; cut < n; ++cut) {
            CHECK(!dm_varint_read(dm_str_n((const char *)bytes, cut), &again));
        }
    }
    static const char *const bad[] = {"8000",
                                      "ff00",
                                      "80",
                                      "808080808000",
                                      "ffffffffffffffffff01",
                                      "ffffffffffffffffffff"};
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        struct dm_buf buf;
        dm_buf_init(&buf, ROOM);
        bytes_from_hex(dm_str(bad[i]), &buf);
        uint64_t number = 5;
        CHECK(!dm_varint_read(dm_buf_str(&buf), &number) && number == 5);
        dm_buf_done(&buf);
    }
}

int
main(void)
{
    blocks_have_the_names_that_others_give_them();
    every_name_round_trips_through_its_text();
    what_is_no_name_is_refused();
    varints_are_minimal();
    return 0;
}
