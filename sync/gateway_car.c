// SPDX-License-Identifier: ISC

#include "sync/cbor.h"
#include "sync/gateway_private.h"
#include "sync/protobuf.h"

#include <string.h>

// Of UnixFS, field 1 of its data
#define UNIXFS_RAW 0U
#define UNIXFS_FILE 2U
#define UNIXFS_SHARD 5U
#define UNIXFS_FANOUT 6U // The field, of a shard

#define NAMES_MAX (DM_GATEWAY_BLOCKS_MAX * (size_t)64)
#define TAG_LINK "\xD8\x2A"

// What is sent below a block
enum mode {
    MODE_NONE,
    MODE_ALL,
    MODE_ENTITY,
};

void
dm_gateway_walk_init(struct dm_gateway_walk *walk,
                     const struct dm_gateway_source *source,
                     const struct dm_any_cid *root)
{
    *walk = (struct dm_gateway_walk){.source = source, .root = *root};
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

static enum dm_status
push(struct dm_buf *stack, const struct dm_any_cid *cid, enum mode mode)
{
    _Static_assert(DM_ANY_CID_MAX <= UINT8_MAX, "one byte says its length");
    (void)dm_buf_putc(stack, (char)mode);
    (void)dm_buf_put(stack, cid->bytes, cid->n);
    return dm_buf_putc(stack, (char)cid->n);
}

// Where the last item of a stack begins, and its bytes with the mode before it
static struct dm_str
last(const struct dm_buf *stack)
{
    const size_t n = (unsigned char)stack->data[stack->n - 1];
    return dm_str_slice(dm_buf_str(stack), stack->n - n - 2, n + 2);
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
    size_t prefix; // Of a shard: characters before a name; else 0
};

static enum dm_status
gather(void *context, const struct dm_any_cid *cid, struct dm_str name)
{
    const struct gathering *const gathering = context;
    if (gathering->prefix && name.n != gathering->prefix) {
        return DM_OK; // What is in the directory, not a part of it
    }
    return push(&gathering->walk->links, cid, gathering->mode);
}

// What UnixFS says of a block: its type, and of a shard how many characters
// stand before names
static bool
read_unixfs(struct dm_str block, uint64_t *type, size_t *prefix)
{
    struct dm_pb_field field;
    struct dm_str data = {NULL, 0};
    while (!dm_pb_next(&block, &field)) {
        if (field.is_bytes && field.number == 1) {
            data = field.bytes;
        }
    }
    bool has_type = false;
    *prefix = 2;
    while (!dm_pb_next(&data, &field)) {
        if (!field.is_bytes && field.number == 1) {
            *type = field.value;
            has_type = true;
        } else if (!field.is_bytes && field.number == UNIXFS_FANOUT) {
            *prefix = 0;
            for (uint64_t left = field.value - 1; left; left >>= 4U) {
                ++*prefix;
            }
        }
    }
    return has_type;
}

// Put what hangs below a block on the stack
static enum dm_status
expand(struct dm_gateway_walk *walk, const struct dm_any_cid *cid,
       struct dm_str block, enum mode mode)
{
    struct gathering gathering = {.walk = walk, .mode = mode};
    if (mode == MODE_ENTITY) {
        uint64_t type = 0;
        size_t prefix = 0;
        if (cid->codec != DM_CODEC_DAG_PB ||
            !read_unixfs(block, &type, &prefix)) {
            return DM_OK;
        }
        if (type == UNIXFS_FILE || type == UNIXFS_RAW) {
            gathering.mode = MODE_ALL;
        } else if (type == UNIXFS_SHARD && prefix) {
            gathering.prefix = prefix;
        } else {
            return DM_OK;
        }
    } else if (mode == MODE_NONE) {
        return DM_OK;
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
    return status ? status
                  : push(&walk->waiting, &walk->root, modes[walk->scope]);
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

static enum dm_status
send_block(struct dm_gateway_walk *walk, const struct dm_any_cid *cid,
           struct dm_buf *buf, struct dm_str *ret)
{
    if (walk->n_blocks == DM_GATEWAY_BLOCKS_MAX) {
        return DM_ERR_LIMIT;
    }
    ++walk->n_blocks;
    const enum dm_status status =
        walk->source->block(walk->source->context, cid, ret);
    if (status) {
        return status;
    }
    if (ret->n > DM_GATEWAY_BLOCK_MAX) {
        return DM_ERR_LIMIT;
    }
    uint8_t length[DM_VARINT_MAX];
    (void)dm_buf_put(buf, length, dm_varint_write(cid->n + ret->n, length));
    (void)dm_buf_put(buf, cid->bytes, cid->n);
    return dm_buf_put_str(buf, *ret);
}

static enum dm_status
next(struct dm_gateway_walk *walk, struct dm_buf *buf)
{
    const struct dm_str item = last(&walk->waiting);
    const enum mode mode = (enum mode)item.data[0];
    struct dm_any_cid cid;
    const size_t n = dm_any_cid_read(dm_str_slice(item, 1, item.n - 2), &cid);
    drop(&walk->waiting, item.n);
    if (n != item.n - 2) {
        return DM_ERR_CORRUPT;
    }
    bool is_new = true;
    enum dm_status status = walk->has_dups ? DM_OK : see(walk, &cid, &is_new);
    if (status || !is_new) {
        return status;
    }
    struct dm_str block = dm_any_cid_digest(&cid);
    if (cid.hash != DM_HASH_IDENTITY) {
        status = send_block(walk, &cid, buf, &block);
    }
    return status ? status : expand(walk, &cid, block, mode);
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
