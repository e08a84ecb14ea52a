// SPDX-License-Identifier: ISC

#include "sync/shelf.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/map.h"
#include "sync/any_record.h"
#include "sync/car.h"

#include <stdbool.h>
#include <string.h>

#define RECORDS_MAX 10000U
#define RECORDS_BYTES_MAX (4U << 20U)

// A block's key is its hash and digest as they stand in a file, right before
// its bytes; its value is how many these are.
struct dm_shelf {
    struct dm_map blocks;
    struct dm_map records; // By key; a struct record in `arena`
    struct dm_arena arena;
    size_t n_skipped;
};

struct record {
    uint8_t key[DM_KEY_PUBLIC_BYTES];
    struct dm_str bytes;
    uint64_t sequence;
};

struct dm_shelf *
dm_shelf_new(size_t max_blocks, uint64_t hash_seed)
{
    struct dm_shelf *const shelf = dm_calloc(1, sizeof(*shelf));
    if (shelf) {
        dm_map_init(&shelf->blocks, max_blocks, hash_seed);
        dm_map_init(&shelf->records, RECORDS_MAX, hash_seed);
        dm_arena_init(&shelf->arena, RECORDS_BYTES_MAX, NULL);
    }
    return shelf;
}

void
dm_shelf_free(struct dm_shelf *shelf)
{
    if (shelf) {
        dm_arena_done(&shelf->arena);
        dm_map_done(&shelf->records);
        dm_map_done(&shelf->blocks);
        dm_free(shelf);
    }
}

static enum dm_status
refuse(struct dm_error *error, const char *what)
{
    return dm_error_set(error, DM_ERR_CORRUPT, "%s", what);
}

// --------------------------------------------------------------------- blocks

// A length and that many bytes off the front of `rest`
static bool
take_section(struct dm_str *rest, uint64_t max, struct dm_str *ret)
{
    uint64_t n = 0;
    const size_t front = dm_varint_read(*rest, &n);
    if (!front || n > max || n > rest->n - front) {
        return false;
    }
    *ret = dm_str_slice(*rest, front, (size_t)n);
    *rest = dm_str_slice(*rest, front + (size_t)n, SIZE_MAX);
    return true;
}

// A name among the roots, which is all that is looked for in a header
static enum dm_status
count_root(void *context, const struct dm_any_cid *cid, struct dm_str name)
{
    (void)cid;
    (void)name;
    ++*(size_t *)context;
    return DM_OK;
}

static bool
is_header(struct dm_str header)
{
    const struct dm_str version = DM_STR("gversion\x01");
    size_t n_roots = 0;
    return !dm_links(DM_CODEC_CBOR, header, count_root, &n_roots) &&
           dm_str_find(header, version) < header.n;
}

static enum dm_status
add_block(struct dm_shelf *shelf, struct dm_str section, struct dm_error *error)
{
    struct dm_any_cid cid;
    const size_t n = dm_any_cid_read(section, &cid);
    if (!n) {
        return refuse(error, "car-section: it does not begin with a CID");
    }
    const struct dm_str block = dm_str_slice(section, n, SIZE_MAX);
    const enum dm_status status = dm_any_cid_check(&cid, block);
    if (status == DM_ERR_UNSUPPORTED || block.n > DM_GATEWAY_BLOCK_MAX) {
        ++shelf->n_skipped;
        return DM_OK;
    }
    if (status) {
        return refuse(error, "cid-hash: a block is not the one of its name");
    }
    const struct dm_str key =
        dm_str_slice(section, cid.multihash_at, n - cid.multihash_at);
    struct dm_map_entry *const entry = dm_map_put(&shelf->blocks, key, NULL);
    if (!entry) {
        const bool is_full = shelf->blocks.n == shelf->blocks.max;
        return dm_error_set(error, is_full ? DM_ERR_LIMIT : DM_ERR_NO_MEMORY,
                            "cannot take in the blocks");
    }
    entry->value.number = block.n;
    return DM_OK;
}

enum dm_status
dm_shelf_add_car(struct dm_shelf *shelf, struct dm_str car,
                 struct dm_error *error)
{
    struct dm_str section;
    if (!take_section(&car, DM_CAR_HEADER_MAX, &section) ||
        !is_header(section)) {
        return refuse(error, "car-header: not a CAR of version 1");
    }
    while (car.n) {
        if (!take_section(&car, UINT64_MAX, &section)) {
            return refuse(error, "car-truncated: it ends within a block");
        }
        const enum dm_status status = add_block(shelf, section, error);
        if (status) {
            return status;
        }
    }
    return DM_OK;
}

// -------------------------------------------------------------------- records

enum dm_status
dm_shelf_add_record(struct dm_shelf *shelf, struct dm_str name,
                    struct dm_str record, struct dm_error *error)
{
    uint8_t key[DM_KEY_PUBLIC_BYTES];
    if (!dm_any_key_from_name(name, key)) {
        return dm_error_set(error, DM_ERR_ARGUMENT,
                            "name-form: not the name of an Ed25519 key");
    }
    struct dm_any_record says;
    enum dm_status status = dm_any_record_read(record, key, &says);
    if (status) {
        return dm_error_set(error, status,
                            "record: not a good one of its name");
    }
    struct record *item = NULL;
    struct dm_map_entry *entry =
        dm_map_get(&shelf->records, dm_str_n((const char *)key, sizeof(key)));
    if (entry) {
        item = entry->value.ptr;
    } else {
        item = dm_arena_alloc(&shelf->arena, 1, sizeof(*item));
        if (item) {
            memcpy(item->key, key, sizeof(key));
            entry = dm_map_put(&shelf->records,
                               dm_str_n((const char *)item->key, sizeof(key)),
                               NULL);
        }
        if (!entry) {
            return dm_error_set(error, DM_ERR_NO_MEMORY,
                                "cannot take in the record");
        }
        entry->value.ptr = item;
    }
    if (!item->bytes.n || says.sequence > item->sequence) {
        item->bytes = record;
        item->sequence = says.sequence;
    }
    return DM_OK;
}

size_t
dm_shelf_blocks(const struct dm_shelf *shelf)
{
    return shelf->blocks.n;
}

size_t
dm_shelf_records(const struct dm_shelf *shelf)
{
    return shelf->records.n;
}

size_t
dm_shelf_skipped(const struct dm_shelf *shelf)
{
    return shelf->n_skipped;
}

// --------------------------------------------------------------------- source

static enum dm_status
find_block(void *context, const struct dm_any_cid *cid, struct dm_str *ret)
{
    const struct dm_shelf *const shelf = context;
    const struct dm_map_entry *const entry =
        dm_map_get(&shelf->blocks, dm_any_cid_multihash(cid));
    if (!entry) {
        return DM_ERR_NOT_FOUND;
    }
    *ret =
        dm_str_n(entry->key.data + entry->key.n, (size_t)entry->value.number);
    return DM_OK;
}

static enum dm_status
find_record(void *context, const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
            struct dm_str *ret)
{
    const struct dm_shelf *const shelf = context;
    const struct dm_map_entry *const entry =
        dm_map_get(&shelf->records,
                   dm_str_n((const char *)public_key, DM_KEY_PUBLIC_BYTES));
    if (!entry) {
        return DM_ERR_NOT_FOUND;
    }
    const struct record *const record = entry->value.ptr;
    *ret = record->bytes;
    return DM_OK;
}

struct dm_gateway_source
dm_shelf_source(struct dm_shelf *shelf)
{
    return (struct dm_gateway_source){
        .block = find_block, .record = find_record, .context = shelf};
}
