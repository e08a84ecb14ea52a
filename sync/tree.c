// SPDX-License-Identifier: ISC

// The hashes are those of a binary counter's digits: adding a leaf carries over
// every subtree that it makes complete.

#include "sync/tree.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define LEAF 0x00
#define INNER 0x01

size_t
dm_tree_count(const struct dm_tree *tree)
{
    size_t n = 0;
    for (uint64_t rest = tree->size; rest; rest &= rest - 1) {
        ++n;
    }
    assert(n <= DM_TREE_MAX);
    return n;
}

void
dm_tree_leaf(struct dm_str data, uint8_t hash[DM_DIGEST_BYTES])
{
    static const uint8_t mark = LEAF;
    crypto_hash_sha256_state state;
    (void)crypto_hash_sha256_init(&state);
    (void)crypto_hash_sha256_update(&state, &mark, 1);
    if (data.n) {
        (void)crypto_hash_sha256_update(&state, (const uint8_t *)data.data,
                                        data.n);
    }
    (void)crypto_hash_sha256_final(&state, hash);
}

// hash = that of a node with `left` and, to its right, `hash`
static void
join(const uint8_t left[DM_DIGEST_BYTES], uint8_t hash[DM_DIGEST_BYTES])
{
    uint8_t bytes[1 + 2 * DM_DIGEST_BYTES] = {INNER};
    memcpy(bytes + 1, left, DM_DIGEST_BYTES);
    memcpy(bytes + 1 + DM_DIGEST_BYTES, hash, DM_DIGEST_BYTES);
    dm_sha256(dm_str_n((const char *)bytes, sizeof(bytes)), hash);
}

void
dm_tree_add(struct dm_tree *tree, struct dm_str data)
{
    assert(tree->size < (UINT64_C(1) << DM_TREE_MAX) - 1);
    size_t n = dm_tree_count(tree);
    uint8_t hash[DM_DIGEST_BYTES];
    dm_tree_leaf(data, hash);
    for (uint64_t carry = tree->size; carry & 1U; carry >>= 1U) {
        join(tree->hashes[--n], hash);
    }
    memcpy(tree->hashes[n], hash, DM_DIGEST_BYTES);
    ++tree->size;
}

void
dm_tree_root(const struct dm_tree *tree, uint8_t root[DM_DIGEST_BYTES])
{
    size_t n = dm_tree_count(tree);
    if (n == 0) {
        dm_sha256((struct dm_str){NULL, 0}, root);
        return;
    }
    memcpy(root, tree->hashes[--n], DM_DIGEST_BYTES);
    while (n > 0) {
        join(tree->hashes[--n], root);
    }
}
