// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "sync/block.h"
#include "sync/cbor.h"
#include "sync/shape_private.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define VERSION 1U
#define LEVEL_MAX 2U

#define UNKNOWN_MAX 8U
#define UNKNOWN_KEY_MAX 8U
#define UNKNOWN_VALUE_MAX 1024U

static const char *const kinds[] = {[DM_MANIFEST_CONF] = "conf",
                                    [DM_MANIFEST_SNAP] = "snap",
                                    [DM_MANIFEST_NOTE] = "note"};

// --------------------------------------------------------------------- reading

// An item of bytes whose form was checked before
static struct dm_cbor_item
next(struct dm_cbor *cbor)
{
    struct dm_cbor_item item;
    const enum dm_status status = dm_cbor_next(cbor, &item, NULL);
    assert(status == DM_OK);
    return item;
}

static enum dm_status
refuse_type(const char *key, struct dm_error *error)
{
    return dm_error_set(error, DM_ERR_CORRUPT,
                        "key-type: %s is not what it must be", key);
}

// The form of all of `block`; whether there is a key `v` at the top, and its
// value
static enum dm_status
check_form(struct dm_str block, bool *ret_is_map, bool *ret_has_version,
           struct dm_cbor_item *ret_version, struct dm_error *error)
{
    struct dm_cbor cbor;
    struct dm_cbor_item item = {.level = 0};
    bool is_version = false;
    dm_cbor_init(&cbor, block);
    for (;;) {
        const enum dm_status status = dm_cbor_next(&cbor, &item, error);
        if (status) {
            return status == DM_END ? DM_OK : status;
        }
        if (item.level == 1) {
            *ret_is_map = item.kind == DM_CBOR_MAP;
        }
        if (is_version) {
            *ret_has_version = true;
            *ret_version = item;
        }
        is_version =
            item.level == 2 && item.is_key && dm_str_is(item.bytes, "v");
    }
}

static bool
is_versioned(const struct dm_shape *shape)
{
    for (size_t i = 0; i < shape->n_fields; ++i) {
        if (shape->fields[i].type == DM_FIELD_VERSION) {
            return true;
        }
    }
    return false;
}

// Limit, form and version, which come before everything else
static enum dm_status
check_whole(const struct dm_shape *shape, struct dm_str block,
            struct dm_error *error)
{
    if (block.n > shape->max) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "limit-block: %s of more than %zu bytes",
                            shape->name, shape->max);
    }
    bool is_map = false;
    bool has_version = false;
    struct dm_cbor_item version = {.level = 0};
    const enum dm_status status =
        check_form(block, &is_map, &has_version, &version, error);
    if (status) {
        return status;
    }
    if (!is_map) {
        return dm_error_set(error, DM_ERR_CORRUPT, "not-map: %s", shape->name);
    }
    if (!is_versioned(shape)) {
        return DM_OK;
    }
    if (!has_version) {
        return dm_error_set(error, DM_ERR_CORRUPT, "key-missing: v");
    }
    if (version.kind != DM_CBOR_UINT) {
        return refuse_type("v", error);
    }
    if (version.number != VERSION) {
        return dm_error_set(error, DM_ERR_UNSUPPORTED,
                            "newer-protocol: %s of version %" PRIu64,
                            shape->name, version.number);
    }
    return DM_OK;
}

static bool
is_link_of(enum dm_field_type type, struct dm_str bytes, struct dm_cid *ret)
{
    struct dm_cid cid;
    if (!dm_cid_read(bytes, &cid)) {
        return false;
    }
    const enum dm_codec codec = dm_cid_codec(&cid);
    const bool wants_raw = type == DM_FIELD_RAW || type == DM_FIELD_RAWS;
    if (type != DM_FIELD_ANY_LINKS &&
        codec != (wants_raw ? DM_CODEC_RAW : DM_CODEC_CBOR)) {
        return false;
    }
    *ret = cid;
    return true;
}

// Strings within a block, each behind the same head, so equally far apart
static bool
read_list(struct dm_cbor *cbor, const struct dm_field *field,
          const struct dm_cbor_item *array, struct dm_digest_list *ret)
{
    if (array->kind != DM_CBOR_ARRAY || array->number < field->least ||
        array->number > field->most) {
        return false;
    }
    struct dm_digest_list list = {.n = (size_t)array->number};
    const uint8_t *last = NULL;
    for (size_t i = 0; i < list.n; ++i) {
        const struct dm_cbor_item item = next(cbor);
        struct dm_cid cid;
        const bool is_good =
            field->type == DM_FIELD_DIGESTS
                ? item.kind == DM_CBOR_BYTES && item.bytes.n == DM_DIGEST_BYTES
                : item.kind == DM_CBOR_LINK &&
                      is_link_of(field->type, item.bytes, &cid);
        if (!is_good) {
            return false;
        }
        const uint8_t *const at = (const uint8_t *)item.bytes.data;
        if (i == 0) {
            list.first = at;
        } else if (i == 1) {
            list.stride = (size_t)(at - last);
        }
        last = at;
    }
    *ret = list;
    return true;
}

static bool
read_number(const struct dm_field *field, const struct dm_cbor_item *item,
            void *member)
{
    if (item->kind != DM_CBOR_UINT) {
        return false;
    }
    if (field->type == DM_FIELD_LEVEL) {
        *(unsigned *)member = (unsigned)item->number;
        return item->number > 0 && item->number <= LEVEL_MAX;
    }
    *(uint64_t *)member = item->number;
    return true;
}

static bool
read_kind(const struct dm_cbor_item *item, enum dm_manifest_kind *ret)
{
    if (item->kind != DM_CBOR_TEXT) {
        return false;
    }
    for (size_t i = 0; i < DM_COUNT_OF(kinds); ++i) {
        if (dm_str_is(item->bytes, kinds[i])) {
            *ret = (enum dm_manifest_kind)i;
            return true;
        }
    }
    return false;
}

static bool
read_bytes(const struct dm_field *field, const struct dm_cbor_item *item,
           void *member)
{
    if (item->kind != DM_CBOR_BYTES) {
        return false;
    }
    if (field->type == DM_FIELD_RUN) {
        *(struct dm_str *)member = item->bytes;
        return true;
    }
    if (item->bytes.n != field->most) {
        return false;
    }
    memcpy(member, item->bytes.data, field->most);
    return true;
}

static bool
read_links(struct dm_cbor *cbor, const struct dm_field *field,
           const struct dm_cbor_item *item, struct dm_cid_list *ret)
{
    struct dm_digest_list list;
    if (!read_list(cbor, field, item, &list)) {
        return false;
    }
    *ret = (struct dm_cid_list){
        .first = list.first, .n = list.n, .stride = list.stride};
    return true;
}

// Whether the value is of the field's type; then its member is set.
static bool
read_value(struct dm_cbor *cbor, const struct dm_field *field,
           const struct dm_cbor_item *item, void *member)
{
    switch (field->type) {
    case DM_FIELD_VERSION: // Was looked at before
        return true;
    case DM_FIELD_COUNT:
    case DM_FIELD_UINT:
    case DM_FIELD_LEVEL:
        return read_number(field, item, member);
    case DM_FIELD_KIND:
        return read_kind(item, member);
    case DM_FIELD_BYTES:
    case DM_FIELD_RUN:
        return read_bytes(field, item, member);
    case DM_FIELD_CID:
        return item->kind == DM_CBOR_BYTES &&
               is_link_of(field->type, item->bytes, member);
    case DM_FIELD_LINK:
    case DM_FIELD_RAW:
        return item->kind == DM_CBOR_LINK &&
               is_link_of(field->type, item->bytes, member);
    case DM_FIELD_LINKS:
    case DM_FIELD_RAWS:
    case DM_FIELD_ANY_LINKS:
        return read_links(cbor, field, item, member);
    case DM_FIELD_DIGESTS:
        return read_list(cbor, field, item, member);
    }
    return false;
}

static enum dm_status
read_field(struct dm_cbor *cbor, const struct dm_field *field, char *ret,
           struct dm_error *error)
{
    const struct dm_cbor_item item = next(cbor);
    if (field->presence == DM_OR_NULL && item.kind == DM_CBOR_NULL) {
        return DM_OK;
    }
    if (!read_value(cbor, field, &item, ret + field->at)) {
        return refuse_type(field->key, error);
    }
    if (field->type == DM_FIELD_COUNT && item.number >= DM_WIRE_BELOW) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "limit-number: %s is not below 2^48", field->key);
    }
    if (field->presence != DM_ALWAYS) {
        *(bool *)(ret + field->flag) = true;
    }
    return DM_OK;
}

// Go over a value without looking at it; whether a link is in it
static bool
skip_value(struct dm_cbor *cbor)
{
    const struct dm_cbor_item value = next(cbor);
    bool has_link = value.kind == DM_CBOR_LINK;
    while (dm_cbor_is_open(cbor, &value)) {
        const struct dm_cbor_item item = next(cbor);
        has_link = has_link || item.kind == DM_CBOR_LINK;
    }
    return has_link;
}

static bool
is_unknown_key(struct dm_str key)
{
    for (size_t i = 0; i < key.n; ++i) {
        const char c = key.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') {
            return false;
        }
    }
    return key.n > 0 && key.n <= UNKNOWN_KEY_MAX;
}

static enum dm_status
read_unknown(struct dm_cbor *cbor, const struct dm_shape *shape,
             struct dm_str key, size_t n_unknown, struct dm_error *error)
{
    const size_t from = cbor->at;
    const bool has_link = skip_value(cbor);
    const char *rule = NULL;
    switch (shape->unknown) {
    case DM_UNKNOWN_IGNORE:
        return DM_OK;
    case DM_UNKNOWN_NONE:
        rule = "key-unknown";
        break;
    case DM_UNKNOWN_FEW:
        if (n_unknown > UNKNOWN_MAX) {
            rule = "unknown-many";
        } else if (!is_unknown_key(key)) {
            rule = "unknown-key";
        } else if (cbor->at - from > UNKNOWN_VALUE_MAX) {
            rule = "unknown-long";
        } else if (has_link) {
            rule = "unknown-link";
        }
        break;
    }
    return rule ? dm_error_set(error, DM_ERR_CORRUPT, "%s: %.*s", rule,
                               (int)(key.n <= UNKNOWN_VALUE_MAX ? key.n : 0),
                               key.data)
                : DM_OK;
}

// Leave out the fields that stand before `key`
static enum dm_status
pass_by(const struct dm_shape *shape, struct dm_str key, size_t *field,
        struct dm_error *error)
{
    while (*field < shape->n_fields) {
        const struct dm_field *const it = &shape->fields[*field];
        if (key.data && dm_cbor_compare_keys(dm_str(it->key), key) >= 0) {
            break;
        }
        if (it->presence != DM_OPTIONAL) {
            return dm_error_set(error, DM_ERR_CORRUPT, "key-missing: %s",
                                it->key);
        }
        ++*field;
    }
    return DM_OK;
}

enum dm_status
dm_shape_read(const struct dm_shape *shape, struct dm_str block, void *ret,
              size_t *ret_n_unknown, struct dm_error *error)
{
    enum dm_status status = check_whole(shape, block, error);
    if (status) {
        return status;
    }
    struct dm_cbor cbor;
    dm_cbor_init(&cbor, block);
    const struct dm_cbor_item map = next(&cbor);
    size_t field = 0;
    size_t n_unknown = 0;
    for (uint64_t i = 0; !status && i < map.number; ++i) {
        const struct dm_str key = next(&cbor).bytes;
        status = pass_by(shape, key, &field, error);
        if (status) {
            break;
        }
        if (field < shape->n_fields &&
            dm_str_is(key, shape->fields[field].key)) {
            status = read_field(&cbor, &shape->fields[field++], ret, error);
        } else {
            status = read_unknown(&cbor, shape, key, ++n_unknown, error);
        }
    }
    if (!status) {
        status = pass_by(shape, (struct dm_str){NULL, 0}, &field, error);
    }
    if (!status && ret_n_unknown) {
        *ret_n_unknown = n_unknown;
    }
    return status;
}

// --------------------------------------------------------------------- writing

static bool
flag_of(const struct dm_field *field, const char *value)
{
    return field->presence == DM_ALWAYS ||
           *(const bool *)(const void *)(value + field->flag);
}

static void
put_links(const struct dm_field *field, const struct dm_cid_list *list,
          struct dm_buf *buf)
{
    assert(list->n >= field->least && list->n <= field->most);
    dm_cbor_put_array(buf, list->n);
    for (size_t i = 0; i < list->n; ++i) {
        const struct dm_cid cid = dm_cid_list_at(list, i);
        dm_cbor_put_link(buf, &cid);
    }
}

static void
put_digests(const struct dm_field *field, const struct dm_digest_list *list,
            struct dm_buf *buf)
{
    assert(list->n >= field->least && list->n <= field->most);
    dm_cbor_put_array(buf, list->n);
    for (size_t i = 0; i < list->n; ++i) {
        const uint8_t *const digest = list->first + i * list->stride;
        dm_cbor_put_bytes(buf, dm_str_n((const char *)digest, DM_DIGEST_BYTES));
    }
}

static void
put_number(const struct dm_field *field, const void *member, struct dm_buf *buf)
{
    if (field->type == DM_FIELD_LEVEL) {
        const unsigned level = *(const unsigned *)member;
        assert(level > 0 && level <= LEVEL_MAX);
        dm_cbor_put_uint(buf, level);
        return;
    }
    const uint64_t number = *(const uint64_t *)member;
    assert(field->type != DM_FIELD_COUNT || number < DM_WIRE_BELOW);
    dm_cbor_put_uint(buf, number);
}

static void
put_value(const struct dm_field *field, const void *member, struct dm_buf *buf)
{
    switch (field->type) {
    case DM_FIELD_VERSION:
        dm_cbor_put_uint(buf, VERSION);
        break;
    case DM_FIELD_COUNT:
    case DM_FIELD_UINT:
    case DM_FIELD_LEVEL:
        put_number(field, member, buf);
        break;
    case DM_FIELD_KIND:
        dm_cbor_put_text(buf,
                         dm_str(kinds[*(const enum dm_manifest_kind *)member]));
        break;
    case DM_FIELD_BYTES:
        dm_cbor_put_bytes(buf, dm_str_n(member, field->most));
        break;
    case DM_FIELD_RUN:
        dm_cbor_put_bytes(buf, *(const struct dm_str *)member);
        break;
    case DM_FIELD_CID:
        dm_cbor_put_bytes(buf, dm_str_n(member, DM_CID_BYTES));
        break;
    case DM_FIELD_LINK:
    case DM_FIELD_RAW:
        dm_cbor_put_link(buf, member);
        break;
    case DM_FIELD_LINKS:
    case DM_FIELD_RAWS:
    case DM_FIELD_ANY_LINKS:
        put_links(field, member, buf);
        break;
    case DM_FIELD_DIGESTS:
        put_digests(field, member, buf);
        break;
    }
}

enum dm_status
dm_shape_write(const struct dm_shape *shape, const void *value,
               struct dm_buf *buf)
{
    const char *const base = value;
    const size_t from = buf->n;
    size_t n = 0;
    for (size_t i = 0; i < shape->n_fields; ++i) {
        const struct dm_field *const field = &shape->fields[i];
        n += field->presence == DM_OR_NULL || flag_of(field, base);
    }
    dm_cbor_put_map(buf, n);
    for (size_t i = 0; i < shape->n_fields; ++i) {
        const struct dm_field *const field = &shape->fields[i];
        const bool is_there = flag_of(field, base);
        if (is_there || field->presence == DM_OR_NULL) {
            dm_cbor_put_text(buf, dm_str(field->key));
        }
        if (is_there) {
            put_value(field, base + field->at, buf);
        } else if (field->presence == DM_OR_NULL) {
            dm_cbor_put_null(buf);
        }
    }
    if (buf->status) {
        dm_buf_cut(buf, from);
    }
    assert(buf->status || buf->n - from <= shape->max);
    return buf->status;
}
