// SPDX-License-Identifier: ISC

// What one block cannot show by being right or wrong (the vectors do that): how
// heads are cut, flipped bits, cut bytes, little room, little memory.

#include "sync/block.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sync/cbor.h"
#include "sync/tree.h"
#include "tests/check.h"

#include <string.h>

#define ROOM ((size_t)256 << 10U)
#define TIME_MS INT64_C(1764000000000)

struct fixture {
    struct dm_key *key;
    struct dm_key *other;
    struct dm_cid cids[DM_HEAD_L2_MAX];
};

static struct dm_key *
key_of(uint8_t byte)
{
    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, byte, sizeof(seed));
    struct dm_key *key = dm_key_from_seed(seed);
    CHECK(key);
    return key;
}

static void
set_up(struct fixture *fixture)
{
    fixture->key = key_of(1);
    fixture->other = key_of(2);
    for (size_t i = 0; i < DM_COUNT_OF(fixture->cids); ++i) {
        fixture->cids[i] =
            dm_cid_of(DM_CODEC_CBOR, dm_str_n((const char *)&i, sizeof(i)));
    }
}

static void
tear_down(struct fixture *fixture)
{
    dm_key_free(fixture->key);
    dm_key_free(fixture->other);
}

static struct dm_cid
raw_of(const struct dm_cid *cid)
{
    return dm_cid_make(DM_CODEC_RAW, dm_cid_digest(cid));
}

static struct dm_wire_entry
full_entry(const struct fixture *fixture)
{
    struct dm_wire_entry entry = {
        .n = 4,
        .seq = 360,
        .size = 800,
        .time_ms = TIME_MS,
        .has_enc = true,
        .enc = {1, 2, 3},
        .has_conf = true,
        .conf = fixture->cids[0],
        .has_data = true,
        .data = raw_of(&fixture->cids[1]),
        .has_prev = true,
        .prev = fixture->cids[2],
        .has_snap = true,
        .snap = fixture->cids[3],
    };
    memcpy(entry.log, dm_key_public(fixture->key), DM_KEY_PUBLIC_BYTES);
    return entry;
}

static bool
is_same_entry(const struct dm_wire_entry *a, const struct dm_wire_entry *b)
{
    return a->n == b->n && a->seq == b->seq && a->size == b->size &&
           a->time_ms == b->time_ms &&
           memcmp(a->log, b->log, sizeof(a->log)) == 0 &&
           a->has_enc == b->has_enc &&
           memcmp(a->enc, b->enc, sizeof(a->enc)) == 0 &&
           a->has_conf == b->has_conf && dm_cid_equal(&a->conf, &b->conf) &&
           a->has_data == b->has_data && dm_cid_equal(&a->data, &b->data) &&
           a->has_prev == b->has_prev && dm_cid_equal(&a->prev, &b->prev) &&
           a->has_snap == b->has_snap && dm_cid_equal(&a->snap, &b->snap) &&
           memcmp(a->signature, b->signature, sizeof(a->signature)) == 0;
}

static bool
is_good_entry(struct dm_str block)
{
    struct dm_wire_entry entry;
    return dm_wire_entry_read(block, &entry, NULL) == DM_OK &&
           dm_wire_entry_verify(block, &entry, NULL) == DM_OK;
}

static void
an_entry_is_read_as_it_was_written(struct fixture *fixture)
{
    struct dm_wire_entry entry = full_entry(fixture);
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    // Behind other bytes, which stay
    CHECK(dm_buf_puts(&buf, "before") == DM_OK);
    CHECK(dm_wire_entry_write(&entry, fixture->key, &buf) == DM_OK);
    const struct dm_str block = dm_str_slice(dm_buf_str(&buf), 6, buf.n);
    CHECK(dm_str_starts(dm_buf_str(&buf), dm_str("before")));
    struct dm_wire_entry again;
    CHECK(dm_wire_entry_read(block, &again, NULL) == DM_OK);
    CHECK(is_same_entry(&entry, &again));
    CHECK(dm_wire_entry_verify(block, &again, NULL) == DM_OK);
    dm_buf_done(&buf);
}

// Each key is said by its own flag: 32 sets of optional ones.
static void
every_set_of_keys_is_written_and_read(struct fixture *fixture)
{
    for (unsigned set = 0; set < 32; ++set) {
        struct dm_wire_entry entry = {.seq = set & 1U ? 7 : 1,
                                      .has_prev = set & 1U,
                                      .prev = {{0}},
                                      .time_ms = TIME_MS};
        memcpy(entry.log, dm_key_public(fixture->key), DM_KEY_PUBLIC_BYTES);
        if (entry.has_prev) {
            entry.prev = fixture->cids[9];
        }
        entry.has_conf = entry.seq == 1 || (set & 2U);
        if (entry.has_conf) {
            entry.conf = fixture->cids[0];
        }
        entry.has_snap = set & 4U;
        if (entry.has_snap) {
            entry.snap = fixture->cids[1];
        }
        if (set & 8U) {
            entry.has_data = true;
            entry.data = raw_of(&fixture->cids[2]);
            entry.n = DM_QUADS_MAX;
            entry.size = DM_INFLATED_MAX;
            entry.has_enc = set & 16U;
        }
        struct dm_buf buf;
        dm_buf_init(&buf, ROOM);
        CHECK(dm_wire_entry_write(&entry, fixture->key, &buf) == DM_OK);
        struct dm_wire_entry again;
        CHECK(dm_wire_entry_read(dm_buf_str(&buf), &again, NULL) == DM_OK);
        CHECK(is_same_entry(&entry, &again));
        CHECK(dm_wire_entry_verify(dm_buf_str(&buf), &again, NULL) == DM_OK);
        dm_buf_done(&buf);
    }
}

static void
no_bit_of_an_entry_can_be_flipped(struct fixture *fixture)
{
    struct dm_wire_entry entry = full_entry(fixture);
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    CHECK(dm_wire_entry_write(&entry, fixture->key, &buf) == DM_OK);
    CHECK(is_good_entry(dm_buf_str(&buf)));
    for (size_t i = 0; i < buf.n * 8; ++i) {
        buf.data[i / 8] = (char)(buf.data[i / 8] ^ (1 << i % 8));
        CHECK(!is_good_entry(dm_buf_str(&buf)));
        buf.data[i / 8] = (char)(buf.data[i / 8] ^ (1 << i % 8));
    }
    for (size_t n = 0; n < buf.n; ++n) {
        CHECK(!is_good_entry(dm_str_n(buf.data, n)));
    }
    CHECK(is_good_entry(dm_buf_str(&buf)));
    dm_buf_done(&buf);
}

static void
every_other_version_is_newer(struct fixture *fixture)
{
    static const uint64_t versions[] = {0, 2, 23, 24, UINT64_MAX};
    (void)fixture;
    for (size_t i = 0; i < DM_COUNT_OF(versions); ++i) {
        struct dm_buf buf;
        dm_buf_init(&buf, ROOM);
        dm_cbor_put_map(&buf, 1);
        dm_cbor_put_text(&buf, dm_str("v"));
        dm_cbor_put_uint(&buf, versions[i]);
        struct dm_wire_entry entry;
        struct dm_wire_node node;
        struct dm_wire_manifest manifest;
        struct dm_wire_head head;
        struct dm_wire_successor successor;
        const struct dm_str block = dm_buf_str(&buf);
        struct dm_error error;
        CHECK(dm_wire_entry_read(block, &entry, &error) == DM_ERR_UNSUPPORTED);
        CHECK(dm_str_starts(dm_str(error.what), dm_str("newer-protocol:")));
        CHECK(dm_wire_node_read(block, &node, NULL) == DM_ERR_UNSUPPORTED);
        CHECK(dm_wire_manifest_read(block, &manifest, NULL) ==
              DM_ERR_UNSUPPORTED);
        CHECK(dm_wire_head_read(block, &head, NULL) == DM_ERR_UNSUPPORTED);
        CHECK(dm_wire_successor_read(block, &successor, NULL) ==
              DM_ERR_UNSUPPORTED);
        dm_buf_done(&buf);
    }
}

// ----------------------------------------------------------------------- heads

// How first to seq is cut, as the page says it, run by run
static struct dm_head_cut
cut_by_definition(uint64_t first, uint64_t seq)
{
    struct dm_head_cut cut = {.n_l2 = 0};
    uint64_t at = first;
    while (at <= seq) {
        if (at % DM_FAN2 == 1 && at + DM_FAN2 - 1 <= seq) {
            if (!cut.n_l2++) {
                cut.l2_from = at;
            }
            at += DM_FAN2;
        } else if (at + DM_FAN - 1 <= seq) {
            ++cut.n_l1;
            at += DM_FAN;
        } else {
            cut.n_tail = (size_t)(seq - at + 1);
            at = seq + 1;
        }
    }
    return cut;
}

static void
heads_are_cut_as_the_page_says(struct fixture *fixture)
{
    static const uint64_t span = UINT64_C(3) * DM_FAN2;
    (void)fixture;
    for (uint64_t first = 1; first < span; first += UINT64_C(7) * DM_FAN) {
        for (uint64_t seq = first; seq < first + span; seq += 31) {
            const struct dm_head_cut want = cut_by_definition(first, seq);
            const struct dm_head_cut cut = dm_head_cut(first, seq);
            CHECK_INT((int64_t)cut.n_l2, (int64_t)want.n_l2);
            CHECK_INT((int64_t)cut.n_l1, (int64_t)want.n_l1);
            CHECK_INT((int64_t)cut.n_tail, (int64_t)want.n_tail);
            CHECK_INT((int64_t)cut.l2_from, (int64_t)want.l2_from);
            CHECK(cut.n_l1 <= DM_HEAD_L1_MAX && cut.n_tail <= DM_HEAD_TAIL_MAX);
        }
    }
    const struct dm_head_cut most = dm_head_cut(65, DM_FAN2 * 2 - 1);
    CHECK_INT((int64_t)most.n_l1, DM_HEAD_L1_MAX);
    CHECK_INT((int64_t)most.n_tail, DM_HEAD_TAIL_MAX);
    CHECK(!most.n_l2 && !most.l2_from);
}

static struct dm_wire_head
head_of(const struct fixture *fixture, uint64_t first, uint64_t seq)
{
    static const uint8_t frontier[DM_FRONTIER_MAX][DM_DIGEST_BYTES] = {{7}};
    const struct dm_head_cut cut = dm_head_cut(first, seq);
    const struct dm_tree before = {.size = first - 1};
    struct dm_wire_head head = {
        .seq = seq,
        .first = first,
        .tip = fixture->cids[cut.n_tail ? cut.n_tail - 1 : 0],
        .conf = fixture->cids[5],
        .has_note = true,
        .note = fixture->cids[6],
        .has_snap = true,
        .snap = fixture->cids[7],
        .has_anchor = first > 1,
        .l1 = dm_cid_list(fixture->cids, cut.n_l1),
        .l2 = dm_cid_list(fixture->cids, cut.n_l2),
        .tail = dm_cid_list(fixture->cids, cut.n_tail),
        .frontier = frontier[0],
        .n_frontier = dm_tree_count(&before),
        .frontier_stride = DM_DIGEST_BYTES,
    };
    if (head.has_anchor) {
        head.anchor = fixture->cids[8];
    }
    memcpy(head.log, dm_key_public(fixture->key), DM_KEY_PUBLIC_BYTES);
    return head;
}

static bool
is_same_list(const struct dm_cid_list *a, const struct dm_cid_list *b)
{
    if (a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; ++i) {
        const struct dm_cid x = dm_cid_list_at(a, i);
        const struct dm_cid y = dm_cid_list_at(b, i);
        if (!dm_cid_equal(&x, &y)) {
            return false;
        }
    }
    return true;
}

static void
heads_of_every_size_are_read_as_they_were_written(struct fixture *fixture)
{
    static const uint64_t spans[][2] = {
        {1, 1},
        {1, 64},
        {1, 4096},
        {65, 8191},
        {4097, 8192},
        {1, UINT64_C(1024) * DM_FAN2 + 63}, // The most of level 2
        {((UINT64_C(1) << 42U) - 1) * 64 + 1, DM_WIRE_BELOW - 1},
    };
    for (size_t i = 0; i < DM_COUNT_OF(spans); ++i) {
        const struct dm_wire_head head =
            head_of(fixture, spans[i][0], spans[i][1]);
        struct dm_buf buf;
        dm_buf_init(&buf, DM_HEAD_MAX);
        CHECK(dm_wire_head_write(&head, &buf) == DM_OK);
        struct dm_wire_head again;
        CHECK(dm_wire_head_read(dm_buf_str(&buf), &again, NULL) == DM_OK);
        CHECK(again.seq == head.seq && again.first == head.first);
        CHECK(is_same_list(&head.l1, &again.l1));
        CHECK(is_same_list(&head.l2, &again.l2));
        CHECK(is_same_list(&head.tail, &again.tail));
        CHECK(!again.has_extra && again.n_frontier == head.n_frontier);

        // What was read may be written: its lists look into a block
        struct dm_buf second;
        dm_buf_init(&second, DM_HEAD_MAX);
        CHECK(dm_wire_head_write(&again, &second) == DM_OK);
        CHECK(dm_str_equal(dm_buf_str(&buf), dm_buf_str(&second)));
        dm_buf_done(&buf);
        dm_buf_done(&second);
    }
}

// ------------------------------------------------------------- room and memory

typedef enum dm_status (*write_fn)(const struct fixture *fixture,
                                   struct dm_buf *buf);

static enum dm_status
write_entry(const struct fixture *fixture, struct dm_buf *buf)
{
    struct dm_wire_entry entry = full_entry(fixture);
    return dm_wire_entry_write(&entry, fixture->key, buf);
}

static enum dm_status
write_node(const struct fixture *fixture, struct dm_buf *buf)
{
    const struct dm_wire_node node = {.level = 2,
                                      .from = DM_FAN2 + 1,
                                      .to = (uint64_t)2 * DM_FAN2,
                                      .time_max_ms = TIME_MS,
                                      .items =
                                          dm_cid_list(fixture->cids, DM_FAN)};
    return dm_wire_node_write(&node, buf);
}

static enum dm_status
write_manifest(const struct fixture *fixture, struct dm_buf *buf)
{
    struct dm_cid parts[3];
    for (size_t i = 0; i < DM_COUNT_OF(parts); ++i) {
        parts[i] = raw_of(&fixture->cids[i]);
    }
    struct dm_wire_manifest manifest = {
        .n = 9,
        .kind = DM_MANIFEST_NOTE,
        .has_enc = true,
        .parts = dm_cid_list(parts, DM_COUNT_OF(parts))};
    memcpy(manifest.log, dm_key_public(fixture->key), DM_KEY_PUBLIC_BYTES);
    return dm_wire_manifest_write(&manifest, buf);
}

static enum dm_status
write_head(const struct fixture *fixture, struct dm_buf *buf)
{
    const struct dm_wire_head head = head_of(fixture, 65, 300);
    return dm_wire_head_write(&head, buf);
}

static enum dm_status
write_successor(const struct fixture *fixture, struct dm_buf *buf)
{
    struct dm_wire_successor what = {.seq = 9, .last = fixture->cids[0]};
    memcpy(what.new_key, dm_key_public(fixture->other), DM_KEY_PUBLIC_BYTES);
    memcpy(what.old_key, dm_key_public(fixture->key), DM_KEY_PUBLIC_BYTES);
    return dm_wire_successor_write(&what, fixture->other, fixture->key, buf);
}

static const write_fn writers[] = {write_entry, write_node, write_manifest,
                                   write_head, write_successor};

static void
a_block_is_there_whole_or_not_at_all(struct fixture *fixture)
{
    for (size_t i = 0; i < DM_COUNT_OF(writers); ++i) {
        struct dm_buf whole;
        dm_buf_init(&whole, ROOM);
        CHECK(writers[i](fixture, &whole) == DM_OK);
        for (size_t max = 0; max < whole.n; ++max) {
            struct dm_buf buf;
            dm_buf_init(&buf, 1 + max);
            CHECK(dm_buf_putc(&buf, 'x') == DM_OK);
            CHECK(writers[i](fixture, &buf) == DM_ERR_LIMIT);
            CHECK(dm_str_is(dm_buf_str(&buf), "x"));
            dm_buf_done(&buf);
        }
        dm_buf_done(&whole);
    }
}

static void
each_allocation_may_fail_while_a_block_is_written(struct fixture *fixture)
{
    for (size_t i = 0; i < DM_COUNT_OF(writers); ++i) {
        for (size_t allowed = 0;; ++allowed) {
            struct dm_buf buf;
            dm_buf_init(&buf, ROOM);
            dm_alloc_fail_after(allowed);
            const enum dm_status status = writers[i](fixture, &buf);
            dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
            CHECK(status == DM_OK ||
                  (status == DM_ERR_NO_MEMORY && buf.n == 0));
            dm_buf_done(&buf);
            if (!status) {
                CHECK(allowed > 0);
                break;
            }
        }
    }
}

static void
each_allocation_may_fail_while_signatures_are_checked(struct fixture *fixture)
{
    struct dm_buf buf;
    struct dm_error error;
    dm_buf_init(&buf, ROOM);
    CHECK(write_entry(fixture, &buf) == DM_OK);
    struct dm_wire_entry entry;
    CHECK(dm_wire_entry_read(dm_buf_str(&buf), &entry, NULL) == DM_OK);
    dm_alloc_fail_after(0);
    CHECK(dm_wire_entry_verify(dm_buf_str(&buf), &entry, &error) ==
          DM_ERR_NO_MEMORY);
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK(error.status == DM_ERR_NO_MEMORY);

    dm_buf_clear(&buf);
    CHECK(write_successor(fixture, &buf) == DM_OK);
    struct dm_wire_successor what;
    for (size_t allowed = 0;; ++allowed) {
        dm_alloc_fail_after(allowed);
        const enum dm_status status =
            dm_wire_successor_read(dm_buf_str(&buf), &what, &error);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!status) {
            CHECK(allowed > 1);
            break;
        }
        CHECK(status == DM_ERR_NO_MEMORY && error.status == status);
    }
    CHECK(what.seq == 9 && dm_cid_equal(&what.last, &fixture->cids[0]));
    dm_buf_done(&buf);
}

// ------------------------------------------- rules that no vector breaks alone

enum kind { ENTRY, NODE, MANIFEST, HEAD, SUCCESSOR };

static bool
is_refused_for(enum kind kind, const struct dm_buf *buf, const char *rule)
{
    struct dm_wire_entry entry;
    struct dm_wire_node node;
    struct dm_wire_manifest manifest;
    struct dm_wire_head head;
    struct dm_wire_successor successor;
    const struct dm_str block = dm_buf_str(buf);
    struct dm_error error = {.status = DM_OK};
    enum dm_status status = DM_OK;
    switch (kind) {
    case ENTRY:
        status = dm_wire_entry_read(block, &entry, &error);
        break;
    case NODE:
        status = dm_wire_node_read(block, &node, &error);
        break;
    case MANIFEST:
        status = dm_wire_manifest_read(block, &manifest, &error);
        break;
    case HEAD:
        status = dm_wire_head_read(block, &head, &error);
        break;
    case SUCCESSOR:
        status = dm_wire_successor_read(block, &successor, &error);
        break;
    }
    return status == DM_ERR_CORRUPT &&
           dm_str_starts(dm_str(error.what), dm_str(rule));
}

// The byte that stands `more` behind the key `name`
static char *
byte_after(struct dm_buf *buf, const char *name, size_t more)
{
    const size_t at = dm_str_find(dm_buf_str(buf), dm_str(name));
    CHECK(at + strlen(name) + more < buf->n);
    return buf->data + at + strlen(name) + more;
}

static void
entries_have_a_configuration_first_and_bounded_quads(struct fixture *fixture)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    struct dm_wire_entry entry = full_entry(fixture);
    entry.n = DM_QUADS_MAX;
    CHECK(dm_wire_entry_write(&entry, fixture->key, &buf) == DM_OK);
    CHECK(*byte_after(&buf, "an", 4) == 0);
    *byte_after(&buf, "an", 4) = 1; // 65,537
    CHECK(is_refused_for(ENTRY, &buf, "limit-quads:"));

    dm_buf_clear(&buf);
    dm_cbor_put_map(&buf, 8);
    dm_cbor_put_text(&buf, dm_str("n"));
    dm_cbor_put_uint(&buf, 0);
    dm_cbor_put_text(&buf, dm_str("v"));
    dm_cbor_put_uint(&buf, 1);
    dm_cbor_put_text(&buf, dm_str("log"));
    dm_cbor_put_bytes(&buf,
                      dm_str_n((const char *)entry.log, DM_KEY_PUBLIC_BYTES));
    dm_cbor_put_text(&buf, dm_str("seq"));
    dm_cbor_put_uint(&buf, 1);
    dm_cbor_put_text(&buf, dm_str("prev"));
    dm_cbor_put_null(&buf);
    dm_cbor_put_text(&buf, dm_str("size"));
    dm_cbor_put_uint(&buf, 0);
    dm_cbor_put_text(&buf, dm_str("time"));
    dm_cbor_put_uint(&buf, 0);
    dm_cbor_put_text(&buf, dm_str("signature"));
    dm_cbor_put_bytes(
        &buf, dm_str_n((const char *)entry.signature, DM_KEY_SIGNATURE_BYTES));
    CHECK(is_refused_for(ENTRY, &buf, "conf-missing:"));
    dm_buf_done(&buf);
}

static void
a_node_ends_where_its_run_ends(struct fixture *fixture)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    CHECK(write_node(fixture, &buf) == DM_OK);
    *byte_after(&buf, "bto", 2) = 1; // 8193
    CHECK(is_refused_for(NODE, &buf, "value:"));
    dm_buf_done(&buf);
}

static void
parts_are_not_over_full_and_no_key_is_empty(struct fixture *fixture)
{
    const struct dm_cid part = raw_of(&fixture->cids[0]);
    struct dm_wire_manifest manifest = {.n = DM_QUADS_MAX,
                                        .parts = dm_cid_list(&part, 1)};
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    CHECK(dm_wire_manifest_write(&manifest, &buf) == DM_OK);
    CHECK(!is_refused_for(MANIFEST, &buf, ""));
    *byte_after(&buf, "an", 4) = 1; // 65,537 in one part
    CHECK(is_refused_for(MANIFEST, &buf, "limit-quads:"));
    *byte_after(&buf, "an", 4) = 0;

    struct dm_buf longer;
    dm_buf_init(&longer, ROOM);
    CHECK(dm_buf_putc(&longer, (char)(buf.data[0] + 1)) == DM_OK);
    CHECK(dm_buf_put(&longer, "\x60\x00", 2) == DM_OK); // "": 0
    CHECK(dm_buf_put(&longer, buf.data + 1, buf.n - 1) == DM_OK);
    CHECK(is_refused_for(MANIFEST, &longer, "unknown-key:"));
    dm_buf_done(&longer);
    dm_buf_done(&buf);
}

static void
the_tip_is_the_last_of_tail(struct fixture *fixture)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    CHECK(write_head(fixture, &buf) == DM_OK);
    char *const byte = byte_after(&buf, "ctip", 40);
    *byte = (char)(*byte ^ 1);
    CHECK(is_refused_for(HEAD, &buf, "head-tip:"));
    dm_buf_done(&buf);
}

static void
no_key_is_its_own_successor(struct fixture *fixture)
{
    struct dm_buf buf;
    dm_buf_init(&buf, ROOM);
    CHECK(write_successor(fixture, &buf) == DM_OK);
    CHECK(!is_refused_for(SUCCESSOR, &buf, ""));
    memcpy(byte_after(&buf, "cnew", 2), byte_after(&buf, "cold", 2),
           DM_KEY_PUBLIC_BYTES);
    CHECK(is_refused_for(SUCCESSOR, &buf, "value:"));
    dm_buf_done(&buf);
}

int
main(void)
{
    static struct fixture fixture;
    set_up(&fixture);
    an_entry_is_read_as_it_was_written(&fixture);
    every_set_of_keys_is_written_and_read(&fixture);
    no_bit_of_an_entry_can_be_flipped(&fixture);
    every_other_version_is_newer(&fixture);
    heads_are_cut_as_the_page_says(&fixture);
    heads_of_every_size_are_read_as_they_were_written(&fixture);
    a_block_is_there_whole_or_not_at_all(&fixture);
    each_allocation_may_fail_while_a_block_is_written(&fixture);
    each_allocation_may_fail_while_signatures_are_checked(&fixture);
    entries_have_a_configuration_first_and_bounded_quads(&fixture);
    a_node_ends_where_its_run_ends(&fixture);
    parts_are_not_over_full_and_no_key_is_empty(&fixture);
    the_tip_is_the_last_of_tail(&fixture);
    no_key_is_its_own_successor(&fixture);
    tear_down(&fixture);
    return 0;
}
