// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "sync/block.h"
#include "sync/shape_private.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define PREFIX "demonitor-successor-v1:"

// The signed map is of far fewer bytes than the block may be
#define SIGNED_MAX DM_SUCCESSOR_MAX

struct signed_successor {
    struct dm_wire_successor what;
    uint8_t sig_new[DM_KEY_SIGNATURE_BYTES];
    uint8_t sig_old[DM_KEY_SIGNATURE_BYTES];
};

#define AT(member) .at = offsetof(struct signed_successor, member)

static const struct dm_field fields[] = {
    {.key = "v", .type = DM_FIELD_VERSION},
    {"new", DM_FIELD_BYTES, DM_ALWAYS, AT(what.new_key),
     .most = DM_KEY_PUBLIC_BYTES},
    {"old", DM_FIELD_BYTES, DM_ALWAYS, AT(what.old_key),
     .most = DM_KEY_PUBLIC_BYTES},
    {"seq", DM_FIELD_COUNT, DM_ALWAYS, AT(what.seq)},
    {"last", DM_FIELD_CID, DM_ALWAYS, AT(what.last)},
    {"sig_new", DM_FIELD_BYTES, DM_ALWAYS, AT(sig_new),
     .most = DM_KEY_SIGNATURE_BYTES},
    {"sig_old", DM_FIELD_BYTES, DM_ALWAYS, AT(sig_old),
     .most = DM_KEY_SIGNATURE_BYTES},
};
#undef AT

#define N_SIGNATURES 2U

static const struct dm_shape shape = {
    .name = "a successor",
    .max = DM_SUCCESSOR_MAX,
    .unknown = DM_UNKNOWN_NONE,
    .fields = fields,
    .n_fields = DM_COUNT_OF(fields),
};

// What both keys sign: the same without the signatures, which stand last
static const struct dm_shape signed_shape = {
    .name = "a successor",
    .max = DM_SUCCESSOR_MAX,
    .unknown = DM_UNKNOWN_NONE,
    .fields = fields,
    .n_fields = DM_COUNT_OF(fields) - N_SIGNATURES,
};

static const char *
rule_of_successor(const struct dm_wire_successor *what)
{
    if (what->seq < 1) {
        return "value: seq is 0";
    }
    if (memcmp(what->new_key, what->old_key, DM_KEY_PUBLIC_BYTES) == 0) {
        return "value: old and new are one key";
    }
    return NULL;
}

static enum dm_status
verify(const struct signed_successor *successor, struct dm_error *error)
{
    static const struct dm_str prefix = DM_STR(PREFIX);
    struct dm_buf buf;
    dm_buf_init(&buf, SIGNED_MAX);
    enum dm_status status = dm_shape_write(&signed_shape, successor, &buf);
    if (!status) {
        status = dm_key_verify(successor->what.old_key, prefix,
                               dm_buf_str(&buf), successor->sig_old);
    }
    if (!status) {
        status = dm_key_verify(successor->what.new_key, prefix,
                               dm_buf_str(&buf), successor->sig_new);
    }
    dm_buf_done(&buf);
    if (status == DM_ERR_CORRUPT) {
        return dm_error_set(error, status,
                            "signature: not both keys signed the successor");
    }
    return status ? dm_error_set(error, status, "cannot check a signature")
                  : DM_OK;
}

enum dm_status
dm_wire_successor_read(struct dm_str block, struct dm_wire_successor *ret,
                       struct dm_error *error)
{
    struct signed_successor successor = {.what = {.seq = 0}};
    enum dm_status status =
        dm_shape_read(&shape, block, &successor, NULL, error);
    if (status) {
        return status;
    }
    const char *const rule = rule_of_successor(&successor.what);
    if (rule) {
        return dm_error_set(error, DM_ERR_CORRUPT, "%s", rule);
    }
    status = verify(&successor, error);
    if (status) {
        return status;
    }
    *ret = successor.what;
    return DM_OK;
}

enum dm_status
dm_wire_successor_write(const struct dm_wire_successor *what,
                        const struct dm_key *new_key,
                        const struct dm_key *old_key, struct dm_buf *buf)
{
    static const struct dm_str prefix = DM_STR(PREFIX);
    assert(!rule_of_successor(what));
    assert(memcmp(what->new_key, dm_key_public(new_key), DM_KEY_PUBLIC_BYTES) ==
           0);
    assert(memcmp(what->old_key, dm_key_public(old_key), DM_KEY_PUBLIC_BYTES) ==
           0);
    struct signed_successor successor = {.what = *what};
    struct dm_buf message;
    dm_buf_init(&message, SIGNED_MAX);
    enum dm_status status = dm_shape_write(&signed_shape, &successor, &message);
    if (!status) {
        status = dm_key_sign(new_key, prefix, dm_buf_str(&message),
                             successor.sig_new);
    }
    if (!status) {
        status = dm_key_sign(old_key, prefix, dm_buf_str(&message),
                             successor.sig_old);
    }
    dm_buf_done(&message);
    return status ? status : dm_shape_write(&shape, &successor, buf);
}
