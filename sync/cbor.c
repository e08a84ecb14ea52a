// SPDX-License-Identifier: ISC

#include "sync/cbor.h"

#include "base/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

// Major types
#define MAJOR_UINT 0U
#define MAJOR_NEGATIVE 1U
#define MAJOR_BYTES 2U
#define MAJOR_TEXT 3U
#define MAJOR_ARRAY 4U
#define MAJOR_MAP 5U
#define MAJOR_TAG 6U
#define MAJOR_SIMPLE 7U

#define MAJOR_SHIFT 5U
#define LOW_MASK 31U
#define BYTE_BITS 8U
#define BYTE_MASK 0xFFU

// The low five bits of a head: a number below 24, or how many bytes say it
#define LOW_1_BYTE 24U
#define LOW_8_BYTES 27U
#define LOW_INDEFINITE 31U

#define SIMPLE_FALSE 20U
#define SIMPLE_TRUE 21U
#define SIMPLE_NULL 22U
#define LOW_FLOAT_16 25U

#define TAG_CID 42U

void
dm_cbor_init(struct dm_cbor *cbor, struct dm_str bytes)
{
    cbor->all = bytes;
    cbor->at = 0;
    cbor->depth = 0;
}

int
dm_cbor_compare_keys(struct dm_str a, struct dm_str b)
{
    if (a.n != b.n) {
        return a.n < b.n ? -1 : 1;
    }
    return dm_str_compare(a, b);
}

static enum dm_status
refuse(const struct dm_cbor *cbor, const char *rule, const char *what,
       struct dm_error *error)
{
    (void)dm_error_set(error, DM_ERR_CORRUPT, "%s: %s, before byte %zu", rule,
                       what, cbor->at);
    return DM_ERR_CORRUPT;
}

static enum dm_status
take(struct dm_cbor *cbor, uint64_t n, struct dm_str *ret,
     struct dm_error *error)
{
    if (n > cbor->all.n - cbor->at) {
        return refuse(cbor, "cbor-truncated", "the end is missing", error);
    }
    *ret = dm_str_slice(cbor->all, cbor->at, (size_t)n);
    cbor->at += (size_t)n;
    return DM_OK;
}

struct head {
    unsigned major;
    unsigned low;
    uint64_t number;
};

static enum dm_status
read_head(struct dm_cbor *cbor, struct head *ret, struct dm_error *error)
{
    struct dm_str bytes = {NULL, 0};
    enum dm_status status = take(cbor, 1, &bytes, error);
    if (status) {
        return status;
    }
    const unsigned first = (uint8_t)bytes.data[0];
    struct head head = {.major = first >> MAJOR_SHIFT, .low = first & LOW_MASK};
    head.number = head.low;
    if (head.low < LOW_1_BYTE) {
        *ret = head;
        return DM_OK;
    }
    if (head.low == LOW_INDEFINITE && head.major != MAJOR_UINT &&
        head.major != MAJOR_NEGATIVE && head.major != MAJOR_TAG) {
        return refuse(cbor, "cbor-indefinite", "a length is not said", error);
    }
    if (head.low > LOW_8_BYTES) {
        return refuse(cbor, "cbor-reserved", "a head that means nothing",
                      error);
    }

    const unsigned n = 1U << (head.low - LOW_1_BYTE);
    status = take(cbor, n, &bytes, error);
    if (status) {
        return status;
    }
    head.number = 0;
    for (size_t i = 0; i < n; ++i) {
        head.number = head.number << BYTE_BITS | (uint8_t)bytes.data[i];
    }
    // With half as many bytes, or in the head itself, it could not be said
    const uint64_t least =
        n == 1 ? LOW_1_BYTE : UINT64_C(1) << (n / 2 * BYTE_BITS);
    if (head.major != MAJOR_SIMPLE && head.number < least) {
        return refuse(cbor, "cbor-not-shortest",
                      "a number is said in more bytes than it needs", error);
    }
    *ret = head;
    return DM_OK;
}

static enum dm_status
read_text(struct dm_cbor *cbor, uint64_t n, struct dm_str *ret,
          struct dm_error *error)
{
    struct dm_str text = {NULL, 0};
    const enum dm_status status = take(cbor, n, &text, error);
    if (status) {
        return status;
    }
    if (!dm_str_is_utf8(text)) {
        return refuse(cbor, "cbor-utf8", "a text that is not UTF-8", error);
    }
    *ret = text;
    return DM_OK;
}

// What tag 42 stands before: a zero byte and a name
static enum dm_status
read_link(struct dm_cbor *cbor, uint64_t tag, struct dm_str *ret,
          struct dm_error *error)
{
    if (tag != TAG_CID) {
        return refuse(cbor, "cbor-tag", "a tag other than 42", error);
    }
    struct head head = {.number = 0};
    enum dm_status status = read_head(cbor, &head, error);
    if (status) {
        return status;
    }
    struct dm_str bytes = {NULL, 0};
    if (head.major == MAJOR_BYTES) {
        status = take(cbor, head.number, &bytes, error);
        if (status) {
            return status;
        }
    }
    struct dm_cid cid;
    const struct dm_str name = dm_str_slice(bytes, 1, bytes.n);
    if (!bytes.n || bytes.data[0] != 0 || !dm_cid_read(name, &cid)) {
        return refuse(cbor, "cbor-link", "a link that no block of ours has",
                      error);
    }
    *ret = name;
    return DM_OK;
}

static enum dm_status
read_simple(const struct dm_cbor *cbor, const struct head *head,
            struct dm_cbor_item *item, struct dm_error *error)
{
    switch (head->low) {
    case SIMPLE_FALSE:
    case SIMPLE_TRUE:
        item->kind = DM_CBOR_BOOL;
        item->number = head->low == SIMPLE_TRUE;
        return DM_OK;
    case SIMPLE_NULL:
        item->kind = DM_CBOR_NULL;
        item->number = 0;
        return DM_OK;
    default:
        break;
    }
    if (head->low >= LOW_FLOAT_16) {
        return refuse(cbor, "cbor-float", "a float", error);
    }
    return refuse(cbor, "cbor-simple", "a simple value without meaning", error);
}

// Enter a container; one without items is over at once.
static enum dm_status
enter(struct dm_cbor *cbor, const struct dm_cbor_item *item,
      struct dm_error *error)
{
    // Each item has a byte at least
    if (item->number > cbor->all.n - cbor->at) {
        return refuse(cbor, "cbor-truncated", "the end is missing", error);
    }
    assert(cbor->depth == item->level - 1 && cbor->depth < DM_CBOR_DEPTH_MAX);
    cbor->levels[cbor->depth++] = (struct dm_cbor_level){
        .left = item->number, .is_map = item->kind == DM_CBOR_MAP};
    return DM_OK;
}

static enum dm_status
read_item(struct dm_cbor *cbor, struct dm_cbor_item *item,
          struct dm_error *error)
{
    struct head head = {.number = 0};
    const enum dm_status status = read_head(cbor, &head, error);
    if (status) {
        return status;
    }
    item->number = head.number;
    switch (head.major) {
    case MAJOR_UINT:
        item->kind = DM_CBOR_UINT;
        return DM_OK;
    case MAJOR_NEGATIVE:
        item->kind = DM_CBOR_NEGATIVE;
        return DM_OK;
    case MAJOR_BYTES:
        item->kind = DM_CBOR_BYTES;
        return take(cbor, head.number, &item->bytes, error);
    case MAJOR_TEXT:
        item->kind = DM_CBOR_TEXT;
        return read_text(cbor, head.number, &item->bytes, error);
    case MAJOR_ARRAY:
        item->kind = DM_CBOR_ARRAY;
        return enter(cbor, item, error);
    case MAJOR_MAP:
        item->kind = DM_CBOR_MAP;
        return enter(cbor, item, error);
    case MAJOR_TAG:
        item->kind = DM_CBOR_LINK;
        return read_link(cbor, head.number, &item->bytes, error);
    default:
        return read_simple(cbor, &head, item, error);
    }
}

static enum dm_status
read_key(struct dm_cbor *cbor, struct dm_cbor_level *level,
         struct dm_cbor_item *item, struct dm_error *error)
{
    struct head head = {.number = 0};
    enum dm_status status = read_head(cbor, &head, error);
    if (status) {
        return status;
    }
    if (head.major != MAJOR_TEXT) {
        return refuse(cbor, "cbor-key-not-text", "a key that is no text",
                      error);
    }
    struct dm_str key = {NULL, 0};
    status = read_text(cbor, head.number, &key, error);
    if (status) {
        return status;
    }
    const int order =
        level->key.data ? dm_cbor_compare_keys(level->key, key) : -1;
    if (order == 0) {
        return refuse(cbor, "cbor-key-duplicate", "a key twice", error);
    }
    if (order > 0) {
        return refuse(cbor, "cbor-key-order", "keys out of order", error);
    }
    level->key = key;
    level->has_key = true;
    item->kind = DM_CBOR_TEXT;
    item->is_key = true;
    item->number = head.number;
    item->bytes = key;
    return DM_OK;
}

enum dm_status
dm_cbor_next(struct dm_cbor *cbor, struct dm_cbor_item *ret,
             struct dm_error *error)
{
    if (cbor->depth == 0 && cbor->at > 0) {
        return cbor->at == cbor->all.n ? DM_END
                                       : refuse(cbor, "cbor-trailing",
                                                "bytes after the item", error);
    }
    struct dm_cbor_item item = {.level = cbor->depth + 1, .at = cbor->at};
    struct dm_cbor_level *level =
        cbor->depth ? &cbor->levels[cbor->depth - 1] : NULL;
    enum dm_status status = DM_OK;
    if (level && level->is_map && !level->has_key) {
        status = read_key(cbor, level, &item, error);
    } else if (item.level > DM_CBOR_DEPTH_MAX) {
        status = refuse(cbor, "cbor-depth", "too many levels", error);
    } else {
        if (level) {
            --level->left;
            level->has_key = false;
        }
        status = read_item(cbor, &item, error);
    }
    if (status) {
        return status;
    }
    while (cbor->depth > 0 && cbor->levels[cbor->depth - 1].left == 0) {
        --cbor->depth;
    }
    *ret = item;
    return DM_OK;
}

bool
dm_cbor_is_open(const struct dm_cbor *cbor, const struct dm_cbor_item *item)
{
    return cbor->depth >= item->level;
}

static void
put_head(struct dm_buf *buf, unsigned major, uint64_t number)
{
    uint8_t bytes[1 + sizeof(number)] = {(uint8_t)(major << MAJOR_SHIFT)};
    if (number < LOW_1_BYTE) {
        bytes[0] = (uint8_t)(bytes[0] | number);
        (void)dm_buf_put(buf, bytes, 1);
        return;
    }
    unsigned low = LOW_1_BYTE;
    size_t n = 1;
    while (n < sizeof(number) && number >> (n * BYTE_BITS)) {
        n *= 2;
        ++low;
    }
    bytes[0] = (uint8_t)(bytes[0] | low);
    for (size_t i = n; i > 0; --i) {
        bytes[i] = (uint8_t)(number & BYTE_MASK);
        number >>= BYTE_BITS;
    }
    (void)dm_buf_put(buf, bytes, 1 + n);
}

void
dm_cbor_put_uint(struct dm_buf *buf, uint64_t number)
{
    put_head(buf, MAJOR_UINT, number);
}

void
dm_cbor_put_negative(struct dm_buf *buf, uint64_t number)
{
    put_head(buf, MAJOR_NEGATIVE, number);
}

void
dm_cbor_put_bytes(struct dm_buf *buf, struct dm_str bytes)
{
    put_head(buf, MAJOR_BYTES, bytes.n);
    (void)dm_buf_put_str(buf, bytes);
}

void
dm_cbor_put_text(struct dm_buf *buf, struct dm_str text)
{
    put_head(buf, MAJOR_TEXT, text.n);
    (void)dm_buf_put_str(buf, text);
}

void
dm_cbor_put_array(struct dm_buf *buf, uint64_t n)
{
    put_head(buf, MAJOR_ARRAY, n);
}

void
dm_cbor_put_map(struct dm_buf *buf, uint64_t n)
{
    put_head(buf, MAJOR_MAP, n);
}

void
dm_cbor_put_link(struct dm_buf *buf, const struct dm_cid *cid)
{
    put_head(buf, MAJOR_TAG, TAG_CID);
    put_head(buf, MAJOR_BYTES, 1 + DM_CID_BYTES);
    (void)dm_buf_putc(buf, '\0');
    (void)dm_buf_put(buf, cid->bytes, DM_CID_BYTES);
}

void
dm_cbor_put_bool(struct dm_buf *buf, bool value)
{
    put_head(buf, MAJOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void
dm_cbor_put_null(struct dm_buf *buf)
{
    put_head(buf, MAJOR_SIMPLE, SIMPLE_NULL);
}
