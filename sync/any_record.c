// SPDX-License-Identifier: ISC

#include "sync/any_record.h"

#include "sync/protobuf.h"
#include "sync/record.h"
#include "sync/record_private.h"

#include <stdbool.h>

// Fields of the message; those of V1 say what is signed once more
#define VALUE 1U
#define SIGNATURE_V1 2U
#define VALIDITY_TYPE 3U
#define VALIDITY 4U
#define SEQUENCE 5U
#define TTL 6U
#define SIGNATURE 8U
#define DATA 9U

struct message {
    struct dm_record_data v1;
    struct dm_str signature_v1;
    struct dm_str signature;
    struct dm_str data;
};

static void
keep(const struct dm_pb_field *field, struct message *ret)
{
    struct dm_str *const texts[] = {
        [VALUE] = &ret->v1.value,
        [SIGNATURE_V1] = &ret->signature_v1,
        [VALIDITY] = &ret->v1.validity,
        [SIGNATURE] = &ret->signature,
        [DATA] = &ret->data,
    };
    uint64_t *const numbers[] = {
        [VALIDITY_TYPE] = &ret->v1.validity_type,
        [SEQUENCE] = &ret->v1.sequence,
        [TTL] = &ret->v1.ttl_ns,
    };
    const uint64_t n = field->number;
    if (field->is_bytes && n < DM_COUNT_OF(texts) && texts[n]) {
        *texts[n] = field->bytes;
    } else if (!field->is_bytes && n < DM_COUNT_OF(numbers) && numbers[n]) {
        *numbers[n] = field->value;
    }
}

static enum dm_status
read_message(struct dm_str bytes, struct message *ret)
{
    struct dm_pb_field field;
    enum dm_status status = DM_OK;
    while (!(status = dm_pb_next(&bytes, &field))) {
        keep(&field, ret);
    }
    return status == DM_END && ret->signature.n == DM_KEY_SIGNATURE_BYTES &&
                   ret->data.n
               ? DM_OK
               : DM_ERR_CORRUPT;
}

// V1 is there when its value or its signature is
static bool
agrees(const struct message *message, const struct dm_record_data *data)
{
    const struct dm_record_data *const v1 = &message->v1;
    if (!v1->value.n && !message->signature_v1.n) {
        return true;
    }
    return dm_str_equal(v1->value, data->value) &&
           dm_str_equal(v1->validity, data->validity) &&
           v1->validity_type == data->validity_type &&
           v1->sequence == data->sequence && v1->ttl_ns == data->ttl_ns;
}

enum dm_status
dm_any_record_read(struct dm_str bytes,
                   const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
                   struct dm_any_record *ret)
{
    const struct dm_str prefix = DM_STR("ipns-signature:");
    struct message message = {.signature_v1 = {NULL, 0}};
    struct dm_record_data data = {.ttl_ns = 0};
    if (bytes.n > DM_RECORD_MAX || read_message(bytes, &message)) {
        return DM_ERR_CORRUPT;
    }
    enum dm_status status =
        dm_key_verify(public_key, prefix, message.data,
                      (const uint8_t *)message.signature.data);
    if (!status) {
        status =
            dm_shape_read(&dm_record_shape, message.data, &data, NULL, NULL);
    }
    if (!status && !agrees(&message, &data)) {
        status = DM_ERR_CORRUPT;
    }
    if (!status) {
        ret->sequence = data.sequence;
        ret->ttl_ns = data.ttl_ns;
    }
    return status;
}
