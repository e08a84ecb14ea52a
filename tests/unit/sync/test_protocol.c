// SPDX-License-Identifier: ISC

// The examples in docs/PROTOCOL.md are what the code reads and writes. One is
//
//     LABEL…, N bytes, CID
//       hexadecimal digits, in any number of lines

#include "base/buf.h"
#include "sync/block.h"
#include "sync/car.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/record.h"
#include "sync/tree.h"
#include "tests/check.h"

#include <sodium.h>
#include <string.h>

#define PAGE "docs/PROTOCOL.md"
#define PAGE_MAX (1U << 20U)
#define EXAMPLE_MAX 1024

static struct dm_buf page;

struct example {
    char bytes[EXAMPLE_MAX];
    struct dm_str block;
    struct dm_cid cid; ///< As a dag-cbor block
};

static void
read_page(void)
{
    dm_buf_init(&page, PAGE_MAX);
    FILE *file = fopen(PAGE, "re");
    CHECK(file);
    char piece[4096];
    size_t n = 0;
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0) {
        CHECK_INT(dm_buf_put(&page, piece, n), DM_OK);
    }
    CHECK(!ferror(file));
    CHECK(fclose(file) == 0);
}

// What stands behind the first line that begins with `label`, and that line
static struct dm_str
behind(const char *label, struct dm_str *ret_line)
{
    const struct dm_str text = dm_buf_str(&page);
    char mark[128];
    const int n = snprintf(mark, sizeof(mark), "\n%s", label);
    CHECK(n > 0 && (size_t)n < sizeof(mark));
    const size_t at = dm_str_find(text, dm_str(mark));
    CHECK(at < text.n);
    const struct dm_str rest = dm_str_slice(text, at + 1, text.n);
    const size_t end = dm_str_find(rest, dm_str("\n"));
    *ret_line = dm_str_slice(rest, 0, end);
    return dm_str_slice(rest, end + 1, rest.n);
}

static bool
holds(struct dm_str text, const char *part)
{
    return dm_str_find(text, dm_str(part)) < text.n;
}

static bool
page_holds(const char *part)
{
    return holds(dm_buf_str(&page), part);
}

static void
put_hex(struct dm_str digits, struct example *example)
{
    size_t n = 0;
    CHECK(sodium_hex2bin((uint8_t *)example->bytes + example->block.n,
                         EXAMPLE_MAX - example->block.n, digits.data, digits.n,
                         NULL, &n, NULL) == 0);
    CHECK(2 * n == digits.n);
    example->block.n += n;
}

// The example that begins at `label`: its first line says its size
static void
read_example(const char *label, struct example *ret)
{
    const struct dm_str indent = DM_STR("  ");
    struct dm_str line;
    struct dm_str rest = behind(label, &line);
    ret->block = dm_str_n(ret->bytes, 0);
    while (dm_str_starts(rest, indent)) {
        const size_t end = dm_str_find(rest, dm_str("\n"));
        put_hex(dm_str_slice(rest, indent.n, end - indent.n), ret);
        rest = dm_str_slice(rest, end + 1, rest.n);
    }
    char size[32];
    CHECK(snprintf(size, sizeof(size), ", %zu bytes", ret->block.n) > 0);
    CHECK(holds(line, size));
    ret->cid = dm_cid_of(DM_CODEC_CBOR, ret->block);
}

// A block says its name as well
static void
read_block(const char *label, struct example *ret)
{
    read_example(label, ret);
    struct dm_str line;
    (void)behind(label, &line);
    char text[DM_CID_TEXT_SIZE];
    dm_cid_text(&ret->cid, text);
    CHECK(holds(line, text));
}

static struct dm_key *
key_of(uint8_t fill)
{
    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, fill, sizeof(seed));
    struct dm_key *key = dm_key_from_seed(seed);
    CHECK(key);
    return key;
}

static bool
is_same(const struct dm_buf *buf, const struct example *example)
{
    return dm_str_equal(dm_buf_str(buf), example->block);
}

static void
names_are_those_of_the_seed(const struct dm_key *key)
{
    char text[DM_KEY_IRI_SIZE];
    dm_key_name(dm_key_public(key), text);
    CHECK(page_holds(text));
    dm_key_peer_id(dm_key_public(key), text);
    CHECK(page_holds(text));
}

// Reads entry `i`, adds it to the tree, writes it again
static void
check_entry(const struct dm_key *key, unsigned i, struct dm_tree *tree,
            struct dm_wire_entry *ret, struct dm_cid *ret_cid)
{
    char label[16];
    CHECK(snprintf(label, sizeof(label), "entry %u, ", i) > 0);
    struct example example;
    read_block(label, &example);
    struct dm_error error;
    CHECK_INT(dm_wire_entry_read(example.block, ret, &error), DM_OK);
    CHECK_INT(dm_wire_entry_verify(example.block, ret, &error), DM_OK);
    CHECK_INT((int64_t)ret->seq, i);
    dm_tree_add(tree, example.block);
    *ret_cid = example.cid;

    struct dm_buf again;
    dm_buf_init(&again, DM_ENTRY_MAX);
    CHECK_INT(dm_wire_entry_write(ret, key, &again), DM_OK);
    CHECK(is_same(&again, &example));
    dm_buf_done(&again);
}

static void
check_manifest(const struct dm_wire_entry *first, struct example *manifest)
{
    read_block("manifest, ", manifest);
    struct dm_wire_manifest read;
    struct dm_error error;
    CHECK_INT(dm_wire_manifest_read(manifest->block, &read, &error), DM_OK);
    CHECK_INT(read.kind, DM_MANIFEST_CONF);
    CHECK(first->has_conf && dm_cid_equal(&first->conf, &manifest->cid));
}

static void
check_head(const struct dm_tree *tree, const struct dm_cid *tip,
           struct example *example)
{
    read_block("head, ", example);
    struct dm_wire_head head;
    struct dm_error error;
    CHECK_INT(dm_wire_head_read(example->block, &head, &error), DM_OK);
    CHECK(dm_cid_equal(&head.tip, tip));
    uint8_t root[DM_DIGEST_BYTES];
    dm_tree_root(tree, root);
    CHECK(memcmp(head.root, root, sizeof(root)) == 0);
    char text[2 * DM_DIGEST_BYTES + 1];
    (void)sodium_bin2hex(text, sizeof(text), root, sizeof(root));
    CHECK(page_holds(text));

    struct dm_buf again;
    dm_buf_init(&again, DM_HEAD_MAX);
    CHECK_INT(dm_wire_head_write(&head, &again), DM_OK);
    CHECK(is_same(&again, example));
    dm_buf_done(&again);
}

static void
check_record(const struct dm_key *key, const struct dm_cid *head)
{
    struct example example;
    read_example("record, ", &example);
    struct dm_record record;
    struct dm_error error;
    CHECK_INT(
        dm_record_read(example.block, dm_key_public(key), &record, &error),
        DM_OK);
    CHECK(dm_cid_equal(&record.head, head));
    CHECK(record.seq == 3 && record.k == 0);

    struct dm_buf again;
    dm_buf_init(&again, DM_RECORD_MAX);
    CHECK_INT(dm_record_write(key, head, record.seq, record.k,
                              record.valid_until_ms, &again),
              DM_OK);
    CHECK(is_same(&again, &example));
    dm_buf_done(&again);
}

static void
check_successor(const struct dm_key *old_key, const struct dm_cid *last)
{
    struct example example;
    read_block("from seed ", &example);
    struct dm_wire_successor read;
    struct dm_error error;
    CHECK_INT(dm_wire_successor_read(example.block, &read, &error), DM_OK);
    CHECK(read.seq == 3 && dm_cid_equal(&read.last, last));

    struct dm_key *new_key = key_of(2);
    struct dm_buf again;
    dm_buf_init(&again, DM_SUCCESSOR_MAX);
    CHECK_INT(dm_wire_successor_write(&read, new_key, old_key, &again), DM_OK);
    CHECK(is_same(&again, &example));
    dm_buf_done(&again);
    dm_key_free(new_key);
}

static void
check_car(const struct dm_cid *manifest, const struct dm_cid *entry)
{
    struct example example;
    read_example("answer to after=0&limit=1, ", &example);
    struct dm_car car;
    struct dm_error error;
    CHECK_INT(dm_car_open(&car, example.block, true, &error), DM_OK);
    CHECK_INT((int64_t)car.roots.n, 1);
    const struct dm_cid root = dm_cid_list_at(&car.roots, 0);
    CHECK(dm_cid_equal(&root, entry));
    struct dm_car_block block;
    CHECK_INT(dm_car_next(&car, &block, &error), DM_OK);
    CHECK(dm_cid_equal(&block.cid, manifest));
    CHECK_INT(dm_car_next(&car, &block, &error), DM_OK);
    CHECK(dm_cid_equal(&block.cid, entry));
    CHECK_INT(dm_car_next(&car, &block, &error), DM_END);
}

int
main(void)
{
    CHECK(sodium_init() >= 0);
    read_page();
    struct dm_key *key = key_of(1);
    names_are_those_of_the_seed(key);

    static struct dm_tree tree;
    static struct dm_wire_entry entries[3];
    struct dm_cid cids[3];
    for (unsigned i = 0; i < 3; ++i) {
        check_entry(key, i + 1, &tree, &entries[i], &cids[i]);
        CHECK(entries[i].has_prev == (i > 0));
        CHECK(i == 0 || dm_cid_equal(&entries[i].prev, &cids[i - 1]));
    }
    static struct example manifest; // Large
    check_manifest(&entries[0], &manifest);
    static struct example head;
    check_head(&tree, &cids[2], &head);
    check_record(key, &head.cid);
    check_successor(key, &cids[2]);
    check_car(&manifest.cid, &cids[0]);

    dm_key_free(key);
    dm_buf_done(&page);
    return 0;
}
