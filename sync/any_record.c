// SPDX-License-Identifier: ISC

#include "sync/any_record.h"

#include "sync/cbor.h"
#include "sync/protobuf.h"
#include "sync/record.h"

#include <stdbool.h>

#define FIELD_SIGNATURE 8U
#define FIELD_DATA 9U

// The numbers of the map that is signed
static enum dm_status
read_data(struct dm_str data, struct dm_any_record *ret)
{
    const struct dm_str ttl = DM_STR("TTL");
    const struct dm_str sequence = DM_STR("Sequence");
    struct dm_any_record record = {0};
    bool has_sequence = false;
    struct dm_str key = {NULL, 0};
    struct dm_cbor cbor;
    struct dm_cbor_item item;
    enum dm_status status = DM_OK;
    dm_cbor_init(&cbor, data);
    while (!(status = dm_cbor_next(&cbor, &item, NULL))) {
        if (item.is_key) {
            key = item.level == 2 ? item.bytes : dm_str_n(NULL, 0);
        } else if (item.kind == DM_CBOR_UINT && item.level == 2) {
            record.ttl_ns =
                dm_str_equal(key, ttl) ? item.number : record.ttl_ns;
            if (dm_str_equal(key, sequence)) {
                record.sequence = item.number;
                has_sequence = true;
            }
        }
    }
    if (status != DM_END || !has_sequence) {
        return DM_ERR_CORRUPT;
    }
    *ret = record;
    return DM_OK;
}

enum dm_status
dm_any_record_read(struct dm_str bytes,
                   const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
                   struct dm_any_record *ret)
{
    const struct dm_str prefix = DM_STR("ipns-signature:");
    struct dm_str signature = {NULL, 0};
    struct dm_str data = {NULL, 0};
    struct dm_pb_field field;
    enum dm_status status = DM_OK;
    if (bytes.n > DM_RECORD_MAX) {
        return DM_ERR_CORRUPT;
    }
    while (!(status = dm_pb_next(&bytes, &field))) {
        if (field.is_bytes && field.number == FIELD_SIGNATURE) {
            signature = field.bytes;
        } else if (field.is_bytes && field.number == FIELD_DATA) {
            data = field.bytes;
        }
    }
    if (status != DM_END || signature.n != DM_KEY_SIGNATURE_BYTES || !data.n) {
        return DM_ERR_CORRUPT;
    }
    status = dm_key_verify(public_key, prefix, data,
                           (const uint8_t *)signature.data);
    return status ? status : read_data(data, ret);
}
