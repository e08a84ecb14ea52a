// SPDX-License-Identifier: ISC

#include "sync/tree.h"

#include "base/buf.h"
#include "tests/check.h"
#include "tests/unit/sync/vectors.h"

#include <string.h>

#define LEAVES 300

// The tree hash as RFC 6962 defines it, over leaf hashes
static void
hash_by_definition(const uint8_t *leaves, size_t n,
                   uint8_t hash[DM_DIGEST_BYTES])
{
    if (n == 0) {
        dm_sha256(dm_str(""), hash);
        return;
    }
    if (n == 1) {
        memcpy(hash, leaves, DM_DIGEST_BYTES);
        return;
    }
    size_t k = 1;
    while (k * 2 < n) {
        k *= 2;
    }
    uint8_t bytes[1 + 2 * DM_DIGEST_BYTES] = {1};
    hash_by_definition(leaves, k, bytes + 1);
    hash_by_definition(leaves + k * DM_DIGEST_BYTES, n - k,
                       bytes + 1 + DM_DIGEST_BYTES);
    dm_sha256(dm_str_n((const char *)bytes, sizeof(bytes)), hash);
}

static void
roots_are_those_of_the_definition(void)
{
    static uint8_t leaves[LEAVES][DM_DIGEST_BYTES];
    struct dm_tree tree = {.size = 0};
    for (size_t n = 0; n < LEAVES; ++n) {
        uint8_t root[DM_DIGEST_BYTES];
        uint8_t want[DM_DIGEST_BYTES];
        dm_tree_root(&tree, root);
        hash_by_definition(leaves[0], n, want);
        CHECK(memcmp(root, want, sizeof(root)) == 0);
        CHECK(tree.size == n);

        const struct dm_str leaf = dm_str_n((const char *)&n, sizeof(n));
        dm_tree_leaf(leaf, leaves[n]);
        dm_tree_add(&tree, leaf);
    }
}

// Each subtree's hash is the root of its leaves alone.
static void
a_frontier_is_one_hash_for_each_complete_subtree(void)
{
    struct dm_tree tree = {.size = 0};
    for (size_t n = 0; n < LEAVES; ++n) {
        dm_tree_add(&tree, dm_str_n((const char *)&n, sizeof(n)));
    }
    size_t from = 0;
    size_t k = 0;
    for (size_t size = 256; size; size /= 2) {
        if (!(tree.size & size)) {
            continue;
        }
        struct dm_tree part = {.size = 0};
        for (size_t i = from; i < from + size; ++i) {
            dm_tree_add(&part, dm_str_n((const char *)&i, sizeof(i)));
        }
        uint8_t root[DM_DIGEST_BYTES];
        dm_tree_root(&part, root);
        CHECK(memcmp(tree.hashes[k++], root, sizeof(root)) == 0);
        from += size;
    }
    CHECK_INT((int64_t)dm_tree_count(&tree), (int64_t)k);
    CHECK_INT((int64_t)from, LEAVES);
}

static void
a_tree_goes_on_from_its_frontier(void)
{
    struct dm_tree all = {.size = 0};
    for (size_t n = 0; n < 100; ++n) {
        dm_tree_add(&all, dm_str_n((const char *)&n, sizeof(n)));
    }
    struct dm_tree taken = {.size = all.size};
    memcpy(taken.hashes, all.hashes, dm_tree_count(&all) * DM_DIGEST_BYTES);
    for (size_t n = 100; n < LEAVES; ++n) {
        dm_tree_add(&all, dm_str_n((const char *)&n, sizeof(n)));
        dm_tree_add(&taken, dm_str_n((const char *)&n, sizeof(n)));
    }
    uint8_t root[DM_DIGEST_BYTES];
    uint8_t again[DM_DIGEST_BYTES];
    dm_tree_root(&all, root);
    dm_tree_root(&taken, again);
    CHECK(memcmp(root, again, sizeof(root)) == 0);
}

// What others published for Certificate Transparency
static void
known_roots_come_out(void)
{
    static const char *const leaves[] = {"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
    static const char *const roots[] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    struct dm_tree tree = {.size = 0};
    for (size_t i = 0; i < DM_COUNT_OF(leaves); ++i) {
        struct dm_buf buf;
        dm_buf_init(&buf, DM_DIGEST_BYTES);
        bytes_from_hex(dm_str(leaves[i]), &buf);
        dm_tree_add(&tree, dm_buf_str(&buf));
        dm_buf_clear(&buf);
        bytes_from_hex(dm_str(roots[i]), &buf);
        uint8_t root[DM_DIGEST_BYTES];
        dm_tree_root(&tree, root);
        CHECK(memcmp(root, buf.data, sizeof(root)) == 0);
        dm_buf_done(&buf);
    }
}

int
main(void)
{
    roots_are_those_of_the_definition();
    a_frontier_is_one_hash_for_each_complete_subtree();
    a_tree_goes_on_from_its_frontier();
    known_roots_come_out();
    return 0;
}
