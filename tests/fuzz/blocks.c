// SPDX-License-Identifier: ISC

#include "tests/fuzz/blocks.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sync/block.h"
#include "sync/tree.h"
#include "tests/check.h"

#include <assert.h>
#include <string.h>

#define LENGTH_BYTES 2U
#define FRONT_BYTES (1U + DM_CID_BYTES + LENGTH_BYTES)

// A block with the labels of earlier ones replaced by their names
static char *
relink(const struct fuzz_blocks *blocks, struct dm_str data)
{
    char *const copy = dm_malloc(data.n + 1);
    assert(copy);
    memcpy(copy, data.data, data.n);
    for (size_t i = 0; i < blocks->n; ++i) {
        const struct fuzz_block *const block = &blocks->all[i];
        for (size_t at = 0; at + DM_CID_BYTES <= data.n;) {
            const struct dm_str rest = {copy + at, data.n - at};
            at += dm_str_find(rest, block->label);
            if (at + DM_CID_BYTES <= data.n) {
                memcpy(copy + at, block->cid.bytes, DM_CID_BYTES);
                at += DM_CID_BYTES;
            }
        }
    }
    return copy;
}

static void
sign_entry(const struct fuzz_blocks *blocks, struct dm_str data,
           struct dm_buf *ret)
{
    struct dm_wire_entry entry;
    if (!dm_wire_entry_read(data, &entry, NULL)) {
        memcpy(entry.log, dm_key_public(blocks->key), sizeof(entry.log));
        CHECK_INT(dm_wire_entry_write(&entry, blocks->key, ret), DM_OK);
    }
}

static void
root_head(const struct fuzz_blocks *blocks, struct dm_str data,
          struct dm_buf *ret)
{
    struct dm_wire_head head;
    if (dm_wire_head_read(data, &head, NULL) || head.n_frontier > DM_TREE_MAX) {
        return;
    }
    struct dm_tree tree = {.size = head.first - 1};
    for (size_t i = 0; i < head.n_frontier; ++i) {
        memcpy(tree.hashes[i], head.frontier + i * head.frontier_stride,
               DM_DIGEST_BYTES);
    }
    for (size_t i = 0; i < blocks->n; ++i) {
        if (blocks->all[i].kind == FUZZ_ENTRY) {
            dm_tree_add(&tree, blocks->all[i].data);
        }
    }
    dm_tree_root(&tree, head.root);
    CHECK_INT(dm_wire_head_write(&head, ret), DM_OK);
}

static void
add(struct fuzz_blocks *blocks, unsigned kind, struct dm_str label,
    struct dm_str data)
{
    struct fuzz_block *const block = &blocks->all[blocks->n];
    block->kind = (enum fuzz_kind)(kind % FUZZ_KINDS);
    block->label = label;
    block->bytes = relink(blocks, data);
    struct dm_buf made;
    dm_buf_init(&made, DM_HEAD_MAX);
    if (block->kind == FUZZ_ENTRY) {
        sign_entry(blocks, dm_str_n(block->bytes, data.n), &made);
    } else if (block->kind == FUZZ_HEAD) {
        root_head(blocks, dm_str_n(block->bytes, data.n), &made);
    }
    block->data = dm_str_n(block->bytes, data.n);
    if (made.n) {
        dm_free(block->bytes);
        block->bytes = dm_buf_take(&made, &block->data.n);
        block->data.data = block->bytes;
    }
    dm_buf_done(&made);
    block->cid = dm_cid_of(
        block->kind == FUZZ_RAW ? DM_CODEC_RAW : DM_CODEC_CBOR, block->data);
    ++blocks->n;
}

void
fuzz_blocks_read(struct dm_str bytes, struct fuzz_blocks *ret)
{
    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, 1, sizeof(seed));
    ret->key = dm_key_from_seed(seed);
    ret->n = 0;
    CHECK(ret->key);
    while (bytes.n > FRONT_BYTES && ret->n < FUZZ_BLOCKS_MAX) {
        const uint8_t *const front = (const uint8_t *)bytes.data;
        const size_t n = (size_t)front[FRONT_BYTES - 2] << 8U |
                         (size_t)front[FRONT_BYTES - 1];
        add(ret, front[0], dm_str_slice(bytes, 1, DM_CID_BYTES),
            dm_str_slice(bytes, FRONT_BYTES, n));
        bytes = dm_str_slice(bytes, FRONT_BYTES + n, SIZE_MAX);
    }
}

void
fuzz_blocks_done(struct fuzz_blocks *blocks)
{
    for (size_t i = 0; i < blocks->n; ++i) {
        dm_free(blocks->all[i].bytes);
    }
    dm_key_free(blocks->key);
}
