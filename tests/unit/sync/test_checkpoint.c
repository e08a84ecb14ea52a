// SPDX-License-Identifier: ISC

// Checkpoints and proofs of the logs of the recipe `steady`, and of the same
// log pruned.

#include "sync/checkpoint.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "tests/check.h"
#include "tests/unit/sync/steady.h"
#include "tests/unit/sync/vectors.h"

#include <string.h>

static struct steady *
steady_of(const json_t *recipe)
{
    struct dm_buf seed;
    dm_buf_init(&seed, DM_KEY_SEED_BYTES);
    bytes_from_hex(json_text(recipe, "seed"), &seed);
    CHECK_INT((int64_t)seed.n, DM_KEY_SEED_BYTES);
    struct steady *const steady =
        steady_new((const uint8_t *)seed.data,
                   json_integer_value(json_object_get(recipe, "t0")));
    dm_buf_done(&seed);
    steady_write(
        steady, (uint64_t)json_integer_value(json_object_get(recipe, "count")));
    return steady;
}

static struct dm_checkpoint
checkpoint_of(const struct steady *steady)
{
    struct dm_checkpoint point = {.size = steady_seq(steady)};
    dm_tree_root(steady_tree(steady), point.root);
    return point;
}

// The leaf hashes of the entries from `first` on, to be freed
static uint8_t *
leaves_of(struct steady *steady, uint64_t first)
{
    const uint64_t n = steady_seq(steady) - first + 1;
    uint8_t *const hashes = dm_calloc(n, DM_DIGEST_BYTES);
    CHECK(hashes);
    for (uint64_t i = 0; i < n; ++i) {
        const struct dm_cid cid = steady_entry(steady, first + i);
        struct dm_str block;
        CHECK_INT(steady_find(steady, &cid, &block), DM_OK);
        dm_tree_leaf(block, hashes + i * DM_DIGEST_BYTES);
    }
    return hashes;
}

static struct dm_str
entry_block(struct steady *steady, uint64_t seq)
{
    const struct dm_cid cid = steady_entry(steady, seq);
    struct dm_str block;
    CHECK_INT(steady_find(steady, &cid, &block), DM_OK);
    return block;
}

// ------------------------------------------------------------------- recipes

static void
check_checkpoint(const struct steady *steady, const json_t *recipe)
{
    const struct dm_checkpoint point = checkpoint_of(steady);
    CHECK(json_is_hex(recipe, "root",
                      dm_str_n((const char *)point.root, DM_DIGEST_BYTES)));
    struct dm_buf note;
    dm_buf_init(&note, DM_CHECKPOINT_MAX);
    CHECK_INT(dm_checkpoint_write(steady_key(steady), &point, &note), DM_OK);
    CHECK(dm_str_equal(json_text(recipe, "checkpoint"), dm_buf_str(&note)));
    struct dm_checkpoint again;
    CHECK_INT(
        dm_checkpoint_read(dm_buf_str(&note), steady_log(steady), &again, NULL),
        DM_OK);
    CHECK_INT((int64_t)again.size, (int64_t)point.size);
    CHECK(memcmp(again.root, point.root, DM_DIGEST_BYTES) == 0);
    dm_buf_done(&note);
}

static void
check_proof(struct steady *steady, const json_t *recipe)
{
    const json_t *const proof = json_object_get(recipe, "proof");
    if (!proof) {
        return;
    }
    const uint64_t seq =
        (uint64_t)json_integer_value(json_object_get(proof, "seq"));
    static const struct dm_tree nothing;
    uint8_t *const hashes = leaves_of(steady, 1);
    const struct dm_tree_leaves leaves = {
        .before = &nothing, .kept = hashes, .n_kept = steady_seq(steady)};
    struct dm_tree_path path;
    dm_tree_path(&leaves, seq - 1, &path);
    struct dm_buf text;
    dm_buf_init(&text, DM_PROOF_MAX);
    CHECK_INT(
        dm_proof_write(json_text(recipe, "checkpoint"), seq - 1, &path, &text),
        DM_OK);
    CHECK(dm_str_equal(json_text(proof, "text"), dm_buf_str(&text)));
    dm_buf_done(&text);
    dm_free(hashes);
}

static void
run_recipe(const json_t *recipe)
{
    struct steady *const steady = steady_of(recipe);
    check_checkpoint(steady, recipe);
    check_proof(steady, recipe);
    steady_free(steady);
}

// --------------------------------------------------------------------- paths

static struct steady *
small_log(uint64_t count)
{
    static const uint8_t seed[DM_KEY_SEED_BYTES] = {7};
    struct steady *const steady = steady_new(seed, INT64_C(1764000000000));
    steady_write(steady, count);
    return steady;
}

// Each entry that is kept can be proved, wherever the log was pruned.
static void
every_kept_entry_has_a_path(void)
{
    static const uint64_t firsts[] = {1, 65, 129, 193};
    for (uint64_t count = 193; count <= 260; count += 67) {
        struct steady *const steady = small_log(count);
        const struct dm_checkpoint point = checkpoint_of(steady);
        for (size_t f = 0; f < DM_COUNT_OF(firsts); ++f) {
            const uint64_t first = firsts[f];
            uint8_t *const hashes = leaves_of(steady, first);
            const struct dm_tree_leaves leaves = {
                .before = steady_frontier(steady, first),
                .kept = hashes,
                .n_kept = count - first + 1};
            for (uint64_t i = first - 1; i < count; ++i) {
                struct dm_tree_path path;
                dm_tree_path(&leaves, i, &path);
                uint8_t root[DM_DIGEST_BYTES];
                CHECK_INT(dm_tree_path_root(hashes + (i - first + 1) *
                                                         DM_DIGEST_BYTES,
                                            i, count, &path, root),
                          DM_OK);
                CHECK(memcmp(root, point.root, DM_DIGEST_BYTES) == 0);
            }
            dm_free(hashes);
        }
        steady_free(steady);
    }
}

static void
a_path_of_another_length_is_refused(void)
{
    static const uint8_t leaf[DM_DIGEST_BYTES] = {1};
    struct dm_tree_path path = {.n = 0};
    uint8_t root[DM_DIGEST_BYTES];
    CHECK_INT(dm_tree_path_root(leaf, 0, 1, &path, root), DM_OK);
    CHECK(memcmp(root, leaf, DM_DIGEST_BYTES) == 0);
    CHECK_INT(dm_tree_path_root(leaf, 1, 1, &path, root), DM_ERR_CORRUPT);
    CHECK_INT(dm_tree_path_root(leaf, 0, 0, &path, root), DM_ERR_CORRUPT);
    CHECK_INT(dm_tree_path_root(leaf, 0, 2, &path, root), DM_ERR_CORRUPT);
    path.n = 1;
    CHECK_INT(dm_tree_path_root(leaf, 0, 1, &path, root), DM_ERR_CORRUPT);
    CHECK_INT(dm_tree_path_root(leaf, 2, 3, &path, root), DM_OK);
    CHECK_INT(dm_tree_path_root(leaf, 1, 3, &path, root), DM_ERR_CORRUPT);
}

// -------------------------------------------------------------------- proofs

static void
a_proof_is_of_one_entry_and_one_log(void)
{
    struct steady *const steady = small_log(100);
    const struct dm_checkpoint point = checkpoint_of(steady);
    struct dm_buf note;
    struct dm_buf text;
    dm_buf_init(&note, DM_CHECKPOINT_MAX);
    dm_buf_init(&text, DM_PROOF_MAX);
    CHECK_INT(dm_checkpoint_write(steady_key(steady), &point, &note), DM_OK);
    uint8_t *const hashes = leaves_of(steady, 65);
    const struct dm_tree_leaves leaves = {
        .before = steady_frontier(steady, 65), .kept = hashes, .n_kept = 36};
    struct dm_tree_path path;
    dm_tree_path(&leaves, 69, &path);
    CHECK_INT(dm_proof_write(dm_buf_str(&note), 69, &path, &text), DM_OK);

    const uint8_t *const log = steady_log(steady);
    struct dm_proof proof;
    struct dm_error error;
    CHECK_INT(dm_proof_check(dm_buf_str(&text), entry_block(steady, 70), log,
                             &proof, &error),
              DM_OK);
    CHECK_INT((int64_t)proof.seq, 70);
    CHECK_INT((int64_t)proof.size, 100);
    CHECK_INT(dm_proof_check(dm_buf_str(&text), entry_block(steady, 71), log,
                             &proof, &error),
              DM_ERR_CORRUPT);
    uint8_t other[DM_KEY_PUBLIC_BYTES];
    memcpy(other, log, sizeof(other));
    other[0] ^= 1;
    CHECK_INT(dm_proof_check(dm_buf_str(&text), entry_block(steady, 70), other,
                             &proof, &error),
              DM_ERR_CORRUPT);
    for (size_t n = 0; n < text.n; ++n) { // Cut anywhere it is none
        CHECK_INT(dm_proof_check(dm_str_slice(dm_buf_str(&text), 0, n),
                                 entry_block(steady, 70), log, &proof, &error),
                  DM_ERR_CORRUPT);
    }
    dm_free(hashes);
    dm_buf_done(&text);
    dm_buf_done(&note);
    steady_free(steady);
}

static void
a_verifier_key_is_what_other_tools_take(void)
{
    static const uint8_t seed[DM_KEY_SEED_BYTES] = {
        7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
    struct dm_key *const key = dm_key_from_seed(seed);
    CHECK(key);
    struct dm_buf text;
    dm_buf_init(&text, 256);
    CHECK_INT(dm_verifier_key(dm_key_public(key), &text), DM_OK);
    CHECK(dm_str_is(
        dm_buf_str(&text),
        "demonitor/k51qzi5uqu5dm0t4vbwri4lkg76q03b4x9tsvekgvbu4zli6454ff7w8wdo"
        "sa4+1deb1cef+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"));
    dm_buf_done(&text);
    dm_key_free(key);
}

static enum dm_status
write_and_check(const struct dm_key *key)
{
    const struct dm_checkpoint point = {.size = 12, .root = {1, 2, 3}};
    struct dm_buf note;
    dm_buf_init(&note, DM_CHECKPOINT_MAX);
    enum dm_status status = dm_checkpoint_write(key, &point, &note);
    struct dm_checkpoint again;
    if (!status) {
        status = dm_checkpoint_read(dm_buf_str(&note), dm_key_public(key),
                                    &again, NULL);
    }
    dm_buf_done(&note);
    return status;
}

static void
memory_that_is_out_is_said(void)
{
    static const uint8_t seed[DM_KEY_SEED_BYTES] = {3};
    struct dm_key *const key = dm_key_from_seed(seed);
    CHECK(key);
    const size_t before = dm_alloc_count();
    CHECK_INT(write_and_check(key), DM_OK);
    const size_t all = dm_alloc_count() - before;
    CHECK(all > 2);
    for (size_t n = 0; n < all; ++n) {
        dm_alloc_fail_after(n);
        CHECK_INT(write_and_check(key), DM_ERR_NO_MEMORY);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    }
    dm_key_free(key);
}

int
main(void)
{
    vectors_recipe("steady-130", run_recipe);
    vectors_recipe("steady-4200", run_recipe);
    every_kept_entry_has_a_path();
    a_path_of_another_length_is_refused();
    a_proof_is_of_one_entry_and_one_log();
    a_verifier_key_is_what_other_tools_take();
    memory_that_is_out_is_said();
    return 0;
}
