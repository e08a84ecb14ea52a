// SPDX-License-Identifier: ISC

// A record is a protobuf message of two fields, 8 (signature) and 9 (data),
// both of wire type 2. Ours hold nothing else, so the bytes before data are
// always the same but for the signature and one length.

#include "sync/record.h"

#include "base/buf.h"
#include "base/time.h"
#include "sync/record_private.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define PREFIX "ipns-signature:"
#define PATH "/ipfs/"

#define TAG_SIGNATURE 0x42 // Field 8, bytes
#define TAG_DATA 0x4A      // Field 9, bytes
#define SIGNATURE_AT 2U
#define TAG_DATA_AT (SIGNATURE_AT + DM_KEY_SIGNATURE_BYTES)
#define LENGTH_AT (TAG_DATA_AT + 1U)

// What we write has a length of 128 to 16383, so of two bytes
#define LENGTH_BYTES 2U

#define SEQ_SHIFT 16U
#define K_MASK 0xFFFFU

// "YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ"; who reads one takes fewer decimals too
#define VALIDITY_BYTES 30U
#define ZEROS_BELOW_MS "000000Z"

#define AT(member) .at = offsetof(struct dm_record_data, member)

static const struct dm_field fields[] = {
    {"TTL", DM_FIELD_UINT, DM_ALWAYS, AT(ttl_ns)},
    {"Value", DM_FIELD_RUN, DM_ALWAYS, AT(value)},
    {"Sequence", DM_FIELD_UINT, DM_ALWAYS, AT(sequence)},
    {"Validity", DM_FIELD_RUN, DM_ALWAYS, AT(validity)},
    {"ValidityType", DM_FIELD_UINT, DM_ALWAYS, AT(validity_type)},
};
#undef AT

const struct dm_shape dm_record_shape = {
    .name = "data of a record",
    .max = DM_RECORD_MAX,
    .unknown = DM_UNKNOWN_IGNORE,
    .fields = fields,
    .n_fields = DM_COUNT_OF(fields),
};

static enum dm_status
refuse(const char *what, struct dm_error *error)
{
    (void)dm_error_set(error, DM_ERR_CORRUPT, "%s", what);
    return DM_ERR_CORRUPT;
}

// Signature and data of a message that has these and nothing else
static enum dm_status
read_message(struct dm_str bytes, const uint8_t **ret_signature,
             struct dm_str *ret_data, struct dm_error *error)
{
    static const char start[SIGNATURE_AT] = {TAG_SIGNATURE,
                                             DM_KEY_SIGNATURE_BYTES};
    if (bytes.n > DM_RECORD_MAX) {
        return refuse("limit-record: more than 10 KiB", error);
    }
    if (bytes.n <= LENGTH_AT || memcmp(bytes.data, start, sizeof(start)) != 0 ||
        bytes.data[TAG_DATA_AT] != TAG_DATA) {
        return refuse("record-form: not signature, then data", error);
    }
    const struct dm_str rest = dm_str_slice(bytes, LENGTH_AT, bytes.n);
    uint64_t n = 0;
    const size_t n_length = dm_varint_read(rest, &n);
    if (!n_length) {
        return refuse("varint: the length of data", error);
    }
    if (n != rest.n - n_length) {
        return refuse("record-form: data does not end where the record does",
                      error);
    }
    *ret_signature = (const uint8_t *)bytes.data + SIGNATURE_AT;
    *ret_data = dm_str_slice(rest, n_length, rest.n);
    return DM_OK;
}

static enum dm_status
read_value(struct dm_str value, struct dm_cid *ret, struct dm_error *error)
{
    static const struct dm_str path = DM_STR(PATH);
    struct dm_cid cid;
    if (!dm_str_starts(value, path)) {
        return refuse("record-value: not /ipfs/ and a name", error);
    }
    if (!dm_cid_from_text(dm_str_slice(value, path.n, value.n), &cid)) {
        return refuse("cid-form: Value names no block of ours", error);
    }
    if (dm_cid_codec(&cid) != DM_CODEC_CBOR) {
        return refuse("record-value: a raw block is no Head", error);
    }
    *ret = cid;
    return DM_OK;
}

// RFC 3339 in UTC with at most nine decimals, as IPNS writes it
static bool
read_validity(struct dm_str text, int64_t *ret_ms)
{
    static const struct dm_str zone = DM_STR("Z");
    return text.n <= VALIDITY_BYTES && dm_str_ends(text, zone) &&
           dm_time_parse(text, ret_ms);
}

static enum dm_status
read_data(struct dm_str bytes, struct dm_record *ret, struct dm_error *error)
{
    struct dm_record_data data = {.ttl_ns = 0};
    enum dm_status status =
        dm_shape_read(&dm_record_shape, bytes, &data, NULL, error);
    if (status) {
        return status;
    }
    if (data.validity_type != 0) {
        return refuse("key-type: ValidityType is not 0", error);
    }
    struct dm_record record = {
        .sequence = data.sequence,
        .seq = data.sequence >> SEQ_SHIFT,
        .k = (uint32_t)(data.sequence & K_MASK),
        .ttl_ns = data.ttl_ns,
    };
    status = read_value(data.value, &record.head, error);
    if (status) {
        return status;
    }
    if (!read_validity(data.validity, &record.valid_until_ms)) {
        return refuse("record-validity: no time", error);
    }
    if (record.seq == 0) {
        return refuse("record-sequence: there is no entry 0", error);
    }
    *ret = record;
    return DM_OK;
}

enum dm_status
dm_record_read(struct dm_str bytes,
               const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
               struct dm_record *ret, struct dm_error *error)
{
    static const struct dm_str prefix = DM_STR(PREFIX);
    const uint8_t *signature = NULL;
    struct dm_str data = {NULL, 0};
    enum dm_status status = read_message(bytes, &signature, &data, error);
    if (status) {
        return status;
    }
    status = dm_key_verify(public_key, prefix, data, signature);
    if (status == DM_ERR_CORRUPT) {
        return refuse("signature: the log's key did not sign the record",
                      error);
    }
    if (status) {
        return dm_error_set(error, status, "cannot check a signature");
    }
    return read_data(data, ret, error);
}

enum dm_status
dm_record_write(const struct dm_key *key, const struct dm_cid *head,
                uint64_t seq, uint32_t k, int64_t valid_until_ms,
                struct dm_buf *buf)
{
    assert(seq > 0 && seq < UINT64_C(1) << (64 - SEQ_SHIFT));
    assert(k <= DM_RECORD_K_MAX && dm_cid_codec(head) == DM_CODEC_CBOR);
    char value[sizeof(PATH) - 1 + DM_CID_TEXT_SIZE] = PATH;
    dm_cid_text(head, value + sizeof(PATH) - 1);
    char validity[DM_TIME_SIZE - 2 + sizeof(ZEROS_BELOW_MS)];
    dm_time_format(valid_until_ms, validity);
    memcpy(validity + DM_TIME_SIZE - 2, ZEROS_BELOW_MS, sizeof(ZEROS_BELOW_MS));
    const struct dm_record_data data = {
        .ttl_ns = DM_RECORD_TTL_NS,
        .value = dm_str(value),
        .sequence = seq << SEQ_SHIFT | k,
        .validity = dm_str(validity),
    };
    assert(data.validity.n == VALIDITY_BYTES);

    // What stands before data is filled in when data is there to be signed
    static const uint8_t blank[LENGTH_AT + LENGTH_BYTES];
    const size_t from = buf->n;
    (void)dm_buf_put(buf, blank, sizeof(blank));
    enum dm_status status = dm_shape_write(&dm_record_shape, &data, buf);
    if (!status) {
        uint8_t *const bytes = (uint8_t *)buf->data + from;
        const size_t n = buf->n - from - sizeof(blank);
        uint8_t length[DM_VARINT_MAX];
        const size_t n_length = dm_varint_write(n, length);
        assert(n_length == LENGTH_BYTES);
        bytes[0] = TAG_SIGNATURE;
        bytes[1] = DM_KEY_SIGNATURE_BYTES;
        bytes[TAG_DATA_AT] = TAG_DATA;
        memcpy(bytes + LENGTH_AT, length, LENGTH_BYTES);
        static const struct dm_str prefix = DM_STR(PREFIX);
        status = dm_key_sign(key, prefix,
                             dm_str_n((const char *)bytes + sizeof(blank), n),
                             bytes + SIGNATURE_AT);
    }
    if (status) {
        dm_buf_cut(buf, from);
    }
    return status;
}
