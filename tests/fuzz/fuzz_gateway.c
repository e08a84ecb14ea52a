// SPDX-License-Identifier: ISC

// What a gateway is asked and what it reads: requests over a small DAG, names
// in all their spellings, links of blocks, CAR files, records.
//
// The first byte says which; of a request the rest is lines: path, query,
// Accept, If-None-Match, Range, Cache-Control. Of a path it is whether the
// block is dag-pb, the path, and the block that it begins at.

#include "base/buf.h"
#include "sync/any_record.h"
#include "sync/car.h"
#include "sync/gateway.h"
#include "sync/shelf.h"
#include "tests/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BUF_MAX (16U << 20U)
#define BLOCKS_MAX 100U
#define PIECES_MAX 1000U

static enum dm_status
on_link(void *context, const struct dm_any_cid *cid, struct dm_str name)
{
    const struct dm_str *const block = context;
    CHECK(cid->n <= DM_ANY_CID_MAX && name.n <= block->n);
    struct dm_any_cid again;
    CHECK(dm_any_cid_read(dm_str_n((const char *)cid->bytes, cid->n), &again) ==
          cid->n);
    CHECK(again.codec == cid->codec && again.hash == cid->hash);
    return DM_OK;
}

static void
try_block(struct dm_str bytes)
{
    static const uint64_t codecs[] = {DM_CODEC_CBOR, DM_CODEC_DAG_PB,
                                      DM_CODEC_RAW};
    for (size_t i = 0; i < DM_COUNT_OF(codecs); ++i) {
        const enum dm_status status =
            dm_links(codecs[i], bytes, on_link, &bytes);
        CHECK(!status || status == DM_ERR_CORRUPT);
    }
}

static void
try_name(struct dm_str text)
{
    struct dm_any_cid cid;
    struct dm_cid strict;
    uint8_t key[DM_KEY_PUBLIC_BYTES];
    if (dm_any_cid_from_text(text, &cid)) {
        CHECK(dm_any_cid_multihash(&cid).n <= cid.n);
        CHECK(dm_any_cid_digest(&cid).n < cid.n);
    }
    // What the strict reader takes is taken, and is the same
    if (dm_cid_from_text(text, &strict)) {
        struct dm_cid again;
        CHECK(dm_any_cid_from_text(text, &cid));
        CHECK(dm_any_cid_to(&cid, &again) && dm_cid_equal(&again, &strict));
    }
    if (dm_key_from_name(text, key)) {
        uint8_t again[DM_KEY_PUBLIC_BYTES];
        CHECK(dm_any_key_from_name(text, again));
        CHECK(memcmp(key, again, sizeof(key)) == 0);
    } else {
        (void)!dm_any_key_from_name(text, key);
    }
}

static struct dm_str
take_line(struct dm_str *rest)
{
    const struct dm_str end = DM_STR("\n");
    const size_t n = dm_str_find(*rest, end);
    const struct dm_str line = dm_str_slice(*rest, 0, n);
    *rest = dm_str_slice(*rest, n + 1, SIZE_MAX);
    return line;
}

static void
try_request(struct dm_shelf *shelf, struct dm_str text)
{
    struct dm_gateway_request request;
    request.path = take_line(&text);
    request.query = take_line(&text);
    request.accept = take_line(&text);
    request.if_none_match = take_line(&text);
    request.range = take_line(&text);
    request.cache_control = take_line(&text);
    const struct dm_gateway_source source = dm_shelf_source(shelf);
    struct dm_gateway *gateway = NULL;
    CHECK_INT(dm_gateway_new(&request, &source, &gateway), DM_OK);
    const struct dm_gateway_head *const head = dm_gateway_head(gateway);
    CHECK(head->status >= 200 && head->status < 600);
    CHECK(!head->problem[0] == (head->status < 400));
    for (size_t i = 0; i < head->n_headers; ++i) {
        const struct dm_str value = dm_str(head->headers[i].value);
        for (size_t k = 0; k < value.n; ++k) {
            const unsigned char c = (unsigned char)value.data[k];
            CHECK(c >= ' ' && c < 0x7F); // Nothing that ends a header
        }
    }
    struct dm_buf body;
    dm_buf_init(&body, BUF_MAX);
    enum dm_status status = DM_OK;
    for (unsigned i = 0; !status; ++i) {
        CHECK(i < PIECES_MAX);
        status = dm_gateway_next(gateway, &body);
    }
    CHECK(!head->has_length || (status == DM_END && body.n == head->length));
    dm_buf_done(&body);
    dm_gateway_free(gateway);
}

// A path from a block that is anything, and bytes of a file
static void
try_path(struct dm_str rest)
{
    static const char hex[] = "0123456789abcdef";
    if (!rest.n) {
        return;
    }
    const uint64_t codec = rest.data[0] & 1 ? DM_CODEC_DAG_PB : DM_CODEC_CBOR;
    rest = dm_str_slice(rest, 1, SIZE_MAX);
    const struct dm_str path = take_line(&rest);
    struct dm_cid cid = dm_cid_of(DM_CODEC_RAW, rest);
    cid.bytes[1] = (uint8_t)codec;
    const struct dm_str leaf = DM_STR("leaf");
    const struct dm_cid to = dm_cid_of(DM_CODEC_RAW, leaf);

    struct dm_buf car;
    struct dm_buf text;
    dm_buf_init(&car, BUF_MAX);
    dm_buf_init(&text, BUF_MAX);
    CHECK_INT(dm_car_write_header(&to, 1, &car), DM_OK);
    CHECK_INT(dm_car_write_block(&to, leaf, &car), DM_OK);
    CHECK_INT(dm_car_write_block(&cid, rest, &car), DM_OK);
    struct dm_shelf *const shelf = dm_shelf_new(BLOCKS_MAX, 1);
    CHECK(shelf);
    CHECK_INT(dm_shelf_add_car(shelf, dm_buf_str(&car), NULL), DM_OK);
    (void)dm_buf_puts(&text, "/ipfs/f");
    for (size_t i = 0; i < DM_CID_BYTES; ++i) {
        (void)dm_buf_putc(&text, hex[cid.bytes[i] >> 4U]);
        (void)dm_buf_putc(&text, hex[cid.bytes[i] & 15U]);
    }
    (void)dm_buf_putc(&text, '/');
    (void)dm_buf_put_str(&text, path);
    (void)dm_buf_puts(&text, "\nformat=car&dag-scope=entity&entity-bytes=1:-1");
    try_request(shelf, dm_buf_str(&text));
    dm_shelf_free(shelf);
    dm_buf_done(&text);
    dm_buf_done(&car);
}

// A shelf with one block of dag-cbor that names one that is raw
static struct dm_shelf *
small_shelf(struct dm_buf *car)
{
    const struct dm_str leaf = DM_STR("leaf");
    const struct dm_cid to = dm_cid_of(DM_CODEC_RAW, leaf);
    struct dm_buf root;
    dm_buf_init(&root, BUF_MAX);
    (void)dm_buf_put(&root, "\x81\xD8\x2A\x58\x25\0", 6);
    CHECK_INT(dm_buf_put(&root, to.bytes, DM_CID_BYTES), DM_OK);
    const struct dm_cid from = dm_cid_of(DM_CODEC_CBOR, dm_buf_str(&root));
    CHECK_INT(dm_car_write_header(&from, 1, car), DM_OK);
    CHECK_INT(dm_car_write_block(&from, dm_buf_str(&root), car), DM_OK);
    CHECK_INT(dm_car_write_block(&to, leaf, car), DM_OK);
    dm_buf_done(&root);
    struct dm_shelf *const shelf = dm_shelf_new(BLOCKS_MAX, 1);
    CHECK(shelf);
    CHECK_INT(dm_shelf_add_car(shelf, dm_buf_str(car), NULL), DM_OK);
    return shelf;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) {
        return 0;
    }
    const struct dm_str rest = {(const char *)data + 1, size - 1};
    struct dm_any_record record;
    static const uint8_t key[DM_KEY_PUBLIC_BYTES] = {1};
    struct dm_buf car;
    dm_buf_init(&car, BUF_MAX);
    struct dm_shelf *const shelf = small_shelf(&car);
    switch (data[0]) {
    case 'b':
        try_block(rest);
        break;
    case 'c':
        (void)!dm_shelf_add_car(shelf, rest, NULL);
        break;
    case 'n':
        try_name(rest);
        break;
    case 'p':
        try_path(rest);
        break;
    case 'r':
        (void)!dm_any_record_read(rest, key, &record);
        break;
    default:
        try_request(shelf, rest);
        break;
    }
    dm_shelf_free(shelf);
    dm_buf_done(&car);
    return 0;
}
