// SPDX-License-Identifier: ISC

// From a CID down a path: through directories and sharded directories of UnixFS
// and through maps and lists of dag-cbor. Every block on the way is remembered,
// so that who asked can follow the path by himself.

#include "net/url.h"
#include "sync/any_cbor.h"
#include "sync/gateway_private.h"
#include "sync/unixfs.h"

#include <string.h>

#define SEGMENT_MAX 1024U
#define STEPS_MAX 256U // Blocks on the way
#define FANOUT 256U    // One byte of the hash for each level
#define PREFIX 2U      // Digits before a name in a shard
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
    struct dm_unixfs unixfs;
    if (!dm_unixfs_read(block, &unixfs)) {
        return DM_ERR_NOT_FOUND;
    }
    const bool is_shard =
        unixfs.type == DM_UNIXFS_SHARD && unixfs.fanout == FANOUT;
    if (!is_shard && unixfs.type != DM_UNIXFS_DIRECTORY) {
        return DM_ERR_NOT_FOUND;
    }
    char digits[PREFIX + 1] = "";
    struct search search = {.name = name};
    if (is_shard) {
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

// Leave `rest` at the member `name` of the item that it begins with
static bool
find_member(struct dm_str *rest, struct dm_str name)
{
    struct dm_any_item item;
    uint64_t index = 0;
    if (!dm_any_item_take(rest, &item)) {
        return false;
    }
    if (item.major == DM_ANY_ARRAY) {
        if (!dm_str_to_uint(name, UINT32_MAX, &index) || index >= item.number) {
            return false;
        }
        while (index && dm_any_item_skip(rest)) {
            --index;
        }
        return !index;
    }
    if (item.major != DM_ANY_MAP) {
        return false;
    }
    for (uint64_t i = 0; i < item.number; ++i) {
        struct dm_any_item key;
        if (!dm_any_item_take(rest, &key)) {
            return false;
        }
        if (key.major == DM_ANY_TEXT && dm_str_equal(key.bytes, name)) {
            return true;
        }
        if (!dm_any_item_skip(rest)) {
            return false;
        }
    }
    return false;
}

// The name in a link that `rest` begins with
static bool
read_link(struct dm_str rest, struct dm_any_cid *ret)
{
    struct dm_any_item item;
    return dm_any_item_take(&rest, &item) && item.major == DM_ANY_TAG &&
           item.number == DM_ANY_TAG_LINK && dm_any_item_take(&rest, &item) &&
           dm_any_link_read(&item, ret);
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
