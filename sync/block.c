// SPDX-License-Identifier: ISC

#include "sync/block.h"

#include "base/buf.h"
#include "sync/shape_private.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define ENTRY_PREFIX "demonitor-entry-v1:"

// What an entry ends with: the key "signature" behind its head, and the 64
// bytes behind theirs
#define SIGNATURE_PAIR (1U + 9U + 2U + DM_KEY_SIGNATURE_BYTES)

// -------------------------------------------------------------- lists of names

struct dm_cid
dm_cid_list_at(const struct dm_cid_list *list, size_t i)
{
    assert(i < list->n);
    struct dm_cid cid;
    memcpy(cid.bytes, list->first + i * list->stride, DM_CID_BYTES);
    return cid;
}

struct dm_cid_list
dm_cid_list(const struct dm_cid *cids, size_t n)
{
    return (struct dm_cid_list){
        .first = n ? cids->bytes : NULL, .n = n, .stride = sizeof(*cids)};
}

// --------------------------------------------------------------------- entries

#define AT(member) .at = offsetof(struct dm_wire_entry, member)
#define FLAG(member) .flag = offsetof(struct dm_wire_entry, member)

static const struct dm_field entry_fields[] = {
    {"n", DM_FIELD_COUNT, DM_ALWAYS, AT(n)},
    {.key = "v", .type = DM_FIELD_VERSION},
    {"enc", DM_FIELD_BYTES, DM_OPTIONAL, AT(enc), FLAG(has_enc),
     .most = DM_KEY_ID_BYTES},
    {"log", DM_FIELD_BYTES, DM_ALWAYS, AT(log), .most = DM_KEY_PUBLIC_BYTES},
    {"seq", DM_FIELD_COUNT, DM_ALWAYS, AT(seq)},
    {"conf", DM_FIELD_CID, DM_OPTIONAL, AT(conf), FLAG(has_conf)},
    {"data", DM_FIELD_RAW, DM_OPTIONAL, AT(data), FLAG(has_data)},
    {"prev", DM_FIELD_CID, DM_OR_NULL, AT(prev), FLAG(has_prev)},
    {"size", DM_FIELD_COUNT, DM_ALWAYS, AT(size)},
    {"snap", DM_FIELD_CID, DM_OPTIONAL, AT(snap), FLAG(has_snap)},
    {"time", DM_FIELD_COUNT, DM_ALWAYS, AT(time_ms)},
    {"signature", DM_FIELD_BYTES, DM_ALWAYS, AT(signature),
     .most = DM_KEY_SIGNATURE_BYTES},
};
#undef AT
#undef FLAG

static const struct dm_shape entry_shape = {
    .name = "an entry",
    .max = DM_ENTRY_MAX,
    .unknown = DM_UNKNOWN_FEW,
    .fields = entry_fields,
    .n_fields = DM_COUNT_OF(entry_fields),
};

// The rule that an entry breaks, or NULL
static const char *
rule_of_entry(const struct dm_wire_entry *entry)
{
    if (entry->seq < 1) {
        return "value: seq is 0";
    }
    if (entry->has_prev == (entry->seq == 1)) {
        return "prev: it is null in entry 1 and only there";
    }
    if (!entry->has_conf && entry->seq == 1) {
        return "conf-missing: entry 1 names a configuration";
    }
    if (entry->n > DM_QUADS_MAX) {
        return "limit-quads: n";
    }
    if (entry->has_data != (entry->n > 0)) {
        return "data-n: data is absent exactly when n is 0";
    }
    if ((entry->size > 0) != (entry->n > 0)) {
        return "size: it is 0 exactly without data";
    }
    if (entry->size > DM_INFLATED_MAX) {
        return "limit-inflated: size";
    }
    if (entry->has_enc && !entry->has_data) {
        return "enc-without-data: nothing is encrypted";
    }
    return NULL;
}

enum dm_status
dm_wire_entry_read(struct dm_str block, struct dm_wire_entry *ret,
                   struct dm_error *error)
{
    struct dm_wire_entry entry = {.n = 0};
    const enum dm_status status =
        dm_shape_read(&entry_shape, block, &entry, NULL, error);
    if (status) {
        return status;
    }
    const char *const rule = rule_of_entry(&entry);
    if (rule) {
        return dm_error_set(error, DM_ERR_CORRUPT, "%s", rule);
    }
    *ret = entry;
    return DM_OK;
}

// The signed bytes are those of the map without its last pair. A map of fewer
// than 24 pairs says their number in its first byte, so that is one less.
enum dm_status
dm_wire_entry_verify(struct dm_str block, const struct dm_wire_entry *entry,
                     struct dm_error *error)
{
    char bytes[DM_ENTRY_MAX];
    assert(block.n > SIGNATURE_PAIR && block.n <= sizeof(bytes));
    const size_t n = block.n - SIGNATURE_PAIR;
    memcpy(bytes, block.data, n);
    --bytes[0];
    static const struct dm_str prefix = DM_STR(ENTRY_PREFIX);
    const enum dm_status status =
        dm_key_verify(entry->log, prefix, dm_str_n(bytes, n), entry->signature);
    if (status == DM_ERR_CORRUPT) {
        return dm_error_set(error, status,
                            "signature: the log's key did not sign the entry");
    }
    return status ? dm_error_set(error, status, "cannot check a signature")
                  : DM_OK;
}

enum dm_status
dm_wire_entry_write(struct dm_wire_entry *entry, const struct dm_key *key,
                    struct dm_buf *buf)
{
    assert(!rule_of_entry(entry));
    assert(memcmp(entry->log, dm_key_public(key), DM_KEY_PUBLIC_BYTES) == 0);
    const size_t from = buf->n;
    enum dm_status status = dm_shape_write(&entry_shape, entry, buf);
    if (status) {
        return status;
    }

    char *const block = buf->data + from;
    const size_t n = buf->n - from;
    static const struct dm_str prefix = DM_STR(ENTRY_PREFIX);
    --block[0];
    status = dm_key_sign(key, prefix, dm_str_n(block, n - SIGNATURE_PAIR),
                         entry->signature);
    ++block[0];
    if (status) {
        dm_buf_cut(buf, from);
        return status;
    }
    memcpy(block + n - DM_KEY_SIGNATURE_BYTES, entry->signature,
           DM_KEY_SIGNATURE_BYTES);
    return DM_OK;
}

// ----------------------------------------------------------------------- nodes

#define AT(member) .at = offsetof(struct dm_wire_node, member)

static const struct dm_field node_fields[] = {
    {"l", DM_FIELD_LEVEL, DM_ALWAYS, AT(level)},
    {.key = "v", .type = DM_FIELD_VERSION},
    {"to", DM_FIELD_COUNT, DM_ALWAYS, AT(to)},
    {"from", DM_FIELD_COUNT, DM_ALWAYS, AT(from)},
    {"tmax", DM_FIELD_COUNT, DM_ALWAYS, AT(time_max_ms)},
    {"tmin", DM_FIELD_COUNT, DM_ALWAYS, AT(time_min_ms)},
    {"bytes", DM_FIELD_COUNT, DM_ALWAYS, AT(bytes)},
    {"items", DM_FIELD_LINKS, DM_ALWAYS, AT(items), .least = DM_FAN,
     .most = DM_FAN},
};
#undef AT

static const struct dm_shape node_shape = {
    .name = "a node",
    .max = DM_NODE_MAX,
    .unknown = DM_UNKNOWN_NONE,
    .fields = node_fields,
    .n_fields = DM_COUNT_OF(node_fields),
};

static const char *
rule_of_node(const struct dm_wire_node *node)
{
    const uint64_t span = node->level == 1 ? DM_FAN : DM_FAN2;
    if (node->from % span != 1 || node->to != node->from + span - 1) {
        return "value: from and to are not those of a whole run";
    }
    if (node->time_min_ms > node->time_max_ms) {
        return "value: tmin is after tmax";
    }
    return NULL;
}

enum dm_status
dm_wire_node_read(struct dm_str block, struct dm_wire_node *ret,
                  struct dm_error *error)
{
    struct dm_wire_node node = {.level = 0};
    const enum dm_status status =
        dm_shape_read(&node_shape, block, &node, NULL, error);
    if (status) {
        return status;
    }
    const char *const rule = rule_of_node(&node);
    if (rule) {
        return dm_error_set(error, DM_ERR_CORRUPT, "%s", rule);
    }
    *ret = node;
    return DM_OK;
}

enum dm_status
dm_wire_node_write(const struct dm_wire_node *node, struct dm_buf *buf)
{
    assert(!rule_of_node(node));
    return dm_shape_write(&node_shape, node, buf);
}

// ------------------------------------------------------------------- manifests

#define AT(member) .at = offsetof(struct dm_wire_manifest, member)
#define FLAG(member) .flag = offsetof(struct dm_wire_manifest, member)

static const struct dm_field manifest_fields[] = {
    {"n", DM_FIELD_COUNT, DM_ALWAYS, AT(n)},
    {.key = "v", .type = DM_FIELD_VERSION},
    {"enc", DM_FIELD_BYTES, DM_OPTIONAL, AT(enc), FLAG(has_enc),
     .most = DM_KEY_ID_BYTES},
    {"log", DM_FIELD_BYTES, DM_ALWAYS, AT(log), .most = DM_KEY_PUBLIC_BYTES},
    {"kind", DM_FIELD_KIND, DM_ALWAYS, AT(kind)},
    {"parts", DM_FIELD_RAWS, DM_ALWAYS, AT(parts), .most = DM_PARTS_MAX},
};
#undef AT
#undef FLAG

static const struct dm_shape manifest_shape = {
    .name = "a manifest",
    .max = DM_MANIFEST_MAX,
    .unknown = DM_UNKNOWN_FEW,
    .fields = manifest_fields,
    .n_fields = DM_COUNT_OF(manifest_fields),
};

static bool
has_twice(const struct dm_cid_list *list)
{
    for (size_t i = 1; i < list->n; ++i) {
        const uint8_t *const it = list->first + i * list->stride;
        for (size_t k = 0; k < i; ++k) {
            if (memcmp(it, list->first + k * list->stride, DM_CID_BYTES) == 0) {
                return true;
            }
        }
    }
    return false;
}

static const char *
rule_of_manifest(const struct dm_wire_manifest *manifest)
{
    if (has_twice(&manifest->parts)) {
        return "part-twice: parts";
    }
    if ((manifest->n == 0) != (manifest->parts.n == 0)) {
        return "value: n is 0 exactly without parts";
    }
    if (manifest->n < manifest->parts.n) {
        return "value: n is less than the number of parts, none of them empty";
    }
    if (manifest->n > (uint64_t)DM_QUADS_MAX * manifest->parts.n) {
        return "limit-quads: n";
    }
    return NULL;
}

enum dm_status
dm_wire_manifest_read(struct dm_str block, struct dm_wire_manifest *ret,
                      struct dm_error *error)
{
    struct dm_wire_manifest manifest = {.n = 0};
    const enum dm_status status =
        dm_shape_read(&manifest_shape, block, &manifest, NULL, error);
    if (status) {
        return status;
    }
    const char *const rule = rule_of_manifest(&manifest);
    if (rule) {
        return dm_error_set(error, DM_ERR_CORRUPT, "%s", rule);
    }
    *ret = manifest;
    return DM_OK;
}

enum dm_status
dm_wire_manifest_write(const struct dm_wire_manifest *manifest,
                       struct dm_buf *buf)
{
    assert(!rule_of_manifest(manifest));
    return dm_shape_write(&manifest_shape, manifest, buf);
}
