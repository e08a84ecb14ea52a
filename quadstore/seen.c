// SPDX-License-Identifier: ISC

#include "quadstore/seen.h"

#include <assert.h>

// A byte that says the version, then each field as 8 bytes, the least first
#define VERSION 1U
#define WORD_BYTES 8U

static_assert(DM_SEEN_BYTES == 1 + 6 * WORD_BYTES, "six fields");

static uint8_t *
put_word(uint8_t *at, uint64_t word)
{
    for (unsigned i = 0; i < WORD_BYTES; ++i) {
        at[i] = (uint8_t)(word >> (8U * i));
    }
    return at + WORD_BYTES;
}

static const char *
get_word(const char *at, uint64_t *ret)
{
    *ret = 0;
    for (unsigned i = 0; i < WORD_BYTES; ++i) {
        *ret |= (uint64_t)(unsigned char)at[i] << (8U * i);
    }
    return at + WORD_BYTES;
}

void
dm_seen_encode(const struct dm_seen *seen, uint8_t ret[DM_SEEN_BYTES])
{
    uint8_t *at = ret;
    *at++ = VERSION;
    at = put_word(at, (uint64_t)seen->entry_time_ms);
    at = put_word(at, (uint64_t)seen->received_ms);
    at = put_word(at, (uint64_t)seen->offset_ms);
    at = put_word(at, seen->seq);
    at = put_word(at, seen->known_seq);
    at = put_word(at, seen->forked_at);
    assert(at == ret + DM_SEEN_BYTES);
}

enum dm_status
dm_seen_decode(struct dm_str bytes, struct dm_seen *ret)
{
    if (bytes.n != DM_SEEN_BYTES || (unsigned char)bytes.data[0] != VERSION) {
        return DM_ERR_SYNTAX;
    }
    const char *at = bytes.data + 1;
    uint64_t words[3];
    at = get_word(at, &words[0]);
    at = get_word(at, &words[1]);
    at = get_word(at, &words[2]);
    ret->entry_time_ms = (int64_t)words[0];
    ret->received_ms = (int64_t)words[1];
    ret->offset_ms = (int64_t)words[2];
    at = get_word(at, &ret->seq);
    at = get_word(at, &ret->known_seq);
    (void)get_word(at, &ret->forked_at);
    return DM_OK;
}
