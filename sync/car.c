// SPDX-License-Identifier: ISC

#include "sync/car.h"

#include "base/buf.h"
#include "sync/shape_private.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define VERSION 1U

struct header {
    struct dm_cid_list roots;
    uint64_t version;
};

static const struct dm_field fields[] = {
    {"roots", DM_FIELD_ANY_LINKS, DM_ALWAYS,
     .at = offsetof(struct header, roots), .most = DM_CAR_HEADER_MAX},
    {"version", DM_FIELD_UINT, DM_ALWAYS,
     .at = offsetof(struct header, version)},
};

static const struct dm_shape shape = {
    .name = "the header of a CAR",
    .max = DM_CAR_HEADER_MAX,
    .unknown = DM_UNKNOWN_NONE,
    .fields = fields,
    .n_fields = DM_COUNT_OF(fields),
};

static enum dm_status
refuse(const char *what, struct dm_error *error)
{
    (void)dm_error_set(error, DM_ERR_CORRUPT, "%s", what);
    return DM_ERR_CORRUPT;
}

// Take what stands behind its length at the front of `rest`.
static enum dm_status
take(struct dm_str *rest, size_t max, const char *limit, struct dm_str *ret,
     struct dm_error *error)
{
    uint64_t n = 0;
    const size_t n_length = dm_varint_read(*rest, &n);
    if (!n_length) {
        return refuse("varint: a length in a CAR", error);
    }
    if (n > max) {
        return dm_error_set(error, DM_ERR_CORRUPT, "%s: more than %zu bytes",
                            limit, max);
    }
    if (n > rest->n - n_length) {
        return refuse("car-truncated: the end is missing", error);
    }
    *ret = dm_str_slice(*rest, n_length, (size_t)n);
    *rest = dm_str_slice(*rest, n_length + (size_t)n, rest->n);
    return DM_OK;
}

enum dm_status
dm_car_open(struct dm_car *car, struct dm_str bytes, bool is_exchange,
            struct dm_error *error)
{
    if (is_exchange && bytes.n > DM_CAR_MAX) {
        return refuse("limit-car: more than 16 MiB", error);
    }
    struct dm_str head = {NULL, 0};
    enum dm_status status =
        take(&bytes, DM_CAR_HEADER_MAX, "limit-car-header", &head, error);
    if (status) {
        return status;
    }
    struct header header = {.version = 0};
    status = dm_shape_read(&shape, head, &header, NULL, error);
    if (status) {
        return status;
    }
    if (header.version != VERSION) {
        return refuse("car-header: not version 1", error);
    }
    *car = (struct dm_car){
        .rest = bytes, .roots = header.roots, .is_exchange = is_exchange};
    return DM_OK;
}

enum dm_status
dm_car_next(struct dm_car *car, struct dm_car_block *ret,
            struct dm_error *error)
{
    if (!car->rest.n) {
        return DM_END;
    }
    if (car->is_exchange && car->n_sections == DM_CAR_SECTIONS_MAX) {
        return refuse("limit-car: more than 10,000 blocks", error);
    }
    struct dm_str rest = car->rest;
    struct dm_str section = {NULL, 0};
    const enum dm_status status =
        take(&rest, DM_CAR_SECTION_MAX, "limit-section", &section, error);
    if (status) {
        return status;
    }
    if (section.n < DM_CID_BYTES) {
        return refuse("car-section: shorter than a name", error);
    }
    struct dm_car_block block;
    if (!dm_cid_read(dm_str_slice(section, 0, DM_CID_BYTES), &block.cid)) {
        return refuse("cid-form: not a name of ours", error);
    }
    block.data = dm_str_slice(section, DM_CID_BYTES, section.n);
    if (!dm_cid_names(&block.cid, block.data)) {
        return refuse("cid-hash: a block is not the one of its name", error);
    }
    car->rest = rest;
    ++car->n_sections;
    *ret = block;
    return DM_OK;
}

enum dm_status
dm_car_write_header(const struct dm_cid *roots, size_t n, struct dm_buf *buf)
{
    const struct header header = {.roots = dm_cid_list(roots, n),
                                  .version = VERSION};
    const size_t from = buf->n;
    enum dm_status status = dm_shape_write(&shape, &header, buf);
    if (status) {
        return status;
    }

    // Its length is known now and goes before it
    const size_t n_header = buf->n - from;
    uint8_t length[DM_VARINT_MAX];
    const size_t n_length = dm_varint_write(n_header, length);
    status = dm_buf_put(buf, length, n_length);
    if (status) {
        dm_buf_cut(buf, from);
        return status;
    }
    memmove(buf->data + from + n_length, buf->data + from, n_header);
    memcpy(buf->data + from, length, n_length);
    return DM_OK;
}

enum dm_status
dm_car_write_block(const struct dm_cid *cid, struct dm_str data,
                   struct dm_buf *buf)
{
    assert(data.n <= DM_CAR_SECTION_MAX - DM_CID_BYTES);
    const size_t from = buf->n;
    uint8_t length[DM_VARINT_MAX];
    const size_t n_length = dm_varint_write(DM_CID_BYTES + data.n, length);
    (void)dm_buf_put(buf, length, n_length);
    (void)dm_buf_put(buf, cid->bytes, DM_CID_BYTES);
    (void)dm_buf_put_str(buf, data);
    if (buf->status) {
        dm_buf_cut(buf, from);
    }
    return buf->status;
}
