// SPDX-License-Identifier: ISC

// Tips of a log: the bytes as a record, and the bytes as the data of one, which
// is signed here, since nobody guesses a signature.

#include "base/buf.h"
#include "base/time.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/record.h"
#include "tests/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// More than a record may have, so that its limit is reached
#define BUF_MAX ((size_t)32 << 10U)

static void
read_record(struct dm_str bytes, const struct dm_key *key)
{
    struct dm_record record;
    struct dm_error error;
    const enum dm_status status =
        dm_record_read(bytes, dm_key_public(key), &record, &error);
    if (status) {
        CHECK(status == DM_ERR_CORRUPT && error.status == status);
        CHECK(strchr(error.what, ':'));
        return;
    }
    CHECK(record.seq > 0 && record.seq << 16U == (record.sequence & ~0xFFFFU));
    CHECK(record.seq << 16U == record.sequence - record.k);
    CHECK(dm_cid_codec(&record.head) == DM_CODEC_CBOR);
    CHECK(record.valid_until_ms >= DM_TIME_MIN_MS);

    struct dm_buf buf;
    dm_buf_init(&buf, DM_RECORD_MAX);
    CHECK(dm_record_write(key, &record.head, record.seq, record.k,
                          record.valid_until_ms, &buf) == DM_OK);
    struct dm_record again;
    CHECK(dm_record_read(dm_buf_str(&buf), dm_key_public(key), &again, NULL) ==
          DM_OK);
    CHECK(again.sequence == record.sequence &&
          again.valid_until_ms == record.valid_until_ms &&
          dm_cid_equal(&again.head, &record.head));
    dm_buf_done(&buf);
}

static void
read_data(struct dm_str data, const struct dm_key *key)
{
    static const struct dm_str prefix = DM_STR("ipns-signature:");
    uint8_t signature[DM_KEY_SIGNATURE_BYTES];
    CHECK(dm_key_sign(key, prefix, data, signature) == DM_OK);
    uint8_t length[DM_VARINT_MAX];
    const size_t n_length = dm_varint_write(data.n, length);
    struct dm_buf buf;
    dm_buf_init(&buf, BUF_MAX);
    (void)dm_buf_puts(&buf, "\x42\x40");
    (void)dm_buf_put(&buf, signature, sizeof(signature));
    (void)dm_buf_puts(&buf, "\x4a");
    (void)dm_buf_put(&buf, length, n_length);
    (void)dm_buf_put_str(&buf, data);
    if (!buf.status) {
        read_record(dm_buf_str(&buf), key);
    }
    dm_buf_done(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[DM_KEY_SEED_BYTES] = {1};
    struct dm_key *key = dm_key_from_seed(seed);
    CHECK(key);
    const struct dm_str bytes = dm_str_n((const char *)data, size);
    read_record(bytes, key);
    read_data(bytes, key);
    dm_key_free(key);
    return 0;
}
