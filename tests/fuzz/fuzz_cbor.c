// SPDX-License-Identifier: ISC

// dag-cbor from anywhere. What is read to its end is the one spelling of its
// items: written again they are the same bytes. Each text, byte string and name
// lies in what was read, and levels grow by one.

#include "base/buf.h"
#include "sync/cbor.h"
#include "sync/cid.h"
#include "tests/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
lies_in(struct dm_str part, struct dm_str whole)
{
    return part.data >= whole.data &&
           part.data + part.n <= whole.data + whole.n;
}

static void
put_again(const struct dm_cbor_item *item, struct dm_buf *buf)
{
    struct dm_cid cid;
    switch (item->kind) {
    case DM_CBOR_UINT:
        dm_cbor_put_uint(buf, item->number);
        break;
    case DM_CBOR_NEGATIVE:
        dm_cbor_put_negative(buf, item->number);
        break;
    case DM_CBOR_BYTES:
        dm_cbor_put_bytes(buf, item->bytes);
        break;
    case DM_CBOR_TEXT:
        CHECK(dm_str_is_utf8(item->bytes));
        dm_cbor_put_text(buf, item->bytes);
        break;
    case DM_CBOR_ARRAY:
        dm_cbor_put_array(buf, item->number);
        break;
    case DM_CBOR_MAP:
        dm_cbor_put_map(buf, item->number);
        break;
    case DM_CBOR_LINK:
        CHECK(dm_cid_read(item->bytes, &cid));
        dm_cbor_put_link(buf, &cid);
        break;
    case DM_CBOR_BOOL:
        dm_cbor_put_bool(buf, item->number == 1);
        break;
    case DM_CBOR_NULL:
        dm_cbor_put_null(buf);
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str bytes = dm_str_n((const char *)data, size);
    struct dm_cbor cbor;
    struct dm_cbor_item item = {.level = 0};
    struct dm_error error;
    struct dm_buf again;
    dm_cbor_init(&cbor, bytes);
    dm_buf_init(&again, size);
    unsigned level = 0;
    enum dm_status status = DM_OK;
    for (;;) {
        status = dm_cbor_next(&cbor, &item, &error);
        if (status) {
            break;
        }
        CHECK(item.level > 0 && item.level <= level + 1);
        CHECK(item.level <= DM_CBOR_DEPTH_MAX + (item.is_key ? 1 : 0));
        CHECK(!item.bytes.data || lies_in(item.bytes, bytes));
        CHECK(item.at < cbor.at && cbor.at <= size);
        level = item.level;
        put_again(&item, &again);
    }
    CHECK(status == DM_END || status == DM_ERR_CORRUPT);
    if (status == DM_END) {
        CHECK(!dm_cbor_is_open(&cbor, &item));
        CHECK(dm_str_equal(dm_buf_str(&again), bytes));
    } else {
        CHECK(error.status == DM_ERR_CORRUPT && error.what[0]);
    }
    dm_buf_done(&again);
    return 0;
}
