// SPDX-License-Identifier: ISC

// The recipe `steady` of the published vectors gives again its Heads, roots,
// entries, records and frontiers, byte for byte those of the other
// implementation.

#include "base/buf.h"
#include "sync/block.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/record.h"
#include "sync/tree.h"
#include "tests/check.h"
#include "tests/unit/sync/steady.h"
#include "tests/unit/sync/vectors.h"

#define CAR_MAX (64U << 20U)
#define SIZE_TEXT 32

static bool
is_cid(struct dm_str text, const struct dm_cid *cid)
{
    char mine[DM_CID_TEXT_SIZE];
    dm_cid_text(cid, mine);
    return dm_str_is(text, mine);
}

static struct dm_str
nth_text(const json_t *array, size_t i)
{
    const json_t *const text = json_array_get(array, i);
    CHECK(json_is_string(text));
    return dm_str_n(json_string_value(text), json_string_length(text));
}

static bool
is_digest(struct dm_str digits, const uint8_t *digest)
{
    struct dm_buf buf;
    dm_buf_init(&buf, DM_DIGEST_BYTES);
    bytes_from_hex(digits, &buf);
    const bool is_same = dm_str_equal(
        dm_buf_str(&buf), dm_str_n((const char *)digest, DM_DIGEST_BYTES));
    dm_buf_done(&buf);
    return is_same;
}

// Roots, entries and frontiers after each entry, where the recipe tells them
static void
compare_step(const struct steady *steady, const json_t *recipe)
{
    const json_t *const roots = json_object_get(recipe, "roots");
    if (!roots) {
        return;
    }
    const uint64_t seq = steady_seq(steady);
    const struct dm_tree *const tree = steady_tree(steady);
    const struct dm_cid entry = steady_entry(steady, seq);
    uint8_t root[DM_DIGEST_BYTES];
    dm_tree_root(tree, root);
    CHECK(is_digest(nth_text(roots, seq - 1), root));
    CHECK(
        is_cid(nth_text(json_object_get(recipe, "entries"), seq - 1), &entry));

    char size[SIZE_TEXT];
    (void)snprintf(size, sizeof(size), "%" PRIu64, seq);
    const json_t *const frontier =
        json_object_get(json_object_get(recipe, "frontiers"), size);
    if (!frontier) {
        return;
    }
    const size_t n = dm_tree_count(tree);
    CHECK_INT((int64_t)json_array_size(frontier), (int64_t)n);
    for (size_t k = 0; k < n; ++k) {
        CHECK(is_digest(nth_text(frontier, k), tree->hashes[k]));
    }
}

static void
compare_head(struct steady *steady, const json_t *want)
{
    const uint64_t first =
        (uint64_t)json_integer_value(json_object_get(want, "first"));
    const uint32_t k = (uint32_t)json_integer_value(json_object_get(want, "k"));
    const struct dm_cid head = steady_head(steady, first);
    CHECK(is_cid(json_text(want, "head"), &head));
    struct dm_str block;
    CHECK_INT(steady_find(steady, &head, &block), DM_OK);
    CHECK_INT((int64_t)block.n,
              json_integer_value(json_object_get(want, "bytes")));

    struct dm_buf record;
    dm_buf_init(&record, DM_RECORD_MAX);
    steady_record(steady, &head, k, &record);
    CHECK(json_is_hex(want, "record", dm_buf_str(&record)));
    struct dm_record again;
    CHECK_INT(
        dm_record_read(dm_buf_str(&record), steady_log(steady), &again, NULL),
        DM_OK);
    CHECK(dm_cid_equal(&again.head, &head));
    CHECK_INT((int64_t)again.seq, (int64_t)steady_seq(steady));
    dm_buf_done(&record);
}

static void
compare_all(struct steady *steady, const json_t *recipe)
{
    char name[DM_KEY_NAME_SIZE];
    dm_key_name(steady_log(steady), name);
    CHECK(dm_str_is(json_text(recipe, "log"), name));
    const struct dm_cid tip = steady_entry(steady, steady_seq(steady));
    CHECK(is_cid(json_text(recipe, "tip"), &tip));
    uint8_t root[DM_DIGEST_BYTES];
    dm_tree_root(steady_tree(steady), root);
    CHECK(is_digest(json_text(recipe, "root"), root));

    const json_t *const heads = json_object_get(recipe, "heads");
    CHECK(json_array_size(heads) > 1);
    for (size_t i = 0; i < json_array_size(heads); ++i) {
        compare_head(steady, json_array_get(heads, i));
    }

    struct dm_cid head;
    CHECK(dm_cid_from_text(json_text(json_array_get(heads, 0), "head"), &head));
    struct dm_buf car;
    dm_buf_init(&car, CAR_MAX);
    steady_car(steady, &head, &car);
    uint8_t digest[DM_DIGEST_BYTES];
    dm_sha256(dm_buf_str(&car), digest);
    CHECK(is_digest(json_text(recipe, "car_sha256"), digest));
    dm_buf_done(&car);
}

static void
run(const json_t *recipe)
{
    struct dm_buf seed;
    dm_buf_init(&seed, DM_KEY_SEED_BYTES);
    bytes_from_hex(json_text(recipe, "seed"), &seed);
    CHECK(seed.n == DM_KEY_SEED_BYTES);
    struct steady *const steady =
        steady_new((const uint8_t *)seed.data,
                   json_integer_value(json_object_get(recipe, "t0")));
    dm_buf_done(&seed);
    const uint64_t count =
        (uint64_t)json_integer_value(json_object_get(recipe, "count"));
    while (steady_seq(steady) < count) {
        steady_write(steady, steady_seq(steady) + 1);
        compare_step(steady, recipe);
    }
    compare_all(steady, recipe);
    steady_free(steady);
}

int
main(void)
{
    vectors_recipe("steady-130", run);
    vectors_recipe("steady-4200", run);
    return 0;
}
