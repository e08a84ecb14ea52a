// SPDX-License-Identifier: ISC

// Items out of a store: whatever was handed over, all that Head names is there,
// and what Kubo holds is not sent again.

#include "sync/kubo_pack.h"

#include "base/alloc.h"
#include "base/map.h"
#include "sync/block.h"
#include "sync/car.h"
#include "sync/chain.h"
#include "sync/record.h"
#include "tests/unit/quadstore/fixture.h"

#define HELD_MAX 20000U
#define PARTS_MAX 8U
#define VALID_UNTIL_MS INT64_C(1900000000000)

// A log in a store, and what a Kubo holds of it
struct scene {
    struct fixture fixture;
    struct dm_key *key;
    const uint8_t *log;
    dm_log_no number;
    struct dm_chain *chain;
    struct dm_txn *txn; // Open while the log is changed
    struct dm_kubo_packer packer;
    struct dm_kubo_cursor cursor;
    struct dm_map index; // Of the next
    struct dm_cid held[HELD_MAX];
    size_t n_held;
    size_t n_items;
    size_t n_sent; // Blocks, held already or not
    size_t max_car;
};

static void
set_up(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    fixture_init(&scene->fixture, false);
    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, 5, sizeof(seed));
    scene->key = dm_key_from_seed(seed);
    CHECK(scene->key);
    scene->log = dm_key_public(scene->key);
    scene->chain = dm_chain_new(scene->log);
    CHECK(scene->chain);
    char iri[DM_KEY_IRI_SIZE];
    dm_key_iri(scene->log, iri);
    scene->txn = begin(&scene->fixture);
    CHECK_INT(dm_txn_log_number(scene->txn, dm_str(iri), &scene->number),
              DM_OK);
    commit(scene->txn);
    dm_kubo_packer_init(&scene->packer);
    dm_map_init(&scene->index, HELD_MAX, 0);
}

static void
tear_down(struct scene *scene)
{
    dm_kubo_packer_done(&scene->packer);
    dm_map_done(&scene->index);
    dm_chain_free(scene->chain);
    dm_key_free(scene->key);
    fixture_done(&scene->fixture);
}

// ------------------------------------------------------------------- the log

static struct dm_cid
store_block(struct scene *scene, enum dm_block_kind kind, uint64_t seq,
            struct dm_buf *data)
{
    const bool is_raw = kind == DM_BLOCK_PAYLOAD || kind == DM_BLOCK_PART;
    CHECK(!data->status);
    const struct dm_cid cid =
        dm_cid_of(is_raw ? DM_CODEC_RAW : DM_CODEC_CBOR, dm_buf_str(data));
    struct dm_block block = {
        .place = {.log = scene->number, .kind = kind, .seq = seq},
        .data = dm_buf_str(data)};
    memcpy(block.name, cid.bytes, sizeof(block.name));
    CHECK_INT(dm_txn_block_put(scene->txn, &block), DM_OK);
    dm_buf_done(data);
    return cid;
}

// A Manifest of n parts of `size` bytes, the first of them as `version` says
static struct dm_cid
manifest(struct scene *scene, enum dm_manifest_kind kind, size_t n, size_t size,
         char version)
{
    const uint64_t seq = scene->chain->seq + 1;
    struct dm_cid parts[PARTS_MAX];
    struct dm_buf buf;
    CHECK(n <= PARTS_MAX);
    for (size_t i = 0; i < n; ++i) {
        dm_buf_init(&buf, size + 3);
        (void)dm_buf_putc(&buf, (char)('0' + (int)kind));
        (void)dm_buf_putc(&buf, (char)i);
        (void)dm_buf_putc(&buf, i == 0 ? version : 'x');
        char *rest = dm_buf_reserve(&buf, size);
        CHECK(rest);
        memset(rest, 'y', size);
        buf.n += size;
        parts[i] = store_block(scene, DM_BLOCK_PART, seq, &buf);
    }
    struct dm_wire_manifest what = {
        .n = n, .kind = kind, .parts = dm_cid_list(parts, n)};
    memcpy(what.log, scene->log, sizeof(what.log));
    dm_buf_init(&buf, DM_MANIFEST_MAX);
    CHECK_INT(dm_wire_manifest_write(&what, &buf), DM_OK);
    return store_block(scene, DM_BLOCK_MANIFEST, seq, &buf);
}

static enum dm_status
on_node(void *context, const struct dm_block *block)
{
    struct scene *scene = context;
    struct dm_block copy = *block;
    copy.place.log = scene->number;
    return dm_txn_block_put(scene->txn, &copy);
}

// An entry in the open transaction
static void
entry(struct scene *scene, size_t payload_size, const struct dm_cid *conf,
      const struct dm_cid *snap)
{
    const uint64_t seq = scene->chain->seq + 1;
    struct dm_wire_entry entry = {.seq = seq, .time_ms = 1600000000000};
    struct dm_buf buf;
    if (payload_size) {
        dm_buf_init(&buf, payload_size + 20);
        (void)dm_buf_printf(&buf, "%llu ", (unsigned long long)seq);
        char *rest = dm_buf_reserve(&buf, payload_size);
        CHECK(rest);
        memset(rest, 'p', payload_size);
        buf.n += payload_size;
        entry.n = 1;
        entry.size = buf.n;
        entry.has_data = true;
        entry.data = store_block(scene, DM_BLOCK_PAYLOAD, seq, &buf);
    }
    memcpy(entry.log, scene->log, sizeof(entry.log));
    entry.has_prev = seq > 1;
    if (entry.has_prev) {
        entry.prev = scene->chain->tip;
    }
    entry.has_conf = conf;
    if (conf) {
        entry.conf = *conf;
    }
    entry.has_snap = snap;
    if (snap) {
        entry.snap = *snap;
    }
    dm_buf_init(&buf, DM_ENTRY_MAX);
    CHECK_INT(dm_wire_entry_write(&entry, scene->key, &buf), DM_OK);
    CHECK_INT(dm_chain_append(scene->chain, &entry, dm_buf_str(&buf),
                              payload_size, on_node, scene),
              DM_OK);
    (void)store_block(scene, DM_BLOCK_ENTRY, seq, &buf);
}

static void
change(struct scene *scene)
{
    scene->txn = begin(&scene->fixture);
}

// Head and record of what there is, and the end of the transaction
static void
publish(struct scene *scene)
{
    struct dm_buf buf;
    struct dm_record record;
    dm_buf_init(&buf, DM_HEAD_MAX);
    CHECK_INT(dm_chain_head(scene->chain, &buf), DM_OK);
    const struct dm_cid head =
        store_block(scene, DM_BLOCK_HEAD, scene->chain->seq, &buf);
    dm_buf_init(&buf, DM_RECORD_MAX);
    CHECK_INT(dm_record_write(scene->key, &head, scene->chain->seq, 0,
                              VALID_UNTIL_MS, &buf),
              DM_OK);
    CHECK_INT(dm_record_read(dm_buf_str(&buf), scene->log, &record, NULL),
              DM_OK);
    dm_chain_set_record(scene->chain, dm_buf_str(&buf), &record);
    dm_buf_done(&buf);
    CHECK_INT(dm_chain_store(scene->chain, scene->txn), DM_OK);
    commit(scene->txn);
}

// n entries with payloads of `size`
static void
grow(struct scene *scene, size_t n, size_t size)
{
    change(scene);
    for (size_t i = 0; i < n; ++i) {
        if (scene->chain->seq == 0) {
            const struct dm_cid conf =
                manifest(scene, DM_MANIFEST_CONF, 2, 50, 'a');
            entry(scene, size, &conf, NULL);
        } else if (scene->chain->seq == DM_SNAP_FROM - 1) {
            const struct dm_cid snap =
                manifest(scene, DM_MANIFEST_SNAP, 3, 50, 'a');
            entry(scene, size, NULL, &snap);
        } else {
            entry(scene, size, NULL, NULL);
        }
    }
    publish(scene);
}

// ------------------------------------------------------------------ the Kubo

static struct dm_str
bytes_of(const struct dm_cid *cid)
{
    return dm_str_n((const char *)cid->bytes, sizeof(cid->bytes));
}

static bool
holds(const struct scene *scene, const struct dm_cid *cid)
{
    return dm_map_get(&scene->index, bytes_of(cid));
}

static void
lose_all(struct scene *scene)
{
    dm_map_done(&scene->index);
    dm_map_init(&scene->index, HELD_MAX, 0);
    scene->n_held = 0;
    scene->cursor = (struct dm_kubo_cursor){0};
}

static void
take(struct scene *scene, struct dm_str bytes)
{
    struct dm_car car;
    struct dm_car_block block;
    CHECK_INT(dm_car_open(&car, bytes, true, NULL), DM_OK);
    while (!dm_car_next(&car, &block, NULL)) {
        ++scene->n_sent;
        if (!holds(scene, &block.cid)) {
            CHECK(scene->n_held < HELD_MAX);
            struct dm_cid *held = &scene->held[scene->n_held++];
            *held = block.cid;
            CHECK(dm_map_put(&scene->index, bytes_of(held), NULL));
        }
    }
    scene->max_car = bytes.n > scene->max_car ? bytes.n : scene->max_car;
}

static enum dm_status
pack_until(struct scene *scene, uint64_t until, struct dm_kubo_item *ret,
           struct dm_error *error)
{
    const struct dm_kubo_pack_spec spec = {
        .log = scene->log, .cursor = scene->cursor, .until = until};
    struct dm_snapshot *snapshot = snapshot_of(&scene->fixture);
    const enum dm_status status =
        dm_kubo_pack(&scene->packer, snapshot, &spec, ret, error);
    dm_snapshot_close(snapshot);
    return status;
}

static enum dm_status
pack(struct scene *scene, struct dm_kubo_item *ret, struct dm_error *error)
{
    return pack_until(scene, UINT64_MAX, ret, error);
}

// Hand over the next item. @return Whether there was one.
static bool
step(struct scene *scene)
{
    struct dm_kubo_item item;
    const enum dm_status status = pack(scene, &item, NULL);
    if (status == DM_END) {
        return false;
    }
    CHECK_INT(status, DM_OK);
    CHECK(item.car.n > 0 && item.car.n <= DM_KUBO_CAR_MAX);
    CHECK(item.seq >= scene->cursor.seq);
    CHECK(item.has_head == (item.record.n > 0));
    take(scene, item.car);
    ++scene->n_items;
    scene->cursor.seq = item.seq;
    if (item.has_head) {
        scene->cursor.has_pinned = true;
        scene->cursor.pinned = item.head;
        scene->cursor.pinned_seq = item.seq;
    }
    dm_kubo_packer_told(&scene->packer, DM_KUBO_DONE);
    return true;
}

// All of a block and below it is held
static void
check_below(struct scene *scene, struct dm_snapshot *snapshot,
            const struct dm_cid *cid)
{
    static const char tag[] = "\xd8\x2a\x58\x25";
    struct dm_block block;
    struct dm_cid link;
    CHECK(holds(scene, cid));
    CHECK_INT(dm_snapshot_block(snapshot, cid->bytes, &block), DM_OK);
    struct dm_str rest = block.data;
    while (dm_cid_codec(cid) == DM_CODEC_CBOR) {
        const size_t at = dm_str_find(rest, dm_str_n(tag, 4));
        if (at == rest.n) {
            break;
        }
        CHECK(dm_cid_read(dm_str_slice(rest, at + 5, DM_CID_BYTES), &link));
        check_below(scene, snapshot, &link);
        rest = dm_str_slice(rest, at + 5, rest.n);
    }
}

// Hand over all there is: then Head and all below it is held
static void
drain(struct scene *scene)
{
    while (step(scene)) {
    }
    CHECK(scene->cursor.has_pinned);
    CHECK(dm_cid_equal(&scene->cursor.pinned, &scene->chain->head));
    CHECK_INT((int64_t)scene->cursor.seq, (int64_t)scene->chain->seq);
    struct dm_snapshot *snapshot = snapshot_of(&scene->fixture);
    check_below(scene, snapshot, &scene->chain->head);
    dm_snapshot_close(snapshot);
    CHECK(!step(scene));
}

// ----------------------------------------------------------------------------

static void
nothing_is_made_of_nothing(void)
{
    static struct scene scene;
    struct dm_kubo_item item;
    set_up(&scene);
    CHECK_INT(pack(&scene, &item, NULL), DM_END);
    tear_down(&scene);
}

static void
what_is_new_goes_once(void)
{
    static struct scene scene;
    set_up(&scene);
    grow(&scene, 3, 100);
    drain(&scene);
    CHECK_INT((int64_t)scene.n_items, 1);
    CHECK_INT((int64_t)scene.n_sent, 3 * 2 + 3 + 1); // Conf has 2 parts
    scene.n_sent = 0;
    grow(&scene, 1, 100);
    drain(&scene);
    CHECK_INT((int64_t)scene.n_sent, 3); // Payload, entry, Head
    scene.n_sent = 0;
    grow(&scene, 60, 0);
    drain(&scene);
    CHECK_INT((int64_t)scene.n_sent, 60 + 1 + 1); // And a Node
    tear_down(&scene);
}

static void
a_long_log_goes_in_several_items(void)
{
    static struct scene scene;
    set_up(&scene);
    grow(&scene, 4300, 500); // Nodes of both levels, a snapshot
    drain(&scene);
    CHECK(scene.n_items > 3);
    CHECK_INT((int64_t)scene.n_sent, (int64_t)scene.n_held); // Each once
    CHECK(scene.max_car < DM_KUBO_PACK_BYTES + 200000);
    tear_down(&scene);
}

static void
the_largest_payloads_fit(void)
{
    static struct scene scene;
    set_up(&scene);
    grow(&scene, 3, DM_PAYLOAD_MAX - 20);
    drain(&scene);
    CHECK_INT((int64_t)scene.n_items, 3 + 1);
    CHECK(scene.max_car <= DM_KUBO_CAR_MAX);
    tear_down(&scene);
}

static void
only_a_manifest_that_came_into_force_is_sent(void)
{
    static struct scene scene;
    set_up(&scene);
    grow(&scene, 10, 10);
    drain(&scene);
    change(&scene);
    const struct dm_cid conf = manifest(&scene, DM_MANIFEST_CONF, 4, 50, 'b');
    entry(&scene, 10, &conf, NULL);
    publish(&scene);
    scene.n_sent = 0;
    drain(&scene);
    CHECK_INT((int64_t)scene.n_sent, 2 + 5 + 1);
    tear_down(&scene);
}

// It came into force in the middle of what is caught up with in several items
static void
a_manifest_is_not_lost_in_a_catch_up(void)
{
    static struct scene scene;
    set_up(&scene);
    grow(&scene, 10, 10);
    drain(&scene);
    change(&scene);
    const struct dm_cid conf = manifest(&scene, DM_MANIFEST_CONF, 4, 50, 'b');
    entry(&scene, 10, &conf, NULL);
    publish(&scene);
    grow(&scene, 20, DM_PAYLOAD_MAX / 4);
    CHECK(step(&scene));
    CHECK(step(&scene));
    CHECK(scene.cursor.seq > 11 && scene.cursor.pinned_seq == 10);
    // And the log goes on meanwhile
    grow(&scene, 3, 10);
    drain(&scene);
    tear_down(&scene);
}

static void
manifests_may_need_several_items(void)
{
    static struct scene scene;
    set_up(&scene);
    grow(&scene, 10, 10);
    drain(&scene);
    change(&scene);
    const struct dm_cid conf =
        manifest(&scene, DM_MANIFEST_CONF, PARTS_MAX, 500000, 'b');
    const struct dm_cid snap =
        manifest(&scene, DM_MANIFEST_SNAP, PARTS_MAX, 500000, 'c');
    entry(&scene, 10, &conf, &snap);
    publish(&scene);
    scene.n_sent = 0;
    scene.n_items = 0;
    drain(&scene);
    CHECK(scene.n_items >= 6);
    CHECK_INT((int64_t)scene.n_sent, 2 + 2 * (PARTS_MAX + 1) + 1);
    // An item that did not come to pass is made again
    change(&scene);
    const struct dm_cid again =
        manifest(&scene, DM_MANIFEST_CONF, PARTS_MAX, 500000, 'd');
    entry(&scene, 10, &again, NULL);
    publish(&scene);
    CHECK(step(&scene));
    struct dm_kubo_item item;
    CHECK_INT(pack(&scene, &item, NULL), DM_OK);
    CHECK_INT(pack(&scene, &item, NULL), DM_OK);
    drain(&scene);
    // A new Head in between: its Manifests begin anew
    change(&scene);
    const struct dm_cid last =
        manifest(&scene, DM_MANIFEST_CONF, PARTS_MAX, 500000, 'e');
    entry(&scene, 10, &last, NULL);
    publish(&scene);
    CHECK(step(&scene));
    CHECK(step(&scene));
    grow(&scene, 1, 10);
    drain(&scene);
    tear_down(&scene);
}

static void
all_goes_again_where_kubo_lost_it(void)
{
    static struct scene scene;
    set_up(&scene);
    grow(&scene, 400, 10);
    drain(&scene);
    const size_t n = scene.n_held;
    lose_all(&scene);
    dm_kubo_packer_told(&scene.packer, DM_KUBO_NEED_ALL);
    drain(&scene);
    CHECK_INT((int64_t)scene.n_held, (int64_t)n);
    tear_down(&scene);
}

static void
what_was_pruned_is_not_asked_for(void)
{
    static struct scene scene;
    set_up(&scene);
    grow(&scene, 4300, 10);
    drain(&scene);
    struct dm_snapshot *snapshot = snapshot_of(&scene.fixture);
    CHECK_INT(dm_chain_prune(scene.chain, snapshot, scene.number, 193), DM_OK);
    dm_snapshot_close(snapshot);
    change(&scene);
    bool has_more = false;
    CHECK_INT(
        dm_txn_blocks_remove(scene.txn, scene.number,
                             1U << DM_BLOCK_ENTRY | 1U << DM_BLOCK_PAYLOAD |
                                 1U << DM_BLOCK_NODE1 | 1U << DM_BLOCK_NODE2,
                             0, 193, 100000, &has_more),
        DM_OK);
    entry(&scene, 10, NULL, NULL);
    publish(&scene);
    scene.n_sent = 0;
    drain(&scene); // Its Nodes of level 1 were there
    CHECK_INT((int64_t)scene.n_sent, 3);
    lose_all(&scene);
    dm_kubo_packer_told(&scene.packer, DM_KUBO_NEED_ALL);
    drain(&scene);
    // One that fell behind what is kept
    lose_all(&scene);
    scene.cursor.seq = 5;
    drain(&scene);
    tear_down(&scene);
}

static void
what_is_not_published_is_not_told(void)
{
    static struct scene scene;
    struct dm_kubo_item item;
    set_up(&scene);
    grow(&scene, 5, 10);
    CHECK_INT(pack_until(&scene, 4, &item, NULL), DM_END);
    CHECK_INT(pack_until(&scene, 5, &item, NULL), DM_OK);
    tear_down(&scene);
}

static void
a_block_that_is_gone_or_changed_is_not_sent(void)
{
    static const struct {
        enum dm_block_kind kind;
        const char *what;
    } cases[] = {
        {DM_BLOCK_ENTRY, "block-missing: the block of entry 64"},
        {DM_BLOCK_PAYLOAD, "block-missing: the payload of entry 64"},
        {DM_BLOCK_NODE1, "block-missing: a Node of entry 1"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        for (int is_changed = 0; is_changed < 2; ++is_changed) {
            static struct scene scene;
            struct dm_kubo_item item;
            struct dm_error error = {0};
            set_up(&scene);
            grow(&scene, 70, 10);
            const uint64_t seq = cases[i].kind == DM_BLOCK_NODE1 ? 1 : 64;
            change(&scene);
            bool has_more = false;
            CHECK_INT(dm_txn_blocks_remove(scene.txn, scene.number,
                                           1U << cases[i].kind, seq, seq + 1,
                                           10, &has_more),
                      DM_OK);
            const struct dm_block other = {
                .place = {.log = scene.number,
                          .kind = cases[i].kind,
                          .seq = seq},
                .name = {1, 0x71, 0x12, 0x20, 1, 2, 3},
                .data = DM_STR("other")};
            if (is_changed) {
                CHECK_INT(dm_txn_block_put(scene.txn, &other), DM_OK);
            }
            commit(scene.txn);
            CHECK_INT(pack(&scene, &item, &error), DM_ERR_CORRUPT);
            const char *part = is_changed ? "block-changed: " : cases[i].what;
            CHECK(strstr(error.what, part));
            tear_down(&scene);
        }
    }
}

static void
each_failing_allocation_is_told(void)
{
    static struct scene scene;
    struct dm_kubo_item item;
    set_up(&scene);
    grow(&scene, 70, 10);
    const struct dm_kubo_pack_spec spec = {
        .log = scene.log, .cursor = scene.cursor, .until = 70};
    enum dm_status status = DM_ERR_NO_MEMORY;
    struct dm_snapshot *snapshot = snapshot_of(&scene.fixture);
    for (size_t n = 0; status; ++n) {
        dm_kubo_packer_done(&scene.packer);
        dm_kubo_packer_init(&scene.packer);
        dm_alloc_fail_after(n);
        status = dm_kubo_pack(&scene.packer, snapshot, &spec, &item, NULL);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!status || status == DM_ERR_NO_MEMORY);
    }
    dm_snapshot_close(snapshot);
    drain(&scene);
    tear_down(&scene);
}

int
main(void)
{
    nothing_is_made_of_nothing();
    what_is_new_goes_once();
    a_long_log_goes_in_several_items();
    the_largest_payloads_fit();
    only_a_manifest_that_came_into_force_is_sent();
    a_manifest_is_not_lost_in_a_catch_up();
    manifests_may_need_several_items();
    all_goes_again_where_kubo_lost_it();
    what_was_pruned_is_not_asked_for();
    what_is_not_published_is_not_told();
    a_block_that_is_gone_or_changed_is_not_sent();
    each_failing_allocation_is_told();
    return 0;
}
