// SPDX-License-Identifier: ISC

// From a CID down a path: through directories and sharded directories of UnixFS
// and through maps and lists of dag-cbor. Every block on the way is remembered,
// so that who asked can follow the path by himself.

#include "net/url.h"
#include "sync/gateway_private.h"
#include "sync/protobuf.h"

#include <string.h>

#define SEGMENT_MAX 1024U
#define STEPS_MAX 256U // Blocks on the way
#define UNIXFS_DIRECTORY 1U
#define UNIXFS_SHARD 5U
#define UNIXFS_FANOUT 6U
#define FANOUT 256U // One byte of the hash for each level
#define PREFIX 2U   // Digits before a name in a shard
#define LEVELS_MAX 8U

// ------------------------------------------------------------------ murmur3

static uint64_t
rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64U - by);
}

static uint64_t
finish(uint64_t x)
{
    x ^= x >> 33U;
    x *= UINT64_C(0xFF51AFD7ED558CCD);
    x ^= x >> 33U;
    x *= UINT64_C(0xC4CEB9FE1A85EC53);
    return x ^ x >> 33U;
}

// At most 8 bytes, the first the least
static uint64_t
load(const char *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n && i < 8; ++i) {
        value |= (uint64_t)(unsigned char)bytes[i] << (8U * i);
    }
    return value;
}

// The first half of MurmurHash3 x64 128 with seed 0, by which shards divide
static uint64_t
murmur3(struct dm_str text)
{
    const uint64_t c1 = UINT64_C(0x87C37B91114253D5);
    const uint64_t c2 = UINT64_C(0x4CF5AD432745937F);
    uint64_t h1 = 0;
    uint64_t h2 = 0;
    struct dm_str rest = text;
    for (; rest.n >= 16; rest = dm_str_slice(rest, 16, SIZE_MAX)) {
        h1 ^= rotate(load(rest.data, 8) * c1, 31) * c2;
        h1 = (rotate(h1, 27) + h2) * 5 + 0x52DCE729U;
        h2 ^= rotate(load(rest.data + 8, 8) * c2, 33) * c1;
        h2 = (rotate(h2, 31) + h1) * 5 + 0x38495AB5U;
    }
    if (rest.n > 8) {
        h2 ^= rotate(load(rest.data + 8, rest.n - 8) * c2, 33) * c1;
    }
    if (rest.n) {
        h1 ^= rotate(load(rest.data, rest.n) * c1, 31) * c2;
    }
    h1 ^= text.n;
    h2 ^= text.n;
    h1 += h2;
    h2 += h1;
    h1 = finish(h1);
    h2 = finish(h2);
    return h1 + h2;
}

// ---------------------------------------------------------------- directories

struct search {
    struct dm_str name; // Of the entry
    struct dm_str part; // Of the shard that holds it; empty: no shard
    bool has_entry;
    bool has_part;
    struct dm_any_cid found;
};

static enum dm_status
compare(void *context, const struct dm_any_cid *cid, struct dm_str name)
{
    struct search *const search = context;
    if (search->has_entry) {
        return DM_OK;
    }
    const struct dm_str own =
        search->part.n ? dm_str_slice(name, PREFIX, SIZE_MAX) : name;
    if (search->part.n && !dm_str_starts(name, search->part)) {
        return DM_OK;
    }
    if (search->part.n && !own.n) {
        search->has_part = true;
        search->found = *cid;
    } else if (dm_str_equal(own, search->name)) {
        search->has_entry = true;
        search->found = *cid;
    }
    return DM_OK;
}

// Type and fan-out of a directory, or nothing that is one
static bool
read_directory(struct dm_str block, uint64_t *type, uint64_t *fanout)
{
    struct dm_pb_field field;
    struct dm_str data = {NULL, 0};
    while (!dm_pb_next(&block, &field)) {
        if (field.is_bytes && field.number == 1) {
            data = field.bytes;
        }
    }
    *type = UINT64_MAX;
    *fanout = 0;
    while (!dm_pb_next(&data, &field)) {
        if (!field.is_bytes && field.number == 1) {
            *type = field.value;
        } else if (!field.is_bytes && field.number == UNIXFS_FANOUT) {
            *fanout = field.value;
        }
    }
    return *type == UNIXFS_DIRECTORY ||
           (*type == UNIXFS_SHARD && *fanout == FANOUT);
}

// Where on the path one is
struct place {
    struct dm_gateway_walk *walk;
    struct dm_any_cid cid;
    unsigned n_steps;
    size_t at;      // Of a block of dag-cbor: the item that is meant; 0: all
    unsigned level; // Of a shard
};

// Go to another block; the one that is left belongs to the answer.
static enum dm_status
go_to(struct place *place, const struct dm_any_cid *cid)
{
    if (++place->n_steps > STEPS_MAX) {
        return DM_ERR_LIMIT;
    }
    const enum dm_status status =
        dm_gateway_walk_lead(place->walk, &place->cid);
    place->cid = *cid;
    place->at = 0;
    return status;
}

// One step towards an entry. DM_AGAIN: into a part of a shard; the same name is
// looked for there.
static enum dm_status
step_directory(struct place *place, struct dm_str block, struct dm_str name)
{
    uint64_t type = 0;
    uint64_t fanout = 0;
    if (!read_directory(block, &type, &fanout)) {
        return DM_ERR_NOT_FOUND;
    }
    char digits[PREFIX + 1] = "";
    struct search search = {.name = name};
    if (type == UNIXFS_SHARD) {
        if (place->level == LEVELS_MAX) {
            return DM_ERR_NOT_FOUND;
        }
        const uint64_t hash = murmur3(name);
        const unsigned shift = 8U * (LEVELS_MAX - 1 - place->level);
        (void)snprintf(digits, sizeof(digits), "%02X",
                       (unsigned)(hash >> shift & 0xFFU));
        search.part = dm_str_n(digits, PREFIX);
    }
    enum dm_status status = dm_links(DM_CODEC_DAG_PB, block, compare, &search);
    if (status) {
        return status;
    }
    if (!search.has_entry && !search.has_part) {
        return DM_ERR_NOT_FOUND;
    }
    status = go_to(place, &search.found);
    place->level = search.has_entry ? 0 : place->level + 1;
    return status || search.has_entry ? status : DM_AGAIN;
}

// ------------------------------------------------------------------- dag-cbor

#define MAJOR_BYTES 2U
#define MAJOR_TEXT 3U
#define MAJOR_ARRAY 4U
#define MAJOR_MAP 5U
#define MAJOR_TAG 6U
#define TAG_LINK 42U

struct item {
    unsigned major;
    uint64_t number;
    struct dm_str bytes; // Of a text or bytes
};

// Take an item off the front: its head, and its bytes
static bool
take_item(struct dm_str *rest, struct item *ret)
{
    if (!rest->n) {
        return false;
    }
    const unsigned first = (unsigned char)rest->data[0];
    const unsigned low = first & 31U;
    const size_t n = low < 24   ? 0
                     : low < 28 ? (size_t)1 << (low - 24)
                                : SIZE_MAX;
    if (n > rest->n - 1) {
        return false;
    }
    *ret = (struct item){.major = first >> 5U, .number = n ? 0 : low};
    for (size_t i = 0; i < n; ++i) {
        ret->number = ret->number << 8U | (unsigned char)rest->data[1 + i];
    }
    *rest = dm_str_slice(*rest, 1 + n, SIZE_MAX);
    if (ret->major == MAJOR_BYTES || ret->major == MAJOR_TEXT) {
        if (ret->number > rest->n) {
            return false;
        }
        ret->bytes = dm_str_slice(*rest, 0, (size_t)ret->number);
        *rest = dm_str_slice(*rest, (size_t)ret->number, SIZE_MAX);
    }
    return true;
}

// Take an item with all that is in it
static bool
skip_item(struct dm_str *rest)
{
    // Each item is a byte at least, so more than there are bytes are not there
    uint64_t left = 1;
    while (left) {
        struct item item;
        if (!take_item(rest, &item) || item.number > UINT64_MAX / 4) {
            return false;
        }
        --left;
        left += item.major == MAJOR_ARRAY ? item.number
                : item.major == MAJOR_MAP ? item.number * 2
                                          : item.major == MAJOR_TAG;
        if (left > rest->n) {
            return false;
        }
    }
    return true;
}

// Leave `rest` at the member `name` of the item that it begins with
static bool
find_member(struct dm_str *rest, struct dm_str name)
{
    struct item item;
    uint64_t index = 0;
    if (!take_item(rest, &item)) {
        return false;
    }
    if (item.major == MAJOR_ARRAY) {
        if (!dm_str_to_uint(name, UINT32_MAX, &index) || index >= item.number) {
            return false;
        }
        while (index && skip_item(rest)) {
            --index;
        }
        return !index;
    }
    if (item.major != MAJOR_MAP) {
        return false;
    }
    for (uint64_t i = 0; i < item.number; ++i) {
        struct item key;
        if (!take_item(rest, &key)) {
            return false;
        }
        if (key.major == MAJOR_TEXT && dm_str_equal(key.bytes, name)) {
            return true;
        }
        if (!skip_item(rest)) {
            return false;
        }
    }
    return false;
}

// The name in a link that `rest` begins with
static bool
read_link(struct dm_str rest, struct dm_any_cid *ret)
{
    struct item item;
    return take_item(&rest, &item) && item.major == MAJOR_TAG &&
           item.number == TAG_LINK && take_item(&rest, &item) &&
           item.major == MAJOR_BYTES && item.bytes.n > 1 &&
           !item.bytes.data[0] &&
           dm_any_cid_read(dm_str_slice(item.bytes, 1, SIZE_MAX), ret) ==
               item.bytes.n - 1;
}

static enum dm_status
step_cbor(struct place *place, struct dm_str block, struct dm_str name)
{
    struct dm_str rest = dm_str_slice(block, place->at, SIZE_MAX);
    struct dm_any_cid link;
    if (!find_member(&rest, name) || !rest.n) {
        return DM_ERR_NOT_FOUND;
    }
    if (read_link(rest, &link)) {
        return go_to(place, &link);
    }
    place->at = block.n - rest.n;
    return DM_OK;
}

// ----------------------------------------------------------------------- path

// Look for one name of the path where one is
static enum dm_status
step(struct place *place, struct dm_str name)
{
    enum dm_status status = DM_AGAIN;
    while (status == DM_AGAIN) {
        struct dm_str block = {NULL, 0};
        status = dm_gateway_walk_fetch(place->walk, &place->cid, &block);
        if (!status && place->cid.codec == DM_CODEC_DAG_PB) {
            status = step_directory(place, block, name);
        } else if (!status) {
            status = place->cid.codec == DM_CODEC_CBOR
                         ? step_cbor(place, block, name)
                         : DM_ERR_NOT_FOUND;
        }
    }
    return status;
}

enum dm_status
dm_gateway_walk_follow(struct dm_gateway_walk *walk, struct dm_str path)
{
    const struct dm_str slash = DM_STR("/");
    struct place place = {.walk = walk, .cid = walk->root};
    struct dm_buf name;
    dm_buf_init(&name, SEGMENT_MAX);
    enum dm_status status = DM_OK;
    while (!status && path.n) {
        const size_t n = dm_str_find(path, slash);
        dm_buf_clear(&name);
        status = dm_percent_decode(dm_str_slice(path, 0, n), false, &name);
        path = dm_str_slice(path, n + 1, SIZE_MAX);
        if (!status && name.n) {
            status = step(&place, dm_buf_str(&name));
        }
    }
    dm_buf_done(&name);
    struct dm_str block = {NULL, 0};
    if (!status) {
        status = dm_gateway_walk_fetch(walk, &place.cid, &block);
        walk->target = place.cid;
    }
    return status;
}
