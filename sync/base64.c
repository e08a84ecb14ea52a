// SPDX-License-Identifier: ISC

#include "sync/base64.h"

#include "base/buf.h"

#include <sodium.h>

static int
variant_of(enum dm_base64 form)
{
    return form == DM_BASE64_URL ? sodium_base64_VARIANT_URLSAFE_NO_PADDING
                                 : sodium_base64_VARIANT_ORIGINAL;
}

enum dm_status
dm_base64_write(enum dm_base64 form, struct dm_str bytes, struct dm_buf *buf)
{
    const int variant = variant_of(form);
    const size_t size = sodium_base64_encoded_len(bytes.n, variant);
    char *const room = dm_buf_reserve(buf, size - 1); // There is room for NUL
    if (!room) {
        return buf->status;
    }
    const unsigned char *const data = (const unsigned char *)bytes.data;
    (void)sodium_bin2base64(room, size, bytes.n ? data : (const uint8_t *)"",
                            bytes.n, variant);
    buf->n += size - 1;
    return DM_OK;
}

// The bytes of `text` into `room`. libsodium refuses what is not the only text
// of its bytes: bits that are left over and set, padding where none belongs;
// but it takes some bytes that are not ASCII for digits.
static bool
decode(enum dm_base64 form, struct dm_str text, unsigned char *room,
       size_t size, size_t *ret_n)
{
    for (size_t i = 0; i < text.n; ++i) {
        if ((unsigned char)text.data[i] > 0x7FU) {
            return false;
        }
    }
    return sodium_base642bin(room, size, text.data ? text.data : "", text.n,
                             NULL, ret_n, NULL, variant_of(form)) == 0;
}

enum dm_status
dm_base64_read(enum dm_base64 form, struct dm_str text, struct dm_buf *buf)
{
    const size_t odd = text.n % 4;
    const size_t most = text.n / 4 * 3 + (odd ? odd - 1 : 0);
    char *const room = dm_buf_reserve(buf, most);
    if (!room) {
        return buf->status;
    }
    size_t n = 0;
    const bool is_good = decode(form, text, (unsigned char *)room, most, &n);
    buf->n += is_good ? n : 0;
    buf->data[buf->n] = '\0';
    return is_good ? DM_OK : DM_ERR_SYNTAX;
}

enum dm_status
dm_base64_read_exactly(enum dm_base64 form, struct dm_str text, void *bytes,
                       size_t n)
{
    size_t got = 0;
    return decode(form, text, bytes, n, &got) && got == n ? DM_OK
                                                          : DM_ERR_SYNTAX;
}
