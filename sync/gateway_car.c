// SPDX-License-Identifier: ISC

#include "sync/cbor.h"
#include "sync/gateway_private.h"
#include "sync/unixfs.h"

#include <string.h>

#define NAMES_MAX (DM_GATEWAY_BLOCKS_MAX * (size_t)64)
#define TAG_LINK "\xD8\x2A"
#define FRONT_BYTES (1 + sizeof(uint64_t)) // Of an item: mode, start

// What is sent below a block
enum mode {
    MODE_NONE,
    MODE_ALL,
    MODE_ENTITY,
    MODE_BYTES, // Of a file, what holds some of its bytes
};

void
dm_gateway_walk_init(struct dm_gateway_walk *walk,
                     const struct dm_gateway_source *source,
                     const struct dm_any_cid *root)
{
    *walk = (struct dm_gateway_walk){
        .source = source, .root = *root, .target = *root};
    dm_buf_init(&walk->waiting, DM_GATEWAY_WAITING_MAX);
    dm_buf_init(&walk->links, DM_GATEWAY_WAITING_MAX);
    dm_map_init(&walk->seen, DM_GATEWAY_BLOCKS_MAX, 0);
    dm_arena_init(&walk->names, NAMES_MAX, NULL);
}

void
dm_gateway_walk_done(struct dm_gateway_walk *walk)
{
    dm_arena_done(&walk->names);
    dm_map_done(&walk->seen);
    dm_buf_done(&walk->links);
    dm_buf_done(&walk->waiting);
}

// --------------------------------------------------------- names that wait

struct item {
    enum mode mode;
    uint64_t start; // Of MODE_BYTES: where in the file it begins
};

static enum dm_status
push(struct dm_buf *stack, const struct dm_any_cid *cid, struct item item)
{
    _Static_assert(DM_ANY_CID_MAX <= UINT8_MAX, "one byte says its length");
    (void)dm_buf_putc(stack, (char)item.mode);
    (void)dm_buf_put(stack, &item.start, sizeof(item.start));
    (void)dm_buf_put(stack, cid->bytes, cid->n);
    return dm_buf_putc(stack, (char)cid->n);
}

// The last item of a stack, with all that belongs to it
static struct dm_str
last(const struct dm_buf *stack)
{
    const size_t n = FRONT_BYTES + (unsigned char)stack->data[stack->n - 1] + 1;
    return dm_str_slice(dm_buf_str(stack), stack->n - n, n);
}

static void
drop(struct dm_buf *stack, size_t n)
{
    stack->n -= n;
    stack->data[stack->n] = '\0';
}

// The links of one block go on the stack the other way round, so that the first
// of them comes next.
static enum dm_status
turn(struct dm_gateway_walk *walk)
{
    enum dm_status status = walk->links.status;
    while (!status && walk->links.n) {
        const struct dm_str item = last(&walk->links);
        status = dm_buf_put_str(&walk->waiting, item);
        drop(&walk->links, item.n);
    }
    return status;
}

// --------------------------------------------------------------------- links

struct gathering {
    struct dm_gateway_walk *walk;
    enum mode mode;
    size_t prefix;       // Of a shard: characters before a name; else 0
    uint64_t at;         // Of a file: where what a link leads to begins
    struct dm_str sizes; // And where its size stands
};

static enum dm_status
gather(void *context, const struct dm_any_cid *cid, struct dm_str name)
{
    struct gathering *const gathering = context;
    struct dm_gateway_walk *const walk = gathering->walk;
    struct item item = {.mode = gathering->mode, .start = gathering->at};
    if (gathering->prefix && name.n != gathering->prefix) {
        return DM_OK; // What is in the directory, not a part of it
    }
    if (item.mode == MODE_BYTES) {
        uint64_t size = 0;
        if (!dm_unixfs_size(&gathering->sizes, &size) ||
            size > UINT64_MAX - gathering->at) {
            return DM_ERR_CORRUPT;
        }
        gathering->at += size;
        if (item.start >= walk->until || gathering->at <= walk->from) {
            return DM_OK; // None of the bytes that are asked for
        }
    }
    return push(&walk->links, cid, item);
}

// Of a shard: how many digits stand before the names in it
static size_t
prefix_of(const struct dm_unixfs *unixfs)
{
    size_t n = 0;
    const uint64_t greatest = unixfs->fanout ? unixfs->fanout - 1 : 255;
    for (uint64_t left = greatest; left; left >>= 4U) {
        ++n;
    }
    return n;
}

// The bytes of the whole file
static uint64_t
size_of(const struct dm_unixfs *unixfs)
{
    uint64_t all = unixfs->own;
    uint64_t size = 0;
    struct dm_str sizes = unixfs->sizes;
    while (dm_unixfs_size(&sizes, &size)) {
        all += size < INT64_MAX - all ? size : 0;
    }
    return all;
}

// A place in a file of `size` bytes; below 0 it counts from the end
static uint64_t
place(int64_t at, uint64_t size)
{
    if (at >= 0) {
        return (uint64_t)at;
    }
    const uint64_t back = (uint64_t)-at;
    return back < size ? size - back : 0;
}

// How what hangs below the entity is sent
static enum mode
enter(struct dm_gateway_walk *walk, const struct dm_unixfs *unixfs)
{
    const struct dm_gateway_bytes *const bytes = &walk->bytes;
    if (unixfs->type == DM_UNIXFS_SHARD) {
        return prefix_of(unixfs) ? MODE_ENTITY : MODE_NONE;
    }
    if (unixfs->type != DM_UNIXFS_FILE && unixfs->type != DM_UNIXFS_RAW) {
        return MODE_NONE;
    }
    if (!bytes->is_given) {
        return MODE_ALL;
    }
    const uint64_t size = size_of(unixfs);
    walk->from = place(bytes->from, size);
    if (bytes->to == INT64_MAX) {
        walk->until = UINT64_MAX;
    } else if (bytes->to < 0 && (uint64_t)-bytes->to > size) {
        walk->until = 0; // It ends before the file begins
    } else {
        walk->until = place(bytes->to, size) + 1;
    }
    if (walk->from >= walk->until) {
        return MODE_NONE;
    }
    return MODE_BYTES;
}

// Put what hangs below a block on the stack
static enum dm_status
expand(struct dm_gateway_walk *walk, const struct dm_any_cid *cid,
       struct dm_str block, struct item item)
{
    struct gathering gathering = {
        .walk = walk, .mode = item.mode, .at = item.start};
    struct dm_unixfs unixfs;
    if (item.mode == MODE_NONE) {
        return DM_OK;
    }
    if (item.mode != MODE_ALL) {
        if (cid->codec != DM_CODEC_DAG_PB || !dm_unixfs_read(block, &unixfs)) {
            return DM_OK;
        }
        if (item.mode == MODE_ENTITY) {
            gathering.mode = enter(walk, &unixfs);
        }
        if (gathering.mode == MODE_NONE) {
            return DM_OK;
        }
        gathering.prefix =
            gathering.mode == MODE_ENTITY ? prefix_of(&unixfs) : 0;
        gathering.sizes = unixfs.sizes;
        gathering.at += unixfs.own;
    }
    const enum dm_status status =
        dm_links(cid->codec, block, gather, &gathering);
    return status ? status : turn(walk);
}

// -------------------------------------------------------------------- blocks

static enum dm_status
begin(struct dm_gateway_walk *walk, struct dm_buf *buf)
{
    const struct dm_str roots = DM_STR("roots");
    const struct dm_str version = DM_STR("version");
    char link[1 + DM_ANY_CID_MAX] = {0};
    memcpy(link + 1, walk->root.bytes, walk->root.n);
    struct dm_buf head;
    dm_buf_init(&head, sizeof(link) + 64);
    dm_cbor_put_map(&head, 2);
    dm_cbor_put_text(&head, roots);
    dm_cbor_put_array(&head, 1);
    (void)dm_buf_puts(&head, TAG_LINK);
    dm_cbor_put_bytes(&head, dm_str_n(link, 1 + walk->root.n));
    dm_cbor_put_text(&head, version);
    dm_cbor_put_uint(&head, 1);
    enum dm_status status = head.status;
    if (!status) {
        uint8_t length[DM_VARINT_MAX];
        (void)dm_buf_put(buf, length, dm_varint_write(head.n, length));
        status = dm_buf_put_str(buf, dm_buf_str(&head));
    }
    dm_buf_done(&head);

    static const enum mode modes[] = {[DM_DAG_ALL] = MODE_ALL,
                                      [DM_DAG_ENTITY] = MODE_ENTITY,
                                      [DM_DAG_BLOCK] = MODE_NONE};
    walk->is_begun = true;
    const struct item item = {.mode = modes[walk->scope]};
    status = status ? status : push(&walk->waiting, &walk->target, item);
    return status ? status : turn(walk); // The blocks on the path come first
}

// Whether a name comes for the first time
static enum dm_status
see(struct dm_gateway_walk *walk, const struct dm_any_cid *cid, bool *ret)
{
    const struct dm_str name = {(const char *)cid->bytes, cid->n};
    *ret = !dm_map_get(&walk->seen, name);
    if (!*ret) {
        return DM_OK;
    }
    if (walk->seen.n == walk->seen.max) {
        return DM_ERR_LIMIT;
    }
    const struct dm_str copy = dm_arena_copy(&walk->names, name);
    return copy.data && dm_map_put(&walk->seen, copy, NULL) ? DM_OK
                                                            : DM_ERR_NO_MEMORY;
}

enum dm_status
dm_gateway_walk_fetch(struct dm_gateway_walk *walk,
                      const struct dm_any_cid *cid, struct dm_str *ret)
{
    if (cid->hash == DM_HASH_IDENTITY) {
        *ret = dm_any_cid_digest(cid);
        return DM_OK;
    }
    if (walk->n_blocks == DM_GATEWAY_BLOCKS_MAX) {
        return DM_ERR_LIMIT;
    }
    ++walk->n_blocks;
    const enum dm_status status =
        walk->source->block(walk->source->context, cid, ret);
    return !status && ret->n > DM_GATEWAY_BLOCK_MAX ? DM_ERR_LIMIT : status;
}

enum dm_status
dm_gateway_walk_lead(struct dm_gateway_walk *walk, const struct dm_any_cid *cid)
{
    const struct item item = {.mode = MODE_NONE};
    return push(&walk->links, cid, item);
}

static enum dm_status
put_block(const struct dm_any_cid *cid, struct dm_str block, struct dm_buf *buf)
{
    uint8_t length[DM_VARINT_MAX];
    (void)dm_buf_put(buf, length, dm_varint_write(cid->n + block.n, length));
    (void)dm_buf_put(buf, cid->bytes, cid->n);
    return dm_buf_put_str(buf, block);
}

static enum dm_status
next(struct dm_gateway_walk *walk, struct dm_buf *buf)
{
    const struct dm_str all = last(&walk->waiting);
    struct item item = {.mode = (enum mode)all.data[0]};
    memcpy(&item.start, all.data + 1, sizeof(item.start));
    struct dm_any_cid cid;
    const struct dm_str name =
        dm_str_slice(all, FRONT_BYTES, all.n - FRONT_BYTES - 1);
    const size_t n = dm_any_cid_read(name, &cid);
    drop(&walk->waiting, all.n);
    if (n != name.n) {
        return DM_ERR_CORRUPT;
    }
    bool is_new = true;
    enum dm_status status = walk->has_dups ? DM_OK : see(walk, &cid, &is_new);
    // A part of a file that stands in it twice may have been sent in part
    if (status || (!is_new && item.mode != MODE_BYTES)) {
        return status;
    }
    struct dm_str block = {NULL, 0};
    status = dm_gateway_walk_fetch(walk, &cid, &block);
    if (!status && is_new && cid.hash != DM_HASH_IDENTITY) {
        status = put_block(&cid, block, buf);
    }
    return status ? status : expand(walk, &cid, block, item);
}

enum dm_status
dm_gateway_walk_next(struct dm_gateway_walk *walk, struct dm_buf *buf)
{
    const size_t start = buf->n;
    enum dm_status status = DM_OK;
    if (!walk->is_begun) {
        status = begin(walk, buf);
    }
    while (!status && walk->waiting.n && buf->n - start < DM_GATEWAY_PIECE) {
        status = next(walk, buf);
    }
    return status || walk->waiting.n ? status : DM_END;
}
